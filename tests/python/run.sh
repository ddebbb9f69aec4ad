#!/usr/bin/env bash
# run.sh LIBDIR: the Python package, installed as its users have it: its tests, its example, the wheel in clean
# environments of the oldest and the newest Python from 3.11 on that are there, and the source distribution with an
# installed library. PYTHON, by default python3, is the one that the tests run with.
set -euo pipefail
cd "$(dirname "$0")/../.."
(($# == 1)) || { echo "usage: run.sh LIBDIR" >&2; exit 2; }
libdir=$(realpath "$1")
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
unset PYTHONPATH MYPYPATH

. scripts/python-env.sh "$libdir"
venv=$root/build/venv/bin/python
wheel=$(echo "$root"/build/python/*.whl)

echo "== the wheel"
[[ $(basename "$wheel") == atlas_store-*-cp311-abi3-linux_*.whl ]] || { echo "$wheel has another name" >&2; exit 1; }
(cd "$work" && "$venv" -m zipfile -e "$wheel" wheel)
readelf -d "$work/wheel/atlas/_c.abi3.so" | grep -q 'R.*PATH.*\[\$ORIGIN\]' || { echo "the path in _c.abi3.so" >&2; exit 1; }
library=$(echo "$work"/wheel/atlas/libatlas_store.so.*)
if readelf -S "$library" | grep -q '\.debug_\|\.symtab'; then echo "$library is not stripped" >&2 && exit 1; fi
grep -q "Apache License" "$work"/wheel/atlas_store-*/licenses/LICENSE-APACHE
grep -q "Permission is hereby granted" "$work"/wheel/atlas_store-*/licenses/LICENSE-MIT
ls -l "$wheel" "$work"/wheel/atlas/*.so* | awk '{print $5, $9}'

echo "== tests"
(cd bindings/python && "$venv" -m pytest -q -p no:cacheprovider)

echo "== installed"
expected="temperature[1][0] = -1.5, min -1.5, max 13.5"
quickstart() { # PYTHON: an environment of its own, without the source tree in it
    (cd "$work" && "$1" "$root/examples/python/quickstart.py" "$(mktemp -d -p "$work")/quickstart.atlas")
}
clean() { # PYTHON: a new environment
    rm -rf "$work/venv"
    "$1" -m venv "$work/venv"
}
pinned=(--quiet --constraint tests/python-requirements.txt)
for python in "${PYTHON:-python3}" python3.{11..20} "$HOME"/.pyenv/versions/*/bin/python; do
    "$python" -c 'import sys; sys.version_info < (3, 11) or print(sys.version.split()[0], sys.executable)' 2>/dev/null || true
done | sort -uVk 1,1 | sed -n '1p;${1!p}' >"$work/pythons"
[[ -s $work/pythons ]] || { echo "there is no Python from 3.11 on" >&2; exit 1; }
while read -r version python; do
    clean "$python"
    "$work/venv/bin/python" -m pip install "${pinned[@]}" "$wheel" </dev/null
    said=$(quickstart "$work/venv/bin/python")
    echo "Python $version: $said"
    [[ $said == "$expected" ]]
done <"$work/pythons"

echo "== source distribution"
make --no-print-directory -s install PREFIX="$work/prefix" DESTDIR= >/dev/null
ATLAS_STORE_LIBRARY=$libdir/libatlas_store.so "$venv" -m build --sdist --no-isolation --outdir "$work/sdist" \
    bindings/python >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
sdist=$(echo "$work"/sdist/atlas_store-*.tar.gz)
if tar -tzf "$sdist" | grep -q '\.so'; then echo "$sdist has a library in it" >&2 && exit 1; fi
clean "${PYTHON:-python3}"
if said=$(env -u ATLAS_STORE_LIBRARY PKG_CONFIG_PATH= "$work/venv/bin/python" -m pip install --quiet "$sdist" 2>&1); then
    echo "the source distribution installs without a library" >&2 && exit 1
fi
grep -q "there is no libatlas_store" <<<"$said" || { echo "$said" >&2; exit 1; }
PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig "$work/venv/bin/python" -m pip install "${pinned[@]}" "$sdist"
rm -rf "$work/prefix"
said=$(quickstart "$work/venv/bin/python")
echo "built from source: $said"
[[ $said == "$expected" ]]
