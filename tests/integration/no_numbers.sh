#!/usr/bin/env bash
# Where a number is not there none is printed: too few controls for a chance, one item, effects that are
# all equal. Neither a run's summary nor top nor a page says "nan".
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

small=$root/tests/fixtures/families/llama
few() { # ITEM STEP TOKEN
    printf '{"ids": [%d, 2, 3, 4], "item": "%s", "step": %d, "spans": {"subject": [0, 1]}, ' "$3" "$1" "$2"
    printf '"targets": {"answer_1": %d, "subject": %d}}\n' "$(($3 + 9))" "$3"
}
for item in 1 2 3; do few $item 0 $item; done >"$work/chance.jsonl"
{ few a 1 3 && few a 2 4 && few b 2 5; } >"$work/one.jsonl"
for data in chance one; do
    config "$work/c.yaml" "$work/$data.jsonl" "$work/$data" 'name: h, kind: heads, vocab_stats: false' \
        'name: s, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit]' \
        'name: z, kind: ablation, site: head, operation: {kind: scale, factor: 1}, metrics: [logit]' \
        'name: att, kind: attention, repeated: 8, where: {step: 2}'
    [ $data = chance ] && sed -i '/kind: attention/d' "$work/c.yaml"
    ends 0 "$program" run "$work/c.yaml" --set run.threads=1
    sed -n '/^lensweep 0/,$p' "$work/out" >"$work/said"
    grep -qE '^controls: . of . quer(y has|ies have) fewer than 16 control tokens from other' "$work/said" ||
        wrong "$data: how few controls there are is not said"
    for options in "" --classes "h" "s --classes" "z --classes"; do
        # shellcheck disable=SC2086 # words
        "$program" top "$work/$data" $options >>"$work/said" 2>&1
    done
    ends 0 "$program" report "$work/$data" -o "$work/page.html"
    sed 's/<[^>]*>/ /g' "$work/page.html" >>"$work/said"
    grep -n -iw -- '[-+]*nan' "$work/said" && wrong "$data: a number that is not there is printed"
done
finish
