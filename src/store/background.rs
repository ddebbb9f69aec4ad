//! Flushes beside the calls: what one writes is set aside when it begins, the rest happens on a thread of its own.
//!
//! Flushes that were begun stand in a queue. Whoever locks [`Commit`] next carries them out, if a thread has not yet: so
//! commits happen in the order they were begun in. One that fails takes those behind it along, as they build on it.

use super::flush::Cut;
use super::*;

/// Flushes that may be under way together. Each holds what it writes; who begins another waits.
const MOST_BEGUN: usize = 4;

/// Flushes that were begun.
#[derive(Default)]
pub(super) struct Begun {
    /// What they are to write; the oldest first.
    pub cuts: VecDeque<Cut>,
    /// The error of one that failed, until somebody hears of it or a later flush succeeds.
    pub failed: Option<Error>,
}

impl Store {
    /// Begins a flush of all changes made so far, and does not wait for it; changes made from now on belong to the next.
    /// A store without worker threads carries it out before it returns.
    ///
    /// [`Store::flush_wait`] returns when the commit is durable, and says what went wrong; nothing is lost then. Where a
    /// flush that was begun before has failed, that is returned and nothing is begun. Where many are under way, this
    /// waits for them.
    pub fn flush_begin(&self) -> Result<()> {
        self.check_writable()?;
        loop {
            let mut begun = lock(&self.begun)?;
            self.check_usable()?;
            if let Some(error) = begun.failed.take() {
                return Err(error);
            }
            if begun.cuts.len() < MOST_BEGUN {
                let Some(cut) = self.cut(false)? else { return Ok(()) };
                begun.cuts.push_back(cut);
                self.under_way.fetch_add(1, Ordering::Release);
                break;
            }
            drop(begun);
            if !read(&self.working)?.catalogue.has_changes_for_a_flush() {
                return Ok(());
            }
            drop(self.lock_commit()?);
        }
        let started = self.me.upgrade().filter(|_| self.io.pool.has_threads()).is_some_and(|store| {
            let run = move || drop(store.lock_commit());
            thread::Builder::new().name("atlas-flush".into()).spawn(run).is_ok()
        });
        if !started {
            drop(self.lock_commit()?);
        }
        Ok(())
    }

    /// Whether all flushes that were begun are over.
    pub fn flush_test(&self) -> Result<bool> {
        self.check_writable()?;
        Ok(self.under_way.load(Ordering::Acquire) == 0)
    }

    /// Waits for the flushes that were begun, if any is still under way. Returns the error of one that failed, once:
    /// nothing is lost, and the next flush writes what it did not.
    pub fn flush_wait(&self) -> Result<()> {
        self.check_writable()?;
        let commit = self.lock_commit()?;
        self.check_usable()?;
        let failed = lock(&self.begun)?.failed.take();
        self.tell(commit);
        failed.map_or(Ok(()), Err)
    }

    /// Locks what belongs to commits, after the flushes that were begun.
    pub(super) fn lock_commit(&self) -> Result<MutexGuard<'_, Commit>> {
        let mut commit = lock(&self.commit)?;
        drop(self.no_more_begun(&mut commit)?);
        Ok(commit)
    }

    /// Carries out all flushes that were begun; until what is returned is dropped, no other begins.
    pub(super) fn no_more_begun(&self, commit: &mut Commit) -> Result<MutexGuard<'_, Begun>> {
        loop {
            let mut begun = lock(&self.begun)?;
            let Some(cut) = begun.cuts.pop_front() else { return Ok(begun) };
            let _over = Over(&self.under_way);
            // A discard came first.
            if self.closed.load(Ordering::Acquire) {
                continue;
            }
            drop(begun);
            if let Err(error) = self.commit_cut(cut, commit) {
                lock(&self.begun)?.failed = Some(error);
            }
        }
    }
}

/// Says that a flush is over, also when it panicked.
pub(super) struct Over<'s>(pub &'s AtomicUsize);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Release);
    }
}
