#include "report/contrast.h"

#include "base/str.h"
#include "base/wrap.h"
#include "report/findings.h"
#include "report/where.h"

#include <math.h>

/* Of the contrast that was sought: numbers that pass, and the largest of them. */
struct changes {
    size_t found, largest;
    double tested, items;
};

static struct changes look(const struct finding *f)
{
    struct changes c = {0};

    for (size_t i = 0; i < f->value.elements; i++) {
        if (f->dropped[i] || isnan(average_get(&f->value, STAT_P, i)))
            continue;
        c.tested++;
        c.items = fmax(c.items, finding_items(f, i));
        if (!finding_passes(f, i))
            continue;
        if (!c.found || fabs(finding_effect(f, i)) > fabs(finding_effect(f, c.largest)))
            c.largest = i;
        c.found++;
    }
    return c;
}

static int put_changes(const struct finding *f, const struct stratum_info *steps, struct buf *out,
                       struct err *err)
{
    const struct average *a = &f->value;
    struct changes c = look(f);
    struct buf line = {0};
    char where[WHERE_MAX];

    if (!(c.tested > 0))
        return 0;
    buf_printf(&line, err, "step %d minus step %d, paired by item (%.0f): ", steps->step,
               steps->minus, c.items);
    where_words(a, c.largest, NULL, NULL, where);
    if (c.found)
        buf_printf(&line, err, "%zu of %.0f %s, most%s%s by %+.3g [%+.3g, %+.3g])", c.found,
                   c.tested, str_noun(c.tested, "number changes", "numbers change"),
                   *where ? " " : "", where, average_get(a, STAT_MEAN, c.largest),
                   average_get(a, STAT_LO, c.largest), average_get(a, STAT_HI, c.largest));
    else
        buf_printf(&line, err, "of %.0f %s none changes)", c.tested,
                   str_noun(c.tested, "number", "numbers"));
    return wrap_line(out, "  (", &line, err);
}

int contrast_text(struct result *r, const char *group, const struct headline *h, struct buf *out,
                  struct err *err)
{
    struct headline of = *h;
    struct finding f = {0};

    of.variable = arena_printf(&r->arena, err, "%s_contrast", h->variable);
    of.instead = of.null = NULL;
    of.tested = TEST_T;
    if (of.variable && !finding_open(&f, r, group, &of, err))
        for (size_t k = 0; k < f.n_order && f.value.elements; k++)
            if (finding_seek(&f, f.order[k], err) ||
                put_changes(&f, &f.value.stratum[f.order[k]], out, err))
                break;
    finding_close(&f);
    return err->code;
}
