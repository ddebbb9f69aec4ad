#!/bin/sh
# Random calls of the C interface with the address and undefined-behaviour sanitizers; see abi_fuzz.c.
#
# Usage: abi_fuzz.sh LIBRARY_FOLDER [SECONDS]   (the folder that holds libatlas_store.so; 25 seconds)
# Environment: ATLAS_ABI_FUZZ_RUST=1 builds the library anew, with the address sanitizer in it (nightly flags of the
#              stable compiler), and uses that; CC, CFLAGS, LDFLAGS.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/build.sh"
[ $# -ge 1 ] || { echo "usage: abi_fuzz.sh LIBRARY_FOLDER [SECONDS]" >&2; exit 2; }
prepare "$1"
CFLAGS="${CFLAGS:-} -fsanitize=address,undefined -fno-sanitize-recover=all"
if [ "${ATLAS_ABI_FUZZ_RUST:-0}" = 1 ]; then
    host=$(rustc -vV | sed -n 's/^host: //p')
    target=$here/../../target/asan
    (cd "$here/../.." && RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CFLAGS=-fsanitize=address \
        cargo build --locked --release --lib --target "$host" --target-dir "$target") || exit 1
    rm "$scratch"/libatlas_store.so*
    ln -s "$target/$host/release/libatlas_store.a" "$scratch/libatlas_store.a"
    LDFLAGS="${LDFLAGS:-} -ldl -lm"
fi
compile abi_fuzz || { echo "0 passed, 1 failed"; exit 1; }
# What asks for too much memory is told so, as it is without the sanitizer.
ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=4096${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS
TMPDIR=$scratch "$scratch/abi_fuzz" "${2:-25}" || { echo "0 passed, 1 failed"; exit 1; }
echo "1 passed, 0 failed"
