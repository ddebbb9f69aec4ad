#!/bin/sh
# Builds the C tests against a library and runs them; then in a smaller size under valgrind, and with the address and
# undefined-behaviour sanitizers.
#
# Usage: run.sh LIBRARY_FOLDER [NAME..]   (the folder that holds libatlas_store.so; all tests without a NAME)
# Environment: ATLAS_TEST_VALGRIND=0 leaves valgrind and the sanitizers out; CC, CFLAGS, LDFLAGS; see also check.h.
set -u

here=$(cd "$(dirname "$0")" && pwd)
. "$here/build.sh"
. "$here/../count.sh"
[ $# -ge 1 ] || { echo "usage: run.sh LIBRARY_FOLDER [NAME..]" >&2; exit 2; }
valgrind=${ATLAS_TEST_VALGRIND:-1}
if [ "$valgrind" != 0 ] && ! command -v valgrind >/dev/null; then
    echo "run.sh needs valgrind, which is not installed (ATLAS_TEST_VALGRIND=0 does without)" >&2
    exit 2
fi
prepare "$1"
shift
[ $# -gt 0 ] || set -- version seed misuse roundtrip time threads stress processes forgets surroundings

# one TITLE COMMAND..: runs a test program, shows what it says, and adds up its last line.
one() {
    title=$1
    shift
    echo "== $title"
    "$@" >"$scratch/output" 2>"$scratch/errors"
    code=$?
    # Of what succeeded the second time the names would only repeat the first run's.
    case $title in
    *" "*) grep -v '^ok ' "$scratch/output" ;;
    *) cat "$scratch/output" ;;
    esac
    cat "$scratch/errors" >&2
    wrong=
    [ "$code" -eq 0 ] || wrong="exit code $code"
    add_up "$title" "$wrong" "$scratch/output"
}

for name in "$@"; do
    compile "$name" || { echo "FAILED $name does not compile"; failed=$((failed + 1)); continue; }
    one "$name" "$scratch/$name"
done
if [ "$valgrind" != 0 ]; then
    ATLAS_TEST_SMALL=1
    export ATLAS_TEST_SMALL
    for name in "$@"; do
        [ -x "$scratch/$name" ] || continue
        one "$name under valgrind" valgrind --quiet --fair-sched=yes --error-exitcode=9 --leak-check=full \
            --errors-for-leak-kinds=definite,possible --child-silent-after-fork=yes --suppressions="$here/valgrind.supp" "$scratch/$name"
    done
    CFLAGS="${CFLAGS:-} -fsanitize=address,undefined -fno-sanitize-recover=all"
    ASAN_OPTIONS=allocator_may_return_null=1:${ASAN_OPTIONS:-}
    export ASAN_OPTIONS
    for name in "$@"; do
        compile "$name" || { echo "FAILED $name does not compile with sanitizers"; failed=$((failed + 1)); continue; }
        one "$name with sanitizers" "$scratch/$name"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
