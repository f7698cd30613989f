#!/usr/bin/env bash
# Mistakes that people make, each with an answer that says what to do. Nothing is run, and the status is 2.
. tests/integration/lib.bash

data=$work/lands.jsonl
for i in a b; do
    printf '{"ids": [1, 2, 3, %d], "spans": {"person": [1, 2]}, "targets": {"right": 5, "wrong": 6}, "target": "right", "item": "%s"}\n' \
        "$(printf %d "'$i")" "$i"
done >"$data"
printf '{"prompt": "The capital", "label": "Bern"}\n' >"$work/prompt.jsonl"
printf 'subject,object\nFrance,Paris\n' >"$work/facts.csv"
gzip -c "$data" >"$work/packed.jsonl"
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 123\n' >"$work/lfs.jsonl"

# wrongly DATA EXPERIMENT SAID: plan of a config with that data and experiment.
wrongly() {
    config "$work/c.yaml" "$1" "$work/r" "name: x, $2"
    ends 2 "$program" plan "$work/c.yaml"
    has "$3"
}
wrongly "$work/prompt.jsonl" 'kind: decode' 'the keys prompt, label are of no format that is known (did you mean text for prompt, answers for label?)'
wrongly "$work/facts.csv" 'kind: decode' 'a table of facts for lensweep curate'
wrongly "$work/packed.jsonl" 'kind: decode' 'compressed by gzip: unpack it first'
wrongly "$work/lfs.jsonl" 'kind: decode' 'git lfs pull'
printf 'GGUF\003\000\000\000\n\000\n\000\n' >"$work/model.gguf"
wrongly "$work/model.gguf" 'kind: decode' 'model.gguf:1:1: a GGUF model, which model.path takes'
[ "$(grep -c model.gguf "$work/err")" = 1 ] || wrong "a model as data is read line by line"
wrongly "$data" 'kind: logit_lens' 'unknown kind "logit_lens" (did you mean decode?)'
wrongly "$data" 'kind: Activation-Patching' '(did you mean ablation with operation: {kind: patch}?)'
wrongly "$data" 'kind: attention_knockout' '(did you mean knockout?)'
wrongly "$data" 'kind: causal_tracing' '(did you mean causal_trace?)'
wrongly "$data" 'kind: ablation, site: mlp, layers: 0-5, operation: {kind: zero}' '0-5 is not a number; write [0, 1, ...] for one configuration each'
wrongly "$data" 'Kind: knockout' "$work/c.yaml:5:15: experiments.x.kind: required, but missing (did you mean kind by \"Kind\"?)"
wrongly "$data" 'kind: knockout, LAYERS: 1' 'unknown key "LAYERS" (did you mean layers?)'
wrongly "$data" 'kind: ablation, site: mlp, operation: {kind: patch}' 'source.run: required with operation.kind: patch, but missing'
wrongly "$data" 'kind: ablation, site: mlp, operation: {kind: patch, source: {run: clean}}' 'unknown key "source": it stands beside operation, not in it'
wrongly "$data" 'kind: knockout, layers: eech' 'layers: must be an integer, 0 to 2, a list of them, each, all, {together: [...]} or {window: W, stride: S}, not "eech" (did you mean each?)'
wrongly "$data" 'kind: knockout, layers: [0, a]' 'layers: must be an integer, 0 to 2, not "a"'
wrongly "$data" 'kind: knockout, heads: [0.5, 1]' 'heads: must be an integer, 0 to 3, not "0.5"'
wrongly "$data" 'kind: knockout, layers: 3' 'layers: 3 is out of range: the model has 0 to 2'
wrongly "$data" 'kind: knockout, layers: {each_token: person}' 'layers: {each_token: NAME} is of positions'
wrongly "$data" 'kind: knockout, layers: {window: 1, together: [0]}' 'layers: window and together cannot be combined'
wrongly "$data" 'kind: decode, where: {foo: 1}' '(known: correct, item, subject, dataset, template, step,'
wrongly "$data" 'kind: decode, where: {stepp: 1}' '(did you mean step?)'
wrongly "$data" 'kind: decode, where: {step: 4294967297}' 'step is "4294967297", expected a number'
wrongly "$data" 'kind: decode, positions: [2147483647]' 'no prompt has a token 2147483647'
wrongly "$data" 'kind: decode, where: {item: c}' 'no query has the item "c": there is "a", "b"'
wrongly "$data" 'kind: causal_trace' 'the data has no span "subject" (the default); it has first, last, person'
wrongly "$data" 'kind: knockout' 'the data has no span "answer_1" (the default); it has'
wrongly "$data" 'kind: causal_trace, corrupt: [person], noise: published, noise_file: x.json' 'none for person: say computed, or give a number'
wrongly "$data" 'kind: causal_trace, corrupt: [person], noise_file: x.json' 'it is read with noise: published only'
mkdir "$work/none"
wrongly "$work/none" 'kind: decode' "$work/c.yaml:2:14: data.path: $work/none: the directory does not contain a .jsonl file"
config "$work/c.yaml" "$data" "$work/r" 'name: x, kind: decode' && sed -i 's/^\(data: {.*\)}$/\1, add_bos: true}/' "$work/c.yaml"
ends 2 "$program" plan "$work/c.yaml" && has "$work/c.yaml:2:" && has 'data.add_bos: there is no tokenizer with a BOS'
# shellcheck disable=SC2088
wrongly '~/nothing.jsonl' 'kind: decode' "$HOME/nothing.jsonl: no such file"
# shellcheck disable=SC2016
wrongly '$LENSWEEP_NOT_SET/x' 'kind: decode' 'the variable $LENSWEEP_NOT_SET is not set'
wrongly '~nobody/x.jsonl' 'kind: decode' 'the home of another user (~nobody) is not looked up'

printf 'base: &b {path: x}\nmodel: {<<: *b}\n' >"$work/merge.yaml"
ends 2 "$program" plan "$work/merge.yaml" && has 'merge keys (<<) are not read'

printf 'model: {paths: []}\ndata: {path: "%s"}\noutput: r\nexperiments: [{name: x, kind: decode}]\n' "$data" >"$work/none.yaml"
ends 2 "$program" plan "$work/none.yaml" && has 'model.path: required, but missing: the list paths, given in its place, is empty'

# A pipe is not waited for; what is printed goes into no file that the number of a closed output fell to.
mkfifo "$work/pipe"
for command in inspect 'tokenize --text x' 'logits --ids 1'; do
    # shellcheck disable=SC2086
    ends 3 timeout -s KILL 20 "$program" $command "$work/pipe" && says 'is not a regular file'
done
cp -r tests/fixtures/tiny/model "$work/own" && chmod -R u+w "$work/own"
"$program" logits "$work/own" --ids '1 2' --npy /dev/stdout >&- 2>/dev/null && wrong "written to a closed output"
same tests/fixtures/tiny/model/model.safetensors "$work/own/model.safetensors" "weights beside a closed output"
printf '\377\377\377\377' | dd of="$work/own/model.safetensors" bs=1 conv=notrunc status=none seek=$(($(stat -c %s "$work/own/model.safetensors") - 4))
ends 6 "$program" logits "$work/own" --ids '1 2' && says "the model's output is not finite"

# Relative paths are as seen from the working directory; who means the config's folder is told.
mkdir "$work/elsewhere"
config "$work/c.yaml" lands.jsonl r 'name: x, kind: decode'
(cd "$work/elsewhere" && ends 2 "$program" plan ../c.yaml && has 'though there is one beside the config' && exit "$wrong") || wrong "a path beside the config"

# Not wrong, but nothing would be computed; and a vector as frameworks save it.
head -n 1 "$data" >"$work/one.jsonl"
config "$work/c.yaml" "$work/one.jsonl" "$work/r" 'name: x, kind: ablation, site: mlp, operation: {kind: resample}'
ends 0 "$program" plan "$work/c.yaml"
has "warning: x computes nothing, the only query is left out: no other item's query to resample from"

# Ids of another model's tokenizer are in this one's vocabulary as well; a text that has a BOS in front is right.
printf '{"ids": [44, 73], "text": "The\\ncity", "targets": {"a": 5}}\n' >"$work/ids.jsonl"
config "$work/c.yaml" "$work/ids.jsonl" "$work/r" 'name: x, kind: decode'
ends 0 "$program" plan "$work/c.yaml" --set model.path=tests/fixtures/tiny/model
has "warning: 1 of 1 query has token ids that do not spell their text: ids of another model? The ids are computed; $work/ids.jsonl:1: the text is \"The\\ncity\", the tokens say"
config "$work/c.yaml" tests/fixtures/tiny/queries.jsonl "$work/r" 'name: x, kind: decode'
ends 0 "$program" plan "$work/c.yaml" --set model.path=tests/fixtures/tiny/model
hasnt 'do not spell'

# ~ and variables in paths, also of an output that is not there yet; never a folder named ~.
export HOME=$work/home OUT=results
mkdir "$HOME"
# shellcheck disable=SC2088,SC2016
config "$work/c.yaml" "$data" '~/${OUT}/$OUT' 'name: x, kind: decode'
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
[ -e "$HOME/results/results/result.h5" ] || wrong "no result in the home"
[ ! -e '~' ] || wrong "a folder named ~"

# What is named in place of a result.
ends 3 "$program" summary "$work/c.yaml" && says "$work/c.yaml is not a result file: expected a result.h5, or the folder of a run"
ends 3 "$program" top "$HOME/results" && says "$HOME/results has no result.h5, but $HOME/results/results does: name that folder"
finish
