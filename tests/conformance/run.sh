#!/usr/bin/env bash
# run.sh LIBDIR [LANGUAGE...]: every language writes the stores of stores.txt, and every language reads them all.
# The languages are c, cpp, fortran, julia, python and rust; CC, CXX, FC and JULIA choose the compilers and the Julia.
set -euo pipefail
cd "$(dirname "$0")/../.."
libdir=$(realpath "$1")
shift
languages=("$@")
if ((${#languages[@]} == 0)); then languages=(c cpp fortran julia python rust); fi
here=tests/conformance
table=$here/stores.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
link=(-L"$libdir" -latlas_store -Wl,-rpath,"$libdir")

build() { # LANGUAGE
    case $1 in
    c) "${CC:-cc}" -std=c99 -O1 -Wall -Wextra -Wpedantic -Werror -Iinclude $here/c/conform.c -o "$work/c" "${link[@]}" ;;
    cpp)
        "${CXX:-c++}" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Werror -Iinclude -Ibindings/cpp/include \
            $here/cpp/conform.cpp -o "$work/cpp" "${link[@]}"
        ;;
    fortran)
        "${FC:-gfortran}" -std=f2018 -O1 -Wall -Wextra -Werror -J"$work" bindings/fortran/src/*.f90 \
            $here/fortran/conform.F90 -o "$work/fortran" "${link[@]}"
        ;;
    julia) ;;
    python) . scripts/python-env.sh "$libdir" ;;
    rust) cargo build --locked --release --example conform ;;
    *) echo "$1 is none of the languages" >&2 && return 1 ;;
    esac
}

conform() { # LANGUAGE write|check FOLDER...
    local language=$1 what=$2 folder
    shift 2
    if [[ $language == julia ]]; then
        # In one process: most of its time it compiles.
        ATLAS_STORE_LIBRARY="$libdir/libatlas_store.so" JULIA_DEPOT_PATH="$work/depot:" \
            "$julia" --startup-file=no -O0 --project=bindings/julia $here/julia/conform.jl "$what" "$table" "$@"
        return
    fi
    for folder; do
        case $language in
        python) build/venv/bin/python $here/python/conform.py "$what" "$table" "$folder" ;;
        rust) "${CARGO_TARGET_DIR:-target}/release/examples/conform" "$what" "$table" "$folder" ;;
        *) "$work/$language" "$what" "$table" "$folder" ;;
        esac || return
    done
}

for language in "${languages[@]}"; do build "$language"; done
for writer in "${languages[@]}"; do
    mkdir "$work/by-$writer"
    conform "$writer" write "$work/by-$writer"
done

values=0
pairs=0
expected=
for reader in "${languages[@]}"; do
    mapfile -t said < <(conform "$reader" check "${languages[@]/#/$work/by-}")
    for number in "${!languages[@]}"; do
        writer=${languages[number]} line=${said[number]:-nothing}
        [[ $line =~ ^compared\ ([0-9]+)\ values$ ]] || { echo "$reader reads what $writer wrote: $line" >&2 && exit 1; }
        count=${BASH_REMATCH[1]}
        if ((count != ${expected:=$count})); then
            echo "$reader compared $count values of what $writer wrote, others $expected" >&2
            exit 1
        fi
        values=$((values + count))
        pairs=$((pairs + 1))
    done
    echo "ok $reader reads what each of ${languages[*]} wrote"
done
echo "$pairs pairs, $values values compared"
