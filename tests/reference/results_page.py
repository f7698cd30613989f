"""Prints the tables of docs/results.md that follow from result files, as Markdown.

    python3 tests/reference/results_page.py PROGRAM          run in the project's root

Runs every kind of experiment, with the options that change what is written, on the model and data of
tests/fixtures/tiny, and lists what the files hold. Dimensions that only some configurations have stand
in brackets. Needs h5py.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import h5py

TINY = "tests/fixtures/tiny"
# Kind: its configurations, each with what is said of it; the first has as little as it needs.
METRICS = "[logit, logit_difference, recall_mass, repetition_mass, kl, argmax"
TRACE = "noise: 0.1, samples: 2"
FIRST = {
    "decode": [("", ""), ("logprob: true",) * 2, ("rank: true",) * 2, ("entropy: true",) * 2,
               ("top", "top: 2"), ("positions", "positions: [last, subject]"), ("vocab_stats: false",) * 2],
    "causal_trace": [
        ("", TRACE), ("logit: true", f"{TRACE}, logit: true"), ("logprob: true", f"{TRACE}, logprob: true"),
        ("score_sd: true", f"{TRACE}, score_sd: true"),
        ("corruption: counterfactual", "corruption: counterfactual"),
    ],
    "token_lens": [("", ""), ("head_logit: true",) * 2],
    "knockout": [("", ""), ("a random set", "sets: [subject, random_subject]"), ("layers or heads not all", "layers: each, heads: each, mlp_logit: true")],
    "heads": [("", ""), ("classify: authors",) * 2, ("vocab_stats: false",) * 2],
    "ablation": [
        ("", "site: head, operation: {kind: zero}"),
        *[(f"metrics: [{m}]", f"site: head, operation: {{kind: zero}}, metrics: {METRICS}, {m}]") for m in ("logprob", "rank", "direct")],
        ("operation: resample", f"site: head, operation: {{kind: resample}}, metrics: {METRICS}, logprob, rank, direct]"),
        ("operation: noise", f"site: mlp, operation: {{kind: noise}}, metrics: {METRICS}, logprob, rank, direct]"),
        ("operation: mean", f"site: mlp, operation: {{kind: mean}}, metrics: {METRICS}]"),
        ("site: neurons", "site: neurons, layers: [0], neurons: [0, 1], operation: {kind: zero}"),
        ("site: edge", f"site: edge, from: [subject], operation: {{kind: zero}}, metrics: {METRICS}, logprob, rank]"),
    ],
    "edges": [
        ("", "operation: {kind: zero}"),
        ("operation: resample", "operation: {kind: resample, draws: 2}"),
    ],
    "dump": [(f"sites: [{s}]",) * 2 for s in ("residual", "attn", "mlp", "head", "q", "k", "v", "neurons")],
    "attention": [("", "repeated: 0"), ("repeated", "repeated: 4"), ("weights: true",) * 2],
    "noop": [("", "cells: 2")],
}
# A second run, on the first one's sweeps.
SECOND = {
    "faithfulness": [("", "from: {first}, groups: [ablation_0]"),
                     ("groups of kind edges", "from: {first}, groups: [edges_0]")],
    "ablation": [("statistics.split: half", "site: head, operation: {{kind: zero}}"),
                 ("heads: {pairs: ...}", "site: head, operation: {{kind: zero}}, heads: {{pairs: {first}, group: ablation_0, top: 3}}")],
}
# A third run, on data with whole answers.
THIRD = {"knockout": [("answer_logprob: true",) * 2, ("generate", "generate: {tokens: 2}")]}
EVERYWHERE = {"item", "subject", "dataset", "template", "step", "status", "layer_label", "head_label", "neuron_label", "cut_layer_label", "cut_head_label", "kv_head",
              "stratum_dataset", "stratum_template", "stratum_step", "group_dataset", "group_template", "group_step",
              "contrast_step", "contrast_minus"}
ENDS = ("_se", "_lo", "_hi", "_p", "_n", "_n_clusters", "_df", "_contrast")
# Dimension: its coordinate, and what an entry is.
DIMENSIONS = {
    "query": ("0, 1, ...", "a query of the data, in the order of the files; with the coordinates `item`, `subject`, `dataset`, `template` and `step`"),
    "order": ("`strongest`, `random`", "which nodes or edges are kept first: the strongest, or by chance (another order for each sample)"),
    "stratum": ("0, 1, ...", "an average over queries; with `stratum_dataset`, `stratum_template`, `stratum_step`"),
    "contrast": ("0, 1, ...", "a step minus the step before, item by item; with `contrast_step`, `contrast_minus`; `NAME_contrast` has what stands beside it as NAME has"),
    "layer": ("from 0", "a layer, or in a sweep a configuration of layers (the window's centre, -1 = several together), which `layer_label` says in words"),
    "head": ("from 0", "a query head, or a configuration of heads with `head_label`; `kv_head` is the key/value head that it reads, -1 = several"),
    "kv_head": ("from 0", "a key/value head"),
    "first": ("`3.1`", "layer and head of one of the strongest heads of another sweep, the strongest first"),
    "second": ("`3.1`", "likewise; `second` equal to `first` is this head alone, and stands nowhere before it"),
    "neuron": ("from 0", "a hidden unit of the MLP, or a configuration of them with `neuron_label`"),
    "edge": ("`head 3.1 > q 5.2`", "a sender and a receiver; with `sender`, `receiver` and their layers and heads. In `faithfulness` 0, 1, ...: a place in the ranking"),
    "from_layer": ("from -1", "layer of a sender; -1 = the embedding"),
    "to_layer": ("from 0", "layer of a receiver; one more than the last = the logits"),
    "reader_layer": ("from 0", "layer of a head that reads what the head writes"),
    "reader_head": ("from 0", "that head"),
    "sequence": ("from 0", "a token of the sequence of random tokens"),
    "key": ("names", "what is attended to: `first`, `self`, `previous` (token), spans by name"),
    "target": ("names", "a target of the data"),
    "component": ("`attn`, `mlp`, `resid`", "what a layer adds, and the residual stream after it"),
    "token_set": ("names", "tokens of the prompt: spans, `last`, `first`, `other`, `random_SPAN`, `random_SPAN_2` ..."),
    "corruption": ("names of spans", "the span that is corrupted"),
    "site": ("`attn`, `mlp`, `residual`", "what is put back"),
    "window": ("numbers", "layers that are put back together"),
    "token": ("from 0", "a token of the prompt, padded to the longest of the file"),
    "role": ("names", "a role of tokens: of traces ([methods.md](methods.md) 3.2), in `NAME/means` of matching (4)"),
    "cut_layer": ("from 0", "as `layer` in a sweep, in words `cut_layer_label`: where the attention is cut"),
    "cut_head": ("from 0", "as `head` in a sweep, in words `cut_head_label`: where the attention is cut"),
    "position": ("labels", "tokens that are edited or read together: `last`, `subject[0]`, `first+last`, `5-7`, `all`"),
    "from": ("labels", "tokens that are attended to"),
    "to": ("labels", "tokens that attend"),
    "sample": ("from 0", "a draw of a partner or of noise"),
    "metric": ("names", "a metric, `logit.answer_1` if it has a value for each target"),
    "group": ("0, 1, ...", "a dataset, template and step: `group_dataset`, `group_template`, `group_step`"),
    "width": ("from 0", "an element of the residual stream, or of all heads side by side"),
    "head_width": ("from 0", "an element of a head's output"),
    "share": ("numbers", "share of the nodes that are kept"),
    "node": ("0, 1, ...", "a head or MLP, the strongest first"),
    "cell": ("0, 1, ...", "a cell of the kind noop"),
    "value": ("0, 1, ...", "a number of a cell of the kind noop"),
    "span": ("names", "a named span; stands in the file's root"),
    "bound": ("`begin`, `end`", "the two ends of a span"),
    "control": ("0, 1, ...", "a control token; -1 where there are fewer"),
    "k": ("from 0; 5, 10, 20", "of decode the strongest tokens, in order; in `NAME/stats` how many configurations are the top"),
    "text_token": ("0, 1, ...", "a token that the model writes"),
    "check": ("names", "a check of the audit"),
}
# Attribute of a group: where, and what it says.
ATTRIBUTES = {
    "kind": ("each experiment, `queries`", "its kind"),
    "config": ("each experiment; `provenance`", "the keys that it was run with, as YAML; in `provenance` all keys that affect results"),
    "KEY": ("each experiment", "each of its own keys ([config.md](config.md)), such as `operation.kind`: a number as a number, everything else as it is written in YAML"),
    "statistics.KEY": ("each experiment", "each key of the section `statistics`"),
    "data.KEY": ("`queries`", "each key of the section `data` that affects results"),
    "model.KEY": ("`provenance`", "each key of the section `model` that affects results"),
    "run.KEY": ("`provenance`", "each key of the section `run` that affects results"),
    "inputs": ("experiments that read a file beside the data: `neuron_file`, `operation.vector`, `noise_file`, `from`, `heads: {pairs: ...}`", "its key, a space and a hash of what was read from it"),
    "average": ("where there are averages", "`statistics.average`: `means` or `authors`"),
    "intervals": ("where there are averages", "how their intervals are made"),
    "headlines": ("where there are any", "what a reader looks at first, as JSON: a list of objects with the keys below"),
    "figures": ("where there are any", "what is drawn of it, as JSON: a list of objects with the keys below"),
    "authors": ("kinds that the paper has", "which of the authors' files `export --format authors` fills with it, as JSON: an object with the keys below"),
    "cluster": ("`NAME/stats`", "`statistics.cluster`"),
    "split": ("`NAME/stats`", "`statistics.split`"),
    "family": ("`NAME/stats`", "`statistics.family`, separated by spaces"),
    "fdr": ("`NAME/stats`", "`statistics.fdr`"),
    "min_effect": ("`NAME/stats`", "`statistics.min_effect`"),
    "sign_tolerance": ("`NAME/stats`", "items whose effects are as small as this count as 0 when signs are flipped"),
    "lensweep_version": ("`provenance`", "version of lensweep"),
    "git_commit": ("`provenance`", "commit that it was built from"),
    "hdf5_version": ("`provenance`", "version of the HDF5 library"),
    "blas": ("`provenance`, where bits depend on it", "version and core type of the BLAS that computed the numbers"),
    "architecture": ("`provenance`", "architecture of the model"),
    "model_layers": ("`provenance`", "layers of the model"),
    "model_heads": ("`provenance`", "query heads of each layer"),
    "model_kv_heads": ("`provenance`", "key/value heads of each layer"),
    "model_width": ("`provenance`", "width of the residual stream"),
    "model_parallel": ("`provenance`", "1 = attention and MLP of a layer read the same stream"),
    "model_fingerprint": ("`provenance`", "hash of the model: every byte of its weights and of its config.json; of random weights also their seed"),
    "data_fingerprint": ("`provenance`", "hash of all queries"),
    "origin": ("`provenance`", "hash of model, data and config but for `data.null`: the same in a result and those about nothing"),
    "Conventions": ("the root", "`CF-1.8`"),
    "title": ("the root", "`lensweep results`, and whether they are about nothing"),
}


def whole_answers(path):
    """The queries of TINY with answers of two tokens."""
    with open(f"{TINY}/queries.jsonl", encoding="utf-8") as lines, open(path, "w", encoding="utf-8") as out:
        for query in map(json.loads, lines):
            targets = query.pop("targets")
            query["answers"] = {name: [token, token] for name, token in targets.items()}
            print(json.dumps(query), file=out)


def run(program, folder, kinds, *options, data=f"{TINY}/queries.jsonl"):
    """The result file of one run."""
    lines = [f"model: {{path: {TINY}/model}}", f"data: {{path: {data}}}", f"output: {folder}", "experiments:"]
    for kind, configurations in kinds.items():
        for i, (_, keys) in enumerate(configurations):
            lines.append(f"  - {{name: {kind}_{i}, kind: {kind}{', ' if keys else ''}{keys}}}")
    config = pathlib.Path(f"{folder}.yaml")
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = subprocess.run([program, "run", str(config), "--set", "statistics.bootstrap=20", *options], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return f"{folder}/result.h5"


class Variable:
    def __init__(self):
        self.notes, self.dims, self.some, self.ends, self.texts = [], [], set(), set(), []

    def add(self, d, note):
        dims = [next(iter(scale.values())).name.rsplit("/", 1)[1] for scale in d.dims]
        if self.notes:
            self.some |= set(dims) ^ set(self.dims)
        at = 0
        for dim in dims:  # into one list, in an order that suits all
            if dim not in self.dims:
                self.dims.insert(at, dim)
            at = self.dims.index(dim) + 1
        self.notes.append(note)
        self.type = "text" if h5py.check_string_dtype(d.dtype) else d.dtype.str[1:]
        self.units = d.attrs.get("units", "")
        if d.attrs["long_name"] not in self.texts:
            self.texts.append(d.attrs["long_name"])

    def when(self, notes):
        """Where it is: of all the notes of its table."""
        lacking = [f"`{n}`" for n in notes if n not in self.notes]
        if not lacking:
            return ""
        return f"; not with {', '.join(lacking)}" if "" in self.notes else f"; only with `{self.notes[0]}`"


class Table:
    def __init__(self):
        self.notes, self.variables = [], {}

    def read(self, group, note):
        self.notes.append(note)
        for name, d in group.items():
            if isinstance(d, h5py.Group) or d.is_scale or name in EVERYWHERE or "_contrast_" in name:
                continue
            owner = next((name[: -len(e)] for e in ENDS if name.endswith(e) and name[: -len(e)] in group), None)
            if owner:
                self.variables[owner].ends.add(name[len(owner):])
            else:
                self.variables.setdefault(name, Variable()).add(d, note)

    def print(self, title):
        print(f"### {title}\n\n| variable | dimensions | type | unit | meaning |\n|---|---|---|---|---|")
        for name, v in self.variables.items():
            dims = ", ".join(f"[{d}]" if d in v.some else d for d in v.dims)
            ends = ", ".join(f"`{e}`" for e in ENDS if e in v.ends)
            meaning = " or ".join(v.texts) + v.when(self.notes) + (f"; with {ends}" if ends else "")
            print(f"| `{name}` | {dims} | {v.type} | {v.units} | {meaning} |".replace("||", "\\|\\|"))
        print()


def check_words(f):
    """Every dimension and attribute of a file has words above."""
    config_keys = re.findall(r"^\| `([\w.]+)` \|", pathlib.Path("docs/config.md").read_text(encoding="utf-8"), re.M)

    def visit(_, group):
        if not isinstance(group, h5py.Group):
            return
        lacking = [a for a in group.attrs if a not in ATTRIBUTES and re.sub(r"^(data|statistics|model|run)\.", "", a) not in config_keys]
        lacking += [n for n, d in group.items() if isinstance(d, h5py.Dataset) and d.is_scale and n not in DIMENSIONS]
        if lacking:
            sys.exit(f"tests/reference/results_page.py has no words for {', '.join(lacking)} of {group.name}")

    visit("", f)
    f.visititems(visit)


def keys(page, macro):
    """The rows of an X-macro: name and what it says."""
    body = re.search(rf"#define {macro}\(X\)(.*?[^\\])\n", page, re.S).group(1).replace("\\\n", "")
    for name, text in re.findall(r'X\((\w+),((?:\s*"(?:[^"\\]|\\.)*")+)\)', body):
        yield name, "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)).replace("|", "\\|")


def main():
    program = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as work:
        first = run(program, f"{work}/first", FIRST)
        second = {kind: [(note, text.format(first=f"{work}/first")) for note, text in c] for kind, c in SECOND.items()}
        files = [(FIRST, h5py.File(first)),
                 (second, h5py.File(run(program, f"{work}/second", second, "--set", "statistics.split=half")))]
        whole_answers(f"{work}/whole.jsonl")
        files.append((THIRD, h5py.File(run(program, f"{work}/third", THIRD, data=f"{work}/whole.jsonl"))))
        tables = {"`queries`": Table()}
        for note, at in (("", 0), ("answers in the data", 2)):
            tables["`queries`"].read(files[at][1]["queries"], note)
        for kinds, f in files:
            for kind, configurations in kinds.items():
                for i, (note, _) in enumerate(configurations):
                    group = f[f"{kind}_{i}"]
                    tables.setdefault(f"Kind `{kind}`", Table()).read(group, note)
                    for inside in ("stats", "means"):
                        if inside in group:
                            tables.setdefault(f"Kind `{kind}`, `NAME/{inside}`", Table()).read(group[inside], note)
        tables.setdefault("`provenance`", Table()).read(files[0][1]["provenance"], "")
        for _, f in files:
            check_words(f)
    for title, names, words in (("Dimensions", "dimension | coordinate | entry", DIMENSIONS), ("Attributes", "attribute | of | says", ATTRIBUTES)):
        print(f"### {title}\n\n| {names} |\n|---|---|---|")
        print("".join(f"| `{name}` | {a} | {b} |\n" for name, (a, b) in words.items()))
    for title, one in tables.items():
        one.print(title)
    page = pathlib.Path("src/results/describe.h").read_text(encoding="utf-8")
    for title, macro in (("Keys of a headline", "HEADLINE_KEYS"), ("Keys of a figure", "FIGURE_KEYS"), ("Keys of `authors`", "AUTHORS_KEYS")):
        print(f"### {title}\n\n| key | says |\n|---|---|")
        print("".join(f"| `{name}` | {text} |\n" for name, text in keys(page, macro)))


if __name__ == "__main__":
    main()
