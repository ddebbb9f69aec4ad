//! Earlier commits that can be gone back to: roots that were replaced and kept, each as a hard link beside the root.
//!
//! A kept root names segments as the root does; they stay as long as it does. Keeping is no part of a commit: where the
//! file system does not let it, the commit is made all the same.

use super::*;
use crate::format::root::{self, Head, NOTATIONS, Root};
use crate::storage::LocalDisk;
use crate::store::options::OpenOptions;
use std::io;
use std::path::Path;

/// Earlier commits that a flush keeps where the store does not say how many.
pub(super) const DEFAULT_KEPT: u32 = 1;

/// The name under which the root of an earlier commit is kept.
pub(super) fn kept_root(notation: Notation, generation: u64) -> String {
    format!(".{}.{generation:08}", notation.file_name())
}

/// The generation in a name that [`kept_root`] makes.
fn kept_generation(notation: Notation, name: &str) -> Option<u64> {
    let digits = name.strip_prefix('.')?.strip_prefix(notation.file_name())?.strip_prefix('.')?;
    let generation = digits.parse().ok()?;
    (kept_root(notation, generation) == name).then_some(generation)
}

/// The generations of kept roots in a folder, in ascending order.
pub(super) fn kept_generations(storage: &dyn Storage, path: &Path, notation: Notation) -> Result<Vec<u64>> {
    let entries = storage.list(path).map_err(|error| Error::io("list", path, &error))?;
    let mut kept: Vec<u64> = (entries.iter().filter(|entry| !entry.is_dir))
        .filter_map(|entry| kept_generation(notation, entry.path.file_name()?.to_str()?))
        .collect();
    kept.sort_unstable();
    Ok(kept)
}

/// Reads a kept root; `None` where there is none of this generation.
pub(super) fn read_kept(
    storage: &dyn Storage,
    path: &Path,
    notation: Notation,
    generation: u64,
) -> Result<Option<(Root, Identity)>> {
    let file = path.join(kept_root(notation, generation));
    if open::identity_of(storage, &file)?.is_none() {
        return Ok(None);
    }
    let found = match open::read_root(storage, &file, notation) {
        // A writer may drop it at any time.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    match found.0.head.generation {
        said if said == generation => Ok(Some(found)),
        said => Err(error!(Corrupt, "{} is the root of commit {said}", file.display())),
    }
}

/// What a commit does with the root that it replaces, and those kept before.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Keep {
    /// Its values are the commit's own: there is nothing to go back to.
    No,
    Yes,
}

impl Store {
    /// The commits that can be opened with [`Store::open_at`] and gone back to with [`Store::rollback`], in ascending
    /// order; the last is the store's last commit.
    pub fn generations(&self) -> Result<Vec<u64>> {
        self.check_usable()?;
        let last = match self.mode {
            Mode::ReadWrite => read(&self.working)?.committed.generation,
            Mode::Read => open::read_root(&*self.storage, &self.root_path(), self.notation)?.0.head.generation,
        };
        let mut generations = kept_generations(&*self.storage, &self.path, self.notation)?;
        generations.retain(|generation| *generation < last);
        generations.push(last);
        Ok(generations)
    }

    /// Opens an earlier commit for reading, or the last one by its number; see [`Store::generations`].
    pub fn open_at(path: impl AsRef<Path>, generation: u64, options: OpenOptions) -> Result<Arc<Self>> {
        Self::open_at_on(Arc::new(LocalDisk), path.as_ref(), generation, options)
    }

    /// [`Store::open_at`] on another storage than the file system.
    pub fn open_at_on(
        storage: Arc<dyn Storage>,
        path: &Path,
        generation: u64,
        options: OpenOptions,
    ) -> Result<Arc<Self>> {
        let path = open::absolute(path)?;
        // Pinned before it is looked for, so that its segments stay once it is found.
        let pin = open::pin_reader(&*storage, &path);
        let mut found = None;
        for notation in NOTATIONS {
            if let Some((root, identity)) = read_kept(&*storage, &path, notation, generation)? {
                found = Some((notation, root, identity));
            }
        }
        let is_last = found.is_none();
        if is_last {
            let notation = open::expect_root(&*storage, &path)?;
            let (root, identity) = open::read_last_root(&*storage, &path, notation)?;
            if root.head.generation != generation {
                let kept = kept_generations(&*storage, &path, notation)?;
                return Err(no_generation(&path, generation, &kept, root.head.generation));
            }
            found = Some((notation, root, identity));
        }
        let Some((notation, root, identity)) = found else { bail!(Internal, "no root was found") };
        let commit = Commit::new(identity, None, pin, Vec::new());
        Self::assemble(storage, path.clone(), Mode::Read, notation, root, commit, options.runtime)
            .map_err(|error| if is_last { open::repairable(error, &path) } else { error })
    }

    /// Makes the store what it was at an earlier commit, as a new commit: so it can be undone in the same way, as long
    /// as the commit gone back from is kept. Readers see it when they refresh.
    ///
    /// Unflushed changes are an error, as for [`Store::compact`].
    pub fn rollback(&self, generation: u64) -> Result<()> {
        self.check_writable()?;
        let mut commit = self.lock_commit()?;
        self.check_writable()?;
        let done = self.rollback_locked(&mut commit, generation);
        self.tell(commit);
        done
    }

    fn rollback_locked(&self, commit: &mut Commit, generation: u64) -> Result<()> {
        self.check_not_poisoned()?;
        let (last, next_array_id) = {
            let mut working = write(&self.working)?;
            if working.catalogue.has_unflushed_changes() {
                bail!(UnflushedChanges, "store {} has unflushed changes: flush before rollback", self.path.display());
            }
            // Calls go on, but for changes: what they would change is about to go.
            working.ending = Some(Ending::Rollback);
            (working.committed.clone(), working.catalogue.next_array_id)
        };
        let replaced = match last.generation == generation {
            true => Ok(None),
            false => self.go_back(commit, generation, &last, next_array_id).map(Some),
        };
        let mut working = write(&self.working)?;
        working.ending = None;
        let Some((gone_back, durable)) = replaced? else { return Ok(()) };
        // The store may have their segments again. What is left of them is for the next writer to remove.
        commit.retired.clear();
        *working = gone_back;
        durable.map_err(|error| self.note_poison(error))
    }

    /// Commits what commit `generation` was; the new state, and whether it is known to be durable.
    fn go_back(
        &self,
        commit: &mut Commit,
        generation: u64,
        last: &Files,
        next_array_id: u64,
    ) -> Result<(Working, Result<()>)> {
        let kept = match generation < last.generation {
            true => read_kept(&*self.storage, &self.path, self.notation, generation)?,
            false => None,
        };
        let Some((earlier, _)) = kept else {
            return Err(no_generation(&self.path, generation, &commit.kept, last.generation));
        };
        earlier.head.check_writable()?;
        open::check_store(&earlier.head, &self.store_id, &self.path)?;
        let head = Head {
            generation: last.generation + 1,
            next_array_id: earlier.head.next_array_id.max(next_array_id),
            keep_generations: self.keep_generations,
            ..earlier.head
        };
        let datasets: Vec<(&str, &[u8])> =
            earlier.datasets.iter().map(|(name, range)| (&**name, &earlier.image[range.clone()])).collect();
        let written = root::write(self.notation, &head, &datasets)?;
        let root = root::parse(self.notation, written.file.clone())?;
        let files = open::files_of(&root.head, &self.path, last)?;
        for segment in files.by_name.values().flat_map(|file| file.segments.iter()) {
            self.io.reader.directory(segment).map_err(|error| error.missing_is(ErrorKind::Corrupt))?;
        }
        let catalogue = Catalogue::new(self.notation.format, root)?;
        let unsynced = values::Unsynced::default();
        let durable = self.replace_root(commit, &written.file, files.generation, &unsynced, Keep::Yes)?;
        Ok((Working::new(catalogue, files), durable))
    }

    /// Links the root that is about to be replaced, of commit `generation`, to the name under which it is kept.
    pub(super) fn keep_root(&self, commit: &mut Commit, generation: u64) {
        let kept = self.path.join(kept_root(self.notation, generation));
        let root = self.root_path();
        let link = || match self.storage.link(&root, &kept) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Left by a commit that failed; or, where nothing is synced, by one that a crash undid.
                self.storage.remove(&kept)?;
                self.storage.link(&root, &kept)
            }
            linked => linked,
        };
        match link() {
            Ok(()) if commit.kept.last() != Some(&generation) => commit.kept.push(generation),
            Ok(()) => {}
            Err(error) => {
                let message =
                    format!("commit {generation} cannot be kept to go back to: link {}: {error}", kept.display());
                commit.messages.push((LogLevel::Warning, message));
            }
        }
    }

    /// Removes the oldest kept roots, but for as many as the store was told to keep, or else `default`.
    pub(super) fn drop_kept(&self, commit: &mut Commit, default: u32) {
        let limit = self.keep_generations.unwrap_or(default) as usize;
        while commit.kept.len() > limit {
            let path = self.path.join(kept_root(self.notation, commit.kept[0]));
            match self.storage.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    commit.messages.push((LogLevel::Warning, format!("remove {}: {error}", path.display())));
                    return;
                }
                _ => commit.kept.remove(0),
            };
        }
    }

    /// Whether a flush keeps the root that it replaces.
    pub(super) fn keeps_roots(&self) -> bool {
        self.keep_generations != Some(0)
    }
}

fn no_generation(path: &Path, generation: u64, kept: &[u64], last: u64) -> Error {
    let earlier: Vec<String> = kept.iter().filter(|kept| **kept < last).map(u64::to_string).collect();
    let there = if earlier.is_empty() { "none before".into() } else { format!("{} and", earlier.join(", ")) };
    error!(NotFound, "store {} does not keep commit {generation}: it has {there} the last, {last}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_roots_are_recognised_by_their_names() {
        for notation in NOTATIONS {
            for generation in [1, 99_999_999, 100_000_000, u64::MAX] {
                assert_eq!(kept_generation(notation, &kept_root(notation, generation)), Some(generation));
            }
        }
        let json = Notation::default();
        for name in
            ["atlas.json", ".atlas.json.new", ".atlas.json.7", ".atlas.json.+0000007", ".atlas.json.zst.00000007"]
        {
            assert_eq!(kept_generation(json, name), None, "{name}");
        }
    }
}
