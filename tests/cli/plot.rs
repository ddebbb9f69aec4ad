//! `plot`: what is seen where.

use crate::{atlas, json, made, text};
use atlas_store::{ArrayOptions, CreateOptions, DType, Element, FillValue, Selection, Source, Store, Value};
use serde_json::json;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Pixels of a file, and how many are in a row.
fn pixels(file: &Path) -> (Vec<[u8; 4]>, usize) {
    let mut reader = png::Decoder::new(BufReader::new(File::open(file).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
    (bytes.as_chunks::<4>().0.to_vec(), info.width as usize)
}

/// The middles of a picture's cells, from the top: `rows` times `columns` of `side` pixels each.
fn cells(file: &Path, (rows, columns): (usize, usize), side: usize) -> Vec<[u8; 4]> {
    let (pixels, width) = pixels(file);
    // The frame begins one pixel above and before the first cell.
    let black = |&at: &usize| {
        [at, at + 1, at + width, at + 200, at + 200 * width].iter().all(|&at| pixels[at] == [0, 0, 0, 255])
    };
    let corner = (0..pixels.len() - 200 * width - 1).find(black).unwrap() + width + 1;
    let middle =
        |row: usize, column: usize| pixels[corner + (row * side + side / 2) * width + column * side + side / 2];
    (0..rows).flat_map(|row| (0..columns).map(move |column| middle(row, column))).collect()
}

const LOW: [u8; 4] = [68, 1, 84, 255];
const HIGH: [u8; 4] = [253, 231, 37, 255];

struct Pictures {
    dir: tempfile::TempDir,
    store: String,
}

impl Pictures {
    fn file(&self) -> std::path::PathBuf {
        self.dir.path().join("p.png")
    }

    fn draw(&self, words: &[&str]) -> String {
        let file = self.file();
        text([&["plot", &self.store], words, &["-o", file.to_str().unwrap()]].concat())
    }
}

/// Datasets `up`, `down` and `depth` with the same values of `t`, whose rows ascend, descend, and ascend downwards.
fn pictures() -> Pictures {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    for (name, rows) in [("up", [-45f64, 45.0]), ("down", [45.0, -45.0]), ("depth", [0.0, 10.0])] {
        let d = store.create_dataset(name).unwrap();
        let add = |name: &str, dims: &[&str], shape: &[u64], fill: Option<FillValue>| {
            d.define_array(name, DType::F64, dims, shape, ArrayOptions { fill_value: fill, ..Default::default() })
                .unwrap();
        };
        add("lat", &["lat"], &[2], None);
        d.write("lat", Selection::all(1), Source::from_slice(&rows)).unwrap();
        if name == "depth" {
            d.set_attribute(Some("lat"), "positive", "down").unwrap();
        }
        add("t", &["time", "lat", "lon"], &[2, 2, 3], Some(FillValue::from(-1f64)));
        let values = [0.0, -1.0, 5.0, f64::NAN, 2.5, 10.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
        d.write("t", Selection::all(3), Source::from_slice(&values)).unwrap();
        d.set_attribute(Some("t"), "units", "degC").unwrap();
    }
    store.close().unwrap();
    let store = path.to_str().unwrap().to_owned();
    Pictures { dir, store }
}

#[test]
fn north_is_up_and_missing_cells_are_clear() {
    let made = pictures();
    for (dataset, upside) in [("up", 1), ("down", 0), ("depth", 0)] {
        let said = made.draw(&[dataset, "t[0]"]);
        assert!(said.contains("p.png: ") && said.ends_with(", 0 to 10\n"), "{said}");
        let seen = cells(&made.file(), (2, 3), 300);
        let (first, second) = (&seen[3 * upside..][..3], &seen[3 * (1 - upside)..][..3]);
        assert_eq!((first[0], second[2]), (LOW, HIGH), "{dataset}");
        assert_eq!((first[1][3], second[0][3], first[2][3]), (0, 0, 255), "{dataset}");
    }
    made.draw(&["up", "t[0]", "--range", "-10,0"]);
    assert_eq!(cells(&made.file(), (2, 3), 300)[3], HIGH);
    made.draw(&["up", "t[0]", "--map", "blue-red"]);
    let seen = cells(&made.file(), (2, 3), 300);
    assert!(seen[3][2] > seen[3][0] && seen[2][0] > seen[2][2], "{seen:?}");
    let file = made.file();
    let said = json(&["plot", &made.store, "up", "t[1]", "-o", file.to_str().unwrap()]);
    let (pixels, width) = pixels(&file);
    assert_eq!((&said["width"], &said["height"]), (&json!(width), &json!(pixels.len() / width)));
    assert_eq!((&said["min"], &said["max"]), (&json!(0.0), &json!(5.0)));
}

#[test]
fn in_letters() {
    let made = pictures();
    let said = text(["plot", &made.store, "up", "t[0]"]);
    let rows =
        [" -@", ". o"].map(|row| row.chars().map(|shade| shade.to_string().repeat(8)).collect::<String>() + "\n");
    let map = rows.map(|row| row.repeat(4)).concat();
    let expected = "\
t [degC]  up
0 .:-=+o*#%@ 10
down: lat -45 to 45, from the bottom
across: lon 0 to 2
";
    assert_eq!(said, expected.replacen('\n', &format!("\n{map}"), 1));
    let said = text(["plot", &made.store, "up", "t[1,1]"]);
    let stars: Vec<_> = said.lines().filter(|line| line.contains('*')).collect();
    assert_eq!(stars, ["5 |  *", "  | *", "3 |*"]);
}

/// More cells than pixels: a pixel is the mean of its cells, and memory that of the picture.
#[test]
fn many_cells() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let d = store.create_dataset("d").unwrap();
    d.define_array("a", DType::I16, &["y", "x"], &[1000, 2400], ArrayOptions::default()).unwrap();
    let values: Vec<i16> = (0..2_400_000).map(|i| if i % 2 == 0 { 0 } else { 100 }).collect();
    d.write("a", Selection::all(2), Source::from_slice(&values)).unwrap();
    let dates: Vec<i64> = (0..2400).map(|i| i * 86_400_000_000_000).collect();
    d.define_array("x", DType::TimestampNs, &["x"], &[2400], ArrayOptions::default()).unwrap();
    d.write("x", Selection::all(1), Source::from_slice(&dates)).unwrap();
    store.close().unwrap();
    let (store, file) = (path.to_str().unwrap(), dir.path().join("p.png"));
    let said = text(["plot", store, "d", "a", "-o", file.to_str().unwrap()]);
    assert!(said.ends_with(", 50 to 50\n"), "{said}");
    let said = text(["plot", store, "d", "a[0]", "-o", file.to_str().unwrap()]);
    assert!(said.ends_with(", 0 to 100\n"), "{said}");
    assert!(text(["plot", store, "d", "a[0]"]).contains("across: x 1970-01-01 to 1976-07-27\n"));
}

fn one_of<T: Element>(values: &[T]) -> (tempfile::TempDir, String)
where
    Value: From<Vec<T>>,
{
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let store = Store::create(&path, CreateOptions::default()).unwrap();
    let d = store.create_dataset("d").unwrap();
    d.define_array("a", T::DTYPE, &["x"], &[values.len() as u64], ArrayOptions::default()).unwrap();
    d.write("a", Selection::all(1), Source::from_slice(values)).unwrap();
    store.close().unwrap();
    let store = path.to_str().unwrap().to_owned();
    (dir, store)
}

/// Every type of numbers, values at the ends of floats, and none at all.
#[test]
fn values() {
    fn draw<T: Element>(values: &[T], ends: &str)
    where
        Value: From<Vec<T>>,
    {
        let (dir, store) = one_of(values);
        let file = dir.path().join("p.png");
        let said = text(["plot", &store, "d", "a", "-o", file.to_str().unwrap()]);
        assert!(said.ends_with(&format!(", {ends}\n")), "{said}");
        text(["plot", &store, "d", "a"]);
    }
    draw(&[true, false], "0 to 1");
    draw(&[i64::MIN, i64::MAX], "-9.223e18 to 9.223e18");
    draw(&[u8::MAX], "255 to 255");
    draw(&[f64::MIN, f64::MAX], "-1.798e308 to 1.798e308");
    draw(&[0.0001f32, f32::INFINITY], "1.000e-4 to 1.000e-4");
    draw(&[f32::NAN, f32::NAN], "0 to 1");
    draw(&[[3f32, 4.0], [0.0, 0.0]], "0 to 5");
}

#[test]
fn what_is_no_picture() {
    let made_up = pictures();
    let other = made();
    for (words, code) in [
        (&[&made_up.store, "up", "t"][..], 2),
        (&[&made_up.store, "up", "*"], 2),
        (&[&made_up.store, "up", "t[0,0:0]"], 2),
        (&[&made_up.store, "up", "t[9]"], 2),
        (&[&made_up.store, "up", "t[0]", "--range", "2,1"], 2),
        (&[&made_up.store, "up", "t[0]", "--range", "2"], 2),
        (&[&made_up.store, "up", "t[0]", "--map", "mud"], 2),
        (&["--json", &made_up.store, "up", "t[0]"], 2),
        (&[other.path(), "january", "station"], 2),
        (&[&made_up.store, "up", "u"], 3),
        (&[&made_up.store, "up", "t[0]", "-o", "/nonexistent/p.png"], 3),
    ] {
        let run = atlas([&["plot"], words].concat());
        assert_eq!((run.code, run.out.as_str()), (code, ""), "{words:?}: {}", run.err);
    }
    let run = atlas(["plot", &made_up.store, "up", "t"]);
    assert!(run.err.contains("choose what to see of it, as by 't[0,:,:]'"), "{}", run.err);
}

/// In a terminal, which `script` makes: the colours that the surroundings say there are.
#[test]
fn in_colours() {
    let made = pictures();
    let seen = |terminal: &[(&str, &str)]| {
        let line = format!("'{}' plot '{}' up 't[0]'", env!("CARGO_BIN_EXE_atlas"), made.store);
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env_remove("NO_COLOR").env_remove("COLORTERM").env("TERM", "dumb");
        let output = script.envs(terminal.iter().copied()).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let full = seen(&[("COLORTERM", "truecolor")]);
    assert!(full.contains("\u{1b}[38;2;68;1;84;48;2;68;1;84m\u{2580}"), "{full:?}");
    assert!(full.contains("\u{1b}[38;2;253;231;37;48;2;253;231;37m\u{2580}"), "{full:?}");
    let cube = seen(&[("TERM", "xterm-256color")]);
    assert!(cube.contains("\u{1b}[38;5;220;48;5;220m\u{2580}") && !cube.contains("38;2;"), "{cube:?}");
    for plain in [&[("COLORTERM", "24bit"), ("NO_COLOR", "1")][..], &[]] {
        let plain = seen(plain);
        assert!(!plain.contains('\u{1b}') && plain.contains("@@@@"), "{plain:?}");
    }
}
