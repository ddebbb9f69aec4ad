"""read.py READER FOLDER FILE...: whether a reader that knows nothing of Atlas finds in the references what was written."""

import json
import pathlib
import sys
import warnings

import numpy as np

# Nothing of this project is at hand.
sys.modules["atlas"] = None
passed = failed = 0


def check(what, good):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {what}")


def same(values, expected):
    """Bit for bit; texts as texts."""
    values = np.asarray(values)
    if expected.dtype.kind == "U":
        return values.shape == expected.shape and values.astype(object).tolist() == expected.astype(object).tolist()
    if expected.dtype.kind == "M":
        expected = expected.view("i8")
    return (values.shape == expected.shape and values.dtype == expected.dtype
            and np.ascontiguousarray(values).tobytes() == expected.tobytes())


def same_but_nan(values, expected):
    """Bit for bit, but that a NaN may have any bits."""
    values = np.array(values)
    if expected.dtype.kind not in "fc":
        return same(values, expected)
    if values.shape != expected.shape or values.dtype != expected.dtype:
        return False
    part = expected.real.dtype
    values, expected = np.atleast_1d(values).view(part).copy(), np.atleast_1d(expected).view(part).copy()
    values[np.isnan(values)] = expected[np.isnan(expected)] = np.nan
    return values.tobytes() == expected.tobytes()


def same_as_declared(values, expected, version):
    """Of cells that were never written version 2 can say NaN, not which; nor does zarr-python keep that of a float16."""
    return (same if version == 3 and expected.dtype != "f2" else same_but_nan)(values, expected)


def is_nan(values):
    return values != values


class Expected:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.entries = json.loads((self.folder / "expected.json").read_text())

    def of(self, dataset):
        """Name, values and entry of each array that references can have."""
        for entry in self.entries:
            if entry["dataset"] == dataset and not entry.get("left_out"):
                yield entry["array"], np.load(self.folder / "expected" / f"{entry['values']}.npy"), entry

    def fill(self, entry, dtype):
        return np.frombuffer(bytes.fromhex(entry["fill_bits"]), dtype)[0] if "fill_bits" in entry else None


def references(file):
    return json.loads(pathlib.Path(file).read_text())["refs"]


def dataset_of(file):
    refs = references(file)
    attributes = json.loads(refs[".zattrs"]) if ".zattrs" in refs else json.loads(refs["zarr.json"])["attributes"]
    assert attributes["_atlas_generation"] > 1 and len(attributes["_atlas_store_id"]) == 32
    return attributes.get("_atlas_dataset")


def zarr_group(file, version, consolidated):
    import fsspec
    import zarr

    filesystem = fsspec.filesystem("reference", fo=file, remote_protocol="file", asynchronous=True,
                                   skip_instance_cache=True)
    store = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
    return zarr.open_group(store, mode="r", zarr_format=version, use_consolidated=consolidated)


def by_zarr(expected, file, version):
    """zarr-python, with consolidated metadata and without."""
    dataset = dataset_of(file)
    group = zarr_group(file, version, True)
    arrays = dict(group.arrays())
    names = {name for name, _, _ in expected.of(dataset)}
    check(f"Zarr {version}: {dataset} has {sorted(set(arrays) ^ names)}", set(arrays) == names)
    plain = zarr_group(file, version, False)
    for name, values, entry in expected.of(dataset):
        if name not in arrays:
            continue
        found = arrays[name][...]
        check(f"Zarr {version}: {dataset}/{name}", same_as_declared(found, values, version))
        check(f"Zarr {version}: {dataset}/{name} has a fill value", version == 3 or
              (arrays[name].metadata.fill_value is not None) == entry["has_fill"])
    for name, _, entry in expected.of(dataset):
        if "keep_bits" in entry:
            check(f"Zarr {version}: bits of {name}",
                  arrays[name].attrs["_QuantizeBitRoundNumberOfSignificantBits"] == entry["keep_bits"])
    if "c" in names:
        check_attributes(dict(arrays["c"].attrs), version)
        check("an array of a group that is not consolidated", same(plain["c"][...], arrays["c"][...]))


def check_attributes(attributes, version):
    check("attribute: not finite", attributes["not finite"] == ["NaN", "Infinity", "-Infinity"])
    check("attribute: another NaN", attributes["other NaN"] == "NaN")
    check("attribute: texts", attributes["texts"] == ["0x1", "NaN", "水"])
    check("attribute: none", attributes["none"] == [])
    for key, value in attributes.items():
        check(f"attribute: {key}", isinstance(value, list) == key.startswith(("more", "not", "texts", "none", "_ARRAY"))
              or "c8" in key or "c16" in key)


def by_xarray(expected, file, version):
    """xarray: values as they are, and decoded: what is the fill value is missing, and nothing else."""
    import xarray as xr

    dataset = dataset_of(file)
    if version == 2:
        options = {"engine": "kerchunk"}
        as_is = {"open_dataset_options": {"decode_cf": False}}
    else:
        as_is = {"decode_cf": False}
        options = {"engine": "zarr", "consolidated": True, "zarr_format": 3}
        import fsspec
        import zarr

        filesystem = fsspec.filesystem("reference", fo=file, remote_protocol="file", asynchronous=True,
                                       skip_instance_cache=True)
        file = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
    raw = xr.open_dataset(file, **options, **as_is)
    names = {name for name, _, _ in expected.of(dataset)}
    check(f"xarray {version}: {dataset} has {sorted(set(raw.variables) ^ names)}", set(raw.variables) == names)
    decoded = xr.open_dataset(file, **options)
    for name, values, entry in expected.of(dataset):
        if name not in raw.variables:
            continue
        found = raw[name].values
        check(f"xarray {version}: {dataset}/{name}", same_as_declared(found, values, version))
        found, kind = decoded[name].values, values.dtype.kind
        what = f"xarray {version}, decoded: {dataset}/{name} {found.dtype}"
        if kind == "M":
            fill = expected.fill(entry, "M8[ns]")
            missing = np.isnat(values) if fill is None else np.isnat(values) | (values == fill)
            check(what, found.dtype == "M8[ns]" and np.array_equal(np.isnat(found), missing)
                  and np.array_equal(found[~missing], values[~missing]))
        elif not entry["has_fill"]:
            # Nothing is missing: a true zero stays one, and the type what it was.
            if "units" in decoded[name].encoding:
                continue
            check(what, same(found, values))
        elif kind in "iufcb" and entry.get("fill_bits"):
            fill = expected.fill(entry, values.dtype)
            missing = is_nan(values) | (values == fill) if is_nan(fill) else values == fill
            gone = is_nan(found) if found.dtype.kind in "fcO" else np.zeros(found.shape, bool)
            check(what, np.array_equal(gone | (found == fill) if kind == "b" else gone, missing | is_nan(values))
                  and np.array_equal(found[~gone], values[~gone].astype(found.dtype)))


def by_stack(expected, file, version):
    """A whole ensemble is one lazy variable."""
    import xarray as xr

    members = [f"ens/{member:03}" for member in range(12)]
    if version == 2:
        stacked = xr.open_dataset(file, engine="kerchunk", chunks={})
    else:
        import fsspec
        import zarr

        filesystem = fsspec.filesystem("reference", fo=file, remote_protocol="file", asynchronous=True,
                                       skip_instance_cache=True)
        store = zarr.storage.FsspecStore(filesystem, read_only=True, path="")
        stacked = xr.open_dataset(store, engine="zarr", consolidated=True, zarr_format=3, chunks={})
    check("stacked: variables", set(stacked.variables) == {"dataset", "tas", "lat", "mean"})
    check("stacked: datasets", stacked["dataset"].values.tolist() == members)
    check("stacked: common attributes", stacked.attrs["model"] == "m" and "member" not in stacked.attrs
          and stacked["tas"].attrs["units"] == "K")
    for name in ("tas", "lat", "mean"):
        values = np.stack([next(v for n, v, _ in expected.of(member) if n == name) for member in members])
        check(f"stacked: {name} is lazy, one dataset to a chunk", stacked[name].chunks[0] == (1,) * 12)
        check(f"stacked: {name}", same(stacked[name].values, values))
        check(f"stacked: one {name}", same(stacked[name].sel(dataset="ens/007").values, values[7]))


def by_gdal(expected, file, version):
    """GDAL, and so QGIS and R: arrays of numbers of two dimensions."""
    import rasterio

    dataset = dataset_of(file)
    known = {"uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64",
             "complex64"}
    for name, values, entry in expected.of(dataset):
        # It knows no shuffle of 16 bytes, no complex fill value and no colon in a name, and the wheel no LZ4.
        if (values.ndim != 2 or str(values.dtype) not in known or "lz4" in name or 0 in values.shape or ":" in name
                or (values.dtype.kind == "c" and entry["has_fill"])):
            continue
        # It takes an integer fill value for a double.
        if values.dtype.kind == "u" and entry.get("fill_bits") == "f" * 16:
            continue
        try:
            with rasterio.open(f'ZARR:"/vsikerchunk_json_ref/{{{file}}}":/{name}') as source:
                check(f"GDAL: {dataset}/{name}", same_but_nan(source.read(1), values))
        except rasterio.errors.RasterioError as error:
            check(f"GDAL: {dataset}/{name}: {error}", False)


def by_nobody(expected, file, version):
    """References to files that are gone are an error, never the fill value."""
    group = zarr_group(file, version, True)
    in_files = {key.split("/")[0] for key, entry in references(file).items() if isinstance(entry, list)}
    check(f"Zarr {version}: {len(in_files)} arrays in files", len(in_files) > 100)
    for name, values, entry in expected.of(dataset_of(file)):
        try:
            found = group[name][...]
        except Exception as error:
            is_gone = "ReferenceNotReachable" in type(error).__name__
            check(f"Zarr {version}: {name} is not there: {error!r}", is_gone and name in in_files)
            continue
        check(f"Zarr {version}, of what is left: {name}",
              name not in in_files and same_as_declared(found, values, version))


def main(reader, folder, *files):
    warnings.simplefilter("ignore")
    expected = Expected(folder)
    readers = {"zarr": by_zarr, "xarray": by_xarray, "stack": by_stack, "gdal": by_gdal, "gone": by_nobody}
    for file in files:
        version = 2 if ".zgroup" in references(file) else 3
        readers[reader](expected, file, version)
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


if __name__ == "__main__":
    sys.exit(0 if main(*sys.argv[1:]) else 1)
