//! `atlas import`: all files in one commit, or none.

use super::c::{Fault, File};
use super::classic;
use super::crash::Guard;
use super::plan::{ArrayPlan, DatasetPlan, Planner};
use crate::output::{Failure, Out, bytes, complaint, counted, plain, quoted, warn};
use crate::target::commit_to;
use crate::{FOUND, OK, Outcome, args::Import, open_with, print, runtime};
use atlas_store::{ArrayOptions, Error, ErrorKind, Mode, RuntimeOptions, Selection, Source, Store, Value};
use indicatif::ProgressBar;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory for values that the store has not written yet.
const WRITE_BUFFER: u64 = 128 << 20;

/// A file, and the name of its dataset.
struct Wanted<'a> {
    path: &'a Path,
    name: String,
}

/// What came in.
#[derive(Default)]
struct Sum {
    datasets: Vec<String>,
    arrays: u64,
    /// Bytes of values.
    bytes: u64,
    skipped: Vec<String>,
}

pub fn import(out: &mut Out, wanted: &Import) -> Outcome {
    let files = named(wanted)?;
    let mut total = 0;
    for file in &files {
        check(file.path)?;
        total += fs::metadata(file.path).map(|about| about.len()).unwrap_or(0);
    }
    if wanted.check {
        return compare(out, &files, wanted, total);
    }
    let runtime = || RuntimeOptions { write_buffer_bytes: Some(WRITE_BUFFER), ..runtime(out) };
    let bar = out.progress(total, "import");
    let json = out.json;
    let done = commit_to(&wanted.store, runtime, |store| Ok(add(store, &files, wanted, json, &bar)?));
    bar.finish_and_clear();
    let (sum, generation) = done?;
    if out.json {
        let mut document = sum.document();
        document["generation"] = generation.into();
        out.document(&document)?;
    } else if !out.quiet {
        sum.warn();
        out.line(format_args!("{}: generation {generation}", sum.text(files.len())))?;
    }
    Ok(OK)
}

impl Sum {
    fn document(&self) -> Json {
        json!({
            "datasets": self.datasets,
            "array_count": self.arrays,
            "value_bytes": self.bytes,
            "skipped": self.skipped,
        })
    }

    fn text(&self, files: usize) -> String {
        format!(
            "{} of {}, {}, {} of values",
            counted(self.datasets.len() as u64, "dataset"),
            counted(files as u64, "file"),
            counted(self.arrays, "array"),
            bytes(self.bytes),
        )
    }

    fn warn(&self) {
        for one in &self.skipped {
            warn(&format!("left out: {one}"));
        }
    }
}

/// The names of the files' datasets. Two files of one name are an error.
fn named(wanted: &Import) -> Result<Vec<Wanted<'_>>, Failure> {
    if wanted.name.is_some() && wanted.files.len() > 1 {
        return Err(Failure::usage(format!("--name is for one file, and there are {}", wanted.files.len())));
    }
    let mut names = BTreeMap::new();
    let mut files = Vec::new();
    for path in &wanted.files {
        let name = match (&wanted.name, &wanted.relative_to) {
            (Some(name), _) => name.clone(),
            (None, Some(folder)) => relative(path, folder)?,
            (None, None) => text(path, path.file_stem().map(Path::new))?,
        };
        if let Some(other) = names.insert(name.clone(), path) {
            return Err(Failure::from(Error::new(
                ErrorKind::AlreadyExists,
                format!(
                    "files {} and {} would both be dataset {}: --relative-to DIR names them by their paths",
                    shown(other),
                    shown(path),
                    quoted(&name)
                ),
            )));
        }
        files.push(Wanted { path, name });
    }
    Ok(files)
}

/// The path of a file from `folder` on, without extension.
fn relative(path: &Path, folder: &Path) -> Result<String, Failure> {
    let absolute = |path: &Path| fs::canonicalize(path).map_err(|error| Failure::file("find", path, &error));
    let (full, folder) = (absolute(path)?, absolute(folder)?);
    match full.strip_prefix(&folder) {
        Ok(below) => text(path, Some(&below.with_extension(""))),
        Err(_) => Err(Failure::usage(format!("file {} is not below the folder {}", shown(path), folder.display()))),
    }
}

fn text(path: &Path, name: Option<&Path>) -> Result<String, Failure> {
    let name = name.and_then(Path::to_str).filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| Failure::usage(format!("file {}: its name is no UTF-8", shown(path))))
}

fn shown(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// That there is such a file, and that a classic one is whole.
fn check(path: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::file("read", path, &error);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Failure::other(format!("{} is no file", shown(path))));
    }
    classic::check(path)
        .map_err(failed)?
        .map_err(|what| Failure::from(Error::new(ErrorKind::Corrupt, format!("file {} {what}", shown(path)))))
}

fn open(path: &Path) -> Result<File, Error> {
    let absolute = fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
    File::open(&absolute).map_err(|fault| fault.error(ErrorKind::Corrupt, "it is damaged, or no NetCDF file"))
}

/// Puts the files into the store.
fn add(store: &Arc<Store>, files: &[Wanted<'_>], wanted: &Import, json: bool, bar: &ProgressBar) -> Result<Sum, Error> {
    let names = store.dataset_names()?;
    for file in files {
        let below = format!("{}/", file.name);
        for name in names.iter().filter(|name| ***name == *file.name || name.starts_with(&below)) {
            if !wanted.replace {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("file {}: the store has a dataset '{name}'; --replace replaces it", shown(file.path)),
                ));
            }
            if store.has_dataset(name)? {
                store.delete_dataset(name)?;
            }
        }
    }
    let mut sum = Sum::default();
    for file in files {
        let mut planner = Planner { skip_unsupported: wanted.skip_unsupported, skipped: Vec::new() };
        let _guard = guard(file.path, json);
        let mut into = Importer { store, bar, sum: &mut sum };
        let length = fs::metadata(file.path).map(|about| about.len()).unwrap_or(0);
        let added = open(file.path).and_then(|opened| into.file(&opened, &file.name, &mut planner, length));
        added.map_err(|error| in_file(file.path, &error))?;
        let skipped = planner.skipped.into_iter().map(|what| format!("file {}: {what}", shown(file.path)));
        sum.skipped.extend(skipped);
    }
    Ok(sum)
}

fn in_file(path: &Path, error: &Error) -> Error {
    // What a store refuses of a file is nothing that the caller said.
    let kind = match error.kind() {
        ErrorKind::InvalidArgument | ErrorKind::OutOfRange => ErrorKind::Unsupported,
        kind => kind,
    };
    Error::new(kind, format!("file {}: {}", shown(path), error.message()))
}

/// For the time in which a file is read.
fn guard(path: &Path, json: bool) -> Guard {
    let message = format!("file {}: reading it crashed libnetcdf: it is damaged", shown(path));
    let failure = Failure::from(Error::new(ErrorKind::Corrupt, message));
    Guard::new(complaint(&failure, json), FOUND)
}

/// What became of a variable.
#[derive(PartialEq)]
enum Written {
    All,
    /// The store rounded a value of it.
    Rounded,
    /// It has strings that are no texts, and is left out.
    NoText,
}

struct Importer<'a> {
    store: &'a Store,
    bar: &'a ProgressBar,
    sum: &'a mut Sum,
}

impl Importer<'_> {
    /// `length` is that of the file, by which the bar moves on.
    fn file(&mut self, file: &File, name: &str, planner: &mut Planner, length: u64) -> Result<(), Error> {
        let plans = planner.file(file, name)?;
        let begin = self.bar.position();
        let total: u64 = plans.iter().flat_map(|plan| &plan.arrays).map(|array| array.source.size()).sum();
        let mut done = 0;
        for plan in &plans {
            self.store.create_dataset(&plan.name)?;
            for (name, value) in &plan.attributes {
                self.store.set_attribute(plan.name.as_str(), None, name, value.clone())?;
            }
            for array in &plan.arrays {
                self.array(&plan.name, array, planner)?;
                done += array.source.size();
                let share = u128::from(length) * u128::from(done) / u128::from(total.max(1));
                self.bar.set_position(begin + share as u64);
            }
            self.sum.datasets.push(plan.name.clone());
        }
        self.bar.set_position(begin + length);
        Ok(())
    }

    fn array(&mut self, dataset: &str, plan: &ArrayPlan, planner: &mut Planner) -> Result<(), Error> {
        if self.array_of(dataset, plan, plan.keep_bits, planner)? == Written::Rounded {
            self.store.delete_array(dataset, &plan.name)?;
            self.array_of(dataset, plan, None, planner)?;
        }
        Ok(())
    }

    /// The array with so many bits kept of its values, up to the first part that would not have those of the file.
    fn array_of(
        &mut self,
        dataset: &str,
        plan: &ArrayPlan,
        keep_bits: Option<u32>,
        planner: &mut Planner,
    ) -> Result<Written, Error> {
        let options = ArrayOptions {
            chunk_shape: plan.chunks.clone(),
            fill_value: plan.fill.clone(),
            unlimited: plan.unlimited,
            keep_bits,
            ..ArrayOptions::default()
        };
        let dims: Vec<_> = plan.dims.iter().map(String::as_str).collect();
        self.store.define_array(dataset, &plan.name, plan.dtype, &dims, &plan.shape, options)?;
        for (name, value) in &plan.attributes {
            self.store.set_attribute(dataset, Some(&plan.name), name, value.clone())?;
        }
        let chunks = self.store.array_info(dataset, &plan.name)?.chunk_shape;
        for (start, count) in plan.source.parts(&chunks) {
            match plan.source.read(&start, &count) {
                Ok(value) => {
                    self.write(dataset, &plan.name, &start, &count, &value)?;
                    // A variable may have other values than it says: they stay what they are.
                    if keep_bits.is_some()
                        && print::read(self.store, dataset, &plan.name, plan.dtype, &start, &count)? != value
                    {
                        return Ok(Written::Rounded);
                    }
                }
                Err(fault @ Fault::NotText(_)) => {
                    planner.unsupported(format!("variable '{}' of dataset '{dataset}': {fault}", plan.name))?;
                    self.store.delete_array(dataset, &plan.name)?;
                    return Ok(Written::NoText);
                }
                Err(fault) => {
                    let what = format!("variable '{}' of dataset '{dataset}'", plan.name);
                    return Err(fault.error(ErrorKind::Corrupt, what));
                }
            }
        }
        self.sum.arrays += 1;
        self.sum.bytes += plan.source.size();
        Ok(Written::All)
    }

    fn write(&self, dataset: &str, array: &str, start: &[u64], count: &[u64], value: &Value) -> Result<(), Error> {
        let at = Selection::region(start, count);
        of_numbers!(value,
            numbers => self.store.write_array(dataset, array, at, Source::from_slice(numbers)),
            Value::String(texts) => {
                let texts: Vec<_> = texts.iter().map(String::as_str).collect();
                self.store.write_strings(dataset, array, at, &texts)
            },
            other => Err(Error::new(ErrorKind::Internal, format!("NetCDF has no {}", other.dtype()))),
        )
    }
}

/// `atlas import --check`: what is in the store and what the files become.
fn compare(out: &mut Out, files: &[Wanted<'_>], wanted: &Import, total: u64) -> Outcome {
    let store = open_with(&wanted.store, Mode::Read, runtime(out))?;
    let bar = out.progress(total, "check");
    let mut comparison =
        Comparison { store: &store, sum: Sum::default(), left_out: wanted.skip_unsupported, differences: Vec::new() };
    for file in files {
        let mut planner = Planner { skip_unsupported: wanted.skip_unsupported, skipped: Vec::new() };
        let _guard = guard(file.path, out.json);
        let compared = open(file.path).and_then(|opened| {
            let plans = planner.file(&opened, &file.name)?;
            plans.iter().try_for_each(|plan| comparison.dataset(plan))
        });
        compared.map_err(|error| in_file(file.path, &error))?;
        let skipped = planner.skipped.into_iter().map(|what| format!("file {}: {what}", shown(file.path)));
        comparison.sum.skipped.extend(skipped);
        bar.inc(fs::metadata(file.path).map(|about| about.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    let Comparison { sum, differences, .. } = comparison;
    let code = if differences.is_empty() { OK } else { FOUND };
    if out.json {
        let mut document = sum.document();
        document["differences"] = differences.into();
        out.document(&document)?;
        return Ok(code);
    }
    for one in &differences {
        out.line(plain(one))?;
    }
    if !out.quiet {
        sum.warn();
        let verdict = match differences.len() {
            0 => "the same".to_owned(),
            count => counted(count as u64, "difference"),
        };
        out.line(format_args!("{}: {verdict}", sum.text(files.len())))?;
    }
    Ok(code)
}

/// One line for each array and attribute that differs.
struct Comparison<'a> {
    store: &'a Store,
    sum: Sum,
    /// Strings that are no UTF-8 are not in the store.
    left_out: bool,
    differences: Vec<String>,
}

impl Comparison<'_> {
    fn dataset(&mut self, plan: &DatasetPlan) -> Result<(), Error> {
        let (store, dataset) = (self.store, plan.name.as_str());
        let what = format!("dataset '{dataset}'");
        if !store.has_dataset(dataset)? {
            self.differences.push(format!("{what} is not there"));
            return Ok(());
        }
        self.attributes(dataset, None, &plan.attributes, &what)?;
        for name in store.array_names(dataset)? {
            if !plan.arrays.iter().any(|array| array.name == *name) {
                self.differences.push(format!("array '{name}' of {what} is in the store alone"));
            }
        }
        for array in &plan.arrays {
            let what = format!("array '{}' of dataset '{dataset}'", array.name);
            if store.has_array(dataset, &array.name)? {
                self.array(dataset, array, &what)?;
            } else if !(array.is_text() && self.left_out) {
                self.differences.push(format!("{what} is not there"));
            }
        }
        self.sum.datasets.push(plan.name.clone());
        Ok(())
    }

    fn array(&mut self, dataset: &str, array: &ArrayPlan, what: &str) -> Result<(), Error> {
        let info = self.store.array_info(dataset, &array.name)?;
        let (found, expected) = ((&info.shape, &info.dims), (&array.shape, &array.dims));
        let unlimited = array.unlimited.unwrap_or(false);
        if info.dtype != array.dtype
            || found != expected
            || info.fill_value != array.fill
            || info.unlimited != unlimited
        {
            self.differences
                .push(format!("{what}: its type, shape, dimensions, whether it grows, or fill value differ"));
            return Ok(());
        }
        self.attributes(dataset, Some(&array.name), &array.attributes, what)?;
        for (start, count) in array.source.parts(&info.chunk_shape) {
            let from_file = array.source.read(&start, &count);
            let from_file = from_file.map_err(|fault| fault.error(ErrorKind::Corrupt, what))?;
            if from_file != print::read(self.store, dataset, &array.name, info.dtype, &start, &count)? {
                self.differences.push(format!("{what}: values differ among the {count:?} from {start:?} on"));
                break;
            }
        }
        self.sum.arrays += 1;
        self.sum.bytes += array.source.size();
        Ok(())
    }

    fn attributes(
        &mut self,
        dataset: &str,
        array: Option<&str>,
        attributes: &[(String, Value)],
        what: &str,
    ) -> Result<(), Error> {
        for name in self.store.attribute_names(dataset, array)? {
            if !attributes.iter().any(|(other, _)| *other == *name) {
                self.differences.push(format!("{what}: attribute '{name}' is in the store alone"));
            }
        }
        for (name, value) in attributes {
            let has = self.store.has_attribute(dataset, array, name)?;
            if !has || self.store.attribute(dataset, array, name)? != *value {
                self.differences.push(format!("{what}: attribute '{name}' differs"));
            }
        }
        Ok(())
    }
}
