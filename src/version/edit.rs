//! What a change makes of a version.

use crate::base::process;
use crate::chunk::schema::Schema;
use crate::segment::{NewFile, Segment};
use crate::storage::Storage;
use crate::version::ArrayFile;
use crate::version::keeping::Keeping;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// What is stored under an array name after a change, or that nothing is.
pub(crate) type FileEdit = (Arc<str>, Option<ArrayFile>);

/// A change of a version, to be committed: plain data, and the files that were made for it.
pub(crate) struct Edit {
    /// Other names stay as they are.
    pub files: Vec<FileEdit>,
    pub records: Records,
    /// Segments that it names no more.
    pub retired: Vec<Arc<Segment>>,
    pub new: NewFiles,
    pub unsynced: Unsynced,
    pub keep: Keep,
}

/// What the root says of datasets after a change: of all, in their order.
pub(crate) struct Records {
    pub schemas: Vec<Arc<Schema>>,
    pub next_array_id: u64,
    pub datasets: Vec<(Arc<str>, Encoded)>,
    /// The uncompressed root in which the unchanged ones are.
    pub image: Arc<Vec<u8>>,
    /// What the store is told of earlier commits from then on.
    pub keeping: Arc<Keeping>,
}

/// A dataset as the root has it.
pub(crate) enum Encoded {
    /// In the image of an earlier root.
    Same(Range<usize>),
    New(Vec<u8>),
}

impl Records {
    pub fn bytes<'r>(&'r self, encoded: &'r Encoded) -> &'r [u8] {
        match encoded {
            Encoded::Same(range) => &self.image[range.clone()],
            Encoded::New(bytes) => bytes,
        }
    }
}

/// What a commit does with the root that it replaces, and those kept before.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Keep {
    /// Its values are the commit's own: there is nothing to go back to.
    No,
    /// It can be gone back to, as far as the store keeps commits.
    Yes,
    /// It is damaged, and stays under this name.
    As(String),
}

/// Files and folders that no root names yet. They are removed when this is dropped, unless a commit came to name them.
pub(crate) struct NewFiles {
    storage: Arc<dyn Storage>,
    /// In a child made by fork, the files are the parent's.
    pid: u32,
    segments: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl NewFiles {
    pub fn new(storage: &Arc<dyn Storage>) -> Self {
        Self { storage: storage.clone(), pid: process::id(), segments: Vec::new(), folders: Vec::new() }
    }

    pub fn segment(&mut self, path: PathBuf) {
        self.segments.push(path);
    }

    pub fn folder(&mut self, path: PathBuf) {
        self.folders.push(path);
    }

    /// Takes over what `more` has.
    pub fn extend(&mut self, mut more: NewFiles) {
        self.segments.append(&mut more.segments);
        self.folders.append(&mut more.folders);
    }

    /// Removes none of them, whatever happens: a root names them, or may.
    pub fn leave(&mut self) {
        self.segments.clear();
        self.folders.clear();
    }

    /// Removes them. What cannot be removed is left to the next writer.
    pub fn remove(&mut self) {
        if process::id() == self.pid {
            for path in self.segments.drain(..) {
                let _ = self.storage.remove(&path);
            }
            for path in self.folders.drain(..) {
                let _ = self.storage.remove_dir(&path);
            }
        }
    }
}

impl Drop for NewFiles {
    fn drop(&mut self) {
        // In the middle of a commit nobody can tell whether a root names them.
        if !std::thread::panicking() {
            self.remove();
        }
    }
}

/// What must be durable before a root may name it.
#[derive(Default)]
pub(crate) struct Unsynced {
    pub files: Vec<Arc<NewFile>>,
    pub folders: BTreeSet<PathBuf>,
}
