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
    store.close().unwrap();
    // What is removed soon is removed by then.
    drop(store);
    let before = count(&network);
    let store = open(&network, Mode::ReadWrite);
    assert_eq!(count(&network), before, "a writer without a lock removes nothing");
    let looked_at = asked(&network, || assert_eq!(store.collect_garbage(Duration::from_secs(3600)).unwrap(), 0));
    let unnamed = count_of(&looked_at, "head");
    assert!((20..=60).contains(&unnamed), "{looked_at:?}");
    network.expect_together(unnamed, |kind, _| kind == "head");
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

/// What a call asks for: kinds, and keys from the store's folder on, in no order.
fn asked(network: &Network, call: impl FnOnce()) -> Vec<String> {
    network.take_requests();
    call();
    let name = |key: &str| key.rsplit_once("run.atlas").map_or("", |(_, key)| key.trim_matches('/')).to_owned();
    let mut asked: Vec<String> =
        network.take_requests().iter().map(|(kind, key)| format!("{kind} {}", name(key))).collect();
    asked.sort();
    assert!(!asked.iter().any(|one| one.starts_with("given up")), "{asked:?}");
    asked
}

fn count_of(asked: &[String], what: &str) -> usize {
    asked.iter().filter(|one| one.starts_with(what)).count()
}

#[test]
fn a_root_is_asked_for_once_wherever_it_may_be() {
    let network = Arc::new(Network::default());
    assert_eq!(asked(&network, || drop(create(&network))), ["list ", "put atlas.json"]);
    let store = open(&network, Mode::ReadWrite);
    define(&store);
    store.close().unwrap();
    drop(store);
    let roots = ["get atlas.json", "get atlas.json.zst", "get atlas.msgpack", "get atlas.msgpack.zst"];
    network.expect_together(4, |kind, _| kind == "get");
    assert_eq!(asked(&network, || drop(open(&network, Mode::Read))), roots);
    assert_eq!(asked(&network, || drop(open(&network, Mode::ReadWrite)))[..4], roots);
    let open_at = |generation| {
        let opened = Store::open_at_on(storage(&network), Path::new(PATH), generation, OpenOptions::default()).unwrap();
        opened.dataset_names().unwrap().len()
    };
    let earlier = asked(&network, || assert_eq!(open_at(1), 0));
    assert_eq!((earlier.len(), count_of(&earlier, "get .atlas.")), (4, 4), "{earlier:?}");
    let last = asked(&network, || assert_eq!(open_at(2), 1));
    assert_eq!((last.len(), count_of(&last, "get .atlas."), count_of(&last, "get atlas.")), (8, 4, 4), "{last:?}");
}

#[test]
fn the_ends_of_segments_are_asked_for_beside_each_other() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    append(&store, 0, 3000);
    store.close().unwrap();
    let cell = |reader: &Arc<Store>, row: u64| {
        let mut value = [0f32];
        reader.read_array("d", "a", Selection::region(&[row, 17], &[1, 1]), Target::from_slice(&mut value)).unwrap();
        assert_eq!(value, [row as f32 * 1000.0 + 17.0]);
    };
    let reader = open(&network, Mode::Read);
    let first = asked(&network, || cell(&reader, 1500));
    // Its beginning and its end, the places of the pieces, and a piece.
    assert!(count_of(&first, "get a/") == first.len() && first.len() <= 4, "{first:?}");
    let second = asked(&network, || cell(&reader, 1500));
    assert!(second.is_empty(), "{second:?}");
    let reader = open(&network, Mode::Read);
    network.expect_together(2, |_, key| key.contains("/a/"));
    assert_eq!(asked(&network, || assert!(reader.chunk_stats("d", "a", &[0, 0]).is_ok())).len(), 2);
    network.expect_nothing();
}

/// Of twenty segments that may have a chunk, and have it not, the last fifteen are opened beside each other.
#[test]
fn indexes_of_many_segments_are_read_beside_each_other() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    let d = store.create_dataset("d").unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![1, 1000]), ..ArrayOptions::default() };
    d.define_array("a", DType::F32, &["t", "x"], &[0, 1000], options).unwrap();
    for step in 0..21 {
        append(&store, step, step + 1);
        store.flush().unwrap();
    }
    store.close().unwrap();
    let cell = |row: u64| {
        let reader = open(&network, Mode::Read);
        let mut value = [0f32];
        reader.read_array("d", "a", Selection::region(&[row, 17], &[1, 1]), Target::from_slice(&mut value)).unwrap();
        assert_eq!(value, [row as f32 * 1000.0 + 17.0]);
    };
    let newest = asked(&network, || cell(20));
    assert_eq!(count_of(&newest, "get a/"), 1, "{newest:?}");
    let fifth = asked(&network, || cell(16));
    assert_eq!(count_of(&fifth, "get a/"), 5, "{fifth:?}");
    // After one and four more the sixteen that are left, and none of them alone.
    network.expect_together(16, |kind, key| kind == "get" && key.contains("/a/") && older(key));
    let oldest = asked(&network, || cell(0));
    assert_eq!(count_of(&oldest, "get a/"), 21, "{oldest:?}");
    network.expect_nothing();
    let all = asked(&network, || assert_eq!(read(&open(&network, Mode::Read)), steps(0, 21)));
    assert_eq!(count_of(&all, "get a/"), 21, "{all:?}");
}

/// Whether a segment is of one of the sixteen commits before the last five of twenty-two.
fn older(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap();
    name[..8].parse::<u64>().unwrap() <= 17
}

#[test]
fn a_flush_keeps_the_root_while_it_sends_segments_and_waits_for_no_removal() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    store.flush().unwrap();
    let is_sent_first = |kind, key: &str| kind == "put" && !key.ends_with("/atlas.json");
    for step in 0..4 {
        network.expect_together(2, is_sent_first);
        append(&store, step, step + 1);
        let flushed = asked(&network, || store.flush().unwrap());
        let [segment, kept, root] =
            ["put a/", "put .atlas.json.", "put atlas.json"].map(|what| count_of(&flushed, what));
        assert_eq!([segment, kept, root], [1, 1, 1], "{flushed:?}");
        // Of the flush before, too, where nobody has waited for it.
        assert!(count_of(&flushed, "delete .atlas.json.") <= 2 && count_of(&flushed, "get") == 0, "{flushed:?}");
    }
    // The last removal may still be on its way.
    let settle = || {
        let is_over = || store.generations().unwrap().len() == 2;
        assert!((0..1000).any(|_| is_over() || {
            std::thread::sleep(Duration::from_millis(10));
            false
        }));
    };
    settle();
    // A removal that is answered once there is another: a flush that waited for its own would wait for ever.
    network.expect_together(2, |kind, _| kind == "delete");
    append(&store, 4, 5);
    asked(&network, || store.flush().unwrap());
    append(&store, 5, 6);
    asked(&network, || store.flush().unwrap());
    network.expect_nothing();
    settle();
}

#[test]
fn segments_are_sent_beside_each_other() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    let d = store.create_dataset("d").unwrap();
    // So large that they are no part of a bundle.
    let mixed = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30);
    let values: Vec<u64> = (0..100_000u64).map(|n| mixed(mixed(n))).collect();
    for array in 0..9 {
        let name = format!("a{array}");
        d.define_array(&name, DType::U64, &["x"], &[100_000], ArrayOptions::default()).unwrap();
        d.write(&name, Selection::all(1), Source::from_slice(&values)).unwrap();
    }
    network.expect_together(9, |kind, key| kind == "put" && key.ends_with(".seg"));
    let flushed = asked(&network, || store.flush().unwrap());
    assert_eq!(count_of(&flushed, "put a"), 10, "{flushed:?}");
}

#[test]
fn what_is_refused_removes_what_it_has_made_and_no_more() {
    let network = Arc::new(Network::default());
    let store = create(&network);
    define(&store);
    let other = open(&network, Mode::ReadWrite);
    other.create_dataset("e").unwrap();
    other.flush().unwrap();
    append(&store, 0, 1);
    let refused = asked(&network, || assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Conflict));
    assert_eq!((count_of(&refused, "delete a/"), count_of(&refused, "delete")), (1, 1), "{refused:?}");
    store.discard();
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
