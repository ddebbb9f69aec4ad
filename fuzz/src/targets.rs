//! What is done with an input of each fuzz target.

use crate::encode::{Encoded, NOTATIONS, Notation, frame, seal_zstd};
use crate::exercise::exercise;
use crate::memory::Memory;
use crate::model::{Model, Placed};
use crate::parts::Part;
use crate::session;

/// A root of any bytes. The first byte chooses the notation and what of the file is put right: nothing, the trailer, or
/// the trailer inside the compressed frame.
pub fn root(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let notation = NOTATIONS[usize::from(choice & 3)];
    let zstd = matches!(notation, Notation::JsonZst | Notation::MsgPackZst);
    let root = match choice >> 2 & 3 {
        0 => bytes.to_vec(),
        1 if zstd => seal_zstd(bytes.to_vec()),
        2 if zstd => seal_zstd(frame(bytes)),
        _ => notation.seal(bytes.to_vec()),
    };
    let mut model = Model::whole();
    let segments = model.encode_segments();
    let files = segments.iter().map(|(name, bytes)| (name.as_str(), bytes.clone()));
    exercise(&Memory::of(files.chain([(notation.file_name(), root)])));
}

/// A segment of any bytes, or a part of one, in a store that is otherwise whole; the root, or the list of parts, is told its
/// length and its directory's checksum. The second bit of the first byte chooses a store with parts.
pub fn segment(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let mut model = if choice & 0x40 == 0 { Model::whole() } else { Model::parted() };
    let at = usize::from(choice & 0x3f) % (model.segments.len() + model.parts.len());
    let segments = model.segments.len();
    let (segment, instead) = match at.checked_sub(segments) {
        None => {
            let Placed { segment, instead, .. } = &mut model.segments[at];
            (segment, instead)
        }
        Some(part) => {
            let Part { segment, instead, .. } = &mut model.parts[part];
            (segment, instead)
        }
    };
    let mut encoded = Encoded { bytes: bytes.to_vec(), ..segment.encode() };
    let bytes = &mut encoded.bytes;
    // The trailer says where the directory is; with half of the choices its checksums are put right.
    if let Some(start) = bytes.len().checked_sub(32) {
        let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[start + at + i]));
        let (offset, length) = (number(0) as usize, number(8) as usize);
        if let Some(directory) = bytes.get(offset..).and_then(|rest| rest.get(..length)) {
            encoded.directory_crc = crc32c::crc32c(directory);
            if choice & 0x80 != 0 {
                bytes[start + 16..start + 20].copy_from_slice(&encoded.directory_crc.to_le_bytes());
                let crc = crc32c::crc32c(&bytes[start..start + 20]);
                bytes[start + 20..start + 24].copy_from_slice(&crc.to_le_bytes());
            }
        }
    }
    *instead = Some(encoded);
    exercise(&model.store());
}

/// A store whose pieces were edited before they were encoded: every checksum is right.
pub fn structure(data: &[u8]) {
    exercise(&Model::edited(data));
}

/// A store with catalogue files that were edited before they were encoded: every checksum is right.
pub fn catalogue(data: &[u8]) {
    exercise(&Model::edited_catalogue(data));
}

/// A ticket of any bytes, and one that was edited before it was sealed.
pub fn ticket(data: &[u8]) {
    session::ticket(data);
}

/// The same for an export.
pub fn export(data: &[u8]) {
    session::export(data);
}
