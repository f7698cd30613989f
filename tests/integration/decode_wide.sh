#!/usr/bin/env bash
# Kind decode at other positions, with the strongest tokens, entropy and KL, against float64 NumPy;
# without positions the numbers are those of the last token.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
model=$models/llama3-sharded-bf16
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$model" >"$work/queries.jsonl"
config "$work/c.yaml" "$work/queries.jsonl" "$work/run" \
    'name: wide, kind: decode, positions: [last, subject, first, "1"], top: 5, rank: true' \
    'name: each, kind: decode, positions: each, vocab_stats: false' \
    'name: last, kind: decode, top: 3, rank: true'
ends 0 "$program" run "$work/c.yaml" --set "model.path=$model"
"$LENSWEEP_PYTHON" tests/reference/check_decode_wide.py "$work/run/result.h5" "$model" || wrong 'it differs from NumPy'
"$LENSWEEP_PYTHON" - "$work/run/result.h5" <<'END' || wrong 'the last position is not the last token'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f:
    for name in ("logit", "rank", "vocab_std", "control_logit", "embed_logit", "entropy", "kl_final"):
        assert np.array_equal(f["wide"][name][:, 0], f["last"][name][()], equal_nan=True), name
    assert np.array_equal(f["wide/top_id"][:, 0, ..., :3], f["last/top_id"][()])
    assert f["wide/top_token"].shape == f["wide/top_id"].shape
END
finish
