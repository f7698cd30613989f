#include "report/stability.h"

#include "base/str.h"
#include "report/where.h"

#include <math.h>

enum { LINES_MAX = 6 };

int steadiness_open(struct steadiness *s, struct result *r, const struct finding *f,
                    struct err *err)
{
    const char *group = f->value.group;

    *s = (struct steadiness){.first = {.elements = 0}};
    return err_if(err, average_open(&s->first, r, group, NULL, "first_candidates", err) ||
                           average_open(&s->correlation, r, group, NULL, "rank_correlation", err) ||
                           average_open(&s->top, r, group, NULL, "top_jaccard", err));
}

void steadiness_close(struct steadiness *s)
{
    average_close(&s->first);
    average_close(&s->correlation);
    average_close(&s->top);
}

/* "; the top 5 of two draws of items share 43 %": the smallest k, which is the first. */
static void put_top(const struct steadiness *s, size_t ranking, struct buf *out, struct err *err)
{
    size_t sizes = s->top.elements / s->first.elements;
    double share = average_get(&s->top, STAT_MEAN, ranking * sizes);

    if (!isnan(share))
        buf_printf(out, err, "; the top %s of two draws of items share %.0f %%",
                   average_label(&s->top, s->top.n_dims - 1, 0), 100 * share);
}

int steadiness_text(struct steadiness *s, const struct finding *f, size_t stratum, size_t element,
                    size_t *said, struct buf *out, struct err *err)
{
    const struct average *a = &f->value;
    size_t ranking = average_match(&s->first, a, element), metric = average_dim(a, "metric");
    char where[WHERE_MAX];
    double candidates;

    if (!s->first.elements || ranking >= s->first.elements || *said >= LINES_MAX)
        return 0;
    if (average_seek(&s->first, stratum, err) || average_seek(&s->correlation, stratum, err) ||
        average_seek(&s->top, stratum, err))
        return err->code;
    candidates = average_get(&s->first, STAT_MEAN, ranking);
    if (!(candidates > 1))
        return 0;
    ++*said;
    where_words(a, element, "metric", NULL, where);
    buf_printf(out, err, "  step %d%s%s: %s is one of %.0f that could have come first",
               a->stratum[stratum].step, metric < a->n_dims ? ", " : "",
               metric < a->n_dims ? average_shown(a, metric, element) : "", where, candidates);
    put_top(s, ranking, out, err);
    return buf_printf(out, err, ", rank correlation %.2f\n",
                      average_get(&s->correlation, STAT_MEAN, ranking));
}
