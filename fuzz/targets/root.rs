//! A root of any bytes. The first byte chooses the notation and what of the file is put right: nothing, the trailer, or
//! the trailer inside the compressed frame.
#![no_main]

#[global_allocator]
static ALLOCATOR: hostile::allocations::Counting = hostile::allocations::Counting;

libfuzzer_sys::fuzz_target!(|data: &[u8]| hostile::targets::root(data));
