"""Makes the seeds of tests/fuzz/fuzz_chat.c and fuzz_spm.c: tests/fuzz/corpus/chat, spm.

    python3 tests/reference/make_chat_corpus.py

needs the packages `jinja2` (for tests/compare_chat.py, whose templates these are) and `sentencepiece`.
Files that a fuzzer found, named found-*, are kept.
"""

import io
import pathlib
import struct
import sys

import sentencepiece

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))
import compare_chat  # noqa: E402

TEXTS = ["the river comes down from the hills", "there is a mill at the bend", "a b c d e f g h", "mill hill river"] * 20
TEXT = "the  mill <s> <sep> caf\u00e9 \ufb01 \u3000x".encode()


def model(kind, rule, **more):
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS), model_writer=out, vocab_size=60, model_type=kind, normalization_rule_name=rule,
        hard_vocab_limit=False, minloglevel=2, **more)
    return out.getvalue()


def field(number, data):
    assert len(data) < 1 << 14
    return bytes([number << 3 | 2, len(data) & 127 | 128, len(data) >> 7]) + data


def with_map(data):
    """The model with a map of characters that makes "xy" of "a": a double array of three units in use."""
    units = [0] * 0x62
    units[0], units[0x60], units[1] = 1 << 10, 0x61 << 10 | 1 << 8 | 0x61, 1 << 31
    trie = struct.pack(f"<{len(units)}I", *units)
    return data + field(3, field(2, struct.pack("<I", len(trie)) + trie + b"xy\0"))


def main():
    for name, text in compare_chat.TEMPLATES.items():
        (TESTS / "fuzz" / "corpus" / "chat" / name).write_bytes(text.encode() + b"\0")
    models = {
        "bpe": model("bpe", "identity", user_defined_symbols=["<sep>"]),
        "unigram": model("unigram", "identity", add_dummy_prefix=False, remove_extra_whitespaces=False),
    }
    models["map"] = with_map(models["bpe"])
    models["cut"] = models["bpe"][:300]
    for name, data in models.items():
        seed = struct.pack("<H", len(TEXT)) + data + TEXT
        (TESTS / "fuzz" / "corpus" / "spm" / name).write_bytes(seed)


if __name__ == "__main__":
    main()
