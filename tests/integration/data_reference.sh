#!/usr/bin/env bash
# docs/data.md: its tables are the reader's own, each key that the adapter reads stands in them, and its
# examples are data without a mistake.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

page=docs/data.md
ends 0 "$program" help data --as markdown
sed -n '/^<!-- lensweep help data/,/^<!-- end/p' "$page" | sed '1d;$d' | diff - "$work/out" ||
    wrong "$page is old: run tests/tools/write_pages"
while read -r key; do
    grep -qF "| \`$key\` |" "$work/out" || wrong "the adapter reads $key, which is in no table"
done < <(grep -oE '"[a-z_0-9]+_(idx|list|tokens|ids)"' src/data/one_to_many.c | tr -d '"' | sort -u)
# Each key that a reader of another form takes stands in a table, as a part of a name there: "choices.label".
while read -r key; do
    grep -qE "^\| .*\b$key\b" "$work/out" || wrong "a reader takes $key, which is in no table"
done < <(cat src/data/forms/*.c | tr -d '\n' | sed 's/  */ /g' |
    grep -oE '(need|need_text|json_object_get)\([a-z>-]*, ?([a-z]*, ?)?"[a-zA-Z_0-9]+"' | grep -oE '"[^"]+"' | tr -d '"' | sort -u)

# examples FILE PATTERN: the lines of the page that are data of a format, without a bad query.
examples() {
    sed -n "s/^    \({\"$2\".*\)/\1/p" "$page" >"$work/$1"
    [ -s "$work/$1" ] || wrong "no example of $2"
    config "$work/c.yaml" "$work/$1" "$work/none" 'name: early, kind: decode'
    ends 0 "$program" plan "$work/c.yaml" --set model.path=tests/fixtures/tiny/model
    has ' 0 of them bad' "$work/out"
}
examples native.jsonl '\(text\|ids\)'
examples towns_1.jsonl query

# form NAME FILE PATTERN: the same for a line of another form, known by its keys.
form() {
    grep -E "^    $3" "$page" | sed 's/^    //' >"$work/$2"
    [ -s "$work/$2" ] || wrong "no example of $1"
    config "$work/c.yaml" "$work/$2" "$work/none" 'name: early, kind: decode'
    for format in auto "$1"; do
        ends 0 "$program" plan "$work/c.yaml" --set model.path=tests/fixtures/tiny/model --set data.format="$format"
        hasnt ' 0 queries' "$work/out"
    done
}
form counterfact a.json '\[\{"requested'
form known a.json '\[\{"known_id'
form relation a.json '\{"name"'
form eap_csv a.csv '(clean,|"Max)'
form mib_ioi a.jsonl '\{"prompt": "Max'
form mib_mcqa a.jsonl '\{"prompt": "A box'
form mib_arithmetic a.jsonl '\{"prompt": "12'

# What a query may be too long for: the kinds that have these keys, as their table says, and no others.
ends 0 "$program" help config --as markdown
for key in answer_logprob generate.tokens; do
    kinds=$(awk -v row="| \`$key\` |" '/^## experiments, kind / { kind = $4 } index($0, row) == 1 { printf "%s%s", n++ ? ", " : "", kind }' "$work/out")
    grep -F "longer than the model's positions\` | " "$page" | grep -qE "(\| |; )$kinds with \`${key%.tokens}\`" ||
        wrong "$page does not say that $kinds with $key can leave out what is too long"
done
model=tests/fixtures/families/gpt2 # 64 positions
ids=$(awk 'BEGIN { for (i = 0; i < 64; i++) printf "%s%d", i ? ", " : "", i * i % 37 }')
right=$("$program" logits "$model" --ids "${ids//,/}" --top 1 2>/dev/null | awk '$1 == 0 { print $2 }')
printf '{"ids": [%s], "spans": {"subject": [1, 2]}, "answers": {"answer_1": [%d, 5]}}\n' "$ids" "$right" >"$work/full.jsonl"
config "$work/c.yaml" "$work/full.jsonl" "$work/full" \
    'name: trace, kind: causal_trace, answer_logprob: true, noise: 1, samples: 1, corrupt: [subject], sites: [mlp], window: [1]' \
    'name: cut, kind: knockout, sets: [subject], answer_logprob: true' \
    'name: cut_text, kind: knockout, sets: [subject], generate: {tokens: 1}' \
    'name: mlp, kind: ablation, site: mlp, operation: {kind: zero}, answer_logprob: true' \
    'name: mlp_text, kind: ablation, site: mlp, operation: {kind: zero}, generate: {tokens: 1}' \
    'name: fits, kind: ablation, site: mlp, operation: {kind: zero}'
ends 0 "$program" run "$work/c.yaml" --set model.path="$model" --set run.threads=1
[ "$(grep -c "left out: with its answer or continuation it is longer than the model's positions" "$work/out")" = 5 ] ||
    wrong 'what is too long with its answer is not left out five times'
finish
