//! Bytes in named places: the little that the store asks of a file system. No format is known here.
//!
//! Segments are written once and never changed; the root is the one object that is replaced. Paths are absolute.

mod access;
mod disk;
mod folder;
mod lock;
mod memory;
#[cfg(feature = "object")]
mod object;
mod open_files;
mod read_ahead;
mod root;
mod write_back;

pub use disk::LocalDisk;
pub use memory::Memory;
#[cfg(feature = "object")]
pub use object::ObjectStorage;
pub(crate) use open_files::KeptOpen;
pub(crate) use root::keep;
pub use root::{Mark, RootSwap, Swapped};

use crate::base::error::{Error, Result, bail};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

/// Where a store lives. [`LocalDisk`] is the file system; tests put fault-injecting ones in its place.
pub trait Storage: Send + Sync {
    /// The path of a store, from which those of all its files are made.
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        std::path::absolute(path)
    }
    /// Makes a new empty file; it is an error if there is one.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>>;
    /// Opens a file for reading; a symbolic link, or what is not a file, is an error of kind
    /// [`InvalidData`](io::ErrorKind::InvalidData).
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>>;
    /// Opens a file for reading, of which these ranges are read next: where each read takes a request, they come with the
    /// answer.
    fn open_for(&self, path: &Path, _ranges: &[Range<u64>]) -> io::Result<Arc<dyn ReadFile>> {
        self.open(path)
    }
    /// Which of several files are there.
    fn are_there(&self, paths: &[PathBuf]) -> Vec<io::Result<bool>> {
        let is_there = |path: &PathBuf| match self.open(path) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        };
        paths.iter().map(is_there).collect()
    }
    /// A whole file, as it is at one moment.
    fn read_root(&self, path: &Path) -> io::Result<Vec<u8>> {
        read_all(&*self.open(path)?)
    }
    /// Several whole files, each as it is at one moment.
    fn read_roots(&self, paths: &[PathBuf]) -> Vec<io::Result<Vec<u8>>> {
        paths.iter().map(|path| self.read_root(path)).collect()
    }
    /// Whether a symbolic link is at `path`; where there are none, never.
    fn is_link(&self, _path: &Path) -> io::Result<bool> {
        Ok(false)
    }
    /// Atomically gives `from` the name `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file another name beside its own; it is an error if there is something of that name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes a file, at the latest by when the storage is dropped. What it says may be what became of the one before.
    fn remove_soon(&self, path: &Path) -> io::Result<()> {
        self.remove(path)
    }
    /// Makes a directory in an existing one.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// The entries of a directory.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;
    /// When a file was last written.
    fn modified(&self, _path: &Path) -> io::Result<SystemTime> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// A file that nobody else finds: it may have been at `path` for a moment.
    fn scratch(&self, path: &Path) -> io::Result<(Box<dyn WriteFile>, Arc<dyn ReadFile>)> {
        scratch_at(self, path)
    }
    /// Makes the bytes of a file that is there durable, whoever wrote them.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Opens a directory, to make its entries durable.
    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>>;
    /// Whether writers and readers have locks: then a root is read once they are taken.
    fn has_locks(&self) -> bool {
        true
    }
    /// Takes the writer's lock in the lock file at `path`, which is made if it is missing.
    fn lock_writer(&self, path: &Path) -> io::Result<Locking>;
    /// Announces a reader in the lock file at `path`, so that no writer removes what it may be about to read.
    /// `None` where the lock file or its file system does not let it.
    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>>;
    /// How many requests are to wait beside each other where nobody says: as many as there are processors, or so many.
    fn reads_at_once(&self) -> Option<usize> {
        None
    }
    /// Whether [`Self::swap_root`] takes the new root from a file that was written before.
    fn swaps_files(&self) -> bool {
        true
    }
    /// Begins what a swap that comes next does before it replaces the root, where that takes a request. A hint: the swap may
    /// not come.
    fn begin_swap(&self, _swap: &RootSwap<'_>) {}
    /// Puts a new root in the place of the one that the writer knows, unless another is there: the one step of a commit
    /// after which it has happened. By links and a rename; a storage that has a compare-and-swap of its own uses that.
    fn swap_root(&self, swap: &RootSwap<'_>) -> Swapped {
        root::swap_by_rename(self, swap)
    }
}

/// An open directory.
pub trait Directory: Send + Sync {
    /// Makes the entries durable.
    fn sync(&self) -> io::Result<()>;
}

/// A name in a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The whole path.
    pub path: PathBuf,
    /// Whether it is a directory itself (a symbolic link is not).
    pub is_dir: bool,
}

/// A file being written from front to back.
pub trait WriteFile: Send + Sync {
    /// Adds bytes at the end. After an error some of them may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Has the bytes of a range begin their way to the disk, so that [`WriteFile::sync`] has less to wait for. A hint.
    fn begin_sync(&self, _range: Range<u64>) {}
    /// Makes the bytes durable.
    fn sync(&self) -> io::Result<()>;
    /// Closes a file that will not be synced; nothing more can be done with it. Some file systems say only now that
    /// bytes were lost. Where closing cannot fail there is nothing to do.
    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that can be read at any place.
pub trait ReadFile: Send + Sync {
    /// Fills `buffer` from `offset` on; a file that ends before is an error.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Has the bytes of a range begin their way from the disk, as they are about to be read. A hint.
    fn begin_read(&self, _range: Range<u64>) {}
    /// Bytes of the file.
    fn length(&self) -> io::Result<u64>;
}

/// The answer to [`Storage::lock_writer`].
pub enum Locking {
    /// The lock is held until the value is dropped.
    Held(Box<dyn WriterLock>),
    /// Another writer holds it; what is known of it: "pid 4711 on host 'login2'".
    Refused(String),
    /// The file system has no locks; why.
    Unsupported(String),
    /// A swap of the root needs none.
    Unneeded,
}

/// The writer's lock, released when dropped.
pub trait WriterLock: Send + Sync {
    /// Whether a reader is just opening the store, or holds a snapshot older than `generation`.
    fn has_reader_before(&self, generation: u64) -> io::Result<bool>;
    /// Whether the lock file is still the one that is locked. Where it was removed or replaced, another writer may hold
    /// the one that is there.
    fn is_in_place(&self) -> io::Result<bool>;
}

/// A reader's announcement, withdrawn when dropped.
pub trait ReaderPin: Send + Sync {
    /// Pins `generation` instead of everything, or of an earlier one.
    fn pin(&mut self, generation: u64) -> io::Result<()>;
    /// Pins everything again, beside what is pinned: the reader is about to open a newer root.
    fn pin_all(&mut self) -> io::Result<()>;
}

/// Refuses a file in a folder that is a symbolic link: it may lead out of the store.
pub(crate) fn check_folder(storage: &dyn Storage, file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    if storage.is_link(folder).map_err(|error| Error::io("stat", folder, &error))? {
        bail!(Corrupt, "{}: a symbolic link, which a store does not follow", folder.display());
    }
    Ok(())
}

/// Makes a new file in a folder of a store, and the folder where that may be missing.
pub(crate) fn create_file(storage: &dyn Storage, path: &Path, is_new_folder: bool) -> Result<Box<dyn WriteFile>> {
    if let Some(folder) = path.parent().filter(|_| is_new_folder) {
        match storage.create_dir(folder) {
            // A crash may have left it.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("create folder", folder, &error));
            }
            _ => {}
        }
    }
    check_folder(storage, path)?;
    storage.create(path).map_err(|error| Error::io("create", path, &error))
}

/// [`Storage::scratch`] where what is open outlives its name.
pub(crate) fn scratch_at(
    storage: &(impl Storage + ?Sized),
    path: &Path,
) -> io::Result<(Box<dyn WriteFile>, Arc<dyn ReadFile>)> {
    let writer = storage.create(path)?;
    let file = storage.open(path);
    storage.remove(path)?;
    Ok((writer, file?))
}

/// The storage of a path, and the path there: a URL `scheme://...`, or a path of the file system, which is one for all.
pub(crate) fn of(path: &Path) -> Result<(Arc<dyn Storage>, PathBuf)> {
    static DISK: LazyLock<Arc<dyn Storage>> = LazyLock::new(|| Arc::new(LocalDisk));
    match url_of(path) {
        None => Ok((DISK.clone(), path.to_owned())),
        Some((_, "file", rest)) if rest.starts_with('/') => Ok((DISK.clone(), rest.into())),
        Some((url, "file", _)) => bail!(InvalidArgument, "{url}: a URL of a file begins with file:///"),
        Some((url, ..)) => object_at(url),
    }
}

/// A path that is a URL, `scheme://rest`: the whole, the scheme and the rest. `None` for a path of the file system.
pub fn url_of(path: &Path) -> Option<(&str, &str, &str)> {
    let url = path.to_str()?;
    let (scheme, rest) = url.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_scheme.then_some((url, scheme, rest))
}

#[cfg(feature = "object")]
fn object_at(url: &str) -> Result<(Arc<dyn Storage>, PathBuf)> {
    match ObjectStorage::at(url) {
        Ok(storage) => Ok((Arc::new(storage), url.into())),
        Err(error) => bail!(InvalidArgument, "{url}: {error}"),
    }
}

#[cfg(not(feature = "object"))]
fn object_at(url: &str) -> Result<(Arc<dyn Storage>, PathBuf)> {
    bail!(Unsupported, "{url}: this library was built without object storage (the feature 'object')")
}

/// Reads a whole file.
pub fn read_all(file: &dyn ReadFile) -> io::Result<Vec<u8>> {
    let len = usize::try_from(file.length()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(len, 0);
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}
