//! Where stores are, and the one that a command writes datasets to.

use crate::open_with;
use crate::output::{Failure, warn};
use atlas_store::storage::url_of;
use atlas_store::{CreateOptions, ErrorKind, Mode, RuntimeOptions, Store};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Where a path leads.
pub enum At<'p> {
    Folder(&'p Path),
    /// To an object storage, by its URL.
    Bucket(&'p str),
}

impl<'p> At<'p> {
    pub fn of(path: &'p Path) -> Self {
        match url_of(path) {
            Some((_, "file", rest)) if rest.starts_with('/') => Self::Folder(Path::new(rest)),
            Some((url, ..)) => Self::Bucket(url),
            None => Self::Folder(path),
        }
    }
}

/// Opens the store for writing, or makes it where there is none, has `change` change it, and commits that; what it came
/// to, and the generation. Where something fails, the store stays as it was, and there is none where there was none.
pub fn commit_to<T>(
    path: &Path,
    runtime: impl Fn() -> RuntimeOptions,
    change: impl FnOnce(&Arc<Store>) -> Result<T, Failure>,
) -> Result<(T, u64), Failure> {
    let (store, is_new) = open_or_create(path, runtime)?;
    let done = change(&store).and_then(|done| {
        store.flush()?;
        Ok(done)
    });
    match done {
        Ok(done) => {
            let generation = store.info()?.generation;
            store.close()?;
            Ok((done, generation))
        }
        Err(error) => {
            store.discard();
            drop(store);
            // Nobody else has had it yet.
            let removed = match At::of(path) {
                _ if !is_new => Ok(()),
                At::Folder(path) => fs::remove_dir_all(path),
                At::Bucket(url) => remove_all(url),
            };
            if let Err(error) = removed {
                warn(&format!("the new store {} could not be removed: {error}", path.display()));
            }
            Err(error)
        }
    }
}

/// The store, and whether what it is in was made for it.
fn open_or_create(path: &Path, runtime: impl Fn() -> RuntimeOptions) -> Result<(Arc<Store>, bool), Failure> {
    let create = || Store::create(path, CreateOptions { runtime: runtime(), ..CreateOptions::default() });
    let open = || open_with(path, Mode::ReadWrite, runtime());
    match At::of(path) {
        At::Folder(folder) => {
            let found = folder.exists();
            let empty = !found || fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
            Ok((if empty { create()? } else { open()? }, !found))
        }
        At::Bucket(_) => match open() {
            // Where something else is, that says more.
            Err(none) if none.kind() == ErrorKind::NotFound => match create() {
                Err(error) if error.kind() == ErrorKind::InvalidArgument => Err(none.into()),
                created => Ok((created?, true)),
            },
            opened => Ok((opened?, false)),
        },
    }
}

/// Removes all objects whose keys are in a folder: a root first, so that nobody opens what goes.
#[cfg(feature = "object")]
pub fn remove_all(url: &str) -> io::Result<()> {
    use atlas_store::storage::{ObjectStorage, Storage};
    fn remove(storage: &ObjectStorage, folder: &Path) -> io::Result<()> {
        let (folders, objects): (Vec<_>, Vec<_>) = storage.list(folder)?.into_iter().partition(|entry| entry.is_dir);
        objects.iter().try_for_each(|object| storage.remove(&object.path))?;
        folders.iter().try_for_each(|folder| remove(storage, &folder.path))
    }
    remove(&ObjectStorage::at(url)?, Path::new(url))
}

#[cfg(not(feature = "object"))]
fn remove_all(_: &str) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
