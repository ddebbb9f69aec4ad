//! The roots in a store's folder: the one, and those of earlier commits that are kept beside it.
//!
//! A kept root is a hard link to the root that a commit replaced. It names segments as the root does; they stay as long as
//! it does.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::format::names;
use crate::format::root::{self, NOTATIONS, Notation, Root};
use crate::storage::{Mark, Storage, read_all};
use std::io;
use std::path::Path;

/// Earlier commits that are kept where the store does not say how many.
pub(crate) const DEFAULT_KEPT: u32 = 1;

/// The notation of the root in a folder.
pub(crate) fn find_root(storage: &dyn Storage, path: &Path) -> Result<Option<Notation>> {
    let mut found = None;
    for notation in NOTATIONS {
        if is_there(storage, &path.join(notation.file_name()))? && found.replace(notation).is_some() {
            bail!(Corrupt, "{} holds more than one root", path.display());
        }
    }
    Ok(found)
}

fn is_there(storage: &dyn Storage, path: &Path) -> Result<bool> {
    match storage.open(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Error::io("open", path, &error)),
    }
}

/// The notation of the root in a folder that should hold a store.
pub(crate) fn expect_root(storage: &dyn Storage, path: &Path) -> Result<Notation> {
    find_root(storage, path)?
        .ok_or_else(|| error!(NotFound, "{} is not a store: it has no atlas.json and no atlas.msgpack", path.display()))
}

/// Reads the root in the file at `path`.
pub(crate) fn read_root(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<(Root, Mark)> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    let bytes = storage.open(path).and_then(|file| read_all(&*file)).map_err(failed)?;
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
    let found = match read_root(storage, &file, notation) {
        // There is none, or a writer has dropped it meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    match found.0.head.generation {
        said if said == generation => Ok(Some(found)),
        said => Err(error!(Corrupt, "{} is the root of commit {said}", file.display())),
    }
}
