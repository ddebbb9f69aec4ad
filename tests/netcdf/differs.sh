#!/usr/bin/env bash
# differs.sh WORK ATLAS: a check that cannot fail proves nothing: `atlas import --check` and same.c, on files that differ from
# the store and from one another in one thing each.
set -euo pipefail
work=$1 atlas=$2
data=/usr/share/ferret-vis/data
mkdir "$work/other"

expect() { # STATUS TEXT COMMAND...: it ends so, and says TEXT
    local status=$1 text=$2 output found=0
    shift 2
    output=$("$@" 2>&1) || found=$?
    ((found == status)) || { echo "exit status $found, not $status: $*: $output" >&2; return 1; }
    grep -qF -- "$text" <<<"$output" || { echo "no '$text' of $*: $output" >&2; return 1; }
}
check() { # TEXT FILE: the store has something else than the file
    expect 1 "$1" "$atlas" import --check "$2" "$work/store"
}

cp "$data/coads_climatology.cdf" "$work/other/esku_heat_budget.cdf"
check "array 'SST' of dataset 'esku_heat_budget': its type, shape, dimensions, whether it grows, or fill value differ" \
    "$work/other/esku_heat_budget.cdf"
sed 's/Deg C/Deg F/' "$data/coads_climatology.cdf" >"$work/other/coads_climatology.cdf"
check "attribute 'units' differs" "$work/other/coads_climatology.cdf"
expect 1 "attribute 'units'" "$work/same" "$data/coads_climatology.cdf" "$work/other/coads_climatology.cdf"
cp "$data/levitus_climatology.cdf" "$work/other/levitus_climatology.cdf"
printf '\x42' | dd of="$work/other/levitus_climatology.cdf" bs=1 seek=5000000 conv=notrunc status=none
check "values differ among the" "$work/other/levitus_climatology.cdf"
expect 1 "values" "$work/same" "$data/levitus_climatology.cdf" "$work/other/levitus_climatology.cdf"
cp "$data/etopo120.cdf" "$work/other/new.cdf"
check "dataset 'new' is not there" "$work/other/new.cdf"
