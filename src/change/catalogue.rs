//! The datasets of a store, in memory: names to datasets to arrays. Datasets that nobody has asked for stay the bytes
//! that the root holds.

use crate::array::Array;
use crate::base::error::{Error, Result, bail, error};
use crate::base::locks::read;
use crate::base::names::stored_name;
use crate::base::pool::Pool;
use crate::base::sync::atomic::{AtomicU64, Ordering};
use crate::base::value::Value;
use crate::chunk::schema::Schema;
use crate::format::root::{self, ArrayRecord, Attributes, DatasetRecord, MetaFormat};
use crate::version::RootImage;
use crate::version::keeping::Keeping;
use indexmap::IndexMap;
use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// A dataset that has been asked for.
#[derive(Default)]
pub(crate) struct Dataset {
    pub arrays: IndexMap<Arc<str>, ArrayEntry>,
    pub attributes: Arc<Attributes>,
}

/// An array of a dataset.
pub(crate) struct ArrayEntry {
    pub array: Arc<Array>,
    pub attributes: Arc<Attributes>,
}

/// A place in the order of datasets.
pub(crate) struct Slot {
    pub name: Arc<str>,
    /// Where the root's image has the dataset as the last flush left it.
    pub bytes: Option<Range<usize>>,
    dataset: OnceLock<Box<Dataset>>,
    /// The number of the last change to the dataset; see [`Catalogue::changes`].
    changed: AtomicU64,
}

/// All datasets, in the order they were created.
pub(crate) struct Catalogue {
    format: MetaFormat,
    index: HashMap<Arc<str>, usize>,
    slots: Vec<Option<Slot>>,
    /// The uncompressed root that `Slot::bytes` point into.
    image: Arc<Vec<u8>>,
    schemas: Schemas,
    /// Counts how often schemas got other numbers.
    pub numbering: u64,
    pub next_array_id: u64,
    /// Counts changes; what a flush began with is what it leaves flushed.
    changes: AtomicU64,
    flushed: u64,
    /// What the last flush began with, if it is not over; else what is flushed.
    begun: u64,
    /// Arrays that are gone since the last flush: name and id. Their stored chunks are garbage from then on.
    pub removed: Vec<(Arc<str>, u64)>,
    keeping: Arc<Keeping>,
}

/// What arrays have in common, numbered.
#[derive(Default)]
struct Schemas {
    list: Vec<Arc<Schema>>,
    numbers: HashMap<Arc<Schema>, u32>,
}

impl Schemas {
    fn of(root: &RootImage) -> Self {
        Self { numbers: root.schemas.iter().cloned().zip(0..).collect(), list: root.schemas.clone() }
    }

    fn intern(&mut self, schema: impl Into<Arc<Schema>> + Borrow<Schema>) -> Arc<Schema> {
        if let Some((known, _)) = self.numbers.get_key_value(schema.borrow()) {
            return known.clone();
        }
        let schema = schema.into();
        self.numbers.insert(schema.clone(), self.list.len() as u32);
        self.list.push(schema.clone());
        schema
    }
}

impl Catalogue {
    /// The catalogue that a root tells of.
    pub fn new(format: MetaFormat, root: &RootImage) -> Result<Self> {
        let mut catalogue = Self {
            format,
            index: HashMap::with_capacity(root.datasets.len()),
            slots: Vec::with_capacity(root.datasets.len()),
            image: root.image.clone(),
            schemas: Schemas::of(root),
            numbering: 0,
            next_array_id: root.next_array_id,
            changes: AtomicU64::new(0),
            flushed: 0,
            begun: 0,
            removed: Vec::new(),
            keeping: root.keeping.clone(),
        };
        for (name, bytes) in root.datasets.iter().cloned() {
            stored_name("dataset", &name)?;
            if catalogue.index.insert(name.clone(), catalogue.slots.len()).is_some() {
                bail!(Corrupt, "the root names dataset '{name}' twice");
            }
            let slot = Slot { name, bytes: Some(bytes), dataset: OnceLock::new(), changed: AtomicU64::new(0) };
            catalogue.slots.push(Some(slot));
        }
        Ok(catalogue)
    }

    pub fn len(&self) -> usize {
        self.index.len()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.index.contains_key(name)
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.slots().map(|(_, slot)| &slot.name)
    }

    pub fn name_at(&self, index: usize) -> Option<&Arc<str>> {
        if self.slots.len() == self.index.len() {
            return self.slots.get(index)?.as_ref().map(|slot| &slot.name);
        }
        self.names().nth(index)
    }

    /// The slots in use, with their numbers, which stay as long as a flush is under way.
    pub fn slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate().filter_map(|(number, slot)| Some((number, slot.as_ref()?)))
    }

    /// The slot of a dataset.
    pub fn slot(&self, name: &str) -> Result<&Slot> {
        (self.index.get(name))
            .and_then(|&number| self.slots[number].as_ref())
            .ok_or_else(|| error!(NotFound, "no dataset '{name}'"))
    }

    /// The dataset in a slot, decoded if it has not been asked for yet.
    pub fn dataset_in<'c>(&'c self, slot: &'c Slot) -> Result<&'c Dataset> {
        if let Some(dataset) = slot.dataset.get() {
            return Ok(dataset);
        }
        let decoded = self.decode(slot)?;
        Ok(slot.dataset.get_or_init(|| Box::new(decoded)))
    }

    pub fn dataset(&self, name: &str) -> Result<&Dataset> {
        self.dataset_in(self.slot(name)?)
    }

    /// Decodes those of many datasets that have not been asked for yet. What is wrong with one is said where it is
    /// asked for.
    pub fn decode_ahead(&self, pool: &Pool, names: &[&str]) {
        let slots = names.iter().filter_map(|name| self.slot(name).ok());
        let slots: Vec<&Slot> = slots.filter(|slot| slot.dataset.get().is_none()).collect();
        pool.for_each_at_once(&slots, |slot| drop(self.dataset_in(slot)));
    }

    /// What the root holds of the dataset in a slot.
    pub fn record(&self, slot: &Slot) -> Result<DatasetRecord> {
        let Some(bytes) = &slot.bytes else { bail!(Internal, "dataset '{}' is not in the root", slot.name) };
        root::decode_dataset(self.format, &slot.name, &self.image[bytes.clone()])
    }

    /// What is wrong with datasets as the root holds them.
    pub fn damaged_records(&self) -> Vec<Error> {
        let mut ids = HashSet::new();
        let mut damaged = Vec::new();
        for (_, slot) in self.slots().filter(|(_, slot)| slot.bytes.is_some()) {
            match self.decode(slot) {
                Err(error) => damaged.push(error),
                Ok(dataset) => {
                    let twice = dataset.arrays.iter().filter(|(_, entry)| !ids.insert(entry.array.id));
                    damaged.extend(twice.map(|(name, entry)| {
                        error!(
                            Corrupt,
                            "array '{name}' of dataset '{}' has the id {} of another", slot.name, entry.array.id
                        )
                    }));
                }
            }
        }
        damaged
    }

    fn decode(&self, slot: &Slot) -> Result<Dataset> {
        let record = self.record(slot)?;
        let mut arrays = IndexMap::with_capacity(record.arrays.len());
        stored_attributes(&record.attributes)?;
        for (name, array) in record.arrays {
            stored_name("array", &name)?;
            stored_attributes(&array.attributes)?;
            let decoded = self.decode_array(&array).map_err(|error| {
                let context = format!("array '{name}' of dataset '{}' in the root", slot.name);
                error.context(context)
            })?;
            arrays.insert(name, ArrayEntry { array: decoded, attributes: array.attributes });
        }
        Ok(Dataset { arrays, attributes: record.attributes })
    }

    fn decode_array(&self, record: &ArrayRecord) -> Result<Arc<Array>> {
        let schema = (self.schemas.list.get(record.schema as usize))
            .ok_or_else(|| error!(Corrupt, "there is no schema {}", record.schema))?;
        // An id that is given out again would make two arrays of one.
        if !(1..self.next_array_id).contains(&record.id) {
            bail!(Corrupt, "id {} is not below the next, {}", record.id, self.next_array_id);
        }
        record.check(schema)?;
        let stored = record.stored.decode(schema.dtype)?;
        Ok(Array::new(record.id, schema.clone(), &record.shape, Some(stored)))
    }

    /// The dataset, to be changed. The change is counted.
    pub fn change(&mut self, name: &str) -> Result<&mut Dataset> {
        self.dataset(name)?;
        self.note_change(self.slot(name)?);
        (self.index.get(name))
            .and_then(|&number| self.slots[number].as_mut()?.dataset.get_mut())
            .map(|dataset| &mut **dataset)
            .ok_or_else(|| error!(Internal, "dataset '{name}' is not at hand"))
    }

    /// Counts a change to a dataset whose catalogue entry stays as it is.
    pub fn note_change(&self, slot: &Slot) {
        let number = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        slot.changed.fetch_max(number, Ordering::Relaxed);
    }

    pub fn create(&mut self, name: &str) -> Result<()> {
        if self.contains(name) {
            bail!(AlreadyExists, "dataset '{name}' already exists");
        }
        let name: Arc<str> = name.into();
        let slot = Slot { name: name.clone(), bytes: None, dataset: OnceLock::new(), changed: AtomicU64::new(0) };
        slot.dataset.get_or_init(Box::default);
        self.note_change(&slot);
        self.index.insert(name, self.slots.len());
        self.slots.push(Some(slot));
        Ok(())
    }

    pub fn delete(&mut self, name: &str) -> Result<()> {
        let dataset = self.dataset(name)?;
        let removed: Vec<_> = dataset.arrays.iter().map(|(name, entry)| (name.clone(), entry.array.id)).collect();
        self.removed.extend(removed);
        if let Some(number) = self.index.remove(name) {
            self.slots[number] = None;
        }
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// What the store is told of earlier commits.
    pub fn keeping(&self) -> &Arc<Keeping> {
        &self.keeping
    }

    pub fn set_keeping(&mut self, keeping: Keeping) {
        if *self.keeping != keeping {
            self.keeping = Arc::new(keeping);
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A new array that is not in a dataset yet, under an id of its own.
    pub fn new_array(&mut self, schema: Schema, shape: &[u64]) -> Arc<Array> {
        let id = self.next_array_id;
        self.next_array_id += 1;
        Array::new(id, self.schemas.intern(schema), shape, None)
    }

    /// The number of the last change.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    pub fn has_unflushed_changes(&self) -> bool {
        self.changes() != self.flushed
    }

    /// Whether there are changes that no flush under way has.
    pub fn has_changes_for_a_flush(&self) -> bool {
        self.changes() != self.begun
    }

    /// A flush of all changes so far begins.
    pub fn flush_began(&mut self) {
        self.begun = self.changes();
    }

    /// The flushes under way have failed.
    pub fn flushes_failed(&mut self) {
        self.begun = self.flushed;
    }

    /// Whether the dataset differs from what the root holds.
    pub fn is_changed(&self, slot: &Slot) -> bool {
        slot.bytes.is_none() || slot.changed.load(Ordering::Relaxed) > self.flushed
    }

    pub fn image(&self) -> Arc<Vec<u8>> {
        self.image.clone()
    }

    pub fn schemas(&self) -> Vec<Arc<Schema>> {
        self.schemas.list.clone()
    }

    pub fn schema_number(&self, schema: &Arc<Schema>) -> Result<u32> {
        // An array's schema came from `intern` or from the root.
        self.schemas.numbers.get(schema).copied().ok_or_else(|| error!(Internal, "an array's schema has no number"))
    }

    /// Takes the numbers that a root gives to schemas.
    pub fn renumber(&mut self, root: &RootImage) {
        let mut schemas = Schemas::of(root);
        for dataset in self.slots().filter_map(|(_, slot)| slot.dataset.get()) {
            for entry in dataset.arrays.values() {
                schemas.intern(entry.array.schema.clone());
            }
        }
        self.schemas = schemas;
        self.numbering += 1;
    }

    /// The root was written anew with what it had.
    pub fn moved(&mut self, root: &RootImage) {
        for (name, bytes) in &root.datasets {
            if let Some(slot) = self.index.get(name).and_then(|number| self.slots[*number].as_mut())
                && slot.bytes.is_some()
            {
                slot.bytes = Some(bytes.clone());
            }
        }
        self.image = root.image.clone();
    }

    /// A flush that began at change `changes` is done: the datasets that the root has are those of `slots`. They keep
    /// their numbers where `others`, begun since, have them.
    pub fn flushed(&mut self, changes: u64, root: &RootImage, slots: impl Iterator<Item = usize>, others: bool) {
        let mut current = vec![None; self.slots.len()];
        for (number, (_, bytes)) in slots.zip(&root.datasets) {
            current[number] = Some(bytes.clone());
        }
        for (slot, bytes) in self.slots.iter_mut().zip(current) {
            if let Some(slot) = slot {
                slot.bytes = bytes;
            }
        }
        (self.image, self.flushed) = (root.image.clone(), changes);
        if self.slots.len() > self.index.len() && !others {
            self.slots.retain(Option::is_some);
            for (number, slot) in self.slots.iter().enumerate() {
                if let Some(slot) = slot
                    && let Some(place) = self.index.get_mut(&slot.name)
                {
                    *place = number;
                }
            }
        }
    }
}

impl Dataset {
    pub fn array(&self, dataset: &str, array: &str) -> Result<&ArrayEntry> {
        self.arrays.get(array).ok_or_else(|| error!(NotFound, "no array '{array}' in dataset '{dataset}'"))
    }

    /// What the root is to hold, but for what is stored of arrays.
    pub fn to_record(&self, catalogue: &Catalogue) -> Result<DatasetRecord> {
        let mut arrays = IndexMap::with_capacity(self.arrays.len());
        for (name, entry) in &self.arrays {
            let array = &entry.array;
            let record = ArrayRecord {
                id: array.id,
                schema: catalogue.schema_number(&array.schema)?,
                shape: read(&array.data)?.shape.to_vec(),
                stored: root::StoredRecord::default(),
                attributes: entry.attributes.clone(),
            };
            arrays.insert(name.clone(), record);
        }
        Ok(DatasetRecord { arrays, attributes: self.attributes.clone() })
    }
}

fn stored_attributes(attributes: &Attributes) -> Result<()> {
    for (name, value) in attributes {
        stored_name("attribute", name)?;
        if let Value::String(texts) = value
            && texts.iter().any(|text| text.contains('\0'))
        {
            bail!(Corrupt, "in the root: a text of attribute '{name}' has a NUL in it");
        }
    }
    Ok(())
}
