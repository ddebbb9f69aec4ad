//! Sessions: several handles that write one store.

use crate::Store;
use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::*;
use std::ffi::{c_char, c_void};
use std::path::Path;

/// # Sessions: many writers, one commit
///
/// One handle, open for writing, begins a session and gives its *ticket* to *workers*: other threads,
/// processes or machines that see the same storage. Each makes a handle of the ticket, writes, and
/// exports what it wrote as bytes, which go back to the first handle by whatever the program has: MPI,
/// a file, a pipe. That handle imports them and flushes. The flush is the one commit: before it, readers
/// see nothing of what workers did, and after it all.
///
/// Begin a session, or renew the one that is on, and get its ticket.
///
/// Workers see the last commit and the definitions made since; not values that are not flushed. The
/// session lasts until `atlas_session_end` or until the handle is closed. After a flush, call this again
/// and `atlas_renew` on workers that are to see the commit; a worker that goes on with an earlier ticket
/// may find values gone that were replaced since.
///
/// - `options`   NULL for the defaults
/// - `buffer`    gets the ticket
/// - `capacity`  bytes that `buffer` holds
/// - `needed`    the ticket's bytes
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*needed` set; ATLAS_STATUS_NOT_FOUND if there is no
/// dataset of a name in the options; ATLAS_STATUS_INVALID_ARGUMENT for over 2^24 workers;
/// ATLAS_STATUS_READ_ONLY; ATLAS_STATUS_UNSUPPORTED on a worker. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_session_begin(
    store: atlas_store,
    options: *const atlas_session_options,
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_session_begin", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (out, c) =
            unsafe { (call.values_out(buffer, capacity, needed, ("buffer", "needed"))?, call.options(options)?) };
        // SAFETY: likewise.
        let datasets = unsafe { call.texts(c.datasets, c.dataset_count, "datasets") }?;
        let datasets = (c.dataset_count > 0).then_some(&datasets[..]);
        let ticket = store.session_begin(crate::SessionOptions { datasets, workers: c.workers })?;
        out.bytes(&ticket)
    })
}

/// End the session, if one is on: the files of workers that were not imported are removed, and what
/// workers export from now on is refused.
///
/// Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if values were imported that are not flushed,
/// ATLAS_STATUS_READ_ONLY, or ATLAS_STATUS_UNSUPPORTED on a worker. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_session_end(store: atlas_store) -> atlas_status {
    guard("atlas_session_end", |call| call.store(store)?.session_end())
}

/// The workers from whom nothing was imported since the last flush, of as many as the option `workers`
/// has said: none where it has not.
///
/// - `capacity`  numbers that `workers` holds
/// - `workers`   gets the numbers, ascending
/// - `count`     how many there are
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*count` set; ATLAS_STATUS_CONFLICT if no session is on.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_session_missing(
    store: atlas_store,
    capacity: usize,
    workers: *mut u32,
    count: *mut usize,
) -> atlas_status {
    guard("atlas_session_missing", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.values_out(workers.cast(), capacity, count, ("workers", "count")) }?;
        out.each(store.session_missing()?.into_iter())
    })
}

/// Make a worker: a handle of a ticket.
///
/// It takes no lock, reads no file of the store until values are asked for, and commits nothing. It can
/// create datasets and define arrays (what many workers define alike is defined once), set attributes,
/// write any region, append to an array that no other worker appends to, and read: what the ticket knows
/// and what it has written itself. To delete, rename, shrink, flush, compact, roll back and pin is
/// ATLAS_STATUS_UNSUPPORTED. Close it when it has exported what it wrote; `atlas_discard` drops that.
///
/// - `ticket`   of `atlas_session_begin`
/// - `length`   its bytes
/// - `worker`   the worker's number: no other that is at work has it
/// - `path`     the store's directory as this machine sees it, or its URL; NULL: as in the ticket
/// - `options`  NULL for the defaults
/// - `out`      the handle; 0 on failure
///
/// Fails with ATLAS_STATUS_INVALID_ARGUMENT if it is no ticket, ATLAS_STATUS_UNSUPPORTED if it is of
/// another version of the library, or ATLAS_STATUS_CORRUPT. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_open_worker(
    ticket: *const c_void,
    length: usize,
    worker: u32,
    path: *const c_char,
    options: *const atlas_open_options,
    out: *mut atlas_store,
) -> atlas_status {
    guard("atlas_open_worker", |call| {
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(0);
        // SAFETY: likewise.
        let (ticket, path) = unsafe { (call.bytes(ticket, length, "ticket")?, call.optional_path(path)?) };
        // SAFETY: likewise.
        let options = unsafe { call.open_options(options) }?;
        out.set(call.new_handle(|| Store::open_worker(ticket, worker, path.map(Path::new), options))?);
        Ok(())
    })
}

/// Write what changed on a worker since its last export, make it durable, and get it as bytes for
/// `atlas_import`.
///
/// Where nothing has changed these are a few bytes, by which the worker is known to be done. If the
/// buffer is too small the export waits for the next call; what is written in between is part of the
/// one after it.
///
/// - `buffer`    gets the export
/// - `capacity`  bytes that `buffer` holds
/// - `needed`    the export's bytes
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL, and `*needed` set; ATLAS_STATUS_INVALID_ARGUMENT if the
/// handle is no worker; ATLAS_STATUS_NO_SPACE or ATLAS_STATUS_IO, after which nothing is lost and it can be
/// called again; ATLAS_STATUS_POISONED if an fsync failed. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_export(
    worker: atlas_store,
    buffer: *mut c_void,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_export", |call| {
        let worker = call.store(worker)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.values_out(buffer, capacity, needed, ("buffer", "needed")) }?;
        worker.export_to(|bytes| {
            let taken = out.bytes(bytes);
            (taken.is_ok(), taken)
        })?
    })
}

/// Have a worker go on from a later ticket of its session: it sees the commits made since. What it has
/// exported and no flush has committed it does not see any more.
///
/// Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if the worker has something to export,
/// ATLAS_STATUS_CONFLICT if the ticket is of another session, or as `atlas_open_worker` does. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_renew(worker: atlas_store, ticket: *const c_void, length: usize) -> atlas_status {
    guard("atlas_renew", |call| {
        let worker = call.store(worker)?;
        // SAFETY: the caller keeps the header's contract.
        worker.renew(unsafe { call.bytes(ticket, length, "ticket") }?)
    })
}

/// Take over what workers have exported: all of it, or on failure nothing.
///
/// It is then as if this handle had written it; `atlas_flush` commits it. The order of the exports means
/// nothing, and what was imported already is left out. Chunks of which two workers have written different
/// cells are put together; no two may have written the same cell.
///
/// - `count`    exports
/// - `exports`  their bytes, as `atlas_export` gave them
/// - `lengths`  how many bytes each has
///
/// Fails with ATLAS_STATUS_CONFLICT if two workers, or a worker and this handle, have written one cell, if
/// definitions or attributes differ, if two workers have appended to one array, if an export is of
/// another session, or if one before it is missing; the text names the workers, the dataset, the array and
/// the chunk. ATLAS_STATUS_CORRUPT if an export or a file is damaged, ATLAS_STATUS_NOT_FOUND if a file
/// is gone, ATLAS_STATUS_INVALID_ARGUMENT if bytes are no export, ATLAS_STATUS_UNSUPPORTED if a worker has not
/// synced its files and this handle syncs. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_import(
    store: atlas_store,
    count: usize,
    exports: *const *const c_void,
    lengths: *const usize,
) -> atlas_status {
    guard("atlas_import", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let exports = unsafe { call.byte_lists(exports, lengths, count, "exports") }?;
        store.import(&exports)
    })
}
