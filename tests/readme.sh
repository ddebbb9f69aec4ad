#!/usr/bin/env bash
# readme.sh LIBDIR: the programs in the README are the quickstarts in examples, build from the README's own text and
# print the same line; those of docs/time.md in C, C++, Fortran and Julia do so too; every file that README and CONTRIBUTING
# link to exists.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/python-env.sh "$1"
libdir=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
julia=${JULIA:-$(command -v julia || echo /opt/julia-1.5/bin/julia)}
link=(-L"$libdir" -latlas_store -Wl,-rpath,"$libdir")

for file in c/quickstart.c cpp/quickstart.cpp fortran/quickstart.f90 julia/quickstart.jl python/quickstart.py \
    rust/quickstart.rs; do
    # shellcheck disable=SC2016 # the dollar signs are those of sed
    sed -n '/^```'"${file%%/*}"'$/,/^```$/{/^```/d;p}' README.md >"$work/${file#*/}"
    diff "$work/${file#*/}" "examples/$file"
done
cd "$work"
root=$OLDPWD
cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$root/include" quickstart.c -o c "${link[@]}"
c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$root/include" -I"$root/bindings/cpp/include" quickstart.cpp -o cpp \
    "${link[@]}"
gfortran -std=f2018 -Wall -Wextra -Werror -J. "$root"/bindings/fortran/src/*.f90 quickstart.f90 -o fortran "${link[@]}"
(cd "$root" && cargo build --locked --release --example quickstart)
cp "${CARGO_TARGET_DIR:-$root/target}/release/examples/quickstart" rust
cat >julia <<PROGRAM
#!/bin/sh
ATLAS_STORE_LIBRARY="$libdir/libatlas_store.so" JULIA_DEPOT_PATH="$work/depot:" exec "$julia" --startup-file=no \\
    --project="$root/bindings/julia" "$work/quickstart.jl" "\$@"
PROGRAM
cat >python <<PROGRAM
#!/bin/sh
exec "$root/build/venv/bin/python" "$work/quickstart.py" "\$@"
PROGRAM
chmod +x julia python
for language in c cpp fortran julia python rust; do
    printed=$("./$language" "$language.atlas")
    echo "$language: $printed"
    [[ $printed == "temperature[1][0] = -1.5, min -1.5, max 13.5" ]]
done

for language in c cpp fortran julia; do
    # shellcheck disable=SC2016
    sed -n '/^```'"$language"'$/,/^```$/{/^```/d;p}' "$root/docs/time.md" >"time.$language"
done
mv time.fortran time.f90
sed 's/quickstart\.jl/time.julia/' julia >time-julia
chmod +x time-julia
cc -std=c99 -Wall -Wextra -Wpedantic -Werror -I"$root/include" time.c -o time-c "${link[@]}"
c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$root/include" -I"$root/bindings/cpp/include" time.cpp -o time-cpp \
    "${link[@]}"
gfortran -std=f2018 -Wall -Wextra -Werror -J. "$root"/bindings/fortran/src/*.f90 time.f90 -o time-fortran "${link[@]}"
for program in time-c time-cpp time-fortran time-julia; do
    rm -rf time.atlas
    printed=$("./$program")
    echo "$program: $printed"
    [[ $printed == "24 hours, 2000-03-01 12:00" ]]
done

cd "$root"
for page in README.md CONTRIBUTING.md; do
    while read -r target; do
        [[ -e $target ]] || { echo "$page links to $target, which is not there" >&2; exit 1; }
    done < <(sed '/^```/,/^```$/d' "$page" | grep -o ']([^)#]*' | cut -c 3- | grep -v '^https\?:')
done
