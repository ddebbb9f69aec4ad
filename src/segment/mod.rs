//! Segment files: written once from front to back, then read in any order.

pub(crate) mod bundle;
mod cache;
mod reader;
pub(crate) mod rows;
mod writer;

pub(crate) use cache::Kept;
pub(crate) use reader::SegmentReader;
pub(crate) use writer::{Defined, NewFile, SegmentWriter, sync_failed, sync_file};

use crate::base::error::{Error, ErrorKind};
use crate::format::names;
use crate::format::root::SegmentRecord;
use crate::format::segment::Directory;
use crate::storage::new_number;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The segments under one array name, oldest first.
pub(crate) type Segments = Arc<Vec<Arc<Segment>>>;

/// A segment that a root names.
pub(crate) struct Segment {
    pub record: SegmentRecord,
    pub path: PathBuf,
    /// Unique in the process: names the segment in caches.
    uid: u64,
    directory: OnceLock<Arc<Directory>>,
}

impl Segment {
    /// A segment of the store in folder `store`, of an array name that has the folder `folder` there.
    pub fn new(record: SegmentRecord, store: &Path, folder: &str) -> Self {
        let folder = if record.at.is_some() { names::BUNDLES } else { folder };
        let path = store.join(folder).join(&*record.file);
        Self::at(record, path)
    }

    fn at(record: SegmentRecord, path: PathBuf) -> Self {
        Self { record, path, uid: new_number(), directory: OnceLock::new() }
    }

    /// A number by which segments are put in order: those of one array name ascend as the root lists them.
    pub fn number(&self) -> u64 {
        self.uid
    }

    /// Where in its file it begins.
    pub fn offset(&self) -> u64 {
        self.record.at.unwrap_or(0)
    }

    fn damaged(&self, offset: u64, error: &Error) -> Error {
        let kind = match error.kind() {
            kind @ (ErrorKind::Unsupported | ErrorKind::OutOfMemory) => kind,
            _ => ErrorKind::Corrupt,
        };
        let offset = self.offset().saturating_add(offset);
        Error::new(kind, format!("{} at offset {offset}: {error}", self.path.display()))
    }
}
