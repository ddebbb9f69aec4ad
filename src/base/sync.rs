//! Locks, atomics and threads of the store: the standard library's, or those of a model checker that decides who runs
//! when. Memory orders are not checked: to the model checker every one is the strongest.
//!
//! What is one for the whole process (the table of worker pools, numbers that name things in caches) stays the standard
//! library's, and must not be held while something else is waited for.

#[cfg(feature = "shuttle")]
pub(crate) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};
#[cfg(not(feature = "shuttle"))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread,
};
