#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while, with new inputs from the committed seeds on. Fails on any finding,
# which is left in fuzz/findings/ and named. Needs cargo and a C++ compiler; no nightly toolchain.
#
# Usage: run.sh [SECONDS]        seconds of fuzzing in all, 30 by default
# Environment: FUZZ_ASAN=1       with the address sanitizer in the library (nightly flags of the stable compiler)
#              FUZZ_CORPUS=DIR   keep and extend a corpus there, for long runs; one folder for each target
set -euo pipefail
cd "$(dirname "$0")"

seconds=${1:-30}
targets=(root segment structure catalogue ticket export)
host=$(rustc -vV | sed -n 's/^host: //p')
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares"
folder=target
if [ "${FUZZ_ASAN:-0}" = 1 ]; then
    export RUSTC_BOOTSTRAP=1 ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
    flags+=" -Zsanitizer=address"
    folder=target/asan
fi
RUSTFLAGS=${flags//$'\n'/ } cargo build --locked --release --bins --target "$host" --target-dir "$folder"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-fuzz-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
mkdir -p findings
passed=0
failed=0
for target in "${targets[@]}"; do
    corpus=${FUZZ_CORPUS:-$scratch}/$target
    mkdir -p "$corpus"
    log=$scratch/$target.log
    if "$folder/$host/release/$target" -max_total_time=$((seconds / ${#targets[@]})) -timeout=20 -rss_limit_mb=4096 \
        -max_len=8192 -print_final_stats=1 -artifact_prefix="findings/$target-" \
        "$corpus" "seeds/$target" "regressions/$target" >"$log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        grep -a -A 40 -m 1 -E 'panicked|ERROR' "$log" || tail -n 40 "$log"
        grep -a 'Test unit written' "$log" || true
    fi
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -a -o 'cov: [0-9]*' "$log" | tail -n 1)
    printf '%s: %s executions, %s\n' "$target" "${executions:-?}" "${coverage:-cov: ?}"
done
rmdir --ignore-fail-on-non-empty findings
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
