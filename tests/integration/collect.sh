#!/usr/bin/env bash
# Shards in one directory or in directories of their own: collect makes the bytes of an undisturbed run of
# them; parts of different runs are refused by name. status tells how far they are, from anywhere, and leaves
# no trace.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 5 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/whole" 'name: decode, kind: decode' \
    'name: cut, kind: knockout, sets: [first, last], layers: each'
sed -i 's/^data: {/&controls: 0, /' "$work/c.yaml" # so that one query more changes no other
run=("$program" run "$work/c.yaml" --set run.threads=1)
ends 0 "${run[@]}"

# Shards of one directory, one of two ranks.
for i in 0 1 2; do
    ends 0 ranks $((1 + i % 2)) "${run[@]}" --set output="$work/shared" --shard $i/3
    has "shard $i of 3 is done" "$work/out"
    [ ! -e "$work/shared/result.h5" ] || wrong "a shard left a result.h5"
    [ $i = 2 ] || { ends 2 "$program" collect "$work/shared" && says 'units are not computed yet: the same lensweep run again'; }
    [ $i = 2 ] || { ends 3 "$program" summary "$work/shared" && says 'has no result.h5 yet: the same lensweep run again'; }
done
ends 2 "${run[@]}" --set output="$work/shared" --shard 1/3 --restart && says '--restart'
sleep 60 &
printf '{"host": "%s", "pid": %d, "job": "", "restart": 0, "since": "now"}\n' "$(hostname)" $! >"$work/shared/lock.1"
ends 2 "${run[@]}" --set output="$work/shared" --restart && says "lock.1 is held by process $!"
kill $! && rm "$work/shared/lock.1"
ends 0 "$program" collect "$work/shared"
same "$work/whole/result.h5" "$work/shared/result.h5" "shards of one directory"

# Of two, begun in another working directory with paths of its own; overlapping work counts once.
cp -rL "$small" "$work/model" && chmod -R u+w "$work/model"
ends 0 "${run[@]}" --set output="$work/part 0" --shard 0/2
ends 0 env -C "$work" "$program" run c.yaml --set output='part 1' --set model.path=model --set data.path=lands.jsonl --shard 1/2
ends 0 env -C "$work" "$program" run c.yaml --set output='part 2' --set data.path=lands.jsonl --shard 2/3
ends 0 "$program" collect "$work/part 0" "$work/part 1" "$work/part 2" -o "$work/joined.h5"
same "$work/whole/result.h5" "$work/joined.h5" "shards of three directories"
ends 0 "$program" collect "$work/part 1" "$work/part 0" -o "$work/joined.h5" # its model and data by relative paths
same "$work/whole/result.h5" "$work/joined.h5" "the other order"
ends 2 "$program" collect "$work/part 0" "$work/part 1" && says '-o FILE'
ends 2 "$program" collect "$work/part 0" "$work/part 2" -o "$work/none.h5" && says 'units are not computed yet'
ends 0 "$program" collect --partial "$work/part 0" "$work/part 2" -o "$work/partial.h5"
grep -qE '; [0-9]+ queries ok, 0 bad, [0-9]+ not computed yet; result' "$work/out" || wrong "collect --partial takes queries that wait for bad ones"
ends 0 "$program" collect --partial "$work/part 0"
[ -s "$work/part 0/partial.h5" ] || wrong "no partial.h5"

# What is not part of the same run.
ends 3 "$program" collect "$work/part 0" "$work/model" -o "$work/none.h5" && says 'does not hold a run'
ends 3 "$program" collect "$work/model" "$work/part 0" -o "$work/none.h5" && says 'does not hold a run'
other() {
    local text=$1
    shift
    ends 0 "${run[@]}" --set output="$work/other" --restart "$@"
    ends 2 "$program" collect "$work/part 0" "$work/other" -o "$work/none.h5"
    says "$text"
}
other 'run.audit is first' --set run.audit=none
other 'experiments.cut.sets is [first, last]' --set experiments.cut.sets='[first]'
sed '1s/"ids": \[[0-9]*/"ids": [9/' "$work/lands.jsonl" >"$work/lands2.jsonl"
other 'query lands, item' --set data.path="$work/lands2.jsonl"
queries 6 >"$work/lands3.jsonl"
other 'item Länd 5, template 1, step 1, and' --set data.path="$work/lands3.jsonl"
cp -rL "$small" "$work/changed" && chmod -R u+w "$work/changed"
printf '\0' | dd of="$work/changed/model-00002-of-00002.safetensors" bs=1 seek=80175 conv=notrunc status=none
other 'model is' --set model.path="$work/changed"
[ ! -e "$work/none.h5" ] || wrong "a result of parts of different runs"

# status: done, not done; nothing is touched, not even a time.
trace() { find "$1" -printf '%p %T@ %C@ %s\n' | sort; }
echo '{"host": "elsewhere", "pid": 7, "job": "12", "restart": 0, "since": "2026-01-01T00:00:00Z"}' >"$work/part 0/lock.0"
touch -d '1 hour ago' "$work/part 0/lock.0"
before=$(trace "$work/part 0")
ends 0 "$program" status "$work/part 0"
has ' units' "$work/out" && has 'process 7 on elsewhere, job 12' "$work/out" && has ': gone' "$work/out"
has 'lensweep collect --partial' "$work/out"
[ "$before" = "$(trace "$work/part 0")" ] || wrong "status left a trace"
ends 0 env -C / "$program" status "$work/part 1"
ends 0 "$program" status "$work/whole"
has 'done     100.0 %' "$work/out" && hasnt 'next' "$work/out"
ends 3 "$program" status "$work/model" && says 'does not hold a run'
finish
