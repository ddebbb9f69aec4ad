//! The chunk grid of an array: which chunks a region touches, and where.
//!
//! Chunks are numbered in C order of the grid. Dimension 0 is the slowest, so numbers stay valid when it grows.

use crate::base::dtype::DType;
use crate::base::shape::{Dims, Region, cells};
use std::ops::RangeInclusive;

/// The part of a region that lies in one chunk.
#[derive(Clone, Debug)]
pub struct Portion {
    /// The chunk's number.
    pub chunk: u64,
    /// First cell, counted from the chunk's corner.
    pub in_chunk: Dims,
    /// First cell, counted from the region's corner.
    pub in_region: Dims,
    /// Extents of the part.
    pub extents: Dims,
}

/// Chunks along each dimension of an array of `shape`.
fn grid_shape(shape: &[u64], chunk_shape: &[u64]) -> Dims {
    shape.iter().zip(chunk_shape).map(|(&extent, &chunk)| extent.div_ceil(chunk)).collect()
}

/// The number of the chunk at `coords` of the grid, or the dimension along which `coords` leaves it.
pub fn chunk_number(shape: &[u64], chunk_shape: &[u64], coords: &[u64]) -> Result<u64, usize> {
    let grid = grid_shape(shape, chunk_shape);
    let mut number = 0;
    for (d, (&coord, &extent)) in coords.iter().zip(&grid).enumerate() {
        if coord >= extent {
            return Err(d);
        }
        number = number * extent + coord;
    }
    Ok(number)
}

/// How many chunks there are; of a shape that no array can have, some number.
pub fn chunk_count(shape: &[u64], chunk_shape: &[u64]) -> u64 {
    let along = shape.iter().zip(chunk_shape).map(|(extent, chunk)| extent.div_ceil(*chunk));
    along.fold(1, u64::saturating_mul)
}

/// The place in the grid of chunk `number`.
pub fn chunk_coords(shape: &[u64], chunk_shape: &[u64], number: u64) -> Dims {
    let mut coords = grid_shape(shape, chunk_shape);
    let mut rest = number;
    for along in coords.iter_mut().skip(1).rev() {
        let extent = (*along).max(1);
        *along = rest % extent;
        rest /= extent;
    }
    // Dimension 0 takes what is left.
    if let Some(first) = coords.first_mut() {
        *first = rest;
    }
    coords
}

/// Extents of the part of chunk `number` that lies inside `shape`; the rest of an edge chunk is padding.
pub fn valid_extents(shape: &[u64], chunk_shape: &[u64], number: u64) -> Dims {
    let mut rest = number;
    let mut extents = Dims::from_elem(0, shape.len());
    for d in (0..shape.len()).rev() {
        let along = shape[d].div_ceil(chunk_shape[d]).max(1);
        // Dimension 0 takes what is left, so that a chunk beyond the shape is seen to hold nothing.
        let coord = if d == 0 { rest } else { rest % along };
        rest /= along;
        extents[d] = shape[d].saturating_sub(coord.saturating_mul(chunk_shape[d])).min(chunk_shape[d]);
    }
    extents
}

/// The portions of `region`, in the order of their chunks' numbers.
pub fn portions(shape: &[u64], chunk_shape: &[u64], region: &Region) -> Portions {
    let grid = grid_shape(shape, chunk_shape);
    let first: Dims = region.start.iter().zip(chunk_shape).map(|(&start, &chunk)| start / chunk).collect();
    let done = region.count.contains(&0);
    Portions { grid, chunk_shape: chunk_shape.into(), region: region.clone(), coords: first.clone(), first, done }
}

/// Iterator over the portions of a region; see [`portions`].
pub struct Portions {
    grid: Dims,
    chunk_shape: Dims,
    region: Region,
    first: Dims,
    coords: Dims,
    done: bool,
}

impl Iterator for Portions {
    type Item = Portion;

    fn next(&mut self) -> Option<Portion> {
        if self.done {
            return None;
        }
        let rank = self.grid.len();
        let mut portion = Portion {
            chunk: 0,
            in_chunk: Dims::with_capacity(rank),
            in_region: Dims::with_capacity(rank),
            extents: Dims::with_capacity(rank),
        };
        for d in 0..rank {
            let (start, count) = (self.region.start[d], self.region.count[d]);
            let corner = self.coords[d] * self.chunk_shape[d];
            let from = start.max(corner);
            let to = (start + count).min(corner.saturating_add(self.chunk_shape[d]));
            portion.chunk = portion.chunk * self.grid[d] + self.coords[d];
            portion.in_chunk.push(from - corner);
            portion.in_region.push(from - start);
            portion.extents.push(to - from);
        }
        self.advance();
        Some(portion)
    }
}

impl Portions {
    fn advance(&mut self) {
        for d in (0..self.grid.len()).rev() {
            let last = (self.region.start[d] + self.region.count[d] - 1) / self.chunk_shape[d];
            if self.coords[d] < last {
                self.coords[d] += 1;
                return;
            }
            self.coords[d] = self.first[d];
        }
        self.done = true;
    }
}

/// What a text counts for where chunk shapes are chosen.
const TEXT_BYTES: usize = 32;

/// Bytes that an element counts for where chunk shapes are chosen, and shapes checked.
pub fn chunking_size(dtype: DType) -> usize {
    if dtype == DType::String { TEXT_BYTES } else { dtype.size() }
}

/// Chunks above this size are split along the leading dimensions by [`default_chunk_shape`].
const MAX_DEFAULT_CHUNK: u64 = 4 << 20;
/// What a split, or the chunks of an appendable array, aim at.
const TARGET_CHUNK: u64 = 2 << 20;
/// Rows of an appendable array in one chunk, at most.
const MAX_APPEND_ROWS: u64 = 4096;
/// Bytes of an appendable array in one chunk, about.
const APPEND_CHUNK: u64 = 1 << 20;

/// Rows (along dimension 0) in a chunk of an array that is built by appending: about 1 MiB, but not over 4096 rows,
/// so that a long series of single numbers does not drag a megabyte behind each of them.
pub fn append_rows(shape: &[u64], item: usize) -> u64 {
    let row: u64 = shape[1..].iter().map(|extent| extent.max(&1)).product::<u64>() * item as u64;
    (APPEND_CHUNK / row.max(1)).clamp(1, MAX_APPEND_ROWS)
}

/// The chunk shape of an array that was defined without one.
///
/// - An array whose dimension 0 is still empty will be appended to: [`append_rows`] rows, then split like the next.
/// - Up to 4 MiB: one chunk.
/// - Above: whole trailing dimensions as long as they fit, and the first dimension that does not cut into equal parts
///   of about 2 MiB; the dimensions before it have extent 1.
pub fn default_chunk_shape(shape: &[u64], item: usize) -> Dims {
    let mut chunk: Dims = shape.iter().map(|&extent| extent.max(1)).collect();
    if shape.first() == Some(&0) {
        chunk[0] = append_rows(shape, item);
    }
    let mut bytes = chunk.iter().fold(item as u64, |bytes, &extent| bytes.saturating_mul(extent));
    for extent in chunk.iter_mut() {
        if bytes <= MAX_DEFAULT_CHUNK {
            break;
        }
        let rest = bytes / *extent;
        if rest > MAX_DEFAULT_CHUNK {
            bytes = rest;
            *extent = 1;
            continue;
        }
        let parts = extent.div_ceil((TARGET_CHUNK / rest.max(1)).max(1));
        *extent = extent.div_ceil(parts);
        bytes = rest * *extent;
    }
    divide(&mut chunk, item as u64);
    chunk
}

/// Makes a chunk a little larger where nothing divides it into good pieces: cells outside the array cost next to nothing.
fn divide(chunk: &mut Dims, item: u64) {
    let bytes = chunk.iter().fold(item, |bytes, &extent| bytes.saturating_mul(extent));
    if bytes <= MAX_WHOLE || piece_shape(chunk, item as usize) != *chunk {
        return;
    }
    let mut inner = item;
    for extent in chunk.iter_mut().rev() {
        if inner * *extent > MAX_WHOLE {
            // Of the numbers of pieces that are about right, that which takes the least more.
            let about = inner * *extent / TARGET_PIECE;
            let sizes = (about / 2).max(2)..=(about * 2).max(2);
            let least = sizes.map(|pieces| extent.div_ceil(pieces) * pieces).min();
            *extent = least.unwrap_or(*extent);
            return;
        }
        inner *= *extent;
    }
}

/// Chunks of more bytes than this are stored in pieces.
const MAX_WHOLE: u64 = 256 << 10;
/// Bytes of a piece: those aimed at, and those that are better than none.
const TARGET_PIECE: u64 = 128 << 10;
const PIECE_BYTES: RangeInclusive<u64> = 32 << 10..=512 << 10;

/// Whether chunks of this shape are the concatenation, in C order, of pieces of that one, which tile them.
pub fn is_run(chunk_shape: &[u64], piece_shape: &[u64]) -> bool {
    let divides = |(chunk, piece): (&u64, &u64)| *piece > 0 && chunk.is_multiple_of(*piece);
    let whole = chunk_shape.iter().zip(piece_shape).rev().take_while(|(chunk, piece)| chunk == piece).count();
    chunk_shape.len() == piece_shape.len()
        && chunk_shape.iter().zip(piece_shape).all(divides)
        && piece_shape[..(piece_shape.len() - whole).saturating_sub(1)].iter().all(|extent| *extent == 1)
}

/// The shape of the pieces that chunks of this shape are best stored in: runs of about 128 KiB, but 32 KiB to 512 KiB. The
/// chunk's own where it is small, or where nothing divides it so.
pub fn piece_shape(chunk_shape: &[u64], item: usize) -> Dims {
    let whole = Dims::from_slice(chunk_shape);
    if cells(chunk_shape) * item as u64 <= MAX_WHOLE {
        return whole;
    }
    // How many times too large or too small a piece is.
    let miss = |bytes: u64| bytes.max(TARGET_PIECE) as f64 / bytes.min(TARGET_PIECE) as f64;
    let mut best: Option<(f64, usize, u64)> = None;
    let mut inner = item as u64;
    for (d, &extent) in chunk_shape.iter().enumerate().rev() {
        let (least, most) = (PIECE_BYTES.start().div_ceil(inner), PIECE_BYTES.end() / inner);
        for along in divisors(extent, most).filter(|along| *along >= least) {
            let miss = miss(along * inner);
            if best.is_none_or(|(least, ..)| miss < least) {
                best = Some((miss, d, along));
            }
        }
        inner *= extent;
        if inner > *PIECE_BYTES.end() {
            break;
        }
    }
    let Some((_, at, along)) = best else { return whole };
    let mut piece = whole;
    piece[..at].fill(1);
    piece[at] = along;
    piece
}

/// The divisors of `n` up to `most`, in no order; each once, but the root of a square.
fn divisors(n: u64, most: u64) -> impl Iterator<Item = u64> {
    let small = (1..).take_while(move |small| small * small <= n).filter(move |small| n.is_multiple_of(*small));
    small.flat_map(move |small| [small, n / small]).filter(move |divisor| *divisor <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_tile_the_region_once() {
        let (shape, chunk) = ([7, 5], [3, 2]);
        let region = Region { start: Dims::from_slice(&[1, 1]), count: Dims::from_slice(&[5, 4]) };
        let mut seen = vec![0; 20];
        for portion in portions(&shape, &chunk, &region) {
            for i in 0..portion.extents[0] {
                for j in 0..portion.extents[1] {
                    seen[((portion.in_region[0] + i) * 4 + portion.in_region[1] + j) as usize] += 1;
                }
            }
        }
        assert!(seen.iter().all(|&times| times == 1), "{seen:?}");
    }

    #[test]
    fn a_scalar_has_one_portion_and_an_empty_region_none() {
        let none = Dims::new();
        assert_eq!(portions(&[], &[], &Region { start: none.clone(), count: none }).count(), 1);
        let region = Region { start: Dims::from_slice(&[0]), count: Dims::from_slice(&[0]) };
        assert_eq!(portions(&[4], &[2], &region).count(), 0);
    }

    #[test]
    fn edge_chunks_are_clipped() {
        assert_eq!(valid_extents(&[7, 5], &[3, 2], 8)[..], [1, 1]);
        assert_eq!(valid_extents(&[7, 5], &[3, 2], 0)[..], [3, 2]);
        assert_eq!(valid_extents(&[3, 5], &[3, 2], 3)[..], [0, 2]);
    }

    #[test]
    fn a_chunk_s_number_gives_its_place() {
        let (shape, chunk_shape) = ([7, 5, 4], [3, 2, 4]);
        for coords in [[0, 0, 0], [0, 2, 0], [1, 0, 0], [2, 1, 0]] {
            let number = chunk_number(&shape, &chunk_shape, &coords).unwrap();
            assert_eq!(chunk_coords(&shape, &chunk_shape, number)[..], coords);
        }
        assert!(chunk_coords(&[], &[], 0).is_empty());
        assert_eq!(chunk_coords(&[2, 0], &[1, 1], 5)[..], [5, 0]);
    }

    #[test]
    fn pieces_are_runs_that_tile_their_chunk() {
        assert_eq!(piece_shape(&[10, 180, 360], 4)[..], [1, 90, 360]);
        assert_eq!(piece_shape(&[1 << 19], 8)[..], [1 << 14]);
        assert_eq!(piece_shape(&[64, 1, 100], 4)[..], [64, 1, 100], "small");
        assert_eq!(piece_shape(&[1009, 1013], 4)[..], [1009, 1013], "primes");
        assert_eq!(piece_shape(&[13, 10007], 8)[..], [1, 10007]);
        assert_eq!(piece_shape(&[720, 1, 1, 1, 90], 16)[..], [90, 1, 1, 1, 90]);
        for shape in [&[7u64, 360, 11, 13][..], &[1 << 20, 2], &[3, 5, 1 << 16], &[1, 1, 1 << 30], &[30, 30, 30, 30]] {
            for item in [1, 2, 4, 8, 16] {
                let piece = piece_shape(shape, item);
                let bytes = cells(&piece) * item as u64;
                assert!(
                    is_run(shape, &piece) && PIECE_BYTES.contains(&bytes),
                    "{shape:?} {item} -> {piece:?}, {bytes}"
                );
            }
        }
        assert!(is_run(&[4, 6], &[1, 3]) && is_run(&[4, 6], &[2, 6]) && is_run(&[], &[]) && is_run(&[1, 6], &[1, 2]));
        for wrong in [&[2u64, 3][..], &[4, 3], &[1, 4], &[3, 6], &[0, 6], &[1, 12], &[6], &[1, 1, 6]] {
            assert!(!is_run(&[4, 6], wrong), "{wrong:?}");
        }
    }

    #[test]
    fn chunks_by_default_have_pieces() {
        for shape in [&[1009u64, 1013][..], &[524_287], &[1_000_003], &[7, 1_000_003], &[0, 101, 103], &[65_537, 3]] {
            for item in [1, 2, 4, 8, 16] {
                let chunk = default_chunk_shape(shape, item);
                let bytes = cells(&chunk) * item as u64;
                assert!(bytes <= MAX_DEFAULT_CHUNK * 11 / 10, "{shape:?} {item} -> {chunk:?}");
                assert!(bytes <= MAX_WHOLE || piece_shape(&chunk, item) != chunk, "{shape:?} {item} -> {chunk:?}");
            }
        }
    }

    #[test]
    fn default_chunks() {
        assert_eq!(default_chunk_shape(&[90, 180], 4)[..], [90, 180]);
        assert_eq!(default_chunk_shape(&[0], 8)[..], [4096]);
        assert_eq!(default_chunk_shape(&[0, 180, 360], 4)[..], [4, 180, 360]);
        assert_eq!(default_chunk_shape(&[0, 10, 1000, 1000], 8)[..], [1, 1, 250, 1000]);
        for shape in [[120u64, 10, 180, 360], [1, 1, 1, 1 << 30], [100_000, 3, 7, 11], [5, 1 << 20, 2, 2]] {
            let chunk = default_chunk_shape(&shape, 8);
            let bytes = chunk.iter().product::<u64>() * 8;
            assert!((1 << 20..=4 << 20).contains(&bytes), "{shape:?} -> {chunk:?}, {bytes} bytes");
        }
    }
}
