/*
 * JSON Lines: a file for each first dimension of a group, an object for each of its entries, with
 * every variable that begins with it: `decode.query.jsonl` has a line for each query. What has more
 * dimensions is a list of lists.
 */
#include "base/mem.h"
#include "base/str.h"
#include "base/writer.h"
#include "report/export/export.h"

struct object_lines {
    struct result *source;
    struct column *value; /* (n) the scale first, if there is one */
    size_t n, entries;
    struct writer *w;
};

/* JSON has no infinity, but numbers that every reader of doubles takes for it. */
static const struct not_finite words = {"null", "1e999", "-1e999"};

static int put_element(struct buf *b, const struct column *c, size_t k, struct err *err)
{
    return c->text ? json_quoted(b, c->text[k], err) : export_number(b, c, k, &words, err);
}

static int put_list(struct object_lines *t, const struct column *c, size_t dim, size_t *k,
                    struct err *err)
{
    struct buf *b = &t->w->buf;

    if (dim >= c->info.rank)
        return err_if(err, put_element(b, c, (*k)++, err) || writer_turn(t->w, err));
    if (buf_puts(b, "[", err))
        return err->code;
    for (size_t i = 0; i < c->info.size[dim]; i++)
        if (buf_puts(b, i ? ", " : "", err) || put_list(t, c, dim + 1, k, err))
            return err->code;
    return buf_puts(b, "]", err);
}

static int put_object(struct object_lines *t, size_t entry, struct err *err)
{
    struct buf *b = &t->w->buf;

    for (size_t i = 0; i < t->n; i++) {
        size_t k = 0;

        if (buf_puts(b, i ? ", " : "{", err) || json_quoted(b, t->value[i].info.name, err) ||
            buf_puts(b, ": ", err) || column_seek(&t->value[i], entry, err) ||
            put_list(t, &t->value[i], 1, &k, err))
            return err->code;
    }
    return buf_puts(b, "}\n", err);
}

static bool goes_with(const struct h5info *v, const struct h5info *first)
{
    if (!v->rank || !first->rank)
        return v->rank == first->rank;
    return v->size[0] == first->size[0] && str_eq(v->dim[0], first->dim[0]);
}

static int add_value(struct object_lines *t, const struct h5info *v, struct err *err)
{
    return column_open(&t->value[t->n++], t->source->file, v, err);
}

/* The scale of the first dimension, then the rest in the order of the names. */
static int open_values(struct object_lines *t, const struct section *g, const struct h5info *first,
                       bool *done, struct err *err)
{
    const struct h5info *scale = first->rank ? catalogue_scale(&t->source->all, first, 0) : NULL;

    t->value = arena_alloc(&t->source->arena, g->end - g->first + 1, sizeof *t->value, err);
    if (!t->value || (scale && add_value(t, scale, err)))
        return err->code;
    for (size_t i = g->first; i < g->end; i++) {
        const struct h5info *v = &t->source->all.v[i];

        if (!goes_with(v, first))
            continue;
        done[i - g->first] = true;
        if (v != scale && add_value(t, v, err))
            return err->code;
    }
    return 0;
}

static int write_lines(struct object_lines *t, const struct section *g, const struct h5info *first,
                       bool *done, struct outputs *o, struct err *err)
{
    const char *name =
        export_name(&t->source->arena, first->group, first->rank ? first->dim[0] : "", err);

    if (!name || outputs_add(o, &t->w, err, "%s.jsonl", name) ||
        open_values(t, g, first, done, err))
        return err->code;
    for (size_t i = 0; i < t->value[0].n; i++)
        if (put_object(t, i, err))
            return err->code;
    return writer_finish(t->w, err);
}

static int write_section(struct result *r, const struct section *g, struct outputs *o,
                         struct err *err)
{
    bool *done = arena_alloc(&r->arena, g->end - g->first, sizeof *done, err);
    int code = done ? 0 : err->code;

    for (size_t i = g->first; i < g->end && !code; i++) {
        struct object_lines t = {.source = r};

        if (done[i - g->first])
            continue;
        code = write_lines(&t, g, &r->all.v[i], done, o, err);
        for (size_t k = 0; k < t.n; k++)
            column_close(&t.value[k]);
    }
    return code;
}

int export_jsonl(struct result *r, struct outputs *o, struct err *err)
{
    return export_sections(r, o, write_section, err);
}
