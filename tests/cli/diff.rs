//! `diff`: two stores, and two commits of one.

use crate::{Made, Run, atlas, made, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Element, FillValue, Selection, Source, Store, Value};
use serde_json::{Value as Json, json};
use std::path::Path;

fn diff(words: &[&str]) -> Run {
    let run = atlas([&["diff"], words].concat());
    assert_eq!(run.err, "", "{words:?}");
    run
}

/// The document, and the exit status, which says whether there is a difference.
fn document(words: &[&str]) -> Json {
    let run = atlas([&["--json", "diff"], words].concat());
    assert_eq!(run.err, "", "{words:?}");
    let document: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["same"], json!(run.code == 0), "{document}");
    document
}

#[test]
fn commits_of_a_store() {
    let store = made();
    let run = diff(&[store.path(), "--at", "3"]);
    assert_eq!((run.code, run.out.as_str()), (1, "dataset 'july' gone\n1 difference between generation 3 and 4\n"));
    let run = diff(&[store.path(), "--at", "2"]);
    let expected = "\
array 'temperature' of dataset 'january': 1 of 12 cells differ; largest difference 9.75, relative 1.0; first [0, 0]: 0.0 / 9.75
1 difference between generation 2 and 4
";
    assert_eq!((run.code, run.out.as_str()), (1, expected));
    text(["pin", "-q", store.path(), "now"]);
    let run = diff(&[store.path(), "--at", "now", "--other-at", "3"]);
    assert_eq!((run.code, run.out.as_str()), (1, "dataset 'july' added\n1 difference between generation 4 and 3\n"));
    let run = diff(&[store.path(), "--at", "now"]);
    assert_eq!((run.code, run.out.as_str()), (0, "no difference between generation 4 and 5\n"));
    assert_eq!(diff(&["-q", store.path(), "--at", "now"]).out, "");
    let said = document(&[store.path(), "--at", "3", "-d", "jan*"]);
    assert_eq!(said, json!({"generations": [3, 5], "same": true, "attributes": [], "datasets": []}));
    for (words, code) in [
        (&[store.path()][..], 2),
        (&[store.path(), "--at", "99"], 3),
        (&[store.path(), "--at", "then"], 3),
        (&[store.path(), "/nonexistent"], 3),
        (&[store.path(), store.path(), "-d", "march"], 3),
        (&[store.path(), store.path(), "--tolerance", "-1"], 2),
        (&[store.path(), store.path(), "--relative", "NaN"], 2),
    ] {
        let run = atlas([&["diff"], words].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{words:?}: {}", run.err);
    }
}

/// Everything but values.
#[test]
fn two_stores() {
    let store = made();
    let other = store.path.with_file_name("other.atlas");
    let (store, other) = (store.path(), other.to_str().unwrap());
    text(["cp", "-q", store, "--to", other]);
    let run = diff(&[store, other]);
    assert_eq!((run.code, run.out.as_str()), (0, "no difference between generation 4 and 2\n"));
    text(["set", "-q", other, "title", "runs"]);
    text(["set", "-q", other, "january", "title", "another"]);
    text(["unset", "-q", other, "january:temperature", "valid_range"]);
    text(["rm", "-q", other, "january", "level"]);
    text(["cp", "-q", other, "january", "march"]);
    let run = diff(&[store, other]);
    let expected = "\
attribute 'title' of the store added: string \"runs\"
attribute 'title' of dataset 'january': string \"a run\" / string \"another\"
attribute 'valid_range' of array 'temperature' of dataset 'january' gone: f32 -80.0, Infinity
array 'level' of dataset 'january' gone
dataset 'march' added
5 differences between generation 4 and 7
";
    assert_eq!((run.code, run.out.as_str()), (1, expected));
    let said = document(&[store, other]);
    assert_eq!(
        said["attributes"],
        json!([{"key": "title", "change": "added", "values": [null, {"string": ["runs"]}]}])
    );
    assert_eq!(said["datasets"][1], json!({"name": "march", "change": "added"}));
    let january = &said["datasets"][0];
    assert_eq!(january["attributes"][0]["values"], json!([{"string": ["a run"]}, {"string": ["another"]}]));
    assert_eq!(january["arrays"][0]["attributes"][0]["change"], "gone");
    assert_eq!(january["arrays"][1], json!({"name": "level", "change": "gone"}));
    let run = diff(&[store, other, "-d", "january", "-a", "temp*"]);
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
    assert_eq!(diff(&[store, other, "-a", "station"]).code, 1);
    assert_eq!(diff(&[store, other, "-d", "january", "-a", "station"]).code, 0);
}

/// A store with the array `a` of dataset `d`.
fn with_array<T: Element>(
    dir: &Path,
    name: &str,
    shape: &[u64],
    chunk: &[u64],
    fill: Option<FillValue>,
    values: &[T],
) -> String {
    let path = dir.join(name);
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    let options = ArrayOptions { chunk_shape: Some(chunk.to_vec()), fill_value: fill, ..Default::default() };
    let dims: Vec<String> = (0..shape.len()).map(|d| format!("x{d}")).collect();
    let dims: Vec<&str> = dims.iter().map(String::as_str).collect();
    dataset.define_array("a", T::DTYPE, &dims, shape, options).unwrap();
    dataset.write("a", Selection::all(shape.len()), Source::from_slice(values)).unwrap();
    store.close().unwrap();
    path.to_str().unwrap().to_owned()
}

/// What the values of two vectors come to.
fn compared<T: Element>(fills: [Option<FillValue>; 2], values: [&[T]; 2], more: &[&str]) -> Json {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = [0, 1].map(|side| {
        let shape = [values[side].len() as u64];
        with_array(dir.path(), &format!("s{side}"), &shape, &[2], fills[side].clone(), values[side])
    });
    let said = document(&[&[a.as_str(), b.as_str()], more].concat());
    said["datasets"][0]["arrays"][0]["values"].clone()
}

#[test]
fn numbers() {
    let none = || [None, None];
    let nan = f64::NAN;
    assert_eq!(compared(none(), [&[0.0, nan, f64::INFINITY], &[-0.0, -nan, f64::INFINITY]], &[]), Json::Null);
    let said = compared(none(), [&[1.0, 2.0, nan, 4.0], &[1.0, 2.5, 3.0, -4.0]], &[]);
    let expected = json!({
        "shape": [4], "differing": 3, "missing_in_one": 1, "max_difference": 8.0, "max_relative": 2.0,
        "first": {"at": [1], "values": [2.0, 2.5]},
    });
    assert_eq!(said, expected);
    let said = compared(none(), [&[1.0, 3.0], &[f64::INFINITY, f64::NEG_INFINITY]], &[]);
    assert_eq!((&said["max_difference"], &said["max_relative"]), (&json!("Infinity"), &json!("Infinity")));
    // Next to each other, where floats are too coarse for it.
    let said = compared(none(), [&[i64::MAX, i64::MIN], &[i64::MAX - 1, i64::MAX]], &[]);
    assert_eq!((&said["differing"], &said["max_difference"]), (&json!(2), &json!(2f64.powi(64))));
    let said = compared(none(), [&[u64::MAX], &[u64::MAX - 1]], &[]);
    assert_eq!((&said["differing"], &said["max_difference"]), (&json!(1), &json!(1.0)));
    let said = compared(none(), [&[[3f32, 0.0], [f32::NAN, 1.0]], &[[0.0, 4.0], [1.0, f32::NAN]]], &[]);
    assert_eq!(
        (&said["differing"], &said["max_difference"], &said["max_relative"]),
        (&json!(1), &json!(5.0), &json!(1.25))
    );
    // The larger part hides the quotient of the smaller.
    let said = compared(none(), [&[[1e10, 1e-320]], &[[1e10, 2e-320]]], &[]);
    assert_eq!((&said["differing"], &said["max_relative"]), (&json!(1), &json!(0.0)));
    let said = compared(none(), [&[true, false], &[true, true]], &[]);
    assert_eq!((&said["differing"], &said["max_difference"]), (&json!(1), &Json::Null));
}

#[test]
fn tolerances() {
    let values: [&[f64]; 2] = [&[100.0, 1.0, 1e-9, f64::NAN], &[100.5, 1.1, 0.0, f64::NAN]];
    let differing = |more: &[&str]| compared([None, None], values, more)["differing"].clone();
    assert_eq!(differing(&[]), 3);
    assert_eq!(differing(&["--tolerance", "0.2"]), 1);
    assert_eq!(differing(&["--relative", "0.05"]), 2);
    assert_eq!(differing(&["--relative", "0.05", "--tolerance", "1e-6"]), 1);
    assert_eq!(differing(&["--tolerance", "0.5"]), Json::Null);
    assert_eq!(differing(&["--relative", "1"]), Json::Null);
    let missing: [&[f64]; 2] = [&[1.0], &[f64::NAN]];
    assert_eq!(compared([None, None], missing, &["--tolerance", "inf"])["missing_in_one"], 1);
}

#[test]
fn fill_values() {
    let fill = |value: f64| Some(FillValue::from(value));
    let nan = f64::NAN;
    // Missing in both, whatever stands for it.
    let said = compared([fill(-9.0), fill(nan)], [&[-9.0, 1.0, -9.0], &[nan, 1.0, nan]], &[]);
    assert_eq!(said["differing"], 0);
    // The same number, missing in one.
    let said = compared([fill(1.0), fill(2.0)], [&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]], &[]);
    assert_eq!(
        (&said["differing"], &said["missing_in_one"], &said["max_difference"]),
        (&json!(2), &json!(2), &Json::Null)
    );
    let said = compared([fill(-9.0), fill(-9.0)], [&[-9.0, -9.0], &[-9.0, 1.0]], &[]);
    assert_eq!((&said["differing"], &said["missing_in_one"]), (&json!(1), &json!(1)));
}

/// The first place is that in the array, and the cells are those that both have, however they are chunked.
#[test]
fn shapes_and_chunks() {
    let dir = tempfile::tempdir().unwrap();
    let values: Vec<i32> = (0..60).collect();
    let a = with_array(dir.path(), "a", &[6, 10], &[4, 3], None, &values);
    let mut changed = values.clone();
    for at in [19, 20, 55] {
        changed[at] += 7;
    }
    for (name, chunk) in [("same", [4, 3]), ("other", [5, 10]), ("ones", [1, 1])] {
        let b = with_array(dir.path(), name, &[6, 10], &chunk, None, &changed);
        let said = document(&[&a, &b]);
        let values = &said["datasets"][0]["arrays"][0]["values"];
        assert_eq!((&values["differing"], &values["first"]["at"]), (&json!(3), &json!([1, 9])), "{name}");
        assert_eq!(values["first"]["values"], json!([19, 26]));
    }
    for (name, shape, cells) in
        [("longer", [8, 10], 2), ("shorter", [3, 10], 2), ("wider", [6, 12], 57), ("none", [0, 10], 0)]
    {
        let mut values: Vec<i32> = (0..(shape[0] * shape[1]) as i32).collect();
        for at in [19, 20] {
            if let Some(value) = values.get_mut(at) {
                *value += 7;
            }
        }
        let b = with_array(dir.path(), name, &shape, &[4, 3], None, &values);
        let said = document(&[&a, &b]);
        let array = &said["datasets"][0]["arrays"][0];
        assert_eq!(array["definition"]["shape"], json!([[6, 10], shape]));
        let expected = if name == "wider" { (10..60).count() as u64 } else { cells };
        assert_eq!(array["values"]["differing"], expected, "{name}");
    }
    // Another type, another rank: said, and values are not compared.
    let b = with_array(dir.path(), "type", &[6, 10], &[4, 3], None, &[0i64; 60]);
    let run = diff(&[&a, &b]);
    assert!(run.out.starts_with("array 'a' of dataset 'd': dtype i32 / i64\n1 difference "), "{}", run.out);
    let b = with_array(dir.path(), "rank", &[60], &[60], None, &values);
    let said = document(&[&a, &b]);
    assert_eq!(said["datasets"][0]["arrays"][0]["definition"]["dims"], json!([["x0", "x1"], ["x0"]]));
    assert_eq!(said["datasets"][0]["arrays"][0]["values"], Json::Null);
}

/// What neither stores is not looked at, nor is what both commits have of one file: that would take for ever here.
#[test]
fn huge_and_shared() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let options = CreateOptions { keep_generations: Some(3), ..Default::default() };
    let store = Store::create(&path, options).unwrap();
    let dataset = store.create_dataset("d").unwrap();
    let chunked = ArrayOptions { chunk_shape: Some(vec![1, 1024]), ..Default::default() };
    dataset.define_array("a", DType::U8, &["x", "y"], &[1 << 40, 1 << 20], chunked).unwrap();
    let put = |at: [u64; 2], value: u8| {
        dataset.write("a", Selection::region(&at, &[1, 1]), Source::from_slice(&[value])).unwrap()
    };
    put([1 << 39, 5000], 3);
    put([7, 7], 7);
    dataset
        .define_array(
            "text",
            DType::String,
            &["x"],
            &[1 << 40],
            ArrayOptions { chunk_shape: Some(vec![2]), ..Default::default() },
        )
        .unwrap();
    dataset.write_strings("text", Selection::region(&[9], &[1]), &["a"]).unwrap();
    store.flush().unwrap();
    put([1 << 39, 5000], 5);
    dataset.write_strings("text", Selection::region(&[9], &[2]), &["a", "b"]).unwrap();
    store.close().unwrap();
    let said = document(&[path.to_str().unwrap(), "--at", "2"]);
    let arrays = &said["datasets"][0]["arrays"];
    assert_eq!(arrays[0]["values"]["first"], json!({"at": [1u64 << 39, 5000], "values": [3, 5]}));
    assert_eq!((&arrays[0]["values"]["differing"], &arrays[1]["values"]["differing"]), (&json!(1), &json!(1)));
    assert_eq!(arrays[1]["values"]["first"], json!({"at": [10], "values": ["", "b"]}));
}

/// Damage is not a difference.
#[test]
fn damaged() {
    let store: Made = made();
    for file in crate::files(&store.path).iter().filter(|file| file.extension().is_some_and(|e| e == "seg")) {
        let mut bytes = std::fs::read(file).unwrap();
        bytes.iter_mut().for_each(|byte| *byte ^= 0x55);
        std::fs::write(file, bytes).unwrap();
    }
    let run = atlas(["diff", store.path(), "--at", "2"]);
    assert!(run.code == 5 && run.out.is_empty(), "{}: {}{}", run.code, run.out, run.err);
    let run = atlas(["--json", "diff", store.path(), "--at", "2"]);
    assert!(run.code == 5 && run.err.contains("\"corrupt\"") && run.err.contains("\"exit_code\":5"), "{}", run.err);
}

/// Attributes are compared to the bit.
#[test]
fn attributes() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = [("a", 0.0), ("b", -0.0)].map(|(name, zero)| {
        let path = dir.path().join(name);
        let store = Store::create(&path, CreateOptions::default()).unwrap();
        store.create_dataset("d").unwrap();
        store.set_attribute("d", None, "zero", zero).unwrap();
        store.set_attribute("d", None, "nan", Value::F64(vec![f64::NAN])).unwrap();
        store.close().unwrap();
        path.to_str().unwrap().to_owned()
    });
    let run = diff(&[&a, &b]);
    assert_eq!(run.out.lines().next(), Some("attribute 'zero' of dataset 'd': f64 0.0 / f64 -0.0"));
    assert_eq!(run.out.lines().count(), 2);
}
