//! The roots in a store's folder: the one, and those of earlier commits that are kept beside it.
//!
//! A kept root is a hard link to the root that a commit replaced. It names segments as the root does; they stay as long as
//! it does.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::format::names::{self, file_name};
use crate::format::root::{self, NOTATIONS, Notation, Root};
use crate::storage::{Entry, Mark, Storage};
use std::io;
use std::path::{Path, PathBuf};

/// Earlier commits that are kept where the store does not say how many.
pub(crate) const DEFAULT_KEPT: u32 = 1;

/// The notation of the root in a folder.
pub(crate) fn find_root(storage: &dyn Storage, path: &Path) -> Result<Option<Notation>> {
    let paths = NOTATIONS.map(|notation| path.join(notation.file_name()));
    let mut found = None;
    for ((notation, path_of), is_there) in NOTATIONS.into_iter().zip(&paths).zip(storage.are_there(&paths)) {
        if is_there.map_err(|error| Error::io("open", path_of, &error))? && found.replace(notation).is_some() {
            return Err(two_roots(path));
        }
    }
    Ok(found)
}

/// The notation of the root in a folder that should hold a store.
pub(crate) fn expect_root(storage: &dyn Storage, path: &Path) -> Result<Notation> {
    find_root(storage, path)?.ok_or_else(|| no_root(storage, path))
}

fn no_root(storage: &dyn Storage, path: &Path) -> Error {
    let at = path.display();
    match has_traces(storage, path) {
        true => error!(
            NotFound,
            "store {at} has lost its root, atlas.json or atlas.msgpack: `atlas repair {at}` makes it anew"
        ),
        false => error!(NotFound, "{at} is not a store: it has no atlas.json and no atlas.msgpack"),
    }
}

/// The root of the store at `path`. What `announce` does comes before it is read, where there are locks to be taken; where
/// there are none, to ask where it is would be a request that reading it is, too.
pub(crate) fn read_announced<T>(
    storage: &dyn Storage,
    path: &Path,
    announce: impl FnOnce() -> Result<T>,
) -> Result<(Notation, Root, Mark, T)> {
    if storage.has_locks() {
        let notation = expect_root(storage, path)?;
        let announced = announce()?;
        let (root, mark) = read_last_root(storage, path, notation)?;
        return Ok((notation, root, mark, announced));
    }
    let paths = NOTATIONS.map(|notation| path.join(notation.file_name()));
    let mut found = None;
    for ((notation, file), bytes) in NOTATIONS.into_iter().zip(&paths).zip(read_those(storage, &paths)) {
        if let Some(bytes) = bytes?
            && found.replace((notation, file, bytes)).is_some()
        {
            return Err(two_roots(path));
        }
    }
    let (notation, file, bytes) = found.ok_or_else(|| no_root(storage, path))?;
    let (root, mark) = parse(file, notation, bytes).map_err(|error| repairable(error, path))?;
    Ok((notation, root, mark, announce()?))
}

fn two_roots(path: &Path) -> Error {
    error!(Corrupt, "{} holds more than one root", path.display())
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
    parse(path, notation, storage.read_root(path).map_err(failed)?)
}

fn parse(path: &Path, notation: Notation, bytes: Vec<u8>) -> Result<(Root, Mark)> {
    let mark = Mark::of(&bytes);
    let root = root::parse(notation, bytes).map_err(|error| error.context(path.display()))?;
    Ok((root, mark))
}

/// Reads those of several files that are there.
fn read_those(storage: &dyn Storage, paths: &[PathBuf]) -> Vec<Result<Option<Vec<u8>>>> {
    let read = |(path, bytes): (&PathBuf, io::Result<Vec<u8>>)| match bytes {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("read", path, &error)),
    };
    paths.iter().zip(storage.read_roots(paths)).map(read).collect()
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
    Ok(find_kept(storage, path, &[notation], generation)?.map(|(_, root, mark)| (root, mark)))
}

/// Reads the kept root of this generation in whichever of some notations it is.
pub(crate) fn find_kept(
    storage: &dyn Storage,
    path: &Path,
    notations: &[Notation],
    generation: u64,
) -> Result<Option<(Notation, Root, Mark)>> {
    let paths: Vec<_> = notations.iter().map(|notation| path.join(names::kept_root(*notation, generation))).collect();
    let mut found = None;
    for ((notation, file), bytes) in notations.iter().zip(&paths).zip(read_those(storage, &paths)) {
        // A writer may drop it at any time.
        let Some(bytes) = bytes? else { continue };
        let (root, mark) = parse(file, *notation, bytes)?;
        match root.head.generation {
            said if said == generation => found = Some((*notation, root, mark)),
            said => bail!(Corrupt, "{} is the root of commit {said}", file.display()),
        }
    }
    Ok(found)
}
