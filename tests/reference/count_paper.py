#!/usr/bin/env python3
"""Counts the flags of the released data (docs/methods.md 1) for tests/unit/test_data_paper.c.

    LENSWEEP_PAPER_DATA=FOLDER python3 tests/reference/count_paper.py

Nothing here is shared with the loader. Prints a row per model: collision, generic, in the prompt,
prompts that end in a quote or a space, queries with a counterfactual partner, longest prompt.
"""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

DATA = Path(os.environ["LENSWEEP_PAPER_DATA"])


def queries(model):
    for path in sorted(DATA.glob(f"*/{model}/**/*.jsonl")):
        for line in path.read_text().splitlines():
            yield path.name[:-len("_1.jsonl")], json.loads(line)


def shape(line):
    step = line["target_answer_idx"]
    spans = [line["subject_start_end_idx"], line["relation_start_end_idx"]]
    spans += line["three_answers_start_end_idx"][:step - 1]
    return (step, len(line["query_input_ids"]), *(end - begin for begin, end in spans))


def count(model):
    found, lines = Counter(), list(queries(model))
    answers, starts, shapes = defaultdict(set), defaultdict(set), defaultdict(list)
    for name, line in lines:
        shapes[name, shape(line)].append(line["subject"])
        for text, ids in zip(line["three_answers_label_list"], line["three_answers_token_list"]):
            answers[name].add(text.strip(" "))
            starts[name, ids[0]].add(text.strip(" "))
    for name, line in lines:
        first = [ids[0] for ids in line["three_answers_token_list"]]
        right = first[line["target_answer_idx"] - 1]
        begun = len(starts[name, right])
        found["collision"] += len({*first, line["subject_token_list"][0]}) < 4
        found["generic"] += begun >= 3 and begun > 0.02 * len(answers[name])
        found["in prompt"] += right in line["query_input_ids"]
        found["quote"] += line["query"][-1] in "\"'`\u2018\u2019\u201c\u201d"
        found["space"] += line["query"][-1] == " "
    found["counterfactual"] = sum(len(v) for v in shapes.values() if len(set(v)) > 1)
    found["longest"] = max(len(line["query_input_ids"]) for _, line in lines)
    return dict(found)


for each in ("meta-llama", "mistralai"):
    print(each, count(each))
