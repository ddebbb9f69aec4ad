//! Where a store is, and what of it never changes while it is open.

use crate::base::error::{Error, Result, bail};
use crate::base::sync::atomic::{AtomicU64, Ordering};
use crate::format::names::{self, WorkerId};
use crate::format::root::{Head, Notation, parse_id};
use crate::segment::sync_failed;
use crate::storage::{Directory, Storage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See the module.
pub(crate) struct Place {
    pub storage: Arc<dyn Storage>,
    /// The store's folder, absolute.
    pub path: PathBuf,
    pub notation: Notation,
    pub store_id: [u8; 16],
    /// Whether what is committed is made durable.
    pub sync: bool,
    /// Bytes of records that the root has, at most, where that was asked for.
    pub root_bytes: Option<u64>,
    /// Whose files are made, if not those of the one that commits.
    pub worker: Option<WorkerId>,
    /// Segments, bundles and catalogue files that were begun, for their names.
    files_made: AtomicU64,
}

impl Place {
    /// The place of a store with such a root.
    pub fn of(storage: Arc<dyn Storage>, path: PathBuf, notation: Notation, head: &Head, sync: bool) -> Result<Self> {
        Ok(Self {
            storage,
            path,
            notation,
            store_id: parse_id(&head.store_id)?,
            sync,
            root_bytes: None,
            worker: None,
            files_made: AtomicU64::new(0),
        })
    }

    pub fn root(&self) -> PathBuf {
        self.path.join(self.notation.file_name())
    }

    pub fn kept_root(&self, generation: u64) -> PathBuf {
        self.path.join(names::kept_root(self.notation, generation))
    }

    pub fn folder(&self, folder: &str) -> PathBuf {
        self.path.join(folder)
    }

    /// A name for the next segment of commit `generation`.
    pub fn new_segment_name(&self, generation: u64) -> String {
        let number = self.files_made.fetch_add(1, Ordering::Relaxed);
        match self.worker {
            None => names::segment_name(generation, number),
            Some(worker) => worker.segment_name(generation, number),
        }
    }

    /// A name for the next bundle of commit `generation`.
    pub fn new_bundle_name(&self, generation: u64) -> String {
        let number = self.files_made.fetch_add(1, Ordering::Relaxed);
        match self.worker {
            None => names::bundle_name(generation, number),
            Some(worker) => worker.bundle_name(generation, number),
        }
    }

    /// A name for the next catalogue file of commit `generation`.
    pub fn new_catalogue_name(&self, generation: u64) -> String {
        names::catalogue_file_name(generation, self.files_made.fetch_add(1, Ordering::Relaxed))
    }

    /// Refuses the root of another store.
    pub fn check_same(&self, head: &Head) -> Result<()> {
        if parse_id(&head.store_id)? != self.store_id {
            bail!(Conflict, "{} now holds another store: open it anew", self.path.display());
        }
        Ok(())
    }

    /// Opens a folder whose entries are to be made durable; `None` where nothing is.
    pub fn open_folder(&self, path: &Path) -> Result<Option<Box<dyn Directory>>> {
        let open = || self.storage.open_dir(path).map_err(|error| Error::io("open folder", path, &error));
        self.sync.then(open).transpose()
    }

    /// Makes the entries of a folder durable.
    pub fn sync_folder(&self, path: &Path) -> Result<()> {
        match self.open_folder(path)? {
            Some(folder) => folder.sync().map_err(|error| sync_failed(path, &error)),
            None => Ok(()),
        }
    }
}
