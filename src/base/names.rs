//! What datasets, arrays, dimensions and attributes may be called.

use crate::base::error::{Result, bail, error};
use crate::base::shape::MAX_RANK;
use std::ops::Range;

/// What dimensions are called that nobody has named, by their places.
const DEFAULT_DIMS: [&str; MAX_RANK] = [
    "dim_0", "dim_1", "dim_2", "dim_3", "dim_4", "dim_5", "dim_6", "dim_7", "dim_8", "dim_9", "dim_10", "dim_11",
    "dim_12", "dim_13", "dim_14", "dim_15", "dim_16", "dim_17", "dim_18", "dim_19", "dim_20", "dim_21", "dim_22",
    "dim_23", "dim_24", "dim_25", "dim_26", "dim_27", "dim_28", "dim_29", "dim_30", "dim_31",
];

/// The names of the dimensions of an array of which nobody has named them: one of rank 1 is its own coordinate.
pub(crate) fn default_dims(array: &str, rank: usize) -> Vec<&str> {
    match rank {
        1 => vec![array],
        _ => DEFAULT_DIMS.iter().take(rank).copied().collect(),
    }
}

/// Whether a name is one that nobody has given.
pub(crate) fn is_default_dim(place: usize, name: &str) -> bool {
    DEFAULT_DIMS.get(place).is_some_and(|default| *default == name)
}

/// Many names in one piece of memory, each followed by a NUL, which no name has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NameList {
    text: String,
    /// Where the NUL of each is.
    ends: Vec<usize>,
}

impl NameList {
    /// No names, with room for so many and for the bytes of all.
    pub fn with_room(names: usize, bytes: usize) -> Result<Self> {
        let mut list = Self::default();
        list.reserve(names, bytes)?;
        Ok(list)
    }

    /// Names that bytes hold, each followed by a NUL, which are as [`stored_name`] wants them.
    pub fn stored(what: &str, bytes: Vec<u8>, ends: Vec<usize>) -> Result<Self> {
        let text = String::from_utf8(bytes).map_err(|error| error!(Corrupt, "a name that is not UTF-8: {error}"))?;
        let list = Self { text, ends };
        // Most names are plain: that is seen of all of them at once.
        let is_plain = list.text.bytes().fold(true, |plain, byte| plain & ((b' '..0x7f).contains(&byte) | (byte == 0)));
        let nuls = list.text.bytes().map(|byte| usize::from(byte == 0)).sum::<usize>();
        let is_long = |i| !(1..=255).contains(&list.place(i).len());
        if !is_plain || nuls != list.len() || (0..list.len()).any(is_long) {
            list.iter().try_for_each(|name| stored_name(what, name))?;
        }
        Ok(list)
    }

    fn reserve(&mut self, names: usize, bytes: usize) -> Result<()> {
        let failed = || error!(OutOfMemory, "no memory for {names} names of {bytes} bytes");
        self.text.try_reserve(bytes.saturating_add(names)).map_err(|_| failed())?;
        self.ends.try_reserve(names).map_err(|_| failed())
    }

    /// Adds a name, which has no NUL.
    pub fn push(&mut self, name: &str) -> Result<()> {
        self.reserve(1, name.len())?;
        self.text.push_str(name);
        self.ends.push(self.text.len());
        self.text.push('\0');
        Ok(())
    }

    /// Adds all names of another list.
    pub fn append(&mut self, other: &Self) -> Result<()> {
        self.reserve(other.ends.len(), other.text.len())?;
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| start + end));
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    fn place(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        start..self.ends[index]
    }

    pub fn get(&self, index: usize) -> Option<&str> {
        if index < self.len() { self.text.get(self.place(index)) } else { None }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// How many names of a list that ascends are `name` or before it.
    pub fn up_to(&self, name: &str) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|found| found <= name) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The index of a name in a list that ascends.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.up_to(name).checked_sub(1).filter(|&last| self.get(last) == Some(name))
    }

    /// All names, each followed by a NUL.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Bytes that it takes, about.
    pub fn weight(&self) -> usize {
        self.text.len() + size_of_val(&self.ends[..])
    }
}

/// Checks a name that a root has. What it holds of datasets is worth little time: most are never asked for.
pub(crate) fn stored_name(what: &str, name: &str) -> Result<()> {
    let plain = |byte: u8| (b' '..0x7f).contains(&byte);
    if (1..=255).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    check_name(what, name).map_err(|error| error!(Corrupt, "in the root: {error}"))
}

/// Names of datasets, arrays, dimensions and attributes: 1 to 255 bytes of UTF-8 without control characters.
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    if name.is_empty() {
        bail!(InvalidArgument, "the {what} name is empty");
    }
    if name.len() > 255 {
        bail!(InvalidArgument, "the {what} name has {} bytes, over 255: '{name}'", name.len());
    }
    if let Some(at) = name.find(|c: char| c.is_control()) {
        bail!(InvalidArgument, "the {what} name {name:?} has a control character at byte {at}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_their_names() {
        let mut list = NameList::default();
        assert_eq!((list.len(), list.get(0), list.find("a"), list.text()), (0, None, None, ""));
        for name in ["a", "b", "Ω"] {
            list.push(name).expect("memory");
        }
        assert_eq!(list.iter().collect::<Vec<_>>(), ["a", "b", "Ω"]);
        assert_eq!((list.get(1), list.get(3), list.text()), (Some("b"), None, "a\0b\0Ω\0"));
        for (name, found) in [("", None), ("a", Some(0)), ("aa", None), ("b", Some(1)), ("Ω", Some(2)), ("ω", None)] {
            assert_eq!(list.find(name), found, "{name}");
        }
        let mut twice = list.clone();
        twice.append(&list).expect("memory");
        assert_eq!(twice.iter().rev().collect::<Vec<_>>(), ["Ω", "b", "a", "Ω", "b", "a"]);
        assert_eq!(NameList::stored("dataset", list.text().into(), vec![1, 3, 6]).expect("names"), list);
    }

    #[test]
    fn stored_lists_are_checked() {
        let long = "l".repeat(256);
        let stored = |names: &[&[u8]]| {
            let (mut bytes, mut ends) = (Vec::new(), Vec::new());
            for name in names {
                bytes.extend_from_slice(name);
                ends.push(bytes.len());
                bytes.push(0);
            }
            NameList::stored("dataset", bytes, ends)
        };
        assert_eq!(stored(&[b"a", &long.as_bytes()[1..], "é".as_bytes()]).expect("names").len(), 3);
        let wrong: [&[&[u8]]; 7] = [
            &[b""],
            &[b"a", long.as_bytes()],
            &[b"a\0b"],
            &[b"a\n"],
            &["\u{85}".as_bytes()],
            &[b"\xff"],
            &[b"\xc3", b"\xa9"],
        ];
        for names in wrong {
            assert_eq!(stored(names).expect_err("refused").kind(), crate::base::error::ErrorKind::Corrupt, "{names:?}");
        }
    }
}
