//! Tickets and exports made to do harm, with right checksums: whatever they say, they are refused, or taken over as a whole;
//! the store opens, and nothing outside its folder is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unsafe_code)]

#[allow(dead_code)]
#[path = "../fuzz/src/allocations.rs"]
mod allocations;
#[allow(dead_code)]
#[path = "../fuzz/src/encode.rs"]
mod encode;
#[allow(dead_code)]
#[path = "../fuzz/src/exercise.rs"]
mod exercise;
#[allow(dead_code)]
#[path = "../fuzz/src/memory.rs"]
mod memory;
#[path = "../fuzz/src/session.rs"]
mod session;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session::{Message, Told};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Memory is counted for the process: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Export {
    session: u64,
    store_id: String,
    worker: u32,
    handle: u32,
    epoch: u32,
    durable: bool,
    schemas: Vec<Value>,
    attributes: Value,
    datasets: Vec<Dataset>,
    files: Vec<File>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Dataset {
    name: String,
    created: bool,
    attributes: Value,
    arrays: Vec<Array>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Array {
    name: String,
    id: u64,
    created: bool,
    schema: u32,
    shape: Vec<u64>,
    length_before: u64,
    appended: bool,
    attributes: Value,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct File {
    array: String,
    parts: Vec<Part>,
    pages: Vec<Page>,
    partial: Vec<(u32, Vec<(u32, u32)>)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    file: String,
    at: Option<u64>,
    length: u64,
    directory_crc32c: u32,
    blocks_end: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Page {
    rows: u32,
    first: (u64, u64),
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

fn whole() -> Export {
    rmp_serde::from_slice(&Message::unseal(&Told::whole().export)).unwrap()
}

fn import(export: &Export) -> bool {
    session::import(&Message::Export.seal(&rmp_serde::to_vec_named(export).unwrap()))
}

/// Imports the export with a change; whether it was taken over.
fn with(change: impl FnOnce(&mut Export)) -> bool {
    let mut export = whole();
    change(&mut export);
    import(&export)
}

fn array<'e>(export: &'e mut Export, name: &str) -> &'e mut Array {
    export.datasets.iter_mut().flat_map(|dataset| &mut dataset.arrays).find(|array| array.name == name).unwrap()
}

fn file<'e>(export: &'e mut Export, array: &str) -> &'e mut File {
    export.files.iter_mut().find(|file| file.array == array).unwrap()
}

#[test]
fn exports_that_nobody_can_have_made_are_refused() {
    let _alone = alone();
    assert!(import(&whole()), "it is as the library writes it");
    type Change = (&'static str, fn(&mut Export));
    let changes: &[Change] = &[
        ("another session", |export| export.session ^= 1),
        ("another store", |export| export.store_id = "00".repeat(16)),
        ("no store", |export| export.store_id = "x".into()),
        ("another worker's files", |export| export.worker += 1),
        ("another handle's files", |export| export.handle ^= 1),
        ("not synced", |export| export.durable = false),
        ("cells beyond a chunk", |export| file(export, "v").partial[0].1 = vec![(0, u32::MAX)]),
        ("cells far beyond a chunk", |export| file(export, "v").partial[0].1 = vec![(u32::MAX, u32::MAX); 1000]),
        ("cells of no row", |export| file(export, "v").partial.push((9, vec![(0, 1)]))),
        ("cells out of order", |export| file(export, "v").partial.insert(0, (1, vec![(0, 1)]))),
        ("no file", |export| file(export, "v").parts[0].file = String::new()),
        ("a path that leads out", |export| file(export, "v").parts[0].file = "../../etc/passwd".into()),
        ("an absolute path", |export| file(export, "v").parts[0].file = "/etc/passwd".into()),
        ("a file of the one that commits", |export| {
            file(export, "v").parts[0].file = "00000002-0123456789abcdef.seg".into();
        }),
        ("a file of a commit to come", |export| {
            let part = &mut file(export, "v").parts[0];
            part.file = part.file.replacen("0000000", "9999999", 1);
        }),
        ("a part elsewhere", |export| file(export, "v").parts[0].at = Some(1 << 62)),
        ("a longer part", |export| file(export, "v").parts[0].length += 1),
        ("a part of all bytes", |export| file(export, "v").parts[0].length = u64::MAX),
        ("blocks beyond a part", |export| file(export, "v").parts[0].blocks_end = u64::MAX),
        ("blocks of other length", |export| file(export, "v").parts[0].blocks_end += 1),
        ("another directory", |export| file(export, "v").parts[0].directory_crc32c ^= 1),
        ("a part twice", |export| {
            let file = file(export, "v");
            file.parts.push(file.parts[0].clone());
        }),
        ("no parts", |export| file(export, "v").parts.clear()),
        ("a file twice", |export| {
            let again = file(export, "v").clone();
            export.files.push(again);
        }),
        ("no rows in a page", |export| file(export, "v").pages[0].rows = 0),
        ("too many rows", |export| file(export, "v").pages[0].rows = u32::MAX),
        ("a page twice", |export| {
            let file = file(export, "v");
            file.pages.push(file.pages[0].clone());
        }),
        ("another first row", |export| file(export, "v").pages[0].first.1 += 1),
        ("a page of nothing", |export| file(export, "v").pages[0].bytes.clear()),
        ("rows of another's array", |export| array(export, "v").id += 1000),
        ("rows of another name", |export| file(export, "v").array = "log".into()),
        ("a name that leads out", |export| file(export, "v").array = "../v".into()),
        ("no schema", |export| array(export, "v").schema = u32::MAX),
        ("another rank", |export| array(export, "v").shape.push(1)),
        ("a shape of 2^122 cells", |export| array(export, "v").shape = vec![1 << 61; 2]),
        ("another width", |export| array(export, "v").shape[1] += 1),
        ("chunks outside", |export| array(export, "v").shape[0] = 1),
        ("an append to another length", |export| array(export, "log").length_before = 1),
        ("chunks of 2^40 cells", |export| {
            let schema = array(export, "v").schema as usize;
            export.schemas[schema]["chunk_shape"] = json!([1u64 << 40, 4]);
        }),
        ("chunks of 2^31 cells", |export| {
            let schema = array(export, "text").schema as usize;
            export.schemas[schema]["chunk_shape"] = json!([1u64 << 31]);
        }),
        ("another type", |export| {
            let schema = array(export, "v").schema as usize;
            export.schemas[schema]["dtype"] = json!("i64");
        }),
        ("dimensions without names", |export| {
            let schema = array(export, "text").schema as usize;
            export.schemas[schema]["dims"] = json!([""]);
        }),
        ("a dataset without a name", |export| export.datasets[0].name.clear()),
        ("a dataset of a long name", |export| export.datasets[0].name = "n".repeat(256)),
        ("an array of a name with NUL", |export| array(export, "text").name = "a\0b".into()),
        ("an attribute without a name", |export| export.attributes["set"] = json!({"": {"i64": [1]}})),
        ("no dataset of the name", |export| {
            (export.datasets[0].name, export.datasets[0].created) = ("none".into(), false);
        }),
    ];
    for (what, change) in changes {
        assert!(!with(change), "{what} is taken");
    }
}

#[test]
fn what_can_be_is_taken_as_it_is_said() {
    let _alone = alone();
    // A number of rank 0 has no length to append to.
    assert!(with(|export| array(export, "one").appended = true));
    assert!(with(|export| array(export, "v").shape[0] = 6));
    // One that is written in none of its cells.
    assert!(with(|export| file(export, "v").partial[0].1.clear()));
    // Many names take no time that grows faster than they do.
    assert!(with(|export| {
        for number in 0..20_000 {
            let (name, created, arrays) = (format!("many {number}"), true, Vec::new());
            let attributes = json!({"set": {}, "removed": []});
            export.datasets.push(Dataset { name, created, attributes, arrays });
        }
    }));
}

/// Numbers that look like random ones.
fn noise(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn edited_messages_do_no_harm() {
    let _alone = alone();
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for number in 0..1200u32 {
        let edits = 1 + noise(&mut state) % 3;
        let mut data = vec![[0, 0, 0, 2][number as usize % 4]];
        data.extend((0..edits).flat_map(|_| {
            let [low, high, kind, value, odd, ..] = noise(&mut state).to_le_bytes();
            // Numbers at the ends of their range do most harm.
            [low, high, kind, if odd & 1 == 0 { value } else { [0, 1, 0x7f, 0xff][usize::from(value & 3)] }]
        }));
        if number % 2 == 0 { session::export(&data) } else { session::ticket(&data) }
    }
}
