//! Each command, in text and JSON, and how it fails.

use crate::{atlas, command, json, made, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Mode, OpenOptions, Selection, Source, Store};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

#[test]
fn ls() {
    let store = made();
    assert_eq!(text(["ls", store.path()]), "january\n");
    assert_eq!(text(["ls", store.path(), "--generation", "3"]), "january\njuly\n");
    assert_eq!(text(["ls", store.path(), "january"]), "temperature\nstation\nlevel\n");
    assert_eq!(text(["ls", "-l", store.path()]), "january  3 arrays  1 attribute\n");
    let long = text(["ls", "-l", store.path(), "january"]);
    let first = "temperature  f32     (dim_0=3, lon=4)  chunks [2, 2]  zstd 1, shuffled\n";
    assert!(long.starts_with(first), "{long}");
    assert_eq!(json(&["ls", store.path()]), json!([{"name": "january"}]));
    assert_eq!(json(&["ls", "-l", store.path()]), json!([{"name": "january", "array_count": 3, "attribute_count": 1}]));
    let expected = json!({
        "name": "temperature", "dtype": "f32", "dims": ["dim_0", "lon"], "shape": [3, 4], "chunk_shape": [2, 2], "piece_shape": [2, 2],
        "codec": "zstd", "level": 1, "shuffle": true, "filter": "none", "keep_bits": null, "pack": true, "fill_value": -999.0,
    });
    let listed = json(&["ls", "-l", store.path(), "january"]);
    assert_eq!(listed[0], expected);
    assert!(long.ends_with("zstd 1, shuffled, not packed\n"), "{long}");
    assert_eq!(listed[2]["pack"], false);
}

#[test]
fn info() {
    let store = made();
    let said = text(["info", store.path()]);
    assert!(said.starts_with("generation   4\nkept         2, 3, 4\ndatasets     1\n"), "{said}");
    let said = json(&["info", store.path()]);
    assert_eq!((&said["generation"], &said["generations"]), (&json!(4), &json!([2, 3, 4])));
    assert_eq!((&said["meta_format"], &said["meta_zstd"]), (&json!("json"), &json!(false)));
    assert!(said["dead_bytes"].as_u64().unwrap() > 0);
    assert_eq!(json(&["info", store.path(), "--generation", "3"])["dataset_count"], 2);
}

#[test]
fn show() {
    let store = made();
    let expected = r#"store PATH { // generation 4

dataset: january {
  dimensions:
    lon = 4 ;
    n = 2 ;
  variables:
    f32 temperature(dim_0=3, lon) ; // fill -999.0; chunks [2, 2]; zstd 1, shuffled
      string temperature:units = "degC" ;
      f32 temperature:valid_range = -80.0, Infinity ;
    string station(n) ; // chunks [2]; zstd 1, shuffled
    u8 level(dim_0=2) ; // chunks [2]; zstd 1, shuffled, not packed
  attributes:
      string :title = "a run" ;
}
}
"#;
    assert_eq!(text(["show", store.path()]).replace(store.path(), "PATH"), expected);
    let values = r#"  data:
    temperature =
      9.75, 0.1, 0.2, 0.3,
      0.4, 0.5, 0.6, 0.7,
      _, _, _, _ ;
    station =
      "Oslo", "\"X\"\n\u{1b}[31m" ;
    level =
      0, 0 ;
}
}
"#;
    let said = text(["show", store.path(), "january", "--values"]);
    assert_eq!(&said[said.find("  data:").unwrap()..], values);
    let earlier = text(["show", "-v", "--generation", "2", store.path(), "january", "temperature"]);
    assert!(earlier.contains("      0.0, 0.1, 0.2, 0.3,\n") && !earlier.contains("station"), "{earlier}");
}

/// The lines of values that `show` prints of `temperature` with these words.
fn region(store: &str, words: &[&str]) -> String {
    let said = text([&["show", store, "january"], words].concat());
    let (_, values) = said.split_once(" =\n").unwrap();
    values.replace(" ;\n}\n}\n", "").trim_start().replace("\n      ", "\n")
}

#[test]
fn regions() {
    let store = made();
    let store = store.path();
    assert_eq!(region(store, &["temperature[0:2,1]"]), "0.1,\n0.5");
    assert_eq!(region(store, &["temperature[1]"]), "0.4, 0.5, 0.6, 0.7");
    assert_eq!(region(store, &["temperature[ -2 : , -1 ]"]), "0.7,\n_");
    assert_eq!(region(store, &["temperature[:1,:]"]), "9.75, 0.1, 0.2, 0.3");
    assert_eq!(region(store, &["temperature", "--start", "1,2"]), "0.6, 0.7,\n_, _");
    assert_eq!(region(store, &["temperature", "--count", "1,2"]), "9.75, 0.1");
    assert_eq!(region(store, &["temperature", "--start", "1,0", "--count", "1,1"]), "0.4");
    let said = text(["show", store, "january", "temperature[2:2]"]);
    assert!(said.contains("    temperature[2:2,0:4] = ;\n"), "{said}");
    for wrong in
        ["[0,0,0]", "[3]", "[-4]", "[0:4]", "[a]", "[::2]", "[,1]", "[1.5]", "[18446744073709551616]", "[0:-9]"]
    {
        let run = atlas(["show", store, "january", &format!("temperature{wrong}")]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong}: {}", run.err);
    }
    for words in [&["temperature[0]", "--start", "0,0"][..], &["temperature", "--start", "0", "--count", "1,1"]] {
        assert_eq!(atlas([&["show", store, "january"], words].concat()).code, 2);
    }
    assert_eq!(atlas(["show", store, "--start", "0,0"]).code, 2);
    assert_eq!(atlas(["show", store, "january", "nothing[0]"]).code, 3);
}

#[test]
fn a_name_may_have_brackets() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    for name in ["a", "a[0]"] {
        dataset.define_array(name, DType::I8, &["x"], &[2], ArrayOptions::default()).unwrap();
    }
    dataset.write("a[0]", Selection::all(1), Source::from_slice(&[1i8, 2])).unwrap();
    store.close().unwrap();
    let show = |array: &str| text(["show", path.to_str().unwrap(), "d", array]);
    assert!(!show("a[0]").contains("data:"));
    assert!(show("a[0][1]").contains("    a[0][1:2] =\n      2 ;\n"));
    assert!(show("a[1]").contains("    a[1:2] =\n      0 ;\n"));
}

#[test]
fn show_as_json() {
    let store = made();
    let said = json(&["show", store.path(), "january", "temperature[0:2,0:2]"]);
    let dataset = &said["datasets"][0];
    assert_eq!((&said["generation"], &dataset["name"]), (&json!(4), &json!("january")));
    assert_eq!(dataset["attributes"], json!({"title": {"string": ["a run"]}}));
    let array = &dataset["arrays"][0];
    assert_eq!(array["attributes"]["valid_range"], json!({"f32": [-80.0, "Infinity"]}));
    assert_eq!((&array["start"], &array["count"]), (&json!([0, 0]), &json!([2, 2])));
    assert_eq!(array["values"], json!([9.75, 0.1, 0.4, 0.5]));
    assert_eq!(dataset["arrays"].as_array().unwrap().len(), 1);
    let whole = json(&["show", store.path(), "--values", "--generation", "3"]);
    assert_eq!(whole["datasets"][0]["arrays"][1]["values"][1], "\"X\"\n\u{1b}[31m");
    assert_eq!(whole["datasets"][1]["arrays"][0]["values"], json!(["NaN"]));
    assert_eq!(json(&["show", store.path()])["datasets"][0]["arrays"][0].get("values"), None);
}

/// The store's own attributes, of a dataset that was renamed beside them.
#[test]
fn show_with_attributes_of_the_store() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1-renamed");
    let said = text(["show", fixture]);
    let own =
        "{ // generation 3\n  attributes:\n      string :title = \"seven é\" ;\n      i32 :levels = 1000, -850 ;\n";
    assert!(said.contains(own), "{said}");
    assert!(said.contains("dataset: new {") && !text(["show", fixture, "new"]).contains(":title"), "{said}");
    let document = json(&["show", fixture]);
    assert_eq!(document["attributes"], json!({"title": {"string": ["seven é"]}, "levels": {"i32": [1000, -850]}}));
    assert_eq!(json(&["show", fixture, "new"]).get("attributes"), None);
}

/// The store of every type in `tests/fixtures`, whose values `expected.json` has.
#[test]
fn every_type() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/v1-json");
    let said = text(["show", fixture, "types", "--values"]);
    for line in [
        "true, false, false, true, true ;",
        "-9223372036854775808, -1, 0, 1, 9223372036854775807 ;",
        "3, 1, 4, 1, 18446744073709551615 ;",
        "-0.0, 0.1, 65500.0, Infinity, NaN ;",
        "-0.0, 0.1, 3.4028235e38, 1e-45, NaN ;",
        "-0.0, 0.1, -Infinity, 5e-324, NaN ;",
        "1.0-2.0i, 0.1+NaNi, -0.0+0.0i, Infinity+0.0i, 1.7e308-1.7e308i ;",
        "1970-01-01T00:00:00Z, 1969-12-31T23:59:59.999999999Z, 2023-11-14T22:13:20Z,",
        "1677-09-21T00:12:43.145224192Z, 2262-04-11T23:47:16.854775807Z ;",
        r#""", "a", "°C", "two\nlines", "naïve \"quoted\" 𝄞" ;"#,
    ] {
        assert!(said.contains(&format!("\n      {line}\n")), "{line} is not in\n{said}");
    }
    let filled = text(["show", fixture, "filled", "-v"]);
    assert_eq!(filled.matches(" _").count(), 16 * 5, "{filled}");
    let pairs = json(&["show", fixture, "types", "c64", "-v"]);
    assert_eq!(pairs["datasets"][0]["arrays"][0]["values"][1], json!([0.1, "NaN"]));
}

/// Values come in pieces, in their order whatever the shape.
#[test]
fn many_values() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    let shape = [2u64, 3, 150_000];
    dataset.define_array("a", DType::U32, &["x", "y", "z"], &shape, ArrayOptions::default()).unwrap();
    let values: Vec<u32> = (0..900_000).collect();
    dataset.write("a", Selection::all(3), Source::from_slice(&values)).unwrap();
    store.close().unwrap();
    let path = path.to_str().unwrap();
    let said = json(&["show", path, "d", "a", "-v"]);
    let found = said["datasets"][0]["arrays"][0]["values"].as_array().unwrap().iter();
    assert!(found.map(|value| value.as_u64().unwrap() as u32).eq(values.iter().copied()));
    let said = text(["show", path, "d", "a", "-v"]);
    let (_, said) = said.split_once("a =\n").unwrap();
    let found =
        said.trim_end_matches(['}', '\n', ';', ' ']).split(',').map(|value| value.trim().parse::<u32>().unwrap());
    assert!(found.eq(values.iter().copied()));

    // Whoever reads may stop.
    let mut child = command(["show", path, "-v"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("store "), "{line}");
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!((child.wait().unwrap().code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn stats() {
    let store = made();
    let expected = "\
dataset  array        cells  missing  min   max
january  temperature     12        4  0.1  9.75
january  station          2        0    -     -
january  level            2        0    0     0
";
    assert_eq!(text(["stats", store.path()]), expected);
    let chunks = "\
dataset  array        chunk   cells  missing  min   max
january  temperature  [0, 0]      4        0  0.1  9.75
january  temperature  [0, 1]      4        0  0.2   0.7
january  temperature  [1, 0]      2        2    -     -
january  temperature  [1, 1]      2        2    -     -
";
    assert_eq!(text(["stats", "--chunks", store.path(), "january", "temperature"]), chunks);
    let line = json!({
        "dataset": "january", "array": "temperature", "row_count": 12, "null_count": 4, "min": 0.0, "max": 0.7,
    });
    assert_eq!(json(&["stats", "--generation", "2", store.path(), "january"])[0], line);
    let chunk = &json(&["stats", "--chunks", store.path(), "january", "temperature"])[1];
    assert_eq!((&chunk["chunk"], &chunk["min"]), (&json!([0, 1]), &json!(0.2)));
}

/// A shape may be far larger than what is stored.
#[test]
fn a_huge_array() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    let chunked = ArrayOptions { chunk_shape: Some(vec![1, 1]), ..Default::default() };
    dataset.define_array("a", DType::U8, &["x", "y"], &[1 << 40, 1 << 20], chunked).unwrap();
    store.close().unwrap();
    let path = path.to_str().unwrap();
    let said = text(["show", path, "d", "a[-1,-3:]"]);
    assert!(said.contains("[1099511627775:1099511627776,1048573:1048576] =\n      0, 0, 0 ;\n"), "{said}");
    assert!(text(["stats", path]).contains(&(1u64 << 60).to_string()));
    let run = atlas(["stats", "--chunks", path]);
    assert!(run.code == 2 && run.err.contains("1152921504606846976 chunks"), "{}", run.err);
    let mut child = command(["show", path, "-v"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(100_000);
    assert_eq!(lines.map(|line| line.unwrap()).filter(|line| line.ends_with("0, 0, 0,")).count(), 99_990);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn du_compact_rollback() {
    let store = made();
    let du = json(&["du", store.path()]);
    let arrays = du["arrays"].as_array().unwrap();
    let sizes: Vec<u64> = arrays.iter().map(|array| array["file_bytes"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|a, b| a >= b) && sizes.len() == 2, "{sizes:?}");
    assert_eq!(sizes.iter().sum::<u64>(), du["file_bytes"].as_u64().unwrap());
    let on_disk = crate::files(&store.path).into_iter().filter(|file| file.extension().is_some_and(|e| e == "seg"));
    assert_eq!(on_disk.map(|file| file.metadata().unwrap().len()).sum::<u64>(), sizes.iter().sum::<u64>());
    assert_eq!((&arrays[0]["array"], &arrays[0]["segment_count"]), (&json!("temperature"), &json!(2)));
    assert!(arrays[0]["dead_bytes"].as_u64().unwrap() > 0);
    let said = text(["du", store.path()]);
    assert!(said.lines().last().unwrap().starts_with("total ") && said.contains("\ntemperature "), "{said}");

    assert_eq!(text(["rollback", store.path(), "3"]), "generation 5 holds what generation 3 held\n");
    assert_eq!(text(["ls", store.path()]), "january\njuly\n");
    assert_eq!(json(&["rollback", store.path(), "4"]), json!({"restored": 4, "generation": 6}));
    assert_eq!(text(["ls", store.path()]), "january\n");
    assert_eq!(atlas(["rollback", store.path(), "77"]).code, 3);
    assert_eq!(text(["-q", "rollback", store.path(), "5"]), "");

    let before = json(&["du", store.path()])["file_bytes"].clone();
    let said = json(&["compact", store.path()]);
    assert_eq!(said["bytes_before"], before);
    assert!(said["bytes_after"].as_u64() < before.as_u64(), "{said}");
    assert_eq!(json(&["info", store.path()])["dead_bytes"], 0);
    assert!(text(["compact", store.path()]).contains(" before, "));
    assert_eq!(text(["-q", "compact", store.path()]), "");
}

#[test]
fn keep() {
    let store = made();
    assert_eq!(text(["keep", store.path(), "5"]), "5 earlier commits kept from generation 5 on\n");
    let said = json(&["info", store.path()]);
    assert_eq!((&said["generations"], &said["keep_generations"]), (&json!([2, 3, 4, 5]), &json!(5)));
    assert_eq!(json(&["keep", store.path(), "1"]), json!({"keep_generations": 1, "generation": 6}));
    assert_eq!(json(&["info", store.path()])["generations"], json!([5, 6]));
    assert_eq!(json(&["keep", store.path(), "default"]), json!({"keep_generations": null, "generation": 7}));
    assert_eq!(text(["-q", "keep", store.path(), "0"]), "");
    assert_eq!(json(&["info", store.path()])["generations"], json!([8]));
    assert_eq!(text(["keep", store.path(), "0"]), "0 earlier commits kept from generation 8 on\n");
    assert_eq!(atlas(["keep", store.path(), "all"]).code, 2);
}

#[test]
fn pins() {
    let store = made();
    assert_eq!(text(["pins", store.path()]), "");
    assert_eq!(text(["pin", store.path(), "before july"]), "generation 4 pinned as 'before july': generation 5\n");
    let said = json(&["pin", store.path(), "b"]);
    assert_eq!(said, json!({"name": "b", "pinned": 5, "generation": 6}));
    assert_eq!(atlas(["pin", store.path(), "b"]).code, 5);
    assert_eq!(atlas(["pin", store.path(), ""]).code, 2);
    assert_eq!(text(["-q", "keep", store.path(), "0"]), "");
    assert_eq!(text(["-q", "compact", store.path()]), "");
    assert_eq!(text(["pins", store.path()]), "before july  4\nb            5\n");
    let listed = json!([{"name": "before july", "generation": 4}, {"name": "b", "generation": 5}]);
    assert_eq!(json(&["pins", store.path()]), listed);
    assert_eq!(text(["ls", store.path(), "--generation", "4"]), "january\n");
    assert_eq!(text(["unpin", store.path(), "b"]), "pin 'b' of generation 5 removed: generation 9\n");
    let said = json(&["unpin", store.path(), "before july"]);
    assert_eq!(said, json!({"name": "before july", "unpinned": 4, "generation": 10}));
    assert_eq!(json(&["pins", store.path()]), json!([]));
    assert_eq!(json(&["info", store.path()])["generations"], json!([10]));
    assert_eq!(atlas(["unpin", store.path(), "b"]).code, 3);
}

#[test]
fn rm() {
    let store = made();
    assert_eq!(
        text(["rm", store.path(), "january", "level"]),
        "array 'level' of dataset 'january' removed: generation 5\n"
    );
    assert_eq!(text(["ls", store.path(), "january"]), "temperature\nstation\n");
    text(["rollback", store.path(), "3"]);
    let said = json(&["rm", store.path(), "july"]);
    assert_eq!(said, json!({"removed": [{"dataset": "july", "array": null, "array_count": 1}], "generation": 7}));
    assert_eq!(text(["ls", store.path()]), "january\n");
    let said = json(&["rm", store.path(), "january", "station"]);
    let removed = json!([{"dataset": "january", "array": "station", "array_count": 1}]);
    assert_eq!(said, json!({"removed": removed, "generation": 8}));
    assert_eq!(text(["rm", store.path(), "january"]), "dataset 'january' with 2 arrays removed: generation 9\n");
    assert_eq!(text(["-q", "ls", store.path()]), "");
    text(["rollback", store.path(), "8"]);
    assert_eq!(text(["-q", "rm", store.path(), "january"]), "");
}

#[test]
fn how_it_fails() {
    let store = made();
    let path = store.path();
    for (words, code, kind) in [
        (&["ls", "/nonexistent"][..], 3, "not_found"),
        (&["ls", path, "march"], 3, "not_found"),
        (&["show", path, "january", "pressure"], 3, "not_found"),
        (&["stats", path, "january", "pressure"], 3, "not_found"),
        (&["info", path, "--generation", "1"], 3, "not_found"),
        (&["rollback", path, "9"], 3, "not_found"),
        (&["rm", path, "march"], 3, "not_found"),
        (&["rm", path, "march", "temperature"], 3, "not_found"),
        (&["rm", path, "january", "pressure"], 3, "not_found"),
        (&["rm", path], 2, "usage"),
        (&["repair", "--exact", path], 2, "usage"),
        (&["selftest", "/nonexistent"], 3, "not_found"),
        (&["show", path, "january", "temperature[9]"], 2, "out_of_range"),
        (&["frobnicate"], 2, "usage"),
        (&["ls"], 2, "usage"),
        (&["info", path, "--generation", "x"], 2, "usage"),
        (&["selftest", "--kills", "3", "."], 2, "usage"),
    ] {
        let run = atlas(words);
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{words:?}");
        assert!(run.err.starts_with(if kind == "usage" { "error: " } else { "atlas: " }), "{}", run.err);
        let run = atlas([&["--json"], words].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{words:?}");
        let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
        assert_eq!((&error["error"]["kind"], &error["error"]["exit_code"]), (&json!(kind), &json!(code)), "{words:?}");
    }
    let writer = Store::open(&store.path, Mode::ReadWrite, OpenOptions::default()).unwrap();
    for words in [
        &["compact", path][..],
        &["rollback", path, "3"],
        &["rm", path, "january"],
        &["keep", path, "1"],
        &["pin", path, "p"],
    ] {
        let run = atlas(words);
        assert!(run.code == 4 && run.err.contains("is locked for writing by pid"), "{}: {}", run.code, run.err);
    }
    // Readers do not mind.
    assert_eq!(text(["ls", path]), "january\n");
    drop(writer);
    let not_a_store = tempfile::tempdir().unwrap();
    assert_eq!(atlas(["info", not_a_store.path().to_str().unwrap()]).code, 3);
}

#[test]
fn help_and_version() {
    let help = text(["--help"]);
    assert!(help.contains("Exit status:\n  0  done\n") && !help.contains("selftest-"), "{help}");
    assert_eq!(text(["--version"]), concat!("atlas ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(text(["show", "--help"]).contains("temperature[0:3,:]"));
}

/// What files hold is printed, and not obeyed.
#[test]
fn nothing_is_obeyed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s\u{1b}[2J");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let (name, value) = ("quote'\"\\ \u{202e}e\u{301}", "\u{1b}]0;title\u{7}\u{9b}31m\u{85}\u{2028}é日本\u{7f}");
    let dataset = store.create_dataset(name).unwrap();
    dataset.define_array(name, DType::String, &[name], &[1], ArrayOptions::default()).unwrap();
    dataset.write_strings(name, Selection::all(1), &[value]).unwrap();
    dataset.set_attribute(None, name, value).unwrap();
    store.close().unwrap();
    let path = path.to_str().unwrap();
    let shown = "quote'\"\\\\ \\u{202e}e\u{301}";
    assert_eq!(text(["ls", path]), format!("{shown}\n"));
    let said = text(["show", path, "-v"]);
    assert_eq!(said.matches(shown).count(), 6, "{said}");
    let quoted = "\"\\u{1b}]0;title\\u{7}\\u{9b}31m\\u{85}\\u{2028}é日本\\u{7f}\"";
    assert_eq!(said.matches(quoted).count(), 2, "{said}");
    for words in [&["ls", "-l", path][..], &["stats", path], &["du", path], &["verify", path], &["info", path]] {
        text(words);
        json(words);
    }
    let said = json(&["show", path, "-v"]);
    assert_eq!(said["datasets"][0]["name"], name);
    assert_eq!(said["datasets"][0]["attributes"][name]["string"][0], value);
    assert_eq!(said["datasets"][0]["arrays"][0]["values"][0], value);
    let run = atlas(["ls", path, "\u{1b}[31m"]);
    assert!(run.code == 3 && run.err.contains("\\u{1b}[31m"), "{}", run.err);
    let run = atlas(["--json", "ls", path, "\u{9b}"]);
    assert!(run.code == 3 && run.err.contains(r"\\u{9b}"), "{}", run.err);
}

#[cfg(not(feature = "plot"))]
#[test]
fn without_plot() {
    let run = atlas(["plot", made().path(), "january", "temperature"]);
    assert_eq!((run.code, run.out.as_str()), (5, ""), "{}", run.err);
    assert!(run.err.contains("was built without pictures") && run.err.contains("--features plot"), "{}", run.err);
}

#[cfg(not(feature = "netcdf"))]
#[test]
fn without_netcdf() {
    let store = made();
    for arguments in [["import", "t.nc", store.path()].as_slice(), &["export", store.path(), "-o", "t.nc"]] {
        let run = atlas(arguments);
        assert_eq!(run.code, 5, "{}", run.err);
        assert!(run.err.contains("was built without NetCDF") && run.err.contains("--features netcdf"), "{}", run.err);
    }
    assert_eq!(text(["ls", store.path()]), "january\n");
}
