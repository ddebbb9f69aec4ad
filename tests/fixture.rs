//! Stores that format version 1 wrote stay readable: `tests/fixtures` holds the same content in two notations of the
//! root. `docs/format.md` describes these files, and `tests/format` reads them by that description alone.
//!
//! `ATLAS_BLESS=1 cargo test --test fixture` writes those stores that are missing. One that a release wrote is never
//! written anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Element, ErrorKind, FillValue, Filter, MetaFormat, Mode, OpenOptions,
    RuntimeOptions, Scalar, Selection, SessionOptions, Source, Store, Target, Value, f16,
};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs};

/// The stores: folder, notation, whether the root is compressed, bytes of records that it holds.
const STORES: [(&str, MetaFormat, bool, Option<u64>); 3] = [
    ("v1-json", MetaFormat::Json, false, None),
    ("v1-msgpack-zst", MetaFormat::MsgPack, true, None),
    ("v1-catalogue", MetaFormat::Json, false, Some(3000)),
];

/// Calls `$body` with the vector in a `Value` of numbers.
macro_rules! numbers {
    ($value:expr, $v:ident => $body:expr) => {
        match $value {
            Value::Bool($v) => $body,
            Value::I8($v) => $body,
            Value::I16($v) => $body,
            Value::I32($v) => $body,
            Value::I64($v) | Value::TimestampNs($v) => $body,
            Value::U8($v) => $body,
            Value::U16($v) => $body,
            Value::U32($v) => $body,
            Value::U64($v) => $body,
            Value::F16($v) => $body,
            Value::F32($v) => $body,
            Value::F64($v) => $body,
            Value::C64($v) => $body,
            Value::C128($v) => $body,
            Value::String(_) => panic!("texts are not numbers"),
        }
    };
}

/// The little-endian bytes of an element.
trait LittleEndian: Copy {
    fn bytes(self) -> Vec<u8>;
}

macro_rules! little_endian {
    ($($t:ty),+) => {$(
        impl LittleEndian for $t {
            fn bytes(self) -> Vec<u8> { self.to_le_bytes().to_vec() }
        }
    )+};
}

little_endian!(i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64);

impl LittleEndian for bool {
    fn bytes(self) -> Vec<u8> {
        vec![self.into()]
    }
}

impl<T: LittleEndian> LittleEndian for [T; 2] {
    fn bytes(self) -> Vec<u8> {
        self.iter().flat_map(|part| part.bytes()).collect()
    }
}

fn bytes_of(value: &Value) -> Vec<u8> {
    numbers!(value, v => v.iter().flat_map(|cell| cell.bytes()).collect())
}

/// What is done to an array before one of the flushes.
#[derive(Clone)]
enum Step {
    /// Writes a region of the final values.
    Write(Vec<u64>, Vec<u64>),
    /// Writes other values to a region; a later step puts the final ones in their place.
    Junk(Vec<u64>, Vec<u64>),
    /// Appends the next rows of the final values.
    Append(u64),
}

/// An array as it is in the end, and how it came to be.
struct Array {
    name: String,
    dims: Vec<&'static str>,
    shape: Vec<u64>,
    chunk_shape: Vec<u64>,
    /// Whether the chunk shape is given; otherwise it is what the library chooses.
    chunked: bool,
    codec: Codec,
    level: i32,
    shuffle: bool,
    fill: Option<Value>,
    /// The values in C order: the tiles, each repeated up to a number of cells.
    runs: Vec<(u64, Value)>,
    attributes: Vec<(&'static str, Value)>,
    /// Rows there are when the array is defined, where it grows later.
    first_rows: Option<u64>,
    /// With the number of the flush, from 1 on, that comes next.
    steps: Vec<(u32, Step)>,
}

struct Dataset {
    name: &'static str,
    attributes: Vec<(&'static str, Value)>,
    arrays: Vec<Array>,
}

fn cells(shape: &[u64]) -> u64 {
    shape.iter().product()
}

impl Array {
    /// An array of these values, in one chunk, written before the first flush.
    fn new(name: &str, shape: &[u64], values: Value) -> Self {
        let dims = ["x", "y", "z"];
        Self {
            name: name.into(),
            dims: dims[..shape.len()].into(),
            shape: shape.into(),
            chunk_shape: shape.iter().map(|&extent| extent.max(1)).collect(),
            chunked: false,
            codec: Codec::Zstd,
            level: 1,
            shuffle: true,
            fill: None,
            runs: vec![(cells(shape), values)],
            attributes: Vec::new(),
            first_rows: None,
            steps: vec![(1, Step::Write(vec![0; shape.len()], shape.into()))],
        }
    }

    fn chunks(mut self, chunk_shape: &[u64]) -> Self {
        (self.chunk_shape, self.chunked) = (chunk_shape.into(), true);
        self
    }

    fn coded(mut self, codec: Codec, level: i32, shuffle: bool) -> Self {
        (self.codec, self.level, self.shuffle) = (codec, level, shuffle);
        self
    }

    fn fill(mut self, fill: Value) -> Self {
        self.fill = Some(fill);
        self
    }

    fn runs(mut self, runs: Vec<(u64, Value)>) -> Self {
        self.runs = runs;
        self
    }

    fn steps(mut self, steps: Vec<(u32, Step)>) -> Self {
        self.steps = steps;
        self
    }

    fn grown(mut self, first_rows: u64, steps: Vec<(u32, Step)>) -> Self {
        (self.first_rows, self.steps) = (Some(first_rows), steps);
        self
    }

    fn attribute(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.attributes.push((key, value.into()));
        self
    }

    fn dtype(&self) -> DType {
        self.runs[0].1.dtype()
    }

    /// All values, in C order.
    fn values(&self) -> Value {
        fn tiled<T: Clone>(runs: &[(u64, Vec<T>)]) -> Vec<T> {
            let cell =
                |(cells, tile): &(u64, Vec<T>)| tile.iter().cycle().take(*cells as usize).cloned().collect::<Vec<T>>();
            runs.iter().flat_map(cell).collect()
        }
        macro_rules! collect {
            ($($variant:ident),+) => {
                match self.dtype() {
                    $(DType::$variant => {
                        let runs = self.runs.iter().map(|(cells, tile)| match tile {
                            Value::$variant(tile) => (*cells, tile.clone()),
                            _ => panic!("runs of different types"),
                        });
                        Value::$variant(tiled(&runs.collect::<Vec<_>>()))
                    })+
                }
            };
        }
        collect!(Bool, I8, I16, I32, I64, U8, U16, U32, U64, F16, F32, F64, C64, C128, TimestampNs, String)
    }

    fn options(&self) -> ArrayOptions {
        ArrayOptions {
            chunk_shape: self.chunked.then(|| self.chunk_shape.clone()),
            codec: Some(self.codec),
            level: Some(self.level),
            shuffle: Some(self.shuffle),
            filter: None,
            keep_bits: None,
            pack: None,
            unlimited: None,
            fill_value: self.fill_value(),
        }
    }

    fn fill_value(&self) -> Option<FillValue> {
        self.fill.as_ref().map(|fill| match fill {
            Value::String(texts) => FillValue::Text(texts[0].clone()),
            fill => FillValue::Bytes(bytes_of(fill)),
        })
    }
}

/// Texts as a value.
fn texts<const N: usize>(texts: [&str; N]) -> Value {
    Value::String(texts.map(String::from).to_vec())
}

/// Five values of each type, extremes among them.
fn of_each_type() -> Vec<Value> {
    let (big, nan) = (1.7e308, f64::NAN);
    vec![
        Value::Bool(vec![true, false, false, true, true]),
        Value::I8(vec![i8::MIN, -1, 0, 1, i8::MAX]),
        Value::I16(vec![i16::MIN, -1, 0, 1, i16::MAX]),
        Value::I32(vec![i32::MIN, -1, 0, 1, i32::MAX]),
        Value::I64(vec![i64::MIN, -1, 0, 1, i64::MAX]),
        Value::U8(vec![3, 1, 4, 1, u8::MAX]),
        Value::U16(vec![3, 1, 4, 1, u16::MAX]),
        Value::U32(vec![3, 1, 4, 1, u32::MAX]),
        Value::U64(vec![3, 1, 4, 1, u64::MAX]),
        Value::F16([-0.0, 0.1, 65504.0, f32::INFINITY, f32::NAN].map(f16::from_f32).to_vec()),
        Value::F32(vec![-0.0, 0.1, f32::MAX, f32::from_bits(1), f32::NAN]),
        Value::F64(vec![-0.0, 0.1, f64::NEG_INFINITY, 5e-324, f64::NAN]),
        Value::C64(vec![[1.0, -2.0], [0.1, f32::NAN], [-0.0, 0.0], [f32::INFINITY, 0.0], [3.0, 4.0]]),
        Value::C128(vec![[1.0, -2.0], [0.1, nan], [-0.0, 0.0], [f64::INFINITY, 0.0], [big, -big]]),
        Value::TimestampNs(vec![0, -1, 1_700_000_000_000_000_000, i64::MIN, i64::MAX]),
        texts(["", "a", "°C", "two\nlines", "naïve \"quoted\" 𝄞"]),
    ]
}

/// For each type a fill value, two values that are not it, and again the fill value as a value that is written.
fn with_fill() -> Vec<(Value, Value)> {
    let half = |values: [f32; 3]| Value::F16(values.map(f16::from_f32).to_vec());
    let odd_nan = f32::from_bits(0xffc0_0001);
    let nan = f64::NAN;
    vec![
        (true.into(), Value::Bool(vec![false, false, true])),
        ((-128i8).into(), Value::I8(vec![5, -7, -128])),
        ((-1i16).into(), Value::I16(vec![500, -700, -1])),
        (i32::MAX.into(), Value::I32(vec![5, -7, i32::MAX])),
        (i64::MIN.into(), Value::I64(vec![5, -7, i64::MIN])),
        (255u8.into(), Value::U8(vec![5, 7, 255])),
        (0u16.into(), Value::U16(vec![5, 7, 0])),
        (9u32.into(), Value::U32(vec![5, 7, 9])),
        (u64::MAX.into(), Value::U64(vec![5, u64::MAX - 1, u64::MAX])),
        (half([f32::NAN; 3]), half([5.0, -7.5, f32::NAN])),
        (odd_nan.into(), Value::F32(vec![5.0, -7.5, f32::NAN])),
        ((-9999.0).into(), Value::F64(vec![nan, -7.5, -9999.0])),
        ([f32::NAN, 0.0].into(), Value::C64(vec![[5.0, 0.0], [f32::NAN, 1.0], [f32::NAN, -0.0]])),
        ([1.5, -2.5].into(), Value::C128(vec![[5.0, 0.0], [1.5, 2.5], [1.5, -2.5]])),
        (Value::TimestampNs(vec![i64::MIN]), Value::TimestampNs(vec![5, -7, i64::MIN])),
        ("n/a".into(), texts(["five", "", "n/a"])),
    ]
}

/// The first of some values.
fn first(value: &Value) -> Value {
    match value {
        Value::String(texts) => Value::String(texts[..1].to_vec()),
        value => Value::from_bytes(value.dtype(), &bytes_of(value)[..value.dtype().size()]).unwrap(),
    }
}

/// What both stores hold.
fn content() -> Vec<Dataset> {
    let named = |value: &Value, shape: &[u64]| Array::new(value.dtype().name(), shape, value.clone());
    let plain = |name, arrays| Dataset { name, attributes: Vec::new(), arrays };
    let write = |stage, start: &[u64], count: &[u64]| (stage, Step::Write(start.into(), count.into()));
    let junk = |stage, start: &[u64], count: &[u64]| (stage, Step::Junk(start.into(), count.into()));
    let append = |stage, rows| (stage, Step::Append(rows));

    let types = of_each_type().iter().map(|value| named(value, &[5])).collect();
    let scalars = of_each_type().iter().map(|value| named(&first(value), &[])).collect();
    let filled = with_fill().into_iter().map(|(fill, values)| {
        let fill = first(&fill);
        let array = named(&values, &[8]).chunks(&[3]).runs(vec![(4, values), (4, fill.clone())]);
        array.fill(fill).steps(vec![write(1, &[0], &[4])])
    });

    let plane: Vec<f32> = (0..35).map(|i| if i % 7 >= 2 && i < 28 { i as f32 / 8.0 } else { 0.0 }).collect();
    let cube: Vec<i16> = (0..60).map(|i| i * 11 - 300).collect();
    let ramp = |n: u64, step: u64| (0..n).map(move |i| i * step);
    let grids = vec![
        Array::new("plane", &[5, 7], plane.into()).chunks(&[2, 3]).steps(vec![write(1, &[0, 2], &[4, 5])]),
        Array::new("cube", &[3, 4, 5], cube.into()).chunks(&[2, 2, 2]).fill((-1i16).into()).steps(vec![
            junk(1, &[0, 0, 0], &[3, 4, 5]),
            write(2, &[0, 0, 0], &[3, 4, 3]),
            write(3, &[0, 0, 3], &[2, 4, 2]),
            write(4, &[2, 0, 3], &[1, 4, 2]),
        ]),
        Array::new("wide chunk", &[2, 3], ramp(6, 7).map(|i| i as u32).collect::<Vec<_>>().into()).chunks(&[4, 5]),
        Array::new("empty", &[0, 3], Value::F64(Vec::new())).chunks(&[2, 2]).steps(Vec::new()),
        Array::new("never written", &[4], 9i32.into()).fill(9i32.into()).steps(Vec::new()),
        Array::new("zero", &[4], 0u8.into()).steps(Vec::new()),
        Array::new("many", &[131_841], ramp(100, 1).map(|i| i as i8).collect::<Vec<_>>().into()).chunks(&[64]),
        Array::new("sea level/mm", &[2], vec![1.5f64, -2.5].into()).attribute("units", "mm"),
    ];

    let floats = |n, step| ramp(n, step).map(|i| i as f32 / 16.0).collect::<Vec<_>>().into();
    let long: Vec<String> = ramp(20, 1).map(|i| format!("station {i:02}")).collect();
    let nan_pair = [f64::NAN, f64::NAN];
    let blocks = vec![
        Array::new("zstd", &[8192], floats(16, 5))
            .chunks(&[4096])
            .runs(vec![(4096, floats(16, 5)), (4096, floats(25, 3))])
            .steps(vec![junk(1, &[0], &[8192]), write(2, &[0], &[4096]), write(3, &[4096], &[4096])])
            .attribute("units", "K")
            .attribute("valid_range", vec![0.0f32, f32::INFINITY]),
        Array::new("zstd plain", &[4096], floats(20, 7)).chunks(&[4096]).coded(Codec::Zstd, 3, false),
        Array::new("lz4", &[5000], ramp(20, 9).map(|i| i as i32 - 300).collect::<Vec<_>>().into())
            .chunks(&[4096])
            .coded(Codec::Lz4, 1, true),
        Array::new("lz4 plain", &[2048], ramp(10, 9).map(|i| i as f64).collect::<Vec<_>>().into())
            .chunks(&[2048])
            .coded(Codec::Lz4, 1, false),
        // A text counts for more than its bytes when it is decided what is small, so this is a block of its own.
        Array::new("none", &[512], texts(["a", "", "ccc"])).chunks(&[512]).coded(Codec::None, 1, true),
        Array::new("small lz4", &[3], vec![1u16, 2, 3].into()).chunks(&[2]).coded(Codec::Lz4, 1, true),
        Array::new("small none", &[3], vec![1u16, 2, 3].into()).chunks(&[2]).coded(Codec::None, 1, false),
        Array::new("edge", &[3, 600], Value::C128(ramp(10, 1).map(|i| [i as f64, -0.5]).collect()))
            .chunks(&[2, 512])
            .fill(nan_pair.into()),
        Array::new("text", &[500], Value::String(long.clone())),
        Array::new("text lz4", &[4], texts(["a", "b", "", "d"])).coded(Codec::Lz4, 1, true),
    ];

    let series = vec![
        Array::new("t", &[9, 3], ramp(27, 3).map(|i| i as f64 / 2.0).collect::<Vec<_>>().into())
            .chunks(&[4, 2])
            .fill(f64::NAN.into())
            .grown(3, vec![write(1, &[0, 0], &[3, 3]), append(2, 4), append(3, 1), append(4, 1)]),
        Array::new("station", &[5], Value::String(long[..5].to_vec()))
            .chunks(&[3])
            .grown(0, vec![append(1, 1), append(2, 1), append(3, 2), append(4, 1)]),
        // Defined for a fixed shape: the first append gives it larger chunks, and another id.
        Array { chunk_shape: vec![4096], ..Array::new("log", &[5], vec![10i64, 20, 30, 40, 50].into()) }
            .grown(2, vec![write(1, &[0], &[2]), append(2, 2), append(3, 1)]),
    ];

    let mut attributes: Vec<(&str, Value)> = Vec::new();
    for value in of_each_type() {
        attributes.push((value.dtype().name(), value.clone()));
    }
    let odd = |bits: [u64; 4]| Value::F64(bits.map(f64::from_bits).to_vec());
    attributes.extend([
        ("one text", "a text".into()),
        ("one number", 0.1f32.into()),
        ("no numbers", Value::I32(Vec::new())),
        ("no texts", Value::String(Vec::new())),
        ("halves", Value::F16([0x0001, 0x7e01, 0xfc00, 0x3555].map(f16::from_bits).to_vec())),
        ("floats", Value::F32([0x0000_0001, 0xffc0_0001, 0x7f80_0000, 0x8000_0000].map(f32::from_bits).to_vec())),
        ("odd NaNs", odd([0x7ff8_0000_0000_0000, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0xffff_0000_1234_5678])),
        ("extremes", Value::F64(vec![f64::MAX, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, 1e300, -0.0])),
        ("größe \"q\" \\ /", texts(["back\\slash", "tab\t", "\u{1}", "日本", ""])),
    ]);

    vec![
        plain("types", types),
        plain("scalars", scalars),
        plain("filled", filled.collect()),
        plain("grids", grids),
        plain("blocks", blocks),
        plain("series", series),
        Dataset { name: "attributes", attributes, arrays: Vec::new() },
        plain("again", vec![Array::new("f32", &[3], vec![7f32, 8.0, 9.0].into()).steps(vec![write(3, &[0], &[3])])]),
        plain("\"quoted\" ümlaut / 日本", Vec::new()),
    ]
}

/// Cells between neighbours along each dimension.
fn strides(shape: &[u64]) -> Vec<i64> {
    (0..shape.len()).map(|d| cells(&shape[d + 1..]) as i64).collect()
}

/// Writes a region of an array from its final values, or `other` values instead.
fn write_region(store: &Store, dataset: &str, array: &Array, start: &[u64], count: &[u64], other: bool) {
    let strides = strides(&array.shape);
    let at: i64 = start.iter().zip(&strides).map(|(&start, stride)| start as i64 * stride).sum();
    let selection = Selection::region(start, count);
    match array.values() {
        Value::String(texts) => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let texts = &texts[at as usize..][..cells(count) as usize];
            store.write_strings(dataset, &array.name, selection, texts).unwrap();
        }
        values => numbers!(&values, v => {
            let last: i64 = count.iter().zip(&strides).map(|(&count, stride)| (count as i64 - 1) * stride).sum();
            let same = vec![v[v.len() - 1]; v.len()];
            let values = &if other { &same } else { v }[at as usize..=(at + last) as usize];
            let source = Source::from_strided(values, &strides);
            store.write_array(dataset, &array.name, selection, source).unwrap();
        }),
    }
}

fn append_rows(store: &Store, dataset: &str, array: &Array, rows: u64) {
    let before = store.array_info(dataset, &array.name).unwrap().shape[0];
    let row = cells(&array.shape[1..]);
    let (from, to) = ((before * row) as usize, ((before + rows) * row) as usize);
    let mut count = array.shape.clone();
    count[0] = rows;
    match array.values() {
        Value::String(texts) => {
            let texts: Vec<&str> = texts[from..to].iter().map(String::as_str).collect();
            store.append_strings(dataset, &array.name, &count, &texts).unwrap();
        }
        values => numbers!(&values, v => {
            store.append_array(dataset, &array.name, &count, Source::from_slice(&v[from..to])).unwrap();
        }),
    }
}

/// Writes a store: four flushes, a compaction after the second.
fn write_store(path: &Path, meta_format: MetaFormat, meta_zstd: bool, root_bytes: Option<u64>) {
    let runtime = RuntimeOptions { root_bytes, ..RuntimeOptions::default() };
    let options = CreateOptions { meta_format: Some(meta_format), meta_zstd, runtime, ..CreateOptions::default() };
    let store = Store::create(path, options).unwrap();
    let content = content();
    for stage in 1..=4 {
        if stage == 1 {
            let gone = store.create_dataset("gone").unwrap();
            for (name, n) in [("f32", 5u64), ("zstd", 4096)] {
                gone.define_array(name, DType::F32, &["x"], &[n], ArrayOptions::default()).unwrap();
                let values: Vec<f32> = (0..n).map(|i| (i % 10) as f32).collect();
                gone.write(name, Selection::all(1), Source::from_slice(&values)).unwrap();
            }
            for dataset in &content {
                store.create_dataset(dataset.name).unwrap();
                for (key, value) in &dataset.attributes {
                    store.set_attribute(dataset.name, None, key, value.clone()).unwrap();
                }
            }
            let again = store.dataset("again").unwrap();
            again.define_array("f32", DType::I32, &["old"], &[2], ArrayOptions::default()).unwrap();
            again.write("f32", Selection::all(1), Source::from_slice(&[1i32, 2])).unwrap();
        }
        if stage == 3 {
            store.delete_array("again", "f32").unwrap();
        }
        for dataset in &content {
            for array in &dataset.arrays {
                if stage == if dataset.name == "again" { 3 } else { 1 } {
                    let mut shape = array.shape.clone();
                    if let Some(rows) = array.first_rows {
                        shape[0] = rows;
                    }
                    let (dtype, options) = (array.dtype(), array.options());
                    store.define_array(dataset.name, &array.name, dtype, &array.dims, &shape, options).unwrap();
                    for (key, value) in &array.attributes {
                        store.set_attribute(dataset.name, Some(&array.name), key, value.clone()).unwrap();
                    }
                }
                for (_, step) in array.steps.iter().filter(|(at, _)| *at == stage) {
                    match step {
                        Step::Write(start, count) => write_region(&store, dataset.name, array, start, count, false),
                        Step::Junk(start, count) => write_region(&store, dataset.name, array, start, count, true),
                        Step::Append(rows) => append_rows(&store, dataset.name, array, *rows),
                    }
                }
            }
        }
        if stage == 4 {
            store.delete_dataset("gone").unwrap();
        }
        store.flush().unwrap();
        if stage == 2 {
            store.compact().unwrap();
        }
    }
    store.close().unwrap();
}

/// Null count and range, from the values alone: a cell that was never written reads as fill value or zero, and counts
/// as such.
fn stats_of(values: &Value, fill: Option<&Value>) -> (u64, Option<Value>) {
    let nan_aware = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
    let floats = |v: &[f64], fill: Option<f64>| {
        let is_null = |cell: &f64| fill.is_some_and(|fill| nan_aware(*cell, fill));
        let valid = v.iter().filter(|cell| !is_null(cell) && !cell.is_nan());
        let range = valid.clone().copied().reduce(f64::min).zip(valid.copied().reduce(f64::max));
        (v.iter().filter(|cell| is_null(cell)).count() as u64, range.map(|(low, high)| Value::F64(vec![low, high])))
    };
    let integers = |v: Vec<i128>, fill: Option<i128>, signed: bool| {
        let valid: Vec<i128> = v.iter().copied().filter(|cell| Some(*cell) != fill).collect();
        let range = valid.iter().min().zip(valid.iter().max()).map(|(&low, &high)| match signed {
            true => Value::I64(vec![low as i64, high as i64]),
            false => Value::U64(vec![low as u64, high as u64]),
        });
        ((v.len() - valid.len()) as u64, range)
    };
    macro_rules! each {
        (integers $v:ident, $variant:ident, $signed:expr) => {{
            let fill = fill.map(|fill| match fill {
                Value::$variant(fill) => i128::from(fill[0]),
                _ => panic!("a fill value of another type"),
            });
            integers($v.iter().map(|&cell| i128::from(cell)).collect(), fill, $signed)
        }};
        (floats $v:ident, $variant:ident) => {{
            let fill = fill.map(|fill| match fill {
                Value::$variant(fill) => f64::from(fill[0]),
                _ => panic!("a fill value of another type"),
            });
            floats(&$v.iter().map(|&cell| f64::from(cell)).collect::<Vec<_>>(), fill)
        }};
        (complex $v:ident, $variant:ident) => {{
            let Some(Value::$variant(fill)) = fill else {
                return (0, None);
            };
            let part = |i: usize, cell: &[_; 2]| nan_aware(f64::from(cell[i]), f64::from(fill[0][i]));
            ($v.iter().filter(|cell| part(0, cell) && part(1, cell)).count() as u64, None)
        }};
    }
    match values {
        Value::Bool(v) => each!(integers v, Bool, false),
        Value::I8(v) => each!(integers v, I8, true),
        Value::I16(v) => each!(integers v, I16, true),
        Value::I32(v) => each!(integers v, I32, true),
        Value::I64(v) => each!(integers v, I64, true),
        Value::TimestampNs(v) => each!(integers v, TimestampNs, true),
        Value::U8(v) => each!(integers v, U8, false),
        Value::U16(v) => each!(integers v, U16, false),
        Value::U32(v) => each!(integers v, U32, false),
        Value::U64(v) => each!(integers v, U64, false),
        Value::F16(v) => each!(floats v, F16),
        Value::F32(v) => each!(floats v, F32),
        Value::F64(v) => each!(floats v, F64),
        Value::C64(v) => each!(complex v, C64),
        Value::C128(v) => each!(complex v, C128),
        Value::String(v) => {
            let Some(Value::String(fill)) = fill else {
                return (0, None);
            };
            (v.iter().filter(|text| **text == fill[0]).count() as u64, None)
        }
    }
}

fn scalar_value(range: Option<(Scalar, Scalar)>) -> Option<Value> {
    range.map(|range| match range {
        (Scalar::Int(low), Scalar::Int(high)) => Value::I64(vec![low, high]),
        (Scalar::Uint(low), Scalar::Uint(high)) => Value::U64(vec![low, high]),
        // Of two zeros either may be the least.
        (Scalar::Float(low), Scalar::Float(high)) => Value::F64(vec![low + 0.0, high + 0.0]),
        range => panic!("a range of two kinds: {range:?}"),
    })
}

fn expected_range(range: Option<Value>) -> Option<Value> {
    range.map(|range| match range {
        Value::F64(ends) => Value::F64(ends.iter().map(|end| end + 0.0).collect()),
        range => range,
    })
}

fn read_whole(store: &Store, dataset: &str, array: &Array) -> Value {
    fn read<T: Element + Default>(store: &Store, dataset: &str, array: &Array) -> Vec<T> {
        read_of(store, dataset, array, T::default())
    }
    fn read_of<T: Element>(store: &Store, dataset: &str, array: &Array, blank: T) -> Vec<T> {
        let mut values = vec![blank; cells(&array.shape) as usize];
        let all = Selection::all(array.shape.len());
        store.read_array(dataset, &array.name, all, Target::from_slice(&mut values)).unwrap();
        values
    }
    match array.dtype() {
        DType::Bool => Value::Bool(read(store, dataset, array)),
        DType::I8 => Value::I8(read(store, dataset, array)),
        DType::I16 => Value::I16(read(store, dataset, array)),
        DType::I32 => Value::I32(read(store, dataset, array)),
        DType::I64 => Value::I64(read(store, dataset, array)),
        DType::TimestampNs => Value::TimestampNs(read(store, dataset, array)),
        DType::U8 => Value::U8(read(store, dataset, array)),
        DType::U16 => Value::U16(read(store, dataset, array)),
        DType::U32 => Value::U32(read(store, dataset, array)),
        DType::U64 => Value::U64(read(store, dataset, array)),
        DType::F16 => Value::F16(read(store, dataset, array)),
        DType::F32 => Value::F32(read(store, dataset, array)),
        DType::F64 => Value::F64(read(store, dataset, array)),
        DType::C64 => Value::C64(read_of(store, dataset, array, [0.0; 2])),
        DType::C128 => Value::C128(read_of(store, dataset, array, [0.0; 2])),
        DType::String => {
            let all = Selection::all(array.shape.len());
            Value::String(store.read_strings(dataset, &array.name, all).unwrap())
        }
    }
}

/// Compares all of a store with what it must hold.
fn check_store(store: &Store) {
    let content = content();
    let names: Vec<&str> = content.iter().map(|dataset| dataset.name).collect();
    assert_eq!(store.dataset_names().unwrap().iter().map(|name| &**name).collect::<Vec<_>>(), names);
    let check_attributes = |dataset, array, expected: &[(&str, Value)]| {
        let keys: Vec<&str> = expected.iter().map(|(key, _)| *key).collect();
        let found = store.attribute_names(dataset, array).unwrap();
        assert_eq!(found.iter().map(|key| &**key).collect::<Vec<_>>(), keys);
        for (key, value) in expected {
            assert_eq!(store.attribute(dataset, array, key).unwrap(), *value, "{key}");
        }
    };
    for dataset in &content {
        check_attributes(dataset.name, None, &dataset.attributes);
        let names: Vec<&str> = dataset.arrays.iter().map(|array| &*array.name).collect();
        let found = store.array_names(dataset.name).unwrap();
        assert_eq!(found.iter().map(|name| &**name).collect::<Vec<_>>(), names);
        for array in &dataset.arrays {
            let what = format!("array '{}' of dataset '{}'", array.name, dataset.name);
            check_attributes(dataset.name, Some(&array.name), &array.attributes);
            let info = store.array_info(dataset.name, &array.name).unwrap();
            assert_eq!((info.dtype, &info.shape, &info.chunk_shape), (array.dtype(), &array.shape, &array.chunk_shape));
            assert_eq!((info.codec, info.level, info.shuffle), (array.codec, array.level, array.shuffle), "{what}");
            assert_eq!(
                (info.dims, info.fill_value),
                (array.dims.iter().map(|&d| d.into()).collect(), array.fill_value())
            );
            let values = array.values();
            assert!(read_whole(store, dataset.name, array) == values, "{what}");
            let stats = store.array_stats(dataset.name, &array.name).unwrap();
            let (null_count, range) = stats_of(&values, array.fill.as_ref());
            assert_eq!((stats.row_count, stats.null_count), (cells(&array.shape), null_count), "{what}");
            assert_eq!(scalar_value(stats.range), expected_range(range), "{what}");
        }
    }
}

/// Values for a reader in another language: elements as the hexadecimal digits of their little-endian bytes.
fn json_of(value: &Value) -> Json {
    let name = value.dtype().name();
    match value {
        Value::String(texts) => json!({ "dtype": name, "texts": texts }),
        value => {
            let hex: String = bytes_of(value).iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "dtype": name, "bytes": hex })
        }
    }
}

/// What both stores hold, for a reader in another language. Arrays are runs of cells, each a tile repeated.
fn expected_json() -> String {
    let attributes = |attributes: &[(&str, Value)]| -> Vec<Json> {
        attributes.iter().map(|(key, value)| json!({ "name": key, "value": json_of(value) })).collect()
    };
    // Most arrays leave most of these out.
    let brief = |mut entry: Json| {
        entry.as_object_mut().unwrap().retain(|_, value| !value.is_null() && *value != json!([]));
        entry
    };
    let array = |array: &Array| {
        let (null_count, range) = stats_of(&array.values(), array.fill.as_ref());
        let runs: Vec<Json> =
            array.runs.iter().map(|(cells, tile)| json!({ "cells": cells, "tile": json_of(tile) })).collect();
        brief(json!({
            "name": array.name,
            "dtype": array.dtype().name(),
            "dims": array.dims,
            "shape": array.shape,
            "chunk_shape": array.chunk_shape,
            "codec": array.codec.name(),
            "level": array.level,
            "shuffle": array.shuffle,
            "fill_value": array.fill.as_ref().map(json_of),
            "runs": runs,
            "row_count": cells(&array.shape),
            "null_count": null_count,
            "range": range.as_ref().map(json_of),
            "attributes": attributes(&array.attributes),
        }))
    };
    let dataset = |dataset: &Dataset| {
        let arrays: Vec<String> = dataset.arrays.iter().map(|entry| array(entry).to_string()).collect();
        let (name, attributes) = (json!(dataset.name), json!(attributes(&dataset.attributes)));
        format!("{{\"name\":{name},\"attributes\":{attributes},\"arrays\":[\n{}]}}", arrays.join(",\n"))
    };
    let datasets: Vec<String> = content().iter().map(dataset).collect();
    format!("{{\"datasets\":[\n{}\n]}}\n", datasets.join(",\n"))
}

/// The folder of the fixtures; those that are missing are written first, where that is asked for.
fn fixtures() -> PathBuf {
    static BLESS: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    BLESS.call_once(|| {
        if env::var_os("ATLAS_BLESS").is_none() {
            return;
        }
        for (name, meta_format, meta_zstd, root_bytes) in STORES {
            let path = folder.join(name);
            if !path.exists() {
                write_store(&path, meta_format, meta_zstd, root_bytes);
            }
        }
        if !folder.join("v1-bundles").exists() {
            write_bundles(&folder.join("v1-bundles"));
        }
        if !folder.join("v1-filters").exists() {
            write_filters(&folder.join("v1-filters"));
        }
        if !folder.join("v1-parts").exists() {
            write_parts(&folder.join("v1-parts"));
        }
        fs::write(folder.join("expected.json"), expected_json()).unwrap();
    });
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn verify(store: &Store) {
    assert_eq!(store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
}

/// Names of arrays, enough for a bundle.
const BUNDLED: [&str; 6] = ["v0", "v1", "v2", "v3", "v4", "v5"];

/// The row that the array of this number gets in a flush.
fn bundled_row(number: usize, flush: usize) -> [f64; 3] {
    [number as f64, flush as f64, 0.5]
}

fn append_bundled(store: &Store, flush: usize) {
    for (number, name) in BUNDLED.into_iter().enumerate() {
        let row = bundled_row(number, flush);
        store.append_array("run", name, &[1, 3], Source::from_slice(&row)).unwrap();
    }
    store.flush().unwrap();
}

fn write_bundles(path: &Path) {
    let options = CreateOptions { keep_generations: Some(0), ..CreateOptions::default() };
    let store = Store::create(path, options).unwrap();
    store.create_dataset("run").unwrap();
    for name in BUNDLED {
        store.define_array("run", name, DType::F64, &["time", "x"], &[0, 3], ArrayOptions::default()).unwrap();
    }
    (0..2).for_each(|flush| append_bundled(&store, flush));
    store.close().unwrap();
}

/// With small segments of several array names in one file.
#[test]
fn a_store_with_bundles_reads_and_can_be_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    copy(&fixtures().join("v1-bundles"), &path);
    assert_eq!(fs::read_dir(path.join("atlas.bundles")).unwrap().count(), 2);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    for flushes in 2..4 {
        for (number, name) in BUNDLED.into_iter().enumerate() {
            let mut found = vec![[0f64; 3]; flushes];
            let target = Target::from_slice(found.as_flattened_mut());
            store.read_array("run", name, Selection::all(2), target).unwrap();
            let right: Vec<_> = (0..flushes).map(|flush| bundled_row(number, flush)).collect();
            assert_eq!(found, right, "{name}");
        }
        verify(&store);
        append_bundled(&store, flushes);
        store.compact().unwrap();
    }
}

/// Arrays of 1,000 cells of a type that are filtered, by their names.
const FILTERED: [(&str, DType, Codec, bool, Option<u32>); 6] = [
    ("i8", DType::I8, Codec::Lz4, true, None),
    ("i16", DType::I16, Codec::Zstd, false, None),
    ("f32", DType::F32, Codec::Zstd, true, None),
    ("rounded", DType::F32, Codec::Zstd, true, Some(7)),
    ("f64", DType::F64, Codec::Lz4, true, Some(20)),
    ("time", DType::TimestampNs, Codec::Zstd, true, None),
];

/// The cells of such an array as they are written; of integers what is not above them.
fn filtered_cells() -> Vec<f64> {
    (0..1000i64).map(|i| (i * i % 977 - 400) as f64 / 8.0).collect()
}

fn write_filters(path: &Path) {
    let store = Store::create(path, CreateOptions { filter: Some(Filter::Delta), ..CreateOptions::default() }).unwrap();
    for (dataset, chunk) in [("packed", 100), ("own", 1000)] {
        store.create_dataset(dataset).unwrap();
        for (name, dtype, codec, shuffle, keep_bits) in FILTERED {
            let (codec, shuffle, chunk_shape) = (Some(codec), Some(shuffle), Some(vec![chunk]));
            let pack = Some(dataset == "packed");
            let options = ArrayOptions { codec, shuffle, keep_bits, chunk_shape, pack, ..ArrayOptions::default() };
            store.define_array(dataset, name, dtype, &["x"], &[1000], options).unwrap();
            let cells = filtered_cells();
            if dtype == DType::F32 || dtype == DType::F64 {
                store.write_array(dataset, name, Selection::all(1), Source::from_slice(&cells)).unwrap();
            } else {
                let cells: Vec<i64> = cells.into_iter().map(|cell| cell.floor() as i64).collect();
                store.write_array(dataset, name, Selection::all(1), Source::from_slice(&cells)).unwrap();
            }
        }
    }
    store.define_array("own", "bool", DType::Bool, &["x"], &[1000], ArrayOptions::default()).unwrap();
    store.close().unwrap();
}

/// With differences of neighbours and rounded floats.
#[test]
fn a_store_with_filters_reads_and_can_be_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    copy(&fixtures().join("v1-filters"), &path);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    for round in 0..3 {
        for (dataset, (name, dtype, codec, shuffle, keep_bits)) in
            ["packed", "own"].into_iter().flat_map(|dataset| FILTERED.map(|filtered| (dataset, filtered)))
        {
            let info = store.array_info(dataset, name).unwrap();
            assert_eq!((info.codec, info.shuffle, info.filter), (codec, shuffle, Filter::Delta));
            assert_eq!((info.dtype, info.keep_bits), (dtype, keep_bits));
            let places = store.chunk_places(dataset, name).unwrap().places;
            assert!(places.iter().all(|place| usize::from(place.delta) == dtype.size()), "{name}");
            let cells = filtered_cells();
            if dtype == DType::F32 || dtype == DType::F64 {
                let mut found = vec![0f64; 1000];
                store.read_array(dataset, name, Selection::all(1), Target::from_slice(&mut found)).unwrap();
                let bound = keep_bits.map_or(0.0, |bits| 0.5f64.powi(bits as i32 + 1));
                assert!(cells.iter().zip(&found).all(|(right, found)| (right - found).abs() <= right.abs() * bound));
                assert_eq!(keep_bits.is_some_and(|bits| bits < 12), cells != found, "{name}");
            } else {
                let right: Vec<i64> = cells.into_iter().map(|cell| cell.floor() as i64).collect();
                let mut found = vec![0i64; 1000];
                store.read_array(dataset, name, Selection::all(1), Target::from_slice(&mut found)).unwrap();
                assert!(found == right, "{name}, round {round}");
            }
        }
        verify(&store);
        assert_eq!(store.array_info("own", "bool").unwrap().filter, Filter::None);
        if round == 0 {
            store.write_array("own", "bool", Selection::all(1), Source::from_slice(&[true; 1000])).unwrap();
            store.flush().unwrap();
        } else {
            store.compact().unwrap();
        }
    }
}

/// The arrays whose chunks are in pieces: name, type, shape, chunks, pieces. The pieces are not those that a writer chooses for
/// such chunks.
type InPieces = (&'static str, DType, &'static [u64], &'static [u64], &'static [u64]);

const IN_PIECES: [InPieces; 5] = [
    ("field", DType::F32, &[3, 100, 101], &[2, 160, 110], &[1, 160, 110]),
    ("line", DType::F64, &[20_000], &[20_000], &[10_000]),
    ("pairs", DType::C128, &[2, 7_000], &[1, 10_000], &[1, 5_000]),
    ("plain", DType::U8, &[2, 3, 300], &[2, 3, 30_000], &[1, 3, 30_000]),
    ("whole", DType::I16, &[257, 300], &[257, 300], &[257, 300]),
];

/// The bytes of an array of `cells` cells, each one and a half or as little as it may be, in turns of 30.
fn in_pieces(dtype: DType, cells: u64) -> Value {
    let ones = |cell: u64| cell / 30 % 2 == 1;
    match dtype {
        DType::F32 => Value::F32((0..cells).map(|cell| if ones(cell) { 1.5 } else { -2.0 }).collect()),
        DType::F64 => Value::F64((0..cells).map(|cell| if ones(cell) { 1.5 } else { -2.0 }).collect()),
        DType::C128 => Value::C128((0..cells).map(|cell| if ones(cell) { [1.5, 0.0] } else { [0.0, -2.0] }).collect()),
        DType::U8 => Value::U8((0..cells).map(|cell| if ones(cell) { 1 } else { 200 }).collect()),
        DType::I16 => Value::I16((0..cells).map(|cell| if ones(cell) { 1 } else { -2 }).collect()),
        _ => panic!("no array of {dtype}"),
    }
}

/// With chunks that are stored in pieces.
#[test]
fn a_store_with_chunks_in_pieces_reads_and_can_be_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    copy(&fixtures().join("v1-pieces"), &path);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    for step in 0..2 {
        for (name, dtype, shape, chunks, pieces) in IN_PIECES {
            let info = store.array_info("run", name).unwrap();
            assert_eq!((&info.chunk_shape[..], &info.piece_shape[..]), (chunks, pieces), "{name}");
            let expected = in_pieces(dtype, cells(shape));
            // All of it, and its last cells.
            let (mut last, ends) = (shape.to_vec(), shape.iter().map(|&extent| extent - 1).collect::<Vec<u64>>());
            last.fill(1);
            numbers!(&expected, expected => {
                let mut found = vec![expected[0]; expected.len()];
                store.read_array("run", name, Selection::all(shape.len()), Target::from_slice(&mut found)).unwrap();
                assert!(found == *expected, "{name}");
                let mut found = [expected[0]];
                store.read_array("run", name, Selection::region(&ends, &last), Target::from_slice(&mut found)).unwrap();
                assert!(found[0] == expected[expected.len() - 1], "{name}");
                // What was there once more, so that a chunk is stored anew.
                store.write_array("run", name, Selection::region(&ends, &last), Source::from_slice(&found)).unwrap();
            });
        }
        verify(&store);
        store.flush().unwrap();
        if step == 0 {
            store.compact().unwrap();
        }
    }
}

/// Has each of two workers do something, and commits what they did.
fn commit_of_workers(store: &Store, work: impl Fn(u64, &Store)) {
    let ticket = store.session_begin(SessionOptions { workers: 2, ..SessionOptions::default() }).unwrap();
    let exports = [0, 1].map(|number| {
        let worker = Store::open_worker(&ticket, number, None, OpenOptions::default()).unwrap();
        work(number.into(), &worker);
        worker.export().unwrap()
    });
    store.import(&exports.each_ref().map(Vec::as_slice)).unwrap();
    store.flush().unwrap();
}

fn write_parts(path: &Path) {
    let store = Store::create(path, CreateOptions { keep_generations: Some(0), ..CreateOptions::default() }).unwrap();
    store.create_dataset("run").unwrap();
    let define = |name: &str, dtype, shape: &[u64], chunks: &[u64]| {
        let options = ArrayOptions { chunk_shape: Some(chunks.to_vec()), ..ArrayOptions::default() };
        store.define_array("run", name, dtype, &[], shape, options).unwrap();
    };
    let region = |start: &[u64], count: &[u64]| (start.to_vec(), count.to_vec());
    let write = |store: &Store, name: &str, (start, count): (Vec<u64>, Vec<u64>), values: &[i32]| {
        store.write_array("run", name, Selection::region(&start, &count), Source::from_slice(values)).unwrap();
    };
    define("tiles", DType::I32, &[3, 64, 64], &[1, 64, 32]);
    // In two pieces.
    define("pieces", DType::I32, &[256, 256], &[256, 256]);
    define("shared", DType::I32, &[20], &[20]);
    define("texts", DType::String, &[4], &[2]);
    (0..6).for_each(|small| define(&format!("small {small}"), DType::I32, &[8], &[4]));
    write(&store, "shared", region(&[0], &[20]), &[9; 20]);
    commit_of_workers(&store, |number, worker| {
        let tile: Vec<i32> =
            (0..3 * 64 * 32).map(|i| 10_000 * (i / 2048) + 100 * (i / 32 % 64) + i % 32 + 32 * number as i32).collect();
        write(worker, "tiles", region(&[0, 0, 32 * number], &[3, 64, 32]), &tile);
        let shared = [(0, vec![1; 7]), (7, vec![2; 5])];
        let (at, values) = &shared[number as usize];
        write(worker, "shared", region(&[*at], &[values.len() as u64]), values);
        for small in 0..6 {
            let values = [10 * number as i32 + small; 4];
            write(worker, &format!("small {small}"), region(&[4 * number], &[4]), &values);
        }
        if number == 1 {
            worker.write_strings("run", "texts", Selection::all(1), &["one", "two", "é", ""]).unwrap();
            write(worker, "pieces", region(&[0, 0], &[256, 256]), &(0..65536).collect::<Vec<i32>>());
        }
    });
    define("late", DType::I32, &[8], &[4]);
    // Of one name: each has a file of its own.
    commit_of_workers(&store, |number, worker| {
        write(worker, "late", region(&[4 * number], &[4]), &[number as i32; 4]);
    });
    store.close().unwrap();
}

/// With files of workers.
#[test]
fn a_store_with_files_of_workers_reads_and_can_be_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    copy(&fixtures().join("v1-parts"), &path);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    for step in 0..3 {
        let mut tiles = vec![0; 3 * 64 * 64];
        store.read_array("run", "tiles", Selection::all(3), Target::from_slice(&mut tiles)).unwrap();
        assert!(tiles.iter().zip(0..).all(|(found, i)| *found == 10_000 * (i / 4096) + 100 * (i / 64 % 64) + i % 64));
        let mut shared = [0; 20];
        store.read_array("run", "shared", Selection::all(1), Target::from_slice(&mut shared)).unwrap();
        assert_eq!(shared, [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 9, 9, 9, 9, 9, 9, 9, 9]);
        let mut pieces = vec![0; 65536];
        store.read_array("run", "pieces", Selection::all(2), Target::from_slice(&mut pieces)).unwrap();
        assert!(pieces.iter().copied().eq(0..65536));
        assert_eq!(store.read_strings("run", "texts", Selection::all(1)).unwrap(), ["one", "two", "é", ""]);
        let mut late = [9; 8];
        store.read_array("run", "late", Selection::all(1), Target::from_slice(&mut late)).unwrap();
        assert_eq!(late, [0, 0, 0, 0, 1, 1, 1, 1]);
        for small in 0..6 {
            let mut values = [0; 8];
            store
                .read_array("run", &format!("small {small}"), Selection::all(1), Target::from_slice(&mut values))
                .unwrap();
            assert!(values[..4] == [small; 4] && values[4..] == [10 + small; 4]);
        }
        verify(&store);
        match step {
            0 => {
                store
                    .write_array("run", "tiles", Selection::region(&[0, 0, 0], &[1, 1, 1]), Source::from_slice(&[0]))
                    .unwrap();
                store.flush().unwrap();
            }
            _ => store.compact().unwrap(),
        }
    }
}

/// With attributes of its own, and a dataset that segments know by another name.
#[test]
fn a_store_with_a_renamed_dataset_reads_and_can_be_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    copy(&fixtures().join("v1-renamed"), &path);
    let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    assert_eq!(store.attribute(None, None, "title").unwrap(), Value::String(vec!["seven é".into()]));
    assert_eq!(store.attribute(None, None, "levels").unwrap(), Value::I32(vec![1000, -850]));
    assert_eq!(store.dataset_names().unwrap().iter().map(|name| &**name).collect::<Vec<_>>(), ["other", "new"]);
    for _ in 0..2 {
        let mut values = [0i16; 5];
        store.read_array("new", "v", Selection::all(1), Target::from_slice(&mut values)).unwrap();
        assert_eq!(values, [1, -2, 3, -4, 5]);
        assert_eq!(store.array_info("new", "cov").unwrap().dims, ["v", "v"]);
        verify(&store);
        store.set_attribute("new", None, "more", 1).unwrap();
        store.flush().unwrap();
        store.compact().unwrap();
    }
}

#[test]
fn stores_of_version_1_read_as_they_were_written() {
    for (name, meta_format, meta_zstd, _) in STORES {
        let store = Store::open(fixtures().join(name), Mode::Read, OpenOptions::default()).unwrap();
        check_store(&store);
        verify(&store);
        let info = store.info().unwrap();
        assert_eq!((info.meta_format, info.meta_zstd), (meta_format, meta_zstd));
        assert_eq!(info.generation, 6, "one create, four flushes, one compact");
        assert!(info.segment_count > info.array_file_count && info.dead_bytes > 0, "{info:?}");
    }
}

#[test]
fn stores_of_version_1_can_be_written_to() {
    let temporary = tempfile::tempdir().unwrap();
    for (name, ..) in STORES {
        let path = temporary.path().join(name);
        copy(&fixtures().join(name), &path);
        let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        check_store(&store);
        store.compact().unwrap();
        check_store(&store);
        let info = store.info().unwrap();
        assert_eq!((info.dead_bytes, info.segment_count), (0, info.array_file_count));
        store.append_array("series", "t", &[1, 3], Source::from_slice(&[1f64, 2.0, 3.0])).unwrap();
        store.close().unwrap();

        let store = Store::open(&path, Mode::ReadWrite, OpenOptions::default()).unwrap();
        verify(&store);
        let mut row = [0f64; 3];
        let last = Selection::region(&[9, 0], &[1, 3]);
        store.read_array("series", "t", last, Target::from_slice(&mut row)).unwrap();
        assert_eq!(row, [1.0, 2.0, 3.0]);
        let missing = store.dataset("gone").err().map(|error| error.kind());
        assert_eq!(missing, Some(ErrorKind::NotFound));
    }
}

#[test]
fn the_expected_values_are_those_of_this_test() {
    let text = fs::read_to_string(fixtures().join("expected.json")).unwrap();
    assert!(text == expected_json(), "tests/fixtures/expected.json is not what this test makes");
    let _: Json = serde_json::from_str(&text).unwrap();
}
