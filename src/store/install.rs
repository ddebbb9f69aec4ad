//! Where the store's state is written: what became of a change.

use crate::array::Array;
use crate::base::error::{Error, Result};
use crate::base::locks::{lock, read, write};
use crate::change::catalogue::Catalogue;
use crate::change::cut::{Cut, CutArray, Frozen, Totals};
use crate::change::spill::Ahead;
use crate::store::{State, Store};
use crate::version::Version;
use crate::version::commit::{Committed, Committer, Outcome};
use crate::version::edit::FileEdit;
use std::sync::Arc;

/// What became of a change.
pub(super) enum Change<'c> {
    /// A flush was committed.
    Flushed { version: Version, cut: &'c mut Cut, totals: &'c Totals },
    /// Values were written ahead of the next flush.
    WrittenAhead { frozen: Frozen, ahead: Ahead },
    /// Array files were rewritten; those that values were written ahead to, too.
    Compacted { version: Version, ahead: Vec<FileEdit> },
    /// Nothing of what was there stays.
    Replaced { version: Arc<Version>, catalogue: Box<Catalogue> },
    /// A change failed: what was set aside is pending again, and all that flushes which were begun later have set aside, as
    /// they build on it. Chunks written meanwhile stay, as they are newer.
    Failed { frozen: &'c Frozen, removed: Vec<(Arc<str>, Arc<Array>)>, error: &'c Error, keep_error: bool },
}

impl Store {
    /// Makes the outcome of a change what calls see.
    pub(super) fn install(&self, change: Change<'_>) -> Result<()> {
        let mut queue = lock(&self.worker.queue)?;
        let mut state = write(&self.state)?;
        match change {
            Change::Flushed { version, cut, totals } => {
                let gone = state.catalogue.flushed(cut.changes, &version.records)?;
                state.version = Arc::new(version);
                state.ahead = state.version.clone();
                state.replaces = false;
                state.written_ahead.leave();
                drop(state);
                drop(queue);
                drop(gone);
                std::mem::take(&mut cut.frozen).stored(totals, false)?;
                for CutArray { array, shape, .. } in &cut.arrays {
                    let mut data = write(&array.data)?;
                    let totals = data.totals().copied().unwrap_or_default();
                    data.set_stored(totals, shape);
                    data.spilled = false;
                }
            }
            Change::WrittenAhead { frozen, ahead } => {
                state.ahead = Arc::new(ahead.version);
                state.written_ahead.extend(ahead.new);
                frozen.stored(&ahead.totals, true)?;
            }
            Change::Compacted { version, ahead } => {
                state.catalogue.moved(&version.records);
                let is_ahead = !Arc::ptr_eq(&state.ahead, &state.version);
                let compacted = is_ahead.then(|| {
                    let ahead = state.ahead.with(ahead);
                    Version { generation: version.generation, records: version.records.clone(), ..ahead }
                });
                state.version = Arc::new(version);
                state.ahead = compacted.map_or_else(|| state.version.clone(), Arc::new);
            }
            Change::Replaced { version, catalogue } => {
                *state = State::new(&self.place, *catalogue, version);
            }
            Change::Failed { frozen, removed, error, keep_error } => {
                let later = queue.take_all();
                if keep_error || later.iter().any(|cut| cut.keep_error) {
                    queue.keep(error);
                }
                state.ending = None;
                state.catalogue.flushes_failed();
                state.catalogue.removed.extend(removed);
                frozen.thaw(&self.io)?;
                for cut in later {
                    state.catalogue.removed.extend(cut.removed);
                    cut.frozen.thaw(&self.io)?;
                }
            }
        }
        Ok(())
    }

    /// Makes what a commit came to what calls see, by the change that `change` makes of its version; and what that makes
    /// needless goes.
    pub(super) fn conclude<'c>(
        &self,
        committer: &mut Committer,
        outcome: Outcome,
        change: impl FnOnce(Version) -> Result<Change<'c>>,
    ) -> Result<()> {
        match outcome {
            Outcome::Committed(Committed { version, durable }) => {
                self.install(change(version)?)?;
                let version = {
                    let state = read(&self.state)?;
                    committer.pinned = state.pinned();
                    state.version.clone()
                };
                durable.map_err(|error| self.note_poison(error))?;
                committer.tidy(&self.place, &version);
                Ok(())
            }
            Outcome::NotCommitted(error) => Err(self.note_poison(error)),
            Outcome::Unknown(error) => {
                self.leave_files()?;
                Err(self.note_poison(error))
            }
        }
    }

    /// What was set aside, or is to be, may be named by a root: nothing of it is removed.
    fn leave_files(&self) -> Result<()> {
        write(&self.state)?.written_ahead.leave();
        Ok(())
    }
}
