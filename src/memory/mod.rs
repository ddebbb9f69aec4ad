//! Memory for chunks and blocks: where it comes from, and how much of it there may be.

pub(crate) mod budget;
pub(crate) mod buffers;
pub(crate) mod pages;
