//! The beginning of a read, where the system has such a thing.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Range;

/// Has the system begin to read a range of a file. It waits for nothing but room in the disk's queue, and what becomes of it
/// is left to the read that follows.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub fn begin(file: &File, range: Range<u64>) {
    use std::os::fd::AsRawFd;
    let (Ok(from), Ok(len)) = (i64::try_from(range.start), i64::try_from(range.end.saturating_sub(range.start))) else {
        return;
    };
    // SAFETY: the descriptor is open for the life of `file`.
    unsafe { libc::posix_fadvise(file.as_raw_fd(), from, len, libc::POSIX_FADV_WILLNEED) };
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub fn begin(_: &File, _: Range<u64>) {}
