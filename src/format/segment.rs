//! A segment: header, blocks, index pages, definitions, directory, trailer.

use super::varint::{Cursor, put, unzigzag, zigzag};
use crate::base::error::{Result, bail, error};
use crate::chunk::stats::ChunkStats;
use crate::codec::{self, Codec, Coding, Form, Shard};
use crate::memory::buffers;

const END_MAGIC: &[u8; 8] = b"ATLASEND";

/// Bytes of the header.
pub const HEADER_LEN: usize = 32;
/// Bytes of the trailer.
pub const TRAILER_LEN: usize = 32;
/// Rows of an index page, at most.
pub const PAGE_ROWS: usize = 2048;
/// Decoded bytes of a block that holds several chunks, at most. Writers stop gathering at about 64 KiB.
const MAX_PACK: u32 = 1 << 20;
/// In the byte that tells a block's codec: the block is in pieces.
const IN_PIECES: u8 = 0x80;
/// What one row can take in an index page, at most: the bound on what a page may decompress to.
const MAX_ROW_BYTES: usize = 104;

/// A kind of file of a store, by its first bytes and their version.
#[derive(Clone, Copy)]
pub struct FileKind {
    pub name: &'static str,
    pub magic: &'static [u8; 8],
    pub version: u32,
}

/// Segments.
pub const SEGMENT: FileKind = FileKind { name: "segment", magic: b"ATLASSEG", version: 1 };

/// Files of many small segments.
pub const BUNDLE: FileKind = FileKind { name: "bundle", magic: b"ATLASBDL", version: 1 };

/// The header of a file of this kind and store.
pub fn header(kind: FileKind, store_id: &[u8; 16]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(kind.magic);
    bytes[8..12].copy_from_slice(&kind.version.to_le_bytes());
    bytes[16..].copy_from_slice(store_id);
    bytes
}

/// The store id in a header.
pub fn store_id_in(header: &[u8; HEADER_LEN]) -> [u8; 16] {
    std::array::from_fn(|i| header[16 + i])
}

/// Checks a header against what it must be.
pub fn check_header(kind: FileKind, bytes: &[u8], store_id: &[u8; 16]) -> Result<()> {
    let FileKind { name, magic, version } = kind;
    if bytes == header(kind, store_id) {
        return Ok(());
    }
    if bytes.len() < HEADER_LEN || bytes[..8] != magic[..] {
        bail!(Corrupt, "not a {name}: its first bytes are not '{}'", String::from_utf8_lossy(magic));
    }
    let said = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
    if said > version {
        bail!(Unsupported, "{name} version {said} is newer than {version}");
    }
    bail!(Corrupt, "the header is damaged, or the {name} belongs to another store")
}

/// The end of a file: where its directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    pub directory_offset: u64,
    pub directory_len: u64,
    pub directory_crc: u32,
}

impl Trailer {
    pub fn to_bytes(self) -> [u8; TRAILER_LEN] {
        let mut bytes = [0; TRAILER_LEN];
        bytes[..8].copy_from_slice(&self.directory_offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.directory_len.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.directory_crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..20]);
        bytes[20..24].copy_from_slice(&crc.to_le_bytes());
        bytes[24..].copy_from_slice(END_MAGIC);
        bytes
    }

    /// The trailer of a file of `file_len` bytes.
    pub fn parse(bytes: &[u8; TRAILER_LEN], file_len: u64) -> Result<Self> {
        let mut cursor = Cursor(bytes);
        let trailer = Self {
            directory_offset: u64::from_le_bytes(cursor.bytes()?),
            directory_len: u64::from_le_bytes(cursor.bytes()?),
            directory_crc: u32::from_le_bytes(cursor.bytes()?),
        };
        if trailer.to_bytes() != *bytes {
            bail!(Corrupt, "the trailer is damaged");
        }
        let lengths = [trailer.directory_len, TRAILER_LEN as u64];
        let end = lengths.iter().try_fold(trailer.directory_offset, |end, &len| end.checked_add(len));
        if trailer.directory_offset < HEADER_LEN as u64 || end != Some(file_len) {
            bail!(Corrupt, "the trailer does not fit a file of {file_len} bytes");
        }
        Ok(trailer)
    }
}

/// What names a chunk under an array name: array id and chunk number.
pub type ChunkKey = (u64, u64);

/// One stored chunk: what it is, where it is, and its statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub array_id: u64,
    pub chunk: u64,
    /// Where the block is: 0 for the segment itself, n for the nth of its parts.
    pub part: u32,
    pub block: BlockRef,
    /// Where the chunk begins in the decoded block.
    pub at: u32,
    /// Bytes of the chunk in the decoded block.
    pub len: u32,
    pub stats: ChunkStats,
}

impl Row {
    /// What the rows of an index are in order of.
    pub fn key(&self) -> ChunkKey {
        (self.array_id, self.chunk)
    }

    /// The chunk's share of the stored block, such that the shares of all chunks of a block add up to it.
    pub fn stored_bytes(&self) -> u64 {
        let (raw, stored) = (u64::from(self.block.coding.raw_len.max(1)), u64::from(self.block.len));
        let before = |at: u64| at * stored / raw;
        if self.block.coding.raw_len == 0 {
            return stored;
        }
        before(u64::from(self.at) + u64::from(self.len)) - before(u64::from(self.at))
    }
}

/// A block in a segment, or one of its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    pub offset: u64,
    pub len: u32,
    /// CRC-32C of the stored bytes; of a block in pieces that of their index, of a piece 0, as it has its own.
    pub crc: u32,
    pub coding: Coding,
}

impl BlockRef {
    /// A piece of a block in pieces.
    pub fn piece(&self, shard: &Shard, number: usize) -> Self {
        let (at, len) = shard.piece(number);
        Self { offset: self.offset + u64::from(at), len, crc: 0, coding: self.coding.piece() }
    }
}

/// An index page in a segment, and the first row in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRef {
    pub first: ChunkKey,
    pub rows: u32,
    pub offset: u64,
    pub len: u32,
    /// CRC-32C of the stored page.
    pub crc: u32,
}

/// The index pages of a segment, in the order of their rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Where the blocks end and the pages begin.
    pub blocks_end: u64,
    /// The last row's array id and chunk.
    pub last: ChunkKey,
    pub pages: Vec<PageRef>,
    /// Length and CRC-32C of what says which arrays these are; it lies behind the pages.
    pub definitions: (u32, u32),
    /// Length and CRC-32C of the list of parts, which lies behind that; there is none where these are 0.
    pub parts: (u32, u32),
}

impl Directory {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        // Four varints of a page take 30 bytes at most, beside its checksum.
        let mut out = Vec::new();
        buffers::reserve(&mut out, 64 + self.pages.len() * 34)?;
        for number in [self.blocks_end, self.last.0, self.last.1, self.pages.len() as u64] {
            put(&mut out, number);
        }
        let mut before = 0;
        for page in &self.pages {
            put(&mut out, page.first.0 - before);
            put(&mut out, page.first.1);
            put(&mut out, u64::from(page.rows));
            put(&mut out, u64::from(page.len));
            out.extend_from_slice(&page.crc.to_le_bytes());
            before = page.first.0;
        }
        for (len, crc) in [Some(self.definitions), self.has_parts().then_some(self.parts)].into_iter().flatten() {
            put(&mut out, u64::from(len));
            out.extend_from_slice(&crc.to_le_bytes());
        }
        Ok(out)
    }

    /// Where the definitions lie.
    pub fn definitions_offset(&self) -> u64 {
        self.pages.last().map_or(self.blocks_end, |page| page.offset + u64::from(page.len))
    }

    /// Whether blocks may lie in other segments.
    pub fn has_parts(&self) -> bool {
        self.parts.0 > 0
    }

    /// Where the list of parts lies, if there is one.
    pub fn parts_offset(&self) -> u64 {
        self.definitions_offset() + u64::from(self.definitions.0)
    }

    /// The directory in `bytes`, which starts at `offset` of its file.
    pub fn parse(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor(bytes);
        let blocks_end = cursor.varint()?;
        let last = (cursor.varint()?, cursor.varint()?);
        let count = cursor.varint()?;
        // A page takes eight bytes here at least: a count that promises more is damage, not a reason to allocate.
        if count > bytes.len() as u64 / 8 {
            bail!(Corrupt, "the directory of {} bytes claims {count} pages", bytes.len());
        }
        let mut pages = Vec::new();
        buffers::reserve(&mut pages, count as usize)?;
        let (mut id, mut at) = (0u64, blocks_end);
        for _ in 0..count {
            id = id.checked_add(cursor.varint()?).ok_or_else(|| error!(Corrupt, "array ids overflow"))?;
            let first = (id, cursor.varint()?);
            let (rows, len) = (cursor.varint32()?, cursor.varint32()?);
            let crc = u32::from_le_bytes(cursor.bytes()?);
            if rows == 0 || rows as usize > PAGE_ROWS {
                bail!(Corrupt, "an index page of {rows} rows");
            }
            if pages.last().is_some_and(|page: &PageRef| page.first >= first) || first > last {
                bail!(Corrupt, "the index pages are out of order");
            }
            pages.push(PageRef { first, rows, offset: at, len, crc });
            at = at.checked_add(u64::from(len)).ok_or_else(|| error!(Corrupt, "page lengths overflow"))?;
        }
        let definitions = (cursor.varint32()?, u32::from_le_bytes(cursor.bytes()?));
        let mut parts = (0, 0);
        let is_more = !cursor.0.is_empty();
        let wrong = || error!(Corrupt, "the directory does not describe the file it is in");
        if is_more {
            parts = cursor
                .varint32()
                .and_then(|len| Ok((len, u32::from_le_bytes(cursor.bytes()?))))
                .map_err(|_| wrong())?;
        }
        let lens = [definitions.0, parts.0].map(u64::from);
        let end = lens.iter().try_fold(at, |end, len| end.checked_add(*len));
        let is_whole = cursor.0.is_empty() && is_more == (parts.0 > 0);
        if !is_whole || blocks_end < HEADER_LEN as u64 || end != Some(offset) {
            return Err(wrong());
        }
        Ok(Self { blocks_end, last, pages, definitions, parts })
    }

    /// The lowest and the highest array id with rows.
    pub fn array_ids(&self) -> (u64, u64) {
        self.pages.first().map_or((0, 0), |page| (page.first.0, self.last.0))
    }

    /// The rows of all pages.
    pub fn row_count(&self) -> u64 {
        self.pages.iter().map(|page| u64::from(page.rows)).sum()
    }

    /// The last row's array id and chunk, where there is a page.
    pub fn last_of_pages(&self) -> Option<ChunkKey> {
        (!self.pages.is_empty()).then_some(self.last)
    }

    /// Whether chunks of this array can be in the segment.
    pub fn may_hold(&self, array_id: u64) -> bool {
        self.pages.first().is_some_and(|page| page.first.0 <= array_id) && array_id <= self.last.0
    }

    /// The pages that can hold chunks `low..=high` of an array.
    pub fn pages_of(&self, array_id: u64, low: u64, high: u64) -> std::ops::Range<usize> {
        let from = self.pages.partition_point(|page| page.first <= (array_id, low)).saturating_sub(1);
        let to = self.pages.partition_point(|page| page.first <= (array_id, high));
        from..to.max(from)
    }
}

/// Where a chunk lies in its block if it stands right behind the one of the row before; 0 in another block.
fn place_after(before: Option<Row>, row: &Row) -> u32 {
    match before {
        Some(before) if (before.part, before.block.offset) == (row.part, row.block.offset) => {
            before.at.saturating_add(before.len)
        }
        _ => 0,
    }
}

/// Encodes up to [`PAGE_ROWS`] rows, which are in order of array id and chunk, column by column; of a segment that has parts
/// where `has_parts` says so.
pub fn page_to_bytes(rows: &[Row], has_parts: bool) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    buffers::reserve(&mut raw, rows.len() * MAX_ROW_BYTES)?;
    let mut before = (0u64, 0u64);
    for row in rows {
        put(&mut raw, row.array_id - before.0);
        // Within an array chunks ascend; a new array starts anew.
        put(&mut raw, if row.array_id == before.0 { row.chunk - before.1 } else { row.chunk });
        before = (row.array_id, row.chunk);
    }
    for row in rows.iter().filter(|_| has_parts) {
        put(&mut raw, row.part.into());
    }
    let mut end = 0u64;
    for row in rows {
        put(&mut raw, zigzag(row.block.offset.wrapping_sub(end) as i64));
        put(&mut raw, u64::from(row.block.len));
        end = row.block.offset + u64::from(row.block.len);
    }
    let mut before = None;
    for row in rows {
        put(&mut raw, u64::from(row.block.coding.raw_len));
        put(&mut raw, zigzag(i64::from(row.at) - i64::from(place_after(before, row))));
        put(&mut raw, u64::from(row.len));
        before = Some(*row);
    }
    for row in rows {
        let Coding { codec, form, .. } = row.block.coding;
        let flag = if let Form::Pieces(_) = form { IN_PIECES } else { 0 };
        raw.extend_from_slice(&[codec as u8 | flag, row.block.coding.elements()]);
    }
    for row in rows {
        if let Form::Pieces(pieces) = row.block.coding.form {
            put(&mut raw, pieces.into());
        }
    }
    for row in rows {
        raw.extend_from_slice(&row.block.crc.to_le_bytes());
    }
    for row in rows {
        put(&mut raw, row.stats.nulls << 1 | u64::from(row.stats.range.is_some()));
    }
    for end in 0..2 {
        for (low, high) in rows.iter().filter_map(|row| row.stats.range) {
            raw.extend_from_slice(&[low, high][end].to_le_bytes());
        }
    }
    codec::to_frame(&raw)
}

/// Refuses rows that claim more of their blocks than can be true: what the index says is believed before a block is
/// read, so a false claim would cost memory or time.
fn check_rows(rows: &[Row]) -> Result<()> {
    for row in rows {
        let BlockRef { offset, len, coding, .. } = row.block;
        let (raw, stored) = (u64::from(coding.raw_len), u64::from(len));
        if !coding.can_be(stored) {
            bail!(Corrupt, "the {len} bytes of the block at offset {offset} cannot decode to {raw}");
        }
        if let Form::Pieces(pieces) = coding.form
            && (pieces < 2
                || !raw.is_multiple_of(u64::from(pieces) * u64::from(coding.shuffle))
                || row.len != coding.raw_len)
        {
            bail!(Corrupt, "the {raw} bytes of the block at offset {offset} are in {pieces} pieces");
        }
        // A cell takes a byte or more.
        if row.stats.nulls > u64::from(row.len) {
            bail!(Corrupt, "a chunk of {} bytes has {} null cells", row.len, row.stats.nulls);
        }
        if row.array_id != 0 && row.len != coding.raw_len && coding.raw_len > MAX_PACK {
            bail!(Corrupt, "a block of several chunks at offset {offset} decodes to {raw} bytes, over {MAX_PACK}");
        }
    }
    check_blocks(rows)
}

/// Refuses rows whose chunks, or blocks, overlap.
pub fn check_blocks(rows: &[Row]) -> Result<()> {
    let mut rows: Vec<&Row> = buffers::collect(rows)?;
    let place = |row: &&Row| (row.part, row.block.offset, row.at);
    if !rows.is_sorted_by_key(place) {
        rows.sort_unstable_by_key(place);
    }
    for pair in rows.windows(2) {
        let (one, next) = (pair[0], pair[1]);
        if one.part != next.part {
            continue;
        }
        if one.block == next.block && one.at + one.len > next.at {
            bail!(Corrupt, "two chunks overlap in the block at offset {}", one.block.offset);
        }
        if one.block != next.block && one.block.offset + u64::from(one.block.len) > next.block.offset {
            bail!(Corrupt, "the blocks at offsets {} and {} overlap", one.block.offset, next.block.offset);
        }
    }
    Ok(())
}

/// Decodes a page, whose checksum was right, and checks that the rows are what [`page_to_bytes`] could have written. The
/// blocks of the segment end at `blocks_end`, those of its parts at `part_ends`.
pub fn page_from_bytes(bytes: &[u8], page: &PageRef, blocks_end: u64, part_ends: &[u64]) -> Result<Vec<Row>> {
    let n = page.rows as usize;
    let raw = codec::from_short_frame(bytes, n * MAX_ROW_BYTES)?;
    let mut cursor = Cursor(&raw);
    let overflow = || error!(Corrupt, "numbers in an index page overflow");
    let coding = Coding { codec: Codec::None, shuffle: 1, delta: 0, raw_len: 0, form: Form::Whole };
    let blank = Row {
        array_id: 0,
        chunk: 0,
        part: 0,
        block: BlockRef { offset: 0, len: 0, crc: 0, coding },
        at: 0,
        len: 0,
        stats: ChunkStats::default(),
    };
    let mut rows = Vec::new();
    buffers::reserve(&mut rows, n)?;
    rows.resize(n, blank);
    let mut before = (0u64, 0u64);
    for (i, row) in rows.iter_mut().enumerate() {
        let (step, chunk) = (cursor.varint()?, cursor.varint()?);
        row.array_id = before.0.checked_add(step).ok_or_else(overflow)?;
        row.chunk = if step == 0 { before.1.checked_add(chunk).ok_or_else(overflow)? } else { chunk };
        let key = (row.array_id, row.chunk);
        if i > 0 && key <= before || i == 0 && key != page.first {
            bail!(Corrupt, "the rows of an index page are out of order");
        }
        before = key;
    }
    for row in rows.iter_mut().filter(|_| !part_ends.is_empty()) {
        row.part = cursor.varint32()?;
        if row.part as usize > part_ends.len() {
            bail!(Corrupt, "a chunk in part {} of {}", row.part, part_ends.len());
        }
    }
    let mut end = 0u64;
    for row in &mut rows {
        let blocks_end = row.part.checked_sub(1).map_or(blocks_end, |part| part_ends[part as usize]);
        row.block.offset = end.wrapping_add_signed(unzigzag(cursor.varint()?));
        row.block.len = cursor.varint32()?;
        end = row.block.offset.checked_add(u64::from(row.block.len)).ok_or_else(overflow)?;
        if row.block.offset < HEADER_LEN as u64 || end > blocks_end {
            bail!(Corrupt, "a block of {} bytes at offset {} is outside the blocks", row.block.len, row.block.offset);
        }
    }
    let mut before = None;
    for row in &mut rows {
        row.block.coding.raw_len = cursor.varint32()?;
        let at = i64::from(place_after(before, row)).checked_add(unzigzag(cursor.varint()?));
        row.at = at.and_then(|at| u32::try_from(at).ok()).ok_or_else(overflow)?;
        row.len = cursor.varint32()?;
        before = Some(*row);
        if row.at.checked_add(row.len).is_none_or(|end| end > row.block.coding.raw_len) {
            bail!(Corrupt, "a chunk of {} bytes at {} is outside its block", row.len, row.at);
        }
    }
    for row in &mut rows {
        let code = cursor.byte()?;
        row.block.coding.codec = Codec::from_code(code & !IN_PIECES)?;
        row.block.coding.form = if code & IN_PIECES == 0 { Form::Whole } else { Form::Pieces(0) };
        row.block.coding.set_elements(cursor.byte()?)?;
    }
    for row in &mut rows {
        if let Form::Pieces(pieces) = &mut row.block.coding.form {
            *pieces = cursor.varint32()?;
        }
    }
    for row in &mut rows {
        row.block.crc = u32::from_le_bytes(cursor.bytes()?);
    }
    for row in &mut rows {
        let nulls = cursor.varint()?;
        row.stats.nulls = nulls >> 1;
        row.stats.range = (nulls & 1 == 1).then_some((0, 0));
    }
    for end in 0..2 {
        for (low, high) in rows.iter_mut().filter_map(|row| row.stats.range.as_mut()) {
            *[low, high][end] = u64::from_le_bytes(cursor.bytes()?);
        }
    }
    if !cursor.0.is_empty() {
        bail!(Corrupt, "an index page has {} bytes too many", cursor.0.len());
    }
    check_rows(&rows)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: u64) -> Vec<Row> {
        (0..n)
            .map(|i| Row {
                array_id: 1 + i / 10,
                chunk: i % 10 * 3,
                part: 0,
                block: BlockRef {
                    offset: 32 + i / 4 * 100,
                    len: 100,
                    crc: (i / 4) as u32 * 77,
                    coding: Coding { codec: Codec::Zstd, shuffle: 4, delta: 0, raw_len: 400, form: Form::Whole },
                },
                at: (i % 4 * 100) as u32,
                len: 100,
                stats: ChunkStats { nulls: i % 100, range: (i % 3 > 0).then_some((i, u64::MAX - i)) },
            })
            .collect()
    }

    #[test]
    fn pages_round_trip() {
        for n in [1, 2, 77, PAGE_ROWS as u64] {
            let rows = rows(n);
            let bytes = page_to_bytes(&rows, false).expect("encodes");
            let first = (rows[0].array_id, rows[0].chunk);
            let page = PageRef { first, rows: n as u32, offset: 0, len: bytes.len() as u32, crc: 0 };
            assert_eq!(page_from_bytes(&bytes, &page, 1 << 40, &[]).expect("decodes"), rows);
            assert!(page_from_bytes(&bytes, &page, 40, &[]).is_err(), "blocks outside the file");
            assert!(page_from_bytes(&bytes, &PageRef { rows: n as u32 + 1, ..page }, 1 << 40, &[]).is_err());
        }
    }

    #[test]
    fn shares_of_a_block_add_up_to_it() {
        let share: u64 = rows(8)[4..].iter().map(Row::stored_bytes).sum();
        assert_eq!(share, 100);
    }

    #[test]
    fn directory_and_trailer_round_trip() {
        let page = |i: u64| PageRef { first: (i, 7), rows: 3, offset: 100 + (i - 1) * 20, len: 20, crc: i as u32 };
        let pages = (1..=3).map(page).collect();
        let directory = Directory { blocks_end: 100, last: (9, 9), pages, definitions: (30, 7), parts: (0, 0) };
        let bytes = directory.to_bytes().expect("fits");
        assert_eq!(Directory::parse(&bytes, 190).expect("parses"), directory);
        assert_eq!(directory.definitions_offset(), 160);
        assert!(Directory::parse(&bytes, 160).is_err() && Directory::parse(&bytes, 191).is_err());
        for cut in 0..bytes.len() {
            assert!(Directory::parse(&bytes[..cut], 190).is_err());
        }
        assert_eq!(directory.pages_of(2, 0, 5), 0..1);
        assert_eq!(directory.pages_of(2, 0, 7), 0..2);
        assert_eq!(directory.pages_of(2, 8, 9), 1..2);
        assert_eq!(directory.pages_of(0, 0, 9), 0..0);
        let trailer = Trailer { directory_offset: 160, directory_len: 9, directory_crc: 5 };
        assert_eq!(Trailer::parse(&trailer.to_bytes(), 201).expect("parses"), trailer);
        assert!(Trailer::parse(&trailer.to_bytes(), 202).is_err());
    }
}
