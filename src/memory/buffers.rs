//! Memory for the bytes of chunks and blocks.

use crate::base::error::{Error, Result, error};
use crate::memory::budget::Budget;
use crate::memory::pages::{Pages, Run};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Smaller buffers are left to the general allocator, which is good at them.
const LEAST: usize = 16 << 10;

/// Whether every buffer is the general allocator's.
static ONLY_GENERAL: AtomicBool = AtomicBool::new(false);

/// Has all buffers of the process come from the general allocator, which a test can put its own in place of.
pub fn take_from_general_allocator(only: bool) {
    ONLY_GENERAL.store(only, Ordering::Relaxed);
}

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
        let large = if len < LEAST || ONLY_GENERAL.load(Ordering::Relaxed) { None } else { self.pages.take(len) };
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

/// What is said where there is no memory for so many bytes.
fn none_for(bytes: usize) -> Error {
    error!(OutOfMemory, "no memory for a buffer of {bytes} bytes")
}

/// A buffer of `len` zero bytes, or an error where memory does not allow it.
pub(crate) fn allocate(len: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    resize(&mut bytes, len)?;
    Ok(bytes)
}

/// Gives a buffer `len` bytes, those that it had and zeros, or an error where memory does not allow it.
pub(crate) fn resize(bytes: &mut Vec<u8>, len: usize) -> Result<()> {
    bytes.try_reserve_exact(len.saturating_sub(bytes.len())).map_err(|_| none_for(len))?;
    bytes.resize(len, 0);
    Ok(())
}

/// Adds bytes, or an error where memory does not allow it.
pub(crate) fn extend<T: Copy>(list: &mut Vec<T>, more: &[T]) -> Result<()> {
    reserve(list, more.len())?;
    list.extend_from_slice(more);
    Ok(())
}

/// Makes room for `more` items, or an error where memory does not allow it.
pub(crate) fn reserve<T>(list: &mut Vec<T>, more: usize) -> Result<()> {
    list.try_reserve(more).map_err(|_| none_for((list.len().saturating_add(more)).saturating_mul(size_of::<T>())))
}

/// Adds an item, or an error where memory does not allow it.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T) -> Result<()> {
    reserve(list, 1)?;
    list.push(item);
    Ok(())
}

/// A list of items, or an error where memory does not allow it.
pub(crate) fn collect<T>(items: impl IntoIterator<Item = T>) -> Result<Vec<T>> {
    let items = items.into_iter();
    let mut list = Vec::new();
    reserve(&mut list, items.size_hint().0)?;
    for item in items {
        push(&mut list, item)?;
    }
    Ok(list)
}

/// A copy of a text, or an error where memory does not allow it.
pub(crate) fn copy_text(text: &str) -> Result<String> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len())
        .map_err(|_| error!(OutOfMemory, "no memory for a text of {} bytes", text.len()))?;
    copy.push_str(text);
    Ok(copy)
}
