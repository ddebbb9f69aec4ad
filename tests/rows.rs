//! Chunks that are appended to beyond the memory for them: rows are set down in a file without a name, once, and come back
//! when their chunk is complete.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::{LocalDisk, Storage};
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, FillValue, Mode, OpenOptions, RuntimeOptions, Scalar, Selection,
    Source, Store, Target,
};
use common::{Hooked, Hooks, Operation};
use proptest::prelude::*;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Counts the scratch files, and refuses to write to them where it is told to.
#[derive(Default)]
struct Scratch {
    made: AtomicU64,
    bytes: AtomicU64,
    is_full: AtomicBool,
}

impl Hooks for Scratch {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        let is_scratch = |path: &Path| path.file_name().unwrap().to_string_lossy().starts_with(".atlas.scratch-");
        match operation {
            Operation::Create(path) if is_scratch(path) => {
                self.made.fetch_add(1, Ordering::SeqCst);
            }
            Operation::Append(path, bytes) if is_scratch(path) => {
                if self.is_full.load(Ordering::SeqCst) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.bytes.fetch_add(bytes.0.len() as u64, Ordering::SeqCst);
            }
            _ => {}
        }
        Ok(())
    }
}

fn runtime(buffer: u64, threads: usize) -> RuntimeOptions {
    RuntimeOptions {
        write_buffer_bytes: Some(buffer),
        threads: Some(threads),
        sync: Some(false),
        ..RuntimeOptions::default()
    }
}

fn create(path: &Path, scratch: &Arc<Scratch>, runtime: RuntimeOptions) -> Arc<Store> {
    let storage: Arc<dyn Storage> = Arc::new(Hooked(Arc::new(LocalDisk), scratch.clone()));
    Store::create_on(storage, path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap()
}

/// A value that says whose it is, and does not compress well.
fn value(array: u64, row: u64, cell: u64) -> f32 {
    let mixed = (array * 1_000_003 + row * 1009 + cell).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 40) as f32
}

const FIELDS: u64 = 48;
const CELLS: u64 = 1024;

/// Appends so many steps to all fields, whose chunks of 16 rows are 64 KiB each.
fn append_steps(store: &Store, steps: std::ops::Range<u64>) {
    let run = store.dataset("run").unwrap();
    for step in steps {
        for field in 0..FIELDS {
            let row: Vec<f32> = (0..CELLS).map(|cell| value(field, step, cell)).collect();
            run.append(&format!("f{field}"), &[1, CELLS], Source::from_slice(&row)).unwrap();
        }
    }
}

fn define_fields(store: &Store) {
    let run = store.create_dataset("run").unwrap();
    for field in 0..FIELDS {
        let options = ArrayOptions { chunk_shape: Some(vec![16, CELLS]), ..ArrayOptions::default() };
        run.define_array(&format!("f{field}"), DType::F32, &["time", "x"], &[0, CELLS], options).unwrap();
    }
}

fn check_fields(store: &Store, steps: u64) {
    let run = store.dataset("run").unwrap();
    for field in 0..FIELDS {
        let mut found = vec![0f32; (steps * CELLS) as usize];
        let count = [steps, CELLS];
        let selection = Selection::region(&[0, 0], &count);
        run.read(&format!("f{field}"), selection, Target::from_slice(&mut found)).unwrap();
        let wrong = (0..steps * CELLS).find(|at| found[*at as usize] != value(field, at / CELLS, at % CELLS));
        assert_eq!(wrong, None, "f{field}");
    }
}

#[test]
fn what_a_writer_beyond_its_buffer_writes_is_written_once() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let mut live = Vec::new();
        // Room for a third of the open chunks; for all.
        for (name, buffer) in [("small", 1 << 20), ("large", 256 << 20)] {
            let (path, scratch) = (dir.path().join(name), Arc::default());
            let store = create(&path, &scratch, runtime(buffer, threads));
            define_fields(&store);
            append_steps(&store, 0..40);
            check_fields(&store, 40);
            append_steps(&store, 40..44);
            store.close().unwrap();
            let values = FIELDS * CELLS * 4 * 44;
            let set_down = scratch.bytes.load(Ordering::SeqCst);
            assert_eq!(scratch.made.load(Ordering::SeqCst) > 0, name == "small");
            assert!(set_down <= values, "{set_down} bytes of {values} were set down");
            let store = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
            check_fields(&store, 44);
            let info = store.info().unwrap();
            assert_eq!(info.dead_bytes, 0, "{name}, {threads} threads");
            live.push(info.live_bytes);
            assert_eq!(store.dataset("run").unwrap().stats("f7").unwrap().row_count, 44 * CELLS);
        }
        assert_eq!(live[0], live[1]);
    }
}

#[test]
fn a_run_goes_on_in_the_middle_of_its_chunks_without_dead_bytes_but_of_those() {
    let dir = tempfile::tempdir().unwrap();
    let (path, scratch) = (dir.path().join("s"), Arc::default());
    let store = create(&path, &scratch, runtime(1 << 20, 2));
    define_fields(&store);
    append_steps(&store, 0..5);
    store.flush().unwrap();
    let edges = store.info().unwrap().live_bytes;
    append_steps(&store, 5..40);
    store.flush().unwrap();
    check_fields(&store, 40);
    let info = store.info().unwrap();
    assert!(
        info.dead_bytes <= edges,
        "{} bytes are dead, the chunks that were not complete are {edges}",
        info.dead_bytes
    );
    let stats = store.dataset("run").unwrap().stats("f3").unwrap();
    let of_field = || (0..40 * CELLS).map(|at| value(3, at / CELLS, at % CELLS));
    let (min, max) = (of_field().fold(f32::MAX, f32::min), of_field().fold(f32::MIN, f32::max));
    assert_eq!(stats.range, Some((Scalar::Float(min.into()), Scalar::Float(max.into()))));
}

#[test]
fn no_room_for_scratch_is_an_error_and_nothing_is_lost() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let scratch: Arc<Scratch> = Arc::default();
        let store = create(&dir.path().join("s"), &scratch, runtime(1 << 20, threads));
        define_fields(&store);
        scratch.is_full.store(true, Ordering::SeqCst);
        let run = store.dataset("run").unwrap();
        let mut refused = 0;
        for step in 0..9 {
            for field in 0..FIELDS {
                let row: Vec<f32> = (0..CELLS).map(|cell| value(field, step, cell)).collect();
                let append = || run.append(&format!("f{field}"), &[1, CELLS], Source::from_slice(&row));
                if let Err(error) = append() {
                    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
                    assert!(error.to_string().contains(".atlas.scratch-"), "{error}");
                    refused += 1;
                    scratch.is_full.store(false, Ordering::SeqCst);
                    append().unwrap();
                    scratch.is_full.store(true, Ordering::SeqCst);
                }
            }
        }
        assert!(refused > 0);
        check_fields(&store, 9);
        store.close().unwrap();
        check_fields(&Store::open(dir.path().join("s"), Mode::Read, OpenOptions::default()).unwrap(), 9);
    }
}

#[test]
fn the_next_writer_removes_a_scratch_file_that_a_crash_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    Store::create(&path, CreateOptions::default()).unwrap().close().unwrap();
    let (left, other) = (path.join(".atlas.scratch-0123456789abcdef"), path.join(".atlas.scratch-mine"));
    for file in [&left, &other] {
        std::fs::write(file, "rows").unwrap();
    }
    Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap().close().unwrap();
    assert!(!left.exists() && other.exists());
}

#[derive(Clone, Debug)]
enum Step {
    /// Rows to append to an array.
    Append(usize, u64),
    /// Rows that an array gets and that are not written.
    Grow(usize, u64),
    /// First row and rows, first column and columns, in parts of what there is.
    Write(usize, [f64; 4]),
    Read(usize, [f64; 4]),
    Flush,
    FlushBegin,
    Compact,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let array = || 0..ARRAYS.len();
    let parts = || proptest::array::uniform4(0.0..1.0f64);
    let step = prop_oneof![
        12 => (array(), 1..4u64).prop_map(|(array, rows)| Step::Append(array, rows)),
        1 => (array(), 1..24u64).prop_map(|(array, rows)| Step::Grow(array, rows)),
        2 => (array(), parts()).prop_map(|(array, parts)| Step::Write(array, parts)),
        3 => (array(), parts()).prop_map(|(array, parts)| Step::Read(array, parts)),
        1 => Just(Step::Flush),
        1 => Just(Step::FlushBegin),
        1 => Just(Step::Reopen),
        1 => Just(Step::Compact),
    ];
    proptest::collection::vec(step, 20..160)
}

/// Rows at first, columns, chunk shape. The first is of a fixed shape, whose rows are written as if they were appended.
const ARRAYS: [(u64, u64, [u64; 2]); 5] =
    [(60, 700, [12, 512]), (0, 700, [12, 512]), (0, 2100, [9, 1000]), (0, 1030, [5, 1030]), (5, 600, [11, 600])];

/// What an array should hold.
struct Model {
    rows: u64,
    columns: u64,
    cells: Vec<f64>,
    /// Rows that were written one behind the other, of the array with a fixed shape.
    written: u64,
}

const FILL: f64 = -1.0;

impl Model {
    fn region(&self, parts: &[f64; 4]) -> ([u64; 2], [u64; 2]) {
        let part = |at: f64, of: u64| (at * of as f64) as u64;
        let (row, column) = (part(parts[0], self.rows), part(parts[2], self.columns));
        let count = [1 + part(parts[1], self.rows - row), 1 + part(parts[3], self.columns - column)];
        ([row, column], [count[0].min(self.rows - row), count[1].min(self.columns - column)])
    }

    fn at(&self, start: [u64; 2], count: [u64; 2]) -> impl Iterator<Item = usize> + '_ {
        let rows = start[0]..start[0] + count[0];
        rows.flat_map(move |row| {
            (start[1]..start[1] + count[1]).map(move |column| (row * self.columns + column) as usize)
        })
    }
}

fn run(steps: &[Step], buffer: u64, threads: usize) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let (path, scratch) = (dir.path().join("s"), Arc::default());
    let mut store = create(&path, &scratch, runtime(buffer, threads));
    store.create_dataset("d").unwrap();
    let mut models = Vec::new();
    for (number, (rows, columns, chunk)) in ARRAYS.into_iter().enumerate() {
        let options = ArrayOptions {
            chunk_shape: Some(chunk.to_vec()),
            fill_value: (number != 3).then_some(FillValue::from(FILL)),
            ..ArrayOptions::default()
        };
        let (name, dims) = (format!("a{number}"), [format!("t{number}"), format!("x{number}")]);
        let dims: Vec<&str> = dims.iter().map(String::as_str).collect();
        store.define_array("d", &name, DType::F64, &dims, &[rows, columns], options).unwrap();
        let fill = if number == 3 { 0.0 } else { FILL };
        models.push(Model { rows, columns, cells: vec![fill; (rows * columns) as usize], written: 0 });
    }
    let mut next = 0u64;
    let mut values = |count: u64| -> Vec<f64> {
        let mut one = || {
            next += 1;
            (next.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as f64
        };
        (0..count).map(|_| one()).collect()
    };
    for step in steps {
        match step {
            Step::Append(array, rows) => {
                let (name, model) = (format!("a{array}"), &mut models[*array]);
                let more = values(rows * model.columns);
                let is_fixed = *array == 0;
                let count = [*rows, model.columns];
                if is_fixed {
                    if model.written + rows > model.rows {
                        continue;
                    }
                    let start = [model.written, 0];
                    let selection = Selection::region(&start, &count);
                    store.write_array("d", &name, selection, Source::from_slice(&more)).unwrap();
                    let from = (model.written * model.columns) as usize;
                    model.cells[from..from + more.len()].copy_from_slice(&more);
                    model.written += rows;
                } else {
                    store.append_array("d", &name, &count, Source::from_slice(&more)).unwrap();
                    model.cells.extend(more);
                    model.rows += rows;
                }
            }
            Step::Grow(array, rows) => {
                let model = &mut models[*array];
                model.rows += rows;
                store.resize_array("d", &format!("a{array}"), model.rows).unwrap();
                let fill = if *array == 3 { 0.0 } else { FILL };
                model.cells.resize((model.rows * model.columns) as usize, fill);
            }
            Step::Write(array, parts) => {
                let (name, model) = (format!("a{array}"), &mut models[*array]);
                if model.rows == 0 {
                    continue;
                }
                let (start, count) = model.region(parts);
                let new = values(count[0] * count[1]);
                store.write_array("d", &name, Selection::region(&start, &count), Source::from_slice(&new)).unwrap();
                let places: Vec<usize> = model.at(start, count).collect();
                places.into_iter().zip(new).for_each(|(at, value)| model.cells[at] = value);
            }
            Step::Read(array, parts) if models[*array].rows > 0 => {
                let (name, model) = (format!("a{array}"), &models[*array]);
                let (start, count) = model.region(parts);
                let mut found = vec![0f64; (count[0] * count[1]) as usize];
                let selection = Selection::region(&start, &count);
                store.read_array("d", &name, selection, Target::from_slice(&mut found)).unwrap();
                let right: Vec<f64> = model.at(start, count).map(|at| model.cells[at]).collect();
                assert!(found == right, "{name} {start:?} {count:?}");
            }
            Step::Read(..) => {}
            Step::Flush => store.flush().unwrap(),
            Step::FlushBegin => store.flush_begin().unwrap(),
            Step::Compact => {
                store.flush().unwrap();
                store.compact().unwrap();
            }
            Step::Reopen => {
                store.close().unwrap();
                let storage: Arc<dyn Storage> = Arc::new(Hooked(Arc::new(LocalDisk), scratch.clone()));
                let runtime = runtime(buffer, threads);
                store =
                    Store::open_on(storage, &path, Mode::ReadWrite, OpenOptions { runtime, ..OpenOptions::default() })
                        .unwrap();
            }
        }
    }
    store.close().unwrap();
    let store = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    for (number, model) in models.iter().enumerate() {
        let name = format!("a{number}");
        let mut found = vec![0f64; model.cells.len()];
        store.read_array("d", &name, Selection::all(2), Target::from_slice(&mut found)).unwrap();
        assert!(found == model.cells, "{name}");
        let stats = store.array_stats("d", &name).unwrap();
        let is_null = |value: &f64| number != 3 && *value == FILL;
        let nulls = model.cells.iter().filter(|value| is_null(value)).count() as u64;
        let known = || model.cells.iter().copied().filter(|value| !is_null(value));
        let range = known().next().map(|_| (known().fold(f64::MAX, f64::min), known().fold(f64::MIN, f64::max)));
        assert_eq!((stats.row_count, stats.null_count), (model.cells.len() as u64, nulls), "{name}");
        assert_eq!(stats.range, range.map(|(min, max)| (Scalar::Float(min), Scalar::Float(max))), "{name}");
    }
    scratch.made.load(Ordering::SeqCst)
}

#[test]
fn rows_are_what_was_written_whatever_is_done_meanwhile() {
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let made = AtomicU64::new(0);
    let cases = (steps(), prop_oneof![Just(32u64 << 10), Just(96 << 10), Just(256 << 10)], 0..3usize);
    runner
        .run(&cases, |(steps, buffer, threads)| {
            made.fetch_add(run(&steps, buffer, threads), Ordering::Relaxed);
            Ok(())
        })
        .unwrap();
    assert!(made.load(Ordering::Relaxed) > 100, "{made:?} scratch files");
}

#[test]
fn totals_of_what_is_written_ahead_are_of_one_shape() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, &Arc::default(), runtime(160 << 10, 0));
    store.create_dataset("d").unwrap();
    let options = |rows| ArrayOptions {
        chunk_shape: Some(vec![rows, 1000]),
        fill_value: Some(FillValue::from(FILL)),
        ..ArrayOptions::default()
    };
    store.define_array("d", "a", DType::F64, &["t", "x"], &[0, 1000], options(8)).unwrap();
    store.define_array("d", "other", DType::F64, &["u", "x"], &[0, 1000], options(4)).unwrap();
    let rows = |count: u64| -> Vec<f64> {
        (0..count * 1000).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20) as f64).collect()
    };
    store.append_array("d", "a", &[3, 1000], Source::from_slice(&rows(3))).unwrap();
    store.flush().unwrap();
    // The stored chunk, of which three rows counted, has eight from here on, and is not complete.
    store.resize_array("d", "a", 20).unwrap();
    let second = Selection::region(&[8, 0], &[8, 1000]);
    // Beyond the others at both ends, so that nobody has to count those anew.
    let wide: Vec<f64> = rows(8).into_iter().map(|value| 16.0 * value - 1e14).collect();
    store.write_array("d", "a", second, Source::from_slice(&wide)).unwrap();
    for _ in 0..8 {
        store.append_array("d", "other", &[4, 1000], Source::from_slice(&rows(4))).unwrap();
    }
    let ahead = std::fs::read_dir(path.join("other")).map_or(0, Iterator::count);
    assert!(ahead > 0, "nothing was written ahead");
    store.flush().unwrap();
    let stats = store.array_stats("d", "a").unwrap();
    assert_eq!((stats.row_count, stats.null_count), (20_000, 9_000));
}
