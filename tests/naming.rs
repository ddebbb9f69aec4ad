//! Datasets under other names, and copies of them; attributes of the store.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, FillValue, MetaFormat, Mode, OpenOptions, RepairOptions,
    RuntimeOptions, Selection, Source, Stats, Store, Target, Value,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

fn create(path: &Path, root_bytes: Option<u64>, keep_generations: Option<u32>) -> Arc<Store> {
    let runtime = RuntimeOptions { root_bytes, ..RuntimeOptions::default() };
    Store::create(path, CreateOptions { runtime, keep_generations, ..CreateOptions::default() }).unwrap()
}

fn open(path: &Path, root_bytes: Option<u64>) -> Arc<Store> {
    let runtime = RuntimeOptions { root_bytes, ..RuntimeOptions::default() };
    Store::open(path, Mode::ReadWrite, OpenOptions { runtime, ..OpenOptions::default() }).unwrap()
}

fn verified(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

/// Arrays of every kind: whole chunks, packed ones, with holes, texts, a scalar, and one that nobody has written to.
fn fill(store: &Store, dataset: &str) {
    store.create_dataset(dataset).unwrap();
    let chunked = |chunk_shape: &[u64], fill_value| ArrayOptions {
        chunk_shape: Some(chunk_shape.to_vec()),
        fill_value,
        ..ArrayOptions::default()
    };
    let define = |array: &str, dtype, dims: &[&str], shape: &[u64], options| {
        store.define_array(dataset, array, dtype, dims, shape, options).unwrap();
    };
    define("field", DType::F64, &["y", "x"], &[70, 50], chunked(&[64, 40], None));
    let field: Vec<f64> = (0..3500).map(|i| f64::from(i) / 3.0).collect();
    store.write_array(dataset, "field", Selection::all(2), Source::from_slice(&field)).unwrap();
    // As large as it likes, for what is stored of it.
    define("sparse", DType::I32, &["u", "v"], &[1 << 40, 1 << 20], chunked(&[8, 8], Some(FillValue::from(-1i32))));
    for at in [[0, 0], [1 << 39, 77], [(1 << 40) - 1, (1 << 20) - 1]] {
        store.write_array(dataset, "sparse", Selection::region(&at, &[1, 1]), Source::from_slice(&[5i32])).unwrap();
    }
    define("log", DType::I64, &["t"], &[0], chunked(&[3], None));
    store.append_array(dataset, "log", &[10], Source::from_slice(&[-3i64; 10])).unwrap();
    define("name", DType::String, &["n"], &[5], chunked(&[2], Some(FillValue::Text("-".into()))));
    store.write_strings(dataset, "name", Selection::region(&[1], &[2]), &["é", ""]).unwrap();
    define("scalar", DType::Bool, &[], &[], ArrayOptions::default());
    store.write_array(dataset, "scalar", Selection::all(0), Source::from_slice(&[true])).unwrap();
    define("unwritten", DType::U8, &["y"], &[70], ArrayOptions::default());
    store.set_attribute(dataset, None, "title", "a dataset").unwrap();
    store.set_attribute(dataset, Some("log"), "units", "K").unwrap();
}

/// Names and values, in their order.
type Attributes = Vec<(String, Value)>;

/// All that a dataset is, statistics where there are any.
#[derive(Debug, PartialEq)]
struct Seen {
    attributes: Attributes,
    /// Name, definition, attributes, values.
    arrays: Vec<(String, String, Attributes, String)>,
    stats: BTreeMap<String, Option<String>>,
}

fn seen(store: &Store, dataset: &str) -> Seen {
    let attributes = |array: Option<&str>| {
        let keys = store.attribute_names(dataset, array).unwrap();
        keys.iter().map(|key| (key.to_string(), store.attribute(dataset, array, key).unwrap())).collect::<Vec<_>>()
    };
    let mut found = Seen { attributes: attributes(None), arrays: Vec::new(), stats: BTreeMap::new() };
    for array in store.array_names(dataset).unwrap() {
        let info = store.array_info(dataset, &array).unwrap();
        let values = match &*array {
            "name" => format!("{:?}", store.read_strings(dataset, "name", Selection::all(1)).unwrap()),
            "sparse" => {
                let mut values = [0i32; 4];
                let region = Selection::region(&[1 << 39, 76], &[2, 2]);
                store.read_array(dataset, "sparse", region, Target::from_slice(&mut values)).unwrap();
                format!("{values:?}")
            }
            "field" => {
                let mut values = [0f64; 3500];
                store.read_array(dataset, "field", Selection::all(2), Target::from_slice(&mut values)).unwrap();
                format!("{values:?}")
            }
            "scalar" => {
                let mut value = [false];
                store.read_array(dataset, "scalar", Selection::all(0), Target::from_slice(&mut value)).unwrap();
                format!("{value:?}")
            }
            "log" => {
                let mut values = vec![0i64; info.shape[0] as usize];
                store.read_array(dataset, "log", Selection::all(1), Target::from_slice(&mut values)).unwrap();
                format!("{values:?}")
            }
            _ => {
                let mut values = [9u8; 70];
                store.read_array(dataset, &array, Selection::all(1), Target::from_slice(&mut values)).unwrap();
                format!("{values:?}")
            }
        };
        let told = |stats: Stats| format!("{} {} {:?}", stats.row_count, stats.null_count, stats.range);
        found.stats.insert(array.to_string(), store.array_stats(dataset, &array).ok().map(told));
        let own = attributes(Some(&array));
        found.arrays.push((array.to_string(), format!("{info:?}"), own, values));
    }
    found
}

#[test]
fn a_renamed_dataset_is_what_it_was_in_every_layer() {
    // In the root alone; in a catalogue file from the first flush on.
    for root_bytes in [None, Some(0)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, root_bytes, Some(10));
        for name in ["a", "b", "c"] {
            fill(&store, name);
        }
        store.flush().unwrap();
        let (before, bytes) = (seen(&store, "a"), store.info().unwrap().live_bytes);
        assert!(before.stats.values().all(Option::is_some));
        let names = |store: &Store| store.dataset_names().unwrap().iter().map(|n| n.to_string()).collect::<Vec<_>>();
        store.rename_dataset("a", "new").unwrap();
        // Values and statistics are there before the flush, and no array file changes by it.
        assert_eq!(seen(&store, "new"), before);
        assert_eq!(names(&store), ["b", "c", "new"]);
        assert_eq!(store.dataset("a").err().map(|error| error.kind()), Some(ErrorKind::NotFound));
        let files = |store: &Store| format!("{:?}", store.array_files().unwrap());
        let stored = files(&store);
        store.flush().unwrap();
        assert_eq!(files(&store), stored);
        // Values written under the new name, in between another dataset of the old one.
        store.append_array("new", "log", &[1], Source::from_slice(&[4i64])).unwrap();
        fill(&store, "a");
        store.write_array("a", "scalar", Selection::all(0), Source::from_slice(&[false])).unwrap();
        store.rename_dataset("b", "b2").unwrap();
        store.rename_dataset("b2", "b").unwrap();
        store.flush().unwrap();
        let (a, new) = (seen(&store, "a"), seen(&store, "new"));
        assert_ne!(a, before);
        assert!(new.arrays.iter().any(|(name, _, _, values)| name == "log" && values.ends_with(", 4]")));
        assert_eq!(names(&store), ["c", "new", "a", "b"]);
        verified(&store);
        for step in 0..3 {
            match step {
                0 => store.compact().unwrap(),
                1 => store.close().unwrap(),
                _ => {}
            }
            let store = if step == 0 { store.clone() } else { open(&path, root_bytes) };
            assert_eq!((seen(&store, "a"), seen(&store, "new")), (seen_like(&a), seen_like(&new)), "step {step}");
            assert_eq!(seen(&store, "b"), before);
            verified(&store);
        }
        let store = open(&path, root_bytes);
        assert!(store.info().unwrap().live_bytes > bytes);
        // The commit before is still under the old name, and can be gone back to.
        store.rollback(2).unwrap();
        assert_eq!((names(&store), seen(&store, "a")), (vec!["a".into(), "b".into(), "c".into()], before));
        store.rename_dataset("a", "new").unwrap();
        store.delete_dataset("new").unwrap();
        store.flush().unwrap();
        assert_eq!(names(&store), ["b", "c"]);
        let refused = |from: &str, to: &str| store.rename_dataset(from, to).unwrap_err().kind();
        assert_eq!(refused("b", "c"), ErrorKind::AlreadyExists);
        assert_eq!(refused("b", "b"), ErrorKind::AlreadyExists);
        assert_eq!(refused("zz", "d"), ErrorKind::NotFound);
        assert_eq!(refused("b", ""), ErrorKind::InvalidArgument);
        assert!(!store.info().unwrap().unflushed_changes);
    }
}

fn seen_like(seen: &Seen) -> Seen {
    let Seen { attributes, arrays, stats } = seen;
    Seen { attributes: attributes.clone(), arrays: arrays.clone(), stats: stats.clone() }
}

#[test]
fn merges_keep_what_stands_in_segments_under_an_earlier_name() {
    for reopen in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut store = create(&path, None, Some(0));
        let options = || ArrayOptions { chunk_shape: Some(vec![4]), ..ArrayOptions::default() };
        // Much that is dead, so that the counts of bytes do not tell.
        store.create_dataset("dead").unwrap();
        store.define_array("dead", "v", DType::I64, &[], &[1 << 16], options()).unwrap();
        let mixed: Vec<i64> = (0..1 << 16).map(|i: i64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)).collect();
        store.write_array("dead", "v", Selection::all(1), Source::from_slice(&mixed)).unwrap();
        store.flush().unwrap();
        store.delete_dataset("dead").unwrap();
        for name in ["a", "stays"] {
            store.create_dataset(name).unwrap();
            store.define_array(name, "v", DType::I64, &[], &[400], options()).unwrap();
        }
        let write = |store: &Store, dataset: &str, at: u64| {
            let (start, values) = ([at * 4], [at as i64, 1, 2, 3]);
            let region = Selection::region(&start, &[4]);
            store.write_array(dataset, "v", region, Source::from_slice(&values)).unwrap();
            store.flush().unwrap();
        };
        (0..10).for_each(|at| write(&store, "a", at));
        store.rename_dataset("a", "b").unwrap();
        store.flush().unwrap();
        if reopen {
            store.close().unwrap();
            store = open(&path, None);
        }
        (0..40).for_each(|at| write(&store, "stays", at));
        (10..50).for_each(|at| write(&store, "b", at));
        assert!(store.array_files().unwrap().iter().any(|file| file.segment_count < 40));
        store.close().unwrap();
        let store = open(&path, None);
        let check = || {
            let mut values = [0i64; 200];
            store.read_array("b", "v", Selection::region(&[0], &[200]), Target::from_slice(&mut values)).unwrap();
            assert!(values.chunks(4).enumerate().all(|(at, chunk)| chunk == [at as i64, 1, 2, 3]), "{values:?}");
            verified(&store);
        };
        check();
        store.compact().unwrap();
        check();
        assert_eq!(store.info().unwrap().dead_bytes, 0);
    }
}

#[test]
fn a_salvage_gives_an_array_one_place_whatever_its_dataset_was_called() {
    for keep in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, None, Some(u32::from(keep)));
        fill(&store, "old");
        store.set_attribute(None, None, "k", 7).unwrap();
        store.flush().unwrap();
        store.rename_dataset("old", "new").unwrap();
        store.append_array("new", "log", &[1], Source::from_slice(&[4i64])).unwrap();
        store.flush().unwrap();
        store.close().unwrap();
        std::fs::remove_file(path.join("atlas.json")).unwrap();
        let report = Store::repair(&path, RepairOptions { salvage: true }).unwrap();
        assert_eq!(report.restored, keep.then_some(2));
        let store = open(&path, None);
        verified(&store);
        let root = std::fs::read_to_string(path.join("atlas.json")).unwrap();
        // What was never written to is not found without a root.
        let next = if keep { 7 } else { 6 };
        for key in ["renamed", "next_array_id"] {
            assert!(root.contains(&format!("\"{key}\":{next},")), "{root}");
        }
        // Where an earlier root says so it is the old name, else that of the newest segment.
        let log = if keep { "old" } else { "new" };
        assert_eq!(store.array_info(log, "log").unwrap().shape, [11]);
        assert!(keep || !store.has_array("old", "log").unwrap());
        assert_eq!(store.has_dataset("new").unwrap(), !keep);
        assert_eq!(store.has_attribute(None, None, "k").unwrap(), keep);
        store.append_array(log, "log", &[1], Source::from_slice(&[4i64])).unwrap();
        store.flush().unwrap();
        store.compact().unwrap();
        let mut values = [0i64; 12];
        store.read_array(log, "log", Selection::all(1), Target::from_slice(&mut values)).unwrap();
        assert_eq!(values, [-3, -3, -3, -3, -3, -3, -3, -3, -3, -3, 4, 4]);
        verified(&store);
    }
}

#[test]
fn a_copy_is_the_same_in_the_same_store_and_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), None, None);
    let runtime = RuntimeOptions { write_buffer_bytes: Some(1), threads: Some(0), ..RuntimeOptions::default() };
    let options = CreateOptions { runtime, meta_format: Some(MetaFormat::MsgPack), ..CreateOptions::default() };
    let other = Store::create(dir.path().join("other"), options).unwrap();
    fill(&store, "a");
    store.flush().unwrap();
    let before = seen(&store, "a");
    store.copy_dataset("a", &store, "b").unwrap();
    store.copy_dataset("a", &other, "a").unwrap();
    store.flush().unwrap();
    other.flush().unwrap();
    assert_eq!((seen(&store, "b"), seen(&other, "a")), (seen_like(&before), seen_like(&before)));
    assert_eq!(seen(&store, "a"), before);
    // Only what is stored was copied.
    let places = |store: &Store, dataset: &str| {
        let places = store.chunk_places(dataset, "sparse").unwrap();
        places.places.iter().map(|place| place.number).collect::<Vec<_>>()
    };
    assert_eq!((places(&store, "b").len(), places(&other, "a")), (3, places(&store, "a")));
    // Values that are not flushed; a reader as the source; changes of one that leave the other alone.
    store.append_array("b", "log", &[2], Source::from_slice(&[8i64, 9])).unwrap();
    store.copy_dataset("b", &store, "c").unwrap();
    store.set_attribute("c", None, "title", "another").unwrap();
    store.write_array("c", "scalar", Selection::all(0), Source::from_slice(&[false])).unwrap();
    assert!(seen(&store, "c").arrays.iter().any(|(name, _, _, values)| name == "log" && values.ends_with("8, 9]")));
    assert_eq!(seen(&store, "b").attributes, before.attributes);
    let reader = Store::open(dir.path().join("other"), Mode::Read, OpenOptions::default()).unwrap();
    reader.copy_dataset("a", &store, "d").unwrap();
    store.flush().unwrap();
    assert_eq!(seen(&store, "d"), before);
    verified(&store);
    let refused =
        |from: &Store, dataset: &str, to: &Store, name: &str| from.copy_dataset(dataset, to, name).unwrap_err().kind();
    assert_eq!(refused(&store, "a", &store, "b"), ErrorKind::AlreadyExists);
    assert_eq!(refused(&store, "a", &store, "a"), ErrorKind::AlreadyExists);
    assert_eq!(refused(&store, "zz", &store, "e"), ErrorKind::NotFound);
    assert_eq!(refused(&store, "a", &store, "\n"), ErrorKind::InvalidArgument);
    assert_eq!(refused(&store, "a", &reader, "e"), ErrorKind::ReadOnly);
    assert!(!store.info().unwrap().unflushed_changes);
    other.close().unwrap();
    assert_eq!(refused(&store, "a", &other, "e"), ErrorKind::InvalidHandle);
}

#[test]
fn a_copy_that_cannot_be_read_to_the_end_is_no_copy() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None, None);
    fill(&store, "a");
    store.flush().unwrap();
    let places = store.chunk_places("a", "name").unwrap();
    store.close().unwrap();
    let segment = path.join(&places.files[places.places[0].file]);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[places.places[0].offset as usize + 8] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let store = open(&path, None);
    let error = store.copy_dataset("a", &store, "b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(store.dataset_names().unwrap().len(), 1);
    store.close().unwrap();
}

#[test]
fn attributes_of_the_store_go_with_its_commits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None, Some(5));
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    store.set_attribute(None, None, "run", 1).unwrap();
    assert!(store.info().unwrap().unflushed_changes);
    assert!(!reader.has_attribute(None, None, "run").unwrap());
    store.flush().unwrap();
    assert!(reader.refresh().unwrap());
    let run = |store: &Store| store.attribute(None, None, "run").unwrap();
    assert_eq!(run(&reader), Value::I32(vec![1]));
    store.create_dataset("d").unwrap();
    store.set_attribute("d", None, "run", "the dataset's").unwrap();
    store.set_attribute(None, None, "run", 2).unwrap();
    store.set_attribute(None, None, "texts", vec!["a".to_owned(), "é".to_owned()]).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!((run(&store), run(&Store::open_at(&path, 2, OpenOptions::default()).unwrap())), (2.into(), 1.into()));
    store.rollback(2).unwrap();
    assert_eq!(run(&store), 1.into());
    assert!(!store.has_attribute(None, None, "texts").unwrap());
    store.delete_attribute(None, None, "run").unwrap();
    let error = store.attribute(None, None, "run").unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFound, "no attribute 'run' on the store"));
    assert_eq!(store.set_attribute(None, Some("a"), "k", 1).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(reader.set_attribute(None, None, "k", 1).unwrap_err().kind(), ErrorKind::ReadOnly);
    store.close().unwrap();
    let store = open(&path, None);
    assert!(store.attribute_names(None, None).unwrap().is_empty());
    // A root that is gone: the commit that is gone back to has its own.
    store.set_attribute(None, None, "run", 3).unwrap();
    store.flush().unwrap();
    store.set_attribute(None, None, "run", 4).unwrap();
    store.close().unwrap();
    std::fs::remove_file(path.join("atlas.json")).unwrap();
    Store::repair(&path, RepairOptions::default()).unwrap();
    assert_eq!(run(&open(&path, None)), 3.into());
}
