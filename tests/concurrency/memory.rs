//! A file system in memory. Every operation is a place where the model checker may let another thread go on.

use atlas_store::storage::{Entry, Identity, Locking, ReadFile, ReaderPin, Storage, WriteFile, WriterLock};
use shuttle::sync::Mutex;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Disk>>);

#[derive(Default)]
struct Disk {
    names: BTreeMap<PathBuf, Node>,
    /// By their numbers; those without a name stay, as an open file does.
    files: Vec<Vec<u8>>,
    is_locked: bool,
    /// What readers have announced, by their numbers.
    pins: BTreeMap<usize, Pinned>,
    readers: usize,
    /// Whether appends to segments fail.
    is_full: bool,
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

impl Disk {
    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(file)) => Ok(*file),
            Some(Node::Folder) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<()> {
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.names.insert(path.to_owned(), node);
        Ok(())
    }

    fn inside(&self, path: &Path) -> impl Iterator<Item = (&PathBuf, &Node)> {
        self.names.iter().filter(move |(name, _)| name.parent() == Some(path))
    }
}

impl Memory {
    fn run<R>(&self, f: impl FnOnce(&mut Disk) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }

    /// From now on segments cannot be written, or can be again.
    pub fn fill(&self, is_full: bool) {
        self.run(|disk| disk.is_full = is_full);
    }

    /// The segment files there are.
    pub fn segments(&self) -> usize {
        self.run(|disk| disk.names.keys().filter(|path| is_segment(path)).count())
    }

    fn create_file(&self, path: &Path, replace: bool) -> io::Result<Box<dyn WriteFile>> {
        let number = self.run(|disk| {
            if replace {
                disk.names.remove(path);
            }
            let number = disk.files.len();
            disk.add(path, Node::File(number))?;
            disk.files.push(Vec::new());
            io::Result::Ok(number)
        })?;
        Ok(Box::new(File { disk: self.clone(), number, is_segment: is_segment(path) }))
    }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}

impl Storage for Memory {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.create_file(path, false)
    }
    fn replace(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        self.create_file(path, true)
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        let number = self.run(|disk| disk.file(path))?;
        Ok(Arc::new(File { disk: self.clone(), number, is_segment: is_segment(path) }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(|disk| {
            let node = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            disk.names.insert(to.to_owned(), node);
            Ok(())
        })
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(|disk| disk.add(to, Node::File(disk.file(from)?)))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(|disk| {
            disk.file(path)?;
            disk.names.remove(path);
            Ok(())
        })
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.run(|disk| disk.add(path, Node::Folder))
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.run(|disk| {
            if disk.inside(path).next().is_some() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            disk.names.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
        })
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let entry =
            |(path, node): (&PathBuf, &Node)| Entry { path: path.clone(), is_dir: matches!(node, Node::Folder) };
        self.run(|disk| Ok(disk.inside(path).map(entry).collect()))
    }
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.run(|disk| disk.file(path).map(drop))
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        self.run(|_| Ok(()))
    }
    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        if self.run(|disk| std::mem::replace(&mut disk.is_locked, true)) {
            return Ok(Locking::Refused("another handle".into()));
        }
        match self.create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(Locking::Held(Box::new(Locked(self.clone())))),
        }
    }
    fn pin_reader(&self, _: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        let reader = self.run(|disk| {
            disk.readers += 1;
            disk.pins.insert(disk.readers, Pinned { is_opening: true, generation: None });
            disk.readers
        });
        Ok(Some(Box::new(Pin { disk: self.clone(), reader })))
    }
}

struct File {
    disk: Memory,
    number: usize,
    is_segment: bool,
}

impl File {
    fn length(&self) -> u64 {
        self.disk.run(|disk| disk.files[self.number].len() as u64)
    }

    fn identity(&self) -> Identity {
        Identity { device: 0, inode: self.number as u64, length: self.length(), modified: 0 }
    }
}

impl WriteFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.disk.run(|disk| match disk.is_full && self.is_segment {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => {
                disk.files[self.number].extend_from_slice(bytes);
                Ok(())
            }
        })
    }
    fn sync(&self) -> io::Result<()> {
        self.disk.run(|_| Ok(()))
    }
    fn identity(&self) -> io::Result<Identity> {
        Ok(self.identity())
    }
}

impl ReadFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.disk.run(|disk| {
            let found = disk.files[self.number].get(offset as usize..).and_then(|from| from.get(..buffer.len()));
            buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }
    fn length(&self) -> io::Result<u64> {
        Ok(self.length())
    }
    fn identity(&self) -> io::Result<Identity> {
        Ok(self.identity())
    }
}

struct Locked(Memory);

impl WriterLock for Locked {
    fn has_reader_before(&self, generation: u64) -> io::Result<bool> {
        let is_before = |pin: &Pinned| pin.generation.is_some_and(|pinned| pinned < generation);
        // As with byte-range locks: two questions, and something may happen between them.
        let is_opening = self.0.run(|disk| disk.pins.values().any(|pin| pin.is_opening));
        Ok(is_opening || self.0.run(|disk| disk.pins.values().any(is_before)))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.run(|disk| disk.is_locked = false);
    }
}

struct Pin {
    disk: Memory,
    reader: usize,
}

impl Pin {
    fn change(&self, change: impl FnOnce(&mut Pinned)) -> io::Result<()> {
        self.disk.run(|disk| disk.pins.get_mut(&self.reader).map(change).ok_or(io::ErrorKind::NotFound.into()))
    }
}

impl ReaderPin for Pin {
    fn pin(&mut self, generation: u64) -> io::Result<()> {
        // As with byte-range locks: one is taken, then the other released.
        self.change(|pin| pin.generation = Some(generation))?;
        self.change(|pin| pin.is_opening = false)
    }
    fn pin_all(&mut self) -> io::Result<()> {
        self.change(|pin| pin.is_opening = true)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.disk.run(|disk| disk.pins.remove(&self.reader));
    }
}
