//! Sessions: several handles write one store, and one of them commits.
//!
//! The one that commits gives out a ticket. Workers, which are handles made of it, write segments of their own and commit
//! nothing; what each has written comes back as an export, in bytes. Those that are imported are pending values as others are,
//! but for lying in files already, and the next flush names them. The files of workers that never come to that are removed when
//! the session ends, or, where the handle that commits is gone, by the next writer.

use crate::array::Io;
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{lock, read};
use crate::base::maps::HashSet;
use crate::base::sync::Mutex;
use crate::base::sync::atomic::Ordering;
use crate::change::catalogue::{Catalogue, Slot};
use crate::change::cut::{Cut, Totals};
use crate::change::export::Exporter;
use crate::change::flush::{Flush, flush};
use crate::change::import::{Import, Imported, Importer};
use crate::format::names::{self, WorkerId};
use crate::format::root::{self, ArrayRecord, DatasetRecord, Head, MetaFormat, Notation, Root, SchemaRecord};
use crate::format::session::{Export, MOST_WORKERS, Ticket};
use crate::memory::buffers;
use crate::records::Numbering;
use crate::storage::{self, Storage};
use crate::store::install::Change;
use crate::store::open::absolute;
use crate::store::options::{Mode, OpenOptions, SessionOptions};
use crate::store::readers::Shared;
use crate::store::{Ending, State, Store};
use crate::version::Version;
use crate::version::commit::{Committer, advance, head_of, make_durable};
use crate::version::edit::{Edit, NewRecords};
use crate::version::pins::Pin;
use crate::version::place::Place;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Times that an import is put together beside other calls; if these go on changing the store, they wait for the next.
const TRIES: usize = 3;

/// What the notation of a ticket's root is, and of what a worker has in memory.
const NOTATION: Notation = Notation { format: MetaFormat::MsgPack, zstd: false };

/// A session of the handle that commits.
#[derive(Default)]
pub(super) struct Session {
    /// `None` where none is on.
    on: Option<On>,
    /// Whether the handle comes to its end, which waits for pins: none is taken.
    is_ending: bool,
}

#[derive(Default)]
struct On {
    id: u64,
    workers: u32,
    /// Whether another handle began it.
    is_adopted: bool,
    /// What keeps the files of the commit of the last ticket.
    pin: Option<Pin>,
    imported: Imported,
    /// How many flushes there were when something was imported last: the next has all of it. Commits that are none,
    /// compactions, have nothing of it.
    flushes: u64,
}

/// What a handle is that was made of a ticket.
pub(super) struct Worker {
    id: WorkerId,
    exports: Mutex<Exports>,
}

struct Exports {
    /// How many there were.
    count: u32,
    /// The first id that this handle gives to an array.
    first_own_id: u64,
    /// One that nobody has taken.
    waiting: Option<Vec<u8>>,
}

impl Store {
    /// Begins a session, or renews the one that is on; the ticket from which [`Store::open_worker`] makes workers. They see
    /// the last commit, and the datasets and arrays that were defined since; not values that are not flushed.
    ///
    /// Until [`Store::session_end`], or the end of this handle, no file of a worker is removed, and exports of any ticket are
    /// taken. What the commit of the last ticket has stays; of earlier ones, values that were replaced since may be gone when a
    /// worker asks for them. A ticket after a flush tells workers of the commit: [`Store::renew`].
    pub fn session_begin(&self, options: SessionOptions<'_>) -> Result<Vec<u8>> {
        self.check_coordinator("begin a session")?;
        if options.workers > MOST_WORKERS {
            bail!(InvalidArgument, "{} workers, a session has at most {MOST_WORKERS}", options.workers);
        }
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        let mut session = lock(&self.session)?;
        let state = read(&self.state)?;
        self.check_open(state.ending.or(session.is_ending.then_some(Ending::Close)))?;
        let pin = committer.pins.pin(state.version.generation);
        let id = session.on.as_ref().map_or_else(names::unique, |on| on.id);
        let ticket = Ticket {
            session: id,
            workers: options.workers,
            path: self.place.path.to_str().map(str::to_owned).ok_or_else(|| {
                error!(InvalidArgument, "the path {} is not UTF-8: no ticket can name it", self.place.path.display())
            })?,
            sync: self.place.sync,
            root: ticket_root(&self.place, &self.io, &state, options.datasets)?,
        };
        let bytes = ticket.to_bytes()?;
        match &mut session.on {
            Some(on) => (on.workers, on.pin) = (options.workers, Some(pin)),
            none => {
                let on = On { id, workers: options.workers, is_adopted: false, pin: Some(pin), ..On::default() };
                self.go_on(none, &mut committer, on);
            }
        }
        drop((state, session));
        self.tell(committer);
        Ok(bytes)
    }

    /// Ends the session, if one is on: files of workers that were not imported are removed, and what they export from now on
    /// is refused. [`ErrorKind::UnflushedChanges`] where values were imported that are not flushed.
    pub fn session_end(&self) -> Result<()> {
        self.check_coordinator("end a session")?;
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        let mut session = lock(&self.session)?;
        let Some(on) = &mut session.on else { return Ok(()) };
        let (version, ahead, has_changes) = {
            let state = read(&self.state)?;
            on.follow(&state.catalogue);
            (state.version.clone(), state.ahead.clone(), state.catalogue.has_unflushed_changes())
        };
        if has_changes && on.imported.has_values() {
            let path = self.place.path.display();
            bail!(
                UnflushedChanges,
                "store {path}: values were imported that are not flushed: flush before the session ends"
            );
        }
        self.end_session(&mut session, &mut committer, [&version, &ahead]);
        drop(session);
        self.tell(committer);
        Ok(())
    }

    /// Forgets the session, and removes what its workers have left that these versions do not name.
    fn end_session(&self, session: &mut Session, committer: &mut Committer, [version, ahead]: [&Version; 2]) {
        // With what it has pinned.
        let Some(id) = session.on.take().map(|on| on.id) else { return };
        committer.session = None;
        self.io.covers.store(false, Ordering::Release);
        committer.clean_up(&self.place, &self.io, version, ahead, Some(id));
    }

    /// Ends the session with the handle: its workers' files go, but for those that the last commit has.
    pub(super) fn close_session(&self, committer: &mut Committer) {
        let (Ok(mut session), Ok(version)) =
            (lock(&self.session), read(&self.state).map(|state| state.version.clone()))
        else {
            return;
        };
        self.end_session(&mut session, committer, [&version, &version]);
    }

    /// Refuses to end a worker that has something to export.
    pub(super) fn check_exported(&self) -> Result<()> {
        let Some(worker) = &self.session_worker else { return Ok(()) };
        let is_waiting = lock(&worker.exports)?.waiting.is_some();
        if is_waiting || read(&self.state)?.catalogue.has_unflushed_changes() {
            bail!(
                UnflushedChanges,
                "worker {} has changes that are not exported: export first, or discard them",
                worker.id.worker
            );
        }
        Ok(())
    }

    /// Lets go of what a session keeps, at the end of the handle.
    pub(super) fn unpin_session(&self) {
        if let Ok(mut session) = self.session.lock() {
            session.is_ending = true;
            session.on.iter_mut().for_each(|on| on.pin = None);
        }
    }

    /// The handle goes on: its end has failed. What the ticket's commit had and the last has not may be gone.
    pub(super) fn pin_session_again(&self, committer: &Committer) {
        if let (Ok(mut session), Ok(state)) = (self.session.lock(), self.state.read()) {
            session.is_ending = false;
            session.on.iter_mut().for_each(|on| on.pin = Some(committer.pins.pin(state.version.generation)));
        }
    }

    /// The workers of the session from whom nothing was imported since the last commit, of as many as the session was told of.
    pub fn session_missing(&self) -> Result<Vec<u32>> {
        self.check_coordinator("ask for the workers of a session")?;
        let mut session = lock(&self.session)?;
        let Some(on) = &mut session.on else { return Err(no_session(&self.place)) };
        on.follow(&read(&self.state)?.catalogue);
        buffers::collect(on.imported.missing(on.workers))
    }

    /// Takes over what workers have exported: all of it, or where an error is returned, nothing. It is then pending, as if this
    /// handle had written it, and the next flush makes it part of the store. What was imported already is left out.
    ///
    /// The order of the exports means nothing. Definitions that are equal are one. [`ErrorKind::Conflict`] where two workers have
    /// written one cell, or a worker and this handle; where definitions or attributes differ; where two have appended to one
    /// array, or it was shrunk since the ticket; where an export is of another session. [`ErrorKind::Corrupt`] and
    /// [`ErrorKind::NotFound`] where an export or a file of it is damaged or gone.
    pub fn import(&self, exports: &[&[u8]]) -> Result<()> {
        self.check_coordinator("import")?;
        let parse = |(number, bytes): (usize, &&[u8])| {
            Export::parse(bytes).map_err(|error| error.context(format_args!("export {number} of {}", exports.len())))
        };
        let exports: Vec<Export> = exports.iter().enumerate().map(parse).collect::<Result<_>>()?;
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        self.check_not_poisoned()?;
        let mut session = lock(&self.session)?;
        let Some(on) = &mut session.on else { return Err(no_session(&self.place)) };
        let added = self.put_together(on, &exports, &mut committer)?;
        on.imported.add(added);
        drop(session);
        self.tell(committer);
        Ok(())
    }

    fn put_together(&self, on: &mut On, exports: &[Export], committer: &mut Committer) -> Result<Imported> {
        let importer = |on: &On, state: &State, others_wait: bool| -> Result<Import> {
            Importer {
                place: &self.place,
                io: &self.io,
                catalogue: &state.catalogue,
                ahead: &state.ahead,
                session: on.id,
                is_adopted: on.is_adopted,
                imported: &on.imported,
                others_wait,
            }
            .import(exports)
        };
        let mut tries = 0;
        loop {
            on.follow(&read(&self.state)?.catalogue);
            let import = match tries < TRIES {
                true => Some(importer(on, &*self.state_for_values()?, false)?),
                false => None,
            };
            let queue = lock(&self.worker.queue)?;
            if queue.is_empty() {
                let mut state = self.state_mut()?;
                // Another call may have changed what it was put together of.
                let import = match import.filter(|import| import.changes == state.catalogue.changes()) {
                    None if tries < TRIES => None,
                    None => Some(importer(on, &state, true)?),
                    made => made,
                };
                if let Some(import) = import {
                    let ahead = state.ahead.clone();
                    let imported = import.install(&self.io, &mut state.catalogue, &ahead)?;
                    on.flushes = state.catalogue.flushes();
                    return Ok(imported);
                }
            } else {
                // A flush that was begun meanwhile has nothing of it: the next commit would pass for one that has.
                drop(queue);
                self.carry_out_so_far(committer)?;
            }
            tries += 1;
        }
    }

    /// Makes a worker of a ticket: a handle that takes no lock, reads no file of the store until it is asked for values,
    /// and commits nothing. `worker` is its number, which no other that is at work has. The store is where the ticket says, or
    /// at `path`.
    ///
    /// It can define datasets and arrays, set attributes, write, append to arrays that no other appends to, and read: what the
    /// ticket knows, and what it has written itself. [`Store::export`] hands out what it did.
    pub fn open_worker(ticket: &[u8], worker: u32, path: Option<&Path>, options: OpenOptions) -> Result<Arc<Self>> {
        let ticket = Ticket::parse(ticket)?;
        let path = path.map_or_else(|| PathBuf::from(&ticket.path), Path::to_owned);
        let (storage, path) = storage::of(&path)?;
        Self::make_worker(storage, &path, ticket, worker, options)
    }

    /// [`Store::open_worker`] on another storage than the file system.
    pub fn open_worker_on(
        storage: Arc<dyn Storage>,
        path: &Path,
        ticket: &[u8],
        worker: u32,
        options: OpenOptions,
    ) -> Result<Arc<Self>> {
        Self::make_worker(storage, path, Ticket::parse(ticket)?, worker, options)
    }

    fn make_worker(
        storage: Arc<dyn Storage>,
        path: &Path,
        ticket: Ticket,
        worker: u32,
        options: OpenOptions,
    ) -> Result<Arc<Self>> {
        let path = absolute(&*storage, path)?;
        let root = root_of(&ticket)?;
        let (runtime, first_own_id) = (options.runtime, root.head.next_array_id);
        let mut place = Place::of(storage, path, NOTATION, &root.head, ticket.sync && runtime.sync.unwrap_or(true))?;
        // All that it says of datasets it hands out.
        place.root_bytes = Some(u64::MAX);
        let id = WorkerId { session: ticket.session, worker, handle: names::unique() as u32 };
        place.worker = Some(id);
        let io = Shared::of(&place, Mode::ReadWrite, &runtime)?;
        io.covers.store(true, Ordering::Release);
        let version = Arc::new(version_of(root, &place)?);
        let exports = Mutex::new(Exports { count: 0, first_own_id, waiting: None });
        let committer = Committer::writer(None, None, Vec::new());
        Self::assemble(place, io, Mode::ReadWrite, version, committer, runtime, Some(Worker { id, exports }))
    }

    /// Writes what changed since the last export, makes it durable, and hands it out for [`Store::import`]; of a worker on
    /// which nothing has changed, that. If `take` does not take the bytes they wait for the next call.
    ///
    /// After an error nothing is lost, and it can be tried again, except after [`ErrorKind::Poisoned`].
    pub fn export_to<R>(&self, take: impl FnOnce(&[u8]) -> (bool, R)) -> Result<R> {
        let worker = self.check_worker()?;
        let mut committer = self.lock_committer()?;
        self.check_usable()?;
        let mut exports = lock(&worker.exports)?;
        let bytes = match exports.waiting.take() {
            Some(waiting) => waiting,
            None => {
                let exported = self.export_locked(worker, &exports, &mut committer);
                let bytes = exported.map_err(|error| self.note_poison(error.missing_is(ErrorKind::Io)))?;
                exports.count += 1;
                bytes
            }
        };
        let (is_taken, result) = take(&bytes);
        exports.waiting = (!is_taken).then_some(bytes);
        drop(exports);
        self.tell(committer);
        Ok(result)
    }

    /// [`Store::export_to`] into a list of bytes.
    pub fn export(&self) -> Result<Vec<u8>> {
        self.export_to(|bytes| {
            let copy = buffers::collect(bytes.iter().copied());
            (copy.is_ok(), copy)
        })?
    }

    fn export_locked(&self, worker: &Worker, exports: &Exports, _: &mut Committer) -> Result<Vec<u8>> {
        self.check_not_poisoned()?;
        self.io.buffers.settle();
        let (base, ahead) = {
            let state = read(&self.state)?;
            (state.version.clone(), state.ahead.clone())
        };
        let exporter = Exporter {
            place: &self.place,
            io: &self.io,
            worker: worker.id,
            epoch: exports.count + 1,
            first_own_id: exports.first_own_id,
            base: &base,
        };
        let Some(mut cut) = self.cut_for_export()? else {
            return exporter.export(None, &base)?.to_bytes();
        };
        let made = self.write_export(&exporter, &cut, &ahead);
        match made {
            Ok((bytes, version, totals)) => {
                self.install(Change::Flushed { version, cut: &mut cut, totals: &totals })?;
                Ok(bytes)
            }
            Err(error) => {
                let removed = std::mem::take(&mut cut.removed);
                self.install(Change::Failed { frozen: &cut.frozen, removed, error: &error, keep_error: false })?;
                Err(error)
            }
        }
    }

    fn write_export(&self, exporter: &Exporter<'_>, cut: &Cut, ahead: &Version) -> Result<(Vec<u8>, Version, Totals)> {
        let Flush { edit, totals, .. } = flush(&self.place, &self.io, ahead, cut, false)?;
        if self.place.sync {
            make_durable(&self.place, &self.io, &edit.unsynced, None)?;
        }
        let Edit { files, records, mut new, .. } = edit;
        let after = ahead.with(files);
        let bytes = exporter.export(Some(cut), &after)?.to_bytes()?;
        let version = advance(&self.place, after, records)?;
        new.leave();
        Ok((bytes, version, totals))
    }

    /// Has a worker go on from a later ticket of its session: it sees what was committed since. What it has exported and
    /// nobody has committed it does not see any more. [`ErrorKind::UnflushedChanges`] where it has something to export.
    pub fn renew(&self, ticket: &[u8]) -> Result<()> {
        let worker = self.check_worker()?;
        let ticket = Ticket::parse(ticket)?;
        if ticket.session != worker.id.session {
            bail!(
                Conflict,
                "the ticket is of session {:016x}, this is a worker of {:016x}",
                ticket.session,
                worker.id.session
            );
        }
        let root = root_of(&ticket)?;
        self.place.check_same(&root.head)?;
        let committer = self.lock_committer()?;
        self.check_usable()?;
        let mut exports = lock(&worker.exports)?;
        let held = {
            let state = read(&self.state)?;
            if state.catalogue.has_unflushed_changes() || exports.waiting.is_some() {
                bail!(UnflushedChanges, "worker {} has changes that are not exported: export first", worker.id.worker);
            }
            state.version.clone()
        };
        exports.first_own_id = root.head.next_array_id;
        let version = Version::of(root, NOTATION.format, &self.place.path, &self.place.storage, &held)?;
        let catalogue = Box::new(Catalogue::new(&version)?);
        self.install(Change::Replaced { version: Arc::new(version), catalogue })?;
        drop(exports);
        self.tell(committer);
        Ok(())
    }

    /// Nothing that was imported is pending any more, and flushes are counted anew.
    pub(super) fn forget_imported(&self) -> Result<()> {
        lock(&self.session)?.on.iter_mut().for_each(|on| on.imported.committed());
        Ok(())
    }

    /// Goes on with the session of a ticket whose handle is gone.
    pub(super) fn adopt(&self, committer: &mut Committer, ticket: &Ticket, version: &Version) -> Result<()> {
        let root = root_of(ticket)?;
        self.place.check_same(&root.head)?;
        if root.head.generation > version.generation {
            let (of, last, path) = (root.head.generation, version.generation, self.place.path.display());
            bail!(Conflict, "store {path}: the ticket is of commit {of}, the last is {last}");
        }
        let pin = committer.pins.pin(root.head.generation);
        let (id, workers) = (ticket.session, ticket.workers);
        let on = On { id, workers, is_adopted: true, pin: Some(pin), ..On::default() };
        self.go_on(&mut lock(&self.session)?.on, committer, on);
        Ok(())
    }

    /// Puts a session on.
    fn go_on(&self, none: &mut Option<On>, committer: &mut Committer, on: On) {
        committer.session = Some(on.id);
        self.io.covers.store(true, Ordering::Release);
        *none = Some(on);
    }

    /// Refuses what workers do not do; `what` is that.
    pub(super) fn check_coordinator(&self, what: &str) -> Result<()> {
        self.check_writable()?;
        self.check_no_worker(what)
    }

    pub(super) fn check_no_worker(&self, what: &str) -> Result<()> {
        match &self.session_worker {
            None => Ok(()),
            Some(worker) => Err(error!(
                Unsupported,
                "worker {} of a session cannot {what}: that is for the handle that began it", worker.id.worker
            )),
        }
    }

    fn check_worker(&self) -> Result<&Worker> {
        self.check_writable()?;
        let path = self.place.path.display();
        self.session_worker
            .as_ref()
            .ok_or_else(|| error!(InvalidArgument, "store {path}: this is not a worker of a session"))
    }

    /// Whether arrays keep their chunks when they grow: workers know them by these.
    pub(super) fn keeps_chunks(&self) -> bool {
        self.io.covers.load(Ordering::Acquire)
    }
}

impl On {
    /// Forgets what a flush has.
    fn follow(&mut self, catalogue: &Catalogue) {
        if catalogue.flushes() != self.flushes {
            self.imported.committed();
        }
    }
}

fn no_session(place: &Place) -> Error {
    error!(Conflict, "store {}: no session is on", place.path.display())
}

fn root_of(ticket: &Ticket) -> Result<Root> {
    root::parse(NOTATION, ticket.root.clone()).map_err(|error| error.context("a ticket"))
}

fn version_of(root: Root, place: &Place) -> Result<Version> {
    let version = Version::of(root, NOTATION.format, &place.path, &place.storage, &Version::default());
    version.map_err(|error| error.context("a ticket"))
}

/// What workers are told: a root of the last commit, but with what is defined since, and of some datasets only if `datasets`
/// names them.
fn ticket_root(place: &Place, io: &Io, state: &State, datasets: Option<&[&str]>) -> Result<Vec<u8>> {
    let catalogue = &state.catalogue;
    let all;
    let names: Vec<&str> = match datasets {
        Some(some) => some.to_vec(),
        None => {
            all = catalogue.names(&io.pool)?;
            all.iter().collect()
        }
    };
    let (mut numbering, mut records, mut arrays) = (Numbering::of(&[]), Vec::new(), BTreeSet::new());
    let mut seen = HashSet::default();
    for name in names.into_iter().filter(|name| seen.insert(*name)) {
        let slot: Arc<Slot> = catalogue.slot(name)?;
        let dataset = slot.dataset();
        let mut record = DatasetRecord { arrays: Default::default(), attributes: dataset.attributes.clone() };
        for (array, entry) in dataset.arrays.iter() {
            let data = read(&entry.array.data)?;
            let of = ArrayRecord {
                id: entry.array.id,
                place: (entry.place != entry.array.id).then_some(entry.place),
                schema: numbering.number(&entry.array.schema),
                shape: data.shape.to_vec(),
                stored: data.committed_totals().encode(entry.array.schema.dtype),
                attributes: entry.attributes.clone(),
            };
            arrays.insert(array.clone());
            record.arrays.insert(array.clone(), of);
        }
        records.push((name.to_owned(), root::encode(NOTATION.format, &record)?));
    }
    let mut version = (*state.version).clone();
    version.files.retain(|name, _| arrays.contains(name));
    let said = NewRecords { files: Vec::new(), ..NewRecords::same(&state.version.records) };
    let head = Head {
        attributes: catalogue.attributes().clone(),
        schemas: numbering.list.iter().map(|schema| SchemaRecord::encode(schema)).collect(),
        next_array_id: catalogue.next_array_id,
        ..head_of(place, &version, &said)
    };
    let datasets: Vec<(&str, &[u8])> = records.iter().map(|(name, bytes)| (&**name, &bytes[..])).collect();
    Ok(root::write(NOTATION, &head, &datasets)?.file)
}
