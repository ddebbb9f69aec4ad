//! The files that are kept open for reading: one cache for the process, as it is the process whose descriptors they take.

use super::ReadFile;
use crate::base::process::PerProcess;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Files that are kept open, at most.
const MOST: usize = 128;

struct Open {
    number: u64,
    file: Arc<dyn ReadFile>,
}

/// So few that looking through all of them is quick. A child made by fork has its own: a thread of its parent may have
/// held the parent's.
static OPEN: PerProcess<RwLock<Vec<Open>>> = PerProcess::new(RwLock::default);

fn read() -> RwLockReadGuard<'static, Vec<Open>> {
    OPEN.get().read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Vec<Open>> {
    OPEN.get().write().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is kept open once it was opened: until it must give way to others, or nobody knows of it any more. One that
/// was removed takes space as long as it is open.
pub(crate) struct KeptOpen {
    number: u64,
}

impl KeptOpen {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// What no other in the process has.
    pub fn number(&self) -> u64 {
        self.number
    }

    pub fn get(&self) -> Option<Arc<dyn ReadFile>> {
        read().iter().find(|open| open.number == self.number).map(|open| open.file.clone())
    }

    pub fn keep(&self, file: Arc<dyn ReadFile>) {
        /// Which gives way next: one here, one there, as the one used least would be wrong for who reads all in turn.
        static TURN: AtomicU64 = AtomicU64::new(0);
        let kept = Open { number: self.number, file };
        let mut open = write();
        // Closed once others can go on.
        let _old = if let Some(known) = open.iter_mut().find(|open| open.number == self.number) {
            Some(std::mem::replace(known, kept))
        } else if open.len() < MOST {
            open.push(kept);
            None
        } else {
            let turn = TURN.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed) >> 32;
            Some(std::mem::replace(&mut open[turn as usize % MOST], kept))
        };
        drop(open);
    }

    pub fn close(&self) {
        let is_it = |open: &Open| open.number == self.number;
        if read().iter().any(is_it) {
            close_those(is_it);
        }
    }
}

impl Drop for KeptOpen {
    fn drop(&mut self) {
        self.close();
    }
}

fn close_those(which: impl Fn(&Open) -> bool) {
    let mut open = write();
    let _closed: Vec<Open> = open.extract_if(.., |open| which(open)).collect();
    drop(open);
}

/// Opens something. Where the process or the system has no descriptor left, those that are only kept are given back
/// first.
pub(super) fn with_room<T>(open: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match open() {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
            close_those(|_| true);
            open()
        }
        opened => opened,
    }
}
