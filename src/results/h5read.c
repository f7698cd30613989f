#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "results/h5private.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_DEPTH = 16 }; /* a file that links a group into itself must not recurse for ever */

char *h5_find(struct arena *a, const char *path, struct err *err)
{
    char *whole, *partial;

    if (!file_is_dir(path))
        return arena_strdup(a, path, err);
    whole = file_join(a, path, "result.h5", err);
    if (!whole || file_exists(whole))
        return whole;
    partial = file_join(a, path, "partial.h5", err);
    return !partial || file_exists(partial) ? partial : whole;
}

int h5_open(struct h5file **f, const char *path, struct err *err)
{
    struct h5file *new = h5_new(path, NULL, err);
    hid_t access;

    *f = NULL;
    if (!new)
        return err->code;
    access = h5_access();
    new->id = H5Fopen(path, H5F_ACC_RDONLY, access);
    if (new->id < 0)
        h5_fail(err, "open result file", path);
    H5Pclose(access);
    if (new->id < 0) {
        h5_delete(new);
        return err->code;
    }
    *f = new;
    return 0;
}

void h5_close(struct h5file *f)
{
    if (!f)
        return;
    H5Fclose(f->id);
    H5Eclear2(H5E_DEFAULT);
    h5_delete(f);
}

/* What a variable is ----------------------------------------------------------------------- */

/* -1 for a type that is none of ours. */
static int type_of(hid_t type)
{
    size_t size = H5Tget_size(type);

    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        return size == 1 ? V_I1 : size <= 4 ? V_I4 : V_I8;
    case H5T_FLOAT:
        return size <= 4 ? V_F32 : V_F64;
    case H5T_STRING:
        return V_STR;
    default:
        return -1;
    }
}

struct scale_name {
    struct arena *arena;
    struct err *err;
    const char *name;
    bool failed;
};

static herr_t take_scale_name(hid_t var, unsigned dim, hid_t scale, void *ctx)
{
    struct scale_name *s = ctx;
    char path[512];
    const char *base;

    (void)var;
    (void)dim;
    if (H5Iget_name(scale, path, sizeof path) <= 0)
        return 0;
    base = strrchr(path, '/');
    s->name = arena_strdup(s->arena, base ? base + 1 : path, s->err);
    s->failed = !s->name;
    return s->failed ? -1 : 1;
}

/* The name of dimension i of var: its scale's, its own where it is one, "" without a scale. */
static const char *dim_name(struct h5file *f, hid_t var, unsigned i, const char *name,
                            struct err *err)
{
    struct scale_name s = {&f->arena, err, NULL, false};

    if (H5DSis_scale(var) > 0)
        return name;
    H5DSiterate_scales(var, i, NULL, take_scale_name, &s);
    if (s.failed)
        return NULL;
    return s.name ? s.name : "";
}

/* Fills info; *known is false for a variable that is none of ours (compound, too many dims). */
static int describe(struct h5file *f, hid_t var, const char *group, const char *name,
                    struct h5info *info, bool *known, struct err *err)
{
    hid_t type = H5Dget_type(var), space = H5Dget_space(var);
    hsize_t size[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(space, size, NULL), kind = type_of(type), code = 0;

    memset(info, 0, sizeof *info);
    *known = kind >= 0 && rank >= 0 && rank <= DIMS_MAX;
    info->group = arena_strdup(&f->arena, group, err);
    info->name = arena_strdup(&f->arena, name, err);
    if (!info->group || !info->name)
        code = err->code;
    if (*known) {
        info->type = (enum vtype)kind;
        info->rank = (size_t)rank;
    }
    for (unsigned i = 0; i < info->rank && !code; i++) {
        info->size[i] = (size_t)size[i];
        info->dim[i] = dim_name(f, var, i, info->name, err);
        if (!info->dim[i])
            code = err->code;
    }
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return code;
}

/* Visiting --------------------------------------------------------------------------------- */

struct visit {
    struct h5file *file;
    int (*use)(void *ctx, const struct h5info *v, struct err *err); /* may be NULL */
    int (*enter)(void *ctx, const char *group, struct err *err);    /* may be NULL */
    void *ctx;
    struct err *err;
    const char *group;
    int depth, code;
};

static int visit_group(struct visit *v, hid_t parent, const char *name);

static int visit_variable(struct visit *v, hid_t var, const char *name)
{
    struct h5info info;
    bool known;

    if (!v->use)
        return 0;
    if (describe(v->file, var, v->group, name, &info, &known, v->err))
        return v->err->code;
    return known ? v->use(v->ctx, &info, v->err) : 0;
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *link, void *ctx)
{
    struct visit *v = ctx;
    hid_t object;

    if (link->type != H5L_TYPE_HARD)
        return 0;
    object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0)
        v->code = h5_fail(v->err, "open", name);
    else if (H5Iget_type(object) == H5I_DATASET)
        v->code = visit_variable(v, object, name);
    else if (H5Iget_type(object) == H5I_GROUP)
        v->code = visit_group(v, object, name);
    if (object >= 0)
        H5Oclose(object);
    return v->code ? -1 : 0;
}

static int visit_group(struct visit *v, hid_t group, const char *name)
{
    const char *outer = v->group;
    hsize_t at = 0;

    if (++v->depth > GROUP_DEPTH)
        return err_set(v->err, ERR_IO, "%s: groups are nested more than %d deep", v->file->path,
                       GROUP_DEPTH);
    v->group = arena_printf(&v->file->arena, v->err, *outer ? "%s/%s" : "%s%s", outer, name);
    if (!v->group)
        return v->err->code;
    if (v->enter)
        v->code = v->enter(v->ctx, v->group, v->err);
    if (!v->code && H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &at, visit_link, v) < 0 &&
        !v->code)
        v->code = h5_fail(v->err, "list group", v->group);
    v->group = outer;
    v->depth--;
    return v->code;
}

static int visit_file(struct visit *v)
{
    hid_t root = H5Gopen2(v->file->id, "/", H5P_DEFAULT);
    int code;

    if (root < 0)
        return h5_fail(v->err, "read", v->file->path);
    code = visit_group(v, root, "");
    H5Gclose(root);
    return code;
}

int h5_each(struct h5file *f, int (*use)(void *ctx, const struct h5info *v, struct err *err),
            void *ctx, struct err *err)
{
    struct visit v = {.file = f, .use = use, .ctx = ctx, .err = err, .group = ""};

    return visit_file(&v);
}

int h5_each_group(struct h5file *f, int (*use)(void *ctx, const char *group, struct err *err),
                  void *ctx, struct err *err)
{
    struct visit v = {.file = f, .enter = use, .ctx = ctx, .err = err, .group = ""};

    return visit_file(&v);
}

/* Reading ---------------------------------------------------------------------------------- */

/* Opens a variable and checks that it holds strings or numbers as `strings` says; *n elements. */
static int open_var(struct h5file *f, const char *group, const char *name, bool strings, hid_t *var,
                    struct h5info *info, size_t *n, struct err *err)
{
    char *path = arena_printf(&f->arena, err, "/%s%s%s", group, *group ? "/" : "", name);
    bool known;

    *n = 1;
    if (!path)
        return err->code;
    *var = H5Dopen2(f->id, path, H5P_DEFAULT);
    if (*var < 0) {
        H5Eclear2(H5E_DEFAULT);
        return err_set(err, ERR_IO, "%s has no variable %s", f->path, path);
    }
    if (describe(f, *var, group, name, info, &known, err))
        goto out;
    if (!known || (info->type == V_STR) != strings) {
        err_set(err, ERR_IO, "%s: %s holds no %s", f->path, path, strings ? "text" : "numbers");
        goto out;
    }
    for (size_t i = 0; i < info->rank; i++) {
        if (info->size[i] && *n > SIZE_MAX / sizeof(double) / info->size[i]) {
            err_set(err, ERR_IO, "%s: %s is too large", f->path, path);
            goto out;
        }
        *n *= info->size[i];
    }
    return 0;
out:
    H5Dclose(*var);
    return err->code;
}

int h5_read_f64(struct h5file *f, const char *group, const char *var, double **data,
                struct h5info *info, struct err *err)
{
    double *v;
    size_t n;
    hid_t id;

    *data = NULL;
    if (open_var(f, group, var, false, &id, info, &n, err))
        return err->code;
    v = mem_alloc(n, sizeof *v, err);
    if (v && n && H5Dread(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0) {
        h5_fail(err, "read variable", var);
        err_wrap(err, "%s: %s", f->path, group);
        mem_free(v);
        v = NULL;
    }
    H5Dclose(id);
    *data = v;
    return v ? 0 : err->code;
}

/* The variable may have another shape by now than v says: the selection is checked by HDF5. */
static int read_slab(hid_t var, const struct h5info *v, hid_t type, size_t first, size_t count,
                     void *data)
{
    hsize_t start[DIMS_MAX] = {first}, size[DIMS_MAX] = {count};
    hid_t space = H5S_ALL, memory = H5S_ALL;
    int code = 0;

    for (size_t i = 1; i < v->rank; i++)
        size[i] = v->size[i];
    if (v->rank) {
        space = H5Dget_space(var);
        memory = H5Screate_simple((int)v->rank, size, NULL);
        if (space < 0 || memory < 0 || H5Sget_simple_extent_ndims(space) != (int)v->rank ||
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, size, NULL) < 0)
            code = -1;
    }
    if (!code && H5Dread(var, type, memory, space, H5P_DEFAULT, data) < 0)
        code = -1;
    if (memory > 0)
        H5Sclose(memory);
    if (space > 0)
        H5Sclose(space);
    return code;
}

int h5_read_part(struct h5file *f, const struct h5info *v, enum vtype type, size_t first,
                 size_t count, void *data, struct err *err)
{
    hid_t group = H5Gopen2(f->id, *v->group ? v->group : "/", H5P_DEFAULT), var = -1;

    if (group >= 0)
        var = H5Dopen2(group, v->name, H5P_DEFAULT);
    if (var < 0 || read_slab(var, v, h5_memory(type), first, count, data)) {
        h5_fail(err, "read variable", v->name);
        err_wrap(err, "%s: %s", f->path, v->group);
    }
    if (var >= 0)
        H5Dclose(var);
    if (group >= 0)
        H5Gclose(group);
    return err->code;
}

/* The pointers and their strings in one block; `raw` may hold NULL for "". */
static char **pack_strings(char *const *raw, size_t n, struct err *err)
{
    size_t bytes = n * sizeof *raw;
    char **out, *text;

    for (size_t i = 0; i < n; i++)
        bytes += raw[i] ? strlen(raw[i]) + 1 : 1;
    out = mem_alloc(bytes, 1, err);
    if (!out)
        return NULL;
    text = (char *)out + n * sizeof *raw;
    for (size_t i = 0; i < n; i++) {
        size_t len = raw[i] ? strlen(raw[i]) : 0;

        out[i] = text;
        if (len)
            memcpy(text, raw[i], len);
        text += len + 1;
    }
    return out;
}

static char **read_strings(hid_t id, const char *name, size_t n, struct err *err)
{
    char **raw = mem_alloc(n, sizeof *raw, err), **out = NULL;
    hid_t type, space;

    if (!raw)
        return NULL;
    type = h5_string_type();
    space = H5Dget_space(id);
    if (n == 0 || H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0)
        out = pack_strings(raw, n, err);
    else
        h5_fail(err, "read variable", name);
    if (n)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    H5Sclose(space);
    H5Tclose(type);
    mem_free(raw);
    return out;
}

int h5_read_str(struct h5file *f, const char *group, const char *var, char ***data,
                struct h5info *info, struct err *err)
{
    hid_t id, type;
    size_t n;

    *data = NULL;
    if (open_var(f, group, var, true, &id, info, &n, err))
        return err->code;
    type = H5Dget_type(id);
    if (H5Tis_variable_str(type) > 0)
        *data = read_strings(id, var, n, err);
    else
        err_set(err, ERR_IO, "%s holds text of a fixed length, expected variable", var);
    H5Tclose(type);
    H5Dclose(id);
    return *data ? 0 : err_wrap(err, "%s: %s", f->path, group);
}

/* Attributes ------------------------------------------------------------------------------- */

static char *copy_text(const char *s, size_t n, struct err *err)
{
    char *p = mem_alloc(n + 1, 1, err);

    if (p)
        memcpy(p, s, n);
    return p;
}

static char *attr_text(hid_t a, hid_t type, struct err *err)
{
    hid_t memory = H5Tcopy(type);
    size_t size = H5Tget_size(type);
    char *s = NULL, *out = NULL;

    if (H5Tis_variable_str(type) > 0) {
        if (H5Aread(a, memory, &s) < 0)
            h5_fail(err, "read", "attribute");
        else
            out = copy_text(s ? s : "", s ? strlen(s) : 0, err);
        H5free_memory(s);
    } else {
        out = mem_alloc(size + 1, 1, err);
        if (out && H5Aread(a, memory, out) < 0) {
            h5_fail(err, "read", "attribute");
            mem_free(out);
            out = NULL;
        }
    }
    H5Tclose(memory);
    return out;
}

static char *attr_number(hid_t a, hid_t type, struct err *err)
{
    bool whole = H5Tget_class(type) == H5T_INTEGER;
    struct buf b = {0};
    int64_t i = 0;
    double x = 0;
    char *out = NULL;

    if (H5Aread(a, whole ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, whole ? (void *)&i : &x) < 0)
        h5_fail(err, "read", "attribute");
    else if (whole ? buf_printf(&b, err, "%" PRId64, i) == 0 : buf_printf(&b, err, "%.17g", x) == 0)
        out = copy_text(b.data, b.len, err);
    buf_release(&b);
    return out;
}

/* One string or one number; anything else is taken for absent. */
static int read_attr(hid_t object, const char *name, char **value, enum vtype *type_is,
                     struct err *err)
{
    hid_t a = H5Aopen(object, name, H5P_DEFAULT), type, space;
    int kind, code = 0;

    if (a < 0)
        return h5_fail(err, "open attribute", name);
    type = H5Aget_type(a);
    space = H5Aget_space(a);
    kind = type_of(type);
    if (kind >= 0 && H5Sget_simple_extent_npoints(space) == 1) {
        *type_is = (enum vtype)kind;
        *value = kind == V_STR ? attr_text(a, type, err) : attr_number(a, type, err);
        if (!*value)
            code = err_wrap(err, "%s", name);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(a);
    return code;
}

int h5_read_attr(struct h5file *f, const char *group, const char *name, char **value,
                 struct err *err)
{
    hid_t object = H5Oopen(f->id, *group ? group : "/", H5P_DEFAULT);
    enum vtype type;
    int code = 0;

    *value = NULL;
    if (object < 0) {
        H5Eclear2(H5E_DEFAULT);
        return err_set(err, ERR_IO, "%s has no group %s", f->path, group);
    }
    if (H5Aexists(object, name) > 0) {
        code = read_attr(object, name, value, &type, err);
        if (code)
            err_wrap(err, "%s: %s", f->path, group);
    }
    H5Oclose(object);
    return code;
}

struct attr_visit {
    int (*use)(void *ctx, const struct h5attr *a, struct err *err);
    void *ctx;
    struct err *err;
};

static herr_t visit_attr(hid_t object, const char *name, const H5A_info_t *info, void *ctx)
{
    struct attr_visit *v = ctx;
    struct h5attr a = {.name = name};
    char *value = NULL;

    (void)info;
    if (!read_attr(object, name, &value, &a.type, v->err) && value) {
        a.value = value;
        v->use(v->ctx, &a, v->err);
    }
    mem_free(value);
    return v->err->code ? -1 : 0;
}

int h5_each_attr(struct h5file *f, const char *group, const char *var,
                 int (*use)(void *ctx, const struct h5attr *a, struct err *err), void *ctx,
                 struct err *err)
{
    struct attr_visit v = {use, ctx, err};
    char *path =
        arena_printf(&f->arena, err, "/%s%s%s", group, var && *group ? "/" : "", var ? var : "");
    hid_t object;
    hsize_t at = 0;

    if (!path)
        return err->code;
    object = H5Oopen(f->id, path, H5P_DEFAULT);
    if (object < 0) {
        H5Eclear2(H5E_DEFAULT);
        return err_set(err, ERR_IO, "%s has no %s", f->path, path);
    }
    if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &at, visit_attr, &v) < 0 && !err->code)
        h5_fail(err, "read the attributes of", path);
    H5Oclose(object);
    return err->code;
}
