"""Compares the groups of kind token_lens of a result file with float64 NumPy (docs/methods.md 3.3).

    python3 tests/reference/check_lens.py RESULT MODEL [options]

Options: --atol X and --rtol Y, the tolerances (2e-3, 1e-4); --every K, only each K-th query is
computed.

Queries, targets, spans and the order of spans that are neither subject nor answer are taken from
the result, the partition of the prompt is made anew. For every variable it prints the largest
absolute difference and the relative one (L2); exit status 1 if one is beyond tolerance, 2 if there
is nothing to compare. It looks also whether the file's own sets sum to decode(a_l), and their
attention to 1. Needs numpy, h5py and, for a .gguf file, gguf.
"""

import sys

import numpy as np

from check_decode import spread
from result_file import Table, main, queries_of, strings

DIMS = {
    "logit": ["query", "layer", "token_set", "target"],
    "attention": ["query", "layer", "head", "token_set"],
    "control_logit": ["query", "layer", "token_set"],
    "subject_control_logit": ["query", "layer", "token_set"],
    "head_logit": ["query", "layer", "head", "token_set", "target"],
}
ENDS = ["last", "first", "other"]


def check_order(table, span_names, have):
    """Subject, answers, the other spans in whatever order, then what is left over."""
    names = [name for name in span_names if name not in ENDS]
    answers = sorted(name for name in names if name.startswith("answer_"))
    head = [name for name in ("subject", *answers) if name in names]
    rest = set(names) - set(head)
    if have[: len(head)] != head or have[-3:] != ENDS or sorted(have) != sorted(names + ENDS):
        table.row("token_set").complain(f"{have}, expected {head}, {sorted(rest)}, {ENDS}")


def partition(query, names):
    """{name: tokens}; a token belongs to the first set that has it. Empty sets are not in it."""
    spans = query.spans | {"last": [query.n - 1], "first": [0], "other": range(query.n)}
    left, out = set(range(query.n)), {}
    for name in names:
        tokens = sorted(left.intersection(spans.get(name, ())))
        left -= set(tokens)
        if tokens:
            out[name] = tokens
    return out


def head_outputs(model, run, keys):
    """(L, H, d): what every head adds to the last row by its attention to these keys."""
    out = np.zeros((model.L, model.H, model.d))
    for layer in range(model.L):
        w = model.weight(layer, "self_attn.o_proj").reshape(model.d, model.H, model.dh)
        for head in range(model.H):
            v = run.v[layer][keys, head * model.G // model.H]
            out[layer, head] = w[:, head] @ (run.p[layer][head, -1, keys] @ v)
        out[layer] = model.share(layer, out[layer], run)
    return out


def mean_over(logits, tokens):
    """Mean over the control tokens (last axis); NaN where there are none."""
    return logits[..., tokens].mean(axis=-1) if len(tokens) else np.full(logits.shape[:-1], np.nan)


def token_lens(model, query, names, controls):
    """The variables of one query; NaN where it lacks the set or the target."""
    run = model.forward(query.ids, logits="last")
    shape = (model.L, model.H, len(names))
    attention = np.full(shape, np.nan)
    head_logit = np.full((*shape, len(query.present)), np.nan)
    logit = np.full((model.L, len(names), len(query.present)), np.nan)
    means = {variable: np.full((model.L, len(names)), np.nan) for variable in controls}
    for name, keys in partition(query, names).items():
        s, parts = names.index(name), head_outputs(model, run, keys)
        pattern = np.stack([p[:, -1] for p in run.p])  # (L, H, N)
        attention[:, :, s] = pattern[:, :, keys].sum(axis=-1)
        by_head = model.decode(parts, run.var)[..., query.tokens]
        head_logit[:, :, s] = spread(by_head, query.present, np.nan)
        whole = model.decode(parts.sum(axis=1), run.var)
        logit[:, s] = spread(whole[:, query.tokens], query.present, np.nan)
        for variable, tokens in controls.items():
            means[variable][:, s] = mean_over(whole, tokens)
    biases = np.stack([model.bias_of_attention(layer, run) for layer in range(model.L)])
    a = model.decode(np.stack([a[-1] for a in run.a]) - biases, run.var)[:, query.tokens]
    values = {"logit": logit, "attention": attention, "head_logit": head_logit, **means}
    return values, spread(a, query.present, np.nan)


def check_identities(table, group, query, a, where):
    """The parts that stand in the file make up the whole."""
    logit, attention = (group[v][query.i].astype(np.float64) for v in ("logit", "attention"))
    whole = np.where(query.present, np.nansum(logit, axis=1), np.nan)
    table.row("logit: sum of sets").add_floats(whole, a, where)
    mass = np.nansum(attention, axis=2)
    table.row("attention: sum of sets").add_floats(mass, np.ones(mass.shape), where)


def check_labels(table, result, group, config, model):
    names = strings(group["token_set"])
    check_order(table, strings(result["queries/span_name"]), names)
    for dim, n in (("layer", model.L), ("head", model.H)):
        if group[dim].tolist() != list(range(n)):
            table.row(dim).complain(f"{group[dim].tolist()}")
    for name, dims in DIMS.items():
        if name in group and group.dims[name] != dims:
            table.row(name).complain(f"dimensions {group.dims[name]}")
    if ("head_logit" in group) != config["head_logit"]:
        table.row("head_logit").complain("is there or not against what was asked for")
    return names


def check_group(model, result, group, config, args):
    table = Table(group.name)
    names = check_labels(table, result, group, config, model)
    status = strings(group["status"])
    for query in queries_of(result)[:: args.every]:
        where = f"query {query.i}"
        if not query.ok or status[query.i] != "ok":
            for name in DIMS:
                if name in group and not np.all(np.isnan(group[name][query.i])):
                    table.row(name).complain(f"{where}, {status[query.i]!r}: has numbers")
            continue
        ids = {v: result[f"queries/{v}_id"][query.i] for v in ("control", "subject_control")}
        controls = {f"{v}_logit": own[own >= 0] for v, own in ids.items()}
        values, a = token_lens(model, query, names, controls)
        for name, want in values.items():
            if name in group:
                table.row(name).add_floats(group[name][query.i], want, where)
        check_identities(table, group, query, a, where)
        table.queries += 1
    return table


if __name__ == "__main__":
    sys.exit(main("token_lens", check_group, every=1))
