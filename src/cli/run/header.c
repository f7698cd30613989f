/* What a run is going to do, before it does it: model, data, experiments and how much they ask. */
#include "cli/plan/forecast.h"
#include "cli/run/session.h"

#include "base/clock.h"
#include "base/isa.h"
#include "base/str.h"
#include "version.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_model(const struct campaign *c)
{
    const struct shape *s = &c->model->shape;

    fprintf(stderr, "  model   %s: %s, %d %s of %d %s, width %d\n", c->config.model.path,
            c->model->arch, s->n_layers, str_noun(s->n_layers, "layer", "layers"), s->n_heads,
            str_noun(s->n_heads, "head", "heads"), s->d_model);
    if (c->null != NULL_NONE)
        fprintf(stderr, "  null    %s: all that follows is about nothing\n",
                choice_word(null_choices, c->null));
}

static bool is_new_item(const struct dataset *ds, size_t q)
{
    const struct query *a = &ds->query[q];

    for (size_t k = 0; k < q; k++)
        if (str_eq(ds->query[k].item, a->item) && str_eq(ds->query[k].dataset, a->dataset))
            return false;
    return true;
}

static void print_data(const struct campaign *c)
{
    enum { COUNTED = 4096 }; /* beyond that counting pairs would be felt */
    const struct dataset *ds = &c->data;
    size_t items = 0, bad = dataset_bad(ds);

    for (size_t q = 0; q < ds->n && ds->n <= COUNTED; q++)
        items += is_new_item(ds, q);
    fprintf(stderr, "  data    %s%s: %zu %s", campaign_source(c),
            c->config.data.path.n > 1 ? ", ..." : "", ds->n, str_noun(ds->n, "query", "queries"));
    if (items)
        fprintf(stderr, " of %zu %s", items, str_noun(items, "item", "items"));
    fprintf(stderr, ", longest prompt %d %s", ds->max_tokens,
            str_noun(ds->max_tokens, "token", "tokens"));
    if (bad)
        fprintf(stderr, "; %zu cannot be used", bad);
    fprintf(stderr, "\n");
}

/* " x 270 configurations x 4 samples" */
static void print_cells(const struct experiment *x, double cells)
{
    int axis = axis_named(x, "sample", strlen("sample"));
    size_t samples = axis >= 0 && x->axis[axis].cell ? x->axis[axis].dim.size : 1;
    double each = cells / (double)samples;

    fprintf(stderr, " x %s%.0f %s", each > floor(each) ? "about " : "", each,
            str_noun(round(each), "configuration", "configurations"));
    if (samples > 1)
        fprintf(stderr, " x %zu samples", samples);
}

/* "51 prompts x 270 configurations" */
static void print_experiment(const struct experiment *x, const struct plan_row *row, size_t width)
{
    const char *what = x->n_figures ? x->figure[0].title : x->kind->summary;

    fprintf(stderr, "  does    %-*s  ", (int)width, x->name);
    if (x->of_model) {
        fprintf(stderr, "%llu heads' weights: %s\n", (unsigned long long)row->cells, what);
        return;
    }
    fprintf(stderr, "%llu %s", (unsigned long long)row->queries,
            str_noun(row->queries, "prompt", "prompts"));
    if (row->queries && row->cells > row->queries)
        print_cells(x, (double)row->cells / (double)row->queries);
    fprintf(stderr, ": %s\n", what);
}

static int print_experiments(const struct campaign *c, struct err *err)
{
    struct arena a = {0};
    struct plan_row *row = arena_alloc(&a, c->n + 1, sizeof *row, err);
    size_t width = 0;

    if (row)
        plan_rows(c, row);
    for (size_t i = 1; row && i < c->n; i++)
        width = strlen(c->x[i].name) > width ? strlen(c->x[i].name) : width;
    for (size_t i = 1; row && i < c->n; i++)
        print_experiment(&c->x[i], &row[i], width);
    arena_release(&a);
    return err->code;
}

static void print_units(const struct session *r)
{
    const struct campaign *c = &r->campaign;

    fprintf(stderr, "  units   %zu", c->n_units);
    if (r->options.shard.n > 1)
        fprintf(stderr, ", %zu to do in shard %lld of %lld", r->n_todo,
                (long long)r->options.shard.i, (long long)r->options.shard.n);
    else if (r->n_todo < c->n_units)
        fprintf(stderr, ", %zu of them from earlier starts", c->n_units - r->n_todo);
    if (r->found.torn_bytes)
        fprintf(stderr, " (%zu torn %s of the journal cut off)", r->found.torn_bytes,
                str_noun(r->found.torn_bytes, "byte", "bytes"));
    fprintf(stderr, "\n");
}

int header_print(const struct session *r, struct err *err)
{
    const struct campaign *c = &r->campaign;
    char now[CLOCK_TEXT];

    fprintf(stderr, "lensweep %s (%s), %s, %s\n", LENSWEEP_VERSION, LENSWEEP_COMMIT,
            isa_name(isa_get()), clock_iso8601(now));
    fprintf(stderr, "  command %s\n  config  %s\n", r->command.data, c->config.path);
    print_model(c);
    if (r->broadcast)
        fprintf(stderr, "  load    broadcast: rank 0 has read the weights for all nodes\n");
    print_data(c);
    if (print_experiments(c, err))
        return err->code;
    fprintf(stderr, "  output  %s\n", c->config.output);
    print_units(r);
    fprintf(stderr, "  ranks   %d on %d %s\n", r->cluster.size, r->cluster.nodes,
            str_noun(r->cluster.nodes, "node", "nodes"));
    warn_inputs(c);
    return 0;
}
