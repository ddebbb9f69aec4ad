//! `set` and `unset`: attributes of the store, of datasets and of arrays.

use crate::output::{Failure, Out, counted, plain};
use crate::{OK, Outcome, names, open_with, print, runtime};
use atlas_store::{DType, Mode, Store, Value, f16};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

/// Whose attribute: the store's, a dataset's, an array's.
type Owner = (Option<Arc<str>>, Option<Arc<str>>);

/// How a value is given.
pub struct Given<'a> {
    pub text: &'a str,
    pub dtype: Option<DType>,
    /// What is between the elements of a list.
    pub split: Option<&'a str>,
}

pub fn set(out: &mut Out, path: &Path, owner: Option<&str>, key: &str, given: &Given<'_>) -> Outcome {
    let value = value(given)?;
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let owners = owners(&store, owner)?;
    for (dataset, array) in &owners {
        store.set_attribute(dataset.as_deref(), array.as_deref(), key, value.clone())?;
    }
    let texts = print::texts(&value).join(", ");
    report(out, &store, &owners, key, &format!("set to {} {texts}", value.dtype()), Some(&value))
}

pub fn unset(out: &mut Out, path: &Path, owner: Option<&str>, key: &str) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let mut owners = owners(&store, owner)?;
    if owners.len() > 1 {
        // Of several, those that have it.
        let mut having = Vec::new();
        for owner in owners {
            if store.has_attribute(owner.0.as_deref(), owner.1.as_deref(), key)? {
                having.push(owner);
            }
        }
        owners = having;
        if owners.is_empty() {
            return Err(Failure::not_found(format!("none of them has an attribute '{key}'")));
        }
    }
    for (dataset, array) in &owners {
        store.delete_attribute(dataset.as_deref(), array.as_deref(), key)?;
    }
    report(out, &store, &owners, key, "removed", None)
}

/// Commits, and says what was done to whose attribute.
fn report(out: &mut Out, store: &Store, owners: &[Owner], key: &str, done: &str, value: Option<&Value>) -> Outcome {
    store.flush()?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        let owner = |(dataset, array): &Owner| json!({"dataset": dataset.as_deref(), "array": array.as_deref()});
        let owners: Vec<Json> = owners.iter().map(owner).collect();
        out.document(&json!({"key": key, "value": value, "owners": owners, "generation": now}))?;
    } else if !out.quiet {
        let of = match owners {
            [(None, _)] => "the store".into(),
            [(Some(dataset), None)] => format!("dataset '{}'", plain(dataset)),
            [(Some(dataset), Some(array))] => format!("array '{}' of dataset '{}'", plain(array), plain(dataset)),
            several => {
                let noun = if several.iter().any(|(_, array)| array.is_some()) { "array" } else { "dataset" };
                counted(several.len() as u64, noun)
            }
        };
        out.line(format_args!("attribute '{}' of {of} {done}: generation {now}", plain(key)))?;
    }
    Ok(OK)
}

/// Whose attribute `DATASET` or `DATASET:ARRAY` means; names may have a ':' in them, so the shortest dataset that there is
/// goes first. Without it the store's.
fn owners(store: &Store, text: Option<&str>) -> Result<Vec<Owner>, Failure> {
    let Some(text) = text else { return Ok(vec![(None, None)]) };
    let of_datasets = || Ok(names::datasets(store, text)?.into_iter().map(|dataset| (Some(dataset), None)).collect());
    if store.has_dataset(text)? {
        return of_datasets();
    }
    let mut split = None;
    for (at, _) in text.match_indices(':') {
        let dataset = &text[..at];
        if store.has_dataset(dataset)? || (names::is_pattern(dataset) && names::datasets(store, dataset).is_ok()) {
            split = Some((dataset, &text[at + 1..]));
            break;
        }
    }
    let Some((dataset, array)) = split.or_else(|| text.split_once(':').filter(|_| !names::is_pattern(text))) else {
        return of_datasets();
    };
    let found = names::select(store, Some(dataset), Some(array))?;
    Ok(found
        .into_iter()
        .flat_map(|(dataset, arrays)| {
            arrays.unwrap_or_default().into_iter().map(move |array| (Some(dataset.clone()), Some(array)))
        })
        .collect())
}

/// The value that a text means.
fn value(given: &Given<'_>) -> Result<Value, Failure> {
    let split = |by: &str| given.text.split(by).map(str::trim).collect::<Vec<_>>();
    // Numbers with commas between them are a list; a text with commas is a text.
    let numbers = || split(given.split.unwrap_or(","));
    let texts = || match given.split {
        Some(by) => split(by).into_iter().map(str::to_owned).collect(),
        None => vec![given.text.to_owned()],
    };
    match given.dtype {
        Some(DType::String) => Ok(Value::String(texts())),
        Some(dtype) => {
            of_type(dtype, &numbers()).map_err(|text| Failure::usage(format!("'{}' is no {dtype}", plain(text))))
        }
        None => {
            let parts = numbers();
            let whole = of_type(DType::I64, &parts).or_else(|_| of_type(DType::U64, &parts));
            let read = whole.or_else(|_| match parts.iter().all(|text| is_number(text)) {
                true => of_type(DType::F64, &parts),
                false => Err(""),
            });
            Ok(read.unwrap_or_else(|_| Value::String(texts())))
        }
    }
}

/// Whether a text that may be a float is meant as one: `nan` and `inf` are, where it says so in full. Rust reads
/// "infinity" in any case, too, which a title may be.
fn is_number(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit()) || matches!(text, "NaN" | "Infinity" | "-Infinity")
}

/// Values of a type, or the text that is none.
fn of_type<'t>(dtype: DType, texts: &[&'t str]) -> Result<Value, &'t str> {
    fn each<'t, T: FromStr>(texts: &[&'t str]) -> Result<Vec<T>, &'t str> {
        texts.iter().map(|text| text.parse().map_err(|_| *text)).collect()
    }
    /// A float that is finite as a text and no longer as a number is none of that type.
    fn floats<'t, T: FromStr>(texts: &[&'t str], is_infinite: fn(&T) -> bool) -> Result<Vec<T>, &'t str> {
        let values = each(texts)?;
        match texts
            .iter()
            .zip(&values)
            .find(|(text, value)| is_infinite(value) && text.contains(|c: char| c.is_ascii_digit()))
        {
            Some((text, _)) => Err(text),
            None => Ok(values),
        }
    }
    Ok(match dtype {
        DType::Bool => Value::Bool(each(texts)?),
        DType::I8 => Value::I8(each(texts)?),
        DType::I16 => Value::I16(each(texts)?),
        DType::I32 => Value::I32(each(texts)?),
        DType::I64 => Value::I64(each(texts)?),
        DType::U8 => Value::U8(each(texts)?),
        DType::U16 => Value::U16(each(texts)?),
        DType::U32 => Value::U32(each(texts)?),
        DType::U64 => Value::U64(each(texts)?),
        DType::F16 => Value::F16(floats(texts, |value: &f16| value.is_infinite())?),
        DType::F32 => Value::F32(floats(texts, |value: &f32| value.is_infinite())?),
        DType::F64 => Value::F64(floats(texts, |value: &f64| value.is_infinite())?),
        DType::TimestampNs => Value::TimestampNs(each(texts)?),
        DType::C64 | DType::C128 => return Err(texts.first().unwrap_or(&"")),
        DType::String => Value::String(each(texts)?),
    })
}
