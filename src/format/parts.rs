//! The parts of a segment: other segments, which no root names, that have blocks of it. Writers beside each other write
//! them, and the one that commits writes the index of all.

use super::names;
use super::segment::HEADER_LEN;
use crate::base::error::{Result, bail, error};
use crate::codec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A part: a file in the folder of the array name, or a segment of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartRecord {
    pub file: Arc<str>,
    /// Where it begins in the file, which is then a bundle.
    pub at: Option<u64>,
    pub length: u64,
    pub directory_crc32c: u32,
    /// Where its blocks end.
    pub blocks_end: u64,
}

impl PartRecord {
    /// What no other part has: the file, and where in it the part begins.
    pub fn place(&self) -> (&Arc<str>, Option<u64>) {
        (&self.file, self.at)
    }

    /// Bytes of its blocks.
    pub fn block_bytes(&self) -> u64 {
        self.blocks_end - HEADER_LEN as u64
    }
}

/// The stored list.
pub fn to_bytes(parts: &[PartRecord]) -> Result<Vec<u8>> {
    let raw = rmp_serde::to_vec(parts).map_err(|error| error!(Internal, "serialising: {error}"))?;
    codec::to_frame(&raw)
}

/// Undoes [`to_bytes`], whose bytes had the right checksum. The parts have `total` bytes together.
pub fn from_bytes(bytes: &[u8], total: u64) -> Result<Vec<PartRecord>> {
    let parts = decode(bytes)?;
    check(&parts)?;
    let sum = sum(&parts);
    if parts.is_empty() || sum != Some(total) {
        bail!(Corrupt, "{} parts have {sum:?} bytes, the root says {total}", parts.len());
    }
    Ok(parts)
}

/// Bytes of the parts together, of a list that nothing vouches for.
pub fn total(bytes: &[u8]) -> Result<u64> {
    sum(&decode(bytes)?).ok_or_else(|| error!(Corrupt, "the parts have over 2^64 bytes"))
}

/// The number, from 1 on, by which a row says that its block is in `part`, one of these.
pub fn number(parts: &[PartRecord], part: &PartRecord) -> u32 {
    parts.partition_point(|known| known.place() <= part.place()) as u32
}

fn decode(bytes: &[u8]) -> Result<Vec<PartRecord>> {
    let raw = codec::from_page_frame(bytes).map_err(|error| error.context("the list of parts"))?;
    rmp_serde::from_slice(&raw).map_err(|error| error!(Corrupt, "the list of parts: {error}"))
}

fn sum(parts: &[PartRecord]) -> Option<u64> {
    parts.iter().try_fold(0u64, |sum, part| sum.checked_add(part.length))
}

/// Refuses parts that cannot be: their names become paths, and nothing may lead out of the store.
pub fn check(parts: &[PartRecord]) -> Result<()> {
    for PartRecord { file, at, length, blocks_end, .. } in parts {
        let is_named = if at.is_some() { names::is_bundle_name(file) } else { names::is_segment_name(file) };
        let end = at.unwrap_or(0).checked_add(*length).filter(|end| i64::try_from(*end).is_ok());
        if !is_named || end.is_none() || *blocks_end < HEADER_LEN as u64 || blocks_end > length {
            bail!(Corrupt, "a part '{file}' at {at:?} of {length} bytes, blocks up to {blocks_end}");
        }
    }
    if !parts.is_sorted_by(|one, next| (&one.file, one.at) < (&next.file, next.at)) {
        bail!(Corrupt, "the parts are out of order");
    }
    Ok(())
}
