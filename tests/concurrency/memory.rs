//! A file system in memory, whose room for segments can end. Every operation is a place where the model checker may let
//! another thread go on.

use crate::common::{Hooked, Hooks, Operation};
use atlas_store::storage::{self, Storage};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Clone, Default)]
pub struct Memory {
    files: storage::Memory,
    room: Arc<Room>,
}

#[derive(Default)]
struct Room {
    is_full: AtomicBool,
}

impl Hooks for Room {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        match operation {
            Operation::Append(path, _) if is_segment(path) && self.is_full.load(Ordering::SeqCst) => {
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => Ok(()),
        }
    }
}

impl Memory {
    pub fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(Hooked(Arc::new(self.files.clone()), self.room.clone()))
    }

    /// From now on segments cannot be written, or can be again.
    pub fn fill(&self, is_full: bool) {
        self.room.is_full.store(is_full, Ordering::SeqCst);
    }

    /// The segment files there are.
    pub fn segments(&self) -> usize {
        self.files.files().iter().filter(|(path, _)| is_segment(path)).count()
    }
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "seg")
}
