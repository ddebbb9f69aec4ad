//! Creating, opening and refreshing a store; reading and replacing its root.

use super::catalogue::Catalogue;
use super::*;
use crate::base::pool::Pool;
use crate::base::process;
use crate::format::root::{self, Head, NOTATIONS, Root, SegmentRecord};
use crate::memory::budget::Budget;
use crate::memory::buffers::Buffers;
use crate::segment::{NewFile, Segment, SegmentReader, sync_folder};
use crate::storage::{LocalDisk, Locking, read_all};
use crate::store::options::{CreateOptions, OpenOptions, RuntimeOptions};
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

const LOCK_FILE: &str = ".lock";
const DEFAULT_CACHE_BYTES: u64 = 64 << 20;
const DEFAULT_WRITE_BUFFER_BYTES: u64 = 256 << 20;
const READER_BYTES: u64 = 32 << 20;

impl Store {
    /// Makes a store at `path`, which is not there yet or is an empty folder, and opens it for writing.
    pub fn create(path: impl AsRef<Path>, options: CreateOptions) -> Result<Arc<Self>> {
        Self::create_on(Arc::new(LocalDisk), path.as_ref(), options)
    }

    /// [`Store::create`] on another storage than the file system.
    pub fn create_on(storage: Arc<dyn Storage>, path: &Path, options: CreateOptions) -> Result<Arc<Self>> {
        let notation = Notation { format: options.meta_format.unwrap_or_default(), zstd: options.meta_zstd };
        let default = Compression::DEFAULT;
        let compression = Compression {
            codec: options.codec.unwrap_or(default.codec),
            level: options.level.unwrap_or(default.level),
            shuffle: options.shuffle.unwrap_or(default.shuffle),
        };
        compression.check()?;
        let sync = options.runtime.sync.unwrap_or(true);
        let path = absolute(path)?;
        match storage.create_dir(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_empty(&*storage, &path)?,
            Err(error) => return Err(Error::io("create folder", &path, &error)),
        }
        let lock = lock_writer(&*storage, &path, &options.runtime)?;
        if find_root(&*storage, &path)?.is_some() {
            bail!(AlreadyExists, "{} already holds a store", path.display());
        }
        let store_id = (u128::from(cleanup::unique()) << 64 | u128::from(cleanup::unique())).to_be_bytes();
        let head = Head {
            format_version: root::VERSION,
            required_features: Vec::new(),
            writer_features: Vec::new(),
            store_id: hex(&store_id),
            generation: 1,
            next_array_id: 1,
            default_compression: compression.into(),
            keep_generations: options.keep_generations,
            schemas: Vec::new(),
            array_files: IndexMap::new(),
        };
        let written = root::write(notation, &head, &[])?;
        let identity = write_root(&*storage, &path, notation, &written.file, |root| {
            if sync {
                root.sync()?;
                // Whoever made the folder may not have. Once there is a root, writers take its folder for durable. Where
                // the folder above may not be read, that is left to who made the folder.
                let above = path.parent().unwrap_or(&path);
                match sync_folder(&*storage, above) {
                    Err(_) if storage.list(above).is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied) => {}
                    synced => synced?,
                }
            }
            Ok(())
        })?;
        if sync {
            sync_folder(&*storage, &path)?;
        }
        let root = root::parse(notation, written.file)?;
        let commit = Commit::new(identity, lock, None, Vec::new());
        Self::assemble(storage, path, Mode::ReadWrite, notation, root, commit, options.runtime)
    }

    /// Opens the store at `path`.
    pub fn open(path: impl AsRef<Path>, mode: Mode, options: OpenOptions) -> Result<Arc<Self>> {
        Self::open_on(Arc::new(LocalDisk), path.as_ref(), mode, options)
    }

    /// [`Store::open`] on another storage than the file system.
    pub fn open_on(storage: Arc<dyn Storage>, path: &Path, mode: Mode, options: OpenOptions) -> Result<Arc<Self>> {
        let path = absolute(path)?;
        let notation = expect_root(&*storage, &path)?;
        let runtime = options.runtime;
        let (lock, pin) = match mode {
            Mode::ReadWrite => (lock_writer(&*storage, &path, &runtime)?, None),
            Mode::Read => (None, pin_reader(&*storage, &path)),
        };
        let (root, identity) = read_last_root(&*storage, &path, notation)?;
        let mut kept = Vec::new();
        if mode == Mode::ReadWrite {
            root.head.check_writable().map_err(|error| error.context(path.display()))?;
            kept = generations::kept_generations(&*storage, &path, notation)?;
            kept.retain(|generation| *generation < root.head.generation);
        }
        let commit = Commit::new(identity, lock, pin, kept);
        let file = path.join(notation.file_name());
        let store = Self::assemble(storage, path.clone(), mode, notation, root, commit, runtime)
            .map_err(|error| repairable(error.context(file.display()), &path))?;
        if mode == Mode::ReadWrite {
            let mut commit = super::lock(&store.commit)?;
            store.drop_kept(&mut commit, generations::DEFAULT_KEPT);
            store.remove_unnamed_files(&mut commit, &read(&store.working)?.files.clone());
            store.tell(commit);
        }
        Ok(store)
    }

    pub(super) fn assemble(
        storage: Arc<dyn Storage>,
        path: PathBuf,
        mode: Mode,
        notation: Notation,
        root: Root,
        mut commit: Commit,
        runtime: RuntimeOptions,
    ) -> Result<Arc<Self>> {
        commit.pin(root.head.generation);
        let pool = Pool::shared(runtime.threads)?;
        let keep_generations = root.head.keep_generations;
        let store_id = parse_id(&root.head.store_id)?;
        let default_compression = root.head.default_compression.decode()?;
        let cache = runtime.cache_bytes.unwrap_or(DEFAULT_CACHE_BYTES);
        let write_buffer = runtime.write_buffer_bytes.unwrap_or(DEFAULT_WRITE_BUFFER_BYTES);
        // A reader's is for memory that waits to be used again.
        let budget = Budget::new(if mode == Mode::Read { write_buffer.min(READER_BYTES) } else { write_buffer });
        let buffers = Buffers::new(&budget);
        let reader = SegmentReader::new(storage.clone(), store_id, cache, &buffers);
        let io = Io { reader, buffers, budget, pool };
        let files = files_of(&root.head, &path, &Files::default())?;
        let catalogue = Catalogue::new(notation.format, root)?;
        Ok(Arc::new_cyclic(|me| Self {
            path,
            mode,
            notation,
            store_id,
            pid: process::id(),
            sync: runtime.sync.unwrap_or(true),
            default_compression,
            keep_generations,
            storage,
            io,
            log: runtime.log,
            progress: runtime.progress,
            working: RwLock::new(Working::new(catalogue, files)),
            commit: Mutex::new(commit),
            closed: AtomicBool::new(false),
            poisoned: AtomicBool::new(false),
            begun: Mutex::default(),
            under_way: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            segments_made: AtomicU64::new(0),
            spilling: Mutex::new(Spilling::Idle),
            me: me.clone(),
        }))
    }

    /// Moves a reader on to the last commit; whether there was a newer one. A writer sees its own commits anyway.
    pub fn refresh(&self) -> Result<bool> {
        self.check_usable()?;
        if self.mode == Mode::ReadWrite {
            return Ok(false);
        }
        let mut commit = self.lock_commit()?;
        self.check_usable()?;
        if root_identity(&*self.storage, &self.path, self.notation)? == Some(commit.root) {
            return Ok(false);
        }
        commit.pin_all();
        let held = read(&self.working)?.files.clone();
        let newer = read_last_root(&*self.storage, &self.path, self.notation).and_then(|(root, identity)| {
            check_store(&root.head, &self.store_id, &self.path)?;
            let files = files_of(&root.head, &self.path, &held);
            let made = files.and_then(|files| Ok((files, Catalogue::new(self.notation.format, root)?, identity)));
            made.map_err(|error| repairable(error, &self.path))
        });
        let (files, catalogue, identity) = newer.inspect_err(|_| commit.pin(held.generation))?;
        commit.pin(files.generation);
        *write(&self.working)? = Working::new(catalogue, files);
        commit.root = identity;
        Ok(true)
    }
}

impl Commit {
    pub(super) fn new(
        root: Identity,
        lock: Option<Box<dyn WriterLock>>,
        pin: Option<Box<dyn ReaderPin>>,
        kept: Vec<u64>,
    ) -> Self {
        Self { root, lock, pin, kept, retired: VecDeque::new(), messages: Vec::new() }
    }

    /// Announces which generation this reader holds. A reader that cannot goes on without: see [`pin_reader`].
    fn pin(&mut self, generation: u64) {
        if self.pin.as_mut().is_some_and(|pin| pin.pin(generation).is_err()) {
            self.pin = None;
        }
    }

    /// Announces that this reader is about to open a newer root.
    fn pin_all(&mut self) {
        if self.pin.as_mut().is_some_and(|pin| pin.pin_all().is_err()) {
            self.pin = None;
        }
    }
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::io("path", path, &error))
}

/// Refuses to make a store where something else is.
fn check_empty(storage: &dyn Storage, path: &Path) -> Result<()> {
    let entries = storage.list(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotADirectory => error!(InvalidArgument, "{} is not a folder", path.display()),
        _ => Error::io("list", path, &error),
    })?;
    if find_root(storage, path)?.is_some() {
        bail!(AlreadyExists, "{} already holds a store", path.display());
    }
    // A create that was killed leaves these.
    let ours =
        |name: &str| name == LOCK_FILE || NOTATIONS.iter().any(|notation| name == cleanup::temporary_root(*notation));
    let foreign =
        entries.iter().find(|entry| !entry.path.file_name().is_some_and(|name| name.to_str().is_some_and(ours)));
    if let Some(entry) = foreign {
        bail!(InvalidArgument, "{} is not empty: it holds {}", path.display(), entry.path.display());
    }
    Ok(())
}

/// The notation of the root in a folder.
pub(super) fn find_root(storage: &dyn Storage, path: &Path) -> Result<Option<Notation>> {
    let mut found = None;
    for notation in NOTATIONS {
        if root_identity(storage, path, notation)?.is_some() && found.replace(notation).is_some() {
            bail!(Corrupt, "{} holds more than one root", path.display());
        }
    }
    Ok(found)
}

/// The notation of the root in a folder that should hold a store.
pub(super) fn expect_root(storage: &dyn Storage, path: &Path) -> Result<Notation> {
    let at = path.display();
    find_root(storage, path)?.ok_or_else(|| match repair::has_traces(storage, path) {
        true => error!(
            NotFound,
            "store {at} has lost its root, atlas.json or atlas.msgpack: `atlas repair {at}` makes it anew"
        ),
        false => error!(NotFound, "{at} is not a store: it has no atlas.json and no atlas.msgpack"),
    })
}

/// The error of a root that is damaged, with the way on.
pub(super) fn repairable(error: Error, path: &Path) -> Error {
    match error.kind() {
        ErrorKind::Corrupt => error!(Corrupt, "{error}; `atlas repair {}` makes the root anew", path.display()),
        _ => error,
    }
}

/// Refuses the root of another store than the one that was opened.
pub(super) fn check_store(head: &Head, store_id: &[u8; 16], path: &Path) -> Result<()> {
    if parse_id(&head.store_id)? != *store_id {
        bail!(Conflict, "{} now holds another store: open it anew", path.display());
    }
    Ok(())
}

/// What tells the root file there is from another; `None` where there is none.
pub(super) fn root_identity(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<Option<Identity>> {
    identity_of(storage, &path.join(notation.file_name()))
}

/// What tells a file from another of that name; `None` where there is none.
pub(super) fn identity_of(storage: &dyn Storage, path: &Path) -> Result<Option<Identity>> {
    match storage.open(path).and_then(|file| file.identity()) {
        Ok(identity) => Ok(Some(identity)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io("open", path, &error)),
    }
}

/// Reads the root of the store at `path`.
pub(super) fn read_last_root(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<(Root, Identity)> {
    read_root(storage, &path.join(notation.file_name()), notation).map_err(|error| match error.kind() {
        ErrorKind::NotFound => expect_root(storage, path).err().unwrap_or(error),
        _ => repairable(error, path),
    })
}

/// Reads the root in the file at `path`.
pub(super) fn read_root(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<(Root, Identity)> {
    let failed = |error: io::Error| Error::io("read", path, &error);
    let file = storage.open(path).map_err(failed)?;
    let identity = file.identity().map_err(failed)?;
    let bytes = read_all(&*file).map_err(failed)?;
    let root = root::parse(notation, bytes).map_err(|error| error.context(path.display()))?;
    Ok((root, identity))
}

/// Writes a root beside the one that may be there and, after `make_durable`, gives it the root's name. Syncing the
/// folder is left to the caller: until then a crash may show either root, whole.
pub(super) fn write_root(
    storage: &dyn Storage,
    path: &Path,
    notation: Notation,
    bytes: &[u8],
    make_durable: impl FnOnce(&Arc<NewFile>) -> Result<()>,
) -> Result<Identity> {
    let temporary = path.join(cleanup::temporary_root(notation));
    let write = || {
        let mut file = storage.replace(&temporary).map_err(|error| Error::io("create", &temporary, &error))?;
        file.append(bytes).map_err(|error| Error::io("write", &temporary, &error))?;
        let new = Arc::new(NewFile { path: temporary.clone(), file });
        make_durable(&new)?;
        let identity = new.file.identity().map_err(|error| Error::io("stat", &temporary, &error))?;
        let root = path.join(notation.file_name());
        match storage.rename(&temporary, &root) {
            Ok(()) => Ok(identity),
            // A network file system may say so of a rename that it has done.
            Err(_) if root_identity(storage, path, notation)? == Some(identity) => Ok(identity),
            Err(error) => Err(Error::io("rename to", &root, &error)),
        }
    };
    write().inspect_err(|_| {
        // What cannot be removed now is replaced by the next flush, or removed by the next writer.
        let _ = storage.remove(&temporary);
    })
}

pub(super) fn lock_writer(
    storage: &dyn Storage,
    path: &Path,
    runtime: &RuntimeOptions,
) -> Result<Option<Box<dyn crate::storage::WriterLock>>> {
    let file = path.join(LOCK_FILE);
    match storage.lock_writer(&file).map_err(|error| Error::io("lock", &file, &error))? {
        Locking::Held(lock) => Ok(Some(lock)),
        Locking::Refused(holder) => Err(error!(Locked, "store {} is locked for writing by {holder}", path.display())),
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
    storage.pin_reader(&path.join(LOCK_FILE)).ok().flatten()
}

/// The array files that a root names. Segments that `known` has, too, are taken from there with what is cached of them.
pub(super) fn files_of(head: &Head, path: &Path, known: &Files) -> Result<Files> {
    let known: HashMap<&str, &Arc<Segment>> = (known.by_name.values())
        .flat_map(|file| file.segments.iter())
        .map(|segment| (&*segment.record.file, segment))
        .collect();
    let mut by_name = IndexMap::with_capacity(head.array_files.len());
    let mut named = HashSet::new();
    for (name, record) in &head.array_files {
        catalogue::stored_name("array", name)?;
        // These become paths: nothing that the root says may lead out of the store.
        if !cleanup::is_folder_name(&record.folder) {
            bail!(Corrupt, "array file '{name}' has the folder '{}'", record.folder);
        }
        if let Some(segment) = record.segments.iter().find(|segment| !cleanup::is_segment_name(&segment.file)) {
            bail!(Corrupt, "array file '{name}' has the segment '{}'", segment.file);
        }
        if let Some(segment) = record.segments.iter().find(|segment| !named.insert(&segment.file)) {
            bail!(Corrupt, "the root names the segment '{}' twice", segment.file);
        }
        let length = record.segments.iter().try_fold(0u64, |sum, segment| sum.checked_add(segment.length));
        let bytes = record.live_bytes.checked_add(record.dead_bytes);
        if bytes.is_none() || length.is_none_or(|length| length > i64::MAX as u64) || bytes > length {
            bail!(Corrupt, "array file '{name}' has more bytes than its segments");
        }
        let folder = path.join(&*record.folder);
        let segment = |record: &SegmentRecord| match known.get(&*record.file) {
            Some(known) if known.record == *record => Arc::clone(known),
            _ => Arc::new(Segment::new(record.clone(), &folder)),
        };
        let file = ArrayFile {
            folder: record.folder.clone(),
            segments: Arc::new(record.segments.iter().map(segment).collect()),
            live_bytes: record.live_bytes,
            dead_bytes: record.dead_bytes,
        };
        by_name.insert(name.clone(), file);
    }
    Ok(Files { generation: head.generation, by_name })
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn parse_id(text: &str) -> Result<[u8; 16]> {
    let number = u128::from_str_radix(text, 16).ok().filter(|_| text.len() == 32);
    number.map(u128::to_be_bytes).ok_or_else(|| error!(Corrupt, "store id '{text}' is not 32 hexadecimal digits"))
}
