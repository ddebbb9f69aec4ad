//! Creating where there is a store: fail, open it, begin it anew. Waiting for the writer's lock, and for a commit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, IfExists, MetaFormat, Mode, OpenOptions, RuntimeOptions,
    Selection, Source, Store, Target,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const CELLS: usize = 5000;

fn with(if_exists: IfExists) -> CreateOptions {
    CreateOptions { if_exists, ..CreateOptions::default() }
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions::default()).expect("open")
}

fn put(store: &Store, dataset: &str, value: f64) {
    store.create_dataset(dataset).unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![600]), ..ArrayOptions::default() };
    store.define_array(dataset, "t", DType::F64, &["x"], &[CELLS as u64], options).unwrap();
    store.write_array(dataset, "t", Selection::all(1), Source::from_slice(&[value; CELLS])).unwrap();
}

fn holds(store: &Store, expected: &[(&str, f64)]) {
    let names = store.dataset_names().unwrap();
    assert!(names.iter().map(|name| &**name).eq(expected.iter().map(|(name, _)| *name)), "{names:?}");
    assert_eq!(store.dataset_count().unwrap(), expected.len());
    for (name, value) in expected {
        let mut values = vec![0.0; CELLS];
        store.read_array(name, "t", Selection::all(1), Target::from_slice(&mut values)).expect("read");
        assert!(values.iter().all(|found| found == value), "{name}");
    }
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

/// Every file of a folder, with its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => drop(found.insert(path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    found
}

fn segments(path: &Path) -> usize {
    files(path).keys().filter(|path| path.extension().is_some_and(|end| end == "seg" || end == "cat")).count()
}

#[test]
fn a_store_is_replaced_by_the_first_flush_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = Store::create(&path, with(IfExists::Replace)).expect("there is nothing to replace");
    put(&store, "old", 1.0);
    put(&store, "both", 2.0);
    store.close().unwrap();
    let (before, id) = (files(&path), open(&path, Mode::Read).info().unwrap().store_id);

    let options = CreateOptions { codec: Some(Codec::Lz4), keep_generations: Some(3), ..with(IfExists::Replace) };
    let store = Store::create(&path, options).unwrap();
    let info = store.info().unwrap();
    assert!(info.unflushed_changes && info.generation == 2 && info.keep_generations == Some(3));
    holds(&store, &[]);
    assert_eq!(store.dataset("old").err().unwrap().kind(), ErrorKind::NotFound);
    put(&store, "both", 3.0);
    put(&store, "new", 4.0);
    holds(&store, &[("both", 3.0), ("new", 4.0)]);
    assert!(store.chunk_places("both", "t").unwrap().places.is_empty(), "nothing of it is stored");
    for refused in [store.compact(), store.rollback(1)] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::UnflushedChanges);
    }
    let reader = open(&path, Mode::Read);
    holds(&reader, &[("old", 1.0), ("both", 2.0)]);
    store.discard();
    assert_eq!(files(&path), before, "a discard leaves all as it was");

    let options = CreateOptions { codec: Some(Codec::Lz4), keep_generations: Some(3), ..with(IfExists::Replace) };
    let store = Store::create(&path, options).unwrap();
    put(&store, "both", 3.0);
    put(&store, "new", 4.0);
    store.flush().unwrap();
    let info = store.info().unwrap();
    assert!(!info.unflushed_changes && info.generation == 3 && info.store_id == id && info.segment_count == 1);
    assert_eq!(info.dead_bytes, 0, "nothing of the old one is under the names of the new");
    assert_eq!(store.array_info("new", "t").unwrap().codec, Codec::Lz4);
    holds(&reader, &[("old", 1.0), ("both", 2.0)]);
    assert!(reader.refresh().unwrap());
    holds(&reader, &[("both", 3.0), ("new", 4.0)]);

    store.rollback(2).unwrap();
    holds(&store, &[("old", 1.0), ("both", 2.0)]);
    put(&store, "later", 5.0);
    assert_eq!(store.array_info("later", "t").unwrap().codec, Codec::Zstd, "the defaults come back with the commit");
    store.close().unwrap();
}

#[test]
fn what_was_replaced_goes_when_it_is_kept_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    // Everything beyond the root: the files of the catalogue go as those of arrays do.
    let runtime = || RuntimeOptions { root_bytes: Some(0), ..RuntimeOptions::default() };
    let store = Store::create(&path, CreateOptions { runtime: runtime(), ..CreateOptions::default() }).unwrap();
    (0..50).for_each(|number| put(&store, &format!("old {number}"), f64::from(number)));
    store.set_attribute("old 7", None, "unit", "K").unwrap();
    store.close().unwrap();
    let old = segments(&path);
    assert_eq!(old, 2, "one of each kind");

    let options = CreateOptions { keep_generations: Some(0), runtime: runtime(), ..with(IfExists::Replace) };
    let store = Store::create(&path, options).unwrap();
    put(&store, "old 7", 1.5);
    assert!(store.attribute_names("old 7", None).unwrap().is_empty());
    store.flush().unwrap();
    holds(&store, &[("old 7", 1.5)]);
    store.set_attribute("old 7", None, "unit", "K").unwrap();
    store.flush().unwrap();
    assert_eq!(segments(&path), 2, "what is new alone");
    store.close().unwrap();
    let store = open(&path, Mode::ReadWrite);
    store.compact().unwrap();
    store.close().unwrap();
    assert_eq!(segments(&path), 2);
    holds(&open(&path, Mode::Read), &[("old 7", 1.5)]);
}

#[test]
fn values_that_are_written_ahead_belong_to_the_new_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    put(&store, "a", 1.0);
    store.close().unwrap();
    let runtime = RuntimeOptions { write_buffer_bytes: Some(64 << 10), ..RuntimeOptions::default() };
    let store = Store::create(&path, CreateOptions { runtime, ..with(IfExists::Replace) }).unwrap();
    let expected: Vec<(String, f64)> = (0..30).map(|number| (format!("b {number}"), f64::from(number))).collect();
    expected.iter().for_each(|(name, value)| put(&store, name, *value));
    holds(&open(&path, Mode::Read), &[("a", 1.0)]);
    let expected: Vec<(&str, f64)> = expected.iter().map(|(name, value)| (&**name, *value)).collect();
    holds(&store, &expected);
    store.close().unwrap();
    holds(&open(&path, Mode::Read), &expected);
    let store = open(&path, Mode::ReadWrite);
    store.rollback(2).unwrap();
    holds(&store, &[("a", 1.0)]);
}

#[test]
fn a_store_that_is_there_is_opened_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let first = CreateOptions { codec: Some(Codec::None), keep_generations: Some(5), ..with(IfExists::Open) };
    let store = Store::create(&path, first).unwrap();
    put(&store, "a", 1.0);
    store.close().unwrap();
    let other = CreateOptions {
        codec: Some(Codec::Lz4),
        keep_generations: Some(7),
        meta_format: Some(MetaFormat::MsgPack),
        ..with(IfExists::Open)
    };
    let store = Store::create(&path, other).unwrap();
    holds(&store, &[("a", 1.0)]);
    put(&store, "b", 2.0);
    let info = store.info().unwrap();
    assert_eq!((info.keep_generations, info.meta_format), (Some(5), MetaFormat::Json));
    assert_eq!(store.array_info("b", "t").unwrap().codec, Codec::None);
    store.close().unwrap();
    holds(&open(&path, Mode::Read), &[("a", 1.0), ("b", 2.0)]);
}

#[test]
fn what_cannot_be_replaced_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    Store::create(&path, CreateOptions::default()).unwrap().close().unwrap();
    let before = files(folder.path());
    assert_eq!(Store::create(&path, CreateOptions::default()).err().unwrap().kind(), ErrorKind::AlreadyExists);
    for other in [
        CreateOptions { meta_format: Some(MetaFormat::MsgPack), ..with(IfExists::Replace) },
        CreateOptions { meta_zstd: true, ..with(IfExists::Replace) },
    ] {
        let error = Store::create(&path, other).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(error.to_string().contains("has its root in atlas.json"), "{error}");
    }
    let same = CreateOptions { meta_format: Some(MetaFormat::Json), ..with(IfExists::Replace) };
    Store::create(&path, same).unwrap().discard();
    let notes = folder.path().join("notes");
    std::fs::create_dir(&notes).unwrap();
    Store::create(&notes, with(IfExists::Replace)).expect("an empty folder").discard();
    std::fs::remove_dir_all(&notes).unwrap();
    std::fs::create_dir(&notes).unwrap();
    std::fs::write(notes.join("todo.txt"), "not a store").unwrap();
    for if_exists in [IfExists::Fail, IfExists::Open, IfExists::Replace] {
        let error = Store::create(&notes, with(if_exists)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    }
    std::fs::remove_dir_all(&notes).unwrap();
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_writer_waits_for_another_as_long_as_it_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    put(&store, "a", 1.0);
    let waiting = |lock_timeout| RuntimeOptions { lock_timeout, ..RuntimeOptions::default() };
    let attempts: [&(dyn Fn(Duration) -> atlas_store::Result<Arc<Store>> + Sync); 3] = [
        &|wait| Store::open(&path, Mode::ReadWrite, OpenOptions { runtime: waiting(wait), ..OpenOptions::default() }),
        &|wait| Store::create(&path, CreateOptions { runtime: waiting(wait), ..with(IfExists::Open) }),
        &|wait| Store::create(&path, CreateOptions { runtime: waiting(wait), ..with(IfExists::Replace) }),
    ];
    let holder = format!("pid {}", std::process::id());
    for attempt in attempts {
        let error = attempt(Duration::ZERO).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.to_string().contains(&holder) && !error.to_string().contains("still"), "{error}");
        let error = attempt(Duration::from_millis(30)).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.to_string().contains(&holder) && error.to_string().ends_with("after 30 ms still"), "{error}");
    }
    Store::open(&path, Mode::Read, OpenOptions { runtime: waiting(Duration::MAX), ..OpenOptions::default() })
        .expect("readers wait for nobody");
    let mut holding = store;
    for attempt in attempts {
        let found = thread::scope(|scope| {
            let waiter = scope.spawn(|| attempt(Duration::MAX));
            thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            holding.close().unwrap();
            waiter.join().unwrap()
        });
        holding = found.expect("the lock was released");
    }
    holds(&holding, &[]);
}

#[test]
fn a_reader_waits_for_a_commit_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    put(&store, "a", 1.0);
    store.flush().unwrap();
    let reader = open(&path, Mode::Read);
    assert!(!reader.wait_for_commit(Duration::ZERO).unwrap());
    assert!(!reader.wait_for_commit(Duration::from_millis(10)).unwrap());
    let error = store.wait_for_commit(Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");

    thread::scope(|scope| {
        let waiter = scope.spawn(|| reader.wait_for_commit(Duration::MAX));
        thread::sleep(Duration::from_millis(20));
        // All else goes on, on the same handle.
        holds(&reader, &[("a", 1.0)]);
        assert!(!reader.refresh().unwrap() && !waiter.is_finished());
        store.set_attribute("a", None, "unit", "K").unwrap();
        store.flush().unwrap();
        assert!(waiter.join().unwrap().unwrap());
    });
    assert!(reader.attribute_names("a", None).unwrap().is_empty(), "it does not move");
    assert!(reader.wait_for_commit(Duration::ZERO).unwrap(), "there still is a newer one");
    assert!(reader.refresh().unwrap());
    assert!(!reader.wait_for_commit(Duration::ZERO).unwrap());
    assert_eq!(reader.attribute_names("a", None).unwrap().len(), 1);

    let earlier = Store::open_at(&path, 2, OpenOptions::default()).unwrap();
    assert!(earlier.wait_for_commit(Duration::ZERO).unwrap());
    assert!(earlier.refresh().unwrap());
    assert!(!earlier.wait_for_commit(Duration::ZERO).unwrap());

    for end in [|reader: &Store| reader.close().unwrap(), |reader: &Store| reader.discard()] {
        let reader = open(&path, Mode::Read);
        let error = thread::scope(|scope| {
            let waiter = scope.spawn(|| reader.wait_for_commit(Duration::MAX));
            thread::sleep(Duration::from_millis(20));
            end(&reader);
            waiter.join().unwrap().unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::InvalidHandle, "{error}");
    }
    store.close().unwrap();
    std::fs::remove_dir_all(&path).unwrap();
    assert_eq!(reader.wait_for_commit(Duration::MAX).unwrap_err().kind(), ErrorKind::NotFound);
}
