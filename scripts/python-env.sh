#!/usr/bin/env bash
# python-env.sh [LIBDIR]: makes build/venv with what tests/python-requirements.txt pins, unless it is there, and with LIBDIR
# installs the Python package in it, built for the library there.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
mkdir -p build
exec 9>build/venv.lock
flock 9

made_of=$({ "$python" --version && cat tests/python-requirements.txt; } | sha256sum)
if [[ $(cat build/venv/made-of 2>/dev/null) != "$made_of" ]]; then
    rm -rf build/venv
    "$python" -m venv build/venv
    build/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/python-requirements.txt
    echo "$made_of" >build/venv/made-of
fi

if (($# > 0)); then
    rm -rf build/python bindings/python/build
    ATLAS_STORE_LIBRARY=$(realpath "$1")/libatlas_store.so build/venv/bin/python -m pip wheel --quiet \
        --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/python ./bindings/python
    build/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall build/python/*.whl
fi
