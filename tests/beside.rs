//! Calls beside a verify and beside a compaction, each held up in its callback: writes beyond the buffer, flushes,
//! deletions and reads are done before it goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Mode, OpenOptions, RuntimeOptions, Selection, Source, Store, Target,
};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CELLS: u64 = 1 << 15;
/// Bytes of a row as it is stored: not compressed.
const ROW_BYTES: u64 = CELLS * 8;
/// Long enough for anything but a deadlock.
const HANGS: Duration = Duration::from_secs(60);

/// A callback that says that it was called, and goes on when it is told to.
struct Gate {
    said: SyncSender<()>,
    go: Mutex<Receiver<()>>,
    is_shut: AtomicBool,
}

struct Keeper {
    called: Receiver<()>,
    go: SyncSender<()>,
}

fn gate() -> (Arc<Gate>, Keeper) {
    let ((said, called), (go, told)) = (sync_channel(1), sync_channel(1));
    let gate = Gate { said, go: Mutex::new(told), is_shut: AtomicBool::new(true) };
    (Arc::new(gate), Keeper { called, go })
}

impl Gate {
    /// Waits, the first time.
    fn pass(&self) {
        if self.is_shut.swap(false, Ordering::SeqCst) {
            self.said.send(()).unwrap();
            self.go.lock().unwrap().recv_timeout(HANGS).expect("what goes on beside it hangs");
        }
    }
}

fn create(path: &Path, progress: Option<Arc<Gate>>) -> Arc<Store> {
    let progress = progress.map(|gate| {
        let call: atlas_store::ProgressFn = Box::new(move |_, _, _| {
            gate.pass();
            true
        });
        call
    });
    let runtime =
        RuntimeOptions { threads: Some(2), write_buffer_bytes: Some(1 << 20), progress, ..RuntimeOptions::default() };
    Store::create(path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap()
}

/// A filled store whose next long call is held up.
fn filled(path: &Path) -> (Arc<Store>, Keeper) {
    let (gate, keeper) = gate();
    let store = create(path, Some(gate));
    fill(&store);
    (store, keeper)
}

fn define(store: &Store, dataset: &str, rows: u64) {
    let options = || ArrayOptions { chunk_shape: Some(vec![1, CELLS]), codec: Some(Codec::None), ..Default::default() };
    let dataset = store.create_dataset(dataset).unwrap();
    dataset.define_array("a", DType::I64, &["t", "x"], &[rows, CELLS], options()).unwrap();
    dataset.define_array("b", DType::I64, &["t", "x"], &[rows, CELLS], options()).unwrap();
}

fn write(store: &Store, dataset: &str, array: &str, row: u64, value: i64) {
    let values = vec![value; CELLS as usize];
    store.write_array(dataset, array, Selection::region(&[row, 0], &[1, CELLS]), Source::from_slice(&values)).unwrap();
}

fn read(store: &Store, dataset: &str, array: &str, row: u64) -> i64 {
    let mut values = vec![-1i64; CELLS as usize];
    store
        .read_array(dataset, array, Selection::region(&[row, 0], &[1, CELLS]), Target::from_slice(&mut values))
        .unwrap();
    assert!(values.iter().all(|value| *value == values[0]), "a torn row");
    values[0]
}

/// Three commits of two rows in two arrays of two datasets; then those of "old" are overwritten in part.
fn fill(store: &Store) {
    define(store, "old", 3);
    define(store, "gone", 3);
    for row in 0..3 {
        for (dataset, array) in [("old", "a"), ("old", "b"), ("gone", "a"), ("gone", "b")] {
            write(store, dataset, array, row, row as i64);
        }
        store.flush().unwrap();
    }
}

/// Everything that a model does, with more than the buffer holds.
fn work(store: &Store) {
    define(store, "new", 12);
    for row in 0..12 {
        write(store, "new", "a", row, 100 + row as i64);
    }
    store.flush().unwrap();
    write(store, "old", "a", 1, 7);
    store.delete_dataset("gone").unwrap();
    store.flush_begin().unwrap();
    for row in 0..12 {
        write(store, "new", "b", row, 200 + row as i64);
    }
    store.flush_wait().unwrap();
    assert_eq!(read(store, "old", "a", 1), 7);
}

fn check(store: &Store) {
    assert_eq!(store.dataset_names().unwrap().iter().map(|name| &**name).collect::<Vec<_>>(), ["old", "new"]);
    for row in 0..3 {
        assert_eq!(read(store, "old", "a", row), if row == 1 { 7 } else { row as i64 });
        assert_eq!(read(store, "old", "b", row), row as i64);
    }
    for row in 0..12 {
        assert_eq!((read(store, "new", "a", row), read(store, "new", "b", row)), (100 + row as i64, 200 + row as i64));
    }
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let files = store.array_files().unwrap();
    let bytes: u64 = files.iter().map(|file| file.live_bytes).sum();
    // Two arrays of 3 and of 12 rows.
    assert_eq!(bytes, 30 * ROW_BYTES);
}

#[test]
fn a_model_goes_on_beside_a_verify() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let (store, keeper) = filled(&path);
    std::thread::scope(|scope| {
        let verify = scope.spawn(|| store.verify(&mut |damage| panic!("{damage:?}")));
        keeper.called.recv_timeout(HANGS).unwrap();
        work(&store);
        // Its files are those of the commit that it began with, though a compaction has done without them.
        store.flush().unwrap();
        store.compact().unwrap();
        assert!(!verify.is_finished());
        keeper.go.send(()).unwrap();
        assert_eq!(verify.join().unwrap().unwrap(), 0);
    });
    check(&store);
    assert_eq!(store.info().unwrap().dead_bytes, 0);
    let files = |store: &Store| -> usize {
        store.array_files().unwrap().iter().map(|file| std::fs::read_dir(&file.folder).unwrap().count()).sum()
    };
    assert!(files(&store) > 2, "what was pinned is still there");
    store.compact().unwrap();
    assert_eq!(files(&store), 2, "and goes once it is not");
}

#[test]
fn a_model_goes_on_beside_a_compaction_which_loses_nothing_of_it() {
    for waits_with_unflushed_values in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let (store, keeper) = filled(&path);
        std::thread::scope(|scope| {
            let compaction = scope.spawn(|| store.compact());
            keeper.called.recv_timeout(HANGS).unwrap();
            work(&store);
            if !waits_with_unflushed_values {
                store.flush().unwrap();
            }
            assert!(!compaction.is_finished());
            keeper.go.send(()).unwrap();
            compaction.join().unwrap().unwrap();
        });
        // What was deleted or overwritten meanwhile is counted as that, in what was rewritten too.
        let info = store.info().unwrap();
        assert_eq!(info.unflushed_changes, waits_with_unflushed_values);
        assert_eq!(info.dead_bytes, 7 * ROW_BYTES, "the datasets that are gone, and a row");
        let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
        assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
        assert_eq!(read(&reader, "old", "a", 1), 7);
        drop(reader);
        store.flush().unwrap();
        check(&store);
        store.compact().unwrap();
        check(&store);
        assert_eq!(store.info().unwrap().dead_bytes, 0);
        store.close().unwrap();
        check(&Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap());
    }
}

#[test]
fn a_callback_may_not_call_the_store_that_it_is_of() {
    let dir = tempfile::tempdir().unwrap();
    let store = create(&dir.path().join("s"), None);
    fill(&store);
    let other = create(&dir.path().join("other"), None);
    // A damage calls back.
    let segment = std::fs::read_dir(dir.path().join("s/a")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[1000] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let mut called = 0;
    let count = store
        .verify(&mut |_| {
            called += 1;
            let error = store.flush().unwrap_err();
            assert!(error.message().contains("from within a callback of the same store"), "{error}");
            other.flush().unwrap();
        })
        .unwrap();
    assert!(count > 0 && called == count);
    store.flush().unwrap();
}

#[test]
fn a_rollback_beside_a_compaction_gets_back_what_that_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let (store, keeper) = filled(&path);
    let before = store.info().unwrap().generation;
    store.delete_dataset("gone").unwrap();
    store.flush().unwrap();
    std::thread::scope(|scope| {
        let compaction = scope.spawn(|| store.compact());
        keeper.called.recv_timeout(HANGS).unwrap();
        store.rollback(before).unwrap();
        keeper.go.send(()).unwrap();
        compaction.join().unwrap().unwrap();
    });
    for row in 0..3 {
        for dataset in ["old", "gone"] {
            assert_eq!((read(&store, dataset, "a", row), read(&store, dataset, "b", row)), (row as i64, row as i64));
        }
    }
    store.close().unwrap();
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    store.compact().unwrap();
    assert_eq!(read(&store, "gone", "a", 2), 2);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

#[test]
fn a_close_waits_for_what_reads_its_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let (store, keeper) = filled(&path);
    std::thread::scope(|scope| {
        let verify = scope.spawn(|| store.verify(&mut |damage| panic!("{damage:?}")));
        keeper.called.recv_timeout(HANGS).unwrap();
        let close = scope.spawn(|| store.close());
        // Nobody else may write, and remove what is being read.
        std::thread::sleep(Duration::from_millis(50));
        assert!(!close.is_finished());
        assert!(Store::open(&path, Mode::ReadWrite, OpenOptions::default()).is_err());
        keeper.go.send(()).unwrap();
        assert_eq!(verify.join().unwrap().unwrap(), 0);
        close.join().unwrap().unwrap();
    });
    Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
}
