//! The removal of files that no commit names, where there is no lock to tell whether somebody uses them: by their age.

use crate::base::error::{Error, ErrorKind, Result, bail};
use crate::base::locks::{lock, read};
use crate::base::sync::atomic::{AtomicU64, Ordering};
use crate::storage::Mark;
use crate::store::Store;
use crate::version::garbage::Unnamed;
use std::io;
use std::path::PathBuf;

use std::time::{Duration, SystemTime};

impl Store {
    /// Removes the files that neither the last commit nor a kept or pinned one names, and that were last written longer ago
    /// than `older_than`; how many that were.
    ///
    /// A writer with a lock does without: opening it removes all of them, but for those that a reader may need. In a bucket,
    /// and on a file system without locks, nothing tells whether a file that no commit names is one that a writer is about to
    /// commit, or of an earlier commit that somebody is reading: give more time than any flush or reader takes.
    ///
    /// [`ErrorKind::Conflict`] where another writer has made a commit since this handle last saw the root.
    pub fn collect_garbage(&self, older_than: Duration) -> Result<u64> {
        self.check_coordinator("remove files")?;
        // Its files are named by nobody until it commits.
        let _no_compaction = lock(&self.compacting)?;
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        let (storage, root) = (&*self.place.storage, self.place.root());
        let Some(before) = SystemTime::now().checked_sub(older_than) else {
            return Ok(0);
        };
        let (version, ahead) = {
            let state = read(&self.state)?;
            (state.version.clone(), state.ahead.clone())
        };
        let Unnamed { left, files } = committer.unnamed(&self.place, &self.io, [&version, &ahead], None)?;
        let there = Mark::at(storage, &root).map_err(|error| Error::io("read", &root, &error))?;
        if there != committer.root {
            bail!(
                Conflict,
                "store {}: the root is not what this writer last saw: reopen it",
                self.place.path.display()
            );
        }
        let count = AtomicU64::new(0);
        let paths: Vec<PathBuf> = left.into_iter().chain(files).collect();
        self.io.pool.for_each(&paths, |path| {
            let written = match storage.modified(path) {
                // Another has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                written => written.map_err(|error| Error::io("look at", path, &error))?,
            };
            if written > before {
                return Ok(());
            }
            match storage.remove(path).map_err(|error| Error::io("remove", path, &error)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                removed => {
                    removed?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(())
        })?;
        Ok(count.load(Ordering::Relaxed))
    }
}
