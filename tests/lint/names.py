#!/usr/bin/env python3
"""Checks that a name stands for one thing: no two structs, unions or enums of src/ share one.

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
EXCEPTIONS = {"struct cell", "struct table"}  # report/headline.c


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
    return len(found), out


def self_test(src):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "src"
        shutil.copytree(src, copy)
        (copy / "base" / "planted.h").write_text("/* struct arena { */\nstruct arena\n{\n};\n",
                                                 encoding="utf-8")
        expected = "struct arena is defined in base/mem.h and base/planted.h"
        if problems(copy)[1] == [expected]:
            return 0
        print(f"not found as it should be: {expected}", file=sys.stderr)
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
