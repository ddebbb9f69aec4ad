//! The commit: how a change becomes the next version on disk. Create, flush, compact, rollback and repair all end here.
//!
//! 1. The new root is written beside the old one, under a name of its own.
//! 2. It, the files that it names for the first time, and their folders are synced.
//! 3. It takes the old root's place, if that is still the root this writer knows: [`Storage::swap_root`]. This is the
//!    commit. The old root may stay under another name.
//! 4. The store's folder is synced. From then on no crash undoes it.
//!
//! Once nothing reads from the version before it, what no version needs any more is removed: [`Committer::tidy`].

use crate::array::Io;
use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::after_panic;
use crate::base::log::LogLevel;
use crate::base::threads;
use crate::format::names;
use crate::format::root::{self, Head, SchemaRecord, VERSION, Written, id_text};
use crate::records::{InRoot, Records};
use crate::segment::{NewFile, sync_failed};
use crate::storage::{self, Mark, ReaderPin, RootSwap, Storage, Swapped, WriterLock};
use crate::version::Version;
use crate::version::edit::{Edit, Keep, NewRecords, Unsynced};
use crate::version::garbage::Garbage;
use crate::version::pins::Pins;
use crate::version::place::Place;
use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files and folders that are synced at the same time.
const SYNCED_AT_ONCE: usize = 4;

/// What belongs to whoever commits: one at a time.
pub(crate) struct Committer {
    /// The root as this writer last read or wrote it; `None` before the first.
    pub root: Option<Mark>,
    pub lock: Option<Box<dyn WriterLock>>,
    /// The earlier commits whose roots are kept, oldest first.
    pub kept: Vec<u64>,
    /// Those that pins name: in the last version, or in the one that comes next. Their files stay, whatever else goes.
    pub pinned: BTreeSet<u64>,
    /// The session whose workers' files stay, named or not.
    pub session: Option<u64>,
    /// What no version needs any more, and something may still be reading; the oldest first.
    pub garbage: VecDeque<Garbage>,
    /// The versions that this process is reading apart from the last.
    pub pins: Arc<Pins>,
    /// What a reader has announced to writers.
    pub pin: Option<Box<dyn ReaderPin>>,
    /// What is to be logged: by a thread that a caller waits on, once nothing is locked.
    pub messages: Vec<(LogLevel, String)>,
}

impl Committer {
    /// That of a writer, if it has the lock or can have none.
    pub fn writer(root: Option<Mark>, lock: Option<Box<dyn WriterLock>>, kept: Vec<u64>) -> Self {
        let (pinned, garbage, pins, messages) = (BTreeSet::new(), VecDeque::new(), Arc::default(), Vec::new());
        Self { root, lock, kept, pinned, session: None, garbage, pins, pin: None, messages }
    }

    /// That of a reader, which commits nothing, but moves from one version to the next.
    pub fn reader(root: Mark, pin: Option<Box<dyn ReaderPin>>) -> Self {
        Self { pin, ..Self::writer(Some(root), None, Vec::new()) }
    }

    /// Announces which generation this reader holds. A reader that cannot goes on without: what it then misses, it says.
    pub fn pin(&mut self, generation: u64) {
        if self.pin.as_mut().is_some_and(|pin| pin.pin(generation).is_err()) {
            self.pin = None;
        }
    }

    /// Announces that this reader is about to open a newer root.
    pub fn pin_all(&mut self) {
        if self.pin.as_mut().is_some_and(|pin| pin.pin_all().is_err()) {
            self.pin = None;
        }
    }

    /// The error of a change before its commit; where another root is in the place of the one that it was to follow, that.
    pub fn explain(&self, place: &Place, error: Error) -> Error {
        let is_environment = matches!(error.kind(), ErrorKind::Io | ErrorKind::NotFound | ErrorKind::Corrupt);
        match Mark::at(&*place.storage, &place.root()) {
            Ok(there @ Some(_)) if is_environment && there != self.root => {
                let path = place.path.display();
                error!(Conflict, "store {path} is not what this writer last saw: reopen it ({error})")
            }
            _ => error,
        }
    }

    pub fn warn(&mut self, message: String) {
        let warning = (LogLevel::Warning, message);
        // The same one may come with every flush.
        if !self.messages.contains(&warning) {
            self.messages.push(warning);
        }
    }
}

/// What became of a commit.
pub(crate) enum Outcome {
    Committed(Committed),
    /// The last version is what is on disk; the files of the change are gone.
    NotCommitted(Error),
    /// Which version is on disk cannot be told; the files of the change stay, and nothing more is committed.
    Unknown(Error),
}

/// A change that was made.
pub(crate) struct Committed {
    pub version: Version,
    /// Whether it is known to outlast a crash.
    pub durable: Result<()>,
}

/// Makes `edit` the version after `base`, which is the last.
pub(crate) fn commit(place: &Place, io: &Io, committer: &mut Committer, base: &Version, edit: Edit) -> Outcome {
    let Edit { files, records, retired, mut new, unsynced, keeping, defaults, keep } = edit;
    let is_pinned = committer.pinned.contains(&base.generation);
    let keep = match keep {
        // Before the swap.
        Keep::Yes | Keep::No if is_pinned => Keep::No,
        Keep::Yes if !keeping.keeps_roots() => Keep::No,
        keep => keep,
    };
    let mut version = Version { generation: base.generation + 1, keeping, defaults, ..base.with(files) };
    let Written { file, image, ranges } = match compose(place, &version, &records) {
        Ok(written) => written,
        Err(error) => return Outcome::NotCommitted(error),
    };
    let path = place.path.join(names::draft_root(place.notation));
    let has_draft = place.storage.swaps_files();
    // What cannot be removed is left to the next writer.
    let remove_draft = || has_draft.then(|| place.storage.remove(&path));
    let draft = has_draft.then(|| write_draft(place, &path, &file)).transpose();
    let (root, claim) = (place.root(), place.path.join(names::root_claim(place.notation)));
    let keep_as = match &keep {
        Keep::Yes => Some(place.kept_root(base.generation)),
        Keep::As(name) => Some(place.path.join(name)),
        Keep::No => None,
    };
    let swap = RootSwap {
        root: &root,
        draft: &path,
        bytes: &file,
        expected: committer.root.as_ref(),
        keep_as: keep_as.as_deref().filter(|_| committer.root.is_some()),
        lock: committer.lock.as_deref().ok_or(&claim),
    };
    let swapped = draft.and_then(|draft| {
        // Opened before: to lack a descriptor afterwards would leave a commit of which nobody knows whether it lasts.
        let folder = place.open_folder(&place.path)?;
        place.storage.begin_swap(&swap);
        if place.sync {
            make_durable(place, io, &unsynced, draft.as_ref())?;
        }
        if is_pinned {
            keep_pinned(place, committer, base.generation)?;
        }
        Ok((place.storage.swap_root(&swap), folder))
    });
    let (swapped, folder) = match swapped {
        Ok((Swapped::Unknown(error), _)) => {
            new.leave();
            return Outcome::Unknown(error!(
                Poisoned,
                "rename to {}: {error}; whether this commit was made cannot be told: reopen the store",
                root.display()
            ));
        }
        Ok((Swapped::Done(kept), folder)) => (kept, folder),
        Ok((Swapped::Refused(why), _)) => {
            let _ = remove_draft();
            let path = place.path.display();
            return Outcome::NotCommitted(error!(Conflict, "store {path}: {why}: reopen the store"));
        }
        Ok((Swapped::Failed(error), _)) => {
            let _ = remove_draft();
            return Outcome::NotCommitted(Error::io("rename to", &root, &error));
        }
        Err(error) => {
            let _ = remove_draft();
            return Outcome::NotCommitted(error);
        }
    };
    new.leave();
    committer.root = Some(Mark::of(&file));
    version.records = Arc::new(written(place, records, Written { file, image, ranges }));
    if keep == Keep::Yes || is_pinned {
        match swapped {
            None if committer.kept.last() != Some(&base.generation) => committer.kept.push(base.generation),
            None => {}
            Some(error) => {
                let (generation, kept) = (base.generation, place.kept_root(base.generation));
                committer.warn(format!(
                    "commit {generation} cannot be kept to go back to: link {}: {error}",
                    kept.display()
                ));
            }
        }
    }
    committer.retire(io, &version, retired);
    let durable = folder.map_or(Ok(()), |folder| folder.sync().map_err(|error| sync_failed(&place.path, &error)));
    Outcome::Committed(Committed { version, durable })
}

/// The version that a commit of these records would make, of which the rest is in `version`, without one: nothing is written.
pub(crate) fn advance(place: &Place, mut version: Version, records: NewRecords) -> Result<Version> {
    let root = compose(place, &version, &records)?;
    version.records = Arc::new(written(place, records, root));
    Ok(version)
}

/// Records as a root has them.
fn written(place: &Place, records: NewRecords, Written { file, image, ranges }: Written) -> Records {
    let layer = records.layer.into_iter().zip(ranges).map(|((name, kind, _), bytes)| (name, InRoot { kind, bytes }));
    Records {
        format: place.notation.format,
        layer: layer.collect(),
        image: Arc::new(image.unwrap_or(file)),
        schemas: records.schemas,
        next_array_id: records.next_array_id,
        renamed: records.renamed,
        attributes: records.attributes,
        count: records.count,
        next_place: records.next_place,
        files: records.files,
    }
}

/// Keeps the root that is to be replaced, for a pin: durably and before it is replaced, so that no crash leaves a pin without
/// its commit.
fn keep_pinned(place: &Place, committer: &Committer, generation: u64) -> Result<()> {
    let (root, kept) = (place.root(), place.kept_root(generation));
    let failed = |error| Error::io("pin the commit: link", &kept, &error);
    storage::keep(&*place.storage, &root, &kept).map_err(failed)?;
    if Mark::at(&*place.storage, &kept).map_err(failed)? != committer.root {
        let _ = place.storage.remove(&kept);
        let path = place.path.display();
        bail!(Conflict, "store {path}: the root is not what this writer last saw: reopen the store");
    }
    place.sync_folder(&place.path)
}

/// The bytes of the root of a version.
fn compose(place: &Place, version: &Version, records: &NewRecords) -> Result<Written> {
    let head = head_of(place, version, records);
    let datasets: Vec<(&str, &[u8])> =
        records.layer.iter().map(|(name, _, encoded)| (&**name, encoded.bytes(&records.image))).collect();
    root::write(place.notation, &head, &datasets)
}

/// What the root of a version says of the store.
pub(crate) fn head_of(place: &Place, version: &Version, records: &NewRecords) -> Head {
    let in_pieces = records.schemas.iter().any(|schema| schema.pieces() > 1);
    let features = [
        (root::PINS, !version.keeping.pins.is_empty()),
        (root::RENAMED, records.renamed > 0),
        (root::PIECES, in_pieces),
        (root::PARTS, version.all_segments().any(|segment| segment.record.parts.is_some())),
    ];
    Head {
        format_version: VERSION,
        required_features: Vec::new(),
        writer_features: features.into_iter().filter(|(_, has)| *has).map(|(feature, _)| feature.into()).collect(),
        store_id: id_text(&place.store_id),
        generation: version.generation,
        next_array_id: records.next_array_id,
        default_compression: version.defaults.compression.into(),
        default_pack: version.defaults.pack,
        keep_generations: version.keeping.generations,
        pins: version.keeping.pins.clone(),
        renamed: records.renamed,
        attributes: records.attributes.clone(),
        schemas: records.schemas.iter().map(|schema| SchemaRecord::encode(schema)).collect(),
        array_files: version.file_records(),
        catalogue: records.catalogue(),
    }
}

fn write_draft(place: &Place, path: &Path, bytes: &[u8]) -> Result<Arc<NewFile>> {
    let mut file = place.storage.create(path).map_err(|error| Error::io("create", path, &error))?;
    file.append(bytes).map_err(|error| Error::io("write", path, &error))?;
    if !place.sync {
        file.close().map_err(|error| Error::io("close", path, &error))?;
    }
    Ok(Arc::new(NewFile { path: path.to_owned(), file }))
}

#[derive(Clone)]
enum SyncJob {
    Root(Arc<NewFile>),
    Segment(Arc<NewFile>),
    Folder(PathBuf, Arc<dyn Storage>),
}

impl SyncJob {
    fn run(&self) -> Result<()> {
        match self {
            Self::Root(file) => file.file.sync().map_err(|error| sync_failed(&file.path, &error)),
            Self::Segment(file) => file.sync(),
            Self::Folder(path, storage) => {
                let folder = storage.open_dir(path).map_err(|error| Error::io("open folder", path, &error))?;
                folder.sync().map_err(|error| sync_failed(path, &error))
            }
        }
    }
}

/// Makes durable what a root is about to name, and that root itself. File systems do it in one go, so all at once.
pub(crate) fn make_durable(place: &Place, io: &Io, unsynced: &Unsynced, root: Option<&Arc<NewFile>>) -> Result<()> {
    let root = root.into_iter().map(|file| SyncJob::Root(file.clone()));
    let files = unsynced.files.iter().map(|file| SyncJob::Segment(file.clone()));
    let folders = unsynced.folders.iter().map(|folder| SyncJob::Folder(folder.clone(), place.storage.clone()));
    let jobs: Vec<SyncJob> = root.chain(files).chain(folders).collect();
    // On threads of their own: the workers are for those who read.
    let at_once = place.storage.reads_at_once().unwrap_or(SYNCED_AT_ONCE);
    let at_once = if io.pool.has_threads() { at_once } else { 1 };
    let mut groups = jobs.chunks(jobs.len().div_ceil(at_once).max(1)).map(Arc::<[SyncJob]>::from);
    let own = groups.next();
    let sync = |group: &[SyncJob]| group.iter().try_for_each(SyncJob::run);
    let others: Vec<_> = groups
        .map(|group| {
            let theirs = group.clone();
            (threads::spawn("atlas-sync", move || sync(&theirs)), group)
        })
        .collect();
    let mut done = own.map_or(Ok(()), |own| sync(&own));
    for (thread, group) in others {
        let here = match thread {
            Ok(thread) => thread.join().unwrap_or_else(|_| Err(after_panic())),
            Err(_) => sync(&group),
        };
        // What poisons must not be hidden by what does not.
        done = match (done, here) {
            (Err(error), Err(worse)) if error.kind() != ErrorKind::Poisoned => Err(worse),
            (done, here) => done.and(here),
        };
    }
    done
}
