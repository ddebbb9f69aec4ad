"""The package: every function of the header is used, everything public is documented, and all of it has types."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import atlas
import pytest
from atlas._c import lib
from conftest import ROOT

HEADER = (ROOT / "include" / "atlas.h").read_text(encoding="utf-8")
PACKAGE = Path(atlas.__file__).parent


def test_every_function_of_the_header_is_used() -> None:
    declared = set(
        re.findall(r"^[\w \*]+?\b(atlas_\w+)\(", re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL), re.MULTILINE)
    )
    sources = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    used = set(re.findall(r"\blib\.(atlas_\w+)", sources)) - {
        "atlas_python_log",
        "atlas_python_progress",
        "atlas_python_damage",
    }
    assert len(declared) > 50
    assert declared - used == set()
    assert used - declared == set()
    for name in declared:
        assert callable(getattr(lib, name))


def test_the_library_is_the_packages_own() -> None:
    (library,) = PACKAGE.glob("libatlas_store.so*")
    maps = Path("/proc/self/maps").read_text()
    loaded = {line.split()[-1] for line in maps.splitlines() if "libatlas_store" in line}
    assert loaded == {str(library.resolve())}


def public() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [("atlas", atlas)]
    for name in atlas.__all__:
        one = getattr(atlas, name)
        if inspect.isclass(one) or callable(one):
            found.append((name, one))
        if inspect.isclass(one):
            for member, value in vars(one).items():
                if not member.startswith("_") and (callable(value) or isinstance(value, (property, classmethod))):
                    found.append((f"{name}.{member}", value))
    return found


@pytest.mark.parametrize(("name", "one"), public())
def test_everything_public_is_documented(name: str, one: object) -> None:
    text = inspect.getdoc(one)
    if name.endswith((".text", ".status")):
        return
    assert text and text[0].isupper(), name
    if inspect.isfunction(one) and "\nParameters\n" in text:
        for parameter in list(inspect.signature(one).parameters)[1:]:
            assert re.search(rf"(?m)^(\w+, )*\*{{0,2}}{parameter}\b", text), f"{name}: {parameter}"


def test_types() -> None:
    assert resources.files(atlas).joinpath("py.typed").is_file()
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "bindings" / "python" / "pyproject.toml"],
        capture_output=True,
        text=True,
        cwd=ROOT / "bindings" / "python",
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_users_write_has_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        """
import numpy as np
import atlas

with atlas.Atlas.create("run.atlas", codec="lz4") as store:
    t = store.create_dataset("january").define_array("t", np.float32, ["lat", "lon"], (45, 72), fill_value=np.nan)
    t[...] = 273.15
    t[0, ::2] = np.zeros(36)
    stats = t.stats
    if stats is not None:
        print(stats.min)
    found = store["january"].read_array("t")
    if found is not None:
        print(found.mean(), t[0:3, ..., -1], t.attrs["units"])
    reveal_type(store)
    reveal_type(t.shape)
store.create_dataset(7)
"""
    )
    # In a source tree the package is not where mypy looks for installed ones.
    where = {"MYPYPATH": str(PACKAGE.parent)} if PACKAGE.parent.name == "src" else {}
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **where},
        timeout=600,
    )
    notes = re.findall(r": (note|error): (.*)$", done.stdout, re.MULTILINE)
    assert [(kind, text.replace("builtins.", "").partition("  [")[0]) for kind, text in notes] == [
        ("note", 'Revealed type is "atlas._store.Atlas"'),
        ("note", 'Revealed type is "tuple[int, ...]"'),
        ("error", 'Argument 1 to "create_dataset" of "Atlas" has incompatible type "int"; expected "str"'),
    ]


def test_the_version_is_the_librarys() -> None:
    cargo = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert cargo is not None
    assert atlas.__version__ == cargo[1] == atlas.library_version()
