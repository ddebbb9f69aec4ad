//! A storage that tells of its operations: what tests of faults, of waiting and of crashes have in common.
#![allow(dead_code)] // Each test uses its part.

use atlas_store::storage::{Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An operation that changes what is stored, or makes it durable.
#[derive(Clone, Debug)]
pub enum Operation {
    Create(PathBuf),
    Append(PathBuf, Bytes),
    Sync(PathBuf),
    /// Of a file that is there, whoever wrote it.
    SyncFile(PathBuf),
    /// From, to.
    Rename(PathBuf, PathBuf),
    /// From, to.
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    CreateDir(PathBuf),
    RemoveDir(PathBuf),
    SyncDir(PathBuf),
    /// Locks a file, which is made if it is missing.
    Lock(PathBuf),
}

/// Bytes that are not shown, only how many they are.
#[derive(Clone)]
pub struct Bytes(pub Arc<[u8]>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// What happens beside the operations.
pub trait Hooks: Send + Sync {
    /// Before an operation. An error is the operation's, which then does not happen.
    fn before(&self, _: &Operation) -> io::Result<()> {
        Ok(())
    }
    /// How many of these bytes reach the disk when [`Hooks::before`] refuses to append them.
    fn torn(&self, _: &[u8]) -> usize {
        0
    }
    /// After an operation that succeeded.
    fn after(&self, _: Operation) {}
    /// What an operation that was carried out says of itself: an error is reported although it happened.
    fn lies(&self, _: &Operation) -> io::Result<()> {
        Ok(())
    }
    /// Before a file is opened for reading, or a folder to be synced. An error is the opening's.
    fn opening(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    /// After a file was opened for reading.
    fn opened(&self, _: &Path) {}
    /// Before a file is read from. An error is the reading's.
    fn reading(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    /// Whether there are locks for writers.
    fn has_locks(&self) -> bool {
        true
    }
}

/// A storage with hooks around its operations.
pub struct Hooked<H>(pub Arc<dyn Storage>, pub Arc<H>);

impl<H: Hooks> Hooked<H> {
    fn run<R>(&self, operation: Operation, run: impl FnOnce(&dyn Storage) -> io::Result<R>) -> io::Result<R> {
        self.1.before(&operation)?;
        let done = run(&*self.0)?;
        let said = self.1.lies(&operation);
        self.1.after(operation);
        said.map(|()| done)
    }

    fn file(&self, path: &Path, file: Box<dyn WriteFile>) -> Box<dyn WriteFile>
    where
        H: 'static,
    {
        Box::new(HookedFile { file, path: path.to_owned(), hooks: self.1.clone() })
    }
}

impl<H: Hooks + 'static> Storage for Hooked<H> {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(self.file(path, self.run(Operation::Create(path.into()), |disk| disk.create(path))?))
    }
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        self.1.opening(path)?;
        let file = self.0.open(path)?;
        self.1.opened(path);
        Ok(Arc::new(HookedReads { file, path: path.to_owned(), hooks: self.1.clone() }))
    }
    fn is_link(&self, path: &Path) -> io::Result<bool> {
        self.0.is_link(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Operation::Rename(from.into(), to.into()), |disk| disk.rename(from, to))
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Operation::Link(from.into(), to.into()), |disk| disk.link(from, to))
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::Remove(path.into()), |disk| disk.remove(path))
    }
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::CreateDir(path.into()), |disk| disk.create_dir(path))
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::RemoveDir(path.into()), |disk| disk.remove_dir(path))
    }
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.0.list(path)
    }
    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::SyncFile(path.into()), |disk| disk.sync_file(path))
    }
    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        self.1.opening(path)?;
        Ok(Box::new(HookedFolder { folder: self.0.open_dir(path)?, path: path.to_owned(), hooks: self.1.clone() }))
    }
    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        if !self.1.has_locks() {
            return Ok(Locking::Unsupported("there are none".into()));
        }
        self.run(Operation::Lock(path.into()), |disk| disk.lock_writer(path))
    }
    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        self.0.pin_reader(path)
    }
}

struct HookedReads<H> {
    file: Arc<dyn ReadFile>,
    path: PathBuf,
    hooks: Arc<H>,
}

impl<H: Hooks> ReadFile for HookedReads<H> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.hooks.reading(&self.path)?;
        self.file.read_at(buffer, offset)
    }
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
}

struct HookedFile<H> {
    file: Box<dyn WriteFile>,
    path: PathBuf,
    hooks: Arc<H>,
}

impl<H: Hooks> WriteFile for HookedFile<H> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let refused = self.hooks.before(&Operation::Append(self.path.clone(), Bytes(bytes.into())));
        let bytes = if refused.is_ok() { bytes } else { &bytes[..self.hooks.torn(bytes)] };
        if !bytes.is_empty() {
            self.file.append(bytes)?;
            let operation = Operation::Append(self.path.clone(), Bytes(bytes.into()));
            let said = self.hooks.lies(&operation);
            self.hooks.after(operation);
            return refused.and(said);
        }
        refused
    }
    fn sync(&self) -> io::Result<()> {
        let operation = Operation::Sync(self.path.clone());
        self.hooks.before(&operation)?;
        self.file.sync()?;
        let said = self.hooks.lies(&operation);
        self.hooks.after(operation);
        said
    }
}

struct HookedFolder<H> {
    folder: Box<dyn Directory>,
    path: PathBuf,
    hooks: Arc<H>,
}

impl<H: Hooks> Directory for HookedFolder<H> {
    fn sync(&self) -> io::Result<()> {
        let operation = Operation::SyncDir(self.path.clone());
        self.hooks.before(&operation)?;
        self.folder.sync()?;
        self.hooks.after(operation);
        Ok(())
    }
}
