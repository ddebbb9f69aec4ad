#!/usr/bin/env bash
# generate.sh [FOLDER]: writes atlas_mpi.f90 from its template, into this folder or FOLDER. The tests compare it; whoever
# uses the module needs no fypp.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
folder=$(realpath "${1:-$here}")
. "$here/../../scripts/python-env.sh" ''
"$here/../../build/venv/bin/fypp" --no-folding --include="$here/../fortran/templates" "$here/templates/atlas_mpi.fypp" \
    "$folder/atlas_mpi.f90"
