//! Datasets in catalogue files: many of them, changed, deleted, made anew, in every layer there can be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, MetaFormat, Mode, OpenOptions, RepairOptions, RuntimeOptions,
    Selection, Source, Store, Target, Value,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn runtime(root_bytes: Option<u64>) -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), sync: Some(false), root_bytes, ..RuntimeOptions::default() }
}

fn create(path: &Path, root_bytes: Option<u64>) -> Arc<Store> {
    Store::create(path, CreateOptions { runtime: runtime(root_bytes), ..Default::default() }).unwrap()
}

fn open(path: &Path, mode: Mode, root_bytes: Option<u64>) -> Arc<Store> {
    Store::open(path, mode, OpenOptions { runtime: runtime(root_bytes), ..OpenOptions::default() }).unwrap()
}

/// The catalogue files of a store, oldest first, and the root's bytes.
fn files(path: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(path.join("atlas.catalogue")) else { return Vec::new() };
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn root_len(path: &Path) -> u64 {
    fs::metadata(path.join("atlas.json")).unwrap().len()
}

fn write(store: &Store, dataset: &str, array: &str, value: i64) {
    store.write_array(dataset, array, Selection::all(1), Source::from_slice(&[value; 3])).unwrap();
}

fn define(store: &Store, dataset: &str, array: &str, value: i64) {
    store.define_array(dataset, array, DType::I64, &["x"], &[3], ArrayOptions::default()).unwrap();
    write(store, dataset, array, value);
}

fn read(store: &Store, dataset: &str, array: &str) -> i64 {
    let mut values = [0i64; 3];
    store.read_array(dataset, array, Selection::all(1), Target::from_slice(&mut values)).unwrap();
    assert!(values.iter().all(|value| *value == values[0]));
    values[0]
}

fn names(store: &Store) -> Vec<String> {
    let names: Vec<_> = store.dataset_names().unwrap().iter().map(|name| name.to_string()).collect();
    assert_eq!(names.len(), store.dataset_count().unwrap());
    for (at, name) in names.iter().enumerate() {
        assert_eq!(*store.dataset_name_at(at).unwrap(), **name);
        assert!(store.has_dataset(name).unwrap(), "{name}");
    }
    names
}

fn arrays(store: &Store, dataset: &str) -> Vec<String> {
    store.array_names(dataset).unwrap().iter().map(|name| name.to_string()).collect()
}

fn assert_whole(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn the_root_of_a_large_store_stays_small_and_a_small_change_writes_little() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None);
    for number in 0..20_000 {
        let name = format!("sensor {number:05}");
        store.create_dataset(&name).unwrap();
        define(&store, &name, "v", number);
    }
    store.flush().unwrap();
    let (files_before, root) = (files(&path), root_len(&path));
    assert_eq!(files_before.len(), 1);
    assert!(root < 2000, "{root}");
    store.set_attribute("sensor 00007", None, "seen", Value::I64(vec![1])).unwrap();
    store.flush().unwrap();
    assert_eq!(files(&path), files_before, "what does not change is not written");
    assert!(root_len(&path) < root + 400, "{}", root_len(&path));
    store.close().unwrap();
    let reader = open(&path, Mode::Read, None);
    assert_eq!(reader.dataset_count().unwrap(), 20_000);
    assert_eq!(read(&reader, "sensor 12345", "v"), 12345);
    assert_eq!(read(&reader, "sensor 00007", "v"), 7);
    assert_eq!(reader.attribute("sensor 00007", None, "seen").unwrap(), Value::I64(vec![1]));
    assert!(!reader.has_dataset("sensor 20000").unwrap());
    assert_eq!(reader.array_names("sensor").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(reader.dataset_names().unwrap().len(), 20_000);
    assert_whole(&reader);
}

#[test]
fn an_edit_of_one_array_among_many_writes_that_array() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None);
    store.create_dataset("d").unwrap();
    for number in 0..20_000 {
        store.define_array("d", &format!("a{number}"), DType::I64, &["x"], &[3], ArrayOptions::default()).unwrap();
    }
    store.flush().unwrap();
    let (files_before, root) = (files(&path), root_len(&path));
    write(&store, "d", "a777", 5);
    store.set_attribute("d", Some("a31"), "units", "K").unwrap();
    store.delete_array("d", "a9").unwrap();
    store.flush().unwrap();
    assert_eq!(files(&path), files_before, "what does not change is not written");
    // The first values bring an array file.
    assert!(root_len(&path) < root + 1000, "{} after {root}", root_len(&path));
    store.close().unwrap();
    let reader = open(&path, Mode::Read, None);
    let names = arrays(&reader, "d");
    let expected: Vec<_> = (0..20_000).filter(|number| *number != 9).map(|number| format!("a{number}")).collect();
    assert_eq!(names, expected);
    assert_eq!((read(&reader, "d", "a777"), read(&reader, "d", "a31")), (5, 0));
    assert_eq!(reader.attribute("d", Some("a31"), "units").unwrap(), Value::String(vec!["K".into()]));
    assert_whole(&reader);
}

/// What there is to see of a store, a line for each dataset.
fn content(store: &Store) -> Vec<String> {
    let of = |name: String| {
        let values: Vec<_> =
            arrays(store, &name).into_iter().map(|array| (read(store, &name, &array), array)).collect();
        format!("{name}: {values:?}, {:?}", store.attribute_names(&*name, None).unwrap())
    };
    names(store).into_iter().map(of).collect()
}

#[test]
fn changes_deletions_and_orders_survive_in_every_layer() {
    // Each step is a flush; with the last limit all stays in the root.
    type Step = fn(&Store);
    let steps: &[Step] = &[
        |store| {
            for name in ["m", "z", "a", "k"] {
                store.create_dataset(name).unwrap();
                define(store, name, "second", 1);
                define(store, name, "first", 2);
            }
        },
        |store| write(store, "z", "first", 20),
        |store| define(store, "z", "third", 3),
        |store| store.delete_array("z", "second").unwrap(),
        // At the end of the order, with an array of an old name.
        |store| define(store, "z", "second", 21),
        |store| store.delete_dataset("a").unwrap(),
        |store| {
            store.create_dataset("a").unwrap();
            define(store, "a", "other", 4);
        },
        |store| {
            store.delete_dataset("m").unwrap();
            store.create_dataset("m").unwrap();
        },
        |store| store.set_attribute("k", None, "note", "x").unwrap(),
        |store| {
            store.delete_dataset("k").unwrap();
            store.create_dataset("b").unwrap();
            store.delete_dataset("b").unwrap();
        },
        |store| define(store, "m", "first", 9),
        |store| store.append_array("m", "first", &[2], Source::from_slice(&[9i64, 9])).unwrap(),
        |store| {
            store
                .delete_attribute("z", None, "none")
                .unwrap_err()
                .kind()
                .eq(&ErrorKind::NotFound)
                .then_some(())
                .unwrap()
        },
        |store| {
            store.create_dataset("k").unwrap();
            define(store, "k", "again", 7);
        },
    ];
    let dir = tempfile::tempdir().unwrap();
    let stores: Vec<_> = [Some(0), Some(150), Some(500), None]
        .into_iter()
        .enumerate()
        .map(|(number, root_bytes)| (dir.path().join(format!("{number}")), root_bytes))
        .collect();
    stores.iter().for_each(|(path, root_bytes)| create(path, *root_bytes).close().unwrap());
    let mut most = 0;
    for (number, step) in steps.iter().enumerate() {
        let mut seen: Vec<(Vec<String>, Vec<Vec<String>>)> = Vec::new();
        for (path, root_bytes) in &stores {
            let store = open(path, Mode::ReadWrite, *root_bytes);
            step(&store);
            let see = |store: &Store| {
                let names = names(store);
                let arrays = names.iter().map(|name| arrays(store, name)).collect();
                (names, arrays)
            };
            let before = see(&store);
            store.flush().unwrap();
            assert_eq!(see(&store), before, "step {number}: a flush changes nothing that is seen");
            store.close().unwrap();
            let reader = open(path, Mode::Read, *root_bytes);
            assert_eq!(see(&reader), before, "step {number} with {root_bytes:?}: it reads as it was written");
            assert_whole(&reader);
            most = most.max(files(path).len());
            seen.push(before);
        }
        seen.iter().for_each(|other| assert_eq!(*other, seen[0], "step {number}"));
    }
    assert!(most > 1, "there were {most} files at most");
    let last = &stores[0].0;
    let store = open(last, Mode::ReadWrite, Some(0));
    assert_eq!(names(&store), ["z", "a", "m", "k"]);
    assert_eq!(arrays(&store, "z"), ["first", "third", "second"]);
    assert_eq!((read(&store, "z", "second"), read(&store, "k", "again")), (21, 7));
    store.compact().unwrap();
    assert_eq!(names(&store), ["z", "a", "m", "k"]);
    assert_eq!(files(last).len(), 1, "a compaction leaves one");
    store.close().unwrap();
    let reader = open(last, Mode::Read, None);
    assert_eq!(names(&reader), ["z", "a", "m", "k"]);
    assert_whole(&reader);
}

#[test]
fn the_last_of_several_changes_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    for number in 0..20 {
        let name = format!("d{number}");
        store.create_dataset(&name).unwrap();
        define(&store, &name, "v", 0);
    }
    store.close().unwrap();
    // In a file of its own, in the root over that, and in a file that takes up both.
    for (value, root_bytes, count) in [(1, Some(0), 2), (2, None, 2), (3, None, 2), (4, Some(0), 2), (5, None, 2)] {
        let store = open(&path, Mode::ReadWrite, root_bytes);
        store.set_attribute("d3", None, "value", value).unwrap();
        store.set_attribute("d3", Some("v"), "value", value).unwrap();
        write(&store, "d3", "v", value);
        if value == 2 {
            define(&store, "d3", "w", value);
        } else if value == 3 {
            store.delete_array("d3", "w").unwrap();
        }
        store.close().unwrap();
        let reader = open(&path, Mode::Read, None);
        let attributes = [None, Some("v")].map(|array| reader.attribute("d3", array, "value").unwrap());
        assert_eq!(attributes, [Value::I64(vec![value]), Value::I64(vec![value])]);
        assert_eq!(read(&reader, "d3", "v"), value);
        assert_eq!(reader.has_array("d3", "w").unwrap(), value == 2);
        assert_whole(&reader);
        // Those of the kept commit are there, too.
        assert!(files(&path).len() >= count, "{:?}", files(&path));
    }
}

#[test]
fn files_stay_few_and_those_of_no_commit_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    let mut copied = 0;
    for number in 0..200 {
        let name = format!("d{number}");
        store.create_dataset(&name).unwrap();
        define(&store, &name, "v", number);
        store.flush().unwrap();
        // With those of the kept commit.
        let there = files(&path);
        assert!(there.len() <= 2 * 8 + 1, "{} files", there.len());
        copied += fs::metadata(there.last().unwrap()).unwrap().len();
    }
    let one = fs::metadata(&files(&path)[0]).unwrap().len();
    assert!(copied < 200 * 500 + 20 * one, "{copied} bytes written for {one}");
    assert_eq!(names(&store), (0..200).map(|number| format!("d{number}")).collect::<Vec<_>>());
    (0..200).for_each(|number| store.delete_dataset(&format!("d{number}")).unwrap());
    store.compact().unwrap_err();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(files(&path), Vec::<PathBuf>::new());
    assert!(!path.join("atlas.catalogue").exists(), "the folder goes with the last file");
    assert_eq!(store.dataset_count().unwrap(), 0);
    store.create_dataset("anew").unwrap();
    store.close().unwrap();
    assert_eq!(names(&open(&path, Mode::Read, None)), ["anew"]);
}

#[test]
fn earlier_commits_and_readers_keep_their_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let options = CreateOptions { runtime: runtime(Some(0)), keep_generations: Some(3), ..Default::default() };
    let store = Store::create(&path, options).unwrap();
    for name in ["a", "b"] {
        store.create_dataset(name).unwrap();
        define(&store, name, "v", 1);
    }
    store.flush().unwrap();
    let first = store.info().unwrap().generation;
    let reader = open(&path, Mode::Read, Some(0));
    let before = content(&reader);
    store.delete_dataset("a").unwrap();
    write(&store, "b", "v", 2);
    store.flush().unwrap();
    store.compact().unwrap();
    let at = Store::open_at(&path, first, OpenOptions { runtime: runtime(None), ..OpenOptions::default() }).unwrap();
    assert_eq!(content(&at), before);
    // The reader has read no names yet beyond those above; anew, from the files.
    assert_eq!(content(&reader), before);
    assert!(reader.refresh().unwrap());
    assert_eq!(names(&reader), ["b"]);
    store.rollback(first).unwrap();
    assert_eq!(content(&store), before);
    write(&store, "a", "v", 5);
    store.close().unwrap();
    assert!(reader.refresh().unwrap());
    assert_eq!((read(&reader, "a", "v"), read(&reader, "b", "v")), (5, 1));
    assert_whole(&reader);
}

#[test]
fn the_next_writer_leaves_what_kept_commits_need() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let options = CreateOptions { runtime: runtime(Some(0)), keep_generations: Some(3), ..Default::default() };
    let store = Store::create(&path, options).unwrap();
    store.create_dataset("a").unwrap();
    define(&store, "a", "v", 1);
    store.flush().unwrap();
    let first = store.info().unwrap().generation;
    store.delete_dataset("a").unwrap();
    store.create_dataset("b").unwrap();
    store.close().unwrap();
    // It looks for files that nobody needs.
    open(&path, Mode::ReadWrite, Some(0)).close().unwrap();
    let at = Store::open_at(&path, first, OpenOptions { runtime: runtime(None), ..OpenOptions::default() }).unwrap();
    assert_eq!(content(&at), ["a: [(1, \"v\")], []"]);
}

#[test]
fn a_damaged_catalogue_file_is_named_and_repair_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    store.create_dataset("a").unwrap();
    define(&store, "a", "v", 1);
    store.flush().unwrap();
    store.create_dataset("b").unwrap();
    define(&store, "b", "v", 2);
    store.close().unwrap();
    let last = files(&path).pop().unwrap();
    let good = fs::read(&last).unwrap();
    fs::remove_file(&last).unwrap();
    let reader = open(&path, Mode::Read, None);
    let error = reader.array_info("b", "v").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains(last.to_str().unwrap()), "{error}");
    let mut damaged = Vec::new();
    reader.verify(&mut |damage| damaged.push(damage.file.clone())).unwrap();
    assert_eq!(damaged, std::slice::from_ref(&last));
    reader.close().unwrap();
    let mut bad = good.clone();
    bad[40] ^= 1;
    fs::write(&last, &bad).unwrap();
    let repair = Store::repair(&path, RepairOptions::default()).unwrap();
    assert!(!repair.was_whole && repair.restored.is_some(), "{repair:?}");
    assert!(repair.losses.iter().any(|loss| loss.contains(last.to_str().unwrap())), "{:?}", repair.losses);
    let reader = open(&path, Mode::Read, None);
    assert_eq!(names(&reader), ["a"]);
    assert_eq!(read(&reader, "a", "v"), 1);
    assert_whole(&reader);
}

#[test]
fn catalogue_files_are_neither_written_nor_read_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (dir.path().join("s"), dir.path().join("elsewhere"));
    let folder = path.join("atlas.catalogue");
    let store = create(&path, Some(0));
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    store.create_dataset("a").unwrap();
    let error = store.flush().unwrap_err();
    assert!(error.message().contains("a symbolic link"), "{error}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    fs::remove_file(&folder).unwrap();
    store.close().unwrap();
    fs::remove_dir(&elsewhere).unwrap();
    fs::rename(&folder, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
    let error = open(&path, Mode::Read, None).array_names("a").unwrap_err();
    assert!(error.message().contains("a symbolic link"), "{error}");
}

#[test]
fn every_notation_has_catalogue_files() {
    for (format, zstd) in [(MetaFormat::Json, true), (MetaFormat::MsgPack, false), (MetaFormat::MsgPack, true)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let options = CreateOptions {
            meta_format: Some(format),
            meta_zstd: zstd,
            runtime: runtime(Some(0)),
            ..Default::default()
        };
        let store = Store::create(&path, options).unwrap();
        for name in ["a", "b", "c"] {
            store.create_dataset(name).unwrap();
            define(&store, name, "v", 1);
        }
        store.flush().unwrap();
        let store = {
            store.close().unwrap();
            open(&path, Mode::ReadWrite, None)
        };
        store.delete_dataset("b").unwrap();
        store.set_attribute("c", None, "note", "x").unwrap();
        store.close().unwrap();
        let reader = open(&path, Mode::Read, None);
        assert_eq!(names(&reader), ["a", "c"]);
        assert_eq!(reader.attribute("c", None, "note").unwrap(), Value::String(vec!["x".into()]));
        assert_whole(&reader);
    }
}

/// Datasets are listed as they were created, whatever the order of their names, from one file or several.
#[test]
fn names_come_in_the_order_of_creation() {
    let dir = tempfile::tempdir().unwrap();
    for (number, step) in [1, 1999, 77].into_iter().enumerate() {
        let path = dir.path().join(format!("s{number}"));
        let store = create(&path, Some(1000));
        // 2000 is no multiple of the steps' divisors: each number comes once.
        let mut expected: Vec<String> = (0..2000).map(|i| format!("n\u{e9}{:04}", i * step % 2000)).collect();
        expected.iter().for_each(|name| drop(store.create_dataset(name).unwrap()));
        store.flush().unwrap();
        assert_eq!(names(&store), expected);
        store.close().unwrap();
        assert_eq!(files(&path).len(), 1);
        assert_eq!(names(&open(&path, Mode::Read, None)), expected);
        // One that is changed stays where it is; one that is gone, and made anew, is the last.
        let store = open(&path, Mode::ReadWrite, Some(1000));
        store.set_attribute(&*expected[5], None, "seen", Value::I64(vec![1])).unwrap();
        for at in [1500, 700, 0] {
            store.delete_dataset(&expected.remove(at)).unwrap();
        }
        let anew = expected.remove(300);
        store.delete_dataset(&anew).unwrap();
        store.create_dataset(&anew).unwrap();
        expected.push(anew);
        assert_eq!(names(&store), expected);
        store.flush().unwrap();
        assert_eq!(names(&store), expected);
        store.create_dataset("zz").unwrap();
        expected.push("zz".into());
        assert_eq!(names(&store), expected, "a list that was asked for grows");
        store.close().unwrap();
        assert_eq!(names(&open(&path, Mode::Read, None)), expected);
        let store = open(&path, Mode::ReadWrite, Some(1000));
        store.compact().unwrap();
        assert_eq!(names(&store), expected);
        assert_whole(&store);
    }
}

/// Catalogue files are kept open to be read, and those that are removed are not.
#[cfg(target_os = "linux")]
#[test]
fn removed_catalogue_files_are_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let open_files = || {
        let links =
            fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        let links = links.map(|file| file.display().to_string());
        links.filter(|file| file.starts_with(&format!("{}/atlas.catalogue/", path.display()))).collect::<Vec<_>>()
    };
    let store = create(&path, Some(1000));
    (0..500).for_each(|i| drop(store.create_dataset(&format!("d{i:03}")).unwrap()));
    store.flush().unwrap();
    let reader = open(&path, Mode::Read, None);
    for round in 0..6 {
        assert!(store.has_dataset("d100").unwrap() && reader.has_dataset("d100").unwrap());
        assert!(!open_files().is_empty());
        for i in 0..200 {
            store.set_attribute(&*format!("d{i:03}"), None, "round", Value::I64(vec![round])).unwrap();
        }
        store.flush().unwrap();
        store.compact().unwrap();
        // The reader has what its commit needs.
        assert!(reader.has_dataset("d499").unwrap() && !reader.has_dataset("d500").unwrap());
        assert!(reader.refresh().unwrap());
        assert_eq!(reader.attribute("d150", None, "round").unwrap(), Value::I64(vec![round]));
    }
    store.flush().unwrap();
    store.compact().unwrap();
    let open = open_files();
    assert!(open.iter().all(|file| !file.ends_with("(deleted)")), "{open:?}");
    drop((store, reader));
    assert_eq!(open_files(), Vec::<String>::new());
}
