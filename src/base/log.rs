//! Messages for whoever uses a store.

/// How much a log message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Worth knowing.
    Info,
    /// Something the user may want to act on.
    Warning,
}
