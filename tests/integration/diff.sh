#!/usr/bin/env bash
# lensweep diff: equal files, and each way in which two can differ, planted one at a time with h5py:
# what is named first, how many values, the status.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 2 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/a" 'name: decode, kind: decode' 'name: load, kind: noop, cells: 3, values: 4'
ends 0 "$program" run "$work/c.yaml"
[ "$wrong" = 0 ] || finish
a=$work/a/result.h5 b=$work/b.h5

ends 0 "$program" diff "$work/a" "$a"
[ "$(cat "$work/out")" = equal ] || wrong "a file does not equal itself"
ends 0 "$program" diff "$work/a" "$a" --rtol 0 --atol 0

# Runs that differ in one key: what the key made is named, and the key itself.
ends 0 "$program" run "$work/c.yaml" --set output="$work/five" --set experiments.load.values=5
ends 1 "$program" diff "$work/a" "$work/five"
[ ! -s "$work/err" ] || wrong "a difference is told on stderr"
[ "$(head -n 1 "$work/out")" = "load@values: \"4\" in $a, \"5\" in $work/five/result.h5" ] || wrong 'the key is not told first'
has '5 more differ: load@config, load/value, load/number, provenance@config, provenance@origin' "$work/out"
queries 3 >"$work/more.jsonl"
ends 0 "$program" run "$work/c.yaml" --set output="$work/more" --set data.path="$work/more.jsonl"
ends 1 "$program" diff "$work/a" "$work/more"
has "token: i4 (token 11) in $a, i4 (token 13) in $work/more/result.h5" "$work/out"

# What cannot be read, and mistakes.
head -c 1000 "$a" >"$work/torn.h5"
ends 3 "$program" diff "$a" "$work/torn.h5" && says 'torn.h5'
ends 3 "$program" diff "$a" "$work/none.h5" && says 'none.h5'
ends 3 "$program" diff "$work" "$a" && says 'result.h5'
ends 2 "$program" diff "$a" && says 'usage'
ends 2 "$program" diff "$a" "$a" "$a" && says 'usage'
for bad in x -1 nan inf ''; do ends 2 "$program" diff "$a" "$a" --rtol "$bad" && says '--rtol'; done
got=0
"$program" diff "$a" "$work/five" >/dev/full 2>"$work/err" || got=$?
[ "$got" = 3 ] || wrong "status $got with a full disk"
says 'standard output'

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the planted differences: no Python with the packages of requirements.txt"; }

# planted PYTHON: b.h5 is a.h5 with a change.
planted() {
    cp "$a" "$b"
    "$LENSWEEP_PYTHON" -c 'import sys, h5py, numpy as np
with h5py.File(sys.argv[1], "r+") as f: exec(sys.argv[2])' "$b" "$1" || wrong "cannot plant: $1"
}

# finds PYTHON LINE...: each LINE is whole in what diff says of the change, the first one is its first.
finds() {
    local change=$1 line
    shift
    planted "$change"
    ends 1 "$program" diff "$a" "$b"
    sed -i "s,$work/,,g" "$work/out"
    [ "$(head -n 1 "$work/out")" = "$1" ] || { wrong "$change: found" && cat "$work/out"; }
    for line; do grep -qxF -- "$line" "$work/out" || { wrong "'$line' is missing" && cat "$work/out"; }; done
}

finds 'f["load/number"][3, 1, 2] = 3.5; f["load/number"][4, 2] = 0' \
    'load/number[query=3, cell=1, value=2]: 3 in a/result.h5, 3.5 in b.h5' \
    '5 of 72 values of load/number differ, the largest difference is 5'
finds 'f["load/number"][0, 0, 1] = np.nan' \
    'load/number[query=0, cell=0, value=1]: 1 in a/result.h5, nan in b.h5' \
    '1 of 72 values of load/number differ, each of them NaN in one file'
finds 'd = f["decode/logit"]; x = d[...]; x[5, 2, 1, 3] = 2.5; d[...] = x; f["queries/n_tokens"][1] += 1' \
    "$(planted 'print("decode/logit[query=5, layer=2, component=mlp, target=subject]: %.9g in a/result.h5, 2.5 in b.h5" % f["decode/logit"][5, 2, 1, 3])')" \
    '1 more differs: queries/n_tokens'
finds 'f["queries/item"][3] = "Länd 2"' \
    'queries/item[query=3]: "Länd 1" in a/result.h5, "Länd 2" in b.h5' '1 of 6 values of queries/item differ'
finds 'f["load/query"][2] = 7' 'load/query[query=2]: 2 in a/result.h5, 7 in b.h5'
finds 'f["queries/query"][2] = 2 ** 62 + 1; f["load/number"][0, 0, 0] = 1e30' \
    'load/number[query=0, cell=0, value=0]: 0 in a/result.h5, 1.00000002e+30 in b.h5' '1 more differs: queries/query'
finds 'del f["load/number"]' 'variable load/number is in a/result.h5, but not in b.h5'
finds 'f["load/more"] = 1' 'variable load/more is in b.h5, but not in a/result.h5'
finds 'del f["load"]; f.create_group("later")' 'group load is in a/result.h5, but not in b.h5' '1 more differs: later'
finds 'f["load"].attrs["kind"] = "nop"' 'load@kind: "noop" in a/result.h5, "nop" in b.h5'
finds 'f["load/number"].attrs["units"] = "nat"' 'load/number@units: "1" in a/result.h5, "nat" in b.h5'
finds 'del f["load"].attrs["kind"]' 'attribute load@kind is in a/result.h5, but not in b.h5'
finds 'p = f["provenance"].attrs; p["config"] = p["config"].replace("values: 4", "values: 9")' \
    "$(planted 'c = f["provenance"].attrs["config"].split("\n"); i, = [i for i, s in enumerate(c) if "values: 4" in s]
s = c[i].replace("values: 4", "values: 9"); assert len(s) < 60; print("provenance@config: line %d: \"%s\" in a/result.h5, \"%s\" in b.h5" % (i + 1, c[i], s))')"
finds 'd = f["load/number"][...]; del f["load/number"]; f["load/number"] = d' \
    'attribute load/number@_FillValue is in a/result.h5, but not in b.h5'

# What a group inside another says follows from keys, and is not told before them.
planted 'f.create_group("decode/stats").attrs["fdr"] = "0.05"; f["decode"].attrs["average"] = "means"' && mv "$b" "$work/b2.h5"
planted 'f.create_group("decode/stats").attrs["fdr"] = "0.1"; f["decode"].attrs["average"] = "trimmed"; f["load"].attrs["values"] = 5'
ends 1 "$program" diff "$work/b2.h5" "$b"
[ "$(head -n 1 "$work/out")" = "load@values: \"4\" in $work/b2.h5, \"5\" in $b" ] || wrong 'the key is not told first'
has '2 more differ: decode@average, decode/stats@fdr' "$work/out"

# Tolerances: |a - b| <= atol + rtol |b|, for each number; NaN and infinity are never near a number; other
# versions are a note.
planted 'f["load/number"][0, 2, 3] = 5.5; f["provenance"].attrs["git_commit"] = "other"'
ends 1 "$program" diff "$a" "$b" && has 'more differs: provenance@git_commit' "$work/out"
for near in '--atol 0.5' '--rtol 0.0909091' '--rtol 0.05 --atol 0.23'; do
    # shellcheck disable=SC2086 # a list of words
    ends 0 "$program" diff "$a" "$b" $near
    has 'note: provenance@git_commit' "$work/out" && has equal "$work/out"
done
for near in '--atol 0.49' '--rtol 0.0909' '--rtol 0.05 --atol 0.22'; do
    # shellcheck disable=SC2086
    ends 1 "$program" diff "$a" "$b" $near && hasnt 'more differ' "$work/out"
done
for value in np.nan np.inf -np.inf; do
    planted "f['load/number'][0, 0, 0] = $value"
    ends 1 "$program" diff "$a" "$b" --rtol 10 --atol 10
    cp "$b" "$work/b2.h5"
    ends 0 "$program" diff "$b" "$work/b2.h5" && ends 0 "$program" diff "$b" "$work/b2.h5" --rtol 1
done
planted 'f["decode/logit"][...] = np.inf'
cp "$b" "$work/b2.h5" && planted 'f["decode/logit"][...] = -np.inf'
ends 1 "$program" diff "$work/b2.h5" "$b" --rtol 1
finish
