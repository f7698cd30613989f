#!/usr/bin/env bash
# h5py, xarray and netCDF4 read a result file, written by the unit test's sample writer, as it was
# meant: named dimensions, coordinates, fill values, types, text.
set -euo pipefail

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
exec "$LENSWEEP_PYTHON" tests/check_result.py
