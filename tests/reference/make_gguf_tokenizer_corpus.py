"""Makes the seeds of tests/fuzz/fuzz_gguf_tokenizer.c: tests/fuzz/corpus/gguf_tokenizer.

    python3 tests/reference/make_gguf_tokenizer_corpus.py

needs the package `gguf`. Files that a fuzzer found, named found-*, are kept.
"""

import pathlib

import gguf

OUT = pathlib.Path(__file__).resolve().parent.parent / "fuzz" / "corpus" / "gguf_tokenizer"
BYTES = ["a", "b", "ab", "Ġ", "Ã", "©", "Ã©", "1", "Ċ", "<s>", "  "]
SPACES = ["<unk>", "<s>", "a", "b", "▁", "▁a", "ab", "<0xC3>", "<0xA9>", "  "]


def save(name, model, pre, tokens, types, architecture="llama", **more):
    w = gguf.GGUFWriter(OUT / name, architecture)
    w.add_tokenizer_model(model)
    if pre:
        w.add_tokenizer_pre(pre)
    w.add_token_list(tokens)
    w.add_token_types(types)
    if model == "gpt2":
        w.add_token_merges(["a b", "Ã ©"])
    else:
        w.add_token_scores([-float(i) for i in range(len(tokens))])
    w.add_bos_token_id(tokens.index("<s>"))
    for key, value in more.items():
        getattr(w, key)(value)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    types = [1] * 9 + [3, 4]
    for pre in ("gpt-2", "smollm", "llama-bpe", "qwen2", "gpt-4o", "tekken"):
        save(pre, "gpt2", pre, BYTES, types)
    save("gptneox", "gpt2", None, BYTES, types, architecture="gptneox")
    save("unknown", "gpt2", "unknown", BYTES, types)
    spaces = [2, 3] + [1] * 5 + [6, 6, 4]
    save("spm", "llama", "default", SPACES, spaces, add_chat_template="{{ bos_token }}")
    save("phi3", "llama", None, SPACES, spaces, architecture="phi3", add_add_space_prefix=False)


if __name__ == "__main__":
    main()
