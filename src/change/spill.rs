//! Writing ahead of the flush: pending values go to segments that no root names yet. Reads find them there, the next flush
//! names them.

use crate::array::{Array, Io};
use crate::base::error::Result;
use crate::base::locks::{read, write};
use crate::change::catalogue::Catalogue;
use crate::change::cut::{Frozen, FrozenArray, Totals, changed_arrays};
use crate::change::segments::{Written, write_segments};
use crate::chunk::rows::Scratch;
use crate::format::names;
use crate::memory::buffers;
use crate::version::Version;
use crate::version::commit::make_durable;
use crate::version::edit::NewFiles;
use crate::version::place::Place;
use std::sync::{Arc, PoisonError};

/// Values that are written ahead.
pub(crate) struct Ahead {
    /// The last version, with all that is written ahead.
    pub version: Version,
    pub new: NewFiles,
    pub totals: Totals,
}

/// Arrays with changes, and the memory that their rows take.
pub(crate) fn arrays_with_rows(catalogue: &Catalogue) -> Result<(Vec<Arc<Array>>, u64)> {
    let slots = catalogue.changed()?;
    let (mut arrays, mut bytes) = (Vec::new(), 0);
    for changed in changed_arrays(catalogue, &slots) {
        let rows = read(&changed.array.data)?.row_bytes();
        if rows > 0 {
            buffers::push(&mut arrays, changed.array.clone())?;
            bytes += rows;
        }
    }
    Ok((arrays, bytes))
}

/// Sets the rows of arrays down in a file that lives until all of them are part of complete chunks.
pub(crate) fn set_down(place: &Place, arrays: &[Arc<Array>]) -> Result<()> {
    let mut scratch = Scratch::create(&*place.storage, place.path.join(names::scratch()))?;
    arrays.iter().try_for_each(|array| write(&array.data)?.set_down(&mut scratch))
}

/// Sets aside the complete chunks. Those still being written to would have to be read back: they go too only when there is
/// no room left and they, but for rows, are the greater part of what is pending.
pub(crate) fn freeze(io: &Io, catalogue: &Catalogue) -> Result<Frozen> {
    let slots = catalogue.changed()?;
    let changed: Vec<_> = changed_arrays(catalogue, &slots).collect();
    let mut others = 0;
    for changed in &changed {
        let data = read(&changed.array.data)?;
        others += data.sealed_bytes() + data.row_bytes();
    }
    let open = io.budget.is_overdrawn() && others <= io.budget.held() / 2;
    let mut frozen = Frozen::default();
    for changed in &changed {
        let mut data = changed.array.data.write().unwrap_or_else(PoisonError::into_inner);
        frozen.0.extend(FrozenArray::freeze(changed, &mut data, open, io));
    }
    Ok(frozen)
}

/// Writes what was set aside to segments, durable ones, beside those of `base`.
pub(crate) fn write_ahead(place: &Place, io: &Io, base: &Version, frozen: &Frozen) -> Result<Ahead> {
    let mut new = NewFiles::new(&place.storage);
    let Written { files, totals, unsynced, .. } = write_segments(place, io, frozen, base, &mut new, None)?;
    if place.sync {
        make_durable(place, io, &unsynced, None)?;
    }
    let version = base.with(files.into_iter().map(|(name, file)| (name, Some(file))));
    Ok(Ahead { version, new, totals })
}
