#!/usr/bin/env python3
"""Compares what `lensweep plot` writes with NumPy's own averages of the cells of the same file.

    tests/check_plot.py LENSWEEP MODEL QUERIES

Runs the five analyses of QUERIES (native, one dataset) on the small MODEL, spread over datasets and
templates, and checks the figures' data and that the scripts take them from the right places; then
formats, odd names and exit statuses on files made with h5py. Status 77 = skipped: a package or
gnuplot is missing.
"""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

try:
    import h5py
    import numpy as np
except ImportError as missing:
    print(f"skip: no Python package {missing.name}")
    sys.exit(77)

EXPERIMENTS = """experiments:
  - {name: early, kind: decode}
  - {name: lens, kind: token_lens}
  - {name: cut, kind: knockout, sets: [subject, answer_1, answer_2, last]}
  - {name: one, kind: knockout, sets: [subject], layers: each}
  - {name: window, kind: knockout, sets: [subject, last], layers: {window: 2, stride: 1}}
  - {name: part, kind: knockout, sets: [subject], heads: each}
  - {name: each, kind: knockout, sets: [subject, last], layers: each, heads: each}
  - {name: places, kind: decode, positions: [subject, last]}
  - {name: heads, kind: heads}
  - {name: authors, kind: heads, classify: authors, k: 0.7}
  - {name: edges, kind: edges, operation: {kind: zero}, metrics: [logit, kl]}
  - {name: trace, kind: causal_trace, corrupt: [subject, answer_1, answer_2], window: [1, 2], samples: 2, noise: 0.5}
"""
# dataset, template, which queries of the file
STRATA = [("random", 1, slice(None)), ("random", 2, slice(0, 7)), ("other", 3, slice(2, 10))]


def run(program, *arguments, env=None):
    return subprocess.run([program, *arguments], capture_output=True, text=True, env=env)


def text(variable):
    return np.array([s.decode() for s in variable[:]], object)


def make_run(program, model, queries, folder):
    with open(queries, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    data = os.path.join(folder, "data.jsonl")
    with open(data, "w", encoding="utf-8") as f:
        for dataset, template, which in STRATA:
            for query in lines[which]:
                f.write(json.dumps(query | {"dataset": dataset, "template": template}) + "\n")
        f.write(json.dumps(lines[0] | {"dataset": "other", "ids": [10**6]}) + "\n")
    config = os.path.join(folder, "c.yaml")
    out = os.path.join(folder, "all")
    with open(config, "w", encoding="utf-8") as f:
        f.write(f"model: {{path: {model}}}\ndata: {{path: {data}}}\noutput: {out}\n"
                f"statistics: {{bootstrap: 100}}\n{EXPERIMENTS}")
    done = run(program, "run", config)
    assert done.returncode == 0, done.stderr
    return out


# What each figure shows: one value for each query and cell, from the variables of the cells ------


def against_controls(group, sign):
    logit, of = group["logit"][:].astype("f8"), {}
    for prefix in ("control", "subject_control"):
        mean, std = (group[f"{prefix}_{x}"][:].astype("f8")[..., None] for x in ("logit", "std"))
        verdict = np.where(sign * (logit - mean) > std, 1.0, 0.0)
        of[prefix] = np.where(np.isnan(logit) | np.isnan(mean) | np.isnan(std), np.nan, verdict)
    is_subject = text(group["target"]) == "subject"
    return np.where(is_subject, of["subject_control"], of["control"])


def against_layer(group, sign, keys):
    logit = group["logit"][:].astype("f8")
    out = np.full(logit.shape[:3], np.nan)
    for key in set(keys) - {None}:
        at = np.array([k == key for k in keys]) & (text(group["status"]) == "ok")
        for layer in range(logit.shape[1]):
            cells = logit[at, layer]
            mean, std = np.nanmean(cells), np.nanstd(cells)
            out[at, layer] = (sign * (cells - mean) > 0.7 * std).any(-1)
    return out


def chance(group, name):
    rates = [np.broadcast_to(group[f"{p}_{name}"][:].astype("f8")[..., None], group["logit"].shape)
             for p in ("control", "subject_control")]
    return np.where(text(group["target"]) == "subject", rates[1], rates[0]) + 0 * group["logit"][:]


def by_role(group):
    score, role = group["score"][:].astype("f8"), group["token_role"][:]
    out = np.full((*score.shape[:4], len(group["role"]), score.shape[5]), np.nan)
    for q in range(len(role)):
        for r in set(role[q]) - {-1}:
            out[q, :, :, :, r] = score[q][:, :, :, role[q] == r].mean(3)
    return out


def centred(group):
    logit = group["logit"][:].astype("f8")
    mean = [group[f"{p}_logit"][:].astype("f8")[..., None] for p in ("control", "subject_control")]
    return logit - np.where(text(group["target"]) == "subject", mean[1], mean[0])


def losses(group):
    """Logits that the targets lose, as they are and beyond the control tokens."""
    cut = group["out_logit"][:].astype("f8")
    clean = group["out_logit_clean"][:].astype("f8")
    raw = clean.reshape(len(clean), *[1] * (cut.ndim - 2), -1) - cut
    lost = []
    for p in ("control", "subject_control"):
        before = group[f"{p}_logit_clean"][:].astype("f8").reshape(-1, *[1] * (cut.ndim - 2))
        lost.append((before - group[f"{p}_logit"][:])[..., None])
    return raw, raw - np.where(text(group["target"]) == "subject", lost[1], lost[0])


def wanted(f, keys):
    """(group, value): its dimensions behind the query, and the values."""
    lines = {"early": ["layer", "component", "target"], "lens": ["layer", "token_set", "target"]}
    out = {}
    for name, dims in lines.items():
        out[name, "mean_logit"] = dims, f[name]["logit"][:].astype("f8")
        out[name, "mean_centred_logit"] = dims, centred(f[name])
    cut = f["cut"]
    out["cut", "mean_mlp_logit_drop"] = lines["lens"], (
        cut["mlp_logit_clean"][:].astype("f8")[:, :, None] - cut["mlp_logit"][:])
    out["cut", "mean_out_logit_drop"] = lines["lens"][1:], losses(cut)[0]
    cuts = {"cut": [], "one": ["cut_layer"], "window": ["cut_layer"], "part": ["cut_head"], "each": ["cut_layer", "cut_head"]}
    for name, dims in cuts.items():
        out[name, "mean_out_centred_drop"] = dims + lines["lens"][1:], losses(f[name])[1]
    dims = ["layer", "head", "target"]
    for name, sign in (("promotion", 1), ("suppression", -1)):
        out["heads", name] = dims, against_controls(f["heads"], sign)
        out["heads", name + "_chance"] = dims, chance(f["heads"], name)
        out["authors", name] = dims[:2], against_layer(f["authors"], sign, keys)
    trace = f["trace"]
    dims = ["corruption", "site", "window", "role", "layer"]
    low = trace["low"][:].astype("f8")[:, :, None, None, None, None]
    out["trace", "role_score"] = dims, by_role(trace)
    out["trace", "role_effect"] = dims, by_role(trace) - low
    out["trace", "mean_low"] = dims, low + np.zeros(by_role(trace).shape)
    return out


# Averages over queries --------------------------------------------------------------------------


def strata_of(f):
    """dataset, template and step of each usable query, None for the others."""
    g = f["queries"]
    rows = zip(text(g["dataset"]), g["template"][:], g["step"][:], text(g["status"]))
    return [(d, int(t), int(s)) if status == "ok" else None for d, t, s, status in rows]


def mean(rows):
    n = np.isfinite(rows).sum(0)
    with np.errstate(invalid="ignore"):
        return np.where(n > 0, np.nansum(rows, 0) / n, np.nan), n


def averages(values, keys, status):
    """{(stratum as the CSV names it, step): (mean, n)}: base rows, then means of means."""
    base, out = {}, {}
    for key in sorted(set(keys) - {None}):
        at = np.array([k == key for k in keys]) & (status == "ok")
        base[key] = mean(values[at])
        out[f"{key[0]}/{key[1]}", key[2]] = base[key]
    for step in (1, 2, 3):
        whole = []
        for dataset in sorted({d for d, _, s in base if s == step}):
            parts = [v for (d, _, s), v in base.items() if d == dataset and s == step]
            m = mean(np.array([p[0] for p in parts]))[0]
            whole.append((m, sum(p[1] for p in parts)))
            if len(parts) > 1:
                out[f"{dataset}/macro", step] = whole[-1]
        if len(whole) > 1:
            out["macro", step] = (mean(np.array([w[0] for w in whole]))[0], sum(w[1] for w in whole))
    return out


def labels(group, dim):
    v = group[dim + "_label"] if dim + "_label" in group else group[dim]
    return list(text(v)) if v.dtype == object else [f"{x:g}" for x in v[:]]


def stratum_row(group, stratum, step):
    dataset, _, template = stratum.partition("/")
    want = ("" if stratum == "macro" else dataset, int(template) if template.isdigit() else -1, step)
    have = zip(text(group["stratum_dataset"]), group["stratum_template"][:], group["stratum_step"][:])
    return [(d, int(t), int(s)) for d, t, s in have].index(want)


def compare(f, name, value, dims, cells, rows, keys):
    """Every average that there is stands in the figures' data once, and nothing else does."""
    group = f[name]
    names = [labels(group, d) for d in dims]
    seen = 0
    for (stratum, step), (m, n) in averages(cells, keys, text(group["status"])).items():
        at = stratum_row(group, stratum, step)
        interval = [group[value + s][at] for s in ("_lo", "_hi")] if value + "_lo" in rows[0] else None
        of = {tuple(r[d] for d in dims): r for r in rows
              if r["stratum"] == stratum and r["step"] == str(step)}
        for i in np.ndindex(m.shape):
            row = of.get(tuple(k[j] for k, j in zip(names, i)))
            if row is None or not row[value]:
                assert np.isnan(m[i]) or value == "mean_low", (name, value, stratum, step, i, m[i])
                continue
            seen += 1
            assert np.isclose(float(row[value]), m[i], rtol=1e-6, atol=1e-6), (value, row, m[i])
            if interval is None:
                continue
            assert int(row["n"]) == n[i], (value, row, n[i])
            for s, v in zip(("_lo", "_hi"), interval):
                assert np.isclose(float(row[value + s] or "nan"), v[i], rtol=1e-8, atol=1e-8,
                                  equal_nan=True), (value + s, row, v[i])
    filled = sum(1 for r in rows if r[value])
    assert seen == filled > 0, f"{name}: {value} has {filled} numbers, {seen} of them expected"


def read_table(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def check_filled(rows, keys, value):
    entries = {tuple(r[k] for k in keys) for r in rows}
    filled = {tuple(r[k] for k in keys) for r in rows if r[value]}
    assert entries == filled, (keys, entries - filled)


SHOWN = {"last": "last token"}


def check_script(figures, name):
    """Each panel's block of the table is of one step, row and column; fields are the right ones."""
    rows = read_table(os.path.join(figures, name + ".csv"))
    header = list(rows[0])
    with open(os.path.join(figures, name + ".gp"), encoding="utf-8") as f:
        script = f.read()

    def field(number):
        return header[int(number) - 1]

    starts = [int(x) for x in re.findall(r"^first = (\d+)$", script, re.M)]
    along = re.search(r"^along = (\d+)$", script, re.M)
    if "linespoints" in script:
        lo, hi = re.search(r"using 0:(\d+):(\d+) with filled", script).groups()
        value = field(re.search(r"using 0:(\d+) with linesp", script)[1])
        assert [field(k) for k in (lo, hi)] == [value + "_lo", value + "_hi"]
        n = int(re.search(r"^array colour\[(\d+)\]$", script, re.M)[1])
        # a cut of layers or heads has them along, a line for each set; else a line for each target
        of, series = next((d, s) for d, s in (("cut_layer", "token_set"), ("cut_head", "token_set"),
                                              ("layer", "target")) if d in header)
        size = int(along[1]) * n
        same = list({"component", "token_set", "target"} & set(header) - {series})
        entries = list(dict.fromkeys(r[of] for r in rows))
        key = script.index
        for start in starts:
            targets = []
            for k in range(n):
                line = rows[start + k * int(along[1]):start + (k + 1) * int(along[1])]
                targets += {r[series] for r in line}
                assert [r[of] for r in line] == entries and len(entries) == int(along[1])
            assert len(set(targets)) == n == len(targets), (name, start, targets)
            places = [key(f"set label '{SHOWN.get(t, t.replace('_', ' '))}' at") for t in targets]
            assert places == sorted(places), (name, targets)
    elif "xerrorbars" in script and "along" in script and not "jitter" in script:
        mid, lo, hi = re.search(r"\? \$(\d+) : NaN\):\(y\(\$0\+1, i\)\):(\d+):(\d+)", script).groups()
        value = field(mid)
        assert [field(k) for k in (lo, hi)] == [value + "_lo", value + "_hi"]
        n = int(re.search(r"^array colour\[(\d+)\]$", script, re.M)[1])
        size, same = int(along[1]) * n, []
    elif "boxxyerror" in script:
        for lo, hi in re.findall(r"^set cbrange \[(\S+):(\S+)\]$", script, re.M):
            assert float(lo) not in (0, -float(hi)) or float(hi) == float(f"{float(hi):.2g}"), (name, hi)
        value = field(re.search(r"using 0:\(i\):\(\$0 - .*:(\d+) \\\n    with box", script)[1])
        assert value in ("role_score", "role_effect", "mean", "mean_layer_effect",
                         "mean_out_centred_drop"), value
        down = int(re.search(r"^down = (\d+)$", script, re.M)[1])
        size, same = int(along[1]) * down, list({"site", "corruption", "window", "metric", "token_set", "target"} & set(header))
        for start in starts:
            for k in range(down):
                line = rows[start + k * int(along[1]):start + (k + 1) * int(along[1])]
                assert len({r[next(d for d in ("role", "layer", "from_layer", "cut_layer") if d in r)] for r in line}) == 1
    elif "effect[int($0)+1]" in script:
        value = field(re.search(r"effect\[int\(\$0\)\+1\]=\$(\d+)\)", script)[1])
        assert value == "mean", value
        row = {int(k): s for s, k in re.findall(r"'([^',]+)' (\d+)", re.search(r"^set ytics (.*)$", script, re.M)[1])}
        ends = re.findall(r"^from\[\d+\] = (\d+); to\[\d+\] = (\d+)$", script, re.M)
        assert all(int(a) < int(b) for a, b in ends), (name, ends)
        size, same = len(ends), ["metric"]
        assert size == min(20, len(rows)) and len(set(row.values())) == len(row), (name, row)
        for start in starts:
            assert [f"{row[int(a)]} > {row[int(b)]}" for a, b in ends] == [r["edge"] for r in rows[start:start + size]]
    else:
        n, x, y, c = re.search(r"::first::first\+(\d+) using \(100\*\$(\d+)\):\(100\*\$(\d+)\):"
                               r"\(int\(\$0\)/(\d+)\)", script).groups()
        assert [field(k) for k in (x, y)] == ["promotion", "suppression"], (x, y)
        assert int(c) == len({r["head"] for r in rows}), c
        value = "promotion"
        size, same = int(n) + 1, [d for d in ("target",) if d in header]
    drawn = set()
    for start in starts:
        block = rows[start:start + size]
        assert len(block) == size
        for d in ["step", *same]:
            assert len({r[d] for r in block}) == 1, (name, start, d)
        assert any(r[value] for r in block)
        drawn |= set(range(start, start + size))
    assert not any(r[value] for i, r in enumerate(rows) if i not in drawn), f"{name}: undrawn numbers"
    # What has no value anywhere has no place on the page.
    for keys in ([d] for d in header if d in ("component", "token_set", "target", "site", "role")):
        check_filled(rows, keys, value)
    check_filled(rows, ["step", *({"corruption"} & set(header))], value)


# Texts on the page ------------------------------------------------------------------------------

# Advance widths of DejaVu Sans, the widest of the usual faces, in shares of the size.
WIDTHS = {c: w for w, chars in {
    0.28: "'ijlIJ", 0.32: " ,.\xa0\u2019", 0.35: "/:;\\|f-", 0.4: "()[]t!r", 0.46: '"', 0.5: "*_`", 0.52: "sz?",
    0.56: "cL", 0.58: "Fkvxy", 0.61: "PTYaoe", 0.63: "ESbdghnpqu", 0.64: "$0123456789{}", 0.66: "KAV",
    0.7: "BRXZCU", 0.76: "HNDG&OQ", 0.83: "w#+<=>^~M", 0.97: "%mW@"}.items() for c in chars}
SVG = "{http://www.w3.org/2000/svg}"


def boxes(svg):
    """Of each text: left, top, right, bottom, and what it says, in pixels of 1/96 inch."""
    root = xml.etree.ElementTree.parse(svg).getroot()
    page = tuple(float(x) for x in root.get("viewBox").split()[2:])
    out = []
    for g in root.iter(SVG + "g"):
        words = "".join("".join(t.itertext()) for t in g.findall(SVG + "text")).strip()
        if not words:
            continue
        size = float(g.get("font-size"))
        x, y = (float(v) for v in re.search(r"translate\(([-\d.]+),([-\d.]+)\)", g.get("transform")).groups())
        width = size * sum(WIDTHS.get(c, 0.65) for c in words)
        left = {"start": 0, "middle": -width / 2, "end": -width}[g.get("text-anchor", "start")]
        box = (left, -0.73 * size, left + width, 0.2 * size)
        if "rotate" in g.get("transform"):
            assert "rotate(-90" in g.get("transform"), g.get("transform")
            box = (box[1], -box[2], box[3], -box[0])
        out.append(((x + box[0], y + box[1], x + box[2], y + box[3]), words, size))
    return page, out


def points(svg):
    """Middles of the filled circles."""
    root = xml.etree.ElementTree.parse(svg).getroot()
    uses = (u for u in root.iter(SVG + "use") if u.get("{http://www.w3.org/1999/xlink}href") == "#gpPt6")
    return [tuple(float(v) for v in re.search(r"translate\(([-\d.]+),([-\d.]+)\)", u.get("transform")).groups())
            for u in uses]


def check_boxes(figures, width):
    """No text lies on another (gnuplot writes one with a box twice) or leaves the page, none is smaller
    than 7 points, and no head's name lies on a point."""
    for name in sorted(n for n in os.listdir(figures) if n.endswith(".svg")):
        page, texts = boxes(os.path.join(figures, name))
        assert page[0] == width, (name, page)
        assert len(texts) > 3, (name, texts)
        for i, (a, words, size) in enumerate(texts):
            assert size >= 9.3, (name, words, size)
            assert min(a[:2]) >= 0 and a[2] <= page[0] + 1 and a[3] <= page[1] + 1, (name, words, a, page)
            for b, other, _ in texts[:i]:
                apart = max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3])
                assert apart > -1 or (a, words) == (b, other), (name, words, other, a, b)
            if re.fullmatch(r"\d+\.\d+", words) and name.startswith(("heads_", "authors_")):
                for x, y in points(os.path.join(figures, name)):
                    apart = max(a[0] - x, x - a[2], a[1] - y, y - a[3])
                    assert apart > 0, (name, words, a, x, y)


def title_of(figures, name):
    """What stands above a picture, its lines joined."""
    _, texts = boxes(os.path.join(figures, name + ".svg"))
    largest = max(size for _, _, size in texts)
    return " ".join(words for _, words, size in texts if size == largest).replace("\u2019", "'")


def check_titles(figures, tables):
    """A title says what is drawn: raw logits, at which tokens, by which criterion."""
    def of(group):
        return {t: title_of(figures, t) for t in tables if t.split("_")[0] == group}

    for name, title in of("cut").items():
        if name.endswith("_centred"):
            assert "beyond those of control tokens" in title, (name, title)
        if name.endswith("_logit") and "_mlp" not in name:
            assert "raw logits lost, control tokens not subtracted" in title, (name, title)
    for name, title in (of("one") | of("window") | of("each")).items():
        assert "layers" in title and "beyond those of control tokens" in title, (name, title)
    for name, title in of("early").items():
        assert name.endswith("_centred") or "at the last token" in title, (name, title)
    for name, title in of("places").items():
        assert "at the last token" not in title, (name, title)
    heads = [set(re.sub(r" \(.*", "", t) for t in of(g).values()) for g in ("heads", "authors")]
    assert not heads[0] & heads[1], heads
    assert all("against control tokens" in t for t in heads[0]), heads
    assert all("authors" in t for t in heads[1]), heads


def check_averages(program, out):
    done = run(program, "plot", out, "--format", "svg")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    without = [line for line in lines if not line.endswith(".svg")]
    assert not without and not done.stderr, without
    figures = os.path.join(out, "figures")
    tables = sorted(n[:-4] for n in os.listdir(figures) if n.endswith(".csv"))
    made = sorted(os.path.basename(line)[:-4] for line in lines if line not in without)
    assert made == tables, (made, tables)
    with h5py.File(os.path.join(out, "result.h5")) as f:
        keys = strata_of(f)
        for (name, value), (dims, cells) in wanted(f, keys).items():
            rows = [r for t in tables if t.split("_")[0] == name
                    for r in read_table(os.path.join(figures, t + ".csv")) if value in r]
            assert rows, f"{name}: no figure of {value}"
            compare(f, name, value, dims, cells, rows, keys)
    check_boxes(figures, 672)
    check_titles(figures, tables)
    narrow = os.path.join(out, "narrow")
    done = run(program, "plot", out, "-o", narrow, "--format", "svg", "--width", "column", "--layers-from", "1")
    assert done.returncode == 0, done.stderr
    check_boxes(narrow, 317)
    for name in tables:
        check_script(figures, name)
        with open(os.path.join(figures, name + ".svg"), "rb") as f:
            assert f.read(5) == b"<?xml", name
    return len(tables)


# Names, formats, trouble ------------------------------------------------------------------------

LAYERS, COMPONENTS = 6, ["attn", "mlp"]
TARGETS = ["answer_1", "answer_2", "subject", 'odd "one", it\'s \'\'x\'\' ``y`` \\']
# What of a name reaches the CSV and the script.
PLAIN = str.maketrans({'"': "'", "`": "'", "\n": " ", ",": ";"})
ODD = "#a \"b\", `touch pwned`\n'c'"


def make_result(path, dataset, rng):
    """Random averages of three steps; the second has no value of the first component."""
    values = rng.normal(size=(3, LAYERS, len(COMPONENTS), len(TARGETS)))
    values[1, :, 0] = np.nan
    variables = {"mean_logit": values, "mean_logit_lo": values - 1, "mean_logit_hi": values + 2,
                 "mean_logit_n": np.where(np.isfinite(values), 5, 0).astype("i4"),
                 "stratum_dataset": np.array([dataset] * 3, object),
                 "stratum_template": np.zeros(3, "i4"), "stratum_step": np.array([3, 1, 2], "i4")}
    dims = {"stratum": np.arange(3), "layer": np.arange(LAYERS, dtype="i4"),
            "component": np.array(COMPONENTS, object), "target": np.array(TARGETS, object)}
    with h5py.File(path, "w") as f:
        g = f.create_group("decode")
        g.attrs["kind"] = "decode"
        g.attrs["figures"] = json.dumps([{
            "form": "lines", "values": "mean_logit", "row": "component", "series": "target",
            "along": "layer", "title": "Early decoding", "value_label": "logit (nat)",
            "along_label": "layer (from 1)"}])
        for name, v in (dims | variables).items():
            g.create_dataset(name, data=v, dtype=h5py.string_dtype() if v.dtype == object else None)
            if name in dims:
                g[name].make_scale(name)
        for name, v in variables.items():
            for i, dim in enumerate(list(dims)[:v.ndim]):
                g[name].dims[i].attach_scale(g[dim])
    return values


def check_names(program, folder, rng):
    values = make_result(os.path.join(folder, "result.h5"), ODD, rng)
    done = run(program, "plot", folder)
    assert done.returncode == 0, done.stderr
    figures = os.path.join(folder, "figures")
    name = "decode__a__b____touch_pwned___c_"
    rows = read_table(os.path.join(figures, name + ".csv"))
    assert len(rows) == values.size
    for row in rows:
        at = ([3, 1, 2].index(int(row["step"])), int(row["layer"]), COMPONENTS.index(row["component"]),
              [t.translate(PLAIN) for t in TARGETS].index(row["target"]))
        assert row["stratum"] == ODD.translate(PLAIN), row
        assert np.isclose(float(row["mean_logit"] or "nan"), values[at], rtol=1e-8, equal_nan=True)
    assert not any("pwned" == n for _, _, files in os.walk(folder) for n in files)
    # By hand, in that folder: the same picture.
    png = os.path.join(figures, name + ".png")
    with open(png, "rb") as f:
        before = f.read()
    assert before.startswith(b"\x89PNG\r\n\x1a\n")
    os.remove(png)
    said = subprocess.run(["gnuplot", name + ".gp"], cwd=figures, capture_output=True, text=True)
    assert said.returncode == 0 and not said.stderr, said.stderr
    with open(png, "rb") as f:
        assert f.read() == before


def check_marks(program, folder, rng):
    """A sweep over heads: its statistics as a map, those that are significant with a dot."""
    shape = (1, 3, 4, 2, 2)
    dims = {"stratum": np.arange(1), "layer": np.array([0, 3, 7], "i4"), "head": np.arange(4, dtype="i4"),
            "position": np.array(["last", "subject"], object),
            "metric": np.array(["logit.answer_1", "kl"], object)}
    values = {x: rng.normal(size=shape) for x in ("mean", "lo", "hi")} | {
        "q": rng.uniform(0, 0.2, size=shape), "n": np.full(shape, 6, "i4")}
    path = os.path.join(folder, "sweep.h5")
    with h5py.File(path, "w") as f:
        zero = f.create_group("zero")
        zero.attrs["kind"] = "ablation"
        zero.attrs["figures"] = json.dumps([{
            "form": "map", "inside": "stats", "values": "mean", "mark": "q", "row": "metric",
            "down": "layer", "along": "head", "title": "what it does", "value_label": "change",
            "along_label": "head", "down_label": "layer"}])
        g = f.create_group("zero/stats")
        for name, v in dims.items():
            g.create_dataset(name, data=v, dtype=h5py.string_dtype() if v.dtype == object else None)
            g[name].make_scale(name)
        more = {"stratum_dataset": np.array(["cities"], object), "stratum_template": np.array([1], "i4"),
                "stratum_step": np.array([2], "i4")}
        for name, v in (values | more).items():
            g.create_dataset(name, data=v, dtype=h5py.string_dtype() if v.dtype == object else None)
            for i, dim in enumerate(list(dims)[:v.ndim]):
                g[name].dims[i].attach_scale(g[dim])
    figures = os.path.join(folder, "sweep")
    done = run(program, "plot", path, "-o", figures)
    told = done.stderr.splitlines()  # h5py puts no checksum behind what it writes
    assert done.returncode == 0 and len(told) == 1 and "has no checksum" in told[0], done.stderr
    for k, position in enumerate(("last", "subject")):
        name = f"zero_cities_1_position_{position}"
        rows = read_table(os.path.join(figures, name + ".csv"))
        assert len(rows) == 24 and list(rows[0])[-5:] == ["mean", "mean_lo", "mean_hi", "q", "n"], rows[0]
        for row in rows:
            at = (0, ["0", "3", "7"].index(row["layer"]), int(row["head"]), k,
                  ["logit.answer_1", "kl"].index(row["metric"]))
            for column, variable in (("mean", "mean"), ("mean_lo", "lo"), ("mean_hi", "hi"), ("q", "q")):
                assert np.isclose(float(row[column]), values[variable][at], rtol=1e-8), (row, column)
        check_script(figures, name)
        with open(os.path.join(figures, name + ".gp"), encoding="utf-8") as f:
            script = f.read()
        assert list(rows[0])[int(re.search(r"\$(\d+) <= fdr", script)[1]) - 1] == "q"
        assert ("position subject" if k else "(cities, template\u00a01, last token") in script, script[:2000]
        assert "fdr = 0.05" in script and "set ytics ('0' 0, '3' 1, '7' 2)" in script


def check_formats(program, folder, rng):
    path = os.path.join(folder, "one.h5")
    make_result(path, "cities", rng)
    for form, magic in (("svg", b"<?xml"), ("pdf", b"%PDF-")):
        out = os.path.join(folder, form, "deep")
        done = run(program, "plot", path, "-o", out, "--format", form)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{out}/decode_cities.{form}\n", done.stdout
        with open(f"{out}/decode_cities.{form}", "rb") as f:
            assert f.read(5) == magic
        assert sorted(os.listdir(out)) == [f"decode_cities.{s}" for s in sorted(["csv", "gp", form])]
    # Two results in one folder: each figure has the name of its result's.
    for model in ("small", "large"):
        os.mkdir(os.path.join(folder, model))
        shutil.copy(path, os.path.join(folder, model, "result.h5"))
    out = os.path.join(folder, "both")
    done = run(program, "plot", *(os.path.join(folder, m) for m in ("small", "large")), "-o", out)
    assert done.returncode == 0, done.stderr
    assert {n for n in os.listdir(out) if n.endswith("png")} == {f"{m}_decode_cities.png"
                                                                 for m in ("small", "large")}
    with open(os.path.join(out, "large_decode_cities.gp"), encoding="utf-8") as f:
        assert "'large: Early decoding" in f.read()


def check_trouble(program, folder):
    path = os.path.join(folder, "one.h5")
    out = os.path.join(folder, "bare")
    done = run(os.path.abspath(program), "plot", path, "-o", out, env={"PATH": folder})
    assert done.returncode == 3 and "gnuplot is not installed" in done.stderr, done.stderr
    assert done.stderr.count("\n") == 2 and "has no checksum" in done.stderr, done.stderr
    assert sorted(os.listdir(out)) == ["decode_cities.csv", "decode_cities.gp"]
    with h5py.File(os.path.join(folder, "other.h5"), "w") as f:
        f.create_group("x").attrs["kind"] = "noop"
    short = os.path.join(folder, "short.h5")
    shutil.copy(path, short)
    with h5py.File(short, "r+") as f:
        del f["decode/mean_logit_hi"]
        f["decode/mean_logit_hi"] = np.zeros((3, LAYERS, 1, 1))
    earlier = os.path.join(folder, "earlier.h5")
    shutil.copy(path, earlier)
    with h5py.File(earlier, "r+") as f:
        del f["decode"].attrs["figures"]
    done = run(program, "plot", earlier)
    assert "was written by an earlier lensweep" in done.stderr, done
    for status, arguments in ((2, []), (2, [path, "--format", "gif"]), (2, [path, "--zoom"]),
                              (2, [os.path.join(folder, "other.h5")]), (3, [short]), (2, [earlier]),
                              (3, [os.path.join(folder, "absent.h5")])):
        done = run(program, "plot", *arguments)
        told = [line for line in done.stderr.splitlines() if "has no checksum" not in line]
        assert done.returncode == status and len(told) == 1, (arguments, done)


def main():
    if not shutil.which("gnuplot"):
        print("skip: no gnuplot")
        sys.exit(77)
    program, model, queries = sys.argv[1:]
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        n = check_averages(program, make_run(program, model, queries, folder))
        check_names(program, folder, rng)
        check_marks(program, folder, rng)
        check_formats(program, folder, rng)
        check_trouble(program, folder)
    print(f"plot: the numbers of {n} figures, their scripts, files and statuses are as they should be")


if __name__ == "__main__":
    main()
