//! Statistics, as the last flush left them.

use crate::base::error::{Result, bail, error};
use crate::base::locks::read;
use crate::base::shape::cells;
use crate::chunk::grid;
use crate::chunk::schema::Schema;
use crate::chunk::stats::{self, ChunkStats, Stats};
use crate::store::{Store, in_array};

impl Store {
    /// Statistics of a whole array. There are none before the first flush, and from any write until the next:
    /// [`ErrorKind::NoStats`](crate::ErrorKind::NoStats).
    pub fn array_stats(&self, dataset: &str, array: &str) -> Result<Stats> {
        self.state()?.with_array(dataset, array, |_, entry, _| {
            let schema = &entry.array.schema;
            let data = read(&entry.array.data)?;
            let stored = flushed(&data)?;
            if stored.incomplete {
                bail!(
                    NoStats,
                    "no statistics: when the array was flushed, an index of chunks that it had before could not be read"
                );
            }
            let total = cells(&data.shape);
            let found = ChunkStats { nulls: stored.nulls, range: stored.range };
            Ok(with_unwritten(schema, found, total, total.saturating_sub(stored.cells)))
        })
    }

    /// Statistics of one chunk, by its place in the chunk grid. There are none when there are none of the array.
    pub fn chunk_stats(&self, dataset: &str, array: &str, chunk: &[u64]) -> Result<Stats> {
        let name = |error| in_array(dataset, array, error);
        self.on_snapshot(|state| {
            let (array, segments, shape, number) = state.with_array(dataset, array, |_, entry, segments| {
                let schema = &entry.array.schema;
                let data = read(&entry.array.data)?;
                if chunk.len() != data.shape.len() {
                    bail!(InvalidArgument, "rank {} given, the array has rank {}", chunk.len(), data.shape.len());
                }
                let number = grid::chunk_number(&data.shape, &schema.chunk_shape, chunk).map_err(|d| {
                    let extent = data.shape[d].div_ceil(schema.chunk_shape[d]);
                    error!(OutOfRange, "chunk[{d}]={} exceeds the {extent} chunks along dimension {d}", chunk[d])
                })?;
                flushed(&data)?;
                Ok((entry.array.clone(), segments, data.shape.clone(), number))
            })?;
            Ok(move || {
                let found = self.io.reader.locate(&segments, array.id, &[number]).map_err(name)?.pop().flatten();
                let total = cells(&grid::valid_extents(&shape, &array.schema.chunk_shape, number));
                let unwritten = if found.is_some() { 0 } else { total };
                let found = found.map_or_else(ChunkStats::default, |(_, row)| row.stats);
                if found.nulls > total || !stats::is_range(array.schema.dtype, found.range) {
                    return Err(name(error!(Corrupt, "chunk {number}: {found:?} for {total} cells")));
                }
                Ok(with_unwritten(&array.schema, found, total, unwritten))
            })
        })
    }
}

/// What the last flush found out, unless there has been a write since.
fn flushed(data: &crate::array::ArrayData) -> Result<crate::format::root::Stored> {
    match data.stored() {
        Some((stored, shape)) if !data.has_unflushed_values() && shape == data.shape => Ok(stored),
        _ => Err(error!(NoStats, "no statistics yet: they come with the next flush")),
    }
}

/// Adds cells that were never written: nulls where there is a fill value, zeros where there is none.
fn with_unwritten(schema: &Schema, found: ChunkStats, total: u64, unwritten: u64) -> Stats {
    let (mut nulls, mut range) = (found.nulls, found.range);
    if unwritten > 0 {
        if schema.fill.is_some() {
            nulls += unwritten;
        } else {
            range = stats::merge(schema.dtype, range, stats::zero(schema.dtype));
        }
    }
    Stats { row_count: total, null_count: nulls, range: stats::scalars(schema.dtype, range) }
}
