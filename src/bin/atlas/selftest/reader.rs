//! The process that reads beside the writer: what it sees must always be one commit, whole, and never an older one than
//! before. It ends when its standard input does.

use super::model;
use crate::{OK, Outcome, open_with};
use atlas_store::storage::{LocalDisk, Storage};
use atlas_store::{Error, ErrorKind, Mode, RuntimeOptions, Store};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a reader looks at one store before it opens it anew.
const LOOKS: u64 = 16;

pub fn run(path: &Path) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = stop.clone();
    std::thread::spawn(move || {
        // Nothing comes: whether it ends or fails, whoever held the other end is done.
        let _ = io::stdin().read(&mut [0]);
        stopping.store(true, Ordering::Relaxed);
    });
    let (mut snapshots, mut commit) = (0u64, model::CREATED);
    while !stop.load(Ordering::Relaxed) {
        let store = match open_with(path, Mode::Read, RuntimeOptions::default()) {
            // Not made yet.
            Err(error) if error.kind() == ErrorKind::NotFound && commit == model::CREATED => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            opened => opened?,
        };
        for _ in 0..LOOKS {
            commit = match look(&store, commit) {
                // Without locks, a compaction does not wait for readers: they find a file gone, and move on.
                Err(error) if error.kind() == ErrorKind::Corrupt && !locks(path) && store.refresh()? => continue,
                seen => seen?,
            };
            snapshots += 1;
            if stop.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
            store.refresh()?;
        }
    }
    writeln!(io::stdout(), "{snapshots}")?;
    Ok(OK)
}

/// Whether readers can announce themselves.
fn locks(path: &Path) -> bool {
    LocalDisk.pin_reader(&path.join(".lock")).is_ok_and(|pin| pin.is_some())
}

fn look(store: &Store, before: u64) -> Result<u64, Error> {
    let commit = model::commit_of(store)?;
    if commit < before {
        let message = format!("a reader saw commit {before}, and later commit {commit}");
        return Err(Error::new(ErrorKind::Corrupt, message));
    }
    model::check(store, commit)?;
    Ok(commit)
}
