# Spack: put this file into packages/lensweep/ of a repository of your own (spack repo create), and
# set `url` or develop it from a checkout (spack dev-build lensweep@0.2.0). Not tried with Spack itself.
from spack.package import *


class Lensweep(CMakePackage):
    """Interpretability sweeps over every head and layer of a language model, on MPI ranks."""

    license("Apache-2.0")

    version("0.2.0")

    depends_on("c", type="build")
    depends_on("cmake@3.21:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5@1.10:+hl")
    depends_on("openblas")
    depends_on("libyaml")
    depends_on("jansson")
    depends_on("pcre2")
    depends_on("utf8proc")
    depends_on("xxhash")
    depends_on("gnuplot", type="run")

    def cmake_args(self):
        return [self.define("LENSWEEP_TESTS", False)]
