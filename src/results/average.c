#include "results/average.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Strata ----------------------------------------------------------------------------------- */

static bool is_asked(const struct stratum_info *s, const char *dataset, int64_t step)
{
    return (step < 0 || s->step == step) && (!dataset || str_eq(s->dataset, dataset));
}

/* Is `part` one of those that `whole` is the mean of? */
static bool covers(const struct stratum_info *whole, const struct stratum_info *part)
{
    bool same = str_eq(whole->dataset, part->dataset);

    return whole != part && whole->template == -1 && whole->step == part->step &&
           (same ? part->template != -1 : !*whole->dataset);
}

void strata_choose(const struct stratum_info *s, size_t n, const char *dataset, int64_t step,
                   bool *chosen)
{
    for (size_t i = 0; i < n; i++) {
        chosen[i] = is_asked(&s[i], dataset, step);
        for (size_t k = 0; k < n; k++)
            if (is_asked(&s[k], dataset, step) && covers(&s[k], &s[i]))
                chosen[i] = false;
    }
}

int stratum_words(const struct stratum_info *s, struct buf *b, struct err *err)
{
    char name[STR_NAME];

    if (*s->dataset)
        buf_printf(b, err, "; %s", str_name(name, s->dataset));
    else if (s->template == -1)
        buf_puts(b, "; mean over datasets", err);
    if (s->template == -1 && *s->dataset)
        buf_puts(b, ", mean over templates", err);
    else if (s->template > 0)
        buf_printf(b, err, ", template %d", s->template);
    return err->code;
}

static int read_strata(struct average *a, struct result *r, struct err *err)
{
    const char **dataset;
    double *template, *step;
    bool *widest = arena_alloc(&r->arena, a->n_strata, sizeof *widest, err);

    a->stratum = arena_alloc(&r->arena, a->n_strata, sizeof *a->stratum, err);
    if (a->stratum && a->of_model)
        *a->stratum = (struct stratum_info){.dataset = "", .step = -1, .minus = -1, .widest = true};
    if (!a->stratum || a->of_model || !widest ||
        result_text(r, a->group, "stratum_dataset", a->n_strata, &dataset, err) ||
        result_numbers(r, a->group, "stratum_template", a->n_strata, &template, err) ||
        result_numbers(r, a->group, "stratum_step", a->n_strata, &step, err))
        return err->code;
    for (size_t i = 0; i < a->n_strata; i++)
        a->stratum[i] =
            (struct stratum_info){dataset[i], (int)template[i], (int)step[i], -1, .widest = false};
    strata_choose(a->stratum, a->n_strata, NULL, -1, widest);
    for (size_t i = 0; i < a->n_strata; i++)
        a->stratum[i].widest = widest[i];
    return 0;
}

/* Each is the only one of its step. */
static int read_contrasts(struct average *a, struct result *r, struct err *err)
{
    double *step, *minus;

    a->stratum = arena_alloc(&r->arena, a->n_strata, sizeof *a->stratum, err);
    if (!a->stratum || result_numbers(r, a->group, "contrast_step", a->n_strata, &step, err) ||
        result_numbers(r, a->group, "contrast_minus", a->n_strata, &minus, err))
        return err->code;
    for (size_t i = 0; i < a->n_strata; i++)
        a->stratum[i] = (struct stratum_info){"", -1, (int)step[i], (int)minus[i], .widest = true};
    return 0;
}

/* Dimensions ------------------------------------------------------------------------------- */

bool dim_is_layers(const char *name)
{
    return str_ends_with(name, "layer");
}

static bool dim_is_pairs(const char *name)
{
    return str_eq(name, "first") || str_eq(name, "second");
}

const char *label_raised(const char *dim, const char *label, int from, struct arena *a,
                         struct err *err)
{
    const bool layers = dim_is_layers(dim), pairs = dim_is_pairs(dim);
    struct buf b = {0};
    const char *s = NULL;

    if (!from || !(layers || pairs))
        return label;
    for (bool heads = false; *label; heads |= pairs) {
        char *end;

        if (*label >= '0' && *label <= '9') {
            buf_printf(&b, err, "%lld", strtoll(label, &end, 10) + (heads ? 0 : from));
            label = end;
        } else
            buf_printf(&b, err, "%c", *label++);
    }
    if (!err->code && buf_str(&b, err))
        s = arena_strdup(a, b.data, err);
    buf_release(&b);
    return s;
}

/* Layers as the reader counts them. */
static int raise_labels(struct average_dim *d, struct result *r, struct err *err)
{
    for (size_t i = 0; i < d->size && !err->code; i++)
        d->label[i] = label_raised(d->name, d->label[i], r->layers_from, &r->arena, err);
    return err->code;
}

static int show_labels(struct average_dim *d, struct arena *a, struct err *err)
{
    char name[STR_NAME];

    d->shown = arena_alloc(a, d->size, sizeof *d->shown, err);
    for (size_t i = 0; d->shown && i < d->size && !err->code; i++) {
        const char *s = str_name(name, d->label[i]);

        d->shown[i] = s == name ? arena_strdup(a, s, err) : s;
    }
    return err->code;
}

/* In words (layer_label), there or in the group around it, else the coordinate, else 0, 1, 2 ... */
static int read_labels(struct average_dim *d, struct result *r, const char *outer,
                       const struct h5info *v, size_t i, struct err *err)
{
    const struct h5info *scale = catalogue_scale(&r->all, v, i);
    const char *label = arena_printf(&r->arena, err, "%s_label", v->dim[i]);
    const struct h5info *words = label ? catalogue_find(&r->all, outer, label) : NULL;

    d->numbers = !scale || scale->type != V_STR;
    if (words && words->rank == 1 && words->size[0] == d->size)
        scale = words;
    if (scale)
        return result_text(r, scale->group, scale->name, d->size, &d->label, err);
    d->label = arena_alloc(&r->arena, d->size, sizeof *d->label, err);
    for (size_t k = 0; d->label && k < d->size && !err->code; k++)
        d->label[k] = arena_printf(&r->arena, err, "%zu", k);
    return err->code;
}

/* Opening ---------------------------------------------------------------------------------- */

/* What stands beside an average: NAME_lo beside NAME, lo beside mean. */
static const char *name_of(const char *name, enum statistic s, struct arena *a, struct err *err)
{
    static const char *const ends[STATISTICS] = {"",           "se", "lo", "hi",   "n",
                                                 "n_clusters", "p",  "q",  "q_min"};

    if (s == STAT_MEAN)
        return name;
    return str_eq(name, "mean") ? ends[s] : arena_printf(a, err, "%s_%s", name, ends[s]);
}

static int open_columns(struct average *a, struct result *r, const struct h5info *mean,
                        struct err *err)
{
    for (int s = 0; s < STATISTICS; s++) {
        const char *name = name_of(a->name, (enum statistic)s, &r->arena, err);
        const struct h5info *v = name ? catalogue_find(&r->all, a->group, name) : NULL;

        if (!name ||
            (v && v->type != V_STR && column_same_dims(v, mean) &&
             (a->of_model ? column_open_whole : column_open)(&a->column[s], r->file, v, err)))
            return err->code;
        if (v && !a->column[s].file)
            return err_set(err, ERR_IO, "%s/%s does not have the shape of %s", a->group, name,
                           a->name);
    }
    return 0;
}

static int read_names(struct average *a, struct result *r, struct err *err)
{
    const char *path = arena_printf(&r->arena, err, "%s/%s", a->group, a->name);

    if (!path || result_attr(r, path, "long_name", &a->long_name, err) ||
        result_attr(r, path, "units", &a->units, err))
        return err->code;
    a->long_name = a->long_name ? a->long_name : a->name;
    if (r->null)
        a->long_name =
            arena_printf(&r->arena, err, "about nothing (%s): %s", r->null, a->long_name);
    if (!a->long_name)
        return err->code;
    a->units = a->units ? a->units : "";
    return 0;
}

int average_open(struct average *a, struct result *r, const char *group, const char *inside,
                 const char *name, struct err *err)
{
    const struct h5info *mean;
    bool contrast;

    *a = (struct average){.name = name, .layers_from = r->layers_from};
    a->group = inside ? arena_printf(&r->arena, err, "%s/%s", group, inside) : group;
    mean = a->group ? catalogue_find(&r->all, a->group, name) : NULL;
    if (!mean)
        return err->code;
    if (mean->type == V_STR || !mean->rank || str_eq(mean->dim[0], "query"))
        return err_set(err, ERR_IO, "%s/%s is not an average over queries", a->group, name);
    contrast = str_eq(mean->dim[0], "contrast");
    a->of_model = !contrast && !str_eq(mean->dim[0], "stratum");
    a->n_strata = a->of_model ? 1 : mean->size[0];
    a->n_dims = mean->rank - !a->of_model;
    if (read_names(a, r, err) || open_columns(a, r, mean, err) ||
        (contrast ? read_contrasts(a, r, err) : read_strata(a, r, err)))
        return err->code;
    for (size_t i = 0; i < a->n_dims; i++) {
        size_t at = i + !a->of_model;

        a->dim[i] = (struct average_dim){.name = mean->dim[at], .size = mean->size[at]};
        if (read_labels(&a->dim[i], r, group, mean, at, err) || raise_labels(&a->dim[i], r, err) ||
            show_labels(&a->dim[i], &r->arena, err))
            return err->code;
    }
    a->elements = a->column[STAT_MEAN].entry;
    return 0;
}

void average_close(struct average *a)
{
    for (int s = 0; s < STATISTICS; s++)
        column_close(&a->column[s]);
    *a = (struct average){0};
}

/* Values ----------------------------------------------------------------------------------- */

bool average_has(const struct average *a, enum statistic s)
{
    return a->column[s].file != NULL;
}

int average_seek(struct average *a, size_t stratum, struct err *err)
{
    for (int s = 0; s < STATISTICS; s++)
        if (average_has(a, (enum statistic)s) && column_seek(&a->column[s], stratum, err))
            return err->code;
    return 0;
}

double average_get(const struct average *a, enum statistic s, size_t element)
{
    const struct column *c = &a->column[s];

    if (!c->file) /* what is the model's own is there once */
        return s == STAT_N && a->of_model ? 1 : (double)NAN;
    return c->whole ? (double)c->whole[element] : c->f[element];
}

size_t average_dim(const struct average *a, const char *name)
{
    size_t i = 0;

    while (i < a->n_dims && !str_eq(a->dim[i].name, name))
        i++;
    return i;
}

size_t average_entry(const struct average_dim *d, const char *before, const char *label)
{
    size_t n = strlen(before), i = 0;

    while (i < d->size && (strncmp(d->label[i], before, n) || !str_eq(d->label[i] + n, label)))
        i++;
    return i;
}

void average_place(const struct average *a, size_t element, size_t at[DIMS_MAX])
{
    for (size_t i = a->n_dims; i-- > 0; element /= a->dim[i].size)
        at[i] = element % a->dim[i].size;
}

size_t average_element(const struct average *a, const size_t at[DIMS_MAX])
{
    size_t element = 0;

    for (size_t i = 0; i < a->n_dims; i++)
        element = element * a->dim[i].size + at[i];
    return element;
}

static size_t entry_of(const struct average *a, size_t dim, size_t element)
{
    size_t at[DIMS_MAX];

    average_place(a, element, at);
    return at[dim];
}

const char *average_label(const struct average *a, size_t dim, size_t element)
{
    return a->dim[dim].label[entry_of(a, dim, element)];
}

const char *average_shown(const struct average *a, size_t dim, size_t element)
{
    return a->dim[dim].shown[entry_of(a, dim, element)];
}

bool average_is_at(const struct average *a, size_t element, size_t d, size_t entry)
{
    return d == a->n_dims || entry_of(a, d, element) == entry;
}

bool average_labelled(const struct average *a, size_t element, const char *list)
{
    for (size_t d = 0; d < a->n_dims; d++)
        if (list_has(list, average_label(a, d, element)))
            return true;
    return false;
}

size_t average_match(const struct average *a, const struct average *of, size_t element)
{
    size_t at[DIMS_MAX] = {0}, from[DIMS_MAX];

    average_place(of, element, from);
    for (size_t i = 0; i < a->n_dims; i++) {
        size_t d = average_dim(of, a->dim[i].name);

        if (d == of->n_dims || of->dim[d].size != a->dim[i].size)
            return a->elements;
        at[i] = from[d];
    }
    return average_element(a, at);
}
