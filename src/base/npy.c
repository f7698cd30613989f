#include "base/npy.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NPY_MAX = 1 << 28,
    MAGIC = 6,
    PREFIX = 10, /* bytes before the dictionary: magic, version, its length */
    ALIGN = 64   /* the data begin at a multiple of it */
};

static const char magic[MAGIC + 1] = "\x93NUMPY";

/* The text after `key` in the header's dictionary; NULL if it has none. */
static const char *value_of(const char *header, const char *key)
{
    const char *at = strstr(header, key);

    return at ? at + strlen(key) + strspn(at + strlen(key), ": ") : NULL;
}

/* "(576,)" or "(30, 576)" */
static int take_shape(struct npy *out, const char *s)
{
    out->rank = 0;
    out->size[1] = 1;
    for (s++; *s >= '0' && *s <= '9' && out->rank < 2;) {
        char *end;

        out->size[out->rank++] = (size_t)strtoull(s, &end, 10);
        s = end + strspn(end, ", ");
    }
    return *s == ')' && out->rank ? 0 : -1;
}

static const char *parse_header(struct npy *out, struct cursor *c, bool *wide, struct arena *a,
                                struct err *err)
{
    const char *begin = cursor_take(c, MAGIC), *shape, *type, *header;
    unsigned major = cursor_u8(c);
    size_t n;

    cursor_u8(c);
    n = major == 1 ? cursor_u16(c) : cursor_u32(c);
    header = cursor_take(c, n);
    if (!begin || memcmp(begin, magic, MAGIC) != 0 || !header)
        return "it is not a .npy file";
    header = arena_strndup(a, header, n, err);
    if (!header)
        return "";
    type = value_of(header, "'descr'");
    shape = value_of(header, "'shape'");
    if (!type || !shape || *shape != '(' || !strstr(header, "'fortran_order': False"))
        return "expected an array in C order";
    if (strncmp(type, "'<f4'", 5) != 0 && strncmp(type, "'<f8'", 5) != 0)
        return "expected float32 or float64";
    *wide = type[3] == '8';
    return take_shape(out, shape) ? "expected one or two dimensions" : NULL;
}

static const char *parse(struct npy *out, struct cursor *c, struct arena *a, struct err *err)
{
    bool wide = false;
    const char *wrong = parse_header(out, c, &wide, a, err);
    const unsigned char *from;
    size_t n;

    if (wrong)
        return wrong;
    if (out->size[0] > NPY_MAX || out->size[1] > NPY_MAX)
        return "it is too large";
    n = out->size[0] * out->size[1];
    from = cursor_take(c, n * (wide ? 8 : 4));
    if (!from || c->pos != c->size)
        return "its length is not that of its shape";
    out->v = arena_alloc(a, n, sizeof *out->v, err);
    for (size_t i = 0; out->v && i < n; i++) {
        double d;

        memcpy(wide ? (void *)&d : (void *)&out->v[i], from + i * (wide ? 8 : 4), wide ? 8 : 4);
        if (wide)
            out->v[i] = (float)d;
        if (!isfinite(out->v[i]))
            return "it holds numbers that are not finite";
    }
    return out->v ? NULL : "";
}

int npy_read(struct npy *out, const char *path, struct arena *a, struct err *err)
{
    struct buf file = {0};
    struct cursor c;
    const char *wrong;

    if (!file_read(&file, path, NPY_MAX, err)) {
        c = (struct cursor){(const unsigned char *)file.data, file.len, 0, 0};
        wrong = parse(out, &c, a, err);
        if (wrong && !err->code)
            err_set(err, ERR_CONFIG, "%s: %s", path, wrong);
    }
    buf_release(&file);
    return err->code;
}

/* As NumPy writes a tuple: (), (3,), (3, 4). */
static int put_shape(struct buf *b, const size_t *size, size_t rank, struct err *err)
{
    int code = buf_puts(b, "(", err);

    for (size_t i = 0; i < rank && !code; i++)
        code = buf_printf(b, err, i ? ", %zu" : "%zu", size[i]);
    return code ? code : buf_puts(b, rank == 1 ? ",)" : ")", err);
}

int npy_put_header(struct buf *b, const char *type, const size_t *size, size_t rank,
                   struct err *err)
{
    struct buf d = {0};
    size_t pad, length;
    int code;

    code = buf_printf(&d, err, "{'descr': '%s', 'fortran_order': False, 'shape': ", type) ||
           put_shape(&d, size, rank, err) || buf_puts(&d, ", }", err);
    pad = (ALIGN - (PREFIX + d.len + 1) % ALIGN) % ALIGN;
    length = d.len + pad + 1;
    if (!code)
        code = buf_put(b, magic, MAGIC, err) ||
               buf_put(b, (char[]){1, 0, (char)(length & 0xff), (char)(length >> 8)}, 4, err) ||
               buf_put(b, d.data, d.len, err) || buf_printf(b, err, "%*s\n", (int)pad, "");
    buf_release(&d);
    return err_if(err, code);
}

int npy_write(const char *path, const float *v, const size_t *size, size_t rank, struct err *err)
{
    struct buf b = {0};
    size_t n = 1;
    int code;

    for (size_t i = 0; i < rank; i++)
        n *= size[i];
    code = npy_put_header(&b, "<f4", size, rank, err) || buf_put(&b, v, n * sizeof *v, err) ||
           file_replace(path, b.data, b.len, err);
    buf_release(&b);
    return err_if(err, code);
}
