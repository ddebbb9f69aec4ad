//! A disk that fails: after every single operation of a session, once or for good. The last commit stays whole, memory
//! keeps everything, and what can be tried again works when it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::{LocalDisk, Storage};
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RuntimeOptions, Selection, Source, Store, Target,
};
use common::{Hooked, Hooks, Operation};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// A write, create or rename says that the disk is full; a sync succeeds.
    Full,
    /// A write reaches the disk in half, then says that it is full.
    Torn,
    /// A sync fails.
    Sync,
}

struct FaultyDisk {
    fault: Fault,
    /// Operations of the fault's kind until it happens.
    left: AtomicI64,
    /// Whether it then goes on happening.
    stays: AtomicBool,
}

impl FaultyDisk {
    fn new(fault: Fault, stays: bool) -> Arc<Self> {
        Arc::new(Self { fault, left: AtomicI64::new(i64::MAX), stays: AtomicBool::new(stays) })
    }

    fn storage(self: &Arc<Self>) -> Arc<dyn Storage> {
        Arc::new(Hooked(Arc::new(LocalDisk), self.clone()))
    }

    fn hit(&self) -> bool {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        left == 0 || (left < 0 && self.stays.load(Ordering::SeqCst))
    }
}

impl Hooks for FaultyDisk {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        use Operation::*;
        match operation {
            Create(..) | Append(..) | Rename(..) | CreateDir(..) if self.fault != Fault::Sync && self.hit() => {
                Err(io::ErrorKind::StorageFull.into())
            }
            Sync(..) | SyncDir(..) if self.fault == Fault::Sync && self.hit() => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
    fn torn(&self, bytes: &[u8]) -> usize {
        if self.fault == Fault::Torn { bytes.len() / 2 } else { 0 }
    }
}

const ARRAYS: [&str; 2] = ["u", "v"];
/// One value per cell, so that a mixture of two commits is seen; large enough to be a block of its own.
const CELLS: u64 = 3000;

fn write(store: &Store, round: i64) {
    for array in ARRAYS {
        if round == 0 {
            store.define_array("run", array, DType::I64, &["x"], &[CELLS], ArrayOptions::default()).unwrap();
        }
        let values = vec![round; CELLS as usize];
        store.write_array("run", array, Selection::all(1), Source::from_slice(&values)).unwrap();
        let extra = format!("only-{round}-{array}");
        store.define_array("run", &extra, DType::I64, &[], &[], ArrayOptions::default()).unwrap();
        store.write_array("run", &extra, Selection::all(0), Source::from_slice(&[round])).unwrap();
    }
}

/// The round that a store holds, all arrays agreeing.
fn round(store: &Store) -> i64 {
    let mut rounds = Vec::new();
    for array in ARRAYS {
        let mut values = vec![-1i64; CELLS as usize];
        store.read_array("run", array, Selection::all(1), Target::from_slice(&mut values)).unwrap();
        assert!(values.iter().all(|value| *value == values[0]), "{array} is torn");
        rounds.push(values[0]);
    }
    assert_eq!(rounds[0], rounds[1], "two commits are mixed");
    rounds[0]
}

fn committed(path: &Path) -> i64 {
    let store = Store::open(path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    round(&store)
}

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(2), ..Default::default() }
}

/// A store whose round 0 is committed, opened for writing on a disk that fails at operation `at`.
fn prepare(path: &Path, fault: Fault, at: i64, stays: bool) -> (Arc<Store>, Arc<FaultyDisk>) {
    let store = Store::create(path, CreateOptions { runtime: runtime(), ..Default::default() }).unwrap();
    store.create_dataset("run").unwrap();
    write(&store, 0);
    store.close().unwrap();
    let disk = FaultyDisk::new(fault, stays);
    let store = Store::open_on(
        disk.storage(),
        path,
        Mode::ReadWrite,
        OpenOptions { runtime: runtime(), ..OpenOptions::default() },
    )
    .unwrap();
    disk.left.store(at, Ordering::SeqCst);
    (store, disk)
}

/// The ways to flush; each tells its own error.
const FLUSHES: [fn(&Store) -> atlas_store::Result<()>; 2] =
    [Store::flush, |store| store.flush_begin().and_then(|()| store.flush_wait())];

#[test]
fn a_full_disk_leaves_the_last_commit_and_the_flush_works_when_there_is_room() {
    for (fault, flush) in [Fault::Full, Fault::Torn].into_iter().flat_map(|fault| FLUSHES.map(|flush| (fault, flush))) {
        let mut failed = 0;
        for at in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("s");
            let (store, disk) = prepare(&path, fault, at, true);
            write(&store, 1);
            let Err(error) = flush(&store) else { break };
            failed += 1;
            assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
            assert_eq!(committed(&path), 0);
            assert_eq!(round(&store), 1, "memory lost the values");
            // A close that fails leaves the store usable.
            assert_eq!(store.close().unwrap_err().kind(), ErrorKind::NoSpace);
            store.create_dataset("later").unwrap();
            disk.stays.store(false, Ordering::SeqCst);
            store.flush().unwrap();
            assert_eq!(committed(&path), 1);
            assert!(store.array_stats("run", "u").is_ok());
            store.close().unwrap();
            assert_eq!(segments(&path), 8, "a failed flush left files");
        }
        // Two folders, four segments made and written, the root made, written and renamed.
        assert_eq!(failed, 13, "a flush has other operations than the test knows of");
    }
}

#[test]
fn a_failed_fsync_poisons_the_writer_and_leaves_one_commit_or_the_other() {
    for flush in FLUSHES {
        let mut failed = 0;
        for at in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("s");
            let (store, _) = prepare(&path, Fault::Sync, at, false);
            write(&store, 1);
            let Err(error) = flush(&store) else { break };
            failed += 1;
            assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
            assert_eq!(round(&store), 1, "reads go on");
            assert_eq!(
                store.flush().unwrap_err().kind(),
                ErrorKind::Poisoned,
                "a flush of nothing does not pretend either"
            );
            assert_eq!(store.close().unwrap_err().kind(), ErrorKind::Poisoned);
            store.create_dataset("later").unwrap();
            assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Poisoned, "no retry that pretends");
            store.discard();
            assert!([0, 1].contains(&committed(&path)));
            let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
            write(&store, 2);
            store.close().unwrap();
            assert_eq!(committed(&path), 2);
        }
        // Four segments, their folders, the store's folder, the root, the store's folder again.
        assert!(failed >= 11, "{failed} syncs failed: the flush makes fewer");
    }
}

#[test]
fn a_disk_that_is_full_ahead_of_the_flush_loses_nothing() {
    let mut refused = 0;
    for at in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let disk = FaultyDisk::new(Fault::Torn, true);
        let runtime = RuntimeOptions { write_buffer_bytes: Some(1), ..runtime() };
        let store = Store::create_on(disk.storage(), &path, CreateOptions { runtime, ..Default::default() }).unwrap();
        store.create_dataset("run").unwrap();
        write(&store, 0);
        store.flush().unwrap();
        disk.left.store(at, Ordering::SeqCst);
        // Every write finds the one before in memory, and has it written out first.
        for number in 1..=3 {
            for array in ARRAYS {
                let write = || {
                    let values = vec![number; CELLS as usize];
                    store.write_array("run", array, Selection::all(1), Source::from_slice(&values))
                };
                if let Err(error) = write() {
                    refused += 1;
                    assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
                    assert_eq!(committed(&path), 0);
                    disk.stays.store(false, Ordering::SeqCst);
                    write().unwrap();
                }
            }
            assert_eq!(round(&store), number);
        }
        if let Err(error) = store.flush() {
            assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
            assert_eq!(committed(&path), 0);
            disk.stays.store(false, Ordering::SeqCst);
            store.flush().unwrap();
        }
        let reached = disk.left.load(Ordering::SeqCst) < 0;
        store.close().unwrap();
        assert_eq!(committed(&path), 3);
        if !reached {
            break;
        }
    }
    assert!(refused >= 5, "{refused} writes met the full disk");
}

#[test]
fn a_failed_fsync_ahead_of_the_flush_poisons_the_writer_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let disk = FaultyDisk::new(Fault::Sync, false);
    let runtime = RuntimeOptions { write_buffer_bytes: Some(1), threads: Some(0), ..Default::default() };
    let options = CreateOptions { runtime, ..Default::default() };
    let store = Store::create_on(disk.storage(), &path, options).unwrap();
    store.create_dataset("run").unwrap();
    write(&store, 0);
    store.flush().unwrap();
    disk.left.store(0, Ordering::SeqCst);
    let overwrite = |number: i64| {
        let values = vec![number; CELLS as usize];
        ARRAYS
            .iter()
            .try_for_each(|array| store.write_array("run", array, Selection::all(1), Source::from_slice(&values)))
    };
    assert_eq!(overwrite(1).unwrap_err().kind(), ErrorKind::Poisoned);
    let mut values = vec![0i64; CELLS as usize];
    store.read_array("run", "u", Selection::all(1), Target::from_slice(&mut values)).unwrap();
    assert_eq!(values[0], 1, "reads go on");
    assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Poisoned);
    store.discard();
    assert_eq!(committed(&path), 0);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    write(&store, 2);
    store.close().unwrap();
    assert_eq!(committed(&path), 2);
}

#[test]
fn a_compaction_that_fails_changes_nothing_and_works_when_there_is_room() {
    for fault in [Fault::Full, Fault::Torn, Fault::Sync] {
        let mut failed = 0;
        for at in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("s");
            let (store, disk) = prepare(&path, fault, i64::MAX, true);
            write(&store, 1);
            // Bytes that the compaction takes away.
            store.create_dataset("gone").unwrap();
            for array in ARRAYS {
                store.define_array("gone", array, DType::I64, &["x"], &[1], ArrayOptions::default()).unwrap();
                store.write_array("gone", array, Selection::all(1), Source::from_slice(&[7i64])).unwrap();
            }
            store.flush().unwrap();
            store.delete_dataset("gone").unwrap();
            store.flush().unwrap();
            disk.left.store(at, Ordering::SeqCst);
            let Err(error) = store.compact() else { break };
            failed += 1;
            let expected = if fault == Fault::Sync { ErrorKind::Poisoned } else { ErrorKind::NoSpace };
            assert_eq!(error.kind(), expected, "{error}");
            assert_eq!(committed(&path), 1);
            assert_eq!(round(&store), 1);
            disk.stays.store(false, Ordering::SeqCst);
            let store = if fault == Fault::Sync {
                drop(store);
                Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap()
            } else {
                store
            };
            store.compact().unwrap();
            store.close().unwrap();
            assert_eq!((committed(&path), segments(&path)), (1, 6));
        }
        assert!(failed >= 5, "{fault:?}: {failed} operations failed");
    }
}

#[test]
fn two_writers_are_refused_or_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let open = || Store::open(&path, Mode::ReadWrite, OpenOptions { runtime: runtime(), ..OpenOptions::default() });
    let (first, _) = prepare(&path, Fault::Full, i64::MAX, false);
    assert_eq!(open().err().map(|error| error.kind()), Some(ErrorKind::Locked));
    write(&first, 1);
    // As where the file system has no locks.
    std::fs::remove_file(path.join(".lock")).unwrap();
    let second = open().unwrap();
    // Whoever has the lock that is there may be about to commit.
    assert_eq!(first.flush().unwrap_err().kind(), ErrorKind::Conflict);
    write(&second, 2);
    second.flush().unwrap();
    for _ in 0..2 {
        assert_eq!(first.flush().unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!((round(&first), committed(&path)), (1, 2));
    }
    first.discard();
    second.close().unwrap();
    assert_eq!(committed(&path), 2);
}

fn segments(path: &Path) -> usize {
    std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| std::fs::read_dir(path).unwrap().count())
        .sum()
}

/// What a system says at one kind of place, as often as it is told to.
struct Says {
    code: i32,
    is_place: fn(&Operation) -> bool,
    is_folder: fn(&Path) -> bool,
    times: AtomicI64,
}

impl Hooks for Says {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        self.say((self.is_place)(operation))
    }
    fn opening(&self, path: &Path) -> io::Result<()> {
        self.say((self.is_folder)(path))
    }
}

impl Says {
    fn say(&self, here: bool) -> io::Result<()> {
        match here && self.times.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Err(io::Error::from_raw_os_error(self.code)),
            false => Ok(()),
        }
    }
}

/// A flush that meets it, in a store of two commits: the kinds of the errors of it and of the next, and the store.
fn flushed_twice(path: &Path, says: Says) -> (ErrorKind, Option<ErrorKind>, Arc<Store>) {
    let says = Arc::new(says);
    let storage = Arc::new(Hooked(Arc::new(LocalDisk), says.clone()));
    let runtime = RuntimeOptions { threads: Some(0), ..RuntimeOptions::default() };
    let store = Store::create_on(storage, path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    store.create_dataset("run").unwrap();
    write(&store, 0);
    store.flush().unwrap();
    write(&store, 1);
    says.times.store(1, Ordering::SeqCst);
    let first = store.flush().unwrap_err().kind();
    assert_eq!(round(&store), 1, "memory keeps everything");
    (first, store.flush().err().map(|error| error.kind()), store)
}

#[test]
fn no_room_for_a_new_segment_at_its_sync_is_no_room_and_a_root_that_cannot_be_synced_poisons() {
    for code in [libc::ENOSPC, libc::EDQUOT] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let is_segment = |operation: &Operation| matches!(operation, Operation::Sync(path) if path.extension().is_some_and(|e| e == "seg"));
        let says = Says { code, is_place: is_segment, is_folder: |_| false, times: AtomicI64::new(0) };
        let (first, second, store) = flushed_twice(&path, says);
        assert_eq!((first, second), (ErrorKind::NoSpace, None));
        drop(store);
        assert_eq!(committed(&path), 1);

        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let is_root = |operation: &Operation| matches!(operation, Operation::Sync(path) if path.extension().is_none_or(|e| e != "seg"));
        let says = Says { code, is_place: is_root, is_folder: |_| false, times: AtomicI64::new(0) };
        let (first, second, store) = flushed_twice(&path, says);
        assert_eq!((first, second), (ErrorKind::Poisoned, Some(ErrorKind::Poisoned)));
        drop(store);
        assert_eq!(committed(&path), 0);
    }
}

#[test]
fn a_folder_that_cannot_be_opened_poisons_nothing() {
    for code in [libc::EMFILE, libc::ESTALE] {
        for is_folder in [|path: &Path| path.ends_with("s/u"), |path: &Path| path.ends_with("s")] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("s");
            let says = Says { code, is_place: |_| false, is_folder, times: AtomicI64::new(0) };
            let (first, second, store) = flushed_twice(&path, says);
            assert_eq!((first, second), (ErrorKind::Io, None));
            drop(store);
            assert_eq!(committed(&path), 1);
        }
    }
}

#[test]
fn a_flush_without_the_lock_file_that_it_locked_is_refused() {
    for is_ahead in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let runtime = RuntimeOptions { write_buffer_bytes: is_ahead.then_some(1), ..RuntimeOptions::default() };
        let store = Store::create(&path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
        store.create_dataset("run").unwrap();
        write(&store, 0);
        store.flush().unwrap();
        write(&store, 1);
        // "A stale lock"; then somebody else comes, and removes what no commit names.
        std::fs::remove_file(path.join(".lock")).unwrap();
        let other = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        let error = store.flush().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        assert!(error.message().contains("lock file"), "{error}");
        other.create_dataset("of the other").unwrap();
        other.close().unwrap();
        store.discard();
        assert_eq!(committed(&path), 0);
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        assert!(reader.has_dataset("of the other").unwrap());
        assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    }
}
