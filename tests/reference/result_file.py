"""Reads what the checkers need of a result file: experiments as they were run, and selectors.

    for group, config in experiments(result, "knockout"):       # config: {"sets": [...], ...}
        for label, layers in choices(config["layers"], model.L):

The config stands in the file as the YAML that lensweep wrote: blocks with one key a line, whose
values are scalars, [lists] and {maps}. This reads that and no other YAML, so that PyYAML is not
needed.
"""

import argparse
import json
import sys

import h5py

import numpy_model
from check_decode import Row, strings


def split(text):
    """The parts of "a, [b, c], {d: e}" between the outermost commas."""
    parts, depth, quoted, begin = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"' and text[i - 1 : i] != "\\":
            quoted = not quoted
        depth += not quoted and (c in "[{") - (c in "]}")
        if c == "," and not depth and not quoted:
            parts.append(text[begin:i])
            begin = i + 1
    parts.append(text[begin:])
    return [p.strip() for p in parts if p.strip()]


def parse_value(text):
    text = text.strip()
    if text.startswith("["):
        return [parse_value(p) for p in split(text[1:-1])]
    if text.startswith("{"):
        pairs = [p.split(":", 1) for p in split(text[1:-1])]
        return {key.strip(): parse_value(value) for key, value in pairs}
    try:
        return json.loads(text)  # numbers, true, false, "quoted"
    except ValueError:
        return text


def parse_experiments(text):
    """The entries below `experiments:`, each {key: value}; a mapping's own keys are indented."""
    entries, inside = [], False
    for line in text.split("\n"):
        if line and not line.startswith(" "):
            inside = line.startswith("experiments:")
        elif inside and line.strip():
            if line.startswith("  - "):
                entries.append({})
            key, value = line[4:].split(":", 1)
            if key.startswith(" "):
                entries[-1][outer][key.strip()] = parse_value(value)
            else:
                outer = key
                entries[-1][key] = parse_value(value) if value.strip() else {}
    return entries


def experiments(result, kind):
    """[(group, config)] of that kind."""
    text = result["provenance"].attrs["config"]
    text = text.decode() if isinstance(text, bytes) else text
    entries = [e for e in parse_experiments(text) if e["kind"] == kind]
    for e in entries:  # how it was averaged stands in the group
        average = result[e["name"]].attrs.get("average", "means")
        e["average"] = average.decode() if isinstance(average, bytes) else str(average)
    return [(Group(result[e["name"]]), e) for e in entries]


def choices(selector, n):
    """What a selector of layers or heads goes through: [(coordinate, indices)]."""
    if selector == "all":
        return [(-1, list(range(n)))]
    if selector == "each":
        return [(i, [i]) for i in range(n)]
    if isinstance(selector, list):
        return [(i, [i]) for i in selector]
    if "together" in selector:
        return [(-1, selector["together"])]
    width, stride = selector["window"], selector.get("stride", 1)
    begins = range(0, n - width + 1, stride)
    return [(b + width // 2, list(range(b, b + width))) for b in begins]


class Group:
    """A group's variables, read at once: group["kl"] is an array, group.dims["kl"] its axes."""

    def __init__(self, group):
        self.name = group.name.lstrip("/")
        found = {name: v for name, v in group.items() if isinstance(v, h5py.Dataset)}
        self.arrays = {name: variable[()] for name, variable in found.items()}
        # by address, since finding the name of an object takes long in a large file
        names = {h5py.h5o.get_info(v.id).addr: name for name, v in found.items()}

        def scale_name(scale):
            return names.get(h5py.h5o.get_info(scale.id).addr) or scale.name.split("/")[-1]

        self.dims = {
            name: [scale_name(d[0]) for d in variable.dims if len(d)]
            for name, variable in found.items()
        }

    def __contains__(self, name):
        return name in self.arrays

    def __getitem__(self, name):
        return self.arrays[name]


class VariableRow(Row):
    def complain(self, note):
        self.note = self.note or note

    def add_choice(self, got, allowed, where):
        """A token that may be any of several, as they are equal within the tolerance."""
        self.cells += 1
        if got not in allowed:
            self.complain(f"{where}: {got}, expected {list(allowed)}")


class Query:
    """Query i of the group `queries`."""

    def __init__(self, group, i):
        begin_end = zip(strings(group["span_name"]), group["span"][i].tolist())
        self.i = i
        self.n = int(group["n_tokens"][i])
        self.ids = group["ids"][i][: self.n].tolist()
        self.spans = {name: range(b, e) for name, (b, e) in begin_end if b >= 0}
        self.item = strings(group["item"])[i]
        self.dataset = strings(group["dataset"])[i]
        self.template = int(group["template"][i])
        self.step = int(group["step"][i])
        target_id = group["target_id"][i]
        self.targets = dict(zip(strings(group["target"]), target_id.tolist()))
        self.present = target_id >= 0
        self.tokens = target_id[self.present]
        self.ok = strings(group["status"])[i] == "ok"


def queries_of(result):
    group = Group(result["queries"])
    return [Query(group, i) for i in range(len(group["query"]))]


class Table:
    """What the comparison of one group found, a row for each variable."""

    def __init__(self, name):
        self.name = name
        self.rows = {}
        self.queries = 0
        self.skipped = 0  # sets or queries that could not be checked

    def row(self, name):
        return self.rows.setdefault(name, VariableRow())

    def show(self, atol, rtol):
        """Prints it; true if something is beyond tolerance."""
        failed = not self.queries
        for name, row in self.rows.items():
            bad = row.bad(atol, rtol)
            failed |= bad
            end = f"  FAILED {row.note}" if bad else ""
            label = f"{self.name}/{name}"
            print(f"{label:28} {row.cells:8} {row.worst:10.2e} {row.relative():10.2e}{end}")
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        verdict = "FAILED" if failed else "ok"
        print(f"{self.name}: {self.queries} queries compared{skipped}: {verdict}")
        return failed


def main(kind, check, atol=2e-3, rtol=1e-4, wanted=lambda group: True, **options):
    """A checker as a program, RESULT MODEL [--NAME VALUE ...]: 0 equal, 1 beyond tolerance, 2 nothing compared.

    check(model, result, group, config, args) gives the Table of a group; options are by their defaults.
    """
    parser = argparse.ArgumentParser(description=f"compares groups of kind {kind} with float64 NumPy")
    parser.add_argument("result")
    parser.add_argument("model")
    for name, default in {"atol": atol, "rtol": rtol, **options}.items():
        several = isinstance(default, list)
        convert = str if several or default is None else type(default)
        parser.add_argument("--" + name.replace("_", "-"), default=default, type=convert, nargs="*" if several else None)
    args = parser.parse_args()
    model = numpy_model.Model.open(args.model)
    only = getattr(args, "only", None)
    with h5py.File(args.result) as result:
        groups = [g for g in experiments(result, kind) if wanted(g[0]) and only in (None, g[0].name)]
        tables = [check(model, result, *g, args) for g in groups]
    if not tables:
        print(f"the result has no such group of kind {kind}", file=sys.stderr)
        return 2
    return 1 if any([t.show(args.atol, args.rtol) for t in tables]) else 0
