//! The self-test: that it passes here, and that it does not always.

use crate::{atlas, command, files, json, text};
use serde_json::Value as Json;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A folder on a disk: what is in memory only has no syncs to time.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

#[test]
fn file_system() {
    let dir = folder();
    let said = json(&["selftest", dir.path().to_str().unwrap()]);
    assert_eq!(said["ok"], true, "{said}");
    let checks = said["checks"].as_array().unwrap();
    let works = |name: &str| checks.iter().any(|check| check["check"] == name && check["result"] == "works");
    for name in ["free space", "files", "rename", "locks", "hard links", "least commit"] {
        assert!(works(name), "{name}: {said}");
    }
    let said = text(["selftest", dir.path().to_str().unwrap()]);
    assert!(said.lines().count() == 9 && said.contains("\nrename             replaces a file"), "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_writer_is_killed() {
    let dir = folder();
    let said = json(&["selftest", "--crash", "--kills", "40", "--seed", "7", dir.path().to_str().unwrap()]);
    assert_eq!((&said["ok"], said["kills"].as_u64(), said["seed"].as_u64()), (&true.into(), Some(40), Some(7)));
    let count = |key: &str| said[key].as_u64().unwrap();
    assert!(count("kills_in_flush") >= 10, "{said}");
    assert!(count("commits") >= 40 && count("reader_snapshots") >= 10, "{said}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let said = text(["selftest", "--crash", "--kills", "2", dir.path().to_str().unwrap()]);
    assert!(said.starts_with("2 kills survived in "), "{said}");
}

/// Somebody spoils the store while it is tested.
#[test]
fn a_loss_is_seen() {
    let dir = folder();
    let path = dir.path().to_str().unwrap();
    let words = ["--json", "selftest", "--crash", "--kills", "100000", path];
    let mut child = command(words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(60), "no loss is seen");
        // The writer removes files meanwhile.
        for entry in fs::read_dir(dir.path()).unwrap() {
            let tiles = entry.unwrap().path().join("store/tiles");
            for file in fs::read_dir(tiles).into_iter().flatten().flatten() {
                let _ = fs::OpenOptions::new().write(true).open(file.path()).and_then(|file| file.set_len(50));
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let said: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["ok"]), (Some(1), &false.into()), "{said}");
    let failure = said["failure"].as_str().unwrap();
    assert!(failure.contains("tiles") && failure.contains("seed"), "{said}");
    let kept = said["kept"].as_str().unwrap();
    assert!(!files(kept.as_ref()).is_empty());
    assert_eq!(atlas(["verify", &format!("{kept}/store")]).code, 1);
}
