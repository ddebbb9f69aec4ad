//! The C ABI: everything that `include/atlas.h` declares.
//!
//! A function here parses its arguments, calls one method of the engine and writes its outputs; it decides nothing.
//! Its doc comment is the contract that C programs read, so it speaks C. `cbindgen` copies it into the header
//! (`tests/header.rs`), in the order of the modules below.
//!
//! - `guard` is the one way in and out: an error becomes a status and this thread's text, a panic a status.
//! - `handles` turns the caller's numbers into stores.
//! - `args` and `options` read the caller's memory, `outputs` writes to it, `callbacks` calls back. Nothing else follows
//!   a pointer of the caller's.

#![allow(unsafe_code, non_camel_case_types, clippy::missing_safety_doc, clippy::doc_overindented_list_items)]

// The blank lines keep this order, which is the header's.
mod version;

mod status;

mod types;

mod lifecycle;

mod datasets;

mod arrays;

mod strings;

mod attributes;

mod stats;

mod places;

mod sessions;

mod time;

mod library;

mod args;
mod callbacks;
mod guard;
mod handles;
mod options;
mod outputs;

pub use {
    arrays::*, attributes::*, datasets::*, library::*, lifecycle::*, places::*, stats::*, status::*, strings::*,
    time::*, types::*, version::*,
};
