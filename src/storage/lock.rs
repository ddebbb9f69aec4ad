//! The writer's lock and the readers' pins: byte-range locks on an empty file.
//!
//! The file never has content. Its byte *offsets* carry everything, so whatever a process announced is gone with the
//! process, even after a kill, and there is no text to go stale. The top byte of an offset says what it means:
//!
//! | top byte | lock | meaning |
//! |---|---|---|
//! | 0 | exclusive, offset 0 | there is a writer |
//! | 1 | exclusive, one byte | its process id, in the low 56 bits |
//! | 2..=10 | exclusive, one byte each | its host name, seven bytes of it in the low 56 bits |
//! | 16 | shared, one byte | a reader is opening the store: nothing may be removed |
//! | 17 | shared, one byte | a reader holds the generation in the low 56 bits |
//!
//! The locks belong to the open file, not to the process (`F_OFD_SETLK`): two handles of one process exclude each
//! other, and closing an unrelated file releases nothing. They are advisory, and known to NFS.
#![allow(unsafe_code)]

use super::disk::open_plain;
use super::{Entry, LocalDisk, Locking, ReaderPin, Storage, WriterLock, access};
use crate::base::process;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const PID: i64 = 1;
const HOST: i64 = 2;
const HOST_PARTS: i64 = 9;
const OPENING: i64 = 16;
const GENERATION: i64 = 17;
const LOW: i64 = (1 << 56) - 1;

fn offset(kind: i64, low: i64) -> i64 {
    kind << 56 | (low & LOW)
}

/// One request to the kernel about `len` bytes from `start` on.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn control(file: &File, command: libc::c_int, kind: libc::c_int, start: i64, len: i64) -> io::Result<libc::flock> {
    // SAFETY: `flock` is a C struct of integers, for which zero is a value.
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    request.l_type = kind as libc::c_short;
    request.l_whence = libc::SEEK_SET as libc::c_short;
    request.l_start = start;
    request.l_len = len;
    loop {
        // SAFETY: the descriptor is open for the life of `file`, the request outlives the call.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, &mut request) } == 0 {
            return Ok(request);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod command {
    pub const SET: libc::c_int = libc::F_OFD_SETLK;
    pub const GET: libc::c_int = libc::F_OFD_GETLK;
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod command {
    pub const SET: libc::c_int = 0;
    pub const GET: libc::c_int = 1;
}

/// Elsewhere there are no locks that belong to an open file; the store then relies on its generation check.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn control(_: &File, _: libc::c_int, _: libc::c_int, _: i64, _: i64) -> io::Result<libc::flock> {
    Err(io::Error::from_raw_os_error(libc::ENOTSUP))
}

fn lock(file: &File, kind: libc::c_int, start: i64) -> io::Result<()> {
    control(file, command::SET, kind, start, 1).map(drop)
}

fn unlock(file: &File, start: i64, len: i64) -> io::Result<()> {
    control(file, command::SET, libc::F_UNLCK, start, len).map(drop)
}

/// The first offset from `start` on, within `len`, that another open file has locked.
fn held(file: &File, start: i64, len: i64) -> io::Result<Option<i64>> {
    let answer = control(file, command::GET, libc::F_WRLCK, start, len)?;
    Ok((answer.l_type != libc::F_UNLCK as libc::c_short).then_some(answer.l_start))
}

fn is_unsupported(error: &io::Error) -> bool {
    // EINVAL: a kernel or file system that does not know these requests. ENOLCK: NFS without a lock manager.
    let known = [libc::ENOTSUP, libc::EOPNOTSUPP, libc::ENOSYS, libc::ENOLCK, libc::EINVAL];
    error.raw_os_error().is_some_and(|code| known.contains(&code))
}

/// See [`super::Storage::lock_writer`].
pub fn lock_writer(path: &Path) -> io::Result<Locking> {
    let folder = path.parent().unwrap_or(path);
    let file = open_plain(OpenOptions::new().read(true).write(true).create(true).truncate(false), path)?;
    match lock(&file, libc::F_WRLCK, 0) {
        Ok(()) => {}
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => {
            return Ok(Locking::Refused(holder(&file)));
        }
        Err(error) if is_unsupported(&error) => {
            access::learn(folder, &file)?;
            return Ok(Locking::Unsupported(error.to_string()));
        }
        Err(error) => return Err(error),
    }
    access::learn(folder, &file)?;
    lock(&file, libc::F_WRLCK, offset(PID, i64::from(process::id())))?;
    for (part, bytes) in host_name().chunks(7).take(HOST_PARTS as usize).enumerate() {
        let low = bytes.iter().rev().fold(0, |low, &byte| low << 8 | i64::from(byte));
        lock(&file, libc::F_WRLCK, offset(HOST + part as i64, low))?;
    }
    Ok(Locking::Held(Box::new(Writer { lock: Owned::new(file), path: path.to_owned() })))
}

/// What the locks tell of the writer that holds them.
fn holder(file: &File) -> String {
    let low = |kind| held(file, offset(kind, 0), LOW + 1).ok().flatten().map(|start| start & LOW);
    let Some(pid) = low(PID) else {
        return "another process".into();
    };
    let mut host = Vec::new();
    for part in 0..HOST_PARTS {
        let Some(low) = low(HOST + part) else { break };
        host.extend(low.to_le_bytes().into_iter().take(7).filter(|&byte| byte != 0));
    }
    let holder = format!("pid {pid} on host '{}'", String::from_utf8_lossy(&host));
    if host != host_name() || !is_gone(pid) {
        return holder;
    }
    // The lock is of the open file, which a child made by fork has too.
    let others: Vec<_> = lock_holders(file).iter().map(u32::to_string).collect();
    match &others[..] {
        [] => format!("{holder}, which is gone; a child that it forked may hold the store's files open"),
        others => {
            format!("{holder}, which is gone; its forked child holds the store's files open: pid {}", others.join(", "))
        }
    }
}

/// Whether a process of this host has ended; never where that cannot be told.
#[cfg(target_os = "linux")]
fn is_gone(pid: i64) -> bool {
    let Ok(state) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        // Where processes can be seen at all, this one can.
        return Path::new("/proc/self/stat").exists() && !Path::new(&format!("/proc/{pid}")).exists();
    };
    // After the name, which is in parentheses: one that has ended stays until its parent asks for it.
    state.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
}

#[cfg(not(target_os = "linux"))]
fn is_gone(_: i64) -> bool {
    false
}

/// The processes that can be seen to have the writer's lock of this file, by what the kernel tells of their open files.
fn lock_holders(file: &File) -> Vec<u32> {
    let mut holders = Vec::new();
    let Ok(own) = file.metadata() else { return holders };
    let list = |path: &Path| LocalDisk.list(path).unwrap_or_default();
    for process in list(Path::new("/proc")) {
        let pid = process.path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        let Some(pid) = pid else { continue };
        let has_lock = |entry: &Entry| {
            let is_own = std::fs::metadata(&entry.path).is_ok_and(|d| (d.dev(), d.ino()) == (own.dev(), own.ino()));
            let Some(number) = entry.path.file_name().filter(|_| is_own) else { return false };
            let told = std::fs::read_to_string(process.path.join("fdinfo").join(number)).unwrap_or_default();
            told.lines().any(|line| line.contains("OFDLCK") && line.contains("WRITE") && line.ends_with(" 0 0"))
        };
        if list(&process.path.join("fd")).iter().any(has_lock) {
            holders.push(pid);
        }
    }
    holders
}

fn host_name() -> Vec<u8> {
    let mut buffer = [0u8; 64];
    // SAFETY: the buffer is as long as stated; a name that is cut may lack its NUL, which the search below allows for.
    let status = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len()) };
    let len = buffer.iter().position(|&byte| byte == 0).unwrap_or(buffer.len());
    if status == 0 { buffer[..len].to_vec() } else { b"?".to_vec() }
}

/// An open lock file, whose locks are released with it.
struct Owned {
    file: File,
    pid: u32,
}

impl Owned {
    fn new(file: File) -> Self {
        Self { file, pid: process::id() }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // A child made by fork shares the open file. The parent's closing of it would not release the locks as long as
        // the child lives, so they are released by name; the child's closing of it must not release them.
        // An error leaves them to the closing of the file.
        if process::id() == self.pid {
            let _ = unlock(&self.file, 0, 0);
        }
    }
}

struct Writer {
    lock: Owned,
    path: PathBuf,
}

impl Drop for Writer {
    fn drop(&mut self) {
        access::forget(self.path.parent().unwrap_or(&self.path));
    }
}

impl WriterLock for Writer {
    fn has_reader_before(&self, generation: u64) -> io::Result<bool> {
        Ok(held(&self.lock.file, offset(OPENING, 0), 1)?.is_some()
            || held(&self.lock.file, offset(GENERATION, 0), generation as i64 & LOW)?.is_some())
    }

    fn is_in_place(&self) -> io::Result<bool> {
        let held = self.lock.file.metadata()?;
        match std::fs::symlink_metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (held.dev(), held.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// See [`super::Storage::pin_reader`].
pub fn pin_reader(path: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
    let file = match open_plain(OpenOptions::new().read(true), path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut pin = Reader { file: Owned::new(file), generation: None };
    match pin.pin_all() {
        Ok(()) => Ok(Some(Box::new(pin))),
        Err(error) if is_unsupported(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

struct Reader {
    file: Owned,
    generation: Option<u64>,
}

impl ReaderPin for Reader {
    fn pin(&mut self, generation: u64) -> io::Result<()> {
        if self.generation != Some(generation) {
            lock(&self.file.file, libc::F_RDLCK, offset(GENERATION, generation as i64))?;
            if let Some(old) = self.generation.replace(generation) {
                unlock(&self.file.file, offset(GENERATION, old as i64), 1)?;
            }
        }
        unlock(&self.file.file, offset(OPENING, 0), 1)
    }

    fn pin_all(&mut self) -> io::Result<()> {
        lock(&self.file.file, libc::F_RDLCK, offset(OPENING, 0))
    }
}
