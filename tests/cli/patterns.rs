//! Names that are patterns.

use crate::{atlas, json, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Selection, Source, Store};
use serde_json::json;

/// Datasets `s/1`, `s/2`, `s/2/deep`, `s`, `s/[1]`, `all*`, each with the arrays `t`, `tx` and `u` of two cells, but for
/// `s`, which has `u` alone.
fn stations() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    for name in ["s/1", "s/2", "s/2/deep", "s", "s/[1]", "all*"] {
        let dataset = store.create_dataset(name).unwrap();
        for array in if name == "s" { &["u"][..] } else { &["t", "tx", "u"] } {
            dataset.define_array(array, DType::I8, &["x"], &[2], ArrayOptions::default()).unwrap();
            dataset.write(array, Selection::all(1), Source::from_slice(&[1i8, 2])).unwrap();
        }
    }
    store.close().unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

#[test]
fn datasets() {
    let (_dir, store) = stations();
    let ls = |pattern: &str| text(["ls", &store, pattern]).replace('\n', " ");
    assert_eq!(ls("s/*"), "s/1 s/2 s/[1] ");
    assert_eq!(ls("s/**"), "s/1 s/2 s/2/deep s/[1] ");
    assert_eq!(ls("**"), "s/1 s/2 s/2/deep s s/[1] all* ");
    assert_eq!(ls("*"), "s all* ");
    assert_eq!(ls("s/?"), "s/1 s/2 ");
    assert_eq!(ls("s/[12]"), "s/1 s/2 ");
    assert_eq!(ls("s/[!1]"), "s/2 ");
    // A name goes first.
    assert_eq!(ls("s/[1]"), "t tx u ");
    assert_eq!(ls("all*"), "t tx u ");
    assert_eq!(ls("all[*]"), "all* ");
    assert_eq!(json(&["ls", "-l", &store, "s/?"])[1], json!({"name": "s/2", "array_count": 3, "attribute_count": 0}));
    let run = atlas(["ls", &store, "x*"]);
    assert!(run.code == 3 && run.err.contains("no dataset matches 'x*'"), "{}", run.err);
    assert_eq!(atlas(["ls", &store, "s/[1"]).code, 3);
}

#[test]
fn show_and_stats() {
    let (_dir, store) = stations();
    let said = text(["show", &store, "s/?", "t*[1:]"]);
    assert_eq!(said.matches("dataset: ").count(), 2, "{said}");
    assert_eq!(said.matches("    t[1:2] =\n      2 ;\n    tx[1:2] =\n      2 ;\n").count(), 2, "{said}");
    assert!(!said.contains("i8 u"), "{said}");
    // Datasets that have no such array are passed over.
    let said = json(&["show", &store, "*", "[t]", "-v"]);
    assert_eq!((&said["datasets"][0]["name"], said["datasets"].as_array().unwrap().len()), (&json!("all*"), 1));
    assert_eq!(said["datasets"][0]["arrays"][0]["values"], json!([1, 2]));
    let rows = json(&["stats", &store, "s/2/**", "t*"]);
    let named: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| format!("{} {}", row["dataset"], row["array"])).collect();
    assert_eq!(named, ["\"s/2/deep\" \"t\"", "\"s/2/deep\" \"tx\""]);
    for words in [
        &["show", &store, "s", "t"][..],
        &["show", &store, "s*", "t"],
        &["stats", &store, "s/?", "v"],
        &["stats", &store, "s", "v*"],
    ] {
        assert_eq!(atlas(words).code, 3, "{words:?}");
    }
    assert_eq!(atlas(["show", &store, "s/?", "t*[2]"]).code, 2);
}

#[test]
fn rm() {
    let (_dir, store) = stations();
    let said = text(["rm", &store, "s/?", "t?"]);
    assert_eq!(
        said,
        "array 'tx' of dataset 's/1' removed: generation 3\narray 'tx' of dataset 's/2' removed: generation 3\n"
    );
    let said = json(&["rm", &store, "s/*"]);
    let entry = |name: &str, arrays: u64| json!({"dataset": name, "array": null, "array_count": arrays});
    assert_eq!(said, json!({"removed": [entry("s/1", 2), entry("s/2", 2), entry("s/[1]", 3)], "generation": 4}));
    assert_eq!(text(["ls", &store]), "s/2/deep\ns\nall*\n");
    assert_eq!(atlas(["rm", &store, "s/*"]).code, 3);
    assert_eq!(text(["rm", &store, "all*"]), "dataset 'all*' with 3 arrays removed: generation 5\n");
}

#[test]
fn refs() {
    let (dir, store) = stations();
    let folder = dir.path().join("refs");
    let said = json(&["-q", "refs", &store, "s/?", "s/1", "--no-pin", "-o", folder.to_str().unwrap()]);
    assert_eq!(said["files"].as_array().unwrap().len(), 2, "{said}");
}
