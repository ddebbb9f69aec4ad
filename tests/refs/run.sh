#!/usr/bin/env bash
# tests/refs/run.sh LIBDIR: a store with an array of every kind, read in place by tools that know nothing of Atlas, through
# what `atlas refs` writes, after every array was written to and the store compacted: zarr-python, xarray, VirtualiZarr,
# Icechunk; and GDAL where there is a Python 3.12 or later for the wheel. Then the pin of what they read goes, and so do the
# files. Needs cargo, python3 with venv. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/count.sh
library=$(realpath "$1")/libatlas_store.so
work=$(mktemp -d)
work=$(realpath "$work")
trap 'rm -rf "$work"' EXIT

cargo build --locked --release --quiet --features cli --bin atlas
atlas=target/release/atlas
. scripts/python-env.sh ''
python=build/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1 ICECHUNK_LOG=error
"$python" tests/refs/make.py "$library" "$work"

refs() { # EXPECTED_STATUS ARGUMENT...
    local expected=$1 status=0
    shift
    "$atlas" refs "$work/store" "$@" --quiet || status=$?
    ((status == expected)) || { echo "atlas refs $*: exit status $status, not $expected" >&2; return 1; }
}
members=()
for member in $(seq -f %03g 0 11); do members+=("ens/$member"); done
for version in 2 3; do
    # One dataset has arrays that cannot be referred to, and so has the ensemble.
    refs 1 all odd time filters -o "$work/v$version" --zarr-format $version
    refs 0 "${members[@]}" --stacked --lenient -o "$work/stacked$version.json" --zarr-format $version
done

refs 0 "${members[@]}" -o "$work/members" --zarr-format 3
# Of differences of floats version 3 knows nothing: all that is left is what has no codec.
refs 0 smooth -o "$work/v2/smooth.json"
refs 1 smooth -o "$work/smooth.json" --zarr-format 3

# All runs made one pin, which holds what they describe.
pin=$("$atlas" pins "$work/store")
[[ $pin =~ ^refs-([0-9]+)\ +([0-9]+)$ && ${BASH_REMATCH[1]} == "${BASH_REMATCH[2]}" ]] ||
    { echo "atlas refs made the pins: $pin" >&2; exit 1; }
"$python" tests/refs/make.py "$library" "$work" change

one() { # TITLE COMMAND...: runs what prints "N passed, N failed", and adds it up
    local title=$1 code=0
    shift
    echo "== $title"
    "$@" >"$work/output" 2>"$work/errors" || code=$?
    grep -v '^[0-9]* passed' "$work/output" || true
    if ((code)); then cat "$work/errors"; fi
    add_up "$title" "$( ((code == 0)) || echo "exit code $code")" "$work/output"
}
for version in 2 3; do
    files=("$work/v$version"/*.json)
    one "zarr-python, version $version" "$python" -I tests/refs/read.py zarr "$work" "${files[@]}"
    one "xarray, version $version" "$python" -I tests/refs/read.py xarray "$work" "${files[@]}"
done
one "a stacked ensemble" "$python" -I tests/refs/read.py stack "$work" "$work"/stacked?.json
one "VirtualiZarr and Icechunk" "$python" tests/refs/virtual.py bindings/python/src/atlas/virtualizarr.py "$work" \
    "$work/members" "$work/v3/all.json" "$work/v3/odd.json" "$work/v3/filters.json"

# GDAL reads such references from 3.11 on; the last wheel for Python 3.11, rasterio 1.4.4, has 3.10.
gdal=build/venv-gdal
new_enough='import sys; sys.exit(sys.version_info < (3, 12))'
with_gdal=
for candidate in "${PYTHON:-python3}" python3.{12..20} "$HOME"/.pyenv/versions/*/bin/python; do
    if "$candidate" -c "$new_enough" 2>/dev/null; then
        with_gdal=$candidate
        break
    fi
done
if [[ -n $with_gdal ]]; then
    if ! "$gdal/bin/python" -c "$new_enough; import rasterio" 2>/dev/null; then
        rm -rf "$gdal"
        "$with_gdal" -m venv "$gdal"
        "$gdal/bin/python" -m pip install --quiet --disable-pip-version-check rasterio==1.5.2 numpy==2.4.6
    fi
    one GDAL "$gdal/bin/python" -I tests/refs/read.py gdal "$work" "$work/v2/all.json" "$work/v2/odd.json"
else
    echo "== GDAL: left out: the wheel that reads references is for Python 3.12 and later, and there is none"
fi

# Without the pin the commit is kept no more, and the next flush removes its files.
"$atlas" unpin "$work/store" "${pin%% *}" --quiet
"$atlas" keep "$work/store" 1 --quiet
one "references to files that are gone" "$python" -I tests/refs/read.py gone "$work" "$work"/v?/all.json
echo "$passed passed, $failed failed"
((failed == 0))
