//! Which cells of a chunk have been written: kept where several handles write one store, whose cells must not meet.

use crate::base::error::{Result, bail, error};
use crate::base::shape::{Dims, c_strides, cells};
use crate::chunk::grid::{self, Portion};
use crate::memory::buffers;
use std::ops::Range;

/// Cells of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// All cells, those too into which the array may grow.
    All,
    /// One bit for each cell, in C order, 64 to a number, the lowest first.
    Some(Vec<u64>),
}

const BITS: usize = 64;

impl Cover {
    /// No cells of a chunk of so many.
    pub fn none(chunk_cells: usize) -> Result<Self> {
        buffers::collect(std::iter::repeat_n(0, chunk_cells.div_ceil(BITS))).map(Self::Some)
    }

    /// Whether a portion is all that a chunk can ever have, of an array of `shape`.
    pub fn is_all(portion: &Portion, shape: &[u64], chunk_shape: &[u64]) -> bool {
        let mut all = grid::valid_extents(shape, chunk_shape, portion.chunk);
        // It is the only one that grows.
        all.iter_mut().zip(chunk_shape).take(1).for_each(|(first, rows)| *first = *rows);
        portion.in_chunk.iter().all(|at| *at == 0) && portion.extents == all
    }

    /// Adds a box of cells.
    pub fn add(&mut self, chunk_shape: &[u64], at: &[u64], extents: &[u64]) {
        let Self::Some(bits) = self else { return };
        for_each_run(chunk_shape, at, extents, |run| {
            set(bits, run);
            true
        });
    }

    /// Adds the cells of another.
    pub fn add_all(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Some(bits), Self::Some(more)) => bits.iter_mut().zip(more).for_each(|(bits, more)| *bits |= more),
            _ => *self = Self::All,
        }
    }

    /// Whether it has all cells of a box at the chunk's corner.
    pub fn has(&self, chunk_shape: &[u64], extents: &[u64]) -> bool {
        let Self::Some(bits) = self else { return true };
        let corner = Dims::from_elem(0, extents.len());
        for_each_run(chunk_shape, &corner, extents, |run| {
            run.clone().all(|cell| bits[cell / BITS] >> (cell % BITS) & 1 == 1)
        })
    }

    /// A cell that both have.
    pub fn meets(&self, other: &Self) -> Option<usize> {
        let first = |bits: &[u64]| {
            let at = bits.iter().position(|bits| *bits != 0)?;
            Some(at * BITS + bits[at].trailing_zeros() as usize)
        };
        match (self, other) {
            (Self::All, Self::All) => Some(0),
            (Self::All, Self::Some(bits)) | (Self::Some(bits), Self::All) => first(bits),
            (Self::Some(one), Self::Some(two)) => {
                let at = one.iter().zip(two).position(|(one, two)| one & two != 0)?;
                Some(at * BITS + (one[at] & two[at]).trailing_zeros() as usize)
            }
        }
    }

    /// Whether each of these cells is one of the other's.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Some(_)) => false,
            (Self::Some(one), Self::Some(two)) => one.iter().zip(two).all(|(one, two)| one & !two == 0),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Some(bits) if bits.iter().all(|bits| *bits == 0))
    }

    /// The runs of cells, in order, of a chunk of so many cells.
    pub fn runs(&self, chunk_cells: usize) -> Runs<'_> {
        Runs { cover: self, at: 0, end: chunk_cells }
    }

    /// Undoes [`Self::runs`]: each run is where it begins and where it ends, counted from the end of the one before.
    pub fn from_runs(chunk_cells: usize, runs: &[(u32, u32)]) -> Result<Self> {
        let mut cover = Self::none(chunk_cells)?;
        let mut at = 0usize;
        for &(gap, len) in runs {
            let begin = at + gap as usize;
            at = begin + len as usize;
            if at > chunk_cells {
                bail!(Corrupt, "cells {begin} to {at} of a chunk of {chunk_cells}");
            }
            if let Self::Some(bits) = &mut cover {
                set(bits, begin..at);
            }
        }
        Ok(cover)
    }

    /// The runs as numbers: see [`Self::from_runs`].
    pub fn to_runs(&self, chunk_cells: usize) -> Result<Vec<(u32, u32)>> {
        let (mut runs, mut at) = (Vec::new(), 0);
        for run in self.runs(chunk_cells) {
            let number = |cells: usize| u32::try_from(cells).map_err(|_| error!(Internal, "a chunk of {chunk_cells}"));
            buffers::push(&mut runs, (number(run.start - at)?, number(run.len())?))?;
            at = run.end;
        }
        Ok(runs)
    }
}

/// See [`Cover::runs`].
pub(crate) struct Runs<'c> {
    cover: &'c Cover,
    at: usize,
    end: usize,
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let Cover::Some(bits) = self.cover else {
            let run = self.at..self.end;
            self.at = self.end;
            return (!run.is_empty()).then_some(run);
        };
        let begin = next(bits, self.at, self.end, 0);
        self.at = next(bits, begin, self.end, u64::MAX);
        (begin < self.end).then_some(begin..self.at)
    }
}

/// The first cell from `at` on, below `end`, whose bit is not that of `skip`; `end` if there is none.
fn next(bits: &[u64], mut at: usize, end: usize, skip: u64) -> usize {
    while at < end {
        let found = (bits[at / BITS] ^ skip) >> (at % BITS);
        if found != 0 {
            return (at + found.trailing_zeros() as usize).min(end);
        }
        at = (at / BITS + 1) * BITS;
    }
    end
}

fn set(bits: &mut [u64], run: Range<usize>) {
    let mut at = run.start;
    while at < run.end {
        let (from, to) = (at % BITS, (run.end - at / BITS * BITS).min(BITS));
        let upper = if to == BITS { u64::MAX } else { (1 << to) - 1 };
        bits[at / BITS] |= upper & (u64::MAX << from);
        at += to - from;
    }
}

/// Calls `f` for each run of cells of a box in a chunk, in C order, as long as it says true; whether it always did.
fn for_each_run(chunk_shape: &[u64], at: &[u64], extents: &[u64], mut f: impl FnMut(Range<usize>) -> bool) -> bool {
    let Some((&inner, outer)) = extents.split_last() else { return f(0..1) };
    let strides = c_strides(chunk_shape);
    (0..cells(outer)).all(|number| {
        let (mut rest, mut begin) = (number, at[outer.len()] as usize);
        for d in (0..outer.len()).rev() {
            begin += (at[d] + rest % outer[d]) as usize * strides[d] as usize;
            rest /= outer[d];
        }
        f(begin..begin + inner as usize)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(chunk_shape: &[u64], at: &[u64], extents: &[u64]) -> Cover {
        let mut cover = Cover::none(cells(chunk_shape) as usize).expect("there is memory");
        cover.add(chunk_shape, at, extents);
        cover
    }

    #[test]
    fn boxes_have_the_cells_that_are_in_them() {
        let chunk = [3, 5, 70];
        for (at, extents) in
            [([0, 0, 0], [3, 5, 70]), ([1, 2, 3], [2, 3, 66]), ([2, 4, 69], [1, 1, 1]), ([0, 0, 63], [1, 5, 2])]
        {
            let cover = of(&chunk, &at, &extents);
            let runs = cover.to_runs(1050).expect("few");
            assert_eq!(Cover::from_runs(1050, &runs).expect("inside"), cover);
            let mut cells = cover.runs(1050).flatten();
            for cell in 0..1050u64 {
                let place = [cell / 350, cell / 70 % 5, cell % 70];
                let inside = (0..3).all(|d| (at[d]..at[d] + extents[d]).contains(&place[d]));
                if inside {
                    assert_eq!(cells.next(), Some(cell as usize));
                }
            }
            assert_eq!(cells.next(), None);
            assert_eq!(cover.has(&chunk, &chunk), extents == chunk);
        }
        assert!(Cover::from_runs(1050, &[(1000, 51)]).is_err());
    }

    #[test]
    fn covers_meet_where_both_have_a_cell() {
        let chunk = [4, 90];
        let (left, right, low) =
            (of(&chunk, &[0, 0], &[4, 45]), of(&chunk, &[0, 45], &[4, 45]), of(&chunk, &[3, 0], &[1, 90]));
        assert_eq!((left.meets(&right), left.meets(&low), right.meets(&low)), (None, Some(270), Some(315)));
        assert_eq!((Cover::All.meets(&right), Cover::All.meets(&Cover::none(360).expect("memory"))), (Some(45), None));
        let mut both = left.clone();
        both.add_all(&right);
        assert!(both.has(&chunk, &chunk) && left.is_within(&both) && !both.is_within(&left));
        assert!(Cover::none(360).expect("memory").is_empty() && !low.is_empty());
    }
}
