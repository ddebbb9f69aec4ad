//! One array: its pending chunks, and reads and writes of regions over them and over what is stored.
//!
//! A chunk is looked for in this order: pending (written since the last flush began), frozen (being flushed,
//! the last flush that began first), stored.

mod covered;
mod read;
mod resize;
mod write;

pub(crate) use covered::{Covered, Layer};
pub(crate) use read::{Plan, Values, is_gone, read_numbers, read_texts};

use crate::base::dtype::DType;
use crate::base::error::{Result, error};
use crate::base::few::ByNumber;
use crate::base::pool::Pool;
use crate::base::shape::{Dims, c_strides, cells};
use crate::base::sync::RwLock;
use crate::base::sync::atomic::AtomicBool;
use crate::chunk::block::{self, Block, ChunkData, Part, PendingChunk};
use crate::chunk::grid::{self, Portion, chunk_count};
use crate::chunk::rows::Scratch;
use crate::chunk::schema::Schema;
use crate::format::root::Stored;
use crate::format::segment::Row;
use crate::memory::budget::{Budget, Held};
use crate::memory::buffers::{self, Buffers};
use crate::segment::{Part as SegmentPart, Segment, SegmentReader, Segments};
use smallvec::SmallVec;
use std::ops::Deref;
use std::sync::Arc;

/// What a pending chunk takes beside its values: its block, its places in maps, allocations. It is most of a tiny one.
const CHUNK_OVERHEAD: usize = 256;

/// What arrays need to get at stored chunks and worker threads.
pub(crate) struct Io {
    pub reader: SegmentReader,
    pub buffers: Arc<Buffers>,
    pub budget: Arc<Budget>,
    pub pool: Arc<Pool>,
    /// Whether it is noted which cells are written: there are other handles that write.
    pub covers: AtomicBool,
}

/// Where a chunk is stored.
type Found = (Arc<Segment>, Row);

/// An array of a dataset. The id names its chunks in segments and is never used again.
pub(crate) struct Array {
    pub id: u64,
    pub schema: Arc<Schema>,
    pub data: RwLock<ArrayData>,
}

/// What changes of an array.
#[derive(Default)]
pub(crate) struct ArrayData {
    pub shape: Dims,
    pub pending: ByNumber<Pending>,
    /// What flushes under way have set aside; the oldest first.
    pub frozen: SmallVec<[Arc<FrozenChunks>; 1]>,
    /// Of the stored chunks; `None` before the first.
    stored: Option<Box<StoredFor>>,
    /// Whether the array has lost rows since its values were last set aside: its totals are to be counted anew.
    pub dropped: bool,
    /// Whether there are stored chunks that no finished flush has named.
    pub spilled: bool,
    /// What was written since the last cut, where that is noted.
    pub covered: Option<Arc<Covered>>,
}

/// Totals over stored chunks. Shapes of an array differ in the length of dimension 0 alone.
#[derive(Clone, Copy, Default)]
struct StoredFor {
    totals: Stored,
    /// The length of dimension 0 in the shape that they were stored for.
    length: u64,
}

/// Chunks that a flush has set aside, by their numbers.
#[derive(Default)]
pub(crate) struct FrozenChunks {
    chunks: ByNumber<FrozenChunk>,
    /// The memory of the small ones.
    _held: Option<Held>,
}

/// See [`FrozenChunks`].
pub(crate) enum FrozenChunk {
    /// To be packed into a block with others.
    Small(Arc<ChunkData>),
    Block(Arc<Block>),
    Stored(Arc<StoredChunk>),
}

/// A chunk that is in a file already, which no root names: a worker has written it.
#[derive(Clone)]
pub(crate) struct StoredChunk {
    pub part: Arc<SegmentPart>,
    /// Of this array, in the part.
    pub row: Row,
}

/// A chunk that is pending or frozen, and not open.
pub(crate) enum InMemory {
    Chunk(PendingChunk),
    Stored(Arc<StoredChunk>),
}

impl Deref for FrozenChunks {
    type Target = ByNumber<FrozenChunk>;

    fn deref(&self) -> &ByNumber<FrozenChunk> {
        &self.chunks
    }
}

/// A chunk written since the last flush began.
pub(crate) enum Pending {
    /// In memory of its own: what is flushed of a million arrays has none.
    Open(Box<Open>),
    /// Complete, as far as one can tell, and given to the workers.
    Sealed(Arc<Block>),
    Stored(Arc<StoredChunk>),
}

/// A chunk that is still being written to.
pub(crate) struct Open {
    data: ChunkData,
    /// Cells, those written twice doubly.
    written: u64,
    held: Held,
}

/// Gives a block to the workers, unless it is small: it is packed with others, by a flush.
fn begin_encoding(io: &Io, block: &Arc<Block>, is_small: bool) {
    if !is_small {
        let block = block.clone();
        io.pool.spawn(move || block.run());
    }
}

impl Pending {
    fn open(io: &Io, data: ChunkData, written: u64) -> Self {
        let held = Held::new(&io.budget, CHUNK_OVERHEAD + data.memory());
        Self::Open(Box::new(Open { data, written, held }))
    }
}

impl ArrayData {
    /// Memory of the complete chunks that are pending.
    pub fn sealed_bytes(&self) -> u64 {
        let sealed = |pending: &Pending| match pending {
            Pending::Sealed(block) => block.memory(),
            Pending::Open(_) | Pending::Stored(_) => 0,
        };
        self.pending.values().map(sealed).sum()
    }

    /// Memory of the rows that are pending.
    pub fn row_bytes(&self) -> u64 {
        let rows = |pending: &Pending| match pending {
            Pending::Open(open) => match &open.data {
                ChunkData::Rows(rows) => rows.memory() as u64,
                ChunkData::Numbers(_) | ChunkData::Texts(_) => 0,
            },
            Pending::Sealed(_) | Pending::Stored(_) => 0,
        };
        self.pending.values().map(rows).sum()
    }

    /// Where the complete chunks alone are to be stored: the shape that the totals over all stored chunks are then of, and
    /// the number of the first chunk that is left out. `None` where there is no such shape: a chunk that was stored before
    /// the array grew into it would count as what it is not.
    pub fn complete(&self, chunk_shape: &[u64]) -> Option<(Dims, u64)> {
        let mut shape = self.shape.clone();
        let is_open = |pending: &Pending| matches!(pending, Pending::Open(_));
        let (Some(&rows), Some(&along)) = (self.shape.first(), chunk_shape.first()) else {
            return Some((shape, u64::MAX));
        };
        if !self.pending.values().any(is_open) {
            return Some((shape, u64::MAX));
        }
        let across = chunk_count(&self.shape[1..], &chunk_shape[1..]);
        let stored = self.stored.as_ref().filter(|stored| stored.totals.chunks > 0 || stored.totals.incomplete);
        let (complete, stored) = (rows / along, stored.map_or(0, |stored| stored.length));
        let edge = stored / along;
        let is_sealed = |number| matches!(self.pending.get(number), Some(Pending::Sealed(_) | Pending::Stored(_)));
        let is_replaced = || (edge * across..(edge + 1) * across).all(is_sealed);
        if self.dropped || stored > rows || stored % along > 0 && edge < complete && !is_replaced() {
            return None;
        }
        shape[0] = (complete * along).max(stored);
        Some((shape, complete * across))
    }

    /// Sets rows down.
    pub fn set_down(&mut self, scratch: &mut Scratch) -> Result<()> {
        for pending in self.pending.values_mut() {
            if let Pending::Open(open) = pending
                && let ChunkData::Rows(rows) = &mut open.data
            {
                scratch.take(rows)?;
                open.held.set(CHUNK_OVERHEAD);
            }
        }
        Ok(())
    }

    /// Totals over the stored chunks; `None` before the first.
    pub fn totals(&self) -> Option<&Stored> {
        self.stored.as_ref().map(|stored| &stored.totals)
    }

    /// The same, and the shape that they were stored for.
    pub fn stored(&self) -> Option<(Stored, Dims)> {
        let stored = self.stored.as_ref()?;
        let mut shape = self.shape.clone();
        shape.iter_mut().take(1).for_each(|first| *first = stored.length);
        Some((stored.totals, shape))
    }

    /// What can be said of the totals to who knows the last commit, and of the array its shape alone. They are incomplete where
    /// chunks are stored that no commit has, or they are for another shape.
    pub fn committed_totals(&self) -> Stored {
        match self.stored() {
            Some((totals, shape)) if !self.spilled && shape == self.shape => totals,
            Some(_) => Stored { incomplete: true, ..Stored::default() },
            None => Stored::default(),
        }
    }

    /// Notes the totals over the chunks that are stored for a shape.
    pub fn set_stored(&mut self, totals: Stored, shape: &[u64]) {
        let length = shape.first().copied().unwrap_or(0);
        **self.stored.get_or_insert_default() = StoredFor { totals, length };
    }

    /// Whether the array has values that no finished flush has stored.
    pub fn has_unflushed_values(&self) -> bool {
        !self.pending.is_empty() || !self.frozen.is_empty() || self.spilled || self.dropped
    }

    fn chunk_in_memory(&self, number: u64) -> Option<InMemory> {
        match self.pending.get(number) {
            Some(Pending::Sealed(block)) => Some(InMemory::Chunk(block.chunk())),
            Some(Pending::Stored(stored)) => Some(InMemory::Stored(stored.clone())),
            Some(Pending::Open(_)) => None,
            None => self.frozen.iter().rev().find_map(|frozen| frozen.get(number)).map(|chunk| match chunk {
                FrozenChunk::Small(data) => InMemory::Chunk(PendingChunk::Raw(data.clone())),
                FrozenChunk::Block(block) => InMemory::Chunk(block.chunk()),
                FrozenChunk::Stored(stored) => InMemory::Stored(stored.clone()),
            }),
        }
    }
}

impl Array {
    pub fn new(id: u64, schema: Arc<Schema>, shape: &[u64], stored: Option<Stored>) -> Arc<Self> {
        let mut data = ArrayData { shape: shape.into(), ..ArrayData::default() };
        if let Some(stored) = stored {
            data.set_stored(stored, shape);
        }
        Arc::new(Self { id, schema, data: RwLock::new(data) })
    }

    /// Gives a chunk, of which `valid` is inside the array, to the workers if it is open.
    fn seal(&self, io: &Io, pending: &mut Pending, valid: Dims) {
        let Pending::Open(open) = pending else { return };
        let (chunk, held) = (std::mem::replace(&mut open.data, ChunkData::Texts(Vec::new())), open.held.take());
        *pending = Pending::Sealed(self.begun_block(io, Arc::new(chunk), held, valid));
    }

    /// A block of a chunk, of which `valid` is inside the array.
    fn block(&self, io: &Io, data: Arc<ChunkData>, held: Held, valid: Dims) -> Arc<Block> {
        Block::new(vec![Part { schema: self.schema.clone(), valid, data }], &io.buffers, held)
    }

    /// The same, on its way to be encoded.
    fn begun_block(&self, io: &Io, data: Arc<ChunkData>, held: Held, valid: Dims) -> Arc<Block> {
        let is_small = data.is_small();
        held.set(CHUNK_OVERHEAD + data.memory());
        let block = self.block(io, data, held, valid);
        begin_encoding(io, &block, is_small);
        block
    }

    /// Moves the complete chunks up to number `end`, open ones too where `open` says so, to where a flush takes them from,
    /// and returns them; `None` where there are none.
    pub fn freeze(&self, data: &mut ArrayData, end: u64, open: bool, io: &Io) -> Option<Arc<FrozenChunks>> {
        let ArrayData { pending, shape, .. } = data;
        let is_taken = |number, pending: &Pending| number < end && (open || !matches!(pending, Pending::Open(_)));
        let (mut chunks, mut small): (ByNumber<FrozenChunk>, Option<Held>) = Default::default();
        for (number, pending) in pending.extract_if(is_taken) {
            let chunk = match pending {
                Pending::Sealed(block) => FrozenChunk::Block(block),
                Pending::Stored(stored) => FrozenChunk::Stored(stored),
                Pending::Open(open) => {
                    let Open { data, held, .. } = *open;
                    if self.schema.packs() && data.is_small() {
                        match &small {
                            Some(small) => small.grow(held.bytes() as usize),
                            None => small = Some(held),
                        }
                        FrozenChunk::Small(Arc::new(data))
                    } else {
                        let valid = grid::valid_extents(shape, &self.schema.chunk_shape, number);
                        FrozenChunk::Block(self.begun_block(io, Arc::new(data), held, valid))
                    }
                }
            };
            chunks.insert(number, chunk);
        }
        if chunks.is_empty() {
            return None;
        }
        let frozen = Arc::new(FrozenChunks { chunks, _held: small });
        data.frozen.push(frozen.clone());
        Some(frozen)
    }

    /// Undoes [`Self::freeze`], every one, after a flush that failed: chunks written meanwhile stay, as they are newer.
    pub fn thaw(&self, data: &mut ArrayData, io: &Io) {
        while let Some(frozen) = data.frozen.pop() {
            for (number, chunk) in frozen.iter() {
                if data.pending.contains(number) {
                    continue;
                }
                let pending = match chunk {
                    FrozenChunk::Block(block) => Pending::Sealed(block.clone()),
                    FrozenChunk::Small(chunk) => {
                        let valid = grid::valid_extents(&data.shape, &self.schema.chunk_shape, number);
                        Pending::Sealed(self.begun_block(io, chunk.clone(), Held::new(&io.budget, 0), valid))
                    }
                    FrozenChunk::Stored(stored) => Pending::Stored(stored.clone()),
                };
                data.pending.insert(number, pending);
            }
        }
        // It may have got shorter meanwhile.
        self.forget_beyond(data);
    }

    fn locate(&self, io: &Io, segments: &Segments, chunks: &[u64]) -> Result<Vec<Option<Found>>> {
        let found = io.reader.locate(segments, self.id, chunks)?;
        let mut located = Vec::new();
        buffers::reserve(&mut located, found.len())?;
        for found in found {
            let source = |(number, row): (usize, Row)| Ok((segments[number].source(&row)?.clone(), row));
            located.push(found.map(source).transpose()?);
        }
        Ok(located)
    }

    /// A chunk to be changed. Where its block has nothing else, nobody will ask for that again: it is not kept.
    fn load(&self, io: &Io, segment: &Segment, row: &Row) -> Result<ChunkData> {
        let block = &row.block;
        self.check_row(io, segment, row)?;
        let own = row.at == 0 && row.len == block.coding.raw_len && self.schema.dtype != DType::String;
        if own && let Some(bytes) = io.reader.take_block(segment, block) {
            return Ok(ChunkData::Numbers(bytes));
        }
        if own && io.reader.cached(segment, block).is_none() {
            let stored = io.reader.fetch(segment, block.offset, block.len as usize)?;
            let mut bytes = io.buffers.take(row.len as usize)?;
            io.reader.decode(segment, block, &stored, &mut bytes)?;
            return Ok(ChunkData::Numbers(bytes));
        }
        let decoded = io.reader.block(segment, &row.block)?;
        ChunkData::from_stored(&self.schema, &io.buffers, io.reader.chunk(segment, row, &decoded)?)
            .map_err(|error| io.reader.damaged_block(segment, &row.block, &error))
    }

    /// Refuses a row of what no chunk of the array can be.
    pub fn check_row(&self, io: &Io, segment: &Segment, row: &Row) -> Result<()> {
        let (schema, pieces) = (&self.schema, row.block.coding.pieces());
        let checked = match schema.dtype {
            DType::String if pieces > 1 => Err(error!(Corrupt, "a chunk of texts in {pieces} pieces")),
            DType::String => Ok(()),
            _ if pieces != schema.pieces() => {
                Err(error!(Corrupt, "a stored chunk has {pieces} pieces, its array's chunks have {}", schema.pieces()))
            }
            _ => block::check_len(schema, row.len as usize),
        };
        checked.map_err(|error| io.reader.damaged_block(segment, &row.block, &error))
    }

    fn decode_pending(&self, io: &Io, encoded: &block::Encoded) -> Result<ChunkData> {
        ChunkData::from_stored(&self.schema, &io.buffers, &io.reader.pending(encoded)?)
    }
}

/// Calls `f` with the place of each cell of a portion in its chunk and in its region, both in C order, until it fails.
fn for_each_cell(
    chunk_shape: &[u64],
    count: &[u64],
    portion: &Portion,
    mut f: impl FnMut(usize, usize) -> Result<()>,
) -> Result<()> {
    let (chunk_strides, region_strides) = (c_strides(chunk_shape), c_strides(count));
    let rank = chunk_shape.len();
    for cell in 0..cells(&portion.extents) {
        let mut rest = cell;
        let (mut in_chunk, mut in_region) = (0, 0);
        for d in (0..rank).rev() {
            let i = rest % portion.extents[d];
            rest /= portion.extents[d];
            in_chunk += (portion.in_chunk[d] + i) * chunk_strides[d] as u64;
            in_region += (portion.in_region[d] + i) * region_strides[d] as u64;
        }
        f(in_chunk as usize, in_region as usize)?;
    }
    Ok(())
}
