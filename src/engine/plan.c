#include "engine/plan.h"

int variant_tokens(const struct variant *v)
{
    return v->base && !v->goes_on ? v->base->n : v->n;
}

struct span variant_new(const struct variant *v)
{
    if (v->goes_on)
        return (struct span){v->base->n, v->n};
    return (struct span){0, v->base ? 0 : v->n};
}

struct span variant_rows(const struct variant *v)
{
    int n = variant_tokens(v);

    return span_empty(v->rows) ? (struct span){n - 1, n} : v->rows;
}

const struct swaps *variant_swaps(const struct variant *v)
{
    for (int i = 0; i < v->n_edits; i++)
        if (v->edit[i].op == OP_SWAP)
            return v->edit[i].swaps;
    return NULL;
}

int variant_enter(const struct variant *v, int n_layers)
{
    int enter = n_layers;

    if (!v->base || v->goes_on || variant_swaps(v))
        return 0;
    for (int i = 0; i < v->n_edits; i++)
        if (!span_empty(v->edit[i].layer) && v->edit[i].layer.lo < enter)
            enter = v->edit[i].layer.lo;
    return enter;
}

struct span variant_edited(const struct variant *v, int layer, enum site site)
{
    struct span rows = {0, 0};

    for (int i = 0; i < v->n_edits; i++)
        if (v->edit[i].site == site && span_has(v->edit[i].layer, layer))
            rows = span_hull(rows, v->edit[i].tok);
    return rows;
}

/* At which sites edited rows are computed anew from the keys and values on, from attention on, from
   the MLP on. */
static const enum site kv_sites[] = {SITE_K, SITE_V, SITE_READ_K, SITE_READ_V};
static const enum site att_sites[] = {SITE_PATTERN, SITE_Z, SITE_Q, SITE_READ_Q};
static const enum site mlp_sites[] = {SITE_NEURON, SITE_READ_MLP};
#define COUNT(sites) (sizeof(sites) / sizeof *(sites))

static struct span grow(const struct variant *v, int l, struct span rows, const enum site *site,
                        size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows = span_hull(rows, variant_edited(v, l, site[i]));
    return rows;
}

/* Rows that see one of the keys. */
static struct span seeing(struct span keys, int n, int window)
{
    int last = keys.hi - 1;

    if (span_empty(keys))
        return keys;
    return (struct span){keys.lo, window && window < n - last ? last + window : n};
}

struct stage stage_next(const struct variant *v, struct span x, int l, const struct shape *shape)
{
    struct span summed; /* rows with another x + a */
    struct stage s;

    x = span_hull(x, variant_edited(v, l, SITE_RESID));
    s.kv = grow(v, l, x, kv_sites, COUNT(kv_sites));
    s.att = seeing(s.kv, variant_tokens(v), shape_window(shape, l));
    s.att = grow(v, l, s.att, att_sites, COUNT(att_sites));
    summed = span_hull(s.att, variant_edited(v, l, SITE_ATTN));
    s.mlp = grow(v, l, shape->parallel ? x : summed, mlp_sites, COUNT(mlp_sites));
    s.out = span_hull(span_hull(summed, s.mlp), variant_edited(v, l, SITE_MLP));
    if (l == shape->n_layers - 1) {
        struct span asked = variant_rows(v);

        s.att = span_clip(s.att, asked);
        s.mlp = span_clip(s.mlp, asked);
        s.out = span_clip(s.out, asked);
    }
    return s;
}

struct span variant_extent(const struct variant *v, const struct shape *shape)
{
    struct span extent = {0, 0}, x = variant_new(v);

    for (int l = variant_enter(v, shape->n_layers); l < shape->n_layers; l++) {
        struct stage s = stage_next(v, x, l, shape);

        extent = span_hull(extent, span_hull(s.kv, s.out));
        x = s.out;
    }
    return extent;
}

/* Heads of the rows that read for themselves at a site, each once: what the edits name of the base
   first, then the variant's own. */
static uint64_t count_reads(const struct edit *e, int n, const struct variant *v, enum site site,
                            int layer, struct span rows)
{
    uint64_t count = 0;

    for (int i = 0; i < n; i++) {
        struct span tok = span_clip(e[i].tok, rows);

        if (e[i].site != site || !span_has(e[i].layer, layer))
            continue;
        for (int t = tok.lo; t < tok.hi; t++)
            for (int h = e[i].head.lo; h < e[i].head.hi; h++)
                count += !edits_name_read(e, i, site, layer, h, t) &&
                         !(v && v->base &&
                           edits_name_read(v->base->edit, v->base->n_edits, site, layer, h, t));
    }
    return count;
}

static uint64_t reads_of(const struct variant *v, enum site site, int layer, struct span rows)
{
    uint64_t base =
        v->base ? count_reads(v->base->edit, v->base->n_edits, NULL, site, layer, rows) : 0;

    return base + count_reads(v->edit, v->n_edits, v, site, layer, rows);
}

bool variant_reads(const struct variant *v, enum site site, int layer, int head, int t)
{
    return (v->base && edits_name_read(v->base->edit, v->base->n_edits, site, layer, head, t)) ||
           edits_name_read(v->edit, v->n_edits, site, layer, head, t);
}

struct flops_sum {
    const struct variant *v;
    uint64_t kv, att, mlp, reads;
};

static void add_rows(struct flops_sum *sum, int layer, const struct stage *s)
{
    sum->kv += (uint64_t)span_len(s->kv);
    sum->att += (uint64_t)span_len(s->att);
    sum->mlp += (uint64_t)span_len(s->mlp);
    sum->reads += reads_of(sum->v, SITE_READ_Q, layer, s->att) +
                  reads_of(sum->v, SITE_READ_K, layer, s->kv) +
                  reads_of(sum->v, SITE_READ_V, layer, s->kv);
}

/* The heads among the senders, through their columns of the output matrix; and each layer's
   attention with all of them changed. */
static uint64_t swap_flops(const struct variant *v, const struct shape *s)
{
    const struct swaps *w = variant_swaps(v);
    uint64_t rows = 0;

    if (!w)
        return 0;
    for (int i = 0; i < w->n; i++)
        rows += w->sender[i].site == SITE_Z;
    rows += (uint64_t)s->n_layers * (uint64_t)s->n_heads;
    return rows * (uint64_t)span_len(w->tok) * 2 * (uint64_t)s->d_head * (uint64_t)s->d_model;
}

static uint64_t flops_of(const struct flops_sum *rows, const struct shape *s)
{
    uint64_t d = (uint64_t)s->d_model, dh = (uint64_t)s->d_head;
    uint64_t kv = 2 * 2 * (uint64_t)s->n_kv_heads * dh * d;        /* K and V */
    uint64_t att = 2 * 2 * (uint64_t)s->n_heads * dh * d;          /* Q and O */
    uint64_t mlp = 2 * (s->gated ? 3 : 2) * (uint64_t)s->d_ff * d; /* gate, up, down */

    return rows->kv * kv + rows->att * att + rows->mlp * mlp + rows->reads * 2 * dh * d +
           swap_flops(rows->v, s);
}

static uint64_t unembed_flops(const struct variant *v, const struct shape *s)
{
    bool whole = (v->into && !v->goes_on) || v->asks & ASK_LOGPROBS;
    uint64_t rows = whole ? (uint64_t)s->vocab : 0;

    if (v->asks & ASK_TARGETS)
        rows += (uint64_t)v->answer->n_targets;
    return 2 * rows * (uint64_t)s->d_model;
}

/* Whether its last row can differ from the base's comes with the rows: if not, its answer is the
   base's. */
uint64_t variant_flops(const struct variant *v, const struct shape *shape)
{
    struct flops_sum rows = {.v = v};
    struct span x = variant_new(v);

    for (int l = variant_enter(v, shape->n_layers); l < shape->n_layers; l++) {
        struct stage s = stage_next(v, x, l, shape);

        add_rows(&rows, l, &s);
        x = s.out;
    }
    x = span_hull(x, variant_edited(v, shape->n_layers, SITE_RESID));
    return flops_of(&rows, shape) +
           (!v->base || span_has(x, variant_tokens(v) - 1) ? unembed_flops(v, shape) : 0);
}

uint64_t variant_flops_naive(const struct variant *v, const struct shape *s)
{
    int n = variant_tokens(v);
    struct stage all = {{0, n}, {0, n}, {0, n}, {0, n}};
    struct flops_sum rows = {.v = v};

    for (int l = 0; l < s->n_layers; l++)
        add_rows(&rows, l, &all);
    return flops_of(&rows, s) + unembed_flops(v, s);
}

bool variant_same_rows(const struct variant *a, const struct variant *b)
{
    if (!a->base != !b->base || variant_tokens(a) != variant_tokens(b) || a->asks != b->asks ||
        !a->into != !b->into || a->n_edits != b->n_edits || !span_eq(a->rows, b->rows))
        return false;
    for (int i = 0; i < a->n_edits; i++)
        if (a->edit[i].site != b->edit[i].site || !span_eq(a->edit[i].layer, b->edit[i].layer) ||
            !span_eq(a->edit[i].tok, b->edit[i].tok) || a->edit[i].swaps != b->edit[i].swaps ||
            (site_is_read(a->edit[i].site) && !span_eq(a->edit[i].head, b->edit[i].head)))
            return false;
    return true;
}
