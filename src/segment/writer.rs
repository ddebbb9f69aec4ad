//! Segments being written, from front to back, and what makes them durable.

use crate::base::error::{Error, ErrorKind, Result, bail};
use crate::base::locks::lock;
use crate::base::sync::Mutex;
use crate::chunk::block::Encoded;
use crate::chunk::schema::Schema;
use crate::codec::Coding;
use crate::format::definitions::DefinitionsWriter;
use crate::format::parts::{self, PartRecord};
use crate::format::root::SegmentRecord;
use crate::format::segment::{
    self as layout, BlockRef, ChunkKey, Directory, HEADER_LEN, PageRef, Row, TRAILER_LEN, Trailer,
};
use crate::memory::buffers;
use crate::segment::bundle::{BUNDLE_BELOW, Bundle};
use crate::segment::{Index, Segment, SegmentReader};
use crate::storage::{Storage, WriteFile, create_file};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that are gathered before they are written.
const WRITE_BUFFER: usize = 1 << 20;

/// Rows of an index page: few enough that what reads one chunk does not decode many.
const ROWS: usize = layout::PAGE_ROWS / 4;

/// Bytes of a segment with a small chunk.
const SMALL: usize = 1 << 10;

/// Bytes that are sent on their way to the disk together, while the blocks behind them are still being encoded.
const SYNC_STEP: u64 = 4 << 20;

/// A segment being written.
pub(crate) struct SegmentWriter {
    storage: Arc<dyn Storage>,
    /// `None` where all of it is gathered.
    file: Option<Box<dyn WriteFile>>,
    path: PathBuf,
    is_new_folder: bool,
    /// Where the next block goes.
    end: u64,
    gathered: Vec<u8>,
    /// Bytes in the file, and how many of them are on their way to the disk; all, where nobody will sync it.
    written: u64,
    sent: u64,
    rows: Vec<Row>,
    /// Those of the first page, once it is complete.
    first_page: Vec<Row>,
    pages: Vec<u8>,
    directory: Directory,
    /// Of the arrays that have rows, in ascending order.
    ids: Vec<u64>,
    parts: Vec<PartRecord>,
}

impl SegmentWriter {
    /// Begins a segment that is to be the file at `path`, which is made when there is much to write. The file's folder,
    /// too, where `is_new_folder` says that it may be missing.
    pub fn new(storage: &Arc<dyn Storage>, path: PathBuf, is_new_folder: bool, store_id: &[u8; 16]) -> Self {
        let mut gathered = Vec::new();
        // A hint: where there is no memory for it, that is said when there is none for what is written.
        let _ = buffers::reserve(&mut gathered, SMALL);
        gathered.extend_from_slice(&layout::header(layout::SEGMENT, store_id));
        Self {
            storage: storage.clone(),
            file: None,
            path,
            is_new_folder,
            end: HEADER_LEN as u64,
            gathered,
            written: 0,
            sent: u64::MAX,
            rows: Vec::new(),
            first_page: Vec::new(),
            pages: Vec::new(),
            directory: Directory::default(),
            ids: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Begins to sync what is written, as it is written, if the file is to be synced.
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.sent = if sync { 0 } else { u64::MAX };
        self
    }

    /// Has rows whose blocks lie in `parts`, which are in order.
    pub fn with_parts(mut self, parts: Vec<PartRecord>) -> Self {
        self.parts = parts;
        self
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let large = bytes.len() > WRITE_BUFFER / 2;
        if large || self.gathered.len() + bytes.len() > WRITE_BUFFER {
            self.write_gathered()?;
        }
        if large { self.append(bytes) } else { buffers::extend(&mut self.gathered, bytes) }
    }

    fn write_gathered(&mut self) -> Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        let written = self.append(&gathered);
        self.gathered = gathered;
        self.gathered.clear();
        written
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create_file(&*self.storage, &self.path, self.is_new_folder)?),
        };
        file.append(bytes).map_err(|error| Error::io("write", &self.path, &error))?;
        self.written += bytes.len() as u64;
        if self.written.saturating_sub(self.sent) >= SYNC_STEP {
            file.begin_sync(self.sent..self.written);
            self.sent = self.written;
        }
        Ok(())
    }

    /// Writes a block and says where it is.
    pub fn block(&mut self, bytes: &[u8], crc: u32, coding: Coding) -> Result<BlockRef> {
        let Ok(len) = u32::try_from(bytes.len()) else {
            bail!(InvalidArgument, "a stored block of {} bytes exceeds 2^32 - 1", bytes.len());
        };
        let block = BlockRef { offset: self.end, len, crc, coding };
        self.write(bytes)?;
        self.end += bytes.len() as u64;
        Ok(block)
    }

    /// Writes an encoded block; its rows, for the chunks named by `keys`, are handed to `rows`.
    pub fn encoded(&mut self, encoded: &Encoded, keys: &[ChunkKey], rows: &mut Vec<Row>) -> Result<()> {
        let block = self.block(&encoded.bytes, encoded.crc, encoded.coding)?;
        buffers::reserve(rows, keys.len())?;
        rows.extend(keys.iter().zip(&encoded.parts).map(|(&(array_id, chunk), part)| Row {
            array_id,
            chunk,
            part: 0,
            block,
            at: part.at,
            len: part.len,
            stats: part.stats,
        }));
        Ok(())
    }

    /// Adds a row to the index; rows come in order of array id and chunk.
    pub fn row(&mut self, row: Row) -> Result<()> {
        let last = self.rows.last().map(|last| (last.array_id, last.chunk)).or(self.directory.last_of_pages());
        if last >= Some((row.array_id, row.chunk)) {
            bail!(Corrupt, "chunk {} of array id {} comes twice: two arrays have that id", row.chunk, row.array_id);
        }
        if self.ids.last() != Some(&row.array_id) {
            buffers::push(&mut self.ids, row.array_id)?;
        }
        buffers::push(&mut self.rows, row)?;
        if self.rows.len() == ROWS { self.end_page() } else { Ok(()) }
    }

    /// Rows added so far.
    pub fn row_count(&self) -> u64 {
        self.directory.row_count() + self.rows.len() as u64
    }

    fn end_page(&mut self) -> Result<()> {
        let (Some(first), Some(last)) = (self.rows.first(), self.rows.last()) else {
            return Ok(());
        };
        let bytes = layout::page_to_bytes(&self.rows, !self.parts.is_empty())?;
        self.directory.last = (last.array_id, last.chunk);
        let page = PageRef {
            first: (first.array_id, first.chunk),
            rows: self.rows.len() as u32,
            offset: self.pages.len() as u64,
            len: bytes.len() as u32,
            crc: crc32c::crc32c(&bytes),
        };
        buffers::push(&mut self.directory.pages, page)?;
        buffers::extend(&mut self.pages, &bytes)?;
        if self.first_page.is_empty() {
            self.first_page = std::mem::take(&mut self.rows);
        } else {
            self.rows.clear();
        }
        Ok(())
    }

    /// Writes the index, and what `define` says of each array that has rows. What is small goes into the `bundle`, if there
    /// is one; else the file and its folder are the caller's to sync. `reader` has the first page at hand.
    pub fn finish<'d>(
        mut self,
        array: &Arc<str>,
        define: impl Fn(u64) -> Option<Defined<'d>>,
        bundle: Option<&Mutex<Bundle>>,
        reader: &SegmentReader,
    ) -> Result<(Segment, Option<NewFile>)> {
        let record = self.end(array, define)?;
        let own = self.path.parent().filter(|_| !self.parts.is_empty()).map(Path::to_owned);
        let bundle = bundle.filter(|_| self.file.is_none() && self.gathered.len() < BUNDLE_BELOW);
        let (path, at, file) = match bundle {
            Some(bundle) => {
                let mut bundle = lock(bundle)?;
                let at = bundle.add(&self.gathered)?;
                (bundle.path.clone(), Some(at), None)
            }
            None => {
                self.write_gathered()?;
                if let Some(file) = self.file.as_mut().filter(|_| self.sent == u64::MAX) {
                    file.close().map_err(|error| Error::io("close", &self.path, &error))?;
                }
                let path = self.path.clone();
                (path, None, self.file.map(|file| NewFile { path: self.path, file }))
            }
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default();
        let segment = Segment { parts_in: own, ..Segment::at(SegmentRecord { file: name, at, ..record }, path) };
        // Whoever asks for it next need not read it back.
        let _ = segment.index.set(Index::new(self.directory, self.parts, &segment));
        reader.keep_page(&segment, self.first_page);
        Ok((segment, file))
    }

    /// Writes what is behind the blocks.
    fn end<'d>(&mut self, array: &Arc<str>, define: impl Fn(u64) -> Option<Defined<'d>>) -> Result<SegmentRecord> {
        self.end_page()?;
        self.directory.blocks_end = self.end;
        for page in &mut self.directory.pages {
            page.offset += self.end;
        }
        let pages = std::mem::take(&mut self.pages);
        self.write(&pages)?;
        let definitions = self.definitions(array, define)?;
        let Ok(len) = u32::try_from(definitions.len()) else {
            bail!(InvalidArgument, "the definitions of a segment take {} bytes, over 2^32 - 1", definitions.len());
        };
        self.directory.definitions = (len, crc32c::crc32c(&definitions));
        self.write(&definitions)?;
        if !self.parts.is_empty() {
            let list = parts::to_bytes(&self.parts)?;
            let Ok(len) = u32::try_from(list.len()) else {
                bail!(
                    InvalidArgument,
                    "the list of {} parts takes {} bytes, over 2^32 - 1",
                    self.parts.len(),
                    list.len()
                );
            };
            self.directory.parts = (len, crc32c::crc32c(&list));
            self.write(&list)?;
        }
        let directory = self.directory.to_bytes()?;
        let trailer = Trailer {
            directory_offset: self.directory.parts_offset() + u64::from(self.directory.parts.0),
            directory_len: directory.len() as u64,
            directory_crc: crc32c::crc32c(&directory),
        };
        self.write(&directory)?;
        self.write(&trailer.to_bytes())?;
        Ok(SegmentRecord {
            file: Arc::default(),
            length: trailer.directory_offset + trailer.directory_len + TRAILER_LEN as u64,
            directory_crc32c: trailer.directory_crc,
            array_ids: (self.ids.first().copied().unwrap_or(0), self.ids.last().copied().unwrap_or(0)),
            at: None,
            parts: self.parts.iter().map(|part| part.length).reduce(u64::saturating_add),
        })
    }

    fn definitions<'d>(&self, array: &Arc<str>, define: impl Fn(u64) -> Option<Defined<'d>>) -> Result<Vec<u8>> {
        let mut definitions = DefinitionsWriter::default();
        for &id in &self.ids {
            let Some(Defined { dataset, schema, shape }) = define(id) else {
                bail!(Internal, "chunks of array {id}, of which nothing is known");
            };
            definitions.add(id, dataset, schema, shape)?;
        }
        definitions.finish(array)
    }
}

/// What a segment says of an array that it has chunks of.
pub(crate) struct Defined<'d> {
    pub dataset: &'d Arc<str>,
    pub schema: &'d Arc<Schema>,
    pub shape: &'d [u64],
}

/// A file that was written, and may not be durable yet.
pub(crate) struct NewFile {
    pub path: PathBuf,
    pub file: Box<dyn WriteFile>,
}

impl NewFile {
    /// Makes a new segment durable. Where there is no room for it, that is all that has happened: no root names it, and
    /// another can be written.
    pub fn sync(&self) -> Result<()> {
        self.file.sync().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::io("fsync", &self.path, &error),
            _ => sync_failed(&self.path, &error),
        })
    }
}

/// Makes the bytes of a file that is there durable.
pub(crate) fn sync_file(storage: &dyn Storage, path: &Path) -> Result<()> {
    storage.sync_file(path).map_err(|error| sync_failed(path, &error))
}

/// A failed fsync: the kernel may have dropped the data and forgotten the error, so that trying again proves nothing.
pub(crate) fn sync_failed(path: &Path, error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Poisoned,
        format!("fsync {}: {error}; nothing more can be committed through this store: reopen it", path.display()),
    )
}
