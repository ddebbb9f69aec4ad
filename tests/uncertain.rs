//! A disk that does what it was asked to and says that it did not: at every single operation of a session. One commit or
//! the other stays whole, memory keeps everything, and what was acknowledged is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::LocalDisk;
use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RuntimeOptions, Selection, Source, Store, Target,
};
use common::{Hooked, Hooks, Operation};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Lies about one operation.
struct Liar(AtomicI64);

impl Hooks for Liar {
    fn lies(&self, operation: &Operation) -> io::Result<()> {
        use Operation::*;
        let told = matches!(
            operation,
            Rename(..) | Link(..) | Remove(..) | CreateDir(..) | Append(..) | Sync(..) | SyncDir(..)
        );
        match told && self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            true => Err(io::Error::from_raw_os_error(5)),
            false => Ok(()),
        }
    }
}

const CELLS: usize = 3000;

fn write(store: &Store, round: i64) {
    let run = store.dataset("run").unwrap();
    if round == 0 {
        store.create_dataset("still").unwrap();
    }
    for array in ["u", "v"] {
        if round == 0 {
            run.define_array(array, DType::I64, &["x"], &[CELLS as u64], ArrayOptions::default()).unwrap();
            // It keeps the segment in use when the other array's chunk in it is dead.
            store.define_array("still", array, DType::I64, &["x"], &[3], ArrayOptions::default()).unwrap();
            store.write_array("still", array, Selection::all(1), Source::from_slice(&[1i64; 3])).unwrap();
        }
        run.write(array, Selection::all(1), Source::from_slice(&[round; CELLS])).unwrap();
    }
    run.define_array(&format!("only-{round}"), DType::I64, &["y"], &[3], ArrayOptions::default()).unwrap();
    run.write(&format!("only-{round}"), Selection::all(1), Source::from_slice(&[round; 3])).unwrap();
}

/// The round that a store holds, all arrays agreeing.
fn round(store: &Store) -> i64 {
    let read = |array| {
        let mut values = vec![-1i64; CELLS];
        store.read_array("run", array, Selection::all(1), Target::from_slice(&mut values)).unwrap();
        assert!(values.iter().all(|value| *value == values[0]), "{array} is torn");
        values[0]
    };
    let found = read("u");
    assert_eq!(found, read("v"), "two commits are mixed");
    assert!(store.has_array("run", &format!("only-{found}")).unwrap());
    found
}

fn committed(path: &Path) -> i64 {
    let store = Store::open(path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    round(&store)
}

/// Runs a session that holds round 0 and is to commit `last`, with a lie at each of its operations in turn.
fn every_lie(session: impl Fn(&Store) -> atlas_store::Result<()>, earlier: i64, last: i64, least: i64) {
    for at in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let runtime = || RuntimeOptions { threads: Some(0), ..RuntimeOptions::default() };
        let store = Store::create(&path, CreateOptions { runtime: runtime(), ..CreateOptions::default() }).unwrap();
        store.create_dataset("run").unwrap();
        for number in 0..=earlier {
            write(&store, number);
            store.flush().unwrap();
        }
        store.close().unwrap();
        let liar = Arc::new(Liar(AtomicI64::new(i64::MAX)));
        let storage = Arc::new(Hooked(Arc::new(LocalDisk), liar.clone()));
        let store = Store::open_on(
            storage,
            &path,
            Mode::ReadWrite,
            OpenOptions { runtime: runtime(), ..OpenOptions::default() },
        )
        .unwrap();
        liar.0.store(at, Ordering::SeqCst);
        let mut acknowledged = session(&store);
        let lied = liar.0.load(Ordering::SeqCst) < 0;
        assert_eq!(round(&store), last, "memory lost the values at operation {at}");
        let found = committed(&path);
        assert!([earlier, last].contains(&found), "operation {at}: {found}");
        if acknowledged.is_err() {
            acknowledged = store.flush();
        }
        match &acknowledged {
            Ok(()) => assert_eq!(committed(&path), last, "operation {at}: acknowledged, and gone"),
            Err(error) => {
                assert!(
                    [ErrorKind::Poisoned, ErrorKind::Conflict, ErrorKind::Io].contains(&error.kind()),
                    "operation {at}: {error}"
                );
            }
        }
        assert_eq!(round(&store), last);
        store.discard();
        let found = committed(&path);
        assert!(found == last || (acknowledged.is_err() && found == earlier), "operation {at}: {found}");
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        assert_eq!(store.verify(&mut |damage| panic!("operation {at}: {damage:?}")).unwrap(), 0);
        write(&store, 9);
        store.close().unwrap();
        assert_eq!(committed(&path), 9);
        if !lied {
            assert!(at >= least, "{at} operations are fewer than the session needs");
            break;
        }
    }
}

/// A flush that meets a lie commits or does not, and a second one that is acknowledged is there.
#[test]
fn a_flush_that_is_lied_to_leaves_one_commit_or_the_other() {
    let session = |store: &Store| {
        write(store, 1);
        store.flush()
    };
    every_lie(session, 0, 1, 10);
}

/// The same where the flush pins the commit before it: in each state that has the pin, its commit is there.
#[test]
fn a_pin_that_is_lied_to_names_a_commit_that_is_kept() {
    let session = |store: &Store| {
        write(store, 1);
        store.pin_and_flush("before").map(drop)
    };
    every_lie(session, 0, 1, 12);
}

/// The same where the flush removes a kept root and was begun beforehand.
#[test]
fn a_flush_that_was_begun_and_is_lied_to_leaves_one_commit_or_the_other() {
    let session = |store: &Store| {
        write(store, 3);
        store.flush_begin().and_then(|()| store.flush_wait())
    };
    every_lie(session, 2, 3, 10);
}

/// A compaction that meets a lie leaves the values that were there.
#[test]
fn a_compaction_that_is_lied_to_keeps_the_values() {
    every_lie(|store| store.compact(), 2, 2, 5);
}

/// A rollback and its undoing keep the values, each step taken or not.
#[test]
fn a_rename_that_is_lied_about_is_seen_as_what_it_was() {
    let session = |store: &Store| {
        write(store, 1);
        store.flush()?;
        write(store, 2);
        store.flush()
    };
    // The first of the two flushes may be refused: then nothing of the second is written, and memory holds round 1.
    let guarded = |store: &Store| {
        let done = session(store);
        if done.is_err() && round(store) == 1 {
            write(store, 2);
        }
        done
    };
    every_lie_between(guarded);
}

/// Two flushes, of which the first may have been acknowledged.
fn every_lie_between(session: impl Fn(&Store) -> atlas_store::Result<()>) {
    for at in 0..60 {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let liar = Arc::new(Liar(AtomicI64::new(i64::MAX)));
        let storage = Arc::new(Hooked(Arc::new(LocalDisk), liar.clone()));
        let store = Store::create_on(storage, &path, CreateOptions::default()).unwrap();
        store.create_dataset("run").unwrap();
        write(&store, 0);
        store.flush().unwrap();
        liar.0.store(at, Ordering::SeqCst);
        let done = session(&store);
        assert_eq!(round(&store), 2);
        let found = committed(&path);
        assert!(if done.is_ok() { found == 2 } else { (0..=2).contains(&found) }, "operation {at}: {found}");
        let lied = liar.0.load(Ordering::SeqCst) < 0;
        drop(store);
        assert_eq!(committed(&path), found, "operation {at}: a discard changed the store");
        if !lied {
            return;
        }
    }
    panic!("the session has no end");
}

/// A rename that is lied about, after which the root cannot be looked at.
#[derive(Default)]
struct Blind {
    /// 1 to lie, 2 to be blind.
    armed: AtomicI64,
}

impl Hooks for Blind {
    fn lies(&self, operation: &Operation) -> io::Result<()> {
        let is_due = matches!(operation, Operation::Rename(..))
            && self.armed.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_due { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) }
    }
    fn opening(&self, path: &Path) -> io::Result<()> {
        let is_due = path.ends_with("atlas.json")
            && self.armed.compare_exchange(2, 3, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_due { Err(io::Error::from_raw_os_error(libc::EIO)) } else { Ok(()) }
    }
}

#[test]
fn a_commit_that_nobody_can_tell_of_keeps_its_files() {
    for is_ahead in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let blind = Arc::new(Blind::default());
        let storage = Arc::new(Hooked(Arc::new(LocalDisk), blind.clone()));
        let runtime =
            RuntimeOptions { threads: Some(0), write_buffer_bytes: is_ahead.then_some(1), ..RuntimeOptions::default() };
        let store = Store::create_on(storage, &path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
        store.create_dataset("run").unwrap();
        write(&store, 0);
        store.flush().unwrap();
        write(&store, 1);
        blind.armed.store(1, Ordering::SeqCst);
        let error = store.flush().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Poisoned, "{error}");
        assert!(error.message().contains("cannot be told"), "{error}");
        assert_eq!(round(&store), 1, "memory keeps everything");
        assert_eq!(store.flush().unwrap_err().kind(), ErrorKind::Poisoned);
        assert_eq!(store.compact().unwrap_err().kind(), ErrorKind::Poisoned);
        store.discard();
        assert_eq!(committed(&path), 1, "it was made, and has its files");
        assert!(Store::repair(&path, atlas_store::RepairOptions::default()).unwrap().was_whole);
    }
}
