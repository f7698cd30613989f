#!/usr/bin/env bash
# result.h5 of every kind has the same bytes for each instruction set (LENSWEEP_ISA) and whatever
# OpenBLAS runs as, for 1, 2, 3, 5 and 8 ranks, 1, 2, 3 and 64 threads, waves of 16 to 4096 rows, shares of
# an array, experiments that are added later, from another working directory; and a second start computes
# nothing.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# More threads than cores must not spin.
export OMP_WAIT_POLICY=passive
tiny=$root/tests/fixtures/tiny

queries 5 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/first" \
    'name: decode, kind: decode, logprob: true, rank: true' 'name: load, kind: noop, cells: 20, values: 3'
metrics='metrics: [logit, logprob, rank, logit_difference, recall_mass, repetition_mass, kl, argmax, direct]'
config "$work/kinds.yaml" "$tiny/queries.jsonl" "$work/kinds" \
    'name: decode, kind: decode, logprob: true, rank: true' 'name: lens, kind: token_lens' \
    'name: trace, kind: causal_trace, noise: 0.1, samples: 2, logit: true, limit: 4' \
    'name: cut, kind: knockout, layers: each, heads: each, mlp_logit: true, limit: 3' \
    'name: heads, kind: heads' 'name: authors, kind: heads, classify: authors' \
    "name: zero, kind: ablation, site: head, operation: {kind: zero}, $metrics" \
    'name: quick, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit_difference]' \
    'name: others, kind: ablation, site: head, operation: {kind: resample}' \
    'name: noise, kind: ablation, site: mlp, operation: {kind: noise}' \
    'name: mean, kind: ablation, site: mlp, operation: {kind: mean}' \
    'name: edge, kind: ablation, site: edge, from: [subject], operation: {kind: zero}' \
    'name: dump, kind: dump, sites: [residual, attn, mlp, head]'
config "$work/kept.yaml" "$tiny/queries.jsonl" "$work/kept" \
    "name: kept, kind: faithfulness, from: \"$work/kinds/result.h5\", groups: [zero]"
for f in kinds kept; do
    sed -i "s,model: {path: .*,model: {path: \"$tiny/model\"}," "$work/$f.yaml"
done
quick=(--set statistics.bootstrap=20)
run=("$program" run "$work/c.yaml" "${quick[@]}")
kinds=("$program" run "$work/kinds.yaml" "${quick[@]}")
kept=("$program" run "$work/kept.yaml" "${quick[@]}")

ends 0 "${run[@]}"
ends 0 "${kinds[@]}"
ends 0 "${kept[@]}"
[ -s "$work/first/result.h5" ] || wrong "no result.h5"

# again NAME COMMAND...: all three once more, by a command and with keys of the running, for the same bytes.
again() {
    local name=$1
    shift
    ends 0 "$@" "${kinds[@]}" --set output="$work/$name" "${keys[@]}"
    same "$work/kinds/result.h5" "$work/$name/result.h5" "all kinds, $name"
    rm -rf "${work:?}/$name"
    ends 0 "$@" "${kept[@]}" --set output="$work/$name" "${keys[@]}"
    same "$work/kept/result.h5" "$work/$name/result.h5" "faithfulness, $name"
    rm -rf "${work:?}/$name"
}

keys=(--set run.threads=2)
for isa in portable avx2 avx512 neon; do
    # The program tells in one line what it or this processor does not have.
    if LENSWEEP_ISA=$isa "$program" --version >"$work/out" 2>"$work/err"; then
        again "$isa" env LENSWEEP_ISA="$isa"
    else
        says "LENSWEEP_ISA=$isa"
    fi
done
[ "$(uname -m)" != x86_64 ] || again 'a Prescott' env OPENBLAS_CORETYPE=Prescott
again 'any core type' env -u OPENBLAS_CORETYPE
for rows in 16 100 4096; do
    keys=(--set run.rows="$rows")
    again "$rows rows" env
done
keys=(--set run.threads=64)
again '64 threads' env
keys=(--set run.threads=1 --set run.rows=40)
again '8 ranks' ranks 8

# A rank whose node does not share the output with the first one's.
keys=(--set run.threads=1)
ends 0 ranks 1 "${kinds[@]}" --set output="$work/here" "${keys[@]}" : -n 2 "${kinds[@]}" --set output="$work/there" "${keys[@]}"
same "$work/kinds/result.h5" "$work/here/result.h5" "all kinds, an output that is not shared"
[ ! -e "$work/there" ] || wrong 'a rank that is not the first has made an output'
rm -rf "${work:?}/here"

# Whatever is computed together: other bundles for shares of an array, and for half of the experiments, the
# others in a second start.
shared=("${kinds[@]}" --set output="$work/shared" --set run.threads=1)
ends 0 "${shared[@]}" --shard 2/3
ends 0 ranks 3 "${shared[@]}" --shard 0/3
ends 0 ranks 2 "${shared[@]}" --shard 1/3 --set run.rows=16
ends 0 "$program" collect "$work/shared"
same "$work/kinds/result.h5" "$work/shared/result.h5" "all kinds, shares of an array"
sed '/name: \(lens\|cut\|authors\|zero\|noise\|dump\),/d' "$work/kinds.yaml" >"$work/half.yaml"
ends 0 "$program" run "$work/half.yaml" "${quick[@]}" --set output="$work/added"
ends 0 ranks 2 "${kinds[@]}" --set output="$work/added" --set run.threads=1
has ' of them from earlier starts'
same "$work/kinds/result.h5" "$work/added/result.h5" "all kinds, half of them later"
rm -rf "${work:?}"/{shared,added}

# Every type of weights.
for model in "$models"/*/; do
    [ ! -e "$model/model.gguf" ] || model=$model/model.gguf
    queries 5 "$("$program" inspect "$model" | awk '$1 == "vocabulary" { print $2 + 0 }')" >"$work/theirs.jsonl"
    for isa in portable avx2 avx512 neon; do
        LENSWEEP_ISA=$isa "$program" --version >"$work/out" 2>&1 || continue
        ends 0 env LENSWEEP_ISA="$isa" "${run[@]}" --set model.path="$model" \
            --set data.path="$work/theirs.jsonl" --set output="$work/$isa"
        [ "$isa" = portable ] || same "$work/portable/result.h5" "$work/$isa/result.h5" "$isa, ${model#"$models/"}"
    done
    rm -rf "$work"/{portable,avx2,avx512,neon}
done

for n in 2 3 5; do
    ends 0 ranks "$n" "${run[@]}" --set output="$work/ranks $n" --set run.threads=1
    same "$work/first/result.h5" "$work/ranks $n/result.h5" "$n ranks"
done
for n in 1 2 3; do
    ends 0 "${run[@]}" --set output="$work/threads $n" --set run.threads="$n"
    same "$work/first/result.h5" "$work/threads $n/result.h5" "$n threads"
done
ends 0 ranks 2 "${run[@]}" --set output="$work/both" --set run.threads=3
same "$work/first/result.h5" "$work/both/result.h5" "2 ranks of 3 threads"

mkdir "$work/elsewhere"
cp -r "$small" "$work/elsewhere/model"
cp "$work/lands.jsonl" "$work/elsewhere/lands.jsonl"
ends 0 env -C "$work/elsewhere" "$program" run ../c.yaml "${quick[@]}" --set output=here --set model.path=model \
    --set data.path=lands.jsonl
same "$work/first/result.h5" "$work/elsewhere/here/result.h5" "another working directory"

# Again: nothing is computed, whatever the number of ranks, and it says so.
cp -r "$work/first/journal" "$work/before"
ends 0 ranks 3 "${run[@]}"
units=$(awk '$1 == "units" { print $2 + 0 }' "$work/err")
has "units   $units, $units of them from earlier starts"
diff -r "$work/before" "$work/first/journal" || wrong "a start with nothing to do changed the journal"
ends 0 "${run[@]}" --set output="$work/threads 1"
same "$work/first/result.h5" "$work/threads 1/result.h5" "a second start"
finish
