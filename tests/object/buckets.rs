//! What tests/object/run.sh does to stores in buckets: `buckets round URL` and `buckets race URL COMMITS`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/race.rs"]
mod race;

use atlas_store::{ArrayOptions, CreateOptions, DType, Mode, OpenOptions, Selection, Source, Store, Target};
use race::race;
use std::sync::Arc;

const ROWS: u64 = 3000;
const COLUMNS: u64 = 1000;

fn open(url: &str, mode: Mode) -> Arc<Store> {
    Store::open(url, mode, OpenOptions::default()).unwrap()
}

fn values(from: u64, to: u64) -> Vec<f32> {
    (from * COLUMNS..to * COLUMNS).map(|n| n as f32).collect()
}

fn append(store: &Arc<Store>, from: u64, to: u64) {
    let d = store.dataset("d").unwrap();
    d.append("temperature", &[to - from, COLUMNS], Source::from_slice(&values(from, to))).unwrap();
}

fn check(url: &str, rows: u64) {
    let store = open(url, Mode::Read);
    let mut found = vec![0f32; (rows * COLUMNS) as usize];
    store.read_array("d", "temperature", Selection::all(2), Target::from_slice(&mut found)).unwrap();
    assert!(found == values(0, rows), "read other values than were written");
}

/// Small and large segments, several commits, a merge, a compaction.
fn round(url: &str) {
    let store = Store::create(url, CreateOptions::default()).unwrap();
    let d = store.create_dataset("d").unwrap();
    d.define_array("temperature", DType::F32, &["t", "x"], &[0, COLUMNS], ArrayOptions::default()).unwrap();
    append(&store, 0, 1);
    store.flush().unwrap();
    check(url, 1);
    append(&store, 1, ROWS);
    store.flush().unwrap();
    check(url, ROWS);
    for row in ROWS..ROWS + 12 {
        append(&store, row, row + 1);
        store.flush().unwrap();
    }
    check(url, ROWS + 12);
    store.compact().unwrap();
    append(&store, ROWS + 12, ROWS + 13);
    store.close().unwrap();
    check(url, ROWS + 13);
}

fn meet(url: &str, commits: usize) {
    let store = Store::create(url, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    store.close().unwrap();
    let (commits, refused) = race(|| open(url, Mode::ReadWrite), || open(url, Mode::Read), commits.div_ceil(2), 20);
    println!("{commits} commits, {refused} refused, none lost");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["round", url] => round(url),
        ["race", url, commits] => meet(url, commits.parse().unwrap()),
        _ => panic!("buckets round URL | race URL COMMITS"),
    }
}
