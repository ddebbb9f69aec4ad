//! Writes of regions.

use crate::array::{Array, ArrayData, Io, PACK_BELOW, Pending, Segments, for_each_cell};
use crate::base::dtype::DType;
use crate::base::error::{Result, error};
use crate::base::shape::{Region, cells};
use crate::chunk::block::{ChunkData, PendingChunk};
use crate::chunk::grid::{self, Piece, pieces};
use crate::chunk::strided::{BoundSource, ChunkBox};

impl Array {
    /// Copies a region from the caller's memory. On an error nothing has changed, but for a lack of memory, which
    /// leaves the chunks before it written.
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

    /// Copies texts, in C order of the region.
    pub fn write_texts(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        texts: &[&str],
    ) -> Result<()> {
        self.write(data, io, segments, region, |piece, chunk| {
            let mut more = 0;
            if let ChunkData::Texts(cells) = chunk {
                // The closure does not fail.
                let _ = for_each_cell(&self.schema.chunk_shape, &region.count, piece, |in_chunk, in_region| {
                    more += texts[in_region].len().saturating_sub(cells[in_chunk].len());
                    texts[in_region].clone_into(&mut cells[in_chunk]);
                    Ok(())
                });
            }
            more
        })
    }

    /// Has `put` copy each piece into its chunk; it returns the memory that the chunk takes beyond what it did.
    fn write(
        &self,
        data: &mut ArrayData,
        io: &Io,
        segments: &Segments,
        region: &Region,
        mut put: impl FnMut(&Piece, &mut ChunkData) -> usize,
    ) -> Result<()> {
        let schema = &self.schema;
        let valid = |shape: &[u64], piece: &Piece| grid::valid_extents(shape, &schema.chunk_shape, piece.chunk);
        let shape = data.shape.clone();
        // What can fail goes first: the rest of a chunk that is written in part must be had.
        let mut opened = Vec::new();
        for piece in pieces(&shape, &schema.chunk_shape, region) {
            if piece.extents != valid(&shape, &piece)
                && let Some(chunk) = self.open_chunk(data, io, segments, piece.chunk)?
            {
                opened.push((piece.chunk, Pending::open(io, chunk)));
            }
        }
        data.pending.extend(opened);
        for piece in pieces(&shape, &schema.chunk_shape, region) {
            let valid = valid(&shape, &piece);
            if piece.extents == valid && !matches!(data.pending.get(&piece.chunk), Some(Pending::Open { .. })) {
                let fresh = if valid == schema.chunk_shape && schema.dtype.size() > 0 {
                    ChunkData::Numbers(io.buffers.take(schema.chunk_bytes())?)
                } else {
                    ChunkData::filled(schema, &io.buffers)?
                };
                data.pending.insert(piece.chunk, Pending::open(io, fresh));
            }
            let Some(Pending::Open { data: chunk, written, held }) = data.pending.get_mut(&piece.chunk) else {
                return Err(error!(Internal, "chunk {} is not open", piece.chunk));
            };
            held.grow(put(&piece, chunk));
            *written += cells(&piece.extents);
            // Dimension 0 may grow into the padding, so a chunk is complete when that is written too.
            let rows = valid.first().copied().unwrap_or(1).max(1);
            let complete = cells(&valid) / rows * schema.chunk_shape.first().copied().unwrap_or(1);
            if *written >= complete && chunk.memory() >= PACK_BELOW {
                self.seal(data, io, piece.chunk);
            }
        }
        Ok(())
    }

    /// What a chunk holds, wherever that is, or the fill value; `None` where it is open already.
    fn open_chunk(&self, data: &ArrayData, io: &Io, segments: &Segments, number: u64) -> Result<Option<ChunkData>> {
        if matches!(data.pending.get(&number), Some(Pending::Open { .. })) {
            return Ok(None);
        }
        let chunk = match data.chunk_in_memory(number) {
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
        };
        Ok(Some(chunk))
    }
}
