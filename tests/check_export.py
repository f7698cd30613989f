#!/usr/bin/env python3
"""Compares what `lensweep export` wrote with the result file, by other people's readers.

    tests/check_export.py csv|jsonl|authors RESULT DIR [MODEL]

csv, jsonl: every value of every variable is there and equals h5py's, bit for bit in its type, and
every attribute is in variables.jsonl. authors: the files are read as the authors' plotting scripts read
them (a reader of our own, of the same keys), and their averages equal those of the result file.
Status 1 and a line for each thing that is wrong.
"""

import csv
import glob
import itertools
import json
import math
import os
import re
import sys

import h5py
import numpy as np

wrong = []


def check(good, what):
    if not good:
        wrong.append(what)
    return good


def equal(a, b):
    """Same values, NaN equal to NaN."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if a.dtype.kind in "OU":
        return bool((a.astype(str) == b.astype(str)).all())
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def variables(file):
    """{(group, name): (values, dims)}; text as str."""
    found = {}

    def visit(path, item):
        if not isinstance(item, h5py.Dataset):
            return
        group, _, name = path.rpartition("/")
        values = item.asstr()[()] if item.dtype.kind == "O" else item[()]
        if item.is_scale:
            dims = [name]
        else:
            dims = [d[0].name.rpartition("/")[2] if len(d) else "" for d in item.dims]
        found[group, name] = (values, dims)

    file.visititems(visit)
    return found


def scale(all_variables, group, dim):
    """The coordinates of a dimension: of the group, else of one above it."""
    while True:
        if (group, dim) in all_variables and all_variables[group, dim][1] == [dim]:
            return all_variables[group, dim][0]
        if not group:
            return None
        group = group.rpartition("/")[0]


def coordinates(file, group):
    names = set()
    for item in file[group or "/"].values():
        if isinstance(item, h5py.Dataset):
            names |= set(str(item.attrs.get("coordinates", "")).split())
    return names


def typed(texts, values):
    """Fields of a table as the type of the variable."""
    if values.dtype.kind in "OU":
        return np.array(texts, object)
    if values.dtype.kind == "f":
        return np.array([float(t) if t else math.nan for t in texts]).astype(values.dtype)
    return np.array([int(t) for t in texts], values.dtype)


def check_csv(file, folder):
    known = variables(file)
    seen = set()
    tables = {}
    for path in glob.glob(os.path.join(folder, "*.csv")):
        with open(path, encoding="utf-8", newline="") as text:
            rows = list(csv.reader(text, strict=True))
        tables[os.path.basename(path)[:-4]] = dict(zip(rows[0], zip(*rows[1:])))
    for (group, name), (values, dims) in known.items():
        table = tables.get(".".join(group.split("/") + dims))
        column = f"{name}_value" if name in dims and dims != [name] else name
        if table is None or column not in table:
            continue
        first = not any((group, n) in seen for (g, n), (_, d) in known.items() if (g, d) == (group, dims))
        seen.add((group, name))
        check(equal(typed(table[column], values), values.reshape(-1)), f"{group}/{name}: values")
        for i, dim in enumerate(dims if first else []):  # a table's coordinates, once
            repeat = [n for k, n in enumerate(values.shape) if k > i]
            at = np.arange(values.size) // int(np.prod(repeat, dtype=int)) % values.shape[i]
            own = scale(known, group, dim)
            own = np.arange(values.shape[i]) if own is None else own
            check(equal(typed(table[dim], own), own[at]), f"{group}/{name}: index {dim}")
            if scale(known, group, dim) is not None:
                seen.add((group, dim))
                seen.add(("", dim))
            for other in coordinates(file, group):
                own, other_dims = known[group, other]
                if other_dims != [dim]:
                    continue
                seen.add((group, other))
                check(equal(typed(table[other], own), own[at]), f"{group}/{name}: {other}")
    for missing in set(known) - seen:
        # the coordinates of a dimension that no variable of the group has say nothing there
        values, dims = known[missing]
        used = any(g == missing[0] and dims[0] in d and n not in d and n not in coordinates(file, g)
                   for (g, n), (_, d) in known.items())
        check(dims == [missing[1]] and not used, f"{missing} is in no table")


def check_pandas(file, folder):
    """A table read by pandas is the variable as xarray makes a table of it."""
    import pandas
    import xarray

    table = pandas.read_csv(os.path.join(folder, "decode.query.layer.component.target.csv"))
    with xarray.open_dataset(file.filename, group="decode") as data:
        theirs = data.logit.to_series()
    ours = table.set_index(["query", "layer", "component", "target"]).logit.astype("float32")
    check(ours.equals(theirs), "pandas' table of decode/logit is not xarray's")


def check_jsonl(file, folder):
    known = variables(file)
    seen = set()
    for (group, name), (values, dims) in known.items():
        path = os.path.join(folder, ".".join(p for p in group.split("/") + dims[:1] if p) + ".jsonl")
        if not check(os.path.exists(path), f"{path} is missing"):
            continue
        with open(path, encoding="utf-8") as text:
            lines = [json.loads(line) for line in text]
        own = [line[name] for line in lines]
        if values.dtype.kind == "O":
            check(equal(np.array(own, object), values), f"{group}/{name}")
        else:
            check(equal(np.array(own, float if values.dtype.kind == "f" else int)
                        .astype(values.dtype).reshape(values.shape), values), f"{group}/{name}")
        seen.add((group, name))
    check(seen == set(known), f"{set(known) - seen} are missing")


def check_descriptions(file, folder):
    with open(os.path.join(folder, "variables.jsonl"), encoding="utf-8") as text:
        lines = {(o["group"], o.get("variable")): o for o in map(json.loads, text)}
    known = variables(file)
    groups = {""} | {n for n in file if isinstance(file[n], h5py.Group)}
    check(groups <= {g for g, v in lines if v is None}, "variables.jsonl lacks a group")
    check(set(known) == {k for k in lines if k[1] is not None}, "variables.jsonl: variables")
    for (group, name), line in lines.items():
        item = file[f"/{group}/{name or ''}"]
        for key, value in item.attrs.items():
            if isinstance(value, (str, np.integer)):
                check(line["attributes"].get(key) == value, f"{group}/{name}@{key}")
        if name:
            check(line["shape"] == list(item.shape) and line["dims"] == known[group, name][1],
                  f"{group}/{name}: shape or dims in variables.jsonl")


class Authors:
    """Their files, by the keys that their scripts use."""

    def __init__(self, file, folder, model):
        self.file, self.folder, self.model = file, folder, model
        self.files = 0

    def labels(self, group, dim):
        return list(self.file[f"{group}/{dim}"].asstr())

    def rows(self, path):
        self.files += 1
        path = os.path.join(self.folder, path)
        if not check(os.path.exists(path), f"{path} is missing"):
            return []
        with open(path, encoding="utf-8") as text:
            return [json.loads(line) for line in text]

    def queries(self, group):
        """(dataset, template, step) -> indices of the queries that have results."""
        found = {}
        ok = self.file[f"{group}/status"].asstr()[:] == "ok"
        for q in np.flatnonzero(ok):
            key = (self.file["queries/dataset"].asstr()[q], int(self.file["queries/template"][q]),
                   int(self.file["queries/step"][q]))
            found.setdefault(key, []).append(int(q))
        return found

    def base(self, root, place):
        return f"{root}/{self.safe(place[0])}/{self.model}/prompt_template_{place[1]}"

    @staticmethod
    def safe(dataset):
        """As a folder's name."""
        return re.sub(rb"[^A-Za-z0-9._-]", b"_", dataset.encode()).decode()

    def four(self, group, values):
        """(..., target) -> answer_1, answer_2, answer_3, subject."""
        names = self.labels(group, "target")
        return values[..., [names.index(n) for n in ("answer_1", "answer_2", "answer_3", "subject")]]

    @staticmethod
    def line_of(row, what):
        return row[f"three_answer_first_token_{what}"] + [row[f"subject_first_token_{what}"]]

    def tokens(self, rows, queries, repeat, what):
        """The lines are those of the queries, each `repeat` times."""
        if not check(len(rows) == len(queries) * repeat, f"{what}: {len(rows)} lines"):
            return
        for i, row in enumerate(rows):
            q = queries[i // repeat]
            ids = self.four("queries", self.file["queries/target_id"][q]).tolist()
            check(row["three_answers_first_token_list"] == ids[:3] and
                  row["subject_first_token_id"] == ids[3] and
                  row["target_answer_tokens"] == [ids[int(self.file["queries/step"][q]) - 1]] and
                  row["query"] == self.file["queries/text"].asstr()[q], f"{what}: line {i}")

    def average(self, rows, layers, what):
        """Their mean per layer: (layer, 4)."""
        return [np.mean([self.line_of(r, what) for r in rows if r["layer_idx"] == k], axis=0)
                for k in range(layers)]

    def near(self, ours, theirs, what):
        check(np.allclose(ours, theirs, rtol=1e-5, atol=1e-6, equal_nan=True), what)

    def decode(self, group):
        logit = self.four(group, self.file[f"{group}/logit"][:])
        prob = np.exp(self.four(group, self.file[f"{group}/logprob"][:].astype(float)))
        for place, q in self.queries(group).items():
            for name in ("attn", "mlp"):
                what = f"{self.base('outputs/decode_attn_mlp_outputs', place)}/{place[2]}/{name}_output.jsonl"
                rows = self.rows(what)
                self.tokens(rows, q, logit.shape[1], what)
                c = self.labels(group, "component").index(name)
                self.near(self.average(rows, logit.shape[1], "logit"), logit[q][:, :, c].mean(0), what)
                self.near(self.average(rows, logit.shape[1], "prob"), prob[q][:, :, c].mean(0), what)
                for row in rows:
                    check(row["three_answer_first_token"] == row["three_answers_first_token_list"] and
                          row["subject_first_token"] == row["subject_first_token_id"], what)

    def sets(self, group, prefix):
        """Token Lens, and knockout as clean minus cut."""
        cut = prefix == "attn_knockout"
        logit = self.four(group, self.file[f"{group}/{'mlp_logit' if cut else 'logit'}"][:])
        clean = self.four(group, self.file[f"{group}/mlp_logit_clean"][:]) if cut else None
        types = {1: ("subject", "last_token"), 2: ("subject", "answer_1", "last_token"),
                 3: ("subject", "answer_1", "answer_2", "last_token")}
        for place, q in self.queries(group).items():
            for name in types[place[2]]:
                what = f"{self.base('outputs/analyze_critical_tokens', place)}/{place[2]}/{prefix}_{name}_results.jsonl"
                rows = self.rows(what)
                k = self.labels(group, "token_set").index("last" if name == "last_token" else name)
                have = [i for i in q if not np.isnan(logit[i, :, k]).all()]
                self.tokens(rows, have, logit.shape[1], what)
                check(all(r["target_answer_idx"] == place[2] for r in rows), what)
                if cut:
                    theirs = np.subtract(self.average(rows, logit.shape[1], "full_mlp_logit"),
                                         self.average(rows, logit.shape[1], "attn_knockout_mlp_logit"))
                    self.near(theirs, (clean[have] - logit[have][:, :, k]).mean(0), what)
                else:
                    self.near(self.average(rows, logit.shape[1], "logit"), logit[have][:, :, k].mean(0), what)

    def heads(self, group, classified):
        """Rates by their rule from their files; `classified` is a group of classify: authors."""
        logit = self.four(group, self.file[f"{group}/logit"][:]).astype(float)
        with open(os.path.join(self.folder, "datasets/dataset_to_model_to_answer_idx_to_layer_mean_std.json"),
                  encoding="utf-8") as text:
            table = json.load(text)
        self.files += 1
        strata = [(d, int(t), int(s)) for d, t, s in zip(
            self.file[f"{classified}/stratum_dataset"].asstr(), self.file[f"{classified}/stratum_template"],
            self.file[f"{classified}/stratum_step"])]
        for place, q in self.queries(group).items():
            for layer in range(logit.shape[1]):
                what = (f"{self.base('outputs/examine_finegrained_attention_head', place)}/{place[2]}/"
                        f"layer_{layer}_output.jsonl")
                rows = self.rows(what)
                self.tokens(rows, q, 1, what)
                theirs = np.array([[self.line_of(r[f"head_{h}"], "logit") for h in range(logit.shape[2])]
                                   for r in rows])
                self.near(theirs, logit[q][:, layer], what)
                mean, std = theirs.mean(), theirs.std()
                if place[1] == 1:  # the table has no template: it is of the first
                    entry = table[self.safe(place[0])][self.model][str(place[2])][str(layer)]
                    self.near([entry["mean"], entry["std"]], [mean, std], f"{what}: threshold")
                    mean, std = entry["mean"], entry["std"]
                s = strata.index(place)
                self.near((theirs > mean + std).any(-1).mean(0),
                          self.file[f"{classified}/promotion"][s, layer], f"{what}: promotion")
                self.near((theirs < mean - std).any(-1).mean(0),
                          self.file[f"{classified}/suppression"][s, layer], f"{what}: suppression")

    def trace(self, group, window):
        score, low, high = (self.file[f"{group}/{n}"][:] for n in ("score", "low", "high"))
        spans = list(self.file["queries/span_name"].asstr())
        span = self.file["queries/span"][:]
        w = list(self.file[f"{group}/window"]).index(window)
        folders = [("causal_tracing_noise_subject/noise_subject_step_1", 1, "subject"),
                   ("causal_tracing_noise_subject/noise_subject_step_2", 2, "subject"),
                   ("causal_tracing_noise_subject/noise_subject_step_3", 3, "subject"),
                   ("causal_tracing_noise_prev_ans/pred_2_noise_1", 2, "answer_1"),
                   ("causal_tracing_noise_prev_ans/pred_3_noise_1", 3, "answer_1"),
                   ("causal_tracing_noise_prev_ans/pred_3_noise_2", 3, "answer_2")]
        for place, q in self.queries(group).items():
            for (folder, step, name), site in itertools.product(folders, ("attn", "mlp")):
                if step != place[2]:
                    continue
                what = f"{self.base('datasets', place)}/{folder}/{site}_result.jsonl"
                rows = self.rows(what)
                c = self.labels(group, "corruption").index(name)
                s = self.labels(group, "site").index(site)
                have = [i for i in q if not np.isnan(low[i, c])]
                self.tokens(rows, have, 1, what)
                for row, i in zip(rows, have):
                    n = int(self.file["queries/n_tokens"][i])
                    here = f"{what}, query {i}"
                    self.near(row["scores"], score[i, c, s, w, :n], here)
                    check(len(row["scores"]) == len(row["input_ids"]) == n, here)
                    self.near([row["low_score"], row["high_score"]], [low[i, c], high[i]], here)
                    check(row["window"] == window and row["kind"] == site, here)
                    check(row["input_ids"] == self.file["queries/ids"][i, :n].tolist() ==
                          row["query_input_ids"], here)
                    of = {k: span[i, spans.index(k)].tolist() for k in spans}
                    check(row["subject_range"] == of[name], here)
                    check(row["subject_start_end_idx"] == of["subject"], here)
                    check(row["relation_start_end_idx"] == of["relation"], here)
                    answers = [of["answer_1"], of["answer_2"]][:step - 1] + [[n, n + 1]] + [None] * (3 - step)
                    check(row["three_answers_start_end_idx"] == answers, here)
                    check(row["target_answer_idx"] == step, here)

    def total(self):
        found = sum(len(names) for _, _, names in os.walk(self.folder))
        check(found == self.files, f"{found} files, {self.files} expected")


def main():
    form, result, folder = sys.argv[1:4]
    with h5py.File(result) as file:
        if form == "authors":
            authors = Authors(file, folder, sys.argv[4])
            authors.decode("decode")
            authors.sets("lens", "token_lens")
            authors.sets("cut", "attn_knockout")
            authors.heads("heads", "heads_a")
            authors.trace("trace", 10)
            authors.total()
        else:
            {"csv": check_csv, "jsonl": check_jsonl}[form](file, folder)
            check_descriptions(file, folder)
        if form == "csv":
            check_pandas(file, folder)
    for line in wrong[:20]:
        print(line)
    if wrong:
        print(f"{form}: {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
