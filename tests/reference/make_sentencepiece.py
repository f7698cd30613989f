"""Makes tests/fixtures/tokenizers/spm.*: a small SentencePiece BPE vocabulary with byte fallback.

    python3 tests/reference/make_sentencepiece.py

needs the packages `sentencepiece` and `gguf`. spm.model is trained here, spm.gguf is the same as
GGUF metadata, and spm.cases.json holds for each text what the package `sentencepiece` makes of it.
"""

import io
import json
import pathlib

import sentencepiece
from make_tokenizer import OUT, TEXTS, TRAINING
from spm_gguf import convert


def train(path):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TRAINING.split("\n")),
        model_writer=model,
        model_type="bpe",
        vocab_size=620,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        split_digits=True,
        character_coverage=0.98,
        minloglevel=2,
    )
    path.write_bytes(model.getvalue())


def main():
    path = pathlib.Path(OUT) / "spm.model"
    train(path)
    sp = convert(path, OUT / "spm.gguf")
    cases = []
    for text in TEXTS:
        plain = sp.encode(text)
        # Nothing is lost: a text comes back whole, and the space before it as well behind the mark.
        decoded = "<s>" + (" " + text if text else "")
        cases.append({"text": text, "ids": [sp.bos_id(), *plain], "plain": plain, "decoded": decoded})
    lines = ",\n".join(json.dumps(c, ensure_ascii=True) for c in cases)
    (OUT / "spm.cases.json").write_text(f"[\n{lines}\n]\n")
    print(f"spm: {sp.vocab_size()} ids, {len(cases)} texts")


main()
