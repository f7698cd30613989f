/* The averages of a group, as a row of the table wants them. */
#include "report/figures/figures.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

static int read_numbers(struct h5file *f, const char *group, const char *name, size_t n, double **v,
                        struct err *err)
{
    struct h5info info;

    if (h5_read_f64(f, group, name, v, &info, err))
        return err->code;
    if (info.rank != 1 || info.size[0] != n)
        return err_set(err, ERR_CONFIG, "%s has not one entry for each of %zu", name, n);
    return 0;
}

static int read_text(struct averages *g, struct h5file *f, const char *group, const char *name,
                     size_t n, char ***label, struct err *err)
{
    struct h5info info;
    char **s;

    if (h5_read_str(f, group, name, &s, &info, err))
        return err->code;
    if (info.rank != 1 || info.size[0] != n)
        err_set(err, ERR_CONFIG, "%s has not one entry for each of %zu", name, n);
    else if ((*label = arena_alloc(&g->arena, n, sizeof **label, err)))
        for (size_t i = 0; i < n && !err->code; i++)
            (*label)[i] = arena_strdup(&g->arena, s[i], err);
    mem_free(s);
    return err->code;
}

/* The coordinate of a dimension, whose variable bears its name; else 0, 1, 2, ... */
static int read_labels(struct averages *g, struct h5file *f, const char *group, struct dimension *d,
                       struct err *err)
{
    const struct h5info *own = catalogue_find(&g->all, group, d->name);
    double *v = NULL;

    if (own && own->type == V_STR)
        return read_text(g, f, group, d->name, d->size, &d->label, err);
    d->numbers = true;
    d->label = arena_alloc(&g->arena, d->size, sizeof *d->label, err);
    if (!d->label || (own && read_numbers(f, group, d->name, d->size, &v, err)))
        goto out;
    for (size_t i = 0; i < d->size && !err->code; i++)
        d->label[i] = arena_printf(&g->arena, err, "%.9g", v ? v[i] : (double)i);
out:
    mem_free(v);
    return err->code;
}

static int find_dimension(const struct averages *g, const char *name)
{
    for (size_t d = 0; name && d < g->n_dims; d++)
        if (str_eq(g->dim[d].name, name))
            return (int)d;
    return -1;
}

/* Dimensions are those of the first value; false = they are not the kind's. */
static bool take_dimensions(struct averages *g, const struct h5info *v)
{
    const struct chart_kind *k = g->kind;

    if (v->rank < 2 || !str_eq(v->dim[0], "stratum"))
        return false;
    g->n_dims = v->rank;
    for (size_t d = 0; d < v->rank; d++)
        g->dim[d] = (struct dimension){.name = v->dim[d], .size = v->size[d]};
    for (int p = 0; p < PLACES; p++)
        g->at[p] = find_dimension(g, k->place[p]);
    return g->at[ALONG] >= 0 && (!k->place[DOWN] || g->at[DOWN] >= 0) &&
           find_dimension(g, k->without) < 0;
}

/* Its dimensions must be some of those of the first. */
static int take_strides(const struct averages *g, struct average *a, const struct h5info *v,
                        struct err *err)
{
    size_t stride = 1;

    for (size_t i = v->rank; i-- > 0;) {
        int d = find_dimension(g, v->dim[i]);

        if (d < 0 || g->dim[d].size != v->size[i])
            return err_set(err, ERR_CONFIG, "the dimensions of %s are not among those of %s",
                           v->name, g->kind->value[0]);
        a->stride[d] = stride;
        stride *= v->size[i];
    }
    return 0;
}

/* NAME_lo stands beside NAME, and lo beside mean. */
static int read_average(struct averages *g, struct h5file *f, const char *group, const char *name,
                        bool *found, struct err *err)
{
    static const char *const suffix[STATISTICS] = {"", "_lo", "_hi", "_n"};
    struct average *a = &g->average[g->n_averages];
    const struct h5info *mean = catalogue_find(&g->all, group, name);

    *found = mean && (g->n_averages || take_dimensions(g, mean));
    if (!*found)
        return 0;
    g->n_averages++;
    a->name = name;
    if (take_strides(g, a, mean, err))
        return err->code;
    for (int i = 0; i < STATISTICS; i++) {
        const char *of = i == 0 ? name
                         : str_eq(name, "mean")
                             ? suffix[i] + 1
                             : arena_printf(&g->arena, err, "%s%s", name, suffix[i]);

        const struct h5info *v = of ? catalogue_find(&g->all, group, of) : NULL;
        struct h5info read;

        if (!of || (v && h5_read_f64(f, group, of, &a->v[i], &read, err)))
            return err->code;
        if (v &&
            (v->rank != mean->rank || memcmp(v->size, mean->size, v->rank * sizeof *v->size) != 0))
            return err_set(err, ERR_CONFIG, "%s has not the shape of %s", of, name);
    }
    return 0;
}

/* What the intervals are over, as the run's config has it, and how templates were averaged. */
static int read_ways(struct averages *g, struct h5file *f, const char *group, struct err *err)
{
    char *config = NULL, *average = NULL;
    const char *fdr;

    if ((catalogue_find(&g->all, "provenance", "audit") &&
         h5_read_attr(f, "provenance", "config", &config, err)) ||
        h5_read_attr(f, group, "average", &average, err))
        goto out;
    g->unit = config && strstr(config, "cluster: query") ? "queries" : "items";
    fdr = config ? strstr(config, "fdr: ") : NULL;
    g->fdr = fdr ? strtod(fdr + 5, NULL) : 0.05;
    g->authors = average && str_eq(average, "authors");
out:
    mem_free(config);
    mem_free(average);
    return err->code;
}

int averages_read(struct averages *g, const struct chart_kind *kind, struct h5file *f,
                  const char *group, bool *found, struct err *err)
{
    bool beside;

    *g = (struct averages){.kind = kind};
    group = arena_printf(&g->arena, err, "%s%s", group, kind->inside ? kind->inside : "");
    if (!group || catalogue_read(&g->all, f, &g->arena, err))
        return err->code;
    *found = true;
    for (int i = 0; i < VALUES_MAX && kind->value[i] && *found; i++, g->n_values++)
        if (read_average(g, f, group, kind->value[i], found, err))
            return err->code;
    if (!*found)
        return 0;
    for (int i = 0; i < VALUES_MAX && kind->beside[i]; i++)
        if (read_average(g, f, group, kind->beside[i], &beside, err))
            return err->code;
    g->n_beside = g->n_averages - g->n_values;
    if (kind->mark && read_average(g, f, group, kind->mark, &beside, err))
        return err->code;
    if (kind->along)
        g->dim[g->at[ALONG]].name = kind->along;
    for (size_t d = 1; d < g->n_dims; d++)
        if (read_labels(g, f, group, &g->dim[d], err))
            return err->code;
    return read_text(g, f, group, "stratum_dataset", g->dim[0].size, &g->dataset, err) ||
                   read_numbers(f, group, "stratum_template", g->dim[0].size, &g->template, err) ||
                   read_numbers(f, group, "stratum_step", g->dim[0].size, &g->step, err) ||
                   read_ways(g, f, group, err)
               ? err->code
               : 0;
}

void averages_release(struct averages *g)
{
    for (size_t i = 0; i < g->n_averages; i++)
        for (int s = 0; s < STATISTICS; s++)
            mem_free(g->average[i].v[s]);
    mem_free(g->template);
    mem_free(g->step);
    arena_release(&g->arena);
}
