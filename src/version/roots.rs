//! The roots in a store's folder: the one, and those of earlier commits that are kept beside it.
//!
//! A kept root is a hard link to the root that a commit replaced. It names segments as the root does; they stay as long as
//! it does.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::format::names::{self, file_name};
use crate::format::root::{self, NOTATIONS, Notation, Root};
use crate::storage::{Entry, Mark, Storage};
use std::io;
use std::path::Path;

/// Earlier commits that are kept where the store does not say how many.
pub(crate) const DEFAULT_KEPT: u32 = 1;

/// The notation of the root in a folder.
pub(crate) fn find_root(storage: &dyn Storage, path: &Path) -> Result<Option<Notation>> {
    let paths = NOTATIONS.map(|notation| path.join(notation.file_name()));
    let mut found = None;
    for ((notation, path_of), is_there) in NOTATIONS.into_iter().zip(&paths).zip(storage.are_there(&paths)) {
        if is_there.map_err(|error| Error::io("open", path_of, &error))? && found.replace(notation).is_some() {
            bail!(Corrupt, "{} holds more than one root", path.display());
        }
    }
    Ok(found)
}

/// The notation of the root in a folder that should hold a store.
pub(crate) fn expect_root(storage: &dyn Storage, path: &Path) -> Result<Notation> {
    let at = path.display();
    find_root(storage, path)?.ok_or_else(|| match has_traces(storage, path) {
        true => error!(
            NotFound,
            "store {at} has lost its root, atlas.json or atlas.msgpack: `atlas repair {at}` makes it anew"
        ),
        false => error!(NotFound, "{at} is not a store: it has no atlas.json and no atlas.msgpack"),
    })
}

/// Whether there is something in a folder that a root could be made of: a kept root, or a segment.
fn has_traces(storage: &dyn Storage, path: &Path) -> bool {
    let is_segment = |entry: &Entry| {
        let name = file_name(&entry.path);
        names::is_segment_name(&name) || names::is_bundle_name(&name)
    };
    let has_segment = |folder: &Entry| storage.list(&folder.path).is_ok_and(|files| files.iter().any(is_segment));
    let is_kept = |name: &str| NOTATIONS.iter().any(|notation| names::kept_generation(*notation, name).is_some());
    let is_trace = |entry: &Entry| match entry.is_dir {
        true => names::is_folder_name(&file_name(&entry.path)) && has_segment(entry),
        false => is_kept(&file_name(&entry.path)),
    };
    storage.list(path).is_ok_and(|entries| entries.iter().any(is_trace))
}

/// The error of a root that is damaged, with the way on.
pub(crate) fn repairable(error: Error, path: &Path) -> Error {
    match error.kind() {
        ErrorKind::Corrupt => error!(Corrupt, "{error}; `atlas repair {}` makes the root anew", path.display()),
        _ => error,
    }
}

/// Reads the root of the store at `path`.
pub(crate) fn read_last_root(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<(Root, Mark)> {
    read_root(storage, &path.join(notation.file_name()), notation).map_err(|error| match error.kind() {
        ErrorKind::NotFound => expect_root(storage, path).err().unwrap_or(error),
        _ => repairable(error, path),
    })
}

/// Reads the root in the file at `path`.
pub(crate) fn read_root(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<(Root, Mark)> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    let bytes = storage.read_root(path).map_err(failed)?;
    let mark = Mark::of(&bytes);
    let root = root::parse(notation, bytes).map_err(|error| error.context(path.display()))?;
    Ok((root, mark))
}

/// The generations of kept roots in a folder, in ascending order.
pub(crate) fn kept_generations(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<Vec<u64>> {
    let entries = storage.list(path).map_err(|error| Error::io("list", path, &error))?;
    let mut kept: Vec<u64> = (entries.iter().filter(|entry| !entry.is_dir))
        .filter_map(|entry| names::kept_generation(notation, entry.path.file_name()?.to_str()?))
        .collect();
    kept.sort_unstable();
    Ok(kept)
}

/// Reads a kept root; `None` where there is none of this generation.
pub(crate) fn read_kept(
    storage: &dyn Storage,
    path: &Path,
    notation: Notation,
    generation: u64,
) -> Result<Option<(Root, Mark)>> {
    let file = path.join(names::kept_root(notation, generation));
    for is_there in storage.are_there(std::slice::from_ref(&file)) {
        if !is_there.map_err(|error| Error::io("open", &file, &error))? {
            return Ok(None);
        }
    }
    let found = match read_root(storage, &file, notation) {
        // A writer may drop it at any time.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    match found.0.head.generation {
        said if said == generation => Ok(Some(found)),
        said => Err(error!(Corrupt, "{} is the root of commit {said}", file.display())),
    }
}
