//! Names of files and folders in a store.

use super::root::{NOTATIONS, Notation};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;

/// The folder of catalogue files. No array has it: theirs have no dot behind `atlas`.
pub(crate) const CATALOGUE: &str = "atlas.catalogue";
/// The folder of bundles. No array has it, either.
pub(crate) const BUNDLES: &str = "atlas.bundles";
/// The file that writers and readers lock.
pub(crate) const LOCK: &str = ".lock";
/// What the names of scratch files begin with.
const SCRATCH: &str = ".atlas.scratch-";
/// Bytes of a folder's name, at most; file systems allow 255.
const FOLDER_LEN: usize = 200;

/// A number that no other process comes up with.
pub(crate) fn unique() -> u64 {
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
pub(crate) fn segment_name(generation: u64, number: u64) -> String {
    numbered(generation, number, "seg")
}

/// The same for a catalogue file.
pub(crate) fn catalogue_file_name(generation: u64, number: u64) -> String {
    numbered(generation, number, "cat")
}

/// The same for a bundle.
pub(crate) fn bundle_name(generation: u64, number: u64) -> String {
    numbered(generation, number, "bundle")
}

fn numbered(generation: u64, number: u64, extension: &str) -> String {
    format!("{generation:08}-{:016x}.{extension}", number << 32 | unique() >> 32)
}

/// A worker of a session: what no other handle has in the names of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WorkerId {
    pub session: u64,
    pub worker: u32,
    /// Of the handle: a worker that is run again has another.
    pub handle: u32,
}

impl WorkerId {
    /// A name for its `number`th segment, which is to be part of commit `generation` or a later one.
    pub fn segment_name(&self, generation: u64, number: u64) -> String {
        self.numbered(generation, number, "seg")
    }

    /// The same for a bundle.
    pub fn bundle_name(&self, generation: u64, number: u64) -> String {
        self.numbered(generation, number, "bundle")
    }

    fn numbered(&self, generation: u64, number: u64, extension: &str) -> String {
        let Self { session, worker, handle } = self;
        format!("{generation:08}-{session:016x}-{worker:08x}-{handle:08x}{number:08x}.{extension}")
    }
}

/// The session in the name of a file that a worker made.
pub(crate) fn session_in(name: &str) -> Option<u64> {
    worker_in(name).map(|worker| worker.session)
}

/// The worker in the name of a file that it made.
pub(crate) fn worker_in(name: &str) -> Option<WorkerId> {
    generation(name)?;
    let (stem, _) = name.split_once('.')?;
    let mut fields = stem.split('-').skip(1);
    let (session, worker, file) = (fields.next()?, fields.next()?, fields.next()?);
    Some(WorkerId {
        session: u64::from_str_radix(session, 16).ok()?,
        worker: u32::from_str_radix(worker, 16).ok()?,
        handle: u32::from_str_radix(file.get(..8)?, 16).ok()?,
    })
}

/// The commit in a file name that [`segment_name`] makes.
pub(crate) fn segment_generation(name: &str) -> Option<u64> {
    generation_in(name.strip_suffix(".seg")?)
}

/// The commit in a file name that [`catalogue_file_name`] makes.
pub(crate) fn catalogue_generation(name: &str) -> Option<u64> {
    generation_in(name.strip_suffix(".cat")?)
}

/// The commit in a file name that [`bundle_name`] makes.
pub(crate) fn bundle_generation(name: &str) -> Option<u64> {
    generation_in(name.strip_suffix(".bundle")?)
}

/// The commit in the name of a segment, a bundle or a catalogue file.
pub(crate) fn generation(name: &str) -> Option<u64> {
    segment_generation(name).or_else(|| bundle_generation(name)).or_else(|| catalogue_generation(name))
}

fn generation_in(stem: &str) -> Option<u64> {
    let (generation, unique) = stem.split_once('-')?;
    // Of a worker: the session, the worker, its handle and a counter.
    let is_of_worker = || {
        let fields: Vec<&str> = unique.split('-').collect();
        matches!(fields[..], [session, worker, file] if [session.len(), worker.len(), file.len()] == [16, 8, 16])
            && fields.iter().all(|field| field.bytes().all(is_hex))
    };
    let made = generation.len() >= 8
        && generation.bytes().all(|byte| byte.is_ascii_digit())
        && (unique.len() == 16 && unique.bytes().all(is_hex) || is_of_worker());
    made.then(|| generation.parse().ok()).flatten()
}

/// The folder for an array name: the name, with `_` for every run of bytes that are no letters, digits, `-`, `_` and inner
/// dots. A folder that is not the name ends in a checksum of that, so that few names share one.
///
/// No byte of it stands for another one in a URL.
pub(crate) fn folder_name(array: &str) -> String {
    let mut folder = String::new();
    let mut in_run = false;
    for (at, byte) in array.bytes().enumerate() {
        // A dot in front would hide the folder, or mean a directory above; 'atlas.' in front could be a root.
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || byte == b'.' && at > 0 && !array[..at].eq_ignore_ascii_case("atlas");
        match plain {
            true => folder.push(byte as char),
            false if in_run => {}
            false => folder.push('_'),
        }
        in_run = !plain;
    }
    if folder != array || folder.len() > FOLDER_LEN {
        folder.truncate(FOLDER_LEN - 9);
        folder.push_str(&format!("-{:08x}", crc32c::crc32c(array.as_bytes())));
    }
    folder
}

/// Whether a folder's name, read from a root, is a single harmless path component.
pub(crate) fn is_folder_name(folder: &str) -> bool {
    !folder.is_empty()
        && folder.len() <= 255
        && !folder.starts_with('.')
        && folder.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'%'))
}

/// Whether a file's name is that of a segment.
pub(crate) fn is_segment_name(file: &str) -> bool {
    segment_generation(file).is_some()
}

/// Whether a file's name is that of a bundle.
pub(crate) fn is_bundle_name(file: &str) -> bool {
    bundle_generation(file).is_some()
}

/// The name under which the root of an earlier commit is kept.
pub(crate) fn kept_root(notation: Notation, generation: u64) -> String {
    format!(".{}.{generation:08}", notation.file_name())
}

/// The generation in a name that [`kept_root`] makes.
pub(crate) fn kept_generation(notation: Notation, name: &str) -> Option<u64> {
    let digits = name.strip_prefix('.')?.strip_prefix(notation.file_name())?.strip_prefix('.')?;
    let generation = digits.parse().ok()?;
    (kept_root(notation, generation) == name).then_some(generation)
}

/// A name under which a new root is written before it replaces the old one.
pub(crate) fn draft_root(notation: Notation) -> String {
    format!(".{}.new-{:016x}", notation.file_name(), unique())
}

/// The name by which a writer without a lock claims the root while it replaces it.
pub(crate) fn root_claim(notation: Notation) -> String {
    format!(".{}.claim", notation.file_name())
}

/// A name for a file of values that have no room in memory. It loses the name as soon as it is made.
pub(crate) fn scratch() -> String {
    format!("{SCRATCH}{:016x}", unique())
}

/// The name under which a repair keeps the damaged root.
pub(crate) fn damaged_root(notation: Notation) -> String {
    format!(".{}.damaged", notation.file_name())
}

/// Whether a file's name is one that a writer makes and removes again.
pub(crate) fn is_left_by_a_writer(name: &str) -> bool {
    let is_made =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|unique| unique.len() == 16 && unique.bytes().all(is_hex));
    is_made(SCRATCH)
        || NOTATIONS
            .iter()
            .any(|notation| name == root_claim(*notation) || is_made(&format!(".{}.new-", notation.file_name())))
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// The last component of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_single_harmless_components() {
        let long = ["x".repeat(200), "x".repeat(201), "é/".repeat(85), "é".repeat(127)];
        let cases = [
            ("temperature", "temperature"),
            ("air.temperature-2m", "air.temperature-2m"),
            ("sea level/mm", "sea_level_mm-@"),
            ("100% of", "100_of-@"),
            ("..", "_.-@"),
            (".hidden", "_hidden-@"),
            ("atlas.json", "atlas_json-@"),
            ("Atlas. x", "Atlas_x-@"),
            ("_", "_"),
            ("é", "_-@"),
            (&long[0], &long[0]),
            (&long[1], &format!("{}-@", "x".repeat(191))),
            (&long[2], "_-@"),
            (&long[3], "_-@"),
        ];
        for (array, folder) in cases {
            let folder = folder.replace('@', &format!("{:08x}", crc32c::crc32c(array.as_bytes())));
            assert_eq!(folder_name(array), folder);
            assert!(folder.len() <= FOLDER_LEN && is_folder_name(&folder) && !folder.contains('%'));
        }
        assert_ne!(folder_name("a b"), folder_name("a/b"));
        // As it stands in docs/format.md.
        assert_eq!(folder_name("sea level/mm"), "sea_level_mm-d648173a");
        // Writers have made such folders.
        assert!(is_folder_name("sea%20level"));
        assert!(["", "..", "a/b", ".lock", "a\0"].iter().all(|folder| !is_folder_name(folder)));
    }

    #[test]
    fn segment_names_are_recognised() {
        assert!(is_segment_name(&segment_name(1, 0)) && is_segment_name(&segment_name(10_u64.pow(12), 1 << 31)));
        assert!(segment_name(7, 8) < segment_name(7, 9) && segment_name(7, 9) < segment_name(7, 10));
        let worker = WorkerId { session: 1 << 63, worker: 7, handle: u32::MAX };
        let (segment, bundle) = (worker.segment_name(12, 3), worker.bundle_name(12, 4));
        assert!(is_segment_name(&segment) && is_bundle_name(&bundle) && !is_bundle_name(&segment));
        assert_eq!((generation(&segment), generation(&bundle)), (Some(12), Some(12)));
        assert_eq!((session_in(&segment), session_in(&bundle)), (Some(1 << 63), Some(1 << 63)));
        assert_eq!((session_in(&segment_name(1, 0)), session_in("00000001-x-y.seg")), (None, None));
        assert_eq!((worker_in(&segment), worker_in(&bundle)), (Some(worker), Some(worker)));
        assert!(
            [
                "x.seg",
                "00000001-.seg",
                "00000001-0123456789abcdef-01234567-0123456789abcde.seg",
                "../00000001-0123456789abcdef.seg"
            ]
            .iter()
            .all(|name| !is_segment_name(name))
        );
    }

    #[test]
    fn kept_roots_are_recognised_by_their_names() {
        for notation in NOTATIONS {
            for generation in [1, 99_999_999, 100_000_000, u64::MAX] {
                assert_eq!(kept_generation(notation, &kept_root(notation, generation)), Some(generation));
            }
        }
        let json = Notation::default();
        assert!(is_left_by_a_writer(&draft_root(json)) && is_left_by_a_writer(".atlas.json.zst.claim"));
        for name in
            ["atlas.json", ".atlas.json.new", ".atlas.json.7", ".atlas.json.+0000007", ".atlas.json.zst.00000007"]
        {
            assert_eq!(kept_generation(json, name), None, "{name}");
            assert!(!is_left_by_a_writer(name), "{name}");
        }
    }
}
