//! What datasets, arrays, dimensions and attributes may be called.

use crate::base::error::{Result, bail, error};
use crate::base::shape::MAX_RANK;

/// What dimensions are called that nobody has named, by their places.
const DEFAULT_DIMS: [&str; MAX_RANK] = [
    "dim_0", "dim_1", "dim_2", "dim_3", "dim_4", "dim_5", "dim_6", "dim_7", "dim_8", "dim_9", "dim_10", "dim_11",
    "dim_12", "dim_13", "dim_14", "dim_15", "dim_16", "dim_17", "dim_18", "dim_19", "dim_20", "dim_21", "dim_22",
    "dim_23", "dim_24", "dim_25", "dim_26", "dim_27", "dim_28", "dim_29", "dim_30", "dim_31",
];

/// The names of the dimensions of an array of which nobody has named them: one of rank 1 is its own coordinate.
pub(crate) fn default_dims(array: &str, rank: usize) -> Vec<&str> {
    match rank {
        1 => vec![array],
        _ => DEFAULT_DIMS.iter().take(rank).copied().collect(),
    }
}

/// Whether a name is one that nobody has given.
pub(crate) fn is_default_dim(place: usize, name: &str) -> bool {
    DEFAULT_DIMS.get(place).is_some_and(|default| *default == name)
}

/// Checks a name that a root has. What it holds of datasets is worth little time: most are never asked for.
pub(crate) fn stored_name(what: &str, name: &str) -> Result<()> {
    let plain = |byte: u8| (b' '..0x7f).contains(&byte);
    if (1..=255).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    check_name(what, name).map_err(|error| error!(Corrupt, "in the root: {error}"))
}

/// Names of datasets, arrays, dimensions and attributes: 1 to 255 bytes of UTF-8 without control characters.
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        bail!(InvalidArgument, "the {what} name is empty");
    }
    if name.len() > 255 {
        bail!(InvalidArgument, "the {what} name has {} bytes, over 255: '{name}'", name.len());
    }
    if let Some(at) = name.find(|c: char| c.is_control()) {
        bail!(InvalidArgument, "the {what} name {name:?} has a control character at byte {at}");
    }
    Ok(())
}
