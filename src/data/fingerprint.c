/*
 * What a query computes depends on, as canonical bytes: names are sorted and absent ones left out,
 * so that neither the order of files nor what other queries name changes them. Text, flags and
 * status are not part of it: no computed number depends on them.
 */
#include "data/fingerprint.h"

#include <stdlib.h>
#include <string.h>

struct name {
    const char *name;
    size_t index;
};

struct sorted_names {
    struct name span[NAMES_MAX], target[NAMES_MAX]; /* sorted */
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

static void sort_names(struct name *out, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct name){names[i], i};
    qsort(out, n, sizeof *out, by_name);
}

int put_text(struct buf *b, const char *s, struct err *err)
{
    return err_if(err, buf_u64(b, strlen(s), err) || buf_puts(b, s, err));
}

static int put_ids(struct buf *b, const int32_t *ids, size_t n, struct err *err)
{
    if (buf_u64(b, n, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (buf_u32(b, (uint32_t)ids[i], err))
            return err->code;
    return 0;
}

/* A list that ends at its first -1. */
static int put_controls(struct buf *b, const int32_t *ids, size_t max, struct err *err)
{
    size_t n = 0;

    while (n < max && ids[n] >= 0)
        n++;
    return put_ids(b, ids, n, err);
}

static int put_spans(struct buf *b, const struct dataset *ds, const struct sorted_names *names,
                     const struct span *span, struct err *err)
{
    for (size_t i = 0; i < ds->n_spans; i++) {
        struct span s = span[names->span[i].index];

        if (!span_empty(s) && (put_text(b, names->span[i].name, err) ||
                               buf_u32(b, (uint32_t)s.lo, err) || buf_u32(b, (uint32_t)s.hi, err)))
            return err->code;
    }
    return put_text(b, "", err); /* no name is empty: the end */
}

static int put_targets(struct buf *b, const struct dataset *ds, const struct sorted_names *names,
                       const struct query *q, struct err *err)
{
    for (size_t i = 0; i < ds->n_targets; i++) {
        size_t t = names->target[i].index;
        uint32_t part = q->foil[t] | ((int)t == q->right ? 2u : 0u);

        if ((q->target[t] >= 0 &&
             (put_text(b, names->target[i].name, err) || buf_u32(b, (uint32_t)q->target[t], err) ||
              buf_u32(b, part, err))) ||
            (q->whole[t].n && put_ids(b, q->whole[t].ids, (size_t)q->whole[t].n, err)))
            return err->code;
    }
    return put_text(b, "", err);
}

/* What was drawn for the query from the others: controls and counterfactual. */
static int put_draws(struct buf *b, const struct dataset *ds, const struct sorted_names *names,
                     const struct query *q, struct err *err)
{
    if (put_controls(b, q->control, ds->n_controls, err) ||
        put_controls(b, q->s_control, ds->n_controls, err) || buf_u32(b, !!q->cf_ids, err))
        return err->code;
    if (!q->cf_ids)
        return 0;
    return err_if(err, put_ids(b, q->cf_ids, (size_t)q->n, err) ||
                           put_spans(b, ds, names, q->cf_span, err));
}

static int put_query(struct buf *b, const struct dataset *ds, const struct sorted_names *names,
                     const struct query *q, struct err *err)
{
    if (put_text(b, q->dataset, err) || put_text(b, q->item, err) || put_text(b, q->subject, err) ||
        buf_u32(b, (uint32_t)q->template, err) || buf_u32(b, (uint32_t)q->step, err) ||
        put_ids(b, q->ids, (size_t)q->n, err) || put_spans(b, ds, names, q->span, err) ||
        put_targets(b, ds, names, q, err))
        return err->code;
    return 0;
}

int fingerprint_queries(struct loader *l, struct err *err)
{
    struct dataset *ds = l->ds;
    struct sorted_names *names = arena_alloc(&l->scratch, 1, sizeof *names, err);
    struct buf b = {0};
    int code = 0;

    if (!names)
        return err->code;
    sort_names(names->span, ds->span_name, ds->n_spans);
    sort_names(names->target, ds->target_name, ds->n_targets);
    for (size_t i = 0; i < ds->n && !code; i++) {
        buf_clear(&b);
        code = put_query(&b, ds, names, &ds->query[i], err);
        ds->query[i].fingerprint = hash_bytes(b.data, b.len);
        buf_clear(&b);
        code = code ? code : put_draws(&b, ds, names, &ds->query[i], err);
        ds->query[i].draws = hash_bytes(b.data, b.len);
    }
    buf_release(&b);
    return code;
}

/* Of the fingerprints in order, by a chain: it needs no memory, and cannot fail. */
struct hash dataset_fingerprint(const struct dataset *ds)
{
    struct hash h = hash_bytes(NULL, 0);

    for (size_t i = 0; i < ds->n; i++) {
        const struct query *q = &ds->query[i];
        unsigned char bytes[6 * 8 + 3];
        uint64_t part[6] = {h.hi,        h.lo,       q->fingerprint.hi, q->fingerprint.lo,
                            q->draws.hi, q->draws.lo};

        for (size_t k = 0; k < sizeof part; k++)
            bytes[k] = (unsigned char)(part[k / 8] >> (8 * (k % 8)));
        bytes[48] = q->target_collision;
        bytes[49] = q->target_generic;
        bytes[50] = q->target_in_prompt;
        h = hash_bytes(bytes, sizeof bytes);
    }
    return h;
}

int fingerprint_origin(struct loader *l, struct err *err)
{
    if (fingerprint_queries(l, err))
        return err->code;
    l->ds->origin = dataset_fingerprint(l->ds);
    return 0;
}
