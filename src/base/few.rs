//! Maps that are small for few entries: there may be a million of them, with one entry each.

use crate::base::maps::{HashMap, IndexMap, index_map};
use std::collections::TryReserveError;
use std::sync::Arc;

/// A map of numbers. One entry takes no memory of its own.
pub(crate) struct ByNumber<V> {
    one: Option<(u64, V)>,
    /// All others.
    more: Option<Box<HashMap<u64, V>>>,
}

impl<V> Default for ByNumber<V> {
    fn default() -> Self {
        Self { one: None, more: None }
    }
}

impl<V> ByNumber<V> {
    pub fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.more.as_ref().map_or(0, |more| more.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, number: u64) -> Option<&V> {
        match &self.one {
            Some((one, value)) if *one == number => Some(value),
            _ => self.more.as_ref()?.get(&number),
        }
    }

    pub fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        match &mut self.one {
            Some((one, value)) if *one == number => Some(value),
            _ => self.more.as_mut()?.get_mut(&number),
        }
    }

    pub fn contains(&self, number: u64) -> bool {
        self.get(number).is_some()
    }

    /// In no order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        let one = self.one.iter().map(|(number, value)| (*number, value));
        one.chain(self.more.iter().flat_map(|more| more.iter().map(|(number, value)| (*number, value))))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut V)> {
        let one = self.one.iter_mut().map(|(number, value)| (*number, value));
        one.chain(self.more.iter_mut().flat_map(|more| more.iter_mut().map(|(number, value)| (*number, value))))
    }

    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.iter().map(|(number, _)| number)
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.iter_mut().map(|(_, value)| value)
    }

    /// Makes room for so many more.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        match more - usize::from(more > 0 && self.one.is_none()) {
            0 => Ok(()),
            others => self.more.get_or_insert_default().try_reserve(others),
        }
    }

    pub fn insert(&mut self, number: u64, value: V) {
        match &mut self.one {
            _ if self.more.as_ref().is_some_and(|more| more.contains_key(&number)) => {}
            none @ None => {
                *none = Some((number, value));
                return;
            }
            Some((one, known)) if *one == number => {
                *known = value;
                return;
            }
            Some(_) => {}
        }
        self.more.get_or_insert_default().insert(number, value);
    }

    pub fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.one.take_if(|(number, _)| !keep(*number));
        if let Some(more) = &mut self.more {
            more.retain(|number, _| keep(*number));
        }
    }

    /// Takes out those of which `is_taken` holds.
    pub fn extract_if(&mut self, is_taken: impl Fn(u64, &V) -> bool + Copy) -> impl Iterator<Item = (u64, V)> {
        let one = self.one.take_if(|(number, value)| is_taken(*number, value));
        let more = self.more.iter_mut();
        one.into_iter().chain(more.flat_map(move |more| more.extract_if(move |number, value| is_taken(*number, value))))
    }
}

impl<V> Extend<(u64, V)> for ByNumber<V> {
    fn extend<I: IntoIterator<Item = (u64, V)>>(&mut self, entries: I) {
        entries.into_iter().for_each(|(number, value)| self.insert(number, value));
    }
}

impl<V> FromIterator<(u64, V)> for ByNumber<V> {
    fn from_iter<I: IntoIterator<Item = (u64, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        map.extend(entries);
        map
    }
}

/// So many names are looked through one by one.
const FEW: usize = 16;

/// A map of names, in the order they were inserted. Few take what their entries take.
pub(crate) enum ByName<V> {
    Few(Vec<(Arc<str>, V)>),
    Many(Box<IndexMap<Arc<str>, V>>),
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<V> ByName<V> {
    /// An empty map with room for so many.
    pub fn with_capacity(len: usize) -> Self {
        if len <= FEW { Self::Few(Vec::with_capacity(len)) } else { Self::Many(Box::new(index_map(len))) }
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    pub fn get(&self, name: &str) -> Option<&V> {
        match self {
            Self::Few(few) => few.iter().find(|(known, _)| **known == *name).map(|(_, value)| value),
            Self::Many(many) => many.get(name),
        }
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        match self {
            Self::Few(few) => few.iter_mut().find(|(known, _)| **known == *name).map(|(_, value)| value),
            Self::Many(many) => many.get_mut(name),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        let (few, many) = match self {
            Self::Few(few) => (&few[..], None),
            Self::Many(many) => (&[][..], Some(many)),
        };
        few.iter().map(|(name, value)| (name, value)).chain(many.into_iter().flat_map(|many| many.iter()))
    }

    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.iter().map(|(name, _)| name)
    }

    /// Adds an entry, or replaces that of the name where it is.
    pub fn insert(&mut self, name: Arc<str>, value: V) {
        if let Some(known) = self.get_mut(&name) {
            *known = value;
            return;
        }
        if let Self::Few(few) = self
            && few.len() == FEW
        {
            *self = Self::Many(Box::new(few.drain(..).collect()));
        }
        match self {
            Self::Few(few) => {
                if few.len() == few.capacity() {
                    few.reserve_exact(few.len().max(1));
                }
                few.push((name, value));
            }
            Self::Many(many) => drop(many.insert(name, value)),
        }
    }

    /// Takes an entry out; the others stay in their order.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        match self {
            Self::Few(few) => {
                let at = few.iter().position(|(known, _)| **known == *name)?;
                Some(few.remove(at).1)
            }
            Self::Many(many) => many.shift_remove(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_wherever_they_are() {
        let mut map = ByNumber::default();
        assert!(map.is_empty() && map.get(1).is_none());
        map.extend([(1, 'a'), (2, 'b'), (3, 'c'), (1, 'd'), (3, 'e')]);
        assert_eq!((map.len(), map.get(1), map.get(2), map.get(3)), (3, Some(&'d'), Some(&'b'), Some(&'e')));
        let taken: Vec<_> = map.extract_if(|number, _| number == 1).collect();
        assert_eq!((taken, map.len()), (vec![(1, 'd')], 2));
        // The place of the one is free, and 2 has another.
        map.insert(2, 'f');
        assert_eq!((map.len(), map.get(2)), (2, Some(&'f')));
        map.insert(4, 'g');
        map.values_mut().for_each(|value| *value = value.to_ascii_uppercase());
        let mut all: Vec<_> = map.iter().map(|(number, value)| (number, *value)).collect();
        all.sort_unstable();
        assert_eq!(all, [(2, 'F'), (3, 'E'), (4, 'G')]);
        map.retain(|number| number == 3);
        assert_eq!(map.numbers().collect::<Vec<_>>(), [3]);
        map.try_reserve(2).expect("room");
        *map.get_mut(3).expect("is there") = 'h';
        assert_eq!(map.values().collect::<Vec<_>>(), [&'h']);
    }

    #[test]
    fn names_keep_their_order_when_they_become_many() {
        let mut map = ByName::default();
        for number in 0..40 {
            map.insert(format!("n{number}").into(), number);
            assert_eq!(map.get(&format!("n{number}")), Some(&number));
        }
        map.insert("n3".into(), 100);
        assert_eq!((map.remove("n0"), map.remove("n0"), map.len()), (Some(0), None, 39));
        let names: Vec<_> = map.names().map(|name| name.to_string()).collect();
        assert_eq!(names, (1..40).map(|number| format!("n{number}")).collect::<Vec<_>>());
        assert_eq!(map.iter().map(|(_, number)| number).sum::<i32>(), (1..40).sum::<i32>() - 3 + 100);
        let mut few = ByName::with_capacity(2);
        few.insert("b".into(), 1);
        few.insert("a".into(), 2);
        *few.get_mut("a").expect("is there") += 1;
        few.insert("b".into(), 7);
        assert!(few.contains("b") && !few.contains("c"));
        assert_eq!(few.iter().map(|(_, number)| *number).collect::<Vec<_>>(), [7, 3]);
        assert_eq!((few.remove("b"), few.len()), (Some(7), 1));
    }
}
