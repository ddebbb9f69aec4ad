//! What goes on beside the calls: flushes that were begun, and values that are written ahead of a flush.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::LocalDisk;
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RuntimeOptions, Scalar, Selection, Source, Store,
    Target, Value,
};
use common::{Hooked, Hooks, Operation};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const ROW: usize = 8192;

fn create(path: &Path, threads: usize, write_buffer_bytes: u64) -> Arc<Store> {
    let write_buffer_bytes = Some(write_buffer_bytes);
    let runtime = RuntimeOptions { threads: Some(threads), write_buffer_bytes, ..Default::default() };
    Store::create(path, CreateOptions { runtime, ..Default::default() }).unwrap()
}

fn define(store: &Store, rows: u64) {
    store.create_dataset("run").unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![1, ROW as u64]), ..Default::default() };
    store.define_array("run", "u", DType::I64, &["time", "x"], &[rows, ROW as u64], options).unwrap();
}

/// Values that do not compress to nothing.
fn values(row: u64, round: i64) -> Vec<i64> {
    let mix = |i: u64| {
        let x = (i + row + ((round as u64) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) as i64
    };
    (0..ROW as u64).map(mix).collect()
}

fn write_row(store: &Store, row: u64, round: i64) -> atlas_store::Result<()> {
    let (start, count) = ([row, 0], [1, ROW as u64]);
    store.write_array("run", "u", Selection::region(&start, &count), Source::from_slice(&values(row, round)))
}

fn check_rows(store: &Store, rows: u64, round: impl Fn(u64) -> i64) {
    let mut found = vec![0; ROW];
    for row in 0..rows {
        let (start, count) = ([row, 0], [1, ROW as u64]);
        let selection = Selection::region(&start, &count);
        store.read_array("run", "u", selection, Target::from_slice(&mut found)).unwrap();
        assert!(found == values(row, round(row)), "row {row}");
    }
}

/// Every file below a folder, with its bytes.
fn image(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.clone(), Vec::new());
            files.extend(image(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_begun_flush_commits_what_was_written_before_it() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, threads, 1 << 30);
        define(&store, 8);
        (0..8).for_each(|row| write_row(&store, row, 1).unwrap());
        store.flush_begin().unwrap();
        assert!(threads > 0 || store.flush_test().unwrap(), "nobody else would end it");
        write_row(&store, 3, 2).unwrap();
        store.create_dataset("later").unwrap();
        check_rows(&store, 8, |row| if row == 3 { 2 } else { 1 });
        store.flush_wait().unwrap();
        assert!(store.flush_test().unwrap());
        assert!(store.info().unwrap().unflushed_changes);
        assert_eq!(store.array_stats("run", "u").unwrap_err().kind(), ErrorKind::NoStats);

        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        assert!(!reader.has_dataset("later").unwrap());
        check_rows(&reader, 8, |_| 1);
        store.flush().unwrap();
        assert!(reader.refresh().unwrap() && reader.has_dataset("later").unwrap());
        check_rows(&reader, 8, |row| if row == 3 { 2 } else { 1 });
        assert!(store.array_stats("run", "u").is_ok());
    }
}

#[test]
fn a_begun_flush_is_finished_by_whatever_comes_next() {
    let finish: [fn(&Store); 4] = [
        |store| store.flush().unwrap(),
        |store| store.close().unwrap(),
        |store| store.discard(),
        |store| store.flush_wait().unwrap(),
    ];
    for (way, threads) in finish.iter().flat_map(|way| [(way, 0), (way, 1)]) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, threads, 1 << 30);
        define(&store, 2);
        (0..2).for_each(|row| write_row(&store, row, 1).unwrap());
        store.flush_begin().unwrap();
        way(&store);
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        assert_eq!(reader.info().unwrap().generation, 2);
        check_rows(&reader, 2, |_| 1);
    }
}

#[test]
fn nothing_is_begun_without_changes_or_for_reading() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), 1, 1 << 30);
    store.flush_begin().unwrap();
    store.flush_wait().unwrap();
    store.flush_wait().unwrap();
    assert_eq!(store.info().unwrap().generation, 1);
    let reader = Store::open(dir.path().join("s"), Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(reader.flush_begin().unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(reader.flush_wait().unwrap_err().kind(), ErrorKind::ReadOnly);
    store.close().unwrap();
    assert_eq!(store.flush_begin().unwrap_err().kind(), ErrorKind::InvalidHandle);
}

#[test]
fn values_beyond_the_buffer_wait_in_files_for_the_flush() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, threads, 4 * 8 * ROW as u64);
        let before = image(&path);
        define(&store, 40);
        // Twice, so that what was written ahead is replaced, too.
        for round in 1..=2 {
            (0..40).for_each(|row| write_row(&store, row, round).unwrap());
        }
        assert!(image(&path).len() > before.len() + 2, "nothing was written ahead");
        assert_eq!(store.info().unwrap().segment_count, 0, "files that no commit has are counted");
        assert_eq!(store.array_stats("run", "u").unwrap_err().kind(), ErrorKind::NoStats);
        check_rows(&store, 40, |_| 2);
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        assert_eq!(reader.dataset_count().unwrap(), 0);

        store.flush().unwrap();
        assert_eq!(store.array_stats("run", "u").unwrap().row_count, 40 * ROW as u64);
        assert!(reader.refresh().unwrap());
        check_rows(&reader, 40, |_| 2);
        assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
        let info = store.info().unwrap();
        let stored = 40 * 8 * ROW as u64;
        // What was replaced is dead, but for what the flush left behind when it merged segments.
        assert!(info.live_bytes > stored * 9 / 10 && info.dead_bytes > stored / 4, "{info:?}");
        drop(reader);
        store.compact().unwrap();
        assert_eq!(store.info().unwrap().dead_bytes, 0);
        check_rows(&store, 40, |_| 2);
    }
}

#[test]
fn a_discard_leaves_the_folder_as_the_last_flush_did() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, threads, 4 * 8 * ROW as u64);
        define(&store, 40);
        (0..20).for_each(|row| write_row(&store, row, 1).unwrap());
        store.flush().unwrap();
        let before = image(&path);
        (0..40).for_each(|row| write_row(&store, row, 2).unwrap());
        store.define_array("run", "v", DType::I64, &["y"], &[100_000], ArrayOptions::default()).unwrap();
        store.write_array("run", "v", Selection::all(1), Source::from_slice(&vec![7i64; 100_000])).unwrap();
        write_row(&store, 0, 3).unwrap();
        assert_ne!(image(&path), before, "nothing was written ahead");
        store.discard();
        assert_eq!(image(&path), before);
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        check_rows(&store, 20, |_| 1);
    }
}

#[test]
fn deleted_arrays_that_were_written_ahead_are_dead_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), 1, 4 * 8 * ROW as u64);
    define(&store, 40);
    (0..40).for_each(|row| write_row(&store, row, 1).unwrap());
    store.delete_dataset("run").unwrap();
    store.flush().unwrap();
    let info = store.info().unwrap();
    assert!(info.segment_count > 0 && info.live_bytes == 0 && info.dead_bytes > 0, "{info:?}");
    store.compact().unwrap();
    let info = store.info().unwrap();
    assert_eq!((info.segment_count, info.dead_bytes), (0, 0));
}

#[test]
fn many_threads_write_beyond_the_buffer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, 2, 4 * 8 * ROW as u64);
    define(&store, 64);
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let store = &store;
            scope.spawn(move || {
                for round in 1..=3 {
                    (thread * 16..(thread + 1) * 16).for_each(|row| write_row(store, row, round).unwrap());
                    store.flush_begin().unwrap();
                }
            });
        }
    });
    store.close().unwrap();
    let store = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    check_rows(&store, 64, |_| 3);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn statistics_hold_where_only_complete_chunks_were_written_ahead() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        // Room for a few chunks of ten rows, so that the last one is often open when the others go.
        let store = create(&path, threads, 1 << 20);
        store.create_dataset("run").unwrap();
        for (name, fill_value) in [("plain", None), ("filled", Some((-1i64).into()))] {
            let options = ArrayOptions { chunk_shape: Some(vec![10, 4096]), fill_value, ..Default::default() };
            store.define_array("run", name, DType::I64, &["time", "x"], &[0, 4096], options).unwrap();
        }
        let mut rows = 0;
        for (step, more) in [15, 50, 1, 7, 33, 1, 90, 4, 2].into_iter().enumerate() {
            for name in ["plain", "filled"] {
                let values: Vec<i64> = (0..more * 4096).map(|i| 5 + i * 7919 % 1000).collect();
                store.append_array("run", name, &[more as u64, 4096], Source::from_slice(&values)).unwrap();
            }
            rows += more as u64;
            if step % 3 == 2 {
                store.flush().unwrap();
                for name in ["plain", "filled"] {
                    let stats = store.array_stats("run", name).unwrap();
                    assert_eq!((stats.row_count, stats.null_count), (rows * 4096, 0), "{name} at step {step}");
                    assert_eq!(stats.range, Some((Scalar::Int(5), Scalar::Int(1004))), "{name} at step {step}");
                }
            }
        }
    }
}

#[test]
fn a_buffer_of_nothing_does_not_hang() {
    for threads in [0, 1] {
        let dir = tempfile::tempdir().unwrap();
        let store = create(&dir.path().join("s"), threads, 0);
        store.create_dataset("run").unwrap();
        store.define_array("run", "u", DType::U8, &["x"], &[1], ArrayOptions::default()).unwrap();
        for value in 0..20u8 {
            store.write_array("run", "u", Selection::all(1), Source::from_slice(&[value])).unwrap();
        }
        store.close().unwrap();
    }
}

/// A disk whose syncs of files wait as long as the gate is shut, and which may have no room for a new root.
#[derive(Default)]
struct Gate {
    shut: Mutex<bool>,
    moved: Condvar,
    /// How many of the next roots find no room.
    full: AtomicUsize,
}

impl Gate {
    fn shut(&self, shut: bool) {
        *self.shut.lock().unwrap() = shut;
        self.moved.notify_all();
    }
}

impl Hooks for Gate {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        match operation {
            Operation::Sync(_) => {
                drop(self.moved.wait_while(self.shut.lock().unwrap(), |shut| *shut).unwrap());
                Ok(())
            }
            Operation::Rename(..) => {
                let less = |full: usize| full.checked_sub(1);
                let is_full = self.full.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok();
                if is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

/// A store on a disk behind a gate.
fn behind(gate: &Arc<Gate>, path: &Path, threads: usize, keep_generations: Option<u32>) -> Arc<Store> {
    let disk = Arc::new(Hooked(Arc::new(LocalDisk), gate.clone()));
    let runtime = RuntimeOptions { threads: Some(threads), ..Default::default() };
    Store::create_on(disk, path, CreateOptions { runtime, keep_generations, ..Default::default() }).unwrap()
}

#[test]
fn all_calls_go_on_while_a_begun_flush_waits_for_the_disk() {
    for threads in [1, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let gate = Arc::new(Gate::default());
        let store = behind(&gate, &path, threads, None);
        define(&store, 8);
        store.create_dataset("doomed").unwrap();
        (0..8).for_each(|row| write_row(&store, row, 1).unwrap());
        store.flush().unwrap();
        (0..4).for_each(|row| write_row(&store, row, 2).unwrap());

        gate.shut(true);
        store.flush_begin().unwrap();
        assert!(!store.flush_test().unwrap());
        // Frozen, stored and newer values, and changes of what the flush is writing.
        let expected = |row| {
            if row < 2 {
                3
            } else if row < 4 {
                2
            } else {
                1
            }
        };
        (0..2).for_each(|row| write_row(&store, row, 3).unwrap());
        check_rows(&store, 8, expected);
        let mut all = vec![0i64; 8 * ROW];
        store.read_array("run", "u", Selection::all(2), Target::from_slice(&mut all)).unwrap();
        assert!((0..8).all(|row| all[row * ROW..][..ROW] == values(row as u64, expected(row as u64))));
        store.append_array("run", "u", &[1, ROW as u64], Source::from_slice(&values(8, 3))).unwrap();
        store.delete_dataset("doomed").unwrap();
        store.create_dataset("later").unwrap();
        assert!(!store.flush_test().unwrap(), "it did not wait for the disk");
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        check_rows(&reader, 8, |_| 1);

        gate.shut(false);
        store.flush_wait().unwrap();
        assert!(reader.refresh().unwrap());
        check_rows(&reader, 8, |row| if row < 4 { 2 } else { 1 });
        assert!(reader.has_dataset("doomed").unwrap() && !reader.has_dataset("later").unwrap());
        store.close().unwrap();
        assert!(reader.refresh().unwrap());
        check_rows(&reader, 9, |row| if row == 8 { 3 } else { expected(row) });
        assert!(!reader.has_dataset("doomed").unwrap() && reader.has_dataset("later").unwrap());
    }
}

#[test]
fn values_written_during_a_flush_that_fails_stay_the_newer_ones() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let gate = Arc::new(Gate::default());
    let store = behind(&gate, &path, 1, None);
    define(&store, 6);
    (0..6).for_each(|row| write_row(&store, row, 1).unwrap());
    store.flush().unwrap();
    (0..4).for_each(|row| write_row(&store, row, 2).unwrap());

    gate.shut(true);
    gate.full.store(1, Ordering::SeqCst);
    store.flush_begin().unwrap();
    (0..2).for_each(|row| write_row(&store, row, 3).unwrap());
    gate.shut(false);
    assert_eq!(store.flush_wait().unwrap_err().kind(), ErrorKind::NoSpace);
    let expected = |row| [3, 3, 2, 2, 1, 1][row as usize];
    check_rows(&store, 6, expected);
    check_rows(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap(), 6, |_| 1);

    store.close().unwrap();
    check_rows(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap(), 6, expected);
}

#[test]
fn each_of_many_begun_flushes_commits_what_was_written_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let gate = Arc::new(Gate::default());
    let store = behind(&gate, &path, 1, Some(10));
    define(&store, 8);
    (0..8).for_each(|row| write_row(&store, row, 1).unwrap());
    store.define_array("run", "v", DType::I64, &["y"], &[3], ArrayOptions::default()).unwrap();
    store.create_dataset("doomed").unwrap();
    store.flush().unwrap();

    gate.shut(true);
    for round in 2..=5i64 {
        // One row is written by every round, one by this alone, one by every other; the array grows.
        write_row(&store, 0, round).unwrap();
        write_row(&store, round as u64, round).unwrap();
        if round % 2 == 0 {
            write_row(&store, 1, round).unwrap();
        }
        store.append_array("run", "u", &[1, ROW as u64], Source::from_slice(&values(6 + round as u64, round))).unwrap();
        if round == 2 {
            store.write_array("run", "v", Selection::all(1), Source::from_slice(&[7i64, 8, 9])).unwrap();
        }
        match round {
            2 => store.delete_dataset("doomed").unwrap(),
            3 => drop(store.create_dataset("doomed").unwrap()),
            4 => store.set_attribute("run", None, "round", Value::from(round)).unwrap(),
            _ => store.delete_dataset("doomed").unwrap(),
        }
        store.flush_begin().unwrap();
        store.flush_begin().unwrap();
        assert!(!store.flush_test().unwrap());
    }
    write_row(&store, 7, 6).unwrap();
    let seen = |row, last: i64| match row {
        0 => last,
        1 => last - last % 2,
        2..=5 if (row as i64) <= last => row as i64,
        8.. => row as i64 - 6,
        _ => 1,
    };
    check_rows(&store, 12, |row| if row == 7 { 6 } else { seen(row, 5) });

    gate.shut(false);
    store.flush_wait().unwrap();
    assert!(store.flush_test().unwrap() && store.info().unwrap().unflushed_changes);
    assert_eq!(store.generations().unwrap(), [1, 2, 3, 4, 5, 6], "a flush without changes is none");
    for round in 2..=5i64 {
        let at = Store::open_at(&path, round as u64 + 1, OpenOptions::default()).unwrap();
        check_rows(&at, 7 + round as u64, |row| seen(row, round));
        assert_eq!(at.has_dataset("doomed").unwrap(), matches!(round, 3 | 4), "round {round}");
        assert_eq!(at.has_attribute("run", None, "round").unwrap(), round >= 4);
        let stats = at.array_stats("run", "u").unwrap();
        let all: Vec<i64> = (0..7 + round as u64).flat_map(|row| values(row, seen(row, round))).collect();
        let range = (Scalar::Int(*all.iter().min().unwrap()), Scalar::Int(*all.iter().max().unwrap()));
        assert_eq!((stats.row_count, stats.range), (all.len() as u64, Some(range)), "round {round}");
        // Written in one round, and in the commits of the others as that left it.
        assert_eq!(at.array_stats("run", "v").unwrap().range, Some((Scalar::Int(7), Scalar::Int(9))), "round {round}");
        assert_eq!(at.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    }
    assert_eq!(store.array_stats("run", "u").unwrap_err().kind(), ErrorKind::NoStats);
    store.flush().unwrap();
    check_rows(&store, 12, |row| if row == 7 { 6 } else { seen(row, 5) });
    assert!(store.array_stats("run", "u").is_ok());
}

#[test]
fn who_begins_more_flushes_than_may_be_under_way_waits() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Arc::new(Gate::default());
    let store = behind(&gate, &dir.path().join("s"), 1, Some(0));
    define(&store, 10);
    store.flush().unwrap();

    gate.shut(true);
    let begun = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for row in 0..10 {
                write_row(&store, row, 1).unwrap();
                store.flush_begin().unwrap();
                begun.fetch_add(1, Ordering::SeqCst);
            }
        });
        while begun.load(Ordering::SeqCst) < 4 && !writer.is_finished() {
            std::thread::yield_now();
        }
        // It would have begun all of them by then.
        std::thread::sleep(Duration::from_millis(300));
        let early = begun.load(Ordering::SeqCst);
        gate.shut(false);
        // Four stand in the queue, and one may be waiting for the disk.
        assert!(early <= 5, "{early} flushes are under way");
    });
    assert_eq!(begun.load(Ordering::SeqCst), 10);
    store.flush_wait().unwrap();
    check_rows(&store, 10, |_| 1);
}

#[test]
fn a_begun_flush_that_fails_takes_those_behind_it_along_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let gate = Arc::new(Gate::default());
    let store = behind(&gate, &path, 1, Some(0));
    define(&store, 6);
    (0..6).for_each(|row| write_row(&store, row, 1).unwrap());
    store.create_dataset("doomed").unwrap();
    store.flush().unwrap();

    gate.shut(true);
    gate.full.store(1, Ordering::SeqCst);
    for round in 2..=4 {
        (0..6 - round as u64).for_each(|row| write_row(&store, row, round).unwrap());
        store.flush_begin().unwrap();
    }
    store.delete_dataset("doomed").unwrap();
    gate.shut(false);
    assert_eq!(store.flush_wait().unwrap_err().kind(), ErrorKind::NoSpace);
    store.flush_wait().unwrap();
    assert!(store.flush_test().unwrap());
    let expected = |row| [4, 4, 3, 2, 1, 1][row as usize];
    check_rows(&store, 6, expected);
    check_rows(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap(), 6, |_| 1);

    // The error of a flush that was begun is told once, by whatever asks first.
    gate.full.store(1, Ordering::SeqCst);
    store.flush_begin().unwrap();
    while !store.flush_test().unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(store.flush_begin().unwrap_err().kind(), ErrorKind::NoSpace);
    assert!(store.flush_test().unwrap());

    store.flush_begin().unwrap();
    store.flush_wait().unwrap();
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    check_rows(&reader, 6, expected);
    assert!(!reader.has_dataset("doomed").unwrap());
    assert_eq!(reader.info().unwrap().generation, 3);
    assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn a_flush_is_in_order_with_those_that_were_begun() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, 2, 4 * 8 * ROW as u64);
    define(&store, 4);
    store.flush().unwrap();
    let before = store.info().unwrap().generation;
    // All rows are of one round in every commit; the last round is in the last.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (store, done) = (&store, &done);
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        scope.spawn(move || {
            let mut last = 0;
            while !done.load(Ordering::SeqCst) {
                reader.refresh().unwrap();
                let mut found = vec![0i64; 4 * ROW];
                reader.read_array("run", "u", Selection::all(2), Target::from_slice(&mut found)).unwrap();
                let round = reader.attribute("run", None, "round").map_or(0, |value| match value {
                    Value::I64(round) => round[0],
                    other => panic!("{other:?}"),
                });
                assert!(round >= last, "commit {round} after {last}");
                let whole = |row: usize| found[row * ROW..][..ROW] == values(row as u64, round);
                assert!(round == 0 || (0..4).all(whole), "round {round}");
                last = round;
            }
        });
        for round in 1..=60 {
            (0..4).for_each(|row| write_row(store, row, round).unwrap());
            store.set_attribute("run", None, "round", Value::from(round)).unwrap();
            if round % 7 == 0 { store.flush().unwrap() } else { store.flush_begin().unwrap() }
        }
        store.flush_wait().unwrap();
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(store.info().unwrap().generation, before + 60);
    check_rows(&store, 4, |_| 60);
}

/// A disk whose renames take a while.
struct Slow;

impl Hooks for Slow {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        if matches!(operation, Operation::Rename(..)) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_waits_for_a_flush_gets_its_turn_however_many_are_begun() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Hooked(Arc::new(LocalDisk), Arc::new(Slow)));
    let runtime = RuntimeOptions { threads: Some(1), sync: Some(false), ..Default::default() };
    let options = CreateOptions { runtime, ..Default::default() };
    let store = Store::create_on(disk, &dir.path().join("s"), options).unwrap();
    store.create_dataset("run").unwrap();
    let flushers = || {
        let name = |entry: io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path().join("comm"));
        let names = std::fs::read_dir("/proc/self/task").unwrap().map(name);
        names.filter(|name| name.as_ref().is_ok_and(|name| name.starts_with("atlas-flush"))).count()
    };
    let (waited, before) = (AtomicBool::new(false), flushers());
    std::thread::scope(|scope| {
        // The queue is never empty and never full.
        for step in 0..100u64 {
            while store.info().unwrap().generation < step {
                std::thread::yield_now();
            }
            store.set_attribute("run", None, "step", Value::from(step as i64)).unwrap();
            store.flush_begin().unwrap();
            if step == 5 {
                scope.spawn(|| {
                    store.flush_wait().unwrap();
                    waited.store(true, Ordering::SeqCst);
                });
            }
            // Other tests have theirs.
            assert!(flushers() <= before + 40, "a thread for each flush");
        }
        assert!(waited.load(Ordering::SeqCst), "the wait goes on as long as flushes are begun");
    });
    store.close().unwrap();
}
