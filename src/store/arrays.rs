//! Arrays of a store: defining, writing, appending, reading.

use crate::array::{self, Array, Io, Plan};
use crate::base::dtype::DType;
use crate::base::error::{ErrorKind, Result, bail, error};
use crate::base::locks::{read, write};
use crate::base::names::{check_name, default_dims};
use crate::base::shape::{Dims, Region, Selection, check_shape, check_size};
use crate::change::catalogue::ArrayEntry;
use crate::chunk::grid::{self, chunking_size};
use crate::chunk::schema::{Fill, Schema};
use crate::chunk::strided::{BoundTarget, Source, Target};
use crate::codec::{Compression, Filter};
use crate::format::root::no_attributes;
use crate::segment::Segments;
use crate::store::options::{ArrayOptions, FillValue};
use crate::store::{ArrayInfo, State, Store, in_array};
use crate::version::defaults::Defaults;
use std::sync::Arc;

impl Store {
    /// Defines an array of `shape`, whose dimensions have the names `dims`. Its cells read as the fill value, or as
    /// zero, until they are written. Dimension 0 can grow: see [`Store::append_array`].
    ///
    /// A name may stand several times, and has one length in a dataset; of dimensions 0 that holds from a flush on, which
    /// is refused where two differ. Without names (`dims` is empty) an array of rank 1 has its own name as that of its
    /// dimension, any other `dim_0`, `dim_1`, ... Those are compared with nothing.
    pub fn define_array(
        &self,
        dataset: &str,
        array: &str,
        dtype: DType,
        dims: &[&str],
        shape: &[u64],
        options: ArrayOptions,
    ) -> Result<()> {
        check_name("array", array)?;
        let in_array = |error| in_array(dataset, array, error);
        let default;
        let dims = match dims {
            [] => {
                default = default_dims(array, shape.len());
                &default
            }
            named => named,
        };
        let defaults = self.state()?.catalogue.defaults();
        let schema = schema(dtype, dims, shape, options, defaults).map_err(in_array)?;
        let mut state = self.state_mut()?;
        {
            let slot = state.catalogue.slot(dataset)?;
            if slot.dataset().arrays.contains(array) {
                bail!(AlreadyExists, "array '{array}' of dataset '{dataset}' already exists");
            }
            slot.dataset().check_dims(&schema, shape).map_err(in_array)?;
        }
        let name = state.catalogue.common_name(array);
        state.catalogue.define(dataset, name, schema, shape, no_attributes()).map(drop)
    }

    /// Deletes an array. Its bytes stay on disk until [`Store::compact`].
    pub fn delete_array(&self, dataset: &str, array: &str) -> Result<()> {
        self.check_coordinator("delete an array")?;
        let mut state = self.state_mut()?;
        let gone = state.catalogue.slot(dataset)?.dataset().array(dataset, array)?.array.clone();
        let (found, change) = state.catalogue.change(dataset)?;
        found.remove(array)?;
        found.note_removed(change, array.into());
        state.catalogue.removed.push((array.into(), gone));
        Ok(())
    }

    /// Whether a dataset has an array of this name.
    pub fn has_array(&self, dataset: &str, array: &str) -> Result<bool> {
        Ok(self.state()?.catalogue.slot(dataset)?.dataset().arrays.contains(array))
    }

    /// Names of a dataset's arrays, in the order they were defined.
    pub fn array_names(&self, dataset: &str) -> Result<Vec<Arc<str>>> {
        Ok(self.state()?.catalogue.slot(dataset)?.dataset().arrays.names().cloned().collect())
    }

    /// Type, shape, chunks, codec and fill value of an array.
    pub fn array_info(&self, dataset: &str, array: &str) -> Result<ArrayInfo> {
        self.state()?.with_array(dataset, array, |_, entry, _| {
            let schema = &entry.array.schema;
            Ok(ArrayInfo {
                dtype: schema.dtype,
                shape: read(&entry.array.data)?.shape.to_vec(),
                chunk_shape: schema.chunk_shape.to_vec(),
                piece_shape: schema.piece_shape.to_vec(),
                dims: schema.dims.iter().map(|name| name.to_string()).collect(),
                codec: schema.compression.codec,
                level: schema.compression.level,
                shuffle: schema.compression.shuffle,
                filter: schema.compression.filter,
                keep_bits: schema.keep_bits,
                pack: schema.pack,
                unlimited: schema.unlimited,
                fill_value: schema.fill.as_ref().map(|fill| match fill {
                    Fill::Bytes(bytes) => FillValue::Bytes(bytes.clone()),
                    Fill::Text(text) => FillValue::Text(text.to_string()),
                }),
            })
        })
    }

    /// The start and count of a selection, with what the caller left out filled in and the bounds checked.
    pub fn resolve(&self, dataset: &str, array: &str, selection: Selection<'_>) -> Result<(Vec<u64>, Vec<u64>)> {
        self.state()?.with_array(dataset, array, |_, entry, _| {
            let region = selection.resolve(&read(&entry.array.data)?.shape)?;
            Ok((region.start.to_vec(), region.count.to_vec()))
        })
    }

    /// As [`Store::resolve`], of a selection that is to be written: where dimension 0 is unlimited it may end past that.
    pub fn resolve_to_write(
        &self,
        dataset: &str,
        array: &str,
        selection: Selection<'_>,
    ) -> Result<(Vec<u64>, Vec<u64>)> {
        self.state()?.with_array(dataset, array, |_, entry, _| {
            let region = writable(&entry.array, &read(&entry.array.data)?.shape, selection)?;
            Ok((region.start.to_vec(), region.count.to_vec()))
        })
    }

    /// Writes a region from the caller's memory. Reads through this store see it at once; [`Store::flush`] makes it
    /// durable. Where dimension 0 is unlimited, a region that ends past it makes it grow.
    pub fn write_array(&self, dataset: &str, array: &str, selection: Selection<'_>, source: Source<'_>) -> Result<()> {
        self.make_room()?;
        let state = self.state_for_values()?;
        state.with_array(dataset, array, |slot, entry, segments| {
            let array = &entry.array;
            takes_numbers(array)?;
            let mut data = write(&array.data)?;
            let region = writable(array, &data.shape, selection)?;
            let source = source.bind(&region.count, array.schema.dtype, self.overflow)?;
            source.check_values()?;
            let put = |data: &mut _| array.write_numbers(data, &self.io, &segments, &region, &source);
            self.reach(array, &mut data, &segments, &region, put)?;
            state.catalogue.note_values(slot, entry)
        })
    }

    /// Writes texts, in C order of the region; see [`Store::write_array`].
    pub fn write_strings(&self, dataset: &str, array: &str, selection: Selection<'_>, texts: &[&str]) -> Result<()> {
        self.make_room()?;
        let state = self.state_for_values()?;
        state.with_array(dataset, array, |slot, entry, segments| {
            let array = &entry.array;
            takes_texts(array, texts)?;
            let mut data = write(&array.data)?;
            let region = writable(array, &data.shape, selection)?;
            check_text_count(texts, &region.count)?;
            let put = |data: &mut _| array.write_texts(data, &self.io, &segments, &region, texts);
            self.reach(array, &mut data, &segments, &region, put)?;
            state.catalogue.note_values(slot, entry)
        })
    }

    /// Has `put` write a region, once the array has grown to where that ends; if it fails the array is as before.
    fn reach(
        &self,
        array: &Array,
        data: &mut array::ArrayData,
        segments: &Segments,
        region: &Region,
        put: impl FnOnce(&mut array::ArrayData) -> Result<()>,
    ) -> Result<()> {
        let old = data.shape.first().copied().unwrap_or(0);
        let end = region.start.first().map_or(0, |start| start + region.count[0]);
        if end <= old || region.cells() == 0 {
            return put(data);
        }
        array.resize(data, &self.io, segments, end)?;
        put(data).inspect_err(|_| array.ungrow(data, old))
    }

    /// Gives dimension 0 an extent. Cells that it loses are gone: those that it gets, even where they were there before,
    /// hold the fill value.
    pub fn resize_array(&self, dataset: &str, array: &str, length: u64) -> Result<()> {
        self.set_length(dataset, array, |_| length)
    }

    /// Gives dimension 0 an extent of at least `length`: what it gets holds the fill value. Many workers of a session can do it,
    /// where but one can append.
    pub fn extend_array(&self, dataset: &str, array: &str, length: u64) -> Result<()> {
        self.set_length(dataset, array, |old| old.max(length))
    }

    /// Gives dimension 0 the extent that `new` makes of its own; an array of rank 0 has none.
    fn set_length(&self, dataset: &str, array: &str, new: impl Fn(u64) -> u64) -> Result<()> {
        self.make_room()?;
        let wants = |entry: &ArrayEntry| {
            let Some(old) = read(&entry.array.data)?.shape.first().copied() else { return Ok(false) };
            if new(old) < old {
                self.check_coordinator("shrink an array")?;
            }
            Ok(entry.array.schema.rechunk_on_append && new(old) > old)
        };
        self.resizing(dataset, array, wants, |array, segments| {
            let mut data = write(&array.data)?;
            let length = new(data.shape.first().copied().unwrap_or(0));
            array.resize(&mut data, &self.io, segments, length)
        })
    }

    /// Grows dimension 0 by `count[0]` and writes the new rows; the other counts are the array's extents.
    pub fn append_array(&self, dataset: &str, array: &str, count: &[u64], source: Source<'_>) -> Result<()> {
        self.append(dataset, array, count, |array, data, segments, region| {
            takes_numbers(array)?;
            let source = source.bind(&region.count, array.schema.dtype, self.overflow)?;
            source.check_values()?;
            array.write_numbers(data, &self.io, segments, region, &source)
        })
    }

    /// Grows dimension 0 by `count[0]` and writes the new rows of texts.
    pub fn append_strings(&self, dataset: &str, array: &str, count: &[u64], texts: &[&str]) -> Result<()> {
        self.append(dataset, array, count, |array, data, segments, region| {
            takes_texts(array, texts)?;
            check_text_count(texts, &region.count)?;
            array.write_texts(data, &self.io, segments, region, texts)
        })
    }

    fn append(
        &self,
        dataset: &str,
        array: &str,
        count: &[u64],
        put: impl FnOnce(&Arc<Array>, &mut array::ArrayData, &Segments, &Region) -> Result<()>,
    ) -> Result<()> {
        self.make_room()?;
        let wants =
            |entry: &ArrayEntry| Ok(entry.array.schema.rechunk_on_append && count.first().is_some_and(|&n| n > 0));
        self.resizing(dataset, array, wants, |array, segments| grow(array, segments, count, put))
    }

    /// Has `resize` change the extent of dimension 0. Where `wants` says so, it is done to one of the same values with the
    /// chunks of one that grows, which takes the array's place.
    fn resizing(
        &self,
        dataset: &str,
        array: &str,
        wants: impl Fn(&ArrayEntry) -> Result<bool>,
        resize: impl FnOnce(&Arc<Array>, &Segments) -> Result<()>,
    ) -> Result<()> {
        let mut state = self.state_for_values()?;
        // Workers know an array by its chunks.
        let wants = |entry: &ArrayEntry| Ok(wants(entry)? && !self.keeps_chunks());
        if state.with_array(dataset, array, |_, entry, _| wants(entry))? {
            drop(state);
            let mut exclusive = self.state_mut()?;
            // Another thread may have been faster.
            if exclusive.with_array(dataset, array, |_, entry, _| wants(entry))? {
                return self.rechunk(&mut exclusive, dataset, array, |made| resize(made, &Segments::default()));
            }
            drop(exclusive);
            state = self.state_for_values()?;
        }
        state.with_array(dataset, array, |slot, entry, segments| {
            resize(&entry.array, &segments)?;
            state.catalogue.note_values(slot, entry)
        })
    }

    /// Puts in place of an array, whose chunk shape was chosen for a fixed shape, one of the same values with the
    /// chunks of one that grows, once `grow` has made it grow.
    fn rechunk(
        &self,
        state: &mut State,
        dataset: &str,
        array: &str,
        grow: impl FnOnce(&Arc<Array>) -> Result<()>,
    ) -> Result<()> {
        let (old, schema, region, values) = state.with_array(dataset, array, |_, entry, segments| {
            let old = &entry.array;
            let data = read(&old.data)?;
            let mut growing = data.shape.clone();
            growing[0] = 0;
            let dtype = old.schema.dtype;
            let chunk_shape = grid::default_chunk_shape(&growing, chunking_size(dtype));
            let schema = Schema {
                piece_shape: pieces_of(&chunk_shape, dtype),
                chunk_shape,
                rechunk_on_append: false,
                ..(*old.schema).clone()
            };
            let region = Selection::all(data.shape.len()).resolve(&data.shape)?;
            let values = self.read_whole(old, &data, &segments, &region)?;
            Ok((old.clone(), schema, region, values))
        })?;
        let made = state.catalogue.new_array(schema, &region.count);
        {
            let mut data = write(&made.data)?;
            let none = Segments::default();
            match &values {
                array::Values::Numbers(bytes) => {
                    let dtype = made.schema.dtype;
                    let source = Source::from_bytes(bytes, dtype).bind(&region.count, dtype, self.overflow)?;
                    made.write_numbers(&mut data, &self.io, &none, &region, &source)?;
                }
                array::Values::Texts(texts) => {
                    let texts = crate::memory::buffers::collect(texts.iter().map(String::as_str))?;
                    made.write_texts(&mut data, &self.io, &none, &region, &texts)?;
                }
            }
        }
        grow(&made).map_err(|error| in_array(dataset, array, error))?;
        let (found, change) = state.catalogue.change(dataset)?;
        if let Some(entry) = found.arrays.get_mut(array) {
            entry.array = made;
            entry.note(change);
        }
        state.catalogue.removed.push((array.into(), old));
        Ok(())
    }

    fn read_whole(
        &self,
        array: &Arc<Array>,
        data: &array::ArrayData,
        segments: &Segments,
        region: &Region,
    ) -> Result<array::Values> {
        let cells = region.cells() as usize;
        if array.schema.dtype == DType::String {
            let mut texts = no_texts(cells)?;
            let plan = array.plan_texts(data, segments, region, &mut texts)?;
            array::read_texts(&self.io, &plan, &region.count, &mut texts)?;
            return Ok(array::Values::Texts(texts));
        }
        let dtype = array.schema.dtype;
        let mut bytes = crate::memory::buffers::allocate(cells * dtype.size())?;
        let target = Target::from_bytes(&mut bytes, dtype).bind(&region.count, dtype, self.overflow)?;
        let plan = array.plan_numbers(data, segments, region, &target, &self.io)?;
        array::read_numbers(&self.io, &[(plan, target)])?;
        Ok(array::Values::Numbers(bytes))
    }

    /// Reads a region into the caller's memory. After an error the memory holds anything.
    pub fn read_array(&self, dataset: &str, array: &str, selection: Selection<'_>, target: Target<'_>) -> Result<()> {
        let name = |error| in_array(dataset, array, error);
        self.on_snapshot(|state| {
            let bind = |count: &[u64], dtype| target.bind(count, dtype, self.overflow);
            let reads = [state.begin_read(&self.io, dataset, array, selection, bind)?];
            Ok(move || array::read_numbers(&self.io, &reads).map_err(name))
        })
    }

    /// Reads the same region of the same array from several datasets, one after the other into `target`, in parallel.
    /// All must have the rank of the selection, and where the count is left out the same extents.
    pub fn read_across(
        &self,
        array: &str,
        datasets: &[&str],
        selection: Selection<'_>,
        target: Target<'_>,
    ) -> Result<()> {
        self.on_snapshot(|state| {
            state.catalogue.decode_ahead(&self.io.pool, datasets)?;
            let mut first: Option<Dims> = None;
            let mut reads = Vec::with_capacity(datasets.len());
            for (number, dataset) in datasets.iter().enumerate() {
                reads.push(state.begin_read(&self.io, dataset, array, selection, |count, dtype| {
                    let same = first.get_or_insert_with(|| count.into());
                    if same[..] != *count {
                        let one = datasets[0];
                        bail!(InvalidArgument, "counts {count:?} differ from {same:?} of dataset '{one}'");
                    }
                    let stacked: Dims = std::iter::once(datasets.len() as u64).chain(count.iter().copied()).collect();
                    check_size(&stacked, target.item_size())?;
                    Ok(target.bind(&stacked, dtype, self.overflow)?.part(number as u64))
                })?);
            }
            Ok(move || {
                array::read_numbers(&self.io, &reads).map_err(|error| error.context(format_args!("array '{array}'")))
            })
        })
    }

    /// Reads texts, in C order of the region.
    pub fn read_strings(&self, dataset: &str, array: &str, selection: Selection<'_>) -> Result<Vec<String>> {
        let name = |error| in_array(dataset, array, error);
        self.on_snapshot(|state| {
            let (plan, region, mut texts) = state.with_array(dataset, array, |_, entry, segments| {
                let array = &entry.array;
                gives_texts(array)?;
                let data = read(&array.data)?;
                let region = selection.resolve(&data.shape)?;
                let mut texts = no_texts(region.cells() as usize)?;
                let plan = array.plan_texts(&data, &segments, &region, &mut texts)?;
                Ok((plan, region, texts))
            })?;
            Ok(move || {
                array::read_texts(&self.io, &plan, &region.count, &mut texts).map_err(name)?;
                Ok(texts)
            })
        })
    }

    /// Lets `begin` look at the state while it is locked, then carries out the read it returns without the lock. Where
    /// a commit of this handle removed files in between, both are done again.
    pub(super) fn on_snapshot<R, F: FnOnce() -> Result<R>>(
        &self,
        mut begin: impl FnMut(&State) -> Result<F>,
    ) -> Result<R> {
        loop {
            let state = self.state()?;
            let generation = state.ahead.generation;
            let finish = begin(&state)?;
            drop(state);
            match finish() {
                Err(error) if array::is_gone(&error) => {
                    if self.state()?.ahead.generation == generation {
                        return Err(error!(
                            Corrupt,
                            "{error}: a segment that commit {generation} needs is missing, or a later commit removed it \
                             after this snapshot was opened (then refresh)"
                        ));
                    }
                }
                result => return result,
            }
        }
    }
}

impl State {
    /// Makes the plan of a read of numbers.
    fn begin_read<'t>(
        &self,
        io: &Io,
        dataset: &str,
        array: &str,
        selection: Selection<'_>,
        bind: impl FnOnce(&[u64], DType) -> Result<BoundTarget<'t>>,
    ) -> Result<(Plan, BoundTarget<'t>)> {
        self.with_array(dataset, array, |_, entry, segments| {
            let array = &entry.array;
            gives_numbers(array)?;
            let data = read(&array.data)?;
            let region = selection.resolve(&data.shape)?;
            let target = bind(&region.count, array.schema.dtype)?;
            let plan = array.plan_numbers(&data, &segments, &region, &target, io)?;
            Ok((plan, target))
        })
    }
}

/// What the caller has asked for, checked.
fn schema(dtype: DType, dims: &[&str], shape: &[u64], options: ArrayOptions, defaults: Defaults) -> Result<Schema> {
    check_shape(shape, chunking_size(dtype))?;
    if dims.len() != shape.len() {
        bail!(InvalidArgument, "{} dimension names for rank {}", dims.len(), shape.len());
    }
    dims.iter().try_for_each(|name| check_name("dimension", name))?;
    if let Some(chunk_shape) = &options.chunk_shape
        && chunk_shape.len() != shape.len()
    {
        bail!(InvalidArgument, "a chunk shape of {} extents for rank {}", chunk_shape.len(), shape.len());
    }
    let unlimited = options.unlimited.unwrap_or(shape.first() == Some(&0));
    let item = chunking_size(dtype);
    let default = options.chunk_shape.is_none();
    let chunk_shape = match &options.chunk_shape {
        Some(chunk_shape) => Dims::from_slice(chunk_shape),
        None => {
            let mut growing = Dims::from_slice(shape);
            if unlimited && let Some(first) = growing.first_mut() {
                *first = 0;
            }
            grid::default_chunk_shape(&growing, item)
        }
    };
    let rechunk = default && !shape.is_empty() && chunk_shape[0] < grid::append_rows(shape, item);
    let default_filter = defaults.compression.filter;
    let default_filter = if default_filter.takes(dtype) { default_filter } else { Filter::None };
    let compression = Compression {
        codec: options.codec.unwrap_or(defaults.compression.codec),
        level: options.level.unwrap_or(defaults.compression.level),
        shuffle: options.shuffle.unwrap_or(defaults.compression.shuffle),
        filter: options.filter.unwrap_or(default_filter),
    };
    compression.check()?;
    let fill = match options.fill_value {
        None => None,
        Some(FillValue::Bytes(bytes)) => Some(Fill::Bytes(bytes)),
        Some(FillValue::Text(text)) => Some(Fill::Text(text.into())),
    };
    let dims = dims.iter().map(|&name| name.into()).collect();
    let pack = options.pack.unwrap_or(defaults.pack);
    let mut schema = Schema {
        dtype,
        dims,
        piece_shape: chunk_shape.clone(),
        chunk_shape,
        compression,
        keep_bits: options.keep_bits,
        pack,
        fill,
        rechunk_on_append: rechunk,
        unlimited,
    };
    schema.check()?;
    schema.piece_shape = pieces_of(&schema.chunk_shape, dtype);
    Ok(schema)
}

/// The shape of the pieces that chunks are stored in. Those of texts have no cells of one size, and are not.
fn pieces_of(chunk_shape: &Dims, dtype: DType) -> Dims {
    if dtype == DType::String { chunk_shape.clone() } else { grid::piece_shape(chunk_shape, dtype.size()) }
}

/// The region that a write selects from an array of `shape`: where that is unlimited, beyond its end as well.
fn writable(array: &Array, shape: &Dims, selection: Selection<'_>) -> Result<Region> {
    let start = selection.start.map_or(Some(0), |start| start.first().copied());
    let count = selection.count.map_or(Some(0), |count| count.first().copied());
    let end = start.zip(count).and_then(|(start, count)| start.checked_add(count));
    let Some(end) = end.filter(|end| shape.first().is_some_and(|extent| end > extent)) else {
        return selection.resolve(shape);
    };
    if array.schema.unlimited && selection.count.is_some() {
        let mut grown = shape.clone();
        grown[0] = end;
        return selection.resolve(&grown);
    }
    selection.resolve(shape).map_err(|error| match error.kind() {
        ErrorKind::OutOfRange if !array.schema.unlimited => error!(
            OutOfRange,
            "{error}; dimension 0 is not unlimited: append makes it grow, and writes where the array was defined as unlimited"
        ),
        _ => error,
    })
}

/// Refuses numbers for arrays of texts.
fn takes_numbers(array: &Array) -> Result<()> {
    if array.schema.dtype == DType::String {
        bail!(TypeMismatch, "a number does not convert to string: strings have calls of their own");
    }
    Ok(())
}

/// Refuses to read arrays of texts as numbers.
fn gives_numbers(array: &Array) -> Result<()> {
    if array.schema.dtype == DType::String {
        bail!(TypeMismatch, "string does not convert to a number: strings have calls of their own");
    }
    Ok(())
}

/// Refuses to read arrays of numbers as texts.
fn gives_texts(array: &Array) -> Result<()> {
    if array.schema.dtype != DType::String {
        bail!(TypeMismatch, "{} does not convert to string", array.schema.dtype);
    }
    Ok(())
}

/// Refuses texts for arrays of numbers, and texts that C could not read back.
fn takes_texts(array: &Array, texts: &[&str]) -> Result<()> {
    if array.schema.dtype != DType::String {
        bail!(TypeMismatch, "string does not convert to {}", array.schema.dtype);
    }
    if let Some(at) = texts.iter().position(|text| text.contains('\0')) {
        bail!(InvalidArgument, "the string at element {at} has a NUL in it");
    }
    Ok(())
}

fn check_text_count(texts: &[&str], count: &[u64]) -> Result<()> {
    let cells = crate::base::shape::cells(count);
    if texts.len() as u64 != cells {
        bail!(InvalidArgument, "{} strings given, counts {count:?} need {cells}", texts.len());
    }
    Ok(())
}

/// Empty texts, or an error where memory does not allow as many.
fn no_texts(cells: usize) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    texts.try_reserve_exact(cells).map_err(|_| error!(OutOfMemory, "no memory for {cells} strings"))?;
    texts.resize(cells, String::new());
    Ok(texts)
}

/// Gives an array `count[0]` more rows and has `put` write them; if that fails it is as before.
fn grow(
    array: &Arc<Array>,
    segments: &Segments,
    count: &[u64],
    put: impl FnOnce(&Arc<Array>, &mut array::ArrayData, &Segments, &Region) -> Result<()>,
) -> Result<()> {
    let mut data = write(&array.data)?;
    let (old, new) = grown(&data.shape, count, array.schema.dtype)?;
    let mut region = Region { start: Dims::from_elem(0, new.len()), count: count.into() };
    region.start[0] = old[0];
    data.shape = new;
    put(array, &mut data, segments, &region).inspect_err(|_| data.shape = old)?;
    data.note_appended();
    Ok(())
}

/// The shape before and after `count` more rows.
fn grown(shape: &Dims, count: &[u64], dtype: DType) -> Result<(Dims, Dims)> {
    if shape.is_empty() {
        bail!(InvalidArgument, "an array of rank 0 has no dimension to append along");
    }
    if count.len() != shape.len() {
        bail!(InvalidArgument, "rank {} given, the array has rank {}", count.len(), shape.len());
    }
    for d in 1..shape.len() {
        if count[d] != shape[d] {
            bail!(InvalidArgument, "count[{d}]={} is not shape[{d}]={}", count[d], shape[d]);
        }
    }
    let mut new = shape.clone();
    new[0] = (shape[0].checked_add(count[0]))
        .ok_or_else(|| error!(InvalidArgument, "shape[0]={} + count[0]={} overflows", shape[0], count[0]))?;
    check_shape(&new, chunking_size(dtype))?;
    Ok((shape.clone(), new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::root;
    use crate::format::segment::Row;
    use crate::store::options::{CreateOptions, Mode, OpenOptions};
    use crate::version::roots::read_root;
    use std::path::Path;

    const NAMES: [&str; 4] = ["numbers", "texts", "scalar", "packed"];

    fn define(store: &Store) {
        store.create_dataset("d").expect("create");
        let chunked = |pack| ArrayOptions { chunk_shape: Some(vec![4]), pack, ..ArrayOptions::default() };
        let define = |name, dtype, shape: &[u64], options| {
            store.define_array("d", name, dtype, &[name][..shape.len()], shape, options).expect("define");
        };
        define("numbers", DType::I32, &[0], chunked(None));
        define("texts", DType::String, &[0], chunked(None));
        define("scalar", DType::F64, &[], ArrayOptions::default());
        define("packed", DType::I32, &[0], chunked(Some(true)));
    }

    fn append(store: &Store) {
        for array in ["numbers", "packed"] {
            let values: Vec<i32> = (0..10).collect();
            store.append_array("d", array, &[10], Source::from_slice(&values)).expect("append");
        }
        store.append_strings("d", "texts", &[3], &["a", "", "Ω"]).expect("append");
        store.write_array("d", "scalar", Selection::all(0), Source::from_slice(&[1.5])).expect("write");
        store.flush().expect("flush");
    }

    /// The rows of all segments of an array name.
    fn rows(store: &Store, array: &str) -> Vec<Row> {
        let segments = store.state().expect("a state").version.segments(array);
        let mut rows = Vec::new();
        for segment in segments.iter() {
            let directory = store.io.reader.directory(segment).expect("a directory");
            for page in 0..directory.pages.len() {
                rows.extend_from_slice(&store.io.reader.page(segment, &directory, page).expect("a page"));
            }
        }
        rows
    }

    fn check(store: &Store) {
        let own = |row: &Row| row.at == 0 && row.len == row.block.coding.raw_len;
        for array in NAMES {
            let (rows, pack) = (rows(store, array), array == "packed");
            assert!(!rows.is_empty() && rows.iter().all(own) != pack, "{array}: {rows:?}");
            assert_eq!(store.array_info("d", array).expect("info").pack, pack);
        }
    }

    fn open(path: &Path) -> Arc<Store> {
        Store::open(path, Mode::ReadWrite, OpenOptions::default()).expect("open")
    }

    #[test]
    fn without_packing_every_chunk_is_a_block_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s");
        let store =
            Store::create(&path, CreateOptions { pack: Some(false), ..CreateOptions::default() }).expect("create");
        define(&store);
        append(&store);
        check(&store);
        store.close().expect("close");
        // What the store and its arrays were told holds for later writers, and for flushes that take up segments.
        let store = open(&path);
        (0..40).for_each(|_| append(&store));
        check(&store);
        store.create_dataset("e").expect("create");
        store.define_array("e", "later", DType::U8, &["later"], &[3], ArrayOptions::default()).expect("define");
        assert!(!store.array_info("e", "later").expect("info").pack);
        store.delete_dataset("e").expect("delete");
        store.flush().expect("flush");
        store.compact().expect("compact");
        check(&store);
    }

    #[test]
    fn compaction_unpacks_chunks_that_are_not_to_be_packed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("s");
        let store = Store::create(&path, CreateOptions::default()).expect("create");
        define(&store);
        (0..2).for_each(|_| append(&store));
        // Another of the same name that may be packed, behind those that are not to be.
        store.create_dataset("e").expect("create");
        let options = ArrayOptions { chunk_shape: Some(vec![4]), fill_value: Some(7.into()), ..Default::default() };
        store.define_array("e", "numbers", DType::I32, &["numbers"], &[40], options).expect("define");
        store.write_array("e", "numbers", Selection::all(1), Source::from_slice(&[1; 40])).expect("write");
        // Bytes that a compaction takes away.
        store.create_dataset("f").expect("create");
        store.define_array("f", "texts", DType::String, &["texts"], &[0], ArrayOptions::default()).expect("define");
        store.append_strings("f", "texts", &[1], &["b"]).expect("append");
        store.flush().expect("flush");
        store.delete_dataset("f").expect("delete");
        store.flush().expect("flush");
        let (place, file) = (store.place.notation, store.place.root());
        store.close().expect("close");
        let (mut read, _) = read_root(&crate::storage::LocalDisk, &file, place).expect("a root");
        read.head.schemas.iter_mut().for_each(|schema| schema.pack = schema.fill_value.is_some());
        let datasets: Vec<_> =
            read.datasets.iter().map(|(name, range)| (&**name, &read.image[range.clone()])).collect();
        std::fs::write(&file, root::write(place, &read.head, &datasets).expect("a root").file).expect("written");
        let store = open(&path);
        assert!(rows(&store, "numbers").iter().any(|row| row.at > 0));
        store.compact().expect("compact");
        let ids = |dataset: &str| {
            let state = store.state().expect("a state");
            let slot = state.catalogue.slot(dataset).expect("a dataset");
            let arrays = &slot.dataset().arrays;
            arrays.iter().map(|(_, entry)| entry.array.id).collect::<Vec<_>>()
        };
        let (apart, packed) = (ids("d"), ids("e"));
        for array in NAMES {
            let is_own = |row: &Row| row.at == 0 && row.len == row.block.coding.raw_len;
            assert!(rows(&store, array).iter().filter(|row| apart.contains(&row.array_id)).all(is_own), "{array}");
        }
        let rows = rows(&store, "numbers");
        let packs: std::collections::HashSet<u64> =
            rows.iter().filter(|row| packed.contains(&row.array_id)).map(|row| row.block.offset).collect();
        assert_eq!(packs.len(), 1, "{rows:?}");
        let mut values = [0; 20];
        store.read_array("d", "numbers", Selection::all(1), Target::from_slice(&mut values)).expect("read");
        assert!(values.iter().copied().eq((0..10).chain(0..10)));
        assert_eq!(store.verify(&mut |_| {}).expect("verify"), 0);
    }
}
