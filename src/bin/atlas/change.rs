//! `compact` and `rollback`.

use crate::output::{Failure, Out, bytes, on_bar};
use crate::{OK, Outcome, open_with, runtime};
use atlas_store::Mode;
use serde_json::json;
use std::path::Path;

pub fn compact(out: &mut Out, path: &Path) -> Outcome {
    let bar = out.progress(0, "compact");
    let mut runtime = runtime(out);
    runtime.progress = on_bar(&bar);
    let store = open_with(path, Mode::ReadWrite, runtime)?;
    let file_bytes = || Ok::<_, Failure>(store.array_files()?.iter().map(|file| file.file_bytes).sum::<u64>());
    let before = file_bytes()?;
    store.compact()?;
    let after = file_bytes()?;
    store.close()?;
    bar.finish_and_clear();
    if out.json {
        out.document(&json!({"bytes_before": before, "bytes_after": after}))?;
    } else if !out.quiet {
        out.line(format_args!("{} before, {} after", bytes(before), bytes(after)))?;
    }
    Ok(OK)
}

pub fn rollback(out: &mut Out, path: &Path, generation: u64) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    store.rollback(generation)?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        out.document(&json!({"restored": generation, "generation": now}))?;
    } else if !out.quiet {
        out.line(format_args!("generation {now} holds what generation {generation} held"))?;
    }
    Ok(OK)
}
