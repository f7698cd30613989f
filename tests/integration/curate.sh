#!/usr/bin/env bash
# curate: queries from facts, the same bytes for any ranks, resumed after a kill; its files are data that
# a run takes; what is wrong is said with its place, or is a drop with its reason.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

tiny=tests/fixtures/tiny/model
facts=$work/facts.csv
export OMP_NUM_THREADS=1

# curation FILE MODEL OUTPUT LINE...: a config; the lines are keys of curate.
curation() {
    local file=$1 model=$2 output=$3
    shift 3
    printf 'model: {path: "%s"}\noutput: "%s"\nrun: {threads: 1}\ncurate:\n  facts: "%s"\n' "$model" "$output" "$facts" >"$file"
    printf '  %s\n' "$@" >>"$file"
}

# counts DIR: the table of the card adds up, and is what the files hold.
counts() {
    awk -F'|' '/^\| prompts/ { left = $4 } /^\| [^p]/ && $3 + 0 { left -= $3; if (left != $4 + 0) bad = 1 }
        /^\| kept/ { exit bad || left != $4 + 0 }' "$1/card.md" || wrong "$1: the counts do not add up"
    [ "$(wc -l <"$1/curate.jsonl")" = "$(sed -n 's/^| prompts.*| \([0-9]*\) |$/\1/p' "$1/card.md")" ] ||
        wrong "$1: curate.jsonl does not have every prompt"
}

# Given objects: no model is asked. Duplicates count once, short lists are dropped.
{
    printf '# source: made for a test\nsubject,object,object_aliases\n'
    for s in Altria Borland Cresta Dovia; do printf '%s,Ada %s,\n%s,Bel,\n%s,"Cor, by the sea",\n' $s $s $s $s; done
    printf 'Altria,Bel,\nErmia,Fen,\n'
} >"$facts"
curation "$work/c.yaml" "$tiny" "$work/given" 'dataset: towns' 'templates: ["List [towns of] {subject}: 1.", "{subject} has: 1."]' \
    'answers: 3' 'from: facts' 'splits: {train: 0.5, test: 0.5}'
ends 0 "$program" plan "$work/c.yaml" && has 'prompts 10: 2 templates, 3 answers each' "$work/out"
has 'dropped before it is asked: Ermia, template 1: 1 object, fewer than 3' "$work/out"
ends 0 "$program" plan "$work/c.yaml" --json && has '"prompts": 10' "$work/out" && has '"prompts_dropped": 2' "$work/out"
ends 0 "$program" curate "$work/c.yaml" && has '8 of 10 prompts kept: 24 queries' "$work/out"
has 'facts that are there twice count once: 1, the first'
has '     4 of 5 kept of template 2: {subject} has: 1.' "$work/out" && hasnt 'keeps no prompt' "$work/err"
has '{subject} has: 1.`: 4 of 5 kept' "$work/given/card.md"
# Another start's files would be read as data with its own: what names them may not change.
ends 2 "$program" curate "$work/c.yaml" --set curate.answers=2 && says 'curate.answers changed: it was 3'
ends 2 "$program" curate "$work/c.yaml" --set curate.splits='{train: 1}' && says 'curate.splits changed: it was {train: 0.5, test: 0.5}'
[ -e "$work/given/train/towns_3.jsonl" ] || wrong 'a refused start took something away'
for command in status collect; do
    ends 2 "$program" $command "$work/given" && has 'is the output of lensweep curate'
done
counts "$work/given"
has '# source: made for a test' "$work/given/card.md"
[ "$(cat "$work"/given/*/towns_1.jsonl | wc -l)" = 8 ] || wrong "not 8 queries of step 1"
[ "$(grep -ho '"item": "[A-Z][a-z]*"' "$work"/given/train/*.jsonl | sort -u | wc -l)" = 2 ] || wrong "train does not have two items"
config "$work/run.yaml" "$work/given" "$work/none" 'name: early, kind: decode'
ends 0 "$program" plan "$work/run.yaml" --set model.path=$tiny && has '24 queries, 0 of them bad' "$work/out"
ends 2 "$program" plan "$work/c.yaml" --sbatch && has 'has no --sbatch'
ends 2 "$program" run "$work/c.yaml" && has 'it is for lensweep curate'
ends 2 "$program" curate "$work/run.yaml" && has 'does not have a section curate'

# refused TEXT LINE...: facts that are refused, with a place.
refused() {
    local text=$1
    shift
    printf '%s\n' "$@" >"$facts"
    ends 2 "$program" curate "$work/c.yaml" --set output="$work/none"
    has "$text"
    [ ! -e "$work/none" ] || wrong "an output directory was made for '$text'"
}
refused 'facts.csv:1:1: no facts: expected a header with subject and object, so written; it is "Altria", "Ada"' 'Altria,Ada' 'Borland,Bel'
refused 'facts.csv:1:1: no facts: expected a header with subject and object, so written; it is "subject", " object"' 'subject, object' 'a, b'
refused 'facts.csv:1:1: fields are separated by semicolons: write commas' 'subject;object' 'a;b'
refused 'facts.csv:1:1: fields are separated by tabs: write commas' "$(printf 'subject\tobject')" "$(printf 'a\tb')"
refused 'facts.csv:3:1: the subject is empty' 'subject,object' 'a,b' ',c'
refused 'facts.csv:2:1: the object is empty' 'subject,object' 'a, '
refused 'facts.csv:2:1: a name must not hold a line break, nor an object "|"' 'subject,object' 'a,b|c'
refused 'facts.csv:2:1: field 2 is not text in UTF-8' 'subject,object' "$(printf 'a,b\xff')"
refused 'facts.csv:2:1: 3 fields, expected 2' 'subject,object' 'a,b,c'
refused 'no facts: the file is empty' 'subject,object'
printf 'subject,object\na,b\n' >"$facts"
for set in 'templates=[no place]|template 1 does not have {subject}' 'templates=["{subject} {subject}"]|has {subject} twice' \
    'templates=["[a] [b] {subject}: 1."]|one pair of [brackets]' 'splits={a: 0.5}|the shares must add up to 1' 'chat=maybe|curate.chat' \
    'answers=10|curate.answers' 'dataset=../towns|curate.dataset: is part of file names' 'dataset=.towns|begin with a dot' \
    'templates=["{subject} has"]|template 1 of a list does not end in "1."'; do
    ends 2 "$program" curate "$work/c.yaml" --set "curate.${set%%|*}"
    has "${set#*|}"
done
ends 2 "$program" curate "$work/c.yaml" --set curate.chat=auto && has 'chat template'

# Names compare as they do for answers: objects that are called alike are one object, which no other subject's control,
# and no counterfactual's object, may be.
printf 'subject,object,objet_aliases\nTom,Zurich,Zuerich\n' >"$facts"
curation "$work/near.yaml" "$tiny" "$work/near" 'dataset: near' 'templates: ["{subject} has"]' 'answers: 1' 'from: facts'
sed -i 's/has"\]/has "]/' "$work/near.yaml"
ends 0 "$program" curate "$work/near.yaml" && has 'warning: template 1 ends in a space' && has 'facts.csv:1: the column "objet_aliases" is not read (did you mean object_aliases?)'
printf 'subject,object,object_aliases\nTom,Zurich,\nTom,zurich,\nMax,The Isar,Isar river\nEve,Isar,\n' >"$facts"
curation "$work/alike.yaml" "$tiny" "$work/alike" 'dataset: alike' 'templates: ["{subject} has"]' 'answers: 1' 'from: facts'
ends 0 "$program" curate "$work/alike.yaml" && has "facts that are there twice count once: 1, the first: $facts: Tom, zurich"
ends 1 "$program" curate "$work/alike.yaml" --set curate.answers=2 --set 'curate.templates=["{subject}: 1."]' --set "output=$work/two"
"${LENSWEEP_PYTHON:-python3}" - "$work/alike/alike_1.jsonl" <<'END' || wrong "what Max and Eve have in common"
import json, sys
q = {v["item"]: v for v in map(json.loads, open(sys.argv[1]))}
for one, other in (("Max", "Eve"), ("Eve", "Max")):
    assert q[other]["targets"]["answer_1"] not in q[one]["controls"], q[one]
    assert q[one].get("counterfactual", {}).get("ids") != q[other]["ids"], q[one]
END

# A great many facts are read at once.
awk 'BEGIN { print "subject,object"; for (i = 0; i < 100000; i++) printf "s%d,o%d\n", i % 50000, i }' >"$facts"
ends 0 timeout 60 "$program" plan "$work/c.yaml" && has '50000 subjects in 100000 rows' "$work/out"

# The model's own words: on a small one they are wrong, and all of them are kept as they are.
printf 'subject,object\n%s\n' "$(for s in Altria Borland Cresta Dovia Ermia; do echo "$s,Ada"; done)" >"$facts"
curation "$work/own.yaml" "$tiny" "$work/own" 'dataset: own' 'templates: ["The town of {subject} is"]' 'keep: all' 'tokens: 6'
got=0
"$program" curate "$work/own.yaml" >"$work/out" 2>"$work/err" || got=$?
[ "$got" -le 1 ] || wrong "status $got of a model that knows nothing"
counts "$work/own"

# Of several templates each says how much it keeps, here nothing.
ends 1 "$program" curate "$work/own.yaml" --set curate.keep=correct --set "output=$work/several" \
    --set 'curate.templates=["The town of {subject} is", "{subject} is"]'
has '     0 of 5 kept of template 2: {subject} is' "$work/out" && has 'warning: template 2 keeps no prompt'

# A key of the model's config that nobody knows is refused, unless it is to be ignored.
cp -r $tiny "$work/keyed"
sed -i '1s/{/{"residual_twist": 2, /' "$work/keyed/config.json"
ends 4 "$program" curate "$work/own.yaml" --set "model.path=$work/keyed" && has 'residual_twist'
got=0
"$program" curate "$work/own.yaml" --set "model.path=$work/keyed" --set 'model.ignore=[residual_twist]' --set "output=$work/keyed.out" \
    >"$work/out" 2>"$work/err" || got=$?
[ "$got" -le 1 ] || wrong "status $got with model.ignore"
for f in own_1.jsonl curate.jsonl; do same "$work/own/$f" "$work/keyed.out/$f" "$f, with model.ignore"; done
ends 0 "$program" plan "$work/own.yaml" --set "model.path=$work/keyed" --set 'model.ignore=[residual_twist]'

[ -n "${LENSWEEP_MODEL:-}" ] || finish
facts=$work/some.csv
head -n 40 data/facts/capitals.csv >"$facts"
curation "$work/real.yaml" "$LENSWEEP_MODEL" "$work/one" 'dataset: capitals' 'templates: ["The capital of {subject} is"]'
ends 0 "$program" curate "$work/real.yaml" && has ' prompts kept' "$work/out"
counts "$work/one"
! grep -E '"answers": \["[^"]*[ ,.;:]"\], "status": "kept"' "$work/one/curate.jsonl" || wrong "an answer with the mark behind it"
for n in 2 3; do
    ends 0 ranks $n "$program" curate "$work/real.yaml" --set output="$work/n$n"
    for f in capitals_1.jsonl curate.jsonl card.md; do same "$work/one/$f" "$work/n$n/$f" "$f, $n ranks"; done
done
# Killed in the middle, and begun again: nothing that was asked is asked again.
"$program" curate "$work/real.yaml" --set output="$work/killed" >/dev/null 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do
    [ -n "$(find "$work/killed/journal" -size +0 2>/dev/null)" ] && break
    sleep 0.05
done
kill -9 $pid
wait $pid 2>/dev/null
ends 0 "$program" curate "$work/real.yaml" --set output="$work/killed"
for f in capitals_1.jsonl curate.jsonl card.md; do same "$work/one/$f" "$work/killed/$f" "$f, after a kill"; done
ends 0 "$program" curate "$work/real.yaml" --set output="$work/killed" && has ', 0 to do'

# A rank that stands still is not waited for for ever; what is to be typed forgets nothing.
if command -v pgrep >/dev/null; then
    stuck=(curate "$work/real.yaml" --set run.grace=5s --set "output=$work/stuck")
    timeout -s KILL 100 "${mpirun[@]}" -n 3 "$program" "${stuck[@]}" --rest </dev/null >"$work/out" 2>"$work/err" &
    job=$! status=0
    for ((i = 0; i < 400; i++)); do
        [ -e "$work/stuck/journal" ] && pid=$(rank 2 "output=$work/stuck") && [ -n "$pid" ] && break
        sleep 0.05
    done
    kill -STOP "$pid"
    kill -TERM "$(rank 0 "output=$work/stuck")"
    wait $job || status=$?
    kill -CONT "$pid" 2>/dev/null
    [ $status = 10 ] || { wrong "rank 2 stood still: status $status, expected 10" && cat "$work/err"; }
    grep -qE 'ranks? ([01], )*2 did not answer within' "$work/err" || { wrong "nothing is said of rank 2" && cat "$work/err"; }
    grep -qxF "  next    mpirun -n 3 lensweep $(typed "${stuck[@]}")" "$work/err" || { wrong "what is to be typed" && cat "$work/err"; }
    ends 0 ranks 3 "$program" "${stuck[@]}"
    for f in capitals_1.jsonl curate.jsonl card.md; do same "$work/one/$f" "$work/stuck/$f" "$f, after a rank stood still"; done
fi

# What it kept, the model says: the right target is the argmax of every query.
head -n 6 "$work/one/capitals_1.jsonl" >"$work/six.jsonl"
config "$work/run.yaml" "$work/six.jsonl" "$work/six" 'name: early, kind: decode, where: {correct: true}'
ends 0 "$program" run "$work/run.yaml" --set "model.path=$LENSWEEP_MODEL" --set run.threads=1 && has '6 queries ok, 0 bad' "$work/out"
hasnt 'not selected by where' "$work/out"

# By the model's chat template, and said by hand in the same way.
for chat in auto '{user: "<|im_start|>user\n", assistant: "<|im_end|>\n<|im_start|>assistant\n"}'; do
    printf 'subject,object\nFrance,Paris\nItaly,Rome\n' >"$work/two.csv"
    facts=$work/two.csv
    curation "$work/chat.yaml" "$LENSWEEP_MODEL" "$work/chat" 'dataset: c' 'templates: ["What is the capital of {subject}?"]' "chat: $chat" 'keep: all' 'tokens: 16'
    ends 0 "$program" curate "$work/chat.yaml" --restart
    [ "$(grep -c '<|im_start|>assistant' "$work/chat/c_1.jsonl")" -ge 1 ] || wrong "chat: $chat is not what was asked"
done
finish
