//! The store under a model checker: its locks, atomics and threads are those of shuttle, which decides at each use of
//! them who goes on, and reports deadlocks. Every schedule is a store of its own on a disk in memory.
//!
//! The end of the last thread of a scope wakes the thread that opened it, whatever that waits for. So in a scope all is
//! done by threads of its own.
//!
//! A value says when it was written: every cell of a part of an array holds the number of the write.
//!
//! `ATLAS_TEST_SCHEDULES` is the number of schedules of each scenario, `ATLAS_TEST_SEED` makes them others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
mod memory;

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Error, ErrorKind, Mode, OpenOptions, Result, RuntimeOptions, Scalar,
    Selection, SessionOptions, Source, Store, Target,
};
use memory::Memory;
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, MaxSteps, Runner, thread};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Runs a scenario under many schedules: with a random choice at each step, and with few changes of priority.
fn explore(name: &str, scenario: fn()) {
    let number = |name: &str, default: u64| match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is '{text}', not a number")),
        Err(_) => default,
    };
    let (schedules, seed) = (number("ATLAS_TEST_SCHEDULES", 1000) as usize, number("ATLAS_TEST_SEED", 1));
    let begin = Instant::now();
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = Config::new();
        config.stack_size = 1 << 20;
        // Nothing here goes on for so long; what does waits for something that does not come.
        config.max_steps = MaxSteps::FailAfter(100_000);
        config.silence_warnings = true;
        Runner::new(scheduler, config).run(scenario)
    };
    let mut explored = run(Box::new(RandomScheduler::new_from_seed(seed, schedules.div_ceil(2))));
    for depth in [2, 4] {
        explored += run(Box::new(PctScheduler::new_from_seed(seed, depth, schedules.div_ceil(4))));
    }
    assert!(explored >= schedules);
    println!("{name}: {explored} schedules in {:.1} s", begin.elapsed().as_secs_f64());
}

macro_rules! scenarios {
    ($($name:ident),+ $(,)?) => {
        mod explored {
            $(#[test]
            fn $name() {
                super::explore(stringify!($name), super::$name);
            })+
        }
    };
}

scenarios! {
    a_flush_takes_what_was_written_before_it,
    a_failed_flush_loses_nothing,
    values_written_ahead_are_the_flushes,
    reads_go_on_beside_flush_and_compact,
    a_flush_returns_when_its_values_are_stored,
    a_close_refuses_or_stores,
    a_failed_close_refuses_or_stores,
    a_discard_keeps_what_was_flushed,
    a_reader_moves_from_commit_to_commit,
    statistics_are_exact_or_none,
    datasets_come_and_go_in_order,
    what_is_imported_is_in_one_commit,
    a_close_and_a_session_do_not_wait_for_each_other,
}

/// An array of four parts, two in each chunk.
#[derive(Clone, Copy)]
struct Array {
    name: &'static str,
    /// Cells of a part.
    part: usize,
}

/// Its chunks are encoded in the background once they are complete.
const LARGE: Array = Array { name: "large", part: 1024 };
/// Its chunks are packed together by the flush.
const SMALL: Array = Array { name: "small", part: 2 };

fn pick(below: usize) -> usize {
    thread_rng().gen_range(0..below)
}

const ROOMY: u64 = 1 << 30;

fn runtime(write_buffer_bytes: u64) -> RuntimeOptions {
    RuntimeOptions {
        threads: Some(pick(2)),
        write_buffer_bytes: Some(write_buffer_bytes),
        // All records in the root, or none.
        root_bytes: (pick(2) == 0).then_some(0),
        // What is read, is read from the disk.
        cache_bytes: Some(1),
        ..Default::default()
    }
}

/// A store with both arrays, flushed, whose cells are all 0.
fn create(disk: &Memory, write_buffer_bytes: u64) -> Arc<Store> {
    let options = CreateOptions {
        codec: Some(Codec::None),
        shuffle: Some(false),
        keep_generations: Some(0),
        runtime: runtime(write_buffer_bytes),
        ..Default::default()
    };
    let store = Store::create_on(disk.storage(), Path::new("/store"), options).unwrap();
    store.create_dataset("run").unwrap();
    for array in [LARGE, SMALL] {
        define(&store, "run", array);
        store
            .write_array("run", array.name, Selection::all(1), Source::from_slice(&vec![0i64; 4 * array.part]))
            .unwrap();
    }
    store.flush().unwrap();
    store
}

fn define(store: &Store, dataset: &str, array: Array) {
    let options = ArrayOptions { chunk_shape: Some(vec![2 * array.part as u64]), ..Default::default() };
    store.define_array(dataset, array.name, DType::I64, &[], &[4 * array.part as u64], options).unwrap();
}

/// What is committed.
fn snapshot(disk: &Memory) -> Arc<Store> {
    let options = OpenOptions { runtime: runtime(ROOMY), ..OpenOptions::default() };
    Store::open_on(disk.storage(), Path::new("/store"), Mode::Read, options).unwrap()
}

/// Writes a number into all cells of a part.
fn write(store: &Store, array: Array, part: usize, number: i64) -> Result<()> {
    let (start, count) = ([(part * array.part) as u64], [array.part as u64]);
    let values = vec![number; array.part];
    store.write_array("run", array.name, Selection::region(&start, &count), Source::from_slice(&values))
}

/// Writes a number into all cells of an array.
fn write_all(store: &Store, array: Array, number: i64) {
    let values = vec![number; 4 * array.part];
    store.write_array("run", array.name, Selection::all(1), Source::from_slice(&values)).unwrap();
}

/// The number in all cells of a region.
fn read_region(store: &Store, dataset: &str, array: Array, start: usize, count: usize) -> Result<i64> {
    let (start, count) = ([start as u64], [count as u64]);
    let mut values = vec![-1i64; count[0] as usize];
    store.read_array(dataset, array.name, Selection::region(&start, &count), Target::from_slice(&mut values))?;
    assert!(values.iter().all(|value| *value == values[0]), "{} holds both {} and others", array.name, values[0]);
    Ok(values[0])
}

/// The number in all cells of a part.
fn read(store: &Store, array: Array, part: usize) -> i64 {
    read_region(store, "run", array, part * array.part, array.part).unwrap()
}

/// The number in all cells of an array.
fn read_all(store: &Store, array: Array) -> i64 {
    read_region(store, "run", array, 0, 4 * array.part).unwrap()
}

/// Flushes in one of three ways.
fn flush(store: &Store) -> Result<()> {
    match pick(3) {
        0 => store.flush(),
        1 => store.flush_begin().and_then(|()| store.flush_wait()),
        _ => store.flush_begin().and_then(|()| store.flush_begin()).and_then(|()| store.flush_wait()),
    }
}

/// Compacts, unless there is something to be flushed.
fn compact(store: &Store) {
    if let Err(error) = store.compact() {
        assert_eq!(error.kind(), ErrorKind::UnflushedChanges, "{error}");
    }
}

/// Waits until no thread works for the store any more, and drops it.
fn drop_last(store: Arc<Store>) {
    while Arc::strong_count(&store) > 1 {
        thread::yield_now();
    }
}

/// The commit is whole, and there are no segments but its own once a writer has cleaned up: the one before may have had to
/// leave what somebody was reading then.
fn check_sound(disk: &Memory) -> Arc<Store> {
    let options = OpenOptions { runtime: runtime(ROOMY), ..OpenOptions::default() };
    drop_last(Store::open_on(disk.storage(), Path::new("/store"), Mode::ReadWrite, options).unwrap());
    let store = snapshot(disk);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    assert_eq!(disk.segments() as u64, store.info().unwrap().segment_count, "segments that no root names");
    store
}

/// Who has written what: for each writer the number it is writing, and the one it has written.
#[derive(Default)]
struct Written {
    begun: [AtomicI64; 2],
    done: [AtomicI64; 2],
}

impl Written {
    /// A thread that writes parts of its own, in chunks that the other writer writes to as well: first to the large
    /// array, then to the small one.
    fn write(&self, store: &Store, writer: usize, last: i64) {
        for number in 1..=last {
            self.begun[writer].store(number, Ordering::Relaxed);
            write(store, LARGE, writer, number).unwrap();
            if number == last {
                write(store, LARGE, writer + 2, number).unwrap();
            }
            assert_eq!(read(store, LARGE, writer), number, "a write is not read back");
            write(store, SMALL, writer, number).unwrap();
            assert_eq!(read(store, SMALL, writer), number, "a write is not read back");
            self.done[writer].store(number, Ordering::Relaxed);
        }
    }

    fn done(&self) -> [i64; 2] {
        [0, 1].map(|writer| self.done[writer].load(Ordering::Relaxed))
    }

    /// The commit has what was written when the flush began, and nothing without what was written before it.
    fn check(&self, committed: &Store, before: [i64; 2]) {
        for writer in [0, 1] {
            let (large, small) = (read(committed, LARGE, writer), read(committed, SMALL, writer));
            let begun = self.begun[writer].load(Ordering::Relaxed);
            assert!(before[writer] <= small && large <= begun, "{before:?} <= {small}, {large} <= {begun}");
            assert!(small <= large && large <= small + 1, "a commit has {large} and {small}, written in this order");
        }
    }
}

fn a_flush_takes_what_was_written_before_it() {
    write_and_flush(ROOMY, false);
}

fn values_written_ahead_are_the_flushes() {
    write_and_flush(1, false);
}

fn a_failed_flush_loses_nothing() {
    write_and_flush(ROOMY, true);
}

fn write_and_flush(write_buffer_bytes: u64, fails: bool) {
    let disk = Memory::default();
    let store = create(&disk, write_buffer_bytes);
    let written = Written::default();
    thread::scope(|scope| {
        for writer in [0, 1] {
            let (store, written) = (&store, &written);
            scope.spawn(move || written.write(store, writer, 2));
        }
        if !fails && pick(2) == 0 {
            scope.spawn(|| (0..2).for_each(|_| store.flush_begin().unwrap()));
        }
        scope.spawn(|| {
            for _ in 0..2 {
                if fails {
                    disk.fill(true);
                    if let Err(error) = flush(&store) {
                        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
                    }
                    disk.fill(false);
                }
                let before = written.done();
                flush(&store).unwrap();
                written.check(&snapshot(&disk), before);
            }
        });
    });
    written.check(&store, [2, 2]);
    store.close().unwrap();
    drop_last(store);
    let store = check_sound(&disk);
    written.check(&store, [2, 2]);
    assert_eq!((read(&store, LARGE, 2), read(&store, LARGE, 3)), (2, 2));
}

fn reads_go_on_beside_flush_and_compact() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    let done = AtomicI64::new(0);
    thread::scope(|scope| {
        for array in [LARGE, SMALL] {
            let (store, done) = (&store, &done);
            scope.spawn(move || {
                let mut last = 0;
                for _ in 0..4 {
                    let before = done.load(Ordering::Relaxed);
                    let number = read_all(store, array);
                    assert!(number >= last && number >= before, "{number} after {last}, with {before} written");
                    last = number;
                }
            });
        }
        scope.spawn(|| (0..2).for_each(|_| compact(&store)));
        scope.spawn(|| {
            for number in 1..=3 {
                write_all(&store, LARGE, number);
                write_all(&store, SMALL, number);
                done.store(number, Ordering::Relaxed);
                flush(&store).unwrap();
            }
        });
    });
    compact(&store);
    assert_eq!((read_all(&store, LARGE), read_all(&store, SMALL)), (3, 3));
    store.close().unwrap();
    drop_last(store);
    assert_eq!(read_all(&check_sound(&disk), LARGE), 3);
}

fn a_flush_returns_when_its_values_are_stored() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    thread::scope(|scope| {
        for part in [0, 1] {
            let (store, disk) = (&store, &disk);
            scope.spawn(move || {
                for number in 1..=2 {
                    write(store, LARGE, part, number).unwrap();
                    write(store, SMALL, part, number).unwrap();
                    flush(store).unwrap();
                    let committed = snapshot(disk);
                    assert_eq!((read(&committed, LARGE, part), read(&committed, SMALL, part)), (number, number));
                }
            });
        }
        scope.spawn(|| compact(&store));
    });
    store.close().unwrap();
    drop_last(store);
    let store = snapshot(&disk);
    assert_eq!([read(&store, LARGE, 0), read(&store, LARGE, 1)], [2, 2]);
}

fn a_close_refuses_or_stores() {
    close_beside_writers(false);
}

fn a_failed_close_refuses_or_stores() {
    close_beside_writers(true);
}

fn expect_refusal(error: Error) {
    assert_eq!(error.kind(), ErrorKind::InvalidHandle, "{error}");
}

fn close_beside_writers(fails: bool) {
    let disk = Memory::default();
    let store = create(&disk, if fails || pick(2) == 0 { ROOMY } else { 1 });
    store.define_array("run", "log", DType::I64, &[], &[0], ArrayOptions::default()).unwrap();
    let (numbers, appended) = thread::scope(|scope| {
        let writers = [0, 1].map(|part| {
            let store = &store;
            scope.spawn(move || {
                let refused = (1..=3).find_map(|number| Some((number, write(store, LARGE, part, number).err()?)));
                refused.map_or(3, |(number, error)| {
                    expect_refusal(error);
                    number - 1
                })
            })
        });
        let appender = scope.spawn(|| {
            let append = |number| store.append_array("run", "log", &[1], Source::from_slice(&[number]));
            let refused = (1..=3i64).find_map(|number| Some((number, append(number).err()?)));
            refused.map_or(3, |(number, error)| {
                expect_refusal(error);
                number - 1
            })
        });
        let other = scope.spawn(|| {
            let done = if fails || pick(2) == 0 { store.flush_begin() } else { store.close() };
            done.unwrap_or_else(expect_refusal);
        });
        let closer = scope.spawn(|| {
            if fails {
                disk.fill(true);
                let failed = store.close();
                disk.fill(false);
                if let Err(error) = failed {
                    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
                    store.close().unwrap();
                }
            } else if let Err(error) = store.close() {
                expect_refusal(error);
            }
        });
        closer.join().unwrap();
        other.join().unwrap();
        (writers.map(|writer| writer.join().unwrap()), appender.join().unwrap())
    });
    assert_eq!(store.info().unwrap_err().kind(), ErrorKind::InvalidHandle);
    drop_last(store);
    let store = check_sound(&disk);
    assert_eq!([read(&store, LARGE, 0), read(&store, LARGE, 1)], numbers, "what was accepted is not stored");
    let mut log = vec![0i64; store.array_info("run", "log").unwrap().shape[0] as usize];
    store.read_array("run", "log", Selection::all(1), Target::from_slice(&mut log)).unwrap();
    assert_eq!(log, (1..=appended).collect::<Vec<_>>());
}

fn a_discard_keeps_what_was_flushed() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    let flushed = thread::scope(|scope| {
        let writers = [0, 1].map(|part| {
            let store = &store;
            scope.spawn(move || {
                let mut flushed = 0;
                let mut run = || -> Result<()> {
                    for number in 1..=3 {
                        write(store, LARGE, part, number)?;
                        flush(store)?;
                        flushed = number;
                    }
                    Ok(())
                };
                if let Err(error) = run() {
                    expect_refusal(error);
                }
                flushed
            })
        });
        scope.spawn(|| store.discard());
        writers.map(|writer| writer.join().unwrap())
    });
    drop_last(store);
    let store = check_sound(&disk);
    for (part, flushed) in flushed.into_iter().enumerate() {
        let number = read(&store, LARGE, part);
        assert!(number == flushed || number == flushed + 1, "{flushed} was flushed, {number} is stored");
    }
}

fn a_reader_moves_from_commit_to_commit() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    thread::scope(|scope| {
        for _ in 0..2 {
            let reader = snapshot(&disk);
            scope.spawn(move || {
                let mut last = 0;
                for _ in 0..3 {
                    reader.refresh().unwrap();
                    let number = read_all(&reader, LARGE);
                    assert!(number >= last, "{number} after {last}");
                    assert_eq!(read_all(&reader, SMALL), number, "two commits in one snapshot");
                    let range = Some((Scalar::Int(number), Scalar::Int(number)));
                    assert_eq!(reader.array_stats("run", LARGE.name).unwrap().range, range);
                    last = number;
                }
            });
        }
        scope.spawn(|| {
            for number in 1..=3 {
                write_all(&store, LARGE, number);
                write_all(&store, SMALL, number);
                flush(&store).unwrap();
                if pick(2) == 0 {
                    store.compact().unwrap();
                }
            }
        });
    });
    store.compact().unwrap();
    store.close().unwrap();
    drop_last(store);
    assert_eq!(read_all(&check_sound(&disk), LARGE), 3);
}

fn statistics_are_exact_or_none() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    let (begun, done) = (AtomicI64::new(0), AtomicI64::new(0));
    thread::scope(|scope| {
        for array in [LARGE, SMALL] {
            let (store, disk, begun, done) = (&store, &disk, &begun, &done);
            scope.spawn(move || {
                for round in 0..4 {
                    let before = done.load(Ordering::Relaxed);
                    let stats = match round % 2 {
                        0 => store.array_stats("run", array.name),
                        _ => store.chunk_stats("run", array.name, &[1]),
                    };
                    let begun = begun.load(Ordering::Relaxed);
                    let number = match stats {
                        Ok(stats) => match stats.range.unwrap() {
                            (Scalar::Int(min), Scalar::Int(max)) if min == max => min,
                            range => panic!("{range:?} of an array of one number"),
                        },
                        Err(error) if error.kind() == ErrorKind::NoStats => continue,
                        Err(error) => panic!("{error}"),
                    };
                    assert!(before <= number && number <= begun, "{number} with {before} written and {begun} begun");
                    assert!(number <= read_all(&snapshot(disk), array), "statistics of what is not flushed");
                }
            });
        }
        scope.spawn(|| flush(&store).unwrap());
        scope.spawn(|| {
            for number in 1..=3 {
                begun.store(number, Ordering::Relaxed);
                write_all(&store, LARGE, number);
                write_all(&store, SMALL, number);
                done.store(number, Ordering::Relaxed);
                flush(&store).unwrap();
            }
        });
    });
    store.flush().unwrap();
    for array in [LARGE, SMALL] {
        assert_eq!(store.array_stats("run", array.name).unwrap().range, Some((Scalar::Int(3), Scalar::Int(3))));
    }
    store.close().unwrap();
    drop_last(store);
}

/// The number of the last change that a store shows, where each number takes three: a dataset of its name is made with
/// an array, its values are written, and the dataset before it is deleted.
fn last_change(store: &Store) -> usize {
    let names = store.dataset_names().unwrap();
    let last: usize = match names.last().unwrap().strip_prefix('d') {
        Some(number) => number.parse().unwrap(),
        None => return 0,
    };
    let has_before = store.has_dataset(&format!("d{}", last - 1)).unwrap();
    assert_eq!(names.len(), 2 + usize::from(has_before), "{names:?}");
    let name = format!("d{last}");
    let value = if store.dataset(&name).unwrap().has_array(SMALL.name).unwrap() {
        read_region(store, &name, SMALL, 0, 4 * SMALL.part).unwrap()
    } else {
        0
    };
    assert!(value == 0 || value == last as i64, "{value} in {name}");
    assert!(value != 0 || has_before || last == 1, "{name} has no values, yet the one before it is gone");
    3 * last - 2 + usize::from(value != 0) + usize::from(value != 0 && !has_before)
}

fn datasets_come_and_go_in_order() {
    let disk = Memory::default();
    let store = create(&disk, ROOMY);
    let done = AtomicI64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=3i64 {
                let name = format!("d{number}");
                store.create_dataset(&name).unwrap();
                define(&store, &name, SMALL);
                let values = [number; 4 * SMALL.part];
                store.write_array(&name, SMALL.name, Selection::all(1), Source::from_slice(&values)).unwrap();
                done.store(3 * number - 1, Ordering::Relaxed);
                if number > 1 {
                    store.delete_dataset(&format!("d{}", number - 1)).unwrap();
                }
            }
        });
        scope.spawn(|| (0..2).for_each(|_| compact(&store)));
        scope.spawn(|| {
            let mut last = 0;
            for _ in 0..3 {
                let before = done.load(Ordering::Relaxed) as usize;
                flush(&store).unwrap();
                let change = last_change(&snapshot(&disk));
                assert!(change >= last && change >= before, "{change} after {last}, with {before} done");
                last = change;
            }
        });
    });
    // Of a compaction beside a reader the old segments are left to the next.
    store.flush().unwrap();
    store.compact().unwrap();
    store.close().unwrap();
    drop_last(store);
    assert_eq!(last_change(&check_sound(&disk)), 9);
}

fn worker(disk: &Memory, ticket: &[u8], number: u32) -> Arc<Store> {
    let options = OpenOptions { runtime: runtime(ROOMY), ..OpenOptions::default() };
    Store::open_worker_on(disk.storage(), Path::new("/store"), ticket, number, options).unwrap()
}

fn what_is_imported_is_in_one_commit() {
    let disk = Memory::default();
    let store = create(&disk, if pick(2) == 0 { ROOMY } else { 1 });
    let ticket = store.session_begin(SessionOptions { workers: 1, ..Default::default() }).unwrap();
    let done = AtomicI64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let worker = worker(&disk, &ticket, 0);
            // A part of a chunk, of which the store writes the other, and one that is whole.
            for array in [LARGE, SMALL] {
                [0, 2, 3].into_iter().for_each(|part| write(&worker, array, part, 1).unwrap());
            }
            let export = worker.export().unwrap();
            drop_last(worker);
            store.import(&[&export]).unwrap();
            done.store(1, Ordering::Relaxed);
            [0, 2, 3].into_iter().for_each(|part| assert_eq!(read(&store, LARGE, part), 1, "it is not read back"));
            if store.session_missing().unwrap() == [0] {
                assert_eq!(read(&snapshot(&disk), SMALL, 0), 1, "it passes for committed");
            }
        });
        scope.spawn(|| {
            for number in 1..=2 {
                write(&store, LARGE, 1, number).unwrap();
                write(&store, SMALL, 1, number).unwrap();
            }
        });
        scope.spawn(|| {
            flush(&store).unwrap();
            let committed = snapshot(&disk);
            assert_eq!(read(&committed, LARGE, 0), read(&committed, LARGE, 3), "a commit has a part of an import");
            match pick(3) {
                0 => compact(&store),
                1 => drop(store.session_begin(SessionOptions::default()).unwrap()),
                _ => {}
            }
        });
        scope.spawn(|| {
            let before = done.load(Ordering::Relaxed);
            assert!(read(&store, LARGE, 0) >= before && read(&store, SMALL, 2) >= before, "it is not read");
        });
    });
    store.session_missing().unwrap();
    if let Err(error) = store.session_end() {
        assert_eq!(error.kind(), ErrorKind::UnflushedChanges, "{error}");
        flush(&store).unwrap();
        store.session_end().unwrap();
    }
    flush(&store).unwrap();
    store.compact().unwrap();
    store.close().unwrap();
    drop_last(store);
    let store = check_sound(&disk);
    for array in [LARGE, SMALL] {
        assert_eq!([0, 1, 2, 3].map(|part| read(&store, array, part)), [1, 2, 1, 1]);
    }
}

fn a_close_and_a_session_do_not_wait_for_each_other() {
    let disk = Memory::default();
    let store = create(&disk, ROOMY);
    if pick(2) == 0 {
        store.session_begin(SessionOptions::default()).unwrap();
    }
    write(&store, LARGE, 0, 1).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| store.close().unwrap());
        scope.spawn(|| {
            if let Err(error) = store.session_begin(SessionOptions::default()) {
                assert_eq!(error.kind(), ErrorKind::InvalidHandle, "{error}");
            }
        });
        scope.spawn(|| {
            if let Err(error) = store.verify(&mut |damage| panic!("{damage:?}")) {
                assert_eq!(error.kind(), ErrorKind::InvalidHandle, "{error}");
            }
        });
    });
    drop_last(store);
    assert_eq!(read(&check_sound(&disk), LARGE, 0), 1);
}
