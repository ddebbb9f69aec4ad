"""What a plot shows, by what matplotlib was given."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import atlas
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.lines import Line2D


@pytest.fixture
def january(store):
    view = store.create_dataset("january")
    view.define_array("time", "timestamp_nanoseconds", ["time"], [2])[:] = np.array(
        ["2000-01-01", "2000-01-02"], "M8[ns]"
    )
    view.define_array("lat", "float32", ["lat"], [3])[:] = [-10, 0, 10]
    view["lat"].attrs.update(units="degrees_north", long_name="latitude")
    view.define_array("level", "int32", ["level"], [2])[:] = [10, 20]
    view["level"].attrs["units"] = "m"
    t = view.define_array("t", "int16", ["time", "level", "lat", "lon"], [2, 2, 3, 4], fill_value=-1)
    t[...] = np.arange(48).reshape(2, 2, 3, 4)
    t[1, 0, 2, 3] = -1
    t[1, 0, 0, 0] = -2
    t.attrs.update(
        units="K", long_name="sea temperature", scale_factor=0.5, add_offset=100.0, missing_value=np.int16(-2)
    )
    view.define_array("text", "string", ["lat"], [3])
    view.define_array("wave", "complex64", ["lat"], [3])
    yield view
    plt.close("all")


def test_a_map(january):
    drawn = atlas.plot(january["t"], time=1, level=0, cmap="magma")
    assert isinstance(drawn, QuadMesh) and drawn.get_cmap().name == "magma"
    expected = np.arange(24, 36).reshape(3, 4) * 0.5 + 100
    shown = drawn.get_array()
    assert shown.shape == (3, 4)
    assert np.argwhere(shown.mask).tolist() == [[0, 0], [2, 3]]
    assert (shown == np.ma.masked_array(expected, shown.mask)).all()
    axes = drawn.axes
    assert axes.get_title() == "january: sea temperature, time = 2000-01-02T00:00:00, level = 10 m"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("lon", "latitude [degrees_north]")
    corners = drawn.get_coordinates()
    assert corners[:, 0, 1].tolist() == [-15, -5, 5, 15]
    assert corners[0, :, 0].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert drawn.colorbar.ax.get_ylabel() == "sea temperature [K]"


def test_a_line(january):
    _, axes = plt.subplots()
    drawn = atlas.plot(january["t"], ax=axes, time=0, level=-1, lon=2, color="red")
    assert isinstance(drawn, Line2D) and drawn.axes is axes and drawn.get_color() == "red"
    assert drawn.get_xdata().tolist() == [-10, 0, 10]
    assert drawn.get_ydata().tolist() == [107, 109, 111]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("latitude [degrees_north]", "sea temperature [K]")
    assert axes.get_title() == "january: sea temperature, time = 2000-01-01T00:00:00, level = 20 m, lon 2"


def test_an_axis_of_times(january):
    drawn = atlas.plot(january["t"], level=0, lat=0, lon=1)
    assert drawn.get_xdata().tolist() == january["time"].read().tolist()
    assert drawn.axes.get_xlabel() == "time"


def test_a_map_without_a_colour_bar(january):
    drawn = atlas.plot(january["t"], time=0, level=0, colorbar=False)
    assert drawn.colorbar is None and len(drawn.figure.axes) == 1


def test_what_cannot_be_drawn(january):
    with pytest.raises(atlas.InvalidArgument, match="array 't' has 3 dimensions to draw, level, lat, lon"):
        atlas.plot(january["t"], time=0)
    with pytest.raises(atlas.InvalidArgument, match="has 0 dimensions"):
        atlas.plot(january["lat"], lat=0)
    for name in ("text", "wave"):
        with pytest.raises(atlas.TypeMismatch, match=f"array '{name}' is of"):
            atlas.plot(january[name])
    with pytest.raises(atlas.OutOfRange):
        atlas.plot(january["t"], time=2, level=0)
