//! A store with catalogue files that were edited before they were encoded: every checksum is right.
#![no_main]

#[global_allocator]
static ALLOCATOR: hostile::allocations::Counting = hostile::allocations::Counting;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::targets::catalogue(data));
