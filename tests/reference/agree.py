#!/usr/bin/env python3
"""
Do two results of the same experiments hold the same numbers? All but those that ask which of two
values is the greater one (values that are equal but for rounding may change places), and the ends of
intervals: of few items, taking out their skewness makes rounding larger.

    agree.py A B [--least N]: fewer than N variables are a failure
"""
import argparse
import sys

import h5py
import numpy as np

ORDER = {"lo", "hi", "p", "q", "p_min", "q_min", "rank_correlation", "top_jaccard", "first_candidates",
         "mean_contrast_lo", "mean_contrast_hi", "mean_contrast_p"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--least", type=int, default=1)
    args = parser.parse_args()
    a, b = h5py.File(args.a), h5py.File(args.b)
    names, differ = [], []
    a.visititems(lambda name, o: names.append(name) if isinstance(o, h5py.Dataset) else None)
    names = [n for n in names if not n.startswith("provenance")
             and not ("/stats/" in n and n.split("/")[-1] in ORDER) and not n.endswith(("_lo", "_hi"))]
    for name in names:
        x, y = a[name][()], b[name][()]
        floats = x.dtype.kind == "f"
        same = np.allclose(x, y, rtol=1e-4, atol=2e-5, equal_nan=True) if floats else x == y
        if not np.all(same):
            differ.append(name)
    print(len(names), "variables compared;", len(differ), "differ:", *differ[:9])
    return len(names) < args.least or bool(differ)


if __name__ == "__main__":
    sys.exit(main())
