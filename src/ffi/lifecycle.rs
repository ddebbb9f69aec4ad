//! Stores: create, open, flush, close, and what is done to a store as a whole.

use crate::ffi::callbacks::Report;
use crate::ffi::guard::guard;
use crate::ffi::status::atlas_status;
use crate::ffi::types::*;
use crate::{ErrorKind, MetaFormat, Mode, Store, StoreInfo};
use std::ffi::{c_char, c_void};
use std::time::Duration;

/// # Stores
///
/// Create a store and open it for reading and writing.
///
/// The directory is made if it is missing (its parent must exist) and may exist if it is empty. The
/// empty store is on the disk when this returns. Where there is a store already, the option
/// `if_exists` says what to do: fail, open it, or begin it anew.
///
/// - `path`     the store's directory, or its URL
/// - `options`  NULL for the defaults
/// - `out`      the handle; 0 on failure
///
/// Fails with ATLAS_STATUS_ALREADY_EXISTS if there is a store, ATLAS_STATUS_INVALID_ARGUMENT if
/// there is anything else in the directory, ATLAS_STATUS_NOT_FOUND if the parent is missing,
/// ATLAS_STATUS_LOCKED (see `lock_timeout_ms`), ATLAS_STATUS_IO or ATLAS_STATUS_NO_SPACE, and where a
/// store is opened as `atlas_open` does. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_create(
    path: *const c_char,
    options: *const atlas_create_options,
    out: *mut atlas_store,
) -> atlas_status {
    guard("atlas_create", |call| {
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(0);
        // SAFETY: likewise.
        let (path, options) = unsafe { (call.path(path)?, call.create_options(options)?) };
        out.set(call.new_handle(|| Store::create(path, options))?);
        Ok(())
    })
}

/// Open a store.
///
/// - `path`     the store's directory, or its URL
/// - `mode`     ATLAS_MODE_READ: see the last commit, until `atlas_refresh`; any number of readers,
///              beside a writer. ATLAS_MODE_READ_WRITE: be the one writer
/// - `options`  NULL for the defaults
/// - `out`      the handle; 0 on failure
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no store, ATLAS_STATUS_LOCKED if another writer
/// has it (the text says who; `lock_timeout_ms` waits for it), ATLAS_STATUS_CORRUPT,
/// ATLAS_STATUS_UNSUPPORTED if a newer library wrote it, or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_open(
    path: *const c_char,
    mode: atlas_mode,
    options: *const atlas_open_options,
    out: *mut atlas_store,
) -> atlas_status {
    guard("atlas_open", |call| {
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(0);
        // SAFETY: likewise.
        let (path, options) = unsafe { (call.path(path)?, call.open_options(options)?) };
        let mode = call.mode(mode)?;
        out.set(call.new_handle(|| Store::open(path, mode, options))?);
        Ok(())
    })
}

/// Open an earlier commit for reading, or the last one by its number: see `atlas_generations`.
///
/// - `path`        the store's directory, or its URL
/// - `generation`  the commit
/// - `options`     NULL for the defaults
/// - `out`         the handle, as of ATLAS_MODE_READ; 0 on failure. `atlas_refresh` moves it on to the
///                 last commit
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no store or it does not keep that commit (the text
/// says which it keeps), or as `atlas_open` does. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_open_at(
    path: *const c_char,
    generation: u64,
    options: *const atlas_open_options,
    out: *mut atlas_store,
) -> atlas_status {
    guard("atlas_open_at", |call| {
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(0);
        // SAFETY: likewise.
        let (path, options) = unsafe { (call.path(path)?, call.open_options(options)?) };
        out.set(call.new_handle(|| Store::open_at(path, generation, options))?);
        Ok(())
    })
}

/// Commit every change since the last flush, all together, and wait until it is on the disk.
///
/// This is the one durability boundary. After a crash at any instant the store is as one completed
/// flush left it. Works out the statistics of what changed. Without changes it does nothing.
///
/// Fails with ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_NO_SPACE (the changes stay in memory: make room
/// and flush again), ATLAS_STATUS_INVALID_ARGUMENT if a dimension's name has two lengths in a dataset
/// (see "Dimensions"; nothing is lost), ATLAS_STATUS_CONFLICT if another writer got in between,
/// ATLAS_STATUS_IO or ATLAS_STATUS_POISONED. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_flush(store: atlas_store) -> atlas_status {
    guard("atlas_flush", |call| call.store(store)?.flush())
}

/// Begin a flush of every change made so far, and do not wait for it: it goes on beside the calls.
///
/// What is changed from now on belongs to the next flush, which may be begun before this one is
/// over: each commits what was there when it began, in that order. One that fails takes those
/// begun after it along, and nothing is lost. If one has failed and nobody has heard of it yet, its
/// error is returned and nothing is begun. Only when several are under way does this call wait.
/// `atlas_flush`, `atlas_close`, `atlas_compact` and `atlas_discard` wait for all of them. With
/// ATLAS_THREADS_INLINE this call does all the work.
///
/// Fails with ATLAS_STATUS_READ_ONLY or ATLAS_STATUS_POISONED, or like a flush before. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_flush_begin(store: atlas_store) -> atlas_status {
    guard("atlas_flush_begin", |call| call.store(store)?.flush_begin())
}

/// Tell whether every flush that was begun is over.
///
/// Fails with ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_flush_test(store: atlas_store, out: *mut bool) -> atlas_status {
    guard("atlas_flush_test", |call| {
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(call.store(store)?.flush_test()?);
        Ok(())
    })
}

/// Wait for every flush that was begun, and for their commits to be on the disk.
///
/// Returns at once if none is under way. Fails as `atlas_flush` does, once, when one has failed:
/// nothing is lost, and the next flush writes what that one did not. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_flush_wait(store: atlas_store) -> atlas_status {
    guard("atlas_flush_wait", |call| call.store(store)?.flush_wait())
}

/// Flush, then release the handle and the lock. A store that is open for reading is only released.
///
/// When the flush fails the handle stays open and nothing is lost: close again, or discard.
///
/// A process that ends with a store whose changes are not flushed loses them. Its end (exit, or the
/// return of main) says so, in one line on standard error for each such store that has no `log`. A
/// `log` is not called then: what it works with may be gone.
///
/// Fails as `atlas_flush` does, but not with ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_close(store: atlas_store) -> atlas_status {
    guard("atlas_close", |call| {
        call.store(store)?.close()?;
        call.forget(store);
        Ok(())
    })
}

/// Release the handle and the lock without a flush: every change since the last one is gone.
///
/// For destructors and finalizers. It leaves the thread's error text alone unless the handle is
/// invalid or this is a callback of the store, which are the only failures. In a child made by fork, where a handle of the parent names
/// nothing, it does nothing and succeeds. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_discard(store: atlas_store) -> atlas_status {
    guard("atlas_discard", |call| {
        match call.store(store) {
            Err(error) if error.kind() == ErrorKind::Forked => return Ok(()),
            found => {
                let found = found?;
                found.check_not_calling_back()?;
                found.discard();
            }
        }
        call.forget(store);
        Ok(())
    })
}

/// Give back the space of deleted and overwritten data, by rewriting what is alive. Commits by
/// itself, atomically.
///
/// Never needed for correctness. Readers of earlier snapshots go on. Earlier commits that the store
/// was told to keep (keep_generations, pins) stay, with the files that they need; others can no
/// longer be gone back to.
///
/// Fails with ATLAS_STATUS_UNFLUSHED_CHANGES if anything changed since the last flush,
/// ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CANCELLED, or as `atlas_flush` does; the store is then as
/// it was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_compact(store: atlas_store) -> atlas_status {
    guard("atlas_compact", |call| call.store(store)?.compact())
}

/// List the commits that can be opened with `atlas_open_at` and gone back to with `atlas_rollback`.
///
/// - `generations`  their numbers, ascending; the last is the store's last commit. NULL only if
///                  `capacity` is 0
/// - `capacity`     the numbers that fit into `generations`
/// - `count`        how many there are, written also when they do not fit
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_generations(
    store: atlas_store,
    capacity: usize,
    generations: *mut u64,
    count: *mut usize,
) -> atlas_status {
    guard("atlas_generations", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.values_out(generations.cast(), capacity, count, ("generations", "count")) }?;
        let found = store.generations()?;
        out.fill(found.len(), size_of::<u64>(), |bytes| {
            for (place, generation) in bytes.chunks_exact_mut(size_of::<u64>()).zip(found) {
                place.copy_from_slice(&generation.to_ne_bytes());
            }
            Ok(())
        })
    })
}

/// Tell the store how many earlier commits it keeps, as the option `keep_generations` of
/// `atlas_create` does.
///
/// It is a change like any other: the next flush makes it durable, and is the first commit that
/// keeps, or drops, what it says.
///
/// - `count`  earlier commits that can be gone back to, compactions or not; ATLAS_KEEP_NONE: none;
///            0: the one before the last, until a compaction
///
/// Fails with ATLAS_STATUS_INVALID_ARGUMENT or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn atlas_set_keep_generations(store: atlas_store, count: i32) -> atlas_status {
    guard("atlas_set_keep_generations", |call| {
        let (store, count) = (call.store(store)?, call.kept(count, "count")?);
        store.set_keep_generations(count)
    })
}

/// Pin the last commit under a name: it can be opened and gone back to, and its files stay, whatever
/// is flushed, compacted and rolled back, until `atlas_unpin`.
///
/// Changes that are not flushed are not part of it. It is a change like any other: the next flush
/// makes it durable. Waits for flushes that were begun.
///
/// - `name`  the pin: 1 to 255 bytes, no control characters
///
/// Fails with ATLAS_STATUS_ALREADY_EXISTS if there is a pin of that name,
/// ATLAS_STATUS_INVALID_ARGUMENT or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_pin(store: atlas_store, name: *const c_char) -> atlas_status {
    guard("atlas_pin", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let name = unsafe { call.text(name, "name") }?;
        store.pin(name).map(drop)
    })
}

/// Take a pin away. From the next flush on its commit is kept only as far as the store keeps
/// commits (keep_generations).
///
/// - `name`  the pin
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_unpin(store: atlas_store, name: *const c_char) -> atlas_status {
    guard("atlas_unpin", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let name = unsafe { call.text(name, "name") }?;
        store.unpin(name)
    })
}

/// List the names of all pins, in the order in which they were made. A store that is open for
/// reading lists those of the last commit, whichever it sees.
///
/// - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
///
/// Fails with ATLAS_STATUS_BUFFER_TOO_SMALL or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_pin_names(
    store: atlas_store,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_pin_names", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.text_out(buffer, capacity, needed) }?;
        let names: Vec<_> = store.pins()?.into_iter().map(|pin| pin.name).collect();
        out.list(&names)
    })
}

/// Give the commit that a pin names: `atlas_open_at` opens it.
///
/// - `name`  the pin
/// - `out`   its generation
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_pin_generation(store: atlas_store, name: *const c_char, out: *mut u64) -> atlas_status {
    guard("atlas_pin_generation", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (name, out) = unsafe { (call.text(name, "name")?, call.out(out, "out")?) };
        out.set(store.pin_generation(name)?);
        Ok(())
    })
}

/// Make the store what it was at an earlier commit, as a new commit, and wait until that is on the
/// disk.
///
/// It can be undone in the same way, as long as the commit gone back from is kept. Readers see it
/// when they refresh. To go back to the last commit changes nothing. Pins stay as they are, and what
/// they keep, those that were made after that commit, too.
///
/// - `generation`  one of `atlas_generations`
///
/// Fails with ATLAS_STATUS_NOT_FOUND if the store does not keep that commit (the text says which it
/// keeps), ATLAS_STATUS_UNFLUSHED_CHANGES if anything changed since the last flush,
/// ATLAS_STATUS_READ_ONLY, ATLAS_STATUS_CORRUPT, or as `atlas_flush` does; the store is then as it
/// was. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_rollback(store: atlas_store, generation: u64) -> atlas_status {
    guard("atlas_rollback", |call| call.store(store)?.rollback(generation))
}

/// Move a store that is open for reading on to the last commit. `atlas_store_info` tells which that
/// is.
///
/// Without a newer commit, and for the writer, whose own commits are the last ones, it does
/// nothing.
///
/// Fails with ATLAS_STATUS_CORRUPT or ATLAS_STATUS_IO; the handle then keeps its snapshot.
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_refresh(store: atlas_store) -> atlas_status {
    guard("atlas_refresh", |call| call.store(store)?.refresh().map(drop))
}

/// Wait until there is a newer commit than the one that a store, open for reading, sees.
///
/// It does not move on to it: call `atlas_refresh`. Looks at the store's root every 1 to 50
/// milliseconds, which works on every file system, and keeps no other call of the handle waiting.
///
/// - `timeout_ms`  how long to wait; 0 to look once, ATLAS_WAIT_FOREVER
/// - `out`         true: there is a newer commit; false: the time is over
///
/// Fails with ATLAS_STATUS_INVALID_ARGUMENT for a store that is open for writing, to which nobody
/// else commits, with ATLAS_STATUS_INVALID_HANDLE if another thread closes the handle meanwhile,
/// ATLAS_STATUS_NOT_FOUND if the store is gone, or ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_wait_for_commit(store: atlas_store, timeout_ms: u64, out: *mut bool) -> atlas_status {
    guard("atlas_wait_for_commit", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.out(out, "out") }?;
        out.set(store.wait_for_commit(Duration::from_millis(timeout_ms))?);
        Ok(())
    })
}

/// Read every byte of the committed store, and of commits that pins name, and compare it with its
/// checksums. Of other earlier commits that are kept, only what lists their contents is read.
///
/// - `on_damage`     called for every damaged place, on this thread; may be NULL
/// - `user_data`     handed to `on_damage`
/// - `damage_count`  the number of damaged places, written also when the call fails with
///                   ATLAS_STATUS_CORRUPT; may be NULL
///
/// Fails with ATLAS_STATUS_CORRUPT if anything is damaged, ATLAS_STATUS_CANCELLED or
/// ATLAS_STATUS_IO. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_verify(
    store: atlas_store,
    on_damage: atlas_damage_fn,
    user_data: *mut c_void,
    damage_count: *mut u64,
) -> atlas_status {
    guard("atlas_verify", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.optional_out(damage_count) };
        let mut report = Report::new(on_damage, user_data);
        let count = store.verify(&mut |damage| report.add(damage))?;
        out.set(count);
        report.result(count)
    })
}

/// Describe a store.
///
/// - `out`  the description; set its `struct_size` first
///
/// Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_store_info(store: atlas_store, out: *mut atlas_store_description) -> atlas_status {
    guard("atlas_store_info", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let out = unsafe { call.description(out, "out") }?;
        out.set(&describe(&store.info()?, out.struct_size));
        Ok(())
    })
}

fn describe(info: &StoreInfo, struct_size: usize) -> atlas_store_description {
    atlas_store_description {
        struct_size,
        mode: match info.mode {
            Mode::Read => ATLAS_MODE_READ,
            Mode::ReadWrite => ATLAS_MODE_READ_WRITE,
        },
        meta_format: match info.meta_format {
            MetaFormat::Json => ATLAS_META_FORMAT_JSON,
            MetaFormat::MsgPack => ATLAS_META_FORMAT_MSGPACK,
        },
        meta_compression: if info.meta_zstd { ATLAS_COMPRESSION_ZSTD } else { ATLAS_COMPRESSION_NONE },
        unflushed_changes: i32::from(info.unflushed_changes),
        generation: info.generation,
        dataset_count: info.dataset_count,
        array_file_count: info.array_file_count,
        segment_count: info.segment_count,
        live_bytes: info.live_bytes,
        dead_bytes: info.dead_bytes,
        keep_generations: match info.keep_generations {
            None => 0,
            Some(0) => ATLAS_KEEP_NONE.into(),
            Some(count) => count.into(),
        },
    }
}
