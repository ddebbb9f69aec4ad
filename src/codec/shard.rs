//! A block in pieces: byte for byte a shard of Zarr's codec `sharding_indexed`, whose index is at the end.
//!
//! Each piece is a stream with its CRC-32C behind it. Behind the last piece is the index, two u64 for each piece, its offset
//! in the block and its bytes with their checksum, and behind that the CRC-32C of the index. All numbers are little-endian.

use crate::base::error::{Result, bail, error};
use crate::codec::{Coding, Form};
use crate::memory::buffers;

/// Bytes of a checksum.
pub(crate) const CHECKSUM: u32 = 4;
/// Bytes of the index for each piece.
const ENTRY: usize = 16;

/// Where the pieces of a block are in it.
pub(crate) struct Shard {
    /// Where each piece and its checksum end. The first begins at 0, each other where the one before it ends.
    ends: Vec<u32>,
}

/// Bytes of the index of so many pieces, its checksum included.
pub(crate) fn index_len(pieces: u32) -> u64 {
    u64::from(pieces) * ENTRY as u64 + u64::from(CHECKSUM)
}

/// Bytes of a block of so many pieces that are none of their streams'.
pub(super) fn overhead(pieces: u32) -> u64 {
    index_len(pieces) + u64::from(pieces) * u64::from(CHECKSUM)
}

/// Splits bytes from the checksum behind them, which must be theirs.
pub(crate) fn checked<'b>(bytes: &'b [u8], what: &str) -> Result<&'b [u8]> {
    match bytes.split_last_chunk::<{ CHECKSUM as usize }>() {
        Some((bytes, checksum)) if crc32c::crc32c(bytes) == u32::from_le_bytes(*checksum) => Ok(bytes),
        _ => Err(error!(Corrupt, "{what}'s checksum does not match")),
    }
}

impl Shard {
    /// The places of pieces that end there.
    pub(super) fn new(ends: Vec<u32>) -> Self {
        Self { ends }
    }

    /// Undoes [`Self::index`]: the `bytes` at the end of a block of `len` bytes, of which the row says that their checksum is
    /// `crc`.
    pub fn parse(coding: &Coding, len: u32, crc: u32, bytes: &[u8]) -> Result<Self> {
        let pieces = coding.pieces();
        let index = checked(bytes, "the index of a block's pieces")?;
        if crc32c::crc32c(index) != crc {
            bail!(Corrupt, "the index of a block's pieces is not that of its row");
        }
        let streams = u64::from(len).checked_sub(index_len(pieces));
        let (Some(streams), true) = (streams, index.len() as u64 + u64::from(CHECKSUM) == index_len(pieces)) else {
            bail!(Corrupt, "an index of {} bytes for {pieces} pieces in a block of {len}", bytes.len());
        };
        let piece = coding.piece();
        let mut ends = Vec::new();
        buffers::reserve(&mut ends, pieces as usize)?;
        let mut end = 0;
        let (entries, _) = index.as_chunks::<ENTRY>();
        for (number, entry) in entries.iter().enumerate() {
            let (at, bytes) = (u64::from_le_bytes(half(entry, 0)), u64::from_le_bytes(half(entry, 8)));
            if at != end || bytes > streams - end || !piece.can_be(bytes) {
                bail!(Corrupt, "piece {number} of a block has {bytes} bytes at {at}: it cannot be there");
            }
            end += bytes;
            ends.push(end as u32);
        }
        if end != streams {
            bail!(Corrupt, "{} bytes that belong to no piece of a block", streams - end);
        }
        Ok(Self { ends })
    }

    /// That of a whole block.
    pub fn of_block(coding: &Coding, crc: u32, block: &[u8]) -> Result<Self> {
        let at = (block.len() as u64).checked_sub(index_len(coding.pieces()));
        let index = at.and_then(|at| block.get(at as usize..)).unwrap_or_default();
        Self::parse(coding, block.len() as u32, crc, index)
    }

    /// Hands out the index, without its checksum, in parts.
    pub(super) fn index(&self) -> impl Iterator<Item = [u8; ENTRY]> {
        (0..self.ends.len()).map(|number| {
            let (at, len) = self.piece(number);
            let mut entry = [0; ENTRY];
            entry[..8].copy_from_slice(&u64::from(at).to_le_bytes());
            entry[8..].copy_from_slice(&u64::from(len).to_le_bytes());
            entry
        })
    }

    /// Where in the block a piece begins, and its bytes with their checksum.
    pub fn piece(&self, number: usize) -> (u32, u32) {
        let at = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        (at, self.ends[number] - at)
    }

    /// How many pieces there are.
    pub fn pieces(&self) -> usize {
        self.ends.len()
    }

    /// Bytes in memory, about.
    pub fn memory(&self) -> usize {
        size_of_val(&self.ends[..])
    }
}

fn half(entry: &[u8; ENTRY], at: usize) -> [u8; 8] {
    std::array::from_fn(|i| entry[at + i])
}

impl Coding {
    /// How many pieces a block has: one, where it is not in pieces.
    pub fn pieces(&self) -> u32 {
        match self.form {
            Form::Pieces(pieces) => pieces,
            Form::Whole | Form::Piece => 1,
        }
    }

    /// That of a piece of a block in pieces.
    pub fn piece(&self) -> Self {
        Self { form: Form::Piece, raw_len: self.raw_len / self.pieces().max(1), ..*self }
    }

    /// Whether a block can have so many stored bytes.
    pub fn can_be(&self, stored: u64) -> bool {
        let beside = match self.form {
            Form::Whole => 0,
            Form::Pieces(pieces) => overhead(pieces),
            Form::Piece => CHECKSUM.into(),
        };
        stored.checked_sub(beside).is_some_and(|stored| self.codec.can_decode_to(stored, self.raw_len.into()))
    }
}
