//! Conversion between the caller's element type and the stored one.
//!
//! Allowed: any width within a kind (integers are checked to fit), unsigned to a wider signed integer, an integer to a
//! float that holds every value of its type, timestamps to and from `i64`. Nothing else: a float never becomes an
//! integer and a signed integer never becomes unsigned without the caller saying so.
//!
//! A float that becomes narrower is rounded. Where a finite one would round to infinity, [`FloatOverflow`] says what it is.

use crate::base::dtype::DType;
use crate::base::error::{Error, Result, bail, error};
use half::f16;
use smallvec::SmallVec;

#[cfg(target_endian = "big")]
compile_error!("the store is little-endian and chunks are copied as they are: big-endian hosts are not supported");

/// What becomes of a finite float that the narrower type it is converted to can only round to infinity. An infinity and a
/// NaN stay what they are either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloatOverflow {
    /// It does not fit, as an integer may not: [`ErrorKind::OutOfRange`](crate::ErrorKind::OutOfRange).
    #[default]
    Error,
    /// An infinity of its sign.
    Infinity,
}

/// How elements of one type become elements of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    from: DType,
    to: DType,
    overflow: FloatOverflow,
}

/// Bits of an integer type and whether it is signed; timestamps count as `i64`.
fn integer(dtype: DType) -> Option<(u32, bool)> {
    Some(match dtype {
        DType::I8 => (8, true),
        DType::I16 => (16, true),
        DType::I32 => (32, true),
        DType::I64 | DType::TimestampNs => (64, true),
        DType::U8 => (8, false),
        DType::U16 => (16, false),
        DType::U32 => (32, false),
        DType::U64 => (64, false),
        _ => return None,
    })
}

/// Bits of the significand of a float type, the hidden one included.
fn significand(dtype: DType) -> Option<u32> {
    Some(match dtype {
        DType::F16 => 11,
        DType::F32 => 24,
        DType::F64 => 53,
        _ => return None,
    })
}

/// Whether the one type has finite values, in a complex number's parts, that round to infinity in the other.
fn overflows(from: DType, to: DType) -> bool {
    match (significand(from), significand(to)) {
        (Some(before), Some(after)) => before > after,
        _ => (from, to) == (DType::C128, DType::C64),
    }
}

impl Conversion {
    pub fn new(from: DType, to: DType, overflow: FloatOverflow) -> Result<Self> {
        let timestamp = from == DType::TimestampNs || to == DType::TimestampNs;
        let allowed = from == to
            || match (integer(from), integer(to), significand(from), significand(to)) {
                (Some(a), Some(b), ..) if timestamp => a == (64, true) && b == (64, true),
                (Some((_, a)), Some((_, b)), ..) if a == b => true,
                (Some((bits, false)), Some((wider, true)), ..) => bits < wider,
                (Some((bits, signed)), _, _, Some(holds)) => !timestamp && bits - u32::from(signed) <= holds,
                (_, _, Some(_), Some(_)) => true,
                _ => matches!((from, to), (DType::C64, DType::C128) | (DType::C128, DType::C64)),
            };
        if !allowed {
            bail!(TypeMismatch, "{from} does not convert to {to}");
        }
        Ok(Self { from, to, overflow })
    }

    pub fn is_identity(&self) -> bool {
        self.from == self.to || integer(self.from).is_some_and(|kind| integer(self.to) == Some(kind))
    }

    /// Whether every bit pattern of the one type is a value of the other, or is to be rounded to one. A bool's is not: its
    /// byte may be neither 0 nor 1.
    pub fn always_fits(&self) -> bool {
        if self.from == DType::Bool {
            return false;
        }
        if overflows(self.from, self.to) {
            return self.overflow == FloatOverflow::Infinity;
        }
        match (integer(self.from), integer(self.to)) {
            (Some((a, _)), Some((b, _))) => a <= b,
            _ => true,
        }
    }

    /// Bytes of an element before.
    pub fn size_before(&self) -> usize {
        self.from.size()
    }

    /// Bytes of an element after.
    pub fn size_after(&self) -> usize {
        self.to.size()
    }

    /// The first of `values` that does not fit.
    pub fn misfit(&self, values: &[u8]) -> Option<Misfit> {
        if self.always_fits() {
            return None;
        }
        if self.from == DType::Bool {
            let at = values.iter().position(|byte| *byte > 1)?;
            return Some(Misfit { at, value: Number::Integer(values[at].into()), to: DType::Bool });
        }
        if overflows(self.from, self.to) {
            let (at, value) = self.overflow(values)?;
            return Some(Misfit { at, value: Number::Float(value), to: self.to });
        }
        let (low, high) = integer_range(self.to);
        let (at, value) =
            each_integer(self.from, values).enumerate().find(|(_, value)| !(low..=high).contains(value))?;
        Some(Misfit { at, value: Number::Integer(value), to: self.to })
    }

    /// The first of `values`, floats, that is finite and would be infinite.
    fn overflow(&self, values: &[u8]) -> Option<(usize, f64)> {
        match (self.from, self.to) {
            (DType::F64, DType::F16) => {
                overflow(values, f64::from_le_bytes, f16::MAX.into(), |x| f16::from_f64(x).is_infinite())
            }
            (DType::F32, DType::F16) => {
                let is_infinite = |x: f64| f16::from_f64(x).is_infinite();
                overflow(values, |bytes| f32::from_le_bytes(bytes).into(), f16::MAX.into(), is_infinite)
            }
            _ => {
                let found = overflow(values, f64::from_le_bytes, f32::MAX.into(), |x| (x as f32).is_infinite());
                let parts = if self.from == DType::C128 { 2 } else { 1 };
                found.map(|(at, value)| (at / parts, value))
            }
        }
    }

    /// Converts all of `values`, in which [`Self::misfit`] found none, into `out`.
    pub fn apply(&self, values: &[u8], out: &mut [u8]) {
        debug_assert_eq!(values.len() / self.from.size(), out.len() / self.to.size());
        convert(self.from, self.to, values, out);
    }

    /// Converts one element.
    pub fn one(&self, element: &[u8]) -> Result<SmallVec<[u8; 16]>> {
        if self.is_identity() {
            return Ok(element.into());
        }
        if let Some(misfit) = self.misfit(element) {
            return Err(misfit.error(0));
        }
        let mut out = SmallVec::from_elem(0, self.to.size());
        self.apply(element, &mut out);
        Ok(out)
    }
}

/// A value that the other type does not have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misfit {
    /// Its place among the values looked at.
    pub at: usize,
    value: Number,
    to: DType,
}

#[derive(Clone, Copy, Debug)]
enum Number {
    Integer(i128),
    /// Or one part of a complex number.
    Float(f64),
}

impl Misfit {
    /// The error, for element `number` of what the caller knows.
    pub fn error(&self, number: u64) -> Error {
        match self.value {
            Number::Integer(value) => error!(OutOfRange, "value {value} at element {number} does not fit {}", self.to),
            // As short as it can be told: 1e300, not 301 digits.
            Number::Float(value) => error!(OutOfRange, "value {value:?} at element {number} does not fit {}", self.to),
        }
    }
}

/// The first of `values` for which `is_infinite` holds, though it is finite; none up to `max` is. A few at a time are told
/// apart from that without a branch.
fn overflow<const N: usize>(
    values: &[u8],
    read: impl Fn([u8; N]) -> f64,
    max: f64,
    is_infinite: impl Fn(f64) -> bool,
) -> Option<(usize, f64)> {
    const TOGETHER: usize = 64;
    for (group, values) in values.as_chunks::<N>().0.chunks(TOGETHER).enumerate() {
        let may = |x: f64| (x.abs() > max) & (x.abs() < f64::INFINITY);
        if values.iter().fold(false, |any, bytes| any | may(read(*bytes)))
            && let Some(at) = values.iter().position(|bytes| may(read(*bytes)) && is_infinite(read(*bytes)))
        {
            return Some((group * TOGETHER + at, read(values[at])));
        }
    }
    None
}

fn integer_range(dtype: DType) -> (i128, i128) {
    match integer(dtype) {
        Some((bits, true)) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        Some((bits, false)) => (0, (1i128 << bits) - 1),
        None => (i128::MIN, i128::MAX),
    }
}

fn each_integer(dtype: DType, values: &[u8]) -> impl Iterator<Item = i128> + '_ {
    let signed = integer(dtype).is_some_and(|(_, signed)| signed);
    values.chunks_exact(dtype.size()).map(move |bytes| {
        let mut wide = [0u8; 16];
        wide[..bytes.len()].copy_from_slice(bytes);
        if signed && bytes[bytes.len() - 1] & 0x80 != 0 {
            wide[bytes.len()..].fill(0xff);
        }
        i128::from_le_bytes(wide)
    })
}

/// The inner loop for one pair of types.
fn each<A, B, const N: usize, const M: usize>(
    values: &[u8],
    out: &mut [u8],
    read: impl Fn([u8; N]) -> A,
    cast: impl Fn(A) -> B,
    write: impl Fn(B) -> [u8; M],
) {
    let (values, _) = values.as_chunks::<N>();
    let (out, _) = out.as_chunks_mut::<M>();
    for (value, out) in values.iter().zip(out) {
        *out = write(cast(read(*value)));
    }
}

macro_rules! cast {
    ($values:ident, $out:ident, $a:ty => $b:ty) => {
        each($values, $out, <$a>::from_le_bytes, |x| x as $b, <$b>::to_le_bytes)
    };
    ($values:ident, $out:ident, $a:ty => f16 from $via:ty) => {
        each($values, $out, <$a>::from_le_bytes, |x| f16::from_f64(x as f64), f16::to_le_bytes)
    };
}

macro_rules! cast_from {
    ($values:ident, $out:ident, $to:ident, $a:ty) => {
        match $to {
            DType::I8 => cast!($values, $out, $a => i8),
            DType::I16 => cast!($values, $out, $a => i16),
            DType::I32 => cast!($values, $out, $a => i32),
            DType::I64 | DType::TimestampNs => cast!($values, $out, $a => i64),
            DType::U8 => cast!($values, $out, $a => u8),
            DType::U16 => cast!($values, $out, $a => u16),
            DType::U32 => cast!($values, $out, $a => u32),
            DType::U64 => cast!($values, $out, $a => u64),
            DType::F16 => cast!($values, $out, $a => f16 from f64),
            DType::F32 => cast!($values, $out, $a => f32),
            DType::F64 => cast!($values, $out, $a => f64),
            _ => $out.copy_from_slice($values),
        }
    };
}

fn convert(from: DType, to: DType, values: &[u8], out: &mut [u8]) {
    match from {
        DType::I8 => cast_from!(values, out, to, i8),
        DType::I16 => cast_from!(values, out, to, i16),
        DType::I32 => cast_from!(values, out, to, i32),
        DType::I64 | DType::TimestampNs => cast_from!(values, out, to, i64),
        DType::U8 => cast_from!(values, out, to, u8),
        DType::U16 => cast_from!(values, out, to, u16),
        DType::U32 => cast_from!(values, out, to, u32),
        DType::U64 => cast_from!(values, out, to, u64),
        DType::F32 => cast_from!(values, out, to, f32),
        DType::F64 => cast_from!(values, out, to, f64),
        DType::F16 if to == DType::F32 => each(values, out, f16::from_le_bytes, f16::to_f32, f32::to_le_bytes),
        DType::F16 if to == DType::F64 => each(values, out, f16::from_le_bytes, f16::to_f64, f64::to_le_bytes),
        DType::C64 if to == DType::C128 => cast!(values, out, f32 => f64),
        DType::C128 if to == DType::C64 => cast!(values, out, f64 => f32),
        _ => out.copy_from_slice(values),
    }
}

/// Converts stored bytes of `from` to memory bytes of `to`, element by element; for attribute values.
pub(crate) fn convert_all(from: DType, to: DType, overflow: FloatOverflow, bytes: &[u8], out: &mut [u8]) -> Result<()> {
    let conversion = Conversion::new(from, to, overflow)?;
    if let Some(misfit) = conversion.misfit(bytes) {
        return Err(misfit.error(misfit.at as u64));
    }
    conversion.apply(bytes, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::dtype::ALL;

    fn conversion(from: DType, to: DType) -> Result<Conversion> {
        Conversion::new(from, to, FloatOverflow::Error)
    }

    #[test]
    fn kinds() {
        use DType::*;
        let yes =
            [(F64, F32), (F32, F64), (F16, F64), (I64, I8), (U8, I16), (I32, F64), (U16, F32), (I64, TimestampNs)];
        let no = [
            (F32, I32),
            (I8, U8),
            (U8, I8),
            (U32, I32),
            (I32, F32),
            (I64, F64),
            (Bool, U8),
            (U8, Bool),
            (C64, F32),
            (F32, C64),
            (String, U8),
            (TimestampNs, F64),
            (I32, TimestampNs),
            (I32, F16),
        ];
        for (from, to) in yes {
            assert!(conversion(from, to).is_ok(), "{from} to {to}");
        }
        for (from, to) in no {
            assert!(conversion(from, to).is_err(), "{from} to {to}");
        }
        assert!(conversion(I8, F16).is_ok() && conversion(U8, F16).is_ok());
        assert!(conversion(I16, F16).is_err());
    }

    #[test]
    fn narrowing_names_the_value_and_its_place() {
        let values: Vec<u8> = [1i64, -128, 200].iter().flat_map(|v| v.to_le_bytes()).collect();
        let conversion = conversion(DType::I64, DType::I8).expect("same kind");
        let misfit = conversion.misfit(&values).expect("200 is over");
        assert_eq!(misfit.at, 2);
        assert_eq!(misfit.error(12).message(), "value 200 at element 12 does not fit i8");
    }

    #[test]
    fn every_allowed_pair_keeps_small_values() {
        for from in ALL {
            for to in ALL {
                let Ok(conversion) = conversion(from, to) else {
                    continue;
                };
                if from == DType::String {
                    continue;
                }
                // 1 in every type: one as an integer, 1.0 as a float, 1+0i as a complex number.
                let one = |dtype: DType| -> Vec<u8> {
                    let mut bytes = match dtype {
                        DType::F16 => f16::ONE.to_le_bytes().to_vec(),
                        DType::F32 | DType::C64 => 1f32.to_le_bytes().to_vec(),
                        DType::F64 | DType::C128 => 1f64.to_le_bytes().to_vec(),
                        _ => vec![1],
                    };
                    bytes.resize(dtype.size(), 0);
                    bytes
                };
                assert_eq!(conversion.one(&one(from)).expect("fits")[..], one(to)[..], "{from} to {to}");
            }
        }
    }

    fn bytes_of(dtype: DType, values: &[f64]) -> Vec<u8> {
        let value = |x: &f64| match dtype {
            DType::F32 => (*x as f32).to_le_bytes().to_vec(),
            _ => x.to_le_bytes().to_vec(),
        };
        values.iter().flat_map(value).collect()
    }

    #[test]
    fn a_finite_float_never_becomes_infinite_unless_it_may() {
        use DType::*;
        let half = f64::from(f32::MAX) + 2f64.powi(103);
        // The least that rounds to infinity, and the greatest that does not.
        for (from, to, over, fits) in [
            (F64, F32, half, half.next_down()),
            (F64, F16, 65520.0, 65519.0),
            (F32, F16, 65520.0, f64::from(65520f32.next_down())),
            (C128, C64, half, half.next_down()),
        ] {
            for sign in [1.0, -1.0] {
                // Among others, on each side of where a group ends; in both parts of complex numbers.
                for at in [0, 1, 62, 63, 64, 65, 126, 129] {
                    let mut values = vec![1.5; 130];
                    (values[7], values[8], values[9]) = (f64::INFINITY, f64::NEG_INFINITY, f64::NAN);
                    values[at] = sign * fits;
                    let strict = conversion(from, to).expect("of a kind");
                    assert!(!strict.always_fits());
                    assert!(strict.misfit(&bytes_of(from, &values)).is_none(), "{from} to {to}: {fits} fits");
                    values[at] = sign * over;
                    let bytes = bytes_of(from, &values);
                    let misfit = strict.misfit(&bytes).expect("too large");
                    assert_eq!(misfit.at, if from == C128 { at / 2 } else { at });
                    let said = format!("value {:?} at element 5 does not fit {to}", sign * over);
                    assert_eq!(misfit.error(5).message(), said);
                    let lax = Conversion::new(from, to, FloatOverflow::Infinity).expect("of a kind");
                    assert!(lax.always_fits() && lax.misfit(&bytes).is_none());
                }
            }
        }
        // Wider ones always fit.
        for (from, to) in [(F16, F32), (F32, F64), (F64, F64), (C64, C128), (C128, C128)] {
            assert!(conversion(from, to).expect("of a kind").always_fits());
        }
        let error = conversion(F64, F32).expect("of a kind").one(&1e300f64.to_le_bytes()).expect_err("too large");
        assert_eq!(error.message(), "value 1e300 at element 0 does not fit f32");
    }
}
