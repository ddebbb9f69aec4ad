//! What the fuzz targets and `tests/hostile.rs` have in common: files built by an encoder of their own, a storage in
//! memory that notices when it is asked for a path outside the store, and a caller that tries everything with a store.

pub mod allocations;
pub mod encode;
pub mod exercise;
pub mod memory;
pub mod model;
pub mod parts;
pub mod session;
pub mod targets;
