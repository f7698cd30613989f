"""Makes tests/fixtures/tokenizers: four small tokenizers, and what they make of some texts.

    python3 tests/reference/make_tokenizer.py

needs the packages `tokenizers` and `gguf`. `smollm` splits off digits and is byte-level, like
SmolLM2's; smollm.gguf is the same as GGUF metadata. `llama3` splits by Llama-3's pattern, ignores
merges and adds a BOS. `flags` has NFC, a prefix space, an unk token, and added tokens with every
flag. `fallback` is of SentencePiece's kind, like Llama-2's. NAME.cases.json holds for each text the ids with and without special tokens, and what the
former decode to.
"""

import copy
import json
import pathlib

import gguf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "tokenizers"

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

TRAINING = """
The river comes down from the hills and turns twice before it reaches the town. There is a mill at
the first bend and a bridge at the second, and between the two the water is so still that children
can see their faces in it. In the year 1874 the bridge was carried away, and it was built again in
1875, a little higher than before. "You'll see," the miller said, "it won't last." It's lasted.
List three cities in the country: 1. The old town 2. The new town 3. The harbour. What's the name
of the third one? I don't know; they've never told me, and I'm not going to ask them again. We're
counting the days: 10, 20, 30, 100, 365. He'd gone there, she'd stayed here, and that's that.
for (i = 0; i < n; i++) { sum += x[i]; }    return sum;
    if (found) { print("yes"); } else { print("no"); }
Zürich liegt am See, Genève aussi, et la Saône n'est pas là. Über den Dächern, für die Gäste.
Дом стоит у реки. Вода в реке холодная. 山の上に雪があります。川の水は冷たいです。
""".strip()

TEXTS = [
    "", " ", "a", "The river", "the river comes down", " The river", "  The river", "The  river ",
    "The river\n", "The river\n\nturns", "The river \n \n turns", "\n", "\n\n\n", "\t\tx", " \n", "\r\n",
    "a\r\nb\r\n\r\nc", "   ", "       x", "x       ", "x \t y", "1", "12", "123", "1234", "12345678",
    "in 1874 and 1875", "3.14159", "1,000,000", "x1y22z333", "It's", "it's", "IT'S", "it'S what's",
    "don't DON'T Don'T", "they've they'VE THEY'VE", "we're I'm you'll he'd", "'s", "'ſ 'S 's", "''s", "'x",
    "' s", "rock'n'roll", "List three cities in the country: 1. The old town 2.", "(a) [b] {c}",
    "for (i = 0; i < n; i++) { sum += x[i]; }", "    if (found) {\n        return;\n    }\n", "...", "!!!\n\n?",
    " !?", "a-b_c", "foo@bar.org", "https://example.org/c?d=e&f=%20", "<|x|>", "Zürich Genève Saône", "e\u0301", "é",
    "A\u030a Å \u212b", "a\u0323\u0307 a\u0307\u0323", "\u1e9b\u0323", "e\u0898\u0301\u0323 e\u0301\u0898", "\U00011935\U00011930 \U00011938", "\u0958 \u0915\u093c",
    "\u1112\u1161\u11ab 한", "ﬁne ﬂag ﬆop", "straße STRASSE", "İstanbul ı", "Дом стоит у реки",
    "山の上に雪", "你好，世界。", "مرحبا بالعالم", "नमस्ते", "สวัสดี", "한국어", "𠮷野家", "😀", "👩‍👩‍👧 👍🏽 🇨🇭", "❤️",
    "٣٤٥", "०१२३४", "½ ² Ⅳ ① ㊿ 〇", "\U00010d40\U0001e4f5", "\U00011de3\U00016ff4", "\U0001e030\U0002ebf1",
    "a\u00a0b", "a\u3000\u3000b", "\u2028x\u2029y", "x\u0085y \u0085 z", "\u180ex \u180e y", "\u200bx", "\ufeffx",
    "\u2003 \u205f", "\x01\x02 \x1c\x1f \x7f", "\x0b\x0c x", "\u0149", "ǅ ª º ʰ", "\u0903\u20e3",
    "<|endoftext|>", "<|im_start|>user\nThe river<|im_end|>", "a<|im_start|><|im_start|> b", "<|im_start|",
    "<|IM_START|>", "<|begin|>The river", "The river<|begin|>", "<|begin|><|begin|>", "[left]  x", "x  [left]",
    "x \n\u00a0[left]y", "[right]  x", "x [right]\n\u2003y", "a [both] b", "  [both]  [both]  ", "[right]  [left]",
    "[left][right] [both]", "word", "a word b", "a wordy b", "sword", "word-word", "_word", "word1", "é word é",
    "éword", "word\u0301", "wordword", "word\u200dx word\u203fx word.x", "caf\u00e9 bar", "cafe\u0301 bar",
    "a caf\u00e9x", "[le", "[leftmost]", "[leftmost", "aaaaaaaaaaaaaaaaaaaaaaaa", "zzzqx zzzqx", " zzzqx",
    "thethethe the  the\tthe",
]


def train(vocab_size, special, pre_tokenizer, alphabet):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizer
    t.train_from_iterator(
        TRAINING.split("\n"),
        trainers.BpeTrainer(
            vocab_size=vocab_size, special_tokens=special, initial_alphabet=sorted(alphabet), show_progress=False
        ),
    )
    t.decoder = decoders.ByteLevel()
    return t


def smollm():
    """As its model in the wild, this one lacks the letters of some bytes."""
    steps = [
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ]
    rare = set("ÀÁÿĀāĂă\u0142") | {chr(c) for c in range(0xF5, 0x100)}
    alphabet = set(pre_tokenizers.ByteLevel.alphabet()) - rare
    special = [AddedToken(s, special=True) for s in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    return json.loads(train(420, special, pre_tokenizers.Sequence(steps), alphabet).to_str())


def llama3():
    steps = [
        pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]
    t = train(400, [], pre_tokenizers.Sequence(steps), pre_tokenizers.ByteLevel.alphabet())
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in ("<|begin|>", "<|im_start|>")])
    j = json.loads(t.to_str())
    vocab = j["model"]["vocab"]
    size = len(vocab)
    # Words that no merges lead to: only a model that ignores merges finds them.
    for word in ("zzzqx", "Ġzzzqx"):
        vocab[word] = len(vocab)
    for a in j["added_tokens"]:
        a["id"] += len(vocab) - size
    j["model"]["ignore_merges"] = True
    bos = next(a["id"] for a in j["added_tokens"] if a["content"] == "<|begin|>")
    template = processors.TemplateProcessing(single="<|begin|> $A", special_tokens=[("<|begin|>", bos)])
    t = Tokenizer.from_str(json.dumps(j))
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return json.loads(t.to_str())


def flags():
    alphabet = set(pre_tokenizers.ByteLevel.alphabet()) - set("ãð")
    pre = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)
    t = train(380, [AddedToken("<unk>", special=True)], pre, alphabet)
    j = json.loads(t.to_str())
    j["model"]["unk_token"] = "<unk>"
    j["model"]["fuse_unk"] = True
    t = Tokenizer.from_str(json.dumps(j))
    t.normalizer = normalizers.NFC()
    t.add_tokens(
        [
            AddedToken("[left]", lstrip=True, normalized=False),
            AddedToken("[right]", rstrip=True, normalized=False),
            AddedToken("[both]", lstrip=True, rstrip=True, normalized=True),
            AddedToken("[leftmost]", normalized=False),
            AddedToken("word", single_word=True, normalized=True),
            AddedToken("cafe\u0301", normalized=True),
            AddedToken("<|im_start|>", normalized=False, special=True),
        ]
    )
    t.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A <unk>", special_tokens=[("<|im_start|>", t.token_to_id("<|im_start|>")), ("<unk>", 0)]
    )
    return json.loads(t.to_str())


def fallback():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # for training only
    special = [AddedToken(s, special=True, normalized=False) for s in ("<unk>", "<s>", "</s>")]
    letters = sorted(set("abcdefghijklmnopqrstuvwxyzTLI▁.,:1230\n"))
    t.train_from_iterator(
        TRAINING.split("\n")[:6],
        trainers.BpeTrainer(
            vocab_size=200, special_tokens=special, initial_alphabet=letters, limit_alphabet=len(letters),
            show_progress=False,
        ),
    )
    t.pre_tokenizer = None
    j = json.loads(t.to_str())
    vocab = j["model"]["vocab"]
    for b in range(256):
        vocab[f"<0x{b:02X}>"] = len(vocab)
    j["model"].update(unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    t = Tokenizer.from_str(json.dumps(j))
    t.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    t.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return json.loads(t.to_str())


def write_gguf(j):
    """The metadata of a model's file, without tensors."""
    vocab = sorted(j["model"]["vocab"].items(), key=lambda v: v[1])
    added = {a["content"] for a in j["added_tokens"]}
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    w = gguf.GGUFWriter(OUT / "smollm.gguf", "llama")
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list([s for s, _ in vocab])
    w.add_token_types([control if s in added else normal for s, _ in vocab])
    w.add_token_merges([" ".join(m) for m in j["model"]["merges"]])
    w.add_bos_token_id(j["model"]["vocab"]["<|im_start|>"])
    w.add_eos_token_id(j["model"]["vocab"]["<|im_end|>"])
    w.add_add_bos_token(False)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def decode(t, ids):
    """Added tokens as they are written: the package takes their letters for bytes where it can."""
    added = t.get_added_tokens_decoder()
    text, run = "", []
    for i in ids:
        if i in added:
            content = added[i].content
            if added[i].normalized and t.normalizer:
                content = t.normalizer.normalize_str(content)
            text += t.decode(run) + content
            run = []
        else:
            run.append(i)
    return text + t.decode(run)


def decode_all(t, ids):
    return t.decode(ids, skip_special_tokens=False)


def save(name, j, string_merges=False, decode=decode):
    t = Tokenizer.from_str(json.dumps(j))
    cases = []
    for text in TEXTS:
        ids = t.encode(text).ids
        plain = t.encode(text, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "plain": plain, "decoded": decode(t, ids)})
    stored = copy.deepcopy(j)
    if string_merges:  # the older spelling of the same
        stored["model"]["merges"] = [" ".join(m) for m in j["model"]["merges"]]
    (OUT / f"{name}.json").write_text(json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n")
    lines = ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases)
    (OUT / f"{name}.cases.json").write_text(f"[\n{lines}\n]\n")
    print(f"{name}: {t.get_vocab_size()} ids, {len(cases)} texts")


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    j = smollm()
    save("smollm", j, string_merges=True)
    write_gguf(j)
    save("llama3", llama3())
    save("flags", flags())
    save("fallback", fallback(), decode=decode_all)


if __name__ == "__main__":
    main()
