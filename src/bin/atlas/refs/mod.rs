//! `refs`: references by which Zarr tools read arrays in place.

mod chunks;
mod names;
mod pin;
mod stack;
mod zarr;

use crate::args::StoreArgs;
use crate::output::{self, Failure, Out, plain};
use crate::target::At;
use crate::{FOUND, OK, Outcome, open, open_for, print, runtime};
use atlas_store::{ArrayInfo, ChunkPlaces, Error, ErrorKind, Store, Value};
use chunks::Coding;
pub use chunks::coordinates;
use pin::Pin;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zarr::Format;

/// What the command line asks for.
pub struct Wanted {
    pub datasets: Vec<String>,
    pub output: Option<PathBuf>,
    pub stacked: bool,
    pub base_url: Option<String>,
    pub zarr_format: u8,
    pub lenient: bool,
    pub pin: Pinning,
}

/// Whether the commit that is described is pinned.
pub enum Pinning {
    No,
    /// Under this name; without one, under one that its generation gives.
    Yes(Option<String>),
}

/// Where all references of a run come from and how they are written.
struct Source<'a> {
    store: &'a Store,
    store_id: String,
    generation: u64,
    /// What goes before the path of a file in the store's folder.
    base: String,
    format: Format,
    quiet: bool,
}

/// What becomes one document: a group of arrays.
struct Group {
    /// What errors call it.
    title: String,
    attributes: Map<String, Json>,
    members: Vec<Member>,
    /// Those that are not among them.
    left_out: Vec<LeftOut>,
    /// Names for the first chunk of an array `dataset`.
    names: Option<Vec<Arc<str>>>,
}

/// An array of a group.
struct Member {
    name: Arc<str>,
    info: ArrayInfo,
    attributes: Map<String, Json>,
    coding: Coding,
    /// The chunks; where arrays are stacked, those of each.
    parts: Vec<ChunkPlaces>,
    stacked: bool,
}

/// An array that cannot be referred to.
struct LeftOut {
    dataset: Arc<str>,
    array: Arc<str>,
    why: String,
}

pub fn refs(out: &mut Out, args: &StoreArgs, wanted: &Wanted) -> Outcome {
    let reader = open(args, out)?;
    let base = base(&args.path, wanted.base_url.as_deref())?;
    // What is wrong with the command line is said before a pin is made.
    let datasets = datasets(&reader, wanted)?;
    match wanted.stacked {
        true => drop(stack::first(&datasets)?),
        false => drop(files(&datasets, wanted.output.as_deref())?),
    }
    let Pinning::Yes(name) = &wanted.pin else { return describe(out, &reader, base, wanted, None, args) };
    let pin = pin::pin(out, &reader, args, name.as_deref())?;
    drop(reader);
    let pinned = StoreArgs { path: args.path.clone(), generation: Some(pin.generation) };
    let described = open_for(&pinned, runtime(out)).map_err(Failure::from);
    let described = described.and_then(|store| describe(out, &store, base, wanted, Some(&pin), args));
    if described.is_err() && pin.made && !out.quiet {
        // It is not taken away: another run may have found it.
        output::note(&format!("generation {} stays pinned as '{}'", pin.generation, pin.name));
    }
    described
}

/// Writes the references.
fn describe(
    out: &mut Out,
    store: &Store,
    base: String,
    wanted: &Wanted,
    pin: Option<&Pin>,
    args: &StoreArgs,
) -> Outcome {
    let info = store.info()?;
    let format = Format::of(wanted.zarr_format);
    let (store_id, generation) = (info.store_id, info.generation);
    let source = Source { store, store_id, generation, base, format, quiet: out.quiet };
    let datasets = datasets(store, wanted)?;
    let mut written = Vec::new();
    let mut left_out = Vec::new();
    if wanted.stacked {
        let group = stack::stacked(&source, &datasets)?;
        source.write(out, &group, wanted.output.as_deref())?;
        written.extend(wanted.output.as_deref().map(|file| (file.to_owned(), None)));
        left_out.extend(group.left_out);
    } else {
        let files = files(&datasets, wanted.output.as_deref())?;
        if let (Some(folder), true) = (&wanted.output, datasets.len() != 1) {
            fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
        }
        for (dataset, file) in datasets.iter().zip(files) {
            let group = source.group(dataset)?;
            source.write(out, &group, file.as_deref())?;
            written.extend(file.map(|file| (file, Some(dataset.clone()))));
            left_out.extend(group.left_out);
        }
    }
    if wanted.output.is_some() {
        report(out, &source, pin, &written, &left_out)?;
    }
    out.finish()?;
    for LeftOut { dataset, array, why } in &left_out {
        source.warn(&format!("array '{array}' of dataset '{dataset}' is left out: {why}"));
    }
    if !out.quiet {
        // The references need the files of a commit, which the store removes when it keeps that no more.
        output::note(&match pin {
            Some(pin) => format!("valid until `atlas unpin {} {}`", args.path.display(), pin.name),
            None => format!("valid while generation {generation} is kept"),
        });
    }
    Ok(if left_out.is_empty() || wanted.lenient { OK } else { FOUND })
}

/// The datasets that are wanted.
fn datasets(store: &Store, wanted: &Wanted) -> Result<Vec<Arc<str>>, Failure> {
    match wanted.datasets.as_slice() {
        [] => Ok(store.dataset_names()?),
        names => crate::names::all_datasets(store, names),
    }
}

/// Says which files there are now.
fn report(
    out: &mut Out,
    source: &Source<'_>,
    pin: Option<&Pin>,
    written: &[(PathBuf, Option<Arc<str>>)],
    left_out: &[LeftOut],
) -> Result<(), Failure> {
    if out.json {
        let file = |(file, dataset): &(PathBuf, Option<Arc<str>>)| json!({"file": file.to_string_lossy(), "dataset": dataset.as_deref()});
        let left =
            |LeftOut { dataset, array, why }: &LeftOut| json!({"dataset": **dataset, "array": **array, "why": why});
        return out.document(&json!({
            "generation": source.generation,
            "pin": pin.map(|pin| &pin.name),
            "store_id": source.store_id,
            "files": written.iter().map(file).collect::<Vec<_>>(),
            "left_out": left_out.iter().map(left).collect::<Vec<_>>(),
        }));
    }
    if !out.quiet {
        for (file, _) in written {
            out.line(plain(&file.to_string_lossy()))?;
        }
    }
    Ok(())
}

/// What goes before the path of a file of the store. A reader would look for a relative one in a folder of its own.
fn base(path: &Path, url: Option<&str>) -> Result<String, Failure> {
    if let Some(url) = url {
        let scheme = url.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        if !scheme && !url.starts_with('/') {
            let message = format!("--base-url {url}: an absolute path or a URL, as readers have folders of their own");
            return Err(Failure::usage(message));
        }
        return Ok(url.trim_end_matches('/').to_owned());
    }
    let path = match At::of(path) {
        At::Bucket(url) if url.contains('%') => {
            return Err(Failure::usage(format!("{url}: readers have each their way with %: give --base-url")));
        }
        At::Bucket(url) => return Ok(url.trim_end_matches('/').to_owned()),
        At::Folder(folder) => folder,
    };
    let absolute = fs::canonicalize(path).map_err(|error| Failure::file("find", path, &error))?;
    let text = absolute.to_str();
    let text = text.ok_or_else(|| Failure::usage(format!("{} is not UTF-8: give --base-url", path.display())))?;
    Ok(format!("file://{}", text.trim_end_matches('/')))
}

/// Which file each dataset goes to; none for standard output.
fn files(datasets: &[Arc<str>], to: Option<&Path>) -> Result<Vec<Option<PathBuf>>, Failure> {
    if datasets.len() == 1 && to.is_none_or(|to| !to.is_dir()) {
        return Ok(vec![to.map(Path::to_owned)]);
    }
    let Some(folder) = to else {
        let message = format!("{} datasets: name one, or give --output DIR or --stacked", datasets.len());
        return Err(Failure::usage(message));
    };
    Ok(datasets.iter().map(|dataset| Some(folder.join(names::file_name(dataset)))).collect())
}

/// The attributes of a dataset or an array as JSON: one value as it is, others as a list.
fn attributes(store: &Store, dataset: &str, array: Option<&str>) -> Result<Map<String, Json>, Error> {
    let keys = store.attribute_names(dataset, array)?;
    let entry = |key: &Arc<str>| Ok((key.to_string(), attribute(&store.attribute(dataset, array, key)?)));
    keys.iter().map(entry).collect()
}

fn attribute(value: &Value) -> Json {
    let mut list = print::json(value);
    list.iter_mut().for_each(|one| zarr::plain_nan(value.dtype(), one));
    match list.len() {
        1 => list.pop().unwrap_or_default(),
        _ => Json::Array(list),
    }
}

impl Source<'_> {
    /// One dataset.
    fn group(&self, dataset: &Arc<str>) -> Result<Group, Error> {
        let mut group = Group {
            title: format!("dataset '{dataset}'"),
            attributes: attributes(self.store, dataset, None)?,
            members: Vec::new(),
            left_out: Vec::new(),
            names: None,
        };
        group.attributes.insert("_atlas_dataset".into(), json!(**dataset));
        self.stamp(&mut group);
        for array in self.store.array_names(dataset)? {
            let info = self.store.array_info(dataset, &array)?;
            if let Some(why) = self.format.obstacle(&info).or_else(|| group.obstacle(&array, &info)) {
                group.left_out.push(LeftOut { dataset: dataset.clone(), array, why });
                continue;
            }
            let attributes = attributes(self.store, dataset, Some(&array))?;
            let parts = vec![self.store.chunk_places(dataset, &array)?];
            group.members.push(Member::new(array, info, attributes, parts, false));
        }
        Ok(group)
    }

    fn warn(&self, text: &str) {
        if !self.quiet {
            output::warn(text);
        }
    }

    /// Which commit this is of which store.
    fn stamp(&self, group: &mut Group) {
        group.attributes.insert("_atlas_generation".into(), json!(self.generation));
        group.attributes.insert("_atlas_store_id".into(), json!(self.store_id));
    }

    /// Writes a document, and a file as a whole or not at all.
    fn write(&self, out: &mut Out, group: &Group, file: Option<&Path>) -> Result<(), Failure> {
        let failed = RefCell::new(None);
        let document = Document { source: self, group, failed: &failed };
        let written = match file {
            None => out.document(&document),
            Some(file) => write_file(file, &document),
        };
        // What the store said, rather than what the writer of JSON made of it.
        failed.take().map_or(written, |error| Err(Failure::from(error)))
    }
}

fn write_file(file: &Path, document: &Document<'_>) -> Result<(), Failure> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(format!(".new-{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let failed = |error| Failure::file("write", file, &error);
    let made = || {
        let mut to = BufWriter::with_capacity(1 << 16, File::create(&draft).map_err(failed)?);
        output::write_json(&mut to, document)?;
        to.flush().map_err(failed)?;
        fs::rename(&draft, file).map_err(failed)
    };
    made().inspect_err(|_| {
        // The error of before matters more than a file that cannot be removed.
        let _ = fs::remove_file(&draft);
    })
}

impl Group {
    /// Why Zarr tools could not read the group with this array in it.
    fn obstacle(&self, array: &str, info: &ArrayInfo) -> Option<String> {
        if let Some(why) = names::reserved(array) {
            return Some(why.into());
        }
        let known = || self.members.iter().flat_map(|member| member.info.dims.iter().zip(&member.info.shape));
        for (d, (dim, extent)) in info.dims.iter().zip(&info.shape).enumerate() {
            let own = info.dims[..d].iter().zip(&info.shape[..d]);
            let other = known().chain(own).find(|(name, other)| *name == dim && *other != extent);
            if let Some((_, other)) = other {
                return Some(format!("its dimension '{dim}' has {extent} cells, where another has {other}"));
            }
        }
        None
    }
}

impl Member {
    fn new(
        name: Arc<str>,
        info: ArrayInfo,
        attributes: Map<String, Json>,
        parts: Vec<ChunkPlaces>,
        stacked: bool,
    ) -> Self {
        Self { coding: Coding::of(&parts), name, info, attributes, parts, stacked }
    }
}

/// References as JSON, written as they are made.
struct Document<'a> {
    source: &'a Source<'a>,
    group: &'a Group,
    failed: &'a RefCell<Option<Error>>,
}

struct Refs<'a>(&'a Document<'a>);

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
        map.serialize_entry("version", &1)?;
        map.serialize_entry("refs", &Refs(self))?;
        map.end()
    }
}

impl Serialize for Refs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(document) = self;
        let Document { source, group, .. } = document;
        let mut map = serializer.serialize_map(None)?;
        for (key, entry) in document.keep(source.format.metadata(group, &|text| source.warn(text)))? {
            map.serialize_entry(&key, &entry.to_string())?;
        }
        if let Some(names) = &group.names {
            map.serialize_entry(&source.format.key(stack::DIMENSION, &[0]), &chunks::inline(&chunks::texts(names)))?;
        }
        for member in &group.members {
            for (number, part) in member.parts.iter().enumerate() {
                for index in 0..part.places.len() {
                    let place = &part.places[index];
                    let mut at = chunks::coordinates(&member.info, place.number);
                    if member.stacked {
                        at.insert(0, number as u64);
                    }
                    let key = source.format.key(&member.name, &at);
                    match member.coding.range(place) {
                        Some((offset, length)) => {
                            let file = format!("{}/{}", source.base, part.files[place.file]);
                            map.serialize_entry(&key, &(file, offset, length))?;
                        }
                        None => {
                            let bytes = document.keep(source.store.stored_chunk(part, index))?;
                            let bytes = document.keep(member.coding.encode(bytes))?;
                            map.serialize_entry(&key, &chunks::inline(&bytes))?;
                        }
                    }
                }
            }
        }
        map.end()
    }
}

/// What should not be.
fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Internal, message)
}
