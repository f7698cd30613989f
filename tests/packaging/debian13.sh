# From nothing on the next Debian, with its compiler, HDF5 1.14 and Open MPI 5; the same against
# parallel HDF5 and against MPICH: no warning, unit tests pass, and each gives the same bytes.
. tests/integration/lib.bash
. tests/packaging/bare.bash

bare_debian trixie
git clone -q "$root" "$bare/src"
small_job

build() { # build NAME [CMAKE OPTION...]
    local name=$1
    shift
    ends 0 in_bare cmake -S /src -B "/src/build/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLENSWEEP_WERROR=ON "$@"
    ends 0 in_bare cmake --build "/src/build/$name"
}

ranks() { # ranks NAME MPIRUN...: the result's bytes are those of the first
    local name=$1 sum
    shift
    rm -rf "$bare/tmp/out"
    ends 0 in_bare "$@" -n 3 "/src/build/$name/lensweep" run /tmp/config.yaml
    sum=$(sha256sum <"$bare/tmp/out/result.h5")
    [ "${first:=$sum}" = "$sum" ] || wrong "$name: its result differs"
}

ends 0 in_bare apt-get -q install -y --no-install-recommends bash
ends 0 in_bare /src/scripts/setup
build openmpi
ends 0 in_bare sh -c 'cd /src/build/openmpi && ctest -L unit -j2 --output-on-failure'
[ "$wrong" = 0 ] || grep -a -B 12 -A 12 -E 'FAILED|^[*]+Failed' "$work/out" | tail -n 80
ranks openmpi mpirun.openmpi --oversubscribe --bind-to none
ends 0 in_bare apt-get -q install -y --no-install-recommends libhdf5-openmpi-dev libmpich-dev mpich
build parallel-hdf5 -DLENSWEEP_TESTS=OFF -DHDF5_PREFER_PARALLEL=ON -DMPI_C_COMPILER=mpicc.openmpi
ranks parallel-hdf5 mpirun.openmpi --oversubscribe --bind-to none
build mpich -DLENSWEEP_TESTS=OFF -DMPI_C_COMPILER=mpicc.mpich
ranks mpich mpirun.mpich
finish
