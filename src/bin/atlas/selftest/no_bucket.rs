//! In a tool that was built without the feature `object`.

use crate::Outcome;
use crate::output::{Failure, Out};

pub fn service(_: &mut Out, url: &str) -> Outcome {
    Err(Failure::other(format!("{url}: this tool was built without object storage (the feature 'object')")))
}
