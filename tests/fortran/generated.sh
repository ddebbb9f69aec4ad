#!/usr/bin/env bash
# The sources of the module that have a template are what it makes of them.
set -euo pipefail
root=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/bindings/fortran/generate.sh" "$work"
for template in "$root"/bindings/fortran/templates/atlas_*.fypp; do
    name=$(basename "$template" .fypp).f90
    diff "$root/bindings/fortran/src/$name" "$work/$name" >&2 || {
        echo "src/$name is not what templates/${name%.f90}.fypp makes: bindings/fortran/generate.sh writes it" >&2
        exit 1
    }
done
