#!/usr/bin/env bash
# A model's file that is cut short while it is mapped: one line, status 3, and what was done is kept.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

cp -r "$small" "$work/model"
queries 2000 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/cut" 'name: zero, kind: ablation, site: head, operation: {kind: zero}'
run=("$program" run "$work/c.yaml" --set "model.path=$work/model" --set run.threads=1)
"${run[@]}" >"$work/out" 2>"$work/err" </dev/null &
job=$!
until [ "$(cat "$work/cut/journal/"* 2>/dev/null | wc -c)" -gt 2000 ]; do
    kill -0 "$job" 2>/dev/null || { wrong 'the run was over before the file was cut' && finish; }
    sleep 0.05
done
for file in "$work"/model/*.safetensors; do truncate -s 100 "$file"; done
status=0
wait "$job" || status=$?
[ "$status" = 3 ] || wrong "status $status, expected 3"
# Between two units it is seen by the file's stamp, within one by the page that is not there.
lines=$(grep -c '^lensweep: ' "$work/err")
[ "$lines" = 1 ] || wrong "$lines lines of what is wrong, expected 1"
grep -qE '^lensweep: (a file that is in use|.*was changed while it was read)' "$work/err" ||
    { wrong 'no word of the file' && head -n 20 "$work/err"; }
[ ! -e "$work/cut/result.h5" ] || wrong 'a result of half a model'

rm -r "$work/model" && cp -r "$small" "$work/model"
ends 0 "${run[@]}"
has 'of them from earlier starts'
finish
