//! Pins: commits that are kept as long as they have a name, with all their files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, PinnedCommit, RepairOptions, RuntimeOptions,
    Selection, Source, Store, Target,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

const CELLS: usize = 500;

fn create(path: &Path, keep_generations: Option<u32>) -> Arc<Store> {
    Store::create(path, CreateOptions { keep_generations, ..CreateOptions::default() }).expect("create")
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::ReadWrite, OpenOptions::default()).expect("open")
}

fn reader(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::Read, OpenOptions::default()).expect("open")
}

fn open_at(path: &Path, generation: u64) -> atlas_store::Result<Arc<Store>> {
    Store::open_at(path, generation, OpenOptions::default())
}

/// Changes what a store holds: datasets and values that say `number`.
fn change(store: &Store, number: u64) {
    let own = store.create_dataset(&format!("run {number}")).unwrap();
    own.define_array("t", DType::F64, &["x"], &[CELLS as u64], ArrayOptions::default()).unwrap();
    own.write("t", Selection::all(1), Source::from_slice(&[number as f64; CELLS])).unwrap();
}

/// Makes commits up to this one, in each of which something is new.
fn commit_up_to(store: &Store, generation: u64) {
    while store.info().unwrap().generation < generation {
        change(store, store.info().unwrap().generation + 1);
        store.flush().unwrap();
    }
    assert_eq!(store.info().unwrap().generation, generation);
}

/// Whether a store holds what commits up to this one made, without damage.
fn assert_holds(store: &Store, generation: u64) {
    let names = store.dataset_names().unwrap();
    assert_eq!(names.len() as u64, generation - 1, "{names:?}");
    for name in names {
        let mut values = [0f64; CELLS];
        store.read_array(&name, "t", Selection::all(1), Target::from_slice(&mut values)).expect("read");
        let number: f64 = name.strip_prefix("run ").unwrap().parse().unwrap();
        assert!(values.iter().all(|value| *value == number), "{name}");
    }
    is_whole(store);
}

fn is_whole(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

fn pin(name: &str, generation: u64) -> PinnedCommit {
    PinnedCommit { name: name.into(), generation }
}

/// The segments by their paths, with their bytes.
fn segments(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = std::fs::read_dir(path.join("t")).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.clone(), std::fs::read(file).unwrap())).collect()
}

/// References to segments hold: the files are there, with the same bytes.
fn assert_hold(references: &BTreeMap<PathBuf, Vec<u8>>) {
    for (file, bytes) in references {
        assert!(std::fs::read(file).is_ok_and(|found| found == *bytes), "{} is gone", file.display());
    }
}

fn kept_root(path: &Path, generation: u64) -> PathBuf {
    path.join(format!(".atlas.json.{generation:08}"))
}

/// The `atlas` part of the root.
fn head(path: &Path) -> serde_json::Value {
    let root: serde_json::Value = serde_json::from_slice(&std::fs::read(path.join("atlas.json")).unwrap()).unwrap();
    root["atlas"].clone()
}

#[test]
fn references_to_a_pinned_commit_outlive_flushes_and_compactions_until_it_is_unpinned() {
    for (keep, reopens) in [(None, false), (None, true), (Some(0), false), (Some(0), true), (Some(2), false)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut store = create(&path, keep);
        commit_up_to(&store, 4);
        let references = segments(&path);
        assert_eq!(store.pin("references").unwrap(), 4);
        commit_up_to(&store, 5);
        assert_eq!(reader(&path).pins().unwrap(), [pin("references", 4)]);
        if reopens {
            drop(store);
            store = open(&path);
        }
        commit_up_to(&store, 45);
        assert!(store.info().unwrap().segment_count < 33, "small segments are merged");
        assert_hold(&references);
        store.compact().unwrap();
        assert_hold(&references);
        commit_up_to(&store, 50);
        store.compact().unwrap();
        assert_hold(&references);
        assert!(store.generations().unwrap().contains(&4), "{:?}", store.generations().unwrap());
        assert_holds(&open_at(&path, 4).unwrap(), 4);
        if reopens {
            drop(store);
            store = open(&path);
            assert_hold(&references);
        }
        is_whole(&store);
        assert_eq!(store.pins().unwrap(), [pin("references", 4)]);
        assert_eq!(store.pin_generation("references").unwrap(), 4);

        store.unpin("references").unwrap();
        assert_hold(&references);
        let generation = store.info().unwrap().generation;
        store.flush().unwrap();
        assert_eq!(store.info().unwrap().generation, generation + 1);
        assert_eq!(open_at(&path, 4).err().expect("gone").kind(), ErrorKind::NotFound);
        store.create_dataset("another commit").unwrap();
        store.flush().unwrap();
        if reopens {
            drop(store);
            store = open(&path);
        }
        assert!(references.keys().all(|file| !file.exists()), "its files stay");
        is_whole(&store);
    }
}

#[test]
fn a_pin_is_a_change_that_the_next_flush_makes_durable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    commit_up_to(&store, 3);
    change(&store, 4);
    assert_eq!(store.pin("before").unwrap(), 3);
    assert!(store.info().unwrap().unflushed_changes);
    assert_eq!((store.pins().unwrap(), reader(&path).pins().unwrap()), (vec![pin("before", 3)], vec![]));
    assert_eq!(head(&path)["writer_features"], serde_json::json!([]));
    drop(store);
    let store = open(&path);
    assert_eq!(store.pins().unwrap(), [], "it was not flushed");

    store.pin("b").unwrap();
    store.pin("a").unwrap();
    assert!(store.compact().is_err_and(|error| error.kind() == ErrorKind::UnflushedChanges));
    store.flush().unwrap();
    assert_eq!(head(&path)["writer_features"], serde_json::json!(["pins"]));
    assert_eq!(head(&path)["pins"], serde_json::json!({"b": 3, "a": 3}));
    // Changes that are not flushed are not part of it.
    change(&store, 4);
    assert_eq!(store.pin_and_flush("c").unwrap(), 4);
    assert_eq!(store.info().unwrap().generation, 5);
    assert_eq!(store.pins().unwrap(), [pin("b", 3), pin("a", 3), pin("c", 4)]);
    assert_eq!(store.generations().unwrap(), [3, 4, 5]);
    assert_holds(&open_at(&path, 4).unwrap(), 3);
    store.unpin("b").unwrap();
    store.flush().unwrap();
    assert_holds(&open_at(&path, 3).unwrap(), 3);
    store.unpin("a").unwrap();
    store.unpin("c").unwrap();
    assert_eq!(store.pins().unwrap(), []);
    store.close().unwrap();
    assert_eq!(head(&path)["writer_features"], serde_json::json!([]));
    assert_eq!((open(&path).generations().unwrap(), head(&path).get("pins")), (vec![7], None));
}

#[test]
fn what_is_wrong_with_a_pin_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None);
    store.pin("a").unwrap();
    let error = store.pin("a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.message().contains("pin 'a' already exists: it names commit 1"), "{error}");
    for name in ["", "a\nb", &"x".repeat(256)] {
        assert_eq!(store.pin(name).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(store.pin_and_flush(name).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    for error in [store.unpin("b").unwrap_err(), store.pin_generation("b").unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("has no pin 'b'"), "{error}");
    }
    store.flush().unwrap();
    let reader = reader(&path);
    for error in [reader.pin("c"), reader.pin_and_flush("c"), reader.unpin("a").map(|()| 0)] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    assert_eq!(reader.pin_generation("a").unwrap(), 1);
    // A reader of an earlier commit is told of those that there are.
    store.pin_and_flush("b").unwrap();
    assert_eq!(open_at(&path, 1).unwrap().pins().unwrap(), [pin("a", 1), pin("b", 2)]);
}

#[test]
fn a_pin_outlives_a_rollback_to_before_it_and_what_it_names_does() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(5));
    commit_up_to(&store, 4);
    let references = segments(&path);
    store.pin("late").unwrap();
    commit_up_to(&store, 6);
    store.rollback(2).unwrap();
    assert_holds(&store, 2);
    store.set_keep_generations(Some(0)).unwrap();
    store.flush().unwrap();
    assert_eq!(store.pins().unwrap(), [pin("late", 4)]);
    drop(store);
    let store = open(&path);
    store.delete_dataset("run 2").unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_hold(&references);
    assert_eq!(store.generations().unwrap(), [4, store.info().unwrap().generation]);
    assert_holds(&open_at(&path, 4).unwrap(), 4);
    // It can be gone back to, and a pin of the root that is gone back to does not come back.
    store.pin_and_flush("later").unwrap();
    store.unpin("late").unwrap();
    store.rollback(4).unwrap_err();
    store.flush().unwrap();
    store.rollback(store.pin_generation("later").unwrap()).unwrap();
    assert_eq!(store.pins().unwrap().len(), 1);
    is_whole(&store);
}

#[test]
fn a_pinned_commit_is_gone_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    commit_up_to(&store, 3);
    store.pin("good").unwrap();
    commit_up_to(&store, 9);
    store.compact().unwrap();
    store.rollback(store.pin_generation("good").unwrap()).unwrap();
    assert_holds(&store, 3);
    store.unpin("good").unwrap();
    store.flush().unwrap();
    change(&store, 12);
    store.flush().unwrap();
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(store.generations().unwrap().len(), 1);
    assert_eq!(store.dataset_count().unwrap(), 3);
    is_whole(&store);
}

#[test]
fn flushes_that_were_begun_come_before_a_pin() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let runtime = RuntimeOptions { threads: Some(threads), ..Default::default() };
        let options = CreateOptions { keep_generations: Some(0), runtime, ..Default::default() };
        let store = Store::create(&path, options).unwrap();
        for number in 2..6 {
            change(&store, number);
            store.flush_begin().unwrap();
        }
        assert_eq!(store.pin("here").unwrap(), 5);
        for number in 6..30 {
            change(&store, number);
            store.flush_begin().unwrap();
        }
        store.flush_wait().unwrap();
        assert_eq!(store.generations().unwrap()[0], 5);
        assert_holds(&open_at(&path, 5).unwrap(), 5);
    }
}

#[test]
fn a_commit_that_is_pinned_during_a_compaction_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store: Arc<OnceLock<Arc<Store>>> = Arc::default();
    let (of_callback, is_pinned) = (store.clone(), Arc::new(AtomicBool::new(false)));
    let pinned = is_pinned.clone();
    let progress = Box::new(move |_: &str, done, _| {
        if done == 0 && !pinned.swap(true, Ordering::SeqCst) {
            let store = of_callback.get().unwrap().clone();
            std::thread::spawn(move || store.pin("compacted").unwrap()).join().unwrap();
        }
        true
    });
    let runtime = RuntimeOptions { progress: Some(progress), ..Default::default() };
    let options = CreateOptions { keep_generations: Some(0), runtime, ..Default::default() };
    let store = store.get_or_init(|| Store::create(&path, options).unwrap());
    commit_up_to(store, 4);
    let references = segments(&path);
    store.compact().unwrap();
    assert!(is_pinned.load(Ordering::SeqCst));
    assert_eq!((store.info().unwrap().generation, store.pins().unwrap()), (5, vec![pin("compacted", 4)]));
    commit_up_to(store, 30);
    store.compact().unwrap();
    assert_hold(&references);
    assert_holds(&open_at(&path, 4).unwrap(), 4);
}

#[test]
fn a_pin_that_is_taken_away_before_it_is_flushed_keeps_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    commit_up_to(&store, 3);
    store.pin("a").unwrap();
    store.unpin("a").unwrap();
    commit_up_to(&store, 5);
    assert_eq!(store.generations().unwrap(), [5]);
    assert!(!kept_root(&path, 3).exists() && !kept_root(&path, 4).exists());
}

#[test]
fn verify_names_what_is_missing_of_a_pinned_commit_and_what_may_be_of_it_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    commit_up_to(&store, 3);
    let references = segments(&path);
    store.pin("lost").unwrap();
    commit_up_to(&store, 20);
    store.compact().unwrap();
    is_whole(&store);
    let damages = |store: &Store| {
        let mut found = Vec::new();
        store.verify(&mut |damage| found.push((damage.file.clone(), damage.message.clone()))).unwrap();
        found
    };
    // A segment that only the pinned commit has.
    let (segment, bytes) = references.first_key_value().unwrap();
    let mut damaged = bytes.clone();
    damaged[40] ^= 1;
    std::fs::write(segment, &damaged).unwrap();
    assert_eq!(damages(&store).iter().map(|(file, _)| file).collect::<Vec<_>>(), [segment]);
    std::fs::remove_file(segment).unwrap();
    assert_eq!(damages(&reader(&path)).iter().map(|(file, _)| file).collect::<Vec<_>>(), [segment]);
    std::fs::write(segment, bytes).unwrap();
    is_whole(&store);
    // Its root.
    let (root, aside) = (kept_root(&path, 3), path.join("aside"));
    std::fs::rename(&root, &aside).unwrap();
    for store in [&store, &reader(&path)] {
        let found = damages(store);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, root);
        assert!(found[0].1.contains("pin 'lost' names commit 3, whose root is gone"), "{found:?}");
    }
    commit_up_to(&store, 25);
    store.compact().unwrap();
    drop(store);
    for damage in [None, Some(b"not a root")] {
        if let Some(bytes) = damage {
            std::fs::write(&root, bytes).unwrap();
            let found = damages(&reader(&path));
            assert_eq!(found.iter().map(|(file, _)| file).collect::<Vec<_>>(), [&root]);
        }
        drop(open(&path));
        assert_hold(&references);
    }
    std::fs::rename(&aside, &root).unwrap();
    assert_holds(&open_at(&path, 3).unwrap(), 3);
    is_whole(&open(&path));
}

#[test]
fn a_repair_keeps_the_pins_of_the_commit_that_it_goes_back_to() {
    for salvage in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, None);
        commit_up_to(&store, 3);
        let references = segments(&path);
        store.pin("before").unwrap();
        commit_up_to(&store, 25);
        drop(store);
        std::fs::write(path.join("atlas.json"), "gone").unwrap();
        let report = Store::repair(&path, RepairOptions { salvage }).unwrap();
        assert_eq!(report.restored, Some(24));
        let store = open(&path);
        assert_eq!(store.pins().unwrap(), [pin("before", 3)]);
        (0..3).for_each(|number| {
            change(&store, 100 + number);
            store.flush().unwrap();
        });
        store.compact().unwrap();
        drop(store);
        drop(open(&path));
        assert_hold(&references);
        assert_holds(&open_at(&path, 3).unwrap(), 3);
    }
}

#[test]
fn an_earlier_commit_is_pinned_as_long_as_it_is_kept() {
    for (keep, reopens) in [(Some(3), false), (Some(3), true), (None, false)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let mut store = create(&path, keep);
        commit_up_to(&store, 4);
        let references = segments(&path);
        commit_up_to(&store, 5);
        if reopens {
            drop(store);
            store = open(&path);
        }
        for gone in [0, 1, 6, u64::MAX] {
            let error = store.pin_commit_and_flush("gone", gone).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
            assert!(error.message().contains(&format!("does not keep commit {gone}")), "{error}");
        }
        assert_eq!((store.info().unwrap().generation, store.pins().unwrap()), (5, Vec::new()));
        store.pin_commit_and_flush("earlier", 4).unwrap();
        assert_eq!((store.info().unwrap().generation, store.pins().unwrap()), (6, vec![pin("earlier", 4)]));
        let error = store.pin_commit_and_flush("earlier", 4).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        store.set_keep_generations(Some(0)).unwrap();
        store.flush().unwrap();
        if reopens {
            drop(store);
            store = open(&path);
        }
        for number in 100..140 {
            change(&store, number);
            store.flush().unwrap();
        }
        store.compact().unwrap();
        assert_hold(&references);
        assert_holds(&open_at(&path, 4).unwrap(), 4);
        is_whole(&store);
        // The last one, by its number.
        let last = store.info().unwrap().generation;
        store.pin_commit_and_flush("last", last).unwrap();
        store.unpin("earlier").unwrap();
        store.flush().unwrap();
        change(&store, 200);
        store.flush().unwrap();
        assert_eq!(store.generations().unwrap(), [last, last + 3]);
        assert!(references.keys().all(|file| !file.exists()), "its files stay");
        is_whole(&store);
    }
}

#[test]
fn flushes_that_were_begun_come_before_the_pin_of_an_earlier_commit() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let runtime = RuntimeOptions { threads: Some(threads), ..Default::default() };
        let options = CreateOptions { keep_generations: Some(2), runtime, ..Default::default() };
        let store = Store::create(&path, options).unwrap();
        for number in 2..6 {
            change(&store, number);
            store.flush_begin().unwrap();
        }
        // Those drop commit 2, and make commit 5 the last.
        assert_eq!(store.pin_commit_and_flush("dropped", 2).unwrap_err().kind(), ErrorKind::NotFound);
        store.pin_commit_and_flush("here", 4).unwrap();
        for number in 6..30 {
            change(&store, number);
            store.flush_begin().unwrap();
        }
        store.flush_wait().unwrap();
        assert_holds(&open_at(&path, 4).unwrap(), 4);
    }
}

#[test]
fn an_earlier_commit_that_is_damaged_is_not_pinned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(5));
    commit_up_to(&store, 3);
    let segment = segments(&path).into_keys().next().unwrap();
    commit_up_to(&store, 5);
    drop(store);
    std::fs::remove_file(segment).unwrap();
    let store = open(&path);
    assert_eq!(store.pin_commit_and_flush("damaged", 3).unwrap_err().kind(), ErrorKind::Corrupt);
    std::fs::write(kept_root(&path, 3), "not a root").unwrap();
    assert_eq!(store.pin_commit_and_flush("damaged", 3).unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!((store.info().unwrap().generation, store.pins().unwrap()), (5, Vec::new()));
}

#[test]
fn commits_of_pins_alone_hold_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(9));
    commit_up_to(&store, 20);
    let same = |generation| {
        let said = store.holds_what_the_last_does(generation).unwrap();
        assert_eq!(reader(&path).holds_what_the_last_does(generation).unwrap(), said);
        said
    };
    store.pin_and_flush("a").unwrap();
    store.pin_and_flush("b").unwrap();
    store.set_keep_generations(Some(7)).unwrap();
    store.unpin("b").unwrap();
    store.flush().unwrap();
    assert_eq!((store.info().unwrap().generation, same(19), same(20), same(22)), (23, false, true, true));
    assert!(!same(1), "that is kept no more");
    // The same values in other files.
    store.compact().unwrap();
    assert!(!same(20));
    let compacted = store.info().unwrap().generation;
    store.pin_and_flush("c").unwrap();
    assert!(same(compacted));
    // An attribute is all that differs.
    store.set_attribute("run 2", None, "title", "other").unwrap();
    store.flush().unwrap();
    assert!(!same(compacted));
    store.rollback(compacted).unwrap();
    assert!(same(compacted));
    std::fs::write(kept_root(&path, compacted), "not a root").unwrap();
    assert!(!same(compacted));
}
