//! The shared library exports the functions that `include/atlas.h` declares, and that `bindings/c/atlas_store.symbols`
//! lists for the static one: every one, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(feature = "capi")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The shared library that cargo built with this test: in the folder of the test itself, or the one above.
fn library() -> PathBuf {
    let name = format!("{}atlas_store{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    let test = env::current_exe().unwrap();
    let folders = test.ancestors().skip(1).take(2);
    let built = folders.map(|folder| folder.join(&name)).find(|library| library.is_file());
    built.unwrap_or_else(|| panic!("no {name} beside {} or above it: `cargo build` makes one", test.display()))
}

/// The names of the functions that the library exports.
fn exported() -> BTreeSet<String> {
    let library = library();
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&library).output();
    let output = output.unwrap_or_else(|error| panic!("nm, of binutils: {error}"));
    assert!(output.status.success(), "nm {}: {}", library.display(), String::from_utf8_lossy(&output.stderr));
    let symbols = String::from_utf8(output.stdout).unwrap();
    symbols.lines().filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect()
}

/// The names of the functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/atlas.h")).unwrap();
    let mut code = String::new();
    for part in header.split("/*") {
        code += part.split_once("*/").map_or(part, |(_, after)| after);
    }
    let lines = code.lines().filter(|line| !line.starts_with(['#', ' ', '}']));
    let functions = lines.filter(|line| !line.starts_with("typedef")).filter_map(|line| line.split_once('('));
    functions.filter_map(|(before, _)| before.rsplit([' ', '*']).next()).map(str::to_owned).collect()
}

#[test]
fn are_the_headers_functions() {
    let (exported, declared) = (exported(), declared());
    assert!(declared.contains("atlas_flush") && declared.contains("atlas_last_error"), "the header was not understood");
    let missing: Vec<_> = declared.difference(&exported).collect();
    let extra: Vec<_> = exported.difference(&declared).collect();
    assert!(missing.is_empty(), "declared, but not exported: {missing:?}");
    assert!(extra.is_empty(), "exported, but not declared: {extra:?}");
    let list =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/c/atlas_store.symbols")).unwrap();
    let sorted: String = declared.iter().map(|name| format!("{name}\n")).collect();
    assert_eq!(list, sorted, "bindings/c/atlas_store.symbols is not the sorted list of the header's functions");
}
