#include "campaign/output_survey.h"
#include "experiments/kit/match.h"
#include "experiments/kit/survey.h"
#include "results/h5write.h"

static void name_strata(const struct output *o, const struct survey *s, const char **dataset,
                        int32_t *number)
{
    for (size_t k = 0; k < s->n_strata; k++) {
        const struct query *q = &o->c->data.query[s->first_of[k]];

        dataset[k] = q->dataset;
        number[k] = q->template;
        number[s->n_strata + k] = q->step;
    }
}

/* Are the means of one site, and so as wide as each other? Those of several are not written. */
static bool one_site(const struct survey *s)
{
    return s->slot[0].site == s->slot[s->n_slots - 1].site;
}

/* `group` = dataset, template and step, as in `stratum` but without averages of averages. */
int write_survey(struct output *o, const struct experiment *x, struct err *err)
{
    static const struct variable dataset = {"group_dataset", V_STR, "group", "dataset", NULL},
                                 template = {"group_template", V_I4, "group", "template", NULL},
                                 step = {"group_step", V_I4, "group", "step", NULL},
                                 mean = {"mean", V_F32, "group layer role width",
                                         "mean of the site's values over the role's tokens", "1"},
                                 n = {"n", V_I4, "group role", "tokens in the mean", NULL},
                                 std = {"site_std", V_F32, "group layer",
                                        "standard deviation over all of the dataset's values", "1"},
                                 queries = {"n", V_I4, "group", "queries", NULL};
    const struct survey *s = x->survey;
    const char **role = arena_alloc(&o->arena, s->n_roles, sizeof *role, err);
    const char **name = arena_alloc(&o->arena, s->n_strata, sizeof *name, err);
    int32_t *number = arena_alloc(&o->arena, 2 * s->n_strata, sizeof *number, err);
    int32_t *layer = arena_alloc(&o->arena, s->n_slots, sizeof *layer, err);
    const char *path = arena_printf(&o->arena, err, "%s/means", x->name);
    struct dim dims[] = {{"group", s->n_strata, V_I4, NULL, "dataset, template and step"},
                         {"layer", s->n_slots, V_I4, layer, NULL},
                         {"role", s->n_roles, V_STR, role, NULL},
                         {"width", s->slot[0].width, V_I4, NULL, NULL}};
    struct h5group *g;

    if (!one_site(s)) /* a dimension of layers would be of several sites */
        dims[1] = (struct dim){"slot", s->n_slots, V_I4, NULL, "site and layer"};
    if (!role || !name || !number || !layer || !path)
        return err->code;
    name_strata(o, s, name, number);
    for (size_t l = 0; l < s->n_slots; l++)
        layer[l] = s->slot[l].layer - site_layer(s->slot[l].site, 0);
    for (size_t r = 0; s->means && r < s->n_roles; r++)
        role[r] = match_role_name(&o->c->data, s->role[r], &o->arena, err);
    if (h5_group(o->file, path, dims, s->means ? 4 : 2, &g, err) ||
        put_coordinate(g, &dataset, s->n_strata, name, err) ||
        put_coordinate(g, &template, s->n_strata, number, err) ||
        put_coordinate(g, &step, s->n_strata, number + s->n_strata, err) ||
        put_variable(g, s->means ? &n : &queries, s->n_strata, s->n, err))
        return err->code;
    if (!one_site(s))
        return 0;
    return s->means ? put_variable(g, &mean, s->n_strata, s->mean, err)
                    : put_variable(g, &std, s->n_strata, s->std, err);
}
