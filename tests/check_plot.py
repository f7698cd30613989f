#!/usr/bin/env python3
"""Compares what `lensweep plot` writes for a decode group with NumPy's means.

    tests/check_plot.py LENSWEEP     the program; makes a result file of random logits with h5py

Status 77 = skipped: a package is missing.
"""

import csv
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skip: no Python package {missing.name}")
    sys.exit(77)

LAYERS, COMPONENTS = 6, ["attn", "mlp", "resid"]
TARGETS = ["answer_1", "answer_2", "subject", 'odd "one", it\'s `x`']
# What of a name reaches the CSV and the script.
PLAIN = str.maketrans({'"': "'", "`": "'", "\n": " ", ",": ";"})
DATASETS = ["cities", "a \"b\", `touch pwned`\n'c'", "cities"]
TEMPLATES = [1, 0, 2]


def make_result(path, strata, rng):
    """Nine queries a stratum, steps 1 to 3; one is bad, and one has a target that is NaN."""
    q = 9 * strata
    stratum = np.arange(q) // 9
    v = {"logit": rng.normal(size=(q, LAYERS, len(COMPONENTS), len(TARGETS))).astype("f4"),
         "control_logit": rng.normal(size=(q, LAYERS, len(COMPONENTS))).astype("f4"),
         "template": np.array(TEMPLATES, "i1")[stratum], "step": (np.arange(q) % 3 + 1).astype("i1"),
         "dataset": np.array(DATASETS, object)[stratum], "status": np.full(q, "ok", object)}
    v["logit"][3] = 1e6
    v["status"][3] = "the subject's span is empty"
    v["logit"][1, :, :, 2] = np.nan
    dims = {"query": np.arange(q), "layer": np.arange(LAYERS, dtype="i4"),
            "component": np.array(COMPONENTS, object), "target": np.array(TARGETS, object)}
    text = h5py.string_dtype()
    with h5py.File(path, "w") as f:
        g = f.create_group("decode")
        g.attrs["kind"] = "decode"
        for name, values in dims.items():
            g.create_dataset(name, data=values, dtype=text if values.dtype == object else None)
            g[name].make_scale(name)
        for name, values in v.items():
            d = g.create_dataset(name, data=values, dtype=text if values.dtype == object else None)
            for i, dim in enumerate(["query", "layer", "component", "target"][:values.ndim]):
                d.dims[i].attach_scale(g[dim])
    return v


def expected(v, stratum):
    """(mean, se, n) by step, component, layer, target of one stratum."""
    out = {}
    for step in (1, 2, 3):
        at = (np.arange(len(v["step"])) // 9 == stratum) & (v["step"] == step) & (v["status"] == "ok")
        cells = np.concatenate([v["logit"][at], v["control_logit"][at][..., None]], axis=-1)
        n = np.isfinite(cells).sum(0)
        mean = np.nanmean(cells.astype("f8"), 0)
        se = np.nanstd(cells.astype("f8"), 0, ddof=1) / np.sqrt(n)
        for layer, comp, target in np.ndindex(n.shape):
            name = (TARGETS + ["control"])[target].translate(PLAIN)
            key = (str(step), COMPONENTS[comp], str(layer), name)
            out[key] = (mean[layer, comp, target], se[layer, comp, target], n[layer, comp, target])
    return out


def macro(strata):
    out = {}
    for key in strata[0]:
        mean, se, n = np.array([s[key] for s in strata]).T
        out[key] = (mean.mean(), np.sqrt((se**2).sum()) / len(strata), n.sum())
    return out


def compare(path, want, stratum):
    with open(path, newline="") as f:
        rows = list(csv.DictReader(f))
    assert len(rows) == len(want), f"{path}: {len(rows)} rows, expected {len(want)}"
    for row in rows:
        mean, se, n = want[row["step"], row["component"], row["layer"], row["target"]]
        assert row["stratum"] == stratum, row
        assert int(row["n"]) == n, (row, n)
        # The CSV has nine digits.
        assert np.isclose(float(row["mean"]), mean, rtol=1e-8, atol=1e-8), (row, mean)
        assert np.isclose(float(row["se"]), se, rtol=1e-8, atol=1e-8), (row, se)


def run(program, *arguments, env=None):
    return subprocess.run([program, "plot", *arguments], capture_output=True, text=True, env=env)


def check_figures(program, folder, rng):
    v = make_result(os.path.join(folder, "result.h5"), 3, rng)
    names = {"decode_cities_1": 0, "decode_a__b____touch_pwned___c_": 1, "decode_cities_2": 2}
    labels = ["cities/1", DATASETS[1].translate(PLAIN), "cities/2"]
    done = run(program, folder)
    assert done.returncode == 0, done.stderr
    figures = os.path.join(folder, "figures")
    want = [expected(v, k) for k in range(3)]
    for name, k in names.items():
        compare(os.path.join(figures, name + ".csv"), want[k], labels[k])
    compare(os.path.join(figures, "decode_macro.csv"), macro(want), "macro")
    for name in [*names, "decode_macro"]:
        with open(os.path.join(figures, name + ".png"), "rb") as f:
            assert f.read(8) == b"\x89PNG\r\n\x1a\n", name
    assert not any("pwned" == n for _, _, files in os.walk(folder) for n in files)
    # By hand, in that folder: the same picture.
    png = os.path.join(figures, "decode_cities_1.png")
    with open(png, "rb") as f:
        before = f.read()
    os.remove(png)
    said = subprocess.run(["gnuplot", "decode_cities_1.gp"], cwd=figures, capture_output=True, text=True)
    assert said.returncode == 0 and not said.stderr, said.stderr
    with open(png, "rb") as f:
        assert f.read() == before


def check_formats(program, folder, rng):
    path = os.path.join(folder, "one.h5")
    make_result(path, 1, rng)
    for form, magic in (("svg", b"<?xml"), ("pdf", b"%PDF-")):
        out = os.path.join(folder, form, "deep")
        done = run(program, path, "-o", out, "--format", form)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{out}/decode_cities_1.{form}\n", done.stdout
        with open(f"{out}/decode_cities_1.{form}", "rb") as f:
            assert f.read(5) == magic
        assert sorted(os.listdir(out)) == [f"decode_cities_1.{s}" for s in sorted(["csv", "gp", form])]


def check_trouble(program, folder):
    path = os.path.join(folder, "one.h5")
    out = os.path.join(folder, "bare")
    done = run(os.path.abspath(program), path, "-o", out, env={"PATH": folder})
    assert done.returncode == 3 and "gnuplot is not installed" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert sorted(os.listdir(out)) == ["decode_cities_1.csv", "decode_cities_1.gp"]
    with h5py.File(os.path.join(folder, "other.h5"), "w") as f:
        f.create_group("x").attrs["kind"] = "knockout"
    for status, arguments in ((2, []), (2, [path, "--format", "gif"]), (2, [path, "--zoom"]),
                              (2, [os.path.join(folder, "other.h5")]),
                              (3, [os.path.join(folder, "absent.h5")])):
        done = run(program, *arguments)
        assert done.returncode == status and done.stderr.count("\n") == 1, (arguments, done)


def main():
    if not shutil.which("gnuplot"):
        print("skip: no gnuplot")
        sys.exit(77)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        check_figures(sys.argv[1], folder, rng)
        check_formats(sys.argv[1], folder, rng)
        check_trouble(sys.argv[1], folder)
    print("plot: means, errors, files and statuses are as they should be")


if __name__ == "__main__":
    main()
