//! The beginning of a sync, where the system has such a thing, and what it says at the end.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::IntoRawFd;

/// Has the system begin to write a range of a file. It does not wait, and it does not ask what became of earlier writes:
/// an error is left to the sync that follows, which would not see it otherwise.
#[cfg(target_os = "linux")]
pub fn begin(file: &File, range: Range<u64>) {
    use std::os::fd::AsRawFd;
    let (Ok(from), Ok(len)) = (i64::try_from(range.start), i64::try_from(range.end.saturating_sub(range.start))) else {
        return;
    };
    // SAFETY: the descriptor is open for the life of `file`.
    unsafe { libc::sync_file_range(file.as_raw_fd(), from, len, libc::SYNC_FILE_RANGE_WRITE) };
}

#[cfg(not(target_os = "linux"))]
pub fn begin(_: &File, _: Range<u64>) {}

/// Closes a file, and says what the system does: a network file system may find only now that it cannot keep the bytes.
pub fn close(file: File) -> io::Result<()> {
    // SAFETY: the descriptor is nobody else's, and not used again whatever this answers.
    let closed = unsafe { libc::close(file.into_raw_fd()) };
    match io::Error::last_os_error() {
        error if closed != 0 && error.kind() != io::ErrorKind::Interrupted => Err(error),
        // Interrupted, it is closed all the same.
        _ => Ok(()),
    }
}
