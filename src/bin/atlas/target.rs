//! The store that a command writes datasets to.

use crate::open_with;
use crate::output::{Failure, warn};
use atlas_store::{CreateOptions, Mode, RuntimeOptions, Store};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Opens the store for writing, or makes it where there is none, has `change` change it, and commits that; what it came
/// to, and the generation. Where something fails, the store stays as it was, and there is none where there was none.
pub fn commit_to<T>(
    path: &Path,
    runtime: RuntimeOptions,
    change: impl FnOnce(&Arc<Store>) -> Result<T, Failure>,
) -> Result<(T, u64), Failure> {
    let found = path.exists();
    let empty = !found || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    let store = match empty {
        true => Store::create(path, CreateOptions { runtime, ..CreateOptions::default() })?,
        false => open_with(path, Mode::ReadWrite, runtime)?,
    };
    let done = change(&store).and_then(|done| {
        store.flush()?;
        Ok(done)
    });
    match done {
        Ok(done) => {
            let generation = store.info()?.generation;
            store.close()?;
            Ok((done, generation))
        }
        Err(error) => {
            store.discard();
            drop(store);
            // Nobody else has had it yet.
            if !found && fs::remove_dir_all(path).is_err() {
                warn(&format!("the new store {} could not be removed", path.display()));
            }
            Err(error)
        }
    }
}
