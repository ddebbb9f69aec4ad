//! Typed values as bytes.
#![allow(unsafe_code)]

use crate::base::dtype::Element;

/// Reads a memory-typed value list as bytes; the safe way from typed slices to the engine's byte buffers.
pub(crate) fn bytes_of<T: Element>(values: &[T]) -> Vec<u8> {
    let mut bytes = vec![0u8; std::mem::size_of_val(values)];
    // SAFETY: `Element` types are plain numbers without padding; the buffer has exactly their size.
    unsafe { std::ptr::copy_nonoverlapping(values.as_ptr().cast(), bytes.as_mut_ptr(), bytes.len()) };
    bytes
}
