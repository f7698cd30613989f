#include "report/legend.h"

#include "base/str.h"
#include "base/wrap.h"
#include "report/words.h"

#include <math.h>

/* What is averaged, in which unit, and what the brackets are. */
static void put_numbers(const struct finding *f, const struct parts *parts, struct buf *b,
                        struct err *err)
{
    const struct headline *h = f->headline;
    const char *units = str_eq(f->value.units, "1") ? "" : f->value.units;
    const char *what = h->rate ? "share of queries" : h->unit ? h->unit : units;

    if (f->value.of_model) {
        buf_puts(b, "(of the weights alone", err);
        return;
    }
    buf_printf(b, err, "(%s", what);
    if (!h->rate || parts_several(parts)) {
        buf_puts(b, *what ? "; " : "", err);
        parts_text(parts, b, err);
    }
    buf_printf(b, err, " [95 %% interval over %s]", finding_noun(f, 0));
}

/* Names of configurations, by the first of the table. */
static void put_places(const struct finding *f, struct buf *b, struct err *err)
{
    const struct average *a = &f->value;
    const size_t layer = average_dim(a, "layer"), head = average_dim(a, "head");

    if (layer == a->n_dims)
        return;
    if (head == a->n_dims)
        buf_printf(b, err, "; layers count from %d", a->layers_from);
    else if (a->layers_from)
        buf_printf(b, err, "; layer.head: layers count from %d, heads from 0", a->layers_from);
    else
        buf_puts(b, "; layer.head: both count from 0", err);
}

/* How many numbers are corrected over together, and by which test. */
static void put_test(const struct finding *f, const struct legend *l, struct buf *b,
                     struct err *err)
{
    static const char *const tests[] = {[TEST_T] = "a test of the mean",
                                        [TEST_BINOMIAL] = "a binomial test",
                                        [TEST_STORED] = "its test"};
    const char *over = finding_noun(f, 0);

    if (f->test == TEST_NONE || !(f->tests > 0))
        return;
    if (f->test == TEST_STORED) {
        buf_printf(b, err, "; %sq <= %g by %s over %s, corrected over %s (Benjamini and Hochberg)",
                   l->counts ? "change: how many have " : "n.s.: not ", f->fdr, tests[f->test],
                   over, f->family);
        if (l->counts)
            buf_printf(b, err, "; by > %g: how many by more than that", f->min_effect);
    } else {
        buf_printf(b, err, "; %s %s over %s at 5 %%, corrected for all %.0f numbers (Bonferroni)",
                   l->counts            ? "how many: those that pass"
                   : l->not_significant ? "n.s.: does not pass"
                                        : "shown: the largest that passes",
                   tests[f->test], over, f->tests);
    }
}

static void put_beside(const struct legend *l, struct buf *b, struct err *err)
{
    for (size_t k = 0; k < l->n_beside; k++) {
        const struct average *a = &l->beside[k];

        if (a->elements)
            buf_printf(b, err, "; %s: %s%s%s", a->name, a->long_name,
                       *a->units && !str_eq(a->units, "1") ? ", " : "",
                       str_eq(a->units, "1") ? "" : a->units);
    }
}

/* Of the steps whose answers are marked. */
static void put_own(const struct right *right, struct buf *b, struct err *err)
{
    size_t n = 0, n_right = 0;

    for (size_t i = 0; i < right->n_steps; i++)
        if (right_own(right, right->step[i].step)) {
            n += right->step[i].n;
            n_right += right->step[i].n_right;
        }
    buf_printf(b, err,
               "; " OWN_MARK ": about the answer that the model gives at this step (in %zu of "
               "%zu queries): it is the argmax of these very logits, and biased by that as "
               "other answers are not",
               n_right, n);
}

int legend_text(const struct finding *f, const struct legend *l, struct buf *out, struct err *err)
{
    struct buf b = {0};

    put_numbers(f, l->parts, &b, err);
    put_places(f, &b, err);
    put_beside(l, &b, err);
    put_test(f, l, &b, err);
    if (l->own)
        put_own(l->right, &b, err);
    if (l->not_there)
        buf_puts(&b, "; n/a: no query has such a number", err);
    if (l->not_tested)
        buf_puts(&b, "; -: there is a number, and no test of it", err);
    buf_puts(&b, ")", err);
    return wrap_line(out, "  ", &b, err);
}

/* Could anything pass? --------------------------------------------------------------------- */

/* A configuration in which all items agree has p = 2^(1 - items), and alone passes if that is at
   most fdr / tests of its family: does any of the stratum reach it? */
int power_text(struct finding *f, size_t stratum, struct buf *out, struct err *err)
{
    double nearest = INFINITY, items = 0, tests = 0;

    if (finding_families(f, stratum, err))
        return err->code;
    for (size_t i = 0; i < f->value.elements; i++) {
        double n = finding_items(f, i), in_family, p = pow(2, 1 - n);

        if (isnan(average_get(&f->value, STAT_P, i)))
            continue;
        in_family = finding_family(f, i);
        if (!(p * in_family < nearest))
            continue;
        nearest = p * in_family;
        items = n;
        tests = in_family;
    }
    if (isinf(nearest) || nearest <= f->fdr || !(f->fdr > 0))
        return 0;
    return buf_printf(out, err,
                      "  step %d has too few %s for one configuration alone: all %.0f agreeing "
                      "give p = %.2g, %.0f tests need %.2g, so at least %.0f %s\n",
                      f->value.stratum[stratum].step, finding_noun(f, 0), items, pow(2, 1 - items),
                      tests, f->fdr / tests, ceil(1 + log2(tests / f->fdr)), finding_noun(f, 0));
}

/* One item only: nothing is tested, and the largest number is named for what it is. */
int untested_text(struct finding *f, struct buf *out, struct err *err)
{
    double most = -1, value = 0;
    char where[WHERE_MAX] = "";
    int step = 0;

    for (size_t k = 0; k < f->n_order; k++) {
        if (finding_seek(f, f->order[k], err))
            return err->code;
        for (size_t i = 0; i < f->value.elements; i++)
            if (finding_has(f, i) && finding_strength(f, i) > most) {
                most = finding_strength(f, i);
                value = average_get(&f->value, STAT_MEAN, i);
                step = f->value.stratum[f->order[k]].step;
                where_words(&f->value, i, NULL, NULL, where);
            }
    }
    return buf_printf(
        out, err, "  one %s, or one token for all: not tested; largest %s %+.3g at %s%sstep %d\n",
        finding_noun(f, 1), f->null.elements ? "rate" : "change", value, where, *where ? ", " : "",
        step);
}

/* Beside others --------------------------------------------------------------------------- */

/* "  (about nothing: 1 of 60 pass with random_weights; here 34 of 60)" */
int nulls_text(struct result *r, const char *group, struct finding *f, struct buf *out,
               struct err *err)
{
    struct buf line = {0};
    size_t n;

    for (size_t i = 0; i < r->n_beside && !err->code && f->test != TEST_NONE; i++) {
        struct finding other;

        if (!finding_open(&other, &r->beside[i], group, f->headline, err) && other.tests > 0 &&
            !finding_count(&other, &n, err))
            buf_printf(&line, err, "%s %zu of %.0f pass with %s",
                       line.len ? "," : "about nothing:", n, other.tests, r->beside[i].null);
        finding_close(&other);
    }
    if (line.len && !err->code && !finding_count(f, &n, err))
        buf_printf(&line, err, "; here %zu of %.0f)", n, f->tests);
    return wrap_line(out, "  (", &line, err);
}

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
    buf_printf(&line, err, "step %d minus step %d, paired by item (%.0f%s): ", steps->step,
               steps->minus, c.items, f->by_query ? str_noun(c.items, " pair", " pairs") : "");
    where_words(a, c.largest, NULL, NULL, where);
    if (c.found)
        buf_printf(&line, err, "%zu of %.0f %s, most%s%s by %+.3g [%+.3g, %+.3g])", c.found,
                   c.tested,
                   c.tested == 1 ? "number changes"
                                 : str_noun(c.found, "numbers changes", "numbers change"),
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

/* How steady ------------------------------------------------------------------------------ */

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
static void put_top(const struct steadiness *s, const struct finding *f, size_t ranking,
                    struct buf *out, struct err *err)
{
    size_t sizes = s->top.elements / s->first.elements;
    double share = average_get(&s->top, STAT_MEAN, ranking * sizes);

    if (!isnan(share))
        buf_printf(out, err, "; the top %s of two draws of %s share %.0f %%",
                   average_label(&s->top, s->top.n_dims - 1, 0), finding_noun(f, 0), 100 * share);
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
    put_top(s, f, ranking, out, err);
    if (!isnan(average_get(&s->correlation, STAT_MEAN, ranking)))
        buf_printf(out, err, ", rank correlation %.2f",
                   average_get(&s->correlation, STAT_MEAN, ranking));
    return buf_puts(out, "\n", err);
}
