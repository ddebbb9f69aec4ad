//! What a damage takes away: the chunks that can no longer be read.

use crate::base::error::Result;
use crate::chunk::grid;
use crate::format::segment::{ChunkKey, HEADER_LEN};
use crate::segment::Segment;
use crate::store::{Damage, Store};
use std::sync::Arc;

/// A stored chunk that a damage hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// The dataset.
    pub dataset: Arc<str>,
    /// The array.
    pub array: Arc<str>,
    /// The chunk's place in the chunk grid. `None` where the damaged bytes are those that would tell: then each chunk
    /// of the array may be hit, and not all need be.
    pub chunk: Option<Vec<u64>>,
}

impl Store {
    /// The chunks that a damage of this commit's segments hits; none where it hits only bytes that no array uses, or is
    /// that of another file. Call it while the store is at the commit for which [`Store::verify`] found the damage.
    pub fn affected_by(&self, damage: &Damage) -> Result<Vec<Affected>> {
        let (version, _pinned) = self.pin_version()?;
        let is_hit = |segment: &Segment| {
            let at = segment.record.at;
            let is_inside = at.is_none_or(|at| (at..=at + segment.record.length).contains(&damage.offset));
            segment.path == damage.file && is_inside
        };
        let hit = version.files.iter().find_map(|(name, file)| {
            file.segments.iter().enumerate().find_map(|(number, segment)| {
                // Parts of which nothing can be read are named by the damage of the segment.
                let parts = self.io.reader.parts(segment).unwrap_or_default().iter().map(|part| &part.segment);
                let (part, hit) = (0u32..).zip(std::iter::once(segment).chain(parts)).find(|(_, of)| is_hit(of))?;
                Some((name, &file.segments, number, (part, damage.offset - hit.offset())))
            })
        });
        let Some((name, segments, number, at)) = hit else { return Ok(Vec::new()) };
        let hits = self.hits(&segments[number], at);
        let mut affected = Vec::new();
        // A dataset that cannot be decoded is a damage of the root's, which names it.
        for (dataset, record) in version.records.decoded().flatten() {
            let Some(array) = record.arrays.get(name) else { continue };
            let Ok(schema) = version.records.schema(array.schema) else { continue };
            let mut add = |chunk| affected.push(Affected { dataset: dataset.clone(), array: name.clone(), chunk });
            match &hits {
                Hits::Arrays(low, high) if (*low..=*high).contains(&array.id) => add(None),
                Hits::Arrays(..) => {}
                Hits::Chunks(chunks) => {
                    let from = chunks.partition_point(|&(id, _)| id < array.id);
                    for &(_, chunk) in chunks[from..].iter().take_while(|&&(id, _)| id == array.id) {
                        // Newer segments may have the chunk again. Where they cannot tell, it counts as hit.
                        let newest = self.io.reader.locate(segments, array.id, &[chunk]);
                        let newest = newest.ok().and_then(|mut found| found.pop().flatten());
                        if newest.is_none_or(|(found, _)| found == number) {
                            add(Some(grid::chunk_coords(&array.shape, &schema.chunk_shape, chunk).to_vec()));
                        }
                    }
                }
            }
        }
        Ok(affected)
    }

    /// What of a segment cannot be read where the bytes at `offset` of its part number `part` are damaged; 0 for its own.
    fn hits(&self, segment: &Segment, (part, offset): (u32, u64)) -> Hits {
        let (low, high) = segment.record.array_ids;
        let directory = self.io.reader.directory(segment);
        // Before the first block there is the header, without which nothing of the file is read.
        let Some(directory) = directory.ok().filter(|_| offset >= HEADER_LEN as u64) else {
            return Hits::Arrays(low, high);
        };
        if part == 0 && offset >= directory.blocks_end {
            let page = directory.pages.iter().position(|page| page.offset == offset);
            // Behind the pages there is what reads do without.
            return page.map_or(Hits::Chunks(Vec::new()), |page| {
                let next = directory.pages.get(page + 1).map_or(directory.last, |next| next.first);
                Hits::Arrays(directory.pages[page].first.0, next.0)
            });
        }
        let mut chunks = Vec::new();
        for number in 0..directory.pages.len() {
            // A page that cannot be read is a damage of its own.
            let rows = self.io.reader.page(segment, &directory, number).unwrap_or_default();
            let hit = rows.iter().filter(|row| (row.part, row.block.offset) == (part, offset));
            chunks.extend(hit.map(|row| (row.array_id, row.chunk)));
        }
        Hits::Chunks(chunks)
    }
}

/// What of a segment cannot be read.
enum Hits {
    /// Chunks of arrays with ids from the one to the other.
    Arrays(u64, u64),
    /// These, ascending.
    Chunks(Vec<ChunkKey>),
}
