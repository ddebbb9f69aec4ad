//! A store of which blocks lie in parts, and edits of what is said of these.

use crate::encode::{Encoded, Page, Row, Segment, bundle_front, frame, msgpack, msgpack_frame};
use crate::model::{Model, Program, STORE_ID, edit_segment};
use serde_json::{Value, json};

/// A part of segments: a file in the folder of the array name, or the one segment of a bundle.
#[derive(Clone)]
pub struct Part {
    pub array: &'static str,
    pub file: String,
    pub is_bundled: bool,
    pub segment: Segment,
    /// What is stored in its place.
    pub instead: Option<Encoded>,
    /// What stands in front of it in its bundle, in place of what would be right.
    pub front: Option<Vec<u8>>,
}

/// An entry in a list of parts: file, place in it, length, checksum of the directory, end of the blocks. What is `Some` stands in place of
/// what would be right of the part.
#[derive(Clone)]
pub struct Entry {
    pub part: usize,
    pub fields: [Option<Value>; 5],
}

/// A file, and what lists are to say of the part in it.
pub struct EncodedPart {
    pub path: String,
    pub bytes: Vec<u8>,
    entry: [Value; 5],
}

impl Part {
    pub fn encode(&self) -> EncodedPart {
        let blocks_end = self.segment.header.len() + self.segment.blocks.len();
        let Encoded { bytes, directory_crc, .. } = self.instead.clone().unwrap_or_else(|| self.segment.encode());
        let at = if self.is_bundled { json!(40) } else { Value::Null };
        let entry = [json!(self.file), at, json!(bytes.len()), json!(directory_crc), json!(blocks_end)];
        if !self.is_bundled {
            return EncodedPart { path: format!("{}/{}", self.array, self.file), bytes, entry };
        }
        let front = self.front.clone().unwrap_or_else(|| bundle_front(&STORE_ID, bytes.len()));
        EncodedPart { path: format!("atlas.bundles/{}", self.file), bytes: [front, bytes].concat(), entry }
    }
}

/// Where the block of a row is, if that is a part.
pub fn part_of<'p>(row: &Row, entries: &[Entry], parts: &'p mut [Part]) -> Option<&'p mut Part> {
    let at = usize::try_from(row.part.checked_sub(1)?).ok()?;
    parts.get_mut(entries.get(at)?.part)
}

fn list(entries: &[Entry], parts: &[EncodedPart]) -> Value {
    let entry = |entry: &Entry| -> Value {
        let right = parts[entry.part].entry.iter().zip(&entry.fields);
        right.map(|(right, said)| said.as_ref().unwrap_or(right).clone()).collect()
    };
    entries.iter().map(entry).collect()
}

/// Gives a segment its list of parts, unless it has one; the bytes of the parts together, where there is one.
pub fn tell(segment: &mut Segment, entries: &[Entry], parts: &[EncodedPart]) -> Option<u64> {
    let list = list(entries, parts);
    if segment.parts.is_none() && !entries.is_empty() {
        segment.parts = Some(msgpack_frame(&list));
    }
    segment.parts.as_ref()?;
    let lengths = list.as_array()?.iter().filter_map(|entry| entry[2].as_u64());
    Some(lengths.fold(0, u64::wrapping_add))
}

/// The segments of [`Model::whole`] whose blocks lie elsewhere: the parts of them, and for each block that it is in.
const MOVED: [(usize, &[Option<usize>]); 4] =
    [(1, &[Some(0), None]), (2, &[Some(1)]), (3, &[Some(2)]), (6, &[Some(3), Some(4)])];
/// Whether these lie in bundles.
const BUNDLED: [bool; 5] = [false, false, true, true, false];

impl Model {
    /// [`Model::whole`] with parts: all blocks of a segment, some of them, in one part, in several, in bundles.
    pub fn parted() -> Self {
        let mut model = Self::whole();
        for (at, homes) in MOVED {
            let placed = &mut model.segments[at];
            let (segment, array) = (&mut placed.segment, placed.array);
            let old = std::mem::take(&mut segment.blocks);
            for part in homes.iter().flatten() {
                let is_bundled = BUNDLED[*part];
                // As a worker names it.
                let ending = if is_bundled { "bundle" } else { "seg" };
                let file = format!("00000005-{:016x}-{part:08x}-{:016x}.{ending}", 0x5e55, part + 1);
                let own = Segment { definitions: segment.definitions.clone(), ..Segment::new(STORE_ID) };
                model.parts.push(Part { array, file, is_bundled, segment: own, instead: None, front: None });
                placed.entries.push(Entry { part: *part, fields: [const { None }; 5] });
            }
            for (row, home) in segment.pages.iter_mut().flat_map(|page| &mut page.rows).zip(homes) {
                let stored = &old[row.offset as usize - 32..][..row.stored_len as usize];
                let number = home.map(|home| placed.entries.iter().take_while(|entry| entry.part != home).count());
                let blocks = match home {
                    Some(home) => &mut model.parts[*home].segment.blocks,
                    None => &mut segment.blocks,
                };
                row.offset = 32 + blocks.len() as u64;
                blocks.extend_from_slice(stored);
                if let Some(home) = home {
                    model.parts[*home].segment.pages.push(Page { rows: vec![row.clone()], ..Page::default() });
                }
                row.part = number.map_or(0, |number| number as u64 + 1);
            }
        }
        model.tree["atlas"]["writer_features"] = json!(["pieces", "parts"]);
        model
    }

    /// Edits a list of parts, or a part.
    pub fn edit_parts(&mut self, program: &mut Program<'_>) {
        let encoded: Vec<_> = self.parts.iter().map(Part::encode).collect();
        let with_parts = MOVED[program.below(MOVED.len())].0;
        let placed = &mut self.segments[with_parts];
        let at = program.below(placed.entries.len());
        let kind = program.below(10);
        match (kind, placed.entries.get_mut(at)) {
            (0 | 1, Some(entry)) => {
                let field = program.below(5);
                entry.fields[field] = Some(match program.below(4) {
                    0 => Value::Null,
                    1 => json!(["", "..", "/etc/passwd", "a/b", "atlas.json"][program.below(5)]),
                    2 => json!(String::from_utf8_lossy(program.bytes(32))),
                    _ => json!(program.number()),
                });
            }
            (2, Some(entry)) => entry.part = program.below(self.parts.len()),
            (3, Some(entry)) => {
                let copy = entry.clone();
                placed.entries.push(copy);
            }
            (4, Some(_)) => drop(placed.entries.remove(at)),
            (5, Some(_)) => placed.entries.reverse(),
            (6, _) => {
                let page = program.below(placed.segment.pages.len());
                let rows = placed.segment.pages.get_mut(page).map_or(&mut [][..], |page| &mut page.rows);
                let row = program.below(rows.len());
                if let Some(row) = rows.get_mut(row) {
                    row.part = program.number();
                }
            }
            (7, _) => {
                // Another list under a right checksum, decoded or as it is stored.
                let mut raw = Vec::new();
                msgpack(&list(&placed.entries, &encoded), &mut raw);
                let is_decoded = program.flag();
                let mut bytes = if is_decoded { raw } else { frame(&raw) };
                program.damage(&mut bytes);
                placed.segment.parts = Some(if is_decoded { frame(&bytes) } else { bytes });
            }
            (8, _) => placed.segment.parts_claim = Some((program.number(), program.number() as u32)),
            _ => {
                let at = program.below(self.parts.len());
                let part = &mut self.parts[at];
                if part.is_bundled && program.flag() {
                    let front =
                        part.front.get_or_insert_with(|| bundle_front(&STORE_ID, part.segment.encode().bytes.len()));
                    program.damage(front);
                } else {
                    edit_segment(&mut part.segment, &[], &mut [], program);
                }
            }
        }
    }
}
