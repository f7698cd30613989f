#!/usr/bin/env bash
# verify: cells of a finished result, of every kind, computed anew by another instruction set are the same bits; a
# changed cell is named; a changed byte of the model or a changed line of the data is told, with status 2.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 6 >"$work/lands.jsonl"
cp -rL "$small" "$work/model" && chmod -R u+w "$work/model"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode, rank: true' \
    'name: lens, kind: token_lens' 'name: cut, kind: knockout, sets: [subject, last]' \
    'name: trace, kind: causal_trace, corrupt: [subject], sites: [attn], window: [2], samples: 2, noise: 0.2' \
    'name: mean, kind: ablation, site: head, operation: {kind: mean}' \
    'name: map, kind: edges, operation: {kind: resample, draws: 2}, positions: {together: [subject, last]}, metrics: [logit]' \
    'name: swap, kind: ablation, site: mlp, operation: {kind: resample, draws: 2}'
sed -i "s,^model:.*,model: {path: \"$work/model\"}," "$work/c.yaml"
ends 0 env LENSWEEP_ISA=portable "$program" run "$work/c.yaml" --set run.threads=1
result=$work/output/result.h5

ends 0 "$program" verify "$work/output" --cells 20 && has 'all equal' "$work/out"
ends 0 "$program" verify "$result" --cells 1000000 --json
has '"differ": 0' "$work/out"
cells=$(sed -n 's/.*"cells": \([0-9]*\).*/\1/p' "$work/out")
[ "${cells:-0}" -gt 500 ] || wrong "only $cells cells in all"
ends 2 "$program" verify "$work/output" --cells 0
ends 10 "$program" run "$work/c.yaml" --set "output=$work/begun" --set run.max_time=0.001s
ends 0 "$program" collect --partial "$work/begun"
rm -r "$work/begun/journal"/* && ends 0 "$program" collect --partial "$work/begun"
ends 2 "$program" verify "$work/begun" && has 'nothing was compared' # equal to nothing is not equal
ends 3 "$program" verify "$work/model" && says 'expected a result file, or the folder of a run'

config "$work/f.yaml" "$work/lands.jsonl" "$work/curve" "name: curve, kind: faithfulness, from: \"$work/output\", groups: [swap], operation: {draws: 2}" \
    "name: circuit, kind: faithfulness, from: \"$work/output\", groups: [map], operation: {draws: 2}"
sed -i "s,^model:.*,model: {path: \"$work/model\"}," "$work/f.yaml"
ends 0 env LENSWEEP_ISA=portable "$program" run "$work/f.yaml" --set run.threads=1
ends 0 "$program" verify "$work/curve" --cells 30 && has 'all equal' "$work/out"

# Files that experiments read beside the data: what was in them belongs to the result.
printf '0 1 a\n1 2 b\n' >"$work/units.txt"
noise() { echo "{\"lands\": {\"model\": {\"subject\": $1, \"answers\": 0.1}}}" >"$work/noise.json"; }
noise 0.25
cp -r "$work/output" "$work/ranked"
config "$work/n.yaml" "$work/lands.jsonl" "$work/beside" \
    "name: sets, kind: ablation, site: neurons, neuron_file: \"$work/units.txt\", operation: {kind: zero}" \
    "name: twos, kind: ablation, site: head, heads: {pairs: \"$work/ranked\", group: mean, top: 3}, operation: {kind: mean}" \
    "name: some, kind: edges, from: \"$work/ranked\", groups: [mean, swap], top: 3, operation: {kind: zero}" \
    "name: noisy, kind: causal_trace, corrupt: [subject], sites: [attn], window: [2], samples: 2, noise: published, noise_file: \"$work/noise.json\""
sed -i "s,^model:.*,model: {path: \"$work/model\"}," "$work/n.yaml"
ends 0 "$program" run "$work/n.yaml" --set run.threads=1
# another FILE KEY EXPERIMENT: what verify says now that FILE is another one.
another() {
    ends 2 "$program" verify "$work/beside" && says "what experiment $2 read from the file of $1 has changed"
}
printf '0 1 a\n1 3 b\n' >"$work/units.txt" && another neuron_file sets
printf '0 1 a\n1 2 b\n' >"$work/units.txt"
noise 0.5 && another noise_file noisy
noise 0.25
ends 0 "$program" run "$work/c.yaml" --set run.threads=1 --set "output=$work/other" --set data.seed=5
mv "$work/ranked/result.h5" "$work/ranked.h5" && cp "$work/other/result.h5" "$work/ranked/"
ends 2 "$program" verify "$work/beside" && has 'read from the file of '
mv "$work/ranked.h5" "$work/ranked/result.h5"
ends 0 "$program" verify "$work/beside" --cells 20 && has 'all equal' "$work/out"

# Bits of OpenBLAS: the naive executor's are always the same here, others depend on what shares a product.
ends 0 "$program" run "$work/c.yaml" --set run.threads=1 --set run.gemm=openblas --set "output=$work/blas"
ends 2 "$program" verify "$work/blas" && says 'run.gemm: openblas'
ends 0 "$program" run "$work/c.yaml" --set run.threads=1 --set run.executor=naive --set "output=$work/naive"
ends 0 "$program" verify "$work/naive" --cells 5 && has 'all equal' "$work/out"

if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    vector() { "$LENSWEEP_PYTHON" -c "import numpy, sys; numpy.save(sys.argv[1], numpy.full(48, $1, 'f4'))" "$work/v.npy"; }
    vector 0.5
    config "$work/v.yaml" "$work/lands.jsonl" "$work/added" "name: add, kind: ablation, site: mlp, operation: {kind: add, vector: \"$work/v.npy\"}"
    sed -i "s,^model:.*,model: {path: \"$work/model\"}," "$work/v.yaml"
    ends 0 "$program" run "$work/v.yaml" --set run.threads=1
    ends 0 "$program" verify "$work/added" --cells 5 && has 'all equal' "$work/out"
    vector 0.25
    ends 2 "$program" verify "$work/added" && says 'what experiment add read from the file of operation.vector has changed'
    cp "$work/curve/result.h5" "$work/keep.h5"
    "$LENSWEEP_PYTHON" - "$work/curve/result.h5" <<'P'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f["curve/metric"][3, 0, 1, 0] += 1
    f["circuit/metric"][4, 0, 1, 0] += 1
P
    ends 1 "$program" verify "$work/curve" --cells 1000000 && has 'curve/metric: query 3 (' "$work/out" &&
        has 'circuit/metric: query 4 (' "$work/out"
    cp "$work/keep.h5" "$work/curve/result.h5"
    cp "$result" "$work/keep.h5"
    "$LENSWEEP_PYTHON" - "$result" <<'P'
import sys, h5py
with h5py.File(sys.argv[1], "r+") as f:
    f["mean/logit"][3, 1, 2, 0, 0] += 1
    f["decode/rank"][2, 0, 1, 0] += 1
    f["map/effect"][5, 7, 0, 0] += 1
P
    ends 1 "$program" verify "$work/output" --cells 1000000
    has 'mean/logit: query 3 (' "$work/out" && has 'layer 1, head 2, position last, target' "$work/out"
    has 'decode/rank: query 2 (' "$work/out" && has 'some differ' "$work/out"
    has 'map/effect: query 5 (' "$work/out" && has 'edge embedding > v 0.1, position subject+last, metric' "$work/out"
    ends 1 "$program" verify "$work/output" --cells 1000000 --json && has '"differ": 3' "$work/out"
    cp "$work/keep.h5" "$result"
fi

sed '2s/"ids": \[[0-9]*/"ids": [9/' "$work/lands.jsonl" >"$work/other.jsonl" && cp "$work/lands.jsonl" "$work/keep.jsonl"
cp "$work/other.jsonl" "$work/lands.jsonl"
ends 2 "$program" verify "$work/output" && says 'the data changed: query lands, item'
rm "$work/output/manifest"
ends 2 "$program" verify "$work/output" && says 'data_fingerprint'
cp "$work/keep.jsonl" "$work/lands.jsonl"
printf x | dd of="$work/model/model-00002-of-00002.safetensors" bs=1 seek=60000 conv=notrunc status=none
ends 2 "$program" verify "$work/output" && says 'model_fingerprint'
finish
