"""damage.py WORK ATLAS FILE: a file that is cut anywhere is refused by name, and leaves no store. One with a bit flipped is
refused by name, or comes in as libnetcdf reads it, as another program says."""

import pathlib
import random
import subprocess
import sys

FLIPS = 40
CUTS = 24


def fail(what: str) -> None:
    print(what)
    sys.exit(1)


def padding(path: pathlib.Path) -> int:
    """Bytes that may be missing at the end: they are behind the last value."""
    return 1 if path.stem in ("classic.nc3", "classic.nc5", "classic.nc6") else 0


def main(work: str, atlas: str, path: str) -> None:
    source = pathlib.Path(path)
    whole = source.read_bytes()
    folder = pathlib.Path(work, f"damage-{source.stem}")
    folder.mkdir()
    bad, out = folder / "bad.nc", folder / "out.nc"
    chance = random.Random(source.stem)

    def run(data: bytes, what: str, number: int) -> int:
        bad.write_bytes(data)
        store = folder / f"store-{number}"
        done = subprocess.run([atlas, "import", str(bad), str(store)], capture_output=True, text=True, timeout=60)
        if done.returncode not in (0, 1, 5) or (done.returncode and f"file '{bad}'" not in done.stderr):
            fail(f"{source.name}, {what}: exit status {done.returncode}: {done.stderr}")
        if done.returncode and store.exists():
            # A crash of libnetcdf leaves the store that was made, without a dataset.
            listed = subprocess.run([atlas, "ls", str(store)], capture_output=True, text=True, check=True)
            if "crashed libnetcdf" not in done.stderr or listed.stdout:
                fail(f"{source.name}, {what}: there is a store")
        return done.returncode

    ends = len(whole) - padding(source)
    cuts = {0, 1, 3, 4, 7, 8, 100, ends - 1} | set(chance.sample(range(ends), CUTS))
    for number, cut in enumerate(sorted(cuts)):
        if run(whole[:cut], f"cut to {cut}", number) == 0:
            fail(f"{source.name}: taken when cut to {cut} of {len(whole)} bytes")
    refused = 0
    # What is zero is mostly nothing.
    written = [at for at, byte in enumerate(whole) if byte]
    for number in range(FLIPS):
        at = chance.choice(written)
        data = bytearray(whole)
        data[at] ^= 1 << chance.randrange(8)
        number += len(cuts)
        if run(bytes(data), f"byte {at} changed", number):
            refused += 1
            continue
        command = [atlas, "export", "--skip-unsupported", "--quiet", "--replace"]
        subprocess.run([*command, str(folder / f"store-{number}"), "bad", "-o", str(out)], check=True)
        same = subprocess.run([f"{work}/same", str(bad), str(out)], capture_output=True, text=True)
        # What NetCDF-4 has no name or type for is left out.
        if same.returncode and not any(word in same.stdout for word in ("is not there", "the number of attributes")):
            fail(f"{source.name}, byte {at} changed: {same.stdout}{same.stderr}")
    if not 0 < refused < FLIPS:
        fail(f"{source.name}: {refused} of {FLIPS} refused")


main(*sys.argv[1:])
