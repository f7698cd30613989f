"""Makes the seeds of tests/fuzz/fuzz_tokenizer.c: tests/fuzz/corpus/tokenizer.

    python3 tests/reference/make_tokenizer_corpus.py

needs only Python. A seed is a tokenizer.json, a NUL, and a text. Files that a fuzzer found, named
found-*, are kept.
"""

import json
import pathlib

OUT = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus" / "tokenizer"

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
VOCAB = {"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ã": 4, "©": 5, "Ã©": 6, "abab": 7, "1": 8, "Ċ": 9}
MERGES = ["a b", "Ã ©", "ab ab"]
TEXT = "ab abab  é 11\n<x> ab<y>a e\u0301"


def save(name, text=TEXT, **parts):
    j = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": BYTE_LEVEL,
        "post_processor": None,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": VOCAB, "merges": MERGES},
    }
    j.update(parts)
    (OUT / name).write_bytes(json.dumps(j, ensure_ascii=False).encode() + b"\0" + text.encode())


def split(pattern):
    step = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [step, dict(BYTE_LEVEL, use_regex=False)]}


def added(i, content, **flags):
    return {"id": i, "content": content, **flags}


def model(**more):
    return {"type": "BPE", "vocab": VOCAB, "merges": MERGES, **more}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    save("plain")
    save("pairs", model=model(merges=[m.split(" ") for m in MERGES], ignore_merges=True))
    save("unk", model=model(unk_token="a", fuse_unk=True))
    save("nfc", normalizer={"type": "NFC"})
    save("prefix", pre_tokenizer=dict(BYTE_LEVEL, add_prefix_space=True))
    digits = {"type": "Digits", "individual_digits": True}
    save("digits", pre_tokenizer={"type": "Sequence", "pretokenizers": [digits, BYTE_LEVEL]})
    save("split", pre_tokenizer=split(r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s+(?!\S)|[^\s\d]+"))
    save("nested", pre_tokenizer=split(r"(?:a+)+[xy]"), text="a" * 30)
    save("empty-match", pre_tokenizer=split(r"x*|(?<=a)|\u0062"))
    steps = ["NFD", "NFKC", "NFKD", "Lowercase"]
    save("forms", normalizer={"type": "Sequence", "normalizers": [{"type": t} for t in steps]}, text="\u00c5\ufb01\u0130\u1e9b\u0323 \u32ff")
    strip = {"type": "Strip", "strip_left": True, "strip_right": True}
    regex = {"type": "Replace", "pattern": {"Regex": " {2,}|^a"}, "content": ""}
    save("strip", normalizer={"type": "Sequence", "normalizers": [strip, regex]}, text="  ab   ab \u2003")
    for behavior in ("Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        step = {"type": "Split", "pattern": {"String": "a"}, "behavior": behavior, "invert": behavior == "Removed"}
        punctuation = {"type": "Punctuation", "behavior": behavior}
        save("behavior-" + behavior, pre_tokenizer={"type": "Sequence", "pretokenizers": [step, punctuation, BYTE_LEVEL]})
    spaces = {"a": 0, "b": 1, "\u2581": 2, "\u2581a": 3, "ab": 4, "<0xC3>": 5, "<0xA9>": 6, "<0xFF>": 7}
    meta = {"type": "Metaspace", "replacement": "\u2581"}
    replace = {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "}
    chain = [replace, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1}]
    for scheme in ("always", "first", "never"):
        save("metaspace-" + scheme, pre_tokenizer=dict(meta, prepend_scheme=scheme, split=scheme != "first"),
             decoder=dict(meta, prepend_scheme=scheme) if scheme == "always" else {"type": "Sequence", "decoders": chain},
             model={"type": "BPE", "unk_token": "missing", "byte_fallback": scheme != "never", "vocab": spaces, "merges": ["\u2581 a"]},
             added_tokens=[added(8, "ba", single_word=False, lstrip=True)])
    save("no-decoder", pre_tokenizer=None, decoder=None)
    save(
        "added",
        added_tokens=[
            added(10, "<x>", lstrip=True, rstrip=True, special=True, normalized=False),
            added(11, "<y>", single_word=True),
            added(12, " ", rstrip=True),
            added(13, "e\u0301", normalized=True),
        ],
        normalizer={"type": "NFC"},
    )
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "a"}}, {"Sequence": {"id": "A"}}, {"SpecialToken": {"id": "b"}}],
        "special_tokens": {"a": {"ids": [0]}, "b": {"ids": [1, 2]}},
    }
    save("template", post_processor={"type": "Sequence", "processors": [{"type": "ByteLevel"}, template]})
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    save(
        "fallback",
        normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]},
        pre_tokenizer=None,
        decoder={"type": "Sequence", "decoders": [back, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        model={
            "type": "BPE", "unk_token": "a", "fuse_unk": True, "byte_fallback": True,
            "vocab": {"a": 0, "b": 1, "▁": 2, "▁a": 3, "ab": 4, "<0xC3>": 5, "<0xA9>": 6}, "merges": ["▁ a", "a b"],
        },
    )
    save("huge-id", model=model(vocab={"a": 2**62}))
    save("twice", model=model(vocab={"a": 0, "b": 0}))
    save("bad-merge", model=model(merges=["a x"]))


main()
