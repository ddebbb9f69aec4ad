//! Objects in a bucket, by their keys, over the crate `object_store`.
//!
//! There are no folders, links and locks. The service itself puts a root in the place of another on condition that that is
//! still there, so of two writers one is refused. An answer may be lost: what is then at the root tells what became of it.

use super::root::REPLACED;
use super::{
    Directory, Entry, LocalDisk, Locking, Mark, ReadFile, ReaderPin, RootSwap, Storage, Swapped, WriteFile, scratch_at,
};
use crate::base::process;
use crate::base::sync::{Mutex, MutexGuard};
use crate::base::threads;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{
    Error as Refusal, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    UpdateVersion, WriteMultipart,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::SystemTime;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot::{Sender, channel};
use url::Url;

/// Bytes from the beginning of an object that come with the answer whether it is there: of small ones all.
const FIRST: u64 = 16 << 10;
/// Bytes between two ranges, at most, for which they are not asked for one by one.
const NEAR: u64 = 16 << 10;
/// Objects of more bytes are sent in parts of so many, several at a time.
const PART: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;
/// Requests that wait beside each other, where the caller does not say how many threads there are to be.
const READS_AT_ONCE: usize = 64;
/// Variables of the environment that say how to reach a service, by what their names begin with.
const SETTINGS: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// [`Storage`] in a bucket.
pub struct ObjectStorage {
    bucket: Arc<Bucket>,
    /// The root that was last read or written: where roots have several names, the one that came first.
    seen: Mutex<Option<Seen>>,
    /// The root that is being kept for the swap that comes next.
    keeping: Mutex<Option<Keeping>>,
    /// The removal that is on its way.
    removing: Mutex<Option<Asked<()>>>,
    /// The process that it was made in.
    pid: u32,
}

struct Bucket {
    store: Arc<dyn ObjectStore>,
    /// What paths begin with: `s3://bucket`.
    base: PathBuf,
    /// The thread that requests are carried out on: the callers' may be those of a runtime of their own.
    requests: Handle,
    /// That thread ends with it.
    _end: Sender<()>,
}

#[derive(Clone)]
struct Seen {
    key: Key,
    mark: Mark,
    version: UpdateVersion,
    bytes: Vec<u8>,
}

struct Keeping {
    kept: Key,
    mark: Mark,
    asked: Asked<UpdateVersion>,
}

impl ObjectStorage {
    /// The storage of the store at a URL: `s3://bucket/key`, `gs://`, `az://` (and what else `object_store` knows them by), or
    /// `memory://name/key`, which lives as long as the process. How to reach the service, and with which credentials,
    /// is in the usual variables of the environment.
    pub fn at(url: &str) -> io::Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| io::Error::new(ErrorKind::InvalidInput, error.to_string());
        let parsed = Url::parse(url).map_err(|error| wrong(&error))?;
        let base = PathBuf::from(&parsed[..url::Position::BeforePath]);
        if parsed.scheme() == "memory" {
            return Self::of(in_memory(parsed.host_str().unwrap_or_default()), base);
        }
        // Another provider that the process has chosen serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| SETTINGS.iter().any(|one| name.starts_with(one)))?;
            Some((name, value.into_string().ok()?))
        });
        let (store, _) = object_store::parse_url_opts(&parsed, settings).map_err(|error| wrong(&error))?;
        Self::of(store.into(), base)
    }

    /// The storage of paths that begin with `base`, a URL, in `store`.
    pub fn of(store: Arc<dyn ObjectStore>, base: PathBuf) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (requests, (end, ended)) = (runtime.handle().clone(), channel());
        // It ends with an error: nothing is ever sent.
        threads::spawn("atlas-requests", move || drop(runtime.block_on(ended)))?;
        let bucket = Arc::new(Bucket { store, base, requests, _end: end });
        let (seen, keeping, removing) = (Mutex::new(None), Mutex::new(None), Mutex::new(None));
        Ok(Self { bucket, seen, keeping, removing, pid: process::id() })
    }

    /// Notes a root that was read. Those that are kept beside it are none that is replaced.
    fn note(&self, key: &Key, (bytes, ObjectMeta { e_tag, version, .. }): (Vec<u8>, ObjectMeta)) -> Vec<u8> {
        let mut seen = locked(&self.seen);
        if seen.as_ref().is_none_or(|seen| seen.key == *key) {
            let version = UpdateVersion { e_tag, version };
            *seen = Some(Seen { key: key.clone(), mark: Mark::of(&bytes), version, bytes: bytes.clone() });
        }
        bytes
    }

    /// Reads a root anew.
    fn look(&self, key: &Key) -> io::Result<Vec<u8>> {
        Ok(self.note(key, self.bucket.get(key, GetOptions::default())?))
    }

    /// The root at `key`, if it is known to be the one with this mark.
    fn known(&self, key: &Key, mark: &Mark) -> Option<Seen> {
        locked(&self.seen).as_ref().filter(|seen| seen.key == *key && seen.mark == *mark).cloned()
    }

    /// The root at `key`, if it is the one with this mark, as the service tells it from others.
    fn expected(&self, key: &Key, mark: &Mark) -> io::Result<Option<Seen>> {
        if let Some(seen) = self.known(key, mark) {
            return Ok(Some(seen));
        }
        // This is the one that is replaced, whatever was read before.
        locked(&self.seen).take_if(|seen| seen.key != *key);
        match self.look(key) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            looked => looked.map(|_| self.known(key, mark)),
        }
    }

    /// Keeps the root that is to be replaced, unless that has begun already.
    fn keep(&self, kept: &Path, Seen { mark, bytes, .. }: Seen) -> io::Result<()> {
        let kept = self.bucket.key(kept)?;
        match locked(&self.keeping).take() {
            Some(keeping) if keeping.kept == kept && keeping.mark == mark => keeping.asked.answer(),
            _ => self.bucket.put(&kept, bytes, PutMode::Overwrite),
        }?;
        Ok(())
    }

    fn swap(&self, swap: &RootSwap<'_>) -> io::Result<Swapped> {
        let key = self.bucket.key(swap.root)?;
        let mode = match swap.expected {
            None => PutMode::Create,
            Some(mark) => match self.expected(&key, mark)? {
                None => return Ok(Swapped::Refused(REPLACED)),
                Some(seen) => {
                    let version = seen.version.clone();
                    if let Some(kept) = swap.keep_as {
                        // A failure is that of the commit: it must not be without the root that it was to keep.
                        self.keep(kept, seen)?;
                    }
                    PutMode::Update(version)
                }
            },
        };
        let put = self.bucket.put(&key, swap.bytes.to_vec(), mode);
        let failed = match put {
            Ok(version) => {
                let (mark, bytes) = (Mark::of(swap.bytes), swap.bytes.to_vec());
                *locked(&self.seen) = Some(Seen { key, mark, version, bytes });
                return Ok(Swapped::Done(None));
            }
            Err(error) => error,
        };
        // A request whose answer was lost may have been sent again, and refused for what it has done itself.
        match (self.look(&key), failed.kind()) {
            (Ok(there), _) if there == swap.bytes => Ok(Swapped::Done(None)),
            (Ok(_), ErrorKind::AlreadyExists) => Ok(Swapped::Refused(REPLACED)),
            (Err(error), ErrorKind::AlreadyExists) if error.kind() == ErrorKind::NotFound => {
                Ok(Swapped::Refused(REPLACED))
            }
            (_, ErrorKind::PermissionDenied | ErrorKind::Unsupported | ErrorKind::NotFound) => {
                Ok(Swapped::Failed(failed))
            }
            // It may still be on its way.
            _ => Ok(Swapped::Unknown(failed)),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The stores in memory of this process, by their names.
fn in_memory(name: &str) -> Arc<dyn ObjectStore> {
    static ALL: OnceLock<std::sync::Mutex<BTreeMap<String, Arc<InMemory>>>> = OnceLock::new();
    let mut all = ALL.get_or_init(Default::default).lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(name.to_owned()).or_default().clone()
}

impl Bucket {
    /// The key of what has this path.
    fn key(&self, path: &Path) -> io::Result<Key> {
        let wrong = || io::Error::new(ErrorKind::InvalidInput, format!("no path in {}", self.base.display()));
        let inside = path.strip_prefix(&self.base).ok().and_then(Path::to_str).ok_or_else(wrong)?;
        Key::from_url_path(inside).map_err(|error| io_error(error.into()))
    }

    /// Begins a request.
    fn ask<T: Send + 'static>(
        &self,
        request: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Asked<T> {
        let (answer, answered) = sync_channel(1);
        self.requests.spawn(async move {
            // Whoever asked may have given up.
            let _ = answer.send(request.await);
        });
        Asked(answered)
    }

    /// What becomes of a request.
    fn wait<T: Send + 'static>(
        &self,
        request: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        self.ask(request).answer()
    }

    fn begin_put(&self, key: &Key, bytes: Vec<u8>, mode: PutMode) -> Asked<UpdateVersion> {
        let (store, key) = (self.store.clone(), key.clone());
        let options = PutOptions { mode, ..PutOptions::default() };
        self.ask(async move { Ok(store.put_opts(&key, PutPayload::from(bytes), options).await?.into()) })
    }

    fn put(&self, key: &Key, bytes: Vec<u8>, mode: PutMode) -> io::Result<UpdateVersion> {
        self.begin_put(key, bytes, mode).answer()
    }

    /// Begins to read bytes of an object, and what it is.
    fn begin_get(&self, key: &Key, options: GetOptions) -> Asked<(Vec<u8>, ObjectMeta)> {
        let (store, key) = (self.store.clone(), key.clone());
        self.ask(async move {
            let found = store.get_opts(&key, options).await?;
            let meta = found.meta.clone();
            Ok((found.bytes().await?.to_vec(), meta))
        })
    }

    fn get(&self, key: &Key, options: GetOptions) -> io::Result<(Vec<u8>, ObjectMeta)> {
        self.begin_get(key, options).answer()
    }
}

/// A request on its way.
struct Asked<T>(Receiver<object_store::Result<T>>);

impl<T> Asked<T> {
    fn answer(self) -> io::Result<T> {
        let lost = |_| io::Error::other("a request was given up: a panic in it");
        self.0.recv().map_err(lost)?.map_err(io_error)
    }
}

fn io_error(refusal: Refusal) -> io::Error {
    let kind = match &refusal {
        Refusal::NotFound { .. } => ErrorKind::NotFound,
        Refusal::AlreadyExists { .. } | Refusal::Precondition { .. } => ErrorKind::AlreadyExists,
        Refusal::PermissionDenied { .. } | Refusal::Unauthenticated { .. } => ErrorKind::PermissionDenied,
        Refusal::NotSupported { .. } | Refusal::NotImplemented { .. } => ErrorKind::Unsupported,
        Refusal::InvalidPath { .. } => ErrorKind::InvalidInput,
        _ => ErrorKind::Other,
    };
    // What is below often says more, and on several lines.
    let text = refusal.to_string();
    io::Error::new(kind, text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl Storage for ObjectStorage {
    fn absolute(&self, path: &Path) -> io::Result<PathBuf> {
        self.bucket.key(path)?;
        Ok(path.to_owned())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteFile>> {
        let (bucket, key) = (self.bucket.clone(), self.bucket.key(path)?);
        Ok(Box::new(NewObject { bucket, key, state: Mutex::new(Upload::Gathered(Vec::new())) }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadFile>> {
        self.open_for(path, &[])
    }

    fn open_for(&self, path: &Path, ranges: &[Range<u64>]) -> io::Result<Arc<dyn ReadFile>> {
        let (bucket, key) = (self.bucket.clone(), self.bucket.key(path)?);
        let ask = |range: Range<u64>| {
            let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
            (range.start, bucket.begin_get(&key, options))
        };
        let mut asked = together(ranges).into_iter().map(ask).collect::<Vec<_>>().into_iter();
        let (start, first) = asked.next().ok_or(ErrorKind::InvalidInput)?;
        let (bytes, ObjectMeta { size, e_tag, .. }) = first.answer()?;
        let mut at_hand = vec![(start, bytes)];
        for (start, asked) in asked {
            // A range that cannot be had, or not of what was opened, is missed by who reads it, if anybody does.
            if let Ok((bytes, meta)) = asked.answer()
                && meta.e_tag == e_tag
            {
                at_hand.push((start, bytes));
            }
        }
        Ok(Arc::new(Object { bucket, key, size, e_tag, at_hand }))
    }

    fn are_there(&self, paths: &[PathBuf]) -> Vec<io::Result<bool>> {
        let asked = paths.iter().map(|path| {
            let (store, key) = (self.bucket.store.clone(), self.bucket.key(path)?);
            Ok(self.bucket.ask(async move { store.head(&key).await }))
        });
        // All are asked for before an answer is waited for.
        let asked: Vec<_> = asked.collect();
        let is_there = |asked: io::Result<Asked<_>>| match asked?.answer() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        asked.into_iter().map(is_there).collect()
    }

    fn read_root(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.look(&self.bucket.key(path)?)
    }

    fn read_roots(&self, paths: &[PathBuf]) -> Vec<io::Result<Vec<u8>>> {
        let ask = |path: &PathBuf| {
            let key = self.bucket.key(path)?;
            Ok((self.bucket.begin_get(&key, GetOptions::default()), key))
        };
        let asked: Vec<io::Result<_>> = paths.iter().map(ask).collect();
        asked.into_iter().map(|asked| asked.and_then(|(asked, key)| Ok(self.note(&key, asked.answer()?)))).collect()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (store, from, to) = (self.bucket.store.clone(), self.bucket.key(from)?, self.bucket.key(to)?);
        self.bucket.wait(async move { store.rename(&from, &to).await })
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let bytes = self.look(&self.bucket.key(from)?)?;
        self.bucket.put(&self.bucket.key(to)?, bytes, PutMode::Create).map(drop)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (store, key) = (self.bucket.store.clone(), self.bucket.key(path)?);
        self.bucket.wait(async move { store.delete(&key).await })
    }

    fn remove_soon(&self, path: &Path) -> io::Result<()> {
        let (store, key) = (self.bucket.store.clone(), self.bucket.key(path)?);
        let asked = self.bucket.ask(async move { store.delete(&key).await });
        locked(&self.removing).replace(asked).map_or(Ok(()), Asked::answer)
    }

    /// There is always a folder of any name.
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::AlreadyExists.into())
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let (store, key) = (self.bucket.store.clone(), self.bucket.key(path)?);
        let found = self.bucket.wait(async move {
            let prefix = Some(&key).filter(|key| !key.as_ref().is_empty());
            store.list_with_delimiter(prefix).await
        })?;
        let entry = |key: &Key, is_dir| Some(Entry { path: path.join(key.filename()?), is_dir });
        let folders = found.common_prefixes.iter().filter_map(|key| entry(key, true));
        let objects = found.objects.iter().filter_map(|object| entry(&object.location, false));
        Ok(folders.chain(objects).collect())
    }

    fn modified(&self, path: &Path) -> io::Result<SystemTime> {
        let (store, key) = (self.bucket.store.clone(), self.bucket.key(path)?);
        self.bucket.wait(async move { Ok(store.head(&key).await?.last_modified.into()) })
    }

    /// What is put is durable.
    fn sync_file(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn open_dir(&self, _: &Path) -> io::Result<Box<dyn Directory>> {
        Ok(Box::new(Folder))
    }

    fn scratch(&self, path: &Path) -> io::Result<(Box<dyn WriteFile>, Arc<dyn ReadFile>)> {
        let name = path.file_name().unwrap_or(path.as_os_str());
        scratch_at(&LocalDisk, &std::env::temp_dir().join(name))
    }

    fn has_locks(&self) -> bool {
        false
    }

    fn lock_writer(&self, _: &Path) -> io::Result<Locking> {
        Ok(Locking::Unneeded)
    }

    fn pin_reader(&self, _: &Path) -> io::Result<Option<Box<dyn ReaderPin>>> {
        Ok(None)
    }

    fn reads_at_once(&self) -> Option<usize> {
        Some(READS_AT_ONCE)
    }

    fn swaps_files(&self) -> bool {
        false
    }

    fn begin_swap(&self, swap: &RootSwap<'_>) {
        // What goes wrong here goes wrong again in the swap, which says so.
        let (Some(mark), Some(kept)) = (swap.expected, swap.keep_as) else { return };
        let (Ok(key), Ok(kept)) = (self.bucket.key(swap.root), self.bucket.key(kept)) else { return };
        if let Some(Seen { mark, bytes, .. }) = self.known(&key, mark) {
            let asked = self.bucket.begin_put(&kept, bytes, PutMode::Overwrite);
            *locked(&self.keeping) = Some(Keeping { kept, mark, asked });
        }
    }

    fn swap_root(&self, swap: &RootSwap<'_>) -> Swapped {
        self.swap(swap).unwrap_or_else(Swapped::Failed)
    }
}

impl Drop for ObjectStorage {
    fn drop(&mut self) {
        // What stays is removed by the next writer. In a child made by fork there is no thread that could answer.
        if let Some(removing) = locked(&self.removing).take()
            && self.pid == process::id()
        {
            let _ = removing.answer();
        }
    }
}

/// The ranges of an object that are asked for when it is opened, each by a request: its beginning, and these.
fn together(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = std::iter::once(0..FIRST).chain(ranges.iter().cloned()).collect();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut together: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match together.last_mut() {
            Some(last) if range.start <= last.end + NEAR => last.end = last.end.max(range.end),
            _ => together.push(range),
        }
    }
    together
}

struct Folder;

impl Directory for Folder {
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// An object as it was when it was opened.
struct Object {
    bucket: Arc<Bucket>,
    key: Key,
    size: u64,
    e_tag: Option<String>,
    /// Bytes that came when it was opened, and where they begin.
    at_hand: Vec<(u64, Vec<u8>)>,
}

impl ReadFile for Object {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.size);
        let end = end.ok_or(ErrorKind::UnexpectedEof)?;
        let at_hand = self.at_hand.iter().find_map(|(start, bytes)| {
            let from = offset.checked_sub(*start)?;
            bytes.get(from as usize..(end - start) as usize)
        });
        if let Some(bytes) = at_hand {
            buffer.copy_from_slice(bytes);
            return Ok(());
        }
        let (range, if_match) = (Some(GetRange::Bounded(offset..end)), self.e_tag.clone());
        let (bytes, _) = match self.bucket.get(&self.key, GetOptions { range, if_match, ..GetOptions::default() }) {
            // What it was opened as is gone, as with a network file system.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(io::Error::new(ErrorKind::StaleNetworkFileHandle, "it was replaced while it was read"));
            }
            got => got?,
        };
        if bytes.len() != buffer.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        buffer.copy_from_slice(&bytes);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// An object that is being written: it is there, whole, once it is synced or closed.
struct NewObject {
    bucket: Arc<Bucket>,
    key: Key,
    state: Mutex<Upload>,
}

enum Upload {
    Gathered(Vec<u8>),
    Parts(WriteMultipart),
    Done,
    Failed,
}

impl NewObject {
    fn finish(&self) -> io::Result<()> {
        let mut state = locked(&self.state);
        match std::mem::replace(&mut *state, Upload::Failed) {
            Upload::Gathered(bytes) => self.put(bytes)?,
            Upload::Parts(parts) => self.bucket.wait(async move { parts.finish().await.map(drop) })?,
            Upload::Done => {}
            Upload::Failed => return Err(io::Error::other("it could not be sent before")),
        }
        *state = Upload::Done;
        Ok(())
    }

    fn put(&self, bytes: Vec<u8>) -> io::Result<()> {
        match self.bucket.put(&self.key, bytes.clone(), PutMode::Create) {
            // The answer to the first try may have been lost: names are made up, and nobody else has this one.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let (there, _) = self.bucket.get(&self.key, GetOptions::default())?;
                if there == bytes { Ok(()) } else { Err(error) }
            }
            put => put.map(drop),
        }
    }

    /// Sends `bytes`, which are what is behind the parts that there are.
    fn send(&self, parts: Option<WriteMultipart>, bytes: Vec<u8>) -> io::Result<WriteMultipart> {
        let (store, key) = (self.bucket.store.clone(), self.key.clone());
        self.bucket.wait(async move {
            let mut parts = match parts {
                Some(parts) => parts,
                None => WriteMultipart::new_with_chunk_size(store.put_multipart(&key).await?, PART),
            };
            parts.wait_for_capacity(PARTS_AT_ONCE).await?;
            parts.write(&bytes);
            Ok(parts)
        })
    }
}

impl WriteFile for NewObject {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = locked(&self.state);
        let (parts, bytes) = match std::mem::replace(&mut *state, Upload::Failed) {
            Upload::Gathered(mut gathered) => {
                gathered.try_reserve(bytes.len()).map_err(|_| ErrorKind::OutOfMemory)?;
                gathered.extend_from_slice(bytes);
                if gathered.len() <= PART {
                    *state = Upload::Gathered(gathered);
                    return Ok(());
                }
                (None, gathered)
            }
            Upload::Parts(parts) => (Some(parts), bytes.to_vec()),
            Upload::Done | Upload::Failed => return Err(io::Error::other("it was sent, or could not be")),
        };
        *state = Upload::Parts(self.send(parts, bytes)?);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.finish()
    }

    fn close(&mut self) -> io::Result<()> {
        self.finish()
    }
}

impl Drop for NewObject {
    fn drop(&mut self) {
        let state = std::mem::replace(&mut *locked(&self.state), Upload::Failed);
        if let Upload::Parts(parts) = state {
            // Parts that this leaves are removed by the service's own rules.
            let _ = self.bucket.wait(async move { parts.abort().await });
        }
    }
}
