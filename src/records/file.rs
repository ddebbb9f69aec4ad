//! Catalogue files: read in any order, through a bounded cache of pages, and written from front to back.

use crate::base::error::{Error, ErrorKind, Result, error};
use crate::base::locks::{after_panic, lock};
use crate::base::pool::Pool;
use crate::base::sync::Mutex;
use crate::format::catalogue::{
    self, CATALOGUE, Directory, Entries, Entry, Frame, Kind, PAGE_BYTES, PAGE_ENTRIES, Page,
};
use crate::format::root::CatalogueFileRecord;
use crate::format::segment::{self as layout, HEADER_LEN, TRAILER_LEN, Trailer};
use crate::memory::buffers;
use crate::storage::{KeptOpen, ReadFile, Storage, WriteFile, check_folder, create_file};
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Decoded bytes of pages that one file keeps at hand; half for the names.
const CACHE_BYTES: u64 = 8 << 20;
/// Pages that are encoded together, and whose names are read together.
const BATCH: usize = 32;
/// The end of a file that is read first: the trailer, and for most files the directory with it.
const TAIL: usize = 16 << 10;

type Names = Cache<usize, Arc<Entries>, ByBytes>;
type Records = Cache<usize, Arc<Vec<u8>>, ByBytes>;

#[derive(Clone)]
struct ByBytes;

impl quick_cache::Weighter<usize, Arc<Entries>> for ByBytes {
    fn weight(&self, _: &usize, entries: &Arc<Entries>) -> u64 {
        entries.weight() as u64 + 64
    }
}

impl quick_cache::Weighter<usize, Arc<Vec<u8>>> for ByBytes {
    fn weight(&self, _: &usize, records: &Arc<Vec<u8>>) -> u64 {
        records.len() as u64 + 64
    }
}

fn cache<V: Clone>(bytes: u64) -> Cache<usize, V, ByBytes>
where
    ByBytes: quick_cache::Weighter<usize, V>,
{
    let options = OptionsBuilder::new().shards(1).estimated_items_capacity(64).weight_capacity(bytes).build();
    let options = options.unwrap_or_else(|_| unreachable!("what has no default is given"));
    Cache::with_options(options, ByBytes, Default::default(), Default::default())
}

/// A catalogue file that a root names.
pub(crate) struct CatalogueFile {
    pub record: CatalogueFileRecord,
    pub path: PathBuf,
    storage: Arc<dyn Storage>,
    store_id: [u8; 16],
    open: KeptOpen,
    directory: OnceLock<Directory>,
    names: Names,
    records: Records,
}

/// What a file says of a dataset, and where.
pub(crate) struct Found {
    pub kind: Kind,
    pub place: u64,
    page: usize,
    record: std::ops::Range<usize>,
}

impl CatalogueFile {
    /// The file of a store in `folder`.
    pub fn new(record: CatalogueFileRecord, folder: &Path, storage: &Arc<dyn Storage>, store_id: [u8; 16]) -> Self {
        let path = folder.join(&*record.file);
        let (names, records) = (cache(CACHE_BYTES / 2), cache(CACHE_BYTES / 2));
        let (storage, open) = (storage.clone(), KeptOpen::new());
        Self { record, path, storage, store_id, open, directory: OnceLock::new(), names, records }
    }

    /// What is wrong with the file. The next who reads it opens what is there then: one that was put back, perhaps.
    fn damaged(&self, offset: u64, error: &Error) -> Error {
        self.close();
        let kind = match error.kind() {
            kind @ (ErrorKind::Unsupported | ErrorKind::OutOfMemory | ErrorKind::Io) => kind,
            _ => ErrorKind::Corrupt,
        };
        Error::new(kind, format!("{} at offset {offset}: {error}", self.path.display()))
    }

    fn open(&self) -> Result<Arc<dyn ReadFile>> {
        if let Some(file) = self.open.get() {
            return Ok(file);
        }
        let length = self.record.length;
        let end = length.saturating_sub(TAIL as u64)..length;
        let opened = check_folder(&*self.storage, &self.path).and_then(|()| {
            self.storage
                .open_for(&self.path, std::slice::from_ref(&end))
                .map_err(|error| Error::io("open", &self.path, &error))
        });
        let file = opened.map_err(|error| error.missing_is(ErrorKind::Corrupt))?;
        self.open.keep(file.clone());
        Ok(file)
    }

    /// Has the file no longer be open.
    pub fn close(&self) {
        self.open.close();
    }

    fn read(&self, file: &dyn ReadFile, offset: u64, len: usize) -> Result<Vec<u8>> {
        let mut bytes = buffers::allocate(len)?;
        file.read_at(&mut bytes, offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(offset, &error!(Corrupt, "the file ends too early")),
            _ => Error::io("read", &self.path, &error),
        })?;
        Ok(bytes)
    }

    /// The directory, read and checked when first asked for.
    pub fn directory(&self) -> Result<&Directory> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let directory = self.read_directory()?;
        Ok(self.directory.get_or_init(|| directory))
    }

    fn read_directory(&self) -> Result<Directory> {
        let file = self.open()?;
        let len = file.length().map_err(|error| Error::io("open", &self.path, &error))?;
        if len != self.record.length || len < (HEADER_LEN + TRAILER_LEN) as u64 {
            let wrong = error!(Corrupt, "the file has {len} bytes, the root says {}", self.record.length);
            return Err(self.damaged(len.min(self.record.length), &wrong));
        }
        let tail_offset = len - len.min(TAIL as u64);
        file.begin_read(tail_offset..len);
        let header = self.read(&*file, 0, HEADER_LEN)?;
        layout::check_header(CATALOGUE, &header, &self.store_id).map_err(|error| self.damaged(0, &error))?;
        let tail = self.read(&*file, tail_offset, (len - tail_offset) as usize)?;
        let offset = len - TRAILER_LEN as u64;
        let trailer = tail.last_chunk().ok_or_else(|| error!(Internal, "a tail shorter than a trailer"))?;
        let trailer = Trailer::parse(trailer, len).map_err(|error| self.damaged(offset, &error))?;
        let offset = trailer.directory_offset;
        // It lies in the file, whose length was checked.
        let read;
        let bytes = match offset.checked_sub(tail_offset) {
            Some(at) => &tail[at as usize..tail.len() - TRAILER_LEN],
            None => {
                read = self.read(&*file, offset, trailer.directory_len as usize)?;
                &read[..]
            }
        };
        if crc32c::crc32c(bytes) != self.record.directory_crc32c
            || trailer.directory_crc != self.record.directory_crc32c
        {
            return Err(self.damaged(offset, &error!(Corrupt, "the directory's checksum does not match")));
        }
        let directory = Directory::parse(bytes, offset).map_err(|error| self.damaged(offset, &error))?;
        if directory.entries() != self.record.entries {
            let (has, said) = (directory.entries(), self.record.entries);
            return Err(
                self.damaged(offset, &error!(Corrupt, "the directory has {has} datasets, the root says {said}"))
            );
        }
        Ok(directory)
    }

    fn check(&self, frame: Frame, bytes: &[u8]) -> Result<()> {
        if crc32c::crc32c(bytes) != frame.crc {
            return Err(self.damaged(frame.offset, &error!(Corrupt, "the checksum does not match")));
        }
        Ok(())
    }

    fn frame(&self, frame: Frame) -> Result<Vec<u8>> {
        let bytes = self.read(&*self.open()?, frame.offset, frame.len as usize)?;
        self.check(frame, &bytes)?;
        Ok(bytes)
    }

    /// Decodes the stored names of a page, whose checksum was checked.
    fn entries(&self, directory: &Directory, number: usize, stored: &[u8]) -> Result<Entries> {
        let (page, first) = (&directory.pages[number], directory.firsts.get(number).unwrap_or_default());
        catalogue::decode_names(page, first, stored).map_err(|error| self.damaged(page.names.offset, &error))
    }

    fn decode_names(&self, directory: &Directory, number: usize) -> Result<Entries> {
        let stored = self.frame(directory.pages[number].names)?;
        self.entries(directory, number, &stored)
    }

    fn decode_records(&self, page: &Page, names: &Entries) -> Result<Vec<u8>> {
        let stored = self.frame(page.records)?;
        let records = catalogue::decode_records(&stored).map_err(|error| self.damaged(page.records.offset, &error))?;
        let end = names.records_len;
        if records.len() != end {
            let wrong = error!(Corrupt, "the records of a page have {} bytes, not {end}", records.len());
            return Err(self.damaged(page.records.offset, &wrong));
        }
        Ok(records)
    }

    /// The names of a page.
    fn names(&self, number: usize) -> Result<Arc<Entries>> {
        if let Some(names) = self.names.get(&number) {
            return Ok(names);
        }
        let directory = self.directory()?;
        let Frame { offset, len, .. } = directory.pages[number].records;
        // What is found is read next.
        self.open()?.begin_read(offset..offset.saturating_add(len.into()));
        let names = Arc::new(self.decode_names(directory, number)?);
        self.names.insert(number, names.clone());
        Ok(names)
    }

    /// What a page says of its datasets.
    fn records(&self, number: usize) -> Result<Arc<Vec<u8>>> {
        if let Some(records) = self.records.get(&number) {
            return Ok(records);
        }
        let names = self.names(number)?;
        let records = Arc::new(self.decode_records(&self.directory()?.pages[number], &names)?);
        self.records.insert(number, records.clone());
        Ok(records)
    }

    /// A page as it is in the file, past the cache: for what reads all of them once.
    pub fn page(&self, number: usize) -> Result<(Entries, Vec<u8>)> {
        let directory = self.directory()?;
        let names = self.decode_names(directory, number)?;
        let records = self.decode_records(&directory.pages[number], &names)?;
        Ok((names, records))
    }

    /// What the file says of a dataset.
    pub fn find(&self, name: &str) -> Result<Option<Found>> {
        let Some(page) = self.directory()?.page_of(name) else { return Ok(None) };
        let names = self.names(page)?;
        let Some(at) = names.names.find(name) else { return Ok(None) };
        let Entry { kind, place, .. } = names.as_slice()[at];
        Ok(Some(Found { kind, place, page, record: names.record(at) }))
    }

    /// Hands what was found to `read`.
    pub fn with_record<R>(&self, found: &Found, read: impl FnOnce(&[u8]) -> Result<R>) -> Result<R> {
        read(&self.records(found.page)?[found.record.clone()]).map_err(|error| error.context(self.path.display()))
    }

    /// The names in all pages, decoded in parallel.
    pub fn all_names(&self, pool: &Pool) -> Result<Vec<Entries>> {
        let directory = self.directory()?;
        let decoded: Vec<_> =
            (0..directory.pages.len()).map(|number| (number, Mutex::new(Entries::default()))).collect();
        let groups: Vec<_> = decoded.chunks(BATCH).collect();
        pool.for_each(&groups, |group| {
            let frames = || group.iter().map(|(number, _)| directory.pages[*number].names);
            // They lie one behind the other.
            let start = frames().next().map_or(0, |first| first.offset);
            let stored = self.read(&*self.open()?, start, frames().map(|frame| frame.len as usize).sum())?;
            let mut rest = &stored[..];
            group.iter().zip(frames()).try_for_each(|((number, names), frame)| {
                let (stored, behind) = rest.split_at(frame.len as usize);
                rest = behind;
                self.check(frame, stored)?;
                *lock(names)? = self.entries(directory, *number, stored)?;
                Ok(())
            })
        })?;
        decoded.into_iter().map(|(_, names)| names.into_inner().map_err(|_| after_panic())).collect()
    }

    /// Reads all of it; each damage is given to `report`.
    pub fn verify(&self, report: &mut dyn FnMut(u64, Error)) -> Result<()> {
        let mut tell = |offset: u64, error: Error| match error.kind() {
            ErrorKind::Io | ErrorKind::OutOfMemory => Err(error),
            _ => {
                report(offset, error);
                Ok(())
            }
        };
        self.close();
        let directory = match self.read_directory() {
            Ok(directory) => directory,
            Err(error) => return tell(0, error),
        };
        for (number, page) in directory.pages.iter().enumerate() {
            match self.decode_names(&directory, number) {
                Err(error) => tell(page.names.offset, error)?,
                Ok(names) => {
                    if let Err(error) = self.decode_records(page, &names) {
                        tell(page.records.offset, error)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// What is written of a dataset.
pub(crate) struct NewEntry<'r> {
    pub name: Arc<str>,
    pub kind: Kind,
    pub place: u64,
    pub record: std::borrow::Cow<'r, [u8]>,
}

/// A catalogue file being written.
pub(crate) struct CatalogueWriter<'p> {
    file: Box<dyn WriteFile>,
    path: PathBuf,
    pool: &'p Pool,
    end: u64,
    /// The page that is being gathered, and those that wait to be encoded.
    gathered: (Entries, Vec<u8>),
    waiting: Vec<(Entries, Vec<u8>)>,
    directory: Directory,
    names: Vec<u8>,
}

impl<'p> CatalogueWriter<'p> {
    /// Makes the file at `path`, in a folder that may be missing, and begins it.
    pub fn create(storage: &dyn Storage, path: PathBuf, store_id: &[u8; 16], pool: &'p Pool) -> Result<Self> {
        let file = create_file(storage, &path, true)?;
        let (gathered, waiting, directory, names) = Default::default();
        let mut writer = Self { file, path, pool, end: 0, gathered, waiting, directory, names };
        writer.append(&layout::header(CATALOGUE, store_id))?;
        Ok(writer)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.end += bytes.len() as u64;
        self.file.append(bytes).map_err(|error| Error::io("write", &self.path, &error))
    }

    /// Adds a dataset; they come in the order of their names.
    pub fn add(&mut self, entry: &NewEntry<'_>) -> Result<()> {
        let (entries, records) = &mut self.gathered;
        buffers::extend(records, &entry.record)?;
        entries.push(&entry.name, entry.kind, entry.place, entry.record.len())?;
        if records.len() >= PAGE_BYTES || entries.len() == PAGE_ENTRIES { self.end_page() } else { Ok(()) }
    }

    fn end_page(&mut self) -> Result<()> {
        self.waiting.push(std::mem::take(&mut self.gathered));
        if self.waiting.len() == BATCH { self.write_waiting() } else { Ok(()) }
    }

    fn write_waiting(&mut self) -> Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let work: Vec<_> = waiting.iter().map(|page| (page, Mutex::new((Vec::new(), Vec::new())))).collect();
        self.pool.for_each(&work, |((entries, records), encoded)| {
            *lock(encoded)? = catalogue::encode_page(entries, records)?;
            Ok(())
        })?;
        for ((entries, _), encoded) in work {
            let (records, names) = encoded.into_inner().map_err(|_| after_panic())?;
            let frame = |bytes: &[u8]| -> Result<Frame> {
                let len = u32::try_from(bytes.len())
                    .map_err(|_| error!(InvalidArgument, "a page of {} bytes exceeds 2^32 - 1", bytes.len()))?;
                Ok(Frame { offset: 0, len, crc: crc32c::crc32c(bytes) })
            };
            let Some(first) = entries.names.get(0) else { continue };
            let page = Page { entries: entries.len() as u32, records: frame(&records)?, names: frame(&names)? };
            self.append(&records)?;
            buffers::extend(&mut self.names, &names)?;
            self.directory.firsts.push(first)?;
            buffers::push(&mut self.directory.pages, page)?;
        }
        Ok(())
    }

    /// Writes the rest; what the root is to say of the file, and the file.
    pub fn finish(mut self, sync: bool) -> Result<(CatalogueFileRecord, PathBuf, Box<dyn WriteFile>)> {
        if self.gathered.0.len() > 0 {
            self.end_page()?;
        }
        self.write_waiting()?;
        let names = std::mem::take(&mut self.names);
        self.append(&names)?;
        let directory = std::mem::take(&mut self.directory);
        let bytes = directory.to_bytes();
        let trailer = Trailer {
            directory_offset: self.end,
            directory_len: bytes.len() as u64,
            directory_crc: crc32c::crc32c(&bytes),
        };
        self.append(&bytes)?;
        self.append(&trailer.to_bytes())?;
        if !sync {
            self.file.close().map_err(|error| Error::io("close", &self.path, &error))?;
        }
        let file = self.path.file_name().map(|name| name.to_string_lossy().into()).unwrap_or_default();
        let record = CatalogueFileRecord {
            file,
            length: self.end,
            directory_crc32c: trailer.directory_crc,
            entries: directory.entries(),
        };
        Ok((record, self.path, self.file))
    }
}
