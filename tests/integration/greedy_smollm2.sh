#!/usr/bin/env bash
# Greedy continuations of 32 tokens of every demo prompt are those of float32 PyTorch on the same
# dequantised weights (tests/reference/make_smollm2.py): each of their tokens is the argmax after the
# ones before it. One is generated for real.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_MODEL:-}" ] || skip "the real model is not to be had"
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with numpy"
"$LENSWEEP_PYTHON" - "$program" "$LENSWEEP_MODEL" "$work" <<'EOF' || wrong "continuations differ"
import json, subprocess, sys
import numpy as np

program, model, work = sys.argv[1:]
with open("tests/fixtures/smollm2/continuations.json") as f:
    continuations = json.load(f)["continuations"]
same = 0
for c in continuations:
    ids = c["ids"] + c["next"][:-1]
    subprocess.run([program, "logits", model, "--ids", " ".join(map(str, ids)), "--top", "0",
                    "--npy", f"{work}/l.npy"], check=True, stdout=subprocess.DEVNULL)
    argmax = np.load(f"{work}/l.npy")[len(c["ids"]) - 1:].argmax(1).tolist()
    if argmax != c["next"]:
        print("differs after", c["ids"], ":", argmax, "expected", c["next"])
    same += argmax == c["next"]
print(f"{same} of {len(continuations)} continuations are the same")
sys.exit(same != len(continuations) or same < 36)
EOF
"$LENSWEEP_PYTHON" -c 'import json
c = json.load(open("tests/fixtures/smollm2/continuations.json"))["continuations"][0]
print(" ".join(map(str, c["next"])))' >"$work/want"
ends 0 "$program" generate "$LENSWEEP_MODEL" --prompt $'List of cities in India:\n1.' -n 32 --ids
cmp "$work/want" "$work/out" || wrong "generated: $(cat "$work/out")"
finish
