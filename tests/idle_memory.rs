//! Memory that nobody uses goes back as far as the write buffer has no room for it, whatever the length of a chunk. A
//! process of its own: it looks at what it has in memory.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{ArrayOptions, CreateOptions, DType, RuntimeOptions, Selection, Source, Store, Target};

const MIB: u64 = 1 << 20;
const BUFFER: u64 = 16 * MIB;
/// Values of a chunk: 64 MiB.
const CELLS: usize = 8 << 20;
const CHUNKS: u64 = 6;

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn long_chunks_leave_no_more_than_the_buffer_behind() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = RuntimeOptions {
        threads: Some(2),
        write_buffer_bytes: Some(BUFFER),
        cache_bytes: Some(MIB),
        sync: Some(false),
        ..RuntimeOptions::default()
    };
    let store = Store::create(dir.path().join("s"), CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
    let run = store.create_dataset("run").unwrap();
    let chunk_shape = Some(vec![1, CELLS as u64]);
    let options = ArrayOptions { chunk_shape, ..ArrayOptions::default() };
    run.define_array("x", DType::F64, &["t", "x"], &[CHUNKS, CELLS as u64], options).unwrap();
    let before = resident();
    {
        let mut values: Vec<f64> = (0..CELLS).map(|cell| cell as f64).collect();
        for t in 0..CHUNKS {
            run.write("x", Selection::region(&[t, 0], &[1, CELLS as u64]), Source::from_slice(&values)).unwrap();
        }
        store.flush().unwrap();
        run.read("x", Selection::region(&[3, 0], &[1, CELLS as u64]), Target::from_slice(&mut values)).unwrap();
        assert_eq!(values[CELLS - 1], (CELLS - 1) as f64);
    }
    let left = resident().saturating_sub(before);
    println!("{} MiB more in memory than before, beside a buffer of {} MiB", left / MIB, BUFFER / MIB);
    // What threads, contexts of the codec and the program itself take is not the store's to give back.
    assert!(left <= BUFFER + 24 * MIB, "{} MiB stay in memory", left / MIB);
}
