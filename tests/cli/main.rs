//! The command-line tool, as it is run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pages;
