"""Compares a result file of result_layout.sh with the page of the interface and with its data.

    python3 tests/integration/result_layout.py RESULT DATA
"""

import json
import sys

import h5py
import numpy as np
import xarray as xr

COMPONENT = ("query", "layer", "component")
TARGET = ("query", "target")
# Variable: (dimensions, type; None = text).
QUERIES = {
    "text": (("query",), None), "status": (("query",), None), "ids": (("query", "token"), "i4"),
    "n_tokens": (("query",), "i4"), "span": (("query", "span", "bound"), "i4"),
    "target_id": (TARGET, "i4"), "clean_logit": (TARGET, "f4"), "clean_logprob": (TARGET, "f4"),
    "clean_rank": (TARGET, "i4"), "clean_argmax": (("query",), "i4"), "final_rms": (("query",), "f4"),
    "target_collision": (("query",), "i1"), "target_generic": (("query",), "i1"),
    "target_in_prompt": (("query",), "i1"), "bos": (("query",), "i1"),
    "answer_prefix": (("query",), None), "right_target": (("query",), None),
    "token": (("query", "token"), None), "target_token": (TARGET, None), "clean_argmax_token": (("query",), None),
    "control_id": (("query", "control"), "i4"),
    "subject_control_id": (("query", "control"), "i4"),
}
STRATUM = {
    "stratum_dataset": (("stratum",), None), "stratum_template": (("stratum",), "i4"),
    "stratum_step": (("stratum",), "i4"),
    "contrast_step": (("contrast",), "i4"), "contrast_minus": (("contrast",), "i4"),
}


def averages(name, dims):
    """A mean over queries with what belongs to it."""
    out = {}
    for row, add in (("stratum", ""), ("contrast", "_contrast")):
        out |= {name + add + end: ((row,) + dims, "f8") for end in ("", "_se", "_lo", "_hi", "_p")}
        out |= {name + add + end: ((row,) + dims, "i4") for end in ("_n", "_n_clusters", "_df")}
    return out


DECODE = {
    "logit": (COMPONENT + ("target",), "f4"), "control_logit": (COMPONENT, "f4"),
    "subject_control_logit": (COMPONENT, "f4"), "embed_logit": (TARGET, "f4"),
    "status": (("query",), None), **STRATUM, **averages("mean_logit", COMPONENT[1:] + ("target",)),
    **averages("mean_centred_logit", COMPONENT[1:] + ("target",)),
}
STATS = {"vocab_mean": (COMPONENT, "f4"), "vocab_std": (COMPONENT, "f4")}
ASKED = {"logprob": (COMPONENT + ("target",), "f4"), "rank": (COMPONENT + ("target",), "i4")}
LOAD = {"number": (("query", "cell", "value"), "f4"), "status": (("query",), None)}
COORDINATES = {"query": "i8", "item": None, "subject": None, "dataset": None, "template": "i1", "step": "i1"}
SIZES = {"layer": 3, "component": 3, "bound": 2, "control": 16, "cell": 3, "value": 2}
PROVENANCE = ["config", "lensweep_version", "git_commit", "hdf5_version", "model_fingerprint",
              "data_fingerprint", "architecture"]

failures = 0


def claim(truth, what):
    global failures
    if not truth:
        print(what)
        failures += 1


def is_type(variable, kind):
    """kind None: text, which xarray gives as objects or as NumPy strings."""
    return variable.dtype.kind in "OU" if kind is None else variable.dtype == kind


def check_group(path, name, variables, coordinates):
    with xr.open_dataset(path, group=name, engine="h5netcdf", mask_and_scale=False) as ds:
        # `span` and `token` have dimensions of their own names, so xarray makes them coordinates.
        found = set(ds.variables) - set(ds.sizes) - set(COORDINATES) - {"span_name"}
        found |= set(ds.variables) & {"span", "token"} if name == "queries" else set()
        claim(found == set(variables), f"{name} has {sorted(found)}")
        for variable, (dims, kind) in variables.items():
            if variable not in ds:
                continue
            v = ds[variable]
            claim(v.dims == dims, f"{name}/{variable} has dimensions {v.dims}")
            claim(is_type(v, kind), f"{name}/{variable} is {v.dtype}")
            for coordinate in COORDINATES if "query" in dims else ():
                claim(coordinate in v.coords or variable in ("span", "token"), f"{name}/{variable} lacks the coordinate {coordinate}")
        for coordinate, kind in coordinates.items():
            claim(is_type(ds[coordinate], kind), f"{name}/{coordinate} is {ds[coordinate].dtype}")
        for dim, size in SIZES.items():
            claim(ds.sizes.get(dim, size) == size, f"{name}: {dim} is {ds.sizes.get(dim)} long")
        for dim in ("layer", "token", "query"):
            if dim in ds.sizes and dim not in variables:
                claim(list(ds[dim].values) == list(range(ds.sizes[dim])), f"{name}/{dim} does not count from 0")


def strings(variable):
    return [s.decode() for s in variable[()]]


def check_queries(f, data):
    g = f["queries"]
    names = strings(g["target"])
    spans = strings(g["span_name"])
    claim(names == ["answer_1", "answer_2", "answer_3", "subject"], f"targets {names}")
    claim(set(spans) == {"first", "last", "subject", "relation", "answer_1", "answer_2"}, f"spans {spans}")
    answers = {}
    for q in data:
        answers.setdefault(q.get("item"), set()).update(t for n, t in q["targets"].items() if n != "subject")
    for i, q in enumerate(data):
        where = f"query {i}"
        n = len(q["ids"])
        claim(g["n_tokens"][i] == n, f"{where}: n_tokens")
        claim(list(g["target_id"][i]) == [q["targets"].get(t, -1) for t in names], f"{where}: target_id")
        claim(g["item"][i].decode() == q.get("item", g["item"][i].decode()), f"{where}: item")
        claim(g["dataset"][i].decode() == q.get("dataset", g["dataset"][i].decode()), f"{where}: dataset")
        for key in ("template", "step"):
            claim(key not in q or g[key][i] == q[key], f"{where}: {key}")
        if q["ids"][-1] == 900:
            claim("900" in g["status"][i].decode(), f"{where}: status {g['status'][i]}")
            continue
        claim(g["status"][i] == b"ok", f"{where}: status {g['status'][i]}")
        claim(list(g["ids"][i]) == q["ids"] + [-1] * (g["ids"].shape[1] - n), f"{where}: ids {list(g['ids'][i])}")
        want = {"first": [0, 1], "last": [n - 1, n], **q.get("spans", {})}
        for name, span in zip(spans, g["span"][i]):
            claim(list(span) == want.get(name, [-1, -1]), f"{where}: span {name} is {list(span)}")
        targets = list(q["targets"].values())
        claim(g["target_collision"][i] == (len(set(targets)) < len(targets)), f"{where}: target_collision")
        target = q["targets"][q.get("target", "answer_1")]
        claim(g["target_in_prompt"][i] == (target in q["ids"]), f"{where}: target_in_prompt")
        controls = [c for c in g["control_id"][i] if c >= 0]
        subjects = [c for c in g["subject_control_id"][i] if c >= 0]
        others = {o["targets"].get("subject") for o in data if o.get("item") != q.get("item")}
        claim(len(set(subjects)) == len(subjects) and set(subjects) <= others - set(targets), f"{where}: subject controls {subjects}")
        others = set().union(*(a for item, a in answers.items() if item != q.get("item")))
        claim(len(set(controls)) == len(controls) and set(controls) <= others - set(targets), f"{where}: controls {controls}")
        if "dataset" in q:
            claim(len(controls) == 16, f"{where}: {len(controls)} controls")
        missing = np.array([t not in q["targets"] for t in names])
        for name in ("queries/clean_logit", "queries/clean_logprob", "early/embed_logit"):
            claim(np.array_equal(np.isnan(f[name][i]), missing), f"{where}: {name}")
        claim(np.array_equal(f["queries/clean_rank"][i] == -1, missing), f"{where}: clean_rank")
        claim(not np.isnan(f["early/logit"][i][..., ~missing]).any(), f"{where}: early/logit")


def check_numbers(f, data):
    ok = np.array([s == b"ok" for s in f["queries/status"][()]])
    early, q = f["early"], f["queries"]
    part = early["logit"][()].astype("f8")
    whole = part[:, :, 0].sum(axis=1) + part[:, :, 1].sum(axis=1) + early["embed_logit"][()]
    clean = q["clean_logit"][()]
    scale = np.nanmax(np.abs(clean))
    claim(np.nanmax(np.abs(whole - clean)) < 1e-4 * scale, "the parts do not sum to the logits")
    # The last residual, by the ordinary logit lens, is the output itself.
    claim(np.nanmax(np.abs(part[:, -1, 2] - clean)) < 1e-4 * scale, "resid of the last layer is not the output")
    claim(np.nanmax(np.abs(early["logprob"][:, -1, 2] - q["clean_logprob"][()])) < 1e-4, "its logprob")
    claim(np.array_equal(early["rank"][:, -1, 2], q["clean_rank"][()]), "its rank")
    claim((early["logprob"][()][ok][:, :, :, 0] < 0).all(), "a log-probability above 0")
    target = np.array([list(e["targets"].values())[0] for e in data])
    argmax = q["clean_argmax"][()]
    claim(np.array_equal((q["clean_rank"][:, 0] == 0)[ok], (argmax == target)[ok]), "rank 0 is not the argmax")
    claim((q["final_rms"][()][ok] > 0).all() and np.isnan(q["final_rms"][()][~ok]).all(), "final_rms")
    claim(np.array_equal(early["logit"][()], f["plain/logit"][()], equal_nan=True), "two decodes differ")
    number = np.arange(3)[:, None] + np.arange(2)
    claim((f["load/number"][()][ok] == number).all(), "load/number")


def main():
    path, data = sys.argv[1:]
    with open(data, encoding="utf-8") as lines:
        data = [json.loads(line) for line in lines]
    with h5py.File(path) as f:
        groups = {name for name in f if isinstance(f[name], h5py.Group)}
        claim(groups == {"queries", "early", "plain", "load", "provenance"}, f"groups {sorted(groups)}")
        for name, kind in {"early": "decode", "plain": "decode", "load": "noop"}.items():
            claim(f[name].attrs["kind"] == kind, f"{name}: kind {f[name].attrs['kind']}")
        for name in PROVENANCE:
            claim(name in f["provenance"].attrs, f"provenance lacks {name}")
        claim([s.decode() for s in f["early/component"]] == ["attn", "mlp", "resid"], "components")
        check_queries(f, data)
        check_numbers(f, data)
    for name, variables in {"queries": QUERIES, "early": {**DECODE, **STATS, **ASKED}, "plain": DECODE, "load": LOAD}.items():
        check_group(path, name, variables, COORDINATES)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
