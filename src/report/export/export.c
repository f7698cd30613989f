/* What the exporters share: files that appear together, names, numbers and texts. */
#include "report/export/export.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/writer.h"
#include "results/h5visit.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files ------------------------------------------------------------------------------------ */

/* Does one of the files stand where `path` would? Their paths may have been resolved: what is
   compared is the end, below dir. */
bool outputs_has(const struct outputs *o, const char *name)
{
    for (size_t i = 0; i < o->n; i++) {
        size_t n = strlen(o->file[i]->path), m = strlen(name);

        if (n > m && o->file[i]->path[n - m - 1] == '/' && str_ends_with(o->file[i]->path, name))
            return true;
    }
    return false;
}

/* "a/b.csv" -> "a/b_2.csv" */
static char *numbered(struct outputs *o, const char *name, int i, struct err *err)
{
    const char *dot = strrchr(name, '.');
    int n = (int)(dot ? dot - name : (ptrdiff_t)strlen(name));

    return arena_printf(&o->arena, err, "%.*s_%d%s", n, name, i, dot ? dot : "");
}

/* The folder is there, without what an export left behind that was killed. */
static int make_parent(struct outputs *o, const char *path, struct err *err)
{
    const char *parent = file_folder(&o->arena, path, err);
    struct err failed = ERR_CLEAR;

    if (!parent || file_make_dirs(parent, err))
        return err->code;
    if (o->swept && str_eq(o->swept, parent))
        return 0;
    o->swept = parent;
    file_sweep(parent, &failed);
    if (failed.code == ERR_MEMORY) /* a folder that may be written to may still not be listed */
        return *err = failed, err->code;
    return 0;
}

int outputs_add(struct outputs *o, struct writer **w, struct err *err, const char *fmt, ...)
{
    char text[1024];
    const char *name = text;
    char *path;
    va_list ap;
    int n;

    *w = NULL;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof text)
        return err_set(err, ERR_IO, "the file's name %.60s... is too long", text);
    for (int i = 2; name && outputs_has(o, name); i++)
        name = numbered(o, text, i, err);
    path = name ? file_join(&o->arena, o->dir, name, err) : NULL;
    *w = path ? arena_alloc(&o->arena, 1, sizeof **w, err) : NULL;
    if (!*w)
        return err->code;
    **w = (struct writer){.fd = -1};
    if (make_parent(o, path, err) ||
        arena_grow(&o->arena, &o->file, o->n, &o->cap, sizeof(struct writer *), err))
        return err->code;
    o->file[o->n++] = *w;
    return writer_open(*w, path, err); /* outputs_release discards it, also after an error */
}

int outputs_commit(struct outputs *o, struct err *err)
{
    for (size_t i = 0; i < o->n; i++)
        if (o->file[i]->fd >= 0 && writer_finish(o->file[i], err))
            return err->code;
    for (size_t i = 0; i < o->n; i++)
        if (writer_place(o->file[i], err))
            return err->code;
    return 0;
}

void outputs_release(struct outputs *o)
{
    for (size_t i = 0; i < o->n; i++)
        writer_discard(o->file[i]);
    arena_release(&o->arena);
    *o = (struct outputs){0};
}

/* Names --------------------------------------------------------------------------------- */

const char *export_name(struct arena *a, const char *group, const char *name, struct err *err)
{
    char *text = arena_printf(a, err, "%s%s%s", group, *group && *name ? "." : "", name);

    for (char *p = text; p && *p; p++)
        if (*p == '/')
            *p = '.';
    if (text)
        str_safe_name(text);
    return text;
}

/* Numbers ---------------------------------------------------------------------------------- */

int export_number(struct buf *b, const struct column *c, size_t k, const struct not_finite *words,
                  struct err *err)
{
    double v;

    if (c->whole)
        return buf_printf(b, err, "%" PRId64, c->whole[k]);
    v = c->f[k];
    if (isnan(v))
        return buf_puts(b, words->nan, err);
    if (isinf(v))
        return buf_puts(b, v > 0 ? words->inf : words->minus_inf, err);
    return buf_real(b, v, c->info.type == V_F32 ? 7 : 15, c->info.type == V_F32, err);
}

/* Descriptions ----------------------------------------------------------------------------- */

struct attributes {
    struct buf *b;
    size_t n;
};

static int put_attribute(void *ctx, const struct h5attr *a, struct err *err)
{
    struct attributes *t = ctx;

    buf_puts(t->b, t->n++ ? ", " : "", err);
    json_quoted(t->b, a->name, err);
    buf_puts(t->b, ": ", err);
    if (a->type == V_STR)
        return json_quoted(t->b, a->value, err);
    return buf_puts(t->b, isfinite(strtod(a->value, NULL)) ? a->value : "null", err);
}

static void put_variable(struct buf *b, const struct h5info *v, struct err *err)
{
    buf_puts(b, ", \"variable\": ", err);
    json_quoted(b, v->name, err);
    buf_printf(b, err, ", \"type\": \"%s\", \"dims\": [", vtype_name(v->type));
    for (size_t i = 0; i < v->rank; i++) {
        buf_puts(b, i ? ", " : "", err);
        json_quoted(b, v->dim[i], err);
    }
    buf_puts(b, "], \"shape\": [", err);
    for (size_t i = 0; i < v->rank; i++)
        buf_printf(b, err, "%s%zu", i ? ", " : "", v->size[i]);
    buf_puts(b, "]", err);
}

/* A group, or one of its variables. */
static int describe(struct result *r, struct writer *w, const char *group, const struct h5info *v,
                    struct err *err)
{
    struct attributes t = {&w->buf, 0};

    buf_puts(t.b, "{\"group\": ", err);
    json_quoted(t.b, group, err);
    if (v)
        put_variable(t.b, v, err);
    if (buf_puts(t.b, ", \"attributes\": {", err) ||
        h5_each_attr(r->file, group, v ? v->name : NULL, put_attribute, &t, err))
        return err->code;
    return err_if(err, buf_puts(t.b, "}}\n", err) || writer_turn(w, err));
}

static int write_descriptions(struct result *r, struct outputs *o, struct err *err)
{
    struct writer *w;

    if (outputs_add(o, &w, err, "variables.jsonl"))
        return err->code;
    for (size_t i = 0; i < r->all.n_groups; i++)
        if (describe(r, w, r->all.group[i], NULL, err))
            return err->code;
    for (size_t i = 0; i < r->all.n; i++)
        if (describe(r, w, r->all.v[i].group, &r->all.v[i], err))
            return err->code;
    return writer_finish(w, err);
}

int export_sections(struct result *r, struct outputs *o,
                    int (*write)(struct result *r, const struct section *g, struct outputs *o,
                                 struct err *err),
                    struct err *err)
{
    struct section g = {0};

    for (; g.first < r->all.n; g.first = g.end) {
        while (g.end < r->all.n && str_eq(r->all.v[g.end].group, r->all.v[g.first].group))
            g.end++;
        if (write(r, &g, o, err))
            return err->code;
    }
    return write_descriptions(r, o, err);
}
