//! Names of files and folders, and the removal of those that no root names.

use super::*;
use crate::format::root::NOTATIONS;
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

/// Bytes of a folder's name, at most; file systems allow 255.
const FOLDER_LEN: usize = 200;

/// A number that no other process comes up with.
pub(super) fn unique() -> u64 {
    // `RandomState` is seeded by the operating system; the clock and the process make up for a poor seed.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    if let Ok(time) = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        hasher.write_u128(time.as_nanos());
    }
    hasher.finish()
}

/// A name for a segment that is part of commit `generation`, the `number`th of this writer: of one commit, later ones have
/// later names.
fn segment_name(generation: u64, number: u64) -> String {
    format!("{generation:08}-{:016x}.seg", number << 32 | unique() >> 32)
}

/// The commit in a file name that [`segment_name`] makes.
pub(super) fn segment_generation(name: &str) -> Option<u64> {
    let (generation, unique) = name.strip_suffix(".seg")?.split_once('-')?;
    let made = generation.len() >= 8
        && generation.bytes().all(|byte| byte.is_ascii_digit())
        && unique.len() == 16
        && unique.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    made.then(|| generation.parse().ok()).flatten()
}

/// The folder for an array name: the name, with every byte but letters, digits, `-`, `_` and inner dots as `%XX`.
/// Names that become too long are cut and end in a checksum of the whole.
pub(super) fn folder_name(array: &str) -> String {
    let mut folder = String::new();
    for (at, byte) in array.bytes().enumerate() {
        // A dot in front would hide the folder, or mean a directory above; 'atlas.' in front could be a root.
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || byte == b'.' && at > 0 && !array[..at].eq_ignore_ascii_case("atlas");
        if plain {
            folder.push(byte as char);
        } else {
            folder.push_str(&format!("%{byte:02X}"));
        }
    }
    if folder.len() > FOLDER_LEN {
        folder.truncate(FOLDER_LEN - 17);
        folder.push_str(&format!("%{:08X}{:08X}", crc32c::crc32c(array.as_bytes()), array.len()));
    }
    folder
}

/// Whether a folder's name, read from a root, is a single harmless path component.
pub(super) fn is_folder_name(folder: &str) -> bool {
    !folder.is_empty()
        && folder.len() <= 255
        && !folder.starts_with('.')
        && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'%'))
}

/// Whether a file's name is that of a segment.
pub(super) fn is_segment_name(file: &str) -> bool {
    segment_generation(file).is_some()
}

/// The name under which a new root is written before it replaces the old one.
pub(super) fn temporary_root(notation: Notation) -> String {
    format!(".{}.new", notation.file_name())
}

impl Store {
    /// A name for the next segment of commit `generation`.
    pub(super) fn new_segment_name(&self, generation: u64) -> String {
        segment_name(generation, self.segments_made.fetch_add(1, Ordering::Relaxed))
    }

    /// Removes segments that the last commit does not name, unless a reader may be reading them, and what a crash left
    /// of a root. This is housekeeping: what fails is logged, and left to the next writer.
    pub(super) fn remove_unnamed_files(&self, commit: &mut Commit, files: &Files) {
        match self.try_remove_unnamed_files(commit, files) {
            Ok(0) => {}
            Ok(count) => commit.messages.push((LogLevel::Info, format!("removed {count} files that no commit names"))),
            Err(error) => {
                commit.messages.push((LogLevel::Warning, format!("files that no commit names were left: {error}")));
            }
        }
    }

    fn try_remove_unnamed_files(&self, commit: &mut Commit, files: &Files) -> Result<usize> {
        let io = |action: &str, path: &Path, error: std::io::Error| Error::io(action, path, &error);
        // Without a lock nobody can tell whether another writer's segments are about to be named.
        let Some(writer) = &commit.lock else { return Ok(0) };
        if writer.has_reader_before(files.generation).map_err(|error| io("lock", &self.path, error))? {
            return Ok(0);
        }
        let named: HashSet<&str> =
            files.by_name.values().flat_map(|file| file.segments.iter().map(|segment| &*segment.record.file)).collect();
        // Read only where there is a segment that the root does not name.
        let mut kept: Option<HashSet<Arc<str>>> = None;
        let folders: HashSet<&str> = files.by_name.values().map(|file| &*file.folder).collect();
        let mut temporary: Vec<String> = NOTATIONS.iter().map(|notation| temporary_root(*notation)).collect();
        // A commit that was killed before its rename has already kept the root that it was to replace.
        temporary.push(generations::kept_root(self.notation, files.generation));
        // A reader of the folder may see a rename that a power failure still undoes; then the old root needs its segments.
        self.sync_folder(&self.path)?;
        let mut count = 0;
        for entry in self.storage.list(&self.path).map_err(|error| io("list", &self.path, error))? {
            let name = file_name(&entry.path);
            if !entry.is_dir {
                if temporary.contains(&name) {
                    self.storage.remove(&entry.path).map_err(|error| io("remove", &entry.path, error))?;
                    count += 1;
                }
                continue;
            }
            let (mut left, before) = (0, count);
            for file in self.storage.list(&entry.path).map_err(|error| io("list", &entry.path, error))? {
                let name = file_name(&file.path);
                let needed = !is_segment_name(&name)
                    || named.contains(&*name)
                    || match &kept {
                        Some(kept) => kept,
                        None => kept.insert(self.segments_kept(&mut commit.messages)?),
                    }
                    .contains(&*name);
                if !needed {
                    self.storage.remove(&file.path).map_err(|error| io("remove", &file.path, error))?;
                    count += 1;
                } else {
                    left += 1;
                }
            }
            if left == 0 && count > before && !folders.contains(&*name) && is_folder_name(&name) {
                self.storage.remove_dir(&entry.path).map_err(|error| io("remove", &entry.path, error))?;
            }
        }
        Ok(count)
    }

    /// The segments that kept roots name.
    fn segments_kept(&self, messages: &mut Vec<(LogLevel, String)>) -> Result<HashSet<Arc<str>>> {
        let mut named = HashSet::new();
        for generation in generations::kept_generations(&*self.storage, &self.path, self.notation)? {
            match generations::read_kept(&*self.storage, &self.path, self.notation, generation) {
                Ok(kept) => {
                    let files = kept.into_iter().flat_map(|(root, _)| root.head.array_files.into_values());
                    named.extend(files.flat_map(|file| file.segments).map(|segment| segment.file));
                }
                // Nothing can be opened or gone back to by it.
                Err(error) if error.kind() == ErrorKind::Corrupt => {
                    messages.push((LogLevel::Warning, format!("an earlier commit is lost: {error}")));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(named)
    }
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_single_harmless_components() {
        let long = "é".repeat(127);
        let cases = [
            ("temperature", "temperature"),
            ("sea level/mm", "sea%20level%2Fmm"),
            ("..", "%2E."),
            (".hidden", "%2Ehidden"),
            ("atlas.json", "atlas%2Ejson"),
            ("u.v", "u.v"),
        ];
        for (array, folder) in cases {
            assert_eq!(folder_name(array), folder);
            assert!(is_folder_name(&folder_name(array)));
        }
        assert!(folder_name(&long).len() <= FOLDER_LEN && is_folder_name(&folder_name(&long)));
        assert!(["", "..", "a/b", ".lock", "a\0"].iter().all(|folder| !is_folder_name(folder)));
    }

    #[test]
    fn segment_names_are_recognised() {
        assert!(is_segment_name(&segment_name(1, 0)) && is_segment_name(&segment_name(10_u64.pow(12), 1 << 31)));
        assert!(segment_name(7, 8) < segment_name(7, 9) && segment_name(7, 9) < segment_name(7, 10));
        assert!(
            ["x.seg", "00000001-.seg", "../00000001-0123456789abcdef.seg"].iter().all(|name| !is_segment_name(name))
        );
    }
}
