#!/usr/bin/env bash
# run.sh LIBDIR [RUNS]: tiles.c on 4 and 8 ranks, and on one with Atlas alone, on Atlas, PnetCDF, parallel HDF5 and NetCDF-4, in turns; a Markdown table of
# medians. Before that commit.c on 1 to 16 ranks. Each is built if its library is there (Debian: libpnetcdf-dev, libhdf5-openmpi-dev, libnetcdf-mpi-dev), with
# Open MPI. The data lie in BENCH_DIR, or build/bench, on a real disk with 4 GB free.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
libdir=$(cd "${1:?run.sh needs the folder of libatlas_store.so}" && pwd)
runs=${2:-3}
work=${BENCH_DIR:-$root/build/bench}/mpi
rm -rf "$work"
mkdir -p "$work"
mpiexec=(mpiexec.openmpi --oversubscribe)
if ((EUID == 0)); then mpiexec+=(--allow-run-as-root); fi
common=(-std=gnu11 -O2 -w -I"$root/include" "$here/tiles.c" "$here/../bench.c")
systems=()
build() { # NAME FLAG LIBRARY...
    local name=$1
    shift
    if mpicc.openmpi "${common[@]}" "$@" -lm -ldl -o "$work/$name" 2>"$work/$name.log"; then systems+=("$name"); else echo "no $name: $(head -1 "$work/$name.log")" >&2; fi
}
libs=/usr/lib/$(uname -m)-linux-gnu
hdf5=$libs/hdf5/openmpi
build atlas -DATLAS -L"$libdir" -latlas_store -Wl,-rpath,"$libdir"
build pnetcdf -DPNETCDF -lpnetcdf
build hdf5 -DHDF5 -I/usr/include/hdf5/openmpi -L"$hdf5" -lhdf5 -Wl,-rpath,"$hdf5"
build hdf5-deflate -DHDF5_ZIP -I/usr/include/hdf5/openmpi -L"$hdf5" -lhdf5 -Wl,-rpath,"$hdf5"
build netcdf4 -DNETCDF4 -I"$libs/netcdf/mpi/include" -lnetcdf_mpi
mpicc.openmpi -std=gnu11 -O2 -w "$here/commit.c" "$here/../bench.c" -I"$root/include" -L"$libdir" -latlas_store \
    -Wl,-rpath,"$libdir" -lm -ldl -o "$work/commit"
for ranks in 1 4 8 16; do
    rm -rf "$work/out"
    "${mpiexec[@]}" --mca mpi_yield_when_idle 1 -n "$ranks" "$work/commit" "$work/out"
done
for ((run = 0; run < runs; run++)); do
    for ranks in 1 4 8; do
        for system in "${systems[@]}"; do
            if ((ranks == 1)) && [[ $system != atlas ]]; then continue; fi
            rm -rf "$work/out"
            sync
            result=$("${mpiexec[@]}" -n "$ranks" "$work/$system" "$work/out")
            echo "${result%\}}, \"MB\": $(du -sm "$work/out" | cut -f 1)}" | tee -a "$work/results.jsonl" >&2
        done
    done
done
python3 - "$work/results.jsonl" <<'PYTHON'
import json, statistics, sys
rows = {}
for line in open(sys.argv[1]):
    row = json.loads(line)
    rows.setdefault((row["system"], row["ranks"]), []).append(row)
systems = list(dict.fromkeys(system for system, _ in rows))
print("| seconds, of which in flushes; MB on the disk | " + " | ".join(systems) + " |")
print("|---" * (len(systems) + 1) + "|")
for ranks in sorted({ranks for _, ranks in rows}):
    cells = []
    for system in systems:
        of = rows.get((system, ranks))
        if not of:
            cells.append("")
            continue
        middle = {key: statistics.median(row[key] for row in of) for key in ("seconds", "in flushes", "MB")}
        cells.append(f"{middle['seconds']:.2f}, {middle['in flushes']:.2f}; {middle['MB']:.0f}")
    print(f"| {ranks} rank{'s' * (ranks > 1)} | " + " | ".join(cells) + " |")
PYTHON
