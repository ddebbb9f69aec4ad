//! Snapshots and what takes them away: merges, compactions, rollbacks, damaged kept roots, other stores in the place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::{LocalDisk, Storage};
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RuntimeOptions, Selection, Source, Store, Target,
};
use common::{Hooked, Hooks, Operation};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Barrier};

const CELLS: usize = 2000;

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), cache_bytes: Some(0), sync: Some(false), ..RuntimeOptions::default() }
}

fn create(path: &Path, keep_generations: Option<u32>) -> Arc<Store> {
    let store =
        Store::create(path, CreateOptions { keep_generations, runtime: runtime(), ..Default::default() }).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    dataset.define_array("t", DType::I64, &["x"], &[CELLS as u64], ArrayOptions::default()).unwrap();
    store
}

fn open(path: &Path, mode: Mode) -> Arc<Store> {
    Store::open(path, mode, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap()
}

fn open_on(hooks: &Arc<impl Hooks + 'static>, path: &Path, mode: Mode) -> atlas_store::Result<Arc<Store>> {
    let storage: Arc<dyn Storage> = Arc::new(Hooked(Arc::new(LocalDisk), hooks.clone()));
    Store::open_on(storage, path, mode, OpenOptions { runtime: runtime(), ..OpenOptions::default() })
}

fn write(store: &Store, value: i64) {
    store.write_array("d", "t", Selection::all(1), Source::from_slice(&[value; CELLS])).unwrap();
    let name = format!("own {value}");
    store.create_dataset(&name).unwrap();
    store.define_array(&name, "t", DType::I64, &["x"], &[CELLS as u64], ArrayOptions::default()).unwrap();
    store.write_array(&name, "t", Selection::all(1), Source::from_slice(&[value; CELLS])).unwrap();
}

fn commit(store: &Store, value: i64) -> u64 {
    write(store, value);
    store.flush().unwrap();
    store.info().unwrap().generation
}

/// Whether all that a store holds is read, and is what the commit of `value` wrote.
#[track_caller]
fn assert_holds(store: &Store, value: i64) {
    let read = |dataset: &str| {
        let mut values = [0i64; CELLS];
        store.read_array(dataset, "t", Selection::all(1), Target::from_slice(&mut values)).unwrap();
        assert!(values.iter().all(|found| *found == values[0]), "{dataset} is torn");
        values[0]
    };
    assert_eq!(read("d"), value);
    for name in store.dataset_names().unwrap().iter().filter(|name| name.starts_with("own ")) {
        assert_eq!(format!("own {}", read(name)), **name);
    }
    assert!(store.has_dataset(&format!("own {value}")).unwrap());
}

/// Every file below a folder, with its bytes.
fn files(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry));
        } else {
            found.insert(entry.clone(), std::fs::read(&entry).unwrap());
        }
    }
    found
}

fn segments(path: &Path) -> usize {
    std::fs::read_dir(path.join("t")).map_or(0, Iterator::count)
}

/// A reader of every commit reads its own commit to the end, whatever is merged, compacted and no longer kept meanwhile.
#[test]
fn no_reader_loses_its_snapshot_to_merges() {
    for keep in [Some(0), None, Some(3), Some(100)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, keep);
        let mut readers = Vec::new();
        for value in 1..=40i64 {
            commit(&store, value);
            readers.push((open(&path, Mode::Read), value));
            if value % 13 == 0 {
                store.compact().unwrap();
            }
            let (reader, own) = &readers[value as usize * 7 % readers.len()];
            assert_holds(reader, *own);
        }
        assert!(store.info().unwrap().segment_count < 40, "nothing was merged");
        store.compact().unwrap();
        for (reader, value) in &readers {
            assert_holds(reader, *value);
            assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
        }
    }
}

/// Another store in the place of the opened one is a conflict for readers and writers, and a reader keeps its snapshot.
#[test]
fn another_store_in_the_place_is_a_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let [path, other, aside] = ["s", "other", "aside"].map(|name| dir.path().join(name));
    let writer = create(&path, None);
    commit(&writer, 1);
    let second = create(&other, None);
    commit(&second, 2);
    commit(&second, 3);
    second.close().unwrap();
    let reader = open(&path, Mode::Read);
    assert_holds(&reader, 1);
    std::fs::rename(&path, &aside).unwrap();
    std::fs::rename(&other, &path).unwrap();
    let before = files(&path);
    for _ in 0..2 {
        let error = reader.refresh().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains(&path.display().to_string()), "{error}");
        assert_holds(&reader, 1);
    }
    write(&writer, 4);
    let error = writer.flush().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    writer.discard();
    assert_eq!(files(&path), before, "the other store is as it was");
    assert_holds(&open(&path, Mode::Read), 3);
    std::fs::rename(&path, &other).unwrap();
    std::fs::rename(&aside, &path).unwrap();
    assert_holds(&open(&path, Mode::Read), 1);
    assert!(!reader.refresh().unwrap());
}

/// A flush does not follow a folder that has become a symbolic link, and works once the folder is back.
#[test]
fn a_flush_into_a_folder_that_is_a_link_writes_nothing_outside() {
    let dir = tempfile::tempdir().unwrap();
    let [path, outside] = ["s", "outside"].map(|name| dir.path().join(name));
    let store = create(&path, None);
    commit(&store, 1);
    std::fs::rename(path.join("t"), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, path.join("t")).unwrap();
    let (before, root) = (files(&outside), std::fs::read(path.join("atlas.json")).unwrap());
    write(&store, 2);
    for _ in 0..2 {
        let error = store.flush().unwrap_err();
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        assert_eq!(files(&outside), before, "something was written outside");
        assert_eq!(std::fs::read(path.join("atlas.json")).unwrap(), root);
    }
    std::fs::remove_file(path.join("t")).unwrap();
    std::fs::rename(&outside, path.join("t")).unwrap();
    store.flush().unwrap();
    assert_holds(&store, 2);
    store.close().unwrap();
    assert_holds(&open(&path, Mode::Read), 2);
}

/// Descriptors of files under a folder: how many, and how many of files that were removed.
fn descriptors(path: &Path) -> (usize, usize) {
    let open: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .map(|file| file.display().to_string())
        .filter(|file| file.starts_with(&format!("{}/", path.display())))
        .collect();
    (open.len(), open.iter().filter(|file| file.ends_with("(deleted)")).count())
}

/// As many descriptors are open after many commits, compactions, opens and refreshes as before, none of removed files.
#[test]
fn descriptors_are_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    commit(&store, 1);
    let reader = open(&path, Mode::Read);
    let mut first = None;
    for value in 2..=60 {
        commit(&store, value);
        assert_holds(&store, value);
        assert!(reader.refresh().unwrap());
        assert_holds(&reader, value);
        if value % 3 == 0 {
            store.compact().unwrap();
            assert!(reader.refresh().unwrap());
            assert_holds(&open(&path, Mode::Read), value);
            assert_holds(&reader, value);
            assert_holds(&store, value);
            store.compact().unwrap();
            let (open, removed) = descriptors(&path);
            assert_eq!(removed, 0, "removed files are kept open after {value} commits");
            assert!(open <= *first.get_or_insert(open), "{open} descriptors after {value} commits, {first:?} at first");
        }
    }
    drop((store, reader));
    assert_eq!(descriptors(&path), (0, 0));
}

/// Refuses one sync.
struct Unsynced(AtomicI64);

impl Hooks for Unsynced {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        match matches!(operation, Operation::Sync(..)) && self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            true => Err(io::Error::from_raw_os_error(5)),
            false => Ok(()),
        }
    }
}

/// A poisoned writer refuses rollback and compact, changes nothing on disk with them, and reads go on.
#[test]
fn a_poisoned_writer_neither_rolls_back_nor_compacts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(5));
    let first = commit(&store, 1);
    commit(&store, 2);
    store.close().unwrap();
    let hooks = Arc::new(Unsynced(AtomicI64::new(0)));
    let storage: Arc<dyn Storage> = Arc::new(Hooked(Arc::new(LocalDisk), hooks));
    let store = Store::open_on(storage, &path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    write(&store, 3);
    assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Poisoned);
    let before = files(&path);
    for _ in 0..2 {
        let error = store.rollback(first).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
        let error = store.compact().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
        assert!(files(&path) == before, "something changed on disk");
        assert_holds(&store, 3);
    }
    store.discard();
    assert_holds(&open(&path, Mode::Read), 2);
}

/// Cannot open files of one name.
struct Unreadable(PathBuf, AtomicBool);

impl Hooks for Unreadable {
    fn opening(&self, path: &Path) -> io::Result<()> {
        match path == self.0 && self.1.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => Ok(()),
        }
    }
}

/// A kept root that is damaged, unreadable or another store's is refused by open_at and rollback, and stands in nobody's
/// way: the store is opened and flushed, and what the other kept commits need stays.
#[test]
fn a_bad_kept_root_takes_nothing_from_the_others() {
    for bad in ["damaged", "unreadable", "another store's"] {
        let dir = tempfile::tempdir().unwrap();
        let [path, other] = ["s", "other"].map(|name| dir.path().join(name));
        let store = create(&path, Some(6));
        let mut kept = vec![(commit(&store, 1), 1)];
        // Nothing but the kept roots needs these segments after the compaction.
        for value in 2..=4 {
            kept.push((commit(&store, value), value));
        }
        store.compact().unwrap();
        store.close().unwrap();
        let (generation, _) = kept.remove(1);
        let root = path.join(format!(".atlas.json.{generation:08}"));
        let hooks = Arc::new(Unreadable(root.clone(), AtomicBool::new(bad == "unreadable")));
        if bad == "damaged" {
            let mut bytes = std::fs::read(&root).unwrap();
            bytes[30] ^= 1;
            std::fs::write(&root, bytes).unwrap();
        } else if bad == "another store's" {
            let second = create(&other, Some(6));
            for value in 1..=4 {
                commit(&second, value);
            }
            second.close().unwrap();
            std::fs::remove_file(&root).unwrap();
            std::fs::copy(other.join(root.file_name().unwrap()), &root).unwrap();
        }
        kept.pop();
        for value in 5..=6 {
            let store = open_on(&hooks, &path, Mode::ReadWrite).unwrap();
            assert!(store.generations().is_ok(), "{bad}");
            let error = store.rollback(generation).unwrap_err();
            let expected: &[ErrorKind] = match bad {
                "damaged" => &[ErrorKind::Corrupt],
                "unreadable" => &[ErrorKind::Io],
                _ => &[ErrorKind::Corrupt, ErrorKind::Conflict],
            };
            assert!(expected.contains(&error.kind()), "{bad}: {error}");
            commit(&store, value);
            store.close().unwrap();
            for (generation, value) in &kept {
                let earlier =
                    Store::open_at(&path, *generation, OpenOptions { runtime: runtime(), ..OpenOptions::default() })
                        .unwrap();
                assert_holds(&earlier, *value);
            }
            if bad == "damaged" {
                let error = Store::open_at(&path, generation, OpenOptions::default()).err().unwrap();
                assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            }
            assert_holds(&open(&path, Mode::Read), value);
        }
    }
}

/// A refresh gives back what it pinned, one that fails keeps what it had pinned, and the files go when nobody has them.
#[test]
fn a_refresh_gives_its_pin_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(0));
    for value in 1..=3 {
        commit(&store, value);
    }
    let hooks = Arc::new(Unreadable(path.join("atlas.json"), AtomicBool::new(false)));
    let reader = open_on(&hooks, &path, Mode::Read).unwrap();
    for value in 4..=6 {
        commit(&store, value);
    }
    store.compact().unwrap();
    assert!(segments(&path) > 1, "the reader's files were removed");
    hooks.1.store(true, Ordering::SeqCst);
    assert_eq!(reader.refresh().unwrap_err().kind(), ErrorKind::Io);
    store.compact().unwrap();
    assert!(segments(&path) > 1, "a refresh that failed let go of its files");
    assert_holds(&reader, 3);
    hooks.1.store(false, Ordering::SeqCst);
    assert!(reader.refresh().unwrap());
    assert_holds(&reader, 6);
    store.compact().unwrap();
    assert_eq!(segments(&path), 1, "a refresh goes on pinning");
    assert!(!reader.refresh().unwrap());
    commit(&store, 7);
    assert!(reader.refresh().unwrap());
    // One that fails when all is new does not pin for ever either.
    hooks.1.store(true, Ordering::SeqCst);
    commit(&store, 8);
    assert_eq!(reader.refresh().unwrap_err().kind(), ErrorKind::Io);
    drop(reader);
    store.compact().unwrap();
    assert_eq!(segments(&path), 1);
}

/// Waits at the opening of one file, before or after it.
struct Gate {
    file: PathBuf,
    after: bool,
    armed: AtomicBool,
    met: Barrier,
}

impl Gate {
    fn wait(&self, path: &Path, after: bool) {
        if path == self.file && after == self.after && self.armed.swap(false, Ordering::SeqCst) {
            self.met.wait();
            self.met.wait();
        }
    }
}

impl Hooks for Gate {
    fn opening(&self, path: &Path) -> io::Result<()> {
        self.wait(path, false);
        Ok(())
    }
    fn opened(&self, path: &Path) {
        self.wait(path, true);
    }
}

/// A reader that is just opening the root, or has just opened it, gets a snapshot whose files are all there.
#[test]
fn a_reader_that_is_opening_loses_nothing_to_a_compaction() {
    for (after, refreshes) in [(false, false), (true, false), (false, true), (true, true)] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, Some(0));
        for value in 1..=3 {
            commit(&store, value);
        }
        let gate = Arc::new(Gate {
            file: path.join("atlas.json"),
            after,
            armed: AtomicBool::new(!refreshes),
            met: Barrier::new(2),
        });
        std::thread::scope(|scope| {
            let opened = refreshes.then(|| open_on(&gate, &path, Mode::Read).unwrap());
            if refreshes {
                commit(&store, 4);
                gate.armed.store(true, Ordering::SeqCst);
            }
            let reader = scope.spawn(|| match opened {
                None => open_on(&gate, &path, Mode::Read).unwrap(),
                Some(reader) => {
                    reader.refresh().unwrap();
                    reader
                }
            });
            gate.met.wait();
            commit(&store, 5);
            store.compact().unwrap();
            store.compact().unwrap();
            gate.met.wait();
            let reader = reader.join().unwrap();
            let mut value = [0i64; 1];
            reader.read_array("d", "t", Selection::region(&[0], &[1]), Target::from_slice(&mut value)).unwrap();
            assert_holds(&reader, value[0]);
            assert!([3, 4, 5].contains(&value[0]));
            reader.refresh().unwrap();
            assert_holds(&reader, 5);
            drop(reader);
        });
        store.compact().unwrap();
        assert_eq!(segments(&path), 1, "the reader is gone, its files are not");
    }
}

/// After a rollback across merges, and more commits and merges, every kept commit reads as it was made.
#[test]
fn every_kept_commit_is_right_after_rollbacks_and_merges() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let mut store = create(&path, Some(100));
    let mut made = BTreeMap::new();
    let mut value = 0;
    for round in 0..4u64 {
        for _ in 0..12 {
            value += 1;
            made.insert(commit(&store, value), value);
        }
        let (back, earlier) = made.iter().nth(round as usize * 5 + 3).map(|(a, b)| (*a, *b)).unwrap();
        store.rollback(back).unwrap();
        made.insert(store.info().unwrap().generation, earlier);
        assert_holds(&store, earlier);
        if round % 2 == 1 {
            store.close().unwrap();
            store = open(&path, Mode::ReadWrite);
        }
        for (generation, value) in &made {
            assert_holds(
                &Store::open_at(&path, *generation, OpenOptions { runtime: runtime(), ..OpenOptions::default() })
                    .unwrap(),
                *value,
            );
        }
    }
    assert!(made.len() == 52 && store.generations().unwrap().len() >= made.len());
    store.close().unwrap();
    drop(open(&path, Mode::ReadWrite));
    for (generation, value) in &made {
        assert_holds(
            &Store::open_at(&path, *generation, OpenOptions { runtime: runtime(), ..OpenOptions::default() }).unwrap(),
            *value,
        );
    }
}
