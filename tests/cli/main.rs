//! The command-line tool, as it is run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod commands;
mod damage;
mod pages;
mod refs;
mod selftest;
mod times;

use atlas_store::{ArrayOptions, CreateOptions, DType, FillValue, Selection, Source, Store};
use serde_json::Value as Json;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run of the tool came to.
struct Run {
    code: i32,
    out: String,
    err: String,
}

fn command<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atlas"));
    command.args(words);
    command
}

/// Runs the tool. Whatever it is given, it does not panic, and prints nothing that a terminal would obey.
fn atlas<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Run {
    let output = command(words).output().unwrap();
    let run = Run {
        code: output.status.code().expect("killed by a signal"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert!((0..=5).contains(&run.code) && !run.err.contains("panicked"), "exit {}: {}", run.code, run.err);
    for text in [&run.out, &run.err] {
        let obeyed = text.chars().find(|c| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(obeyed, None, "{text}");
    }
    run
}

/// The output of a run that succeeds and complains of nothing.
fn text<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> String {
    let run = atlas(words);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    run.out
}

/// The JSON document of a run that succeeds and complains of nothing.
fn json(words: &[&str]) -> Json {
    serde_json::from_str(&text([&["--json"], words].concat())).unwrap()
}

/// A store in a folder of its own.
struct Made {
    _dir: tempfile::TempDir,
    path: PathBuf,
}

impl Made {
    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// Three generations: one dataset; a second one, and `temperature` written anew; without the second one.
fn made() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.atlas");
    let options = CreateOptions { keep_generations: Some(2), ..Default::default() };
    let store = Store::create(&path, options).unwrap();
    let january = store.create_dataset("january").unwrap();
    let chunked = ArrayOptions {
        chunk_shape: Some(vec![2, 2]),
        fill_value: Some(FillValue::from(-999f32)),
        ..Default::default()
    };
    january.define_array("temperature", DType::F32, &["dim_0", "lon"], &[3, 4], chunked).unwrap();
    let values: Vec<f32> = (0..8).map(|i| i as f32 / 10.0).collect();
    january.write("temperature", Selection::region(&[0, 0], &[2, 4]), Source::from_slice(&values)).unwrap();
    january.set_attribute(Some("temperature"), "units", "degC").unwrap();
    january.set_attribute(Some("temperature"), "valid_range", vec![-80f32, f32::INFINITY]).unwrap();
    january.define_array("station", DType::String, &["n"], &[2], ArrayOptions::default()).unwrap();
    january.write_strings("station", Selection::all(1), &["Oslo", "\"X\"\n\u{1b}[31m"]).unwrap();
    // A name of a dimension with another extent: one that nobody gave, or the commit would be refused.
    let apart = ArrayOptions { pack: Some(false), ..Default::default() };
    january.define_array("level", DType::U8, &["dim_0"], &[2], apart).unwrap();
    january.set_attribute(None, "title", "a run").unwrap();
    store.flush().unwrap();
    let july = store.create_dataset("july").unwrap();
    july.define_array("temperature", DType::F64, &["t"], &[1], ArrayOptions::default()).unwrap();
    july.write("temperature", Selection::all(1), Source::from_slice(&[f64::NAN])).unwrap();
    let one = [9.75f32];
    january.write("temperature", Selection::region(&[0, 0], &[1, 1]), Source::from_slice(&one)).unwrap();
    store.flush().unwrap();
    store.delete_dataset("july").unwrap();
    store.close().unwrap();
    Made { _dir: dir, path }
}

/// All files of a folder.
fn files(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}
