//! The pin that keeps the commit which references describe.

use crate::args::StoreArgs;
use crate::output::{Failure, Out};
use crate::{open_with, runtime};
use atlas_store::{Error, ErrorKind, Mode, PinnedCommit, Store};

/// A pin, and whether this run made it.
pub struct Pin {
    pub name: String,
    pub generation: u64,
    pub made: bool,
}

/// The pin of the commit that is wanted, or of one that holds just what the last does: where there is none, a new one.
/// Only then the store is written to.
pub fn pin(out: &Out, reader: &Store, store: &StoreArgs, name: Option<&str>) -> Result<Pin, Failure> {
    if let Some(pin) = there(reader, store.generation, name)? {
        return Ok(pin);
    }
    let writable = |error: Error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::InvalidArgument => error,
        kind => Error::new(kind, format!("to pin the commit: {error}; --no-pin writes references without a pin")),
    };
    let writer = open_with(&store.path, Mode::ReadWrite, runtime(out)).map_err(writable)?;
    // Another run may have made it meanwhile.
    let pin = match there(&writer, store.generation, name)? {
        Some(pin) => pin,
        None => make(&writer, store.generation, name).map_err(writable)?,
    };
    writer.close()?;
    Ok(pin)
}

fn there(store: &Store, generation: Option<u64>, name: Option<&str>) -> Result<Option<Pin>, Error> {
    let is_named = |pin: &PinnedCommit| match name {
        Some(name) => *pin.name == *name,
        None => *pin.name == *default_name(pin.generation),
    };
    let is_wanted = |pin: &PinnedCommit| is_named(pin) && generation.is_none_or(|wanted| wanted == pin.generation);
    let Some(found) = store.pins()?.into_iter().filter(is_wanted).max_by_key(|pin| pin.generation) else {
        return Ok(None);
    };
    let holds = generation.is_some() || store.holds_what_the_last_does(found.generation)?;
    Ok(holds.then(|| Pin { name: found.name.to_string(), generation: found.generation, made: false }))
}

fn make(writer: &Store, wanted: Option<u64>, name: Option<&str>) -> Result<Pin, Error> {
    let last = writer.info()?.generation;
    let name = name.map_or_else(|| default_name(wanted.unwrap_or(last)), str::to_owned);
    let generation = match wanted {
        Some(generation) => writer.pin_commit_and_flush(&name, generation).map(|()| generation)?,
        None => writer.pin_and_flush(&name)?,
    };
    Ok(Pin { name, generation, made: true })
}

fn default_name(generation: u64) -> String {
    format!("refs-{generation}")
}
