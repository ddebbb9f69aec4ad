//! References for Zarr tools. That these read them right is for tests/refs.

use crate::{atlas, json, made};
use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, Dataset, FillValue, Filter, Mode, OpenOptions, Selection, Source, Store,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a run says of the one array in `made` that has a dimension of another extent.
const LEVEL: &str = "atlas: warning: array 'level' of dataset 'january' is left out: its dimension 'dim_0' has 2 cells, where another has 3\n";

/// A run that succeeds and says for how long the references are valid, and nothing else.
fn refs(words: &[&str]) -> String {
    let run = atlas([&["refs", "--lenient"], words].concat());
    let note = run.err.replace(LEVEL, "");
    assert!(note.starts_with(&format!("atlas: note: valid until `atlas unpin {} refs-", words[0])), "{note}");
    assert_eq!((run.code, note.lines().count()), (0, 1));
    run.out
}

/// The pins of a store, as `atlas pins` lists them.
fn pins(store: &str) -> Vec<(String, u64)> {
    let pin = |pin: &Json| (pin["name"].as_str().unwrap().to_owned(), pin["generation"].as_u64().unwrap());
    json(&["pins", store]).as_array().unwrap().iter().map(pin).collect()
}

fn generation(store: &str) -> u64 {
    json(&["info", store])["generation"].as_u64().unwrap()
}

fn parsed(text: &str) -> Json {
    let document: Json = serde_json::from_str(text).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document.as_object().unwrap().len(), 2);
    document["refs"].clone()
}

/// A document that is a text of the references.
fn inner(refs: &Json, key: &str) -> Json {
    serde_json::from_str(refs[key].as_str().unwrap_or_else(|| panic!("no {key} in {refs}"))).unwrap()
}

fn numbers(dataset: &Dataset<'_>, name: &str, dims: &[&str], shape: &[u64], options: ArrayOptions) {
    dataset.define_array(name, DType::I32, dims, shape, options).unwrap();
    let values: Vec<i32> = (0..shape.iter().product::<u64>() as i32).collect();
    dataset.write(name, Selection::all(shape.len()), Source::from_slice(&values)).unwrap();
}

struct Folder {
    _dir: tempfile::TempDir,
    store: PathBuf,
    out: PathBuf,
}

impl Folder {
    fn store(&self) -> &str {
        self.store.to_str().unwrap()
    }

    fn out(&self) -> &str {
        self.out.to_str().unwrap()
    }
}

fn folder(make: impl FnOnce(&Store)) -> Folder {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let (path, out) = (root.join("s.atlas"), root.join("out"));
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    make(&store);
    store.close().unwrap();
    Folder { _dir: dir, store: path, out }
}

#[test]
fn one_dataset() {
    let store = made();
    // An earlier commit, in which both chunks shared a block: they are given as they are.
    let found = parsed(&refs(&[store.path(), "january", "--generation", "2"]));
    assert_eq!(inner(&found, ".zattrs")["_atlas_generation"], 2);
    let declared = inner(&found, "temperature/.zarray");
    assert_eq!((&declared["filters"], &declared["compressor"]), (&Json::Null, &Json::Null));
    assert_eq!(found["temperature/0.1"], "base64:zcxMPpqZmT6amRk/MzMzPw==");
    // The last one, which pins that one.
    let found = parsed(&refs(&[store.path(), "january"]));
    let group = inner(&found, ".zattrs");
    assert_eq!((&group["_atlas_generation"], &group["_atlas_dataset"]), (&json!(5), &json!("january")));
    assert_eq!((&group["title"], group["_atlas_store_id"].as_str().unwrap().len()), (&json!("a run"), 32));
    let expected = json!({
        "zarr_format": 2, "shape": [3, 4], "chunks": [2, 2], "order": "C", "dimension_separator": ".", "dtype": "<f4",
        "fill_value": -999.0, "filters": [{"id": "shuffle", "elementsize": 4}], "compressor": {"id": "zstd", "level": 1},
    });
    assert_eq!(inner(&found, "temperature/.zarray"), expected);
    let expected = json!({
        "_ARRAY_DIMENSIONS": ["dim_0", "lon"], "units": "degC", "valid_range": [-80.0, "Infinity"],
    });
    assert_eq!(inner(&found, "temperature/.zattrs"), expected);
    // One chunk has a block of its own, the other shares one; the second row of chunks was never written.
    assert!(found["temperature/0.0"].is_array());
    let inline = STANDARD.decode(found["temperature/0.1"].as_str().unwrap().strip_prefix("base64:").unwrap()).unwrap();
    let planes = zstd::bulk::decompress(&inline, 100).unwrap();
    let cells: Vec<u8> = [0.2f32, 0.3, 0.6, 0.7].iter().flat_map(|cell| cell.to_le_bytes()).collect();
    assert_eq!(planes, (0..16).map(|i| cells[i % 4 * 4 + i / 4]).collect::<Vec<_>>());
    assert!(found.get("temperature/1.0").is_none());
    let station = inner(&found, "station/.zarray");
    assert_eq!((&station["dtype"], &station["filters"]), (&json!("|O"), &json!([{"id": "vlen-utf8"}])));
    assert_eq!(station["fill_value"], Json::Null);
    let all = inner(&found, ".zmetadata");
    assert_eq!(all["metadata"]["temperature/.zarray"], inner(&found, "temperature/.zarray"));
    assert_eq!(all["metadata"].as_object().unwrap().len(), 6);
    let quiet = atlas(["refs", store.path(), "january", "-q"]);
    assert_eq!((quiet.code, quiet.err.as_str()), (1, ""));
}

#[test]
fn a_chunk_of_its_own_is_a_range_of_a_file() {
    let made = folder(|store| {
        let d = store.create_dataset("d").unwrap();
        let chunked = || ArrayOptions { chunk_shape: Some(vec![90, 50]), ..Default::default() };
        numbers(&d, "large", &["y", "x"], &[100, 60], chunked());
        let options =
            ArrayOptions { codec: Some(atlas_store::Codec::None), chunk_shape: Some(vec![5]), ..Default::default() };
        numbers(&d, "plain", &["t"], &[10], options);
    });
    let found = parsed(&refs(&[made.store(), "d"]));
    let declared = inner(&found, "large/.zarray");
    assert_eq!(declared["filters"], json!([{"id": "shuffle", "elementsize": 4}]));
    assert_eq!(declared["compressor"], json!({"id": "zstd", "level": 1}));
    let bytes = |key: &str| {
        let (url, offset, length): (String, usize, usize) = serde_json::from_value(found[key].clone()).unwrap();
        let file = std::fs::read(url.strip_prefix("file://").unwrap()).unwrap();
        file[offset..offset + length].to_vec()
    };
    let planes = zstd::bulk::decompress(&bytes("large/1.0"), 1 << 20).unwrap();
    assert_eq!(planes.len(), 90 * 50 * 4);
    assert_eq!([planes[0], planes[4500], planes[9000], planes[13_500]], (90 * 60i32).to_le_bytes());
    // Not compressed, a chunk has its range also where it shares a block.
    assert_eq!(bytes("plain/1"), (5..10i32).flat_map(i32::to_le_bytes).collect::<Vec<_>>());
    let elsewhere = |url: &str| parsed(&refs(&[made.store(), "d", "--base-url", url]))["plain/0"][0].clone();
    let file = elsewhere("s3://bucket/100% of/run/");
    assert!(file.as_str().unwrap().starts_with("s3://bucket/100% of/run/plain/"), "{file}");
    assert!(elsewhere("/data").as_str().unwrap().starts_with("/data/plain/"));
    for wrong in ["data", "./data", "../data", "", "://x", "file://"] {
        let run = atlas(["refs", made.store(), "d", "--base-url", wrong]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{wrong}");
    }
}

#[test]
fn zarr_version_3() {
    let store = made();
    let found = parsed(&refs(&[store.path(), "january", "--zarr-format", "3", "--generation", "2"]));
    let declared = inner(&found, "temperature/zarr.json");
    assert_eq!((&declared["data_type"], &declared["fill_value"]), (&json!("float32"), &json!(-999.0)));
    assert_eq!(declared["attributes"]["_FillValue"], "AAAAAAA4j8A=");
    assert_eq!(declared["codecs"], json!([{"name": "bytes", "configuration": {"endian": "little"}}]));
    assert_eq!(declared["dimension_names"], json!(["dim_0", "lon"]));
    assert_eq!(inner(&found, "station/zarr.json")["fill_value"], "");
    assert_eq!(inner(&found, "zarr.json")["consolidated_metadata"]["metadata"]["temperature"], declared);
    assert!(found["temperature/c/0/1"].as_str().unwrap().starts_with("base64:"));
    assert_eq!(atlas(["refs", store.path(), "january", "--zarr-format", "4"]).code, 2);
}

#[test]
fn what_zarr_tools_cannot_read_is_left_out() {
    let made = folder(|store| {
        let d = store.create_dataset("d").unwrap();
        for name in ["good", "a/b", ".zarray", "zarr.json"] {
            numbers(&d, name, &["dim_0"], &[3], ArrayOptions::default());
        }
        numbers(&d, "longer", &["dim_0"], &[4], ArrayOptions::default());
        numbers(&d, "oblong", &["dim_1", "dim_1"], &[2, 3], ArrayOptions::default());
    });
    let run = atlas(["refs", made.store(), "d", "--no-pin"]);
    assert_eq!(run.code, 1);
    let keys: Vec<_> = parsed(&run.out).as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, [".zattrs", ".zgroup", ".zmetadata", "good/.zarray", "good/.zattrs", "good/0"]);
    let expected = "\
atlas: warning: array 'a/b' of dataset 'd' is left out: a name with '/' or '\\\\' is that of a group
atlas: warning: array '.zarray' of dataset 'd' is left out: its name is reserved
atlas: warning: array 'zarr.json' of dataset 'd' is left out: its name is reserved
atlas: warning: array 'longer' of dataset 'd' is left out: its dimension 'dim_0' has 4 cells, where another has 3
atlas: warning: array 'oblong' of dataset 'd' is left out: its dimension 'dim_1' has 3 cells, where another has 2
atlas: note: valid while generation 2 is kept
";
    assert_eq!(run.err, expected);
    let lenient = atlas(["refs", made.store(), "d", "--lenient", "--no-pin"]);
    assert_eq!((lenient.code, lenient.out, lenient.err.as_str()), (0, run.out, expected));
    let run = atlas(["--json", "refs", made.store(), "d", "-o", made.out(), "-q"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let said: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(said["left_out"][3]["array"], "longer");
    assert_eq!((&said["generation"], &said["files"]), (&json!(2), &json!([{"file": made.out(), "dataset": "d"}])));
    assert_eq!(said["pin"], "refs-2");
}

/// Differences are declared; in version 3 those of floats, which it has no codec for, are left out. Rounding is told of.
#[test]
fn filters() {
    let made = folder(|store| {
        let d = store.create_dataset("d").unwrap();
        let delta = || ArrayOptions { filter: Some(Filter::Delta), pack: Some(false), ..ArrayOptions::default() };
        for (name, codec) in [("smooth", Codec::Zstd), ("plain", Codec::None)] {
            let options = ArrayOptions { keep_bits: Some(9), codec: Some(codec), ..delta() };
            d.define_array(name, DType::F32, &["x"], &[3], options).unwrap();
            d.write(name, Selection::all(1), Source::from_slice(&[5f32, 7.0, 6.0])).unwrap();
        }
        numbers(&d, "whole", &["x"], &[3], delta());
    });
    let found = parsed(&refs(&[made.store(), "d"]));
    let filters = json!([{"id": "delta", "dtype": "<i4"}, {"id": "shuffle", "elementsize": 4}]);
    assert_eq!(inner(&found, "smooth/.zarray")["filters"], filters);
    assert_eq!(inner(&found, "whole/.zarray")["filters"], filters);
    assert_eq!(inner(&found, "plain/.zarray")["filters"], Json::Null);
    assert_eq!(inner(&found, "smooth/.zattrs")["_QuantizeBitRoundNumberOfSignificantBits"], 9);
    let run = atlas(["refs", made.store(), "d", "--no-pin", "--zarr-format", "3"]);
    let why = "Zarr version 3 has no codec that undoes the filter 'delta' of f32, version 2 has";
    assert!(run.err.contains(&format!("array 'smooth' of dataset 'd' is left out: {why}\n")), "{}", run.err);
    let found = parsed(&run.out);
    let codecs = &inner(&found, "whole/zarr.json")["codecs"];
    assert_eq!(codecs[0], json!({"name": "numcodecs.delta", "configuration": {"dtype": "<i4"}}));
    assert_eq!((&codecs[1]["name"], &codecs[2]["name"]), (&json!("bytes"), &json!("numcodecs.shuffle")));
    assert!(found.get("plain/zarr.json").is_some() && run.code == 1);
}

#[test]
fn a_file_for_each_dataset() {
    let made = folder(|store| {
        for name in ["ens/001", "run-2F1", "..", "x"] {
            numbers(&store.create_dataset(name).unwrap(), "a", &["x"], &[3], ArrayOptions::default());
        }
    });
    let run = atlas(["refs", made.store()]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("4 datasets"), "{}", run.err);
    let files = ["ens-2F001.json", "run-2D2F1.json", "-2E..json", "x.json"].map(|file| made.out.join(file));
    let said = refs(&[made.store(), "-o", made.out()]);
    assert_eq!(said.lines().map(Path::new).collect::<Vec<_>>(), files);
    assert_eq!(std::fs::read_dir(&made.out).unwrap().count(), 4);
    for (file, name) in files.iter().zip(["ens/001", "run-2F1", "..", "x"]) {
        let found = parsed(&std::fs::read_to_string(file).unwrap());
        assert_eq!(inner(&found, ".zattrs")["_atlas_dataset"], name);
    }
    // Into the folder that is there, and to a file.
    assert_eq!(refs(&[made.store(), "x", "-o", made.out()]).lines().map(Path::new).collect::<Vec<_>>(), files[3..]);
    let one = made.out.join("one.json");
    refs(&[made.store(), "x", "-o", one.to_str().unwrap()]);
    assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&files[3]).unwrap());
    assert_eq!(atlas(["refs", made.store(), "y"]).code, 3);
    let nowhere = made.out.join("none/one.json");
    let run = atlas(["refs", made.store(), "x", "-o", nowhere.to_str().unwrap()]);
    assert_eq!(run.code, 3);
}

#[test]
fn stacked() {
    let made = folder(|store| {
        for member in 0..3 {
            let d = store.create_dataset(&format!("m{member}")).unwrap();
            let filled = ArrayOptions { fill_value: Some(FillValue::from(7i32)), ..Default::default() };
            d.define_array("never", DType::I32, &["x"], &[3], filled).unwrap();
            numbers(&d, "a", &["x"], &[3], ArrayOptions::default());
            numbers(&d, "uneven", &["z"], &[2 + member / 2], ArrayOptions::default());
            numbers(&d, "dataset", &["x"], &[3], ArrayOptions::default());
            d.set_attribute(Some("a"), "units", "K").unwrap();
            d.set_attribute(None, "member", member as i64).unwrap();
            d.set_attribute(None, "model", "m").unwrap();
        }
        numbers(&store.dataset("m1").unwrap(), "only", &["x"], &[3], ArrayOptions::default());
    });
    let run = atlas(["refs", made.store(), "--stacked"]);
    assert_eq!(run.code, 1);
    let found = parsed(&run.out);
    let group = inner(&found, ".zattrs");
    assert_eq!((&group["model"], &group["member"], &group["_atlas_dataset"]), (&json!("m"), &Json::Null, &Json::Null));
    let declared = inner(&found, "a/.zarray");
    assert_eq!((&declared["shape"], &declared["chunks"]), (&json!([3, 3]), &json!([1, 3])));
    assert_eq!(inner(&found, "a/.zattrs"), json!({"_ARRAY_DIMENSIONS": ["dataset", "x"], "units": "K"}));
    assert_eq!(found["a/2.0"], "base64:AAAAAAEAAAACAAAA");
    assert_eq!(found["dataset/0"], "base64:AwAAAAIAAABtMAIAAABtMQIAAABtMg==");
    assert_eq!(inner(&found, "never/.zarray")["fill_value"], 7);
    assert!(found.get("uneven/.zarray").is_none() && found.get("only/.zarray").is_none());
    for text in [
        "array 'uneven' of dataset 'm2' is left out: its shape is [3], in the first dataset [2]\n",
        "array 'dataset' of dataset 'm0' is left out: 'dataset' is the array of the datasets' names\n",
        "array 'only' of dataset 'm1' is left out: dataset 'm0' has none of this name\n",
    ] {
        assert!(run.err.contains(text), "{}", run.err);
    }
    let said = json(&["refs", made.store(), "m0", "m2", "--stacked", "--lenient", "-o", made.out(), "-q"]);
    assert_eq!(said["files"], json!([{"file": made.out(), "dataset": null}]));
    assert_eq!(inner(&parsed(&std::fs::read_to_string(&made.out).unwrap()), "a/.zarray")["shape"], json!([2, 3]));
    let empty = folder(|_| {});
    assert_eq!(atlas(["refs", empty.store(), "--stacked"]).code, 2);
}

#[test]
fn the_commit_is_pinned_once() {
    let made = folder(|store| {
        for name in ["a", "b"] {
            numbers(&store.create_dataset(name).unwrap(), "t", &["x"], &[3], ArrayOptions::default());
        }
    });
    let described = |words: &[&str]| {
        let document = parsed(&refs(&[&[made.store()], words].concat()));
        inner(&document, ".zattrs")["_atlas_generation"].as_u64().unwrap()
    };
    let write = |value: i64| {
        let store = Store::open(&made.store, Mode::ReadWrite, OpenOptions::default()).unwrap();
        store.set_attribute("a", None, "title", value).unwrap();
        store.close().unwrap();
    };
    let pin = |name: &str, generation| (name.to_owned(), generation);
    // Nothing that is wrong with the command line makes one.
    assert_eq!(atlas(["refs", made.store()]).code, 2);
    assert_eq!(atlas(["refs", made.store(), "none"]).code, 3);
    assert_eq!(atlas(["refs", made.store(), "a", "--base-url", "data"]).code, 2);
    assert_eq!(atlas(["refs", made.store(), "a", "--pin", "x", "--no-pin"]).code, 2);
    assert_eq!(atlas(["refs", made.store(), "a", "--pin", ""]).code, 2);
    assert_eq!((pins(made.store()), generation(made.store())), (Vec::new(), 2));
    for words in [&["a"][..], &["b"], &["--stacked"], &["a", "--zarr-format", "2"], &["a", "--generation", "2"]] {
        assert_eq!((described(words), generation(made.store())), (2, 3));
    }
    assert_eq!(pins(made.store()), [pin("refs-2", 2)]);
    // Names of one's own.
    let named = |words: &[&str]| {
        let run = atlas([&["refs", made.store(), "a"], words].concat());
        (run.code, run.err.replace("atlas: note: valid until `atlas unpin ", ""))
    };
    for _ in 0..2 {
        assert_eq!(named(&["--pin", "mine"]), (0, format!("{} mine`\n", made.store())));
        assert_eq!((pins(made.store()), generation(made.store())), (vec![pin("refs-2", 2), pin("mine", 3)], 4));
    }
    assert_eq!(atlas(["refs", made.store(), "a", "-q"]).err, "");
    // Another commit has another pin, and a name that is taken is not given to it.
    write(1);
    let (code, message) = named(&["--pin", "mine"]);
    assert_eq!((code, message.as_str()), (5, "atlas: pin 'mine' already exists: it names commit 3\n"));
    assert_eq!((described(&["a"]), described(&["b"])), (5, 5));
    assert_eq!((pins(made.store()).len(), generation(made.store())), (3, 6));
    // Not one that a pin names, but the commit before the last, which the store keeps.
    write(2);
    write(3);
    assert_eq!((described(&["a", "--generation", "7"]), described(&["a", "--generation", "5"])), (7, 5));
    let (code, message) = named(&["--generation", "7", "--pin", "mine"]);
    assert_eq!((code, message.as_str()), (5, "atlas: pin 'mine' already exists: it names commit 3\n"));
    assert_eq!(atlas(["refs", made.store(), "a", "--generation", "6"]).code, 3);
    let expected = [pin("refs-2", 2), pin("mine", 3), pin("refs-5", 5), pin("refs-7", 7)];
    assert_eq!((pins(made.store()), generation(made.store())), (expected.to_vec(), 9));
    // What is pinned stays to be described.
    assert_eq!(atlas(["compact", made.store()]).code, 0);
    assert_eq!((described(&["a", "--generation", "2"]), described(&["b", "--generation", "7"])), (2, 7));
    let unpinned = atlas(["refs", made.store(), "a", "--no-pin"]);
    let last = generation(made.store());
    assert_eq!(unpinned.err, format!("atlas: note: valid while generation {last} is kept\n"));
    assert_eq!(pins(made.store()), expected);
}

#[test]
fn references_that_cannot_be_written_leave_a_pin_and_say_so() {
    let made = folder(|store| {
        numbers(&store.create_dataset("a").unwrap(), "t", &["x"], &[3], ArrayOptions::default());
    });
    let nowhere = made.out.join("none/a.json");
    for says_so in [true, false] {
        let run = atlas(["refs", made.store(), "a", "-o", nowhere.to_str().unwrap()]);
        assert_eq!((run.code, run.out.as_str(), pins(made.store())), (3, "", vec![("refs-2".into(), 2)]));
        assert_eq!(run.err.contains("note: generation 2 stays pinned as 'refs-2'\n"), says_so, "{}", run.err);
    }
}

#[test]
fn a_store_that_cannot_be_written_takes_a_pin_that_is_there_or_none() {
    let made = folder(|store| {
        numbers(&store.create_dataset("a").unwrap(), "t", &["x"], &[3], ArrayOptions::default());
    });
    let writer = Store::open(&made.store, Mode::ReadWrite, OpenOptions::default()).unwrap();
    let run = atlas(["refs", made.store(), "a", "-o", made.out()]);
    assert_eq!((run.code, made.out.exists()), (4, false));
    assert!(run.err.contains("is locked for writing by pid") && run.err.contains("--no-pin"), "{}", run.err);
    assert_eq!(atlas(["refs", made.store(), "a", "--no-pin"]).code, 0);
    writer.pin_and_flush("refs-2").unwrap();
    refs(&[made.store(), "a", "-o", made.out()]);
    refs(&[made.store(), "a", "--generation", "2"]);
    writer.unpin("refs-2").unwrap();
    writer.close().unwrap();
    std::fs::remove_file(&made.out).unwrap();

    // Folders that nobody may write to; by another user, where this one is the superuser, who may.
    let permit = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let above = made.store.parent().unwrap();
    let tool = above.join("atlas");
    // By another process: a child that a test forks meanwhile would keep the copy open for writing, and busy.
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_atlas")).arg(&tool).status().unwrap().success());
    for path in crate::files(&made.store) {
        permit(&path, 0o444);
    }
    for path in [above, &made.store, &made.store.join("t")] {
        permit(path, 0o555);
    }
    let run = |words: &[&str]| {
        let mut command = Command::new(&tool);
        command.args([&["refs", made.store(), "a"], words].concat());
        if std::fs::metadata(&made.store).unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        let output = command.output().unwrap();
        (output.status.code(), output.stdout.len(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, printed, message) = run(&[]);
    let unpinned = run(&["--no-pin"]);
    for path in [above, &made.store, &made.store.join("t")] {
        permit(path, 0o755);
    }
    assert_eq!((code, printed), (Some(5), 0), "{message}");
    assert!(message.contains("/.lock: Permission denied") && message.contains("--no-pin"), "{message}");
    assert_eq!((unpinned.0, unpinned.2.contains("valid while generation")), (Some(0), true), "{}", unpinned.2);
}
