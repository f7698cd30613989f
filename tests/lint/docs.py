#!/usr/bin/env python3
"""Checks that what pages and comments name is there.

    tests/lint/docs.py    status 1 if a page names a source file, or links to a page, that does not exist;
                          or if a file cites a page, or a section of docs/methods.md, that does not exist
"""

import fnmatch
import pathlib
import posixpath
import re
import subprocess
import sys

SOURCE = re.compile(r"`([\w./*-]+\.[ch])`|`((?:tests|scripts|jobs|configs|bench|src)/[\w./-]+)`")
LINK = re.compile(r"\]\(([^)#:]+)\)")
CITED = re.compile(r"\bdocs/(\w+\.md)((?: ?,? \d(?:\.\d)?\b)*)")
ELSEWHERE = re.compile(r"\b(?:METHODS|INTERFACE|DESIGN|FACTS) \d")
SECTION = re.compile(r"^#+ (\d(?:\.\d)?)\.? ", re.M)
# Headers of libraries, and the file of the tour's worked example.
OTHERS = {"src/experiments/norms.c", "mpi.h", "pcre2.h", "utf8proc.h", "hdf5.h", "yaml.h", "cblas.h", "omp.h", "xxhash.h"}
NOT_OURS = re.compile(r"^(tests/fixtures|tests/fuzz/corpus)/|^tests/lint/docs\.py$")
PAGE = re.compile(r"^(docs/.*|.*README)\.md$")


def is_there(name, files):
    """A path from the root or from src/, or only the end of one; * stands for anything."""
    return any(fnmatch.fnmatch(f, name) or fnmatch.fnmatch(f, "*/" + name) or f.startswith(name.rstrip("/") + "/")
               for f in files)


def check_page(name, text, files):
    for number, line in enumerate(text.split("\n"), 1):
        for match in SOURCE.finditer(line):
            path = match.group(1) or match.group(2)
            if path not in OTHERS and not re.search(r"[A-Z]{3}", path) and not is_there(path, files):
                yield number, f"there is no {path}"
        for match in LINK.finditer(line):
            if posixpath.normpath(posixpath.join(posixpath.dirname(name), match.group(1))) not in files:
                yield number, f"it links to {match.group(1)}, which does not exist"


def check_citations(text, files, sections):
    for match in ELSEWHERE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, f"{match.group()} is not a page of docs/"
    for match in CITED.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        if f"docs/{match.group(1)}" not in files:
            yield number, f"there is no docs/{match.group(1)}"
        if match.group(1) == "methods.md":
            for section in re.findall(r"\d(?:\.\d)?", match.group(2)):
                if section not in sections:
                    yield number, f"docs/methods.md has no section {section}"


def main():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True).stdout.split("\n")
    files = [f for f in files if f and pathlib.Path(f).is_file()]
    sections = set(SECTION.findall(pathlib.Path("docs/methods.md").read_text(encoding="utf-8")))
    problems = 0
    for name in files:
        if not re.search(r"\.(c|h|py|sh|md|txt|yaml|bash)$", name) or NOT_OURS.match(name):
            continue
        text = pathlib.Path(name).read_text(encoding="utf-8")
        found = list(check_citations(text, files, sections))
        if PAGE.match(name):
            found += check_page(name, text, files)
        for number, wrong in found:
            print(f"{name}:{number}: {wrong}")
            problems += 1
    print(f"{len(files)} files, {problems} problems")
    return 1 if problems else 0


def self_test():
    files = ["src/data/flags.c", "docs/methods.md"]
    assert not list(check_page("docs/a.md", "`flags.c`, `data/*.c`, [m](methods.md)", files))
    assert len(list(check_page("docs/a.md", "`flag.c`\n`config/*.c`\n[m](method.md)", files))) == 3
    assert not list(check_citations("docs/methods.md 3.1, 4", files, {"3.1", "4"}))
    assert len(list(check_citations("docs/methods.md 3.9 docs/method.md", files, {"3.1"}))) == 2
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if "--self-test" in sys.argv else main())
