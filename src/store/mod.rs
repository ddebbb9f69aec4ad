//! A store in use: the Rust API.
//!
//! Locks, in the order they are taken: `compacting` (one compaction at a time), `committer` (one commit at a time), the
//! worker's queue (for a moment), `state` (shared by all that read or write arrays, exclusive for changes to the catalogue
//! and for the moment in which a flush begins or a commit is installed), then an array's own. docs/architecture.md has
//! those below.

mod affected;
mod arrays;
mod attributes;
mod callbacks;
mod collect;
mod commits;
mod copy;
mod dataset;
mod info;
mod install;
mod open;
pub(crate) mod options;
mod pins;
mod places;
mod readers;
mod repair;
mod sessions;
mod statistics;
mod verify;
mod worker;

pub use affected::Affected;
pub use dataset::Dataset;
pub use info::{ArrayFileInfo, ArrayInfo, StoreInfo};
pub use pins::PinnedCommit;
pub use places::{ChunkPlace, ChunkPlaces};
pub use repair::{DamagedSegment, Newer, Repair, RepairOptions};
pub use verify::Damage;

use crate::base::convert::FloatOverflow;
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{read, write};
use crate::base::log::LogLevel;
use crate::base::names::check_name;
use crate::base::process;
use crate::base::sync::atomic::{AtomicBool, Ordering};
use crate::base::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::change::catalogue::{ArrayEntry, Catalogue, Slot};
use crate::segment::Segments;
use crate::storage::Mark;
use crate::version::Version;
use crate::version::commit::Committer;
use crate::version::defaults::Defaults;
use crate::version::edit::NewFiles;
use crate::version::place::Place;
use options::{LogFn, Mode, ProgressFn};
use readers::Shared;
use sessions::Session;
use std::sync::{Arc, PoisonError, Weak};
use worker::Worker;

/// An open store.
///
/// Every method may be called from any thread at once. Changes are in memory, or in files that no commit names, until
/// [`Store::flush`]. Dropping the last reference discards what is not flushed; where a flush was begun, or
/// values are being written ahead of one, that is after it is done. [`Store::close`] and [`Store::discard`] wait, so that
/// the store can be opened again when they return, and say nothing; a drop tells the log callback what it loses, on the
/// thread that drops.
pub struct Store {
    place: Place,
    mode: Mode,
    /// The process that opened it.
    pid: u32,
    io: Arc<Shared>,
    overflow: FloatOverflow,
    log: Option<LogFn>,
    progress: Option<ProgressFn>,
    state: RwLock<State>,
    committer: Mutex<Committer>,
    /// The root of what a reader sees: to wait for another, without waiting for the committer.
    seen: Mutex<Option<Mark>>,
    compacting: Mutex<()>,
    worker: Worker,
    session: Mutex<Session>,
    /// What it is where it was made of a ticket.
    session_worker: Option<sessions::Worker>,
    closed: AtomicBool,
    poisoned: AtomicBool,
    /// For threads that work beside the calls.
    me: Weak<Store>,
}

/// What all calls see; written by [`Store::install`], but for what is done to the catalogue.
struct State {
    catalogue: Catalogue,
    /// The last commit.
    version: Arc<Version>,
    /// The last commit, with the segments that were written ahead of the next: what arrays are read from.
    ahead: Arc<Version>,
    /// The files that `ahead` has beyond `version`.
    written_ahead: NewFiles,
    /// Whether the last commit is to be replaced whole: `ahead` has nothing of it.
    replaces: bool,
    /// What goes on, while any change would be lost.
    ending: Option<Ending>,
}

/// What puts an end to the state that calls see.
#[derive(Clone, Copy)]
enum Ending {
    Close,
    Rollback,
}

impl Store {
    /// Refuses calls on a store that is closed, or that a parent process opened.
    fn check_usable(&self) -> Result<()> {
        if process::id() != self.pid {
            bail!(
                Forked,
                "store {} was opened by process {} before it forked: open it again in this one",
                self.place.path.display(),
                self.pid
            );
        }
        if self.closed.load(Ordering::Acquire) {
            bail!(InvalidHandle, "the handle is closed: store {}", self.place.path.display());
        }
        Ok(())
    }

    fn check_writable(&self) -> Result<()> {
        self.check_usable()?;
        if self.mode == Mode::Read {
            bail!(ReadOnly, "store {} is open for reading", self.place.path.display());
        }
        Ok(())
    }

    /// The state, to look things up and to read and write arrays in.
    fn state(&self) -> Result<RwLockReadGuard<'_, State>> {
        self.check_usable()?;
        read(&self.state)
    }

    /// The state, to write arrays in.
    fn state_for_values(&self) -> Result<RwLockReadGuard<'_, State>> {
        self.check_writable()?;
        let state = read(&self.state)?;
        self.check_open(state.ending)?;
        Ok(state)
    }

    /// The state, to change the catalogue.
    fn state_mut(&self) -> Result<RwLockWriteGuard<'_, State>> {
        self.check_writable()?;
        let state = write(&self.state)?;
        self.check_open(state.ending)?;
        Ok(state)
    }

    fn check_open(&self, ending: Option<Ending>) -> Result<()> {
        match ending {
            None => Ok(()),
            Some(Ending::Close) => {
                Err(error!(InvalidHandle, "the handle is being closed: store {}", self.place.path.display()))
            }
            Some(Ending::Rollback) => {
                Err(error!(Conflict, "store {} is being rolled back by another thread", self.place.path.display()))
            }
        }
    }

    fn log(&self, level: LogLevel, message: &str) {
        if let Some(log) = &self.log {
            self.call_back(|| log(level, message));
        }
    }

    /// Gives back what belongs to commits, and tells what there is to tell of them.
    fn tell(&self, mut committer: MutexGuard<'_, Committer>) {
        let messages = std::mem::take(&mut committer.messages);
        drop(committer);
        messages.iter().for_each(|(level, message)| self.log(*level, message));
    }

    /// Tells the progress callback, which may stop the call.
    fn progress(&self, what: &str, done: u64, total: u64) -> Result<()> {
        match &self.progress {
            Some(progress) if !self.call_back(|| progress(what, done, total)) => {
                Err(error!(Cancelled, "{what} was cancelled after {done} of {total}"))
            }
            _ => Ok(()),
        }
    }

    fn check_not_poisoned(&self) -> Result<()> {
        if self.poisoned.load(Ordering::Acquire) {
            bail!(Poisoned, "an earlier fsync or rename of store {} failed: reopen it", self.place.path.display());
        }
        Ok(())
    }

    fn note_poison(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Poisoned {
            self.poisoned.store(true, Ordering::Release);
        }
        error
    }

    /// Flushes, then releases the store: every later call is an error. If the flush fails the store stays usable, with
    /// everything still in memory.
    pub fn close(&self) -> Result<()> {
        self.check_usable()?;
        let mut committer = self.lock_committer_to_end()?;
        self.check_usable()?;
        let flushed = match self.mode {
            Mode::ReadWrite if self.session_worker.is_some() => self.check_exported(),
            Mode::ReadWrite => self.flush_locked(&mut committer, true),
            Mode::Read => Ok(()),
        };
        match flushed {
            Ok(()) => {
                self.close_session(&mut committer);
                self.release(&mut committer);
            }
            Err(_) => self.pin_session_again(&committer),
        }
        self.tell(committer);
        flushed
    }

    /// Releases the store without a flush: everything since the last one is gone. A flush that was begun is finished
    /// first. From a callback of this store it does nothing.
    pub fn discard(&self) {
        // In a child made by fork the locks belong to the parent, and may be held by threads that are not here.
        if process::id() != self.pid || self.is_calling_back() {
            return;
        }
        match self.lock_committer_to_end() {
            Ok(mut committer) => self.release(&mut committer),
            Err(_) => {
                // What a panic left is not trusted to say which files are not committed: the next writer knows.
                self.closed.store(true, Ordering::Release);
                self.state.write().unwrap_or_else(PoisonError::into_inner).written_ahead.leave();
                let mut committer = self.committer.lock().unwrap_or_else(PoisonError::into_inner);
                (committer.lock, committer.pin) = (None, None);
            }
        }
    }

    /// Tells the log what a drop loses, which nobody has asked for by [`Store::close`] or [`Store::discard`].
    fn warn_of_loss(&self) {
        if self.closed.load(Ordering::Acquire) || process::id() != self.pid || self.is_calling_back() {
            return;
        }
        if self.state.read().is_ok_and(|state| state.catalogue.has_unflushed_changes()) {
            let path = self.place.path.display();
            self.log(LogLevel::Warning, &format!("store {path}: the changes since the last flush are discarded"));
        }
    }

    /// What the end of the process loses, where there is no log to tell, and nobody has to be waited for to know.
    #[cfg(feature = "capi")]
    pub(crate) fn loss_at_exit(&self) -> Option<String> {
        if self.log.is_some() || self.closed.load(Ordering::Acquire) || process::id() != self.pid {
            return None;
        }
        let path = self.place.path.display();
        let is_lost = self.state.try_read().is_ok_and(|state| state.catalogue.has_unflushed_changes());
        is_lost.then(|| {
            format!("store {path}: the changes since the last flush are lost: the process ends, and it was not closed")
        })
    }

    /// Locks what belongs to commits once nothing reads a pinned version any more: when the writer's lock is gone, nobody
    /// keeps its files.
    fn lock_committer_to_end(&self) -> Result<MutexGuard<'_, Committer>> {
        self.check_not_calling_back()?;
        self.unpin_session();
        loop {
            let committer = self.lock_committer()?;
            if committer.pins.is_empty() {
                return Ok(committer);
            }
            let pins = committer.pins.clone();
            // What has pinned it may need the committer to come to its end.
            drop(committer);
            pins.wait_until_none();
        }
    }

    fn release(&self, committer: &mut Committer) {
        if !self.closed.swap(true, Ordering::AcqRel)
            && let Ok(mut state) = self.state.write()
        {
            // While the lock is still held: afterwards another writer removes them.
            state.written_ahead.remove();
        }
        (committer.lock, committer.pin) = (None, None);
    }

    /// What this handle makes of floats that do not fit: see [`RuntimeOptions::float_overflow`](crate::RuntimeOptions).
    pub fn float_overflow(&self) -> FloatOverflow {
        self.overflow
    }

    /// Makes an empty dataset.
    pub fn create_dataset(&self, name: &str) -> Result<Dataset<'_>> {
        check_name("dataset", name)?;
        self.state_mut()?.catalogue.create(name)?;
        Ok(Dataset::new(self, name))
    }

    /// Deletes a dataset and its arrays. Their bytes stay on disk until [`Store::compact`].
    pub fn delete_dataset(&self, name: &str) -> Result<()> {
        self.check_coordinator("delete a dataset")?;
        self.state_mut()?.catalogue.delete(name)
    }

    /// Gives a dataset another name, and moves nothing: its arrays and their files are what they were. It is the last in the
    /// order of [`Store::dataset_names`] from then on.
    pub fn rename_dataset(&self, dataset: &str, name: &str) -> Result<()> {
        self.check_coordinator("rename a dataset")?;
        check_name("dataset", name)?;
        self.state_mut()?.catalogue.rename(dataset, name)
    }

    /// A view of a dataset.
    pub fn dataset(&self, name: &str) -> Result<Dataset<'_>> {
        if !self.state()?.catalogue.contains(name)? {
            bail!(NotFound, "no dataset '{name}'");
        }
        Ok(Dataset::new(self, name))
    }

    /// Whether there is a dataset of this name.
    pub fn has_dataset(&self, name: &str) -> Result<bool> {
        self.state()?.catalogue.contains(name)
    }

    /// Number of datasets.
    pub fn dataset_count(&self) -> Result<usize> {
        Ok(self.state()?.catalogue.len())
    }

    /// Names of the datasets, in the order they were created.
    pub fn dataset_names(&self) -> Result<Vec<Arc<str>>> {
        crate::memory::buffers::collect(self.state()?.catalogue.names(&self.io.pool)?.iter().map(Arc::from))
    }

    /// Hands the names of the datasets to `take`, in the order they were created, each followed by a NUL.
    #[cfg(feature = "capi")]
    pub(crate) fn with_dataset_names<R>(&self, take: impl FnOnce(&str) -> Result<R>) -> Result<R> {
        take(self.state()?.catalogue.names(&self.io.pool)?.text())
    }

    /// The name of one dataset, counted from 0 in the order they were created.
    pub fn dataset_name_at(&self, index: usize) -> Result<Arc<str>> {
        let state = self.state()?;
        let names = state.catalogue.names(&self.io.pool)?;
        let count = names.len();
        let name = names.get(index).map(Arc::from);
        name.ok_or_else(|| error!(OutOfRange, "dataset index {index}, there are {count} datasets"))
    }
}

impl State {
    fn new(place: &Place, catalogue: Catalogue, version: Arc<Version>) -> Self {
        let written_ahead = NewFiles::new(&place.storage);
        Self { catalogue, ahead: version.clone(), version, written_ahead, replaces: false, ending: None }
    }

    /// Deletes everything, and what the store says of itself, as a change that the next flush makes: what is made from now
    /// on follows an empty version.
    fn begin_anew(&mut self, keep_generations: Option<u32>, defaults: Defaults) -> Result<()> {
        let empty = self.version.emptied(keep_generations, defaults);
        let mut catalogue = Catalogue::new(&empty)?;
        catalogue.note_begun_anew();
        (self.catalogue, self.ahead, self.replaces) = (catalogue, Arc::new(empty), true);
        Ok(())
    }

    /// Calls `f` with an array, the slot of its dataset and what is stored under its name; errors then name the array.
    fn with_array<R>(
        &self,
        dataset: &str,
        array: &str,
        f: impl FnOnce(&Slot, &ArrayEntry, Segments) -> Result<R>,
    ) -> Result<R> {
        let slot = self.catalogue.slot(dataset)?;
        let entry = slot.dataset().array(dataset, array)?;
        f(&slot, entry, self.ahead.segments(array))
            .map_err(|error| in_array(dataset, array, error.missing_is(ErrorKind::Corrupt)))
    }
}

/// The error of something done to an array, with the array's name in front.
fn in_array(dataset: &str, array: &str, error: Error) -> Error {
    error.context(format_args!("array '{array}' of dataset '{dataset}'"))
}

impl Drop for Store {
    fn drop(&mut self) {
        self.warn_of_loss();
        self.discard();
    }
}
