#!/usr/bin/env bash
# tests/netcdf/run.sh LIBDIR: NetCDF files into a store and out of it by `atlas import` and `atlas export`, bit for bit: real
# climate files, and files of what is awkward. tests/netcdf/same.c compares files as libnetcdf reads them, and
# tests/netcdf/alike.py compares a store with its files as the Python packages netCDF4 and atlas read them. Then damaged
# files, and what is refused. Needs cargo, a C compiler, ncgen and nccopy, python3 with venv. The last line is
# "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
(($# == 1)) || { echo "usage: run.sh LIBDIR" >&2; exit 2; }
data=/usr/share/ferret-vis/data
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT

make --no-print-directory -s tool
atlas=$PWD/build/bin/atlas
. scripts/python-env.sh "$1"
python=$PWD/build/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1
read -ra netcdf < <(pkg-config --cflags --libs netcdf)
for program in same every_type quantized; do
    cc -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Werror "tests/netcdf/$program.c" -o "$work/$program" "${netcdf[@]}"
done

passed=0
failed=0
counted() { # TITLE COMMAND...: one test
    local title=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $title"
    fi
}

# ---- files that come back ----

mkdir "$work/in" "$work/out"
for name in shadow loose types twice; do ncgen -k nc4 -o "$work/in/$name.nc" "tests/netcdf/cases/$name.cdl"; done
for kind in nc3 nc4 nc5 nc6 nc7; do ncgen -k $kind -o "$work/in/classic.$kind.nc" tests/netcdf/cases/classic.cdl; done
"$work/every_type" "$work/in/every.type.nc"
"$work/quantized" "$work/in/quantized.nc"
climate=("$data"/*.cdf "$data"/*.nc)
files=("${climate[@]}" "$work"/in/*.nc)

store=$work/store
"$atlas" import "${files[@]}" "$store"
"$atlas" import --check "${files[@]}" "$store"
"$atlas" verify --quiet "$store"
stem() { # FILE: the name of its dataset
    local name=${1##*/}
    echo "${name%.*}"
}
comes_back() { # FILE
    local name
    name=$(stem "$1")
    "$atlas" export --quiet "$store" "$name" -o "$work/out/$name.nc" && "$work/same" --chunks "$1" "$work/out/$name.nc"
}
# All as groups of one file, and that as a store again.
all_at_once() {
    "$atlas" export --quiet --level 0 "$store" -o "$work/all.nc" &&
        "$atlas" import --quiet "$work/all.nc" "$work/again" &&
        "$atlas" export --quiet --no-shuffle --level 9 "$work/again" all/types -o "$work/types.nc" &&
        "$work/same" "$work/in/types.nc" "$work/types.nc"
}
for file in "${files[@]}"; do counted "comes back: $(stem "$file")" comes_back "$file"; done
counted "all datasets in one file" all_at_once
# netCDF4 finds dimensions by name, and so not the hidden ones.
counted "as netCDF4 and the package atlas read them" "$python" tests/netcdf/alike.py "$store" \
    "${climate[@]}" "$work"/in/{loose,types,twice,every.type,quantized,classic.*}.nc
counted "what libnetcdf has rounded" "$python" tests/netcdf/quantized.py "$work" "$atlas"
counted "what differs is found" tests/netcdf/differs.sh "$work" "$atlas"

# ---- files that are refused, options ----

counted "what is refused, and the options" tests/netcdf/refused.sh "$work" "$atlas"
counted "what NetCDF lacks" "$python" tests/netcdf/out.py "$work" "$atlas"
counted "memory is bounded" "$python" tests/netcdf/memory.py "$work" "$atlas"
for name in classic.nc3 classic.nc5 loose types; do
    counted "damaged: $name" "$python" tests/netcdf/damage.py "$work" "$atlas" "$work/in/$name.nc"
done

valgrind=(valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99)
under_valgrind() {
    "${valgrind[@]}" "$atlas" import --quiet "$work"/in/{every.type,quantized,types,shadow,classic.nc3}.nc "$work/valgrind" &&
        "${valgrind[@]}" "$atlas" export --quiet "$work/valgrind" -o "$work/valgrind.nc"
}
counted "under valgrind" under_valgrind

# ---- sizes ----

six=()
printf '\n%-24s %12s %12s\n' file "as found" NetCDF-4
total=0
for name in coads_climatology.cdf levitus_climatology.cdf monthly_navy_winds.cdf ocean_atlas_subset.nc \
    esku_heat_budget.cdf etopo5.cdf; do
    six+=("$data/$name")
    nccopy -k nc4 -d 1 -s "$data/$name" "$work/size.nc"
    size=$(stat -c %s "$work/size.nc")
    total=$((total + size))
    printf '%-24s %12d %12d\n' "$(stem "$name")" "$(stat -c %s "$data/$name")" "$size"
done
"$atlas" import --quiet "${six[@]}" "$work/six"
size=$(find "$work/six" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
printf '%-24s %12s %12d\n%-24s %12s %12d\n' "all six" "" "$total" "one store of all six" "" "$size"
counted "the store is the smaller one" test "$size" -lt "$total"
echo "$passed passed, $failed failed"
((failed == 0))
