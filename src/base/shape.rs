//! Shapes, regions and the arithmetic on them, checked for overflow.

use crate::base::error::{Result, bail, error};
use smallvec::SmallVec;

/// The highest rank of an array.
pub const MAX_RANK: usize = 32;

/// One number per dimension.
pub type Dims = SmallVec<[u64; 4]>;

/// Cells of a box with these extents. The caller has checked the shape with [`check_shape`], or the box lies inside
/// one that was checked, so the product fits.
pub fn cells(extents: &[u64]) -> u64 {
    extents.iter().product()
}

/// Checks that an array of `shape` with elements of `item` bytes has an allowed rank and a size that can be addressed.
pub fn check_shape(shape: &[u64], item: usize) -> Result<()> {
    if shape.len() > MAX_RANK {
        bail!(InvalidArgument, "rank {} exceeds the limit of {MAX_RANK}", shape.len());
    }
    check_size(shape, item)
}

/// Checks that elements of `item` bytes in this shape, of any rank, can be addressed with signed 64-bit byte offsets,
/// even where an extent of 0 is later grown to 1.
pub fn check_size(shape: &[u64], item: usize) -> Result<()> {
    let bytes = shape.iter().try_fold(item.max(1) as u64, |bytes, &extent| bytes.checked_mul(extent.max(1)));
    match bytes {
        Some(bytes) if bytes <= i64::MAX as u64 => Ok(()),
        _ => Err(error!(InvalidArgument, "shape {shape:?} of {item}-byte elements overflows 2^63 bytes")),
    }
}

/// Steps, in elements, between neighbours along each dimension of a C-ordered box.
pub fn c_strides(extents: &[u64]) -> SmallVec<[i64; 4]> {
    let mut strides = SmallVec::from_elem(1, extents.len());
    for d in (1..extents.len()).rev() {
        strides[d - 1] = strides[d] * extents[d].max(1) as i64;
    }
    strides
}

/// What part of an array a call is about, as the caller gave it: an absent start is the origin, an absent count
/// reaches to the end.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// The rank the caller believes the array has.
    pub rank: usize,
    /// First cell along each dimension.
    pub start: Option<&'a [u64]>,
    /// Number of cells along each dimension.
    pub count: Option<&'a [u64]>,
}

impl<'a> Selection<'a> {
    /// The whole of an array of this rank.
    pub fn all(rank: usize) -> Self {
        Self { rank, start: None, count: None }
    }

    /// `count` cells from `start` on, along each dimension.
    pub fn region(start: &'a [u64], count: &'a [u64]) -> Self {
        Self { rank: start.len(), start: Some(start), count: Some(count) }
    }

    /// The region this selects from an array of `shape`.
    pub fn resolve(&self, shape: &[u64]) -> Result<Region> {
        let rank = shape.len();
        if self.rank != rank {
            bail!(InvalidArgument, "rank {} given, the array has rank {rank}", self.rank);
        }
        for (name, given) in [("start", self.start), ("count", self.count)] {
            if let Some(given) = given
                && given.len() != rank
            {
                bail!(InvalidArgument, "{name} has {} numbers, the array has rank {rank}", given.len());
            }
        }
        let mut region = Region { start: Dims::from_elem(0, rank), count: Dims::from_elem(0, rank) };
        for (d, &extent) in shape.iter().enumerate() {
            let start = self.start.map_or(0, |start| start[d]);
            if start > extent {
                bail!(OutOfRange, "start[{d}]={start} exceeds shape[{d}]={extent}");
            }
            let count = self.count.map_or(extent - start, |count| count[d]);
            if count > extent - start {
                bail!(OutOfRange, "start[{d}]={start} + count[{d}]={count} exceeds shape[{d}]={extent}");
            }
            region.start[d] = start;
            region.count[d] = count;
        }
        Ok(region)
    }
}

/// A box inside an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// First cell along each dimension.
    pub start: Dims,
    /// Number of cells along each dimension.
    pub count: Dims,
}

impl Region {
    /// Cells of the region.
    pub fn cells(&self) -> u64 {
        cells(&self.count)
    }
}
