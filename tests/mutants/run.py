#!/usr/bin/env python3
"""Plants the mistakes of table.txt in the source, one at a time, and sees the tests fail.

    tests/mutants/run.py BUILD [--quick] [--jobs N] [NAME...]
    tests/mutants/run.py --check    only whether the table fits the source

BUILD is a build folder with the unit tests in it. A mutant is one file of src/ with a few lines
changed, compiled in a temporary folder and linked before the libraries of BUILD, so that it takes
the place of the true one. The tests of its folder (TESTS) are asked one after the other until one
catches it. The true files go first, by the same way, and have to pass.
LENSWEEP_ROUNDS is passed on to test_forked and test_same_bits.

Status 1 if a mutant survives, 2 if the table does not fit the source or a mutant does not compile.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SOURCE = ROOT / "src"
TESTS = {  # the folder of a mutant: the tests that should catch it, quick ones first
    "engine": ("test_forked", "test_same_bits", "test_edit_definitions", "test_engine"),
    "results": ("test_reports", "test_report_parts", "test_durable", "test_journal", "test_lock", "test_h5file",
                "test_probe_describe"),
    "cluster": ("test_cluster",),
    "statistics": ("test_significance", "test_strata", "test_estimate"),
    "experiments": ("test_edge_units",),
    "campaign": ("test_cut", "test_keys", "test_manifest", "test_slabs", "test_verified", "test_edge_units"),
    "model": ("test_model", "test_identity"),
    "data": ("test_draws", "test_fingerprint", "test_data"),
    "curation": ("test_curation",),
    "base": ("test_product", "test_identity", "test_model", "test_numerics", "test_base"),
}
TIMEOUT = 120  # seconds of one test; a mutant that hangs is caught by that

Mutant = collections.namedtuple("Mutant", "name file quick wrong old new")
TRUE = [Mutant(f"(true-{folder})", f"{folder}/{file}", True, "nothing", [], []) for folder, file in
        (("engine", "wave.c"), ("results", "journal.c"), ("cluster", "master.c"),
         ("statistics", "estimate.c"), ("experiments", "edges_operands.c"),
         ("campaign", "cut.c"), ("model", "identity.c"), ("data", "draws.c"),
         ("curation", "select.c"), ("base", "hash.c"))]


class Trouble(Exception):
    """The table, the source or the build is not what it should be."""


def read_table(path):
    mutants = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        sign, rest = line[:1], line[1:].strip()
        if sign == "=":
            name, file, *quick = rest.split()
            file = file if "/" in file else f"engine/{file}"
            if file.split("/")[0] not in TESTS:
                raise Trouble(f"{path.name}:{number}: no tests are known for {file}")
            mutants.append(Mutant(name, file, quick == ["quick"], [], [], []))
        elif sign in ("-", "+") and mutants:
            (mutants[-1].old if sign == "-" else mutants[-1].new).append(rest)
        elif line and sign != "#":
            if not mutants or mutants[-1].wrong:
                raise Trouble(f"{path.name}:{number}: expected '=', '-' or '+' at the line's start")
            mutants[-1].wrong.append(line.strip())
    names = [m.name for m in mutants]
    for m in mutants:
        if names.count(m.name) > 1 or not (m.old and m.new and m.wrong):
            raise Trouble(f"{path.name}: {m.name}: a name used twice, or a part of it is missing")
    return [m._replace(wrong=m.wrong[0]) for m in mutants]


def mutate(mutant):
    """The text of the file with the mistake in it."""
    lines = (SOURCE / mutant.file).read_text(encoding="utf-8").split("\n")
    bare = [line.strip() for line in lines]
    old, size = mutant.old, len(mutant.old)
    if old:
        found = [i for i in range(len(bare) - size + 1) if bare[i:i + size] == old]
        if len(found) != 1:
            raise Trouble(f"{mutant.name}: its lines stand {len(found)} times in "
                          f"src/{mutant.file}, not once: mend tests/mutants/table.txt")
        lines[found[0]:found[0] + size] = mutant.new
    return "\n".join(lines)


class Build:
    """How the build folder compiles the source files and links the tests."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        commands = self.folder / "compile_commands.json"
        if not commands.exists():
            raise Trouble(f"{folder} is not a build folder: it does not have compile_commands.json")
        self.compiling = {}
        for entry in json.loads(commands.read_text(encoding="utf-8")):
            file = pathlib.Path(entry["file"])
            if SOURCE in file.parents:
                self.compiling[str(file.relative_to(SOURCE))] = shlex.split(entry["command"])
        self.linking = {}

    def link_command(self, test):
        tests = self.folder / "tests"
        if not (tests / test).exists():
            raise Trouble(f"{tests / test} is not built")
        script = tests / "CMakeFiles" / f"{test}.dir" / "link.txt"
        if script.exists():  # make: one command, run in tests/
            return shlex.split(script.read_text(encoding="utf-8")), tests
        text = subprocess.run(["ninja", "-t", "commands", f"tests/{test}"], cwd=self.folder,
                              check=True, capture_output=True, text=True).stdout
        command = text.strip().split("\n")[-1]
        return shlex.split(re.sub(r"^: && | && :$", "", command)), self.folder

    def compile(self, mutant, source, target):
        if mutant.file not in self.compiling:
            raise Trouble(f"{mutant.name}: the build has no src/{mutant.file}")
        command = [a for a in self.compiling[mutant.file] if not re.match(r"-(W|O)", a)]
        command[command.index("-o") + 1] = str(target)
        command[command.index("-c") + 1] = str(source)
        execute(command + ["-O1", "-w"], self.folder, mutant)

    def link(self, mutant, test, target, program):
        if test not in self.linking:
            self.linking[test] = self.link_command(test)
        command, folder = self.linking[test]
        at = command.index("-o")
        execute(command[:at] + [str(target), "-o", str(program)] + command[at + 2:], folder, mutant)


def execute(command, folder, mutant):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{mutant.name}: does not build:\n{done.stderr}")


def no_core_file():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def verdict(program):
    """None if the test passes, else its first case that fails, and how."""
    # More threads than free cores would spend their time waiting for each other.
    env = dict(os.environ, OMP_WAIT_POLICY="passive", CMOCKA_MESSAGE_OUTPUT="STDOUT")
    try:
        done = subprocess.run([program], cwd=ROOT, env=env, capture_output=True, timeout=TIMEOUT,
                              preexec_fn=no_core_file, check=False)
    except subprocess.TimeoutExpired:
        return "takes too long"
    if done.returncode == 0:
        return None
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    case = re.search(r"\[  FAILED  \] (\w+)$", text, re.M)
    said = re.search(r"(?:ERROR: |\[  ERROR   \] --- (?!\[))(.*)", text)
    return (f"{case.group(1) if case else program.name}: "
            f"{said.group(1) if said else f'status {done.returncode}'}")


def examine(build, folder, mutant):
    """(what caught it or None, seconds)"""
    start = time.monotonic()
    place = folder / mutant.name
    place.mkdir()
    source, target = place / pathlib.Path(mutant.file).name, place / "mutant.o"
    source.write_text(mutate(mutant), encoding="utf-8")
    build.compile(mutant, source, target)
    caught = None
    for test in TESTS[mutant.file.split("/")[0]]:
        build.link(mutant, test, target, place / test)
        caught = verdict(place / test)
        if caught:
            break
    shutil.rmtree(place)
    return caught, time.monotonic() - start


def examine_all(mutants, build, folder, jobs):
    """(mutant, what examine says of it), in their order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        yield from zip(mutants, pool.map(lambda m: examine(build, folder, m), mutants))


def report(mutants, build, folder, jobs):
    """Prints the table; how many survive."""
    survivors = 0
    widths = max(len(m.name) for m in mutants), max(len(m.wrong) for m in mutants)
    print(f"{'mutant':{widths[0]}} | {'what is wrong':{widths[1]}} | seconds | caught by")
    for mutant, (caught, seconds) in examine_all(mutants, build, folder, jobs):
        survivors += not caught
        print(f"{mutant.name:{widths[0]}} | {mutant.wrong:{widths[1]}} | {seconds:7.1f} | "
              f"{caught or 'NOTHING: it survives'}", flush=True)
    return survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path, nargs="?", help="build folder")
    parser.add_argument("--check", action="store_true", help="only whether the table fits")
    parser.add_argument("--quick", action="store_true", help="only those marked quick")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these")
    args = parser.parse_args()
    if not (args.build or args.check):
        parser.error("name a build folder")
    try:
        mutants = read_table(HERE / "table.txt")
        unknown = set(args.names) - {m.name for m in mutants}
        if unknown:
            raise Trouble(f"no such mutant: {', '.join(sorted(unknown))}")
        for mutant in mutants:  # the whole table fits the source, whichever are run
            mutate(mutant)
        if args.check:
            return 0
        chosen = [m for m in mutants if (not args.quick or m.quick)
                  and (not args.names or m.name in args.names)]
        build = Build(args.build)
        with tempfile.TemporaryDirectory(prefix="lensweep-mutants-") as folder:
            folder = pathlib.Path(folder)
            used = {m.file.split("/")[0] for m in chosen}
            true = [m for m in TRUE if m.file.split("/")[0] in used]
            for mutant, (wrong, _) in examine_all(true, build, folder, args.jobs):
                if wrong:
                    raise Trouble(f"the true source of {mutant.file} does not pass: {wrong}")
            survivors = report(chosen, build, folder, args.jobs)
    except Trouble as trouble:
        print(f"mutants: {trouble}", file=sys.stderr)
        return 2
    print(f"{len(chosen)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
