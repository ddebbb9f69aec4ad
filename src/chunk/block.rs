//! Pending blocks: chunks on their way from the caller's values to encoded bytes.
//!
//! A block is encoded once, by whoever gets to it first: a worker in the background, or the thread that flushes.
//! Until it is, its chunks can be read as they were written.

use crate::base::dtype::DType;
use crate::base::error::{Result, bail, error};
use crate::base::shape::Dims;
use crate::base::sync::{Condvar, Mutex, MutexGuard};
use crate::chunk::rows::Rows;
use crate::chunk::schema::Schema;
use crate::chunk::stats::{self, ChunkStats};
use crate::codec::{self, Coding, Compression, Form, Shard};
use crate::memory::budget::Held;
use crate::memory::buffers::{self, Buffer, Buffers, copy_text};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// Chunks of at least this size are blocks of their own; smaller ones are packed together when they are flushed, unless
/// their array says otherwise.
pub(crate) const PACK_BELOW: usize = 16 << 10;

/// The cells of one chunk, padding included, in C order.
pub(crate) enum ChunkData {
    Numbers(Buffer),
    /// Of numbers, too: the first rows of a chunk that is appended to.
    Rows(Box<Rows>),
    Texts(Vec<String>),
}

/// The bytes of all cells of a chunk of numbers.
pub(crate) enum Numbers<'c> {
    Whole(&'c [u8]),
    Assembled(Buffer),
}

impl Deref for Numbers<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Assembled(bytes) => bytes,
        }
    }
}

impl ChunkData {
    /// A chunk of nothing but the fill value, or of zeros and empty texts.
    pub fn filled(schema: &Schema, pool: &Buffers) -> Result<Self> {
        let cells = schema.chunk_cells();
        if schema.dtype == DType::String {
            let fill = schema.fill_text().unwrap_or_default();
            let mut texts = Vec::new();
            buffers::reserve(&mut texts, cells)?;
            for _ in 0..cells {
                texts.push(copy_text(fill)?);
            }
            return Ok(Self::Texts(texts));
        }
        let mut bytes = pool.take(schema.chunk_bytes())?;
        schema.fill(&mut bytes);
        Ok(Self::Numbers(bytes))
    }

    /// The chunk in the `bytes` of a decoded block.
    pub fn from_stored(schema: &Schema, buffers: &Buffers, bytes: &[u8]) -> Result<Self> {
        if schema.dtype == DType::String {
            return parse_texts(bytes, schema.chunk_cells()).map(Self::Texts);
        }
        check_len(schema, bytes.len())?;
        Ok(Self::Numbers(buffers.copy(bytes)?))
    }

    /// The cells of a chunk of numbers.
    pub fn numbers(&self, schema: &Schema, buffers: &Buffers) -> Result<Numbers<'_>> {
        match self {
            Self::Numbers(bytes) => Ok(Numbers::Whole(bytes)),
            Self::Rows(rows) => Ok(Numbers::Assembled(rows.to_numbers(schema, buffers)?)),
            Self::Texts(_) => bail!(Internal, "a chunk of texts in an array of {}", schema.dtype),
        }
    }

    /// The cells of a chunk of texts.
    pub fn texts(&self) -> Result<&[String]> {
        match self {
            Self::Texts(texts) => Ok(texts),
            Self::Numbers(_) | Self::Rows(_) => bail!(Internal, "a chunk of numbers in an array of texts"),
        }
    }

    /// Another chunk of the same content, with room for all cells.
    pub fn copy(&self, schema: &Schema, pool: &Buffers) -> Result<Self> {
        match self {
            Self::Numbers(bytes) => Ok(Self::Numbers(pool.copy(bytes)?)),
            Self::Rows(rows) => Ok(Self::Numbers(rows.to_numbers(schema, pool)?)),
            Self::Texts(texts) => {
                let mut copies = Vec::new();
                buffers::reserve(&mut copies, texts.len())?;
                for text in texts {
                    copies.push(copy_text(text)?);
                }
                Ok(Self::Texts(copies))
            }
        }
    }

    /// Gives all cells from number `from` on, in C order, the fill value.
    pub fn blank_from(&mut self, schema: &Schema, from: usize) -> Result<()> {
        match self {
            Self::Numbers(bytes) => {
                let from = from * schema.dtype.size();
                schema.fill(bytes.get_mut(from..).unwrap_or_default());
            }
            Self::Rows(_) => bail!(Internal, "rows are not blanked"),
            Self::Texts(texts) => {
                let fill = schema.fill_text().unwrap_or_default();
                for text in texts.iter_mut().skip(from) {
                    *text = copy_text(fill)?;
                }
            }
        }
        Ok(())
    }

    /// Bytes in memory, about.
    pub fn memory(&self) -> usize {
        match self {
            Self::Rows(rows) => rows.memory(),
            Self::Numbers(_) | Self::Texts(_) => self.bytes(),
        }
    }

    /// Bytes of all cells, about.
    fn bytes(&self) -> usize {
        match self {
            Self::Numbers(bytes) => bytes.len(),
            // Small chunks are not kept so.
            Self::Rows(_) => PACK_BELOW,
            Self::Texts(texts) => texts.iter().map(|text| text.len() + 32).sum(),
        }
    }

    /// Whether the chunk is packed together with others, where its array lets it.
    pub fn is_small(&self) -> bool {
        self.bytes() < PACK_BELOW
    }
}

/// Refuses a stored chunk of numbers that has not just the bytes of its cells.
pub(crate) fn check_len(schema: &Schema, len: usize) -> Result<()> {
    if len != schema.chunk_bytes() {
        bail!(Corrupt, "a stored chunk has {len} bytes, its array's chunks have {}", schema.chunk_bytes());
    }
    Ok(())
}

/// Texts in numcodecs' `vlen-utf8`: their number, then each behind its length, all lengths u32 little-endian.
fn put_texts(texts: &[String], out: &mut Vec<u8>) -> Result<()> {
    let number = |n: usize| u32::try_from(n).map_err(|_| error!(InvalidArgument, "a text of {n} bytes"));
    buffers::extend(out, &number(texts.len())?.to_le_bytes())?;
    for text in texts {
        buffers::extend(out, &number(text.len())?.to_le_bytes())?;
        buffers::extend(out, text.as_bytes())?;
    }
    Ok(())
}

/// Undoes [`put_texts`] for a chunk of `cells` cells.
pub(crate) fn parse_texts(bytes: &[u8], cells: usize) -> Result<Vec<String>> {
    let damaged = || error!(Corrupt, "a chunk of texts is cut short");
    let mut rest = bytes;
    let number = |rest: &mut &[u8]| -> Result<usize> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        *rest = tail;
        Ok(u32::from_le_bytes(*head) as usize)
    };
    let count = number(&mut rest)?;
    if count != cells {
        bail!(Corrupt, "a chunk of {count} texts, its array's chunks have {cells}");
    }
    let mut texts = Vec::new();
    buffers::reserve(&mut texts, count.min(bytes.len() / 4))?;
    for _ in 0..count {
        let len = number(&mut rest)?;
        let (text, behind) = rest.split_at_checked(len).ok_or_else(damaged)?;
        rest = behind;
        let text = str::from_utf8(text).map_err(|_| error!(Corrupt, "a stored text is not UTF-8"))?;
        if text.contains('\0') {
            bail!(Corrupt, "a stored text has a NUL in it");
        }
        texts.push(copy_text(text)?);
    }
    if !rest.is_empty() {
        bail!(Corrupt, "{} bytes behind a chunk of texts", rest.len());
    }
    Ok(texts)
}

/// A chunk in a block that is not encoded yet.
#[derive(Clone)]
pub(crate) struct Part {
    pub schema: Arc<Schema>,
    /// Extents inside the array's shape.
    pub valid: Dims,
    pub data: Arc<ChunkData>,
}

/// An encoded block.
pub(crate) struct Encoded {
    /// Unique in the process: names the block in caches.
    pub uid: u64,
    pub bytes: Buffer,
    /// As its rows have it.
    pub crc: u32,
    pub coding: Coding,
    pub parts: Vec<EncodedPart>,
}

impl Encoded {
    /// The block's bytes as they were.
    pub fn decode(&self, buffers: &Buffers) -> Result<Buffer> {
        let mut decoded = buffers.take(self.coding.raw_len as usize)?;
        let Form::Pieces(_) = self.coding.form else {
            codec::decode(&self.coding, &self.bytes, &mut decoded, buffers)?;
            return Ok(decoded);
        };
        let (shard, piece) = (Shard::of_block(&self.coding, self.crc, &self.bytes)?, self.coding.piece());
        for (number, out) in decoded.chunks_exact_mut(piece.raw_len as usize).enumerate() {
            let (at, len) = shard.piece(number);
            let stored = &self.bytes[at as usize..][..len as usize];
            codec::decode(&piece, codec::checked(stored, "a piece")?, out, buffers)?;
        }
        Ok(decoded)
    }
}

/// A chunk in an encoded block.
#[derive(Clone, Copy)]
pub(crate) struct EncodedPart {
    pub at: u32,
    pub len: u32,
    pub stats: ChunkStats,
}

/// One or more chunks that are compressed together.
pub(crate) struct Block {
    state: Mutex<State>,
    changed: Condvar,
    /// Where the memory for the encoded bytes comes from.
    buffers: Arc<Buffers>,
    held: Held,
}

enum State {
    Waiting(Vec<Part>),
    Running(Vec<Part>),
    Done(Arc<Encoded>),
}

/// A chunk of a pending block, as it can be had.
pub(crate) enum PendingChunk {
    Raw(Arc<ChunkData>),
    Encoded(Arc<Encoded>),
}

impl Block {
    /// A block whose memory is counted in `held`.
    pub fn new(parts: Vec<Part>, buffers: &Arc<Buffers>, held: Held) -> Arc<Self> {
        let state = Mutex::new(State::Waiting(parts));
        Arc::new(Self { state, changed: Condvar::new(), buffers: buffers.clone(), held })
    }

    /// Bytes in memory, about.
    pub fn memory(&self) -> u64 {
        self.held.bytes()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunk of a block that has one.
    pub fn chunk(&self) -> PendingChunk {
        match &*self.lock() {
            State::Waiting(parts) | State::Running(parts) => PendingChunk::Raw(parts[0].data.clone()),
            State::Done(encoded) => PendingChunk::Encoded(encoded.clone()),
        }
    }

    /// The parts of a block that nobody has begun to encode.
    pub fn waiting_parts(&self) -> Option<Vec<Part>> {
        match &*self.lock() {
            State::Waiting(parts) => Some(parts.clone()),
            _ => None,
        }
    }

    /// Encodes the block, unless somebody has begun to.
    pub fn run(&self) {
        // The error stays with the block, which stays waiting: `finish` meets it again and reports it.
        let _ = self.run_if_waiting();
    }

    /// The encoded block: encoded here, or waited for.
    pub fn finish(&self) -> Result<Arc<Encoded>> {
        loop {
            self.run_if_waiting()?;
            let mut state = self.lock();
            while let State::Running(_) = &*state {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if let State::Done(encoded) = &*state {
                return Ok(encoded.clone());
            }
        }
    }

    fn run_if_waiting(&self) -> Result<()> {
        let parts = {
            let mut state = self.lock();
            let State::Waiting(parts) = &mut *state else {
                return Ok(());
            };
            let parts = std::mem::take(parts);
            *state = State::Running(parts.clone());
            parts
        };
        let encoded = catch_unwind(AssertUnwindSafe(|| encode(&parts, &self.buffers)))
            .unwrap_or_else(|_| Err(error!(Internal, "a panic while encoding a block")));
        let mut state = self.lock();
        let result = match encoded {
            Ok(encoded) => {
                self.held.set(encoded.bytes.len());
                *state = State::Done(Arc::new(encoded));
                Ok(())
            }
            Err(error) => {
                *state = State::Waiting(parts);
                Err(error)
            }
        };
        self.changed.notify_all();
        result
    }
}

/// Encodes chunks whose elements have one size and which are compressed alike.
fn encode(parts: &[Part], pool: &Buffers) -> Result<Encoded> {
    if let [part] = parts
        && part.schema.dtype != DType::String
    {
        return encode_chunk(part, &part.data.numbers(&part.schema, pool)?, pool);
    }
    let (compression, item) = (parts[0].schema.compression, parts[0].schema.dtype.size());
    let (mut joined, mut done) = (Vec::new(), Vec::new());
    buffers::reserve(&mut joined, parts.iter().map(|part| part.data.memory()).sum())?;
    buffers::reserve(&mut done, parts.len())?;
    for part in parts {
        let (at, schema, valid) = (joined.len(), &part.schema, &part.valid);
        let stats = if schema.dtype == DType::String {
            let texts = part.data.texts()?;
            put_texts(texts, &mut joined)?;
            stats::of_texts(schema.fill_text(), texts, &schema.chunk_shape, valid)
        } else {
            let bytes = part.data.numbers(schema, pool)?;
            buffers::extend(&mut joined, &bytes)?;
            of_numbers(schema, &bytes, valid)
        };
        done.push(EncodedPart { at: block_len(at)?, len: block_len(joined.len() - at)?, stats });
    }
    encode_raw(&compression, item, &joined, done, pool)
}

/// Encodes a chunk of numbers that has a block of its own.
fn encode_chunk(part: &Part, bytes: &[u8], buffers: &Buffers) -> Result<Encoded> {
    let (schema, len) = (&part.schema, block_len(bytes.len())?);
    let (compression, item, pieces) = (&schema.compression, schema.dtype.size(), schema.pieces());
    let mut gathered = stats::Gathered::new(schema.dtype, schema.fill_bytes());
    let full = part.valid == schema.chunk_shape;
    let look = |cells: &[u8]| {
        if full {
            gathered.add(cells);
        }
    };
    let (coding, stored, crc) = if pieces > 1 {
        codec::encode_pieces(compression, item, bytes, pieces, buffers, look)?
    } else {
        let (coding, (kept, crc)) =
            codec::encode(compression, item, bytes, buffers, look, |stored| keep(stored, buffers))?;
        (coding, kept, crc)
    };
    let stats = if full { gathered.stats } else { of_numbers(schema, bytes, &part.valid) };
    let parts = vec![EncodedPart { at: 0, len, stats }];
    Ok(Encoded { uid: next_uid(), bytes: stored, crc, coding, parts })
}

fn of_numbers(schema: &Schema, bytes: &[u8], valid: &[u64]) -> ChunkStats {
    stats::of_chunk(schema.dtype, schema.fill_bytes(), bytes, &schema.chunk_shape, valid)
}

/// Encodes the bytes of chunks that are already laid out.
pub(crate) fn encode_raw(
    compression: &Compression,
    item: usize,
    raw: &[u8],
    parts: Vec<EncodedPart>,
    buffers: &Buffers,
) -> Result<Encoded> {
    let (coding, (bytes, crc)) =
        codec::encode(compression, item, raw, buffers, |_| {}, |stored| keep(stored, buffers))?;
    Ok(Encoded { uid: next_uid(), bytes, crc, coding, parts })
}

/// Stored bytes in memory of just their length, and their checksum.
fn keep(stored: &[u8], buffers: &Buffers) -> Result<(Buffer, u32)> {
    Ok((buffers.copy(stored)?, crc32c::crc32c(stored)))
}

fn block_len(n: usize) -> Result<u32> {
    u32::try_from(n).map_err(|_| error!(InvalidArgument, "a block of {n} bytes or more"))
}

fn next_uid() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip_and_damage_is_seen() {
        let texts = vec![String::new(), "a".into(), "Ωmega".into()];
        let mut bytes = Vec::new();
        put_texts(&texts, &mut bytes).expect("fits");
        assert_eq!(parse_texts(&bytes, 3).expect("parses"), texts);
        assert!(parse_texts(&bytes, 4).is_err());
        for cut in 0..bytes.len() {
            assert!(parse_texts(&bytes[..cut], 3).is_err());
        }
    }
}
