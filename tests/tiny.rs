//! What tiny arrays and attributes take in memory beside their values: counted by the allocator of a process of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

#[path = "../fuzz/src/allocations.rs"]
mod allocations;

use allocations::{Counting, live, peak_of};
use atlas_store::{ArrayOptions, CreateOptions, DType, RuntimeOptions, Selection, Source, Store, Target};

const DATASETS: usize = 40_000;
/// Values of an array.
const CELLS: usize = 8;
const VALUES: usize = 8 * CELLS;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What was allocated beyond `before`, for each dataset.
fn each(before: usize, now: usize) -> usize {
    now.saturating_sub(before) / DATASETS
}

#[test]
fn a_tiny_array_takes_little_beside_its_values() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = RuntimeOptions { sync: Some(false), ..RuntimeOptions::default() };
    let store = Store::create(dir.path().join("s"), CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    let name = |number: usize| format!("d{number:05}");
    let values = |number: usize| -> [f64; CELLS] { std::array::from_fn(|cell| (number + cell) as f64) };
    let begun = live();
    for number in 0..DATASETS {
        store.create_dataset(&name(number)).unwrap();
    }
    let created = live();
    for number in 0..DATASETS {
        let dataset = store.dataset(&name(number)).unwrap();
        dataset.set_attribute(None, "id", number as i64).unwrap();
        dataset.set_attribute(None, "weight", number as f64 / 2.0).unwrap();
        dataset.set_attribute(None, "name", name(number)).unwrap();
    }
    let described = live();
    for number in 0..DATASETS {
        let dataset = store.dataset(&name(number)).unwrap();
        dataset.define_array("x", DType::F64, &["x"], &[CELLS as u64], ArrayOptions::default()).unwrap();
        dataset.write("x", Selection::all(1), Source::from_slice(&values(number))).unwrap();
    }
    let written = live();
    let (flushed, more) = peak_of(|| store.flush());
    flushed.unwrap();
    let flushed = live();
    let (dataset, attributes, array) =
        (each(begun, created), each(created, described), each(described, written) - VALUES);
    let (flush, left) = (more / DATASETS, each(begun, flushed));
    println!(
        "a dataset: {dataset}, three attributes: {attributes}, an array: {array}, more while they are flushed: {flush}, \
         all afterwards: {left}"
    );
    assert!(dataset <= 240, "a dataset takes {dataset} bytes");
    assert!(attributes <= 100, "three attributes take {attributes} bytes");
    assert!(array <= 300, "an array takes {array} bytes beside its values");
    assert!(flush <= 600, "to flush a dataset with an array takes {flush} bytes more");
    assert!(left <= 300, "a dataset with an array and attributes takes {left} bytes after the flush");

    // What is not at hand any more is what it was, and can be changed.
    for number in (0..DATASETS).step_by(DATASETS / 50) {
        let dataset = store.dataset(&name(number)).unwrap();
        let mut read = [0.0; CELLS];
        dataset.read("x", Selection::all(1), Target::from_slice(&mut read)).unwrap();
        assert_eq!(read, values(number));
        assert_eq!(dataset.attribute(None, "name").unwrap(), name(number).into());
        assert_eq!(dataset.attribute(None, "weight").unwrap(), (number as f64 / 2.0).into());
        assert_eq!(dataset.stats("x").unwrap().row_count, CELLS as u64);
        dataset.write("x", Selection::region(&[1], &[1]), Source::from_slice(&[-1.0])).unwrap();
    }
    store.flush().unwrap();
    let mut read = [0.0; CELLS];
    store.read_array(&name(0), "x", Selection::all(1), Target::from_slice(&mut read)).unwrap();
    assert_eq!((read[0], read[1], read[2]), (0.0, -1.0, 2.0));
    assert_eq!(store.attribute(&*name(0), None, "id").unwrap(), 0i64.into());
    assert_eq!(store.dataset_count().unwrap(), DATASETS);
}
