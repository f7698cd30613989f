#!/usr/bin/env bash
# One changed byte of the weights, wherever it stands, is another model: a start, status and collect refuse what
# was begun with the former, and shards of both are not joined. What is remembered of a file is not taken for
# another's, and all ranks find the same hash.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 3 >"$work/lands.jsonl"
cp -rL "$small" "$work/model" && chmod -R u+w "$work/model"
config "$work/c.yaml" "$work/lands.jsonl" "$work/output" 'name: decode, kind: decode'
run=("$program" run "$work/c.yaml" --set run.threads=1 --set model.path="$work/model")
weights=$work/model/model-00002-of-00002.safetensors
fingerprint() { "$program" inspect "$work/model" | sed -n 's/^fingerprint *//p'; }

# flip AT: one bit of the byte AT bytes before the end, in the file as it stands; size and time as they were.
flip() {
    local byte
    cp -p "$weights" "$work/times"
    byte=$(tail -c "$1" "$weights" | head -c 1 | od -An -tu1)
    # shellcheck disable=SC2059
    printf "\\$(printf %o $((byte ^ 1)))" |
        dd of="$weights" bs=1 seek=$(($(stat -c %s "$weights") - $1)) conv=notrunc status=none
    touch -r "$work/times" "$weights"
}

before=$(fingerprint)
for at in 1 4097 30001; do
    flip $at
    [ "$(fingerprint)" != "$before" ] || wrong "a change $at bytes before the end does not show"
    flip $at
    [ "$(fingerprint)" = "$before" ] || wrong "the same bytes have another fingerprint"
done

ends 0 "${run[@]}"
cp "$work/output/result.h5" "$work/before.h5"
ends 0 ranks 3 "${run[@]}" --set output="$work/ranks" # its ranks share the blocks
same "$work/before.h5" "$work/ranks/result.h5" "three ranks"
ends 0 "${run[@]}" --set output="$work/part0" --shard 0/2
flip 4097
ends 2 "${run[@]}" && says 'model changed'
ends 2 "${run[@]}" --set model.check=full && says 'model changed'
ends 2 ranks 2 "${run[@]}" && says 'model changed'
ends 2 "$program" status "$work/output" && says 'model changed'
ends 2 "$program" collect "$work/output" && says 'model changed'
same "$work/before.h5" "$work/output/result.h5" "a refused start"
ends 0 "${run[@]}" --set output="$work/part1" --shard 1/2
ends 2 "$program" collect "$work/part1" "$work/part0" -o "$work/joined.h5" && says 'model is'
[ ! -e "$work/joined.h5" ] || wrong "shards of two models were joined"
flip 4097
ends 0 "${run[@]}" && ends 0 "$program" status "$work/output"
same "$work/before.h5" "$work/output/result.h5" "the first model again"

# What the system has said for long of a file that is left alone is remembered.
ends 0 "${run[@]}" --set model.path="$small" --set output="$work/small"
[ -s "$work/small/hashes" ] || wrong "nothing is remembered"
ends 0 "${run[@]}" --set model.path="$small" --set output="$work/small"
sed 's/^./x/' "$work/small/hashes" >"$work/damaged" && cp "$work/damaged" "$work/small/hashes"
ends 0 "${run[@]}" --set model.path="$small" --set output="$work/small"
finish
