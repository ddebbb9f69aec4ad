//! The byte shuffle: numcodecs' `shuffle`.

use crate::base::vector::{Kernel, vectorised};

/// Brings the bytes of equal weight of all elements together: byte `b` of element `i` of `n` goes to `b * n + i`. `from`
/// has the elements from `first` on; what is behind the last whole element is copied to the end.
pub(super) fn shuffle(item: usize, from: &[u8], first: usize, to: &mut [u8]) {
    vectorised(Shuffle { item, from, first, to });
}

/// Undoes [`shuffle`] for the elements from `first` on that `to` has room for; `planes` are those of whole elements.
pub(super) fn unshuffle(item: usize, planes: &[u8], first: usize, to: &mut [u8]) {
    vectorised(Unshuffle { item, planes, first, to });
}

struct Shuffle<'b> {
    item: usize,
    from: &'b [u8],
    first: usize,
    to: &'b mut [u8],
}

impl Kernel for Shuffle<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { item, from, first, to } = self;
        match item {
            2 => shuffle_n::<2>(from, first, to),
            4 => shuffle_n::<4>(from, first, to),
            8 => shuffle_n::<8>(from, first, to),
            16 => shuffle_n::<16>(from, first, to),
            _ => to[first * item..][..from.len()].copy_from_slice(from),
        }
    }
}

struct Unshuffle<'b> {
    item: usize,
    planes: &'b [u8],
    first: usize,
    to: &'b mut [u8],
}

impl Kernel for Unshuffle<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { item, planes, first, to } = self;
        let plane = |b: usize| &planes[b * (planes.len() / item) + first..][..to.len() / item];
        match item {
            2 => interleave(std::array::from_fn(plane), to.as_chunks_mut::<2>().0),
            4 => interleave(std::array::from_fn(plane), to.as_chunks_mut::<4>().0),
            8 => interleave_quads::<8, 2>(std::array::from_fn(plane), to),
            16 => interleave_quads::<16, 4>(std::array::from_fn(plane), to),
            _ => to.copy_from_slice(plane(0)),
        }
    }
}

/// Bytes that are looked at before they are shuffled: whole elements of every size, and few enough to stay in the first
/// cache.
pub(super) const LOOK: usize = 16 << 10;

/// Elements shuffled at a time, so that a block's part of every plane stays in the first cache.
const STRIP: usize = 512;

#[inline(always)]
fn shuffle_n<const N: usize>(from: &[u8], first: usize, to: &mut [u8]) {
    let (elements, tail) = from.as_chunks::<N>();
    let n = to.len() / N;
    for (s, strip) in elements.chunks(STRIP).enumerate() {
        split(strip, &mut Planes { to, n, at: first + s * STRIP }, 0);
    }
    let end = to.len() - tail.len();
    to[end..].copy_from_slice(tail);
}

/// Planes of `n` bytes, to be written to from `at` on.
struct Planes<'b> {
    to: &'b mut [u8],
    n: usize,
    at: usize,
}

/// Writes the bytes of words to planes from number `plane` on. Words are halved until they are bytes: there are
/// instructions that narrow a vector by half, and none that takes every fourth or eighth byte.
#[inline(always)]
fn split<const N: usize>(words: &[[u8; N]], planes: &mut Planes<'_>, plane: usize) {
    macro_rules! halve {
        ($whole:ty, $half:ty) => {{
            const HALF: usize = size_of::<$half>();
            let mut halves = [[0; HALF]; STRIP];
            let halves = &mut halves[..words.len()];
            for half in 0..2 {
                for (out, word) in halves.iter_mut().zip(words) {
                    let word = <$whole>::from_le_bytes(std::array::from_fn(|byte| word[byte]));
                    *out = ((word >> (8 * HALF * half)) as $half).to_le_bytes();
                }
                split(halves, planes, plane + HALF * half);
            }
        }};
    }
    match N {
        2 => {
            for half in 0..2 {
                let out = &mut planes.to[(plane + half) * planes.n + planes.at..][..words.len()];
                for (out, word) in out.iter_mut().zip(words) {
                    *out = (u16::from_le_bytes([word[0], word[N - 1]]) >> (8 * half)) as u8;
                }
            }
        }
        4 => halve!(u32, u16),
        8 => halve!(u64, u32),
        16 => {
            let mut halves = [[0; 8]; STRIP];
            let halves = &mut halves[..words.len()];
            for half in 0..2 {
                for (out, word) in halves.iter_mut().zip(words) {
                    out.copy_from_slice(&word[8 * half..][..8]);
                }
                split(halves, planes, plane + 8 * half);
            }
        }
        _ => unreachable!("elements that are shuffled have 2, 4, 8 or 16 bytes"),
    }
}

/// Writes whole elements, as compilers know how to do with vectors: byte by byte is ten times slower.
#[inline(always)]
fn interleave<T: Copy, const N: usize>(parts: [&[T]; N], to: &mut [[T; N]]) {
    let parts = parts.map(|part| &part[..to.len()]);
    for (i, out) in to.iter_mut().enumerate() {
        *out = std::array::from_fn(|b| parts[b][i]);
    }
}

/// The same in two steps, four planes each time, for elements of too many bytes for one.
#[inline(always)]
fn interleave_quads<const N: usize, const QUADS: usize>(planes: [&[u8]; N], to: &mut [u8]) {
    let mut quads = [[[0; 4]; STRIP]; QUADS];
    let (elements, _) = to.as_chunks_mut::<4>().0.as_chunks_mut::<QUADS>();
    for (s, strip) in elements.chunks_mut(STRIP).enumerate() {
        for (q, quad) in quads.iter_mut().enumerate() {
            interleave(std::array::from_fn(|b| &planes[4 * q + b][s * STRIP..]), &mut quad[..strip.len()]);
        }
        interleave(std::array::from_fn(|q| &quads[q][..]), strip);
    }
}
