//! Versions whose files must stay, because something of this process goes on reading them.
//!
//! Readers in other processes, and other handles of this one, say so in the lock file: see
//! [`ReaderPin`](crate::storage::ReaderPin).

use crate::base::sync::{Condvar, Mutex};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// The pinned generations, with how often each is.
pub(crate) struct Pins {
    pinned: Mutex<BTreeMap<u64, usize>>,
    unpinned: Condvar,
}

/// One pin, gone when it is dropped.
pub(crate) struct Pin {
    pins: Arc<Pins>,
    generation: u64,
}

impl Default for Pins {
    fn default() -> Self {
        Self { pinned: Mutex::default(), unpinned: Condvar::new() }
    }
}

impl Pins {
    /// Waits until nothing is pinned.
    pub fn wait_until_none(&self) {
        let mut pins = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        while !pins.is_empty() {
            pins = self.unpinned.wait(pins).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub fn pin(self: &Arc<Self>, generation: u64) -> Pin {
        *self.pinned.lock().unwrap_or_else(PoisonError::into_inner).entry(generation).or_default() += 1;
        Pin { pins: self.clone(), generation }
    }

    /// Whether a generation up to this one is pinned.
    pub fn has_up_to(&self, generation: u64) -> bool {
        let pins = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        pins.first_key_value().is_some_and(|(oldest, _)| *oldest <= generation)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pins.get_mut(&self.generation) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.generation);
            }
        }
        self.pins.unpinned.notify_all();
    }
}
