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
//! The format on disk is described in `docs/format.md`; the C ABI over this API is `include/atlas.h`.

mod array;
mod block;
mod budget;
mod buffers;
mod codec;
mod convert;
mod dtype;
mod error;
#[cfg(feature = "capi")]
pub mod ffi;
mod format;
mod grid;
mod options;
mod pages;
mod pool;
mod process;
mod schema;
mod segment;
mod shape;
mod stats;
pub mod storage;
mod store;
mod strided;
mod sync;
mod value;
mod vector;

pub use codec::Codec;
pub use dtype::{DType, Element};
pub use error::{Error, ErrorKind, Result};
pub use format::root::MetaFormat;
pub use half::f16;
pub use options::{
    ArrayOptions, CreateOptions, FillValue, LogFn, LogLevel, Mode, OpenOptions, ProgressFn, RuntimeOptions,
};
pub use shape::{MAX_RANK, Selection};
pub use stats::{Scalar, Stats};
pub use store::{Affected, ArrayFileInfo, ArrayInfo, Damage, Dataset, Repair, RepairOptions, Store, StoreInfo};
pub use strided::{Source, Target};
pub use value::Value;
