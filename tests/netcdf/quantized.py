"""quantized.py WORK ATLAS: what quantized.c wrote, in the store that `atlas import` made of it and in that of the package: which
arrays round, and what becomes of values that come later. And arrays that round, in the files that both make of them."""

import subprocess
import sys

import atlas
import netCDF4
import numpy as np

BITS = "_QuantizeBitRoundNumberOfSignificantBits"
KEPT = {
    "f7": 7,
    "f23": 23,
    "d12": 12,
    "described": 9,
    "gaps": 5,
    # Rounded in other ways; with values that have more bits; with a number that is none of bits.
    **dict.fromkeys(["groomed", "granular", "unwritten", "lying", "too_many", "none", "broken", "whole"]),
    "quantization_info": None,
}


def check_kept(path):
    with atlas.Atlas.open(path, mode="r+") as store:
        view = store["quantized"]
        assert {name: view[name].keep_bits for name in view} == KEPT
        assert view["groomed"].attrs["_QuantizeBitGroomNumberOfSignificantDigits"] == 3
        assert view["granular"].attrs["_QuantizeGranularBitRoundNumberOfSignificantDigits"] == 3
        assert view["lying"].attrs[BITS] == 4 and view["lying"][29, 49] % 1 != 0
        described = view["described"].attrs
        assert (described[BITS], described["quantization"], described["quantization_nsb"]) == (9, "quantization_info", 9)
        assert view["quantization_info"].attrs["algorithm"] == "bitround"
        later = np.full((1, 50), 1.0078, "f4")
        for name, expected in {"f7": 1.0078125, "lying": np.float32(1.0078)}.items():
            view[name].append(later)
            assert (view[name][30] == expected).all(), name
        store.discard()


def check_out(path, expected):
    """libnetcdf takes the variables for those that it has rounded itself."""
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        for name, (bits, values) in expected.items():
            variable = file[name]
            assert np.array_equal(variable[:], values), name
            if bits is None:
                assert BITS not in variable.ncattrs() and variable.quantization() is None, name
            else:
                found = variable.getncattr(BITS)
                assert (found.dtype, found) == (np.int32, bits), (name, found)
                assert variable.quantization() == (bits, "BitRound"), name


def main(work, tool):
    check_kept(f"{work}/store")
    atlas.import_netcdf(f"{work}/in/quantized.nc", f"{work}/of-package")
    check_kept(f"{work}/of-package")

    path = f"{work}/rounding"
    values = np.sqrt(np.arange(1, 1001))
    kinds = {"half": ("float16", 4), "single": ("float32", 8), "double": ("float64", 20), "exact": ("float64", None)}
    with atlas.Atlas.create(path) as store:
        view = store.create_dataset("a")
        for name, (dtype, bits) in kinds.items():
            view.define_array(name, dtype, ["x"], [1000], keep_bits=bits)[:] = values.astype(dtype)
        # What an array does counts, not what was said of it.
        view["single"].attrs[BITS] = np.int32(3)
        expected = {name: (bits, view[name][:]) for name, (_, bits) in kinds.items()}
        atlas.export_netcdf(store, "a", f"{work}/rounding.package.nc")
    subprocess.run([tool, "export", "--quiet", path, "a", "-o", f"{work}/rounding.nc"], check=True)
    for file in (f"{work}/rounding.nc", f"{work}/rounding.package.nc"):
        check_out(file, expected)
    # And back: f16 comes as float.
    subprocess.run([tool, "import", "--quiet", f"{work}/rounding.nc", path], check=True)
    with atlas.Atlas.open(path, mode="r") as store:
        view = store["rounding"]
        assert {name: view[name].keep_bits for name in view} == {name: bits for name, (_, bits) in kinds.items()}


main(*sys.argv[1:])
