//! Another extent of dimension 0.
//!
//! What is stored of a chunk beyond the shape is dead, and nobody removes it: it would be there again in an array that
//! grows. So two things hold at any time. Cells of a chunk outside the shape hold the fill value. And of a chunk inside the
//! shape, what is looked for first (pending, frozen, the newest segment) has been written since the chunk last came to lie
//! inside it.

use crate::array::{Array, ArrayData, CHUNK_OVERHEAD, Io, Pending, Segments, begin_encoding};
use crate::base::error::{Result, error};
use crate::base::shape::{Dims, check_shape};
use crate::chunk::block::ChunkData;
use crate::chunk::grid;
use crate::memory::budget::Held;
use crate::memory::buffers;
use std::ops::Range;
use std::sync::Arc;

impl Array {
    /// Gives dimension 0 an extent; cells that it loses hold the fill value when it has them again. An array of rank 0 has no
    /// dimension 0. On an error nothing has changed.
    pub fn resize(&self, data: &mut ArrayData, io: &Io, segments: &Segments, length: u64) -> Result<()> {
        match data.shape.first() {
            Some(&old) if length < old => self.shrink(data, io, segments, length),
            Some(&old) if length > old => self.grow(data, io, segments, length),
            Some(_) => Ok(()),
            None => Err(error!(InvalidArgument, "an array of rank 0 has no dimension that can be resized")),
        }
    }

    /// Undoes a growth after which the array was not written to.
    pub fn ungrow(&self, data: &mut ArrayData, length: u64) {
        if let Some(extent) = data.shape.first_mut() {
            *extent = length;
        }
        self.forget_beyond(data);
    }

    fn shrink(&self, data: &mut ArrayData, io: &Io, segments: &Segments, length: u64) -> Result<()> {
        let rows = self.schema.chunk_shape[0];
        if !length.is_multiple_of(rows) {
            let edge = self.row_of_chunks(data, length);
            let from = (length % rows) as usize * (self.schema.chunk_cells() / rows as usize);
            let mut made = Vec::new();
            for number in self.in_use(data, io, segments, edge)? {
                let mut chunk = self.open_chunk(data, io, segments, number)?;
                chunk.blank_from(&self.schema, from)?;
                buffers::push(&mut made, (number, chunk))?;
            }
            self.make_room_for(data, made.len())?;
            data.pending.extend(made.into_iter().map(|(number, chunk)| (number, Pending::open(io, chunk, 0))));
        }
        data.shape[0] = length;
        data.dropped = true;
        self.forget_beyond(data);
        Ok(())
    }

    fn grow(&self, data: &mut ArrayData, io: &Io, segments: &Segments, length: u64) -> Result<()> {
        let old = data.shape[0];
        let mut shape = data.shape.clone();
        shape[0] = length;
        check_shape(&shape, grid::chunking_size(self.schema.dtype))?;
        let mut made = Vec::new();
        let mut first = self.row_of_chunks(data, old);
        if !old.is_multiple_of(self.schema.chunk_shape[0]) {
            // What is stored of a chunk says how many of its cells are inside: it is written anew when more of them are.
            let edge = first;
            for number in self.in_use(data, io, segments, edge.clone())? {
                if !matches!(data.pending.get(number), Some(Pending::Open(_))) {
                    buffers::push(&mut made, (number, self.open_chunk(data, io, segments, number)?))?;
                }
            }
            first = edge.end..edge.end;
        }
        let chunks = grid::chunk_count(&shape, &self.schema.chunk_shape);
        let stale = self.in_use(data, io, segments, first.start..chunks)?;
        let blank = match stale.is_empty() {
            true => None,
            false => Some(Arc::new(ChunkData::filled(&self.schema, &io.buffers)?)),
        };
        self.make_room_for(data, made.len() + stale.len())?;
        data.pending.extend(made.into_iter().map(|(number, chunk)| (number, Pending::open(io, chunk, 0))));
        for (number, blank) in stale.into_iter().zip(blank.iter().cycle()) {
            let valid = grid::valid_extents(&shape, &self.schema.chunk_shape, number);
            // They share their values.
            let block = self.block(io, blank.clone(), Held::new(&io.budget, CHUNK_OVERHEAD), valid);
            begin_encoding(io, &block, blank.is_small());
            data.pending.insert(number, Pending::Sealed(block));
        }
        data.shape = shape;
        Ok(())
    }

    /// The numbers of the chunks that have row `row` of dimension 0.
    fn row_of_chunks(&self, data: &ArrayData, row: u64) -> Range<u64> {
        let mut one: Dims = data.shape.clone();
        one[0] = 1;
        let (first, each) = (row / self.schema.chunk_shape[0], grid::chunk_count(&one, &self.schema.chunk_shape));
        first * each..(first + 1) * each
    }

    /// Those of these chunks that are pending, frozen or stored, in ascending order.
    fn in_use(&self, data: &ArrayData, io: &Io, segments: &Segments, numbers: Range<u64>) -> Result<Vec<u64>> {
        let mut found = Vec::new();
        if numbers.is_empty() {
            return Ok(found);
        }
        let pending = data.pending.numbers();
        for number in pending.chain(data.frozen.iter().flat_map(|frozen| frozen.numbers())) {
            if numbers.contains(&number) {
                buffers::push(&mut found, number)?;
            }
        }
        for segment in segments.iter() {
            let mut room = Ok(());
            io.reader.rows(segment, self.id, (numbers.start, numbers.end - 1), |row| {
                if room.is_ok() {
                    room = buffers::push(&mut found, row.chunk);
                }
            })?;
            room?;
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Forgets pending chunks beyond the shape.
    pub fn forget_beyond(&self, data: &mut ArrayData) {
        let chunks = grid::chunk_count(&data.shape, &self.schema.chunk_shape);
        data.pending.retain(|number| number < chunks);
    }
}
