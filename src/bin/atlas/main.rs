//! `atlas`, the command-line tool. It only calls the library and prints what that says.

mod args;
mod bare;
mod change;
mod complete;
mod copy;
mod diff;
mod ls;
mod names;
#[cfg(feature = "netcdf")]
mod netcdf;
#[cfg(not(feature = "netcdf"))]
#[path = "no_netcdf.rs"]
mod netcdf;
mod output;
#[cfg(feature = "plot")]
mod plot;
#[cfg(not(feature = "plot"))]
#[path = "no_plot.rs"]
mod plot;
mod print;
mod refs;
mod selftest;
mod set;
mod show;
mod stats;
mod target;
mod times;
mod verify;

use args::{Arguments, Command, StoreArgs};
use atlas_store::{DType, Error, LogLevel, Mode, OpenOptions, RuntimeOptions, Store};
use clap::Parser;
use output::{Failure, Out, complain};
use refs::Pinning;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use target::At;

/// What a command comes to, besides what it printed: an exit code.
type Outcome = Result<u8, Failure>;

/// Done.
const OK: u8 = 0;
/// Something is damaged, a store mixes commits, a self-test failed, or arrays were left out or differ.
const FOUND: u8 = 1;

fn main() -> ExitCode {
    if let Some(outcome) = selftest::crash::role(std::env::args_os().skip(1)) {
        return ExitCode::from(outcome.unwrap_or_else(|failure| complain(&failure, false)));
    }
    match complete::complete() {
        Ok(false) => {}
        Ok(true) => return ExitCode::from(OK),
        Err(error) => return usage(&error),
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut out = Out::new(arguments.json, arguments.quiet);
    let outcome = run(arguments.command, &mut out).and_then(|code| out.finish().map(|()| code));
    let code = outcome.unwrap_or_else(|failure| match failure.is_closed_pipe() {
        // Whoever read has seen enough.
        true => OK,
        false => complain(&failure, out.json),
    });
    ExitCode::from(code)
}

/// Help and version, or what is wrong with the command line.
fn usage(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if error.use_stderr() && json {
        let text = error.to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end().to_owned();
        return ExitCode::from(complain(&Failure::usage(message), true));
    }
    // A closed pipe is no reason to fail.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { output::USAGE } else { OK })
}

fn run(command: Command, out: &mut Out) -> Outcome {
    match command {
        Command::Ls { store, dataset, long } => ls::ls(out, &*open(&store, out)?, dataset.as_deref(), long),
        Command::Info { store } => ls::info(out, &*open(&store, out)?),
        Command::Show { store, dataset, array, values, csv, plain, raw, start, count } => {
            let form = csv.then_some(bare::Form::Csv).or(plain.then_some(bare::Form::Plain));
            let wanted = show::Wanted { dataset, array, values, raw, start, count, form };
            show::show(out, &*open(&store, out)?, &store.path, &wanted)
        }
        Command::Stats { store, dataset, array, chunks, raw } => {
            stats::stats(out, &*open(&store, out)?, dataset.as_deref(), array.as_deref(), chunks, raw)
        }
        Command::Refs { store, datasets, output, stacked, base_url, zarr_format, lenient, pin, no_pin } => {
            let pin = if no_pin { Pinning::No } else { Pinning::Yes(pin) };
            let wanted = refs::Wanted { datasets, output, stacked, base_url, zarr_format, lenient, pin };
            refs::refs(out, &store, &wanted)
        }
        Command::Diff { first, second, at, other_at, datasets, arrays, tolerance, relative } => {
            let limits = diff::Limits { absolute: tolerance, relative };
            let commits = [at, other_at];
            diff::diff(out, &diff::Wanted { first, second, commits, datasets, arrays, limits })
        }
        Command::Plot(wanted) => plot::plot(out, &wanted),
        Command::Import(wanted) => netcdf::import(out, &wanted),
        Command::Export(wanted) => netcdf::export(out, &wanted),
        Command::Du { store } => ls::du(out, &*open(&store, out)?),
        Command::Verify { store } => verify::verify(out, &store),
        Command::Compact { store } => change::compact(out, &store),
        Command::Gc { store, older_than } => change::gc(out, &store, older_than.into()),
        Command::Rm { store, dataset, array } => change::rm(out, &store, &dataset, array.as_deref()),
        Command::Mv { store, dataset, name } => copy::mv(out, &store, &dataset, &name),
        Command::Cp { store, datasets, to, name, replace } => {
            copy::cp(out, &store, &copy::Wanted { datasets, to, name, replace })
        }
        Command::Set { store, first, second, third, dtype, split } => {
            let dtype = dtype.map(|name| DType::from_name(&name)).transpose()?;
            // The first may be left out.
            let (owner, key, text) = match &third {
                Some(text) => (Some(first.as_str()), &second, text),
                None => (None, &first, &second),
            };
            set::set(out, &store, owner, key, &set::Given { text, dtype, split: split.as_deref() })
        }
        Command::Unset { store, first, second } => match &second {
            Some(key) => set::unset(out, &store, Some(&first), key),
            None => set::unset(out, &store, None, &first),
        },
        Command::Repair { store, salvage } => change::repair(out, &store, salvage),
        Command::Rollback { store, generation } => change::rollback(out, &store, generation),
        Command::Keep { store, count } => change::keep(out, &store, count.0),
        Command::Pin { store, name } => change::pin(out, &store, &name),
        Command::Unpin { store, name } => change::unpin(out, &store, &name),
        Command::Pins { store } => ls::pins(out, &*open_with(&store, Mode::Read, runtime(out))?),
        Command::Selftest { dir, crash, kills, seed } => match (At::of(&dir), crash) {
            (At::Folder(dir), false) => selftest::file_system(out, dir),
            (At::Folder(dir), true) => selftest::crash::run(out, dir, kills, seed),
            (At::Bucket(url), false) => selftest::bucket::service(out, url),
            (At::Bucket(url), true) => Err(Failure::usage(format!(
                "{url}: --crash is for folders: in a bucket a commit is one request, which the service carries out or not, \
                 whatever becomes of who sent it"
            ))),
        },
    }
}

/// Opens a store for a command that reads it.
fn open(store: &StoreArgs, out: &Out) -> Result<Arc<Store>, Error> {
    open_for(store, runtime(out))
}

fn open_for(store: &StoreArgs, runtime: RuntimeOptions) -> Result<Arc<Store>, Error> {
    match store.generation {
        Some(generation) => Store::open_at(&store.path, generation, OpenOptions { runtime, ..OpenOptions::default() }),
        None => open_with(&store.path, Mode::Read, runtime),
    }
}

fn open_with(path: &Path, mode: Mode, runtime: RuntimeOptions) -> Result<Arc<Store>, Error> {
    Store::open(path, mode, OpenOptions { runtime, ..OpenOptions::default() })
}

/// Warnings of the library go to standard error.
fn runtime(out: &Out) -> RuntimeOptions {
    let mut runtime = RuntimeOptions::default();
    if !out.quiet {
        runtime.log = Some(Box::new(|level, message| {
            if level == LogLevel::Warning {
                output::warn(message);
            }
        }));
    }
    runtime
}
