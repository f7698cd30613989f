"""Compares a program with what make_families.py wrote: logits of all positions, and the tokens that
follow.

    python3 tests/reference/check_families.py LENSWEEP DIR [PATTERN]

The largest difference may be 2e-5 of the largest logit; each token of the greedy continuation is the
argmax after the ones before it. Prints a line for each model; needs numpy alone.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np

BOUND = 2e-5


def logits(program, model, ids, out):
    run = subprocess.run([program, "logits", model, "--ids", " ".join(map(str, ids)), "--top", "0",
                          "--threads", "1", "--npy", out], capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip())
    return np.load(out)


def next_token(program, model, ids, said, have, out):
    """The argmax after ids and what has been said so far."""
    return int((logits(program, model, ids + said, out) if said else have)[-1].argmax())


def check(program, folder, out):
    model = folder / "model.gguf" if (folder / "model.gguf").exists() else folder
    ids, want = np.load(folder / "ids.npy").tolist(), np.load(folder / "logits.npy")
    greedy = np.load(folder / "greedy.npy").tolist()
    have = logits(program, model, ids, out)
    far = float(np.abs(have - want).max() / np.abs(want).max())
    return far, [next_token(program, model, ids, greedy[:i], have, out)
                 for i in range(len(greedy))] == greedy


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    pattern, wrong, n = sys.argv[3] if len(sys.argv) > 3 else "", 0, 0
    with tempfile.TemporaryDirectory() as tmp:
        for f in sorted(p.parent for p in folder.glob("*/ids.npy")):
            if pattern not in f.name:
                continue
            n += 1
            try:
                far, said = check(program, f, pathlib.Path(tmp) / "l.npy")
            except RuntimeError as e:
                far, said = float("nan"), str(e)
            ok = far <= BOUND and said is True
            wrong += not ok
            print(f"{f.name:28s} {far:8.1e} greedy {'equal' if said is True else said or 'DIFFERS'}"
                  f"{'' if ok else '   <--'}")
    print(f"{n} models, {wrong} wrong")
    sys.exit(1 if wrong or not n else 0)


if __name__ == "__main__":
    main()
