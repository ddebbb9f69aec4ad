//! The store of the crash test: all that it holds follows from the number of the last commit.

use atlas_store::{ArrayOptions, DType, Error, ErrorKind, Scalar, Selection, Source, Stats, Store, Target, Value};

/// What the commit of number 0 is: the store as it was created.
pub const CREATED: u64 = 0;

const FIELD: [u64; 2] = [48, 64];
const TILES: [u64; 2] = [16, 2048];
const NOISE: usize = 1 << 15;
/// Commits between two that write the noise.
const NOISE_EVERY: u64 = 4;
/// Datasets of single commits that stay.
const WINDOW: u64 = 6;
const STEPS: usize = 3;
const NAMES: u64 = 7;

/// A well-mixed number for each input.
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_add(b.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn window(commit: u64) -> String {
    format!("window-{commit}")
}

fn datasets(commit: u64) -> Vec<String> {
    if commit == CREATED {
        return Vec::new();
    }
    let always = ["fixed", "log", "tiles", "noise"].map(str::to_owned);
    always.into_iter().chain((first_window(commit)..=commit).map(window)).collect()
}

fn first_window(commit: u64) -> u64 {
    commit.saturating_sub(WINDOW - 1).max(1)
}

fn field(commit: u64) -> Vec<f64> {
    (0..FIELD.iter().product()).map(|i: u64| (commit << 16 | i) as f64).collect()
}

fn names(commit: u64) -> Vec<String> {
    (0..NAMES).map(|i| format!("name {i} of commit {commit}")).collect()
}

fn sometimes(commit: u64) -> Vec<i32> {
    (0..commit % 11 + 1).map(|i| (commit * 16 + i) as i32).collect()
}

fn steps(commit: u64) -> impl Iterator<Item = i64> {
    (0..STEPS as u64).map(move |i| (commit * STEPS as u64 + i) as i64)
}

fn noise(commit: u64) -> Vec<u64> {
    (0..NOISE as u64).map(|i| mix(commit, i)).collect()
}

fn made(commit: u64) -> Vec<u32> {
    (0..commit % 40 + 1).map(|i| (commit * 64 + i) as u32).collect()
}

/// Changes a store that is at the commit before to what `commit` holds. Nothing is flushed.
pub fn apply(store: &Store, commit: u64) -> Result<(), Error> {
    let number = commit as i64;
    if commit == CREATED + 1 {
        for name in ["fixed", "log", "tiles", "noise"] {
            store.create_dataset(name)?;
        }
        let chunked = |shape: [u64; 2]| ArrayOptions { chunk_shape: Some(shape.to_vec()), ..Default::default() };
        store.define_array("fixed", "field", DType::F64, &["y", "x"], &FIELD, chunked([16, 64]))?;
        store.define_array("fixed", "name", DType::String, &["n"], &[NAMES], ArrayOptions::default())?;
        store.define_array("log", "steps", DType::I64, &["t", "n"], &[0, STEPS as u64], ArrayOptions::default())?;
        store.define_array("tiles", "tiles", DType::I64, &["n", "x"], &TILES, chunked([1, TILES[1]]))?;
        store.define_array("noise", "noise", DType::U64, &["x"], &[NOISE as u64], ArrayOptions::default())?;
    }
    store.write_array("fixed", "field", Selection::all(2), Source::from_slice(&field(commit)))?;
    let texts = names(commit);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    store.write_strings("fixed", "name", Selection::all(1), &texts)?;
    store.set_attribute("fixed", None, "commit", number)?;
    store.set_attribute("fixed", Some("field"), "commit", vec![commit as f32; 3])?;
    if commit % 2 == 1 {
        let values = sometimes(commit);
        let shape = [values.len() as u64];
        store.define_array("fixed", "sometimes", DType::I32, &["m"], &shape, ArrayOptions::default())?;
        store.write_array("fixed", "sometimes", Selection::all(1), Source::from_slice(&values))?;
    } else {
        store.delete_array("fixed", "sometimes")?;
    }
    let row: Vec<i64> = steps(commit).collect();
    store.append_array("log", "steps", &[1, STEPS as u64], Source::from_slice(&row))?;
    let tile = vec![number; TILES[1] as usize];
    let (start, count) = ([commit % TILES[0], 0], [1, TILES[1]]);
    store.write_array("tiles", "tiles", Selection::region(&start, &count), Source::from_slice(&tile))?;
    if commit.is_multiple_of(NOISE_EVERY) {
        store.write_array("noise", "noise", Selection::all(1), Source::from_slice(&noise(commit)))?;
    }
    let (name, values) = (window(commit), made(commit));
    store.create_dataset(&name)?;
    store.define_array(&name, "made", DType::U32, &["n"], &[values.len() as u64], ArrayOptions::default())?;
    store.write_array(&name, "made", Selection::all(1), Source::from_slice(&values))?;
    store.set_attribute(&*name, None, "commit", number)?;
    if commit > WINDOW {
        store.delete_dataset(&window(commit - WINDOW))?;
    }
    Ok(())
}

/// The number of the commit that a store holds, as far as one attribute tells.
pub fn commit_of(store: &Store) -> Result<u64, Error> {
    match store.attribute("fixed", None, "commit") {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(CREATED),
        Err(error) => Err(error),
        Ok(Value::I64(number)) if number.len() == 1 => Ok(number[0] as u64),
        Ok(other) => Err(wrong(format!("the number of the commit is {other:?}"))),
    }
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::Corrupt, message)
}

/// Checks that a store holds `commit`, all of it and nothing else.
pub fn check(store: &Store, commit: u64) -> Result<(), Error> {
    let context = |error: Error| Error::new(error.kind(), format!("commit {commit}: {error}"));
    holds(store, commit).map_err(context)
}

fn holds(store: &Store, commit: u64) -> Result<(), Error> {
    let found = store.dataset_names()?;
    let expected = datasets(commit);
    if found.iter().map(|name| &**name).ne(expected.iter().map(String::as_str)) {
        return Err(wrong(format!("the datasets are {found:?}, not {expected:?}")));
    }
    if commit == CREATED {
        return Ok(());
    }
    same("attribute of 'fixed'", &store.attribute("fixed", None, "commit")?, &Value::from(commit as i64))?;
    let of_field = store.attribute("fixed", Some("field"), "commit")?;
    same("attribute of 'field'", &of_field, &Value::from(vec![commit as f32; 3]))?;

    let expected = field(commit);
    let mut values = vec![0.0; expected.len()];
    store.read_array("fixed", "field", Selection::all(2), Target::from_slice(&mut values))?;
    same_values("field", &values, &expected)?;
    let ends = expected.first().copied().zip(expected.last().copied());
    let range = ends.map(|(low, high)| (Scalar::Float(low), Scalar::Float(high)));
    let stats = Stats { row_count: expected.len() as u64, null_count: 0, range };
    same("statistics of 'field'", &store.array_stats("fixed", "field")?, &stats)?;

    same_values("name", &store.read_strings("fixed", "name", Selection::all(1))?, &names(commit))?;

    same("existence of 'sometimes'", &store.has_array("fixed", "sometimes")?, &(commit % 2 == 1))?;
    if commit % 2 == 1 {
        let expected = sometimes(commit);
        let mut values = vec![0; expected.len()];
        store.read_array("fixed", "sometimes", Selection::all(1), Target::from_slice(&mut values))?;
        same_values("sometimes", &values, &expected)?;
    }

    let expected: Vec<i64> = (1..=commit).flat_map(steps).collect();
    same("shape of 'steps'", &store.array_info("log", "steps")?.shape, &vec![commit, STEPS as u64])?;
    let mut values = vec![0; expected.len()];
    store.read_array("log", "steps", Selection::all(2), Target::from_slice(&mut values))?;
    same_values("steps", &values, &expected)?;

    // Row r was last written by the last commit that leaves r over.
    let last = |row: u64| commit.saturating_sub((commit + TILES[0] - row) % TILES[0]);
    let expected: Vec<i64> =
        (0..TILES[0]).flat_map(|row| std::iter::repeat_n(last(row) as i64, TILES[1] as usize)).collect();
    let mut values = vec![0; expected.len()];
    store.read_array("tiles", "tiles", Selection::all(2), Target::from_slice(&mut values))?;
    same_values("tiles", &values, &expected)?;

    let written = commit - commit % NOISE_EVERY;
    let expected = if written == 0 { vec![0; NOISE] } else { noise(written) };
    let mut values = vec![0; NOISE];
    store.read_array("noise", "noise", Selection::all(1), Target::from_slice(&mut values))?;
    same_values("noise", &values, &expected)?;

    for number in first_window(commit)..=commit {
        let name = window(number);
        same("attribute of a window", &store.attribute(&*name, None, "commit")?, &Value::from(number as i64))?;
        let expected = made(number);
        same("shape of 'made'", &store.array_info(&name, "made")?.shape, &vec![expected.len() as u64])?;
        let mut values = vec![0; expected.len()];
        store.read_array(&name, "made", Selection::all(1), Target::from_slice(&mut values))?;
        same_values("made", &values, &expected)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(wrong(format!("{what} is {found:?}, not {expected:?}")))
}

fn same_values<T: PartialEq + std::fmt::Debug>(array: &str, found: &[T], expected: &[T]) -> Result<(), Error> {
    if found.len() != expected.len() {
        return Err(wrong(format!("array '{array}' has {} cells, not {}", found.len(), expected.len())));
    }
    match found.iter().zip(expected).position(|(found, expected)| found != expected) {
        None => Ok(()),
        Some(i) => Err(wrong(format!("cell {i} of array '{array}' is {:?}, not {:?}", found[i], expected[i]))),
    }
}
