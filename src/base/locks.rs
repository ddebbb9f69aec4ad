//! Locks that a panic may have left behind: what they protect can no longer be trusted.

use crate::base::error::{Error, Result, error};
use crate::base::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// What a call says that comes upon such a lock.
pub(crate) fn after_panic() -> Error {
    error!(Internal, "an earlier internal error left the store unusable: discard and reopen it")
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> Result<RwLockReadGuard<'_, T>> {
    lock.read().map_err(|_| after_panic())
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> Result<RwLockWriteGuard<'_, T>> {
    lock.write().map_err(|_| after_panic())
}

pub(crate) fn lock<T>(lock: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    lock.lock().map_err(|_| after_panic())
}
