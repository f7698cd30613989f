/*
 * The keys of the sections, each declared once.
 *
 * RESULTS: a change of the key changes what is computed, or its bits; the journal of another value
 * is refused. RUNNING: it does not. Paths are RUNNING because what lies there counts, not where:
 * the fingerprints of model and data are part of every unit's key.
 */
#include "config/node.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* A list of words for each enum in config.h. */
static const struct choice loads[] = {{"auto", MODEL_LOAD_AUTO},
                                      {"map", MODEL_LOAD_MAP},
                                      {"broadcast", MODEL_LOAD_BROADCAST},
                                      {NULL, 0}};
static const struct choice checks[] = {
    {"remembered", CHECK_REMEMBERED}, {"full", CHECK_FULL}, {NULL, 0}};
static const struct choice target_tokens[] = {
    {"first", TARGET_FIRST}, {"first_distinct", TARGET_FIRST_DISTINCT}, {NULL, 0}};
const struct choice cluster_choices[] = {
    {"item", CLUSTER_ITEM}, {"query", CLUSTER_QUERY}, {NULL, 0}};
const struct choice average_choices[] = {
    {"means", AVERAGE_MEANS}, {"authors", AVERAGE_AUTHORS}, {NULL, 0}};
const struct choice split_choices[] = {{"none", SPLIT_NONE}, {"half", SPLIT_HALF}, {NULL, 0}};
const struct choice executor_choices[] = {
    {"forked", EXECUTOR_FORKED}, {"naive", EXECUTOR_NAIVE}, {NULL, 0}};
static const struct choice gemm_choices[] = {
    {"rows", GEMM_ROWS}, {"openblas", GEMM_OPENBLAS}, {NULL, 0}};
static const struct choice audits[] = {
    {"first", AUDIT_FIRST}, {"all", AUDIT_ALL}, {"none", AUDIT_NONE}, {NULL, 0}};

const struct choice family_choices[] = {{"stratum", FAMILY_STRATUM}, {"layer", FAMILY_LAYER},
                                        {"head", FAMILY_HEAD},       {"position", FAMILY_POSITION},
                                        {"from", FAMILY_FROM},       {"to", FAMILY_TO},
                                        {"metric", FAMILY_METRIC},   {NULL, 0}};

const struct choice null_choices[] = {{"none", NULL_NONE},
                                      {"shuffled_targets", NULL_SHUFFLED_TARGETS},
                                      {"random_weights", NULL_RANDOM_WEIGHTS},
                                      {NULL, 0}};

static const struct config_row model_rows[] = {
    CONFIG_ROW(
        struct model_config, path, "path", config_path, NULL, 0, 0, RUNNING,
        "Hugging Face directory or .gguf file; its fingerprint counts, not its place; not with "
        "paths"),
    CONFIG_ROW(struct model_config, paths, "paths", config_paths, "[]", 0, 0, RUNNING,
               "several models of one shape and tokenizer, in the place of path: each has the same "
               "experiments, in a folder below output that is named after it"),
    CONFIG_CHOICE(struct model_config, check, "check", config_choice, "remembered", checks, RUNNING,
                  "every byte of the weights is hashed before work begins; remembered = not again "
                  "while the system says that the files are unchanged"),
    CONFIG_ROW(
        struct model_config, ignore, "ignore", config_strings, "[]", 0, 0, RESULTS,
        "keys of the model's config that lensweep does not know and would refuse: they change "
        "nothing, you insist"),
    CONFIG_CHOICE(
        struct model_config, load, "load", config_choice, "auto", loads, RUNNING,
        "map = each rank maps the files; broadcast = rank 0 reads them once, each node "
        "keeps one copy in memory; auto = broadcast from network file systems and on nodes "
        "of several NUMA nodes"),
};

static const struct config_row data_rows[] = {
    CONFIG_ROW(struct data_config, path, "path", config_paths, "[]", 0, 0, RUNNING,
               "a file of queries, a directory of .jsonl files, or a list of both; may be left out "
               "where no experiment needs data"),
    CONFIG_ROW(struct data_config, format, "format", config_string, "auto", 0, 0, RESULTS,
               "a format that lensweep help data lists; auto = by the keys of the first record"),
    CONFIG_ROW(struct data_config, add_bos, "add_bos", config_bool, "false", 0, 0, RESULTS,
               "prepend the tokenizer's BOS token and shift the spans"),
    CONFIG_ROW(struct data_config, limit, "limit", config_int, "0", 0, INFINITY, RESULTS,
               "at most so many queries of each file; 0 = all"),
    CONFIG_ROW(struct data_config, sequences, "sequences", config_int, "0", 0, 100000, RESULTS,
               "in the place of path: so many queries of random tokens that stand twice; 0 = 16 "
               "where path is left out"),
    CONFIG_ROW(struct data_config, controls, "controls", config_int, "16", 0, 4096, RESULTS,
               "control tokens drawn for each query: first tokens of other items' answers"),
    CONFIG_CHOICE(struct data_config, target, "target", config_choice, "first", target_tokens,
                  RESULTS,
                  "an answer's target token: its first, or the first in which the answers differ"),
    CONFIG_CHOICE(
        struct data_config, null, "null", config_choices, "none", null_choices, RESULTS,
        "tables about nothing: shuffled_targets = each item has the targets of another; "
        "random_weights = the model's are drawn; of [none, shuffled_targets, random_weights] each, "
        "those about nothing in OUTPUT/null_NAME"),
    CONFIG_ROW(struct data_config, seed, "seed", config_int, "1", 0, INFINITY, RESULTS,
               "seed of the draws of controls, counterfactuals and null"),
};

static const struct config_row top_rows[] = {
    CONFIG_ROW(struct config, output, "output", config_folder, NULL, 0, 0, RUNNING,
               "folder for results and journal"),
};

static const struct config_row statistics_rows[] = {
    CONFIG_CHOICE(struct statistics_config, cluster, "cluster", config_choice, "item",
                  cluster_choices, RESULTS,
                  "what counts as one observation: an item with all its queries, or a query"),
    CONFIG_ROW(struct statistics_config, by_token, "by_token", config_bool, "true", 0, 0, RESULTS,
               "what is said of a target counts queries that share its token as one observation, "
               "too; false = it is said of these very tokens"),
    CONFIG_ROW(struct statistics_config, bootstrap, "bootstrap", config_int, "2000", 0, 1000000,
               RESULTS,
               "draws of items that say how stable a sweep's ranking is: at most 100, an even "
               "number; fewer than 2 = none"),
    CONFIG_CHOICE(struct statistics_config, average, "average", config_choice, "means",
                  average_choices, RESULTS,
                  "over templates: their mean; or what the authors' scripts do for each kind"),
    CONFIG_CHOICE(struct statistics_config, family, "family", config_subset,
                  "[layer, head, metric]", family_choices, RESULTS,
                  "dimensions whose tests are corrected together"),
    CONFIG_ROW(struct statistics_config, fdr, "fdr", config_real, "0.05", 0, 1, RESULTS,
               "false discovery rate that is allowed in a family"),
    CONFIG_ROW(struct statistics_config, min_effect, "min_effect", config_real, "0.05", 0, INFINITY,
               RESULTS, "smallest effect that the minimum-effect test counts"),
    CONFIG_CHOICE(struct statistics_config, split, "split", config_choice, "none", split_choices,
                  RESULTS, "half = pick on one half of the items, test on the other"),
    CONFIG_ROW(struct statistics_config, seed, "seed", config_int, "1", 0, INFINITY, RESULTS,
               "seed of bootstrap and split"),
};

static const struct config_row run_rows[] = {
    CONFIG_ROW(struct run_config, rows, "rows", config_int, "1024", 1, 65536, RUNNING,
               "most rows that share one matrix product"),
    CONFIG_ROW(struct run_config, unit_flops, "unit_flops", config_auto_int, "auto", 1, 1000000000,
               RESULTS,
               "GFLOP in a unit of work; auto = from the model; another cut computes anew"),
    CONFIG_ROW(struct run_config, threads, "threads", config_auto_int, "auto", 1, 4096, RUNNING,
               "threads of a rank; auto = the cores that it is bound to"),
    CONFIG_ROW(
        struct run_config, memory, "memory", config_bytes, "auto", 1048576, INFINITY, RUNNING,
        "memory that a rank may use, checked before work begins; auto = its share of what the node "
        "has, or its control group (cgroup) allows"),
    CONFIG_ROW(struct run_config, max_time, "max_time", config_duration, "none", 0, INFINITY,
               RUNNING,
               "begin no more after this time; what has been begun may still take run.grace; the "
               "same command resumes"),
    CONFIG_ROW(struct run_config, grace, "grace", config_duration, "60s", 0, INFINITY, RUNNING,
               "time to finish the units in flight when the run is stopped"),
    CONFIG_CHOICE(struct run_config, executor, "executor", config_choice, "forked",
                  executor_choices, RESULTS,
                  "naive = one full forward pass for each variant, to check against"),
    CONFIG_CHOICE(struct run_config, gemm, "gemm", config_choice, "rows", gemm_choices, RESULTS,
                  "rows = our own products, the same bits on every processor; openblas = those of "
                  "OpenBLAS, to compare with: its last bits differ between processors"),
    CONFIG_CHOICE(struct run_config, audit, "audit", config_choice, "first", audits, RESULTS,
                  "queries on which the run checks itself: the first of each file, as far as a "
                  "hundredth of the work goes; all or none"),
    CONFIG_ROW(struct run_config, fail_on_bad, "fail_on_bad", config_bool, "false", 0, 0, RUNNING,
               "exit status 1 if a query has a bad status"),
};

static const struct choice answer_sources[] = {
    {"model", ANSWERS_OF_MODEL}, {"facts", ANSWERS_OF_FACTS}, {NULL, 0}};
static const struct choice keeps[] = {{"correct", KEEP_CORRECT}, {"all", KEEP_EVERY}, {NULL, 0}};

static const struct config_row curate_rows[] = {
    CONFIG_ROW(struct curate_config, dataset, "dataset", config_string, NULL, 0, 0, RESULTS,
               "name of the dataset, and of its files: DATASET_STEP.jsonl"),
    CONFIG_ROW(struct curate_config, facts, "facts", config_path, NULL, 0, 0, RUNNING,
               "subjects and objects: CSV or JSON Lines with subject, object, or a form of data"),
    CONFIG_ROW(struct curate_config, templates, "templates", config_strings, NULL, 0, 0, RESULTS,
               "prompts with {subject}; [brackets] mark the words of the relation"),
    CONFIG_ROW(struct curate_config, answers, "answers", config_int, "1", 1, 9, RESULTS,
               "answers in one prompt: 3 makes steps 1, 2 and 3"),
    CONFIG_ROW(struct curate_config, tokens, "tokens", config_auto_int, "auto", 1, 4096, RESULTS,
               "most tokens that the model writes; auto = 8 and 12 for each answer"),
    CONFIG_CHOICE(struct curate_config, from, "from", config_choice, "model", answer_sources,
                  RESULTS, "the model's own greedy answers, or the objects of the facts"),
    CONFIG_CHOICE(struct curate_config, keep, "keep", config_choice, "correct", keeps, RESULTS,
                  "correct = only where all answers are right and distinct"),
    CONFIG_ROW(
        struct curate_config, chat, "chat", config_chat, "none", 0, 0, RESULTS,
        "how the prompt is said to the model; a list's number is the assistant's first word"),
    CONFIG_ROW(struct curate_config, counterfactual, "counterfactual", config_bool, "true", 0, 0,
               RESULTS, "with another subject's prompt of equal token counts and no common object"),
    CONFIG_ROW(struct curate_config, splits, "splits", config_shares, "{}", 0, 0, RESULTS,
               "folders by item, such as {train: 0.5, test: 0.5}"),
    CONFIG_ROW(struct curate_config, controls, "controls", config_int, "16", 0, 4096, RESULTS,
               "control tokens of each query: first tokens of answers that are wrong for it"),
    CONFIG_ROW(struct curate_config, seed, "seed", config_int, "1", 0, INFINITY, RESULTS,
               "seed of counterfactuals, controls and splits"),
};

#define PART(name, doc, rows, field, run, curate)                                   \
    {                                                                               \
        {name, doc, rows, COUNT(rows)}, offsetof(struct config, field), run, curate \
    }

const struct config_part config_parts[CONFIG_PARTS] = {
    PART("model", "the model under study", model_rows, model, true, true),
    PART("data", "the queries", data_rows, data, true, false),
    {{"", "top level", top_rows, COUNT(top_rows)}, 0, true, true},
    PART("statistics", "how effects are tested", statistics_rows, statistics, true, false),
    PART("run", "how the job is run", run_rows, run, true, true),
    PART("curate", "in place of data, experiments and statistics: queries from facts", curate_rows,
         curate, false, true),
};

const struct config_row config_head_rows[CONFIG_HEAD_ROWS] = {
    CONFIG_ROW(struct experiment_head, name, "name", config_string, NULL, 0, 0, RESULTS,
               "the experiment's group in the result file; unique; letters, digits, _ and -"),
    CONFIG_ROW(struct experiment_head, kind, "kind", config_string, NULL, 0, 0, RESULTS,
               "what is computed"),
    CONFIG_ROW(struct experiment_head, limit, "limit", config_int, "0", 0, 1e9, RESULTS,
               "only the first so many queries of each file; 0 = all"),
    CONFIG_ROW(struct experiment_head, where, "where", config_where, "{}", 0, 0, RESULTS,
               "only queries like this: {target_collision: false, step: 2}"),
};

/* Groups of the result file that are not experiments. */
const char *const config_reserved_names[] = {"queries", "provenance", "units", NULL};

struct config_value row_value(const struct config_row *row, const void *from)
{
    return (struct config_value){row, (const char *)from + row->offset};
}

/* One condition "key: a | b" of row->when, of `size` characters. */
static bool holds(const char *condition, size_t size, const struct config_row *rows, size_t n,
                  const void *from, bool unknown)
{
    size_t key = strcspn(condition, ":");
    for (size_t i = 0; i < n; i++) {
        int value;

        if (strlen(rows[i].key) != key || strncmp(rows[i].key, condition, key) != 0)
            continue;
        value = *(const int *)row_value(&rows[i], from).field;
        return value == NO_CHOICE ? unknown
                                  : str_lists(condition + key + 1, size - key - 1, " |;",
                                              choice_word(rows[i].choices, value));
    }
    return false;
}

bool row_applies(const struct config_row *row, const struct config_row *rows, size_t n,
                 const void *from, bool unknown)
{
    const char *s = row->when;

    while (s && *s) {
        size_t size = strcspn(s, ";");

        if (!holds(s, size, rows, n, from, unknown))
            return false;
        s += size;
        s += strspn(s, "; ");
    }
    return true;
}

char *when_text(char out[WHEN_MAX], const struct config_row *row)
{
    size_t used = 0;

    for (const char *s = row->when; *s && used + 8 < WHEN_MAX; s++)
        used += (size_t)snprintf(out + used, WHEN_MAX - used, *s == ';' ? " and" : "%c", *s);
    return out;
}
