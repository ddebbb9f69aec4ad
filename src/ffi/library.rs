//! The library itself: its version, the names of codes, the last error.

use crate::base::dtype::{self, DType};
use crate::ffi::guard;
use crate::ffi::status::{self, atlas_status};
use crate::ffi::types::atlas_dtype;
use crate::ffi::version::ATLAS_VERSION;
use std::ffi::{CString, c_char};
use std::sync::LazyLock;

static DTYPE_NAMES: LazyLock<Vec<CString>> =
    LazyLock::new(|| dtype::ALL.into_iter().map(|dtype| CString::new(dtype.name()).unwrap_or_default()).collect());

/// # Library
///
/// Return the text of this thread's last failure: one line that names the thing that failed.
///
/// It is set together with every failing status and left alone by success. It is "" before the
/// first failure, never NULL, and must not be freed. The pointer is the same for as long as the
/// thread lives: the next failing call on this thread writes its text to the same place. A text has
/// at most 4095 bytes; a longer one is cut, and ends in "...". Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_last_error() -> *const c_char {
    guard::last_error()
}

/// Return the library's version: major * 1000000 + minor * 1000 + patch.
///
/// Compare it with ATLAS_VERSION, the version of the header that the program was compiled with.
/// Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_version() -> i32 {
    ATLAS_VERSION
}

/// Return the library's version as text, such as "0.1.0". Must not be freed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_version_string() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// Return a status code's name without its prefix, such as "NOT_FOUND"; "UNKNOWN" for a number that
/// is none.
///
/// Never NULL, and must not be freed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_status_name(status: atlas_status) -> *const c_char {
    status::name(status)
}

/// Return an element type's short name, such as "f32" or "timestamp_ns"; "unknown" for a number
/// that is none.
///
/// Never NULL, and must not be freed. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_dtype_name(dtype: atlas_dtype) -> *const c_char {
    let index = dtype::ALL.into_iter().position(|known| known as i32 == dtype);
    let name = index.and_then(|index| DTYPE_NAMES.get(index)).map(CString::as_c_str);
    name.unwrap_or(c"unknown").as_ptr()
}

/// Return the bytes of one element in memory; 0 for ATLAS_DTYPE_STRING and for a number that is no
/// type. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_dtype_size(dtype: atlas_dtype) -> usize {
    DType::from_code(dtype).map_or(0, DType::size)
}
