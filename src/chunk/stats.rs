//! Statistics of chunks and arrays.
//!
//! A null is a cell equal to the fill value, by value: a NaN fill matches every NaN. Minimum and maximum are taken over
//! cells that are neither null nor NaN, and are absent when there is none. Complex numbers and texts have no order, so
//! they have nulls only.

use crate::base::dtype::DType;
use crate::base::value::Value;
use crate::base::vector::{Kernel, vectorised};
use half::f16;

/// One end of a range, wide enough for any real type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Of a signed integer or a timestamp.
    Int(i64),
    /// Of an unsigned integer or a bool.
    Uint(u64),
    /// Of a float.
    Float(f64),
}

/// Statistics of an array or a chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Cells of the shape.
    pub row_count: u64,
    /// Cells equal to the fill value, never-written ones included; 0 where there is no fill value.
    pub null_count: u64,
    /// Least and greatest of the cells that are neither null nor NaN.
    pub range: Option<(Scalar, Scalar)>,
}

/// Least and greatest, as 64 bits each whose meaning the dtype gives: see [`order`].
pub(crate) type Range = Option<(u64, u64)>;

/// What is known of the cells of one chunk that lie inside the shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChunkStats {
    pub nulls: u64,
    pub range: Range,
}

/// How the 64 bits of a range are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Int,
    Uint,
    Float,
    None,
}

fn order(dtype: DType) -> Order {
    match dtype {
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::TimestampNs => Order::Int,
        DType::Bool | DType::U8 | DType::U16 | DType::U32 | DType::U64 => Order::Uint,
        DType::F16 | DType::F32 | DType::F64 => Order::Float,
        DType::C64 | DType::C128 | DType::String => Order::None,
    }
}

/// The least and greatest of two ranges.
pub(crate) fn merge(dtype: DType, a: Range, b: Range) -> Range {
    let (Some((a0, a1)), Some((b0, b1))) = (a, b) else {
        return a.or(b);
    };
    let less = |x: u64, y: u64| match order(dtype) {
        Order::Int => (x as i64) < (y as i64),
        Order::Float => f64::from_bits(x) < f64::from_bits(y),
        Order::Uint | Order::None => x < y,
    };
    Some((if less(b0, a0) { b0 } else { a0 }, if less(a1, b1) { b1 } else { a1 }))
}

/// Whether a value at an end of `part` may be what set an end of `whole`.
pub(crate) fn touches(part: Range, whole: Range) -> bool {
    match (part, whole) {
        // Ends are equal bit for bit when one was merged from the other, but for the two zeros.
        (Some((a0, a1)), Some((b0, b1))) => {
            let zero = |bits: u64| bits << 1 == 0;
            a0 == b0 || a1 == b1 || (zero(a0) && zero(b0)) || (zero(a1) && zero(b1))
        }
        _ => false,
    }
}

/// The range that holds just the number 0.
pub(crate) fn zero(dtype: DType) -> Range {
    (order(dtype) != Order::None).then_some((0, 0))
}

/// The range as the user sees it.
pub(crate) fn scalars(dtype: DType, range: Range) -> Option<(Scalar, Scalar)> {
    let scalar = |bits: u64| match order(dtype) {
        Order::Int => Some(Scalar::Int(bits as i64)),
        Order::Uint => Some(Scalar::Uint(bits)),
        Order::Float => Some(Scalar::Float(f64::from_bits(bits))),
        Order::None => None,
    };
    let (low, high) = range?;
    Some((scalar(low)?, scalar(high)?))
}

/// The range as the root writes it: two values of the array's own kind.
pub(crate) fn range_to_value(dtype: DType, range: Range) -> Option<Value> {
    let (low, high) = range?;
    let float = f64::from_bits;
    Some(match (order(dtype), dtype) {
        (Order::Int, _) => Value::I64(vec![low as i64, high as i64]),
        (Order::Uint, _) => Value::U64(vec![low, high]),
        (Order::Float, DType::F64) => Value::F64(vec![float(low), float(high)]),
        (Order::Float, _) => Value::F32(vec![float(low) as f32, float(high) as f32]),
        (Order::None, _) => return None,
    })
}

/// Undoes [`range_to_value`]; `None` where the value is not such a pair.
pub(crate) fn range_from_value(dtype: DType, value: &Value) -> Range {
    let range = match (order(dtype), value) {
        (Order::Int, Value::I64(v)) if v.len() == 2 => Some((v[0] as u64, v[1] as u64)),
        (Order::Uint, Value::U64(v)) if v.len() == 2 => Some((v[0], v[1])),
        (Order::Float, Value::F64(v)) if v.len() == 2 => Some((v[0].to_bits(), v[1].to_bits())),
        (Order::Float, Value::F32(v)) if v.len() == 2 => Some((f64::from(v[0]).to_bits(), f64::from(v[1]).to_bits())),
        _ => None,
    };
    range.filter(|_| is_range(dtype, range))
}

/// Whether a range has a minimum and a maximum, in that order, or none of them.
pub(crate) fn is_range(dtype: DType, range: Range) -> bool {
    let Some((low, high)) = range else { return true };
    match order(dtype) {
        Order::Int => low as i64 <= high as i64,
        Order::Uint => low <= high,
        Order::Float => f64::from_bits(low) <= f64::from_bits(high),
        Order::None => false,
    }
}

/// Statistics of the box of `valid` extents at the origin of a chunk of `shape`.
pub(crate) fn of_chunk(dtype: DType, fill: Option<&[u8]>, chunk: &[u8], shape: &[u64], valid: &[u64]) -> ChunkStats {
    let mut gathered = Gathered::new(dtype, fill);
    let size = dtype.size();
    for_each_run(shape, valid, |start, len| gathered.add(&chunk[start * size..(start + len) * size]));
    gathered.stats
}

/// Statistics of cells that come in parts.
pub(crate) struct Gathered<'f> {
    dtype: DType,
    fill: Option<&'f [u8]>,
    pub stats: ChunkStats,
}

impl<'f> Gathered<'f> {
    pub fn new(dtype: DType, fill: Option<&'f [u8]>) -> Self {
        Self { dtype, fill, stats: ChunkStats::default() }
    }

    /// Takes consecutive cells in.
    pub fn add(&mut self, run: &[u8]) {
        let run = vectorised(OfRun { dtype: self.dtype, fill: self.fill, run });
        self.stats.nulls += run.nulls;
        self.stats.range = merge(self.dtype, self.stats.range, run.range);
    }
}

/// Statistics of the texts in the box of `valid` extents at the origin of a chunk of `shape`.
pub(crate) fn of_texts(fill: Option<&str>, chunk: &[String], shape: &[u64], valid: &[u64]) -> ChunkStats {
    let mut stats = ChunkStats::default();
    if let Some(fill) = fill {
        for_each_run(shape, valid, |start, len| {
            stats.nulls += chunk[start..start + len].iter().filter(|text| *text == fill).count() as u64;
        });
    }
    stats
}

/// Calls `f(start, len)` for each run of consecutive cells of the box of `valid` extents at the origin of `shape`.
fn for_each_run(shape: &[u64], valid: &[u64], mut f: impl FnMut(usize, usize)) {
    if valid.contains(&0) {
        return;
    }
    // The trailing dimensions that are whole, and the one before them, make a run.
    let mut inner = shape.len();
    let mut run = 1;
    while inner > 0 {
        inner -= 1;
        run *= valid[inner];
        if valid[inner] != shape[inner] {
            break;
        }
    }
    let step: u64 = shape[inner..].iter().product();
    let mut index = vec![0; inner];
    loop {
        let row = index.iter().zip(shape).fold(0, |row, (&i, &extent)| row * extent + i);
        f((row * step) as usize, run as usize);
        let mut d = inner;
        loop {
            if d == 0 {
                return;
            }
            d -= 1;
            index[d] += 1;
            if index[d] < valid[d] {
                break;
            }
            index[d] = 0;
        }
    }
}

/// The statistics of consecutive cells.
struct OfRun<'r> {
    dtype: DType,
    fill: Option<&'r [u8]>,
    run: &'r [u8],
}

impl Kernel for OfRun<'_> {
    type Output = ChunkStats;

    #[inline(always)]
    fn run(self) -> ChunkStats {
        let Self { dtype, fill, run } = self;
        macro_rules! integers {
            ($rust:ty, $wide:ty) => {{
                let limits = (<$rust>::MAX, <$rust>::MIN);
                let (nulls, range) = extremes(fill, run, <$rust>::from_le_bytes, limits, |value, fill| value == fill);
                let wide = |value| <$wide>::from(value) as u64;
                ChunkStats { nulls, range: range.map(|(low, high)| (wide(low), wide(high))) }
            }};
        }
        macro_rules! floats {
            ($rust:ty, $read:expr) => {{
                let limits = (<$rust>::INFINITY, <$rust>::NEG_INFINITY);
                let is_fill = |value: $rust, fill: $rust| (value == fill) | (value.is_nan() & fill.is_nan());
                let (nulls, range) = extremes(fill, run, $read, limits, is_fill);
                let wide = |value| f64::from(value).to_bits();
                ChunkStats { nulls, range: range.map(|(low, high)| (wide(low), wide(high))) }
            }};
        }
        match dtype {
            DType::Bool | DType::U8 => integers!(u8, u64),
            DType::U16 => integers!(u16, u64),
            DType::U32 => integers!(u32, u64),
            DType::U64 => integers!(u64, u64),
            DType::I8 => integers!(i8, i64),
            DType::I16 => integers!(i16, i64),
            DType::I32 => integers!(i32, i64),
            DType::I64 | DType::TimestampNs => integers!(i64, i64),
            DType::F16 => floats!(f32, |bytes| f16::from_le_bytes(bytes).to_f32()),
            DType::F32 => floats!(f32, f32::from_le_bytes),
            DType::F64 => floats!(f64, f64::from_le_bytes),
            DType::C64 => complex(fill, run, f32::from_le_bytes, f32::is_nan),
            DType::C128 => complex(fill, run, f64::from_le_bytes, f64::is_nan),
            DType::String => ChunkStats::default(),
        }
    }
}

#[inline(always)]
fn element<const N: usize, T>(bytes: Option<&[u8]>, read: impl Fn([u8; N]) -> T) -> Option<T> {
    bytes?.first_chunk::<N>().map(|bytes| read(*bytes))
}

/// Values that are looked at side by side: enough to fill wide vectors, few enough for the ends of all to stay in registers.
const LANES: usize = 16;

/// How many cells equal the fill value, and the least and the greatest of the others. `limits` are what every value
/// moves the ends from, or leaves them at: the greatest and the least that there are. NaN never moves an end.
#[inline(always)]
fn extremes<const N: usize, T: Copy + PartialOrd>(
    fill: Option<&[u8]>,
    run: &[u8],
    read: impl Fn([u8; N]) -> T + Copy,
    limits: (T, T),
    is_fill: impl Fn(T, T) -> bool,
) -> (u64, Option<(T, T)>) {
    let (cells, _) = run.as_chunks::<N>();
    // Written for what the compiler makes of it: without a fill value, wide values need the question whether there is one.
    match element(fill, read) {
        Some(fill) if N <= 2 => extremes_but(cells, read, limits, |value| is_fill(value, fill)),
        fill => {
            let (fill, has_fill) = (fill.unwrap_or(limits.0), fill.is_some());
            extremes_but(cells, read, limits, |value| has_fill & is_fill(value, fill))
        }
    }
}

#[inline(always)]
fn extremes_but<const N: usize, T: Copy + PartialOrd>(
    cells: &[[u8; N]],
    read: impl Fn([u8; N]) -> T,
    (most, least): (T, T),
    skip: impl Fn(T) -> bool,
) -> (u64, Option<(T, T)>) {
    let (mut lows, mut highs, mut skipped) = ([most; LANES], [least; LANES], [0u32; LANES]);
    // What moves neither end stands for a skipped value, so that each end is one minimum or maximum.
    let look = |cell: &[u8; N]| {
        let value = read(*cell);
        let skip = skip(value);
        (if skip { most } else { value }, if skip { least } else { value }, u32::from(skip))
    };
    let lesser = |a: T, b: T| if a < b { a } else { b };
    let greater = |a: T, b: T| if a > b { a } else { b };
    let (blocks, rest) = cells.as_chunks::<LANES>();
    for block in blocks {
        for lane in 0..LANES {
            let (low, high, skip) = look(&block[lane]);
            skipped[lane] += skip;
            lows[lane] = lesser(low, lows[lane]);
            highs[lane] = greater(high, highs[lane]);
        }
    }
    let mut low = lows.into_iter().fold(most, |low, value| lesser(value, low));
    let mut high = highs.into_iter().fold(least, |high, value| greater(value, high));
    let mut skipped: u64 = skipped.iter().map(|&count| u64::from(count)).sum();
    for cell in rest {
        let (value, other, skip) = look(cell);
        (low, high) = (lesser(value, low), greater(other, high));
        skipped += u64::from(skip);
    }
    // Every value moves an end past the other, or to it.
    (skipped, (low <= high).then_some((low, high)))
}

fn complex<const N: usize, T: Copy + PartialEq>(
    fill: Option<&[u8]>,
    run: &[u8],
    read: impl Fn([u8; N]) -> T + Copy,
    is_nan: impl Fn(T) -> bool,
) -> ChunkStats {
    let Some(fill) = fill else { return ChunkStats::default() };
    let same = |a: T, b: T| a == b || (is_nan(a) && is_nan(b));
    let (fill, _) = fill.as_chunks::<N>();
    let (parts, _) = run.as_chunks::<N>();
    let nulls = (parts.chunks_exact(2))
        .filter(|cell| cell.iter().zip(fill).all(|(part, fill)| same(read(*part), read(*fill))))
        .count();
    ChunkStats { nulls: nulls as u64, range: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::bytes::bytes_of;

    fn of(values: &[f32], fill: Option<f32>) -> (u64, Option<(f64, f64)>) {
        let fill = fill.map(f32::to_le_bytes);
        let n = [values.len() as u64];
        let stats = of_chunk(DType::F32, fill.as_ref().map(|f| &f[..]), &bytes_of(values), &n, &n);
        (stats.nulls, stats.range.map(|(a, b)| (f64::from_bits(a), f64::from_bits(b))))
    }

    #[test]
    fn nulls_and_nans_stay_out_of_the_range() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        assert_eq!(of(&[3.0, -1.0, 2.0], None), (0, Some((-1.0, 3.0))));
        assert_eq!(of(&[3.0, -9.0, nan], Some(-9.0)), (1, Some((3.0, 3.0))));
        assert_eq!(of(&[nan, 1.0, nan], Some(nan)), (2, Some((1.0, 1.0))));
        assert_eq!(of(&[nan, nan], None), (0, None));
        assert_eq!(of(&[], None), (0, None));
        assert_eq!(of(&[inf, inf], None), (0, Some((inf.into(), inf.into()))));
        assert_eq!(of(&[-inf], None), (0, Some((-f64::INFINITY, -f64::INFINITY))));
        assert_eq!(of(&[-inf, nan, inf], None), (0, Some((-f64::INFINITY, f64::INFINITY))));
        assert_eq!(of(&[inf, 5.0], Some(inf)), (1, Some((5.0, 5.0))));
        assert_eq!(of(&[inf, inf, -inf], Some(-inf)), (1, Some((inf.into(), inf.into()))));
        assert_eq!(of(&[inf, 2.0], None), (0, Some((2.0, inf.into()))));
    }

    #[test]
    fn padding_does_not_count() {
        let chunk = bytes_of(&[1i32, 2, 99, 3, 4, 99, 99, 99, 99]);
        let stats = of_chunk(DType::I32, Some(&99i32.to_le_bytes()), &chunk, &[3, 3], &[2, 2]);
        assert_eq!(stats, ChunkStats { nulls: 0, range: Some((1, 4)) });
        let whole = of_chunk(DType::I32, Some(&99i32.to_le_bytes()), &chunk, &[3, 3], &[3, 3]);
        assert_eq!(whole, ChunkStats { nulls: 5, range: Some((1, 4)) });
        let rows = of_chunk(DType::I32, None, &chunk, &[3, 3], &[2, 3]);
        assert_eq!(rows, ChunkStats { nulls: 0, range: Some((1, 99)) });
    }

    #[test]
    fn extremes_of_64_bits_are_exact() {
        let chunk = bytes_of(&[i64::MIN, i64::MAX]);
        let stats = of_chunk(DType::I64, None, &chunk, &[2], &[2]);
        assert_eq!(scalars(DType::I64, stats.range), Some((Scalar::Int(i64::MIN), Scalar::Int(i64::MAX))));
        let merged = merge(DType::I64, Some((5, 5)), Some((-5i64 as u64, -5i64 as u64)));
        assert_eq!(merged, Some((-5i64 as u64, 5)));
    }
}
