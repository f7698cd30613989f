/*
 * Pairs of heads (docs/methods.md 6.7): the strongest heads of a finished sweep are ablated each
 * alone and each two together. Their interaction is what both together change beyond the sum of
 * what each changes alone: heads that stand in for each other have one, heads that act apart have
 * none.
 */
#include "base/str.h"
#include "experiments/ablation.h"
#include "experiments/kit/ranking.h"

#include <math.h>

static struct selection one(int number, struct arena *a, struct err *err)
{
    struct span *range = arena_alloc(a, 1, sizeof *range, err);

    if (range)
        *range = (struct span){number, number + 1};
    return (struct selection){range, 1};
}

static int list_heads(struct ablation *b, const struct ranking *r, size_t n, struct arena *a,
                      struct err *err)
{
    if (selections_alloc(&b->layers, n, a, err) || selections_alloc(&b->parts, n, a, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        const struct node *node = &r->v[i];

        b->parts.label[i] = arena_printf(a, err, "%d.%d", node->layer, node->head);
        b->layers.v[i] = one(node->layer, a, err);
        b->parts.v[i] = one(node->head, a, err);
    }
    return err->code;
}

int pairs_open(struct ablation *b, struct experiment *x, struct problems *problems, struct err *err)
{
    const struct ablation_config *c = x->config;
    struct string_list group = {*c->heads.group != '\0', (const char **)&c->heads.group};
    struct ranking r = {0};
    struct err bad = ERR_CLEAR;
    size_t n = 0;

    b->pairs = true;
    if (c->layers.kind != SELECT_EACH)
        problem_at(x, "layers", problems,
                   "the sweep says which heads are paired: leave this key out");
    if (ranking_read(&r, x, c->heads.name[0], &group, c->heads.rank_by, &bad))
        return problem_of_file(x, "heads", problems, &bad, err);
    while (n < r.n && n < (size_t)c->heads.top && r.v[n].site == SITE_Z && !isnan(r.v[n].effect))
        n++;
    if (n < 2)
        problem_at(x, "heads", problems, "%s ranks %zu %s: pairs need two", c->heads.name[0], n,
                   str_noun(n, "head", "heads"));
    r.n = n;
    b->set_hash = ranking_hash(&r, x->arena, err);
    return err_if(err, err->code || add_input(x, "heads", b->set_hash, err) ||
                           list_heads(b, &r, n, x->arena, err));
}

int pairs_axes(struct experiment *x, struct ablation *b, struct err *err)
{
    b->layer_axis = x->n_axes;
    b->part_axis = x->n_axes + 1;
    if (add_named_axis(x, "first", b->parts.n, b->parts.label, err) ||
        add_named_axis(x, "second", b->parts.n, b->parts.label, err))
        return err->code;
    for (int i = b->layer_axis; i <= b->part_axis; i++)
        x->axis[i].cell = x->axis[i].as_heads = true;
    x->axis[b->part_axis].twos = true;
    return 0;
}

/* Joint less both alone; a head does not interact with itself. */
static void interactions(const struct row *row, float *out)
{
    const struct ablation *b = row->x->state;
    size_t k = b->parts.n, n = b->positions.n * b->effects.n;

    ablation_effects(row, out);
    for (size_t i = 0; i < k; i++)
        for (size_t j = i + 1; j < k; j++)
            for (size_t m = 0; m < n; m++)
                out[(i * k + j) * n + m] =
                    (float)((double)out[(i * k + j) * n + m] - (double)out[(i * k + i) * n + m] -
                            (double)out[(j * k + j) * n + m]);
    for (size_t i = 0; i < k; i++)
        for (size_t m = 0; m < n; m++)
            out[(i * k + i) * n + m] = NAN;
}

/* Both tables and both maps. */
static int describe(struct experiment *x, const struct ablation *b, const char *done,
                    struct err *err)
{
    struct headline apart = effects_headline(
        arena_printf(x->arena, err,
                     "what two of %zu heads change together beyond the sum of each alone, %s",
                     b->parts.n, done),
        "joint minus both single effects", b->op.kind == DO_ZERO);
    struct headline joint = effects_headline(
        arena_printf(x->arena, err, "what changes with two %s; first = second: this head alone",
                     done),
        "ablated minus clean", b->op.kind == DO_ZERO);
    struct figure map = {
        .name = "interaction",
        .form = "map",
        .inside = "stats",
        .values = "mean",
        .mark = "q",
        .row = "metric",
        .down = "first",
        .along = "second",
        .apart = "metric",
        .compare = "yes",
        .title = "Interaction of two heads",
        .value_label = "joint minus both single effects (nat)",
        .along_label = "second head",
        .down_label = "first head",
    };

    joint.variable = "joint_effect";
    joint.inside = joint.claim = NULL;
    joint.test = "none";
    if (!apart.title || !joint.title || add_headline(x, &apart, err) ||
        add_headline(x, &joint, err) || add_figure(x, &map, err))
        return err->code;
    map.name = "joint";
    map.inside = map.mark = NULL;
    map.values = "joint_effect";
    map.sequential = "kl";
    map.title = "Two heads ablated together; on the diagonal one alone";
    map.value_label = "ablated minus clean (nat)";
    return add_figure(x, &map, err);
}

int pairs_declare(struct experiment *x, const struct ablation *b, const char *done, struct err *err)
{
    static const char dims[] = "stratum first second position metric";

    if (add_aggregate(x, "interaction", dims, "1",
                      "what both heads together change beyond the sum of each alone", interactions,
                      err))
        return err->code;
    x->aggregate[x->n_aggregates - 1].tested = b->effects.sign;
    if (add_aggregate(x, "joint_effect", dims, "1",
                      "ablated minus clean of both heads, of one where both are the same",
                      ablation_effects, err))
        return err->code;
    x->aggregate[x->n_aggregates - 1].of = b->effects.of;
    x->aggregate[x->n_aggregates - 1].signs = b->effects.sign;
    return describe(x, b, done, err);
}
