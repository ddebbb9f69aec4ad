//! Values of arrays: read piece by piece, and as text and JSON.

use atlas_store::{DType, Error, FillValue, Scalar, Selection, Store, Target, Value, f16};
use serde_json::Value as Json;

/// Cells that are read at once, at most.
const SLAB: u64 = 1 << 18;

/// The attribute by which libnetcdf says that floats were rounded as `keep_bits` rounds them, and to how many bits.
pub const QUANTIZED: &str = "_QuantizeBitRoundNumberOfSignificantBits";

/// Reads a region of an array of this type.
pub fn read(
    store: &Store,
    dataset: &str,
    array: &str,
    dtype: DType,
    start: &[u64],
    count: &[u64],
) -> Result<Value, Error> {
    let selection = Selection::region(start, count);
    let cells = count.iter().product::<u64>() as usize;
    macro_rules! numbers {
        ($rust:ty, $variant:ident) => {{
            let mut values = vec![<$rust>::default(); cells];
            store.read_array(dataset, array, selection, Target::from_slice(&mut values))?;
            Value::$variant(values)
        }};
    }
    Ok(match dtype {
        DType::Bool => numbers!(bool, Bool),
        DType::I8 => numbers!(i8, I8),
        DType::I16 => numbers!(i16, I16),
        DType::I32 => numbers!(i32, I32),
        DType::I64 => numbers!(i64, I64),
        DType::U8 => numbers!(u8, U8),
        DType::U16 => numbers!(u16, U16),
        DType::U32 => numbers!(u32, U32),
        DType::U64 => numbers!(u64, U64),
        DType::F16 => numbers!(f16, F16),
        DType::F32 => numbers!(f32, F32),
        DType::F64 => numbers!(f64, F64),
        DType::C64 => numbers!([f32; 2], C64),
        DType::C128 => numbers!([f64; 2], C128),
        DType::TimestampNs => numbers!(i64, TimestampNs),
        DType::String => Value::String(store.read_strings(dataset, array, selection)?),
    })
}

/// Gives `f` the cells of a region in C order, so many at a time that memory is bounded.
pub fn for_each_slab<E: From<Error>>(
    store: &Store,
    (dataset, array, dtype): (&str, &str, DType),
    start: &[u64],
    count: &[u64],
    f: &mut dyn FnMut(&Value) -> Result<(), E>,
) -> Result<(), E> {
    for_each_region(start, count, &mut |start, count| f(&read(store, dataset, array, dtype, start, count)?))
}

/// Called with the first cells and the numbers of cells of a region.
pub type OnRegion<'a, E> = dyn FnMut(&[u64], &[u64]) -> Result<(), E> + 'a;

/// Gives `f` the parts of a region that follow one another in C order, none with more than [`SLAB`] cells.
pub fn for_each_region<E>(start: &[u64], count: &[u64], f: &mut OnRegion<'_, E>) -> Result<(), E> {
    if count.contains(&0) {
        return Ok(());
    }
    if count.iter().product::<u64>() <= SLAB {
        return f(start, count);
    }
    // The first dimension that can be cut: those before it have one cell each, so the parts follow one another.
    let Some(d) = count.iter().position(|&n| n > 1) else { return Ok(()) };
    let row: u64 = count[d + 1..].iter().product();
    let step = (SLAB / row).max(1);
    let (mut start, mut part) = (start.to_vec(), count.to_vec());
    let end = start[d] + count[d];
    while start[d] < end {
        part[d] = step.min(end - start[d]);
        for_each_region(&start, &part, f)?;
        start[d] += part[d];
    }
    Ok(())
}

/// A fill value as a value.
pub fn of_fill(dtype: DType, fill: &FillValue) -> Result<Value, Error> {
    match fill {
        FillValue::Bytes(bytes) => Value::from_bytes(dtype, bytes),
        FillValue::Text(text) => Ok(Value::String(vec![text.clone()])),
    }
}

/// Whether value `i` is the fill value: as numbers, where a NaN is every NaN.
pub fn is_fill(values: &Value, i: usize, fill: &Value) -> bool {
    macro_rules! float {
        ($a:expr, $b:expr) => {
            $a == $b || ($a.is_nan() && $b.is_nan())
        };
    }
    match (values, fill) {
        (Value::F16(a), Value::F16(b)) => float!(a[i], b[0]),
        (Value::F32(a), Value::F32(b)) => float!(a[i], b[0]),
        (Value::F64(a), Value::F64(b)) => float!(a[i], b[0]),
        (Value::C64(a), Value::C64(b)) => float!(a[i][0], b[0][0]) && float!(a[i][1], b[0][1]),
        (Value::C128(a), Value::C128(b)) => float!(a[i][0], b[0][0]) && float!(a[i][1], b[0][1]),
        (Value::Bool(a), Value::Bool(b)) => a[i] == b[0],
        (Value::I8(a), Value::I8(b)) => a[i] == b[0],
        (Value::I16(a), Value::I16(b)) => a[i] == b[0],
        (Value::I32(a), Value::I32(b)) => a[i] == b[0],
        (Value::I64(a), Value::I64(b)) | (Value::TimestampNs(a), Value::TimestampNs(b)) => a[i] == b[0],
        (Value::U8(a), Value::U8(b)) => a[i] == b[0],
        (Value::U16(a), Value::U16(b)) => a[i] == b[0],
        (Value::U32(a), Value::U32(b)) => a[i] == b[0],
        (Value::U64(a), Value::U64(b)) => a[i] == b[0],
        (Value::String(a), Value::String(b)) => a[i] == b[0],
        _ => false,
    }
}

/// Each value as text.
pub fn texts(values: &Value) -> Vec<String> {
    fn each<T>(values: &[T], text: impl Fn(&T) -> String) -> Vec<String> {
        values.iter().map(text).collect()
    }
    // The shortest digits that read back as the same number of that width.
    macro_rules! float {
        ($value:expr) => {
            if $value.is_infinite() {
                (if $value > 0.0 { "Infinity" } else { "-Infinity" }).to_owned()
            } else {
                format!("{:?}", $value)
            }
        };
    }
    macro_rules! complex {
        ($value:expr) => {{
            let [re, im] = $value;
            let sign = if im.is_sign_negative() && !im.is_nan() { "" } else { "+" };
            format!("{}{sign}{}i", float!(re), float!(im))
        }};
    }
    match values {
        Value::Bool(v) => each(v, bool::to_string),
        Value::I8(v) => each(v, i8::to_string),
        Value::I16(v) => each(v, i16::to_string),
        Value::I32(v) => each(v, i32::to_string),
        Value::I64(v) => each(v, i64::to_string),
        Value::U8(v) => each(v, u8::to_string),
        Value::U16(v) => each(v, u16::to_string),
        Value::U32(v) => each(v, u32::to_string),
        Value::U64(v) => each(v, u64::to_string),
        Value::F16(v) => each(v, |&x| float!(shortest(x))),
        Value::F32(v) => each(v, |&x| float!(x)),
        Value::F64(v) => each(v, |&x| float!(x)),
        Value::C64(v) => each(v, |&x| complex!(x)),
        Value::C128(v) => each(v, |&x| complex!(x)),
        Value::TimestampNs(v) => super::times::timestamps(v),
        Value::String(v) => each(v, |text| super::output::quoted(text)),
    }
}

/// The number with the fewest digits that reads back as `half`.
fn shortest(half: f16) -> f32 {
    let rounded = |digits| format!("{:.digits$e}", f32::from(half)).parse::<f32>();
    (0..5).filter_map(|digits| rounded(digits).ok()).find(|&near| f16::from_f32(near) == half).unwrap_or(half.into())
}

/// Each value as JSON: complex numbers as pairs, timestamps as nanoseconds, floats that are not finite as texts.
pub fn json(values: &Value) -> Vec<Json> {
    let list = match serde_json::to_value(values) {
        Ok(Json::Object(entry)) => entry.into_iter().next().map(|(_, list)| list),
        _ => None,
    };
    let Some(Json::Array(list)) = list else { return Vec::new() };
    match values.dtype() {
        DType::C64 | DType::C128 => list.chunks(2).map(|pair| Json::Array(pair.to_vec())).collect(),
        _ => list,
    }
}

/// The end of a range, as a value of the array's type.
pub fn of_scalar(dtype: DType, scalar: Scalar) -> Value {
    match (dtype, scalar) {
        (DType::TimestampNs, Scalar::Int(value)) => Value::TimestampNs(vec![value]),
        (DType::Bool, Scalar::Uint(value)) => Value::Bool(vec![value != 0]),
        (DType::F16, Scalar::Float(value)) => Value::F16(vec![f16::from_f64(value)]),
        (DType::F32, Scalar::Float(value)) => Value::F32(vec![value as f32]),
        (_, Scalar::Int(value)) => Value::I64(vec![value]),
        (_, Scalar::Uint(value)) => Value::U64(vec![value]),
        (_, Scalar::Float(value)) => Value::F64(vec![value]),
    }
}
