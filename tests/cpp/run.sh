#!/bin/sh
# Builds the C++ tests against a library and runs them: as C++17 and C++20, with every compiler there is; then with the
# address and undefined-behaviour sanitizers, and under valgrind in a smaller size.
#
# Usage: run.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
# Environment: ATLAS_TEST_VALGRIND=0 leaves valgrind out; CXXS, the compilers (default: g++, and clang++ if it is
# there); CXXFLAGS, LDFLAGS; see also check.hpp.
set -u

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: run.sh LIBRARY_FOLDER" >&2; exit 2; }
library=$(cd "$1" && pwd)/libatlas_store.so
[ -f "$library" ] || { echo "there is no $library" >&2; exit 2; }
valgrind=${ATLAS_TEST_VALGRIND:-1}
if [ "$valgrind" != 0 ] && ! command -v valgrind >/dev/null; then
    echo "run.sh needs valgrind, which is not installed (ATLAS_TEST_VALGRIND=0 does without)" >&2
    exit 2
fi
compilers=${CXXS:-g++}
[ -n "${CXXS:-}" ] || ! command -v clang++ >/dev/null || compilers="$compilers clang++"

scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-cpp-tests-XXXXXX") && scratch=$(cd "$scratch" && pwd -P)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
ln -s "$library" "$scratch/libatlas_store.so"
ln -s "$library" "$scratch/libatlas_store.so.0.1"

includes="-I$here/../../include -I$here/../../bindings/cpp/include -I$here"
strict="-Wall -Wextra -Wpedantic -Werror"
# What a user's project may have switched on; the header is not a system header there.
stricter="$strict -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual
    -Wcast-align -Wdouble-promotion -Wformat=2 -Wundef"
programs="elements memory attributes stores"

passed=0
failed=0
good() { passed=$((passed + 1)); echo "ok $1"; }
bad() { failed=$((failed + 1)); echo "FAILED $1"; }

# one NAME COMMAND..: a test that is a command; what it says is shown when it fails.
one() {
    name=$1
    shift
    if "$@" >"$scratch/output" 2>&1; then good "$name"; else cat "$scratch/output" >&2; bad "$name"; fi
}

# run TITLE COMMAND..: runs a test program, shows its tests under the title, and adds up its last line.
run() {
    title=$1
    shift
    "$@" >"$scratch/output" 2>"$scratch/errors"
    code=$?
    sed -n "s|^\\(ok\\|FAILED\\) |\\1 $title/|p" "$scratch/output"
    cat "$scratch/errors" >&2
    line=$(tail -n 1 "$scratch/output")
    case $line in
    *" passed, "*" failed")
        more=${line%% *}
        less=${line#* passed, }
        less=${less%% *}
        ;;
    *)
        more=0
        less=0
        ;;
    esac
    passed=$((passed + more))
    failed=$((failed + less))
    if [ "$code" -ne 0 ] && [ "$less" -eq 0 ]; then bad "$title ended with exit code $code"; fi
    if [ "$code" -eq 0 ] && [ "$more" -eq 0 ]; then bad "$title ran no test"; fi
}

# build COMPILER STANDARD OUTPUT FLAGS SOURCE..
build() {
    compiler=$1 standard=$2 output=$3 flags=$4
    shift 4
    # shellcheck disable=SC2086 # flags are words
    $compiler -std=$standard -g -O1 $stricter $includes $flags ${CXXFLAGS:-} "$@" -o "$output" \
        -L"$scratch" -latlas_store -Wl,-rpath,"$scratch" -pthread ${LDFLAGS:-}
}

# The programs of the suite, each from all that it is made of.
sources() {
    echo "$here/$1.cpp"
    if [ "$1" = two_units ]; then echo "$here/two_units_renamed.cpp"; fi
}

# refused COMPILER STANDARD: every case of refused.cpp fails, with its text.
refused() {
    # shellcheck disable=SC2086
    $1 -std=$2 $strict $includes -fsyntax-only -DCASE=0 "$here/refused.cpp" || return 1
    sed -n 's|^#\(el\)\{0,1\}if CASE == \([0-9]*\) // \(.*\)|\2 \3|p' "$here/refused.cpp" >"$scratch/cases"
    [ "$(wc -l <"$scratch/cases")" -ge 15 ] || return 1
    while read -r number text; do
        # shellcheck disable=SC2086
        if $1 -std=$2 $strict $includes -fsyntax-only -DCASE="$number" "$here/refused.cpp" >"$scratch/refusal" 2>&1; then
            echo "case $number compiles"
            return 1
        fi
        grep -qF "$text" "$scratch/refusal" || { echo "case $number has no '$text':"; cat "$scratch/refusal"; return 1; }
    done <"$scratch/cases"
}

for compiler in $compilers; do
    for standard in c++17 c++20; do
        title="$compiler/$standard"
        # shellcheck disable=SC2086
        one "$title/the header alone" $compiler -std=$standard $stricter $includes -fsyntax-only "$here/alone.cpp"
        # shellcheck disable=SC2086
        one "$title/the header without RTTI" $compiler -std=$standard $stricter $includes -fno-rtti -fsyntax-only \
            "$here/alone.cpp"
        one "$title/what must not compile" refused "$compiler" "$standard"
        for program in $programs two_units; do
            output="$scratch/$program-$compiler-$standard"
            # shellcheck disable=SC2046
            if build "$compiler" "$standard" "$output" -D_GLIBCXX_ASSERTIONS $(sources "$program"); then
                run "$title/$program" "$output"
            else
                bad "$title/$program does not compile"
            fi
        done
    done
done

first=${compilers%% *}
sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"
for program in $programs; do
    output="$scratch/$program-sanitized"
    if ! build "$first" c++20 "$output" "$sanitize" "$here/$program.cpp"; then
        bad "sanitized/$program does not compile"
        continue
    fi
    one "sanitized/$program has the sanitizers in it" sh -c \
        "nm -D '$output' | grep -q __asan_init && nm -D '$output' | grep -q __ubsan_handle"
    run "sanitized/$program" env ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 "$output"
done

if [ "$valgrind" != 0 ]; then
    ATLAS_TEST_SMALL=1
    export ATLAS_TEST_SMALL
    for program in $programs; do
        output="$scratch/$program-$first-c++20"
        [ -x "$output" ] || continue
        run "valgrind/$program" valgrind --quiet --error-exitcode=9 --leak-check=full \
            --errors-for-leak-kinds=definite,possible --child-silent-after-fork=yes "$output"
    done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
