//! The files that are kept open for reading: one cache for the process, as it is the process whose descriptors they take.

use super::ReadFile;
use crate::base::process::PerProcess;
use quick_cache::sync::Cache;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Files that are kept open, at most.
const MOST: usize = 128;

struct Open {
    keeper: u64,
    file: Arc<dyn ReadFile>,
}

/// A child made by fork has its own: a thread of its parent may have held the parent's.
static OPEN: PerProcess<Cache<u64, Arc<Open>>> = PerProcess::new(|| Cache::new(MOST));

/// Keeps files open, under numbers that are unique in the process, until it is dropped or they must give way.
pub(crate) struct OpenFiles {
    keeper: u64,
}

impl OpenFiles {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { keeper: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    pub fn get(&self, number: u64) -> Option<Arc<dyn ReadFile>> {
        OPEN.get().get(&number).map(|open| open.file.clone())
    }

    pub fn keep(&self, number: u64, file: Arc<dyn ReadFile>) {
        OPEN.get().insert(number, Arc::new(Open { keeper: self.keeper, file }));
    }

    pub fn close(&self, number: u64) {
        OPEN.get().remove(&number);
    }
}

impl Drop for OpenFiles {
    fn drop(&mut self) {
        OPEN.get().retain(|_, open| open.keeper != self.keeper);
    }
}

/// Opens something. Where the process or the system has no descriptor left, those that are only kept are given back
/// first.
pub(super) fn with_room<T>(open: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match open() {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) => {
            OPEN.get().clear();
            open()
        }
        opened => opened,
    }
}
