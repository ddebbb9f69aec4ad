//! Segment files: written once from front to back, then read in any order.

pub(crate) mod bundle;
mod cache;
mod reader;
pub(crate) mod rows;
mod writer;

pub(crate) use cache::Kept;
pub(crate) use reader::SegmentReader;
pub(crate) use writer::{Defined, NewFile, SegmentWriter, sync_failed, sync_file};

use crate::base::error::{Error, ErrorKind, Result, error};
use crate::format::names;
use crate::format::parts::PartRecord;
use crate::format::root::SegmentRecord;
use crate::format::segment::{Directory, Row};
use crate::storage::KeptOpen;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The segments under one array name, oldest first.
pub(crate) type Segments = Arc<Vec<Arc<Segment>>>;

/// A segment that a root names.
pub(crate) struct Segment {
    pub record: SegmentRecord,
    pub path: PathBuf,
    /// The folder of its array name, if it has parts.
    parts_in: Option<PathBuf>,
    open: KeptOpen,
    index: OnceLock<Index>,
    /// Whether it is a part of another, which has the index of what is in it: what its own says is not looked at.
    is_part: bool,
}

/// Where the index of a segment is, and the segments that have blocks of it.
struct Index {
    directory: Arc<Directory>,
    parts: Vec<Arc<Part>>,
    part_ends: Vec<u64>,
}

/// A segment that no root names, but another segment, which has the index of what is in it.
pub(crate) struct Part {
    pub record: PartRecord,
    pub segment: Arc<Segment>,
}

impl Part {
    /// A part of segments whose array name has the folder at `own`.
    pub fn new(record: PartRecord, own: &Path) -> Self {
        let PartRecord { ref file, at, length, directory_crc32c, .. } = record;
        let path = path_of(file, at, own);
        let of = SegmentRecord { file: file.clone(), at, length, directory_crc32c, array_ids: (0, 0), parts: None };
        let segment = Arc::new(Segment { is_part: true, ..Segment::at(of, path) });
        Self { record, segment }
    }
}

/// Where the file of a segment is, if the folder of its array name is `own`.
fn path_of(file: &str, at: Option<u64>, own: &Path) -> PathBuf {
    match at {
        Some(_) => own.with_file_name(names::BUNDLES).join(file),
        None => own.join(file),
    }
}

impl Index {
    fn new(directory: Directory, records: Vec<PartRecord>, segment: &Segment) -> Self {
        let part_ends = records.iter().map(|record| record.blocks_end).collect();
        let parts = match &segment.parts_in {
            Some(own) => records.into_iter().map(|record| Arc::new(Part::new(record, own))).collect(),
            None => Vec::new(),
        };
        Self { directory: Arc::new(directory), parts, part_ends }
    }
}

impl Segment {
    /// A segment of the store in folder `store`, of an array name that has the folder `folder` there.
    pub fn new(record: SegmentRecord, store: &Path, folder: &str) -> Self {
        let own = store.join(folder);
        let path = path_of(&record.file, record.at, &own);
        Self { parts_in: record.parts.map(|_| own), ..Self::at(record, path) }
    }

    fn at(record: SegmentRecord, path: PathBuf) -> Self {
        Self { record, path, parts_in: None, open: KeptOpen::new(), index: OnceLock::new(), is_part: false }
    }

    /// The segment that has the block of a row of this one.
    pub fn source<'s>(self: &'s Arc<Self>, row: &Row) -> Result<&'s Arc<Segment>> {
        let Some(part) = row.part.checked_sub(1) else { return Ok(self) };
        let part = self.index.get().and_then(|index| index.parts.get(part as usize));
        part.map(|part| &part.segment)
            .ok_or_else(|| error!(Internal, "{}: a row of part {}", self.path.display(), row.part))
    }

    /// What no other in the process has: names the segment in caches.
    pub fn number(&self) -> u64 {
        self.open.number()
    }

    /// Has its file no longer be open.
    pub fn close(&self) {
        self.open.close();
    }

    /// Where in its file it begins.
    pub fn offset(&self) -> u64 {
        self.record.at.unwrap_or(0)
    }

    /// What is wrong with the file. The next who reads it opens what is there then: one that was put back, perhaps.
    fn damaged(&self, offset: u64, error: &Error) -> Error {
        self.close();
        let kind = match error.kind() {
            kind @ (ErrorKind::Unsupported | ErrorKind::OutOfMemory) => kind,
            _ => ErrorKind::Corrupt,
        };
        let offset = self.offset().saturating_add(offset);
        Error::new(kind, format!("{} at offset {offset}: {error}", self.path.display()))
    }
}
