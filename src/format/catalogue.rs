//! A catalogue file: datasets sorted by name, in pages.
//!
//! A page is two zstd frames: the names, and what is said of each. All names lie together, so that they are listed
//! without the rest.

use super::segment::{FileKind, HEADER_LEN};
use super::varint::{Cursor, put};
use crate::base::error::{Result, bail, error};
use crate::base::names::stored_name;
use crate::codec;
use crate::memory::buffers;
use std::ops::Range;
use std::sync::Arc;

/// Catalogue files.
pub const CATALOGUE: FileKind = FileKind { name: "catalogue file", magic: b"ATLASCAT", version: 1 };

/// Bytes of what is said of the datasets of a page: it ends with the one that reaches them.
pub const PAGE_BYTES: usize = 32 << 10;
/// Datasets of a page, at most.
pub const PAGE_ENTRIES: usize = 4096;

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The whole dataset, whatever there was before.
    Whole,
    /// What is changed of a dataset that older files have.
    Over,
    /// That the dataset is gone.
    Gone,
}

impl Kind {
    fn of(byte: u8) -> Result<Self> {
        [Self::Whole, Self::Over, Self::Gone]
            .get(usize::from(byte))
            .copied()
            .ok_or_else(|| error!(Corrupt, "an entry of kind {byte}"))
    }
}

/// A dataset in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: Arc<str>,
    pub kind: Kind,
    /// Its place in the order of datasets; of one that is gone, 0.
    pub place: u64,
    /// Where in the page's records its own is.
    pub record: Range<usize>,
}

/// A stored frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub offset: u64,
    pub len: u32,
    /// CRC-32C of the stored bytes.
    pub crc: u32,
}

/// A page, as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its first dataset.
    pub first: Arc<str>,
    pub entries: u32,
    pub records: Frame,
    pub names: Frame,
}

/// Where the pages of a file are; they ascend by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    pub pages: Vec<Page>,
}

impl Directory {
    /// The page that has `name`, if any does.
    pub fn page_of(&self, name: &str) -> Option<usize> {
        self.pages.partition_point(|page| *page.first <= *name).checked_sub(1)
    }

    /// Datasets of all pages.
    pub fn entries(&self) -> u64 {
        self.pages.iter().map(|page| u64::from(page.entries)).sum()
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.pages.len() as u64);
        for page in &self.pages {
            put(&mut bytes, page.first.len() as u64);
            bytes.extend_from_slice(page.first.as_bytes());
            put(&mut bytes, u64::from(page.entries));
            for frame in [page.records, page.names] {
                put(&mut bytes, u64::from(frame.len));
                bytes.extend_from_slice(&frame.crc.to_le_bytes());
            }
        }
        bytes
    }

    /// The directory of a file in which it begins at `offset`.
    pub fn parse(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor(bytes);
        let count = cursor.varint()?;
        let mut pages: Vec<Page> = Vec::new();
        let mut end = HEADER_LEN as u64;
        for _ in 0..count {
            let len = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
            let first = text(cursor.slice(len)?)?;
            if pages.last().is_some_and(|last| last.first >= first) {
                bail!(Corrupt, "page {} does not follow the one before", pages.len());
            }
            let entries = cursor.varint32()?;
            if entries == 0 || entries as usize > PAGE_ENTRIES {
                bail!(Corrupt, "a page of {entries} datasets");
            }
            let mut frame = || -> Result<Frame> {
                Ok(Frame { offset: 0, len: cursor.varint32()?, crc: u32::from_le_bytes(cursor.bytes()?) })
            };
            let mut page = Page { first, entries, records: frame()?, names: frame()? };
            page.records.offset = end;
            // Each is below 2^32, and there are fewer than bytes.
            end += u64::from(page.records.len);
            buffers::push(&mut pages, page)?;
        }
        for page in &mut pages {
            page.names.offset = end;
            end += u64::from(page.names.len);
        }
        if !cursor.0.is_empty() || end != offset {
            bail!(Corrupt, "the pages end at {end}, the directory begins at {offset}");
        }
        Ok(Self { pages })
    }
}

/// The two frames of a page.
pub fn encode_page(entries: &[Entry], records: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut names = Vec::new();
    for Entry { name, kind, place, record } in entries {
        put(&mut names, name.len() as u64);
        names.extend_from_slice(name.as_bytes());
        names.push(*kind as u8);
        put(&mut names, *place);
        put(&mut names, record.len() as u64);
    }
    Ok((codec::to_frame(records)?, codec::to_frame(&names)?))
}

/// Decodes the stored names of a page.
pub fn decode_names(page: &Page, stored: &[u8]) -> Result<Vec<Entry>> {
    let raw = codec::from_page_frame(stored)?;
    let mut cursor = Cursor(&raw);
    let mut entries: Vec<Entry> = Vec::new();
    buffers::reserve(&mut entries, page.entries as usize)?;
    let mut end = 0usize;
    for _ in 0..page.entries {
        let len = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
        let name = text(cursor.slice(len)?)?;
        let (kind, place) = (Kind::of(cursor.byte()?)?, cursor.varint()?);
        let start = end;
        end = (usize::try_from(cursor.varint()?).ok().and_then(|len| end.checked_add(len)))
            .ok_or_else(|| error!(Corrupt, "dataset '{name}' has a record beyond all bounds"))?;
        match entries.last() {
            Some(last) if last.name >= name => bail!(Corrupt, "dataset '{name}' stands behind '{}'", last.name),
            None if name != page.first => bail!(Corrupt, "a page begins with '{name}', not with '{}'", page.first),
            _ => entries.push(Entry { name, kind, place, record: start..end }),
        }
    }
    if !cursor.0.is_empty() {
        bail!(Corrupt, "{} bytes behind the names of a page", cursor.0.len());
    }
    Ok(entries)
}

/// Decodes the stored records of a page.
pub fn decode_records(stored: &[u8]) -> Result<Vec<u8>> {
    codec::from_page_frame(stored)
}

fn text(bytes: &[u8]) -> Result<Arc<str>> {
    let text = std::str::from_utf8(bytes).map_err(|error| error!(Corrupt, "a name that is not UTF-8: {error}"))?;
    stored_name("dataset", text)?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_directories_round_trip() {
        let entries = [
            Entry { name: "a".into(), kind: Kind::Whole, place: 7, record: 0..2 },
            Entry { name: "b".into(), kind: Kind::Over, place: 1 << 40, record: 2..5 },
            Entry { name: "c".into(), kind: Kind::Gone, place: 0, record: 5..5 },
        ];
        let (records, names) = encode_page(&entries, b"{}abc").expect("encodes");
        let frame = |bytes: &[u8], offset| Frame { offset, len: bytes.len() as u32, crc: crc32c::crc32c(bytes) };
        let start = HEADER_LEN as u64;
        let page = Page {
            first: "a".into(),
            entries: 3,
            records: frame(&records, start),
            names: frame(&names, start + records.len() as u64),
        };
        let end = start + (records.len() + names.len()) as u64;
        assert_eq!(decode_names(&page, &names).expect("decodes"), entries);
        assert_eq!(decode_records(&records).expect("decodes"), b"{}abc");
        let directory = Directory { pages: vec![page.clone()] };
        let bytes = directory.to_bytes();
        assert_eq!(Directory::parse(&bytes, end).expect("parses"), directory);
        assert!(Directory::parse(&bytes, end + 1).is_err());
        for len in 0..bytes.len() {
            assert!(Directory::parse(&bytes[..len], end).is_err(), "{len} of {} bytes", bytes.len());
        }
        assert_eq!((directory.page_of("A"), directory.page_of("a"), directory.page_of("zz")), (None, Some(0), Some(0)));
        // Names out of order, and another first one.
        let (_, turned) = encode_page(&[entries[1].clone(), entries[0].clone()], b"").expect("encodes");
        assert!(decode_names(&Page { first: "b".into(), entries: 2, ..page.clone() }, &turned).is_err());
        assert!(decode_names(&Page { first: "0".into(), ..page }, &names).is_err());
    }
}
