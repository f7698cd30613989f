#include "campaign/output_strata.h"

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
