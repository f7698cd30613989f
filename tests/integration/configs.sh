#!/usr/bin/env bash
# Every config of configs/ can be planned: those of the demo on its data, the paper's on the layout
# of the released files with nothing of a model but its config.json.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

# shape DIR ARCHITECTURE TYPE LAYERS WIDTH INNER HEADS KV VOCABULARY: a model that is only a config.
shape() {
    mkdir -p "$1"
    cat >"$1/config.json" <<EOF
{"architectures": ["$2"], "model_type": "$3", "num_hidden_layers": $4, "hidden_size": $5, "intermediate_size": $6,
 "num_attention_heads": $7, "num_key_value_heads": $8, "vocab_size": $9, "max_position_embeddings": 8192,
 "rms_norm_eps": 1e-5, "rope_theta": 10000, "hidden_act": "silu", "tie_word_embeddings": false, "dtype": "bfloat16"}
EOF
}

# plans FILE OPTION...: three cells in words of each of its experiments.
plans() {
    ends 0 "$program" plan "$@" || return
    local experiment
    while read -r experiment; do
        [ "$(grep -cE "^  $experiment +(query [0-9]+, .*, step [123]: .|weights of head .)" "$work/out")" = 3 ] ||
            wrong "$1: not three cells of $experiment in words"
    done < <(sed -n 's/^ *- name: *//p' "$1")
}

shape "$work/demo" LlamaForCausalLM llama 30 576 1536 9 3 49152
queries 3 >"$work/lands.jsonl" # a ranking that faithfulness.yaml can follow
ends 0 "$program" run configs/nodes.yaml --set "model.path=$small" --set "data.path=$work/lands.jsonl" \
    --set "output=$work/nodes" --set run.threads=1
paper=()
for file in configs/*.yaml; do
    case $file in
    */paper-*) paper+=("$file") ;;
    */curate_*) ends 0 "$program" plan "$file" --set model.path=tests/fixtures/tiny/model ;;
    */faithfulness.yaml) plans "$file" --set "model.path=$work/demo" --set "experiments.curve.from=$work/nodes" ;;
    *) plans "$file" --set "model.path=$work/demo" ;;
    esac
done
[ "${#paper[@]}" = 2 ] || wrong "${#paper[@]} configs of the paper"
if [ -z "${LENSWEEP_PAPER_DATA:-}" ]; then
    [ "$wrong" = 0 ] || finish
    skip "the paper's configs: LENSWEEP_PAPER_DATA does not name its data"
fi

ln -s "$LENSWEEP_PAPER_DATA" "$work/paper"
shape "$work/models/Meta-Llama-3-8B-Instruct" LlamaForCausalLM llama 32 4096 14336 32 8 128256
shape "$work/models/Mistral-7B-Instruct-v0.2" MistralForCausalLM mistral 32 4096 14336 32 8 32000
for file in "${paper[@]}"; do # their paths are seen from the folder that holds paper/ and models/
    cp "$file" "$work/$(basename "$file")"
    cd "$work" && plans "$(basename "$file")"
    has "8 key/value), width 4096" "$work/out"
    has " 0 of them bad" "$work/out"
    ends 0 "$program" plan "$(basename "$file")" --sbatch && has ' --time=24:00:00' "$work/out"
    cd "$root" || exit
done
finish
