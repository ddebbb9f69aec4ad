//! `compact`, `rollback`, `repair`.

use crate::output::{Failure, Out, bytes, counted, on_bar, plain};
use crate::{OK, Outcome, open_with, runtime};
use atlas_store::{Mode, RepairOptions, Store};
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

pub fn repair(out: &mut Out, path: &Path, exact: bool) -> Outcome {
    let repair = Store::repair(path, RepairOptions { exact })?;
    if out.json {
        out.document(&json!({
            "generation": repair.generation,
            "was_whole": repair.was_whole,
            "restored": repair.restored,
            "salvaged": repair.salvaged,
            "losses": repair.losses,
        }))?;
        return Ok(OK);
    }
    for loss in &repair.losses {
        out.line(plain(loss))?;
    }
    if out.quiet {
        return Ok(OK);
    }
    if repair.was_whole {
        out.line(format_args!("the root is whole: generation {}", repair.generation))?;
        return Ok(OK);
    }
    let from = match repair.restored {
        Some(generation) => format!("from generation {generation}"),
        None => "from segments alone".into(),
    };
    let more = match repair.salvaged.as_slice() {
        [] => String::new(),
        salvaged => {
            let numbers: Vec<_> = salvaged.iter().map(u64::to_string).collect();
            format!(", with values of {}", numbers.join(", "))
        }
    };
    out.line(format_args!(
        "generation {} made anew {from}{more}: {}, {}",
        repair.generation,
        counted(repair.datasets, "dataset"),
        counted(repair.arrays, "array")
    ))?;
    Ok(OK)
}
