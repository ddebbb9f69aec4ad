//! The entries of a folder. The standard library's way panics where the system cannot close one.
#![allow(unsafe_code)]

use std::ffi::{CStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::ffi::OsStringExt;

#[cfg(not(target_os = "linux"))]
use libc::readdir;
#[cfg(target_os = "linux")]
use libc::readdir64 as readdir;

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
use libc::__errno as errno;
#[cfg(target_os = "linux")]
use libc::__errno_location as errno;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as errno;

/// An entry's name, and whether it is a folder, where the system tells.
pub(super) type Entry = (OsString, Option<bool>);

struct Opened(*mut libc::DIR);

impl Drop for Opened {
    fn drop(&mut self) {
        // What was read was read, whatever this answers; the descriptor is gone in any case.
        // SAFETY: it is open, and nobody uses it afterwards.
        unsafe { libc::closedir(self.0) };
    }
}

/// Reads all entries of an open folder.
pub(super) fn entries(folder: File) -> io::Result<Vec<Entry>> {
    // SAFETY: an open descriptor, which is the stream's if there is one.
    let stream = unsafe { libc::fdopendir(folder.as_raw_fd()) };
    if stream.is_null() {
        return Err(io::Error::last_os_error());
    }
    let _ = folder.into_raw_fd();
    let opened = Opened(stream);
    let mut entries = Vec::new();
    loop {
        // SAFETY: this thread's error number; the stream is open, and nobody else reads from it.
        let entry = unsafe {
            *errno() = 0;
            readdir(opened.0)
        };
        if entry.is_null() {
            let error = io::Error::last_os_error();
            return if error.raw_os_error() == Some(0) { Ok(entries) } else { Err(error) };
        }
        // SAFETY: the entry is valid until the next is read, and its name ends in a NUL.
        let (name, kind) = unsafe { (CStr::from_ptr((&raw const (*entry).d_name).cast()), (*entry).d_type) };
        if name == c"." || name == c".." {
            continue;
        }
        let is_folder = (kind != libc::DT_UNKNOWN).then_some(kind == libc::DT_DIR);
        entries.push((OsString::from_vec(name.to_bytes().to_vec()), is_folder));
    }
}
