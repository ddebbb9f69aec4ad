//! Writes of regions.

use crate::array::{Array, ArrayData, Io, PACK_BELOW, Pending, Segments, for_each_cell};
use crate::base::dtype::DType;
use crate::base::error::{Result, error};
use crate::base::shape::{Dims, Region, cells};
use crate::chunk::block::{ChunkData, PendingChunk};
use crate::chunk::grid::{self, Piece, pieces};
use crate::chunk::strided::{BoundSource, ChunkBox};
use crate::memory::buffers;

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
        self.write(data, io, segments, region, |piece, chunk| {
            if let ChunkData::Numbers(bytes) = chunk {
                let place = ChunkBox { shape: &self.schema.chunk_shape, at: &piece.in_chunk, extents: &piece.extents };
                source.copy_to(&piece.in_region, &place, bytes);
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
        self.write(data, io, segments, region, |piece, chunk| {
            let mut more = 0;
            if let ChunkData::Texts(cells) = chunk {
                // The closure does not fail.
                let _ = for_each_cell(&self.schema.chunk_shape, &region.count, piece, |in_chunk, in_region| {
                    more += copies[in_region].len().saturating_sub(cells[in_chunk].len());
                    cells[in_chunk] = std::mem::take(&mut copies[in_region]);
                    Ok(())
                });
            }
            more
        })
    }

    /// Has `put` copy each piece into its chunk; it returns the memory that the chunk takes beyond what it did.
    ///
    /// Chunks that are not open yet are made beside the pending ones. They take their places, and those that are open
    /// are written to, when nothing can fail any more.
    fn write(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        mut put: impl FnMut(&Piece, &mut ChunkData) -> usize,
    ) -> Result<()> {
        let chunk_shape = &self.schema.chunk_shape;
        let shape = data.shape.clone();
        let valid = |piece: &Piece| grid::valid_extents(&shape, chunk_shape, piece.chunk);
        let (mut made, mut any_open) = (Vec::new(), false);
        for piece in pieces(&shape, chunk_shape, region) {
            if matches!(data.pending.get(&piece.chunk), Some(Pending::Open { .. })) {
                any_open = true;
                continue;
            }
            let valid = valid(&piece);
            buffers::reserve(&mut made, 1)?;
            let mut chunk = self.new_chunk(data, io, segments, &piece, &valid)?;
            put(&piece, &mut chunk);
            let mut open = Pending::open(io, chunk);
            self.note_written(io, &mut open, &piece, valid);
            made.push((piece.chunk, open));
        }
        (data.pending.try_reserve(made.len()))
            .map_err(|_| error!(OutOfMemory, "no memory to note {} chunks", made.len()))?;
        for piece in pieces(&shape, chunk_shape, region).filter(|_| any_open) {
            let Some(pending) = data.pending.get_mut(&piece.chunk) else { continue };
            if let Pending::Open { data: chunk, held, .. } = pending {
                held.grow(put(&piece, chunk));
                self.note_written(io, pending, &piece, valid(&piece));
            }
        }
        data.pending.extend(made);
        Ok(())
    }

    /// Counts a piece that an open chunk has been written, and gives the chunk to the workers if it is complete.
    fn note_written(&self, io: &Io, pending: &mut Pending, piece: &Piece, valid: Dims) {
        let Pending::Open { data: chunk, written, .. } = pending else { return };
        *written += cells(&piece.extents);
        // Dimension 0 may grow into the padding, so a chunk is complete when that is written too.
        let rows = valid.first().copied().unwrap_or(1).max(1);
        let complete = cells(&valid) / rows * self.schema.chunk_shape.first().copied().unwrap_or(1);
        if *written >= complete && chunk.memory() >= PACK_BELOW {
            self.seal(io, pending, valid);
        }
    }

    /// A chunk that is to be written to and is not open: what it holds, unless the piece is all of that.
    fn new_chunk(
        &self,
        data: &ArrayData,
        io: &Io,
        segments: &Segments,
        piece: &Piece,
        valid: &[u64],
    ) -> Result<ChunkData> {
        if piece.extents[..] != *valid {
            return self.open_chunk(data, io, segments, piece.chunk);
        }
        if *valid == self.schema.chunk_shape[..] && self.schema.dtype.size() > 0 {
            return Ok(ChunkData::Numbers(io.buffers.take(self.schema.chunk_bytes())?));
        }
        ChunkData::filled(&self.schema, &io.buffers)
    }

    /// What a chunk holds, wherever that is, or the fill value.
    pub(super) fn open_chunk(&self, data: &ArrayData, io: &Io, segments: &Segments, number: u64) -> Result<ChunkData> {
        Ok(match data.chunk_in_memory(number) {
            Some(PendingChunk::Raw(chunk)) => chunk.copy(&io.buffers)?,
            // Nobody will ask for what it was: it is not kept.
            Some(PendingChunk::Encoded(encoded)) if self.schema.dtype != DType::String => {
                ChunkData::Numbers(encoded.decode(&io.buffers)?)
            }
            Some(PendingChunk::Encoded(encoded)) => self.decode_pending(io, &encoded)?,
            None => match self.locate(io, segments, &[number])?.pop().flatten() {
                Some((segment, row)) => self.load(io, &segment, &row)?,
                None => ChunkData::filled(&self.schema, &io.buffers)?,
            },
        })
    }
}
