//! What of an array a handle has written, cell by cell, and what others have: where several write one store.

use crate::array::{Array, ArrayData, CHUNK_OVERHEAD, Io, Segments, StoredChunk};
use crate::base::error::{Result, bail, error};
use crate::base::maps::HashMap;
use crate::base::shape::{Dims, Region};
use crate::chunk::block::{Block, ChunkData};
use crate::chunk::cover::Cover;
use crate::chunk::grid::portions;
use crate::memory::budget::Held;
use crate::memory::buffers;
use std::sync::Arc;

/// What was written since the last cut.
#[derive(Clone, Default)]
pub(crate) struct Covered {
    /// By chunk. There may be chunks of which no cell was.
    pub chunks: HashMap<u64, Cover>,
    /// Whether it was appended to.
    pub appended: bool,
}

/// A chunk as a worker has stored it, and the cells of it that count.
pub(crate) struct Layer {
    pub chunk: Arc<StoredChunk>,
    pub cover: Cover,
}

impl ArrayData {
    /// Makes room to note that a region is written.
    pub(super) fn prepare_covered(&mut self, array: &Array, region: &Region) -> Result<()> {
        let chunk_shape = &array.schema.chunk_shape;
        let covered = Arc::make_mut(self.covered.get_or_insert_default());
        for portion in portions(&self.shape, chunk_shape, region) {
            let is_all = Cover::is_all(&portion, &self.shape, chunk_shape);
            let lacks_room = match covered.chunks.get(&portion.chunk) {
                Some(Cover::All) => false,
                Some(Cover::Some(bits)) => bits.is_empty() && !is_all,
                None => true,
            };
            if lacks_room {
                let none = if is_all { Cover::Some(Vec::new()) } else { Cover::none(array.schema.chunk_cells())? };
                covered.chunks.try_reserve(1).map_err(|_| error!(OutOfMemory, "no memory to note a chunk"))?;
                covered.chunks.insert(portion.chunk, none);
            }
        }
        Ok(())
    }

    /// Notes that a region is written, for which there is room.
    pub(super) fn note_covered(&mut self, array: &Array, region: &Region) {
        let chunk_shape = &array.schema.chunk_shape;
        let Some(covered) = self.covered.as_mut().map(Arc::make_mut) else { return };
        for portion in portions(&self.shape, chunk_shape, region) {
            let Some(cover) = covered.chunks.get_mut(&portion.chunk) else { continue };
            match Cover::is_all(&portion, &self.shape, chunk_shape) {
                true => *cover = Cover::All,
                false => cover.add(chunk_shape, &portion.in_chunk, &portion.extents),
            }
        }
    }

    /// Notes that it was appended to.
    pub fn note_appended(&mut self) {
        if let Some(covered) = self.covered.as_mut().map(Arc::make_mut) {
            covered.appended = true;
        }
    }

    /// Notes again what a cut has taken.
    pub fn cover_again(&mut self, taken: &Arc<Covered>) {
        let Some(covered) = self.covered.as_mut().map(Arc::make_mut) else {
            self.covered = Some(taken.clone());
            return;
        };
        covered.appended |= taken.appended;
        for (chunk, cover) in &taken.chunks {
            match covered.chunks.get_mut(chunk) {
                Some(known) if !known.is_empty() => known.add_all(cover),
                _ => drop(covered.chunks.insert(*chunk, cover.clone())),
            }
        }
    }
}

impl Array {
    /// Puts a chunk together: of what there is of it, if `is_inside` the shape, and the cells that `layers` have, later ones
    /// over earlier ones.
    pub fn overlay(
        &self,
        data: &ArrayData,
        io: &Io,
        segments: &Segments,
        (number, is_inside): (u64, bool),
        layers: &[Layer],
    ) -> Result<ChunkData> {
        let mut made = match is_inside {
            true => self.open_chunk(data, io, segments, number)?,
            false => ChunkData::filled(&self.schema, &io.buffers)?,
        };
        for Layer { chunk, cover } in layers {
            let layer = self.load(io, &chunk.part.segment, &chunk.row)?;
            for run in cover.runs(self.schema.chunk_cells()) {
                match (&mut made, &layer) {
                    (ChunkData::Numbers(made), ChunkData::Numbers(layer)) => {
                        let size = self.schema.dtype.size();
                        let bytes = run.start * size..run.end * size;
                        made[bytes.clone()].copy_from_slice(&layer[bytes]);
                    }
                    (ChunkData::Texts(made), ChunkData::Texts(layer)) => {
                        for cell in run {
                            made[cell] = buffers::copy_text(&layer[cell])?;
                        }
                    }
                    _ => bail!(Internal, "chunks of {} that are not alike", self.schema.dtype),
                }
            }
        }
        Ok(made)
    }

    /// A block of a chunk that was put together, of which `valid` is inside the array. It is encoded at once, so that of many
    /// no more stays in memory, unless others wait; small ones are the flush's to pack.
    pub fn made_block(&self, io: &Io, made: ChunkData, valid: Dims, others_wait: bool) -> Result<Arc<Block>> {
        let held = Held::new(&io.budget, CHUNK_OVERHEAD + made.memory());
        if others_wait || made.is_small() {
            return Ok(self.begun_block(io, Arc::new(made), held, valid));
        }
        let block = self.block(io, Arc::new(made), held, valid);
        block.finish()?;
        Ok(block)
    }

    /// Makes room for so many more chunks that are pending.
    pub fn make_room_for(&self, data: &mut ArrayData, chunks: usize) -> Result<()> {
        let room = data.pending.try_reserve(chunks);
        room.map_err(|_| error!(OutOfMemory, "no memory to note {chunks} chunks"))
    }
}
