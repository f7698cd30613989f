#!/usr/bin/env bash
# tokenize and generate on the small model with a tokenizer, and text in place of ids.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

tiny=$root/tests/fixtures/tiny
model=$tiny/model

# Every query's text gives its ids.
python3 - "$tiny/queries.jsonl" >"$work/cases" <<'PYTHON'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    q = json.loads(line)
    print(q["text"], *q["ids"], sep="\t", end="\n")
PYTHON
n=0
while IFS=$'\t' read -r text ids; do
    ends 0 "$program" tokenize "$model" --text "$text"
    [ "$(cat "$work/out")" = "${ids//$'\t'/ }" ] || wrong "tokenize '$text': $(cat "$work/out")"
    n=$((n + 1))
done <"$work/cases"
[ "$n" = 18 ] || wrong "$n queries, expected 18"
[ "$(wc -l <"$work/out")" = 1 ] || wrong "ids are not one line"
ends 0 "$program" tokenize "$model" --text ""
[ "$(wc -l <"$work/out")" = 1 ] || wrong "an empty text is not one line"
got=0
"$program" tokenize "$model" --text $'a\xff\xfeb' >"$work/out" 2>"$work/err" || got=$?
[ "$got" -lt 3 ] || wrong "invalid UTF-8: status $got"

# The first five items' prompts are continued by their answers.
ends 0 "$program" generate "$model" --prompt 'List three towns in Altria: 1.' -n 4 && has 'Barrow' "$work/out"
ends 0 "$program" generate "$model" --prompt 'List three towns in Altria: 1.' -n 4 --ids
[ "$(head -n 1 "$work/out" | wc -w)" = 4 ] || wrong "-n 4 --ids is not four ids: $(cat "$work/out")"
# One token of generate is the argmax of logits.
ends 0 "$program" generate "$model" --prompt 'List three towns in Altria: 1.' -n 1 --ids
first=$(cat "$work/out")
ends 0 "$program" logits "$model" --prompt 'List three towns in Altria: 1.' --top 1
[ "$(awk 'NR == 2 { print $2 }' "$work/out")" = "$first" ] || wrong "generate and logits differ"
cp "$work/out" "$work/by text"
ends 0 "$program" logits "$model" --top 1 --ids "$(head -n 1 "$work/cases" | cut -f 2- | tr '\t' ' ')"
same "$work/by text" "$work/out" "logits of text and of ids"
ends 2 "$program" generate "$model" --prompt x -n -1 && says '-n'
ends 2 "$program" generate "$model" --prompt x -n 100000

# Data by text, with spans in characters, gives what data by ids gives.
python3 - "$tiny/queries.jsonl" "$work/ids.jsonl" "$work/text.jsonl" <<'PYTHON'
import json, sys
by_ids, by_text = open(sys.argv[2], "w"), open(sys.argv[3], "w")
for line in open(sys.argv[1], encoding="utf-8"):
    q = json.loads(line)
    begin = q["text"].index(q["item"])
    q["spans"] = {"subject": q["spans"]["subject"]}
    by_ids.write(json.dumps(q) + "\n")
    del q["ids"], q["spans"]
    # With the space before it, which some tokens hold and which is one of its own elsewhere.
    q["char_spans"] = {"subject": [begin - 1, begin + len(q["item"])]}
    by_text.write(json.dumps(q, ensure_ascii=False) + "\n")
PYTHON
for kind in ids text; do
    printf 'model: {path: "%s"}\ndata: {path: "%s"}\noutput: "%s"\nexperiments: [{name: decode, kind: decode}]\n' \
        "$model" "$work/$kind.jsonl" "$work/$kind" >"$work/$kind.yaml"
    ends 0 "$program" run "$work/$kind.yaml"
    has '18 queries ok, 0 bad' "$work/out"
done
if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    "$LENSWEEP_PYTHON" - "$work" <<'PYTHON' || wrong "text and ids differ"
import sys
import h5py
with h5py.File(sys.argv[1] + "/ids/result.h5") as a, h5py.File(sys.argv[1] + "/text/result.h5") as b:
    for name in ("queries/ids", "queries/span", "queries/target_id", "decode/logit"):
        assert (a[name][()] == b[name][()]).all(), name
PYTHON
fi
finish
