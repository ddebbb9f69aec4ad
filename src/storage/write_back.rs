//! The beginning of a sync, where the system has such a thing.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Range;

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
