#!/usr/bin/env bash
# lensweep compare of two results of the same queries: the intervals of their differences are those that
# NumPy makes of the differences query by query, judged as the averages are: by items and, where an average
# is about a target, by its tokens, with the wider ends; and none where all queries have one token.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# data TOKENS: twelve items, whose targets have so many tokens, one after the other
data() {
    awk -v tokens="$1" 'BEGIN {
        for (i = 0; i < 12; i++)
            printf "{\"ids\": [%d, %d, %d, %d], \"item\": \"i%d\", \"targets\": {\"answer_1\": %d}, \"target\": \"answer_1\"}\n",
                i * 7 % 40, i * 11 % 37, 3 + i * 5 % 31, 2 + i * i % 29, i, 5 + i % tokens
    }'
}

# two NAME TOKENS KEY...: two results of that data, zero and halved
two() {
    local name=$1
    data "$2" >"$work/$name.jsonl"
    for other in 'zero' 'scale, factor: 0.5'; do
        config "$work/c.yaml" "$work/$name.jsonl" "$work/$name-${other%%,*}" \
            "name: mlp, kind: ablation, site: mlp, metrics: [logit, logprob, kl], operation: {kind: $other}"
        ends 0 "$program" run "$work/c.yaml" --set run.threads=1 "${@:3}"
    done
    ends 0 "$program" compare "$work/$name-zero" "$work/$name-scale"
}

two one 1
has ': logit.answer_1' "$work/out"
[ "$(grep -c 'one item, or one token for all: not tested' "$work/out")" = 2 ] || wrong 'one token is tested'
[ "$(grep -c '; paired$' "$work/out")" = 1 ] || wrong 'kl, which has no sign, is not paired'
two items 1 --set statistics.by_token=false
hasnt 'not tested' "$work/out"
two two 2
[ "$(grep -c '; paired$' "$work/out")" = 3 ] || wrong 'two tokens are not paired'

ends 0 "$program" compare "$work/two-zero" "$work/two-zero"
[ "$(grep -cE '^all [0-9]+ cells? that all have (is|are) equal$' "$work/out")" = 3 ] || wrong 'equal tables are not said to be'
hasnt 'mean [95 % interval]' "$work/out" # there are no rows to explain
hasnt 'largest difference' "$work/out"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with NumPy and h5py"
for name in items two; do
    "$program" compare "$work/$name-zero" "$work/$name-scale" >"$work/out"
    reference check_paired "$work/$name-zero" "$work/$name-scale" "$work/out" || wrong "$name: NumPy has other intervals"
done
finish
