#!/usr/bin/env bash
# logits --npy holds the logits of all positions, as PyTorch has them, for every kind of checkpoint.
# shellcheck source=SCRIPTDIR/lib.bash
. "$(dirname "$0")/lib.bash"

[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python with the packages of requirements.txt"
cat >"$work/compare.py" <<'PYTHON'
import struct
import sys

import numpy as np


def arrays(path):
    data = open(path, "rb").read()
    assert data[:4] == b"LSFX"
    count, at, out = struct.unpack_from("<I", data, 8)[0], 12, {}
    for _ in range(count):
        n = struct.unpack_from("<I", data, at)[0]
        name = data[at + 4 : at + 4 + n].decode()
        at += 4 + n
        rank = struct.unpack_from("<I", data, at)[0]
        sizes = struct.unpack_from(f"<{rank}I", data, at + 4)
        at += 4 + 4 * rank
        size = int(np.prod(sizes))
        out[name] = np.frombuffer(data, "<f4", size, at).reshape(sizes)
        at += 4 * size
    return out


expected = arrays(sys.argv[1])
if len(sys.argv) == 2:
    print(*expected["ids"].astype(int))
    sys.exit()
got = np.load(sys.argv[2])
assert got.dtype == np.dtype("<f4") and got.flags.c_contiguous, got.dtype
assert got.shape == expected["logits"].shape, got.shape
worst = np.abs(got - expected["logits"]).max()
print(f"{worst:.2e}")
assert worst <= 5e-5, worst
PYTHON
for folder in "$models"/*/; do
    model=$folder
    [ -e "$folder/model.gguf" ] && model=$folder/model.gguf
    ids=$("$LENSWEEP_PYTHON" "$work/compare.py" "$folder/expected.bin") || wrong "$folder/expected.bin"
    for n in 1 2 3; do
        ends 0 "$program" logits "$model" --ids "$ids" --npy "$work/$n.npy" --threads $n
        [ "$n" = 1 ] || same "$work/1.npy" "$work/$n.npy" "$n threads on $(basename "$folder")"
    done
    printf '%s ' "$(basename "$folder")"
    "$LENSWEEP_PYTHON" "$work/compare.py" "$folder/expected.bin" "$work/1.npy" || wrong "$folder: logits"
done
finish
