#!/usr/bin/env bash
# Usage: tests/mutations.sh [NAME...]
#
# For each mutation of tests/mutations.md, or those named: applies its patch to a copy of the sources, and runs the test
# that must catch it. It fails where the patch no longer applies, where the test does not fail or fails without it, too,
# and where it does not say what the table says that it does. Takes minutes; not part of the gate.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/target/mutations
tree=$work/tree
export CARGO_TARGET_DIR=$work/target CARGO_INCREMENTAL=1 CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_OPT_LEVEL=1
export RUST_BACKTRACE=0
# A test that takes longer hangs; that is what "it says" then.
most_seconds=180

# Of each row: name, test, what it says; the table is the one list of them.
rows=$(sed -n 's/^| `\([a-z-]*\)` |[^|]*|[^|]*| `\([^|]*\)` | `\([^|]*\)` |.*/\1|\2|\3/p' tests/mutations.md)
unlisted=$(comm -13 <(cut -d'|' -f1 <<<"$rows" | sort) <(basename -s .patch tests/mutations/*.patch | sort))
for name in $unlisted; do
    echo "FAILED $name has no row in tests/mutations.md"
done
for name; do
    grep -q "^$name|" <<<"$rows" || { echo "there is no mutation '$name'"; exit 1; }
done

# A fresh copy; a file that is older than what was built of it would not be built anew.
rm -rf "$tree"
mkdir -p "$tree"
git ls-files -z | tar --null --ignore-failed-read -T - -c | tar -x -m -C "$tree"

# Builds the test of the copy as it is.
build() {
    # shellcheck disable=SC2086 # the test is several words
    (cd "$tree" && cargo test --locked --release --no-run $1)
}

# Runs it.
run() {
    # shellcheck disable=SC2086 # the test is several words
    (cd "$tree" && timeout "$most_seconds" cargo test --locked --release $1)
}

# A test that fails anyway catches nothing.
declare -A fails
while IFS='|' read -r name test _; do
    if (($# > 0)) && [[ " $* " != *" $name "* ]]; then continue; fi
    if [[ -n ${fails[$test]:-} ]]; then continue; fi
    if build "$test" >"$work/$name.txt" 2>&1 && run "$test" >>"$work/$name.txt" 2>&1; then fails[$test]=no; else fails[$test]=yes; fi
done <<<"$rows"

passed=0
failed=$(wc -w <<<"$unlisted")
while IFS='|' read -r name test says; do
    if (($# > 0)) && [[ " $* " != *" $name "* ]]; then continue; fi
    patch=$PWD/tests/mutations/$name.patch
    output=$work/$name.txt
    start=$SECONDS
    result=
    apply=(patch --quiet --strip=1 --fuzz=0 --no-backup-if-mismatch --batch --directory="$tree" --input="$patch")
    if [[ ${fails[$test]} == yes ]]; then
        result="the test fails without it, too"
    elif ! "${apply[@]}" --dry-run >"$output" 2>&1; then
        result="the patch does not apply"
    else
        "${apply[@]}"
        if ! build "$test" >"$output" 2>&1; then
            result="it does not compile"
        else
            run "$test" >"$output" 2>&1 && status=0 || status=$?
            if ((status == 124)); then echo "the test hangs" >>"$output"; fi
            if ((status == 0)); then
                result="it survives: cargo test $test"
            elif ! grep -qF -- "$says" "$output"; then
                result="the test does not say '$says'"
            fi
        fi
        "${apply[@]}" --reverse
    fi
    if [[ -z $result ]]; then
        passed=$((passed + 1))
        echo "caught $name in $((SECONDS - start)) s"
    else
        failed=$((failed + 1))
        echo "FAILED $name: $result; see $output"
    fi
done <<<"$rows"

echo "$passed passed, $failed failed"
((failed == 0))
