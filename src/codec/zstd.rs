//! Zstandard (RFC 8878): one frame with content size. It has no checksum, as all that is stored has a CRC-32C.

use crate::base::error::{Error, ErrorKind, Result, error};
use crate::codec::{Codec, Stream};
use ::zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode;
use ::zstd::zstd_safe::{self, CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer};
use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::thread::LocalKey;

pub(super) const STREAM: Stream =
    Stream { codec: Codec::Zstd, name: "zstd", levels, bound: Some(bound), encode, decode, can_decode_to };

/// Bytes of the planes that are zstd blocks: fewer are not worth a code of their own, more have several blocks.
const PLANES: RangeInclusive<usize> = 4 << 10..=128 << 10;
/// Planes of an element, at most, and bytes that a zstd block takes beside its content.
const MOST_PLANES: usize = 16;
const BLOCK_HEADER: usize = 3;

/// The window that a frame of unknown length may ask for, as a power of two: what RFC 8878 recommends to support.
const WINDOW_LOG: u32 = 23;

/// The level at which literals are stored as they are.
const BRIEF_LEVEL: i32 = -1;

/// A context, with the level and the bytes of blocks that it is set to.
type Compressor = ((i32, usize), CCtx<'static>);

thread_local! {
    /// Contexts cost as much to make as a block does to compress: each thread keeps its own, those to compress with
    /// for a level and for blocks of so many bytes, 0 where zstd is to choose.
    static COMPRESSOR: RefCell<Option<Compressor>> = const { RefCell::new(None) };
    static BRIEF_COMPRESSOR: RefCell<Option<Compressor>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

pub(super) fn levels() -> RangeInclusive<i32> {
    ::zstd::compression_level_range()
}

fn bound(len: usize) -> usize {
    zstd_safe::compress_bound(len) + MOST_PLANES * BLOCK_HEADER
}

/// What an error of the library is; `otherwise` where it is not a lack of memory.
fn failed(code: usize, otherwise: ErrorKind) -> Error {
    let is_memory = code.wrapping_neg() == ZSTD_ErrorCode::ZSTD_error_memory_allocation as usize;
    let kind = if is_memory { ErrorKind::OutOfMemory } else { otherwise };
    Error::new(kind, format!("zstd: {}", zstd_safe::get_error_name(code)))
}

fn no_context() -> Error {
    error!(OutOfMemory, "zstd: no memory for a context")
}

/// Encodes shuffled bytes, whose planes are `plane` bytes each; others are one plane.
///
/// The planes of numbers have little in common, and a zstd block has one code for all of its bytes. So planes that are
/// shorter than a zstd block may be are blocks.
pub(super) fn encode(level: i32, plane: usize, raw: &[u8], room: &mut [u8]) -> Result<usize> {
    let block = if plane < raw.len() && PLANES.contains(&plane) { plane } else { 0 };
    encode_with(&COMPRESSOR, level, block, raw, room)
}

/// Encodes so few bytes that tables of their own for the entropy of their literals would cost more time than all the rest.
pub(super) fn encode_brief(raw: &[u8], room: &mut [u8]) -> Result<usize> {
    encode_with(&BRIEF_COMPRESSOR, BRIEF_LEVEL, 0, raw, room)
}

fn encode_with(
    kept: &'static LocalKey<RefCell<Option<Compressor>>>,
    level: i32,
    block: usize,
    raw: &[u8],
    room: &mut [u8],
) -> Result<usize> {
    kept.with_borrow_mut(|kept| {
        let made_for = kept.as_ref().map(|(made_for, _)| *made_for);
        if made_for.is_none_or(|(made_for, _)| made_for != level) {
            let mut made = CCtx::try_create().ok_or_else(no_context)?;
            (made.set_parameter(CParameter::CompressionLevel(level)))
                .map_err(|code| failed(code, ErrorKind::Internal))?;
            *kept = Some(((level, 0), made));
        }
        let Some(((_, made_for), compressor)) = kept else {
            return Err(error!(Internal, "no compressor was made"));
        };
        if *made_for != block {
            compressor
                .set_parameter(CParameter::MaxBlockSize(block as u32))
                .map_err(|code| failed(code, ErrorKind::Internal))?;
            *made_for = block;
        }
        compressor.compress2(room, raw).map_err(|code| failed(code, ErrorKind::Internal))
    })
}

pub(super) fn decode(stored: &[u8], out: &mut [u8]) -> Result<usize> {
    DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => {
                let mut made = DCtx::try_create().ok_or_else(no_context)?;
                // What is stored was checked by its CRC-32C; where another writer's frame has a checksum, it would take a
                // tenth of the time.
                (made.set_parameter(DParameter::ForceIgnoreChecksum(true)))
                    .map_err(|code| failed(code, ErrorKind::Internal))?;
                kept.insert(made)
            }
        };
        decompressor.decompress(out, stored).map_err(|code| failed(code, ErrorKind::Corrupt))
    })
}

/// A zstd block of four bytes holds 128 KiB at most (RFC 8878, 3.1.1.2).
fn can_decode_to(stored: u64, raw: u64) -> bool {
    raw <= stored * (32 << 10)
}

/// The length that a frame says it decodes to, where it does.
pub(super) fn said_len(frame: &[u8]) -> Option<u64> {
    zstd_safe::get_frame_content_size(frame).ok().flatten()
}

/// Decodes the first frame of `bytes`; `room` gives the bytes so far more room, and fails where there may be no more.
pub(super) fn decode_unknown(bytes: &[u8], mut room: impl FnMut(&mut Vec<u8>) -> Result<()>) -> Result<Vec<u8>> {
    let failed = |code| failed(code, ErrorKind::Corrupt);
    let mut context = DCtx::try_create().ok_or_else(no_context)?;
    context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(failed)?;
    let (mut raw, mut input, mut len) = (Vec::new(), InBuffer::around(bytes), 0);
    loop {
        if len == raw.len() {
            room(&mut raw)?;
        }
        let mut out = OutBuffer::around_pos(&mut raw[..], len);
        let left = context.decompress_stream(&mut out, &mut input).map_err(failed)?;
        len = out.pos();
        if left == 0 {
            raw.truncate(len);
            return Ok(raw);
        }
        if input.pos() == bytes.len() && len < raw.len() {
            return Err(error!(Corrupt, "zstd: incomplete frame"));
        }
    }
}
