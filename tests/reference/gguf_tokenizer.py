"""The tokenizer of a GGUF file ("gpt2" vocabulary, "smollm" pre-tokenizer) by `tokenizers`."""

import gguf
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

CONTROL, USER_DEFINED = 3, 4  # values of tokenizer.ggml.token_type


def open_tokenizer(path):
    reader = gguf.GGUFReader(path)

    def meta(key):
        return reader.get_field(f"tokenizer.ggml.{key}").contents()

    if meta("model") != "gpt2" or meta("pre") != "smollm":
        raise ValueError(f"{path}: tokenizer {meta('model')!r}, {meta('pre')!r} is not handled")
    tokens = meta("tokens")
    merges = [tuple(m.split(" ")) for m in meta("merges")]
    tok = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tok.decoder = decoders.ByteLevel()
    kinds = meta("token_type")
    added = [t for t, k in zip(tokens, kinds) if k in (CONTROL, USER_DEFINED)]
    tok.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in added])
    if tok.get_vocab_size() != len(tokens):
        raise ValueError(f"{path}: {tok.get_vocab_size()} tokens made of {len(tokens)}")
    return tok
