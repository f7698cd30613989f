# Shared by the scripts of this folder: source it, do not run it. It goes to the project's root.
# shellcheck shell=bash

set -euo pipefail
# shellcheck disable=SC2034 # root and mpirun are for who sources this
me=$(basename "$0")
# shellcheck disable=SC2034 # where it was called, for who sources this
start=$PWD
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '%s: %s\n' "$me" "$*" >&2; }

# die STATUS MESSAGE: the statuses are those of lensweep itself (2 what was asked, 3 I/O ...).
die() {
    local status=$1
    shift
    say "$*"
    exit "$status"
}

# usage FILE: the comment at the top of a script is its help.
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#/s/^# \{0,1\}//p}' "$1"; }

# What has to be there: who needs it | how it is found | Debian package | its name elsewhere.
# It is looked for and not the package, so that modules of a cluster and other distributions do.
needs='
build | any_command cc          | gcc              | a C17 compiler (gcc 9 or clang 11 or later)
build | header stdio.h          | libc6-dev        | the headers of the C library
build | any_command cmake       | cmake            | CMake 3.21 or later
build | any_command ninja make  | ninja-build      | Ninja or make
build | any_command pkg-config  | pkg-config       | pkg-config
build | any_command mpicc       | libopenmpi-dev   | Open MPI 4 (with mpicc)
build | any_command mpirun      | openmpi-bin      | Open MPI 4 (with mpirun)
build | any_command h5cc h5pcc  | libhdf5-dev      | HDF5 1.10 or later, C and HL
build | module openblas         | libopenblas-dev  | OpenBLAS
build | module yaml-0.1         | libyaml-dev      | libyaml
build | module jansson          | libjansson-dev   | Jansson
build | module libpcre2-8       | libpcre2-dev     | PCRE2 (8 bit)
build | module libutf8proc      | libutf8proc-dev  | utf8proc
build | module libxxhash        | libxxhash-dev    | xxHash
build | module cmocka           | libcmocka-dev    | cmocka
demo  | any_command gnuplot     | gnuplot-nox      | gnuplot
demo  | any_command python3     | python3          | Python 3.9 or later
demo  | python pip              | python3-pip      | pip for Python 3
test  | python venv,ensurepip   | python3-venv     | venv for Python 3
test  | any_command git         | git              | git
test  | any_command ccache      | ccache           | ccache
test  | any_command clang       | clang            | clang
test  | clang_links -fopenmp    | libomp-dev       | the OpenMP library of clang
test  | clang_links -fsanitize=address,fuzzer-no-link | libclang-rt-dev | the sanitizers of clang
test  | any_command clang-format | clang-format    | clang-format 14
test  | any_command clang-tidy  | clang-tidy       | clang-tidy 14
test  | any_command shellcheck  | shellcheck       | shellcheck
slurm | slurm slurmctld         | slurm-wlm        | Slurm with PMIx
slurm | slurm munged            | munge            | MUNGE
slurm | slurm ip                | iproute2         | iproute2
'

any_command() {
    local c
    for c; do
        command -v "$c" >/dev/null && return
    done
    return 1
}
header() { echo "#include <$1>" | cc -E - >/dev/null 2>&1; }
module() { pkg-config --exists "$1" 2>/dev/null; }
python() { python3 -c "import $1" >/dev/null 2>&1; }
# The Slurm of the tests needs root: nobody else needs it.
slurm() { [ "$(id -u)" != 0 ] || any_command "$1" "/usr/sbin/$1"; }
clang_links() { echo 'int main(void){return 0;}' | clang "$1" -x c - -o /dev/null 2>/dev/null; }

# missing COLUMN USE...: one line for each need of these uses that is not met (3 = Debian's name,
# 4 = the name elsewhere).
missing() {
    local column=$1 use check package elsewhere
    shift
    while IFS='|' read -r use check package elsewhere; do
        use=${use// /} package=${package// /}
        [[ -n $use && " $* " == *" $use "* ]] || continue
        # shellcheck disable=SC2086 # a check is a function and its arguments
        $check && continue
        [ "$column" = 3 ] && echo "$package" || echo "$elsewhere" | sed 's/^ *//; s/ *$//'
    done <<<"$needs"
}

# as_root COMMAND...: runs it as root, with sudo when we are not.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif any_command sudo; then
        sudo "$@"
    else
        die 2 "this needs root and there is no sudo: as root run: $*"
    fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

# setup USE...: installs what is missing for these uses; nothing is asked or done when all is there.
setup() {
    local packages log=.cache/setup.log
    packages=$(missing 3 "$@" | sort -u | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    if ! any_command apt-get; then
        say "these are missing; install them with this system's package manager and run it again:"
        missing 4 "$@" | sort -u | sed 's/^/  /' >&2
        exit 2
    fi
    mkdir -p .cache
    say "installing Debian packages (as root): $packages"
    # shellcheck disable=SC2086 # a list of words
    if ! { apt update && apt install -y --no-install-recommends $packages; } >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die 3 "the packages could not be installed (all of it: $log); by hand: apt-get install $packages"
    fi
    packages=$(missing 4 "$@" | sort -u | paste -sd, -)
    [ -z "$packages" ] || die 2 "still missing after installing: $packages"
}

# build PRESET [TARGET [CMAKE OPTION...]]: configures once, then lets CMake see what is new.
build() {
    local preset=$1 target=${2:-all} log=build/$1.log
    shift $(($# > 2 ? 2 : $#))
    mkdir -p build
    # The presets name no generator: Ninja if it is there, else make.
    if [ -z "${CMAKE_GENERATOR:-}" ] && any_command ninja; then
        export CMAKE_GENERATOR=Ninja
    fi
    {
        if [ ! -e "build/$preset/CMakeCache.txt" ] || [ $# -gt 0 ]; then
            cmake --preset "$preset" "$@"
        fi && cmake --build --preset "$preset" --target "$target" -j "$(nproc)"
    } >"$log" 2>&1 || {
        { grep -A 4 -E '(error|Error|ERROR|warning)[: ]' "$log" || tail -n 20 "$log"; } |
            head -n 30 >&2
        say "the $preset build failed (all of it: $log)"
        return 1
    }
}

# mpi_setup: fills the array `mpirun`. Ranks share the cores of this machine (Open MPI would bind
# each to one core, and refuse more ranks than cores), and lensweep itself says what went wrong (-q,
# which Open MPI 5 does not have).
mpi_setup() {
    local version
    version=$(mpirun --version 2>/dev/null)
    mpirun=(mpirun)
    if [[ $version == *'Open MPI'* ]]; then
        mpirun+=(--bind-to none --oversubscribe)
        [[ $version == *') '[1234].* ]] && mpirun+=(-q)
        # In a container one process may not read another's memory: do not try, do not complain.
        export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
        if [ "$(id -u)" = 0 ]; then
            export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
        fi
    fi
}
