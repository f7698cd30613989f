#!/usr/bin/env bash
# What the summary says of models with random weights and data about nothing: unequal datasets, values
# that most items lack, few items, tokens that repeat. Of all tables at most the stated rate of 5 % may
# find something, in each shape of the data and over all.
# One data set of each shape; 15 with LENSWEEP_LONG=1 (105 in all).
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with numpy"
rounds=1
[ -z "${LENSWEEP_LONG:-}" ] || rounds=15

# run SHAPE SEED: the summary goes to $work/out
run() {
    local dir="$work/$1$2"
    mkdir "$dir"
    "$LENSWEEP_PYTHON" tests/integration/untrained_model.py "$dir" "$2" "$1" || wrong "the data of $1, seed $2"
    cat >"$dir/c.yaml" <<END_OF_CONFIG
model: {path: "$dir/model"}
data: {path: "$dir/queries.jsonl"}
output: "$dir/results"
experiments:
  - {name: decode, kind: decode, vocab_stats: false}
  - {name: lens, kind: token_lens}
  - {name: cut, kind: knockout, sets: [subject, last, other, random_subject]}
  - {name: heads, kind: heads, vocab_stats: false}
  - {name: far, kind: heads, vocab_stats: false, k: 2}
  - {name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, logit_difference, kl]}
run: {threads: 1, audit: none}
statistics: {bootstrap: 20}
END_OF_CONFIG
    ends 0 "$program" run "$dir/c.yaml"
    rm -rf "$dir/model"
}

all=0 found=0 lines=0 changes=0
for shape in unequal paper missing one few repeated shared; do
    tables=0 some=0
    for ((seed = 1; seed <= rounds; seed++)); do
        run "$shape" "$seed"
        n=$(grep -c -E '^(decode|lens|cut|heads|far|zero): ' "$work/out")
        nothing=$(grep -c -E "^  (nothing (found|can be said)|one item, or one token for all: not tested)" "$work/out")
        steps=$(grep -c 'paired by item' "$work/out")
        change=$((steps - $(grep -c 'numbers none changes' "$work/out")))
        tables=$((tables + n)) some=$((some + n - nothing)) lines=$((lines + steps)) changes=$((changes + change))
        [ "$n $change" = "$nothing 0" ] || { echo "-- $shape, seed $seed"; cat "$work/out"; } >>"$work/found"
        [ "$shape" != one ] || has 'one item, or one token for all: not tested; largest change' "$work/out"
    done
    echo "$shape: $some of $tables tables find something"
    all=$((all + tables)) found=$((found + some))
done
# Binomial bounds at 5 %: more than this has a chance below 1 in 1000.
most() { awk -v n="$1" 'BEGIN {print int(n * .05 + 3.1 * sqrt(n * .05 * .95) + 1)}'; }
echo "all: $found of $all, at most $(most $all); contrasts of steps: $changes of $lines, at most $(most $lines)"
if [ "$found" -gt "$(most $all)" ] || [ "$changes" -gt "$(most $lines)" ]; then
    cat "$work/found"
    wrong 'too much was found in noise'
fi
finish
