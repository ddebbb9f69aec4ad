//! What datasets, arrays, dimensions and attributes may be called.

use crate::base::error::{Result, bail, error};

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
