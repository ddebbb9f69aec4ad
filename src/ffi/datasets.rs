//! Datasets.

use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::atlas_store;
use std::ffi::c_char;

/// # Datasets
///
/// Add a dataset without arrays or attributes.
///
/// - `dataset`  a name; it may hold '/', which means nothing to the store
///
/// Fails with ATLAS_STATUS_ALREADY_EXISTS or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_create_dataset(store: atlas_store, dataset: *const c_char) -> atlas_status {
    guard("atlas_create_dataset", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        store.create_dataset(unsafe { call.text(dataset, "dataset") }?).map(drop)
    })
}

/// Delete a dataset with its arrays and attributes.
///
/// The bytes on disk stay until `atlas_compact` at the latest. The name is free again at once.
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_delete_dataset(store: atlas_store, dataset: *const c_char) -> atlas_status {
    guard("atlas_delete_dataset", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        store.delete_dataset(unsafe { call.text(dataset, "dataset") }?)
    })
}

/// Give a dataset another name.
///
/// Nothing is moved, however large it is: its arrays and their files are what they were. From then
/// on it is the last in the order of datasets.
///
/// - `name`  the new name
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_ALREADY_EXISTS if there is a dataset `name`, or
/// ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_rename_dataset(
    store: atlas_store,
    dataset: *const c_char,
    name: *const c_char,
) -> atlas_status {
    guard("atlas_rename_dataset", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, name) = unsafe { (call.text(dataset, "dataset")?, call.text(name, "name")?) };
        store.rename_dataset(dataset, name)
    })
}

/// Copy a dataset: attributes, definitions, and values, unflushed ones included.
///
/// It takes memory for a chunk at a time, beside what `to` keeps of written values. The copy becomes
/// durable with the next flush of `to`. Until this returns, other threads see the copy grow, and a
/// flush of theirs commits what there is of it. Where this fails, the copy is deleted.
///
/// - `from`     the store that has the dataset; a reader will do
/// - `dataset`  the dataset
/// - `to`       the store that gets the copy, open for writing; it may be `from`
/// - `name`     the copy's name
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_ALREADY_EXISTS if `to` has a dataset `name`,
/// ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CONFLICT if another thread deletes or replaces an array of
/// the dataset meanwhile, or ATLAS_STATUS_INVALID_ARGUMENT if a dimension's name has two lengths in
/// it, as older libraries allowed. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_copy_dataset(
    from: atlas_store,
    dataset: *const c_char,
    to: atlas_store,
    name: *const c_char,
) -> atlas_status {
    guard("atlas_copy_dataset", |call| {
        let (from, to) = (call.store(from)?, call.store(to)?);
        // SAFETY: the caller keeps the header's contract.
        let (dataset, name) = unsafe { (call.text(dataset, "dataset")?, call.text(name, "name")?) };
        from.copy_dataset(dataset, &to, name)
    })
}

/// Tell whether there is a dataset of this name. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_has_dataset(store: atlas_store, dataset: *const c_char, out: *mut bool) -> atlas_status {
    guard("atlas_has_dataset", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, out) = unsafe { (call.text(dataset, "dataset")?, call.out(out, "out")?) };
        out.set(store.has_dataset(dataset)?);
        Ok(())
    })
}

/// Count the datasets. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_dataset_count(store: atlas_store, out: *mut usize) -> atlas_status {
    guard("atlas_dataset_count", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(store.dataset_count()?);
        Ok(())
    })
}

/// List the names of all datasets, in the order in which they were created.
///
/// - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_dataset_names(
    store: atlas_store,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_dataset_names", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.text_out(buffer, capacity, needed) }?;
        store.with_dataset_names(|names| out.joined(names))
    })
}

/// Give the name of one dataset.
///
/// - `index`                         its place in the order of creation, from 0
/// - `buffer`, `capacity`, `needed`  the name: see "Text and lists"
///
/// Fails with ATLAS_STATUS_OUT_OF_RANGE or ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_dataset_name(
    store: atlas_store,
    index: usize,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_dataset_name", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.text_out(buffer, capacity, needed) }?;
        out.set(&store.dataset_name_at(index)?)
    })
}
