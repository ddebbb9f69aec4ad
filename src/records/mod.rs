//! What a commit says of datasets: in the root, and where they are many, in catalogue files.
//!
//! The root's part and the files are layers. What a later one says of a dataset goes before what an earlier one does: all
//! of it, that it is gone, or what has changed of it.

mod file;

pub(crate) use file::{CatalogueFile, CatalogueWriter, NewEntry};

use crate::base::error::{Error, Result, bail, error};
use crate::base::maps::{HashMap, HashSet, IndexMap, index_map};
use crate::base::names::{NameList, stored_name};
use crate::base::pool::Pool;
use crate::chunk::schema::Schema;
use crate::format::catalogue::{Entries, Kind};
use crate::format::names;
use crate::format::root::{
    self, ArrayRecord, Attributes, CatalogueRecord, DatasetEntry, DatasetRecord, MetaFormat, Root,
};
use crate::memory::buffers;
use crate::storage::Storage;
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// What one commit says of datasets; it never changes.
#[derive(Default)]
pub(crate) struct Records {
    pub format: MetaFormat,
    /// What arrays have in common, by number.
    pub schemas: Vec<Arc<Schema>>,
    pub next_array_id: u64,
    /// Arrays with lower ids may stand in segments under an earlier name of their dataset.
    pub renamed: u64,
    /// The store's own.
    pub attributes: Arc<Attributes>,
    /// Datasets that there are.
    pub count: u64,
    /// The place in the order of datasets that the next one to come into a file gets.
    pub next_place: u64,
    /// The uncompressed root, and where in it each dataset is.
    pub image: Arc<Vec<u8>>,
    pub layer: IndexMap<Arc<str>, InRoot>,
    /// Oldest first.
    pub files: Vec<Arc<CatalogueFile>>,
}

/// Where a root says something of a dataset, and what.
#[derive(Clone, Debug)]
pub(crate) struct InRoot {
    pub kind: Kind,
    pub bytes: Range<usize>,
}

impl Records {
    /// What a root says. Files that `known` has, too, are taken from there with what is cached of them.
    pub fn of(
        root: Root,
        format: MetaFormat,
        path: &Path,
        storage: &Arc<dyn Storage>,
        store_id: [u8; 16],
        known: &Records,
    ) -> Result<Self> {
        let Root { head, image, datasets } = root;
        let decode = |record: &root::SchemaRecord| {
            let schema = record.decode()?;
            schema.dims.iter().try_for_each(|name| stored_name("dimension", name))?;
            Ok(Arc::new(schema))
        };
        let schemas = head.schemas.iter().map(decode).collect::<Result<_>>()?;
        root::stored_attributes(&head.attributes)?;
        let is_alone = head.catalogue.is_none();
        let mut layer = index_map(datasets.len());
        for (name, bytes) in datasets {
            stored_name("dataset", &name)?;
            let kind = if is_alone { Kind::Whole } else { root::kind(format, &name, &image[bytes.clone()])? };
            if layer.insert(name.clone(), InRoot { kind, bytes }).is_some() {
                bail!(Corrupt, "the root names dataset '{name}' twice");
            }
        }
        if head
            .catalogue
            .as_ref()
            .is_some_and(|catalogue| catalogue.files.is_empty() || catalogue.next_place > i64::MAX as u64)
        {
            bail!(Corrupt, "the root has a catalogue without files, or of more datasets than there can be");
        }
        let catalogue = head.catalogue.unwrap_or(CatalogueRecord {
            datasets: layer.len() as u64,
            next_place: 0,
            files: Vec::new(),
        });
        let folder = path.join(names::CATALOGUE);
        let mut named = HashSet::default();
        let mut files = Vec::with_capacity(catalogue.files.len());
        for record in catalogue.files {
            if names::catalogue_generation(&record.file).is_none() || !named.insert(record.file.clone()) {
                bail!(Corrupt, "the root has the catalogue file '{}', or has it twice", record.file);
            }
            files.push(match known.files.iter().find(|known| known.record == record) {
                Some(known) => known.clone(),
                None => Arc::new(CatalogueFile::new(record, &folder, storage, store_id)),
            });
        }
        let entries = files.iter().fold(layer.len() as u64, |sum, file| sum.saturating_add(file.record.entries));
        if catalogue.datasets > entries {
            bail!(Corrupt, "the root counts {} datasets, and has {entries} at most", catalogue.datasets);
        }
        Ok(Self {
            format,
            schemas,
            next_array_id: head.next_array_id.max(1),
            renamed: head.renamed,
            attributes: head.attributes,
            count: catalogue.datasets,
            next_place: catalogue.next_place,
            image,
            layer,
            files,
        })
    }

    /// The schema of this number.
    pub fn schema(&self, number: u32) -> Result<&Arc<Schema>> {
        self.schemas.get(number as usize).ok_or_else(|| error!(Corrupt, "there is no schema {number}"))
    }

    /// The bytes of what the root says of a dataset.
    pub fn in_root(&self, found: &InRoot) -> &[u8] {
        &self.image[found.bytes.clone()]
    }

    /// Whether there is a dataset of this name.
    pub fn contains(&self, name: &str) -> Result<bool> {
        match self.layer.get(name) {
            Some(found) => Ok(found.kind != Kind::Gone),
            None => self.is_in_files(name),
        }
    }

    /// Whether the files alone have the dataset.
    pub fn is_in_files(&self, name: &str) -> Result<bool> {
        Ok(self.place(name)?.is_some())
    }

    /// The place that the files give the dataset in the order of all.
    pub fn place(&self, name: &str) -> Result<Option<u64>> {
        for file in self.files.iter().rev() {
            if let Some(found) = file.find(name)? {
                return Ok((found.kind != Kind::Gone).then_some(found.place));
            }
        }
        Ok(None)
    }

    /// The dataset of this name.
    pub fn dataset(&self, name: &str) -> Result<Option<DatasetRecord>> {
        let mut dataset = Folding::new(self.format, name);
        if let Some(found) = self.layer.get(name)
            && dataset.add(found.kind, self.in_root(found)).map_err(in_the_root)?
        {
            return dataset.finish();
        }
        for file in self.files.iter().rev() {
            if let Some(found) = file.find(name)?
                && file.with_record(&found, |record| dataset.add(found.kind, record))?
            {
                break;
            }
        }
        dataset.finish()
    }

    /// The names of all datasets, in the order they were created.
    pub fn names(&self, pool: &Pool) -> Result<NameList> {
        // What a later layer says goes before; what is only changed in the root keeps the place that the files give it.
        let mut decided: HashSet<&str> = match self.files.is_empty() {
            true => HashSet::default(),
            false => self.layer.iter().filter(|(_, found)| found.kind != Kind::Over).map(|(name, _)| &**name).collect(),
        };
        let files = self.files.iter().map(|file| file.all_names(pool)).collect::<Result<Vec<Vec<Entries>>>>()?;
        let pages = || files.iter().flatten();
        let bytes = pages().map(|page| page.names.text().len()).sum();
        let mut names = NameList::with_room(pages().map(Entries::len).sum(), bytes)?;
        match &files[..] {
            // As they are after a compaction, of who creates datasets in the order of their names.
            [pages] if decided.is_empty() && is_ordered(pages) => {
                pages.iter().try_for_each(|page| names.append(&page.names))?;
            }
            _ => {
                let mut placed: Vec<(u64, &str)> = Vec::new();
                for (number, pages) in files.iter().enumerate().rev() {
                    for page in pages {
                        for (name, entry) in page.names.iter().zip(page.as_slice()) {
                            if (decided.is_empty() || !decided.contains(name)) && entry.kind != Kind::Gone {
                                buffers::push(&mut placed, (entry.place, name))?;
                            }
                            if number > 0 {
                                decided.insert(name);
                            }
                        }
                    }
                }
                placed.sort_by_key(|(place, _)| *place);
                placed.into_iter().try_for_each(|(_, name)| names.push(name))?;
            }
        }
        let in_root = self.layer.iter().filter(|(_, found)| found.kind == Kind::Whole);
        in_root.map(|(name, _)| name).try_for_each(|name| names.push(name))?;
        Ok(names)
    }

    /// Every dataset, decoded: in their order where the root has all of them, else by name.
    pub fn decoded(&self) -> impl Iterator<Item = Result<(Arc<str>, DatasetRecord)>> {
        let alone = self.files.is_empty().then(|| {
            self.layer.iter().map(|(name, found)| {
                let record = root::decode::<DatasetRecord>(self.format, name, self.in_root(found));
                Ok((name.clone(), record.map_err(in_the_root)?))
            })
        });
        let merged = (!self.files.is_empty()).then(|| {
            let layer = self.layer.iter().map(|(name, found)| {
                let (kind, record) = (found.kind, self.in_root(found));
                InLayer { name, kind, place: None, record: Cow::Borrowed(record) }
            });
            Merge::new(self, 0, layer.collect()).filter_map(|merged| match merged {
                Err(error) => Some(Err(error)),
                Ok(merged) => match root::decode(self.format, &merged.name, &merged.record) {
                    _ if merged.kind == Kind::Gone => None,
                    Err(error) => Some(Err(error)),
                    Ok(record) => Some(Ok((merged.name, record))),
                },
            })
        });
        alone.into_iter().flatten().chain(merged.into_iter().flatten())
    }
}

/// Whether all datasets of pages are there, in the order in which they were created.
fn is_ordered(pages: &[Entries]) -> bool {
    let entries = || pages.iter().flat_map(|page| page.as_slice());
    entries().all(|entry| entry.kind != Kind::Gone) && entries().is_sorted_by_key(|entry| entry.place)
}

fn in_the_root(error: Error) -> Error {
    error.context("in the root")
}

/// What layers say of one dataset, from the last on.
struct Folding<'n> {
    format: MetaFormat,
    name: &'n str,
    /// Changes, the last first.
    over: Vec<DatasetEntry>,
    /// What they are changes of.
    whole: Option<DatasetRecord>,
}

impl<'n> Folding<'n> {
    fn new(format: MetaFormat, name: &'n str) -> Self {
        Self { format, name, over: Vec::new(), whole: None }
    }

    /// Adds what the next layer before says; whether that is all there is.
    fn add(&mut self, kind: Kind, record: &[u8]) -> Result<bool> {
        match kind {
            Kind::Over => self.over.push(root::decode(self.format, self.name, record)?),
            Kind::Whole => self.whole = Some(root::decode(self.format, self.name, record)?),
            Kind::Gone => {}
        }
        Ok(kind != Kind::Over)
    }

    /// The dataset; `None` where there is none.
    fn finish(self) -> Result<Option<DatasetRecord>> {
        let Self { name, over, whole, .. } = self;
        match whole {
            Some(mut dataset) => {
                over.into_iter().rev().for_each(|change| dataset.apply(change));
                Ok(Some(dataset))
            }
            None if over.is_empty() => Ok(None),
            None => bail!(Corrupt, "dataset '{name}' is changed and was never made"),
        }
    }

    /// All changes as one.
    fn finish_changes(self) -> DatasetEntry {
        let mut merged = DatasetEntry { over: true, ..DatasetEntry::default() };
        self.over.into_iter().rev().for_each(|change| merged.apply(change));
        merged
    }
}

impl DatasetRecord {
    /// Makes of a dataset what a change makes of it.
    pub fn apply(&mut self, change: DatasetEntry) {
        self.attributes = change.attributes;
        for (name, array) in change.arrays {
            match array {
                Some(array) => drop(self.arrays.insert(name, array)),
                None => drop(self.arrays.swap_remove(&name)),
            }
        }
        self.arrays.sort_by_cached_key(|_, array| array.place());
    }
}

impl DatasetEntry {
    /// Adds a later change to this one.
    pub fn apply(&mut self, later: DatasetEntry) {
        self.attributes = later.attributes;
        self.arrays.extend(later.arrays);
    }
}

/// Layers merged, in the order of names: from file number `first` on, and the root's.
pub(crate) struct Merge<'r> {
    records: &'r Records,
    /// Whether nothing lies under the layers.
    is_all: bool,
    /// The root's, sorted, the next one last.
    in_root: Vec<InLayer<'r>>,
    /// Makes more of the root's, which follow those, where all of them would take much memory; none are the end.
    more: Option<MoreOfLayer<'r>>,
    /// Oldest first.
    files: Vec<Pages<'r>>,
}

/// Makes the next of what the root says, the next one last.
pub(crate) type MoreOfLayer<'r> = Box<dyn FnMut() -> Result<Vec<InLayer<'r>>> + 'r>;

/// What the root says of a dataset.
pub(crate) struct InLayer<'r> {
    pub name: &'r Arc<str>,
    pub kind: Kind,
    /// Of one that was created, the place that it gets.
    pub place: Option<u64>,
    pub record: Cow<'r, [u8]>,
}

/// What merged layers say of a dataset.
pub(crate) struct Merged<'r> {
    pub name: Arc<str>,
    pub kind: Kind,
    /// `None` where it is that of older files.
    pub place: Option<u64>,
    /// Of one that is whole, a [`DatasetRecord`]; of one that is changed, a [`DatasetEntry`].
    pub record: Cow<'r, [u8]>,
}

/// The entries of a file, one after the other.
struct Pages<'r> {
    file: &'r CatalogueFile,
    next_page: usize,
    at: usize,
    entries: Entries,
    records: Vec<u8>,
}

impl Pages<'_> {
    /// Goes to the next page where this one is over; whether there is an entry.
    fn fill(&mut self) -> Result<bool> {
        while self.at == self.entries.len() {
            if self.next_page == self.file.directory()?.pages.len() {
                return Ok(false);
            }
            (self.entries, self.records) = self.file.page(self.next_page)?;
            (self.next_page, self.at) = (self.next_page + 1, 0);
        }
        Ok(true)
    }
}

impl<'r> Merge<'r> {
    /// The files from number `first` on, and the root's layer.
    pub fn new(records: &'r Records, first: usize, mut layer: Vec<InLayer<'r>>) -> Self {
        layer.sort_unstable_by(|a, b| b.name.cmp(a.name));
        let pages = |file: &'r Arc<CatalogueFile>| Pages {
            file,
            next_page: 0,
            at: 0,
            entries: Entries::default(),
            records: Vec::new(),
        };
        let files = records.files[first..].iter().map(pages).collect();
        Self { records, is_all: first == 0, in_root: layer, more: None, files }
    }

    /// The files from number `first` on, and a root's layer that `more` makes, in the order of names.
    pub fn with_more(records: &'r Records, first: usize, more: MoreOfLayer<'r>) -> Self {
        Self { more: Some(more), ..Self::new(records, first, Vec::new()) }
    }

    /// Whether it is of all files.
    pub fn is_all(&self) -> bool {
        self.is_all
    }

    fn next_merged(&mut self) -> Result<Option<Merged<'r>>> {
        if self.in_root.is_empty()
            && let Some(more) = &mut self.more
        {
            self.in_root = more()?;
            if self.in_root.is_empty() {
                self.more = None;
            }
        }
        for file in &mut self.files {
            file.fill()?;
        }
        let in_files = self.files.iter().filter_map(|file| file.entries.names.get(file.at)).min();
        let name = match (self.in_root.last(), in_files) {
            (None, None) => return Ok(None),
            (Some(last), found) if found.is_none_or(|found| **last.name <= *found) => last.name.clone(),
            (_, found) => found.unwrap_or_default().into(),
        };
        let mut layers: Vec<(Kind, Option<u64>, Cow<'r, [u8]>)> = Vec::new();
        if let Some(found) = self.in_root.pop_if(|last| **last.name == *name) {
            layers.push((found.kind, found.place, found.record));
        }
        for file in self.files.iter_mut().rev() {
            if file.entries.names.get(file.at) == Some(&*name) {
                let (entry, record) = (file.entries.as_slice()[file.at], file.entries.record(file.at));
                layers.push((entry.kind, Some(entry.place), Cow::Owned(file.records[record].to_vec())));
                file.at += 1;
            }
        }
        merge(self.records.format, name, layers, self.is_all).map(Some)
    }
}

impl<'r> Iterator for Merge<'r> {
    type Item = Result<Merged<'r>>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_merged().transpose();
        if matches!(next, Some(Err(_))) {
            // There is no going on behind what cannot be read.
            (self.in_root, self.more, self.files) = Default::default();
        }
        next
    }
}

/// One entry of what layers, the last first, say of a dataset; under them is nothing if `is_all`.
fn merge<'r>(
    format: MetaFormat,
    name: Arc<str>,
    layers: Vec<(Kind, Option<u64>, Cow<'r, [u8]>)>,
    is_all: bool,
) -> Result<Merged<'r>> {
    // Of what is only changed, it is that of the layers before.
    let place = layers.iter().find_map(|(_, place, _)| *place);
    let mut layers = layers.into_iter();
    let Some((kind, _, record)) = layers.next() else {
        bail!(Internal, "dataset '{name}' in no layer");
    };
    if kind != Kind::Over {
        return Ok(Merged { name, kind, place, record });
    }
    let mut folding = Folding::new(format, &name);
    let mut is_done = folding.add(kind, &record)?;
    while !is_done && let Some((kind, _, record)) = layers.next() {
        is_done = folding.add(kind, &record)?;
    }
    let (kind, record) = match is_done || is_all {
        true => (Kind::Whole, folding.finish().and_then(|whole| root::encode(format, &whole))?),
        false => (Kind::Over, root::encode(format, &folding.finish_changes())?),
    };
    Ok(Merged { name, kind, place, record: Cow::Owned(record) })
}

/// Numbers of schemas, which may become more.
pub(crate) struct Numbering {
    pub list: Vec<Arc<Schema>>,
    numbers: HashMap<Arc<Schema>, u32>,
}

impl Numbering {
    pub fn of(schemas: &[Arc<Schema>]) -> Self {
        Self { list: schemas.to_vec(), numbers: schemas.iter().cloned().zip(0..).collect() }
    }

    pub fn number(&mut self, schema: &Arc<Schema>) -> u32 {
        if let Some(number) = self.numbers.get(schema) {
            return *number;
        }
        let number = self.list.len() as u32;
        self.numbers.insert(schema.clone(), number);
        self.list.push(schema.clone());
        number
    }
}

impl ArrayRecord {
    /// Its place in the order of the dataset's arrays.
    pub fn place(&self) -> u64 {
        self.place.unwrap_or(self.id)
    }
}
