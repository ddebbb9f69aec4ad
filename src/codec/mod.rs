//! From a block's bytes to its stored form and back: differences of neighbours, byte shuffle, then one standard stream.
//!
//! The streams are those that Zarr's codecs (numcodecs) read: one zstd frame with content size (RFC 8878),
//! an LZ4 block behind its length as a little-endian u32, or the bytes themselves. The shuffle is numcodecs' `shuffle`, the
//! differences are its `delta`.

mod delta;
mod frame;
mod lz4;
mod plain;
mod shard;
mod shuffle;
mod zstd;

pub(crate) use frame::{from_frame, from_page_frame, from_short_frame, to_frame};
pub(crate) use shard::{CHECKSUM, Shard, checked, index_len};

use crate::base::dtype::DType;
use crate::base::error::{Result, bail, error};
use crate::codec::delta::{differences, sums, sums_of_planes};
use crate::codec::shuffle::{LOOK, shuffle, unshuffle};
use crate::memory::buffers::{self, Buffer, Buffers};
use std::ops::RangeInclusive;

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

/// What there is to know of a codec.
struct Stream {
    codec: Codec,
    /// In the root file.
    name: &'static str,
    levels: fn() -> RangeInclusive<i32>,
    /// The most that so many bytes are encoded to; `None` where they stay as they are, and are not shuffled.
    bound: Option<fn(usize) -> usize>,
    /// Encodes the bytes, at a level, shuffled into planes of so many, into room for as many as `bound` says; how many it took.
    encode: fn(i32, usize, &[u8], &mut [u8]) -> Result<usize>,
    /// Decodes stored bytes into just the room for them; how many they were. An error says what is wrong with them.
    decode: fn(&[u8], &mut [u8]) -> Result<usize>,
    /// Whether so many stored bytes can be so many decoded ones.
    can_decode_to: fn(u64, u64) -> bool,
}

/// By their codes, from 1 on.
static STREAMS: [Stream; 3] = [zstd::STREAM, lz4::STREAM, plain::STREAM];

impl Codec {
    fn stream(self) -> &'static Stream {
        &STREAMS[self as usize - 1]
    }

    /// The name in the root file.
    pub fn name(self) -> &'static str {
        self.stream().name
    }

    /// The codec of this name.
    pub fn from_name(name: &str) -> Result<Self> {
        (STREAMS.iter().find(|stream| stream.name == name).map(|stream| stream.codec))
            .ok_or_else(|| error!(Unsupported, "unknown codec '{name}'"))
    }

    /// The codec of this code in a segment.
    pub(crate) fn from_code(code: u8) -> Result<Self> {
        (STREAMS.iter().find(|stream| stream.codec as u8 == code).map(|stream| stream.codec))
            .ok_or_else(|| error!(Unsupported, "unknown codec {code}"))
    }

    /// Whether `stored` bytes can decode to `raw`.
    pub(crate) fn can_decode_to(self, stored: u64, raw: u64) -> bool {
        (self.stream().can_decode_to)(stored, raw)
    }
}

/// What is done to the elements of a block before their bytes are shuffled; it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Nothing.
    None,
    /// Each element is replaced by its difference to the one before it. Bits of floats are taken for integers.
    Delta,
}

impl Filter {
    /// The name in the root file; of [`Filter::None`] it has none.
    pub fn name(self) -> &'static str {
        match self {
            Filter::None => "none",
            Filter::Delta => "delta",
        }
    }

    /// Whether elements of this type can be filtered so: by numbers of up to 8 bytes, each an integer.
    pub(crate) fn takes(self, dtype: DType) -> bool {
        self == Filter::None || !matches!(dtype, DType::Bool | DType::C128 | DType::String)
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
    /// What is done before that.
    pub filter: Filter,
}

impl Compression {
    /// Byte shuffle and zstd at level 1.
    pub const DEFAULT: Self = Self { codec: Codec::Zstd, level: 1, shuffle: true, filter: Filter::None };

    /// Refuses levels that the codec does not have.
    pub fn check(&self) -> Result<()> {
        let (name, levels) = (self.codec.name(), (self.codec.stream().levels)());
        if !levels.contains(&self.level) {
            bail!(InvalidArgument, "{name} has no level {}: {} to {}", self.level, levels.start(), levels.end());
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
    /// Bytes of the elements that are differences; 0 where they are themselves.
    pub delta: u8,
    /// Bytes of the block when decoded.
    pub raw_len: u32,
    pub form: Form,
}

/// How the stored bytes of a block are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One stream. Its checksum is in the row.
    Whole,
    /// So many pieces, two or more, of equal length when decoded, and their index, whose checksum is in the row; see
    /// [`Shard`].
    Pieces(u32),
    /// One of these pieces: a stream and its checksum.
    Piece,
}

/// Bits of [`Coding::elements`] that say what is done to the elements; the others are their bytes.
const DONE: u8 = 0xe0;
/// Differences, then the shuffle.
const DELTA_SHUFFLED: u8 = 0x20;
/// Differences alone.
const DELTA: u8 = 0x40;

impl Coding {
    /// How a stream of `len` bytes, elements of `item`, is coded.
    fn of(compression: &Compression, item: usize, len: usize) -> Result<Self> {
        let is_coded = compression.codec.stream().bound.is_some();
        let shuffled = compression.shuffle && is_coded && item > 1;
        let is_delta = compression.filter == Filter::Delta && is_coded && item <= 8;
        let (shuffle, delta) = (if shuffled { item as u8 } else { 1 }, if is_delta { item as u8 } else { 0 });
        Ok(Self { codec: compression.codec, shuffle, delta, raw_len: block_len(len)?, form: Form::Whole })
    }

    /// Whether anything is done to the elements.
    fn is_arranged(&self) -> bool {
        self.shuffle > 1 || self.delta > 0
    }

    /// What is done to the elements, as a byte of a segment.
    pub fn elements(&self) -> u8 {
        match self.delta {
            0 => self.shuffle,
            delta if self.shuffle > 1 => DELTA_SHUFFLED | delta,
            delta => DELTA | delta,
        }
    }

    /// Takes what [`Self::elements`] gave.
    pub fn set_elements(&mut self, elements: u8) -> Result<()> {
        let item = elements & !DONE;
        (self.shuffle, self.delta) = match (elements & DONE, item) {
            (0, 1 | 2 | 4 | 8 | 16) => (item, 0),
            (DELTA_SHUFFLED, 2 | 4 | 8) => (item, item),
            (DELTA, 1 | 2 | 4 | 8) => (1, item),
            (0, _) => bail!(Corrupt, "a byte shuffle of {item}-byte elements"),
            (DELTA_SHUFFLED | DELTA, _) => bail!(Corrupt, "differences of {item}-byte elements"),
            (filter, _) => bail!(Unsupported, "unknown filter {}", filter >> DONE.trailing_zeros()),
        };
        Ok(())
    }

    /// How to encode, at a level, as blocks of this coding are, and the bytes of their elements.
    pub fn again(&self, level: i32) -> (Compression, usize) {
        let filter = if self.delta > 0 { Filter::Delta } else { Filter::None };
        let compression = Compression { codec: self.codec, level, shuffle: self.shuffle > 1, filter };
        (compression, self.shuffle.max(self.delta).into())
    }
}

/// Encodes `raw`, elements of `item` bytes, and hands what came of it to `store`: in memory that goes back to `buffers`.
///
/// `look` sees all of `raw` in order, whole elements at a time, while they are in the processor's cache.
pub(crate) fn encode<T>(
    compression: &Compression,
    item: usize,
    raw: &[u8],
    buffers: &Buffers,
    mut look: impl FnMut(&[u8]),
    store: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<(Coding, T)> {
    let (stream, coding) = (compression.codec.stream(), Coding::of(compression, item, raw.len())?);
    let mut planes = buffers.take(if coding.is_arranged() { raw.len() } else { 0 })?;
    let bytes = arrange(&coding, item, raw, &mut planes, &mut look);
    let Some(bound) = stream.bound else {
        return Ok((coding, store(bytes)?));
    };
    let mut room = buffers.take(bound(bytes.len()))?;
    let len = (stream.encode)(compression.level, bytes.len() / usize::from(coding.shuffle), bytes, &mut room)?;
    Ok((coding, store(&room[..len])?))
}

/// Encodes `raw`, elements of `item` bytes, in so many pieces, two or more; the bytes that come of it, and the checksum of
/// their index. As [`encode`] otherwise.
pub(crate) fn encode_pieces(
    compression: &Compression,
    item: usize,
    raw: &[u8],
    pieces: u32,
    buffers: &Buffers,
    mut look: impl FnMut(&[u8]),
) -> Result<(Coding, Buffer, u32)> {
    let len = raw.len().checked_div(pieces as usize).filter(|len| *len > 0 && len * pieces as usize == raw.len());
    let Some(len) = len else {
        bail!(Internal, "{} bytes in {pieces} pieces", raw.len());
    };
    let (stream, coding) = (compression.codec.stream(), Coding::of(compression, item, len)?);
    let most = stream.bound.map_or(len, |bound| bound(len));
    let mut planes = buffers.take(if coding.is_arranged() { len } else { 0 })?;
    let mut room = buffers.take((most + CHECKSUM as usize) * pieces as usize + index_len(pieces) as usize)?;
    let mut ends = Vec::new();
    buffers::reserve(&mut ends, pieces as usize)?;
    let mut at = 0;
    for piece in raw.chunks_exact(len) {
        let bytes = arrange(&coding, item, piece, &mut planes, &mut look);
        let end = match stream.bound {
            Some(_) => {
                at + (stream.encode)(compression.level, len / usize::from(coding.shuffle), bytes, &mut room[at..])?
            }
            None => put(&mut room, at, bytes)?,
        };
        let crc = crc32c::crc32c(&room[at..end]);
        at = put(&mut room, end, &crc.to_le_bytes())?;
        ends.push(u32::try_from(at).map_err(|_| error!(InvalidArgument, "a block of {at} bytes or more"))?);
    }
    let index = at;
    for entry in Shard::new(ends).index() {
        at = put(&mut room, at, &entry)?;
    }
    let crc = crc32c::crc32c(&room[index..at]);
    at = put(&mut room, at, &crc.to_le_bytes())?;
    let raw_len = block_len(raw.len())?;
    let coding = Coding { raw_len, form: Form::Pieces(pieces), ..coding };
    let stored = if at == room.len() { room } else { buffers.copy(&room[..at])? };
    Ok((coding, stored, crc))
}

fn block_len(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| error!(InvalidArgument, "a block of {len} bytes exceeds 2^32 - 1"))
}

/// What the codec is given of `raw`, of which `look` sees all: its elements as `coding` says, in `planes`, or `raw` itself.
fn arrange<'b>(
    coding: &Coding,
    item: usize,
    raw: &'b [u8],
    planes: &'b mut [u8],
    look: &mut impl FnMut(&[u8]),
) -> &'b [u8] {
    if !coding.is_arranged() {
        look(raw);
        return raw;
    }
    let (mut room, mut before) = ([0; LOOK], 0);
    for (number, part) in raw.chunks(LOOK).enumerate() {
        look(part);
        let at = number * LOOK;
        match (coding.shuffle > 1, coding.delta > 0) {
            (true, false) => shuffle(item, part, at / item, planes),
            (true, true) => {
                differences(item, part, &mut before, &mut room[..part.len()]);
                shuffle(item, &room[..part.len()], at / item, planes);
            }
            (false, _) => differences(item, part, &mut before, &mut planes[at..][..part.len()]),
        }
    }
    planes
}

/// Copies `bytes` to `at`; where they end.
fn put(room: &mut [u8], at: usize, bytes: &[u8]) -> Result<usize> {
    let end = at + bytes.len();
    let place =
        room.get_mut(at..end).ok_or_else(|| error!(Internal, "a stream of more bytes than its codec allows"))?;
    place.copy_from_slice(bytes);
    Ok(end)
}

/// Decodes `stored`, one stream, into `out`, which has just the room for it. An error says what is wrong with the bytes.
pub(crate) fn decode(coding: &Coding, stored: &[u8], out: &mut [u8], buffers: &Buffers) -> Result<()> {
    if coding.shuffle <= 1 {
        return decode_planes(coding, stored, out);
    }
    let mut planes = buffers.take(out.len())?;
    decode_stream(coding, stored, &mut planes)?;
    if coding.delta == 0 {
        join_planes(coding, &planes, out);
        return Ok(());
    }
    let item = usize::from(coding.shuffle);
    let (elements, rest) = out.split_at_mut(out.len() / item * item);
    let (planes, tail) = planes.split_at(elements.len());
    let mut before = 0;
    for (number, part) in elements.chunks_mut(LOOK).enumerate() {
        unshuffle(item, planes, number * LOOK / item, part);
        sums(coding.delta.into(), part, &mut before);
    }
    rest.copy_from_slice(tail);
    Ok(())
}

/// Decodes `stored`, one stream, into `out`, which has just the room for it, but leaves shuffled what is.
pub(crate) fn decode_planes(coding: &Coding, stored: &[u8], out: &mut [u8]) -> Result<()> {
    decode_stream(coding, stored, out)?;
    let delta = usize::from(coding.delta);
    if delta > 0 && coding.shuffle > 1 {
        let whole = out.len() / delta * delta;
        sums_of_planes(delta, &mut out[..whole]);
    } else {
        sums(delta, out, &mut 0);
    }
    Ok(())
}

/// Undoes the codec alone.
fn decode_stream(coding: &Coding, stored: &[u8], out: &mut [u8]) -> Result<()> {
    debug_assert_eq!(out.len(), coding.raw_len as usize);
    let len = (coding.codec.stream().decode)(stored, out)?;
    if len != out.len() {
        bail!(Corrupt, "a block decodes to {len} bytes, not {}", out.len());
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::budget::Budget;
    use std::sync::Arc;

    fn buffers() -> Arc<Buffers> {
        Buffers::new(&Budget::new(1 << 20))
    }

    #[test]
    fn streams_are_where_their_codes_say() {
        for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
            assert_eq!(codec.stream().codec, codec);
            assert_eq!(Codec::from_code(codec as u8).expect("known"), codec);
            assert_eq!(Codec::from_name(codec.name()).expect("known"), codec);
        }
        assert_eq!(STREAMS.len(), 3);
    }

    /// Encodes, and checks that all was looked at, whole elements at a time.
    fn encode_to_vec(compression: &Compression, item: usize, raw: &[u8]) -> (Coding, Vec<u8>) {
        let mut seen = Vec::new();
        let look = |part: &[u8]| {
            assert!(part.len().is_multiple_of(item) || seen.len() + part.len() == raw.len());
            seen.extend_from_slice(part);
        };
        let encoded = encode(compression, item, raw, &buffers(), look, |out| Ok(out.to_vec())).expect("encodes");
        assert_eq!(seen, raw);
        encoded
    }

    #[test]
    fn every_codec_round_trips_and_notices_a_wrong_length() {
        let raw: Vec<u8> = (0..4000u32).flat_map(|i| (i as f32).sqrt().to_le_bytes()).collect();
        for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
            for (shuffle, filter) in [true, false].into_iter().flat_map(|on| [(on, Filter::None), (on, Filter::Delta)])
            {
                for item in [1, 2, 4, 8, 16] {
                    let compression = Compression { codec, level: 1, shuffle, filter };
                    let (coding, stored) = encode_to_vec(&compression, item, &raw);
                    let mut out = vec![0; raw.len()];
                    decode(&coding, &stored, &mut out, &buffers()).expect("decodes");
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
                    assert!(decode(&wrong, &stored, &mut short, &buffers()).is_err());
                }
            }
        }
    }

    #[test]
    fn pieces_are_streams_by_themselves_and_their_index_says_where() {
        let raw: Vec<u8> = (0..12_000u32).flat_map(|i| (i as f64).sqrt().to_le_bytes()).collect();
        for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
            let (compression, mut seen) =
                (Compression { codec, level: 1, shuffle: true, filter: Filter::None }, Vec::new());
            let encoded = encode_pieces(&compression, 8, &raw, 6, &buffers(), |part| seen.extend_from_slice(part));
            let (coding, stored, crc) = encoded.expect("encodes");
            assert_eq!((coding.form, coding.raw_len, seen == raw), (Form::Pieces(6), 96_000, true));
            assert!(coding.can_be(stored.len() as u64) && !coding.can_be(6 * 20 + 4));
            let shard = Shard::of_block(&coding, crc, &stored).expect("an index");
            let mut end = 0;
            for (number, part) in raw.chunks(16_000).enumerate() {
                let (at, len) = shard.piece(number);
                assert_eq!(at, end);
                end += len;
                let stream = checked(&stored[at as usize..end as usize], "a piece").expect("its checksum");
                let mut out = vec![0; part.len()];
                decode(&coding.piece(), stream, &mut out, &buffers()).expect("decodes");
                assert!(out == part);
            }
            assert_eq!(u64::from(end) + index_len(6), stored.len() as u64);
            assert!(Shard::of_block(&coding, crc ^ 1, &stored).is_err());
            assert!(Shard::of_block(&coding, crc, &stored[..99]).is_err());
            let mut index = stored[end as usize..].to_vec();
            for at in 0..index.len() {
                index[at] ^= 1;
                assert!(Shard::parse(&coding, stored.len() as u32, crc, &index).is_err(), "{at}");
                index[at] ^= 1;
            }
        }
    }

    #[test]
    fn planes_that_differ_are_coded_by_themselves() {
        // The bytes of one plane are even, of the other odd: a code for both takes a bit more for each.
        let mut random = 1u32;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        };
        let raw: Vec<u8> = (0..32 << 10).flat_map(|_| [next() & 0xf0, next() & 0xf0 | 1]).collect();
        let (_, stored) = encode_to_vec(&Compression::DEFAULT, 2, &raw);
        assert!(stored.len() < raw.len() / 2 + 300, "{} bytes", stored.len());
    }

    #[test]
    fn a_zstd_frame_says_its_size_and_has_no_checksum() {
        let (_, stored) = encode_to_vec(&Compression::DEFAULT, 4, &[7; 4000]);
        // RFC 8878, 3.1.1.1: bit 2 of the frame header descriptor is the checksum flag; a size field is present when
        // the top two bits or the single-segment bit are set.
        assert_eq!(stored[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        assert_eq!(stored[4] & 0b0000_0100, 0, "a checksum");
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
                (Compression { codec: Codec::Lz4, ..Compression::DEFAULT }, vec![0; raw.len()]);
            let (coding, stored) = encode_to_vec(&compression, item, &raw);
            decode_planes(&coding, &stored, &mut planes).expect("decodes");
            assert!((0..n * item).all(|at| planes[at % item * n + at / item] == raw[at]));
            assert_eq!(planes[n * item..], raw[n * item..]);
        }
    }

    #[test]
    fn differences_are_those_of_neighbours_and_wrap() {
        let mut out = [0; 9];
        differences(2, &[1, 0, 255, 255, 0, 128, 1, 128, 7], &mut 0, &mut out);
        assert_eq!(out, [1, 0, 254, 255, 1, 128, 1, 0, 7]);
        // Over the borders of parts, with bytes behind the last element, planes and all.
        for item in [1, 2, 4, 8] {
            let n = 3 * LOOK / item + 77;
            let raw: Vec<u8> = (0..n * item + item - 1).map(|i| (i * i * 31 % 251) as u8).collect();
            for shuffle in [true, false] {
                let compression = Compression { codec: Codec::Lz4, level: 1, shuffle, filter: Filter::Delta };
                let (coding, stored) = encode_to_vec(&compression, item, &raw);
                assert_eq!((coding.delta, coding.shuffle > 1), (item as u8, shuffle && item > 1));
                let (mut all, mut planes, mut joined) = (vec![0; raw.len()], vec![0; raw.len()], vec![0; raw.len()]);
                decode(&coding, &stored, &mut all, &buffers()).expect("decodes");
                assert_eq!(all, raw);
                decode_planes(&coding, &stored, &mut planes).expect("decodes");
                join_planes(&coding, &planes, &mut joined);
                assert_eq!(joined, raw);
                let mut parsed = Coding { shuffle: 1, delta: 0, ..coding };
                parsed.set_elements(coding.elements()).expect("known");
                assert_eq!(parsed, coding);
            }
        }
    }

    #[test]
    fn unknown_filters_are_refused() {
        let mut coding = Coding { codec: Codec::Zstd, shuffle: 1, delta: 0, raw_len: 0, form: Form::Whole };
        let known = (0..=u8::MAX).filter(|elements| coding.set_elements(*elements).is_ok());
        assert_eq!(known.collect::<Vec<_>>(), [1, 2, 4, 8, 16, 0x22, 0x24, 0x28, 0x41, 0x42, 0x44, 0x48]);
        let error = coding.set_elements(0x64).expect_err("unknown");
        assert_eq!(error.to_string(), "unknown filter 3");
    }
}
