"""Datasets of xarray in a store: the engine, the accessor, stacks of datasets, Dask, pickles."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import atlas
import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from atlas._xarray_backend import AtlasBackendEntrypoint
from atlas._xarray_store import AtlasDataStore, Held, _aligned
from xarray.coding.variables import SerializationWarning


def climate(shift: float = 0.0) -> xr.Dataset:
    time = pd.date_range("2000-01-01", periods=4, freq="6h")
    t = (np.arange(4 * 6 * 10, dtype="f4") + shift).reshape(4, 6, 10)
    t[0, 0, 0] = np.nan
    return xr.Dataset(
        {
            "t": (("time", "lat", "lon"), t, {"units": "K", "valid_range": [0.0, 400.0]}),
            "station": (("lat",), np.array(["a", "b", "ç", "", "e", "f"])),
            "is_land": (("lat", "lon"), t[1] % 2 == 0),
            "wave": (("lon",), np.exp(1j * np.arange(10))),
        },
        coords={
            "time": time,
            "lat": np.linspace(-50, 50, 6),
            "lon": np.arange(10.0),
            "area": (("lat", "lon"), np.full((6, 10), 2.5)),
            "run": 7,
        },
        attrs={"title": "made up", "levels": np.arange(3, dtype="i2"), "nested": ["x", "y"]},
    )


@pytest.fixture
def path(tmp_path):
    with atlas.Atlas.create(tmp_path / "store") as store:
        climate().atlas.write(store, "jan", chunks={"t": (2, 6, 4)})
        climate(100).atlas.write(store, "feb")
        store.create_dataset("feb/extra").define_array("n", "int32", ["x"], [3])[:] = [1, 2, 3]
    return str(tmp_path / "store")


def test_a_dataset_comes_back(path):
    with xr.open_dataset(path, engine="atlas", dataset="jan") as ds:
        xr.testing.assert_identical(ds, climate())
        assert ds["is_land"].dtype == bool and ds["wave"].dtype == complex and ds["time"].dtype == "M8[ns]"
    with atlas.Atlas.open(path) as store:
        xr.testing.assert_identical(store.open_as_xarray_dataset("jan").load(), climate())
        jan = store["jan"]
        assert jan["time"].dtype_name == "timestamp_nanoseconds"
        assert jan["is_land"].dtype_name == "bool"
        assert np.isnan(jan["t"].fill_value)
        assert jan["t"].chunks == (2, 6, 4)
        assert not [key for key in jan.attrs if key.startswith("_atlas")]


def test_the_engine_is_found(path, tmp_path):
    with xr.open_dataset(path, group="/jan/") as ds:
        assert "t" in ds
    engine = AtlasBackendEntrypoint()
    assert engine.guess_can_open(path)
    assert not engine.guess_can_open(str(tmp_path))
    assert not engine.guess_can_open(3)
    assert "atlas" in xr.backends.list_engines()


@pytest.mark.parametrize(
    ("meta_format", "meta_compression"), [("json", "zstd"), ("msgpack", "none"), ("msgpack", "zstd")]
)
def test_every_root_is_known(tmp_path, meta_format, meta_compression):
    store = tmp_path / "other"
    with atlas.Atlas.create(store, meta_format=meta_format, meta_compression=meta_compression) as made:
        climate().atlas.write(made, "only")
    with xr.open_dataset(store) as ds:
        xr.testing.assert_identical(ds, climate())


def test_what_is_read_is_what_is_used(path):
    with xr.open_dataset(path, dataset="jan") as ds:
        t = climate()["t"]
        xr.testing.assert_identical(ds["t"][1:3, ::-2, 4], t[1:3, ::-2, 4])
        assert not ds["t"].variable._in_memory
        xr.testing.assert_identical(ds["t"].isel(lat=[3, 1], lon=[0, 0, 9]), t.isel(lat=[3, 1], lon=[0, 0, 9]))
        at = xr.DataArray([0, 2], dims="p")
        xr.testing.assert_identical(ds["t"].isel(lat=at, lon=at), t.isel(lat=at, lon=at))
        assert ds["t"].encoding["chunks"] == (2, 6, 4)
        assert ds["t"].encoding["source"] == path
        assert ds["t"].encoding["dtype"] == "f4"


def test_choices_of_a_dataset(path):
    with pytest.raises(
        atlas.InvalidArgument, match="has 3 datasets; name one with dataset=: 'jan', 'feb', 'feb/extra'"
    ):
        xr.open_dataset(path)
    with pytest.raises(atlas.NotFound, match="no dataset 'mar'"):
        xr.open_dataset(path, dataset="mar")
    with pytest.raises(atlas.InvalidArgument, match="not by both"):
        xr.open_dataset(path, dataset="jan", group="jan")
    with xr.open_dataset(path, dataset="jan", drop_variables=["t", "wave"]) as ds:
        assert set(ds.data_vars) == {"station", "is_land"}
    with xr.open_dataset(path, dataset="jan", decode_times=False) as ds:
        assert ds["time"].dtype == "i8" and ds["time"].attrs["units"] == "nanoseconds since 1970-01-01"


def test_dask_has_the_chunks_of_the_store(path):
    with xr.open_dataset(path, dataset="jan", chunks={}) as ds:
        assert ds["t"].chunks == ((2, 2), (6,), (4, 4, 2))
        for scheduler in ("threads", "synchronous"):
            with dask.config.set(scheduler=scheduler):
                xr.testing.assert_identical(ds, climate())
                assert ds["t"].mean().compute() == climate()["t"].mean()


def test_a_pickle_is_of_the_same_commit(path):
    with xr.open_dataset(path, dataset="jan") as ds, atlas.Atlas.open(path) as store:
        store["jan"]["t"][...] = 1
        store.flush()
        with pickle.loads(pickle.dumps(ds)) as other:
            xr.testing.assert_identical(other, climate())
        with xr.open_dataset(path, dataset="jan") as other:
            assert (other["t"] == 1).all()
        first = ds.encoding["source"], store.generations()[0]
    with xr.open_dataset(first[0], dataset="jan", generation=first[1]) as ds:
        xr.testing.assert_identical(ds, climate())


def test_a_pin_names_a_commit(path):
    with atlas.Atlas.open(path) as store:
        store.pin("before")
        store["jan"]["t"][...] = 1
    with xr.open_dataset(path, dataset="jan", generation="before", engine="atlas") as ds:
        xr.testing.assert_identical(ds, climate())
        with pickle.loads(pickle.dumps(ds)) as other:
            xr.testing.assert_identical(other, climate())
    with xr.open_datatree(path, generation="before", engine="atlas") as tree:
        xr.testing.assert_identical(tree["jan"].to_dataset(), climate())
    with pytest.raises(atlas.NotFound, match="after"):
        xr.open_dataset(path, dataset="jan", generation="after", engine="atlas")


def _mean(ds):
    return float(ds["t"].mean())


def test_a_dataset_goes_to_another_process(path):
    expected = float(climate()["t"].mean())
    with xr.open_dataset(path, dataset="jan") as ds:
        for method in ("spawn", "fork") if sys.version_info < (3, 12) else ("spawn",):
            with ProcessPoolExecutor(1, get_context(method)) as pool:
                assert pool.submit(_mean, ds).result(60) == expected


def test_a_commit_that_is_gone_is_named(tmp_path):
    with atlas.Atlas.create(tmp_path / "store", keep_generations=0) as store:
        climate().atlas.write(store, "a")
        store.flush()
        with xr.open_dataset(tmp_path / "store") as ds:
            kept = pickle.dumps(ds)
        for value in range(3):
            store["a"]["t"][...] = value
            store.flush()
            store.compact()
        with pytest.raises(atlas.StoreNotFound, match=r"commit \d+ is no longer kept"):
            pickle.loads(kept).load()


def test_a_tree_of_datasets(path):
    with xr.open_datatree(path, engine="atlas") as tree:
        assert [node.path for node in tree.subtree] == ["/", "/jan", "/feb", "/feb/extra"]
        xr.testing.assert_identical(tree["jan"].to_dataset(), climate())
        assert tree["feb/extra/n"].values.tolist() == [1, 2, 3]
    with xr.open_datatree(path, engine="atlas", group="feb") as tree:
        assert [node.path for node in tree.subtree] == ["/", "/extra"]
    groups = xr.open_groups(path, engine="atlas")
    assert sorted(groups) == ["/", "/feb", "/feb/extra", "/jan"]
    for ds in groups.values():
        ds.close()


@pytest.mark.parametrize(
    ("names", "array", "text"),
    [
        (["a", "a/b"], "b", "dataset 'a' has an array 'b', and there is a dataset 'a/b'"),
        (["a", "a/b/c"], "b", "dataset 'a' has an array 'b', and there is a dataset 'a/b/c'"),
        (["a//b"], None, "'a//b' is no path of a tree"),
        (["../b"], None, "is no path of a tree"),
    ],
)
def test_what_is_no_tree_is_refused(tmp_path, names, array, text):
    with atlas.Atlas.create(tmp_path / "store") as store:
        for name in names:
            store.create_dataset(name)
        if array:
            store["a"].define_array(array, "int8", [], [])
    with pytest.raises(atlas.InvalidArgument, match=text):
        xr.open_datatree(tmp_path / "store", engine="atlas")
    with xr.open_dataset(tmp_path / "store", dataset=names[-1]) as ds:
        assert not ds.variables


def test_times_are_kept_as_the_encoding_asks(store):
    times = pd.date_range("2000-01-01", periods=3, freq="D")
    ds = xr.Dataset({"own": ("t", times), "asked": ("t", times), "seconds": ("t", times.values.astype("M8[s]"))})
    ds["early"] = ("t", np.array(["1600-01-01", "1601-01-01", "1602-01-01"], "M8[s]"))
    ds["wait"] = ("t", np.array([1, 2, "NaT"], "m8[ns]"))
    ds["asked"].encoding = {"units": "hours since 1990-01-01", "dtype": "i4"}
    ds["model"] = ("t", xr.date_range("2000-02-28", periods=3, calendar="360_day", use_cftime=True))
    store.add_xr_dataset(ds, "a")
    view = store["a"]
    assert view["own"].dtype_name == view["seconds"].dtype_name == "timestamp_nanoseconds"
    assert view["asked"].dtype_name == "int32" and view["asked"].attrs["units"] == "hours since 1990-01-01"
    assert view["early"].dtype.kind in "if" and "since" in view["early"].attrs["units"]
    assert view["model"].attrs["calendar"] == "360_day" and view["model"].dtype.kind in "if"
    coder = xr.coders.CFDatetimeCoder(time_unit="s")
    with xr.open_dataset(AtlasDataStore(Held(store), "a", store.path), decode_times=coder) as opened:
        xr.testing.assert_identical(opened, ds)
    ds = ds.drop_vars("early")
    store["a"].delete_array("early")
    back = store.open_as_xarray_dataset("a").load()
    xr.testing.assert_identical(back, ds)
    # What was read is written the same again.
    store.add_xr_dataset(back, "b")
    assert [store["b"][name].dtype_name for name in view] == [view[name].dtype_name for name in view]
    xr.testing.assert_identical(store.open_as_xarray_dataset("b").load(), ds)


def test_what_was_read_goes_to_netcdf(path, tmp_path):
    with xr.open_dataset(path, dataset="jan") as ds:
        ds.drop_vars("wave").to_netcdf(tmp_path / "out.nc")
    with xr.open_dataset(tmp_path / "out.nc") as back:
        xr.testing.assert_equal(back, climate().drop_vars("wave"))


@pytest.mark.parametrize(
    ("cells", "fill"),
    [
        (["a", None, "b"], ""),
        (["", np.nan, "b"], "NA"),
        (["", np.nan, "NA", "missing", "missing_1"], "missing_2"),
        ([b"a", None, b"\xff"], ""),
    ],
)
def test_missing_text(store, cells, fill):
    values = np.array(cells, object)
    with pytest.warns(SerializationWarning, match=f"1 missing cells of text are stored as '{fill}'"):
        xr.Dataset({"s": ("x", values)}).atlas.write(store, "a")
    back = store.open_as_xarray_dataset("a")["s"].values
    assert [None if pd.isnull(one) else one for one in back] == [None if pd.isnull(one) else one for one in cells]


@pytest.mark.parametrize(
    ("cells", "kept", "encoding"),
    [
        ([b"ab", b"", b"\xc3\xa5"], ["ab", "", "å"], None),
        ([b"\xe5", b"x"], ["å", "x"], "latin-1"),
        ([b"a\0b", b"x"], None, None),
    ],
)
def test_bytes(store, cells, kept, encoding):
    ds = xr.Dataset({"s": ("x", np.array(cells))})
    ds.atlas.write(store, "a")
    array = store["a"]["s"]
    if kept is None:
        assert array.dtype == np.uint8 and array.dims == ("x", "string3")
    else:
        assert array.read().tolist() == kept and array.attrs["_atlas_char_dim"].startswith("string")
    assert array.attrs.get("_atlas_char_encoding") == encoding
    xr.testing.assert_identical(store.open_as_xarray_dataset("a").load(), ds)
    assert store.open_as_xarray_dataset("a")["s"].dtype == ds["s"].dtype
    if kept is not None:
        array[0] = "too long"
        with pytest.raises(atlas.OutOfRange, match="a text of 8 bytes does not fit"):
            store.open_as_xarray_dataset("a").load()


@pytest.mark.parametrize("scheduler", ["threads", "synchronous", "processes"])
def test_dask_is_stored_by_blocks(store, scheduler):
    expected = np.arange(60 * 50.0).reshape(60, 50)
    ds = xr.Dataset(
        {
            "even": (("x", "y"), da.from_array(expected, (20, 25))),
            "odd": (("x", "y"), da.from_array(expected, ((13, 30, 17), (50,)))),
            "days": (("x",), da.from_array(pd.date_range("2000", periods=60, unit="ns").values, 7)),
            "flag": (("x",), da.from_array(expected[:, 0] > 9, 60)),
        }
    )
    with dask.config.set(scheduler=scheduler):
        ds.atlas.write(store, "a", chunks={"odd": (8, 50)})
    assert store["a"]["even"].chunks == (20, 25)
    assert store["a"]["days"].dtype_name == "timestamp_nanoseconds"
    back = store.open_as_xarray_dataset("a")
    xr.testing.assert_identical(back.load(), ds.compute())


def test_blocks_begin_where_chunks_do():
    data = da.ones((60, 7), chunks=((13, 30, 17), 7))
    for chunks, sizes in (((8, 7), (24, 24, 12)), ((13, 3), (26, 26, 8)), ((60, 7), (60,))):
        made = _aligned(data, chunks)
        assert made.chunks[0] == sizes
        assert _aligned(made, chunks) is made


def test_fill_values(store):
    ds = xr.Dataset({"i": ("x", np.array([1, 2, 3])), "f": ("x", [1.0, np.nan, 3.0]), "s": ("x", ["a", "b", "c"])})
    ds.atlas.write(store, "one", fill_value=2)
    assert store["one"]["i"].fill_value == 2 and store["one"]["f"].fill_value == 2
    assert store["one"]["s"].fill_value is None
    assert store["one"]["f"].read().tolist() == [1, 2, 3]
    ds.atlas.write(store, "each", fill_value={"f": None, "i": -1})
    assert store["each"]["f"].fill_value is None and store["each"]["i"].fill_value == -1
    assert ds["i"].encoding == {}
    with pytest.raises(atlas.InvalidArgument, match="'k', which is no variable"):
        ds.atlas.write(store, "k", fill_value={"k": 1})
    plain = store.create_dataset("plain")
    plain.define_array("flag", "bool", ["x"], [2], fill_value=False)
    plain.define_array("when", "timestamp_nanoseconds", ["x"], [2], fill_value=np.datetime64(0, "ns"))[0] = (
        np.datetime64("2001")
    )
    back = store.open_as_xarray_dataset("plain").load()
    assert back["flag"].dtype == bool
    assert back["when"].values[0] == np.datetime64("2001") and np.isnat(back["when"].values[1])


def test_a_write_that_fails_leaves_nothing(store):
    ds = climate().assign(bad=("x", np.array([object()], object)))
    with pytest.raises(ValueError, match="unable to infer dtype on variable 'bad'"):
        ds.atlas.write(store, "a")
    with pytest.raises(atlas.TypeMismatch, match="attribute 'of'"):
        climate().assign_attrs(of={"a": 1}).atlas.write(store, "a")
    assert "a" not in store
    climate().atlas.write(store, "a")
    with pytest.raises(atlas.AlreadyExists):
        climate().atlas.write(store, "a")
    xr.testing.assert_identical(store.open_as_xarray_dataset("a").load(), climate())
    with pytest.raises(atlas.InvalidArgument, match="mode is 'x'"):
        climate().atlas.write(store, "b", mode="w")


def test_encoding_names_the_codec(store):
    encoding = {"t": {"chunks": (1, 6, 10), "codec": "lz4", "shuffle": False, "pack": False}}
    climate().atlas.write(store, "a", encoding=encoding)
    array = store["a"]["t"]
    assert (array.chunks, array.codec, array.shuffle, array.pack) == ((1, 6, 10), "lz4", False, False)


def test_many_datasets_are_one(path, monkeypatch):
    with atlas.Atlas.open(path, mode="r") as store:
        calls = []
        across = atlas.Atlas.read_array_across_stacked

        def counted(self, array, *args, **kwargs):
            calls.append(array)
            return across(self, array, *args, **kwargs)

        monkeypatch.setattr(atlas.Atlas, "read_array_across_stacked", counted)
        many = store.open_many(["jan", "feb"])
        calls.clear()
        expected = xr.concat(
            [climate(), climate(100)], xr.Variable("dataset", np.array(["jan", "feb"], object)), data_vars="all"
        )
        xr.testing.assert_equal(many, expected)
        assert sorted(calls) == ["is_land", "station", "t", "wave"]
        xr.testing.assert_identical(many["t"][0].drop_vars("dataset"), climate()["t"])
        assert many["lat"].dims == ("lat",) and many["area"].dims == ("lat", "lon")
        xr.testing.assert_equal(many.sel(dataset="feb")["t"][2, ::-2].drop_vars("dataset"), climate(100)["t"][2, ::-2])
        assert many["t"].isel(dataset=slice(0, 0)).shape == (0, 4, 6, 10)
        again = store.open_as_many_xarray_dataset(["feb", "jan"], concat_dim="run_of", parallel=False)
        assert again["run_of"].values.tolist() == ["feb", "jan"]
        xr.testing.assert_equal(pickle.loads(pickle.dumps(many)), expected)


def test_datasets_that_are_not_alike_are_not_stacked(store):
    base = climate()
    other = climate()
    base.atlas.write(store, "a")
    other["t"].attrs["units"] = "degC"
    other.atlas.write(store, "units")
    base.isel(lon=slice(5)).atlas.write(store, "shape")
    base.assign_coords(lat=base["lat"] + 1).atlas.write(store, "coordinate")
    base.drop_vars("t").atlas.write(store, "lacks")
    base.assign_coords(area=base["area"] * 2).atlas.write(store, "area")
    for name, text in (
        ("units", "its attribute 'units' is 'K' in dataset 'a', and 'degC' in 'units'"),
        ("shape", r"its shape is \(4, 6, 10\) in dataset 'a', and \(4, 6, 5\) in 'shape'"),
        ("coordinate", "coordinate 'lat' is not the same"),
    ):
        with pytest.raises(atlas.InvalidArgument, match=text):
            store.open_many(["a", name])
    with pytest.raises(atlas.NotFound, match="'t'"):
        store.open_many(["a", "lacks"])
    assert store.open_many(["a", "area"])["area"].dims == ("dataset", "lat", "lon")
    with pytest.raises(atlas.InvalidArgument, match="no datasets"):
        store.open_many([])
    with pytest.raises(atlas.InvalidArgument, match="has a 'lat' already"):
        store.open_many(["a"], concat_dim="lat")


def test_changes_are_seen_before_a_flush(store):
    climate().atlas.write(store, "a")
    ds = store.open_as_xarray_dataset("a")
    store["a"]["t"][0, 0, 0] = 5
    assert ds["t"][0, 0, 0] == 5
    with pytest.raises(atlas.UnflushedChanges):
        pickle.dumps(store.open_as_xarray_dataset("a")["t"])
    ds.close()
    assert not store.closed


@pytest.mark.parametrize("order", ["import atlas, xarray as xr", "import xarray as xr, atlas"])
def test_the_accessor_is_there_in_any_order(run_python, order):
    done = run_python(
        f"{order}\nimport sys\nassert xr.Dataset().atlas.write\nassert xr.__spec__.loader.name == 'xarray'"
    )
    assert done.returncode == 0, done.stderr
    done = run_python("import atlas, sys\nassert 'xarray' not in sys.modules")
    assert done.returncode == 0, done.stderr


def test_unlimited_dimensions_are_unlimited_arrays(store):
    ds = xr.Dataset(
        {
            "t": (("time", "x"), np.zeros((2, 3), "f4")),
            "name": (("time",), ["a", "b"]),
            "across": (("x", "other"), np.zeros((3, 4))),
            "empty": (("none", "x"), np.zeros((0, 3))),
        },
        coords={"x": [1, 2, 3]},
    )
    ds.atlas.write(store, "a", unlimited_dims=["time", "other"])
    assert {name: store["a"][name].unlimited for name in store["a"]} == {
        "t": True,
        "name": True,
        "across": False,
        "empty": False,
        "x": False,
    }
    assert store["a"].attrs["_atlas_unlimited_dims"] == "other"
    opened = store.open_as_xarray_dataset("a")
    assert opened.encoding["unlimited_dims"] == {"time", "other"}
    # What was read is written as it was.
    opened.load().atlas.write(store, "b")
    assert store.open_as_xarray_dataset("b").encoding["unlimited_dims"] == {"time", "other"}
    assert store["b"]["t"].unlimited and store["b"].attrs["_atlas_unlimited_dims"] == "other"
    # Others that come later.
    more = xr.Dataset({"u": ("time", [1.0, 2.0]), "y": ("x", [1.0, 2.0, 3.0]), "empty": ds["empty"]})
    more.atlas.write(store, "a", mode="a", unlimited_dims="none")
    assert store["a"]["u"].unlimited and store["a"]["empty"].unlimited and not store["a"]["y"].unlimited
    store["a"]["t"].write(np.ones((1, 3), "f4"), [2, 0])
    assert store["a"]["t"].shape == (3, 3)
    store["b"].define_array("mine", "int8", ["record"], [0])
    assert store.open_as_xarray_dataset("b").encoding["unlimited_dims"] == {"time", "other", "record"}
