//! Live and dead bytes after flushes that failed: those of a store whose flushes did not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use atlas_store::storage::LocalDisk;
use atlas_store::{ArrayOptions, CreateOptions, DType, ErrorKind, RuntimeOptions, Selection, Source, Store};
use common::{Hooked, Hooks, Operation};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Is full for one append.
struct Full(AtomicI64);

impl Hooks for Full {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        match matches!(operation, Operation::Append(..)) && self.0.fetch_sub(1, Ordering::SeqCst) == 0 {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

/// Live and dead bytes after deleting and overwriting, where append `at` of the last flush fails; whether one did.
fn counted(at: i64) -> (Vec<(u64, u64)>, bool) {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Full(AtomicI64::new(i64::MAX)));
    let runtime = RuntimeOptions { threads: Some(0), sync: Some(false), ..RuntimeOptions::default() };
    let storage = Arc::new(Hooked(Arc::new(LocalDisk), disk.clone()));
    let options = CreateOptions { runtime, ..CreateOptions::default() };
    let store = Store::create_on(storage, &dir.path().join("s"), options).unwrap();
    let write = |dataset: &str, value: i64| {
        let values: Vec<i64> = (0..3000).map(|cell| value * cell).collect();
        store.write_array(dataset, "t", Selection::all(1), Source::from_slice(&values)).unwrap();
    };
    for (dataset, value) in [("a", 1), ("b", 2), ("c", 3)] {
        store.create_dataset(dataset).unwrap();
        store.define_array(dataset, "t", DType::I64, &["x"], &[3000], ArrayOptions::default()).unwrap();
        write(dataset, value);
    }
    store.flush().unwrap();
    store.delete_dataset("a").unwrap();
    write("b", 5);
    disk.0.store(at, Ordering::SeqCst);
    let flushed = store.flush();
    disk.0.store(i64::MAX, Ordering::SeqCst);
    if let Err(error) = &flushed {
        assert_eq!(error.kind(), ErrorKind::NoSpace, "{error}");
        store.flush().unwrap();
    }
    let mut found = Vec::new();
    for _ in 0..2 {
        let info = store.info().unwrap();
        let files = store.array_files().unwrap();
        let sum = |of: fn(&atlas_store::ArrayFileInfo) -> u64| files.iter().map(of).sum::<u64>();
        assert_eq!((info.live_bytes, info.dead_bytes), (sum(|file| file.live_bytes), sum(|file| file.dead_bytes)));
        assert!(info.live_bytes + info.dead_bytes <= sum(|file| file.file_bytes));
        found.push((info.live_bytes, info.dead_bytes));
        store.compact().unwrap();
    }
    (found, flushed.is_err())
}

/// A deletion and an overwriting whose flush fails at any append, and is then made again, are counted once.
#[test]
fn bytes_are_counted_once_where_a_flush_failed() {
    let (expected, _) = counted(i64::MAX);
    assert!(expected[0].1 > 0 && expected[1] == (expected[0].0, 0), "{expected:?}");
    for at in 0.. {
        let (found, failed) = counted(at);
        assert_eq!(found, expected, "append {at}");
        if !failed {
            assert!(at >= 2, "a flush appends more often");
            break;
        }
    }
}
