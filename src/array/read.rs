//! Reads of regions: planned under the array's lock, carried out without it.

use crate::array::{Array, ArrayData, Found, InMemory, Io, Pending, Segments, StoredChunk, for_each_cell};
use crate::base::error::{Error, ErrorKind, Result, error};
use crate::base::shape::{Dims, Region, c_strides, cells};
use crate::chunk::block::{ChunkData, PendingChunk};
use crate::chunk::grid::{self, Portion, portions};
use crate::chunk::schema::Schema;
use crate::chunk::strided::{BoundTarget, ChunkBox};
use crate::codec::{Form, Shard};
use crate::format::segment::{BlockRef, Row};
use crate::memory::buffers::{self, Buffer};
use crate::segment::{Kept, Segment};
use std::sync::{Arc, OnceLock};

/// Bytes between two blocks that are wanted, at most, for which the one is not read by itself: the index of a block in pieces,
/// or a small piece, costs less than another read.
const GAP: u64 = 4 << 10;
/// Stored bytes that one read fetches when blocks stand side by side: at most, and where there are many workers at least.
const READ_RUN: std::ops::RangeInclusive<u64> = 256 << 10..=1 << 20;
/// Stored bytes that are asked of the disk before the first of them is there, at most.
const AHEAD: u64 = 16 << 20;
/// Reads for each worker, about, so that all have something to do until the end.
const RUNS_PER_WORKER: u64 = 8;

impl Array {
    /// What a read of `region` needs beyond open chunks, which `on_open` copies from while `data` is locked.
    fn plan(
        self: &Arc<Self>,
        data: &ArrayData,
        segments: &Segments,
        region: &Region,
        mut on_open: impl FnMut(&Portion, &ChunkData) -> Result<()>,
    ) -> Result<Plan> {
        let mut plan = Plan {
            array: self.clone(),
            shape: data.shape.clone(),
            segments: segments.clone(),
            memory: Vec::new(),
            stored: Vec::new(),
            elsewhere: Vec::new(),
        };
        for portion in portions(&data.shape, &self.schema.chunk_shape, region) {
            if let Some(Pending::Open(open)) = data.pending.get(portion.chunk) {
                on_open(&portion, &open.data)?;
                continue;
            }
            match data.chunk_in_memory(portion.chunk) {
                Some(InMemory::Chunk(chunk)) => buffers::push(&mut plan.memory, (portion, chunk))?,
                Some(InMemory::Stored(stored)) => buffers::push(&mut plan.stored, (portion, stored))?,
                None => buffers::push(&mut plan.elsewhere, portion)?,
            }
        }
        Ok(plan)
    }

    /// Plans a read of numbers; what is in open chunks is copied at once.
    pub fn plan_numbers(
        self: &Arc<Self>,
        data: &ArrayData,
        segments: &Segments,
        region: &Region,
        target: &BoundTarget<'_>,
        io: &Io,
    ) -> Result<Plan> {
        self.plan(data, segments, region, |portion, chunk| {
            copy_portion(target, portion, &self.schema.chunk_shape, &chunk.numbers(&self.schema, &io.buffers)?)
        })
    }

    /// Plans a read of texts; what is in open chunks is copied at once.
    pub fn plan_texts(
        self: &Arc<Self>,
        data: &ArrayData,
        segments: &Segments,
        region: &Region,
        out: &mut [String],
    ) -> Result<Plan> {
        self.plan(data, segments, region, |portion, chunk| self.copy_texts(out, &region.count, portion, chunk.texts()?))
    }

    /// Copies a portion of a chunk of texts into `out`, which is the region in C order.
    fn copy_texts(&self, out: &mut [String], count: &[u64], portion: &Portion, chunk: &[String]) -> Result<()> {
        for_each_cell(&self.schema.chunk_shape, count, portion, |in_chunk, in_region| {
            out[in_region] = buffers::copy_text(&chunk[in_chunk])?;
            Ok(())
        })
    }
}

/// The cells of a region in C order.
pub(crate) enum Values {
    Numbers(Vec<u8>),
    Texts(Vec<String>),
}

/// The part of a read that goes on without the array's lock.
pub(crate) struct Plan {
    array: Arc<Array>,
    shape: Dims,
    segments: Segments,
    memory: Vec<(Portion, PendingChunk)>,
    /// In files that no version names.
    stored: Vec<(Portion, Arc<StoredChunk>)>,
    elsewhere: Vec<Portion>,
}

impl Plan {
    /// The portions that are not in memory, and where their chunks are stored.
    fn found(&self, io: &Io) -> Result<impl Iterator<Item = (&Portion, Option<Found>)>> {
        let numbers = buffers::collect(self.elsewhere.iter().map(|portion| portion.chunk))?;
        let found = self.array.locate(io, &self.segments, &numbers)?;
        let stored = self.stored.iter();
        let stored = stored.map(|(portion, chunk)| (portion, Some((chunk.part.segment.clone(), chunk.row))));
        Ok(self.elsewhere.iter().zip(found).chain(stored))
    }
}

/// One step of a parallel read of numbers.
enum Step<'p, 't> {
    /// A chunk that is pending.
    Pending(&'p Plan, &'p BoundTarget<'t>, &'p Portion, &'p PendingChunk),
    /// Blocks that stand side by side in a segment.
    Run { segment: Arc<Segment>, offset: u64, len: u64, wanted: Vec<Wanted<'p, 't>> },
}

/// A portion of a stored chunk, or of a piece of one.
struct Wanted<'p, 't> {
    plan: &'p Plan,
    target: &'p BoundTarget<'t>,
    portion: &'p Portion,
    /// Extents of what it is a portion of.
    shape: &'p [u64],
    /// Whether it is all of that which lies in the array.
    whole: bool,
    row: Row,
}

/// A portion of a chunk in pieces, of which not all is asked for, and so of some of these.
struct Partly<'p, 't> {
    plan: &'p Plan,
    target: &'p BoundTarget<'t>,
    portion: &'p Portion,
    segment: Arc<Segment>,
    row: Row,
    shard: OnceLock<Arc<Shard>>,
}

/// A portion of a piece of a chunk.
struct InPiece {
    portion: Portion,
    whole: bool,
    row: Row,
}

/// The portions of the pieces of a chunk that a portion of the chunk is made of, with the numbers of these pieces.
fn in_pieces(plan: &Plan, portion: &Portion) -> impl Iterator<Item = (usize, Portion, bool)> {
    let Schema { chunk_shape, piece_shape, .. } = &*plan.array.schema;
    let valid = grid::valid_extents(&plan.shape, chunk_shape, portion.chunk);
    let region = Region { start: portion.in_chunk.clone(), count: portion.extents.clone() };
    portions(chunk_shape, piece_shape, &region).map(move |mut part| {
        let whole = (0..valid.len()).all(|d| {
            let corner = portion.in_chunk[d] + part.in_region[d] - part.in_chunk[d];
            part.extents[d] == piece_shape[d].min(valid[d] - corner)
        });
        part.in_region.iter_mut().zip(&portion.in_region).for_each(|(at, corner)| *at += corner);
        (part.chunk as usize, part, whole)
    })
}

/// Carries out the plans of reads of numbers, each into its target, all in parallel.
pub(crate) fn read_numbers(io: &Io, reads: &[(Plan, BoundTarget<'_>)]) -> Result<()> {
    let mut steps = Vec::new();
    let mut stored: Vec<(Arc<Segment>, Wanted<'_, '_>)> = Vec::new();
    let mut partly: Vec<Partly<'_, '_>> = Vec::new();
    // Each begins with the newest segment that may have its chunks.
    io.reader.read_ahead(reads.iter().filter_map(|(plan, _)| {
        let chunks = (plan.elsewhere.first()?.chunk, plan.elsewhere.last()?.chunk);
        let segment = plan.segments.iter().rev().find(|segment| {
            let (low, high) = segment.record.array_ids;
            (low..=high).contains(&plan.array.id)
        })?;
        Some((segment, plan.array.id, chunks))
    }));
    for (plan, target) in reads {
        let (array, schema) = (&plan.array, &plan.array.schema);
        buffers::reserve(&mut steps, plan.memory.len())?;
        steps.extend(plan.memory.iter().map(|(portion, chunk)| Step::Pending(plan, target, portion, chunk)));
        for (portion, found) in plan.found(io)? {
            let Some((segment, row)) = found else {
                let zero = [0; 16];
                let fill = schema.fill_bytes().unwrap_or(&zero[..schema.dtype.size()]);
                target.fill(&portion.in_region, &portion.extents, fill)?;
                continue;
            };
            array.check_row(io, &segment, &row)?;
            let valid = grid::valid_extents(&plan.shape, &schema.chunk_shape, portion.chunk);
            let whole = portion.extents == valid;
            if whole || schema.pieces() == 1 {
                let wanted = Wanted { plan, target, portion, shape: &schema.chunk_shape, whole, row };
                buffers::push(&mut stored, (segment, wanted))?;
            } else {
                buffers::push(&mut partly, Partly { plan, target, portion, segment, row, shard: OnceLock::new() })?;
            }
        }
    }
    if partly.len() > 1 {
        partly.iter().for_each(|partly| io.reader.begin_shard(&partly.segment, &partly.row.block));
    }
    io.pool.for_each(&partly, |partly| {
        let shard = io.reader.shard(&partly.segment, &partly.row.block)?;
        partly.shard.get_or_init(|| shard);
        Ok(())
    })?;
    let mut parts: Vec<(&Partly<'_, '_>, InPiece)> = Vec::new();
    for partly in &partly {
        let shard = partly.shard.get().ok_or_else(|| error!(Internal, "the places of pieces are not known"))?;
        for (number, portion, whole) in in_pieces(partly.plan, partly.portion) {
            let block = partly.row.block.piece(shard, number);
            let row = Row { block, at: 0, len: block.coding.raw_len, ..partly.row };
            buffers::push(&mut parts, (partly, InPiece { portion, whole, row }))?;
        }
    }
    buffers::reserve(&mut stored, parts.len())?;
    stored.extend(parts.iter().map(|(partly, InPiece { portion, whole, row })| {
        let Partly { plan, target, .. } = *partly;
        let (shape, whole, row) = (&plan.array.schema.piece_shape[..], *whole, *row);
        (partly.segment.clone(), Wanted { plan, target, portion, shape, whole, row })
    }));
    // A block in pieces begins where its first piece does.
    stored.sort_unstable_by_key(|(segment, wanted)| {
        let BlockRef { offset, len, .. } = wanted.row.block;
        (segment.number(), offset, len)
    });
    let total: u64 = stored.iter().map(|(_, wanted)| u64::from(wanted.row.block.len)).sum();
    let share = total / (io.pool.threads() as u64 * RUNS_PER_WORKER).max(1);
    let most = share.clamp(*READ_RUN.start(), *READ_RUN.end());
    for (segment, wanted) in stored {
        let block = wanted.row.block;
        let end = block.offset + u64::from(block.len);
        match steps.last_mut() {
            Some(Step::Run { segment: same, offset, len, wanted: run })
                if Arc::ptr_eq(same, &segment)
                    && block.offset <= *offset + *len + GAP
                    && (end - *offset <= most || end <= *offset + *len) =>
            {
                *len = (*len).max(end - *offset);
                buffers::push(run, wanted)?;
            }
            _ => {
                let (offset, len) = (block.offset, u64::from(block.len));
                let wanted = vec![wanted];
                buffers::push(&mut steps, Step::Run { segment, offset, len, wanted })?;
            }
        }
    }
    begin_reads(io, &steps);
    let keep = io.reader.has_cache_for(steps.iter().map(partly_read_bytes).sum());
    io.pool.for_each(&steps, |step| match step {
        Step::Pending(plan, target, portion, PendingChunk::Raw(chunk)) => {
            let schema = &plan.array.schema;
            copy_portion(target, portion, &schema.chunk_shape, &chunk.numbers(schema, &io.buffers)?)
        }
        Step::Pending(plan, target, portion, PendingChunk::Encoded(encoded)) => {
            copy_portion(target, portion, &plan.array.schema.chunk_shape, &io.reader.pending(encoded)?)
        }
        Step::Run { segment, offset, len, wanted } => read_run(io, segment, *offset, *len, wanted, keep),
    })
}

/// Has the short reads of several steps begin their way from the disk: it does them faster when it knows of many than when each
/// worker waits for its own. Long ones keep it busy as they are.
fn begin_reads(io: &Io, steps: &[Step<'_, '_>]) {
    if steps.len() <= 1 {
        return;
    }
    let mut left = AHEAD;
    for step in steps {
        let Step::Run { segment, offset, len, wanted } = step else { continue };
        if len >= READ_RUN.start() || io.reader.cached(segment, &wanted[0].row.block).is_some() {
            continue;
        }
        let Some(rest) = left.checked_sub(*len) else { return };
        left = rest;
        io.reader.begin_fetch(segment, *offset, *len);
    }
}

/// Decoded bytes of the blocks of a step that are read in part.
fn partly_read_bytes(step: &Step<'_, '_>) -> u64 {
    match step {
        Step::Pending(..) => 0,
        Step::Run { wanted, .. } => {
            let groups = wanted.chunk_by(|a, b| a.row.block == b.row.block);
            let partly = groups.filter(|group| !matches!(group, [wanted] if wanted.is_whole_block()));
            partly.map(|group| u64::from(group[0].row.block.coding.raw_len)).sum()
        }
    }
}

impl Wanted<'_, '_> {
    /// Whether the portion is all that there is in its block.
    fn is_whole_block(&self) -> bool {
        self.is_alone() && self.whole
    }

    /// Whether the chunk is the only one in its block.
    fn is_alone(&self) -> bool {
        self.row.len == self.row.block.coding.raw_len
    }

    /// Whether the portion is so little of the chunk that the rest need not be unshuffled.
    fn is_small(&self) -> bool {
        cells(&self.portion.extents) * 4 <= cells(self.shape)
    }

    /// The first dimension of a run, and cells of one: the trailing dimensions that are whole, and the one before them,
    /// lie in the chunk without a gap.
    fn run(&self) -> (usize, u64) {
        let (portion, shape) = (self.portion, self.shape);
        let mut inner = shape.len();
        let mut run = 1;
        while inner > 0 {
            inner -= 1;
            run *= portion.extents[inner];
            if portion.extents[inner] != shape[inner] {
                break;
            }
        }
        (inner, run)
    }

    /// The elements of the chunk that the portion takes, as runs (first, number), in C order.
    fn runs(&self) -> Runs<'_> {
        let portion = self.portion;
        let strides = c_strides(self.shape);
        let (inner, cells_of_run) = self.run();
        let extents = &portion.extents[..inner];
        Runs {
            first: portion.in_chunk.iter().zip(&strides).map(|(&at, &stride)| at * stride as u64).sum(),
            index: Dims::from_elem(0, inner),
            strides: strides.iter().map(|&stride| stride as u64).collect(),
            extents,
            cells_of_run,
            left: cells(extents),
        }
    }

    /// Whether the portion is so many short runs, as columns are, that to take them out of planes is dear.
    fn is_scattered(&self) -> bool {
        let (_, run) = self.run();
        run < 16 && cells(&self.portion.extents) > 64 * run
    }
}

/// See [`Wanted::runs`].
struct Runs<'p> {
    /// The next run's first element.
    first: u64,
    index: Dims,
    strides: Dims,
    extents: &'p [u64],
    cells_of_run: u64,
    left: u64,
}

impl Iterator for Runs<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        self.left = self.left.checked_sub(1)?;
        let run = (self.first as usize, self.cells_of_run as usize);
        for d in (0..self.extents.len()).rev() {
            self.index[d] += 1;
            self.first += self.strides[d];
            if self.index[d] < self.extents[d] {
                break;
            }
            self.first -= self.extents[d] * self.strides[d];
            self.index[d] = 0;
        }
        Some(run)
    }
}

/// Room for decoded bytes of blocks or portions, one after the other.
struct Scratch<'i> {
    io: &'i Io,
    buffer: Option<Buffer>,
}

impl Scratch<'_> {
    /// `len` bytes with any content.
    fn bytes(&mut self, len: usize) -> Result<&mut [u8]> {
        if self.buffer.as_ref().is_none_or(|buffer| buffer.len() < len) {
            // What is too short goes back first.
            self.buffer = None;
            self.buffer = Some(self.io.buffers.take(len)?);
        }
        Ok(self.buffer.as_deref_mut().and_then(|buffer| buffer.get_mut(..len)).unwrap_or_default())
    }
}

fn read_run(io: &Io, segment: &Segment, offset: u64, len: u64, wanted: &[Wanted<'_, '_>], keep: bool) -> Result<()> {
    let groups = || wanted.chunk_by(|a, b| a.row.block == b.row.block);
    let at_hand = groups().all(|group| io.reader.cached(segment, &group[0].row.block).is_some());
    let stored = if at_hand { None } else { Some(io.reader.fetch(segment, offset, len as usize)?) };
    let mut scratch = Scratch { io, buffer: None };
    for group in groups() {
        let block = group[0].row.block;
        match (io.reader.cached(segment, &block), &stored) {
            (Some(kept), _) => {
                group.iter().try_for_each(|wanted| copy_kept(io, segment, wanted, &kept, &mut scratch))?
            }
            (None, Some(stored)) => {
                let stored = &stored[(block.offset - offset) as usize..][..block.len as usize];
                read_block(io, segment, &block, stored, &mut scratch, group, keep)?;
            }
            // It was at hand a moment ago.
            (None, None) => {
                let kept = io.reader.block(segment, &block)?;
                group.iter().try_for_each(|wanted| copy_wanted(io, segment, wanted, &kept))?;
            }
        }
    }
    Ok(())
}

fn read_block(
    io: &Io,
    segment: &Segment,
    block: &BlockRef,
    stored: &[u8],
    scratch: &mut Scratch<'_>,
    group: &[Wanted<'_, '_>],
    keep: bool,
) -> Result<()> {
    if let Form::Pieces(_) = block.coding.form {
        let shard = io.reader.shard_in(segment, block, stored)?;
        return group.iter().try_for_each(|wanted| read_pieces(io, segment, stored, &shard, wanted, scratch));
    }
    if let [wanted] = group
        && wanted.is_alone()
    {
        let portion = wanted.portion;
        if portion.extents[..] == *wanted.shape
            && let Some(out) = wanted.target.contiguous_portion(&portion.in_region, &portion.extents)
        {
            return io.reader.decode(segment, block, stored, out);
        }
        let few = if keep { !wanted.is_scattered() } else { wanted.is_small() };
        if few && !wanted.is_whole_block() {
            let planes = io.reader.decode_planes(segment, block, stored, keep)?;
            return copy_runs(io, segment, wanted, &planes, scratch);
        }
    }
    if !keep || matches!(group, [wanted] if wanted.is_whole_block()) {
        let decoded = scratch.bytes(block.coding.raw_len as usize)?;
        io.reader.decode(segment, block, stored, decoded)?;
        return group.iter().try_for_each(|wanted| copy_wanted(io, segment, wanted, decoded));
    }
    // A pack, or a part of a chunk: what is beside it is likely to be asked for next.
    let kept = io.reader.decode_block(segment, block, stored)?;
    group.iter().try_for_each(|wanted| copy_wanted(io, segment, wanted, &kept))
}

/// Copies a portion from a block that is kept.
fn copy_kept(
    io: &Io,
    segment: &Segment,
    wanted: &Wanted<'_, '_>,
    kept: &Kept,
    scratch: &mut Scratch<'_>,
) -> Result<()> {
    if !kept.planes {
        return copy_wanted(io, segment, wanted, &kept.bytes);
    }
    if wanted.is_alone() && !wanted.is_scattered() {
        return copy_runs(io, segment, wanted, &kept.bytes, scratch);
    }
    copy_wanted(io, segment, wanted, &io.reader.block(segment, &wanted.row.block)?)
}

/// Copies a portion of a chunk that is alone in its block from the planes of that.
fn copy_runs(
    io: &Io,
    segment: &Segment,
    wanted: &Wanted<'_, '_>,
    planes: &[u8],
    scratch: &mut Scratch<'_>,
) -> Result<()> {
    let (block, portion, item) = (&wanted.row.block, wanted.portion, wanted.plan.array.schema.dtype.size());
    if let Some(out) = wanted.target.contiguous_portion(&portion.in_region, &portion.extents) {
        return io.reader.pick_runs(segment, block, item, planes, wanted.runs(), out);
    }
    let picked = scratch.bytes(cells(&portion.extents) as usize * item)?;
    io.reader.pick_runs(segment, block, item, planes, wanted.runs(), picked)?;
    let origin = Dims::from_elem(0, portion.extents.len());
    let place = ChunkBox { shape: &portion.extents, at: &origin, extents: &portion.extents };
    wanted.target.copy_from(&portion.in_region, &place, picked)
}

/// Reads a portion of a block in pieces, all of whose stored bytes are there.
fn read_pieces(
    io: &Io,
    segment: &Segment,
    stored: &[u8],
    shard: &Shard,
    wanted: &Wanted<'_, '_>,
    scratch: &mut Scratch<'_>,
) -> Result<()> {
    let (block, piece_shape) = (&wanted.row.block, &wanted.plan.array.schema.piece_shape);
    for (number, portion, _) in in_pieces(wanted.plan, wanted.portion) {
        let ((at, len), piece) = (shard.piece(number), block.piece(shard, number));
        let stored = &stored[at as usize..][..len as usize];
        let out = wanted.target.contiguous_portion(&portion.in_region, &portion.extents);
        if let Some(out) = out.filter(|_| portion.extents == *piece_shape) {
            io.reader.decode(segment, &piece, stored, out)?;
            continue;
        }
        let decoded = scratch.bytes(piece.coding.raw_len as usize)?;
        io.reader.decode(segment, &piece, stored, decoded)?;
        copy_portion(wanted.target, &portion, piece_shape, decoded)?;
    }
    Ok(())
}

fn copy_wanted(io: &Io, segment: &Segment, wanted: &Wanted<'_, '_>, decoded: &[u8]) -> Result<()> {
    copy_portion(wanted.target, wanted.portion, wanted.shape, io.reader.chunk(segment, &wanted.row, decoded)?)
}

/// Copies a portion of a chunk, or of a piece, of numbers to the caller's memory.
fn copy_portion(target: &BoundTarget<'_>, portion: &Portion, shape: &[u64], chunk: &[u8]) -> Result<()> {
    let place = ChunkBox { shape, at: &portion.in_chunk, extents: &portion.extents };
    target.copy_from(&portion.in_region, &place, chunk)
}

/// Carries out the plan of a read of texts into `out`, the region of `count` cells in C order.
pub(crate) fn read_texts(io: &Io, plan: &Plan, count: &[u64], out: &mut [String]) -> Result<()> {
    let array = &plan.array;
    let copy = |out: &mut [String], portion: &Portion, chunk: &ChunkData| {
        array.copy_texts(out, count, portion, chunk.texts()?)
    };
    for (portion, chunk) in &plan.memory {
        match chunk {
            PendingChunk::Raw(chunk) => copy(out, portion, chunk)?,
            PendingChunk::Encoded(encoded) => copy(out, portion, &array.decode_pending(io, encoded)?)?,
        }
    }
    for (portion, found) in plan.found(io)? {
        match found {
            Some((segment, row)) => copy(out, portion, &array.load(io, &segment, &row)?)?,
            None => {
                let fill = array.schema.fill_text().unwrap_or_default();
                for_each_cell(&array.schema.chunk_shape, count, portion, |_, in_region| {
                    out[in_region] = buffers::copy_text(fill)?;
                    Ok(())
                })?;
            }
        }
    }
    Ok(())
}

/// Whether an error says that a segment file is gone, which a newer snapshot explains.
pub(crate) fn is_gone(error: &Error) -> bool {
    error.kind() == ErrorKind::NotFound
}
