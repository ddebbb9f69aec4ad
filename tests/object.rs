//! Stores in buckets: whatever a store does on a disk it does there, over a service that refuses the second of two writers,
//! fails, or loses its answers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "common/network.rs"]
mod network;
#[path = "common/race.rs"]
mod race;

use atlas_store::storage::{ObjectStorage, Storage};
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, IfExists, Mode, OpenOptions, RuntimeOptions, Selection, Source,
    Store, Target,
};
use network::{How, Network};
use race::race;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const BASE: &str = "s3://bucket";
const PATH: &str = "s3://bucket/some%20where/run.atlas";

fn storage(network: &Arc<Network>) -> Arc<dyn Storage> {
    Arc::new(ObjectStorage::of(network.clone(), BASE.into()).unwrap())
}

fn create(network: &Arc<Network>) -> Arc<Store> {
    Store::create_on(storage(network), Path::new(PATH), CreateOptions::default()).unwrap()
}

fn open(network: &Arc<Network>, mode: Mode) -> Arc<Store> {
    Store::open_on(storage(network), Path::new(PATH), mode, OpenOptions::default()).unwrap()
}

fn steps(from: u64, to: u64) -> Vec<f32> {
    (from * 1000..to * 1000).map(|n| n as f32).collect()
}

fn define(store: &Arc<Store>) {
    let d = store.create_dataset("d").unwrap();
    d.define_array("a", DType::F32, &["t", "x"], &[0, 1000], ArrayOptions::default()).unwrap();
}

fn append(store: &Arc<Store>, from: u64, to: u64) {
    let values = steps(from, to);
    store.dataset("d").unwrap().append("a", &[to - from, 1000], Source::from_slice(&values)).unwrap();
}

fn read(store: &Arc<Store>) -> Vec<f32> {
    let shape = store.array_info("d", "a").unwrap().shape;
    let mut values = vec![0f32; (shape[0] * shape[1]) as usize];
    store.read_array("d", "a", Selection::all(2), Target::from_slice(&mut values)).unwrap();
    values
}

#[test]
fn what_is_flushed_is_there_and_what_is_not_is_not() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    append(&store, 0, 10);
    store.flush().unwrap();
    let reader = open(&network, Mode::Read);
    append(&store, 10, 12);
    assert_eq!(read(&reader), steps(0, 10));
    assert_eq!(read(&store), steps(0, 12));
    store.discard();
    let store = open(&network, Mode::ReadWrite);
    assert_eq!(read(&store), steps(0, 10));
    append(&store, 10, 3000);
    store.close().unwrap();
    assert!(reader.refresh().unwrap());
    assert!(!reader.refresh().unwrap());
    // Of over 8 MiB, in parts.
    assert_eq!(read(&reader), steps(0, 3000));
    let already = Store::create_on(storage(&network), Path::new(PATH), CreateOptions::default()).err().unwrap();
    assert_eq!(already.kind(), ErrorKind::AlreadyExists, "{already}");
    let missing = Path::new("s3://bucket/elsewhere");
    let missing = Store::open_on(storage(&network), missing, Mode::Read, OpenOptions::default()).err().unwrap();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
}

#[test]
fn without_syncing_and_with_little_memory_values_are_there_too() {
    for sync in [true, false] {
        let network = Arc::new(Network::default());
        let runtime =
            RuntimeOptions { sync: Some(sync), write_buffer_bytes: Some(1 << 20), ..RuntimeOptions::default() };
        let options = CreateOptions { runtime, ..CreateOptions::default() };
        let store = Store::create_on(storage(&network), Path::new(PATH), options).unwrap();
        define(&store);
        for step in 0..40 {
            append(&store, step * 50, (step + 1) * 50);
        }
        assert_eq!(read(&store), steps(0, 2000));
        store.close().unwrap();
        let store = open(&network, Mode::Read);
        assert_eq!(read(&store), steps(0, 2000));
        store.verify(&mut |damage| panic!("{damage:?}")).unwrap();
    }
}

#[test]
fn earlier_commits_pins_compaction_and_rollback() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    append(&store, 0, 5);
    let first = store.pin_and_flush("first").unwrap() + 1;
    for step in 5..20 {
        append(&store, step, step + 1);
        store.flush().unwrap();
    }
    store.compact().unwrap();
    assert_eq!(read(&store), steps(0, 20));
    append(&store, 20, 21);
    store.flush().unwrap();
    let generations = store.generations().unwrap();
    let last = generations[generations.len() - 2];
    let earlier = Store::open_at_on(storage(&network), Path::new(PATH), last, OpenOptions::default()).unwrap();
    assert_eq!(read(&earlier), steps(0, 20));
    store.rollback(last).unwrap();
    assert_eq!(read(&store), steps(0, 20));
    store.close().unwrap();
    assert!(first > 1);
    let store = open(&network, Mode::ReadWrite);
    assert_eq!(store.pin_generation("first").unwrap(), first - 1);
    let anew = CreateOptions { if_exists: IfExists::Replace, ..CreateOptions::default() };
    store.close().unwrap();
    let store = Store::create_on(storage(&network), Path::new(PATH), anew).unwrap();
    assert_eq!(store.dataset_names().unwrap().len(), 0);
    store.close().unwrap();
}

/// Each commit of two writers that take turns as they come is there, or was refused.
#[test]
fn of_two_writers_none_loses_what_was_acknowledged() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    store.create_dataset("d").unwrap();
    store.close().unwrap();
    race(|| open(&network, Mode::ReadWrite), || open(&network, Mode::Read), 100, 7);
}

#[test]
fn a_lost_answer_is_no_lost_commit() {
    for how in [How::AnswerLost, How::SentTwice] {
        let network = Network::failing(how, 0);
        let store = create(&network);
        define(&store);
        network.failing.store(1, Ordering::Relaxed);
        store.flush().unwrap();
        append(&store, 0, 3);
        store.flush().unwrap();
        drop(store);
        assert_eq!(read(&open(&network, Mode::Read)), steps(0, 3), "{how:?}");
    }
    // So it is with the first root.
    for how in [How::AnswerLost, How::SentTwice] {
        let network = Network::failing(how, 1);
        let store = create(&network);
        define(&store);
        store.close().unwrap();
        open(&network, Mode::Read).dataset("d").unwrap();
    }
}

#[test]
fn a_commit_that_may_still_come_about_is_unknown_and_one_that_is_refused_can_be_tried_again() {
    let network = Network::failing(How::NotDone, 0);
    let store = create(&network);
    define(&store);
    network.failing.store(1, Ordering::Relaxed);
    let unknown = store.flush().unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Poisoned, "{unknown}");
    assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Poisoned);
    store.discard();
    assert_eq!(open(&network, Mode::Read).dataset_names().unwrap().len(), 0);

    let network = Network::failing(How::Refused, 0);
    let store = create(&network);
    define(&store);
    append(&store, 0, 2);
    network.failing.store(1, Ordering::Relaxed);
    let refused = store.flush().unwrap_err();
    assert!(refused.to_string().contains("not you"), "{refused}");
    store.flush().unwrap();
    assert_eq!(read(&open(&network, Mode::Read)), steps(0, 2));
}

#[test]
fn only_what_is_old_and_needed_by_nobody_is_collected() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    for step in 0..30 {
        append(&store, step, step + 1);
        store.flush().unwrap();
    }
    store.compact().unwrap();
    let count = |network: &Arc<Network>| {
        let storage = storage(network);
        let entries = storage.list(Path::new(PATH)).unwrap();
        let in_folders =
            entries.iter().filter(|entry| entry.is_dir).map(|entry| storage.list(&entry.path).unwrap().len());
        in_folders.sum::<usize>() + entries.iter().filter(|entry| !entry.is_dir).count()
    };
    let before = count(&network);
    store.close().unwrap();
    let store = open(&network, Mode::ReadWrite);
    assert_eq!(count(&network), before, "a writer without a lock removes nothing");
    assert_eq!(store.collect_garbage(Duration::from_secs(3600)).unwrap(), 0);
    std::thread::sleep(Duration::from_millis(20));
    let removed = store.collect_garbage(Duration::from_millis(10)).unwrap();
    assert!(removed > 0);
    assert_eq!(count(&network), before - removed as usize);
    assert_eq!(read(&store), steps(0, 30));
    // Another has made a commit since.
    let other = open(&network, Mode::ReadWrite);
    other.create_dataset("e").unwrap();
    other.close().unwrap();
    assert_eq!(store.collect_garbage(Duration::ZERO).unwrap_err().kind(), ErrorKind::Conflict);
    store.discard();
    open(&network, Mode::Read).verify(&mut |damage| panic!("{damage:?}")).unwrap();
}

/// How many requests what costs, as each takes some twenty milliseconds.
#[test]
fn requests_are_few() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    append(&store, 0, 3000);
    store.close().unwrap();
    let counted = |what: &str, most: usize, call: &mut dyn FnMut()| {
        network.take_requests();
        call();
        let took = network.take_requests();
        assert!(took.len() <= most, "{what} took {took:?}");
    };
    let mut store = None;
    counted("opening", 5, &mut || store = Some(open(&network, Mode::Read)));
    let store = store.unwrap();
    let a_cell = || {
        let one = Selection::region(&[1500, 17], &[1, 1]);
        let mut value = [0f32];
        store.read_array("d", "a", one, Target::from_slice(&mut value)).unwrap();
        assert_eq!(value, [1_500_017.0]);
    };
    counted("a cell", 5, &mut || a_cell());
    let writer = open(&network, Mode::ReadWrite);
    append(&writer, 3000, 3001);
    // The edge chunk, the segment, the kept root, the root, and the one that is kept no more.
    counted("a flush", 8, &mut || writer.flush().unwrap());
}

#[test]
fn a_url_is_a_path() {
    let url = "memory://here/run.atlas";
    let store = Store::create(url, CreateOptions::default()).unwrap();
    define(&store);
    append(&store, 0, 1);
    store.close().unwrap();
    let store = Store::open(url, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(read(&store), steps(0, 1));
    assert_eq!(
        Store::open("memory://there/run.atlas", Mode::Read, OpenOptions::default()).err().unwrap().kind(),
        ErrorKind::NotFound
    );
    let unknown = Store::open("ftp://x/y", Mode::Read, OpenOptions::default()).err().unwrap();
    assert_eq!(unknown.kind(), ErrorKind::InvalidArgument, "{unknown}");
    let dir = tempfile::tempdir().unwrap();
    let file = format!("file://{}/s", dir.path().display());
    Store::create(&file, CreateOptions::default()).unwrap().close().unwrap();
    assert!(dir.path().join("s/atlas.json").is_file());
}
