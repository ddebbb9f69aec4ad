//! Values of arrays that hold times, as dates.

use crate::print;
use atlas_store::{DType, Error, ErrorKind, Store, TimeUnits, Value};
use serde_json::Value as Json;

/// How the values of an array are printed.
pub struct Printer {
    /// What they mean, where they are times.
    units: Option<TimeUnits>,
    raw: bool,
}

impl Printer {
    /// For an array of this type: by what its attributes `units` and `calendar` say, if they say a time of the CF
    /// conventions. With `raw` all values are numbers.
    pub fn new(store: &Store, dataset: &str, array: &str, dtype: DType, raw: bool) -> Result<Self, Error> {
        let counts = !matches!(dtype, DType::Bool | DType::F16 | DType::C64 | DType::C128 | DType::String);
        // None if it is not there, and Some(None) if it is no text.
        let text = |key| match store.attribute(dataset, Some(array), key) {
            Ok(Value::String(texts)) if texts.len() == 1 => Ok(Some(texts.into_iter().next())),
            Ok(_) => Ok(Some(None)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let units = match dtype {
            _ if raw || !counts => None,
            DType::TimestampNs => Some(TimeUnits::timestamps()),
            _ => match (text("units")?, text("calendar")?.unwrap_or_else(|| Some(String::new()))) {
                (Some(Some(units)), Some(calendar)) => TimeUnits::new(&units, &calendar).ok(),
                _ => None,
            },
        };
        Ok(Self { units, raw })
    }

    /// Each value as text: a date, where it is one.
    pub fn texts(&self, values: &Value) -> Vec<String> {
        let numbers = match values {
            Value::TimestampNs(values) if self.raw => values.iter().map(i64::to_string).collect(),
            _ => print::texts(values),
        };
        match (&self.units, values) {
            (Some(units), values) if values.dtype() != DType::TimestampNs => {
                let dates = dates(units, values);
                numbers.into_iter().zip(dates).map(|(number, date)| date.unwrap_or(number)).collect()
            }
            _ => numbers,
        }
    }

    /// Each value as a date in JSON; null where it is none. `None` if the array holds no times.
    pub fn json(&self, values: &Value) -> Option<Vec<Json>> {
        let units = self.units.as_ref()?;
        Some(match values.dtype() {
            DType::TimestampNs => print::texts(values).into_iter().map(Json::from).collect(),
            _ => dates(units, values).into_iter().map(Json::from).collect(),
        })
    }

    /// Whether the array holds times.
    pub fn has_dates(&self) -> bool {
        self.units.is_some()
    }
}

/// The dates of values, where they have one.
fn dates(units: &TimeUnits, values: &Value) -> Vec<Option<String>> {
    macro_rules! each {
        ($values:expr) => {
            $values.iter().map(|value| units.date(*value).ok().map(|date| date.to_string())).collect()
        };
    }
    match values {
        Value::I8(values) => each!(values),
        Value::I16(values) => each!(values),
        Value::I32(values) => each!(values),
        Value::I64(values) | Value::TimestampNs(values) => each!(values),
        Value::U8(values) => each!(values),
        Value::U16(values) => each!(values),
        Value::U32(values) => each!(values),
        Value::U64(values) => each!(values),
        Value::F32(values) => each!(values),
        Value::F64(values) => each!(values),
        _ => vec![None; values.len()],
    }
}

/// Nanoseconds since 1970 as dates and times in UTC.
pub fn timestamps(values: &[i64]) -> Vec<String> {
    let dates = dates(&TimeUnits::timestamps(), &Value::TimestampNs(values.to_vec()));
    dates.into_iter().map(|date| date.unwrap_or_default() + "Z").collect()
}
