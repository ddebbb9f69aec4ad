//! Atlas: a directory-based store for many named datasets of N-d arrays, with one durability boundary.
//!
//! A [`Store`] holds datasets, a dataset holds arrays and attributes. Everything happens in memory until
//! [`Store::flush`], which commits all of it atomically and durably; [`Store::close`] is a flush and a release,
//! [`Store::discard`] and dropping a store are a release without one.
//!
//! ```
//! use atlas_store::{ArrayOptions, CreateOptions, DType, Selection, Source, Store};
//! # fn main() -> atlas_store::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("atlas-doc-{}", std::process::id()));
//! let store = Store::create(&folder, CreateOptions::default())?;
//! let jan = store.create_dataset("jan")?;
//! jan.define_array("temperature", DType::F32, &["lat", "lon"], &[2, 3], ArrayOptions::default())?;
//! jan.write("temperature", Selection::all(2), Source::from_slice(&[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]))?;
//! jan.set_attribute(Some("temperature"), "units", "degC")?;
//! store.close()?;
//! # std::fs::remove_dir_all(&folder).ok();
//! # Ok(())
//! # }
//! ```
//!
//! Rust code takes the default floating-point environment for granted (rounding to nearest, no traps, denormals kept), and
//! so do these functions: a thread that has another must not call them. The C ABI sets it for each call, and the library's
//! own threads have it whatever the thread that starts them has.
//!
//! The format on disk is described in `docs/format.md`; the C ABI over this API is `include/atlas.h`.

/// Its program in Rust runs.
#[cfg(doctest)]
#[doc = include_str!("../docs/time.md")]
struct PageOfTime;

mod array;
mod base;
mod cf;
mod change;
mod chunk;
mod codec;
#[cfg(feature = "capi")]
pub mod ffi;
mod format;
mod memory;
mod records;
mod segment;
pub mod storage;
mod store;
mod version;

pub use base::convert::FloatOverflow;
pub use base::dtype::{DType, Element};
pub use base::error::{Error, ErrorKind, Result};
pub use base::shape::{MAX_RANK, Selection};
pub use base::value::Value;
pub use cf::calendar::{Calendar, DateTime};
pub use cf::numbers::{TimeNumber, TimeUnits};
pub use chunk::stats::{Scalar, Stats};
pub use chunk::strided::{Source, Target};
pub use codec::{Codec, Filter};
pub use format::root::MetaFormat;
pub use half::f16;
#[doc(hidden)]
pub use memory::buffers::take_from_general_allocator;
pub use store::options::{
    ArrayOptions, CreateOptions, FillValue, IfExists, LogFn, LogLevel, Mode, OpenOptions, ProgressFn, RuntimeOptions,
    SessionOptions,
};
pub use store::{
    Affected, ArrayFileInfo, ArrayInfo, ChunkPlace, ChunkPlaces, Damage, DamagedSegment, Dataset, Newer, PinnedCommit,
    Repair, RepairOptions, Store, StoreInfo,
};
