//! From a block's bytes to its stored form and back: byte shuffle, then one standard stream.
//!
//! The streams are those that Zarr's codecs (numcodecs) read: one zstd frame with content size and checksum (RFC 8878),
//! an LZ4 block behind its length as a little-endian u32, or the bytes themselves. The shuffle is numcodecs' `shuffle`.

use crate::base::error::{Result, bail, error};
use crate::base::vector::{Kernel, vectorised};
use crate::memory::buffers;
use std::cell::RefCell;
use std::io::Read;

/// A frame that is read without knowing its length decodes to at most this many times its bytes, and [`FRAME_FREE`] more.
const FRAME_RATIO: u64 = 128;
/// What any such frame may decode to.
const FRAME_FREE: u64 = 16 << 20;
/// The window that it may ask for, as a power of two: what RFC 8878 recommends to support.
const WINDOW_LOG: u32 = 23;

/// How blocks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// One zstd frame.
    Zstd = 1,
    /// One LZ4 block.
    Lz4 = 2,
    /// Not compressed.
    None = 3,
}

impl Codec {
    /// The name in the root file.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Zstd => "zstd",
            Codec::Lz4 => "lz4",
            Codec::None => "none",
        }
    }

    /// The codec of this name.
    pub fn from_name(name: &str) -> Result<Self> {
        [Codec::Zstd, Codec::Lz4, Codec::None]
            .into_iter()
            .find(|codec| codec.name() == name)
            .ok_or_else(|| error!(Unsupported, "unknown codec '{name}'"))
    }

    /// The codec of this code in a segment.
    pub(crate) fn from_code(code: u8) -> Result<Self> {
        [Codec::Zstd, Codec::Lz4, Codec::None]
            .into_iter()
            .find(|codec| *codec as u8 == code)
            .ok_or_else(|| error!(Unsupported, "unknown codec {code}"))
    }
}

/// A codec with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compression {
    /// The stream.
    pub codec: Codec,
    /// Effort, for zstd: 1 to 22, or negative for less.
    pub level: i32,
    /// Whether bytes of equal weight are brought together first.
    pub shuffle: bool,
}

impl Compression {
    /// Byte shuffle and zstd at level 1.
    pub const DEFAULT: Self = Self { codec: Codec::Zstd, level: 1, shuffle: true };

    /// Refuses levels that zstd does not have, with whatever codec.
    pub fn check(&self) -> Result<()> {
        let levels = zstd::compression_level_range();
        if !levels.contains(&self.level) {
            bail!(InvalidArgument, "zstd has no level {}: {} to {}", self.level, levels.start(), levels.end());
        }
        Ok(())
    }
}

/// What a reader must know to decode a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coding {
    pub codec: Codec,
    /// Bytes of the elements that were shuffled; 1 where they were not.
    pub shuffle: u8,
    /// Bytes of the block when decoded.
    pub raw_len: u32,
}

#[derive(Default)]
struct Workspace {
    shuffled: Vec<u8>,
    encoded: Vec<u8>,
    compressor: Option<(i32, zstd::bulk::Compressor<'static>)>,
    decompressor: Option<zstd::bulk::Decompressor<'static>>,
}

thread_local! {
    /// Contexts and buffers cost as much to make as a block does to compress: each thread keeps its own.
    static WORKSPACE: RefCell<Workspace> =
        const {
            RefCell::new(Workspace { shuffled: Vec::new(), encoded: Vec::new(), compressor: None, decompressor: None })
        };
}

/// Encodes `raw`, elements of `item` bytes, and hands what came of it to `store`: in memory that the next block takes.
///
/// `look` sees all of `raw` in order, whole elements at a time, while they are in the processor's cache.
pub(crate) fn encode<T>(
    compression: &Compression,
    item: usize,
    raw: &[u8],
    mut look: impl FnMut(&[u8]),
    store: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<(Coding, T)> {
    let Ok(raw_len) = u32::try_from(raw.len()) else {
        bail!(InvalidArgument, "a block of {} bytes exceeds 2^32 - 1", raw.len());
    };
    let shuffled = compression.shuffle && compression.codec != Codec::None && item > 1;
    let coding = Coding { codec: compression.codec, shuffle: if shuffled { item as u8 } else { 1 }, raw_len };
    // Not borrowed: `store` takes locks, where the model checker has another of its threads go on in this one.
    let mut workspace = WORKSPACE.take();
    let Workspace { shuffled: planes, encoded, compressor: kept, .. } = &mut workspace;
    let bytes = if shuffled {
        let planes = at_least(planes, raw.len());
        for (number, part) in raw.chunks(LOOK).enumerate() {
            look(part);
            shuffle(item, part, number * LOOK / item, planes);
        }
        planes
    } else {
        look(raw);
        raw
    };
    let out = match compression.codec {
        Codec::None => bytes,
        Codec::Lz4 => {
            let out = at_least(encoded, 4 + lz4_flex::block::get_maximum_output_size(bytes.len()));
            out[..4].copy_from_slice(&raw_len.to_le_bytes());
            let len = lz4_flex::block::compress_into(bytes, &mut out[4..])
                .map_err(|error| error!(Internal, "lz4: {error}"))?;
            &out[..4 + len]
        }
        Codec::Zstd => {
            let out = at_least(encoded, zstd::zstd_safe::compress_bound(bytes.len()));
            let len = compressor(kept, compression.level)?
                .compress_to_buffer(bytes, out)
                .map_err(|error| error!(Internal, "zstd: {error}"))?;
            &out[..len]
        }
    };
    let stored = store(out);
    WORKSPACE.set(workspace);
    Ok((coding, stored?))
}

/// One zstd frame, for what is not values.
pub(crate) fn to_frame(raw: &[u8]) -> Result<Vec<u8>> {
    let compression = Compression { shuffle: false, ..Compression::DEFAULT };
    let (_, mut frame) = encode(&compression, 1, raw, |_| {}, |frame| Ok(frame.to_vec()))?;
    pad_frame(&mut frame, raw.len());
    Ok(frame)
}

/// Undoes [`to_frame`], for bytes of which nothing else says what they decode to.
pub(crate) fn from_frame(bytes: &[u8]) -> Result<Vec<u8>> {
    let limit = frame_limit(bytes.len());
    let mut raw = Vec::new();
    let read = zstd::stream::Decoder::with_buffer(bytes).and_then(|mut decoder| {
        decoder.window_log_max(WINDOW_LOG)?;
        decoder.single_frame().take(limit + 1).read_to_end(&mut raw)
    });
    match read {
        Ok(len) if len as u64 <= limit => Ok(raw),
        Ok(_) => Err(error!(Corrupt, "zstd: {} bytes decompress to more than {limit}", bytes.len())),
        Err(error) => Err(error!(Corrupt, "zstd: {error}")),
    }
}

/// Undoes [`to_frame`], for bytes that decode to `limit` at most, with the context that blocks are decoded with.
pub(crate) fn from_short_frame(bytes: &[u8], limit: usize) -> Result<Vec<u8>> {
    // The frame's word for its length is taken only where it asks for less memory.
    let said = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
    let mut raw = buffers::allocate(said.map_or(limit, |said| said.min(limit as u64) as usize))?;
    let len = WORKSPACE.with_borrow_mut(|workspace| {
        let decompressor = decompressor(&mut workspace.decompressor)?;
        decompressor.decompress_to_buffer(bytes, &mut raw[..]).map_err(|error| error!(Corrupt, "zstd: {error}"))
    })?;
    raw.truncate(len);
    Ok(raw)
}

/// What `len` bytes may decompress to: so that a small file cannot fill the memory.
fn frame_limit(len: usize) -> u64 {
    (len as u64).saturating_mul(FRAME_RATIO).saturating_add(FRAME_FREE)
}

/// Puts a skippable frame (RFC 8878, 3.1.2) behind a frame of `raw_len` bytes that is too short for [`frame_limit`]:
/// megabytes of zeros in an attribute are.
pub(crate) fn pad_frame(frame: &mut Vec<u8>, raw_len: usize) {
    let short = (raw_len as u64).saturating_sub(frame_limit(frame.len())).div_ceil(FRAME_RATIO) as u32;
    if short > 0 {
        frame.extend_from_slice(&[0x5a, 0x2a, 0x4d, 0x18]);
        frame.extend_from_slice(&short.to_le_bytes());
        frame.resize(frame.len() + short as usize, 0);
    }
}

/// The first `len` bytes of a buffer that only grows, with any content.
fn at_least(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
    &mut buffer[..len]
}

fn compressor<'k>(
    kept: &'k mut Option<(i32, zstd::bulk::Compressor<'static>)>,
    level: i32,
) -> Result<&'k mut zstd::bulk::Compressor<'static>> {
    if kept.as_ref().is_none_or(|(made_for, _)| *made_for != level) {
        let made = zstd::bulk::Compressor::new(level)
            .and_then(|mut made| made.include_checksum(true).map(|()| made))
            .map_err(|error| error!(OutOfMemory, "zstd: {error}"))?;
        *kept = Some((level, made));
    }
    match kept {
        Some((_, compressor)) => Ok(compressor),
        None => Err(error!(Internal, "no compressor was made")),
    }
}

fn decompressor<'k>(
    kept: &'k mut Option<zstd::bulk::Decompressor<'static>>,
) -> Result<&'k mut zstd::bulk::Decompressor<'static>> {
    match kept {
        Some(decompressor) => Ok(decompressor),
        None => Ok(kept.insert(zstd::bulk::Decompressor::new().map_err(|error| error!(OutOfMemory, "zstd: {error}"))?)),
    }
}

/// Decodes `stored` into `out`, which has just the room for it. An error says what is wrong with the bytes.
pub(crate) fn decode(coding: &Coding, stored: &[u8], out: &mut [u8]) -> Result<()> {
    if coding.shuffle <= 1 {
        return decode_planes(coding, stored, out);
    }
    debug_assert_eq!(out.len(), coding.raw_len as usize);
    WORKSPACE.with_borrow_mut(|workspace| {
        let planes = at_least(&mut workspace.shuffled, out.len());
        decode_with(&mut workspace.decompressor, coding.codec, stored, planes)?;
        join_planes(coding, planes, out);
        Ok(())
    })
}

/// Decodes `stored` into `out`, which has just the room for it, but leaves shuffled what is.
pub(crate) fn decode_planes(coding: &Coding, stored: &[u8], out: &mut [u8]) -> Result<()> {
    debug_assert_eq!(out.len(), coding.raw_len as usize);
    WORKSPACE.with_borrow_mut(|workspace| decode_with(&mut workspace.decompressor, coding.codec, stored, out))
}

/// Takes from what [`decode_planes`] gave, elements of `item` bytes, the `runs` of them (first element, number), one after
/// the other into `out`. Cheaper than [`decode`] where they are few: nothing else is unshuffled, or copied.
pub(crate) fn pick_runs(
    coding: &Coding,
    item: usize,
    planes: &[u8],
    runs: impl Iterator<Item = (usize, usize)>,
    out: &mut [u8],
) -> Result<()> {
    let shuffle = usize::from(coding.shuffle).max(1);
    if shuffle > 1 && shuffle != item {
        bail!(Corrupt, "elements of {item} bytes are shuffled as {shuffle}");
    }
    let n = planes.len() / item;
    let mut out = out;
    for (first, count) in runs {
        let inside = first.checked_add(count).is_some_and(|end| end <= n);
        let Some((run, rest)) = out.split_at_mut_checked(count * item).filter(|_| inside) else {
            bail!(Internal, "elements {first} to {first} + {count} of {n}");
        };
        if shuffle == 1 {
            run.copy_from_slice(&planes[first * item..][..run.len()]);
        } else {
            unshuffle(item, &planes[..n * item], first, run);
        }
        out = rest;
    }
    Ok(())
}

/// What [`decode`] gives, from what [`decode_planes`] gave.
pub(crate) fn join_planes(coding: &Coding, planes: &[u8], out: &mut [u8]) {
    let item = usize::from(coding.shuffle).max(1);
    let (elements, rest) = out.split_at_mut(out.len() / item * item);
    let (planes, tail) = planes.split_at(elements.len());
    unshuffle(item, planes, 0, elements);
    rest.copy_from_slice(tail);
}

fn decode_with(
    kept: &mut Option<zstd::bulk::Decompressor<'static>>,
    codec: Codec,
    stored: &[u8],
    out: &mut [u8],
) -> Result<()> {
    let len = match codec {
        Codec::None => {
            if stored.len() == out.len() {
                out.copy_from_slice(stored);
            }
            stored.len()
        }
        Codec::Lz4 => {
            let Some((prefix, block)) = stored.split_first_chunk::<4>() else {
                bail!(Corrupt, "an lz4 block of {} bytes", stored.len());
            };
            if u32::from_le_bytes(*prefix) as usize != out.len() {
                bail!(Corrupt, "an lz4 block of {} bytes, not {}", u32::from_le_bytes(*prefix), out.len());
            }
            lz4_flex::block::decompress_into(block, out).map_err(|error| error!(Corrupt, "lz4: {error}"))?
        }
        Codec::Zstd => {
            decompressor(kept)?.decompress_to_buffer(stored, out).map_err(|error| error!(Corrupt, "zstd: {error}"))?
        }
    };
    if len != out.len() {
        bail!(Corrupt, "a block decodes to {len} bytes, not {}", out.len());
    }
    Ok(())
}

/// Brings the bytes of equal weight of all elements together: byte `b` of element `i` of `n` goes to `b * n + i`. `from`
/// has the elements from `first` on; what is behind the last whole element is copied to the end.
fn shuffle(item: usize, from: &[u8], first: usize, to: &mut [u8]) {
    vectorised(Shuffle { item, from, first, to });
}

/// Undoes [`shuffle`] for the elements from `first` on that `to` has room for; `planes` are those of whole elements.
fn unshuffle(item: usize, planes: &[u8], first: usize, to: &mut [u8]) {
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
const LOOK: usize = 16 << 10;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes, and checks that all was looked at, whole elements at a time.
    fn encode_to_vec(compression: &Compression, item: usize, raw: &[u8]) -> (Coding, Vec<u8>) {
        let mut seen = Vec::new();
        let look = |part: &[u8]| {
            assert!(part.len().is_multiple_of(item) || seen.len() + part.len() == raw.len());
            seen.extend_from_slice(part);
        };
        let encoded = encode(compression, item, raw, look, |out| Ok(out.to_vec())).expect("encodes");
        assert_eq!(seen, raw);
        encoded
    }

    #[test]
    fn every_codec_round_trips_and_notices_a_wrong_length() {
        let raw: Vec<u8> = (0..4000u32).flat_map(|i| (i as f32).sqrt().to_le_bytes()).collect();
        for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
            for shuffle in [true, false] {
                for item in [1, 2, 4, 8, 16] {
                    let compression = Compression { codec, level: 1, shuffle };
                    let (coding, stored) = encode_to_vec(&compression, item, &raw);
                    let mut out = vec![0; raw.len()];
                    decode(&coding, &stored, &mut out).expect("decodes");
                    assert_eq!(out, raw);
                    let runs = [(3, 1), (0, 2), (999 * 16 / item, 16 / item)];
                    let mut some = vec![0; 3 * item + 16];
                    let mut planes = vec![0; raw.len()];
                    decode_planes(&coding, &stored, &mut planes).expect("decodes");
                    pick_runs(&coding, item, &planes, runs.into_iter(), &mut some).expect("inside");
                    let expected: Vec<u8> =
                        runs.iter().flat_map(|(first, n)| &raw[first * item..][..n * item]).copied().collect();
                    assert_eq!(some, expected);
                    let beyond = [(raw.len() / item, 1)];
                    assert!(pick_runs(&coding, item, &planes, beyond.into_iter(), &mut some).is_err());
                    let mut short = vec![0; raw.len() - 16];
                    let wrong = Coding { raw_len: short.len() as u32, ..coding };
                    assert!(decode(&wrong, &stored, &mut short).is_err());
                }
            }
        }
    }

    #[test]
    fn a_zstd_frame_says_its_size_and_has_a_checksum() {
        let (_, stored) = encode_to_vec(&Compression::DEFAULT, 4, &[7; 4000]);
        // RFC 8878, 3.1.1.1: bit 2 of the frame header descriptor is the checksum flag; a size field is present when
        // the top two bits or the single-segment bit are set.
        assert_eq!(stored[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        assert_ne!(stored[4] & 0b0000_0100, 0, "no checksum");
        assert_ne!(stored[4] & 0b1110_0000, 0, "no content size");
    }

    #[test]
    fn the_shuffle_is_by_planes() {
        let mut out = [0; 8];
        shuffle(4, &[1, 2, 3, 4, 5, 6, 7, 8], 0, &mut out);
        assert_eq!(out, [1, 5, 2, 6, 3, 7, 4, 8]);
        // Part by part, with bytes behind the last element.
        for item in [2, 4, 8, 16] {
            let n = 3 * LOOK / item + 77;
            let raw: Vec<u8> = (0..n * item + item - 1).map(|i| (i * 31 % 251) as u8).collect();
            let (compression, mut planes) =
                (Compression { codec: Codec::Lz4, level: 1, shuffle: true }, vec![0; raw.len()]);
            let (coding, stored) = encode_to_vec(&compression, item, &raw);
            decode_planes(&coding, &stored, &mut planes).expect("decodes");
            assert!((0..n * item).all(|at| planes[at % item * n + at / item] == raw[at]));
            assert_eq!(planes[n * item..], raw[n * item..]);
        }
    }
}
