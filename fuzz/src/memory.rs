//! A storage in memory, which refuses to know anything outside the store's folder.

use atlas_store::storage::{self, Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Where the store is.
pub const STORE: &str = "/store";

/// A file system that holds one store.
#[derive(Clone, Default)]
pub struct Memory(storage::Memory);

/// Panics where a path leads, or might lead, out of the store.
fn inside(path: &Path) -> &Path {
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let text = path.to_str().expect("paths of a store are texts");
    assert!(plain && path.starts_with(STORE) && !text.contains('\0'), "{path:?} is outside the store");
    assert!(path.components().count() <= 4, "{path:?} is deeper than a store");
    path
}

impl Memory {
    /// A store's folder with these files, by their path in it.
    pub fn of<'f>(files: impl IntoIterator<Item = (&'f str, Vec<u8>)>) -> Self {
        let memory = Self::default();
        let _ = memory.0.create_dir(Path::new(STORE));
        for (name, bytes) in files {
            memory.put(name, bytes);
        }
        memory
    }

    /// Adds or replaces a file.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.0.put(&Path::new(STORE).join(name), bytes);
    }

    /// Another store of the same files, but for those of these names in its folder.
    pub fn without(&self, names: &[&str]) -> Self {
        let gone = |path: &Path| names.iter().any(|name| path == Path::new(STORE).join(name));
        let copy = Self::of([]);
        for (path, bytes) in self.files().into_iter().filter(|(path, _)| !gone(path)) {
            copy.0.put(&path, bytes);
        }
        copy
    }

    /// Paths and bytes of all files, but for the one that is locked.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let is_locked = |path: &Path| path.file_name().is_some_and(|name| name == ".lock");
        self.0
            .files()
            .into_iter()
            .filter(|(path, _)| !is_locked(path))
            .map(|(path, bytes)| (path, bytes.to_vec()))
            .collect()
    }
}

impl Storage for Memory {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.0.create(inside(path))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        self.0.open(inside(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(inside(from), inside(to))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link(inside(from), inside(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(inside(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.0.create_dir(inside(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.0.remove_dir(inside(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.0.list(inside(path))
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.0.sync_file(inside(path))
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        self.0.open_dir(inside(path))
    }

    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        self.0.lock_writer(inside(path))
    }

    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        self.0.pin_reader(inside(path))
    }
}
