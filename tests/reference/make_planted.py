"""Makes a model whose circuit is known, its weights set by hand, and queries for it.

    python3 tests/reference/make_planted.py FOLDER [--redundant]    # FOLDER/model, FOLDER/planted.jsonl

A query tells of two entities of different kinds and asks for the three answers of one of them:

    first kind-word word entity word entity . 1 . answer 2 . answer 3 .

The word of a kind (`relation`) says which of the entities is the subject. Three of the 16 heads act
at the last token, each by what it attends to; everything else writes nothing, or noise.

    COPIER      reads the entity of the kind that the last token's residual names, and writes the
                entity's three answers, the first one most
    SUPPRESSOR  reads the earlier answers and writes minus them
    ENABLER     reads the word of the kind and writes the kind, for the COPIER's query to read;
                no token's unembedding has anything there: all of its effect goes through the COPIER

NOISE heads write a number with the entity's random sign where no unembedding reads: they act on the
final norm alone, in either direction. KV heads are shared by two heads each. With --redundant a
second head, BACKUP, does what the ENABLER does: either alone is enough for the COPIER. Needs numpy.
"""

import itertools
import json
import pathlib
import struct
import sys

import numpy as np

L, H, G, DH, D = 4, 4, 2, 16, 64
ENABLER, COPIER, SUPPRESSOR = (0, 1), (2, 2), (3, 0)
BACKUP = (0, 0)
NOISE = ((0, 3), (1, 0), (1, 2), (2, 1), (3, 3))

KINDS, ENTITIES, ANSWERS, WORDS = 4, 24, 12, 4
FIRST, DOT, DIGIT = 0, 1, 2  # token ids; DIGIT, DIGIT + 1, DIGIT + 2
KIND = 5
ENTITY = KIND + KINDS
ANSWER = ENTITY + ENTITIES
WORD = ANSWER + ANSWERS
V = WORD + WORDS

# Where what is in the residual stream
IS_ENTITY = 0  # (ENTITIES)
IS_ANSWER = 24  # (ANSWERS)
SAYS = 36  # (ANSWERS) what the unembedding reads
OF_KIND = 48  # (KINDS) at entities
IS_KIND = 52  # (KINDS) at kind words
ASKED = 56  # (KINDS) at the last token, by the ENABLER
IS_FIRST, IS_DOT, NOISY, REST = 60, 61, 62, 63

FIXED = (4, 5, 6, 7, 12, 13, 14, 15)  # components of a head that RoPE hardly turns
STRENGTH = (1.0, 0.9, 0.8)


def answers_of(entity):
    """Three different answers; no two entities have the same three."""
    triples = list(itertools.combinations(range(ANSWERS), 3))
    triple = triples[entity * len(triples) // ENTITIES]
    return triple[entity % 3 :] + triple[: entity % 3]


def embeddings():
    e = np.zeros((V, D))
    e[FIRST, IS_FIRST] = 1
    e[DOT, IS_DOT] = 1
    for i in range(KINDS):
        e[KIND + i, IS_KIND + i] = 1
    for i in range(ENTITIES):
        e[ENTITY + i, IS_ENTITY + i] = 1
        e[ENTITY + i, OF_KIND + i % KINDS] = 1
    for i in range(ANSWERS):
        e[ANSWER + i, IS_ANSWER + i] = 1
    e[:, NOISY] = 1
    e[:, REST] = 3  # most of the norm
    return e


def kv_head(head):
    return head * G // H


class Attention:
    """The matrices of one layer, as a checkpoint has them."""

    def __init__(self):
        self.q, self.o = np.zeros((H * DH, D)), np.zeros((D, H * DH))
        self.k, self.v = np.zeros((G * DH, D)), np.zeros((G * DH, D))

    def look(self, head, i, query, key, score):
        """Component FIXED[i]: tokens with `query` attend to those with `key`."""
        kv = kv_head(head)
        self.q[head * DH + FIXED[i], query] = score
        self.k[kv * DH + FIXED[i], key] = 1

    def carry(self, head, i, source, target, factor):
        """Value i: what stands at `source` (indices, factors) is added at `target`."""
        kv = kv_head(head)
        for index, weight in source:
            self.v[kv * DH + i, index] = weight
        self.o[target, head * DH + i] = factor


def enabler(a, head):
    for i in range(KINDS):
        a.look(head, i, IS_DOT, IS_KIND + i, 20)
        a.carry(head, i, [(IS_KIND + i, 1)], ASKED + i, 0.5)


def copier(a, head):
    for i in range(KINDS):
        a.look(head, i, ASKED + i, OF_KIND + i, 40)
    a.look(head, KINDS, IS_DOT, IS_FIRST, 20)  # who is not told whom to look at looks there
    for i in range(ANSWERS):
        source = [
            (IS_ENTITY + e, STRENGTH[answers_of(e).index(i)])
            for e in range(ENTITIES)
            if i in answers_of(e)
        ]
        a.carry(head, i, source, SAYS + i, 0.5)


def suppressor(a, head):
    for i in range(ANSWERS):  # one component for all
        a.look(head, 0, IS_DOT, IS_ANSWER + i, 40)
    a.look(head, 1, IS_DOT, IS_FIRST, 20)  # step 1
    for i in range(ANSWERS):
        a.carry(head, i, [(IS_ANSWER + i, 1)], SAYS + i, -1)


def noise(a, head, rng):
    """Attends to everything alike. Its value is one that the pair's other head has no use for."""
    source = [(IS_ENTITY + e, rng.choice((-1, 1))) for e in range(ENTITIES)]
    a.carry(head, ANSWERS + head % 2, source, NOISY, 0.1)


def weights(redundant=False):
    rng = np.random.default_rng(15)
    out = {"model.embed_tokens.weight": embeddings(), "model.norm.weight": np.ones(D)}
    says = np.zeros((V, D))
    for i in range(ANSWERS):
        says[ANSWER + i, SAYS + i] = 2
    out["lm_head.weight"] = says
    for layer in range(L):
        a = Attention()
        for plant, at in ((enabler, ENABLER), (copier, COPIER), (suppressor, SUPPRESSOR)):
            if at[0] == layer:
                plant(a, at[1])
        if redundant and BACKUP[0] == layer:
            enabler(a, BACKUP[1])
        for at in NOISE:
            if at[0] == layer:
                noise(a, at[1], rng)
        name = f"model.layers.{layer}."
        for proj in "qkvo":
            out[f"{name}self_attn.{proj}_proj.weight"] = getattr(a, proj)
        for proj in ("gate", "up"):
            out[f"{name}mlp.{proj}_proj.weight"] = np.zeros((D, D))
        out[f"{name}mlp.down_proj.weight"] = np.zeros((D, D))
        for norm in ("input_layernorm", "post_attention_layernorm"):
            out[f"{name}{norm}.weight"] = np.ones(D)
    return out


def write_safetensors(path, tensors):
    header, blobs, at = {}, [], 0
    for name, value in tensors.items():
        blob = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": value.shape, "data_offsets": [at, at + len(blob)]}
        blobs.append(blob)
        at += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_checkpoint(folder, tensors, n_layers, heads, kv_heads, dh, d, d_ff, vocab, tie=False):
    """A directory as Hugging Face has it, weights in f32."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": d,
        "intermediate_size": d_ff,
        "num_hidden_layers": n_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": dh,
        "max_position_embeddings": 64,
        "rms_norm_eps": 1e-5,
        "rope_theta": 1e16,
        "vocab_size": vocab,
        "tie_word_embeddings": tie,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    write_safetensors(folder / "model.safetensors", tensors)


def queries(entity, rng):
    """The three steps of one item."""
    word = lambda: WORD + int(rng.integers(WORDS))  # noqa: E731
    others = [e for e in range(ENTITIES) if e % KINDS != entity % KINDS]
    pair = [entity, int(rng.choice(others))]
    first = int(rng.integers(2))
    ids = [FIRST, KIND + entity % KINDS]
    ids += [word() for _ in range(1 + entity % 2)]
    at = [len(ids), len(ids) + 2][first]
    ids += [ENTITY + pair[first], word(), ENTITY + pair[1 - first], DOT]
    spans = {"relation": [1, 2], "subject": [at, at + 1]}
    found = [ANSWER + i for i in answers_of(entity)]
    targets = {f"answer_{i + 1}": t for i, t in enumerate(found)} | {"subject": ENTITY + entity}
    for step in (1, 2, 3):
        ids = ids + [DIGIT + step - 1, DOT]
        yield {
            "ids": ids,
            "item": f"entity {entity}",
            "dataset": "planted",
            "template": 1,
            "step": step,
            "spans": dict(spans),
            "targets": targets,
            "target": f"answer_{step}",
        }
        spans[f"answer_{step}"] = [len(ids), len(ids) + 1]
        ids = ids + [found[step - 1]]


def main():
    folder = pathlib.Path(sys.argv[1])
    write_checkpoint(folder / "model", weights("--redundant" in sys.argv), L, H, G, DH, D, D, V)
    rng = np.random.default_rng(16)
    with open(folder / "planted.jsonl", "w", encoding="utf-8") as f:
        for entity in range(ENTITIES):
            for line in queries(entity, rng):
                print(json.dumps(line), file=f)


if __name__ == "__main__":
    main()
