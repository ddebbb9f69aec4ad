//! Where chunks lie.

use crate::ChunkPlace;
use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::{atlas_chunk_place, atlas_store, codec_code};
use std::ffi::c_char;

/// # Places of chunks
///
/// Tell where the stored chunks of an array lie, so that other programs read them in place: the
/// format of blocks is that of Zarr's codecs. Of a chunk that is stored in pieces each piece that
/// lies in the array has a place, so that the array is to them one whose chunks are the pieces.
///
/// - `capacity`    the places that fit into `places`
/// - `places`      the places, by the pieces' numbers; NULL only if `capacity` is 0
/// - `count`       how many there are
/// - `buffer`, `buffer_capacity`, `needed`  the list of files, each as a path from the store's folder
///                 on: see "Text and lists". `file` of a place counts them from 0
/// - `generation`  the commit whose chunks these are; NULL if not wanted
///
/// They are those of the last commit that the handle sees. What was written since has no place yet:
/// such a chunk is given as it was in that commit, or not at all. A chunk that is not given is not
/// stored, and all its cells read as the fill value, or as zero without one. The files stay as long
/// as the commit is kept: see `atlas_generations`.
///
/// `count` and `needed` are written also when the call fails with ATLAS_STATUS_BUFFER_TOO_SMALL,
/// which it does where either does not fit.
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_CORRUPT or
/// ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_chunk_places(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    capacity: usize,
    places: *mut atlas_chunk_place,
    count: *mut usize,
    buffer: *mut c_char,
    buffer_capacity: usize,
    needed: *mut usize,
    generation: *mut u64,
) -> atlas_status {
    guard("atlas_chunk_places", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) = unsafe { call.names(dataset, array) }?;
        // SAFETY: likewise.
        let values = unsafe { call.values_out(places.cast(), capacity, count, ("places", "count")) }?;
        // SAFETY: likewise.
        let (files, generation) =
            unsafe { (call.text_out(buffer, buffer_capacity, needed)?, call.optional_out(generation)) };
        let found = store.chunk_places(dataset, array)?;
        let listed = files.list(&found.files);
        values.each(found.places.iter().map(describe))?;
        listed?;
        generation.set(found.generation);
        Ok(())
    })
}

fn describe(place: &ChunkPlace) -> atlas_chunk_place {
    atlas_chunk_place {
        number: place.number,
        file: place.file as u64,
        offset: place.offset,
        stored_len: place.stored_len.into(),
        raw_len: place.raw_len.into(),
        at: place.at.into(),
        len: place.len.into(),
        checksum: place.checksum.map_or(u64::MAX, u64::from),
        codec: codec_code(place.codec),
        shuffle: place.shuffle.into(),
        delta: place.delta.into(),
        reserved: 0,
    }
}
