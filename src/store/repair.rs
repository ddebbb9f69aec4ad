//! Repair: a root made anew where it is gone or damaged.
//!
//! What comes of it is one commit, whole: the newest that is kept with all its segments. Only where it is asked to salvage
//! does it add what later segments say of their arrays. That gives the values of a commit whose root is lost; attributes,
//! deletions, and datasets and arrays without values were in the root alone.

use crate::base::error::{Error, ErrorKind, Result, bail};
use crate::base::maps::{HashMap, IndexMap};
use crate::base::names::check_name;
use crate::base::pool::Pool;
use crate::base::shape::cells;
use crate::chunk::grid;
use crate::chunk::schema::Schema;
use crate::codec::Compression;
use crate::format::catalogue::Kind;
use crate::format::definitions::{Definition, Definitions};
use crate::format::names::{self, damaged_root, file_name, kept_root};
use crate::format::root::{
    self, ArrayRecord, DatasetRecord, FileRecord, Head, NOTATIONS, Notation, Root, SchemaRecord, Stored, VERSION,
    id_text, parse_id,
};
use crate::format::segment::{HEADER_LEN, Row, store_id_in};
use crate::memory::budget::Budget;
use crate::memory::buffers::Buffers;
use crate::records::{Numbering, Records};
use crate::segment::bundle::segments_in;
use crate::segment::rows::count_bytes;
use crate::segment::{Segment, SegmentReader, Segments, sync_file};
use crate::storage::{self, Mark, Storage};
use crate::store::Store;
use crate::store::open::{absolute, io_of, lock_writer};
use crate::store::options::Mode;
use crate::store::options::RuntimeOptions;
use crate::version::Version;
use crate::version::commit::{Committer, Outcome, commit};
use crate::version::defaults::Defaults;
use crate::version::edit::{Edit, Encoded, Keep, NewFiles, NewRecords, Unsynced};
use crate::version::keeping::Keeping;
use crate::version::place::Place;
use crate::version::roots::{find_root, kept_generations, read_kept, read_root};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Arrays that a report names, at most, of each kind.
const NAMED: usize = 100;

/// How [`Store::repair`] goes about it.
#[derive(Default)]
pub struct RepairOptions {
    /// Add the values of later segments to the commit that is gone back to; without one, make the store of segments
    /// alone. The result may mix commits: [`Repair::newer`] says which arrays are of which.
    pub salvage: bool,
}

/// What [`Store::repair`] found and did.
#[derive(Clone, Debug, Default)]
pub struct Repair {
    /// The commit that the store is at now.
    pub generation: u64,
    /// Whether the root was whole and each segment that it names opens; then nothing was done.
    pub was_whole: bool,
    /// Segments that a whole root names and that are gone or do not open. Then nothing was done, either: what is damaged
    /// can be deleted, the store be taken back to one of `kept`, or the files be put back.
    pub damaged: Vec<DamagedSegment>,
    /// Beside damaged segments: the earlier commits that can be gone back to, whose segments all open.
    pub kept: Vec<u64>,
    /// The earlier commit that was gone back to.
    pub restored: Option<u64>,
    /// Later commits whose values were salvaged from their segments. Without a commit to start from, all of the store.
    pub salvaged: Vec<u64>,
    /// Arrays with salvaged values, the first hundred.
    pub newer: Vec<Newer>,
    /// How many there are.
    pub newer_count: u64,
    /// Datasets that there are.
    pub datasets: u64,
    /// Arrays that there are.
    pub arrays: u64,
    /// What could not be rebuilt, or may not be as it was; a line each.
    pub losses: Vec<String>,
}

/// A segment that a root names and that is gone or does not open.
#[derive(Clone, Debug)]
pub struct DamagedSegment {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub message: String,
    /// Dataset and name of arrays of which chunks may be in it, the first hundred.
    pub arrays: Vec<(Arc<str>, Arc<str>)>,
    /// How many there are.
    pub array_count: u64,
}

/// An array with values that a repair salvaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newer {
    /// The dataset.
    pub dataset: Arc<str>,
    /// The array.
    pub array: Arc<str>,
    /// The last commit of which there are values.
    pub generation: u64,
}

impl Store {
    /// Makes a root anew for the store at `path` whose root is gone or damaged. A damaged root is kept beside it, as
    /// `.atlas.json.damaged`. A whole root is left as it is, whatever segments there are; where those that it names are
    /// not all there, the report says so. [`Store::verify`] looks at their values.
    pub fn repair(path: impl AsRef<Path>, options: RepairOptions) -> Result<Repair> {
        let (storage, path) = storage::of(path.as_ref())?;
        Self::repair_on(storage, &path, options)
    }

    /// [`Store::repair`] on another storage than the file system.
    pub fn repair_on(storage: Arc<dyn Storage>, path: &Path, options: RepairOptions) -> Result<Repair> {
        let path = absolute(&*storage, path)?;
        let found = find_root(&*storage, &path)?;
        let traces = traces(&*storage, &path)?;
        let Some(notation) = found.or_else(|| traces.kept.last().map(|(_, notation)| *notation)).or_else(|| {
            // Nothing says how the root was written.
            (!traces.segments.is_empty()).then(Notation::default)
        }) else {
            bail!(NotFound, "{} is not a store: it has no root, no kept root and no segments", path.display());
        };
        let lock = lock_writer(&*storage, &path, &RuntimeOptions::default())?;
        let root = path.join(notation.file_name());
        let mut report = Repair::default();
        if found.is_some() {
            let read = read_root(&*storage, &root, notation);
            match read.and_then(|(root, _)| check(&storage, &path, notation, root, &mut report)) {
                Ok(()) if report.was_whole => return Ok(report),
                Ok(()) => {
                    report.kept = whole_kept(&storage, &path, notation, &traces, report.generation)?;
                    return Ok(report);
                }
                Err(error) if error.kind() == ErrorKind::Corrupt => report.losses.push(format!("{error}")),
                Err(error) => return Err(error),
            }
        }
        let mut rebuilt = match Rebuilt::newest_kept(&storage, &path, notation, &traces, &mut report)? {
            Some(rebuilt) => rebuilt,
            None if options.salvage => Rebuilt::of_segments(&storage, &path, notation, &traces, &mut report)?,
            None => {
                let why: String = report.losses.iter().map(|loss| format!("; {loss}")).collect();
                bail!(
                    NotFound,
                    "{}: no earlier commit is kept whole that it could go back to; `atlas repair --salvage` would make \
                     the store of its segments{why}",
                    path.display()
                );
            }
        };
        match report.restored {
            _ if options.salvage => rebuilt.salvage(&traces, &mut report)?,
            Some(base) => report.losses.extend(traces.left_out(base, storage.has_locks())),
            None => bail!(Internal, "a repair from nothing"),
        }
        let (base, edit) = rebuilt.compose(&storage, traces.last, &mut report)?;
        let place = Place::of(storage.clone(), path, notation, &rebuilt.head, true)?;
        rebuilt.sync_added(&place)?;
        let keep = if found.is_some() { Keep::As(damaged_root(notation)) } else { Keep::No };
        let mark = Mark::at(&*storage, &root).map_err(|error| Error::io("read", &root, &error))?;
        let mut committer = Committer::writer(mark, lock, Vec::new());
        let io = io_of(&place, Mode::Read, &RuntimeOptions::default())?;
        match commit(&place, &io, &mut committer, &base, Edit { keep, ..edit }) {
            Outcome::Committed(committed) => committed.durable?,
            Outcome::NotCommitted(error) | Outcome::Unknown(error) => return Err(error),
        }
        Ok(report)
    }
}

/// Whether a store opens by a root, which is an error where it does not, and whether the segments that it names do.
fn check(storage: &Arc<dyn Storage>, path: &Path, notation: Notation, root: Root, report: &mut Repair) -> Result<()> {
    let generation = root.head.generation;
    root.head.default_compression.decode()?;
    let head = root.head.clone();
    let version = Version::of(root, notation.format, path, storage, &Version::default())?;
    let damaged = damaged_segments(storage, &head, &version)?;
    check_records(&version.records)?;
    report.was_whole = damaged.is_empty();
    (report.generation, report.datasets, report.damaged) = (generation, version.records.count, damaged);
    Ok(())
}

/// Refuses what a root says of datasets where a catalogue file is gone or damaged.
fn check_records(records: &Records) -> Result<()> {
    for file in &records.files {
        let mut first = None;
        file.verify(&mut |_, error| first = first.take().or(Some(error)))?;
        first.map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// The segments that a root names and that are gone or do not open.
fn damaged_segments(storage: &Arc<dyn Storage>, head: &Head, version: &Version) -> Result<Vec<DamagedSegment>> {
    let reader = reader(storage, head)?;
    let mut damaged = Vec::new();
    // By array name: which of `damaged` may have chunks of its arrays, and of those with ids from where to where.
    let mut hits: HashMap<Arc<str>, Vec<(usize, u64, u64)>> = HashMap::default();
    for (name, file) in &version.files {
        for segment in file.segments.iter() {
            // What is wrong with its parts is said of each.
            let parts = match reader.parts(segment) {
                Ok(parts) => parts.iter().map(|part| &part.segment).collect(),
                Err(_) => Vec::new(),
            };
            let own = std::iter::once((segment, reader.directory(segment).map(drop)));
            let all = own.chain(parts.into_iter().map(|part| (part, reader.check_file(part))));
            for (file, checked) in all {
                match checked.map_err(|error| error.missing_is(ErrorKind::Corrupt)) {
                    Ok(()) => {}
                    Err(error) if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported) => {
                        let (low, high) = segment.record.array_ids;
                        hits.entry(name.clone()).or_default().push((damaged.len(), low, high));
                        let (file, message) = (file.path.clone(), error.message().to_owned());
                        damaged.push(DamagedSegment { file, message, arrays: Vec::new(), array_count: 0 });
                    }
                    Err(error) => return Err(error),
                }
            }
        }
    }
    if damaged.is_empty() {
        return Ok(damaged);
    }
    // What cannot be decoded is a damage of the root's, which `verify` names.
    for (dataset, record) in version.records.decoded().flatten() {
        for (name, array) in &record.arrays {
            for (number, low, high) in hits.get(name).into_iter().flatten() {
                if (*low..=*high).contains(&array.id) {
                    let segment = &mut damaged[*number];
                    segment.array_count += 1;
                    if segment.arrays.len() < NAMED {
                        segment.arrays.push((dataset.clone(), name.clone()));
                    }
                }
            }
        }
    }
    Ok(damaged)
}

/// The kept commits before commit `last` whose segments all open.
fn whole_kept(
    storage: &Arc<dyn Storage>,
    path: &Path,
    notation: Notation,
    traces: &Traces,
    last: u64,
) -> Result<Vec<u64>> {
    let mut whole = Vec::new();
    for (generation, _) in traces.kept.iter().filter(|(kept, of)| *kept < last && *of == notation) {
        let kept = read_kept(&**storage, path, notation, *generation);
        let damaged_of = |(root, _): (Root, Mark)| {
            let head = root.head.clone();
            let version = Version::of(root, notation.format, path, storage, &Version::default())?;
            check_records(&version.records)?;
            damaged_segments(storage, &head, &version)
        };
        let damaged = kept.and_then(|kept| kept.map(damaged_of).transpose());
        match damaged {
            Ok(damaged) => whole.extend(damaged.is_some_and(|damaged| damaged.is_empty()).then_some(*generation)),
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            // It cannot be gone back to.
            Err(_) => {}
        }
    }
    Ok(whole)
}

/// Reads the segments of a root, without keeping anything.
fn reader(storage: &Arc<dyn Storage>, head: &Head) -> Result<SegmentReader> {
    let store_id = parse_id(&head.store_id)?;
    Ok(SegmentReader::new(storage.clone(), store_id, 0, &Buffers::new(&Budget::new(0))))
}

/// What lies in a store's folder.
struct Traces {
    /// Kept roots, oldest first.
    kept: Vec<(u64, Notation)>,
    /// Oldest first.
    segments: Vec<Trace>,
    /// The last commit that anything is of.
    last: u64,
}

/// A segment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    /// The commit.
    generation: u64,
    /// The folder that its file is in.
    folder: String,
    path: PathBuf,
    /// In a bundle: where it begins, and its length.
    bundled: Option<(u64, u64)>,
}

impl Traces {
    /// What is lost where the store goes back to commit `base`. Without locks no writer removes what no commit names.
    fn left_out(&self, base: u64, has_locks: bool) -> Option<String> {
        let until = if has_locks { "a writer opens the store" } else { "they are collected" };
        let later = self.segments.last().map(|segment| segment.generation).filter(|last| *last > base);
        Some(match later {
            Some(last) => format!(
                "all that was committed after {base}; segments of later commits, up to {last}, are there until {until}: \
                 of a copy without its root, `atlas repair --salvage` takes their values"
            ),
            None => format!("all that was committed after {base}"),
        })
    }
}

fn traces(storage: &dyn Storage, path: &Path) -> Result<Traces> {
    let list = |path: &Path| storage.list(path).map_err(|error| Error::io("list", path, &error));
    let mut kept = Vec::new();
    for notation in NOTATIONS {
        kept.extend(kept_generations(storage, path, notation)?.into_iter().map(|generation| (generation, notation)));
    }
    kept.sort_unstable_by_key(|(generation, _)| *generation);
    let mut segments = Vec::new();
    for entry in list(path)?.into_iter().filter(|entry| entry.is_dir) {
        let folder = file_name(&entry.path);
        if !names::is_folder_name(&folder) {
            continue;
        }
        for file in list(&entry.path)? {
            let (path, folder) = (file.path, folder.clone());
            let name = file_name(&path);
            // What is in a worker's file is what a segment says that has it as a part.
            if names::session_in(&name).is_some() {
                continue;
            }
            if let Some(generation) = names::segment_generation(&name) {
                segments.push(Trace { generation, folder, path, bundled: None });
            } else if let Some(generation) = names::bundle_generation(&name).filter(|_| folder == names::BUNDLES) {
                let file = storage.open(&path).map_err(|error| Error::io("open", &path, &error))?;
                let trace = |bundled| Trace { generation, folder: folder.clone(), path: path.clone(), bundled };
                segments.extend(segments_in(&*file).into_iter().map(|bundled| trace(Some(bundled))));
            }
        }
    }
    segments.sort_unstable();
    // A root is kept by the commit after it, which a reader may have seen.
    let kept_by = kept.iter().map(|(kept, _)| kept.saturating_add(1));
    let last = segments.iter().map(|segment| segment.generation).chain(kept_by).max();
    Ok(Traces { kept, segments, last: last.unwrap_or(0) })
}

/// The store as it is put together again.
struct Rebuilt {
    path: PathBuf,
    reader: SegmentReader,
    head: Head,
    notation: Notation,
    schemas: Numbering,
    datasets: IndexMap<Arc<str>, DatasetRecord>,
    /// Segments that were added, by array name.
    added: IndexMap<Arc<str>, Vec<Arc<Segment>>>,
    /// The last commit of which a segment was added that has chunks of an array, by its id.
    newer: HashMap<u64, u64>,
    /// The datasets of arrays, by their ids.
    owners: HashMap<u64, Arc<str>>,
}

impl Rebuilt {
    /// The newest kept commit that is whole.
    fn newest_kept(
        storage: &Arc<dyn Storage>,
        path: &Path,
        notation: Notation,
        traces: &Traces,
        report: &mut Repair,
    ) -> Result<Option<Self>> {
        for (generation, _) in traces.kept.iter().filter(|(_, kept)| *kept == notation).rev() {
            let name = kept_root(notation, *generation);
            let root = match read_kept(&**storage, path, notation, *generation) {
                Ok(Some((root, _))) => root,
                Ok(None) => continue,
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => {
                    report.losses.push(format!("the earlier commit {generation} is lost as well: {error}"));
                    continue;
                }
            };
            match Self::at(storage, path, notation, root) {
                Ok(rebuilt) => {
                    report.restored = Some(*generation);
                    return Ok(Some(rebuilt));
                }
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => report.losses.push(format!("{name} cannot be gone back to: {error}")),
            }
        }
        Ok(None)
    }

    /// An empty store of the id that its segments have.
    fn of_segments(
        storage: &Arc<dyn Storage>,
        path: &Path,
        notation: Notation,
        traces: &Traces,
        report: &mut Repair,
    ) -> Result<Self> {
        // A store id is in the header of every segment; all of one store have the same.
        let mut ids: BTreeMap<[u8; 16], usize> = BTreeMap::new();
        for segment in &traces.segments {
            let mut header = [0; HEADER_LEN];
            if storage.open(&segment.path).and_then(|file| file.read_at(&mut header, 0)).is_ok() {
                *ids.entry(store_id_in(&header)).or_default() += 1;
            }
        }
        let Some((store_id, _)) = ids.into_iter().max_by_key(|(_, count)| *count) else {
            bail!(Corrupt, "{}: nothing is left that the store could be rebuilt from", path.display());
        };
        let head = Head {
            format_version: VERSION,
            required_features: Vec::new(),
            writer_features: Vec::new(),
            store_id: id_text(&store_id),
            generation: 0,
            next_array_id: 1,
            default_compression: Compression::DEFAULT.into(),
            default_pack: true,
            keep_generations: None,
            pins: IndexMap::default(),
            renamed: 0,
            attributes: Arc::default(),
            schemas: Vec::new(),
            array_files: IndexMap::default(),
            catalogue: None,
        };
        report.losses.push(
            "no earlier commit is kept: attributes, and datasets and arrays without values, are lost; what was deleted \
             or overwritten, and not compacted away, may be back"
                .into(),
        );
        let root = Root { head, image: Arc::default(), datasets: Vec::new() };
        Self::at(storage, path, notation, root)
    }

    /// What a root says, if its segments are there.
    fn at(storage: &Arc<dyn Storage>, path: &Path, notation: Notation, root: Root) -> Result<Self> {
        root.head.check_writable()?;
        let reader = reader(storage, &root.head)?;
        let head = root.head.clone();
        let version = Version::of(root, notation.format, path, storage, &Version::default())?;
        for segment in version.all_segments() {
            reader.check_files(segment).map_err(|error| error.missing_is(ErrorKind::Corrupt))?;
        }
        let schemas = Numbering::of(&version.records.schemas);
        check_records(&version.records)?;
        let (mut datasets, mut owners) = (IndexMap::default(), HashMap::default());
        for decoded in version.records.decoded() {
            let (name, record) = decoded?;
            record.arrays.values().try_for_each(|array| array.check(version.records.schema(array.schema)?))?;
            owners.extend(record.arrays.values().map(|array| (array.id, name.clone())));
            datasets.insert(name, record);
        }
        if !version.records.files.is_empty() {
            let names = version.records.names(&*Pool::shared(Some(0))?)?;
            let places: HashMap<&str, usize> = names.iter().zip(0..).collect();
            datasets.sort_by_cached_key(|name, _| places.get(&**name).copied());
        }
        let (path, added, newer) = (path.to_owned(), IndexMap::default(), HashMap::default());
        Ok(Self { path, reader, head, notation, schemas, datasets, added, newer, owners })
    }

    /// Adds the segments that are newer than the commit started from.
    fn salvage(&mut self, traces: &Traces, report: &mut Repair) -> Result<()> {
        let base = self.head.generation;
        for segment in traces.segments.iter().filter(|segment| segment.generation > base) {
            match self.add(segment) {
                Ok(()) if report.salvaged.last() != Some(&segment.generation) => {
                    report.salvaged.push(segment.generation);
                }
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => report.losses.push(format!("the values in {} are lost: {error}", segment.path.display())),
            }
        }
        if base > 0 {
            let values = if report.salvaged.is_empty() { "no values were found" } else { "the values are restored" };
            report.losses.push(format!(
                "of what was committed after {base}, {values}; attributes that were set, what was deleted, new names of \
                 datasets, and datasets and arrays that were made without values are not"
            ));
        }
        // A root is kept when all segments of the next commit are on disk: so far commits are known to be complete.
        if let Some(last) = report.salvaged.last().filter(|last| base == 0 || **last > base + 1) {
            report.losses.push(format!(
                "whether commit {last} was complete is not known: a crash in the middle of it leaves the same files"
            ));
        }
        Ok(())
    }

    /// Adds what a segment says of its arrays.
    fn add(&mut self, trace: &Trace) -> Result<()> {
        let Trace { generation, folder, path, bundled } = trace;
        let (generation, segment) = (*generation, self.reader.find(path, *bundled)?);
        let Definitions { array: name, schemas, arrays } = self.reader.definitions(&segment)?;
        let folder: Arc<str> = match bundled {
            None => (**folder).into(),
            Some(_) => match self.head.array_files.get(&name) {
                Some(known) => known.folder.clone(),
                None => names::folder_name(&name).into(),
            },
        };
        let known = self.head.array_files.get(&name).map(|file| &file.folder);
        if known.is_some_and(|known| *known != folder) {
            bail!(Corrupt, "{}: array '{name}' has its segments elsewhere", path.display());
        }
        check_name("array", &name)?;
        let numbers: Vec<u32> = schemas.into_iter().map(|record| self.schema(record)).collect::<Result<_>>()?;
        let mut records = Vec::with_capacity(arrays.len());
        for Definition(id, dataset, schema, shape) in arrays {
            let Some(number) = numbers.get(schema as usize) else {
                bail!(Corrupt, "{}: there is no schema {schema}", path.display());
            };
            let schema = &self.schemas.list[*number as usize];
            check_name("dataset", &dataset)?;
            if !(1..i64::MAX as u64).contains(&id) {
                bail!(Corrupt, "{}: an array of id {id}", path.display());
            }
            let record = ArrayRecord {
                id,
                place: None,
                schema: *number,
                shape,
                stored: Stored::default().encode(schema.dtype),
                attributes: Arc::default(),
            };
            record.check(schema)?;
            records.push((dataset, record));
        }
        for (dataset, record) in records {
            self.head.next_array_id = self.head.next_array_id.max(record.id.saturating_add(1));
            self.newer.insert(record.id, generation);
            let dataset = self.dataset_of(&name, record.id, dataset)?;
            let arrays = &mut self.datasets.entry(dataset).or_default().arrays;
            match arrays.get_mut(&name) {
                Some(known) if known.id == record.id => (known.schema, known.shape) = (record.schema, record.shape),
                Some(known) if known.id > record.id => {}
                _ => drop(arrays.insert(name.clone(), record)),
            }
        }
        let segment = Segment::new(segment.record.clone(), &self.path, &folder);
        self.reader.check_files(&segment)?;
        self.head.array_files.entry(name.clone()).or_insert_with(|| FileRecord {
            folder,
            live_bytes: 0,
            dead_bytes: 0,
            segments: Vec::new(),
        });
        self.added.entry(name).or_default().push(Arc::new(segment));
        Ok(())
    }

    /// The dataset to which the array `id` belongs that a segment has in `named`. The two differ where it was renamed: it keeps
    /// the name that the root has, or where there is none, gets that of the newest segment.
    fn dataset_of(&mut self, array: &Arc<str>, id: u64, named: Arc<str>) -> Result<Arc<str>> {
        let known = match self.owners.get(&id) {
            Some(known) if *known != named => known.clone(),
            _ => {
                self.owners.insert(id, named.clone());
                return Ok(named);
            }
        };
        // All arrays that there are, as it is known in the end.
        self.head.renamed = u64::MAX;
        let has = |dataset: &DatasetRecord| dataset.arrays.get(array).is_some_and(|found| found.id == id);
        if self.head.generation > 0 || !self.datasets.get(&known).is_some_and(has) {
            return Ok(known);
        }
        if let Some(dataset) = self.datasets.get_mut(&known) {
            dataset.arrays.shift_remove(array);
        }
        self.datasets.retain(|name, dataset| **name != *known || !dataset.arrays.is_empty());
        self.owners.insert(id, named.clone());
        Ok(named)
    }

    /// The number of a schema among those of the store.
    fn schema(&mut self, record: SchemaRecord) -> Result<u32> {
        Ok(self.schemas.number(&Arc::new(record.decode()?)))
    }

    /// The change that makes this, and the version that it follows: none is known that is later, up to `last`.
    fn compose(&mut self, storage: &Arc<dyn Storage>, last: u64, report: &mut Repair) -> Result<(Version, Edit)> {
        if self.head.generation == 0 {
            // Ids are given in the order in which arrays are made.
            for record in self.datasets.values_mut() {
                record.arrays.sort_by_cached_key(|_, array| array.id);
            }
            self.datasets.sort_by_cached_key(|_, record| record.arrays.first().map(|(_, array)| array.id));
        }
        let generation = self.head.generation.max(last);
        // A root with a number that is out of range is refused.
        if generation + 1 >= 1 << 56 {
            bail!(Corrupt, "{}: commits are numbered up to {last}, and no number is left", self.path.display());
        }
        for (name, segments) in self.added.clone() {
            self.count(&name, &segments)?;
        }
        for (dataset, record) in &self.datasets {
            for (name, array) in &record.arrays {
                let Some(&generation) = self.newer.get(&array.id) else { continue };
                report.newer_count += 1;
                if report.newer.len() < NAMED {
                    report.newer.push(Newer { dataset: dataset.clone(), array: name.clone(), generation });
                }
            }
        }
        let mut layer = Vec::with_capacity(self.datasets.len());
        for (name, record) in &self.datasets {
            let encoded = Encoded::New(root::encode(self.notation.format, record)?);
            layer.push((name.clone(), Kind::Whole, encoded));
        }
        report.generation = generation + 1;
        report.datasets = self.datasets.len() as u64;
        report.arrays = self.datasets.values().map(|record| record.arrays.len() as u64).sum();
        let root = Root { head: self.head.clone(), image: Arc::default(), datasets: Vec::new() };
        let files = Version::of(root, self.notation.format, &self.path, storage, &Version::default())?.files;
        let edit = Edit {
            files: files.into_iter().map(|(name, file)| (name, Some(file))).collect(),
            records: NewRecords {
                schemas: self.schemas.list.clone(),
                next_array_id: self.head.next_array_id,
                renamed: self.head.renamed.min(self.head.next_array_id),
                attributes: self.head.attributes.clone(),
                count: report.datasets,
                next_place: 0,
                layer,
                image: Arc::default(),
                files: Vec::new(),
            },
            retired: Vec::new(),
            new: NewFiles::new(storage),
            unsynced: Unsynced::default(),
            keeping: Arc::new(Keeping::of(&self.head)?),
            defaults: Defaults::of(&self.head)?,
            keep: Keep::No,
        };
        Ok((Version { generation, ..Version::default() }, edit))
    }

    /// Makes the segments that were added durable: whoever wrote them may have been killed before doing so, and a root
    /// that names them may not outlive them.
    fn sync_added(&self, place: &Place) -> Result<()> {
        let mut files = BTreeSet::new();
        for segment in self.added.values().flatten() {
            let parts = self.reader.parts(segment)?.iter().map(|part| &part.segment.path);
            files.extend(parts.chain([&segment.path]));
        }
        files.iter().try_for_each(|file| sync_file(&*place.storage, file))?;
        let folders: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        folders.into_iter().try_for_each(|folder| place.sync_folder(folder))?;
        // Of the folders that they are in.
        if self.added.is_empty() { Ok(()) } else { place.sync_folder(&self.path) }
    }

    /// Brings the totals of the arrays of one name, and its bytes, up to date with segments that are added.
    fn count(&mut self, name: &Arc<str>, added: &[Arc<Segment>]) -> Result<()> {
        let Some(file) = self.head.array_files.get_mut(name) else { return Ok(()) };
        file.segments.extend(added.iter().map(|segment| segment.record.clone()));
        let mut totals: HashMap<u64, (&Schema, &mut ArrayRecord, Stored)> = HashMap::default();
        for array in self.datasets.values_mut().filter_map(|record| record.arrays.get_mut(name)) {
            totals.insert(array.id, (&self.schemas.list[array.schema as usize], array, Stored::default()));
        }
        let segments = file
            .segments
            .iter()
            .map(|record| Arc::new(Segment::new(record.clone(), &self.path, &file.folder)))
            .collect();
        let chunks = |(schema, array, _): &(&Schema, &mut ArrayRecord, Stored)| {
            grid::chunk_count(&array.shape, &schema.chunk_shape)
        };
        let chunks: HashMap<u64, u64> = totals.iter().map(|(id, array)| (*id, chunks(array))).collect();
        let is_live = |row: &Row| chunks.get(&row.array_id).is_some_and(|chunks| row.chunk < *chunks);
        let (live, all) = count_bytes(&self.reader, &Segments::new(segments), is_live, |row| {
            if let Some((schema, array, total)) = totals.get_mut(&row.array_id) {
                let valid = grid::valid_extents(&array.shape, &schema.chunk_shape, row.chunk);
                total.add(schema.dtype, row, cells(&valid));
            }
        })?;
        (file.live_bytes, file.dead_bytes) = (live, all - live);
        for (schema, array, total) in totals.into_values() {
            array.stored = total.encode(schema.dtype);
        }
        Ok(())
    }
}
