//! A store in use: the Rust API.
//!
//! Locks, in the order they are taken: `commit` (one flush, compact, refresh or close at a time), `begun` (for the moment a
//! flush begins and ends), `working` (shared by all that read or write arrays, exclusive for changes to the catalogue and
//! for that moment), then an array's own.

mod affected;
mod arrays;
mod attributes;
mod background;
mod catalogue;
mod cleanup;
mod compact;
mod dataset;
mod flush;
mod generations;
mod merge;
mod open;
pub(crate) mod options;
mod repair;
mod spill;
mod statistics;
mod values;
mod verify;

pub use affected::Affected;
pub use dataset::Dataset;
pub use repair::{DamagedSegment, Newer, Repair, RepairOptions};
pub use verify::Damage;

use crate::array::{Array, Io, Segments};
use crate::base::dtype::DType;
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::process;
use crate::base::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::base::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, thread};
use crate::codec::{Codec, Compression};
use crate::format::root::{MetaFormat, Notation};
use crate::storage::{Identity, ReaderPin, Storage, WriterLock};
use background::Begun;
use catalogue::{ArrayEntry, Catalogue, Slot};
use indexmap::IndexMap;
use merge::Retired;
use options::{FillValue, LogFn, LogLevel, Mode, ProgressFn};
use spill::Spilling;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, Weak};
use values::NewFiles;

/// An open store.
///
/// Every method may be called from any thread at once. Changes are in memory, or in files that no commit names, until
/// [`Store::flush`]. Dropping the last reference discards what is not flushed; where a flush was begun, or
/// values are being written ahead of one, that is after it is done. [`Store::close`] and [`Store::discard`] wait, so that the store can be opened again when they return.
pub struct Store {
    path: PathBuf,
    mode: Mode,
    notation: Notation,
    store_id: [u8; 16],
    /// The process that opened it.
    pid: u32,
    sync: bool,
    default_compression: Compression,
    /// See [`CreateOptions::keep_generations`](crate::CreateOptions::keep_generations).
    keep_generations: Option<u32>,
    storage: Arc<dyn Storage>,
    io: Io,
    log: Option<LogFn>,
    progress: Option<ProgressFn>,
    working: RwLock<Working>,
    commit: Mutex<Commit>,
    closed: AtomicBool,
    poisoned: AtomicBool,
    begun: Mutex<Begun>,
    /// Flushes that were begun and are not over.
    under_way: AtomicUsize,
    /// Whether a flush panicked.
    panicked: AtomicBool,
    /// Segments that were begun, for their names.
    segments_made: AtomicU64,
    /// Calls that wait to lock `commit`.
    waiting: AtomicUsize,
    spilling: Mutex<Spilling>,
    /// For threads that work beside the calls.
    me: Weak<Store>,
}

/// What all calls see.
struct Working {
    catalogue: Catalogue,
    /// What is stored, with the segments that were written ahead of the next flush.
    files: Arc<Files>,
    /// What is stored of the last commit.
    committed: Arc<Files>,
    /// The segments in `files` that are not in `committed`.
    spilled: NewFiles,
    /// What goes on, while any change would be lost.
    ending: Option<Ending>,
}

/// What puts an end to the state that calls see.
#[derive(Clone, Copy)]
enum Ending {
    Close,
    Rollback,
}

/// What is stored under each array name.
#[derive(Clone, Default)]
struct Files {
    /// The last commit, as far as this handle has seen.
    generation: u64,
    by_name: IndexMap<Arc<str>, ArrayFile>,
}

/// All that is stored under one array name.
#[derive(Clone)]
struct ArrayFile {
    folder: Arc<str>,
    segments: Segments,
    live_bytes: u64,
    dead_bytes: u64,
}

impl Files {
    fn segments(&self, array: &str) -> Segments {
        self.by_name.get(array).map(|file| file.segments.clone()).unwrap_or_default()
    }
}

/// What belongs to commits.
struct Commit {
    /// The root file as this handle last read or wrote it.
    root: Identity,
    lock: Option<Box<dyn WriterLock>>,
    pin: Option<Box<dyn ReaderPin>>,
    /// The earlier commits whose roots are kept, oldest first.
    kept: Vec<u64>,
    /// Segments that later ones took up, in the order in which that was; their files may still be needed.
    retired: VecDeque<Retired>,
    /// What is to be logged: by a thread that a caller waits on, once nothing is locked.
    messages: Vec<(LogLevel, String)>,
}

/// What a store is made of; see [`Store::info`].
#[derive(Clone, Debug)]
pub struct StoreInfo {
    /// How it was opened.
    pub mode: Mode,
    /// Commits so far; create makes the first.
    pub generation: u64,
    /// Datasets, those not flushed included.
    pub dataset_count: u64,
    /// Array names under which something is stored.
    pub array_file_count: u64,
    /// Segment files.
    pub segment_count: u64,
    /// Stored bytes of chunks that some array uses.
    pub live_bytes: u64,
    /// Stored bytes that compact would free.
    pub dead_bytes: u64,
    /// Whether a flush would write anything.
    pub unflushed_changes: bool,
    /// Notation of the root.
    pub meta_format: MetaFormat,
    /// Whether the root is compressed.
    pub meta_zstd: bool,
}

/// What is stored under one array name; see [`Store::array_files`].
#[derive(Clone, Debug)]
pub struct ArrayFileInfo {
    /// The array name.
    pub array: Arc<str>,
    /// The folder of its segments.
    pub folder: PathBuf,
    /// Segment files.
    pub segment_count: u64,
    /// Bytes of the segment files.
    pub file_bytes: u64,
    /// Stored bytes of chunks that some array uses.
    pub live_bytes: u64,
    /// Stored bytes that compact would free.
    pub dead_bytes: u64,
}

/// What an array is; see [`Store::array_info`].
#[derive(Clone, Debug)]
pub struct ArrayInfo {
    /// Type of the elements.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<u64>,
    /// Extents of a chunk.
    pub chunk_shape: Vec<u64>,
    /// Names of the dimensions.
    pub dims: Vec<String>,
    /// How chunks are compressed.
    pub codec: Codec,
    /// How hard.
    pub level: i32,
    /// Whether bytes are shuffled first.
    pub shuffle: bool,
    /// The value of cells that were never written.
    pub fill_value: Option<FillValue>,
}

/// A lock that a panic left behind protects nothing that can be trusted.
fn after_panic() -> Error {
    error!(Internal, "an earlier internal error left the store unusable: discard and reopen it")
}

fn read<T>(lock: &RwLock<T>) -> Result<RwLockReadGuard<'_, T>> {
    lock.read().map_err(|_| after_panic())
}

fn write<T>(lock: &RwLock<T>) -> Result<RwLockWriteGuard<'_, T>> {
    lock.write().map_err(|_| after_panic())
}

fn lock<T>(lock: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    lock.lock().map_err(|_| after_panic())
}

impl Store {
    /// Refuses calls on a store that is closed, or that a parent process opened.
    fn check_usable(&self) -> Result<()> {
        if process::id() != self.pid {
            bail!(
                Forked,
                "store {} was opened by process {} before it forked: open it again in this one",
                self.path.display(),
                self.pid
            );
        }
        if self.closed.load(Ordering::Acquire) {
            bail!(InvalidHandle, "the handle is closed: store {}", self.path.display());
        }
        Ok(())
    }

    fn root_path(&self) -> PathBuf {
        self.path.join(self.notation.file_name())
    }

    fn check_writable(&self) -> Result<()> {
        self.check_usable()?;
        if self.mode == Mode::Read {
            bail!(ReadOnly, "store {} is open for reading", self.path.display());
        }
        Ok(())
    }

    /// The state, to look things up and to read and write arrays in.
    fn working(&self) -> Result<RwLockReadGuard<'_, Working>> {
        self.check_usable()?;
        read(&self.working)
    }

    /// The state, to write arrays in.
    fn working_for_values(&self) -> Result<RwLockReadGuard<'_, Working>> {
        self.check_writable()?;
        let working = read(&self.working)?;
        self.check_open(working.ending)?;
        Ok(working)
    }

    /// The state, to change the catalogue.
    fn working_mut(&self) -> Result<RwLockWriteGuard<'_, Working>> {
        self.check_writable()?;
        let working = write(&self.working)?;
        self.check_open(working.ending)?;
        Ok(working)
    }

    fn check_open(&self, ending: Option<Ending>) -> Result<()> {
        match ending {
            None => Ok(()),
            Some(Ending::Close) => {
                Err(error!(InvalidHandle, "the handle is being closed: store {}", self.path.display()))
            }
            Some(Ending::Rollback) => {
                Err(error!(Conflict, "store {} is being rolled back by another thread", self.path.display()))
            }
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        if let Some(log) = &self.log {
            log(level, message);
        }
    }

    /// Gives back what belongs to commits, and tells what there is to tell of them.
    fn tell(&self, mut commit: MutexGuard<'_, Commit>) {
        let messages = std::mem::take(&mut commit.messages);
        drop(commit);
        messages.iter().for_each(|(level, message)| self.log(*level, message));
    }

    /// Tells the progress callback, which may stop the call.
    fn progress(&self, what: &str, done: u64, total: u64) -> Result<()> {
        match &self.progress {
            Some(progress) if !progress(what, done, total) => {
                Err(error!(Cancelled, "{what} was cancelled after {done} of {total}"))
            }
            _ => Ok(()),
        }
    }

    /// Writes all changes to disk, atomically and durably, and returns when they are there.
    ///
    /// One new segment file for each array name that was written to, one new root. After an error the last commit is
    /// what is on disk, and nothing in memory is lost: the flush can be tried again, except after
    /// [`ErrorKind::Poisoned`].
    pub fn flush(&self) -> Result<()> {
        self.check_writable()?;
        let mut commit = self.lock_commit()?;
        self.check_usable()?;
        let flushed = self.flush_locked(&mut commit, false);
        self.tell(commit);
        flushed
    }

    /// Flushes, then releases the store: every later call is an error. If the flush fails the store stays usable, with
    /// everything still in memory.
    pub fn close(&self) -> Result<()> {
        self.check_usable()?;
        let mut commit = self.lock_commit()?;
        self.check_usable()?;
        let flushed = if self.mode == Mode::ReadWrite { self.flush_locked(&mut commit, true) } else { Ok(()) };
        if flushed.is_ok() {
            self.release(&mut commit);
        }
        self.tell(commit);
        flushed
    }

    /// Releases the store without a flush: everything since the last one is gone. A flush that was begun is finished
    /// first.
    pub fn discard(&self) {
        // In a child made by fork the locks belong to the parent, and may be held by threads that are not here.
        if process::id() == self.pid {
            match self.lock_commit() {
                Ok(mut commit) => self.release(&mut commit),
                Err(_) => {
                    // What a panic left is not trusted to say which files are not committed: the next writer knows.
                    self.closed.store(true, Ordering::Release);
                    let mut commit = self.commit.lock().unwrap_or_else(PoisonError::into_inner);
                    (commit.lock, commit.pin) = (None, None);
                }
            }
        }
    }

    fn release(&self, commit: &mut Commit) {
        if !self.closed.swap(true, Ordering::AcqRel)
            && let Ok(mut working) = self.working.write()
        {
            // While the lock is still held: afterwards another writer removes them.
            working.spilled.remove(&*self.storage);
        }
        (commit.lock, commit.pin) = (None, None);
    }

    /// Generation, counts and bytes.
    pub fn info(&self) -> Result<StoreInfo> {
        let working = self.working()?;
        let files = &working.committed;
        Ok(StoreInfo {
            mode: self.mode,
            generation: files.generation,
            dataset_count: working.catalogue.len() as u64,
            array_file_count: files.by_name.len() as u64,
            segment_count: files.by_name.values().map(|file| file.segments.len() as u64).sum(),
            live_bytes: files.by_name.values().map(|file| file.live_bytes).sum(),
            dead_bytes: files.by_name.values().map(|file| file.dead_bytes).sum(),
            unflushed_changes: working.catalogue.has_unflushed_changes(),
            meta_format: self.notation.format,
            meta_zstd: self.notation.zstd,
        })
    }

    /// What the commit that this handle sees has stored, by array name.
    pub fn array_files(&self) -> Result<Vec<ArrayFileInfo>> {
        let files = self.working()?.committed.clone();
        let info = |(array, file): (&Arc<str>, &ArrayFile)| ArrayFileInfo {
            array: array.clone(),
            folder: self.path.join(&*file.folder),
            segment_count: file.segments.len() as u64,
            file_bytes: file.segments.iter().map(|segment| segment.record.length).sum(),
            live_bytes: file.live_bytes,
            dead_bytes: file.dead_bytes,
        };
        Ok(files.by_name.iter().map(info).collect())
    }

    /// Makes an empty dataset.
    pub fn create_dataset(&self, name: &str) -> Result<Dataset<'_>> {
        catalogue::check_name("dataset", name)?;
        self.working_mut()?.catalogue.create(name)?;
        Ok(Dataset::new(self, name))
    }

    /// Deletes a dataset and its arrays. Their bytes stay on disk until [`Store::compact`].
    pub fn delete_dataset(&self, name: &str) -> Result<()> {
        self.working_mut()?.catalogue.delete(name)
    }

    /// A view of a dataset.
    pub fn dataset(&self, name: &str) -> Result<Dataset<'_>> {
        self.working()?.catalogue.slot(name)?;
        Ok(Dataset::new(self, name))
    }

    /// Whether there is a dataset of this name.
    pub fn has_dataset(&self, name: &str) -> Result<bool> {
        Ok(self.working()?.catalogue.contains(name))
    }

    /// Number of datasets.
    pub fn dataset_count(&self) -> Result<usize> {
        Ok(self.working()?.catalogue.len())
    }

    /// Names of the datasets, in the order they were created.
    pub fn dataset_names(&self) -> Result<Vec<Arc<str>>> {
        Ok(self.working()?.catalogue.names().cloned().collect())
    }

    /// The name of one dataset, counted from 0 in the order they were created.
    pub fn dataset_name_at(&self, index: usize) -> Result<Arc<str>> {
        let working = self.working()?;
        let count = working.catalogue.len();
        (working.catalogue.name_at(index).cloned())
            .ok_or_else(|| error!(OutOfRange, "dataset index {index}, there are {count} datasets"))
    }
}

impl Working {
    fn new(catalogue: Catalogue, files: Files) -> Self {
        let committed = Arc::new(files);
        Self { catalogue, files: committed.clone(), committed, spilled: NewFiles::default(), ending: None }
    }

    /// Calls `f` with an array, the slot of its dataset and what is stored under its name; errors then name the array.
    fn with_array<R>(
        &self,
        dataset: &str,
        array: &str,
        f: impl FnOnce(&Slot, &ArrayEntry, Segments) -> Result<R>,
    ) -> Result<R> {
        let slot = self.catalogue.slot(dataset)?;
        let entry = self.catalogue.dataset_in(slot)?.array(dataset, array)?;
        f(slot, entry, self.files.segments(array))
            .map_err(|error| in_array(dataset, array, error.missing_is(ErrorKind::Corrupt)))
    }
}

/// The error of something done to an array, with the array's name in front.
fn in_array(dataset: &str, array: &str, error: Error) -> Error {
    error.context(format_args!("array '{array}' of dataset '{dataset}'"))
}

impl Drop for Store {
    fn drop(&mut self) {
        self.discard();
    }
}
