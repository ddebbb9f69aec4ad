//! Differences of neighbours: numcodecs' `delta` on the elements' bits as integers of their width, which wrap.

use crate::base::vector::{Kernel, vectorised};
use crate::codec::shuffle::{LOOK, shuffle, unshuffle};

/// Writes what each element of `item` bytes is more than the one before it; what is behind the last whole element is copied.
/// `before` is the element before the first, and becomes the last.
pub(super) fn differences(item: usize, from: &[u8], before: &mut u64, to: &mut [u8]) {
    vectorised(Differences { item, from, before, to });
}

/// Undoes [`differences`], in place.
pub(super) fn sums(item: usize, elements: &mut [u8], before: &mut u64) {
    match item {
        1 => sums_n::<1>(elements, before),
        2 => sums_n::<2>(elements, before),
        4 => sums_n::<4>(elements, before),
        8 => sums_n::<8>(elements, before),
        _ => {}
    }
}

/// Undoes [`differences`] of elements that are shuffled, and leaves them so; `planes` are those of whole elements.
pub(super) fn sums_of_planes(item: usize, planes: &mut [u8]) {
    let (mut room, mut before) = ([0; LOOK], 0);
    for at in (0..planes.len()).step_by(LOOK) {
        let strip = &mut room[..LOOK.min(planes.len() - at)];
        unshuffle(item, planes, at / item, strip);
        sums(item, strip, &mut before);
        shuffle(item, strip, at / item, planes);
    }
}

struct Differences<'b> {
    item: usize,
    from: &'b [u8],
    before: &'b mut u64,
    to: &'b mut [u8],
}

impl Kernel for Differences<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { item, from, before, to } = self;
        match item {
            1 => differences_n::<1>(from, before, to),
            2 => differences_n::<2>(from, before, to),
            4 => differences_n::<4>(from, before, to),
            8 => differences_n::<8>(from, before, to),
            _ => to.copy_from_slice(from),
        }
    }
}

/// The integer of some bytes, and its lowest bytes again.
#[inline(always)]
fn integer<const N: usize>(bytes: [u8; N]) -> u64 {
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(&bytes);
    u64::from_le_bytes(wide)
}

#[inline(always)]
fn bytes<const N: usize>(integer: u64) -> [u8; N] {
    let wide = integer.to_le_bytes();
    std::array::from_fn(|byte| wide[byte])
}

#[inline(always)]
fn differences_n<const N: usize>(from: &[u8], before: &mut u64, to: &mut [u8]) {
    let (elements, tail) = from.as_chunks::<N>();
    let (out, rest) = to.as_chunks_mut::<N>();
    rest.copy_from_slice(tail);
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else { return };
    out[0] = bytes(integer(*first).wrapping_sub(*before));
    *before = integer(*last);
    macro_rules! each {
        ($int:ty) => {
            for ((out, one), other) in out[1..].iter_mut().zip(&elements[1..]).zip(elements) {
                let int = |element: &[u8; N]| <$int>::from_le_bytes(std::array::from_fn(|byte| element[byte % N]));
                let difference = int(one).wrapping_sub(int(other)).to_le_bytes();
                *out = std::array::from_fn(|byte| difference[byte % size_of::<$int>()]);
            }
        };
    }
    match N {
        1 => each!(u8),
        2 => each!(u16),
        4 => each!(u32),
        _ => each!(u64),
    }
}

fn sums_n<const N: usize>(elements: &mut [u8], before: &mut u64) {
    let mut sum = *before;
    for element in elements.as_chunks_mut::<N>().0 {
        sum = sum.wrapping_add(integer(*element));
        *element = bytes(sum);
    }
    *before = sum;
}
