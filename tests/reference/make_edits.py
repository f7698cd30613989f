"""Random edits on two small models, as float64 NumPy computes them: tests/fixtures/edits/*.bin.

    python3 tests/reference/make_edits.py

needs numpy. One file for each model of MODELS; tests/unit/fixture.h describes the format. It holds

    ids         (N) the prompt
    made        (1, FIELDS) an edit of the clean run: it makes run 1; made.vec0 its operand
    cases       (1) how many; then for each case, numbered from 0:
    C.base      (1) which run is edited: 0 = clean, 1
    C.edits     (n, FIELDS) each: site, op (as in the engine's header), layer, head, token and key
                span (begin, end each), factor, operand (-1 = C.vecI for edit I, -2 = none, else a
                run)
    C.vecI      (1 or tokens, width) 1: the same for all tokens
    C.logits    (V) of the last row, C.kl (1) from the base's

Every site and operation occurs, at any layers, heads, tokens and keys, up to four together.
"""

import pathlib
import struct

import numpy as np

import numpy_model
from numpy_model import Edit, edited

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
MODELS = ["llama3-sharded-bf16", "mistral-mha-f16"]
SITES = ["resid", "pattern", "z", "attn", "mlp", "q", "k", "v", "neuron"]
SITES += ["read_q", "read_k", "read_v", "read_mlp"]
OPS = ["zero", "set", "add", "scale", "mask"]
N, CASES = 9, 120
VEC, NONE = -1, -2


def save(path, arrays):
    blob = b"LSFX" + struct.pack("<II", 1, len(arrays))
    for name, value in arrays.items():
        value = np.asarray(value, np.float32)
        blob += struct.pack("<I", len(name)) + name.encode()
        blob += struct.pack(f"<I{value.ndim}I", value.ndim, *value.shape)
        blob += value.astype("<f4").tobytes()
    path.write_bytes(blob)
    print(f"{path.name}: {len(blob)} bytes")


def some_range(rng, n):
    begin = int(rng.integers(n))
    return begin, int(rng.integers(begin + 1, n + 1))


def draw(rng, model, runs):
    """(Edit, its row of numbers, its operand or None)"""
    site = str(rng.choice(SITES))
    op = str(rng.choice(["zero", "scale", "mask"] if site == "pattern" else OPS[:4]))
    layer = some_range(rng, model.L + (site == "resid"))
    parts = {"k": model.G, "v": model.G, "read_k": model.G, "read_v": model.G, "neuron": model.f}
    head, tok, key = some_range(rng, parts.get(site, model.H)), some_range(rng, N), some_range(rng, N)
    factor = float(rng.choice([-1.0, 0.5, 2.0]))
    e = Edit(site, op, layers=range(*layer), tokens=range(*tok), factor=factor)
    if site in numpy_model.BY_HEAD or site == "pattern":
        e.heads = range(*head)
    if site == "pattern":
        e.keys = range(*key)
    if op == "mask":
        e.site = "score"
    operand, vec = NONE, None
    if op in ("set", "add"):
        operand = VEC if site.startswith("read_") else int(rng.integers(VEC, len(runs)))
        if operand == VEC:
            rows = int(rng.choice([1, len(e.tokens)]))
            cut = site in numpy_model.BY_HEAD and not site.startswith("read_")
            part = 1 if site == "neuron" else model.dh
            vec = rng.standard_normal((rows, len(e.heads) * part if cut else model.d))
            vec = vec.astype(np.float32)
            e.value = vec.astype(np.float64)
            if site == "neuron":
                e.value = e.value.reshape(rows, len(e.heads))
            elif site in numpy_model.BY_HEAD:
                e.value = e.value.reshape(rows, len(e.heads) if cut else 1, -1)
        else:
            e.run = runs[operand]
    row = [SITES.index(site), OPS.index(op), *layer, *head, *tok, *key, factor, operand]
    return e, row, vec


def make(name):
    model = numpy_model.Model.open(FIXTURES / "models" / name)
    rng = np.random.default_rng(8)
    ids = rng.integers(model.V, size=N).tolist()
    vec = rng.standard_normal((2, model.d)).astype(np.float32)
    noised = Edit("resid", "add", layers=[0], tokens=[2, 3], value=vec.astype(np.float64))
    row = [SITES.index("resid"), OPS.index("add"), 0, 1, 0, 0, 2, 4, 0, 0, 1, VEC]
    runs = [model.forward(ids), model.forward(ids, edit=edited([noised]))]
    arrays = {"ids": ids, "made": [row], "made.vec0": vec, "cases": [CASES]}
    for c in range(CASES):
        base = int(rng.integers(2))
        drawn = [draw(rng, model, runs) for _ in range(rng.integers(1, 5))]
        edits = [noised] * base + [e for e, _, _ in drawn]
        # an edit of run 1 edits what noise has left: the noise comes first
        logits = model.forward(ids, edit=edited(edits)).logits[-1]
        arrays[f"{c}.base"] = [base]
        arrays[f"{c}.edits"] = [r for _, r, _ in drawn]
        for i, (_, _, vec) in enumerate(drawn):
            if vec is not None:
                arrays[f"{c}.vec{i}"] = vec
        arrays[f"{c}.logits"] = logits
        arrays[f"{c}.kl"] = [numpy_model.kl_divergence(runs[base].logits[-1], logits)]
    save(FIXTURES / "edits" / f"{name}.bin", arrays)


def main():
    (FIXTURES / "edits").mkdir(exist_ok=True)
    for name in MODELS:
        make(name)


if __name__ == "__main__":
    main()
