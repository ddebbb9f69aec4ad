//! `atlas export`: datasets as groups of a NetCDF-4 file, which appears when it is complete.

use super::attributes::{form_of, to_netcdf};
use super::c::{Fault, File, Group, Kind, Owner, Raw};
use super::chars::{Chars, Encoding, Unfit, encode};
use super::plan::Attributes;
use super::{TEXT_BYTES, reserved, slabs::slabs};
use crate::output::{Failure, Out, bytes, counted, quoted, warn};
use crate::print::{self, QUANTIZED};
use crate::{OK, Outcome, args::Export, open};
use atlas_store::{DType, Error, ErrorKind, FillValue, Store, Value};
use indicatif::ProgressBar;
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How times of a store are numbers.
const UNITS: &str = "nanoseconds since 1970-01-01";
const CALENDAR: &str = "proleptic_gregorian";

pub fn export(out: &mut Out, wanted: &Export) -> Outcome {
    let file = &wanted.output;
    if !wanted.replace && file.symlink_metadata().is_ok() {
        let text = format!("there is a file '{}'; --replace replaces it", file.display());
        return Err(Error::new(ErrorKind::AlreadyExists, text).into());
    }
    let store = open(&wanted.store, out)?;
    let datasets = chosen(&store, &wanted.datasets)?;
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".new-{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let bar = out.progress(0, "export");
    let written = write(&store, &datasets, wanted, &draft, &bar).and_then(|sum| {
        // Its bytes are on the disk before it has its name.
        let synced = fs::File::open(&draft).and_then(|file| file.sync_all());
        synced.and_then(|()| fs::rename(&draft, file)).map_err(|error| Failure::file("write", file, &error))?;
        Ok(sum)
    });
    bar.finish_and_clear();
    let sum = written.inspect_err(|_| {
        // Where it could not be made there is none.
        let _ = fs::remove_file(&draft);
    })?;
    if out.json {
        out.document(&json!({
            "file": file.to_string_lossy(),
            "datasets": datasets.iter().map(|(name, _)| &**name).collect::<Vec<_>>(),
            "array_count": sum.arrays,
            "value_bytes": sum.bytes,
            "skipped": sum.skipped,
        }))?;
    } else if !out.quiet {
        for one in &sum.skipped {
            warn(&format!("left out: {one}"));
        }
        out.line(format_args!(
            "{}: {}, {}, {} of values",
            crate::output::plain(&file.to_string_lossy()),
            counted(datasets.len() as u64, "dataset"),
            counted(sum.arrays, "array"),
            bytes(sum.bytes)
        ))?;
    }
    Ok(OK)
}

/// The datasets to write, each with the path of its group; those above first. One alone, with those below it, is the file;
/// several are groups of it.
fn chosen(store: &Store, datasets: &[String]) -> Result<Vec<(Arc<str>, String)>, Failure> {
    let names = store.dataset_names()?;
    let with_those_below = |dataset: &str| {
        let below = format!("{dataset}/");
        let mut these = names.clone();
        these.retain(|name| **name == *dataset || name.starts_with(&below));
        these
    };
    let mut found = BTreeSet::new();
    let mut root = "";
    for dataset in datasets {
        let these = with_those_below(dataset);
        if !these.is_empty() {
            root = if datasets.len() == 1 { dataset } else { "" };
            found.extend(these);
        } else if crate::names::is_pattern(dataset) {
            // Several, also where it is one.
            found.extend(crate::names::datasets(store, dataset)?.iter().flat_map(|dataset| with_those_below(dataset)));
        } else {
            return Err(Failure::not_found(format!("there is no dataset '{dataset}', nor any below it")));
        }
    }
    if datasets.is_empty() {
        found.extend(names.iter().cloned());
    }
    let mut chosen = Vec::new();
    for name in found {
        let path = match name.strip_prefix(root) {
            Some(below) if !root.is_empty() => below.strip_prefix('/').unwrap_or(below),
            _ => &name,
        };
        let path = path.to_owned();
        if !path.is_empty() && path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::new(ErrorKind::Unsupported, format!("dataset '{name}' is no path of groups")).into());
        }
        chosen.push((name, path));
    }
    chosen.sort_by_key(|(_, path)| if path.is_empty() { 0 } else { 1 + path.matches('/').count() });
    Ok(chosen)
}

#[derive(Default)]
struct Sum {
    arrays: u64,
    /// Bytes of values.
    bytes: u64,
    skipped: Vec<String>,
}

fn write(
    store: &Store,
    datasets: &[(Arc<str>, String)],
    wanted: &Export,
    draft: &Path,
    bar: &ProgressBar,
) -> Result<Sum, Failure> {
    let failed = |fault: Fault| fault.error(ErrorKind::Io, format!("write '{}'", wanted.output.display()));
    let file = File::create(draft).map_err(failed)?;
    let mut exporter =
        Exporter { store, wanted, groups: HashMap::new(), unlimited: HashSet::new(), sum: Sum::default() };
    exporter.groups.insert(String::new(), Scope { group: file.root(), dims: HashMap::new() });
    let mut variables = Vec::new();
    for (dataset, path) in datasets {
        exporter
            .make_group(path)
            .map_err(|fault| fault.error(ErrorKind::Unsupported, format!("dataset '{dataset}'")))?;
        exporter.dataset(dataset, path, &mut variables)?;
    }
    bar.set_length(variables.iter().map(ArrayOut::size).sum());
    for variable in &variables {
        exporter.values(variable, bar)?;
        exporter.sum.arrays += 1;
        exporter.sum.bytes += variable.size();
    }
    file.close().map_err(failed)?;
    Ok(exporter.sum)
}

/// A group, and the dimensions that it defines: number and length.
struct Scope {
    group: Group,
    dims: HashMap<String, (c_int, u64)>,
}

struct Exporter<'a> {
    store: &'a Store,
    wanted: &'a Export,
    /// By their paths; that of the file is empty.
    groups: HashMap<String, Scope>,
    /// Numbers of the dimensions that may grow.
    unlimited: HashSet<c_int>,
    sum: Sum,
}

/// An array whose variable is defined.
struct ArrayOut {
    dataset: Arc<str>,
    array: Arc<str>,
    variable: Owner,
    dtype: DType,
    shape: Vec<u64>,
    chunks: Vec<u64>,
    chars: Option<Chars>,
}

impl ArrayOut {
    fn item(&self) -> u64 {
        match (&self.chars, self.dtype) {
            (Some(chars), DType::String) => (chars.length as u64).max(1),
            (None, DType::String) => TEXT_BYTES,
            (_, dtype) => dtype.size() as u64,
        }
    }

    fn size(&self) -> u64 {
        self.shape.iter().fold(self.item(), |product, &extent| product.saturating_mul(extent))
    }
}

impl Exporter<'_> {
    fn unsupported(&mut self, what: String) -> Result<(), Error> {
        if !self.wanted.skip_unsupported {
            return Err(Error::new(ErrorKind::Unsupported, format!("{what}; --skip-unsupported leaves it out")));
        }
        self.sum.skipped.push(what);
        Ok(())
    }

    /// Makes a group, and those above it.
    fn make_group(&mut self, path: &str) -> Result<(), Fault> {
        if self.groups.contains_key(path) {
            return Ok(());
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.make_group(above)?;
        // The line before has made it.
        let Some(scope) = self.groups.get(above) else { return Ok(()) };
        let group = scope.group.define_group(name)?;
        self.groups.insert(path.to_owned(), Scope { group, dims: HashMap::new() });
        Ok(())
    }

    fn group(&self, path: &str) -> Result<Group, Error> {
        let scope = self.groups.get(path);
        scope.map(|scope| scope.group).ok_or_else(|| Error::new(ErrorKind::Internal, format!("no group '{path}'")))
    }

    /// Defines what a dataset has; values come later.
    fn dataset(&mut self, dataset: &Arc<str>, path: &str, variables: &mut Vec<ArrayOut>) -> Result<(), Error> {
        let attributes = self.read_attributes(dataset, None)?;
        let what = format!("dataset '{dataset}'");
        let group = self.group(path)?;
        self.write_attributes(group.owner(), &attributes, &what)?;
        let arrays = self.store.array_names(dataset)?;
        let mut unlimited = texts_of(&attributes, reserved::UNLIMITED).to_vec();
        for array in &arrays {
            let info = self.store.array_info(dataset, array)?;
            unlimited.extend(info.dims.into_iter().next().filter(|_| info.unlimited));
        }
        let lengths = match find(&attributes, reserved::DIM_LENGTHS) {
            Some(Value::I64(lengths)) => lengths.as_slice(),
            _ => &[],
        };
        for (name, &length) in texts_of(&attributes, reserved::DIMS).iter().zip(lengths) {
            let length = u64::try_from(length).unwrap_or(0);
            self.define_dimension(path, name, length, unlimited.contains(name), &what)?;
        }
        for array in arrays {
            let what = format!("array '{array}' of dataset '{dataset}'");
            if let Some(variable) = self.array(dataset, &array, path, &unlimited, &what)? {
                variables.push(variable);
            }
        }
        Ok(())
    }

    fn define_dimension(
        &mut self,
        path: &str,
        name: &str,
        length: u64,
        unlimited: bool,
        what: &str,
    ) -> Result<c_int, Error> {
        let defined = self.group(path)?.define_dimension(name, length as usize, unlimited);
        let id = defined.map_err(|fault| fault.error(ErrorKind::Unsupported, format!("{what}: dimension '{name}'")))?;
        // One of no cells is unlimited, as NetCDF has no other.
        if unlimited || length == 0 {
            self.unlimited.insert(id);
        }
        if let Some(scope) = self.groups.get_mut(path) {
            scope.dims.insert(name.to_owned(), (id, length));
        }
        Ok(id)
    }

    /// The number of the dimension `name` of `length` for an array of the group `path`: one that is there, or a new one. `None`
    /// where the group has another of that name.
    fn dimension(
        &mut self,
        path: &str,
        name: &str,
        length: u64,
        unlimited: bool,
        what: &str,
    ) -> Result<Option<c_int>, Error> {
        // The path of a dimension that another hides, in its file: a dataset above is that.
        if let Some((below, name)) = name.rsplit_once('/') {
            let bases = std::iter::once("").chain(path.match_indices('/').map(|(end, _)| &path[..end]));
            let found = bases.filter_map(|base| {
                let place = format!("{base}{below}");
                let (id, found) = self.groups.get(place.trim_start_matches('/'))?.dims.get(name)?;
                (*found == length).then_some(*id)
            });
            return Ok(found.take(1).next());
        }
        let mut place = path;
        loop {
            match self.groups.get(place).and_then(|scope| scope.dims.get(name)) {
                Some((id, found)) if *found == length => return Ok(Some(*id)),
                Some(_) if place == path => return Ok(None),
                // One of another length is hidden by the new one.
                Some(_) => break,
                None if place.is_empty() => break,
                None => place = place.rsplit_once('/').map_or("", |(above, _)| above),
            }
        }
        self.define_dimension(path, name, length, unlimited, what).map(Some)
    }

    fn array(
        &mut self,
        dataset: &Arc<str>,
        array: &Arc<str>,
        path: &str,
        unlimited: &[String],
        what: &str,
    ) -> Result<Option<ArrayOut>, Error> {
        let info = self.store.array_info(dataset, array)?;
        let mut attributes = self.read_attributes(dataset, Some(array))?;
        if matches!(info.dtype, DType::C64 | DType::C128) {
            self.unsupported(format!("{what} is of {}, and NetCDF has no complex numbers", info.dtype))?;
            return Ok(None);
        }
        if array.contains('/') {
            self.unsupported(format!("{what} has '/' in its name"))?;
            return Ok(None);
        }
        let chars = Chars::of(&attributes, info.dtype == DType::String);
        let chars = chars.filter(|_| matches!(info.dtype, DType::String | DType::U8));
        let (mut dims, mut shape, mut chunks) = (info.dims.clone(), info.shape.clone(), info.chunk_shape.clone());
        if let Some(chars) = chars.as_ref().filter(|chars| !chars.dim.is_empty()) {
            dims.push(chars.dim.clone());
            shape.push(chars.length as u64);
            chunks.push((chars.length as u64).max(1));
        }
        let (kind, fill) = self.kind(&info.dtype, info.fill_value.as_ref(), chars.as_ref(), &mut attributes);
        if let Some(keep_bits) = info.keep_bits {
            let bits = Value::from(keep_bits as i32);
            match attributes.iter_mut().find(|(name, _)| name == QUANTIZED) {
                Some((_, said)) => *said = bits,
                None => attributes.push((QUANTIZED.into(), bits)),
            }
        }

        let (mut ids, mut growing) = (Vec::new(), Vec::new());
        for (d, (name, &length)) in dims.iter().zip(&shape).enumerate() {
            let may_grow = unlimited.contains(name);
            let mut found = self.dimension(path, name, length, may_grow, what)?;
            // The library gave this name, and nobody means by it that lengths are the same.
            if found.is_none() && *name == format!("dim_{d}") {
                found = self.dimension(path, &format!("dim_{d}_{length}"), length, false, what)?;
            }
            let Some(id) = found else {
                self.unsupported(format!(
                    "{what} has {length} cells along '{name}', and an array before it has others"
                ))?;
                return Ok(None);
            };
            ids.push(id);
            growing.push(self.unlimited.contains(&id));
        }
        let extents = chunks.iter().zip(&shape).zip(&growing);
        let chunks: Vec<_> =
            extents.map(|((&chunk, &extent), &grows)| if grows { chunk } else { chunk.min(extent) }).collect();

        let defined = self.group(path)?.define_variable(array, &kind, &ids);
        let variable = match defined {
            Ok(variable) => variable,
            Err(fault) => {
                self.unsupported(fault.error(ErrorKind::Unsupported, what).message().to_owned())?;
                return Ok(None);
            }
        };
        let failed = |fault: Fault| fault.error(ErrorKind::Unsupported, what);
        if !chunks.is_empty() {
            variable.set_chunks(&chunks).map_err(failed)?;
            if kind != Kind::Text && self.wanted.level > 0 {
                variable.set_deflate(self.wanted.level, !self.wanted.no_shuffle).map_err(failed)?;
            }
        }
        if let Some(fill) = fill {
            if find(&attributes, reserved::FILL).is_some() {
                self.unsupported(format!("{what} has a fill value, and an attribute '{}'", reserved::FILL))?;
                attributes.retain(|(name, _)| name != reserved::FILL);
            }
            variable.set_attribute(reserved::FILL, &fill).map_err(failed)?;
        }
        self.write_attributes(variable, &attributes, what)?;
        Ok(Some(ArrayOut {
            dataset: dataset.clone(),
            array: array.clone(),
            variable,
            dtype: info.dtype,
            shape: info.shape,
            chunks: info.chunk_shape,
            chars,
        }))
    }

    /// The type of a variable, and its fill value; attributes that say more are added, and those that it takes go.
    fn kind(
        &self,
        dtype: &DType,
        fill: Option<&FillValue>,
        chars: Option<&Chars>,
        attributes: &mut Attributes,
    ) -> (Kind, Option<Raw>) {
        let number = |dtype: DType| match fill {
            Some(FillValue::Bytes(bytes)) => Value::from_bytes(dtype, bytes).ok(),
            _ => None,
        };
        let mut set = |name: &str, text: &str| {
            attributes.retain(|(other, _)| other != name);
            attributes.push((name.into(), Value::from(text)));
        };
        if chars.is_some() {
            let at = attributes.iter().position(|(name, _)| name == reserved::FILL);
            let text = at.map(|at| attributes.remove(at).1);
            let fill = match text {
                Some(Value::String(texts)) if texts.len() == 1 => {
                    // One character, and a NUL is a text of none.
                    let bytes = encode(&texts[0], Encoding::Latin1);
                    Some(Raw::Chars(if bytes.is_empty() { vec![0] } else { bytes }))
                }
                _ => None,
            };
            return (Kind::Char, fill);
        }
        match dtype {
            DType::String => match fill {
                Some(FillValue::Text(text)) => (Kind::Text, Some(Raw::Texts(vec![text.clone().into_bytes()]))),
                _ => (Kind::Text, None),
            },
            DType::TimestampNs => {
                set("units", UNITS);
                set("calendar", CALENDAR);
                (Kind::Number(DType::I64), number(DType::I64).map(Raw::Numbers))
            }
            DType::Bool => {
                set("dtype", "bool");
                (Kind::Number(DType::I8), number(DType::I8).map(Raw::Numbers))
            }
            DType::F16 => (Kind::Number(DType::F32), number(DType::F16).map(|half| Raw::Numbers(plain(half)))),
            dtype => (Kind::Number(*dtype), number(*dtype).map(Raw::Numbers)),
        }
    }

    fn read_attributes(&self, dataset: &str, array: Option<&str>) -> Result<Attributes, Error> {
        let names = self.store.attribute_names(dataset, array)?;
        let read = |name: &Arc<str>| Ok((name.to_string(), self.store.attribute(dataset, array, name)?));
        names.iter().map(read).collect()
    }

    fn write_attributes(&mut self, owner: Owner, attributes: &Attributes, what: &str) -> Result<(), Error> {
        for (name, value) in attributes.iter().filter(|(name, _)| !name.starts_with(reserved::PREFIX)) {
            let Some(raw) = to_netcdf(value, form_of(attributes, name)) else {
                self.unsupported(format!("attribute {} of {what} is complex, which NetCDF has not", quoted(name)))?;
                continue;
            };
            if let Err(fault) = owner.set_attribute(name, &raw) {
                self.unsupported(format!("attribute {} of {what}: {fault}", quoted(name)))?;
            }
        }
        Ok(())
    }

    fn values(&self, of: &ArrayOut, bar: &ProgressBar) -> Result<(), Error> {
        let what = || format!("array '{}' of dataset '{}'", of.array, of.dataset);
        let texts = of.chars.as_ref().filter(|_| of.dtype == DType::String);
        for (start, count) in slabs(&of.shape, of.item(), Some(&of.chunks)) {
            let value = print::read(self.store, &of.dataset, &of.array, of.dtype, &start, &count)?;
            let (mut start, mut count) = (start, count);
            let raw = match (value, texts) {
                (Value::String(values), Some(chars)) => {
                    if !chars.dim.is_empty() {
                        start.push(0);
                        count.push(chars.length as u64);
                    }
                    Raw::Chars(chars.bytes(&values).map_err(|unfit| self.unfit(&unfit, chars, &what()))?)
                }
                (Value::String(values), None) => Raw::Texts(values.into_iter().map(String::into_bytes).collect()),
                (Value::U8(bytes), _) if of.chars.is_some() => Raw::Chars(bytes),
                (value, _) => Raw::Numbers(plain(value)),
            };
            let written = of.variable.write(&start, &count, &raw);
            written.map_err(|fault| fault.error(ErrorKind::Io, what()))?;
            bar.inc(count.iter().product::<u64>().saturating_mul(if texts.is_some() { 1 } else { of.item() }));
        }
        Ok(())
    }

    fn unfit(&self, unfit: &Unfit, chars: &Chars, what: &str) -> Error {
        match unfit {
            Unfit::Long(found) => Error::new(
                ErrorKind::OutOfRange,
                format!("{what}: a text of {found} bytes does not fit {} characters", chars.length),
            ),
            Unfit::Memory(size) => Error::new(ErrorKind::OutOfMemory, format!("{what}: no memory for {size} bytes")),
        }
    }
}

/// Numbers of a type that NetCDF has.
fn plain(value: Value) -> Value {
    match value {
        Value::Bool(values) => Value::I8(values.into_iter().map(i8::from).collect()),
        Value::F16(values) => Value::F32(values.into_iter().map(f32::from).collect()),
        Value::TimestampNs(values) => Value::I64(values),
        other => other,
    }
}

fn find<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a Value> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The texts of an attribute; none where it is another.
fn texts_of<'a>(attributes: &'a Attributes, name: &str) -> &'a [String] {
    match find(attributes, name) {
        Some(Value::String(texts)) => texts,
        _ => &[],
    }
}
