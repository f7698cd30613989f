#!/usr/bin/env python3
"""Compares lensweep's tokenizer with the `tokenizers` package on generated strings.

    python3 tests/compare_tokenizer.py ENCODE_LINES MODEL [--count 10000] [--seed 1] [--bare] [--prompts DIR...]
    python3 tests/compare_tokenizer.py ENCODE_LINES --made [--count 10000] [--seed 1]

ENCODE_LINES is the program of tests/tools/encode_lines.c; MODEL is a .gguf file (the package's
tokenizer is then built from the tokens and merges in it), a tokenizer.json or its directory, or a
model of the package `sentencepiece` (FILE.model...), which is then the reference: it is read as it is
(--direct), or turned into GGUF. Ids must be equal,
and so must what they decode to, and what ids drawn at random do. --made: tokenizers of every form
(made_tokenizers.py) in place of MODEL. --bare: of such a model, without
space prefix and BOS, on texts that begin with a space: the package puts it there itself. --prompts: the texts of released files, with the ids beside them. Exit status: 0 equal, 1 they differ, 77 a Python
package is missing (then nothing was compared).
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from types import SimpleNamespace
import types

try:
    import tokenizers
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
    from tokenizers import pre_tokenizers, processors
except ImportError as e:
    print(f"skip: {e}")
    sys.exit(77)

def gguf_pre_tokenizer(pre, arch):
    """(normalizer, pre-tokenizer, ignores merges)"""
    import made_tokenizers as made

    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    patterns = {"llama-bpe": made.LLAMA3, "dbrx": made.LLAMA3, "qwen2": made.QWEN2, "gpt-4o": made.GPT4O,
                "tekken": made.TEKKEN}
    if pre == "gpt-2" or (not pre and arch == "gpt2"):
        return None, gpt2, False
    if pre in ("olmo", "mpt") or (not pre and arch == "gptneox"):
        return normalizers.NFC(), gpt2, False
    if pre == "smollm":
        digits = pre_tokenizers.Digits(individual_digits=True)
        return None, pre_tokenizers.Sequence([digits, gpt2]), False
    if pre in patterns:
        split = pre_tokenizers.Split(Regex(patterns[pre]), "isolated")
        return (normalizers.NFC() if pre == "qwen2" else None, pre_tokenizers.Sequence([split, plain]),
                pre in ("llama-bpe", "tekken"))
    raise SystemExit(f"compare_tokenizer: pre-tokenizer {pre} is not known here")


def gguf_fields(path):
    """The metadata of a file, of which the tensors may be missing."""
    from gguf import GGUFReader

    class Header(GGUFReader):
        def _build_tensors(self, *_):
            pass

    return Header(path).fields


def from_gguf(path):
    try:
        fields = gguf_fields(path)
    except ImportError as e:
        print(f"skip: {e}")
        sys.exit(77)

    def value(key, default=None):
        field = fields.get(key)
        return default if field is None else field.contents()

    tokens, types = value("tokenizer.ggml.tokens"), value("tokenizer.ggml.token_type")
    pre = value("tokenizer.ggml.pre", "")
    normalizer, pre_tokenizer, ignore_merges = gguf_pre_tokenizer(pre, value("general.architecture"))
    vocab = {s: i for i, (s, k) in enumerate(zip(tokens, types)) if k != 5}
    t = Tokenizer(models.BPE(vocab, [tuple(m.split(" ")) for m in value("tokenizer.ggml.merges")],
                             ignore_merges=ignore_merges))
    if normalizer:
        t.normalizer = normalizer
    t.pre_tokenizer = pre_tokenizer
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False)
                          for s, k in zip(tokens, types) if k == 3])
    t.add_tokens([AddedToken(s, normalized=False) for s, k in zip(tokens, types) if k == 4])
    if value("tokenizer.ggml.add_bos_token", pre in ("llama-bpe", "tekken")):
        bos = value("tokenizer.ggml.bos_token_id")
        t.post_processor = processors.TemplateProcessing(
            single=[tokens[bos], "$A"], special_tokens=[(tokens[bos], bos)])
    return t


class SentencePiece:
    """The package `sentencepiece` in the shape of a Tokenizer, its model as GGUF beside it (or not)."""

    def __init__(self, path, gguf_path, bare):
        if not gguf_path:
            import sentencepiece

            self.sp = sentencepiece.SentencePieceProcessor(model_file=path)
            self.head = [self.sp.bos_id()]
            return
        try:
            sys.path.insert(0, os.path.join(os.path.dirname(__file__), "reference"))
            from spm_gguf import convert
        except ImportError as e:
            print(f"skip: {e}")
            sys.exit(77)
        self.sp = convert(path, gguf_path, bare)
        self.head = [] if bare else [self.sp.bos_id()]

    def encode(self, text):
        own_space = 0 if self.head else 1  # the package puts one before every text
        return SimpleNamespace(ids=self.head + self.sp.encode(text[own_space:]))

    def decode(self, ids, skip_special_tokens):
        text = self.sp.decode(ids[len(self.head):]).replace(" \u2047 ", self.sp.id_to_piece(self.sp.unk_id()))
        if not self.head:
            return " " + text
        prefixed = len(ids) > 1 and self.sp.id_to_piece(self.sp.encode("a"))[0].startswith("▁")
        return self.sp.id_to_piece(self.head[0]) + (" " if prefixed else "") + text

    def get_added_tokens_decoder(self):
        return {}


def reference(path):
    if path.endswith(".gguf"):
        return from_gguf(path)
    if not os.path.isdir(path):
        return Tokenizer.from_file(path)
    if os.path.exists(os.path.join(path, "tokenizer.json")):
        return Tokenizer.from_file(os.path.join(path, "tokenizer.json"))
    return from_vocab(os.path.join(path, "vocab.json"), os.path.join(path, "merges.txt"))


def from_vocab(vocab, merges):
    """GPT-2's two files."""
    t = Tokenizer(models.BPE.from_file(vocab, merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    if t.token_to_id("<|endoftext|>") is not None:
        t.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
    return t


WORDS = """the of and List three cities in Switzerland : 1. Zurich 2. Geneva 3. Basel don't I'm we've
they'll you're he'd it's IT'S DON'T I'M We'Ve THEY'LL he'D 'S 'Re rock'n'roll O'Brien function
int main(void) { return 0; } x+=1; https://example.org/a?b=c&d=%20 foo_bar camelCase 3.14159 1,000,000
Zürich Genève naïve façade Ærøskøbing İstanbul ſtraße K ﬁne ﬆop ß Ångström Ωmega Привет мир
Καλημέρα κόσμε שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก 你好世界 こんにちは 한국어 𠮷野家 ไทย ქართული አማርኛ
བོད་ཡིག မြန်မာ""".split()
SPACES = ["\n", "\n\n", "\r\n", "\r", "\t", "  ", "   ", " " * 7, " \n", "\n ", " \n \n ", "\t\t",
          "\u00a0", "\u3000", "\u2028", "\u2029", "\u0085", "\u180e", "\u200b", "\u2003", "\u1680",
          "\u202f", "\u205f", "\ufeff", "\v", "\f", "\x1c", "\x1f"]
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇭", "❤️", "☃", "1️⃣", "🧑🏿‍🚀", "‍", "️"]
DIGITS = ["0123456789", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "๐๑๒๓", "０１２３", "²³¹", "½¾⅓", "ⅣⅫ", "①②⑩",
          "𝟘𝟙𝟚", "〇一二三", "㊿", "𐒠", "\U00010d40", "\U0001e4f5", "\U00011de3"]
MARKS = [chr(c) for c in list(range(0x300, 0x370)) + [0x903, 0x93c, 0xe31, 0x20e3, 0x302a, 0x64b]]
LETTERS = ["e", "a", "n", "o", "A", "ا", "क", "ก", "한", "ᄒ", "ᅡ", "ᆫ", "é", "Å", "ǆ", "ª", "\u2c7c",
           "\U0001e030", "\U0002ebf1", "\ua7da", "\U00010d4a"]
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡¿«»€£±×÷…—–“”‘’§¶†‡•№™©®°℃∑√∞≠≤") + ["\u0149"]


def any_character(rng):
    while True:
        c = rng.choice([rng.randrange(0x20, 0x7f), rng.randrange(1, 0x250),
                        rng.randrange(0x250, 0x3000), rng.randrange(0x3000, 0x10000),
                        rng.randrange(0x10000, 0x20000), rng.randrange(0x20000, 0x110000)])
        if not 0xd800 <= c < 0xe000:
            return chr(c)


def piece(rng, added):
    kind = rng.randrange(16)
    if kind < 5:
        return rng.choice(["", " ", " ", " "]) + rng.choice(WORDS)
    if kind == 5:
        return rng.choice(SPACES) * rng.choice([1, 1, 1, 2, 3, 20])
    if kind == 6:
        return rng.choice(EMOJI)
    if kind == 7:
        alphabet = rng.choice(DIGITS)
        return "".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 9)))
    if kind == 8:
        return rng.choice(LETTERS) + "".join(rng.sample(MARKS, rng.randrange(1, 4)))
    if kind == 9:
        return "".join(rng.choice(SIGNS) for _ in range(rng.randrange(1, 5)))
    if kind == 10:
        return rng.choice(["'", "’", " '", "\n'"]) + rng.choice(
            ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "Re", "rE", "VE", "M", "lL", "D", "ſ",
             "K", "st", "ss", "x", ""])
    if kind == 11 and added:
        token = rng.choice(added)
        return rng.choice([token, token, " " + token + " ", token[:-1], token + token, token[1:],
                           token.upper(), "\n\u00a0" + token + "\u2003", "x" + token, token + "_"])
    if kind == 12:
        return chr(rng.randrange(0x20)) if rng.random() < 0.7 else rng.choice("\x7f\x80\x9f\xad")
    if kind == 13:
        return rng.choice("aeiou \n.0") * rng.randrange(1, 40)
    if kind == 14:
        return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(1, 6)))
    return any_character(rng)


def texts(count, seed, added):
    rng = random.Random(seed)
    for i in range(count):
        yield "".join(piece(rng, added) for _ in range(rng.randrange(0 if i == 0 else 1, 14)))


def answers(program, model, batch, *options):
    data = b"".join(b"%d\n%s" % (len(b), b) for b in (t.encode() for t in batch))
    out = subprocess.run([program, model, *options], input=data, stdout=subprocess.PIPE, check=True).stdout
    lines = out.decode().split("\n")[:-1]
    if len(lines) != len(batch):
        raise SystemExit(f"compare_tokenizer: {len(lines)} answers to {len(batch)} texts")
    return lines


def compare(t, text, line):
    """What is wrong with an answer; "" when nothing is."""
    if line.startswith("error"):
        return line
    want = t.encode(text).ids
    ids, _, decoded = line.partition("\t")
    got = [int(i) for i in ids.split()]
    if got != want:
        return f"ids {got}\nwant {want}"
    decoded = bytes.fromhex(decoded).decode()
    want = t.decode(got, skip_special_tokens=False)
    return "" if decoded == want else f"decoded {decoded!r}\nwant {want!r}"


def released(folder):
    """Text and ids of every prompt below a folder."""
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(n for n in names if n.endswith(".jsonl")):
            with open(os.path.join(where, name), encoding="utf-8") as file:
                for line in file:
                    query = json.loads(line)
                    yield query["query"], query["query_input_ids"]


def compare_prompts(program, model, folders):
    prompts = [prompt for folder in folders for prompt in released(folder)]
    lines = answers(program, model, [text for text, _ in prompts], "--no-special")
    wrong = sum(line.partition("\t")[0].split() != [str(i) for i in ids]
                for (_, ids), line in zip(prompts, lines))
    print(f"{os.path.basename(model)}: {len(prompts)} released prompts, {wrong} with other ids")
    return 1 if wrong or not prompts else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("model", nargs="?")
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--count", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--prompts", nargs="+")
    args = parser.parse_args()
    if args.made:
        sys.exit(compare_made(args))
    with tempfile.TemporaryDirectory() as folder:
        if ".model" in os.path.basename(args.model):
            path = args.model if args.direct else os.path.join(folder, os.path.basename(args.model) + ".gguf")
            t = SentencePiece(args.model, "" if args.direct else path, args.bare)
        else:
            path, t = args.model, reference(args.model)
        status = compare_generated(args, path, t)
        return compare_prompts(args.program, path, args.prompts) or status if args.prompts else status


def compare_made(args):
    import made_tokenizers

    status = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, t in made_tokenizers.all_forms(texts(1500, 99, [])):
            path = os.path.join(folder, name + ".json")
            t.save(path)
            status = compare_generated(args, path, t) or status
            if name == "gpt2":
                t.model.save(folder)
                status = compare_generated(args, folder, reference(folder)) or status
    return status


def random_ids(t, count, seed):
    rng = random.Random(seed)
    ids = sorted(t.get_vocab().values())
    byte = [i for s, i in t.get_vocab().items() if s.startswith("<0x")] or ids
    for _ in range(count):
        yield [rng.choice(rng.choice([ids, ids, byte])) for _ in range(rng.randrange(1, 12))]


def compare_decoded(args, model, t):
    """Ids that no text leads to: bytes that are not text, spaces at any place."""
    batch = list(random_ids(t, args.count // 5, args.seed))
    lines = answers(args.program, model, [" ".join(map(str, ids)) for ids in batch], "--decode")
    wrong = 0
    for ids, line in zip(batch, lines):
        got = line if line.startswith("error") else bytes.fromhex(line.strip()).decode()
        want = t.decode(ids, skip_special_tokens=False)
        if got != want:
            wrong += 1
            if wrong <= 3:
                print(f"ids {ids}\ndecoded {got!r}\nwant {want!r}\n")
    return wrong


def compare_generated(args, model, t):
    added = sorted(a.content for a in t.get_added_tokens_decoder().values())
    batch = list(texts(args.count, args.seed, added))
    if args.bare:
        batch = [" " + text for text in batch if text]
    wrong = tokens = 0
    for text, line in zip(batch, answers(args.program, model, batch)):
        what = compare(t, text, line)
        tokens += len(line.partition("\t")[0].split())
        if what:
            wrong += 1
            if wrong <= 10:
                print(f"text {text!r}\n{what}\n")
    decoded = compare_decoded(args, model, t) if isinstance(t, Tokenizer) else 0
    print(f"{os.path.basename(model)}: {len(batch)} texts, {tokens} tokens, {wrong} differ, "
          f"{decoded} random decodings differ (tokenizers {tokenizers.__version__}, seed {args.seed})")
    return 1 if wrong or decoded or not batch else 0


if __name__ == "__main__":
    sys.exit(main())
