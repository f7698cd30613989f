#!/usr/bin/env python3
"""Checks the seams of src/ by reading it: includes, libraries and functions.

    tests/lint/floors.py [SRC]          the tree's own src/ unless said; status 1 if anything is wrong
    tests/lint/floors.py --self-test    plants each kind of violation in a copy and looks for it

A floor may include headers of its own and of the floors that USES lists (docs/tour.md draws it).
"""

import pathlib
import re
import shutil
import sys
import tempfile

USES = {
    "base": set(),
    "config": {"base"},
    "data": {"base"},
    "results": {"base"},
    "model": {"base"},
    "engine": {"base", "model"},
    "curation": {"base", "config", "data", "model", "engine"},
    "statistics": {"base", "config", "data"},
    "experiments": {"base", "config", "data", "results", "model", "engine", "statistics"},
    "campaign": {"base", "config", "data", "results", "model", "engine", "statistics", "experiments"},
    "cluster": {"base"},
    "report": {"base", "results", "statistics"},
    "cli": {"base", "config", "data", "results", "model", "engine", "statistics", "experiments",
            "campaign", "curation", "cluster", "report"},
}

# A library is used on one floor only, so that it can be replaced there.
ROOMS = {
    "mpi.h": "cluster",
    "hdf5.h": "results",
    "hdf5_hl.h": "results",
    "yaml.h": "config",
    "cblas.h": "base",
    "omp.h": "base",
    "xxhash.h": "base",
    "pcre2.h": "model",
    "utf8proc.h": "model",
}

GENERATED = {"version.h", "job_script.h"}

# function: (floors that may call it, what to do instead); a file's own exception stands below.
OUTPUT = ({"cli"}, "only the commands print: return a struct err")
NOWHERE = set()
BANNED = {
    **{f: OUTPUT for f in ("printf", "fprintf", "vprintf", "vfprintf", "dprintf", "puts", "fputs",
                           "putchar", "putc", "fputc", "perror")},
    **{f: (NOWHERE, "return a struct err: main alone ends the program")
       for f in ("exit", "_exit", "_Exit", "quick_exit", "abort", "MPI_Abort")},
    **{f: (NOWHERE, "use base/mem.h")
       for f in ("malloc", "calloc", "realloc", "reallocarray", "free", "aligned_alloc",
                 "posix_memalign", "alloca", "strdup", "strndup", "asprintf", "vasprintf")},
    **{f: (NOWHERE, "use snprintf or base/buf.h")
       for f in ("strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf", "stpcpy")},
    **{f: (NOWHERE, "use strtoll or strtod and check what they took")
       for f in ("atoi", "atol", "atoll", "atof", "sscanf", "fscanf", "scanf")},
    **{f: (NOWHERE, "it cannot be used safely") for f in ("gets", "tmpnam", "mktemp", "strtok")},
    **{f: (NOWHERE, "use base/rng.h") for f in ("rand", "srand", "random", "drand48")},
    **{f: (NOWHERE, "use sigaction") for f in ("signal",)},
    **{f: (NOWHERE, "it runs a shell") for f in ("system",)},
    **{f: (NOWHERE, "errors are values") for f in ("setjmp", "longjmp")},
}
EXCEPTIONS = {
    "base/mem.c": {"calloc", "free"},
    "model/arch_json_keys.c": {"free"},  # text that Jansson made
    "cli/main.c": {"_exit"},  # a signal handler
    "report/figures/gallery.c": {"_exit"},  # the child that could not become gnuplot
    # how a job whose rank is lost ends; main asks for it, or a call of all ranks has failed
    "cluster/comms.c": {"MPI_Abort", "dprintf"},
    "results/probe.c": {"_exit"},  # a child that reads a file and is then done
    # the main thread of a rank whose peer is gone may wait in MPI for ever
    "cluster/watch.c": {"_exit", "dprintf"},
}

LONG_FILE = 700

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
CALL = re.compile(r"(?<![\w.])(?<!->)(" + "|".join(BANNED) + r")[ \t]*\(")
NO_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def blank(match):
    """The same number of lines, so that line numbers stay."""
    return "\n" * match.group().count("\n")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def check_include(src, path, kind, name):
    """What is wrong with this include, or None."""
    floor = path.parts[0] if len(path.parts) > 1 else "cli"  # src/main.c is on the top floor
    if name in GENERATED:
        return None
    if kind == "<" or name in ROOMS:
        room = ROOMS.get(name)
        return None if room in (None, floor) else f"{name} may only be included in src/{room}"
    used = name.split("/")[0]
    if used not in USES:
        if (src / path.parent / name).exists():
            return f'write "{path.parent / name}": includes are named from src/'
        return f"{name} is of no floor (quotes are for this project's headers)"
    if used == floor or used in USES[floor]:
        return None
    return f"src/{floor} may not include {name}: src/{used} is not below it"


def banned_calls(path, code):
    """(function, offset) of each call that its floor may not make."""
    floor = path.parts[0] if len(path.parts) > 1 else "cli"
    return [(match.group(1), match.start()) for match in CALL.finditer(code)
            if floor not in BANNED[match.group(1)][0]]


def check_file(src, path):
    text = (src / path).read_text(encoding="utf-8")
    found = []
    for match in INCLUDE.finditer(text):
        wrong = check_include(src, path, match.group(1), match.group(2))
        if wrong:
            found.append((line_of(text, match.start()), wrong))
    code = NO_CODE.sub(blank, text)
    for function, offset in banned_calls(path, code):
        if function not in EXCEPTIONS.get(str(path), ()):
            found.append((line_of(code, offset), f"{function} is banned here: {BANNED[function][1]}"))
    return [f"src/{path}:{line}: {wrong}" for line, wrong in sorted(found)]


def sources(src):
    return sorted(p.relative_to(src) for p in src.rglob("*.[ch]"))


def unneeded(src, path, functions):
    """What is wrong with the exceptions of a file: those that it does not need."""
    file = src / path
    code = NO_CODE.sub(blank, file.read_text(encoding="utf-8")) if file.exists() else ""
    needed = {function for function, _ in banned_calls(pathlib.Path(path), code)}
    return [f"src/{path} does not need its exception for {f}" for f in sorted(functions - needed)]


def check(src):
    return ([wrong for path in sources(src) for wrong in check_file(src, path)] +
            [wrong for path, functions in EXCEPTIONS.items() for wrong in unneeded(src, path, functions)])


def warn_long(src):
    for path in sources(src):
        lines = (src / path).read_text(encoding="utf-8").count("\n")
        if lines > LONG_FILE:
            print(f"warning: src/{path} has {lines} lines; more than {LONG_FILE} is hard to read")


# file that is planted, its text, what must be said of it
PLANTED = [
    ("base/planted.c", '#include "model/model.h"\n', "src/base may not include model/model.h"),
    ("config/planted.c", '#include "data/dataset.h"\n', "src/config may not include data/dataset.h"),
    ("data/planted.c", '#include "config/config.h"\n', "src/data may not include config/config.h"),
    ("engine/planted.h", ' #  include "results/table.h"\n', "src/engine may not include results"),
    ("cluster/planted.c", '#include "cli/cli.h"\n', "src/cluster may not include cli/cli.h"),
    ("engine/planted.c", "#include <mpi.h>\n", "mpi.h may only be included in src/cluster"),
    ("cli/planted.c", "#include <hdf5.h>\n", "hdf5.h may only be included in src/results"),
    ("data/planted.c", "#include <yaml.h>\n", "yaml.h may only be included in src/config"),
    ("engine/planted.c", '#include "cblas.h"\n', "cblas.h may only be included in src/base"),
    ("base/planted.c", '#include "planted.h"\n', "is of no floor"),
    ("model/planted.c", "void f(void)\n{\n    exit(1);\n}\n", "src/model/planted.c:3: exit is banned"),
    ("model/planted.c", '/* a\n */ int g(void) { printf ("x"); }\n', "planted.c:2: printf is banned"),
    ("cli/planted.c", "char *p = malloc(3);\n", "malloc is banned here"),
    ("cli/planted.c", "int i = atoi(s);\n", "atoi is banned here"),
    ("cluster/planted.c", "x = y->z; free(x);\n", "free is banned here"),
]
INNOCENT = """#include <stdio.h>
#include "base/err.h"
/* never exit(1) or call malloc(3) */
static const char *s = "printf(%d) \\" free(p)"; // abort()
int f(struct t *t) { return t->free(t) + t.exit(1) + mem_free(t) + my_printf("x") + snprintf(b, 1, "x"); }
"""


def self_test(src):
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "src"
        shutil.copytree(src, copy)
        before = check(copy)
        for name, text, expected in PLANTED:
            (copy / name).write_text(text, encoding="utf-8")
            new = check_file(copy, pathlib.Path(name))
            (copy / name).unlink()
            if len(new) != 1 or expected not in new[0]:
                print(f"planted in {name}: {text!r}\n  expected: {expected}\n  found: {new}")
                failures += 1
        for path in EXCEPTIONS:
            (copy / path).rename(copy / (path + ".kept"))
            (copy / path).write_text("/* free(p), exit(1) */\n", encoding="utf-8")
        new = [wrong for wrong in check(copy) if wrong not in before]
        if len(new) != sum(map(len, EXCEPTIONS.values())) or any("its exception for" not in w for w in new):
            print("files without code still need their exceptions:", new)
            failures += 1
        for path in EXCEPTIONS:
            (copy / (path + ".kept")).replace(copy / path)
        (copy / "engine/innocent.c").write_text(INNOCENT, encoding="utf-8")
        if check(copy) != before:
            print("innocent code is called wrong:", check(copy))
            failures += 1
    print(f"{len(PLANTED) + 2} cases, {failures} failed")
    return failures


def main(arguments):
    src = pathlib.Path(__file__).resolve().parents[2] / "src"
    if arguments == ["--self-test"]:
        return 1 if self_test(src) else 0
    if arguments:
        src = pathlib.Path(arguments[0])
    wrong = check(src)
    warn_long(src)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(sources(src))} files, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
