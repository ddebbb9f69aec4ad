//! Where the chunks of an array lie, for programs that read them in place.

use crate::base::dtype::DType;
use crate::base::error::{Result, error};
use crate::chunk::{block, grid};
use crate::codec::{Codec, Coding};
use crate::format::names;
use crate::format::segment::{BlockRef, Row};
use crate::memory::buffers;
use crate::segment::Segment;
use crate::store::{Store, in_array};
use std::cmp::Reverse;
use std::sync::Arc;

/// Where one stored chunk lies.
///
/// The block is `stored_len` bytes of the file, from `offset` on; decoded it has `raw_len` bytes, of which `len` from `at`
/// on are the chunk: all cells of the chunk shape, in C order, also those outside the array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkPlace {
    /// The chunk's number: its place in the chunk grid, counted in C order.
    pub number: u64,
    /// The file, counted from 0 in [`ChunkPlaces::files`].
    pub file: usize,
    /// Where in the file the block begins.
    pub offset: u64,
    /// Bytes of the block in the file.
    pub stored_len: u32,
    /// Bytes of the block when decoded.
    pub raw_len: u32,
    /// Where in the decoded block the chunk begins.
    pub at: u32,
    /// Bytes of the chunk.
    pub len: u32,
    /// What the block is compressed with.
    pub codec: Codec,
    /// Bytes of the elements whose bytes were shuffled first; 1 where they were not.
    pub shuffle: u8,
    /// Bytes of the elements that are differences, as integers, to the one before them in the block: before the shuffle. 0
    /// where they are themselves.
    pub delta: u8,
    /// CRC-32C of the stored bytes.
    pub checksum: u32,
}

/// Where the chunks of an array lie; see [`Store::chunk_places`].
#[derive(Clone)]
pub struct ChunkPlaces {
    /// The commit whose chunks these are.
    pub generation: u64,
    /// The files, from the store's folder on, with slashes.
    pub files: Vec<String>,
    /// The stored chunks, by number.
    pub places: Vec<ChunkPlace>,
    /// As `files`.
    segments: Vec<Arc<Segment>>,
}

impl Store {
    /// Where the chunks of an array lie, as of the last commit that this handle sees: a chunk that was written since has
    /// the place that it had then, or none. A chunk without a place is not stored, and reads as the fill value.
    ///
    /// The files stay as long as the commit is kept.
    pub fn chunk_places(&self, dataset: &str, array: &str) -> Result<ChunkPlaces> {
        self.on_snapshot(|state| {
            let generation = state.version.generation;
            let file = state.version.files.get(array).cloned();
            let (array_id, schema, chunks) = state.with_array(dataset, array, |_, entry, _| {
                let schema = &entry.array.schema;
                // The shape that it had then: what is stored beyond is dead.
                let record = state.version.records.dataset(dataset)?;
                let record = record.as_ref().and_then(|record| record.arrays.get(array));
                let record = record.filter(|record| record.id == entry.array.id);
                let chunks = record.map_or(0, |record| grid::chunk_count(&record.shape, &schema.chunk_shape));
                Ok((entry.array.id, schema.clone(), chunks))
            })?;
            Ok(move || {
                let mut found = ChunkPlaces { generation, files: Vec::new(), places: Vec::new(), segments: Vec::new() };
                let Some(file) = file else { return Ok(found) };
                for (number, segment) in file.segments.iter().enumerate() {
                    let mut room = Ok(());
                    let rows = self.io.reader.rows(segment, array_id, (0, u64::MAX), |row| {
                        if row.chunk < chunks && room.is_ok() {
                            room = buffers::push(&mut found.places, ChunkPlace::new(row, number));
                        }
                    });
                    rows.and(room).map_err(|error| in_array(dataset, array, error))?;
                }
                // The newest segment wins.
                found.places.sort_unstable_by_key(|place| (place.number, Reverse(place.file)));
                found.places.dedup_by_key(|place| place.number);
                for place in found.places.iter().filter(|_| schema.dtype != DType::String) {
                    block::check_len(&schema, place.len as usize).map_err(|error| {
                        let error = self.io.reader.damaged_block(&file.segments[place.file], &place.block(), &error);
                        in_array(dataset, array, error)
                    })?;
                }
                found.name_files(&file.folder, &file.segments)?;
                Ok(found)
            })
        })
    }

    /// The bytes of the chunk whose place is `places.places[index]`, decoded and checked: of texts as numcodecs'
    /// `vlen-utf8` has them, of numbers little-endian. [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) where the file
    /// went with its commit.
    pub fn stored_chunk(&self, places: &ChunkPlaces, index: usize) -> Result<Vec<u8>> {
        self.check_usable()?;
        let place = (places.places.get(index))
            .ok_or_else(|| error!(OutOfRange, "index {index} of {} places", places.places.len()))?;
        let segment = &places.segments[place.file];
        // It may be anybody's.
        let offset = place.offset.checked_sub(segment.offset());
        let offset = offset.ok_or_else(|| error!(InvalidArgument, "{place:?} is not a place in its segment"))?;
        let block = self.io.reader.block(segment, &BlockRef { offset, ..place.block() })?;
        let chunk = block.get(place.at as usize..).and_then(|rest| rest.get(..place.len as usize));
        let chunk = chunk.ok_or_else(|| error!(InvalidArgument, "{place:?} is not a place in its block"))?;
        buffers::collect(chunk.iter().copied())
    }
}

impl ChunkPlaces {
    /// Counts files as they are used, names them, and counts offsets from where they begin.
    fn name_files(&mut self, folder: &str, segments: &[Arc<Segment>]) -> Result<()> {
        let mut numbers: Vec<Option<usize>> = buffers::collect(segments.iter().map(|_| None))?;
        self.places.iter().for_each(|place| numbers[place.file] = Some(0));
        for (segment, number) in segments.iter().zip(&mut numbers).filter(|(_, number)| number.is_some()) {
            *number = Some(self.files.len());
            let folder = if segment.record.at.is_some() { names::BUNDLES } else { folder };
            buffers::push(&mut self.files, format!("{folder}/{}", segment.record.file))?;
            buffers::push(&mut self.segments, segment.clone())?;
        }
        for place in &mut self.places {
            place.offset += segments[place.file].offset();
            place.file = numbers[place.file].unwrap_or_default();
        }
        Ok(())
    }
}

impl ChunkPlace {
    /// Whether the chunk is a range of its file: it has its block alone, or the block is as it was before it was stored.
    pub fn is_range(&self) -> bool {
        self.len == self.raw_len || (self.codec == Codec::None && self.shuffle == 1 && self.delta == 0)
    }

    fn new(row: &Row, file: usize) -> Self {
        let BlockRef { offset, len, crc, coding } = row.block;
        Self {
            number: row.chunk,
            file,
            offset,
            stored_len: len,
            raw_len: coding.raw_len,
            at: row.at,
            len: row.len,
            codec: coding.codec,
            shuffle: coding.shuffle,
            delta: coding.delta,
            checksum: crc,
        }
    }

    fn block(&self) -> BlockRef {
        let coding = Coding { codec: self.codec, shuffle: self.shuffle, delta: self.delta, raw_len: self.raw_len };
        BlockRef { offset: self.offset, len: self.stored_len, crc: self.checksum, coding }
    }
}
