#!/usr/bin/env bash
# Token Lens and heads against decode: sets and heads sum up to the decoded attention output, rates
# are what the queries' own numbers say.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with h5py"
cat >"$work/c.yaml" <<EOF
model: {path: tests/fixtures/tiny/model}
data: {path: tests/fixtures/tiny/queries.jsonl}
output: "$work/results"
experiments:
  - {name: decode, kind: decode}
  - {name: lens, kind: token_lens, head_logit: true}
  - {name: heads, kind: heads}
EOF
ends 0 "$program" run "$work/c.yaml"
ends 0 "$LENSWEEP_PYTHON" tests/check_identities.py "$work/results/result.h5"
finish
