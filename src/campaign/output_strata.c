#include "campaign/output_strata.h"

#include "base/str.h"

#include <string.h>

int write_strata(struct output *o, struct h5group *g, struct err *err)
{
    static const struct variable dataset = {
        "stratum_dataset", V_STR, "stratum",
        "dataset of the average; empty = over all; unnamed = the data names none", NULL};
    static const struct variable template = {"stratum_template", V_I4, "stratum",
                                             "template of the average; -1 = over all", NULL};
    static const struct variable step = {"stratum_step", V_I4, "stratum", "step of the average",
                                         NULL};
    const struct strata *s = &o->strata;
    const char **name = arena_alloc(&o->arena, s->n, sizeof *name, err);
    int32_t *number = arena_alloc(&o->arena, 2 * s->n, sizeof *number, err);

    if (!name || !number)
        return err->code;
    for (size_t i = 0; i < s->n; i++) {
        name[i] = s->v[i].over == OVER_DATASETS || *s->v[i].dataset ? s->v[i].dataset : "unnamed";
        number[i] = s->v[i].template;
        number[s->n + i] = s->v[i].step;
    }
    return err_if(err, put_coordinate(g, &dataset, s->n, name, err) ||
                           put_coordinate(g, &template, s->n, number, err) ||
                           put_coordinate(g, &step, s->n, number + s->n, err));
}

static int target_of(const struct experiment *x, const struct aggregate *a, const struct axis *last,
                     size_t i)
{
    const char *name = last && last->dim.type == V_STR && last->dim.coord
                           ? ((const char *const *)last->dim.coord)[i]
                           : "";
    const char *dot = strchr(name, '.');

    for (size_t t = 0; t < x->data->n_targets; t++)
        if ((dot && str_eq(dot + 1, x->data->target_name[t])) ||
            (last && str_eq(last->dim.name, "target") && i == t))
            return (int)t;
    return a->about_right || (a->tested && a->tested[i]) || (a->signs && a->signs[i])
               ? (int)x->data->n_targets
               : -1;
}

const int *strata_targets(struct output *o, const struct experiment *x, const struct aggregate *a,
                          size_t *n, struct err *err)
{
    const struct axis *last = a->field.n_axes ? &x->axis[a->field.axis[a->field.n_axes - 1]] : NULL;
    size_t size = last ? last->dim.size : 1;
    int *about = arena_alloc(&o->group, size, sizeof *about, err);
    bool any = false;

    *n = 0;
    if (!about || !o->c->config.statistics.by_token)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        about[i] = target_of(x, a, last, i);
        any |= about[i] >= 0;
    }
    *n = any ? size : 0;
    return any ? about : NULL;
}

int targets_in_words(struct output *o, const struct experiment *x, const struct aggregate *a,
                     const char **words, struct err *err)
{
    static const int items_alone = -1;
    struct buf b = {0};
    const char *text;
    size_t n;
    const int *about = strata_targets(o, x, a, &n, err);
    bool alike = true;

    if (!about) {
        about = &items_alone;
        n = 1;
    }
    for (size_t i = 1; i < n; i++)
        alike = alike && about[i] == about[0];
    for (size_t i = 0; i < (alike ? 1 : n); i++) /* by layer they would be many */
        buf_printf(&b, err, "%s%d", i ? " " : "", about[i]);
    text = buf_str(&b, err);
    *words = text ? arena_strndup(&o->group, text, b.len, err) : NULL;
    buf_release(&b);
    return err->code;
}

bool has_sign(const struct experiment *x, const struct aggregate *a, size_t element)
{
    return a->tested[element % x->axis[a->field.axis[a->field.n_axes - 1]].dim.size];
}
