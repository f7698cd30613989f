"""Spreads queries over datasets and templates, unequally, so that averages of averages are tested.

    python3 tests/reference/make_strata.py queries.jsonl > strata.jsonl

The queries are those of make_queries.py. Each copy has its tokens in another order, so the targets
are no longer the argmax. Two more spans overlap each other, the relation and the first token, and stand
before them in the data: which set a token belongs to matters. Some queries lack a target.
"""

import json
import sys

COPIES = [  # dataset, template, which queries
    ("random", 1, slice(None)),
    ("random", 2, slice(0, 5)),
    ("other", 1, slice(3, 8)),
    ("other", 4, slice(6, 8)),
    ("third", 2, slice(7, 12)),
]


def copied(query, number, dataset, template):
    ids = query["ids"]
    out = {key: query[key] for key in ("step", "target")}
    out["ids"] = ids[number % len(ids) :] + ids[: number % len(ids)]
    out["item"] = f"{query['item']} of {dataset}"
    out["dataset"], out["template"] = dataset, template
    end = query["spans"].get("relation", [0, 1])[1]
    out["spans"] = {"zone": [0, end], "aside": [0, max(1, end - 1)]} | query["spans"]
    out["targets"] = dict(query["targets"])
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        queries = [json.loads(line) for line in f]
    lines = [
        copied(query, number, dataset, template)
        for number, (dataset, template, which) in enumerate(COPIES)
        for query in queries[which]
    ]
    for i, line in enumerate(lines):
        if i % 3 == 2 and line["target"] != "answer_3":
            line["targets"].pop("answer_3", None)
        print(json.dumps(line))


if __name__ == "__main__":
    main()
