#!/usr/bin/env bash
# tests/examples.sh LIBDIR: the C examples, without warnings, by themselves and under valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
libdir=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in quickstart shallow_water; do
    cc -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Werror -Iinclude "examples/c/$name.c" -o "$work/$name" \
        -L"$libdir" -latlas_store -Wl,-rpath,"$libdir" -lm
done

expect_failure() { # TEXT COMMAND...: fails, and says TEXT
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then
        echo "this should have failed: $*" >&2
        return 1
    fi
    grep -qF -- "$text" <<<"$output" || { echo "no '$text' in: $output" >&2; return 1; }
}

under_valgrind() {
    valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99 "$@"
}

expected="temperature[1][0] = -1.5, min -1.5, max 13.5"
[[ $("$work/quickstart" "$work/quickstart.atlas") == "$expected" ]]
# Again, over the store that is there.
[[ $("$work/quickstart" "$work/quickstart.atlas") == "$expected" ]]
[[ $(under_valgrind "$work/quickstart" "$work/valgrind.atlas") == "$expected" ]]

model="$work/shallow_water"
"$model" --output "$work/bump" --grid 96x64 --steps 150 --flush-every 25 >"$work/bump.txt"
"$model" --output "$work/jet" --grid 64x80 --steps 101 --flush-every 7 --scenario jet >"$work/jet.txt"
"$model" --output "$work/odd" --grid 9x8 --steps 5 --flush-every 9 >/dev/null
tail -n 1 "$work/bump.txt" "$work/jet.txt"
under_valgrind "$model" --output "$work/small" --grid 24x16 --steps 20 --flush-every 6 --scenario jet >/dev/null

expect_failure usage "$model" --grid 1
expect_failure usage "$model" --steps
expect_failure ALREADY_EXISTS "$model" --output "$work/bump" --grid 9x8 --steps 1
