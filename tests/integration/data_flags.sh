#!/usr/bin/env bash
# Traps in the data are counted in the summary, and `where` leaves queries out by them, in every kind.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

cat >"$work/traps.jsonl" <<'EOF'
{"ids": [5, 6, 7, 8], "text": "so \"", "item": "a", "spans": {"subject": [1, 2]}, "targets": {"answer_1": 5, "answer_2": 9}, "target": "answer_1", "step": 1}
{"ids": [5, 6, 7, 9], "text": "so ", "item": "b", "spans": {"subject": [1, 2]}, "targets": {"answer_1": 4, "answer_2": 4}, "target": "answer_1", "step": 1}
{"ids": [5, 6, 7, 10], "text": "so", "item": "c", "spans": {"subject": [1, 2]}, "targets": {"answer_1": 3, "answer_2": 2}, "target": "answer_1", "step": 1}
EOF
kinds=('name: decode, kind: decode' 'name: trace, kind: causal_trace, noise: 1, samples: 1' 'name: lens, kind: token_lens'
    'name: cut, kind: knockout, sets: [subject]' 'name: heads, kind: heads')

# left N REASON FILTER: as many queries are left out of every kind.
left() {
    config "$work/c.yaml" "$work/traps.jsonl" "$work/$1" "${kinds[@]/%/, where: $3}"
    ends 0 "$program" run "$work/c.yaml" --set data.controls=2
    [ "$(grep -cE "^  $1 quer(y|ies) left out: $2$" "$work/out")" = 5 ] || wrong "$3 does not leave $1 out of five kinds"
}

left 1 'not selected by where' '{target_collision: false}'
has 'flags: target_collision in 1, target_in_prompt in 1, answer_prefix quote in 1, answer_prefix space in 1 of 3 queries' "$work/out"
left 2 'not selected by where' '{answer_prefix: quote}'
left 3 'not selected by where' '{bos: true}'
has 'nothing can be said: all queries were left out' "$work/out"
hasnt 'nothing is tested' "$work/out"
ends 2 "$program" plan "$work/c.yaml" --set 'experiments.decode.where={target_colision: false}' && has 'did you mean target_collision'

# Without control tokens the tables are of the logits themselves, and say so.
config "$work/c.yaml" "$work/traps.jsonl" "$work/none" 'name: decode, kind: decode' 'name: lens, kind: token_lens'
ends 0 "$program" run "$work/c.yaml" --set data.controls=0
for name in decode lens; do has "$name: mean of logit over queries; logit" "$work/out"; done
hasnt 'control tokens' "$work/out"
finish
