//! Copies of datasets, within a store and from one to another.

use crate::array::Array;
use crate::base::dtype::DType;
use crate::base::error::{Error, Result, bail};
use crate::base::locks::read;
use crate::base::names::check_name;
use crate::base::shape::{Dims, Selection, cells};
use crate::change::catalogue::ArrayEntry;
use crate::chunk::grid;
use crate::chunk::strided::{Source, Target};
use crate::format::root::Attributes;
use crate::memory::buffers;
use crate::segment::rows::for_each_live_row;
use crate::store::{Store, in_array};
use std::collections::BTreeSet;
use std::sync::Arc;

/// An array that is being copied: what it was when the copy began.
struct Copied {
    name: Arc<str>,
    array: Arc<Array>,
    shape: Dims,
    attributes: Arc<Attributes>,
}

impl Store {
    /// Copies a dataset of this store to the dataset `name` of `to`, which may be the same store: attributes, definitions,
    /// and values, chunk by chunk, so that it takes memory for one of them beside the write buffer of `to`. What is not
    /// flushed is copied, too. The copy becomes durable with the next flush of `to`.
    ///
    /// Until it returns, other threads see the copy grow, and a flush of theirs commits what there is; where it fails, the
    /// copy is deleted. It fails with [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) where another thread deletes or
    /// replaces an array of the dataset meanwhile.
    pub fn copy_dataset(&self, dataset: &str, to: &Store, name: &str) -> Result<()> {
        check_name("dataset", name)?;
        to.check_writable()?;
        let (attributes, arrays) = self.to_be_copied(dataset)?;
        to.define_copy(name, attributes, &arrays)?;
        let copied = arrays.iter().try_for_each(|array| {
            let chunks = self.existing_chunks(dataset, array)?;
            chunks.into_iter().try_for_each(|chunk| self.copy_chunk(dataset, array, chunk, to, name))
        });
        copied.inspect_err(|_| {
            // It may be gone already; the error is what went wrong first.
            let _ = to.delete_dataset(name);
        })
    }

    fn to_be_copied(&self, dataset: &str) -> Result<(Arc<Attributes>, Vec<Copied>)> {
        let state = self.state()?;
        let slot = state.catalogue.slot(dataset)?;
        let of = |(name, entry): (&Arc<str>, &ArrayEntry)| {
            let shape = read(&entry.array.data)?.shape.clone();
            let (array, attributes) = (entry.array.clone(), entry.attributes.clone());
            Ok(Copied { name: name.clone(), array, shape, attributes })
        };
        let arrays = slot.dataset().arrays.iter().map(of).collect::<Result<_>>()?;
        Ok((slot.dataset().attributes.clone(), arrays))
    }

    /// Makes the dataset, without values, or nothing.
    fn define_copy(&self, name: &str, attributes: Arc<Attributes>, arrays: &[Copied]) -> Result<()> {
        let mut state = self.state_mut()?;
        state.catalogue.create(name)?;
        let define = || {
            for Copied { name: array, array: from, shape, attributes } in arrays {
                let slot = state.catalogue.slot(name)?;
                slot.dataset().check_dims(&from.schema, shape).map_err(|error| in_array(name, array, error))?;
                drop(slot);
                state.catalogue.define(name, array.clone(), (*from.schema).clone(), shape, attributes.clone())?;
            }
            state.catalogue.change(name)?.0.attributes = attributes;
            Ok(())
        };
        define().or_else(|error: Error| state.catalogue.delete(name).and(Err(error)))
    }

    /// The chunks of an array that hold anything, in ascending order.
    fn existing_chunks(&self, dataset: &str, copied: &Copied) -> Result<BTreeSet<u64>> {
        self.on_snapshot(|state| {
            let (mut chunks, segments) = state.with_array(dataset, &copied.name, |_, entry, segments| {
                is_same(entry, copied)?;
                let data = read(&entry.array.data)?;
                let frozen = data.frozen.iter().flat_map(|chunks| chunks.numbers());
                let chunks: BTreeSet<u64> = data.pending.numbers().chain(frozen).collect();
                Ok((chunks, segments))
            })?;
            Ok(move || {
                let mut stored = Vec::new();
                for_each_live_row(&self.io.reader, &segments, copied.array.id, |row| stored.push(row.chunk))
                    .map_err(|error| in_array(dataset, &copied.name, error))?;
                chunks.extend(stored);
                Ok(chunks)
            })
        })
    }

    fn copy_chunk(&self, dataset: &str, copied: &Copied, chunk: u64, to: &Store, name: &str) -> Result<()> {
        let (array, shape, schema) = (&*copied.name, &copied.shape, &copied.array.schema);
        if chunk >= grid::chunk_count(shape, &schema.chunk_shape) {
            return Ok(());
        }
        let count = grid::valid_extents(shape, &schema.chunk_shape, chunk);
        let coords = grid::chunk_coords(shape, &schema.chunk_shape, chunk);
        let start: Dims = coords.iter().zip(&schema.chunk_shape).map(|(at, extent)| at * extent).collect();
        let region = Selection::region(&start, &count);
        if schema.dtype == DType::String {
            let texts = self.read_strings(dataset, array, region)?;
            self.check_same(dataset, copied)?;
            return to.write_strings(name, array, region, &buffers::collect(texts.iter().map(String::as_str))?);
        }
        let mut bytes = buffers::allocate(cells(&count) as usize * schema.dtype.size())?;
        self.read_array(dataset, array, region, Target::from_bytes(&mut bytes, schema.dtype))?;
        self.check_same(dataset, copied)?;
        to.write_array(name, array, region, Source::from_bytes(&bytes, schema.dtype))
    }

    /// Whether the array is still the one that the copy began with: then what was read of it was its own.
    fn check_same(&self, dataset: &str, copied: &Copied) -> Result<()> {
        self.state()?.with_array(dataset, &copied.name, |_, entry, _| is_same(entry, copied))
    }
}

fn is_same(entry: &ArrayEntry, copied: &Copied) -> Result<()> {
    if entry.array.id != copied.array.id {
        bail!(Conflict, "another thread has replaced it while it was copied");
    }
    Ok(())
}
