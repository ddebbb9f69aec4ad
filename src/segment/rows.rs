//! The rows of all segments of an array name, of which the newest wins.

use crate::base::error::{Result, bail};
use crate::base::maps::{HashMap, HashSet};
use crate::base::shape::Dims;
use crate::chunk::grid;
use crate::chunk::schema::Schema;
use crate::format::segment::{ChunkKey, HEADER_LEN, Row};
use crate::segment::{Defined, SegmentReader, Segments};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The arrays of one name, by their ids.
pub(crate) type Live = HashMap<u64, LiveArray>;

pub(crate) struct LiveArray {
    pub dataset: Arc<str>,
    pub schema: Arc<Schema>,
    pub shape: Dims,
}

impl LiveArray {
    /// Whether a chunk lies inside the shape: what is stored of others is dead.
    pub fn has(&self, chunk: u64) -> bool {
        chunk < self.chunks()
    }

    /// Chunks inside the shape.
    pub fn chunks(&self) -> u64 {
        grid::chunk_count(&self.shape, &self.schema.chunk_shape)
    }

    /// What a segment says of it.
    pub fn defined(&self) -> Defined<'_> {
        Defined { dataset: &self.dataset, schema: &self.schema, shape: &self.shape }
    }
}

/// The rows of several segments in order of array id and chunk; of rows for one chunk the newest only.
pub(crate) struct RowMerge<'s> {
    reader: &'s SegmentReader,
    segments: &'s Segments,
    inputs: Vec<Input>,
    /// The next row of each input; for equal chunks the newest segment comes first.
    heap: BinaryHeap<Reverse<Next>>,
    last: Option<ChunkKey>,
}

/// The key of an input's next row, and the input; later inputs come first.
type Next = (ChunkKey, Reverse<usize>);

/// Where in a segment's rows the merge is.
struct Input {
    page: usize,
    rows: Arc<Vec<Row>>,
    at: usize,
}

impl<'s> RowMerge<'s> {
    pub fn new(reader: &'s SegmentReader, segments: &'s Segments) -> Result<Self> {
        reader.read_ahead(segments.iter().map(|segment| (segment, segment.record.array_ids.0, (0, u64::MAX))));
        let mut merge = Self { reader, segments, inputs: Vec::new(), heap: BinaryHeap::new(), last: None };
        for number in 0..segments.len() {
            merge.inputs.push(Input { page: 0, rows: Arc::default(), at: 0 });
            merge.advance(number)?;
        }
        Ok(merge)
    }

    /// Puts the next row of an input into the heap, if there is one.
    fn advance(&mut self, number: usize) -> Result<()> {
        let (segment, input) = (&self.segments[number], &mut self.inputs[number]);
        if input.at == input.rows.len() {
            let directory = self.reader.directory(segment)?;
            if input.page == directory.pages.len() {
                return Ok(());
            }
            input.rows = self.reader.page(segment, &directory, input.page)?;
            (input.page, input.at) = (input.page + 1, 0);
        }
        let row = &input.rows[input.at];
        self.heap.push(Reverse(((row.array_id, row.chunk), Reverse(number))));
        Ok(())
    }

    pub fn next(&mut self) -> Result<Option<(usize, Row)>> {
        while let Some(Reverse((key, Reverse(number)))) = self.heap.pop() {
            let row = self.inputs[number].rows[self.inputs[number].at];
            self.inputs[number].at += 1;
            self.advance(number)?;
            if self.last > Some(key) {
                bail!(Corrupt, "{}: the rows of the index are out of order", self.segments[number].path.display());
            }
            if self.last.replace(key) != Some(key) {
                return Ok(Some((number, row)));
            }
        }
        Ok(None)
    }
}

/// Calls `f` for the row of each stored chunk of an array, in no order.
pub(crate) fn for_each_live_row(
    reader: &SegmentReader,
    segments: &Segments,
    array_id: u64,
    mut f: impl FnMut(&Row),
) -> Result<()> {
    reader.read_ahead(segments.iter().map(|segment| (segment, array_id, (0, u64::MAX))));
    let mut seen = HashSet::default();
    for (number, segment) in segments.iter().enumerate().rev() {
        reader.rows(segment, array_id, (0, u64::MAX), |row| {
            // The oldest segment is the last to be asked: nobody needs to know what was in it.
            let newest = if number == 0 { !seen.contains(&row.chunk) } else { seen.insert(row.chunk) };
            if newest {
                f(row);
            }
        })?;
    }
    Ok(())
}

/// Stored bytes under an array name: those of chunks that `is_live` says are there, and all.
pub(crate) fn count_bytes(
    reader: &SegmentReader,
    segments: &Segments,
    is_live: impl Fn(&Row) -> bool,
    mut on_live: impl FnMut(&Row),
) -> Result<(u64, u64)> {
    let (mut seen, mut all, mut live) = (HashSet::default(), 0, 0);
    for segment in segments.iter().rev() {
        let directory = reader.directory(segment)?;
        all += directory.blocks_end - HEADER_LEN as u64;
        all += reader.parts(segment)?.iter().map(|part| part.record.block_bytes()).sum::<u64>();
        for number in 0..directory.pages.len() {
            for row in reader.page(segment, &directory, number)?.iter() {
                if is_live(row) && seen.insert((row.array_id, row.chunk)) {
                    live += row.stored_bytes();
                    on_live(row);
                }
            }
        }
    }
    // An index may claim blocks more than once.
    Ok((live.min(all), all))
}
