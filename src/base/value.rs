//! Attribute values, typed exactly, and how the root file writes them.
//!
//! A value is a map of one entry, `{"f32": [1.5]}`. In JSON, where numbers cannot say so, a float that is not finite is
//! the text `"NaN"`, `"Infinity"`, `"-Infinity"` or, for any other NaN, its bits in hexadecimal (as Zarr 3 does).

use crate::base::bytes::bytes_of;
use crate::base::convert::{FloatOverflow, convert_all};
use crate::base::dtype::{DType, Element};
use crate::base::error::{Result, bail};
use half::f16;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt;

macro_rules! value {
    ($($(#[$doc:meta])* $variant:ident($rust:ty)),+ $(,)?) => {
        /// One or more values of one type.
        #[derive(Clone, Debug)]
        pub enum Value {
            $($(#[$doc])* $variant(Vec<$rust>),)+
        }

        impl Value {
            /// The type of the values.
            pub fn dtype(&self) -> DType {
                match self { $(Value::$variant(_) => DType::$variant,)+ }
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                match self { $(Value::$variant(values) => values.len(),)+ }
            }
        }
    };
}

value!(
    /// Booleans.
    Bool(bool),
    /// Signed 8-bit integers.
    I8(i8),
    /// Signed 16-bit integers.
    I16(i16),
    /// Signed 32-bit integers.
    I32(i32),
    /// Signed 64-bit integers.
    I64(i64),
    /// Unsigned 8-bit integers.
    U8(u8),
    /// Unsigned 16-bit integers.
    U16(u16),
    /// Unsigned 32-bit integers.
    U32(u32),
    /// Unsigned 64-bit integers.
    U64(u64),
    /// Half-precision floats.
    F16(f16),
    /// Single-precision floats.
    F32(f32),
    /// Double-precision floats.
    F64(f64),
    /// Single-precision complex numbers.
    C64([f32; 2]),
    /// Double-precision complex numbers.
    C128([f64; 2]),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    TimestampNs(i64),
    /// Texts.
    String(String),
);

impl Value {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as native-order bytes, one after the other. Texts have no such form.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Value::Bool(v) => bytes_of(v),
            Value::I8(v) => bytes_of(v),
            Value::I16(v) => bytes_of(v),
            Value::I32(v) => bytes_of(v),
            Value::I64(v) | Value::TimestampNs(v) => bytes_of(v),
            Value::U8(v) => bytes_of(v),
            Value::U16(v) => bytes_of(v),
            Value::U32(v) => bytes_of(v),
            Value::U64(v) => bytes_of(v),
            Value::F16(v) => bytes_of(v),
            Value::F32(v) => bytes_of(v),
            Value::F64(v) => bytes_of(v),
            Value::C64(v) => bytes_of(v),
            Value::C128(v) => bytes_of(v),
            Value::String(_) => Vec::new(),
        }
    }

    /// The values in `bytes`, native-order elements of `dtype` one after the other.
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Result<Self> {
        fn each<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
            bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
        }
        if dtype == DType::String || !bytes.len().is_multiple_of(dtype.size()) {
            bail!(InvalidArgument, "{} bytes are not elements of {dtype}", bytes.len());
        }
        Ok(match dtype {
            DType::Bool => {
                if let Some(i) = bytes.iter().position(|&byte| byte > 1) {
                    bail!(InvalidArgument, "byte {} at element {i} is not a bool", bytes[i]);
                }
                Value::Bool(bytes.iter().map(|&byte| byte == 1).collect())
            }
            DType::I8 => Value::I8(each(bytes, i8::from_ne_bytes)),
            DType::I16 => Value::I16(each(bytes, i16::from_ne_bytes)),
            DType::I32 => Value::I32(each(bytes, i32::from_ne_bytes)),
            DType::I64 => Value::I64(each(bytes, i64::from_ne_bytes)),
            DType::U8 => Value::U8(bytes.to_vec()),
            DType::U16 => Value::U16(each(bytes, u16::from_ne_bytes)),
            DType::U32 => Value::U32(each(bytes, u32::from_ne_bytes)),
            DType::U64 => Value::U64(each(bytes, u64::from_ne_bytes)),
            DType::F16 => Value::F16(each(bytes, f16::from_ne_bytes)),
            DType::F32 => Value::F32(each(bytes, f32::from_ne_bytes)),
            DType::F64 => Value::F64(each(bytes, f64::from_ne_bytes)),
            DType::C64 => Value::C64(pairs(each(bytes, f32::from_ne_bytes))),
            DType::C128 => Value::C128(pairs(each(bytes, f64::from_ne_bytes))),
            DType::TimestampNs => Value::TimestampNs(each(bytes, i64::from_ne_bytes)),
            DType::String => Value::String(Vec::new()),
        })
    }

    /// Puts the values into `out` as elements of `dtype`, converted like array elements; `out` has room for just them.
    /// A store's own rule for `overflow` is [`Store::float_overflow`](crate::Store::float_overflow).
    pub fn to_memory(&self, dtype: DType, overflow: FloatOverflow, out: &mut [u8]) -> Result<()> {
        if self.dtype() == DType::String || dtype == DType::String {
            bail!(TypeMismatch, "{} does not convert to {dtype}", self.dtype());
        }
        if out.len() != self.len() * dtype.size() {
            bail!(InvalidArgument, "{} values of {dtype} do not fill {} bytes", self.len(), out.len());
        }
        convert_all(self.dtype(), dtype, overflow, &self.to_bytes(), out)
    }
}

/// Equal to the bit: NaN equals a NaN of the same bits, and 0.0 is not -0.0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::String(a), Value::String(b)) => a == b,
            _ => self.dtype() == other.dtype() && self.to_bytes() == other.to_bytes(),
        }
    }
}

macro_rules! from {
    ($($rust:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$rust> for Value { fn from(value: $rust) -> Self { Value::$variant(vec![value]) } }
        impl From<Vec<$rust>> for Value { fn from(values: Vec<$rust>) -> Self { Value::$variant(values) } }
        impl From<&[$rust]> for Value { fn from(values: &[$rust]) -> Self { Value::$variant(values.to_vec()) } }
    )+};
}

from!(
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f16 => F16, f32 => F32, f64 => F64, [f32; 2] => C64, [f64; 2] => C128, String => String,
);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(vec![text.to_owned()])
    }
}

impl<T: Element> From<&T> for Value
where
    Value: From<T>,
{
    fn from(value: &T) -> Self {
        (*value).into()
    }
}

fn pairs<T: Copy>(values: Vec<T>) -> Vec<[T; 2]> {
    values.as_chunks::<2>().0.to_vec()
}

/// A float as the root writes it; `N` bytes wide.
trait Float: Copy + Into<f64> {
    fn narrow(wide: f64) -> Self;
    fn bits(self) -> u64;
    fn of_bits(bits: u64) -> Self;
    fn canonical_nan() -> u64;
    /// The number whose shortest decimal text reads back as this value.
    fn shortest(self) -> f64;
}

macro_rules! float {
    ($t:ty, $b:ty, $nan:expr) => {
        impl Float for $t {
            fn narrow(wide: f64) -> Self {
                wide as $t
            }
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            fn of_bits(bits: u64) -> Self {
                <$t>::from_bits(bits as $b)
            }
            fn canonical_nan() -> u64 {
                $nan
            }
            fn shortest(self) -> f64 {
                // The shortest text of an f32 is read as an f64 and narrowed: where rounding twice would miss, the
                // exact value is written instead.
                let text: f64 = self.to_string().parse().unwrap_or(self.into());
                if (text as $t).to_bits() == self.to_bits() { text } else { self.into() }
            }
        }
    };
}

float!(f32, u32, 0x7fc0_0000);
float!(f64, u64, 0x7ff8_0000_0000_0000);

impl Float for f16 {
    fn narrow(wide: f64) -> Self {
        f16::from_f64(wide)
    }
    fn bits(self) -> u64 {
        u64::from(self.to_bits())
    }
    fn of_bits(bits: u64) -> Self {
        f16::from_bits(bits as u16)
    }
    fn canonical_nan() -> u64 {
        0x7e00
    }
    fn shortest(self) -> f64 {
        self.into()
    }
}

/// A float in the root.
struct Num<T>(T);

impl<T: Float> Serialize for Num<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let wide: f64 = self.0.into();
        let bits = self.0.bits();
        if wide.is_nan() && bits != T::canonical_nan() {
            return serializer.serialize_str(&format!("{bits:#x}"));
        }
        if !serializer.is_human_readable() {
            return serializer.serialize_f64(wide);
        }
        if wide.is_nan() {
            serializer.serialize_str("NaN")
        } else if wide.is_infinite() {
            serializer.serialize_str(if wide > 0.0 { "Infinity" } else { "-Infinity" })
        } else {
            serializer.serialize_f64(self.0.shortest())
        }
    }
}

impl<'de, T: Float> Deserialize<'de> for Num<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct NumVisitor<T>(std::marker::PhantomData<T>);
        impl<T: Float> Visitor<'_> for NumVisitor<T> {
            type Value = Num<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, \"NaN\", \"Infinity\", \"-Infinity\" or the bits of a NaN")
            }
            fn visit_f64<E: serde::de::Error>(self, v: f64) -> std::result::Result<Num<T>, E> {
                Ok(Num(if v.is_nan() { T::of_bits(T::canonical_nan()) } else { T::narrow(v) }))
            }
            fn visit_i64<E: serde::de::Error>(self, v: i64) -> std::result::Result<Num<T>, E> {
                Ok(Num(T::narrow(v as f64)))
            }
            fn visit_u64<E: serde::de::Error>(self, v: u64) -> std::result::Result<Num<T>, E> {
                Ok(Num(T::narrow(v as f64)))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> std::result::Result<Num<T>, E> {
                let hex = v.strip_prefix("0x").and_then(|hex| u64::from_str_radix(hex, 16).ok());
                match (v, hex) {
                    ("NaN", _) => Ok(Num(T::of_bits(T::canonical_nan()))),
                    ("Infinity", _) => Ok(Num(T::narrow(f64::INFINITY))),
                    ("-Infinity", _) => Ok(Num(T::narrow(f64::NEG_INFINITY))),
                    (_, Some(bits)) => Ok(Num(T::of_bits(bits))),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(v), &self)),
                }
            }
        }
        deserializer.deserialize_any(NumVisitor(std::marker::PhantomData))
    }
}

fn nums<T: Float>(values: &[T]) -> Vec<Num<T>> {
    values.iter().map(|&value| Num(value)).collect()
}

fn flat<T: Float>(values: &[[T; 2]]) -> Vec<Num<T>> {
    nums(values.as_flattened())
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.dtype().name();
        match self {
            Value::Bool(v) => map.serialize_entry(name, v)?,
            Value::I8(v) => map.serialize_entry(name, v)?,
            Value::I16(v) => map.serialize_entry(name, v)?,
            Value::I32(v) => map.serialize_entry(name, v)?,
            Value::I64(v) | Value::TimestampNs(v) => map.serialize_entry(name, v)?,
            Value::U8(v) => map.serialize_entry(name, v)?,
            Value::U16(v) => map.serialize_entry(name, v)?,
            Value::U32(v) => map.serialize_entry(name, v)?,
            Value::U64(v) => map.serialize_entry(name, v)?,
            Value::F16(v) => map.serialize_entry(name, &nums(v))?,
            Value::F32(v) => map.serialize_entry(name, &nums(v))?,
            Value::F64(v) => map.serialize_entry(name, &nums(v))?,
            Value::C64(v) => map.serialize_entry(name, &flat(v))?,
            Value::C128(v) => map.serialize_entry(name, &flat(v))?,
            Value::String(v) => map.serialize_entry(name, v)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of one entry: the dtype's name and a list of values")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
                fn plain<T>(values: Vec<Num<T>>) -> Vec<T> {
                    values.into_iter().map(|Num(value)| value).collect()
                }
                fn paired<T: Copy, E: serde::de::Error>(values: Vec<Num<T>>) -> std::result::Result<Vec<[T; 2]>, E> {
                    if values.len() % 2 == 1 {
                        return Err(E::custom("a complex value lacks its imaginary part"));
                    }
                    Ok(pairs(plain(values)))
                }
                let name: std::borrow::Cow<'de, str> =
                    map.next_key()?.ok_or_else(|| A::Error::custom("a value without a dtype"))?;
                let dtype = DType::from_name(&name).map_err(A::Error::custom)?;
                let value = match dtype {
                    DType::Bool => Value::Bool(map.next_value()?),
                    DType::I8 => Value::I8(map.next_value()?),
                    DType::I16 => Value::I16(map.next_value()?),
                    DType::I32 => Value::I32(map.next_value()?),
                    DType::I64 => Value::I64(map.next_value()?),
                    DType::U8 => Value::U8(map.next_value()?),
                    DType::U16 => Value::U16(map.next_value()?),
                    DType::U32 => Value::U32(map.next_value()?),
                    DType::U64 => Value::U64(map.next_value()?),
                    DType::F16 => Value::F16(plain(map.next_value()?)),
                    DType::F32 => Value::F32(plain(map.next_value()?)),
                    DType::F64 => Value::F64(plain(map.next_value()?)),
                    DType::C64 => Value::C64(paired(map.next_value()?)?),
                    DType::C128 => Value::C128(paired(map.next_value()?)?),
                    DType::TimestampNs => Value::TimestampNs(map.next_value()?),
                    DType::String => Value::String(map.next_value()?),
                };
                match map.next_key::<serde::de::IgnoredAny>()? {
                    None => Ok(value),
                    Some(_) => Err(A::Error::custom("a value with two dtypes")),
                }
            }
        }
        deserializer.deserialize_map(ValueVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_kind() -> Vec<Value> {
        vec![
            Value::Bool(vec![true, false]),
            Value::I8(vec![i8::MIN, 7]),
            Value::I64(vec![i64::MIN, i64::MAX]),
            Value::U64(vec![u64::MAX]),
            Value::TimestampNs(vec![-1]),
            Value::F16(vec![f16::from_f32(0.1), f16::INFINITY, f16::from_bits(0x7e01)]),
            Value::F32(vec![
                0.1,
                -1e34,
                f32::MIN_POSITIVE,
                f32::from_bits(1),
                f32::NAN,
                f32::from_bits(0xffc0_0001),
                -0.0,
            ]),
            Value::F64(vec![
                0.1,
                f64::MAX,
                5e-324,
                f64::NEG_INFINITY,
                f64::NAN,
                f64::from_bits(0x7ff0_0000_0000_0001),
                -0.0,
            ]),
            Value::C64(vec![[1.5, f32::NAN]]),
            Value::C128(vec![[0.1, -0.0], [f64::INFINITY, 3.0]]),
            Value::String(vec![String::new(), "°C \"quoted\"\n".into()]),
            Value::I32(vec![]),
        ]
    }

    #[test]
    fn json_keeps_every_bit() {
        for value in every_kind() {
            let text = serde_json::to_string(&value).expect("serialises");
            let back: Value = serde_json::from_str(&text).expect("parses");
            assert_eq!(back, value, "{text}");
        }
        assert_eq!(
            serde_json::to_string(&Value::F32(vec![0.1, -1e34])).expect("serialises"),
            r#"{"f32":[0.1,-1e+34]}"#
        );
    }

    #[test]
    fn msgpack_keeps_every_bit() {
        for value in every_kind() {
            let bytes = rmp_serde::to_vec_named(&value).expect("serialises");
            assert_eq!(rmp_serde::from_slice::<Value>(&bytes).expect("parses"), value);
        }
    }

    #[test]
    fn shortest_text_reads_back_for_many_floats() {
        let mut bits = 1u32;
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let value = f32::from_bits(bits);
            if value.is_finite() {
                assert_eq!((value.shortest() as f32).to_bits(), bits);
            }
        }
    }
}
