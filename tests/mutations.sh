#!/usr/bin/env bash
# Usage: tests/mutations.sh [NAME...]
#        tests/mutations.sh --rotate N
#
# For each mutation of tests/mutations.md, or those named, or N that the day of the year's count chooses so that all have
# their turn: applies its patch to a copy of the sources, and runs the test that must catch it. It fails where a patch of
# any mutation no longer applies, where the test does not fail or fails without it, too, and where it does not say what
# the table says that it does. All of them take many minutes; the gate runs a few.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/target/mutations
tree=$work/tree
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=1 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_OPT_LEVEL=1
export RUST_BACKTRACE=0
# A test that takes longer hangs; that is what "it says" then. Where it is meant to, it need not be waited for as long.
most_seconds=180
most_seconds_of_a_hang=45

# Of each row: name, test, what it says; the table is the one list of them.
all=$(sed -n 's/^| `\([a-z-]*\)` |[^|]*|[^|]*| `\([^|]*\)` | `\([^|]*\)` |.*/\1|\2|\3/p' tests/mutations.md)
failed=0
fail() {
    failed=$((failed + 1))
    echo "FAILED $*"
}

rows=$all
if [[ ${1:-} == --rotate ]]; then
    [[ ${2:-} =~ ^[1-9][0-9]*$ && $# == 2 ]] || { echo "usage: tests/mutations.sh --rotate N"; exit 2; }
    count=$(wc -l <<<"$all")
    most=$(($2 < count ? $2 : count))
    first=$(($(date -u +%s) / 86400 * most % count))
    # Those behind the last are the first.
    rows=$(printf '%s\n%s\n' "$all" "$all" | sed -n "$((first + 1)),$((first + most))p")
    echo "mutations $((first + 1)) to $((first + most)) of $count:" $(cut -d'|' -f1 <<<"$rows")
elif (($# > 0)); then
    rows=
    for name; do
        row=$(grep "^$name|" <<<"$all") || { echo "there is no mutation '$name'"; exit 2; }
        rows+=${rows:+$'\n'}$row
    done
fi

for name in $(comm -13 <(cut -d'|' -f1 <<<"$all" | sort) <(basename -s .patch tests/mutations/*.patch | sort)); do
    fail "$name: it has no row in tests/mutations.md"
done

# A fresh copy; a file that is older than what was built of it would not be built anew.
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z | tar --null --ignore-failed-read -T - -c | tar -x -m -C "$tree"

# Applies the patch of a mutation to the copy.
apply() { # NAME OPTION...
    local name=$1
    shift
    patch --quiet --strip=1 --fuzz=0 --no-backup-if-mismatch --batch --directory="$tree" \
        --input="$PWD/tests/mutations/$name.patch" "$@"
}

# Of all, however few are run.
for name in $(cut -d'|' -f1 <<<"$all"); do
    why=$(apply "$name" --dry-run 2>&1) || fail "$name: the patch does not apply: $why"
done
if ((failed > 0)); then
    exit 1
fi

# Builds the test of the copy as it is.
build() {
    # shellcheck disable=SC2086 # the test is several words
    (cd "$tree" && cargo test --locked --release --no-run $1)
}

# Runs it.
run() { # SECONDS TEST
    # shellcheck disable=SC2086 # the test is several words
    (cd "$tree" && timeout "$1" cargo test --locked --release $2)
}

# A test that fails anyway catches nothing.
declare -A fails
while IFS='|' read -r name test _; do
    if [[ -n ${fails[$test]:-} ]]; then continue; fi
    if build "$test" >"$work/$name.txt" 2>&1 && run "$most_seconds" "$test" >>"$work/$name.txt" 2>&1; then
        fails[$test]=no
    else
        fails[$test]=yes
    fi
done <<<"$rows"

passed=0
while IFS='|' read -r name test says; do
    output=$work/$name.txt
    start=$SECONDS
    result=
    if [[ ${fails[$test]} == yes ]]; then
        result="the test fails without it, too"
    else
        apply "$name"
        if ! build "$test" >"$output" 2>&1; then
            result="it does not compile"
        else
            seconds=$most_seconds
            if [[ $says == "the test hangs" ]]; then seconds=$most_seconds_of_a_hang; fi
            run "$seconds" "$test" >"$output" 2>&1 && status=0 || status=$?
            if ((status == 124)); then echo "the test hangs" >>"$output"; fi
            if ((status == 0)); then
                result="it survives: cargo test $test"
            elif ! grep -qF -- "$says" "$output"; then
                result="the test does not say '$says'"
            fi
        fi
        apply "$name" --reverse
    fi
    if [[ -z $result ]]; then
        passed=$((passed + 1))
        echo "caught $name in $((SECONDS - start)) s"
    else
        fail "$name: $result; see $output"
    fi
done <<<"$rows"

echo "$passed passed, $failed failed"
((failed == 0))
