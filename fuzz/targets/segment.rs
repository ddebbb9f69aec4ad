//! A segment of any bytes in a store that is otherwise whole; the root is told its length and its directory's checksum.
#![no_main]

#[global_allocator]
static ALLOCATOR: hostile::allocations::Counting = hostile::allocations::Counting;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::targets::segment(data));
