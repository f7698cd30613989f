# Whole answers under a cut, standing or not, against float64 NumPy and the naive executor; that of
# one token is the token's; what is said where the data has none; and what is written under a cut,
# token by token.
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"

cat >"$work/data.jsonl" <<'END'
{"ids": [3, 14, 15, 92, 65, 35, 89], "item": "a", "spans": {"subject": [1, 3], "answer_1": [4, 5]}, "answers": {"answer_1": [65], "answer_2": [49, 26, 53]}, "step": 2}
{"ids": [2, 71, 82, 81, 82], "item": "b", "spans": {"subject": [1, 2]}, "answers": {"answer_1": [28, 59]}, "targets": {"answer_2": 4}, "target": "answer_1"}
END
config() { # config EXECUTOR
    cat <<END
model: {path: $small}
data: {path: "$work/data.jsonl"}
output: "$work/$1"
run: {executor: $1}
experiments:
  - {name: once, kind: knockout, sets: [subject, answer_1, last], answer_logprob: true}
  - {name: standing, kind: knockout, sets: [subject, answer_1, first], answer_logprob: true, standing: true}
  - {name: masked, kind: knockout, sets: [subject, last], answer_logprob: true, standing: true, renormalise: true}
  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, positions: [last, subject], answer_logprob: true, standing: true, generate: {tokens: 4}}
  - {name: cut, kind: ablation, site: edge, from: [subject], operation: {kind: zero, renormalise: true}, answer_logprob: true, generate: {tokens: 4}}
  - {name: patch, kind: ablation, site: mlp, operation: {kind: patch}, source: {run: clean, position: subject}, answer_logprob: true, standing: true, generate: {tokens: 4}}
  - {name: mean, kind: ablation, site: residual, layers: [0], operation: {kind: mean}, positions: all, answer_logprob: true, standing: true}
  - {name: trace, kind: causal_trace, corrupt: [subject], sites: [attn, mlp, residual], window: [2], samples: 2, noise: 0.5, answer_logprob: true}
  - {name: traced, kind: causal_trace, corrupt: [subject], direction: noise, sites: [attn], window: [1], samples: 2, noise: 0.5, answer_logprob: true}
  - {name: written, kind: knockout, sets: [none, subject, answer_1, last], generate: {tokens: 6}}
END
}
for executor in forked naive; do
    config $executor >"$work/$executor.yaml"
    ends 0 "$program" run "$work/$executor.yaml"
done
ends 0 "$LENSWEEP_PYTHON" tests/reference/check_whole.py "$work/forked/result.h5" "$small" "$work/data.jsonl"
ends 0 "$LENSWEEP_PYTHON" tests/reference/check_whole.py "$work/naive/result.h5" "$small" "$work/data.jsonl"
ends 0 "$LENSWEEP_PYTHON" - "$work/forked/result.h5" <<'END'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f:
    g = f["once"]
    assert f["queries/answer_tokens"][:].tolist() == [[1, 3], [2, -1]]
    # an answer of one token: the token's own log-probability, which other code makes
    assert np.allclose(g["answer_logprob"][0, :, 0], g["out_logprob"][0, :, 0], rtol=0, atol=2e-6)
    assert abs(g["clean_answer_logprob"][0, 0] - f["queries/clean_logprob"][0, 0]) < 2e-6
    # a cut that stands changes what comes after the first token, and nothing before it
    a, b = g["answer_logprob"][0, 0, 1], f["standing/answer_logprob"][0, 0, 1]
    assert abs(a - b) > 1e-3
END
# The same bytes on three ranks.
ends 0 "${mpirun[@]}" -n 3 "$program" run "$work/forked.yaml" --set "output=$work/ranks"
cmp "$work/forked/result.h5" "$work/ranks/result.h5" || wrong "three ranks give other bytes"

# A query that lacks the set that is cut writes nothing: it has no rate, and the rates count it out.
cat >"$work/lacks.jsonl" <<'END'
{"ids": [3, 14, 15, 92, 65, 35, 89], "item": "a", "spans": {"subject": [1, 3], "answer_1": [4, 5]}, "targets": {"answer_1": 73, "answer_2": 49}, "step": 2}
{"ids": [2, 71, 82, 81, 82], "item": "b", "spans": {"subject": [1, 2]}, "targets": {"answer_1": 73, "answer_2": 4}, "step": 2}
{"ids": [5, 71, 62, 83], "item": "c", "spans": {"subject": [1, 2], "answer_1": [2, 3]}, "targets": {"answer_1": 28, "answer_2": 4}, "step": 2}
{"ids": [5, 71, 62, 83, 9], "item": "c", "spans": {"subject": [1, 2], "answer_1": [2, 3], "answer_2": [3, 4]}, "targets": {"answer_1": 28, "answer_2": 4}, "step": 3}
END
cat >"$work/lacks.yaml" <<END
model: {path: $root/tests/fixtures/tiny/model}
data: {path: "$work/lacks.jsonl"}
output: "$work/lacks"
experiments: [{name: written, kind: knockout, sets: [none, subject, answer_1, answer_2], generate: {tokens: 6}}]
END
ends 0 "$program" run "$work/lacks.yaml" && has '     2      2  answer_1 ' "$work/out"
ends 0 "$LENSWEEP_PYTHON" - "$work/lacks/result.h5" <<'END'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f:
    g = f["written"]
    assert g["stratum_step"][:].tolist() == [2, 3]
    said = g["outcome"][:3]
    assert (g["outcome"][3] != b"").all()
    there = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 0]], bool)
    assert ((said != b"") == there).all(), said
    assert (said[0] == b"repeats").any() and (said == b"other").any(), said
    for name in ("correct", "repeats", "other"):
        such = (said == name.encode()).sum(0)
        assert (g[name + "_n"][0] == there.sum(0)).all(), g[name + "_n"][:]
        assert np.array_equal(g[name][0], [such[i] / n if n else np.nan for i, n in enumerate(there.sum(0))], equal_nan=True)
        assert np.isnan(g[name + "_hi"][0, 3])
END

sed 's/"answers": {[^}]*}/"targets": {"answer_1": 84, "answer_2": 4}/; s/, "targets": {"answer_2": 4}//' "$work/data.jsonl" >"$work/none.jsonl"
ends 2 "$program" run "$work/forked.yaml" --set "data.path=$work/none.jsonl" --set "output=$work/none"
has 'the data has no whole answers: give its queries the key "answers"'
finish
