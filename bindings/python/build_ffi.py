"""The interface of `atlas._c`, made of `atlas.h` itself: its declarations are those of the library that is built with.

Where the library comes from, first to last:

- the file that the environment variable ATLAS_STORE_LIBRARY names, with the header of the source tree or of pkg-config;
- in a source tree, `cargo build --release --locked`;
- an installed library, by pkg-config.
"""

import json
import os
import re
import subprocess
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def output_of(*command: str, **kwargs: object) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **kwargs).stdout.strip()


def package_config(variable: str) -> Path:
    try:
        return Path(output_of("pkg-config", f"--variable={variable}", "atlas_store"))
    except (OSError, subprocess.CalledProcessError):
        raise SystemExit(
            "atlas-store: there is no libatlas_store: install it, with its pkg-config file on PKG_CONFIG_PATH, "
            "or build in the source tree, where cargo makes it"
        ) from None


def find_library(in_tree: bool) -> Path:
    named = os.environ.get("ATLAS_STORE_LIBRARY")
    if named:
        return Path(named).resolve(strict=True)
    if not in_tree:
        return (package_config("libdir") / "libatlas_store.so").resolve(strict=True)
    cargo = os.environ.get("CARGO", "cargo")
    subprocess.run([cargo, "build", "--release", "--locked"], check=True, cwd=ROOT)
    metadata = output_of(cargo, "metadata", "--format-version=1", "--no-deps", "--locked", cwd=ROOT)
    return Path(json.loads(metadata)["target_directory"]) / "release" / "libatlas_store.so"


def declarations(header: str) -> str:
    """What cffi reads: the header without comments, conditions and the C++ linkage; constants stay."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.DOTALL)
    text = re.sub(r"#ifdef __cplusplus\s.*?#endif[^\n]*", "", text, flags=re.DOTALL)
    lines = [
        line for line in text.splitlines() if not line.startswith("#") or re.match(r"#define ATLAS_\w+ -?\d", line)
    ]
    return "\n".join(lines)


def shared_name(library: Path) -> str:
    found = re.search(r"SONAME\)\s+.*\[(.+)\]", output_of("readelf", "-d", str(library)))
    if found is None:
        raise SystemExit(f"atlas-store: {library} has no name for the loader (SONAME)")
    return found[1]


IN_TREE = (ROOT / "Cargo.toml").exists() and (ROOT / "include" / "atlas.h").exists()
LIBRARY = find_library(IN_TREE)
INCLUDE = ROOT / "include" if IN_TREE else package_config("includedir")
SONAME = shared_name(LIBRARY)
HEADER = (INCLUDE / "atlas.h").read_text(encoding="utf-8")

version = re.search(r'__version__ = "(.*)"', (HERE / "src" / "atlas" / "_version.py").read_text(encoding="utf-8"))[1]
numbers = dict(re.findall(r"#define ATLAS_VERSION_(MAJOR|MINOR) (\d+)", HEADER))
if version.split(".")[:2] != [numbers["MAJOR"], numbers["MINOR"]]:
    raise SystemExit(f"atlas-store {version} and {INCLUDE / 'atlas.h'}, of {numbers}, do not belong together")

ffi = FFI()
ffi.cdef(declarations(HEADER))
ffi.cdef(
    """
    extern "Python" {
        void atlas_python_log(int32_t level, const char *message, void *user_data);
        int32_t atlas_python_progress(const char *what, uint64_t done, uint64_t total, void *user_data);
        void atlas_python_damage(const char *file, uint64_t offset, const char *message, void *user_data);
    }
    """
)
ffi.set_source(
    "atlas._c",
    '#include "atlas.h"',
    include_dirs=[str(INCLUDE)],
    libraries=["atlas_store"],
    extra_link_args=["-Wl,-rpath,$ORIGIN"],
    define_macros=[("Py_LIMITED_API", "0x030B0000")],
    py_limited_api=True,
)
