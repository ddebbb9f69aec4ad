//! Merging: the segment that a flush writes takes up the small ones before it, so that many small flushes leave few files
//! to open, and a root that does not grow with their number.
//!
//! Stored blocks are copied as they are; what newer segments replaced, and arrays that are gone, stay behind. The files
//! taken up stay as long as a kept commit or a reader may need them, and are then removed by a later flush, or by the next
//! writer.

use crate::array::Io;
use crate::base::error::{Result, error};
use crate::base::maps::HashMap;
use crate::change::cut::Cut;
use crate::change::segments::{SegmentPlan, is_damage};
use crate::format::definitions::Definition;
use crate::format::parts::PartRecord;
use crate::format::segment::{BlockRef, HEADER_LEN, Row};
use crate::memory::buffers::Buffer;
use crate::records::Records;
use crate::segment::rows::{Live, LiveArray, RowMerge};
use crate::segment::{Segment, SegmentWriter, Segments};
use crate::version::ArrayFile;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Sizes of segments that are merged with their like. So there are less than [`ALIKE`] of each kind at the end of the
/// list, and whatever is stored was copied a few times in each kind.
const KINDS: [Range<u64>; 2] = [64 << 10..1 << 20, 0..64 << 10];
/// Segments of a kind, at the end of the list, that are too many.
const ALIKE: usize = 16;
/// Names that are merged in any flush, if they are due.
const FEW: usize = 4;
/// What a flush takes up at most for one array name: it has to wait for that.
const MOST: u64 = 4 << 20;
/// Bytes that a row counts for at least: its array has to be looked up.
const ROW: u64 = 512;

/// How many names a flush may still merge: those that were written alike are all due at once, and a flush that merged all of
/// them would take many times as long as the others.
pub(crate) struct Turns(AtomicUsize);

impl Turns {
    /// Those of a flush of so many names: twice as many as are due in each flush once they take turns.
    pub fn of(names: usize) -> Self {
        Self(AtomicUsize::new((2 * names / ALIKE).max(FEW)))
    }

    /// How many of the newest segments are to be merged into the next one, by the sizes of those that may be, the newest
    /// first. A name with twice as many as are too many needs no turn.
    fn mergeable(&self, sizes: &[u64]) -> usize {
        let count = mergeable(sizes, ALIKE);
        let take = || self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if count > 0 && (mergeable(sizes, 2 * ALIKE) > 0 || take()) { count } else { 0 }
    }
}

/// The part of small segments that is still needed.
#[derive(Default)]
pub(crate) struct Merged {
    /// How many segments these are, from the newest on.
    pub count: usize,
    /// Bytes of blocks that are not needed any more.
    pub dropped_bytes: u64,
    /// In order; with where the row's block is.
    rows: Vec<(Row, From)>,
    /// Each with the number of its segment.
    blocks: Vec<(BlockRef, usize)>,
    /// All blocks of each segment.
    stored: Vec<Buffer>,
    arrays: Live,
    /// Those that have blocks of them, as they come.
    pub parts: Vec<PartRecord>,
}

/// Where a block is that is taken up.
enum From {
    /// The number of the block.
    Own(usize),
    /// The number of the part, where it stays.
    Part(usize),
}

/// How many of the newest segments, of these sizes, are to be merged where `alike` of a kind are too many.
fn mergeable(sizes: &[u64], alike: usize) -> usize {
    let is_due = |kind: &&Range<u64>| {
        sizes.iter().take_while(|size| **size < kind.end).filter(|size| kind.contains(size)).count() >= alike
    };
    let Some(kind) = KINDS.iter().find(is_due) else { return 0 };
    let mut sum = 0;
    let fits = |size: &&u64| {
        sum += **size;
        **size < kind.end && sum <= MOST
    };
    sizes.iter().take_while(fits).count()
}

/// The sizes of the small segments at the end of a list, the newest first.
fn small_sizes(io: &Io, segments: &Segments) -> Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for segment in segments.iter().rev() {
        let mut size = segment.record.length;
        if size < KINDS[0].end {
            size = size.max(io.reader.directory(segment)?.row_count() * ROW);
        }
        if size >= KINDS[0].end {
            break;
        }
        sizes.push(size);
    }
    Ok(sizes)
}

/// The segments at the end of a list of which the new one has every chunk, as it mostly has when an array is appended to:
/// they go out of use at once, and nothing of them is read. `None` where there are none.
fn replaced(io: &Io, plan: &SegmentPlan<'_>, segments: &Segments) -> Result<Option<Merged>> {
    let mut merged = Merged::default();
    'segments: for segment in segments.iter().rev() {
        let directory = io.reader.directory(segment)?;
        if directory.row_count() > plan.chunk_count() {
            break;
        }
        for page in 0..directory.pages.len() {
            let rows = io.reader.page(segment, &directory, page)?;
            if !rows.iter().all(|row| plan.has(row.array_id, row.chunk)) {
                break 'segments;
            }
        }
        merged.count += 1;
        merged.dropped_bytes += directory.blocks_end - HEADER_LEN as u64 + bytes_of_parts(io, segment)?;
    }
    Ok((merged.count > 0).then_some(merged))
}

/// Bytes of the blocks of a segment's parts.
fn bytes_of_parts(io: &Io, segment: &Segment) -> Result<u64> {
    Ok(io.reader.parts(segment)?.iter().map(|part| part.record.block_bytes()).sum())
}

/// What a segment that is about to be written takes up; `None` where there is nothing of which all is replaced, and not
/// enough that is small, or no turn left. Keys that the new segment has itself are left out.
pub(crate) fn merge(
    io: &Io,
    records: &Records,
    plan: &SegmentPlan<'_>,
    cut: &Cut,
    file: &ArrayFile,
    turns: &Turns,
) -> Result<Option<Merged>> {
    let (reader, segments) = (&io.reader, &file.segments);
    match replaced(io, plan, segments) {
        Ok(None) => {}
        // What is damaged stays, and is none of the flush's business unless there is to be a merge.
        Err(error) if is_damage(&error) => {}
        replaced => return replaced,
    }
    // Few are never too many: most flushes look no further.
    let count = if segments.len() < ALIKE { 0 } else { turns.mergeable(&small_sizes(io, segments)?) };
    if count == 0 {
        return Ok(None);
    }
    let small = Segments::new(segments[segments.len() - count..].to_vec());
    let mut merged = Merged {
        count,
        dropped_bytes: 0,
        rows: Vec::new(),
        blocks: Vec::new(),
        stored: Vec::new(),
        parts: Vec::new(),
        arrays: live_of(io, records, plan, cut, &small)?,
    };
    for segment in small.iter() {
        let len = reader.directory(segment)?.blocks_end - HEADER_LEN as u64;
        merged.stored.push(reader.fetch(segment, HEADER_LEN as u64, len as usize)?);
        merged.dropped_bytes += len + bytes_of_parts(io, segment)?;
    }
    let mut parts: HashMap<(Arc<str>, Option<u64>), usize> = HashMap::default();
    let mut numbers = HashMap::default();
    let mut rows = RowMerge::new(reader, &small)?;
    let mut replaced = 0;
    let wrong = || error!(Corrupt, "the index and the counts of bytes do not agree");
    while let Some((number, row)) = rows.next()? {
        if plan.has(row.array_id, row.chunk) {
            replaced += row.stored_bytes();
            continue;
        }
        let Some(array) = merged.arrays.get(&row.array_id) else { continue };
        if !array.has(row.chunk) {
            // Dead, or as of this flush.
            replaced += row.stored_bytes();
            continue;
        }
        if let Some(part) = row.part.checked_sub(1) {
            let part = reader.parts(&small[number])?.get(part as usize).ok_or_else(wrong)?;
            let part = match parts.entry((part.record.file.clone(), part.record.at)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let left = merged.dropped_bytes.checked_sub(part.record.block_bytes());
                    merged.dropped_bytes = left.ok_or_else(wrong)?;
                    merged.parts.push(part.record.clone());
                    *new.insert(merged.parts.len() - 1)
                }
            };
            merged.rows.push((row, From::Part(part)));
            continue;
        }
        let block = match numbers.entry((number, row.block.offset)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                reader.check(&small[number], &row.block, merged.bytes(&row.block, number)?)?;
                let left = merged.dropped_bytes.checked_sub(row.block.len.into());
                merged.dropped_bytes = left.ok_or_else(wrong)?;
                merged.blocks.push((row.block, number));
                *new.insert(merged.blocks.len() - 1)
            }
        };
        merged.rows.push((row, From::Own(block)));
    }
    // What is left behind is known to be dead, whatever the definitions say.
    if merged.dropped_bytes > file.dead_bytes + replaced {
        return Err(wrong());
    }
    Ok(Some(merged))
}

/// The arrays that segments have chunks of, as the cut has them; not those that are gone. One whose dataset may have been
/// renamed since, and that is not where the segment says, may be there under the new name: it is kept as the segment has it,
/// until a compaction.
fn live_of(io: &Io, records: &Records, plan: &SegmentPlan<'_>, cut: &Cut, segments: &Segments) -> Result<Live> {
    let mut live = Live::default();
    // Newest first: where an array is not found, that is what was last known of it.
    for segment in segments.iter().rev() {
        let definitions = io.reader.definitions(segment)?;
        for Definition(id, dataset, schema, shape) in definitions.arrays {
            let Entry::Vacant(new) = live.entry(id) else { continue };
            if let Some((schema, shape)) = cut.array(records, &dataset, &plan.name, id)? {
                new.insert(LiveArray { dataset, schema, shape });
            } else if id < cut.renamed {
                let record = definitions.schemas.get(schema as usize);
                let record = record.ok_or_else(|| error!(Corrupt, "there is no schema {schema}"))?;
                new.insert(LiveArray { dataset, schema: Arc::new(record.decode()?), shape: shape.into() });
            }
        }
    }
    Ok(live)
}

impl Merged {
    /// The stored bytes of a block of segment `number`.
    fn bytes(&self, block: &BlockRef, number: usize) -> Result<&[u8]> {
        let at = (block.offset - HEADER_LEN as u64) as usize;
        (self.stored[number].get(at..))
            .and_then(|rest| rest.get(..block.len as usize))
            .ok_or_else(|| error!(Corrupt, "a block at offset {} is outside the blocks", block.offset))
    }

    /// Writes the blocks; the rows, in order, for the index. The number of a part is what `number` says.
    pub fn write(&self, writer: &mut SegmentWriter, number: impl Fn(&PartRecord) -> u32) -> Result<Vec<Row>> {
        let mut written = Vec::with_capacity(self.blocks.len());
        for (block, number) in &self.blocks {
            written.push(writer.block(self.bytes(block, *number)?, block.crc, block.coding)?);
        }
        let row = |(row, from): &(Row, From)| match from {
            From::Own(block) => Row { block: written[*block], part: 0, ..*row },
            From::Part(part) => Row { part: number(&self.parts[*part]), ..*row },
        };
        Ok(self.rows.iter().map(row).collect())
    }

    /// What is known of an array that has rows.
    pub fn array(&self, id: u64) -> Option<&LiveArray> {
        self.arrays.get(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_segments_remain_of_many_small_ones_and_none_is_copied_often() {
        for each in [1300, 600 * ROW] {
            let mut sizes: Vec<u64> = Vec::new();
            let (mut most, mut copied) = (0, 0);
            for _ in 0..20_000 {
                let taken: u64 = sizes.drain(..mergeable(&sizes, ALIKE)).sum();
                copied += taken;
                sizes.insert(0, taken + each);
                sizes.truncate(sizes.iter().take_while(|size| **size < KINDS[0].end).count());
                most = most.max(sizes.len());
            }
            assert!(most <= 2 * ALIKE, "{most}");
            assert!(copied < 8 * each * 20_000, "{copied}");
        }
    }

    #[test]
    fn names_that_are_written_alike_are_merged_in_turns() {
        const NAMES: usize = 1000;
        let mut names = vec![Vec::new(); NAMES];
        for flush in 0..2000 {
            let (turns, mut merged) = (Turns::of(NAMES), 0);
            for sizes in &mut names {
                let count = turns.mergeable(sizes);
                merged += usize::from(count > 0);
                let taken: u64 = sizes.drain(..count).sum();
                sizes.insert(0, taken + 1300);
                sizes.truncate(sizes.iter().take_while(|size| **size < KINDS[0].end).count());
                assert!(sizes.len() <= 3 * ALIKE, "{} in flush {flush}", sizes.len());
            }
            assert!(merged <= NAMES / 6, "{merged} in flush {flush}");
        }
    }

    #[test]
    fn long_segments_stay_and_no_more_is_taken_up_than_a_flush_may_wait_for() {
        assert_eq!(mergeable(&[2 << 20; 40], ALIKE), 0);
        assert_eq!(mergeable(&[1000; 15], ALIKE), 0);
        let mut mixed = vec![1000, 2 << 20];
        mixed.extend([1000; 15]);
        assert_eq!(mergeable(&mixed, ALIKE), 0, "those before a long one do not count");
        assert_eq!(mergeable(&[1000; 17], ALIKE), 17);
        assert_eq!(mergeable(&[700 << 10; 16], ALIKE), 5);
    }
}
