"""Compares the groups of kind ablation of a result file with float64 NumPy (docs/methods.md 4).

    python3 tests/reference/check_ablation.py RESULT MODEL [options]

Options: --atol X and --rtol Y, the tolerances (2e-3, 1e-4); --cells N, only so many cells of each
group are computed, drawn at random (all); --data FILE..., the run's data, where counterfactuals are
given; --only NAME, of one group.

Queries, spans and the experiments' settings are taken from the result. For every variable it prints
the largest absolute difference and the relative one (L2); exit status 1 if one is beyond tolerance,
2 if there is nothing to compare. A rank or argmax fails when the float64 logits do not give it even
if each is moved by atol.

What is drawn is read from the file: `partner`, which must be another item's query, alike as
configured. Noise is not stored, so its spread is checked, and where it acts on the last row alone
(site residual or mlp, last layer) that its effects are those of independent standard normal
deviates. Needs numpy, h5py and, for a .gguf file, gguf.
"""

import functools
import itertools
import math
import sys

import numpy as np

import numpy_model
from check_decode import rank_bounds, spread
from check_trace import read_counterfactuals
from numpy_model import Edit, edited
from result_file import Table, choices, main, queries_of, strings

PER_TARGET = ("logit", "logprob", "rank", "direct", "direct_frozen")
METRICS = (*PER_TARGET, "logit_difference", "recall_mass", "repetition_mass", "kl", "argmax")
SITE = {"head": "z", "attn": "attn", "mlp": "mlp", "residual": "resid"}
SITE |= {"q": "q", "k": "k", "v": "v", "neurons": "neuron"}
KEPT = {"head": "z", "attn": "a", "mlp": "m", "residual": "x"}
KEPT |= {"q": "flat_q", "k": "flat_k", "v": "v", "neurons": "hidden"}
HEADED = ("head", "edge", "q", "k", "v")
DRAWN = ("resample", "noise")


# ---------------------------------------------------------------- places


def span_order(name):
    """subject, answers, relation, others by name: the order in which spans claim tokens."""
    kinds = ("subject", "answer_", "relation")
    return next((k for k, kind in enumerate(kinds) if name.startswith(kind)), 3), name


def part(i, n):
    """Of the i-th of n tokens; a single one is the last."""
    return "last" if i == n - 1 else "first" if i == 0 else "middle"


def roles_of(prompt):
    """The role of each token."""
    spans = tuple((name, prompt.spans[name]) for name in sorted(prompt.spans, key=span_order))
    return roles_among(len(prompt.ids), spans)


@functools.cache
def roles_among(n, spans):
    roles = []
    for t in range(n):
        owner = [(name, s) for name, s in spans if name not in ("first", "last") and t in s]
        if t == 0:
            roles.append("first")
        elif t == n - 1:
            roles.append("last")
        elif owner:
            name, span = owner[0]
            roles.append(f"{name}.{part(span.index(t), len(span))}")
        else:
            roles.append("other")
    return roles


def counterpart(prompt, t, other):
    """The token of another prompt that stands where t stands in this one, by role; None."""
    own, roles = roles_of(prompt), roles_of(other)
    places = [i for i, role in enumerate(roles) if role == own[t]]
    return places[min(own[:t].count(own[t]), len(places) - 1)] if places else None


def counterpart_in(i, n, places):
    """Of the i-th of n tokens among the tokens `places` of a named span."""
    if n == len(places):
        return places[i]
    same = [k for k in range(len(places)) if part(k, len(places)) == part(i, n)]
    if not same:
        return None
    return places[same[min(i - 1, len(same) - 1)] if part(i, n) == "middle" else same[0]]


def named_tokens(prompt, name):
    n = len(prompt.ids)
    if isinstance(name, int):
        return [name] if name < n else []
    if name in ("first", "last"):
        return [0 if name == "first" else n - 1]
    if name == "other":
        inside = {0, n - 1}.union(*prompt.spans.values())
        return [t for t in range(n) if t not in inside]
    return list(prompt.spans.get(name, ()))


def positions_of(selector, queries):
    """[(label, function of a prompt that gives the tokens)]"""
    longest = max(len(q.ids) for q in queries)

    def tokens(name):
        return lambda p: named_tokens(p, name)

    def nth(name, i):
        return lambda p: named_tokens(p, name)[i : i + 1]

    def window(lo, hi):
        return lambda p: list(range(lo, hi)) if hi <= len(p.ids) else []

    if selector == "all":
        return [("all", lambda p: list(range(len(p.ids))))]
    if selector == "each":
        return [(str(t), window(t, t + 1)) for t in range(longest)]
    if "together" in selector:
        names = selector["together"]
        union = lambda p: sorted({t for name in names for t in named_tokens(p, name)})  # noqa: E731
        return [("+".join(map(str, names)), union)]
    if "window" in selector:
        width, stride = selector["window"], selector.get("stride", 1)
        begins = range(0, longest - width + 1, stride)
        return [(f"{b}-{b + width - 1}", window(b, b + width)) for b in begins]
    out = []
    for entry in selector if isinstance(selector, list) else [selector]:
        if isinstance(entry, dict):
            name = entry["each_token"]
            most = max(len(named_tokens(q, name)) for q in queries if q.ok)
            out += [(f"{name}[{i}]", nth(name, i)) for i in range(most)]
        else:
            out.append((str(entry), tokens(entry)))
    return out


# ---------------------------------------------------------------- metrics


class Metrics:
    def __init__(self, model, query, atol):
        self.model, self.query, self.atol = model, query, atol
        before = {f"answer_{i}" for i in range(1, query.step)}
        answers = {name: t for name, t in query.targets.items() if name != "subject" and t >= 0}
        self.foils = [t for name, t in answers.items() if name in before]
        self.recall = sorted({t for name, t in answers.items() if name not in before})
        self.right = answers.get(f"answer_{query.step}")

    def of(self, clean, logits):
        """{variable: value}; rank and argmax as what they may be."""
        q, said = self.query, self.model.said(logits)
        logprob = numpy_model.log_softmax(said)

        def mass(tokens):
            tokens = list(tokens)
            return numpy_model.logsumexp(logprob[tokens]) if tokens else np.array(np.nan)

        difference = np.nan
        if self.foils and self.right is not None:
            difference = logits[self.right] - logits[self.foils].mean()
        ranks = rank_bounds(said, q.tokens, self.atol)
        return {
            "logit": spread(logits[q.tokens], q.present, np.nan),
            "logprob": spread(logprob[q.tokens], q.present, np.nan),
            "rank": tuple(spread(r, q.present, -1) for r in ranks),
            "logit_difference": np.array(difference),
            "recall_mass": mass(self.recall),
            "repetition_mass": mass(sorted(set(self.foils))),
            "kl": np.array(numpy_model.kl_divergence(self.model.said(clean), said)),
            "argmax": np.flatnonzero(said >= said.max() - 2 * self.atol),
        }


# ---------------------------------------------------------------- one configuration


def sets_of(config):
    """[(-1, {layer: [units]})] of the sets of a file of hidden units, in the order of their first lines."""
    sets = {}
    for line in open(config["neuron_file"], encoding="utf-8"):
        words = line.split("#")[0].split()
        if words:
            name = words[2] if len(words) > 2 else "all"
            sets.setdefault(name, {}).setdefault(int(words[0]), []).append(int(words[1]))
    return [(-1, units) for units in sets.values()]


class Sweep:
    """A group of the result, with what its cells need: clean runs, means."""

    def __init__(self, model, group, config, queries, given, clean_runs):
        self.model, self.group, self.config, self.queries = model, group, config, queries
        self.site, self.operation = config["site"], config["operation"]["kind"]
        self.source, self.given = config.get("source", {}), given
        self.clean_runs, self.memo = clean_runs, {}
        self.pairs = "pairs" in config["heads"] if "heads" in config else False
        if not self.pairs:
            self.axes = [("layer", choices(config["layers"], model.L))]
        self.parts = model.G if self.site in ("k", "v") else model.H
        if self.pairs:
            nodes = [(n, tuple(map(int, n.split(".")))) for n in strings(group["first"])]
            self.axes = [("first", nodes), ("second", nodes)]
        elif self.site in HEADED:
            self.axes.append(("head", choices(config["heads"], self.parts)))
        if self.site == "neurons":
            self.parts = model.f
            self.axes.append(("neuron", choices(config["neurons"], model.f)))
            if config["neuron_file"]:
                self.axes = [("layer", [(-1, None)]), ("neuron", sets_of(config))]
        if self.site == "edge":
            self.axes.append(("from", positions_of(config["from"], queries)))
            self.axes.append(("to", positions_of(config["to"], queries)))
        else:
            self.axes.append(("position", positions_of(config["positions"], queries)))
        if self.operation in DRAWN:
            draws = config["operation"]["draws"]
            self.axes.append(("sample", [(i, i) for i in range(draws)]))
        if self.operation == "add":
            vector = np.load(config["operation"]["vector"]).astype(np.float64)
            self.vector = np.broadcast_to(vector, (model.L, vector.shape[-1]))

    def clean(self, prompt):
        key = tuple(prompt.ids)
        if key not in self.clean_runs:
            self.clean_runs[key] = self.model.forward(prompt.ids)
        return self.clean_runs[key]

    def row(self, run, layer, t):
        """One row of the site: of heads (H, dh), else (d)."""
        return getattr(run, KEPT[self.site])[layer + (self.site == "residual")][t]

    def alike(self, query):
        same = (query.dataset, query.template, query.step)
        return [q for q in self.queries if q.ok and (q.dataset, q.template, q.step) == same]

    def mean(self, query, layer, role):
        """Over all tokens of this role, and how many there are."""
        key = (query.dataset, query.template, query.step, layer, role)
        if key not in self.memo:
            rows = [
                self.row(self.clean(q), layer, t)
                for q in self.alike(query)
                for t, other in enumerate(roles_of(q))
                if other == role
            ]
            self.memo[key] = np.mean(rows, axis=0), len(rows)
        return self.memo[key]

    def step_query(self, query):
        """The query of the same item at the step that is patched from."""
        step = int(self.source["run"][len("step_") :])
        for q in self.queries:
            same = (q.item, q.dataset, q.template) == (query.item, query.dataset, query.template)
            if q.ok and same and q.step == step:
                return q
        return None

    def other(self, query, sample):
        """The prompt whose run is copied from, and that run; None if there is none."""
        if self.operation == "resample":
            partner = int(self.group["partner"][query.i, sample])
            prompt = None if partner < 0 else self.queries[partner]
        elif self.source["run"].startswith("step_"):
            prompt = self.step_query(query)
        elif self.source["run"] == "counterfactual":
            prompt = self.given[query.i]
        elif self.source["run"] == "corrupted":
            return query, self.corrupted(query)
        else:
            prompt = query
        return prompt, None if prompt is None else self.clean(prompt)

    def corrupted(self, query):
        span, k = query.spans.get(self.source["span"]), self.source["sample"]
        if not span:
            return None
        key = ("corrupted", query.i)
        if key not in self.memo:
            noise = numpy_model.noise_edits(span, self.source["noise"], k + 1, self.model.d)[k]
            self.memo[key] = self.model.forward(query.ids, edit=edited([noise]))
        return self.memo[key]

    def source_tokens(self, query, tokens, prompt):
        """Of each token the one that it is copied from; None if one has none."""
        if self.source.get("position"):
            places = named_tokens(prompt, self.source["position"])
            found = [
                counterpart_in(i, len(tokens), places) if places else None
                for i in range(len(tokens))
            ]
        elif prompt is query:
            found = tokens
        else:
            found = [counterpart(query, t, prompt) for t in tokens]
        return None if None in found else found

    def operands(self, query, tokens, sample):
        """A function of the layer that gives what is put there; None: cannot be done."""
        if self.operation == "mean":
            roles = roles_of(query)
            return lambda l: np.stack([self.mean(query, l, roles[t])[0] for t in tokens])
        prompt, run = self.other(query, sample)
        found = None if run is None else self.source_tokens(query, tokens, prompt)
        if found is None:
            return None
        return lambda l: np.stack([self.row(run, l, t) for t in found])

    def edits(self, query, layers, heads, tokens, sample):
        """None where the query lacks what is needed."""
        op = self.config["operation"]
        place = {"site": SITE[self.site], "tokens": tokens, "heads": heads}
        up = self.site == "residual"
        if self.operation == "zero":
            return [Edit(op="zero", layers=[l + up for l in layers], **place)]
        if self.operation == "scale":
            scale = {"op": "scale", "factor": op["factor"]}
            return [Edit(layers=[l + up for l in layers], **scale, **place)]
        if self.operation == "noise":
            return []  # what it adds is not known
        out = []
        operands = None if self.operation == "add" else self.operands(query, tokens, sample)
        for l in layers:
            if self.operation == "add":
                value = self.vector[l]
                if heads is not None:  # of all heads, or one for each
                    width = 1 if self.site == "neurons" else self.model.dh
                    value = np.broadcast_to(value.reshape(-1, width), (self.parts, width))[heads]
                    value = value[:, 0] if self.site == "neurons" else value
                e = Edit(op="add", layers=[l + up], value=value, factor=op["factor"], **place)
            elif operands is None:
                return None
            else:
                value = operands(l)
                value = value if heads is None else value[:, heads]
                e = Edit(op="set", layers=[l + up], value=value, **place)
            out.append(e)
        return out

    def edge_edits(self, layers, heads, keys, tokens):
        mask = self.config["operation"]["renormalise"]
        site, op = ("score", "mask") if mask else ("pattern", "zero")
        return [Edit(site, op, layers=layers, tokens=tokens, heads=heads, keys=keys)]

    def configuration(self, query, chosen):
        """The edits of one cell; None where it has no number."""
        if self.pairs:
            return self.pair(query, chosen)
        layers = chosen["layer"]
        heads = chosen.get("head", chosen.get("neuron"))
        if self.site == "edge":
            keys, tokens = chosen["from"](query), chosen["to"](query)
            return self.edge_edits(layers, heads, keys, tokens) if keys and tokens else None
        tokens = chosen["position"](query)
        if layers is None and tokens:  # a set of hidden units in several layers
            every = [self.edits(query, [l], sorted(set(units)), tokens, chosen.get("sample"))
                     for l, units in heads.items()]  # fmt: skip
            return None if None in every else sum(every, [])
        return self.edits(query, layers, heads, tokens, chosen.get("sample")) if tokens else None

    def pair(self, query, chosen):
        """Both heads, or one with itself; the other way round there is no number."""
        nodes = [node for _, node in self.axes[0][1]]
        i, j = nodes.index(chosen["first"]), nodes.index(chosen["second"])
        tokens = chosen["position"](query)
        if i > j or not tokens:
            return None
        each = [self.edits(query, [l], [h], tokens, chosen.get("sample")) for l, h in {nodes[i], nodes[j]}]
        return None if None in each else sum(each, [])

    def direct(self, query, clean, edits):
        """What the edits change in the last row if nothing else is computed anew, in logits."""
        last, m, edit = query.n - 1, self.model, edited(edits)
        change, frozen = np.zeros(m.d), np.zeros(m.d)
        for l in range(m.L):
            values = getattr(clean, KEPT[self.site])[l]
            new = edit(SITE[self.site], l, values)
            part = share = (new - values)[last]
            if self.site == "head":
                share = m.share(l, m.weight(l, "self_attn.o_proj") @ part.reshape(-1), clean)
                part = (m.attended(l, new) - m.attended(l, values))[last]
            change, frozen = change + part, frozen + share
        x = clean.x[-1][last]
        both = {
            "direct_frozen": m.decode(frozen, clean.var),
            "direct": m.lens(x + change) - m.lens(x),
        }
        return {k: spread(v[query.tokens], query.present, np.nan) for k, v in both.items()}

    def cells(self):
        """Every index of a cell and what is chosen there."""
        for index in itertools.product(*[range(len(values)) for _, values in self.axes]):
            yield index, {name: v[i][1] for (name, v), i in zip(self.axes, index)}


# ---------------------------------------------------------------- comparison


def compare(table, name, got, want, where):
    if name == "rank":
        table.row(name).add_ranks(got, *want, where)
    elif name == "argmax":
        table.row(name).add_choice(int(got), want, where)
    else:
        if name == "kl" and abs(got - want) < 5e-7:  # the rounding of logits in f32
            got = want
        table.row(name).add_floats(got, want, where)


def check_cell(table, sweep, query, clean, metrics, index, chosen):
    group, where = sweep.group, f"query {query.i}, cell {index}"
    stored = [name for name in METRICS if name in group]
    edits = sweep.configuration(query, chosen)
    if edits is None:
        for name in stored:
            check_missing(table, name, group[name][(query.i, *index)], where)
        return
    run = sweep.model.forward(query.ids, edit=edited(edits), logits="last")
    want = metrics.of(clean.logits[-1], run.logits[-1])
    if "direct" in group:
        want |= sweep.direct(query, clean, edits)
    for name in stored:
        compare(table, name, group[name][(query.i, *index)], want[name], where)


def check_missing(table, name, got, where):
    filled = np.isnan(got) if np.asarray(got).dtype.kind == "f" else np.asarray(got) == -1
    if not np.all(filled):
        table.row(name).complain(f"{where}: a number where the query lacks the place")


def check_clean(table, sweep, query, clean, metrics):
    logits = clean.logits[-1]
    for name, want in metrics.of(logits, logits).items():
        if f"clean_{name}" in sweep.group:
            got = sweep.group[f"clean_{name}"][query.i]
            compare(table, f"clean_{name}", got, want, f"query {query.i}")


def check_skipped(table, sweep, query, status):
    """No numbers; and if neither where nor limit left the query out, no cell could be computed."""
    where = f"query {query.i}, {status!r}"
    for name in sweep.group.arrays:
        if sweep.group.dims[name][:2] == ["query", "layer"]:
            check_missing(table, name, sweep.group[name][query.i], where)
    if query.ok and not sweep.config["where"] and not sweep.config["limit"]:
        if any(sweep.configuration(query, chosen) is not None for _, chosen in sweep.cells()):
            table.row("status").complain(f"{where}: could be computed")


def check_labels(table, sweep):
    group = sweep.group
    for name, values in sweep.axes:
        want = [label for label, _ in values]
        have = strings(group[name]) if group[name].dtype == object else group[name].tolist()
        if have != want:
            table.row(name).complain(f"{have}, expected {want}")
    dims = ["query", *[name for name, _ in sweep.axes]]
    asked = sweep.config["metrics"]
    asked = asked + ["direct_frozen"] if "direct" in asked else asked
    for name in METRICS:
        if (name in group) != (name in asked):
            table.row(name).complain("asked for but missing, or the reverse")
        elif name in group and group.dims[name] != dims + ["target"] * (name in PER_TARGET):
            table.row(name).complain(f"dimensions {group.dims[name]}")


def check_partners(table, sweep):
    """Another item's, alike as configured, none twice."""
    match = sweep.config["operation"]["match"]
    for query in sweep.queries:
        own = sweep.group["partner"][query.i].tolist()
        given = [p for p in own if p >= 0]
        row = table.row("partner")
        row.cells += 1
        if len(set(given)) != len(given) or own != given + [-1] * (len(own) - len(given)):
            row.complain(f"query {query.i}: {own}")
        for p in (sweep.queries[i] for i in given):
            alike = p.ok and p.dataset == query.dataset and p.item != query.item
            alike &= "step" not in match or p.step == query.step
            alike &= "template" not in match or p.template == query.template
            if not alike:
                row.complain(f"query {query.i}: {p.i} is not a partner")


def check_means(table, sweep, means):
    """The stored means and counts; or the spread of the site over its dataset."""
    layers, datasets = means["layer"][()].tolist(), strings(means["group_dataset"])
    for g, dataset in enumerate(datasets):
        key = dataset, int(means["group_template"][g]), int(means["group_step"][g])
        found = [q for q in sweep.queries if q.ok and (q.dataset, q.template, q.step) == key]
        for k, l in enumerate(layers):
            if sweep.operation == "noise":
                rows = [
                    getattr(sweep.clean(q), KEPT[sweep.site])[l + (sweep.site == "residual")]
                    for q in sweep.queries
                    if q.ok and q.dataset == dataset
                ]
                values = np.concatenate([r.ravel() for r in rows])
                table.row("site_std").add_floats(
                    means["site_std"][g, k], np.array(values.std()), f"{key}, layer {l}"
                )
                continue
            for r, role in enumerate(strings(means["role"])):
                n = sum(roles_of(q).count(role) for q in found)
                if n != means["n"][g, r]:
                    table.row("means/n").complain(f"{key}, {role}: {means['n'][g, r]}, not {n}")
                if n:
                    want = sweep.mean(found[0], l, role)[0].ravel()
                    table.row("means").add_floats(means["mean"][g, k, r], want, f"{key}, {role}")


def check_noise(table, sweep, means):
    """Small noise on the last row of the last residual acts linearly: the effect of a draw, over
    what its standard deviation should be, is a standard normal deviate."""
    layer = [v[0] for v in sweep.axes[0][1]]
    position = [v[0] for v in dict(sweep.axes)["position"]]
    last = sweep.model.L - 1
    if sweep.site not in ("residual", "mlp") or last not in layer or "last" not in position:
        return
    scale = sweep.config["operation"]["scale"]
    if not 0 < scale <= 0.02:  # else not linear
        return
    z = []
    for q in sweep.queries:
        if not q.ok or strings(sweep.group["status"])[q.i] != "ok":
            continue
        std = means["site_std"][strings(means["group_dataset"]).index(q.dataset), -1]
        clean, m = sweep.clean(q), sweep.model
        rms, x = math.sqrt(clean.var + m.eps), clean.x[-1][-1]
        u = m.U[q.tokens[0]] * m.w_final
        slope = u / rms - x * (u @ x) / (m.d * rms**3)  # of the first target's logit
        index = (q.i, layer.index(last), position.index("last"), slice(None), q.present.argmax())
        effect = sweep.group["logit"][index] - clean.logits[-1][q.tokens[0]]
        z.append(effect / (scale * std * np.linalg.norm(slope)))
    z = np.array(z)  # (queries, draws)
    row, most = table.row("noise"), 4.5 / math.sqrt(z.size)
    row.cells += z.size
    if abs(z.mean()) > most:
        row.complain(f"mean {z.mean():.3f} of {z.size} deviates")
    if abs((z**2).mean() - 1) > math.sqrt(2) * most:
        row.complain(f"mean square {(z**2).mean():.3f} of {z.size} deviates")
    for name, a, b in (("draws", z[:, 1:], z[:, :-1]), ("queries", z[1:], z[:-1])):
        if a.size and abs((a * b).mean()) > 4.5 / math.sqrt(a.size):
            row.complain(f"neighbouring {name} correlate: {(a * b).mean():.3f}")


CLEAN_RUNS = {}  # of the one model


def check_group(model, result, group, config, args):
    queries, given = queries_of(result), read_counterfactuals(args.data)
    table = Table(group.name)
    sweep = Sweep(model, group, config, queries, given, CLEAN_RUNS)
    check_labels(table, sweep)
    if sweep.operation == "resample":
        check_partners(table, sweep)
    if sweep.operation in ("mean", "noise"):
        means = {name: v[()] for name, v in result[f"{group.name}/means"].items()}
        check_means(table, sweep, means)
        if sweep.operation == "noise":
            check_noise(table, sweep, means)
    rng = np.random.default_rng(1)
    status = strings(group["status"])
    cells = list(sweep.cells())
    share = args.cells / (len(cells) * len(queries)) if args.cells else 1
    for query in queries:
        if status[query.i] != "ok":
            check_skipped(table, sweep, query, status[query.i])
            continue
        table.queries += 1
        clean, metrics = sweep.clean(query), Metrics(sweep.model, query, args.atol)
        check_clean(table, sweep, query, clean, metrics)
        for index, chosen in cells if sweep.operation != "noise" else []:
            if rng.random() < share:
                check_cell(table, sweep, query, clean, metrics, index, chosen)
    return table


if __name__ == "__main__":
    sys.exit(main("ablation", check_group, cells=0, data=[], only=None))
