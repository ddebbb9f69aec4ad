//! What changes names, copies and attributes: `mv`, `cp`, `set`, `unset`.

use crate::{atlas, json, made, text};
use serde_json::json;

#[test]
fn mv() {
    let store = made();
    let store = store.path();
    assert_eq!(text(["mv", store, "january", "jan"]), "dataset 'january' renamed to 'jan': generation 5\n");
    assert_eq!(text(["ls", store]), "jan\n");
    let said = json(&["mv", store, "jan", "winter/jan"]);
    assert_eq!(said, json!({"dataset": "jan", "name": "winter/jan", "generation": 6}));
    assert!(text(["show", store, "winter/jan", "temperature", "-v"]).contains("9.75, 0.1, 0.2, 0.3,"));
    assert_eq!(atlas(["mv", store, "jan", "x"]).code, 3);
    assert_eq!(atlas(["mv", store, "winter/jan", "winter/jan"]).code, 5);
    assert_eq!(atlas(["mv", store, "winter/jan", ""]).code, 2);
    assert_eq!(text(["ls", store]), "winter/jan\n");
}

#[test]
fn cp_within_a_store() {
    let store = made();
    let store = store.path();
    assert_eq!(text(["cp", store, "january", "copy"]), "dataset 'january' as 'copy' copied: generation 5\n");
    let shown = |name: &str| text(["show", store, name, "-v"]).replace(name, "");
    assert_eq!(shown("copy"), shown("january"));
    let run = atlas(["cp", store, "january", "copy"]);
    assert!(run.code == 5 && run.err.contains("'copy'"), "{}", run.err);
    // One that is gone comes back, and one that was overwritten.
    let said = json(&["cp", store, "july", "july", "--generation", "3"]);
    assert_eq!(said, json!({"copied": [{"dataset": "july", "name": "july"}], "generation": 6}));
    assert_eq!(text(["ls", store]), "january\ncopy\njuly\n");
    text(["cp", "-q", store, "january", "january", "--generation", "4", "--replace"]);
    assert!(text(["show", store, "january", "temperature", "-v"]).contains("9.75"));
    text(["cp", "-q", store, "july", "copy", "--replace"]);
    assert_eq!(text(["ls", store, "copy"]), "temperature\n");
    for words in [
        &["cp", store, "january", "january", "--replace"][..],
        &["cp", store, "january"],
        &["cp", store, "january", "a", "b"],
        &["cp", store, "january", "a", "--name", "b"],
    ] {
        let run = atlas(words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}: {}", run.err);
    }
    assert_eq!(atlas(["cp", store, "march", "january", "--replace"]).code, 3);
    assert_eq!(json(&["info", store])["generation"], 8);
    assert_eq!(text(["ls", store]), "july\njanuary\ncopy\n");
}

#[test]
fn cp_to_another_store() {
    let store = made();
    let other = store.path.with_file_name("other.atlas");
    let (store, other) = (store.path(), other.to_str().unwrap());
    text(["keep", "-q", store, "20"]);
    for name in ["s/1", "s/2", "s/2/deep"] {
        text(["cp", "-q", store, "january", name]);
    }
    // What fails leaves nothing.
    assert_eq!(atlas(["cp", store, "march", "--to", other]).code, 3);
    assert_eq!(atlas(["cp", store, "m*", "--to", other]).code, 3);
    assert_eq!(atlas(["cp", store, "s/*", "--to", other, "--name", "one"]).code, 2);
    assert!(!std::path::Path::new(other).exists());
    let said = text(["cp", store, "s/*", "january", "s/1", "--to", other]);
    assert!(said.starts_with("3 datasets copied to ") && said.ends_with(": generation 2\n"), "{said}");
    assert_eq!(text(["ls", other]), "s/1\ns/2\njanuary\n");
    let shown = |store: &str| text(["show", store, "january", "-v"]).split_once('\n').unwrap().1.to_owned();
    assert_eq!(shown(other), shown(store));
    // All or nothing, in one commit.
    let run = atlas(["cp", store, "--to", other]);
    assert!(run.code == 5 && run.err.contains("'january'"), "{}", run.err);
    assert_eq!(text(["ls", other]), "s/1\ns/2\njanuary\n");
    let said = json(&["cp", store, "--to", other, "--replace"]);
    assert_eq!((said["copied"].as_array().unwrap().len(), &said["generation"]), (4, &json!(3)));
    let said = text(["cp", store, "july", "--generation", "3", "--to", other, "--name", "summer"]);
    assert!(said.starts_with("dataset 'july' as 'summer' copied to "), "{said}");
    let mut listed: Vec<_> = text(["ls", other]).lines().map(str::to_owned).collect();
    listed.sort_unstable();
    assert_eq!(listed, ["january", "s/1", "s/2", "s/2/deep", "summer"]);
}

#[test]
fn set() {
    let store = made();
    let store = store.path();
    let said = text(["set", store, "january:temperature", "units", "K"]);
    assert_eq!(
        said,
        "attribute 'units' of array 'temperature' of dataset 'january' set to string \"K\": generation 5\n"
    );
    assert_eq!(
        text(["set", store, "title", "all runs"]),
        "attribute 'title' of the store set to string \"all runs\": generation 6\n"
    );
    let said = json(&["set", store, "january", "levels", "1000,-850"]);
    let owners = json!([{"dataset": "january", "array": null}]);
    assert_eq!(said, json!({"key": "levels", "value": {"i64": [1000, -850]}, "owners": owners, "generation": 7}));
    for (value, options, expected) in [
        ("-5", &[][..], json!({"i64": [-5]})),
        ("18446744073709551615", &[], json!({"u64": [u64::MAX]})),
        ("2.5", &[], json!({"f64": [2.5]})),
        ("-1e-3, 2", &[], json!({"f64": [-0.001, 2.0]})),
        ("NaN", &[], json!({"f64": ["NaN"]})),
        ("nan", &[], json!({"string": ["nan"]})),
        ("infinity", &[], json!({"string": ["infinity"]})),
        ("2020-01-01", &[], json!({"string": ["2020-01-01"]})),
        ("sst, ice", &[], json!({"string": ["sst, ice"]})),
        ("", &[], json!({"string": [""]})),
        ("1,2", &["--type", "string"], json!({"string": ["1,2"]})),
        ("7", &["--type", "string"], json!({"string": ["7"]})),
        ("sst; ice, snow", &["--split", ";"], json!({"string": ["sst", "ice, snow"]})),
        ("1 2 3", &["--split", " ", "-t", "u8"], json!({"u8": [1, 2, 3]})),
        ("-80,60.5", &["--type", "f32"], json!({"f32": [-80.0, 60.5]})),
        ("inf", &["--type", "f16"], json!({"f16": ["Infinity"]})),
        ("true,false", &["--type", "bool"], json!({"bool": [true, false]})),
        ("-1", &["--type", "timestamp_ns"], json!({"timestamp_ns": [-1]})),
    ] {
        let said = json(&[&["set", store, "january", "x", value], options].concat());
        assert_eq!(said["value"], expected, "{value}");
        assert_eq!(json(&["show", store, "january"])["datasets"][0]["attributes"]["x"], expected, "{value}");
    }
    for words in [
        &["set", store, "january", "x", "300", "--type", "u8"][..],
        &["set", store, "january", "x", "1e39", "--type", "f32"],
        &["set", store, "january", "x", "1", "--type", "c64"],
        &["set", store, "january", "x", "yes", "--type", "bool"],
        &["set", store, "january", "x", "1", "--split", ""],
        &["set", store, "x"],
        &["set", store, "january", "", "1"],
    ] {
        let run = atlas(words);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}: {}", run.err);
    }
    for owner in ["march", "january:pressure", "march:temperature", "m*", "jan*:p*"] {
        assert_eq!(atlas(["set", store, owner, "x", "1"]).code, 3, "{owner}");
    }
}

#[test]
fn set_and_unset_of_several() {
    let store = made();
    let store = store.path();
    for name in ["s/1", "s/2", "s:3", "s:3:level"] {
        text(["cp", "-q", store, "january", name]);
    }
    assert!(text(["set", store, "s/*", "institution", "MPI"]).starts_with("attribute 'institution' of 2 datasets set"));
    assert!(text(["set", store, "s/*:[ls]*", "height", "2.5"]).starts_with("attribute 'height' of 4 arrays set"));
    let owner = |words: &[&str]| json(words)["owners"].clone();
    // A name that has a ':' in it goes first, and then the shortest dataset.
    assert_eq!(owner(&["set", store, "s:3:level", "x", "1"]), json!([{"dataset": "s:3:level", "array": null}]));
    assert_eq!(owner(&["set", store, "s:3:station", "x", "1"]), json!([{"dataset": "s:3", "array": "station"}]));
    assert_eq!(text(["unset", "-q", store, "s/1", "institution"]), "");
    assert_eq!(owner(&["unset", store, "s/*", "institution"]), json!([{"dataset": "s/2", "array": null}]));
    assert_eq!(atlas(["unset", store, "s/*", "institution"]).code, 3);
    assert_eq!(atlas(["unset", store, "s/1", "institution"]).code, 3);
    assert!(!text(["show", store, "s/*"]).contains("institution"));
    let said = text(["unset", store, "january:temperature", "units"]);
    assert!(said.starts_with("attribute 'units' of array 'temperature' of dataset 'january' removed: "), "{said}");
    text(["set", "-q", store, "title", "x"]);
    assert!(text(["unset", store, "title"]).starts_with("attribute 'title' of the store removed: "));
    assert_eq!(atlas(["unset", store, "title"]).code, 3);
}
