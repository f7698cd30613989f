/*
 * The clean run's values at named sites, layers and places, as they are: for probes and sparse
 * autoencoders elsewhere.
 *
 * A place of several tokens ({together: ...}, a span, a window) gives the mean over its tokens;
 * {each_token: subject} has a place for each.
 */
#include "experiments/kit/places.h"
#include "experiments/kit/select.h"

static const struct choice site_words[] = {{"residual", SITE_RESID},
                                           {"attn", SITE_ATTN},
                                           {"mlp", SITE_MLP},
                                           {"head", SITE_Z},
                                           {"q", SITE_Q},
                                           {"k", SITE_K},
                                           {"v", SITE_V},
                                           {"neurons", SITE_NEURON},
                                           {NULL, 0}};

struct dump_config {
    struct choice_list sites; /* of enum site */
    struct selector layers, positions;
};

static const struct config_row rows[] = {
    CONFIG_CHOICE(struct dump_config, sites, "sites", config_choices, NULL, site_words, RESULTS,
                  "what is written: the residual stream after a layer, a module's output, each "
                  "head's output before the output matrix, its query, key or value (q and k "
                  "before their norm and the rotation), the MLP's hidden units"),
    CONFIG_ROW(struct dump_config, layers, "layers", config_selector, "each", 0, 0, RESULTS,
               "layers, one by one"),
    CONFIG_ROW(struct dump_config, positions, "positions", config_selector, "[last]", 0, 0, RESULTS,
               "tokens; a position of several gives their mean"),
};

static const struct dump_site {
    enum site site;
    const char *field, *dims, *text; /* the dimensions before the last are there already */
} sites[] = {
    {SITE_RESID, "residual", "query layer position width", "residual stream after the layer"},
    {SITE_ATTN, "attn", "query layer position width", "output of attention"},
    {SITE_MLP, "mlp", "query layer position width", "output of the MLP"},
    {SITE_Z, "head_output", "query layer head position head_width",
     "output of the head, before the output matrix"},
    {SITE_Q, "q", "query layer head position head_width",
     "query, before its norm and the rotation"},
    {SITE_K, "k", "query layer kv_head position head_width",
     "key, before its norm and the rotation"},
    {SITE_V, "v", "query layer kv_head position head_width", "value"},
    {SITE_NEURON, "neurons", "query layer position neuron",
     "hidden units of the MLP, before the down matrix"},
};
enum { DUMPED = sizeof sites / sizeof *sites };

struct dump {
    struct selections layers;
    struct places positions;
    bool wanted[DUMPED];
};

/* Has any site that is dumped this dimension? */
static bool dumps(const struct dump *d, const char *dim)
{
    for (size_t i = 0; i < DUMPED; i++)
        if (d->wanted[i] && list_has(sites[i].dims, dim))
            return true;
    return false;
}

static int open_axes(struct experiment *x, const struct dump *d, struct err *err)
{
    const struct shape *s = x->shape;
    int ignored;

    if (add_selections_axis(x, "layer", &d->layers, &ignored, err) ||
        add_named_axis(x, "position", d->positions.n, d->positions.label, err))
        return err->code;
    if ((dumps(d, "head") && add_axis(x, "head", (size_t)s->n_heads, err)) ||
        (dumps(d, "kv_head") && add_axis(x, "kv_head", (size_t)s->n_kv_heads, err)) ||
        (dumps(d, "head_width") && add_axis(x, "head_width", (size_t)s->d_head, err)) ||
        (dumps(d, "neuron") && add_axis(x, "neuron", (size_t)s->d_ff, err)) ||
        (dumps(d, "width") && add_axis(x, "width", (size_t)s->d_model, err)))
        return err->code;
    return 0;
}

static int dump_open(struct experiment *x, struct problems *problems, struct err *err)
{
    const struct dump_config *c = x->config;
    struct dump *d = x->state;

    x->all_rows = true;
    x->places = &d->positions;
    for (size_t i = 0; i < DUMPED; i++) {
        for (size_t k = 0; k < c->sites.n; k++)
            d->wanted[i] |= (int)sites[i].site == c->sites.v[k];
        x->keep |= d->wanted[i] ? site_keep(sites[i].site) : 0;
    }
    if (selections_of(&d->layers, &c->layers, x->shape->n_layers, x, "layers", problems, err) ||
        places_of(&d->positions, &c->positions, x, "positions", problems, err))
        return err->code;
    if (!selections_single(&d->layers)) /* values of several together would have no meaning */
        problem_at(x, "layers", problems,
                   "a dump has layers one by one: each, or a list such as [0, 3]");
    if (problems->count || open_axes(x, d, err))
        return err->code;
    for (size_t i = 0; i < DUMPED; i++)
        if (d->wanted[i] &&
            add_field(x, sites[i].field, V_F32, sites[i].dims, "1", sites[i].text, err))
            return err->code;
    return 0;
}

/* out (n): mean over tokens of elements [first, first + n) of the site's rows. */
static void mean_over(const struct run *run, const struct shape *s, enum site site, int layer,
                      const int *tok, int n_tok, int64_t first, int64_t n, float *out)
{
    for (int64_t i = 0; i < n; i++) {
        double sum = 0;

        for (int t = 0; t < n_tok; t++)
            sum += (double)run_row(run, s, site, layer, tok[t])[first + i];
        out[i] = (float)(sum / n_tok);
    }
}

/* One place in a field of sizes (layer, [head,] position, width). */
static void put_place(const struct experiment *x, const struct run *run, const struct dump_site *of,
                      size_t place, const int *tok, int n_tok, float *out)
{
    const struct dump *d = x->state;
    size_t parts = of->site == SITE_NEURON ? 0 : (size_t)site_parts(x->shape, of->site);
    size_t places = d->positions.n, width;

    parts = parts ? parts : 1;
    width = (size_t)site_width(x->shape, of->site) / parts;

    for (size_t l = 0; l < d->layers.n; l++) {
        int layer = site_layer(of->site, d->layers.v[l].range[0].lo);

        for (size_t h = 0; h < parts; h++)
            mean_over(run, x->shape, of->site, layer, tok, n_tok, (int64_t)(h * width),
                      (int64_t)width, out + ((l * parts + h) * places + place) * width);
    }
}

/* Places that the query lacks keep their NaN. */
static int dump_query(const struct experiment *x, const struct cell *cell, struct row *row,
                      struct worker *w, struct err *err)
{
    const struct dump *d = x->state;
    int *tok = arena_alloc(w->arena, 2 * (size_t)row->q->n, sizeof *tok, err);

    for (size_t p = 0; tok && p < d->positions.n; p++) {
        int n = place_tokens(&d->positions.v[p], x->scene, row->q, tok);

        for (size_t i = 0; n && i < DUMPED; i++)
            if (d->wanted[i])
                put_place(x, cell->run, &sites[i], p, tok, n, row_f32(row, sites[i].field));
    }
    return tok ? 0 : err->code;
}

const struct kind kind_dump = {
    .name = "dump",
    .summary = "the clean run's values at named sites, layers and positions",
    .also = "cache; activations; hidden_states",
    KIND_CONFIG(struct dump_config, rows),
    .state_size = sizeof(struct dump),
    .version = 1,
    .open = dump_open,
    .reduce_query = dump_query,
};
