"""Judges sweeps over all heads of the model that make_planted.py makes.

    python3 tests/reference/check_planted.py RESULT [--shuffled | --redundant]

RESULT has sweeps of every head at the last token, by zero (`zero`, with direct effects) and by
resampling (`resample`). They must find the three planted heads and no other: largest by absolute
effect, the only ones significant after correction, with the right signs; the ENABLER by what it
does through the COPIER alone. The tests of significance are made here again, from the cells
(docs/methods.md 4), and must be those of the groups NAME/stats.

With --shuffled RESULT has sweeps with the same names and the metric logit_difference, of datasets
in which there is nothing to find: so many of them may have a finding as chance gives.

With --redundant RESULT has a sweep `pairs` of the model with a BACKUP: it alone and the ENABLER alone
change little, both together much, and no other pair interacts so.

Prints a table; exit status 1 if something is wrong. Needs numpy and h5py.
"""

import math
import sys

import h5py
import numpy as np

from make_planted import BACKUP, COPIER, ENABLER, H, L, SUPPRESSOR
from result_file import Group, strings

FDR, TIE = 0.05, 1e-4  # an effect that is not larger has no sign
SIGNED = ("logit_difference", "recall_mass", "repetition_mass", "logit", "direct")  # not direct_frozen, which is nearly direct


def effects(group):
    """{metric: (query, layer, head) ablated minus clean}, draws averaged."""
    out = {}
    for name in (name for name in SIGNED if name in group):
        value = group[name].astype(np.float64)
        if f"clean_{name}" in group:  # else it is an effect
            clean = group[f"clean_{name}"]
            between = (1,) * (value.ndim - clean.ndim)  # query, cells, target
            value -= clean.reshape(clean.shape[:1] + between + clean.shape[1:])
        if "sample" in group.dims[name]:
            value = value.mean(axis=group.dims[name].index("sample"))
        value = value[:, :, :, 0]  # the last token
        if "target" in group.dims[name]:
            targets = enumerate(strings(group["target"]))
            out |= {f"{name}.{t}": value[..., i] for i, t in targets}
        else:
            out[name] = value
    return out


def flipped(values):
    """The chance that values with signs by fair coins have a sum as far from 0: all signs of one half of them
    against all of the other."""
    values = values[np.abs(values) > TIE]
    if not len(values):
        return 1.0
    halves = []
    for half in (values[::2], values[1::2]):
        sums = np.zeros(1)
        for v in half:
            sums = np.concatenate([sums - v, sums + v])
        halves.append(sums)
    far = np.abs(values.sum()) - 1e-9 * np.abs(values).sum()
    other = np.sort(halves[1])
    above = len(other) - np.searchsorted(other, far - halves[0], side="left")
    return min(1.0, 2 * above.sum() / 2 ** len(values))


def student(t, df):
    """P(|t| with df degrees of freedom >= t), by Gauss's quadrature over an angle."""
    node, weight = np.polynomial.legendre.leggauss(200)

    def area(end):
        return (end / 2 * weight * np.sin(end / 2 * (node + 1)) ** (df - 1)).sum()

    return area(math.atan2(math.sqrt(df), t)) / area(math.pi / 2)


def bent(values):
    """Student's t of the mean, its skewness taken out (docs/methods.md 3.6)."""
    n, mean = len(values), values.mean()
    dev = (values - mean) / n
    se = math.sqrt(n / (n - 1) * (dev**2).sum())
    if mean == 0:
        return 1.0
    if se == 0:
        return 0.0
    t = abs(mean) / se
    skew = math.copysign(1, mean) * n * n / ((n - 1) * (n - 2)) * (dev**3).sum() / se**3
    g = t + skew * (t * t / 3 + 1 / 6) + skew * skew * t**3 / 27
    return student(min(t, g), n - 1) if g > 0 else 1.0


def both(values):
    """p of one value for each item (docs/methods.md 4), and the greatest that the program may say: it bounds
    the chance of flipped signs where there are many."""
    chance, t = flipped(values), bent(values)
    loose = 4 if np.sum(np.abs(values) > TIE) > 20 else 1
    return max(chance, t), max(min(1.0, loose * chance), t)


def test(values):
    return both(values)[0]


def benjamini_hochberg(p):
    """q of each p; NaN is no test."""
    q = np.full(p.shape, np.nan)
    tests = np.flatnonzero(~np.isnan(p))
    order = tests[np.argsort(p.flat[tests])]
    smallest = 1.0
    for rank in range(len(order), 0, -1):
        smallest = min(smallest, p.flat[order[rank - 1]] * len(order) / rank)
        q.flat[order[rank - 1]] = smallest
    return q


class Judge:
    def __init__(self):
        self.wrong = 0

    def hold(self, true, what):
        if not true:
            print(f"wrong: {what}")
            self.wrong += 1


def judge_sweep(judge, result, name):
    group = Group(result[name])
    effect = effects(group)
    metrics = list(effect)
    for step in (1, 2, 3):
        at = group["step"] == step
        planted = {ENABLER, COPIER, SUPPRESSOR} - ({SUPPRESSOR} if step == 1 else set())
        values = np.stack([effect[m][at] for m in metrics])  # (metric, query, layer, head)
        p, most = np.full((2, len(metrics), L, H), np.nan)
        for m, l, h in np.ndindex(p.shape):
            if not np.isnan(values[m, 0, l, h]):
                p[m, l, h], most[m, l, h] = both(values[m, :, l, h])
        q, mean = benjamini_hochberg(p), values.mean(axis=1)
        largest = np.nanmax(np.abs(mean), axis=0)
        ranked = sorted(np.ndindex(L, H), key=lambda lh: -largest[lh])
        found = {lh for lh in np.ndindex(L, H) if np.nanmin(q[(slice(None), *lh)]) <= FDR}
        where = f"{name}, step {step}"
        judge.hold(found == planted, f"{where}: significant {sorted(found)}, not {sorted(planted)}")
        judge.hold(set(ranked[: len(planted)]) == planted, f"{where}: largest {ranked[:3]}")
        judge.hold(
            largest[ranked[len(planted)]] < 0.05 * largest[ranked[len(planted) - 1]],
            f"{where}: the next head is not far behind",
        )
        show(where, metrics, mean, q, sorted(planted))
        judge_signs(judge, where, step, dict(zip(metrics, mean)))
        judge_stats(judge, where, result[f"{name}/stats"], step, metrics, mean, p, most)
    return group, effect


def show(where, metrics, mean, q, heads):
    metrics = [m for m in metrics if not m.startswith("direct")]
    print(f"{where:24}" + "".join(f"{m:>18}" for m in metrics))
    for l, h in heads:
        cells = "".join(f"{mean[m, l, h]:10.3f} {q[m, l, h]:7.0e}" for m in range(len(metrics)))
        print(f"  layer {l} head {h:<10}{cells}")


def judge_signs(judge, where, step, mean):
    for k in (1, 2, 3):
        for head in (COPIER, ENABLER):
            judge.hold(mean[f"logit.answer_{k}"][head] < -1, f"{where}: answer {k} without {head}")
    judge.hold(mean["recall_mass"][COPIER] < -0.3, f"{where}: recall without the copier")
    if step > 1:
        judge.hold(mean["logit.answer_1"][SUPPRESSOR] > 1, f"{where}: answer 1 unsuppressed")
        judge.hold(mean["logit_difference"][SUPPRESSOR] < -1, f"{where}: difference unsuppressed")
        judge.hold(mean["repetition_mass"][SUPPRESSOR] > 1, f"{where}: repetition unsuppressed")


def judge_direct(judge, group, effect):
    """By zero: the target's logit, direct and total."""
    targets = strings(group["target"])
    for step in (1, 2, 3):
        at = group["step"] == step
        direct, frozen = (group[n][at][:, :, :, 0, :3] for n in ("direct", "direct_frozen"))
        total = np.stack([effect[f"logit.{t}"][at] for t in targets[:3]], axis=-1)
        head = (slice(None), *ENABLER)
        judge.hold(np.all(frozen[head] == 0), f"step {step}: the enabler has a direct effect")
        small = np.abs(direct[head]).mean() < 0.1 * np.abs(total[head]).mean()
        judge.hold(small, f"step {step}: the enabler acts on its own")
        for what, value in (("direct", direct), ("frozen", frozen), ("total", total)):
            copier, suppressor = (value[(slice(None), *h)] for h in (COPIER, SUPPRESSOR))
            judge.hold(np.all(copier < 0), f"step {step}: {what} effect of the copier")
            if step > 1:  # on the answer given already
                right = np.all(suppressor[:, 0] > 0)
                judge.hold(right, f"step {step}: {what} effect of the suppressor")
        # nothing follows the last layer: what its heads do is direct
        worst = np.abs(direct[:, L - 1] - total[:, L - 1]).max()
        judge.hold(worst < 1e-4, f"step {step}: direct and total of the last layer, {worst:.1e}")


def judge_stats(judge, where, stats, step, metrics, mean, p, most):
    """What the program says is what was found here."""
    stats = Group(stats)
    names = strings(stats["metric"])
    at = (stats["stratum_step"] == step) & (stats["stratum_template"] == 1)
    s = int(np.flatnonzero(at)[0])
    cells = [(s, slice(None), slice(None), 0, names.index(metric)) for metric in metrics]
    q = benjamini_hochberg(np.stack([stats["p"][cell] for cell in cells]))
    for m, (metric, cell) in enumerate(zip(metrics, cells)):
        got = stats["p"][cell]
        near = (got >= p[m] * 0.999) & (got <= most[m] * 1.001) | (np.isnan(got) & np.isnan(p[m]))
        judge.hold(near.all(), f"{where}: p of {metric}\n{got}\n{p[m]}\n{most[m]}")
        for name, want, atol in (("mean", mean, 1e-5), ("q", q, 0)):
            got = stats[name][cell]
            same = np.allclose(got, want[m], rtol=1e-6, atol=atol, equal_nan=True)
            judge.hold(same, f"{where}: {name} of {metric}\n{got}\n{want[m]}")
    unsigned = [m for m, name in enumerate(names) if name not in metrics]
    none = np.all(np.isnan(stats["p"][s][..., unsigned]))
    judge.hold(none, f"{where}: a test of {[names[m] for m in unsigned]}")


def judge_pairs(judge, result, name):
    """(query, first, second): alone on the diagonal, together above it, nothing below."""
    group, stats = Group(result[name]), Group(result[f"{name}/stats"])
    heads = [tuple(map(int, label.split("."))) for label in strings(group["first"])]
    judge.hold(sorted(heads) == sorted(np.ndindex(L, H)), f"{name}: heads {heads}")
    i, j = sorted((heads.index(BACKUP), heads.index(ENABLER)))
    below = np.tril_indices(len(heads), -1)
    metrics = strings(stats["metric"])
    for step in (1, 2, 3):
        metric = f"logit.answer_{step}"
        effect = effects(group)[metric][group["step"] == step]
        alone = np.einsum("qii->qi", effect)
        between = effect - alone[:, :, None] - alone[:, None, :]
        between[:, np.arange(len(heads)), np.arange(len(heads))] = np.nan
        mean = between.mean(axis=0)
        at = (stats["stratum_step"] == step) & (stats["stratum_template"] == 1)
        cell = (int(np.flatnonzero(at)[0]), slice(None), slice(None), 0, metrics.index(metric))
        got, where = stats["mean"][cell], f"{name}, step {step}"
        same = np.allclose(got, mean, rtol=1e-5, atol=1e-5, equal_nan=True)
        judge.hold(same, f"{where}: mean of {name}/stats")
        judge.hold(np.all(np.isnan(got[below])), f"{where}: a pair stands there twice")
        held = (stats["lo"][cell][i, j] <= mean[i, j]) & (mean[i, j] <= stats["hi"][cell][i, j])
        judge.hold(held and stats["q"][cell][i, j] <= FDR, f"{where}: the planted pair")
        print(f"{where}: alone {alone[:, [i, j]].mean(axis=0)}, together {mean[i, j]:.3f} more")
        judge.hold(np.abs(alone[:, [i, j]]).max() < 0.7, f"{where}: one alone is enough")
        judge.hold(mean[i, j] < -3, f"{where}: both together")
        others = np.abs(mean)
        others[i, j] = 0
        judge.hold(np.nanmax(others) < 0.3 * -mean[i, j], f"{where}: {np.nanmax(others)}")


def judge_shuffled(judge, result, name):
    group = Group(result[name])
    effect, dataset = effects(group)["logit_difference"], np.array(strings(group["dataset"]))
    datasets, found = sorted(set(dataset)), 0
    for one in datasets:
        values = effect[dataset == one]
        q = benjamini_hochberg(np.apply_along_axis(test, 0, values))
        found += bool((q <= FDR).any())
        stats = Group(result[f"{name}/stats"])
        s = strings(stats["stratum_dataset"]).index(one)
        same = np.allclose(stats["q"][s, :, :, 0, 0], q, rtol=1e-4)
        judge.hold(same, f"{name}, {one}: q of {name}/stats")
    print(f"{name}: {found} of {len(datasets)} shuffled datasets have a finding")
    # 5 of 100 are expected at most; 14 come by chance once in 2,000 such tests
    judge.hold(len(datasets) == 100 and found < 14, f"{name}: {found} findings by chance")
    judge.hold(np.abs(effect).mean() > 0.1, f"{name}: there are no effects at all")


def judge_split(judge, result, name):
    """statistics.split: half. Which items are tested, the means tell: they weigh each 0 or 1."""
    group, stats = Group(result[name]), Group(result[f"{name}/stats"])
    effect, dataset = effects(group)["logit_difference"], np.array(strings(group["dataset"]))
    rows = {d: s for s, d in enumerate(strings(stats["stratum_dataset"]))}
    values = {d: effect[dataset == d] for d in sorted(set(dataset))}  # (item, layer, head)
    cell = {d: (rows[d], slice(None), slice(None), 0, 0) for d in values}
    sums = [stats["mean"][cell[d]] * stats["n"][cell[d]] for d in values]
    equations = np.concatenate([v.reshape(len(v), -1) for v in values.values()], axis=1)
    weight = np.linalg.lstsq(equations.T, np.concatenate(sums, axis=None), rcond=None)[0]
    tested = weight > 0.5
    judge.hold(np.abs(weight - tested).max() < 1e-3, f"{name}: weights {weight}")
    judge.hold(0 < tested.sum() < len(tested), f"{name}: {tested.sum()} items are tested")
    anything = False
    for d, v in values.items():
        picked = np.apply_along_axis(test, 0, v[~tested]) <= FDR
        p = np.where(picked, np.apply_along_axis(test, 0, v[tested]), np.nan)
        anything |= picked.any()
        judge.hold(np.all(stats["n"][cell[d]] == tested.sum()), f"{name}, {d}: n")
        judge.hold(np.array_equal(stats["picked"][cell[d]], picked), f"{name}, {d}: picked")
        for what, want in (("p", p), ("q", benjamini_hochberg(p))):
            same = np.allclose(stats[what][cell[d]], want, rtol=1e-4, atol=0, equal_nan=True)
            judge.hold(same, f"{name}, {d}: {what} of the other half")
    judge.hold(anything, f"{name}: nothing was ever picked")


def main():
    options = set(sys.argv[2:])
    judge = Judge()
    with h5py.File(sys.argv[1]) as result:
        if "--redundant" in options:
            judge_pairs(judge, result, "pairs")
            return judge.wrong > 0
        for name in ("zero", "resample"):
            if "--shuffled" in options:
                judge_shuffled(judge, result, name)
                continue
            if "--split" in options:
                judge_split(judge, result, name)
                continue
            group, effect = judge_sweep(judge, result, name)
            if name == "zero":
                judge_direct(judge, group, effect)
    return judge.wrong > 0


if __name__ == "__main__":
    sys.exit(main())
