#!/bin/sh
# The climate model stopped and restarted, and killed and restarted, ends with the same bits as a run in one go.
#
# Usage: run_restart.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
# Environment: FC (gfortran), FFLAGS (-O2), MONTHS (6).
set -u

here=$(cd "$(dirname "$0")" && pwd)
[ $# -eq 1 ] || { echo "usage: run_restart.sh LIBRARY_FOLDER" >&2; exit 2; }
library=$(cd "$1" && pwd)/libatlas_store.so
[ -f "$library" ] || { echo "there is no $library" >&2; exit 2; }
months=${MONTHS:-6}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/atlas-restart-XXXXXX") && scratch=$(cd "$scratch" && pwd -P)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
ln -s "$library" "$scratch/libatlas_store.so"
ln -s "$library" "$scratch/libatlas_store.so.0.1"

cd "$scratch" || exit 2
for program in climate_model compare_stores; do
    ${FC:-gfortran} ${FFLAGS:--O2} "$here"/../../bindings/fortran/src/*.f90 "$here/$program.f90" -o $program \
        -L"$scratch" -latlas_store -Wl,-rpath,"$scratch" || { echo "FAILED $program does not compile"; exit 1; }
done

passed=0
failed=0
# check NAME COMMAND..: shows and counts whether the command succeeds.
check() {
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "FAILED $name"
        failed=$((failed + 1))
    fi
}
not() { ! "$@" 2>/dev/null; }

check "a run of 1 month" ./climate_model whole 1
check "one go of $months months, in its place" ./climate_model whole "$months"

check "stopped after 1 month" ./climate_model stopped 1
check "restarted, stopped after $((months - 2))" ./climate_model stopped $((months - 2)) restart
check "restarted to the end" ./climate_model stopped "$months" restart
check "stopped and restarted, bit for bit" ./compare_stores whole stopped

# Killed at any moment, again and again, until it gets to the end.
killed() {
    ./climate_model killed "$months" >/dev/null &
    kills=0
    for delay in 0.02 0.1 0.25 0.5 0.7 0.9 0.4 0.6 0.3; do
        sleep "$delay"
        kill -9 $! 2>/dev/null && kills=$((kills + 1))
        wait $! 2>/dev/null
        [ -f killed/atlas.json ] || { rm -rf killed; ./climate_model killed "$months" >/dev/null & continue; }
        ./climate_model killed "$months" restart >/dev/null &
    done
    wait $!
    echo "killed $kills times"
    [ "$kills" -gt 0 ]
}
check "killed and restarted to the end" killed 2>/dev/null
check "killed and restarted, bit for bit" ./compare_stores whole killed

# The comparison sees a difference.
cp -r whole longer
check "a run of one month more" ./climate_model longer $((months + 1)) restart
check "is not equal" not ./compare_stores whole longer
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
