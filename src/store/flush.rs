//! The flush: from changes in memory to a new commit on disk.
//!
//! 1. *Cut*: under the exclusive lock, what is pending is set aside and the catalogue noted. Calls go on after that.
//! 2. *Segments*: one for each touched array name, in parallel.
//! 3. *Root*: written beside the old one. The segments, their folders and it are synced, then it is renamed over the old
//!    one, and the store's folder is synced. This is the commit.
//! 4. *Publish*: memory follows. After an error before the commit, what was set aside is put back.

use super::background::Over;
use super::catalogue::Catalogue;
use super::generations::{DEFAULT_KEPT, Keep};
use super::values::{FrozenArray, NewFiles, StoredValues, Totals, Unsynced, Values, for_each_live_row};
use super::*;
use crate::array::Array;
use crate::base::shape::Dims;
use crate::chunk::schema::Schema;
use crate::format::root::{self, DatasetRecord, FileRecord, Head, SchemaRecord, Stored, VERSION, Written};
use crate::segment::{Segment, sync_folder};
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

/// Datasets that one job serialises.
const ENCODE_TOGETHER: usize = 256;

/// The state that a flush writes.
pub(super) struct Cut {
    /// Its place among all flushes.
    pub number: u64,
    /// Whether its error waits for somebody to ask.
    pub keep_error: bool,
    changes: u64,
    values: Values,
    image: Arc<Vec<u8>>,
    next_array_id: u64,
    schemas: Vec<Arc<Schema>>,
    datasets: Vec<CutDataset>,
    arrays: Vec<CutArray>,
    removed: Vec<(Arc<str>, u64)>,
    /// Places in `datasets`, once somebody looks for one by its name.
    places: OnceLock<HashMap<Arc<str>, usize>>,
}

struct CutDataset {
    slot: usize,
    name: Arc<str>,
    content: Content,
}

/// An array of a changed dataset.
struct CutArray {
    /// The place of its dataset in [`Cut::datasets`], and its own in that.
    place: (usize, usize),
    array: Arc<Array>,
    shape: Dims,
}

enum Content {
    /// In the image of the root as it is.
    Same(Range<usize>),
    Changed(DatasetRecord),
}

impl Cut {
    /// The array `id` of one name and dataset, if that is there: its schema and shape.
    pub fn array(&self, format: MetaFormat, dataset: &str, name: &str, id: u64) -> Result<Option<(Arc<Schema>, Dims)>> {
        let places = self.places.get_or_init(|| {
            let names = self.datasets.iter().map(|dataset| dataset.name.clone());
            names.zip(0..).collect()
        });
        let Some(place) = places.get(dataset) else { return Ok(None) };
        let decoded;
        let record = match &self.datasets[*place].content {
            Content::Changed(record) => record,
            Content::Same(range) => {
                decoded = root::decode_dataset(format, dataset, &self.image[range.clone()])?;
                &decoded
            }
        };
        let Some(array) = record.arrays.get(name).filter(|array| array.id == id) else { return Ok(None) };
        let schema = (self.schemas.get(array.schema as usize))
            .ok_or_else(|| error!(Corrupt, "there is no schema {}", array.schema))?;
        Ok(Some((schema.clone(), Dims::from_slice(&array.shape))))
    }
}

/// What publishing needs.
struct Committed {
    files: Files,
    /// Segments that it does not name any more.
    retired: Vec<Arc<Segment>>,
    image: Arc<Vec<u8>>,
    ranges: Vec<(usize, Range<usize>)>,
    totals: Totals,
    /// Whether the replacement of the root is known to be durable.
    durable: Result<()>,
}

impl Store {
    /// Sets aside what a flush is to write; `None` where nothing has changed. To be called with [`Store::begun`] locked,
    /// as flushes are carried out in the order of their cuts.
    pub(super) fn cut(&self, closing: bool) -> Result<Option<Cut>> {
        let mut working = write(&self.working)?;
        self.check_open(working.ending)?;
        self.check_not_poisoned()?;
        let cut = match working.catalogue.has_changes_for_a_flush() {
            true => Some(self.cut_working(&mut working)?),
            false => None,
        };
        working.ending = closing.then_some(Ending::Close);
        Ok(cut)
    }

    /// Writes what was set aside, and makes it the store's state.
    pub(super) fn commit_cut(&self, mut cut: Cut, commit: &mut Commit) -> Result<()> {
        // A run does much the same from one flush to the next.
        self.io.buffers.settle();
        let mut new = NewFiles::default();
        // A flush that was begun before may have found out.
        match self.check_not_poisoned().and_then(|()| self.write_cut(&mut cut, commit, &mut new)) {
            Ok(mut committed) => {
                let last = committed.files.generation - 1;
                commit.retire(last, std::mem::take(&mut committed.retired));
                let keep_error = cut.keep_error;
                self.publish(cut, committed).or_else(|error| {
                    if keep_error {
                        lock(&self.begun)?.keep(&error);
                    }
                    Err(error)
                })
            }
            Err(error) => {
                new.remove(&*self.storage);
                let error = self.note_poison(error.missing_is(ErrorKind::Io));
                self.put_back(&cut.values, cut.removed, &error, cut.keep_error)?;
                Err(error)
            }
        }
    }

    pub(super) fn check_not_poisoned(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            bail!(Poisoned, "an earlier fsync of store {} failed: reopen it", self.path.display());
        }
        Ok(())
    }

    pub(super) fn sync_folder(&self, path: &Path) -> Result<()> {
        if self.sync { sync_folder(&*self.storage, path) } else { Ok(()) }
    }

    pub(super) fn note_poison(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Poisoned {
            self.poisoned.store(true, Ordering::Release);
        }
        error
    }

    fn cut_working(&self, working: &mut Working) -> Result<Cut> {
        let catalogue = &working.catalogue;
        let mut cut = Cut {
            number: 0,
            keep_error: false,
            changes: catalogue.changes(),
            values: Values::default(),
            image: catalogue.image(),
            next_array_id: catalogue.next_array_id,
            schemas: catalogue.schemas(),
            datasets: Vec::with_capacity(catalogue.len()),
            arrays: Vec::new(),
            removed: Vec::new(),
            places: OnceLock::new(),
        };
        for (number, slot) in catalogue.slots() {
            let content = match &slot.bytes {
                Some(bytes) if !catalogue.is_changed(slot) => Content::Same(bytes.clone()),
                _ => Content::Changed(catalogue.dataset_in(slot)?.to_record(catalogue)?),
            };
            cut.datasets.push(CutDataset { slot: number, name: slot.name.clone(), content });
        }
        // Nothing fails from here on, so that no array is left frozen without a flush to thaw it.
        for changed in changed_arrays(catalogue)? {
            let mut data = changed.array.data.write().unwrap_or_else(PoisonError::into_inner);
            let array = CutArray { place: changed.place, array: changed.array.clone(), shape: data.shape.clone() };
            cut.arrays.push(array);
            cut.values.frozen.extend(FrozenArray::freeze(&changed, &mut data, true, &self.io));
        }
        cut.removed = std::mem::take(&mut working.catalogue.removed);
        working.catalogue.flush_began();
        Ok(cut)
    }

    fn write_cut(&self, cut: &mut Cut, commit: &mut Commit, new: &mut NewFiles) -> Result<Committed> {
        let mut files = Files::clone(&read(&self.working)?.files);
        self.account_removed(&cut.removed, &mut files)?;
        // Without a lock nobody can tell who still needs what is taken up: it would stay for ever.
        let merging = commit.lock.is_some().then_some(&*cut);
        let stored = self.store_values(&cut.values, files, new, merging)?;
        let StoredValues { mut files, totals, unsynced, retired, warnings } = stored;
        for warning in warnings.into_iter().map(|warning| (LogLevel::Warning, warning)) {
            // The same one comes with every flush.
            if !commit.messages.contains(&warning) {
                commit.messages.push(warning);
            }
        }
        files.generation += 1;
        let root = self.compose_root(cut, &files, &totals)?;
        let durable = self.replace_root(commit, &root.file, files.generation, &unsynced, Keep::Yes)?;
        let image = root.image.unwrap_or(root.file);
        let ranges = cut.datasets.iter().map(|dataset| dataset.slot).zip(root.ranges).collect();
        Ok(Committed { files, retired, image: Arc::new(image), ranges, totals, durable })
    }

    /// The stored bytes of arrays that are gone are dead from now on.
    fn account_removed(&self, removed: &[(Arc<str>, u64)], files: &mut Files) -> Result<()> {
        for (name, id) in removed {
            let mut bytes = 0;
            for_each_live_row(&self.io, &files.segments(name), *id, |row| bytes += row.stored_bytes())?;
            if let Some(file) = files.by_name.get_mut(name) {
                file.live_bytes = file.live_bytes.saturating_sub(bytes);
                file.dead_bytes += bytes;
            }
        }
        Ok(())
    }

    /// The bytes of the root for a cut.
    fn compose_root(&self, cut: &mut Cut, files: &Files, totals: &Totals) -> Result<Written> {
        for CutArray { place: (place, number), array, .. } in &cut.arrays {
            if let Content::Changed(record) = &mut cut.datasets[*place].content
                && let Some((_, record)) = record.arrays.get_index_mut(*number)
            {
                // Without new values it is what the flush before has found.
                let stored = match totals.get(&array.id) {
                    Some(stored) => *stored,
                    None => read(&array.data)?.stored.as_ref().map(|(stored, _)| *stored).unwrap_or_default(),
                };
                record.stored = stored.encode(array.schema.dtype);
            }
        }
        let groups: Vec<_> =
            cut.datasets.chunks(ENCODE_TOGETHER).map(|group| (group, Mutex::new(Vec::new()))).collect();
        self.io.pool.for_each(&groups, |(group, encoded)| {
            let encode = |dataset: &CutDataset| match &dataset.content {
                Content::Same(_) => Ok(Vec::new()),
                Content::Changed(record) => root::encode_dataset(self.notation.format, record),
            };
            *lock(encoded)? = group.iter().map(encode).collect::<Result<_>>()?;
            Ok(())
        })?;
        let mut encoded = Vec::with_capacity(cut.datasets.len());
        for (_, group) in groups {
            encoded.append(&mut group.into_inner().map_err(|_| after_panic())?);
        }
        let datasets: Vec<(&str, &[u8])> = (cut.datasets.iter().zip(&encoded))
            .map(|(dataset, encoded)| {
                let bytes = match &dataset.content {
                    Content::Same(range) => &cut.image[range.clone()],
                    Content::Changed(_) => encoded,
                };
                (&*dataset.name, bytes)
            })
            .collect();
        let head = self.head(files, &cut.schemas, cut.next_array_id);
        root::write(self.notation, &head, &datasets)
    }

    pub(super) fn head(&self, files: &Files, schemas: &[Arc<Schema>], next_array_id: u64) -> Head {
        let file = |(name, file): (&Arc<str>, &ArrayFile)| {
            let record = FileRecord {
                folder: file.folder.clone(),
                live_bytes: file.live_bytes,
                dead_bytes: file.dead_bytes,
                segments: file.segments.iter().map(|segment| segment.record.clone()).collect(),
            };
            (name.clone(), record)
        };
        Head {
            format_version: VERSION,
            required_features: Vec::new(),
            writer_features: Vec::new(),
            store_id: open::hex(&self.store_id),
            generation: files.generation,
            next_array_id,
            default_compression: self.default_compression.into(),
            keep_generations: self.keep_generations,
            schemas: schemas.iter().map(|schema| SchemaRecord::encode(schema)).collect(),
            array_files: files.by_name.iter().map(file).collect(),
        }
    }

    /// The commit: puts the root of `generation` in place of the one this handle knows, once `unsynced` is durable.
    /// Returns whether the replacement is known to be.
    pub(super) fn replace_root(
        &self,
        commit: &mut Commit,
        bytes: &[u8],
        generation: u64,
        unsynced: &Unsynced,
        keep: Keep,
    ) -> Result<Result<()>> {
        let identity = open::write_root(&*self.storage, &self.path, self.notation, bytes, |root| {
            self.make_durable(unsynced, Some(root))?;
            let found = open::root_identity(&*self.storage, &self.path, self.notation)?;
            if found != Some(commit.root) {
                bail!(
                    Conflict,
                    "the root of store {} was replaced by another writer since this one last saw it: reopen the store",
                    self.path.display()
                );
            }
            if keep == Keep::Yes && self.keeps_roots() {
                self.keep_root(commit, generation - 1);
            }
            Ok(())
        })?;
        commit.root = identity;
        let durable = self.sync_folder(&self.path);
        if durable.is_ok() {
            // The roots that are gone from the list are gone from the disk as well, also after a crash.
            self.remove_retired(commit);
            if keep == Keep::Yes {
                self.drop_kept(commit, DEFAULT_KEPT);
            }
        }
        Ok(durable)
    }

    fn publish(&self, cut: Cut, committed: Committed) -> Result<()> {
        {
            let begun = lock(&self.begun)?;
            let mut working = write(&self.working)?;
            let others = !begun.cuts.is_empty();
            working.catalogue.flushed(cut.changes, committed.image, &committed.ranges, others);
            working.committed = Arc::new(committed.files);
            working.files = working.committed.clone();
            working.spilled = NewFiles::default();
        }
        cut.values.stored(&committed.totals, false)?;
        for CutArray { array, shape, .. } in cut.arrays {
            let mut data = write(&array.data)?;
            let totals = data.stored.take().map_or_else(Stored::default, |(stored, _)| stored);
            data.stored = Some((totals, shape));
            data.spilled = false;
        }
        if let Err(error) = committed.durable {
            // A close that fails leaves the store usable.
            write(&self.working)?.ending = None;
            return Err(self.note_poison(error));
        }
        Ok(())
    }

    /// After a failure: what was set aside is pending again, and all that flushes which were begun later have set aside,
    /// as they build on it. Chunks written meanwhile stay, as they are newer.
    pub(super) fn put_back(
        &self,
        values: &Values,
        removed: Vec<(Arc<str>, u64)>,
        error: &Error,
        keep_error: bool,
    ) -> Result<()> {
        let mut begun = lock(&self.begun)?;
        let later = std::mem::take(&mut begun.cuts);
        if keep_error || later.iter().any(|cut| cut.keep_error) {
            begun.keep(error);
        }
        let mut working = write(&self.working)?;
        working.ending = None;
        working.catalogue.flushes_failed();
        working.catalogue.removed.extend(removed);
        values.thaw()?;
        for cut in later {
            let _over = Over(self);
            working.catalogue.removed.extend(cut.removed);
            cut.values.thaw()?;
        }
        Ok(())
    }
}

/// An array of a dataset that has changed since the last flush.
pub(super) struct ChangedArray<'c> {
    /// The place of the dataset among those of the store, and the array's own in it.
    pub place: (usize, usize),
    pub dataset: &'c Arc<str>,
    pub name: &'c Arc<str>,
    pub array: &'c Arc<Array>,
}

/// The arrays of changed datasets.
pub(super) fn changed_arrays(catalogue: &Catalogue) -> Result<Vec<ChangedArray<'_>>> {
    let mut found = Vec::new();
    for (place, (_, slot)) in catalogue.slots().enumerate().filter(|(_, (_, slot))| catalogue.is_changed(slot)) {
        let arrays = catalogue.dataset_in(slot)?.arrays.iter().enumerate();
        found.extend(arrays.map(|(number, (name, entry))| ChangedArray {
            place: (place, number),
            dataset: &slot.name,
            name,
            array: &entry.array,
        }));
    }
    Ok(found)
}
