//! A ticket of any bytes, or with edits; its checksum is right where the first byte says so.
#![no_main]

#[global_allocator]
static ALLOCATOR: hostile::allocations::Counting = hostile::allocations::Counting;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::targets::ticket(data));
