#define _XOPEN_SOURCE 700
#include "report/top/top.h"
#include "cli/command.h"

#include "base/mem.h"
#include "base/str.h"

#include <getopt.h>
#include <string.h>

/* What is worth ranking in each kind, a table each. */
static const struct ranking rankings[] = {
    {.kind = "heads",
     .mean = "promotion",
     .bounds = "promotion_",
     .beside = "promotion_chance",
     .heading = "chance",
     .against = true},
    {.kind = "heads",
     .mean = "suppression",
     .bounds = "suppression_",
     .beside = "suppression_chance",
     .heading = "chance",
     .against = true},
    {.kind = "decode",
     .mean = "mean_centred_logit",
     .bounds = "mean_centred_logit_",
     .instead = "mean_logit",
     .without = "resid"},
    {.kind = "token_lens",
     .mean = "mean_centred_logit",
     .bounds = "mean_centred_logit_",
     .instead = "mean_logit"},
    {.kind = "knockout", .mean = "mean_kl", .bounds = "mean_kl_"},
    {.kind = "knockout", .mean = "mean_out_logit_drop", .bounds = "mean_out_logit_drop_"},
    {.kind = "causal_trace", .mean = "role_effect", .bounds = "role_effect_"},
    {.kind = "ablation",
     .sub = "/stats",
     .mean = "mean",
     .bounds = "",
     .beside = "q",
     .heading = "q",
     .split = "metric"},
};

enum { RANKINGS = sizeof rankings / sizeof *rankings };

/* Tables of one group; *known if its kind has any, *shown if one had values. */
static int show_group(struct top *t, const char *group, bool *known, bool *shown, struct err *err)
{
    char *kind;
    int code = 0;

    if (h5_read_attr(t->file, group, "kind", &kind, err))
        return err->code;
    for (size_t i = 0; kind && i < RANKINGS && !code; i++) {
        struct ranking r = rankings[i];

        if (!str_eq(kind, r.kind))
            continue;
        r.sub = r.sub ? r.sub : "";
        *known = true;
        code = top_table(t, &r, group, shown, err);
    }
    if (kind && str_eq(kind, "faithfulness") && !code) {
        *known = true;
        code = top_nodes(t, group, shown, err);
    }
    mem_free(kind);
    return code;
}

struct groups {
    struct top *top;
    const char *asked; /* NULL = all */
    const char *name[64];
    size_t n;
    bool known, shown;
};

static int visit_group(void *ctx, const char *name, struct err *err)
{
    struct groups *g = ctx;

    if (g->n < sizeof g->name / sizeof *g->name) {
        g->name[g->n] = arena_strdup(&g->top->arena, name, err);
        if (!g->name[g->n++])
            return err->code;
    }
    if (g->asked && !str_eq(g->asked, name))
        return 0;
    return show_group(g->top, name, &g->known, &g->shown, err);
}

static int no_such_group(const struct groups *g, struct err *err)
{
    const char *near = str_did_you_mean(g->asked, g->name, g->n);

    return err_set(err, ERR_CONFIG, "there is no group \"%s\"%s%s%s", g->asked,
                   near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static bool is_there(const struct groups *g)
{
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->name[i], g->asked))
            return true;
    return g->n == sizeof g->name / sizeof *g->name;
}

static int show_groups(struct top *t, const char *group, struct err *err)
{
    struct groups g = {.top = t, .asked = group};

    if (h5_each_group(t->file, visit_group, &g, err))
        return err->code;
    if (g.shown)
        return 0;
    if (group && !is_there(&g))
        return no_such_group(&g, err);
    if (!g.known)
        return err_set(err, ERR_CONFIG,
                       "%s%s is of no kind that can be ranked: decode, token_lens, knockout, "
                       "heads, causal_trace, ablation, faithfulness",
                       group ? "group " : "no group of it", group ? group : "");
    return err_set(err, ERR_CONFIG, "there are no averages%s%s%s",
                   t->dataset || t->step >= 0 ? " of that dataset and step" : " in it",
                   t->dataset || t->step >= 0 ? "" : ": no query has results, or it was written by",
                   t->dataset || t->step >= 0 ? "" : " an earlier lensweep");
}

static int show_classes(struct top *t, struct err *err)
{
    bool shown = false;

    if (top_classes(t, &shown, err) || shown)
        return err->code;
    return err_set(err, ERR_CONFIG,
                   "--classes needs averages%s of a group of kind heads and one of kind ablation "
                   "with site head, layers each, heads each, positions [last] and metric logit",
                   t->dataset || t->step >= 0 ? " of that dataset and step" : "");
}

static int show_file(struct top *t, const char *result, const char *group, bool classes,
                     struct err *err)
{
    char *path = h5_find(&t->arena, result, err);
    int code = !path || h5_open(&t->file, path, err);

    if (!code && (catalogue_read(&t->all, t->file, &t->arena, err) ||
                  (classes ? show_classes(t, err) : show_groups(t, group, err))))
        code = err_wrap(err, "%s", path);
    if (!code)
        code = out_flush(err);
    h5_close(t->file);
    arena_release(&t->arena);
    return code ? err->code : 0;
}

int cmd_top(int argc, char **argv, struct err *err)
{
    static const struct option options[] = {{"step", required_argument, NULL, 's'},
                                            {"dataset", required_argument, NULL, 'd'},
                                            {"classes", no_argument, NULL, 'c'},
                                            {0}};
    bool classes = false;
    struct top t = {.step = -1};
    int64_t n = 20;
    int c;

    opterr = 0;
    while ((c = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
        if (c == 'd')
            t.dataset = optarg;
        else if (c == 'c')
            classes = true;
        else if (c != 'n' && c != 's')
            return bad_option("top", argv, err);
        else if (parse_number(c == 'n' ? "-n" : "--step", optarg, c == 'n', 10000,
                              c == 'n' ? &n : &t.step, err))
            return err->code;
    }
    if (argc - optind < 1 || argc - optind > 2 - classes)
        return usage_error("top", err);
    t.n = (size_t)n;
    return show_file(&t, argv[optind], argv[optind + 1], classes, err);
}
