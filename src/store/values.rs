//! New values on their way to disk: chunks that were set aside, packed into blocks, written to one segment for each array
//! name.

use super::compact::LiveArray;
use super::flush::{ChangedArray, Cut};
use super::*;
use crate::array::{Array, ArrayData, PACK_BELOW};
use crate::base::shape::{Dims, cells};
use crate::chunk::block::{Block, Part};
use crate::chunk::grid;
use crate::chunk::stats;
use crate::format::root::Stored;
use crate::format::segment::{ChunkKey, Row};
use crate::memory::budget::Held;
use crate::segment::{Defined, NewFile, Segment, SegmentWriter, sync_folder};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

/// Bytes that chunks are packed up to.
pub(super) const PACK_TARGET: usize = 256 << 10;

/// Segments are synced together, unless they are more than these: each is an open file until then.
const MOST_UNSYNCED: usize = 64;
/// Files and folders that are synced at the same time.
const SYNCED_AT_ONCE: usize = 4;

/// Arrays with new values.
#[derive(Default)]
pub(super) struct Values {
    pub frozen: Vec<FrozenArray>,
}

/// An array with new values.
pub(super) struct FrozenArray {
    pub dataset: Arc<str>,
    pub name: Arc<str>,
    pub array: Arc<Array>,
    pub shape: Dims,
    pub chunks: Arc<HashMap<u64, Arc<Block>>>,
}

impl Values {
    /// What was set aside is in segments now, and these are the totals; `spilled` if no root names them yet.
    pub fn stored(&self, totals: &Totals, spilled: bool) -> Result<()> {
        self.frozen.iter().try_for_each(|frozen| {
            let mut data = write(&frozen.array.data)?;
            data.frozen.retain(|chunks| !Arc::ptr_eq(chunks, &frozen.chunks));
            data.spilled = spilled;
            data.stored = Some((frozen.totals(totals), frozen.shape.clone()));
            Ok(())
        })
    }

    /// Whatever is set aside of these arrays is pending again.
    pub fn thaw(&self) -> Result<()> {
        self.frozen.iter().try_for_each(|frozen| {
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

/// Totals over the stored chunks of arrays, by their ids.
pub(super) type Totals = HashMap<u64, Stored>;

/// What became of [`Values`]: the files with them, and the new totals of each array.
pub(super) struct StoredValues {
    pub files: Files,
    pub totals: Totals,
    pub unsynced: Unsynced,
    /// Segments that are not among the files any more.
    pub retired: Vec<Arc<Segment>>,
    pub warnings: Vec<String>,
}

/// What must be durable before a root may name it.
#[derive(Default)]
pub(super) struct Unsynced {
    files: Vec<Arc<NewFile>>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Clone)]
enum SyncJob {
    File(Arc<NewFile>),
    Folder(PathBuf, Arc<dyn Storage>),
}

impl SyncJob {
    fn run(&self) -> Result<()> {
        match self {
            Self::File(file) => file.sync(),
            Self::Folder(path, storage) => sync_folder(&**storage, path),
        }
    }
}

/// Files and folders that no root names yet.
#[derive(Default)]
pub(super) struct NewFiles {
    segments: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

impl NewFiles {
    pub fn push(&mut self, segment: PathBuf) {
        self.segments.push(segment);
    }

    pub fn extend(&mut self, more: NewFiles) {
        self.segments.extend(more.segments);
        self.folders.extend(more.folders);
    }

    /// Removes them. What cannot be removed now is removed by the next writer.
    pub fn remove(&mut self, storage: &dyn Storage) {
        for path in self.segments.drain(..) {
            let _ = storage.remove(&path);
        }
        for path in self.folders.drain(..) {
            let _ = storage.remove_dir(&path);
        }
    }
}

/// A block, and the chunks in it.
type PlannedBlock = (Arc<Block>, Vec<ChunkKey>);

/// The segment that a flush writes for one array name.
pub(super) struct SegmentPlan<'v> {
    pub name: Arc<str>,
    folder: Arc<str>,
    new_folder: bool,
    /// In ascending order of array ids.
    frozen: Vec<&'v FrozenArray>,
    /// Blocks in the order they are written, with the chunks in each.
    blocks: Vec<PlannedBlock>,
}

impl<'v> SegmentPlan<'v> {
    fn frozen(&self, id: u64) -> Option<&'v FrozenArray> {
        let at = self.frozen.binary_search_by_key(&id, |frozen| frozen.array.id).ok()?;
        Some(self.frozen[at])
    }

    /// Whether the segment gets this chunk of the array `id`.
    pub fn has(&self, id: u64, chunk: u64) -> bool {
        self.frozen(id).is_some_and(|frozen| frozen.chunks.contains_key(&chunk))
    }
}

/// A segment that was written, not yet named by a root.
struct NewSegment {
    segment: Segment,
    /// Of the new values; there may be others.
    rows: Vec<Row>,
    /// How many of the segments before it took up, and the bytes of blocks that it left out of them.
    merged: (usize, u64),
    unsynced: Option<NewFile>,
    warning: Option<String>,
}

impl Store {
    /// Adds new values to `files`, in segments that `new` collects, and says what the arrays' totals come to. The segments
    /// of a `flush` may take up others.
    pub(super) fn store_values(
        &self,
        values: &Values,
        files: Files,
        new: &mut NewFiles,
        flush: Option<&Cut>,
    ) -> Result<StoredValues> {
        let plans = self.plan_segments(values, &files);
        for plan in plans.iter().filter(|plan| plan.new_folder) {
            let folder = self.path.join(&*plan.folder);
            self.make_folder(&folder)?;
            new.folders.push(folder);
        }
        let written = Mutex::new(Vec::new());
        let segments = self.write_segments(&plans, &files, flush, &written);
        new.segments.append(&mut *lock(&written)?);
        self.account(files, &plans, segments?)
    }

    /// Makes durable what a root is about to name, and that root itself. File systems do it in one go, so all at once.
    pub(super) fn make_durable(&self, unsynced: &Unsynced, root: Option<&Arc<NewFile>>) -> Result<()> {
        if !self.sync {
            return Ok(());
        }
        let files = root.into_iter().chain(&unsynced.files).map(|file| SyncJob::File(file.clone()));
        let folders = unsynced.folders.iter().map(|folder| SyncJob::Folder(folder.clone(), self.storage.clone()));
        let jobs: Vec<SyncJob> = files.chain(folders).collect();
        // On threads of their own: the workers are for those who read.
        let at_once = if self.io.pool.has_threads() { SYNCED_AT_ONCE } else { 1 };
        let mut groups = jobs.chunks(jobs.len().div_ceil(at_once).max(1)).map(Arc::<[SyncJob]>::from);
        let own = groups.next();
        let sync = |group: &[SyncJob]| group.iter().try_for_each(SyncJob::run);
        let others: Vec<_> = groups
            .map(|group| {
                let theirs = group.clone();
                (thread::Builder::new().spawn(move || sync(&theirs)), group)
            })
            .collect();
        let mut done = own.map_or(Ok(()), |own| sync(&own));
        for (thread, group) in others {
            let here = match thread {
                Ok(thread) => thread.join().unwrap_or_else(|_| Err(after_panic())),
                Err(_) => sync(&group),
            };
            done = done.and(here);
        }
        done
    }

    /// Decides which chunks go into which blocks, and has blocks that nobody has begun encoded in the background.
    fn plan_segments<'v>(&self, values: &'v Values, files: &Files) -> Vec<SegmentPlan<'v>> {
        let mut plans: IndexMap<Arc<str>, SegmentPlan<'v>> = IndexMap::new();
        for frozen in &values.frozen {
            let plan = plans.entry(frozen.name.clone()).or_insert_with(|| {
                let known = files.by_name.get(&frozen.name).map(|file| file.folder.clone());
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
            plan.frozen.sort_unstable_by_key(|frozen| frozen.array.id);
            for frozen in &plan.frozen {
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
                                let (block, keys) = self.pack(std::mem::take(pack));
                                plan.blocks.push((block.clone(), keys));
                                self.io.pool.spawn(move || block.run());
                            }
                        }
                    }
                }
            }
            // Whoever writes the segment comes to these about now: to wake a worker for one costs more than it takes.
            let rest = packs.into_values().filter(|pack| !pack.parts.is_empty());
            plan.blocks.extend(rest.map(|pack| self.pack(pack)));
        }
        plans.into_values().collect()
    }

    fn pack(&self, pack: Pack) -> PlannedBlock {
        // The chunks are counted where they wait; of the pack, what it is encoded to.
        (Block::new(pack.parts, &self.io.buffers, Held::new(&self.io.budget, 0)), pack.keys)
    }

    /// Writes the segments; `written` collects the files made.
    fn write_segments(
        &self,
        plans: &[SegmentPlan<'_>],
        files: &Files,
        flush: Option<&Cut>,
        written: &Mutex<Vec<PathBuf>>,
    ) -> Result<Vec<NewSegment>> {
        let done: Vec<Mutex<Option<NewSegment>>> = plans.iter().map(|_| Mutex::new(None)).collect();
        let jobs: Vec<_> = plans.iter().zip(&done).collect();
        // What is encoded is written while the workers encode the rest.
        self.io.pool.for_each_from_here(&jobs, |(plan, done)| {
            let before = files.by_name.get(&plan.name);
            let merged = flush.zip(before).map_or(Ok(None), |(cut, before)| self.merge(plan, cut, before));
            // What is wrong with older values is no reason not to keep the new ones.
            let (merged, warning) = match merged {
                Ok(merged) => (merged, None),
                Err(error) => (None, Some(format!("segments of array '{}' are not merged: {error}", plan.name))),
            };
            let folder = self.path.join(&*plan.folder);
            let path = folder.join(self.new_segment_name(files.generation + 1));
            lock(written)?.push(path.clone());
            let writer = SegmentWriter::create(&*self.storage, path, &self.store_id)?;
            let mut writer = writer.with_sync(self.sync);
            let older = merged.as_ref().map_or(Ok(Vec::new()), |merged| merged.write(&mut writer))?;
            let mut rows = Vec::new();
            for (block, keys) in &plan.blocks {
                writer.encoded(&*block.finish()?, keys, &mut rows)?;
            }
            rows.sort_unstable_by_key(Row::key);
            let mut older = older.into_iter().peekable();
            for row in &rows {
                while let Some(before) = older.next_if(|older| older.key() < row.key()) {
                    writer.row(before)?;
                }
                writer.row(*row)?;
            }
            older.try_for_each(|row| writer.row(row))?;
            let (segment, file) = writer.finish(&plan.name, |id| {
                let new = plan.frozen(id).map(|frozen| Defined {
                    dataset: &frozen.dataset,
                    schema: &frozen.array.schema,
                    shape: &frozen.shape,
                });
                new.or_else(|| merged.as_ref()?.array(id).map(LiveArray::defined))
            })?;
            let unsynced = if !self.sync {
                None
            } else if plans.len() > MOST_UNSYNCED {
                file.sync()?;
                None
            } else {
                Some(file)
            };
            let merged = merged.map_or((0, 0), |merged| (merged.count, merged.dropped_bytes));
            *lock(done)? = Some(NewSegment { segment, rows, merged, unsynced, warning });
            Ok(())
        })?;
        done.into_iter()
            .map(|done| done.into_inner().ok().flatten().ok_or_else(|| error!(Internal, "a segment was not written")))
            .collect()
    }

    /// Makes the folder of an array name, unless a crash left it.
    fn make_folder(&self, path: &Path) -> Result<()> {
        match self.storage.create_dir(path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Error::io("create folder", path, &error))
            }
            _ => Ok(()),
        }
    }

    /// The files with new segments, their live and dead bytes, and the new totals of each frozen array.
    fn account(&self, mut files: Files, plans: &[SegmentPlan<'_>], segments: Vec<NewSegment>) -> Result<StoredValues> {
        let mut totals = Totals::new();
        let mut unsynced = Unsynced::default();
        let (mut retired, mut warnings) = (Vec::new(), Vec::new());
        for (plan, new) in plans.iter().zip(segments) {
            unsynced.files.extend(new.unsynced.map(Arc::new));
            unsynced.folders.insert(self.path.join(&*plan.folder));
            unsynced.folders.extend(plan.new_folder.then(|| self.path.clone()));
            let old = files.segments(&plan.name);
            let mut replaced = 0;
            for frozen in &plan.frozen {
                let (stored, bytes) = self.totals(frozen, &old, &new.rows)?;
                replaced += bytes;
                totals.insert(frozen.array.id, stored);
            }
            let added: u64 = new.rows.iter().map(Row::stored_bytes).sum();
            let file = files.by_name.entry(plan.name.clone()).or_insert_with(|| ArrayFile {
                folder: plan.folder.clone(),
                segments: Arc::default(),
                live_bytes: 0,
                dead_bytes: 0,
            });
            let (merged, dropped) = new.merged;
            let (stay, taken_up) = old.split_at(old.len() - merged);
            file.segments = Arc::new(stay.iter().cloned().chain(std::iter::once(Arc::new(new.segment))).collect());
            file.live_bytes = (file.live_bytes + added).saturating_sub(replaced);
            file.dead_bytes = (file.dead_bytes + replaced).saturating_sub(dropped);
            retired.extend_from_slice(taken_up);
            warnings.extend(new.warning);
        }
        Ok(StoredValues { files, totals, unsynced, retired, warnings })
    }

    /// The totals over an array's stored chunks once `new` replaces the older ones, and the bytes of those.
    fn totals(&self, frozen: &FrozenArray, old: &Segments, new: &[Row]) -> Result<(Stored, u64)> {
        let dtype = frozen.array.schema.dtype;
        let chunk_shape = &frozen.array.schema.chunk_shape;
        let (mut total, mut replaced_bytes) = (Stored::default(), 0);
        // As the flush before left it.
        let before = read(&frozen.array.data)?.stored.clone();
        if let Some((before, shape)) = &before
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
        // Rows of older segments may say anything; a root that nobody can read must not come of it.
        if total.cells > cells(&frozen.shape) || total.nulls > total.cells || !stats::is_range(dtype, total.range) {
            bail!(Corrupt, "array '{}' has, by its index and the root, {total:?} of {dtype}", frozen.name);
        }
        Ok((total, replaced_bytes))
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
