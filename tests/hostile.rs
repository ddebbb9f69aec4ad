//! Files made to do harm: whatever they say, a call gives an error that names the file, or right values, and takes no
//! more memory than `docs/reliability.md` allows. What fuzzing found is replayed here too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

#[allow(dead_code)]
#[path = "../fuzz/src/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "../fuzz/src/encode.rs"]
mod encode;
#[path = "../fuzz/src/exercise.rs"]
mod exercise;
#[allow(dead_code)]
#[path = "../fuzz/src/memory.rs"]
mod memory;
#[path = "../fuzz/src/model.rs"]
mod model;
#[path = "../fuzz/src/parts.rs"]
mod parts;
#[allow(dead_code)]
#[path = "../fuzz/src/session.rs"]
mod session;
#[path = "../fuzz/src/targets.rs"]
mod targets;

use atlas_store::{
    ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, RuntimeOptions, Scalar, Selection, Source, Store,
    Target,
};
use encode::{NOTATIONS, Notation, Row, frame, seal_json, seal_msgpack, seal_zstd, texts};
use memory::{Memory, STORE};
use model::Model;
use serde_json::{Value, json};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Memory is counted for the process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn options() -> OpenOptions {
    OpenOptions { runtime: RuntimeOptions { threads: Some(0), ..Default::default() }, ..OpenOptions::default() }
}

fn open(memory: &Memory, mode: Mode) -> atlas_store::Result<Arc<Store>> {
    Store::open_on(Arc::new(memory.clone()), Path::new(STORE), mode, options())
}

/// The model with another value at a place in its root; a place that is not there yet is made.
fn with(place: &str, value: Value) -> Memory {
    let mut model = Model::whole();
    let files = model.encode_segments();
    let (parent, key) = place.rsplit_once('/').unwrap();
    match model.tree.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}")) {
        Value::Object(map) => drop(map.insert(key.into(), value)),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        other => panic!("{parent} is {other}"),
    }
    let root = ("atlas.json", Notation::Json.root(&model.tree));
    Memory::of(files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).chain([root]))
}

/// The model with another root.
fn with_root(name: &str, root: Vec<u8>) -> Memory {
    let segments = Model::whole().encode_segments();
    Memory::of(segments.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).chain([(name, root)]))
}

/// The model with an edited segment of an array.
fn with_segment(number: usize, edit: impl FnOnce(&mut encode::Segment)) -> Memory {
    let mut model = Model::whole();
    edit(&mut model.segments[number].segment);
    model.store()
}

/// Opening says `why` and names the root; nothing that is tried with the store does harm.
fn refuses_to_open(memory: &Memory, why: &str) {
    let error = open(memory, Mode::Read).err().unwrap_or_else(|| panic!("opened, expected: {why}"));
    assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported), "{:?} {error}", error.kind());
    assert!(error.message().contains(why), "'{error}' does not say '{why}'");
    assert!(error.message().contains("/store"), "'{error}' names no file");
    exercise::exercise(memory);
}

/// Reading an array of a store that opens says `why` and names the file; so does verifying, except where `unseen`.
fn refuses_to_read(memory: &Memory, dataset: &str, array: &str, why: &str) {
    let store = open(memory, Mode::Read).unwrap();
    let read = match store.array_info(dataset, array) {
        Err(error) => Err(error),
        Ok(info) if info.dtype == DType::String => {
            store.read_strings(dataset, array, Selection::all(info.shape.len())).map(drop)
        }
        Ok(info) => {
            let mut bytes = vec![0u8; info.shape.iter().product::<u64>() as usize * info.dtype.size()];
            // SAFETY: the bytes are as many as the array has.
            let target = unsafe { Target::from_raw(bytes.as_mut_ptr(), info.dtype, None) };
            store.read_array(dataset, array, Selection::all(info.shape.len()), target)
        }
    };
    let error = read.err().unwrap_or_else(|| panic!("read, expected: {why}"));
    assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unsupported), "{:?} {error}", error.kind());
    assert!(error.message().contains(why), "'{error}' does not say '{why}'");
    let in_segment = error.message().contains(".seg at offset");
    assert!(in_segment || error.message().contains("in the root"), "'{error}' names no file");
    exercise::exercise(memory);
}

fn verified(memory: &Memory) -> Vec<String> {
    let mut damages = Vec::new();
    let store = open(memory, Mode::Read).unwrap();
    store.verify(&mut |damage| damages.push(damage.message.clone())).unwrap();
    damages
}

#[test]
fn what_the_description_of_the_format_says_is_what_the_library_reads() {
    let _alone = alone();
    for (notation, make) in NOTATIONS
        .into_iter()
        .flat_map(|notation| [(notation, Model::whole as fn() -> Model), (notation, Model::parted)])
    {
        let mut model = make();
        model.notation = notation;
        let memory = model.store();
        let store = open(&memory, Mode::Read).unwrap();
        assert_eq!(verified(&memory), [""; 0]);
        let mut names: Vec<_> = store.dataset_names().unwrap().iter().map(|name| name.to_string()).collect();
        names.sort();
        assert_eq!(names, ["february", "january", "none"]);
        let mut t = [0f32; 35];
        store.read_array("january", "t", Selection::all(2), Target::from_slice(&mut t)).unwrap();
        let mut expected = [-1f32; 35];
        for (cell, value) in [(0, 10.), (1, 11.), (2, 12.), (7, 13.), (8, 14.), (34, 16.)] {
            expected[cell] = value;
        }
        assert_eq!(t, expected);
        let stats = store.array_stats("january", "t").unwrap();
        assert_eq!((stats.row_count, stats.null_count), (35, 29));
        assert_eq!(stats.range, Some((Scalar::Float(10.0), Scalar::Float(16.0))));
        let mut big = vec![0i16; 9000];
        store.read_array("january", "big", Selection::all(2), Target::from_slice(&mut big)).unwrap();
        assert!(big.iter().enumerate().all(|(at, &value)| value == at as i16));
        assert_eq!(store.read_strings("january", "name", Selection::all(1)).unwrap(), ["a", "", "Ωmega"]);
        let mut flags = [false; 6];
        store.read_array("january", "flags", Selection::all(1), Target::from_slice(&mut flags)).unwrap();
        assert_eq!(flags, [true, false, true, false, true, true]);
        let mut one = [[0f32; 2]];
        store.read_array("january", "one", Selection::all(0), Target::from_slice(&mut one)).unwrap();
        assert_eq!(one, [[1.5, -2.5]]);
        let mut february = [0f32; 35];
        store.read_array("february", "t", Selection::all(2), Target::from_slice(&mut february)).unwrap();
        assert_eq!(february[7..10], [23., 24., 25.]);
        let mut cut = [0f32; 150];
        store.read_array("february", "cut", Selection::all(2), Target::from_slice(&mut cut)).unwrap();
        assert!(cut.iter().enumerate().all(|(at, &value)| value == (at % 100 / 25) as f32), "{cut:?}");
        exercise::exercise(&memory);
        // The library's own compaction of it leaves the same values.
        let writer = open(&model.store(), Mode::ReadWrite).unwrap();
        writer.compact().unwrap();
        assert_eq!(writer.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
        writer.read_array("january", "t", Selection::all(2), Target::from_slice(&mut t)).unwrap();
        assert_eq!(t, expected);
    }
}

#[test]
fn what_fuzzing_found_and_what_it_began_with_is_replayed() {
    let _alone = alone();
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    type Replay = fn(&[u8]);
    let kinds: [(&str, Replay); 6] = [
        ("root", targets::root),
        ("segment", targets::segment),
        ("structure", targets::structure),
        ("catalogue", targets::catalogue),
        ("ticket", targets::ticket),
        ("export", targets::export),
    ];
    let mut replayed = 0;
    for (kind, target) in kinds {
        for folder in ["regressions", "seeds"] {
            for entry in std::fs::read_dir(fuzz.join(folder).join(kind)).unwrap() {
                target(&std::fs::read(entry.unwrap().path()).unwrap());
                replayed += 1;
            }
        }
    }
    assert!(replayed > 50, "only {replayed} inputs are there");
    println!("{replayed} inputs replayed");
}

#[test]
fn numbers_that_nothing_can_be_are_refused() {
    let _alone = alone();
    let most = u64::MAX;
    for (place, value, why) in [
        ("/atlas/generation", json!(0), "generation"),
        ("/atlas/generation", json!(1u64 << 63), "generation"),
        ("/atlas/next_array_id", json!(1u64 << 63), "next array id"),
        ("/atlas/store_id", json!("\u{1b}[2J\n"), "hexadecimal"),
        ("/atlas/array_files/t/live_bytes", json!(most), "more bytes than its segments"),
        ("/atlas/array_files/t/dead_bytes", json!(1u64 << 40), "more bytes than its segments"),
        ("/atlas/array_files/t/segments/0/length", json!(most), "more bytes than its segments"),
        ("/atlas/schemas/0/chunk_shape", json!([0, 3]), "chunk_shape[0] is 0"),
        ("/atlas/schemas/0/chunk_shape", json!([1u64 << 40, 3]), "a chunk of shape"),
        ("/atlas/schemas/0/chunk_shape", json!([1u64 << 63, 1]), "overflows 2^63 bytes"),
        ("/atlas/schemas/0/chunk_shape", json!([1u64 << 32, 1u64 << 32]), "overflows 2^63 bytes"),
        ("/atlas/schemas/0/chunk_shape", json!([2]), "2 dimension names for rank 1"),
        ("/atlas/schemas/0/chunk_shape", json!(vec![1; 33]), "dimension names for rank 33"),
        ("/atlas/schemas/0/fill_value", json!({"f32": [1.0, 2.0]}), "a fill value of 2 f32"),
        ("/atlas/schemas/0/fill_value", json!({"f64": [1.0]}), "a fill value of 1 f64"),
        ("/atlas/schemas/0/dtype", json!("f31"), "f31"),
        ("/atlas/schemas/0/compression/codec", json!("gzip"), "unknown codec"),
        ("/atlas/schemas/0/compression/level", json!(1000), "zstd has no level 1000"),
        ("/atlas/schemas/2/chunk_shape", json!([1u64 << 25]), "texts"),
        ("/atlas/required_features", json!(["wings"]), "the feature 'wings'"),
        ("/atlas/format_version", json!(u32::MAX), "format version"),
    ] {
        refuses_to_open(&with(place, value), why);
    }
    // A chunk of fill values that no block could hold.
    let mut model = Model::whole();
    model.tree["atlas"]["schemas"][2]["chunk_shape"] = json!([1 << 24]);
    model.tree["atlas"]["schemas"][2]["fill_value"] = json!({"string": ["x".repeat(1 << 10)]});
    refuses_to_open(&model.store(), "fill values");

    let t = "/datasets/january/arrays/t";
    for (place, value, why) in [
        ("/shape", json!([1u64 << 63, 1]), "overflows 2^63 bytes"),
        ("/shape", json!([1u64 << 32, 1u64 << 32]), "overflows 2^63 bytes"),
        ("/shape", json!([most, most]), "overflows 2^63 bytes"),
        ("/shape", json!([5]), "rank 2"),
        ("/schema", json!(u32::MAX), "no schema"),
        ("/id", json!(0), "id 0"),
        ("/id", json!(8), "id 8 is not below the next"),
        ("/id", json!(most), "is not below the next"),
        ("/stored/cells", json!(36), "36 stored cells"),
        ("/stored/nulls", json!(8), "8 of them null"),
        ("/stored/chunks", json!(most), "chunks"),
        ("/stored/range", json!({"f32": ["NaN", 1.0]}), "range"),
        ("/stored/range", json!({"f32": [2.0, 1.0]}), "range"),
        ("/stored/range", json!({"f32": [1.0]}), "range"),
        ("/stored/range", json!({"i64": [1, 2]}), "range"),
        ("/attributes", json!({"a": {"c64": [1.0]}}), "imaginary"),
        ("/attributes", json!({"a": {"i8": [128]}}), "128"),
        ("/attributes", json!({"a": {"f31": []}}), "f31"),
        ("/attributes", json!({"a": {"i8": [], "u8": []}}), "two dtypes"),
        ("/attributes", json!({"": {"i8": []}}), "name is empty"),
        ("/attributes", json!({"a": {"string": ["a\0b"]}}), "NUL"),
    ] {
        let memory = with(&format!("{t}{place}"), value);
        refuses_to_read(&memory, "january", "t", why);
        assert_eq!(verified(&memory).len(), 1, "{place}");
    }
    // The greatest shapes that can be: values can be had where they are asked for, and no more memory than that.
    for shape in [[1u64 << 60, 1], [1 << 30, 1 << 30], [0, 1 << 60], [1 << 60, 0]] {
        let mut model = Model::whole();
        model.tree["datasets"]["january"]["arrays"]["t"]["shape"] = json!(shape);
        model.tree["datasets"]["january"]["arrays"]["t"]["stored"] = json!({"chunks": 0, "cells": 0, "nulls": 0});
        exercise::exercise(&model.store());
    }
    // A text for each of 2^60 cells is more than there can be.
    let store = open(&with("/datasets/january/arrays/name/shape", json!([1u64 << 55])), Mode::Read).unwrap();
    let error = store.read_strings("january", "name", Selection::all(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
}

#[test]
fn pins_of_what_is_no_earlier_commit_are_refused() {
    let _alone = alone();
    for (value, why) in [
        (json!({"a": 0}), "pin 'a' names commit 0, which is none before 5"),
        (json!({"a": 5}), "pin 'a' names commit 5, which is none before 5"),
        (json!({"b": 1, "a": u64::MAX}), "pin 'a' names commit 18446744073709551615"),
        (json!({"a": -1}), "not a root"),
        (json!({"a": 1.5}), "not a root"),
        (json!({"a": "1"}), "not a root"),
        (json!({"a": null}), "not a root"),
        (json!([{"name": "a", "generation": 1}]), "not a root"),
        (json!("a"), "not a root"),
        (json!({"": 1}), "the pin name is empty"),
        (json!({"a\n": 1}), "control character"),
        (json!({"x".repeat(256): 1}), "256 bytes"),
    ] {
        refuses_to_open(&with("/atlas/pins", value), why);
    }
    let twice = |pins: &str| {
        let mut model = Model::whole();
        model.encode_segments();
        let root = String::from_utf8(Notation::Json.root(&model.tree)).unwrap();
        let body = root[..root.len() - 31].replacen("{\"atlas\":{", &format!("{{\"atlas\":{{\"pins\":{pins},"), 1);
        with_root("atlas.json", seal_json(body.into_bytes()))
    };
    refuses_to_open(&twice("{\"a\":1,\"a\":2}"), "the name 'a' occurs twice");
    // One whose commit is not there: the store is read and written, and verify names it.
    let memory = twice("{\"a\":1}");
    let said = verified(&memory);
    assert!(said.len() == 1 && said[0].contains("pin 'a' names commit 1, whose root is gone"), "{said:?}");
    exercise::exercise(&memory);
    assert_eq!(open(&memory, Mode::Read).unwrap().pin_generation("a").unwrap(), 1);
    // A writer that does not know what keeps files would remove them.
    let memory = with("/atlas/writer_features", json!(["pins", "leases"]));
    let error = open(&memory, Mode::ReadWrite).err().unwrap();
    assert!(error.kind() == ErrorKind::Unsupported && error.message().contains("the feature 'leases'"), "{error}");
    open(&memory, Mode::Read).unwrap();
}

#[test]
fn names_that_lead_elsewhere_or_occur_twice_are_refused() {
    let _alone = alone();
    for folder in ["..", ".", "", "/", "/etc", "a/b", "../t", "t/..", "t\0", ".lock", "t\\u", &"t".repeat(256)] {
        refuses_to_open(&with("/atlas/array_files/t/folder", json!(folder)), "has the folder");
    }
    let names = [
        "",
        ".",
        "..",
        "/etc/passwd",
        "../../secret",
        "00000002-0000000000000000.seg\0",
        "../00000002-0000000000000000.seg",
        "00000002-0000000000000000.seg/",
        "atlas.json",
        "00000002-0123456789ABCDEF.seg",
    ];
    for file in names {
        refuses_to_open(&with("/atlas/array_files/t/segments/0/file", json!(file)), "has the segment");
    }
    let again = Model::whole().segments[1].file.clone();
    refuses_to_open(&with("/atlas/array_files/t/segments/0/file", json!(again)), "twice");
    refuses_to_open(&with("/atlas/array_files/big/segments/0/file", json!(again)), "twice");

    for (name, why) in [
        ("", "empty"),
        ("a\nb", "control character"),
        ("a\0", "control character"),
        (&"é".repeat(128), "256 bytes"),
        ("\u{85}", "control character"),
    ] {
        let mut dataset = json!({});
        refuses_to_open(&with(&format!("/datasets/{name}"), dataset.clone()), why);
        refuses_to_open(&with(&format!("/atlas/array_files/{name}"), with_segments()), why);
        refuses_to_open(&with("/atlas/schemas/2/dims", json!([name])), why);
        dataset = json!({"arrays": {name: {"id": 1, "schema": 0, "shape": [1, 1]}}});
        refuses_to_read(&with("/datasets/none", dataset), "none", "t", why);
    }

    // JSON says a name twice as easily as once.
    let body = |find: &str, put: &str| {
        let mut model = Model::whole();
        model.encode_segments();
        let root = String::from_utf8(Notation::Json.root(&model.tree)).unwrap();
        let body = &root[..root.len() - 31];
        assert_eq!(body.matches(find).count(), 1, "{find}");
        with_root("atlas.json", seal_json(body.replace(find, put).into_bytes()))
    };
    refuses_to_open(&body("\"none\":{}", "\"none\":{},\"none\":{}"), "'none' twice");
    refuses_to_open(
        &body(
            "\"array_files\":{",
            "\"array_files\":{\"t\":{\"folder\":\"t\",\"live_bytes\":0,\"dead_bytes\":0,\"segments\":[]},",
        ),
        "twice",
    );
    refuses_to_open(&body("\"generation\":", "\"generation\":4,\"generation\":"), "duplicate field");
    let array = "{\"id\":5,\"schema\":4,\"shape\":[6]}";
    refuses_to_read(
        &body("\"flags\":{\"id\"", &format!("\"flags\":{array},\"flags\":{{\"id\"")),
        "january",
        "flags",
        "twice",
    );
    refuses_to_read(&body("\"i8\":{\"i8\"", "\"i8\":{\"i8\":[]},\"i8\":{\"i8\""), "january", "flags", "twice");

    // Two arrays of one id would share their chunks: verify says so, and a flush does not write them.
    let memory = with("/datasets/february/arrays/t/id", json!(1));
    assert_eq!(verified(&memory).len(), 1);
    assert!(verified(&memory)[0].contains("has the id 1 of another"));
    let store = open(&memory, Mode::ReadWrite).unwrap();
    for dataset in ["january", "february"] {
        store.write_array(dataset, "t", Selection::all(2), Source::from_slice(&[1f32; 35])).unwrap();
    }
    let error = store.flush().unwrap_err();
    assert!(error.kind() == ErrorKind::Corrupt && error.message().contains("two arrays have that id"), "{error}");
    store.discard();
    exercise::exercise(&memory);
}

fn with_segments() -> Value {
    json!({"folder": "x", "live_bytes": 0, "dead_bytes": 0, "segments": []})
}

#[test]
fn nesting_without_end_is_read_without_recursion() {
    let _alone = alone();
    const DEEP: usize = 100_000;
    let mut model = Model::whole();
    model.encode_segments();
    let root = String::from_utf8(Notation::Json.root(&model.tree)).unwrap();
    let body = &root[..root.len() - 31];
    let lists = "[".repeat(DEEP) + &"]".repeat(DEEP);
    let maps = "{\"a\":".repeat(DEEP) + "1" + &"}".repeat(DEEP);
    let packed = |marker: u8, ends: usize| -> Vec<u8> {
        let mut deep = vec![marker; DEEP];
        deep.resize(DEEP + ends, 0xc0);
        deep
    };
    // As on a thread with a small stack, which is what a program may call from.
    let on_small_stack = |memory: Memory| {
        let thread = std::thread::Builder::new().stack_size(512 << 10);
        thread.spawn(move || exercise::exercise(&memory)).unwrap().join().unwrap();
    };
    for deep in [&lists, &maps] {
        // A key that nobody knows: at the top, in the head, in a dataset; and where something is known to be.
        for (find, put) in [
            ("{\"atlas\":", format!("{{\"x\":{deep},\"atlas\":")),
            ("\"generation\":", format!("\"x\":{deep},\"generation\":")),
            ("\"none\":{}", format!("\"none\":{{\"x\":{deep}}}")),
            ("\"none\":{}", format!("\"none\":{{\"arrays\":{deep}}}")),
            ("\"none\":{}", format!("\"none\":{{\"attributes\":{{\"x\":{deep}}}}}")),
            ("\"none\":{}", format!("\"none\":{deep}")),
            ("\"schemas\":[", format!("\"schemas\":[{deep},")),
        ] {
            on_small_stack(with_root("atlas.json", seal_json(body.replacen(find, &put, 1).into_bytes())));
        }
    }
    for marker in [0x91, 0x81] {
        let deep = packed(marker, 1);
        let text = |text: &str| [&[0xa0 | text.len() as u8], text.as_bytes()].concat();
        let top = [&[0x84][..], &text("x"), &deep, &text("atlas"), &[0x80]].concat();
        let head = [&[0x83][..], &text("atlas"), &[0x81], &text("x"), &deep].concat();
        for body in [top, head, deep.clone()] {
            let root = seal_msgpack(body);
            on_small_stack(with_root("atlas.msgpack", root.clone()));
            on_small_stack(with_root("atlas.msgpack.zst", seal_zstd(frame(&root))));
        }
        let mut root = encode_with_dataset(&model.tree, &[&[0x81][..], &text("x"), &deep].concat());
        on_small_stack(with_root("atlas.msgpack", std::mem::take(&mut root)));
    }
    // Lists that claim 2^32 - 1 elements, and have none.
    for marker in [[0xdd, 0xff, 0xff, 0xff, 0xff], [0xdf, 0xff, 0xff, 0xff, 0xff], [0xc6, 0xff, 0xff, 0xff, 0xff]] {
        let attribute = [&[0x81, 0xaa][..], b"attributes", &[0x81, 0xa1, b'a', 0x81, 0xa2], b"u8", &marker].concat();
        let memory = with_root("atlas.msgpack", encode_with_dataset(&model.tree, &attribute));
        let store = open(&memory, Mode::Read).unwrap();
        assert_eq!(store.attribute_names("deep", None).unwrap_err().kind(), ErrorKind::Corrupt);
        on_small_stack(memory);
        let head = [&[0x83, 0xa5][..], b"atlas", &[0x81, 0xa7], b"schemas", &marker].concat();
        on_small_stack(with_root("atlas.msgpack", seal_msgpack(head)));
        on_small_stack(with_root("atlas.msgpack", seal_msgpack(marker.to_vec())));
    }
}

/// A MessagePack root with these bytes as one more dataset, "deep".
fn encode_with_dataset(tree: &Value, dataset: &[u8]) -> Vec<u8> {
    let mut body = vec![0x83, 0xa5];
    body.extend_from_slice(b"atlas");
    encode::msgpack(&tree["atlas"], &mut body);
    body.push(0xa8);
    body.extend_from_slice(b"datasets\x81\xa4deep\xc6");
    body.extend_from_slice(&(dataset.len() as u32).to_be_bytes());
    body.extend_from_slice(dataset);
    seal_msgpack(body)
}

/// A zstd frame of `blocks` runs of 128 KiB of a byte each, which takes four bytes for each run.
fn bomb(descriptor: &[u8], blocks: usize, byte: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd];
    frame.extend_from_slice(descriptor);
    for block in 1..=blocks {
        let header = 128u32 << 13 | 1 << 1 | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

#[test]
fn compressed_bombs_are_refused_before_they_fill_the_memory() {
    let _alone = alone();
    // Window descriptors: 8 MiB, 128 MiB, 2 GiB. Then a content size of 2^63 that is not there.
    let eight = [0, 13 << 3];
    for (name, byte) in [("atlas.json.zst", b' '), ("atlas.msgpack.zst", 0xc0)] {
        for blocks in [1000, 40_000] {
            let root = seal_zstd(bomb(&eight, blocks, byte));
            refuses_to_open(&with_root(name, root), "decompress to more than");
        }
        for window in [17 << 3, 21 << 3] {
            refuses_to_open(&with_root(name, seal_zstd(bomb(&[0, window], 10, byte))), "zstd");
        }
        let claims = [&[0xc0, 13 << 3][..], &(1u64 << 63).to_le_bytes()].concat();
        refuses_to_open(&with_root(name, seal_zstd(bomb(&claims, 1, byte))), "zstd");
        refuses_to_open(&with_root(name, seal_zstd(Vec::new())), "zstd");
        // Within the bound, but not a root.
        refuses_to_open(&with_root(name, seal_zstd(bomb(&eight, 100, byte))), "checksum");
    }

    // An index page that decodes to more than its rows can take, or claims to.
    let big = |edit: &dyn Fn(&mut encode::Segment)| with_segment(2, |segment| edit(segment));
    for stored in [bomb(&eight, 1000, 0), bomb(&[0xc0, 13 << 3, 0, 0, 0, 0, 0, 0, 0, 0x7f], 1, 0), vec![0; 40]] {
        refuses_to_read(&big(&|segment| segment.pages[0].stored = Some(stored.clone())), "january", "big", "zstd");
    }
    // Blocks that claim to decode to more than they can, or than the array's chunks.
    for (codec, raw_len, why) in [
        (1, u64::from(u32::MAX), "cannot decode to"),
        (2, 1 << 31, "cannot decode to"),
        (3, 18_001, "cannot decode to"),
        (2, 20_000, "its array's chunks have 18000"),
        (1, 1 << 32, "exceeds 32 bits"),
    ] {
        let edited = big(&|segment| {
            let row = &mut segment.pages[0].rows[0];
            (row.codec, row.raw_len, row.len) = (codec, raw_len, raw_len);
        });
        refuses_to_read(&edited, "january", "big", why);
    }
    let packed = big(&|segment| {
        let mut row = segment.stored_block(1, 1, 2 << 20, &bomb(&eight, 16, 0));
        (row.id, row.len) = (2, 18_000);
        segment.pages[0].rows = vec![row];
    });
    refuses_to_read(&packed, "january", "big", "a block of several chunks");
    // A frame of just the size that its array's chunks have is what it claims: a chunk of zeros.
    let mut model = Model::whole();
    model.tree["atlas"]["schemas"][1]["chunk_shape"] = json!([1024, 8192]);
    model.segments[2].segment = encode::Segment::new([0x5a; 16]);
    let segment = &mut model.segments[2].segment;
    let row = segment.stored_block(1, 2, 16 << 20, &bomb(&eight, 128, 0));
    segment.pages = vec![encode::Page { rows: vec![Row { id: 2, ..row }], ..Default::default() }];
    model.tree["atlas"]["array_files"]["big"]["live_bytes"] = json!(0);
    let memory = model.store();
    let mut values = vec![1i16; 9000];
    let store = open(&memory, Mode::Read).unwrap();
    store.read_array("january", "big", Selection::all(2), Target::from_slice(&mut values)).unwrap();
    assert!(values.iter().all(|&value| value == 0));
    exercise::exercise(&memory);
}

#[test]
fn an_index_that_contradicts_itself_or_the_file_is_refused() {
    let _alone = alone();
    type Edit = fn(&mut encode::Segment);
    let cases: [(Edit, &str); 26] = [
        (|s| s.count = Some(1 << 63), "claims 9223372036854775808 pages"),
        (|s| s.count = Some(2), "cut short"),
        (|s| s.tail = vec![1], "does not describe the file"),
        (|s| s.blocks_end = Some(1 << 62), "does not describe the file"),
        (|s| s.blocks_end = Some(0), "does not describe the file"),
        (|s| s.pages[0].len = Some(u64::from(u32::MAX)), "does not describe the file"),
        (|s| s.pages[0].len = Some(1 << 40), "exceeds 32 bits"),
        (|s| s.pages[0].count = Some(0), "an index page of 0 rows"),
        (|s| s.pages[0].count = Some(2049), "an index page of 2049 rows"),
        (|s| s.pages[0].count = Some(2048), "index"),
        (|s| s.pages[0].first = Some((0, 0)), "out of order"),
        (|s| s.directory_offset = Some(u64::MAX), "does not fit"),
        (|s| s.directory_length = Some(u64::MAX), "does not fit"),
        (|s| s.directory_offset = Some(0), "does not fit"),
        (
            |s| {
                // Their sum and the trailer's length make the file's length, modulo 2^64.
                let length = s.encode().bytes.len() as u64;
                s.directory_offset = Some(u64::MAX - 100);
                s.directory_length = Some(length.wrapping_sub(32).wrapping_add(101));
            },
            "does not fit",
        ),
        (|s| s.pages[0].rows[0].offset = 0, "outside the blocks"),
        (|s| s.pages[0].rows[0].offset = 1 << 63, "outside the blocks"),
        (|s| s.pages[0].rows[0].stored_len = u64::from(u32::MAX), "outside the blocks"),
        (|s| s.pages[0].rows[0].at = 1, "outside its block"),
        (|s| s.pages[0].rows[0].nulls = u64::MAX >> 1, "null cells"),
        (|s| s.pages[0].rows[0].codec = 9, "unknown codec 9"),
        (|s| s.pages[0].rows[0].shuffle = 3, "byte shuffle"),
        (|s| s.pages[0].rows[0].shuffle = 0x30, "differences of 16-byte elements"),
        (|s| s.pages[0].rows[0].shuffle = 0x21, "differences of 1-byte elements"),
        (|s| s.pages[0].rows[0].shuffle = 0x62, "unknown filter 3"),
        (|s| s.pages[0].rows[0].len = 17_999, "its array's chunks have 18000"),
    ];
    for (edit, why) in cases {
        refuses_to_read(&with_segment(2, edit), "january", "big", why);
    }
    // Blocks that overlap, chunks that overlap in a block, rows for one block that differ on it.
    let two = |edit: fn(&mut Row, &mut Row)| {
        with_segment(5, |segment| {
            let [one, two] = &mut segment.pages[0].rows[..] else { panic!("two rows") };
            edit(one, two);
            for row in &mut segment.pages[0].rows {
                let at = row.offset as usize - 32;
                row.crc = crc32c::crc32c(&segment.blocks[at..at + row.stored_len as usize]);
            }
        })
    };
    type Edits = fn(&mut Row, &mut Row);
    let edits: [(Edits, &str); 4] = [
        (|_, two| (two.offset, two.stored_len, two.raw_len, two.at) = (33, 4, 4, 0), "overlap"),
        (|_, two| two.at = 2, "two chunks overlap"),
        (|_, two| (two.raw_len, two.stored_len, two.len) = (7, 7, 3), "overlap"),
        (|_, two| two.chunk = 0, "out of order"),
    ];
    for (edit, why) in edits {
        refuses_to_read(&two(edit), "january", "flags", why);
    }
    // Ever the same block: as many rows as fit into pages, each page of them a few dozen bytes.
    let many = |pages: usize, step: u64| {
        with_segment(4, |segment| {
            let row = segment.pages[0].rows[0].clone();
            segment.pages = (0..pages as u64)
                .map(|page| {
                    let rows =
                        |k: u64| Row { chunk: page * 2048 + k, offset: 32 + (page * 2048 + k) * step, ..row.clone() };
                    encode::Page {
                        rows: (0..if step == 0 { 1 } else { 2048 }).map(rows).collect(),
                        ..Default::default()
                    }
                })
                .collect();
            if step > 0 {
                segment.blocks = vec![segment.blocks[0]; pages * 2048 * step as usize + 8];
            }
        })
    };
    exercise::exercise(&many(500, 0));
    exercise::exercise(&many(20, 8));
    let overlapping = many(20, 1);
    assert!(verified(&overlapping).len() <= 20, "one damage for each page");
    exercise::exercise(&overlapping);
}

#[test]
fn a_block_in_pieces_that_is_not_what_its_row_says_is_refused() {
    let _alone = alone();
    // Four pieces of 100 bytes.
    let cut = |edit: &dyn Fn(&mut encode::Segment)| with_segment(6, |segment| edit(segment));
    type Edit = fn(&mut Row);
    let rows: [(Edit, &str); 9] = [
        (|row| row.pieces = 0, "are in 0 pieces"),
        (|row| row.pieces = 1, "are in 1 pieces"),
        (|row| row.pieces = 8, "are in 8 pieces"),
        (|row| row.pieces = 1 << 31, "cannot decode to"),
        (|row| row.pieces = 1 << 32, "exceeds 32 bits"),
        (|row| row.len = 396, "are in 4 pieces"),
        (|row| row.pieces = 2, "has 2 pieces, its array's chunks have 4"),
        (|row| row.codec = 1, "has 1 pieces, its array's chunks have 4"),
        (|row| row.crc ^= 1, "is not that of its row"),
    ];
    for (edit, why) in rows {
        refuses_to_read(&cut(&|segment| edit(&mut segment.pages[0].rows[0])), "february", "cut", why);
    }
    // An index whose checksum is right.
    let indexed = |at: usize, value: u64| {
        cut(&|segment| {
            let row = &mut segment.pages[0].rows[0];
            let end = row.stored_len as usize;
            let index = &mut segment.blocks[end - 4 - 64..end - 4];
            index[8 * at..][..8].copy_from_slice(&value.to_le_bytes());
            row.crc = crc32c::crc32c(index);
            segment.blocks[end - 4..end].copy_from_slice(&row.crc.to_le_bytes());
        })
    };
    for (at, value, why) in [
        (0, 1, "piece 0 of a block"),
        (1, u64::MAX, "piece 0 of a block"),
        (1, 4, "piece 0 of a block"),
        (1, 1 << 32, "piece 0 of a block"),
        (2, 0, "piece 1 of a block"),
        (6, u64::MAX - 3, "piece 3 of a block"),
        (7, 0, "piece 3 of a block"),
        (7, 5, "bytes that belong to no piece"),
    ] {
        refuses_to_read(&indexed(at, value), "february", "cut", why);
    }
    // Pieces that do not tile their chunk, or are no runs of it; those of texts.
    for shape in [json!([2, 25, 1]), json!([1, 20]), json!([2, 25]), json!([0, 25]), json!([1, 100]), json!([])] {
        refuses_to_open(&with("/atlas/schemas/5/piece_shape", shape), "pieces of shape");
    }
    refuses_to_open(&with("/atlas/schemas/2/piece_shape", json!([2])), "chunks of texts in pieces");
    // A chunk that is one stream where the schema says pieces, and the other way.
    refuses_to_read(&with("/atlas/schemas/1/piece_shape", json!([10, 90])), "january", "big", "has 1 pieces");
    let one = with("/atlas/schemas/5/piece_shape", json!([2, 50]));
    refuses_to_read(&one, "february", "cut", "has 4 pieces, its array's chunks have 1");
    // Small chunks in pieces stay in pieces when they are written, and when they are written anew.
    let memory = Model::whole().store();
    let store = open(&memory, Mode::ReadWrite).unwrap();
    for round in 0..2 {
        store.write_array("february", "cut", Selection::region(&[0, 7], &[1, 1]), Source::from_slice(&[9f32])).unwrap();
        store.flush().unwrap();
        store.compact().unwrap();
        let mut values = [0f32; 150];
        store.read_array("february", "cut", Selection::all(2), Target::from_slice(&mut values)).unwrap();
        let right = |i: usize| if i == 7 { 9. } else { [0., 1., 2., 3., 0., 1.][i / 25] };
        assert!(values.iter().enumerate().all(|(i, &value)| value == right(i)), "round {round}");
        assert_eq!(store.chunk_places("february", "cut").unwrap().places.len(), 6);
        assert!(verified(&memory).is_empty());
    }
    // More pieces than there can be bytes for.
    let mut model = Model::whole();
    model.tree["atlas"]["schemas"][5]["chunk_shape"] = json!([1 << 20, 500]);
    model.tree["atlas"]["schemas"][5]["piece_shape"] = json!([1, 1]);
    refuses_to_read(&model.store(), "february", "cut", "has 4 pieces, its array's chunks have 524288000");
}

#[test]
fn definitions_that_lie_mislead_no_repair() {
    let _alone = alone();
    let whole = json!({"array": "big", "arrays": [[2, "january", 0, [100, 90]]], "schemas":
        [{"dtype": "i16", "dims": ["y", "x"], "chunk_shape": [100, 90],
            "compression": {"codec": "lz4", "level": 1, "shuffle": true, "filters": [{"name": "delta"}]}}]});
    let with_value = |place: &str, value: Value| {
        let mut lying = whole.clone();
        *lying.pointer_mut(place).unwrap() = value;
        encode::msgpack_frame(&lying)
    };
    let mut deep = vec![0x91; 100_000];
    deep.push(0xc0);
    // What cannot be read is damage; what can is not believed.
    let unreadable = [
        bomb(&[0, 13 << 3], 40_000, 0xc0),
        bomb(&[0, 21 << 3], 10, 0xc0),
        frame(&deep),
        frame(&[0xdd, 0xff, 0xff, 0xff, 0xff]),
        Vec::new(),
        vec![0; 40],
        with_value("/arrays", json!(7)),
        with_value("/arrays/0/0", json!(-1)),
    ];
    let false_ones = [
        with_value("/array", json!("../../etc")),
        with_value("/array", json!("t")),
        with_value("/array", json!("")),
        with_value("/arrays/0/0", json!(u64::MAX)),
        with_value("/arrays/0/0", json!(0)),
        with_value("/arrays/0/1", json!("a\0b")),
        with_value("/arrays/0/2", json!(1)),
        with_value("/arrays/0/3", json!([u64::MAX, u64::MAX])),
        with_value("/arrays/0/3", json!([100])),
        with_value("/arrays/0/3", json!([1, 1])),
        with_value("/schemas/0/chunk_shape", json!([0, 90])),
        with_value("/schemas/0/chunk_shape", json!([1u64 << 40, 90])),
        with_value("/schemas/0/dtype", json!("string")),
        with_value("/schemas/0/dtype", json!("f64")),
    ];
    for definitions in unreadable {
        let memory = with_segment(2, |segment| segment.definitions = definitions);
        let damages = verified(&memory);
        assert!(damages.len() == 1 && damages[0].contains("definitions"), "{damages:?}");
        exercise::exercise(&memory);
    }
    for definitions in false_ones {
        exercise::exercise(&with_segment(2, |segment| segment.definitions = definitions));
    }
    for claim in [(u64::MAX, 0), (u64::from(u32::MAX), 0), (0, 0)] {
        refuses_to_read(
            &with_segment(2, |segment| segment.definitions_claim = Some(claim)),
            "january",
            "big",
            if claim.0 == u64::MAX { "exceeds 32 bits" } else { "does not describe the file" },
        );
    }
}

#[test]
fn parts_that_nothing_can_be_are_refused() {
    let _alone = alone();
    /// The segment of `big`, whose only block is in a part.
    const BIG: usize = 2;
    type Edit = fn(&mut Model);
    let field = |field: usize, value: Value| {
        let mut model = Model::parted();
        model.segments[BIG].entries[0].fields[field] = Some(value);
        model.store()
    };
    let bundle = Model::parted().parts[2].file.clone();
    let lists = [
        (field(0, json!("../../etc/passwd.seg")), "a part '../../etc/passwd.seg'"),
        (field(0, json!("atlas.json")), "a part 'atlas.json'"),
        (field(0, json!(bundle)), "at None of"),
        (field(0, json!(7)), "the list of parts"),
        (field(1, json!(40)), "at Some(40) of"),
        (field(4, json!(31)), "blocks up to 31"),
        (field(4, json!(u64::MAX)), "blocks up to 18446744073709551615"),
        (field(4, json!(33)), "outside the blocks"),
        (field(4, Value::Null), "the list of parts"),
    ];
    for (memory, why) in lists {
        refuses_to_read(&memory, "january", "big", why);
    }
    let edits: [(Edit, &str); 8] = [
        (
            |m| {
                let twice = m.segments[BIG].entries[0].clone();
                m.segments[BIG].entries.push(twice);
            },
            "the parts are out of order",
        ),
        (|m| m.segments[BIG].segment.parts = Some(encode::msgpack_frame(&json!([]))), "0 parts"),
        (|m| m.segments[BIG].segment.parts = Some(frame(&[0xdd, 0xff, 0xff, 0xff, 0xff])), "the list of parts"),
        (|m| m.segments[BIG].segment.parts_claim = Some((u64::MAX, 0)), "does not describe the file"),
        (|m| m.segments[BIG].segment.parts_claim = Some((0, 0)), "does not describe the file"),
        (|m| m.segments[BIG].segment.pages[0].rows[0].part = 2, "a chunk in part 2 of 1"),
        (|m| m.segments[BIG].segment.pages[0].rows[0].part = u64::MAX, "exceeds 32 bits"),
        // It has no blocks itself.
        (|m| m.segments[BIG].segment.pages[0].rows[0].part = 0, "outside the blocks"),
    ];
    for (edit, why) in edits {
        let mut model = Model::parted();
        edit(&mut model);
        refuses_to_read(&model.store(), "january", "big", why);
    }
    // What is said of them, and nobody asks for to read a block, is seen by who looks at all.
    let seen: [(Edit, &str); 4] = [
        (|m| m.segments[BIG].entries[0].fields[3] = Some(json!(1)), "the directory's checksum does not match"),
        (|m| m.parts[1].segment.tail = vec![1], "does not describe the file"),
        (|m| m.parts[1].segment.pages[0].rows[0].stored_len -= 1, "which the part has not"),
        (|m| m.parts[1].segment.definitions = vec![0; 40], "definitions"),
    ];
    for (edit, why) in seen {
        let mut model = Model::parted();
        edit(&mut model);
        let memory = model.store();
        let damages = verified(&memory);
        assert!(damages.iter().any(|damage| damage.contains(why)), "{damages:?} do not say '{why}'");
        exercise::exercise(&memory);
    }
}

#[test]
fn texts_that_lie_about_their_lengths_are_refused() {
    let _alone = alone();
    let whole = texts(&["a", "", "Ωmega", ""]);
    let put = |at: usize, number: u32| {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    let with_bytes = |at: usize, new: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        bytes
    };
    for (chunk, why) in [
        (put(0, u32::MAX), "4294967295 texts"),
        (put(0, 3), "3 texts"),
        (put(4, u32::MAX), "cut short"),
        (put(4, 2), "NUL"),
        (put(9, 1 << 31), "cut short"),
        ([&whole[..], &[0]].concat(), "1 bytes behind"),
        (whole[..whole.len() - 1].to_vec(), "cut short"),
        (with_bytes(8, &[0xff]), "not UTF-8"),
        (with_bytes(8, &[0]), "NUL"),
        (Vec::new(), "cut short"),
    ] {
        let memory = with_segment(3, |segment| {
            let row = &segment.pages[0].rows[0];
            let id = row.id;
            segment.blocks.clear();
            let row = segment.block(1, 1, &chunk);
            segment.pages[0].rows = vec![Row { id, ..row }];
        });
        refuses_to_read(&memory, "january", "name", why);
    }
}

#[test]
fn places_that_hold_no_chunk_are_refused() {
    let _alone = alone();
    let memory = with_segment(2, |segment| segment.pages[0].rows[0].len = 17_999);
    let error = open(&memory, Mode::Read).unwrap().chunk_places("january", "big").err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    for text in ["array 'big' of dataset 'january'", ".seg at offset", "its array's chunks have 18000"] {
        assert!(error.message().contains(text), "{error}");
    }
    exercise::exercise(&memory);
}

#[test]
fn statistics_that_cannot_be_are_refused() {
    let _alone = alone();
    let bits = f64::to_bits;
    for (nulls, range) in [
        (7, None),
        (0, Some((bits(f64::NAN), bits(1.0)))),
        (0, Some((bits(1.0), bits(f64::NAN)))),
        (0, Some((bits(2.0), bits(1.0)))),
    ] {
        let memory = with_segment(1, |segment| {
            let row = &mut segment.pages[0].rows[0];
            (row.nulls, row.range) = (nulls, range);
        });
        let store = open(&memory, Mode::Read).unwrap();
        let error = store.chunk_stats("january", "t", &[0, 0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains("array 't' of dataset 'january'"), "{error}");
        exercise::exercise(&memory);
    }
    // A range where the type has no order.
    let memory = with_segment(4, |segment| segment.pages[0].rows[0].range = Some((0, 1)));
    assert_eq!(
        open(&memory, Mode::Read).unwrap().chunk_stats("january", "one", &[]).unwrap_err().kind(),
        ErrorKind::Corrupt
    );
    exercise::exercise(&memory);
}

#[test]
fn a_root_of_very_many_small_things_takes_memory_by_its_bytes() {
    let _alone = alone();
    let mut model = Model::whole();
    model.encode_segments();
    let filler: [(&str, &dyn Fn(usize) -> Value); 3] = [
        ("datasets", &|n| Value::Object((0..n).map(|i| (format!("{i:x}"), json!({}))).collect())),
        ("required", &|n| json!(vec![""; n])),
        (
            "attributes",
            &|n| json!({"a": {"attributes": {"x": {"string": vec![""; n]}, "y": {"c128": vec![0; 2 * n]}}}}),
        ),
    ];
    for (what, make) in filler {
        let mut tree = model.tree.clone();
        match what {
            "required" => tree["atlas"]["writer_features"] = make(1 << 18),
            _ => tree["datasets"] = make(1 << 18),
        }
        for notation in NOTATIONS {
            exercise::exercise(&with_root(notation.file_name(), notation.root(&tree)));
        }
    }
}

/// A store on disk with one array, and the file of its segment.
fn on_disk(path: &Path) -> std::path::PathBuf {
    let store = Store::create(path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    store.define_array("d", "t", DType::F64, &["n"], &[100], ArrayOptions::default()).unwrap();
    store.write_array("d", "t", Selection::all(1), Source::from_slice(&[1.0f64; 100])).unwrap();
    store.close().unwrap();
    std::fs::read_dir(path.join("t")).unwrap().next().unwrap().unwrap().path()
}

fn read_on_disk(path: &Path, mode: Mode) -> atlas_store::Result<()> {
    let store = Store::open(path, mode, options())?;
    let mut values = [0f64; 100];
    store.read_array("d", "t", Selection::all(1), Target::from_slice(&mut values))?;
    if mode == Mode::ReadWrite {
        store.write_array("d", "t", Selection::all(1), Source::from_slice(&[2.0f64; 100]))?;
        store.close()?;
    }
    Ok(())
}

fn mkfifo(path: &Path) {
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name ends in a NUL and outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
}

#[test]
fn links_pipes_and_folders_in_the_place_of_files_are_refused() {
    let _alone = alone();
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let places = ["atlas.json", "t/segment", "t", ".lock"];
    let kinds = ["link", "dangling", "pipe", "device", "folder"];
    for (at, place) in places.into_iter().enumerate() {
        for kind in kinds {
            let path = dir.path().join(format!("{at}-{kind}"));
            let segment = on_disk(&path);
            let file = if place == "t/segment" { segment } else { path.join(place) };
            let moved = outside.join(format!("{at}-{kind}"));
            std::fs::rename(&file, &moved).unwrap();
            match kind {
                "link" => std::os::unix::fs::symlink(&moved, &file).unwrap(),
                "dangling" => std::os::unix::fs::symlink(outside.join("nothing"), &file).unwrap(),
                "pipe" => mkfifo(&file),
                "device" => std::os::unix::fs::symlink("/dev/zero", &file).unwrap(),
                _ => std::fs::create_dir(&file).unwrap(),
            }
            let before = listing(&outside);
            for mode in [Mode::Read, Mode::ReadWrite] {
                let (what, result) = (format!("{place} is a {kind}, {mode:?}"), read_on_disk(&path, mode));
                // A reader needs no lock file, and an empty folder is where the array's is to be.
                if place == ".lock" && mode == Mode::Read {
                    assert!(result.is_ok(), "{what}: {result:?}");
                    continue;
                }
                let error = result.err().unwrap_or_else(|| panic!("{what}: not refused"));
                assert!(error.message().contains(&*path.to_string_lossy()), "{what}: {error}");
                let says = match kind {
                    "link" | "dangling" | "device" => error.message().contains("symbolic link"),
                    "pipe" if place != "t" => error.message().contains("not a file"),
                    _ => true,
                };
                assert!(says, "{what}: {error}");
            }
            assert_eq!(listing(&outside), before, "{place} as {kind}: something outside was changed");
        }
    }
    // The way to the store is the caller's: links in it are followed.
    let path = dir.path().join("store");
    on_disk(&path);
    std::os::unix::fs::symlink(&path, dir.path().join("way")).unwrap();
    read_on_disk(&dir.path().join("way"), Mode::ReadWrite).unwrap();
}

/// Paths below a folder with their bytes.
fn listing(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(listing(&entry.path()));
        }
        found.push((entry.path(), std::fs::read(entry.path()).unwrap_or_default()));
    }
    found.sort();
    found
}

/// A store with catalogue files, one of them edited.
fn with_catalogue(number: usize, edit: impl FnOnce(&mut encode::Catalogue)) -> Memory {
    let mut model = Model::whole();
    let mut files = model.move_to_catalogue();
    edit(&mut files[number]);
    model.catalogued(&files)
}

#[test]
fn catalogue_files_are_read_as_the_description_says() {
    let _alone = alone();
    for notation in NOTATIONS {
        let mut model = Model::whole();
        model.notation = notation;
        let files = model.move_to_catalogue();
        let memory = model.catalogued(&files);
        assert_eq!(verified(&memory), [""; 0]);
        let store = open(&memory, Mode::Read).unwrap();
        let names: Vec<_> = store.dataset_names().unwrap().iter().map(|name| name.to_string()).collect();
        assert_eq!(names, ["january", "none", "february"]);
        let mut flags = [false; 6];
        store.read_array("january", "flags", Selection::all(1), Target::from_slice(&mut flags)).unwrap();
        assert_eq!(flags, [true, false, true, false, true, true]);
        exercise::exercise(&memory);
    }
}

#[test]
fn catalogue_files_that_cannot_be_are_refused() {
    let _alone = alone();
    type Edit = fn(&mut encode::Catalogue);
    let cases: [(usize, Edit, &str); 14] = [
        (0, |file| file.count = Some(u64::MAX), "cut short"),
        (0, |file| file.count = Some(2), "the pages end at"),
        (0, |file| file.tail = vec![0], "the pages end at"),
        (0, |file| file.store_id[0] ^= 1, "another store"),
        (0, |file| file.pages.swap(0, 2), "does not follow"),
        (0, |file| file.pages[1].count = Some(0), "a page of 0 datasets"),
        (0, |file| file.pages[1].count = Some(5000), "a page of 5000 datasets"),
        (0, |file| file.pages[1].count = Some(2), "the index is cut short"),
        (0, |file| file.pages[1].first = Some(b"january\0".to_vec()), "control character"),
        (0, |file| file.pages[1].first = Some(b"jan".to_vec()), "begins with"),
        (0, |file| file.pages[1].entries[0].kind = 3, "an entry of kind 3"),
        (0, |file| file.pages[1].entries[0].len = Some(1 << 62), "the records of a page have"),
        (0, |file| file.pages[1].names = Some(frame(&[0x80; 40])), "the index"),
        (1, |file| file.pages[0].entries.swap(0, 1), "stands behind"),
    ];
    for (number, edit, why) in cases {
        let memory = with_catalogue(number, edit);
        let store = open(&memory, Mode::Read).unwrap();
        let error = store.array_info("january", "t").err().unwrap_or_else(|| panic!("read, expected: {why}"));
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.message().contains(why), "'{error}' does not say '{why}'");
        assert!(error.message().contains(".cat at offset"), "'{error}' names no file");
        assert!(verified(&memory).iter().any(|damage| damage.contains(why)), "{why}: {:?}", verified(&memory));
        exercise::exercise(&memory);
    }
    // What is in order by itself, and not with the rest.
    let changed = with_catalogue(0, |file| file.pages.truncate(1));
    let store = open(&changed, Mode::Read).unwrap();
    let error = store.array_info("january", "t").unwrap_err();
    assert!(error.message().contains("was never made"), "{error}");
    exercise::exercise(&changed);
    let root = |edit: fn(&mut Value)| {
        let mut model = Model::whole();
        let files = model.move_to_catalogue();
        model.catalogued(&files);
        edit(&mut model.tree);
        let stored = model.catalogued(&files);
        edit(&mut model.tree);
        stored.put("atlas.json", Notation::Json.root(&model.tree));
        stored
    };
    refuses_to_open(&root(|tree| tree["atlas"]["catalogue"]["datasets"] = json!(u64::MAX)), "at most");
    refuses_to_open(&root(|tree| tree["atlas"]["catalogue"]["next_place"] = json!(u64::MAX)), "catalogue");
    refuses_to_open(&root(|tree| tree["atlas"]["catalogue"]["files"] = json!([])), "without files");
    refuses_to_open(
        &root(|tree| {
            let files = tree["atlas"]["catalogue"]["files"].as_array_mut().unwrap();
            files[1] = files[0].clone();
        }),
        "twice",
    );
    refuses_to_open(&root(|tree| tree["atlas"]["catalogue"]["files"][0]["file"] = json!("../x.cat")), "../x.cat");
    let miscounted = root(|tree| tree["atlas"]["catalogue"]["datasets"] = json!(2));
    assert!(verified(&miscounted).iter().any(|damage| damage.contains("counts 2 datasets, there are 3")));
    exercise::exercise(&miscounted);
    let longer = root(|tree| tree["atlas"]["catalogue"]["files"][0]["entries"] = json!(9));
    assert!(verified(&longer).iter().any(|damage| damage.contains("the root says 9")));
    exercise::exercise(&longer);
}
