#!/usr/bin/env python3
"""Makes src/model/tokenizer/unicode.h: what the `tokenizers` package knows of Unicode beside PCRE2.

    python3 tests/reference/make_unicode.py > src/model/tokenizer/unicode.h

needs the package `tokenizers` and a Python of at most Unicode 14 (3.11). Each character is given to the
package: to a Split by each general category, to Punctuation, and beside an added token. What a category has beyond Unicode 14,
the oldest that a PCRE2 with 10.40 or newer knows, becomes a list of ranges; Punctuation's set is listed
whole, for it is older than Unicode 14 and lacks some.
"""
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

GROUPS = {"L": "Lu Ll Lt Lm Lo", "M": "Mn Mc Me", "N": "Nd Nl No", "P": "Pc Pd Ps Pe Pi Pf Po",
          "S": "Sm Sc Sk So", "Z": "Zs Zl Zp"}
ALL = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def members(pre_tokenizer):
    """The characters that a pre-tokenizer takes out."""
    found = set()
    for i in range(0, len(ALL), 20000):
        chunk = ALL[i:i + 20000]
        kept = set("".join(piece for piece, _ in pre_tokenizer.pre_tokenize_str("".join(chunk))))
        found.update(c for c in chunk if c not in kept)
    return found


def word_characters():
    """Those beside which an added token that must be a word of its own is not found."""
    t = Tokenizer(models.BPE({"<unk>": 0}, [], unk_token="<unk>", fuse_unk=True))
    t.add_tokens([AddedToken("x", single_word=True, normalized=False)])
    return {c for c in ALL if t.token_to_id("x") not in t.encode("x" + c).ids}


def ranges(chars):
    out = []
    for c in sorted(map(ord, chars)):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return [f"\\\\x{{{a:x}}}" if a == b else f"\\\\x{{{a:x}}}-\\\\x{{{b:x}}}" for a, b in out]


def define(name, chars):
    lines, line = [], ""
    for r in ranges(chars):
        if len(line) + len(r) > 80:
            lines.append(line)
            line = ""
        line += r
    lines.append(line)
    print(f"#define {name} \\")
    print(" \\\n".join(f'    "{line}"' for line in lines))


def main():
    assert unicodedata.unidata_version <= "14.0.0", "this Python knows a newer Unicode"
    known, new = {}, {}
    for c in ALL:
        known.setdefault(unicodedata.category(c), set()).add(c)
    print("/* Made by tests/reference/make_unicode.py: what the `tokenizers` package takes for a member of a")
    print("   general category beyond Unicode 14, and for punctuation. */")
    print("#ifndef LENSWEEP_MODEL_TOKENIZER_UNICODE_H\n#define LENSWEEP_MODEL_TOKENIZER_UNICODE_H\n")
    for group, categories in GROUPS.items():
        for category in categories.split():
            new[category] = members(pre_tokenizers.Split(Regex(r"\p{%s}" % category), "removed")) - known[category]
        new[group] = set().union(*(new[c] for c in categories.split()))
    for category in sorted(c for c in new if new[c]):
        define("NEW_" + category.upper() + ("_" if len(category) == 1 else ""), new[category])
    define("NEW_WORD", word_characters() & known["Cn"])
    print()
    define("PUNCTUATION", members(pre_tokenizers.Punctuation("removed")))
    print("\n/* category, its new members */")
    print("#define NEW_MEMBERS(X) \\")
    names = sorted(c for c in new if new[c])
    print(" \\\n".join(f'    X("{c}", NEW_{c.upper()}{"_" if len(c) == 1 else ""})' for c in names))
    print("\n#endif")


if __name__ == "__main__":
    main()
