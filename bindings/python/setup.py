"""Builds `atlas._c` over the C library, and puts the library beside it. The rest is in pyproject.toml."""

import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_ext import build_ext

sys.path.insert(0, str(Path(__file__).parent))
import build_ffi


class BuildWithLibrary(build_ext):
    """Compiles `atlas._c`, and copies the library, stripped, to where the loader looks for it: the same folder."""

    def bundled(self) -> Path:
        return Path(self.get_ext_fullpath("atlas._c")).parent / build_ffi.SONAME

    def build_extensions(self) -> None:
        # The linker wants the library's name without a version.
        link = Path(self.build_temp) / "link"
        link.mkdir(parents=True, exist_ok=True)
        shutil.copy(build_ffi.LIBRARY, link / "libatlas_store.so")
        for extension in self.extensions:
            extension.library_dirs.append(str(link))
        # Folders of the Python that builds are nothing for the loader of another machine.
        linker = self.compiler.linker_so
        self.compiler.linker_so = [argument for argument in linker if not argument.startswith("-Wl,-rpath")]
        super().build_extensions()

    def run(self) -> None:
        super().run()
        target = self.bundled()
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copy(build_ffi.LIBRARY, target)
        subprocess.run(["strip", "--strip-unneeded", str(target)], check=True)

    def get_outputs(self) -> list[str]:
        return [*super().get_outputs(), str(self.bundled())]


setup(
    cmdclass={"build_ext": BuildWithLibrary},
    cffi_modules=["build_ffi.py:ffi"],
    # One wheel for this Python and every later one.
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
