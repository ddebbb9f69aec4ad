//! Many small flushes: each takes up the small segments before it, once there are many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, LogLevel, Mode, OpenOptions, RepairOptions, RuntimeOptions, Selection, Source,
    Store, Target,
};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Cells of a row, which is a chunk.
const ROW: u64 = 64;
const ROWS: u64 = 600;
/// Small segments of an array name that may be at the end of the list, at most.
const FEW: u64 = 32;

fn create(path: &Path, keep_generations: Option<u32>) -> Arc<Store> {
    Store::create(path, CreateOptions { keep_generations, ..CreateOptions::default() }).expect("create")
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions::default()).expect("open")
}

fn define(store: &Store, dataset: &str) {
    if !store.has_dataset(dataset).unwrap() {
        store.create_dataset(dataset).unwrap();
    }
    let options = ArrayOptions { chunk_shape: Some(vec![1, ROW]), ..ArrayOptions::default() };
    store.define_array(dataset, "t", DType::I64, &["row", "x"], &[ROWS, ROW], options).unwrap();
}

fn write(store: &Store, dataset: &str, row: u64, value: i64) {
    let selection = Selection { rank: 2, start: Some(&[row, 0]), count: Some(&[1, ROW]) };
    store.write_array(dataset, "t", selection, Source::from_slice(&[value; ROW as usize])).expect("write");
}

fn row(store: &Store, dataset: &str, row: u64) -> i64 {
    let mut values = [0i64; ROW as usize];
    let selection = Selection { rank: 2, start: Some(&[row, 0]), count: Some(&[1, ROW]) };
    store.read_array(dataset, "t", selection, Target::from_slice(&mut values)).expect("read");
    assert!(values.iter().all(|value| *value == values[0]));
    values[0]
}

fn is_whole(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(path.join("t")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn many_flushes_leave_few_segments_and_every_value() {
    for keep in [None, Some(0)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, keep);
        define(&store, "a");
        for number in 0..ROWS {
            write(&store, "a", number, number as i64 + 1);
            store.flush().unwrap();
            assert!(store.info().unwrap().segment_count <= FEW);
            // Those that the commit before has are there as well.
            assert!(files(&path).len() as u64 <= 2 * FEW, "files are left behind");
        }
        let stats = store.array_stats("a", "t").unwrap();
        assert_eq!((stats.row_count, stats.null_count), (ROWS * ROW, 0));
        assert_eq!(format!("{:?}", stats.range.unwrap()), format!("(Int(1), Int({ROWS}))"));
        store.close().unwrap();
        let store = open(&path, Mode::ReadWrite);
        (0..ROWS).for_each(|number| assert_eq!(row(&store, "a", number), number as i64 + 1));
        is_whole(&store);
        assert_eq!(store.info().unwrap().dead_bytes, 0);
        let named = store.info().unwrap().segment_count;
        store.compact().unwrap();
        assert_eq!((store.info().unwrap().segment_count, files(&path).len()), (1, 1), "of {named}");
        (0..ROWS).for_each(|number| assert_eq!(row(&store, "a", number), number as i64 + 1));
    }
}

/// Live and dead bytes as a repair counts them anew, from what is in the segments.
fn counted(path: &Path) -> (u64, u64) {
    std::fs::remove_file(path.join("atlas.json")).unwrap();
    Store::repair(path, RepairOptions { salvage: true }).expect("repair");
    let info = open(path, Mode::Read).info().unwrap();
    (info.live_bytes, info.dead_bytes)
}

#[test]
fn what_is_overwritten_or_deleted_is_left_behind_and_bytes_are_counted_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    // Nothing is kept, so that all files are those of the last commit.
    let store = create(&path, Some(0));
    ["a", "b"].iter().for_each(|dataset| define(&store, dataset));
    let mut expected = [0; 7];
    for number in 0..57 {
        let at = number % expected.len();
        expected[at] = number as i64 + 1;
        write(&store, "a", at as u64, expected[at]);
        write(&store, "b", number as u64, 1);
        if number == 20 {
            store.delete_array("b", "t").unwrap();
            define(&store, "b");
        }
        store.flush().unwrap();
        expected.iter().zip(0..).for_each(|(value, at)| assert_eq!(row(&store, "a", at), *value));
        let written = if number < 20 { 0..=number as u64 } else { 21..=number as u64 };
        (0..57).for_each(|at| assert_eq!(row(&store, "b", at), i64::from(written.contains(&at))));
        is_whole(&store);
    }
    let info = store.info().unwrap();
    // A block of each commit since the last merge may be dead, and what is replaced in blocks that others share.
    assert!(info.dead_bytes < info.live_bytes, "{info:?}");
    store.close().unwrap();
    assert_eq!(counted(&path), (info.live_bytes, info.dead_bytes));
    // Without any root, chunks of the array that was deleted would make it anew.
    let repaired = open(&path, Mode::ReadWrite);
    (0..57).for_each(|at| assert_eq!(row(&repaired, "b", at), i64::from(at > 20)));
    is_whole(&repaired);
}

#[test]
fn segments_go_out_of_use_when_every_chunk_of_theirs_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    define(&store, "a");
    let mut expected = [0; 3];
    // The rows that are written, and the segments that there are then.
    let steps: [(&[u64], u64); 6] = [(&[0, 1], 1), (&[1], 2), (&[1, 2], 2), (&[2, 0], 3), (&[0], 4), (&[0, 1, 2], 1)];
    for (number, (rows, segments)) in steps.into_iter().enumerate() {
        for at in rows {
            expected[*at as usize] = number as i64 + 1;
            write(&store, "a", *at, number as i64 + 1);
        }
        store.flush().unwrap();
        assert_eq!(store.info().unwrap().segment_count, segments, "{number}");
        for store in [&store, &open(&path, Mode::Read)] {
            (0..3).for_each(|at| assert_eq!(row(store, "a", at), expected[at as usize], "{number}"));
            is_whole(store);
        }
    }
    let info = store.info().unwrap();
    assert_eq!(info.dead_bytes, 0);
    store.close().unwrap();
    assert_eq!(counted(&path), (info.live_bytes, 0));
}

#[test]
fn many_datasets_of_tiny_chunks_are_merged_as_well() {
    const DATASETS: u64 = 300;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let runtime = RuntimeOptions { sync: Some(false), ..Default::default() };
    let store = Store::create(&path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    let names: Vec<String> = (0..DATASETS).map(|number| format!("run {number}")).collect();
    for name in &names {
        store.create_dataset(name).unwrap();
        let options = ArrayOptions { chunk_shape: Some(vec![1, 3]), ..ArrayOptions::default() };
        store.define_array(name, "t", DType::I64, &["time", "x"], &[0, 3], options).unwrap();
    }
    for step in 0..120 {
        for (number, name) in names.iter().enumerate() {
            store.append_array(name, "t", &[1, 3], Source::from_slice(&[step * 1000 + number as i64; 3])).unwrap();
        }
        store.flush().unwrap();
    }
    let segments = store.info().unwrap().segment_count;
    assert!(segments < 40, "{segments} segments of 120 flushes");
    store.close().unwrap();
    let store = open(&path, Mode::Read);
    for (number, name) in names.iter().enumerate() {
        let mut values = vec![0i64; 360];
        store.read_array(name, "t", Selection::all(2), Target::from_slice(&mut values)).unwrap();
        assert!(
            values.iter().enumerate().all(|(at, value)| *value == (at as i64 / 3) * 1000 + number as i64),
            "{name}"
        );
    }
    is_whole(&store);
}

#[test]
fn a_kept_commit_and_a_reader_keep_the_files_that_were_taken_up() {
    for (keep_generations, kept) in [(None, 1), (Some(3), 3)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, keep_generations);
        define(&store, "a");
        let commit = |number: u64| {
            write(&store, "a", number, 7);
            store.flush().unwrap();
        };
        (0..10).for_each(commit);
        let reader = open(&path, Mode::Read);
        let commit_and_look_back = |number: u64| {
            commit(number);
            let last = store.info().unwrap().generation;
            for back in 1..=kept {
                let before = Store::open_at(&path, last - back, OpenOptions::default()).unwrap();
                let written = number + 1 - back;
                (0..100).for_each(|at| assert_eq!(row(&before, "a", at), if at < written { 7 } else { 0 }));
                is_whole(&before);
            }
        };
        (10..60).for_each(&commit_and_look_back);
        (0..60).for_each(|at| assert_eq!(row(&reader, "a", at), if at < 10 { 7 } else { 0 }));
        is_whole(&reader);
        let held = files(&path).len();
        reader.close().unwrap();
        (60..62).for_each(commit);
        assert!(files(&path).len() < held, "the files outlive their last reader");
        // Nothing but the kept commits keeps files now.
        (62..100).for_each(commit_and_look_back);
        store.close().unwrap();
    }
}

#[test]
fn a_commit_that_was_gone_back_to_keeps_its_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(3));
    define(&store, "a");
    let mut number = 0;
    for _ in 0..20 {
        for _ in 0..5 {
            write(&store, "a", number, 7);
            store.flush().unwrap();
            number += 1;
        }
        let last = store.info().unwrap().generation;
        store.rollback(last - 2).unwrap();
        number -= 2;
        (0..ROWS).for_each(|at| assert_eq!(row(&store, "a", at), if at < number { 7 } else { 0 }));
        is_whole(&store);
    }
    store.close().unwrap();
    is_whole(&open(&path, Mode::Read));
}

#[test]
fn a_damaged_segment_is_told_of_and_holds_no_flush_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let messages = Arc::new(Mutex::new(Vec::new()));
    let log = messages.clone();
    let runtime = RuntimeOptions {
        log: Some(Box::new(move |level, message: &str| log.lock().unwrap().push((level, message.to_owned())))),
        ..Default::default()
    };
    let store = Store::create(&path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    define(&store, "a");
    for number in 0..40 {
        write(&store, "a", number, 7);
        store.flush().unwrap();
        if number == 4 {
            let mut bytes = std::fs::read(&files(&path)[2]).unwrap();
            bytes[40] ^= 1;
            std::fs::write(&files(&path)[2], bytes).unwrap();
        }
    }
    let messages = messages.lock().unwrap();
    let told = |text: &str| messages.iter().any(|(level, told)| *level == LogLevel::Warning && told.contains(text));
    assert!(told("segments of array 't' are not merged") && told("at offset 32"), "{messages:?}");
    (0..40).filter(|at| *at != 2).for_each(|at| assert_eq!(row(&store, "a", at), 7));
    let mut damaged = Vec::new();
    assert_eq!(store.verify(&mut |damage| damaged.push(damage.file.clone())).unwrap(), 1);
    assert_eq!(damaged, [files(&path)[2].clone()]);
}
