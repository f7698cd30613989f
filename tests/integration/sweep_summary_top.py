"""Holds what lensweep prints of sweeps against the result file.

    python3 sweep_summary_top.py summary RESULT TEXT [found]    the summary of the run; found: it must name something
    python3 sweep_summary_top.py top RESULT TEXT                all tables of `top -n 1000`
    python3 sweep_summary_top.py classes RESULT TEXT            those of `top --classes -n 5`
"""

import itertools
import re
import sys

import h5py
import numpy as np

SPLIT = re.compile(r"\s\s+")


class Stats:
    """NAME/stats with its labels; rows are strata."""

    def __init__(self, file, name):
        group, stats = file[name], file[name]["stats"]
        for v in ("mean", "lo", "hi", "p", "q", "q_min", "n", "n_clusters"):
            setattr(self, v, stats[v][:])
        self.attrs = stats.attrs
        self.dims = [d[0].name.rpartition("/")[2] for d in stats["mean"].dims]
        self.label = {}
        for d in self.dims[1:]:
            v = group.get(f"{d}_label", stats[d])
            self.label[d] = [str(x) for x in (v.asstr()[:] if v.dtype.kind == "O" else v[:])]
        self.metric = self.label["metric"]
        self.stratum = list(zip(stats["stratum_dataset"].asstr()[:], stats["stratum_template"][:], stats["stratum_step"][:]))

    def top(self):
        """Of each step the row over most."""
        return {int(s[2]): i for i, s in enumerate(self.stratum)}

    def where(self, cell):
        dims = self.dims[1:-1]
        words = {d: self.label[d][i] for d, i in zip(dims, cell)}
        text = words["layer"] + "." + words["head"] if "head" in words else "layer " + words["layer"]
        return ", ".join([text] + [words[d] for d in dims if d not in ("layer", "head") and len(self.label[d]) > 1])


def rounded(text, value, digits):
    return abs(float(text) - value) <= 0.51 * 10.0**-digits


def tables(text):
    """Title -> lines, of blocks that an empty line parts."""
    return {b.split("\n")[0]: b.split("\n")[1:] for b in text.strip("\n").split("\n\n")}


def powers(s):
    """Lines about steps where all items agreeing are not enough."""
    family = s.attrs["family"].split()
    together = tuple(i for i, d in enumerate(s.dims) if d in family)
    tested = ~np.isnan(s.p)
    size = np.broadcast_to(tested.sum(axis=together, keepdims=True), s.p.shape)
    for step, row in sorted(s.top().items()):
        n, tests = s.n_clusters[row][tested[row]], size[row][tested[row]]
        if not n.size:
            continue
        product = 2.0 ** (1 - n) * tests
        best = product.argmin()
        if product[best] <= s.attrs["fdr"]:
            continue
        need = next(k for k in itertools.count(1) if 2.0 ** (1 - k) <= s.attrs["fdr"] / tests[best])
        yield (f"  step {step} has too few items for one configuration alone: all {n[best]} agreeing give "
               f"p = {2.0 ** (1 - n[best]):.2g}, {tests[best]} tests need {s.attrs['fdr'] / tests[best]:.2g}, "
               f"so at least {need} items")


def check_summary(file, text, found):
    block = {k.split(":")[0]: (k, v) for k, v in tables(text).items()}
    named = 0
    for name in [n for n in file if file[n].attrs.get("kind") == "ablation" and "stats" in file[n]]:
        s = Stats(file, name)
        title, lines = block[name]
        fdr, top = s.attrs["fdr"], s.top()
        assert title.startswith(f"{name}: what changes with "), title
        shown = [i for i, m in enumerate(s.metric) if not m.startswith("direct")]
        rows = sorted(top.values())
        there = (~np.isnan(s.mean) & (s.n > 0))[rows][..., shown].reshape(len(rows), -1, len(shown)).sum(axis=1).max()
        assert f"; {there} configurations, q <= {fdr:g} counts; " in title, title
        tests = (~np.isnan(s.p[rows][..., shown])).sum()
        other = tuple(i for i, d in enumerate(s.dims) if d in s.attrs["family"].split() and d != "stratum")
        families = (~np.isnan(s.p[rows])).any(axis=other, keepdims=True)
        families = families.any(axis=0).sum() if "stratum" in s.attrs["family"].split() else families.sum()
        assert [x for x in lines if "too few items" in x] == list(powers(s)), (name, lines, list(powers(s)))
        lines = [x for x in lines if "too few items" not in x and " left out: " not in x]
        notes = [i for i, x in enumerate(lines) if x.startswith(("  (", "  not significant throughout", "  not tested, in "))]
        lines = lines[: notes[0]] if notes else lines
        if not tests:
            assert "nothing is tested" in lines[0], lines
            continue
        if not np.nanmin(s.q[rows][..., shown]) * families <= fdr:
            assert lines[0].startswith(f"  nothing found: of {tests} numbers none"), (name, lines)
            continue
        expected = []
        for step, row in sorted(top.items()):
            for m in shown:
                cells = [c for c in np.ndindex(s.p.shape[1:-1]) if s.q[row][c][m] <= fdr]
                cells.sort(key=lambda c: -abs(s.mean[row][c][m]))
                more = int((s.q_min[row][..., m] <= fdr).sum())
                for i, c in enumerate(cells[:3]):
                    head = [str(step), str(s.n_clusters[row][..., m].max()), s.metric[m], str(len(cells)), str(more)]
                    expected.append(((head if i == 0 else []), (s.mean[row][c][m], s.lo[row][c][m], s.hi[row][c][m]), s.where(c)))
        assert len(lines) - 1 == len(expected), (name, lines, expected)
        assert re.split(r"\s\s+", lines[0].strip())[:5] == ["step", "items", "metric", "change", f"by > {s.attrs['min_effect']:g}"]
        most = np.nanmax(np.abs(s.mean[rows][..., shown]))
        decimals = next(n for n in range(2 if most >= 1 else 3, 7) if n == 6 or most * 10**n >= 10)
        for line, (head, values, where) in zip(lines[1:], expected):
            got = re.fullmatch(r"(.*?)\s*(\S+) \[(\S+), (\S+)\]  (.*)", line)
            assert got and got[1].split() == head and got[5] == where, (name, line, head, where)
            assert all(rounded(a, v, decimals) for a, v in zip(got.groups()[1:4], values)), (name, line, values)
        named += 1
    assert not found or named > 1, "nothing was found"


def check_top(file, text):
    seen = 0
    for title, lines in tables(text).items():
        if "/stats: mean: " not in title:
            continue
        name, metric = title.split("/")[0], title.split("; ")[0].rpartition(": ")[2]
        s = Stats(file, name)
        m = s.metric.index(metric)
        direct = "direct." + metric[6:] if metric.startswith("logit.") else ""
        direct = s.metric.index(direct) if direct in s.metric else None
        head, *rows = [SPLIT.split(x.strip()) for x in lines[1:]]
        assert head == (["step"] + s.dims[1:-1] + (["mean"] if direct is None else ["total"]) + ["95 % low", "95 % high", "q"]
                        + ([] if direct is None else ["direct", "indirect"]) + ["n"]), head
        cells = [(r,) + c for r in s.top().values() for c in np.ndindex(s.p.shape[1:-1]) if s.n[r][c][m] > 0]
        cells.sort(key=lambda c: -abs(s.mean[c][m]))
        assert len(rows) == len(cells) and f"the {len(cells)} largest of {len(cells)}," in lines[0], (title, lines[0], len(cells))
        for row, c in zip(rows, cells):
            assert row[: len(s.dims) - 1] == [str(s.stratum[c[0]][2])] + [s.label[d][i] for d, i in zip(s.dims[1:], c[1:])], (row, c)
            total, low, high, q, *more, n = row[len(s.dims) - 1 :]
            assert rounded(total, s.mean[c][m], 3) and rounded(low, s.lo[c][m], 3) and rounded(high, s.hi[c][m], 3)
            assert q == ("-" if np.isnan(s.q[c][m]) else f"{s.q[c][m]:.2g}") and int(n) == s.n[c][m], row
            if direct is not None:
                assert rounded(more[0], s.mean[c][direct], 3) and rounded(more[1], s.mean[c][m] - s.mean[c][direct], 3), row
        seen += 1
    wanted = sum(len(Stats(file, n).metric) for n in file if n in file and "stats" in file[n])
    assert seen == wanted, (seen, wanted)


def check_classes(file, text):
    zero, resample = Stats(file, "zero"), Stats(file, "resample")
    found = tables(text)
    assert len(found) == 6, list(found)
    for title, lines in found.items():
        group, step = file[title.split(":")[0]], int(re.search(r"step (\d+)", title)[1])
        row, target = zero.top()[step], f"answer_{step}"
        at = list(group["target"].asstr()[:]).index(target)
        effect = {"resample": (resample, 1), "zero": (zero, 0)}
        head, *rows = [SPLIT.split(x.strip()) for x in lines[1:]]
        authors = group.name == "/authors"
        names = ["promotion", "suppression"] if authors else ["promotion", "promotion_chance", "suppression", "suppression_chance"]
        assert head == ["head"] + (["promotes", "suppresses"] if authors else ["promotes", "chance", "suppresses", "chance"]) + [
            "resample", "95 %", "q", "zero", "95 %", "q"], head
        cells = list(np.ndindex(zero.p.shape[1:3]))
        m = zero.metric.index(f"logit.{target}")
        cells.sort(key=lambda c: -abs(resample.mean[row][c][1][m]))
        assert len(rows) == 5 and lines[0] == f"the 5 largest of {len(cells)}, by absolute effect in resample", lines[0]
        for line, c in zip(rows, cells):
            assert line[0] == f"{c[0]}.{c[1]}", (line, c)
            rates = [group[n][row][c] if authors else group[n][row][c][at] for n in names]
            assert all(rounded(a, v, 2) for a, v in zip(line[1:], rates)), (line, rates)
            rest = line[1 + len(rates) :]
            for s, position in effect.values():
                mean, interval, q, *rest = rest
                i = (row, *c, position, m)
                low, high = interval.strip("[]").split(", ")
                assert rounded(mean, s.mean[i], 3) and rounded(low, s.lo[i], 3) and rounded(high, s.hi[i], 3), (line, c)
                assert q == f"{s.q[i]:.2g}", (line, s.q[i])


def main():
    what, result, text = sys.argv[1:4]
    with h5py.File(result) as file, open(text, encoding="utf-8") as f:
        if what == "summary":
            check_summary(file, f.read(), "found" in sys.argv)
        else:
            (check_top if what == "top" else check_classes)(file, f.read())


if __name__ == "__main__":
    main()
