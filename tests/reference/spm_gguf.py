"""A SentencePiece model's vocabulary as GGUF metadata, without tensors.

    python3 tests/reference/spm_gguf.py IN.model OUT.gguf

needs the packages `sentencepiece` and `gguf`.
"""

import sys

import gguf
import sentencepiece


def kind(sp, i):
    for test, value in (
        (sp.is_unknown, gguf.TokenType.UNKNOWN),
        (sp.is_control, gguf.TokenType.CONTROL),
        (sp.is_unused, gguf.TokenType.UNUSED),
        (sp.is_byte, gguf.TokenType.BYTE),
    ):
        if test(i):
            return value
    return gguf.TokenType.NORMAL


def convert(model, out, bare=False):
    """bare: without the space before a text, and without BOS."""
    sp = sentencepiece.SentencePieceProcessor(model_file=str(model))
    ids = range(sp.vocab_size())
    w = gguf.GGUFWriter(out, "llama")
    w.add_tokenizer_model("llama")
    w.add_tokenizer_pre("default")
    w.add_token_list([sp.id_to_piece(i) for i in ids])
    w.add_token_scores([sp.get_score(i) for i in ids])
    w.add_token_types([kind(sp, i) for i in ids])
    w.add_bos_token_id(sp.bos_id())
    w.add_eos_token_id(sp.eos_id())
    w.add_unk_token_id(sp.unk_id())
    if bare:
        w.add_add_space_prefix(False)
        w.add_add_bos_token(False)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    return sp


if __name__ == "__main__":
    convert(*sys.argv[1:])
