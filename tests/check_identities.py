"""Identities of docs/methods.md 5 in a result file: usage: check_identities.py RESULT

decode's parts sum up to the logits; the sets of token_lens and the columns' heads of heads sum up to
the decoded attention output, less the biases that are not a head's; attention sums up to 1; promotion and
suppression are what the query's own numbers say; a head that an ablation sets to 0 at the last token
takes its own logit away (`direct_frozen`). Exit status 1 if one does not hold to 1e-4 of the largest
value.
"""
import sys

import h5py
import numpy as np

worst = []


def holds(name, have, want):
    size = max(np.nanmax(np.abs(want)), 1e-3)
    worst.append((name, float(np.nanmax(np.abs(have - want)) / size)))


def text(v):
    return [s.decode() for s in v[...]]


with h5py.File(sys.argv[1]) as f:
    kinds = {name: g.attrs["kind"] for name, g in f.items() if "kind" in g.attrs}
    kinds = {n: k if isinstance(k, str) else k.decode() for n, k in kinds.items()}
    decode = next(f[n] for n, k in kinds.items() if k == "decode")
    ok = np.array(text(decode["status"])) == "ok"
    logit = decode["logit"][ok]
    others = sum(decode[n][ok] for n in ("position_logit", "bias_logit") if n in decode)
    holds("decode: parts", decode["embed_logit"][ok] + logit[:, :, :2].sum((1, 2)) + others,
          f["queries/clean_logit"][ok])
    heads = [f[n] for n, k in kinds.items() if k == "heads"]
    biases = [g["bias_logit"][ok] for g in heads if "bias_logit" in g]
    by_heads = logit[:, :, 0] - (biases[0] if biases else 0)
    for name, kind in kinds.items():
        g = f[name]
        if kind == "token_lens":
            holds(f"{name}: sets", np.nansum(g["logit"][ok], 2), by_heads)
            attention = np.nansum(g["attention"][ok], 3)
            holds(f"{name}: attention", attention, np.ones_like(attention))
            if "head_logit" in g:
                holds(f"{name}: heads", np.nansum(g["head_logit"][ok], 2), g["logit"][ok])
        if kind == "ablation" and "direct_frozen" in g and heads:
            holds(f"{name}: direct_frozen", g["direct_frozen"][ok].squeeze(),
                  -heads[0]["logit"][ok].squeeze())
        if kind == "heads":
            v = g["logit"][ok]
            holds(f"{name}: heads", v.sum(2), by_heads)
            subject = np.array(text(g["target"])) == "subject"
            mean = np.where(subject, g["subject_control_logit"][ok][..., None],
                            g["control_logit"][ok][..., None])
            std = np.where(subject, g["subject_control_std"][ok][..., None],
                           g["control_std"][ok][..., None])
            judged = np.isfinite(v) & np.isfinite(mean) & np.isfinite(std)
            steps = g["step"][ok]
            for i, step in enumerate(g["stratum_step"][...]):
                at = steps == step
                for what, sign in (("promotion", 1), ("suppression", -1)):
                    hit = np.where(judged[at], sign * (v[at] - mean[at]) > std[at], np.nan)
                    holds(f"{name}: {what}", np.nanmean(hit, 0), g[what][i])

for name, w in worst:
    print(f"{name:32s} {w:.1e}")
bad = [name for name, w in worst if not w <= (1e-9 if "promotion" in name or "suppression" in name
                                              else 1e-4)]
if bad or len(worst) < 2:
    print("does not hold:", ", ".join(bad))
    sys.exit(1)
