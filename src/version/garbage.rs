//! The removal of what no version needs any more.
//!
//! There is one rule. A file goes when no root that is there names it, and none that a pin names, nothing in this process
//! has pinned a version that does, no reader elsewhere can have one, and this writer holds the lock, without which nobody could tell. It never goes
//! before the removal of the last root that named it is durable: a crash that brings that back must not find it without
//! its segments.

use crate::array::Io;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::log::LogLevel;
use crate::base::maps::HashSet;
use crate::format::names::{self, file_name};
use crate::format::root::FileRecord;
use crate::segment::Segment;
use crate::storage::WriterLock;
use crate::version::commit::Committer;
use crate::version::keeping::Keeping;
use crate::version::place::Place;
use crate::version::roots::{self, DEFAULT_KEPT};
use crate::version::{File, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that the last version does not name.
pub(crate) struct Garbage {
    /// The first version that may, and the last that does.
    first: u64,
    last: u64,
    /// Whether kept roots of these may name them.
    may_be_kept: bool,
    files: Vec<(PathBuf, Option<File>)>,
}

impl Committer {
    /// Notes files that `next` is the first version not to name. A bundle of which it names another segment stays.
    ///
    /// Parts go with the last segment that has them.
    pub fn retire(&mut self, io: &Io, next: &Version, mut files: Vec<File>) {
        let last = next.generation - 1;
        match parts_left(io, next, &files) {
            Ok(left) => files.extend(left.into_iter().map(File::Segment)),
            Err(error) => self.warn(format!("files of workers are left to the next writer: {error}")),
        }
        let bundles = if files.iter().any(File::is_bundled) { next.bundles() } else { HashSet::default() };
        let mut by_first: BTreeMap<u64, Vec<_>> = BTreeMap::new();
        for file in files {
            if bundles.contains(file.name()) {
                file.close();
                continue;
            }
            let first = names::generation(file.name()).unwrap_or(0);
            by_first.entry(first).or_default().push((file.path().to_owned(), Some(file)));
        }
        let garbage = by_first.into_iter().map(|(first, files)| Garbage { first, last, may_be_kept: true, files });
        self.garbage.extend(garbage);
    }

    fn is_kept(&self, garbage: &Garbage) -> bool {
        let of = garbage.first..=garbage.last;
        garbage.may_be_kept && self.kept.iter().chain(&self.pinned).any(|kept| of.contains(kept))
    }

    /// Whether something may be reading a version up to this one.
    fn is_read(&self, last: u64) -> bool {
        let is_read_elsewhere = |lock: &dyn WriterLock| lock.has_reader_before(last + 1).unwrap_or(true);
        self.pins.has_up_to(last) || self.lock.as_deref().is_none_or(is_read_elsewhere)
    }

    /// Removes the garbage that nothing needs; how many files that were.
    ///
    /// The store's folder must have been synced since a root was last replaced or removed.
    pub fn sweep(&mut self, place: &Place, version: &Version) -> usize {
        let (mut count, mut at) = (0, 0);
        // In ascending order of the last version: what is read from one on, is read from all behind it.
        while let Some(garbage) = self.garbage.get(at) {
            if self.is_kept(garbage) {
                at += 1;
                continue;
            }
            if self.is_read(garbage.last) {
                break;
            }
            let Some(garbage) = self.garbage.remove(at) else { break };
            let mut folders: HashSet<&Path> = HashSet::default();
            let mut last: Option<&Path> = None;
            for (path, file) in &garbage.files {
                if let Some(file) = file {
                    // One that is removed takes space as long as it is open.
                    file.close();
                }
                // The segments of a bundle come one after the other.
                if last.replace(path) == Some(path) {
                    continue;
                }
                match place.storage.remove(path) {
                    Ok(()) => count += 1,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    // It is left to the next writer.
                    Err(error) => {
                        self.messages.push((LogLevel::Warning, format!("remove {}: {error}", path.display())))
                    }
                }
                folders.extend(path.parent());
            }
            for folder in folders {
                let name = file_name(folder);
                let is_used = match &*name {
                    names::CATALOGUE => !version.records.files.is_empty(),
                    names::BUNDLES => version.has_bundles(),
                    name => version.files.values().any(|file| *file.folder == *name),
                };
                if names::is_folder_name(&name) && !is_used {
                    // Something that is not ours may be in it.
                    let _ = place.storage.remove_dir(folder);
                }
            }
        }
        count
    }

    /// After a commit that is durable, and is what calls see: removes what it has made needless.
    pub fn tidy(&mut self, place: &Place, version: &Version) {
        // Kept roots that are gone from the list are gone from the disk as well, also after a crash.
        self.sweep(place, version);
        self.drop_kept(place, &version.keeping, DEFAULT_KEPT);
    }

    /// Removes the oldest kept roots, but for as many as the store was told to keep, or else `default`, and those that pins
    /// name.
    pub fn drop_kept(&mut self, place: &Place, keeping: &Keeping, default: u32) {
        let limit = keeping.generations.unwrap_or(default) as usize;
        let older = &self.kept[..self.kept.len().saturating_sub(limit)];
        let dropped: Vec<u64> = older.iter().copied().filter(|kept| !self.pinned.contains(kept)).collect();
        for generation in dropped {
            let path = place.kept_root(generation);
            match place.storage.remove_soon(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    self.messages.push((LogLevel::Warning, format!("remove {}: {error}", path.display())));
                    return;
                }
                _ => self.kept.retain(|kept| *kept != generation),
            };
        }
    }

    /// Finds the files that neither the last version, nor `ahead`, which is it and what is written ahead of the next, nor a
    /// kept root names, and removes what nothing needs, with what a crash left of a root. This is housekeeping: what fails
    /// is logged, and left to the next writer.
    ///
    /// Nothing else of this process may be making files meanwhile. With the session `of`, only files of its workers are looked
    /// for: then it may.
    pub fn clean_up(&mut self, place: &Place, io: &Io, version: &Version, ahead: &Version, of: Option<u64>) {
        if self.lock.is_none() {
            return;
        }
        // A reader of the folder may see a rename that a power failure still undoes; then the old root needs its segments.
        let found = place.sync_folder(&place.path).and_then(|()| self.find_garbage(place, io, [version, ahead], of));
        match found.map(|count| count + self.sweep(place, version)) {
            Ok(0) => {}
            Ok(count) => self.messages.push((LogLevel::Info, format!("removed {count} files that no commit names"))),
            Err(error) => {
                self.messages.push((LogLevel::Warning, format!("files that no commit names were left: {error}")));
            }
        }
    }

    /// Notes what is found; how many files were removed at once.
    fn find_garbage(&mut self, place: &Place, io: &Io, versions: [&Version; 2], of: Option<u64>) -> Result<usize> {
        let Unnamed { left, files } = self.unnamed(place, io, versions, of)?;
        for path in &left {
            place.storage.remove(path).map_err(|error| Error::io("remove", path, &error))?;
        }
        if !files.is_empty() {
            let last = versions[0].generation - 1;
            let files = files.into_iter().map(|path| (path, None)).collect();
            self.garbage.push_back(Garbage { first: 0, last, may_be_kept: false, files });
        }
        Ok(left.len())
    }

    /// Finds what neither the last version, the first of these, nor the other needs, and is not known as garbage: of a session's
    /// workers where `of` has one.
    pub fn unnamed(&mut self, place: &Place, io: &Io, versions: [&Version; 2], of: Option<u64>) -> Result<Unnamed> {
        let list = |path: &Path| place.storage.list(path).map_err(|error| Error::io("list", path, &error));
        let mut needed: HashSet<Arc<str>> = HashSet::default();
        needed.extend(versions.iter().flat_map(|version| version.all_files()).map(|file| file.name().clone()));
        let known: HashSet<PathBuf> =
            self.garbage.iter().flat_map(|garbage| garbage.files.iter().map(|(path, _)| path.clone())).collect();
        // A commit that was killed before its rename has already kept the root that it was to replace.
        let kept_too_early = names::kept_root(place.notation, versions[0].generation);
        // Read only where there is a file that the root does not name.
        let mut kept: Option<Kept> = None;
        let mut parts: Option<Parts> = None;
        let mut unnamed = Unnamed::default();
        for entry in list(&place.path)? {
            let name = file_name(&entry.path);
            if !entry.is_dir {
                if of.is_none() && (names::is_left_by_a_writer(&name) || name == kept_too_early) {
                    unnamed.left.push(entry.path);
                }
                continue;
            }
            for file in list(&entry.path)? {
                let name = file_name(&file.path);
                let is_others = of.is_some() && names::session_in(&name) != of;
                if is_others
                    || names::generation(&name).is_none()
                    || needed.contains(&*name)
                    || known.contains(&file.path)
                {
                    continue;
                }
                let kept = match &mut kept {
                    Some(kept) => kept,
                    None => kept.insert(self.files_kept(place, io)?),
                };
                if let Some(session) = names::session_in(&name) {
                    let parts = parts.get_or_insert_with(|| Parts::of(io, versions));
                    if self.session == Some(session) || parts.may_name(&name) || kept.parts.may_name(&name) {
                        continue;
                    }
                }
                if !kept.may_name(&name) {
                    unnamed.files.push(file.path);
                }
            }
        }
        Ok(unnamed)
    }

    /// The files that kept roots name.
    fn files_kept(&mut self, place: &Place, io: &Io) -> Result<Kept> {
        let mut kept = Kept { named: HashSet::default(), parts: Parts::default(), unknown: None };
        let there = roots::kept_generations(&*place.storage, &place.path, place.notation)?;
        let generations: BTreeSet<u64> = there.into_iter().chain(self.pinned.iter().copied()).collect();
        for generation in generations {
            let unknown = self.pinned.contains(&generation).then_some(generation);
            match roots::read_kept(&*place.storage, &place.path, place.notation, generation) {
                Ok(Some((root, _))) => {
                    for FileRecord { folder, segments, .. } in root.head.array_files.into_values() {
                        for record in segments {
                            kept.named.insert(record.file.clone());
                            if record.parts.is_some() && names::is_folder_name(&folder) {
                                kept.parts.add(io, &Segment::new(record, &place.path, &folder));
                            }
                        }
                    }
                    let catalogue = root.head.catalogue.into_iter().flat_map(|catalogue| catalogue.files);
                    kept.named.extend(catalogue.map(|file| file.file));
                }
                Ok(None) => kept.unknown = kept.unknown.max(unknown),
                // Nothing can be opened or gone back to by it.
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    kept.unknown = kept.unknown.max(unknown);
                    self.messages.push((LogLevel::Warning, format!("an earlier commit is lost: {error}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(kept)
    }
}

/// Files that no version needs.
#[derive(Default)]
pub(crate) struct Unnamed {
    /// What a crash left of a root.
    pub left: Vec<PathBuf>,
    /// Segments, bundles and catalogue files.
    pub files: Vec<PathBuf>,
}

/// The files of kept commits.
struct Kept {
    named: HashSet<Arc<str>>,
    parts: Parts,
    /// The last pinned commit whose root is gone or damaged: what it may name stays, for that root may come back.
    unknown: Option<u64>,
}

impl Kept {
    fn may_name(&self, file: &str) -> bool {
        let is_of = |last| names::generation(file).is_some_and(|generation| generation <= last);
        self.named.contains(file) || self.unknown.is_some_and(is_of)
    }
}

/// The files of parts.
#[derive(Default)]
struct Parts {
    named: HashSet<Arc<str>>,
    /// Whether the list of some segment cannot be read: then any may be in it.
    is_unknown: bool,
}

impl Parts {
    fn of(io: &Io, versions: [&Version; 2]) -> Self {
        let mut parts = Self::default();
        versions.iter().flat_map(|version| version.all_segments()).for_each(|segment| parts.add(io, segment));
        parts
    }

    fn add(&mut self, io: &Io, segment: &Segment) {
        match io.reader.parts(segment) {
            Ok(parts) => self.named.extend(parts.iter().map(|part| part.record.file.clone())),
            Err(_) => self.is_unknown = true,
        }
    }

    fn may_name(&self, file: &str) -> bool {
        self.is_unknown || self.named.contains(file)
    }
}

/// The parts of segments that are retired which no segment of `next` has, nor others in the file.
fn parts_left(io: &Io, next: &Version, retired: &[File]) -> Result<Vec<Arc<Segment>>> {
    let mut left: Vec<Arc<Segment>> = Vec::new();
    for file in retired {
        if let File::Segment(segment) = file {
            left.extend(io.reader.parts(segment)?.iter().map(|part| part.segment.clone()));
        }
    }
    if left.is_empty() {
        return Ok(left);
    }
    let mut used: HashSet<&Path> = HashSet::default();
    for segment in next.all_segments() {
        used.extend(io.reader.parts(segment)?.iter().map(|part| &*part.segment.path));
    }
    left.retain(|part| !used.contains(&*part.path));
    left.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(left)
}
