//! What a store was told of its earlier commits.

use crate::format::root::Head;

/// See the module. It belongs to the store as the last commit has it: going back to an earlier one does not change it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keeping {
    /// How many earlier commits are kept; `None` for one, until a compaction.
    pub generations: Option<u32>,
}

impl Keeping {
    pub fn of(head: &Head) -> Self {
        Self { generations: head.keep_generations }
    }

    /// Whether commits keep the roots that they replace.
    pub fn keeps_roots(&self) -> bool {
        self.generations != Some(0)
    }
}
