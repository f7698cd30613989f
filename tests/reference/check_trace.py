"""Compares the groups of kind causal_trace of a result file with float64 NumPy (docs/methods.md 3.2).

    python3 tests/reference/check_trace.py RESULT MODEL [options]

Options: --atol X and --rtol Y, the tolerances (2e-3, 1e-4); --cells N, only so many cells of each
group are computed, drawn at random (all); --every K, only each K-th query is looked at; --data
FILE..., the run's data, where counterfactuals are given; --noise-model NAME, the model's name in
the file of published noise.

Queries, spans and the experiments' settings are taken from the result. For every variable it
prints the largest absolute difference and the relative one (L2); exit status 1 if one is beyond
tolerance, 2 if there is nothing to compare. The query's target is the answer of its step.

A counterfactual that the data does not give is drawn: the prompt of some other item, with spans
of the same lengths, must then explain the numbers. `noise_seed: per_query` is drawn too and not
checked but for `high`. Needs numpy, h5py and, for a .gguf file, gguf.
"""

import collections
import json
import sys

import numpy as np

import numpy_model
from check_decode import spread
from result_file import Table, main, queries_of, strings

NOT_ARGMAX = "the target is not the argmax"
DIMS = ["query", "corruption", "site", "window", "token", "layer"]

# A corrupted run before anything is restored: the prompt and the edits of its embeddings.
Sample = collections.namedtuple("Sample", "ids edits")
Prompt = collections.namedtuple("Prompt", "ids spans")


def read_counterfactuals(paths):
    """{query number: Prompt}; the numbers count the lines, as the result does."""
    lines = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            lines += [json.loads(line) for line in f if line.strip()]
    out = {}
    for i, line in enumerate(lines):
        if "counterfactual" in line:
            spans = line["spans"] | line["counterfactual"].get("spans", {})
            spans = {name: range(*span) for name, span in spans.items()}
            out[i] = Prompt(line["counterfactual"]["ids"], spans)
    return out


# ---------------------------------------------------------------- one query


def target_of(query):
    return query.targets.get(f"answer_{query.step}", -1)


def noise_level(group, config, query, span_name, noise_model):
    if config["noise"] == "computed":  # tests/integration/computed_noise.py has what it must be
        return float(group["noise_level"][query.i, config["corrupt"].index(span_name)])
    if config["noise"] != "published":
        return float(config["noise"])
    with open(config["noise_file"], encoding="utf-8") as f:
        levels = json.load(f)[query.dataset][noise_model]
    return levels["subject" if span_name == "subject" else "answers"]


def counterfactuals(query, queries, given):
    """The prompts that may be this query's counterfactual."""
    if query.i in given:
        return [given[query.i]]

    def shape(q):
        return q.dataset, q.step, q.n, {name: len(span) for name, span in q.spans.items()}

    alike = [q for q in queries if q.ok and q.item != query.item and shape(q) == shape(query)]
    return [Prompt(q.ids, q.spans) for q in alike]


def corruptions(model, group, config, query, span_name, prompts, noise_model):
    """The possible draws, each a list of samples."""
    span = query.spans[span_name]
    if config["corruption"] == "noise":
        level = noise_level(group, config, query, span_name, noise_model)
        edits = numpy_model.noise_edits(span, level, config["samples"], model.d)
        return [[Sample(query.ids, [e]) for e in edits]]
    draws = []
    for other in prompts:  # the span's tokens are replaced, the others stay
        ids = list(query.ids)
        for t, source in zip(span, other.spans[span_name], strict=True):
            ids[t] = other.ids[source]
        draws.append([Sample(ids, [])])
    return draws


def run_sample(model, sample, edits=()):
    edit = numpy_model.edited([*sample.edits, *edits])
    return model.forward(sample.ids, edit=edit, logits="last")


def run_cell(model, config, query, clean, samples, corrupted, site, width, token, layer):
    """A run for each sample: one place of a corrupted run made clean, or the reverse."""
    runs = []
    for sample, bad in zip(samples, corrupted):
        if config["direction"] == "denoise":
            put = numpy_model.trace_edit(site, token, layer, width, model.L, clean)
            runs.append(run_sample(model, sample, [put]))
        else:
            put = numpy_model.trace_edit(site, token, layer, width, model.L, bad)
            runs.append(run_sample(model, Sample(query.ids, []), [put]))
    return runs


def answers(model, query, runs):
    """{variable: mean over samples}, and the target's probability in each sample."""
    logits = np.stack([run.logits[-1] for run in runs])
    logprob = numpy_model.log_softmax(model.said(logits))
    prob = np.exp(logprob[:, target_of(query)])
    mean = {
        "score": prob.mean(),
        "logit": spread(logits[:, query.tokens].mean(axis=0), query.present, np.nan),
        "logprob": spread(logprob[:, query.tokens].mean(axis=0), query.present, np.nan),
    }
    return mean, prob


# ---------------------------------------------------------------- one group


def check_missing(table, group, query, spans):
    """NaN where the query has no such span and beyond its tokens; a number everywhere else."""
    for name in ("score", "logit", "logprob"):
        if name not in group:
            continue
        number = ~np.isnan(group[name][query.i])
        want = np.zeros(number.shape, bool)
        for c, span in enumerate(spans):
            want[c, :, :, : query.n] = span in query.spans
        if name != "score":
            want &= query.present
        if np.any(number != want):
            table.row(name).complain(f"query {query.i}: NaN at the wrong places")


def check_skipped(table, group, query, clean):
    """A query with another status has no numbers, and the reason is true."""
    reason = strings(group["status"])[query.i]
    where = f"query {query.i}, {reason!r}"
    for name in ("high", "low", "low_sd", "score", "logit", "logprob"):
        if name in group and not np.all(np.isnan(group[name][query.i])):
            table.row(name).complain(f"{where}: has numbers")
    if reason == NOT_ARGMAX and clean.logits[-1].argmax() == target_of(query):
        table.row("status").complain(f"{where}: but it is")


def draw_cells(group, queries, spans, limit):
    """{(query, corruption): [(site, window, token, layer)]}: all cells, or some at random."""
    n_sites, n_windows, n_layers = (len(group[d]) for d in ("site", "window", "layer"))
    cells = [
        (q.i, c, site, window, token, layer)
        for q in queries
        for c, span in enumerate(spans)
        if span in q.spans
        for site, window in np.ndindex(n_sites, n_windows)
        for token, layer in np.ndindex(q.n, n_layers)
    ]
    if limit and limit < len(cells):
        chosen = np.random.default_rng(1).choice(len(cells), limit, replace=False)
        cells = [cells[i] for i in sorted(chosen)]
    out = collections.defaultdict(list)
    for i, c, *cell in cells:
        out[i, c].append(cell)
    return out


def check_corruption(table, model, group, config, query, clean, c, draws, cells):
    """One query and one corrupted span: low, low_sd and the cells."""
    where = f"query {query.i}, {config['corrupt'][c]}"
    sites, windows = strings(group["site"]), group["window"][()].tolist()
    found = []
    for samples in draws:
        corrupted = [run_sample(model, sample) for sample in samples]
        prob = answers(model, query, corrupted)[1]
        found.append((abs(prob.mean() - group["low"][query.i, c]), samples, corrupted, prob))
    _, samples, corrupted, prob = min(found, key=lambda f: f[0])
    table.row("low").add_floats(group["low"][query.i, c], prob.mean(), where)
    if len(prob) > 1:
        table.row("low_sd").add_floats(group["low_sd"][query.i, c], prob.std(ddof=1), where)
    elif not np.isnan(group["low_sd"][query.i, c]):
        table.row("low_sd").complain(f"{where}: one sample has no spread")
    drop = group["high"][query.i] - prob.mean()
    if abs(drop - config["weak"]) > 1e-4 and group["weak_corruption"][query.i, c] != (drop < config["weak"]):
        table.row("weak_corruption").complain(f"{where}: lost {drop:.3f}")
    memo = {}  # the residual has no window
    for site, window, token, layer in cells:
        name, width = sites[site], windows[window]
        key = (name, 0 if name == "residual" else width, token, layer)
        if key not in memo:
            runs = run_cell(
                model, config, query, clean, samples, corrupted, name, width, token, layer
            )
            memo[key] = answers(model, query, runs)[0]
        for variable, want in memo[key].items():
            if variable in group:
                got = group[variable][query.i, c, site, window, token, layer]
                label = f"{where}, {name}, window {width}, token {token}, layer {layer}"
                table.row(variable).add_floats(got, want, label)


def check_labels(table, group, config):
    for key, dim in (("corrupt", "corruption"), ("sites", "site"), ("window", "window")):
        have = strings(group[dim]) if key != "window" else group[dim][()].tolist()
        want = config[key] if isinstance(config[key], list) else [config[key]]
        if have != want:
            table.row(dim).complain(f"{have}, expected {want}")
    if group.dims["score"] != DIMS:
        table.row("score").complain(f"dimensions {group.dims['score']}")


def check_group(model, result, group, config, args):
    table = Table(group.name)
    check_labels(table, group, config)
    queries = queries_of(result)
    status = strings(group["status"])
    given = read_counterfactuals(args.data)
    chosen = queries[:: args.every]
    traced = [q for q in chosen if q.ok and status[q.i] == "ok"]
    cells = draw_cells(group, traced, config["corrupt"], args.cells)
    for query in chosen:
        clean = model.forward(query.ids, logits="last")
        if query not in traced:
            check_skipped(table, group, query, clean)
            continue
        table.queries += 1
        high = answers(model, query, [clean])[0]["score"]
        table.row("high").add_floats(group["high"][query.i], high, f"query {query.i}")
        check_missing(table, group, query, config["corrupt"])
        if config["noise_seed"] == "per_query":
            table.skipped += 1
            continue
        prompts = counterfactuals(query, queries, given)
        for c, span in enumerate(config["corrupt"]):
            if span not in query.spans:
                continue
            if config["corruption"] == "noise":
                level = noise_level(group, config, query, span, args.noise_model)
                got = group["noise_level"][query.i, c]
                table.row("noise_level").add_floats(got, np.array(level), f"query {query.i}")
            draws = corruptions(
                model, group, config, query, span, prompts, args.noise_model
            )
            if draws:
                todo = cells[query.i, c]
                check_corruption(table, model, group, config, query, clean, c, draws, todo)
            else:
                table.row("status").complain(f"query {query.i}: no counterfactual fits")
    return table


if __name__ == "__main__":
    sys.exit(main("causal_trace", check_group, cells=0, every=1, data=[], noise_model=None))
