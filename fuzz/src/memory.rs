//! A storage in memory, which refuses to know anything outside the store's folder.

use atlas_store::storage::{Entry, Identity, Locking, ReadFile, ReaderPin, Storage, WriteFile, WriterLock};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the store is.
pub const STORE: &str = "/store";

type Content = Arc<Mutex<Vec<u8>>>;

#[derive(Default)]
struct Tree {
    files: BTreeMap<PathBuf, (u64, Content)>,
    folders: BTreeSet<PathBuf>,
    next: u64,
}

/// A file system that holds one store.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tree>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Panics where a path leads, or might lead, out of the store.
fn inside(path: &Path) {
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let text = path.to_str().expect("paths of a store are texts");
    assert!(plain && path.starts_with(STORE) && !text.contains('\0'), "{path:?} is outside the store");
    assert!(path.components().count() <= 4, "{path:?} is deeper than a store");
}

impl Memory {
    /// A store's folder with these files, by their path in it.
    pub fn of<'f>(files: impl IntoIterator<Item = (&'f str, Vec<u8>)>) -> Self {
        let memory = Self::default();
        lock(&memory.0).folders.insert(STORE.into());
        for (name, bytes) in files {
            memory.put(name, bytes);
        }
        memory
    }

    /// Adds or replaces a file.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let path = Path::new(STORE).join(name);
        let mut tree = lock(&self.0);
        tree.next += 1;
        let number = tree.next;
        if let Some(folder) = path.parent() {
            tree.folders.insert(folder.into());
        }
        tree.files.insert(path, (number, Arc::new(Mutex::new(bytes))));
    }

    /// Another store of the same files, but for those of these names in its folder.
    pub fn without(&self, names: &[&str]) -> Self {
        let gone = |path: &Path| names.iter().any(|name| path == Path::new(STORE).join(name));
        let copy = Self::of([]);
        for (path, bytes) in self.files().into_iter().filter(|(path, _)| !gone(path)) {
            let name = path.strip_prefix(STORE).ok().and_then(Path::to_str).expect("files are in the store");
            copy.put(name, bytes);
        }
        copy
    }

    /// Paths and bytes of all files.
    pub fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        lock(&self.0).files.iter().map(|(path, (_, content))| (path.clone(), lock(content).clone())).collect()
    }
}

struct File(u64, Content);

impl File {
    fn identity(&self) -> Identity {
        Identity { device: 1, inode: self.0, length: lock(&self.1).len() as u64, modified: 0 }
    }
}

impl ReadFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = lock(&self.1);
        let from = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(lock(&self.1).len() as u64)
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(self.identity())
    }
}

impl WriteFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        lock(&self.1).extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(self.identity())
    }
}

struct Alone;

impl WriterLock for Alone {
    fn has_reader_before(&self, _: u64) -> io::Result<bool> {
        Ok(false)
    }
}

impl Storage for Memory {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        inside(path);
        let mut tree = lock(&self.0);
        if tree.files.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if !path.parent().is_some_and(|folder| tree.folders.contains(folder)) {
            return Err(ErrorKind::NotFound.into());
        }
        tree.next += 1;
        let (number, content) = (tree.next, Content::default());
        tree.files.insert(path.into(), (number, content.clone()));
        Ok(Box::new(File(number, content)))
    }

    fn replace(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        lock(&self.0).files.remove(path);
        self.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        inside(path);
        let tree = lock(&self.0);
        let (number, content) = tree.files.get(path).ok_or(ErrorKind::NotFound)?;
        Ok(Arc::new(File(*number, content.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        inside(from);
        inside(to);
        let mut tree = lock(&self.0);
        let file = tree.files.remove(from).ok_or(ErrorKind::NotFound)?;
        tree.files.insert(to.into(), file);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        inside(from);
        inside(to);
        let mut tree = lock(&self.0);
        let file = tree.files.get(from).cloned().ok_or(ErrorKind::NotFound)?;
        if tree.files.contains_key(to) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        tree.files.insert(to.into(), file);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        inside(path);
        lock(&self.0).files.remove(path).map(drop).ok_or(ErrorKind::NotFound.into())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        inside(path);
        if lock(&self.0).folders.insert(path.into()) { Ok(()) } else { Err(ErrorKind::AlreadyExists.into()) }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        inside(path);
        lock(&self.0).folders.remove(path);
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        inside(path);
        let tree = lock(&self.0);
        let folders = tree.folders.iter().map(|path| (path, true));
        let files = tree.files.keys().map(|path| (path, false));
        let here = folders.chain(files).filter(|(entry, _)| entry.parent() == Some(path));
        Ok(here.map(|(path, is_dir)| Entry { path: path.clone(), is_dir }).collect())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        inside(path);
        lock(&self.0).files.get(path).map(drop).ok_or(ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        inside(path);
        Ok(())
    }

    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        inside(path);
        Ok(Locking::Held(Box::new(Alone)))
    }

    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        inside(path);
        Ok(None)
    }
}
