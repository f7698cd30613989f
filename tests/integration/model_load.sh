#!/usr/bin/env bash
# model.load: maps and broadcasts give the same bytes, for one file, for shards, and for the parts of
# a GGUF, for 1, 2 and 3 ranks; another load goes on where one has stopped. What is wrong with a
# file, or with one rank alone, ends all ranks with one line.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

printf '{"ids": [%s], "targets": {"a": 5, "b": 9}, "target": "a"}\n' '1, 2, 3' '9, 8, 7, 6' >"$work/lands.jsonl"

# runs STATUS LOAD RANKS MODEL [OPTION...]
runs() {
    local status=$1 load=$2 ranks=$3 model=$4
    shift 4
    printf 'model: {path: "%s", load: %s}\ndata: {path: "%s"}\noutput: "%s"\n' \
        "$model" "$load" "$work/lands.jsonl" "$work/$load-$ranks" >"$work/c.yaml"
    printf 'statistics: {bootstrap: 20}\nrun: {threads: 1}\nexperiments: [{name: d, kind: decode}]\n' >>"$work/c.yaml"
    ends "$status" timeout -s KILL 60 "${mpirun[@]}" -n "$ranks" "$program" run "$work/c.yaml" "$@"
}

for model in llama-tied-f32 llama3-sharded-bf16 gguf-mixed/model.gguf; do
    [ "$model" = llama3-sharded-bf16 ] && all=(1 3) || all=(2)
    rm -rf "$work"/map-* "$work"/broadcast-* "$work"/auto-*
    runs 0 map 1 "$models/$model"
    hasnt broadcast
    for ranks in "${all[@]}"; do
        runs 0 broadcast "$ranks" "$models/$model"
        has 'load    broadcast'
        same "$work/map-1/result.h5" "$work/broadcast-$ranks/result.h5" "$model by broadcast to $ranks ranks"
    done
done
runs 0 auto 2 "$models/llama-tied-f32"

# The key is not part of what a run was begun with.
runs 0 broadcast 2 "$models/llama-tied-f32" --set output="$work/auto-2" --set run.threads=2

# All ranks learn of what rank 0 finds in the files, whichever it is.
m=$work/model
fresh() { rm -rf "$m" "$work"/broadcast-* && cp -r "$small" "$m"; }
# one_line TEXT: mpirun may add words of its own.
one_line() {
    [ "$(grep -c '^lensweep: ' "$work/err")" = 1 ] || { wrong "not one line where '$1' is due" && cat "$work/err"; }
    has "$1"
}
fresh && rm "$m/model-00002-of-00002.safetensors"
runs 3 broadcast 2 "$m" && one_line 'model-00002-of-00002.safetensors is missing'
fresh && truncate -s 3000 "$m/model-00002-of-00002.safetensors"
runs 4 broadcast 2 "$m" && one_line 'is the file cut short'
# One rank alone: its config.json is another, and broken.
fresh && cp -r "$m" "$work/other" && printf '{' >"$work/other/config.json"
sed "s,$m,$work/other," "$work/c.yaml" >"$work/other.yaml"
ends 4 timeout -s KILL 60 "${mpirun[@]}" -n 1 "$program" run "$work/c.yaml" : -n 1 "$program" run "$work/other.yaml" && one_line 'other/config.json'
finish
