//! What a change makes of the records of datasets. As long as they are few the root has all of them. What grows beyond
//! that goes to a catalogue file, which takes up those before it that are not much larger: so there are few of them, each
//! dataset is copied into another a few times, and a flush writes what it changes.

use crate::array::Io;
use crate::base::error::{Result, bail, error};
use crate::base::locks::{after_panic, lock, read};
use crate::base::maps::HashSet;
use crate::base::sync::Mutex;
use crate::change::cut::{Cut, CutArray, CutDataset, Totals};
use crate::chunk::schema::Schema;
use crate::format::catalogue::Kind;
use crate::format::names;
use crate::format::root::{self, ArrayRecord, DatasetEntry, DatasetRecord};
use crate::records::{CatalogueFile, CatalogueWriter, InLayer, Merge, Merged, NewEntry, Numbering, Records};
use crate::segment::NewFile;
use crate::version::File;
use crate::version::edit::{Encoded, NewFiles, NewRecords, Unsynced};
use crate::version::place::Place;
use std::borrow::Cow;
use std::sync::Arc;

/// Bytes of records that the root has, at most, and where there are catalogue files already.
const ROOT_BYTES: u64 = 2 << 20;
const ROOT_BYTES_BESIDE_FILES: u64 = 256 << 10;
/// Datasets that one job serialises.
const ENCODE_TOGETHER: usize = 256;

/// What becomes of the record of a dataset.
type Rewrite<'r> = &'r dyn Fn(&str, &[u8]) -> Result<Vec<u8>>;

/// What a commit is to say of datasets, and the files of it.
pub(crate) struct Composed {
    pub records: NewRecords,
    pub unsynced: Unsynced,
    pub retired: Vec<File>,
}

impl Composed {
    /// Records that take no files.
    pub fn of(records: NewRecords) -> Self {
        Self { records, unsynced: Unsynced::default(), retired: Vec::new() }
    }
}

/// Makes the records of commit `generation`, which follows what `base` says. `new` collects the files.
pub(crate) struct Composer<'c> {
    pub place: &'c Place,
    pub io: &'c Io,
    pub base: &'c Records,
    pub generation: u64,
    pub new: &'c mut NewFiles,
}

impl Composer<'_> {
    /// Those of a flush.
    pub fn flushed(self, cut: &Cut, totals: &Totals) -> Result<Composed> {
        let base = self.base;
        let mut numbering = Numbering::of(&base.schemas);
        let (mut numbers, mut changed) = (Vec::new(), Vec::with_capacity(cut.changed.len()));
        for (name, dataset) in &cut.changed {
            let first = numbers.len();
            numbers.extend(dataset.arrays.iter().map(|array| numbering.number(&array.array.schema)));
            changed.push(Changed { name, dataset, first, encoded: Mutex::new(None) });
        }
        let groups: Vec<_> = changed.chunks(ENCODE_TOGETHER).collect();
        self.io.pool.for_each(&groups, |group| {
            group.iter().try_for_each(|changed| {
                *lock(&changed.encoded)? = Some(changed.encode(base, &numbers[changed.first..], totals)?);
                Ok(())
            })
        })?;
        let layer = layer(base, cut, changed)?;
        let records = NewRecords {
            schemas: numbering.list,
            next_array_id: cut.next_array_id,
            renamed: cut.renamed,
            attributes: cut.attributes.clone(),
            count: cut.count,
            next_place: base.next_place,
            layer,
            image: base.image.clone(),
            files: base.files.clone(),
        };
        let bytes: usize = records.layer.iter().map(|(name, _, encoded)| name.len() + encoded.len()).sum();
        let limit = if base.files.is_empty() { ROOT_BYTES } else { ROOT_BYTES_BESIDE_FILES };
        if bytes as u64 <= self.place.root_bytes.unwrap_or(limit) {
            return Ok(Composed::of(records));
        }
        let first = taken_up(base, records.layer.len() as u64);
        self.into_file(records, first, None)
    }

    /// Those of a compaction: without the schemas that no array has, whose addresses are not in `used`, and in one catalogue
    /// file if in any; `None` where they are so.
    pub fn compacted(self, used: &HashSet<*const Schema>) -> Result<Option<Composed>> {
        let base = self.base;
        let is_used: Vec<bool> = base.schemas.iter().map(|schema| used.contains(&Arc::as_ptr(schema))).collect();
        let is_one = base.files.is_empty() || base.files.len() == 1 && base.layer.is_empty();
        if is_used.iter().all(|is_used| *is_used) && is_one {
            return Ok(None);
        }
        let mut next = 0;
        let number = |is_used: &bool| (next, next += u32::from(*is_used)).0;
        let numbers: Vec<u32> = is_used.iter().map(number).collect();
        let renumbered = |name: &str, record: &[u8]| -> Result<Vec<u8>> {
            let mut record: DatasetRecord = root::decode(base.format, name, record)?;
            for array in record.arrays.values_mut() {
                let number = numbers.get(array.schema as usize);
                array.schema = *number.ok_or_else(|| error!(Corrupt, "there is no schema {}", array.schema))?;
            }
            root::encode(base.format, &record)
        };
        let mut records = NewRecords::same(base);
        let kept = base.schemas.iter().zip(&is_used).filter(|(_, is_used)| **is_used);
        records.schemas = kept.map(|(schema, _)| schema.clone()).collect();
        if !base.files.is_empty() {
            return self.into_file(records, 0, Some(&renumbered)).map(Some);
        }
        for ((name, found), (_, _, encoded)) in base.layer.iter().zip(&mut records.layer) {
            *encoded = Encoded::New(renumbered(name, base.in_root(found))?);
        }
        Ok(Some(Composed::of(records)))
    }

    /// The same records, with the root's in a new file, which takes up the files from number `first` on; whole records as
    /// `change` makes them.
    fn into_file(mut self, mut records: NewRecords, first: usize, change: Option<Rewrite<'_>>) -> Result<Composed> {
        let mut unsynced = Unsynced::default();
        let merge = Merge::new(self.base, first, in_layer(&records, records.next_place));
        let file = self.write_file(merge, change, &mut unsynced)?;
        records.next_place += records.layer.iter().filter(|(_, kind, _)| *kind == Kind::Whole).count() as u64;
        records.layer.clear();
        let retired = records.files.drain(first..).map(File::Catalogue).collect();
        records.files.extend(file);
        Ok(Composed { records, unsynced, retired })
    }

    /// Writes merged layers into a file; `None` where nothing is left.
    fn write_file(
        &mut self,
        merge: Merge<'_>,
        change: Option<Rewrite<'_>>,
        unsynced: &mut Unsynced,
    ) -> Result<Option<Arc<CatalogueFile>>> {
        let Self { place, io, base, .. } = *self;
        let folder = place.folder(names::CATALOGUE);
        let mut writer: Option<CatalogueWriter<'_>> = None;
        let is_all = merge.is_all();
        for merged in merge {
            let Merged { name, kind, place: given, mut record } = merged?;
            let given = match (kind, given) {
                (Kind::Gone, _) if is_all => continue,
                (Kind::Gone, _) => 0,
                (_, Some(given)) => given,
                (_, None) => (base.place(&name)?)
                    .ok_or_else(|| error!(Corrupt, "dataset '{name}' is changed and was never made"))?,
            };
            if let Some(change) = change.filter(|_| kind == Kind::Whole) {
                record = Cow::Owned(change(&name, &record)?);
            }
            let writer = match &mut writer {
                Some(writer) => writer,
                None => {
                    let path = folder.join(place.new_catalogue_name(self.generation));
                    self.new.file(path.clone());
                    writer.insert(CatalogueWriter::create(&*place.storage, path, &place.store_id, &io.pool)?)
                }
            };
            writer.add(&NewEntry { name, kind, place: given, record })?;
        }
        let Some(writer) = writer else { return Ok(None) };
        let (record, path, file) = writer.finish(place.sync)?;
        unsynced.files.push(Arc::new(NewFile { path, file }));
        unsynced.folders.extend([folder.clone(), place.path.clone()]);
        Ok(Some(Arc::new(CatalogueFile::new(record, &folder, &place.storage, place.store_id))))
    }
}

/// What the root says of an array.
fn record(array: &CutArray, schema: u32, totals: &Totals) -> Result<ArrayRecord> {
    let CutArray { array, attributes, place, shape, .. } = array;
    // Without new values it is what the flush before has found.
    let stored = match totals.get(&array.id) {
        Some(stored) => *stored,
        None => read(&array.data)?.stored.as_ref().map(|stored| stored.0).unwrap_or_default(),
    };
    Ok(ArrayRecord {
        id: array.id,
        place: (*place != array.id).then_some(*place),
        schema,
        shape: shape.to_vec(),
        stored: stored.encode(array.schema.dtype),
        attributes: attributes.clone(),
    })
}

/// A changed dataset, on its way into the root.
struct Changed<'c> {
    name: &'c Arc<str>,
    dataset: &'c CutDataset,
    /// The place of the number of its first array's schema among all.
    first: usize,
    encoded: Mutex<Option<(Kind, Vec<u8>)>>,
}

impl Changed<'_> {
    /// What the root is to say, where it said what `base` has.
    fn encode(&self, base: &Records, schemas: &[u32], totals: &Totals) -> Result<(Kind, Vec<u8>)> {
        let (format, attributes) = (base.format, self.dataset.attributes.clone());
        let arrays = self.dataset.arrays.iter().zip(schemas);
        let arrays = arrays.map(|(array, schema)| Ok((array.name.clone(), record(array, *schema, totals)?)));
        if self.dataset.is_created {
            let record = DatasetRecord { arrays: arrays.collect::<Result<_>>()?, attributes };
            return Ok((Kind::Whole, root::encode(format, &record)?));
        }
        let gone = self.dataset.removed.iter().map(|name| Ok((name.clone(), None)));
        let arrays = gone.chain(arrays.map(|array| array.map(|(name, array)| (name, Some(array)))));
        let change = DatasetEntry { over: true, arrays: arrays.collect::<Result<_>>()?, attributes };
        let found = base.layer.get(self.name).map(|found| (found.kind, base.in_root(found)));
        match found {
            None => Ok((Kind::Over, root::encode(format, &change)?)),
            Some((Kind::Over, bytes)) => {
                let mut entry: DatasetEntry = root::decode(format, self.name, bytes)?;
                entry.apply(change);
                Ok((Kind::Over, root::encode(format, &entry)?))
            }
            Some((Kind::Whole, bytes)) => {
                let mut dataset: DatasetRecord = root::decode(format, self.name, bytes)?;
                dataset.apply(change);
                Ok((Kind::Whole, root::encode(format, &dataset)?))
            }
            Some((Kind::Gone, _)) => bail!(Internal, "dataset '{}' is changed and gone", self.name),
        }
    }
}

/// The root's layer once a flush is done: what stays in its place, then what is gone from files, then what was created.
fn layer(base: &Records, cut: &Cut, changed: Vec<Changed<'_>>) -> Result<Vec<(Arc<str>, Kind, Encoded)>> {
    let mut layer = Vec::with_capacity(base.layer.len() + changed.len());
    for (name, found) in base.layer.iter().filter(|(name, _)| !cut.gone.contains(*name)) {
        match cut.changed.get_index_of(name) {
            None => layer.push((name.clone(), found.kind, Encoded::Same(found.bytes.clone()))),
            Some(at) if changed[at].dataset.is_created => {}
            Some(at) => {
                let encoded = lock(&changed[at].encoded)?.take();
                let (kind, bytes) = encoded.ok_or_else(after_panic)?;
                layer.push((name.clone(), kind, Encoded::New(bytes)));
            }
        }
    }
    for name in &cut.gone {
        if base.is_in_files(name)? {
            layer.push((name.clone(), Kind::Gone, Encoded::New(root::gone(base.format).to_vec())));
        }
    }
    for Changed { name, encoded, .. } in changed {
        if let Some((kind, bytes)) = encoded.into_inner().map_err(|_| after_panic())? {
            layer.push((name.clone(), kind, Encoded::New(bytes)));
        }
    }
    Ok(layer)
}

/// The layer, as it is merged with files; what was created gets the places from `next` on.
fn in_layer(records: &NewRecords, mut next: u64) -> Vec<InLayer<'_>> {
    let mut layer = Vec::with_capacity(records.layer.len());
    for (name, kind, encoded) in &records.layer {
        let place = (*kind == Kind::Whole).then_some(next);
        next += u64::from(place.is_some());
        layer.push(InLayer { name, kind: *kind, place, record: records.bytes(encoded) });
    }
    layer
}

/// The first of the files that a new one of so many datasets takes up: each that has less than twice those behind it.
fn taken_up(records: &Records, mut entries: u64) -> usize {
    let mut first = records.files.len();
    while let Some(before) = first.checked_sub(1)
        && records.files[before].record.entries < 2 * entries
    {
        entries += records.files[before].record.entries;
        first = before;
    }
    first
}
