//! Reads of segments.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::maps::HashSet;
use crate::base::pool::Pool;
use crate::chunk::block::Encoded;
use crate::codec::{self, Form, Shard};
use crate::format::definitions::Definitions;
use crate::format::parts;
use crate::format::root::SegmentRecord;
use crate::format::segment::{self as layout, BlockRef, Directory, HEADER_LEN, Row, TRAILER_LEN, Trailer};
use crate::memory::buffers::{self, Buffer, Buffers};
use crate::segment::cache::{self, Kept};
use crate::segment::{Index, Part, Segment, bundle};
use crate::storage::{ReadFile, Storage, check_folder};
use std::path::Path;
use std::sync::Arc;

/// The end of a segment that is read first: the trailer, and for most segments the directory with it.
const TAIL: usize = 2048;

/// The end of a segment that comes with it when it is opened, where each read is a request: for many segments all of the index.
const ENDING: u64 = 32 << 10;
/// How many more segments are looked into beside each other, each time that those before have not all that is looked for.
const MORE: usize = 4;

/// Tells pending blocks from segments in the cache's keys.
const PENDING: u64 = 1 << 63;

/// Reads segments, through bounded caches of index pages, places of pieces and decoded blocks.
pub(crate) struct SegmentReader {
    storage: Arc<dyn Storage>,
    store_id: [u8; 16],
    buffers: Arc<Buffers>,
    pages: cache::Pages,
    shards: cache::Shards,
    blocks: cache::Blocks,
    cache_bytes: u64,
    /// Who reads ahead, where each read is a request.
    ahead: Option<Arc<Pool>>,
}

/// What a decoded block is kept under. A block in pieces begins where its first piece does, and only pieces are kept.
fn kept_as(segment: &Segment, block: &BlockRef) -> Option<(u64, u64)> {
    (!matches!(block.coding.form, Form::Pieces(_))).then_some((segment.number(), block.offset))
}

impl SegmentReader {
    pub fn new(storage: Arc<dyn Storage>, store_id: [u8; 16], cache_bytes: u64, buffers: &Arc<Buffers>) -> Self {
        Self {
            storage,
            store_id,
            buffers: buffers.clone(),
            pages: cache::pages(cache_bytes / 4 - cache_bytes / 16),
            shards: cache::shards(cache_bytes / 16),
            blocks: cache::blocks(cache_bytes - cache_bytes / 4),
            cache_bytes,
            ahead: None,
        }
    }

    /// Has indexes read beside each other by `pool`, as is due where each read is a request.
    pub fn reading_ahead(mut self, pool: &Arc<Pool>) -> Self {
        self.ahead = Some(pool.clone());
        self
    }

    /// Reads what is to be known of some arrays' chunks in some segments, as far as it is not at hand. What fails is left to
    /// who needs it.
    pub fn read_ahead<'s>(&self, rows: impl IntoIterator<Item = (&'s Arc<Segment>, u64, (u64, u64))>) {
        let Some(pool) = &self.ahead else { return };
        let mut seen = HashSet::default();
        let rows: Vec<_> = rows
            .into_iter()
            .filter(|(segment, id, _)| {
                let (low, high) = segment.record.array_ids;
                (low..=high).contains(id) && segment.index.get().is_none() && seen.insert(segment.number())
            })
            .collect();
        if rows.len() > 1 {
            let _ = pool.for_each(&rows, |(segment, id, chunks)| {
                let _ = self.rows(segment, *id, *chunks, |_| {});
                Ok(())
            });
        }
    }

    /// The open file, its length and header checked. An absent file is [`ErrorKind::NotFound`]: whoever reads an
    /// older snapshot may have had it compacted or merged away.
    fn file(&self, segment: &Segment) -> Result<Arc<dyn ReadFile>> {
        if let Some(file) = segment.open.get() {
            return Ok(file);
        }
        let failed = |error: &std::io::Error| Error::io("open", &segment.path, error);
        check_folder(&*self.storage, &segment.path)?;
        let (begin, end) = (segment.offset(), segment.offset() + segment.record.length);
        let ending = begin.max(end.saturating_sub(ENDING))..end;
        let ranges = [begin.saturating_sub(HEADER_LEN as u64)..begin + HEADER_LEN as u64, ending];
        let file = self.storage.open_for(&segment.path, &ranges).map_err(|error| failed(&error))?;
        let len = file.length().map_err(|error| failed(&error))?;
        let length = segment.record.length;
        if segment.index.get().is_none() && !segment.is_part {
            // It is read right behind the header.
            let end = segment.offset().saturating_add(length);
            file.begin_read(end.saturating_sub(TAIL as u64)..end);
        }
        match segment.record.at {
            None if len != length => {
                let wrong = error!(Corrupt, "the file has {len} bytes, the root says {length}");
                return Err(segment.damaged(len.min(length), &wrong));
            }
            None => {}
            Some(at) => {
                bundle::check(&*file, &self.store_id, at, length).map_err(|error| segment.damaged(0, &error))?;
            }
        }
        let mut header = [0; HEADER_LEN];
        self.read(segment, &*file, &mut header, 0)?;
        layout::check_header(layout::SEGMENT, &header, &self.store_id).map_err(|error| segment.damaged(0, &error))?;
        segment.open.keep(file.clone());
        Ok(file)
    }

    fn read(&self, segment: &Segment, file: &dyn ReadFile, buffer: &mut [u8], offset: u64) -> Result<()> {
        file.read_at(buffer, segment.offset() + offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => segment.damaged(offset, &error!(Corrupt, "the file ends too early")),
            _ => Error::io("read", &segment.path, &error),
        })
    }

    /// The directory, read and checked when first asked for.
    pub fn directory(&self, segment: &Segment) -> Result<Arc<Directory>> {
        Ok(self.index(segment)?.directory.clone())
    }

    /// The segments that have blocks of this one, beside itself.
    pub fn parts<'s>(&self, segment: &'s Segment) -> Result<&'s [Arc<Part>]> {
        if segment.record.parts.is_none() {
            return Ok(&[]);
        }
        Ok(&self.index(segment)?.parts)
    }

    /// Checks that a part is there, and is what is said of it.
    pub fn check_part(&self, Part { record, segment }: &Part) -> Result<()> {
        let file = self.file(segment)?;
        let directory = self.parse_directory(segment, &*file)?;
        if directory.blocks_end != record.blocks_end {
            let wrong = error!(Corrupt, "the blocks end at {}, not at {}", directory.blocks_end, record.blocks_end);
            return Err(segment.damaged(directory.blocks_end, &wrong));
        }
        Ok(())
    }

    /// Checks that the files of a segment and of its parts are there, and its directory.
    pub fn check_files(&self, segment: &Segment) -> Result<()> {
        self.directory(segment)?;
        self.parts(segment)?.iter().try_for_each(|part| self.check_file(&part.segment))
    }

    /// Checks that a file is there, its length and header.
    pub fn check_file(&self, segment: &Segment) -> Result<()> {
        self.file(segment).map(drop)
    }

    fn index<'s>(&self, segment: &'s Segment) -> Result<&'s Index> {
        if let Some(index) = segment.index.get() {
            return Ok(index);
        }
        let file = self.file(segment)?;
        let index = self.read_index(segment, &*file)?;
        Ok(segment.index.get_or_init(|| index))
    }

    /// The directory, and what is said of parts.
    fn read_index(&self, segment: &Segment, file: &dyn ReadFile) -> Result<Index> {
        let directory = self.read_directory(segment, file)?;
        let Some(total) = segment.record.parts else {
            return Ok(Index::new(directory, Vec::new(), segment));
        };
        let (offset, (len, crc)) = (directory.parts_offset(), directory.parts);
        let mut bytes = buffers::allocate(len as usize)?;
        self.read(segment, file, &mut bytes, offset)?;
        if crc32c::crc32c(&bytes) != crc {
            return Err(segment.damaged(offset, &error!(Corrupt, "the checksum of the list of parts does not match")));
        }
        let records = parts::from_bytes(&bytes, total).map_err(|error| segment.damaged(offset, &error))?;
        Ok(Index::new(directory, records, segment))
    }

    /// A segment that no root is there to name, as its file says; of a bundle, the one that begins at `bundled.0` and has
    /// `bundled.1` bytes.
    pub fn find(&self, path: &Path, bundled: Option<(u64, u64)>) -> Result<Segment> {
        let failed = |error: std::io::Error| Error::io("read", path, &error);
        let file_len = self.storage.open(path).and_then(|file| file.length()).map_err(failed)?;
        let (at, length) = bundled.map_or((None, file_len), |(at, length)| (Some(at), length));
        if at.unwrap_or(0).checked_add(length).is_none_or(|end| end > file_len) {
            bail!(Corrupt, "{}: a segment of {length} bytes reaches beyond the file's {file_len}", path.display());
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default();
        let mut record = SegmentRecord { file: name, length, directory_crc32c: 0, array_ids: (0, 0), at, parts: None };
        let unknown = Segment::at(record.clone(), path.to_owned());
        let file = self.file(&unknown)?;
        record.directory_crc32c = self.trailer(&unknown, &*file)?.directory_crc;
        let unknown = Segment::at(record.clone(), path.to_owned());
        let directory = self.parse_directory(&unknown, &*file)?;
        record.array_ids = directory.array_ids();
        if directory.has_parts() {
            let (offset, (len, _)) = (directory.parts_offset(), directory.parts);
            let mut bytes = buffers::allocate(len as usize)?;
            self.read(&unknown, &*file, &mut bytes, offset)?;
            record.parts = Some(parts::total(&bytes).map_err(|error| unknown.damaged(offset, &error))?);
        }
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
        let directory = self.parse_directory(segment, file)?;
        let (ids, said) = (directory.array_ids(), segment.record.array_ids);
        if directory.has_parts() != segment.record.parts.is_some() {
            let wrong = error!(Corrupt, "the directory and the root do not agree on whether there are parts");
            return Err(segment.damaged(directory.parts_offset(), &wrong));
        }
        if ids != said && !segment.is_part {
            let offset = directory.definitions_offset() + u64::from(directory.definitions.0);
            let wrong = error!(Corrupt, "the directory has array ids {ids:?}, the root says {said:?}");
            return Err(segment.damaged(offset, &wrong));
        }
        Ok(directory)
    }

    fn parse_directory(&self, segment: &Segment, file: &dyn ReadFile) -> Result<Directory> {
        let len = segment.record.length;
        if len < (HEADER_LEN + TRAILER_LEN) as u64 {
            return Err(segment.damaged(len, &error!(Corrupt, "{len} bytes are too few for a segment")));
        }
        let mut tail = buffers::allocate(TAIL.min(len as usize))?;
        let tail_offset = len - tail.len() as u64;
        self.read(segment, file, &mut tail, tail_offset)?;
        let trailer_offset = len - TRAILER_LEN as u64;
        let trailer = match tail.last_chunk::<TRAILER_LEN>() {
            Some(bytes) => Trailer::parse(bytes, len).map_err(|error| segment.damaged(trailer_offset, &error))?,
            None => bail!(Internal, "a tail shorter than a trailer"),
        };
        let offset = trailer.directory_offset;
        let bytes = match offset.checked_sub(tail_offset) {
            Some(at) => buffers::collect(tail[at as usize..tail.len() - TRAILER_LEN].iter().copied())?,
            None => {
                let mut bytes = buffers::allocate(trailer.directory_len as usize)?;
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
        let key = (segment.number(), number as u64);
        if let Some(rows) = self.pages.get(&key) {
            return Ok(rows);
        }
        let rows = Arc::new(self.page_uncached(segment, directory, number)?);
        self.pages.insert(key, rows.clone());
        Ok(rows)
    }

    fn page_uncached(&self, segment: &Segment, directory: &Directory, number: usize) -> Result<Vec<Row>> {
        let page = &directory.pages[number];
        let mut bytes = buffers::allocate(page.len as usize)?;
        self.read(segment, &*self.file(segment)?, &mut bytes, page.offset)?;
        if crc32c::crc32c(&bytes) != page.crc {
            return Err(segment.damaged(page.offset, &error!(Corrupt, "an index page's checksum does not match")));
        }
        let part_ends = if directory.has_parts() { &self.index(segment)?.part_ends[..] } else { &[] };
        layout::page_from_bytes(&bytes, page, directory.blocks_end, part_ends)
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

    /// Where each of `chunks`, which ascend, of an array is stored: which of `segments` has the row (later ones win), and that.
    pub fn locate(
        &self,
        segments: &[Arc<Segment>],
        array_id: u64,
        chunks: &[u64],
    ) -> Result<Vec<Option<(usize, Row)>>> {
        let mut found: Vec<Option<(usize, Row)>> = Vec::new();
        buffers::reserve(&mut found, chunks.len())?;
        found.resize(chunks.len(), None);
        let (Some(&low), Some(&high)) = (chunks.first(), chunks.last()) else {
            return Ok(found);
        };
        let mut missing = chunks.len();
        let (mut ahead, mut more) = (segments.len(), 1);
        for (number, segment) in segments.iter().enumerate().rev() {
            if number < ahead {
                let from = ahead.saturating_sub(more);
                self.read_ahead(segments[from..ahead].iter().map(|segment| (segment, array_id, (low, high))));
                (ahead, more) = (from, more * MORE);
            }
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
        buffers::resize(buffer, len)?;
        self.read(segment, &*self.file(segment)?, buffer, offset)
    }

    /// `len` stored bytes from `offset` on.
    pub fn fetch(&self, segment: &Segment, offset: u64, len: usize) -> Result<Buffer> {
        let mut bytes = self.buffers.take(len)?;
        self.read(segment, &*self.file(segment)?, &mut bytes, offset)?;
        Ok(bytes)
    }

    /// Has stored bytes that are about to be fetched begin their way from the disk.
    pub fn begin_fetch(&self, segment: &Segment, offset: u64, len: u64) {
        if let Some(file) = segment.open.get() {
            let from = segment.offset() + offset;
            file.begin_read(from..from.saturating_add(len));
        }
    }

    /// The same for what [`Self::shard`] is about to read.
    pub fn begin_shard(&self, segment: &Segment, block: &BlockRef) {
        if self.shards.get(&(segment.number(), block.offset)).is_none()
            && let Ok(at) = self.index_offset(block)
        {
            self.begin_fetch(segment, at, codec::index_len(block.coding.pieces()));
        }
    }

    /// Checks a block's stored bytes, those of all pieces if it is in pieces.
    pub fn check(&self, segment: &Segment, block: &BlockRef, stored: &[u8]) -> Result<()> {
        let Form::Pieces(_) = block.coding.form else {
            return self.stream(segment, block, stored).map(|_| ());
        };
        self.pieces_in(segment, block, stored)?.try_for_each(|(piece, stored)| self.check(segment, &piece, stored))
    }

    /// The stream that a block's stored bytes are, or those of a piece, checked.
    fn stream<'s>(&self, segment: &Segment, block: &BlockRef, stored: &'s [u8]) -> Result<&'s [u8]> {
        match block.coding.form {
            Form::Whole if crc32c::crc32c(stored) == block.crc => Ok(stored),
            Form::Whole => Err(segment.damaged(block.offset, &error!(Corrupt, "a block's checksum does not match"))),
            Form::Piece => codec::checked(stored, "a piece").map_err(|error| segment.damaged(block.offset, &error)),
            Form::Pieces(_) => bail!(Internal, "a block in pieces is not one stream"),
        }
    }

    /// Where the pieces of a block in pieces are, from the cache or read.
    pub fn shard(&self, segment: &Segment, block: &BlockRef) -> Result<Arc<Shard>> {
        let key = (segment.number(), block.offset);
        if let Some(shard) = self.shards.get(&key) {
            return Ok(shard);
        }
        let len = codec::index_len(block.coding.pieces());
        let at = self.index_offset(block)?;
        let index = self.fetch(segment, at, len as usize)?;
        let shard = Shard::parse(&block.coding, block.len, block.crc, &index);
        let shard = Arc::new(shard.map_err(|error| segment.damaged(at, &error))?);
        self.shards.insert(key, shard.clone());
        Ok(shard)
    }

    /// Where the index of a block in pieces begins. The row has been seen to have room for it.
    fn index_offset(&self, block: &BlockRef) -> Result<u64> {
        let len = codec::index_len(block.coding.pieces());
        let at = u64::from(block.len).checked_sub(len);
        at.map(|at| block.offset + at)
            .ok_or_else(|| error!(Internal, "an index of {len} bytes in a block of {}", block.len))
    }

    /// Where pieces are in the stored bytes of their block.
    pub fn shard_in(&self, segment: &Segment, block: &BlockRef, stored: &[u8]) -> Result<Shard> {
        let at = self.index_offset(block)?;
        Shard::of_block(&block.coding, block.crc, stored).map_err(|error| segment.damaged(at, &error))
    }

    /// The pieces of a block in pieces, with the stored bytes of each.
    fn pieces_in<'s>(
        &self,
        segment: &Segment,
        block: &'s BlockRef,
        stored: &'s [u8],
    ) -> Result<impl Iterator<Item = (BlockRef, &'s [u8])>> {
        let shard = self.shard_in(segment, block, stored)?;
        Ok((0..shard.pieces()).map(move |number| {
            let (at, len) = shard.piece(number);
            (block.piece(&shard, number), &stored[at as usize..][..len as usize])
        }))
    }

    /// Checks a block's stored bytes and decodes them into `out`, which has just the room for them.
    pub fn decode(&self, segment: &Segment, block: &BlockRef, stored: &[u8], out: &mut [u8]) -> Result<()> {
        let Form::Pieces(_) = block.coding.form else {
            let stream = self.stream(segment, block, stored)?;
            return codec::decode(&block.coding, stream, out, &self.buffers)
                .map_err(|error| segment.damaged(block.offset, &error));
        };
        let outs = out.chunks_exact_mut(block.coding.piece().raw_len as usize);
        let mut pieces = self.pieces_in(segment, block, stored)?.zip(outs);
        pieces.try_for_each(|((piece, stored), out)| self.decode(segment, &piece, stored, out))
    }

    /// Decodes a block and leaves it shuffled; see [`codec::decode_planes`]. It may be kept at hand.
    pub fn decode_planes(&self, segment: &Segment, block: &BlockRef, stored: &[u8], keep: bool) -> Result<Arc<Buffer>> {
        let stream = self.stream(segment, block, stored)?;
        let mut planes = self.buffers.take(block.coding.raw_len as usize)?;
        codec::decode_planes(&block.coding, stream, &mut planes)
            .map_err(|error| segment.damaged(block.offset, &error))?;
        let planes = Arc::new(planes);
        if keep {
            self.keep(kept_as(segment, block), Kept { bytes: planes.clone(), planes: block.coding.shuffle > 1 });
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

    /// Decoded bytes that do not push each other out of the cache.
    pub fn cache_room(&self) -> u64 {
        self.cache_bytes / 2
    }

    /// Whether this many decoded bytes are worth keeping.
    pub fn has_cache_for(&self, bytes: u64) -> bool {
        bytes <= self.cache_room()
    }

    /// Keeps at hand what a segment was just written with: its first index page.
    pub fn keep_page(&self, segment: &Segment, rows: Vec<Row>) {
        self.pages.insert((segment.number(), 0), Arc::new(rows));
    }

    /// The same for a decoded block.
    pub fn keep_block(&self, segment: &Segment, block: &BlockRef, bytes: Buffer) {
        self.keep(kept_as(segment, block), Kept { bytes: Arc::new(bytes), planes: false });
    }

    /// A decoded block that nobody will ask for again, if it is at hand and nobody else has it.
    pub fn take_block(&self, segment: &Segment, block: &BlockRef) -> Option<Buffer> {
        let key = kept_as(segment, block)?;
        let (_, Kept { bytes, .. }) = self.blocks.remove_if(&key, |kept| !kept.planes)?;
        Arc::into_inner(bytes)
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

    /// A decoded block, if it is at hand. One in pieces never is: its first piece has its place.
    pub fn cached(&self, segment: &Segment, block: &BlockRef) -> Option<Kept> {
        self.blocks.get(&kept_as(segment, block)?)
    }

    fn keep(&self, key: Option<(u64, u64)>, kept: Kept) {
        if let Some(key) = key
            && (kept.bytes.len() as u64) < self.cache_bytes / 4
        {
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
        self.keep(Some(key), Kept { bytes: decoded.clone(), planes: false });
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
                self.keep(kept_as(segment, block), Kept { bytes: joined.clone(), planes: false });
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
        self.keep(kept_as(segment, block), Kept { bytes: decoded.clone(), planes: false });
        Ok(decoded)
    }

    /// What the arrays of a segment are.
    pub fn definitions(&self, segment: &Segment) -> Result<Definitions> {
        let file = self.file(segment)?;
        let directory = self.read_directory(segment, &*file)?;
        let (offset, (len, crc)) = (directory.definitions_offset(), directory.definitions);
        let mut bytes = buffers::allocate(len as usize)?;
        self.read(segment, &*file, &mut bytes, offset)?;
        if crc32c::crc32c(&bytes) != crc {
            return Err(segment.damaged(offset, &error!(Corrupt, "the checksum of the definitions does not match")));
        }
        Definitions::from_bytes(&bytes).map_err(|error| segment.damaged(offset, &error))
    }

    /// Reads and checks every byte of a segment and of its parts, calling `damage` with the segment, the offset and the error
    /// of whatever is not as it was written.
    pub fn verify(&self, segment: &Segment, damage: &mut dyn FnMut(&Segment, u64, Error)) -> Result<()> {
        self.verify_own(segment, &mut |offset, error| damage(segment, offset, error))?;
        // What is wrong with the index was said.
        let Ok(parts @ [_, ..]) = self.parts(segment) else { return Ok(()) };
        let mut named: Vec<Vec<BlockRef>> = Vec::new();
        buffers::reserve(&mut named, parts.len())?;
        named.resize_with(parts.len(), Vec::new);
        let directory = self.directory(segment)?;
        for number in 0..directory.pages.len() {
            for row in self.page_uncached(segment, &directory, number).unwrap_or_default() {
                if let Some(part) = row.part.checked_sub(1) {
                    buffers::push(&mut named[part as usize], row.block)?;
                }
            }
        }
        for (part, named) in parts.iter().zip(named) {
            let part = &part.segment;
            let blocks = self.verify_own(part, &mut |offset, error| damage(part, offset, error))?;
            let is_there = |block: &BlockRef| {
                blocks.binary_search_by_key(&block.offset, |known| known.offset).is_ok_and(|at| blocks[at] == *block)
            };
            if let Some(block) = named.iter().find(|block| !is_there(block)).filter(|_| !blocks.is_empty()) {
                let wrong = error!(Corrupt, "{} has a block here which the part has not", segment.path.display());
                damage(part, block.offset, part.damaged(block.offset, &wrong));
            }
        }
        Ok(())
    }

    /// The same without the parts; its blocks, in order, as far as its index tells.
    fn verify_own(&self, segment: &Segment, damage: &mut dyn FnMut(u64, Error)) -> Result<Vec<BlockRef>> {
        segment.open.close();
        let opened = self.file(segment).and_then(|file| Ok((self.read_index(segment, &*file)?, file)));
        let (directory, _file) = match opened {
            Ok((index, file)) => (index.directory, file),
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => {
                damage(0, error);
                return Ok(Vec::new());
            }
        };
        let mut blocks: Vec<BlockRef> = Vec::new();
        let mut whole = true;
        for (number, page) in directory.pages.iter().enumerate() {
            match self.page_uncached(segment, &directory, number) {
                Ok(rows) => {
                    buffers::reserve(&mut blocks, rows.len())?;
                    blocks.extend(rows.iter().filter(|row| row.part == 0).map(|row| row.block));
                    // Blocks that do not overlap are no more than their bytes.
                    if blocks.len() as u64 > directory.blocks_end {
                        blocks.sort_unstable_by_key(|block| block.offset);
                        blocks.dedup();
                        if blocks.len() as u64 > directory.blocks_end {
                            let wrong = error!(Corrupt, "the index names more blocks than there are bytes");
                            damage(page.offset, segment.damaged(page.offset, &wrong));
                            return Ok(blocks);
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
            match self.stored(segment, block.offset, block.len as usize, &mut stored) {
                Err(error) if error.kind() == ErrorKind::Io => return Err(error),
                Err(error) => damage(block.offset, error),
                Ok(()) => self.verify_block(segment, block, &stored, &mut decoded, damage),
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
        Ok(blocks)
    }

    /// Checks the stored bytes of a block, and of each of its pieces.
    fn verify_block(
        &self,
        segment: &Segment,
        block: &BlockRef,
        stored: &[u8],
        decoded: &mut Vec<u8>,
        damage: &mut dyn FnMut(u64, Error),
    ) {
        if let Form::Pieces(_) = block.coding.form {
            match self.pieces_in(segment, block, stored) {
                Ok(pieces) => {
                    pieces.for_each(|(piece, stored)| self.verify_block(segment, &piece, stored, decoded, damage));
                }
                Err(error) => damage(block.offset, error),
            }
            return;
        }
        let read = buffers::resize(decoded, block.coding.raw_len as usize)
            .and_then(|()| self.decode(segment, block, stored, decoded));
        if let Err(error) = read {
            damage(block.offset, error);
        }
    }
}
