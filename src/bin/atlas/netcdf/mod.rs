//! NetCDF files into a store, and out of it: `docs/netcdf.md` says what becomes what.

/// Does `$body` with the vector in a value of one of the numbers that NetCDF has; with others, what the arms behind say.
macro_rules! of_numbers {
    ($value:expr, $numbers:ident => $body:expr, $($other:pat => $instead:expr),+ $(,)?) => {
        match $value {
            Value::I8($numbers) => $body,
            Value::I16($numbers) => $body,
            Value::I32($numbers) => $body,
            Value::I64($numbers) => $body,
            Value::U8($numbers) => $body,
            Value::U16($numbers) => $body,
            Value::U32($numbers) => $body,
            Value::U64($numbers) => $body,
            Value::F32($numbers) => $body,
            Value::F64($numbers) => $body,
            $($other => $instead),+
        }
    };
}

mod attributes;
mod c;
mod chars;
mod classic;
mod crash;
mod export;
mod import;
mod plan;
mod slabs;

pub use export::export;
pub use import::import;

use atlas_store::{DType, FloatOverflow, Value};

/// Bytes that a string takes, for the size of parts.
const TEXT_BYTES: u64 = 32;

/// Attributes of a store that say what NetCDF has and a store has not.
mod reserved {
    /// What all of them begin with.
    pub const PREFIX: &str = "_atlas_";
    /// Of a dataset: the names of the dimensions that may grow, and are the first of no array that is unlimited.
    pub const UNLIMITED: &str = "_atlas_unlimited_dims";
    /// Of a dataset: dimensions that no array of it has, and those that hide one of their name and length.
    pub const DIMS: &str = "_atlas_dims";
    /// Their lengths.
    pub const DIM_LENGTHS: &str = "_atlas_dim_lengths";
    /// Of an array of characters: the dimension that texts have none of, empty where there is none.
    pub const CHAR_DIM: &str = "_atlas_char_dim";
    /// Its extent.
    pub const CHAR_LENGTH: &str = "_atlas_char_length";
    /// "latin-1" where the characters are no UTF-8.
    pub const CHAR_ENCODING: &str = "_atlas_char_encoding";
    /// What the values of other attributes do not say; see [`super::attributes`].
    pub const TYPES: &str = "_atlas_netcdf_types";
    /// NetCDF's own, of a variable: the fill value.
    pub const FILL: &str = "_FillValue";
}

/// Numbers in native byte order.
fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    let dtype = value.dtype();
    if dtype == DType::String {
        return None;
    }
    let mut bytes = vec![0; value.len() * dtype.size()];
    value.to_memory(dtype, FloatOverflow::Error, &mut bytes).ok()?;
    Some(bytes)
}
