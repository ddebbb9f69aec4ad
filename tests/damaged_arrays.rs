//! An array whose segment is damaged or gone holds nobody up: other arrays, other chunks, and what is written anew.
//!
//! Each kind of damage meets each kind of change. After it, flush and close succeed; what is not damaged is read as it
//! was written; statistics are those of what was written, or none; and nothing says that the store is whole while a
//! segment that it names is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, LogFn, Mode, OpenOptions, RepairOptions, Result,
    RuntimeOptions, Scalar, Selection, Source, Store, Target,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const CHUNK: usize = 4096;
const CHUNKS: usize = 4;
/// The first bytes of a zstd frame, as index pages and definitions are.
const FRAME: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const HEADER: usize = 32;
const TRAILER: usize = 32;

/// What becomes of a segment.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Page,
    Trailer,
    Directory,
    /// That of the array's first chunk.
    Block,
    Removed,
    Cut,
}

impl Kind {
    fn damage(self, segment: &Path) {
        let mut bytes = std::fs::read(segment).unwrap();
        let len = bytes.len();
        match self {
            Kind::Removed => return std::fs::remove_file(segment).unwrap(),
            Kind::Cut => bytes.truncate(len - 5),
            Kind::Trailer => bytes[len - TRAILER + 3] ^= 0x40,
            Kind::Directory => bytes[len - TRAILER - 1] ^= 0x40,
            Kind::Block => bytes[HEADER + 8] ^= 0x40,
            Kind::Page => {
                let blocks_end = HEADER + 8 * CHUNK * CHUNKS;
                assert_eq!(bytes[blocks_end..blocks_end + 4], FRAME, "the page is elsewhere");
                bytes[blocks_end + 6] ^= 0x40;
            }
        }
        std::fs::write(segment, bytes).unwrap();
    }

    /// Whether a segment with it does not open.
    fn is_seen_by_a_repair(self) -> bool {
        !matches!(self, Kind::Page | Kind::Block)
    }
}

/// What is changed then.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    OverwriteArray,
    OverwriteOtherChunk,
    DeleteArray,
    DeleteDataset,
    WriteOtherArray,
    WriteNewDataset,
    Append,
}

const CHANGES: [Change; 7] = [
    Change::OverwriteArray,
    Change::OverwriteOtherChunk,
    Change::DeleteArray,
    Change::DeleteDataset,
    Change::WriteOtherArray,
    Change::WriteNewDataset,
    Change::Append,
];

/// The values of an array, and which of its chunks may be damaged.
type Cells = (Vec<f64>, Vec<bool>);

/// Arrays by dataset and name.
#[derive(Clone, Default)]
struct Content(BTreeMap<(&'static str, &'static str), Cells>);

fn define(store: &Store, dataset: &str, array: &str) {
    let shape = [(CHUNK * CHUNKS) as u64];
    let chunk_shape = Some(vec![CHUNK as u64]);
    let options = ArrayOptions { codec: Some(Codec::None), shuffle: Some(false), chunk_shape, ..Default::default() };
    store.define_array(dataset, array, DType::F64, &[array], &shape, options).unwrap();
}

impl Content {
    /// Writes chunks of an array, where `number` tells these values from others.
    fn write(
        &mut self,
        store: &Store,
        (dataset, array): (&'static str, &'static str),
        from: usize,
        to: usize,
        number: f64,
    ) {
        let values: Vec<f64> = (from * CHUNK..to * CHUNK).map(|cell| number * 1e6 + cell as f64).collect();
        let selection =
            Selection { rank: 1, start: Some(&[(from * CHUNK) as u64]), count: Some(&[values.len() as u64]) };
        store.write_array(dataset, array, selection, Source::from_slice(&values)).unwrap();
        let whole = || (vec![0.0; CHUNK * CHUNKS], vec![false; CHUNKS]);
        let (cells, damaged) = self.0.entry((dataset, array)).or_insert_with(whole);
        cells[from * CHUNK..to * CHUNK].copy_from_slice(&values);
        damaged[from..to].fill(false);
    }

    fn append(&mut self, store: &Store, (dataset, array): (&'static str, &'static str)) {
        let values = [-7.0; CHUNK];
        store.append_array(dataset, array, &[CHUNK as u64], Source::from_slice(&values)).unwrap();
        let (cells, damaged) = self.0.get_mut(&(dataset, array)).unwrap();
        cells.extend(values);
        damaged.push(false);
    }

    /// Compares what is not damaged with what the store holds.
    fn check(&self, store: &Store, case: &str) {
        let mut names = Vec::new();
        for dataset in store.dataset_names().unwrap() {
            let arrays = store.array_names(&dataset).unwrap();
            names.extend(arrays.into_iter().map(|array| (dataset.to_string(), array.to_string())));
        }
        let expected: Vec<_> = self.0.keys().map(|(dataset, array)| (dataset.to_string(), array.to_string())).collect();
        names.sort();
        assert_eq!(names, expected, "{case}");
        for ((dataset, array), (cells, damaged)) in &self.0 {
            let case = format!("{case}: array '{array}' of dataset '{dataset}'");
            assert_eq!(store.array_info(dataset, array).unwrap().shape, [cells.len() as u64], "{case}");
            check_stats(store.array_stats(dataset, array), cells, false, &case);
            for (chunk, expected) in cells.chunks(CHUNK).enumerate() {
                let case = format!("{case}: chunk {chunk}");
                let mut found = [0.0; CHUNK];
                let selection =
                    Selection { rank: 1, start: Some(&[(chunk * CHUNK) as u64]), count: Some(&[CHUNK as u64]) };
                match store.read_array(dataset, array, selection, Target::from_slice(&mut found)) {
                    Ok(()) => assert!(found == *expected, "{case} has other values"),
                    Err(error) => assert!(damaged[chunk] && error.kind() == ErrorKind::Corrupt, "{case}: {error}"),
                }
                let stats = store.chunk_stats(dataset, array, &[chunk as u64]);
                check_stats(stats, expected, damaged[chunk], &case);
            }
        }
    }
}

/// Statistics are right, or there are none; those of a damaged chunk may be damage.
fn check_stats(stats: Result<atlas_store::Stats>, cells: &[f64], damaged: bool, case: &str) {
    let (min, max) = cells.iter().fold((f64::MAX, f64::MIN), |(min, max), cell| (min.min(*cell), max.max(*cell)));
    match stats {
        Ok(stats) => {
            assert_eq!((stats.row_count, stats.null_count), (cells.len() as u64, 0), "{case}");
            assert_eq!(stats.range, Some((Scalar::Float(min), Scalar::Float(max))), "{case}");
        }
        Err(error) if error.kind() == ErrorKind::NoStats => {}
        Err(error) => assert!(damaged && error.kind() == ErrorKind::Corrupt, "{case}: {error}"),
    }
}

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), ..Default::default() }
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn segments(path: &Path, array: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(path.join(array)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Whether the root names a segment; if so, whoever looks says that it is damaged.
fn check_is_told(path: &Path, segment: &Path, kind: Kind, case: &str) {
    let root = std::fs::read_to_string(path.join("atlas.json")).unwrap();
    let is_named = root.contains(segment.file_name().unwrap().to_str().unwrap());
    let mut damaged = Vec::new();
    open(path, Mode::Read).verify(&mut |damage| damaged.push(damage.file.clone())).unwrap();
    assert_eq!(!damaged.is_empty(), is_named, "{case}: {damaged:?}");
    assert!(damaged.iter().all(|file| file == segment), "{case}: {damaged:?}");
    let report = Store::repair(path, RepairOptions::default()).unwrap();
    let seen = is_named && kind.is_seen_by_a_repair();
    assert_eq!(report.was_whole, !seen, "{case}: {report:?}");
    assert!(report.damaged.iter().map(|segment| &segment.file).eq(seen.then_some(&segment.to_path_buf())), "{case}");
    assert_eq!(report.restored, None, "{case}");
}

/// A store whose oldest segment of array name `a`, with that array of dataset `d0`, is damaged.
fn made(path: &Path, kind: Kind) -> (Content, PathBuf) {
    let store = Store::create(path, CreateOptions { runtime: runtime(), ..Default::default() }).unwrap();
    let mut content = Content::default();
    for (dataset, number) in [("d0", 1.0), ("d1", 2.0)] {
        store.create_dataset(dataset).unwrap();
        for array in ["a", "b"] {
            define(&store, dataset, array);
            content.write(&store, (dataset, array), 0, CHUNKS, number);
        }
        store.flush().unwrap();
    }
    store.close().unwrap();
    let segment = segments(path, "a")[0].clone();
    kind.damage(&segment);
    let hit = if matches!(kind, Kind::Block) { 1 } else { CHUNKS };
    content.0.get_mut(&("d0", "a")).unwrap().1[..hit].fill(true);
    (content, segment)
}

fn meets(kind: Kind, change: Change) {
    let case = &format!("{kind:?}, {change:?}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let (mut content, segment) = made(&path, kind);
    check_is_told(&path, &segment, kind, case);

    let store = open(&path, Mode::ReadWrite);
    match change {
        Change::OverwriteArray => content.write(&store, ("d0", "a"), 0, CHUNKS, -3.0),
        // Its chunk has the maximum, which the statistics are without afterwards.
        Change::OverwriteOtherChunk => content.write(&store, ("d0", "a"), CHUNKS - 1, CHUNKS, -3.0),
        Change::DeleteArray => store.delete_array("d0", "a").unwrap(),
        Change::DeleteDataset => store.delete_dataset("d0").unwrap(),
        Change::WriteOtherArray => content.write(&store, ("d0", "b"), 0, CHUNKS, -3.0),
        Change::WriteNewDataset => {
            store.create_dataset("d2").unwrap();
            define(&store, "d2", "a");
            content.write(&store, ("d2", "a"), 0, CHUNKS, -3.0);
        }
        Change::Append => content.append(&store, ("d0", "a")),
    }
    let is_gone = |dataset: &str, array: &str| match change {
        Change::DeleteArray => (dataset, array) == ("d0", "a"),
        Change::DeleteDataset => dataset == "d0",
        _ => false,
    };
    content.0.retain(|(dataset, array), _| !is_gone(dataset, array));
    store.flush().unwrap_or_else(|error| panic!("{case}: {error}"));
    content.check(&store, case);
    // Nor is a later one held up.
    content.write(&store, ("d1", "a"), 1, 2, 9.0);
    content.write(&store, ("d1", "b"), 1, 2, 9.0);
    store.close().unwrap_or_else(|error| panic!("{case}: {error}"));
    content.check(&open(&path, Mode::Read), case);
    check_is_told(&path, &segment, kind, case);

    let store = open(&path, Mode::ReadWrite);
    if content.0.remove(&("d0", "a")).is_some() {
        store.delete_array("d0", "a").unwrap();
        store.flush().unwrap_or_else(|error| panic!("{case}: {error}"));
    }
    store.compact().unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(store.verify(&mut |damage| panic!("{case}: {damage:?}")).unwrap(), 0);
    assert_eq!(store.info().unwrap().dead_bytes, 0, "{case}");
    store.close().unwrap();
    content.check(&open(&path, Mode::Read), case);
    assert!(!segment.exists(), "{case}: the damaged segment is left");
    assert!(Store::repair(&path, RepairOptions::default()).unwrap().was_whole, "{case}");
}

fn meets_all(kind: Kind) {
    let fails = |change: &Change| std::panic::catch_unwind(|| meets(kind, *change)).is_err();
    let failed: Vec<Change> = CHANGES.into_iter().filter(fails).collect();
    assert!(failed.is_empty(), "{kind:?} with {failed:?}");
}

#[test]
fn an_index_page() {
    meets_all(Kind::Page);
}

#[test]
fn a_trailer() {
    meets_all(Kind::Trailer);
}

#[test]
fn a_directory() {
    meets_all(Kind::Directory);
}

#[test]
fn a_block() {
    meets_all(Kind::Block);
}

#[test]
fn a_file_that_is_gone() {
    meets_all(Kind::Removed);
}

#[test]
fn a_file_that_is_cut() {
    meets_all(Kind::Cut);
}

/// What can be compacted is; the array name that cannot be is left as it was, and named.
#[test]
fn a_compaction_goes_on_beside_damage() {
    for kind in [Kind::Page, Kind::Trailer, Kind::Directory, Kind::Block, Kind::Removed, Kind::Cut] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let (mut content, segment) = made(&path, kind);
        let messages = Arc::new(Mutex::new(Vec::new()));
        let log = messages.clone();
        let log: LogFn = Box::new(move |_, message| log.lock().unwrap().push(message.to_owned()));
        let runtime = RuntimeOptions { log: Some(log), ..runtime() };
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions { runtime, ..OpenOptions::default() }).unwrap();
        content.write(&store, ("d0", "b"), 0, CHUNKS, -3.0);
        store.flush().unwrap();
        let before = segments(&path, "a");
        let compacted = store.compact();
        messages.lock().unwrap().extend(compacted.err().map(|error| error.to_string()));
        let said = messages.lock().unwrap().join("\n");
        let named = said.contains("array 'a'") && said.contains(segment.to_str().unwrap());
        assert!(named, "{kind:?}: {said}");
        let file = |name: &str| store.array_files().unwrap().into_iter().find(|file| *file.array == *name).unwrap();
        assert_eq!((file("b").segment_count, file("b").dead_bytes), (1, 0), "{kind:?}");
        assert_eq!(segments(&path, "b").len(), 1, "{kind:?}");
        assert_eq!((file("a").segment_count, segments(&path, "a")), (2, before), "{kind:?}");
        store.close().unwrap();
        content.check(&open(&path, Mode::Read), &format!("{kind:?}"));
        check_is_told(&path, &segment, kind, &format!("{kind:?}"));
    }
}
