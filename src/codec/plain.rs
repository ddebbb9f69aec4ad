//! The bytes themselves.

use crate::base::error::Result;
use crate::codec::{Codec, Stream, zstd};

pub(super) const STREAM: Stream = Stream {
    codec: Codec::None,
    name: "none",
    levels: zstd::levels,
    bound: None,
    encode,
    decode,
    can_decode_to: |stored, raw| stored == raw,
};

fn encode(_level: i32, _plane: usize, raw: &[u8], room: &mut [u8]) -> Result<usize> {
    room[..raw.len()].copy_from_slice(raw);
    Ok(raw.len())
}

fn decode(stored: &[u8], out: &mut [u8]) -> Result<usize> {
    if stored.len() == out.len() {
        out.copy_from_slice(stored);
    }
    Ok(stored.len())
}
