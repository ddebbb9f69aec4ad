#!/usr/bin/env bash
# refused.sh WORK ATLAS: what `atlas import` and `atlas export` refuse, by name and without a trace; and their options.
set -euo pipefail
work=$1 atlas=$2
cases=$(realpath "$(dirname "$0")/cases")
data=/usr/share/ferret-vis/data
cd "$(mktemp -d -p "$work")"

expect() { # STATUS TEXT COMMAND...: it ends so, and says TEXT
    local status=$1 text=$2 output found=0
    shift 2
    output=$("$@" 2>&1) || found=$?
    ((found == status)) || { echo "exit status $found, not $status: $*: $output" >&2; return 1; }
    grep -qF -- "$text" <<<"$output" || { echo "no '$text' of $*: $output" >&2; return 1; }
}
none() { # PATH: there is no such thing
    [[ ! -e $1 ]] || { echo "there is $1" >&2; return 1; }
}

# Types that a store has nothing for.
ncgen -k nc4 -o user.nc "$cases/user.cdl"
expect 1 "file 'user.nc': variable 'good': attribute 'flag' is of the type enum 'cloud', which a store has none for" \
    "$atlas" import user.nc user
none user
for left in "variable 'sky' is of the type enum 'cloud'" "variable 'w' is of the type compound 'wind'" \
    "variable 'r' is of the type vlen 'rows'" "variable 'o' is of the type opaque 'blob'" \
    "variable 'good': attribute 'flag' is of the type enum 'cloud'"; do
    rm -rf user
    expect 0 "left out: file 'user.nc': $left" "$atlas" import --skip-unsupported user.nc user
done
[[ $("$atlas" ls user user) == good ]]
expect 0 ": the same" "$atlas" import --check --skip-unsupported user.nc user

# A name that stores reserve, and text that is none.
ncgen -k nc4 -o reserved.nc - <<<'netcdf reserved { :_atlas_dims = "x" ; }'
expect 1 "file 'reserved.nc': attribute '_atlas_dims' has a name that stores reserve" "$atlas" import reserved.nc none
ncgen -k nc4 -o latin.nc - <<<'netcdf latin { dimensions: x = 1 ; variables: string t(x) ; int i(x) ; data: t = "\351" ; i = 1 ; }'
expect 1 "file 'latin.nc': variable 't' of dataset 'latin': " "$atlas" import latin.nc none
expect 0 "is no UTF-8" "$atlas" import --skip-unsupported latin.nc latin
[[ $("$atlas" ls latin latin) == i ]]
expect 0 ": the same" "$atlas" import --check --skip-unsupported latin.nc latin

# Names of datasets.
mkdir -p 2020 2021
cp "$data/etopo120.cdf" 2020/sst.nc
cp "$data/coads_climatology.cdf" 2021/sst.nc
expect 5 "files '2020/sst.nc' and '2021/sst.nc' would both be dataset \"sst\"" "$atlas" import 20??/sst.nc none
none none
expect 0 "2 datasets of 2 files" "$atlas" import --relative-to . 20??/sst.nc runs
[[ $("$atlas" ls runs | tr '\n' ' ') == "2020/sst 2021/sst " ]]
expect 2 "is not below the folder" "$atlas" import --relative-to 2021 2020/sst.nc runs
expect 2 "--name is for one file" "$atlas" import --name t 20??/sst.nc runs
expect 0 "1 dataset of 1 file" "$atlas" import --name t 2020/sst.nc runs

# Datasets that are there.
before=$("$atlas" info --json runs)
expect 5 "file '2021/sst.nc': the store has a dataset 't'" "$atlas" import --name t 2021/sst.nc runs
[[ $("$atlas" info --json runs) == "$before" ]]
expect 1 "dataset 't'" "$atlas" import --check --name t 2021/sst.nc runs
expect 0 "generation" "$atlas" import --replace --name t 2021/sst.nc runs
expect 0 ": the same" "$atlas" import --check --name t 2021/sst.nc runs

# No files.
expect 3 "read gone.nc" "$atlas" import gone.nc none
expect 5 "'2020' is no file" "$atlas" import 2020 none
echo "units: K" >text.nc
: >empty.nc
for odd in text.nc empty.nc; do
    expect 1 "file '$odd': it is damaged, or no NetCDF file" "$atlas" import "$data/etopo120.cdf" $odd none
    none none
    expect 1 "file '$odd': it is damaged, or no NetCDF file" "$atlas" import --replace "$data/etopo120.cdf" $odd runs
done
expect 0 ": the same" "$atlas" import --check --name t 2021/sst.nc runs

# Out.
expect 0 "t.nc: 1 dataset" "$atlas" export runs t -o t.nc
cp t.nc copy.nc
expect 5 "there is a file 't.nc'" "$atlas" export runs 2020/sst -o t.nc
cmp t.nc copy.nc
expect 0 "t.nc: 1 dataset" "$atlas" export runs 2020/sst -o t.nc --replace
"$work/same" 2020/sst.nc t.nc
expect 3 "there is no dataset 'gone'" "$atlas" export runs gone -o gone.nc
expect 3 "" "$atlas" export gone -o gone.nc
expect 5 "folder/gone.nc" "$atlas" export runs t -o folder/gone.nc
[[ -z $(find . -name 'gone*') ]]
