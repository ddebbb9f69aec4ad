//! What the handles have in common that read one store in one process.
//!
//! A commit never changes, nor does a file that it names. Who reads the same in the same way has it in memory once: commits,
//! files with what is known of them, and what is cached of their content.

use super::open::io_of;
use super::options::{Mode, RuntimeOptions};
use crate::array::Io;
use crate::base::error::Result;
use crate::base::process::PerProcess;
use crate::storage::{Mark, Storage};
use crate::version::Version;
use crate::version::place::Place;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// What readers have in common, of those that have handles.
static SHARED: PerProcess<Mutex<Alive<Key, Shared>>> = PerProcess::new(Mutex::default);

/// What somebody has, by what it is looked for.
type Alive<K, T> = Vec<(K, Weak<T>)>;

/// What tells those who read the same in the same way.
#[derive(PartialEq)]
struct Key {
    path: PathBuf,
    store_id: [u8; 16],
    storage: SameStorage,
    /// Threads, cache and buffer, as they were asked for.
    options: [Option<u64>; 3],
}

struct SameStorage(Weak<dyn Storage>);

impl PartialEq for SameStorage {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// What arrays are read and written with. A writer has it for itself.
pub(super) struct Shared {
    io: Io,
    /// What readers' handles see, by what tells the roots of commits from others; `None` of a writer.
    commits: Option<Mutex<Alive<Mark, Version>>>,
}

impl Deref for Shared {
    type Target = Io;

    fn deref(&self) -> &Io {
        &self.io
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// That of a key. What nobody has any more is forgotten.
fn find<K: PartialEq, T>(list: &mut Alive<K, T>, key: &K) -> Option<Arc<T>> {
    list.retain(|(_, weak)| weak.strong_count() > 0);
    list.iter().find(|(known, _)| known == key).and_then(|(_, weak)| weak.upgrade())
}

impl Shared {
    /// What a handle reads or writes a store with.
    pub fn of(place: &Place, mode: Mode, runtime: &RuntimeOptions) -> Result<Arc<Self>> {
        let make = |commits| Ok(Arc::new(Self { io: io_of(place, mode, runtime)?, commits }));
        if mode == Mode::ReadWrite {
            return make(None);
        }
        let key = Key {
            path: place.path.clone(),
            store_id: place.store_id,
            storage: SameStorage(Arc::downgrade(&place.storage)),
            options: [runtime.threads.map(|threads| threads as u64), runtime.cache_bytes, runtime.write_buffer_bytes],
        };
        if let Some(there) = find(&mut locked(SHARED.get()), &key) {
            return Ok(there);
        }
        // Nothing is made or dropped, which takes other locks, while the list is locked.
        let new = make(Some(Mutex::default()))?;
        let mut list = locked(SHARED.get());
        if let Some(there) = find(&mut list, &key) {
            return Ok(there);
        }
        list.push((key, Arc::downgrade(&new)));
        Ok(new.clone())
    }

    /// The commit of the root with this mark: one that another handle sees, or what `make` makes. It is given a commit whose
    /// files may be those of the new one, too.
    pub fn version(&self, mark: Option<&Mark>, make: impl FnOnce(&Version) -> Result<Version>) -> Result<Arc<Version>> {
        let (Some(commits), Some(mark)) = (&self.commits, mark) else {
            return make(&Version::default()).map(Arc::new);
        };
        if let Some(same) = find(&mut locked(commits), mark) {
            return Ok(same);
        }
        let seen: Vec<Arc<Version>> = locked(commits).iter().filter_map(|(_, version)| version.upgrade()).collect();
        let newest = seen.into_iter().max_by_key(|version| version.generation);
        let made = Arc::new(make(&newest.unwrap_or_default())?);
        let mut commits = locked(commits);
        // Another handle may have come to it meanwhile.
        if let Some(same) = find(&mut commits, mark) {
            return Ok(same);
        }
        commits.push((mark.clone(), Arc::downgrade(&made)));
        Ok(made.clone())
    }
}
