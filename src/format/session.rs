//! What the handles of a session tell each other: tickets, from the one that commits to those that write beside it, and
//! what these have written, back. Neither is part of a store.

use super::parts::{self, PartRecord};
use super::root::{Attributes, SchemaRecord};
use super::segment::{self as layout, PAGE_ROWS, PageRef, Row};
use crate::base::error::{Result, bail, error};
use crate::codec;
use crate::memory::buffers;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const TICKET: Message = Message { name: "a ticket", magic: b"ATLASTKT" };
const EXPORT: Message = Message { name: "an export", magic: b"ATLASEXP" };
const VERSION: u32 = 1;
/// How many workers a session is told of, at most: those from whom nothing came are listed.
pub const MOST_WORKERS: u32 = 1 << 24;
/// Before what a message says: its first bytes, its version, and the CRC-32C of the rest.
const PRELUDE: usize = 16;

struct Message {
    name: &'static str,
    magic: &'static [u8; 8],
}

impl Message {
    fn to_bytes<T: Serialize>(&self, content: &T) -> Result<Vec<u8>> {
        let raw = rmp_serde::to_vec_named(content).map_err(|error| error!(Internal, "serialising: {error}"))?;
        let frame = codec::to_frame(&raw)?;
        let mut bytes = Vec::new();
        buffers::reserve(&mut bytes, PRELUDE + frame.len())?;
        bytes.extend_from_slice(self.magic);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(&frame).to_le_bytes());
        bytes.extend_from_slice(&frame);
        Ok(bytes)
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        let Self { name, magic } = self;
        let (Some(&prelude), len) = (bytes.first_chunk::<PRELUDE>(), bytes.len()) else {
            bail!(InvalidArgument, "not {name}: {} bytes are too few", bytes.len());
        };
        let number = |at: usize| u32::from_le_bytes([prelude[at], prelude[at + 1], prelude[at + 2], prelude[at + 3]]);
        if prelude[..8] != magic[..] {
            bail!(InvalidArgument, "not {name}: its first bytes are not '{}'", String::from_utf8_lossy(*magic));
        }
        if number(8) != VERSION {
            bail!(Unsupported, "{name} of version {}: this library knows {VERSION}", number(8));
        }
        let frame = &bytes[PRELUDE..];
        if number(12) != crc32c::crc32c(frame) {
            bail!(Corrupt, "{name} of {len} bytes is damaged: its checksum does not match");
        }
        let raw = codec::from_frame(frame).map_err(|error| error.context(name))?;
        rmp_serde::from_slice(&raw).map_err(|error| error!(Corrupt, "{name}: {error}"))
    }
}

/// What a worker is told of the store.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ticket {
    pub session: u64,
    /// How many workers there will be; 0 where that is not said.
    pub workers: u32,
    /// The store's folder, as the one that commits sees it.
    pub path: String,
    /// Whether what is written is made durable.
    pub sync: bool,
    /// A root in MessagePack, of the datasets that workers are told of.
    #[serde(with = "serde_bytes")]
    pub root: Vec<u8>,
}

impl Ticket {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        TICKET.to_bytes(self)
    }

    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let ticket: Self = TICKET.parse(bytes)?;
        if ticket.workers > MOST_WORKERS {
            bail!(Corrupt, "a ticket of {} workers", ticket.workers);
        }
        Ok(ticket)
    }
}

/// What a worker has written since its last export.
#[derive(Debug, Serialize, Deserialize)]
pub struct Export {
    pub session: u64,
    pub store_id: String,
    pub worker: u32,
    /// Of the handle: a worker that is run again has another.
    pub handle: u32,
    /// Counts the exports of the handle, from 1 on.
    pub epoch: u32,
    /// Whether the files are durable.
    pub durable: bool,
    pub schemas: Vec<SchemaRecord>,
    /// The store's own.
    pub attributes: AttributeChanges,
    /// Those that changed, in the order in which they were made.
    pub datasets: Vec<DatasetExport>,
    /// What is stored, by array name.
    pub files: Vec<FileExport>,
}

/// Attributes that were set or removed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct AttributeChanges {
    pub set: Attributes,
    pub removed: Vec<Arc<str>>,
}

impl AttributeChanges {
    /// What makes `after` of `before`.
    pub fn between(before: &Attributes, after: &Attributes) -> Self {
        let mut set = Attributes::default();
        for (name, value) in after.iter().filter(|(name, value)| before.get(name).as_ref() != Some(value)) {
            set.insert(name, value.into_owned());
        }
        let removed = before.names().filter(|name| !after.contains(name)).map(Arc::from).collect();
        Self { set, removed }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct DatasetExport {
    pub name: Arc<str>,
    pub created: bool,
    pub attributes: AttributeChanges,
    pub arrays: Vec<ArrayExport>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct ArrayExport {
    pub name: Arc<str>,
    pub id: u64,
    pub created: bool,
    /// Its place in the schemas of the export.
    pub schema: u32,
    pub shape: Vec<u64>,
    /// What dimension 0 was before.
    pub length_before: u64,
    /// Whether its dimension 0 grew by an append.
    pub appended: bool,
    pub attributes: AttributeChanges,
}

/// What is stored under an array name.
#[derive(Debug, Serialize, Deserialize)]
pub struct FileExport {
    pub array: Arc<str>,
    /// In the order of their names.
    pub parts: Vec<PartRecord>,
    pages: Vec<PageExport>,
    /// The rows of which not all cells count, by their numbers, with the runs of those that do.
    pub partial: Vec<(u32, Vec<(u32, u32)>)>,
}

/// Rows as an index page has them.
#[derive(Debug, Serialize, Deserialize)]
struct PageExport {
    rows: u32,
    first: (u64, u64),
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

impl FileExport {
    /// Of rows in order, each of a part.
    pub fn new(
        array: Arc<str>,
        parts: Vec<PartRecord>,
        rows: &[Row],
        partial: Vec<(u32, Vec<(u32, u32)>)>,
    ) -> Result<Self> {
        let page = |rows: &[Row]| {
            let (count, first) = (rows.len() as u32, rows.first().map_or((0, 0), Row::key));
            Ok(PageExport { rows: count, first, bytes: layout::page_to_bytes(rows, true)? })
        };
        let pages = rows.chunks(PAGE_ROWS).map(page).collect::<Result<_>>()?;
        Ok(Self { array, parts, pages, partial })
    }

    /// The rows, checked: each is of a part.
    pub fn rows(&self) -> Result<Vec<Row>> {
        parts::check(&self.parts)?;
        let ends: Vec<u64> = self.parts.iter().map(|part| part.blocks_end).collect();
        let mut rows: Vec<Row> = Vec::new();
        for PageExport { rows: count, first, bytes } in &self.pages {
            if *count == 0 || *count as usize > PAGE_ROWS {
                bail!(Corrupt, "a page of {count} rows");
            }
            let page = PageRef { first: *first, rows: *count, offset: 0, len: 0, crc: 0 };
            let more = layout::page_from_bytes(bytes, &page, 0, &ends)?;
            if rows.last().zip(more.first()).is_some_and(|(last, first)| last.key() >= first.key()) {
                bail!(Corrupt, "the rows are out of order");
            }
            buffers::extend(&mut rows, &more)?;
        }
        if let Some(row) = rows.iter().find(|row| row.part == 0) {
            bail!(Corrupt, "chunk {} of array id {} is in no part", row.chunk, row.array_id);
        }
        // Which page has them, who commits decides anew.
        layout::check_blocks(&rows)?;
        Ok(rows)
    }
}

impl Export {
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        EXPORT.to_bytes(self)
    }

    pub fn parse(bytes: &[u8]) -> Result<Self> {
        EXPORT.parse(bytes)
    }
}
