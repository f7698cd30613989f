"""Records what NumPy's legacy generator draws: tests/fixtures/mt19937.bin for test_mt19937.c.

    python3 tests/reference/make_mt19937.py

needs numpy. Little-endian: "LSMT", u32 count; then for each stream u32 seed, u32 number of parts
and its parts one after the other: u32 kind (0 = random_sample, 1 = randn), u32 n, n float64.

Seed 1 begins with randn(1000); other streams take odd numbers of normals between uniforms, so that
the spare one of a pair has to wait for its turn. The last stream is RandomState(1).randn(3, 2, 5),
each entry by its index, the last index running fastest.
"""

import pathlib
import struct

import numpy as np

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "mt19937.bin"
UNIT, NORMAL = 0, 1
STREAMS = [
    (1, [(NORMAL, 1000)]),
    (1, [(UNIT, 700)]),
    (0, [(NORMAL, 7), (UNIT, 3), (NORMAL, 4), (UNIT, 1), (NORMAL, 60)]),
    (12345, [(UNIT, 1), (NORMAL, 33), (UNIT, 20), (NORMAL, 30)]),
    (2**32 - 1, [(NORMAL, 101), (UNIT, 5)]),
]


def part(kind, values):
    return struct.pack(f"<II{len(values)}d", kind, len(values), *values)


def main():
    blob = b"LSMT" + struct.pack("<I", len(STREAMS) + 1)
    for seed, parts in STREAMS:
        state = np.random.RandomState(seed)
        blob += struct.pack("<II", seed, len(parts))
        for kind, n in parts:
            blob += part(kind, state.random_sample(n) if kind == UNIT else state.randn(n))
    x = np.random.RandomState(1).randn(3, 2, 5)
    by_index = [x[s, t, j] for s in range(3) for t in range(2) for j in range(5)]
    blob += struct.pack("<II", 1, 1) + part(NORMAL, by_index)
    OUT.write_bytes(blob)
    print(f"{OUT.name}: {len(blob)} bytes, numpy {np.__version__}")


if __name__ == "__main__":
    main()
