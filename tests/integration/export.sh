#!/usr/bin/env bash
# lensweep export: a result file of all kinds in each format against h5py (tests/check_export.py), and
# what must be one clear line.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# Mistakes, and files that cannot be read or written: nothing is left.
queries 2 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/a" 'name: decode, kind: decode' 'name: load, kind: noop, cells: 3, values: 4'
ends 0 "$program" run "$work/c.yaml"
[ "$wrong" = 0 ] || finish
ends 2 "$program" export "$work/a" && says '--format is missing; usage: lensweep export RESULT --format csv|jsonl|authors'
ends 2 "$program" export "$work/a" --format CSV && says '--format must be one of csv | jsonl | authors | mib, not "CSV"'
ends 2 "$program" export "$work/a" --format csv --model x && says '--model'
ends 2 "$program" export "$work/a" --format csv -o '' && says '-o'
ends 2 "$program" export --format csv && says 'usage'
for model in '' / a//b ../b a/../../b a/ 'a b' .; do
    ends 2 "$program" export "$work/a" --format authors --model "$model" -o "$work/x" && says '--model'
done
head -c 3000 "$work/a/result.h5" >"$work/torn.h5"
for format in csv jsonl authors; do
    ends 3 "$program" export "$work/torn.h5" --format $format -o "$work/x" && says 'torn.h5'
    ends 3 "$program" export "$work/none" --format $format -o "$work/x" && says 'none'
    ends 3 "$program" export "$work/a" --format $format -o "$work/lands.jsonl" && says 'lands.jsonl'
    got=0
    (ulimit -f 1 && "$program" export "$work/a" --format $format -o "$work/x" >"$work/out" 2>"$work/err") || got=$?
    [ "$got" = 3 ] || wrong "status $got where files may not grow"
    says 'cannot write'
done
# Two datasets in one folder would be one.
sed -e '1,3s/"lands"/"a b"/; 4,6s/"lands"/"a_b"/' "$work/lands.jsonl" >"$work/both.jsonl"
ends 0 "$program" run "$work/c.yaml" --set data.path="$work/both.jsonl" --set output="$work/both"
ends 2 "$program" export "$work/both" --format authors -o "$work/x" && says 'datasets "a b" and "a_b" have one folder'
[ -z "$(find "$work/x" -type f 2>/dev/null)" ] || wrong "files are left: $(find "$work/x" -type f | head -n 3)"

# Beside the result unless -o says another folder; the same bytes each time.
ends 0 "$program" export "$work/a" --format jsonl
ends 0 "$program" export "$work/a/result.h5" --format jsonl -o "$work/new/folder"
has 'files in' "$work/out"
same "$work/a/jsonl/decode.query.jsonl" "$work/new/folder/decode.query.jsonl" 'two exports'

python=${LENSWEEP_PYTHON:-}
[ -n "$python" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }

# Every kind, two datasets and two templates, names that need quotes; a target of some queries is the
# argmax, so that they are traced, and some queries are left out.
queries 4 >"$work/plain.jsonl"
rows=("$work/rows.jsonl" "$work/plain.jsonl")
"$python" - "${rows[@]}" <<'EOF'
import json, sys
lines = [json.loads(line) for line in open(sys.argv[2])]
with open(sys.argv[1], "w") as out:
    for dataset, template, count in ("lands", 1, 12), ("lands", 2, 6), ("more, \"lands\"", 1, 6):
        for q in lines[:count]:
            name = q["item"] + "; \"the\n5th\", \\ 日本"
            print(json.dumps({**q, "dataset": dataset, "template": template, "item": name, "subject": name}), file=out)
EOF
config "$work/first.yaml" "$work/rows.jsonl" "$work/first" 'name: load, kind: noop, cells: 1, values: 1'
ends 0 "$program" run "$work/first.yaml"
"$python" - "$work/first/result.h5" "$work/rows.jsonl" <<'EOF'
import h5py, json, sys
lines = [json.loads(line) for line in open(sys.argv[2])]
argmax = h5py.File(sys.argv[1])["queries/clean_argmax"][:].tolist()
with open(sys.argv[2], "w") as out:
    for i, (q, right) in enumerate(zip(lines, argmax)):
        if i % 4:
            q["targets"][q["target"]] = right
        print(json.dumps(q), file=out)
EOF
config "$work/all.yaml" "$work/rows.jsonl" "$work/all" \
    'name: decode, kind: decode, logprob: true, rank: true' 'name: lens, kind: token_lens, head_logit: true' \
    'name: cut, kind: knockout, sets: [subject, answer_1, answer_2, last, random_subject]' \
    'name: cut_layers, kind: knockout, layers: each, sets: [subject]' 'name: heads, kind: heads' \
    'name: heads_a, kind: heads, classify: authors' \
    'name: trace, kind: causal_trace, corrupt: [subject, answer_1, answer_2], samples: 2, noise: 0.2, window: [1, 10]' \
    'name: trace_in, kind: causal_trace, direction: noise, corrupt: [subject], samples: 2, noise: 0.2' \
    'name: ab, kind: ablation, site: head, layers: each, heads: each, positions: [last], operation: {kind: zero}, metrics: [logit, kl]' \
    'name: load, kind: noop, cells: 3, values: 4'
ends 0 "$program" run "$work/all.yaml" --set statistics.bootstrap=50
[ "$wrong" = 0 ] || finish
for format in csv jsonl; do
    ends 0 "$program" export "$work/all" --format $format
    "$python" tests/check_export.py $format "$work/all/result.h5" "$work/all/$format" || wrong "$format differs"
done
ends 0 "$program" export "$work/all" --format authors --model meta-llama/Tiny -o "$work/theirs"
has 'cut_layers: left out: they cut all layers' "$work/out"
has 'heads_a: left out where an earlier group has written' "$work/out"
has 'trace_in: left out: they restore clean values' "$work/out"
"$python" tests/check_export.py authors "$work/all/result.h5" "$work/theirs" meta-llama/Tiny || wrong "authors differs"

# A checker that finds nothing wrong anywhere would be none.
sed -i '$s/\([0-9]\)$/\11/' "$work/all/csv/decode.query.layer.component.target.csv"
! "$python" tests/check_export.py csv "$work/all/result.h5" "$work/all/csv" >/dev/null || wrong "a digit more goes unseen"


# What is exported below the data's folder is no data.
mkdir "$work/folder"
queries 2 >"$work/folder/lands.jsonl"
config "$work/below.yaml" "$work/folder" "$work/folder/out" 'name: early, kind: decode'
ends 0 "$program" run "$work/below.yaml" --set run.threads=1
ends 0 "$program" export "$work/folder/out" -f jsonl
ends 0 "$program" verify "$work/folder/out" && has 'all equal' "$work/out"
finish
