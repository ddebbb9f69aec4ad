//! The memory that written values may take until they are on disk.

use crate::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// How much of it is taken.
pub(crate) struct Budget {
    limit: u64,
    held: AtomicU64,
}

/// A share of a [`Budget`], given back when it is dropped.
pub(crate) struct Held {
    budget: Arc<Budget>,
    bytes: AtomicU64,
}

impl Budget {
    pub fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, held: AtomicU64::new(0) })
    }

    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether `held` differs from what was held by enough to look again.
    pub fn has_moved_from(&self, held: u64) -> bool {
        self.held().abs_diff(held) > self.limit / 8
    }

    /// What nobody has taken.
    pub fn room(&self) -> u64 {
        self.limit.saturating_sub(self.held())
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

    /// Changes the share.
    pub fn set(&self, bytes: usize) {
        let before = self.bytes.swap(bytes as u64, Ordering::Relaxed);
        self.budget.held.fetch_add(bytes as u64, Ordering::Relaxed);
        self.budget.held.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_come_back() {
        let budget = Budget::new(100);
        let one = Held::new(&budget, 40);
        assert!(!budget.is_half_taken());
        let two = Held::new(&budget, 70);
        assert!(budget.is_half_taken() && budget.is_overdrawn());
        one.set(5);
        one.grow(2);
        assert_eq!(budget.held(), 77);
        assert!(budget.has_moved_from(64) && !budget.has_moved_from(70));
        drop(two);
        drop(one);
        assert_eq!(budget.held(), 0);
    }
}
