//! A view of one dataset.

use super::{ArrayInfo, Store};
use crate::base::dtype::DType;
use crate::base::error::Result;
use crate::base::shape::Selection;
use crate::base::value::Value;
use crate::chunk::stats::Stats;
use crate::chunk::strided::{Source, Target};
use crate::store::options::ArrayOptions;
use std::sync::Arc;

/// A store and the name of a dataset in it. The dataset is looked up at each call, so a view never goes stale: where
/// the dataset was deleted, calls say so.
#[derive(Clone)]
pub struct Dataset<'s> {
    store: &'s Store,
    name: Arc<str>,
}

impl<'s> Dataset<'s> {
    pub(super) fn new(store: &'s Store, name: &str) -> Self {
        Self { store, name: name.into() }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// See [`Store::define_array`].
    pub fn define_array(
        &self,
        array: &str,
        dtype: DType,
        dims: &[&str],
        shape: &[u64],
        options: ArrayOptions,
    ) -> Result<()> {
        self.store.define_array(&self.name, array, dtype, dims, shape, options)
    }

    /// See [`Store::delete_array`].
    pub fn delete_array(&self, array: &str) -> Result<()> {
        self.store.delete_array(&self.name, array)
    }

    /// See [`Store::has_array`].
    pub fn has_array(&self, array: &str) -> Result<bool> {
        self.store.has_array(&self.name, array)
    }

    /// See [`Store::array_names`].
    pub fn array_names(&self) -> Result<Vec<Arc<str>>> {
        self.store.array_names(&self.name)
    }

    /// See [`Store::array_info`].
    pub fn array_info(&self, array: &str) -> Result<ArrayInfo> {
        self.store.array_info(&self.name, array)
    }

    /// See [`Store::write_array`].
    pub fn write(&self, array: &str, selection: Selection<'_>, source: Source<'_>) -> Result<()> {
        self.store.write_array(&self.name, array, selection, source)
    }

    /// See [`Store::read_array`].
    pub fn read(&self, array: &str, selection: Selection<'_>, target: Target<'_>) -> Result<()> {
        self.store.read_array(&self.name, array, selection, target)
    }

    /// See [`Store::append_array`].
    pub fn append(&self, array: &str, count: &[u64], source: Source<'_>) -> Result<()> {
        self.store.append_array(&self.name, array, count, source)
    }

    /// See [`Store::resize_array`].
    pub fn resize(&self, array: &str, length: u64) -> Result<()> {
        self.store.resize_array(&self.name, array, length)
    }

    /// See [`Store::write_strings`].
    pub fn write_strings(&self, array: &str, selection: Selection<'_>, texts: &[&str]) -> Result<()> {
        self.store.write_strings(&self.name, array, selection, texts)
    }

    /// See [`Store::append_strings`].
    pub fn append_strings(&self, array: &str, count: &[u64], texts: &[&str]) -> Result<()> {
        self.store.append_strings(&self.name, array, count, texts)
    }

    /// See [`Store::read_strings`].
    pub fn read_strings(&self, array: &str, selection: Selection<'_>) -> Result<Vec<String>> {
        self.store.read_strings(&self.name, array, selection)
    }

    /// See [`Store::set_attribute`].
    pub fn set_attribute(&self, array: Option<&str>, key: &str, value: impl Into<Value>) -> Result<()> {
        self.store.set_attribute(&*self.name, array, key, value)
    }

    /// See [`Store::attribute`].
    pub fn attribute(&self, array: Option<&str>, key: &str) -> Result<Value> {
        self.store.attribute(&*self.name, array, key)
    }

    /// See [`Store::has_attribute`].
    pub fn has_attribute(&self, array: Option<&str>, key: &str) -> Result<bool> {
        self.store.has_attribute(&*self.name, array, key)
    }

    /// See [`Store::attribute_names`].
    pub fn attribute_names(&self, array: Option<&str>) -> Result<Vec<Arc<str>>> {
        self.store.attribute_names(&*self.name, array)
    }

    /// See [`Store::delete_attribute`].
    pub fn delete_attribute(&self, array: Option<&str>, key: &str) -> Result<()> {
        self.store.delete_attribute(&*self.name, array, key)
    }

    /// See [`Store::array_stats`].
    pub fn stats(&self, array: &str) -> Result<Stats> {
        self.store.array_stats(&self.name, array)
    }

    /// See [`Store::chunk_stats`].
    pub fn chunk_stats(&self, array: &str, chunk: &[u64]) -> Result<Stats> {
        self.store.chunk_stats(&self.name, array, chunk)
    }
}
