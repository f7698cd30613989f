"""Makes queries of random tokens for a small random model, to run knockout and causal_trace on.

    python3 tests/reference/make_queries.py MODEL > queries.jsonl

Native format, ids only. Three items whose subjects have 1, 2 and 3 tokens, each at steps 1, 2, 3:

    word relation subject 1 . answer_1 2 . answer_2 3 .

The tokens are drawn, but the first one of each answer is what the model says (float64 argmax), so
that every target is the clean argmax. Each query has a counterfactual, with another relation,
subject and answers. Behind them stand the odd ones: a target that is not the argmax, spans that
overlap and begin at token 0, a prompt of one token, a counterfactual with its subject elsewhere.
"""

import json
import sys

import numpy as np

import numpy_model

NAMES = ("answer_1", "answer_2", "answer_3")
DOT = 3  # the digits 1, 2, 3 are the ids 0, 1, 2; words are drawn from those above


def ranking(model, ids):
    return np.argsort(-model.forward(ids, logits="last").logits[-1])


def words(model, rng, n):
    return rng.integers(DOT + 1, model.V, size=n).tolist()


def query(ids, spans, targets, name, step, counterfactual):
    return {
        "ids": ids,
        "item": name,
        "dataset": "random",
        "template": 1,
        "step": step,
        "spans": spans,
        "targets": targets,
        "target": f"answer_{step}",
        "counterfactual": {"ids": counterfactual, "spans": spans},
    }


def replaced(model, rng, ids, spans):
    """ids with other words in all spans."""
    out = list(ids)
    for begin, end in spans.values():
        out[begin:end] = words(model, rng, end - begin)
    return out


def make_item(model, rng, name, n_relation, n_subject, n_answer):
    """The queries of all three steps."""
    ids, spans, found = words(model, rng, 1), {}, []
    for span, n in (("relation", n_relation), ("subject", n_subject)):
        spans[span] = [len(ids), len(ids) + n]
        ids = ids + words(model, rng, n)
    for step in (1, 2, 3):
        ids = ids + [step - 1, DOT]
        found.append((ids, dict(spans)))
        answer = [int(ranking(model, ids)[0])] + words(model, rng, n_answer - 1)
        spans[NAMES[step - 1]] = [len(ids), len(ids) + n_answer]
        ids = ids + answer
    targets = {answer: ids[spans[answer][0]] for answer in NAMES}
    targets["subject"] = ids[spans["subject"][0]]
    for step, (prompt, inside) in enumerate(found, 1):
        other = replaced(model, rng, prompt, inside)
        yield query(prompt, inside, targets, name, step, other)


def odd_queries(model, rng):
    ids = words(model, rng, 6)
    spans = {"relation": [1, 2], "subject": [3, 5]}
    targets = {"answer_1": int(ranking(model, ids)[1]), "subject": ids[3]}
    yield query(ids, spans, targets, "not the argmax", 1, replaced(model, rng, ids, spans))

    ids = words(model, rng, 5)
    spans = {"relation": [1, 4], "subject": [0, 2], "answer_1": [3, 5]}
    targets = {"answer_1": ids[3], "answer_2": int(ranking(model, ids)[0]), "subject": ids[0]}
    yield query(ids, spans, targets, "overlapping", 2, replaced(model, rng, ids, spans))

    ids = words(model, rng, 1)
    spans = {"subject": [0, 1]}
    targets = {"answer_1": int(ranking(model, ids)[0]), "subject": ids[0]}
    yield query(ids, spans, targets, "one token", 1, replaced(model, rng, ids, spans))

    ids = words(model, rng, 7)
    spans = {"relation": [1, 2], "subject": [3, 5]}
    targets = {"answer_1": int(ranking(model, ids)[0]), "subject": ids[3]}
    moved = query(ids, spans, targets, "moved", 1, words(model, rng, 7))
    moved["counterfactual"]["spans"] = {"relation": [3, 4], "subject": [1, 3]}
    yield moved


def main():
    model = numpy_model.Model.open(sys.argv[1])
    rng = np.random.default_rng(12)
    for i, lengths in enumerate([(2, 1, 1), (1, 2, 3), (3, 3, 2)]):
        for line in make_item(model, rng, f"item {i}", *lengths):
            print(json.dumps(line))
    for line in odd_queries(model, rng):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
