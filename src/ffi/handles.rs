//! Handles: the numbers that stand for open stores.
//!
//! The map is versioned, so a number that was closed is refused even when its place is in use again. Its lock is held
//! only to look up or change one entry, never while a store works.

use crate::Store;
use crate::base::error::{ErrorKind, Result};
use crate::base::process::PerProcess;
use crate::ffi::guard::Call;
use crate::ffi::types::atlas_store;
use ffi_support::{Handle, HandleMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Stores open at once in one process. Less than what the map holds before it panics.
const LIMIT: usize = 16384;

/// A child made by fork has a map of its own: a thread of its parent may have held the parent's.
static STORES: PerProcess<RwLock<HandleMap<Arc<Store>>>> = PerProcess::new(RwLock::default);

fn read() -> RwLockReadGuard<'static, HandleMap<Arc<Store>>> {
    STORES.get().read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, HandleMap<Arc<Store>>> {
    STORES.get().write().unwrap_or_else(PoisonError::into_inner)
}

impl Call {
    /// The store behind a handle.
    pub(super) fn store(self, handle: atlas_store) -> Result<Arc<Store>> {
        let store = Handle::from_u64(handle).and_then(|handle| read().get(handle).cloned());
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
        self.check_room(read().len())?;
        let store = make()?;
        let mut stores = write();
        self.check_room(stores.len())?;
        Ok(stores.insert(store).into_u64())
    }

    /// Makes a handle name nothing. Returns the store that it named, none if it was gone already.
    pub(super) fn forget(self, handle: atlas_store) -> Option<Arc<Store>> {
        Handle::from_u64(handle).and_then(|handle| write().remove(handle)).ok()
    }

    fn check_room(self, open: usize) -> Result<()> {
        if open < LIMIT {
            return Ok(());
        }
        Err(self.error(ErrorKind::OutOfMemory, format_args!("{open} stores are open, which is the limit")))
    }
}
