/* What a figure is drawn from, as its group declares it. */
#include "report/figures/chart.h"

#include "base/choice.h"
#include "base/str.h"
#include "base/utf8.h"
#include "report/words.h"

#include <stdlib.h>
#include <string.h>

/* Which statistics of an average are drawn or stand in the CSV. */
static bool is_shown(int s)
{
    return s == STAT_MEAN || s == STAT_LO || s == STAT_HI || s == STAT_N;
}

/* The declaration -------------------------------------------------------------------------- */

static int read_form(struct material *s, struct err *err)
{
    static const struct choice forms[] = {{"lines", LINES},   {"map", MAP},
                                          {"points", POINTS}, {"intervals", INTERVALS},
                                          {"graph", GRAPH},   {NULL, 0}};
    int form = s->figure.form ? choice_value(forms, s->figure.form) : NO_CHOICE;

    s->form = (enum form)form;
    if (form != NO_CHOICE)
        return 0;
    return err_set(err, ERR_IO,
                   "a figure has the form \"%s\", expected lines, map, points, "
                   "intervals or graph",
                   s->figure.form ? s->figure.form : "");
}

static void fill_texts(struct figure *f)
{
    const char **const texts[] = {&f->title, &f->value_label,  &f->along_label, &f->down_label,
                                  &f->note,  &f->column_words, &f->beside_words};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!*texts[i])
            *texts[i] = "";
}

static int find_dimension(const struct material *s, const char *name)
{
    for (size_t d = 0; name && d < s->n_dims; d++)
        if (str_eq(s->dim[d].name, name))
            return (int)d;
    return -1;
}

/* Where the first average's dimensions lie. */
static int take_places(struct material *s, bool *found, struct err *err)
{
    const struct figure *f = &s->figure;
    const struct average *a = &s->average[0].average;
    const char *const name[PLACES] = {[ROW] = f->row,
                                      [COLUMN] = f->column,
                                      [SERIES] = f->series,
                                      [DOWN] = f->down,
                                      [ALONG] = f->along};

    s->n_dims = a->n_dims;
    memcpy(s->dim, a->dim, a->n_dims * sizeof *s->dim);
    for (int p = 0; p < PLACES; p++) {
        s->at[p] = find_dimension(s, name[p]);
        for (int k = 0; k < p; k++)
            if (s->at[p] >= 0 && s->at[k] == s->at[p])
                return err_set(err, ERR_IO, "a figure has the dimension %s in two places", name[p]);
    }
    *found = s->at[ALONG] >= 0 &&
             (s->form == LINES || s->form == INTERVALS || s->form == GRAPH || s->at[DOWN] >= 0);
    return 0;
}

/* The averages ----------------------------------------------------------------------------- */

/* Its dimensions must be some of those of the first. */
static int take_strides(const struct material *s, struct plotted *p, struct err *err)
{
    const struct average *a = &p->average, *first = &s->average[0].average;
    size_t stride = 1;
    bool among = a->n_strata == first->n_strata;

    for (size_t i = a->n_dims; i-- > 0 && among;) {
        int d = find_dimension(s, a->dim[i].name);

        among = d >= 0 && s->dim[d].size == a->dim[i].size;
        if (!among)
            break;
        p->stride[d] = stride;
        stride *= a->dim[i].size;
    }
    return among ? 0
                 : err_set(err, ERR_IO, "the dimensions of %s are not among those of %s", a->name,
                           first->name);
}

static int open_average(struct material *s, struct result *r, const char *name, bool *found,
                        struct err *err)
{
    struct plotted *p = &s->average[s->n_averages];

    s->n_averages++; /* closed whatever happens */
    if (average_open(&p->average, r, s->group, s->figure.inside, name, err))
        return err->code;
    for (int k = 0; k < STATISTICS; k++) /* the others are not read from the file */
        if (!is_shown(k))
            column_close(&p->average.column[k]);
    *found = p->average.elements > 0;
    if (*found && s->n_averages == 1 && take_places(s, found, err))
        return err->code;
    return *found ? take_strides(s, p, err) : 0;
}

/* The averages of a list, of which there may be `most`. */
static int open_list(struct material *s, struct result *r, const char *list, size_t most, size_t *n,
                     bool *found, struct err *err)
{
    const char *name;

    for (*n = 0; *found && (name = list_word(list, *n, &r->arena, err)); ++*n) {
        if (*n == most)
            return err_set(err, ERR_IO, "a figure has more than %zu averages: %s", most, list);
        if (open_average(s, r, name, found, err))
            return err->code;
    }
    return err->code;
}

/* Keeps the first n. */
static void drop_averages(struct material *s, size_t n)
{
    while (s->n_averages > n)
        average_close(&s->average[--s->n_averages].average);
}

/* What is beside or marked may be missing. */
static int open_others(struct material *s, struct result *r, struct err *err)
{
    bool all = true;
    size_t n;

    if (open_list(s, r, s->figure.beside, VALUES_MAX, &s->n_beside, &all, err))
        return err->code;
    if (!all) {
        drop_averages(s, s->n_values);
        s->n_beside = 0;
        all = true;
    }
    if (open_list(s, r, s->figure.mark, 1, &n, &all, err))
        return err->code;
    if (!all)
        drop_averages(s, s->n_averages - 1);
    return 0;
}

/* The variable that says where the entries of ALONG stand. */
static int read_along(struct material *s, struct result *r, struct err *err)
{
    struct average_dim *d = &s->dim[s->at[ALONG]];

    if (!s->figure.along_values)
        return 0;
    d->name = s->figure.along_values;
    return result_text(r, s->average[0].average.group, d->name, d->size, &d->label, err);
}

/* Who stands at the ends of a graph's edges. */
static int read_ends(struct material *s, struct result *r, const struct figure *f, bool *found,
                     struct err *err)
{
    for (size_t i = 0; s->form == GRAPH && i < 2 && *found; i++) {
        if (result_ends(r, s->group, f, i, &s->ends[i], err))
            return err->code;
        *found = s->ends[i].name && s->ends[i].n == s->dim[s->at[ALONG]].size;
    }
    return 0;
}

/* Words ------------------------------------------------------------------------------------ */

/* Of a row that has figures apart, what comes behind the beginning: `answer_1` of logit.answer_1.
   */
static const char *behind_stem(const char *label)
{
    const char *dot = strchr(label, '.');

    return dot ? dot + 1 : "";
}

/* "ENTRY=WORDS": words of that entry. */
static int add_remark(const char **shown, const struct average_dim *dim, const char *remark,
                      struct arena *a, struct err *err)
{
    const size_t n = strcspn(remark, "=");

    for (size_t i = 0; i < dim->size && remark[n]; i++)
        if (strlen(dim->label[i]) == n && !strncmp(dim->label[i], remark, n) &&
            !(shown[i] = arena_printf(a, err, "%s (%s)", shown[i], remark + n + 1)))
            return err->code;
    return 0;
}

/* What is longer has its middle cut out, so that it fits beside a panel; the CSV has all of it. */
static const char *shorten(const char *s, struct arena *a, struct err *err)
{
    enum { CHARACTERS = 28, BYTES = 4 };
    const size_t n = strlen(s), length = utf8_length(s, n);
    char text[CHARACTERS * BYTES + 1];

    if (length <= CHARACTERS)
        return s;
    str_fit(text, CHARACTERS * n / length + 1, "%s", s);
    return arena_strdup(a, text, err);
}

static int read_words(struct material *s, struct result *r, int layers_from, struct err *err)
{
    for (size_t d = 0; d < s->n_dims; d++) {
        struct average_dim *dim = &s->dim[d];
        const char *remark = s->at[ROW] == (int)d ? s->figure.remark : NULL;
        bool layers = dim_is_layers(dim->name),
             apart = s->at[ROW] == (int)d && s->figure.apart && str_eq(s->figure.apart, dim->name);

        s->shown[d] = arena_alloc(&r->arena, dim->size, sizeof *s->shown[d], err);
        for (size_t i = 0; s->shown[d] && i < dim->size && !err->code; i++) {
            const char *name = apart ? behind_stem(dim->label[i]) : dim->label[i];

            if (str_eq(dim->name, "position") && str_eq(name, "all"))
                name = "all_tokens";
            name = label_raised(dim->name, name, layers_from, &r->arena, err);
            s->shown[d][i] = !name || layers ? name : words_of(&r->arena, name, err);
            if (s->shown[d][i])
                s->shown[d][i] = shorten(s->shown[d][i], &r->arena, err);
        }
        if (err->code || (remark && add_remark(s->shown[d], dim, remark, &r->arena, err)))
            return err->code;
    }
    return 0;
}

/* "layer (from 0)"; of points and intervals, what lies along the axis are values. */
static int read_axis(struct material *s, struct result *r, enum place p, const char *label,
                     int layers_from, struct err *err)
{
    const char *dim = s->at[p] < 0 ? "" : s->dim[s->at[p]].name;
    const bool layers = dim_is_layers(dim);
    const bool values = p == ALONG && (s->form == POINTS || s->form == INTERVALS);

    s->axis[p] =
        *label && !values && (layers || str_ends_with(dim, "head"))
            ? arena_printf(&r->arena, err, "%s (from\u00a0%d)", label, layers ? layers_from : 0)
            : label;
    return s->axis[p] ? 0 : err->code;
}

/* What the intervals are over, which q is significant, and how templates were averaged. */
static int read_ways(struct material *s, struct result *r, struct err *err)
{
    const char *fdr, *average;
    bool by_query;

    if (result_by_query(r, s->group, &by_query, err) ||
        result_attr(r, s->group, "statistics.fdr", &fdr, err) ||
        result_attr(r, s->group, "statistics.average", &average, err))
        return err->code;
    s->unit = by_query ? "queries" : "items";
    s->fdr = fdr ? strtod(fdr, NULL) : 0.05;
    s->authors = average && str_eq(average, "authors");
    return 0;
}

static int open_averages(struct material *s, struct result *r, bool *found, struct err *err)
{
    const size_t wanted = s->form == POINTS ? 2 : 1;
    const char *values = s->figure.values;

    *found = true;
    if (open_list(s, r, values, VALUES_MAX, &s->n_values, found, err) || !*found)
        return err->code;
    if (s->n_values != wanted)
        return err_set(err, ERR_IO, "a figure of the form %s needs %zu averages, not %zu",
                       s->figure.form, wanted, s->n_values);
    return open_others(s, r, err);
}

int material_open(struct material *s, struct result *r, const struct result_group *group,
                  const struct figure *f, int layers_from, bool *found, struct err *err)
{
    *s = (struct material){.group = group->name, .figure = *f};
    fill_texts(&s->figure);
    if (read_form(s, err) || open_averages(s, r, found, err) || read_ends(s, r, f, found, err) ||
        !*found)
        return err->code;
    return err_if(err, read_along(s, r, err) || read_words(s, r, layers_from, err) ||
                           read_axis(s, r, ALONG,
                                     s->form == INTERVALS ? s->figure.value_label
                                     : s->form == GRAPH   ? ""
                                                          : s->figure.along_label,
                                     layers_from, err) ||
                           read_axis(s, r, DOWN, s->figure.down_label, layers_from, err) ||
                           read_ways(s, r, err));
}

void material_close(struct material *s)
{
    drop_averages(s, 0);
    arena_release(&s->arena);
}

/* Numbers ---------------------------------------------------------------------------------- */

bool same_page(const struct stratum_info *a, const struct stratum_info *b)
{
    return a->template == b->template && str_eq(a->dataset, b->dataset);
}

static int prepare(struct material *s, size_t steps, struct err *err)
{
    for (size_t i = 0; i < s->n_averages; i++) {
        struct plotted *p = &s->average[i];

        for (int k = 0; k < STATISTICS; k++) {
            p->v[k] = NULL;
            if (average_has(&p->average, (enum statistic)k) &&
                !(p->v[k] =
                      arena_alloc(&s->arena, steps * p->average.elements, sizeof **p->v, err)))
                return err->code;
        }
    }
    return 0;
}

/* One stratum's numbers, to where `slot` says. */
static int load_stratum(struct material *s, size_t stratum, struct err *err)
{
    for (size_t i = 0; i < s->n_averages; i++) {
        struct plotted *p = &s->average[i];
        const size_t n = p->average.elements;

        if (average_seek(&p->average, stratum, err))
            return err->code;
        for (int k = 0; k < STATISTICS; k++)
            for (size_t e = 0; p->v[k] && e < n; e++)
                p->v[k][s->slot[stratum] * n + e] = average_get(&p->average, (enum statistic)k, e);
    }
    return 0;
}

int material_load(struct material *s, size_t like, struct err *err)
{
    const struct stratum_info *strata = material_strata(s);
    size_t n = material_n_strata(s), steps = 0;

    arena_release(&s->arena);
    s->slot = arena_alloc(&s->arena, n, sizeof *s->slot, err);
    if (!s->slot)
        return err->code;
    for (size_t i = 0; i < n; i++)
        s->slot[i] = same_page(&strata[i], &strata[like]) ? steps++ : 0;
    if (prepare(s, steps, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (same_page(&strata[i], &strata[like]) && load_stratum(s, i, err))
            return err->code;
    return 0;
}
