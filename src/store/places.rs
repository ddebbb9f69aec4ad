//! Where the chunks of an array lie, for programs that read them in place.

use crate::base::error::{Result, error};
use crate::base::maps::HashMap;
use crate::base::shape::Dims;
use crate::chunk::grid;
use crate::chunk::schema::Schema;
use crate::codec::{CHECKSUM, Codec, Coding, Form, Shard};
use crate::format::names;
use crate::format::segment::{BlockRef, Row};
use crate::memory::buffers;
use crate::segment::Segment;
use crate::store::{Store, in_array};
use std::cmp::Reverse;
use std::sync::{Arc, OnceLock};

/// Where one stored chunk lies, or one piece of it where chunks are stored in pieces: see
/// [`ArrayInfo::piece_shape`](crate::ArrayInfo::piece_shape).
///
/// The block is `stored_len` bytes of the file, from `offset` on; decoded it has `raw_len` bytes, of which `len` from `at`
/// on are the piece: all cells of the piece shape, in C order, also those outside the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlace {
    /// The piece's number: its place, counted in C order, in the grid by which the piece shape cuts the array.
    pub number: u64,
    /// The file, counted from 0 in [`ChunkPlaces::files`].
    pub file: usize,
    /// Where in the file the block begins.
    pub offset: u64,
    /// Bytes of the block in the file.
    pub stored_len: u32,
    /// Bytes of the block when decoded.
    pub raw_len: u32,
    /// Where in the decoded block the piece begins.
    pub at: u32,
    /// Bytes of the piece.
    pub len: u32,
    /// What the block is compressed with.
    pub codec: Codec,
    /// Bytes of the elements whose bytes were shuffled first; 1 where they were not.
    pub shuffle: u8,
    /// Bytes of the elements that are differences, as integers, to the one before them in the block: before the shuffle. 0
    /// where they are themselves.
    pub delta: u8,
    /// CRC-32C of the stored bytes; `None` where it stands behind them in the file, as a little-endian u32.
    pub checksum: Option<u32>,
}

/// Where the chunks of an array, or their pieces, lie; see [`Store::chunk_places`].
#[derive(Clone)]
pub struct ChunkPlaces {
    /// The commit whose chunks these are.
    pub generation: u64,
    /// The files, from the store's folder on, with slashes.
    pub files: Vec<String>,
    /// The stored chunks, or their pieces, by number.
    pub places: Vec<ChunkPlace>,
    /// As `files`.
    segments: Vec<Arc<Segment>>,
}

impl Store {
    /// Where the chunks of an array lie, as of the last commit that this handle sees: a chunk that was written since has
    /// the place that it had then, or none. A chunk without a place is not stored, and reads as the fill value.
    /// Of chunks that are stored in pieces, all that lie in the array have a place each.
    ///
    /// The files stay as long as the commit is kept.
    pub fn chunk_places(&self, dataset: &str, name: &str) -> Result<ChunkPlaces> {
        self.on_snapshot(|state| {
            let generation = state.version.generation;
            let file = state.version.files.get(name).cloned();
            let (array, shape) = state.with_array(dataset, name, |_, entry, _| {
                // The shape that it had then: what is stored beyond is dead.
                let record = state.version.records.dataset(dataset)?;
                let record = record.as_ref().and_then(|record| record.arrays.get(name));
                let record = record.filter(|record| record.id == entry.array.id);
                let shape = record.map(|record| Dims::from_slice(&record.shape));
                Ok((entry.array.clone(), shape))
            })?;
            Ok(move || {
                let mut found = ChunkPlaces { generation, files: Vec::new(), places: Vec::new(), segments: Vec::new() };
                let (Some(file), Some(shape)) = (file, shape) else { return Ok(found) };
                let located = |error| in_array(dataset, name, error);
                let chunks = grid::chunk_count(&shape, &array.schema.chunk_shape);
                let mut rows: Vec<(usize, Row)> = Vec::new();
                let mut sources = Sources::default();
                for (number, segment) in file.segments.iter().enumerate() {
                    let mut room = Ok(());
                    let read = self.io.reader.rows(segment, array.id, (0, u64::MAX), |row| {
                        if row.chunk < chunks && room.is_ok() {
                            room = buffers::push(&mut rows, (number, *row));
                        }
                    });
                    read.and(room).map_err(located)?;
                }
                // The newest segment wins.
                rows.sort_unstable_by_key(|(number, row)| (row.chunk, Reverse(*number)));
                rows.dedup_by_key(|(_, row)| row.chunk);
                let mut stored: Vec<(usize, Row, OnceLock<Arc<Shard>>)> = Vec::new();
                buffers::reserve(&mut stored, rows.len())?;
                for (number, row) in rows {
                    let segment = file.segments[number].source(&row)?;
                    array.check_row(&self.io, segment, &row).map_err(located)?;
                    stored.push((sources.number(segment)?, row, OnceLock::new()));
                }
                if array.schema.pieces() > 1 {
                    let (reader, segments) = (&self.io.reader, &sources.segments);
                    for (number, row, _) in &stored {
                        reader.begin_shard(&segments[*number], &row.block);
                    }
                    let look_up = |(number, row, shard): &(usize, Row, OnceLock<Arc<Shard>>)| {
                        let read = reader.shard(&segments[*number], &row.block)?;
                        shard.get_or_init(|| read);
                        Ok(())
                    };
                    self.io.pool.for_each(&stored, look_up).map_err(located)?;
                }
                buffers::reserve(&mut found.places, stored.len())?;
                for (number, row, shard) in &stored {
                    found.add(&array.schema, &shape, *number, row, shard.get().map(|shard| &**shard))?;
                }
                found.places.sort_unstable_by_key(|place| place.number);
                found.name_files(&file.folder, sources.segments)?;
                Ok(found)
            })
        })
    }

    /// The bytes of the chunk, or the piece, whose place is `places.places[index]`, decoded and checked: of texts as numcodecs'
    /// `vlen-utf8` has them, of numbers little-endian. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) where the file
    /// went with its commit, and is not open any more: `places` may keep it open.
    pub fn stored_chunk(&self, places: &ChunkPlaces, index: usize) -> Result<Vec<u8>> {
        self.check_usable()?;
        let place = (places.places.get(index))
            .ok_or_else(|| error!(OutOfRange, "index {index} of {} places", places.places.len()))?;
        let segment = &places.segments[place.file];
        // It may be anybody's.
        let offset = place.offset.checked_sub(segment.offset());
        let offset = offset.ok_or_else(|| error!(InvalidArgument, "{place:?} is not a place in its segment"))?;
        let block = self.io.reader.block(segment, &BlockRef { offset, ..place.block()? })?;
        let chunk = block.get(place.at as usize..).and_then(|rest| rest.get(..place.len as usize));
        let chunk = chunk.ok_or_else(|| error!(InvalidArgument, "{place:?} is not a place in its block"))?;
        buffers::collect(chunk.iter().copied())
    }
}

/// Segments that have blocks, in the order in which they are come across.
#[derive(Default)]
struct Sources {
    segments: Vec<Arc<Segment>>,
    numbers: HashMap<u64, usize>,
}

impl Sources {
    fn number(&mut self, segment: &Arc<Segment>) -> Result<usize> {
        let next = self.segments.len();
        let number = *self.numbers.entry(segment.number()).or_insert(next);
        if number == next {
            buffers::push(&mut self.segments, segment.clone())?;
        }
        Ok(number)
    }
}

impl ChunkPlaces {
    /// Adds the place of a chunk, or those of its pieces.
    fn add(&mut self, schema: &Schema, shape: &[u64], file: usize, row: &Row, shard: Option<&Shard>) -> Result<()> {
        let Some(shard) = shard else {
            return buffers::push(&mut self.places, ChunkPlace::new(row.chunk, file, row));
        };
        let corner = grid::chunk_coords(shape, &schema.chunk_shape, row.chunk);
        for number in 0..shard.pieces() {
            let inside = grid::chunk_coords(&schema.chunk_shape, &schema.piece_shape, number as u64);
            let along = |d: usize| corner[d] * (schema.chunk_shape[d] / schema.piece_shape[d]) + inside[d];
            let coords: Dims = (0..shape.len()).map(along).collect();
            // The rest is padding.
            if let Ok(of_array) = grid::chunk_number(shape, &schema.piece_shape, &coords) {
                let block = row.block.piece(shard, number);
                let row = Row { block, at: 0, len: block.coding.raw_len, ..*row };
                buffers::push(&mut self.places, ChunkPlace::new(of_array, file, &row))?;
            }
        }
        Ok(())
    }

    /// Names the files, and counts offsets from where they begin.
    fn name_files(&mut self, folder: &str, segments: Vec<Arc<Segment>>) -> Result<()> {
        for segment in &segments {
            let folder = if segment.record.at.is_some() { names::BUNDLES } else { folder };
            buffers::push(&mut self.files, format!("{folder}/{}", segment.record.file))?;
        }
        self.places.iter_mut().for_each(|place| place.offset += segments[place.file].offset());
        self.segments = segments;
        Ok(())
    }
}

impl ChunkPlace {
    /// Whether the chunk is a range of its file: it has its block alone, or the block is as it was before it was stored.
    pub fn is_range(&self) -> bool {
        self.len == self.raw_len || (self.codec == Codec::None && self.shuffle == 1 && self.delta == 0)
    }

    fn new(number: u64, file: usize, row: &Row) -> Self {
        let BlockRef { offset, len, crc, coding } = row.block;
        let behind = if coding.form == Form::Piece { CHECKSUM } else { 0 };
        Self {
            number,
            file,
            offset,
            stored_len: len - behind,
            raw_len: coding.raw_len,
            at: row.at,
            len: row.len,
            codec: coding.codec,
            shuffle: coding.shuffle,
            delta: coding.delta,
            checksum: (behind == 0).then_some(crc),
        }
    }

    fn block(&self) -> Result<BlockRef> {
        let (form, behind) = if self.checksum.is_some() { (Form::Whole, 0) } else { (Form::Piece, CHECKSUM) };
        let coding =
            Coding { codec: self.codec, shuffle: self.shuffle, delta: self.delta, raw_len: self.raw_len, form };
        let len = self.stored_len.checked_add(behind);
        let len = len.ok_or_else(|| error!(InvalidArgument, "{self:?} is not a place"))?;
        Ok(BlockRef { offset: self.offset, len, crc: self.checksum.unwrap_or(0), coding })
    }
}
