//! `show`: what a store holds, in the manner of `ncdump`.

use crate::bare::{Form, bare};
use crate::ls::{array_json, chunks, compression};
use crate::names::Found;
use crate::output::{Failure, Out, plain};
use crate::times::Printer;
use crate::{OK, Outcome, names, print};
use atlas_store::{ArrayInfo, DType, Error, Selection, Store, Value};
use serde::Serialize;
use serde::ser::{Error as _, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Columns that lines of values keep to.
const WIDTH: usize = 100;

/// What to show.
pub struct Wanted {
    pub dataset: Option<String>,
    pub array: Option<String>,
    pub values: bool,
    pub raw: bool,
    pub start: Option<Vec<u64>>,
    pub count: Option<Vec<u64>>,
    /// Only values.
    pub form: Option<Form>,
}

/// First cells and numbers of cells.
pub type Region = (Vec<u64>, Vec<u64>);

/// What to show, as the store has it.
struct Chosen<'s> {
    store: &'s Store,
    /// All of the store.
    is_all: bool,
    datasets: Vec<Found<Part>>,
    values: bool,
    /// Times as numbers.
    raw: bool,
}

/// An array, and the region of it whose values are wanted.
#[derive(Clone)]
pub struct Part {
    pub name: Arc<str>,
    pub region: Option<Region>,
}

/// The arrays of a dataset that `text` means, with the region behind it, or that of `start` and `count`.
fn parts(
    store: &Store,
    dataset: &str,
    text: &str,
    start: Option<&[u64]>,
    count: Option<&[u64]>,
) -> Result<Vec<Part>, Failure> {
    // A bracket may be part of a name, or of a pattern.
    let (name, brackets) = match bracketed(text) {
        Some((name, brackets)) if !store.has_array(dataset, text)? => match store.has_array(dataset, name)? {
            true => (name, Some(brackets)),
            false if is_region(brackets) => (name, Some(brackets)),
            false => (text, None),
        },
        _ => (text, None),
    };
    if brackets.is_some() && (start.is_some() || count.is_some()) {
        return Err(Failure::usage("a region is given in brackets or with --start and --count, not both"));
    }
    let part = |array: Arc<str>| {
        let asked = match brackets {
            Some(brackets) => Some(region(brackets, &store.array_info(dataset, &array)?.shape)?),
            None if start.is_some() || count.is_some() => {
                let rank = start.or(count).map_or(0, <[u64]>::len);
                if [start, count].into_iter().flatten().any(|each| each.len() != rank) {
                    return Err(Failure::usage("--start and --count have different numbers of dimensions"));
                }
                Some(store.resolve(dataset, &array, Selection { rank, start, count })?)
            }
            None => None,
        };
        // Regions beyond the array are refused by the store, which names the dimension.
        if let Some((start, count)) = &asked {
            store.resolve(dataset, &array, Selection::region(start, count))?;
        }
        Ok(Part { name: array, region: asked })
    };
    names::arrays(store, dataset, name)?.into_iter().map(part).collect()
}

/// A name, and what is between the brackets behind it.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    text.strip_suffix(']').and_then(|text| text.rsplit_once('['))
}

/// Whether brackets with this between them are a region, and not letters of a pattern.
fn is_region(brackets: &str) -> bool {
    brackets.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, ':' | ',' | '-'))
}

/// The datasets and arrays that are meant, with their regions.
pub fn choose(
    store: &Store,
    dataset: Option<&str>,
    array: Option<&str>,
    (start, count): (Option<&[u64]>, Option<&[u64]>),
) -> Result<Vec<Found<Part>>, Failure> {
    let bare = |text: &str| match bracketed(text) {
        Some((name, brackets)) if is_region(brackets) => name.len(),
        _ => text.len(),
    };
    let find = |dataset: &str, text: &str| parts(store, dataset, text, start, count);
    names::select_with(store, dataset, array, find, |text| &text[..bare(text)])
}

pub fn show(out: &mut Out, store: &Store, path: &Path, wanted: &Wanted) -> Outcome {
    let (dataset, array) = (wanted.dataset.as_deref(), wanted.array.as_deref());
    let datasets = choose(store, dataset, array, (wanted.start.as_deref(), wanted.count.as_deref()))?;
    if let Some(form) = wanted.form {
        if out.json {
            return Err(Failure::usage("--csv and --plain are other forms than --json"));
        }
        let several =
            dataset.is_none_or(|text| names::is_pattern(text) && datasets.iter().all(|(name, _)| **name != *text));
        bare(out, store, &datasets, form, wanted.raw, several)?;
        return Ok(OK);
    }
    let chosen = Chosen { store, is_all: dataset.is_none(), datasets, values: wanted.values, raw: wanted.raw };
    if out.json {
        document(out, &chosen, path)?
    } else {
        text(out, &chosen, path)?
    }
    Ok(OK)
}

/// The region that the text between brackets means for an array of this shape.
fn region(text: &str, shape: &[u64]) -> Result<Region, Failure> {
    let parts: Vec<&str> = if text.trim().is_empty() { Vec::new() } else { text.split(',').collect() };
    if parts.len() > shape.len() {
        return Err(Failure::usage(format!("[{text}] has {} dimensions, the array {}", parts.len(), shape.len())));
    }
    let (mut starts, mut counts) = (vec![0; shape.len()], shape.to_vec());
    for (d, part) in parts.iter().enumerate() {
        let index = |text: &str, absent: u64| -> Result<u64, Failure> {
            let text = text.trim();
            if text.is_empty() {
                return Ok(absent);
            }
            let number: i128 = (text.parse()).map_err(|_| Failure::usage(format!("[{text}] is not an index")))?;
            let number = if number < 0 { number + i128::from(shape[d]) } else { number };
            u64::try_from(number)
                .map_err(|_| Failure::usage(format!("index {text} is outside the {} cells of dimension {d}", shape[d])))
        };
        (starts[d], counts[d]) = match part.split_once(':') {
            Some((_, rest)) if rest.contains(':') => {
                return Err(Failure::usage(format!("[{part}] has a step: regions are without gaps")));
            }
            Some((from, to)) => {
                let (from, to) = (index(from, 0)?, index(to, shape[d])?);
                (from, to.saturating_sub(from))
            }
            None if part.trim().is_empty() => return Err(Failure::usage(format!("[{text}] lacks an index"))),
            None => (index(part, 0)?, 1),
        };
    }
    Ok((starts, counts))
}

impl Chosen<'_> {
    /// The arrays of a dataset that are shown, each with the region that is asked for.
    fn arrays(&self, dataset: &str, parts: Option<&[Part]>) -> Result<Vec<(Part, ArrayInfo)>, Error> {
        let all = || Ok(self.store.array_names(dataset)?.into_iter().map(|name| Part { name, region: None }).collect());
        let parts = parts.map_or_else(all, |parts| Ok::<Vec<_>, Error>(parts.to_vec()))?;
        let with_info = |part: Part| Ok((part.clone(), self.store.array_info(dataset, &part.name)?));
        parts.into_iter().map(with_info).collect()
    }

    fn attributes(&self, dataset: Option<&str>, array: Option<&str>) -> Result<Vec<(Arc<str>, Value)>, Error> {
        let keys = self.store.attribute_names(dataset, array)?;
        keys.into_iter().map(|key| Ok((key.clone(), self.store.attribute(dataset, array, &key)?))).collect()
    }

    fn printer(&self, dataset: &str, array: &str, dtype: DType) -> Result<Printer, Error> {
        Printer::new(self.store, dataset, array, dtype, self.raw)
    }

    /// The region whose values to show.
    fn region_of(&self, part: &Part, info: &ArrayInfo) -> Option<Region> {
        let whole = || self.values.then(|| (vec![0; info.shape.len()], info.shape.clone()));
        part.region.clone().or_else(whole)
    }
}

fn text(out: &mut Out, chosen: &Chosen<'_>, path: &Path) -> Result<(), Failure> {
    let generation = chosen.store.info()?.generation;
    out.line(format_args!("store {} {{ // generation {generation}", plain(&path.to_string_lossy())))?;
    if chosen.is_all {
        let own = chosen.attributes(None, None)?;
        if !own.is_empty() {
            out.line("  attributes:")?;
        }
        attributes(out, "", &own)?;
    }
    for (dataset, parts) in &chosen.datasets {
        out.line(format_args!("\ndataset: {} {{", plain(dataset)))?;
        let arrays = chosen.arrays(dataset, parts.as_deref())?;
        let dimensions = dimensions(&arrays);
        let mut listed: Vec<(&str, u64)> = Vec::new();
        for (name, extent) in arrays.iter().flat_map(|(_, info)| info.dims.iter().zip(&info.shape)) {
            if dimensions.get(name.as_str()) == Some(&Some(*extent)) && !listed.contains(&(name.as_str(), *extent)) {
                listed.push((name, *extent));
            }
        }
        for (number, (name, extent)) in listed.iter().enumerate() {
            if number == 0 {
                out.line("  dimensions:")?;
            }
            out.line(format_args!("    {} = {extent} ;", plain(name)))?;
        }
        if !arrays.is_empty() {
            out.line("  variables:")?;
        }
        for (Part { name, .. }, info) in &arrays {
            let dims = info.dims.iter().zip(&info.shape).map(|(dim, extent)| match dimensions.get(dim.as_str()) {
                Some(Some(_)) => plain(dim),
                _ => format!("{}={extent}", plain(dim)),
            });
            let dims = dims.collect::<Vec<_>>().join(", ");
            let dims = if info.dims.is_empty() { String::new() } else { format!("({dims})") };
            let mut notes = vec![chunks(info), compression(info)];
            if let Some(fill) = &info.fill_value {
                notes.insert(0, format!("fill {}", print::texts(&print::of_fill(info.dtype, fill)?).concat()));
            }
            out.line(format_args!("    {} {}{dims} ; // {}", info.dtype, plain(name), notes.join("; ")))?;
            attributes(out, &plain(name), &chosen.attributes(Some(dataset), Some(name))?)?;
        }
        if parts.is_none() {
            let own = chosen.attributes(Some(dataset), None)?;
            if !own.is_empty() {
                out.line("  attributes:")?;
            }
            attributes(out, "", &own)?;
        }
        if arrays.iter().any(|(part, info)| chosen.region_of(part, info).is_some()) {
            out.line("  data:")?;
            for (part, info) in &arrays {
                data(out, chosen, dataset, part, info)?;
            }
        }
        out.line("}")?;
    }
    out.line("}")
}

/// The extent of each dimension, where all arrays agree on it.
fn dimensions(arrays: &[(Part, ArrayInfo)]) -> HashMap<&str, Option<u64>> {
    let mut dimensions = HashMap::new();
    for (name, &extent) in arrays.iter().flat_map(|(_, info)| info.dims.iter().zip(&info.shape)) {
        let known = dimensions.entry(name.as_str()).or_insert(Some(extent));
        if *known != Some(extent) {
            *known = None;
        }
    }
    dimensions
}

fn attributes(out: &mut Out, of: &str, attributes: &[(Arc<str>, Value)]) -> Result<(), Failure> {
    for (key, value) in attributes {
        let list: String = print::texts(value).iter().map(|text| format!(" {text},")).collect();
        let list = list.trim_end_matches(',');
        out.line(format_args!("      {} {of}:{} ={list} ;", value.dtype(), plain(key)))?;
    }
    Ok(())
}

/// The values of an array: a line for each row of the last dimension, or more.
fn data(out: &mut Out, chosen: &Chosen<'_>, dataset: &str, part: &Part, info: &ArrayInfo) -> Result<(), Failure> {
    let name = &*part.name;
    let Some((start, count)) = chosen.region_of(part, info) else { return Ok(()) };
    let part = part.region.as_ref().map(|_| {
        let each = start.iter().zip(&count).map(|(start, count)| format!("{start}:{}", start + count));
        format!("[{}]", each.collect::<Vec<_>>().join(","))
    });
    out.text(&format!("    {}{} =", plain(name), part.unwrap_or_default()))?;
    let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?;
    let row = count.last().copied().unwrap_or(1);
    let rank = count.len();
    let (mut done, mut column) = (0, 0);
    let array = (dataset, name, info.dtype);
    let printer = chosen.printer(dataset, name, info.dtype)?;
    print::for_each_slab(chosen.store, array, &start, &count, &mut |slab| -> Result<(), Failure> {
        for (i, text) in printer.texts(slab).into_iter().enumerate() {
            let text = match &fill {
                Some(fill) if print::is_fill(slab, i, fill) => "_".into(),
                _ => text,
            };
            let comma = if done == 0 { "" } else { "," };
            let breaks = rank > 0 && (done % row == 0 || column + text.len() + 2 > WIDTH);
            if breaks {
                out.text(&format!("{comma}\n      {text}"))?;
                column = 6 + text.len();
            } else {
                out.text(&format!("{comma} {text}"))?;
                column += text.len() + 2;
            }
            done += 1;
        }
        Ok(())
    })?;
    out.line(" ;")
}

fn document(out: &mut Out, chosen: &Chosen<'_>, path: &Path) -> Result<(), Failure> {
    let failed = RefCell::new(None);
    let generation = chosen.store.info()?.generation;
    let written = out.document(&Document { chosen, path, generation, failed: &failed });
    // What the store said, rather than what the writer of JSON made of it.
    match failed.take() {
        Some(error) => Err(Failure::from(error)),
        None => written,
    }
}

/// A store as JSON, written as it is read.
struct Document<'a> {
    chosen: &'a Chosen<'a>,
    path: &'a Path,
    generation: u64,
    failed: &'a RefCell<Option<Error>>,
}

struct Datasets<'a>(&'a Document<'a>);
struct OneDataset<'a>(&'a Document<'a>, &'a str, Option<&'a [Part]>);
struct Attributes(Vec<(Arc<str>, Value)>);
struct OneArray<'a>(&'a Document<'a>, &'a str, &'a Part, &'a ArrayInfo);
/// The last part makes JSON of values.
struct Data<'a>(&'a Document<'a>, &'a str, &'a str, DType, &'a Region, &'a dyn Fn(&Value) -> Vec<Json>);

impl Document<'_> {
    /// Keeps the store's error for whoever asked for the document.
    fn keep<T, E: serde::ser::Error>(&self, result: Result<T, Error>) -> Result<T, E> {
        result.map_err(|error| {
            let message = E::custom(&error);
            self.failed.replace(Some(error));
            message
        })
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("store", &self.path.to_string_lossy())?;
        map.serialize_entry("generation", &self.generation)?;
        if self.chosen.is_all {
            map.serialize_entry("attributes", &Attributes(self.keep(self.chosen.attributes(None, None))?))?;
        }
        map.serialize_entry("datasets", &Datasets(self))?;
        map.end()
    }
}

impl Serialize for Datasets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let datasets = self.0.chosen.datasets.iter();
        serializer.collect_seq(datasets.map(|(dataset, parts)| OneDataset(self.0, dataset, parts.as_deref())))
    }
}

impl Serialize for OneDataset<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, dataset, parts) = self;
        let arrays = document.keep(document.chosen.arrays(dataset, *parts))?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", dataset)?;
        map.serialize_entry(
            "attributes",
            &Attributes(document.keep(document.chosen.attributes(Some(dataset), None))?),
        )?;
        let arrays: Vec<_> = arrays.iter().map(|(part, info)| OneArray(document, dataset, part, info)).collect();
        map.serialize_entry("arrays", &arrays)?;
        map.end()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (&**key, value)))
    }
}

impl Serialize for OneArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, dataset, part, info) = self;
        let name = &*part.name;
        let serde_json::Value::Object(entries) = document.keep(array_json(name, info))? else {
            return Err(S::Error::custom("an array that is not a map"));
        };
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &entries {
            map.serialize_entry(key, value)?;
        }
        let attributes = document.keep(document.chosen.attributes(Some(dataset), Some(name)))?;
        map.serialize_entry("attributes", &Attributes(attributes))?;
        if let Some(region) = document.chosen.region_of(part, info) {
            map.serialize_entry("start", &region.0)?;
            map.serialize_entry("count", &region.1)?;
            map.serialize_entry("values", &Data(document, dataset, name, info.dtype, &region, &print::json))?;
            let printer = document.keep(document.chosen.printer(dataset, name, info.dtype))?;
            if printer.has_dates() {
                let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose();
                let fill = document.keep(fill)?;
                let is_fill = |slab: &Value, i| fill.as_ref().is_some_and(|fill| print::is_fill(slab, i, fill));
                let dates = |slab: &Value| {
                    let dates = printer.json(slab).unwrap_or_default().into_iter().enumerate();
                    dates.map(|(i, date)| if is_fill(slab, i) { Json::Null } else { date }).collect()
                };
                map.serialize_entry("dates", &Data(document, dataset, name, info.dtype, &region, &dates))?;
            }
        }
        map.end()
    }
}

/// Why writing values ended early.
enum Broken<E> {
    Store(Error),
    Writer(E),
}

impl<E> From<Error> for Broken<E> {
    fn from(error: Error) -> Self {
        Broken::Store(error)
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document, dataset, name, dtype, (start, count), json) = self;
        let mut list = serializer.serialize_seq(None)?;
        let array = (*dataset, *name, *dtype);
        let written = print::for_each_slab(document.chosen.store, array, start, count, &mut |slab| {
            json(slab).iter().try_for_each(|value| list.serialize_element(value)).map_err(Broken::Writer)
        });
        match written {
            Ok(()) => list.end(),
            Err(Broken::Writer(error)) => Err(error),
            Err(Broken::Store(error)) => document.keep(Err(error)),
        }
    }
}
