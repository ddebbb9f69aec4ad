//! `compact`, `gc`, `rollback`, `keep`, `pin`, `unpin`, `rm`, `repair`.

use crate::output::{Failure, Out, bytes, counted, on_bar, plain};
use crate::{FOUND, OK, Outcome, names, open_with, runtime};
use atlas_store::{DamagedSegment, Mode, Newer, Repair, RepairOptions, Store};
use serde_json::{Value as Json, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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

pub fn gc(out: &mut Out, path: &Path, older_than: Duration) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let removed = store.collect_garbage(older_than)?;
    store.close()?;
    if out.json {
        out.document(&json!({"removed": removed}))?;
    } else if !out.quiet {
        out.line(format_args!("{} removed", counted(removed, "file")))?;
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

pub fn keep(out: &mut Out, path: &Path, count: Option<u32>) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    store.set_keep_generations(count)?;
    store.flush()?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        out.document(&json!({"keep_generations": count, "generation": now}))?;
    } else if !out.quiet {
        out.line(format_args!("{} from generation {now} on", kept(count)))?;
    }
    Ok(OK)
}

/// What a store keeps.
pub fn kept(count: Option<u32>) -> String {
    match count {
        None => "the commit before the last is kept, until a compaction".into(),
        Some(count) => format!("{} kept", counted(count.into(), "earlier commit")),
    }
}

pub fn pin(out: &mut Out, path: &Path, name: &str) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let pinned = store.pin_and_flush(name)?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        out.document(&json!({"name": name, "pinned": pinned, "generation": now}))?;
    } else if !out.quiet {
        out.line(format_args!("generation {pinned} pinned as '{}': generation {now}", plain(name)))?;
    }
    Ok(OK)
}

pub fn unpin(out: &mut Out, path: &Path, name: &str) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let pinned = store.pin_generation(name)?;
    store.unpin(name)?;
    store.flush()?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        out.document(&json!({"name": name, "unpinned": pinned, "generation": now}))?;
    } else if !out.quiet {
        out.line(format_args!("pin '{}' of generation {pinned} removed: generation {now}", plain(name)))?;
    }
    Ok(OK)
}

/// Deletes datasets or arrays.
pub fn rm(out: &mut Out, path: &Path, dataset: &str, array: Option<&str>) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    let mut removed: Vec<(Arc<str>, Option<Arc<str>>, u64)> = Vec::new();
    for (dataset, arrays) in names::select(&store, Some(dataset), array)? {
        match arrays {
            None => {
                let arrays = store.array_names(&dataset)?.len() as u64;
                store.delete_dataset(&dataset)?;
                removed.push((dataset, None, arrays));
            }
            Some(arrays) => {
                for array in arrays {
                    store.delete_array(&dataset, &array)?;
                    removed.push((dataset.clone(), Some(array), 1));
                }
            }
        }
    }
    store.flush()?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        let entry = |(dataset, array, arrays): &(Arc<str>, Option<Arc<str>>, u64)| json!({"dataset": **dataset, "array": array.as_deref(), "array_count": arrays});
        out.document(&json!({"removed": removed.iter().map(entry).collect::<Vec<_>>(), "generation": now}))?;
    } else if !out.quiet {
        for (dataset, array, arrays) in &removed {
            let what = match array {
                Some(array) => format!("array '{}' of dataset '{}'", plain(array), plain(dataset)),
                None => format!("dataset '{}' with {}", plain(dataset), counted(*arrays, "array")),
            };
            out.line(format_args!("{what} removed: generation {now}"))?;
        }
    }
    Ok(OK)
}

pub fn repair(out: &mut Out, path: &Path, salvage: bool) -> Outcome {
    let repair = Store::repair(path, RepairOptions { salvage })?;
    let one_commit = repair.damaged.is_empty() && repair.salvaged.is_empty();
    let code = if one_commit { OK } else { FOUND };
    if out.json {
        out.document(&document(&repair))?;
        return Ok(code);
    }
    for loss in &repair.losses {
        out.line(plain(loss))?;
    }
    if !repair.damaged.is_empty() {
        damaged(out, path, &repair)?;
        return Ok(code);
    }
    if repair.was_whole {
        if !out.quiet {
            let text = format!("the root is whole, and its segments open: generation {}", repair.generation);
            out.line(text)?;
        }
        return Ok(code);
    }
    for Newer { dataset, array, generation } in &repair.newer {
        let (array, dataset) = (plain(array), plain(dataset));
        out.line(format_args!("    array '{array}' of dataset '{dataset}' is of generation {generation}"))?;
    }
    and_more(out, repair.newer_count, repair.newer.len())?;
    if let (Some(generation), false) = (repair.restored, one_commit) {
        out.line(format_args!("    all else is of generation {generation}"))?;
    }
    if out.quiet && one_commit {
        return Ok(code);
    }
    let from = match repair.restored {
        Some(generation) if one_commit => format!("holds what generation {generation} held"),
        Some(generation) => format!("made anew from generation {generation}"),
        None => "made anew from segments alone".into(),
    };
    let more = match repair.salvaged.as_slice() {
        [] => String::new(),
        salvaged => {
            let numbers: Vec<_> = salvaged.iter().map(u64::to_string).collect();
            format!(", with values of {}", numbers.join(", "))
        }
    };
    out.line(format_args!(
        "generation {} {from}{more}: {}, {}",
        repair.generation,
        counted(repair.datasets, "dataset"),
        counted(repair.arrays, "array")
    ))?;
    Ok(code)
}

/// The segments that are damaged, the arrays in them, and the ways on.
fn damaged(out: &mut Out, path: &Path, repair: &Repair) -> Result<(), Failure> {
    for segment in &repair.damaged {
        out.line(plain(&segment.message))?;
        for (dataset, array) in &segment.arrays {
            out.line(format_args!("    of array '{}' of dataset '{}'", plain(array), plain(dataset)))?;
        }
        and_more(out, segment.array_count, segment.arrays.len())?;
    }
    if out.quiet {
        return Ok(());
    }
    let (store, count) = (plain(&path.to_string_lossy()), counted(repair.damaged.len() as u64, "segment"));
    out.line(format_args!("the root is whole: generation {}; {count} damaged or gone", repair.generation))?;
    out.line("nothing was changed; what is not named can be read. The ways on:")?;
    out.line("    put the files back, from a copy of the store")?;
    for generation in repair.kept.iter().rev() {
        out.line(format_args!("    atlas rollback {store} {generation}    goes back to a commit that is whole"))?;
    }
    out.line(format_args!("    atlas rm {store} DATASET ARRAY    deletes what is damaged, and keeps the rest"))
}

/// Says how many there are beside those that were listed.
fn and_more(out: &mut Out, count: u64, listed: usize) -> Result<(), Failure> {
    match count - listed as u64 {
        0 => Ok(()),
        more => out.line(format_args!("    and {}", counted(more, "other array"))),
    }
}

fn document(repair: &Repair) -> Json {
    let segment = |segment: &DamagedSegment| {
        let array = |(dataset, array): &(Arc<str>, Arc<str>)| json!({"dataset": **dataset, "array": **array});
        json!({
            "file": segment.file.to_string_lossy(),
            "message": segment.message,
            "arrays": segment.arrays.iter().map(array).collect::<Vec<_>>(),
            "array_count": segment.array_count,
        })
    };
    let newer =
        |newer: &Newer| json!({"dataset": *newer.dataset, "array": *newer.array, "generation": newer.generation});
    json!({
        "generation": repair.generation,
        "was_whole": repair.was_whole,
        "damaged": repair.damaged.iter().map(segment).collect::<Vec<_>>(),
        "kept": repair.kept,
        "restored": repair.restored,
        "salvaged": repair.salvaged,
        "newer": repair.newer.iter().map(newer).collect::<Vec<_>>(),
        "newer_count": repair.newer_count,
        "losses": repair.losses,
    })
}
