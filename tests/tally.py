#!/usr/bin/env python3
"""Prints one line for each test of a ctest JUnit file: pass|fail|skip, its name, and for a skipped
one the reason that it gave ("skip: REASON"), separated by tabs.   tests/tally.py JUNIT.XML"""

import sys
import xml.etree.ElementTree as ElementTree


def reason(case):
    for line in (case.findtext("system-out") or "").splitlines():
        if line.startswith("skip: "):
            return line[len("skip: "):].strip()
    return ""


for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.find("skipped") is not None:
        # A program that could not be run at all is not a test that chose to be skipped.
        result = "skip" if "SKIP_RETURN_CODE" in case.find("skipped").get("message", "") else "fail"
    else:
        result = "pass" if case.get("status") == "run" and case.find("failure") is None else "fail"
    print(result, case.get("name"), reason(case) if result == "skip" else "", sep="\t")
