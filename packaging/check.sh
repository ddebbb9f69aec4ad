#!/usr/bin/env bash
# Every recipe names the version of Cargo.toml; those in Python and YAML can be parsed, that for Debian has what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
soversion=$(sed 's/^\(0\.[0-9]*\)\..*/\1/; s/^\([1-9][0-9]*\)\..*/\1/' <<<"$version")
same() { # FILE VERSION
    [[ $2 == "$version" ]] || { echo "$1 says version '$2', Cargo.toml '$version'" >&2 && exit 1; }
}
same packaging/debian/changelog "$(sed -n '1s/.*(\(.*\)-[0-9]*).*/\1/p' packaging/debian/changelog)"
same packaging/spack/atlas_store/package.py "$(sed -n 's/^    version("\(.*\)")/\1/p' packaging/spack/atlas_store/package.py)"
same packaging/conda/recipe.yaml "$(sed -n 's/^  version: "\(.*\)"/\1/p' packaging/conda/recipe.yaml)"
same bindings/julia/Project.toml "$(sed -n 's/^version = "\(.*\)"/\1/p' bindings/julia/Project.toml)"
same bindings/fortran/fpm.toml "$(sed -n 's/^version = "\(.*\)"/\1/p' bindings/fortran/fpm.toml)"
for file in "libatlas-store$soversion.install" libatlas-store-dev.install atlas-store-tools.install; do
    [[ -s packaging/debian/$file ]] || { echo "there is no packaging/debian/$file" >&2 && exit 1; }
    grep -qx "Package: ${file%.install}" packaging/debian/control
done
python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' packaging/spack/atlas_store/package.py
bash -n packaging/debian/build.sh
echo "ok the recipes are of version $version"
