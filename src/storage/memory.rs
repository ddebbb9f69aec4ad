//! A file system in memory: for tests, and for stores that are not to outlive the process.

use super::{Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile, WriterLock};
use crate::base::sync::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// [`Storage`] in memory. Clones are the same storage. The folders above a store need not be made.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tree>>);

#[derive(Default)]
struct Tree {
    names: BTreeMap<PathBuf, Node>,
    /// By their numbers; those without a name stay, as an open file does.
    files: Vec<Arc<Vec<u8>>>,
    /// The locked lock file, by its number.
    locked: Option<usize>,
    /// What readers have announced, by their numbers.
    pins: BTreeMap<usize, Pinned>,
    readers: usize,
}

#[derive(Clone, Copy)]
enum Node {
    File(usize),
    Folder,
}

#[derive(Clone, Copy)]
struct Pinned {
    is_opening: bool,
    generation: Option<u64>,
}

impl Tree {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Folder) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.names.insert(path.to_owned(), node);
        Ok(())
    }

    fn create(&mut self, path: &Path) -> io::Result<usize> {
        let number = self.files.len();
        self.add(path, Node::File(number))?;
        self.files.push(Arc::default());
        Ok(number)
    }

    fn inside(&self, path: &Path) -> impl Iterator<Item = (&PathBuf, &Node)> {
        self.names.iter().filter(move |(name, _)| name.parent() == Some(path))
    }
}

impl Memory {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a file there, in place of one that may be, and the folder that it is in.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut tree = self.tree();
        if let Some(folder) = path.parent() {
            tree.names.entry(folder.to_owned()).or_insert(Node::Folder);
        }
        let number = tree.files.len();
        tree.files.push(Arc::new(bytes));
        tree.names.insert(path.to_owned(), Node::File(number));
    }

    /// Path and bytes of every file.
    pub fn files(&self) -> Vec<(PathBuf, Arc<Vec<u8>>)> {
        let tree = self.tree();
        let file = |(path, node): (&PathBuf, &Node)| match node {
            Node::File(number) => Some((path.clone(), tree.files[*number].clone())),
            Node::Folder => None,
        };
        tree.names.iter().filter_map(file).collect()
    }
}

impl Storage for Memory {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let number = self.tree().create(path)?;
        Ok(Box::new(File { memory: self.clone(), number }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        let number = self.tree().file(path)?;
        Ok(Arc::new(File { memory: self.clone(), number }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        let node = tree.names.remove(from).ok_or(ErrorKind::NotFound)?;
        tree.names.insert(to.to_owned(), node);
        Ok(())
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        let number = tree.file(from)?;
        tree.add(to, Node::File(number))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        tree.file(path)?;
        tree.names.remove(path);
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.tree().add(path, Node::Folder)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut tree = self.tree();
        if tree.inside(path).next().is_some() {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        tree.names.remove(path).map(drop).ok_or(ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let tree = self.tree();
        let entry =
            |(path, node): (&PathBuf, &Node)| Entry { path: path.clone(), is_dir: matches!(node, Node::Folder) };
        Ok(tree.inside(path).map(entry).collect())
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.tree().file(path).map(drop)
    }

    fn open_dir(&self, _: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(Folder(self.clone())))
    }

    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        let mut tree = self.tree();
        let number = match tree.file(path) {
            Ok(number) => number,
            Err(_) => tree.create(path)?,
        };
        if tree.locked == Some(number) {
            return Ok(Locking::Refused("another handle".into()));
        }
        tree.locked = Some(number);
        Ok(Locking::Held(Box::new(Lock { memory: self.clone(), number, path: path.to_owned() })))
    }

    fn pin_reader(&self, _: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        let mut tree = self.tree();
        tree.readers += 1;
        let reader = tree.readers;
        tree.pins.insert(reader, Pinned { is_opening: true, generation: None });
        drop(tree);
        Ok(Some(Box::new(Pin { memory: self.clone(), reader })))
    }
}

struct File {
    memory: Memory,
    number: usize,
}

struct Folder(Memory);

impl Directory for Folder {
    fn sync(&self) -> io::Result<()> {
        // A moment at which a model checker may have another thread go on.
        drop(self.0.tree());
        Ok(())
    }
}

impl WriteFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut tree = self.memory.tree();
        let content = Arc::make_mut(&mut tree.files[self.number]);
        content.try_reserve(bytes.len()).map_err(|_| ErrorKind::OutOfMemory)?;
        content.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        drop(self.memory.tree());
        Ok(())
    }
}

impl ReadFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let tree = self.memory.tree();
        let from = usize::try_from(offset).ok().and_then(|at| tree.files[self.number].get(at..)?.get(..buffer.len()));
        buffer.copy_from_slice(from.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.memory.tree().files[self.number].len() as u64)
    }
}

struct Lock {
    memory: Memory,
    number: usize,
    path: PathBuf,
}

impl WriterLock for Lock {
    fn has_reader_before(&self, generation: u64) -> io::Result<bool> {
        // As with locks of a file: two questions, and something may happen between them.
        let is_opening = self.memory.tree().pins.values().any(|pin| pin.is_opening);
        let is_before = |pin: &Pinned| pin.generation.is_some_and(|pinned| pinned < generation);
        Ok(is_opening || self.memory.tree().pins.values().any(is_before))
    }

    fn is_in_place(&self) -> io::Result<bool> {
        Ok(self.memory.tree().file(&self.path).is_ok_and(|number| number == self.number))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut tree = self.memory.tree();
        if tree.locked == Some(self.number) {
            tree.locked = None;
        }
    }
}

struct Pin {
    memory: Memory,
    reader: usize,
}

impl Pin {
    fn change(&self, change: impl FnOnce(&mut Pinned)) -> io::Result<()> {
        self.memory.tree().pins.get_mut(&self.reader).map(change).ok_or(ErrorKind::NotFound.into())
    }
}

impl ReaderPin for Pin {
    fn pin(&mut self, generation: u64) -> io::Result<()> {
        // As with locks of a file: one is taken, then the other released.
        self.change(|pin| pin.generation = Some(generation))?;
        self.change(|pin| pin.is_opening = false)
    }

    fn pin_all(&mut self) -> io::Result<()> {
        self.change(|pin| pin.is_opening = true)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.memory.tree().pins.remove(&self.reader);
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_in_place_as_long_as_its_file_is() {
        let (memory, path) = (Memory::default(), Path::new("/s/.lock"));
        let Ok(Locking::Held(first)) = memory.lock_writer(path) else { panic!("it is free") };
        assert!(first.is_in_place().unwrap_or(false));
        assert!(matches!(memory.lock_writer(path), Ok(Locking::Refused(_))));
        memory.remove(path).expect("it is there");
        assert!(!first.is_in_place().unwrap_or(true));
        let Ok(Locking::Held(second)) = memory.lock_writer(path) else { panic!("this one is free") };
        drop(first);
        assert!(matches!(memory.lock_writer(path), Ok(Locking::Refused(_))));
        assert!(second.is_in_place().unwrap_or(false));
    }
}
