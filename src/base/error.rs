//! The one error type: a kind that a program can branch on, and a message that names the thing.

use std::fmt;
use std::path::Path;

/// What went wrong, as far as a program would branch on it. Each maps to one C status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument is malformed: a bad name, an overflowing shape, a rank over the limit.
    InvalidArgument,
    /// No such store, dataset, array or attribute.
    NotFound,
    /// The store, dataset, array already exists.
    AlreadyExists,
    /// The memory type does not convert to or from the stored type.
    TypeMismatch,
    /// A region reaches outside the array, or a value does not fit the stored type.
    OutOfRange,
    /// A mutation through a store opened for reading.
    ReadOnly,
    /// Another writer holds the store.
    Locked,
    /// The caller's buffer is smaller than the result.
    BufferTooSmall,
    /// There are no statistics: the array has changes that are not flushed yet.
    NoStats,
    /// The operation needs a store without unflushed changes.
    UnflushedChanges,
    /// Bytes on disk fail their checksum or contradict each other.
    Corrupt,
    /// The store needs a feature or format version that this library lacks.
    Unsupported,
    /// The operating system reported an error.
    Io,
    /// The file system is full or over quota.
    NoSpace,
    /// Another writer has replaced the root since this one last saw it.
    Conflict,
    /// An fsync failed, or whether a commit was made cannot be told: nothing more can be committed through this store;
    /// reopen it.
    Poisoned,
    /// The store is closed, or the handle never named one.
    InvalidHandle,
    /// The store was opened before `fork`; the child must open its own.
    Forked,
    /// The progress callback asked to stop.
    Cancelled,
    /// Memory ran out.
    OutOfMemory,
    /// A bug in this library.
    Internal,
}

/// An error: its [`ErrorKind`] and one line of text with names, shapes and numbers in it.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The result of every fallible call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` saying `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: one_line(message.into()) }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The text, one line, without a trailing newline.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The operating system's `error` while doing `action` to `path`.
    pub(crate) fn io(action: &str, path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Os;
        let kind = match error.kind() {
            Os::StorageFull | Os::QuotaExceeded => ErrorKind::NoSpace,
            Os::NotFound => ErrorKind::NotFound,
            Os::OutOfMemory => ErrorKind::OutOfMemory,
            Os::InvalidData => ErrorKind::Corrupt,
            _ => ErrorKind::Io,
        };
        Self::new(kind, format!("{action} {}: {error}", path.display()))
    }

    /// The same error; where it says that a file is not there, as an error of `kind`.
    pub(crate) fn missing_is(mut self, kind: ErrorKind) -> Self {
        if self.kind == ErrorKind::NotFound {
            self.kind = kind;
        }
        self
    }

    /// The same error with `context` put before its text.
    pub(crate) fn context(mut self, context: impl fmt::Display) -> Self {
        self.message = one_line(format!("{context}: {}", self.message));
        self
    }
}

/// A message may quote what a file says: control characters in it are shown, not sent to a terminal.
fn one_line(message: String) -> String {
    if !message.contains(char::is_control) {
        return message;
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    message.chars().map(escaped).collect()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Makes an [`Error`]: `error!(NotFound, "no dataset '{name}'")`.
macro_rules! error {
    ($kind:ident, $($text:tt)+) => {
        $crate::base::error::Error::new($crate::base::error::ErrorKind::$kind, format!($($text)+))
    };
}

/// Returns an [`Error`] from the enclosing function.
macro_rules! bail {
    ($kind:ident, $($text:tt)+) => {
        return Err($crate::base::error::error!($kind, $($text)+))
    };
}

pub(crate) use {bail, error};
