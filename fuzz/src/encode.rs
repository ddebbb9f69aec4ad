//! Files of a store, written from `docs/format.md` alone, and as wrong as a caller wants them.

use serde_json::Value;

/// The notation of a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Json,
    MsgPack,
    JsonZst,
    MsgPackZst,
}

pub const NOTATIONS: [Notation; 4] = [Notation::Json, Notation::MsgPack, Notation::JsonZst, Notation::MsgPackZst];

impl Notation {
    pub fn file_name(self) -> &'static str {
        match self {
            Notation::Json => "atlas.json",
            Notation::MsgPack => "atlas.msgpack",
            Notation::JsonZst => "atlas.json.zst",
            Notation::MsgPackZst => "atlas.msgpack.zst",
        }
    }

    /// The root of a tree `{"atlas": .., "datasets": {..}}`.
    pub fn root(self, tree: &Value) -> Vec<u8> {
        match self {
            Notation::Json => seal_json(json_body(tree)),
            Notation::MsgPack => seal_msgpack(msgpack_body(tree)),
            Notation::JsonZst => seal_zstd(frame(&seal_json(json_body(tree)))),
            Notation::MsgPackZst => seal_zstd(frame(&seal_msgpack(msgpack_body(tree)))),
        }
    }

    /// The root of this body, which is all before the innermost trailer.
    pub fn seal(self, body: Vec<u8>) -> Vec<u8> {
        match self {
            Notation::Json => seal_json(body),
            Notation::MsgPack => seal_msgpack(body),
            Notation::JsonZst => seal_zstd(frame(&seal_json(body))),
            Notation::MsgPackZst => seal_zstd(frame(&seal_msgpack(body))),
        }
    }
}

pub fn seal_json(mut body: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c(&body);
    body.extend_from_slice(format!(",\"checksum\":\"crc32c:{crc:08x}\"}}\n").as_bytes());
    body
}

pub fn seal_msgpack(mut body: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c(&body);
    body.extend_from_slice(b"\xa8checksum\xce");
    body.extend_from_slice(&crc.to_be_bytes());
    body
}

pub fn seal_zstd(mut frame: Vec<u8>) -> Vec<u8> {
    let crc = crc32c::crc32c(&frame);
    frame.extend_from_slice(&[0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0]);
    frame.extend_from_slice(&crc.to_le_bytes());
    frame
}

/// One zstd frame with content size, and a checksum, which it may have.
pub fn frame(bytes: &[u8]) -> Vec<u8> {
    thread_local! {
        static COMPRESSOR: std::cell::RefCell<zstd::bulk::Compressor<'static>> = {
            let mut compressor = zstd::bulk::Compressor::new(1).expect("memory");
            compressor.include_checksum(true).expect("zstd has checksums");
            std::cell::RefCell::new(compressor)
        };
    }
    COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(bytes).expect("memory"))
}

fn json_body(tree: &Value) -> Vec<u8> {
    format!("{{\"atlas\":{},\n\"datasets\":{}", tree["atlas"], tree["datasets"]).into_bytes()
}

fn msgpack_body(tree: &Value) -> Vec<u8> {
    let mut out = vec![0x83];
    msgpack_text("atlas", &mut out);
    msgpack(&tree["atlas"], &mut out);
    msgpack_text("datasets", &mut out);
    match &tree["datasets"] {
        Value::Object(datasets) => {
            msgpack_head(0xde, datasets.len(), &mut out);
            for (name, dataset) in datasets {
                let mut bytes = Vec::new();
                msgpack(dataset, &mut bytes);
                msgpack_text(name, &mut out);
                out.push(0xc6);
                out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
                out.extend_from_slice(&bytes);
            }
        }
        other => msgpack(other, &mut out),
    }
    out
}

/// `low` is the marker of a 16-bit length; that of a 32-bit one is the next.
fn msgpack_head(low: u8, len: usize, out: &mut Vec<u8>) {
    match u16::try_from(len) {
        Ok(len) => {
            out.push(low);
            out.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => {
            out.push(low + 1);
            out.extend_from_slice(&(len as u32).to_be_bytes());
        }
    }
}

fn msgpack_text(text: &str, out: &mut Vec<u8>) {
    msgpack_head(0xda, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

pub fn msgpack(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(0xc2 + u8::from(*value)),
        Value::Number(number) => {
            if let Some(value) = number.as_u64() {
                out.push(0xcf);
                out.extend_from_slice(&value.to_be_bytes());
            } else if let Some(value) = number.as_i64() {
                out.push(0xd3);
                out.extend_from_slice(&value.to_be_bytes());
            } else {
                out.push(0xcb);
                out.extend_from_slice(&number.as_f64().unwrap_or(f64::NAN).to_be_bytes());
            }
        }
        Value::String(text) => msgpack_text(text, out),
        Value::Array(list) => {
            msgpack_head(0xdc, list.len(), out);
            list.iter().for_each(|value| msgpack(value, out));
        }
        Value::Object(map) => {
            msgpack_head(0xde, map.len(), out);
            for (key, value) in map {
                msgpack_text(key, out);
                msgpack(value, out);
            }
        }
    }
}

pub fn uvarint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn svarint(value: i64, out: &mut Vec<u8>) {
    uvarint((value << 1 ^ value >> 63) as u64, out);
}

/// A row of an index page.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub id: u64,
    pub chunk: u64,
    /// The part that has the block, from 1 on; 0 for the segment itself.
    pub part: u64,
    pub offset: u64,
    pub stored_len: u64,
    pub raw_len: u64,
    pub at: u64,
    pub len: u64,
    pub codec: u8,
    pub shuffle: u8,
    /// How many pieces the block is in; only where 128 is added to the codec.
    pub pieces: u64,
    pub crc: u32,
    pub nulls: u64,
    pub range: Option<(u64, u64)>,
}

/// An index page. What is `Some` stands in place of what would be right.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub rows: Vec<Row>,
    pub first: Option<(u64, u64)>,
    pub count: Option<u64>,
    pub stored: Option<Vec<u8>>,
    pub len: Option<u64>,
    pub crc: Option<u32>,
}

impl Page {
    /// The columns, with that of the parts where a segment has some. Numbers that a column cannot hold wrap.
    pub fn decoded(&self, has_parts: bool) -> Vec<u8> {
        let (rows, mut out) = (&self.rows, Vec::new());
        let (mut id, mut chunk) = (0u64, 0u64);
        for row in rows {
            let step = row.id.wrapping_sub(id);
            uvarint(step, &mut out);
            uvarint(if step == 0 { row.chunk.wrapping_sub(chunk) } else { row.chunk }, &mut out);
            (id, chunk) = (row.id, row.chunk);
        }
        rows.iter().filter(|_| has_parts).for_each(|row| uvarint(row.part, &mut out));
        let mut end = 0u64;
        for row in rows {
            svarint(row.offset.wrapping_sub(end) as i64, &mut out);
            uvarint(row.stored_len, &mut out);
            end = row.offset.wrapping_add(row.stored_len);
        }
        let mut before: Option<&Row> = None;
        for row in rows {
            let same = before.filter(|before| (before.part, before.offset) == (row.part, row.offset));
            let behind = same.map_or(0, |before| before.at.wrapping_add(before.len));
            uvarint(row.raw_len, &mut out);
            svarint(row.at.wrapping_sub(behind) as i64, &mut out);
            uvarint(row.len, &mut out);
            before = Some(row);
        }
        rows.iter().for_each(|row| out.extend_from_slice(&[row.codec, row.shuffle]));
        rows.iter().filter(|row| row.codec & 128 != 0).for_each(|row| uvarint(row.pieces, &mut out));
        rows.iter().for_each(|row| out.extend_from_slice(&row.crc.to_le_bytes()));
        rows.iter().for_each(|row| uvarint(row.nulls << 1 | u64::from(row.range.is_some()), &mut out));
        let ranges = || rows.iter().filter_map(|row| row.range);
        ranges().for_each(|(low, _)| out.extend_from_slice(&low.to_le_bytes()));
        ranges().for_each(|(_, high)| out.extend_from_slice(&high.to_le_bytes()));
        out
    }
}

/// A segment. What is `Some` stands in place of what would be right.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    pub header: Vec<u8>,
    /// Stored bytes of the blocks, one behind the other.
    pub blocks: Vec<u8>,
    pub pages: Vec<Page>,
    pub blocks_end: Option<u64>,
    pub last: Option<(u64, u64)>,
    pub count: Option<u64>,
    pub directory_offset: Option<u64>,
    pub directory_length: Option<u64>,
    /// Stored bytes of the definitions.
    pub definitions: Vec<u8>,
    /// Their length and checksum in the directory.
    pub definitions_claim: Option<(u64, u32)>,
    /// Stored bytes of the list of parts; none where there is no list.
    pub parts: Option<Vec<u8>>,
    /// Their length and checksum in the directory.
    pub parts_claim: Option<(u64, u32)>,
    /// Bytes at the end of the directory.
    pub tail: Vec<u8>,
}

/// A segment's bytes, and what the root has to say of it.
#[derive(Clone)]
pub struct Encoded {
    pub bytes: Vec<u8>,
    pub directory_crc: u32,
    pub ids: (u64, u64),
}

impl Segment {
    pub fn new(store_id: [u8; 16]) -> Self {
        let header = [b"ATLASSEG", &1u32.to_le_bytes()[..], &[0; 4], &store_id].concat();
        Self { header, ..Self::default() }
    }

    /// Adds a block; the row of a chunk that is all of it, under id and chunk 0.
    pub fn block(&mut self, codec: u8, shuffle: u8, raw: &[u8]) -> Row {
        let stored = stored(codec, shuffle, raw);
        self.stored_block(codec, shuffle, raw.len() as u64, &stored)
    }

    /// Adds a block of these stored bytes.
    pub fn stored_block(&mut self, codec: u8, shuffle: u8, raw_len: u64, stored: &[u8]) -> Row {
        let offset = 32 + self.blocks.len() as u64;
        self.blocks.extend_from_slice(stored);
        let (stored_len, crc) = (stored.len() as u64, crc32c::crc32c(stored));
        Row { offset, stored_len, raw_len, len: raw_len, codec, shuffle, crc, ..Row::default() }
    }

    /// Adds a block in so many pieces of equal length; the row of a chunk that is all of it, under id and chunk 0.
    pub fn block_in_pieces(&mut self, codec: u8, shuffle: u8, raw: &[u8], pieces: usize) -> Row {
        let (mut block, mut index) = (Vec::new(), Vec::new());
        for piece in raw.chunks(raw.len() / pieces) {
            let stream = stored(codec, shuffle, piece);
            index.extend_from_slice(&(block.len() as u64).to_le_bytes());
            index.extend_from_slice(&(stream.len() as u64 + 4).to_le_bytes());
            block.extend_from_slice(&stream);
            block.extend_from_slice(&crc32c::crc32c(&stream).to_le_bytes());
        }
        let crc = crc32c::crc32c(&index);
        block.extend_from_slice(&index);
        block.extend_from_slice(&crc.to_le_bytes());
        let row = self.stored_block(codec | 128, shuffle, raw.len() as u64, &block);
        Row { pieces: pieces as u64, crc, ..row }
    }

    pub fn encode(&self) -> Encoded {
        let mut bytes = self.header.clone();
        bytes.extend_from_slice(&self.blocks);
        let mut directory = Vec::new();
        uvarint(self.blocks_end.unwrap_or(bytes.len() as u64), &mut directory);
        let key = |row: &Row| (row.id, row.chunk);
        let last = self.pages.last().and_then(|page| page.rows.last()).map_or((0, 0), key);
        let last = self.last.unwrap_or(last);
        uvarint(last.0, &mut directory);
        uvarint(last.1, &mut directory);
        uvarint(self.count.unwrap_or(self.pages.len() as u64), &mut directory);
        let mut before = 0;
        let mut low = None;
        for page in &self.pages {
            let stored = page.stored.clone().unwrap_or_else(|| frame(&page.decoded(self.parts.is_some())));
            let first = page.first.unwrap_or(page.rows.first().map_or((0, 0), key));
            low = low.or(Some(first.0));
            uvarint(first.0.wrapping_sub(before), &mut directory);
            before = first.0;
            uvarint(first.1, &mut directory);
            uvarint(page.count.unwrap_or(page.rows.len() as u64), &mut directory);
            uvarint(page.len.unwrap_or(stored.len() as u64), &mut directory);
            directory.extend_from_slice(&page.crc.unwrap_or(crc32c::crc32c(&stored)).to_le_bytes());
            bytes.extend_from_slice(&stored);
        }
        let mut behind_pages = |stored: &[u8], claim: Option<(u64, u32)>| {
            let (length, crc) = claim.unwrap_or((stored.len() as u64, crc32c::crc32c(stored)));
            uvarint(length, &mut directory);
            directory.extend_from_slice(&crc.to_le_bytes());
            bytes.extend_from_slice(stored);
        };
        behind_pages(&self.definitions, self.definitions_claim);
        if let Some(parts) = &self.parts {
            behind_pages(parts, self.parts_claim);
        }
        directory.extend_from_slice(&self.tail);
        let directory_crc = crc32c::crc32c(&directory);
        let mut trailer = self.directory_offset.unwrap_or(bytes.len() as u64).to_le_bytes().to_vec();
        trailer.extend_from_slice(&self.directory_length.unwrap_or(directory.len() as u64).to_le_bytes());
        trailer.extend_from_slice(&directory_crc.to_le_bytes());
        trailer.extend_from_slice(&crc32c::crc32c(&trailer).to_le_bytes());
        trailer.extend_from_slice(b"ATLASEND");
        bytes.extend_from_slice(&directory);
        bytes.extend_from_slice(&trailer);
        Encoded { bytes, directory_crc, ids: low.map_or((0, 0), |low| (low, last.0)) }
    }
}

/// An entry of a catalogue file. What is `Some` stands in place of what would be right.
#[derive(Clone, Debug, Default)]
pub struct CatalogueEntry {
    pub name: Vec<u8>,
    pub kind: u8,
    pub place: u64,
    pub record: Vec<u8>,
    pub len: Option<u64>,
}

/// A page of a catalogue file.
#[derive(Clone, Debug, Default)]
pub struct CataloguePage {
    pub entries: Vec<CatalogueEntry>,
    pub first: Option<Vec<u8>>,
    pub count: Option<u64>,
    /// Stored bytes.
    pub records: Option<Vec<u8>>,
    pub names: Option<Vec<u8>>,
}

/// A catalogue file.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub store_id: [u8; 16],
    pub pages: Vec<CataloguePage>,
    pub count: Option<u64>,
    /// Bytes at the end of the directory.
    pub tail: Vec<u8>,
}

impl Catalogue {
    /// The file's bytes, the checksum of its directory, and its entries.
    pub fn encode(&self) -> (Vec<u8>, u32, u64) {
        let mut bytes = [b"ATLASCAT", &1u32.to_le_bytes()[..], &[0; 4], &self.store_id].concat();
        let (mut directory, mut all_names, mut entries) = (Vec::new(), Vec::new(), 0u64);
        uvarint(self.count.unwrap_or(self.pages.len() as u64), &mut directory);
        for page in &self.pages {
            let (mut names, mut records) = (Vec::new(), Vec::new());
            for entry in &page.entries {
                uvarint(entry.name.len() as u64, &mut names);
                names.extend_from_slice(&entry.name);
                names.push(entry.kind);
                uvarint(entry.place, &mut names);
                uvarint(entry.len.unwrap_or(entry.record.len() as u64), &mut names);
                records.extend_from_slice(&entry.record);
            }
            let records = page.records.clone().unwrap_or_else(|| frame(&records));
            let names = page.names.clone().unwrap_or_else(|| frame(&names));
            let first = page.entries.first().map_or(&[][..], |entry| &entry.name);
            let first = page.first.as_deref().unwrap_or(first);
            let count = page.count.unwrap_or(page.entries.len() as u64);
            entries = entries.wrapping_add(count);
            uvarint(first.len() as u64, &mut directory);
            directory.extend_from_slice(first);
            uvarint(count, &mut directory);
            for stored in [&records, &names] {
                uvarint(stored.len() as u64, &mut directory);
                directory.extend_from_slice(&crc32c::crc32c(stored).to_le_bytes());
            }
            bytes.extend_from_slice(&records);
            all_names.extend_from_slice(&names);
        }
        directory.extend_from_slice(&self.tail);
        bytes.extend_from_slice(&all_names);
        let crc = crc32c::crc32c(&directory);
        let mut trailer = (bytes.len() as u64).to_le_bytes().to_vec();
        trailer.extend_from_slice(&(directory.len() as u64).to_le_bytes());
        trailer.extend_from_slice(&crc.to_le_bytes());
        trailer.extend_from_slice(&crc32c::crc32c(&trailer).to_le_bytes());
        trailer.extend_from_slice(b"ATLASEND");
        bytes.extend_from_slice(&directory);
        bytes.extend_from_slice(&trailer);
        (bytes, crc, entries)
    }
}

/// What stands in front of the only segment of a bundle.
pub fn bundle_front(store_id: &[u8], segment_len: usize) -> Vec<u8> {
    [b"ATLASBDL", &1u32.to_le_bytes()[..], &[0; 4], store_id, &(segment_len as u64).to_le_bytes()].concat()
}

/// The stored bytes of a segment's definitions, or of its list of parts.
pub fn msgpack_frame(value: &Value) -> Vec<u8> {
    let mut raw = Vec::new();
    msgpack(value, &mut raw);
    frame(&raw)
}

/// The stored bytes of a block, whose elements are as that byte of a row says. Of lz4 this writes literals only, which are an LZ4 block like any.
pub fn stored(codec: u8, shuffle: u8, raw: &[u8]) -> Vec<u8> {
    let (done, item) = (shuffle >> 5, usize::from(shuffle & 0x1f).max(1));
    let mut raw = raw.to_vec();
    if done == 1 || done == 2 {
        for at in (item..raw.len() / item * item).step_by(item).rev() {
            let integer = |at: usize| {
                let mut wide = [0; 8];
                wide[..item.min(8)].copy_from_slice(&raw[at..at + item.min(8)]);
                u64::from_le_bytes(wide)
            };
            let difference = integer(at).wrapping_sub(integer(at - item)).to_le_bytes();
            raw[at..at + item.min(8)].copy_from_slice(&difference[..item.min(8)]);
        }
    }
    let k = if done == 2 { 1 } else { item };
    let n = raw.len() / k;
    let mut planes = raw.clone();
    for (at, byte) in raw[..n * k].iter().enumerate() {
        planes[at % k * n + at / k] = *byte;
    }
    match codec {
        1 => frame(&planes),
        2 => {
            let mut out = (planes.len() as u32).to_le_bytes().to_vec();
            if planes.len() < 15 {
                out.push((planes.len() as u8) << 4);
            } else {
                out.push(0xf0);
                let mut rest = planes.len() - 15;
                while rest >= 255 {
                    out.push(255);
                    rest -= 255;
                }
                out.push(rest as u8);
            }
            out.extend_from_slice(&planes);
            out
        }
        _ => planes,
    }
}

/// A chunk of texts.
pub fn texts(texts: &[&str]) -> Vec<u8> {
    let mut out = (texts.len() as u32).to_le_bytes().to_vec();
    for text in texts {
        out.extend_from_slice(&(text.len() as u32).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}
