//! New values on their way to disk: chunks that were set aside, packed into blocks, written to one segment for each array
//! name.

use crate::array::{FrozenChunk, Io, StoredChunk};
use crate::base::error::{Error, ErrorKind, Result, bail};
use crate::base::locks::{after_panic, lock, read};
use crate::base::maps::{HashMap, HashSet, IndexMap};
use crate::base::shape::cells;
use crate::base::sync::Mutex;
use crate::change::cut::{Cut, Edge, Frozen, FrozenArray, Totals};
use crate::change::merge::{Merged, Turns, merge};
use crate::chunk::block::{Block, ChunkData, Part};
use crate::chunk::{grid, stats};
use crate::codec::Compression;
use crate::format::names;
use crate::format::parts::{self, PartRecord};
use crate::format::root::Stored;
use crate::format::segment::{ChunkKey, Row};
use crate::memory::budget::Held;
use crate::memory::buffers;
use crate::segment::bundle::Bundle;
use crate::segment::rows::{LiveArray, for_each_live_row};
use crate::segment::{Defined, NewFile, Segment, SegmentWriter, Segments};
use crate::version::edit::{NewFiles, Unsynced};
use crate::version::place::Place;
use crate::version::{ArrayFile, Version};
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes that chunks are packed up to.
pub(crate) const PACK_TARGET: usize = 64 << 10;

/// Segments of so few array names have a file each.
pub(crate) const FEW_SEGMENTS: usize = 4;

/// Segments are synced together, unless they are more than these: each is an open file until then.
const MOST_UNSYNCED: usize = 64;

/// New values in segments that no root names yet.
pub(crate) struct Written {
    /// What is stored under the names that have new values.
    pub files: Vec<(Arc<str>, ArrayFile)>,
    pub totals: Totals,
    pub unsynced: Unsynced,
    /// Segments that are not among the files any more.
    pub retired: Vec<Arc<Segment>>,
    pub warnings: Vec<String>,
}

/// A block, and the chunks in it.
type PlannedBlock = (Arc<Block>, Vec<ChunkKey>);

/// The segment that is to be written for one array name.
pub(crate) struct SegmentPlan<'v> {
    pub name: Arc<str>,
    folder: Arc<str>,
    /// Whether no segment that is known is in it.
    is_new_folder: bool,
    path: PathBuf,
    /// In ascending order of array ids.
    frozen: Vec<&'v FrozenArray>,
    /// Blocks in the order they are written, with the chunks in each, until they are; without any there is no segment.
    blocks: Mutex<Vec<PlannedBlock>>,
    /// Chunks that are in files of workers.
    stored: Vec<Arc<StoredChunk>>,
    /// Whether there is anything to be written.
    has_chunks: bool,
}

impl<'v> SegmentPlan<'v> {
    fn frozen(&self, id: u64) -> Option<&'v FrozenArray> {
        let at = self.frozen.binary_search_by_key(&id, |frozen| frozen.array.id).ok()?;
        Some(self.frozen[at])
    }

    /// Chunks that the segment gets.
    pub fn chunk_count(&self) -> u64 {
        self.frozen.iter().map(|frozen| frozen.chunks.len() as u64).sum()
    }

    /// Whether the segment gets this chunk of the array `id`.
    pub fn has(&self, id: u64, chunk: u64) -> bool {
        self.frozen(id).is_some_and(|frozen| frozen.chunks.contains(chunk))
    }
}

/// A segment that was written, not yet named by a root.
struct NewSegment {
    segment: Segment,
    /// Of the new values; there may be others.
    rows: Vec<Row>,
    /// How many of the segments before it took up, and the bytes of blocks that it left out of them.
    merged: (usize, u64),
    /// Bytes of the blocks of parts that no segment before it had, and of those of the new rows that are in any part.
    in_parts: (u64, u64),
    unsynced: Option<NewFile>,
    warning: Option<String>,
}

/// Small chunks that are to be compressed together.
#[derive(Default)]
struct Pack {
    bytes: usize,
    parts: Vec<Part>,
    keys: Vec<ChunkKey>,
}

/// Writes new values into segments, which `new` collects, to be added to `base`. The segments of a `flush` may take up
/// others.
pub(crate) fn write_segments(
    place: &Place,
    io: &Io,
    values: &Frozen,
    base: &Version,
    new: &mut NewFiles,
    flush: Option<&Cut>,
) -> Result<Written> {
    let plans = plan(place, io, values, base);
    let writes = plans.iter().filter(|plan| plan.has_chunks).count();
    // Where a bundle is known, their folder is there, and will be after a crash.
    let is_new_folder = !base.has_bundles();
    let bundle = (writes > FEW_SEGMENTS).then(|| new_bundle(place, base.generation + 1, is_new_folder, new));
    for plan in plans.iter().filter(|plan| plan.has_chunks) {
        // What of these is to be is seen once it is encoded.
        new.file(plan.path.clone());
        if plan.is_new_folder {
            new.folder(place.folder(&plan.folder));
        }
    }
    let done: Vec<Mutex<Option<NewSegment>>> = plans.iter().map(|_| Mutex::new(None)).collect();
    let jobs: Vec<_> = plans.iter().zip(&done).collect();
    let sync_now = plans.len() > MOST_UNSYNCED;
    let merging = flush.map(|cut| (cut, Turns::of(plans.len())));
    // What is encoded is written while the workers encode the rest.
    io.pool.for_each_from_here(&jobs, |(plan, done)| {
        if plan.has_chunks {
            *lock(done)? = Some(write_segment(place, io, plan, base, merging.as_ref(), bundle.as_ref(), sync_now)?);
        }
        Ok(())
    })?;
    let segments = done.into_iter().map(|done| done.into_inner().map_err(|_| after_panic()));
    let mut written = account(place, io, base, &plans, segments.collect::<Result<_>>()?)?;
    if let Some(bundle) = bundle.map(|bundle| finish_bundle(place, bundle)).transpose()?.flatten() {
        written.unsynced.folders.insert(place.folder(names::BUNDLES));
        written.unsynced.folders.extend(is_new_folder.then(|| place.path.clone()));
        written.unsynced.files.extend(place.sync.then(|| Arc::new(bundle)));
    }
    Ok(written)
}

/// Begins a bundle of commit `generation`, in a folder that may be missing where `is_new_folder` says so.
pub(crate) fn new_bundle(place: &Place, generation: u64, is_new_folder: bool, new: &mut NewFiles) -> Mutex<Bundle> {
    let folder = place.folder(names::BUNDLES);
    let path = folder.join(place.new_bundle_name(generation));
    new.file(path.clone());
    new.folder(folder);
    Mutex::new(Bundle::new(&place.storage, path, is_new_folder, &place.store_id))
}

/// The file of a bundle that is complete, if there is something in it.
pub(crate) fn finish_bundle(place: &Place, bundle: Mutex<Bundle>) -> Result<Option<NewFile>> {
    bundle.into_inner().map_err(|_| after_panic())?.finish(place.sync)
}

/// Decides which chunks go into which blocks, and has blocks that nobody has begun encoded in the background.
fn plan<'v>(place: &Place, io: &Io, values: &'v Frozen, base: &Version) -> Vec<SegmentPlan<'v>> {
    let mut plans: IndexMap<Arc<str>, SegmentPlan<'v>> = IndexMap::default();
    for frozen in &values.0 {
        let plan = plans.entry(frozen.name.clone()).or_insert_with(|| {
            let known = base.files.get(&frozen.name);
            let is_new_folder = !known.is_some_and(ArrayFile::has_folder);
            let known = known.map(|file| file.folder.clone());
            let folder = known.unwrap_or_else(|| names::folder_name(&frozen.name).into());
            let path = place.folder(&folder).join(place.new_segment_name(base.generation + 1));
            let name = frozen.name.clone();
            SegmentPlan {
                name,
                is_new_folder,
                folder,
                path,
                frozen: Vec::new(),
                blocks: Mutex::default(),
                stored: Vec::new(),
                has_chunks: false,
            }
        });
        plan.frozen.push(frozen);
    }
    for plan in plans.values_mut() {
        plan.frozen.sort_unstable_by_key(|frozen| frozen.array.id);
        let (blocks, stored) = blocks(io, &plan.frozen);
        plan.has_chunks = !blocks.is_empty() || !stored.is_empty();
        (plan.blocks, plan.stored) = (Mutex::new(blocks), stored);
    }
    plans.into_values().collect()
}

fn blocks(io: &Io, values: &[&FrozenArray]) -> (Vec<PlannedBlock>, Vec<Arc<StoredChunk>>) {
    let (mut blocks, mut stored) = (Vec::new(), Vec::new());
    let mut packs: IndexMap<(usize, Compression), Pack> = IndexMap::default();
    for frozen in values {
        let mut chunks: Vec<(u64, &FrozenChunk)> = frozen.chunks.iter().collect();
        chunks.sort_unstable_by_key(|(number, _)| *number);
        for (number, chunk) in chunks {
            let key = (frozen.array.id, number);
            let schema = &frozen.array.schema;
            let part = match chunk {
                FrozenChunk::Stored(chunk) => {
                    stored.push(chunk.clone());
                    continue;
                }
                FrozenChunk::Small(data) => {
                    let valid = grid::valid_extents(&frozen.shape, &schema.chunk_shape, number);
                    Part { schema: schema.clone(), valid, data: data.clone() }
                }
                FrozenChunk::Block(block) => {
                    let part = block.waiting_parts().and_then(|mut parts| parts.pop());
                    let Some(part) = part.filter(|part| schema.packs() && part.data.is_small()) else {
                        blocks.push((block.clone(), vec![key]));
                        continue;
                    };
                    part
                }
            };
            let pack = packs.entry((schema.dtype.size(), schema.compression)).or_default();
            pack.bytes += part.data.memory();
            pack.parts.push(part);
            pack.keys.push(key);
            if pack.bytes >= PACK_TARGET {
                let (block, keys) = std::mem::take(pack).into_block(io);
                blocks.push((block.clone(), keys));
                io.pool.spawn(move || block.run());
            }
        }
    }
    // Whoever writes the segment comes to these about now: to wake a worker for one costs more than it takes.
    let rest = packs.into_values().filter(|pack| !pack.parts.is_empty());
    blocks.extend(rest.map(|pack| pack.into_block(io)));
    (blocks, stored)
}

impl Pack {
    fn into_block(self, io: &Io) -> PlannedBlock {
        // The chunks are counted where they wait; of the pack, what it is encoded to.
        (Block::new(self.parts, &io.buffers, Held::new(&io.budget, 0)), self.keys)
    }
}

/// The parts of the segment that is to be written, in order.
fn parts_of(plan: &SegmentPlan<'_>, merged: Option<&Merged>) -> Vec<PartRecord> {
    // Many chunks are of one part.
    let mut seen = HashSet::default();
    let new = plan.stored.iter().filter(|chunk| seen.insert(Arc::as_ptr(&chunk.part))).map(|chunk| &chunk.part.record);
    let mut parts: Vec<&PartRecord> = new.chain(merged.iter().flat_map(|merged| &merged.parts)).collect();
    parts.sort_unstable();
    parts.dedup();
    parts.into_iter().cloned().collect()
}

fn write_segment(
    place: &Place,
    io: &Io,
    plan: &SegmentPlan<'_>,
    base: &Version,
    merging: Option<&(&Cut, Turns)>,
    bundle: Option<&Mutex<Bundle>>,
    sync_now: bool,
) -> Result<NewSegment> {
    let before = base.files.get(&plan.name);
    let merged = (merging.zip(before))
        .map_or(Ok(None), |((cut, turns), before)| merge(io, &base.records, plan, cut, before, turns));
    // What is wrong with older values is no reason not to keep the new ones.
    let (merged, warning) = match merged {
        Ok(merged) => (merged, None),
        Err(error) => (None, Some(format!("segments of array '{}' are not merged: {error}", plan.name))),
    };
    let writer = SegmentWriter::new(&place.storage, plan.path.clone(), plan.is_new_folder, &place.store_id);
    let parts = parts_of(plan, merged.as_ref());
    let number = |part: &PartRecord| parts::number(&parts, part);
    let mut writer = writer.with_sync(place.sync).with_parts(parts.clone());
    let older = merged.as_ref().map_or(Ok(Vec::new()), |merged| merged.write(&mut writer, number))?;
    let mut rows: Vec<Row> = Vec::new();
    buffers::reserve(&mut rows, plan.chunk_count() as usize)?;
    let mut numbers = HashMap::default();
    rows.extend(plan.stored.iter().map(|chunk| {
        let part = *numbers.entry(Arc::as_ptr(&chunk.part)).or_insert_with(|| number(&chunk.part.record));
        Row { part, ..chunk.row }
    }));
    let in_parts: u64 = rows.iter().map(Row::stored_bytes).sum();
    let known: u64 = merged.iter().flat_map(|merged| &merged.parts).map(PartRecord::block_bytes).sum();
    let in_parts = (parts.iter().map(PartRecord::block_bytes).sum::<u64>() - known, in_parts);
    // Packs are gone from memory when they are written: there may be a million small chunks in them.
    let blocks = std::mem::take(&mut *lock(&plan.blocks)?);
    for (block, keys) in blocks {
        writer.encoded(&*block.finish()?, &keys, &mut rows)?;
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
    let define = |id| {
        let new = plan.frozen(id).map(|frozen| Defined {
            dataset: &frozen.dataset,
            schema: &frozen.array.schema,
            shape: &frozen.shape,
        });
        new.or_else(|| merged.as_ref()?.array(id).map(LiveArray::defined))
    };
    let (segment, file) = writer.finish(&plan.name, define, bundle, &io.reader)?;
    for frozen in &plan.frozen {
        for Edge { chunk, data, .. } in frozen.take_edges()? {
            let Ok(at) = rows.binary_search_by_key(&(frozen.array.id, chunk), Row::key) else { continue };
            if let Some(ChunkData::Numbers(bytes)) = Arc::into_inner(data) {
                io.reader.keep_block(&segment, &rows[at].block, bytes);
            }
        }
    }
    let mut unsynced = file.filter(|_| place.sync);
    if let Some(file) = unsynced.take_if(|_| sync_now) {
        file.sync()?;
    }
    let merged = merged.map_or((0, 0), |merged| (merged.count, merged.dropped_bytes));
    Ok(NewSegment { segment, rows, merged, in_parts, unsynced, warning })
}

/// The files with new segments, their live and dead bytes, and the new totals of each array.
fn account(
    place: &Place,
    io: &Io,
    base: &Version,
    plans: &[SegmentPlan<'_>],
    segments: Vec<Option<NewSegment>>,
) -> Result<Written> {
    let mut written = Written {
        files: Vec::with_capacity(plans.len()),
        totals: Totals::default(),
        unsynced: Unsynced::default(),
        retired: Vec::new(),
        warnings: Vec::new(),
    };
    let mut totals_of = Vec::with_capacity(plans.iter().map(|plan| plan.frozen.len()).sum());
    for (plan, new) in plans.iter().zip(segments) {
        let known = base.files.get(&plan.name).cloned();
        let mut file = known.unwrap_or_else(|| ArrayFile::empty(plan.folder.clone()));
        let old = file.segments.clone();
        let mut replaced = 0;
        let rows = new.as_ref().map_or(&[][..], |new| &new.rows);
        for frozen in &plan.frozen {
            let (stored, bytes) = totals(place, io, frozen, &old, rows)?;
            replaced += bytes;
            totals_of.push((frozen.array.id, stored));
        }
        let Some(new) = new else {
            // Rows were lost, and that is all.
            file.live_bytes = file.live_bytes.saturating_sub(replaced);
            file.dead_bytes += replaced;
            written.files.extend((!old.is_empty()).then(|| (plan.name.clone(), file)));
            continue;
        };
        written.unsynced.files.extend(new.unsynced.map(Arc::new));
        if new.segment.record.at.is_none() {
            written.unsynced.folders.insert(place.folder(&plan.folder));
            written.unsynced.folders.extend(plan.is_new_folder.then(|| place.path.clone()));
        }
        let added: u64 = new.rows.iter().map(Row::stored_bytes).sum();
        let (merged, dropped) = new.merged;
        let (stay, taken_up) = old.split_at(old.len() - merged);
        file.segments = Arc::new(stay.iter().cloned().chain(std::iter::once(Arc::new(new.segment))).collect());
        file.live_bytes = (file.live_bytes + added).saturating_sub(replaced);
        // Of a part that was there the new rows were dead so far.
        let (of_parts, in_parts) = new.in_parts;
        file.dead_bytes = (file.dead_bytes + replaced + of_parts).saturating_sub(dropped).saturating_sub(in_parts);
        // Exports may claim blocks more than once, and a root that counts more bytes than there are is refused.
        let lengths = file.segments.iter().map(|segment| segment.record.length + segment.record.parts.unwrap_or(0));
        let most = lengths.fold(0, u64::saturating_add);
        file.dead_bytes = file.dead_bytes.min(most);
        file.live_bytes = file.live_bytes.min(most - file.dead_bytes);
        written.files.push((plan.name.clone(), file));
        written.retired.extend_from_slice(taken_up);
        written.warnings.extend(new.warning);
    }
    written.totals = Totals::of(totals_of);
    Ok(written)
}

/// The totals over an array's stored chunks once `new` replaces the older ones, and the bytes of those.
///
/// Older rows that cannot be read are no reason not to keep new values. The bytes of what they tell of count as live until
/// a compaction, and the totals are incomplete, unless all of them are replaced.
fn totals(place: &Place, io: &Io, frozen: &FrozenArray, old: &Segments, new: &[Row]) -> Result<(Stored, u64)> {
    let dtype = frozen.array.schema.dtype;
    let chunk_shape = &frozen.array.schema.chunk_shape;
    let (mut total, mut replaced_bytes) = (Stored::default(), 0);
    // As the flush before left it.
    let before = read(&frozen.array.data)?.stored();
    if let Some((before, shape)) = &before
        && (before.chunks > 0 || before.incomplete)
    {
        // What a worker was not told of them, the index does not say: chunks of the last commit need not fit the shape, which
        // may be pending.
        let is_told = !(before.incomplete && place.worker.is_some());
        match is_told.then(|| remaining(io, frozen, old, before, shape)).transpose() {
            Ok(None) => total.incomplete = true,
            Ok(Some(remaining)) => (total, replaced_bytes) = remaining,
            Err(error) if is_damage(&error) => {
                total.incomplete = frozen.chunks.len() as u64 != grid::chunk_count(&frozen.shape, chunk_shape);
            }
            Err(error) => return Err(error),
        }
    }
    let from = new.partition_point(|row| row.array_id < frozen.array.id);
    for row in new[from..].iter().take_while(|row| row.array_id == frozen.array.id) {
        total.add(dtype, row, cells(&grid::valid_extents(&frozen.shape, chunk_shape, row.chunk)));
    }
    // Rows of older segments may say anything; a root that nobody can read must not come of it.
    if total.cells > cells(&frozen.shape) || total.nulls > total.cells || !stats::is_range(dtype, total.range) {
        bail!(Corrupt, "array '{}' has, by its index and the root, {total:?} of {dtype}", frozen.name);
    }
    Ok((total, replaced_bytes))
}

/// The totals over the stored chunks, `before` for all of them, that are neither replaced nor beyond the shape, and the
/// bytes of those that are. What was beyond `shape`, that of `before`, is dead already.
fn remaining(io: &Io, frozen: &FrozenArray, old: &Segments, before: &Stored, shape: &[u64]) -> Result<(Stored, u64)> {
    let dtype = frozen.array.schema.dtype;
    let chunk_shape = &frozen.array.schema.chunk_shape;
    let cells_of = |row: &Row| cells(&grid::valid_extents(shape, chunk_shape, row.chunk));
    let (known, stay) = (grid::chunk_count(shape, chunk_shape), grid::chunk_count(&frozen.shape, chunk_shape));
    let mut chunks: Vec<u64> = frozen.chunks.numbers().filter(|chunk| *chunk < known).collect();
    chunks.sort_unstable();
    let (mut total, mut replaced_bytes) = (*before, 0);
    let mut is_sure = !before.incomplete && known <= stay;
    for (_, row) in io.reader.locate(old, frozen.array.id, &chunks)?.into_iter().flatten() {
        total.chunks = total.chunks.saturating_sub(1);
        total.cells = total.cells.saturating_sub(cells_of(&row));
        total.nulls = total.nulls.saturating_sub(row.stats.nulls);
        replaced_bytes += row.stored_bytes();
        is_sure &= !stats::touches(row.stats.range, before.range);
    }
    if !is_sure {
        total = Stored::default();
        for_each_live_row(&io.reader, old, frozen.array.id, |row| {
            if row.chunk >= known || frozen.chunks.contains(row.chunk) {
                return;
            }
            match row.chunk < stay {
                true => total.add(dtype, row, cells_of(row)),
                false => replaced_bytes += row.stored_bytes(),
            }
        })?;
    }
    Ok((total, replaced_bytes))
}

/// Whether an error says that what is stored cannot be had, today or ever.
pub(crate) fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NotFound | ErrorKind::Unsupported)
}
