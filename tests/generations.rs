//! Earlier commits: kept, opened, gone back to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, Selection, Source, Store, Target};
use std::path::Path;
use std::sync::Arc;

const CELLS: u64 = 3000;

fn create(path: &Path, keep_generations: Option<u32>) -> Arc<Store> {
    Store::create(path, CreateOptions { keep_generations, ..CreateOptions::default() }).expect("create")
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::ReadWrite, OpenOptions::default()).expect("open")
}

fn open_at(path: &Path, generation: u64) -> atlas_store::Result<Arc<Store>> {
    Store::open_at(path, generation, OpenOptions::default())
}

/// Makes commit `generation` of a store whose datasets and values say which commit it is.
fn commit(store: &Store, generation: u64) {
    assert_eq!(store.info().unwrap().generation, generation - 1);
    let own = store.create_dataset(&format!("run {generation}")).unwrap();
    own.define_array("t", DType::F64, &["x"], &[CELLS], ArrayOptions::default()).unwrap();
    own.write("t", Selection::all(1), Source::from_slice(&vec![generation as f64; CELLS as usize])).unwrap();
    if !store.has_dataset("all").unwrap() {
        let all = store.create_dataset("all").unwrap();
        all.define_array("t", DType::F64, &["x"], &[CELLS], ArrayOptions::default()).unwrap();
    }
    let all = store.dataset("all").unwrap();
    all.write("t", Selection::all(1), Source::from_slice(&vec![generation as f64; CELLS as usize])).unwrap();
    all.set_attribute(None, "generation", generation as i64).unwrap();
    store.flush().unwrap();
}

/// Whether a store holds what commit `generation` wrote, and nothing else.
fn assert_holds(store: &Store, generation: u64) {
    let names: Vec<String> = store.dataset_names().unwrap().iter().map(|name| name.to_string()).collect();
    let mut expected: Vec<String> = (2..=generation).map(|generation| format!("run {generation}")).collect();
    if generation > 1 {
        expected.insert(1, "all".into());
    }
    assert_eq!(names, expected);
    for name in names {
        let value = name.strip_prefix("run ").map_or(generation as f64, |number| number.parse().unwrap());
        let mut values = vec![0f64; CELLS as usize];
        store.read_array(&name, "t", Selection::all(1), Target::from_slice(&mut values)).expect("read");
        assert!(values.iter().all(|found| *found == value), "{name} of commit {generation}");
        let stats = store.array_stats(&name, "t").unwrap();
        assert_eq!(stats.range.map(|range| format!("{range:?}")), Some(format!("{:?}", both(value))));
    }
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

fn both(value: f64) -> (atlas_store::Scalar, atlas_store::Scalar) {
    (atlas_store::Scalar::Float(value), atlas_store::Scalar::Float(value))
}

fn kept_files(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".atlas"))
        .collect();
    names.sort();
    names
}

fn segments(path: &Path) -> usize {
    std::fs::read_dir(path.join("t")).map_or(0, Iterator::count)
}

#[test]
fn as_many_commits_are_kept_as_were_asked_for() {
    for keep in [0, 1, 3] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let store = create(&path, Some(keep));
        for generation in 2..=6 {
            commit(&store, generation);
            let first = generation.saturating_sub(u64::from(keep)).max(1);
            assert_eq!(store.generations().unwrap(), (first..=generation).collect::<Vec<_>>());
            for earlier in first..=generation {
                assert_holds(&open_at(&path, earlier).unwrap(), earlier);
            }
        }
        // It belongs to the store, whoever opens it.
        drop(store);
        let store = open(&path);
        commit(&store, 7);
        assert_eq!(kept_files(&path).len(), keep as usize);
        let error = open_at(&path, 1).err().expect("not kept");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let says = if keep == 0 { "none before the last, 7" } else { "6 and the last, 7" };
        assert!(error.message().contains(says), "{error}");
        assert!(error.message().contains("does not keep commit 1"), "{error}");
    }
}

#[test]
fn the_commit_before_the_last_is_kept_until_a_compaction() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None);
    for generation in 2..=4 {
        commit(&store, generation);
    }
    assert_eq!(store.generations().unwrap(), [3, 4]);
    store.compact().unwrap();
    assert_eq!(store.generations().unwrap(), [5]);
    assert_eq!((kept_files(&path), segments(&path)), (vec![], 1));
}

#[test]
fn how_many_commits_are_kept_can_be_changed_with_a_flush() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let kept = |store: &Store| store.info().unwrap().keep_generations;
    let store = create(&path, Some(0));
    commit(&store, 2);
    commit(&store, 3);
    assert_eq!((store.generations().unwrap(), kept(&store)), (vec![3], Some(0)));
    // In effect with the commit that makes it durable, and with none before.
    store.set_keep_generations(Some(3)).unwrap();
    assert_eq!((store.info().unwrap().unflushed_changes, kept(&store)), (true, Some(3)));
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!((kept(&reader), kept(&open_at(&path, 3).unwrap())), (Some(0), Some(0)));
    assert_eq!(reader.set_keep_generations(None).unwrap_err().kind(), ErrorKind::ReadOnly);
    commit(&store, 4);
    assert_eq!(store.generations().unwrap(), [3, 4]);
    (5..=8).for_each(|generation| commit(&store, generation));
    assert_eq!(store.generations().unwrap(), [5, 6, 7, 8]);
    assert!(reader.refresh().unwrap());
    assert_eq!(kept(&reader), Some(3));
    // What is not flushed is lost, as everything is; what is said twice is no change.
    store.set_keep_generations(Some(1)).unwrap();
    drop(store);
    let store = open(&path);
    assert_eq!(kept(&store), Some(3));
    store.set_keep_generations(Some(3)).unwrap();
    assert!(!store.info().unwrap().unflushed_changes);
    // Going back does not change what the store was told since.
    store.set_keep_generations(Some(4)).unwrap();
    store.flush().unwrap();
    store.rollback(5).unwrap();
    assert_eq!(kept(&store), Some(4));
    store.compact().unwrap();
    assert_eq!((store.generations().unwrap(), kept(&store)), (vec![6, 7, 8, 9, 11], Some(4)));
    store.set_keep_generations(None).unwrap();
    store.flush().unwrap();
    assert_eq!((store.generations().unwrap(), kept(&store)), (vec![11, 12], None));
    store.set_keep_generations(Some(0)).unwrap();
    store.flush().unwrap();
    assert_eq!((store.generations().unwrap(), kept(&store)), (vec![13], Some(0)));
    assert_holds(&store, 5);
    drop((store, reader));
    assert_holds(&open(&path), 5);
    assert_eq!(kept_files(&path), [""; 0]);
}

#[test]
fn a_compaction_leaves_what_kept_commits_need() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(2));
    for generation in 2..=4 {
        commit(&store, generation);
    }
    store.compact().unwrap();
    assert_eq!(store.generations().unwrap(), [2, 3, 5]);
    assert_eq!(segments(&path), 1 + 2, "those of commits 2 and 3; that of 4 only its own root named");
    assert_holds(&open_at(&path, 2).unwrap(), 2);
    assert_holds(&open_at(&path, 3).unwrap(), 3);
    drop(store);
    // Nor does a writer that opens the store remove them.
    let store = open(&path);
    assert_holds(&open_at(&path, 2).unwrap(), 2);
    // They go when their commits are no longer kept.
    store.create_dataset("more").unwrap();
    store.flush().unwrap();
    store.delete_dataset("more").unwrap();
    store.flush().unwrap();
    assert_eq!(store.generations().unwrap(), [5, 6, 7]);
    drop(store);
    drop(open(&path));
    assert_eq!(segments(&path), 1);
    assert_holds(&open_at(&path, 5).unwrap(), 4);
}

#[test]
fn what_a_rollback_names_again_stays_however_many_commits_follow() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(2));
    for generation in 2..=4 {
        commit(&store, generation);
    }
    // Takes the segments of commit 3 out of use, but for kept commits.
    store.compact().unwrap();
    store.rollback(3).unwrap();
    for _ in 0..2 {
        store.create_dataset("more").unwrap();
        store.flush().unwrap();
        store.delete_dataset("more").unwrap();
        store.flush().unwrap();
    }
    assert_eq!(store.generations().unwrap(), [8, 9, 10]);
    assert_holds(&store, 3);
    store.close().unwrap();
    assert_holds(&open(&path), 3);
}

#[test]
fn a_rollback_is_a_commit_that_can_be_undone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(4));
    for generation in 2..=4 {
        commit(&store, generation);
    }
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    store.rollback(2).unwrap();
    assert_holds(&store, 2);
    assert_holds(&reader, 4);
    assert!(reader.refresh().unwrap());
    assert_holds(&reader, 2);
    assert_eq!(store.generations().unwrap(), [1, 2, 3, 4, 5]);

    // What is written next is apart from what was gone back from: array ids are not used again.
    let run = store.create_dataset("other").unwrap();
    run.define_array("t", DType::F64, &["x"], &[CELLS], ArrayOptions::default()).unwrap();
    store.flush().unwrap();
    let mut values = vec![1f64; CELLS as usize];
    run.read("t", Selection::all(1), Target::from_slice(&mut values)).unwrap();
    assert!(values.iter().all(|value| *value == 0.0));
    store.rollback(5).unwrap();
    store.rollback(4).unwrap();
    assert_holds(&store, 4);
    store.close().unwrap();
    assert_holds(&open(&path), 4);
}

#[test]
fn a_rollback_refuses_what_it_would_lose_and_what_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, Some(4));
    for generation in 2..=4 {
        commit(&store, generation);
    }
    store.create_dataset("new").unwrap();
    let error = store.rollback(3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnflushedChanges);
    store.delete_dataset("new").unwrap();
    store.flush().unwrap();
    for absent in [0, 9, u64::MAX] {
        let error = store.rollback(absent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.message().contains("1, 2, 3, 4 and the last, 5"), "{error}");
    }
    store.rollback(5).unwrap();
    assert_eq!(store.info().unwrap().generation, 5, "going back to the last commit changes nothing");
    let reader = Store::open(&path, Mode::Read, OpenOptions::default()).unwrap();
    assert_eq!(reader.rollback(3).unwrap_err().kind(), ErrorKind::ReadOnly);

    // A commit whose values are gone is not gone back to.
    let first = std::fs::read_dir(path.join("t")).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    std::fs::remove_file(first).unwrap();
    let error = open(&{
        drop(store);
        path.clone()
    })
    .rollback(3)
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(open(&path).info().unwrap().generation, 5);

    // Nor is one whose root is damaged; verify tells.
    let kept = path.join(".atlas.json.00000004");
    let mut bytes = std::fs::read(&kept).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&kept, bytes).unwrap();
    assert_eq!(open(&path).rollback(4).unwrap_err().kind(), ErrorKind::Corrupt);
    let mut files = Vec::new();
    open(&path).verify(&mut |damage| files.push(damage.file.clone())).unwrap();
    assert!(files.contains(&kept), "{files:?}");
}

/// The number of schemas in the root.
fn schemas(path: &Path) -> usize {
    let root: serde_json::Value = serde_json::from_slice(&std::fs::read(path.join("atlas.json")).unwrap()).unwrap();
    root["atlas"]["schemas"].as_array().unwrap().len()
}

#[test]
fn a_compaction_forgets_the_schemas_that_no_array_has_and_keeps_the_others_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = create(&path, None);
    store.create_dataset("d").unwrap();
    let define = |store: &Store, number: u64| {
        let options = ArrayOptions { chunk_shape: Some(vec![number + 1]), ..ArrayOptions::default() };
        store.define_array("d", &format!("a{number}"), DType::I64, &["x"], &[100], options).unwrap();
        let values = vec![number as i64; 100];
        store.write_array("d", &format!("a{number}"), Selection::all(1), Source::from_slice(&values)).unwrap();
    };
    let check = |store: &Store, numbers: &[u64]| {
        assert_eq!(store.array_names("d").unwrap().len(), numbers.len());
        for number in numbers {
            let info = store.array_info("d", &format!("a{number}")).unwrap();
            assert_eq!(info.chunk_shape, [number + 1]);
            let mut values = vec![-1i64; 100];
            let target = Target::from_slice(&mut values);
            store.read_array("d", &format!("a{number}"), Selection::all(1), target).unwrap();
            assert!(values.iter().all(|value| *value == *number as i64), "{number}: {}", values[0]);
        }
    };
    (0..20).for_each(|number| define(&store, number));
    store.flush().unwrap();
    (0..20).filter(|number| number % 7 != 3).for_each(|number| store.delete_array("d", &format!("a{number}")).unwrap());
    store.flush().unwrap();
    assert_eq!(schemas(&path), 20);
    store.compact().unwrap();
    assert_eq!(schemas(&path), 3);
    check(&store, &[3, 10, 17]);
    // Those that come get numbers of their own, in this handle and in the next.
    define(&store, 30);
    store.flush().unwrap();
    check(&store, &[3, 10, 17, 30]);
    store.close().unwrap();
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    define(&store, 5);
    store.flush().unwrap();
    assert_eq!(schemas(&path), 5);
    check(&store, &[3, 10, 17, 30, 5]);
    check(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap(), &[3, 10, 17, 30, 5]);
    store.delete_array("d", "a3").unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(schemas(&path), 4, "though there was nothing else to gain");
    check(&Store::open(&path, Mode::Read, OpenOptions::default()).unwrap(), &[10, 17, 30, 5]);
}
