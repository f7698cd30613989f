#include "results/h5visit.h"

#include "base/str.h"
#include "results/h5private.h"

#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

enum { GROUP_DEPTH = 16 }; /* a file that links a group into itself must not recurse for ever */

/* What a variable is ----------------------------------------------------------------------- */

int h5_kind(hid_t type)
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

bool h5_count(const struct h5info *v, size_t from, size_t most, size_t *n)
{
    *n = 1;
    for (size_t i = from; i < v->rank; i++) {
        if (v->size[i] && *n > most / v->size[i])
            return false;
        *n *= v->size[i];
    }
    return true;
}

struct scale_name {
    struct arena *arena;
    struct err *err;
    const char *name;
};

/* A scale's own name; where it has none, the last part of its path, for which HDF5 searches the
   whole file. */
static herr_t take_scale_name(hid_t var, unsigned dim, hid_t scale, void *ctx)
{
    struct scale_name *s = ctx;
    char name[512] = "";
    const char *slash = NULL;
    ssize_t n = H5DSget_scale_name(scale, name, sizeof name);

    (void)var;
    (void)dim;
    if (n == 0) {
        n = H5Iget_name(scale, name, sizeof name);
        slash = n > 0 ? strrchr(name, '/') : NULL;
    }
    if (n < 0)
        return -1;
    s->name = arena_strdup(s->arena, slash ? slash + 1 : name, s->err);
    return s->name ? 1 : -1;
}

/* The name of dimension i of var: its scale's, its own where it is one, "" without a scale. */
static const char *dim_name(struct h5file *f, hid_t var, unsigned i, const char *name,
                            struct err *err)
{
    struct scale_name s = {&f->arena, err, NULL};
    htri_t is_scale = H5DSis_scale(var);

    if (is_scale > 0)
        return name;
    if (is_scale == 0 && H5DSiterate_scales(var, i, NULL, take_scale_name, &s) >= 0)
        return s.name ? s.name : "";
    H5Eclear2(H5E_DEFAULT); /* the dimension scales' functions hide HDF5's reasons */
    if (!err->code)
        err_set(err, ERR_IO, "cannot read the dimensions of %s", name);
    return NULL;
}

int h5_describe(struct h5file *f, hid_t var, const char *group, const char *name,
                struct h5info *info, bool *known, struct err *err)
{
    hid_t type = H5Dget_type(var), space = H5Dget_space(var);
    hsize_t size[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_dims(space, size, NULL), kind = h5_kind(type), code = 0;

    memset(info, 0, sizeof *info);
    *known = kind >= 0 && rank >= 0 && rank <= DIMS_MAX;
    info->group = arena_strdup(&f->arena, group, err);
    info->name = arena_strdup(&f->arena, name, err);
    if (!info->group || !info->name)
        code = err->code;
    else if (type < 0 || space < 0)
        code = h5_fail(err, "read variable", name);
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

/* Names ------------------------------------------------------------------------------------ */

/* They are taken in the file's own order and sorted here: HDF5 1.10 corrupts its memory when it
   cannot read the list that it is asked to sort. */
struct name_list {
    struct arena arena;
    struct err *err;
    char **name;
    size_t n, cap;
};

static herr_t take_name(struct name_list *l, const char *name)
{
    if (arena_grow(&l->arena, &l->name, l->n, &l->cap, sizeof *l->name, l->err))
        return -1;
    l->name[l->n] = arena_strdup(&l->arena, name, l->err);
    return l->name[l->n++] ? 0 : -1;
}

static herr_t take_link(hid_t group, const char *name, const H5L_info_t *link, void *ctx)
{
    (void)group;
    return link->type == H5L_TYPE_HARD ? take_name(ctx, name) : 0;
}

static herr_t take_attr(hid_t object, const char *name, const H5A_info_t *info, void *ctx)
{
    (void)object;
    (void)info;
    return take_name(ctx, name);
}

static int listing_fail(struct name_list *l, const char *what, const char *name)
{
    return l->err->code ? l->err->code : h5_fail(l->err, what, name);
}

static void sort_names(struct name_list *l)
{
    if (l->n)
        qsort(l->name, l->n, sizeof *l->name, str_by_bytes);
}

/* Visiting --------------------------------------------------------------------------------- */

struct visit {
    struct h5file *file;
    int (*enter)(void *ctx, const char *group, struct err *err);
    int (*use)(void *ctx, const struct h5info *v, struct err *err);
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

    if (h5_describe(v->file, var, v->group, name, &info, &known, v->err))
        return v->err->code;
    return known ? v->use(v->ctx, &info, v->err) : 0;
}

static int visit_link(struct visit *v, hid_t group, const char *name)
{
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);

    if (object < 0)
        v->code = h5_fail(v->err, "open", name);
    else if (H5Iget_type(object) == H5I_DATASET)
        v->code = visit_variable(v, object, name);
    else if (H5Iget_type(object) == H5I_GROUP)
        v->code = visit_group(v, object, name);
    if (object >= 0)
        H5Oclose(object);
    return v->code;
}

static int visit_group(struct visit *v, hid_t group, const char *name)
{
    const char *outer = v->group;
    struct name_list l = {.err = v->err};
    hsize_t at = 0;

    if (++v->depth > GROUP_DEPTH)
        return err_set(v->err, ERR_IO, "%s: groups are nested more than %d deep", v->file->path,
                       GROUP_DEPTH);
    v->group = arena_printf(&v->file->arena, v->err, *outer ? "%s/%s" : "%s%s", outer, name);
    if (!v->group)
        return v->err->code;
    v->code = v->enter(v->ctx, v->group, v->err);
    if (!v->code && H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, &at, take_link, &l) < 0)
        v->code = listing_fail(&l, "list group", v->group);
    sort_names(&l);
    for (size_t i = 0; i < l.n && !v->code; i++)
        visit_link(v, group, l.name[i]);
    v->group = outer;
    v->depth--;
    arena_release(&l.arena);
    return v->code;
}

int h5_each(struct h5file *f, int (*enter)(void *ctx, const char *group, struct err *err),
            int (*use)(void *ctx, const struct h5info *v, struct err *err), void *ctx,
            struct err *err)
{
    struct visit v = {.file = f, .enter = enter, .use = use, .ctx = ctx, .err = err, .group = ""};
    hid_t root = H5Gopen2(f->id, "/", H5P_DEFAULT);
    int code;

    if (root < 0)
        return h5_fail(err, "read", f->path);
    code = visit_group(&v, root, "");
    H5Gclose(root);
    return code;
}

/* Attributes ------------------------------------------------------------------------------- */

static int use_attrs(hid_t object, struct name_list *l,
                     int (*use)(void *ctx, const struct h5attr *a, struct err *err), void *ctx,
                     struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < l->n && !code; i++) {
        struct h5attr a = {.name = l->name[i]};

        code = h5_attr_text(object, a.name, &a.value, &a.type, &l->arena, err);
        if (!code && a.value)
            code = use(ctx, &a, err);
    }
    return code;
}

int h5_each_attr(struct h5file *f, const char *group, const char *var,
                 int (*use)(void *ctx, const struct h5attr *a, struct err *err), void *ctx,
                 struct err *err)
{
    struct name_list l = {.err = err, .arena = f->scratch};
    char *path =
        arena_printf(&l.arena, err, "/%s%s%s", group, var && *group ? "/" : "", var ? var : "");
    hid_t object = path ? H5Oopen(f->id, path, H5P_DEFAULT) : H5I_INVALID_HID;
    hsize_t at = 0;
    int code;

    f->scratch = (struct arena){0}; /* `use` may need one of its own */
    if (object < 0)
        code = listing_fail(&l, "open", path);
    else if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, take_attr, &l) < 0)
        code = listing_fail(&l, "list the attributes of", path);
    else {
        sort_names(&l);
        code = use_attrs(object, &l, use, ctx, err);
    }
    if (object >= 0)
        H5Oclose(object);
    arena_release(&f->scratch);
    arena_reset(&l.arena);
    f->scratch = l.arena;
    return code;
}
