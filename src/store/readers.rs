//! What the handles have in common that read one store in one process.
//!
//! A commit never changes, nor does a file that it names. Who reads the same in the same way has it in memory once: commits,
//! files with what is known of them, and what is cached of their content.

use super::open::io_of;
use super::options::{Mode, RuntimeOptions};
use crate::array::Io;
use crate::base::error::Result;
use crate::base::process::PerProcess;
use crate::storage::Mark;
use crate::version::Version;
use crate::version::place::Place;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Those that have handles. Their own locks are not taken while this is locked.
static SHARED: PerProcess<Mutex<Vec<Weak<Shared>>>> = PerProcess::new(Mutex::default);

/// What arrays are read and written with. A writer has it for itself.
pub(super) struct Shared {
    io: Io,
    /// Of whom, where there may be others.
    readers: Option<Readers>,
}

struct Readers {
    path: PathBuf,
    store_id: [u8; 16],
    /// Threads, cache and buffer, as they were asked for.
    options: [Option<u64>; 3],
    /// Those that handles see, by what tells their roots from others.
    commits: Mutex<Vec<(Mark, Weak<Version>)>>,
}

impl Deref for Shared {
    type Target = Io;

    fn deref(&self) -> &Io {
        &self.io
    }
}

impl Shared {
    /// What a handle reads or writes a store with.
    pub fn of(place: &Place, mode: Mode, runtime: &RuntimeOptions) -> Result<Arc<Self>> {
        let io = io_of(place, mode, runtime)?;
        if mode == Mode::ReadWrite {
            return Ok(Arc::new(Self { io, readers: None }));
        }
        let options = [runtime.threads.map(|threads| threads as u64), runtime.cache_bytes, runtime.write_buffer_bytes];
        let (path, store_id) = (place.path.clone(), place.store_id);
        let new = Self { io, readers: Some(Readers { path, store_id, options, commits: Mutex::default() }) };
        let mut shared = SHARED.get().lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|shared| shared.strong_count() > 0);
        // What nobody else has any more is dropped once others can go on.
        let there: Vec<Arc<Self>> = shared.iter().filter_map(Weak::upgrade).collect();
        let found = there.iter().find(|there| there.is_same(&new)).cloned();
        let found = found.unwrap_or_else(|| {
            let new = Arc::new(new);
            shared.push(Arc::downgrade(&new));
            new
        });
        drop(shared);
        Ok(found)
    }

    fn is_same(&self, other: &Self) -> bool {
        let (Some(readers), Some(others)) = (&self.readers, &other.readers) else { return false };
        let is_theirs = readers.options == others.options && readers.store_id == others.store_id;
        is_theirs && readers.path == others.path && self.io.reader.is_on_storage_of(&other.io.reader)
    }

    /// The commit of the root with this mark: one that another handle sees, or what `make` makes. It is given a commit whose
    /// files may be those of the new one, too.
    pub fn version(&self, mark: Option<&Mark>, make: impl FnOnce(&Version) -> Result<Version>) -> Result<Arc<Version>> {
        let (Some(Readers { commits, .. }), Some(mark)) = (&self.readers, mark) else {
            return make(&Version::default()).map(Arc::new);
        };
        let lock = || commits.lock().unwrap_or_else(PoisonError::into_inner);
        let seen: Vec<(Mark, Arc<Version>)> =
            lock().iter().filter_map(|(mark, version)| Some((mark.clone(), version.upgrade()?))).collect();
        if let Some((_, version)) = seen.iter().find(|(seen, _)| seen == mark) {
            return Ok(version.clone());
        }
        let newest = seen.into_iter().map(|(_, version)| version).max_by_key(|version| version.generation);
        let made = Arc::new(make(&newest.unwrap_or_default())?);
        let mut commits = lock();
        commits.retain(|(_, version)| version.strong_count() > 0);
        // Another handle may have come to it meanwhile.
        let others = commits.iter().find(|(seen, _)| seen == mark).and_then(|(_, version)| version.upgrade());
        Ok(others.unwrap_or_else(|| {
            commits.push((mark.clone(), Arc::downgrade(&made)));
            made
        }))
    }
}
