//! Arrays that get another extent: cells that were lost stay lost, wherever they were stored, and writes past the end of an
//! unlimited dimension make it grow. tests/model does the same at random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, Error, ErrorKind, FillValue, Mode, OpenOptions, RuntimeOptions, Scalar,
    Selection, Source, Store, Target,
};
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

const FILL: i64 = -7;
const COLUMNS: u64 = 3;

fn runtime(threads: usize) -> RuntimeOptions {
    RuntimeOptions { threads: Some(threads), sync: Some(false), ..RuntimeOptions::default() }
}

fn create(path: &Path, runtime: RuntimeOptions) -> Arc<Store> {
    let store =
        Store::create(path, CreateOptions { keep_generations: Some(9), runtime, ..Default::default() }).unwrap();
    store.create_dataset("d").unwrap();
    store
}

/// An array of numbers and one of texts, in chunks of 4 rows: packed, and with `large` in blocks of their own.
fn define(store: &Store, rows: u64, columns: u64) {
    let options = |fill_value| ArrayOptions {
        chunk_shape: Some(vec![4, columns]),
        fill_value: Some(fill_value),
        ..ArrayOptions::default()
    };
    let dims = ["time", "x"];
    store.define_array("d", "n", DType::I64, &dims, &[rows, columns], options(FILL.into())).unwrap();
    store.define_array("d", "s", DType::String, &dims, &[rows, columns], options(FillValue::from("none"))).unwrap();
}

/// Gives the rows `from..to` the value `value`.
fn put(store: &Store, from: u64, to: u64, columns: u64, value: i64) {
    let (start, count) = ([from, 0], [to - from, columns]);
    let cells = ((to - from) * columns) as usize;
    store.write_array("d", "n", Selection::region(&start, &count), Source::from_slice(&vec![value; cells])).unwrap();
    let text = value.to_string();
    store.write_strings("d", "s", Selection::region(&start, &count), &vec![text.as_str(); cells]).unwrap();
}

fn resize(store: &Store, rows: u64) {
    store.resize_array("d", "n", rows).unwrap();
    store.dataset("d").unwrap().resize("s", rows).unwrap();
    assert_eq!(store.array_info("d", "n").unwrap().shape[0], rows);
}

/// The rows hold these values, one for each, and are counted so where they are flushed.
fn holds(store: &Store, columns: u64, expected: &[i64]) {
    let expected: Vec<i64> = expected.iter().flat_map(|value| vec![*value; columns as usize]).collect();
    let mut found = vec![0; expected.len()];
    store.read_array("d", "n", Selection::all(2), Target::from_slice(&mut found)).unwrap();
    assert_eq!(found, expected);
    let texts = store.read_strings("d", "s", Selection::all(2)).unwrap();
    assert!(texts.iter().zip(&expected).all(|(text, value)| match *value {
        FILL => text == "none",
        value => *text == value.to_string(),
    }));
    if store.info().unwrap().unflushed_changes {
        return;
    }
    let stats = store.array_stats("d", "n").unwrap();
    let valid = || expected.iter().filter(|value| **value != FILL);
    let range = valid().min().zip(valid().max()).map(|(low, high)| (Scalar::Int(*low), Scalar::Int(*high)));
    let nulls = (expected.len() - valid().count()) as u64;
    assert_eq!((stats.row_count, stats.null_count, stats.range), (expected.len() as u64, nulls, range));
    assert_eq!(store.array_stats("d", "s").unwrap().null_count, nulls);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

fn rows(runs: &[(usize, i64)]) -> Vec<i64> {
    runs.iter().flat_map(|(count, value)| vec![*value; *count]).collect()
}

/// Where the rows are when they are lost: pending; being flushed; written ahead; committed; and so in a store that is
/// opened again.
#[test]
fn lost_rows_stay_lost_wherever_they_were() {
    for columns in [COLUMNS, 1200] {
        for place in ["pending", "frozen", "ahead", "committed", "reopened"] {
            for (short, long) in [(8, 20), (6, 20), (6, 8), (0, 20), (7, 19)] {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("s");
                let buffer = (place == "ahead").then_some(1);
                let mut store = create(&path, RuntimeOptions { write_buffer_bytes: buffer, ..runtime(2) });
                define(&store, 20, columns);
                put(&store, 0, 20, columns, 1);
                match place {
                    "frozen" => store.flush_begin().unwrap(),
                    "committed" => store.flush().unwrap(),
                    "reopened" => {
                        store.close().unwrap();
                        store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
                    }
                    _ => {}
                }
                resize(&store, short);
                holds(&store, columns, &rows(&[(short as usize, 1)]));
                resize(&store, long);
                let expected = rows(&[(short as usize, 1), ((long - short) as usize, FILL)]);
                holds(&store, columns, &expected);
                store.close().unwrap();
                let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
                holds(&store, columns, &expected);
                store.compact().unwrap();
                holds(&store, columns, &expected);
                assert_eq!(store.info().unwrap().dead_bytes, 0);
            }
        }
    }
}

/// A commit between the two changes, compactions, merges, and what is appended behind the new end.
#[test]
fn lost_rows_stay_lost_over_commits() {
    for (compacts, flushes) in [(false, 0), (true, 0), (false, 40), (true, 40)] {
        for short in [8, 6, 0] {
            let dir = tempfile::tempdir().unwrap();
            let store = create(&dir.path().join("s"), runtime(0));
            define(&store, 20, COLUMNS);
            put(&store, 0, 20, COLUMNS, 1);
            store.flush().unwrap();
            resize(&store, short);
            store.flush().unwrap();
            let kept = rows(&[(short as usize, 1)]);
            holds(&store, COLUMNS, &kept);
            for flush in 0..flushes {
                store.create_dataset(&format!("e {flush}")).unwrap();
                for (array, dtype) in [("n", DType::I64), ("s", DType::String)] {
                    store.define_array(&format!("e {flush}"), array, dtype, &["x"], &[1], Default::default()).unwrap();
                }
                store.write_array(&format!("e {flush}"), "n", Selection::all(1), Source::from_slice(&[flush])).unwrap();
                store.write_strings(&format!("e {flush}"), "s", Selection::all(1), &["x"]).unwrap();
                store.flush().unwrap();
            }
            if compacts {
                store.compact().unwrap();
                assert_eq!(store.info().unwrap().dead_bytes, 0);
            }
            holds(&store, COLUMNS, &kept);
            // A row of its own in each of two chunks behind the end.
            put_one(&store, short + 5, 2);
            let expected = [kept.clone(), rows(&[(5, FILL), (1, 2)])].concat();
            holds(&store, COLUMNS, &expected);
            store.flush().unwrap();
            holds(&store, COLUMNS, &expected);
            store.append_array("d", "n", &[2, COLUMNS], Source::from_slice(&[3i64; 2 * COLUMNS as usize])).unwrap();
            store.append_strings("d", "s", &[2, COLUMNS], &["3"; 2 * COLUMNS as usize]).unwrap();
            let expected = [expected, rows(&[(2, 3)])].concat();
            holds(&store, COLUMNS, &expected);
            store.flush().unwrap();
            holds(&store, COLUMNS, &expected);
            store.delete_dataset("d").unwrap();
            store.flush().unwrap();
            let live = store.info().unwrap().live_bytes;
            store.compact().unwrap();
            assert_eq!((store.info().unwrap().live_bytes > 0, live > 0), (flushes > 0, flushes > 0));
        }
    }
}

/// Grows both arrays to hold a row, and writes it.
fn put_one(store: &Store, row: u64, value: i64) {
    resize(store, row + 1);
    put(store, row, row + 1, COLUMNS, value);
}

/// To go back brings lost rows back, whatever a compaction that was at work meanwhile has made of them.
#[test]
fn a_rollback_brings_lost_rows_back() {
    for beside in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let ((begun, is_begun), (go_on, may_go_on)) = (channel(), channel());
        let hold = Mutex::new(Some((begun, may_go_on)));
        let progress = Box::new(move |_: &str, done: u64, total: u64| {
            let hold = if done == total { hold.lock().unwrap().take() } else { None };
            if let Some((begun, may_go_on)) = hold {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
            }
            true
        });
        let progress = if beside { Some(progress as _) } else { None };
        let store = create(&dir.path().join("s"), RuntimeOptions { progress, ..runtime(0) });
        define(&store, 20, COLUMNS);
        put(&store, 0, 20, COLUMNS, 1);
        store.flush().unwrap();
        let before = store.info().unwrap().generation;
        // Whole chunks: no segment is written.
        resize(&store, 8);
        store.flush().unwrap();
        assert_eq!(store.info().unwrap().segment_count, 2);
        if beside {
            thread::scope(|scope| {
                let compaction = scope.spawn(|| store.compact());
                is_begun.recv().unwrap();
                store.rollback(before).unwrap();
                go_on.send(()).unwrap();
                compaction.join().unwrap().unwrap();
            });
        } else {
            store.compact().unwrap();
            assert!(store.info().unwrap().generation > before + 1);
            store.rollback(before).unwrap();
        }
        holds(&store, COLUMNS, &rows(&[(20, 1)]));
        store.compact().unwrap();
        holds(&store, COLUMNS, &rows(&[(20, 1)]));
    }
}

/// What is stored of lost rows counts as dead from the flush on that loses them, and once.
#[test]
fn bytes_of_lost_rows_are_dead_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), runtime(0));
    define(&store, 20, 1200);
    put(&store, 0, 20, 1200, 1);
    store.flush().unwrap();
    let all = store.info().unwrap().live_bytes;
    let mut live = all;
    for short in [16, 16, 8, 4] {
        resize(&store, short);
        store.flush().unwrap();
        let info = store.info().unwrap();
        assert_eq!((info.live_bytes + info.dead_bytes, info.live_bytes <= live), (all, true));
        live = info.live_bytes;
    }
    let places = store.chunk_places("d", "n").unwrap();
    assert_eq!(places.places.iter().map(|place| place.number).collect::<Vec<_>>(), [0]);
    resize(&store, 20);
    assert_eq!(store.chunk_places("d", "n").unwrap().places.len(), 1, "as of the last commit");
    store.flush().unwrap();
    let info = store.info().unwrap();
    store.compact().unwrap();
    assert_eq!(store.info().unwrap().live_bytes, info.live_bytes, "what was counted is what there is");
}

#[test]
fn what_cannot_be_resized_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, runtime(0));
    store.define_array("d", "scalar", DType::I64, &[], &[], ArrayOptions::default()).unwrap();
    define(&store, 20, COLUMNS);
    put(&store, 0, 20, COLUMNS, 1);
    let kind = |result: Result<(), Error>| result.unwrap_err().kind();
    assert_eq!(kind(store.resize_array("d", "scalar", 1)), ErrorKind::InvalidArgument);
    assert_eq!(kind(store.resize_array("d", "n", u64::MAX)), ErrorKind::InvalidArgument);
    assert_eq!(kind(store.resize_array("d", "m", 1)), ErrorKind::NotFound);
    assert_eq!(kind(store.resize_array("e", "n", 1)), ErrorKind::NotFound);
    holds(&store, COLUMNS, &rows(&[(20, 1)]));
    store.close().unwrap();
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(kind(reader.resize_array("d", "n", 1)), ErrorKind::ReadOnly);
}

/// One whose chunks were chosen for a fixed shape gets those of one that grows when it does.
#[test]
fn an_array_of_fixed_shape_can_be_resized() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), runtime(0));
    store.define_array("d", "a", DType::I64, &["x"], &[10], ArrayOptions::default()).unwrap();
    store.write_array("d", "a", Selection::all(1), Source::from_slice(&[5i64; 10])).unwrap();
    store.flush().unwrap();
    store.resize_array("d", "a", 6).unwrap();
    assert_eq!(store.array_info("d", "a").unwrap().chunk_shape, [10]);
    store.resize_array("d", "a", 5000).unwrap();
    assert_eq!(store.array_info("d", "a").unwrap().chunk_shape, [4096]);
    store.flush().unwrap();
    let mut found = [1i64; 5000];
    store.read_array("d", "a", Selection::all(1), Target::from_slice(&mut found)).unwrap();
    assert!(found[..6] == [5; 6] && found[6..].iter().all(|value| *value == 0));
}

#[test]
fn writes_past_the_end_grow_what_is_unlimited() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, runtime(0));
    let define = |name: &str, rows, unlimited| {
        let options = ArrayOptions { unlimited, fill_value: Some(FILL.into()), ..ArrayOptions::default() };
        store.define_array("d", name, DType::I64, &[name, "x"], &[rows, 2], options).unwrap();
    };
    define("grows", 0, None);
    define("asked", 3, Some(true));
    define("fixed", 3, None);
    define("refused", 0, Some(false));
    let is_unlimited = |store: &Store| {
        ["grows", "asked", "fixed", "refused"].map(|name| store.array_info("d", name).unwrap().unlimited)
    };
    assert_eq!(is_unlimited(&store), [true, true, false, false]);
    let write = |name, start: &[u64], count: &[u64]| {
        let values = vec![1i64; (count[0] * count[1]) as usize];
        store.write_array("d", name, Selection::region(start, count), Source::from_slice(&values))
    };
    let rows = |name| store.array_info("d", name).unwrap().shape[0];
    write("grows", &[4, 0], &[1, 2]).unwrap();
    write("grows", &[2, 1], &[4, 1]).unwrap();
    let mut found = [0; 12];
    store.read_array("d", "grows", Selection::all(2), Target::from_slice(&mut found)).unwrap();
    assert_eq!(found, [FILL, FILL, FILL, FILL, FILL, 1, FILL, 1, 1, 1, FILL, 1]);
    write("asked", &[2, 0], &[3, 2]).unwrap();
    assert_eq!((rows("grows"), rows("asked")), (6, 5));
    // A region without cells makes nothing grow.
    write("grows", &[9, 0], &[0, 2]).unwrap();
    write("grows", &[9, 0], &[3, 0]).unwrap();
    assert_eq!(rows("grows"), 6);
    for (name, start, count) in [("fixed", [3, 0], [1, 2]), ("fixed", [5, 0], [1, 2]), ("refused", [0, 0], [1, 2])] {
        let error = write(name, &start, &count).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfRange);
        let text = error.to_string();
        assert!(text.contains("not unlimited") && text.contains("append") && text.contains(name), "{text}");
    }
    // Other dimensions are never unlimited, and reads stay inside.
    let error = write("grows", &[0, 1], &[1, 2]).unwrap_err();
    assert!(error.kind() == ErrorKind::OutOfRange && !error.to_string().contains("unlimited"), "{error}");
    let error = write("grows", &[7, 1], &[1, 2]).unwrap_err();
    assert!(error.kind() == ErrorKind::OutOfRange && rows("grows") == 6, "{error}");
    let beyond = Selection::region(&[6, 0], &[1, 2]);
    let error = store.read_array("d", "grows", beyond, Target::from_slice(&mut found[..2])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert_eq!(write("grows", &[u64::MAX - 1, 0], &[1, 2]).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(write("grows", &[u64::MAX, 0], &[1, 2]).unwrap_err().kind(), ErrorKind::OutOfRange);
    // What fails when it has grown leaves it as it was.
    let narrow = ArrayOptions { unlimited: Some(true), ..ArrayOptions::default() };
    store.define_array("d", "narrow", DType::I8, &["n"], &[1], narrow).unwrap();
    let wide = Selection::region(&[5], &[1]);
    assert!(store.write_array("d", "narrow", wide, Source::from_slice(&[1000i64])).is_err());
    assert_eq!(rows("narrow"), 1);
    let error = store.define_array(
        "d",
        "scalar",
        DType::I8,
        &[],
        &[],
        ArrayOptions { unlimited: Some(true), ..ArrayOptions::default() },
    );
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidArgument);
    store.close().unwrap();
    assert_eq!(
        is_unlimited(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap()),
        [true, true, false, false]
    );
}

/// Threads write records behind the end, each its own, in any order.
#[test]
fn writers_of_different_records_come_together() {
    const WRITERS: u64 = 8;
    const EACH: u64 = 40;
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), RuntimeOptions { write_buffer_bytes: Some(100_000), ..runtime(2) });
    define(&store, 0, COLUMNS);
    let start = Barrier::new(WRITERS as usize);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, start) = (&store, &start);
            scope.spawn(move || {
                start.wait();
                for number in 0..EACH {
                    let row = number * WRITERS + writer;
                    put(store, row, row + 1, COLUMNS, row as i64);
                    // Of two arrays with one dimension another thread may have made the first longer just now.
                    if number % 10 == 3
                        && let Err(refused) = store.flush_begin()
                    {
                        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{refused}");
                    }
                }
            });
        }
    });
    let expected: Vec<i64> = (0..(WRITERS * EACH) as i64).collect();
    holds(&store, COLUMNS, &expected);
    store.flush().unwrap();
    holds(&store, COLUMNS, &expected);
}
