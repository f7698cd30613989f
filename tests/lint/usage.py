#!/usr/bin/env python3
"""Compiles the usage examples of all headers.

    tests/lint/usage.py BUILD_FOLDER    (its compile_commands.json has the include paths)
    tests/lint/usage.py --self-test

An example is a paragraph that is indented by four spaces or more, in a comment that begins a line. It is
C at file scope, which declares what it uses beside the header and the standard library. What has an arrow
between spaces is a drawing, not code.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys

COMMENT = re.compile(r"^/\*\n(.*?)\n \*/", re.M | re.S)
CODE = re.compile(r" \*     (.*)")
DRAWING = re.compile(r"-->|\s->\s")
STANDARD = ("errno", "math", "stdbool", "stddef", "stdint", "stdio", "stdlib", "string")
COMPILE = ["cc", "-std=c17", "-D_XOPEN_SOURCE=700", "-fsyntax-only", "-x", "c", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-Wno-unused-function",
           "-Wno-unused-variable", "-Wno-unused-const-variable"]


def examples(text):
    """(line, code) of each comment that has some; lines that are not code are blank in it."""
    for comment in COMMENT.finditer(text):
        code, inside = [], True
        for line in comment.group(1).split("\n"):
            match = CODE.match(line)
            inside = line == " *" or bool(match and inside)
            code.append(match.group(1) if match and inside else "")
        code = "\n".join(code)
        if code.strip() and not DRAWING.search(code):
            yield text.count("\n", 0, comment.start()) + 2, code


def compile_example(header, line, code, flags):
    """What the compiler says; "" = nothing."""
    head = "".join(f"#include <{name}.h>\n" for name in STANDARD)
    head += f'#include "{header}"\n#line {line} "{header}"\n'
    done = subprocess.run([*COMPILE, *flags, "-"], input=head + code + "\n", capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def include_flags(build):
    flags = ["-I."]
    for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
        words = iter(shlex.split(entry["command"]))
        for word in words:
            found = [word, next(words)] if word in ("-isystem", "-I") else [word] if word.startswith("-I") else []
            if found and " ".join(found) not in " ".join(flags):
                flags += found
    return flags


def main():
    flags, count, status = include_flags(sys.argv[1]), 0, 0
    for header in sorted([*pathlib.Path("src").rglob("*.h"), *pathlib.Path("tests").rglob("*.h")]):
        for line, code in examples(header.read_text(encoding="utf-8")):
            said = compile_example(header, line, code, flags)
            count += 1
            if said:
                print(f"{header}: its example does not compile\n{said}")
                status = 1
    print(f"{count} examples")
    return status


def self_test():
    text = "/*\n * Adds.\n *\n *     int three(void)\n *     {\n *         return SUM;\n *     }\n */\n"
    (line, code), = examples(text.replace("SUM", "1 + 2"))
    assert line == 2 and not compile_example("/dev/null", line, code, [])
    (line, code), = examples(text.replace("SUM", "add(1, 2)"))
    assert ":6:" in compile_example("/dev/null", line, code, [])
    assert not list(examples("/*\n *     text --words--> ids\n */\n/* none */\n"))
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1] == "--self-test" else main())
