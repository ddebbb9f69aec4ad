#!/usr/bin/env bash
# tests/netcdf/run.sh LIBDIR: NetCDF files into a store and back, bit for bit: real climate files, and a file of every
# type. The checks are those of examples/c/ingest_netcdf.c --check.
set -euo pipefail
cd "$(dirname "$0")/../.."
libdir=$(realpath "$1")
data=/usr/share/ferret-vis/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

read -ra netcdf < <(pkg-config --cflags --libs netcdf)
cc -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Werror -Iinclude examples/c/ingest_netcdf.c -o "$work/ingest" \
    -L"$libdir" -latlas_store -Wl,-rpath,"$libdir" "${netcdf[@]}" -lm
cc -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Werror tests/netcdf/every_type.c -o "$work/every_type" "${netcdf[@]}"

round_trip() { # STORE ARGUMENT...: what ingest_netcdf takes behind the store
    local store=$1 options=()
    shift
    if [[ $1 == --split ]]; then
        options=("$1" "$2")
        shift 2
    fi
    "$work/ingest" "${options[@]}" "$store" "$@"
    "$work/ingest" --check "${options[@]}" "$store" "$@"
    echo
}

climate=(
    "$data/coads_climatology.cdf"
    "$data/levitus_climatology.cdf"
    "$data/monthly_navy_winds.cdf"
    "$data/ocean_atlas_subset.nc"
    "$data/esku_heat_budget.cdf"
    "$data/etopo5.cdf"
)
round_trip "$work/climate" "${climate[@]}"
round_trip "$work/by_month" --split TIME "${climate[@]}"

"$work/every_type" "$work/every.type.nc"
round_trip "$work/every" "$work/every.type.nc"
round_trip "$work/every_by_time" --split time "$work/every.type.nc"

valgrind=(valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --error-exitcode=99)
"${valgrind[@]}" "$work/ingest" "$work/valgrind" "$work/every.type.nc"
"${valgrind[@]}" "$work/ingest" --check "$work/valgrind" "$work/every.type.nc"

# A check that cannot fail proves nothing.
expect_difference() { # TEXT ARGUMENT...: --check fails and says TEXT
    local text=$1 output
    shift
    if output=$("$work/ingest" --check "$@" 2>&1); then
        echo "this should have failed: --check $*" >&2
        return 1
    fi
    grep -qF -- "$text" <<<"$output" || { echo "no '$text' in: $output" >&2; return 1; }
}
mkdir "$work/other"
cp "$data/coads_climatology.cdf" "$work/other/esku_heat_budget.cdf"
expect_difference NOT_FOUND "$work/climate" "$work/other/esku_heat_budget.cdf"
sed 's/Deg C/Deg F/' "$data/coads_climatology.cdf" >"$work/other/coads_climatology.cdf"
expect_difference "attribute 'units'" "$work/climate" "$work/other/coads_climatology.cdf" "${climate[@]:1}"
cp "$data/levitus_climatology.cdf" "$work/other/levitus_climatology.cdf"
printf '\x42' | dd of="$work/other/levitus_climatology.cdf" bs=1 seek=5000000 conv=notrunc status=none
expect_difference "1 of 1296000 values" "$work/climate" "$work/other/levitus_climatology.cdf" "${climate[@]:0:1}" "${climate[@]:2}"
