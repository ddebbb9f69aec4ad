//! References to chunks: a range of a file, or the bytes themselves.

use super::wrong;
use atlas_store::{ArrayInfo, ChunkPlace, ChunkPlaces, Codec, Error};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;

/// How the chunks of an array are encoded, as far as readers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    pub codec: Codec,
    /// Bytes of the elements that are shuffled; 1 where they are not.
    pub shuffle: u8,
    /// Bytes of the elements that are differences; 0 where they are themselves.
    pub delta: u8,
}

impl Coding {
    const RAW: Self = Self { codec: Codec::None, shuffle: 1, delta: 0 };

    /// That of the chunks that are ranges of files. Where there are none, all bytes are inline, as they are.
    pub fn of(parts: &[ChunkPlaces]) -> Self {
        let mut places = parts.iter().flat_map(|part| &part.places);
        let range = places.find(|place| place.is_range());
        range.map_or(Self::RAW, Self::of_place)
    }

    fn of_place(place: &ChunkPlace) -> Self {
        Self { codec: place.codec, shuffle: place.shuffle, delta: place.delta }
    }

    /// Offset and length of the chunk in its file, if it is there as readers are told.
    pub fn range(&self, place: &ChunkPlace) -> Option<(u64, u64)> {
        let own = Self::of_place(place);
        if own != *self || !place.is_range() {
            return None;
        }
        Some(match own {
            Self::RAW => (place.offset + u64::from(place.at), place.len.into()),
            _ => (place.offset, place.stored_len.into()),
        })
    }

    /// A chunk as readers are told.
    pub fn encode(&self, chunk: Vec<u8>) -> Result<Vec<u8>, Error> {
        let planes = self.shuffled(self.differences(chunk)?)?;
        match self.codec {
            Codec::None => Ok(planes),
            Codec::Lz4 => Ok(lz4_flex::compress_prepend_size(&planes)),
            Codec::Zstd => zstd::bulk::compress(&planes, 1).map_err(|error| wrong(format!("zstd: {error}"))),
        }
    }

    fn differences(&self, mut chunk: Vec<u8>) -> Result<Vec<u8>, Error> {
        let item = usize::from(self.delta);
        check_elements(item, &chunk)?;
        // From the end on: each is changed when the one behind it has been.
        for at in (1..chunk.len().checked_div(item).unwrap_or(0)).rev() {
            let mut borrow = false;
            for byte in at * item..(at + 1) * item {
                let (less, below) = chunk[byte].overflowing_sub(chunk[byte - item]);
                let (less, below_again) = less.overflowing_sub(u8::from(borrow));
                (chunk[byte], borrow) = (less, below || below_again);
            }
        }
        Ok(chunk)
    }

    fn shuffled(&self, chunk: Vec<u8>) -> Result<Vec<u8>, Error> {
        let item = usize::from(self.shuffle);
        if item <= 1 {
            return Ok(chunk);
        }
        check_elements(item, &chunk)?;
        Ok((0..item).flat_map(|byte| chunk.iter().skip(byte).step_by(item).copied()).collect())
    }
}

/// Refuses bytes that are not whole elements, where there are elements at all.
fn check_elements(item: usize, chunk: &[u8]) -> Result<(), Error> {
    if item > 0 && !chunk.len().is_multiple_of(item) {
        return Err(wrong(format!("{} bytes are no elements of {item}", chunk.len())));
    }
    Ok(())
}

/// Bytes in place of a reference.
pub fn inline(bytes: &[u8]) -> String {
    format!("base64:{}", STANDARD.encode(bytes))
}

/// Texts as numcodecs' `vlen-utf8` has them.
pub fn texts(texts: &[Arc<str>]) -> Vec<u8> {
    let length = |length: usize| (length as u32).to_le_bytes();
    let mut bytes = length(texts.len()).to_vec();
    for text in texts {
        bytes.extend(length(text.len()));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// Where in the grid a chunk is.
pub fn coordinates(info: &ArrayInfo, number: u64) -> Vec<u64> {
    let mut rest = number;
    let mut at: Vec<u64> =
        info.shape.iter().zip(&info.piece_shape).map(|(extent, chunk)| extent.div_ceil(*chunk)).collect();
    // The grid may grow along dimension 0, which is not in the number.
    for along in at.iter_mut().skip(1).rev() {
        let chunks = (*along).max(1);
        (*along, rest) = (rest % chunks, rest / chunks);
    }
    if let Some(first) = at.first_mut() {
        *first = rest;
    }
    at
}
