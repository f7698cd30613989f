#include "engine/variant.h"

#include <math.h>
#include <string.h>

/* One list of what a run holds: used for allocation and for its size. */
struct piece {
    float **at;
    size_t floats;
};

enum { PIECES = 9 };

static void run_pieces(struct run *r, const struct shape *s, int n, unsigned keep,
                       struct piece out[PIECES])
{
    size_t rows = (size_t)s->n_layers * (size_t)n, d = (size_t)s->d_model;
    size_t heads = (size_t)s->n_heads, dh = (size_t)s->d_head;
    size_t kv = rows * (size_t)s->n_kv_heads * dh;
    struct piece all[PIECES] = {
        {&r->x, (rows + (size_t)n) * d},
        {&r->k, kv},
        {&r->v, kv},
        {&r->z, keep & KEEP_Z ? rows * heads * dh : 0},
        {&r->a, keep & KEEP_ATTN ? rows * d : 0},
        {&r->m, keep & KEEP_MLP ? rows * d : 0},
        {&r->p, keep & KEEP_PATTERN ? rows * heads : 0},
        {&r->logits, (size_t)s->vocab},
        {&r->prob, (size_t)s->vocab},
    };

    memcpy(out, all, sizeof all);
}

int run_alloc(struct run *r, const struct shape *s, int n, unsigned keep, struct arena *a,
              struct err *err)
{
    struct piece piece[PIECES];

    memset(r, 0, sizeof *r);
    r->n = n;
    r->keep = keep;
    run_pieces(r, s, n, keep, piece);
    for (int i = 0; i < PIECES; i++) {
        if (!piece[i].floats)
            continue;
        *piece[i].at = arena_alloc(a, piece[i].floats, sizeof(float), err);
        if (!*piece[i].at)
            return err->code;
    }
    return 0;
}

size_t run_bytes(const struct shape *s, int n, unsigned keep)
{
    struct run r;
    struct piece piece[PIECES];
    size_t floats = 0;

    run_pieces(&r, s, n, keep, piece);
    for (int i = 0; i < PIECES; i++)
        floats += piece[i].floats;
    return floats * sizeof(float);
}

void run_copy(struct run *to, const struct run *from, const struct shape *s)
{
    struct piece p[PIECES], q[PIECES];
    struct run source = *from;

    run_pieces(to, s, to->n, to->keep & from->keep, p);
    run_pieces(&source, s, from->n, to->keep & from->keep, q);
    for (int i = 0; i < PIECES; i++)
        if (p[i].floats)
            memcpy(*p[i].at, *q[i].at, p[i].floats * sizeof(float));
    to->log_z = from->log_z;
    to->rms = from->rms;
    to->argmax = from->argmax;
}

int variant_tokens(const struct variant *v)
{
    return v->base ? v->base->n : v->n;
}

struct span variant_rows(const struct variant *v)
{
    int n = variant_tokens(v);

    return span_empty(v->rows) ? (struct span){n - 1, n} : v->rows;
}

int variant_enter(const struct variant *v, int n_layers)
{
    int enter = n_layers;

    if (!v->base)
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

struct stage stage_next(const struct variant *v, struct span x, int l, int n_layers)
{
    int n = variant_tokens(v);
    struct stage s;

    s.kv = span_hull(x, variant_edited(v, l, SITE_RESID));
    s.att = span_empty(s.kv) ? s.kv : (struct span){s.kv.lo, n};
    s.att = span_hull(s.att, variant_edited(v, l, SITE_PATTERN));
    s.att = span_hull(s.att, variant_edited(v, l, SITE_Z));
    s.mlp = span_hull(s.att, variant_edited(v, l, SITE_ATTN));
    s.out = span_hull(s.mlp, variant_edited(v, l, SITE_MLP));
    if (l == n_layers - 1) {
        struct span asked = variant_rows(v);

        s.att = span_clip(s.att, asked);
        s.mlp = span_clip(s.mlp, asked);
        s.out = span_clip(s.out, asked);
    }
    return s;
}

/* Calls visit for each layer from the first that computes anything on. */
static void each_stage(const struct variant *v, int n_layers,
                       void (*visit)(void *ctx, const struct stage *s), void *ctx)
{
    struct span x = {0, v->base ? 0 : v->n};

    for (int l = variant_enter(v, n_layers); l < n_layers; l++) {
        struct stage s = stage_next(v, x, l, n_layers);

        visit(ctx, &s);
        x = s.out;
    }
}

static void grow_extent(void *ctx, const struct stage *s)
{
    struct span *extent = ctx;

    *extent = span_hull(*extent, span_hull(s->kv, s->out));
}

struct span variant_extent(const struct variant *v, int n_layers)
{
    struct span extent = {0, 0};

    each_stage(v, n_layers, grow_extent, &extent);
    return extent;
}

static void last_out(void *ctx, const struct stage *s)
{
    *(struct span *)ctx = s->out;
}

bool variant_reaches(const struct variant *v, int n_layers)
{
    int last = variant_tokens(v) - 1;
    struct span out = {0, 0};

    each_stage(v, n_layers, last_out, &out);
    return span_has(span_hull(out, variant_edited(v, n_layers, SITE_RESID)), last);
}

struct flops_sum {
    uint64_t kv, att, mlp;
};

static void add_rows(void *ctx, const struct stage *s)
{
    struct flops_sum *sum = ctx;

    sum->kv += (uint64_t)span_len(s->kv);
    sum->att += (uint64_t)span_len(s->att);
    sum->mlp += (uint64_t)span_len(s->mlp);
}

static uint64_t flops_of(const struct flops_sum *rows, const struct shape *s)
{
    uint64_t d = (uint64_t)s->d_model, dh = (uint64_t)s->d_head;
    uint64_t kv = 2 * 2 * (uint64_t)s->n_kv_heads * dh * d; /* K and V */
    uint64_t att = 2 * 2 * (uint64_t)s->n_heads * dh * d;   /* Q and O */
    uint64_t mlp = 2 * 3 * (uint64_t)s->d_ff * d;           /* gate, up, down */

    return rows->kv * kv + rows->att * att + rows->mlp * mlp;
}

static uint64_t unembed_flops(const struct variant *v, const struct shape *s)
{
    bool reads_vocab =
        (v->into || v->asks & ASK_VOCAB) && (!v->base || variant_reaches(v, s->n_layers));

    return reads_vocab ? 2 * (uint64_t)s->vocab * (uint64_t)s->d_model : 0;
}

uint64_t variant_flops(const struct variant *v, const struct shape *s)
{
    struct flops_sum rows = {0};

    each_stage(v, s->n_layers, add_rows, &rows);
    return flops_of(&rows, s) + unembed_flops(v, s);
}

uint64_t variant_flops_naive(const struct variant *v, const struct shape *s)
{
    uint64_t n = (uint64_t)variant_tokens(v) * (uint64_t)s->n_layers;
    struct flops_sum rows = {n, n, n};

    return flops_of(&rows, s) +
           (v->into || v->asks & ASK_VOCAB ? 2 * (uint64_t)s->vocab * (uint64_t)s->d_model : 0);
}

static bool span_eq(struct span a, struct span b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

bool variant_same_rows(const struct variant *a, const struct variant *b)
{
    if (!a->base != !b->base || variant_tokens(a) != variant_tokens(b) || a->asks != b->asks ||
        !a->into != !b->into || a->n_edits != b->n_edits || !span_eq(a->rows, b->rows))
        return false;
    for (int i = 0; i < a->n_edits; i++)
        if (a->edit[i].site != b->edit[i].site || !span_eq(a->edit[i].layer, b->edit[i].layer) ||
            !span_eq(a->edit[i].tok, b->edit[i].tok))
            return false;
    return true;
}

int64_t site_width(const struct shape *s, enum site site)
{
    return site == SITE_Z ? (int64_t)s->n_heads * s->d_head : s->d_model;
}

const float *run_row(const struct run *r, const struct shape *s, enum site site, int layer, int tok)
{
    int64_t row = (int64_t)layer * r->n + tok;
    const float *all = site == SITE_RESID  ? r->x
                       : site == SITE_Z    ? r->z
                       : site == SITE_ATTN ? r->a
                                           : r->m;

    return all + row * site_width(s, site);
}

/* The operand of an edit for token t, from the first element that the edit touches on. */
static const float *operand(const struct edit *e, const struct shape *s, int layer, int t,
                            int64_t first)
{
    if (e->from)
        return run_row(e->from, s, e->site, layer, t + e->shift) + first;
    return e->vec + (int64_t)(t - e->tok.lo) * e->stride;
}

static void edit_row(const struct edit *e, const struct shape *s, int layer, int t, float *row)
{
    int64_t first = e->site == SITE_Z ? (int64_t)e->head.lo * s->d_head : 0;
    int64_t n = e->site == SITE_Z ? (int64_t)span_len(e->head) * s->d_head : s->d_model;
    const float *o = e->op == OP_SET || e->op == OP_ADD ? operand(e, s, layer, t, first) : NULL;

    row += first;
    switch (e->op) {
    case OP_ZERO:
        memset(row, 0, (size_t)n * sizeof *row);
        break;
    case OP_SET:
        memcpy(row, o, (size_t)n * sizeof *row);
        break;
    case OP_ADD:
        for (int64_t i = 0; i < n; i++)
            row[i] += e->scale * o[i];
        break;
    case OP_SCALE:
        for (int64_t i = 0; i < n; i++)
            row[i] *= e->scale;
        break;
    case OP_MASK: /* means nothing outside the pattern */
        break;
    }
}

static bool names(const struct edit *e, enum site site, int layer, int t)
{
    return e->site == site && span_has(e->layer, layer) && span_has(e->tok, t);
}

void edits_apply(const struct edit *e, int n, const struct shape *s, enum site site, int layer,
                 int t, float *row)
{
    for (int i = 0; i < n; i++)
        if (names(&e[i], site, layer, t))
            edit_row(&e[i], s, layer, t, row);
}

bool edits_mask(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *score)
{
    bool masked = false;

    for (int i = 0; i < n_edits; i++) {
        if (e[i].op != OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        masked = true;
        for (int s = e[i].key.lo; s < e[i].key.hi && s < n; s++)
            score[s] = -INFINITY;
    }
    if (!masked)
        return true;
    for (int s = 0; s < n; s++)
        if (score[s] != -INFINITY)
            return true;
    return false;
}

void edits_pattern(const struct edit *e, int n_edits, int layer, int head, int t, int n, float *p)
{
    for (int i = 0; i < n_edits; i++) {
        float factor = e[i].op == OP_SCALE ? e[i].scale : 0;

        if (e[i].op == OP_MASK || !names(&e[i], SITE_PATTERN, layer, t) ||
            !span_has(e[i].head, head))
            continue;
        for (int s = e[i].key.lo; s < e[i].key.hi && s < n; s++)
            p[s] = factor == 0 ? 0 : p[s] * factor;
    }
}

/* Is the value that an edit would replace known, and what the edit would make of it? */
static bool puts_back(const struct edit *e, const struct variant *v, const struct shape *s,
                      int layer, int t)
{
    const float *have = run_row(v->base, s, e->site, layer, t);
    int64_t first = e->site == SITE_Z ? (int64_t)e->head.lo * s->d_head : 0;
    int64_t n = e->site == SITE_Z ? (int64_t)span_len(e->head) * s->d_head : s->d_model;
    const float *o;

    have += first;
    switch (e->op) {
    case OP_SET:
        o = operand(e, s, layer, t, first);
        return o == have || memcmp(have, o, (size_t)n * sizeof *o) == 0;
    case OP_ZERO:
        for (int64_t i = 0; i < n; i++)
            if (have[i] != 0)
                return false;
        return true;
    case OP_ADD:
        o = operand(e, s, layer, t, first);
        for (int64_t i = 0; i < n; i++)
            if (have[i] + e->scale * o[i] != have[i])
                return false;
        return true;
    case OP_SCALE:
        return e->scale == 1;
    case OP_MASK:
        break;
    }
    return false;
}

static bool keeps_site(const struct run *r, enum site site)
{
    return site == SITE_RESID || (site == SITE_Z && r->z) || (site == SITE_ATTN && r->a) ||
           (site == SITE_MLP && r->m);
}

bool variant_is_noop(const struct variant *v, const struct shape *s)
{
    if (!v->base)
        return false;
    for (int i = 0; i < v->n_edits; i++) {
        const struct edit *e = &v->edit[i];

        if (span_empty(e->layer) || span_empty(e->tok))
            continue;
        if (e->site == SITE_PATTERN && e->op == OP_SCALE && e->scale == 1)
            continue;
        if (e->site == SITE_PATTERN && (span_empty(e->key) || e->key.lo >= e->tok.hi))
            continue; /* no key, or only keys that causality hides */
        if (!keeps_site(v->base, e->site))
            return false;
        for (int l = e->layer.lo; l < e->layer.hi; l++)
            for (int t = e->tok.lo; t < e->tok.hi; t++)
                if (!puts_back(e, v, s, l, t))
                    return false;
    }
    return true;
}

/* The first token of a run that its own edits may have changed. */
static int first_edited(const struct run *r)
{
    int first = r->n;

    for (int i = 0; i < r->n_edits; i++)
        if (r->edit[i].tok.lo < first)
            first = r->edit[i].tok.lo;
    return first;
}

bool variant_is_plain_noop(const struct variant *v)
{
    for (int i = 0; v->base && i < v->n_edits; i++) {
        const struct edit *e = &v->edit[i];

        if (e->op != OP_SET || !e->from || e->shift || e->from->ids != v->base->ids ||
            e->tok.hi > first_edited(v->base) || e->tok.hi > first_edited(e->from))
            return false;
    }
    return v->base != NULL;
}
