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
ends 0 "$program" top "$work/run" last -n 1000 --step 2 && has 'have among the 3 strongest' "$work/out"
"$LENSWEEP_PYTHON" - "$work/run/result.h5" "$work/out" <<'END' || wrong 'top counts other tokens'
import collections, sys, h5py
with h5py.File(sys.argv[1]) as f:
    g = f["last"]
    ok = [i for i, s in enumerate(g["step"][()]) if s == 2 and g["status"][i] == b"ok"]
    tokens, components = g["top_id"], [c.decode() for c in g["component"][()]]
    lines = [l.split() for l in open(sys.argv[2], encoding="utf-8").read().split("by queries\n")[1].splitlines()]
    assert len(lines) == 1 + tokens.shape[1] * len(components), len(lines)
    for line in lines[1:]:
        layer, c = int(line[0]), components.index(line[1])
        seen = collections.Counter(t for i in ok for t in tokens[i, layer, c])
        (best, n), = seen.most_common(1)
        assert any(w == str(n) for w in line[3:]), (line, seen)
END
ends 0 "$program" top "$work/run" wide -n 1000 --step 2 --json
"$LENSWEEP_PYTHON" - "$work/run/result.h5" "$work/out" <<'END' || wrong 'top --json counts other tokens'
import collections, json, sys, h5py
tables = [t for t in json.load(open(sys.argv[2], encoding="utf-8")) if t["variable"] == "top_id"]
with h5py.File(sys.argv[1]) as f:
    g = f["wide"]
    ok = [i for i, s in enumerate(g["step"][()]) if s == 2 and g["status"][i] == b"ok"]
    labels = {d: [str(v.decode() if isinstance(v, bytes) else v) for v in g[d][()]] for d in ("position", "layer", "component")}
    assert len(tables) == 1 and tables[0]["cells"] == len(tables[0]["rows"])
    for row in tables[0]["rows"]:
        at = tuple(labels[d].index(row["place"][d]) for d in labels)
        seen = collections.Counter(t for i in ok for t in g["top_id"][(i, *at)] if t >= 0)
        assert row["n"] == sum(g["top_id"][(i, *at, 0)] >= 0 for i in ok)
        assert [t["n"] for t in row["tokens"]] == [n for _, n in seen.most_common(3)], row
        assert all(seen[t["id"]] == t["n"] for t in row["tokens"])
END
finish
