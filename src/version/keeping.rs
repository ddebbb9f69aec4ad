//! What a store was told of its earlier commits: how many are kept, and which by a name.

use crate::base::error::{Result, bail};
use crate::base::maps::IndexMap;
use crate::base::names::stored_name;
use crate::format::root::Head;
use std::sync::Arc;

/// See the module. It belongs to the store as the last commit has it: going back to an earlier one does not change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keeping {
    /// How many earlier commits are kept; `None` for one, until a compaction.
    pub generations: Option<u32>,
    /// The commits that are kept beside those, by the names of their pins, in the order in which these were made.
    pub pins: IndexMap<Arc<str>, u64>,
}

impl Keeping {
    pub fn of(head: &Head) -> Result<Self> {
        for (name, generation) in &head.pins {
            stored_name("pin", name)?;
            if !(1..head.generation).contains(generation) {
                bail!(Corrupt, "pin '{name}' names commit {generation}, which is none before {}", head.generation);
            }
        }
        Ok(Self { generations: head.keep_generations, pins: head.pins.clone() })
    }

    /// Whether commits keep the roots that they replace, whatever pins name.
    pub fn keeps_roots(&self) -> bool {
        self.generations != Some(0)
    }

    /// The commits that pins name.
    pub fn pinned(&self) -> impl Iterator<Item = u64> {
        self.pins.values().copied()
    }
}
