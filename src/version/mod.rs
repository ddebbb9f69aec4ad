//! Versions of a store, and the step from one to the next.
//!
//! A [`Version`] is what one commit holds, and never changes. A change is an [`edit::Edit`] of a version; [`commit`] makes
//! it the next one on disk, or does not. What no version needs any more goes by the one rule of [`garbage`].

pub(crate) mod commit;
pub(crate) mod defaults;
pub(crate) mod edit;
pub(crate) mod garbage;
pub(crate) mod keeping;
pub(crate) mod pins;
pub(crate) mod place;
pub(crate) mod roots;

use crate::base::error::{Result, bail};
use crate::base::maps::{HashMap, HashSet, IndexMap, index_map};
use crate::base::names::stored_name;
use crate::format::names;
use crate::format::root::{FileRecord, MetaFormat, Root, SegmentRecord, parse_id};
use crate::records::{CatalogueFile, Records};
use crate::segment::{Segment, Segments, bundle};
use crate::storage::Storage;
use crate::version::defaults::Defaults;
use crate::version::keeping::Keeping;
use std::path::Path;
use std::sync::Arc;

/// Whether a file can have so many bytes.
fn is_offset(bytes: u64) -> bool {
    i64::try_from(bytes).is_ok()
}

/// What one commit holds.
#[derive(Clone, Default)]
pub(crate) struct Version {
    pub generation: u64,
    /// What is stored, by array name.
    pub files: IndexMap<Arc<str>, ArrayFile>,
    pub records: Arc<Records>,
    pub keeping: Arc<Keeping>,
    pub defaults: Defaults,
}

/// All that is stored under one array name.
#[derive(Clone)]
pub(crate) struct ArrayFile {
    pub folder: Arc<str>,
    /// Oldest first; newer ones win.
    pub segments: Segments,
    pub live_bytes: u64,
    pub dead_bytes: u64,
}

impl ArrayFile {
    /// Nothing yet, in a folder.
    pub fn empty(folder: Arc<str>) -> Self {
        Self { folder, segments: Segments::default(), live_bytes: 0, dead_bytes: 0 }
    }

    /// Whether there is a segment in its folder.
    pub fn has_folder(&self) -> bool {
        self.segments.iter().any(|segment| segment.record.at.is_none())
    }

    fn record(&self) -> FileRecord {
        FileRecord {
            folder: self.folder.clone(),
            live_bytes: self.live_bytes,
            dead_bytes: self.dead_bytes,
            segments: self.segments.iter().map(|segment| segment.record.clone()).collect(),
        }
    }
}

/// A file that a root names.
#[derive(Clone)]
pub(crate) enum File {
    Segment(Arc<Segment>),
    Catalogue(Arc<CatalogueFile>),
}

impl File {
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::Segment(segment) => &segment.record.file,
            Self::Catalogue(file) => &file.record.file,
        }
    }

    /// Has it no longer be open.
    pub fn close(&self) {
        match self {
            Self::Segment(segment) => segment.close(),
            Self::Catalogue(file) => file.close(),
        }
    }

    pub fn is_bundled(&self) -> bool {
        matches!(self, Self::Segment(segment) if segment.record.at.is_some())
    }

    /// What no other has: the name, and of a segment in a bundle where it begins.
    pub fn place(&self) -> (Arc<str>, u64) {
        match self {
            Self::Segment(segment) => (segment.record.file.clone(), segment.offset()),
            Self::Catalogue(file) => (file.record.file.clone(), 0),
        }
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Segment(segment) => &segment.path,
            Self::Catalogue(file) => &file.path,
        }
    }
}

impl Version {
    /// What a root says. Segments that `known` has, too, are taken from there with what is cached of them.
    pub fn of(
        root: Root,
        format: MetaFormat,
        path: &Path,
        storage: &Arc<dyn Storage>,
        known: &Version,
    ) -> Result<Self> {
        let head = &root.head;
        let segments: HashMap<_, &Arc<Segment>> =
            known.all_segments().map(|segment| (segment.record.place(), segment)).collect();
        let mut files = index_map(head.array_files.len());
        let mut named = HashSet::default();
        for (name, record) in &head.array_files {
            stored_name("array", name)?;
            // These become paths: nothing that the root says may lead out of the store.
            if !names::is_folder_name(&record.folder) {
                bail!(Corrupt, "array file '{name}' has the folder '{}'", record.folder);
            }
            let is_named = |segment: &&SegmentRecord| match segment.at {
                None => names::is_segment_name(&segment.file),
                Some(at) => {
                    let end = at.checked_add(segment.length);
                    names::is_bundle_name(&segment.file) && at >= bundle::FIRST && end.is_some_and(is_offset)
                }
            };
            if let Some(segment) = record.segments.iter().find(|segment| !is_named(segment)) {
                bail!(Corrupt, "array file '{name}' has the segment '{}' at {:?}", segment.file, segment.at);
            }
            if let Some(segment) = record.segments.iter().find(|segment| !named.insert(segment.place())) {
                bail!(Corrupt, "the root names the segment '{}' at {:?} twice", segment.file, segment.at);
            }
            let length = record.segments.iter().try_fold(0u64, |sum, segment| {
                sum.checked_add(segment.length)?.checked_add(segment.parts.unwrap_or(0))
            });
            let bytes = record.live_bytes.checked_add(record.dead_bytes);
            if bytes.is_none() || !length.is_some_and(is_offset) || bytes > length {
                bail!(Corrupt, "array file '{name}' has more bytes than its segments");
            }
            let folder = &record.folder;
            let segment = |record: &SegmentRecord| match segments.get(&record.place()) {
                Some(same) if same.record == *record => Arc::clone(same),
                _ => Arc::new(Segment::new(record.clone(), path, folder)),
            };
            let file = ArrayFile {
                folder: record.folder.clone(),
                segments: Arc::new(record.segments.iter().map(segment).collect()),
                live_bytes: record.live_bytes,
                dead_bytes: record.dead_bytes,
            };
            files.insert(name.clone(), file);
        }
        let (generation, store_id) = (head.generation, parse_id(&head.store_id)?);
        let (keeping, defaults) = (Arc::new(Keeping::of(head)?), Defaults::of(head)?);
        let records = Records::of(root, format, path, storage, store_id, &known.records)?;
        Ok(Self { generation, files, records: Arc::new(records), keeping, defaults })
    }

    /// The same commit of the same store, of whose content nothing is left: what begins anew follows it.
    pub fn emptied(&self, keep_generations: Option<u32>, defaults: Defaults) -> Self {
        let Records { format, next_array_id, .. } = *self.records;
        let records = Arc::new(Records { format, next_array_id, ..Records::default() });
        let keeping = Arc::new(Keeping { generations: keep_generations, ..(*self.keeping).clone() });
        Self { generation: self.generation, records, keeping, defaults, ..Self::default() }
    }

    /// What is stored under an array name.
    pub fn segments(&self, array: &str) -> Segments {
        self.files.get(array).map(|file| file.segments.clone()).unwrap_or_default()
    }

    /// All files that it needs, but for the root.
    pub fn all_files(&self) -> impl Iterator<Item = File> {
        let segments = self.all_segments().map(|segment| File::Segment(segment.clone()));
        segments.chain(self.records.files.iter().map(|file| File::Catalogue(file.clone())))
    }

    /// Whether there are segments in bundles.
    pub fn has_bundles(&self) -> bool {
        self.all_segments().any(|segment| segment.record.at.is_some())
    }

    /// The bundles that it needs.
    pub fn bundles(&self) -> HashSet<&Arc<str>> {
        self.all_segments().map(|segment| &segment.record).filter(|of| of.at.is_some()).map(|of| &of.file).collect()
    }

    pub fn all_segments(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.files.values().flat_map(|file| file.segments.iter())
    }

    /// The same with other files: in place of those of the same names, or none.
    pub fn with(&self, files: impl IntoIterator<Item = (Arc<str>, Option<ArrayFile>)>) -> Self {
        let mut changed = self.clone();
        for (name, file) in files {
            match file {
                Some(file) => drop(changed.files.insert(name, file)),
                None => drop(changed.files.shift_remove(&name)),
            }
        }
        changed
    }

    fn file_records(&self) -> IndexMap<Arc<str>, FileRecord> {
        self.files.iter().map(|(name, file)| (name.clone(), file.record())).collect()
    }
}
