//! `show --csv` and `show --plain`.

use crate::{atlas, made, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Dataset, Element, FillValue, Selection, Source, Store};

fn array<T: Element>(
    of: &Dataset<'_>,
    name: &str,
    dims: &[&str],
    shape: &[u64],
    fill: Option<FillValue>,
    values: &[T],
) {
    let options = ArrayOptions { fill_value: fill, ..Default::default() };
    of.define_array(name, T::DTYPE, dims, shape, options).unwrap();
    of.write(name, Selection::all(dims.len()), Source::from_slice(values)).unwrap();
}

/// Two datasets alike, with coordinates of one dimension, and one with texts.
fn stations() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    for (name, base) in [("s/1", 0.5f32), ("s/2", 100.0)] {
        let d = store.create_dataset(name).unwrap();
        array(&d, "time", &["time"], &[2], None, &[0i32, 45]);
        d.set_attribute(Some("time"), "units", "days since 2000-01-01").unwrap();
        let values = [base, f32::NAN, -1.0, f32::INFINITY, 1e-45, 7.0];
        array(&d, "wind", &["time", "z"], &[2, 3], Some(FillValue::from(-1f32)), &values);
        array(&d, "count", &["time", "z"], &[2, 3], Some(FillValue::from(9i64)), &[9i64, 1, 2, 3, 4, 5]);
        array(&d, "height", &[], &[], None, &[2.5f64]);
    }
    let d = store.create_dataset("texts").unwrap();
    d.define_array("t", DType::String, &["n"], &[3], ArrayOptions::default()).unwrap();
    d.write_strings("t", Selection::all(1), &["a,b", "say \"x\"", "two\nlines\u{1b}"]).unwrap();
    store.close().unwrap();
    (dir, path.to_str().unwrap().to_owned())
}

#[test]
fn csv() {
    let (_dir, store) = stations();
    let said = text(["show", "--csv", &store, "s/1", "[wc]*"]);
    let expected = "\
time,z,wind,count
2000-01-01T00:00:00,0,0.5,
2000-01-01T00:00:00,1,NaN,1
2000-01-01T00:00:00,2,,2
2000-02-15T00:00:00,0,Infinity,3
2000-02-15T00:00:00,1,1e-45,4
2000-02-15T00:00:00,2,7.0,5
";
    assert_eq!(said, expected);
    let said = text(["show", "--csv", "--raw", &store, "s/?", "wind[1,::]".replace("::", ":").as_str()]);
    let expected = "\
dataset,time,z,wind
s/1,45,0,Infinity
s/1,45,1,1e-45
s/1,45,2,7.0
s/2,45,0,Infinity
s/2,45,1,1e-45
s/2,45,2,7.0
";
    assert_eq!(said, expected);
    // The column is there for a pattern, whatever matches it.
    assert!(text(["show", "--csv", &store, "s/[2]", "wind"]).starts_with("dataset,time,"));
    assert_eq!(text(["show", "--csv", &store, "s/1", "height"]), "height\n2.5\n");
    assert_eq!(text(["show", "--csv", "--raw", &store, "s/1", "time[1]"]), "time,time\n1,45\n");
    // Fields with commas and quotes are quoted; what a terminal would obey is escaped.
    let said = text(["show", "--csv", &store, "texts"]);
    assert_eq!(said, "n,t\n0,\"a,b\"\n1,\"say \"\"x\"\"\"\n2,two\\nlines\\u{1b}\n");
}

#[test]
fn plain() {
    let (_dir, store) = stations();
    let said = text(["show", "--plain", &store, "s/1", "wind"]);
    assert_eq!(said, "0.5 NaN NaN\nInfinity 1e-45 7.0\n");
    assert_eq!(text(["show", "--plain", &store, "s/1", "count[:,1:]"]), "1 2\n4 5\n");
    assert_eq!(text(["show", "--plain", &store, "s/1", "height"]), "2.5\n");
    assert_eq!(text(["show", "--plain", &store, "s/1", "count[0:0]"]), "");
    assert_eq!(text(["show", "--plain", &store, "texts", "t[0]"]), "\"a,b\"\n");
}

#[test]
fn what_is_no_table() {
    let (_dir, store) = stations();
    for words in [
        &["--csv", &store, "s/1"][..],
        &["--csv", &store, "**"],
        &["--csv", &store],
        &["--csv", "--plain", &store, "s/1", "wind"],
        &["--csv", "--json", &store, "s/1", "wind"],
        &["--plain", &store, "s/1"],
        &["--plain", &store, "s/?", "wind"],
        &["--plain", &store],
    ] {
        let run = atlas([&["show"], words].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{words:?}: {}", run.err);
    }
    assert_eq!(atlas(["show", "--csv", &store, "s/1", "nothing"]).code, 3);
}

/// Values that come in several pieces.
#[test]
fn many() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let d = store.create_dataset("d").unwrap();
    let values: Vec<u32> = (0..600_000).collect();
    array(&d, "x", &["x"], &[300_000], None, &values[..300_000]);
    array(&d, "a", &["y", "x"], &[2, 300_000], None, &values);
    store.close().unwrap();
    let path = path.to_str().unwrap();
    let said = text(["show", "--csv", path, "d", "a"]);
    let expected = values.iter().map(|i| format!("{},{},{i}", i / 300_000, i % 300_000));
    assert!(said.lines().skip(1).eq(expected));
    let said = text(["show", "--plain", path, "d", "a"]);
    let rows = said.lines().map(|line| line.split(' ').map(|value| value.parse::<u32>().unwrap()).collect::<Vec<_>>());
    assert_eq!(rows.collect::<Vec<_>>().concat(), values);
    assert_eq!(said.lines().count(), 2);
    assert_eq!(text(["show", "--csv", made().path(), "january", "level"]), "dim_0,level\n0,0\n1,0\n");
}
