#!/usr/bin/env bash
# An installation into a scratch prefix: its files; programs built with it through pkg-config and CMake, shared and
# static, in C, C++ and Fortran, also after the prefix has moved; a program with another zstd of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

make --no-print-directory -s install PREFIX="$work/prefix"
lib=$work/prefix/lib
[[ -f $lib/libatlas_store.so.$version && ! -L $lib/libatlas_store.so.$version && -f $lib/libatlas_store.a ]]
[[ $(readlink -f "$lib/libatlas_store.so") == $(readlink -f "$lib/libatlas_store.so.$version") ]]
soname=$(readelf -d "$lib/libatlas_store.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[[ $(readlink -f "$lib/$soname") == $(readlink -f "$lib/libatlas_store.so.$version") ]]
diff <(nm -g --defined-only "$lib/libatlas_store.a" | sed -n 's/.* [A-Za-z] //p' | sort) bindings/c/atlas_store.symbols

expected="temperature[1][0] = -1.5, min -1.5, max 13.5"
runs() { # PROGRAM: prints what the quickstart prints
    [[ $("$1" "$1.atlas") == "$expected" ]] || { echo "$1 does not print: $expected" >&2 && return 1; }
}

export PKG_CONFIG_PATH=$lib/pkgconfig
[[ $(pkg-config --modversion atlas_store) == "$version" ]]
read -ra shared < <(pkg-config --cflags --libs atlas_store)
read -ra static < <(pkg-config --static --cflags --libs atlas_store | sed 's/-latlas_store/-l:libatlas_store.a/')
cc -std=c99 examples/c/quickstart.c -o "$work/shared" "${shared[@]}"
cc -std=c99 examples/c/quickstart.c -o "$work/static" "${static[@]}"
LD_LIBRARY_PATH=$lib runs "$work/shared"
runs "$work/static"
if ldd "$work/static" | grep -q atlas_store; then exit 1; fi

# -rdynamic: the program's functions come before the library's in the order of the dynamic linker.
cc -std=c99 -rdynamic tests/install/other_zstd.c -o "$work/zstd-shared" "${shared[@]}"
cc -std=c99 -rdynamic tests/install/other_zstd.c -o "$work/zstd-static" "${static[@]}"
LD_LIBRARY_PATH=$lib "$work/zstd-shared" "$work/zstd-shared.atlas"
"$work/zstd-static" "$work/zstd-static.atlas"

mv "$work/prefix" "$work/moved"
cmake -S tests/install -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/moved" -DCMAKE_BUILD_TYPE=Release >"$work/cmake.log" ||
    { cat "$work/cmake.log" >&2 && exit 1; }
cmake --build "$work/cmake" >"$work/cmake.log" || { cat "$work/cmake.log" >&2 && exit 1; }
for program in c static cpp fortran; do runs "$work/cmake/$program"; done
for wanted in 0.0 0.2 1 "$version.1"; do
    sed "s/find_package(atlas_store 0.1 /find_package(atlas_store $wanted /" tests/install/CMakeLists.txt >"$work/CMakeLists.txt"
    if cmake -S "$work" -B "$work/cmake-$wanted" -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null 2>&1; then
        echo "CMake takes $version for $wanted" >&2
        exit 1
    fi
done

make --no-print-directory -s install PREFIX=/opt/atlas LIBDIR=/opt/atlas/lib/x86_64-linux-gnu DESTDIR="$work/stage"
grep -qx 'prefix=/opt/atlas' "$work/stage/opt/atlas/lib/x86_64-linux-gnu/pkgconfig/atlas_store.pc"
[[ $(cd "$work/stage" && find . -type f -o -type l | sed 's|/x86_64-linux-gnu||' | sort) == \
    "$(cd "$work/moved" && find . -type f -o -type l | sed 's|^\.|./opt/atlas|' | sort)" ]]
cmake -S tests/install -B "$work/cmake-stage" -DCMAKE_PREFIX_PATH="$work/stage/opt/atlas" \
    -DCMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu >"$work/cmake.log" || { cat "$work/cmake.log" >&2 && exit 1; }
cmake --build "$work/cmake-stage" --target cpp >"$work/cmake.log" || { cat "$work/cmake.log" >&2 && exit 1; }
runs "$work/cmake-stage/cpp"
echo "ok installed as C libraries are: pkg-config, CMake, moved, staged, beside another zstd"
