//! Two writers of one store at once, with locks and without: what was acknowledged is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::LocalDisk;
use atlas_store::{CreateOptions, ErrorKind, Mode, OpenOptions, RuntimeOptions, Store};
use common::{Hooked, Hooks};
use std::sync::Arc;
use std::time::Duration;

struct Locks(bool);

impl Hooks for Locks {
    fn has_locks(&self) -> bool {
        self.0
    }
}

/// Each writer opens the store, makes some commits of its own and leaves, many times over.
fn meet(locks: bool) {
    const ROUNDS: usize = 60;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    store.close().unwrap();
    let write = &|writer: usize| {
        let mut acknowledged = Vec::new();
        for round in 0..ROUNDS {
            let storage = Arc::new(Hooked(Arc::new(LocalDisk), Arc::new(Locks(locks))));
            let runtime = RuntimeOptions { sync: Some(false), threads: Some(0), ..RuntimeOptions::default() };
            let store = match Store::open_on(
                storage,
                &path,
                Mode::ReadWrite,
                OpenOptions { runtime, ..OpenOptions::default() },
            ) {
                Ok(store) => store,
                Err(error) => {
                    let expected = if locks { ErrorKind::Locked } else { ErrorKind::Conflict };
                    assert_eq!(error.kind(), expected, "{error}");
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
            };
            for number in 0..5 {
                let name = format!("w{writer}-{round}-{number}");
                store.dataset("d").unwrap().set_attribute(None, &name, 1i64).unwrap();
                match store.flush() {
                    Ok(()) => acknowledged.push(name),
                    Err(error) => {
                        assert!(!locks, "the lock's holder is refused: {error}");
                        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                        break;
                    }
                }
            }
            store.discard();
        }
        acknowledged
    };
    let acknowledged = std::thread::scope(|scope| {
        let writers = [0, 1].map(|writer| scope.spawn(move || write(writer)));
        writers.map(|writer| writer.join().unwrap()).concat()
    });
    assert!(acknowledged.len() >= ROUNDS, "{} commits were acknowledged", acknowledged.len());
    let store = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    let found = store.dataset("d").unwrap().attribute_names(None).unwrap();
    let lost: Vec<_> =
        acknowledged.iter().filter(|name| !found.iter().any(|found| **found == *name.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged, and gone: {lost:?} of {}", acknowledged.len());
}

/// With locks the second writer is refused when it opens the store, and nothing is lost.
#[test]
fn of_two_writers_with_locks_one_waits_and_nothing_is_lost() {
    meet(true);
}

/// Without locks one of two that meet is refused with a conflict, and nothing that was acknowledged is lost.
#[test]
fn of_two_writers_without_locks_one_is_refused_and_nothing_is_lost() {
    meet(false);
}
