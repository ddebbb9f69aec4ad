//! The root is lost, a flush is killed before it has synced anything, and a repair salvages what is there. The machine
//! crashes at each of its operations.

use crate::common::{Hooked, Hooks, Operation};
use crate::model::{FileSystem, MemoryDisk};
use atlas_store::storage::Storage;
use atlas_store::{
    CreateOptions, DType, ErrorKind, Mode, OpenOptions, RepairOptions, RuntimeOptions, Selection, Source, Store, Target,
};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const STORE: &str = "/runs/store";
const CELLS: u64 = 3000;
/// States for each operation.
const STATES: u64 = 40;

/// Notes what happens; once told so, kills the process at the first sync.
#[derive(Default)]
struct Recorder {
    operations: Mutex<Vec<Operation>>,
    kills: AtomicBool,
    killed: AtomicBool,
}

impl Hooks for Recorder {
    fn before(&self, operation: &Operation) -> io::Result<()> {
        let is_sync = matches!(operation, Operation::Sync(_) | Operation::SyncDir(_));
        if is_sync && self.kills.load(Ordering::SeqCst) {
            self.killed.store(true, Ordering::SeqCst);
        }
        if self.killed.load(Ordering::SeqCst) { Err(io::Error::other("killed")) } else { Ok(()) }
    }
    fn after(&self, operation: Operation) {
        self.operations.lock().unwrap().push(operation);
    }
}

fn on(disk: &MemoryDisk) -> (Arc<Hooked<Recorder>>, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    (Arc::new(Hooked(Arc::new(disk.clone()), recorder.clone())), recorder)
}

fn runtime() -> RuntimeOptions {
    RuntimeOptions { threads: Some(0), ..Default::default() }
}

/// Values that do not compress to nothing, so that they lie in several sectors.
fn values(commit: u64) -> Vec<u64> {
    (0..CELLS).map(|cell| (commit << 32 | cell).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
}

fn write(store: &Store, array: &str, commit: u64) {
    store.write_array("run", array, Selection::all(1), Source::from_slice(&values(commit))).unwrap();
}

/// What a store holds, without damage.
fn content(store: &Store) -> Vec<(String, Vec<u64>)> {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let read = |name: &Arc<str>| {
        let mut found = vec![0; CELLS as usize];
        store.read_array("run", name, Selection::all(1), Target::from_slice(&mut found)).unwrap();
        (name.to_string(), found)
    };
    store.array_names("run").unwrap().iter().map(read).collect()
}

/// The disk after the root was lost, and a flush of a new array `new` and new values of `u` killed.
fn killed(keep_generations: Option<u32>) -> MemoryDisk {
    let disk = MemoryDisk::new(FileSystem::new("runs"));
    let (storage, recorder) = on(&disk);
    let options = CreateOptions { keep_generations, runtime: runtime(), ..Default::default() };
    let store = Store::create_on(storage, Path::new(STORE), options).unwrap();
    store.create_dataset("run").unwrap();
    let define = |array: &str| store.define_array("run", array, DType::U64, &["x"], &[CELLS], Default::default());
    define("u").unwrap();
    define("t").unwrap();
    write(&store, "u", 2);
    write(&store, "t", 2);
    store.flush().unwrap();
    write(&store, "t", 3);
    store.flush().unwrap();
    // Before the flush: to make that durable would make the flush's new folder durable, too.
    disk.remove(&Path::new(STORE).join("atlas.json")).unwrap();
    disk.open_dir(Path::new(STORE)).and_then(|folder| folder.sync()).unwrap();
    define("new").unwrap();
    write(&store, "u", 4);
    write(&store, "new", 4);
    recorder.kills.store(true, Ordering::SeqCst);
    assert!(store.flush().is_err() && recorder.killed.load(Ordering::SeqCst), "the flush syncs nothing");
    drop(store);
    disk
}

#[test]
fn a_salvage_names_nothing_that_is_not_durable() {
    for keep_generations in [None, Some(0)] {
        let disk = killed(keep_generations);
        let mut files = disk.files();
        let (storage, recorder) = on(&disk);
        let report = Store::repair_on(storage, Path::new(STORE), RepairOptions { salvage: true }).unwrap();
        assert_eq!(report.restored, keep_generations.is_none().then_some(2));
        assert_eq!((report.salvaged.last(), report.generation), (Some(&4), 5), "{report:?}");
        let reader = |disk: &MemoryDisk| {
            let options = OpenOptions { runtime: runtime(), ..OpenOptions::default() };
            Store::open_on(Arc::new(disk.clone()), Path::new(STORE), Mode::Read, options)
        };
        let expected = content(&reader(&disk).unwrap());
        assert!(expected.contains(&("new".into(), values(4))) && expected.contains(&("u".into(), values(4))));
        let operations = recorder.operations.lock().unwrap().clone();
        let (mut without, mut with) = (0, 0);
        for number in 0..=operations.len() {
            for state in files.crashes(STATES, number as u64) {
                match reader(&MemoryDisk::new(state)) {
                    Ok(store) => {
                        assert_eq!(content(&store), expected, "a crash after {:?}", &operations[..number]);
                        with += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
                        assert!(number < operations.len(), "the repair is over, and not durable");
                        without += 1;
                    }
                }
            }
            operations.get(number).into_iter().for_each(|operation| files.apply(operation));
        }
        assert!(with > 0 && without > 0, "{with} states with a root, {without} without");
    }
}
