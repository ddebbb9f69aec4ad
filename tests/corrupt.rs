//! Flipped bytes: reported by verify wherever they are, and never read as data.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, FillValue, MetaFormat, Mode, OpenOptions, RuntimeOptions,
    Selection, Source, Store, Target,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const GRID: [u64; 2] = [70, 80];

fn grid(seed: usize) -> Vec<f32> {
    (0..70 * 80).map(|i| ((i * 31 + seed * 7) % 977) as f32 / 8.0).collect()
}

fn texts() -> Vec<String> {
    (0..40).map(|i| "text ".repeat(i % 5)).collect()
}

/// A small store, for the upper half of notations with catalogue files and a bundle, with blocks of every codec, packs, texts, several segments and dead bytes.
fn make(path: &Path, notation: u8) {
    let options = CreateOptions {
        meta_format: Some(if notation & 1 == 0 { MetaFormat::Json } else { MetaFormat::MsgPack }),
        meta_zstd: notation & 2 != 0,
        runtime: RuntimeOptions { root_bytes: (notation & 4 != 0).then_some(0), ..Default::default() },
        // Only the files of the last commit are verified.
        keep_generations: (notation & 4 != 0).then_some(0),
        ..Default::default()
    };
    let store = Store::create(path, options).unwrap();
    for (number, codec) in [Codec::Zstd, Codec::Lz4, Codec::None].into_iter().enumerate() {
        let dataset = store.create_dataset(&format!("d{number}")).unwrap();
        let with = |fill| ArrayOptions { codec: Some(codec), fill_value: fill, ..Default::default() };
        dataset.define_array("field", DType::F32, &["y", "x"], &GRID, with(Some(FillValue::from(1f32)))).unwrap();
        dataset.write("field", Selection::all(2), Source::from_slice(&grid(number))).unwrap();
        dataset.define_array("small", DType::I64, &["n"], &[24], with(None)).unwrap();
        dataset.write("small", Selection::all(1), Source::from_slice(&[number as i64; 24])).unwrap();
        dataset.define_array("name", DType::String, &["m"], &[40], with(None)).unwrap();
        let texts = texts();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        dataset.write_strings("name", Selection::all(1), &texts).unwrap();
        dataset.set_attribute(Some("field"), "units", "K").unwrap();
        // Enough array names for a bundle.
        for extra in ["e0", "e1"].into_iter().filter(|_| number == 2 && notation & 4 != 0) {
            dataset.define_array(extra, DType::U8, &[extra], &[3], with(None)).unwrap();
            dataset.write(extra, Selection::all(1), Source::from_slice(&[1u8, 2, 3])).unwrap();
        }
        store.flush().unwrap();
    }
    store.write_array("d0", "field", Selection::region(&[3, 3], &[1, 1]), Source::from_slice(&[5f32])).unwrap();
    store.create_dataset("gone").unwrap();
    store.define_array("gone", "small", DType::I64, &[], &[], ArrayOptions::default()).unwrap();
    store.write_array("gone", "small", Selection::all(0), Source::from_slice(&[1i64])).unwrap();
    store.flush().unwrap();
    store.delete_dataset("gone").unwrap();
    store.close().unwrap();
}

/// Reads everything: each value is right or the read is an error. Returns whether all reads succeeded.
fn read_all(store: &Store) -> bool {
    let mut whole = true;
    let mut note = |result: atlas_store::Result<()>| match result {
        Ok(()) => true,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported), "{error}");
            whole = false;
            false
        }
    };
    for number in 0..3usize {
        let name = format!("d{number}");
        let mut expected = grid(number);
        if number == 0 {
            expected[3 * 80 + 3] = 5.0;
        }
        let mut values = vec![0f32; expected.len()];
        if note(store.read_array(&name, "field", Selection::all(2), Target::from_slice(&mut values))) {
            assert_eq!(values, expected, "{name}");
        }
        let mut row = [0f32; 7];
        let part = Selection::region(&[3, 2], &[1, 7]);
        if note(store.read_array(&name, "field", part, Target::from_slice(&mut row))) {
            assert_eq!(row, expected[3 * 80 + 2..][..7]);
        }
        let mut small = [0i64; 24];
        if note(store.read_array(&name, "small", Selection::all(1), Target::from_slice(&mut small))) {
            assert_eq!(small, [number as i64; 24]);
        }
        match store.read_strings(&name, "name", Selection::all(1)) {
            Ok(read) => assert_eq!(read, texts()),
            Err(error) => drop(note(Err(error))),
        }
    }
    whole
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn open(path: &Path) -> atlas_store::Result<Arc<Store>> {
    // Thousands of stores are opened here: without threads to start for each.
    let runtime = RuntimeOptions { threads: Some(0), ..Default::default() };
    Store::open(path, Mode::Read, OpenOptions { runtime, ..OpenOptions::default() })
}

/// Flips bytes of every file of a store with this notation of the root, one at a time.
fn flip(notation: u8) {
    let mut flips = 0;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    make(&path, notation);
    let clean = open(&path).unwrap();
    assert!(read_all(&clean));
    assert_eq!(clean.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let is_bundle = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "bundle");
    assert_eq!(files(&path).iter().any(is_bundle), notation & 4 != 0);
    for file in files(&path) {
        let good = std::fs::read(&file).unwrap();
        // Every byte of a root and of the ends of a segment, where its header and its index are; between them every
        // 7th. Segments are alike whatever the root is: with the other notations fewer of their bytes are enough.
        let root = file.parent() == Some(&path);
        let is_new = is_bundle(&file) || file.extension().is_some_and(|extension| extension == "cat");
        let step = if notation == 0 || is_new { 7 } else { 101 };
        let ends = |i: usize| (notation == 0 || is_new) && (i < 64 || i + 400 > good.len());
        for i in (0..good.len()).filter(|&i| root || ends(i) || i.is_multiple_of(step)) {
            let mut bad = good.clone();
            bad[i] ^= 1 << (i % 8);
            std::fs::write(&file, &bad).unwrap();
            flips += 1;
            match open(&path) {
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported), "{error}");
                }
                Ok(store) => {
                    let mut named = Vec::new();
                    let count = store.verify(&mut |damage| named.push(damage.file.clone())).unwrap();
                    assert!(count > 0 && named.contains(&file), "byte {i} of {}: {named:?}", file.display());
                    read_all(&store);
                }
            }
            // A handle that has read the root before says the same.
            if i % 16 == 0 {
                assert!(clean.verify(&mut |_| {}).unwrap() > 0, "byte {i} of {}", file.display());
            }
        }
        std::fs::write(&file, &good).unwrap();
    }
    assert!(read_all(&open(&path).unwrap()));

    assert!(flips > 1000, "{flips}");
    println!("{flips} flipped bytes, all reported");
}

#[test]
fn every_flipped_byte_is_reported_with_a_json_root() {
    flip(0);
}

#[test]
fn every_flipped_byte_is_reported_with_a_msgpack_root() {
    flip(1);
}

#[test]
fn every_flipped_byte_is_reported_with_a_compressed_json_root() {
    flip(2);
}

#[test]
fn every_flipped_byte_is_reported_with_a_compressed_msgpack_root() {
    flip(3);
}

#[test]
fn every_flipped_byte_is_reported_with_catalogue_files() {
    flip(4);
    flip(5);
}

#[test]
fn cut_grown_missing_and_swapped_files_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    make(&path, 4);
    let segments: Vec<PathBuf> =
        files(&path).into_iter().filter(|file| file.extension().is_some_and(|e| e == "seg" || e == "cat")).collect();
    for file in &segments {
        let good = std::fs::read(file).unwrap();
        let report = |what: &str| {
            let store = open(&path).unwrap();
            assert!(store.verify(&mut |_| {}).unwrap() > 0, "{what} {}", file.display());
            read_all(&store);
        };
        for len in [0, 1, 31, 32, good.len() / 2, good.len() - 1] {
            std::fs::write(file, &good[..len]).unwrap();
            report("cut");
        }
        std::fs::write(file, [&good[..], &[0]].concat()).unwrap();
        report("grown");
        std::fs::remove_file(file).unwrap();
        report("missing");
        let other = segments.iter().find(|other| *other != file && other.exists()).unwrap();
        std::fs::copy(other, file).unwrap();
        report("swapped");
        std::fs::write(file, &good).unwrap();
    }
    assert!(read_all(&open(&path).unwrap()));
}
