#!/usr/bin/env bash
# Reads the fixtures with a reader that knows docs/format.md alone, with Zarr's codecs and with Zarr. Needs python3 with
# venv; the Python packages go into a folder that is removed again. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    numpy zstandard msgpack lz4 numcodecs 'zarr>=3' fsspec
PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" check.py
