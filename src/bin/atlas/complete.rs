//! Completion of what is typed in a shell, with the names that the store on the line has. The scripts in `docs/completions`
//! call the tool, with [`VARIABLE`] set.

use crate::args::Arguments;
use crate::open_for;
use atlas_store::{RuntimeOptions, Store};
use clap::{Arg, ArgMatches, Command, CommandFactory};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::CompleteEnv;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

/// Names the shell when something is to be completed.
const VARIABLE: &str = "ATLAS_COMPLETE";
/// Names that are offered, at most.
const MOST: usize = 1000;

/// Whether this run was a shell's, and is done.
pub fn complete() -> clap::error::Result<bool> {
    CompleteEnv::with_factory(command).var(VARIABLE).try_complete(env::args_os(), env::current_dir().ok().as_deref())
}

/// The command line, with completers where it takes names.
fn command() -> Command {
    Arguments::command().mut_subcommands(|subcommand| {
        let is_of_attributes = matches!(subcommand.get_name(), "set" | "unset");
        subcommand.mut_args(move |arg: Arg| match arg.get_id().as_str() {
            "dataset" | "datasets" => arg.add(ArgValueCompleter::new(datasets)),
            "first" if is_of_attributes => arg.add(ArgValueCompleter::new(datasets)),
            "array" | "arrays" => arg.add(ArgValueCompleter::new(arrays)),
            _ => arg,
        })
    })
}

fn datasets(typed: &OsStr) -> Vec<CompletionCandidate> {
    offered(typed, |_, store| store.dataset_names().ok())
}

fn arrays(typed: &OsStr) -> Vec<CompletionCandidate> {
    offered(typed, |line, store| {
        let dataset = line.try_get_one::<String>("dataset").ok().flatten()?;
        store.array_names(dataset).ok()
    })
}

/// Those of the names that begin with what is typed. A shell takes some apart: they are left out. Where there is no store,
/// or it cannot be read, there are none.
fn offered(typed: &OsStr, names: impl Fn(&ArgMatches, &Store) -> Option<Vec<Arc<str>>>) -> Vec<CompletionCandidate> {
    let is_whole = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "_-./+@%,".contains(c));
    let found = line().and_then(|line| names(&line, &*store(&line)?));
    let typed = typed.to_string_lossy();
    let meant = found.unwrap_or_default().into_iter().filter(|name| name.starts_with(&*typed) && is_whole(name));
    meant.take(MOST).map(|name| CompletionCandidate::new(&*name)).collect()
}

/// What the words before the one that is typed mean to the subcommand.
fn line() -> Option<ArgMatches> {
    let mut words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let at = env::var("_CLAP_COMPLETE_INDEX").ok().and_then(|index| index.parse().ok());
    words.truncate(at.unwrap_or(words.len().saturating_sub(1)));
    let mut matches = Arguments::command().ignore_errors(true).try_get_matches_from(words).ok()?;
    matches.remove_subcommand().map(|(_, matches)| matches)
}

/// The store on the line, at the commit that it names.
fn store(line: &ArgMatches) -> Option<Arc<Store>> {
    let path = ["path", "store", "first"].into_iter().find_map(|id| line.try_get_one::<PathBuf>(id).ok().flatten())?;
    let generation = line.try_get_one::<u64>("generation").ok().flatten();
    let runtime = RuntimeOptions { threads: Some(0), ..RuntimeOptions::default() };
    open_for(&crate::args::StoreArgs { path: path.clone(), generation: generation.copied() }, runtime).ok()
}
