/*
 * The summary at the end of a run, read back from the result file: how many queries were right,
 * then a table for each experiment whose kind has one.
 */
#include "report/summary.h"

#include "base/mem.h"
#include "base/out.h"
#include "base/str.h"
#include "results/h5file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int members_read(struct members *m, struct h5file *f, const char *group, struct err *err)
{
    struct h5info info;

    *m = (struct members){0};
    if (h5_read_str(f, group, "status", &m->status, &info, err) ||
        h5_read_f64(f, group, "step", &m->step, &info, err))
        return err->code;
    m->n = info.size[0];
    return 0;
}

void members_free(struct members *m)
{
    mem_free(m->status);
    mem_free(m->step);
}

bool members_has(const struct members *m, size_t query, double step)
{
    return m->step[query] == step && str_eq(m->status[query], "ok");
}

/* How often the model's next token is the target that counts as right: the target named
   answer_STEP, where there is one. */
static int print_queries(struct h5file *f, struct err *err)
{
    struct h5info info, ranks;
    char **status = NULL, **target = NULL;
    double *step = NULL, *rank = NULL;
    size_t right[128] = {0}, total[128] = {0};
    int code;

    code = h5_read_str(f, "queries", "status", &status, &info, err) ||
           h5_read_str(f, "queries", "target", &target, &info, err) ||
           h5_read_f64(f, "queries", "step", &step, &info, err) ||
           h5_read_f64(f, "queries", "clean_rank", &rank, &ranks, err);
    for (size_t q = 0; !code && q < ranks.size[0]; q++)
        for (size_t k = 0; k < ranks.size[1]; k++) {
            char name[32];

            snprintf(name, sizeof name, "answer_%.0f", step[q]);
            if (step[q] < 1 || step[q] > 127 || !str_eq(status[q], "ok") ||
                !str_eq(target[k], name))
                continue;
            total[(int)step[q]]++;
            right[(int)step[q]] += rank[q * ranks.size[1] + k] == 0;
        }
    for (int s = 1; !code && s < 128; s++)
        if (total[s])
            code = out_printf(
                err, "step %d: answer_%d is the model's next token in %zu of %zu queries\n", s, s,
                right[s], total[s]);
    mem_free(status);
    mem_free(target);
    mem_free(step);
    mem_free(rank);
    return code ? err->code : 0;
}

static int print_count(const char *flag, size_t n, bool *any, struct err *err)
{
    bool first = !*any;

    *any |= n > 0;
    return n ? out_printf(err, "%s %s in %zu", first ? "flags:" : ",", flag, n) : 0;
}

/* What the prompts end in. */
static int print_prefixes(struct h5file *f, bool *any, struct err *err)
{
    static const char *const ends[][2] = {{"quote", "answer_prefix quote"},
                                          {"space", "answer_prefix space"}};
    struct h5info info;
    char **prefix;
    int code = 0;

    if (h5_read_str(f, "queries", "answer_prefix", &prefix, &info, err))
        return err->code;
    for (int i = 0; i < 2 && !code; i++) {
        size_t n = 0;

        for (size_t q = 0; q < info.size[0]; q++)
            n += str_eq(prefix[q], ends[i][0]);
        code = print_count(ends[i][1], n, any, err);
    }
    mem_free(prefix);
    return code;
}

/* Traps in the data (docs/methods.md 1) and how many queries have them. */
static int print_flags(struct h5file *f, struct err *err)
{
    static const char *const names[] = {"target_collision", "target_generic", "target_in_prompt",
                                        "bos"};
    struct h5info info;
    bool any = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double *flag;
        size_t n = 0;
        int code;

        if (h5_read_f64(f, "queries", names[i], &flag, &info, err))
            return err->code;
        for (size_t q = 0; q < info.size[0]; q++)
            n += flag[q] == 1;
        code = print_count(names[i], n, &any, err);
        mem_free(flag);
        if (code)
            return code;
    }
    if (print_prefixes(f, &any, err))
        return err->code;
    return any ? out_printf(err, " of %zu queries\n", info.size[0]) : 0;
}

/* Why queries have no numbers in a group, and how many: the first few reasons. */
static int print_left_out(struct h5file *f, const char *group, struct err *err)
{
    enum { REASONS = 12 };
    struct h5info info;
    const char *reason[REASONS];
    size_t count[REASONS] = {0};
    int n = 0, code = 0;
    char **status;

    if (h5_read_str(f, group, "status", &status, &info, err))
        return err->code;
    for (size_t q = 0; q < info.size[0]; q++) {
        int i = 0;

        while (i < n && !str_eq(reason[i], status[q]))
            i++;
        if (i == n && n < REASONS)
            reason[n++] = status[q];
        if (i < n)
            count[i]++;
    }
    for (int i = 0; i < n && !code; i++)
        if (!str_eq(reason[i], "ok"))
            code = out_printf(err, "  %zu quer%s left out: %s\n", count[i],
                              count[i] == 1 ? "y" : "ies", reason[i]);
    mem_free(status);
    return code;
}

static const struct {
    const char *kind;
    int (*print)(struct h5file *f, const char *group, struct err *err);
} printers[] = {
    {"decode", summary_decode},   {"knockout", summary_knockout}, {"causal_trace", summary_trace},
    {"token_lens", summary_lens}, {"heads", summary_heads},       {"ablation", summary_ablation},
};

static int visit(void *ctx, const char *group, struct err *err)
{
    struct h5file *f = ctx;
    char *kind;
    int code = 0;

    if (h5_read_attr(f, group, "kind", &kind, err))
        return err->code;
    for (size_t i = 0; kind && !code && i < sizeof printers / sizeof *printers; i++)
        if (str_eq(kind, printers[i].kind))
            code = printers[i].print(f, group, err) || print_left_out(f, group, err);
    mem_free(kind);
    return code ? err->code : 0;
}

int print_summary(const char *result, struct err *err)
{
    struct h5file *f;
    int code;

    if (h5_open(&f, result, err))
        return err->code;
    code = print_queries(f, err) || print_flags(f, err) || h5_each_group(f, visit, f, err);
    h5_close(f);
    return code ? err->code : 0;
}
