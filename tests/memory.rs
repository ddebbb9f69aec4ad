//! The memory of a run stays within what it was given, however long it is. A process of its own: it looks at the peak.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atlas_store::{ArrayOptions, CreateOptions, DType, RuntimeOptions, Selection, Source, Store};

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

#[test]
fn a_run_of_many_times_the_buffer_stays_within_it() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = RuntimeOptions { write_buffer_bytes: Some(BUDGET), sync: Some(false), ..RuntimeOptions::default() };
    let store = Store::create(dir.path().join("s"), CreateOptions { runtime, ..CreateOptions::default() }).unwrap();
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
