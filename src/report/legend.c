#include "report/legend.h"

#include "base/str.h"
#include "base/wrap.h"

/* What is averaged, in which unit, and what the brackets are. */
static void put_numbers(const struct finding *f, struct buf *b, struct err *err)
{
    const struct headline *h = f->headline;
    const char *units = f->value.units;

    if (f->value.of_model)
        buf_puts(b, "(of the weights alone", err);
    else if (h->rate)
        buf_puts(b, "(share of queries [95 % interval over items]", err);
    else if (!h->unit && *units && !str_eq(units, "1"))
        buf_printf(b, err, "(%s; means over queries [95 %% interval over items]", units);
    else
        buf_printf(b, err, "(%s%smeans over queries [95 %% interval over items]",
                   h->unit ? h->unit : "", h->unit ? "; " : "");
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
    static const char *const tests[] = {[TEST_T] = "a test of the mean over items",
                                        [TEST_BINOMIAL] = "a binomial test over items",
                                        [TEST_STORED] = "its test over items"};

    if (f->test == TEST_NONE || !(f->tests > 0))
        return;
    if (f->test == TEST_STORED) {
        buf_printf(b, err, "; %sq <= %g by %s, corrected over %s (Benjamini and Hochberg)",
                   l->counts ? "change: how many have " : "n.s.: not ", f->fdr, tests[f->test],
                   f->family);
        if (l->counts)
            buf_printf(b, err, "; by > %g: how many by more than that", f->min_effect);
    } else {
        buf_printf(b, err, "; %s %s at 5 %%, corrected for all %.0f numbers (Bonferroni)",
                   l->counts            ? "how many: those that pass"
                   : l->not_significant ? "n.s.: does not pass"
                                        : "shown: what passes",
                   tests[f->test], f->tests);
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

    put_numbers(f, &b, err);
    put_places(f, &b, err);
    put_beside(l, &b, err);
    put_test(f, l, &b, err);
    if (l->own)
        put_own(l->right, &b, err);
    if (l->not_there)
        buf_puts(&b, "; n/a: no query has such a number", err);
    buf_puts(&b, ")", err);
    return wrap_line(out, "  ", &b, err);
}
