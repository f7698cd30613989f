#include "results/h5visit.h"

#include "base/str.h"
#include "results/h5private.h"

#include <hdf5_hl.h>
#include <stdlib.h>

enum { GROUP_DEPTH = 16 }; /* a file that links a group into itself must not recurse for ever */

/* What a variable is ----------------------------------------------------------------------- */

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
        return err_set(v->err, ERR_IO, "groups are nested more than %d deep", GROUP_DEPTH);
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
        return h5_fail(err, "read", "the groups");
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
