//! A flush beside the calls: what it writes is set aside when it begins, the rest happens on a thread of its own.
//!
//! A flush that was begun is part of [`Commit`]. Whoever locks that next carries it out, if the thread has not yet: so
//! commits happen in the order they were begun in.

use super::*;

impl Store {
    /// Begins a flush of all changes made so far, and does not wait for it; changes made from now on belong to the next.
    /// A store without worker threads carries it out before it returns.
    ///
    /// [`Store::flush_wait`] returns when the commit is durable, and says what went wrong; nothing is lost then. A
    /// flush that was begun before is waited for, and if it failed that is returned and nothing is begun.
    pub fn flush_begin(&self) -> Result<()> {
        self.check_writable()?;
        let mut commit = self.lock_commit()?;
        self.check_usable()?;
        if let Some(error) = commit.failed.take() {
            return Err(error);
        }
        let Some(cut) = self.cut(false)? else { return Ok(()) };
        commit.begun = Some(cut);
        self.flushing.store(true, Ordering::Release);
        drop(commit);
        let started = self.me.upgrade().filter(|_| self.io.pool.has_threads()).is_some_and(|store| {
            let run = move || drop(store.lock_commit());
            thread::Builder::new().name("atlas-flush".into()).spawn(run).is_ok()
        });
        if !started {
            drop(self.lock_commit()?);
        }
        Ok(())
    }

    /// Whether the flush that was begun last, if any, is over.
    pub fn flush_test(&self) -> Result<bool> {
        self.check_writable()?;
        Ok(!self.flushing.load(Ordering::Acquire))
    }

    /// Waits for the flush that was begun last, if it is still under way. Returns its error, once: nothing is lost, and
    /// the next flush writes what it did not.
    pub fn flush_wait(&self) -> Result<()> {
        self.check_writable()?;
        let mut commit = self.lock_commit()?;
        self.check_usable()?;
        let failed = commit.failed.take();
        self.tell(commit);
        failed.map_or(Ok(()), Err)
    }

    /// Locks what belongs to commits, after the flush that was begun.
    pub(super) fn lock_commit(&self) -> Result<MutexGuard<'_, Commit>> {
        let mut commit = lock(&self.commit)?;
        if let Some(cut) = commit.begun.take() {
            let _done = Done(&self.flushing);
            commit.failed = self.commit_cut(cut, &mut commit).err();
        }
        Ok(commit)
    }
}

/// Says that a flush is over, also when it panicked.
struct Done<'f>(&'f AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
