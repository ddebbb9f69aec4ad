//! Typed attributes of datasets and arrays.

use super::*;
use crate::format::root::Attributes;
use crate::value::Value;

impl Store {
    /// Sets an attribute of an array, or of the dataset itself, replacing one of the same name.
    pub fn set_attribute(&self, dataset: &str, array: Option<&str>, key: &str, value: impl Into<Value>) -> Result<()> {
        catalogue::check_name("attribute", key)?;
        let value = value.into();
        if let Value::String(texts) = &value
            && let Some(at) = texts.iter().position(|text| text.contains('\0'))
        {
            bail!(
                InvalidArgument,
                "attribute '{key}': the string at element {at} has a NUL in it"
            );
        }
        self.change_attributes(dataset, array, |attributes| {
            Arc::make_mut(attributes).insert(key.into(), value);
            Ok(())
        })
    }

    /// The value of an attribute.
    pub fn attribute(&self, dataset: &str, array: Option<&str>, key: &str) -> Result<Value> {
        self.attributes(dataset, array)?
            .get(key)
            .cloned()
            .ok_or_else(|| no_attribute(dataset, array, key))
    }

    /// Whether there is an attribute of this name.
    pub fn has_attribute(&self, dataset: &str, array: Option<&str>, key: &str) -> Result<bool> {
        Ok(self.attributes(dataset, array)?.contains_key(key))
    }

    /// Names of the attributes, in the order they were first set.
    pub fn attribute_names(&self, dataset: &str, array: Option<&str>) -> Result<Vec<Arc<str>>> {
        Ok(self.attributes(dataset, array)?.keys().cloned().collect())
    }

    /// Deletes an attribute.
    pub fn delete_attribute(&self, dataset: &str, array: Option<&str>, key: &str) -> Result<()> {
        self.change_attributes(dataset, array, |attributes| {
            if !attributes.contains_key(key) {
                return Err(no_attribute(dataset, array, key));
            }
            Arc::make_mut(attributes).shift_remove(key);
            Ok(())
        })
    }

    fn attributes(&self, dataset: &str, array: Option<&str>) -> Result<Arc<Attributes>> {
        let working = self.working()?;
        let found = working.catalogue.dataset(dataset)?;
        Ok(match array {
            Some(array) => found.array(dataset, array)?.attributes.clone(),
            None => found.attributes.clone(),
        })
    }

    fn change_attributes(
        &self,
        dataset: &str,
        array: Option<&str>,
        change: impl FnOnce(&mut Arc<Attributes>) -> Result<()>,
    ) -> Result<()> {
        let mut working = self.working_mut()?;
        if let Some(array) = array {
            working.catalogue.dataset(dataset)?.array(dataset, array)?;
        }
        let found = working.catalogue.change(dataset)?;
        match array.and_then(|array| found.arrays.get_mut(array)) {
            Some(entry) => change(&mut entry.attributes),
            None => change(&mut found.attributes),
        }
    }
}

fn no_attribute(dataset: &str, array: Option<&str>, key: &str) -> Error {
    match array {
        Some(array) => error!(
            NotFound,
            "no attribute '{key}' on array '{array}' of dataset '{dataset}'"
        ),
        None => error!(NotFound, "no attribute '{key}' on dataset '{dataset}'"),
    }
}
