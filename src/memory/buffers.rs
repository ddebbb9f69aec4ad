//! Memory for the bytes of chunks and blocks.

use crate::base::error::{Result, error};
use crate::memory::budget::Budget;
use crate::memory::pages::{Pages, Run};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Smaller buffers are left to the general allocator, which is good at them.
const LEAST: usize = 16 << 10;

/// Where a store's buffers come from, and where their memory goes when they are dropped.
pub(crate) struct Buffers {
    pages: Arc<Pages>,
}

/// Bytes of a chunk or of an encoded block.
pub(crate) struct Buffer(Memory);

enum Memory {
    Small(Vec<u8>),
    Large(Run),
}

impl Buffers {
    pub fn new(budget: &Arc<Budget>) -> Arc<Self> {
        Arc::new(Self { pages: Pages::new(budget) })
    }

    /// A buffer of `len` bytes with any content.
    pub fn take(&self, len: usize) -> Result<Buffer> {
        let large = if len < LEAST { None } else { self.pages.take(len) };
        Ok(Buffer(match large {
            Some(run) => Memory::Large(run),
            None => Memory::Small(allocate(len)?),
        }))
    }

    /// Lets go of memory that was not used since the last time.
    pub fn settle(&self) {
        self.pages.settle();
    }

    /// A buffer with a copy of `bytes`.
    pub fn copy(&self, bytes: &[u8]) -> Result<Buffer> {
        let mut copy = self.take(bytes.len())?;
        copy.copy_from_slice(bytes);
        Ok(copy)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Memory::Small(bytes) => bytes,
            Memory::Large(run) => run,
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Memory::Small(bytes) => bytes,
            Memory::Large(run) => run,
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

/// Adds bytes, or an error where memory does not allow it.
pub(crate) fn extend(bytes: &mut Vec<u8>, more: &[u8]) -> Result<()> {
    let len = bytes.len() + more.len();
    bytes.try_reserve(more.len()).map_err(|_| error!(OutOfMemory, "no memory for a buffer of {len} bytes"))?;
    bytes.extend_from_slice(more);
    Ok(())
}
