//! Changes of a store: how each makes an [`Edit`](crate::version::edit::Edit) of a version. They do not know each other,
//! but for what a flush is made of.

pub(crate) mod catalogue;
pub(crate) mod compact;
pub(crate) mod cut;
pub(crate) mod export;
pub(crate) mod flush;
pub(crate) mod import;
mod lengths;
mod merge;
pub(crate) mod records;
pub(crate) mod rollback;
pub(crate) mod segments;
pub(crate) mod spill;
