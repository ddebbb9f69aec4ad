#!/usr/bin/env bash
# Builds the C++ tests against a library and runs them: as C++17, as C++20 and then under valgrind in a smaller size, and
# with the address and undefined-behaviour sanitizers. Also the header by itself, what must not compile, and the examples.
# As many of these at once as there are processors.
#
# Usage: run.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
# Environment: CXX (default: g++), CC, CXXFLAGS, LDFLAGS; see also check.hpp.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -eq 1 ] || { echo "usage: run.sh LIBRARY_FOLDER" >&2; exit 2; }
library=$(cd "$1" && pwd)/libatlas_store.so
[ -f "$library" ] || { echo "there is no $library" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "run.sh needs valgrind, which is not installed" >&2; exit 2; }

scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-cpp-tests-XXXXXX") && scratch=$(cd "$scratch" && pwd -P) || exit 2
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
ln -s "$library" "$scratch/libatlas_store.so"
ln -s "$library" "$scratch/libatlas_store.so.0.1"

includes=(-I"$root/include" -I"$root/bindings/cpp/include" -I"$here")
# The tests with arrays of other libraries.
others=$(pkg-config --cflags-only-I eigen3) || { echo "run.sh needs Eigen, which is not installed" >&2; exit 2; }
# shellcheck disable=SC2206 # flags are words
includes+=(${others//-I/-isystem })
libraries=("-L$scratch" -latlas_store "-Wl,-rpath,$scratch" -pthread)
strict=(-Wall -Wextra -Wpedantic -Wshadow -Werror)
# What else a user's project may have switched on; the header is not a system header there.
stricter=(-Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align
    -Wdouble-promotion -Wformat=2 -Wundef)
programs=(elements memory libraries attributes time stores)

# compiler STANDARD ARGUMENT..
compiler() {
    local standard=$1
    shift
    # shellcheck disable=SC2086 # flags are words
    ${CXX:-g++} -std="$standard" "${strict[@]}" "${includes[@]}" ${CXXFLAGS:-} "$@"
}

# build STANDARD OUTPUT ARGUMENT..
build() {
    local standard=$1 output=$2
    shift 2
    # shellcheck disable=SC2086
    compiler "$standard" "$@" -o "$output" "${libraries[@]}" ${LDFLAGS:-}
}

# one TITLE COMMAND..: a test that is a command; what it says is shown when it fails.
one() {
    local title=$1 said
    shift
    if said=$("$@" 2>&1); then echo "ok $title"; else printf '%s\nFAILED %s\n' "$said" "$title"; return 1; fi
}

# run TITLE COMMAND..: runs a test program, and shows its tests under the title.
run() {
    local title=$1 said code
    shift
    said=$("$@" 2>&1)
    code=$?
    # Most tests end without close(), which the library says of each.
    sed -E "s#^(ok|FAILED) #\\1 $title/#; /^[0-9]+ passed, /d; /^atlas: store .* it was not closed\$/d" <<<"$said"
    if [ $code -ne 0 ]; then
        grep -q '^FAILED ' <<<"$said" || echo "FAILED $title ended with exit code $code"
    else
        grep -q '^ok ' <<<"$said" || echo "FAILED $title ran no test"
    fi
}

# refused: every case of refused.cpp fails to compile, with its text.
refused() {
    local number text said check=(compiler c++20 -fsyntax-only -include "$scratch/header.hpp" "$here/refused.cpp")
    # The header is compiled once, not for each case.
    compiler c++20 -x c++-header "$root/bindings/cpp/include/atlas.hpp" -o "$scratch/header.hpp.gch" || return 1
    "${check[@]}" -DCASE=0 || return 1
    sed -nE 's/^#(el)?if CASE == ([0-9]+) \/\/ (.*)/\2 \3/p' "$here/refused.cpp" >"$scratch/cases"
    [ "$(wc -l <"$scratch/cases")" -ge 20 ] || return 1
    while read -r number text; do
        if said=$("${check[@]}" -DCASE="$number" 2>&1); then
            echo "case $number compiles"
            return 1
        fi
        grep -qF "$text" <<<"$said" || { printf "case %s has no '%s':\n%s\n" "$number" "$text" "$said"; return 1; }
    done <"$scratch/cases"
}

header() {
    for standard in c++17 c++20; do
        one "$standard/the header alone" compiler "$standard" "${stricter[@]}" -fsyntax-only "$here/alone.cpp"
        one "$standard/the header without RTTI" compiler "$standard" -fno-rtti -fsyntax-only "$here/alone.cpp"
    done
    one "what must not compile" refused
}

two_units() {
    one "two_units compiles" build c++17 "$scratch/two_units" "$here/two_units.cpp" "$here/two_units_renamed.cpp" &&
        run two_units "$scratch/two_units"
}

plain17() {
    local output="$scratch/$1-17"
    one "c++17/$1 compiles" build c++17 "$output" "${stricter[@]}" -O0 -D_GLIBCXX_ASSERTIONS "$here/$1.cpp" && run "c++17/$1" "$output"
}

plain20() {
    local output="$scratch/$1-20"
    one "c++20/$1 compiles" build c++20 "$output" "${stricter[@]}" -O0 -g "$here/$1.cpp" || return
    run "c++20/$1" "$output"
    # Possibly lost is what the library's threads hold when the process ends; the C tests look at that.
    run "valgrind/$1" env ATLAS_TEST_SMALL=1 valgrind --quiet --fair-sched=yes --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite --show-leak-kinds=definite --child-silent-after-fork=yes "$output"
}

has_sanitizers() { nm -D "$1" | grep -q __asan_init && nm -D "$1" | grep -q __ubsan_handle; }

sanitized() {
    local output="$scratch/$1-sanitized"
    one "sanitized/$1 compiles" build c++20 "$output" -O0 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
        "$here/$1.cpp" || return
    one "sanitized/$1 has the sanitizers in it" has_sanitizers "$output"
    run "sanitized/$1" env ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 "$output"
}

quickstart() {
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c99 -I"$root/include" "$root/examples/c/quickstart.c" -o "$scratch/quickstart-c" \
        "${libraries[@]}" ${LDFLAGS:-} && build c++17 "$scratch/quickstart" "$root/examples/cpp/quickstart.cpp" &&
        "$scratch/quickstart-c" "$scratch/quickstart-c.atlas" >"$scratch/quickstart-c.txt" &&
        "$scratch/quickstart" "$scratch/quickstart.atlas" >"$scratch/quickstart.txt" &&
        [ -s "$scratch/quickstart.txt" ] && diff "$scratch/quickstart-c.txt" "$scratch/quickstart.txt"
}

ensemble() {
    build c++17 "$scratch/ensemble" -O2 "$root/examples/cpp/ensemble.cpp" &&
        "$scratch/ensemble" --output "$scratch/ensemble.atlas"
}

examples() {
    one "examples/quickstart prints what it prints in C" quickstart
    one "examples/ensemble" ensemble
}

# start COMMAND..: when there is a processor for it, with a log of its own.
at_once=$(nproc)
started=0
start() {
    while [ "$(jobs -rp | wc -l)" -ge "$at_once" ]; do wait -n; done
    started=$((started + 1))
    "$@" >"$scratch/log-$started" 2>&1 &
}

for program in "${programs[@]}"; do
    start plain20 "$program"
    start sanitized "$program"
    start plain17 "$program"
done
start header
start two_units
start examples
wait
for ((n = 1; n <= started; n++)); do cat "$scratch/log-$n"; done | tee "$scratch/log"
passed=$(grep -c '^ok ' "$scratch/log")
failed=$(grep -c '^FAILED ' "$scratch/log")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
