"""Compares the intervals of `lensweep compare A B` with NumPy (docs/methods.md 3.6).

    python3 tests/reference/check_paired.py A B TEXT        TEXT: what compare printed

For two sweeps of layers, logits or log-probabilities or kl, over one stratum of twelve items; targets of
one token, or two that six items have each. Differences are taken query by query from the files' numbers;
the ends are the farther of those by items and, about targets (unless statistics.by_token is false), by
tokens. Exit status 1 if a printed end is not the one of NumPy, rounded.
"""

import math
import re
import sys

import h5py
import numpy as np

from result_file import strings

# Student's t by clusters: of 97.5 %, and below eight clusters of 98 %.
QUANTILE = {12: 2.2009851600916, 2: math.tan(0.48 * math.pi)}


def interval(values, cluster):
    """Clusters of equal size."""
    n = len(set(cluster))
    u = np.array([(values[cluster == c] - values.mean()).sum() for c in sorted(set(cluster))]) / len(values)
    se = math.sqrt((u**2).sum() * n / (n - 1))
    h = (n * n / ((n - 1) * (n - 2))) ** (1 / 3) if n > 2 else 0
    a, t = ((h * u) ** 3).sum() / se**3, QUANTILE[n]
    hall = [3 / a * (np.cbrt(1 + a * (y - a / 6)) - 1) if abs(a) > 1e-6 else y for y in (t, -t)]
    return values.mean() - max(t, hall[0]) * se, values.mean() - min(-t, hall[1]) * se


def by_query(group, clean, metric):
    name, _, target = metric.partition(".")
    values = group[name][:].astype(np.float64)
    if target:
        values = values[..., strings(group["target"][:]).index(target)]
        clean = clean[f"clean_{name}"][:, strings(group["target"][:]).index(target)]
        values = values - clean.astype(np.float64).reshape(-1, *[1] * (values.ndim - 1))
    return values.reshape(len(values), -1)  # (query, layer)


def main():
    files = [h5py.File(f"{folder}/result.h5") for folder in sys.argv[1:3]]
    queries = files[0]["queries"]
    items = np.array(strings(queries["item"][:]))
    tokens = queries["target_id"][:, 0]
    by_token = "by_token: false" not in files[0]["provenance"].attrs["config"]
    seen = wrong = 0
    metric = ""
    for line in open(sys.argv[3], encoding="utf-8"):
        title = re.match(r"mlp: .*: (\S+)$", line)
        metric = title.group(1) if title else metric
        row = re.match(r" +\d+ +(\d+) .* [+-][0-9.]+ \[([+-][0-9.]+), ([+-][0-9.]+)\]( \*)?$", line)
        if not row:
            continue
        a, b = (by_query(f["mlp"], f["queries"], metric)[:, int(row.group(1))] for f in files)
        ends = [interval(b - a, items)]
        if by_token and "." in metric:
            ends.append(interval(b - a, tokens))
        want = min(e[0] for e in ends), max(e[1] for e in ends)
        decimals = len(row.group(2).split(".")[1])
        seen += 1
        for end, text in zip(want, row.group(2, 3)):
            if abs(end - float(text)) > 0.501 * 10**-decimals:
                wrong += 1
                print(f"{metric}, layer {row.group(1)}: {text}, NumPy has {end:+.6f}")
    print(f"{seen} intervals, {wrong} ends wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
