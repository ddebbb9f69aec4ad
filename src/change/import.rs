//! What workers of a session have exported, put together: checked as a whole, then taken over as a whole.
//!
//! It is the same whatever order the exports come in: they are gone through by worker, handle and epoch. Cells that two
//! workers have written, and definitions and attributes that differ, are refused. Chunks that one worker has written whole stay
//! where they are, in its file; others are put together of the cells of each.

use crate::array::{Array, Io, Layer, Pending, StoredChunk};
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{lock, read, write};
use crate::base::maps::{HashMap, HashSet, IndexMap};
use crate::base::names::{check_name, stored_name};
use crate::base::shape::{Dims, check_shape};
use crate::base::sync::Mutex;
use crate::base::value::Value;
use crate::change::catalogue::{ArrayEntry, Catalogue, Dataset};
use crate::chunk::cover::Cover;
use crate::chunk::grid::{self, chunking_size};
use crate::chunk::schema::Schema;
use crate::format::names::{self, WorkerId};
use crate::format::parts;
use crate::format::root::{no_attributes, parse_id, stored_attributes};
use crate::format::segment::Row;
use crate::format::session::{ArrayExport, AttributeChanges, Export, FileExport};
use crate::memory::buffers;
use crate::segment::Part;
use crate::version::Version;
use crate::version::place::Place;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was imported in a session.
#[derive(Default)]
pub(crate) struct Imported {
    /// The last export of each handle, by worker and handle.
    epochs: HashMap<(u32, u32), u32>,
    /// The parts that exports have named, by file and place in it.
    parts: HashSet<(Arc<str>, Option<u64>)>,
    /// The handle of each worker from which something came since the last commit.
    heard: BTreeMap<u32, u32>,
    /// The cells that came since the last commit, by the ids of arrays, whose names may change.
    cells: HashMap<u64, Cells>,
    /// Who has appended to arrays since, likewise.
    appended: HashMap<u64, u32>,
    /// Attributes that came since, with the workers.
    attributes: HashMap<Of, HashMap<Arc<str>, Change>>,
}

/// A dataset and an array.
type Key = (Arc<str>, Arc<str>);

/// Cells of an array by chunk, with the workers that have written them.
#[derive(Default)]
struct Cells(HashMap<u64, SmallVec<[(u32, Cover); 1]>>);

impl Cells {
    fn of(&self, chunk: u64) -> impl Iterator<Item = (u32, &Cover)> {
        self.0.get(&chunk).into_iter().flatten().map(|(worker, cover)| (*worker, cover))
    }

    fn add(&mut self, chunk: u64, worker: u32, cover: &Cover) {
        let cells = self.0.entry(chunk).or_default();
        match cells.iter_mut().find(|(known, _)| *known == worker) {
            Some((_, known)) => known.add_all(cover),
            None => cells.push((worker, cover.clone())),
        }
    }
}

/// What a worker has set an attribute to, or that it has removed it.
type Change = (u32, Option<Value>);

/// What several have of a chunk, the last to be taken last.
type Layers = SmallVec<[Layer; 1]>;

/// Whose attributes: an array's, a dataset's or the store's.
type Of = (Option<Arc<str>>, Option<Arc<str>>);

impl Imported {
    /// Whether values came since the last commit, which lie in files of workers.
    pub fn has_values(&self) -> bool {
        !self.cells.is_empty()
    }

    /// What came so far is committed.
    pub fn committed(&mut self) {
        self.heard.clear();
        self.cells.clear();
        self.appended.clear();
        self.attributes.clear();
    }

    /// Adds what came later.
    pub fn add(&mut self, more: Self) {
        self.epochs.extend(more.epochs);
        self.parts.extend(more.parts);
        self.heard.extend(more.heard);
        self.appended.extend(more.appended);
        for (array, cells) in more.cells {
            let known = self.cells.entry(array).or_default();
            for (chunk, cells) in cells.0 {
                cells.iter().for_each(|(worker, cover)| known.add(chunk, *worker, cover));
            }
        }
        for (of, changes) in more.attributes {
            self.attributes.entry(of).or_default().extend(changes);
        }
    }

    /// Those of so many workers from whom nothing came since the last commit.
    pub fn missing(&self, workers: u32) -> impl Iterator<Item = u32> {
        (0..workers).filter(|worker| !self.heard.contains_key(worker))
    }
}

/// What a number of exports come to.
pub(crate) struct Import {
    /// The number of the last change that it knows of.
    pub changes: u64,
    /// The datasets that are to be made.
    created: IndexMap<Arc<str>, ()>,
    arrays: IndexMap<Key, ImportedArray>,
    attributes: IndexMap<Of, IndexMap<Arc<str>, Option<Value>>>,
    added: Imported,
}

/// An array, and what becomes of it.
struct ImportedArray {
    /// One of its kind that is in no dataset, where it is to be made.
    array: Arc<Array>,
    is_new: bool,
    /// The worker that has defined it first.
    worker: u32,
    shape: Dims,
    layers: BTreeMap<u64, Layers>,
    /// What is to be pending of it.
    chunks: Vec<(u64, Pending)>,
    /// The cells that are being added.
    cells: Cells,
    /// Who has appended to it.
    appended: Option<u32>,
}

/// Rows to be added.
struct Work<'e> {
    export: &'e Export,
    file: &'e FileExport,
    /// Whether the worker is run again.
    is_repeat: bool,
    parts: Vec<Arc<Part>>,
}

/// Cells of a chunk that a worker has written.
struct Written<'w> {
    key: &'w Key,
    array: &'w ImportedArray,
    chunk: u64,
    worker: u32,
    cover: &'w Cover,
}

impl Written<'_> {
    fn what(&self) -> String {
        let Self { key: (dataset, name), array: ImportedArray { array, shape, .. }, chunk, .. } = self;
        let at = grid::chunk_coords(shape, &array.schema.chunk_shape, *chunk);
        format!("chunk {:?} of array '{name}' of dataset '{dataset}'", &at[..])
    }
}

/// Puts exports together.
pub(crate) struct Importer<'i> {
    pub place: &'i Place,
    pub io: &'i Io,
    pub catalogue: &'i Catalogue,
    /// The last commit, with what is written ahead of the next.
    pub ahead: &'i Version,
    pub session: u64,
    /// Whether exports of the session may have been imported by another handle.
    pub is_adopted: bool,
    pub imported: &'i Imported,
    /// Whether all other calls wait for it.
    pub others_wait: bool,
}

impl Importer<'_> {
    /// Checks exports, and puts them together.
    pub fn import(&self, exports: &[Export]) -> Result<Import> {
        let mut import = Import {
            changes: self.catalogue.changes(),
            created: IndexMap::default(),
            arrays: IndexMap::default(),
            attributes: IndexMap::default(),
            added: Imported::default(),
        };
        let mut order: Vec<&Export> = exports.iter().collect();
        order.sort_by_key(|export| (export.worker, export.handle, export.epoch));
        let known = self.known_files()?;
        let mut work = Vec::new();
        for export in order {
            self.check(export)?;
            if !self.is_next(&mut import.added, export)? {
                continue;
            }
            let files = export.files.iter().flat_map(|file| &file.parts);
            if self.is_adopted && files.clone().next().is_some() && files.clone().all(|part| known.contains(&part.file))
            {
                continue;
            }
            let handle = self.imported.heard.get(&export.worker).copied();
            let handle = *import.added.heard.entry(export.worker).or_insert(handle.unwrap_or(export.handle));
            let is_repeat = handle != export.handle;
            self.add_definitions(&mut import, export, is_repeat)?;
            let named = |error: Error| error.context(format_args!("worker {}", export.worker));
            for file in &export.files {
                let parts = self.parts(&mut import.added, export, file).map_err(named)?;
                work.push(Work { export, file, is_repeat, parts });
            }
        }
        // What they say is believed of files that are there, and as long as they say.
        let parts = work.iter().filter(|work| !work.is_repeat);
        let parts = parts.flat_map(|work| work.parts.iter().map(|part| (work.export.worker, part)));
        let parts: Vec<(u32, &Arc<Part>)> = buffers::collect(parts)?;
        self.io.pool.for_each(&parts, |(worker, part)| {
            let check = self.io.reader.check_part(part);
            check.map_err(|error| error.context(format_args!("a file of worker {worker}")))
        })?;
        for work in &work {
            let named = |error: Error| error.context(format_args!("worker {}", work.export.worker));
            self.add_chunks(&mut import, work).map_err(named)?;
        }
        self.check_dims(&import)?;
        for ((dataset, name), array) in &mut import.arrays {
            let located = |error: Error| error.context(format_args!("array '{name}' of dataset '{dataset}'"));
            self.put_together(name, array).map_err(located)?;
        }
        Ok(import)
    }

    /// The files of workers that the last commit has.
    fn known_files(&self) -> Result<HashSet<Arc<str>>> {
        let mut known = HashSet::default();
        for segment in self.ahead.all_segments().filter(|_| self.is_adopted) {
            known.extend(self.io.reader.parts(segment)?.iter().map(|part| part.record.file.clone()));
        }
        Ok(known)
    }

    /// Refuses an export of another session or store.
    fn check(&self, export: &Export) -> Result<()> {
        let Export { worker, session, .. } = export;
        if parse_id(&export.store_id)? != self.place.store_id {
            let path = self.place.path.display();
            bail!(Conflict, "the export of worker {worker} is of store {}, not of {path}", export.store_id);
        }
        if *session != self.session {
            bail!(
                Conflict,
                "the export of worker {worker} is of session {session:016x}, the one that is on is {:016x}",
                self.session
            );
        }
        if self.place.sync && !export.durable {
            bail!(Unsupported, "the files of worker {worker} were not synced, and the store syncs what it commits");
        }
        Ok(())
    }

    /// Whether an export is not one that was imported already.
    fn is_next(&self, added: &mut Imported, export: &Export) -> Result<bool> {
        let Export { worker, handle, epoch, .. } = export;
        let of = (*worker, *handle);
        let last = added.epochs.get(&of).or_else(|| self.imported.epochs.get(&of)).copied();
        if last.is_some_and(|last| *epoch <= last) {
            return Ok(false);
        }
        // One that another handle has imported is not known to this one.
        let expected = last.map_or(1, |last| last + 1);
        if *epoch != expected && (last.is_some() || !self.is_adopted) {
            bail!(Conflict, "export {epoch} of worker {worker} without export {expected}, which comes before it");
        }
        added.epochs.insert(of, *epoch);
        Ok(true)
    }

    fn add_definitions(&self, import: &mut Import, export: &Export, is_repeat: bool) -> Result<()> {
        let schemas: Vec<Arc<Schema>> = export
            .schemas
            .iter()
            .map(|record| {
                let schema = record.decode()?;
                schema.dims.iter().try_for_each(|name| stored_name("dimension", name))?;
                Ok(Arc::new(schema))
            })
            .collect::<Result<_>>()?;
        self.add_attributes(import, export.worker, (None, None), &export.attributes)?;
        for dataset in &export.datasets {
            let name = &dataset.name;
            check_name("dataset", name)?;
            if !self.catalogue.contains(name)? && !import.created.contains_key(name) {
                if !dataset.created {
                    bail!(Conflict, "worker {} has written to dataset '{name}', which is gone", export.worker);
                }
                import.created.insert(name.clone(), ());
            }
            self.add_attributes(import, export.worker, (Some(name.clone()), None), &dataset.attributes)?;
            for array in &dataset.arrays {
                let schema = schemas.get(array.schema as usize);
                let schema = schema.ok_or_else(|| error!(Corrupt, "there is no schema {}", array.schema))?;
                self.add_array(import, (export.worker, is_repeat), name, array, schema)?;
                let of = (Some(name.clone()), Some(array.name.clone()));
                self.add_attributes(import, export.worker, of, &array.attributes)?;
            }
        }
        Ok(())
    }

    fn add_attributes(&self, import: &mut Import, worker: u32, of: Of, changes: &AttributeChanges) -> Result<()> {
        if changes.set.is_empty() && changes.removed.is_empty() {
            return Ok(());
        }
        stored_attributes(&changes.set)?;
        let set = changes.set.iter().map(|(key, value)| (Arc::from(key), Some(value.into_owned())));
        let removed = changes.removed.iter().map(|key| (key.clone(), None));
        for (key, value) in set.chain(removed) {
            stored_name("attribute", &key)?;
            let known = import.added.attributes.entry(of.clone()).or_default();
            let before = self.imported.attributes.get(&of);
            if let Some((other, there)) = known.get(&key).or_else(|| before?.get(&key))
                && *other != worker
                && *there != value
            {
                let whose = match &of {
                    (Some(dataset), Some(array)) => format!("array '{array}' of dataset '{dataset}'"),
                    (Some(dataset), None) => format!("dataset '{dataset}'"),
                    (None, _) => "the store".into(),
                };
                bail!(
                    Conflict,
                    "workers {other} and {worker} have set attribute '{key}' of {whose} to different values"
                );
            }
            known.insert(key.clone(), (worker, value.clone()));
            import.attributes.entry(of.clone()).or_default().insert(key, value);
        }
        Ok(())
    }

    fn add_array(
        &self,
        import: &mut Import,
        (worker, is_repeat): (u32, bool),
        dataset: &Arc<str>,
        export: &ArrayExport,
        schema: &Arc<Schema>,
    ) -> Result<()> {
        let name = &export.name;
        let what = || format!("array '{name}' of dataset '{dataset}'");
        check_name("array", name)?;
        if export.shape.len() != schema.dims.len() {
            bail!(Corrupt, "{} of rank {} with the shape {:?}", what(), schema.dims.len(), export.shape);
        }
        check_shape(&export.shape, chunking_size(schema.dtype))?;
        let arrays = &mut import.arrays;
        let key = (dataset.clone(), name.clone());
        let known = match arrays.get_mut(&key) {
            Some(known) => known,
            None => {
                let there = match self.catalogue.contains(dataset)? {
                    true => self.catalogue.slot(dataset)?.dataset().arrays.get(name).map(|entry| entry.array.clone()),
                    false => None,
                };
                let is_new = there.is_none();
                if is_new && !export.created {
                    bail!(Conflict, "worker {worker} has written to {}, which is gone", what());
                }
                let array = there.unwrap_or_else(|| Array::new(0, schema.clone(), &export.shape, None));
                let shape = read(&array.data)?.shape.clone();
                let (layers, chunks, cells) = (BTreeMap::new(), Vec::new(), Cells::default());
                let made = ImportedArray { array, is_new, worker, shape, layers, chunks, cells, appended: None };
                arrays.entry(key).or_insert(made)
            }
        };
        let others = || {
            if known.is_new {
                format!("workers {} and {worker}", known.worker)
            } else {
                format!("the store and worker {worker}")
            }
        };
        if !export.created && known.array.id != export.id {
            bail!(Conflict, "{}: it was made anew since the ticket of worker {worker}", what());
        }
        if let Some(difference) = difference(&known.array.schema, schema) {
            bail!(Conflict, "{}: {} define it differently: {difference}", what(), others());
        }
        if known.shape[1.min(known.shape.len())..] != export.shape[1.min(export.shape.len())..] {
            bail!(
                Conflict,
                "{}: {} define it differently: shapes {:?} and {:?}",
                what(),
                others(),
                &known.shape[..],
                export.shape
            );
        }
        let length = known.shape.first().copied().unwrap_or(0);
        // Where another handle has given the ticket, what it knew need not be what was committed.
        if !known.is_new && !export.created && !self.is_adopted && length < export.length_before {
            let before = export.length_before;
            bail!(Conflict, "{}: its length was {before} for worker {worker}, and is {length} by now", what());
        }
        // One that is run again is looked at for what it has written.
        if export.appended && !is_repeat {
            let other = known.appended.or_else(|| self.imported.appended.get(&known.array.id).copied());
            if let Some(other) = other.filter(|other| *other != worker) {
                bail!(
                    Conflict,
                    "{}: workers {other} and {worker} have both appended to it: extend it, and write regions",
                    what()
                );
            }
            if !known.is_new && !export.created && length != export.length_before {
                bail!(
                    Conflict,
                    "{}: worker {worker} has appended to a length of {}, which is {length} by now",
                    what(),
                    export.length_before
                );
            }
            known.appended = Some(worker);
        }
        if let (Some(length), Some(more)) = (known.shape.first_mut(), export.shape.first()) {
            *length = (*length).max(*more);
        }
        Ok(())
    }

    /// The parts that a file names. What an export says of them harms nobody else: they are of its own worker.
    fn parts(&self, added: &mut Imported, export: &Export, file: &FileExport) -> Result<Vec<Arc<Part>>> {
        check_name("array", &file.array)?;
        parts::check(&file.parts)?;
        let Export { session, worker, handle, .. } = *export;
        let own = WorkerId { session, worker, handle };
        for part in &file.parts {
            let generation = names::generation(&part.file);
            if names::worker_in(&part.file) != Some(own) || generation > Some(self.ahead.generation + 1) {
                bail!(Corrupt, "the file '{}' is none that the worker can have made", part.file);
            }
            let place = (part.file.clone(), part.at);
            if self.imported.parts.contains(&place) || !added.parts.insert(place) {
                bail!(Corrupt, "the file '{}' was imported before", part.file);
            }
        }
        let folder = match self.ahead.files.get(&file.array) {
            Some(known) => known.folder.clone(),
            None => names::folder_name(&file.array).into(),
        };
        let own = self.place.folder(&folder);
        buffers::collect(file.parts.iter().map(|part| Arc::new(Part::new(part.clone(), &own))))
    }

    fn add_chunks(&self, import: &mut Import, work: &Work<'_>) -> Result<()> {
        let Work { export, file, is_repeat, parts } = work;
        let (worker, rows) = (export.worker, file.rows()?);
        let arrays =
            export.datasets.iter().flat_map(|dataset| dataset.arrays.iter().map(move |array| (dataset, array)));
        let arrays = arrays.filter(|(_, array)| array.name == file.array);
        let arrays: HashMap<u64, _> = arrays.map(|(dataset, array)| (array.id, (&dataset.name, array))).collect();
        let mut partial = file.partial.iter().peekable();
        for (number, row) in rows.into_iter().enumerate() {
            let Some((dataset, of)) = arrays.get(&row.array_id) else {
                bail!(Corrupt, "chunk {} of array id {}, which is none of '{}'", row.chunk, row.array_id, file.array);
            };
            let key = ((*dataset).clone(), file.array.clone());
            let known = import.arrays.get_mut(&key).ok_or_else(|| error!(Internal, "an array that was not added"))?;
            let schema = &known.array.schema;
            if row.chunk >= grid::chunk_count(&of.shape, &schema.chunk_shape) {
                bail!(Corrupt, "array '{}' of dataset '{dataset}' of {:?} has no chunk {}", key.1, of.shape, row.chunk);
            }
            let part = &parts[row.part as usize - 1];
            known.array.check_row(self.io, &part.segment, &row)?;
            let cover = match partial.next_if(|(of, _)| *of as usize == number) {
                Some((_, runs)) => Cover::from_runs(schema.chunk_cells(), runs)?,
                None => Cover::All,
            };
            let written = Written { key: &key, array: known, chunk: row.chunk, worker, cover: &cover };
            if *is_repeat {
                self.check_repeat(&written)?;
                continue;
            }
            self.check_apart(&written)?;
            let chunk = Arc::new(StoredChunk { part: part.clone(), row: Row { part: 0, ..row } });
            known.cells.add(row.chunk, worker, &cover);
            known.layers.entry(row.chunk).or_default().push(Layer { chunk, cover });
        }
        if partial.next().is_some() {
            bail!(Corrupt, "cells of rows that are not there");
        }
        Ok(())
    }

    /// The cells of a chunk that came, and those that are being added, with the workers.
    fn cells<'c>(&'c self, written: &Written<'c>) -> impl Iterator<Item = (u32, &'c Cover)> {
        let (array, chunk) = (written.array, written.chunk);
        // One that is to be made has no id yet, and nothing of it came before.
        let before = self.imported.cells.get(&array.array.id);
        before.into_iter().chain([&array.cells]).flat_map(move |cells| cells.of(chunk))
    }

    /// Refuses cells that a worker has written which is run again, and not the first time.
    fn check_repeat(&self, written: &Written<'_>) -> Result<()> {
        let Written { worker, cover, .. } = written;
        let mut first = Cover::none(written.array.array.schema.chunk_cells())?;
        self.cells(written).filter(|(other, _)| other == worker).for_each(|(_, cover)| first.add_all(cover));
        if !cover.is_within(&first) {
            let what = written.what();
            bail!(Conflict, "it was run twice, and has written more the second time: {what}");
        }
        Ok(())
    }

    /// Refuses cells that another worker, or the handle that imports, has written.
    fn check_apart(&self, written: &Written<'_>) -> Result<()> {
        let Written { array: ImportedArray { array, is_new, .. }, chunk, worker, cover, .. } = written;
        let mut met = self.cells(written).find_map(|(other, theirs)| {
            let cell = cover.meets(theirs).filter(|_| other != *worker)?;
            Some((format!("workers {} and {}", other.min(*worker), other.max(*worker)), cell))
        });
        if met.is_none() && !is_new {
            let data = read(&array.data)?;
            let own = data.covered.as_ref().and_then(|covered| covered.chunks.get(chunk));
            let cell = own.and_then(|own| cover.meets(own));
            met = cell.map(|cell| (format!("worker {worker} and by the handle that imports"), cell));
        }
        let Some((by, cell)) = met else { return Ok(()) };
        let chunk_shape = &array.schema.chunk_shape;
        let chunk = grid::chunk_coords(&written.array.shape, chunk_shape, *chunk);
        let inside = grid::chunk_coords(chunk_shape, &Dims::from_elem(1, chunk.len()), cell as u64);
        let cell: Vec<u64> = (0..chunk.len()).map(|d| chunk[d] * chunk_shape[d] + inside[d]).collect();
        bail!(Conflict, "{} was written by {by}: both have cell {cell:?}", written.what())
    }

    /// Refuses new arrays that give a dimension another length than others of their datasets.
    fn check_dims(&self, import: &Import) -> Result<()> {
        let mut made: HashMap<&Arc<str>, Dataset> = HashMap::default();
        for ((dataset, name), array) in import.arrays.iter().filter(|(_, array)| array.is_new) {
            let located = |error: Error| error.context(format_args!("array '{name}' of dataset '{dataset}'"));
            let schema = &array.array.schema;
            if self.catalogue.contains(dataset)? {
                self.catalogue.slot(dataset)?.dataset().check_dims(schema, &array.shape).map_err(located)?;
            }
            let made = made.entry(dataset).or_default();
            made.check_dims(schema, &array.shape).map_err(located)?;
            made.insert(name.clone(), ArrayEntry::new(array.array.clone(), no_attributes(), 0, 0))?;
        }
        Ok(())
    }

    /// What becomes of each chunk of an array.
    fn put_together(&self, name: &str, imported: &mut ImportedArray) -> Result<()> {
        let ImportedArray { array, is_new, shape, layers, chunks, .. } = imported;
        let (schema, segments) = (&array.schema, self.ahead.segments(name));
        let before = read(&array.data)?.shape.clone();
        let inside = if *is_new { 0 } else { grid::chunk_count(&before, &schema.chunk_shape) };
        let work: Vec<(u64, Dims, Layers, Mutex<_>)> = std::mem::take(layers)
            .into_iter()
            .map(|(number, mut layers)| {
                let valid = grid::valid_extents(shape, &schema.chunk_shape, number);
                let last = layers.iter().rposition(|layer| layer.cover.has(&schema.chunk_shape, &valid));
                // What a whole one covers is nobody's any more.
                let taken = match last {
                    Some(last) if last + 1 == layers.len() => Some(Pending::Stored(layers[last].chunk.clone())),
                    Some(last) => (layers.drain(..last), None).1,
                    None => None,
                };
                (number, valid, layers, Mutex::new(taken))
            })
            .collect();
        self.io.pool.for_each(&work, |(number, valid, layers, taken)| {
            if lock(taken)?.is_none() {
                let data = read(&array.data)?;
                let made = array.overlay(&data, self.io, &segments, (*number, *number < inside), layers)?;
                drop(data);
                let block = array.made_block(self.io, made, valid.clone(), self.others_wait)?;
                *lock(taken)? = Some(Pending::Sealed(block));
            }
            Ok(())
        })?;
        buffers::reserve(chunks, work.len())?;
        for (number, _, _, taken) in work {
            let taken = taken.into_inner().ok().flatten();
            chunks.push((number, taken.ok_or_else(|| error!(Internal, "a chunk that was not put together"))?));
        }
        Ok(())
    }
}

/// How two definitions of one array differ.
fn difference(one: &Schema, other: &Schema) -> Option<String> {
    let of = |what: &str, one: &dyn std::fmt::Debug, other: &dyn std::fmt::Debug| {
        Some(format!("{what} {one:?} and {other:?}"))
    };
    if one == other {
        None
    } else if one.dtype != other.dtype {
        Some(format!("types {} and {}", one.dtype, other.dtype))
    } else if one.dims != other.dims {
        of("dimensions", &one.dims, &other.dims)
    } else if one.chunk_shape != other.chunk_shape {
        of("chunk shapes", &&one.chunk_shape[..], &&other.chunk_shape[..])
    } else if one.compression != other.compression {
        of("compressions", &one.compression, &other.compression)
    } else if one.fill != other.fill {
        of("fill values", &one.fill, &other.fill)
    } else {
        of("options", one, other)
    }
}

impl Import {
    /// Makes it what the catalogue has: all of it, or on an error nothing. The segments are those that arrays are read from.
    pub fn install(mut self, io: &Io, catalogue: &mut Catalogue, ahead: &Version) -> Result<Imported> {
        // What is to be changed is at hand then, and nothing is read any more.
        let there = self.arrays.keys().map(|(dataset, _)| dataset);
        let there = there.chain(self.attributes.keys().filter_map(|(dataset, _)| dataset.as_ref()));
        let mut there = there.filter(|dataset| !self.created.contains_key(*dataset));
        there.try_for_each(|dataset| catalogue.slot(dataset).map(drop))?;
        self.make_room(io, ahead)?;
        for dataset in self.created.keys() {
            catalogue.create_new(dataset.clone())?;
        }
        for ((dataset, name), imported) in &mut self.arrays {
            let ImportedArray { array, is_new, shape, chunks, cells, appended, .. } = imported;
            if *is_new {
                let name = catalogue.common_name(name);
                *array = catalogue.define(dataset, name, (*array.schema).clone(), shape, no_attributes())?;
            }
            for (_, taken) in &mut *chunks {
                // What was made by a worker has another id here.
                if let Pending::Stored(chunk) = taken
                    && chunk.row.array_id != array.id
                {
                    let row = Row { array_id: array.id, ..chunk.row };
                    *chunk = Arc::new(StoredChunk { part: chunk.part.clone(), row });
                }
            }
            if !cells.0.is_empty() {
                self.added.cells.insert(array.id, std::mem::take(cells));
            }
            self.added.appended.extend(appended.map(|worker| (array.id, worker)));
            // There is room for them.
            write(&array.data)?.pending.extend(std::mem::take(chunks));
            let slot = catalogue.slot(dataset)?;
            catalogue.note_values(&slot, slot.dataset().array(dataset, name)?)?;
        }
        for ((dataset, array), changes) in self.attributes {
            let attributes = catalogue.change_attributes(dataset.as_deref(), array.as_deref())?;
            for (key, value) in changes {
                match value {
                    Some(value) => attributes.insert(&key, value),
                    None => attributes.remove(&key),
                }
            }
        }
        Ok(self.added)
    }

    /// Has arrays grow, and makes room for what they get. On an error they are as they were.
    fn make_room(&mut self, io: &Io, ahead: &Version) -> Result<()> {
        let mut grown: Vec<(Arc<Array>, u64)> = Vec::new();
        let mut done = Ok(());
        for ((_, name), ImportedArray { array, is_new, shape, chunks, .. }) in &self.arrays {
            if *is_new {
                continue;
            }
            let mut data = write(&array.data)?;
            let (before, length) = (data.shape.first().copied(), shape.first().copied());
            done = array.make_room_for(&mut data, chunks.len());
            if let (Ok(()), Some(before), Some(length)) = (&done, before, length)
                && length > before
            {
                done = array.resize(&mut data, io, &ahead.segments(name), length);
                if done.is_ok() {
                    grown.push((array.clone(), before));
                }
            }
            if done.is_err() {
                break;
            }
        }
        if done.is_err() {
            for (array, before) in grown {
                array.ungrow(&mut *write(&array.data)?, before);
            }
        }
        done.map_err(|error| error.missing_is(ErrorKind::Corrupt))
    }
}
