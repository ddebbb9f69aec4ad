//! The flush: what was set aside becomes segments, one for each touched array name, and the records of the next root.

use crate::array::{Array, Io};
use crate::base::error::Result;
use crate::base::locks::read;
use crate::base::maps::IndexMap;
use crate::change::cut::{Cut, Totals};
use crate::change::records::{Composed, Composer};
use crate::change::segments::{self, Written, is_damage};
use crate::chunk::grid;
use crate::format::segment::Row;
use crate::segment::rows::for_each_live_row;
use crate::version::edit::{Edit, FileEdit, Keep, NewFiles};
use crate::version::place::Place;
use crate::version::{ArrayFile, File, Version};
use std::borrow::Cow;
use std::sync::Arc;

/// A flush to be committed.
pub(crate) struct Flush {
    pub edit: Edit,
    /// The new totals of the arrays with new values.
    pub totals: Totals,
    pub warnings: Vec<String>,
}

/// Writes what was set aside, to be committed after `ahead`: the last version, with what was written ahead of this. It
/// takes up small segments if `merging`.
pub(crate) fn flush(place: &Place, io: &Io, ahead: &Version, cut: &Cut, merging: bool) -> Result<Flush> {
    let mut new = NewFiles::new(&place.storage);
    let (removed, mut warnings) = without_removed(io, ahead, &cut.removed)?;
    let base = if removed.is_empty() { Cow::Borrowed(ahead) } else { Cow::Owned(ahead.with(removed.clone())) };
    let merging = merging.then_some(cut);
    let written = segments::write_segments(place, io, &cut.frozen, &base, &mut new, merging)?;
    let Written { files, totals, mut unsynced, retired, warnings: more } = written;
    warnings.extend(more);
    let composer = Composer { place, io, base: &ahead.records, generation: ahead.generation + 1, new: &mut new };
    let Composed { records, unsynced: of_records, retired: of_catalogue } = composer.flushed(cut, &totals)?;
    unsynced.extend(of_records);
    let retired = retired.into_iter().map(File::Segment).chain(of_catalogue).collect();
    let files = removed.into_iter().chain(files.into_iter().map(|(name, file)| (name, Some(file)))).collect();
    let keeping = cut.keeping.clone();
    Ok(Flush {
        edit: Edit { files, records, retired, new, unsynced, keeping, defaults: cut.defaults, keep: Keep::Yes },
        totals,
        warnings,
    })
}

/// The stored bytes of arrays that are gone are dead. Where the index that tells of them cannot be read, they count as
/// live until a compaction: an array that is damaged can be deleted.
fn without_removed(
    io: &Io,
    version: &Version,
    removed: &[(Arc<str>, Arc<Array>)],
) -> Result<(Vec<FileEdit>, Vec<String>)> {
    let (mut files, mut warnings): (IndexMap<&Arc<str>, ArrayFile>, _) = (IndexMap::default(), Vec::new());
    for (name, array) in removed {
        let Some(file) = version.files.get(name) else { continue };
        let mut bytes = 0;
        // Beyond the shape they are dead already.
        let stored = read(&array.data)?.stored();
        let chunks = stored.map_or(0, |(_, shape)| grid::chunk_count(&shape, &array.schema.chunk_shape));
        let count = |row: &Row| bytes += if row.chunk < chunks { row.stored_bytes() } else { 0 };
        match for_each_live_row(&io.reader, &file.segments, array.id, count) {
            Err(error) if is_damage(&error) => {
                warnings.push(format!("deleted bytes of array '{name}' are counted by the next compaction: {error}"));
                continue;
            }
            counted => counted?,
        }
        let file = files.entry(name).or_insert_with(|| file.clone());
        file.live_bytes = file.live_bytes.saturating_sub(bytes);
        file.dead_bytes += bytes;
    }
    Ok((files.into_iter().map(|(name, file)| (name.clone(), Some(file))).collect(), warnings))
}
