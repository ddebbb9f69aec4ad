//! The command `plot` in a tool that was built without it.

use crate::Outcome;
use crate::args::Plot;
use crate::output::{Failure, Out};

pub fn plot(_: &mut Out, _: &Plot) -> Outcome {
    Err(Failure::other(
        "this tool was built without pictures, which `atlas plot` makes: build it with --features plot, or by `make tool`",
    ))
}
