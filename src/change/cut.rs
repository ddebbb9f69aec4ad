//! What a flush writes: set aside, under the exclusive lock, when it begins. Calls go on after that.

use crate::array::{Array, ArrayData, Covered, FrozenChunk, FrozenChunks, Io};
use crate::base::dtype::DType;
use crate::base::error::{Result, error};
use crate::base::locks::{lock, read, write};
use crate::base::maps::HashMap;
use crate::base::shape::Dims;
use crate::base::sync::Mutex;
use crate::change::catalogue::{ArrayEntry, Catalogue, Slot};
use crate::chunk::block::{ChunkData, PACK_BELOW, PendingChunk};
use crate::chunk::grid;
use crate::chunk::schema::Schema;
use crate::format::root::{Attributes, Stored};
use crate::memory::budget::Held;
use crate::records::Records;
use crate::version::defaults::Defaults;
use crate::version::keeping::Keeping;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, OnceLock, PoisonError};

/// The state that a flush writes.
pub(crate) struct Cut {
    /// Its place among all flushes.
    pub number: u64,
    /// Whether its error waits for somebody to ask.
    pub keep_error: bool,
    /// The number of the last change in it.
    pub changes: u64,
    pub frozen: Frozen,
    pub next_array_id: u64,
    /// Arrays with lower ids may stand in segments under an earlier name of their dataset.
    pub renamed: u64,
    /// The store's own.
    pub attributes: Arc<Attributes>,
    pub keeping: Arc<Keeping>,
    pub defaults: Defaults,
    /// Datasets that there are.
    pub count: u64,
    /// Those that differ from what the last commit says.
    pub changed: CutDatasets,
    /// The changed arrays of these, of one dataset after the other: there may be a million of each.
    pub arrays: Vec<CutArray>,
    /// Those that it may have and that are gone.
    pub gone: BTreeSet<Arc<str>>,
    /// Arrays that are gone, with their names.
    pub removed: Vec<(Arc<str>, Arc<Array>)>,
}

/// One of [`CutDatasets`].
pub(crate) type NamedDataset = (Arc<str>, CutDataset);

/// Datasets that differ from what the last commit says. There may be a million, most of which nobody looks for by name.
pub(crate) struct CutDatasets {
    /// Those that it has, in the order of names, then those created since, in that order.
    list: Vec<NamedDataset>,
    /// How many it has.
    known: usize,
    /// The places of the others among themselves, in the order of names, once one is looked for.
    by_name: OnceLock<Vec<usize>>,
}

impl CutDatasets {
    fn of(list: Vec<NamedDataset>) -> Self {
        let known = list.partition_point(|(_, dataset)| !dataset.is_created);
        Self { list, known, by_name: OnceLock::new() }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &CutDataset)> {
        self.list.iter().map(|(name, dataset)| (name, dataset))
    }

    /// Those that the last commit has, and those created since.
    pub fn known_and_created(&self) -> (&[NamedDataset], &[NamedDataset]) {
        self.list.split_at(self.known)
    }

    pub fn get(&self, name: &str) -> Option<&CutDataset> {
        let (known, created) = self.known_and_created();
        if let Ok(at) = known.binary_search_by(|(known, _)| (**known).cmp(name)) {
            return Some(&known[at].1);
        }
        let by_name = self.by_name.get_or_init(|| {
            let mut by_name: Vec<usize> = (0..created.len()).collect();
            by_name.sort_unstable_by(|a, b| created[*a].0.cmp(&created[*b].0));
            by_name
        });
        let at = by_name.binary_search_by(|at| (*created[*at].0).cmp(name)).ok()?;
        Some(&created[by_name[at]].1)
    }
}

/// What differs of a dataset from what the last commit says.
pub(crate) struct CutDataset {
    /// Then it is all that there is of it.
    pub is_created: bool,
    pub attributes: Arc<Attributes>,
    /// The place of its first array among all, and how many it has.
    first: usize,
    len: u32,
    /// What most have nothing of.
    more: Option<Box<More>>,
}

/// See [`CutDataset`].
struct More {
    /// Arrays that are gone.
    removed: Vec<Arc<str>>,
    /// Places among the dataset's arrays, where there are many and somebody looks for one by its name.
    places: OnceLock<HashMap<Arc<str>, usize>>,
}

/// So many arrays are looked through one by one.
const FEW: usize = 16;

impl CutDataset {
    /// The places of its arrays among all.
    pub fn arrays(&self) -> Range<usize> {
        self.first..self.first + self.len as usize
    }

    fn array<'c>(&self, cut: &'c Cut, name: &str) -> Option<&'c CutArray> {
        let arrays = cut.arrays_of(self);
        let Some(more) = self.more.as_ref().filter(|_| arrays.len() > FEW) else {
            return arrays.iter().find(|array| *array.name == *name);
        };
        let places = || arrays.iter().map(|array| array.name.clone()).zip(0..).collect();
        more.places.get_or_init(places).get(name).map(|place| &arrays[*place])
    }

    /// Arrays that are gone.
    pub fn removed(&self) -> &[Arc<str>] {
        self.more.as_ref().map_or(&[], |more| &more.removed)
    }
}

/// An array that has changed.
pub(crate) struct CutArray {
    pub name: Arc<str>,
    pub array: Arc<Array>,
    pub attributes: Arc<Attributes>,
    pub place: u64,
    pub shape: Dims,
}

impl Cut {
    /// The changed arrays of a dataset.
    pub fn arrays_of(&self, dataset: &CutDataset) -> &[CutArray] {
        &self.arrays[dataset.arrays()]
    }

    /// The array `id` of one name and dataset, if that is there: its schema and shape. `records` are those of the commit
    /// before.
    pub fn array(&self, records: &Records, dataset: &str, name: &str, id: u64) -> Result<Option<(Arc<Schema>, Dims)>> {
        if let Some(changed) = self.changed.get(dataset) {
            if let Some(array) = changed.array(self, name) {
                return Ok((array.array.id == id).then(|| (array.array.schema.clone(), array.shape.clone())));
            }
            if changed.is_created || changed.removed().iter().any(|removed| **removed == *name) {
                return Ok(None);
            }
        } else if self.gone.contains(dataset) {
            return Ok(None);
        }
        let record = records.dataset(dataset)?;
        let Some(array) = record.as_ref().and_then(|record| record.arrays.get(name)) else { return Ok(None) };
        if array.id != id {
            return Ok(None);
        }
        Ok(Some((records.schema(array.schema)?.clone(), Dims::from_slice(&array.shape))))
    }
}

/// Arrays whose new values are set aside.
#[derive(Default)]
pub(crate) struct Frozen(pub Vec<FrozenArray>);

/// An array with new values.
pub(crate) struct FrozenArray {
    pub dataset: Arc<str>,
    pub name: Arc<str>,
    pub array: Arc<Array>,
    pub shape: Dims,
    /// None where it has lost rows, and that is all.
    pub chunks: Arc<FrozenChunks>,
    /// Whether it has lost rows.
    dropped: bool,
    /// The cells that were written since the last cut, where that is noted: of a cut.
    pub covered: Option<Arc<Covered>>,
    /// The chunks that appends go on with, as they were written: to be kept at hand once they are stored.
    edges: Mutex<Vec<Edge>>,
}

/// A chunk that the next append writes to.
pub(crate) struct Edge {
    pub chunk: u64,
    pub data: Arc<ChunkData>,
    _held: Held,
}

/// Longer ones are read back: what an append costs is little beside them.
const MOST_EDGE: usize = 64 << 10;

/// Totals over the stored chunks of arrays, by their ids.
#[derive(Default)]
pub(crate) struct Totals(Vec<(u64, Stored)>);

impl Totals {
    pub fn of(mut totals: Vec<(u64, Stored)>) -> Self {
        totals.sort_unstable_by_key(|(id, _)| *id);
        Self(totals)
    }

    pub fn get(&self, id: u64) -> Option<Stored> {
        let at = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.0[at].1)
    }
}

impl Frozen {
    /// What was set aside is in segments, and these are the totals; `ahead` if no root names them yet.
    pub fn stored(self, totals: &Totals, ahead: bool) -> Result<()> {
        self.0.into_iter().try_for_each(|frozen| {
            let mut data = write(&frozen.array.data)?;
            data.frozen.retain(|chunks| !Arc::ptr_eq(chunks, &frozen.chunks));
            // What the totals take may be what the chunks have taken.
            drop(frozen.chunks);
            data.spilled = ahead;
            data.set_stored(totals.get(frozen.array.id).unwrap_or_default(), &frozen.shape);
            Ok(())
        })
    }

    /// Whatever is set aside of these arrays is pending again.
    pub fn thaw(&self, io: &Io) -> Result<()> {
        self.0.iter().try_for_each(|frozen| {
            let mut data = write(&frozen.array.data)?;
            frozen.array.thaw(&mut data, io);
            data.dropped |= frozen.dropped;
            frozen.covered.iter().for_each(|covered| data.cover_again(covered));
            Ok(())
        })
    }
}

impl FrozenArray {
    /// Sets aside all changes of an array since the last cut, with the cells that were written.
    fn cut(changed: &ChangedArray<'_>, data: &mut ArrayData, io: &Io) -> Option<Self> {
        let covered = data.covered.take();
        let frozen = match Self::freeze(changed, data, true, io) {
            // What was written is ahead of it already.
            None if covered.is_some() => Some(Self::of(changed, data.shape.clone(), Arc::default(), false)),
            frozen => frozen,
        };
        frozen.map(|frozen| Self { covered, ..frozen })
    }

    /// Sets aside what is pending of an array, open chunks too where `open` says so; `None` where there is nothing, and with
    /// `open` that it has lost rows is something. What cells were written stays noted: the next cut has them.
    pub fn freeze(changed: &ChangedArray<'_>, data: &mut ArrayData, open: bool, io: &Io) -> Option<Self> {
        let array = changed.array;
        let (shape, end) = match open {
            true => (data.shape.clone(), u64::MAX),
            false => data.complete(&array.schema.chunk_shape)?,
        };
        let chunks = match array.freeze(data, end, open, io) {
            None if open && data.dropped => Arc::default(),
            chunks => chunks?,
        };
        let dropped = std::mem::take(&mut data.dropped);
        Some(Self::of(changed, shape, chunks, dropped))
    }

    fn of(changed: &ChangedArray<'_>, shape: Dims, chunks: Arc<FrozenChunks>, dropped: bool) -> Self {
        let (dataset, name, array) = (changed.dataset.clone(), changed.name.clone(), changed.array.clone());
        Self { dataset, name, array, shape, chunks, dropped, covered: None, edges: Mutex::default() }
    }

    /// Holds on to chunks that are short of rows, as far as `room` for their bytes goes.
    fn keep_edges(&self, io: &Io, room: &mut u64) {
        let (schema, bytes) = (&self.array.schema, self.array.schema.chunk_bytes());
        let (Some(rows), Some(along)) = (self.shape.first(), schema.chunk_shape.first()) else { return };
        let is_long = !(PACK_BELOW..=MOST_EDGE).contains(&bytes);
        if is_long || schema.dtype == DType::String || rows % along == 0 || io.budget.is_half_taken() {
            return;
        }
        let first = rows / along * grid::chunk_count(&self.shape[1..], &schema.chunk_shape[1..]);
        let mut edges = self.edges.lock().unwrap_or_else(PoisonError::into_inner);
        for (chunk, frozen) in self.chunks.iter().filter(|(chunk, _)| *chunk >= first) {
            // One that is encoded already, or for which there is no memory, is read back.
            if let FrozenChunk::Block(block) = frozen
                && let PendingChunk::Raw(data) = block.chunk()
                && let Some(left) = room.checked_sub(bytes as u64)
                && edges.try_reserve(1).is_ok()
            {
                *room = left;
                edges.push(Edge { chunk, data, _held: Held::new(&io.budget, bytes) });
            }
        }
    }

    /// What was held on to.
    pub fn take_edges(&self) -> Result<Vec<Edge>> {
        Ok(std::mem::take(&mut *lock(&self.edges)?))
    }
}

/// Sets aside all changes that `catalogue` has, unless a dimension name has several lengths in a dataset; what `is_part` of a
/// commit may have.
pub(crate) fn cut(catalogue: &mut Catalogue, io: &Io, is_part: bool) -> Result<Cut> {
    let slots = catalogue.changed()?;
    if !is_part {
        catalogue.check_lengths(&slots)?;
    }
    let mut changed = Vec::with_capacity(slots.len());
    let (mut arrays, mut count) = (Vec::with_capacity(slots.len()), 0);
    for slot in &slots {
        let (is_created, dataset, first) = (catalogue.is_created(slot), slot.dataset(), arrays.len());
        for (name, entry) in dataset.arrays.iter() {
            let is_changed = catalogue.is_changed(entry);
            if is_created || is_changed {
                let ArrayEntry { array, attributes, place, .. } = entry;
                let shape = read(&array.data)?.shape.clone();
                let (name, array, attributes) = (name.clone(), array.clone(), attributes.clone());
                arrays.push(CutArray { name, array, attributes, place: *place, shape });
            }
            count += usize::from(is_changed);
        }
        let removed: Vec<_> = dataset.removed().filter(|name| !dataset.arrays.contains(name)).cloned().collect();
        let attributes = dataset.attributes.clone();
        let len = u32::try_from(arrays.len() - first)
            .map_err(|_| error!(Unsupported, "dataset '{}' has 2^32 arrays or more", slot.name))?;
        let has_more = !removed.is_empty() || len as usize > FEW;
        let more = has_more.then(|| Box::new(More { removed, places: OnceLock::new() }));
        changed.push((slot.name.clone(), CutDataset { is_created, attributes, first, len, more }));
    }
    let gone = catalogue.gone()?;
    let mut frozen = Frozen(Vec::with_capacity(count));
    // Nothing fails from here on, so that no array is left frozen without a flush to thaw it.
    let mut room = io.reader.cache_room();
    for changed in changed_arrays(catalogue, &slots) {
        let mut data = changed.array.data.write().unwrap_or_else(PoisonError::into_inner);
        let Some(set_aside) = FrozenArray::cut(&changed, &mut data, io) else { continue };
        set_aside.keep_edges(io, &mut room);
        frozen.0.push(set_aside);
    }
    catalogue.flush_began();
    Ok(Cut {
        number: 0,
        keep_error: false,
        changes: catalogue.changes(),
        frozen,
        next_array_id: catalogue.next_array_id,
        renamed: catalogue.renamed,
        attributes: catalogue.attributes().clone(),
        keeping: catalogue.keeping().clone(),
        defaults: catalogue.defaults(),
        count: catalogue.len() as u64,
        changed: CutDatasets::of(changed),
        arrays,
        gone,
        removed: std::mem::take(&mut catalogue.removed),
    })
}

/// An array that has changed since the last flush.
pub(crate) struct ChangedArray<'c> {
    pub dataset: &'c Arc<str>,
    pub name: &'c Arc<str>,
    pub array: &'c Arc<Array>,
}

/// The changed arrays of changed datasets.
pub(crate) fn changed_arrays<'c>(
    catalogue: &'c Catalogue,
    changed: &'c [Arc<Slot>],
) -> impl Iterator<Item = ChangedArray<'c>> {
    changed.iter().flat_map(|slot| {
        let arrays = slot.dataset().arrays.iter().filter(|(_, entry)| catalogue.is_changed(entry));
        arrays.map(|(name, entry)| ChangedArray { dataset: &slot.name, name, array: &entry.array })
    })
}
