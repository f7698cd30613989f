#!/usr/bin/env python3
"""Checks that a name stands for one thing: no two structs, unions or enums of src/ share one, and
no file but the kinds' own names a variable of a kind (docs/results.md has them all).

    tests/lint/names.py [SRC]          the tree's own src/ unless said; status 1 if anything is wrong
    tests/lint/names.py --self-test    plants a second definition in a copy and looks for it
"""

import collections
import pathlib
import re
import shutil
import sys
import tempfile

DEFINITION = re.compile(r"\b(struct|union|enum)\s+(\w+)\s*\{")

# Defined twice although they should not be: the rows go when the files are next rewritten.
EXCEPTIONS = set()


# What looks a variable up: its name may be any word.
LOOKUP = re.compile(r"\b(?:catalogue_find|average_open|result_text|result_numbers|result_size|"
                    r"h5_read_f64|h5_read_str|field_named|row_\w+)\(([^;{]*)")
# Headings for labels, not variables: what the dimension `metric` has is named after them.
LABELS = {"report/words.c": {"direct_frozen"}}


def kind_variables():
    """The variables of all kinds, and of their averages, but those that `queries` has, too."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/results.md").read_text("utf-8")
    of_kinds, of_queries = set(), set()
    for part in re.split(r"^### ", text, flags=re.M)[1:]:
        names = re.findall(r"^\| `(\w+)` \| [a-z]", part, flags=re.M)
        if re.match(r"Kind `\w+`\n", part):
            of_kinds.update(names)
        elif part.startswith("`queries`"):
            of_queries.update(names)
    return of_kinds - of_queries


def named_variables(path, text, variables):
    """Those that a file outside the kinds names: longer names anywhere, short ones where they are
    looked up in a kind's group."""
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)
    found = {n for n in re.findall(r'"(\w+)"', code) if "_" in n}
    for call in LOOKUP.findall(code):
        names = set(re.findall(r'"(\w+)"', call.split(");")[0]))
        if not names & {"queries", "stats"}:
            found |= names
    return found & variables - LABELS.get(path, set())


def kinds_known(src):
    """"report/x.c names ..." of all files of the floors above the kinds, and of results/."""
    variables, out = kind_variables(), []
    for floor in ("results", "campaign", "report", "cli"):
        for path in sorted((src / floor).rglob("*.[ch]")):
            name = str(path.relative_to(src))
            found = named_variables(name, path.read_text(encoding="utf-8"), variables)
            out += [f"{name} names {v}, a kind's own variable: let the kind declare what a reader "
                    "must know" for v in sorted(found)]
    return out


def strip(text):
    """Without comments and literals."""
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", "", text,
                  flags=re.S)


def definitions(src):
    """"struct x": the files that define one."""
    found = collections.defaultdict(list)
    for path in sorted(src.rglob("*.[ch]")):
        for kind, name in DEFINITION.findall(strip(path.read_text(encoding="utf-8"))):
            found[f"{kind} {name}"].append(str(path.relative_to(src)))
    return found


def problems(src):
    found = definitions(src)
    twice = {name: files for name, files in found.items() if len(files) > 1}
    out = [f"{name} is defined in {' and '.join(files)}" for name, files in sorted(twice.items())
           if name not in EXCEPTIONS]
    return len(found), out + kinds_known(src)


def self_test(src):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "src"
        shutil.copytree(src, copy)
        (copy / "base" / "planted.h").write_text("/* struct arena { */\nstruct arena\n{\n};\n",
                                                 encoding="utf-8")
        (copy / "report" / "planted.c").write_text(
            'static const char *const of[] = {"out_logit_clean"};\n'
            'a = catalogue_find(&r->all, group, "kl");\n', encoding="utf-8")
        wrong = problems(copy)[1]
        expected = ["struct arena is defined in base/mem.h and base/planted.h",
                    "report/planted.c names kl,", "report/planted.c names out_logit_clean,"]
        if len(wrong) == len(expected) and all(map(str.startswith, wrong, expected)):
            return 0
        print(f"not found as it should be: {expected}, but {wrong}", file=sys.stderr)
        return 1


def main(args):
    src = pathlib.Path(__file__).resolve().parents[2] / "src"
    if args == ["--self-test"]:
        return self_test(src)
    n, wrong = problems(pathlib.Path(args[0]) if args else src)
    print("".join(f"{line}\n" for line in wrong) + f"{n} names, {len(wrong)} problems")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
