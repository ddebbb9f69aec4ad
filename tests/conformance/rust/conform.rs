//! `conform write|check TABLE FOLDER`: the conformance program in Rust. `../README.md` says what it does.

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Dataset, FillValue, Filter, FloatOverflow, MetaFormat, Mode,
    OpenOptions, Selection, Source, Store, Target, Value, f16,
};
use std::path::{Path, PathBuf};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

macro_rules! expect {
    ($condition:expr, $($text:tt)+) => {
        if !$condition { return Err(format!($($text)+).into()); }
    };
}

// ---- value(DTYPE, SEED, k) ----

fn hash(seed: u64, k: u64) -> u32 {
    let h = (seed * 1_000_003 + k * 2_654_435_761 + 12345) % (1 << 32);
    let h = ((h ^ (h >> 15)) * 40503) % (1 << 32);
    (h ^ (h >> 13)) as u32
}

fn wide(seed: u64, k: u64) -> u64 {
    u64::from(hash(seed, 2 * k)) << 32 | u64::from(hash(seed, 2 * k + 1))
}

/// The integer with so many bits of a mantissa.
fn rounded(m: i64, bits: u32) -> i64 {
    let magnitude = m.unsigned_abs();
    let Some(drop @ 1..) = (u64::BITS - magnitude.leading_zeros()).checked_sub(bits + 1) else { return m };
    let (kept, rest, half) = (magnitude >> drop, magnitude & ((1 << drop) - 1), 1 << (drop - 1));
    let up = rest > half || rest == half && kept % 2 == 1;
    m.signum() * (((kept + u64::from(up)) << drop) as i64)
}

fn real(seed: u64, k: u64, modulus: u64, divisor: f64, bits: u32) -> f64 {
    let h = hash(seed, k);
    match (h >> 24) % 16 {
        5 => f64::NAN,
        6 => f64::INFINITY,
        7 => f64::NEG_INFINITY,
        8 => -0.0,
        _ => rounded((u64::from(h) % modulus) as i64 - (modulus / 2) as i64, bits) as f64 / divisor,
    }
}

fn half(seed: u64, k: u64, bits: u32) -> f16 {
    f16::from_f64(real(seed, k, 1 << 11, 8.0, bits))
}

fn single(seed: u64, k: u64, bits: u32) -> f32 {
    real(seed, k, 1 << 24, 64.0, bits) as f32
}

fn double(seed: u64, k: u64, bits: u32) -> f64 {
    real(seed, k, 1 << 32, 1024.0, bits)
}

fn text(seed: u64, k: u64) -> String {
    const WORDS: [&str; 7] =
        ["", "x", "sea ice", "São Paulo", "温度", "0123456789abcdefghijklmnopqrstuvwxyz", r#"a,b;"c"\d"#];
    let h = hash(seed, k);
    let word = WORDS[h as usize % 7];
    if (h >> 8).is_multiple_of(3) { format!("{word}{k}") } else { word.to_owned() }
}

/// More than the mantissa of any float has.
const ALL_BITS: u32 = 53;

/// One element for each of `picks`: the value of a seed and a number, or zero.
fn elements(dtype: DType, picks: impl Iterator<Item = Option<(u64, u64)>>) -> Value {
    elements_of(dtype, ALL_BITS, picks)
}

/// The same with so many bits kept of floats.
fn elements_of(dtype: DType, bits: u32, picks: impl Iterator<Item = Option<(u64, u64)>>) -> Value {
    fn of<T: Default>(picks: impl Iterator<Item = Option<(u64, u64)>>, value: impl Fn(u64, u64) -> T) -> Vec<T> {
        picks.map(|pick| pick.map_or_else(T::default, |(seed, k)| value(seed, k))).collect()
    }
    match dtype {
        DType::Bool => Value::Bool(of(picks, |s, k| hash(s, k) % 2 == 1)),
        DType::I8 => Value::I8(of(picks, |s, k| hash(s, k) as i8)),
        DType::I16 => Value::I16(of(picks, |s, k| hash(s, k) as i16)),
        DType::I32 => Value::I32(of(picks, |s, k| hash(s, k) as i32)),
        DType::I64 => Value::I64(of(picks, |s, k| wide(s, k) as i64)),
        DType::U8 => Value::U8(of(picks, |s, k| hash(s, k) as u8)),
        DType::U16 => Value::U16(of(picks, |s, k| hash(s, k) as u16)),
        DType::U32 => Value::U32(of(picks, hash)),
        DType::U64 => Value::U64(of(picks, wide)),
        DType::F16 => Value::F16(of(picks, |s, k| half(s, k, bits))),
        DType::F32 => Value::F32(of(picks, |s, k| single(s, k, bits))),
        DType::F64 => Value::F64(of(picks, |s, k| double(s, k, bits))),
        DType::C64 => Value::C64(of(picks, |s, k| [single(s, 2 * k, bits), single(s, 2 * k + 1, bits)])),
        DType::C128 => Value::C128(of(picks, |s, k| [double(s, 2 * k, bits), double(s, 2 * k + 1, bits)])),
        DType::TimestampNs => Value::TimestampNs(of(picks, |s, k| wide(s, k) as i64)),
        DType::String => Value::String(of(picks, text)),
    }
}

fn series(dtype: DType, seed: u64, count: usize) -> Value {
    elements(dtype, (0..count as u64).map(|k| Some((seed, k))))
}

/// `$numbers` with `$v` bound to the vector of numbers in a `Value`, `$texts` with it bound to the texts.
macro_rules! with {
    ($value:expr, $v:ident, $texts:expr, $numbers:expr) => {
        match $value {
            Value::Bool($v) => $numbers,
            Value::I8($v) => $numbers,
            Value::I16($v) => $numbers,
            Value::I32($v) => $numbers,
            Value::I64($v) | Value::TimestampNs($v) => $numbers,
            Value::U8($v) => $numbers,
            Value::U16($v) => $numbers,
            Value::U32($v) => $numbers,
            Value::U64($v) => $numbers,
            Value::F16($v) => $numbers,
            Value::F32($v) => $numbers,
            Value::F64($v) => $numbers,
            Value::C64($v) => $numbers,
            Value::C128($v) => $numbers,
            Value::String($v) => $texts,
        }
    };
}

/// The first index where two lists of values differ, floats bit for bit unless both are NaN.
fn difference(a: &Value, b: &Value) -> Option<usize> {
    fn first<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> Option<usize> {
        let shorter = a.len().min(b.len());
        (0..shorter).find(|&i| !same(&a[i], &b[i])).or((a.len() != b.len()).then_some(shorter))
    }
    let single = |a: &f32, b: &f32| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    let double = |a: &f64, b: &f64| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => first(a, b, bool::eq),
        (Value::I8(a), Value::I8(b)) => first(a, b, i8::eq),
        (Value::I16(a), Value::I16(b)) => first(a, b, i16::eq),
        (Value::I32(a), Value::I32(b)) => first(a, b, i32::eq),
        (Value::I64(a), Value::I64(b)) | (Value::TimestampNs(a), Value::TimestampNs(b)) => first(a, b, i64::eq),
        (Value::U8(a), Value::U8(b)) => first(a, b, u8::eq),
        (Value::U16(a), Value::U16(b)) => first(a, b, u16::eq),
        (Value::U32(a), Value::U32(b)) => first(a, b, u32::eq),
        (Value::U64(a), Value::U64(b)) => first(a, b, u64::eq),
        (Value::F16(a), Value::F16(b)) => first(a, b, |a, b| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())),
        (Value::F32(a), Value::F32(b)) => first(a, b, single),
        (Value::F64(a), Value::F64(b)) => first(a, b, double),
        (Value::C64(a), Value::C64(b)) => first(a, b, |a, b| single(&a[0], &b[0]) && single(&a[1], &b[1])),
        (Value::C128(a), Value::C128(b)) => first(a, b, |a, b| double(&a[0], &b[0]) && double(&a[1], &b[1])),
        (Value::String(a), Value::String(b)) => first(a, b, String::eq),
        _ => Some(0),
    }
}

// ---- the table ----

#[derive(Default)]
struct StoreTable {
    name: String,
    root: String,
    compact: bool,
    datasets: Vec<(String, bool)>, // and whether it is gone in the end
    arrays: Vec<Array>,
    attributes: Vec<Attribute>,
}

struct Array {
    dataset: String,
    name: String,
    dtype: DType,
    shape: Vec<u64>,
    dims: Option<Vec<String>>,
    chunks: Option<Vec<u64>>,
    /// As far as the table says.
    pieces: Option<Vec<u64>>,
    codec: Codec,
    filter: Filter,
    keep_bits: Option<u32>,
    fill: Option<u64>,
    seed: u64,
    how: String,
    start: Vec<u64>,
    count: Vec<u64>,
}

struct Attribute {
    dataset: String,
    array: Option<String>,
    key: String,
    dtype: DType,
    count: usize,
    seed: u64,
}

fn optional<T>(field: &str, parse: impl Fn(&str) -> Result<T>) -> Result<Option<T>> {
    if field == "-" { Ok(None) } else { parse(field).map(Some) }
}

fn number(field: &str) -> Result<u64> {
    Ok(field.parse()?)
}

fn numbers(field: &str) -> Result<Vec<u64>> {
    if field == "scalar" { Ok(Vec::new()) } else { field.split(',').map(number).collect() }
}

fn read_table(path: &Path) -> Result<Vec<StoreTable>> {
    let mut stores: Vec<StoreTable> = Vec::new();
    for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        if let ["store", name, root, finish] = fields[..] {
            let compact = finish == "compact";
            stores.push(StoreTable { name: name.into(), root: root.into(), compact, ..Default::default() });
            continue;
        }
        let store = stores.last_mut().ok_or("the table does not begin with a store")?;
        match fields[..] {
            ["dataset", name] => store.datasets.push((name.into(), false)),
            ["gone", name] => store.datasets.push((name.into(), true)),
            ["array", dataset, name, dtype, shape, dims, chunks, codec, fill, seed, how, start, count] => {
                let (chunks, pieces) = chunks.split_once('/').unwrap_or((chunks, "-"));
                let (mut filter, mut keep_bits, mut encoding) = (Filter::None, None, codec.split(','));
                let codec = encoding.next().unwrap_or_default();
                for one in encoding {
                    match one.strip_prefix("bits=") {
                        Some(bits) => keep_bits = Some(number(bits)? as u32),
                        None if one == "delta" => filter = Filter::Delta,
                        None => return Err(format!("'{one}' is not a filter").into()),
                    }
                }
                store.arrays.push(Array {
                    dataset: dataset.into(),
                    name: name.into(),
                    dtype: DType::from_name(dtype)?,
                    shape: numbers(shape)?,
                    dims: optional(dims, |list| Ok(list.split(',').map(String::from).collect()))?,
                    chunks: optional(chunks, numbers)?,
                    pieces: optional(pieces, numbers)?,
                    codec: match codec {
                        "zstd" => Codec::Zstd,
                        "lz4" => Codec::Lz4,
                        "none" => Codec::None,
                        _ => return Err(format!("'{codec}' is not a codec").into()),
                    },
                    filter,
                    keep_bits,
                    fill: optional(fill, number)?,
                    seed: number(seed)?,
                    how: how.into(),
                    start: optional(start, numbers)?.unwrap_or_default(),
                    count: optional(count, numbers)?.unwrap_or_default(),
                });
            }
            ["attribute", dataset, array, key, dtype, count, seed] => store.attributes.push(Attribute {
                dataset: dataset.into(),
                array: optional(array, |name| Ok(name.into()))?,
                key: key.into(),
                dtype: DType::from_name(dtype)?,
                count: number(count)? as usize,
                seed: number(seed)?,
            }),
            _ => return Err(format!("not a statement: {line}").into()),
        }
    }
    Ok(stores)
}

impl Array {
    fn rank(&self) -> usize {
        self.shape.len()
    }

    fn cells(&self) -> usize {
        self.shape.iter().product::<u64>() as usize
    }

    fn index(&self, mut k: u64) -> Vec<u64> {
        let mut index = vec![0; self.rank()];
        for (i, extent) in index.iter_mut().zip(&self.shape).rev() {
            *i = k % extent;
            k /= extent;
        }
        index
    }

    fn is_written(&self, k: u64) -> bool {
        match &self.how[..] {
            "never" => false,
            "box" => {
                let index = self.index(k);
                (0..self.rank()).all(|d| index[d] >= self.start[d] && index[d] - self.start[d] < self.count[d])
            }
            _ => true,
        }
    }

    fn fill_value(&self) -> Option<Value> {
        self.fill.map(|seed| series(self.dtype, seed, 1))
    }

    // ---- writing ----

    fn define(&self, dataset: &Dataset<'_>) -> Result {
        let fill_value = self.fill_value().map(|value| match value {
            Value::String(texts) => Ok(FillValue::Text(texts[0].clone())),
            other => {
                let mut bytes = vec![0; self.dtype.size()];
                other.to_memory(self.dtype, FloatOverflow::Error, &mut bytes).map(|()| FillValue::Bytes(bytes))
            }
        });
        let options = ArrayOptions {
            chunk_shape: self.chunks.clone(),
            codec: Some(self.codec),
            filter: Some(self.filter),
            keep_bits: self.keep_bits,
            fill_value: fill_value.transpose()?,
            ..Default::default()
        };
        let mut shape = self.shape.clone();
        if self.how == "append" {
            shape[0] = 0;
        }
        let own = (0..self.rank()).map(|d| format!("dim_{d}")).collect();
        let dims = self.dims.clone().unwrap_or(own);
        let dims: Vec<&str> = dims.iter().map(String::as_str).collect();
        Ok(dataset.define_array(&self.name, self.dtype, &dims, &shape, options)?)
    }

    fn write_part(&self, dataset: &Dataset<'_>, selection: Selection<'_>, values: &Value, from: usize) -> Result {
        Ok(with!(
            values,
            v,
            dataset.write_strings(&self.name, selection, &v[from..].iter().map(String::as_str).collect::<Vec<_>>()),
            dataset.write(&self.name, selection, Source::from_slice(&v[from..]))
        )?)
    }

    fn write_whole(&self, dataset: &Dataset<'_>, seed: u64) -> Result {
        self.write_part(dataset, Selection::all(self.rank()), &series(self.dtype, seed, self.cells()), 0)
    }

    fn write_rows(&self, dataset: &Dataset<'_>) -> Result {
        let row_cells = self.cells() as u64 / self.shape[0];
        let mut count = self.shape.clone();
        count[0] = 1;
        for row in (0..self.shape[0]).rev() {
            let mut start = vec![0; self.rank()];
            start[0] = row;
            let values = elements(self.dtype, (row * row_cells..(row + 1) * row_cells).map(|k| Some((self.seed, k))));
            self.write_part(dataset, Selection::region(&start, &count), &values, 0)?;
        }
        Ok(())
    }

    fn append(&self, dataset: &Dataset<'_>) -> Result {
        let row_cells = self.cells() as u64 / self.shape[0];
        let mut count = self.shape.clone();
        let mut row = 0;
        while row < self.shape[0] {
            count[0] = self.count[0].min(self.shape[0] - row);
            let cells = row * row_cells..(row + count[0]) * row_cells;
            let values = elements(self.dtype, cells.map(|k| Some((self.seed, k))));
            with!(
                &values,
                v,
                dataset.append_strings(&self.name, &count, &v.iter().map(String::as_str).collect::<Vec<_>>()),
                dataset.append(&self.name, &count, Source::from_slice(v))
            )?;
            row += count[0];
        }
        Ok(())
    }

    fn write_box(&self, dataset: &Dataset<'_>) -> Result {
        let inside = (0..self.cells() as u64).filter(|&k| self.is_written(k));
        let values = elements(self.dtype, inside.map(|k| Some((self.seed, k))));
        self.write_part(dataset, Selection::region(&self.start, &self.count), &values, 0)
    }

    /// Out of memory with a halo, whose values must not get into the store.
    fn write_strided(&self, dataset: &Dataset<'_>) -> Result {
        let (mut strides, mut cells, mut first) = (vec![0; self.rank()], 1, 0);
        for d in (0..self.rank()).rev() {
            strides[d] = cells as i64;
            first += cells;
            cells *= self.shape[d] as usize + 2;
        }
        let mut picks: Vec<_> = (0..cells as u64).map(|k| Some((self.seed + 7, k))).collect();
        for k in 0..self.cells() as u64 {
            let at: u64 = self.index(k).iter().zip(&strides).map(|(&i, &stride)| i * stride as u64).sum();
            picks[first + at as usize] = Some((self.seed, k));
        }
        let selection = Selection::all(self.rank());
        Ok(with!(
            &elements(self.dtype, picks.into_iter()),
            v,
            return Err(format!("{v:?}: strings have no strides").into()),
            dataset.write(&self.name, selection, Source::from_strided(&v[first..], &strides))
        )?)
    }

    fn write(&self, dataset: &Dataset<'_>) -> Result {
        self.define(dataset)?;
        match &self.how[..] {
            "whole" | "gone" => self.write_whole(dataset, self.seed),
            "twice" => self.write_whole(dataset, self.seed + 1),
            "rows" => self.write_rows(dataset),
            "append" => self.append(dataset),
            "box" => self.write_box(dataset),
            "strided" => self.write_strided(dataset),
            "never" => Ok(()),
            how => Err(format!("array {}: unknown way to write it, '{how}'", self.name).into()),
        }
    }

    // ---- checking ----

    fn check(&self, dataset: &Dataset<'_>) -> Result<usize> {
        let info = dataset.array_info(&self.name)?;
        expect!(info.dtype == self.dtype, "dtype {}, expected {}", info.dtype, self.dtype);
        expect!(info.shape == self.shape, "shape {:?}, expected {:?}", info.shape, self.shape);
        let own = (0..self.rank()).map(|d| format!("dim_{d}")).collect();
        let dims = self.dims.clone().unwrap_or(own);
        expect!(info.dims == dims, "dimensions {:?}, expected {dims:?}", info.dims);
        if let Some(chunks) = &self.chunks {
            expect!(&info.chunk_shape == chunks, "chunk shape {:?}, expected {chunks:?}", info.chunk_shape);
        }
        if let Some(pieces) = &self.pieces {
            expect!(&info.piece_shape == pieces, "pieces {:?}, expected {pieces:?}", info.piece_shape);
        }
        expect!(info.filter == self.filter, "filter {:?}, expected {:?}", info.filter, self.filter);
        expect!(info.keep_bits == self.keep_bits, "{:?} bits kept, expected {:?}", info.keep_bits, self.keep_bits);
        expect!(info.codec == self.codec, "codec {:?}, expected {:?}", info.codec, self.codec);
        let found = match info.fill_value {
            None => None,
            Some(FillValue::Text(text)) => Some(Value::String(vec![text])),
            Some(FillValue::Bytes(bytes)) => Some(Value::from_bytes(self.dtype, &bytes)?),
        };
        match (&found, &self.fill_value()) {
            (None, None) => {}
            (Some(found), Some(expected)) if difference(found, expected).is_none() => {}
            (found, expected) => return Err(format!("fill value {found:?}, expected {expected:?}").into()),
        }
        let fill = self.fill.map(|seed| (seed, 0));
        let cells = 0..self.cells() as u64;
        let picks = cells.map(|k| if self.is_written(k) { Some((self.seed, k)) } else { fill });
        let expected = elements_of(self.dtype, self.keep_bits.unwrap_or(ALL_BITS), picks);
        let mut found = elements(self.dtype, std::iter::repeat_n(None, self.cells()));
        let selection = Selection::all(self.rank());
        with!(
            &mut found,
            v,
            *v = dataset.read_strings(&self.name, selection)?,
            dataset.read(&self.name, selection, Target::from_slice(v))?
        );
        if let Some(k) = difference(&found, &expected) {
            let shown = |value: &Value| with!(value, v, format!("{:?}", v.get(k)), format!("{:?}", v[k]));
            return Err(format!("element {k} is {}, expected {}", shown(&found), shown(&expected)).into());
        }
        Ok(self.cells())
    }
}

impl Attribute {
    fn set(&self, store: &Store) -> Result {
        let value = series(self.dtype, self.seed, self.count);
        Ok(store.set_attribute(&*self.dataset, self.array.as_deref(), &self.key, value)?)
    }

    fn check(&self, store: &Store) -> Result<usize> {
        let found = store.attribute(&*self.dataset, self.array.as_deref(), &self.key)?;
        let expected = series(self.dtype, self.seed, self.count);
        expect!(found.dtype() == self.dtype, "dtype {}, expected {}", found.dtype(), self.dtype);
        expect!(difference(&found, &expected).is_none(), "{found:?}, expected {expected:?}");
        Ok(self.count)
    }
}

impl StoreTable {
    fn path(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.atlas", self.name))
    }

    fn write(&self, folder: &Path) -> Result {
        let meta_format = if self.root.starts_with("json") { MetaFormat::Json } else { MetaFormat::MsgPack };
        let meta_zstd = self.root.ends_with(".zst");
        let options = CreateOptions { meta_format: Some(meta_format), meta_zstd, ..Default::default() };
        let store = Store::create(self.path(folder), options)?;
        for (name, gone) in &self.datasets {
            let dataset = store.create_dataset(name)?;
            if *gone {
                dataset.define_array("v", DType::I32, &["x"], &[10], ArrayOptions::default())?;
                let numbers: Vec<i32> = (0..10).map(|k| hash(1, k) as i32).collect();
                dataset.write("v", Selection::all(1), Source::from_slice(&numbers))?;
            }
        }
        for array in &self.arrays {
            array.write(&store.dataset(&array.dataset)?)?;
        }
        for attribute in &self.attributes {
            attribute.set(&store)?;
        }
        store.flush()?;
        for (name, _) in self.datasets.iter().filter(|(_, gone)| *gone) {
            store.delete_dataset(name)?;
        }
        for array in &self.arrays {
            match &array.how[..] {
                "gone" => store.delete_array(&array.dataset, &array.name)?,
                "twice" => array.write_whole(&store.dataset(&array.dataset)?, array.seed)?,
                _ => {}
            }
        }
        store.flush()?;
        if self.compact {
            store.compact()?;
        }
        Ok(store.close()?)
    }

    fn attribute_names(&self, dataset: &str, array: Option<&str>) -> Vec<&str> {
        let of = |a: &&Attribute| a.dataset == dataset && a.array.as_deref() == array;
        self.attributes.iter().filter(of).map(|a| &a.key[..]).collect()
    }

    fn check(&self, folder: &Path) -> Result<usize> {
        let store = Store::open(self.path(folder), Mode::Read, OpenOptions::default())?;
        let names = store.dataset_names()?;
        let expected: Vec<&str> =
            self.datasets.iter().filter(|(_, gone)| !gone).map(|(name, _)| name.as_str()).collect();
        expect!(names.iter().map(|name| &**name).eq(expected.iter().copied()), "datasets {names:?}, not {expected:?}");
        for dataset in expected {
            let names = store.array_names(dataset)?;
            let kept = self.arrays.iter().filter(|array| array.dataset == dataset && array.how != "gone");
            expect!(
                names.iter().map(|name| &**name).eq(kept.map(|array| &array.name[..])),
                "{dataset}: arrays {names:?}"
            );
            for array in std::iter::once(None).chain(names.iter().map(|name| Some(&**name))) {
                let names = store.attribute_names(dataset, array)?;
                let expected = self.attribute_names(dataset, array);
                expect!(names.iter().map(|name| &**name).eq(expected), "{dataset}: {array:?}: attributes {names:?}");
            }
        }
        let mut compared = 0;
        for array in self.arrays.iter().filter(|array| array.how != "gone") {
            let checked = array.check(&store.dataset(&array.dataset)?);
            compared +=
                checked.map_err(|error| format!("dataset '{}': array '{}': {error}", array.dataset, array.name))?;
        }
        for attribute in &self.attributes {
            let Attribute { dataset, array, key, .. } = attribute;
            let place = || format!("dataset '{dataset}': array {array:?}: attribute '{key}'");
            compared += attribute.check(&store).map_err(|error| format!("{}: {error}", place()))?;
        }
        store.close()?;
        Ok(compared)
    }
}

fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [action, table, folder] = &arguments[..] else { return Err("usage: conform write|check TABLE FOLDER".into()) };
    let mut compared = 0;
    for store in read_table(Path::new(table))? {
        match &action[..] {
            "write" => store.write(Path::new(folder))?,
            "check" => {
                compared += store.check(Path::new(folder)).map_err(|e| format!("store '{}': {e}", store.name))?
            }
            _ => return Err(format!("'{action}' is neither write nor check").into()),
        }
    }
    if action == "check" {
        println!("compared {compared} values");
    }
    Ok(())
}
