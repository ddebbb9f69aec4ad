//! Sessions: workers that write beside each other, and the one commit of what they have written.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use atlas_store::storage::{LocalDisk, Storage};
use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Error, ErrorKind, FillValue, Mode, OpenOptions, RuntimeOptions,
    Selection, SessionOptions, Source, Store, Target, Value,
};
use common::{Hooked, Hooks};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

const SHAPE: [u64; 3] = [4, 30, 50];

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), ..RuntimeOptions::default() }
}

fn create(path: &Path) -> Arc<Store> {
    let options = CreateOptions { runtime: runtime(), ..CreateOptions::default() };
    Store::create(path, options).unwrap()
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::ReadWrite, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn open_to_read(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::Read, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn chunked(chunk: &[u64]) -> ArrayOptions {
    ArrayOptions { chunk_shape: Some(chunk.to_vec()), ..ArrayOptions::default() }
}

/// A store with a dataset `run`, of an array `v` in chunks of (2, 10, 25).
fn with_array(path: &Path) -> Arc<Store> {
    with_array_kept(path, None)
}

/// The same, which keeps so many earlier commits.
fn with_array_kept(path: &Path, keep_generations: Option<u32>) -> Arc<Store> {
    let options = CreateOptions { runtime: runtime(), keep_generations, ..CreateOptions::default() };
    let store = Store::create(path, options).unwrap();
    store.create_dataset("run").unwrap();
    store.define_array("run", "v", DType::F32, &["t", "y", "x"], &SHAPE, chunked(&[2, 10, 25])).unwrap();
    store
}

fn begin(store: &Store, workers: u32) -> Vec<u8> {
    store.session_begin(SessionOptions { workers, ..SessionOptions::default() }).unwrap()
}

fn worker(ticket: &[u8], number: u32) -> Arc<Store> {
    Store::open_worker(ticket, number, None, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

/// Writes a region whose values are all `value`.
fn write(store: &Store, array: &str, start: &[u64], count: &[u64], value: f32) -> Result<(), Error> {
    let values = vec![value; count.iter().product::<u64>() as usize];
    store.write_array("run", array, Selection::region(start, count), Source::from_slice(&values))
}

fn values(store: &Store, array: &str) -> Vec<f32> {
    let shape = store.array_info("run", array).unwrap().shape;
    let mut values = vec![0.0; shape.iter().product::<u64>() as usize];
    store.read_array("run", array, Selection::all(shape.len()), Target::from_slice(&mut values)).unwrap();
    values
}

fn import(store: &Store, exports: &[Vec<u8>]) -> Result<(), Error> {
    store.import(&exports.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The files of workers that are in a store.
fn files_of_workers(path: &Path) -> BTreeSet<PathBuf> {
    let folders = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.filter(|file| file.file_name().unwrap().to_str().unwrap().split('-').count() == 4).collect()
}

fn whole(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn workers_write_tiles_and_one_flush_commits_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array(&path);
    store.flush().unwrap();
    let ticket = begin(&store, 6);
    assert_eq!(store.session_missing().unwrap(), [0, 1, 2, 3, 4, 5]);
    // Tiles of (4, 10, 25) are chunks; that of the last worker is written in two parts.
    let mut exports = Vec::new();
    for number in 0..6u32 {
        let worker = worker(&ticket, number);
        let (y, x) = (u64::from(number) / 2 * 10, u64::from(number) % 2 * 25);
        match number {
            5 => {
                write(&worker, "v", &[0, y, x], &[2, 10, 25], 5.0).unwrap();
                write(&worker, "v", &[2, y, x], &[2, 4, 25], 5.0).unwrap();
                write(&worker, "v", &[2, y + 4, x], &[2, 6, 25], 5.0).unwrap();
            }
            _ => write(&worker, "v", &[0, y, x], &[4, 10, 25], number as f32).unwrap(),
        }
        assert_eq!(worker.close().unwrap_err().kind(), ErrorKind::UnflushedChanges);
        exports.push(worker.export().unwrap());
        worker.close().unwrap();
    }
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    assert!(values(&store, "v").iter().all(|value| *value == 0.0));
    import(&store, &exports[..3]).unwrap();
    assert_eq!(store.session_missing().unwrap(), [3, 4, 5]);
    // What came already is left out.
    import(&store, &exports).unwrap();
    assert!(store.session_missing().unwrap().is_empty());
    let expected: Vec<f32> = (0..4 * 30 * 50).map(|i| (i / 50 % 30 / 10 * 2 + i % 50 / 25) as f32).collect();
    assert_eq!(values(&store, "v"), expected);
    assert!(!reader.refresh().unwrap());
    store.flush().unwrap();
    assert_eq!(store.session_missing().unwrap().len(), 6);
    assert!(reader.refresh().unwrap());
    assert_eq!(values(&reader, "v"), expected);
    whole(&reader);
    // The root names one segment, and that the files of workers.
    assert_eq!(files_of_workers(&path).len(), 6);
    let root = std::fs::read_to_string(path.join("atlas.json")).unwrap();
    assert_eq!(root.matches(".seg").count(), 1, "{root}");
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(values(&store, "v"), expected);
    whole(&store);
    let stats = store.array_stats("run", "v").unwrap();
    assert_eq!(stats.range, Some((atlas_store::Scalar::Float(0.0), atlas_store::Scalar::Float(5.0))));
    store.compact().unwrap();
    drop(reader);
    store.compact().unwrap();
    assert_eq!(values(&store, "v"), expected);
    whole(&store);
    store.close().unwrap();
    let store = open(&path);
    assert!(files_of_workers(&path).is_empty());
    assert_eq!(values(&store, "v"), expected);
}

#[test]
fn parts_of_one_chunk_are_put_together_and_cells_of_two_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array(&path);
    write(&store, "v", &[0, 0, 0], &SHAPE, 9.0).unwrap();
    store.flush().unwrap();
    let ticket = begin(&store, 0);
    let (one, two, three) = (worker(&ticket, 1), worker(&ticket, 2), worker(&ticket, 3));
    write(&one, "v", &[0, 0, 0], &[1, 10, 25], 1.0).unwrap();
    write(&two, "v", &[1, 0, 0], &[1, 10, 20], 2.0).unwrap();
    write(&three, "v", &[1, 9, 19], &[1, 1, 1], 3.0).unwrap();
    let [one, two, three] = [one, two, three].map(|worker| worker.export().unwrap());
    let error = import(&store, &[three.clone(), one.clone(), two.clone()]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let text =
        "chunk [0, 0, 0] of array 'v' of dataset 'run' was written by workers 2 and 3: both have cell [1, 9, 19]";
    assert!(error.to_string().contains(text), "{error}");
    // Nothing of them was taken over.
    assert!(values(&store, "v").iter().all(|value| *value == 9.0));
    import(&store, &[two, one]).unwrap();
    assert!(import(&store, &[three]).unwrap_err().to_string().contains("workers 2 and 3"));
    let check = |store: &Store| {
        for (i, value) in values(store, "v").into_iter().enumerate() {
            let (t, y, x) = (i / 1500, i / 50 % 30, i % 50);
            let expected = match (t, y < 10) {
                (0, true) if x < 25 => 1.0,
                (1, true) if x < 20 => 2.0,
                _ => 9.0,
            };
            assert_eq!(value, expected, "({t}, {y}, {x})");
        }
        whole(store);
    };
    check(&store);
    store.flush().unwrap();
    check(&store);
    store.close().unwrap();
    check(&open(&path));
}

#[test]
fn definitions_of_many_are_one_and_the_order_of_exports_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut roots = Vec::new();
    for order in [[0, 1, 2, 3], [3, 1, 0, 2]] {
        let path = folder.path().join(format!("{order:?}"));
        let store = create(&path);
        let ticket = begin(&store, 4);
        let exports: Vec<Vec<u8>> = (0..4u64)
            .map(|number| {
                let worker = worker(&ticket, number as u32);
                worker.create_dataset("run").unwrap();
                worker.set_attribute("run", None, "title", "one").unwrap();
                worker.define_array("run", "v", DType::F32, &["t", "x"], &[0, 8], chunked(&[3, 2])).unwrap();
                worker.set_attribute("run", Some("v"), "units", "K").unwrap();
                worker.set_attribute(None, None, "host", "h").unwrap();
                worker.create_dataset(&format!("own {number}")).unwrap();
                worker
                    .define_array("run", &format!("own {number}"), DType::F32, &["n"], &[4], ArrayOptions::default())
                    .unwrap();
                write(&worker, &format!("own {number}"), &[0], &[4], number as f32).unwrap();
                worker.extend_array("run", "v", 5).unwrap();
                for t in 0..5 {
                    write(&worker, "v", &[t, 2 * number], &[1, 2], (10 * t + number) as f32).unwrap();
                }
                worker.export().unwrap()
            })
            .collect();
        import(&store, &order.map(|number| exports[number].clone())).unwrap();
        assert_eq!(store.dataset_names().unwrap().len(), 5);
        store.flush().unwrap();
        whole(&store);
        let expected: Vec<f32> = (0..40).map(|i| (10 * (i / 8) + i % 8 / 2) as f32).collect();
        assert_eq!(values(&store, "v"), expected);
        for number in 0..4 {
            assert_eq!(values(&store, &format!("own {number}")), [number as f32; 4]);
        }
        assert_eq!(store.attribute("run", Some("v"), "units").unwrap(), Value::from("K"));
        // But for what is made at random.
        let root = std::fs::read_to_string(path.join("atlas.json")).unwrap();
        let words =
            root.split('"').filter(|word| !word.contains(".seg") && !word.contains(".bundle") && word.len() < 32);
        roots.push(words.map(str::to_owned).collect::<Vec<_>>());
        store.close().unwrap();
    }
    let is_random = |word: &str| word.contains("crc32c") || word.contains("directory_crc");
    let pairs = roots[0].iter().zip(&roots[1]).filter(|(one, _)| !is_random(one));
    let differ: Vec<_> = pairs.filter(|(one, other)| one != other && !one.starts_with(':')).collect();
    assert!(differ.is_empty() && roots[0].len() == roots[1].len(), "{differ:?}");
}

#[test]
fn what_two_define_differently_is_refused_naming_both() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(&folder.path().join("s"));
    let ticket = begin(&store, 0);
    let make = |number: u32, dtype: DType, chunk: &[u64], title: &str| {
        let worker = worker(&ticket, number);
        worker.create_dataset("run").unwrap();
        worker.define_array("run", "v", dtype, &["x"], &[8], chunked(chunk)).unwrap();
        worker.set_attribute("run", None, "title", title).unwrap();
        worker.export().unwrap()
    };
    let first = make(1, DType::F32, &[4], "a");
    for (other, text) in [
        (make(2, DType::F64, &[4], "a"), "workers 1 and 2 define it differently: types f32 and f64"),
        (make(3, DType::F32, &[2], "a"), "workers 1 and 3 define it differently: chunk shapes [4] and [2]"),
        (
            make(4, DType::F32, &[4], "b"),
            "workers 1 and 4 have set attribute 'title' of dataset 'run' to different values",
        ),
    ] {
        let error = import(&store, &[other, first.clone()]).unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains(text), "{error}");
        assert_eq!(store.dataset_count().unwrap(), 0);
    }
    import(&store, &[first]).unwrap();
    let error = import(&store, &[make(5, DType::I8, &[4], "a")]).unwrap_err();
    assert!(error.to_string().contains("the store and worker 5 define it differently: types f32 and i8"), "{error}");
}

#[test]
fn one_worker_appends_and_steps_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = create(&path);
    store.create_dataset("run").unwrap();
    store.define_array("run", "log", DType::F32, &["n"], &[0], chunked(&[8])).unwrap();
    store.define_array("run", "v", DType::F32, &["t", "x"], &[0, 6], chunked(&[4, 3])).unwrap();
    let mut ticket = begin(&store, 2);
    let workers = [worker(&ticket, 0), worker(&ticket, 1)];
    for step in 0..10u64 {
        let exports = [0, 1].map(|number| {
            let worker = &workers[number as usize];
            worker.extend_array("run", "v", step + 1).unwrap();
            write(worker, "v", &[step, 3 * number], &[1, 3], (100 * number + step) as f32).unwrap();
            if number == 0 {
                worker.append_array("run", "log", &[1], Source::from_slice(&[step as f32])).unwrap();
            }
            worker.export().unwrap()
        });
        import(&store, &exports).unwrap();
        // A worker that is not told of commits goes on from what it has.
        if step % 3 != 2 {
            store.flush().unwrap();
            ticket = begin(&store, 2);
            workers.iter().for_each(|worker| worker.renew(&ticket).unwrap());
        }
    }
    store.flush().unwrap();
    let check = |store: &Store| {
        assert_eq!(values(store, "log"), (0..10).map(|step| step as f32).collect::<Vec<_>>());
        let expected: Vec<f32> = (0..60).map(|i| (100 * (i % 6 / 3) + i / 6) as f32).collect();
        assert_eq!(values(store, "v"), expected);
        whole(store);
    };
    check(&store);
    let both = [0, 1].map(|number| {
        let worker = worker(&begin(&store, 2), number);
        worker.append_array("run", "log", &[1], Source::from_slice(&[1.0f32])).unwrap();
        worker.export().unwrap()
    });
    let error = import(&store, &both).unwrap_err();
    assert!(
        error.kind() == ErrorKind::Conflict && error.to_string().contains("workers 0 and 1 have both appended"),
        "{error}"
    );
    store.close().unwrap();
    check(&open(&path));
}

#[test]
fn what_a_session_is_told_may_be_anything() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    // A name that stands twice is told once.
    let twice = SessionOptions { datasets: Some(&["run", "run"]), workers: 3 };
    let ticket = store.session_begin(twice).unwrap();
    assert_eq!(worker(&ticket, 0).dataset_names().unwrap().len(), 1);
    assert_eq!(store.session_missing().unwrap(), [0, 1, 2]);
    let error = store.session_begin(SessionOptions { workers: u32::MAX, ..SessionOptions::default() }).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("4294967295 workers"), "{error}");
    let none = SessionOptions { datasets: Some(&["walk"]), ..SessionOptions::default() };
    assert_eq!(store.session_begin(none).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn what_workers_do_not_do_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    let ticket = begin(&store, 0);
    let worker = worker(&ticket, 7);
    let refused: [Result<(), Error>; 7] = [
        worker.flush(),
        worker.compact(),
        worker.delete_dataset("run"),
        worker.delete_array("run", "v"),
        worker.resize_array("run", "v", 1),
        worker.rename_dataset("run", "walk"),
        worker.session_begin(SessionOptions::default()).map(drop),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(error.kind() == ErrorKind::Unsupported && error.to_string().contains("worker 7"), "{error}");
    }
    assert_eq!(store.export().unwrap_err().kind(), ErrorKind::InvalidArgument);
    let refused = |ticket: &[u8]| Store::open_worker(ticket, 0, None, OpenOptions::default()).map(drop).unwrap_err();
    assert_eq!(refused(b"ticket").kind(), ErrorKind::InvalidArgument);
    let mut damaged = ticket.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&damaged).kind(), ErrorKind::Corrupt);
    let export = worker.export().unwrap();
    store.session_end().unwrap();
    assert_eq!(import(&store, std::slice::from_ref(&export)).unwrap_err().kind(), ErrorKind::Conflict);
    begin(&store, 0);
    assert!(import(&store, &[export]).unwrap_err().to_string().contains("session"));
}

#[test]
fn files_of_a_dead_session_go_and_those_of_one_that_is_on_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array(&path);
    store.flush().unwrap();
    let ticket = begin(&store, 0);
    let one = worker(&ticket, 1);
    write(&one, "v", &[0, 0, 0], &[4, 10, 25], 1.0).unwrap();
    let export = one.export().unwrap();
    assert_eq!(files_of_workers(&path).len(), 1);
    // Neither commits nor compactions of the handle that began it touch them.
    write(&store, "v", &[0, 10, 0], &[4, 10, 25], 2.0).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(files_of_workers(&path).len(), 1);
    // It is gone without a word; whoever has the ticket goes on.
    std::mem::forget(store.clone());
    store.discard();
    let options = OpenOptions { runtime: runtime(), ticket: Some(ticket.clone()) };
    let store = Store::open(&path, Mode::ReadWrite, options).unwrap();
    assert_eq!(files_of_workers(&path).len(), 1);
    import(&store, std::slice::from_ref(&export)).unwrap();
    store.flush().unwrap();
    assert!(values(&store, "v")[..25].iter().all(|value| *value == 1.0));
    store.discard();
    // It was committed before the handle was gone: importing it again adds nothing.
    let options = OpenOptions { runtime: runtime(), ticket: Some(ticket.clone()) };
    let store = Store::open(&path, Mode::ReadWrite, options).unwrap();
    import(&store, &[export]).unwrap();
    store.flush().unwrap();
    whole(&store);
    let two = worker(&begin(&store, 0), 2);
    write(&two, "v", &[0, 20, 0], &[4, 10, 25], 3.0).unwrap();
    let lost = two.export().unwrap();
    assert_eq!(files_of_workers(&path).len(), 2);
    store.discard();
    // A writer that does not know of the session.
    let store = open(&path);
    assert_eq!(files_of_workers(&path).len(), 1);
    whole(&store);
    store.discard();
    let options = OpenOptions { runtime: runtime(), ticket: Some(ticket) };
    let store = Store::open(&path, Mode::ReadWrite, options).unwrap();
    assert_eq!(import(&store, &[lost]).unwrap_err().kind(), ErrorKind::NotFound);
    store.session_end().unwrap();
    assert!(values(&store, "v")[..25].iter().all(|value| *value == 1.0));
}

#[test]
fn files_of_workers_stay_for_who_takes_the_place_of_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array(&path);
    store.flush().unwrap();
    // Of the last commit, so that nothing but the ticket keeps them.
    let ticket = begin(&store, 0);
    let one = worker(&ticket, 1);
    write(&one, "v", &[0, 0, 0], &SHAPE, 1.0).unwrap();
    let export = one.export().unwrap();
    store.discard();
    let options = OpenOptions { runtime: runtime(), ticket: Some(ticket) };
    let store = Store::open(&path, Mode::ReadWrite, options).unwrap();
    assert_eq!(files_of_workers(&path).len(), 1);
    import(&store, &[export]).unwrap();
    store.flush().unwrap();
    assert!(values(&store, "v").iter().all(|value| *value == 1.0));
    whole(&store);
}

#[test]
fn the_end_of_a_session_leaves_what_a_compaction_beside_it_makes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let ((said, called), (go, told)) = (sync_channel(1), sync_channel::<()>(1));
    let told = Mutex::new(told);
    // Held up when one of the two arrays is written anew.
    let hold = move |_: &str, done: u64, _: u64| {
        if done == 1 {
            said.send(()).unwrap();
            told.lock().unwrap().recv().unwrap();
        }
        true
    };
    let runtime = RuntimeOptions { progress: Some(Box::new(hold)), ..runtime() };
    let store = Store::create(&path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    store.create_dataset("run").unwrap();
    for array in ["v", "w"] {
        store.define_array("run", array, DType::F32, &[], &[40], chunked(&[10])).unwrap();
        for value in [1.0, 2.0] {
            write(&store, array, &[0], &[if value == 1.0 { 40 } else { 20 }], value).unwrap();
            store.flush().unwrap();
        }
    }
    begin(&store, 0);
    std::thread::scope(|scope| {
        let compaction = scope.spawn(|| store.compact());
        called.recv().unwrap();
        store.session_end().unwrap();
        go.send(()).unwrap();
        compaction.join().unwrap().unwrap();
    });
    for array in ["v", "w"] {
        assert_eq!(values(&store, array).iter().sum::<f32>(), 60.0);
    }
    whole(&open_to_read(&path));
}

#[test]
fn a_worker_that_is_run_twice_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    let ticket = begin(&store, 0);
    let run = |count: &[u64]| {
        let worker = worker(&ticket, 4);
        write(&worker, "v", &[0, 0, 0], count, 4.0).unwrap();
        worker.export().unwrap()
    };
    let (first, again, more) = (run(&[4, 10, 30]), run(&[4, 10, 30]), run(&[4, 10, 31]));
    import(&store, &[first.clone(), again.clone()]).unwrap();
    import(&store, &[again]).unwrap();
    let error = import(&store, &[more]).unwrap_err();
    assert!(error.to_string().contains("worker 4: it was run twice, and has written more the second time"), "{error}");
    store.flush().unwrap();
    whole(&store);
    assert_eq!(values(&store, "v").iter().filter(|value| **value == 4.0).count(), 4 * 10 * 30);
}

#[test]
fn a_session_ends_when_what_was_imported_is_flushed_whatever_was_written_since() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    let worker = worker(&begin(&store, 1), 0);
    write(&worker, "v", &[0, 0, 0], &[4, 10, 25], 1.0).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    assert_eq!(store.session_end().unwrap_err().kind(), ErrorKind::UnflushedChanges);
    store.flush().unwrap();
    assert_eq!(store.session_missing().unwrap(), [0]);
    // One that has nothing to say is heard, too; a compaction commits nothing of what came.
    import(&store, &[worker.export().unwrap()]).unwrap();
    store.compact().unwrap();
    assert!(store.session_missing().unwrap().is_empty());
    write(&store, "v", &[0, 10, 0], &[4, 10, 25], 2.0).unwrap();
    store.session_end().unwrap();
    store.flush().unwrap();
    whole(&store);
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 3000.0);
}

#[test]
fn a_worker_that_appends_and_is_run_twice_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(&folder.path().join("s"));
    store.create_dataset("run").unwrap();
    store.define_array("run", "log", DType::F32, &["n"], &[0], chunked(&[4])).unwrap();
    let ticket = begin(&store, 1);
    let run = |count: u64| {
        let worker = worker(&ticket, 0);
        let values: Vec<f32> = (0..count).map(|n| n as f32).collect();
        worker.append_array("run", "log", &[count], Source::from_slice(&values)).unwrap();
        worker.export().unwrap()
    };
    let (first, again, more) = (run(6), run(6), run(7));
    import(&store, &[first, again.clone()]).unwrap();
    import(&store, &[again]).unwrap();
    assert_eq!(import(&store, &[more]).unwrap_err().kind(), ErrorKind::Conflict);
    store.flush().unwrap();
    whole(&store);
    assert_eq!(values(&store, "log"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn an_array_that_was_shrunk_does_not_grow_again_by_an_import() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    let worker = worker(&begin(&store, 1), 3);
    write(&worker, "v", &[3, 0, 0], &[1, 10, 25], 1.0).unwrap();
    let export = worker.export().unwrap();
    store.resize_array("run", "v", 2).unwrap();
    let error = import(&store, &[export]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let text = "array 'v' of dataset 'run': its length was 4 for worker 3, and is 2 by now";
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(store.array_info("run", "v").unwrap().shape, [2, 30, 50]);
}

#[test]
fn a_ticket_names_a_dataset_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    store.create_dataset("other").unwrap();
    let options = SessionOptions { datasets: Some(&["run", "run"]), ..SessionOptions::default() };
    let worker = worker(&store.session_begin(options).unwrap(), 0);
    assert_eq!(worker.dataset_names().unwrap().iter().map(|name| &**name).collect::<Vec<_>>(), ["run"]);
    write(&worker, "v", &[0, 0, 0], &[4, 10, 25], 1.0).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 1000.0);
}

/// Fails to read a file after so many times.
struct Failing(AtomicI64);

impl Hooks for Failing {
    fn reading(&self, _: &Path) -> io::Result<()> {
        match self.0.fetch_sub(1, Ordering::SeqCst) {
            0 => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

#[test]
fn an_import_that_fails_to_read_takes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    // All that is said of datasets is in a file.
    let runtime = || RuntimeOptions { root_bytes: Some(0), cache_bytes: Some(1), ..runtime() };
    let options = CreateOptions { runtime: runtime(), ..CreateOptions::default() };
    let store = Store::create(&path, options).unwrap();
    store.create_dataset("told").unwrap();
    store.flush().unwrap();
    let ticket = begin(&store, 1);
    let worker = worker(&ticket, 0);
    worker.create_dataset("run").unwrap();
    worker.define_array("run", "v", DType::F32, &["x"], &[8], chunked(&[4])).unwrap();
    write(&worker, "v", &[2], &[4], 1.0).unwrap();
    worker.set_attribute("told", None, "title", "told").unwrap();
    let export = worker.export().unwrap();
    store.discard();
    let mut failures = 0;
    for left in 0..500 {
        let hooks = Arc::new(Failing(AtomicI64::new(i64::MAX)));
        let disk: Arc<dyn Storage> = Arc::new(Hooked(Arc::new(LocalDisk), hooks.clone()));
        let options = OpenOptions { runtime: runtime(), ticket: Some(ticket.clone()) };
        let store = Store::open_on(disk, &path, Mode::ReadWrite, options).unwrap();
        hooks.0.store(left, Ordering::SeqCst);
        let done = import(&store, std::slice::from_ref(&export));
        hooks.0.store(i64::MAX, Ordering::SeqCst);
        match done {
            Ok(()) => {
                assert!(failures > 2, "{failures} failures only");
                store.flush().unwrap();
                assert_eq!(values(&store, "v"), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
                assert_eq!(store.attribute("told", None, "title").unwrap(), Value::from("told"));
                whole(&store);
                return;
            }
            Err(_) => {
                failures += 1;
                assert_eq!(store.dataset_count().unwrap(), 1, "after {left}");
                assert!(!store.has_attribute("told", None, "title").unwrap());
                assert!(store.rollback(store.info().unwrap().generation).is_ok(), "after {left} something was changed");
                store.discard();
            }
        }
    }
    panic!("no end");
}

#[test]
fn a_rollback_to_a_commit_whose_parts_are_gone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array_kept(&path, Some(10));
    store.flush().unwrap();
    let worker = worker(&begin(&store, 1), 0);
    write(&worker, "v", &[0, 0, 0], &SHAPE, 1.0).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    store.flush().unwrap();
    let with_parts = store.info().unwrap().generation;
    store.session_end().unwrap();
    // The last commit has nothing of them, and one that is kept has.
    store.set_attribute(None, None, "after", 1i64).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    let of_worker = files_of_workers(&path).pop_first().unwrap();
    write(&store, "v", &[0, 0, 0], &SHAPE, 2.0).unwrap();
    store.flush().unwrap();
    store.rollback(with_parts).unwrap();
    assert!(values(&store, "v").iter().all(|value| *value == 1.0));
    whole(&store);
    store.rollback(with_parts + 3).unwrap();
    store.close().unwrap();
    let aside = folder.path().join("aside");
    std::fs::rename(&of_worker, &aside).unwrap();
    let store = open(&path);
    let error = store.rollback(with_parts).unwrap_err();
    let name = of_worker.file_name().unwrap().to_str().unwrap();
    assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(name), "{error}");
    assert!(values(&store, "v").iter().all(|value| *value == 2.0));
    std::fs::rename(&aside, &of_worker).unwrap();
    store.rollback(with_parts).unwrap();
    assert!(values(&store, "v").iter().all(|value| *value == 1.0));
    store.compact().unwrap();
    assert!(values(&store, "v").iter().all(|value| *value == 1.0));
    whole(&store);
}

#[test]
fn parts_go_with_the_segments_that_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let store = with_array_kept(&path, Some(0));
    store.flush().unwrap();
    let worker = worker(&begin(&store, 1), 0);
    for step in 0..6 {
        write(&worker, "v", &[0, 0, 0], &SHAPE, step as f32).unwrap();
        import(&store, &[worker.export().unwrap()]).unwrap();
        store.flush().unwrap();
        worker.renew(&begin(&store, 1)).unwrap();
        // What a ticket knew stays as long as that is the last.
        assert!(files_of_workers(&path).len() <= 2, "{:?}", files_of_workers(&path));
        assert!(values(&store, "v").iter().all(|value| *value == step as f32));
        assert!(values(&worker, "v").iter().all(|value| *value == step as f32));
    }
    whole(&store);
}

#[test]
fn cells_that_were_written_ahead_are_exported_and_are_somebodys() {
    let folder = tempfile::tempdir().unwrap();
    // No chunk of which a part was written waits in memory.
    let tiny = || RuntimeOptions { write_buffer_bytes: Some(1), ..runtime() };
    let store = Store::create(folder.path().join("s"), CreateOptions { runtime: tiny(), ..CreateOptions::default() });
    let store = store.unwrap();
    store.create_dataset("run").unwrap();
    store.define_array("run", "v", DType::F32, &["x"], &[16], chunked(&[8])).unwrap();
    store.flush().unwrap();
    let ticket = begin(&store, 2);
    let write_cells = |number: u32, cells: &[u64]| {
        let options = OpenOptions { runtime: tiny(), ..OpenOptions::default() };
        let worker = Store::open_worker(&ticket, number, None, options).unwrap();
        cells.iter().for_each(|cell| write(&worker, "v", &[*cell], &[1], number as f32).unwrap());
        worker.export().unwrap()
    };
    let (one, two, both) = (write_cells(1, &[0, 1, 9]), write_cells(2, &[4]), write_cells(3, &[1, 5]));
    write(&store, "v", &[2], &[1], 7.0).unwrap();
    write(&store, "v", &[3], &[1], 7.0).unwrap();
    let own = write_cells(4, &[2]);
    import(&store, &[two, one]).unwrap();
    for (export, text) in
        [(both, "workers 1 and 3: both have cell [1]"), (own, "by the handle that imports: both have cell [2]")]
    {
        let error = import(&store, &[export]).unwrap_err();
        assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains(text), "{error}");
    }
    store.flush().unwrap();
    let mut expected = [0.0; 16];
    for (cell, value) in [(0, 1.0), (1, 1.0), (9, 1.0), (4, 2.0), (2, 7.0), (3, 7.0)] {
        expected[cell] = value;
    }
    assert_eq!(values(&store, "v"), expected);
    whole(&store);
}

#[test]
fn a_ticket_counts_no_chunks_that_no_commit_has() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = RuntimeOptions { write_buffer_bytes: Some(1), ..runtime() };
    let store = Store::create(folder.path().join("s"), CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    store.create_dataset("run").unwrap();
    store.define_array("run", "v", DType::F32, &["t", "x"], &[40, 8], chunked(&[1, 8])).unwrap();
    store.flush().unwrap();
    // These are written ahead of the flush, and most of them are lost again.
    write(&store, "v", &[0, 0], &[40, 8], 1.0).unwrap();
    store.resize_array("run", "v", 10).unwrap();
    let worker = worker(&begin(&store, 1), 0);
    assert_eq!(worker.array_stats("run", "v").unwrap_err().kind(), ErrorKind::NoStats);
    write(&worker, "v", &[9, 0], &[1, 8], 2.0).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    store.flush().unwrap();
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 9.0 * 8.0 + 8.0 * 2.0);
    whole(&store);
}

#[test]
fn a_worker_exports_whatever_is_pending_of_the_length() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(&folder.path().join("s"));
    store.create_dataset("run").unwrap();
    let options = ArrayOptions { fill_value: Some(FillValue::from(0.0f32)), ..chunked(&[4, 8]) };
    store.define_array("run", "v", DType::F32, &["t", "x"], &[16, 8], options).unwrap();
    write(&store, "v", &[0, 0], &[16, 1], 1.0).unwrap();
    store.flush().unwrap();
    // A chunk of the last commit has more missing cells than are left of it.
    store.resize_array("run", "v", 13).unwrap();
    let worker = worker(&begin(&store, 1), 0);
    write(&worker, "v", &[0, 0], &[1, 8], 2.0).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    assert_eq!(worker.array_stats("run", "v").unwrap_err().kind(), ErrorKind::NoStats);
    store.flush().unwrap();
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 12.0 + 16.0);
    assert_eq!(store.array_stats("run", "v").unwrap().null_count, 13 * 8 - 12 - 8);
    whole(&store);
}

#[test]
fn cells_are_those_of_an_array_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    store.create_dataset("other").unwrap();
    store.flush().unwrap();
    let export = |number: u32, dataset: &str, value: f32| {
        let worker = worker(&begin(&store, 0), number);
        let at = Selection::region(&[0, 0, 0], &[1, 1, 1]);
        worker.write_array(dataset, "v", at, Source::from_slice(&[value])).unwrap();
        vec![worker.export().unwrap()]
    };
    import(&store, &export(1, "run", 1.0)).unwrap();
    store.rename_dataset("run", "walk").unwrap();
    let error = import(&store, &export(2, "walk", 2.0)).unwrap_err();
    assert!(error.kind() == ErrorKind::Conflict && error.to_string().contains("workers 1 and 2"), "{error}");
    // Another array of the name has none of them.
    store.delete_dataset("walk").unwrap();
    store.rename_dataset("other", "run").unwrap();
    store.define_array("run", "v", DType::F32, &["t", "y", "x"], &SHAPE, chunked(&[2, 10, 25])).unwrap();
    import(&store, &export(3, "run", 3.0)).unwrap();
    store.flush().unwrap();
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 3.0);
    whole(&store);
}

#[test]
fn an_export_without_the_one_before_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_array(&folder.path().join("s"));
    let worker = worker(&begin(&store, 1), 5);
    let [first, second, third] = [1.0, 2.0, 3.0].map(|value| {
        write(&worker, "v", &[0, 0, 0], &[4, 10, 25], value).unwrap();
        worker.export().unwrap()
    });
    let error = import(&store, std::slice::from_ref(&second)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("export 2 of worker 5 without export 1"), "{error}");
    import(&store, std::slice::from_ref(&first)).unwrap();
    assert!(import(&store, std::slice::from_ref(&third)).unwrap_err().to_string().contains("without export 2"));
    import(&store, &[third, first, second]).unwrap();
    assert_eq!(values(&store, "v").iter().sum::<f32>(), 3000.0);
    store.flush().unwrap();
    whole(&store);
}

#[test]
fn bytes_of_a_part_that_two_segments_have_are_counted_once_they_are_merged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let runtime = || RuntimeOptions { write_buffer_bytes: Some(64 << 10), ..runtime() };
    let options = CreateOptions { runtime: runtime(), codec: Some(Codec::None), ..CreateOptions::default() };
    let store = Store::create(&path, options).unwrap();
    store.create_dataset("run").unwrap();
    store.define_array("run", "v", DType::F32, &["t"], &[0], chunked(&[5000])).unwrap();
    for name in ["w", "x"] {
        store.define_array("run", name, DType::F32, &["n"], &[50_000], chunked(&[10_000])).unwrap();
    }
    store.create_dataset("more").unwrap();
    store.define_array("more", "v", DType::F32, &["t"], &[16], chunked(&[1])).unwrap();
    for step in 0..15u64 {
        store.write_array("more", "v", Selection::region(&[step], &[1]), Source::from_slice(&[step as f32])).unwrap();
        store.flush().unwrap();
    }
    // One chunk is complete, and is written ahead; of the other the last flush makes a row of a segment of its own.
    let worker = worker(&begin(&store, 1), 0);
    worker.append_array("run", "v", &[7000], Source::from_slice(&[1.0f32; 7000])).unwrap();
    import(&store, &[worker.export().unwrap()]).unwrap();
    for name in ["w", "x"] {
        write(&store, name, &[0], &[50_000], 2.0).unwrap();
    }
    store.flush().unwrap();
    whole(&store);
    for _ in 0..3 {
        write(&store, "w", &[0], &[1], 3.0).unwrap();
        store.write_array("more", "v", Selection::region(&[15], &[1]), Source::from_slice(&[1.0f32])).unwrap();
        store.flush().unwrap();
    }
    let of = |store: &Store| {
        let files = store.array_files().unwrap();
        let file = files.iter().find(|file| &*file.array == "v").unwrap();
        assert!(file.live_bytes + file.dead_bytes < file.file_bytes, "{file:?}");
        (file.live_bytes, file.dead_bytes)
    };
    let (live, dead) = of(&store);
    assert_eq!(live, 2 * 20_000 + 16 * 4, "and {dead} dead");
    store.close().unwrap();
    let store = open(&path);
    assert_eq!(of(&store), (live, dead));
    assert_eq!(values(&store, "v"), [1.0; 7000]);
}
