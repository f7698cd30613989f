"""Compares a result file with float64 NumPy: the groups `queries` and those of kind decode.

    python3 tests/reference/check_decode.py RESULT MODEL DATA... [options]

MODEL and DATA are those of the run (DATA: .jsonl files, or folders of them). Options: --atol X and
--rtol Y, the tolerances (2e-3, 1e-4); --limit N, the run's limit of queries a file; --every K, only
each K-th query is computed.

Prints for every variable the largest absolute difference and the relative one (L2); exit status 1
if one is beyond tolerance, 2 if the files do not belong together. A rank or argmax fails when the
float64 logits do not give it even if each is moved by atol.

Only the control tokens are taken from the result, since they are drawn: that they are none of the
query's targets and start other items' answers is checked. Needs numpy, h5py and, for a .gguf file,
gguf.
"""

import argparse
import glob
import json
import math
import os
import sys

import h5py
import numpy as np

import numpy_model

# What a result must have; the other variables are compared where they are.
REQUIRED = {
    "queries": ("clean_logit", "clean_logprob", "clean_rank", "clean_argmax", "final_rms"),
    "decode": ("logit", "embed_logit"),
}
ANSWERS = ("answer_1", "answer_2", "answer_3")


class Wrong(Exception):
    """The files do not belong together."""


# ---------------------------------------------------------------- data


def read_line(fields, path):
    """One query as {"ids", "targets": {name: id}, "item"}."""
    if "query_input_ids" in fields:  # one_to_many
        first = [tokens[0] for tokens in fields["three_answers_token_list"]]
        targets = dict(zip(ANSWERS, first), subject=fields["subject_token_list"][0])
        return {"ids": fields["query_input_ids"], "targets": targets, "item": fields["subject"]}
    if "ids" not in fields:
        raise Wrong(f"{path}: a query without ids cannot be checked")
    targets = fields["targets"]
    if any(not isinstance(t, int) for t in targets.values()):
        raise Wrong(f"{path}: a target that is not a token id cannot be checked")
    return {"ids": fields["ids"], "targets": targets, "item": fields.get("item", "")}


def read_data(paths, limit):
    queries = []
    for path in paths:
        files = [path]
        if os.path.isdir(path):
            files = sorted(glob.glob(os.path.join(path, "**", "*.jsonl"), recursive=True))
            files = [f for f in files if os.path.basename(f) not in ("curate.jsonl", "run.jsonl")]
        for name in files:
            with open(name, encoding="utf-8") as f:
                lines = [json.loads(line) for line in f if line.strip()]
            queries += [read_line(fields, name) for fields in lines[: limit or None]]
    return queries


def strings(variable):
    return [s.decode() if isinstance(s, bytes) else s for s in variable[()]]


def check_same_queries(result, queries, target_names):
    """The result's queries are the data's, in the data's order."""
    group = result["queries"]
    ids, n, targets = group["ids"][()], group["n_tokens"][()], group["target_id"][()]
    if len(ids) != len(queries):
        raise Wrong(f"the result has {len(ids)} queries, the data {len(queries)}")
    for i, q in enumerate(queries):
        got = ids[i][: n[i]].tolist()
        if got != q["ids"]:
            raise Wrong(f"query {i}: ids {got}, the data has {q['ids']}")
        expected = [q["targets"].get(name, -1) for name in target_names]
        if targets[i].tolist() != expected:
            raise Wrong(f"query {i}: targets {targets[i].tolist()}, the data has {expected}")


def check_controls(queries, controls):
    """Drawn from other items' answers, distinct, and none of the query's own targets."""
    for i, q in enumerate(queries):
        own = controls[i][controls[i] >= 0].tolist()
        others = set()
        for other in queries:
            if other["item"] != q["item"]:
                others |= {t for name, t in other["targets"].items() if name != "subject"}
        if len(set(own)) != len(own) or not set(own) <= others - set(q["targets"].values()):
            raise Wrong(f"query {i}: controls {own} are not distinct first tokens of other answers")


# ---------------------------------------------------------------- expected values


def rank_bounds(logits, tokens, atol):
    """Ranks (..., tokens) if every other logit moved by atol, down and up."""
    own = logits[..., tokens]
    low = [(logits > own[..., j : j + 1] + atol).sum(axis=-1) for j in range(len(tokens))]
    high = [(logits > own[..., j : j + 1] - atol).sum(axis=-1) - 1 for j in range(len(tokens))]
    return np.stack(low, axis=-1), np.stack(high, axis=-1)


def spread(values, present, fill):
    """(..., present targets) as (..., all targets), fill where the query lacks one."""
    out = np.full(values.shape[:-1] + (len(present),), fill, values.dtype)
    out[..., present] = values
    return out


def expected_values(model, query, target_names, controls, subjects, atol):
    """{variable: array}, ranks as {variable: (lowest, highest)}, of one query."""
    ids = [query["targets"].get(name, -1) for name in target_names]
    present = np.array(ids) >= 0
    tokens = np.array(ids)[present]
    run = model.forward(query["ids"], logits="last")
    last = run.logits[-1]
    part = numpy_model.early_decoding(model, run, tokens, controls[controls >= 0])
    said = model.said(last)
    best = np.flatnonzero(said >= said.max() - 2 * atol)
    floats = {
        "queries": {
            "clean_logit": spread(last[tokens], present, np.nan),
            "clean_logprob": spread(numpy_model.log_softmax(model.said(last))[tokens], present, np.nan),
            "final_rms": np.array(math.sqrt(run.var + model.eps)),
        },
        "decode": {
            name: spread(part[name], present, np.nan)
            for name in ("logit", "logprob", "embed_logit")
        },
    }
    floats["decode"]["vocab_mean"] = part["vocab_mean"]
    floats["decode"]["vocab_std"] = part["vocab_std"]
    if part["control_logit"] is not None:
        floats["decode"]["control_logit"] = part["control_logit"]
    if (subjects >= 0).any():
        mean = part["full"][..., subjects[subjects >= 0]].mean(axis=-1)
        floats["decode"]["subject_control_logit"] = mean
    ranks = {
        "queries": {"clean_rank": rank_bounds(model.said(last), tokens, atol)},
        "decode": {"rank": rank_bounds(model.said(part["full"]), tokens, atol)},
    }
    ranks = {
        kind: {name: tuple(spread(b, present, -1) for b in v) for name, v in of_kind.items()}
        for kind, of_kind in ranks.items()
    }
    return floats, ranks, best


# ---------------------------------------------------------------- comparison


class Row:
    """What is known of one variable so far."""

    def __init__(self):
        self.cells, self.worst, self.diff2, self.size2, self.note = 0, 0.0, 0.0, 0.0, ""

    def add_floats(self, got, want, where):
        got = np.asarray(got, np.float64)
        if got.shape != want.shape:
            self.note = self.note or f"{where}: shape {got.shape}, expected {want.shape}"
            return
        if np.any(np.isnan(got) != np.isnan(want)):
            self.note = self.note or f"{where}: NaN where a number belongs, or the reverse"
        diff = np.abs(got - want)[~np.isnan(want) & ~np.isnan(got)]
        self.cells += diff.size
        if diff.size:
            self.worst = max(self.worst, float(diff.max()))
        self.diff2 += float((diff**2).sum())
        self.size2 += float(np.nansum(want**2))

    def add_ranks(self, got, low, high, where):
        if got.shape != low.shape:
            self.note = self.note or f"{where}: shape {got.shape}, expected {low.shape}"
            return
        outside = np.maximum(low - got, got - high).clip(0)
        self.cells += got.size
        self.worst = max(self.worst, float(outside.max(initial=0)))
        if outside.any():
            self.note = self.note or f"{where}: a rank that the logits do not give"

    def relative(self):
        return math.sqrt(self.diff2 / self.size2) if self.size2 else math.sqrt(self.diff2)

    def bad(self, atol, rtol):
        return bool(self.note or not self.cells or self.worst > atol or self.relative() > rtol)


def decode_groups(result):
    def kind(group):
        value = group.attrs.get("kind", "")
        return value.decode() if isinstance(value, bytes) else value

    groups = [name for name in result if isinstance(result[name], h5py.Group)]
    return [name for name in groups if kind(result[name]) == "decode" and "position" not in result[name]]


def compare_query(rows, result, groups, i, floats, ranks, best):
    for group in ["queries", *groups]:
        kind = "queries" if group == "queries" else "decode"
        for name, want in floats[kind].items():
            if name in result[group]:
                row = rows.setdefault(f"{group}/{name}", Row())
                row.add_floats(result[group][name][i], want, f"query {i}")
        for name, (low, high) in ranks[kind].items():
            if name in result[group]:
                row = rows.setdefault(f"{group}/{name}", Row())
                row.add_ranks(result[group][name][i], low, high, f"query {i}")
    row = rows.setdefault("queries/clean_argmax", Row())
    argmax = int(result["queries/clean_argmax"][i])
    row.cells += 1
    if argmax not in best:
        row.note = row.note or f"query {i}: {argmax}, expected {best.tolist()}"
    for group in groups:  # the parts add up to the whole, whatever the model
        names = strings(result[group]["component"])
        parts = result[group]["logit"][i].astype(np.float64)
        parts = parts[:, names.index("attn")] + parts[:, names.index("mlp")]
        others = [n for n in ("embed_logit", "position_logit", "bias_logit") if n in result[group]]
        whole = parts.sum(axis=0) + sum(result[group][n][i].astype(np.float64) for n in others)
        row = rows.setdefault(f"{group}: sum of parts", Row())
        row.add_floats(whole, floats["queries"]["clean_logit"], f"query {i}")


def compare_skipped(rows, result, groups, i):
    """A query whose status is not ok has no numbers."""
    for group in groups:
        for name in ("logit", "vocab_mean", "control_logit", "subject_control_logit", "embed_logit"):
            if name in result[group] and not np.all(np.isnan(result[group][name][i])):
                row = rows.setdefault(f"{group}/{name}", Row())
                row.note = f"query {i} is bad, yet has numbers"


def compare(args):
    queries = read_data(args.data, args.limit)
    model = numpy_model.Model.open(args.model)
    rows, done = {}, 0
    with h5py.File(args.result) as result:
        groups = decode_groups(result)
        if not groups:
            raise Wrong("the result has no group of kind decode")
        for group in ["queries", *groups]:
            for name in REQUIRED["queries" if group == "queries" else "decode"]:
                if name not in result[group]:
                    raise Wrong(f"the result has no {group}/{name}")
        names = strings(result["queries/target"])
        check_same_queries(result, queries, names)
        controls = subjects = np.full((len(queries), 0), -1)
        if "control_id" in result["queries"]:
            controls = result["queries/control_id"][()]
            check_controls(queries, controls)
            subjects = result["queries/subject_control_id"][()]
        ok = [s == "ok" for s in strings(result["queries/status"])]
        for i, query in enumerate(queries):
            if ok[i] and i % args.every:
                continue
            done += ok[i]
            if ok[i]:
                if max(query["ids"] + list(query["targets"].values())) >= model.V:
                    raise Wrong(f"query {i}: an id beyond the model's vocabulary of {model.V}")
                expected = expected_values(
                    model, query, names, controls[i], subjects[i], args.atol
                )
                compare_query(rows, result, groups, i, *expected)
            else:
                compare_skipped(rows, result, groups, i)
    return rows, done, len(queries)


def main():
    parser = argparse.ArgumentParser(description="compares a result file with float64 NumPy")
    parser.add_argument("result")
    parser.add_argument("model")
    parser.add_argument("data", nargs="+")
    parser.add_argument("--atol", type=float, default=2e-3)
    parser.add_argument("--rtol", type=float, default=1e-4)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--every", type=int, default=1)
    args = parser.parse_args()
    try:
        rows, done, n = compare(args)
    except (Wrong, OSError, KeyError, ValueError) as e:
        print(f"check_decode: {e}", file=sys.stderr)
        return 2
    print(f"{'variable':28} {'cells':>8} {'largest difference':>19} {'relative L2':>12}")
    failed = not done
    for name, row in rows.items():
        bad = row.bad(args.atol, args.rtol)
        failed |= bad
        end = f"  FAILED {row.note}" if bad else ""
        print(f"{name:28} {row.cells:8} {row.worst:19.2e} {row.relative():12.2e}{end}")
    print(f"{done} of {n} queries compared: {'FAILED' if failed else 'within tolerance'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
