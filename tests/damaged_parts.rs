//! Files of workers that are damaged or gone, and lists of them: no wrong value is read, what is wrong is named, and what
//! else the store has goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RepairOptions, RuntimeOptions, Selection,
    SessionOptions, Source, Store, Target,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CHUNK: u64 = 24;
const CHUNKS: u64 = 3;
const CELLS: u64 = CHUNK * CHUNKS;

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), sync: Some(false), ..RuntimeOptions::default() }
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn write(store: &Store, array: &str, from: u64, values: &[i64]) {
    let (start, count) = ([from], [values.len() as u64]);
    store.write_array("run", array, Selection::region(&start, &count), Source::from_slice(values)).unwrap();
}

fn chunk_of(store: &Store, array: &str, chunk: u64) -> Result<Vec<i64>, atlas_store::Error> {
    let mut values = vec![-1; CHUNK as usize];
    let region = ([chunk * CHUNK], [CHUNK]);
    store.read_array("run", array, Selection::region(&region.0, &region.1), Target::from_slice(&mut values))?;
    Ok(values)
}

fn expected(chunk: u64) -> Vec<i64> {
    (chunk * CHUNK..(chunk + 1) * CHUNK).map(|cell| 1000 + cell as i64).collect()
}

fn files_of_workers(path: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.file_name().unwrap().to_str().unwrap().split('-').count() == 4).collect();
    files.sort();
    files
}

/// A store whose array `v` two workers have written, the first its first two chunks, and whose array `w` nobody else has; the
/// file of the first worker, and the segment that names it.
fn store(path: &Path, keep: u32) -> (PathBuf, PathBuf) {
    let options = CreateOptions {
        codec: Some(Codec::None),
        shuffle: Some(false),
        keep_generations: Some(keep),
        runtime: runtime(),
        ..CreateOptions::default()
    };
    let store = Store::create(path, options).unwrap();
    store.create_dataset("run").unwrap();
    for array in ["v", "w"] {
        let options = ArrayOptions { chunk_shape: Some(vec![CHUNK]), ..ArrayOptions::default() };
        store.define_array("run", array, DType::I64, &[array], &[CELLS], options).unwrap();
    }
    write(&store, "w", 0, &[7; CELLS as usize]);
    store.flush().unwrap();
    let ticket = store.session_begin(SessionOptions::default()).unwrap();
    let export = |number, chunks: std::ops::Range<u64>| {
        let options = OpenOptions { runtime: runtime(), ..OpenOptions::default() };
        let worker = Store::open_worker(&ticket, number, None, options).unwrap();
        chunks.for_each(|chunk| write(&worker, "v", chunk * CHUNK, &expected(chunk)));
        worker.export().unwrap()
    };
    let exports = [export(0, 0..2), export(1, 2..3)];
    store.import(&exports.each_ref().map(|export| &export[..])).unwrap();
    store.flush().unwrap();
    store.close().unwrap();
    let part = files_of_workers(path).remove(0);
    let mut segments = std::fs::read_dir(path.join("v")).unwrap().map(|entry| entry.unwrap().path());
    (part, segments.find(|file| file.file_name().unwrap().to_str().unwrap().split('-').count() == 2).unwrap())
}

/// Reads all; whether a chunk of `v` cannot be, which says which file is to blame.
fn reads(store: &Store, file: &Path, what: &str) -> bool {
    for chunk in 0..CHUNKS {
        assert_eq!(chunk_of(store, "w", chunk).unwrap(), [7; CHUNK as usize], "{what}");
    }
    let mut is_hit = false;
    for chunk in 0..CHUNKS {
        match chunk_of(store, "v", chunk) {
            Ok(values) => assert_eq!(values, expected(chunk), "{what}: other values of chunk {chunk}"),
            Err(error) => {
                let name = file.file_name().unwrap().to_str().unwrap();
                assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(name), "{what}: {error}");
                is_hit = true;
            }
        }
    }
    is_hit
}

/// A damage is named, with the arrays that it hits, and neither writes nor compactions mind it elsewhere.
fn check(path: &Path, file: &Path, what: &str) {
    let store = open(path, Mode::ReadWrite);
    let is_hit = reads(&store, file, what);
    let mut damages = Vec::new();
    store.verify(&mut |damage| damages.push(damage.clone())).unwrap();
    assert!(damages.iter().any(|damage| damage.file == file), "{what}: verify names {damages:?}");
    let affected = damages.iter().flat_map(|damage| store.affected_by(damage).unwrap()).collect::<Vec<_>>();
    assert!(affected.iter().all(|affected| &*affected.array == "v"), "{what}: {affected:?}");
    assert!(!is_hit || !affected.is_empty(), "{what}: what cannot be read is not told of");
    write(&store, "w", 0, &[8; 5]);
    store.flush().unwrap();
    if let Err(error) = store.compact() {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(name), "{what}: {error}");
    }
    write(&store, "w", 0, &[7; 5]);
    store.flush().unwrap();
    reads(&store, file, what);
    // What is damaged can be written anew, and deleted.
    write(&store, "v", 0, &(0..CELLS as i64).map(|cell| 1000 + cell).collect::<Vec<_>>());
    store.flush().unwrap();
    assert!(!reads(&store, file, what), "{what}: written anew");
    store.delete_array("run", "v").unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(store.verify(&mut |damage| panic!("{what}: {damage:?}")).unwrap(), 0);
    store.close().unwrap();
}

/// Copies a store.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let to = to.join(entry.file_name().unwrap());
        match entry.is_dir() {
            true => copy(&entry, &to),
            false => _ = std::fs::copy(&entry, &to).unwrap(),
        }
    }
}

#[test]
fn flipped_bytes_of_parts_and_of_lists_of_parts_are_never_values() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole"), folder.path().join("s"));
    let (part, segment) = store(&whole, 1);
    for file in [part, segment] {
        let bytes = std::fs::read(&file).unwrap();
        let file = path.join(file.strip_prefix(&whole).unwrap());
        for at in (0..bytes.len()).step_by(7) {
            copy(&whole, &path);
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&file, damaged).unwrap();
            check(&path, &file, &format!("byte {at} of {} of {}", bytes.len(), file.display()));
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
}

#[test]
fn parts_that_are_gone_or_short_are_named() {
    for length in [None, Some(0), Some(31), Some(200)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let (part, _) = store(&path, 1);
        match length {
            None => std::fs::remove_file(&part).unwrap(),
            Some(length) => std::fs::write(&part, &std::fs::read(&part).unwrap()[..length]).unwrap(),
        }
        let report = Store::repair(&path, RepairOptions::default()).unwrap();
        assert!(!report.was_whole && report.damaged.len() == 1, "{length:?}: {report:?}");
        let said = &report.damaged[0];
        assert!(said.file == part && said.message.contains(part.to_str().unwrap()), "{said:?}");
        assert_eq!(said.arrays, [("run".into(), "v".into())]);
        check(&path, &part, &format!("a part of {length:?} bytes"));
    }
}

#[test]
fn a_repair_finds_values_that_lie_in_parts() {
    for keep in [0, 3] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let (part, _) = store(&path, keep);
        std::fs::remove_file(path.join("atlas.json")).unwrap();
        let lost = folder.path().join("lost");
        copy(&path, &lost);
        let report = Store::repair(&path, RepairOptions { salvage: true }).unwrap();
        assert!(!report.salvaged.is_empty(), "{report:?}");
        let store = open(&path, Mode::ReadWrite);
        assert!(!reads(&store, &part, "salvaged"));
        assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
        store.compact().unwrap();
        assert!(!reads(&store, &part, "salvaged and compacted"));
        // Without the part the segment that needs it is lost, and that is said.
        std::fs::remove_file(lost.join(part.strip_prefix(&path).unwrap())).unwrap();
        let report = Store::repair(&lost, RepairOptions { salvage: true }).unwrap();
        let name = part.file_name().unwrap().to_str().unwrap();
        assert!(report.losses.iter().any(|loss| loss.contains(name)), "{report:?}");
        let store = open(&lost, Mode::Read);
        assert_eq!(chunk_of(&store, "w", 0).unwrap(), [7; CHUNK as usize]);
        assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    }
}
