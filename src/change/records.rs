//! What a change makes of the records of datasets. As long as they are few the root has all of them. What grows beyond
//! that goes to a catalogue file, which takes up those before it that are not much larger: so there are few of them, each
//! dataset is copied into another a few times, and a flush writes what it changes.

use crate::array::Io;
use crate::base::error::{Result, bail, error};
use crate::base::locks::{after_panic, lock, read};
use crate::base::maps::HashSet;
use crate::base::pool::Pool;
use crate::base::sync::Mutex;
use crate::change::cut::{Cut, CutArray, CutDataset, NamedDataset, Totals};
use crate::chunk::schema::Schema;
use crate::format::catalogue::Kind;
use crate::format::names;
use crate::format::root::{self, ArrayRecord, DatasetEntry, DatasetRecord};
use crate::records::{
    CatalogueFile, CatalogueWriter, InLayer, InRoot, Merge, Merged, MoreOfLayer, NewEntry, Numbering, Records,
};
use crate::segment::NewFile;
use crate::version::File;
use crate::version::edit::{Encoded, NewFiles, NewRecords, Unsynced};
use crate::version::place::Place;
use std::borrow::Cow;
use std::sync::Arc;

/// Bytes of records that the root has, at most, and where there are catalogue files already.
const ROOT_BYTES: u64 = 2 << 20;
const ROOT_BYTES_BESIDE_FILES: u64 = 256 << 10;
/// Datasets that one job serialises, and that are serialised before any of them is written.
const ENCODE_TOGETHER: usize = 256;
const ENCODE_AT_ONCE: usize = 32 * ENCODE_TOGETHER;

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
        let (base, pool) = (self.base, &self.io.pool);
        let mut numbering = Numbering::of(&base.schemas);
        let schemas: Vec<u32> = cut.arrays.iter().map(|array| numbering.number(&array.array.schema)).collect();
        let sayings = Sayings::of(base, cut)?;
        let encoder = Encoder { base, cut, schemas: &schemas, totals };
        let limit = if base.files.is_empty() { ROOT_BYTES } else { ROOT_BYTES_BESIDE_FILES };
        let limit = self.place.root_bytes.unwrap_or(limit);
        // What goes into a file, which may be of a million datasets, is not kept until all of it is encoded.
        let (mut layer, mut bytes) = (Vec::new(), 0);
        for start in (0..sayings.len()).step_by(ENCODE_AT_ONCE) {
            let some: Vec<_> = (start..sayings.len()).take(ENCODE_AT_ONCE).map(|at| sayings.get(at)).collect();
            let encoded = encoder.encode_all(&some, pool)?;
            bytes += some.iter().zip(&encoded).map(|(said, encoded)| said.name.len() + encoded.len()).sum::<usize>();
            layer.extend(encoded);
            if bytes as u64 > limit {
                break;
            }
        }
        let mut records = NewRecords {
            schemas: numbering.list,
            next_array_id: cut.next_array_id,
            renamed: cut.renamed,
            attributes: cut.attributes.clone(),
            count: cut.count,
            next_place: base.next_place,
            layer: Vec::new(),
            image: base.image.clone(),
            files: base.files.clone(),
        };
        if bytes as u64 <= limit {
            let said = (0..sayings.len()).map(|at| sayings.get(at));
            records.layer = said.zip(layer).map(|(said, encoded)| (said.name.clone(), said.kind, encoded)).collect();
            return Ok(Composed::of(records));
        }
        let first = taken_up(base, sayings.len() as u64);
        records.next_place = sayings.next_place();
        let merge = Merge::with_more(base, first, encoder.in_order(sayings, layer, pool));
        self.into_file(records, first, None, merge)
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
            let layer = std::mem::take(&mut records.layer);
            let (image, next) = (records.image.clone(), records.next_place);
            records.next_place += layer.iter().filter(|(_, kind, _)| *kind == Kind::Whole).count() as u64;
            let merge = Merge::new(base, 0, in_layer(&image, &layer, next));
            return self.into_file(records, 0, Some(&renumbered), merge).map(Some);
        }
        for ((name, found), (_, _, encoded)) in base.layer.iter().zip(&mut records.layer) {
            *encoded = Encoded::New(renumbered(name, base.in_root(found))?);
        }
        Ok(Some(Composed::of(records)))
    }

    /// The same records, with what is merged in a new file, which takes up those from number `first` on; whole records as
    /// `change` makes them.
    fn into_file(
        mut self,
        mut records: NewRecords,
        first: usize,
        change: Option<Rewrite<'_>>,
        merge: Merge<'_>,
    ) -> Result<Composed> {
        let mut unsynced = Unsynced::default();
        let file = self.write_file(merge, change, &mut unsynced)?;
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
    let stored = match totals.get(array.id) {
        Some(stored) => stored,
        None => read(&array.data)?.totals().copied().unwrap_or_default(),
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

/// What the root is to say of a dataset, on its way there.
#[derive(Clone, Copy)]
struct Saying<'c> {
    name: &'c Arc<str>,
    kind: Kind,
    /// The place that files give it, if it is whole.
    place: u64,
    what: What<'c>,
}

/// See [`Saying`].
#[derive(Clone, Copy)]
enum What<'c> {
    /// What it said before.
    Same(&'c InRoot),
    Changed(&'c CutDataset),
    Gone,
}

/// What the root's layer says once a flush is done: what stays in its place, then what is gone from files, then what was
/// created. That may be a million datasets, which the cut has in their order.
struct Sayings<'c> {
    others: Vec<Saying<'c>>,
    created: &'c [NamedDataset],
    /// The place of the first that was created.
    first_place: u64,
}

impl<'c> Sayings<'c> {
    fn of(base: &'c Records, cut: &'c Cut) -> Result<Self> {
        let mut others = Vec::with_capacity(base.layer.len());
        let mut next = base.next_place;
        let mut say = |name, kind, what| {
            others.push(Saying { name, kind, place: next, what });
            next += u64::from(kind == Kind::Whole);
        };
        for (name, found) in base.layer.iter().filter(|(name, _)| !cut.gone.contains(*name)) {
            match cut.changed.get(name) {
                None => say(name, found.kind, What::Same(found)),
                Some(dataset) if dataset.is_created => {}
                Some(dataset) => say(name, found.kind, What::Changed(dataset)),
            }
        }
        for name in &cut.gone {
            if base.is_in_files(name)? {
                say(name, Kind::Gone, What::Gone);
            }
        }
        let (known, created) = cut.changed.known_and_created();
        for (name, dataset) in known.iter().filter(|(name, _)| !base.layer.contains_key(name)) {
            say(name, Kind::Over, What::Changed(dataset));
        }
        Ok(Self { others, created, first_place: next })
    }

    fn len(&self) -> usize {
        self.others.len() + self.created.len()
    }

    fn get(&self, at: usize) -> Saying<'c> {
        match at.checked_sub(self.others.len()) {
            None => self.others[at],
            Some(at) => {
                let (name, dataset) = &self.created[at];
                let (kind, place) = (Kind::Whole, self.first_place + at as u64);
                Saying { name, kind, place, what: What::Changed(dataset) }
            }
        }
    }

    /// The place of what is created next.
    fn next_place(&self) -> u64 {
        self.first_place + self.created.len() as u64
    }
}

/// Makes records of what a flush has changed.
#[derive(Clone, Copy)]
struct Encoder<'c> {
    base: &'c Records,
    cut: &'c Cut,
    /// Numbers of the schemas of the arrays that have changed.
    schemas: &'c [u32],
    totals: &'c Totals,
}

impl<'c> Encoder<'c> {
    /// What is said of each of these.
    fn encode_all(&self, sayings: &[Saying<'c>], pool: &Pool) -> Result<Vec<Encoded>> {
        let encoded: Vec<_> = sayings.iter().map(|said| (said, Mutex::new(None))).collect();
        let groups: Vec<_> = encoded.chunks(ENCODE_TOGETHER).collect();
        pool.for_each(&groups, |group| {
            group.iter().try_for_each(|(said, encoded)| {
                *lock(encoded)? = Some(self.encode(said)?);
                Ok(())
            })
        })?;
        let encoded = encoded.into_iter().map(|(_, encoded)| encoded.into_inner().ok().flatten());
        encoded.map(|encoded| encoded.ok_or_else(after_panic)).collect()
    }

    fn encode(&self, said: &Saying<'_>) -> Result<Encoded> {
        let base = self.base;
        match said.what {
            What::Same(found) => Ok(Encoded::Same(found.bytes.clone())),
            What::Gone => Ok(Encoded::New(root::gone(base.format).to_vec())),
            What::Changed(dataset) => self.encode_changed(said.name, dataset).map(Encoded::New),
        }
    }

    /// What the root is to say of a changed dataset, where it said what `base` has.
    fn encode_changed(&self, name: &Arc<str>, dataset: &CutDataset) -> Result<Vec<u8>> {
        let (format, attributes) = (self.base.format, dataset.attributes.clone());
        let arrays = self.cut.arrays_of(dataset).iter().zip(&self.schemas[dataset.arrays()]);
        let arrays = arrays.map(|(array, schema)| Ok((array.name.clone(), record(array, *schema, self.totals)?)));
        if dataset.is_created {
            let record = DatasetRecord { arrays: arrays.collect::<Result<_>>()?, attributes };
            return root::encode(format, &record);
        }
        let gone = dataset.removed().iter().map(|name| Ok((name.clone(), None)));
        let arrays = gone.chain(arrays.map(|array| array.map(|(name, array)| (name, Some(array)))));
        let change = DatasetEntry { over: true, arrays: arrays.collect::<Result<_>>()?, attributes };
        let found = self.base.layer.get(name).map(|found| (found.kind, self.base.in_root(found)));
        match found {
            None => root::encode(format, &change),
            Some((Kind::Over, bytes)) => {
                let mut entry: DatasetEntry = root::decode(format, name, bytes)?;
                entry.apply(change);
                root::encode(format, &entry)
            }
            Some((Kind::Whole, bytes)) => {
                let mut dataset: DatasetRecord = root::decode(format, name, bytes)?;
                dataset.apply(change);
                root::encode(format, &dataset)
            }
            Some((Kind::Gone, _)) => bail!(Internal, "dataset '{name}' is changed and gone"),
        }
    }

    /// What is said, in the order of names, some at a time, to be merged with files. Of the first the records are `encoded`
    /// already.
    fn in_order(self, sayings: Sayings<'c>, encoded: Vec<Encoded>, pool: &'c Pool) -> MoreOfLayer<'c> {
        let mut encoded: Vec<_> = encoded.into_iter().map(Some).collect();
        let mut order: Vec<usize> = (0..sayings.len()).collect();
        order.sort_unstable_by(|a, b| sayings.get(*b).name.cmp(sayings.get(*a).name));
        Box::new(move || {
            let some = order.split_off(order.len().saturating_sub(ENCODE_AT_ONCE));
            let known: Vec<_> = some.iter().map(|at| encoded.get_mut(*at).and_then(Option::take)).collect();
            let is_new = |(at, known): (&usize, &Option<Encoded>)| known.is_none().then(|| sayings.get(*at));
            let new: Vec<_> = some.iter().zip(&known).filter_map(is_new).collect();
            let mut new = self.encode_all(&new, pool)?.into_iter();
            let made = some.into_iter().zip(known).map(|(at, known)| {
                let Saying { name, kind, place, .. } = sayings.get(at);
                let record = match known.or_else(|| new.next()).ok_or_else(after_panic)? {
                    Encoded::Same(range) => Cow::Borrowed(&self.base.image[range]),
                    Encoded::New(bytes) => Cow::Owned(bytes),
                };
                Ok(InLayer { name, kind, place: (kind == Kind::Whole).then_some(place), record })
            });
            made.collect()
        })
    }
}

/// A layer, as it is merged with files; what was created gets the places from `next` on.
fn in_layer<'r>(image: &'r [u8], layer: &'r [(Arc<str>, Kind, Encoded)], mut next: u64) -> Vec<InLayer<'r>> {
    let mut merged = Vec::with_capacity(layer.len());
    for (name, kind, encoded) in layer {
        let place = (*kind == Kind::Whole).then_some(next);
        next += u64::from(place.is_some());
        merged.push(InLayer { name, kind: *kind, place, record: Cow::Borrowed(encoded.bytes(image)) });
    }
    merged
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
