#include "report/standout.h"

#include "base/str.h"
#include "report/findings.h"
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Which numbers ---------------------------------------------------------------------------- */

/* Is the label that of a target, whichever? */
static bool is_about(const char *label, char *const *target, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (names_target(label, target[i]))
            return true;
    return false;
}

/* One headline: what is looked for in it. */
struct search {
    struct finding f;
    const char *right; /* the step's right target; NULL = not known */
    char *const *target;
    size_t n_targets;
    size_t by;   /* dimension of a sentence each (rows of the headline that name targets); n_dims */
    bool others; /* a number about another target passes */
};

/* Is element i about what is right, or about no target at all? */
static bool is_wanted(const struct search *s, size_t i)
{
    const struct average *a = &s->f.value;

    for (size_t d = 0; d < a->n_dims && s->right; d++) {
        const char *label = average_label(a, d, i);

        if (str_eq(a->dim[d].name, "target") || str_eq(a->dim[d].name, "metric"))
            if (is_about(label, s->target, s->n_targets) && !names_target(label, s->right))
                return false;
    }
    return true;
}

/* The strongest that passes among those with entry `at` of the dimension `by`; how many pass. */
static size_t strongest(struct search *s, size_t at, size_t *n)
{
    const struct average *a = &s->f.value;
    size_t best = a->elements;

    *n = 0;
    for (size_t i = 0; i < a->elements; i++) {
        if (!average_is_at(a, i, s->by, at) || !finding_passes(&s->f, i))
            continue;
        if (!is_wanted(s, i)) {
            s->others = true;
            continue;
        }
        ++*n;
        if (best == a->elements || finding_strength(&s->f, best) < finding_strength(&s->f, i))
            best = i;
    }
    return best;
}

/* Sentences -------------------------------------------------------------------------------- */

static int decimals_of(double v)
{
    int n = 2;

    while (n < 6 && v != 0 && fabs(v) * pow(10, n) < 10)
        n++;
    return n;
}

/* "logit of answer_2, which is right" of logit.answer_2; "KL divergence" of kl. */
static void put_metric(struct buf *b, const struct search *s, const char *label, struct arena *a,
                       struct err *err)
{
    const char *dot = strchr(label, '.');
    const char *metric = arena_strndup(a, label, dot ? (size_t)(dot - label) : strlen(label), err);
    const char *words = metric ? words_of(a, metric, err) : NULL;
    char name[STR_NAME];

    if (words)
        buf_puts(b, words, err);
    if (dot)
        buf_printf(b, err, " of %s%s", str_name(name, dot + 1),
                   s->right && str_eq(dot + 1, s->right) ? ", which is right," : "");
}

/* What changed: not the interaction of two changes. */
static bool is_change(const struct headline *h)
{
    return !h->unit || str_ends_with(h->unit, "minus clean");
}

/* "step 2: without 23.4 the logit of answer_2 falls by 6.41 [5.16, 7.57] (17 items); 1 more is
   weaker": an effect of a change. */
static void put_effect(const struct search *s, size_t stratum, size_t i, size_t n,
                       struct arena *arena, struct buf *b, struct err *err)
{
    const struct average *a = &s->f.value;
    const double mean = average_get(a, STAT_MEAN, i), lo = average_get(a, STAT_LO, i),
                 hi = average_get(a, STAT_HI, i), items = finding_items(&s->f, i);
    const int d = decimals_of(mean), step = a->stratum[stratum].step;
    const bool head = average_dim(a, "head") < a->n_dims && average_dim(a, "layer") < a->n_dims;
    char where[WHERE_MAX];

    where_words(a, i, a->dim[s->by].name, NULL, where);
    if (step > 0)
        buf_printf(b, err, "step %d: ", step);
    if (*where)
        buf_printf(b, err, "%s%s: ", head ? "head " : "", where);
    put_metric(b, s, average_label(a, s->by, i), arena, err);
    if (is_change(s->f.headline))
        buf_printf(b, err, " %s by %.*f [%.*f, %.*f], ", mean < 0 ? "falls" : "rises", d,
                   fabs(mean), d, mean < 0 ? -hi : lo, d, mean < 0 ? -lo : hi);
    else
        buf_printf(b, err, " %+.*f [%+.*f, %+.*f] (%s), ", d, mean, d, lo, d, hi,
                   s->f.headline->unit);
    buf_printf(b, err, "%.0f %s", items, finding_noun(&s->f, items));
    if (n > 1)
        buf_printf(b, err, "; %zu more, weaker", n - 1);
}

/* "step 2, answer_2: layer 23 +2.09 [+1.37, +2.78], and 4 weaker". */
static void put_words(const struct search *s, size_t stratum, size_t i, size_t n, struct buf *b,
                      struct err *err)
{
    const struct average *a = &s->f.value;
    const double mean = average_get(a, STAT_MEAN, i);
    const bool rate = s->f.null.elements > 0;
    const char *sign = rate ? "" : "+", *by = s->by < a->n_dims ? a->dim[s->by].name : NULL;
    const int d = decimals_of(mean), step = a->stratum[stratum].step;
    char where[WHERE_MAX], format[48];

    snprintf(format, sizeof format, "%%%s.%df [%%%s.%df, %%%s.%df]", sign, d, sign, d, sign, d);
    where_words(a, i, by, NULL, where);
    if (step > 0)
        buf_printf(b, err, "step %d", step);
    if (by)
        buf_printf(b, err, "%s%s", step > 0 ? ", " : "", average_shown(a, s->by, i));
    if (*where)
        buf_printf(b, err, "%s%s", step > 0 || by ? ": " : "", where);
    buf_puts(b, " ", err);
    buf_printf(b, err, format, mean, average_get(a, STAT_LO, i), average_get(a, STAT_HI, i));
    if (rate && !isnan(average_get(&s->f.null, STAT_MEAN, i)))
        buf_printf(b, err, ", %s %.2f", s->f.headline->null_words,
                   average_get(&s->f.null, STAT_MEAN, i));
    if (n > 1)
        buf_printf(b, err, ", and %zu weaker", n - 1);
}

static int add(struct standouts *all, struct result *r, const char *group, const struct headline *h,
               struct buf *b, struct err *err)
{
    if (!buf_str(b, err) || arena_grow(&r->arena, &all->v, all->n, &all->max, sizeof *all->v, err))
        return err->code;
    all->v[all->n] = (struct standout){group, h->title, arena_strdup(&r->arena, b->data, err)};
    all->n += all->v[all->n].words != NULL;
    return err->code;
}

/* Of a sweep a sentence for each metric; else one for each step. */
static int search_step(struct search *s, size_t stratum, struct arena *arena, struct buf *b,
                       struct err *err)
{
    const struct average *a = &s->f.value;
    const size_t parts = s->by < a->n_dims ? a->dim[s->by].size : 1;

    if (finding_seek(&s->f, stratum, err))
        return err->code;
    for (size_t k = 0; k < parts; k++) {
        size_t n, i = strongest(s, k, &n);

        if (i == a->elements)
            continue;
        if (b->len)
            buf_puts(b, "\n", err);
        if (s->by < a->n_dims && s->f.test == TEST_STORED)
            put_effect(s, stratum, i, n, arena, b, err);
        else
            put_words(s, stratum, i, n, b, err);
    }
    return err->code;
}

static int search_headline(struct standouts *all, const struct right *right, struct result *r,
                           const char *group, const struct headline *h, char *const *target,
                           size_t n_targets, struct err *err)
{
    struct search s = {.target = target, .n_targets = n_targets};
    struct buf b = {0};
    int code = finding_open(&s.f, r, group, h, err);

    s.by = h->apart && s.f.value.elements ? average_dim(&s.f.value, h->apart) : s.f.value.n_dims;
    for (size_t k = 0; k < s.f.n_order && s.f.test != TEST_NONE && s.f.tests > 0 && !code; k++) {
        s.right = right_target(right, s.f.value.stratum[s.f.order[k]].step);
        code = search_step(&s, s.f.order[k], &r->arena, &b, err);
    }
    if (!code && b.len)
        code = add(all, r, group, s.f.headline, &b, err);
    else if (!code && s.f.test != TEST_NONE && s.f.tests > 0)
        all->silent++;
    all->others |= s.others;
    buf_release(&b);
    finding_close(&s.f);
    return err_if(err, code);
}

int standouts_read(struct standouts *all, struct result *r, const struct right *right,
                   const char *group, struct err *err)
{
    const size_t n = result_size(r, "queries", "target");
    const char **target;

    *all = (struct standouts){0};
    if (!n || result_text(r, "queries", "target", n, &target, err))
        return err->code;
    for (size_t g = 0; g < r->n_groups; g++)
        for (size_t i = 0; i < r->group[g].headlines.n; i++) {
            const struct headline *h = &r->group[g].headlines.v[i];

            if ((group && !str_eq(group, r->group[g].name)) || h->listed || h->shown_in == ONLY_TOP)
                continue;
            if (search_headline(all, right, r, r->group[g].name, h, (char *const *)target, n, err))
                return err->code;
        }
    return 0;
}

int standout_text(struct result *r, const struct right *right, const char *group, struct buf *out,
                  struct err *err)
{
    struct standouts all;

    if (standouts_read(&all, r, right, group, err) || (!all.n && !all.silent))
        return err->code;
    buf_puts(out,
             all.n        ? "\nwhat stands out (each number has passed its test):\n"
             : all.others ? "\nwhat stands out: nothing about the right target has passed a test; "
                            "numbers about others have\n"
                          : "\nwhat stands out: nothing has passed a test\n",
             err);
    for (size_t i = 0; i < all.n; i++) {
        buf_printf(out, err, "  %s: %s\n", all.v[i].group, all.v[i].title);
        for (const char *s = all.v[i].words; *s; s += strcspn(s, "\n"), s += *s == '\n')
            buf_printf(out, err, "    %.*s\n", (int)strcspn(s, "\n"), s);
    }
    return err->code;
}
