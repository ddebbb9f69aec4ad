//! The process that is killed: it commits for as long as it lives, and tells each beginning and end of a commit on its
//! standard output, a line each.

use super::model::{self, CREATED, apply, commit_of, mix};
use crate::output::Failure;
use crate::{Outcome, open_with};
use atlas_store::{CreateOptions, Error, ErrorKind, Mode, RuntimeOptions, Store};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

fn runtime() -> RuntimeOptions {
    // So little that the larger arrays are written ahead of the flush.
    RuntimeOptions { write_buffer_bytes: Some(256 << 10), ..Default::default() }
}

fn open(path: &Path) -> Result<Arc<Store>, Error> {
    match open_with(path, Mode::ReadWrite, runtime()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let keep_generations = Some(3);
            Store::create(path, CreateOptions { keep_generations, runtime: runtime(), ..Default::default() })
        }
        opened => opened,
    }
}

/// Each line is one write to the pipe: it is there whole, or not.
fn say(what: &str, commit: u64) -> Result<(), Failure> {
    Ok(io::stdout().write_all(format!("{what} {commit}\n").as_bytes())?)
}

pub fn run(path: &Path, seed: u64) -> Outcome {
    let mut store = open(path)?;
    let mut commit = commit_of(&store)?;
    model::check(&store, commit)?;
    say("opened", commit)?;
    loop {
        let choice = mix(seed, commit);
        apply(&store, commit + 1)?;
        match choice % 16 {
            // As a model does: the next step goes on while the last is written.
            0..5 => {
                say("begin", commit + 1)?;
                store.flush_begin()?;
                apply(&store, commit + 2)?;
                store.flush_wait()?;
                say("done", commit + 1)?;
                commit += 1;
                say("begin", commit + 1)?;
                store.flush()?;
            }
            5..7 => {
                say("begin", commit + 1)?;
                store.close()?;
                say("done", commit + 1)?;
                commit += 1;
                store = open(path)?;
                continue;
            }
            // Thrown away, and done again.
            7 if commit > CREATED => {
                store.discard();
                store = open(path)?;
                apply(&store, commit + 1)?;
                say("begin", commit + 1)?;
                store.flush()?;
            }
            _ => {
                say("begin", commit + 1)?;
                store.flush()?;
            }
        }
        say("done", commit + 1)?;
        commit += 1;
        if (choice >> 8).is_multiple_of(6) {
            say("compact", commit)?;
            store.compact()?;
            say("compacted", commit)?;
        }
    }
}
