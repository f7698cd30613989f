"""Whole answers and continuations under a cut (docs/methods.md 6.2), against float64 NumPy.

    python3 tests/reference/check_whole.py RESULT MODEL DATA.jsonl

Each knockout of the result that has `answer_logprob` or `text_id`, all layers and heads cut: the
answers of the data teacher forced, and the most probable tokens one by one, each by a full pass over
all tokens so far. A generated token fails when float64 logits put another more than 1e-4 above it.
Exit status 1 if a number is beyond 1e-4, 2 if there was nothing to compare.
"""

import json
import sys

import h5py
import numpy as np

import numpy_model
from result_file import experiments, queries_of, strings

ATOL = 1e-4


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
        worst = max(worst, abs(clean - group["clean_answer_logprob"][query.i][t]))
        for s, name_of_set in enumerate(strings(group["token_set"])):
            keys = keys_of(query, name_of_set)
            if not keys:
                continue
            logits = cut(model, ids, keys, query.n, config["standing"], config["renormalise"]).logits
            want = answer_logprob(model, logits, answer, query.n)
            worst = max(worst, abs(want - group["answer_logprob"][query.i][s, t]))
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


def main():
    model = numpy_model.Model.open(sys.argv[2])
    with open(sys.argv[3], encoding="utf-8") as f:
        data = [json.loads(line) for line in f]
    bad = compared = 0
    with h5py.File(sys.argv[1]) as result:
        for group, config in experiments(result, "knockout"):
            worst = [0.0, 0.0]
            for query in queries_of(result):
                if "answer_logprob" in group:
                    answers = data[query.i].get("answers", {})
                    worst[0] = max(worst[0], check_answers(model, group, query, answers, config))
                if "text_id" in group:
                    worst[1] = max(worst[1], check_text(model, group, query, config))
            compared += "answer_logprob" in group or "text_id" in group
            bad += not max(worst) <= ATOL
            print(f"{group.name}: answers {worst[0]:.1e}, generated tokens {worst[1]:.1e}")
    return 1 if bad else 0 if compared else 2


if __name__ == "__main__":
    sys.exit(main())
