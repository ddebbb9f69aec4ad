//! Status codes: what the engine's kinds of error are called in C.

use crate::ErrorKind;
use std::ffi::{CStr, c_char};

/// # Types
///
/// What a call came to: ATLAS_STATUS_OK (0), or one of the other ATLAS_STATUS_ codes.
///
/// The numbers are permanent. New ones may be added, so treat an unknown one as a failure.
pub type atlas_status = i32;

/// # Status codes
///
/// The call did what it says.
pub const ATLAS_STATUS_OK: i32 = 0;
/// An argument is malformed: NULL, not UTF-8, a bad name, an overflowing shape, a rank over the
/// limit.
pub const ATLAS_STATUS_INVALID_ARGUMENT: i32 = 1;
/// No such store, dataset, array or attribute.
pub const ATLAS_STATUS_NOT_FOUND: i32 = 2;
/// The store, dataset or array exists already.
pub const ATLAS_STATUS_ALREADY_EXISTS: i32 = 3;
/// The memory type does not convert to or from the stored type.
pub const ATLAS_STATUS_TYPE_MISMATCH: i32 = 4;
/// A region reaches outside the array, or a value does not fit the type it is converted to.
pub const ATLAS_STATUS_OUT_OF_RANGE: i32 = 5;
/// The store is open for reading only.
pub const ATLAS_STATUS_READ_ONLY: i32 = 6;
/// Another writer holds the store; the text says which process on which host.
pub const ATLAS_STATUS_LOCKED: i32 = 7;
/// The caller's buffer is too small; the needed size has been written.
pub const ATLAS_STATUS_BUFFER_TOO_SMALL: i32 = 8;
/// The array has no statistics yet: it has changes that are not flushed.
pub const ATLAS_STATUS_NO_STATS: i32 = 9;
/// The call needs a store without unflushed changes.
pub const ATLAS_STATUS_UNFLUSHED_CHANGES: i32 = 10;
/// Bytes on disk fail their checksum or contradict each other; the text names file and offset.
pub const ATLAS_STATUS_CORRUPT: i32 = 11;
/// The store, or a field of an options struct, needs a feature that this library lacks.
pub const ATLAS_STATUS_UNSUPPORTED: i32 = 12;
/// The operating system reported an error.
pub const ATLAS_STATUS_IO: i32 = 13;
/// The file system is full, or over quota. The last flush is intact; make room and flush again.
pub const ATLAS_STATUS_NO_SPACE: i32 = 14;
/// Another writer has committed since this one last looked, or the lock file was removed or replaced;
/// nothing was overwritten.
pub const ATLAS_STATUS_CONFLICT: i32 = 15;
/// A sync to disk failed, or whether a commit was made cannot be told: this handle can still read, but
/// commits nothing more. Reopen the store.
pub const ATLAS_STATUS_POISONED: i32 = 16;
/// The handle is 0, closed, or never was one.
pub const ATLAS_STATUS_INVALID_HANDLE: i32 = 17;
/// The store was opened before a fork; the child process must open its own.
pub const ATLAS_STATUS_FORKED: i32 = 18;
/// The progress callback asked to stop.
pub const ATLAS_STATUS_CANCELLED: i32 = 19;
/// Memory, or another resource of the process, ran out.
pub const ATLAS_STATUS_OUT_OF_MEMORY: i32 = 20;
/// A bug in this library.
pub const ATLAS_STATUS_INTERNAL: i32 = 21;

const NAMES: [&CStr; 22] = [
    c"OK",
    c"INVALID_ARGUMENT",
    c"NOT_FOUND",
    c"ALREADY_EXISTS",
    c"TYPE_MISMATCH",
    c"OUT_OF_RANGE",
    c"READ_ONLY",
    c"LOCKED",
    c"BUFFER_TOO_SMALL",
    c"NO_STATS",
    c"UNFLUSHED_CHANGES",
    c"CORRUPT",
    c"UNSUPPORTED",
    c"IO",
    c"NO_SPACE",
    c"CONFLICT",
    c"POISONED",
    c"INVALID_HANDLE",
    c"FORKED",
    c"CANCELLED",
    c"OUT_OF_MEMORY",
    c"INTERNAL",
];

/// The code of an error of this kind.
pub(super) fn of(kind: ErrorKind) -> atlas_status {
    match kind {
        ErrorKind::InvalidArgument => ATLAS_STATUS_INVALID_ARGUMENT,
        ErrorKind::NotFound => ATLAS_STATUS_NOT_FOUND,
        ErrorKind::AlreadyExists => ATLAS_STATUS_ALREADY_EXISTS,
        ErrorKind::TypeMismatch => ATLAS_STATUS_TYPE_MISMATCH,
        ErrorKind::OutOfRange => ATLAS_STATUS_OUT_OF_RANGE,
        ErrorKind::ReadOnly => ATLAS_STATUS_READ_ONLY,
        ErrorKind::Locked => ATLAS_STATUS_LOCKED,
        ErrorKind::BufferTooSmall => ATLAS_STATUS_BUFFER_TOO_SMALL,
        ErrorKind::NoStats => ATLAS_STATUS_NO_STATS,
        ErrorKind::UnflushedChanges => ATLAS_STATUS_UNFLUSHED_CHANGES,
        ErrorKind::Corrupt => ATLAS_STATUS_CORRUPT,
        ErrorKind::Unsupported => ATLAS_STATUS_UNSUPPORTED,
        ErrorKind::Io => ATLAS_STATUS_IO,
        ErrorKind::NoSpace => ATLAS_STATUS_NO_SPACE,
        ErrorKind::Conflict => ATLAS_STATUS_CONFLICT,
        ErrorKind::Poisoned => ATLAS_STATUS_POISONED,
        ErrorKind::InvalidHandle => ATLAS_STATUS_INVALID_HANDLE,
        ErrorKind::Forked => ATLAS_STATUS_FORKED,
        ErrorKind::Cancelled => ATLAS_STATUS_CANCELLED,
        ErrorKind::OutOfMemory => ATLAS_STATUS_OUT_OF_MEMORY,
        ErrorKind::Internal => ATLAS_STATUS_INTERNAL,
    }
}

/// The name of a code, for a program's own messages; "UNKNOWN" for a code that is not one.
pub(super) fn name(status: atlas_status) -> *const c_char {
    let name = usize::try_from(status).ok().and_then(|index| NAMES.get(index));
    name.map_or(c"UNKNOWN".as_ptr(), |name| name.as_ptr())
}
