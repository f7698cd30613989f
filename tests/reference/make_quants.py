"""Makes tests/fixtures/quants.bin: blocks of GGUF's quantised types, and what they stand for.

    python3 tests/reference/make_quants.py

needs numpy and gguf (0.19). For each type, 512 elements of random bytes (so NaN, infinity,
subnormal and negative scales occur) and their values from gguf.quants.dequantize, in the layout
of tests/unit/fixture.h: TYPE.bytes (one float32 a byte) and TYPE.values.
"""

import pathlib
import struct

import gguf
import numpy as np

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "quants.bin"
TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]
ELEMENTS = 512


def main():
    rng = np.random.default_rng(1)
    arrays = {}
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        data = rng.integers(0, 256, ELEMENTS // block * size, dtype=np.uint8)
        with np.errstate(all="ignore"):
            values = gguf.quants.dequantize(data, kind)
        arrays[name + ".bytes"] = data
        arrays[name + ".values"] = values
        print(f"{name} {np.isfinite(values).mean():.0%} finite, {np.median(np.abs(values)):.3g}")
    with open(OUT, "wb") as f:
        f.write(b"LSFX" + struct.pack("<II", 1, len(arrays)))
        for name, x in arrays.items():
            x = np.ascontiguousarray(x.ravel(), dtype="<f4")
            f.write(struct.pack("<I", len(name)) + name.encode())
            f.write(struct.pack("<II", 1, x.size) + x.tobytes())


if __name__ == "__main__":
    main()
