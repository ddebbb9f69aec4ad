#!/usr/bin/env bash
# python-env.sh LIBDIR|'': makes build/venv with what tests/python-requirements.txt pins, and with LIBDIR installs the Python
# package in it, built for the library there; what is made of the same already is left as it is. Whoever runs programs of
# build/venv sources this: until that shell ends, nobody changes the environment.
set -euo pipefail
python_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
# Without a package index pip fails, soon.
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_RETRIES=2
mkdir -p "$python_root/build"
exec 8>>"$python_root/build/venv.lock"
(
    library=${1:+$(realpath "$1")/libatlas_store.so}
    cd "$python_root"
    venv=build/venv/bin/python
    requirements=$({ "${PYTHON:-python3}" --version && cat tests/python-requirements.txt; } | sha256sum)
    package=
    if [[ $library ]]; then
        package=$(sha256sum "$library" include/atlas.h bindings/python/{*.*,LICENSE*,src/atlas/{*.py,*.pyi,py.typed}} | sha256sum)
    fi
    made_of() { # WHAT HASH
        [[ $(cat "build/venv/$1" 2>/dev/null) == "$2" ]]
    }

    # Many use it at once, one makes it. Who makes it of the same in between changes nothing.
    flock --shared 8
    if made_of requirements "$requirements" && { [[ -z $package ]] || made_of package "$package"; }; then exit; fi
    flock 8
    if ! made_of requirements "$requirements"; then
        rm -rf build/venv
        "${PYTHON:-python3}" -m venv build/venv
        $venv -m pip install --quiet --requirement tests/python-requirements.txt
        echo "$requirements" >build/venv/requirements
    fi
    if [[ $package ]] && ! made_of package "$package"; then
        rm -rf build/python bindings/python/build build/venv/package
        ATLAS_STORE_LIBRARY=$library $venv -m pip wheel --quiet --no-index --no-deps --no-build-isolation \
            --wheel-dir build/python ./bindings/python
        $venv -m pip install --quiet --no-index --no-deps --force-reinstall build/python/*.whl
        echo "$package" >build/venv/package
    fi
    flock --shared 8
)
