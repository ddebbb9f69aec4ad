//! The vocabulary: errors, types and shapes, values, threads. Depends on nothing else here.

pub(crate) mod bytes;
pub(crate) mod convert;
pub(crate) mod dtype;
pub(crate) mod error;
pub(crate) mod few;
pub(crate) mod float_state;
pub(crate) mod locks;
pub(crate) mod log;
pub(crate) mod maps;
pub(crate) mod names;
pub(crate) mod pauses;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod shape;
pub(crate) mod sync;
pub(crate) mod threads;
pub(crate) mod value;
pub(crate) mod vector;
