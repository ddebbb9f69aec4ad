//! A lack of memory at any point is an error, of which nothing is left: what a call that fails was to do, it has not begun.
//!
//! All buffers are made to come from the general allocator, which here refuses a large one when told to. What is taken
//! without asking whether it can be had ends the process, and this test with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, FillValue, Mode, OpenOptions, Result, RuntimeOptions, Scalar,
    Selection, SessionOptions, Source, Store, Target, take_from_general_allocator,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Less is not data: what has a fixed size, or grows with the names of the store.
const LARGE: usize = 32 << 10;
/// Large pieces that may be had before one is refused; then all are granted again, or none, as `FOR_GOOD` says.
static LEFT: AtomicU64 = AtomicU64::new(u64::MAX);
static FOR_GOOD: AtomicBool = AtomicBool::new(false);

/// What is refused is refused to the process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

struct Refusing;

thread_local! {
    /// Whether this thread prepares what the test itself needs.
    static IS_OWN: Cell<bool> = const { Cell::new(false) };
}

/// Makes something of the test's own: of that nothing is refused.
fn own<R>(make: impl FnOnce() -> R) -> R {
    IS_OWN.set(true);
    let made = make();
    IS_OWN.set(false);
    made
}

fn is_refused(bytes: usize) -> bool {
    if bytes < LARGE || IS_OWN.get() {
        return false;
    }
    let left = LEFT.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| match left {
        u64::MAX => None,
        0 if FOR_GOOD.load(Ordering::SeqCst) => None,
        0 => Some(u64::MAX),
        left => Some(left - 1),
    });
    matches!(left, Ok(0) | Err(0))
}

// SAFETY: it is the system's allocator, where it does not refuse.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        if is_refused(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's contract.
        if is_refused(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's contract.
        if is_refused(size) { std::ptr::null_mut() } else { unsafe { System.realloc(place, layout, size) } }
    }
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

/// Calls `f` while the large piece after `granted` of them is refused, and with `for_good` all after it. Whether one
/// was.
fn with_refusal<R>(granted: u64, for_good: bool, f: impl FnOnce() -> R) -> (R, bool) {
    FOR_GOOD.store(for_good, Ordering::SeqCst);
    LEFT.store(granted, Ordering::SeqCst);
    let result = f();
    let left = LEFT.swap(u64::MAX, Ordering::SeqCst);
    (result, left == u64::MAX || left == 0)
}

const COLUMNS: u64 = 4096;
/// Rows of a chunk: 128 KiB of doubles.
const ROWS: u64 = 4;
const FILL: f64 = -1.0;

/// What a store is to hold: rows of numbers, and of texts.
#[derive(Clone, PartialEq)]
struct Model {
    numbers: Vec<f64>,
    /// Of an array whose chunks change when it first grows.
    growing: Vec<f32>,
    texts: Vec<String>,
}

fn read_all(store: &Store) -> Result<Model> {
    let len = |name: &str| store.array_info("d", name).map(|info| info.shape.iter().product::<u64>() as usize);
    let (n, g) = (len("n")?, len("g")?);
    let (mut numbers, mut growing) = own(|| (vec![0f64; n], vec![0f32; g]));
    store.read_array("d", "n", Selection::all(2), Target::from_slice(&mut numbers))?;
    store.read_array("d", "g", Selection::all(2), Target::from_slice(&mut growing))?;
    let texts = store.read_strings("d", "t", Selection::all(1))?;
    Ok(Model { numbers, growing, texts })
}

/// Rows, nulls and the range of the others.
type Known = (u64, u64, Option<(f64, f64)>);

fn known(values: impl Iterator<Item = f64>, fill: Option<f64>) -> Known {
    let (mut rows, mut nulls, mut range) = (0, 0, None);
    for value in values {
        rows += 1;
        if Some(value) == fill {
            nulls += 1;
            continue;
        }
        let (low, high) = range.unwrap_or((value, value));
        range = Some((value.min(low), value.max(high)));
    }
    (rows, nulls, range)
}

/// Checks values and, once they are flushed, values and statistics against the model.
fn check(store: &Store, model: &Model, after: &str) {
    assert!(read_all(store).expect("reads") == *model, "{after}: other values");
    store.flush().unwrap_or_else(|error| panic!("{after}: {error}"));
    assert!(read_all(store).expect("reads") == *model, "{after}: other values once flushed");
    let expected = [
        ("n", known(model.numbers.iter().copied(), Some(FILL))),
        ("g", known(model.growing.iter().map(|&value| f64::from(value)), None)),
    ];
    for (name, expected) in expected {
        let stats = store.array_stats("d", name).expect("statistics");
        let float = |scalar| match scalar {
            Scalar::Float(value) => value,
            other => panic!("{other:?}"),
        };
        let range = stats.range.map(|(low, high)| (float(low), float(high)));
        assert_eq!((stats.row_count, stats.null_count, range), expected, "{after}: statistics of {name}");
    }
}

fn values(seed: u64, cells: u64) -> Vec<f64> {
    own(|| (0..cells).map(|cell| ((cell * 7919 + seed * 104_729) % 100_003) as f64).collect())
}

fn floats(seed: u64, cells: u64) -> Vec<f32> {
    let values = values(seed, cells);
    own(|| values.into_iter().map(|value| value as f32).collect())
}

fn texts(seed: u64, cells: u64) -> Vec<String> {
    own(|| (0..cells).map(|cell| format!("text {} of {seed}", cell * seed)).collect())
}

fn strs(texts: &[String]) -> Vec<&str> {
    own(|| texts.iter().map(String::as_str).collect())
}

/// A step of the run: what is asked of the store, and what it makes of the model.
struct Step {
    name: &'static str,
    run: fn(&Store) -> Result<()>,
    then: fn(&mut Model),
}

const TEXTS: u64 = 4096;

const STEPS: &[Step] = &[
    Step {
        name: "a write of whole chunks",
        run: |store| store.write_array("d", "n", Selection::all(2), Source::from_slice(&values(1, 10 * COLUMNS))),
        then: |model| model.numbers = values(1, 10 * COLUMNS),
    },
    Step {
        name: "a write of texts",
        run: |store| {
            let texts = texts(3, TEXTS);
            store.write_strings("d", "t", Selection::all(1), &strs(&texts))
        },
        then: |model| model.texts = texts(3, TEXTS),
    },
    Step { name: "a flush", run: Store::flush, then: |_| () },
    Step {
        name: "a write of parts of stored chunks, converted",
        run: |store| {
            let part = floats(5, 6 * COLUMNS);
            store.write_array("d", "n", Selection::region(&[3, 0], &[6, COLUMNS]), Source::from_slice(&part))
        },
        then: |model| {
            let part = values(5, 6 * COLUMNS);
            model.numbers[3 * COLUMNS as usize..][..part.len()].copy_from_slice(&part);
        },
    },
    Step {
        name: "an append",
        run: |store| store.append_array("d", "n", &[11, COLUMNS], Source::from_slice(&values(9, 11 * COLUMNS))),
        then: |model| model.numbers.extend(values(9, 11 * COLUMNS)),
    },
    Step {
        name: "an append that changes the chunks",
        run: |store| store.append_array("d", "g", &[3, COLUMNS], Source::from_slice(&floats(4, 3 * COLUMNS))),
        then: |model| model.growing.extend(floats(4, 3 * COLUMNS)),
    },
    Step {
        name: "an append of texts",
        run: |store| {
            let more = texts(8, 3000);
            store.append_strings("d", "t", &[3000], &strs(&more))
        },
        then: |model| model.texts.extend(texts(8, 3000)),
    },
    Step {
        name: "a write of a part of the texts",
        run: |store| {
            let part = texts(2, 3000);
            store.write_strings("d", "t", Selection::region(&[2000], &[3000]), &strs(&part))
        },
        then: |model| model.texts.splice(2000..5000, texts(2, 3000)).for_each(drop),
    },
    Step { name: "a second flush", run: Store::flush, then: |_| () },
    Step { name: "a read", run: |store| read_all(store).map(drop), then: |_| () },
    Step { name: "a compaction", run: Store::compact, then: |_| () },
];

fn start(folder: &std::path::Path, runtime: RuntimeOptions) -> (Arc<Store>, Model) {
    let store = Store::create(folder, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    let d = store.create_dataset("d").unwrap();
    let fill_value = Some(FillValue::Bytes(FILL.to_ne_bytes().to_vec()));
    let options = ArrayOptions { chunk_shape: Some(vec![ROWS, COLUMNS]), fill_value, ..ArrayOptions::default() };
    d.define_array("n", DType::F64, &["t", "x"], &[10, COLUMNS], options).unwrap();
    d.define_array("g", DType::F32, &["u", "x"], &[2, COLUMNS], ArrayOptions::default()).unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![4096]), ..ArrayOptions::default() };
    d.define_array("t", DType::String, &["texts"], &[TEXTS], options).unwrap();
    let growing = floats(6, 2 * COLUMNS);
    d.write("g", Selection::all(2), Source::from_slice(&growing)).unwrap();
    store.flush().unwrap();
    let numbers = vec![FILL; (10 * COLUMNS) as usize];
    (store, Model { numbers, growing, texts: vec![String::new(); TEXTS as usize] })
}

#[test]
fn a_call_that_finds_no_memory_changes_nothing() {
    let _alone = ALONE.lock().unwrap();
    take_from_general_allocator(true);
    for (buffer, is_for_good) in [(64 << 20, false), (64 << 20, true), (64 << 10, false)] {
        let runtime = || RuntimeOptions {
            threads: Some(0),
            write_buffer_bytes: Some(buffer),
            sync: Some(false),
            ..RuntimeOptions::default()
        };
        for flushed in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let (store, mut model) = start(&dir.path().join("s"), runtime());
            let mut refusals = 0;
            for step in STEPS {
                for granted in 0.. {
                    let after = format!("{} with memory for {granted}, buffer {buffer}, {is_for_good}", step.name);
                    let (done, was_refused) = with_refusal(granted, is_for_good, || (step.run)(&store));
                    match done {
                        Ok(()) => {
                            (step.then)(&mut model);
                            assert!(read_all(&store).unwrap() == model, "{after}: other values");
                            // What has other ways where memory is short may still succeed.
                            assert!(granted > 0 || was_refused || step.name.contains("flush"), "{after}: takes none");
                            break;
                        }
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{after}: {error}");
                            assert!(was_refused, "{after}: {error}");
                            refusals += 1;
                            assert!(read_all(&store).unwrap() == model, "{after}: other values");
                            if flushed {
                                check(&store, &model, &after);
                            }
                        }
                    }
                    assert!(granted < 500, "{after}: no end");
                }
            }
            check(&store, &model, "the run");
            println!("buffer {buffer}, for good {is_for_good}, flushed {flushed}: {refusals} calls refused");
            assert!(refusals >= 30, "{refusals} refusals only");
            store.close().unwrap();
            let store = Store::open(dir.path().join("s"), Mode::Read, OpenOptions::default()).unwrap();
            assert!(read_all(&store).unwrap() == model, "other values once opened again");
            let mut damage = Vec::new();
            store.verify(&mut |found| damage.push(format!("{found:?}"))).unwrap();
            assert_eq!(damage, Vec::<String>::new());
        }
    }
}

/// Encoding and decoding happen on the workers, and find no memory there.
#[test]
fn workers_that_find_no_memory_end_nothing_either() {
    let _alone = ALONE.lock().unwrap();
    take_from_general_allocator(true);
    let dir = tempfile::tempdir().unwrap();
    let runtime = RuntimeOptions { threads: Some(2), sync: Some(false), cache_bytes: Some(0), ..Default::default() };
    let (store, mut model) = start(&dir.path().join("s"), runtime);
    store.flush().unwrap();
    let (mut refused, mut round) = (0, 0.0);
    for is_for_good in [false, true] {
        for granted in 0..24 {
            round += 1.0;
            let values: Vec<f64> = own(|| (0..10 * COLUMNS).map(|cell| round + cell as f64 / 7.0).collect());
            let ((wrote, flushed, read), _) = with_refusal(granted, is_for_good, || {
                let wrote = store.write_array("d", "n", Selection::all(2), Source::from_slice(&values));
                let flushed = store.flush();
                let mut found = own(|| vec![0f64; values.len()]);
                let read = store.read_array("d", "n", Selection::all(2), Target::from_slice(&mut found));
                (wrote, flushed, read)
            });
            for error in [&wrote, &flushed, &read].into_iter().filter_map(|done| done.as_ref().err()) {
                assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{granted}: {error}");
                refused += 1;
            }
            if wrote.is_ok() {
                model.numbers = values;
            }
            check(&store, &model, &format!("memory for {granted}, for good {is_for_good}"));
        }
    }
    assert!(refused >= 20, "{refused} refusals only");
    store.close().unwrap();
}

/// A worker that finds no memory exports all the next time, and an import or a flush that finds none has done nothing.
#[test]
fn a_session_that_finds_no_memory_loses_nothing() {
    let _alone = ALONE.lock().unwrap();
    take_from_general_allocator(true);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let runtime = || RuntimeOptions { threads: Some(0), sync: Some(false), cache_bytes: Some(0), ..Default::default() };
    let (store, mut model) = start(&path, runtime());
    store.flush().unwrap();
    let mut refusals = 0;
    for (round, is_for_good) in [(1, false), (2, true)] {
        let ticket = store.session_begin(SessionOptions::default()).unwrap();
        // Two have a part of one chunk each, and chunks of their own; one has texts, too.
        let (one, two) = (values(round, 6 * COLUMNS), values(round + 7, 4 * COLUMNS));
        let new = texts(round, TEXTS);
        let workers = [0, 1].map(|number| {
            let options = OpenOptions { runtime: runtime(), ..OpenOptions::default() };
            Store::open_worker(&ticket, number, None, options).unwrap()
        });
        let region = Selection::region(&[0, 0], &[6, COLUMNS]);
        workers[0].write_array("d", "n", region, Source::from_slice(&one)).unwrap();
        workers[0].write_strings("d", "t", Selection::all(1), &strs(&new)).unwrap();
        let region = Selection::region(&[6, 0], &[4, COLUMNS]);
        workers[1].write_array("d", "n", region, Source::from_slice(&two)).unwrap();
        let mut until = |what: &str, call: &dyn Fn() -> Result<Vec<u8>>| {
            for granted in 0..500 {
                match with_refusal(granted, is_for_good, call) {
                    (Ok(done), _) => return done,
                    (Err(error), was_refused) => {
                        assert!(error.kind() == ErrorKind::OutOfMemory && was_refused, "{what}, {granted}: {error}");
                        refusals += 1;
                        assert!(read_all(&store).unwrap() == model, "{what}, {granted}: a part is there");
                    }
                }
            }
            panic!("{what}: no end");
        };
        let exports = [0, 1].map(|number| until("export", &|| workers[number].export()));
        until("import", &|| store.import(&exports.each_ref().map(|export| &export[..])).map(|()| Vec::new()));
        model.numbers = [one, two].concat();
        model.texts = new;
        assert!(read_all(&store).unwrap() == model, "other values once imported");
        for granted in 0..500 {
            match with_refusal(granted, is_for_good, || store.flush()).0 {
                Ok(()) => break,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{granted}: {error}");
                    refusals += 1;
                    assert!(read_all(&store).unwrap() == model, "a flush that failed, {granted}: other values");
                }
            }
        }
        check(&store, &model, "a session");
        store.session_end().unwrap();
    }
    println!("{refusals} calls refused");
    assert!(refusals >= 10, "{refusals} refusals only");
    store.close().unwrap();
    let store = Store::open(path, Mode::Read, OpenOptions::default()).unwrap();
    assert!(read_all(&store).unwrap() == model, "other values once opened again");
    assert_eq!(store.verify(&mut |found| panic!("{found:?}")).unwrap(), 0);
}
