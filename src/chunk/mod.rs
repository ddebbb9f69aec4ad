//! From the cells of arrays to the bytes of chunks and blocks, and back.

pub(crate) mod block;
pub(crate) mod cover;
pub(crate) mod grid;
pub(crate) mod rounding;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod stats;
pub(crate) mod strided;
