#!/usr/bin/env bash
# An installation into a scratch prefix: the files, and a program built with it through pkg-config, shared and static.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

make --no-print-directory install PREFIX="$work/prefix"
lib=$work/prefix/lib
[[ -f $lib/libatlas_store.so.$version && ! -L $lib/libatlas_store.so.$version && -f $lib/libatlas_store.a ]]
[[ $(readlink -f "$lib/libatlas_store.so") == $(readlink -f "$lib/libatlas_store.so.$version") ]]
soname=$(readelf -d "$lib/libatlas_store.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[[ $(readlink -f "$lib/$soname") == $(readlink -f "$lib/libatlas_store.so.$version") ]]

export PKG_CONFIG_PATH=$lib/pkgconfig
[[ $(pkg-config --modversion atlas_store) == "$version" ]]
read -ra shared < <(pkg-config --cflags --libs atlas_store)
read -ra static < <(pkg-config --static --cflags --libs atlas_store | sed 's/-latlas_store/-l:libatlas_store.a/')
cc -std=c99 examples/c/quickstart.c -o "$work/shared" "${shared[@]}"
cc -std=c99 examples/c/quickstart.c -o "$work/static" "${static[@]}"
LD_LIBRARY_PATH=$lib "$work/shared" "$work/shared.atlas"
"$work/static" "$work/static.atlas"
if ldd "$work/static" | grep -q atlas_store; then exit 1; fi

make --no-print-directory install PREFIX=/opt/atlas DESTDIR="$work/stage"
grep -qx 'prefix=/opt/atlas' "$work/stage/opt/atlas/lib/pkgconfig/atlas_store.pc"
[[ $(cd "$work/stage" && find . -type f -o -type l | sort) == "$(cd "$work/prefix" && find . -type f -o -type l |
    sed 's|^\.|./opt/atlas|' | sort)" ]]
