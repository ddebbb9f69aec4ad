//! A whole ensemble as one group: what all datasets have alike, with one more dimension before its own.

use super::{Group, LeftOut, Member, Source, attributes};
use crate::output::Failure;
use atlas_store::{ArrayInfo, Error};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// The name of the dimension, and of the array that has the datasets' names.
pub const DIMENSION: &str = "dataset";

/// The dataset that says which arrays there are.
pub fn first(datasets: &[Arc<str>]) -> Result<&Arc<str>, Failure> {
    datasets.first().ok_or_else(|| Failure::usage("there is no dataset to stack"))
}

pub fn stacked(source: &Source<'_>, datasets: &[Arc<str>]) -> Result<Group, Failure> {
    let first = first(datasets)?;
    let own = datasets.iter().map(|dataset| attributes(source.store, dataset, None));
    let mut group = Group {
        title: "the stacked datasets".into(),
        attributes: common(own)?,
        members: Vec::new(),
        left_out: Vec::new(),
        names: Some(datasets.to_vec()),
    };
    source.stamp(&mut group);
    for array in source.store.array_names(first)? {
        let info = source.store.array_info(first, &array)?;
        let declared = || source.format.obstacle(&info).or_else(|| group.obstacle(&array, &info));
        let obstacle = match obstacle(&array, &info).or_else(declared) {
            Some(why) => Some((first, why)),
            None => difference(source, datasets, &array, &info)?,
        };
        if let Some((dataset, why)) = obstacle {
            group.left_out.push(LeftOut { dataset: dataset.clone(), array, why });
            continue;
        }
        let own = datasets.iter().map(|dataset| attributes(source.store, dataset, Some(&array)));
        let attributes = common(own)?;
        let parts = datasets.iter().map(|dataset| source.store.chunk_places(dataset, &array));
        let parts = parts.collect::<Result<_, Error>>()?;
        group.members.push(Member::new(array, info, attributes, parts, true));
    }
    // Those that the first does not have.
    for dataset in datasets {
        for array in source.store.array_names(dataset)? {
            let known = group.left_out.iter().any(|left| left.array == array);
            if !known && !source.store.has_array(first, &array)? {
                let why = format!("dataset '{first}' has none of this name");
                group.left_out.push(LeftOut { dataset: dataset.clone(), array, why });
            }
        }
    }
    Ok(group)
}

fn obstacle(array: &str, info: &ArrayInfo) -> Option<String> {
    if array == DIMENSION {
        return Some(format!("'{DIMENSION}' is the array of the datasets' names"));
    }
    info.dims.iter().any(|dim| dim == DIMENSION).then(|| format!("it has a dimension '{DIMENSION}' of its own"))
}

/// The first dataset that has not the same array, and why.
fn difference<'d>(
    source: &Source<'_>,
    datasets: &'d [Arc<str>],
    array: &str,
    one: &ArrayInfo,
) -> Result<Option<(&'d Arc<str>, String)>, Error> {
    for dataset in datasets {
        if !source.store.has_array(dataset, array)? {
            return Ok(Some((dataset, "the dataset has none of this name".into())));
        }
        let other = source.store.array_info(dataset, array)?;
        let pairs = [
            ("type", format!("{}", one.dtype), format!("{}", other.dtype)),
            ("shape", format!("{:?}", one.shape), format!("{:?}", other.shape)),
            ("dimensions", format!("{:?}", one.dims), format!("{:?}", other.dims)),
            ("chunk shape", format!("{:?}", one.chunk_shape), format!("{:?}", other.chunk_shape)),
            ("piece shape", format!("{:?}", one.piece_shape), format!("{:?}", other.piece_shape)),
            ("codec", one.codec.name().into(), other.codec.name().into()),
            ("shuffle", one.shuffle.to_string(), other.shuffle.to_string()),
            ("filter", one.filter.name().into(), other.filter.name().into()),
            ("number of bits kept", format!("{:?}", one.keep_bits), format!("{:?}", other.keep_bits)),
            ("fill value", format!("{:?}", one.fill_value), format!("{:?}", other.fill_value)),
        ];
        if let Some((what, one, other)) = pairs.into_iter().find(|(_, one, other)| one != other) {
            return Ok(Some((dataset, format!("its {what} is {other}, in the first dataset {one}"))));
        }
    }
    Ok(None)
}

/// The attributes that all have alike.
fn common(all: impl Iterator<Item = Result<Map<String, Json>, Error>>) -> Result<Map<String, Json>, Error> {
    let mut alike: Option<Map<String, Json>> = None;
    for one in all {
        let one = one?;
        match &mut alike {
            None => alike = Some(one),
            Some(alike) => alike.retain(|key, value| one.get(key) == Some(value)),
        }
    }
    Ok(alike.unwrap_or_default())
}
