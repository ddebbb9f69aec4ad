//! Handles that read one store in one process: what they have in common, and that each sees its own commit of its own store.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

#[allow(dead_code, reason = "peaks are others' to look at")]
#[path = "../fuzz/src/allocations.rs"]
mod allocations;

use allocations::{Counting, live};
use atlas_store::{
    ArrayOptions, CreateOptions, DType, Error, ErrorKind, IfExists, Mode, OpenOptions, RuntimeOptions, Selection,
    Source, Store, Target,
};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The tests count the memory and the files of the process: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

const DATASETS: usize = 5000;

fn name(number: usize) -> String {
    format!("run/{number:05}")
}

/// Value `cell` of dataset `number`, as the commit that is counted `commit` has it.
fn value(number: usize, commit: usize, cell: usize) -> f64 {
    (number * 1000 + commit * 10 + cell) as f64
}

fn write(store: &Arc<Store>, number: usize, commit: usize) {
    let values: [f64; 8] = std::array::from_fn(|cell| value(number, commit, cell));
    store.write_array(&name(number), "v", Selection::all(1), Source::from_slice(&values)).unwrap();
}

/// A store of many datasets, all of whose records are in the root.
fn create(path: &Path, if_exists: IfExists) -> Arc<Store> {
    create_with(path, if_exists, None)
}

/// The same with so many bytes of records in the root.
fn create_with(path: &Path, if_exists: IfExists, root_bytes: Option<u64>) -> Arc<Store> {
    let runtime = RuntimeOptions { sync: Some(false), root_bytes, ..RuntimeOptions::default() };
    let options = CreateOptions { runtime, if_exists, keep_generations: Some(8), ..CreateOptions::default() };
    let store = Store::create(path, options).unwrap();
    for number in 0..DATASETS {
        let dataset = store.create_dataset(&name(number)).unwrap();
        dataset.define_array("v", DType::F64, &["x"], &[8], ArrayOptions::default()).unwrap();
        write(&store, number, 1);
    }
    store.flush().unwrap();
    store
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::Read, OpenOptions::default()).unwrap()
}

fn read(store: &Arc<Store>, number: usize) -> Vec<f64> {
    let mut values = vec![0.0; 8];
    store.read_array(&name(number), "v", Selection::all(1), Target::from_slice(&mut values)).unwrap();
    values
}

/// Checks that a handle sees what the commit counted `commit` has of some datasets.
fn assert_sees(store: &Arc<Store>, commit: usize) {
    for number in (0..DATASETS).step_by(DATASETS / 20) {
        let expected: Vec<f64> = (0..8).map(|cell| value(number, commit, cell)).collect();
        assert_eq!(read(store, number), expected, "dataset {number}, commit {commit}");
    }
}

fn commit(store: &Arc<Store>, commit: usize) {
    (0..DATASETS).step_by(DATASETS / 20).for_each(|number| write(store, number, commit));
    store.flush().unwrap();
}

#[test]
fn handles_have_a_commit_in_memory_once() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let writer = create(&path, IfExists::Fail);
    let grown = |count: usize| {
        let before = live();
        let handles: Vec<_> = (0..count).map(|_| open(&path)).collect();
        handles.iter().for_each(|handle| assert_sees(handle, 1));
        (live() - before, handles)
    };
    let (first, one) = grown(1);
    let (each, twenty) = grown(20);
    println!("the first handle: {first} bytes, twenty more: {each}");
    assert!(first > 500_000, "{first} bytes are no root of {DATASETS} datasets");
    assert!(each < first, "{each} bytes for twenty more handles, {first} for the first");
    // So it is when all have moved on, and one after the other they end.
    commit(&writer, 2);
    let before = live();
    for handle in one.iter().chain(&twenty) {
        assert!(handle.refresh().unwrap());
        assert_sees(handle, 2);
    }
    let more = live().saturating_sub(before);
    assert!(more < first / 2, "{more} bytes more after a refresh, {first} for the first handle");
    drop(one);
    twenty.iter().for_each(|handle| assert_sees(handle, 2));
    drop(twenty);
}

#[test]
fn each_handle_sees_its_own_commit() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let writer = create(&path, IfExists::Fail);
    let first = open(&path);
    let generation = *first.generations().unwrap().last().unwrap();
    assert_sees(&first, 1);
    commit(&writer, 2);
    let second = open(&path);
    commit(&writer, 3);
    let third = open(&path);
    let earlier = Store::open_at(&path, generation, OpenOptions::default()).unwrap();
    for (handle, sees) in [(&first, 1), (&second, 2), (&third, 3), (&earlier, 1)] {
        assert_sees(handle, sees);
    }
    assert!(first.refresh().unwrap());
    assert_sees(&first, 3);
    assert_sees(&earlier, 1);
    drop((first, third));
    writer.compact().unwrap();
    commit(&writer, 4);
    let fourth = open(&path);
    for (handle, sees) in [(&second, 2), (&earlier, 1), (&fourth, 4), (&writer, 4)] {
        assert_sees(handle, sees);
    }
    // Each has its own end.
    fourth.close().unwrap();
    assert_eq!(fourth.has_dataset("run/00000").unwrap_err().kind(), ErrorKind::InvalidHandle);
    assert!(second.refresh().unwrap());
    assert_sees(&second, 4);
}

#[test]
fn another_store_in_the_place_is_another() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    create(&path, IfExists::Fail).close().unwrap();
    let old = open(&path);
    assert_sees(&old, 1);
    // The same datasets, arrays and generations, and other values.
    let moved = dir.path().join("moved");
    std::fs::rename(&path, &moved).unwrap();
    let other = create(&path, IfExists::Fail);
    commit(&other, 7);
    other.close().unwrap();
    assert_sees(&open(&path), 7);
    assert_sees(&open(&moved), 1);
    assert_eq!(old.refresh().unwrap_err().kind(), ErrorKind::Conflict);
    // Begun anew it is the same store.
    let seven = open(&path);
    let anew = create(&path, IfExists::Replace);
    commit(&anew, 5);
    assert_sees(&open(&path), 5);
    assert_sees(&seven, 7);
    assert!(seven.refresh().unwrap());
    assert_sees(&seven, 5);
}

#[test]
fn a_file_is_open_as_long_as_a_handle_needs_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    create(&path, IfExists::Fail).close().unwrap();
    let (one, other) = (open(&path), open(&path));
    let segment = segment_of(&path);
    let count = || {
        let fds = std::fs::read_dir("/proc/self/fd").unwrap();
        fds.filter(|fd| std::fs::read_link(fd.as_ref().unwrap().path()).is_ok_and(|file| file == segment)).count()
    };
    assert_eq!(count(), 0);
    assert_sees(&one, 1);
    assert_sees(&other, 1);
    assert_eq!(count(), 1, "the two have it open once");
    let writer = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    (0..DATASETS).for_each(|number| write(&writer, number, 2));
    writer.close().unwrap();
    drop(writer);
    assert!(one.refresh().unwrap());
    assert_sees(&one, 2);
    assert_eq!(count(), 1, "the other handle still reads from it");
    assert_sees(&other, 1);
    assert!(other.refresh().unwrap());
    assert_sees(&other, 2);
    assert_eq!(count(), 0, "nobody reads from it any more");
}

/// The one segment of a store.
fn segment_of(path: &Path) -> PathBuf {
    std::fs::read_dir(path.join("v")).unwrap().next().unwrap().unwrap().path()
}

/// Has other bytes in the middle of a file, which stays where it is.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
    std::fs::write(file, bytes).unwrap();
}

/// Reads all datasets.
fn read_all(store: &Arc<Store>) -> Result<(), Error> {
    let mut values = [0.0; 8];
    (0..DATASETS)
        .try_for_each(|number| store.read_array(&name(number), "v", Selection::all(1), Target::from_slice(&mut values)))
}

#[test]
fn a_copy_of_a_store_is_another() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let (path, copy) = (dir.path().join("s"), dir.path().join("copy"));
    create(&path, IfExists::Fail).close().unwrap();
    let handle = open(&path);
    read_all(&handle).unwrap();
    assert!(Command::new("cp").arg("-r").args([&path, &copy]).status().unwrap().success());
    damage(&segment_of(&copy));
    let error = read_all(&open(&copy)).unwrap_err();
    assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains("copy/v"), "{error}");
    read_all(&handle).unwrap();
}

/// Whoever had met the damage, and still has the store open.
#[test]
fn a_file_that_is_put_back_is_read() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    for root_bytes in [None, Some(0)] {
        let path = dir.path().join(format!("{root_bytes:?}"));
        create_with(&path, IfExists::Fail, root_bytes).close().unwrap();
        let mut files = vec![segment_of(&path)];
        if root_bytes.is_some() {
            let mut catalogue = std::fs::read_dir(path.join("atlas.catalogue")).unwrap();
            files.push(catalogue.next().unwrap().unwrap().path());
        }
        for file in files {
            let backup = dir.path().join("backup");
            std::fs::copy(&file, &backup).unwrap();
            damage(&file);
            let met = open(&path);
            assert_eq!(read_all(&met).unwrap_err().kind(), ErrorKind::Corrupt, "{}", file.display());
            std::fs::rename(&backup, &file).unwrap();
            read_all(&open(&path)).unwrap();
            read_all(&met).unwrap();
        }
    }
}
