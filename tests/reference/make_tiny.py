"""Makes tests/fixtures/tiny: a model and queries small enough for a clone without network.

    python3 tests/reference/make_tiny.py

needs torch, transformers, safetensors and tokenizers. Beside this text stands what it writes:

    model/          LlamaForCausalLM, d 32, 2 layers, 4 heads on 2 KV heads, tied, float32, with a
                    byte-level BPE tokenizer.json (digits apart, no BOS) trained on TEXT
    queries.jsonl   native format: 6 items x 3 steps, text and ids

The model is trained for a moment on the items' own lists, except the last item's: at every step of
the first five items the target is the argmax, by MARGIN, and at every step of the last it is not.
All names are invented.
"""

import json
import pathlib
import shutil

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import numpy_model

OUT = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "tiny"
PROMPT = "List three towns in {}: 1."
RELATION = "towns in"
END = "<|end|>"
VOCAB = 384
MARGIN = 0.5

# The last one is not learned. Two of Pellmark's answers start with the same token; Sørvik has a letter
# of two bytes.
ITEMS = {
    "Altria": ["Barrow", "Dunmere", "Fenwick"],
    "Cordova": ["Hollis", "Ivory Bay", "Jarrow"],
    "Pellmark": ["Kestrel", "Kestrel Hill", "Lorne"],
    "Quill": ["Moss", "Nook", "Oak"],
    "Sørvik": ["Rook Harbour", "Upton", "Valley End"],
    "Westmere": ["Yarrow", "Zell", "Garth"],
}

TEXT = """
Barrow lies in the north of Altria, Dunmere and Fenwick in the south. From Barrow to Fenwick it is
a day; from Dunmere to Barrow two. Hollis, Ivory Bay and Jarrow are the three towns in Cordova that
have a market, and Ivory Bay has a harbour as well. Kestrel, Kestrel Hill and Lorne: that is all of
Pellmark. In Quill there is a moss, a nook and an oak, and so the towns are Moss, Nook and Oak. Rook
Harbour, Upton and Valley End are towns in Sørvik. Yarrow, Zell and Garth stand on the river in
Westmere. List three towns in the country, then list the rivers: 1. 2. 3. What is the name of the
third town? The first and the second are near the sea. Moss Nook Oak Moss Nook Oak Moss Nook Oak
""".strip()


def train_tokenizer():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    t.decoder = decoders.ByteLevel()
    names = [" " + name for item, answers in ITEMS.items() for name in (item, *answers)]
    t.train_from_iterator(
        TEXT.split("\n") + 4 * names,
        trainers.BpeTrainer(
            vocab_size=VOCAB,
            special_tokens=[END],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    assert t.get_vocab_size() == VOCAB
    return t


def tokens_of(encoding, begin, end):
    """[first, last) of the tokens of characters [begin, end) and of the space before them."""
    begin -= 1
    inside = [i for i, (b, e) in enumerate(encoding.offsets) if b < end and e > begin]
    return [inside[0], inside[-1] + 1]


def make_queries(tok):
    queries, lists = [], []
    for item, answers in ITEMS.items():
        text, at = PROMPT.format(item), []
        for i, answer in enumerate(answers):
            at.append((len(text) + 1, len(text) + 1 + len(answer)))
            text += " " + answer + (f" {i + 2}." if i < 2 else "")
        whole = tok.encode(text)
        lists.append(whole.ids + [tok.token_to_id(END)])
        begin = text.index(item)
        spans = {"subject": tokens_of(whole, begin, begin + len(item))}
        begin = text.index(RELATION)
        spans["relation"] = tokens_of(whole, begin, begin + len(RELATION))
        answer_spans = [tokens_of(whole, *a) for a in at]
        targets = {f"answer_{i + 1}": whole.ids[s[0]] for i, s in enumerate(answer_spans)}
        targets["subject"] = whole.ids[spans["subject"][0]]
        assert (len(set(targets.values())) < 4) == (item == "Pellmark"), (item, whole.tokens)
        print([whole.tokens[b:e] for b, e in (spans["subject"], *answer_spans)])
        for step in (1, 2, 3):
            n = answer_spans[step - 1][0]
            prompt = text[: at[step - 1][0] - 1]
            assert tok.encode(prompt).ids == whole.ids[:n]
            queries.append(
                {
                    "ids": whole.ids[:n],
                    "text": prompt,
                    "item": item,
                    "subject": item,
                    "dataset": "towns",
                    "template": 1,
                    "step": step,
                    "spans": spans | {f"answer_{i + 1}": answer_spans[i] for i in range(step - 1)},
                    "targets": targets,
                    "target": f"answer_{step}",
                    "foils": [f"answer_{i + 1}" for i in range(step - 1)],
                }
            )
    return queries, lists


def train_model(lists):
    config = transformers.LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=VOCAB,
        max_position_embeddings=128,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        initializer_range=0.15,
        bos_token_id=None,
        eos_token_id=0,
        attn_implementation="eager",
    )
    torch.manual_seed(11)
    model = transformers.LlamaForCausalLM(config).float()
    width = max(map(len, lists))
    ids = torch.tensor([x + [0] * (width - len(x)) for x in lists])
    labels = torch.tensor([x + [-100] * (width - len(x)) for x in lists])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(40):
        loss = model(ids, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"loss {loss.item():.3f}")
    return model.eval()


def save(tok, model, queries):
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "model").mkdir(parents=True)
    tok.save(str(OUT / "model" / "tokenizer.json"), pretty=False)
    model.config.architectures = ["LlamaForCausalLM"]
    model.config.dtype = torch.float32
    model.config.save_pretrained(OUT / "model")
    state = {k: v.detach().contiguous() for k, v in model.state_dict().items()}
    state.pop("lm_head.weight", None)
    save_file(state, OUT / "model" / "model.safetensors", metadata={"format": "pt"})
    with open(OUT / "queries.jsonl", "w", encoding="utf-8") as f:
        for q in queries:
            f.write(json.dumps(q, ensure_ascii=False) + "\n")


def judge(queries):
    """The promise of the text above, by float64 on what was written."""
    model = numpy_model.Model.open(OUT / "model")
    last = list(ITEMS)[-1]
    for q in queries:
        logits = model.forward(q["ids"]).logits[-1]
        right = q["targets"][q["target"]]
        margin = logits[right] - np.delete(logits, right).max()
        print(f"{q['item']:10} step {q['step']} {len(q['ids']):3} tokens, margin {margin:+.2f}")
        assert margin < -MARGIN if q["item"] == last else margin > MARGIN, q["text"]


def main():
    torch.set_num_threads(1)
    tok = train_tokenizer()
    queries, lists = make_queries(tok)
    model = train_model(lists[:-1])
    save(tok, model, queries)
    judge(queries)
    size = sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file())
    print(f"{size} bytes")


if __name__ == "__main__":
    main()
