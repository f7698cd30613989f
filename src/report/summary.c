#include "report/summary.h"

#include "base/str.h"
#include "report/headline.h"
#include "report/standout.h"

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
