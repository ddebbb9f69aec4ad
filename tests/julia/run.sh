#!/usr/bin/env bash
# The Julia package against a library: its tests with one and with two threads, the header, the examples, and the ways
# in which the library is found.
#
# Usage: run.sh LIBRARY_FOLDER   (the folder that holds libatlas_store.so)
# Environment: JULIA, by default julia on the PATH, else the one of scripts/install-julia.sh; CC; FC.
set -euo pipefail
cd "$(dirname "$0")/../.."
(($# == 1)) || { echo "usage: run.sh LIBRARY_FOLDER" >&2; exit 2; }
library=$(realpath "$1")/libatlas_store.so
[[ -f $library ]] || { echo "run.sh: there is no $library" >&2; exit 2; }

julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
if ! "$julia" --version >/dev/null 2>&1; then
    echo "run.sh: Julia is missing: run scripts/install-julia.sh, have julia on the PATH, or set JULIA" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export JULIA_DEPOT_PATH="$work/depot:" ATLAS_STORE_LIBRARY=$library JULIA_PKG_SERVER= JULIA_NUM_THREADS=1
unset JULIA_LOAD_PATH JULIA_PROJECT
package=bindings/julia
# Most of the time goes into compiling what runs once.
run=("$julia" --startup-file=no -O0)
here=("${run[@]}" --project="$package")

passed=0
failed=0
# counted TITLE COMMAND..: runs what prints a line "N passed, N failed", and adds it up.
counted() {
    local title=$1 code=0 line
    shift
    echo "== $title"
    "$@" >"$work/output" 2>&1 || code=$?
    cat "$work/output"
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$work/output" | tail -n 1)
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        if ((code == 0 || BASH_REMATCH[2] > 0)); then return; fi
    fi
    echo "FAILED $title: exit code $code"
    failed=$((failed + 1))
}
# check TITLE COMMAND..: counts whether the command succeeds.
check() {
    local title=$1
    shift
    if "$@"; then
        echo "ok $title"
        passed=$((passed + 1))
    else
        echo "FAILED $title"
        failed=$((failed + 1))
    fi
}
# says TEXT COMMAND..: whether the command succeeds and prints this.
says() {
    local text=$1 output
    shift
    output=$("$@" 2>&1) && grep -qF -- "$text" <<<"$output" || { echo "no '$text' in: $output"; return 1; }
}
# fails TEXT COMMAND..: whether the command fails and says this.
fails() {
    local text=$1 output
    shift
    if output=$("$@" 2>&1); then echo "this should have failed: $*"; return 1; fi
    grep -qF -- "$text" <<<"$output" || { echo "no '$text' in: $output"; return 1; }
}

counted "the header" "${here[@]}" tests/julia/header.jl include/atlas.h
# The tests of what tasks, callbacks and the garbage collector do; all tests run with two threads below.
counted "tests, 1 thread" "${here[@]}" "$package/test/runtests.jl" stores arrays callbacks threads garbage

# As a user has it: installed, added by its path, found beside its library, and without a network.
prefix=$work/prefix
mkdir -p "$prefix/share/atlas_store" "$prefix/lib"
cp -r "$package" "$prefix/share/atlas_store/julia"
cp "$library" "$prefix/lib/libatlas_store.so.0.1"
use=(env -u ATLAS_STORE_LIBRARY "${run[@]}" --project="$work/project")
version='using Atlas; println("version ", Atlas.version())'
expected="version $(sed -n 's/^version = "\(.*\)"/\1/p' "$package/Project.toml")"
add='using Pkg; Pkg.develop(PackageSpec(path=ARGS[1]))'
check "adding the package by its path" says "" "${use[@]}" -e "$add" "$prefix/share/atlas_store/julia"
counted "Pkg.test, 2 threads" env JULIA_NUM_THREADS=2 "${use[@]}" -e 'using Pkg; Pkg.test("Atlas"; julia_args=["-O0"])'
check "the library beside the package" says "$expected" "${use[@]}" -e "$version"
mv "$prefix" "$work/moved"
rm -rf "$work/project"
check "adding the package where it was moved to" says "" "${use[@]}" -e "$add" "$work/moved/share/atlas_store/julia"
check "the library beside the package, moved" says "$expected" "${use[@]}" -e "$version"
mkdir "$work/elsewhere"
mv "$work/moved/lib/libatlas_store.so.0.1" "$work/elsewhere"
check "the library nowhere" fails "set the environment variable ATLAS_STORE_LIBRARY" "${use[@]}" -e "$version"
check "the library by the system's loader" says "$expected" env LD_LIBRARY_PATH="$work/elsewhere" "${use[@]}" -e "$version"
check "the library by the environment" says "$expected" env ATLAS_STORE_LIBRARY="$library" "${use[@]:3}" -e "$version"
check "what is no library" fails libz env ATLAS_STORE_LIBRARY=libz.so.1 "${use[@]:3}" -e "$version"

echo "== examples"
example() { "${here[@]}" "examples/julia/$1.jl" "${@:2}"; }
link=(-L"$(dirname "$library")" -latlas_store -Wl,-rpath,"$(dirname "$library")")
quickstart() {
    "${CC:-cc}" -std=c99 -Iinclude examples/c/quickstart.c -o "$work/quickstart" "${link[@]}" &&
        "$work/quickstart" "$work/c.atlas" >"$work/expected" && [[ -s $work/expected ]] &&
        example quickstart "$work/julia.atlas" | diff "$work/expected" -
}
model() {
    mkdir "$work/modules"
    "${FC:-gfortran}" -O1 -J"$work/modules" bindings/fortran/src/*.f90 examples/fortran/climate_model.f90 \
        -o "$work/model" "${link[@]}" && "$work/model" "$work/fields" 3
}
lose='using Atlas; Atlas.open(store -> store["state"]["tracer"] .*= 1.000001, ARGS[1], "r+")'
check "quickstart prints what the one in C does" quickstart
check "quickstart, a second time" says "$(cat "$work/expected")" example quickstart "$work/julia.atlas"
check "the model in Fortran runs" model
check "analyse what it wrote" example analyse "$work/fields"
check "lose some tracer" "${here[@]}" -e "$lose" "$work/fields"
check "analyse notices" fails "e-06 OFF" example analyse "$work/fields"
check "analyse without a store" fails NOT_FOUND example analyse "$work/none"
check "analyse without arguments" fails usage example analyse

echo "$passed passed, $failed failed"
((failed == 0))
