//! Versions of a store, and the step from one to the next.
//!
//! A [`Version`] is what one commit holds, and never changes. A change is an [`edit::Edit`] of a version; [`commit`] makes
//! it the next one on disk, or does not. What no version needs any more goes by the one rule of [`garbage`].

pub(crate) mod commit;
pub(crate) mod edit;
pub(crate) mod garbage;
pub(crate) mod keeping;
pub(crate) mod pins;
pub(crate) mod place;
pub(crate) mod roots;

use crate::base::error::{Result, bail, error};
use crate::base::names::stored_name;
use crate::chunk::schema::Schema;
use crate::format::names;
use crate::format::root::{self, DatasetRecord, FileRecord, Head, MetaFormat, Root, SchemaRecord, SegmentRecord};
use crate::segment::{Segment, Segments};
use crate::version::edit::{Encoded, Records};
use crate::version::keeping::Keeping;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// What one commit holds.
#[derive(Clone, Default)]
pub(crate) struct Version {
    pub generation: u64,
    /// What is stored, by array name.
    pub files: IndexMap<Arc<str>, ArrayFile>,
    pub root: Arc<RootImage>,
}

/// What a root says of datasets.
#[derive(Default)]
pub(crate) struct RootImage {
    /// The uncompressed root.
    pub image: Arc<Vec<u8>>,
    /// Where in it each dataset is.
    pub datasets: Vec<(Arc<str>, Range<usize>)>,
    pub schemas: Vec<Arc<Schema>>,
    pub next_array_id: u64,
    pub keeping: Arc<Keeping>,
}

impl RootImage {
    /// The same, to be written again.
    pub fn records(&self) -> Records {
        let same = |(name, range): &(Arc<str>, Range<usize>)| (name.clone(), Encoded::Same(range.clone()));
        Records {
            schemas: self.schemas.clone(),
            next_array_id: self.next_array_id,
            datasets: self.datasets.iter().map(same).collect(),
            image: self.image.clone(),
            keeping: self.keeping.clone(),
        }
    }

    /// Decodes each dataset.
    pub fn decoded(&self, format: MetaFormat) -> impl Iterator<Item = Result<(&Arc<str>, DatasetRecord)>> {
        self.datasets
            .iter()
            .map(move |(name, range)| Ok((name, root::decode_dataset(format, name, &self.image[range.clone()])?)))
    }

    /// The schema of this number.
    pub fn schema(&self, number: u32) -> Result<&Arc<Schema>> {
        self.schemas.get(number as usize).ok_or_else(|| error!(Corrupt, "there is no schema {number}"))
    }
}

/// The schemas of a root.
fn decode_schemas(head: &Head) -> Result<Vec<Arc<Schema>>> {
    let decode = |record: &SchemaRecord| {
        let schema = record.decode()?;
        schema.dims.iter().try_for_each(|name| stored_name("dimension", name))?;
        Ok(Arc::new(schema))
    };
    head.schemas.iter().map(decode).collect()
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

    fn record(&self) -> FileRecord {
        FileRecord {
            folder: self.folder.clone(),
            live_bytes: self.live_bytes,
            dead_bytes: self.dead_bytes,
            segments: self.segments.iter().map(|segment| segment.record.clone()).collect(),
        }
    }
}

impl Version {
    /// What a root says. Segments that `known` has, too, are taken from there with what is cached of them.
    pub fn of(root: Root, path: &Path, known: &Version) -> Result<Self> {
        let head = root.head;
        let known: HashMap<&str, &Arc<Segment>> =
            known.all_segments().map(|segment| (&*segment.record.file, segment)).collect();
        let mut files = IndexMap::with_capacity(head.array_files.len());
        let mut named = HashSet::new();
        for (name, record) in &head.array_files {
            stored_name("array", name)?;
            // These become paths: nothing that the root says may lead out of the store.
            if !names::is_folder_name(&record.folder) {
                bail!(Corrupt, "array file '{name}' has the folder '{}'", record.folder);
            }
            if let Some(segment) = record.segments.iter().find(|segment| !names::is_segment_name(&segment.file)) {
                bail!(Corrupt, "array file '{name}' has the segment '{}'", segment.file);
            }
            if let Some(segment) = record.segments.iter().find(|segment| !named.insert(&segment.file)) {
                bail!(Corrupt, "the root names the segment '{}' twice", segment.file);
            }
            let length = record.segments.iter().try_fold(0u64, |sum, segment| sum.checked_add(segment.length));
            let bytes = record.live_bytes.checked_add(record.dead_bytes);
            if bytes.is_none() || length.is_none_or(|length| length > i64::MAX as u64) || bytes > length {
                bail!(Corrupt, "array file '{name}' has more bytes than its segments");
            }
            let folder = path.join(&*record.folder);
            let segment = |record: &SegmentRecord| match known.get(&*record.file) {
                Some(known) if known.record == *record => Arc::clone(known),
                _ => Arc::new(Segment::new(record.clone(), &folder)),
            };
            let file = ArrayFile {
                folder: record.folder.clone(),
                segments: Arc::new(record.segments.iter().map(segment).collect()),
                live_bytes: record.live_bytes,
                dead_bytes: record.dead_bytes,
            };
            files.insert(name.clone(), file);
        }
        let schemas = decode_schemas(&head)?;
        let next_array_id = head.next_array_id.max(1);
        let keeping = Arc::new(Keeping::of(&head)?);
        let root = RootImage { image: root.image, datasets: root.datasets, schemas, next_array_id, keeping };
        Ok(Self { generation: head.generation, files, root: Arc::new(root) })
    }

    /// What is stored under an array name.
    pub fn segments(&self, array: &str) -> Segments {
        self.files.get(array).map(|file| file.segments.clone()).unwrap_or_default()
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

    fn records(&self) -> IndexMap<Arc<str>, FileRecord> {
        self.files.iter().map(|(name, file)| (name.clone(), file.record())).collect()
    }
}
