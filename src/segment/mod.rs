//! Segment files: written once from front to back, then read in any order.

pub(crate) mod rows;

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::chunk::block::Encoded;
use crate::chunk::schema::Schema;
use crate::codec;
use crate::format::definitions::{Definition, Definitions, SchemaNumbers};
use crate::format::root::SegmentRecord;
use crate::format::segment::{
    self as layout, BlockRef, ChunkKey, Directory, HEADER_LEN, PAGE_ROWS, PageRef, Row, TRAILER_LEN, Trailer,
};
use crate::memory::buffers::{Buffer, Buffers};
use crate::storage::{ReadFile, Storage, WriteFile};
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Segment files that are kept open, at most.
const OPEN_FILES: usize = 128;
/// The end of a segment that is read first: the trailer, and for most segments the directory with it.
const TAIL: usize = 2048;
/// Bytes that are gathered before they are written.
const WRITE_BUFFER: usize = 1 << 20;

/// Bytes that are sent on their way to the disk together, while the blocks behind them are still being encoded.
const SYNC_STEP: u64 = 4 << 20;

/// Tells pending blocks from segments in the cache's keys.
const PENDING: u64 = 1 << 63;

/// The segments under one array name, oldest first.
pub(crate) type Segments = Arc<Vec<Arc<Segment>>>;

/// A segment that a root names.
pub(crate) struct Segment {
    pub record: SegmentRecord,
    pub path: PathBuf,
    /// Unique in the process: names the segment in caches.
    uid: u64,
    directory: OnceLock<Arc<Directory>>,
}

impl Segment {
    pub fn new(record: SegmentRecord, folder: &Path) -> Self {
        let path = folder.join(&*record.file);
        Self::at(record, path)
    }

    fn at(record: SegmentRecord, path: PathBuf) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { record, path, uid: NEXT.fetch_add(1, Ordering::Relaxed), directory: OnceLock::new() }
    }

    /// A number by which segments are put in order: those of one array name ascend as the root lists them.
    pub fn number(&self) -> u64 {
        self.uid
    }

    fn damaged(&self, offset: u64, error: &Error) -> Error {
        let kind = if error.kind() == ErrorKind::Unsupported { ErrorKind::Unsupported } else { ErrorKind::Corrupt };
        Error::new(kind, format!("{} at offset {offset}: {error}", self.path.display()))
    }
}

/// A decoded block that is kept at hand.
#[derive(Clone)]
pub(crate) struct Kept {
    pub bytes: Arc<Buffer>,
    /// Whether they are as [`codec::decode_planes`] leaves them: most of a chunk that is read in small pieces is never
    /// unshuffled.
    pub planes: bool,
}

#[derive(Clone)]
struct ByBytes;

impl quick_cache::Weighter<(u64, u64), Kept> for ByBytes {
    fn weight(&self, _: &(u64, u64), kept: &Kept) -> u64 {
        kept.bytes.len() as u64 + 64
    }
}

impl quick_cache::Weighter<(u64, u64), Arc<Vec<Row>>> for ByBytes {
    fn weight(&self, _: &(u64, u64), rows: &Arc<Vec<Row>>) -> u64 {
        std::mem::size_of_val(&rows[..]) as u64 + 64
    }
}

/// A cache in one piece: a share of it for each processor would be too small for a chunk.
fn block_cache(bytes: u64) -> Cache<(u64, u64), Kept, ByBytes> {
    let options = OptionsBuilder::new().shards(1).estimated_items_capacity(1024).weight_capacity(bytes).build();
    let options = options.unwrap_or_else(|_| unreachable!("what has no default is given"));
    Cache::with_options(options, ByBytes, Default::default(), Default::default())
}

/// Reads segments, through bounded caches of open files, index pages and decoded blocks.
pub(crate) struct SegmentReader {
    storage: Arc<dyn Storage>,
    store_id: [u8; 16],
    buffers: Arc<Buffers>,
    files: Cache<u64, Arc<dyn ReadFile>>,
    pages: Cache<(u64, u64), Arc<Vec<Row>>, ByBytes>,
    blocks: Cache<(u64, u64), Kept, ByBytes>,
    cache_bytes: u64,
}

impl SegmentReader {
    pub fn new(storage: Arc<dyn Storage>, store_id: [u8; 16], cache_bytes: u64, buffers: &Arc<Buffers>) -> Self {
        Self {
            storage,
            store_id,
            buffers: buffers.clone(),
            files: Cache::new(OPEN_FILES),
            pages: Cache::with_weighter(256, cache_bytes / 4, ByBytes),
            blocks: block_cache(cache_bytes - cache_bytes / 4),
            cache_bytes,
        }
    }

    /// The open file, its length and header checked. An absent file is [`ErrorKind::NotFound`]: whoever reads an
    /// older snapshot may have had it compacted or merged away.
    fn file(&self, segment: &Segment) -> Result<Arc<dyn ReadFile>> {
        if let Some(file) = self.files.get(&segment.uid) {
            return Ok(file);
        }
        let failed = |error: &std::io::Error| Error::io("open", &segment.path, error);
        check_folder(&*self.storage, &segment.path)?;
        let file = self.storage.open(&segment.path).map_err(|error| failed(&error))?;
        let len = file.length().map_err(|error| failed(&error))?;
        if len != segment.record.length {
            let wrong = error!(Corrupt, "the file has {len} bytes, the root says {}", segment.record.length);
            return Err(segment.damaged(len.min(segment.record.length), &wrong));
        }
        let mut header = [0; HEADER_LEN];
        self.read(segment, &*file, &mut header, 0)?;
        layout::check_header(&header, &self.store_id).map_err(|error| segment.damaged(0, &error))?;
        self.files.insert(segment.uid, file.clone());
        Ok(file)
    }

    fn read(&self, segment: &Segment, file: &dyn ReadFile, buffer: &mut [u8], offset: u64) -> Result<()> {
        file.read_at(buffer, offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => segment.damaged(offset, &error!(Corrupt, "the file ends too early")),
            _ => Error::io("read", &segment.path, &error),
        })
    }

    /// The directory, read and checked when first asked for.
    pub fn directory(&self, segment: &Segment) -> Result<Arc<Directory>> {
        if let Some(directory) = segment.directory.get() {
            return Ok(directory.clone());
        }
        let file = self.file(segment)?;
        let directory = Arc::new(self.read_directory(segment, &*file)?);
        Ok(segment.directory.get_or_init(|| directory).clone())
    }

    /// A segment that no root is there to name, as its file says.
    pub fn find(&self, path: &Path) -> Result<Segment> {
        let failed = |error: std::io::Error| Error::io("read", path, &error);
        let length = self.storage.open(path).and_then(|file| file.length()).map_err(failed)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default();
        let mut record = SegmentRecord { file: name, length, directory_crc32c: 0, array_ids: (0, 0) };
        let unknown = Segment::at(record.clone(), path.to_owned());
        let file = self.file(&unknown)?;
        record.directory_crc32c = self.trailer(&unknown, &*file)?.directory_crc;
        let unknown = Segment::at(record.clone(), path.to_owned());
        record.array_ids = self.read_index(&unknown, &*file)?.array_ids();
        Ok(Segment::at(record, path.to_owned()))
    }

    fn trailer(&self, segment: &Segment, file: &dyn ReadFile) -> Result<Trailer> {
        let len = segment.record.length;
        let Some(offset) = len.checked_sub(TRAILER_LEN as u64) else {
            return Err(segment.damaged(len, &error!(Corrupt, "{len} bytes are too few for a segment")));
        };
        let mut bytes = [0; TRAILER_LEN];
        self.read(segment, file, &mut bytes, offset)?;
        Trailer::parse(&bytes, len).map_err(|error| segment.damaged(offset, &error))
    }

    fn read_directory(&self, segment: &Segment, file: &dyn ReadFile) -> Result<Directory> {
        let directory = self.read_index(segment, file)?;
        let (ids, said) = (directory.array_ids(), segment.record.array_ids);
        if ids != said {
            let offset = directory.definitions_offset() + u64::from(directory.definitions.0);
            let wrong = error!(Corrupt, "the directory has array ids {ids:?}, the root says {said:?}");
            return Err(segment.damaged(offset, &wrong));
        }
        Ok(directory)
    }

    fn read_index(&self, segment: &Segment, file: &dyn ReadFile) -> Result<Directory> {
        let len = segment.record.length;
        if len < (HEADER_LEN + TRAILER_LEN) as u64 {
            return Err(segment.damaged(len, &error!(Corrupt, "{len} bytes are too few for a segment")));
        }
        let mut tail = vec![0; TAIL.min(len as usize)];
        let tail_offset = len - tail.len() as u64;
        self.read(segment, file, &mut tail, tail_offset)?;
        let trailer_offset = len - TRAILER_LEN as u64;
        let trailer = match tail.last_chunk::<TRAILER_LEN>() {
            Some(bytes) => Trailer::parse(bytes, len).map_err(|error| segment.damaged(trailer_offset, &error))?,
            None => bail!(Internal, "a tail shorter than a trailer"),
        };
        let offset = trailer.directory_offset;
        let bytes = match offset.checked_sub(tail_offset) {
            Some(at) => tail[at as usize..tail.len() - TRAILER_LEN].to_vec(),
            None => {
                let mut bytes = crate::memory::buffers::allocate(trailer.directory_len as usize)?;
                self.read(segment, file, &mut bytes, offset)?;
                bytes
            }
        };
        let crc = crc32c::crc32c(&bytes);
        if crc != trailer.directory_crc || crc != segment.record.directory_crc32c {
            return Err(segment.damaged(offset, &error!(Corrupt, "the directory's checksum does not match")));
        }
        Directory::parse(&bytes, offset).map_err(|error| segment.damaged(offset, &error))
    }

    /// The rows of index page `number`.
    pub fn page(&self, segment: &Segment, directory: &Directory, number: usize) -> Result<Arc<Vec<Row>>> {
        let key = (segment.uid, number as u64);
        if let Some(rows) = self.pages.get(&key) {
            return Ok(rows);
        }
        let rows = Arc::new(self.page_uncached(segment, directory, number)?);
        self.pages.insert(key, rows.clone());
        Ok(rows)
    }

    fn page_uncached(&self, segment: &Segment, directory: &Directory, number: usize) -> Result<Vec<Row>> {
        let page = &directory.pages[number];
        let mut bytes = crate::memory::buffers::allocate(page.len as usize)?;
        self.read(segment, &*self.file(segment)?, &mut bytes, page.offset)?;
        if crc32c::crc32c(&bytes) != page.crc {
            return Err(segment.damaged(page.offset, &error!(Corrupt, "an index page's checksum does not match")));
        }
        layout::page_from_bytes(&bytes, page, directory.blocks_end)
            .map_err(|error| segment.damaged(page.offset, &error))
    }

    /// Calls `f` for each row of chunks `low..=high` of an array, in their order.
    pub fn rows(
        &self,
        segment: &Segment,
        array_id: u64,
        (low, high): (u64, u64),
        mut f: impl FnMut(&Row),
    ) -> Result<()> {
        if !(segment.record.array_ids.0..=segment.record.array_ids.1).contains(&array_id) {
            return Ok(());
        }
        let directory = self.directory(segment)?;
        if !directory.may_hold(array_id) {
            return Ok(());
        }
        for number in directory.pages_of(array_id, low, high) {
            let rows = self.page(segment, &directory, number)?;
            let from = rows.partition_point(|row| (row.array_id, row.chunk) < (array_id, low));
            for row in rows[from..].iter().take_while(|row| (row.array_id, row.chunk) <= (array_id, high)) {
                f(row);
            }
        }
        Ok(())
    }

    /// Where each of `chunks`, which ascend, of an array is stored: in which of `segments` (later ones win), and how.
    pub fn locate(
        &self,
        segments: &[Arc<Segment>],
        array_id: u64,
        chunks: &[u64],
    ) -> Result<Vec<Option<(usize, Row)>>> {
        let mut found: Vec<Option<(usize, Row)>> = vec![None; chunks.len()];
        let (Some(&low), Some(&high)) = (chunks.first(), chunks.last()) else {
            return Ok(found);
        };
        let mut missing = chunks.len();
        for (number, segment) in segments.iter().enumerate().rev() {
            let mut next = 0;
            self.rows(segment, array_id, (low, high), |row| {
                next += chunks[next..].partition_point(|&chunk| chunk < row.chunk);
                if chunks.get(next) == Some(&row.chunk) && found[next].is_none() {
                    found[next] = Some((number, *row));
                    missing -= 1;
                }
            })?;
            if missing == 0 {
                break;
            }
        }
        Ok(found)
    }

    /// Reads `len` stored bytes from `offset` on into `buffer`.
    pub fn stored(&self, segment: &Segment, offset: u64, len: usize, buffer: &mut Vec<u8>) -> Result<()> {
        crate::memory::buffers::resize(buffer, len)?;
        self.read(segment, &*self.file(segment)?, buffer, offset)
    }

    /// `len` stored bytes from `offset` on.
    pub fn fetch(&self, segment: &Segment, offset: u64, len: usize) -> Result<Buffer> {
        let mut bytes = self.buffers.take(len)?;
        self.read(segment, &*self.file(segment)?, &mut bytes, offset)?;
        Ok(bytes)
    }

    /// Checks a block's stored bytes.
    pub fn check(&self, segment: &Segment, block: &BlockRef, stored: &[u8]) -> Result<()> {
        if crc32c::crc32c(stored) != block.crc {
            return Err(segment.damaged(block.offset, &error!(Corrupt, "a block's checksum does not match")));
        }
        Ok(())
    }

    /// Checks a block's stored bytes and decodes them into `out`, which has just the room for them.
    pub fn decode(&self, segment: &Segment, block: &BlockRef, stored: &[u8], out: &mut [u8]) -> Result<()> {
        self.check(segment, block, stored)?;
        codec::decode(&block.coding, stored, out).map_err(|error| segment.damaged(block.offset, &error))
    }

    /// Decodes a block and leaves it shuffled; see [`codec::decode_planes`]. It may be kept at hand.
    pub fn decode_planes(&self, segment: &Segment, block: &BlockRef, stored: &[u8], keep: bool) -> Result<Arc<Buffer>> {
        self.check(segment, block, stored)?;
        let mut planes = self.buffers.take(block.coding.raw_len as usize)?;
        codec::decode_planes(&block.coding, stored, &mut planes)
            .map_err(|error| segment.damaged(block.offset, &error))?;
        let planes = Arc::new(planes);
        if keep {
            self.keep((segment.uid, block.offset), Kept { bytes: planes.clone(), planes: block.coding.shuffle > 1 });
        }
        Ok(planes)
    }

    /// Takes some elements of a block from what [`Self::decode_planes`] gave; see [`codec::pick_runs`].
    pub fn pick_runs(
        &self,
        segment: &Segment,
        block: &BlockRef,
        item: usize,
        planes: &[u8],
        runs: impl Iterator<Item = (usize, usize)>,
        out: &mut [u8],
    ) -> Result<()> {
        codec::pick_runs(&block.coding, item, planes, runs, out).map_err(|error| segment.damaged(block.offset, &error))
    }

    /// Whether this many decoded bytes are worth keeping: they do not push each other out.
    pub fn has_cache_for(&self, bytes: u64) -> bool {
        bytes <= self.cache_bytes / 2
    }

    /// What is wrong with the content of a block whose checksum is right.
    pub fn damaged_block(&self, segment: &Segment, block: &BlockRef, error: &Error) -> Error {
        segment.damaged(block.offset, error)
    }

    /// The bytes of a chunk in its decoded block.
    pub fn chunk<'d>(&self, segment: &Segment, row: &Row, decoded: &'d [u8]) -> Result<&'d [u8]> {
        // Two rows may disagree on a block that they share.
        (decoded.get(row.at as usize..))
            .and_then(|rest| rest.get(..row.len as usize))
            .ok_or_else(|| segment.damaged(row.block.offset, &error!(Corrupt, "a chunk is outside its block")))
    }

    /// Lets go of an open file.
    pub fn close(&self, segment: &Segment) {
        self.files.remove(&segment.uid);
    }

    /// A decoded block, if it is at hand.
    pub fn cached(&self, segment: &Segment, block: &BlockRef) -> Option<Kept> {
        self.blocks.get(&(segment.uid, block.offset))
    }

    fn keep(&self, key: (u64, u64), kept: Kept) {
        if (kept.bytes.len() as u64) < self.cache_bytes / 4 {
            self.blocks.insert(key, kept);
        }
    }

    /// A decoded block that is not in a segment yet, from the cache or decoded.
    pub fn pending(&self, encoded: &Encoded) -> Result<Arc<Buffer>> {
        let key = (PENDING | encoded.uid, 0);
        if let Some(kept) = self.blocks.get(&key) {
            return Ok(kept.bytes);
        }
        let decoded = Arc::new(encoded.decode(&self.buffers)?);
        self.keep(key, Kept { bytes: decoded.clone(), planes: false });
        Ok(decoded)
    }

    /// A decoded block, from the cache or read.
    pub fn block(&self, segment: &Segment, block: &BlockRef) -> Result<Arc<Buffer>> {
        match self.cached(segment, block) {
            Some(Kept { bytes, planes: false }) => Ok(bytes),
            Some(Kept { bytes, planes: true }) => {
                let mut joined = self.buffers.take(bytes.len())?;
                codec::join_planes(&block.coding, &bytes, &mut joined);
                let joined = Arc::new(joined);
                self.keep((segment.uid, block.offset), Kept { bytes: joined.clone(), planes: false });
                Ok(joined)
            }
            None => {
                let stored = self.fetch(segment, block.offset, block.len as usize)?;
                self.decode_block(segment, block, &stored)
            }
        }
    }

    /// Decodes a block and keeps it at hand.
    pub fn decode_block(&self, segment: &Segment, block: &BlockRef, stored: &[u8]) -> Result<Arc<Buffer>> {
        let mut decoded = self.buffers.take(block.coding.raw_len as usize)?;
        self.decode(segment, block, stored, &mut decoded)?;
        let decoded = Arc::new(decoded);
        self.keep((segment.uid, block.offset), Kept { bytes: decoded.clone(), planes: false });
        Ok(decoded)
    }

    /// What the arrays of a segment are.
    pub fn definitions(&self, segment: &Segment) -> Result<Definitions> {
        let file = self.file(segment)?;
        let directory = self.read_directory(segment, &*file)?;
        let (offset, (len, crc)) = (directory.definitions_offset(), directory.definitions);
        let mut bytes = crate::memory::buffers::allocate(len as usize)?;
        self.read(segment, &*file, &mut bytes, offset)?;
        if crc32c::crc32c(&bytes) != crc {
            return Err(segment.damaged(offset, &error!(Corrupt, "the checksum of the definitions does not match")));
        }
        Definitions::from_bytes(&bytes).map_err(|error| segment.damaged(offset, &error))
    }

    /// Reads and checks every byte of a segment, calling `damage` with the offset and the error of each part that is
    /// not what was written.
    pub fn verify(&self, segment: &Segment, damage: &mut dyn FnMut(u64, Error)) -> Result<()> {
        self.files.remove(&segment.uid);
        let opened = self.file(segment).and_then(|file| Ok((self.read_directory(segment, &*file)?, file)));
        let (directory, _file) = match opened {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => {
                damage(0, error);
                return Ok(());
            }
        };
        let mut blocks: Vec<BlockRef> = Vec::new();
        let mut whole = true;
        for (number, page) in directory.pages.iter().enumerate() {
            match self.page_uncached(segment, &directory, number) {
                Ok(rows) => {
                    blocks.extend(rows.iter().map(|row| row.block));
                    // Blocks that do not overlap are no more than their bytes.
                    if blocks.len() as u64 > directory.blocks_end {
                        blocks.sort_unstable_by_key(|block| block.offset);
                        blocks.dedup();
                        if blocks.len() as u64 > directory.blocks_end {
                            let wrong = error!(Corrupt, "the index names more blocks than there are bytes");
                            damage(page.offset, segment.damaged(page.offset, &wrong));
                            return Ok(());
                        }
                    }
                }
                Err(error) => {
                    whole = false;
                    damage(page.offset, error);
                }
            }
        }
        blocks.sort_unstable_by_key(|block| block.offset);
        blocks.dedup();
        let mut end = HEADER_LEN as u64;
        let (mut stored, mut decoded) = (Vec::new(), Vec::new());
        for block in &blocks {
            if block.offset < end {
                let wrong = error!(Corrupt, "the block overlaps the one before it");
                damage(block.offset, segment.damaged(block.offset, &wrong));
                continue;
            }
            if block.offset != end && whole {
                damage(end, segment.damaged(end, &error!(Corrupt, "the blocks have a gap here")));
            }
            end = block.offset + u64::from(block.len);
            let read = self.stored(segment, block.offset, block.len as usize, &mut stored).and_then(|()| {
                crate::memory::buffers::resize(&mut decoded, block.coding.raw_len as usize)?;
                self.decode(segment, block, &stored, &mut decoded)
            });
            match read {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => damage(block.offset, error),
                Ok(()) => {}
            }
        }
        if whole && end != directory.blocks_end {
            damage(end, segment.damaged(end, &error!(Corrupt, "bytes that belong to no block")));
        }
        match self.definitions(segment) {
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => damage(directory.definitions_offset(), error),
            Ok(_) => {}
        }
        Ok(())
    }
}

/// A segment being written.
pub(crate) struct SegmentWriter {
    file: Box<dyn WriteFile>,
    path: PathBuf,
    /// Where the next block goes.
    end: u64,
    gathered: Vec<u8>,
    /// Bytes in the file, and how many of them are on their way to the disk; all, where nobody will sync it.
    written: u64,
    sent: u64,
    rows: Vec<Row>,
    pages: Vec<u8>,
    directory: Directory,
    /// Of the arrays that have rows, in ascending order.
    ids: Vec<u64>,
}

impl SegmentWriter {
    /// Makes the file at `path` and begins it.
    pub fn create(storage: &dyn Storage, path: PathBuf, store_id: &[u8; 16]) -> Result<Self> {
        check_folder(storage, &path)?;
        let file = storage.create(&path).map_err(|error| Error::io("create", &path, &error))?;
        Ok(Self {
            file,
            path,
            end: HEADER_LEN as u64,
            gathered: layout::header(store_id).to_vec(),
            written: 0,
            sent: u64::MAX,
            rows: Vec::new(),
            pages: Vec::new(),
            directory: Directory::default(),
            ids: Vec::new(),
        })
    }

    /// Begins to sync what is written, as it is written, if the file is to be synced.
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.sent = if sync { 0 } else { u64::MAX };
        self
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let large = bytes.len() > WRITE_BUFFER / 2;
        if large || self.gathered.len() + bytes.len() > WRITE_BUFFER {
            self.write_gathered()?;
        }
        if large {
            self.append(bytes)
        } else {
            self.gathered.extend_from_slice(bytes);
            Ok(())
        }
    }

    fn write_gathered(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        let written = self.append(&gathered);
        self.gathered = gathered;
        self.gathered.clear();
        written
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.append(bytes).map_err(|error| Error::io("write", &self.path, &error))?;
        self.written += bytes.len() as u64;
        if self.written.saturating_sub(self.sent) >= SYNC_STEP {
            self.file.begin_sync(self.sent..self.written);
            self.sent = self.written;
        }
        Ok(())
    }

    /// Writes a block and says where it is.
    pub fn block(&mut self, bytes: &[u8], crc: u32, coding: crate::codec::Coding) -> Result<BlockRef> {
        let Ok(len) = u32::try_from(bytes.len()) else {
            bail!(InvalidArgument, "a stored block of {} bytes exceeds 2^32 - 1", bytes.len());
        };
        let block = BlockRef { offset: self.end, len, crc, coding };
        self.write(bytes)?;
        self.end += bytes.len() as u64;
        Ok(block)
    }

    /// Writes an encoded block; its rows, for the chunks named by `keys`, are handed to `rows`.
    pub fn encoded(&mut self, encoded: &Encoded, keys: &[ChunkKey], rows: &mut Vec<Row>) -> Result<()> {
        let block = self.block(&encoded.bytes, encoded.crc, encoded.coding)?;
        rows.extend(keys.iter().zip(&encoded.parts).map(|(&(array_id, chunk), part)| Row {
            array_id,
            chunk,
            block,
            at: part.at,
            len: part.len,
            stats: part.stats,
        }));
        Ok(())
    }

    /// Adds a row to the index; rows come in order of array id and chunk.
    pub fn row(&mut self, row: Row) -> Result<()> {
        let last = self.rows.last().map(|last| (last.array_id, last.chunk)).or(self.directory.last_of_pages());
        if last >= Some((row.array_id, row.chunk)) {
            bail!(Corrupt, "chunk {} of array id {} comes twice: two arrays have that id", row.chunk, row.array_id);
        }
        if self.ids.last() != Some(&row.array_id) {
            self.ids.push(row.array_id);
        }
        self.rows.push(row);
        if self.rows.len() == PAGE_ROWS { self.end_page() } else { Ok(()) }
    }

    /// Rows added so far.
    pub fn row_count(&self) -> u64 {
        self.directory.row_count() + self.rows.len() as u64
    }

    fn end_page(&mut self) -> Result<()> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else {
            return Ok(());
        };
        let bytes = layout::page_to_bytes(&self.rows)?;
        self.directory.last = (last.array_id, last.chunk);
        self.directory.pages.push(PageRef {
            first: (first.array_id, first.chunk),
            rows: self.rows.len() as u32,
            offset: self.pages.len() as u64,
            len: bytes.len() as u32,
            crc: crc32c::crc32c(&bytes),
        });
        self.pages.extend_from_slice(&bytes);
        self.rows.clear();
        Ok(())
    }

    /// Writes the index, and what `define` says of each array that has rows. The file and its folder are the caller's to
    /// sync.
    pub fn finish<'d>(
        mut self,
        array: &Arc<str>,
        define: impl Fn(u64) -> Option<Defined<'d>>,
    ) -> Result<(Segment, NewFile)> {
        self.end_page()?;
        self.directory.blocks_end = self.end;
        for page in &mut self.directory.pages {
            page.offset += self.end;
        }
        let pages = std::mem::take(&mut self.pages);
        self.write(&pages)?;
        let definitions = self.definitions(array, define)?;
        let Ok(len) = u32::try_from(definitions.len()) else {
            bail!(InvalidArgument, "the definitions of a segment take {} bytes, over 2^32 - 1", definitions.len());
        };
        self.directory.definitions = (len, crc32c::crc32c(&definitions));
        self.write(&definitions)?;
        let directory = self.directory.to_bytes();
        let trailer = Trailer {
            directory_offset: self.directory.definitions_offset() + u64::from(len),
            directory_len: directory.len() as u64,
            directory_crc: crc32c::crc32c(&directory),
        };
        self.write(&directory)?;
        self.write(&trailer.to_bytes())?;
        self.write_gathered()?;
        let file = self.path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default();
        let record = SegmentRecord {
            file,
            length: trailer.directory_offset + trailer.directory_len + TRAILER_LEN as u64,
            directory_crc32c: trailer.directory_crc,
            array_ids: (self.ids.first().copied().unwrap_or(0), self.ids.last().copied().unwrap_or(0)),
        };
        let segment = Segment::at(record, self.path.clone());
        // Whoever asks for it next need not read it back.
        let _ = segment.directory.set(Arc::new(self.directory));
        Ok((segment, NewFile { path: self.path, file: self.file }))
    }

    fn definitions<'d>(&self, array: &Arc<str>, define: impl Fn(u64) -> Option<Defined<'d>>) -> Result<Vec<u8>> {
        let mut definitions = Definitions::new(array.clone());
        let mut numbers = SchemaNumbers::default();
        for &id in &self.ids {
            let Some(Defined { dataset, schema, shape }) = define(id) else {
                bail!(Internal, "chunks of array {id}, of which nothing is known");
            };
            let schema = numbers.number(schema, &mut definitions.schemas);
            definitions.arrays.push(Definition(id, dataset.clone(), schema, shape.to_vec()));
        }
        definitions.to_bytes()
    }
}

/// What a segment says of an array that it has chunks of.
pub(crate) struct Defined<'d> {
    pub dataset: &'d Arc<str>,
    pub schema: &'d Arc<Schema>,
    pub shape: &'d [u64],
}

/// A file that was written, and may not be durable yet.
pub(crate) struct NewFile {
    pub path: PathBuf,
    pub file: Box<dyn WriteFile>,
}

impl NewFile {
    /// Makes a new segment durable. Where there is no room for it, that is all that has happened: no root names it, and
    /// another can be written.
    pub fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::io("fsync", &self.path, &error),
            _ => sync_failed(&self.path, &error),
        })
    }
}

/// Refuses a segment in a folder that is a symbolic link: it may lead out of the store.
fn check_folder(storage: &dyn Storage, segment: &Path) -> Result<()> {
    let Some(folder) = segment.parent() else { return Ok(()) };
    if storage.is_link(folder).map_err(|error| Error::io("stat", folder, &error))? {
        bail!(Corrupt, "{}: a symbolic link, which a store does not follow", folder.display());
    }
    Ok(())
}

/// Makes the bytes of a file that is there durable.
pub(crate) fn sync_file(storage: &dyn Storage, path: &Path) -> Result<()> {
    storage.sync_file(path).map_err(|error| sync_failed(path, &error))
}

/// A failed fsync: the kernel may have dropped the data and forgotten the error, so that trying again proves nothing.
pub(crate) fn sync_failed(path: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Poisoned,
        format!("fsync {}: {error}; nothing more can be committed through this store: reopen it", path.display()),
    )
}
