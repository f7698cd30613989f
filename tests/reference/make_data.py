#!/usr/bin/env python3
"""Makes the data fixtures that are not written by hand, with what is expected of them.

    python3 tests/reference/make_data.py

tests/fixtures/data/status/      queries that cannot be used, a line each, and why (vocabulary 300,
                                 at most 8 tokens, no tokenizer)
tests/fixtures/data/released/    two made-up items in the layout of the released one-to-many files:
                                 template 2, three steps; the second item's spans stand under
                                 prev_ans_i, the last file has no newline at its end
"""

import json
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "fixtures" / "data"
BIG = 2**63 - 1


def status():
    good = {"ids": [1, 2, 3], "targets": {"a": 4}}
    vocabulary = "is outside the vocabulary of 300"
    rows = [
        ({}, "ok"),
        ({"ids": [1, 2, 3, 700]}, f"id 700 at token 3 {vocabulary}"),
        ({"ids": [1, -2, 3]}, f"id -2 at token 1 {vocabulary}"),
        ({"ids": [1, 2, BIG]}, f"id {BIG} at token 2 {vocabulary}"),
        ({"targets": {"a": 300}}, f"target a: id 300 {vocabulary}"),
        ({"ids": []}, "empty prompt"),
        ({"ids": [1] * 9}, "prompt of 9 tokens is longer than 8"),
        ({"spans": {"s": [2, 1]}}, "span s [2, 1) is reversed"),
        ({"spans": {"s": [1, 1]}}, "span s [1, 1) is empty"),
        ({"spans": {"s": [1, 4]}}, "span s [1, 4) lies outside the prompt of 3 tokens"),
        ({"spans": {"s": [-1, 2]}}, "span s [-1, 2) lies outside the prompt of 3 tokens"),
        ({"spans": {"s": [1, BIG]}}, f"span s [1, {BIG}) lies outside the prompt of 3 tokens"),
        ({"controls": [5, 301]}, f"control 1: id 301 {vocabulary}"),
        ({"counterfactual": {"ids": [1, 2]}},
         "counterfactual of 2 tokens, expected 3 as in the prompt"),
        ({"counterfactual": {"ids": [1, 2, 301]}},
         f"counterfactual: id 301 at token 2 {vocabulary}"),
        ({"counterfactual": {"ids": [1, 2, 3], "spans": {"s": [3, 4]}}},
         "counterfactual: span s [3, 4) lies outside the prompt of 3 tokens"),
        ({"char_spans": {"s": [0, 1]}}, "char_spans without text"),
        ({"text": "abc", "char_spans": {"s": [0, 1]}}, "char_spans without a tokenizer"),
        ({"ids": None, "text": "abc"}, "text without a tokenizer"),
        ({"targets": {"a": "x"}}, "target a: text without a tokenizer"),
    ]
    lines = [json.dumps({**good, **row}) for row, _ in rows]
    (DATA / "status").mkdir(parents=True, exist_ok=True)
    (DATA / "status" / "status.jsonl").write_text("\n".join(lines) + "\n")
    (DATA / "status" / "status.expected").write_text("\n".join(why for _, why in rows) + "\n")


def released(subject, subject_ids, answers, step, own_keys):
    ids = [10, 11, 12, *subject_ids, 13]
    names = [" apple ", " pear", " fig"]
    at, end = [], len(ids)
    for k in range(3):
        end += 2 + len(answers[k])
        at.append([end - len(answers[k]), end])
        if k < step:
            ids += [50 + k, 14] + (answers[k] if k + 1 < step else [])
    line = {
        "query": f"Name three fruits of {subject}: ... {step}.",
        "query_input_ids": ids,
        "target_answer_idx": step,
        "target_answer_name": names[step - 1],
        "target_answer_tokens": answers[step - 1],
        "three_answers_label_list": names,
        "three_answers_token_list": answers,
        "subject": subject,
        "subject_token_list": subject_ids,
        "subject_start_end_idx": [3, 3 + len(subject_ids)],
        "relation_start_end_idx": [2, 3],
    }
    if own_keys:
        line |= {f"prev_ans_{k + 1}_start_end_idx": at[k] for k in range(step - 1)}
    else:
        line["three_answers_start_end_idx"] = at
    return json.dumps(line)


def main():
    status()
    folder = DATA / "released" / "prompt_template_2"
    folder.mkdir(parents=True, exist_ok=True)
    for step in (1, 2, 3):
        lines = [released("Redland", [20, 21], [[40], [41, 42], [43]], step, False),
                 released("Blueland", [22], [[44, 45], [46], [40]], step, True)]
        (folder / f"fruits_{step}.jsonl").write_text("\n".join(lines) + "\n" * (step < 3))


main()
