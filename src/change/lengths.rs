//! One length for each dimension name in a dataset.
//!
//! Dimension 0 can grow, array by array: what it is in two arrays may differ until a flush, which looks at the arrays that
//! have grown, or are new, since the last one. Of all others it knows what they were found to be then, by name: so what it
//! costs is in proportion to what has changed.
//!
//! A commit of an older library may have a name with several lengths in a dataset. Such a name is left alone.

use crate::base::error::{Error, Result, error};
use crate::base::locks::{lock, read};
use crate::base::maps::HashMap;
use crate::base::names::is_default_dim;
use crate::change::catalogue::{ArrayEntry, Dataset};
use crate::chunk::schema::Schema;
use std::sync::Arc;

/// The length of an array that no flush has looked at yet.
pub(super) const NEW: u64 = u64::MAX;
/// Of so many arrays they are found anew each time: there may be very many such datasets.
const FEW: usize = 16;

/// What the arrays of a dataset have as lengths of dimensions, by name.
#[derive(Default)]
pub(super) struct Lengths {
    names: HashMap<Arc<str>, Length>,
}

/// See [`Lengths`].
#[derive(Default)]
struct Length {
    /// Of dimensions that cannot grow.
    fixed: Users,
    /// Of dimensions 0, as they were when a flush last looked at them.
    growing: Users,
    /// The array that was last defined with it as dimension 0.
    last: Option<Arc<str>>,
}

#[derive(Default)]
struct Users {
    /// How often the name stands, new arrays included.
    count: usize,
    length: Option<u64>,
    /// Whether there are several lengths.
    mixed: bool,
}

impl Users {
    fn add(&mut self, length: u64) {
        self.count += 1;
        if length != NEW {
            self.mixed |= self.length.is_some_and(|known| known != length);
            self.length = Some(length);
        }
    }

    fn remove(&mut self) {
        self.count = self.count.saturating_sub(1);
        if self.count == 0 {
            *self = Self::default();
        }
    }
}

/// The dimensions that a user has named, with their places.
fn named(schema: &Schema) -> impl Iterator<Item = (usize, &Arc<str>)> {
    schema.dims.iter().enumerate().filter(|(d, name)| !is_default_dim(*d, name))
}

impl Lengths {
    /// Those of all arrays.
    fn of(dataset: &Dataset) -> Result<Self> {
        let mut lengths = Self::default();
        for (name, entry) in dataset.arrays.iter() {
            lengths.add(name, entry)?;
        }
        Ok(lengths)
    }

    fn add(&mut self, array: &Arc<str>, entry: &ArrayEntry) -> Result<()> {
        let data = read(&entry.array.data)?;
        for (d, name) in named(&entry.array.schema) {
            let length = self.names.entry(name.clone()).or_default();
            match d {
                0 => {
                    length.growing.add(entry.looked_at());
                    length.last = Some(array.clone());
                }
                _ => length.fixed.add(data.shape[d]),
            }
        }
        Ok(())
    }

    fn remove(&mut self, entry: &ArrayEntry) {
        for (d, name) in named(&entry.array.schema) {
            let Some(length) = self.names.get_mut(name) else { continue };
            if d == 0 {
                length.growing.remove()
            } else {
                length.fixed.remove()
            }
            if length.growing.count + length.fixed.count == 0 {
                self.names.remove(name);
            }
        }
    }
}

impl Dataset {
    /// Refuses an array whose dimensions have other lengths than those of the same names. Where two are dimension 0, or
    /// one is and has no cells yet, that is left to the flush.
    pub fn check_dims(&self, schema: &Schema, shape: &[u64]) -> Result<()> {
        for (d, name) in named(schema) {
            let own = named(schema).find(|(other, same)| *other > d && *same == name && shape[*other] != shape[d]);
            if let Some((other, _)) = own
                && (d, shape[d]) != (0, 0)
            {
                let (one, other) = (shape[d], shape[other]);
                return Err(error!(InvalidArgument, "dimension '{name}' has the lengths {one} and {other}"));
            }
        }
        let mut kept = lock(&self.lengths)?;
        let lengths = match &mut *kept {
            Some(lengths) => lengths,
            none => none.insert(Box::new(Lengths::of(self)?)),
        };
        for (d, name) in named(schema).filter(|(d, _)| (*d, shape[*d]) != (0, 0)) {
            let Some(known) = lengths.names.get(name) else { continue };
            if !known.fixed.mixed && known.fixed.length.is_some_and(|length| length != shape[d]) {
                return Err(self.clash(name, shape[d])?);
            }
            // Dimensions 0 are too many to ask all: the coordinate, or the one defined last, stands for them.
            let growing = [Some(name), known.last.as_ref()].into_iter().flatten().filter(|_| d > 0);
            let mut growing = growing.filter_map(|array| self.arrays.get(array));
            let growing = growing.find(|entry| entry.array.schema.dims.first() == Some(name));
            if let Some(entry) = growing
                && ![0, shape[d]].contains(&read(&entry.array.data)?.shape[0])
            {
                return Err(self.clash(name, shape[d])?);
            }
        }
        if self.arrays.len() <= FEW {
            *kept = None;
        }
        Ok(())
    }

    /// What is wrong with a length of a new array.
    fn clash(&self, name: &Arc<str>, length: u64) -> Result<Error> {
        for (other, entry) in self.arrays.iter() {
            let data = read(&entry.array.data)?;
            // Dimension 0 may have no cells yet; another one has the length 0 for good.
            let mut same = named(&entry.array.schema)
                .filter(|(_, same)| *same == name)
                .map(|(d, _)| (d, data.shape[d]))
                .filter(|(d, found)| *found != length && (*d, *found) != (0, 0));
            if let Some((_, found)) = same.next() {
                return Ok(error!(
                    InvalidArgument,
                    "dimension '{name}' has the length {length}, but {found} in array '{other}': one name has one length in \
                     a dataset"
                ));
            }
        }
        Ok(error!(Internal, "dimension '{name}' has no other length than {length}"))
    }

    /// Adds an array that was checked.
    pub fn insert(&mut self, name: Arc<str>, entry: ArrayEntry) -> Result<()> {
        if let Some(lengths) = &mut *lock(&self.lengths)? {
            lengths.add(&name, &entry)?;
        }
        self.arrays.insert(name, entry);
        Ok(())
    }

    /// Takes an array away.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let removed = self.arrays.remove(name);
        if let (Some(entry), Some(lengths)) = (removed, &mut *lock(&self.lengths)?) {
            lengths.remove(&entry);
        }
        Ok(())
    }

    /// Refuses to flush lengths of one name that differ: those of the arrays among `changed` that are new or have another
    /// length than when this was last asked, and of all others. Where none do, that is what they are from now on.
    pub fn check_lengths<'d>(
        &'d self,
        dataset: &str,
        changed: impl Iterator<Item = (&'d Arc<str>, &'d ArrayEntry)>,
    ) -> Result<()> {
        let mut moved: Vec<(&Arc<str>, &ArrayEntry, u64)> = Vec::new();
        for (name, entry) in changed.filter(|(_, entry)| !entry.array.schema.dims.is_empty()) {
            let length = read(&entry.array.data)?.shape[0];
            if entry.looked_at() != length {
                moved.push((name, entry, length));
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        let mut kept = lock(&self.lengths)?;
        let lengths = match &mut *kept {
            Some(lengths) => lengths,
            none => none.insert(Box::new(Lengths::of(self)?)),
        };
        /// What is found of a name.
        struct Found<'d> {
            array: &'d Arc<str>,
            length: u64,
            /// Dimensions 0 that have moved.
            moved: usize,
        }
        let mut found: HashMap<&Arc<str>, Found<'_>> = HashMap::default();
        let differ = |name: &Arc<str>, (one, length): (&Arc<str>, u64), (other, second): (&Arc<str>, u64)| {
            error!(
                InvalidArgument,
                "dataset '{dataset}': dimension '{name}' has the length {length} in array '{one}' and {second} in array \
                 '{other}': append to the shorter, resize one of them, or \
                 define it anew with another dimension name; nothing is lost"
            )
        };
        for &(array, entry, length) in &moved {
            let is_new = entry.looked_at() == NEW;
            let data = read(&entry.array.data)?;
            for (d, name) in named(&entry.array.schema).filter(|(d, _)| *d == 0 || is_new) {
                let length = if d == 0 { length } else { data.shape[d] };
                let one = found.entry(name).or_insert(Found { array, length, moved: 0 });
                one.moved += usize::from(d == 0);
                let is_mixed = lengths.names.get(name).is_some_and(|known| known.growing.mixed || known.fixed.mixed);
                if one.length != length && !is_mixed {
                    return Err(differ(name, (one.array, one.length), (array, length)));
                }
            }
        }
        for (name, one) in &found {
            let Some(known) = lengths.names.get(*name) else { continue };
            let stays = known.growing.count > one.moved;
            let other = [known.fixed.length, known.growing.length.filter(|_| stays)].into_iter().flatten();
            let is_mixed = known.growing.mixed || known.fixed.mixed;
            if !is_mixed && let Some(other) = other.into_iter().find(|other| *other != one.length) {
                let array = self.with_length(name, other, one.array)?;
                return Err(differ(name, (one.array, one.length), (&array, other)));
            }
        }
        for (name, one) in &found {
            if let Some(known) = lengths.names.get_mut(*name)
                && known.growing.count > 0
            {
                known.growing.length = Some(one.length);
            }
        }
        moved.iter().for_each(|(_, entry, length)| entry.look_at(*length));
        if self.arrays.len() <= FEW {
            *kept = None;
        }
        Ok(())
    }

    /// An array, if possible not `but`, that has a dimension of this name and length.
    fn with_length(&self, name: &Arc<str>, length: u64, but: &Arc<str>) -> Result<Arc<str>> {
        for (array, entry) in self.arrays.iter().filter(|(array, _)| *array != but) {
            let data = read(&entry.array.data)?;
            if named(&entry.array.schema).any(|(d, same)| same == name && data.shape[d] == length) {
                return Ok(array.clone());
            }
        }
        Ok(but.clone())
    }
}
