//! Element types: their codes, sizes and names. Codes are permanent: they are the C ABI's and the format's.

use crate::base::error::{Result, error};
use half::f16;

/// The type of an array's elements, in memory or in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool = 1,
    /// Signed 8-bit integer.
    I8 = 2,
    /// Signed 16-bit integer.
    I16 = 3,
    /// Signed 32-bit integer.
    I32 = 4,
    /// Signed 64-bit integer.
    I64 = 5,
    /// Unsigned 8-bit integer.
    U8 = 6,
    /// Unsigned 16-bit integer.
    U16 = 7,
    /// Unsigned 32-bit integer.
    U32 = 8,
    /// Unsigned 64-bit integer.
    U64 = 9,
    /// IEEE 754 binary16.
    F16 = 10,
    /// IEEE 754 binary32.
    F32 = 11,
    /// IEEE 754 binary64.
    F64 = 12,
    /// Two `F32`: real, imaginary.
    C64 = 13,
    /// Two `F64`: real, imaginary.
    C128 = 14,
    /// Nanoseconds since 1970-01-01T00:00:00Z, as `I64`.
    TimestampNs = 15,
    /// Variable-length UTF-8 text.
    String = 16,
}

/// Every type, in the order of its code.
pub const ALL: [DType; 16] = [
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
    DType::String,
];

impl DType {
    /// The type with this code.
    pub fn from_code(code: i32) -> Result<Self> {
        ALL.into_iter()
            .find(|dtype| *dtype as i32 == code)
            .ok_or_else(|| error!(InvalidArgument, "unknown dtype code {code}"))
    }

    /// The type with this name, as [`DType::name`] writes it.
    pub fn from_name(name: &str) -> Result<Self> {
        ALL.into_iter().find(|dtype| dtype.name() == name).ok_or_else(|| error!(Unsupported, "unknown dtype '{name}'"))
    }

    /// The name used in the root file and in messages: `f32`, `timestamp_ns`, ...
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::F16 => "f16",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::C64 => "c64",
            DType::C128 => "c128",
            DType::TimestampNs => "timestamp_ns",
            DType::String => "string",
        }
    }

    /// Bytes of one element; 0 for [`DType::String`], whose elements have no fixed size.
    pub fn size(self) -> usize {
        match self {
            DType::Bool | DType::I8 | DType::U8 => 1,
            DType::I16 | DType::U16 | DType::F16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 | DType::C64 | DType::TimestampNs => 8,
            DType::C128 => 16,
            DType::String => 0,
        }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that stands for one [`DType`] in memory.
pub trait Element: Copy + Send + Sync + 'static + sealed::Sealed {
    /// The store's name for this type.
    const DTYPE: DType;
}

macro_rules! element {
    ($($rust:ty => $dtype:ident),+) => {$(
        impl sealed::Sealed for $rust {}
        impl Element for $rust { const DTYPE: DType = DType::$dtype; }
    )+};
}

element!(
    bool => Bool, i8 => I8, i16 => I16, i32 => I32, i64 => I64, u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    f16 => F16, f32 => F32, f64 => F64, [f32; 2] => C64, [f64; 2] => C128
);
