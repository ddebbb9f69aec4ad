//! What is done to elements before they are compressed: differences, which are undone, and rounding, which is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, FillValue, Filter, Mode, OpenOptions, Scalar, Selection,
    Source, Store, Target, Value,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Types whose elements can be differences.
const FILTERED: [DType; 13] = [
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U16,
    DType::U32,
    DType::U64,
    DType::F16,
    DType::F32,
    DType::F64,
    DType::C64,
    DType::TimestampNs,
];

struct Made {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: Arc<Store>,
}

fn made(options: CreateOptions) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, options).unwrap();
    store.create_dataset("d").unwrap();
    Made { _dir: dir, path, store }
}

fn delta() -> ArrayOptions {
    ArrayOptions { filter: Some(Filter::Delta), ..ArrayOptions::default() }
}

/// Cells of any bits, whose differences wrap.
fn cells(dtype: DType, count: usize, seed: usize) -> Vec<u8> {
    (0..count * dtype.size()).map(|i| ((i + seed) * (i + 7) % 253) as u8).collect()
}

/// Calls `$body` with the vector in a `Value` of numbers.
macro_rules! numbers {
    ($value:expr, $cells:ident => $body:expr) => {
        match $value {
            Value::I8($cells) => $body,
            Value::I16($cells) => $body,
            Value::I32($cells) => $body,
            Value::I64($cells) => $body,
            Value::U8($cells) => $body,
            Value::U16($cells) => $body,
            Value::U32($cells) => $body,
            Value::U64($cells) => $body,
            Value::F16($cells) => $body,
            Value::F32($cells) => $body,
            Value::F64($cells) => $body,
            Value::C64($cells) => $body,
            Value::TimestampNs($cells) => $body,
            other => panic!("{other:?}"),
        }
    };
}

fn write(store: &Store, array: &str, dtype: DType, at: u64, values: &[u8]) {
    let count = (values.len() / dtype.size()) as u64;
    let value = Value::from_bytes(dtype, values).unwrap();
    let region = (&[at][..], &[count][..]);
    numbers!(&value, cells => {
        store.write_array("d", array, Selection::region(region.0, region.1), Source::from_slice(cells)).unwrap()
    });
}

fn read(store: &Store, array: &str, dtype: DType, at: u64, count: usize) -> Value {
    let mut value = Value::from_bytes(dtype, &vec![0; count * dtype.size()]).unwrap();
    let region = (&[at][..], &[count as u64][..]);
    numbers!(&mut value, cells => {
        store.read_array("d", array, Selection::region(region.0, region.1), Target::from_slice(cells)).unwrap()
    });
    value
}

/// The decoded blocks of an array, by hand: as the places say, with nothing but the codecs.
fn blocks(path: &Path, store: &Store, array: &str) -> Vec<(u8, Vec<u8>)> {
    let places = store.chunk_places("d", array).unwrap();
    let decode = |place: &atlas_store::ChunkPlace| {
        let file = std::fs::read(path.join(&places.files[place.file])).unwrap();
        let stored = &file[place.offset as usize..][..place.stored_len as usize];
        let raw = match place.codec {
            Codec::Zstd => zstd::bulk::decompress(stored, place.raw_len as usize).unwrap(),
            Codec::Lz4 => lz4_flex::block::decompress_size_prepended(stored).unwrap(),
            Codec::None => stored.to_vec(),
        };
        let (k, n) = (usize::from(place.shuffle), raw.len() / usize::from(place.shuffle));
        let mut elements: Vec<u8> = (0..raw.len()).map(|i| raw[i % k * n + i / k]).collect();
        let item = usize::from(place.delta);
        let mut sum = 0u64;
        for element in elements.chunks_exact_mut(item.max(1)).filter(|_| item > 0) {
            let mut wide = [0; 8];
            wide[..item].copy_from_slice(element);
            sum = sum.wrapping_add(u64::from_le_bytes(wide));
            element.copy_from_slice(&sum.to_le_bytes()[..item]);
        }
        (place.delta, elements[place.at as usize..][..place.len as usize].to_vec())
    };
    places.places.iter().map(decode).collect()
}

#[test]
fn differences_come_back_bit_for_bit() {
    for codec in [Codec::Zstd, Codec::Lz4, Codec::None] {
        let made = made(CreateOptions { codec: Some(codec), ..CreateOptions::default() });
        let store = &made.store;
        let mut expected = Vec::new();
        for (dtype, shuffle) in FILTERED.into_iter().flat_map(|dtype| [(dtype, true), (dtype, false)]) {
            if !shuffle && codec != Codec::Zstd {
                continue;
            }
            // Small chunks are packed with others, 16,384 cells of any type are a block.
            for chunk in [90, 16_384] {
                let name = format!("{dtype} {shuffle} {chunk}");
                let options = ArrayOptions { chunk_shape: Some(vec![chunk]), shuffle: Some(shuffle), ..delta() };
                let mut values = cells(dtype, chunk as usize * 2, 0);
                store.define_array("d", &name, dtype, &[], &[2 * chunk], options).unwrap();
                write(store, &name, dtype, 0, &values);
                store.flush().unwrap();
                let item = if codec == Codec::None { 0 } else { dtype.size() as u8 };
                let chunks = values.chunks(chunk as usize * dtype.size()).map(|part| (item, part.to_vec()));
                assert_eq!(blocks(&made.path, store, &name), chunks.collect::<Vec<_>>(), "{name}");
                // A part of a chunk, which is then stored whole.
                let part = cells(dtype, 17, 5);
                write(store, &name, dtype, 33, &part);
                values[33 * dtype.size()..][..part.len()].copy_from_slice(&part);
                expected.push((name, dtype, values));
            }
        }
        store.flush().unwrap();
        for round in 0..2 {
            let reader = Store::open(&made.path, Mode::Read, OpenOptions::default()).unwrap();
            for (name, dtype, values) in &expected {
                let info = reader.array_info("d", name).unwrap();
                assert_eq!((info.filter, info.keep_bits), (Filter::Delta, None));
                let (item, count) = (dtype.size(), values.len() / dtype.size());
                // Some of it, of a block that is not at hand and of one that is; then all.
                for at in [3, 40] {
                    let some = read(&reader, name, *dtype, at, 5);
                    assert_eq!(
                        some,
                        Value::from_bytes(*dtype, &values[at as usize * item..][..5 * item]).unwrap(),
                        "{name}, round {round}"
                    );
                }
                let all = Value::from_bytes(*dtype, values).unwrap();
                assert!(read(&reader, name, *dtype, 0, count) == all, "{name}, round {round}");
            }
            assert_eq!(reader.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
            reader.close().unwrap();
            store.compact().unwrap();
        }
    }
}

#[test]
fn smooth_fields_take_less_space() {
    let made = made(CreateOptions::default());
    let field: Vec<f32> = (0..100_000).map(|i| 280.0 + 10.0 * (i as f32 * 1e-3).sin()).collect();
    let length = |name: &str, options| {
        let count = field.len() as u64;
        made.store.define_array("d", name, DType::F32, &["x"], &[count], options).unwrap();
        made.store.write_array("d", name, Selection::all(1), Source::from_slice(&field)).unwrap();
        made.store.flush().unwrap();
        made.store.chunk_places("d", name).unwrap().places.iter().map(|place| place.stored_len).sum::<u32>()
    };
    let plain = length("plain", ArrayOptions::default());
    let filtered = length("delta", delta());
    let rounded = length("rounded", ArrayOptions { keep_bits: Some(8), ..ArrayOptions::default() });
    assert!(filtered < plain && rounded < plain / 4, "{plain} {filtered} {rounded}");
}

/// Chunks that are filtered and chunks that are not have no block in common, in no flush, merge or compaction.
#[test]
fn packs_are_of_arrays_that_are_filtered_alike() {
    let made = made(CreateOptions::default());
    let store = &made.store;
    for flush in 0..20i32 {
        let dataset = format!("d{flush}");
        store.create_dataset(&dataset).unwrap();
        let filter = [Filter::None, Filter::Delta][flush as usize / 2 % 2];
        let options = ArrayOptions { filter: Some(filter), ..ArrayOptions::default() };
        store.define_array(&dataset, "v", DType::I32, &["x"], &[50], options).unwrap();
        let values: Vec<i32> = (0..50).map(|i| i * i * flush).collect();
        store.write_array(&dataset, "v", Selection::all(1), Source::from_slice(&values)).unwrap();
        if flush % 4 == 3 {
            store.flush().unwrap();
        }
    }
    for round in 0..2 {
        for flush in 0..20i32 {
            let dataset = format!("d{flush}");
            let mut found = [0i32; 50];
            store.read_array(&dataset, "v", Selection::all(1), Target::from_slice(&mut found)).unwrap();
            assert!((0..50).all(|i| found[i as usize] == i * i * flush), "{dataset}, round {round}");
            let places = store.chunk_places(&dataset, "v").unwrap().places;
            assert_eq!(places[0].delta, if flush / 2 % 2 == 0 { 0 } else { 4 });
            assert!(places[0].raw_len > places[0].len, "packed");
        }
        store.compact().unwrap();
    }
}

#[test]
fn the_filter_of_a_store_is_for_arrays_that_can_have_it() {
    let made = made(CreateOptions { filter: Some(Filter::Delta), ..CreateOptions::default() });
    for (name, dtype, filter) in [
        ("bool", DType::Bool, Filter::None),
        ("c128", DType::C128, Filter::None),
        ("texts", DType::String, Filter::None),
        ("f64", DType::F64, Filter::Delta),
        ("u8", DType::U8, Filter::Delta),
    ] {
        made.store.define_array("d", name, dtype, &["x"], &[4], ArrayOptions::default()).unwrap();
        assert_eq!(made.store.array_info("d", name).unwrap().filter, filter, "{name}");
    }
    let none = ArrayOptions { filter: Some(Filter::None), ..ArrayOptions::default() };
    made.store.define_array("d", "plain", DType::F64, &["x"], &[4], none).unwrap();
    assert_eq!(made.store.array_info("d", "plain").unwrap().filter, Filter::None);
    made.store.write_strings("d", "texts", Selection::all(1), &["a", "b", "", "d"]).unwrap();
    made.store.close().unwrap();
    // It is the store's when it is opened again.
    let store = Store::open(&made.path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    store.define_array("d", "later", DType::I64, &["x"], &[4], ArrayOptions::default()).unwrap();
    assert_eq!(store.array_info("d", "later").unwrap().filter, Filter::Delta);
    assert_eq!(store.read_strings("d", "texts", Selection::all(1)).unwrap()[3], *"d");
}

#[test]
fn what_cannot_be_filtered_is_refused_by_name() {
    let made = made(CreateOptions::default());
    let refused = |dtype, options: ArrayOptions| {
        let error = made.store.define_array("d", "a", dtype, &["x"], &[4], options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(!made.store.has_array("d", "a").unwrap());
        error.to_string()
    };
    for dtype in [DType::Bool, DType::C128, DType::String] {
        let error = refused(dtype, delta());
        let why = "filter delta: it is for integers, times and floats of 1 to 8 bytes, and c64, not for";
        assert_eq!(error, format!("array 'a' of dataset 'd': {why} {dtype}"));
    }
    let keep = |bits| ArrayOptions { keep_bits: Some(bits), ..ArrayOptions::default() };
    for (dtype, bits, most) in [(DType::F16, 11, 10), (DType::F32, 24, 23), (DType::C64, 300, 23), (DType::F64, 0, 52)]
    {
        let error = refused(dtype, keep(bits));
        let why = format!("keep_bits is {bits}: of {dtype} 1 to {most} bits can be kept");
        assert_eq!(error, format!("array 'a' of dataset 'd': {why}"));
    }
    for dtype in [DType::I32, DType::Bool, DType::TimestampNs, DType::String] {
        let error = refused(dtype, keep(5));
        let why = "keep_bits is 5: floats and complex numbers can be rounded, not";
        assert_eq!(error, format!("array 'a' of dataset 'd': {why} {dtype}"));
    }
}

/// What is read before a flush is what is read after it, and what the statistics are of: the rounded values.
#[test]
fn values_are_rounded_when_they_are_written() {
    let made = made(CreateOptions::default());
    let store = &made.store;
    let options = ArrayOptions {
        keep_bits: Some(3),
        fill_value: Some(FillValue::from(1e20f32)),
        chunk_shape: Some(vec![4]),
        ..ArrayOptions::default()
    };
    store.define_array("d", "t", DType::F32, &["x"], &[0], options).unwrap();
    // Another type, and strides.
    let values = [1.06f64, 0.0, 1e20, 0.0, -7.6, 0.0, f64::INFINITY, 0.0, 1.1e20, 0.0, 2.0, 0.0];
    store.append_array("d", "t", &[6], Source::from_strided(&values, &[2])).unwrap();
    let right = [1.0f32, 1e20, -7.5, f32::INFINITY, 1.10680464e20, 2.0];
    let check = |store: &Store, right: &[f32]| {
        let mut found = vec![0f32; right.len()];
        store.read_array("d", "t", Selection::all(1), Target::from_slice(&mut found)).unwrap();
        assert_eq!(found, right);
    };
    check(store, &right);
    store.flush().unwrap();
    check(store, &right);
    let stats = store.array_stats("d", "t").unwrap();
    assert_eq!((stats.row_count, stats.null_count), (6, 1));
    let (low, high) = stats.range.map(|(low, high)| (f64_of(low), f64_of(high))).unwrap();
    assert_eq!((low, high), (-7.5, f64::INFINITY));
    // A part of a chunk: what else is in it stays.
    store.write_array("d", "t", Selection::region(&[5], &[1]), Source::from_slice(&[3.3f32])).unwrap();
    store.append_array("d", "t", &[1], Source::from_slice(&[9.9f32])).unwrap();
    let right = [1.0f32, 1e20, -7.5, f32::INFINITY, 1.10680464e20, 3.25, 10.0];
    check(store, &right);
    store.copy_dataset("d", store, "copy").unwrap();
    store.close().unwrap();
    let store = Store::open(&made.path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    check(&store, &right);
    for dataset in ["d", "copy"] {
        assert_eq!(store.array_info(dataset, "t").unwrap().keep_bits, Some(3));
    }
    store.compact().unwrap();
    check(&store, &right);
}

fn f64_of(scalar: Scalar) -> f64 {
    match scalar {
        Scalar::Float(value) => value,
        other => panic!("{other:?}"),
    }
}
