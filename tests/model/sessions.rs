//! Sessions in the model: workers write beside each other and beside the handle that commits, which imports what they exported
//! in any order, now and then twice, and refuses as a whole what two have written.

use super::*;
use atlas_store::{Error, SessionOptions};
use std::collections::BTreeSet;

/// What a worker does.
#[derive(Clone, Debug)]
pub enum Deed {
    Write { dataset: u8, array: u8, region: [u64; 6], seed: i32 },
    Append { dataset: u8, array: u8, rows: u64, seed: i32 },
    Extend { dataset: u8, array: u8, rows: u64 },
}

/// What workers do between a ticket and an import.
#[derive(Clone, Debug)]
pub struct Work {
    /// Of each worker, what it does before each of its exports.
    workers: Vec<Vec<Vec<Deed>>>,
    /// What the handle that commits writes meanwhile.
    own: Option<(u8, u8, [u64; 6], i32)>,
    /// Whether it is gone before it has imported anything, and another goes on with the ticket.
    dies: bool,
    /// The order in which exports come.
    order: Vec<u64>,
    /// Whether workers are run again, and what they export comes twice.
    again: bool,
}

/// A session that is on.
#[derive(Clone, Copy)]
pub struct Session {
    /// Whether values came that are not flushed.
    pub has_imported: bool,
}

/// Who has written cells of an array, and who has appended to it: a worker by its number, or the handle that commits.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    cells: BTreeSet<(usize, Option<u32>)>,
    appended: Option<u32>,
}

impl Writers {
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    pub fn note(&mut self, cells: &[usize], who: Option<u32>) {
        self.cells.extend(cells.iter().map(|cell| (*cell, who)));
    }

    /// Whether another has written the cell.
    fn meets(&self, cell: usize, who: u32) -> bool {
        self.cells.range((cell, None)..=(cell, Some(u32::MAX))).any(|(_, other)| *other != Some(who))
    }
}

/// Work of workers on any of so many datasets and arrays.
pub fn work(datasets: u8, arrays: u8) -> impl Strategy<Value = Work> {
    let (d, a) = (move || 0..datasets, move || 0..arrays);
    let region = || prop::array::uniform6(prop_oneof![4 => 0..9u64, 1 => 0..90u64]);
    let deed = prop_oneof![
        6 => (d(), a(), region(), any::<i32>())
            .prop_map(|(dataset, array, region, seed)| Deed::Write { dataset, array, region, seed }),
        1 => (d(), a(), 1..4u64, any::<i32>())
            .prop_map(|(dataset, array, rows, seed)| Deed::Append { dataset, array, rows, seed }),
        1 => (d(), a(), 0..4u64).prop_map(|(dataset, array, rows)| Deed::Extend { dataset, array, rows }),
    ];
    let exports = prop::collection::vec(prop::collection::vec(deed, 0..4), 1..3);
    (
        prop::collection::vec(exports, 1..4),
        prop::option::weighted(0.3, (d(), a(), region(), any::<i32>())),
        prop::bool::weighted(0.1),
        prop::collection::vec(any::<u64>(), 6),
        prop::bool::weighted(0.3),
    )
        .prop_map(|(workers, own, dies, order, again)| Work { workers, own, dies, order, again })
}

/// A worker's array.
#[derive(Clone)]
struct OwnArray {
    array: ModelArray,
    /// Its length at the last export, or of the ticket.
    length_before: Option<u64>,
    is_changed: bool,
}

/// Arrays by their dataset and name.
type Arrays = BTreeMap<(String, String), OwnArray>;

/// An export, and the arrays as they were then: with the cells that it has, those that were changed.
#[derive(Clone)]
struct Exported {
    worker: u32,
    /// How many came before it of the same worker.
    epoch: usize,
    bytes: Vec<u8>,
    arrays: Arrays,
}

/// Does a worker's deed in the store and in the model.
fn perform(store: &Store, number: u32, arrays: &mut Arrays, deed: &Deed) {
    let (Deed::Write { dataset, array, .. }
    | Deed::Append { dataset, array, .. }
    | Deed::Extend { dataset, array, .. }) = deed;
    let (dataset, name) = (dataset_name(*dataset), array_name(*array));
    let Some(OwnArray { array, is_changed, .. }) = arrays.get_mut(&(dataset.clone(), name.clone())) else { return };
    let length = array.shape.first().copied();
    match (deed, length) {
        (Deed::Write { region, seed, .. }, _) => {
            let (start, count) = array.region(region, *seed);
            if let Some(length) = length.filter(|_| cells(&count) > 0) {
                array.resize(length.max(start[0] + count[0]));
            }
            let places = region_cells(&array.shape, &start, &count);
            put(&mut array.kind, &places, *seed, |values| match values {
                Values::Numbers(numbers) => {
                    let selection = Selection::region(&start, &count);
                    store.write_array(&dataset, &name, selection, Source::from_slice(numbers))
                }
                Values::Texts(texts) => store.write_strings(&dataset, &name, Selection::region(&start, &count), texts),
            });
            array.writers.note(&places, Some(number));
            *is_changed |= !places.is_empty();
        }
        (Deed::Append { rows, seed, .. }, Some(length)) => {
            let mut count = array.shape.clone();
            count[0] = *rows;
            let before = cells(&array.shape);
            array.resize(length + rows);
            let places: Vec<usize> = (before..cells(&array.shape)).collect();
            put(&mut array.kind, &places, *seed, |values| match values {
                Values::Numbers(numbers) => store.append_array(&dataset, &name, &count, Source::from_slice(numbers)),
                Values::Texts(texts) => store.append_strings(&dataset, &name, &count, texts),
            });
            array.writers.note(&places, Some(number));
            array.writers.appended = Some(number);
            *is_changed = true;
        }
        (Deed::Extend { rows, .. }, Some(length)) => {
            store.extend_array(&dataset, &name, length + rows).unwrap();
            array.resize(length + rows);
            *is_changed |= *rows > 0;
        }
        (_, None) => {}
    }
}

/// Values as they are handed to a store.
enum Values<'v> {
    Numbers(&'v [i32]),
    Texts(&'v [&'v str]),
}

/// Gives cells the values of a seed, in the model and by `call`.
fn put(kind: &mut Kind, places: &[usize], seed: i32, call: impl FnOnce(Values<'_>) -> Result<(), Error>) {
    match kind {
        Kind::Numbers { cells, .. } => {
            let values: Vec<i32> = (0..places.len()).map(|i| number(seed, i)).collect();
            places.iter().zip(&values).for_each(|(place, value)| cells[*place] = *value);
            call(Values::Numbers(&values)).unwrap();
        }
        Kind::Texts { cells, .. } => {
            let values: Vec<String> = (0..places.len()).map(|i| text(seed, i)).collect();
            places.iter().zip(&values).for_each(|(place, value)| cells[*place].clone_from(value));
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            call(Values::Texts(&values)).unwrap();
        }
    }
}

/// What a store holds after an import of this export; `None` where that is refused.
fn imported(model: &mut Model, export: &Exported) -> Option<()> {
    let who = export.worker;
    for ((dataset, name), own) in export.arrays.iter().filter(|(_, own)| own.is_changed) {
        let array = model.datasets.get_mut(dataset)?.arrays.get_mut(name)?;
        if own.array.writers.appended.is_some() {
            if array.writers.appended.is_some_and(|other| other != who)
                || array.shape.first() != own.length_before.as_ref()
            {
                return None;
            }
            array.writers.appended = Some(who);
        }
        if let (Some(length), Some(more)) = (array.shape.first().copied(), own.array.shape.first()) {
            array.resize(length.max(*more));
        }
        for (place, _) in &own.array.writers.cells {
            if array.writers.meets(*place, who) {
                return None;
            }
            array.writers.note(&[*place], Some(who));
            match (&mut array.kind, &own.array.kind) {
                (Kind::Numbers { cells, .. }, Kind::Numbers { cells: new, .. }) => cells[*place] = new[*place],
                (Kind::Texts { cells, .. }, Kind::Texts { cells: new, .. }) => cells[*place].clone_from(&new[*place]),
                _ => return None,
            }
        }
        array.touched |= !own.array.writers.cells.is_empty();
    }
    Some(())
}

/// That a worker reads what it has written itself.
fn check_own(worker: &Store, arrays: &Arrays) {
    for ((dataset, name), OwnArray { array, .. }) in arrays {
        let rank = array.shape.len();
        let places = array.writers.cells.iter().map(|(place, _)| *place);
        match &array.kind {
            Kind::Numbers { cells, .. } => {
                let mut found = vec![77i32; cells.len()];
                worker.read_array(dataset, name, Selection::all(rank), Target::from_slice(&mut found)).unwrap();
                places.for_each(|place| assert_eq!(found[place], cells[place], "{dataset}/{name}, cell {place}"));
            }
            Kind::Texts { cells, .. } => {
                let found = worker.read_strings(dataset, name, Selection::all(rank)).unwrap();
                places.for_each(|place| assert_eq!(found[place], cells[place], "{dataset}/{name}, cell {place}"));
            }
        }
    }
}

impl Run {
    pub fn work(&mut self, work: &Work) {
        let ticket = self.store.session_begin(SessionOptions::default()).unwrap();
        self.session.get_or_insert(Session { has_imported: false });
        // What the ticket tells of arrays is pending, too; of what is pending nothing comes after the handle that commits.
        let dies = work.dies && !self.unflushed();
        let (told, first, mut exports) = (self.told(), self.workers + 1, Vec::new());
        for deeds in &work.workers {
            self.workers += 1;
            exports.push(self.run_worker(&ticket, self.workers, told.clone(), deeds));
        }
        if dies {
            self.wait();
            self.store.discard();
            let options = OpenOptions { runtime: Self::options(self.tuning), ticket: Some(ticket.clone()) };
            self.store = Store::open(&self.path, Mode::ReadWrite, options).unwrap();
            self.session = Some(Session { has_imported: false });
            (self.pending, self.begun) = (self.committed.clone(), false);
        } else if let Some((dataset, array, region, seed)) = &work.own {
            self.write(*dataset, *array, region, *seed, false);
        }
        // All at once, and where that is refused, one worker after the other.
        let shuffled = |mut exports: Vec<Exported>| {
            exports.sort_by_key(|export| (work.order[export.worker as usize % 6], work.order[export.epoch]));
            exports
        };
        let all = shuffled(exports.concat());
        if !self.import(&all) {
            exports.sort_by_key(|exports| exports.first().map(|export| work.order[export.worker as usize % 6]));
            exports.retain(|exports| self.import(&shuffled(exports.clone())));
        }
        if work.again {
            for exports in &exports {
                let bytes: Vec<&[u8]> = exports.iter().map(|export| &export.bytes[..]).collect();
                self.store.import(&bytes).unwrap();
                // And a worker that is run again.
                let number = exports[0].worker;
                let deeds = &work.workers[(number - first) as usize];
                let again = self.run_worker(&ticket, number, told.clone(), deeds);
                let bytes: Vec<&[u8]> = again.iter().map(|export| &export.bytes[..]).collect();
                self.store.import(&bytes).unwrap();
            }
            check_values(&self.store, &self.pending);
        }
    }

    /// The arrays that a ticket tells of.
    fn told(&self) -> Arrays {
        let mut arrays = Arrays::new();
        for (dataset, model) in &self.pending.datasets {
            for (name, array) in &model.arrays {
                let mut array = array.clone();
                array.writers.clear();
                let length_before = array.shape.first().copied();
                arrays.insert((dataset.clone(), name.clone()), OwnArray { array, length_before, is_changed: false });
            }
        }
        arrays
    }

    /// Has a worker do its work on the arrays that it is told of; what it exports.
    fn run_worker(&self, ticket: &[u8], number: u32, mut arrays: Arrays, deeds: &[Vec<Deed>]) -> Vec<Exported> {
        let options = OpenOptions { runtime: Self::options(self.tuning), ..OpenOptions::default() };
        let worker = Store::open_worker(ticket, number, None, options).unwrap();
        let exports = deeds.iter().enumerate().map(|(epoch, deeds)| {
            deeds.iter().for_each(|deed| perform(&worker, number, &mut arrays, deed));
            check_own(&worker, &arrays);
            let export = Exported { worker: number, epoch, bytes: worker.export().unwrap(), arrays: arrays.clone() };
            for own in arrays.values_mut() {
                own.length_before = own.array.shape.first().copied();
                own.is_changed = false;
                own.array.writers.clear();
            }
            export
        });
        let exports = exports.collect();
        worker.close().unwrap();
        exports
    }

    /// Imports exports, all or none; whether they were taken.
    fn import(&mut self, exports: &[Exported]) -> bool {
        let mut sorted: Vec<&Exported> = exports.iter().collect();
        sorted.sort_by_key(|export| (export.worker, export.epoch));
        let mut after = self.pending.clone();
        let is_taken = sorted.into_iter().all(|export| imported(&mut after, export).is_some());
        let bytes: Vec<&[u8]> = exports.iter().map(|export| &export.bytes[..]).collect();
        let result = self.store.import(&bytes);
        if is_taken {
            result.unwrap();
            let has_values = |own: &OwnArray| !own.array.writers.cells.is_empty();
            let imports = exports.iter().any(|export| export.arrays.values().any(has_values));
            self.session.iter_mut().for_each(|session| session.has_imported |= imports);
            self.pending = after;
        } else {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Conflict);
        }
        check_values(&self.store, &self.pending);
        is_taken
    }

    pub fn end_session(&mut self) {
        let result = self.store.session_end();
        if self.session.is_some_and(|session| session.has_imported) {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::UnflushedChanges);
        } else {
            result.unwrap();
            self.session = None;
        }
    }
}
