#!/usr/bin/env bash
# An error under mpirun is said once, and always: also when the other ranks end first. More rounds with LENSWEEP_LONG=1.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 4 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode'
cp -r "$models/llama-tied-f32" "$work/cut" && truncate -s 3000 "$work/cut/model.safetensors"
: >"$work/file"
rounds=3 # who ends first is chance
if long; then rounds=12; fi
for ((i = 0; i < rounds; i++)); do
    ends 4 ranks 3 "$program" run "$work/c.yaml" --set model.path="$work/cut" && says 'model.safetensors'
    ends 3 ranks 3 "$program" run "$work/c.yaml" --set output="$work/file" && says 'file'
    ends 2 ranks 3 "$program" run "$work/c.yaml" --set run.rows=0 && has '1 problem; nothing was run'
done
ends 2 ranks 3 "$program" run && says usage
ends 2 ranks 3 "$program" run "$work/c.yaml" --nonsense && says '--nonsense'
ends 2 ranks 3 "$program" rnu "$work/c.yaml" && says 'run'
finish
