#include "engine/run.h"

#include <string.h>

/* One list of what a run holds: used for allocation and for its size. */
struct run_piece {
    float **at;
    size_t floats;
};

enum { PIECES = 15 };

static void run_pieces(struct run *r, const struct shape *s, int n, unsigned keep,
                       struct run_piece out[PIECES])
{
    /* Any run may be a base: in a parallel layer, attention that changes alone leaves the MLP's
       output to the base, and the other way round. */
    const unsigned model = s->parallel ? KEEP_ATTN | KEEP_MLP : 0;
    size_t rows = (size_t)s->n_layers * (size_t)n, d = (size_t)s->d_model;
    size_t heads = (size_t)s->n_heads, dh = (size_t)s->d_head;
    size_t kv = rows * (size_t)s->n_kv_heads * dh;
    struct run_piece all[PIECES] = {
        {&r->x, (rows + (size_t)n) * d},
        {&r->k, kv},
        {&r->v, kv},
        {&r->q, keep & KEEP_Q ? rows * heads * dh : 0},
        {&r->flat_k, keep & KEEP_K ? kv : 0},
        {&r->hidden, keep & KEEP_NEURON ? rows * (size_t)s->d_ff : 0},
        {&r->z, keep & KEEP_Z ? rows * heads * dh : 0},
        {&r->a, (keep | model) & KEEP_ATTN ? rows * d : 0},
        {&r->m, (keep | model) & KEEP_MLP ? rows * d : 0},
        {&r->attention, keep & KEEP_ATTENTION ? rows * heads * (size_t)n : 0},
        {&r->p, keep & KEEP_PATTERN ? rows * heads : 0},
        {&r->post, 2 * rows},
        {&r->logits, (size_t)s->vocab},
        {&r->capped, s->logit_cap != 0 ? (size_t)s->vocab : 0},
        {&r->prob, (size_t)s->vocab},
    };

    memcpy(out, all, sizeof all);
}

int run_alloc(struct run *r, const struct shape *s, int n, unsigned keep, struct arena *a,
              struct err *err)
{
    struct run_piece piece[PIECES];

    memset(r, 0, sizeof *r);
    r->n = r->room = n;
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

static size_t growing_floats(const struct shape *s, int room)
{
    return (size_t)s->n_layers * (size_t)room * (size_t)s->n_kv_heads * (size_t)s->d_head;
}

int run_alloc_growing(struct run *r, const struct shape *s, int room, struct arena *a,
                      struct err *err)
{
    *r = (struct run){.room = room};
    r->k = arena_alloc(a, growing_floats(s, room), sizeof *r->k, err);
    r->v = r->k ? arena_alloc(a, growing_floats(s, room), sizeof *r->v, err) : NULL;
    return r->v ? 0 : err->code;
}

size_t run_growing_bytes(const struct shape *s, int room)
{
    return 2 * growing_floats(s, room) * sizeof(float);
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

/* One table of the sites: what a row is cut into, how it is kept, and where (0: it is not). */
enum part_kind { WHOLE, HEADS, GROUPS, UNITS };
#define AT(field) offsetof(struct run, field)

static const struct {
    enum part_kind part;
    unsigned keep;
    size_t at;
} sites[SITE_COUNT] = {
    [SITE_RESID] = {WHOLE, 0, AT(x)},
    [SITE_PATTERN] = {HEADS, 0, 0},
    [SITE_Z] = {HEADS, KEEP_Z, AT(z)},
    [SITE_ATTN] = {WHOLE, KEEP_ATTN, AT(a)},
    [SITE_MLP] = {WHOLE, KEEP_MLP, AT(m)},
    [SITE_Q] = {HEADS, KEEP_Q, AT(q)},
    [SITE_K] = {GROUPS, KEEP_K, AT(flat_k)},
    [SITE_V] = {GROUPS, 0, AT(v)},
    [SITE_NEURON] = {UNITS, KEEP_NEURON, AT(hidden)},
    [SITE_READ_Q] = {HEADS, 0, AT(x)},
    [SITE_READ_K] = {GROUPS, 0, AT(x)},
    [SITE_READ_V] = {GROUPS, 0, AT(x)},
    [SITE_READ_MLP] = {WHOLE, 0, 0},
};

unsigned site_keep(enum site site)
{
    return sites[site].keep;
}

unsigned site_base_keep(enum site site)
{
    unsigned keep = site == SITE_ATTN || site == SITE_MLP ? site_keep(site) : 0;
    bool beside = site == SITE_MLP || site == SITE_NEURON || site == SITE_READ_MLP;

    return keep | (beside ? KEEP_ATTN : 0);
}

int site_parts(const struct shape *s, enum site site)
{
    const int n[] = {0, s->n_heads, s->n_kv_heads, s->d_ff};

    return n[sites[site].part];
}

int64_t site_part_width(const struct shape *s, enum site site)
{
    const int width[] = {s->d_model, s->d_head, s->d_head, 1};

    return width[sites[site].part];
}

int64_t site_width(const struct shape *s, enum site site)
{
    int64_t parts = site_is_read(site) ? 0 : site_parts(s, site);

    return parts ? parts * site_part_width(s, site) : s->d_model;
}

float *run_site(const struct run *r, enum site site)
{
    float *const *at = (const void *)((const char *)r + sites[site].at);

    return sites[site].at ? *at : NULL;
}

const float *run_row(const struct run *r, const struct shape *s, enum site site, int layer, int tok)
{
    return run_site(r, site) + ((int64_t)layer * r->room + tok) * site_width(s, site);
}
