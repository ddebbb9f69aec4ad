//! The behaviours of a store, one test each, through the Rust API.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, FloatOverflow, LogFn, LogLevel, MAX_RANK, Mode, OpenOptions,
    RuntimeOptions, Scalar, Selection, Source, Store, Target,
};
use std::path::Path;
use std::sync::{Arc, Mutex};

fn create(path: &Path) -> Arc<Store> {
    Store::create(path, CreateOptions::default()).expect("create")
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions::default()).expect("open")
}

fn read_f32(store: &Store, dataset: &str, array: &str, rank: usize, cells: usize) -> Vec<f32> {
    let mut values = vec![0f32; cells];
    store.read_array(dataset, array, Selection::all(rank), Target::from_slice(&mut values)).expect("read");
    values
}

#[test]
fn values_survive_flush_reopen_and_compact() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path);
    let jan = store.create_dataset("jan").unwrap();
    let values: Vec<f32> = (0..90 * 180).map(|i| i as f32 / 7.0).collect();
    jan.define_array("t", DType::F32, &["lat", "lon"], &[90, 180], ArrayOptions::default()).unwrap();
    jan.write("t", Selection::all(2), Source::from_slice(&values)).unwrap();
    assert_eq!(read_f32(&store, "jan", "t", 2, 16200), values);
    assert_eq!(jan.stats("t").unwrap_err().kind(), ErrorKind::NoStats);
    // It keeps the first segment in use.
    let feb = store.create_dataset("feb").unwrap();
    feb.define_array("t", DType::F32, &["x"], &[1], ArrayOptions::default()).unwrap();
    feb.write("t", Selection::all(1), Source::from_slice(&[1f32])).unwrap();
    store.flush().unwrap();
    assert_eq!(read_f32(&store, "jan", "t", 2, 16200), values);
    let stats = jan.stats("t").unwrap();
    assert_eq!((stats.row_count, stats.null_count), (16200, 0));
    assert_eq!(stats.range, Some((Scalar::Float(0.0), Scalar::Float(f64::from(16199f32 / 7.0)))));
    jan.write("t", Selection::region(&[1, 1], &[1, 2]), Source::from_slice(&[-5f32, -6.0])).unwrap();
    store.close().unwrap();

    let mut expected = values;
    expected[181..183].copy_from_slice(&[-5.0, -6.0]);
    let store = open(&path, Mode::ReadWrite);
    assert_eq!(read_f32(&store, "jan", "t", 2, 16200), expected);
    assert!(store.info().unwrap().dead_bytes > 0);
    store.compact().unwrap();
    assert_eq!(read_f32(&store, "jan", "t", 2, 16200), expected);
    let info = store.info().unwrap();
    assert_eq!((info.dead_bytes, info.segment_count), (0, 1));
    drop(store);
    let store = open(&path, Mode::Read);
    assert_eq!(read_f32(&store, "jan", "t", 2, 16200), expected);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

/// A drop is not asked for by name, as a discard is.
#[test]
fn a_drop_tells_the_log_what_it_loses() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    create(&path).close().unwrap();
    let end = |change: bool, end: fn(Arc<Store>)| {
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = said.clone();
        let log: LogFn = Box::new(move |level, message| log.lock().unwrap().push((level, message.to_owned())));
        let runtime = RuntimeOptions { log: Some(log), ..RuntimeOptions::default() };
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions { runtime, ..OpenOptions::default() }).unwrap();
        if change {
            store.create_dataset("lost").unwrap();
        }
        end(store);
        said.lock().unwrap().clone()
    };
    let text = format!("store {}: the changes since the last flush are discarded", path.display());
    assert_eq!(end(true, drop), [(LogLevel::Warning, text)]);
    assert_eq!(end(false, drop), []);
    assert_eq!(end(true, |store| store.discard()), []);
    let flushed = |store: Arc<Store>| {
        store.flush().unwrap();
        store.delete_dataset("lost").unwrap();
        store.close().unwrap();
    };
    assert_eq!(end(true, flushed), []);
    assert_eq!(open(&path, Mode::Read).dataset_count().unwrap(), 0);
}

#[test]
fn appends_build_large_chunks_whatever_the_first_shape() {
    for first in [0u64, 1, 3] {
        let dir = tempfile::tempdir().unwrap();
        let store = create(&dir.path().join("s"));
        let run = store.create_dataset("run").unwrap();
        run.define_array("h", DType::F64, &["time", "x"], &[first, 10], ArrayOptions::default()).unwrap();
        let mut expected = vec![0f64; first as usize * 10];
        for step in 0..250 {
            let row: Vec<f64> = (0..10).map(|x| (step * 10 + x) as f64).collect();
            run.append("h", &[1, 10], Source::from_slice(&row)).unwrap();
            expected.extend(row);
            if step % 60 == 59 {
                store.flush().unwrap();
            }
        }
        store.flush().unwrap();
        assert!(run.array_info("h").unwrap().chunk_shape[0] >= 1000);
        let mut values = vec![0f64; expected.len()];
        run.read("h", Selection::all(2), Target::from_slice(&mut values)).unwrap();
        assert_eq!(values, expected);
        let stats = run.stats("h").unwrap();
        assert_eq!(stats.row_count, (250 + first) * 10);
        assert_eq!(stats.range, Some((Scalar::Float(0.0), Scalar::Float(2499.0))));
        store.compact().unwrap();
        run.read("h", Selection::all(2), Target::from_slice(&mut values)).unwrap();
        assert_eq!(values, expected);
    }
}

#[test]
fn thousands_of_tiny_arrays_share_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path);
    for i in 0..3000 {
        let dataset = store.create_dataset(&format!("d{i}")).unwrap();
        dataset.define_array("v", DType::F64, &["n"], &[24], ArrayOptions::default()).unwrap();
        let values: Vec<f64> = (0..24).map(|n| (i * 100 + n) as f64).collect();
        dataset.write("v", Selection::all(1), Source::from_slice(&values)).unwrap();
    }
    store.close().unwrap();
    let store = open(&path, Mode::ReadWrite);
    for i in (0..3000).step_by(3) {
        store.delete_dataset(&format!("d{i}")).unwrap();
    }
    store.flush().unwrap();
    let before = store.info().unwrap();
    store.compact().unwrap();
    let after = store.info().unwrap();
    assert!(before.dead_bytes > 0 && after.dead_bytes == 0 && after.live_bytes < before.live_bytes + before.dead_bytes);
    let names: Vec<String> = (0..3000).filter(|i| i % 3 > 0).map(|i| format!("d{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut values = vec![0f64; 24 * names.len()];
    store.read_across("v", &names, Selection::all(1), Target::from_slice(&mut values)).unwrap();
    for (place, i) in (0..3000).filter(|i| i % 3 > 0).enumerate() {
        assert_eq!(values[place * 24 + 5], (i * 100 + 5) as f64);
    }
}

#[test]
fn a_write_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path);
    store.create_dataset("d").unwrap();
    let options = || ArrayOptions { chunk_shape: Some(vec![5000]), codec: Some(Codec::None), ..Default::default() };
    store.define_array("d", "v", DType::F32, &["x"], &[10_000], options()).unwrap();
    let values: Vec<f32> = (0..10_000).map(|i| i as f32).collect();
    store.write_array("d", "v", Selection::all(1), Source::from_slice(&values)).unwrap();
    store.close().unwrap();
    // A byte of the second chunk is damaged: a write to a part of it cannot keep the rest.
    let folder = std::fs::read_dir(path.join("v")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&folder).unwrap();
    bytes[32 + 20_000 + 100] ^= 1;
    std::fs::write(&folder, bytes).unwrap();

    let store = open(&path, Mode::ReadWrite);
    let before = store.array_stats("d", "v").unwrap();
    let source = [1f32; 10];
    let result = store.write_array("d", "v", Selection::region(&[4995], &[10]), Source::from_slice(&source));
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(store.array_stats("d", "v").unwrap(), before);
    assert!(!store.info().unwrap().unflushed_changes);
    let mut first = vec![0f32; 5000];
    store.read_array("d", "v", Selection::region(&[0], &[5000]), Target::from_slice(&mut first)).unwrap();
    assert_eq!(first, values[..5000]);
}

#[test]
fn a_finite_float_becomes_infinite_only_where_the_handle_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path);
    let d = store.create_dataset("d").unwrap();
    let fill = ArrayOptions { fill_value: Some(1e300.into()), ..ArrayOptions::default() };
    d.define_array("narrow", DType::F32, &["x"], &[3], ArrayOptions::default()).unwrap();
    d.define_array("wide", DType::F64, &["y"], &[3], fill).unwrap();
    d.set_attribute(None, "far", 1e300).unwrap();
    let (kept, large) = ([1.5, f64::NEG_INFINITY, f64::NAN], [2.5, -1e300, 0.0]);
    let same = |values: Vec<f32>, expected: &[f64]| {
        assert!(values.iter().zip(expected).all(|(a, b)| a.to_bits() == (*b as f32).to_bits()), "{values:?}");
    };
    d.write("narrow", Selection::all(1), Source::from_slice(&kept)).unwrap();
    store.flush().unwrap();
    // Written, appended, read, and read as the fill value: each names the value; nothing has changed.
    let mut values = [0f32; 3];
    let far = |store: &Store| {
        let mut bytes = [0; 4];
        let overflow = store.float_overflow();
        store.attribute("d", None, "far").unwrap().to_memory(DType::F32, overflow, &mut bytes).map(|()| bytes)
    };
    for (error, place) in [
        (d.write("narrow", Selection::all(1), Source::from_slice(&large)), "-1e300 at element 1"),
        (d.append("narrow", &[3], Source::from_slice(&large)), "-1e300 at element 1"),
        (d.read("wide", Selection::all(1), Target::from_slice(&mut values)), "1e300 at element 0"),
        (far(&store).map(drop), "1e300 at element 0"),
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfRange);
        assert!(error.message().contains(place) && error.message().ends_with("does not fit f32"), "{error}");
    }
    assert!(!store.info().unwrap().unflushed_changes);
    same(read_f32(&store, "d", "narrow", 1, 3), &kept);
    store.close().unwrap();
    let runtime = RuntimeOptions { float_overflow: FloatOverflow::Infinity, ..RuntimeOptions::default() };
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions { runtime, ..OpenOptions::default() }).unwrap();
    store.write_array("d", "narrow", Selection::all(1), Source::from_slice(&large)).unwrap();
    store.append_array("d", "narrow", &[3], Source::from_slice(&large)).unwrap();
    same(read_f32(&store, "d", "narrow", 1, 6), &[large, large].concat());
    same(read_f32(&store, "d", "wide", 1, 3), &[f64::INFINITY; 3]);
    assert_eq!(f32::from_ne_bytes(far(&store).unwrap()), f32::INFINITY);
}

#[test]
fn more_strings_than_memory_are_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"));
    store.create_dataset("d").unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![100]), ..Default::default() };
    store.define_array("d", "s", DType::String, &["x"], &[1 << 57], options).unwrap();
    let error = store.read_strings("d", "s", Selection::all(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
}

#[test]
fn one_variable_of_the_highest_rank_is_read_across_datasets() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"));
    let (dims, shape) = (["d"; MAX_RANK], [1; MAX_RANK]);
    for name in ["a", "b"] {
        let dataset = store.create_dataset(name).unwrap();
        dataset.define_array("v", DType::F32, &dims, &shape, ArrayOptions::default()).unwrap();
        let value = [name.len() as f32 + f32::from(name.as_bytes()[0])];
        dataset.write("v", Selection::all(MAX_RANK), Source::from_slice(&value)).unwrap();
    }
    let mut both = [0f32; 2];
    store.read_across("v", &["a", "b"], Selection::all(MAX_RANK), Target::from_slice(&mut both)).unwrap();
    assert_eq!(both, [98.0, 99.0]);
}

#[test]
fn reads_across_many_datasets_are_those_of_each() {
    for threads in [0, 1, 3] {
        let dir = tempfile::tempdir().unwrap();
        let runtime = RuntimeOptions { threads: Some(threads), ..RuntimeOptions::default() };
        let options = CreateOptions { runtime, ..CreateOptions::default() };
        let store = Store::create(dir.path().join("s"), options).unwrap();
        // Some in blocks of their own, some packed, some pending, some never written.
        let datasets: Vec<String> = (0..300).map(|i| format!("d{i}")).collect();
        let value = |i: usize| if i % 5 == 4 { 0.0 } else { i as f32 + 0.5 };
        for (i, name) in datasets.iter().enumerate() {
            let dataset = store.create_dataset(name).unwrap();
            for (array, cells) in [("small", 7), ("large", 5000)] {
                dataset.define_array(array, DType::F32, &[array], &[cells], ArrayOptions::default()).unwrap();
                if i % 5 < 4 {
                    dataset
                        .write(array, Selection::all(1), Source::from_slice(&vec![value(i); cells as usize]))
                        .unwrap();
                }
            }
            if i == 250 {
                store.flush().unwrap();
            }
        }
        let names: Vec<&str> = datasets.iter().map(String::as_str).collect();
        for (array, cells) in [("small", 7), ("large", 5000)] {
            // All, then in another order and some twice, then none.
            let turned: Vec<&str> = names.iter().rev().chain(&names[100..200]).copied().collect();
            for asked in [&names[..], &turned[..], &names[..0]] {
                let mut values = vec![-1f32; cells * asked.len()];
                store.read_across(array, asked, Selection::all(1), Target::from_slice(&mut values)).unwrap();
                for (name, read) in asked.iter().zip(values.chunks(cells)) {
                    let expected = value(name[1..].parse().unwrap());
                    assert!(read.iter().all(|value| *value == expected), "{array} of {name} with {threads} threads");
                }
            }
        }
        // What is wrong with one in the middle is the error of the call.
        let mut values = vec![0f32; 7 * names.len()];
        let mut read = |asked: &[&str]| {
            store.read_across("small", asked, Selection::all(1), Target::from_slice(&mut values)).unwrap_err()
        };
        let mut asked = names.clone();
        asked[150] = "nobody";
        let error = read(&asked);
        assert!(error.kind() == ErrorKind::NotFound && error.message().contains("'nobody'"), "{error}");
        store.create_dataset("other").unwrap();
        store.define_array("other", "small", DType::F32, &["small"], &[8], ArrayOptions::default()).unwrap();
        asked[150] = "other";
        let error = read(&asked);
        assert!(error.kind() == ErrorKind::InvalidArgument && error.message().contains("[8]"), "{error}");
    }
}

#[test]
fn pieces_of_a_chunk_are_the_same_in_any_order_of_reading() {
    fn check<T: atlas_store::Element + PartialEq + std::fmt::Debug>(value: impl Fn(usize) -> T) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let (shape, cells) = ([4u64, 100, 90], 4 * 100 * 90);
        let values: Vec<T> = (0..cells).map(&value).collect();
        let store = create(&path);
        let dataset = store.create_dataset("d").unwrap();
        dataset.define_array("v", T::DTYPE, &["z", "y", "x"], &shape, ArrayOptions::default()).unwrap();
        dataset.write("v", Selection::all(3), Source::from_slice(&values)).unwrap();
        store.close().unwrap();
        // A cell, a plane, a box, columns, all: each after any other, from a cache and without one.
        let regions = [
            ([2, 57, 31], [1, 1, 1]),
            ([1, 0, 0], [1, 100, 90]),
            ([1, 20, 30], [2, 50, 40]),
            ([0, 0, 17], [4, 100, 1]),
            ([0, 0, 0], shape),
        ];
        for cache_bytes in [None, Some(0)] {
            for (first, second) in (0..25).map(|pair| (pair / 5, pair % 5)) {
                let mut options = OpenOptions::default();
                options.runtime.cache_bytes = cache_bytes;
                let store = Store::open(&path, Mode::Read, options).unwrap();
                for number in [first, second, first] {
                    let (start, count) = regions[number];
                    let mut expected = Vec::new();
                    for (z, y) in (0..count[0]).flat_map(|z| (0..count[1]).map(move |y| (z, y))) {
                        let row = ((start[0] + z) * 100 + start[1] + y) * 90 + start[2];
                        expected.extend_from_slice(&values[row as usize..][..count[2] as usize]);
                    }
                    let mut read = vec![value(0); expected.len()];
                    let region = Selection::region(&start, &count);
                    store.read_array("d", "v", region, Target::from_slice(&mut read)).unwrap();
                    assert!(read == expected, "{regions:?}: {first}, then {second}");
                }
            }
        }
    }
    check(|i| (i * 7 % 251) as u8);
    check(|i| (i * 7 % 65_521) as u16);
    check(|i| i as f32 / 7.0);
    check(|i| i as f64 / 7.0);
}
