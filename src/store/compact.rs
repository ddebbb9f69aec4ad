//! Compaction: array files rewritten to what is live.
//!
//! It is a commit like a flush: new segments, synced, then a root that names them, then the old files are removed. It
//! needs memory for one index page of each segment it merges, one pack, and the index of the segment it writes, which
//! [`MAX_ROWS`] bounds.

use super::generations::Keep;
use super::values::{PACK_TARGET, Unsynced};
use super::*;
use crate::base::shape::Dims;
use crate::chunk::block::{EncodedPart, encode_raw};
use crate::chunk::schema::Schema;
use crate::codec::Compression;
use crate::format::root;
use crate::format::segment::{ChunkKey, Row};
use crate::memory::buffers::Buffers;
use crate::segment::{Defined, Segment, SegmentReader, SegmentWriter};

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::ops::Range;

/// Rows of one segment that compaction writes; it then begins another.
const MAX_ROWS: u64 = 1 << 20;
/// Rows that may wait for a pack to fill before it is written as it is.
const MAX_WAITING: usize = 1 << 14;

impl Store {
    /// Rewrites array files to live data only, after which deleted and overwritten values take no space.
    ///
    /// Commits that the store was told to keep stay, with the files that they need. Skipping it forever is safe. Unflushed changes are an error. It is atomic: whatever happens, the store is as
    /// before or compacted. Files that a reader of an older snapshot may still need are removed later, by the next
    /// compaction or the next writer that opens the store after the reader is gone.
    pub fn compact(&self) -> Result<()> {
        self.check_writable()?;
        let mut commit = self.lock_commit()?;
        self.check_writable()?;
        let compacted = self.compact_locked(&mut commit);
        self.tell(commit);
        compacted
    }

    fn compact_locked(&self, commit: &mut Commit) -> Result<()> {
        self.check_not_poisoned()?;
        let before = self.committed()?;
        let mut written = NewFiles::default();
        let replaced = self.compact_files(&before, &mut written).and_then(|files| match files {
            Some(files) => self.commit_compacted(commit, &before, files, &mut written).map(Some),
            None => Ok(None),
        });
        let durable = match replaced {
            Ok(None) => Ok(()),
            Ok(Some(durable)) => durable,
            Err(error) => {
                written.remove(&*self.storage);
                Err(error.missing_is(ErrorKind::Corrupt))
            }
        };
        durable.map_err(|error| self.note_poison(error))?;
        self.drop_kept(commit, 0);
        let files = read(&self.working)?.files.clone();
        self.remove_unnamed_files(commit, &files);
        Ok(())
    }

    /// The last commit, as it is written back whatever other threads change meanwhile for the next.
    fn committed(&self) -> Result<Committed> {
        let working = read(&self.working)?;
        let catalogue = &working.catalogue;
        if catalogue.has_unflushed_changes() {
            bail!(UnflushedChanges, "store {} has unflushed changes: flush before compact", self.path.display());
        }
        Ok(Committed {
            files: working.files.clone(),
            image: catalogue.image(),
            datasets: catalogue.committed(),
            schemas: catalogue.schemas(),
            next_array_id: catalogue.next_array_id,
        })
    }

    /// The files after compaction, or `None` where there is nothing to gain.
    fn compact_files(&self, before: &Committed, written: &mut NewFiles) -> Result<Option<Files>> {
        let files = &before.files;
        let live = before.live(self.notation.format)?;
        let mut new = Files { generation: files.generation + 1, by_name: files.by_name.clone() };
        let gains = |file: &ArrayFile| file.segments.len() > 1 || file.dead_bytes > 0 || file.live_bytes == 0;
        let work: Vec<_> = files.by_name.iter().filter(|(_, file)| gains(file)).collect();
        let none = Live::new();
        for (done, (name, file)) in work.iter().enumerate() {
            self.progress("compact", done as u64, work.len() as u64)?;
            let folder = self.path.join(&*file.folder);
            let live = live.get(*name).unwrap_or(&none);
            let mut rewrite =
                Rewrite { store: self, name, live, generation: new.generation, folder: folder.clone(), written };
            let (segments, bytes) = rewrite.run(&file.segments)?;
            if segments.is_empty() {
                new.by_name.shift_remove(*name);
                continue;
            }
            self.sync_folder(&folder)?;
            let compacted = ArrayFile {
                folder: file.folder.clone(),
                segments: Arc::new(segments),
                live_bytes: bytes,
                dead_bytes: 0,
            };
            new.by_name.insert((*name).clone(), compacted);
        }
        self.progress("compact", work.len() as u64, work.len() as u64)?;
        Ok((!work.is_empty()).then_some(new))
    }

    /// Replaces the root; whether that is known to be durable.
    fn commit_compacted(
        &self,
        commit: &mut Commit,
        before: &Committed,
        files: Files,
        written: &mut NewFiles,
    ) -> Result<Result<()>> {
        let datasets: Vec<(&str, &[u8])> =
            before.datasets.iter().map(|(_, name, range)| (&**name, &before.image[range.clone()])).collect();
        let head = self.head(&files, &before.schemas, before.next_array_id);
        let root = root::write(self.notation, &head, &datasets)?;
        let durable = self.replace_root(commit, &root.file, files.generation, &Unsynced::default(), Keep::No)?;
        // From here on the root names them.
        *written = NewFiles::default();
        let slots = before.datasets.iter().map(|(slot, ..)| *slot);
        let moved = slots.zip(root.ranges).collect();
        let mut working = write(&self.working)?;
        working.catalogue.moved(Arc::new(root.image.unwrap_or(root.file)), moved);
        working.committed = Arc::new(files);
        working.files = working.committed.clone();
        drop(working);
        for segment in before.files.by_name.values().flat_map(|file| file.segments.iter()) {
            // A file that is removed takes space as long as it is open.
            self.io.reader.close(segment);
        }
        Ok(durable)
    }
}

/// A commit and all that its root says.
struct Committed {
    files: Arc<Files>,
    image: Arc<Vec<u8>>,
    /// Slot, name and place in the image.
    datasets: Vec<(usize, Arc<str>, Range<usize>)>,
    schemas: Vec<Arc<Schema>>,
    next_array_id: u64,
}

impl Committed {
    /// All arrays, by array name.
    fn live(&self, format: MetaFormat) -> Result<HashMap<Arc<str>, Live>> {
        let mut live: HashMap<Arc<str>, Live> = HashMap::new();
        for (_, dataset, range) in &self.datasets {
            for (name, array) in root::decode_dataset(format, dataset, &self.image[range.clone()])?.arrays {
                let schema = (self.schemas.get(array.schema as usize))
                    .ok_or_else(|| error!(Corrupt, "there is no schema {}", array.schema))?;
                let of = LiveArray { dataset: dataset.clone(), schema: schema.clone(), shape: array.shape.into() };
                live.entry(name).or_default().insert(array.id, of);
            }
        }
        Ok(live)
    }
}

/// The arrays of one name, by their ids.
pub(super) type Live = HashMap<u64, LiveArray>;

pub(super) struct LiveArray {
    pub dataset: Arc<str>,
    pub schema: Arc<Schema>,
    pub shape: Dims,
}

impl LiveArray {
    /// What a segment says of it.
    pub fn defined(&self) -> Defined<'_> {
        Defined { dataset: &self.dataset, schema: &self.schema, shape: &self.shape }
    }
}

/// The rewriting of one array file.
struct Rewrite<'s> {
    store: &'s Store,
    name: &'s Arc<str>,
    live: &'s Live,
    generation: u64,
    folder: PathBuf,
    /// Files made.
    written: &'s mut NewFiles,
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

/// Small chunks being gathered; all were stored with the same codec and element size.
#[derive(Default)]
struct Pack {
    kind: Option<(Compression, u8)>,
    raw: Vec<u8>,
    parts: Vec<EncodedPart>,
}

impl Rewrite<'_> {
    fn create(&mut self) -> Result<Output> {
        let path = self.folder.join(self.store.new_segment_name(self.generation));
        self.written.push(path.clone());
        let writer = SegmentWriter::create(&*self.store.storage, path, &self.store.store_id)?;
        let writer = writer.with_sync(self.store.sync);
        let buffers = self.store.io.buffers.clone();
        Ok(Output { writer, rows: VecDeque::new(), pack: Pack::default(), packs_written: 0, buffers })
    }

    /// Ends a segment; the bytes of its last pack.
    fn finish(&self, mut output: Output) -> Result<(Segment, u64)> {
        let bytes = output.end_pack()?;
        let (segment, file) = output.writer.finish(self.name, |id| self.live.get(&id).map(LiveArray::defined))?;
        if self.store.sync {
            file.sync()?;
        }
        Ok((segment, bytes))
    }

    /// Writes the live chunks of `segments` into new ones; those, and the bytes of their blocks.
    fn run(&mut self, segments: &Segments) -> Result<(Vec<Arc<Segment>>, u64)> {
        let reader = &self.store.io.reader;
        let mut written = Vec::new();
        let mut bytes = 0;
        let mut output: Option<Output> = None;
        let mut stored = Vec::new();
        let mut merge = RowMerge::new(reader, segments)?;
        while let Some((number, row)) = merge.next()? {
            if !self.live.contains_key(&row.array_id) {
                continue;
            }
            let segment = &segments[number];
            let out = match &mut output {
                Some(out) => out,
                none => none.insert(self.create()?),
            };
            let alone = row.at == 0 && row.len == row.block.coding.raw_len;
            if alone && row.len as usize >= crate::array::PACK_BELOW {
                reader.stored(segment, row.block.offset, row.block.len as usize, &mut stored)?;
                reader.check(segment, &row.block, &stored)?;
                let block = out.writer.block(&stored, row.block.crc, row.block.coding)?;
                bytes += u64::from(block.len);
                out.rows.push_back((Row { block, ..row }, None));
            } else {
                let decoded = reader.block(segment, &row.block)?;
                let chunk = reader.chunk(segment, &row, &decoded)?;
                bytes += out.add(&self.store.default_compression, row, chunk)?;
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
        Ok((written, bytes))
    }
}

impl Output {
    /// Adds a small chunk to the pack; the bytes of a pack that was written for that.
    fn add(&mut self, default: &Compression, row: Row, chunk: &[u8]) -> Result<u64> {
        let coding = row.block.coding;
        let shuffle = coding.shuffle > 1;
        let kind = (Compression { codec: coding.codec, level: default.level, shuffle }, coding.shuffle);
        let mut bytes = 0;
        if self.pack.kind.is_some_and(|gathered| gathered != kind) || self.pack.raw.len() >= PACK_TARGET {
            bytes = self.end_pack()?;
        }
        self.pack.kind = Some(kind);
        let at = self.pack.raw.len() as u32;
        self.pack.raw.extend_from_slice(chunk);
        self.pack.parts.push(EncodedPart { at, len: row.len, stats: row.stats });
        self.rows.push_back((Row { at, ..row }, Some(self.packs_written)));
        Ok(bytes)
    }

    /// Writes the pack; the bytes of its block.
    fn end_pack(&mut self) -> Result<u64> {
        let pack = std::mem::take(&mut self.pack);
        let Some((compression, item)) = pack.kind else {
            return Ok(0);
        };
        let encoded = encode_raw(&compression, usize::from(item), &pack.raw, pack.parts, &self.buffers)?;
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

/// The rows of several segments in order of array id and chunk; of rows for one chunk the newest only.
pub(super) struct RowMerge<'s> {
    reader: &'s SegmentReader,
    segments: &'s Segments,
    inputs: Vec<Input>,
    /// The next row of each input; for equal chunks the newest segment comes first.
    heap: BinaryHeap<Reverse<Next>>,
    last: Option<ChunkKey>,
}

/// The key of an input's next row, and the input; later inputs come first.
type Next = (ChunkKey, Reverse<usize>);

/// Where in a segment's rows the merge is.
struct Input {
    page: usize,
    rows: Arc<Vec<Row>>,
    at: usize,
}

impl<'s> RowMerge<'s> {
    pub fn new(reader: &'s SegmentReader, segments: &'s Segments) -> Result<Self> {
        let mut merge = Self { reader, segments, inputs: Vec::new(), heap: BinaryHeap::new(), last: None };
        for number in 0..segments.len() {
            merge.inputs.push(Input { page: 0, rows: Arc::default(), at: 0 });
            merge.advance(number)?;
        }
        Ok(merge)
    }

    /// Puts the next row of an input into the heap, if there is one.
    fn advance(&mut self, number: usize) -> Result<()> {
        let (segment, input) = (&self.segments[number], &mut self.inputs[number]);
        if input.at == input.rows.len() {
            let directory = self.reader.directory(segment)?;
            if input.page == directory.pages.len() {
                return Ok(());
            }
            input.rows = self.reader.page(segment, &directory, input.page)?;
            (input.page, input.at) = (input.page + 1, 0);
        }
        let row = &input.rows[input.at];
        self.heap.push(Reverse(((row.array_id, row.chunk), Reverse(number))));
        Ok(())
    }

    pub fn next(&mut self) -> Result<Option<(usize, Row)>> {
        while let Some(Reverse((key, Reverse(number)))) = self.heap.pop() {
            let row = self.inputs[number].rows[self.inputs[number].at];
            self.inputs[number].at += 1;
            self.advance(number)?;
            if self.last > Some(key) {
                bail!(Corrupt, "{}: the rows of the index are out of order", self.segments[number].path.display());
            }
            if self.last.replace(key) != Some(key) {
                return Ok(Some((number, row)));
            }
        }
        Ok(None)
    }
}
