//! An allocator that counts, and that is refused more than a limit.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes that may be allocated at once; beyond them allocating fails, as it does on a machine with less memory.
const LIMIT: usize = 3 << 30;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// To be a program's `#[global_allocator]`.
pub struct Counting;

fn grow(bytes: usize) -> bool {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    if now > LIMIT {
        NOW.fetch_sub(bytes, Relaxed);
        return false;
    }
    PEAK.fetch_max(now, Relaxed);
    true
}

// SAFETY: all is left to `System`, which is given what this was given.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !grow(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: see the impl.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !grow(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: see the impl.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        // While it moves there may be both.
        if !grow(new) {
            return std::ptr::null_mut();
        }
        // SAFETY: see the impl.
        let moved = unsafe { System.realloc(at, layout, new) };
        NOW.fetch_sub(if moved.is_null() { new } else { layout.size() }, Relaxed);
        moved
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: see the impl.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Bytes that are allocated.
pub fn live() -> usize {
    NOW.load(Relaxed)
}

/// Calls `f`, and says by how many bytes the memory in use rose above that before, at most.
pub fn peak_of<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = live();
    PEAK.store(before, Relaxed);
    let result = f();
    (result, PEAK.load(Relaxed).saturating_sub(before))
}
