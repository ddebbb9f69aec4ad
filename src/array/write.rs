//! Writes of regions.

use crate::array::{Array, ArrayData, InMemory, Io, Pending, Segments, for_each_cell};
use crate::base::dtype::DType;
use crate::base::error::{Result, bail, error};
use crate::base::shape::{Dims, Region, cells};
use crate::base::sync::atomic::Ordering;
use crate::chunk::block::{ChunkData, PACK_BELOW, PendingChunk};
use crate::chunk::grid::{self, Portion, portions};
use crate::chunk::rows::Rows;
use crate::chunk::strided::{BoundSource, ChunkBox};
use crate::memory::buffers::{self, Buffer};

impl Array {
    /// Copies a region from the caller's memory. On an error nothing has changed.
    pub fn write_numbers(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        source: &BoundSource<'_>,
    ) -> Result<()> {
        let rounding = self.schema.rounding();
        self.write(data, io, segments, region, |portion, shape, chunk| {
            if let ChunkData::Numbers(bytes) = chunk {
                let place = ChunkBox { shape, at: &portion.in_chunk, extents: &portion.extents };
                source.copy_to(&portion.in_region, &place, rounding, bytes);
            }
            0
        })
    }

    /// Copies texts, in C order of the region. On an error nothing has changed.
    pub fn write_texts(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        texts: &[&str],
    ) -> Result<()> {
        let mut copies = Vec::new();
        buffers::reserve(&mut copies, texts.len())?;
        for text in texts {
            copies.push(buffers::copy_text(text)?);
        }
        self.write(data, io, segments, region, |portion, shape, chunk| {
            let mut more = 0;
            if let ChunkData::Texts(cells) = chunk {
                // The closure does not fail.
                let _ = for_each_cell(shape, &region.count, portion, |in_chunk, in_region| {
                    more += copies[in_region].len().saturating_sub(cells[in_chunk].len());
                    cells[in_chunk] = std::mem::take(&mut copies[in_region]);
                    Ok(())
                });
            }
            more
        })
    }

    /// Has `put` copy each portion into its chunk, of which it is told the shape; it returns the memory that the chunk takes
    /// beyond what it did.
    ///
    /// Chunks that are not open yet, and rows, are made beside the pending ones. They take their places, and those that are
    /// open are written to, when nothing can fail any more.
    fn write(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        mut put: impl FnMut(&Portion, &[u64], &mut ChunkData) -> usize,
    ) -> Result<()> {
        let chunk_shape = &self.schema.chunk_shape;
        let shape = data.shape.clone();
        let valid = |portion: &Portion| grid::valid_extents(&shape, chunk_shape, portion.chunk);
        let (mut made, mut more_rows, mut any_open) = (Vec::new(), Vec::new(), false);
        let covers = io.covers.load(Ordering::Acquire);
        if covers {
            data.prepare_covered(self, region)?;
        }
        for portion in portions(&shape, chunk_shape, region) {
            let valid = valid(&portion);
            let (mut chunk, before) = match data.pending.get_mut(portion.chunk) {
                Some(Pending::Open(open)) => match &mut open.data {
                    ChunkData::Rows(rows) if is_next(rows, &portion, &valid) => {
                        rows.reserve()?;
                        let bytes = self.rows(io, &portion, &mut put)?;
                        buffers::push(&mut more_rows, (portion, valid, bytes))?;
                        continue;
                    }
                    ChunkData::Rows(_) => (open.data.copy(&self.schema, &io.buffers)?, open.written),
                    ChunkData::Numbers(_) | ChunkData::Texts(_) => {
                        any_open = true;
                        continue;
                    }
                },
                Some(Pending::Sealed(_) | Pending::Stored(_)) | None => {
                    let before = if is_end(&portion, &valid) { portion.in_chunk[0] * cells(&valid[1..]) } else { 0 };
                    (self.new_chunk(data, io, segments, &portion, &valid)?, before)
                }
            };
            buffers::reserve(&mut made, 1)?;
            if let ChunkData::Rows(rows) = &mut chunk {
                rows.reserve()?;
                rows.push(portion.extents[0], self.rows(io, &portion, &mut put)?);
            } else {
                put(&portion, chunk_shape, &mut chunk);
            }
            let mut open = Pending::open(io, chunk, before);
            self.note_written(io, &mut open, &portion, valid);
            made.push((portion.chunk, open));
        }
        (data.pending.try_reserve(made.len()))
            .map_err(|_| error!(OutOfMemory, "no memory to note {} chunks", made.len()))?;
        for portion in portions(&shape, chunk_shape, region).filter(|_| any_open) {
            let Some(pending) = data.pending.get_mut(portion.chunk) else { continue };
            if let Pending::Open(open) = pending
                && !matches!(open.data, ChunkData::Rows(_))
            {
                open.held.grow(put(&portion, chunk_shape, &mut open.data));
                self.note_written(io, pending, &portion, valid(&portion));
            }
        }
        for (portion, valid, bytes) in more_rows {
            let Some(pending) = data.pending.get_mut(portion.chunk) else { continue };
            if let Pending::Open(open) = pending
                && let ChunkData::Rows(rows) = &mut open.data
            {
                open.held.grow(bytes.len());
                rows.push(portion.extents[0], bytes);
                self.note_written(io, pending, &portion, valid);
            }
        }
        data.pending.extend(made);
        if covers {
            data.note_covered(self, region);
        }
        Ok(())
    }

    /// The rows of a chunk that a portion is, by themselves.
    fn rows(
        &self,
        io: &Io,
        portion: &Portion,
        put: &mut impl FnMut(&Portion, &[u64], &mut ChunkData) -> usize,
    ) -> Result<Buffer> {
        let mut shape = self.schema.chunk_shape.clone();
        shape[0] = portion.extents[0];
        let mut bytes = io.buffers.take(cells(&shape) as usize * self.schema.dtype.size())?;
        if portion.extents != shape {
            self.schema.fill(&mut bytes);
        }
        let (mut rows, mut by_itself) = (ChunkData::Numbers(bytes), portion.clone());
        by_itself.in_chunk[0] = 0;
        put(&by_itself, &shape, &mut rows);
        match rows {
            ChunkData::Numbers(bytes) => Ok(bytes),
            ChunkData::Rows(_) | ChunkData::Texts(_) => bail!(Internal, "rows of {}", self.schema.dtype),
        }
    }

    /// Whether a chunk that is written to is kept as rows, where it can be: for others there may be no memory.
    fn prefers_rows(&self, io: &Io) -> bool {
        self.schema.dtype != DType::String && self.schema.chunk_bytes() >= PACK_BELOW && io.budget.is_quarter_taken()
    }

    /// Counts a portion that an open chunk has been written, and gives the chunk to the workers if it is complete.
    fn note_written(&self, io: &Io, pending: &mut Pending, portion: &Portion, valid: Dims) {
        let Pending::Open(open) = pending else { return };
        open.written += cells(&portion.extents);
        // Dimension 0 may grow into the padding, so a chunk is complete when that is written too.
        let rows = valid.first().copied().unwrap_or(1).max(1);
        let complete = cells(&valid) / rows * self.schema.chunk_shape.first().copied().unwrap_or(1);
        if open.written >= complete && !open.data.is_small() {
            self.seal(io, pending, valid);
        }
    }

    /// A chunk that is to be written to and is not open: what it holds, unless the portion is all of that.
    fn new_chunk(
        &self,
        data: &ArrayData,
        io: &Io,
        segments: &Segments,
        portion: &Portion,
        valid: &[u64],
    ) -> Result<ChunkData> {
        let (rows, mut begun) = (self.schema.chunk_shape.first(), Box::<Rows>::default());
        let (prefers_rows, is_first) = (self.prefers_rows(io), is_next(&begun, portion, valid));
        let replaces_all = portion.extents[..] == *valid;
        match if replaces_all { None } else { self.content(data, io, segments, portion.chunk)? } {
            Some(content) if prefers_rows && is_end(portion, valid) && valid.first() < rows => {
                let row_bytes = self.schema.chunk_bytes() / self.schema.chunk_shape[0] as usize;
                let bytes = &content.numbers(&self.schema, &io.buffers)?[..portion.in_chunk[0] as usize * row_bytes];
                begun.reserve()?;
                begun.push(portion.in_chunk[0], io.buffers.copy(bytes)?);
                Ok(ChunkData::Rows(begun))
            }
            Some(content) => Ok(content),
            None if prefers_rows && is_first && portion.extents.first() < rows => Ok(ChunkData::Rows(begun)),
            None if replaces_all && *valid == self.schema.chunk_shape[..] && self.schema.dtype.size() > 0 => {
                Ok(ChunkData::Numbers(io.buffers.take(self.schema.chunk_bytes())?))
            }
            None => ChunkData::filled(&self.schema, &io.buffers),
        }
    }

    /// A copy of what a chunk holds, wherever that is, or the fill value.
    pub(super) fn open_chunk(&self, data: &ArrayData, io: &Io, segments: &Segments, number: u64) -> Result<ChunkData> {
        match self.content(data, io, segments, number)? {
            Some(content) => Ok(content),
            None => ChunkData::filled(&self.schema, &io.buffers),
        }
    }

    /// A copy of what a chunk holds, wherever that is; `None` where it was never written.
    fn content(&self, data: &ArrayData, io: &Io, segments: &Segments, number: u64) -> Result<Option<ChunkData>> {
        if let Some(Pending::Open(open)) = data.pending.get(number) {
            return open.data.copy(&self.schema, &io.buffers).map(Some);
        }
        Ok(Some(match data.chunk_in_memory(number) {
            Some(InMemory::Chunk(PendingChunk::Raw(chunk))) => chunk.copy(&self.schema, &io.buffers)?,
            // Nobody will ask for what it was: it is not kept.
            Some(InMemory::Chunk(PendingChunk::Encoded(encoded))) if self.schema.dtype != DType::String => {
                ChunkData::Numbers(encoded.decode(&io.buffers)?)
            }
            Some(InMemory::Chunk(PendingChunk::Encoded(encoded))) => self.decode_pending(io, &encoded)?,
            Some(InMemory::Stored(stored)) => self.load(io, &stored.part.segment, &stored.row)?,
            None => match self.locate(io, segments, &[number])?.pop().flatten() {
                Some((segment, row)) => self.load(io, &segment, &row)?,
                None => return Ok(None),
            },
        }))
    }
}

/// Whether a portion of a chunk, of which `valid` is inside the array, is whole rows, those behind `rows`.
fn is_next(rows: &Rows, portion: &Portion, valid: &[u64]) -> bool {
    portion.in_chunk.split_first().is_some_and(|(first, inner)| *first == rows.count && inner.iter().all(|at| *at == 0))
        && portion.extents[1..] == valid[1..]
}

/// Whether a portion is the last whole rows of the array in its chunk: those that an append brings.
fn is_end(portion: &Portion, valid: &[u64]) -> bool {
    portion.in_chunk.split_first().is_some_and(|(first, inner)| {
        first + portion.extents[0] == valid[0] && inner.iter().all(|at| *at == 0) && portion.extents[1..] == valid[1..]
    })
}
