//! `mv` and `cp`.

use crate::args::StoreArgs;
use crate::output::{Failure, Out, counted, plain};
use crate::target::commit_to;
use crate::{OK, Outcome, names, open, open_with, runtime};
use atlas_store::{Mode, Store};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn mv(out: &mut Out, path: &Path, dataset: &str, name: &str) -> Outcome {
    let store = open_with(path, Mode::ReadWrite, runtime(out))?;
    store.rename_dataset(dataset, name)?;
    store.flush()?;
    let now = store.info()?.generation;
    store.close()?;
    if out.json {
        out.document(&json!({"dataset": dataset, "name": name, "generation": now}))?;
    } else if !out.quiet {
        out.line(format_args!("dataset '{}' renamed to '{}': generation {now}", plain(dataset), plain(name)))?;
    }
    Ok(OK)
}

/// What to copy, and where to.
pub struct Wanted {
    /// The datasets; within a store one, and its new name.
    pub datasets: Vec<String>,
    /// Another store.
    pub to: Option<PathBuf>,
    /// What one dataset is called there.
    pub name: Option<String>,
    pub replace: bool,
}

pub fn cp(out: &mut Out, args: &StoreArgs, wanted: &Wanted) -> Outcome {
    let (copies, generation) = match (&wanted.to, wanted.datasets.as_slice()) {
        (Some(to), _) => {
            let from = open(args, out)?;
            let copies = copies(&from, &wanted.datasets, wanted.name.as_deref())?;
            let done = commit_to(to, || runtime(out), |to| copy(out, &from, to, &copies, wanted.replace));
            (copies, done?.1)
        }
        (None, [dataset, name]) => {
            let copies = vec![(Arc::from(dataset.as_str()), name.clone())];
            // An earlier commit is another store to copy from.
            let earlier = args.generation.map(|_| open(args, out)).transpose()?;
            let store = open_with(&args.path, Mode::ReadWrite, runtime(out))?;
            let from = earlier.as_ref().unwrap_or(&store);
            copy(out, from, &store, &copies, wanted.replace)?;
            store.flush()?;
            let now = store.info()?.generation;
            store.close()?;
            (copies, now)
        }
        (None, _) => return Err(Failure::usage("give a dataset and the name of its copy, or --to another store")),
    };
    if out.json {
        let entry = |(dataset, name): &(Arc<str>, String)| json!({"dataset": **dataset, "name": name});
        out.document(&json!({"copied": copies.iter().map(entry).collect::<Vec<_>>(), "generation": generation}))?;
    } else if !out.quiet {
        let what = match copies.as_slice() {
            [(dataset, name)] if **dataset == **name => format!("dataset '{}'", plain(dataset)),
            [(dataset, name)] => format!("dataset '{}' as '{}'", plain(dataset), plain(name)),
            several => counted(several.len() as u64, "dataset"),
        };
        let to = wanted.to.as_ref().map(|to| format!(" to {}", plain(&to.to_string_lossy()))).unwrap_or_default();
        out.line(format_args!("{what} copied{to}: generation {generation}"))?;
    }
    Ok(OK)
}

/// The datasets to copy to another store, by default all, and their names there.
fn copies(from: &Store, texts: &[String], name: Option<&str>) -> Result<Vec<(Arc<str>, String)>, Failure> {
    let datasets = match texts {
        [] => from.dataset_names()?,
        texts => names::all_datasets(from, texts)?,
    };
    match (name, datasets.as_slice()) {
        (None, _) => Ok(datasets.into_iter().map(|dataset| (dataset.clone(), dataset.to_string())).collect()),
        (Some(name), [dataset]) => Ok(vec![(dataset.clone(), name.to_owned())]),
        (Some(_), several) => {
            Err(Failure::usage(format!("--name is for one dataset, and there are {}", several.len())))
        }
    }
}

fn copy(
    out: &Out,
    from: &Arc<Store>,
    to: &Arc<Store>,
    copies: &[(Arc<str>, String)],
    replace: bool,
) -> Result<(), Failure> {
    let bar = out.progress(copies.len() as u64, "copy");
    for (dataset, name) in copies {
        if replace && to.has_dataset(name)? {
            // Before the one that it replaces goes.
            from.dataset(dataset)?;
            if Arc::ptr_eq(from, to) && **dataset == **name {
                return Err(Failure::usage(format!("dataset '{name}' would replace itself")));
            }
            to.delete_dataset(name)?;
        }
        from.copy_dataset(dataset, to, name)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
