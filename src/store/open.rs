//! Creating and opening a store.

use crate::array::Io;
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{lock, read, write};
use crate::base::log::LogLevel;
use crate::base::maps::IndexMap;
use crate::base::pauses::Pauses;
use crate::base::pool::Pool;
use crate::base::process;
use crate::base::sync::atomic::AtomicBool;
use crate::base::sync::{Mutex, RwLock};
use crate::change::catalogue::Catalogue;
use crate::codec::Compression;
use crate::format::names::{self, file_name};
use crate::format::root::{self, Head, NOTATIONS, Notation, Root, id_text};
use crate::format::session::Ticket;
use crate::memory::budget::Budget;
use crate::memory::buffers::Buffers;
use crate::records::Records;
use crate::segment::SegmentReader;
use crate::storage::{self, Entry, Locking, Mark, ReaderPin, Storage, WriterLock};
use crate::store::options::{CreateOptions, IfExists, Mode, OpenOptions, RuntimeOptions};
use crate::store::readers::Shared;
use crate::store::worker::Worker;
use crate::store::{State, Store, sessions};
use crate::version::Version;
use crate::version::commit::{Committed, Committer, Outcome, commit};
use crate::version::defaults::Defaults;
use crate::version::edit::{Edit, Keep, NewFiles, NewRecords, Unsynced};
use crate::version::keeping::Keeping;
use crate::version::place::Place;
use crate::version::roots::{self, DEFAULT_KEPT, find_root, read_announced, read_last_root, repairable};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const DEFAULT_CACHE_BYTES: u64 = 64 << 20;
const DEFAULT_WRITE_BUFFER_BYTES: u64 = 256 << 20;
const READER_BYTES: u64 = 32 << 20;

impl Store {
    /// Makes a store at `path`, which is not there yet or is an empty folder, and opens it for writing. Where there is a
    /// store, [`CreateOptions::if_exists`] says what it does.
    pub fn create(path: impl AsRef<Path>, options: CreateOptions) -> Result<Arc<Self>> {
        let (storage, path) = storage::of(path.as_ref())?;
        Self::create_on(storage, &path, options)
    }

    /// [`Store::create`] on another storage than the file system.
    pub fn create_on(storage: Arc<dyn Storage>, path: &Path, options: CreateOptions) -> Result<Arc<Self>> {
        let notation = Notation { format: options.meta_format.unwrap_or_default(), zstd: options.meta_zstd };
        let default = Compression::DEFAULT;
        let compression = Compression {
            codec: options.codec.unwrap_or(default.codec),
            level: options.level.unwrap_or(default.level),
            shuffle: options.shuffle.unwrap_or(default.shuffle),
            filter: options.filter.unwrap_or(default.filter),
        };
        compression.check()?;
        let defaults = Defaults { compression, pack: options.pack.unwrap_or(true) };
        let path = absolute(&*storage, path)?;
        let mut found = match storage.create_dir(&path) {
            Ok(()) => None,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                check_empty(&*storage, &path, options.if_exists)?
            }
            Err(error) => return Err(Error::io("create folder", &path, &error)),
        };
        let lock = lock_writer(&*storage, &path, &options.runtime)?;
        let already = || error!(AlreadyExists, "{} already holds a store", path.display());
        if storage.has_locks() {
            // Another may have made one before this had the lock.
            found = find_root(&*storage, &path)?;
        }
        if let Some(found) = found {
            match options.if_exists {
                IfExists::Fail => return Err(already()),
                IfExists::Open => {
                    let (root, mark) = read_last_root(&*storage, &path, found)?;
                    return Self::open_locked(storage, path, found, (root, mark, lock), options.runtime, None, None);
                }
                IfExists::Replace => {
                    let other = options.meta_format.is_some_and(|format| format != found.format);
                    if other || options.meta_zstd && !found.zstd {
                        bail!(
                            InvalidArgument,
                            "store {} has its root in {}, which stays when it is replaced: remove it to have another",
                            path.display(),
                            found.file_name()
                        );
                    }
                    let anew = Some((options.keep_generations, defaults));
                    let (root, mark) = read_last_root(&*storage, &path, found)?;
                    return Self::open_locked(storage, path, found, (root, mark, lock), options.runtime, anew, None);
                }
            }
        }
        if lock.is_some() {
            remove_leftovers(&*storage, &path)?;
        }
        let head = Head {
            format_version: root::VERSION,
            required_features: Vec::new(),
            writer_features: Vec::new(),
            store_id: id_text(&(u128::from(names::unique()) << 64 | u128::from(names::unique())).to_be_bytes()),
            generation: 0,
            next_array_id: 1,
            default_compression: compression.into(),
            default_pack: defaults.pack,
            keep_generations: options.keep_generations,
            pins: IndexMap::default(),
            renamed: 0,
            attributes: Arc::default(),
            schemas: Vec::new(),
            array_files: IndexMap::default(),
            catalogue: None,
        };
        let sync = options.runtime.sync.unwrap_or(true);
        let mut place = Place::of(storage.clone(), path.clone(), notation, &head, sync)?;
        place.root_bytes = options.runtime.root_bytes;
        // Whoever made the folder may not have synced the one above. Once there is a root, writers take its folder for
        // durable. Where the folder above may not be read, that is left to who made the folder.
        let above = path.parent().unwrap_or(&path);
        match place.sync_folder(above) {
            Err(_) if storage.list(above).is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) => {}
            synced => synced?,
        }
        let io = Shared::of(&place, Mode::ReadWrite, &options.runtime)?;
        let mut committer = Committer::writer(None, lock, Vec::new());
        let edit = Edit {
            files: Vec::new(),
            records: NewRecords::same(&Records { next_array_id: 1, ..Records::default() }),
            retired: Vec::new(),
            new: NewFiles::new(&storage),
            unsynced: Unsynced::default(),
            keeping: Arc::new(Keeping::of(&head)?),
            defaults,
            keep: Keep::No,
        };
        match commit(&place, &io, &mut committer, &Version::default(), edit) {
            Outcome::Committed(Committed { version, durable }) => {
                durable?;
                let version = Arc::new(version);
                Self::assemble(place, io, Mode::ReadWrite, version, committer, options.runtime, None)
            }
            Outcome::NotCommitted(error) if error.kind() == ErrorKind::Conflict => Err(already()),
            Outcome::NotCommitted(error) | Outcome::Unknown(error) => Err(error),
        }
    }

    /// Opens the store at `path`.
    pub fn open(path: impl AsRef<Path>, mode: Mode, options: OpenOptions) -> Result<Arc<Self>> {
        let (storage, path) = storage::of(path.as_ref())?;
        Self::open_on(storage, &path, mode, options)
    }

    /// [`Store::open`] on another storage than the file system.
    pub fn open_on(storage: Arc<dyn Storage>, path: &Path, mode: Mode, options: OpenOptions) -> Result<Arc<Self>> {
        let path = absolute(&*storage, path)?;
        let runtime = options.runtime;
        let ticket = options.ticket.as_deref().map(Ticket::parse).transpose()?;
        if ticket.is_some() && mode == Mode::Read {
            bail!(
                InvalidArgument,
                "store {} is opened for reading: a ticket is for the one that commits",
                path.display()
            );
        }
        if mode == Mode::ReadWrite {
            let (notation, root, mark, lock) =
                read_announced(&*storage, &path, || lock_writer(&*storage, &path, &runtime))?;
            return Self::open_locked(storage, path, notation, (root, mark, lock), runtime, None, ticket.as_ref());
        }
        let (notation, root, mark, pin) = read_announced(&*storage, &path, || Ok(pin_reader(&*storage, &path)))?;
        let committer = Committer::reader(mark, pin);
        Self::with_root(storage, path.clone(), mode, notation, root, committer, runtime)
            .map_err(|error| repairable(error, &path))
    }

    /// Opens a store for writing, with its root and the lock that there is; with `anew`, to begin it anew: the commits that
    /// it is to keep, and the defaults of its arrays.
    fn open_locked(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        notation: Notation,
        (root, mark, held): (Root, Mark, Option<Box<dyn WriterLock>>),
        runtime: RuntimeOptions,
        anew: Option<(Option<u32>, Defaults)>,
        ticket: Option<&Ticket>,
    ) -> Result<Arc<Self>> {
        root.head.check_writable().map_err(|error| error.context(path.display()))?;
        let mut kept = roots::kept_generations(&*storage, &path, notation)?;
        kept.retain(|generation| *generation < root.head.generation);
        let committer = Committer::writer(Some(mark), held, kept);
        let store = Self::with_root(storage, path.clone(), Mode::ReadWrite, notation, root, committer, runtime)
            .map_err(|error| repairable(error, &path))?;
        let mut committer = lock(&store.committer)?;
        let version = read(&store.state)?.version.clone();
        if let Some(ticket) = ticket {
            store.adopt(&mut committer, ticket, &version)?;
        }
        committer.drop_kept(&store.place, &version.keeping, DEFAULT_KEPT);
        committer.clean_up(&store.place, &store.io, &version, &version, None);
        store.tell(committer);
        if let Some((keep_generations, defaults)) = anew {
            write(&store.state)?.begin_anew(keep_generations, defaults)?;
        }
        Ok(store)
    }

    /// A store with this root; what is wrong with that names the file.
    pub(super) fn with_root(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        mode: Mode,
        notation: Notation,
        root: Root,
        committer: Committer,
        runtime: RuntimeOptions,
    ) -> Result<Arc<Self>> {
        let file = path.join(notation.file_name());
        let named = |error: Error| error.context(file.display());
        let sync = runtime.sync.unwrap_or(true);
        let mut place = Place::of(storage, path, notation, &root.head, sync).map_err(named)?;
        place.root_bytes = runtime.root_bytes;
        let io = Shared::of(&place, mode, &runtime)?;
        let make = |known: &Version| Version::of(root, notation.format, &place.path, &place.storage, known);
        let version = io.version(committer.root.as_ref(), make).map_err(named)?;
        Self::assemble(place, io, mode, version, committer, runtime, None).map_err(named)
    }

    pub(super) fn assemble(
        place: Place,
        io: Arc<Shared>,
        mode: Mode,
        version: Arc<Version>,
        mut committer: Committer,
        runtime: RuntimeOptions,
        session_worker: Option<sessions::Worker>,
    ) -> Result<Arc<Self>> {
        committer.pin(version.generation);
        committer.pinned = version.keeping.pinned().collect();
        let catalogue = Catalogue::new(&version)?;
        let seen = Mutex::new(committer.root.clone());
        Ok(Arc::new_cyclic(|me| Self {
            state: RwLock::new(State::new(&place, catalogue, version)),
            place,
            mode,
            pid: process::id(),
            io,
            overflow: runtime.float_overflow,
            log: runtime.log,
            progress: runtime.progress,
            committer: Mutex::new(committer),
            seen,
            compacting: Mutex::default(),
            worker: Worker::default(),
            session: Mutex::default(),
            session_worker,
            closed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            me: me.clone(),
        }))
    }
}

/// What arrays are read and written with.
pub(super) fn io_of(place: &Place, mode: Mode, runtime: &RuntimeOptions) -> Result<Io> {
    let pool = Pool::shared(runtime.threads.or(place.storage.reads_at_once()))?;
    let cache = runtime.cache_bytes.unwrap_or(DEFAULT_CACHE_BYTES);
    let write_buffer = runtime.write_buffer_bytes.unwrap_or(DEFAULT_WRITE_BUFFER_BYTES);
    // A reader's is for memory that waits to be used again.
    let budget = Budget::new(if mode == Mode::Read { write_buffer.min(READER_BYTES) } else { write_buffer });
    let buffers = Buffers::new(&budget);
    let mut reader = SegmentReader::new(place.storage.clone(), place.store_id, cache, &buffers);
    if place.storage.reads_at_once().is_some() {
        reader = reader.reading_ahead(&pool);
    }
    Ok(Io { reader, buffers, budget, pool, covers: AtomicBool::new(false) })
}

pub(super) fn absolute(storage: &dyn Storage, path: &Path) -> Result<PathBuf> {
    storage.absolute(path).map_err(|error| Error::io("path", path, &error))
}

/// Refuses to make a store where something else is; a store only where `if_exists` says so. The root that is there.
fn check_empty(storage: &dyn Storage, path: &Path, if_exists: IfExists) -> Result<Option<Notation>> {
    let entries = storage.list(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => error!(InvalidArgument, "{} is not a folder", path.display()),
        _ => Error::io("list", path, &error),
    })?;
    let is_root = |entry: &Entry| NOTATIONS.iter().any(|notation| file_name(&entry.path) == notation.file_name());
    let found = if entries.iter().any(is_root) { find_root(storage, path)? } else { None };
    if found.is_some() {
        match if_exists {
            IfExists::Fail => bail!(AlreadyExists, "{} already holds a store", path.display()),
            IfExists::Open | IfExists::Replace => return Ok(found),
        }
    }
    // A create that was killed leaves these.
    let is_ours = |path: &Path| {
        let name = file_name(path);
        name == names::LOCK || names::is_left_by_a_writer(&name)
    };
    if let Some(entry) = entries.iter().find(|entry| !is_ours(&entry.path)) {
        bail!(InvalidArgument, "{} is not empty: it holds {}", path.display(), entry.path.display());
    }
    Ok(None)
}

/// Removes what creates that were killed have left.
fn remove_leftovers(storage: &dyn Storage, path: &Path) -> Result<()> {
    let entries = storage.list(path).map_err(|error| Error::io("list", path, &error))?;
    for entry in entries.iter().filter(|entry| names::is_left_by_a_writer(&file_name(&entry.path))) {
        storage.remove(&entry.path).map_err(|error| Error::io("remove", &entry.path, &error))?;
    }
    Ok(())
}

/// The writer's lock; where another writer has it, as soon as that one ends, as long as it may take.
pub(super) fn lock_writer(
    storage: &dyn Storage,
    path: &Path,
    runtime: &RuntimeOptions,
) -> Result<Option<Box<dyn WriterLock>>> {
    let file = path.join(names::LOCK);
    let mut pauses = Pauses::within(runtime.lock_timeout);
    let locking = loop {
        match storage.lock_writer(&file).map_err(|error| Error::io("lock", &file, &error))? {
            Locking::Refused(_) if pauses.pause() => {}
            locking => break locking,
        }
    };
    match locking {
        Locking::Held(lock) => Ok(Some(lock)),
        Locking::Refused(holder) => {
            let waited = match runtime.lock_timeout {
                Duration::ZERO => String::new(),
                timeout => format!(", after {} ms still", timeout.as_millis()),
            };
            Err(error!(Locked, "store {} is locked for writing by {holder}{waited}", path.display()))
        }
        Locking::Unneeded => Ok(None),
        Locking::Unsupported(why) => {
            if let Some(log) = &runtime.log {
                let message = format!(
                    "{}: the file system has no locks ({why}); a second writer is noticed only when it commits",
                    path.display()
                );
                log(LogLevel::Warning, &message);
            }
            Ok(None)
        }
    }
}

/// Announces a reader. Without it, a compaction may remove what the reader has not read yet; that it then says.
pub(super) fn pin_reader(storage: &dyn Storage, path: &Path) -> Option<Box<dyn ReaderPin>> {
    storage.pin_reader(&path.join(names::LOCK)).ok().flatten()
}
