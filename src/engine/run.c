#include "engine/run.h"

#include <string.h>

/* One list of what a run holds: used for allocation and for its size. */
struct run_piece {
    float **at;
    size_t floats;
};

enum { PIECES = 9 };

static void run_pieces(struct run *r, const struct shape *s, int n, unsigned keep,
                       struct run_piece out[PIECES])
{
    size_t rows = (size_t)s->n_layers * (size_t)n, d = (size_t)s->d_model;
    size_t heads = (size_t)s->n_heads, dh = (size_t)s->d_head;
    size_t kv = rows * (size_t)s->n_kv_heads * dh;
    struct run_piece all[PIECES] = {
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
    struct run_piece piece[PIECES];

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
    struct run_piece piece[PIECES];
    size_t floats = 0;

    run_pieces(&r, s, n, keep, piece);
    for (int i = 0; i < PIECES; i++)
        floats += piece[i].floats;
    return floats * sizeof(float);
}

void run_copy(struct run *to, const struct run *from, const struct shape *s)
{
    struct run_piece p[PIECES], q[PIECES];
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
