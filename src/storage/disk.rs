//! The file system.

use super::{
    Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile, access, folder, lock, open_files, read_ahead,
    write_back,
};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// [`Storage`] on a POSIX file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

/// Until it is closed.
struct Writing(Option<File>);
struct Reading(File);
struct Folder(File);

impl Storage for LocalDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let file = open(OpenOptions::new().write(true).create_new(true), path)?;
        access::share(path, &file).inspect_err(|_| drop(std::fs::remove_file(path)))?;
        Ok(Box::new(Writing(Some(file))))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        Ok(Arc::new(Reading(open_plain(OpenOptions::new().read(true), path)?)))
    }

    fn is_link(&self, path: &Path) -> io::Result<bool> {
        match std::fs::symlink_metadata(path) {
            Ok(data) => Ok(data.file_type().is_symlink()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir(path)?;
        let shared = open_folder(path).and_then(|folder| access::share(path, &folder));
        shared.inspect_err(|_| drop(std::fs::remove_dir(path)))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let entry = |(name, is_folder): (_, Option<bool>)| {
            let path = path.join(name);
            let is_dir = match is_folder {
                Some(is_folder) => is_folder,
                None => std::fs::symlink_metadata(&path)?.is_dir(),
            };
            Ok(Entry { path, is_dir })
        };
        folder::entries(open_folder(path)?)?.into_iter().map(entry).collect()
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        fs::symlink_metadata(path)?.modified()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        open_plain(OpenOptions::new().read(true), path)?.sync_all()
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(Folder(open_folder(path)?)))
    }

    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        lock::lock_writer(path)
    }

    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        lock::pin_reader(path)
    }
}

/// Opens what is at `path`; never as one of the three descriptors that a program reads and writes without opening them,
/// which may be free where the program has closed them.
pub(super) fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    let file = open_files::with_room(|| options.open(path))?;
    if file.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(file);
    }
    // A duplicate is none of the three.
    open_files::with_room(|| file.try_clone())
}

/// Opens a folder, to list it or to sync it.
fn open_folder(path: &Path) -> io::Result<File> {
    open(OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY), path)
}

/// Opens a file, and nothing else: not what a symbolic link leads to, not a pipe whose other end would be waited for.
pub(super) fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let opened = open(options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK), path);
    let file = opened.map_err(|error| match error.raw_os_error() {
        Some(libc::ELOOP) => invalid("a symbolic link, which a store does not follow"),
        _ => error,
    })?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !kind.is_file() {
        return Err(invalid("a pipe or device, not a file"));
    }
    Ok(file)
}

impl Directory for Folder {
    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Writing {
    fn file(&self) -> io::Result<&File> {
        self.0.as_ref().ok_or_else(|| io::Error::other("the file is closed"))
    }
}

impl WriteFile for Writing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file()?.write_all(bytes)
    }

    fn begin_sync(&self, range: Range<u64>) {
        if let Some(file) = &self.0 {
            write_back::begin(file, range);
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.file()?.sync_all()
    }

    fn close(&mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), write_back::close)
    }
}

impl ReadFile for Reading {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn begin_read(&self, range: Range<u64>) {
        read_ahead::begin(&self.0, range);
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
