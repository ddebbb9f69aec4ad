//! Arrays of text.

use crate::base::error::{Result, bail};
use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::atlas_store;
use crate::{ArrayInfo, DType, FillValue, Selection};
use std::ffi::c_char;

/// # Arrays of text
///
/// Write a region of an array of ATLAS_DTYPE_STRING.
///
/// - `rank`, `start`, `count`  the region, as for `atlas_write_array`
/// - `values`                  one text for each cell, in C order; NULL only if the region has no
///                             cells
///
/// Fails as `atlas_write_array` does; the array is then as it was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_write_strings(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    rank: usize,
    start: *const u64,
    count: *const u64,
    values: *const *const c_char,
) -> atlas_status {
    guard("atlas_write_strings", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), region) = unsafe { (call.names(dataset, array)?, call.region(rank, start, count)?) };
        // The region is fixed first, so that there is a text for every cell that is written.
        let (start, count) = store.resolve_to_write(dataset, array, region.selection())?;
        // SAFETY: likewise.
        let texts = unsafe { call.texts(values, call.volume(&count)?, "values") }?;
        let region = Selection { rank, start: Some(&start), count: Some(&count) };
        store.write_strings(dataset, array, region, &texts)
    })
}

/// Append along dimension 0 of an array of ATLAS_DTYPE_STRING.
///
/// - `rank`, `count`  as for `atlas_append_array`
/// - `values`         one text for each new cell, in C order; NULL only if there are none
///
/// Fails as `atlas_append_array` does; the array is then as it was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_append_strings(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    rank: usize,
    count: *const u64,
    values: *const *const c_char,
) -> atlas_status {
    guard("atlas_append_strings", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), count) = unsafe { (call.names(dataset, array)?, call.extents(count, rank, "count")?) };
        // SAFETY: likewise.
        let texts = unsafe { call.texts(values, call.volume(&count)?, "values") }?;
        store.append_strings(dataset, array, &count, &texts)
    })
}

/// Read a region of an array of ATLAS_DTYPE_STRING.
///
/// - `rank`, `start`, `count`        the region, as for `atlas_read_array`
/// - `buffer`, `capacity`, `needed`  the texts, one for each cell, in C order: see "Text and lists"
///
/// Fails as `atlas_read_array` does, with ATLAS_STATUS_BUFFER_TOO_SMALL, or with
/// ATLAS_STATUS_UNSUPPORTED if a text holds a NUL byte, which only other languages can write.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_read_strings(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    rank: usize,
    start: *const u64,
    count: *const u64,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_read_strings", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), region) = unsafe { (call.names(dataset, array)?, call.region(rank, start, count)?) };
        // SAFETY: likewise.
        let out = unsafe { call.text_out(buffer, capacity, needed) }?;
        out.list(&store.read_strings(dataset, array, region.selection())?)
    })
}

/// Give the fill value of an array of ATLAS_DTYPE_STRING.
///
/// - `buffer`, `capacity`, `needed`  the text: see "Text and lists"
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such array, or it has no fill value;
/// ATLAS_STATUS_TYPE_MISMATCH if it is of another type (see `atlas_array_info`); or
/// ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_fill_text(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_array_fill_text", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), out) =
            unsafe { (call.names(dataset, array)?, call.text_out(buffer, capacity, needed)?) };
        let info = store.array_info(dataset, array)?;
        let text = fill_text(&info);
        out.set(text.map_err(|error| error.context(format_args!("array '{array}' of dataset '{dataset}'")))?)
    })
}

fn fill_text(info: &ArrayInfo) -> Result<&str> {
    match (&info.fill_value, info.dtype) {
        (Some(FillValue::Text(text)), _) => Ok(text),
        (_, DType::String) => bail!(NotFound, "it has no fill value"),
        (_, dtype) => bail!(TypeMismatch, "its elements are {dtype}, not string"),
    }
}
