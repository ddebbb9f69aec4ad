//! Flushes beside the calls: what one writes is set aside when it begins, the rest happens on a thread of its own.
//!
//! Flushes stand in a queue. Whoever locks [`Commit`] next carries out those that were begun before it came, if the thread
//! has not yet: so commits happen in the order they were begun in. One that fails takes those behind it along, as they
//! build on it.

use super::flush::Cut;
use super::*;

/// Flushes that may be under way together. Each holds what it writes; who begins another waits.
const MOST_BEGUN: usize = 4;

/// Flushes that were begun.
#[derive(Default)]
pub(super) struct Begun {
    /// What they are to write; the oldest first.
    pub cuts: VecDeque<Cut>,
    /// The number of the last one.
    last: u64,
    /// Whether a thread carries them out.
    has_thread: bool,
    /// The error of one that failed, until somebody hears of it or a later flush succeeds.
    failed: Option<Error>,
}

impl Begun {
    /// Keeps an error for who asks for it.
    pub fn keep(&mut self, error: &Error) {
        self.failed = Some(Error::new(error.kind(), error.message()));
    }
}

impl Store {
    /// Begins a flush of all changes made so far, and does not wait for it; changes made from now on belong to the next.
    /// A store without worker threads carries it out before it returns.
    ///
    /// [`Store::flush_wait`] returns when the commit is durable, and says what went wrong; nothing is lost then. Where a
    /// flush that was begun before has failed, that is returned and nothing is begun. Where many are under way, or
    /// another call waits for those that are, this waits for them.
    pub fn flush_begin(&self) -> Result<()> {
        self.check_writable()?;
        self.check_no_panic()?;
        // Who waits for its turn would wait for ever where flushes are begun one after the other.
        let mut gives_way = self.waiting.load(Ordering::Acquire) > 0;
        let has_thread = loop {
            let mut begun = lock(&self.begun)?;
            self.check_usable()?;
            if let Some(error) = begun.failed.take() {
                return Err(error);
            }
            if begun.cuts.len() < MOST_BEGUN && !gives_way {
                if self.begin(&mut begun, true, false)?.is_none() {
                    return Ok(());
                }
                break std::mem::replace(&mut begun.has_thread, true);
            }
            drop(begun);
            if !read(&self.working)?.catalogue.has_changes_for_a_flush() {
                return Ok(());
            }
            drop(self.lock_commit()?);
            gives_way = false;
        };
        if !self.io.pool.has_threads() || !(has_thread || self.start_thread()) {
            lock(&self.begun)?.has_thread = false;
            drop(self.lock_commit()?);
        }
        Ok(())
    }

    /// Has a thread of its own carry out what was begun; `false` where none can be made.
    fn start_thread(&self) -> bool {
        let Some(store) = self.me.upgrade() else { return false };
        thread::Builder::new().name("atlas-flush".into()).spawn(move || store.carry_out_begun()).is_ok()
    }

    /// Whether all flushes that were begun are over.
    pub fn flush_test(&self) -> Result<bool> {
        self.check_writable()?;
        self.check_no_panic()?;
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

    /// After a panic nobody carries out what is in the queue.
    fn check_no_panic(&self) -> Result<()> {
        if self.panicked.load(Ordering::Acquire) { Err(after_panic()) } else { Ok(()) }
    }

    /// Sets aside what a flush is to write, and puts it into the queue; its number, or `None` where nothing has changed.
    /// Where nobody waits for it, its error is kept.
    fn begin(&self, begun: &mut Begun, keep_error: bool, closing: bool) -> Result<Option<u64>> {
        let Some(mut cut) = self.cut(closing)? else { return Ok(None) };
        begun.last += 1;
        (cut.number, cut.keep_error) = (begun.last, keep_error);
        begun.cuts.push_back(cut);
        self.under_way.fetch_add(1, Ordering::Release);
        Ok(Some(begun.last))
    }

    /// Locks what belongs to commits, after the flushes that have been begun so far.
    pub(super) fn lock_commit(&self) -> Result<MutexGuard<'_, Commit>> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let commit = lock(&self.commit);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        let mut commit = commit?;
        self.carry_out_so_far(&mut commit)?;
        Ok(commit)
    }

    /// Carries out the flushes that have been begun so far.
    pub(super) fn carry_out_so_far(&self, commit: &mut Commit) -> Result<()> {
        let last = lock(&self.begun)?.last;
        while let Some(cut) = self.next_begun(last)? {
            // Its error waits for who asks for it.
            let _ = self.carry_out(cut, commit);
        }
        Ok(())
    }

    /// Takes the flush that is next, up to number `last`, from the queue.
    fn next_begun(&self, last: u64) -> Result<Option<Cut>> {
        let cuts = &mut lock(&self.begun)?.cuts;
        Ok(if cuts.front().is_some_and(|cut| cut.number <= last) { cuts.pop_front() } else { None })
    }

    fn carry_out(&self, cut: Cut, commit: &mut Commit) -> Result<()> {
        let _over = Over(self);
        // A discard may have come first.
        if self.closed.load(Ordering::Acquire) { Ok(()) } else { self.commit_cut(cut, commit) }
    }

    /// Flushes: begins one, and carries it out after those begun before. With `closing`, no change can follow what is
    /// flushed, unless the flush fails.
    pub(super) fn flush_locked(&self, commit: &mut Commit, closing: bool) -> Result<()> {
        let Some(own) = self.begin(&mut *lock(&self.begun)?, false, closing)? else {
            self.carry_out_so_far(commit)?;
            return lock(&self.begun)?.failed.take().map_or(Ok(()), Err);
        };
        while let Some(cut) = self.next_begun(own)? {
            let number = cut.number;
            let done = self.carry_out(cut, commit);
            if number == own {
                if done.is_ok() {
                    lock(&self.begun)?.failed = None;
                }
                return done;
            }
        }
        // One of those before it took it along.
        Err(lock(&self.begun)?.failed.take().unwrap_or_else(after_panic))
    }

    /// What the thread does: one flush at a time, as long as there are any.
    fn carry_out_begun(&self) {
        // After a panic every call says so.
        while let Ok(mut commit) = lock(&self.commit) {
            let Ok(mut begun) = lock(&self.begun) else { return };
            let Some(cut) = begun.cuts.pop_front() else {
                begun.has_thread = false;
                return;
            };
            drop(begun);
            let _ = self.carry_out(cut, &mut commit);
        }
    }
}

/// Says that a flush is over, and whether it panicked.
pub(super) struct Over<'s>(pub &'s Store);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Release);
        if std::thread::panicking() {
            self.0.panicked.store(true, Ordering::Release);
        }
    }
}
