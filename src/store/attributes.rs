//! Typed attributes of the store, of datasets and of arrays.

use crate::base::error::{Error, Result, bail, error};
use crate::base::names::check_name;
use crate::base::value::Value;
use crate::format::root::Attributes;
use crate::store::{State, Store};
use std::sync::Arc;

impl Store {
    /// Sets an attribute of an array, of the dataset itself, or without a dataset (`None`) of the store, replacing one of
    /// the same name.
    pub fn set_attribute<'a>(
        &self,
        dataset: impl Into<Option<&'a str>>,
        array: Option<&str>,
        key: &str,
        value: impl Into<Value>,
    ) -> Result<()> {
        check_name("attribute", key)?;
        let value = value.into();
        if let Value::String(texts) = &value
            && let Some(at) = texts.iter().position(|text| text.contains('\0'))
        {
            bail!(InvalidArgument, "attribute '{key}': the string at element {at} has a NUL in it");
        }
        self.change_attributes(dataset.into(), array, |_| Ok(()), |attributes| attributes.insert(key, value))
    }

    /// The value of an attribute.
    pub fn attribute<'a>(&self, dataset: impl Into<Option<&'a str>>, array: Option<&str>, key: &str) -> Result<Value> {
        let dataset = dataset.into();
        self.attributes(dataset, array)?.get(key).ok_or_else(|| no_attribute(dataset, array, key))
    }

    /// Whether there is an attribute of this name.
    pub fn has_attribute<'a>(
        &self,
        dataset: impl Into<Option<&'a str>>,
        array: Option<&str>,
        key: &str,
    ) -> Result<bool> {
        Ok(self.attributes(dataset.into(), array)?.contains(key))
    }

    /// Names of the attributes, in the order they were first set.
    pub fn attribute_names<'a>(
        &self,
        dataset: impl Into<Option<&'a str>>,
        array: Option<&str>,
    ) -> Result<Vec<Arc<str>>> {
        Ok(self.attributes(dataset.into(), array)?.names().map(Arc::from).collect())
    }

    /// Deletes an attribute.
    pub fn delete_attribute<'a>(
        &self,
        dataset: impl Into<Option<&'a str>>,
        array: Option<&str>,
        key: &str,
    ) -> Result<()> {
        let dataset = dataset.into();
        let check = |attributes: &Attributes| match attributes.contains(key) {
            true => Ok(()),
            false => Err(no_attribute(dataset, array, key)),
        };
        self.change_attributes(dataset, array, check, |attributes| attributes.remove(key))
    }

    fn attributes(&self, dataset: Option<&str>, array: Option<&str>) -> Result<Arc<Attributes>> {
        self.state()?.attributes(dataset, array)
    }

    fn change_attributes(
        &self,
        dataset: Option<&str>,
        array: Option<&str>,
        check: impl FnOnce(&Attributes) -> Result<()>,
        change: impl FnOnce(&mut Attributes),
    ) -> Result<()> {
        let mut state = self.state_mut()?;
        check(&*state.attributes(dataset, array)?)?;
        change(state.catalogue.change_attributes(dataset, array)?);
        Ok(())
    }
}

impl State {
    fn attributes(&self, dataset: Option<&str>, array: Option<&str>) -> Result<Arc<Attributes>> {
        let dataset = match (dataset, array) {
            (Some(dataset), _) => dataset,
            (None, None) => return Ok(self.catalogue.attributes().clone()),
            (None, Some(array)) => bail!(InvalidArgument, "array '{array}' is given without a dataset"),
        };
        let slot = self.catalogue.slot(dataset)?;
        let found = slot.dataset();
        Ok(match array {
            Some(array) => found.array(dataset, array)?.attributes.clone(),
            None => found.attributes.clone(),
        })
    }
}

fn no_attribute(dataset: Option<&str>, array: Option<&str>, key: &str) -> Error {
    match (dataset, array) {
        (Some(dataset), Some(array)) => {
            error!(NotFound, "no attribute '{key}' on array '{array}' of dataset '{dataset}'")
        }
        (Some(dataset), None) => error!(NotFound, "no attribute '{key}' on dataset '{dataset}'"),
        (None, _) => error!(NotFound, "no attribute '{key}' on the store"),
    }
}
