//! `diff`: what two stores, or two commits of one, have apart.

mod cells;
mod values;

use crate::output::{Failure, Out, counted, plain};
use crate::refs::coordinates;
use crate::target::At;
use crate::{FOUND, OK, Outcome, names, open_with, print, runtime};
use atlas_store::{ArrayInfo, Error, Mode, OpenOptions, Store, Value};
pub use cells::Limits;
use serde_json::{Map, Value as Json, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use values::Tally;

/// What to compare.
pub struct Wanted {
    pub first: PathBuf,
    /// By default the first.
    pub second: Option<PathBuf>,
    /// A generation or a pin of each; by default the last commit.
    pub commits: [Option<String>; 2],
    /// Names and patterns; by default all.
    pub datasets: Vec<String>,
    pub arrays: Vec<String>,
    pub limits: Limits,
}

/// Two commits.
struct Pair {
    stores: [Arc<Store>; 2],
    /// Whether both are of one folder, where a file of one name is one file.
    is_one_store: bool,
    limits: Limits,
}

/// A name, and which sides have it.
type Sided = (Arc<str>, [bool; 2]);

/// What is told: lines as they are found, or a document at the end.
struct Report<'o> {
    out: &'o mut Out,
    count: u64,
}

pub fn diff(out: &mut Out, wanted: &Wanted) -> Outcome {
    compare(out, wanted).map_err(Failure::beside_differences)
}

fn compare(out: &mut Out, wanted: &Wanted) -> Outcome {
    let second = wanted.second.as_ref().unwrap_or(&wanted.first);
    let [at, other_at] = &wanted.commits;
    if wanted.second.is_none() && at.is_none() && other_at.is_none() {
        return Err(Failure::usage("give another store, or --at a commit to compare with the last"));
    }
    let stores = [open(out, &wanted.first, at.as_deref())?, open(out, second, other_at.as_deref())?];
    let real = |path: &Path| match At::of(path) {
        At::Folder(folder) => fs::canonicalize(folder).map_err(|error| Failure::file("find", path, &error)),
        At::Bucket(url) => Ok(url.trim_end_matches('/').into()),
    };
    let pair = Pair { stores, is_one_store: real(&wanted.first)? == real(second)?, limits: wanted.limits };
    let generations = [pair.stores[0].info()?.generation, pair.stores[1].info()?.generation];

    let names = pair.each(|store| store.dataset_names())?;
    let names = chosen("dataset", &names, &wanted.datasets)?;
    let bar = out.progress(names.len() as u64, "diff");
    let mut report = Report { out, count: 0 };
    let attributes = match wanted.datasets.is_empty() && wanted.arrays.is_empty() {
        true => pair.attributes(&mut report, None, None)?,
        false => Vec::new(),
    };
    let mut datasets = Vec::new();
    for (name, sides) in &names {
        let changes = match change(*sides) {
            None => pair.dataset(&mut report, name, &wanted.arrays)?,
            Some(change) => {
                report.line(format_args!("dataset '{}' {change}", plain(name)))?;
                Some(json!({"name": **name, "change": change}))
            }
        };
        datasets.extend(changes);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let count = report.count;
    if out.json {
        out.document(&json!({
            "generations": generations, "same": count == 0, "attributes": attributes, "datasets": datasets,
        }))?;
    } else if !out.quiet {
        let found = if count == 0 { "no difference".into() } else { counted(count, "difference") };
        out.line(format_args!("{found} between generation {} and {}", generations[0], generations[1]))?;
    }
    Ok(if count == 0 { OK } else { FOUND })
}

/// Opens a commit: the last, that of a generation, or that of a pin.
fn open(out: &Out, path: &Path, commit: Option<&str>) -> Result<Arc<Store>, Failure> {
    let generation = match commit {
        None => return Ok(open_with(path, Mode::Read, runtime(out))?),
        Some(text) => match text.parse() {
            Ok(generation) => generation,
            Err(_) => open_with(path, Mode::Read, runtime(out))?.pin_generation(text)?,
        },
    };
    Ok(Store::open_at(path, generation, OpenOptions { runtime: runtime(out), ..OpenOptions::default() })?)
}

/// What became of something that the first or the second has.
fn change(sides: [bool; 2]) -> Option<&'static str> {
    match sides {
        [true, true] => None,
        [true, false] => Some("gone"),
        [false, _] => Some("added"),
    }
}

/// Names, and which sides have them: first those of the first, then what the second has more.
fn union(names: &[Vec<Arc<str>>; 2]) -> Vec<Sided> {
    let sets = [0, 1].map(|side| names[side].iter().collect::<std::collections::HashSet<_>>());
    let of_first = names[0].iter().map(|name| (name.clone(), [true, sets[1].contains(name)]));
    let more = names[1].iter().filter(|name| !sets[0].contains(name)).map(|name| (name.clone(), [false, true]));
    of_first.chain(more).collect()
}

/// [`union`] of those that the texts mean, if there are any; it is an error if there are none of a text.
fn chosen(what: &str, names: &[Vec<Arc<str>>; 2], texts: &[String]) -> Result<Vec<Sided>, Failure> {
    let mut all = union(names);
    if texts.is_empty() {
        return Ok(all);
    }
    let mut meant = Vec::new();
    for text in texts {
        let found = names::among(all.iter().map(|(name, _)| name), text)?;
        if found.is_empty() && what == "dataset" {
            return Err(Failure::not_found(format!("neither has a dataset '{text}'")));
        }
        meant.extend(found);
    }
    all.retain(|(name, _)| meant.contains(name));
    Ok(all)
}

impl Report<'_> {
    /// Tells a difference.
    fn line(&mut self, text: impl std::fmt::Display) -> Result<(), Failure> {
        self.count += 1;
        if self.out.json { Ok(()) } else { self.out.line(text) }
    }
}

impl Pair {
    /// Of both.
    fn each<T>(&self, of: impl Fn(&Store) -> Result<T, Error>) -> Result<[T; 2], Error> {
        Ok([of(&self.stores[0])?, of(&self.stores[1])?])
    }

    /// Compares a dataset that both have.
    fn dataset(&self, report: &mut Report<'_>, dataset: &str, arrays: &[String]) -> Result<Option<Json>, Failure> {
        let attributes = match arrays {
            [] => self.attributes(report, Some(dataset), None)?,
            _ => Vec::new(),
        };
        let names = self.each(|store| store.array_names(dataset))?;
        let mut changed = Vec::new();
        for (name, sides) in &chosen("array", &names, arrays)? {
            match change(*sides) {
                None => changed.extend(self.array(report, dataset, name)?),
                Some(change) => {
                    report.line(format_args!("{} {change}", titled(dataset, name)))?;
                    changed.push(json!({"name": **name, "change": change}));
                }
            }
        }
        let differs = !attributes.is_empty() || !changed.is_empty();
        let entry = || json!({"name": dataset, "change": "changed", "attributes": attributes, "arrays": changed});
        Ok(differs.then(entry))
    }

    /// Compares the attributes of the stores, of a dataset or of an array, bit for bit.
    fn attributes(
        &self,
        report: &mut Report<'_>,
        dataset: Option<&str>,
        array: Option<&str>,
    ) -> Result<Vec<Json>, Failure> {
        let names = self.each(|store| store.attribute_names(dataset, array))?;
        let mut changed = Vec::new();
        for (key, sides) in &union(&names) {
            let value = |side: usize| sides[side].then(|| self.stores[side].attribute(dataset, array, key)).transpose();
            let values = [value(0)?, value(1)?];
            if values[0] == values[1] {
                continue;
            }
            let of = match (dataset, array) {
                (Some(dataset), Some(array)) => titled(dataset, array),
                (Some(dataset), None) => format!("dataset '{}'", plain(dataset)),
                (None, _) => "the store".into(),
            };
            let shown = |value: &Option<Value>| {
                value.as_ref().map(|value| format!("{} {}", value.dtype(), print::texts(value).join(", ")))
            };
            let what = match (shown(&values[0]), shown(&values[1])) {
                (Some(a), Some(b)) => format!(": {a} / {b}"),
                (Some(a), None) => format!(" gone: {a}"),
                (None, b) => format!(" added: {}", b.unwrap_or_default()),
            };
            report.line(format_args!("attribute '{}' of {of}{what}", plain(key)))?;
            changed.push(json!({"key": **key, "change": change(*sides).unwrap_or("changed"), "values": values}));
        }
        Ok(changed)
    }

    /// Compares an array that both have: its definition, its attributes, and the values of the cells that both have.
    fn array(&self, report: &mut Report<'_>, dataset: &str, name: &str) -> Result<Option<Json>, Failure> {
        let infos = self.each(|store| store.array_info(dataset, name))?;
        let described = [definition(&infos[0])?, definition(&infos[1])?];
        let mut changed = Map::new();
        for ((what, a), (_, b)) in described[0].iter().zip(&described[1]).filter(|((_, a), (_, b))| a != b) {
            report.line(format_args!("{}: {what} {} / {}", titled(dataset, name), shown(a), shown(b)))?;
            changed.insert((*what).into(), json!([a, b]));
        }
        let attributes = self.attributes(report, Some(dataset), Some(name))?;
        let comparable = infos[0].dtype == infos[1].dtype && infos[0].shape.len() == infos[1].shape.len();
        let tally = match comparable {
            true => self.values(dataset, name, &infos)?,
            false => Tally::default(),
        };
        if tally.differing > 0 {
            report.line(format_args!("{}: {}", titled(dataset, name), tally.text()))?;
        }
        if changed.is_empty() && attributes.is_empty() && tally.differing == 0 {
            return Ok(None);
        }
        let values = comparable.then(|| tally.json());
        Ok(Some(json!({
            "name": name, "change": "changed", "definition": changed, "attributes": attributes, "values": values,
        })))
    }

    fn values(&self, dataset: &str, name: &str, infos: &[ArrayInfo; 2]) -> Result<Tally, Failure> {
        let dtype = infos[0].dtype;
        let shape: Vec<u64> = infos[0].shape.iter().zip(&infos[1].shape).map(|(a, b)| *a.min(b)).collect();
        let fill = |side: usize| infos[side].fill_value.as_ref().map(|fill| print::of_fill(dtype, fill)).transpose();
        let mut tally = Tally::new([fill(0)?, fill(1)?], self.limits, &shape);
        let mut block = |start: &[u64]| -> Result<(), Failure> {
            let along = start.iter().zip(&infos[0].chunk_shape).zip(&shape);
            let count: Vec<u64> =
                along.map(|((start, extent), end)| (*extent).min(end.saturating_sub(*start))).collect();
            if !count.contains(&0) {
                let values = self.each(|store| print::read(store, dataset, name, dtype, start, &count))?;
                tally.add(start, &count, &values);
            }
            Ok(())
        };
        let start = |chunk: &[u64]| -> Vec<u64> {
            chunk.iter().zip(&infos[0].chunk_shape).map(|(at, extent)| at * extent).collect()
        };
        let alike = infos[0].chunk_shape == infos[1].chunk_shape && infos[0].fill_value == infos[1].fill_value;
        if alike && infos[0].shape.iter().skip(1).eq(infos[1].shape.iter().skip(1)) {
            // Chunks that neither stores are fill values in both.
            let places = self.each(|store| store.chunk_places(dataset, name))?;
            for number in values::apart(&places, self.is_one_store) {
                block(&start(&coordinates(&infos[0], number)))?;
            }
        } else {
            let grid: Vec<u64> = shape.iter().zip(&infos[0].chunk_shape).map(|(n, c)| n.div_ceil(*c)).collect();
            for chunk in crate::stats::places(&grid) {
                block(&start(&chunk))?;
            }
        }
        Ok(tally)
    }
}

/// `array 't' of dataset 'jan'`.
fn titled(dataset: &str, array: &str) -> String {
    format!("array '{}' of dataset '{}'", plain(array), plain(dataset))
}

/// What an array is, but for how it is stored.
fn definition(info: &ArrayInfo) -> Result<[(&'static str, Json); 5], Error> {
    let fill = info.fill_value.as_ref().map(|fill| print::of_fill(info.dtype, fill)).transpose()?;
    Ok([
        ("dtype", info.dtype.name().into()),
        ("dims", json!(info.dims)),
        ("shape", json!(info.shape)),
        ("unlimited", info.unlimited.into()),
        ("fill_value", fill.and_then(|fill| print::json(&fill).pop()).into()),
    ])
}

/// A part of a definition as text.
fn shown(part: &Json) -> String {
    match part {
        Json::Null => "none".into(),
        Json::String(text) => plain(text),
        Json::Array(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
