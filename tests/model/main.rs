//! Random sequences of every operation, against a model that keeps whole arrays in memory.
//!
//! The model has two states, what is committed and what is pending, so that discard, reopen and readers with a
//! snapshot can be checked as well as plain reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sessions;

use atlas_store::{
    ArrayOptions, Codec, CreateOptions, DType, ErrorKind, FillValue, MetaFormat, Mode, OpenOptions, RuntimeOptions,
    Scalar, Selection, Source, Store, Target, Value,
};
use proptest::prelude::*;
use sessions::{Session, Work, Writers, work};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What an array of the model is made of.
#[derive(Clone, Debug)]
enum Kind {
    Numbers { fill: Option<i32>, cells: Vec<i32> },
    Texts { fill: Option<String>, cells: Vec<String> },
}

#[derive(Clone, Debug)]
struct ModelArray {
    shape: Vec<u64>,
    kind: Kind,
    attributes: BTreeMap<String, i64>,
    /// Whether values were written since the last flush, or it was never flushed.
    touched: bool,
    /// Whether its extent was changed since: what was flushed may hold still.
    resized: bool,
    unlimited: bool,
    /// Who has written which cells since the last flush, in a session.
    writers: Writers,
}

impl ModelArray {
    /// Where a write goes: some of them beyond the end, if it may.
    fn region(&self, region: &[u64; 6], seed: i32) -> (Vec<u64>, Vec<u64>) {
        let rank = self.shape.len();
        let mut shape = self.shape.clone();
        if self.unlimited && seed % 2 == 0 {
            shape[0] += 7;
        }
        let start: Vec<u64> = (0..rank).map(|i| region[i] % (shape[i] + 1)).collect();
        let count: Vec<u64> = (0..rank).map(|i| region[3 + i] % (shape[i] - start[i] + 1)).collect();
        (start, count)
    }

    fn resize(&mut self, length: u64) {
        self.resized |= self.shape[0] != length;
        self.shape[0] = length;
        let n = cells(&self.shape);
        match &mut self.kind {
            Kind::Numbers { fill, cells } => cells.resize(n, fill.unwrap_or(0)),
            Kind::Texts { fill, cells } => cells.resize(n, fill.clone().unwrap_or_default()),
        }
    }
}

#[derive(Clone, Debug, Default)]
struct ModelDataset {
    arrays: BTreeMap<String, ModelArray>,
    attributes: BTreeMap<String, i64>,
}

/// Names in the order they were created, and what they name.
#[derive(Clone, Debug, Default)]
struct Model {
    order: Vec<String>,
    datasets: BTreeMap<String, ModelDataset>,
    /// The store's own.
    attributes: BTreeMap<String, i64>,
}

#[derive(Clone, Debug)]
enum Op {
    CreateDataset(u8),
    DeleteDataset(u8),
    RenameDataset(u8, u8),
    CopyDataset(u8, u8),
    Define {
        dataset: u8,
        array: u8,
        texts: bool,
        rank: usize,
        extents: [u64; 3],
        chunks: Option<[u64; 3]>,
        fill: bool,
        codec: u8,
        unlimited: Option<bool>,
    },
    DeleteArray(u8, u8),
    Write {
        dataset: u8,
        array: u8,
        region: [u64; 6],
        seed: i32,
        strided: bool,
    },
    Append {
        dataset: u8,
        array: u8,
        rows: u64,
        seed: i32,
    },
    Resize {
        dataset: u8,
        array: u8,
        length: u64,
    },
    SetAttribute(Option<u8>, Option<u8>, u8, i64),
    DeleteAttribute(Option<u8>, Option<u8>, u8),
    Flush,
    FlushBegin,
    Compact,
    /// To the commit before the last.
    Rollback,
    Reopen {
        discard: bool,
    },
    Work(Work),
    EndSession,
    CheckReader,
    Check,
}

fn op() -> impl Strategy<Value = Op> {
    let (d, a) = (0..4u8, 0..3u8);
    // Some extents make chunks that are blocks of their own.
    let extent = || prop_oneof![5 => 0..9u64, 1 => 60..90u64];
    let region = prop::array::uniform6(prop_oneof![4 => 0..9u64, 1 => 0..90u64]);
    prop_oneof![
        3 => d.clone().prop_map(Op::CreateDataset),
        1 => d.clone().prop_map(Op::DeleteDataset),
        2 => (d.clone(), d.clone()).prop_map(|(from, to)| Op::RenameDataset(from, to)),
        1 => (d.clone(), d.clone()).prop_map(|(from, to)| Op::CopyDataset(from, to)),
        5 => (
            d.clone(), a.clone(), any::<bool>(), 0..4usize, prop::array::uniform3(extent()),
            prop::option::of(prop::array::uniform3(1..5u64)), any::<bool>(), (0..3u8, prop::option::of(any::<bool>())),
        ).prop_map(|(dataset, array, texts, rank, extents, chunks, fill, (codec, unlimited))| Op::Define {
            dataset, array, texts, rank, extents, chunks, fill, codec, unlimited,
        }),
        1 => (d.clone(), a.clone()).prop_map(|(d, a)| Op::DeleteArray(d, a)),
        12 => (d.clone(), a.clone(), region, any::<i32>(), any::<bool>())
            .prop_map(|(dataset, array, region, seed, strided)| Op::Write { dataset, array, region, seed, strided }),
        5 => (d.clone(), a.clone(), 0..5u64, any::<i32>())
            .prop_map(|(dataset, array, rows, seed)| Op::Append { dataset, array, rows, seed }),
        4 => (d.clone(), a.clone(), extent())
            .prop_map(|(dataset, array, length)| Op::Resize { dataset, array, length }),
        2 => (prop::option::weighted(0.8, d.clone()), prop::option::of(a.clone()), 0..3u8, any::<i64>())
            .prop_map(|(d, a, k, v)| Op::SetAttribute(d, a, k, v)),
        1 => (prop::option::weighted(0.8, d), prop::option::of(a), 0..3u8)
            .prop_map(|(d, a, k)| Op::DeleteAttribute(d, a, k)),
        4 => Just(Op::Flush),
        3 => Just(Op::FlushBegin),
        2 => Just(Op::Compact),
        1 => Just(Op::Rollback),
        2 => any::<bool>().prop_map(|discard| Op::Reopen { discard }),
        3 => work(4, 3).prop_map(Op::Work),
        1 => Just(Op::EndSession),
        1 => Just(Op::CheckReader),
        2 => Just(Op::Check),
    ]
}

/// What happens to arrays that grow by chunks which are blocks of their own.
fn growth() -> impl Strategy<Value = Op> {
    let (array, seed) = (0..2u8, any::<i32>());
    let region = (0..60u64, 0..GROWING_ROW, 0..30u64, prop_oneof![0..9u64, Just(GROWING_ROW)]);
    prop_oneof![
        8 => (array.clone(), 0..12u64, seed)
            .prop_map(|(array, rows, seed)| Op::Append { dataset: 0, array, rows, seed }),
        2 => (array, region, seed).prop_map(|(array, (row, column, rows, columns), seed)| Op::Write {
            dataset: 0, array, region: [row, column % (GROWING_ROW + 1 - columns), 0, rows, columns, 0], seed, strided: false,
        }),
        4 => (0..2u8, 0..60u64).prop_map(|(array, length)| Op::Resize { dataset: 0, array, length }),
        3 => Just(Op::Flush),
        1 => Just(Op::FlushBegin),
        1 => any::<bool>().prop_map(|discard| Op::Reopen { discard }),
        2 => work(1, 2).prop_map(Op::Work),
        1 => Just(Op::Compact),
        1 => Just(Op::Rollback),
        2 => Just(Op::Check),
    ]
}

/// Cells of a row of such an array: 16 KiB.
const GROWING_ROW: u64 = 4096;

fn dataset_name(number: u8) -> String {
    ["jan", "feb", "runs/2020 a", "μ"][number as usize].to_owned()
}

fn array_name(number: u8) -> String {
    ["temperature", "sea level", "t.1"][number as usize].to_owned()
}

fn key(number: u8) -> String {
    format!("key{number}")
}

fn cells(shape: &[u64]) -> usize {
    shape.iter().product::<u64>() as usize
}

/// A value for cell `i` of a write; few different ones, so that the fill value is among them.
fn number(seed: i32, i: usize) -> i32 {
    (seed.wrapping_mul(31).wrapping_add(i as i32 * 7)).rem_euclid(11) - 5
}

fn text(seed: i32, i: usize) -> String {
    "ä".repeat(number(seed, i).unsigned_abs() as usize)
}

/// The cells of a region of `shape`, as indices in C order.
fn region_cells(shape: &[u64], start: &[u64], count: &[u64]) -> Vec<usize> {
    (0..cells(count))
        .map(|cell| {
            let mut rest = cell as u64;
            let mut index = vec![0; shape.len()];
            for d in (0..shape.len()).rev() {
                index[d] = start[d] + rest % count[d];
                rest /= count[d];
            }
            index.iter().zip(shape).fold(0, |at, (&i, &extent)| at * extent + i) as usize
        })
        .collect()
}

struct Run {
    path: std::path::PathBuf,
    store: Arc<Store>,
    tuning: Tuning,
    pending: Model,
    committed: Model,
    /// A flush was begun, and may be under way.
    begun: bool,
    /// What commits hold, as far as that is known.
    history: BTreeMap<u64, Model>,
    /// The session that is on.
    session: Option<Session>,
    /// How many workers there were.
    workers: u32,
}

/// What must make no difference.
#[derive(Clone, Copy)]
struct Tuning {
    threads: usize,
    write_buffer_bytes: Option<u64>,
    root_bytes: Option<u64>,
}

impl Run {
    fn options(tuning: Tuning) -> RuntimeOptions {
        RuntimeOptions {
            sync: Some(false),
            threads: Some(tuning.threads),
            write_buffer_bytes: tuning.write_buffer_bytes,
            root_bytes: tuning.root_bytes,
            // Tiny, so that it is missed as well as hit.
            cache_bytes: Some(4 << 10),
            ..Default::default()
        }
    }

    fn new(path: &Path, notation: u8, tuning: Tuning) -> Self {
        let options = CreateOptions {
            meta_format: Some(if notation & 1 == 0 { MetaFormat::Json } else { MetaFormat::MsgPack }),
            meta_zstd: notation & 2 != 0,
            runtime: Self::options(tuning),
            ..Default::default()
        };
        let store = Store::create(path, options).unwrap();
        let (pending, committed) = Default::default();
        let history = BTreeMap::new();
        Self {
            path: path.to_owned(),
            store,
            tuning,
            pending,
            committed,
            begun: false,
            history,
            session: None,
            workers: 0,
        }
    }

    fn open(&self, mode: Mode) -> Arc<Store> {
        Store::open(&self.path, mode, OpenOptions { runtime: Self::options(self.tuning), ..OpenOptions::default() })
            .unwrap()
    }

    fn array(&mut self, dataset: u8, array: u8) -> Option<&mut ModelArray> {
        self.pending.datasets.get_mut(&dataset_name(dataset))?.arrays.get_mut(&array_name(array))
    }

    fn committed_now(&mut self) {
        for dataset in self.pending.datasets.values_mut() {
            for array in dataset.arrays.values_mut() {
                (array.touched, array.resized) = (false, false);
                array.writers.clear();
            }
        }
        self.session.iter_mut().for_each(|session| session.has_imported = false);
        self.committed = self.pending.clone();
    }

    /// Waits for a flush that was begun.
    fn wait(&mut self) {
        if std::mem::take(&mut self.begun) {
            self.store.flush_wait().unwrap();
            assert!(self.store.flush_test().unwrap());
        }
    }

    /// Notes what the last commit holds; no flush is under way.
    fn note(&mut self) {
        self.history.insert(self.store.info().unwrap().generation, self.committed.clone());
    }

    fn unflushed(&self) -> bool {
        self.store.info().unwrap().unflushed_changes
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::CreateDataset(d) => {
                let name = dataset_name(*d);
                let result = self.store.create_dataset(&name).map(drop);
                if self.pending.datasets.contains_key(&name) {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
                } else {
                    result.unwrap();
                    self.pending.order.push(name.clone());
                    self.pending.datasets.insert(name, ModelDataset::default());
                }
            }
            Op::DeleteDataset(d) => {
                let name = dataset_name(*d);
                let result = self.store.delete_dataset(&name);
                assert_eq!(result.is_ok(), self.pending.datasets.remove(&name).is_some());
                self.pending.order.retain(|other| *other != name);
            }
            Op::RenameDataset(from, to) => {
                let (from, to) = (dataset_name(*from), dataset_name(*to));
                let result = self.store.rename_dataset(&from, &to);
                if self.makes(result, &from, &to) {
                    let dataset = self.pending.datasets.remove(&from).unwrap();
                    self.pending.datasets.insert(to.clone(), dataset);
                    self.pending.order.retain(|other| *other != from);
                    self.pending.order.push(to);
                }
            }
            Op::CopyDataset(from, to) => {
                let (from, to) = (dataset_name(*from), dataset_name(*to));
                let result = self.store.copy_dataset(&from, &self.store, &to);
                if self.makes(result, &from, &to) {
                    let mut copy = self.pending.datasets[&from].clone();
                    for array in copy.arrays.values_mut() {
                        array.touched = true;
                        array.writers.clear();
                    }
                    self.pending.datasets.insert(to.clone(), copy);
                    self.pending.order.push(to);
                }
            }
            Op::Define { dataset, array, texts, rank, extents, chunks, fill, codec, unlimited } => {
                self.define(
                    *dataset,
                    *array,
                    *texts,
                    &extents[..*rank],
                    chunks.map(|c| c[..*rank].to_vec()),
                    *fill,
                    *codec,
                    *unlimited,
                );
            }
            Op::DeleteArray(d, a) => {
                let result = self.store.delete_array(&dataset_name(*d), &array_name(*a));
                let gone =
                    self.pending.datasets.get_mut(&dataset_name(*d)).and_then(|d| d.arrays.remove(&array_name(*a)));
                assert_eq!(result.is_ok(), gone.is_some());
            }
            Op::Write { dataset, array, region, seed, strided } => {
                self.write(*dataset, *array, region, *seed, *strided)
            }
            Op::Append { dataset, array, rows, seed } => self.append(*dataset, *array, *rows, *seed),
            Op::Resize { dataset, array, length } => self.resize(*dataset, *array, *length),
            Op::SetAttribute(d, a, k, v) => {
                let (dataset, array) = (d.map(dataset_name), a.map(array_name));
                let result = self.store.set_attribute(dataset.as_deref(), array.as_deref(), &key(*k), *v);
                match self.attributes(*d, *a) {
                    _ if d.is_none() && a.is_some() => {
                        assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
                    }
                    Some(attributes) => {
                        result.unwrap();
                        attributes.insert(key(*k), *v);
                    }
                    None => assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound),
                }
            }
            Op::DeleteAttribute(d, a, k) => {
                let (dataset, array) = (d.map(dataset_name), a.map(array_name));
                let result = self.store.delete_attribute(dataset.as_deref(), array.as_deref(), &key(*k));
                let gone = self.attributes(*d, *a).and_then(|attributes| attributes.remove(&key(*k)));
                assert_eq!(result.is_ok(), gone.is_some());
            }
            Op::Flush => {
                self.store.flush().unwrap();
                assert!(!self.unflushed());
                self.committed_now();
                self.begun = false;
                self.note();
            }
            Op::FlushBegin => {
                self.store.flush_begin().unwrap();
                self.committed_now();
                self.begun = true;
            }
            Op::Compact => {
                self.wait();
                let dirty = self.unflushed();
                let result = self.store.compact();
                if dirty {
                    assert_eq!(result.unwrap_err().kind(), ErrorKind::UnflushedChanges);
                } else {
                    result.unwrap();
                    assert_eq!(self.store.info().unwrap().dead_bytes, 0);
                    self.note();
                }
            }
            Op::Rollback => {
                self.wait();
                let generations = self.store.generations().unwrap();
                let Some(before) = generations.iter().rev().nth(1) else { return };
                if self.unflushed() {
                    assert_eq!(self.store.rollback(*before).unwrap_err().kind(), ErrorKind::UnflushedChanges);
                } else if let Some(model) = self.history.get(before).cloned() {
                    self.store.rollback(*before).unwrap();
                    (self.pending, self.committed) = (model.clone(), model);
                    self.note();
                    check(&self.store, &self.pending);
                }
            }
            Op::Reopen { discard } => {
                if *discard {
                    self.store.discard();
                    self.pending = self.committed.clone();
                } else {
                    self.store.close().unwrap();
                    self.committed_now();
                }
                (self.begun, self.session) = (false, None);
                self.store = self.open(Mode::ReadWrite);
                self.note();
                assert_eq!(self.store.verify(&mut |damage| panic!("{damage:?}")).unwrap(), 0);
                check(&self.store, &self.pending);
            }
            Op::Work(work) => self.work(work),
            Op::EndSession => self.end_session(),
            Op::CheckReader => {
                self.wait();
                check(&self.open(Mode::Read), &self.committed);
            }
            Op::Check => {
                // Values are there whatever goes on beside; statistics come with the end of the flush.
                check_values(&self.store, &self.pending);
                self.wait();
                check(&self.store, &self.pending);
            }
        }
    }

    /// Whether a call makes a dataset of another one, which must be there, under a name that must not.
    fn makes(&self, result: Result<(), atlas_store::Error>, from: &str, to: &str) -> bool {
        let there = |name: &str| self.pending.datasets.contains_key(name);
        let expected = match (there(from), there(to)) {
            (true, false) => None,
            (true, true) => Some(ErrorKind::AlreadyExists),
            (false, _) => Some(ErrorKind::NotFound),
        };
        assert_eq!(result.map_err(|error| error.kind()).err(), expected);
        expected.is_none()
    }

    fn attributes(&mut self, d: Option<u8>, a: Option<u8>) -> Option<&mut BTreeMap<String, i64>> {
        match (d, a) {
            (Some(d), Some(a)) => self.array(d, a).map(|array| &mut array.attributes),
            (Some(d), None) => self.pending.datasets.get_mut(&dataset_name(d)).map(|dataset| &mut dataset.attributes),
            (None, None) => Some(&mut self.pending.attributes),
            (None, Some(_)) => None,
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn define(
        &mut self,
        d: u8,
        a: u8,
        texts: bool,
        shape: &[u64],
        chunks: Option<Vec<u64>>,
        fill: bool,
        codec: u8,
        unlimited: Option<bool>,
    ) {
        // Without a dimension nothing is.
        let unlimited = unlimited.filter(|unlimited| !unlimited || !shape.is_empty());
        // Each array has dimensions of its own: others are free to grow.
        let dims: Vec<String> = (0..shape.len()).map(|d| format!("{} {d}", array_name(a))).collect();
        let dims: Vec<&str> = dims.iter().map(String::as_str).collect();
        let codec = [Codec::Zstd, Codec::Lz4, Codec::None][codec as usize];
        let fill_value = match (fill, texts) {
            (false, _) => None,
            (true, true) => Some(FillValue::Text("ää".into())),
            (true, false) => Some(FillValue::from(-2i32)),
        };
        let options =
            ArrayOptions { chunk_shape: chunks, codec: Some(codec), fill_value, unlimited, ..Default::default() };
        let dtype = if texts { DType::String } else { DType::I32 };
        let result = self.store.define_array(&dataset_name(d), &array_name(a), dtype, &dims, shape, options);
        let Some(dataset) = self.pending.datasets.get_mut(&dataset_name(d)) else {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
            return;
        };
        if dataset.arrays.contains_key(&array_name(a)) {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::AlreadyExists);
            return;
        }
        result.unwrap();
        let n = cells(shape);
        let kind = if texts {
            let fill = fill.then(|| "ää".to_owned());
            Kind::Texts { cells: vec![fill.clone().unwrap_or_default(); n], fill }
        } else {
            let fill = fill.then_some(-2);
            Kind::Numbers { cells: vec![fill.unwrap_or(0); n], fill }
        };
        let unlimited = unlimited.unwrap_or(shape.first() == Some(&0));
        let (shape, attributes) = (shape.to_vec(), BTreeMap::new());
        let writers = Writers::default();
        let array = ModelArray { shape, kind, attributes, touched: true, resized: false, unlimited, writers };
        dataset.arrays.insert(array_name(a), array);
    }

    fn write(&mut self, d: u8, a: u8, region: &[u64; 6], seed: i32, strided: bool) {
        let (dataset, name) = (dataset_name(d), array_name(a));
        let Some(array) = self.pending.datasets.get_mut(&dataset).and_then(|d| d.arrays.get_mut(&name)) else {
            let source = Source::from_slice(&[0i32]);
            let result = self.store.write_array(&dataset, &name, Selection::all(0), source);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
            return;
        };
        let rank = array.shape.len();
        let (start, count) = array.region(region, seed);
        if cells(&count) > 0 && rank > 0 && start[0] + count[0] > array.shape[0] {
            array.resize(start[0] + count[0]);
        } else if rank > 0 && !array.unlimited {
            let (mut beyond, mut one) = (start.clone(), array.shape.clone());
            (beyond[0], one[0]) = (array.shape[0], 1);
            let texts = vec![""; cells(&one)];
            let result = match &array.kind {
                Kind::Numbers { .. } => {
                    let values = vec![0i32; cells(&one)];
                    beyond[1..].fill(0);
                    let selection = Selection::region(&beyond, &one);
                    self.store.write_array(&dataset, &name, selection, Source::from_slice(&values))
                }
                Kind::Texts { .. } => {
                    beyond[1..].fill(0);
                    self.store.write_strings(&dataset, &name, Selection::region(&beyond, &one), &texts)
                }
            };
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfRange);
            assert!(error.to_string().contains("append") && error.to_string().contains("unlimited"), "{error}");
        }
        let selection = Selection::region(&start, &count);
        let places = region_cells(&array.shape, &start, &count);
        match &mut array.kind {
            Kind::Numbers { cells, .. } => {
                let values: Vec<i32> = (0..places.len()).map(|i| number(seed, i)).collect();
                for (place, value) in places.iter().zip(&values) {
                    cells[*place] = *value;
                }
                if strided && rank == 2 && !values.is_empty() {
                    // The same values in column-major memory, with a halo row of other ones.
                    let step = count[0] as usize + 1;
                    let mut memory = vec![99i32; step * count[1] as usize];
                    for (i, value) in values.iter().enumerate() {
                        let (row, column) = (i / count[1] as usize, i % count[1] as usize);
                        memory[column * step + row] = *value;
                    }
                    let strides = [1, step as i64];
                    let source = Source::from_strided(&memory, &strides);
                    self.store.write_array(&dataset, &name, selection, source).unwrap();
                } else if strided {
                    // A wider memory type.
                    let values: Vec<i64> = values.iter().map(|&v| v.into()).collect();
                    self.store.write_array(&dataset, &name, selection, Source::from_slice(&values)).unwrap();
                } else {
                    self.store.write_array(&dataset, &name, selection, Source::from_slice(&values)).unwrap();
                }
            }
            Kind::Texts { cells, .. } => {
                let values: Vec<String> = (0..places.len()).map(|i| text(seed, i)).collect();
                for (place, value) in places.iter().zip(&values) {
                    cells[*place].clone_from(value);
                }
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                self.store.write_strings(&dataset, &name, selection, &values).unwrap();
            }
        }
        array.touched |= !places.is_empty();
        if self.session.is_some() {
            array.writers.note(&places, None);
        }
    }

    fn resize(&mut self, d: u8, a: u8, length: u64) {
        let result = self.store.resize_array(&dataset_name(d), &array_name(a), length);
        let Some(array) = self.array(d, a) else {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
            return;
        };
        if array.shape.is_empty() {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::InvalidArgument);
            return;
        }
        result.unwrap();
        array.resize(length);
    }

    fn append(&mut self, d: u8, a: u8, rows: u64, seed: i32) {
        let (dataset, name) = (dataset_name(d), array_name(a));
        let Some(array) = self.array(d, a) else { return };
        if array.shape.is_empty() {
            let result = self.store.append_array(&dataset, &name, &[], Source::from_slice(&[0i32]));
            assert!(matches!(result.unwrap_err().kind(), ErrorKind::InvalidArgument | ErrorKind::TypeMismatch));
            return;
        }
        let mut count = array.shape.clone();
        count[0] = rows;
        let n = cells(&count);
        let before = cells(&array.shape);
        array.shape[0] += rows;
        array.touched |= rows > 0;
        match &mut array.kind {
            Kind::Numbers { cells, .. } => {
                let values: Vec<i32> = (0..n).map(|i| number(seed, i)).collect();
                cells.extend(&values);
                self.store.append_array(&dataset, &name, &count, Source::from_slice(&values)).unwrap();
            }
            Kind::Texts { cells, .. } => {
                let values: Vec<String> = (0..n).map(|i| text(seed, i)).collect();
                cells.extend(values.iter().cloned());
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                self.store.append_strings(&dataset, &name, &count, &values).unwrap();
            }
        }
        if self.session.is_some()
            && let Some(array) = self.array(d, a)
        {
            array.writers.note(&(before..before + n).collect::<Vec<_>>(), None);
        }
    }
}

/// Compares everything a store says with the model.
fn check(store: &Store, model: &Model) {
    check_values(store, model);
    for (name, dataset) in &model.datasets {
        for (array, expected) in &dataset.arrays {
            check_stats(store, name, array, expected);
        }
    }
}

/// Compares everything but statistics.
fn check_values(store: &Store, model: &Model) {
    let names: Vec<String> = store.dataset_names().unwrap().iter().map(|name| name.to_string()).collect();
    assert_eq!(names, model.order);
    assert_eq!(store.dataset_count().unwrap(), names.len());
    check_attributes(store, None, None, &model.attributes);
    for (number, name) in names.iter().enumerate() {
        assert_eq!(&*store.dataset_name_at(number).unwrap(), name);
        let expected = &model.datasets[name];
        check_attributes(store, Some(name), None, &expected.attributes);
        let mut arrays: Vec<String> = store.array_names(name).unwrap().iter().map(|name| name.to_string()).collect();
        arrays.sort();
        assert!(arrays.iter().eq(expected.arrays.keys()), "{arrays:?}");
        for (array, expected) in &expected.arrays {
            check_attributes(store, Some(name), Some(array), &expected.attributes);
            check_array(store, name, array, expected);
        }
    }
}

fn check_attributes(store: &Store, dataset: Option<&str>, array: Option<&str>, expected: &BTreeMap<String, i64>) {
    let mut names: Vec<String> =
        store.attribute_names(dataset, array).unwrap().iter().map(|name| name.to_string()).collect();
    names.sort();
    assert!(names.iter().eq(expected.keys()));
    for (name, value) in expected {
        assert_eq!(store.attribute(dataset, array, name).unwrap(), Value::I64(vec![*value]));
    }
}

fn check_array(store: &Store, dataset: &str, name: &str, expected: &ModelArray) {
    let rank = expected.shape.len();
    let info = store.array_info(dataset, name).unwrap();
    assert_eq!(info.shape, expected.shape);
    match &expected.kind {
        Kind::Numbers { cells, .. } => {
            let mut values = vec![77i32; cells.len()];
            store.read_array(dataset, name, Selection::all(rank), Target::from_slice(&mut values)).unwrap();
            assert_eq!(values, *cells, "{dataset}/{name} {:?} chunks {:?}", expected.shape, info.chunk_shape);
            if rank > 0 && !cells.is_empty() {
                // The last row, into floats.
                let start: Vec<u64> =
                    expected.shape.iter().enumerate().map(|(d, n)| if d == 0 { n - 1 } else { 0 }).collect();
                let row = cells.len() / expected.shape[0] as usize;
                let mut values = vec![0f64; row];
                let selection = Selection { rank, start: Some(&start), count: None };
                store.read_array(dataset, name, selection, Target::from_slice(&mut values)).unwrap();
                assert!(values.iter().zip(&cells[cells.len() - row..]).all(|(a, b)| *a == f64::from(*b)));
            }
        }
        Kind::Texts { cells, .. } => {
            assert_eq!(store.read_strings(dataset, name, Selection::all(rank)).unwrap(), *cells);
        }
    }
}

fn check_stats(store: &Store, dataset: &str, name: &str, expected: &ModelArray) {
    let stats = store.array_stats(dataset, name);
    if expected.touched {
        assert_eq!(stats.unwrap_err().kind(), ErrorKind::NoStats);
        return;
    }
    if expected.resized && stats.as_ref().is_err_and(|error| error.kind() == ErrorKind::NoStats) {
        return;
    }
    let stats = stats.unwrap();
    assert_eq!(stats.row_count, cells(&expected.shape) as u64);
    match &expected.kind {
        Kind::Numbers { fill, cells } => {
            let is_null = |value: &&i32| fill.is_some_and(|fill| **value == fill);
            assert_eq!(stats.null_count, cells.iter().filter(is_null).count() as u64);
            let valid = || cells.iter().filter(|value| !is_null(value));
            let range = valid().min().zip(valid().max());
            let wide = |value: &i32| Scalar::Int(i64::from(*value));
            assert_eq!(stats.range, range.map(|(low, high)| (wide(low), wide(high))), "{cells:?} fill {fill:?}");
        }
        Kind::Texts { fill, cells } => {
            let nulls = cells.iter().filter(|text| fill.as_ref() == Some(text)).count();
            assert_eq!((stats.null_count, stats.range), (nulls as u64, None));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("ATLAS_MODEL_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(400),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_store_behaves_like_the_model(
        ops in prop::collection::vec(op(), 1..70), notation in 0..4u8, threads in 0..3usize,
        write_buffer_bytes in prop::option::of(prop_oneof![Just(1), Just(20_000), Just(100_000)]),
        root_bytes in prop::option::of(prop_oneof![Just(0), Just(300), Just(1000)]),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::new(&dir.path().join("s"), notation, Tuning { threads, write_buffer_bytes, root_bytes });
        for op in &ops {
            run.apply(op);
        }
        run.apply(&Op::Check);
        run.apply(&Op::Reopen { discard: false });
        check(&run.open(Mode::Read), &run.committed);
    }
    #[test]
    fn growing_arrays_behave_like_the_model(
        ops in prop::collection::vec(growth(), 1..25), rows in 1..6u64, threads in 0..3usize,
        write_buffer_bytes in prop_oneof![Just(1), Just(100_000), Just(400_000)],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let tuning = Tuning { threads, write_buffer_bytes: Some(write_buffer_bytes), root_bytes: None };
        let mut run = Run::new(&dir.path().join("s"), 0, tuning);
        run.apply(&Op::CreateDataset(0));
        for (array, fill) in [(0, false), (1, true)] {
            let (extents, chunks) = ([0, GROWING_ROW, 0], Some([rows, GROWING_ROW, 1]));
            run.apply(&Op::Define { dataset: 0, array, texts: false, rank: 2, extents, chunks, fill, codec: 0, unlimited: None });
        }
        run.apply(&Op::Flush);
        for op in &ops {
            run.apply(op);
        }
        run.apply(&Op::Flush);
        run.apply(&Op::Check);
    }
}
