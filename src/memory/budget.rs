//! The memory that written values may take until they are on disk.

use crate::base::process;
use crate::base::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::base::sync::{Condvar, Mutex};
use std::sync::{Arc, PoisonError};

/// How much of it is taken.
pub(crate) struct Budget {
    limit: u64,
    /// The process whose threads wait: in a child made by fork there are none, and the lock may be held by one of them.
    pid: u32,
    held: AtomicU64,
    /// Who waits for some of it to come back.
    waiting: AtomicUsize,
    lock: Mutex<()>,
    returned: Condvar,
}

/// A share of a [`Budget`], given back when it is dropped.
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: AtomicU64,
}

impl Budget {
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self {
            limit,
            pid: process::id(),
            held: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            lock: Mutex::default(),
            returned: Condvar::new(),
        })
    }

    /// Waits until `done`, which is looked at whenever something comes back, or somebody calls [`Self::look_again`].
    pub fn wait_until(&self, done: impl Fn() -> bool) {
        // Counted before it looks: what comes back later sees it waiting.
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !done() {
            lock = self.returned.wait(lock).unwrap_or_else(PoisonError::into_inner);
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// Has those who wait look again.
    pub fn look_again(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 && process::id() == self.pid {
            // Nobody is between looking and waiting while this is locked.
            drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner));
            self.returned.notify_all();
        }
    }

    fn give_back(&self, bytes: u64) {
        self.held.fetch_sub(bytes, Ordering::SeqCst);
        self.look_again();
    }

    pub fn held(&self) -> u64 {
        self.held.load(Ordering::SeqCst)
    }

    /// Whether `held` differs from what was held by enough to look again.
    pub fn has_moved_from(&self, held: u64) -> bool {
        self.is_much(self.held().abs_diff(held))
    }

    /// Whether so many bytes are worth doing something about.
    pub fn is_much(&self, bytes: u64) -> bool {
        bytes > self.limit / 8
    }

    /// What nobody has taken.
    pub fn room(&self) -> u64 {
        self.limit.saturating_sub(self.held())
    }

    pub fn is_quarter_taken(&self) -> bool {
        self.held() > self.limit / 4
    }

    pub fn is_half_taken(&self) -> bool {
        self.held() > self.limit / 2
    }

    pub fn is_overdrawn(&self) -> bool {
        self.held() > self.limit
    }
}

impl Held {
    pub fn new(budget: &Arc<Budget>, bytes: usize) -> Self {
        budget.held.fetch_add(bytes as u64, Ordering::Relaxed);
        Self { budget: budget.clone(), bytes: AtomicU64::new(bytes as u64) }
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn grow(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.budget.held.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// The share, of which nothing is left here.
    pub fn take(&self) -> Self {
        Self { budget: self.budget.clone(), bytes: AtomicU64::new(self.bytes.swap(0, Ordering::Relaxed)) }
    }

    /// Changes the share.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.swap(bytes as u64, Ordering::Relaxed);
        self.budget.held.fetch_add(bytes as u64, Ordering::Relaxed);
        self.budget.give_back(before);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_goes_on_when_there_is_room() {
        let budget = Budget::new(100);
        for _ in 0..200 {
            let held = Held::new(&budget, 150);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| budget.wait_until(|| !budget.is_overdrawn()));
                }
                scope.spawn(|| held.set(90));
            });
        }
        assert_eq!(budget.waiting.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn shares_come_back() {
        let budget = Budget::new(100);
        let one = Held::new(&budget, 40);
        assert!(!budget.is_half_taken());
        let two = Held::new(&budget, 70);
        assert!(budget.is_half_taken() && budget.is_overdrawn());
        one.set(5);
        one.grow(2);
        let one = one.take();
        assert_eq!((one.bytes(), budget.held()), (7, 77));
        assert!(budget.has_moved_from(64) && !budget.has_moved_from(70));
        drop(two);
        drop(one);
        assert_eq!(budget.held(), 0);
    }
}
