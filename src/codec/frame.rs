//! One zstd frame around what is not values: index pages, definitions, roots.

use crate::base::error::{Result, bail, error};
use crate::codec::{Compression, zstd};
use crate::memory::buffers;

/// A frame that is read without knowing its length decodes to at most this many times its bytes, and [`FRAME_FREE`] more.
const FRAME_RATIO: u64 = 128;
/// What any such frame may decode to.
const FRAME_FREE: u64 = 16 << 20;

/// Fewer bytes are encoded in less time, and to a little more.
const BRIEF: usize = 512;

/// One zstd frame, for what is not values.
pub(crate) fn to_frame(raw: &[u8]) -> Result<Vec<u8>> {
    let Some(bound) = zstd::STREAM.bound else {
        bail!(Internal, "zstd frames without a bound");
    };
    let mut frame = buffers::allocate(bound(raw.len()))?;
    let len = match raw.len() < BRIEF {
        true => zstd::encode_brief(raw, &mut frame)?,
        false => zstd::encode(Compression::DEFAULT.level, raw.len(), raw, &mut frame)?,
    };
    frame.truncate(len);
    pad_frame(&mut frame, raw.len())?;
    Ok(frame)
}

/// Undoes [`to_frame`], for bytes of which nothing else says what they decode to.
pub(crate) fn from_frame(bytes: &[u8]) -> Result<Vec<u8>> {
    let limit = usize::try_from(frame_limit(bytes.len())).unwrap_or(usize::MAX);
    // The frame's word for its length is taken only where that is likely.
    let said = zstd::said_len(bytes).and_then(|said| usize::try_from(said).ok()).unwrap_or(0);
    let first = said.min(bytes.len().saturating_mul(8)).max(4 << 10).min(limit);
    zstd::decode_unknown(bytes, |raw| {
        if raw.len() >= limit {
            bail!(Corrupt, "zstd: {} bytes decompress to more than {limit}", bytes.len());
        }
        buffers::resize(raw, raw.len().saturating_mul(2).max(first).min(limit))
    })
}

/// Undoes [`to_frame`], for bytes that decode to `limit` at most, with the context that blocks are decoded with.
pub(crate) fn from_short_frame(bytes: &[u8], limit: usize) -> Result<Vec<u8>> {
    // The frame's word for its length is taken only where it asks for less memory.
    let mut raw = buffers::allocate(zstd::said_len(bytes).map_or(limit, |said| said.min(limit as u64) as usize))?;
    let len = zstd::decode(bytes, &mut raw)?;
    raw.truncate(len);
    Ok(raw)
}

/// Undoes [`to_frame`], where it is done often and for little.
pub(crate) fn from_page_frame(bytes: &[u8]) -> Result<Vec<u8>> {
    from_short_frame(bytes, usize::try_from(frame_limit(bytes.len())).unwrap_or(usize::MAX))
}

/// What `len` bytes may decompress to: so that a small file cannot fill the memory.
fn frame_limit(len: usize) -> u64 {
    (len as u64).saturating_mul(FRAME_RATIO).saturating_add(FRAME_FREE)
}

/// Puts a skippable frame (RFC 8878, 3.1.2) behind a frame of `raw_len` bytes that is too short for [`frame_limit`]:
/// megabytes of zeros in an attribute are.
fn pad_frame(frame: &mut Vec<u8>, raw_len: usize) -> Result<()> {
    let short = (raw_len as u64).saturating_sub(frame_limit(frame.len())).div_ceil(FRAME_RATIO);
    let short = u32::try_from(short).map_err(|_| error!(InvalidArgument, "a frame of {raw_len} bytes"))?;
    if short > 0 {
        buffers::extend(frame, &[0x5a, 0x2a, 0x4d, 0x18])?;
        buffers::extend(frame, &short.to_le_bytes())?;
        buffers::resize(frame, frame.len() + short as usize)?;
    }
    Ok(())
}
