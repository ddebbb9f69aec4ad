//! `include/atlas.h` is what cbindgen writes now, and compiles alone as every C and C++ that it is promised for.
//! `ATLAS_BLESS=1 cargo test --test header` writes it.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, fs};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn path() -> PathBuf {
    root().join("include/atlas.h")
}

fn generate() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_config(config).with_src(root().join("src/ffi/mod.rs"));
    let mut text = Vec::new();
    bindings.generate().unwrap().write(&mut text);
    tidy(&String::from_utf8(text).unwrap())
}

/// Two touches that cbindgen has no setting for: a heading (`# Title`) at the beginning of a comment becomes a banner
/// before it, and a comment of one line is written on one line.
fn tidy(text: &str) -> String {
    let banner = |title: &str| format!("/* ---- {title} {:-<1$} */\n\n/**", "", 88_usize.saturating_sub(title.len()));
    let mut out = String::new();
    let mut lines = text.lines().map(str::trim_end).peekable();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let mut opening = line.to_owned();
        if let Some(heading) = lines.next_if(|next| line == "/**" && next.starts_with(" * # ")) {
            opening = banner(&heading[" * # ".len()..]);
            lines.next();
        }
        out += &opening;
        if let Some(body) = lines.next_if(|_| line.trim_start() == "/**") {
            match lines.next_if(|next| next.trim_start() == "*/") {
                Some(_) => out += &format!("{} */", &body[indent + " *".len()..]),
                None => out += &format!("\n{body}"),
            }
        }
        out += "\n";
    }
    out.replace("\n\n\n", "\n\n")
}

/// What the header is to be. Written before any test reads the file, when that is asked for.
static NOW: LazyLock<String> = LazyLock::new(|| {
    let now = generate();
    if env::var_os("ATLAS_BLESS").is_some() {
        fs::write(path(), &now).unwrap();
    }
    now
});

#[test]
fn is_fresh() {
    let now = NOW.as_str();
    let committed = fs::read_to_string(path()).unwrap_or_default();
    let line = 1 + now.lines().zip(committed.lines()).take_while(|(now, committed)| now == committed).count();
    assert!(now == committed, "include/atlas.h is stale from line {line} on; ATLAS_BLESS=1 writes it");
}

#[test]
fn compiles_alone() {
    LazyLock::force(&NOW);
    for (compiler, language, standards) in
        [("gcc", "c", &["c99", "c11", "c17", "c2x"][..]), ("g++", "c++", &["c++17", "c++20"][..])]
    {
        for standard in standards {
            let mut command = Command::new(compiler);
            command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror"]);
            command.arg(format!("-std={standard}")).arg("-I").arg(root().join("include"));
            command.args(["-x", language, "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
            let mut process = command.spawn().unwrap_or_else(|error| panic!("{compiler}: {error}"));
            let unit = b"#include <atlas.h>\n#include <atlas.h>\nint main(void) { return ATLAS_STATUS_OK; }\n";
            process.stdin.take().unwrap().write_all(unit).unwrap();
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{standard}:\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn documents_everything_in_c() {
    let header = NOW.as_str();
    let lines: Vec<&str> = header.lines().collect();
    for pair in lines.windows(2) {
        let declares = pair[1].starts_with("atlas_status atlas_")
            || pair[1].starts_with("typedef ")
            || pair[1].starts_with("#define ATLAS_") && pair[1].contains(' ') && !pair[1].ends_with("_H");
        assert!(!declares || pair[0].ends_with("*/"), "no comment: {}", pair[1]);
    }
    let functions = header.split("extern \"C\" {").nth(1).unwrap();
    assert_eq!(functions.matches("Since 0.").count(), functions.matches(");\n").count(), "a function without 'Since'");
    for word in ["unsafe", "# Safety", "Option<", "Result<", "&str", "usize", "panic", "Rust"] {
        assert!(!header.contains(&format!(" {word}")), "'{word}' is not C");
    }
}
