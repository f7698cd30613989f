#!/usr/bin/env bash
# docs/tour.md's worked example, word for word, in a copy of the tree: a kind is one file and one row, and
# help, plan, run, summary, top, plot and export show it.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

copy_tree
block tour.md "A kind from beginning to end" 1 >"$copy/src/experiments/norms.c"
block tour.md "A kind from beginning to end" 2 >"$work/row"
[ "$(wc -l <"$work/row")" = 1 ] || wrong "the row in docs/tour.md is not one line"
sed -i "/^    X(dump)/r $work/row" "$copy/src/experiments/registry.c" 2>/dev/null ||
    wrong "registry.c has no row to put it after"
changed=$(diff -rq src "$copy/src" | sed 's,^Files src/\([^ ]*\) .*,\1,; s,^Only in .*: ,new ,' | sort | tr '\n' ' ')
[ "$changed" = "experiments/registry.c new norms.c " ] || wrong "the example changes: $changed"
[ "$(diff src/experiments/registry.c "$copy/src/experiments/registry.c" | grep -c '^[<>]')" = 1 ] ||
    wrong 'the example changes more than a row of registry.c'

build_copy

queries 4 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/a" 'name: length, kind: norms' \
    'name: share, kind: norms, relative: true'
ends 0 "$program" help config
has 'as a share of the residual stream' "$work/out"
ends 0 "$program" plan "$work/c.yaml"
has length "$work/out"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
has 'length: how long the vectors are that one layer adds at the last token' "$work/out"
ends 0 "$program" summary "$work/a"
has 'share: how long the vectors are' "$work/out"
ends 0 "$program" top "$work/a" length -n 3
has 'length: mean_norm: mean of norm over queries' "$work/out"
ends 0 "$program" plot "$work/a" -o "$work/figures"
for file in length_lands_1.csv share_lands_1.csv; do [ -s "$work/figures/$file" ] || wrong "no figure $file"; done
ends 0 "$program" export "$work/a" --format csv
[ "$(wc -l <"$work/a/csv/length.query.layer.component.csv")" = $((12 * 3 * 2 + 1)) ] || wrong 'not a line for each number'
ends 2 "$program" run "$work/c.yaml" --set experiments.share.relative=maybe
finish
