//! What happens beside the calls: flushes that were begun, and writing ahead of them, on one thread with one queue.
//!
//! Whoever locks the committer next carries out the flushes that were begun before it came, if the thread has not yet: so
//! commits happen in the order they were begun in. One that fails takes those behind it along, as they build on it.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::locks::{after_panic, lock, read, write};
use crate::base::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::base::sync::{Mutex, MutexGuard};
use crate::base::threads;
use crate::change::cut::{Cut, Totals, cut};
use crate::change::flush::{Flush, flush};
use crate::change::spill::{arrays_with_rows, freeze, set_down, write_ahead};
use crate::store::install::Change;
use crate::store::{Ending, Store};
use crate::version::commit::{Committer, Outcome, commit};
use std::collections::VecDeque;
use std::sync::PoisonError;

/// Flushes that may be under way together. Each holds what it writes; who begins another waits.
const MOST_BEGUN: usize = 4;

/// What is to be done.
#[derive(Default)]
pub(super) struct Worker {
    pub queue: Mutex<Queue>,
    /// Calls that wait to lock the committer.
    waiting: AtomicUsize,
    /// Whether [`Spilling::Wanted`] is so: for those who wait for room, who must not lock the queue meanwhile.
    is_spilling: AtomicBool,
}

#[derive(Default)]
pub(super) struct Queue {
    /// What flushes that were begun are to write; the oldest first.
    pub cuts: VecDeque<Cut>,
    /// The number of the last one.
    last: u64,
    /// Whether one of them is being carried out.
    is_flushing: bool,
    spilling: Spilling,
    /// Whether there is a thread.
    has_thread: bool,
    /// Whether a panic has ended one of these.
    panicked: bool,
    /// The error of a flush that failed, until somebody hears of it or a later one succeeds.
    failed: Option<Error>,
}

/// Whether values are to be written ahead of the next flush.
#[derive(Default)]
enum Spilling {
    #[default]
    Idle,
    /// The thread is to do it, or is at it.
    Wanted,
    /// The last attempt found nothing to write out, with this much held: another call still brings it, or a flush has it.
    /// The next is made when that has changed.
    Nothing(u64),
    /// The last attempt failed; the next is made when there is no room left at all.
    Failed,
}

impl Queue {
    /// Keeps an error for who asks for it.
    pub fn keep(&mut self, error: &Error) {
        self.failed = Some(error.clone());
    }

    /// Whether no flush waits to be carried out. None is begun while the queue is locked.
    pub fn is_empty(&self) -> bool {
        self.cuts.is_empty()
    }

    /// Takes all flushes that are not being carried out.
    pub fn take_all(&mut self) -> VecDeque<Cut> {
        std::mem::take(&mut self.cuts)
    }

    /// After a panic nobody carries out what is in the queue.
    fn check(&self) -> Result<()> {
        if self.panicked { Err(after_panic()) } else { Ok(()) }
    }
}

impl Store {
    /// Writes all changes to disk, atomically and durably, and returns when they are there.
    ///
    /// One new segment for each array name that was written to, small ones of many names in one file; one new root. After
    /// an error the last commit is what is on disk, and nothing in memory is lost: the flush can be tried again, except after
    /// [`ErrorKind::Poisoned`]. [`ErrorKind::InvalidArgument`] says that a dimension's name has two lengths in a dataset.
    pub fn flush(&self) -> Result<()> {
        self.check_coordinator("flush")?;
        let mut committer = self.lock_committer()?;
        self.check_usable()?;
        let flushed = self.flush_locked(&mut committer, false);
        self.tell(committer);
        flushed
    }

    /// Begins a flush of all changes made so far, and does not wait for it; changes made from now on belong to the next.
    /// A store without worker threads carries it out before it returns.
    ///
    /// [`Store::flush_wait`] returns when the commit is durable, and says what went wrong; nothing is lost then. Where a
    /// flush that was begun before has failed, that is returned and nothing is begun. Where many are under way, or
    /// another call waits for those that are, this waits for them.
    pub fn flush_begin(&self) -> Result<()> {
        self.check_coordinator("flush")?;
        self.check_not_calling_back()?;
        // Who waits for its turn would wait for ever where flushes are begun one after the other.
        let mut gives_way = self.worker.waiting.load(Ordering::Acquire) > 0;
        loop {
            let mut queue = lock(&self.worker.queue)?;
            self.check_usable()?;
            queue.check()?;
            if let Some(error) = queue.failed.take() {
                return Err(error);
            }
            if queue.cuts.len() < MOST_BEGUN && !gives_way {
                match self.begin(&mut queue, true, false) {
                    // It is the flush's own.
                    Err(error) if error.kind() == ErrorKind::InvalidArgument => {
                        queue.keep(&error);
                        return Ok(());
                    }
                    Ok(Some(_)) if !self.has_thread(&mut queue) => {}
                    begun => return begun.map(drop),
                }
                drop(queue);
                drop(self.lock_committer()?);
                return Ok(());
            }
            drop(queue);
            if !read(&self.state)?.catalogue.has_changes_for_a_flush() {
                return Ok(());
            }
            drop(self.lock_committer()?);
            gives_way = false;
        }
    }

    /// Whether all flushes that were begun are over.
    pub fn flush_test(&self) -> Result<bool> {
        self.check_writable()?;
        let queue = lock(&self.worker.queue)?;
        queue.check()?;
        Ok(queue.cuts.is_empty() && !queue.is_flushing)
    }

    /// Waits for the flushes that were begun, if any is still under way. Returns the error of one that failed, once:
    /// nothing is lost, and the next flush writes what it did not.
    pub fn flush_wait(&self) -> Result<()> {
        self.check_writable()?;
        let committer = self.lock_committer()?;
        self.check_usable()?;
        let failed = lock(&self.worker.queue)?.failed.take();
        self.tell(committer);
        failed.map_or(Ok(()), Err)
    }

    /// Sets aside what a flush is to write, and puts it into the queue; its number, or `None` where nothing has changed.
    /// Where nobody waits for it, its error is kept. With `closing`, no change can follow what is flushed, unless the
    /// flush fails.
    fn begin(&self, queue: &mut Queue, keep_error: bool, closing: bool) -> Result<Option<u64>> {
        let mut state = write(&self.state)?;
        self.check_open(state.ending)?;
        self.check_not_poisoned()?;
        let begun = match state.catalogue.has_changes_for_a_flush() {
            true => {
                let mut cut = cut(&mut state.catalogue, &self.io, false)?;
                queue.last += 1;
                (cut.number, cut.keep_error) = (queue.last, keep_error);
                queue.cuts.push_back(cut);
                Some(queue.last)
            }
            false => None,
        };
        state.ending = closing.then_some(Ending::Close);
        Ok(begun)
    }

    /// Sets aside what a worker of a session is to export; `None` where nothing has changed.
    pub(super) fn cut_for_export(&self) -> Result<Option<Cut>> {
        let mut state = write(&self.state)?;
        self.check_open(state.ending)?;
        match state.catalogue.has_changes_for_a_flush() {
            true => cut(&mut state.catalogue, &self.io, true).map(Some),
            false => Ok(None),
        }
    }

    /// Whether there is a thread for what is in the queue; one is made if need be.
    fn has_thread(&self, queue: &mut Queue) -> bool {
        if !queue.has_thread
            && self.io.pool.has_threads()
            && let Some(store) = self.me.upgrade()
        {
            queue.has_thread = threads::spawn("atlas-commit", move || store.work()).is_ok();
        }
        queue.has_thread
    }

    /// What the thread does: one thing at a time, as long as there is any. Flushes come first: they, too, make room.
    fn work(&self) {
        // After a panic every call says so.
        while let Ok(mut committer) = lock(&self.committer) {
            let Ok(mut queue) = lock(&self.worker.queue) else { return };
            if let Some(cut) = self.next(&mut queue, u64::MAX) {
                drop(queue);
                // Its error waits for who asks for it.
                let _ = self.carry_out(cut, &mut committer);
            } else if matches!(queue.spilling, Spilling::Wanted) {
                drop(queue);
                let _ = self.spill(&mut committer);
            } else {
                queue.has_thread = false;
                return;
            }
        }
    }

    /// Locks what belongs to commits, after the flushes that have been begun so far.
    pub(super) fn lock_committer(&self) -> Result<MutexGuard<'_, Committer>> {
        self.check_not_calling_back()?;
        self.worker.waiting.fetch_add(1, Ordering::AcqRel);
        let committer = lock(&self.committer);
        self.worker.waiting.fetch_sub(1, Ordering::AcqRel);
        let mut committer = committer?;
        self.carry_out_so_far(&mut committer)?;
        Ok(committer)
    }

    /// Carries out the flushes that have been begun so far.
    pub(super) fn carry_out_so_far(&self, committer: &mut Committer) -> Result<()> {
        let last = lock(&self.worker.queue)?.last;
        while let Some(cut) = self.next_begun(last)? {
            // Its error waits for who asks for it.
            let _ = self.carry_out(cut, committer);
        }
        Ok(())
    }

    fn next_begun(&self, last: u64) -> Result<Option<Cut>> {
        Ok(self.next(&mut *lock(&self.worker.queue)?, last))
    }

    /// Takes the flush that is next, up to number `last`, from the queue.
    fn next(&self, queue: &mut Queue, last: u64) -> Option<Cut> {
        queue.cuts.front().filter(|cut| cut.number <= last)?;
        let cut = queue.cuts.pop_front()?;
        queue.is_flushing = true;
        Some(cut)
    }

    fn carry_out(&self, cut: Cut, committer: &mut Committer) -> Result<()> {
        let _done = Done(self);
        // A discard may have come first.
        if self.closed.load(Ordering::Acquire) { Ok(()) } else { self.commit_cut(cut, committer) }
    }

    /// Flushes: begins one, and carries it out after those begun before.
    pub(super) fn flush_locked(&self, committer: &mut Committer, closing: bool) -> Result<()> {
        let Some(own) = self.begin(&mut *lock(&self.worker.queue)?, false, closing)? else {
            self.carry_out_so_far(committer)?;
            return lock(&self.worker.queue)?.failed.take().map_or(Ok(()), Err);
        };
        while let Some(cut) = self.next_begun(own)? {
            let number = cut.number;
            let done = self.carry_out(cut, committer);
            if number == own {
                if done.is_ok() {
                    lock(&self.worker.queue)?.failed = None;
                }
                return done;
            }
        }
        // One of those before it took it along.
        Err(lock(&self.worker.queue)?.failed.take().unwrap_or_else(after_panic))
    }

    /// Writes what was set aside, commits it, and makes it the store's state.
    fn commit_cut(&self, mut cut: Cut, committer: &mut Committer) -> Result<()> {
        // A run does much the same from one flush to the next.
        self.io.buffers.settle();
        let mut is_installed = false;
        let done = self.write_and_commit(&cut, committer).and_then(|(outcome, totals)| {
            self.conclude(committer, outcome, |version| {
                is_installed = true;
                Ok(Change::Flushed { version, cut: &mut cut, totals: &totals })
            })
        });
        let Err(error) = done else { return Ok(()) };
        let error = self.note_poison(committer.explain(&self.place, error).missing_is(ErrorKind::Io));
        if is_installed {
            // What was committed may not last. A close that fails leaves the store usable.
            write(&self.state)?.ending = None;
            if cut.keep_error {
                lock(&self.worker.queue)?.keep(&error);
            }
        } else {
            let removed = std::mem::take(&mut cut.removed);
            let (frozen, keep_error) = (&cut.frozen, cut.keep_error);
            self.install(Change::Failed { frozen, removed, error: &error, keep_error })?;
        }
        Err(error)
    }

    fn write_and_commit(&self, cut: &Cut, committer: &mut Committer) -> Result<(Outcome, Totals)> {
        // A flush that was begun before may have found out.
        self.check_not_poisoned()?;
        let (ahead, replaced) = {
            let state = read(&self.state)?;
            (state.ahead.clone(), state.replaces.then(|| state.version.clone()))
        };
        // Without a lock nobody can tell who still needs what is taken up: it would stay for ever.
        let merging = committer.lock.is_some();
        let Flush { mut edit, totals, warnings } = flush(&self.place, &self.io, &ahead, cut, merging)?;
        warnings.into_iter().for_each(|warning| committer.warn(warning));
        edit.retired.extend(replaced.iter().flat_map(|replaced| replaced.all_files()));
        Ok((commit(&self.place, &self.io, committer, &ahead, edit), totals))
    }

    /// Called before values are written: while pending ones take half of their memory they are written out in the
    /// background, and while they take more than all of it the caller waits.
    pub(super) fn make_room(&self) -> Result<()> {
        let budget = &self.io.budget;
        while budget.is_half_taken() {
            self.check_writable()?;
            let mut queue = lock(&self.worker.queue)?;
            queue.check()?;
            let is_due = match queue.spilling {
                Spilling::Nothing(held) if !budget.has_moved_from(held) => return Ok(()),
                Spilling::Idle | Spilling::Nothing(_) => true,
                Spilling::Wanted | Spilling::Failed => false,
            };
            if is_due && self.has_thread(&mut queue) {
                queue.spilling = Spilling::Wanted;
                self.worker.is_spilling.store(true, Ordering::SeqCst);
            }
            if !budget.is_overdrawn() {
                return Ok(());
            }
            let is_wanted = matches!(queue.spilling, Spilling::Wanted);
            drop(queue);
            if is_wanted {
                // There is room as soon as some values are encoded, which is long before all is written out.
                budget.wait_until(|| !budget.is_overdrawn() || !self.worker.is_spilling.load(Ordering::SeqCst));
            } else {
                // Not counted among those who wait: flushes make room as well, and may come first.
                let mut committer = lock(&self.committer)?;
                self.carry_out_so_far(&mut committer)?;
                self.spill(&mut committer)?;
            }
        }
        Ok(())
    }

    /// Writes pending values ahead, and notes what came of it.
    fn spill(&self, committer: &mut Committer) -> Result<()> {
        let _done = Done(self);
        let spilled = self.try_spill(committer);
        let mut queue = lock(&self.worker.queue)?;
        queue.spilling = match &spilled {
            Ok(true) => Spilling::Idle,
            Ok(false) => Spilling::Nothing(self.io.budget.held()),
            Err(_) => Spilling::Failed,
        };
        self.worker.is_spilling.store(false, Ordering::SeqCst);
        drop(queue);
        self.io.budget.look_again();
        spilled.map(drop)
    }

    /// Writes pending values ahead, unless a flush has meanwhile; whether there were any.
    fn try_spill(&self, _: &mut Committer) -> Result<bool> {
        self.check_usable()?;
        self.check_not_poisoned()?;
        let budget = &self.io.budget;
        if !budget.is_half_taken() {
            return Ok(false);
        }
        let (arrays, bytes) = arrays_with_rows(&read(&self.state)?.catalogue)?;
        let has_set_down = budget.is_much(bytes);
        if has_set_down {
            set_down(&self.place, &arrays)?;
            if !budget.is_half_taken() {
                return Ok(true);
            }
        }
        // What a flush has set aside is older than what this sets aside.
        let (frozen, ahead) = {
            let queue = lock(&self.worker.queue)?;
            if !queue.cuts.is_empty() {
                return Ok(true);
            }
            let state = read(&self.state)?;
            (freeze(&self.io, &state.catalogue)?, state.ahead.clone())
        };
        if frozen.0.is_empty() {
            return Ok(has_set_down);
        }
        match write_ahead(&self.place, &self.io, &ahead, &frozen) {
            Ok(ahead) => {
                self.install(Change::WrittenAhead { frozen, ahead })?;
                Ok(true)
            }
            Err(error) => {
                let error = self.note_poison(error.missing_is(ErrorKind::Io));
                let removed = Vec::new();
                self.install(Change::Failed { frozen: &frozen, removed, error: &error, keep_error: false })?;
                Err(error)
            }
        }
    }
}

/// Says that a flush, or writing ahead, is over, and whether by a panic.
struct Done<'s>(&'s Store);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.worker.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.is_flushing = false;
        if std::thread::panicking() {
            queue.panicked = true;
            self.0.worker.is_spilling.store(false, Ordering::SeqCst);
            drop(queue);
            // Nobody waits for ever.
            self.0.io.budget.look_again();
        }
    }
}
