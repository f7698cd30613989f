"""Data for computed_noise.sh, and what `noise: computed` must give, from NumPy and the tokenizers package.

    python3 computed_noise.py make MODEL QUERIES DIR         DIR/native.jsonl and DIR/layout/towns_STEP.jsonl
    python3 computed_noise.py check MODEL RESULT DATA [N]    the levels of the group `trace` of RESULT

QUERIES are native; each gets the model's own next token as its target, so that it is traced. N: only
the first N lines of each file count.
"""

import json
import os
import sys

import h5py
import numpy as np
from tokenizers import Tokenizer

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../reference"))
import numpy_model  # noqa: E402

ANSWERS = ("answer_1", "answer_2", "answer_3")


def labels(tokenizer, queries):
    """{item: its answers' strings}: the words behind "1. ", "2. " and a made-up third."""
    out = {}
    for q in queries:
        words = [w for w in q["text"].split(".")[1:-1]]
        out[q["item"]] = [w[: w.rindex(" ")] for w in words] + [" Third"] * (3 - len(words))
    return out


def layout_line(q, strings):
    step = q["step"]
    tokens = [[q["targets"][a]] for a in ANSWERS]
    spans = [q["spans"].get(a, [q["spans"]["subject"][1] + 90 + i, q["spans"]["subject"][1] + 91 + i])
             for i, a in enumerate(ANSWERS)]
    return {
        "query": q["text"], "query_input_ids": q["ids"], "target_answer_idx": step,
        "target_answer_name": strings[step - 1], "target_answer_tokens": tokens[step - 1],
        "three_answers_label_list": strings, "three_answers_token_list": tokens,
        "three_answers_start_end_idx": spans, "subject": q["item"],
        "subject_token_list": [q["targets"]["subject"]],
        "subject_start_end_idx": q["spans"]["subject"],
        "relation_start_end_idx": q["spans"]["relation"],
    }


def make(model, queries, folder):
    model, tokenizer = numpy_model.Model.open(model), Tokenizer.from_file(f"{model}/tokenizer.json")
    with open(queries, encoding="utf-8") as f:
        queries = [json.loads(line) for line in f]
    strings = labels(tokenizer, queries)
    os.makedirs(f"{folder}/layout")
    with open(f"{folder}/native.jsonl", "w", encoding="utf-8") as f:
        for q in queries:
            best = int(model.forward(q["ids"], logits="last").logits[-1].argmax())
            q["targets"][q["target"]] = best
            f.write(json.dumps(q) + "\n")
    for step in (1, 2, 3):
        with open(f"{folder}/layout/towns_{step}.jsonl", "w", encoding="utf-8") as f:
            for q in queries:
                if q["step"] == step:
                    f.write(json.dumps(layout_line(q, strings[q["item"]]), ensure_ascii=False) + "\n")


def tokens_of(line, span, tokenizer):
    """The tokens whose embeddings count."""
    if "query_input_ids" in line and span != "relation":
        texts = [line["subject"]] if span == "subject" else line["three_answers_label_list"]
        return sum((tokenizer.encode(t, add_special_tokens=False).ids for t in texts), [])
    key = "relation_start_end_idx"
    begin, end = line[key] if key in line else line["spans"].get(span, (0, 0))
    return line.get("query_input_ids", line.get("ids"))[begin:end]


def check(model, result, data, limit=None):
    tokenizer = Tokenizer.from_file(f"{model}/tokenizer.json")
    E = numpy_model.Model.open(model).E
    names = sorted(os.listdir(data)) if os.path.isdir(data) else [""]
    lines = []
    for name in names:
        with open(os.path.join(data, name) if name else data, encoding="utf-8") as f:
            lines += [(json.loads(line), i) for i, line in enumerate(f)]
    wrong = done = 0
    with h5py.File(result) as f:
        group = f["trace"]
        level, steps = group["noise_level"][()], group["step"][()]
        status = [s.decode() for s in group["status"][()]]
        for c, span in enumerate(s.decode() for s in group["corruption"][()]):
            for q, (line, _) in enumerate(lines):
                own = [k for k, (_, i) in enumerate(lines)
                       if steps[k] == steps[q] and (not limit or i < int(limit))]
                ids = sum((tokens_of(lines[k][0], span, tokenizer) for k in own), [])
                present = span != "answer_1" or steps[q] > 1
                want = 3 * E[ids].std(ddof=1) if ids and present and q in own else np.nan
                same = np.isclose(level[q, c], want, rtol=1e-6, atol=0, equal_nan=True)
                done += status[q] == "ok" and bool(np.isfinite(want))
                if not same or (q in own) != (status[q] == "ok"):
                    print(f"query {q}, {span}: {level[q, c]}, expected {want}; {status[q]}")
                    wrong += 1
    print(f"{done} levels compared, {wrong} wrong")
    return 1 if wrong or not done else 0


if __name__ == "__main__":
    sys.exit({"make": make, "check": check}[sys.argv[1]](*sys.argv[2:]))
