//! What a flush writes: set aside, under the exclusive lock, when it begins. Calls go on after that.

use crate::array::{Array, ArrayData, Io};
use crate::base::error::{Result, error};
use crate::base::locks::write;
use crate::base::shape::Dims;
use crate::change::catalogue::Catalogue;
use crate::chunk::block::Block;
use crate::chunk::schema::Schema;
use crate::format::root::{self, DatasetRecord, MetaFormat, Stored};
use crate::version::keeping::Keeping;
use std::collections::HashMap;
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
    /// The uncompressed root that unchanged datasets are in.
    pub image: Arc<Vec<u8>>,
    pub next_array_id: u64,
    pub schemas: Vec<Arc<Schema>>,
    pub keeping: Arc<Keeping>,
    /// See [`Catalogue::numbering`].
    pub numbering: u64,
    pub datasets: Vec<CutDataset>,
    pub arrays: Vec<CutArray>,
    /// Names and ids of arrays that are gone.
    pub removed: Vec<(Arc<str>, u64)>,
    /// Places in `datasets`, once somebody looks for one by its name.
    places: OnceLock<HashMap<Arc<str>, usize>>,
}

pub(crate) struct CutDataset {
    pub slot: usize,
    pub name: Arc<str>,
    pub content: Content,
}

/// An array of a changed dataset.
pub(crate) struct CutArray {
    /// The place of its dataset in [`Cut::datasets`], and its own in that.
    pub place: (usize, usize),
    pub array: Arc<Array>,
    pub shape: Dims,
}

pub(crate) enum Content {
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

/// Arrays whose new values are set aside.
#[derive(Default)]
pub(crate) struct Frozen(pub Vec<FrozenArray>);

/// An array with new values.
pub(crate) struct FrozenArray {
    pub dataset: Arc<str>,
    pub name: Arc<str>,
    pub array: Arc<Array>,
    pub shape: Dims,
    pub chunks: Arc<HashMap<u64, Arc<Block>>>,
}

/// Totals over the stored chunks of arrays, by their ids.
pub(crate) type Totals = HashMap<u64, Stored>;

impl Frozen {
    /// What was set aside is in segments, and these are the totals; `ahead` if no root names them yet.
    pub fn stored(&self, totals: &Totals, ahead: bool) -> Result<()> {
        self.0.iter().try_for_each(|frozen| {
            let mut data = write(&frozen.array.data)?;
            data.frozen.retain(|chunks| !Arc::ptr_eq(chunks, &frozen.chunks));
            data.spilled = ahead;
            data.stored = Some((frozen.totals(totals), frozen.shape.clone()));
            Ok(())
        })
    }

    /// Whatever is set aside of these arrays is pending again.
    pub fn thaw(&self) -> Result<()> {
        self.0.iter().try_for_each(|frozen| {
            frozen.array.thaw(&mut *write(&frozen.array.data)?);
            Ok(())
        })
    }
}

impl FrozenArray {
    /// Sets aside what is pending of an array, open chunks too where `open` says so; `None` where there is nothing.
    pub fn freeze(changed: &ChangedArray<'_>, data: &mut ArrayData, open: bool, io: &Io) -> Option<Self> {
        let (dataset, name) = (changed.dataset.clone(), changed.name.clone());
        let array = changed.array.clone();
        // Totals are over one shape: what an array has grown by is stored all together, its edge too.
        let grown = data.stored.as_ref().is_some_and(|(_, shape)| *shape != data.shape);
        let chunks = array.freeze(data, io, open || grown)?;
        Some(Self { dataset, name, array, shape: data.shape.clone(), chunks })
    }

    /// The array's own among the totals of all.
    pub fn totals(&self, totals: &Totals) -> Stored {
        totals.get(&self.array.id).copied().unwrap_or_default()
    }
}

/// Sets aside all changes that `catalogue` has.
pub(crate) fn cut(catalogue: &mut Catalogue, io: &Io) -> Result<Cut> {
    let mut cut = Cut {
        number: 0,
        keep_error: false,
        changes: catalogue.changes(),
        frozen: Frozen::default(),
        image: catalogue.image(),
        next_array_id: catalogue.next_array_id,
        schemas: catalogue.schemas(),
        keeping: catalogue.keeping().clone(),
        numbering: catalogue.numbering,
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
        cut.frozen.0.extend(FrozenArray::freeze(&changed, &mut data, true, io));
    }
    cut.removed = std::mem::take(&mut catalogue.removed);
    catalogue.flush_began();
    Ok(cut)
}

/// An array of a dataset that has changed since the last flush.
pub(crate) struct ChangedArray<'c> {
    /// The place of the dataset among those of the store, and the array's own in it.
    pub place: (usize, usize),
    pub dataset: &'c Arc<str>,
    pub name: &'c Arc<str>,
    pub array: &'c Arc<Array>,
}

/// The arrays of changed datasets.
pub(crate) fn changed_arrays(catalogue: &Catalogue) -> Result<Vec<ChangedArray<'_>>> {
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
