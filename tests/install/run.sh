#!/usr/bin/env bash
# An installation into a scratch prefix: its files; the command-line tool; programs built with it through pkg-config, CMake
# and fpm, shared and static, in C, C++ and Fortran; the Julia package; a program with another zstd of its own. All again
# after the prefix has moved.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/python-env.sh ''
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

make --no-print-directory -s tool
make --no-print-directory -s install PREFIX="$work/prefix"
lib=$work/prefix/lib
[[ -f $lib/libatlas_store.so.$version && ! -L $lib/libatlas_store.so.$version && -f $lib/libatlas_store.a ]]
[[ $(readlink -f "$lib/libatlas_store.so") == $(readlink -f "$lib/libatlas_store.so.$version") ]]
soname=$(readelf -d "$lib/libatlas_store.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[[ $(readlink -f "$lib/$soname") == $(readlink -f "$lib/libatlas_store.so.$version") ]]

expected="temperature[1][0] = -1.5, min -1.5, max 13.5"
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2 && return 1; }; }
runs() { # PROGRAM: prints what the quickstart prints
    [[ $("$1" "$1.atlas") == "$expected" ]] || { echo "$1 does not print: $expected" >&2 && return 1; }
}

diff <(nm -g --defined-only "$lib/libatlas_store.a" | sed -n 's/.* [A-Za-z] //p' | sort) bindings/c/atlas_store.symbols

# The tool, with a page for each of its commands, and completions that ask it.
tool=$work/prefix/bin/atlas
[[ $("$tool" --version) == "atlas $version" ]]
"$tool" ls tests/fixtures/v1-json | grep -qx types
for command in $("$tool" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\)  .*/\1/p' | grep -v help); do
    [[ -s $work/prefix/share/man/man1/atlas-$command.1 ]] || { echo "no man page of $command" >&2; exit 1; }
    ATLAS_COMPLETE=bash _CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=1 "$tool" -- atlas "$command" | grep -qx "$command"
done
for file in bash-completion/completions/atlas zsh/site-functions/_atlas fish/vendor_completions.d/atlas.fish; do
    grep -q ATLAS_COMPLETE "$work/prefix/share/$file"
done

# The pages and the examples, with every file that a link in a page names, but for those of tests and for man pages, which
# have their own place.
docs=$work/prefix/share/doc/atlas_store
for page in README.md CHANGELOG.md docs/tutorial-c.md docs/format.md bindings/julia/README.md; do
    cmp "$page" "$docs/$page"
done
diff -r examples "$docs/examples"
while IFS=: read -r page target; do
    case $target in
    http* | ../tests/* | *CONTRIBUTING.md | man) continue ;;
    esac
    [[ -e $(dirname "$page")/$target ]] || { echo "$page links to $target, which is not installed" >&2; exit 1; }
done < <(for page in "$docs"/*.md "$docs"/docs/*.md; do
    sed '/^```/,/^```$/d' "$page" | grep -o ']([^)#]*' | cut -c 3- | grep . | sed "s|^|$page:|" || true
done)

fpm=$PWD/build/venv/bin/fpm
# fpm builds a program that depends on the package in a folder, which then runs.
fpm_runs() { # PACKAGE PREFIX FOLDER
    mkdir -p "$3/app"
    cp examples/fortran/quickstart.f90 "$3/app/main.f90"
    printf 'name = "model"\n[dependencies]\natlas_store_fortran = { path = "%s" }\n' "$(realpath --relative-to="$3" "$1")" >"$3/fpm.toml"
    (cd "$3" && quietly "$fpm" install --prefix "$3" --link-flag "$(pkg-config --libs atlas_store)")
    LD_LIBRARY_PATH=$2/lib runs "$3/bin/model"
}

# Every language, through pkg-config and through CMake, with what is installed under a prefix.
julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
uses() { # PREFIX
    local prefix=$1 out shared static
    out=$(mktemp -d -p "$work")
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    [[ $(pkg-config --modversion atlas_store) == "$version" ]]
    read -ra shared < <(pkg-config --cflags --libs atlas_store)
    read -ra static < <(pkg-config --static --cflags --libs atlas_store | sed 's/-latlas_store/-l:libatlas_store.a/')
    cc -std=c99 examples/c/quickstart.c -o "$out/c" "${shared[@]}"
    cc -std=c99 examples/c/quickstart.c -o "$out/static" "${static[@]}"
    c++ -std=c++17 examples/cpp/quickstart.cpp -o "$out/cpp" "${shared[@]}"
    gfortran -J"$out" "$(pkg-config --variable=fortran_sources atlas_store)"/*.f90 examples/fortran/quickstart.f90 \
        -o "$out/fortran" "${shared[@]}"
    for program in c cpp fortran; do LD_LIBRARY_PATH=$prefix/lib runs "$out/$program"; done
    runs "$out/static"
    if ldd "$out/static" | grep -q atlas_store; then return 1; fi

    # With MPI, as docs/install.md has it.
    mpicc -c "$(pkg-config --variable=fortran_sources atlas_store)/../mpi/atlas_mpi_f.c" "${shared[@]}" -o "$out/atlas_mpi_f.o"
    mpifort -J"$out" "$(pkg-config --variable=fortran_sources atlas_store)"/{*.f90,../mpi/atlas_mpi.f90} \
        examples/mpi/climate_mpi.f90 "$out/atlas_mpi_f.o" -o "$out/climate_mpi" "${shared[@]}"

    # -rdynamic: the program's functions come before the library's in the order of the dynamic linker.
    cc -std=c99 -rdynamic tests/install/other_zstd.c -o "$out/zstd-shared" "${shared[@]}"
    cc -std=c99 -rdynamic tests/install/other_zstd.c -o "$out/zstd-static" "${static[@]}"
    LD_LIBRARY_PATH=$prefix/lib "$out/zstd-shared" "$out/zstd-shared.atlas"
    "$out/zstd-static" "$out/zstd-static.atlas"

    quietly cmake -S tests/install -B "$out/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release
    quietly cmake --build "$out/cmake"
    for program in c static cpp fortran; do runs "$out/cmake/$program"; done
    quietly cmake -S tests/install/fortran -B "$out/cmake-fortran" -DCMAKE_PREFIX_PATH="$prefix"
    quietly cmake --build "$out/cmake-fortran"
    for program in shared static; do runs "$out/cmake-fortran/$program"; done
    if ldd "$out/cmake-fortran/static" | grep -q atlas_store; then return 1; fi

    fpm_runs "$prefix/share/atlas_store/fortran" "$prefix" "$out/fpm"

    printf '#!/bin/sh\nJULIA_DEPOT_PATH="%s:" exec "%s" --startup-file=no -O0 --project="%s" "%s" "$@"\n' "$out/depot" "$julia" \
        "$prefix/share/atlas_store/julia" "$PWD/examples/julia/quickstart.jl" >"$out/julia"
    chmod +x "$out/julia"
    runs "$out/julia"
}
uses "$work/prefix"
fpm_runs "$PWD/bindings/fortran" "$work/prefix" "$work/fpm"
mv "$work/prefix" "$work/moved"
uses "$work/moved"

for wanted in 0.0 0.2 1 "$version.1"; do
    sed "s/find_package(atlas_store 0.1 /find_package(atlas_store $wanted /" tests/install/CMakeLists.txt >"$work/CMakeLists.txt"
    if cmake -S "$work" -B "$work/cmake-$wanted" -DCMAKE_PREFIX_PATH="$work/moved" >/dev/null 2>&1; then
        echo "CMake takes $version for $wanted" >&2
        exit 1
    fi
done

make --no-print-directory -s install PREFIX=/opt/atlas LIBDIR=/opt/atlas/lib/x86_64-linux-gnu DESTDIR="$work/stage"
[[ $(cd "$work/stage" && find . -type f -o -type l | sed 's|/x86_64-linux-gnu||' | sort) == \
    "$(cd "$work/moved" && find . -type f -o -type l | sed 's|^\.|./opt/atlas|' | sort)" ]]
quietly cmake -S tests/install -B "$work/cmake-stage" -DCMAKE_PREFIX_PATH="$work/stage/opt/atlas" \
    -DCMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu
quietly cmake --build "$work/cmake-stage" --target cpp
runs "$work/cmake-stage/cpp"
echo "ok installed as C libraries are: pkg-config, CMake, fpm, moved, staged, beside another zstd"
