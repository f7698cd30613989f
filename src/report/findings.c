#include "report/findings.h"

#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEVEL = 0.05;

/* Which numbers ---------------------------------------------------------------------------- */

bool finding_has(const struct finding *f, size_t i)
{
    return !f->dropped[i] && !isnan(average_get(&f->value, STAT_MEAN, i)) &&
           average_get(&f->value, STAT_N, i) > 0;
}

bool finding_is_tested(const struct finding *f, size_t i)
{
    return f->test != TEST_NONE && !f->dropped[i] && !isnan(average_get(&f->value, STAT_P, i));
}

/* Labels of direct parts stand beside their totals and are no numbers of their own. */
static bool is_part(const struct finding *f, size_t i)
{
    const struct headline *h = f->headline;
    size_t d = h->part && h->apart ? average_dim(&f->value, h->apart) : f->value.n_dims;

    return d < f->value.n_dims &&
           !strncmp(average_label(&f->value, d, i), h->part, strlen(h->part));
}

static int find_dropped(struct finding *f, struct result *r, struct err *err)
{
    const struct average *a = &f->value;

    f->dropped = arena_alloc(&r->arena, a->elements, sizeof *f->dropped, err);
    for (size_t i = 0; f->dropped && i < a->elements; i++)
        f->dropped[i] = average_labelled(a, i, f->headline->without) || is_part(f, i);
    return err->code;
}

static int find_order(struct finding *f, struct result *r, struct err *err)
{
    const struct average *a = &f->value;

    f->order = arena_alloc(&r->arena, a->n_strata, sizeof *f->order, err);
    for (size_t s = 0; f->order && s < a->n_strata; s++) {
        size_t at = f->n_order;

        if (!a->stratum[s].widest)
            continue;
        for (; at > 0 && a->stratum[f->order[at - 1]].step > a->stratum[s].step; at--)
            f->order[at] = f->order[at - 1];
        f->order[at] = s;
        f->n_order++;
    }
    return err->code;
}

static int count_numbers(struct finding *f, struct err *err)
{
    f->tests = f->values = 0;
    for (size_t k = 0; k < f->n_order; k++) {
        if (finding_seek(f, f->order[k], err))
            return err->code;
        for (size_t i = 0; i < f->value.elements; i++) {
            f->tests += finding_is_tested(f, i);
            f->values += finding_has(f, i);
            if (finding_has(f, i))
                f->most_items = fmax(f->most_items, finding_items(f, i));
        }
    }
    return 0;
}

/* Stored tests ----------------------------------------------------------------------------- */

static int read_tests(struct finding *f, struct result *r, struct err *err)
{
    const char *fdr, *min_effect;

    if (result_attr(r, f->value.group, "fdr", &fdr, err) ||
        result_attr(r, f->value.group, "min_effect", &min_effect, err) ||
        result_attr(r, f->value.group, "family", &f->family, err))
        return err->code;
    f->fdr = fdr ? strtod(fdr, NULL) : LEVEL;
    f->min_effect = min_effect ? strtod(min_effect, NULL) : 0;
    return 0;
}

/* Which family of its stratum a test belongs to, as a number below `elements`. */
static size_t family_of(const struct finding *f, size_t i)
{
    const struct average *a = &f->value;
    size_t at[DIMS_MAX], family = 0;

    average_place(a, i, at);
    for (size_t d = 0; d < a->n_dims; d++)
        if (!list_has(f->family, a->dim[d].name))
            family = family * a->dim[d].size + at[d];
    return family;
}

/* Sizes of the families of one stratum, or of all where they span the strata; adds how many have
   tests. */
static int count_families(struct finding *f, size_t first, size_t n, double *families,
                          struct err *err)
{
    memset(f->family_size, 0, f->value.elements * sizeof *f->family_size);
    for (size_t s = first; s < first + n; s++) {
        if (finding_seek(f, s, err))
            return err->code;
        for (size_t i = 0; i < f->value.elements; i++) {
            size_t *size = &f->family_size[family_of(f, i)];
            bool tested = !isnan(average_get(&f->value, STAT_P, i));

            *families += tested && !*size;
            *size += tested;
        }
    }
    return 0;
}

/* Does the least q stand a correction for the number of families, too? */
static int search_tests(struct finding *f, struct result *r, struct err *err)
{
    bool one = list_has(f->family, "stratum");
    double families = 0, least = INFINITY;

    f->family_size = arena_alloc(&r->arena, f->value.elements, sizeof *f->family_size, err);
    if (!f->family_size)
        return err->code;
    for (size_t k = 0; k < f->n_order; k++) {
        if (((!one || k == 0) && count_families(f, one ? 0 : f->order[k],
                                                one ? f->value.n_strata : 1, &families, err)) ||
            finding_seek(f, f->order[k], err))
            return err->code;
        for (size_t i = 0; i < f->value.elements; i++)
            if (finding_is_tested(f, i))
                least = fmin(least, average_get(&f->value, STAT_Q, i));
    }
    f->any = least * families <= f->fdr;
    return 0;
}

int finding_families(struct finding *f, size_t stratum, struct err *err)
{
    double families = 0;

    return err_if(
        err, (!list_has(f->family, "stratum") && count_families(f, stratum, 1, &families, err)) ||
                 finding_seek(f, stratum, err));
}

double finding_family(const struct finding *f, size_t i)
{
    return (double)f->family_size[family_of(f, i)];
}

/* Opening ---------------------------------------------------------------------------------- */

static int open_as(struct finding *f, struct result *r, const char *group, const char *name,
                   struct err *err)
{
    const struct headline *h = f->headline;

    return err_if(err,
                  average_open(&f->value, r, group, h->inside, name, err) || !f->value.elements ||
                      (h->null && average_open(&f->null, r, group, h->inside, h->null, err)) ||
                      find_dropped(f, r, err) || find_order(f, r, err) || count_numbers(f, err));
}

/* What stands in the place of h's average is not what h says it is. */
static int open_instead(struct finding *f, struct result *r, const char *group,
                        const struct headline *h, struct err *err)
{
    struct headline *own = arena_alloc(&r->arena, 1, sizeof *own, err);

    finding_close(f);
    *f = (struct finding){.headline = h};
    if (!own)
        return err->code;
    *own = *h;
    own->variable = h->instead;
    own->instead = own->of = NULL;
    own->claim = "differs from zero";
    if (finding_open(f, r, group, own, err))
        return err->code;
    own->title = f->value.elements ? f->value.long_name : h->title;
    return 0;
}

int finding_open(struct finding *f, struct result *r, const char *group, const struct headline *h,
                 struct err *err)
{
    *f = (struct finding){.headline = h, .test = h->tested};
    if (result_by_query(r, group, &f->by_query, err) || open_as(f, r, group, h->variable, err))
        return err->code;
    if (!(f->values > 0) && h->instead)
        return open_instead(f, r, group, h, err);
    if (f->test != TEST_STORED || !f->value.elements)
        return 0;
    return err_if(err, read_tests(f, r, err) || search_tests(f, r, err));
}

void finding_close(struct finding *f)
{
    average_close(&f->value);
    average_close(&f->null);
}

int finding_seek(struct finding *f, size_t stratum, struct err *err)
{
    if (average_seek(&f->value, stratum, err))
        return err->code;
    return f->null.elements ? average_seek(&f->null, stratum, err) : 0;
}

/* Judging ---------------------------------------------------------------------------------- */

double finding_effect(const struct finding *f, size_t i)
{
    double null = f->null.elements ? average_get(&f->null, STAT_MEAN, i) : 0;

    return average_get(&f->value, STAT_MEAN, i) - null;
}

double finding_strength(const struct finding *f, size_t i)
{
    double v = finding_effect(f, i);

    return f->null.elements ? v : fabs(v);
}

double finding_items(const struct finding *f, size_t i)
{
    return average_get(&f->value, average_has(&f->value, STAT_CLUSTERS) ? STAT_CLUSTERS : STAT_N,
                       i);
}

const char *finding_noun(const struct finding *f, double n)
{
    return f->by_query ? str_noun(n, "query", "queries") : str_noun(n, "item", "items");
}

/* Beyond its test, whose p is corrected for all that was looked at, its interval must exclude what
   it is compared with. */
static bool stands_out(const struct finding *f, size_t i)
{
    double lo = average_get(&f->value, STAT_LO, i), hi = average_get(&f->value, STAT_HI, i);
    bool apart = f->null.elements ? lo > average_get(&f->null, STAT_MEAN, i) : lo > 0 || hi < 0;

    return apart && average_get(&f->value, STAT_P, i) * f->tests < LEVEL;
}

bool finding_passes(const struct finding *f, size_t i)
{
    if (!finding_has(f, i))
        return false;
    switch (f->test) {
    case TEST_T:
    case TEST_BINOMIAL:
        return stands_out(f, i);
    case TEST_STORED:
        return f->any && average_get(&f->value, STAT_Q, i) <= f->fdr;
    case TEST_NONE:
        break;
    }
    return true;
}

int finding_count(struct finding *f, size_t *n, struct err *err)
{
    *n = 0;
    for (size_t k = 0; k < f->n_order; k++) {
        if (finding_seek(f, f->order[k], err))
            return err->code;
        for (size_t i = 0; i < f->value.elements; i++)
            *n += finding_passes(f, i);
    }
    return 0;
}
