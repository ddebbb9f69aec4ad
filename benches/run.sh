#!/usr/bin/env bash
# run.sh LIBDIR [WORKLOAD...] [--runs N] [--peers[=PEER,...]]
#
# Runs the workloads (W1 to W8, or those named; W1 brings W3 along, W2 brings W4) N times on Atlas, on NetCDF-4 and on
# the bare machine, in turns, and prints one Markdown table. With --peers also on ADIOS2, TileDB, Zarr and TensorStore
# (or those named: adios2, tiledb, zarr, tensorstore), which must be packages of python3, or of the Python that PYTHON
# names; they get a second table. The raw results stay in results.jsonl beside the data: in the folder BENCH_DIR, or
# else build/bench, which must be on a real disk and have 4 GB free.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command="benches/run.sh $*"

usage="usage: run.sh LIBDIR [W1..W8...] [--runs N] [--peers[=PEER,...]], where LIBDIR holds libatlas_store.so"
all_peers=(adios2 tiledb zarr tensorstore)
python=${PYTHON:-python3}

runs=3
workloads=()
peers=()
libdir=
while (($# > 0)); do
    case $1 in
    --runs)
        runs=${2:?--runs needs a number}
        shift
        ;;
    W[1-8]) workloads+=("$1") ;;
    --peers | --peers=all) peers=("${all_peers[@]}") ;;
    --peers=?*) IFS=, read -ra peers <<<"${1#--peers=}" ;;
    *)
        if [[ -n $libdir || ! -e $1/libatlas_store.so ]]; then
            echo "$usage" >&2
            exit 2
        fi
        libdir=$(cd "$1" && pwd)
        ;;
    esac
    shift
done
: "${libdir:?run.sh needs the folder of libatlas_store.so}"
if ((${#workloads[@]} == 0)); then workloads=(W1 W2 W3 W4 W5 W6 W7 W8); fi

# Where there are several HDF5s, the one that libnetcdf itself uses: a filter is registered in it.
hdf5=hdf5
if pkg-config --exists hdf5-serial; then hdf5=hdf5-serial; fi
if ! pkg-config --exists netcdf "$hdf5"; then
    echo "run.sh: NetCDF with its C headers is missing (Debian: libnetcdf-dev)" >&2
    exit 1
fi

find_package='import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)'
packages=()
for peer in "${peers[@]}"; do
    if [[ " ${all_peers[*]} " != *" $peer "* ]]; then
        echo "run.sh: no peer '$peer'; there are ${all_peers[*]}" >&2
        exit 2
    fi
    for package in numpy "$peer"; do
        if ! "$python" -c "$find_package" "$package"; then packages+=("$package"); fi
    done
done
if ((${#packages[@]} > 0)); then
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
    echo "run.sh: packages for --peers are missing: $python -m pip install ${packages[*]}" >&2
    exit 1
fi

work=${BENCH_DIR:-$here/../build/bench}
mkdir -p "$work"
work=$(cd "$work" && pwd)
data=$work/data
results=$work/results.jsonl
: >"$results"
trap 'rm -rf "$data"' EXIT

compile() { # PROGRAM FLAG...
    local program=$1
    shift
    ${CC:-cc} -std=c99 -O3 -Wall -Wextra -Wpedantic "$here/$program.c" "$here/bench.c" -o "$work/$program" "$@" \
        -lpthread -ldl -lm
}
compile workloads -I"$here/../include" -L"$libdir" -latlas_store -Wl,-rpath,"$libdir"
compile limits
# shellcheck disable=SC2046
compile netcdf $(pkg-config --cflags --libs netcdf "$hdf5")
if ((${#peers[@]} > 0)); then
    ${CC:-cc} -std=c99 -O3 -Wall -Wextra -Wpedantic -fPIC -shared -Wl,-Bsymbolic "$here/bench.c" \
        -o "$work/libbench.so" -ldl -lm
    export BENCH_LIBRARY=$work/libbench.so
fi

# NetCDF's compression: zstd where the machine has it, as that is much faster.
codec=zlib missing=" The limits of compression need libzstd.so.1."
if "$work/netcdf" zstd available "$data"; then codec=zstd missing=; fi

cold=posix_fadvise
if [[ -w /proc/sys/vm/drop_caches ]]; then cold=drop_caches; fi

# Synced, so that removing many files, and what was written before, cost the next one nothing.
fresh() {
    rm -rf "$data"
    mkdir "$data"
    sync --file-system "$work"
}

make_cold() {
    if [[ $cold == drop_caches ]]; then echo 3 >/proc/sys/vm/drop_caches; else "$work/limits" evict "$data"; fi
}

measure() { # WORKLOAD VARIANT PROGRAM [CODEC|PEER]
    local workload=$1 variant=$2 program=("$work/$3")
    # -B leaves no __pycache__ among the sources.
    if [[ $3 == peers ]]; then program=("$python" -B "$here/peers/peers.py"); fi
    shift 3
    BENCH_RUN=$run "${program[@]}" "$@" "$workload" "$data" "$variant" >>"$results"
}

wanted() { # WORKLOAD...: whether any of them was asked for
    local asked one
    for asked in "${workloads[@]}"; do
        for one in "$@"; do
            if [[ $asked == "$one" ]]; then return 0; fi
        done
    done
    return 1
}

# Each of these takes PROGRAM [CODEC|PEER].
ingest_and_scan() { # LAYOUT PROGRAM [CODEC|PEER]
    local layout=$1
    shift
    fresh
    measure "W1$layout" "W1$layout" "$@"
    make_cold
    measure "W3$layout" "W3-cold$layout" "$@"
    measure "W3$layout" "W3-warm$layout" "$@"
}
datasets() { ingest_and_scan "" "$@"; }
stacked() { ingest_and_scan -stacked "$@"; }

run_and_read() { # VARIANT PROGRAM [CODEC|PEER]
    local variant=$1
    shift
    fresh
    measure W2 "W2$variant" "$@"
    make_cold
    measure W4 "W4$variant" "$@"
}
model() { run_and_read "" "$@"; }
model_in_background() { run_and_read -background "$@"; }

tiny() {
    fresh
    measure W5-write W5-write "$@"
    make_cold
    measure W5-read W5-read "$@"
    # The other peers have no call for it, or rewrite all of it.
    [[ $1 == peers ]] || measure W5-edit W5-edit "$@"
}

million() {
    fresh
    measure W5-write W5-million-write "$@"
    make_cold
    measure W5-read W5-million-read "$@"
    measure W5-edit W5-million-edit "$@"
}

updates() {
    fresh
    measure W6 W6 "$@"
}

fields() { # VARIANT PROGRAM [CODEC]
    fresh
    measure W7 "W7$1" "${@:2}"
}
many_fields() { fields "" "$@"; }
many_fields_in_memory() { fields -large "$@"; }

variables() {
    fresh
    measure W8 W8-100 "$@"
    fresh
    measure W8 W8-1000 "$@"
}

limits() { # WORKLOAD...
    local workload
    for workload in "$@"; do
        fresh
        measure "$workload" "$workload" limits
    done
}

in_turns() { # COMMAND...: in this order, and in the opposite order every other time
    local i turns=("$@")
    for ((i = 0; i < $#; i++)); do
        # shellcheck disable=SC2086 # each is a command with its arguments
        ${turns[run % 2 ? $# - 1 - i : i]}
    done
}

# Seconds that all processes have worked.
busy() { awk -v ticks="$(getconf CLK_TCK)" '/^cpu / { print ($2 + $3 + $4) / ticks }' /proc/stat; }

started=$(date +%s.%N) busy_before=$(busy)
for ((run = 0; run < runs; run++)); do
    if wanted W1 W3; then
        limits W1 W3
        in_turns "datasets workloads" "datasets netcdf $codec" "stacked netcdf $codec" "datasets netcdf none" \
            "stacked netcdf none" "${peers[@]/#/datasets peers }" "${peers[@]/#/stacked peers }"
    fi
    if wanted W2 W4; then
        limits W2 W4
        in_turns "model workloads" "model netcdf $codec" "model_in_background workloads" "model netcdf none" \
            "${peers[@]/#/model peers }"
    fi
    if wanted W5; then in_turns "tiny workloads" "tiny netcdf none" "${peers[@]/#/tiny peers }"; fi
    # HDF5 takes minutes for a million groups, NetCDF hours.
    if wanted W5; then million workloads; fi
    if wanted W6; then
        limits W6
        in_turns "updates workloads" "updates netcdf $codec" "updates netcdf none" "${peers[@]/#/updates peers }"
    fi
    if wanted W7; then
        in_turns "many_fields workloads" "many_fields netcdf $codec" "many_fields_in_memory workloads" \
            "many_fields netcdf none"
    fi
    if wanted W8; then
        limits W6
        in_turns "variables workloads" "variables netcdf $codec" "variables netcdf none"
    fi
done
ended=$(date +%s.%N) busy_after=$(busy)
times >"$work/times" # of this shell and of what it started; not in a subshell, which has times of its own
others=$(awk -v busy="$busy_after" -v before="$busy_before" -v start="$started" -v end="$ended" '
    { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); own += t[1] * 60 + t[2] } }
    END { others = (busy - before - own) / (end - start); printf "%.2f", (others > 0 ? others : 0) }' "$work/times")

versions=
if ((${#peers[@]} > 0)); then
    versions=$("$python" -c 'import sys, importlib.metadata as m, platform
print("Python " + platform.python_version(), *(f"{name} {m.version(name)}" for name in sys.argv[1:]), sep=", ")' \
        numpy "${peers[@]}")
    versions=" Peers: $versions."
fi

python3 "$here/table.py" "$results"
cat <<FOOTER

$(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, Linux $(uname -r), $(
    df --output=fstype "$work" | tail -n 1
). Cold: $cold. Other work kept $others cores busy.$missing$versions
\`$command\`
FOOTER
