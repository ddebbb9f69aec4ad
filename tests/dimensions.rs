//! One dimension name has one length in a dataset, as far as a commit shows it; names that nobody gave are not compared.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{ArrayOptions, CreateOptions, DType, Error, ErrorKind, Mode, OpenOptions, RuntimeOptions, Selection};
use atlas_store::{Source, Store, Target};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn made() -> (tempfile::TempDir, PathBuf, Arc<Store>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    (dir, path, store)
}

fn open(path: &Path) -> Arc<Store> {
    Store::open(path, Mode::ReadWrite, OpenOptions::default()).unwrap()
}

fn define(store: &Store, array: &str, dims: &[&str], shape: &[u64]) -> Result<(), Error> {
    store.define_array("d", array, DType::I32, dims, shape, ArrayOptions::default())
}

fn append(store: &Store, array: &str, count: &[u64]) {
    let values = vec![7; count.iter().product::<u64>() as usize];
    store.append_array("d", array, count, Source::from_slice(&values)).unwrap();
}

/// The text of an INVALID_ARGUMENT that names all of `words`.
fn refused(error: Error, words: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    words.iter().for_each(|word| assert!(error.message().contains(word), "{word}: {error}"));
}

#[test]
fn a_definition_is_held_against_the_other_arrays() {
    let (_dir, path, store) = made();
    define(&store, "t", &["time", "x"], &[2, 5]).unwrap();
    define(&store, "cov", &["x", "x"], &[5, 5]).unwrap();
    assert_eq!(store.array_info("d", "cov").unwrap().dims, ["x", "x"]);
    store.flush().unwrap();
    let mut store = store;
    for round in 0..2 {
        if round > 0 {
            store.close().unwrap();
            store = open(&path);
        }
        let held = |array: &str, dims: &[&str], shape: &[u64], words: &[&str]| {
            refused(define(&store, array, dims, shape).unwrap_err(), words);
            assert!(!store.has_array("d", array).unwrap() && !store.info().unwrap().unflushed_changes);
        };
        held("u", &["time", "x"], &[2, 6], &["'u'", "'d'", "'x'", "6", "5", "'t'"]);
        held("u", &["x"], &[6], &["'x'", "6", "5"]);
        held("u", &["y", "y"], &[3, 4], &["'y'", "3", "4"]);
        held("u", &["y", "z", "z"], &[3, 4, 5], &["'z'", "4", "5"]);
        // Dimension 0 of 't' has cells already.
        held("u", &["y", "time"], &[1, 3], &["'time'", "3", "2", "'t'"]);
    }
}

#[test]
fn a_dimension_without_cells_that_cannot_grow_is_held_against_others() {
    let (_dir, _, store) = made();
    define(&store, "none", &["y", "w"], &[3, 0]).unwrap();
    refused(define(&store, "some", &["w"], &[4]).unwrap_err(), &["'w'", "4", "0", "'none'"]);
    define(&store, "later", &["w"], &[0]).unwrap();
}

#[test]
fn dimensions_0_may_differ_until_the_flush_which_loses_nothing() {
    for threads in [0, 2] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let runtime = RuntimeOptions { threads: Some(threads), ..RuntimeOptions::default() };
        let store = Store::create(&path, CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
        store.create_dataset("d").unwrap();
        define(&store, "time", &[], &[0]).unwrap();
        define(&store, "a", &["time", "x"], &[0, 2]).unwrap();
        define(&store, "b", &["time"], &[3]).unwrap();
        define(&store, "square", &["time", "time"], &[0, 3]).unwrap();
        append(&store, "time", &[3]);
        append(&store, "square", &[3, 3]);
        let words = ["'d'", "'time'", "0", "3", "'a'", "append"];
        let generation = store.info().unwrap().generation;
        refused(store.flush().unwrap_err(), &words);
        // A begun flush has it as its own error.
        store.flush_begin().unwrap();
        refused(store.flush_wait().unwrap_err(), &words);
        store.flush_wait().unwrap();
        refused(store.close().unwrap_err(), &words);
        assert_eq!(store.info().unwrap().generation, generation);
        append(&store, "a", &[3, 2]);
        store.flush().unwrap();
        // Against arrays that have not changed since, in this process and in the next; with other changes among them.
        for _ in 0..2 {
            append(&store, "b", &[1]);
            store.set_attribute("d", Some("a"), "k", 1).unwrap();
            refused(store.flush().unwrap_err(), &["'time'", "4 in array 'b'", "3 in array"]);
            append(&store, "time", &[1]);
            refused(store.flush().unwrap_err(), &["'time'", "4 in array", "3 in array"]);
            if store.has_array("d", "square").unwrap() {
                store.delete_array("d", "square").unwrap();
            }
            append(&store, "a", &[1, 2]);
            store.flush().unwrap();
            append(&store, "a", &[1, 2]);
            append(&store, "b", &[1]);
            store.delete_array("d", "time").unwrap();
            store.flush().unwrap();
            define(&store, "time", &[], &[5]).unwrap();
            store.flush().unwrap();
            // Back to what the next round begins with.
            store.delete_dataset("d").unwrap();
            store.create_dataset("d").unwrap();
            define(&store, "time", &[], &[3]).unwrap();
            define(&store, "a", &["time", "x"], &[3, 2]).unwrap();
            define(&store, "b", &["time"], &[3]).unwrap();
            store.flush().unwrap();
        }
        store.close().unwrap();
        let store = open(&path);
        append(&store, "b", &[1]);
        refused(store.flush().unwrap_err(), &["'time'", "4 in array 'b'", "3 in array"]);
        store.delete_array("d", "b").unwrap();
        store.close().unwrap();
    }
}

/// What is known of many arrays is kept from one flush to the next, and goes with what is defined and deleted.
#[test]
fn many_arrays_are_held_to_one_length() {
    let (_dir, path, store) = made();
    let mut store = store;
    let name = |number: usize| format!("a{number}");
    (0..40).for_each(|number| define(&store, &name(number), &["time", "x"], &[0, 2]).unwrap());
    for round in 0..4u64 {
        for number in 0..40 {
            refused_while(&store, number > 0, &["'time'", &format!("{}", round + 1), &format!("{round} in array")]);
            append(&store, &name(number), &[1, 2]);
        }
        store.flush().unwrap();
        // All that have a fixed dimension of a name are gone: it is free. So is that of one array that grows alone.
        define(&store, "fixed", &["time", "z"], &[round + 1, round + 5]).unwrap();
        refused(define(&store, "other", &["time", "z"], &[round + 1, 1]).unwrap_err(), &["'z'", "'fixed'"]);
        store.flush().unwrap();
        store.delete_array("d", "fixed").unwrap();
        define(&store, "alone", &["z", "x"], &[1, 2]).unwrap();
        store.flush().unwrap();
        append(&store, "alone", &[1, 2]);
        store.flush().unwrap();
        store.delete_array("d", "alone").unwrap();
        if round == 2 {
            store.close().unwrap();
            store = open(&path);
        }
    }
}

/// A flush, which is refused if `refuses` says so.
fn refused_while(store: &Store, refuses: bool, words: &[&str]) {
    match refuses {
        true => refused(store.flush().unwrap_err(), words),
        false => store.flush().unwrap(),
    }
}

#[test]
fn names_that_nobody_gave_are_not_compared() {
    let (_dir, _, store) = made();
    define(&store, "a", &[], &[2, 3]).unwrap();
    define(&store, "b", &[], &[4, 5]).unwrap();
    define(&store, "c", &["dim_0", "dim_1"], &[6, 7]).unwrap();
    store.flush().unwrap();
    append(&store, "a", &[1, 3]);
    store.flush().unwrap();
    // In another place it is a name like any other.
    define(&store, "e", &["dim_1", "y"], &[6, 7]).unwrap();
    refused(define(&store, "f", &["z", "y"], &[1, 8]).unwrap_err(), &["'y'"]);
}

#[test]
fn an_array_of_rank_1_without_names_is_its_own_coordinate() {
    let (_dir, _, store) = made();
    let dims = |array: &str| store.array_info("d", array).unwrap().dims;
    define(&store, "x", &[], &[4]).unwrap();
    define(&store, "scalar", &[], &[]).unwrap();
    define(&store, "field", &["y", "x"], &[2, 4]).unwrap();
    assert_eq!((dims("x"), dims("scalar")), (vec!["x".to_owned()], Vec::new()));
    refused(define(&store, "other", &["y", "x"], &[2, 5]).unwrap_err(), &["'x'", "5", "4"]);
    store.flush().unwrap();
}

/// Another name for a dimension in the root, as a library without the rule could have given it.
fn rename_in_root(path: &Path, from: &str, to: &str) {
    const TRAILER: usize = r#","checksum":"crc32c:00000000"}"#.len() + 1;
    let root = path.join("atlas.json");
    let text = std::fs::read_to_string(&root).unwrap();
    let body = text[..text.len() - TRAILER].replace(from, to);
    let checksum = crc32c::crc32c(body.as_bytes());
    std::fs::write(&root, format!("{body},\"checksum\":\"crc32c:{checksum:08x}\"}}\n")).unwrap();
}

/// What an older library has committed stays readable and writable.
#[test]
fn what_breaks_the_rule_already_can_be_opened_and_changed() {
    let (_dir, path, store) = made();
    define(&store, "a", &["time", "x", "q"], &[2, 3, 1]).unwrap();
    define(&store, "b", &["tim_", "y", "q"], &[4, 5, 1]).unwrap();
    define(&store, "c", &["y_", "q"], &[1, 1]).unwrap();
    define(&store, "e", &["w", "x_"], &[1, 8]).unwrap();
    store.close().unwrap();
    for (from, to) in [("tim_", "time"), ("x_", "x")] {
        rename_in_root(&path, from, to);
    }
    let store = open(&path);
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let info = |array: &str| store.array_info("d", array).unwrap();
    assert_eq!((info("a").shape, info("b").shape), (vec![2, 3, 1], vec![4, 5, 1]));
    assert_eq!((info("b").dims[0].clone(), info("e").dims[1].clone()), ("time".into(), "x".into()));
    // Values, other arrays, more of the same: the names have no length that could be held against them.
    store.write_array("d", "a", Selection::all(3), Source::from_slice(&[1i32; 6])).unwrap();
    define(&store, "f", &["time", "x"], &[9, 9]).unwrap();
    append(&store, "b", &[1, 5, 1]);
    store.flush().unwrap();
    // A name that keeps to the rule is held to it.
    refused(define(&store, "g", &["v", "q"], &[1, 2]).unwrap_err(), &["'q'"]);
    store.compact().unwrap();
    store.set_attribute("d", None, "k", 1).unwrap();
    store.flush().unwrap();
    store.rollback(*store.generations().unwrap().first().unwrap()).unwrap();
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    store.close().unwrap();
    let mut values = [0i32; 6];
    open(&path).read_array("d", "a", Selection::all(3), Target::from_slice(&mut values)).unwrap();
    assert_eq!(values, [1; 6]);
}
