"""Tokenizers in every form that lensweep reads, trained here with the package `tokenizers`.

    for name, tokenizer_json in made_tokenizers.all_forms(texts): ...

Two vocabularies are trained on the texts, one byte-level, the other with U+2581 for spaces and tokens for
bytes; each form has one of them, and its own normalizer, pre-tokenizer, decoder, added tokens and rules.
"""
import copy
import json

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers as pre
from tokenizers import processors, trainers

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace("{1,3}", "")
CASED = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s|"
         r"\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
GPT4O = CASED % (CONTRACTIONS + "?", CONTRACTIONS + "?", "{1,3}")
TEKKEN = CASED % ("", "", "")
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|"
          r"\s*[\r\n]|\s+(?!\S)|\s+")
MARKS = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"
         r"\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK3 = [r"\p{N}{1,3}", "[一-龥\u3040-ゟ゠-ヿ]+",
             r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
             r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"]
DEEPSEEK = [r"[\r\n]", r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-Ϗ]+",
            r"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", r"\s+$", "[一-龥ࠀ-一가-\ud7ff]+"]
BEHAVIORS = ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]
PLAIN = pre.ByteLevel(add_prefix_space=False, use_regex=False)


def split(*patterns, behavior="isolated", invert=False):
    return [pre.Split(Regex(p), behavior, invert) for p in patterns]


def sequence(*steps):
    return pre.Sequence([*steps, PLAIN])


def byte_level(texts):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre.ByteLevel(add_prefix_space=False)
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=1500, initial_alphabet=pre.ByteLevel.alphabet(), show_progress=False))
    t.decoder = decoders.ByteLevel()
    return t


def with_spaces(texts):
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.pre_tokenizer = pre.Sequence([pre.Metaspace(), pre.Split(Regex("[^▁\\p{L}]"), "isolated")])
    special = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    t.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=1500, special_tokens=special, limit_alphabet=150, show_progress=False))
    j = json.loads(t.to_str())
    j["added_tokens"] = [a for a in j["added_tokens"] if a["id"] < 3]
    vocab = j["model"]["vocab"]
    vocab.setdefault("▁", len(vocab))
    # Runs of spaces are tokens, as in Gemma's.
    for n in range(2, 9):
        vocab.setdefault("▁" * n, len(vocab))
        j["model"]["merges"].append(["▁" * (n - 1), "▁"])
    return Tokenizer.from_str(json.dumps(j))


def copy_of(t):
    return Tokenizer.from_str(t.to_str())


def add_flags(t):
    """Added tokens with every flag."""
    t.add_special_tokens([AddedToken("<|mark|>", normalized=False), AddedToken("<|marker", normalized=False)])
    t.add_tokens([
        AddedToken("[left]", lstrip=True, normalized=False), AddedToken("[right]", rstrip=True, normalized=False),
        AddedToken("[both]", lstrip=True, rstrip=True, normalized=True), AddedToken("[leftmost]", normalized=False),
        AddedToken("word", single_word=True, normalized=True), AddedToken("Geneva", single_word=True, normalized=False),
        AddedToken("a b", normalized=True), AddedToken("   ", normalized=False)])


def around(t, first, last=()):
    ids = {s: t.token_to_id(s) for s in [*first, *last]}
    single = " ".join([*first, "$A", *last])
    t.post_processor = processors.TemplateProcessing(single=single, special_tokens=list(ids.items()))


def byte_level_forms(base):
    """(name, normalizer, pre-tokenizer)"""
    gpt2 = pre.ByteLevel(add_prefix_space=False)
    yield "gpt2", None, gpt2
    yield "gpt2-prefix", None, pre.ByteLevel(add_prefix_space=True, trim_offsets=False)
    yield "prefix-no-regex", None, pre.ByteLevel(add_prefix_space=True, use_regex=False)
    yield "neox", normalizers.NFC(), pre.ByteLevel(add_prefix_space=False, trim_offsets=True)
    yield "smollm", None, pre.Sequence([pre.Digits(individual_digits=True), gpt2])
    yield "digits", None, pre.Sequence([pre.Digits(individual_digits=False), gpt2])
    yield "llama3", None, sequence(*split(LLAMA3))
    yield "qwen2", normalizers.NFC(), sequence(*split(QWEN2))
    yield "gpt4o", None, sequence(*split(GPT4O))
    yield "tekken", None, sequence(*split(TEKKEN))
    yield "cl100k", None, sequence(*split(CL100K))
    yield "marks", normalizers.NFC(), sequence(*split(MARKS))
    yield "deepseek3", normalizers.Sequence([]), sequence(*split(*DEEPSEEK3))
    yield "deepseek", None, sequence(*split(*DEEPSEEK), pre.Digits(individual_digits=True))
    yield "lines", None, sequence(*split(r"^\p{L}+|\S+$"))
    for behavior in BEHAVIORS:
        yield f"punctuation-{behavior}", None, pre.Sequence([pre.Punctuation(behavior), gpt2])
        for invert in (False, True):
            name = f"{behavior}{'-invert' if invert else ''}"
            yield f"split-{name}", None, sequence(*split(r"[ \p{N}]", behavior=behavior, invert=invert))
            yield f"empty-{name}", None, sequence(*split(r"[aeiou]*", behavior=behavior, invert=invert))
            yield f"string-{name}", None, sequence(pre.Split(".", behavior, invert))
    yield "prefix-each", None, pre.Sequence([*split(r"\p{L}+"), pre.ByteLevel(add_prefix_space=True)])
    yield "nfkc", normalizers.NFKC(), gpt2
    yield "nfd", normalizers.NFD(), gpt2
    yield "nfkd", normalizers.NFKD(), gpt2
    yield "lowercase", normalizers.Lowercase(), gpt2
    yield "strip", normalizers.Strip(), gpt2
    yield "strip-left", normalizers.Strip(left=True, right=False), gpt2
    yield "strip-right", normalizers.Strip(left=False, right=True), gpt2
    yield "replace", normalizers.Sequence([normalizers.Replace(Regex(r" {2,}|\p{N}+"), "#"), normalizers.Replace(".", ""),
                                           normalizers.Prepend("x")]), gpt2


def space_forms():
    """(name, normalizer, pre-tokenizer, decoder)"""
    replace = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    strip = decoders.Sequence([*replace, decoders.Strip(" ", 1, 0)])
    yield ("llama2", normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, strip)
    yield ("gemma", normalizers.Replace(" ", "▁"), pre.Split(" ", "merged_with_previous"), decoders.Sequence(replace))
    for scheme in ("always", "never", "first"):
        for split_too in (True, False):
            yield (f"metaspace-{scheme}-{'split' if split_too else 'whole'}", None,
                   pre.Metaspace("▁", scheme, split_too), strip)
        yield f"decoder-{scheme}", None, pre.Metaspace("▁", scheme, True), decoders.Metaspace("▁", scheme)
    yield ("first-nested", normalizers.Strip(), pre.Sequence([*split(r"\p{N}", behavior="removed"), pre.Metaspace("▁", "first", False)]), strip)
    yield "strip-both", None, pre.Metaspace(), decoders.Sequence([*replace, decoders.Strip(" ", 2, 1)])
    yield "replace-regex", None, pre.Metaspace(), decoders.Sequence([decoders.Replace(Regex("▁+"), " "), decoders.Fuse()])
    yield "no-decoder", None, pre.Metaspace(), None


def changed(t, **model):
    j = json.loads(t.to_str())
    j["model"].update(model)
    return Tokenizer.from_str(json.dumps(j))


def all_forms(texts):
    texts = list(texts)
    base = byte_level(texts)
    for name, normalizer, pre_tokenizer in byte_level_forms(base):
        t = copy_of(base)
        if normalizer:
            t.normalizer = normalizer
        t.pre_tokenizer = pre_tokenizer
        add_flags(t)
        around(t, ["<|mark|>"])
        t = changed(t, ignore_merges=name in ("llama3", "tekken"))
        yield name, t
    spaces = with_spaces(texts)
    for name, normalizer, pre_tokenizer, decoder in space_forms():
        t = copy_of(spaces)
        if normalizer:
            t.normalizer = normalizer
        if pre_tokenizer:
            t.pre_tokenizer = pre_tokenizer
        else:
            j = json.loads(t.to_str())
            j["pre_tokenizer"] = None
            t = Tokenizer.from_str(json.dumps(j))
        if decoder:
            t.decoder = decoder
        add_flags(t)
        around(t, ["<s>"], ["</s>"])
        yield "spaces-" + name, t
        if name == "metaspace-always-split":
            yield "spaces-unk", changed(t, byte_fallback=False)
            yield "spaces-unk-each", changed(t, byte_fallback=False, fuse_unk=False)
            yield "spaces-dropped", changed(t, byte_fallback=False, unk_token=None)
            j = json.loads(t.to_str())
            j["post_processor"] = {"type": "Sequence", "processors": [{"type": "ByteLevel", "add_prefix_space": True,
                                   "trim_offsets": False, "use_regex": True}, j["post_processor"]]}
            yield "spaces-sequence", Tokenizer.from_str(json.dumps(j))
