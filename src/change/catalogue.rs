//! The datasets of a store, in memory: what has been asked for or changed, over what the last commit says.

use crate::array::Array;
use crate::base::error::{Error, Result, bail, error};
use crate::base::few::ByName;
use crate::base::locks::{after_panic, lock, read, write};
use crate::base::maps::{HashMap, HashSet, Hasher, IndexMap};
use crate::base::names::{NameList, stored_name};
use crate::base::pool::Pool;
use crate::base::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::base::sync::{Mutex, RwLock};
use crate::change::lengths::{Lengths, NEW};
use crate::chunk::schema::Schema;
use crate::format::root::{ArrayRecord, Attributes, DatasetRecord, no_attributes, stored_attributes};
use crate::records::Records;
use crate::version::Version;
use crate::version::defaults::Defaults;
use crate::version::keeping::Keeping;
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

/// Datasets and arrays that stay at hand after a flush though the commit has all of them, together: to decode them again
/// takes time, to keep a million of them takes a gigabyte.
const KEPT_AT_HAND: usize = 8192;

/// A dataset at hand.
pub(crate) struct Dataset {
    pub arrays: ByName<ArrayEntry>,
    pub attributes: Arc<Attributes>,
    /// Arrays that the last commit may have and that are gone, with the numbers of the changes.
    removed: Option<Box<Removed>>,
    /// What dimensions have as lengths, once it has been asked for, if there are many arrays.
    pub(super) lengths: Mutex<Option<Box<Lengths>>>,
}

/// Names of arrays, with the numbers of the changes that have taken them away.
#[derive(Default)]
struct Removed(Vec<(u64, Arc<str>)>);

impl Default for Dataset {
    fn default() -> Self {
        Self { arrays: ByName::default(), attributes: no_attributes(), removed: None, lengths: Mutex::default() }
    }
}

/// An array of a dataset.
pub(crate) struct ArrayEntry {
    pub array: Arc<Array>,
    pub attributes: Arc<Attributes>,
    /// Its place in the order of the dataset's arrays.
    pub place: u64,
    /// The number of the last change to it; see [`Catalogue::changes`].
    changed: AtomicU64,
    /// The length of dimension 0 when a flush last looked at it, or [`NEW`].
    looked_at: AtomicU64,
}

impl ArrayEntry {
    /// One that change number `change` makes.
    pub fn new(array: Arc<Array>, attributes: Arc<Attributes>, place: u64, change: u64) -> Self {
        Self { array, attributes, place, changed: AtomicU64::new(change), looked_at: AtomicU64::new(NEW) }
    }

    /// One of the last commit.
    fn committed(array: Arc<Array>, attributes: Arc<Attributes>, place: u64, shape: &[u64]) -> Self {
        let entry = Self::new(array, attributes, place, 0);
        shape.first().inspect(|length| entry.look_at(**length));
        entry
    }

    pub(super) fn looked_at(&self) -> u64 {
        self.looked_at.load(Ordering::Relaxed)
    }

    pub(super) fn look_at(&self, length: u64) {
        self.looked_at.store(length, Ordering::Relaxed);
    }

    /// What change number `change` makes of it.
    pub fn note(&mut self, change: u64) {
        *self.changed.get_mut() = change;
    }
}

/// A dataset at hand, with its name.
pub(crate) struct Slot {
    pub name: Arc<str>,
    dataset: Dataset,
    /// The number of the change that made it; 0 for one that the last commit had when it was asked for.
    created: u64,
    /// The number of the last change to it.
    changed: AtomicU64,
}

impl Slot {
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// What it counts for among what is at hand.
    fn weight(&self) -> usize {
        1 + self.dataset.arrays.len()
    }
}

/// All datasets.
pub(crate) struct Catalogue {
    /// What the last commit says.
    records: Arc<Records>,
    /// What is at hand; all that differs from what the last commit says is. In the order of memory: to drop many datasets in
    /// the order of hashes takes twice as long.
    slots: RwLock<IndexMap<Arc<str>, Arc<Slot>>>,
    /// Datasets and arrays that came to be at hand since the last time that some were let go of.
    brought: AtomicUsize,
    /// Names of arrays, which many datasets have in common.
    common: CommonNames,
    /// The names of those that may differ; one that was made anew may be there twice.
    dirty: Mutex<Vec<Arc<str>>>,
    /// Datasets that are gone, if they are not at hand again, with the numbers of the changes.
    gone: HashMap<Arc<str>, u64>,
    count: usize,
    /// All names, in the order they were created, once they have been asked for.
    names: OnceLock<NameList>,
    schemas: HashSet<Arc<Schema>>,
    pub next_array_id: u64,
    /// Counts changes; what a flush began with is what it leaves flushed.
    changes: AtomicU64,
    flushed: u64,
    flushes: u64,
    /// What the last flush began with, if it is not over; else what is flushed.
    begun: u64,
    /// Arrays that are gone since the last flush, with their names. Their stored chunks are garbage from then on.
    pub removed: Vec<(Arc<str>, Arc<Array>)>,
    keeping: Arc<Keeping>,
    /// Arrays with lower ids may stand in segments under an earlier name of their dataset.
    pub renamed: u64,
    /// The store's own.
    attributes: Arc<Attributes>,
    defaults: Defaults,
}

impl Catalogue {
    /// The catalogue of a commit.
    pub fn new(version: &Version) -> Result<Self> {
        let records = &version.records;
        let count = usize::try_from(records.count).map_err(|_| error!(Corrupt, "{} datasets", records.count))?;
        Ok(Self {
            records: records.clone(),
            slots: RwLock::default(),
            brought: AtomicUsize::new(0),
            common: CommonNames::default(),
            dirty: Mutex::default(),
            gone: HashMap::default(),
            count,
            names: OnceLock::new(),
            schemas: records.schemas.iter().cloned().collect(),
            next_array_id: records.next_array_id,
            changes: AtomicU64::new(0),
            flushed: 0,
            flushes: 0,
            begun: 0,
            removed: Vec::new(),
            keeping: version.keeping.clone(),
            renamed: records.renamed,
            attributes: records.attributes.clone(),
            defaults: version.defaults,
        })
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// The slot of a dataset at hand.
    fn at_hand(&self, name: &str) -> Result<Option<Arc<Slot>>> {
        Ok(read(&self.slots)?.get(name).cloned())
    }

    pub fn contains(&self, name: &str) -> Result<bool> {
        if self.at_hand(name)?.is_some() {
            return Ok(true);
        }
        Ok(!self.gone.contains_key(name) && self.records.contains(name)?)
    }

    /// All names, in the order they were created.
    pub fn names(&self, pool: &Pool) -> Result<&NameList> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let mut names = self.records.names(pool)?;
        if !self.gone.is_empty() {
            let mut kept = NameList::default();
            names.iter().filter(|name| !self.gone.contains_key(*name)).try_for_each(|name| kept.push(name))?;
            names = kept;
        }
        let changed = self.changed()?;
        let created = changed.iter().filter(|slot| self.is_created(slot));
        created.map(|slot| &slot.name).try_for_each(|name| names.push(name))?;
        Ok(self.names.get_or_init(|| names))
    }

    /// The slot of a dataset, which is decoded if it has not been asked for yet.
    pub fn slot(&self, name: &str) -> Result<Arc<Slot>> {
        if let Some(slot) = self.at_hand(name)? {
            return Ok(slot);
        }
        let record = if self.gone.contains_key(name) { None } else { self.records.dataset(name)? };
        let record = record.ok_or_else(|| error!(NotFound, "no dataset '{name}'"))?;
        let dataset = decode(&self.records, name, record)?;
        let name: Arc<str> = name.into();
        let slot = Slot { name: name.clone(), dataset, created: 0, changed: AtomicU64::new(0) };
        self.brought.fetch_add(slot.weight(), Ordering::Relaxed);
        Ok(write(&self.slots)?.entry(name).or_insert_with(|| Arc::new(slot)).clone())
    }

    /// Decodes those of many datasets that have not been asked for yet. What is wrong with one is said where it is
    /// asked for.
    pub fn decode_ahead(&self, pool: &Pool, names: &[&str]) -> Result<()> {
        let slots = read(&self.slots)?;
        let names: Vec<&str> = names.iter().copied().filter(|name| !slots.contains_key(*name)).collect();
        drop(slots);
        pool.for_each_at_once(&names, |name| drop(self.slot(name)));
        Ok(())
    }

    /// The number of a change that is made; the dataset `name` differs from what the last commit says.
    fn count_change(&self, name: &Arc<str>, changed: &AtomicU64) -> Result<u64> {
        let change = self.changes.fetch_add(1, Ordering::Relaxed) + 1;
        // One that was changed since the last flush is listed.
        if changed.fetch_max(change, Ordering::Relaxed) <= self.flushed {
            lock(&self.dirty)?.push(name.clone());
        }
        Ok(change)
    }

    /// Notes that values of an array were written.
    pub fn note_values(&self, slot: &Slot, entry: &ArrayEntry) -> Result<()> {
        let change = self.count_change(&slot.name, &slot.changed)?;
        entry.changed.fetch_max(change, Ordering::Relaxed);
        Ok(())
    }

    /// The dataset, to be changed, and the number of the change.
    pub fn change(&mut self, name: &str) -> Result<(&mut Dataset, u64)> {
        let slot = self.slot(name)?;
        let change = self.count_change(&slot.name, &slot.changed)?;
        drop(slot);
        let slots = self.slots.get_mut().map_err(|_| after_panic())?;
        let slot = slots.get_mut(name).and_then(Arc::get_mut);
        let slot = slot.ok_or_else(|| error!(Internal, "dataset '{name}' is not at hand, or in use"))?;
        Ok((&mut slot.dataset, change))
    }

    pub fn create(&mut self, name: &str) -> Result<()> {
        if self.contains(name)? {
            bail!(AlreadyExists, "dataset '{name}' already exists");
        }
        self.create_new(name.into())
    }

    /// The same where there is none of the name: it reads nothing.
    pub fn create_new(&mut self, name: Arc<str>) -> Result<()> {
        let changed = AtomicU64::new(0);
        let created = self.count_change(&name, &changed)?;
        let slot = Slot { name: name.clone(), dataset: Dataset::default(), created, changed };
        // Where there is no memory for one more, they are listed anew.
        if self.names.get_mut().is_some_and(|names| names.push(&name).is_err()) {
            self.names.take();
        }
        write(&self.slots)?.insert(name, Arc::new(slot));
        self.brought.fetch_add(1, Ordering::Relaxed);
        self.count += 1;
        Ok(())
    }

    pub fn delete(&mut self, name: &str) -> Result<()> {
        let slot = self.slot(name)?;
        self.removed.extend(slot.dataset.arrays.iter().map(|(name, entry)| (name.clone(), entry.array.clone())));
        let change = self.count_change(&slot.name, &slot.changed)?;
        write(&self.slots)?.swap_remove(name);
        self.gone.insert(slot.name.clone(), change);
        self.names.take();
        self.count = self.count.saturating_sub(1);
        Ok(())
    }

    /// Gives a dataset another name: the arrays are what they are, in memory and in segments. It is the last one that was
    /// created from then on.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<()> {
        let slot = self.slot(from)?;
        if self.contains(to)? {
            bail!(AlreadyExists, "dataset '{to}' already exists");
        }
        let (from, to): (Arc<str>, Arc<str>) = (slot.name.clone(), to.into());
        drop(slot);
        let slots = self.slots.get_mut().map_err(|_| after_panic())?;
        // Whoever holds a slot holds the store's state, too.
        let slot = slots.swap_remove(&from).and_then(|slot| match Arc::try_unwrap(slot) {
            Ok(slot) => Some(slot),
            Err(slot) => (slots.insert(from.clone(), slot), None).1,
        });
        let mut slot = slot.ok_or_else(|| error!(Internal, "dataset '{from}' is not at hand, or in use"))?;
        let gone = self.count_change(&from, &slot.changed)?;
        (slot.name, slot.changed) = (to.clone(), AtomicU64::new(0));
        slot.created = self.count_change(&to, &slot.changed)?;
        write(&self.slots)?.insert(to, Arc::new(slot));
        self.gone.insert(from, gone);
        self.names.take();
        self.renamed = self.next_array_id;
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

    /// The store's attributes.
    pub fn attributes(&self) -> &Arc<Attributes> {
        &self.attributes
    }

    /// Attributes, to be changed: of an array, of a dataset, or without one of the store.
    pub fn change_attributes(&mut self, dataset: Option<&str>, array: Option<&str>) -> Result<&mut Attributes> {
        let Some(dataset) = dataset else {
            self.changes.fetch_add(1, Ordering::Relaxed);
            return Ok(Arc::make_mut(&mut self.attributes));
        };
        let (found, change) = self.change(dataset)?;
        let attributes = match array.and_then(|array| found.arrays.get_mut(array)) {
            Some(entry) => {
                entry.note(change);
                &mut entry.attributes
            }
            None => &mut found.attributes,
        };
        Ok(Arc::make_mut(attributes))
    }

    /// What arrays get that do not choose for themselves.
    pub fn defaults(&self) -> Defaults {
        self.defaults
    }

    /// Notes that what it was made of is not what the last commit says.
    pub fn note_begun_anew(&mut self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes an array, the last one of its dataset.
    pub fn define(
        &mut self,
        dataset: &str,
        name: Arc<str>,
        schema: Schema,
        shape: &[u64],
        attributes: Arc<Attributes>,
    ) -> Result<Arc<Array>> {
        let made = self.new_array(schema, shape);
        let (place, (found, change)) = (made.id, self.change(dataset)?);
        found.insert(name, ArrayEntry::new(made.clone(), attributes, place, change))?;
        Ok(made)
    }

    /// A new array that is not in a dataset yet, under an id of its own.
    pub fn new_array(&mut self, schema: Schema, shape: &[u64]) -> Arc<Array> {
        let id = self.next_array_id;
        self.next_array_id += 1;
        self.brought.fetch_add(1, Ordering::Relaxed);
        Array::new(id, self.intern(schema), shape, None)
    }

    fn intern(&mut self, schema: Schema) -> Arc<Schema> {
        if let Some(known) = self.schemas.get(&schema) {
            return known.clone();
        }
        let schema = Arc::new(schema);
        self.schemas.insert(schema.clone());
        schema
    }

    /// The number of the last change.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// How many flushes were committed.
    pub fn flushes(&self) -> u64 {
        self.flushes
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

    /// Whether a dataset at hand was created since the last flush.
    pub fn is_created(&self, slot: &Slot) -> bool {
        slot.created > self.flushed
    }

    /// Whether an array differs from what the last commit says.
    pub fn is_changed(&self, entry: &ArrayEntry) -> bool {
        entry.changed.load(Ordering::Relaxed) > self.flushed
    }

    /// The datasets at hand that differ from what the last commit says: those that it has, then those that were created
    /// since, in that order.
    pub fn changed(&self) -> Result<Vec<Arc<Slot>>> {
        let slots = read(&self.slots)?;
        let dirty = lock(&self.dirty)?;
        let is_changed = |slot: &&Arc<Slot>| slot.changed.load(Ordering::Relaxed) > self.flushed;
        let mut changed: Vec<_> = dirty.iter().filter_map(|name| slots.get(name)).filter(is_changed).cloned().collect();
        let created = |slot: &Slot| if self.is_created(slot) { slot.created } else { 0 };
        // It is in order already, but for who deletes and makes anew.
        changed.sort_by(|a, b| created(a).cmp(&created(b)).then_with(|| a.name.cmp(&b.name)));
        changed.dedup_by(|a, b| Arc::ptr_eq(a, b));
        Ok(changed)
    }

    /// Refuses to flush those of the `changed` datasets in which a dimension name has several lengths.
    pub fn check_lengths(&self, changed: &[Arc<Slot>]) -> Result<()> {
        changed.iter().try_for_each(|slot| {
            let changed = slot.dataset.arrays.iter().filter(|(_, entry)| self.is_changed(entry));
            slot.dataset.check_lengths(&slot.name, changed)
        })
    }

    /// Datasets that the last commit may have and that are gone: not those that were created anew.
    pub fn gone(&self) -> Result<BTreeSet<Arc<str>>> {
        let slots = read(&self.slots)?;
        Ok(self.gone.keys().filter(|name| !slots.contains_key(*name)).cloned().collect())
    }

    /// The last commit, written anew with what it had.
    pub fn moved(&mut self, records: &Arc<Records>) {
        self.records = records.clone();
    }

    /// A flush that began at change `changes` is done, and this is what it says. Returns the datasets that are at hand no
    /// more, to be dropped where nobody waits: there may be many.
    pub fn flushed(&mut self, changes: u64, records: &Arc<Records>) -> Result<Vec<Arc<Slot>>> {
        (self.records, self.flushed) = (records.clone(), changes);
        self.flushes += 1;
        self.gone.retain(|_, gone| *gone > changes);
        let slots = self.slots.get_mut().map_err(|_| after_panic())?;
        let dirty = self.dirty.get_mut().map_err(|_| after_panic())?;
        dirty.retain(|name| {
            let Some(slot) = slots.get_mut(name) else { return false };
            if let Some(removed) = Arc::get_mut(slot).and_then(|slot| slot.dataset.removed.as_mut()) {
                removed.0.retain(|(removed, _)| *removed > changes);
            }
            slot.changed.load(Ordering::Relaxed) > changes
        });
        self.let_go()
    }

    /// Takes out datasets that the last commit has as they are, until few are left; those that were changed last stay.
    fn let_go(&mut self) -> Result<Vec<Arc<Slot>>> {
        let slots = self.slots.get_mut().map_err(|_| after_panic())?;
        if *self.brought.get_mut() <= KEPT_AT_HAND {
            return Ok(Vec::new());
        }
        *self.brought.get_mut() = 0;
        let mut clean: Vec<(u64, usize)> = Vec::new();
        for slot in slots.values_mut() {
            // What somebody has in hand may come to be changed.
            if let Some(slot) = Arc::get_mut(slot) {
                let changed = *slot.changed.get_mut();
                if changed <= self.flushed {
                    clean.push((changed, slot.weight()));
                }
            }
        }
        clean.sort_unstable_by(|a, b| b.cmp(a));
        let mut kept = 0;
        let beyond = clean.iter().enumerate().find(|(number, (_, weight))| {
            kept += weight;
            // One stays whatever it has: it may be the only one there is.
            *number > 0 && kept > KEPT_AT_HAND
        });
        let Some((_, &(last, _))) = beyond else { return Ok(Vec::new()) };
        let is_let_go = |slot: &mut Arc<Slot>| Arc::get_mut(slot).is_some_and(|slot| *slot.changed.get_mut() <= last);
        let gone = slots.extract_if(.., |_, slot| is_let_go(slot)).map(|(_, slot)| slot).collect();
        slots.shrink_to(2 * slots.len());
        Ok(gone)
    }

    /// A name, in the memory that it may have already.
    pub fn common_name(&mut self, name: &str) -> Arc<str> {
        self.common.get(name)
    }
}

/// Names that were used of late, each at the place that its hash gives.
#[derive(Default)]
struct CommonNames {
    hasher: Hasher,
    names: Vec<Option<Arc<str>>>,
}

impl CommonNames {
    const PLACES: usize = 256;

    fn get(&mut self, name: &str) -> Arc<str> {
        self.names.resize(Self::PLACES, None);
        let place = self.hasher.hash_one(name) as usize % Self::PLACES;
        match &self.names[place] {
            Some(known) if **known == *name => known.clone(),
            _ => self.names[place].insert(name.into()).clone(),
        }
    }
}

impl Dataset {
    /// Arrays that the last commit may have and that are gone.
    pub fn removed(&self) -> impl Iterator<Item = &Arc<str>> {
        self.removed.iter().flat_map(|removed| removed.0.iter().map(|(_, name)| name))
    }

    /// Notes that change number `change` has taken an array away.
    pub fn note_removed(&mut self, change: u64, array: Arc<str>) {
        self.removed.get_or_insert_default().0.push((change, array));
    }

    pub fn array(&self, dataset: &str, array: &str) -> Result<&ArrayEntry> {
        self.arrays.get(array).ok_or_else(|| error!(NotFound, "no array '{array}' in dataset '{dataset}'"))
    }
}

/// What is wrong with datasets as a commit has them.
pub(crate) fn damaged_records(records: &Records) -> Vec<Error> {
    let mut ids = HashSet::default();
    let mut damaged = Vec::new();
    let mut count = 0;
    for decoded in records.decoded() {
        let found = decoded.and_then(|(name, record)| Ok((decode(records, &name, record)?, name)));
        count += 1;
        match found {
            Err(error) => damaged.push(error),
            Ok((dataset, of)) => {
                let twice = dataset.arrays.iter().filter(|(_, entry)| !ids.insert(entry.array.id));
                damaged.extend(twice.map(|(name, entry)| {
                    error!(Corrupt, "array '{name}' of dataset '{of}' has the id {} of another", entry.array.id)
                }));
            }
        }
    }
    if damaged.is_empty() && count != records.count {
        damaged.push(error!(Corrupt, "the root counts {} datasets, there are {count}", records.count));
    }
    damaged
}

fn decode(records: &Records, dataset: &str, record: DatasetRecord) -> Result<Dataset> {
    let mut arrays = ByName::with_capacity(record.arrays.len());
    stored_attributes(&record.attributes)?;
    for (name, array) in record.arrays {
        stored_name("array", &name)?;
        stored_attributes(&array.attributes)?;
        let place = array.place();
        let decoded = decode_array(records, &array).map_err(|error| {
            let context = format!("array '{name}' of dataset '{dataset}' in the root");
            error.context(context)
        })?;
        arrays.insert(name, ArrayEntry::committed(decoded, array.attributes, place, &array.shape));
    }
    Ok(Dataset { arrays, attributes: record.attributes, ..Dataset::default() })
}

fn decode_array(records: &Records, record: &ArrayRecord) -> Result<Arc<Array>> {
    let schema = records.schema(record.schema)?;
    // An id that is given out again would make two arrays of one.
    if !(1..records.next_array_id).contains(&record.id) {
        bail!(Corrupt, "id {} is not below the next, {}", record.id, records.next_array_id);
    }
    record.check(schema)?;
    let stored = record.stored.decode(schema.dtype)?;
    Ok(Array::new(record.id, schema.clone(), &record.shape, Some(stored)))
}
