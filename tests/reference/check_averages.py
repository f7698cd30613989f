"""Compares the averages of a result file with NumPy, and says which variables nobody compares.

    python3 tests/reference/check_averages.py RESULT [--digits 1=ID,2=ID,3=ID,.=ID]

Averages of decode, token_lens, knockout and causal_trace are made anew from the file's own numbers
of each query, which the other checkers compare with a model (the rates of heads: check_heads.py).
The roles of a trace's tokens (docs/methods.md 3.2) are found anew from spans and the token ids of the
digits; without --digits no prompt has numbered answers. Exit status 1 if an average differs by more
than 1e-6 of the group's largest, or a variable of the file is known to no checker. Needs numpy, h5py.
"""

import argparse
import re
import sys

import h5py
import numpy as np

from averages import Strata, check_interval
from result_file import Table, VariableRow, experiments, queries_of, strings

# By kind: what the other checkers compare; flags of queries: test_data.c, result_layout.py.
COMPARED = {
    "queries": "text status n_tokens clean_argmax final_rms target_collision target_generic target_in_prompt "
    "answer_prefix bos ids span span_name target_id clean_logit clean_logprob clean_rank control_id subject_control_id "
    "right_target target_token clean_argmax_token answer_tokens",
    "decode": "logit control_logit subject_control_logit vocab_mean vocab_std embed_logit logprob rank",
    "token_lens": "logit attention head_logit control_logit subject_control_logit",
    "knockout": "out_logit out_logprob out_rank out_logit_clean out_logprob_clean kl final_rms argmax mlp_logit "
    "mlp_logit_clean cut_layer cut_head cut_layer_label cut_head_label control_logit subject_control_logit "
    "control_logit_clean subject_control_logit_clean",
    "causal_trace": "score score_sd logit logprob high low low_sd weak_corruption noise_level token_role",
    "heads": "logit vocab_mean vocab_std "
    + " ".join(f"{p}control_{v}" for p in ("", "subject_") for v in ("logit", "std", "promotion", "suppression"))
    + " threshold_mean threshold_mean_n threshold_std threshold_std_n",
}
COORDINATES = "query item subject dataset template step status layer head kv_head target component token_set " \
    "corruption site window token role stratum stratum_dataset stratum_template stratum_step bound control span"
ENDS = ("", "_se", "_lo", "_hi", "_p", "_n", "_n_clusters", "_df")


def is_subject(group):
    return np.array([name == "subject" for name in strings(group["target"])])


def centred(group):
    own, other = (group[v][..., None] for v in ("control_logit", "subject_control_logit"))
    return group["logit"].astype(np.float64) - np.where(is_subject(group), other, own)


def dropped(clean, cut, before):
    """clean (query, [layer,] target) minus cut, which has `before` axes for cuts and one for sets."""
    clean = clean.astype(np.float64)
    for _ in range(before):
        clean = np.expand_dims(clean, 1)
    return np.expand_dims(clean, -2) - cut


# ---------------------------------------------------------------- roles

BEFORE, REL_FIRST, REL_REST, SUBJECT, AFTER = 0, 1, 2, 3, 6


def mark(roles, span, first):
    """first, middle, last; a lone token is the last."""
    for k, t in enumerate(span):
        roles[t] = first + (2 if k == len(span) - 1 else 0 if k == 0 else 1)


def roles_of(query, digits):
    roles = np.full(query.n, -1)
    subject, relation = query.spans.get("subject"), query.spans.get("relation")
    if subject is None or not 1 <= query.step <= 3:
        return roles
    for t in range(subject.start):
        past = relation is not None and t >= relation.start
        roles[t] = REL_FIRST if past and t == relation.start else REL_REST if past else BEFORE
    mark(roles, subject, SUBJECT)
    begin, first = subject.stop, AFTER
    for k in range(1, query.step + 1):
        answer = query.spans.get(f"answer_{k}") if k < query.step else range(query.n, query.n)
        if answer is None or answer.start < begin:
            return np.full(query.n, -1)
        gap = list(range(begin, answer.start))
        pair = [digits.get(str(k)), digits.get(".")]
        at = next((t for t in range(query.n - 1) if query.ids[t : t + 2] == pair), None)
        for t in gap:
            roles[t] = first + (0 if at not in gap or t < at else 1 if t == at else 2)
        if gap:
            roles[gap[-1]] = first + 3
        mark(roles, answer, first + 4)
        begin, first = answer.stop, first + 7
    return roles


def of_roles(group, config, values, zero):
    """values (query, corruption, site, window, token, layer), averaged over each role's tokens."""
    roles = group["token_role"]
    out = np.full((*values.shape[:4], len(group["role"]), values.shape[5]), np.nan)
    for q, r in np.ndindex(len(values), len(group["role"])):
        tokens = np.flatnonzero(roles[q] == r)
        if len(tokens):
            out[q][..., r, :] = values[q][..., tokens, :].mean(axis=-2)
        elif zero is not None and r <= max_role(roles[q]):
            out[q][..., r, :] = np.where(np.isnan(zero[q]), np.nan, 0)
    return out


def max_role(roles):
    """The last role of a prompt's step: that of its last token."""
    return roles.max() if (roles >= 0).any() else -1


def trace(group, config):
    score = group["score"].astype(np.float64)
    base = group["low"] if config["direction"] == "denoise" else group["high"][:, None]
    base = np.broadcast_to(base, group["low"].shape)[:, :, None, None, None, None]
    # counted as 0: roles of the prompt's step that it lacks, of corruptions that it has
    zero = group["low"][:, :, None, None, None] if config["role_average"] == "authors" else None
    return {"role_score": of_roles(group, config, score, zero),
            "role_effect": of_roles(group, config, score - base, None),
            "mean_high": group["high"], "mean_low": group["low"]}


# ---------------------------------------------------------------- groups


def decode(group, config):
    return {"mean_logit": group["logit"], "mean_centred_logit": centred(group)}


def token_lens(group, config):
    return decode(group, config) | {"mean_attention": group["attention"]}


def beyond_random(cut, sets):
    """The log-probability's drop (query, [cuts,] set, target) minus its mean over the sets random_SET, random_SET_2 ..."""
    out = np.full(cut.shape, np.nan)
    for s, name in enumerate(sets):
        drawn = [i for i, other in enumerate(sets) if re.fullmatch(f"random_{name}(_[0-9]+)?", other)]
        if drawn:
            out[..., s, :] = cut[..., drawn, :].mean(axis=-2) - cut[..., s, :]
    return out


def knockout(group, config):
    cuts = sum(name in group for name in ("cut_layer", "cut_head"))
    out = {f"mean_{v}_drop": dropped(group[f"{v}_clean"], group[v], cuts) for v in ("out_logit", "out_logprob")}
    out["mean_kl"] = group["kl"]
    names = ("control_logit", "subject_control_logit")
    control, subject = (dropped(group[f"{v}_clean"][:, None], group[v][..., None], cuts) for v in names)
    out["mean_out_centred_drop"] = out["mean_out_logit_drop"] - np.where(is_subject(group), subject, control)
    beyond = beyond_random(group["out_logprob"].astype(np.float64), strings(group["token_set"]))
    if np.any(~np.isnan(beyond)):
        out["mean_drop_beyond_random"] = beyond
    if "mlp_logit" in group and not cuts:
        out["mean_mlp_logit_drop"] = dropped(group["mlp_logit_clean"], group["mlp_logit"], 0)
    return out


VALUES = {"decode": decode, "token_lens": token_lens, "knockout": knockout, "causal_trace": trace}


def check_average(table, group, strata, name, values, done, intervals):
    values = values[done].astype(np.float64)
    for s, key in enumerate(strata.keys):
        want = strata.mean(key, values)
        table.row(name).add_floats(group[name][s], want, f"stratum {key}")
        n = strata.count(key, values)
        table.row(f"{name}_n").add_ranks(group[f"{name}_n"][s], n, n, f"stratum {key}")
        if intervals and strata.over_templates.__name__ == "nan_mean":
            check_interval(table, group, name, s)
    change = f"{name}_contrast"
    for k, steps in enumerate(zip(group["contrast_step"], group["contrast_minus"]) if change in group else ()):
        want, n = strata.contrast(*(int(step) for step in steps), values)
        table.row(change).add_floats(group[change][k], want, f"step {steps[0]} minus step {steps[1]}")
        table.row(f"{change}_n").add_ranks(group[f"{change}_n"][k], n, n, f"contrast {k}")
        if strata.over_templates.__name__ == "nan_mean":
            check_interval(table, group, change, k)


def check_known(table, group, kind, averages):
    known = set((COMPARED[kind] + " " + COORDINATES).split())
    known |= {name + change + end for name in averages for change in ("", "_contrast") for end in ENDS}
    known |= {"contrast", "contrast_step", "contrast_minus"}
    for name in group.arrays:
        if name not in known:
            table.row(name).complain("no checker knows it")


def check_group(result, group, config, kind, digits):
    table = Table(group.name)
    status = strings(group["status"])
    queries = queries_of(result)
    done = [q.i for q in queries if status[q.i] == "ok"]
    table.queries = len(done)
    rates = [f"{r}{c}" for r in ("promotion", "suppression") for c in ("", "_chance")]
    averages = VALUES[kind](group, config) if kind in VALUES else dict.fromkeys(rates)
    check_known(table, group, kind, averages)
    if kind == "causal_trace":
        for i in done:
            want = roles_of(queries[i], digits)
            table.row("token_role").add_floats(group["token_role"][i][: queries[i].n], want.astype(float), f"query {i}")
    strata = Strata(group, set(done), config["average"], kind)
    for key in strata.missing():
        table.row("stratum").complain(f"{key} is missing")
    for name, values in averages.items() if kind in VALUES else ():
        check_average(table, group, strata, name, values, done, True)
    return table


def show(table):
    """As Table.show, with a tolerance of 1e-6 of the group's sizes."""
    failed = not table.queries
    for name, row in table.rows.items():
        bad = bool(row.note) or row.relative() > 1e-6
        failed |= bad
        print(f"{table.name + '/' + name:40} {row.cells:8} {row.worst:10.2e}{'  FAILED ' + row.note if bad else ''}")
    print(f"{table.name}: {table.queries} queries averaged: {'FAILED' if failed else 'ok'}")
    return failed


def main():
    parser = argparse.ArgumentParser(description="compares averages with NumPy")
    parser.add_argument("result")
    parser.add_argument("--digits", default="")
    args = parser.parse_args()
    digits = {d.split("=")[0]: int(d.split("=")[1]) for d in args.digits.split(",") if d}
    failed = []
    with h5py.File(args.result) as result:
        queries = Table("queries")
        check_known(queries, result["queries"] and type("", (), {"arrays": dict(result["queries"])}), "queries", ())
        queries.queries = 1
        failed.append(show(queries))
        for kind in ("decode", "token_lens", "knockout", "causal_trace", "heads"):
            for group, config in experiments(result, kind):
                failed.append(show(check_group(result, group, config, kind, digits)))
    return 1 if any(failed) else 0


if __name__ == "__main__":
    sys.exit(main())
