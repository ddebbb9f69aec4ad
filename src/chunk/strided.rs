//! The caller's memory: typed, possibly strided, possibly unaligned; and the copies between it and chunks.
//!
//! This module holds raw pointers, because a strided view of a field with halo cells must not claim the halo: another
//! thread may be writing there. Everything else in the engine sees it through bounds-checked boxes.
#![allow(unsafe_code)]

use crate::base::convert::{Conversion, FloatOverflow};
use crate::base::dtype::{DType, Element};
use crate::base::error::{Result, bail};
use crate::base::shape::{self, Dims, c_strides};
use crate::chunk::rounding::Rounding;
use smallvec::SmallVec;
use std::convert::Infallible;
use std::marker::PhantomData;

type Strides = SmallVec<[i64; 4]>;

/// Memory to read elements from: what a write takes.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    data: *const u8,
    dtype: DType,
    strides: Option<&'a [i64]>,
    len: Option<usize>,
    lifetime: PhantomData<&'a [u8]>,
}

/// Memory to put elements into: what a read fills.
pub struct Target<'a> {
    data: *mut u8,
    dtype: DType,
    strides: Option<&'a [i64]>,
    len: Option<usize>,
    lifetime: PhantomData<&'a mut [u8]>,
}

impl<'a> Source<'a> {
    /// Elements in C order, one for each cell of the region.
    pub fn from_slice<T: Element>(values: &'a [T]) -> Self {
        Self {
            data: values.as_ptr().cast(),
            dtype: T::DTYPE,
            strides: None,
            len: Some(values.len()),
            lifetime: PhantomData,
        }
    }

    /// Elements `strides[d]` apart along dimension `d`, the first at `values[0]`; strides are not negative.
    pub fn from_strided<T: Element>(values: &'a [T], strides: &'a [i64]) -> Self {
        Self { strides: Some(strides), ..Self::from_slice(values) }
    }

    /// Elements at `data`, in C order or `strides` elements apart along each dimension.
    ///
    /// # Safety
    /// For every cell of the region this is used with, the element at `data + size * sum(index[d] * strides[d])` is
    /// readable for `'a`. The pointer may be unaligned; it may be null when the region has no cells.
    pub unsafe fn from_raw(data: *const u8, dtype: DType, strides: Option<&'a [i64]>) -> Self {
        Self { data, dtype, strides, len: None, lifetime: PhantomData }
    }

    /// Elements of `dtype` in C order, as bytes.
    pub(crate) fn from_bytes(bytes: &'a [u8], dtype: DType) -> Self {
        let len = bytes.len() / dtype.size();
        Self { data: bytes.as_ptr(), dtype, strides: None, len: Some(len), lifetime: PhantomData }
    }

    /// This memory laid over a region of `count` cells of an array of `stored` elements.
    pub(crate) fn bind(&self, count: &[u64], stored: DType, overflow: FloatOverflow) -> Result<BoundSource<'a>> {
        let layout = Layout::new(self.data.is_null(), self.dtype, self.strides, self.len, count)?;
        let conversion = Conversion::new(self.dtype, stored, overflow)?;
        Ok(BoundSource { data: self.data, layout, conversion, lifetime: PhantomData })
    }
}

impl<'a> Target<'a> {
    /// Elements in C order, one for each cell of the region.
    pub fn from_slice<T: Element>(values: &'a mut [T]) -> Self {
        Self {
            data: values.as_mut_ptr().cast(),
            dtype: T::DTYPE,
            strides: None,
            len: Some(values.len()),
            lifetime: PhantomData,
        }
    }

    /// Elements `strides[d]` apart along dimension `d`, the first at `values[0]`; strides are positive.
    pub fn from_strided<T: Element>(values: &'a mut [T], strides: &'a [i64]) -> Self {
        Self { strides: Some(strides), ..Self::from_slice(values) }
    }

    /// Elements at `data`, in C order or `strides` elements apart along each dimension.
    ///
    /// # Safety
    /// For every cell of the region this is used with, the element at `data + size * sum(index[d] * strides[d])` is
    /// writable for `'a` and nothing else reads or writes it meanwhile. The pointer may be unaligned; it may be null
    /// when the region has no cells.
    pub unsafe fn from_raw(data: *mut u8, dtype: DType, strides: Option<&'a [i64]>) -> Self {
        Self { data, dtype, strides, len: None, lifetime: PhantomData }
    }

    /// Elements of `dtype` in C order, as bytes.
    pub(crate) fn from_bytes(bytes: &'a mut [u8], dtype: DType) -> Self {
        let len = bytes.len() / dtype.size();
        Self { data: bytes.as_mut_ptr(), dtype, strides: None, len: Some(len), lifetime: PhantomData }
    }

    /// Bytes of an element in this memory.
    pub(crate) fn item_size(&self) -> usize {
        self.dtype.size()
    }

    /// This memory laid over a region of `count` cells of an array of `stored` elements. A target is bound for one
    /// read at a time, or for disjoint parts of it.
    pub(crate) fn bind(&self, count: &[u64], stored: DType, overflow: FloatOverflow) -> Result<BoundTarget<'a>> {
        let layout = Layout::new(self.data.is_null(), self.dtype, self.strides, self.len, count)?;
        layout.check_distinct()?;
        let conversion = Conversion::new(stored, self.dtype, overflow)?;
        Ok(BoundTarget { data: self.data, layout, conversion, lifetime: PhantomData })
    }
}

/// Where the cells of a region lie in memory.
struct Layout {
    count: Dims,
    strides: Strides,
    size: usize,
}

impl Layout {
    fn new(null: bool, dtype: DType, strides: Option<&[i64]>, len: Option<usize>, count: &[u64]) -> Result<Self> {
        if let Some(strides) = strides
            && strides.len() != count.len()
        {
            bail!(InvalidArgument, "{} strides given, the array has rank {}", strides.len(), count.len());
        }
        let cells = shape::cells(count);
        if null && cells > 0 {
            bail!(InvalidArgument, "data is NULL, {cells} cells are asked for");
        }
        let strided = strides.is_some();
        let packed = c_strides(count);
        let mut strides = strides.map_or_else(|| packed.clone(), Strides::from_slice);
        // The stride of a dimension of one cell is never stepped along: it may be anything, and is not looked at.
        (0..count.len()).filter(|&d| count[d] <= 1).for_each(|d| strides[d] = packed[d]);
        let layout = Self { count: count.into(), strides, size: dtype.size() };
        let Some((low, high)) = layout.span() else {
            bail!(InvalidArgument, "strides {:?} over counts {count:?} overflow the address space", layout.strides);
        };
        if let Some(len) = len
            && cells > 0
        {
            if low < 0 || high >= len as i64 {
                bail!(
                    InvalidArgument,
                    "the buffer has {len} elements, counts {count:?} need element {}",
                    if low < 0 { low } else { high }
                );
            }
            if !strided && len as u64 != cells {
                bail!(InvalidArgument, "the buffer has {len} elements, counts {count:?} need {cells}");
            }
        }
        Ok(layout)
    }

    /// The lowest and the highest element offset of a cell, if both are addressable.
    fn span(&self) -> Option<(i64, i64)> {
        let (mut low, mut high) = (0i64, 0i64);
        for (&stride, &count) in self.strides.iter().zip(&self.count) {
            let reach = stride.checked_mul(i64::try_from(count.saturating_sub(1)).ok()?)?;
            if reach < 0 {
                low = low.checked_add(reach)?;
            } else {
                high = high.checked_add(reach)?;
            }
        }
        let size = self.size as i64;
        low.checked_mul(size)?;
        high.checked_add(1)?.checked_mul(size)?;
        Some((low, high))
    }

    /// Refuses strides that give two cells the same element: threads fill cells at once.
    fn check_distinct(&self) -> Result<()> {
        let mut steps: SmallVec<[(u64, u64); 4]> = (self.strides.iter().zip(&self.count))
            .filter(|&(_, &count)| count > 1)
            .map(|(&stride, &count)| (stride.unsigned_abs(), count))
            .collect();
        steps.sort_unstable();
        let mut reach = 0u64;
        for (step, count) in steps {
            if step <= reach && !self.count.contains(&0) {
                bail!(InvalidArgument, "strides {:?} make cells of counts {:?} overlap", self.strides, self.count);
            }
            reach += step * (count - 1);
        }
        Ok(())
    }

    /// Byte offset of the cell at `index`, and byte strides.
    fn bytes_at(&self, index: &[u64]) -> (isize, Strides) {
        let size = self.size as i64;
        let offset: i64 = index.iter().zip(&self.strides).map(|(&i, &stride)| i as i64 * stride * size).sum();
        (offset as isize, self.strides.iter().map(|&stride| stride * size).collect())
    }

    /// The number, in C order of the region, of cell `cell` of the box at `at`.
    fn number(&self, at: &[u64], extents: &[u64], cell: u64) -> u64 {
        let (mut rest, mut number, mut step) = (cell, 0, 1);
        for d in (0..at.len()).rev() {
            number += (at[d] + rest % extents[d]) * step;
            rest /= extents[d];
            step *= self.count[d];
        }
        number
    }

    fn check_box(&self, at: &[u64], extents: &[u64]) {
        assert!(at.len() == self.count.len() && extents.len() == self.count.len());
        assert!((0..at.len()).all(|d| at[d] + extents[d] <= self.count[d]));
    }
}

/// A chunk's bytes in C order, and the place in it that a box is copied to or from.
pub(crate) struct ChunkBox<'a> {
    /// Extents of the chunk.
    pub shape: &'a [u64],
    /// The box's corner in the chunk.
    pub at: &'a [u64],
    /// Extents of the box.
    pub extents: &'a [u64],
}

impl ChunkBox<'_> {
    fn byte_layout(&self, size: usize, len: usize) -> (isize, Strides) {
        assert_eq!(len as u64, shape::cells(self.shape) * size as u64);
        assert!((0..self.shape.len()).all(|d| self.at[d] + self.extents[d] <= self.shape[d]));
        let strides: Strides = c_strides(self.shape).iter().map(|&stride| stride * size as i64).collect();
        let offset: i64 = self.at.iter().zip(&strides).map(|(&i, &stride)| i as i64 * stride).sum();
        (offset as isize, strides)
    }
}

/// A [`Source`] over a region; `conversion` leads from memory to the stored type.
pub(crate) struct BoundSource<'a> {
    data: *const u8,
    layout: Layout,
    conversion: Conversion,
    lifetime: PhantomData<&'a [u8]>,
}

/// A [`Target`] over a region; `conversion` leads from the stored type to memory.
pub(crate) struct BoundTarget<'a> {
    data: *mut u8,
    layout: Layout,
    conversion: Conversion,
    lifetime: PhantomData<&'a mut [u8]>,
}

// SAFETY: the constructors' contracts give this memory to the call for 'a; nobody else writes to it meanwhile.
unsafe impl Sync for BoundSource<'_> {}
// SAFETY: as above; boxes filled from several threads are disjoint portions of one region, with distinct cells.
unsafe impl Sync for BoundTarget<'_> {}

/// Bytes of the elements that are looked at or converted at a time: so few that they are on the stack, and a copy that
/// has begun needs no memory.
const STRIP: usize = 8 << 10;

/// The first `len` bytes of a strip.
fn strip(len: usize) -> SmallVec<[u8; STRIP]> {
    SmallVec::from_elem(0, len)
}

/// Calls `f` with corner and extents of the parts of a box, in C order and of at most `most` cells, until it fails.
fn for_each_strip<E>(
    extents: &[u64],
    most: u64,
    mut f: impl FnMut(&[u64], &[u64]) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    if extents.contains(&0) {
        return Ok(());
    }
    let mut at = Dims::from_elem(0, extents.len());
    // Dimensions from `whole` on are whole in every part.
    let (mut whole, mut inner) = (extents.len(), 1);
    while whole > 0 && inner * extents[whole - 1] <= most {
        whole -= 1;
        inner *= extents[whole];
    }
    let Some(along) = whole.checked_sub(1) else {
        return f(&at, extents);
    };
    let step = (most / inner).max(1);
    let mut part = Dims::from_slice(extents);
    part[..along].fill(1);
    loop {
        part[along] = step.min(extents[along] - at[along]);
        f(&at, &part)?;
        at[along] += part[along];
        let mut d = along;
        while at[d] == extents[d] {
            if d == 0 {
                return Ok(());
            }
            at[d] = 0;
            d -= 1;
            at[d] += 1;
        }
    }
}

/// Steps, in bytes, between neighbours of a box of elements of `size` bytes in C order.
fn packed(extents: &[u64], size: usize) -> Strides {
    c_strides(extents).iter().map(|&stride| stride * size as i64).collect()
}

/// The place of the cell that is at `corner` of a box at `at`.
fn moved(at: &[u64], corner: &[u64]) -> Dims {
    at.iter().zip(corner).map(|(at, corner)| at + corner).collect()
}

impl BoundSource<'_> {
    /// Reports the first value, in C order, that the stored type cannot hold.
    pub fn check_values(&self) -> Result<()> {
        if self.conversion.always_fits() || self.layout.count.contains(&0) {
            return Ok(());
        }
        let (count, size) = (&self.layout.count, self.layout.size);
        let most = (STRIP / size) as u64;
        let mut room = strip(most.min(shape::cells(count)) as usize * size);
        let zero = Dims::from_elem(0, count.len());
        for_each_strip(count, most, |at, extents| {
            let raw = &mut room[..shape::cells(extents) as usize * size];
            self.copy_raw(at, &ChunkBox { shape: extents, at: &zero, extents }, raw);
            match self.conversion.misfit(raw) {
                Some(misfit) => Err(misfit.error(self.layout.number(at, extents, misfit.at as u64))),
                None => Ok(()),
            }
        })
    }

    /// Copies the box at `at` of the region into its place in `chunk`, rounded where that is asked for. Values were checked
    /// by [`Self::check_values`].
    pub fn copy_to(&self, at: &[u64], place: &ChunkBox<'_>, rounding: Option<Rounding<'_>>, chunk: &mut [u8]) {
        if self.conversion.is_identity() && rounding.is_none() {
            return self.copy_raw(at, place, chunk);
        }
        let (before, after) = (self.layout.size, self.conversion.size_after());
        let most = (STRIP / before.max(after)) as u64;
        let cells = most.min(shape::cells(place.extents)) as usize;
        let (mut raw, mut converted) = (strip(cells * before), strip(cells * after));
        let zero = Dims::from_elem(0, at.len());
        let Ok(()) = for_each_strip::<Infallible>(place.extents, most, |corner, extents| {
            let cells = shape::cells(extents) as usize;
            let (raw, converted) = (&mut raw[..cells * before], &mut converted[..cells * after]);
            self.copy_raw(&moved(at, corner), &ChunkBox { shape: extents, at: &zero, extents }, raw);
            if self.conversion.is_identity() {
                converted.copy_from_slice(raw);
            } else {
                self.conversion.apply(raw, converted);
            }
            if let Some(rounding) = rounding {
                rounding.apply(converted);
            }
            let part = ChunkBox { shape: place.shape, at: &moved(place.at, corner), extents };
            let (offset, strides) = part.byte_layout(after, chunk.len());
            // SAFETY: byte_layout checked that the box lies in `chunk`; `converted` holds exactly its cells.
            unsafe {
                let to = chunk.as_mut_ptr().offset(offset);
                copy_box(to, &strides, converted.as_ptr(), &packed(extents, after), extents, after);
            }
            Ok(())
        });
    }

    fn copy_raw(&self, at: &[u64], place: &ChunkBox<'_>, chunk: &mut [u8]) {
        self.layout.check_box(at, place.extents);
        if place.extents.contains(&0) {
            return;
        }
        let (from, from_strides) = self.layout.bytes_at(at);
        let (to, to_strides) = place.byte_layout(self.layout.size, chunk.len());
        // SAFETY: check_box and byte_layout checked that both boxes lie inside memory this call may touch; a chunk
        // is the library's own, so they do not overlap.
        unsafe {
            copy_box(
                chunk.as_mut_ptr().offset(to),
                &to_strides,
                self.data.offset(from),
                &from_strides,
                place.extents,
                self.layout.size,
            );
        }
    }
}

impl<'a> BoundTarget<'a> {
    /// Bytes of the stored type's element.
    fn stored_size(&self) -> usize {
        self.conversion.size_before()
    }

    /// Copies the box at its place in `chunk` to `at` of the region. A value that the memory type cannot hold is an
    /// error; cells copied before it keep their new value.
    pub fn copy_from(&self, at: &[u64], place: &ChunkBox<'_>, chunk: &[u8]) -> Result<()> {
        self.layout.check_box(at, place.extents);
        if place.extents.contains(&0) {
            return Ok(());
        }
        if self.conversion.is_identity() && self.conversion.always_fits() {
            let (from, from_strides) = place.byte_layout(self.stored_size(), chunk.len());
            // SAFETY: from_strides address cells inside `chunk`, as byte_layout checked.
            unsafe { self.scatter(at, chunk.as_ptr().offset(from), &from_strides, place.extents) };
            return Ok(());
        }
        let (before, after) = (self.stored_size(), self.layout.size);
        let most = (STRIP / before.max(after)) as u64;
        let cells = most.min(shape::cells(place.extents)) as usize;
        let (mut raw, mut converted) = (strip(cells * before), strip(cells * after));
        for_each_strip(place.extents, most, |corner, extents| {
            let cells = shape::cells(extents) as usize;
            let (raw, converted) = (&mut raw[..cells * before], &mut converted[..cells * after]);
            let at = moved(at, corner);
            let part = ChunkBox { shape: place.shape, at: &moved(place.at, corner), extents };
            let (from, from_strides) = part.byte_layout(before, chunk.len());
            // SAFETY: byte_layout checked that the box lies in `chunk`; `raw` holds exactly its cells.
            unsafe {
                let from = chunk.as_ptr().offset(from);
                copy_box(raw.as_mut_ptr(), &packed(extents, before), from, &from_strides, extents, before);
            }
            if let Some(misfit) = self.conversion.misfit(raw) {
                return Err(misfit.error(self.layout.number(&at, extents, misfit.at as u64)));
            }
            self.conversion.apply(raw, converted);
            // SAFETY: `converted` holds exactly the box's cells in C order.
            unsafe { self.scatter(&at, converted.as_ptr(), &packed(extents, after), extents) };
            Ok(())
        })
    }

    /// Puts `element`, of the stored type, into every cell of the box at `at`.
    pub fn fill(&self, at: &[u64], extents: &[u64], element: &[u8]) -> Result<()> {
        let zero = Dims::from_elem(0, at.len());
        self.layout.check_box(at, extents);
        let converted = self.conversion.one(element)?;
        let strides = Strides::from_elem(0, extents.len());
        debug_assert_eq!(zero.len(), strides.len());
        if !extents.contains(&0) {
            // SAFETY: strides of 0 read the one element of `converted` for every cell.
            unsafe { self.scatter(at, converted.as_ptr(), &strides, extents) };
        }
        Ok(())
    }

    /// The memory of the box at `at`, when it is one contiguous run in C order of the stored type: then a chunk of
    /// just these cells can be decoded straight into it.
    ///
    /// The engine asks once for each portion of a read, and portions are disjoint, so no two of these slices overlap.
    #[allow(clippy::mut_from_ref)]
    pub fn contiguous_portion(&self, at: &[u64], extents: &[u64]) -> Option<&mut [u8]> {
        self.layout.check_box(at, extents);
        let packed = c_strides(extents);
        let runs = (0..extents.len()).all(|d| extents[d] == 1 || self.layout.strides[d] == packed[d]);
        let as_they_are = self.conversion.is_identity() && self.conversion.always_fits();
        if !as_they_are || !runs || extents.contains(&0) {
            return None;
        }
        let len = shape::cells(extents) as usize * self.layout.size;
        let (offset, _) = self.layout.bytes_at(at);
        // SAFETY: the box lies in the region and its cells are consecutive, so `len` bytes are the caller's to fill;
        // any bytes are a value of its type, because `always_fits`; nobody else has this portion.
        Some(unsafe { std::slice::from_raw_parts_mut(self.data.offset(offset), len) })
    }

    /// The part of this target at `index` along its first dimension, as a target of one dimension less.
    pub fn part(&self, index: u64) -> BoundTarget<'a> {
        assert!(index < self.layout.count[0]);
        let mut at = Dims::from_elem(0, self.layout.count.len());
        at[0] = index;
        let (offset, _) = self.layout.bytes_at(&at);
        let layout = Layout {
            count: self.layout.count[1..].into(),
            strides: self.layout.strides[1..].into(),
            size: self.layout.size,
        };
        let data = self.data.wrapping_offset(offset);
        BoundTarget { data, layout, conversion: self.conversion, lifetime: PhantomData }
    }

    /// Copies a box of memory-typed elements to `at`.
    ///
    /// # Safety
    /// `from` with `strides` (in bytes) addresses readable elements for every cell of `extents`.
    unsafe fn scatter(&self, at: &[u64], from: *const u8, strides: &[i64], extents: &[u64]) {
        let (to, to_strides) = self.layout.bytes_at(at);
        // SAFETY: check_box placed the target box in the caller's region; the source is the caller's contract.
        unsafe { copy_box(self.data.offset(to), &to_strides, from, strides, extents, self.layout.size) }
    }
}

/// Copies a box of elements between two strided layouts (strides in bytes).
///
/// # Safety
/// Every cell addressed by `dst` is writable, every cell addressed by `src` is readable, and they do not overlap.
unsafe fn copy_box(dst: *mut u8, ds: &[i64], src: *const u8, ss: &[i64], extents: &[u64], size: usize) {
    // Drop extents of 1, and merge a dimension with the one inside it where both sides run through.
    let mut dims: SmallVec<[(u64, i64, i64); 8]> = SmallVec::new();
    for d in 0..extents.len() {
        if extents[d] == 1 {
            continue;
        }
        match dims.last_mut() {
            Some((extent, a, b)) if *a == ds[d] * extents[d] as i64 && *b == ss[d] * extents[d] as i64 => {
                (*extent, *a, *b) = (*extent * extents[d], ds[d], ss[d]);
            }
            _ => dims.push((extents[d], ds[d], ss[d])),
        }
    }
    let (run, a, b) = dims.pop().unwrap_or((1, size as i64, size as i64));
    let mut index: SmallVec<[u64; 8]> = SmallVec::from_elem(0, dims.len());
    let (mut to, mut from) = (dst, src);
    loop {
        // SAFETY: `to` and `from` address the first cell of a run inside the boxes of the contract.
        unsafe { copy_run(to, a, from, b, run as usize, size) };
        let mut d = dims.len();
        loop {
            if d == 0 {
                return;
            }
            d -= 1;
            let (extent, a, b) = dims[d];
            index[d] += 1;
            if index[d] < extent {
                // SAFETY: one step along dimension d, still inside the boxes; wrapping_ keeps the way there defined.
                (to, from) = (to.wrapping_offset(a as isize), from.wrapping_offset(b as isize));
                break;
            }
            index[d] = 0;
            let back = (extent - 1) as i64;
            (to, from) = (to.wrapping_offset(-(a * back) as isize), from.wrapping_offset(-(b * back) as isize));
        }
    }
}

/// Copies `n` elements of `size` bytes, `a` bytes apart at `dst` and `b` at `src`.
///
/// # Safety
/// As [`copy_box`], for one run.
unsafe fn copy_run(dst: *mut u8, a: i64, src: *const u8, b: i64, n: usize, size: usize) {
    /// # Safety
    /// As [`copy_run`], with elements of type `T`.
    unsafe fn elements<T: Copy>(dst: *mut u8, a: i64, src: *const u8, b: i64, n: usize) {
        for i in 0..n as isize {
            // SAFETY: cell i of the run; unaligned access is allowed for.
            unsafe {
                let value = src.wrapping_offset(i * b as isize).cast::<T>().read_unaligned();
                dst.wrapping_offset(i * a as isize).cast::<T>().write_unaligned(value);
            }
        }
    }
    // SAFETY: the caller's contract; contiguous runs are one copy.
    unsafe {
        if a == size as i64 && b == size as i64 {
            std::ptr::copy_nonoverlapping(src, dst, n * size);
            return;
        }
        match size {
            1 => elements::<u8>(dst, a, src, b, n),
            2 => elements::<u16>(dst, a, src, b, n),
            4 => elements::<u32>(dst, a, src, b, n),
            8 => elements::<u64>(dst, a, src, b, n),
            16 => elements::<u128>(dst, a, src, b, n),
            _ => unreachable!("element sizes are 1, 2, 4, 8 and 16"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(values: &[i32], strides: &[i64], count: &[u64]) -> Vec<i32> {
        let source =
            Source::from_strided(values, strides).bind(count, DType::I32, FloatOverflow::Error).expect("binds");
        let mut chunk = vec![0u8; shape::cells(count) as usize * 4];
        let zero = Dims::from_elem(0, count.len());
        source.copy_to(&zero, &ChunkBox { shape: count, at: &zero, extents: count }, None, &mut chunk);
        chunk.chunks_exact(4).map(|b| i32::from_ne_bytes([b[0], b[1], b[2], b[3]])).collect()
    }

    #[test]
    fn strides_reach_halo_and_column_major_memory() {
        let field: Vec<i32> = (0..20).collect(); // 4 x 5
        assert_eq!(gather(&field[6..], &[5, 1], &[2, 3]), [6, 7, 8, 11, 12, 13]);
        assert_eq!(gather(&field, &[1, 4], &[4, 5])[..6], [0, 4, 8, 12, 16, 1]);
        assert_eq!(gather(&field, &[0, 1], &[2, 2]), [0, 1, 0, 1]);
    }

    #[test]
    fn strips_are_the_box_in_order() {
        for (extents, most) in
            [(&[3, 4, 5][..], 7), (&[3, 4, 5], 20), (&[3, 4, 5], 60), (&[7], 3), (&[], 4), (&[2, 0], 4)]
        {
            let mut seen = Vec::new();
            let done = for_each_strip::<Infallible>(extents, most, |at, part| {
                assert!(shape::cells(part) <= most);
                for cell in 0..shape::cells(part) {
                    let (mut rest, mut number, mut step) = (cell, 0, 1);
                    for d in (0..at.len()).rev() {
                        number += (at[d] + rest % part[d]) * step;
                        rest /= part[d];
                        step *= extents[d];
                    }
                    seen.push(number);
                }
                Ok(())
            });
            assert_eq!(done, Ok(()));
            assert_eq!(seen, (0..shape::cells(extents)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn buffers_too_small_and_overlapping_targets_are_refused() {
        let field = [0i32; 6];
        assert!(Source::from_strided(&field, &[5, 1]).bind(&[2, 2], DType::I32, FloatOverflow::Error).is_err());
        assert!(Source::from_slice(&field).bind(&[7], DType::I32, FloatOverflow::Error).is_err());
        assert!(Source::from_slice(&field).bind(&[5], DType::I32, FloatOverflow::Error).is_err());
        let mut field = [0i32; 6];
        assert!(Target::from_strided(&mut field, &[1, 1]).bind(&[2, 2], DType::I32, FloatOverflow::Error).is_err());
        assert!(Target::from_strided(&mut field, &[1, 2]).bind(&[2, 3], DType::I32, FloatOverflow::Error).is_ok());
        assert!(Source::from_strided(&field, &[i64::MAX, 1]).bind(&[3, 2], DType::I32, FloatOverflow::Error).is_err());
    }
}
