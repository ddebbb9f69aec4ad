//! The memory of a run stays within what it was given, however long it is. A process of its own: it looks at the peak.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{
    ArrayOptions, CreateOptions, DType, OpenOptions, RuntimeOptions, Selection, SessionOptions, Source, Store, Target,
};
use std::sync::{Mutex, PoisonError};

const BUDGET: u64 = 32 << 20;
/// Values of one step: 8 MiB.
const CELLS: usize = 1 << 20;
const STEPS: u64 = 40;
const MIB: u64 = 1 << 20;

/// The highest number of bytes that this process has had in memory.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

fn runtime() -> RuntimeOptions {
    // Each thread holds on to some chunks.
    let threads = Some(2);
    RuntimeOptions { threads, write_buffer_bytes: Some(BUDGET), sync: Some(false), ..RuntimeOptions::default() }
}

/// Has [`peak`] begin anew: with what is in memory now.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The tests look at the memory of the process: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_run_of_many_times_the_buffer_stays_within_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let options = CreateOptions { runtime: runtime(), ..CreateOptions::default() };
    let store = Store::create(dir.path().join("s"), options).unwrap();
    let run = store.create_dataset("run").unwrap();
    // One array of chunks that a step completes, one of chunks that take several: a step has all of those open.
    let (one, several) = (Some(vec![1, 1 << 17]), Some(vec![4, 1 << 16]));
    let open_bytes = 4 * 8 * CELLS as u64;
    let shape = [STEPS, CELLS as u64];
    for (name, chunk_shape) in [("a", one), ("b", several)] {
        let options = ArrayOptions { chunk_shape, ..ArrayOptions::default() };
        run.define_array(name, DType::F64, &["time", "x"], &shape, options).unwrap();
    }
    let mut step = vec![0f64; CELLS];
    let mut random = 1u64;
    forget_peak();
    let before = peak();
    for number in 0..STEPS {
        for value in &mut step {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            *value = f64::from_bits(random >> 2);
        }
        for name in ["a", "b"] {
            run.write(name, Selection::region(&[number, 0], &[1, CELLS as u64]), Source::from_slice(&step)).unwrap();
        }
        if number % 25 == 24 {
            store.flush_begin().unwrap();
        }
    }
    store.flush().unwrap();
    let (used, step_bytes) = (peak() - before, 8 * CELLS as u64);
    let allowed = BUDGET + open_bytes + 2 * step_bytes + 64 * MIB;
    let written = 2 * STEPS * step_bytes;
    println!("{} MiB written through {} MiB: peak {} MiB", written / MIB, BUDGET / MIB, used / MIB);
    assert!(used <= allowed, "the peak rose by {} MiB, over {}", used / MIB, allowed / MIB);
}

/// Of chunks that two workers have written halves of, what is put together is not in memory all at once.
#[test]
fn an_import_of_many_shared_chunks_stays_small() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    const CHUNKS: u64 = 160;
    const CHUNK: u64 = 1 << 17;
    let dir = tempfile::tempdir().unwrap();
    let options = CreateOptions { runtime: runtime(), ..CreateOptions::default() };
    let store = Store::create(dir.path().join("s"), options).unwrap();
    store.create_dataset("run").unwrap();
    let chunk_shape = Some(vec![1, CHUNK]);
    let array = ArrayOptions { chunk_shape, ..ArrayOptions::default() };
    store.define_array("run", "v", DType::F64, &["t", "x"], &[CHUNKS, CHUNK], array).unwrap();
    let ticket = store.session_begin(SessionOptions { workers: 2, ..SessionOptions::default() }).unwrap();
    let half = |chunk: u64, worker: u64| (0..CHUNK / 2).map(move |cell| (chunk * 2 + worker * 1000 + cell) as f64);
    let export = |worker: u64| {
        let options = OpenOptions { runtime: runtime(), ..OpenOptions::default() };
        let handle = Store::open_worker(&ticket, worker as u32, None, options).unwrap();
        for chunk in 0..CHUNKS {
            let (values, start) = (half(chunk, worker).collect::<Vec<_>>(), [chunk, worker * CHUNK / 2]);
            let region = Selection::region(&start, &[1, CHUNK / 2]);
            handle.write_array("run", "v", region, Source::from_slice(&values)).unwrap();
        }
        handle.export().unwrap()
    };
    let exports = [export(0), export(1)];
    forget_peak();
    let before = peak();
    store.import(&exports.each_ref().map(Vec::as_slice)).unwrap();
    let (used, values) = (peak().saturating_sub(before), 8 * CHUNKS * CHUNK);
    println!("{} MiB put together: peak {} MiB", values / MIB, used / MIB);
    assert!(used <= values / 3, "the peak rose by {} MiB for {} MiB of values", used / MIB, values / MIB);
    store.flush().unwrap();
    let mut row = vec![0f64; CHUNK as usize];
    for chunk in 0..CHUNKS {
        let start = [chunk, 0];
        let region = Selection::region(&start, &[1, CHUNK]);
        store.read_array("run", "v", region, Target::from_slice(&mut row)).unwrap();
        assert!(row.iter().copied().eq(half(chunk, 0).chain(half(chunk, 1))), "chunk {chunk}");
    }
}
