//! Completion, as shells ask for it, and in bash itself.

use crate::{made, text};
use std::path::Path;
use std::process::Command;

/// What the tool offers for the last of these words.
fn offered(words: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_atlas"))
        .args(["--", "atlas"])
        .args(words)
        .envs([("ATLAS_COMPLETE", "bash"), ("_CLAP_IFS", "\n")])
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
}

#[test]
fn names_of_the_store() {
    let made = made();
    let store = made.path();
    for name in ["jan/1", "a b", "it's"] {
        text(["cp", "-q", store, "january", name]);
    }
    assert_eq!(offered(&["show", store, "j"]), ["january", "jan/1"]);
    assert_eq!(offered(&["show", store, "jan/"]), ["jan/1"]);
    // What a shell would take apart is left out.
    assert_eq!(offered(&["ls", "-l", store, ""]), ["january", "jan/1"]);
    assert_eq!(offered(&["ls", "--generation", "5", store, ""]), ["january", "jan/1"]);
    assert_eq!(offered(&["show", store, "january", "t"]), ["temperature"]);
    assert_eq!(offered(&["stats", "--chunks", store, "january", ""]), ["temperature", "station", "level"]);
    for command in ["rm", "mv", "cp", "set", "unset", "refs", "export", "plot"] {
        assert_eq!(offered(&[command, store, "janu"]), ["january"], "{command}");
    }
    assert_eq!(offered(&["diff", store, "--dataset", "janu"]), ["january"]);
    assert_eq!(offered(&["cp", store, "january", "janu"]), ["january"]);
    assert_eq!(offered(&["show", "/nonexistent", "j"]), Vec::<String>::new());
    assert_eq!(offered(&["show", store, "march", ""]), Vec::<String>::new());
    assert!(offered(&["sh"]).contains(&"show".to_owned()));
}

/// The script that is installed, in the shell that there is on every machine.
#[test]
fn in_bash() {
    let made = made();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/completions/atlas.bash");
    let tool = Path::new(env!("CARGO_BIN_EXE_atlas")).parent().unwrap();
    let path = format!("{}:{}", tool.display(), std::env::var("PATH").unwrap());
    let run = "source \"$1\"; COMP_WORDS=(atlas show \"$2\" jan); COMP_CWORD=3; COMP_TYPE=9; \
               $(complete -p atlas | sed 's/.*-F \\([^ ]*\\).*/\\1/') atlas jan \"$2\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["-c", run, "bash"])
        .arg(&script)
        .arg(made.path())
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "january\n", "{}", String::from_utf8_lossy(&output.stderr));
}
