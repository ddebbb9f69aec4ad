//! Statistics.

use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::{atlas_dtype, atlas_stats, atlas_store};
use crate::{DType, Scalar, Stats};
use std::ffi::c_char;

/// # Statistics
///
/// Give the statistics of an array, as of the last flush.
///
/// - `out`  the statistics
///
/// Fails with ATLAS_STATUS_NO_STATS before the array's first flush, and again from any write to it
/// until the next; or with ATLAS_STATUS_NOT_FOUND. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_array_stats(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    out: *mut atlas_stats,
) -> atlas_status {
    guard("atlas_array_stats", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let ((dataset, array), out) = unsafe { (call.names(dataset, array)?, call.out(out, "out")?) };
        let stats = store.array_stats(dataset, array)?;
        out.set(describe(&stats, store.array_info(dataset, array)?.dtype));
        Ok(())
    })
}

/// Give the statistics of one chunk, as of the last flush: to skip chunks that cannot hold what is
/// looked for.
///
/// - `rank`   the array's rank
/// - `chunk`  `rank` indices of the chunk: a cell's indices divided by the chunk shape's extents,
///            rounded down
/// - `out`    the statistics; `row_count` counts the chunk's cells inside the array
///
/// Fails with ATLAS_STATUS_NO_STATS as `atlas_array_stats` does, ATLAS_STATUS_OUT_OF_RANGE,
/// ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_chunk_stats(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    rank: usize,
    chunk: *const u64,
    out: *mut atlas_stats,
) -> atlas_status {
    guard("atlas_chunk_stats", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) = unsafe { call.names(dataset, array) }?;
        // SAFETY: likewise.
        let (chunk, out) = unsafe { (call.extents(chunk, rank, "chunk")?, call.out(out, "out")?) };
        let stats = store.chunk_stats(dataset, array, &chunk)?;
        out.set(describe(&stats, store.array_info(dataset, array)?.dtype));
        Ok(())
    })
}

fn describe(stats: &Stats, dtype: DType) -> atlas_stats {
    let (min, max) = stats.range.unwrap_or((Scalar::Uint(0), Scalar::Uint(0)));
    atlas_stats {
        row_count: stats.row_count,
        null_count: stats.null_count,
        has_range: i32::from(stats.range.is_some()),
        dtype: dtype as atlas_dtype,
        min: float(min),
        max: float(max),
        min_int: int(min, dtype),
        max_int: int(max, dtype),
        min_uint: uint(min, dtype),
        max_uint: uint(max, dtype),
    }
}

fn float(value: Scalar) -> f64 {
    match value {
        Scalar::Int(value) => value as f64,
        Scalar::Uint(value) => value as f64,
        Scalar::Float(value) => value,
    }
}

/// Exact where the header says so, else 0. A bool is both an `Int` and a `Uint`.
fn int(value: Scalar, dtype: DType) -> i64 {
    match value {
        Scalar::Int(value) => value,
        Scalar::Uint(value) if dtype == DType::Bool => i64::from(value != 0),
        _ => 0,
    }
}

fn uint(value: Scalar, dtype: DType) -> u64 {
    match value {
        Scalar::Uint(value) => value,
        Scalar::Int(value) if dtype == DType::Bool => u64::from(value != 0),
        _ => 0,
    }
}
