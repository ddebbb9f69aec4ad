//! Arrays of fixed-size elements: their definition, and their cells.

use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::*;
use crate::{ArrayInfo, FillValue, Source, Target};
use std::ffi::{c_char, c_void};

/// # Arrays
///
/// Define an array in a dataset. Until they are written its cells read as the fill value, or as
/// zero.
///
/// - `array`    a name; the arrays of one name in all datasets are stored together, and may differ
///              in type and shape
/// - `dtype`    the type of the elements
/// - `rank`     the number of dimensions, 0 to ATLAS_MAX_RANK; 0 is a scalar
/// - `dims`     `rank` names of dimensions: see "Dimensions". NULL: an array of rank 1 has its own
///              name as that of its dimension, any other "dim_0", "dim_1", ...
/// - `shape`    `rank` extents, in cells; 0 is allowed, and usual for a dimension 0 that
///              `atlas_append_array` grows
/// - `options`  NULL for the defaults
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset, ATLAS_STATUS_INVALID_ARGUMENT if a
/// dimension's name has another length there, ATLAS_STATUS_ALREADY_EXISTS or ATLAS_STATUS_READ_ONLY.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_define_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    dtype: atlas_dtype,
    rank: usize,
    dims: *const *const c_char,
    shape: *const u64,
    options: *const atlas_array_options,
) -> atlas_status {
    guard("atlas_define_array", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), shape) = unsafe { (call.names(dataset, array)?, call.extents(shape, rank, "shape")?) };
        // SAFETY: likewise.
        let (dims, options) = unsafe { (call.dims(dims, rank)?, call.array_options(options, dtype, rank)?) };
        store.define_array(dataset, array, dtype, &dims, &shape, options)
    })
}

/// Delete an array with its attributes.
///
/// The bytes on disk stay until `atlas_compact` at the latest. The name is free again at once.
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_delete_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
) -> atlas_status {
    guard("atlas_delete_array", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) = unsafe { call.names(dataset, array) }?;
        store.delete_array(dataset, array)
    })
}

/// Tell whether a dataset has an array of this name.
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_has_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    out: *mut bool,
) -> atlas_status {
    guard("atlas_has_array", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), out) = unsafe { (call.names(dataset, array)?, call.out(out, "out")?) };
        out.set(store.has_array(dataset, array)?);
        Ok(())
    })
}

/// Count the arrays of a dataset.
///
/// Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_count(
    store: atlas_store,
    dataset: *const c_char,
    out: *mut usize,
) -> atlas_status {
    guard("atlas_array_count", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, out) = unsafe { (call.text(dataset, "dataset")?, call.out(out, "out")?) };
        out.set(store.array_names(dataset)?.len());
        Ok(())
    })
}

/// List the names of a dataset's arrays, in the order in which they were defined.
///
/// - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_names(
    store: atlas_store,
    dataset: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_array_names", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, out) = unsafe { (call.text(dataset, "dataset")?, call.text_out(buffer, capacity, needed)?) };
        out.list(&store.array_names(dataset)?)
    })
}

/// Describe an array: type, shape, chunks, codec, fill value.
///
/// - `out`  the description; set its `struct_size` first
///
/// Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_info(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    out: *mut atlas_array_description,
) -> atlas_status {
    guard("atlas_array_info", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), out) = unsafe { (call.names(dataset, array)?, call.description(out, "out")?) };
        out.set(&describe(&store.array_info(dataset, array)?, out.struct_size));
        Ok(())
    })
}

/// List the names of an array's dimensions: `rank` of them.
///
/// - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_dims(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_array_dims", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), out) =
            unsafe { (call.names(dataset, array)?, call.text_out(buffer, capacity, needed)?) };
        out.list(&store.array_info(dataset, array)?.dims)
    })
}

/// Write a region of an array.
///
/// Reads see it at once; `atlas_flush` makes it durable. The data is copied: the memory is the
/// caller's again when this returns. Where dimension 0 is unlimited (see atlas_array_options), a
/// region that ends past it makes it grow; cells between read as the fill value. Threads that write
/// different cells past the end at once each land whole.
///
/// - `dtype`    the type of the elements in memory; converted to the array's: see "Memory"
/// - `rank`     the array's rank
/// - `start`    `rank` indices of the region's first cell; NULL for the origin
/// - `count`    `rank` extents of the region, in cells; NULL for all from `start` to the end
/// - `strides`  `rank` distances in memory, in elements, between neighbours along each dimension;
///              may be negative; NULL for contiguous C order
/// - `data`     the region's first cell; NULL only if the region has no cells
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_OUT_OF_RANGE if the region leaves the array or a
/// value does not fit, ATLAS_STATUS_TYPE_MISMATCH, ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_NO_SPACE or
/// ATLAS_STATUS_IO; the array is then as it was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_write_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    dtype: atlas_dtype,
    rank: usize,
    start: *const u64,
    count: *const u64,
    strides: *const i64,
    data: *const c_void,
) -> atlas_status {
    guard("atlas_write_array", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), region) = unsafe { (call.names(dataset, array)?, call.region(rank, start, count)?) };
        // SAFETY: likewise.
        let strides = unsafe { call.optional_extents(strides, rank) }?;
        // SAFETY: likewise.
        let source = unsafe { Source::from_raw(data.cast(), dtype, strides.as_deref()) };
        store.write_array(dataset, array, region.selection(), source)
    })
}

/// Read a region of an array.
///
/// - `dtype`    the type of the elements in memory; converted from the array's: see "Memory"
/// - `rank`     the array's rank
/// - `start`    `rank` indices of the region's first cell; NULL for the origin
/// - `count`    `rank` extents of the region, in cells; NULL for all from `start` to the end
/// - `strides`  `rank` distances in memory, in elements, between neighbours along each dimension;
///              may be negative; NULL for contiguous C order
/// - `data`     the region's first cell; NULL only if the region has no cells. What lies between
///              the strides is not touched
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_OUT_OF_RANGE if the region leaves the array or a
/// value does not fit, ATLAS_STATUS_TYPE_MISMATCH, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_read_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    dtype: atlas_dtype,
    rank: usize,
    start: *const u64,
    count: *const u64,
    strides: *const i64,
    data: *mut c_void,
) -> atlas_status {
    guard("atlas_read_array", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), region) = unsafe { (call.names(dataset, array)?, call.region(rank, start, count)?) };
        // SAFETY: likewise.
        let strides = unsafe { call.optional_extents(strides, rank) }?;
        // SAFETY: likewise.
        let target = unsafe { Target::from_raw(data.cast(), dtype, strides.as_deref()) };
        store.read_array(dataset, array, region.selection(), target)
    })
}

/// Append along dimension 0: grow it by `count[0]` and write the new cells.
///
/// - `dtype`    the type of the elements in memory; converted to the array's: see "Memory"
/// - `rank`     the array's rank, at least 1
/// - `count`    `rank` extents of what is appended, in cells; all but the first equal the array's
/// - `strides`  as for `atlas_write_array`
/// - `data`     the first cell; NULL only if there are no cells
///
/// Fails as `atlas_write_array` does; the array is then as it was. Appends from many threads each
/// land whole, in some order. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_append_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    dtype: atlas_dtype,
    rank: usize,
    count: *const u64,
    strides: *const i64,
    data: *const c_void,
) -> atlas_status {
    guard("atlas_append_array", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), count) = unsafe { (call.names(dataset, array)?, call.extents(count, rank, "count")?) };
        // SAFETY: likewise.
        let strides = unsafe { call.optional_extents(strides, rank) }?;
        // SAFETY: likewise.
        let source = unsafe { Source::from_raw(data.cast(), dtype, strides.as_deref()) };
        store.append_array(dataset, array, &count, source)
    })
}

/// Give dimension 0 of an array another extent.
///
/// Down, the cells beyond the new end are gone. Up, cells that were never written, or that are gone,
/// read as the fill value. Reads and writes see it at once; it is a change like any other.
///
/// - `length`  the new extent, in cells
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_INVALID_ARGUMENT for rank 0 or more cells than an
/// array can have, ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO; the array is then
/// as it was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_resize_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    length: u64,
) -> atlas_status {
    guard("atlas_resize_array", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) = unsafe { call.names(dataset, array) }?;
        store.resize_array(dataset, array, length)
    })
}

/// Give dimension 0 of an array an extent of at least `length`; where it has that, do nothing. Many
/// workers of a session can do it, where only one can append.
///
/// - `length`  the extent, in cells
///
/// Fails as `atlas_resize_array` does. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_extend_array(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    length: u64,
) -> atlas_status {
    guard("atlas_extend_array", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) = unsafe { call.names(dataset, array) }?;
        store.extend_array(dataset, array, length)
    })
}

/// Read the same region of one array from many datasets, stacked, in parallel.
///
/// - `n`         the number of datasets
/// - `datasets`  `n` names of datasets; each has the array, with this rank, and the region in it
/// - `dtype`     the type of the elements in memory; converted from each array's: see "Memory"
/// - `rank`      the arrays' rank, which does not count the stacked dimension
/// - `start`     `rank` indices of the region's first cell; NULL for the origin
/// - `count`     `rank` extents of the region, in cells; NULL for all from `start` to the end,
///               which must then be the same in every dataset
/// - `data`      `n` regions one after the other, each contiguous in C order
///
/// Fails as `atlas_read_array` does. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_read_across(
    store: atlas_store,
    array: *const c_char,
    n: usize,
    datasets: *const *const c_char,
    dtype: atlas_dtype,
    rank: usize,
    start: *const u64,
    count: *const u64,
    data: *mut c_void,
) -> atlas_status {
    guard("atlas_read_across", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let (array, datasets) = unsafe { (call.text(array, "array")?, call.texts(datasets, n, "datasets")?) };
        // SAFETY: likewise.
        let (region, target) =
            unsafe { (call.region(rank, start, count)?, Target::from_raw(data.cast(), dtype, None)) };
        store.read_across(array, &datasets, region.selection(), target)
    })
}

fn describe(info: &ArrayInfo, struct_size: usize) -> atlas_array_description {
    let padded = |extents: &[u64]| std::array::from_fn(|axis| extents.get(axis).copied().unwrap_or(0));
    let fill_bytes = match &info.fill_value {
        Some(FillValue::Bytes(bytes)) => bytes.as_slice(),
        _ => &[],
    };
    atlas_array_description {
        struct_size,
        dtype: info.dtype as atlas_dtype,
        has_fill_value: i32::from(info.fill_value.is_some()),
        rank: info.shape.len(),
        shape: padded(&info.shape),
        chunk_shape: padded(&info.chunk_shape),
        codec: codec_code(info.codec),
        level: info.level,
        shuffle: if info.shuffle { ATLAS_SWITCH_ON } else { ATLAS_SWITCH_OFF },
        pack: if info.pack { ATLAS_SWITCH_ON } else { ATLAS_SWITCH_OFF },
        fill_value: std::array::from_fn(|index| fill_bytes.get(index).copied().unwrap_or(0)),
        unlimited: if info.unlimited { ATLAS_SWITCH_ON } else { ATLAS_SWITCH_OFF },
        filter: filter_code(info.filter),
        keep_bits: info.keep_bits.unwrap_or_default() as i32,
        reserved: 0,
        piece_shape: padded(&info.piece_shape),
    }
}
