//! Small segments of many array names in one file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RepairOptions, RuntimeOptions, Selection, Source,
    Store, Target,
};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NAMES: usize = 40;

fn runtime() -> RuntimeOptions {
    RuntimeOptions { sync: Some(false), ..RuntimeOptions::default() }
}

/// A store with the dataset "run".
fn made() -> (tempfile::TempDir, PathBuf, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions { runtime: runtime(), ..CreateOptions::default() }).unwrap();
    store.create_dataset("run").unwrap();
    (dir, path, store)
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn name(number: usize) -> String {
    format!("v{number:03}")
}

fn define(store: &Store, names: std::ops::Range<usize>) {
    for number in names {
        // Each grows by itself.
        let (name, time) = (name(number), format!("time {number}"));
        store.define_array("run", &name, DType::F64, &[&*time, "x"], &[0, 3], ArrayOptions::default()).unwrap();
    }
}

fn value(number: usize, step: u64, x: u64) -> f64 {
    (number as u64 * 10_000 + step * 3 + x) as f64
}

fn append(store: &Store, names: impl IntoIterator<Item = usize>, step: u64) {
    for number in names {
        let row = [0, 1, 2].map(|x| value(number, step, x));
        store.append_array("run", &name(number), &[1, 3], Source::from_slice(&row)).unwrap();
    }
}

fn check(store: &Store, number: usize, steps: u64) {
    let mut found = vec![0f64; steps as usize * 3];
    store.read_array("run", &name(number), Selection::all(2), Target::from_slice(&mut found)).unwrap();
    let right: Vec<f64> = (0..steps).flat_map(|step| (0..3).map(move |x| value(number, step, x))).collect();
    assert_eq!(found, right, "{number}");
}

/// All files of a store but its roots and `.lock`, from its folder on.
fn files(path: &Path) -> BTreeSet<PathBuf> {
    let folders = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.map(|file| file.strip_prefix(path).unwrap().to_owned()).collect()
}

fn bundles(path: &Path) -> usize {
    files(path).iter().filter(|file| file.starts_with("atlas.bundles")).count()
}

fn assert_whole(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn a_flush_of_many_names_makes_one_file_and_many_flushes_few() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    append(&store, 0..NAMES, 0);
    store.flush().unwrap();
    assert_eq!((files(&path).len(), bundles(&path)), (1, 1));
    for step in 1..70 {
        append(&store, 0..NAMES, step);
        store.flush().unwrap();
        // Sixteen, those that a kept commit needs, and those taken up.
        assert!(files(&path).len() <= 40, "{} files after {step} steps", files(&path).len());
    }
    assert_whole(&store);
    store.close().unwrap();
    let store = open(&path, Mode::Read);
    (0..NAMES).for_each(|number| check(&store, number, 70));
    assert_whole(&store);
}

#[test]
fn few_names_and_large_segments_have_files_of_their_own() {
    let (_dir, path, store) = made();
    define(&store, 0..4);
    append(&store, 0..4, 0);
    store.flush().unwrap();
    assert_eq!((files(&path).len(), bundles(&path)), (4, 0));
    define(&store, 4..6);
    append(&store, 0..6, 1);
    append(&store, 4..6, 0);
    let large: Vec<f64> = (0..40_000).map(|i| (i as f64).sin()).collect();
    store.define_array("run", "large", DType::F64, &["n"], &[40_000], ArrayOptions::default()).unwrap();
    store.write_array("run", "large", Selection::all(1), Source::from_slice(&large)).unwrap();
    store.flush().unwrap();
    assert_eq!((files(&path).len(), bundles(&path)), (6, 1), "{:?}", files(&path));
    assert!(!path.join(name(4)).exists(), "a name whose segments are bundled has no folder");
    // A name that was in a bundle alone gets a folder when it is written alone.
    append(&store, [4], 2);
    store.flush().unwrap();
    assert!(path.join(name(4)).is_dir());
    (0..4).for_each(|number| check(&store, number, 2));
}

#[test]
fn a_bundle_goes_with_the_last_of_its_segments() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    append(&store, 0..NAMES, 0);
    store.flush().unwrap();
    let first = files(&path);
    assert_eq!(first.len(), 1);
    for step in 1..40 {
        append(&store, 1..NAMES, step);
        store.flush().unwrap();
    }
    // Of the first bundle, name 0 alone still has its segment.
    assert!(first.is_subset(&files(&path)));
    check(&store, 0, 1);
    store.compact().unwrap();
    let compacted = files(&path);
    // Name 0 has a file of its own, the others stay in their bundle.
    assert_eq!((compacted.len(), bundles(&path)), (2, 1), "{compacted:?}");
    assert_whole(&store);
    store.compact().unwrap();
    assert_eq!(files(&path), compacted, "there is nothing to gain");
    check(&store, 0, 1);
    (1..NAMES).for_each(|number| check(&store, number, 40));
    // One name leaves the bundle: the others are written anew, to fill the gap.
    store.delete_array("run", &name(7)).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert!(bundles(&path) == 1 && files(&path) != compacted);
    assert_whole(&store);
    assert_eq!(store.info().unwrap().dead_bytes, 0);
    (0..NAMES).filter(|number| *number != 7).for_each(|number| check(&store, number, if number == 0 { 1 } else { 40 }));
}

#[test]
fn what_appends_write_anew_goes_out_of_use_at_once() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    for step in 0..40 {
        append(&store, 0..NAMES, step);
        store.flush().unwrap();
        let info = store.info().unwrap();
        assert_eq!((info.segment_count, info.dead_bytes), (NAMES as u64, 0));
        // That of the last commit, that of the one before it, and one that nothing needs any more.
        assert!(bundles(&path) <= 3);
        // What is at hand of a chunk is that which is stored.
        check(&store, step as usize, step + 1);
    }
    // The next append finds rows that are gone as it must.
    store.resize_array("run", &name(3), 38).unwrap();
    store.flush().unwrap();
    append(&store, [3], 38);
    store.flush().unwrap();
    check(&store, 3, 39);
    store.close().unwrap();
    let store = open(&path, Mode::ReadWrite);
    (0..NAMES).for_each(|number| check(&store, number, if number == 3 { 39 } else { 40 }));
    assert_whole(&store);
    let live = store.info().unwrap().live_bytes;
    store.compact().unwrap();
    assert_eq!(store.info().unwrap().live_bytes, live);
}

#[test]
fn a_kept_commit_and_a_reader_keep_bundles() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    append(&store, 0..NAMES, 0);
    store.flush().unwrap();
    store.pin("first").unwrap();
    store.flush().unwrap();
    let pinned = store.pin_generation("first").unwrap();
    let reader = open(&path, Mode::Read);
    for step in 1..40 {
        append(&store, 0..NAMES, step);
        store.flush().unwrap();
    }
    store.compact().unwrap();
    check(&reader, 3, 1);
    drop(reader);
    append(&store, 0..NAMES, 40);
    store.flush().unwrap();
    let first = Store::open_at(&path, pinned, OpenOptions::default()).unwrap();
    (0..NAMES).for_each(|number| check(&first, number, 1));
    drop(first);
    store.rollback(pinned).unwrap();
    (0..NAMES).for_each(|number| check(&store, number, 1));
    assert_whole(&store);
}

#[test]
fn segments_in_a_bundle_are_salvaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let options = CreateOptions { keep_generations: Some(0), runtime: runtime(), ..CreateOptions::default() };
    let store = Store::create(&path, options).unwrap();
    store.create_dataset("run").unwrap();
    for number in 0..NAMES {
        // Each row stays in its segment.
        let (time, options) =
            (format!("time {number}"), ArrayOptions { chunk_shape: Some(vec![1, 3]), ..Default::default() });
        store.define_array("run", &name(number), DType::F64, &[&*time, "x"], &[0, 3], options).unwrap();
    }
    for step in 0..3 {
        append(&store, 0..NAMES, step);
        store.flush().unwrap();
    }
    store.close().unwrap();
    fs::remove_file(path.join("atlas.json")).unwrap();
    let error = Store::open(&path, Mode::Read, OpenOptions::default()).err().unwrap();
    assert!(error.to_string().contains("has lost its root"), "{error}");
    // The last bundle is cut short in its last segment.
    let last = files(&path).pop_last().unwrap();
    let bytes = fs::read(path.join(&last)).unwrap();
    fs::write(path.join(&last), &bytes[..bytes.len() - 100]).unwrap();
    let report = Store::repair(&path, RepairOptions { salvage: true }).unwrap();
    assert_eq!((report.arrays, report.newer_count), (NAMES as u64, NAMES as u64));
    assert_eq!(report.losses.iter().filter(|loss| loss.contains("are lost") && loss.contains(".bundle")).count(), 1);
    let store = open(&path, Mode::ReadWrite);
    let short: Vec<usize> = (0..NAMES).filter(|n| store.array_info("run", &name(*n)).unwrap().shape[0] == 2).collect();
    assert_eq!(short.len(), 1);
    (0..NAMES).for_each(|number| check(&store, number, if short.contains(&number) { 2 } else { 3 }));
    append(&store, 0..NAMES, 3);
    store.close().unwrap();
    assert_whole(&open(&path, Mode::Read));
}

#[test]
fn a_chunk_in_a_bundle_lies_where_it_is_said_to() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    append(&store, 0..NAMES, 0);
    store.flush().unwrap();
    for number in 0..NAMES {
        let places = store.chunk_places("run", &name(number)).unwrap();
        let place = places.places[0];
        assert!(places.files[0].starts_with("atlas.bundles/"));
        let bytes = fs::read(path.join(&places.files[0])).unwrap();
        let stored = &bytes[place.offset as usize..][..place.stored_len as usize];
        assert_eq!(Some(crc32c::crc32c(stored)), place.checksum);
        let decoded = store.stored_chunk(&places, 0).unwrap();
        assert_eq!(decoded[..8], value(number, 0, 0).to_le_bytes());
    }
}

#[test]
fn damage_in_a_bundle_is_that_of_one_array() {
    let (_dir, path, store) = made();
    define(&store, 0..NAMES);
    append(&store, 0..NAMES, 0);
    store.flush().unwrap();
    let places = store.chunk_places("run", &name(9)).unwrap();
    store.close().unwrap();
    let file = path.join(&places.files[0]);
    let mut bytes = fs::read(&file).unwrap();
    bytes[places.places[0].offset as usize] ^= 1;
    fs::write(&file, bytes).unwrap();
    let store = open(&path, Mode::ReadWrite);
    let mut damages = Vec::new();
    store.verify(&mut |damage| damages.push(damage.clone())).unwrap();
    assert_eq!(damages.len(), 1);
    assert_eq!((damages[0].offset, &damages[0].file), (places.places[0].offset, &file));
    let affected = store.affected_by(&damages[0]).unwrap();
    assert_eq!(affected.iter().map(|hit| &*hit.array).collect::<Vec<_>>(), [name(9)]);
    let mut row = [0f64; 3];
    let error = store.read_array("run", &name(9), Selection::all(2), Target::from_slice(&mut row)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    (0..NAMES).filter(|number| *number != 9).for_each(|number| check(&store, number, 1));
    // What is not damaged can be compacted, and the damaged array be deleted; then nothing needs the bundle.
    append(&store, (0..NAMES).filter(|number| *number != 9), 1);
    store.flush().unwrap();
    let error = store.compact().unwrap_err();
    assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(&name(9)), "{error}");
    check(&store, 8, 2);
    store.delete_array("run", &name(9)).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_whole(&store);
    assert!(!file.exists());
}

#[test]
fn a_root_that_says_what_cannot_be_of_a_bundle_is_refused() {
    let (_dir, path, store) = made();
    define(&store, 0..6);
    append(&store, 0..6, 0);
    store.close().unwrap();
    let root = fs::read_to_string(path.join("atlas.json")).unwrap();
    let at = root.find("\"at\":40").expect("the first segment");
    for wrong in ["\"at\":0", "\"at\":39", "\"at\":18446744073709551615", "\"at\":9223372036854775807"] {
        let changed = format!("{}{wrong}{}", &root[..at], &root[at + 7..]);
        fs::write(path.join("atlas.json"), with_checksum(&changed)).unwrap();
        let error = Store::open(&path, Mode::Read, OpenOptions::default()).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{wrong}: {error}");
    }
    // Right in form: the bundle itself says otherwise.
    let changed = format!("{}\"at\":41{}", &root[..at], &root[at + 7..]);
    fs::write(path.join("atlas.json"), with_checksum(&changed)).unwrap();
    let store = open(&path, Mode::Read);
    let read = |number: &usize| {
        let mut row = [0f64; 3];
        store.read_array("run", &name(*number), Selection::all(2), Target::from_slice(&mut row))
    };
    // Whichever came first into the bundle.
    let hit: Vec<_> = (0..6).filter(|number| read(number).is_err_and(|e| e.kind() == ErrorKind::Corrupt)).collect();
    assert_eq!(hit.len(), 1);
    (0..6).filter(|number| *number != hit[0]).for_each(|number| check(&store, number, 1));
}

/// A JSON root with the trailer that belongs to it.
fn with_checksum(root: &str) -> String {
    let body = &root[..root.rfind(",\"checksum\"").expect("a trailer")];
    format!("{body},\"checksum\":\"crc32c:{:08x}\"}}\n", crc32c::crc32c(body.as_bytes()))
}
