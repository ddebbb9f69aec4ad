//! Times as dates: `show` and `stats`.

use crate::{Made, json, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Element, FillValue, Selection, Source, Store, Value};
use serde_json::json;

/// A store with arrays of times and of what looks like them.
fn times() -> Made {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("times.atlas");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let d = store.create_dataset("d").unwrap();
    fn add<T: Element>(
        d: &atlas_store::Dataset,
        name: &str,
        values: &[T],
        fill: Option<FillValue>,
        attributes: &[(&str, Value)],
    ) {
        let options = ArrayOptions { fill_value: fill, ..Default::default() };
        d.define_array(name, T::DTYPE, &[name], &[values.len() as u64], options).unwrap();
        d.write(name, Selection::all(1), Source::from_slice(values)).unwrap();
        for (key, value) in attributes {
            d.set_attribute(Some(name), key, value.clone()).unwrap();
        }
    }
    let word = |text: &str| Value::String(vec![text.to_owned()]);
    let units = |text: &str| ("units", word(text));
    let noleap = ("calendar", word("noleap"));
    add(&d, "time", &[0f64, 59.5, 0.1, f64::NAN, 1e300], None, &[units("days since 2000-01-01"), noleap.clone()]);
    let fill = Some(FillValue::from(-1i32));
    add(&d, "hours", &[0i32, -1, 876_000], fill, &[units("hours since 1900-01-01 00:00:0.0")]);
    add(&d, "months", &[1u8], None, &[units("months since 2000-01-01")]);
    add(&d, "utc", &[1u8], None, &[units("days since 2000-01-01"), ("calendar", word("utc"))]);
    add(&d, "odd", &[1u8], None, &[units("days since 2000-01-01"), ("calendar", Value::I32(vec![5]))]);
    add(&d, "degrees", &[1.5f32], None, &[units("degC")]);
    add(&d, "flag", &[true], None, &[units("days since 2000-01-01")]);
    let two = Value::String(vec!["days since 2000-01-01".into(), "x".into()]);
    add(&d, "two", &[1u8], None, &[("units", two)]);
    d.define_array("stamp", DType::TimestampNs, &["s"], &[2], ArrayOptions::default()).unwrap();
    d.write("stamp", Selection::all(1), Source::from_slice(&[951_827_696_000_000_001i64, -1])).unwrap();
    store.close().unwrap();
    Made { _dir: dir, path }
}

/// What `show` prints of the values of an array.
fn shown(store: &Made, array: &str, more: &[&str]) -> String {
    let said = text([&["show", store.path(), "d", array, "--values"], more].concat());
    said.split_once(" =\n      ").unwrap().1.replace(" ;\n}\n}\n", "").replace("\n      ", " ")
}

#[test]
fn show_prints_dates() {
    let store = times();
    let dates = "2000-01-01T00:00:00, 2000-03-01T12:00:00, 2000-01-01T02:24:00, NaN, 1e300";
    assert_eq!(shown(&store, "time", &[]), dates);
    assert_eq!(shown(&store, "time", &["--raw"]), "0.0, 59.5, 0.1, NaN, 1e300");
    assert_eq!(shown(&store, "hours", &[]), "1900-01-01T00:00:00, _, 1999-12-08T00:00:00");
    assert_eq!(shown(&store, "hours", &["--raw"]), "0, _, 876000");
    assert_eq!(shown(&store, "stamp", &[]), "2000-02-29T12:34:56.000000001Z, 1969-12-31T23:59:59.999999999Z");
    assert_eq!(shown(&store, "stamp", &["--raw"]), "951827696000000001, -1");
    let said = text(["show", store.path(), "d", "time[1]"]);
    assert!(said.contains("string time:units = \"days since 2000-01-01\" ;\n"), "{said}");
    assert!(said.contains("    time[1:2] =\n      2000-03-01T12:00:00 ;\n"), "{said}");
}

/// What is no time is a number, and no reason to complain.
#[test]
fn other_units_are_numbers() {
    let store = times();
    for (array, value) in
        [("months", "1"), ("utc", "1"), ("odd", "1"), ("degrees", "1.5"), ("flag", "true"), ("two", "1")]
    {
        assert_eq!(shown(&store, array, &[]), value, "{array}");
        let said = json(&["show", store.path(), "d", array, "--values"]);
        assert_eq!(said["datasets"][0]["arrays"][0]["values"].as_array().unwrap().len(), 1);
        assert_eq!(said["datasets"][0]["arrays"][0].get("dates"), None, "{array}");
    }
}

#[test]
fn show_as_json_has_numbers_and_dates() {
    let store = times();
    let array = |name: &str, more: &[&str]| {
        json(&[&["show", store.path(), "d", name, "--values"], more].concat())["datasets"][0]["arrays"][0].clone()
    };
    let time = array("time", &[]);
    assert_eq!(time["values"], json!([0.0, 59.5, 0.1, "NaN", 1e300]));
    assert_eq!(time["dates"], json!(["2000-01-01T00:00:00", "2000-03-01T12:00:00", "2000-01-01T02:24:00", null, null]));
    let hours = array("hours", &[]);
    assert_eq!(hours["values"], json!([0, -1, 876_000]));
    assert_eq!(hours["dates"], json!(["1900-01-01T00:00:00", null, "1999-12-08T00:00:00"]));
    let stamp = array("stamp", &[]);
    assert_eq!(stamp["values"], json!([951_827_696_000_000_001i64, -1]));
    assert_eq!(stamp["dates"], json!(["2000-02-29T12:34:56.000000001Z", "1969-12-31T23:59:59.999999999Z"]));
    for name in ["time", "stamp"] {
        assert_eq!(array(name, &["--raw"]).get("dates"), None);
    }
    assert_eq!(json(&["show", store.path(), "d", "time"])["datasets"][0]["arrays"][0].get("dates"), None);
}

#[test]
fn stats_have_dates() {
    let store = times();
    let line = |name: &str, more: &[&str]| {
        let said = text([&["stats", store.path(), "d", name], more].concat());
        said.lines().last().unwrap().split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("hours", &[]), "3 1 1900-01-01T00:00:00 1999-12-08T00:00:00");
    assert_eq!(line("hours", &["--raw"]), "3 1 0 876000");
    assert_eq!(line("hours", &["--chunks"]), "[0] 3 1 1900-01-01T00:00:00 1999-12-08T00:00:00");
    assert_eq!(line("time", &[]), "5 0 2000-01-01T00:00:00 1e300");
    assert_eq!(line("stamp", &[]), "2 0 1969-12-31T23:59:59.999999999Z 2000-02-29T12:34:56.000000001Z");
    assert_eq!(line("stamp", &["--raw"]), "2 0 -1 951827696000000001");
    assert_eq!(line("months", &[]), "1 0 1 1");
    let entry = |name: &str, more: &[&str]| json(&[&["stats", store.path(), "d", name], more].concat())[0].clone();
    let hours = entry("hours", &[]);
    assert_eq!((&hours["min"], &hours["max"]), (&json!(0), &json!(876_000)));
    assert_eq!(
        (&hours["min_date"], &hours["max_date"]),
        (&json!("1900-01-01T00:00:00"), &json!("1999-12-08T00:00:00"))
    );
    assert_eq!(entry("time", &[])["max_date"], json!(null));
    assert_eq!(entry("stamp", &[])["min_date"], json!("1969-12-31T23:59:59.999999999Z"));
    for (name, more) in [("hours", &["--raw"][..]), ("stamp", &["--raw"]), ("months", &[])] {
        assert_eq!(entry(name, more).get("min_date"), None);
    }
}
