# SPDX-License-Identifier: (Apache-2.0 OR MIT)
"""Recipe for Spack: a folder of a package repository, packages/atlas_store."""

from spack.package import *


class AtlasStore(MakefilePackage):
    """Store of many named datasets of N-dimensional arrays and attributes, with atomic and durable flushes, for C,
    C++, Fortran, Julia, Python and Rust."""

    license("Apache-2.0 OR MIT")

    # Where the archive of a release lies, and its checksum, are for whoever publishes one: until then
    # `spack dev-build atlas-store@0.1.0` in the sources.
    version("0.1.0")

    variant("tool", default=True, description="the command-line tool atlas")
    variant("netcdf", default=False, description="its commands import and export", when="+tool")

    depends_on("c", type="build")
    depends_on("rust@1.89:", type="build")
    depends_on("gmake", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("netcdf-c", when="+netcdf")

    @property
    def build_targets(self):
        return ["library", "tool"] if self.spec.satisfies("+tool") else ["library"]

    def setup_build_environment(self, env):
        env.set("CARGO_HOME", join_path(self.stage.path, "cargo-home"))

    @property
    def install_targets(self):
        return ["install", f"PREFIX={self.prefix}", f"LIBDIR={self.prefix.lib}"]
