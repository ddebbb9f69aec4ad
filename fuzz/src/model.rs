//! A small whole store in parts, and edits of the parts that checksums do not give away.

use crate::encode::{
    Catalogue, CatalogueEntry, CataloguePage, Encoded, NOTATIONS, Notation, Page, Row, Segment, frame, msgpack,
    msgpack_frame, texts,
};
use crate::memory::Memory;
use crate::parts::{self, Entry, Part};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

pub const STORE_ID: [u8; 16] = [0x5a; 16];

/// What the definitions of segments say of an array.
struct Defined(u64, &'static str, u64, &'static [u64]);

impl Defined {
    fn value(&self) -> Value {
        json!([self.0, self.1, self.2, self.3])
    }
}

/// Those of the arrays of the model, by their ids from 1 on.
const DEFINED: [Defined; 7] = [
    Defined(1, "january", 0, &[5, 7]),
    Defined(2, "january", 1, &[100, 90]),
    Defined(3, "january", 2, &[3]),
    Defined(4, "january", 3, &[]),
    Defined(5, "january", 4, &[6]),
    Defined(6, "february", 0, &[5, 7]),
    Defined(7, "february", 5, &[3, 50]),
];

/// The checksum that a row has of its block's stored bytes; where that is in pieces it is of their index, which then ends in it.
fn seal(row: &Row, stored: &mut [u8]) -> u32 {
    let index = if row.codec & 128 == 0 { None } else { row.pieces.checked_mul(16) };
    let index = index.and_then(|len| stored.len().checked_sub(4)?.checked_sub(usize::try_from(len).ok()?));
    let Some(at) = index else { return crc32c::crc32c(stored) };
    let end = stored.len() - 4;
    let crc = crc32c::crc32c(&stored[at..end]);
    stored[end..].copy_from_slice(&crc.to_le_bytes());
    crc
}

/// A store in parts.
#[derive(Clone)]
pub struct Model {
    pub notation: Notation,
    /// `{"atlas": .., "datasets": {..}}`; what the root has to say of segments' bytes is filled in later.
    pub tree: Value,
    pub segments: Vec<Placed>,
    /// What lists of parts name; no root does.
    pub parts: Vec<Part>,
}

/// A segment and its place.
#[derive(Clone)]
pub struct Placed {
    pub array: &'static str,
    pub file: String,
    pub segment: Segment,
    /// Its list of parts.
    pub entries: Vec<Entry>,
    /// What is stored in its place.
    pub instead: Option<Encoded>,
}

impl Model {
    /// Three datasets, arrays of several types, packs and blocks of their own, every codec, two segments of one array.
    pub fn whole() -> Self {
        static WHOLE: LazyLock<Model> = LazyLock::new(Model::build);
        WHOLE.clone()
    }

    fn build() -> Self {
        let zstd = json!({"codec": "zstd", "level": 1, "shuffle": true});
        let plain = json!({"codec": "none", "level": 1, "shuffle": false});
        let lz4 = json!({"codec": "lz4", "level": 1, "shuffle": true, "filters": [{"name": "delta"}]});
        let stored = |chunks: u64, cells: u64, nulls: u64, range: Value| match range {
            Value::Null => json!({"chunks": chunks, "cells": cells, "nulls": nulls}),
            range => json!({"chunks": chunks, "cells": cells, "nulls": nulls, "range": range}),
        };
        let array = |id: u64, schema: u64, shape: &[u64], stored: Value| json!({"id": id, "schema": schema, "shape": shape, "stored": stored});
        let mut january = Map::new();
        // The chunks of the corners: 0 and, cut to 1 x 1, 8.
        january.insert("t".into(), array(1, 0, &[5, 7], stored(2, 7, 1, json!({"f32": [10.0, 16.0]}))));
        january.insert("big".into(), array(2, 1, &[100, 90], stored(1, 9000, 0, json!({"i64": [0, 8999]}))));
        january.insert("name".into(), array(3, 2, &[3], stored(1, 3, 0, Value::Null)));
        january.insert("one".into(), array(4, 3, &[], stored(1, 1, 0, Value::Null)));
        january.insert("flags".into(), array(5, 4, &[6], stored(2, 6, 0, json!({"u64": [0, 1]}))));
        let mut attributed = array(6, 0, &[5, 7], stored(1, 6, 0, json!({"f32": [20.0, 25.0]})));
        attributed["attributes"] = json!({"units": {"string": ["degC"]}, "scale": {"f64": [1.5, "NaN", "-Infinity"]}});
        let cut = array(7, 5, &[3, 50], stored(2, 150, 0, json!({"f32": [0.0, 3.0]})));
        let attributes = json!({"i8": {"i8": [-1, 2]}, "c64": {"c64": [1.0, 2.0]}, "no": {"bool": []},
            "t": {"timestamp_ns": [-5]}, "f16": {"f16": ["0x7e01", 1.0]}, "u": {"u64": [u64::MAX]}});
        let schema = |dtype: &str, dims: &[&str], chunk: &[u64], compression: &Value| json!({"dtype": dtype, "dims": dims, "chunk_shape": chunk, "compression": compression});
        let mut filled = schema("f32", &["y", "x"], &[2, 3], &zstd);
        filled["fill_value"] = json!({"f32": [-1.0]});
        let mut appended = schema("bool", &["n"], &[4], &plain);
        appended["rechunk_on_append"] = json!(true);
        let mut in_pieces = schema("f32", &["y", "z"], &[2, 50], &zstd);
        in_pieces["piece_shape"] = json!([1, 25]);
        let schemas = [
            filled,
            schema("i16", &["y", "x"], &[100, 90], &lz4),
            schema("string", &["n"], &[4], &zstd),
            schema("c64", &[], &[], &plain),
            appended,
            in_pieces,
        ];

        let mut segments: Vec<Placed> = Vec::new();
        let mut add = |array, rows: &dyn Fn(&mut Segment) -> Vec<Vec<Row>>| {
            let mut segment = Segment::new(STORE_ID);
            segment.pages = rows(&mut segment).into_iter().map(|rows| Page { rows, ..Page::default() }).collect();
            let mut ids: Vec<u64> = segment.pages.iter().flat_map(|page| page.rows.iter().map(|row| row.id)).collect();
            ids.dedup();
            let arrays: Vec<Value> = ids.iter().map(|id| DEFINED[*id as usize - 1].value()).collect();
            let defined = json!({"array": array, "schemas": schemas, "arrays": arrays});
            segment.definitions = msgpack_frame(&defined);
            let file = format!("{:08}-{:016x}.seg", 2 + segments.len(), segments.len());
            segments.push(Placed { array, file, segment, entries: Vec::new(), instead: None });
        };
        let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let wide = |low: f64, high: f64| Some((low.to_bits(), high.to_bits()));
        add("t", &|segment| {
            // A pack: chunk 0 of the one array, to be replaced below, and of the other.
            let pack = segment.block(1, 4, &floats(&[1., 1., 1., 1., 1., 1., 20., 21., 22., 23., 24., 25.]));
            let first = Row { id: 1, len: 24, range: wide(1., 1.), ..pack };
            vec![vec![first.clone(), Row { id: 6, at: 24, range: wide(20., 25.), ..first }]]
        });
        add("t", &|segment| {
            let chunk = segment.block(1, 4, &floats(&[10., 11., 12., 13., 14., -1.]));
            let corner = segment.block(1, 4, &floats(&[16., -1., -1., -1., -1., -1.]));
            let chunk = Row { id: 1, nulls: 1, range: wide(10., 14.), ..chunk };
            vec![vec![chunk], vec![Row { id: 1, chunk: 8, range: wide(16., 16.), ..corner }]]
        });
        add("big", &|segment| {
            let values: Vec<u8> = (0..9000i16).flat_map(i16::to_le_bytes).collect();
            vec![vec![Row { id: 2, range: Some((0, 8999)), ..segment.block(2, 0x22, &values) }]]
        });
        add("name", &|segment| vec![vec![Row { id: 3, ..segment.block(1, 1, &texts(&["a", "", "Ωmega", ""])) }]]);
        add("one", &|segment| vec![vec![Row { id: 4, ..segment.block(3, 1, &floats(&[1.5, -2.5])) }]]);
        add("flags", &|segment| {
            let pack = Row { id: 5, len: 4, range: Some((0, 1)), ..segment.block(3, 1, &[1, 0, 1, 0, 1, 1, 0, 0]) };
            vec![vec![pack.clone(), Row { chunk: 1, at: 4, range: Some((1, 1)), ..pack }]]
        });
        add("cut", &|segment| {
            let values = |rows: u64| {
                floats(&(0..100).map(|i| if i < rows * 50 { (i / 25) as f32 } else { 0. }).collect::<Vec<_>>())
            };
            let first = Row { id: 7, range: wide(0., 3.), ..segment.block_in_pieces(1, 4, &values(2), 4) };
            let edge = segment.block_in_pieces(1, 4, &values(1), 4);
            vec![vec![first, Row { id: 7, chunk: 1, range: wide(0., 1.), ..edge }]]
        });

        let mut files = Map::new();
        for placed in &segments {
            let live: usize = placed.segment.blocks.len();
            let file = files
                .entry(placed.array)
                .or_insert_with(|| json!({"folder": placed.array, "live_bytes": 0, "dead_bytes": 0, "segments": []}));
            file["live_bytes"] = json!(file["live_bytes"].as_u64().unwrap_or(0) + live as u64);
            if let Some(list) = file["segments"].as_array_mut() {
                list.push(json!({"file": placed.file, "length": 0, "directory_crc32c": 0, "array_ids": [0, 0]}));
            }
        }
        // The replaced chunk's share of its pack.
        let dead = segments[0].segment.blocks.len() as u64 / 2;
        files["t"]["dead_bytes"] = json!(dead);
        files["t"]["live_bytes"] = json!(files["t"]["live_bytes"].as_u64().unwrap_or(0) - dead);
        let id: String = STORE_ID.iter().map(|byte| format!("{byte:02x}")).collect();
        let tree = json!({
            "atlas": {"format_version": 1, "required_features": [], "writer_features": ["pieces"], "store_id": id,
                "generation": 5, "next_array_id": 8, "default_compression": zstd, "schemas": schemas,
                "array_files": files},
            "datasets": {"january": {"arrays": january, "attributes": attributes},
                "february": {"arrays": {"t": attributed, "cut": cut}}, "none": {}},
        });
        Self { notation: Notation::Json, tree, segments, parts: Vec::new() }
    }

    /// The segments' bytes by path; the root's tree is told of them.
    pub fn encode_segments(&mut self) -> Vec<(String, Vec<u8>)> {
        let parts: Vec<_> = self.parts.iter().map(Part::encode).collect();
        let mut files = Vec::new();
        for placed in &self.segments {
            let mut segment = placed.segment.clone();
            let total = parts::tell(&mut segment, &placed.entries, &parts);
            let encoded = placed.instead.clone().unwrap_or_else(|| segment.encode());
            let records = self.tree["atlas"]["array_files"][placed.array]["segments"].as_array_mut();
            for record in records.into_iter().flatten().filter(|record| record["file"] == placed.file) {
                record["length"] = json!(encoded.bytes.len());
                record["directory_crc32c"] = json!(encoded.directory_crc);
                record["array_ids"] = json!([encoded.ids.0, encoded.ids.1]);
                if let Some(total) = total {
                    record["parts"] = json!(total);
                }
            }
            files.push((format!("{}/{}", placed.array, placed.file), encoded.bytes));
        }
        files.extend(parts.into_iter().map(|part| (part.path, part.bytes)));
        files
    }

    /// The store's files.
    pub fn files(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut files = self.encode_segments();
        files.push((self.notation.file_name().into(), self.notation.root(&self.tree)));
        files
    }

    /// The store.
    pub fn store(&mut self) -> Memory {
        Memory::of(self.files().iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))
    }

    /// The model with the edits that `program` stands for; every byte string is one.
    pub fn edited(program: &[u8]) -> Memory {
        let mut program = Program(program);
        let choice = program.byte();
        let mut model = if choice & 0x80 == 0 { Self::whole() } else { Self::parted() };
        model.notation = NOTATIONS[usize::from(choice & 3)];
        let edits = program.below(8);
        for _ in 0..edits {
            if !model.parts.is_empty() && program.flag() {
                model.edit_parts(&mut program);
            } else {
                let at = program.below(model.segments.len());
                let Placed { segment, entries, .. } = &mut model.segments[at];
                edit_segment(segment, entries, &mut model.parts, &mut program);
            }
        }
        let files = model.encode_segments();
        if edits == 7 {
            // The root is gone.
            return Memory::of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())));
        }
        while !program.0.is_empty() {
            model.edit_tree(&mut program);
        }
        let root = (model.notation.file_name(), model.notation.root(&model.tree));
        Memory::of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).chain([root]))
    }

    /// Catalogue files with the datasets of the root, which then says nothing of them: one has all, the next changes one
    /// and says that another is gone, the root brings that back and changes the first once more.
    pub fn move_to_catalogue(&mut self) -> [Catalogue; 2] {
        let datasets = self.tree["datasets"].take();
        let store_id = self.tree["atlas"]["store_id"].as_str().expect("a store id");
        let store_id = u128::from_str_radix(store_id, 16).expect("a number").to_be_bytes();
        let json = matches!(self.notation, Notation::Json | Notation::JsonZst);
        let record = |value: &Value| match json {
            true => value.to_string().into_bytes(),
            false => {
                let mut bytes = Vec::new();
                msgpack(value, &mut bytes);
                bytes
            }
        };
        let entry = |name: &str, kind: u8, place: u64, value: &Value| CatalogueEntry {
            name: name.into(),
            kind,
            place,
            record: if kind == 2 { Vec::new() } else { record(value) },
            len: None,
        };
        let change = json!({"over": true, "attributes": datasets["january"].get("attributes").unwrap_or(&json!({}))});
        let mut names: Vec<&String> = datasets.as_object().expect("datasets").keys().collect();
        names.sort();
        let all = names.iter().zip(0..).map(|(name, place)| entry(name, 0, place, &datasets[name.as_str()]));
        let page = |entries| CataloguePage { entries, ..CataloguePage::default() };
        let first = Catalogue { store_id, pages: all.map(|entry| page(vec![entry])).collect(), ..Catalogue::default() };
        let later = vec![entry("february", 2, 0, &Value::Null), entry("january", 1, 1, &change)];
        let second = Catalogue { store_id, pages: vec![page(later)], ..Catalogue::default() };
        self.tree["datasets"] = json!({"february": datasets["february"], "january": change});
        [first, second]
    }

    /// The store's files with these catalogue files, of which the root is told.
    pub fn catalogued(&mut self, files: &[Catalogue]) -> Memory {
        let (mut stored, mut records) = (self.encode_segments(), Vec::new());
        for (file, number) in files.iter().zip(1..) {
            let (bytes, crc, entries) = file.encode();
            let name = format!("{number:08}-0123456789abcdef.cat");
            records.push(json!({"file": name, "length": bytes.len(), "directory_crc32c": crc, "entries": entries}));
            stored.push((format!("atlas.catalogue/{name}"), bytes));
        }
        let catalogue = &mut self.tree["atlas"]["catalogue"];
        if catalogue.is_null() {
            *catalogue = json!({"datasets": 3, "next_place": 3});
        }
        catalogue["files"] = records.into();
        stored.push((self.notation.file_name().into(), self.notation.root(&self.tree)));
        Memory::of(stored.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())))
    }

    /// The same with the edits of catalogue files, and of the root, that `program` stands for.
    pub fn edited_catalogue(program: &[u8]) -> Memory {
        let mut model = Self::whole();
        let mut program = Program(program);
        model.notation = NOTATIONS[program.below(2)];
        let mut files = model.move_to_catalogue();
        while program.flag() {
            let file = &mut files[program.below(2)];
            let at = program.below(file.pages.len());
            match program.below(12) {
                0 => file.count = Some(program.number()),
                1 => file.tail = program.bytes(16).to_vec(),
                2 => file.pages[at].count = Some(program.number()),
                3 => file.pages[at].first = Some(program.bytes(16).to_vec()),
                4 => file.pages[at].names = Some(frame(program.bytes(64))),
                5 => file.pages[at].records = Some(frame(program.bytes(64))),
                6 => {
                    let page = file.pages[at].clone();
                    file.pages.push(page);
                }
                _ => {
                    let entries = &mut file.pages[at].entries;
                    let place = program.below(entries.len());
                    let Some(entry) = entries.get_mut(place) else { continue };
                    match program.below(5) {
                        0 => entry.kind = program.byte(),
                        1 => entry.place = program.number(),
                        2 => entry.len = Some(program.number()),
                        3 => entry.name = program.bytes(16).to_vec(),
                        _ => program.damage(&mut entry.record),
                    }
                }
            }
        }
        model.tree["atlas"]["catalogue"] = match program.below(3) {
            0 => json!({"datasets": program.number(), "next_place": program.number()}),
            _ => json!({"datasets": 3, "next_place": 3}),
        };
        model.catalogued(&files)
    }

    fn edit_tree(&mut self, program: &mut Program<'_>) {
        let mut value = &mut self.tree;
        let depth = program.below(9);
        for _ in 0..depth {
            let size = value.as_array().map_or(value.as_object().map_or(0, Map::len), Vec::len);
            if size == 0 {
                break;
            }
            let at = program.below(size);
            value = match value {
                Value::Array(list) => &mut list[at],
                Value::Object(map) => match map.values_mut().nth(at) {
                    Some(inner) => inner,
                    None => return,
                },
                _ => return,
            };
        }
        match program.below(8) {
            0 => *value = json!(program.number()),
            1 => *value = json!(-(program.number() as i64 as i128) as i64),
            2 => *value = json!(f64::from_bits(program.number())),
            3 => {
                *value = json!(
                    ["", "..", "/etc/passwd", "a/b", ".", "t", "NaN", "0xffffffffffffffff", "i8", "string", "none"]
                        [program.below(11)]
                )
            }
            4 => {
                *value = match program.below(4) {
                    0 => Value::Null,
                    1 => json!([]),
                    2 => json!({}),
                    _ => json!(program.flag()),
                }
            }
            // More of what there is: another element or entry like one of those.
            5 => match value {
                Value::Array(list) if !list.is_empty() => list.push(list[program.below(list.len())].clone()),
                Value::Object(map) => {
                    let name = String::from_utf8_lossy(program.bytes(4)).into_owned();
                    if let Some(copy) = map.values().nth(program.below(map.len().max(1))).cloned() {
                        map.insert(name, copy);
                    }
                }
                _ => *value = json!([value.clone()]),
            },
            6 => match value {
                Value::Array(list) if !list.is_empty() => drop(list.remove(program.below(list.len()))),
                Value::Object(map) => {
                    if let Some(name) = map.keys().nth(program.below(map.len().max(1))).cloned() {
                        map.remove(&name);
                    }
                }
                Value::Number(number) => {
                    *value =
                        json!(number.as_u64().unwrap_or(0).wrapping_add(u64::from(program.byte())).wrapping_sub(2));
                }
                _ => {}
            },
            _ => *value = Value::String(String::from_utf8_lossy(program.bytes(32)).into_owned()),
        }
    }
}

/// Edits a segment, and blocks of it that lie in parts.
pub fn edit_segment(segment: &mut Segment, entries: &[Entry], parts: &mut [Part], program: &mut Program<'_>) {
    let has_parts = !entries.is_empty();
    let page_at = program.below(segment.pages.len().max(1));
    let kind = program.below(15);
    let Some(page) = segment.pages.get_mut(page_at) else { return };
    let row_at = program.below(page.rows.len().max(1));
    match kind {
        0..=3 => {
            let (field, value) = (program.below(12), program.number());
            let Some(row) = page.rows.get_mut(row_at) else { return };
            match field {
                0 => row.id = value,
                1 => row.chunk = value,
                2 => row.offset = value,
                3 => row.stored_len = value,
                4 => row.raw_len = value,
                5 => row.at = value,
                6 => row.len = value,
                7 => row.codec = value as u8,
                8 => row.shuffle = value as u8,
                9 => row.nulls = value >> 1,
                10 => row.pieces = value,
                _ => row.range = program.flag().then(|| (value, program.number())),
            }
            // Still the right checksum, if there is one.
            let blocks = match parts::part_of(row, entries, parts) {
                Some(part) => &mut part.segment.blocks,
                None => &mut segment.blocks,
            };
            let block = usize::try_from(row.offset.wrapping_sub(32)).ok();
            let stored = block.and_then(|at| blocks.get_mut(at..)?.get_mut(..usize::try_from(row.stored_len).ok()?));
            if let Some(stored) = stored {
                row.crc = seal(row, stored);
            }
        }
        4 if !page.rows.is_empty() => drop(page.rows.remove(row_at)),
        5 if !page.rows.is_empty() => {
            let mut copy = page.rows[row_at].clone();
            copy.chunk = copy.chunk.wrapping_add(program.number());
            let many = if program.flag() { program.below(256) as u64 } else { 1 };
            for _ in 0..many {
                page.rows.insert(row_at + 1, copy.clone());
            }
            for (step, row) in page.rows[row_at + 1..].iter_mut().take(many as usize).enumerate() {
                row.chunk = row.chunk.wrapping_add(step as u64);
            }
        }
        6 => match program.below(4) {
            0 => page.first = Some((program.number(), program.number())),
            1 => page.count = Some(program.number()),
            2 => page.len = Some(program.number()),
            _ => page.crc = Some(program.number() as u32),
        },
        7 => {
            let mut decoded = page.decoded(has_parts);
            program.damage(&mut decoded);
            page.stored = Some(crate::encode::frame(&decoded));
        }
        8 => {
            let mut stored = crate::encode::frame(&page.decoded(has_parts));
            program.damage(&mut stored);
            page.stored = Some(stored);
        }
        12 => {
            // Other definitions under a right checksum, decoded or as they are stored.
            if program.flag() {
                let mut raw = zstd::bulk::decompress(&segment.definitions, 1 << 20).unwrap_or_default();
                program.damage(&mut raw);
                segment.definitions = crate::encode::frame(&raw);
            } else {
                program.damage(&mut segment.definitions);
            }
        }
        13 => segment.definitions_claim = Some((program.number(), program.number() as u32)),
        9 => match program.below(6) {
            0 => segment.blocks_end = Some(program.number()),
            1 => segment.last = Some((program.number(), program.number())),
            2 => segment.count = Some(program.number()),
            3 => segment.directory_offset = Some(program.number()),
            4 => segment.directory_length = Some(program.number()),
            _ => segment.tail = program.bytes(16).to_vec(),
        },
        10 => {
            // Other content for a block, as it would be stored; all rows of it follow.
            let Some(old) = page.rows.get(row_at).cloned() else { return };
            let byte = program.byte();
            // Differences too, of elements that have them.
            let (codec, done) = (byte % 4, [0, 0x20, 0x40, 0][usize::from(byte / 4 % 4)]);
            let shuffle = done | [1, 2, 4, 8, 16][program.below(5)];
            let mut raw = vec![program.byte(); program.below(64)];
            program.damage(&mut raw);
            let new = match parts::part_of(&old, entries, parts) {
                Some(part) => part.segment.block(codec, shuffle, &raw),
                None => segment.block(codec, shuffle, &raw),
            };
            for row in segment.pages.iter_mut().flat_map(|page| &mut page.rows) {
                if (row.part, row.offset) == (old.part, old.offset) {
                    (row.offset, row.stored_len, row.crc) = (new.offset, new.stored_len, new.crc);
                    (row.codec, row.shuffle) = (codec, shuffle);
                }
            }
        }
        11 => {
            // Damaged stored bytes under a right checksum.
            let Some(row) = page.rows.get(row_at).cloned() else { return };
            let blocks = match parts::part_of(&row, entries, parts) {
                Some(part) => &mut part.segment.blocks,
                None => &mut segment.blocks,
            };
            let at = (row.offset.saturating_sub(32) as usize).min(blocks.len());
            let end = at.saturating_add(row.stored_len as usize).min(blocks.len());
            let mut stored = blocks[at..end].to_vec();
            program.damage(&mut stored);
            stored.resize(end - at, 0);
            let crc = seal(&row, &mut stored);
            blocks[at..end].copy_from_slice(&stored);
            for other in segment.pages.iter_mut().flat_map(|page| &mut page.rows) {
                if (other.part, other.offset) == (row.part, row.offset) {
                    other.crc = crc;
                }
            }
        }
        _ => program.damage(&mut segment.header),
    }
}

/// Bytes read as choices; an ended program chooses zeros.
pub struct Program<'p>(&'p [u8]);

impl<'p> Program<'p> {
    pub fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub fn bytes(&mut self, most: usize) -> &'p [u8] {
        let len = self.below(most + 1).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    /// A number of a kind that finds faults.
    pub fn number(&mut self) -> u64 {
        match self.byte() {
            kind @ 0..64 => u64::from(kind),
            kind @ 64..128 => 1 << (kind - 64),
            kind @ 128..192 => (1u64 << (kind - 128)).wrapping_sub(1),
            192..208 => u64::MAX - u64::from(self.byte()),
            208..224 => u64::from(self.byte()) << 8 | u64::from(self.byte()),
            _ => {
                let mut bytes = [0; 8];
                let given = self.bytes(8);
                bytes[..given.len()].copy_from_slice(given);
                u64::from_le_bytes(bytes)
            }
        }
    }

    /// Changes, cuts or lengthens bytes.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = usize::from(self.byte()) << 8 | usize::from(self.byte());
        let at = at % (bytes.len() + 1);
        let new = self.bytes(16);
        match self.below(3) {
            0 => bytes.truncate(at),
            1 => drop(bytes.splice(at..at, new.iter().copied())),
            _ => bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new),
        }
    }
}
