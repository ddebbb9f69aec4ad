//! Where chunks lie: what the places say is enough to decode every chunk by hand, with nothing but the codecs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, ChunkPlace, ChunkPlaces, Codec, CreateOptions, DType, ErrorKind, FillValue, Mode, OpenOptions,
    RuntimeOptions, Selection, Source, Store, Value,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NUMBERS: [DType; 15] = [
    DType::Bool,
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
    DType::C128,
    DType::TimestampNs,
];
const CODECS: [Codec; 3] = [Codec::Zstd, Codec::Lz4, Codec::None];

struct Made {
    _dir: tempfile::TempDir,
    path: PathBuf,
    store: Arc<Store>,
}

fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    Made { _dir: dir, path, store }
}

/// Cells that differ from their neighbours, and compress.
fn cells(dtype: DType, count: usize, seed: usize) -> Vec<u8> {
    let item = dtype.size();
    (0..count * item)
        .map(|i| ((i / item + seed) * 7 / (i % item + 3) % if dtype == DType::Bool { 2 } else { 251 }) as u8)
        .collect()
}

/// The cells as the caller's memory.
fn source(values: &Value) -> Source<'_> {
    macro_rules! each {
        ($($variant:ident),+) => {
            match values {
                $(Value::$variant(cells) => Source::from_slice(cells),)+
                Value::String(_) => panic!("texts are not numbers"),
            }
        };
    }
    each!(Bool, I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64, C64, C128, TimestampNs)
}

/// The block of a place: its range of the file, decoded.
fn block(path: &Path, places: &ChunkPlaces, place: &ChunkPlace) -> Vec<u8> {
    let file = std::fs::read(path.join(&places.files[place.file])).unwrap();
    let stored = &file[place.offset as usize..][..place.stored_len as usize];
    let behind =
        || u32::from_le_bytes(*file[(place.offset + u64::from(place.stored_len)) as usize..].first_chunk().unwrap());
    assert_eq!(crc32c::crc32c(stored), place.checksum.unwrap_or_else(behind));
    let planes = match place.codec {
        Codec::Zstd => zstd::bulk::decompress(stored, place.raw_len as usize).unwrap(),
        Codec::Lz4 => lz4_flex::block::decompress_size_prepended(stored).unwrap(),
        Codec::None => stored.to_vec(),
    };
    assert_eq!(planes.len(), place.raw_len as usize);
    let k = usize::from(place.shuffle);
    let n = planes.len() / k;
    (0..planes.len()).map(|i| planes[i % k * n + i / k]).collect()
}

/// Decodes the chunks of an array by hand: number and bytes of each that is stored.
fn chunks(made: &Made, array: &str) -> Vec<(u64, Vec<u8>)> {
    let places = made.store.chunk_places("d", array).unwrap();
    let decoded = places.places.iter().enumerate().map(|(index, place)| {
        let chunk = block(&made.path, &places, place)[place.at as usize..][..place.len as usize].to_vec();
        assert_eq!(made.store.stored_chunk(&places, index).unwrap(), chunk);
        if place.is_range() && place.codec == Codec::None {
            let file = std::fs::read(made.path.join(&places.files[place.file])).unwrap();
            assert_eq!(file[(place.offset + u64::from(place.at)) as usize..][..place.len as usize], chunk);
        }
        (place.number, chunk)
    });
    decoded.collect()
}

/// The chunks of so many cells that rows of one dimension are cut into; padding is zero.
fn cut(values: &[u8], chunk: usize, item: usize) -> Vec<(u64, Vec<u8>)> {
    let pad = |piece: &[u8]| piece.iter().copied().chain(std::iter::repeat(0)).take(chunk * item).collect();
    values.chunks(chunk * item).map(pad).enumerate().map(|(number, piece)| (number as u64, piece)).collect()
}

#[test]
fn every_type_and_codec_decodes_by_hand() {
    let made = made();
    let store = &made.store;
    let mut expected = Vec::new();
    // Chunks of 100 cells are packed with others; chunks of 20,000 have their own blocks.
    for (codec, shuffle, chunk) in CODECS
        .iter()
        .flat_map(|codec| [(*codec, true, 100), (*codec, false, 100), (*codec, true, 20_000), (*codec, false, 20_000)])
    {
        for dtype in NUMBERS {
            let name = format!("{dtype} {} {shuffle} {chunk}", codec.name());
            let item = dtype.size();
            let options = ArrayOptions {
                codec: Some(codec),
                shuffle: Some(shuffle),
                chunk_shape: Some(vec![chunk as u64]),
                ..Default::default()
            };
            let rows = chunk * 5 / 2;
            let mut values = cells(dtype, rows, 0);
            store.define_array("d", &name, dtype, &[], &[rows as u64], options).unwrap();
            let piece = store.array_info("d", &name).unwrap().piece_shape[0] as usize;
            assert_eq!(piece < chunk, chunk * item > 256 << 10, "{name}");
            store
                .write_array("d", &name, Selection::all(1), source(&Value::from_bytes(dtype, &values).unwrap()))
                .unwrap();
            store.flush().unwrap();
            assert_eq!(chunks(&made, &name), cut(&values, piece, item), "{name}");
            // Appended into the padding and beyond, and overwritten in the first chunk.
            let more = cells(dtype, chunk, 1);
            store.append_array("d", &name, &[chunk as u64], source(&Value::from_bytes(dtype, &more).unwrap())).unwrap();
            let new = cells(dtype, 3, 2);
            let at = Selection::region(&[5], &[3]);
            store.write_array("d", &name, at, source(&Value::from_bytes(dtype, &new).unwrap())).unwrap();
            // What is not flushed has no place.
            assert_eq!(chunks(&made, &name), cut(&values, piece, item), "{name}");
            values.extend(more);
            values[5 * item..8 * item].copy_from_slice(&new);
            expected.push((name, piece, item, values));
        }
    }
    store.flush().unwrap();
    let check = || {
        let (mut packed, mut alone) = (0, 0);
        for (name, piece, item, values) in &expected {
            assert_eq!(chunks(&made, name), cut(values, *piece, *item), "{name}");
            let places = store.chunk_places("d", name).unwrap();
            assert_eq!(places.generation, store.info().unwrap().generation);
            for place in &places.places {
                *if place.len < place.raw_len { &mut packed } else { &mut alone } += 1;
            }
        }
        assert!(packed > 300 && alone > 300, "{packed} packed, {alone} alone");
    };
    check();
    store.compact().unwrap();
    check();
}

#[test]
fn texts_decode_by_hand() {
    let made = made();
    let options = ArrayOptions { chunk_shape: Some(vec![2]), ..Default::default() };
    made.store.define_array("d", "s", DType::String, &["x"], &[5], options).unwrap();
    let long = "x".repeat(100_000);
    let texts = ["a", "", "é", &long];
    made.store.write_strings("d", "s", Selection::region(&[0], &[4]), &texts).unwrap();
    made.store.flush().unwrap();
    let vlen = |texts: [&str; 2]| {
        let mut bytes = 2u32.to_le_bytes().to_vec();
        for text in texts {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    };
    assert_eq!(chunks(&made, "s"), [(0, vlen(["a", ""])), (1, vlen(["é", &long]))]);
}

#[test]
fn only_stored_chunks_have_places() {
    let made = made();
    let store = &made.store;
    let options = || ArrayOptions {
        chunk_shape: Some(vec![2, 2]),
        fill_value: Some(FillValue::from(7i16)),
        ..Default::default()
    };
    for name in ["a", "b"] {
        store.define_array("d", name, DType::I16, &["y", "x"], &[4, 4], options()).unwrap();
    }
    store.define_array("d", "none", DType::I16, &["z", "x"], &[0, 4], options()).unwrap();
    store.define_array("d", "scalar", DType::I16, &[], &[], ArrayOptions::default()).unwrap();
    let one = [1i16];
    store.write_array("d", "a", Selection::region(&[2, 1], &[1, 1]), Source::from_slice(&one)).unwrap();
    store.write_array("d", "scalar", Selection::all(0), Source::from_slice(&one)).unwrap();
    store.flush().unwrap();
    let bytes = |cells: [i16; 4]| cells.iter().flat_map(|cell| cell.to_le_bytes()).collect::<Vec<u8>>();
    assert_eq!(chunks(&made, "a"), [(2, bytes([7, 1, 7, 7]))]);
    assert_eq!(chunks(&made, "scalar"), [(0, 1i16.to_le_bytes().to_vec())]);
    for name in ["b", "none"] {
        let places = store.chunk_places("d", name).unwrap();
        assert!(places.places.is_empty() && places.files.is_empty());
    }
    // An array of the same name is another.
    store.delete_array("d", "a").unwrap();
    assert_eq!(store.chunk_places("d", "a").err().unwrap().kind(), ErrorKind::NotFound);
    store.define_array("d", "a", DType::I16, &["y", "x"], &[4, 4], options()).unwrap();
    assert!(chunks(&made, "a").is_empty());
}

#[test]
fn a_reader_has_the_places_of_its_commit() {
    let made = made();
    let store = &made.store;
    store.define_array("d", "a", DType::U8, &["x"], &[3], ArrayOptions::default()).unwrap();
    store.write_array("d", "a", Selection::all(1), Source::from_slice(&[1u8, 2, 3])).unwrap();
    // It keeps the segment in use.
    store.create_dataset("e").unwrap();
    store.define_array("e", "a", DType::U8, &["x"], &[1], ArrayOptions::default()).unwrap();
    store.write_array("e", "a", Selection::all(1), Source::from_slice(&[7u8])).unwrap();
    store.flush().unwrap();
    let reader = Store::open(&made.path, Mode::Read, OpenOptions::default()).unwrap();
    let before = reader.chunk_places("d", "a").unwrap();
    store.write_array("d", "a", Selection::all(1), Source::from_slice(&[4u8, 5, 6])).unwrap();
    store.flush().unwrap();
    store.compact().unwrap();
    assert_eq!(store.stored_chunk(&before, 0).unwrap(), [1, 2, 3]);
    let held = reader.chunk_places("d", "a").unwrap();
    assert_eq!((held.generation, &held.files, &held.places), (2, &before.files, &before.places));
    assert_eq!(reader.stored_chunk(&held, 0).unwrap(), [1, 2, 3]);
    assert_eq!(chunks(&made, "a"), [(0, vec![4, 5, 6])]);
    assert!(reader.refresh().unwrap());
    let after = reader.chunk_places("d", "a").unwrap();
    assert_eq!(after.generation, 4);
    assert_ne!(after.files, held.files);
    assert_eq!(reader.stored_chunk(&after, 1).unwrap_err().kind(), ErrorKind::OutOfRange);
    drop(reader);
    // No reader needs the first commit any more.
    store.compact().unwrap();
    assert!(!made.path.join(&before.files[0]).exists());
}

#[test]
fn what_is_written_ahead_has_no_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let runtime = RuntimeOptions { write_buffer_bytes: Some(1 << 20), ..Default::default() };
    let store = Store::create(&path, CreateOptions { runtime, ..Default::default() }).unwrap();
    store.create_dataset("d").unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![1 << 16]), ..Default::default() };
    store.define_array("d", "a", DType::U64, &["x"], &[1 << 20], options).unwrap();
    let values: Vec<u64> = (0..1 << 16).map(|i| i * i).collect();
    for chunk in 0..16 {
        let region = [chunk << 16];
        store.write_array("d", "a", Selection::region(&region, &[1 << 16]), Source::from_slice(&values)).unwrap();
    }
    // Most of it is in files that no commit names.
    assert!(std::fs::read_dir(path.join("a")).unwrap().count() > 0);
    assert!(store.chunk_places("d", "a").unwrap().places.is_empty());
    store.flush().unwrap();
    let places = store.chunk_places("d", "a").unwrap();
    let pieces = store.array_info("d", "a").unwrap();
    let (each, pieces) = (pieces.piece_shape[0], pieces.chunk_shape[0] / pieces.piece_shape[0]);
    assert_eq!((pieces, places.places.len() as u64, places.generation), (4, 16 * pieces, 2));
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    for place in &places.places {
        assert!(
            block(&path, &places, place) == bytes[(place.number % pieces * each * 8) as usize..][..each as usize * 8]
        );
    }
}
