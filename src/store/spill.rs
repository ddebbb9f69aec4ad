//! Writing ahead of the flush: when pending values take more memory than they may, they go to segments that no root
//! names yet. Reads find them there, the next flush names them, and a discard removes them.

use super::flush::changed_arrays;
use super::values::{FrozenArray, NewFiles, Values};
use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What goes on beside the calls.
pub(super) enum Spilling {
    Idle,
    Running,
    /// The last attempt found nothing to write out, with this much held: another call still brings it, or a flush has it.
    /// The next is made when that has changed.
    Nothing(u64),
    /// The last attempt failed; the next is made when there is no room left at all.
    Failed,
}

impl Store {
    /// Called before values are written: while pending ones take half of their memory they are written out in the
    /// background, and while they take more than all of it the caller waits.
    pub(super) fn make_room(&self) -> Result<()> {
        let budget = &self.io.budget;
        while budget.is_half_taken() {
            self.check_writable()?;
            let mut spilling = lock(&self.spilling)?;
            match *spilling {
                Spilling::Nothing(held) if !budget.has_moved_from(held) => return Ok(()),
                Spilling::Idle | Spilling::Nothing(_) if self.start_spilling() => *spilling = Spilling::Running,
                _ => {}
            }
            if !budget.is_overdrawn() {
                return Ok(());
            }
            if matches!(*spilling, Spilling::Running) {
                drop(spilling);
                // There is room as soon as some values are encoded, which is long before all is written out.
                budget.wait_until(|| !budget.is_overdrawn() || !self.is_spilling());
                continue;
            }
            drop(spilling);
            let spilled = self.spill();
            self.end_spilling(&spilled);
            spilled?;
        }
        Ok(())
    }

    /// Has a thread of its own write out what is pending. `false` where there is none.
    fn start_spilling(&self) -> bool {
        let Some(store) = self.me.upgrade().filter(|_| self.io.pool.has_threads()) else { return false };
        let run = move || {
            // Whatever happens, nobody waits for ever.
            let spilled = catch_unwind(AssertUnwindSafe(|| store.spill())).unwrap_or_else(|_| Err(after_panic()));
            store.end_spilling(&spilled);
        };
        thread::Builder::new().name("atlas-spill".into()).spawn(run).is_ok()
    }

    fn is_spilling(&self) -> bool {
        matches!(*self.spilling.lock().unwrap_or_else(PoisonError::into_inner), Spilling::Running)
    }

    fn end_spilling(&self, spilled: &Result<bool>) {
        let mut spilling = self.spilling.lock().unwrap_or_else(PoisonError::into_inner);
        *spilling = match spilled {
            Ok(true) => Spilling::Idle,
            Ok(false) => Spilling::Nothing(self.io.budget.held()),
            Err(_) => Spilling::Failed,
        };
        drop(spilling);
        self.io.budget.look_again();
    }

    /// Writes pending values to segments, unless a flush has meanwhile; whether there were any.
    fn spill(&self) -> Result<bool> {
        // Not counted among those who wait: flushes make room as well, and may come first.
        let mut commit = lock(&self.commit)?;
        self.carry_out_so_far(&mut commit)?;
        self.check_usable()?;
        self.check_not_poisoned()?;
        if !self.io.budget.is_half_taken() {
            return Ok(false);
        }
        // What a flush has set aside is older than what this sets aside.
        let values = {
            let begun = lock(&self.begun)?;
            if !begun.cuts.is_empty() {
                return Ok(true);
            }
            self.freeze_to_spill()?
        };
        if values.frozen.is_empty() {
            return Ok(false);
        }
        let mut new = NewFiles::default();
        let files = Files::clone(&read(&self.working)?.files);
        let stored = self.store_values(&values, files, &mut new, None);
        match stored.and_then(|stored| self.make_durable(&stored.unsynced, None).map(|()| stored)) {
            Ok(stored) => {
                let mut working = write(&self.working)?;
                working.files = Arc::new(stored.files);
                working.spilled.extend(new);
                values.stored(&stored.totals, true)?;
                Ok(true)
            }
            Err(error) => {
                new.remove(&*self.storage);
                let error = self.note_poison(error.missing_is(ErrorKind::Io));
                self.put_back(&values, Vec::new(), &error, false)?;
                Err(error)
            }
        }
    }

    /// Sets aside the complete chunks. Those still being written to would have to be read back: they go too only when
    /// there is no room left and they are the greater part of what is pending.
    fn freeze_to_spill(&self) -> Result<Values> {
        let working = read(&self.working)?;
        let changed = changed_arrays(&working.catalogue)?;
        let mut sealed = 0;
        for changed in &changed {
            sealed += read(&changed.array.data)?.sealed_bytes();
        }
        let open = self.io.budget.is_overdrawn() && sealed <= self.io.budget.held() / 2;
        let mut values = Values::default();
        for changed in &changed {
            let mut data = changed.array.data.write().unwrap_or_else(PoisonError::into_inner);
            values.frozen.extend(FrozenArray::freeze(changed, &mut data, open, &self.io));
        }
        Ok(values)
    }
}
