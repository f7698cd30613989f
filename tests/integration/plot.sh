#!/usr/bin/env bash
# `lensweep plot` on a result file made with h5py: the data against NumPy, files, exit statuses.
set -euo pipefail

if [ -z "${LENSWEEP_PYTHON:-}" ]; then
    echo "skip: no Python with the packages of requirements.txt"
    exit 77
fi
exec "$LENSWEEP_PYTHON" tests/check_plot.py "$LENSWEEP"
