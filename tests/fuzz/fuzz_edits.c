#include "fuzz_edits.h"

#include "fuzz.h"
#include "fuzz_campaign.h"

#include "base/file.h"
#include "campaign/bundle.h"
#include "campaign/cut.h"
#include "campaign/output.h"
#include "campaign/unit.h"
#include "results/h5read.h"
#include "results/h5visit.h"
#include "results/seal.h"

#include <hdf5.h>

#include <stdio.h>
#include <string.h>

enum { SEAL = 32, PLACES = 512, NAME = 64, ROOM = 1 << 16, TEXTS = 4096, SAMPLES = 12 };

struct place {
    char group[NAME], name[NAME];
};
struct places {
    struct place v[PLACES];
    size_t n;
};

static struct sample {
    const char *experiments, *path;
    struct buf whole;
    struct places variables, attributes;
} samples[SAMPLES];

static struct computed {
    const char *experiments;
    struct campaign c;
    struct buf *rows; /* (c.n_units) that were computed */
} all_computed[SAMPLES];

/* What the sample has -------------------------------------------------------------------------- */

static void note(struct places *p, const char *group, const char *name)
{
    struct place *to = &p->v[p->n++];

    fuzz_need(p->n <= PLACES && strlen(group) < NAME && strlen(name) < NAME);
    snprintf(to->group, NAME, "%s", *group ? group : "/");
    snprintf(to->name, NAME, "%s", name);
}

struct noting {
    struct sample *s;
    struct h5file *f;
    const char *group;
};

static int note_variable(void *ctx, const struct h5info *v, struct err *err)
{
    (void)err;
    note(&((struct noting *)ctx)->s->variables, v->group, v->name);
    return 0;
}

static int note_attribute(void *ctx, const struct h5attr *a, struct err *err)
{
    const struct noting *n = ctx;

    (void)err;
    note(&n->s->attributes, n->group, a->name);
    return 0;
}

static int note_group(void *ctx, const char *group, struct err *err)
{
    struct noting *n = ctx;

    n->group = group;
    if (*group)
        note(&n->s->variables, "/", group);
    return h5_each_attr(n->f, group, NULL, note_attribute, n, err);
}

static int no_group(void *ctx, const char *group, struct err *err)
{
    (void)ctx, (void)group, (void)err;
    return 0;
}

static int no_variable(void *ctx, const struct h5info *v, struct err *err)
{
    (void)ctx, (void)v, (void)err;
    return 0;
}

/* Its run -------------------------------------------------------------------------------------- */

/* The pieces that are of this unit. */
static void edit_rows(struct buf *rows, size_t unit, const uint8_t *data, size_t size)
{
    struct err err = {0};

    for (; size >= 4; data += 4, size -= 4) {
        size_t at = data[1] | (size_t)data[2] << 8;

        if (data[0] != (unit & 255))
            continue;
        if (at == FUZZ_SHORTER)
            rows->len -= data[3] < rows->len ? data[3] : rows->len;
        else if (at == FUZZ_LONGER)
            fuzz_need(!buf_put(rows, data, data[3] % 5, &err));
        else if (rows->len)
            rows->data[at % rows->len] = (char)data[3];
    }
}

static void run_units(struct computed *r)
{
    struct buf out = {0};
    struct err err = {0};

    for (size_t i = 0; i < r->c.n_bundles; i++) {
        struct cursor at;
        struct unit_rows u;

        buf_clear(&out);
        fuzz_need(!bundle_run(&r->c, i, &out, &err));
        at = (struct cursor){(const unsigned char *)out.data, out.len, 0, 0};
        while (bundle_next(&r->c, i, &at, &u))
            fuzz_need(!buf_put(&r->rows[u.unit], u.rows, u.n, &err));
    }
    buf_release(&out);
}

static struct computed *computed(const char *experiments)
{
    struct computed *r = all_computed;
    struct err err = {0};

    while (r->experiments && r->experiments != experiments)
        r++;
    fuzz_need(r < all_computed + SAMPLES - 1);
    if (r->experiments)
        return r;
    r->experiments = experiments;
    fuzz_need(!fuzz_campaign(&r->c, experiments, "statistics.bootstrap=20", &err) && !err.code &&
              !campaign_cut(&r->c, &err) && !campaign_bundle(&r->c, NULL, 1, &err) &&
              !campaign_start(&r->c, 1, &err));
    fuzz_need(!(campaign_needs(&r->c) & NEED_VOCAB_STATS) ||
              !vocab_stats_compute(&r->c.vocab_stats, &r->c.engine, &r->c.arena, &err));
    r->rows = arena_alloc(&r->c.arena, r->c.n_units, sizeof *r->rows, &err);
    fuzz_need(r->rows != NULL);
    run_units(r);
    return r;
}

struct campaign *fuzz_computed(const char *experiments)
{
    return &computed(experiments)->c;
}

int fuzz_run(const char *experiments, const char *path, const uint8_t *edits, size_t n,
             struct err *err)
{
    struct computed *r = computed(experiments);
    struct campaign_report report;
    struct journal_stats stats;
    struct journal *j = NULL;
    struct buf rows = {0};
    struct err other = {0};

    fuzz_need(!journal_open(&j, fuzz_folder(), &stats, err));
    for (size_t i = 0; i < r->c.n_units; i++) {
        buf_clear(&rows);
        fuzz_need(!buf_put(&rows, r->rows[i].data, r->rows[i].len, err));
        edit_rows(&rows, i, edits, n);
        fuzz_need(!journal_append(j, r->c.unit[i].key, rows.data, rows.len, 0, err));
    }
    campaign_write(&r->c, j, path, false, &report, NULL, NULL, err);
    fuzz_need(!journal_clear(fuzz_folder(), &other));
    journal_close(j);
    buf_release(&rows);
    return err->code;
}

static void run_sample(const char *experiments, const char *path)
{
    struct err err = {0};

    fuzz_need(!fuzz_run(experiments, path, NULL, 0, &err));
}

const char *fuzz_kind(size_t i)
{
    static const char *const text[FUZZ_KINDS] = {
        "  - {name: zero, kind: ablation, site: head, operation: {kind: zero}}\n",
        "  - {name: decode, kind: decode, rank: true, top: 2}\n",
        "  - {name: heads, kind: heads}\n",
        "  - {name: lens, kind: token_lens}\n",
        "  - {name: cut, kind: knockout, sets: [subject, last]}\n",
        "  - {name: trace, kind: causal_trace, corrupt: [subject], sites: [attn, residual],"
        " window: [1, 3], samples: 2, noise: 0.2}\n",
        "  - {name: edges, kind: edges, receivers: {kinds: [q, mlp, logits]},"
        " operation: {kind: zero}}\n",
        "  - {name: at, kind: attention, weights: true}\n",
    };
    static char curve[256];

    if (i < FUZZ_KINDS - 1)
        return text[i];
    if (!*curve)
        run_sample(text[0], fuzz_path("swept.h5"));
    snprintf(curve, sizeof curve,
             "  - {name: curve, kind: faithfulness, from: \"%s\", groups: [zero],"
             " operation: {kind: zero}}\n",
             fuzz_path("swept.h5"));
    return curve;
}

static struct sample *sample(const char *experiments)
{
    struct sample *s = samples;
    char name[16];
    struct err err = {0};
    struct noting n = {0};

    while (s->experiments && s->experiments != experiments)
        s++;
    fuzz_need(s < samples + SAMPLES - 1);
    if (s->experiments)
        return s;
    s->experiments = experiments;
    n.s = s;
    snprintf(name, sizeof name, "whole%d.h5", (int)(s - samples));
    s->path = fuzz_path(name);
    run_sample(experiments, s->path);
    fuzz_need(!file_read(&s->whole, s->path, 1 << 24, &err) && !h5_open(&n.f, s->path, &err) &&
              !h5_each(n.f, no_group, note_variable, &n, &err) &&
              !h5_each(n.f, note_group, no_variable, &n, &err));
    h5_close(n.f);
    return s;
}

const char *fuzz_whole(const char *experiments)
{
    return sample(experiments)->path;
}

/* Edits ---------------------------------------------------------------------------------------- */

static void put_attribute(hid_t f, const struct place *p, const uint8_t *text, size_t n)
{
    hid_t type, space, a;

    H5Adelete_by_name(f, p->group, p->name, H5P_DEFAULT);
    if (!n)
        return;
    type = H5Tcopy(H5T_C_S1);
    space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, n);
    a = H5Acreate_by_name(f, p->group, p->name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (a >= 0)
        H5Awrite(a, type, text);
    H5Aclose(a);
    H5Sclose(space);
    H5Tclose(type);
}

static void put_texts(hid_t d, hid_t type, size_t points, const uint8_t *bytes, size_t n)
{
    static const char *text[TEXTS];
    static char copy[256];
    size_t at = 0;

    memset(copy, 0, sizeof copy);
    memcpy(copy, bytes, n);
    for (size_t i = 0; i < points; i++) {
        text[i] = copy + at;
        at += strlen(copy + at) + 1;
        at = at < n ? at : 0;
    }
    H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
}

static void put_values(hid_t d, const uint8_t *bytes, size_t n)
{
    static uint8_t room[ROOM];
    hid_t type = H5Dget_type(d), space = H5Dget_space(d);
    hssize_t extent = H5Sget_simple_extent_npoints(space);
    size_t points = extent > 0 ? (size_t)extent : 0;

    for (size_t i = 0; i < sizeof room; i++)
        room[i] = n ? bytes[i % n] : 0;
    if (H5Tget_class(type) != H5T_STRING && points * H5Tget_size(type) <= sizeof room)
        H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room);
    else if (H5Tis_variable_str(type) > 0 && points <= TEXTS)
        put_texts(d, type, points, bytes, n);
    H5Sclose(space);
    H5Tclose(type);
}

static void edit_variable(hid_t f, const struct places *all, uint8_t what, size_t where,
                          const uint8_t *bytes, size_t n)
{
    const struct place *p = &all->v[where % all->n], *next = &all->v[(where + 1) % all->n];
    hid_t g = H5Gopen2(f, p->group, H5P_DEFAULT), d;

    if (H5Lexists(g, p->name, H5P_DEFAULT) > 0) {
        if (what == 2)
            H5Ldelete(g, p->name, H5P_DEFAULT);
        else if (what == 3)
            H5Lmove(g, p->name, g, next->name, H5P_DEFAULT, H5P_DEFAULT);
        else if ((d = H5Dopen2(g, p->name, H5P_DEFAULT)) >= 0) {
            put_values(d, bytes, n);
            H5Dclose(d);
        }
    }
    H5Gclose(g);
}

const char *fuzz_edits(const char *experiments, const uint8_t *data, size_t size)
{
    const struct sample *s = sample(experiments);
    const char *path = fuzz_file("result.h5", s->whole.data, s->whole.len - SEAL);
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    struct err err = {0};

    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    for (size_t n; size >= 3; data += 3 + n, size -= 3 + n) {
        size_t where = data[1] + 256u * (data[0] >> 2 & 7);

        n = data[2] < size - 3 ? data[2] : size - 3;
        if (data[0] % 4 == 0)
            put_attribute(f, &s->attributes.v[where % s->attributes.n], data + 3, n);
        else
            edit_variable(f, &s->variables, data[0] % 4, where, data + 3, n);
    }
    fuzz_need(f >= 0 && H5Fclose(f) >= 0);
    fuzz_need(!seal_put(path, &err)); /* else a child would read it first, each time */
    return path;
}

void fuzz_check(struct err *err)
{
    fuzz_need(!err->code || (err->code != ERR_BUG && err->msg[0] && !strchr(err->msg, '\n')));
    err_clear(err);
}
