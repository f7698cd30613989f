#!/usr/bin/env bash
# `lensweep plot`: the figures' data of all five analyses against NumPy, on a small random model;
# names, formats, exit statuses on files made with h5py.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
model=$models/mistral-mha-f16
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/queries.jsonl"
"$LENSWEEP_PYTHON" tests/check_plot.py "$program" "$model" "$work/queries.jsonl" || exit
finish
