"""Averages over queries, independently of the program (docs/methods.md 3.6): for the checkers.

    strata = Strata(group, done)             # done: numbers of the queries that have values
    strata.mean(key, values, kind)           # key one of strata.keys, values (queries, ...)

Plain: queries, then templates, then datasets. With `average: authors` a dataset's templates are
averaged as their scripts do it for this kind.
"""

import numpy as np

from check_decode import strings


def nan_mean(rows):
    n = (~np.isnan(rows)).sum(axis=0)
    return np.where(n, np.nansum(rows, axis=0) / np.maximum(n, 1), np.nan)


def first_twice(rows):
    """(2 T1 + T2 + ...) / n, of those that there are."""
    n = (~np.isnan(rows)).sum(axis=0)
    total = np.nansum(rows, axis=0) + np.nan_to_num(rows[0])
    return np.where(n, total / np.maximum(n, 1), np.nan)


AUTHORS = {"token_lens": first_twice, "knockout": first_twice, "heads": lambda rows: rows[0]}


class Strata:
    """Averages over the queries of one (dataset, template, step), over templates, over datasets."""

    def __init__(self, group, done, way="means", kind=""):
        columns = [strings(group["dataset"]), *(group[v].tolist() for v in ("template", "step"))]
        self.of_query = [key for i, key in enumerate(zip(*columns)) if i in done]
        columns = [group[f"stratum_{v}"] for v in ("template", "step")]
        names = strings(group["stratum_dataset"])
        self.keys = list(zip(names, *(column.tolist() for column in columns)))
        self.items = [item for i, item in enumerate(strings(group["item"])) if i in done]
        self.over_templates = AUTHORS.get(kind, nan_mean) if way == "authors" else nan_mean
        self.first_only = way == "authors" and kind == "heads"

    def members(self, key):
        return [row for row, own in enumerate(self.of_query) if own == key]

    def parts(self, key):
        """What a macro-average is the mean of; empty for a plain stratum."""
        dataset, template, step = key
        if key in self.of_query or template != -1:
            return []
        datasets = {d for d, _, s in self.of_query if s == step}
        if dataset in datasets:
            return sorted({k for k in self.of_query if (k[0], k[2]) == (dataset, step)})
        return [(d, template, step) for d in sorted(datasets)]

    def mean(self, key, values):
        """values (queries, ...); NaN does not count."""
        parts = self.parts(key)
        if not parts:
            return nan_mean(np.asarray(values[self.members(key)]))
        rows = np.asarray([self.mean(p, values) for p in parts])
        return self.over_templates(rows) if key[0] and len(parts) > 1 else nan_mean(rows)

    def count(self, key, values):
        """Queries that have a number."""
        parts = self.parts(key)
        if self.first_only and key[0]:
            parts = parts[:1]
        rows = [self.count(p, values) for p in parts]
        return sum(rows) if rows else (~np.isnan(values[self.members(key)])).sum(axis=0)

    def contrast(self, step, minus, values):
        """Means over pairs of the same dataset, template and item; how many pairs there are."""
        row = {key + (item,): i for i, (key, item) in enumerate(zip(self.of_query, self.items))}
        pairs = [(d, t, values[i] - values[row[d, t, minus, item]])
                 for (d, t, s, item), i in row.items() if s == step and (d, t, minus, item) in row]
        if not pairs:
            one = np.asarray(values[0])
            return np.full(one.shape, np.nan), np.zeros(one.shape, int)
        datasets = []
        for dataset in sorted({d for d, _, _ in pairs}):
            templates = sorted({t for d, t, _ in pairs if d == dataset})
            rows = np.asarray([nan_mean(np.asarray([v for d, t, v in pairs if (d, t) == (dataset, template)]))
                               for template in templates])
            datasets.append(self.over_templates(rows) if len(rows) > 1 else rows[0])
        counted = np.asarray([v for _, t, v in pairs])
        return nan_mean(np.asarray(datasets)), (~np.isnan(counted)).sum(axis=0)

    def missing(self):
        wanted = set(self.of_query)
        for dataset, _, step in self.of_query:
            if len({t for d, t, s in self.of_query if (d, s) == (dataset, step)}) > 1:
                wanted.add((dataset, -1, step))
            if len({d for d, _, s in self.of_query if s == step}) > 1:
                wanted.add(("", -1, step))
        return sorted(wanted - set(self.keys))


def check_interval(table, group, name, s):
    mean = group[name][s]
    low, high, se = (group[f"{name}_{end}"][s] for end in ("lo", "hi", "se"))
    row, where = table.row(f"{name} in its interval"), f"stratum {s}"
    row.cells += int((~np.isnan(mean)).sum())
    if any(np.any(np.isnan(v) != (group[f"{name}_df"][s] < 1)) for v in (low, high, se)):
        row.complain(f"{where}: an interval of one cluster, or none of several")
    outside = np.fmax(low - mean, mean - high)
    if np.any(outside > 1e-12 * (1 + np.abs(mean))) or np.any(se < 0):
        row.complain(f"{where}: not lo <= mean <= hi, or se < 0")
