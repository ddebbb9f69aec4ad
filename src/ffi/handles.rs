//! Handles: the numbers that stand for open stores.
//!
//! The map is versioned, so a number that was closed is refused even when its place is in use again. Its lock is held
//! only to look up or change one entry, never while a store works.
//!
//! Here is also what is said at the process's end of stores that nobody closed.

use crate::Store;
use crate::base::error::{ErrorKind, Result};
use crate::base::process::PerProcess;
use crate::ffi::guard::Call;
use crate::ffi::types::atlas_store;
use ffi_support::{Handle, HandleMap};
use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::sync::{Arc, Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Stores open at once in one process. Less than what the map holds before it panics.
const LIMIT: usize = 16384;

/// A child made by fork has a map of its own: a thread of its parent may have held the parent's.
static STORES: PerProcess<RwLock<Stores>> = PerProcess::new(RwLock::default);

#[derive(Default)]
struct Stores {
    open: HandleMap<Arc<Store>>,
    /// All that are open.
    handles: BTreeSet<u64>,
}

/// What the C library calls at the process's end, after destructors of C++ that are due before: a line on standard error for
/// each store that loses changes. It waits for nothing that another thread may hold, and calls no log of the caller's: that
/// may take what it is given from a stack frame, or a runtime, that is gone. A child made by fork has no stores of its parent.
extern "C" fn at_exit() {
    // No panic leaves it, and there is nobody to tell of one.
    let _ = catch_unwind(|| {
        let Ok(stores) = STORES.get().try_read() else { return };
        let stores = stores.handles.iter().filter_map(|handle| stores.open.get(Handle::from_u64(*handle).ok()?).ok());
        for loss in stores.filter_map(|store| store.loss_at_exit()) {
            let line = format!("atlas: {loss}\n");
            // SAFETY: as many bytes as there are. What cannot be written is lost: standard error may be closed.
            unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
        }
    });
}

fn read() -> RwLockReadGuard<'static, Stores> {
    STORES.get().read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Stores> {
    STORES.get().write().unwrap_or_else(PoisonError::into_inner)
}

impl Call {
    /// The store behind a handle.
    pub(super) fn store(self, handle: atlas_store) -> Result<Arc<Store>> {
        let store = Handle::from_u64(handle).and_then(|handle| read().open.get(handle).cloned());
        store.map_err(|_| match STORES.is_inherited() {
            true => self.error(
                ErrorKind::Forked,
                format_args!(
                    "handle {handle:#x} was not opened by this process, which was forked: open the store here"
                ),
            ),
            false => self.error(ErrorKind::InvalidHandle, format_args!("handle {handle:#x} is not an open store")),
        })
    }

    /// A handle for the store that `make` gives. Nothing is made when there is no room for it.
    pub(super) fn new_handle(self, make: impl FnOnce() -> Result<Arc<Store>>) -> Result<atlas_store> {
        static HOOK: Once = Once::new();
        // SAFETY: the function can be called at any time. Without the hook nothing is said.
        HOOK.call_once(|| _ = unsafe { libc::atexit(at_exit) });
        self.check_room(read().open.len())?;
        let store = make()?;
        let mut stores = write();
        self.check_room(stores.open.len())?;
        let handle = stores.open.insert(store).into_u64();
        stores.handles.insert(handle);
        Ok(handle)
    }

    /// Makes a handle name nothing. Returns the store that it named, none if it was gone already.
    pub(super) fn forget(self, handle: atlas_store) -> Option<Arc<Store>> {
        let mut stores = write();
        stores.handles.remove(&handle);
        Handle::from_u64(handle).and_then(|handle| stores.open.remove(handle)).ok()
    }

    fn check_room(self, open: usize) -> Result<()> {
        if open < LIMIT {
            return Ok(());
        }
        Err(self.error(ErrorKind::OutOfMemory, format_args!("{open} stores are open, which is the limit")))
    }
}
