#!/usr/bin/env bash
# Mistakes of a config or of the command line: all of them at once, each with its place, exit status
# 2, nothing written.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

queries 2 >"$work/lands.jsonl"
cat >"$work/bad.yaml" <<END
model: {path: no/such/model, chekc: map}
data: {path: "$work/lands.jsonl", limit: many}
output: "$work/out dir"
experiments:
  - {name: a, kind: decod}
  - {name: b, kind: decode, rnak: true}
  - {name: b, kind: noop, cells: 0}
  - {name: c, kind: ablation, qwertyuiop: 1, site: head, operation: {kind: zero}, layers: [{window: 2}]}
runs: {rows: 3}
run: {threads: 2, rows: -1}
END
expected=(
    '1:15: model.path: no/such/model: no such file'
    '1:30: model: unknown key "chekc" (did you mean check?)'
    ': data.limit: must be an integer'
    'unknown kind "decod" (did you mean decode?)'
    'unknown key "rnak" (did you mean rank?)'
    '7:12: experiments.b: the name "b" is taken'
    '7:34: experiments.b.cells'
    'positions, from, to, operation, source, metrics, answer_logprob, ' # each once, though rows of their own
    'experiments.c.layers: must be a number, a name or {each_token: NAME}: together, window and pairs stand alone'
    '9:1: unknown key "runs" (did you mean run?)'
    '10:25: run.rows'
)
check_all() {
    local e
    for e in "${expected[@]}"; do has "$e"; done
    [ "$(grep -c "^$work/bad.yaml:[0-9]*:[0-9]*: " "$work/err")" = 11 ] ||
        { wrong "not eleven lines with a place" && cat "$work/err"; }
    [ "$(wc -l <"$work/err")" = 12 ] ||
        { wrong "more than the eleven mistakes and their count" && cat "$work/err"; }
    [ ! -s "$work/out" ] || wrong "something on stdout"
    [ ! -e "$work/out dir" ] || wrong "an output directory was made"
}
for command in run plan 'run --dry-run'; do
    read -ra words <<<"$command"
    ends 2 "$program" "${words[@]}" "$work/bad.yaml"
    check_all
done

# One mistake, one line that names it and one that counts.
config "$work/c.yaml" "$work/lands.jsonl" "$work/out dir" 'name: decode, kind: decode'
for pair in 'run.rwos=3|did you mean rows' 'run.rows=0|run.rows' 'run.rows|=' \
    'experiments.decode.rnak=true|did you mean' 'experiments.none.rank=true|none' \
    'model.path=nowhere|nowhere: no such file'; do
    ends 2 "$program" run "$work/c.yaml" --set "${pair%%|*}"
    has "${pair#*|}"
    [ ! -e "$work/out dir" ] || wrong "an output directory was made by ${pair%%|*}"
done

# A word of the command line has no comments.
ends 0 "$program" run "$work/c.yaml" --set "output=$work/run #2" --set run.threads=1
[ -e "$work/run #2/result.h5" ] || wrong 'what stands behind # of a --set is lost'

# Deep nesting is told by its own limit, and not read for minutes first (a megabyte would take an hour).
head -c 1000000 /dev/zero | tr '\0' '[' >"$work/deep.yaml"
ends 2 timeout 60 "$program" plan "$work/deep.yaml" && has 'deep.yaml:1:65: nested deeper than 64 levels'

# The command line: one line.
ends 2 "$program" run && says 'usage'
ends 2 "$program" run "$work/c.yaml" --nonsense && says '--nonsense'
ends 2 "$program" rnu "$work/c.yaml" && says 'did you mean "run"'
ends 3 "$program" run "$work/none.yaml" && says 'none.yaml'
ends 3 "$program" run "$work" && says 'directory'
ends 2 "$program" summary '' && says 'RESULT is empty'
ends 3 "$program" verify "$work/none" && says "none does not exist: expected a result file"
ends 3 "$program" status "$work/none" && says "none does not exist: expected the folder of a run"
ends 2 "$program" summary "$work/run #2" decoed && says 'there is no group "decoed" (there are: decode)'
ends 2 "$program" logits "$small" --ids '1 1.5 2' && says '"1.5" is not a token id'
ends 3 "$program" logits "$small" --ids 1 --npy "$work/none/a.npy" && says "none/a.npy: No such file"
ends 2 "$program" run "$work/c.yaml" --set run.gemm=Bogus && has 'rows | openblas'
printf '  - {name: %s, kind: %s}\n' 'tr' 'causal_trace, corrupt: [], sites: [], window: [], noise: -1' 'cut' 'knockout, sets: []' >>"$work/c.yaml"
ends 2 "$program" plan "$work/c.yaml" # none of these may be divided by
[ "$(grep -c 'the list is empty' "$work/err")" = 4 ] || wrong 'an empty list is taken'
has 'tr.noise: must be 0 to 1000000, not -1'
ends 2 env LENSWEEP_ISA=sse9 "$program" run "$work/c.yaml" && says 'LENSWEEP_ISA=sse9 is not'
printf 'model: {path: x\n' >"$work/syntax.yaml"
ends 2 "$program" run "$work/syntax.yaml" && has 'syntax.yaml:2:1: invalid YAML'
printf 'model: "\xff\xfe"\n' >"$work/utf8.yaml"
ends 2 "$program" run "$work/utf8.yaml" && has 'utf8.yaml:'
: >"$work/empty.yaml"
ends 2 "$program" run "$work/empty.yaml" && has 'empty.yaml'
[ ! -e "$work/out dir" ] || wrong "an output directory was made"
finish
