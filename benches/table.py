"""table.py RESULTS: medians of the results as a Markdown table, with ratios to Atlas; a second one if there are peers.

A ratio is the median of the ratios within the same run, so that what slows the machine down for a while, slows both.
"""

import json
import statistics
import sys

COMPRESSED, UNCOMPRESSED = ("netcdf-zstd", "netcdf-zlib"), ("netcdf-none", "hdf5")
PEERS = {"adios2": "ADIOS2", "tiledb": "TileDB", "zarr": "Zarr", "tensorstore": "TensorStore"}

# workload; what, measure, scale; the peers' workload if not the same; limits: (workload, measure, scale, what)
MB, MS = 1e-6, 1e3
W1_LIMITS = [
    ("W1", "compress_s", 1, "shuffle + zstd-1, all cores"),
    ("W1", "write_compressed_s", 1, "write + fsync of that"),
    ("W1", "write_raw_s", 1, "write + fsync uncompressed"),
]
W2_LIMITS = [
    ("W2", "compress_s", 1, "shuffle + zstd-1, all cores"),
    ("W2", "write_compressed_s", 1, "write + fsync of that"),
    ("W2", "write_raw_s", 1, "write + fsync uncompressed"),
    ("W2", "copy_s", 1, "memcpy"),
]
COPY = [("W2", "copy_step_ms", 1, "memcpy")]
DECOMPRESS = [("W3", "decompress_s", MS, "unshuffle + zstd, all cores")]
MAP = [("W4", "decompress_map_ms", 1, "zstd of its chunk, one core")]
SERIES = [("W4", "decompress_series_ms", 1, "zstd of its chunks, all cores")]
COMMIT = [
    ("W6", "commit_med_ms", 1, "least commit: 2 files, rename, folder"),
    ("W6", "append_med_ms", 1, "append + fsync"),
]
ROWS = [
    ("W1", "ingest 1000 datasets, one flush, s", "wall_s", 1, None, W1_LIMITS),
    ("W1", "the same, the others as one stacked array, s", "wall_s", 1, "W1-stacked", []),
    ("W1", "on disk, MB", "disk_bytes", MB, None, [("W1", "compressed_bytes", MB, "shuffle + zstd-1")]),
    ("W1", "memory beyond the input, MB", "memory_mb", 1, None, []),
    ("W2", "model output, 1.24 GB, 5 flushes, s", "wall_s", 1, None, W2_LIMITS),
    ("W2", "a step, median, ms", "step_med_ms", 1, None, COPY),
    ("W2", "a step, 99th percentile, ms", "step_p99_ms", 1, None, []),
    ("W2", "longest call, ms", "longest_ms", 1, None, []),
    ("W2", "memory, MB", "memory_mb", 1, None, []),
    ("W2", "on disk, MB", "disk_bytes", MB, None, [("W2", "compressed_bytes", MB, "shuffle + zstd-1")]),
    ("W2-background", "the same with `atlas_flush_begin`, s", "wall_s", 1, "W2", []),
    ("W2-background", "a step, median, ms", "step_med_ms", 1, "W2", COPY),
    ("W2-background", "a step, 99th percentile, ms", "step_p99_ms", 1, "W2", []),
    ("W2-background", "longest call, ms", "longest_ms", 1, "W2", []),
    ("W2-background", "memory, MB", "memory_mb", 1, "W2", []),
    ("W3-cold", "scan a variable of 1000 datasets, cold, ms", "wall_s", MS, None, DECOMPRESS),
    ("W3-cold", "the same, the others as one stacked array, ms", "wall_s", MS, "W3-cold-stacked", []),
    ("W3-warm", "scan, warm, ms", "wall_s", MS, None, DECOMPRESS),
    ("W3-warm", "the same, the others as one stacked array, ms", "wall_s", MS, "W3-warm-stacked", []),
    ("W3-warm", "the same again, in one call, ms", "again_ms", 1, None, DECOMPRESS),
    ("W3-warm", "the same again, in calls for 50 datasets, ms", "batches_ms", 1, None, DECOMPRESS),
    ("W4", "open, cold, ms", "open_ms", 1, None, []),
    ("W4", "a map, cold, ms", "map_ms", 1, None, MAP),
    ("W4", "other maps, ms", "map_again_ms", 1, None, MAP),
    ("W4", "a point in 120 chunks, cold, ms", "series_ms", 1, None, SERIES),
    ("W4", "other points, ms", "series_again_ms", 1, None, SERIES),
    ("W5-write", "100,000 tiny datasets, one flush, s", "wall_s", 1, None, []),
    ("W5-write", "on disk, MB", "disk_bytes", MB, None, []),
    ("W5-write", "memory, MB", "memory_mb", 1, None, []),
    ("W5-read", "open, cold, ms", "open_ms", 1, None, []),
    ("W5-read", "list the names, ms", "list_ms", 1, None, []),
    ("W5-read", "read the first, ms", "first_read_ms", 1, None, []),
    ("W5-read", "read another, us", "read_us", 1, None, []),
    ("W5-edit", "change one and flush, ms", "edit_med_ms", 1, None, COMMIT),
    ("W5-million-write", "1,000,000 tiny datasets, one flush, s", "wall_s", 1, None, []),
    ("W5-million-write", "memory, MB", "memory_mb", 1, None, []),
    ("W5-million-read", "open, cold, ms", "open_ms", 1, None, []),
    ("W5-million-read", "memory of the open handle, MB", "handle_mb", 1, None, []),
    ("W5-million-read", "list the names, ms", "list_ms", 1, None, []),
    ("W5-million-read", "read the first, ms", "first_read_ms", 1, None, []),
    ("W5-million-read", "read another, us", "read_us", 1, None, []),
    ("W5-million-edit", "change one and flush, ms", "edit_med_ms", 1, None, COMMIT),
    ("W6", "1000 flushes of 1 KiB, s", "wall_s", 1, None, []),
    ("W6", "a flush, the first 100, ms", "first_ms", 1, None, COMMIT),
    ("W6", "a flush, the last 100, ms", "last_ms", 1, None, COMMIT),
    ("W7", "300 fields appended to 48 times, one flush, s", "wall_s", 1, None, []),
    ("W7", "memory beyond the input, MB", "memory_mb", 1, None, []),
    ("W7", "on disk, MB", "disk_bytes", MB, None, []),
    ("W7-large", "the same with room for all values, s", "wall_s", 1, "W7", []),
    ("W7-large", "memory beyond the input, MB", "memory_mb", 1, "W7", []),
    ("W8-100", "a value of each of 100 variables, flushed, ms", "flush_med_ms", 1, None, COMMIT),
    ("W8-100", "the slowest of 40, ms", "flush_max_ms", 1, None, []),
    ("W8-1000", "a value of each of 1000 variables, flushed, ms", "flush_med_ms", 1, None, COMMIT),
    ("W8-1000", "the slowest of 40, ms", "flush_max_ms", 1, None, []),
]


# Left out of the table of the peers, which is wide enough: they have no flush in the background, nor one of what has changed.
NOT_FOR_PEERS = ("W2-background", "W5-edit", "W5-million-write", "W5-million-read", "W5-million-edit", "W7", "W7-large", "W8-100", "W8-1000"), ("step_p99_ms",)
# What grows with the number of datasets, where some peers do W5 with fewer. Memory need not, so it has no ratio there.
PER_DATASET, NO_RATIO = ("wall_s", "disk_bytes", "list_ms"), ("memory_mb",)
TINY_DATASETS = 100_000


def number(x):
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def ratio_text(values, atlas):
    """Of the runs' values to those of Atlas in the same runs."""
    ratio = statistics.median(value / atlas[run] for run, value in values.items())
    return f" **{ratio:.2f}x**" if ratio < 100 else f" **{ratio:.0f}x**"


def read_results(path):
    """(workload, system, measure) -> {run: value}"""
    results = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for measure in row.keys() - {"run", "workload", "system"}:
                key = row["workload"], row["system"], measure
                results.setdefault(key, {})[row["run"]] = row[measure]
    return results


def scaled(results, key, scale):
    return {run: value * scale for run, value in results.get(key, {}).items()}


def cell(values, atlas):
    """Median, lowest and highest, and the ratio to Atlas, unless this is Atlas."""
    if not values:
        return ""
    low, middle, high = (number(f(values.values())) for f in (min, statistics.median, max))
    text = f"{middle} ({low}..{high})" if len(values) > 1 else middle
    return text + (ratio_text(values, atlas) if atlas else "")


def print_head(columns):
    print("|", " | ".join(columns), "|")
    print("|" + "---|" * len(columns))


def print_rows(results, rows, cells_of):
    shown = None
    for row in rows:
        workload, what, measure, scale = row[:4]
        atlas = scaled(results, (workload, "atlas", measure), scale)
        if not atlas:
            continue
        print("|", " | ".join(["" if workload == shown else workload, what, *cells_of(row, atlas)]), "|")
        shown = workload


def print_table(results):
    def cells_of(row, atlas):
        workload, _, measure, scale, peers, limits = row
        cells = [cell(atlas, None)]
        for systems in (COMPRESSED, UNCOMPRESSED):
            values = (scaled(results, (peers or workload, system, measure), scale) for system in systems)
            cells.append(cell(next(filter(None, values), None), atlas))
        bounds = ((cell(scaled(results, (w, "limit", m), s), atlas), label) for w, m, s, label in limits)
        cells.append("<br>".join(f"{label}: {value}" for value, label in bounds if value))
        return cells

    codec = next((s.removeprefix("netcdf-") for _, s, _ in results if s in COMPRESSED), "zstd")
    netcdf = f"NetCDF-4, shuffle + {codec}-1", "NetCDF-4 (W5: HDF5), uncompressed"
    print_head(["", "", "Atlas", *netcdf, "the machine"])
    print_rows(results, ROWS, cells_of)


def print_peers(results, peers):
    def peer_cell(row, atlas, peer):
        workload, _, measure, scale, peers_workload, _ = row
        workload = peers_workload or workload
        values = scaled(results, (workload, peer, measure), scale)
        if not values:
            return ""
        text = number(statistics.median(values.values()))
        datasets = results.get((workload, peer, "datasets"))
        share = TINY_DATASETS / min(datasets.values()) if datasets else 1
        if share != 1:
            text += " †"
            if measure in NO_RATIO:
                return text
            if measure in PER_DATASET:
                values = {run: value * share for run, value in values.items()}
        return text + ratio_text(values, atlas)

    def cells_of(row, atlas):
        return [number(statistics.median(atlas.values())), *(peer_cell(row, atlas, peer) for peer in peers)]

    workloads, measures = NOT_FOR_PEERS
    print_head(["", "", "Atlas", *(PEERS[peer] for peer in peers)])
    print_rows(results, [row for row in ROWS if row[0] not in workloads and row[2] not in measures], cells_of)
    fewer = {min(v.values()) for (_, _, m), v in results.items() if m == "datasets"} - {TINY_DATASETS}
    for datasets in fewer:
        instead = f"{datasets:,.0f} datasets instead of {TINY_DATASETS:,}"
        print(f"\n† {instead}; writing, listing and size are compared by the dataset.")


def main():
    results = read_results(sys.argv[1])
    print_table(results)
    peers = [peer for peer in PEERS if any(system == peer for _, system, _ in results)]
    if peers:
        print()
        print_peers(results, peers)


main()
