//! What a change makes of a version.

use crate::base::process;
use crate::chunk::schema::Schema;
use crate::format::catalogue::Kind;
use crate::format::root::{Attributes, CatalogueRecord};
use crate::records::{CatalogueFile, InRoot, Records};
use crate::segment::NewFile;
use crate::storage::Storage;
use crate::version::defaults::Defaults;
use crate::version::keeping::Keeping;
use crate::version::{ArrayFile, File};
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
    pub records: NewRecords,
    /// Files that it names no more.
    pub retired: Vec<File>,
    pub new: NewFiles,
    pub unsynced: Unsynced,
    /// What the store is told of earlier commits.
    pub keeping: Arc<Keeping>,
    pub defaults: Defaults,
    pub keep: Keep,
}

/// What is said of datasets after a change.
pub(crate) struct NewRecords {
    pub schemas: Vec<Arc<Schema>>,
    pub next_array_id: u64,
    /// Arrays with lower ids may stand in segments under an earlier name of their dataset.
    pub renamed: u64,
    /// The store's own.
    pub attributes: Arc<Attributes>,
    pub count: u64,
    pub next_place: u64,
    /// What the root says, in its order.
    pub layer: Vec<(Arc<str>, Kind, Encoded)>,
    /// The uncompressed root in which what stays the same is.
    pub image: Arc<Vec<u8>>,
    /// Oldest first.
    pub files: Vec<Arc<CatalogueFile>>,
}

/// What the root says of a dataset.
pub(crate) enum Encoded {
    /// In the image of an earlier root.
    Same(Range<usize>),
    New(Vec<u8>),
}

impl Encoded {
    pub fn len(&self) -> usize {
        match self {
            Self::Same(range) => range.len(),
            Self::New(bytes) => bytes.len(),
        }
    }

    /// The bytes, where `image` is that of the earlier root.
    pub fn bytes<'r>(&'r self, image: &'r [u8]) -> &'r [u8] {
        match self {
            Self::Same(range) => &image[range.clone()],
            Self::New(bytes) => bytes,
        }
    }
}

impl NewRecords {
    /// The same as before, to be written again.
    pub fn same(records: &Records) -> Self {
        let same = |(name, found): (&Arc<str>, &InRoot)| (name.clone(), found.kind, Encoded::Same(found.bytes.clone()));
        Self {
            schemas: records.schemas.clone(),
            next_array_id: records.next_array_id,
            renamed: records.renamed,
            attributes: records.attributes.clone(),
            count: records.count,
            next_place: records.next_place,
            layer: records.layer.iter().map(same).collect(),
            image: records.image.clone(),
            files: records.files.clone(),
        }
    }

    /// What the root is to say of the files.
    pub fn catalogue(&self) -> Option<CatalogueRecord> {
        (!self.files.is_empty()).then(|| CatalogueRecord {
            datasets: self.count,
            next_place: self.next_place,
            files: self.files.iter().map(|file| file.record.clone()).collect(),
        })
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
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl NewFiles {
    pub fn new(storage: &Arc<dyn Storage>) -> Self {
        Self { storage: storage.clone(), pid: process::id(), files: Vec::new(), folders: Vec::new() }
    }

    pub fn file(&mut self, path: PathBuf) {
        self.files.push(path);
    }

    pub fn folder(&mut self, path: PathBuf) {
        self.folders.push(path);
    }

    /// Takes over what `more` has.
    pub fn extend(&mut self, mut more: NewFiles) {
        self.files.append(&mut more.files);
        self.folders.append(&mut more.folders);
    }

    /// Removes none of them, whatever happens: a root names them, or may.
    pub fn leave(&mut self) {
        self.files.clear();
        self.folders.clear();
    }

    /// Removes them. What cannot be removed is left to the next writer.
    pub fn remove(&mut self) {
        if process::id() == self.pid {
            for path in self.files.drain(..) {
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

impl Unsynced {
    /// Takes over what `more` has.
    pub fn extend(&mut self, more: Unsynced) {
        self.files.extend(more.files);
        self.folders.extend(more.folders);
    }
}
