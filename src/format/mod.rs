//! The bytes on disk, as docs/format.md tells them: structures to bytes and back. No I/O happens here.

pub(crate) mod attributes;
pub(crate) mod catalogue;
pub(crate) mod definitions;
pub(crate) mod names;
pub(crate) mod parts;
pub(crate) mod root;
pub(crate) mod segment;
pub(crate) mod session;
mod varint;
