//! Versions whose files must stay, because something of this process goes on reading them.
//!
//! Readers in other processes, and other handles of this one, say so in the lock file: see
//! [`ReaderPin`](crate::storage::ReaderPin).

use crate::base::sync::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// The pinned generations, with how often each is.
#[derive(Default)]
pub(crate) struct Pins(Mutex<BTreeMap<u64, usize>>);

/// One pin, gone when it is dropped.
pub(crate) struct Pin {
    pins: Arc<Pins>,
    generation: u64,
}

impl Pins {
    pub fn pin(self: &Arc<Self>, generation: u64) -> Pin {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(generation).or_default() += 1;
        Pin { pins: self.clone(), generation }
    }

    /// Whether a generation up to this one is pinned.
    pub fn has_up_to(&self, generation: u64) -> bool {
        let pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pins.first_key_value().is_some_and(|(oldest, _)| *oldest <= generation)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.pins.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pins.get_mut(&self.generation) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.generation);
            }
        }
    }
}
