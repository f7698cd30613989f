"""Whole answers and continuations under a cut (docs/methods.md 6.2), against float64 NumPy.

    python3 tests/reference/check_whole.py RESULT MODEL DATA.jsonl

Each knockout (all layers and heads cut), ablation and causal trace of the result that has
`answer_logprob` or `text_id`, of the last two some cells drawn at random: the answers of the data
teacher forced, and the most probable tokens one by one, each by a full pass over all tokens so far.
A generated token fails when float64 logits put another more than 1e-4 above it.
Exit status 1 if a number is beyond 1e-4, 2 if there was nothing to compare.
"""

import dataclasses
import json
import math
import sys

import h5py
import numpy as np

import numpy_model
from check_ablation import Sweep
from check_trace import corruptions
from result_file import experiments, queries_of, strings

ATOL = 1e-4
CELLS = 6  # of each sweep, drawn at random


def worse(worst, difference):
    """The larger; a number that is none is the worst."""
    return math.inf if np.isnan(difference) else max(worst, float(difference))


def cut(model, ids, keys, n, standing, renormalise):
    """A pass over ids whose row n - 1, or all from it on, cannot attend to the keys."""
    rows = list(range(n - 1, len(ids) if standing else n))
    edit = numpy_model.Edit("score" if renormalise else "pattern",
                            "mask" if renormalise else "zero",
                            layers=range(model.L), heads=None, tokens=rows, keys=keys)
    return model.forward(ids, edit=numpy_model.edited([edit]) if keys else None)


def answer_logprob(model, logits, answer, n):
    rows = numpy_model.log_softmax(model.said(logits[n - 1 : n - 1 + len(answer)]))
    return sum(row[token] for row, token in zip(rows, answer))


def keys_of(query, name):
    fixed = {"first": [0], "last": [query.n - 1]} | query.spans
    return list(fixed.get(name, []))


def check_answers(model, group, query, answers, config):
    """The largest difference."""
    worst = 0.0
    for t, name in enumerate(strings(group["target"])):
        answer = answers.get(name)
        if answer is None:
            assert np.all(np.isnan(group["answer_logprob"][query.i][:, t]))
            continue
        ids = query.ids + answer[:-1]
        clean = answer_logprob(model, model.forward(ids).logits, answer, query.n)
        worst = worse(worst, abs(clean - group["clean_answer_logprob"][query.i][t]))
        for s, name_of_set in enumerate(strings(group["token_set"])):
            keys = keys_of(query, name_of_set)
            if not keys:
                continue
            logits = cut(model, ids, keys, query.n, config["standing"], config["renormalise"]).logits
            want = answer_logprob(model, logits, answer, query.n)
            worst = worse(worst, abs(want - group["answer_logprob"][query.i][s, t]))
    return worst


def check_text(model, group, query, config):
    """How far a token that was written lies below the best, at most."""
    worst = 0.0
    for s, name in enumerate(strings(group["token_set"])):
        keys = keys_of(query, name)
        if not keys and name != "none":
            assert np.all(group["text_id"][query.i][s] == -1)
            continue
        ids = list(query.ids)
        for token in group["text_id"][query.i][s]:
            logits = cut(model, ids, keys, query.n, True, config["renormalise"]).logits
            worst = max(worst, float(logits[-1].max() - logits[-1][token]))
            ids.append(int(token))
    return worst


def stands(edit, n, end):
    """The same, and of the prompt's last row also for the rows up to end, with its operand."""
    tokens = list(edit.tokens)
    if n - 1 not in tokens:
        return edit
    value, more = edit.value, list(range(n, end))
    if edit.op == "set":
        last = np.asarray(value)[tokens.index(n - 1)]
        value = np.concatenate([value, np.repeat(last[None], len(more), 0)])
    return dataclasses.replace(edit, tokens=tokens + more, value=value)


def check_sweep(sweep, query, answers, rng):
    """The largest difference of answers, and how far a written token lies below the best."""
    model, group, config, n = sweep.model, sweep.group, sweep.config, query.n
    worst, below = 0.0, 0.0
    cells = list(sweep.cells())
    for k in rng.choice(len(cells), min(CELLS, len(cells)), replace=False):
        index, chosen = cells[k]
        edits = sweep.configuration(query, chosen)
        for t, name in enumerate(strings(group["target"]) if "answer_logprob" in group else []):
            got = group["answer_logprob"][(query.i, *index, t)]
            if edits is None or name not in answers:
                assert np.isnan(got)
                continue
            ids = query.ids + answers[name][:-1]
            own = [stands(e, n, len(ids)) if config["standing"] else e for e in edits]
            logits = model.forward(ids, edit=numpy_model.edited(own)).logits
            worst = worse(worst, abs(answer_logprob(model, logits, answers[name], n) - got))
        ids = list(query.ids)
        for token in group["text_id"][(query.i, *index)] if "text_id" in group else []:
            if edits is None:
                assert token == -1
                continue
            own = numpy_model.edited([stands(e, n, len(ids)) for e in edits])
            logits = model.forward(ids, edit=own, logits="last").logits[-1]
            below = max(below, float(logits.max() - logits[token]))
            ids.append(int(token))
    return worst, below


def check_trace(model, group, config, query, answers, rng):
    """The largest difference: cells of whole answers in corrupted runs of which a place is clean."""
    clean, worst = model.forward(query.ids), 0.0
    sites, windows = strings(group["site"]), group["window"][()].tolist()
    for c, span in enumerate(config["corrupt"]):
        draws = corruptions(model, group, config, query, span, [], None)[0] if span in query.spans else []
        for _ in range(CELLS if draws else 0):
            at = [int(rng.integers(k)) for k in (len(sites), len(windows), query.n, model.L)]
            for t, name in enumerate(strings(group["target"])):
                got = group["answer_logprob"][(query.i, c, *at, t)]
                if name not in answers:
                    assert np.isnan(got)
                    continue
                ids, sums = query.ids + answers[name][:-1], []
                for sample in draws:
                    noise, bad = sample.edits, model.forward(query.ids, edit=numpy_model.edited(sample.edits))
                    denoise = config["direction"] == "denoise"
                    put = numpy_model.trace_edit(sites[at[0]], at[2], at[3], windows[at[1]], model.L,
                                                 clean if denoise else bad)
                    edits = [*noise, put] if denoise else [put]
                    logits = model.forward(ids, edit=numpy_model.edited(edits)).logits
                    sums.append(answer_logprob(model, logits, answers[name], query.n))
                worst = worse(worst, abs(np.mean(sums) - got))
    return worst


def check_group(model, group, config, queries, data):
    worst, rng, runs, done = [0.0, 0.0], np.random.default_rng(3), {}, 0
    sweep = Sweep(model, group, config, queries, {}, runs) if config["kind"] == "ablation" else None
    status = strings(group["status"])
    for query in (q for q in queries if status[q.i] == "ok"):
        done += 1
        answers = data[query.i].get("answers", {})
        if sweep:
            found = check_sweep(sweep, query, answers, rng)
        elif config["kind"] == "causal_trace":
            found = check_trace(model, group, config, query, answers, rng), 0.0
        else:
            found = (check_answers(model, group, query, answers, config) if "answer_logprob" in group else 0.0,
                     check_text(model, group, query, config) if "text_id" in group else 0.0)
        worst = [max(pair) for pair in zip(worst, found)]
    print(f"{group.name}: {done} queries, answers {worst[0]:.1e}, generated tokens {worst[1]:.1e}")
    return done > 0 and max(worst) <= ATOL


def main():
    model = numpy_model.Model.open(sys.argv[2])
    with open(sys.argv[3], encoding="utf-8") as f:
        data = [json.loads(line) for line in f]
    fine = []
    with h5py.File(sys.argv[1]) as result:
        queries = queries_of(result)
        for kind in ("knockout", "ablation", "causal_trace"):
            for group, config in experiments(result, kind):
                if "answer_logprob" in group or "text_id" in group:
                    fine.append(check_group(model, group, config, queries, data))
    return 2 if not fine else 0 if all(fine) else 1


if __name__ == "__main__":
    sys.exit(main())
