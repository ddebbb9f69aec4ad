//! Roots that are gone or damaged, made anew from earlier ones and from segments.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, FillValue, MetaFormat, Mode, Newer, OpenOptions, Repair,
    RepairOptions, RuntimeOptions, Selection, Source, Store, Target, Value,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NOTATIONS: [(MetaFormat, bool, &str); 4] = [
    (MetaFormat::Json, false, "atlas.json"),
    (MetaFormat::Json, true, "atlas.json.zst"),
    (MetaFormat::MsgPack, false, "atlas.msgpack"),
    (MetaFormat::MsgPack, true, "atlas.msgpack.zst"),
];

fn create(path: &Path, options: CreateOptions) -> Arc<Store> {
    Store::create(path, options).expect("create")
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::ReadWrite, OpenOptions::default()).expect("open")
}

fn repair(path: &Path) -> Repair {
    Store::repair(path, RepairOptions::default()).expect("repair")
}

fn salvage(path: &Path) -> Repair {
    Store::repair(path, RepairOptions { salvage: true }).expect("salvage")
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// The segments of an array name, the oldest first.
fn segments(path: &Path, array: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(path.join(array)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// All files of a store, but for its lock file, with their bytes.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else if !entry.ends_with(".lock") {
            found.insert(entry.clone(), std::fs::read(&entry).unwrap());
        }
    }
    found
}

/// A store with arrays of every kind of chunk: large, packed, of texts, edges, growing, scalar.
fn first_commit(store: &Store) {
    for name in ["january", "february"] {
        let dataset = store.create_dataset(name).unwrap();
        let fill_value = Some(FillValue::from(-1.0f64));
        let options = ArrayOptions { chunk_shape: Some(vec![40, 60]), fill_value, ..ArrayOptions::default() };
        dataset.define_array("t", DType::F64, &["lat", "lon"], &[90, 100], options).unwrap();
        let values: Vec<f64> = (0..9000).map(|i| f64::from(i) * 0.5).collect();
        dataset.write("t", Selection::all(2), Source::from_slice(&values)).unwrap();
        dataset.define_array("h", DType::I32, &["time", "x"], &[0, 3], ArrayOptions::default()).unwrap();
        dataset.append("h", &[2, 3], Source::from_slice(&[1i32, 2, 3, 4, 5, 6])).unwrap();
        dataset.define_array("name", DType::String, &["n"], &[2], ArrayOptions::default()).unwrap();
        dataset.write_strings("name", Selection::all(1), &["é", ""]).unwrap();
        dataset.define_array("scalar", DType::U8, &[], &[], ArrayOptions::default()).unwrap();
        dataset.write("scalar", Selection::all(0), Source::from_slice(&[7u8])).unwrap();
        dataset.set_attribute(Some("t"), "units", "degC").unwrap();
        dataset.set_attribute(None, "month", name).unwrap();
    }
    store.flush().unwrap();
}

/// Overwrites, grows, adds; and changes what only a root knows.
fn second_commit(store: &Store) {
    let january = store.dataset("january").unwrap();
    january.write("t", Selection::region(&[10, 10], &[2, 2]), Source::from_slice(&[-5.0f64, -6.0, -1.0, 9e9])).unwrap();
    january.append("h", &[1, 3], Source::from_slice(&[7i32, 8, 9])).unwrap();
    let march = store.create_dataset("march").unwrap();
    march.define_array("t", DType::F32, &["z"], &[5000], ArrayOptions::default()).unwrap();
    march.write("t", Selection::region(&[4000], &[2]), Source::from_slice(&[1.5f32, f32::NAN])).unwrap();
    march.set_attribute(None, "month", "march").unwrap();
    store.flush().unwrap();
}

/// Everything that a store holds, but for attributes.
fn content(store: &Store) -> BTreeMap<String, String> {
    let mut content = BTreeMap::new();
    for dataset in store.dataset_names().unwrap() {
        for array in store.array_names(&dataset).unwrap() {
            let info = store.array_info(&dataset, &array).unwrap();
            let rank = info.shape.len();
            let cells = info.shape.iter().product::<u64>() as usize;
            let values = match info.dtype {
                DType::String => format!("{:?}", store.read_strings(&dataset, &array, Selection::all(rank)).unwrap()),
                DType::U8 => {
                    let mut values = vec![0u8; cells];
                    store.read_array(&dataset, &array, Selection::all(rank), Target::from_slice(&mut values)).unwrap();
                    format!("{values:?}")
                }
                _ => {
                    let mut values = vec![0f64; cells];
                    store.read_array(&dataset, &array, Selection::all(rank), Target::from_slice(&mut values)).unwrap();
                    format!("{values:?}")
                }
            };
            let stats = store.array_stats(&dataset, &array).unwrap();
            content.insert(format!("{dataset}/{array}"), format!("{info:?} {stats:?} {values}"));
        }
    }
    content
}

fn attribute(store: &Store, dataset: &str, array: Option<&str>, key: &str) -> Option<Value> {
    store.attribute(dataset, array, key).ok()
}

/// Verifies, commits, compacts and compares again: what was rebuilt is a store like any other.
fn assert_sound(path: &Path, expected: &BTreeMap<String, String>) {
    let store = open(path);
    assert_eq!(&content(&store), expected);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let info = store.info().unwrap();
    let stored: u64 = info.live_bytes + info.dead_bytes;
    let new = store.create_dataset("new").unwrap();
    new.define_array("t", DType::F64, &["x"], &[10], ArrayOptions::default()).unwrap();
    new.write("t", Selection::all(1), Source::from_slice(&[3.0f64; 10])).unwrap();
    store.flush().unwrap();
    assert!(store.info().unwrap().live_bytes + store.info().unwrap().dead_bytes > stored);
    store.delete_dataset("new").unwrap();
    store.flush().unwrap();
    let before = store.info().unwrap();
    store.compact().unwrap();
    let after = store.info().unwrap();
    assert_eq!(after.dead_bytes, 0);
    assert!(after.live_bytes > 0 && after.live_bytes < before.live_bytes + before.dead_bytes);
    drop(store);
    assert_eq!(&content(&open(path)), expected);
}

#[test]
fn a_damaged_root_is_rebuilt_from_the_one_before_and_later_segments() {
    for (format, zstd, name) in NOTATIONS {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let options = CreateOptions { meta_format: Some(format), meta_zstd: zstd, ..CreateOptions::default() };
        let store = create(&path, options);
        first_commit(&store);
        second_commit(&store);
        let expected = content(&store);
        drop(store);
        flip(&path.join(name), 100);

        let report = salvage(&path);
        assert_eq!((report.restored, &report.salvaged[..], report.generation), (Some(2), &[3][..], 4));
        assert_eq!((report.datasets, report.arrays, report.was_whole), (3, 9, false));
        assert_eq!(report.losses.len(), 2, "the damage, and what only the root knew: {:?}", report.losses);
        let newer = |dataset: &str, array: &str| Newer { dataset: dataset.into(), array: array.into(), generation: 3 };
        assert_eq!(report.newer, [newer("january", "t"), newer("january", "h"), newer("march", "t")]);
        assert_eq!(report.newer_count, 3);
        assert!(path.join(format!(".{name}.damaged")).exists());
        let store = open(&path);
        assert_eq!(attribute(&store, "january", Some("t"), "units"), Some(Value::from("degC")));
        assert_eq!(attribute(&store, "march", None, "month"), None);
        drop(store);
        assert_sound(&path, &expected);
        assert!(repair(&path).was_whole);
    }
}

#[test]
fn a_store_without_any_root_is_rebuilt_from_its_segments() {
    for compacted in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, CreateOptions { keep_generations: Some(0), ..CreateOptions::default() });
        first_commit(&store);
        second_commit(&store);
        if compacted {
            store.compact().unwrap();
        }
        let expected = content(&store);
        let order = store.dataset_names().unwrap();
        drop(store);
        std::fs::remove_file(path.join("atlas.json")).unwrap();
        let report = salvage(&path);
        assert_eq!(report.restored, None);
        // A compaction has the values of the commit that it compacts.
        assert_eq!(report.salvaged, [2, 3]);
        assert!(report.losses[0].contains("attributes"), "{:?}", report.losses);
        assert_eq!(open(&path).dataset_names().unwrap(), order);
        assert_eq!(attribute(&open(&path), "january", Some("t"), "units"), None);
        assert_sound(&path, &expected);
    }
}

#[test]
fn a_repair_goes_back_to_one_commit() {
    for (format, zstd, name) in NOTATIONS {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, CreateOptions { meta_format: Some(format), meta_zstd: zstd, ..Default::default() });
        first_commit(&store);
        let expected = content(&store);
        second_commit(&store);
        drop(store);
        flip(&path.join(name), 30);
        let report = repair(&path);
        assert_eq!((report.restored, report.generation, report.was_whole), (Some(2), 4, false));
        assert!(report.salvaged.is_empty() && report.newer.is_empty() && report.damaged.is_empty(), "{report:?}");
        let said = report.losses.iter().any(|loss| loss.contains("committed after 2") && loss.contains("up to 3"));
        assert!(said, "{:?}", report.losses);
        assert_eq!(attribute(&open(&path), "january", Some("t"), "units"), Some(Value::from("degC")));
        assert_sound(&path, &expected);
    }
}

#[test]
fn no_number_of_a_lost_commit_is_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions::default());
    first_commit(&store);
    // A commit without segments, and a reader of it.
    store.set_attribute("january", None, "month", "July").unwrap();
    store.flush().unwrap();
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(reader.info().unwrap().generation, 3);
    drop(store);
    std::fs::remove_file(path.join("atlas.json")).unwrap();
    assert_eq!(repair(&path).generation, 4);
    assert!(reader.refresh().unwrap());
    assert_eq!(reader.info().unwrap().generation, 4);
}

#[test]
fn without_a_whole_kept_commit_nothing_is_done_unless_asked() {
    for keep_generations in [Some(0), None] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, CreateOptions { keep_generations, ..CreateOptions::default() });
        first_commit(&store);
        if keep_generations.is_none() {
            second_commit(&store);
            // The one that is kept names it.
            let segment = segments(&path, "name").remove(0);
            std::fs::remove_file(segment).unwrap();
        }
        drop(store);
        flip(&path.join("atlas.json"), 30);
        let before = files(&path);
        let error = Store::repair(&path, RepairOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.message().contains("--salvage"), "{error}");
        assert_eq!(error.message().contains("cannot be gone back to"), keep_generations.is_none(), "{error}");
        assert_eq!(files(&path), before);
    }
}

#[test]
fn the_newest_commit_that_is_whole_is_gone_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions { keep_generations: Some(4), ..CreateOptions::default() });
    first_commit(&store);
    let expected = content(&store);
    for value in [8u8, 9, 10] {
        store.dataset("january").unwrap().write("scalar", Selection::all(0), Source::from_slice(&[value])).unwrap();
        store.flush().unwrap();
    }
    drop(store);
    // Commits 3 and 4 each need their own.
    segments(&path, "scalar")[1..3].iter().for_each(|segment| std::fs::remove_file(segment).unwrap());
    flip(&path.join("atlas.json"), 30);
    let report = repair(&path);
    assert_eq!((report.restored, report.generation), (Some(2), 6));
    let lost: Vec<_> = report.losses.iter().filter(|loss| loss.contains("cannot be gone back to")).collect();
    assert!(lost.len() == 2 && lost[0].contains("00000004") && lost[1].contains("00000003"), "{:?}", report.losses);
    assert_eq!(content(&open(&path)), expected);
}

#[test]
fn a_root_whose_segments_are_not_all_there_is_not_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions { keep_generations: Some(2), ..CreateOptions::default() });
    first_commit(&store);
    let mut values = [0u8];
    for value in [8u8, 9] {
        store.dataset("february").unwrap().write("scalar", Selection::all(0), Source::from_slice(&[value])).unwrap();
        store.flush().unwrap();
    }
    drop(store);
    let last = segments(&path, "scalar").pop().unwrap();
    let whole = std::fs::read(&last).unwrap();
    let (mut header, mut directory) = (whole.clone(), whole.clone());
    header[3] ^= 1;
    directory[whole.len() - 40] ^= 1;
    for damaged in [None, Some(&header[..]), Some(&directory), Some(&whole[..whole.len() - 1]), Some(b"")] {
        match damaged {
            None => std::fs::remove_file(&last).unwrap(),
            Some(bytes) => std::fs::write(&last, bytes).unwrap(),
        }
        let before = files(&path);
        for report in [repair(&path), salvage(&path)] {
            assert_eq!((report.was_whole, report.generation, report.restored), (false, 4, None), "{report:?}");
            // The commit before it has no need of the segment.
            assert_eq!((report.damaged.len(), &report.kept[..], report.salvaged.len()), (1, &[2, 3][..], 0));
            let segment = &report.damaged[0];
            assert_eq!(segment.file, last);
            assert!(segment.message.contains(last.to_str().unwrap()), "{}", segment.message);
            assert_eq!(segment.arrays, [("february".into(), "scalar".into())]);
            assert_eq!(segment.array_count, 1);
        }
        assert_eq!(files(&path), before, "a repair changes a store whose root is whole");
    }
    open(&path).rollback(3).unwrap();
    open(&path).read_array("february", "scalar", Selection::all(0), Target::from_slice(&mut values)).unwrap();
    assert_eq!(values, [8]);
    assert!(repair(&path).was_whole);
    // A whole folder.
    std::fs::remove_dir_all(path.join("scalar")).unwrap();
    let report = repair(&path);
    assert!(!report.was_whole && report.kept.is_empty(), "{report:?}");
    assert_eq!((report.damaged.len(), report.damaged[0].array_count), (2, 2));
}

#[test]
fn the_error_of_a_root_that_is_gone_or_damaged_names_the_way_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions { keep_generations: Some(0), ..CreateOptions::default() });
    first_commit(&store);
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    second_commit(&store);
    drop(store);
    let way = format!("`atlas repair {}`", path.display());
    let named = |error: atlas_store::Error, kind: ErrorKind| {
        assert!(error.kind() == kind && error.message().matches(&way).count() == 1, "{error}");
    };
    let failures = |kind: ErrorKind| {
        for mode in [Mode::Read, Mode::ReadWrite] {
            named(Store::open(&path, mode, OpenOptions::default()).err().unwrap(), kind);
        }
        named(Store::open_at(&path, 3, OpenOptions::default()).err().unwrap(), kind);
        named(reader.refresh().unwrap_err(), kind);
    };
    let root = path.join("atlas.json");
    let whole = std::fs::read(&root).unwrap();
    let text = String::from_utf8(whole.clone()).unwrap();
    // With a checksum that is right, a root may name what cannot be.
    let lying = text.replace("\"folder\":\"scalar\"", "\"folder\":\"..\"");
    let body = lying.rsplit_once(",\"checksum\"").unwrap().0;
    let lying = format!("{body},\"checksum\":\"crc32c:{:08x}\"}}\n", crc32c::crc32c(body.as_bytes()));
    assert_ne!(lying, text);
    for damaged in [&b""[..], &whole[..whole.len() / 2], lying.as_bytes()] {
        std::fs::write(&root, damaged).unwrap();
        failures(ErrorKind::Corrupt);
    }
    std::fs::remove_file(&root).unwrap();
    failures(ErrorKind::NotFound);
    // Where there is nothing to make it of, nothing is promised.
    for name in ["t", "h", "name", "scalar"] {
        std::fs::remove_dir_all(path.join(name)).unwrap();
    }
    for gone in [&path, dir.path()] {
        let error = Store::open(gone, Mode::Read, OpenOptions::default()).err().unwrap();
        assert!(error.kind() == ErrorKind::NotFound && !error.message().contains("repair"), "{error}");
    }
}

#[test]
fn damaged_segments_are_named_and_the_others_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions { keep_generations: Some(0), ..CreateOptions::default() });
    first_commit(&store);
    second_commit(&store);
    let mut expected = content(&store);
    drop(store);
    std::fs::remove_file(path.join("atlas.json")).unwrap();
    let segment: PathBuf =
        std::fs::read_dir(path.join("name")).unwrap().map(|entry| entry.unwrap().path()).next().unwrap();
    let len = std::fs::metadata(&segment).unwrap().len() as usize;
    flip(&segment, len - 10);
    let report = salvage(&path);
    let named = segment.display().to_string();
    assert!(report.losses.iter().any(|loss| loss.contains(&named)), "{:?}", report.losses);
    expected.retain(|name, _| !name.ends_with("/name"));
    assert_sound(&path, &expected);
}

#[test]
fn what_is_left_of_a_flush_is_told_from_commits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, CreateOptions::default());
    first_commit(&store);
    second_commit(&store);
    let expected = content(&store);
    drop(store);
    // As a crash leaves a segment of a commit that was not made.
    let copy = path.with_extension("copy");
    assert!(std::process::Command::new("cp").arg("-r").arg(&path).arg(&copy).status().unwrap().success());
    let store = open(&copy);
    store.dataset("january").unwrap().write("scalar", Selection::all(0), Source::from_slice(&[9u8])).unwrap();
    store.flush().unwrap();
    drop(store);
    for entry in std::fs::read_dir(copy.join("scalar")).unwrap().map(|entry| entry.unwrap()) {
        std::fs::copy(entry.path(), path.join("scalar").join(entry.file_name())).unwrap();
    }
    flip(&path.join("atlas.json"), 30);
    let report = salvage(&path);
    assert_eq!(report.salvaged, [3, 4]);
    assert!(report.losses.iter().any(|loss| loss.contains("whether commit 4 was complete")), "{:?}", report.losses);
    let mut values = [0u8];
    open(&path).read_array("january", "scalar", Selection::all(0), Target::from_slice(&mut values)).unwrap();
    assert_eq!(values, [9]);
    assert_eq!(content(&open(&path)).len(), expected.len());
}

#[test]
fn what_is_no_damaged_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    assert_eq!(Store::repair(&path, RepairOptions::default()).unwrap_err().kind(), ErrorKind::NotFound);
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("notes.txt"), "mine").unwrap();
    let error = Store::repair(&path, RepairOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    std::fs::remove_file(path.join("notes.txt")).unwrap();

    let store = create(&path, CreateOptions::default());
    first_commit(&store);
    let error = Store::repair(&path, RepairOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    let expected = content(&store);
    drop(store);
    let root = std::fs::read(path.join("atlas.json")).unwrap();
    assert!(repair(&path).was_whole);
    assert_eq!(std::fs::read(path.join("atlas.json")).unwrap(), root);

    // A newer version's root is not damage.
    let newer = String::from_utf8(root).unwrap().replace("\"format_version\":1", "\"format_version\":2");
    let body = newer.rsplit_once(",\"checksum\"").unwrap().0.to_owned();
    let crc = crc32c::crc32c(body.as_bytes());
    std::fs::write(path.join("atlas.json"), format!("{body},\"checksum\":\"crc32c:{crc:08x}\"}}\n")).unwrap();
    assert_eq!(Store::repair(&path, RepairOptions::default()).unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(!expected.is_empty());
}

#[test]
fn values_written_ahead_are_rebuilt_in_the_order_in_which_they_were_written() {
    const ROW: usize = 8192;
    for keep_generations in [None, Some(0)] {
        for _ in 0..4 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("s");
            let write_buffer_bytes = Some(4 * 8 * ROW as u64);
            let runtime = RuntimeOptions { threads: Some(0), write_buffer_bytes, ..Default::default() };
            let store = create(&path, CreateOptions { keep_generations, runtime, ..Default::default() });
            let run = store.create_dataset("run").unwrap();
            let chunk_shape = Some(vec![1, ROW as u64]);
            let options = ArrayOptions { codec: Some(Codec::None), chunk_shape, ..ArrayOptions::default() };
            run.define_array("u", DType::I64, &["t", "x"], &[8, ROW as u64], options).unwrap();
            for (round, row) in (1..=3i64).flat_map(|round| (0..8u64).map(move |row| (round, row))) {
                let selection = Selection { rank: 2, start: Some(&[row, 0]), count: Some(&[1, ROW as u64]) };
                run.write("u", selection, Source::from_slice(&vec![round; ROW])).unwrap();
            }
            store.close().unwrap();
            assert!(std::fs::read_dir(path.join("u")).unwrap().count() > 2, "nothing was written ahead");
            std::fs::remove_file(path.join("atlas.json")).unwrap();
            salvage(&path);
            let mut values = vec![0i64; 8 * ROW];
            open(&path).read_array("run", "u", Selection::all(2), Target::from_slice(&mut values)).unwrap();
            assert!(values.iter().all(|value| *value == 3), "older values are back");
        }
    }
}
