#!/usr/bin/env bash
# generate.sh [FOLDER]: writes the sources of the module that have a template, into src or FOLDER. The tests compare
# them; whoever uses the module needs no fypp.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
folder=$(realpath "${1:-$here/src}")
. "$here/../../scripts/python-env.sh" ''
for template in "$here"/templates/atlas_*.fypp; do
    "$here/../../build/venv/bin/fypp" --no-folding --include="$here/templates" "$template" "$folder/$(basename "$template" .fypp).f90"
done
