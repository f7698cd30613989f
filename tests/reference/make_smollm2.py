"""What PyTorch computes with the demo's real model: tests/fixtures/smollm2.

    python3 tests/reference/make_smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf

needs torch, transformers, gguf and numpy, and data/cities. transformers in float32, one thread, on
the file's own weights dequantised to float32. Every number is also computed in float64 by
numpy_model and must agree to 2e-3, and every id of a continuation must be float64's argmax too, by
MARGIN: a fixture that hangs on rounding is not written.

expected.bin (tests/unit/fixture.h reads it; ids and counts are float32) holds for three prompts of
step 3, I = 0, 1, 2:

    vocab_ids               (64) ids at which rows of logits are kept, all targets first
    promptI.ids             (N)
    promptI.targets         (4) first tokens of answer 1, 2, 3 and of the subject
    promptI.argmax, .max, .logsumexp     (N) of the logits of every row
    promptI.logits          (64) of the last row, at vocab_ids
    promptI.final_rms       (1) sqrt(mean square of the last residual + eps)
    of the last row of every layer, C = attention output, MLP output, residual after the layer:
    promptI.norm            (L, 3) Euclidean length
    promptI.head            (L, 3, 8) the first eight components
    promptI.logit           (L, 3, 4) decoded logits of the targets (docs/methods.md 3.1)
    promptI.logprob         (L, 3, 4)
    promptI.rank            (L, 3, 4) some differ from float64's: neighbours closer than rounding
    promptI.vocab_mean, promptI.vocab_std    (L, 3) over the whole vocabulary, ddof 0
    promptI.embed_logit     (4)

continuations.json: {"continuations": [{"ids": [prompt], "next": [32 ids]}, ...]}, greedy, for every
prompt of data/cities in file order. Where float64's first two are closer than MARGIN the list stops
before: what comes then depends on rounding.
"""

import json
import pathlib
import struct
import sys

import numpy as np
import torch

import numpy_model
import torch_model

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "fixtures" / "smollm2"
NEW_TOKENS = 32
MARGIN = 1e-3
N_IDS = 64
TOLERANCE = 2e-3


def prompts_of_step(step):
    with open(ROOT / "data" / "cities" / f"cities_{step}.jsonl", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def targets_of(line):
    return [line["targets"][name] for name in ("answer_1", "answer_2", "answer_3", "subject")]


def torch_run(model, ids):
    """The last row's vectors (L, 3, d), its embedding, and all logits, from hooks."""
    kept = {"attn": [], "mlp": [], "resid": []}
    hooks = []

    def keep(name):
        def hook(_module, _inputs, output):
            x = output[0] if isinstance(output, tuple) else output
            kept[name].append(x[0, -1])

        return hook

    for layer in model.model.layers:
        hooks.append(layer.self_attn.register_forward_hook(keep("attn")))
        hooks.append(layer.mlp.register_forward_hook(keep("mlp")))
        hooks.append(layer.register_forward_hook(keep("resid")))
    with torch.no_grad():
        logits = model(torch.tensor(ids)[None]).logits[0]
        embedding = model.model.embed_tokens(torch.tensor(ids[-1]))
    for hook in hooks:
        hook.remove()
    vectors = torch.stack([torch.stack(kept[c]) for c in numpy_model.COMPONENTS], dim=1)
    return vectors, embedding, logits


def describe(vectors, embedding, final, logits, eps, w_final, unembed, targets, vocab_ids):
    """The arrays of one prompt; torch in, torch out, in the dtype of what is given."""

    def lens(x, mean_square):
        return (w_final * x / torch.sqrt(mean_square + eps)[..., None]) @ unembed.T

    var = final.square().mean()
    decoded = lens(vectors, var.expand(vectors.shape[:2]).clone())
    decoded[:, 2] = lens(vectors[:, 2], vectors[:, 2].square().mean(-1))
    logprob = torch.log_softmax(decoded, dim=-1)
    rank = torch.stack([(decoded > decoded[..., t : t + 1]).sum(-1) for t in targets], dim=-1)
    return {
        "argmax": logits.argmax(-1),
        "max": logits.max(-1).values,
        "logsumexp": torch.logsumexp(logits, dim=-1),
        "logits": logits[-1, vocab_ids],
        "final_rms": torch.sqrt(var + eps)[None],
        "norm": vectors.norm(dim=-1),
        "head": vectors[..., :8],
        "logit": decoded[..., targets],
        "logprob": logprob[..., targets],
        "rank": rank,
        "vocab_mean": decoded.mean(-1),
        "vocab_std": decoded.std(-1, correction=0),
        "embed_logit": lens(embedding[None], var[None])[0, targets],
    }


def prompt_arrays(model32, model64, line, vocab_ids):
    ids, targets = line["ids"], targets_of(line)
    vectors, embedding, logits = torch_run(model32, ids)
    weights = (model32.model.norm.weight.detach(), model32.lm_head.weight.detach())
    got = describe(vectors, embedding, vectors[-1, 2], logits, model64.eps, *weights, targets,
                   vocab_ids)
    run = model64.forward(ids)
    parts = [np.stack([v[-1] for v in kept]) for kept in (run.a, run.m, run.x[1:])]
    vectors = torch.from_numpy(np.stack(parts, axis=1))
    weights = (torch.from_numpy(model64.w_final), torch.from_numpy(model64.U))
    want = describe(vectors, torch.from_numpy(run.x[0][-1]), vectors[-1, 2],
                    torch.from_numpy(run.logits), model64.eps, *weights, targets, vocab_ids)
    arrays = {"ids": np.array(ids), "targets": np.array(targets)}
    for name, value in got.items():
        value, judge = value.numpy(), want[name].numpy()
        if name in ("argmax", "rank"):
            print(f"  {name:12} {int((value != judge).sum())} of {value.size} differ from float64")
        else:
            worst = np.abs(value - judge).max()
            print(f"  {name:12} largest {np.abs(judge).max():10.3f}, off by {worst:.1e}")
            assert worst < TOLERANCE * max(1, np.abs(judge).max() / 100), name
        arrays[name] = value
    return arrays


def continuation(model32, model64, prompt):
    """Greedy ids by float32 with a cache; judged by float64 on the whole sequence at once."""
    ids = torch.tensor(prompt)[None]
    with torch.no_grad():
        out = model32.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS,
                               do_sample=False, eos_token_id=None, pad_token_id=0)
    out = out[0].tolist()
    logits = model64.forward(out).logits
    smallest = np.inf
    for at in range(len(prompt) - 1, len(out) - 1):
        margin = logits[at, out[at + 1]] - np.delete(logits[at], out[at + 1]).max()
        if margin < MARGIN:
            print(f"  stopped after {at + 1 - len(prompt)} tokens, margin {margin:.1e}")
            return out[len(prompt) : at + 1], smallest
        smallest = min(smallest, margin)
    return out[len(prompt) :], smallest


def write_arrays(path, arrays):
    with open(path, "wb") as f:
        f.write(b"LSFX" + struct.pack("<II", 1, len(arrays)))
        for name, x in arrays.items():
            x = np.ascontiguousarray(x, dtype="<f4")
            f.write(struct.pack("<I", len(name)) + name.encode())
            f.write(struct.pack(f"<I{x.ndim}I", x.ndim, *x.shape) + x.tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_smollm2.py MODEL.gguf")
    torch.set_num_threads(1)
    config, weights = numpy_model.read_checkpoint(sys.argv[1])
    model32 = torch_model.build(config, weights)
    model64 = numpy_model.Model(config, weights)

    lines = prompts_of_step(3)
    chosen = [lines[0], lines[len(lines) // 2], lines[-1]]
    rng = np.random.default_rng(11)
    first = list(dict.fromkeys(t for line in chosen for t in targets_of(line)))
    others = np.setdiff1d(np.arange(model64.V), first)
    vocab_ids = first + sorted(rng.choice(others, N_IDS - len(first), replace=False).tolist())
    arrays = {"vocab_ids": np.array(vocab_ids)}
    for i, line in enumerate(chosen):
        print(line["query"].replace("\n", " "))
        for name, x in prompt_arrays(model32, model64, line, vocab_ids).items():
            arrays[f"prompt{i}.{name}"] = x
    OUT.mkdir(parents=True, exist_ok=True)
    write_arrays(OUT / "expected.bin", arrays)

    found, smallest = [], np.inf
    for line in (line for step in (1, 2, 3) for line in prompts_of_step(step)):
        ids, margin = continuation(model32, model64, line["ids"])
        found.append({"ids": line["ids"], "next": ids})
        smallest = min(smallest, margin)
    text = ",\n".join(json.dumps(c) for c in found)
    (OUT / "continuations.json").write_text(f'{{"continuations": [\n{text}\n]}}\n')
    full = sum(len(c["next"]) == NEW_TOKENS for c in found)
    print(f"{len(found)} continuations, {full} of all {NEW_TOKENS} tokens, margin {smallest:.4f}")


if __name__ == "__main__":
    main()
