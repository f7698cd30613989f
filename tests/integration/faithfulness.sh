#!/usr/bin/env bash
# Kind faithfulness: rankings, every metric and every ratio against float64 NumPy, on queries of
# several datasets and templates; the same bytes from three ranks; what a ranking cannot be made of.
# Circuits of edges by their definition, and what must hold of them bit for bit.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# swept DIR EXPERIMENT...: its sweeps, on $data.
swept() {
    config "$work/sweep.yaml" "$data" "$work/$1" "${@:2}"
    ends 0 "$program" run "$work/sweep.yaml" --set run.threads=1 --set statistics.bootstrap=100
}
# curve DIR EXPERIMENT...: the config of curves
curve() { config "$work/c.yaml" "$data" "$work/$1" "${@:2}"; }

queries 3 >"$work/lands.jsonl"
data=$work/lands.jsonl
from="kind: faithfulness, from: \"$work/lands\""
swept lands 'name: heads, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit]' \
    'name: half, kind: ablation, site: head, layers: [1], operation: {kind: zero}, metrics: [logit]' \
    'name: two, kind: ablation, site: mlp, operation: {kind: zero}, positions: [first, last]' \
    'name: mlps, kind: ablation, site: mlp, operation: {kind: zero}, positions: [subject]' \
    'name: wide, kind: ablation, site: mlp, operation: {kind: zero}, layers: {window: 2}' \
    'name: attn, kind: ablation, site: attn, operation: {kind: zero}'

# refused TEXT EXPERIMENT: a mistake of the config, one line.
refused() {
    curve none "name: c, $2"
    ends 2 "$program" plan "$work/c.yaml" && has "$1"
    [ "$(wc -l <"$work/err")" = 2 ] || wrong "not one problem, where '$1' is due"
}
refused 'nowhere: no such file' 'kind: faithfulness, from: nowhere, groups: [heads]'
refused 'is not a result file: expected a result.h5' "kind: faithfulness, from: \"$work/lands.jsonl\", groups: [heads]"
refused 'has no group head' "$from, groups: [head]"
refused 'has no group queries of an experiment' "$from, groups: [queries]"
refused 'add cannot be used with faithfulness' "$from, groups: [heads], operation: {kind: add, vector: README.md}"
refused 'group attn ablates attn' "$from, groups: [attn]"
refused 'group two has 2 positions' "$from, groups: [two]"
refused 'group wide has layer 0-1 together' "$from, groups: [wide]"
refused 'swept at different positions, last and subject' "$from, groups: [heads, mlps]"
refused 'are in two groups' "$from, groups: [heads, half]"
refused 'heads was swept without metric kl' "$from, groups: [heads], metric: kl"
refused 'c.shares: must be 1e-06 to 1, not 0' "$from, groups: [heads], shares: [0]"
refused 'shares must rise: 0.1 stands after 0.5' "$from, groups: [heads], shares: [0.5, 0.1]"

sed 's/"subject": \[/"country": [/' "$work/lands.jsonl" >"$work/others.jsonl"
data=$work/others.jsonl
refused 'no query of the data has the position subject' "$from, groups: [mlps]"
data=$work/lands.jsonl
curve none "name: c, $from, groups: [heads]"
ends 2 "$program" run "$work/c.yaml" --set "model.path=$models/mistral-mha-f16" && has 'a different model'

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }
"$LENSWEEP_PYTHON" tests/reference/make_queries.py "$small" >"$work/queries.jsonl"
"$LENSWEEP_PYTHON" tests/reference/make_strata.py "$work/queries.jsonl" >"$work/strata.jsonl"
data=$work/strata.jsonl
swept sweeps 'name: heads, kind: ablation, site: head, operation: {kind: zero}' \
    'name: mlps, kind: ablation, site: mlp, operation: {kind: mean}' \
    'name: some, kind: ablation, site: head, layers: [0, 2], heads: [3, 1], operation: {kind: zero}, positions: {together: [subject, last]}' \
    'name: early, kind: ablation, site: mlp, operation: {kind: resample, draws: 2}, positions: ["1"]'
from="kind: faithfulness, from: \"$work/sweeps\""
curve curves "name: all, $from, groups: [heads, mlps], operation: {draws: 2}" \
    "name: third, $from, groups: [mlps, heads], metric: logit_difference, shares: [0.04, 0.5, 1], operation: {draws: 1, match: template}, where: {step: 3}" \
    "name: some, $from, groups: [some], metric: kl, shares: [0.25, 0.5, 0.75, 1], operation: {draws: 3}" \
    "name: early, $from, groups: [early], metric: repetition_mass, shares: 0.5, operation: {draws: 1}" \
    "name: recall, $from, groups: [heads], metric: recall_mass, shares: [0.1, 0.3], operation: {draws: 1}"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
check() { "$LENSWEEP_PYTHON" tests/reference/check_faithfulness.py "$work/curves/result.h5" "$work/sweeps/result.h5" "$small" "$@"; }
check --every 2 || wrong 'it differs from NumPy'
cp "$work/curves/result.h5" "$work/one.h5"
ends 0 ranks 3 "$program" run "$work/c.yaml" --restart --set run.threads=1
same "$work/one.h5" "$work/curves/result.h5" 'three ranks'

# edges: by definition; if senders say what they said nothing changes; one edge that is cut alone has
# the effect that the map has
swept map 'name: zero, kind: edges, operation: {kind: zero}, metrics: [logit, kl]' \
    'name: wide, kind: edges, operation: {kind: resample, draws: 1}, positions: {together: [first, last]}, receivers: {kinds: [q, v, mlp]}, metrics: [logit]'
from="kind: faithfulness, from: \"$work/map\""
refused 'has edges, which are ranked alone' "$from, groups: [zero, wide]"
n=$("$LENSWEEP_PYTHON" -c 'import sys, h5py; print(len(h5py.File(sys.argv[1])["zero/edge"]))' "$work/map/result.h5")
all_but_one=$("$LENSWEEP_PYTHON" -c "print(1 - 1 / $n)")
curve circuits "name: zero, $from, groups: [zero], operation: {kind: zero}, shares: [0.02, 0.3, $all_but_one, 1]" \
    "name: wide, $from, groups: [wide], operation: {draws: 2}, shares: [0.05, 0.6]" \
    "name: scale, $from, groups: [zero], metric: kl, operation: {kind: scale, factor: -0.5}, shares: [0.5]" \
    "name: mean, $from, groups: [wide], operation: {kind: mean}, shares: [0.7]"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1 --set run.audit=all --set statistics.bootstrap=100
grep -q '"edges_all":[0-9.e-]*,"edges_direct":[0-9.e-]*,"edges_nothing":0.0' "$work/circuits/run.jsonl" || wrong 'the audit checks no identity of edges'
"$LENSWEEP_PYTHON" tests/reference/check_faithfulness.py "$work/circuits/result.h5" "$work/map/result.h5" "$small" --every 5 || wrong 'a circuit differs from NumPy'
curve same "name: same, $from, groups: [zero], operation: {kind: patch}, source: {run: clean}, shares: [0.3]"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1 --set run.audit=none --set statistics.bootstrap=100
"$LENSWEEP_PYTHON" - "$work/circuits/result.h5" "$work/map/result.h5" "$work/same/result.h5" <<'END' || wrong 'an identity does not hold'
import sys, h5py, numpy as np
with h5py.File(sys.argv[1]) as f, h5py.File(sys.argv[2]) as swept, h5py.File(sys.argv[3]) as same:
    clean = f["zero/metric_clean"][()]
    assert np.nanmax(np.abs(same["same/metric"][()] - clean[:, None, None, None])) == 0, "senders say what they said"
    assert np.nanmax(np.abs(same["same/metric_none"][()] - clean[:, None])) == 0
    zero, ends = f["zero"], [f["zero/edge_sender"].asstr()[()], f["zero/edge_receiver"].asstr()[()]]
    name = list(swept["zero/edge"].asstr())
    for order, last in enumerate((len(name) - 1, zero["random_order"][0, -1])):
        edge = name.index(f"{ends[0][last]} > {ends[1][last]}")
        one = zero["metric"][:, order, 2, 0] - clean
        labels = list(swept["zero/metric"].asstr())
        step = swept["queries/step"][()]
        effect = np.array([swept["zero/effect"][q, edge, 0, labels.index(f"logit.answer_{s}")] for q, s in enumerate(step)])
        assert np.isfinite(one).any() and np.array_equal(one, effect, equal_nan=True), (order, one, effect)
END

# the ranking as `top` prints it, and the curve as it is drawn
ends 0 "$program" top "$work/curves" all -n 4
cp "$work/out" "$work/top"
ends 0 "$program" plot "$work/curves" -o "$work/figures"
"$LENSWEEP_PYTHON" - "$work/curves/result.h5" "$work/top" "$work/figures/all_random_macro.csv" <<'END' || { wrong 'top or plot' && cat "$work/top"; }
import csv, sys, h5py
with h5py.File(sys.argv[1]) as f:
    g = f["all"]
    ranked = list(zip(g["node_site"].asstr(), g["node_layer"], g["node_head"], g["node_effect"]))
    strata = list(zip(g["stratum_dataset"].asstr(), g["stratum_template"], g["stratum_step"]))
    curve = [[g[v][strata.index(("random", -1, s))].ravel().tolist() for v in ("recovered", "recovered_lo", "recovered_hi")]
             for s in (1, 2, 3)]
    k = g["k"][:].tolist()
rows = [line.split() for line in open(sys.argv[2]).read().split("\n")[4:] if line]
assert rows == [[str(i + 1), site, str(layer), "-" if head < 0 else str(head), f"{effect:+.4f}"]
                for i, (site, layer, head, effect) in enumerate(ranked[:4])], rows
drawn = list(csv.DictReader(open(sys.argv[3])))
for s in (1, 2, 3):
    own = [row for row in drawn if row["step"] == str(s)]
    assert [(row["order"], int(row["k"])) for row in own] == [(o, n) for o in ("strongest", "random") for n in k]
    for i, name in enumerate(("recovered", "recovered_lo", "recovered_hi")):
        assert all(v != v if row[name] == "" else abs(float(row[name]) - v) <= 1e-6 * (1 + abs(v))
                   for row, v in zip(own, curve[s - 1][i])), (s, name)
END

# that the comparison sees a wrong number
for at in all/metric:2,1,4,1 all/node_effect:3 some/recovered:1,1,2 recall/metric_none:0,0; do
    cp "$work/one.h5" "$work/curves/result.h5"
    "$LENSWEEP_PYTHON" - "$work/curves/result.h5" "${at%:*}" "${at#*:}" <<'END' || wrong 'nothing is planted'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f[sys.argv[2]][tuple(map(int, sys.argv[3].split(",")))] += 1e-3
END
    check --every 2 >"$work/table" && wrong "a wrong number in $at was not seen"
    grep -q "^${at%:*} .*FAILED" "$work/table" || { wrong "another variable than $at failed" && cat "$work/table"; }
done
finish
