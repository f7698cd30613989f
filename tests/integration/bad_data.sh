#!/usr/bin/env bash
# Data that is not data is refused with its place, exit status 2; a query that cannot be computed is a
# status of that query, and the job goes on.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

data=$work/bad.jsonl
config "$work/c.yaml" "$data" "$work/output" 'name: decode, kind: decode, rank: true' 'name: load, kind: noop, cells: 2'
good='{"ids": [1, 2, 3], "targets": {"a": 4}}'

# refused TEXT LINE...: all problems have a place in the data file.
refused() {
    local text=$1
    shift
    printf '%s\n' "$@" >"$data"
    ends 2 "$program" run "$work/c.yaml"
    has "$text"
    grep -vE "^($data:[0-9]+:[0-9]+: |lensweep: [0-9]+ problems?; nothing was run$)" "$work/err" >"$work/other"
    [ ! -s "$work/other" ] || { wrong "lines without file:line:column" && cat "$work/other"; }
    [ ! -e "$work/output" ] || wrong "an output directory was made"
}

refused ':2:' "$good" 'not json'
refused ':1:1:' '[1, 2]'
refused ':2:1:' "$good" '7'
refused ':1:' '{"ids": [1, 2], "targets": {"a": 4}'
refused ':1:' '{"ids": [1, 2]}'
refused ':1:' '{"targets": {"a": 4}}'
refused ':1:' '{"ids": "x", "targets": {"a": 4}}'
refused 'span "random_s" is a reserved name' '{"ids": [1, 2], "spans": {"random_s": [0, 1]}, "targets": {"a": 4}}'
for name in self none 3 5-7 'subject[0]' first+last; do # labels of positions and keys would stand twice
    refused "span \"$name\" is a reserved name" "{\"ids\": [1, 2], \"spans\": {\"$name\": [0, 1]}, \"targets\": {\"a\": 4}}"
done
refused 'answer a is an integer, expected a text or an array of ids' '{"ids": [1], "answers": {"a": 4}}'
refused ':1:' '{"ids": [1.5], "targets": {"a": 4}}'
refused ':2:' "$good" '{"ids": [1], "targets": {"a": 4}, "spans": {"s": [1]}}'
refused ':1:' "$(printf '{"ids": [1], "targets": {"a": 4}, "item": "\xff"}')"
refused ':1:' "$(printf '[%.0s' {1..100000})"
# Several at once.
refused ':1:1:' 'x' "$good" 'y'
has ':3:1:'
has '2 problems'

: >"$data"
ends 2 "$program" run "$work/c.yaml" && has "$data"
[ ! -e "$work/output" ] || wrong "an output directory was made for no data"
mkdir "$work/none"
ends 2 "$program" run "$work/c.yaml" --set data.path="$work/none" && has "$work/none"

# Bad queries among good ones.
{
    echo "$good"
    echo '{"ids": [1, 700, 3], "targets": {"a": 4}}'
    echo '{"ids": [1, -2, 3], "targets": {"a": 4}}'
    echo '{"ids": [1, 2, 3], "targets": {"a": 4}, "spans": {"s": [1, 9]}}'
    echo '{"ids": [1, 2, 3], "targets": {"a": 4}, "spans": {"s": [2, 1]}}'
    echo '{"ids": [], "targets": {"a": 4}}'
    echo '{"ids": [1, 2, 3], "targets": {"a": 128}}'
    printf '{"ids": [%s1], "targets": {"a": 4}}\n' "$(printf '1, %.0s' {1..2048})"
    echo '{"text": "no tokenizer here", "targets": {"a": 4}}'
    printf '%s' "$good" # the last line may lack its newline
} >"$data"
ends 0 "$program" run "$work/c.yaml" && has '2 queries ok, 8 bad' "$work/out"
ends 1 "$program" run "$work/c.yaml" --set run.fail_on_bad=true && has '8 bad'
ends 1 "$program" collect "$work/output" && has '8 bad queries, and run.fail_on_bad is set'
ends 0 "$program" run "$work/c.yaml" --set run.fail_on_bad=true --set "output=$work/halves" --shard 0/2
[ -s "$work/output/result.h5" ] || wrong "no result.h5"
ends 0 ranks 2 "$program" run "$work/c.yaml" --set output="$work/two"
same "$work/output/result.h5" "$work/two/result.h5" "two ranks, with bad queries"

# Left out means the same to progress, status, summary and run.jsonl, however many the reasons; what one
# experiment's `where` excludes is said of it alone, and is not bad.
{
    for step in 2 1 1; do echo "{\"ids\": [1, 2, $step], \"targets\": {\"a\": 4}, \"step\": $step}"; done
    for id in {700..719}; do echo "{\"ids\": [1, $id], \"targets\": {\"a\": 4}}"; done
} >"$data"
config "$work/w.yaml" "$data" "$work/left" 'name: decode, kind: decode, where: {step: 1}'
ends 0 "$program" run "$work/w.yaml" && has '3 queries ok, 20 bad' "$work/out"
cp "$work/out" "$work/said"
ends 0 "$program" summary "$work/left"
for said in "$work/said" "$work/out"; do
    [ "$(awk '/ quer(y|ies) not used: / {n += $1} END {print n}' "$said")" = 20 ] || wrong "not used in $said"
    # the group says why each of the 23 has no numbers there
    [ "$(awk '/ quer(y|ies) left out: / {n += $1} END {print n}' "$said")" = 21 ] || wrong "left out in $said"
    has '1 query left out: not selected by where' "$said"
done
ends 0 "$program" status "$work/left" && has 'bad      20 of 23 queries' "$work/out"
grep -q '"queries_bad": *20' "$work/left/run.jsonl" || wrong "queries_bad in run.jsonl"

# All bad: still a result file, and a status.
echo '{"ids": [700], "targets": {"a": 4}}' >"$data"
ends 1 "$program" run "$work/c.yaml" --set output="$work/all bad" && has '0 queries ok, 1 bad' "$work/out"
hasnt 'do not say which target' "$work/out" && has 'self-check   none (no query could be computed)' "$work/out"
has 'no query can be used: all 1 are bad'
has 'id 700 at token 0 is outside'
ends 1 "$program" plan "$work/c.yaml" && has 'bad queries' "$work/out"
has "$data:1: query 0, #" "$work/out" && has ': id 700 at token 0 is outside the vocabulary of 128' "$work/out"
has 'no query can be used'
ends 2 "$program" plan "$work/c.yaml" --set data.format=nativ
has 'data.format: unknown format "nativ" (did you mean native?)'

if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    "$LENSWEEP_PYTHON" - "$work/output/result.h5" <<'PYTHON' || wrong "statuses in the result file"
import sys
import h5py
import numpy as np

expected = ["ok", "id 700", "id -2", "span s", "span s", "empty", "id 128", "2049 tokens", "tokenizer", "ok"]
with h5py.File(sys.argv[1]) as f:
    status = [s.decode() for s in f["queries/status"][()]]
    for said, word in zip(status, expected, strict=True):
        assert word in said, (word, said)
    bad = np.array([s != "ok" for s in status])
    for name, d in f["decode"].items():
        if d.dtype.kind == "f" and len(d) == len(bad) and "control" not in name:  # one item: no controls
            assert np.isnan(d[()][bad]).all() and not np.isnan(d[()][~bad]).all(), name
    assert (f["decode/rank"][()][bad] == -1).all()
    assert np.isnan(f["queries/clean_logit"][()][bad]).all()
    assert (f["queries/clean_argmax"][()][bad] == -1).all()
    assert np.array_equal(f["decode/logit"][0], f["decode/logit"][9])
PYTHON
fi
# What only the model shows: an output that is not finite, a target that is not its choice. The rest goes on.
if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    cp -rL "$small" "$work/model" && chmod -R u+w "$work/model"
    "$LENSWEEP_PYTHON" - "$work/model" <<'PYTHON' || wrong "no model with a bad embedding"
import json, struct, sys
from pathlib import Path

folder, name, token = Path(sys.argv[1]), "model.embed_tokens.weight", 99
file = folder / json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"][name]
data = bytearray(file.read_bytes())
(n,) = struct.unpack("<Q", data[:8])
tensor = json.loads(data[8 : 8 + n])[name]
assert tensor["dtype"] == "BF16"
at = 8 + n + tensor["data_offsets"][0] + token * tensor["shape"][1] * 2
data[at : at + 2] = b"\xc0\x7f"  # NaN
file.write_bytes(data)
PYTHON
    queries 2 | sed 's/"ids": \[[0-9]*/"ids": [7/; 5s/"ids": \[7/"ids": [99/' >"$data"
    config "$work/c.yaml" "$data" "$work/shown" 'name: decode, kind: decode' \
        'name: trace, kind: causal_trace, corrupt: [subject], samples: 1, noise: 0.1'
    ends 0 ranks 2 "$program" run "$work/c.yaml" --set model.path="$work/model"
    has '5 queries ok, 1 bad' "$work/out"
    has ' ok, 1 bad; result: ' "$work/out" # progress counts the same, not what the trace alone leaves out
    has "left out: the model's output is not finite" "$work/out" && has 'left out: the target is not the argmax' "$work/out"
    ends 0 "$program" plan "$work/c.yaml" --json
    "$LENSWEEP_PYTHON" - "$work/out" "$work/shown/run.jsonl" <<'PYTHON' || wrong "work that was left out late counts as done"
import json, sys

planned = json.load(open(sys.argv[1]))["flops"]
did = json.loads(open(sys.argv[2]).readlines()[-1])["flops"]
assert 0 < did < 0.9 * planned, (did, planned)
PYTHON
    ends 1 "$program" run "$work/c.yaml" --set model.path="$work/model" --set run.fail_on_bad=true && has '1 bad query'
    ends 0 "$program" status "$work/shown"
    grep -qE '^bad +1 of 6 queries$' "$work/out" || wrong "status counts other bad queries"
    "$LENSWEEP_PYTHON" - "$work/shown/result.h5" <<'PYTHON' || wrong "statuses of what the model shows"
import sys
import h5py
import numpy as np

with h5py.File(sys.argv[1]) as f:
    status = {g: [s.decode() for s in f[g]["status"][()]] for g in ("queries", "decode", "trace")}
    nan = "the model's output is not finite"
    for group in ("queries", "decode"):
        assert status[group] == ["ok"] * 4 + [nan, "ok"], status[group]
    argmax, right = f["queries/clean_argmax"][()], f["queries/target_id"][()]
    assert status["trace"][4] == nan and set(status["trace"]) <= {"ok", nan, "the target is not the argmax"}
    for q in range(6):  # answer_1, answer_2, answer_3, twice
        assert q == 4 or (status["trace"][q] == "ok") == (argmax[q] == right[q, q % 3]), q
        assert np.isnan(f["trace/score"][q]).all() == (status["trace"][q] != "ok"), q
        assert np.isfinite(f["decode/logit"][q]).any() == (q != 4), q
PYTHON
    # where correct: its units are others than those of all queries.
    for correct in true false; do
        ends 0 "$program" run "$work/c.yaml" --set model.path="$work/model" \
            --set "experiments.decode.where={correct: $correct}" --set output="$work/correct $correct"
    done
    ends 2 "$program" plan "$work/c.yaml" --set 'experiments.decode.where={correct: 2}'
    has 'correct is "2", expected true or false'
    "$LENSWEEP_PYTHON" - "$work/shown/result.h5" "$work/correct true/result.h5" "$work/correct false/result.h5" \
        <<'PYTHON' || wrong "where: correct"
import sys
import h5py
import numpy as np

every, true, false = (h5py.File(p) for p in sys.argv[1:])
for f, asked in ((true, True), (false, False)):
    for q in range(6):
        said = f["decode/status"][q].decode()
        right = every["trace/status"][q].decode() == "ok"
        assert q == 4 or (said == "ok") == (right == asked), (q, said)
        assert q == 4 or said in ("ok", "not selected by where"), said
        if said == "ok":
            assert np.array_equal(f["decode/logit"][q], every["decode/logit"][q])
PYTHON
fi

# Names of 12 kB are whole in the file, and take no more of a line of the screen than others.
awk 'BEGIN {for (i = 0; i < 4000; i++) printf "\344\270\226"}' >"$work/long"
queries 3 | awk -v name="$(cat "$work/long")" '{gsub(/"lands"/, "\"" name "\""); gsub(/answer_1/, name); sub(/"item": "/, "&" name); print}' >"$data"
sed -i "s/\"target\": [^,]*, //" "$data"
config "$work/long.yaml" "$data" "$work/long.d" 'name: decode, kind: decode' \
    'name: zero, kind: ablation, site: head, operation: {kind: zero}' 'name: cut, kind: knockout, sets: [subject]' \
    "name: edge, kind: ablation, site: edge, from: [subject, $(cat "$work/long")], to: [last, first], operation: {kind: zero}"
for words in "plan $work/long.yaml" "run $work/long.yaml" "summary $work/long.d" "top $work/long.d zero" \
    "compare $work/long.d $work/long.d"; do
    read -ra words <<<"${words//"$work"/WORK}"
    ends 0 "$program" "${words[@]//WORK/$work}"
    [ "$(cat "$work/out" "$work/err" | wc -L)" -lt 1000 ] || wrong "${words[0]} prints a name whole"
    iconv -f UTF-8 -t UTF-8 "$work/out" "$work/err" >"$work/null" || wrong "${words[0]} cuts a character"
done
ends 0 "$program" export "$work/long.d" --format csv -o "$work/csv"
grep -qF -f "$work/long" "$work/csv"/*.csv || wrong 'a name is cut in the CSV'
echo '{"ids": [1], "target": "'"$(cat "$work/long")"'", "targets": {"a": 1}}' >"$data"
ends 2 "$program" plan "$work/long.yaml" && has 'is not one of the targets'
[ "$(wc -L <"$work/err")" -lt 1300 ] || wrong 'a name is whole in an error'

# A logit near 0 is no reason to distrust the run: rounding follows the size of all logits.
echo '{"ids": [5, 17, 99, 3, 44, 61, 7, 120, 33, 2, 90, 11, 76, 54, 23, 101, 8, 65, 13, 39], "targets": {"a": 55}, "spans": {"s": [2, 5]}}' >"$work/near0.jsonl"
config "$work/near0.yaml" "$work/near0.jsonl" "$work/near0" 'name: decode, kind: decode' 'name: cut, kind: knockout, sets: [s]'
ends 0 "$program" run "$work/near0.yaml" --set run.audit=all
finish
