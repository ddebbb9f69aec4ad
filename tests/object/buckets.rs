//! What tests/object/run.sh does to stores in buckets: `buckets round URL` and `buckets race URL COMMITS`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{ArrayOptions, CreateOptions, DType, ErrorKind, Mode, OpenOptions, Selection, Source, Store, Target};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Two writers, each with a handle of its own that it opens anew whenever it is refused.
fn race(url: &str, commits: usize) {
    let store = Store::create(url, CreateOptions::default()).unwrap();
    store.create_dataset("d").unwrap();
    store.close().unwrap();
    let (done, refused) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let write = |writer: usize| {
        let mut acknowledged = Vec::new();
        while done.load(Ordering::Relaxed) < commits {
            let store = open(url, Mode::ReadWrite);
            for _ in 0..20 {
                let name = format!("w{writer}-{}", acknowledged.len());
                store.dataset("d").unwrap().set_attribute(None, &name, writer as i64).unwrap();
                match store.flush() {
                    Ok(()) => {
                        done.fetch_add(1, Ordering::Relaxed);
                        acknowledged.push(name);
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                        refused.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                }
            }
            store.discard();
        }
        acknowledged
    };
    let acknowledged = std::thread::scope(|scope| {
        let writers = [0, 1].map(|writer| scope.spawn(move || write(writer)));
        writers.map(|writer| writer.join().unwrap()).concat()
    });
    let there = open(url, Mode::Read).attribute_names(Some("d"), None).unwrap();
    let lost = acknowledged.iter().filter(|name| !there.iter().any(|one| **one == ***name)).count();
    let refused = refused.load(Ordering::Relaxed);
    println!("{} commits, {refused} refused, {lost} lost", acknowledged.len());
    assert!(lost == 0 && there.len() == acknowledged.len() && refused > 0);
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["round", url] => round(url),
        ["race", url, commits] => race(url, commits.parse().unwrap()),
        _ => panic!("buckets round URL | race URL COMMITS"),
    }
}
