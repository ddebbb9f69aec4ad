//! Commits that are not flushes, and those that were made: compaction, earlier commits, refresh.

use crate::base::error::{Error, ErrorKind, Result, bail, error};
use crate::base::locks::{lock, read, write};
use crate::base::pauses::Pauses;
use crate::base::sync::MutexGuard;
use crate::change::catalogue::Catalogue;
use crate::change::compact::{Compaction, compact, compact_records, live_arrays};
use crate::change::records::Composed;
use crate::change::rollback::{no_generation, rollback};
use crate::format::root::NOTATIONS;
use crate::storage::{self, Mark, Storage};
use crate::store::install::Change;
use crate::store::open::{self, absolute};
use crate::store::options::{Mode, OpenOptions};
use crate::store::{Ending, Store};
use crate::version::commit::{Committer, commit};
use crate::version::edit::{Edit, Keep, NewFiles, NewRecords};
use crate::version::keeping::Keeping;
use crate::version::pins::Pin;
use crate::version::place::Place;
use crate::version::roots::{
    expect_root, find_kept, kept_generations, read_announced, read_last_root, read_root, repairable,
};
use crate::version::{File, Version};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What keeps the files of a version where they are.
pub(super) enum Pinned<'s> {
    /// A writer goes on meanwhile.
    Writer { _pin: Pin },
    /// What a reader has announced is moved by a refresh, which waits.
    Reader { _committer: MutexGuard<'s, Committer> },
}

impl Store {
    /// The last version, after the flushes that have been begun so far; its files stay as long as it is pinned.
    pub(super) fn pin_version(&self) -> Result<(Arc<Version>, Pinned<'_>)> {
        let committer = self.lock_committer()?;
        self.check_usable()?;
        let version = read(&self.state)?.version.clone();
        let pinned = match self.mode {
            Mode::Read => Pinned::Reader { _committer: committer },
            Mode::ReadWrite => {
                let pin = committer.pins.pin(version.generation);
                self.tell(committer);
                Pinned::Writer { _pin: pin }
            }
        };
        Ok((version, pinned))
    }

    /// Rewrites array files to live data only, after which deleted and overwritten values take no space.
    ///
    /// Commits that the store was told to keep stay, with the files that they need. Skipping it forever is safe. Unflushed
    /// changes are an error. It is atomic: whatever happens, the store is as before or compacted. Other calls go on
    /// meanwhile, flushes too; what they add is left to the next compaction. Files that a reader of an older snapshot may
    /// still need are removed later, by a flush, the next compaction, or the next writer that opens the store after the
    /// reader is gone.
    ///
    /// An array file that is damaged stays as it is, while the others are compacted; the error then names it.
    pub fn compact(&self) -> Result<()> {
        self.check_coordinator("compact")?;
        self.check_not_calling_back()?;
        let _one_at_a_time = lock(&self.compacting)?;
        let (version, pinned) = self.pin_version()?;
        self.check_not_poisoned()?;
        if read(&self.state)?.catalogue.has_unflushed_changes() {
            let path = self.place.path.display();
            bail!(UnflushedChanges, "store {path} has unflushed changes: flush before compact");
        }
        let missing = |error: Error| error.missing_is(ErrorKind::Corrupt);
        let progress = |done, total| self.progress("compact", done, total);
        let made = compact(&self.place, &self.io, &version, progress);
        let compaction = made.map_err(|error| self.note_poison(missing(error)))?;
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        drop(pinned);
        let done = self.commit_compaction(&mut committer, compaction).map_err(missing);
        self.tell(committer);
        done
    }

    fn commit_compaction(&self, committer: &mut Committer, mut compaction: Compaction) -> Result<()> {
        self.check_not_poisoned()?;
        let (now, ahead) = {
            let state = read(&self.state)?;
            (state.version.clone(), state.ahead.clone())
        };
        let damaged = (!compaction.damaged.is_empty()).then(|| compaction.damaged.join("; "));
        let made = compaction.records.take();
        let mut new = std::mem::replace(&mut compaction.new, NewFiles::new(&self.place.storage));
        let since;
        let live = if compaction.is_of(&now) {
            &compaction.live
        } else {
            since = live_arrays(&now.records)?;
            &since
        };
        let (files, retired) = compaction.apply(&self.io, &now, live)?;
        let composed = match made {
            made if compaction.is_of(&now) => made,
            _ if now.records.files.is_empty() => compact_records(&self.place, &self.io, &now, live, &mut new)?,
            // It may take long: it is left to the next compaction.
            _ => None,
        };
        if !files.is_empty() || composed.is_some() {
            let (files_ahead, _) = compaction.apply(&self.io, &ahead, live)?;
            let Composed { records, unsynced, retired: of_catalogue } =
                composed.unwrap_or_else(|| Composed::of(NewRecords::same(&now.records)));
            let retired = retired.into_iter().map(File::Segment).chain(of_catalogue).collect();
            let (keeping, defaults) = (now.keeping.clone(), now.defaults);
            let edit = Edit { files, records, retired, new, unsynced, keeping, defaults, keep: Keep::No };
            let outcome = commit(&self.place, &self.io, committer, &now, edit);
            self.conclude(committer, outcome, |version| Ok(Change::Compacted { version, ahead: files_ahead }))?;
        }
        let (version, ahead) = {
            let state = read(&self.state)?;
            (state.version.clone(), state.ahead.clone())
        };
        committer.drop_kept(&self.place, &version.keeping, 0);
        committer.clean_up(&self.place, &self.io, &version, &ahead, None);
        damaged.map_or(Ok(()), |damaged| Err(error!(Corrupt, "{damaged}")))
    }

    /// Tells the store how many earlier commits it keeps from the next flush on, compactions or not: 0 for none, `None` for
    /// the one before the last, until a compaction. See [`CreateOptions::keep_generations`](crate::CreateOptions).
    pub fn set_keep_generations(&self, count: Option<u32>) -> Result<()> {
        self.check_coordinator("say how many commits are kept")?;
        let mut state = self.state_mut()?;
        let keeping = Keeping { generations: count, ..(**state.catalogue.keeping()).clone() };
        state.catalogue.set_keeping(keeping);
        Ok(())
    }

    /// Makes the store what it was at an earlier commit, as a new commit: so it can be undone in the same way, as long
    /// as the commit gone back from is kept. Readers see it when they refresh.
    ///
    /// Unflushed changes are an error, as for [`Store::compact`].
    pub fn rollback(&self, generation: u64) -> Result<()> {
        self.check_coordinator("roll back")?;
        let mut committer = self.lock_committer()?;
        self.check_writable()?;
        let done = self.rollback_locked(&mut committer, generation);
        self.tell(committer);
        done
    }

    fn rollback_locked(&self, committer: &mut Committer, generation: u64) -> Result<()> {
        self.check_not_poisoned()?;
        let (last, next_array_id) = {
            let mut state = write(&self.state)?;
            if state.catalogue.has_unflushed_changes() {
                let path = self.place.path.display();
                bail!(UnflushedChanges, "store {path} has unflushed changes: flush before rollback");
            }
            if state.version.generation == generation {
                return Ok(());
            }
            // Calls go on, but for changes: what they would change is about to go.
            state.ending = Some(Ending::Rollback);
            (state.version.clone(), state.catalogue.next_array_id)
        };
        let done = self.go_back(committer, generation, &last, next_array_id);
        write(&self.state)?.ending = None;
        done
    }

    fn go_back(&self, committer: &mut Committer, generation: u64, last: &Version, next_array_id: u64) -> Result<()> {
        let edit = rollback(&self.place, &self.io, last, generation, next_array_id, &committer.kept)?;
        // The store may have the files in it again. What is left of them is for the next writer to remove.
        committer.garbage.clear();
        let outcome = commit(&self.place, &self.io, committer, last, edit);
        self.conclude(committer, outcome, |version| {
            let catalogue = Box::new(Catalogue::new(&version)?);
            self.forget_imported()?;
            Ok(Change::Replaced { version: Arc::new(version), catalogue })
        })
    }

    /// The commits that can be opened with [`Store::open_at`] and gone back to with [`Store::rollback`], in ascending
    /// order; the last is the store's last commit.
    pub fn generations(&self) -> Result<Vec<u64>> {
        self.check_usable()?;
        self.check_no_worker("list commits")?;
        let (storage, path, notation) = (&*self.place.storage, &self.place.path, self.place.notation);
        let last = match self.mode {
            Mode::ReadWrite => read(&self.state)?.version.generation,
            Mode::Read => read_root(storage, &self.place.root(), notation)?.0.head.generation,
        };
        let mut generations = kept_generations(storage, path, notation)?;
        generations.retain(|generation| *generation < last);
        generations.push(last);
        Ok(generations)
    }

    /// Opens an earlier commit for reading, or the last one by its number; see [`Store::generations`].
    pub fn open_at(path: impl AsRef<Path>, generation: u64, options: OpenOptions) -> Result<Arc<Self>> {
        let (storage, path) = storage::of(path.as_ref())?;
        Self::open_at_on(storage, &path, generation, options)
    }

    /// [`Store::open_at`] on another storage than the file system.
    pub fn open_at_on(
        storage: Arc<dyn Storage>,
        path: &Path,
        generation: u64,
        options: OpenOptions,
    ) -> Result<Arc<Self>> {
        let path = absolute(&*storage, path)?;
        // Pinned before it is looked for, so that its segments stay once it is found.
        let pin = open::pin_reader(&*storage, &path);
        let found = find_kept(&*storage, &path, &NOTATIONS, generation)?;
        let is_last = found.is_none();
        let (notation, root, mark) = match found {
            Some(found) => found,
            None => {
                let (notation, root, mark, ()) = read_announced(&*storage, &path, || Ok(()))?;
                if root.head.generation != generation {
                    let kept = kept_generations(&*storage, &path, notation)?;
                    return Err(no_generation(&path, generation, &kept, root.head.generation));
                }
                (notation, root, mark)
            }
        };
        let committer = Committer::reader(mark, pin);
        Self::with_root(storage, path.clone(), Mode::Read, notation, root, committer, options.runtime)
            .map_err(|error| if is_last { repairable(error, &path) } else { error })
    }

    /// Moves a reader on to the last commit; whether there was a newer one. A writer sees its own commits anyway.
    pub fn refresh(&self) -> Result<bool> {
        self.check_usable()?;
        if self.mode == Mode::ReadWrite {
            return Ok(false);
        }
        let mut committer = self.lock_committer()?;
        self.check_usable()?;
        let (storage, path) = (&*self.place.storage, self.place.root());
        if Mark::at(storage, &path).map_err(|error| Error::io("read", &path, &error))? == committer.root {
            return Ok(false);
        }
        committer.pin_all();
        let held = read(&self.state)?.version.clone();
        let newer = read_last_root(storage, &self.place.path, self.place.notation).and_then(|(root, mark)| {
            self.place.check_same(&root.head)?;
            let Place { notation, path, storage, .. } = &self.place;
            let make = |known: &Version| Version::of(root, notation.format, path, storage, known);
            let version = self.io.version(Some(&mark), make);
            let made = version.and_then(|version| Ok((Box::new(Catalogue::new(&version)?), version, mark)));
            made.map_err(|error| repairable(error, &self.place.path))
        });
        let (catalogue, version, mark) = newer.inspect_err(|_| committer.pin(held.generation))?;
        committer.pin(version.generation);
        committer.root = Some(mark);
        self.install(Change::Replaced { version, catalogue })?;
        *lock(&self.seen)? = committer.root.clone();
        Ok(true)
    }

    /// Waits until there is a commit newer than the one that this handle sees, at most for `timeout`; whether there is. It
    /// does not move on to it: that is [`Store::refresh`]. It looks at the root every few milliseconds, up to 50, on any
    /// file system, and keeps no other call of the handle waiting. Where the handle is closed meanwhile, that is
    /// [`ErrorKind::InvalidHandle`].
    ///
    /// A writer sees its own commits anyway, and there are no others: to wait is [`ErrorKind::InvalidArgument`].
    pub fn wait_for_commit(&self, timeout: Duration) -> Result<bool> {
        self.check_usable()?;
        let (storage, path) = (&*self.place.storage, self.place.root());
        if self.mode == Mode::ReadWrite {
            let path = self.place.path.display();
            bail!(InvalidArgument, "store {path} is open for writing: there are no commits but its own to wait for");
        }
        let mut pauses = Pauses::within(timeout);
        loop {
            let seen = lock(&self.seen)?.clone();
            let there = Mark::at(storage, &path).map_err(|error| Error::io("read", &path, &error))?;
            if there.is_none() {
                expect_root(storage, &self.place.path)?;
            } else if there != seen {
                return Ok(true);
            }
            if !pauses.pause() {
                return Ok(false);
            }
            self.check_usable()?;
        }
    }
}
