#include "results/h5write.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "results/h5private.h"

#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

enum {
    CHUNK_BYTES = 1 << 19, /* a chunk holds about so much ... */
    ENTRY_BYTES = 4 << 20, /* ... or one whole entry, unless that is larger than this */
    SMALL_BYTES = 4096,    /* smaller variables are not compressed, nor such text chunked */
    DEFLATE_LEVEL = 4,
    GROUP_DIMS = 32,  /* bits of h5var.dims */
    STRING_BYTES = 16 /* what a string takes in its dataset; its text lies in the heap */
};

static hid_t file_type(enum vtype t)
{
    const hid_t numbers[] = {
        [V_I1] = H5T_STD_I8LE,    [V_I4] = H5T_STD_I32LE,   [V_I8] = H5T_STD_I64LE,
        [V_F32] = H5T_IEEE_F32LE, [V_F64] = H5T_IEEE_F64LE,
    };

    return t == V_STR ? h5_memory(t) : numbers[t];
}

/* Attributes ------------------------------------------------------------------------------- */

/* An existing attribute of that name is replaced. */
static int put_attr(hid_t object, const char *name, hid_t ftype, hid_t mtype, hid_t space,
                    const void *value, struct err *err)
{
    hid_t a;
    int failed;

    if (H5Aexists(object, name) > 0)
        H5Adelete(object, name);
    a = H5Acreate2(object, name, ftype, space, H5P_DEFAULT, H5P_DEFAULT);
    failed = a < 0 || H5Awrite(a, mtype, value) < 0;
    if (failed)
        h5_fail(err, "write attribute", name);
    if (a >= 0)
        H5Aclose(a);
    return err_if(err, failed);
}

static int put_scalar(hid_t object, const char *name, hid_t ftype, hid_t mtype, const void *value,
                      struct err *err)
{
    hid_t space = H5Screate(H5S_SCALAR);
    int code = put_attr(object, name, ftype, mtype, space, value, err);

    H5Sclose(space);
    return code;
}

/* What is written for s: readers take the file's promise of UTF-8 at its word. */
static const char *clean_text(struct arena *a, const char *s, struct err *err)
{
    if (!s)
        return "";
    return utf8_valid(s, strlen(s)) ? s : utf8_clean(a, s, strlen(s), err);
}

static int put_text(struct h5file *f, hid_t object, const char *name, const char *value,
                    struct err *err)
{
    const hid_t type = h5_memory(V_STR);
    const char *text;

    arena_reset(&f->scratch);
    text = clean_text(&f->scratch, value, err);
    return text ? put_scalar(object, name, type, type, &text, err) : err->code;
}

/* HDF5 1.10 crashes when it closes a file that it could not write to. */
static int noted(struct h5file *f, int code)
{
    f->broken |= code == ERR_IO;
    return code;
}

int h5_attr_str(struct h5group *g, const char *name, const char *value, struct err *err)
{
    return noted(g->file, put_text(g->file, g->id, name, value, err));
}

int h5_attr_f64(struct h5group *g, const char *name, double value, struct err *err)
{
    return noted(g->file, put_scalar(g->id, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value, err));
}

int h5_attr_i64(struct h5group *g, const char *name, int64_t value, struct err *err)
{
    return noted(g->file, put_scalar(g->id, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value, err));
}

/* Datasets --------------------------------------------------------------------------------- */

static const union {
    int8_t i1;
    int32_t i4;
    int64_t i8;
    float f32;
    double f64;
} fill_values[] = {
    [V_I1] = {.i1 = -1},
    [V_I4] = {.i4 = -1},
    [V_I8] = {.i8 = -1},
    [V_F32] = {.f32 = NAN},
    [V_F64] = {.f64 = (double)NAN},
    [V_STR] = {0},
};

/* The shape of a chunk: whole inner dimensions and as many first entries as make CHUNK_BYTES; when
   one entry is huge, the outer dimensions are cut to 1 until the rest fits. Returns its bytes. */
static size_t chunk_shape(size_t rank, const size_t *size, size_t element, hsize_t *chunk)
{
    double inner = (double)element, bytes = (double)element;
    size_t i = 0;

    for (size_t k = 1; k < rank; k++)
        inner *= (double)size[k];
    for (size_t k = 0; k < rank; k++)
        chunk[k] = size[k];
    if (inner <= ENTRY_BYTES) {
        double fit = floor(CHUNK_BYTES / inner);

        if (fit < (double)size[0])
            chunk[0] = fit < 1 ? 1 : (hsize_t)fit;
    } else {
        for (chunk[0] = 1, i = 1; i < rank; i++) {
            inner /= (double)size[i];
            chunk[i] = inner > CHUNK_BYTES ? 1 : (hsize_t)(CHUNK_BYTES / inner);
            if (chunk[i] > size[i])
                chunk[i] = size[i];
            if (inner <= CHUNK_BYTES)
                break;
        }
    }
    for (size_t k = 0; k < rank; k++)
        bytes *= (double)chunk[k];
    return (size_t)bytes;
}

/* Storage of a variable: creation list in *create, access list in *access. */
static int storage(const struct h5var *v, hid_t *create, hid_t *access)
{
    size_t element = v->type == V_STR ? STRING_BYTES : vtype_size(v->type), bytes;
    double total = (double)element;
    hsize_t chunk[DIMS_MAX];
    int bad = 0;

    *create = h5_creation(H5P_DATASET_CREATE);
    *access = H5Pcreate(H5P_DATASET_ACCESS);
    if (*create < 0 || *access < 0)
        return -1;
    if (v->type != V_STR)
        bad |= H5Pset_fill_value(*create, h5_memory(v->type), &fill_values[v->type]) < 0;
    for (size_t i = 0; i < v->rank; i++)
        total *= (double)v->size[i];
    if (v->rank == 0 || total <= 0 || (v->type == V_STR && total < SMALL_BYTES))
        return bad ? -1 : 0;
    bytes = chunk_shape(v->rank, v->size, element, chunk);
    bad |= H5Pset_chunk(*create, (int)v->rank, chunk) < 0;
    if (v->type != V_STR) { /* a string's bytes are in the heap, which no filter reaches */
        if (total >= SMALL_BYTES) {
            bad |= H5Pset_shuffle(*create) < 0;
            bad |= H5Pset_deflate(*create, DEFLATE_LEVEL) < 0;
        }
        bad |= H5Pset_fletcher32(*create) < 0; /* a filter, and filters need chunks */
    }
    /* The chunk that is being filled stays in memory until it is full: it is compressed once. */
    bad |= H5Pset_chunk_cache(*access, 521, 2 * bytes, 1.0) < 0;
    return bad ? -1 : 0;
}

static int make_dataset(struct h5group *g, struct h5var *v, struct err *err)
{
    hid_t create, access, space;
    hsize_t size[DIMS_MAX];
    int bad = storage(v, &create, &access);

    for (size_t i = 0; i < v->rank; i++)
        size[i] = v->size[i];
    space = v->rank ? H5Screate_simple((int)v->rank, size, NULL) : H5Screate(H5S_SCALAR);
    v->id = H5I_INVALID_HID;
    if (!bad)
        v->id = H5Dcreate2(g->id, v->name, file_type(v->type), space, H5P_DEFAULT, create, access);
    if (v->id < 0) {
        h5_fail(err, "make variable", v->name);
        err_wrap(err, "%s", g->name);
    }
    H5Pclose(create);
    H5Pclose(access);
    H5Sclose(space);
    return err_if(err, v->id < 0);
}

static size_t entry_elements(const struct h5var *v)
{
    size_t n = 1;

    for (size_t i = 1; i < v->rank; i++)
        n *= v->size[i];
    return n;
}

/* What is converted passes by in pieces of this size. HDF5's own are 1 MiB, which it clears in each
   call, and most variables are smaller. */
static hid_t transfer_list(void)
{
    enum { PIECE = 32 << 10 };
    hid_t p = H5Pcreate(H5P_DATASET_XFER);

    if (p >= 0)
        H5Pset_buffer(p, PIECE, NULL, NULL);
    return p;
}

static int write_slab(const struct h5var *v, size_t first, size_t count, hid_t mtype,
                      const void *data, struct err *err)
{
    struct h5slab s;
    hid_t transfer = transfer_list();
    bool failed = h5_slab_open(&s, v->id, v->rank, v->size, first, count) ||
                  H5Dwrite(v->id, mtype, s.memory, s.file, transfer, data) < 0;

    if (failed)
        h5_fail(err, "write variable", v->name);
    h5_slab_close(&s);
    H5Pclose(transfer);
    return err_if(err, failed);
}

static int write_strings(const struct h5var *v, size_t first, size_t count, const char *const *data,
                         struct arena *a, struct err *err)
{
    size_t n = count * entry_elements(v);
    const char **text = arena_alloc(a, n, sizeof *text, err);

    if (!text)
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (!(text[i] = clean_text(a, data[i], err)))
            return err->code;
    return write_slab(v, first, count, h5_memory(V_STR), text, err);
}

static int write_var(struct h5file *f, const struct h5var *v, size_t first, size_t count,
                     const void *data, struct err *err)
{
    if (count == 0 || entry_elements(v) == 0)
        return 0;
    if (v->type == V_STR) {
        arena_reset(&f->scratch);
        return write_strings(v, first, count, data, &f->scratch, err);
    }
    return write_slab(v, first, count, h5_memory(v->type), data, err);
}

/* Groups and dimensions -------------------------------------------------------------------- */

/* 0, 1, 2, ... in the dimension's type, V_I4 or V_I8. */
static const void *count_up(struct arena *a, enum vtype type, size_t n, struct err *err)
{
    void *v = arena_alloc(a, n, vtype_size(type), err);

    for (size_t i = 0; v && i < n; i++)
        if (type == V_I8)
            ((int64_t *)v)[i] = (int64_t)i;
        else
            ((int32_t *)v)[i] = (int32_t)i;
    return v;
}

/* A dimension is its coordinate's dataset, marked as a dimension scale. */
static int make_scale(struct h5group *g, const struct dim *d, struct h5scale *s, struct err *err)
{
    enum vtype type = d->coord || d->type == V_I8 ? d->type : V_I4;
    struct h5var v = {.name = d->name, .type = type, .rank = 1, .size = {d->size}};
    const void *coord = d->coord;

    arena_reset(&g->file->scratch);
    if (!coord)
        coord = count_up(&g->file->scratch, type, d->size, err);
    if (!coord || make_dataset(g, &v, err) || write_var(g->file, &v, 0, d->size, coord, err))
        return err->code;
    if (H5DSset_scale(v.id, d->name) < 0)
        return h5_fail(err, "make dimension", d->name);
    if (d->long_name && put_text(g->file, v.id, "long_name", d->long_name, err))
        return err->code;
    s->name = arena_strdup(&g->file->arena, d->name, err);
    s->size = d->size;
    s->id = v.id;
    return s->name ? 0 : err->code;
}

/* Opens or makes the group and those above it; one that is made here has no times either. */
static hid_t open_group(hid_t file, char *name)
{
    hid_t g = H5Gopen2(file, "/", H5P_DEFAULT), create = h5_creation(H5P_GROUP_CREATE);

    for (char *part = name, *end; g >= 0 && *part; part = end) {
        hid_t inner = H5I_INVALID_HID;
        size_t n = strcspn(part, "/");

        end = part + n + (part[n] == '/');
        part[n] = '\0';
        if (n && H5Lexists(g, part, H5P_DEFAULT) > 0)
            inner = H5Gopen2(g, part, H5P_DEFAULT);
        else if (n)
            inner = H5Gcreate2(g, part, H5P_DEFAULT, create, H5P_DEFAULT);
        H5Gclose(g);
        g = inner;
    }
    H5Pclose(create);
    return g;
}

int h5_group(struct h5file *f, const char *name, const struct dim *dims, size_t n_dims,
             struct h5group **g, struct err *err)
{
    struct h5group *new = arena_alloc(&f->arena, 1, sizeof *new, err);
    char *path = arena_strdup(&f->arena, name, err);

    *g = NULL;
    if (n_dims > GROUP_DIMS)
        return err_set(err, ERR_BUG, "%s has more than %d dimensions", name, GROUP_DIMS);
    if (!new || !path)
        return err->code;
    new->name = arena_strdup(&f->arena, *name ? name : "/", err);
    new->dim = arena_alloc(&f->arena, GROUP_DIMS, sizeof *new->dim, err);
    if (!new->name || !new->dim)
        return err->code;
    new->file = f;
    new->last = &new->vars;
    new->id = open_group(f->id, path);
    if (new->id < 0)
        return noted(f, h5_fail(err, "make group", new->name));
    for (; new->n_dims < n_dims; new->n_dims++)
        if (noted(f, make_scale(new, &dims[new->n_dims], &new->dim[new->n_dims], err)))
            return err->code;
    new->next = f->groups;
    f->groups = new;
    *g = new;
    return 0;
}

/* Variables -------------------------------------------------------------------------------- */

static const struct h5scale *find_dim(const struct h5group *g, const char *name, size_t n)
{
    for (size_t i = 0; i < g->n_dims; i++)
        if (strlen(g->dim[i].name) == n && memcmp(g->dim[i].name, name, n) == 0)
            return &g->dim[i];
    return NULL;
}

/* A dimension that the group lacks may be one of the root's, as in netCDF-4. */
static const struct h5scale *inherit_dim(struct h5group *g, const char *name, size_t n)
{
    const struct h5scale *s = NULL;

    for (const struct h5group *o = g->file->groups; o && !s; o = o->next)
        if (str_eq(o->name, "/"))
            s = find_dim(o, name, n);
    if (!s || g->n_dims == GROUP_DIMS)
        return NULL;
    g->dim[g->n_dims] = *s;
    return &g->dim[g->n_dims++];
}

static int take_dim(struct h5group *g, struct h5var *v, const char *name, size_t n, size_t *dim,
                    struct err *err)
{
    const struct h5scale *s = find_dim(g, name, n);

    if (!s)
        s = inherit_dim(g, name, n);
    if (!s)
        return err_set(err, ERR_BUG, "%s: %s has dimension %.*s, which its group does not have",
                       g->name, v->name, (int)n, name);
    if (v->rank == DIMS_MAX)
        return err_set(err, ERR_BUG, "%s: %s has more than %d dimensions", g->name, v->name,
                       DIMS_MAX);
    dim[v->rank] = (size_t)(s - g->dim);
    v->size[v->rank] = s->size;
    v->dims |= 1u << dim[v->rank++];
    return 0;
}

static int put_fill(const struct h5var *v, struct err *err)
{
    hsize_t one = 1;
    hid_t space = H5Screate_simple(1, &one, NULL);
    int code = put_attr(v->id, "_FillValue", file_type(v->type), h5_memory(v->type), space,
                        &fill_values[v->type], err);

    H5Sclose(space);
    return code;
}

/* The coordinates defined so far, all of whose dimensions v has. */
static int put_coordinates(const struct h5group *g, const struct h5var *v, struct err *err)
{
    struct buf names = {0};
    const char *text;
    int code = 0;

    for (const struct h5var *c = g->vars; c && !code; c = c->next)
        if (c->coordinate && (c->dims & ~v->dims) == 0)
            code = buf_printf(&names, err, "%s%s", names.len ? " " : "", c->name);
    if (!code && names.len) {
        text = buf_str(&names, err);
        code = text ? put_text(g->file, v->id, "coordinates", text, err) : err->code;
    }
    buf_release(&names);
    return code;
}

/* A coordinate gets no _FillValue attribute: readers would turn its integers into floats. */
static int describe(struct h5group *g, const struct h5var *v, const struct variable *what,
                    const size_t *dim, struct err *err)
{
    for (size_t i = 0; i < v->rank; i++)
        if (H5DSattach_scale(v->id, g->dim[dim[i]].id, (unsigned)i) < 0)
            return h5_fail(err, "attach dimensions to", v->name);
    if ((what->long_name && put_text(g->file, v->id, "long_name", what->long_name, err)) ||
        (what->units && put_text(g->file, v->id, "units", what->units, err)))
        return err->code;
    if (v->coordinate)
        return 0;
    return err_if(err, (v->type != V_STR && put_fill(v, err)) || put_coordinates(g, v, err));
}

static int define(struct h5group *g, const struct variable *what, bool coordinate, struct err *err)
{
    struct h5var *v = arena_alloc(&g->file->arena, 1, sizeof *v, err);
    size_t dim[DIMS_MAX];
    size_t n;

    if (!v)
        return err->code;
    v->name = arena_strdup(&g->file->arena, what->name, err);
    if (!v->name)
        return err->code;
    v->type = what->type;
    v->coordinate = coordinate;
    for (const char *s = what->dims; *s; s += n + (s[n] == ' ')) {
        n = strcspn(s, " ");
        if (take_dim(g, v, s, n, dim, err))
            return err->code;
    }
    if (make_dataset(g, v, err) || describe(g, v, what, dim, err))
        return err->code;
    *g->last = v;
    g->last = &v->next;
    return 0;
}

int h5_coordinate(struct h5group *g, const struct variable *v, struct err *err)
{
    return noted(g->file, define(g, v, true, err));
}

int h5_define(struct h5group *g, const struct variable *v, struct err *err)
{
    return noted(g->file, define(g, v, false, err));
}

int h5_write(struct h5group *g, const char *var, size_t first, size_t count, const void *data,
             struct err *err)
{
    struct h5var *v = g->vars;
    size_t n;

    while (v && !str_eq(v->name, var))
        v = v->next;
    if (!v)
        return err_set(err, ERR_BUG, "%s has no variable %s", g->name, var);
    n = v->rank ? v->size[0] : 1;
    if (first > n || count > n - first)
        return err_set(err, ERR_BUG, "%s: %s has %zu entries, not %zu + %zu", g->name, var, n,
                       first, count);
    if (noted(g->file, write_var(g->file, v, first, count, data, err)))
        return err_wrap(err, "%s: %s", g->file->path, g->name);
    return 0;
}

/* Those before a complete group in the list, which begins with the newest, were made after it. */
int h5_complete(struct h5file *f, struct err *err)
{
    for (struct h5group *g = f->groups; g && !g->complete; g = g->next) {
        for (struct h5var *v = g->vars; v; v = v->next)
            if (H5Dclose(v->id) < 0)
                return noted(f, h5_fail(err, "write variable", v->name));
        g->vars = NULL;
        g->last = &g->vars;
        g->complete = true;
    }
    return 0;
}
