#!/usr/bin/env bash
# Model files that are missing, cut short, lying or not known: one line and the documented status,
# from every command that reads one, and no output directory.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

ulimit -c 0
queries 2 >"$work/lands.jsonl"
m=$work/model

# refused STATUS TEXT MODEL
refused() {
    ends "$1" "$program" logits "$3" --ids "1 2" && says "$2"
    [ ! -s "$work/out" ] || wrong "something on stdout for $2"
    return 0
}

# not_run STATUS TEXT MODEL: the same by run.
not_run() {
    local status=$1 text=$2 path=$3
    printf 'model: {path: "%s"}\ndata: {path: "%s"}\noutput: "%s"\nexperiments: [{name: d, kind: decode}]\n' \
        "$path" "$work/lands.jsonl" "$work/output" >"$work/c.yaml"
    ends "$status" "$program" run "$work/c.yaml" && says "$text"
    [ ! -e "$work/output" ] || wrong "an output directory was made for $text"
    [ ! -s "$work/out" ] || wrong "something on stdout for $text"
}

# fresh FIXTURE: a copy to damage.
fresh() { rm -rf "$m" && cp -r "$models/$1" "$m"; }

# header TEXT: a safetensors file of this header and no data.
header() { python3 -c '
import struct, sys
text = sys.argv[1].encode()
sys.stdout.buffer.write(struct.pack("<Q", len(text)) + text)' "$1" >"$m/model.safetensors"; }

# edit KEY VALUE: of config.json, VALUE is JSON.
edit() { python3 -c '
import json, sys
path, key, value = sys.argv[1:]
config = json.load(open(path))
config[key] = json.loads(value)
json.dump(config, open(path, "w"))' "$m/config.json" "$1" "$2"; }

ends 3 "$program" logits "$work/nowhere" --ids 1 && says 'nowhere'
ends 3 "$program" inspect "$work/nowhere.gguf" && says 'nowhere.gguf'
ends 3 "$program" tokenize "$work/nowhere" --text x && says 'nowhere'

mkdir "$work/empty" && not_run 3 "$work/c.yaml:1:15: model.path: $work/empty has no config.json" "$work/empty"
fresh llama-tied-f32 && truncate -s 3000 "$m/model.safetensors" && refused 4 'model.safetensors' "$m" &&
    not_run 4 'model.safetensors' "$m"
fresh llama-tied-f32 && truncate -s 5 "$m/model.safetensors" && refused 4 'model.safetensors' "$m"
fresh llama-tied-f32 && : >"$m/model.safetensors" && refused 4 'model.safetensors' "$m"
fresh llama-tied-f32 && printf '\xff\xff\xff\xff\xff\xff\xff\x7f{}' >"$m/model.safetensors" && refused 4 'model.safetensors' "$m"
fresh llama-tied-f32 && header '{"a": {"dtype": "F32", "shape": [4294967296, 4294967296, 4294967296], "data_offsets": [0, 0]}}' &&
    refused 4 'model.safetensors' "$m"
fresh llama-tied-f32 && header '{"a": ' && refused 4 'model.safetensors' "$m"
fresh llama-tied-f32 && header "$(printf '[%.0s' {1..100000})" && refused 4 'depth' "$m" && not_run 4 'depth' "$m"
fresh llama-tied-f32 && header '{}' && refused 4 'model.embed_tokens.weight' "$m"
fresh llama-tied-f32 && rm "$m/model.safetensors" && refused 3 'safetensors' "$m"
fresh llama3-sharded-bf16 && rm "$m/model-00002-of-00002.safetensors" &&
    refused 3 'model-00002-of-00002' "$m" && not_run 3 'model-00002-of-00002' "$m"

fresh llama-tied-f32 && printf '[%.0s' {1..100000} >"$m/config.json" && refused 4 'config.json' "$m"
fresh llama-tied-f32 && printf '{"a": "\xff\xfe"}' >"$m/config.json" && refused 4 'config.json' "$m"
fresh llama-tied-f32 && : >"$m/config.json" && refused 4 'config.json' "$m"
fresh llama-tied-f32 && rm "$m/config.json" && refused 3 'config.json' "$m" && not_run 3 'config.json' "$m"
fresh llama-tied-f32 && edit architectures '["MambaForCausalLM"]' &&
    refused 4 'MambaForCausalLM' "$m" && not_run 4 'MambaForCausalLM' "$m"
fresh llama-tied-f32 && edit rope_parameters '{"rope_type": "axial", "factor": 4, "rope_theta": 10000.0}' && refused 4 'axial' "$m"
fresh llama-tied-f32 && edit hidden_act '"relu"' && refused 4 'hidden_act' "$m"
fresh llama-tied-f32 && edit attention_bias true && refused 4 'self_attn.q_proj.bias is missing' "$m"
fresh mistral-mha-f16 && edit attention_bias true && refused 4 'attention_bias' "$m"
fresh llama-tied-f32 && edit num_key_value_heads 3 && refused 4 'key/value heads' "$m"
fresh llama-tied-f32 && edit vocab_size 97 && refused 4 '97' "$m"
fresh llama-tied-f32 && edit num_hidden_layers 3 && refused 4 'model.layers.2' "$m"
fresh llama-tied-f32 && edit hidden_size '"many"' && refused 4 'hidden_size' "$m"
fresh llama-tied-f32 && edit hidden_size 4611686018427387904 && refused 4 'hidden_size' "$m"

fresh gguf-f32 && truncate -s 2000 "$m/model.gguf" && refused 4 'model.gguf' "$m/model.gguf"
fresh gguf-f32 && truncate -s -100 "$m/model.gguf" && refused 4 'model.gguf' "$m/model.gguf" &&
    not_run 4 'model.gguf' "$m/model.gguf"
fresh gguf-f32 && truncate -s 3 "$m/model.gguf" && refused 4 'model.gguf' "$m/model.gguf"
# Version 3, no tensors, one key of 2^63 bytes.
fresh gguf-f32 && printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\200x' >"$m/model.gguf" &&
    refused 4 'model.gguf' "$m/model.gguf"
fresh gguf-f32 && printf 'GGUF\3\0\0\0\377\377\377\377\377\377\377\377\0\0\0\0\0\0\0\0' >"$m/model.gguf" &&
    refused 4 'model.gguf' "$m/model.gguf"
fresh gguf-f32 && head -c 4000 /dev/urandom >"$m/model.gguf" && refused 4 'model.gguf' "$m/model.gguf"

# SentencePiece's kind in GGUF: keys that are missing, lying, or ask for what is not handled.
spm() {
    sed "$1" tests/fixtures/tokenizers/spm.gguf >"$work/spm.gguf"
    ends 4 "$program" tokenize "$work/spm.gguf" --text x && says "$2"
}
spm 's/tokenizer.ggml.scores/tokenizer.ggml.scorex/' 'tokenizer.ggml.scores'
spm 's/tokenizer.ggml.bos_token_id/tokenizer.ggml.bos_token_ix/' 'BOS is to be added, but its id is missing, or is not that of a token'
spm 's/<0x41>/<0x42>/' 'token "<0x42>" has two ids'

# A field that nobody knows, of bytes that are no message, is passed over.
{ cat tests/fixtures/tokenizers/spm.model && printf 'z\2\377\377'; } >"$work/spm.model"
ends 0 "$program" tokenize tests/fixtures/tokenizers/spm.model --text 'x y' && mv "$work/out" "$work/known"
ends 0 "$program" tokenize "$work/spm.model" --text 'x y'
cmp -s "$work/known" "$work/out" || wrong 'a field that nobody knows'

# What is no file is not waited for.
mkfifo "$work/pipe"
for words in "inspect $work/pipe" "bench $work/pipe" "plan $work/c.yaml"; do
    sed -i "s|^model:.*|model: {path: \"$work/pipe\"}|" "$work/c.yaml"
    read -ra words <<<"${words//"$work"/WORK}"
    ends 3 timeout 10 "$program" "${words[@]//WORK/$work}" && says 'pipe is not a regular file, expected a file'
done
ends 3 timeout 10 "$program" tokenize "$work/pipe" --text x && says 'pipe is not a regular file, expected a file'
ends 3 timeout 10 "$program" generate "$work/pipe" --prompt x && says 'pipe is not a regular file, expected a file'
ends 3 timeout 10 "$program" inspect /dev/zero && says '/dev/zero is not a regular file, expected a file'
fresh llama-tied-f32 && rm "$m/model.safetensors" && mkfifo "$m/model.safetensors" &&
    ends 3 timeout 10 "$program" logits "$m" --ids 1 && says 'is not a regular file, expected a file'

# A weight that is NaN: generate and logits say so, and print no numbers.
fresh llama-tied-f32 && python3 - "$m/model.safetensors" <<'PYTHON'
import json, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
n = struct.unpack_from("<Q", data)[0]
at = json.loads(data[8 : 8 + n])["model.layers.0.input_layernorm.weight"]["data_offsets"][0]
struct.pack_into("<f", data, 8 + n + at, float("nan"))
open(sys.argv[1], "wb").write(data)
PYTHON
refused 6 "the model's output is not finite at token 2" "$m"
ends 6 "$program" logits "$m" --ids '1 2 3' --npy "$work/nan.npy" && says 'not finite at token 3'
[ ! -e "$work/nan.npy" ] || wrong '--npy is written of a model that has no numbers'
finish
