//! What arrays get that do not choose for themselves.

use crate::base::error::Result;
use crate::codec::Compression;
use crate::format::root::Head;

/// See the module. It belongs to a commit: going back to an earlier one brings that one's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub compression: Compression,
    pub pack: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { compression: Compression::DEFAULT, pack: true }
    }
}

impl Defaults {
    pub fn of(head: &Head) -> Result<Self> {
        Ok(Self { compression: head.default_compression.decode()?, pack: head.default_pack })
    }
}
