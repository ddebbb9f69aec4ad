//! Attributes of the store, of datasets and of arrays.

use crate::base::error::{Error, Result, bail};
use crate::ffi::guard::{Call, guard};
use crate::ffi::status::atlas_status;
use crate::ffi::types::{atlas_dtype, atlas_store};
use crate::{DType, Value};
use std::ffi::{c_char, c_void};

/// Whose attribute, and which.
struct Key<'a> {
    dataset: Option<&'a str>,
    array: Option<&'a str>,
    key: &'a str,
}

impl Key<'_> {
    /// Puts the attribute before an error's text.
    fn context(&self, error: Error) -> Error {
        let Key { dataset, array, key } = self;
        match (dataset, array) {
            (Some(dataset), Some(array)) => {
                error.context(format_args!("attribute '{key}' of array '{array}' of dataset '{dataset}'"))
            }
            (Some(dataset), None) => error.context(format_args!("attribute '{key}' of dataset '{dataset}'")),
            (None, _) => error.context(format_args!("attribute '{key}' of the store")),
        }
    }
}

impl Call {
    unsafe fn key<'a>(self, dataset: *const c_char, array: *const c_char, key: *const c_char) -> Result<Key<'a>> {
        // SAFETY: as for this function.
        unsafe {
            Ok(Key {
                dataset: self.optional_text(dataset, "dataset")?,
                array: self.optional_text(array, "array")?,
                key: self.text(key, "key")?,
            })
        }
    }

    /// An attribute's value.
    unsafe fn attribute_value(self, dtype: DType, count: usize, values: *const c_void) -> Result<Value> {
        const NAME: &str = "values";
        // SAFETY: as for this function. Any bytes are an integer, a float, or a pair of them.
        unsafe {
            Ok(match dtype {
                DType::Bool => Value::Bool(self.bools(values, count, NAME)?),
                DType::I8 => Value::I8(self.values(values, count, NAME)?),
                DType::I16 => Value::I16(self.values(values, count, NAME)?),
                DType::I32 => Value::I32(self.values(values, count, NAME)?),
                DType::I64 => Value::I64(self.values(values, count, NAME)?),
                DType::U8 => Value::U8(self.values(values, count, NAME)?),
                DType::U16 => Value::U16(self.values(values, count, NAME)?),
                DType::U32 => Value::U32(self.values(values, count, NAME)?),
                DType::U64 => Value::U64(self.values(values, count, NAME)?),
                DType::F16 => Value::F16(self.values(values, count, NAME)?),
                DType::F32 => Value::F32(self.values(values, count, NAME)?),
                DType::F64 => Value::F64(self.values(values, count, NAME)?),
                DType::C64 => Value::C64(self.values(values, count, NAME)?),
                DType::C128 => Value::C128(self.values(values, count, NAME)?),
                DType::TimestampNs => Value::TimestampNs(self.values(values, count, NAME)?),
                DType::String => {
                    let texts = self.texts(values.cast(), count, NAME)?;
                    Value::String(texts.into_iter().map(str::to_owned).collect())
                }
            })
        }
    }
}

/// # Attributes
///
/// Set an attribute, replacing an earlier value whatever its type. The type is kept exactly.
///
/// In all functions of attributes `dataset` and `array` say whose they are: with `array` NULL the
/// dataset's own, with both NULL the store's.
///
/// - `key`     a name
/// - `dtype`   the type of the values
/// - `count`   the number of values: 1 for a scalar; 0 is allowed
/// - `values`  `count` values; for ATLAS_DTYPE_STRING `count` texts (a `const char *const *`). NULL
///             only if `count` is 0
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array, or
/// ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_set_attribute(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
    dtype: atlas_dtype,
    count: usize,
    values: *const c_void,
) -> atlas_status {
    guard("atlas_set_attribute", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let (at, value) = unsafe { (call.key(dataset, array, key)?, call.attribute_value(dtype, count, values)?) };
        store.set_attribute(at.dataset, at.array, at.key, value)
    })
}

/// Get an attribute of numbers.
///
/// - `key`       its name
/// - `dtype`     the type of the elements in memory; converted from the attribute's: see "Memory"
/// - `capacity`  the values that fit into `values`
/// - `values`    the values; NULL only if `capacity` is 0
/// - `count`     the number of values; written also when the call fails with
///               ATLAS_STATUS_BUFFER_TOO_SMALL
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_TYPE_MISMATCH
/// (text has `atlas_get_attribute_strings`) or ATLAS_STATUS_OUT_OF_RANGE. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_get_attribute(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
    dtype: atlas_dtype,
    capacity: usize,
    values: *mut c_void,
    count: *mut usize,
) -> atlas_status {
    guard("atlas_get_attribute", |call| {
        let (store, dtype) = (call.store(store)?, call.dtype(dtype)?);
        // SAFETY: the caller keeps the header's contract.
        let (at, out) =
            unsafe { (call.key(dataset, array, key)?, call.values_out(values, capacity, count, ("values", "count"))?) };
        let value = store.attribute(at.dataset, at.array, at.key)?;
        let filled =
            out.fill(value.len(), dtype.size(), |memory| value.to_memory(dtype, store.float_overflow(), memory));
        filled.map_err(|error| at.context(error))
    })
}

/// Get an attribute of text.
///
/// - `key`                           its name
/// - `buffer`, `capacity`, `needed`  the texts, one or many: see "Text and lists"
///
/// Fails with ATLAS_STATUS_NOT_FOUND, ATLAS_STATUS_BUFFER_TOO_SMALL, ATLAS_STATUS_TYPE_MISMATCH if
/// it is of another type, or ATLAS_STATUS_UNSUPPORTED if a text holds a NUL byte, which only other
/// languages can write. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_get_attribute_strings(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_get_attribute_strings", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (at, out) = unsafe { (call.key(dataset, array, key)?, call.text_out(buffer, capacity, needed)?) };
        let value = store.attribute(at.dataset, at.array, at.key)?;
        out.list(texts(&value).map_err(|error| at.context(error))?)
    })
}

/// Tell an attribute's type and number of values.
///
/// - `key`    its name
/// - `dtype`  the type
/// - `count`  the number of values
///
/// Fails with ATLAS_STATUS_NOT_FOUND. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_attribute_info(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
    dtype: *mut atlas_dtype,
    count: *mut usize,
) -> atlas_status {
    guard("atlas_attribute_info", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (at, dtype, count) =
            unsafe { (call.key(dataset, array, key)?, call.out(dtype, "dtype")?, call.out(count, "count")?) };
        let value = store.attribute(at.dataset, at.array, at.key)?;
        dtype.set(value.dtype() as atlas_dtype);
        count.set(value.len());
        Ok(())
    })
}

/// Tell whether there is an attribute of this name.
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_has_attribute(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
    out: *mut bool,
) -> atlas_status {
    guard("atlas_has_attribute", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (at, out) = unsafe { (call.key(dataset, array, key)?, call.out(out, "out")?) };
        out.set(store.has_attribute(at.dataset, at.array, at.key)?);
        Ok(())
    })
}

/// Count the attributes of an array, of a dataset, or of the store.
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_attribute_count(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    out: *mut usize,
) -> atlas_status {
    guard("atlas_attribute_count", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) =
            unsafe { (call.optional_text(dataset, "dataset")?, call.optional_text(array, "array")?) };
        // SAFETY: likewise.
        let out = unsafe { call.out(out, "out") }?;
        out.set(store.attribute_names(dataset, array)?.len());
        Ok(())
    })
}

/// List the names of the attributes of an array, of a dataset, or of the store, in the order in
/// which they were first set.
///
/// - `buffer`, `capacity`, `needed`  the list: see "Text and lists"
///
/// Fails with ATLAS_STATUS_NOT_FOUND if there is no such dataset or array, or
/// ATLAS_STATUS_BUFFER_TOO_SMALL. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_attribute_names(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    buffer: *mut c_char,
    capacity: usize,
    needed: *mut usize,
) -> atlas_status {
    guard("atlas_attribute_names", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let (dataset, array) =
            unsafe { (call.optional_text(dataset, "dataset")?, call.optional_text(array, "array")?) };
        // SAFETY: likewise.
        let out = unsafe { call.text_out(buffer, capacity, needed) }?;
        out.list(&store.attribute_names(dataset, array)?)
    })
}

/// Delete an attribute.
///
/// Fails with ATLAS_STATUS_NOT_FOUND or ATLAS_STATUS_READ_ONLY. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn atlas_delete_attribute(
    store: atlas_store,
    dataset: *const c_char,
    array: *const c_char,
    key: *const c_char,
) -> atlas_status {
    guard("atlas_delete_attribute", |call| {
        let store = call.store(store)?;
        // SAFETY: the caller keeps the header's contract.
        let at = unsafe { call.key(dataset, array, key) }?;
        store.delete_attribute(at.dataset, at.array, at.key)
    })
}

fn texts(value: &Value) -> Result<&[String]> {
    match value {
        Value::String(texts) => Ok(texts),
        _ => bail!(TypeMismatch, "it is {}, not string", value.dtype()),
    }
}
