#!/usr/bin/env bash
# Several models in one config: each has a folder of its own with the very bytes that a run of it
# alone would write, one command goes on where it was stopped, and what cannot be compared is refused.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

mkdir -p "$work/base" "$work/tuned"
cp -r "$small" "$work/base/model"
cp -r "$small" "$work/tuned/model"
# A few weights of the other sign: a checkpoint of the same shape.
for at in 60001 60003 60005 60007; do
    printf '\277' | dd of="$work/tuned/model/model-00001-of-00002.safetensors" bs=1 seek=$at conv=notrunc status=none
done
queries 3 >"$work/q.jsonl"

# several OUTPUT MODEL...
several() {
    local output=$1 list
    list=$(printf '"%s", ' "${@:2}")
    config "$work/c.yaml" "$work/q.jsonl" "$output" \
        'name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl]'
    sed -i "s|^model:.*|model: {paths: [${list%, }]}|" "$work/c.yaml"
    echo 'run: {threads: 1, audit: none}' >>"$work/c.yaml"
}

several "$work/out" "$work/base/model" "$work/tuned/model/"
ends 0 "$program" plan "$work/c.yaml" && has "model 2 of 2: $work/tuned/model" "$work/out"
ends 0 "$program" plan "$work/c.yaml" --set 'data.null=[none, shuffled_targets]'
[ "$(sed -n 's/^model \([12]\) of 2: .*, null: \([ns]\).*/\1\2/p' "$work/out" | tr '\n' ' ')" = '1s 1n 2s 2n ' ] ||
    wrong 'not each model about nothing and then itself'
ends 0 "$program" plan "$work/c.yaml" --json
{ grep -q '^\[{' "$work/out" && grep -q '\]$' "$work/out"; } || wrong 'the plans of two models are not one list'
several "$work/both" "$work/base/model" "$work/tuned/model/"
ends 0 ranks 2 "$program" run "$work/c.yaml"
has 'all 2 models are done: lensweep compare' "$work/out"
for one in base tuned; do
    ends 0 "$program" run "$work/c.yaml" --set model.paths=[] --set "model.path=$work/$one/model" --set "output=$work/$one/alone"
    same "$work/both/$one-model/result.h5" "$work/$one/alone/result.h5" "$one beside another and alone"
done
cmp -s "$work"/both/{base,tuned}-model/result.h5 && wrong 'two models, one result'
ends 0 "$program" compare "$work"/both/{base,tuned}-model "$work/base/alone" -n 3 && has 'C - A' "$work/out"

# Status and collect of the whole; what is there is not computed again.
rm "$work"/both/tuned-model/{result.h5,journal/*}
ends 0 "$program" status "$work/both" && has '100.0 %' "$work/out" && has '0.0 %: 0 of' "$work/out"
ends 0 "$program" status "$work/both" --json && has "\"$work/both/tuned-model\"" "$work/out"
ends 2 "$program" collect "$work/both" && has 'units are not computed yet'
before=$(ls -i "$work/both/base-model/result.h5")
ends 0 "$program" run "$work/c.yaml" && has 'of them from earlier starts'
[ "$(grep -c 'from earlier starts' "$work/err")" = 1 ] || wrong 'not just one model was begun anew'
has 'result 1 of 2, of model, was done before' "$work/out" && hasnt 'result 2 of 2' "$work/out"
[ "$before" = "$(ls -i "$work/both/base-model/result.h5")" ] || wrong 'a finished result was written anew'
# What is not such a result is: of another version, damaged.
printf X | dd of="$work/both/base-model/result.h5" bs=1 seek=3000 conv=notrunc status=none
ends 0 "$program" run "$work/c.yaml" && has 'result 2 of 2, of model, was done before' "$work/out"
same "$work/both/base-model/result.h5" "$work/base/alone/result.h5" 'a damaged result'
rm "$work"/both/*/result.h5
ends 0 "$program" collect "$work/both"
same "$work/both/tuned-model/result.h5" "$work/tuned/alone/result.h5" 'collected'
ends 2 "$program" collect "$work/both" -o "$work/x.h5" && has 'has 2 results'

# By shards; until the time is over, and on; anew: all models' outputs are forgotten before the first is run.
several "$work/parts" "$work/base/model" "$work/tuned/model/"
for shard in 0/2 1/2; do
    ends 0 "$program" run "$work/c.yaml" --shard "$shard" && has "parts/tuned-model'" "$work/out"
done
ends 0 "$program" collect "$work/parts"
for one in base tuned; do
    same "$work/parts/$one-model/result.h5" "$work/$one/alone/result.h5" "shards of $one"
done
queries 60 >"$work/more.jsonl"
sed -i "s|q.jsonl|more.jsonl|" "$work/c.yaml"
ends 0 "$program" run "$work/c.yaml"
cp "$work/parts/tuned-model/result.h5" "$work/more.h5"
ends 10 "$program" run "$work/c.yaml" --restart --set run.max_time=0.001s --set run.rows=1
has 'run the same command again without --restart'
[[ $(grep '^  next ' "$work/err") == *run*--set* ]] || wrong 'it does not say how to go on'
grep -q '^  next .*--restart' "$work/err" && wrong 'what goes on would begin anew'
ends 0 "$program" status "$work/parts"
[ "$(grep -c ' 0 of' "$work/out")" -ge 1 ] || wrong 'not all models were forgotten'
ends 0 "$program" run "$work/c.yaml" && hasnt 'was done before' "$work/out"
same "$work/parts/tuned-model/result.h5" "$work/more.h5" 'begun anew and stopped'

# Stopped in the first of its results, which is about nothing: the folder is a run's all the same.
several "$work/first" "$work/base/model" "$work/tuned/model/"
sed -i "s|q.jsonl|more.jsonl|" "$work/c.yaml"
ends 10 "$program" run "$work/c.yaml" --set 'data.null=[none, shuffled_targets]' --set run.max_time=0.001s --set run.rows=1
ends 0 "$program" status "$work/first" && has 'null_shuffled_targets' "$work/out"
ends 0 "$program" status "$work/first" --json
[ "$(head -c 1 "$work/out")" = '[' ] || wrong 'the JSON of one of several is no list'
ends 0 "$program" collect --partial "$work/first" && has 'result: ' "$work/out"

# Mistakes
several "$work/bad" "$work/base/model" "$models/mistral-mha-f16"
ends 2 "$program" run "$work/c.yaml" && has 'has another number of'
several "$work/bad" "$work/base/model" "$work/tuned/../base/model"
ends 2 "$program" plan "$work/c.yaml" && has 'folders of different names' && has 'is named twice, also as'
several "$work/bad" "$work/base/model" "$work/tuned/model/."
ends 2 "$program" plan "$work/c.yaml" && has 'does not end in a name'
several "$work/bad" "$work/base/model" "$work/tuned/model"
sed -i "s|^model: {|&path: \"$small\", |" "$work/c.yaml"
ends 2 "$program" plan "$work/c.yaml" && has 'path names one model'
cp -r tests/fixtures/tiny/model "$work/base/tiny"
cp -r tests/fixtures/tiny/model "$work/tuned/tiny2"
sed -i 's/"@":32,"A":33/"A":32,"@":33/' "$work/tuned/tiny2/tokenizer.json"
several "$work/bad" "$work/base/tiny" "$work/tuned/tiny2"
ends 2 "$program" plan "$work/c.yaml" && has 'another tokenizer than' && has '(token 32)'
# The same tokens, and another first one; heads that share keys in other numbers.
cp -r "$work/base/tiny" "$work/tuned/tiny3"
printf '{"bos_token": "A"}' >"$work/tuned/tiny3/tokenizer_config.json"
several "$work/bad" "$work/base/tiny" "$work/tuned/tiny3"
ends 2 "$program" plan "$work/c.yaml" && has 'another tokenizer than' && has '(token 33)'
cp -r "$small" "$work/tuned/shared"
sed -i 's/"num_key_value_heads": 2/"num_key_value_heads": 4/' "$work/tuned/shared/config.json"
several "$work/bad" "$small" "$work/tuned/shared"
ends 2 "$program" plan "$work/c.yaml" && has 'has another number of key and value heads'

# An empty list is no model, and is said where it stands, or at --set.
several "$work/bad" "$small"
sed -i 's|^model:.*|model: {paths: []}|' "$work/c.yaml"
for command in run plan; do
    ends 2 "$program" $command "$work/c.yaml"
    has 'c.yaml:1:16: model.path: required, but missing: the list paths, given in its place, is empty'
done
ends 2 "$program" plan "$work/c.yaml" --set "model.paths=[\"$small\"]" --set 'model.paths=[]' && has 'is empty'
printf 'model: {paths: []}\noutput: "%s"\ncurate: {facts: "%s", templates: ["{subject}"]}\n' "$work/bad" "$work/q.jsonl" >"$work/curate.yaml"
ends 2 "$program" curate "$work/curate.yaml" && has 'curate.yaml:1:16: model.path: required, but missing'
[ ! -e "$work/bad" ] || wrong 'something was made for a config without a model'
finish
