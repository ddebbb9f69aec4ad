//! What a store holds, as it was put in and as it is read: every part says which commit it is of.

use atlas_store::{ArrayOptions, DType, Result, Scalar, Selection, Source, Store, Target, Value};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    pub generation: u64,
    /// The attribute of the store that tells the commit.
    pub commit: Option<i64>,
    /// In the order they were created.
    pub datasets: Vec<(String, Dataset)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The attribute that tells the commit.
    commit: Option<i64>,
    arrays: BTreeMap<String, Array>,
}

#[derive(Clone, Debug, PartialEq)]
struct Array {
    commit: Option<i64>,
    shape: Vec<u64>,
    cells: Cells,
    /// Row count, null count and range.
    stats: (u64, u64, Option<(i64, i64)>),
}

#[derive(Clone, PartialEq)]
enum Cells {
    Numbers(Vec<i64>),
    Texts(Vec<String>),
}

impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbers(cells) if cells.len() > 64 => write!(f, "{:?}, ... {:?}", &cells[..2], cells.last()),
            Self::Numbers(cells) => write!(f, "{cells:?}"),
            Self::Texts(cells) => write!(f, "{cells:?}"),
        }
    }
}

/// What every commit does to the arrays of this name.
enum Kind {
    /// Writes all of it: more than a pack takes.
    Whole,
    /// Appends rows that are packed.
    Appended,
    /// Writes all texts.
    Texts,
    /// Writes some cells; the others stay as they are, or have the fill value.
    Sparse,
    /// Writes the one number.
    Scalar,
}

pub const ARRAYS: [&str; 5] = ["u", "series", "label", "sparse", "t"];
const FILL: i64 = -1;
const ROW: usize = 8;
const SPARSE: usize = 64;

fn kind(array: &str) -> Kind {
    match array {
        "u" => Kind::Whole,
        "series" => Kind::Appended,
        "label" => Kind::Texts,
        "sparse" => Kind::Sparse,
        _ => Kind::Scalar,
    }
}

impl Content {
    /// Of a store that was just created.
    pub fn empty() -> Self {
        Self { generation: 1, commit: None, datasets: Vec::new() }
    }

    pub fn read(store: &Store) -> Result<Self> {
        let mut datasets = Vec::new();
        for dataset in store.dataset_names()? {
            let mut arrays = BTreeMap::new();
            for name in store.array_names(&dataset)? {
                arrays.insert(name.to_string(), Array::read(store, &dataset, &name)?);
            }
            datasets.push((dataset.to_string(), Dataset { commit: commit_of(store, Some(&dataset), None)?, arrays }));
        }
        Ok(Self { generation: store.info()?.generation, commit: commit_of(store, None, None)?, datasets })
    }

    pub fn create(&mut self, store: &Store, dataset: &str) -> Result<()> {
        store.create_dataset(dataset)?;
        self.datasets.push((dataset.to_owned(), Dataset::default()));
        Ok(())
    }

    pub fn delete(&mut self, store: &Store, dataset: &str) -> Result<()> {
        store.delete_dataset(dataset)?;
        self.datasets.retain(|(name, _)| name != dataset);
        Ok(())
    }

    fn rename(&mut self, store: &Store, dataset: &str, to: &str) -> Result<()> {
        store.rename_dataset(dataset, to)?;
        let at = self.datasets.iter().position(|(name, _)| name == dataset).unwrap();
        let (_, renamed) = self.datasets.remove(at);
        self.datasets.push((to.to_owned(), renamed));
        Ok(())
    }

    fn arrays(&mut self, dataset: &str) -> &mut BTreeMap<String, Array> {
        &mut self.datasets.iter_mut().find(|(name, _)| name == dataset).unwrap().1.arrays
    }

    pub fn define(&mut self, store: &Store, dataset: &str, array: &str) -> Result<()> {
        let (dtype, shape, chunk_shape): (_, &[u64], &[u64]) = match kind(array) {
            Kind::Whole => (DType::I64, &[2500], &[2500]),
            Kind::Appended => (DType::I64, &[0, ROW as u64], &[4, ROW as u64]),
            Kind::Texts => (DType::String, &[3], &[3]),
            Kind::Sparse => (DType::I64, &[SPARSE as u64], &[8]),
            Kind::Scalar => (DType::I64, &[], &[]),
        };
        let sparse = matches!(kind(array), Kind::Sparse);
        let options = ArrayOptions {
            chunk_shape: Some(chunk_shape.to_vec()),
            fill_value: sparse.then_some(FILL.into()),
            ..Default::default()
        };
        store.define_array(dataset, array, dtype, &[array, "y"][..shape.len()], shape, options)?;
        let count = shape.iter().product::<u64>() as usize;
        let cells = match dtype {
            DType::String => Cells::Texts(vec![String::new(); count]),
            _ => Cells::Numbers(vec![if sparse { FILL } else { 0 }; count]),
        };
        let mut content = Array { commit: None, shape: shape.to_vec(), cells, stats: (0, 0, None) };
        content.count(array);
        self.arrays(dataset).insert(array.to_owned(), content);
        Ok(())
    }

    pub fn delete_array(&mut self, store: &Store, dataset: &str, array: &str) -> Result<()> {
        store.delete_array(dataset, array)?;
        self.arrays(dataset).remove(array);
        Ok(())
    }

    /// Makes everything be of this commit: attributes, the set of datasets, and the values of `arrays`.
    pub fn stamp(&mut self, store: &Store, number: i64, arrays: &[&str]) -> Result<()> {
        self.stamp_datasets(store, number)?;
        self.stamp_arrays(&[store], number, arrays)
    }

    /// The attributes of the store and of datasets, and the set of these.
    pub fn stamp_datasets(&mut self, store: &Store, number: i64) -> Result<()> {
        let old: Vec<String> = self.datasets.iter().map(|(name, _)| name.clone()).collect();
        let new = format!("commit-{number}");
        match old.iter().find(|name| name.starts_with("commit-")) {
            Some(name) if number % 2 == 0 => self.rename(store, name, &new)?,
            Some(name) => {
                self.delete(store, name)?;
                self.create(store, &new)?;
            }
            None => self.create(store, &new)?,
        }
        store.set_attribute(None, None, "commit", number)?;
        self.commit = Some(number);
        for (dataset, content) in &mut self.datasets {
            store.set_attribute(dataset.as_str(), None, "commit", number)?;
            content.commit = Some(number);
        }
        Ok(())
    }

    /// The arrays, those of one dataset after the other by one store after the other.
    pub fn stamp_arrays(&mut self, stores: &[&Store], number: i64, arrays: &[&str]) -> Result<()> {
        for ((dataset, content), store) in self.datasets.iter_mut().zip(stores.iter().cycle()) {
            for (name, array) in content.arrays.iter_mut().filter(|(name, _)| arrays.contains(&name.as_str())) {
                store.set_attribute(dataset.as_str(), Some(name), "commit", number)?;
                array.commit = Some(number);
                array.write(store, dataset, name, number)?;
            }
        }
        Ok(())
    }
}

fn commit_of(store: &Store, dataset: Option<&str>, array: Option<&str>) -> Result<Option<i64>> {
    if !store.has_attribute(dataset, array, "commit")? {
        return Ok(None);
    }
    match store.attribute(dataset, array, "commit")? {
        Value::I64(numbers) => Ok(numbers.first().copied()),
        other => panic!("the attribute of {dataset:?} is {other:?}"),
    }
}

impl Array {
    fn read(store: &Store, dataset: &str, name: &str) -> Result<Self> {
        let info = store.array_info(dataset, name)?;
        let all = Selection::all(info.shape.len());
        let cells = if info.dtype == DType::String {
            Cells::Texts(store.read_strings(dataset, name, all)?)
        } else {
            let mut numbers = vec![0i64; info.shape.iter().product::<u64>() as usize];
            store.read_array(dataset, name, all, Target::from_slice(&mut numbers))?;
            Cells::Numbers(numbers)
        };
        let stats = store.array_stats(dataset, name)?;
        let range = stats.range.map(|range| match range {
            (Scalar::Int(min), Scalar::Int(max)) => (min, max),
            other => panic!("the range of {name} is {other:?}"),
        });
        let commit = commit_of(store, Some(dataset), Some(name))?;
        Ok(Self { commit, shape: info.shape, cells, stats: (stats.row_count, stats.null_count, range) })
    }

    fn write(&mut self, store: &Store, dataset: &str, name: &str, number: i64) -> Result<()> {
        // Numbers that do not compress to nothing, so that they lie in several sectors.
        let mixed = |cell: usize| {
            (number << 32 | cell as i64).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64).rotate_left(29) >> 16
        };
        let (all, write) = (Selection::all(self.shape.len()), |selection, numbers: &[i64]| {
            store.write_array(dataset, name, selection, Source::from_slice(numbers))
        });
        match (kind(name), &mut self.cells) {
            (Kind::Whole, Cells::Numbers(cells)) => {
                *cells = (0..cells.len()).map(mixed).collect();
                write(all, cells)?;
            }
            (Kind::Scalar, Cells::Numbers(cells)) => {
                *cells = vec![number];
                write(all, cells)?;
            }
            (Kind::Sparse, Cells::Numbers(cells)) => {
                let at = (number as usize).wrapping_mul(12) % (SPARSE - 4);
                cells[at..at + 4].fill(number);
                write(Selection::region(&[at as u64], &[4]), &[number; 4])?;
            }
            (Kind::Appended, Cells::Numbers(cells)) => {
                // Shorter at times, and longer again with a gap.
                if number % 4 == 3 {
                    self.shape[0] /= 2;
                    store.resize_array(dataset, name, self.shape[0])?;
                    cells.truncate(self.shape[0] as usize * ROW);
                }
                let (rows, gap) = (1 + number as u64 % 3, if number % 4 == 0 { 5 } else { 0 });
                let more: Vec<i64> = (0..rows as usize * ROW).map(mixed).collect();
                if gap == 0 {
                    store.append_array(dataset, name, &[rows, ROW as u64], Source::from_slice(&more))?;
                } else {
                    write(Selection::region(&[self.shape[0] + gap, 0], &[rows, ROW as u64]), &more)?;
                }
                cells.resize(cells.len() + gap as usize * ROW, 0);
                cells.extend(more);
                self.shape[0] += gap + rows;
            }
            (Kind::Texts, Cells::Texts(cells)) => {
                *cells = (0..cells.len()).map(|cell| format!("cell {cell} of commit {number}")).collect();
                let texts: Vec<&str> = cells.iter().map(String::as_str).collect();
                store.write_strings(dataset, name, all, &texts)?;
            }
            _ => unreachable!("{name} has other cells"),
        }
        self.count(name);
        Ok(())
    }

    fn count(&mut self, name: &str) {
        self.stats = match &self.cells {
            Cells::Texts(cells) => (cells.len() as u64, 0, None),
            Cells::Numbers(cells) => {
                let fill = matches!(kind(name), Kind::Sparse).then_some(FILL);
                let valid = || cells.iter().copied().filter(|cell| Some(*cell) != fill);
                let nulls = (cells.len() - valid().count()) as u64;
                (cells.len() as u64, nulls, valid().min().zip(valid().max()))
            }
        };
    }
}
