//! Going back: a commit whose content is that of an earlier one, which is kept.

use crate::array::Io;
use crate::base::error::{Error, ErrorKind, Result, error};
use crate::version::Version;
use crate::version::edit::{Edit, Keep, NewFiles, NewRecords, Unsynced};
use crate::version::place::Place;
use crate::version::roots::read_kept;
use std::path::Path;

/// The change of `last` into what commit `generation` was; `kept` are those that could be gone back to.
pub(crate) fn rollback(
    place: &Place,
    io: &Io,
    last: &Version,
    generation: u64,
    next_array_id: u64,
    kept: &[u64],
) -> Result<Edit> {
    let version = kept_version(place, io, last, generation, kept)?;
    let gone = last.files.keys().filter(|name| !version.files.contains_key(*name)).map(|name| (name.clone(), None));
    let files = gone.chain(version.files.iter().map(|(name, file)| (name.clone(), Some(file.clone())))).collect();
    let mut records = NewRecords::same(&version.records);
    records.next_array_id = records.next_array_id.max(next_array_id);
    let new = NewFiles::new(&place.storage);
    let (keeping, defaults, unsynced) = (last.keeping.clone(), version.defaults, Unsynced::default());
    Ok(Edit { files, records, retired: Vec::new(), new, unsynced, keeping, defaults, keep: Keep::Yes })
}

/// What an earlier commit was, whose root is kept, and whose files are all there and open.
pub(crate) fn kept_version(place: &Place, io: &Io, last: &Version, generation: u64, kept: &[u64]) -> Result<Version> {
    let found = match generation < last.generation {
        true => read_kept(&*place.storage, &place.path, place.notation, generation)?,
        false => None,
    };
    let Some((earlier, _)) = found else {
        return Err(no_generation(&place.path, generation, kept, last.generation));
    };
    earlier.head.check_writable()?;
    place.check_same(&earlier.head)?;
    let version = Version::of(earlier, place.notation.format, &place.path, &place.storage, last)?;
    for segment in version.all_segments() {
        io.reader.check_files(segment).map_err(|error| error.missing_is(ErrorKind::Corrupt))?;
    }
    for file in &version.records.files {
        file.directory()?;
    }
    Ok(version)
}

/// What is said of a commit that is not there.
pub(crate) fn no_generation(path: &Path, generation: u64, kept: &[u64], last: u64) -> Error {
    let earlier: Vec<String> = kept.iter().filter(|kept| **kept < last).map(u64::to_string).collect();
    let there = if earlier.is_empty() { "none before".into() } else { format!("{} and", earlier.join(", ")) };
    error!(NotFound, "store {} does not keep commit {generation}: it has {there} the last, {last}", path.display())
}
