//! Chunk buffers that are used again: to touch fresh memory costs about as much as to compress it.

use crate::budget::Budget;
use crate::error::{Result, error};
use crate::sync::Mutex;
use std::sync::{Arc, PoisonError};

/// Bytes that wait to be used again, at most.
const KEPT_BYTES: usize = 64 << 20;
/// Smaller buffers are cheap to make, and would be many to look through.
const LEAST: usize = 16 << 10;

/// Buffers that wait to be used again. They take the part of the budget that nothing else has.
pub(crate) struct Buffers {
    kept: Mutex<Kept>,
    budget: Arc<Budget>,
}

#[derive(Default)]
struct Kept {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

impl Buffers {
    pub fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { kept: Mutex::default(), budget: budget.clone() })
    }

    /// A buffer of `len` bytes with any content.
    pub fn take(&self, len: usize) -> Result<Vec<u8>> {
        if len < LEAST {
            return allocate(len);
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The chunks of an array, and mostly those of a store, have one length.
        match kept.buffers.iter().rposition(|buffer| buffer.len() == len) {
            Some(at) => {
                kept.bytes -= len;
                Ok(kept.buffers.swap_remove(at))
            }
            None => {
                drop(kept);
                allocate(len)
            }
        }
    }

    /// Keeps a buffer to be used again, unless many are kept already.
    pub fn give(&self, buffer: Vec<u8>) {
        if buffer.len() < LEAST {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = kept.bytes + buffer.len();
        if bytes <= KEPT_BYTES && self.budget.has_room_for(bytes as u64) {
            kept.bytes = bytes;
            kept.buffers.push(buffer);
        }
    }
}

/// A buffer of `len` zero bytes, or an error where memory does not allow it.
pub(crate) fn allocate(len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    resize(&mut bytes, len)?;
    Ok(bytes)
}

/// Gives a buffer `len` bytes, those that it had and zeros, or an error where memory does not allow it.
pub(crate) fn resize(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    let more = len.saturating_sub(bytes.len());
    bytes.try_reserve_exact(more).map_err(|_| error!(OutOfMemory, "no memory for a buffer of {len} bytes"))?;
    bytes.resize(len, 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_for_its_own_length_only() {
        let budget = Budget::new(4 * KEPT_BYTES as u64);
        let buffers = Buffers::new(&budget);
        let first = buffers.take(LEAST).expect("memory");
        let place = first.as_ptr();
        buffers.give(first);
        assert_ne!(buffers.take(LEAST + 1).expect("memory").len(), LEAST);
        let again = buffers.take(LEAST).expect("memory");
        assert_eq!(again.as_ptr(), place);
        buffers.give(vec![0; KEPT_BYTES + 1]);
        assert!(buffers.kept.lock().expect("no panic").buffers.is_empty());
        let _taken = crate::budget::Held::new(&budget, 4 * KEPT_BYTES - LEAST);
        buffers.give(again);
        buffers.give(vec![0; LEAST]);
        assert_eq!(buffers.kept.lock().expect("no panic").bytes, LEAST, "the budget has room for one");
    }
}
