#!/usr/bin/env bash
# --json of status, plan, inspect, top and verify: one JSON value, with the keys and types that docs/json.md lists, and
# no others.
. tests/integration/lib.bash
[ -n "${LENSWEEP_PYTHON:-}" ] || skip "no Python"

queries 8 >"$work/lands.jsonl"
config "$work/c.yaml" "$work/lands.jsonl" "$work/r" 'name: decode, kind: decode, top: 3' \
    'name: zero, kind: ablation, site: head, operation: {kind: zero}, metrics: [logit, direct]'
ends 0 "$program" plan "$work/c.yaml" --json && cp "$work/out" "$work/plan.json"
ends 0 "$program" inspect "$small" --json && cp "$work/out" "$work/inspect.json"
ends 0 "$program" run "$work/c.yaml" --set run.threads=1
ends 0 "$program" status "$work/r" --json && cp "$work/out" "$work/status.json"
ends 0 "$program" top "$work/r" -n 2 --json && cp "$work/out" "$work/top.json"
ends 0 "$program" verify "$work/r" --cells 5 --json && cp "$work/out" "$work/verify.json"
ends 2 "$program" top "$work/r" --classes --json
ends 2 "$program" plan "$work/c.yaml" --sbatch --json

"$LENSWEEP_PYTHON" - "$work" <<'P' || wrong "JSON and docs/json.md differ"
import json, re, sys

work, wrong = sys.argv[1], 0
TYPES = {"text": str, "whole": int, "number": (int, float), "flag": bool, "list": list, "object": dict}
page = open("docs/json.md", encoding="utf-8").read()


def tables(command):
    section = re.search(rf"^## `lensweep {command} .*?$(.*?)(?=^## |\Z)", page, re.M | re.S)[1]
    for block in re.findall(r"((?:^\|.*\n)+)", section, re.M):
        rows = [r.split("|")[1:3] for r in block.splitlines()[2:]]
        yield {k: t.strip().split(" or ") for names, t in rows for k in re.findall(r"`(\w+)`", names)}


def check(command, value, keys):
    global wrong
    if set(value) != set(keys):
        print(command, "keys differ:", set(value) ^ set(keys))
        wrong += 1
    for key, types in keys.items():
        v = value.get(key)
        ok = v is None and "null" in types or isinstance(v, TYPES[types[0]]) and (types[0] == "flag" or not isinstance(v, bool))
        if not ok:
            print(f"{command}: {key} is {v!r}, not {types}")
            wrong += 1


def load(command):
    return json.load(open(f"{work}/{command}.json", encoding="utf-8"))


(inspect,) = tables("inspect")
check("inspect", load("inspect"), inspect)
verify, difference = tables("verify")
check("verify", load("verify"), verify)
status, holder = tables("status")
check("status", load("status"), status)
plan, experiment = tables("plan")
check("plan", load("plan"), plan)
for x in load("plan")["experiments"]:
    check("plan", x, experiment)
parts = sum(x["flops"] for x in load("plan")["experiments"]) + load("plan")["clean_flops"]
assert abs(parts / load("plan")["flops"] - 1) < 1e-9, parts
top, row, token = tables("top")
assert len(load("top")) > 1
for t in load("top"):
    check("top", t, top)
    assert 0 < len(t["rows"]) <= 2
    for r in t["rows"]:
        check("top", r, row)
        assert bool(r["tokens"]) == (t["variable"] == "top_id")
        for x in r["tokens"]:
            check("top", x, token)
            assert 0 < x["n"] <= r["n"]
assert sum(t["variable"] == "top_id" for t in load("top")) == 3
assert load("status")["finished"] and [x["name"] for x in load("plan")["experiments"]] == ["queries", "decode", "zero"]
sys.exit(wrong > 0)
P
finish
