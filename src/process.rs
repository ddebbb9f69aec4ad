//! State of this process that a child made by `fork` must not share.
//!
//! A child has a copy of its parent's memory but not its threads: locks may be held by nobody, workers are gone. So
//! what is global is kept by process id, and a child starts with its own.

use std::sync::OnceLock;

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
        Node { pid: std::process::id(), value: (self.make)(), next: OnceLock::new() }
    }

    /// The value of this process.
    pub fn get(&self) -> &T {
        let pid = std::process::id();
        let mut node = self.first.get_or_init(|| self.node());
        while node.pid != pid {
            node = node.next.get_or_init(|| Box::new(self.node()));
        }
        &node.value
    }

    /// Whether a parent of this process has had a value.
    pub fn is_inherited(&self) -> bool {
        self.first.get().is_some_and(|node| node.pid != std::process::id())
    }
}
