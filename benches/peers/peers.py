"""peers.py PEER WORKLOAD FOLDER [VARIANT]: runs a workload on a peer that is a Python package.

PEER is adios2, tiledb, zarr or tensorstore; WORKLOAD, FOLDER and VARIANT are as for workloads.c; W1-stacked and
W3-stacked are W1 and W3 in another layout. BENCH_LIBRARY names bench.c as a shared library.
"""

import importlib
import sys
from collections.abc import Callable, Iterator

import numpy as np

import bench
from bench import FIELDS, SIZES, cpu, now, resident, result
from peer import Peer, tiny_name

# ---- W1 and W3 ----


def ingest(peer: Peer, variant: str, write: Callable[[np.ndarray], None]) -> None:
    fields = bench.make_fields()

    memory, work, start = resident(), cpu(), now()
    write(fields)
    bench.sync(peer.folder)
    wall = now() - start

    bench.result_begin(peer.system, variant)
    result("wall_s", wall)
    result("cpu_s", cpu() - work)
    bench.result_memory(memory)
    result("disk_bytes", bench.bytes_in(peer.folder))
    bench.result_end()


def scan(
    peer: Peer, variant: str, open_fields: Callable[[], None], read: Callable[[str], Iterator[np.ndarray]]
) -> None:
    memory, work, start = resident(), cpu(), now()
    open_fields()
    opened = now()
    sums = [bench.sum_field(field) for field in read(FIELDS[0])]
    wall = now() - start

    bench.result_begin(peer.system, variant)
    result("wall_s", wall)
    result("open_ms", 1e3 * (opened - start))
    result("cpu_s", cpu() - work)
    bench.result_memory(memory)
    bench.result_end()
    bench.check_sums(sums, 0)
    bench.check_sums([bench.sum_field(field) for field in read(FIELDS[1])], 1)


# ---- W2 and W4 ----


def run_model(peer: Peer, variant: str) -> None:
    data = bench.make_steps()
    slabs = np.ones_like(data[0])
    steps, flushes, longest, copying = [], [], 0.0, 0.0

    memory, work, start = resident(), cpu(), now()
    peer.create_run()
    for step in range(SIZES.STEPS):
        before = now()
        np.copyto(slabs, data[step % SIZES.CYCLE])  # the model's work
        copied = last = now()
        copying += copied - before
        for _ in peer.write_step(step, slabs):
            called = now()
            longest = max(longest, called - last)
            last = called
        steps.append(last - copied)
        if (step + 1) % SIZES.FLUSH_EVERY == 0:
            bench.sync(peer.folder)
            flushes.append(now() - last)
            longest = max(longest, flushes[-1])
    before = now()
    peer.close_run()
    bench.sync(peer.folder)
    end = now()

    bench.result_begin(peer.system, variant)
    result("wall_s", end - start - copying)
    result("cpu_s", cpu() - work)
    bench.result_durations("step", steps)
    bench.result_durations("flush", flushes)
    result("longest_ms", 1e3 * longest)
    result("close_ms", 1e3 * (end - before))
    bench.result_memory(memory)
    result("disk_bytes", bench.bytes_in(peer.folder))
    bench.result_end()


def read_run(peer: Peer, variant: str) -> None:
    level = SIZES.MAP_LEVEL
    map_again, series_again = [], []

    memory, start = resident(), now()
    peer.open_run()
    opened = now()
    values = peer.read_map(1, SIZES.MAP_STEP, level)
    mapped = now()
    series = peer.read_series(0, level, SIZES.POINT_ROW, SIZES.POINT_COLUMN)
    done = now()
    bench.check_map(values, SIZES.MAP_STEP, 1, level)
    bench.check_series(series, 0, level, SIZES.POINT_ROW, SIZES.POINT_COLUMN)
    for i in range(SIZES.REPEATS):
        row, column = bench.other_point(i)
        before = now()
        series = peer.read_series(0, level, row, column)
        series_again.append(now() - before)
        bench.check_series(series, 0, level, row, column)
    for i in range(SIZES.REPEATS):
        step, other_level = bench.other_map(i)
        before = now()
        values = peer.read_map(0, step, other_level)
        map_again.append(now() - before)
        bench.check_map(values, step, 0, other_level)

    bench.result_begin(peer.system, variant)
    result("open_ms", 1e3 * (opened - start))
    result("map_ms", 1e3 * (mapped - opened))
    result("series_ms", 1e3 * (done - mapped))
    result("map_again_ms", 1e3 * bench.median(map_again))
    result("series_again_ms", 1e3 * bench.median(series_again))
    bench.result_memory(memory)
    bench.result_end()
    for step in range(SIZES.STEPS):
        bench.check_slab(peer.read_slab(3, step), step, 3)


# ---- W5 ----


def create_tiny(peer: Peer, variant: str) -> None:
    memory, work, start = resident(), cpu(), now()
    peer.create_tiny()
    bench.sync(peer.folder)
    wall = now() - start

    bench.result_begin(peer.system, variant)
    result("datasets", peer.tiny_datasets)
    result("wall_s", wall)
    result("cpu_s", cpu() - work)
    bench.result_memory(memory)
    result("disk_bytes", bench.bytes_in(peer.folder))
    bench.result_end()


def read_tiny(peer: Peer, variant: str) -> None:
    reads = []

    memory, start = resident(), now()
    peer.open_tiny()
    opened = now()
    names = peer.list_tiny()
    listed = now()
    for i in range(SIZES.TINY_READS):
        dataset = bench.tiny_dataset(i) % peer.tiny_datasets
        before = now()
        values, identity = peer.read_tiny(tiny_name(dataset))
        reads.append(now() - before)
        bench.check_tiny(values, identity, dataset)

    bench.result_begin(peer.system, variant)
    result("datasets", peer.tiny_datasets)
    result("open_ms", 1e3 * (opened - start))
    result("list_ms", 1e3 * (listed - opened))
    result("first_read_ms", 1e3 * reads[0])
    result("read_us", 1e6 * bench.median(reads[1:]))
    bench.result_memory(memory)
    bench.result_end()
    if sorted(names) != [tiny_name(k) for k in range(peer.tiny_datasets)]:
        sys.exit("other datasets are listed than were written")


# ---- W6 ----


def update(peer: Peer, variant: str) -> None:
    row = np.empty((1, SIZES.UPDATE), np.float32)
    flushes = []
    peer.create_updates()
    bench.sync(peer.folder)

    memory, work, start = resident(), cpu(), now()
    for k in range(SIZES.UPDATES):
        bench.make_update(row, k)
        before = now()
        peer.update(k, row)
        if not peer.syncs_updates:
            bench.sync(peer.folder)
        flushes.append(now() - before)
    wall, worked = now() - start, cpu() - work
    peer.close_updates()

    bench.result_begin(peer.system, variant)
    result("wall_s", wall)
    result("per_s", SIZES.UPDATES / wall)
    result("cpu_s", worked)
    bench.result_durations("flush", flushes)
    result("first_ms", 1e3 * bench.median(flushes[: SIZES.WINDOW]))
    result("last_ms", 1e3 * bench.median(flushes[-SIZES.WINDOW :]))
    bench.result_memory(memory)
    result("disk_bytes", bench.bytes_in(peer.folder))
    bench.result_end()
    bench.check_updates(peer.read_updates())


def main() -> None:
    if len(sys.argv) not in (4, 5):
        sys.exit("usage: peers.py PEER WORKLOAD FOLDER [VARIANT]")
    name, workload, folder = sys.argv[1:4]
    variant = sys.argv[4] if len(sys.argv) > 4 else workload
    peer = importlib.import_module(f"{name}_peer").System(folder)
    match workload:
        case "W1":
            ingest(peer, variant, peer.ingest)
        case "W1-stacked":
            ingest(peer, variant, peer.ingest_stacked)
        case "W2":
            run_model(peer, variant)
        case "W3":
            scan(peer, variant, peer.open_fields, peer.read_fields)
        case "W3-stacked":
            scan(peer, variant, peer.open_stacked, peer.read_stacked)
        case "W4":
            read_run(peer, variant)
        case "W5-write":
            create_tiny(peer, variant)
        case "W5-read":
            read_tiny(peer, variant)
        case "W6":
            update(peer, variant)
        case _:
            sys.exit(f"no workload {workload}")


main()
