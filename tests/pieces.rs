//! Chunks that are stored in pieces: whatever is read of them is what was written, and damage to a piece is damage to that
//! piece alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, ChunkPlaces, Codec, CreateOptions, DType, Element, ErrorKind, Mode, OpenOptions, Selection, Source,
    Store, Target, f16,
};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

/// Numbers without end, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }

    /// Start and count of a region that is not empty.
    fn region(&mut self, shape: &[u64]) -> (Vec<u64>, Vec<u64>) {
        let start: Vec<u64> = shape.iter().map(|&extent| self.below(extent)).collect();
        let count = shape.iter().zip(&start).map(|(&extent, at)| match self.below(4) {
            0 => 1,
            1 => extent - at,
            _ => 1 + self.below(extent - at),
        });
        let count = count.collect();
        (start, count)
    }
}

fn cells(extents: &[u64]) -> usize {
    extents.iter().product::<u64>() as usize
}

/// The places, in C order of an array of `shape`, of the cells of a region.
fn places(shape: &[u64], start: &[u64], count: &[u64]) -> Vec<usize> {
    (0..cells(count) as u64)
        .map(|cell| {
            let (mut rest, mut at, mut step) = (cell, 0, 1);
            for d in (0..shape.len()).rev() {
                at += (start[d] + rest % count[d]) * step;
                rest /= count[d];
                step *= shape[d];
            }
            at as usize
        })
        .collect()
}

struct Case {
    shape: &'static [u64],
    chunk: Option<&'static [u64]>,
    /// That the chunks are stored in.
    piece: &'static [u64],
    codec: Codec,
    shuffle: bool,
}

/// Does this and that to an array, and compares what is read with a vector that is treated likewise.
fn exercise<T: Element + PartialEq + Debug>(case: &Case, make: impl Fn(u64) -> T, seed: u64) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let mut store = Store::create(&path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    let options = ArrayOptions {
        codec: Some(case.codec),
        shuffle: Some(case.shuffle),
        chunk_shape: case.chunk.map(<[u64]>::to_vec),
        unlimited: Some(true),
        ..ArrayOptions::default()
    };
    store.define_array("d", "a", T::DTYPE, &[], case.shape, options).unwrap();
    assert_eq!(store.array_info("d", "a").unwrap().piece_shape, case.piece);
    let (mut shape, mut random) = (case.shape.to_vec(), Random(seed));
    let mut model = vec![make(0); cells(&shape)];
    let row = |shape: &[u64]| cells(&shape[1..]);
    for step in 0..60 {
        match random.below(10) {
            0..=2 => {
                let (start, count) = random.region(&shape);
                // Runs of alike, so that the codec has something to do.
                let values: Vec<T> = (0..cells(&count) as u64).map(|i| make((i / 50 + step) % 200)).collect();
                store.write_array("d", "a", Selection::region(&start, &count), Source::from_slice(&values)).unwrap();
                places(&shape, &start, &count).into_iter().zip(values).for_each(|(at, value)| model[at] = value);
            }
            3 => {
                let mut count = shape.clone();
                count[0] = 1 + random.below(3);
                let values: Vec<T> = (0..cells(&count) as u64).map(|i| make(i % 7)).collect();
                store.append_array("d", "a", &count, Source::from_slice(&values)).unwrap();
                model.extend(values);
                shape[0] += count[0];
            }
            4 => {
                shape[0] = (shape[0] - random.below(shape[0]) / 2).min(3 * case.shape[0]) + random.below(2);
                store.resize_array("d", "a", shape[0]).unwrap();
                model.resize(shape[0] as usize * row(&shape), make(0));
            }
            5 => store.flush().unwrap(),
            6 => {
                store.flush().unwrap();
                store.compact().unwrap();
            }
            7 => {
                store.flush().unwrap();
                drop(store);
                store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
            }
            _ => {}
        }
        let (start, count) = random.region(&shape);
        let expected: Vec<T> = places(&shape, &start, &count).into_iter().map(|at| model[at]).collect();
        let mut found = vec![make(99); expected.len()];
        let selection = Selection::region(&start, &count);
        store.read_array("d", "a", selection, Target::from_slice(&mut found)).unwrap();
        assert!(found == expected, "{:?} step {step}: {start:?} {count:?}", case.piece);
        // Every other element of what has room for twice as many.
        let mut strides = vec![2i64; shape.len()];
        (1..shape.len()).rev().for_each(|d| strides[d - 1] = strides[d] * count[d] as i64);
        let mut apart = vec![make(99); 2 * expected.len()];
        store.read_array("d", "a", selection, Target::from_strided(&mut apart, &strides)).unwrap();
        assert!(apart.iter().step_by(2).eq(&expected), "{:?} step {step}: {start:?} {count:?}", case.piece);
        assert!(apart.iter().skip(1).step_by(2).all(|value| *value == make(99)));
    }
    store.flush().unwrap();
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
    let mut found = vec![make(99); model.len()];
    store.read_array("d", "a", Selection::all(shape.len()), Target::from_slice(&mut found)).unwrap();
    assert!(found == model);
}

#[test]
fn what_is_read_is_what_was_written() {
    use Codec::{Lz4, None as Plain, Zstd};
    let case = |shape, chunk, piece, codec, shuffle| Case { shape, chunk, piece, codec, shuffle };
    // Chunks at the edge in every dimension; pieces along the first, the second, the last.
    exercise(&case(&[5, 130, 90], Some(&[3, 120, 200]), &[1, 120, 200], Zstd, true), |i| i as f32 / 4.0, 1);
    exercise(&case(&[3, 400, 50], Some(&[2, 360, 101]), &[1, 360, 101], Lz4, true), |i| i as i32 * -9, 2);
    exercise(&case(&[3, 17, 1021], Some(&[1, 17, 4096]), &[1, 1, 4096], Plain, true), |i| i as f64, 3);
    exercise(&case(&[40_000], Some(&[30_000]), &[7_500], Zstd, false), |i| [i as f64, i as f64 / -3.0], 4);
    exercise(&case(&[6, 60_000], Some(&[2, 100_000]), &[1, 50_000], Lz4, false), |i| f16::from_f32(i as f32), 5);
    exercise(&case(&[450, 701], Some(&[401, 701]), &[401, 701], Zstd, true), |i| i as u8, 6);
    exercise(
        &case(&[7, 3, 5, 1000], Some(&[7, 3, 5, 1000]), &[1, 3, 5, 1000], Zstd, true),
        |i| [i as f32, i as f32 / 3.0],
        7,
    );
    // By default.
    exercise(&case(&[11, 181, 113], None, &[5, 181, 113], Zstd, true), |i| i as i16, 8);
}

/// The value of a cell of the array that is damaged, by its place in C order.
fn value(at: usize) -> i16 {
    (at >> 16) as i16 * 7 + (at % 11) as i16
}

/// A store with an array `a` of three chunks, each of four pieces of 131,072 bytes, and where the pieces are.
fn damaged() -> (tempfile::TempDir, PathBuf, ChunkPlaces) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    let options = ArrayOptions { chunk_shape: Some(vec![4, 1 << 16]), ..ArrayOptions::default() };
    store.define_array("d", "a", DType::I16, &[], &[12, 1 << 16], options).unwrap();
    assert_eq!(store.array_info("d", "a").unwrap().piece_shape, [1, 1 << 16]);
    let values: Vec<i16> = (0..12 << 16).map(value).collect();
    store.write_array("d", "a", Selection::all(2), Source::from_slice(&values)).unwrap();
    store.flush().unwrap();
    let places = store.chunk_places("d", "a").unwrap();
    assert_eq!(places.places.iter().map(|place| place.number).collect::<Vec<_>>(), (0..12).collect::<Vec<u64>>());
    (dir, path, places)
}

/// Changes a bit of the file.
fn flip(path: &Path, places: &ChunkPlaces, at: u64) {
    let file = path.join(&places.files[0]);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[at as usize] ^= 4;
    std::fs::write(&file, bytes).unwrap();
}

/// What reads of rows say, each by itself, and of all: the rows that cannot be read.
fn unreadable(path: &Path, why: &str) -> Vec<u64> {
    let store = Store::open(path, Mode::Read, OpenOptions::default()).unwrap();
    let seen = |error: atlas_store::Error| {
        let text = error.to_string();
        assert!(
            error.kind() == ErrorKind::Corrupt && text.contains("array 'a' of dataset 'd'") && text.contains(why),
            "{text}"
        );
    };
    let mut row = vec![0i16; 1 << 16];
    let bad = (0..12).filter(|&number| {
        let region = ([number, 0], [1, 1 << 16]);
        let read = store.read_array("d", "a", Selection::region(&region.0, &region.1), Target::from_slice(&mut row));
        let expected = ((number as usize) << 16..(number as usize + 1) << 16).map(value);
        let right = read.is_ok() && row.iter().copied().eq(expected);
        assert_eq!(right, read.is_ok());
        read.map_err(seen).is_err()
    });
    let bad: Vec<u64> = bad.collect();
    let mut all = vec![0i16; 12 << 16];
    store.read_array("d", "a", Selection::all(2), Target::from_slice(&mut all)).map_err(seen).unwrap_err();
    bad
}

fn damages(path: &Path) -> Vec<(u64, String)> {
    let store = Store::open(path, Mode::Read, OpenOptions::default()).unwrap();
    let mut found = Vec::new();
    store.verify(&mut |damage| found.push((damage.offset, damage.message.clone()))).unwrap();
    found
}

#[test]
fn a_damaged_piece_is_named_and_the_others_are_read() {
    let (_dir, path, places) = damaged();
    let place = &places.places[5];
    // So that there is something to compact.
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    let values: Vec<i16> = (8 << 16..12 << 16).map(value).collect();
    store.write_array("d", "a", Selection::region(&[8, 0], &[4, 1 << 16]), Source::from_slice(&values)).unwrap();
    store.flush().unwrap();
    drop(store);
    // In its stream, and in the checksum behind that.
    for at in [place.offset + u64::from(place.stored_len) / 2, place.offset + u64::from(place.stored_len) + 1] {
        flip(&path, &places, at);
        assert_eq!(unreadable(&path, "a piece's checksum does not match"), [5]);
        let found = damages(&path);
        assert!(
            found.len() == 1 && found[0].0 == place.offset && found[0].1.contains("a piece's checksum"),
            "{found:?}"
        );
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        let error = store.compact().unwrap_err();
        assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains("a piece's checksum"), "{error}");
        drop(store);
        flip(&path, &places, at);
    }
    assert!(damages(&path).is_empty());
}

#[test]
fn a_damaged_index_of_pieces_is_named_and_other_chunks_are_read() {
    let (_dir, path, places) = damaged();
    let last = &places.places[7];
    let index = last.offset + u64::from(last.stored_len) + 4;
    for at in [index, index + 9, index + 63, index + 64, index + 67] {
        flip(&path, &places, at);
        assert_eq!(unreadable(&path, "the index of a block's pieces"), [4, 5, 6, 7]);
        let found = damages(&path);
        assert!(found.len() == 1 && found[0].1.contains("the index of a block's pieces"), "{found:?}");
        flip(&path, &places, at);
    }
    assert!(damages(&path).is_empty());
}
