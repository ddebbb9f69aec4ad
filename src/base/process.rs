//! State of this process that a child made by `fork` must not share.
//!
//! A child has a copy of its parent's memory but not its threads: locks may be held by nobody, workers are gone. So
//! what is global is kept by process id, and a child starts with its own.
#![allow(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The id of this process. It is asked for in every call, so it is kept: in memory that the kernel empties in a child.
pub(crate) fn id() -> u32 {
    static KEPT: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    match KEPT.get_or_init(emptied_by_fork) {
        None => std::process::id(),
        Some(kept) => match kept.load(Ordering::Relaxed) {
            0 => {
                let id = std::process::id();
                kept.store(id, Ordering::Relaxed);
                id
            }
            id => id,
        },
    }
}

/// A number that is 0 now, and 0 again in a child however it is made; `None` where the kernel cannot do that.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn emptied_by_fork() -> Option<&'static AtomicU32> {
    // SAFETY: a constant is asked for.
    let len = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: the kernel chooses the place of a new page.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is this function's own.
    if unsafe { libc::madvise(page, len, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: likewise, and nothing points to it.
        unsafe { libc::munmap(page, len) };
        return None;
    }
    // SAFETY: the page is as long as the process, begins with zeros, and is aligned; nobody else has it.
    Some(unsafe { &*page.cast::<AtomicU32>() })
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn emptied_by_fork() -> Option<&'static AtomicU32> {
    None
}

/// A value for each process that asks for it.
pub(crate) struct PerProcess<T: 'static> {
    first: OnceLock<Node<T>>,
    make: fn() -> T,
}

struct Node<T> {
    pid: u32,
    value: T,
    next: OnceLock<Box<Node<T>>>,
}

impl<T> PerProcess<T> {
    pub const fn new(make: fn() -> T) -> Self {
        Self { first: OnceLock::new(), make }
    }

    fn node(&self) -> Node<T> {
        Node { pid: id(), value: (self.make)(), next: OnceLock::new() }
    }

    /// The value of this process.
    pub fn get(&self) -> &T {
        let pid = id();
        let mut node = self.first.get_or_init(|| self.node());
        while node.pid != pid {
            node = node.next.get_or_init(|| Box::new(self.node()));
        }
        &node.value
    }

    /// Whether a parent of this process has had a value.
    #[cfg(feature = "capi")]
    pub fn is_inherited(&self) -> bool {
        self.first.get().is_some_and(|node| node.pid != id())
    }
}
