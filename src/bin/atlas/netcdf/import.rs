//! `atlas import`: all files in one commit, or none.

use super::c::{Fault, File};
use super::classic;
use super::plan::{ArrayPlan, DatasetPlan, Planner};
use crate::output::{Failure, Out, bytes, counted, plain, quoted, warn};
use crate::{FOUND, OK, Outcome, args::Import, open_with, runtime};
use atlas_store::{ArrayOptions, CreateOptions, Error, ErrorKind, Mode, Selection, Source, Store, Value};
use indicatif::ProgressBar;
use serde_json::json;
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
    let mut runtime = runtime(out);
    runtime.write_buffer_bytes = Some(WRITE_BUFFER);
    let found = wanted.store.exists();
    let empty = !found || fs::read_dir(&wanted.store).is_ok_and(|mut entries| entries.next().is_none());
    let store = match empty {
        true => Store::create(&wanted.store, CreateOptions { runtime, ..CreateOptions::default() })?,
        false => open_with(&wanted.store, Mode::ReadWrite, runtime)?,
    };
    let bar = out.progress(total, "import");
    let done = add(&store, &files, wanted, &bar).and_then(|sum| {
        store.flush()?;
        Ok(sum)
    });
    let sum = match done {
        Ok(sum) => sum,
        Err(error) => {
            store.discard();
            drop(store);
            // Nobody else has had it yet.
            if !found && fs::remove_dir_all(&wanted.store).is_err() {
                warn(&format!("the new store {} could not be removed", wanted.store.display()));
            }
            return Err(error.into());
        }
    };
    bar.finish_and_clear();
    let generation = store.info()?.generation;
    store.close()?;
    let differences = if wanted.check { compare(out, &files, wanted, total)? } else { Vec::new() };
    report(out, wanted, &sum, generation, &differences)?;
    Ok(if differences.is_empty() { OK } else { FOUND })
}

fn report(out: &mut Out, wanted: &Import, sum: &Sum, generation: u64, differences: &[String]) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({
            "generation": generation,
            "datasets": sum.datasets,
            "array_count": sum.arrays,
            "value_bytes": sum.bytes,
            "skipped": sum.skipped,
            "differences": wanted.check.then_some(differences),
        }));
    }
    if !out.quiet {
        for one in &sum.skipped {
            warn(&format!("left out: {one}"));
        }
    }
    for one in differences {
        out.line(plain(one))?;
    }
    if out.quiet {
        return Ok(());
    }
    let checked = match (wanted.check, differences.len()) {
        (false, _) => String::new(),
        (true, 0) => ", read back and found the same".into(),
        (true, count) => format!(", read back: {}", counted(count as u64, "difference")),
    };
    out.line(format_args!(
        "{} of {}, {}, {} of values{checked}: generation {generation}",
        counted(sum.datasets.len() as u64, "dataset"),
        counted(wanted.files.len() as u64, "file"),
        counted(sum.arrays, "array"),
        bytes(sum.bytes),
    ))
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
fn add(store: &Arc<Store>, files: &[Wanted<'_>], wanted: &Import, bar: &ProgressBar) -> Result<Sum, Error> {
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
    Error::new(error.kind(), format!("file {}: {}", shown(path), error.message()))
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
                self.store.set_attribute(&plan.name, None, name, value.clone())?;
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
        let options =
            ArrayOptions { chunk_shape: plan.chunks.clone(), fill_value: plan.fill.clone(), ..ArrayOptions::default() };
        let dims: Vec<_> = plan.dims.iter().map(String::as_str).collect();
        self.store.define_array(dataset, &plan.name, plan.dtype, &dims, &plan.shape, options)?;
        for (name, value) in &plan.attributes {
            self.store.set_attribute(dataset, Some(&plan.name), name, value.clone())?;
        }
        let chunks = self.store.array_info(dataset, &plan.name)?.chunk_shape;
        for (start, count) in plan.source.parts(&chunks) {
            match plan.source.read(&start, &count) {
                Ok(value) => self.write(dataset, &plan.name, &start, &count, &value)?,
                Err(fault @ Fault::NotText(_)) => {
                    planner.unsupported(format!("variable '{}' of dataset '{dataset}': {fault}", plan.name))?;
                    return self.store.delete_array(dataset, &plan.name);
                }
                Err(fault) => {
                    let what = format!("variable '{}' of dataset '{dataset}'", plan.name);
                    return Err(fault.error(ErrorKind::Corrupt, what));
                }
            }
        }
        self.sum.arrays += 1;
        self.sum.bytes += plan.source.size();
        Ok(())
    }

    fn write(&self, dataset: &str, array: &str, start: &[u64], count: &[u64], value: &Value) -> Result<(), Error> {
        let at = Selection::region(start, count);
        macro_rules! numbers {
            ($values:expr) => {
                self.store.write_array(dataset, array, at, Source::from_slice($values))
            };
        }
        match value {
            Value::I8(v) => numbers!(v),
            Value::I16(v) => numbers!(v),
            Value::I32(v) => numbers!(v),
            Value::I64(v) => numbers!(v),
            Value::U8(v) => numbers!(v),
            Value::U16(v) => numbers!(v),
            Value::U32(v) => numbers!(v),
            Value::U64(v) => numbers!(v),
            Value::F32(v) => numbers!(v),
            Value::F64(v) => numbers!(v),
            Value::String(texts) => {
                let texts: Vec<_> = texts.iter().map(String::as_str).collect();
                self.store.write_strings(dataset, array, at, &texts)
            }
            other => Err(Error::new(ErrorKind::Internal, format!("NetCDF has no {}", other.dtype()))),
        }
    }
}

/// Reads files and the store anew: what differs, one line for each array or attribute.
fn compare(out: &Out, files: &[Wanted<'_>], wanted: &Import, total: u64) -> Result<Vec<String>, Failure> {
    let store = open_with(&wanted.store, Mode::Read, runtime(out))?;
    let bar = out.progress(total, "check");
    let mut differences = Vec::new();
    for file in files {
        // What is left out has been said.
        let mut planner = Planner { skip_unsupported: wanted.skip_unsupported, skipped: Vec::new() };
        let opened = open(file.path).map_err(|error| in_file(file.path, &error))?;
        let plans = planner.file(&opened, &file.name).map_err(|error| in_file(file.path, &error))?;
        for plan in &plans {
            let compared = compare_dataset(&store, plan, wanted.skip_unsupported, &mut differences);
            compared.map_err(|error| in_file(file.path, &error))?;
        }
        bar.inc(fs::metadata(file.path).map(|about| about.len()).unwrap_or(0));
    }
    bar.finish_and_clear();
    Ok(differences)
}

/// With `left_out`, strings that are no UTF-8 are not in the store.
fn compare_dataset(
    store: &Store,
    plan: &DatasetPlan,
    left_out: bool,
    differences: &mut Vec<String>,
) -> Result<(), Error> {
    let dataset = plan.name.as_str();
    let what = format!("dataset '{dataset}'");
    compare_attributes(store, dataset, None, &plan.attributes, &what, differences)?;
    for array in &plan.arrays {
        let what = format!("array '{}' of dataset '{dataset}'", array.name);
        if array.is_text() && left_out && !store.has_array(dataset, &array.name)? {
            continue;
        }
        let Ok(info) = store.array_info(dataset, &array.name) else {
            differences.push(format!("{what} is not there"));
            continue;
        };
        let (found, expected) = ((&info.shape, &info.dims), (&array.shape, &array.dims));
        if info.dtype != array.dtype || found != expected || info.fill_value != array.fill {
            differences.push(format!("{what}: its type, shape, dimensions or fill value differ"));
            continue;
        }
        compare_attributes(store, dataset, Some(&array.name), &array.attributes, &what, differences)?;
        for (start, count) in array.source.parts(&info.chunk_shape) {
            let from_file = array.source.read(&start, &count);
            let from_file = from_file.map_err(|fault| fault.error(ErrorKind::Corrupt, &what))?;
            let from_store = crate::print::read(store, dataset, &array.name, info.dtype, &start, &count)?;
            if from_file != from_store {
                differences.push(format!("{what}: values from {start:?} on, {count:?} of them, differ"));
                break;
            }
        }
    }
    Ok(())
}

fn compare_attributes(
    store: &Store,
    dataset: &str,
    array: Option<&str>,
    attributes: &[(String, Value)],
    what: &str,
    differences: &mut Vec<String>,
) -> Result<(), Error> {
    let names = store.attribute_names(dataset, array)?;
    if !names.iter().map(|name| &**name).eq(attributes.iter().map(|(name, _)| name.as_str())) {
        differences.push(format!("{what}: the names of its attributes differ"));
    }
    for (name, value) in attributes {
        match store.attribute(dataset, array, name) {
            Ok(found) if found == *value => {}
            _ => differences.push(format!("{what}: attribute '{name}' differs")),
        }
    }
    Ok(())
}
