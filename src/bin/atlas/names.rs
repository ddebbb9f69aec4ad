//! Names on the command line: a dataset or an array, or a pattern like those of a shell.

use crate::output::Failure;
use atlas_store::Store;
use glob::{MatchOptions, Pattern};
use std::sync::Arc;

/// As in a shell, `*` stops at a '/', and `**` does not.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// A dataset and its arrays, where only some are meant.
pub type Found<T = Arc<str>> = (Arc<str>, Option<Vec<T>>);

/// Whether the text can mean several names. What looks like a pattern and is none, "[", is a name.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[']) && Pattern::new(text).is_ok()
}

fn matching(names: Vec<Arc<str>>, pattern: &str) -> Result<Vec<Arc<str>>, Failure> {
    let parsed = Pattern::new(pattern).map_err(|error| Failure::usage(format!("pattern '{pattern}': {error}")))?;
    Ok(names.into_iter().filter(|name| parsed.matches_with(name, OPTIONS)).collect())
}

/// Those of the names that the text means: that of this name, or else those that match it.
pub fn among<'n>(names: impl Iterator<Item = &'n Arc<str>> + Clone, text: &str) -> Result<Vec<Arc<str>>, Failure> {
    match names.clone().find(|name| ***name == *text) {
        Some(name) => Ok(vec![name.clone()]),
        None if is_pattern(text) => matching(names.cloned().collect(), text),
        None => Ok(Vec::new()),
    }
}

/// The datasets that the text means, at least one: that of this name, or else those that match it.
pub fn datasets(store: &Store, text: &str) -> Result<Vec<Arc<str>>, Failure> {
    if !is_pattern(text) || store.has_dataset(text)? {
        return Ok(vec![store.dataset(text)?.name().into()]);
    }
    match matching(store.dataset_names()?, text)? {
        none if none.is_empty() => Err(Failure::not_found(format!("no dataset matches '{text}'"))),
        found => Ok(found),
    }
}

/// The datasets that any of the texts means, each once.
pub fn all_datasets(store: &Store, texts: &[String]) -> Result<Vec<Arc<str>>, Failure> {
    let mut found = Vec::new();
    for text in texts {
        for name in datasets(store, text)? {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// The arrays of a dataset that the text means: that of this name, or else those that match it, which may be none.
pub fn arrays(store: &Store, dataset: &str, text: &str) -> Result<Vec<Arc<str>>, Failure> {
    if store.has_array(dataset, text)? {
        return Ok(vec![text.into()]);
    }
    if is_pattern(text) { matching(store.array_names(dataset)?, text) } else { Ok(Vec::new()) }
}

/// The datasets that `dataset` means, by default all; with `array` those that have such arrays, at least one.
pub fn select(store: &Store, dataset: Option<&str>, array: Option<&str>) -> Result<Vec<Found>, Failure> {
    select_with(store, dataset, array, |name, text| arrays(store, name, text), |text| text)
}

/// [`select`] with what finds arrays, and with what `array` is without a region.
pub fn select_with<T>(
    store: &Store,
    dataset: Option<&str>,
    array: Option<&str>,
    find: impl Fn(&str, &str) -> Result<Vec<T>, Failure>,
    bare: impl Fn(&str) -> &str,
) -> Result<Vec<Found<T>>, Failure> {
    let datasets = match dataset {
        Some(dataset) => datasets(store, dataset)?,
        None => store.dataset_names()?,
    };
    let Some(text) = array else { return Ok(datasets.into_iter().map(|dataset| (dataset, None)).collect()) };
    let mut found = Vec::new();
    for name in &datasets {
        let arrays = find(name, text)?;
        if !arrays.is_empty() {
            found.push((name.clone(), Some(arrays)));
        }
    }
    match (found.is_empty(), datasets.as_slice()) {
        (false, _) => Ok(found),
        // The store says it best.
        (true, [one]) if !is_pattern(bare(text)) => Err(store
            .array_info(one, bare(text))
            .map(|_| ())
            .err()
            .map_or_else(|| Failure::not_found(format!("no array '{text}' in dataset '{one}'")), Failure::from)),
        (true, _) => Err(Failure::not_found(format!(
            "no array matches '{text}' in {}",
            dataset.map_or_else(|| "any dataset".into(), |dataset| format!("dataset '{dataset}'"))
        ))),
    }
}
