//! What stores in buckets cost where each request takes 20 ms: seconds and requests.
//!
//!     cargo bench --locked --features object --bench buckets [-- --latency MS]
//!
//! The objects are in memory, and requests wait before they are carried out; bytes cost nothing. Everything is done three
//! times with the waiting and three times without: what lies between the medians is the time for which requests were waited
//! for, and divided by what one takes, how many of them came one after the other. Beside it is how many must.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/common/network.rs"]
mod network;

use atlas_store::storage::ObjectStorage;
use atlas_store::{ArrayOptions, CreateOptions, DType, Mode, OpenOptions, Selection, Source, Store, Target};
use network::Network;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATH: &str = "s3://bucket/run.atlas";
/// Of W1 and W3, in full: 1000 datasets of two fields of 90 x 180.
const DATASETS: usize = 1000;
const FIELD: [u64; 2] = [90, 180];
/// Of W2 and W4: one of four variables, of a quarter of the size: 120 steps, a flush every 24.
const STEPS: u64 = 120;
const FLUSH_EVERY: u64 = 24;
const SLAB: [u64; 4] = [1, 10, 90, 180];
/// Small flushes, and readers that open the store anew.
const TIMES: u64 = 20;

fn cells(shape: &[u64]) -> usize {
    shape.iter().product::<u64>() as usize
}

/// Smooth waves with noise, rounded as instruments round: they shrink to some quarter.
fn field(seed: u64, shape: &[u64]) -> Vec<f32> {
    let columns = shape[shape.len() - 1];
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let cell = |n: u64| {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        let (row, column) = ((n / columns) as f32, (n % columns) as f32);
        let smooth = (row * 0.035).sin() * (1.0 + 0.3 * (column * 0.07 + seed as f32 * 0.01).sin());
        let noise = (bits >> 40) as f32 / (1 << 24) as f32;
        ((250.0 + 40.0 * smooth + 0.5 * noise) * 64.0).round() / 64.0
    };
    (0..cells(shape) as u64).map(cell).collect()
}

/// What one thing took.
struct Took {
    what: &'static str,
    /// Requests that must come one after the other.
    needed: u32,
    seconds: f64,
    requests: BTreeMap<&'static str, usize>,
}

struct Bench {
    network: Arc<Network>,
    latency: Duration,
    took: Vec<Took>,
}

impl Bench {
    fn storage(&self) -> Arc<ObjectStorage> {
        Arc::new(ObjectStorage::of(self.network.clone(), "s3://bucket".into()).unwrap())
    }

    fn open(&self, path: &str, mode: Mode) -> Arc<Store> {
        Store::open_on(self.storage(), Path::new(path), mode, OpenOptions::default()).unwrap()
    }

    fn create(&self, path: &str) -> Arc<Store> {
        Store::create_on(self.storage(), Path::new(path), CreateOptions::default()).unwrap()
    }

    /// Does something with the waiting, and notes what it took.
    fn measure<T>(&mut self, what: &'static str, needed: u32, does: impl FnOnce(&Self) -> T) -> T {
        self.network.take_requests();
        self.network.set_latency(self.latency);
        let began = Instant::now();
        let done = does(self);
        let seconds = began.elapsed().as_secs_f64();
        // One that nobody waits for may just be on its way.
        std::thread::sleep(Duration::from_millis(20));
        self.network.set_latency(Duration::ZERO);
        let mut requests = BTreeMap::new();
        for (kind, _) in self.network.take_requests() {
            *requests.entry(kind).or_default() += 1;
        }
        self.took.push(Took { what, needed, seconds, requests });
        done
    }
}

fn ingest(store: &Arc<Store>, fields: &[Vec<f32>]) {
    for (k, fields) in fields.chunks(2).enumerate() {
        let d = store.create_dataset(&format!("ds{k:04}")).unwrap();
        for (name, values) in ["temperature", "pressure"].iter().zip(fields) {
            d.define_array(name, DType::F32, &["lat", "lon"], &FIELD, ArrayOptions::default()).unwrap();
            d.write(name, Selection::all(2), Source::from_slice(values)).unwrap();
        }
        d.define_array("time", DType::F64, &["time"], &[1], ArrayOptions::default()).unwrap();
        d.write("time", Selection::all(1), Source::from_slice(&[k as f64])).unwrap();
        d.set_attribute(None, "institution", "Institute of Examples").unwrap();
        d.set_attribute(None, "month", k as i64 % 12).unwrap();
        d.set_attribute(None, "lat0", -90.0 + 0.1 * k as f64).unwrap();
        d.set_attribute(None, "run", format!("run-{k:04}").as_str()).unwrap();
        d.set_attribute(None, "version", 3i64).unwrap();
    }
}

/// Reads the field of all datasets, and compares it.
fn scan(store: &Store, fields: &[Vec<f32>]) {
    let names: Vec<String> = (0..DATASETS).map(|k| format!("ds{k:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut values = vec![0f32; DATASETS * cells(&FIELD)];
    store.read_across("temperature", &names, Selection::all(2), Target::from_slice(&mut values)).unwrap();
    for (k, read) in values.chunks(cells(&FIELD)).enumerate() {
        assert!(read == fields[2 * k], "dataset {k}: read other values than were written");
    }
}

/// The values of one point at all steps.
fn series(store: &Store, steps: u64, point: [u64; 3]) -> Vec<f32> {
    let mut values = vec![0f32; steps as usize];
    let [level, row, column] = point;
    let (start, count) = ([0, level, row, column], [steps, 1, 1, 1]);
    store.read_array("run", "v", Selection::region(&start, &count), Target::from_slice(&mut values)).unwrap();
    values
}

fn run(latency: Duration) -> Vec<Took> {
    let mut bench = Bench { network: Arc::default(), latency, took: Vec::new() };
    let fields: Vec<Vec<f32>> = (0..2 * DATASETS as u64).map(|k| field(k, &FIELD)).collect();
    let slab = field(7, &SLAB);
    let store = bench.measure("create a store", 1, |bench| bench.create(PATH));
    bench.measure("W1: 1000 datasets, one flush", 4, |_| {
        ingest(&store, &fields);
        store.flush().unwrap();
    });
    store.close().unwrap();
    let reader = bench.measure("W3: open", 1, |bench| bench.open(PATH, Mode::Read));
    bench.measure("... scan one variable of 1000 datasets", 2, |_| scan(&reader, &fields));
    bench.measure("... again", 1, |_| scan(&reader, &fields));
    drop(reader);

    let path = "s3://bucket/series.atlas";
    let store = bench.create(path);
    let d = store.create_dataset("run").unwrap();
    let options = ArrayOptions { chunk_shape: Some(SLAB.to_vec()), ..ArrayOptions::default() };
    d.define_array("v", DType::F32, &["time", "level", "lat", "lon"], &[0, 10, 90, 180], options).unwrap();
    bench.measure("W2: 120 steps, 5 flushes", 10, |_| {
        for step in 1..=STEPS {
            d.append("v", &SLAB, Source::from_slice(&slab)).unwrap();
            if step % FLUSH_EVERY == 0 {
                store.flush().unwrap();
            }
        }
    });
    store.close().unwrap();
    let check = |values: Vec<f32>, [level, row, column]: [u64; 3]| {
        let value = slab[((level * SLAB[2] + row) * SLAB[3] + column) as usize];
        assert!(values.iter().all(|read| *read == value), "read other values than were written");
    };
    let reader = bench.measure("W4: open", 1, |bench| bench.open(path, Mode::Read));
    bench.measure("... a point through 120 chunks", 3, |_| check(series(&reader, STEPS, [3, 40, 90]), [3, 40, 90]));
    bench.measure("... another", 1, |_| check(series(&reader, STEPS, [8, 80, 10]), [8, 80, 10]));
    drop(reader);
    let one = |store: &Store, step: u64| {
        let mut value = [0f32];
        let (start, count) = ([step, 3, 40, 90], [1, 1, 1, 1]);
        store.read_array("run", "v", Selection::region(&start, &count), Target::from_slice(&mut value)).unwrap();
        check(value.to_vec(), [3, 40, 90]);
    };
    bench.measure("open and read one cell", 3, |bench| one(&bench.open(path, Mode::Read), STEPS - 1));
    bench.measure("open an earlier commit", 1, |bench| {
        Store::open_at_on(bench.storage(), Path::new(path), 5, OpenOptions::default()).unwrap()
    });
    let store = bench.measure("open for writing", 1, |bench| bench.open(path, Mode::ReadWrite));
    let d = store.dataset("run").unwrap();
    bench.measure("20 flushes of a step each", 40, |_| {
        for _ in 0..TIMES {
            d.append("v", &SLAB, Source::from_slice(&slab)).unwrap();
            store.flush().unwrap();
        }
    });
    store.close().unwrap();
    let reader = bench.open(path, Mode::Read);
    bench.measure("a point through 140 chunks in 25 segments", 3, |_| {
        check(series(&reader, STEPS + TIMES, [3, 40, 90]), [3, 40, 90]);
    });
    bench.took
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip_while(|argument| argument != "--latency").skip(1).collect();
    let latency = arguments.first().map_or(20, |text| text.parse().expect("--latency MS"));
    let latency = Duration::from_millis(latency);
    let runs: Vec<_> = (0..3).map(|_| (run(Duration::ZERO), run(latency))).collect();
    println!("| | s | of these waiting | rounds | needed | requests |\n|---|---:|---:|---:|---:|---|");
    for (number, Took { what, needed, requests, .. }) in runs[0].1.iter().enumerate() {
        let without = median(runs.iter().map(|(without, _)| without[number].seconds).collect());
        let with = median(runs.iter().map(|(_, with)| with[number].seconds).collect());
        let waited = (with - without).max(0.0);
        let rounds = waited / latency.as_secs_f64();
        let requests: Vec<String> = requests.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        println!("| {what} | {with:.2} | {waited:.2} | {rounds:.1} | {needed} | {} |", requests.join(", "));
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_unstable_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
