//! The flush: from changes in memory to a new commit on disk.
//!
//! 1. *Cut*: under the exclusive lock, what is pending is set aside and the catalogue noted. Calls go on after that.
//! 2. *Segments*: one for each touched array name, in parallel; each is synced, then its folder.
//! 3. *Root*: written beside the old one, synced, renamed over it, and the store's folder synced. This is the commit.
//! 4. *Publish*: memory follows. After an error before the commit, what was set aside is put back.

use super::catalogue::StoredShape;
use super::*;
use crate::array::{Array, PACK_BELOW};
use crate::block::{Block, Part};
use crate::format::root::{
    self, DatasetRecord, FileRecord, Head, SchemaRecord, SegmentRecord, Stored, VERSION, Written,
};
use crate::format::segment::{ChunkKey, Row};
use crate::grid;
use crate::schema::Schema;
use crate::segment::{Segment, SegmentWriter, sync_failed};
use crate::shape::{Dims, cells};
use crate::stats;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

/// Bytes that chunks are packed up to.
pub(super) const PACK_TARGET: usize = 256 << 10;

/// The state that a flush writes.
struct Cut {
    changes: u64,
    files: Arc<Files>,
    image: Arc<Vec<u8>>,
    next_array_id: u64,
    schemas: Vec<Arc<Schema>>,
    datasets: Vec<CutDataset>,
    frozen: Vec<FrozenArray>,
    /// Arrays of changed datasets, with the shape that the flush stores for them.
    arrays: Vec<(Arc<Array>, Dims)>,
    removed: Vec<(Arc<str>, u64)>,
}

struct CutDataset {
    slot: usize,
    name: Arc<str>,
    content: Content,
}

enum Content {
    /// In the image of the root as it is.
    Same(Range<usize>),
    Changed(DatasetRecord),
}

/// An array with new values.
struct FrozenArray {
    name: Arc<str>,
    array: Arc<Array>,
    /// Its dataset in [`Cut::datasets`], and its place in that.
    place: (usize, usize),
    shape: Dims,
    before: Option<StoredShape>,
    chunks: Arc<HashMap<u64, Arc<Block>>>,
}

/// A block, and the chunks in it.
type PlannedBlock = (Arc<Block>, Vec<ChunkKey>);

/// The segment that a flush writes for one array name.
struct SegmentPlan<'c> {
    name: Arc<str>,
    folder: Arc<str>,
    new_folder: bool,
    frozen: Vec<&'c FrozenArray>,
    /// Blocks in the order they are written, with the chunks in each.
    blocks: Vec<PlannedBlock>,
}

/// A segment that was written, not yet named by a root.
struct NewSegment {
    record: SegmentRecord,
    rows: Vec<Row>,
}

/// What publishing needs.
struct Committed {
    files: Files,
    image: Arc<Vec<u8>>,
    ranges: Vec<(usize, Range<usize>)>,
    stored: Vec<Stored>,
    /// Whether the replacement of the root is known to be durable.
    durable: Result<()>,
}

impl Store {
    /// Flushes. With `closing`, no change can follow what is flushed, unless the flush fails.
    pub(super) fn flush_locked(&self, commit: &mut Commit, closing: bool) -> Result<()> {
        let cut = {
            let mut working = write(&self.working)?;
            self.check_not_poisoned()?;
            if !working.catalogue.has_unflushed_changes() {
                working.closing = closing;
                return Ok(());
            }
            let cut = self.cut(&mut working)?;
            working.closing = closing;
            cut
        };
        match self.write_cut(&cut, commit) {
            Ok(committed) => self.publish(cut, committed),
            Err(error) => {
                self.put_back(cut)?;
                Err(self.note_poison(error.missing_is(ErrorKind::Io)))
            }
        }
    }

    pub(super) fn check_not_poisoned(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            bail!(Poisoned, "an earlier fsync of store {} failed: reopen it", self.path.display());
        }
        Ok(())
    }

    pub(super) fn note_poison(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Poisoned {
            self.poisoned.store(true, Ordering::Release);
        }
        error
    }

    fn cut(&self, working: &mut Working) -> Result<Cut> {
        let catalogue = &working.catalogue;
        let mut cut = Cut {
            changes: catalogue.changes(),
            files: working.files.clone(),
            image: catalogue.image(),
            next_array_id: catalogue.next_array_id,
            schemas: catalogue.schemas(),
            datasets: Vec::with_capacity(catalogue.len()),
            frozen: Vec::new(),
            arrays: Vec::new(),
            removed: Vec::new(),
        };
        for (number, slot) in catalogue.slots() {
            let content = match &slot.bytes {
                Some(bytes) if !catalogue.is_changed(slot) => Content::Same(bytes.clone()),
                _ => Content::Changed(catalogue.dataset_in(slot)?.to_record(catalogue)?),
            };
            cut.datasets.push(CutDataset { slot: number, name: slot.name.clone(), content });
        }
        // Nothing fails from here on, so that no array is left frozen without a flush to thaw it.
        for (place, (_, slot)) in catalogue.slots().enumerate() {
            if matches!(cut.datasets[place].content, Content::Same(_)) {
                continue;
            }
            for (number, (name, entry)) in catalogue.dataset_in(slot)?.arrays.iter().enumerate() {
                let array = &entry.array;
                let mut data = array.data.write().unwrap_or_else(std::sync::PoisonError::into_inner);
                cut.arrays.push((array.clone(), data.shape.clone()));
                let before = data.stored.clone();
                if let Some(chunks) = array.freeze(&mut data, &self.io) {
                    cut.frozen.push(FrozenArray {
                        name: name.clone(),
                        array: array.clone(),
                        place: (place, number),
                        shape: data.shape.clone(),
                        before,
                        chunks,
                    });
                }
            }
        }
        cut.removed = std::mem::take(&mut working.catalogue.removed);
        Ok(cut)
    }

    fn write_cut(&self, cut: &Cut, commit: &mut Commit) -> Result<Committed> {
        let generation = cut.files.generation + 1;
        let plans = self.plan_segments(cut);
        let written = Mutex::new(Vec::new());
        let result = self.write_segments(&plans, generation, &written).and_then(|segments| {
            let mut committed = self.account(cut, &plans, segments, generation)?;
            let (root, stored) = self.compose_root(cut, &committed.0, &committed.1)?;
            let durable = self.replace_root(commit, &root.file)?;
            let image = root.image.unwrap_or(root.file);
            let slots = cut.datasets.iter().map(|dataset| dataset.slot);
            let files = std::mem::take(&mut committed.0);
            let ranges = slots.zip(root.ranges).collect();
            Ok(Committed { files, image: Arc::new(image), ranges, stored, durable })
        });
        if result.is_err() {
            // No root names these. What cannot be removed now is removed by the next writer.
            for path in lock(&written)?.iter() {
                let _ = self.storage.remove(path);
            }
            for plan in plans.iter().filter(|plan| plan.new_folder) {
                let _ = self.storage.remove_dir(&self.path.join(&*plan.folder));
            }
        }
        result
    }

    /// Decides which chunks go into which blocks, and has blocks that nobody has begun encoded in the background.
    fn plan_segments<'c>(&self, cut: &'c Cut) -> Vec<SegmentPlan<'c>> {
        let mut plans: IndexMap<Arc<str>, SegmentPlan<'c>> = IndexMap::new();
        for frozen in &cut.frozen {
            let plan = plans.entry(frozen.name.clone()).or_insert_with(|| {
                let known = cut.files.by_name.get(&frozen.name).map(|file| file.folder.clone());
                SegmentPlan {
                    name: frozen.name.clone(),
                    new_folder: known.is_none(),
                    folder: known.unwrap_or_else(|| cleanup::folder_name(&frozen.name).into()),
                    frozen: Vec::new(),
                    blocks: Vec::new(),
                }
            });
            plan.frozen.push(frozen);
        }
        for plan in plans.values_mut() {
            let mut packs: IndexMap<(usize, Compression), Pack> = IndexMap::new();
            let mut arrays: Vec<&FrozenArray> = plan.frozen.clone();
            arrays.sort_unstable_by_key(|frozen| frozen.array.id);
            for frozen in arrays {
                let mut chunks: Vec<(&u64, &Arc<Block>)> = frozen.chunks.iter().collect();
                chunks.sort_unstable_by_key(|(number, _)| **number);
                for (&number, block) in chunks {
                    let key = (frozen.array.id, number);
                    let part = block.waiting_parts().and_then(|mut parts| parts.pop());
                    match part.filter(|part| part.data.memory() < PACK_BELOW) {
                        None => plan.blocks.push((block.clone(), vec![key])),
                        Some(part) => {
                            let schema = &frozen.array.schema;
                            let pack = packs.entry((schema.dtype.size(), schema.compression)).or_default();
                            pack.bytes += part.data.memory();
                            pack.parts.push(part);
                            pack.keys.push(key);
                            if pack.bytes >= PACK_TARGET {
                                self.end_pack(std::mem::take(pack), &mut plan.blocks);
                            }
                        }
                    }
                }
            }
            for (_, pack) in packs {
                self.end_pack(pack, &mut plan.blocks);
            }
        }
        plans.into_values().collect()
    }

    fn end_pack(&self, pack: Pack, blocks: &mut Vec<PlannedBlock>) {
        if pack.parts.is_empty() {
            return;
        }
        let block = Block::new(pack.parts, &self.io.buffers);
        blocks.push((block.clone(), pack.keys));
        self.io.pool.spawn(move || block.run());
    }

    /// Writes the segments and syncs them and their folders; `written` collects the files made.
    fn write_segments(
        &self,
        plans: &[SegmentPlan<'_>],
        generation: u64,
        written: &Mutex<Vec<PathBuf>>,
    ) -> Result<Vec<NewSegment>> {
        for plan in plans.iter().filter(|plan| plan.new_folder) {
            self.make_folder(&plan.folder)?;
        }
        let done: Vec<Mutex<Option<NewSegment>>> = plans.iter().map(|_| Mutex::new(None)).collect();
        let jobs: Vec<_> = plans.iter().zip(&done).collect();
        self.io.pool.for_each(&jobs, |(plan, done)| {
            let folder = self.path.join(&*plan.folder);
            let path = folder.join(cleanup::segment_name(generation));
            lock(written)?.push(path.clone());
            let mut writer = SegmentWriter::create(&*self.storage, path, &self.store_id)?;
            let mut rows = Vec::new();
            for (block, keys) in &plan.blocks {
                writer.encoded(&*block.finish()?, keys, &mut rows)?;
            }
            rows.sort_unstable_by_key(|row| (row.array_id, row.chunk));
            rows.iter().try_for_each(|row| writer.row(*row))?;
            let record = writer.finish(self.sync)?;
            self.sync_folder(&folder)?;
            *lock(done)? = Some(NewSegment { record, rows });
            Ok(())
        })?;
        if plans.iter().any(|plan| plan.new_folder) {
            self.sync_folder(&self.path)?;
        }
        done.into_iter()
            .map(|done| done.into_inner().ok().flatten().ok_or_else(|| error!(Internal, "a segment was not written")))
            .collect()
    }

    /// Makes the folder of an array name, unless a crash left it.
    fn make_folder(&self, folder: &str) -> Result<()> {
        let path = self.path.join(folder);
        match self.storage.create_dir(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Error::io("create folder", &path, &error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn sync_folder(&self, path: &Path) -> Result<()> {
        if !self.sync {
            return Ok(());
        }
        self.storage.sync_dir(path).map_err(|error| sync_failed(path, &error))
    }

    /// The files after the flush, with their live and dead bytes, and the new totals of each frozen array.
    fn account(
        &self,
        cut: &Cut,
        plans: &[SegmentPlan<'_>],
        segments: Vec<NewSegment>,
        generation: u64,
    ) -> Result<(Files, HashMap<u64, Stored>)> {
        let mut files = Files { generation, by_name: cut.files.by_name.clone() };
        let mut totals = HashMap::with_capacity(cut.frozen.len());
        for (plan, new) in plans.iter().zip(segments) {
            let old = cut.files.segments(&plan.name);
            let mut replaced = 0;
            for frozen in &plan.frozen {
                let (stored, bytes) = self.totals(frozen, &old, &new.rows)?;
                replaced += bytes;
                totals.insert(frozen.array.id, stored);
            }
            let added: u64 = new.rows.iter().map(Row::stored_bytes).sum();
            let segment = Arc::new(Segment::new(new.record, &self.path.join(&*plan.folder)));
            let file = files.by_name.entry(plan.name.clone()).or_insert_with(|| ArrayFile {
                folder: plan.folder.clone(),
                segments: Arc::default(),
                live_bytes: 0,
                dead_bytes: 0,
            });
            let all: Vec<_> = old.iter().cloned().chain(std::iter::once(segment)).collect();
            file.segments = Arc::new(all);
            file.live_bytes = (file.live_bytes + added).saturating_sub(replaced);
            file.dead_bytes += replaced;
        }
        for (name, id) in &cut.removed {
            let mut bytes = 0;
            for_each_live_row(&self.io, &cut.files.segments(name), *id, |row| bytes += row.stored_bytes())?;
            if let Some(file) = files.by_name.get_mut(name) {
                file.live_bytes = file.live_bytes.saturating_sub(bytes);
                file.dead_bytes += bytes;
            }
        }
        Ok((files, totals))
    }

    /// The totals over an array's stored chunks once `new` replaces the older ones, and the bytes of those.
    fn totals(&self, frozen: &FrozenArray, old: &Segments, new: &[Row]) -> Result<(Stored, u64)> {
        let dtype = frozen.array.schema.dtype;
        let chunk_shape = &frozen.array.schema.chunk_shape;
        let (mut total, mut replaced_bytes) = (Stored::default(), 0);
        if let Some((before, shape)) = &frozen.before
            && before.chunks > 0
        {
            let mut chunks: Vec<u64> = frozen.chunks.keys().copied().collect();
            chunks.sort_unstable();
            total = *before;
            let mut range_is_sure = true;
            for (_, row) in self.io.reader.locate(old, frozen.array.id, &chunks)?.into_iter().flatten() {
                total.chunks = total.chunks.saturating_sub(1);
                total.cells = total.cells.saturating_sub(cells(&grid::valid_extents(shape, chunk_shape, row.chunk)));
                total.nulls = total.nulls.saturating_sub(row.stats.nulls);
                replaced_bytes += row.stored_bytes();
                range_is_sure &= !stats::touches(row.stats.range, before.range);
            }
            if !range_is_sure {
                total.range = None;
                for_each_live_row(&self.io, old, frozen.array.id, |row| {
                    if !frozen.chunks.contains_key(&row.chunk) {
                        total.range = stats::merge(dtype, total.range, row.stats.range);
                    }
                })?;
            }
        }
        let from = new.partition_point(|row| row.array_id < frozen.array.id);
        for row in new[from..].iter().take_while(|row| row.array_id == frozen.array.id) {
            total.chunks += 1;
            total.cells += cells(&grid::valid_extents(&frozen.shape, chunk_shape, row.chunk));
            total.nulls += row.stats.nulls;
            total.range = stats::merge(dtype, total.range, row.stats.range);
        }
        Ok((total, replaced_bytes))
    }

    /// The bytes of the root for a cut.
    fn compose_root(&self, cut: &Cut, files: &Files, totals: &HashMap<u64, Stored>) -> Result<(Written, Vec<Stored>)> {
        let stored: Vec<Stored> =
            cut.frozen.iter().map(|frozen| totals.get(&frozen.array.id).copied().unwrap_or_default()).collect();
        let mut news: HashMap<(usize, usize), root::StoredRecord> = (cut.frozen.iter().zip(&stored))
            .map(|(frozen, stored)| (frozen.place, stored.encode(frozen.array.schema.dtype)))
            .collect();
        let encoded: Vec<Option<Vec<u8>>> = (cut.datasets.iter().enumerate())
            .map(|(place, dataset)| match &dataset.content {
                Content::Same(_) => Ok(None),
                Content::Changed(record) => {
                    let mut record = record.clone();
                    for (number, array) in record.arrays.values_mut().enumerate() {
                        if let Some(stored) = news.remove(&(place, number)) {
                            array.stored = stored;
                        }
                    }
                    root::encode_dataset(self.notation.format, &record).map(Some)
                }
            })
            .collect::<Result<_>>()?;
        let datasets: Vec<(&str, &[u8])> = (cut.datasets.iter().zip(&encoded))
            .map(|(dataset, encoded)| {
                let bytes = match (&dataset.content, encoded) {
                    (Content::Same(range), _) => &cut.image[range.clone()],
                    (_, Some(encoded)) => &encoded[..],
                    (_, None) => &[],
                };
                (&*dataset.name, bytes)
            })
            .collect();
        let head = self.head(files, &cut.schemas, cut.next_array_id);
        Ok((root::write(self.notation, &head, &datasets)?, stored))
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
            schemas: schemas.iter().map(|schema| SchemaRecord::encode(schema)).collect(),
            array_files: files.by_name.iter().map(file).collect(),
        }
    }

    /// The commit: puts a new root in place of the one this handle knows. Returns whether that is known to be durable.
    pub(super) fn replace_root(&self, commit: &mut Commit, bytes: &[u8]) -> Result<Result<()>> {
        let identity = open::write_root(&*self.storage, &self.path, self.notation, bytes, self.sync, || {
            let found = open::root_identity(&*self.storage, &self.path, self.notation)?;
            if found != Some(commit.root) {
                bail!(
                    Conflict,
                    "the root of store {} was replaced by another writer since this one last saw it: reopen the store",
                    self.path.display()
                );
            }
            Ok(())
        })?;
        commit.root = identity;
        Ok(self.sync_folder(&self.path))
    }

    fn publish(&self, cut: Cut, committed: Committed) -> Result<()> {
        {
            let mut working = write(&self.working)?;
            working.catalogue.flushed(cut.changes, committed.image, &committed.ranges);
            working.files = Arc::new(committed.files);
        }
        for (frozen, stored) in cut.frozen.iter().zip(committed.stored) {
            let mut data = write(&frozen.array.data)?;
            data.frozen = None;
            data.stored = Some((stored, frozen.shape.clone()));
        }
        for (array, shape) in cut.arrays {
            let mut data = write(&array.data)?;
            let totals = data.stored.take().map_or_else(Stored::default, |(stored, _)| stored);
            data.stored = Some((totals, shape));
        }
        if let Err(error) = committed.durable {
            // A close that fails leaves the store usable.
            write(&self.working)?.closing = false;
            return Err(self.note_poison(error));
        }
        Ok(())
    }

    fn put_back(&self, cut: Cut) -> Result<()> {
        let mut working = write(&self.working)?;
        working.closing = false;
        working.catalogue.removed.extend(cut.removed);
        for frozen in cut.frozen {
            frozen.array.thaw(&mut *write(&frozen.array.data)?);
        }
        Ok(())
    }
}

/// Small chunks that are to be compressed together.
#[derive(Default)]
struct Pack {
    bytes: usize,
    parts: Vec<Part>,
    keys: Vec<ChunkKey>,
}

/// Calls `f` for the row of each stored chunk of an array, in no order.
pub(super) fn for_each_live_row(io: &Io, segments: &Segments, array_id: u64, mut f: impl FnMut(&Row)) -> Result<()> {
    let mut seen = HashSet::new();
    for (number, segment) in segments.iter().enumerate().rev() {
        io.reader.rows(segment, array_id, (0, u64::MAX), |row| {
            // The oldest segment is the last to be asked: nobody needs to know what was in it.
            let newest = if number == 0 { !seen.contains(&row.chunk) } else { seen.insert(row.chunk) };
            if newest {
                f(row);
            }
        })?;
    }
    Ok(())
}
