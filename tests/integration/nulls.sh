#!/usr/bin/env bash
# Results about nothing (data.null) beside the real one: each has the bytes that a run of it alone has, by any ranks
# and processor; whatever shows one says so; verify computes it anew; what does not belong together stays apart.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 8 >"$work/q.jsonl"
config "$work/c.yaml" "$work/q.jsonl" "$work/all" 'name: decode, kind: decode' \
    'name: cut, kind: knockout, sets: [subject, last]' \
    'name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, kl]'
sed -i "s|^data: {|&null: [none, shuffled_targets, random_weights], |" "$work/c.yaml"
echo 'run: {threads: 1, audit: none}' >>"$work/c.yaml"
all=$work/all real=$work/all/result.h5

ends 0 "$program" plan "$work/c.yaml"
has 'null: random_weights' "$work/out" && has 'null: none' "$work/out"
ends 0 ranks 2 "$program" run "$work/c.yaml"
has 'null    random_weights: all that follows is about nothing'
has 'about nothing (data.null: shuffled_targets): whatever is found' "$work/out"
has 'pass with shuffled_targets' "$work/out"
ends 0 env LENSWEEP_ISA=portable "$program" run "$work/c.yaml" --set data.null=none --set output="$work/none"
same "$real" "$work/none/result.h5" 'the real result, with others beside it'
for one in shuffled_targets random_weights; do
    ends 0 env LENSWEEP_ISA=portable "$program" run "$work/c.yaml" --set data.null=$one --set output="$work/$one" --set model.load=broadcast
    same "$all/null_$one/result.h5" "$work/$one/result.h5" "$one beside another and alone"
    cmp -s "$real" "$work/$one/result.h5" && wrong "$one changes nothing"
    ends 0 "$program" verify "$all/null_$one" --cells 30 && has 'all equal' "$work/out"
    ends 0 "$program" top "$all/null_$one" zero && has "about nothing ($one)" "$work/out"
    ends 0 "$program" compare "$all" "$all/null_$one" -n 1 && has ", about nothing: $one" "$work/out"
    ends 1 "$program" diff "$all" "$all/null_$one" && has 'queries@data.null: "[none]" in' "$work/out"
done

# Each weight stands for itself: of the real model's numbers nothing is left, the data are the same.
if [ -n "${LENSWEEP_PYTHON:-}" ]; then
    "$LENSWEEP_PYTHON" - "$real" "$all"/null_{random_weights,shuffled_targets}/result.h5 <<'END' || wrong 'what the nulls share'
import sys
import h5py
import numpy as np

real, weights, targets = (h5py.File(path) for path in sys.argv[1:])
assert all((f["queries/ids"][()] == real["queries/ids"][()]).all() for f in (weights, targets))
assert (weights["queries/target_id"][()] == real["queries/target_id"][()]).all()
assert (targets["cut/kl"][()] == real["cut/kl"][()]).all()  # the same prompts, the same model
# Each step's targets are those of the real data in another order, of no item its own
for step in (1, 2, 3):
    of = real["queries/step"][()] == step
    a, b = real["queries/target_id"][of], targets["queries/target_id"][of]
    assert sorted(map(tuple, a)) == sorted(map(tuple, b)) and not (a == b).all(axis=1).any()
for name in ("decode/logit", "cut/out_logit", "zero/logit"):
    x, y = (np.ma.masked_invalid(f[name][()]).ravel() for f in (real, weights))
    assert abs(np.ma.corrcoef(x, y)[0, 1]) < 0.5, name
origin = {f["provenance"].attrs["origin"] for f in (real, weights, targets)}
assert len(origin) == 1 and real.attrs["title"] != weights.attrs["title"]
END
fi

# The summary of the real result has them beside it, whoever prints it, and only those of the same run.
ends 0 "$program" summary "$all" decode && has 'pass with random_weights' "$work/out"
ends 0 "$program" summary "$work/none" decode && hasnt 'random_weights' "$work/out"
ends 0 "$program" run "$work/c.yaml" --set data.null=none --set data.controls=9 --set output="$work/other"
cp -r "$all/null_random_weights" "$work/other/"
ends 0 "$program" summary "$work/other" && hasnt 'random_weights' "$work/out"
cp -r "$all/null_random_weights" "$work/none/"
ends 0 "$program" summary "$work/none" cut && has 'pass with random_weights' "$work/out"

# A damaged one does not keep anybody from the real one, and is named; the others stand beside it.
cp "$all/null_random_weights/result.h5" "$work/keep.h5"
printf damage | dd of="$all/null_random_weights/result.h5" bs=1 seek=5000 conv=notrunc status=none
ends 0 "$program" summary "$all" && has 'pass with shuffled_targets' "$work/out" &&
    hasnt 'pass with random_weights' "$work/out"
unread='left out, a result about nothing that cannot be read: null_random_weights (lensweep summary of that folder says why)'
has "$unread" "$work/out"
ends 0 "$program" summary "$all" decode && has "$unread" "$work/out"
ends 0 "$program" report "$all" -o "$work/page" && has "$unread" "$work/page" && hasnt "${work##*/}" "$work/page"
ends 0 "$program" top "$all" zero
ends 3 "$program" summary "$all/null_random_weights" && says 'is damaged'
ends 3 "$program" compare "$all" "$all/null_random_weights" && says 'is damaged'
cp "$work/keep.h5" "$all/null_random_weights/result.h5"

# Status and collect see all of them; an output holds to what it was begun with.
ends 0 "$program" status "$all"
[ "$(grep -c '100.0 %' "$work/out")" = 3 ] || wrong 'the status is not that of three results'
rm "$all"/{result.h5,null_*/result.h5}
ends 0 "$program" collect "$all"
same "$real" "$work/none/result.h5" 'collected'
same "$all/null_random_weights/result.h5" "$work/random_weights/result.h5" 'collected, about nothing'
ends 2 "$program" run "$work/c.yaml" --set data.null=random_weights --set output="$work/none"
has 'data.null changed'
ends 2 "$program" collect "$work/none" "$work/random_weights" -o "$work/x.h5"
ends 2 "$program" plan "$work/c.yaml" --set data.null=[] && has 'at least one element'
ends 2 "$program" plan "$work/c.yaml" --set data.null=weights && has 'random_weights'
head -n 3 "$work/q.jsonl" >"$work/one.jsonl"
ends 2 "$program" plan "$work/c.yaml" --set data.path="$work/one.jsonl" && has 'would change nothing'
finish
