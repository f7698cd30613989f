/*
 * NumPy: an archive for each group, an array for each variable, with its name, type and shape. Text
 * is an array of unicode strings, as wide as the longest, so nothing needs pickle.
 */
#include "base/mem.h"
#include "base/npy.h"
#include "base/str.h"
#include "base/utf8.h"
#include "report/export/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 1 << 16 };

/* Below 4 GiB by more than deflate can add to what does not shrink. */
static const uint64_t ZIP_LIMIT = 0xff000000;

struct array {
    struct column column;
    size_t width;   /* bytes of an element; code points x 4 for text */
    struct buf out; /* bytes of the array that are due */
};

/* Text ------------------------------------------------------------------------------------- */

static int put_text(struct array *a, const char *s, struct err *err)
{
    size_t left = strlen(s), n, end = a->out.len + a->width;
    int32_t c;

    for (; left; s += n, left -= n) {
        n = utf8_next(s, left, &c);
        if (buf_u32(&a->out, c < 0 ? 0xfffd : (uint32_t)c, err))
            return err->code;
    }
    while (a->out.len < end)
        if (buf_u32(&a->out, 0, err))
            return err->code;
    return 0;
}

/* Arrays ----------------------------------------------------------------------------------- */

static size_t width_of(const struct column *c)
{
    size_t longest = 1; /* NumPy makes one of the type that has no room */

    if (c->info.type != V_STR)
        return vtype_size(c->info.type);
    for (size_t i = 0; i < c->n * c->entry; i++) {
        size_t n = utf8_length(c->strings[i]);

        longest = n > longest ? n : longest;
    }
    return 4 * longest;
}

static int put_header(const struct array *a, struct buf *b, struct err *err)
{
    static const char *const types[] = {"|i1", "<i4", "<i8", "<f4", "<f8"};
    const struct h5info *v = &a->column.info;
    char text[24];

    snprintf(text, sizeof text, "<U%zu", a->width / 4);
    return npy_put_header(b, v->type == V_STR ? text : types[v->type], v->size, v->rank, err);
}

static int put_element(struct array *a, size_t k, struct err *err)
{
    const struct column *c = &a->column;
    uint64_t v;
    uint32_t bits;
    float single;

    if (c->text)
        return put_text(a, c->text[k], err);
    if (c->info.type == V_F64)
        return buf_f64(&a->out, c->f[k], err);
    if (c->info.type == V_F32) {
        single = (float)c->f[k];
        memcpy(&bits, &single, sizeof bits);
        return buf_u32(&a->out, bits, err);
    }
    v = (uint64_t)c->whole[k];
    if (c->info.type == V_I8)
        return buf_u64(&a->out, v, err);
    if (c->info.type == V_I4)
        return buf_u32(&a->out, (uint32_t)v, err);
    return buf_put(&a->out, &(char){(char)v}, 1, err);
}

static int write_data(struct array *a, struct zip *z, struct err *err)
{
    for (size_t i = 0; i < a->column.n; i++) {
        if (column_seek(&a->column, i, err))
            return err->code;
        for (size_t k = 0; k < a->column.entry; k++) {
            if (put_element(a, k, err))
                return err->code;
            if (a->out.len < PIECE)
                continue;
            if (zip_put(z, a->out.data, a->out.len, err))
                return err->code;
            buf_clear(&a->out);
        }
    }
    return zip_put(z, a->out.data, a->out.len, err);
}

static int write_array(struct source *s, struct zip *z, const struct h5info *v, struct err *err)
{
    char *name = arena_printf(&s->arena, err, "%s.npy", v->name);
    struct array a = {0};
    uint64_t size;
    int code = !name || column_open(&a.column, s->file, v, err);

    if (!code) {
        a.width = width_of(&a.column);
        code = put_header(&a, &a.out, err);
    }
    if (!code) {
        size = a.out.len + (uint64_t)a.column.n * a.column.entry * a.width;
        code = zip_begin(z, name, size, err) || write_data(&a, z, err) || zip_end(z, err);
    }
    column_close(&a.column);
    buf_release(&a.out);
    return code ? err->code : 0;
}

static int write_section(struct source *s, const struct section *g, struct outputs *o,
                         struct err *err)
{
    const char *group = s->all.v[g->first].group;
    const char *name = export_name(s, *group ? group : "root", "", err);
    struct zip *z = NULL;
    struct writer *w;
    int code;

    code = !name || outputs_add(o, &w, err, "%s.npz", name) || zip_open(&z, w, ZIP_LIMIT, err);
    for (size_t i = g->first; i < g->end && !code; i++)
        code = write_array(s, z, &s->all.v[i], err);
    if (!code)
        code = zip_finish(z, err) || writer_finish(w, err);
    zip_close(z);
    return code ? err->code : 0;
}

int export_npz(struct h5file *f, struct outputs *o, struct err *err)
{
    return export_sections(f, o, write_section, err);
}
