"""table.py RESULTS: medians of the results as one Markdown table, with ratios to Atlas.

A ratio is the median of the ratios within the same run, so that what slows the machine down for a while, slows both.
"""

import json
import statistics
import sys

COMPRESSED, UNCOMPRESSED = ("netcdf-zstd", "netcdf-zlib"), ("netcdf-none", "hdf5")

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
    ("W1", "the same, NetCDF as one stacked array, s", "wall_s", 1, "W1-stacked", []),
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
    ("W3-cold", "the same, NetCDF as one stacked array, ms", "wall_s", MS, "W3-cold-stacked", []),
    ("W3-warm", "scan, warm, ms", "wall_s", MS, None, DECOMPRESS),
    ("W3-warm", "the same, NetCDF as one stacked array, ms", "wall_s", MS, "W3-warm-stacked", []),
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
    ("W6", "1000 flushes of 1 KiB, s", "wall_s", 1, None, []),
    ("W6", "a flush, the first 100, ms", "first_ms", 1, None, COMMIT),
    ("W6", "a flush, the last 100, ms", "last_ms", 1, None, COMMIT),
]


def number(x):
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def main():
    results = {}  # (workload, system, measure) -> {run: value}
    with open(sys.argv[1], encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            for measure in row.keys() - {"run", "workload", "system"}:
                key = row["workload"], row["system"], measure
                results.setdefault(key, {})[row["run"]] = row[measure]

    def cell(key, scale, atlas):
        values = results.get(key)
        if not values:
            return ""
        low, middle, high = (f(values.values()) * scale for f in (min, statistics.median, max))
        text = number(middle)
        if len(values) > 1:
            text += f" ({number(low)}..{number(high)})"
        if atlas is not None:
            (atlas_values, atlas_scale) = atlas
            ratio = statistics.median(v * scale / (atlas_values[run] * atlas_scale) for run, v in values.items())
            text += f" **{ratio:.2f}x**"
        return text

    def peer(systems, *rest):
        return next(filter(None, (cell((workload, system, measure), *rest) for system in systems)), "")

    codec = next((s.removeprefix("netcdf-") for _, s, _ in results if s in COMPRESSED), "zstd")
    print(f"| | | Atlas | NetCDF-4, shuffle + {codec}-1 | NetCDF-4 (W5: HDF5), uncompressed | the machine |")
    print("|---|---|---|---|---|---|")
    shown = None
    for workload, what, measure, scale, peers, limits in ROWS:
        ours = results.get((workload, "atlas", measure))
        if not ours:
            continue
        atlas = ours, scale
        name = "" if workload == shown else workload
        shown = workload
        mine = cell((workload, "atlas", measure), scale, None)
        workload = peers or workload
        cells = [peer(systems, scale, atlas) for systems in (COMPRESSED, UNCOMPRESSED)]
        bounds = ((cell((w, "limit", m), s, atlas), label) for w, m, s, label in limits)
        cells.append("<br>".join(f"{label}: {value}" for value, label in bounds if value))
        print("|", " | ".join([name, what, mine, *cells]), "|")


main()
