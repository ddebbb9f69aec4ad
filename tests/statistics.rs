//! Statistics against a count cell by cell: every dtype, fill values of all kinds, extremes at every place of a chunk.
#![allow(clippy::eq_op, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, Element, FillValue, RuntimeOptions, Scalar, Selection, Source, Stats, Store,
    f16,
};

/// Statistics of an array of one chunk per `chunk` cells: of all of it, and of each chunk.
fn stats_of(dtype: DType, cells: Source<'_>, count: u64, chunk: u64, fill: Option<Vec<u8>>) -> (Stats, Vec<Stats>) {
    let dir = tempfile::tempdir().unwrap();
    let store = {
        let runtime = RuntimeOptions { sync: Some(false), threads: Some(0), ..RuntimeOptions::default() };
        Store::create(dir.path().join("s"), CreateOptions { runtime, ..CreateOptions::default() }).unwrap()
    };
    let dataset = store.create_dataset("d").unwrap();
    let options = ArrayOptions {
        chunk_shape: Some(vec![chunk]),
        fill_value: fill.map(FillValue::Bytes),
        ..ArrayOptions::default()
    };
    dataset.define_array("v", dtype, &["x"], &[count], options).unwrap();
    dataset.write("v", Selection::all(1), cells).unwrap();
    store.flush().unwrap();
    let chunks = (0..count / chunk).map(|number| dataset.chunk_stats("v", &[number]).unwrap()).collect();
    (dataset.stats("v").unwrap(), chunks)
}

/// Of complex cells those are null whose two parts both equal the fill's as numbers, NaN equal to NaN; there is no range.
#[test]
fn complex_cells_are_null_where_both_parts_equal_the_fill() {
    macro_rules! check {
        ($part:ty, $dtype:expr) => {{
            let parts: [$part; 6] = [<$part>::NAN, -<$part>::NAN, 0.0, -0.0, 1.5, <$part>::INFINITY];
            let cells: Vec<[$part; 2]> = parts.iter().flat_map(|re| parts.map(|im| [*re, im])).collect();
            let same = |a: $part, b: $part| a == b || (a.is_nan() && b.is_nan());
            for fill in &cells {
                let nulls = cells.iter().filter(|cell| same(cell[0], fill[0]) && same(cell[1], fill[1])).count();
                let bytes: Vec<u8> = fill.iter().flat_map(|part| part.to_ne_bytes()).collect();
                let count = cells.len() as u64;
                let (all, chunks) = stats_of($dtype, Source::from_slice(&cells), count, 6, Some(bytes));
                assert_eq!(all, Stats { row_count: count, null_count: nulls as u64, range: None }, "fill {fill:?}");
                assert_eq!(chunks.iter().map(|chunk| chunk.null_count).sum::<u64>(), nulls as u64, "fill {fill:?}");
            }
            let (all, _) = stats_of($dtype, Source::from_slice(&cells), 36, 36, None);
            assert_eq!(all, Stats { row_count: 36, null_count: 0, range: None });
        }};
    }
    check!(f32, DType::C64);
    check!(f64, DType::C128);
}

/// Cells of every place of minimum and maximum in chunks of every length, with and without fill values and NaN
/// elsewhere, have the statistics that a look at each cell has.
fn check_extremes<T: Element + PartialEq + PartialOrd>(
    dtype: DType,
    [low, middle, high, fill]: [T; 4],
    nan: Option<T>,
    bytes: impl Fn(T) -> Vec<u8>,
    scalar: impl Fn(T) -> Scalar,
) {
    let is_null = |cell: T| cell == fill || (cell != cell && fill != fill);
    for length in 1..=48usize {
        let mut cells = Vec::with_capacity(length.pow(3));
        // In long chunks every place still has each end, though not with every place of the other.
        let step = if length <= 18 { 1 } else { 7 };
        let pairs = (0..length).flat_map(|least| (least % step..length).step_by(step).map(move |other| (least, other)));
        for (least, greatest) in pairs {
            let mut run = vec![middle; length];
            let other = (least * 5 + greatest * 3) % length;
            if (least + greatest) % 2 == 1 {
                run[other] = fill;
            } else if let Some(nan) = nan {
                run[other] = nan;
            }
            run[least] = low;
            run[greatest] = high;
            cells.extend(run);
        }
        for fill_bytes in [None, Some(bytes(fill))] {
            let has_fill = fill_bytes.is_some();
            let count = cells.len() as u64;
            let (_, found) = stats_of(dtype, Source::from_slice(&cells), count, length as u64, fill_bytes);
            for (number, (found, run)) in found.iter().zip(cells.chunks(length)).enumerate() {
                let nulls = run.iter().filter(|cell| has_fill && is_null(**cell)).count();
                let mut range: Option<(T, T)> = None;
                for &cell in run.iter().filter(|cell| !(has_fill && is_null(**cell)) && *cell == *cell) {
                    let (least, greatest) = range.unwrap_or((cell, cell));
                    range =
                        Some((if cell < least { cell } else { least }, if cell > greatest { cell } else { greatest }));
                }
                let expected = Stats {
                    row_count: length as u64,
                    null_count: nulls as u64,
                    range: range.map(|(least, greatest)| (scalar(least), scalar(greatest))),
                };
                assert_eq!(*found, expected, "{dtype}: chunk {number} of {length} cells, fill: {has_fill}");
            }
        }
    }
}

/// Extremes of integers are found wherever they are.
#[test]
fn extremes_of_integers_are_found_at_every_place() {
    macro_rules! check {
        ($($t:ident $dtype:ident $scalar:ident $wide:ty),+) => {$(
            let values = [<$t>::MIN, 5, <$t>::MAX, 7];
            check_extremes(DType::$dtype, values, None, |v: $t| v.to_ne_bytes().to_vec(), |v| Scalar::$scalar(<$wide>::from(v)));
        )+};
    }
    check!(i8 I8 Int i64, i16 I16 Int i64, i32 I32 Int i64, i64 I64 Int i64);
    check!(u8 U8 Uint u64, u16 U16 Uint u64, u32 U32 Uint u64, u64 U64 Uint u64);
}

/// Extremes of floats are found wherever they are, NaN and nulls beside them, and where NaN is the fill value.
#[test]
fn extremes_of_floats_are_found_at_every_place() {
    macro_rules! check {
        ($($t:ident $dtype:ident $of:expr),+) => {$(
            let of: fn(f32) -> $t = $of;
            for fill in [7.0, f32::NAN] {
                let values = [of(f32::NEG_INFINITY), of(2.0), of(9.5), of(fill)];
                let scalar = |v: $t| Scalar::Float(f64::from(v));
                check_extremes(DType::$dtype, values, Some(of(f32::NAN)), |v: $t| v.to_ne_bytes().to_vec(), scalar);
            }
        )+};
    }
    check!(f16 F16 f16::from_f32, f32 F32 |v| v, f64 F64 f64::from);
}

/// NaN of any sign and payload are nulls of a NaN fill, zeros of any sign are nulls of a zero fill, in all floats.
#[test]
fn nulls_are_equal_to_the_fill_as_numbers() {
    macro_rules! check {
        ($($t:ident $dtype:ident $nans:expr, $of:expr),+) => {$(
            let of: fn(f32) -> $t = $of;
            let nans: [$t; 3] = $nans;
            let cells = [nans[0], nans[1], nans[2], of(0.0), of(-0.0), of(1.0), of(-3.0)];
            for (fill, nulls, range) in [
                (nans[0], 3, (-3.0, 1.0)), (nans[1], 3, (-3.0, 1.0)), (nans[2], 3, (-3.0, 1.0)),
                (of(0.0), 2, (-3.0, 1.0)), (of(-0.0), 2, (-3.0, 1.0)), (of(-3.0), 1, (0.0, 1.0)), (of(4.0), 0, (-3.0, 1.0)),
            ] {
                let bytes = fill.to_ne_bytes().to_vec();
                let (all, _) = stats_of(DType::$dtype, Source::from_slice(&cells), 7, 7, Some(bytes));
                let range = Some((Scalar::Float(range.0), Scalar::Float(range.1)));
                assert_eq!(all, Stats { row_count: 7, null_count: nulls, range }, "{} {fill}", DType::$dtype);
            }
        )+};
    }
    check!(
        f16 F16 [f16::from_bits(0x7e00), f16::from_bits(0xfe01), f16::from_bits(0x7c01)], f16::from_f32,
        f32 F32 [f32::NAN, -f32::NAN, f32::from_bits(0x7f80_0001)], |v| v,
        f64 F64 [f64::NAN, -f64::NAN, f64::from_bits(0x7ff0_0000_0000_0001)], f64::from
    );
}
