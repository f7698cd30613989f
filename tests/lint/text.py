#!/usr/bin/env python3
"""Checks all text files that git knows: nothing of one machine or one network stands in them.

    tests/lint/text.py    status 1 if a path of a home folder, or a host that is not listed below,
                          is found; also tabs, long lines and plurals by hand in C, white space at line
                          ends, a missing last newline
"""

import re
import subprocess
import sys

# Hosts that pages and licences may name.
HOSTS = {"arxiv.org", "github.com", "doi.org", "example.org", "aclanthology.org", "www.w3.org",
         "localhost", "127.0.0.1", "git-lfs.github.com",
         "www.apache.org"}

# Data and fixtures hold whatever their source holds.
NOT_OURS = re.compile(r"^(data|tests/fixtures|tests/fuzz/corpus)/")
BINARY = re.compile(r"\.(bin|gguf|h5|npy|npz|png|safetensors)$")

MACHINE = re.compile(r"(?<![\w./$}-])/(?:root|home|work|Users)/[\w.]+")
# A host behind a scheme, or a bare name that looks like a package registry's or mirror's.
URL = re.compile(r"\bhttps?://([\w.-]+)")
REGISTRY = re.compile(r"\b(?:[\w-]+\.)*(?:pypi|pythonhosted|debian|huggingface|npmjs)\.(?:org|net|co|com|io)\b")
# A plural by hand: base/str.h has str_noun.
PLURAL = re.compile(r"""\? "" : "e?s"|\? "y" : "ies"|\? "e?s" : ""|\? "ies" : "y\"""")


def check(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        for match in MACHINE.finditer(line):
            yield number, f"{match.group()} is a path of one machine"
        for match in URL.finditer(line):
            if match.group(1) not in HOSTS:
                yield number, f"{match.group(1)} is not in the list of hosts of tests/lint/text.py"
        for match in REGISTRY.finditer(line):
            yield number, f"{match.group()} is the host of a registry: name the package only"
        if line != line.rstrip() and not name.endswith(".svg"):
            yield number, "white space at the end of the line"
        if "\t" in line and name.endswith((".c", ".h")):
            yield number, "a tab: indent with four spaces"
        if PLURAL.search(line) and name.endswith((".c", ".h")):
            yield number, "a plural by hand: str_noun(n, \"query\", \"queries\") has both words"
        if len(line) > 100 and name.endswith((".c", ".h")):
            yield number, "longer than 100 characters"
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"


def main():
    names = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
    problems = files = 0
    for name in names.stdout.split("\0"):
        if not name or NOT_OURS.match(name) or BINARY.search(name):
            continue
        try:
            with open(name, encoding="utf-8", newline="") as file:
                text = file.read()
        except FileNotFoundError:  # removed, but not yet in git
            continue
        files += 1
        for number, wrong in check(name, text):
            print(f"{name}:{number}: {wrong}")
            problems += 1
    print(f"{files} files, {problems} problems")
    return 1 if problems else 0


def self_test():
    bad = {"see /ho" + "me/me/x": "path of one machine", "http" + "://a.b.c/d": "list of hosts",
           "from py" + "pi.org": "host of a registry", "x ": "white space", "x" * 101: "longer",
           "n == 1 ? \"\" : \"s\")": "plural by hand"}
    for line, expected in bad.items():
        assert any(expected in wrong for _, wrong in check("a.c", line + "\n")), line
    assert not list(check("a.c", "results/home/x https://arxiv.org/abs/2502.20475\n"))
    return 0


if __name__ == "__main__":
    sys.exit(self_test() or main())
