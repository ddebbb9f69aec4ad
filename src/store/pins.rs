//! Pins: commits that are kept as long as they have a name.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{lock, read, write};
use crate::base::names::check_name;
use crate::change::rollback::{kept_version, no_generation};
use crate::store::options::Mode;
use crate::store::{State, Store};
use crate::version::Version;
use crate::version::commit::Committer;
use crate::version::keeping::Keeping;
use crate::version::roots::{read_kept, read_root};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A commit that is kept under a name; see [`Store::pin`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedCommit {
    /// The name of the pin.
    pub name: Arc<str>,
    /// The commit.
    pub generation: u64,
}

impl Store {
    /// Pins the last commit under a name: it can be opened and gone back to, and its files stay, whatever is flushed,
    /// compacted and rolled back, until [`Store::unpin`]. Changes that are not flushed are not part of it. Returns its
    /// generation.
    ///
    /// It is a change like any other: the next flush makes it durable.
    pub fn pin(&self, name: &str) -> Result<u64> {
        check_name("pin", name)?;
        self.check_coordinator("pin a commit")?;
        let mut committer = self.lock_committer()?;
        let pinned = self.pin_locked(&mut committer, name, None);
        self.tell(committer);
        pinned
    }

    /// Pins the last commit under a name, and flushes: one commit, durable when this returns, that no other comes before.
    /// Returns the generation of the pinned commit, which is the one before.
    pub fn pin_and_flush(&self, name: &str) -> Result<u64> {
        self.pin_one_and_flush(name, None)
    }

    /// Pins an earlier commit that is kept, or the last by its number, under a name, and flushes; see
    /// [`Store::generations`]. The commit is durably kept when this returns.
    pub fn pin_commit_and_flush(&self, name: &str, generation: u64) -> Result<()> {
        self.pin_one_and_flush(name, Some(generation)).map(|_| ())
    }

    fn pin_one_and_flush(&self, name: &str, generation: Option<u64>) -> Result<u64> {
        check_name("pin", name)?;
        self.check_writable()?;
        let mut committer = self.lock_committer()?;
        let pinned = self.pin_locked(&mut committer, name, generation);
        let flushed = pinned.and_then(|generation| self.flush_locked(&mut committer, false).map(|()| generation));
        self.tell(committer);
        flushed
    }

    /// Pins the last commit, or this one.
    fn pin_locked(&self, committer: &mut Committer, name: &str, wanted: Option<u64>) -> Result<u64> {
        loop {
            self.check_writable()?;
            // What says that a commit is pinned is the next one: no flush may be under way that does not.
            if !lock(&self.worker.queue)?.is_empty() {
                self.carry_out_so_far(committer)?;
                continue;
            }
            let last = read(&self.state)?.version.clone();
            let generation = wanted.unwrap_or(last.generation);
            if generation != last.generation {
                self.check_kept(committer, &last, generation)?;
            }
            let queue = lock(&self.worker.queue)?;
            if !queue.is_empty() {
                continue;
            }
            let mut state = write(&self.state)?;
            self.check_open(state.ending)?;
            let mut keeping = (**state.catalogue.keeping()).clone();
            if let Some(other) = keeping.pins.insert(name.into(), generation) {
                bail!(AlreadyExists, "pin '{name}' already exists: it names commit {other}");
            }
            state.catalogue.set_keeping(keeping);
            committer.pinned.insert(generation);
            return Ok(generation);
        }
    }

    /// Whether an earlier commit can be pinned: what keeps it is durable, and all of it is there.
    fn check_kept(&self, committer: &Committer, last: &Version, generation: u64) -> Result<()> {
        // A root of a commit that is not among these has no hold on its files.
        if !committer.kept.contains(&generation) {
            return Err(no_generation(&self.place.path, generation, &committer.kept, last.generation));
        }
        kept_version(&self.place, &self.io, last, generation, &committer.kept)?;
        // Whoever kept it may have been killed before the folder was synced: no crash may leave a pin without its commit.
        self.place.sync_folder(&self.place.path)
    }

    /// Whether an earlier commit, which is kept, holds just what the last one does, in the same files: commits between them
    /// changed nothing but what is kept.
    pub fn holds_what_the_last_does(&self, generation: u64) -> Result<bool> {
        self.check_usable()?;
        let (storage, path, notation) = (&*self.place.storage, &self.place.path, self.place.notation);
        let earlier = match read_kept(storage, path, notation, generation) {
            Ok(Some((root, _))) => root,
            Ok(None) => return Ok(false),
            // What is damaged holds nothing. Verification names it.
            Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(false),
            Err(error) => return Err(error),
        };
        let (last, _) = read_root(storage, &self.place.root(), notation)?;
        earlier.holds_what(&last)
    }

    /// Takes a pin away: from the next flush on its commit is kept only as far as the store keeps commits.
    pub fn unpin(&self, name: &str) -> Result<()> {
        self.check_coordinator("unpin a commit")?;
        let mut state = self.state_mut()?;
        let mut keeping = (**state.catalogue.keeping()).clone();
        if keeping.pins.shift_remove(name).is_none() {
            return Err(self.no_pin(name));
        }
        state.catalogue.set_keeping(keeping);
        Ok(())
    }

    /// The pins, in the order in which they were made; to a writer those that are not flushed, too.
    pub fn pins(&self) -> Result<Vec<PinnedCommit>> {
        self.check_usable()?;
        let keeping = match self.mode {
            Mode::ReadWrite => read(&self.state)?.catalogue.keeping().clone(),
            Mode::Read => {
                let root = self.place.root();
                let (last, _) = read_root(&*self.place.storage, &root, self.place.notation)?;
                Arc::new(Keeping::of(&last.head).map_err(|error| error.context(root.display()))?)
            }
        };
        let pin = |(name, generation): (&Arc<str>, &u64)| PinnedCommit { name: name.clone(), generation: *generation };
        Ok(keeping.pins.iter().map(pin).collect())
    }

    /// The commit that a pin names.
    pub fn pin_generation(&self, name: &str) -> Result<u64> {
        let pin = self.pins()?.into_iter().find(|pin| *pin.name == *name);
        pin.map(|pin| pin.generation).ok_or_else(|| self.no_pin(name))
    }

    fn no_pin(&self, name: &str) -> Error {
        error!(NotFound, "store {} has no pin '{name}'", self.place.path.display())
    }
}

impl State {
    /// The commits that pins name: those of the last commit, and those that the next is to have.
    pub(super) fn pinned(&self) -> BTreeSet<u64> {
        self.version.keeping.pinned().chain(self.catalogue.keeping().pinned()).collect()
    }
}
