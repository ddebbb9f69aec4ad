//! A catalogue file: datasets sorted by name, in pages.
//!
//! A page is two zstd frames: the names, and what is said of each. All names lie together, so that they are listed
//! without the rest.

use super::segment::{FileKind, HEADER_LEN};
use super::varint::{Cursor, put};
use crate::base::error::{Result, bail, error};
use crate::base::names::NameList;
use crate::codec;
use crate::memory::buffers;
use std::ops::Range;

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

/// What a page says of a dataset, beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// Its place in the order of datasets; of one that is gone, 0.
    pub place: u64,
    /// Where in the page's records its own begins.
    pub start: usize,
}

/// The datasets of a page; they ascend by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    pub names: NameList,
    list: Vec<Entry>,
    /// Bytes of all records.
    pub records_len: usize,
}

impl Entries {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn as_slice(&self) -> &[Entry] {
        &self.list
    }

    /// Where in the page's records the one of a dataset is.
    pub fn record(&self, index: usize) -> Range<usize> {
        let end = self.list.get(index + 1).map_or(self.records_len, |next| next.start);
        self.list[index].start..end
    }

    /// Adds a dataset, whose name is behind those that are there, and whose record has `record_len` bytes.
    pub fn push(&mut self, name: &str, kind: Kind, place: u64, record_len: usize) -> Result<()> {
        self.names.push(name)?;
        buffers::push(&mut self.list, Entry { kind, place, start: self.records_len })?;
        self.records_len += record_len;
        Ok(())
    }

    /// Bytes that it takes, about.
    pub fn weight(&self) -> usize {
        self.names.weight() + size_of_val(&self.list[..])
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub entries: u32,
    pub records: Frame,
    pub names: Frame,
}

/// Where the pages of a file are; they ascend by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    pub pages: Vec<Page>,
    /// The name of the first dataset of each.
    pub firsts: NameList,
}

impl Directory {
    /// The page that has `name`, if any does.
    pub fn page_of(&self, name: &str) -> Option<usize> {
        self.firsts.up_to(name).checked_sub(1)
    }

    /// Datasets of all pages.
    pub fn entries(&self) -> u64 {
        self.pages.iter().map(|page| u64::from(page.entries)).sum()
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.pages.len() as u64);
        for (page, first) in self.pages.iter().zip(self.firsts.iter()) {
            put(&mut bytes, first.len() as u64);
            bytes.extend_from_slice(first.as_bytes());
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
        let mut firsts = Ascending::default();
        let mut end = HEADER_LEN as u64;
        for _ in 0..count {
            if !firsts.add(&mut cursor)? {
                bail!(Corrupt, "page {} does not follow the one before", pages.len());
            }
            let entries = cursor.varint32()?;
            if entries == 0 || entries as usize > PAGE_ENTRIES {
                bail!(Corrupt, "a page of {entries} datasets");
            }
            let mut frame = || -> Result<Frame> {
                Ok(Frame { offset: 0, len: cursor.varint32()?, crc: u32::from_le_bytes(cursor.bytes()?) })
            };
            let mut page = Page { entries, records: frame()?, names: frame()? };
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
        Ok(Self { pages, firsts: firsts.finish()? })
    }
}

/// Stored names, read one after the other.
#[derive(Default)]
struct Ascending {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Where the last one begins.
    last: usize,
}

impl Ascending {
    /// Adds the next name; whether it is behind the last.
    fn add(&mut self, cursor: &mut Cursor<'_>) -> Result<bool> {
        let len = usize::try_from(cursor.varint()?).unwrap_or(usize::MAX);
        let name = cursor.slice(len)?;
        if self.ends.last().is_some_and(|&end| self.bytes[self.last..end] >= *name) {
            return Ok(false);
        }
        self.last = self.bytes.len();
        buffers::extend(&mut self.bytes, name)?;
        buffers::push(&mut self.ends, self.bytes.len())?;
        buffers::push(&mut self.bytes, 0)?;
        Ok(true)
    }

    /// All of them, checked.
    fn finish(self) -> Result<NameList> {
        NameList::stored("dataset", self.bytes, self.ends)
    }
}

/// The two frames of a page.
pub fn encode_page(entries: &Entries, records: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut names = Vec::new();
    for (index, (name, entry)) in entries.names.iter().zip(&entries.list).enumerate() {
        put(&mut names, name.len() as u64);
        names.extend_from_slice(name.as_bytes());
        names.push(entry.kind as u8);
        put(&mut names, entry.place);
        put(&mut names, entries.record(index).len() as u64);
    }
    Ok((codec::to_frame(records)?, codec::to_frame(&names)?))
}

/// Decodes the stored names of a page, the first of which the directory says to be `first`.
pub fn decode_names(page: &Page, first: &str, stored: &[u8]) -> Result<Entries> {
    let raw = codec::from_page_frame(stored)?;
    let mut cursor = Cursor(&raw);
    let mut names = Ascending::default();
    let (mut list, mut end) = (Vec::new(), 0usize);
    buffers::reserve(&mut list, page.entries as usize)?;
    for index in 0..page.entries {
        if !names.add(&mut cursor)? {
            bail!(Corrupt, "dataset {index} of a page stands behind a later one");
        }
        let (kind, place) = (Kind::of(cursor.byte()?)?, cursor.varint()?);
        list.push(Entry { kind, place, start: end });
        end = (usize::try_from(cursor.varint()?).ok().and_then(|len| end.checked_add(len)))
            .ok_or_else(|| error!(Corrupt, "dataset {index} of a page has a record beyond all bounds"))?;
    }
    let names = names.finish()?;
    if names.get(0) != Some(first) {
        bail!(Corrupt, "a page begins with '{}', not with '{first}'", names.get(0).unwrap_or_default());
    }
    if !cursor.0.is_empty() {
        bail!(Corrupt, "{} bytes behind the names of a page", cursor.0.len());
    }
    Ok(Entries { names, list, records_len: end })
}

/// Decodes the stored records of a page.
pub fn decode_records(stored: &[u8]) -> Result<Vec<u8>> {
    codec::from_page_frame(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_directories_round_trip() {
        let page_of = |datasets: &[(&str, Kind, u64, usize)]| {
            let mut entries = Entries::default();
            for &(name, kind, place, len) in datasets {
                entries.push(name, kind, place, len).expect("memory");
            }
            entries
        };
        let entries = page_of(&[("a", Kind::Whole, 7, 2), ("b", Kind::Over, 1 << 40, 3), ("c", Kind::Gone, 0, 0)]);
        assert_eq!((entries.record(0), entries.record(1), entries.record(2)), (0..2, 2..5, 5..5));
        let (records, names) = encode_page(&entries, b"{}abc").expect("encodes");
        let frame = |bytes: &[u8], offset| Frame { offset, len: bytes.len() as u32, crc: crc32c::crc32c(bytes) };
        let start = HEADER_LEN as u64;
        let page =
            Page { entries: 3, records: frame(&records, start), names: frame(&names, start + records.len() as u64) };
        let end = start + (records.len() + names.len()) as u64;
        assert_eq!(decode_names(&page, "a", &names).expect("decodes"), entries);
        assert_eq!(decode_records(&records).expect("decodes"), b"{}abc");
        let mut firsts = NameList::default();
        firsts.push("a").expect("memory");
        let directory = Directory { pages: vec![page], firsts };
        let bytes = directory.to_bytes();
        assert_eq!(Directory::parse(&bytes, end).expect("parses"), directory);
        assert!(Directory::parse(&bytes, end + 1).is_err());
        for len in 0..bytes.len() {
            assert!(Directory::parse(&bytes[..len], end).is_err(), "{len} of {} bytes", bytes.len());
        }
        assert_eq!((directory.page_of("A"), directory.page_of("a"), directory.page_of("zz")), (None, Some(0), Some(0)));
        // Names out of order, and another first one.
        let (_, turned) =
            encode_page(&page_of(&[("b", Kind::Over, 1, 3), ("a", Kind::Whole, 7, 2)]), b"").expect("encodes");
        assert!(decode_names(&Page { entries: 2, ..page }, "b", &turned).is_err());
        assert!(decode_names(&page, "0", &names).is_err());
    }
}
