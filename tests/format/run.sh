#!/usr/bin/env bash
# Reads the fixtures with a reader that knows docs/format.md alone, with Zarr's codecs and with Zarr. Needs python3 with
# venv. The last line is "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")"
. ../../scripts/python-env.sh ''
PYTHONDONTWRITEBYTECODE=1 ../../build/venv/bin/python check.py
