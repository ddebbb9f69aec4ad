#!/usr/bin/env bash
# Every step runs, whatever became of those before it; the last line counts them. Needs scripts/install-deps.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

passed=0
failures=()

step() { # NAME COMMAND...
    local name=$1 start=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then
        passed=$((passed + 1))
        printf '==> %s: passed in %d s\n' "$name" $((SECONDS - start))
    else
        failures+=("$name")
        printf '==> %s: FAILED after %d s\n' "$name" $((SECONDS - start))
    fi
}

# Steps that run beside each other, on machines of few cores: those of the first function here, those of the second into a
# file that is shown when both are over. They must not build with cargo into the same folder.
beside() { # FUNCTION FUNCTION
    local log counts start=$SECONDS
    log=$(mktemp) counts=$(mktemp)
    (
        passed=0 failures=()
        "$2"
        printf '%s\n' "$passed" ${failures[@]+"${failures[@]}"} >"$counts"
    ) >"$log" 2>&1 &
    "$1"
    wait $! || true
    cat "$log"
    local counted
    mapfile -t counted <"$counts"
    # Without a count it was killed.
    passed=$((passed + ${counted[0]:-0}))
    if ((${#counted[@]} == 0)); then failures+=("the steps of $2"); fi
    failures+=("${counted[@]:1}")
    rm -f "$log" "$counts"
    printf '==> both in %d s\n' $((SECONDS - start))
}

# In target/debug.
checks() {
    step "lints" cargo clippy --locked --all-targets -- -D warnings
    step "lints without the C interface" cargo clippy --locked --no-default-features --lib -- -D warnings
    step "lints of the tool" cargo clippy --locked --features plot --bin atlas --test cli -- -D warnings
    step "lints of what buckets and NetCDF are for" cargo clippy --locked --features object,netcdf \
        --lib --bin atlas --test object --bench buckets --example buckets -- -D warnings
    step "lints of the model-checked tests" cargo clippy --locked --features shuttle --lib --test concurrency -- -D warnings
    step "Rust documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet
    step "storage in buckets" cargo test --locked --features object,cli --test object
    step "stores in buckets" tests/object/run.sh
}

# In target/release.
engine() {
    step "Rust tests, and those of the tool" cargo test --locked --release --features plot
    step "concurrency, model-checked" cargo test --locked --release --features shuttle --test concurrency
    step "library" make --no-print-directory library
}

compiled_languages() {
    step "C tests" tests/c/run.sh build/lib
    step "random C calls" tests/c/abi_fuzz.sh build/lib
    step "system calls of a flush" tests/c/strace.sh build/lib
    step "an operating system that fails" tests/disk/run.sh build/lib
    step "C examples" tests/examples.sh build/lib
    step "C++ binding" tests/cpp/run.sh build/lib
    step "Fortran binding" tests/fortran/run.sh build/lib
    step "MPI" tests/mpi/run.sh build/lib
}

other_languages() {
    step "Julia binding" tests/julia/run.sh build/lib
    step "Python package" tests/python/run.sh build/lib
    step "format, by its description alone" tests/format/run.sh
}

# In target/release.
results() {
    step "conformance" tests/conformance/run.sh build/lib
    step "stores in place, by Zarr's tools" tests/refs/run.sh build/lib
    step "climate files" tests/netcdf/run.sh build/lib
    step "demo" make --no-print-directory demo
    step "install" tests/install/run.sh
    step "README and pages" tests/readme.sh build/lib
    step "documentation" scripts/docs.sh
}

# Each in a folder of its own.
sources() {
    step "mutations, a few a day" tests/mutations.sh --rotate 3
    step "fuzzing" fuzz/run.sh
    step "offline build" tests/dist.sh
    step "packaging" packaging/check.sh
}

step "format" cargo fmt --check
beside engine checks
beside compiled_languages other_languages
beside results sources

printf '\n'
if ((${#failures[@]} > 0)); then printf 'failed: %s\n' "${failures[@]}"; fi
printf '%d passed, %d failed\n' "$passed" "${#failures[@]}"
((${#failures[@]} == 0))
