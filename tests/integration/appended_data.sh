#!/usr/bin/env bash
# A run that goes on with more data, or with its files in another order, has the bytes of one that
# begins with them: strata, roles, positions and spans are numbered as the data has them. And an
# experiment may be left out.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# prompts DATASET TEMPLATE N: eight queries of one length, in which the subject is N tokens
prompts() {
    local i t
    for i in 0 1 2 3 4 5 6 7; do
        t=$(seq -s, $((i + $2)) $((i + $2 + $3 + 3)))
        printf '{"ids": [%s], "item": "i%d", "dataset": "%s", "template": %d, "step": 1, ' "$t" $i "$1" "$2"
        printf '"spans": {"subject": [1, %d]}, "targets": {"answer_1": 9}, "target": "answer_1"}\n' $(($3 + 1))
    done
}
prompts a 1 2 >"$work/a.jsonl"
prompts b 7 4 >"$work/b.jsonl"

# run OUT DATA [EXPERIMENT...]
run() {
    config "$work/c.yaml" "$work/a.jsonl" "$work/$1" "${@:3}"
    ends 0 "$program" run "$work/c.yaml" --set "data.path=$2"
}
mean='name: mean, kind: ablation, site: head, operation: {kind: mean}, positions: [last, subject]'
each='name: each, kind: ablation, site: attn, operation: {kind: zero}, positions: each'
dump='name: dump, kind: dump, sites: [mlp], positions: each'
run on "$work/a.jsonl" "$mean" "$each" "$dump"
run on "[$work/a.jsonl, $work/b.jsonl]" "$mean" "$each" "$dump"
run on "[$work/b.jsonl, $work/a.jsonl]" "$mean" "$each" "$dump"
run new "[$work/b.jsonl, $work/a.jsonl]" "$mean" "$each" "$dump"
cmp "$work/on/result.h5" "$work/new/result.h5" || wrong 'going on with other data gives other bytes'
run on "[$work/b.jsonl, $work/a.jsonl]" "$each"

# As many spans, but others: what is known of one is not taken for another's.
look='name: look, kind: attention, repeated: 0'
for span in verb word adverb; do
    sed "s/subject/$span/; s/\"b\"/\"$span\"/" "$work/b.jsonl" >"$work/$span.jsonl"
done
run other "[$work/verb.jsonl, $work/word.jsonl]" "$look"
run other "[$work/verb.jsonl, $work/adverb.jsonl]" "$look"
run fresh "[$work/verb.jsonl, $work/adverb.jsonl]" "$look"
same "$work/other/result.h5" "$work/fresh/result.h5" 'data with other spans'
finish
