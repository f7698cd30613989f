#!/usr/bin/env bash
# lensweep top: its tables are the largest averages of the result file, as h5py and NumPy find them.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

{
    queries 6
    queries 4 | sed 's/"template": 1/"template": 2/'
    queries 3 | sed 's/"lands"/"seas"/'
} >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/a" 'name: decode, kind: decode' 'name: lens, kind: token_lens' \
    'name: cut, kind: knockout' 'name: cut_heads, kind: knockout, heads: each, sets: [subject]' \
    'name: heads, kind: heads' 'name: heads_a, kind: heads, classify: authors' \
    'name: load, kind: noop, cells: 2, values: 2'
ends 0 "$program" run "$work/c.yaml" --set statistics.bootstrap=50
[ "$wrong" = 0 ] || finish

ends 0 "$program" top "$work/a"
for group in decode: lens: cut: cut_heads: heads: heads_a:; do has "$group" "$work/out"; done
hasnt load "$work/out"
ends 0 "$program" top "$work/a/result.h5" heads -n 3
hasnt decode "$work/out"
[ "$(grep -c '^ *[0-9]' "$work/out")" = 6 ] || wrong "not three rows for promotion and three for suppression"

ends 2 "$program" top && says usage
ends 2 "$program" top "$work/a" heads decode && says usage
ends 2 "$program" top "$work/a" head && says 'no group "head" (there are: '
ends 2 "$program" top "$work/a" load && says 'group load has nothing that can be ranked'
ends 2 "$program" top "$work/a" -n 0 && says '-n must be an integer from 1 to 10000, not "0"'
ends 2 "$program" top "$work/a" --step x && says '--step'
ends 2 "$program" top "$work/a" --dataset rivers && says 'nothing can be ranked of that dataset and step (datasets: lands, seas; steps: 1, 2, 3)'
ends 3 "$program" top "$work/none" && says none
head -c 3000 "$work/a/result.h5" >"$work/torn.h5"
ends 3 "$program" top "$work/torn.h5" && says torn.h5
got=0
"$program" top "$work/a" >/dev/full 2>"$work/err" || got=$?
[ "$got" = 3 ] || wrong "status $got with a full disk"

[ -n "${LENSWEEP_PYTHON:-}" ] || { [ "$wrong" = 0 ] && skip "the values: no Python with the packages of requirements.txt"; }

# compared GROUP VARIABLE STRATA [PYTHON]: rows of the table against those of the file; STRATA are
# dataset:template:step, the ones that should be in it; PYTHON leaves cells out of `key`.
compared() {
    "$LENSWEEP_PYTHON" - "$work/out" "$work/a/result.h5" "$@" <<'EOF' || wrong "$*: differs"
import re, sys, itertools, h5py, numpy as np
text, result, group, name, strata = sys.argv[1:6]
lines = open(text).read().split("\n")
start = next(i for i, s in enumerate(lines) if s.startswith(f"{group}: {name}: "))
rows = [re.split(r"\s\s+", s.strip()) for s in itertools.takewhile(len, lines[start + 2:])]
with h5py.File(result) as f:
    g = f[group]
    dims = [d[0].name.rpartition("/")[2] for d in g[name].dims]
    label = [g[d].asstr()[:] if g[d].dtype.kind == "O" else g[d][:] for d in dims]
    have = [f"{d}:{t}:{s}" for d, t, s in zip(g["stratum_dataset"].asstr(), g["stratum_template"], g["stratum_step"])]
    mean, lo, hi, n = (g[name + e][:] for e in ("", "_lo", "_hi", "_n"))
    chance = g[name + "_chance"][:] if name + "_chance" in g else None
key = np.abs(mean - (0 if chance is None else chance))
key[[h not in strata.split() for h in have]] = np.nan
assert all(s in have for s in strata.split()), have
exec(sys.argv[6] if len(sys.argv) > 6 else "")
expected = ["step"] + dims[1:] + ["rate" if name in ("promotion", "suppression") else "mean", "95 % low", "95 % high"] + ["chance"] * (chance is not None) + ["n"]
shift = rows[0].index("step")
assert rows[0][shift:] == expected, (rows[0], expected)
order = sorted(np.argwhere(~np.isnan(key)).tolist(), key=lambda at: -key[tuple(at)])
assert f"the {len(rows) - 1} largest of {len(order)}," in lines[start + 1], lines[start + 1]
seen = set()
for row, at in zip(rows[1:], order):
    where = [row[shift]] + row[shift + 1:shift + len(dims)]
    cell = next(tuple(c) for c in order if [have[c[0]].split(":")[2]] + [str(label[i][c[i]]) for i in range(1, len(dims))] == where
                and (shift == 0 or [("all" if x in ("", "-1") else x) for x in have[c[0]].split(":")[:2]] == row[:2]))
    assert cell not in seen and np.isclose(key[cell], key[tuple(at)], rtol=1e-12), (row, cell, at)
    seen.add(cell)
    shown = row[shift + len(dims):]
    values = [mean, lo, hi] + ([] if chance is None else [chance]) + [n]
    assert all(abs(float(a) - v[cell]) <= 0.0005001 for a, v in zip(shown, values) if a != "-"), (row, [v[cell] for v in values])
EOF
}

ends 0 "$program" top "$work/a" -n 7
over=':-1:1 :-1:2 :-1:3'
compared decode mean_centred_logit "$over" 'key[:, :, list(label[2]).index("resid")] = np.nan'
compared lens mean_centred_logit "$over"
compared cut mean_kl "$over"
compared cut mean_out_logit_drop "$over"
compared cut_heads mean_kl "$over"
compared heads promotion "$over"
compared heads suppression "$over"
compared heads_a promotion "$over"
ends 0 "$program" top "$work/a" -n 1000
compared cut mean_out_logit_drop "$over"
ends 0 "$program" top "$work/a" --dataset lands --step 2
compared heads promotion lands:-1:2
has '; lands, mean over templates' "$work/out"
ends 0 "$program" summary "$work/a" cut && has 'means of the means of 2 datasets, and in these of templates' "$work/out" && has 'seas, template 1 has' "$work/out"
ends 0 "$program" top "$work/a" --dataset seas
compared lens mean_centred_logit 'seas:1:1 seas:1:2 seas:1:3'
has '; seas, template 1' "$work/out"

finish
