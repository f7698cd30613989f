#include "report/summary.h"

#include "base/str.h"
#include "report/headline.h"
#include "report/standout.h"

#include <stdint.h>

/* Why queries have no numbers in a group, and how many: the first few reasons, and all others. */
static int put_left_out(struct result *r, const char *group, const char *done, struct buf *out,
                        struct err *err)
{
    enum { REASONS = 12 };
    size_t n = result_size(r, group, "status"), count[REASONS + 1] = {0}, reasons = 0;
    const char **status, *reason[REASONS + 1];

    if (!n) /* the model's own numbers */
        return 0;
    if (result_text(r, group, "status", n, &status, err))
        return err->code;
    for (size_t q = 0; q < n; q++) {
        size_t i = str_index(reason, reasons, status[q]);

        if (str_eq(status[q], "ok"))
            continue;
        if (i == reasons && reasons < REASONS)
            reason[reasons++] = status[q];
        count[i]++; /* of no known reason: those of the rest */
    }
    reason[reasons] = "other reasons";
    for (size_t i = 0; i <= reasons; i++)
        if (count[i])
            buf_printf(out, err, "  %zu %s %s: %s\n", count[i],
                       str_noun(count[i], "query", "queries"), done, reason[i]);
    return err->code;
}

/* Flags ------------------------------------------------------------------------------------ */

static void put_count(const char *flag, size_t n, bool *any, struct buf *out, struct err *err)
{
    if (n)
        buf_printf(out, err, "%s %s in %zu", *any ? "," : "flags:", flag, n);
    *any |= n > 0;
}

int summary_unread(struct result *r, struct buf *out, struct err *err)
{
    if (result_nulls(r, err) || !r->unread)
        return err->code;
    return err_if(err,
                  buf_puts(out, "left out, a result about nothing that cannot be read: ", err) ||
                      buf_escaped(out, r->unread, err) ||
                      buf_puts(out, " (lensweep summary of that folder says why)\n", err));
}

/* Queries that have fewer control tokens than were asked for, and how many they have. */
static int put_few_controls(struct result *r, const char *name, const char *what, size_t n,
                            const char *const *status, struct buf *out, struct err *err)
{
    const struct h5info *v = catalogue_find(&r->all, "queries", name);
    struct column id;
    size_t queries = 0, fewer = 0, least = SIZE_MAX, most = 0;

    if (!v || v->rank != 2 || v->size[0] != n || column_open(&id, r->file, v, err))
        return err->code;
    for (size_t q = 0; q < n && !err->code; q++) {
        size_t has = 0;

        if (!str_eq(status[q], "ok") || column_seek(&id, q, err))
            continue;
        for (size_t k = 0; id.whole && k < v->size[1]; k++)
            has += id.whole[k] >= 0;
        queries++;
        if (has == v->size[1])
            continue;
        fewer++;
        least = has < least ? has : least;
        most = has > most ? has : most;
    }
    column_close(&id);
    if (err->code || !fewer)
        return err->code;
    buf_printf(out, err, "controls: %zu of %zu %s fewer than %zu %s: ", fewer, queries,
               str_noun(queries, "query has", "queries have"), v->size[1], what);
    return least == most ? buf_printf(out, err, "%zu\n", most)
                         : buf_printf(out, err, "%zu to %zu\n", least, most);
}

static int put_controls(struct result *r, struct buf *out, struct err *err)
{
    size_t n = result_size(r, "queries", "status");
    const char **status;

    return err_if(err,
                  result_text(r, "queries", "status", n, &status, err) ||
                      put_few_controls(r, "control_id", "control tokens from others' answers", n,
                                       status, out, err) ||
                      put_few_controls(r, "subject_control_id",
                                       "control tokens from other subjects", n, status, out, err));
}

/* Traps in the data (docs/methods.md 1) and how many queries have them; results about nothing say
   so. */
int summary_flags(struct result *r, struct buf *out, struct err *err)
{
    static const char *const names[] = {"target_collision", "target_generic", "target_in_prompt",
                                        "bos"};
    static const char *const ends[][2] = {{"quote", "answer_prefix quote"},
                                          {"space", "answer_prefix space"}};
    size_t n = result_size(r, "queries", "status");
    const char **prefix;
    bool any = false;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        double *flag;
        size_t count = 0;

        if (result_numbers(r, "queries", names[i], n, &flag, err))
            return err->code;
        for (size_t q = 0; q < n; q++)
            count += flag[q] == 1;
        put_count(names[i], count, &any, out, err);
    }
    if (result_text(r, "queries", "answer_prefix", n, &prefix, err))
        return err->code;
    for (int i = 0; i < 2; i++) {
        size_t count = 0;

        for (size_t q = 0; q < n; q++)
            count += str_eq(prefix[q], ends[i][0]);
        put_count(ends[i][1], count, &any, out, err);
    }
    if (any)
        buf_printf(out, err, " of %zu %s\n", n, str_noun(n, "query", "queries"));
    put_controls(r, out, err);
    if (r->null)
        buf_printf(out, err,
                   "about nothing (data.null: %s): whatever is found in these tables is not about "
                   "the data's answers\n",
                   r->null);
    return summary_unread(r, out, err);
}

/* Experiments ------------------------------------------------------------------------------ */

int summary_blocks(struct result *r, const struct result_group *g, summary_block *put,
                   struct buf *out, struct buf *left_out, struct err *err)
{
    bool any = false;

    if (result_nulls(r, err))
        return err->code;
    for (size_t i = 0; i < g->headlines.n; i++) {
        const struct headline *h = &g->headlines.v[i];

        if (h->listed || h->shown_in == ONLY_TOP)
            continue;
        any = true;
        if (put(r, g->name, h, out, err))
            return err->code;
    }
    return any ? put_left_out(r, g->name, "left out", left_out, err) : 0;
}

static int put_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                    struct err *err)
{
    return headline_text(r, group, h, out, out, err);
}

int summary_group(struct result *r, const struct result_group *g, struct buf *out, struct err *err)
{
    return summary_blocks(r, g, put_text, out, out, err);
}

int summary_text(struct result *r, struct buf *out, struct err *err)
{
    struct right right;

    if (right_read(&right, r, err) || right_text(&right, out, err) ||
        put_left_out(r, "queries", "not used", out, err) || summary_flags(r, out, err))
        return err->code;
    for (size_t i = 0; i < r->n_groups; i++)
        if (summary_group(r, &r->group[i], out, err))
            return err_wrap(err, "%s", r->group[i].name);
    return standout_text(r, &right, NULL, out, err);
}
