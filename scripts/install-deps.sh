#!/usr/bin/env bash
# Installs what the tests need beyond Rust, on Debian and its like; nothing when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()
need() { # PACKAGE COMMAND...: the package, unless the command succeeds
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

need gcc command -v cc
need g++ command -v g++
need libc6-dev test -e /usr/include/stdio.h
need valgrind command -v valgrind
need strace command -v strace
need patch command -v patch
need python3 command -v python3
need python3-venv python3 -c "import ensurepip, venv"
need python3-dev python3 -c "import os, sysconfig; os.stat(sysconfig.get_path('include') + '/Python.h')"
need binutils command -v strip readelf
need pkg-config command -v pkg-config
need libnetcdf-dev pkg-config --exists netcdf
need netcdf-bin command -v ncgen nccopy
need cmake command -v cmake
need gfortran command -v gfortran
need libopenmpi-dev command -v mpicc mpicxx mpifort
need openmpi-bin command -v mpirun
need libeigen3-dev pkg-config --exists eigen3
need libxtensor-dev test -e /usr/include/xtensor/xarray.hpp
need libarmadillo-dev test -e /usr/include/armadillo
need doxygen command -v doxygen
need mandoc command -v mandoc
need ferret-datasets test -e /usr/share/ferret-vis/data/coads_climatology.cdf

as_root=()
if ((EUID != 0)); then as_root=(sudo); fi
if ((${#missing[@]} > 0)); then
    echo "installing: ${missing[*]}"
    ${as_root[@]+"${as_root[@]}"} apt-get update -q
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

for component in rustfmt clippy; do
    "cargo-${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
done

if [[ -z ${JULIA:-} ]] && ! command -v julia >/dev/null; then
    ${as_root[@]+"${as_root[@]}"} scripts/install-julia.sh
fi
