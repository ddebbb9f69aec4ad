"""NetCDF files into a store and out of it."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import atlas
import netCDF4
import numpy as np
import pytest
import xarray as xr
from atlas import _netcdf

FERRET = Path("/usr/share/ferret-vis/data")
CLIMATE = sorted(FERRET.glob("*"))


def same(one, other):
    """Two ways to open a file or a dataset, and whether xarray sees the same, raw and decoded."""
    for decoders in ({"mask_and_scale": False, "decode_times": False, "concat_characters": False}, {}):
        try:
            first = xr.open_dataset(**one, **decoders)
        except ValueError:
            # Times that xarray does not know, of the year 0.
            decoders = {"decode_times": False}
            first = xr.open_dataset(**one, **decoders)
        with first, xr.open_dataset(**other, **decoders) as second:
            xr.testing.assert_identical(first, second)
            assert first.encoding["unlimited_dims"] == second.encoding["unlimited_dims"]
            for name in first.variables:
                assert first[name].dtype == second[name].dtype or first[name].dtype.kind in "OUT"


def test_climate_files_are_the_same(tmp_path):
    assert len(CLIMATE) == 10
    names = atlas.import_netcdf(CLIMATE, tmp_path / "store")
    assert names == [path.stem for path in CLIMATE]
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        assert not store.verify()
        assert store.info().generation == 2
        for path in CLIMATE:
            atlas.export_netcdf(store, path.stem, tmp_path / "out.nc", overwrite=True)
            file = {"filename_or_obj": path, "engine": "netcdf4"}
            same(file, {"filename_or_obj": store.path, "engine": "atlas", "dataset": path.stem})
            same(file, {"filename_or_obj": tmp_path / "out.nc", "engine": "netcdf4"})


def make_every_type(path, inner_dimension="station"):
    # By default the innermost group has another dimension of a name of its parent's.
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("station", 4)
        file.createDimension("letter", 6)
        file.createDimension("none", None)
        file.setncatts({"title": "Temp\u00e9rature", "version": np.int16(3), "empty": "", "list": ["a", "", "c"]})
        for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"):
            one = file.createVariable(
                kind, kind, ("time", "station"), chunksizes=(2, 3), fill_value=np.array(7, kind)[()]
            )
            one.set_auto_maskandscale(False)
            limit = np.iinfo(kind) if kind[0] != "f" else np.finfo(kind)
            one[...] = np.array([limit.min, limit.max, 7, 0] * 3, kind).reshape(3, 4)
            one.setncatts({"missing_value": np.array(7, kind)[()], "several": np.array([5, 6], kind)})
        file.createVariable("nan", "f4", ("station",), fill_value=np.float32(np.nan))[:] = [np.nan, np.inf, -0.0, 1e-40]
        file.createVariable("big", ">i4", ("station",), endian="big")[:] = [1, 2, 3, 1 << 20]
        file.createVariable("scalar", "f8", ())[...] = 6.25
        file.createVariable("no_rows", "f4", ("none", "station"))
        file.createVariable("unwritten", "f4", ("time", "station"))
        name = file.createVariable("name", "S1", ("station", "letter"), fill_value=b"-")
        name.set_auto_chartostring(False)
        name[...] = np.array([b"Bergen", b"Oslo", b"\xc3\x85s--", b""], "S6").view("S1").reshape(4, 6)
        flag = file.createVariable("flag", "S1", ("time", "station"))
        flag.set_auto_chartostring(False)
        flag[...] = np.frombuffer(b"abcd\xe5fghijkl", "S1").reshape(3, 4)
        noise = file.createVariable("noise", "S1", ("station",))
        noise[...] = np.frombuffer(b"a\0b\0", "S1")
        file.createVariable("letter_of", "S1", ())[...] = b"x"
        text = file.createVariable("text", str, ("time", "station"), fill_value="n/a")
        text[...] = np.array(["n/a", "", "dry", "l\u00ednea"] * 3, object).reshape(3, 4)
        inner = file.createGroup("ensemble/inner")
        file["ensemble"].createDimension("member", 2)
        file["ensemble"].createVariable("spread", "f4", ("time", "member"))[...] = np.arange(6).reshape(3, 2)
        file["ensemble"].members = np.array([1, 2], "i2")
        inner.createDimension(inner_dimension, 2)
        inner.createVariable("flag", "i2", ("member", inner_dimension))[...] = [[1, 2], [3, 4]]


def test_every_type_is_the_same(tmp_path):
    source, out = tmp_path / "every.type.nc", tmp_path / "out.nc"
    make_every_type(source)
    names = atlas.import_netcdf(source, tmp_path / "store")
    assert names == ["every.type", "every.type/ensemble", "every.type/ensemble/inner"]
    with atlas.Atlas.open(tmp_path / "store", mode="r") as store:
        view = store["every.type"]
        assert view["i2"].fill_value == np.int16(7) and view["i2"].chunks == (2, 3)
        assert view["i2"].attrs["missing_value"].dtype == np.int16 and "_FillValue" not in view["i2"].attrs
        assert view["big"].read().tolist() == [1, 2, 3, 1 << 20]
        assert view["name"].read().tolist() == ["Bergen", "Oslo", "Ås--", ""]
        assert view["flag"].attrs["_atlas_char_encoding"] == "latin-1"
        assert view["noise"].dtype == np.uint8
        assert view["text"].fill_value == "n/a"
        assert view["no_rows"].shape == (0, 4)
        assert view["i2"].unlimited and view["no_rows"].unlimited and view["name"].unlimited is False
        assert "_atlas_unlimited_dims" not in view.attrs
        assert not store["every.type/ensemble"]["spread"].unlimited
        atlas.export_netcdf(store, "every.type", out)
    for group in (None, "ensemble", "ensemble/inner"):
        file = {"filename_or_obj": source, "engine": "netcdf4", "group": group}
        below = "every.type" if group is None else f"every.type/{group}"
        same(file, {"filename_or_obj": tmp_path / "store", "engine": "atlas", "dataset": below})
        same(file, {"filename_or_obj": out, "engine": "netcdf4", "group": group})
    with netCDF4.Dataset(source) as before, netCDF4.Dataset(out) as after:
        for name, one in before.variables.items():
            other = after[name]
            for opened in (one, other):
                opened.set_auto_mask(False)
                opened.set_auto_chartostring(False)
            kind = str if one.dtype is str else one.dtype.newbyteorder("=")
            assert (other.dtype, other.dimensions, other.shape) == (kind, one.dimensions, one.shape)
            values, found = np.asarray(one[...]), np.asarray(other[...])
            if kind is str:
                assert found.tolist() == values.tolist()
            else:
                assert found.tobytes() == values.astype(kind).tobytes()
            assert set(other.ncattrs()) == set(one.ncattrs())
        assert after["i2"].chunking() == [2, 3]
        assert after["i2"].filters()["shuffle"] and after["i2"].filters()["zlib"]
        assert after.dimensions["time"].isunlimited() and len(after.dimensions["time"]) == 3
        assert after["ensemble"].dimensions.keys() == {"member"}


def test_unlimited_dimensions_are_unlimited_arrays(tmp_path):
    source, out = tmp_path / "in.nc", tmp_path / "out.nc"
    with netCDF4.Dataset(source, "w") as file:
        for dim in ("time", "text", "second", "unused"):
            file.createDimension(dim, None)
        file.createDimension("x", 2)
        file.createVariable("t", "f4", ("time", "x"))[...] = [[1, 2], [3, 4]]
        file.createVariable("of_time", str, ("time",))[...] = np.array(["a", "b"], object)
        file.createVariable("words", str, ("text",))[...] = np.array(["a", "b", "c"], object)
        file.createVariable("across", "i2", ("x", "second"))[...] = [[1, 2, 3], [4, 5, 6]]
        below = file.createGroup("below")
        below.createVariable("t", "f4", ("time",))[...] = [5, 6]
    atlas.import_netcdf(source, tmp_path / "store")
    with atlas.Atlas.open(tmp_path / "store") as store:
        view = store["in"]
        assert [name for name in view if view[name].unlimited] == ["t", "of_time", "words"]
        assert not store["in/below"]["t"].unlimited
        assert view.attrs["_atlas_unlimited_dims"] == ["text", "second", "unused"]
        atlas.export_netcdf(store, "in", out)
        with netCDF4.Dataset(source) as before, netCDF4.Dataset(out) as after:
            for file in (before, after):
                assert {dim for dim in file.dimensions if file.dimensions[dim].isunlimited()} == {
                    "time",
                    "text",
                    "second",
                    "unused",
                }
            assert not after["below"].dimensions
        for name in ("t", "of_time"):
            view[name].write(np.full((1, 2), 9, "f4") if name == "t" else ["d"], [2, 0] if name == "t" else [2])
        assert view["t"].read().tolist() == [[1, 2], [3, 4], [9, 9]]


def test_groups_are_a_tree(store, tmp_path):
    make_every_type(tmp_path / "in.nc", "place")
    atlas.import_netcdf(tmp_path / "in.nc", store)
    atlas.export_netcdf(store, "in", tmp_path / "out.nc")
    with (
        xr.open_datatree(tmp_path / "in.nc", engine="netcdf4") as tree,
        xr.open_datatree(store.path, engine="atlas", group="in") as stored,
        xr.open_datatree(tmp_path / "out.nc", engine="netcdf4") as written,
    ):
        assert [node.path for node in tree.subtree] == ["/", "/ensemble", "/ensemble/inner"]
        xr.testing.assert_identical(tree, stored)
        xr.testing.assert_identical(tree, written)


def test_dimensions_without_variables_come_back(store, tmp_path):
    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        for name, extent in (("a", 5), ("unused", 7), ("grows", None), ("below", None)):
            file.createDimension(name, extent)
        file.createGroup("one").createVariable("x", "i4", ("a", "below"))[:] = np.ones((5, 2))
        other = file.createGroup("other")
        # It hides the one of the file.
        other.createDimension("a", 5)
        other.createVariable("x", "i4", ("a",))[:] = np.arange(5)
    atlas.import_netcdf(tmp_path / "in.nc", store)
    assert store["in"].attrs["_atlas_dims"] == ["a", "unused", "grows", "below"]
    assert store["in"].attrs["_atlas_dim_lengths"].tolist() == [5, 7, 0, 2]
    assert store["in/other"].attrs["_atlas_dims"] == "a"
    assert not xr.open_dataset(store.path, engine="atlas", dataset="in/other").attrs
    atlas.export_netcdf(store, "in", tmp_path / "out.nc")
    with netCDF4.Dataset(tmp_path / "in.nc") as before, netCDF4.Dataset(tmp_path / "out.nc") as after:
        for first, second in ((before, after), (before["one"], after["one"]), (before["other"], after["other"])):
            one, other = (
                {name: (len(dim), dim.isunlimited()) for name, dim in group.dimensions.items()}
                for group in (first, second)
            )
            assert one == other
        assert after["one/x"][:].tolist() == [[1, 1]] * 5


def test_what_a_store_has_netcdf_gets(store, tmp_path):
    view = store.create_dataset("a")
    view.define_array("half", "float16", ["x"], [3], fill_value=np.float16(0.5))[:] = [0.5, 1, np.inf]
    view.define_array("flag", "bool", ["x"], [3])[:] = [True, False, True]
    when = np.array(["2000-01-01", "NaT", "1969-12-31T23:59:59.999999999"], "M8[ns]")
    view.define_array("when", "timestamp_nanoseconds", ["x"], [3], fill_value=np.datetime64("NaT"))[:] = when
    view.define_array("text", "string", ["x"], [3])[:] = ["a", "", "ç"]
    view.attrs.update(flag=True, at=np.datetime64("2000-01-01"), half=np.float16(0.5))
    atlas.export_netcdf(store, "a", tmp_path / "out.nc", level=0)
    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        file.set_auto_maskandscale(False)
        assert file["half"].dtype == "f4" and file["half"]._FillValue == np.float32(0.5)
        assert file["flag"].dtype == "i1" and file["flag"].getncattr("dtype") == "bool"
        assert file["when"].dtype == "i8" and file["when"].units == "nanoseconds since 1970-01-01"
        assert file["when"][:].tolist() == when.view("i8").tolist()
        assert not file["half"].filters()["zlib"]
        assert (file.flag, file.at, file.half) == (1, "2000-01-01T00:00:00.000000000", np.float32(0.5))
    with xr.open_dataset(tmp_path / "out.nc") as ds:
        assert ds["flag"].dtype == bool and ds["flag"].values.tolist() == [True, False, True]
        np.testing.assert_array_equal(ds["when"].values, when)
        assert ds["text"].values.tolist() == ["a", "", "ç"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda view: view.define_array("z", "complex64", ["x"], [3]), "array 'z' of dataset 'a' is of complex64"),
        (lambda view: view.define_array("b/c", "int8", ["x"], [3]), "array 'b/c' of dataset 'a' has '/' in its name"),
        (lambda view: view.define_array("long", "int8", ["x"], [4]), "has 4 cells along 'x', and an array before it 3"),
        (lambda view: view.attrs.update(z=1j), "attribute 'z' of dataset 'a' is complex"),
    ],
)
def test_what_netcdf_lacks_is_named(store, tmp_path, make, text):
    view = store.create_dataset("a")
    view.define_array("x", "int8", ["x"], [3])[:] = [1, 2, 3]
    make(view)
    with pytest.raises(atlas.Unsupported, match=text):
        atlas.export_netcdf(store, "a", tmp_path / "out.nc")
    assert os.listdir(tmp_path) == ["store"]
    with pytest.warns(UserWarning, match=f"left out .*{text}"):
        atlas.export_netcdf(store, "a", tmp_path / "out.nc", skip_unsupported=True)
    with netCDF4.Dataset(tmp_path / "out.nc") as file:
        assert list(file.variables) == ["x"]


def test_an_export_replaces_nothing_unasked(store, tmp_path):
    store.create_dataset("a")
    (tmp_path / "out.nc").write_text("mine")
    with pytest.raises(atlas.AlreadyExists, match=r"out\.nc"):
        atlas.export_netcdf(store, "a", tmp_path / "out.nc")
    with pytest.raises(atlas.NotFound, match="no dataset 'b'"):
        atlas.export_netcdf(store, "b", tmp_path / "other.nc")
    assert (tmp_path / "out.nc").read_text() == "mine"
    atlas.export_netcdf(store, "a", tmp_path / "out.nc", overwrite=True)
    assert netCDF4.Dataset(tmp_path / "out.nc").data_model == "NETCDF4"


def _with_enum(file):
    kind = file.createEnumType(np.int8, "cloud", {"clear": 0, "grey": 1})
    file.createVariable("sky", kind, ("x",))[:] = [0, 1, 0]


def _with_compound(file):
    kind = file.createCompoundType(np.dtype([("u", "f4"), ("v", "f4")]), "wind")
    file.createVariable("sky", kind, ("x",))


def _with_vlen(file):
    kind = file.createVLType(np.int32, "rows")
    file.createVariable("sky", kind, ("x",))


@pytest.mark.parametrize(
    ("make", "text"),
    [(_with_enum, "enum 'cloud'"), (_with_compound, "compound 'wind'"), (_with_vlen, "vlen 'rows'")],
)
def test_types_that_a_store_lacks_are_named(store, tmp_path, make, text):
    source = tmp_path / "in.nc"
    with netCDF4.Dataset(source, "w") as file:
        file.createDimension("x", 3)
        file.createVariable("good", "i4", ("x",))[:] = [1, 2, 3]
        make(file)
    with pytest.raises(atlas.Unsupported, match=rf"in\.nc'.*variable 'sky' is of the type {text}"):
        atlas.import_netcdf(source, store)
    assert len(store) == 0
    with pytest.warns(UserWarning, match=rf"in\.nc': left out variable 'sky' is of the type {text}"):
        atlas.import_netcdf(source, store, skip_unsupported=True)
    assert list(store["in"]) == ["good"]


def test_what_netcdf4_cannot_read_is_named(store, tmp_path):
    program = """
    #include <netcdf.h>
    int main(void) {
        const char blob[8] = {1};
        int file, type, dim, variable;
        if (nc_create("in.nc", NC_NETCDF4, &file) || nc_def_opaque(file, 8, "blob", &type)) return 1;
        if (nc_def_dim(file, "x", 3, &dim) || nc_def_var(file, "sky", type, 1, &dim, &variable)) return 1;
        if (nc_def_var(file, "good", NC_INT, 1, &dim, &variable)) return 1;
        if (nc_put_att(file, variable, "seal", type, 1, blob)) return 1;
        return nc_close(file);
    }
    """
    (tmp_path / "make.c").write_text(program)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "netcdf"], check=True, capture_output=True, text=True)
    subprocess.run(["cc", "make.c", "-o", "make", *flags.stdout.split()], check=True, cwd=tmp_path)
    subprocess.run(["./make"], check=True, cwd=tmp_path)
    with pytest.raises(atlas.Unsupported, match=r"in\.nc': variable 'sky' is of a type that netCDF4 cannot read"):
        atlas.import_netcdf(tmp_path / "in.nc", store)
    with pytest.warns(
        UserWarning, match=r"left out variable 'sky' .*, variable 'good': attribute 'seal' is of a user-"
    ):
        atlas.import_netcdf(tmp_path / "in.nc", store, skip_unsupported=True)
    assert list(store["in"]) == ["good"] and not store["in"]["good"].attrs


def test_files_of_one_name(store, tmp_path):
    files = [tmp_path / folder / "t.nc" for folder in ("one", "other")]
    for file in files:
        file.parent.mkdir()
        with netCDF4.Dataset(file, "w") as made:
            made.folder = file.parent.name
    with pytest.raises(atlas.AlreadyExists, match=r"one/t\.nc' and '.*other/t\.nc' would both be dataset 't'"):
        atlas.import_netcdf(files, store)
    assert len(store) == 0
    names = atlas.import_netcdf(files, store, name=lambda path: "/".join(Path(path).parts[-2:]))
    assert names == ["one/t.nc", "other/t.nc"]
    assert store["other/t.nc"].attrs["folder"] == "other"
    atlas.import_netcdf(files[:1], store)
    with pytest.raises(atlas.AlreadyExists, match=r"other/t\.nc'.*has a dataset 't'"):
        atlas.import_netcdf(files[1:], store)


def _truncated_classic(path):
    data = (FERRET / "coads_climatology.cdf").read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _without_the_last_byte(path):
    path.write_bytes((FERRET / "etopo120.cdf").read_bytes()[:-1])


def _header_cut(path):
    path.write_bytes((FERRET / "etopo120.cdf").read_bytes()[:100])


def _header_of_nonsense(path):
    data = bytearray((FERRET / "etopo120.cdf").read_bytes())
    data[8:16] = b"\xff" * 8
    path.write_bytes(data)


def _header_of_long_text(path):
    # An attribute of 2^63 bytes, in the format with counts of 64 bits.
    attribute = struct.pack(">Q4sIQ", 4, b"note", 2, 1 << 63)
    path.write_bytes(b"CDF\5" + struct.pack(">QIQIQ", 0, 0, 0, 12, 1) + attribute)


def _deflated(path):
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 100_000)
        file.createVariable("first", "f8", ("x",))[:] = 1
        noise = np.random.default_rng(1).normal(size=100_000)
        file.createVariable("t", "f8", ("x",), compression="zlib", shuffle=True)[:] = noise


def _truncated_hdf5(path):
    _deflated(path)
    os.truncate(path, path.stat().st_size // 2)


def _damaged_hdf5(path):
    _deflated(path)
    data = bytearray(path.read_bytes())
    at = len(data) - 200_000
    data[at : at + 4096] = b"\x55" * 4096
    path.write_bytes(data)


def _no_netcdf(path):
    path.write_text("units: K")


def _empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    "make",
    [
        _truncated_classic,
        _without_the_last_byte,
        _header_cut,
        _header_of_nonsense,
        _header_of_long_text,
        _truncated_hdf5,
        _damaged_hdf5,
        _no_netcdf,
        _empty,
    ],
)
def test_a_damaged_file_leaves_nothing(store, tmp_path, make):
    make(tmp_path / "bad.nc")
    shutil.copy(FERRET / "etopo120.cdf", tmp_path / "good.nc")
    before = store.info().generation
    with pytest.raises(atlas.Corrupt, match=r"bad\.nc'"):
        atlas.import_netcdf([tmp_path / "good.nc", tmp_path / "bad.nc"], store)
    assert len(store) == 0 and store.info().generation == before
    with pytest.raises(FileNotFoundError, match=r"gone\.nc"):
        atlas.import_netcdf([tmp_path / "good.nc", tmp_path / "gone.nc"], store)
    assert atlas.import_netcdf(tmp_path / "good.nc", store) == ["good"]
    # Where the store was to be made, there is none with half of the files.
    with pytest.raises(atlas.Corrupt):
        atlas.import_netcdf([tmp_path / "good.nc", tmp_path / "bad.nc"], tmp_path / "new")
    with atlas.Atlas.open(tmp_path / "new") as made:
        assert len(made) == 0


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
@pytest.mark.parametrize("records", [0, 1, 3])
@pytest.mark.parametrize("variables", [1, 2])
def test_a_classic_file_is_whole_to_its_last_byte(store, tmp_path, kind, records, variables):
    source = tmp_path / "in.nc"
    with netCDF4.Dataset(source, "w", format=kind) as file:
        file.createDimension("t", None)
        file.createDimension("x", 3)
        file.note = "odd"
        file.createVariable("fixed", "i2", ("x",))[:] = [1, 2, 3]
        for number in range(variables):
            file.createVariable(f"v{number}", "i1", ("t", "x"))[:] = np.ones((records, 3))
    atlas.import_netcdf(source, store)
    size = source.stat().st_size
    # Padding at the end is no value.
    padding = (4 - 6 % 4) % 4 if records == 0 else 0 if variables == 1 else 1
    os.truncate(source, size - padding)
    atlas.import_netcdf(source, store, name=lambda path: "unpadded")
    os.truncate(source, size - padding - 1)
    with pytest.raises(atlas.Corrupt, match=r"in\.nc' is truncated: it has \d+ bytes, and its header says \d+"):
        atlas.import_netcdf(source, store, name=lambda path: "cut")


def test_a_stream_without_a_number_of_records_is_refused(store, tmp_path):
    source = tmp_path / "in.nc"
    shutil.copy(FERRET / "monthly_navy_winds.cdf", source)
    with open(source, "r+b") as file:
        file.seek(4)
        file.write(struct.pack(">I", (1 << 32) - 1))
    with pytest.raises(atlas.Corrupt, match=r"in\.nc' is truncated"):
        atlas.import_netcdf(source, store)


def test_slabs_cover_a_shape_once(monkeypatch):
    monkeypatch.setattr(_netcdf, "_SLAB_BYTES", 400)
    for shape, chunks in (
        ((), None),
        ((7,), None),
        ((1000,), (32,)),
        ((1000,), (64,)),
        ((10, 10), (3, 10)),
        ((10, 300), (4, 12)),
        ((10, 300), (4, 100)),
        ((2, 3, 500), None),
        ((0, 5), (1, 5)),
        ((4, 0), None),
        ((3, 7, 9), (2, 7, 9)),
    ):
        seen = np.zeros(shape, int)
        for slab in _netcdf._slabs(shape, 8, chunks):
            seen[slab] += 1
            assert seen[slab].size * 8 <= 400 or chunks is not None
            if chunks is not None and np.prod(chunks) * 8 <= 400:
                assert seen[slab].size * 8 <= 400
                # Each chunk is in one part.
                for one, chunk, extent in zip(slab, chunks, shape, strict=True):
                    assert one.start % chunk == 0 and (one.stop % chunk == 0 or one.stop == extent)
        assert (seen == 1).all()


def test_a_file_goes_in_by_parts(store, tmp_path, monkeypatch):
    make_every_type(tmp_path / "in.nc")
    monkeypatch.setattr(_netcdf, "_SLAB_BYTES", 16)
    atlas.import_netcdf(tmp_path / "in.nc", store)
    atlas.export_netcdf(store, "in", tmp_path / "out.nc")
    file = {"filename_or_obj": tmp_path / "in.nc", "engine": "netcdf4"}
    same(file, {"filename_or_obj": store.path, "engine": "atlas", "dataset": "in"})
    same(file, {"filename_or_obj": tmp_path / "out.nc", "engine": "netcdf4"})


def test_memory_is_bounded(run_python, tmp_path):
    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        file.createDimension("t", 128)
        file.createDimension("x", 1 << 20)
        one = file.createVariable("t", "f4", ("t", "x"), compression="zlib", complevel=1, chunksizes=(1, 1 << 20))
        for row in range(128):
            one[row] = row
    program = """
import atlas, resource, sys
import netCDF4
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
atlas.import_netcdf(sys.argv[1], sys.argv[2])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = run_python(program, tmp_path / "in.nc", tmp_path / "store")
    assert done.returncode == 0, done.stderr
    # Of 512 MiB.
    assert int(done.stdout) < 300


def test_progress_is_a_bar(store, tmp_path, capsys):
    with netCDF4.Dataset(tmp_path / "in.nc", "w"):
        pass
    atlas.import_netcdf(tmp_path / "in.nc", store, progress=True)
    assert "1/1" in capsys.readouterr().err
    atlas.import_netcdf(tmp_path / "in.nc", store, name=lambda path: "again")
    assert not capsys.readouterr().err
