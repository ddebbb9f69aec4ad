//! The file system.

use super::{Directory, Entry, Locking, ReadFile, ReaderPin, Storage, WriteFile, lock, write_back};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// [`Storage`] on a POSIX file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDisk;

struct Writing(File);
struct Reading(File);
struct Folder(File);

impl Storage for LocalDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        Ok(Box::new(Writing(OpenOptions::new().write(true).create_new(true).open(path)?)))
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
        std::fs::create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        std::fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                Ok(Entry { path: entry.path(), is_dir: entry.file_type()?.is_dir() })
            })
            .collect()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        open_plain(OpenOptions::new().read(true), path)?.sync_all()
    }

    fn open_dir(&self, path: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(Folder(File::open(path)?)))
    }

    fn lock_writer(&self, path: &Path) -> io::Result<Locking> {
        lock::lock_writer(path)
    }

    fn pin_reader(&self, path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        lock::pin_reader(path)
    }
}

/// Opens a file, and nothing else: not what a symbolic link leads to, not a pipe whose other end would be waited for.
pub(super) fn open_plain(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let opened = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
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

impl WriteFile for Writing {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn begin_sync(&self, range: Range<u64>) {
        write_back::begin(&self.0, range);
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl ReadFile for Reading {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
