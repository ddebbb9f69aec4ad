//! Compaction: array files rewritten to what is live.
//!
//! The segments of a version are rewritten beside all that goes on, then a commit names the new ones in their place. What
//! flushes have added meanwhile stays behind them. It needs memory for one index page of each segment it merges, one pack,
//! and the index of the segment it writes, which [`MAX_ROWS`] bounds.

use crate::array::Io;
use crate::base::error::Result;
use crate::base::maps::{HashMap, HashSet};
use crate::base::sync::Mutex;
use crate::change::records::{Composed, Composer};
use crate::change::segments::{FEW_SEGMENTS, PACK_TARGET, finish_bundle, is_damage, new_bundle};
use crate::chunk::block::{EncodedPart, PACK_BELOW, encode_raw};
use crate::codec::Compression;
use crate::format::names;
use crate::format::root::SegmentRecord;
use crate::format::segment::{HEADER_LEN, Row};
use crate::memory::buffers::{self, Buffers};
use crate::records::Records;
use crate::segment::bundle::{self, Bundle};
use crate::segment::rows::{Live, LiveArray, RowMerge, count_bytes};
use crate::segment::{Segment, SegmentWriter, Segments};
use crate::version::edit::{FileEdit, NewFiles};
use crate::version::place::Place;
use crate::version::{ArrayFile, Version};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows of one segment that compaction writes; it then begins another.
const MAX_ROWS: u64 = 1 << 20;
/// Rows that may wait for a pack to fill before it is written as it is.
const MAX_WAITING: usize = 1 << 14;

/// The array files of a version, rewritten.
pub(crate) struct Compaction {
    /// The version's generation, and its arrays.
    generation: u64,
    pub live: HashMap<Arc<str>, Live>,
    next_array_id: u64,
    files: Vec<Rewritten>,
    pub new: NewFiles,
    /// The records of the version, made compact; `None` where they are so.
    pub records: Option<Composed>,
    /// What became of array files that are damaged, and stay as they are.
    pub damaged: Vec<String>,
}

struct Rewritten {
    name: Arc<str>,
    before: Segments,
    after: Vec<Arc<Segment>>,
    live_bytes: u64,
    /// Arrays of which chunks beyond the shape are left out.
    cut: HashSet<u64>,
}

/// All arrays of a version, by array name.
pub(crate) fn live_arrays(records: &Records) -> Result<HashMap<Arc<str>, Live>> {
    let mut live: HashMap<Arc<str>, Live> = HashMap::default();
    for decoded in records.decoded() {
        let (dataset, record) = decoded?;
        for (name, array) in record.arrays {
            let schema = records.schema(array.schema)?.clone();
            let of = LiveArray { dataset: dataset.clone(), schema, shape: array.shape.into() };
            live.entry(name).or_default().insert(array.id, of);
        }
    }
    Ok(live)
}

/// Rewrites the array files of a version from which there is something to gain; `progress` is told of the array names done,
/// out of how many, and may stop it.
pub(crate) fn compact(
    place: &Place,
    io: &Io,
    version: &Version,
    mut progress: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Compaction> {
    let live = live_arrays(&version.records)?;
    let none = Live::default();
    let gains = |name: &Arc<str>, file: &ArrayFile| {
        let has_parts = || file.segments.iter().any(|segment| segment.record.parts.is_some());
        file.segments.len() > 1
            || has_parts()
            || file.dead_bytes > 0
            || file.live_bytes == 0
            || !live.contains_key(name)
    };
    let stay = version.files.iter().filter(|(name, file)| !gains(name, file));
    let gaps = bundles_with_gaps(place, version, stay.flat_map(|(_, file)| file.segments.iter()));
    let has_gap = |file: &ArrayFile| file.segments.iter().any(|segment| gaps.contains(&segment.record.file));
    let work: Vec<_> = version.files.iter().filter(|(name, file)| gains(name, file) || has_gap(file)).collect();
    let mut all_new = NewFiles::new(&place.storage);
    let stay = work.iter().filter(|(name, _)| live.contains_key(*name)).count();
    let bundle = (stay > FEW_SEGMENTS).then(|| new_bundle(place, version.generation, true, &mut all_new));
    let (mut files, mut damaged) = (Vec::new(), Vec::new());
    for (done, (name, file)) in work.iter().enumerate() {
        progress(done as u64, work.len() as u64)?;
        let live = live.get(*name).unwrap_or(&none);
        let folder = place.folder(&file.folder);
        let mut new = NewFiles::new(&place.storage);
        if !file.has_folder() {
            new.folder(folder.clone());
        }
        let (bundle, is_new_folder) = (bundle.as_ref(), !file.has_folder());
        let cut = HashSet::default();
        let rewrite = Rewrite { place, io, name, live, of: version, folder, is_new_folder, bundle, new: &mut new, cut };
        match rewrite.run(&file.segments) {
            Ok((after, live_bytes, cut)) => {
                if after.iter().any(|segment| segment.record.at.is_none()) {
                    place.sync_folder(&place.folder(&file.folder))?;
                    if !file.has_folder() {
                        place.sync_folder(&place.path)?;
                    }
                }
                all_new.extend(new);
                let (name, before) = ((*name).clone(), file.segments.clone());
                files.push(Rewritten { name, before, after, live_bytes, cut });
            }
            Err(error) if is_damage(&error) => {
                damaged.push(format!("the segments of array '{name}' stay as they are: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(file) = bundle.map(|bundle| finish_bundle(place, bundle)).transpose()?.flatten()
        && place.sync
    {
        file.sync()?;
        place.sync_folder(&place.folder(names::BUNDLES))?;
        place.sync_folder(&place.path)?;
    }
    progress(work.len() as u64, work.len() as u64)?;
    let records = compact_records(place, io, version, &live, &mut all_new)?;
    let (generation, next_array_id) = (version.generation, version.records.next_array_id);
    Ok(Compaction { generation, live, next_array_id, files, new: all_new, records, damaged })
}

/// The bundles of a version with segments that are not among those that are to stay.
fn bundles_with_gaps<'v>(
    place: &Place,
    version: &Version,
    stay: impl Iterator<Item = &'v Arc<Segment>>,
) -> HashSet<Arc<str>> {
    // By bundle: bytes that are to stay, and where the last segment ends.
    let mut bundles: HashMap<&Arc<str>, (u64, u64)> = HashMap::default();
    for SegmentRecord { file, at, length, .. } in version.all_segments().map(|segment| &segment.record) {
        if let Some(at) = at {
            let (_, end) = bundles.entry(file).or_default();
            *end = (*end).max(at + length);
        }
    }
    for SegmentRecord { file, length, .. } in stay.map(|segment| &segment.record) {
        if let Some((bytes, _)) = bundles.get_mut(file) {
            *bytes += bundle::taken(*length);
        }
    }
    let folder = place.folder(names::BUNDLES);
    let has_gaps = |(file, (bytes, end)): (&Arc<str>, (u64, u64))| {
        // Segments behind the last that the version names are out of use as well.
        let length = place.storage.open(&folder.join(&**file)).and_then(|file| file.length());
        (bytes + HEADER_LEN as u64 != length.unwrap_or(end)).then(|| file.clone())
    };
    bundles.into_iter().filter_map(has_gaps).collect()
}

/// The records of a version without the schemas that none of its arrays, `live`, has, and in one catalogue file if in any;
/// `None` where they are so.
pub(crate) fn compact_records(
    place: &Place,
    io: &Io,
    version: &Version,
    live: &HashMap<Arc<str>, Live>,
    new: &mut NewFiles,
) -> Result<Option<Composed>> {
    let schemas = live.values().flat_map(|arrays| arrays.values().map(|array| Arc::as_ptr(&array.schema))).collect();
    Composer { place, io, base: &version.records, generation: version.generation + 1, new }.compacted(&schemas)
}

impl Compaction {
    /// Whether it is one of this version.
    pub fn is_of(&self, version: &Version) -> bool {
        self.generation == version.generation
    }

    /// What is stored under the names that were rewritten, as `now`, a version since, has it; `live` are its arrays. The
    /// segments that go out of use, too.
    ///
    /// Left out are names whose segments were not only added to, as they have been merged or are gone, and names with an
    /// array that was gone when they were rewritten, and that a rollback has brought back, or more rows of it.
    pub fn apply(
        &self,
        io: &Io,
        now: &Version,
        live: &HashMap<Arc<str>, Live>,
    ) -> Result<(Vec<FileEdit>, Vec<Arc<Segment>>)> {
        let (mut files, mut retired) = (Vec::new(), Vec::new());
        for Rewritten { name, before, after, live_bytes, cut } in &self.files {
            let Some(file) = now.files.get(name) else { continue };
            let is_same = |(a, b): (&Arc<Segment>, &Arc<Segment>)| Arc::ptr_eq(a, b);
            if file.segments.len() < before.len() || !before.iter().zip(file.segments.iter()).all(is_same) {
                continue;
            }
            let known = self.live.get(name);
            let has_all = |(id, array): (&u64, &LiveArray)| {
                let known = known.and_then(|known| known.get(id));
                *id >= self.next_array_id
                    || known.is_some_and(|known| !cut.contains(id) || array.chunks() <= known.chunks())
            };
            if !live.get(name).is_none_or(|live| live.iter().all(has_all)) {
                continue;
            }
            let added = &file.segments[before.len()..];
            let segments: Segments = Arc::new(after.iter().chain(added).cloned().collect());
            let (live_bytes, dead_bytes) = if self.is_of(now) && added.is_empty() {
                (*live_bytes, 0)
            } else {
                let ids = live.get(name);
                let array = |row: &Row| ids.and_then(|ids| ids.get(&row.array_id));
                let is_live = |row: &Row| array(row).is_some_and(|array| array.has(row.chunk));
                let (live, all) = count_bytes(&io.reader, &segments, is_live, |_| ())?;
                (live, all - live)
            };
            let folder = file.folder.clone();
            let compacted = ArrayFile { folder, segments, live_bytes, dead_bytes };
            files.push((name.clone(), (!compacted.segments.is_empty()).then_some(compacted)));
            retired.extend(before.iter().cloned());
        }
        Ok((files, retired))
    }
}

/// The rewriting of one array file.
struct Rewrite<'s> {
    place: &'s Place,
    io: &'s Io,
    name: &'s Arc<str>,
    live: &'s Live,
    of: &'s Version,
    folder: PathBuf,
    /// Whether it may be missing.
    is_new_folder: bool,
    /// Where what is small goes.
    bundle: Option<&'s Mutex<Bundle>>,
    new: &'s mut NewFiles,
    cut: HashSet<u64>,
}

/// A segment being written, and what is not in it yet.
struct Output {
    writer: SegmentWriter,
    /// Rows in order; those whose block is not written yet wait for the pack of this number.
    rows: VecDeque<(Row, Option<u64>)>,
    pack: Pack,
    packs_written: u64,
    buffers: Arc<Buffers>,
}

/// Small chunks being gathered; all were stored with the same codec, filter and element size.
#[derive(Default)]
struct Pack {
    kind: Option<(Compression, usize)>,
    raw: Vec<u8>,
    parts: Vec<EncodedPart>,
}

impl Rewrite<'_> {
    fn create(&mut self) -> Result<Output> {
        let path = self.folder.join(self.place.new_segment_name(self.of.generation));
        self.new.file(path.clone());
        let writer = SegmentWriter::new(&self.place.storage, path, self.is_new_folder, &self.place.store_id);
        let writer = writer.with_sync(self.place.sync);
        let buffers = self.io.buffers.clone();
        Ok(Output { writer, rows: VecDeque::new(), pack: Pack::default(), packs_written: 0, buffers })
    }

    /// Ends a segment; the bytes of its last pack.
    fn finish(&self, mut output: Output) -> Result<(Segment, u64)> {
        let bytes = output.end_pack()?;
        let define = |id| self.live.get(&id).map(LiveArray::defined);
        let (segment, file) = output.writer.finish(self.name, define, self.bundle, &self.io.reader)?;
        if let Some(file) = file.filter(|_| self.place.sync) {
            file.sync()?;
        }
        Ok((segment, bytes))
    }

    /// Writes the live chunks of `segments` into new ones; those, the bytes of their blocks, and the arrays that have rows
    /// beyond their shapes.
    fn run(mut self, segments: &Segments) -> Result<(Vec<Arc<Segment>>, u64, HashSet<u64>)> {
        let reader = &self.io.reader;
        let mut written = Vec::new();
        let mut bytes = 0;
        let mut output: Option<Output> = None;
        let mut stored = Vec::new();
        // What has nothing that is live need not be read, and may be damaged.
        let mut ids: Vec<u64> = self.live.keys().copied().collect();
        ids.sort_unstable();
        let is_needed = |segment: &&Arc<Segment>| {
            let (low, high) = segment.record.array_ids;
            ids.get(ids.partition_point(|id| *id < low)).is_some_and(|id| *id <= high)
        };
        let segments = &Segments::new(segments.iter().filter(is_needed).cloned().collect());
        let mut merge = RowMerge::new(reader, segments)?;
        while let Some((number, row)) = merge.next()? {
            let Some(array) = self.live.get(&row.array_id) else { continue };
            if !array.has(row.chunk) {
                self.cut.insert(row.array_id);
                continue;
            }
            let pack = array.schema.packs();
            let segment = segments[number].source(&row)?;
            let row = Row { part: 0, ..row };
            let out = match &mut output {
                Some(out) => out,
                none => none.insert(self.create()?),
            };
            let alone = row.at == 0 && row.len == row.block.coding.raw_len;
            if alone && (!pack || row.len as usize >= PACK_BELOW) {
                reader.stored(segment, row.block.offset, row.block.len as usize, &mut stored)?;
                reader.check(segment, &row.block, &stored)?;
                let block = out.writer.block(&stored, row.block.crc, row.block.coding)?;
                bytes += u64::from(block.len);
                out.rows.push_back((Row { block, ..row }, None));
            } else {
                let decoded = reader.block(segment, &row.block)?;
                let chunk = reader.chunk(segment, &row, &decoded)?;
                bytes += out.add(&self.of.defaults.compression, row, chunk, pack)?;
            }
            out.drain()?;
            if out.rows.len() > MAX_WAITING {
                bytes += out.end_pack()?;
            }
            if out.writer.row_count() >= MAX_ROWS
                && let Some(full) = output.take()
            {
                let (segment, last) = self.finish(full)?;
                written.push(Arc::new(segment));
                bytes += last;
            }
        }
        if let Some(out) = output {
            let (segment, last) = self.finish(out)?;
            written.push(Arc::new(segment));
            bytes += last;
        }
        Ok((written, bytes, self.cut))
    }
}

impl Output {
    /// Adds a small chunk to the pack, or to one of its own unless `pack`; the bytes of packs that were written for that.
    fn add(&mut self, default: &Compression, row: Row, chunk: &[u8], pack: bool) -> Result<u64> {
        let kind = row.block.coding.again(default.level);
        let mut bytes = 0;
        if self.pack.kind.is_some_and(|gathered| gathered != kind) || self.pack.raw.len() >= PACK_TARGET || !pack {
            bytes = self.end_pack()?;
        }
        self.pack.kind = Some(kind);
        let at = self.pack.raw.len() as u32;
        buffers::extend(&mut self.pack.raw, chunk)?;
        self.pack.parts.push(EncodedPart { at, len: row.len, stats: row.stats });
        self.rows.push_back((Row { at, ..row }, Some(self.packs_written)));
        if !pack {
            bytes += self.end_pack()?;
        }
        Ok(bytes)
    }

    /// Writes the pack; the bytes of its block.
    fn end_pack(&mut self) -> Result<u64> {
        let pack = std::mem::take(&mut self.pack);
        let Some((compression, item)) = pack.kind else {
            return Ok(0);
        };
        let encoded = encode_raw(&compression, item, &pack.raw, pack.parts, &self.buffers)?;
        let block = self.writer.block(&encoded.bytes, encoded.crc, encoded.coding)?;
        for (row, waits) in self.rows.iter_mut().filter(|(_, waits)| *waits == Some(self.packs_written)) {
            row.block = block;
            *waits = None;
        }
        self.packs_written += 1;
        self.drain()?;
        Ok(u64::from(block.len))
    }

    /// Hands the rows in front that wait for nothing to the index.
    fn drain(&mut self) -> Result<()> {
        while let Some((row, None)) = self.rows.front() {
            self.writer.row(*row)?;
            self.rows.pop_front();
        }
        Ok(())
    }
}
