//! One LZ4 block behind its decoded length, a little-endian u32.

use crate::base::error::{Result, bail, error};
use crate::codec::{Codec, Stream, zstd};

pub(super) const STREAM: Stream = Stream {
    codec: Codec::Lz4,
    name: "lz4",
    // It has none: any that means something to another codec is kept.
    levels: zstd::levels,
    bound: Some(bound),
    encode,
    decode,
    can_decode_to,
};

fn bound(len: usize) -> usize {
    4 + lz4_flex::block::get_maximum_output_size(len)
}

fn encode(_level: i32, _plane: usize, raw: &[u8], room: &mut [u8]) -> Result<usize> {
    let Ok(len) = u32::try_from(raw.len()) else {
        bail!(InvalidArgument, "an lz4 block of {} bytes exceeds 2^32 - 1", raw.len());
    };
    room[..4].copy_from_slice(&len.to_le_bytes());
    let len = lz4_flex::block::compress_into(raw, &mut room[4..]).map_err(|error| error!(Internal, "lz4: {error}"))?;
    Ok(4 + len)
}

fn decode(stored: &[u8], out: &mut [u8]) -> Result<usize> {
    let Some((prefix, block)) = stored.split_first_chunk::<4>() else {
        bail!(Corrupt, "an lz4 block of {} bytes", stored.len());
    };
    if u32::from_le_bytes(*prefix) as usize != out.len() {
        bail!(Corrupt, "an lz4 block of {} bytes, not {}", u32::from_le_bytes(*prefix), out.len());
    }
    lz4_flex::block::decompress_into(block, out).map_err(|error| error!(Corrupt, "lz4: {error}"))
}

/// A byte of an LZ4 block stands for 255 at most.
fn can_decode_to(stored: u64, raw: u64) -> bool {
    raw <= stored * 255
}
