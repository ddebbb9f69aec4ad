//! Modules use only what lies below them, and `unsafe` stays where it is allowed.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The modules of `src`, highest band first. A module uses those of lower bands, and none beside it; only in the last
/// band, the vocabulary, they use each other. A module that is a folder counts as one. What a program sees,
/// `crate::Name`, is for `ffi` alone.
const BANDS: &[&[&str]] = &[
    &["ffi"],
    &["store"],
    &["change"],
    &["version"],
    &["array"],
    &["segment", "records"],
    &["format"],
    &["chunk"],
    &["codec", "storage"],
    &["memory", "cf"],
    &["base"],
];

/// Where `unsafe` may be written: files, or folders ending in a slash.
const UNSAFE: &[&str] = &[
    "base/bytes.rs",
    "base/float_state.rs",
    "base/process.rs",
    "base/threads.rs",
    "base/vector.rs",
    "bin/atlas/netcdf/c.rs",
    "bin/atlas/netcdf/crash.rs",
    "chunk/strided.rs",
    "ffi/",
    "memory/pages.rs",
    "storage/folder.rs",
    "storage/lock.rs",
    "storage/read_ahead.rs",
    "storage/write_back.rs",
];

/// A file of `src`, without comments and literals.
struct Source {
    /// From `src` on, with slashes.
    path: String,
    /// The module of the crate that it belongs to; none for `lib.rs`, and for the tool, which is a crate of its own.
    module: Option<String>,
    code: String,
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<_> =
                    path.strip_prefix(src()).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
                let module = parts[0].trim_end_matches(".rs").to_owned();
                let module = Some(module).filter(|module| module != "lib" && module != "bin");
                let code = strip(&fs::read_to_string(&path).unwrap());
                sources.push(Source { path: parts.join("/"), module, code });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Blanks comments, and the text of strings and characters.
fn strip(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|raw| raw.trim_start_matches('#')).filter(|raw| raw.starts_with('"'));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(raw) = raw.filter(|_| !code.ends_with(|last: char| last.is_alphanumeric() || last == '_')) {
            let hashes = rest.len() - raw.len() - 1;
            let close = format!("\"{}", "#".repeat(hashes));
            let opening = hashes + 2;
            rest[opening..].find(&close).map_or(rest.len(), |end| opening + end + close.len())
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && (rest[1..].starts_with('\\') || rest.chars().nth(2) == Some('\'')) {
            quoted(rest, '\'')
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[skipped..];
    }
    code
}

/// The length of the literal that `text` begins with.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = true; // the opening quote does not close
    for (index, character) in text.char_indices() {
        match (escaped, character) {
            (false, '\\') => escaped = true,
            (false, _) if character == quote => return index + 1,
            _ => escaped = false,
        }
    }
    text.len()
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// What follows `word` wherever it stands alone in `code`.
fn after<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    let alone = |at: usize| !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word);
    code.match_indices(word).filter(move |(at, _)| alone(*at)).map(move |(at, _)| &code[at + word.len()..])
}

/// The first segments of the paths that begin with `crate::` in `code`, those in braces too.
fn used(code: &str) -> Vec<String> {
    let word = |text: &str| -> String { text.trim_start().chars().take_while(|next| is_word(*next)).collect() };
    let mut names = Vec::new();
    for path in after(code, "crate").filter_map(|rest| rest.trim_start().strip_prefix("::")) {
        let Some(group) = path.trim_start().strip_prefix('{') else {
            names.push(word(path));
            continue;
        };
        let mut depth = 0;
        let mut begin = 0;
        for (at, character) in group.char_indices() {
            match character {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    names.push(word(&group[begin..at]));
                    begin = at + 1;
                    if character == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn band(module: &str) -> Option<usize> {
    BANDS.iter().position(|band| band.contains(&module))
}

/// Why `module` must not name `crate::name`; none if it may.
fn objection(module: &str, name: &str) -> Option<String> {
    let at = band(module)?;
    if name.starts_with(char::is_uppercase) {
        return (at > 0).then(|| format!("names crate::{name}: name the module that it is from"));
    }
    let Some(other) = band(name) else {
        return Some(format!("names crate::{name}, which the table does not have"));
    };
    if other < at {
        return Some(format!("uses {name}, which is above {module}"));
    }
    let beside = other == at && name != module && at + 1 < BANDS.len();
    beside.then(|| format!("uses {name}, which is beside {module}"))
}

#[test]
fn every_module_is_in_the_table_once() {
    let modules: Vec<_> = sources().into_iter().filter_map(|source| source.module).collect();
    let table: Vec<_> = BANDS.concat();
    for module in &modules {
        assert!(table.contains(&module.as_str()), "tests/layering.rs has no place for the module {module}");
    }
    for (index, module) in table.iter().enumerate() {
        assert!(!table[..index].contains(module), "{module} is twice in the table");
        assert!(modules.iter().any(|known| known == module), "the table has {module}, src has not");
    }
}

#[test]
fn no_module_looks_up() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(module) = &source.module else { continue };
        let objections = used(&source.code).into_iter().filter_map(|name| objection(module, &name));
        wrong.extend(objections.map(|objection| format!("src/{}: {objection}", source.path)));
        // Ways round `crate::`: from a module of the crate, `super` is the crate itself.
        let code = source.code.split("#[cfg(test)]").next().unwrap_or_default();
        let up =
            if source.path.contains('/') && !source.path.ends_with("/mod.rs") { "super::super::" } else { "super::" };
        if code.contains(up) {
            wrong.push(format!("src/{}: write crate:: for {up}", source.path));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_stays_in_its_places() {
    let allowed =
        |path: &str| UNSAFE.iter().any(|place| path == *place || place.ends_with('/') && path.starts_with(place));
    let sources = sources();
    let wrong: Vec<_> = sources
        .iter()
        .filter(|source| !allowed(&source.path) && after(&source.code, "unsafe").next().is_some())
        .collect();
    assert!(wrong.is_empty(), "unsafe in {:?}", wrong.iter().map(|source| &source.path).collect::<Vec<_>>());
    let unused = UNSAFE.iter().filter(|place| !sources.iter().any(|source| source.path.starts_with(*place)));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&&str>::new(), "allowed, but not there");
}

#[test]
fn the_reading_is_right() {
    let code = strip(
        "use crate::{a::{self, x}, b, c::*}; // crate::no\nlet t = \"crate::no\"; crate :: d::e!('\"', r#\"crate::no\"#); pub(crate) f;",
    );
    assert_eq!(used(&code), ["a", "b", "c", "d"]);
    assert_eq!(after(&strip("#![deny(unsafe_code)] // unsafe\nfn f<'a>(x: &'a str) {}"), "unsafe").count(), 0);
    assert_eq!(after(&strip("let quote = '\\''; unsafe { f() }"), "unsafe").count(), 1);
}
