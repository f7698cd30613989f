#include "results/h5private.h"

#include "base/writer.h"

#include <hdf5_hl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The walk goes from the innermost call outwards: the first description is kept, one that quotes
   the system's reason is better. */
struct reason {
    char text[256];
    bool from_system;
};

static herr_t keep_reason(unsigned n, const H5E_error2_t *e, void *ctx)
{
    static const char quoted[] = "error message = '";
    struct reason *r = ctx;
    const char *s = e->desc ? strstr(e->desc, quoted) : NULL;

    if (s && !r->from_system) {
        s += sizeof quoted - 1;
        snprintf(r->text, sizeof r->text, "%.*s", (int)strcspn(s, "'"), s);
        r->from_system = true;
    } else if (n == 0 && e->desc) {
        snprintf(r->text, sizeof r->text, "%s", e->desc);
    }
    return 0;
}

int h5_fail(struct err *err, const char *what, const char *name)
{
    struct reason r = {"HDF5 gives no reason", false};

    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_reason, &r);
    H5Eclear2(H5E_DEFAULT);
    return err_set(err, ERR_IO, "cannot %s %s: %s", what, name, r.text);
}

struct h5file *h5_new(const char *path, bool writes, struct err *err)
{
    struct h5file *f = mem_alloc(1, sizeof *f, err);
    static bool begun;

    if (!f)
        return NULL;
    if (!begun) /* files are closed by their owners; broken ones must not be touched at exit */
        H5dont_atexit();
    begun = true;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are values here, nothing is printed */
    f->id = H5I_INVALID_HID;
    f->path = arena_strdup(&f->arena, path, err);
    if (writes)
        f->beside = file_beside(&f->arena, path, err);
    if (f->beside)
        file_sweep_beside(path);
    if (f->path && (f->beside || !writes))
        return f;
    h5_delete(f);
    return NULL;
}

void h5_delete(struct h5file *f)
{
    arena_release(&f->arena);
    arena_release(&f->scratch);
    mem_free(f);
}

/* The 1.8 format can be read by every HDF5 in use, and its object headers carry checksums. No file
   locks: many cluster file systems refuse them, and a file that is renamed when it is complete
   needs none. Closing the file closes everything in it. */
hid_t h5_access(void)
{
    hid_t p = H5Pcreate(H5P_FILE_ACCESS);

    if (p < 0)
        return p;
    H5Pset_libver_bounds(p, H5F_LIBVER_V18, H5F_LIBVER_V18);
    H5Pset_file_locking(p, false, true);
    H5Pset_fclose_degree(p, H5F_CLOSE_STRONG);
    return p;
}

/* UTF-8 of variable length; there is one as long as the process lives. */
static hid_t string_type(void)
{
    static hid_t type = H5I_INVALID_HID;

    if (type < 0) {
        type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, H5T_VARIABLE);
        H5Tset_cset(type, H5T_CSET_UTF8);
    }
    return type;
}

int h5_slab_open(struct h5slab *s, hid_t var, size_t rank, const size_t *size, size_t first,
                 size_t count)
{
    hsize_t start[DIMS_MAX] = {first}, part[DIMS_MAX] = {count};

    *s = (struct h5slab){H5S_ALL, H5S_ALL};
    if (!rank)
        return 0;
    for (size_t i = 1; i < rank; i++)
        part[i] = size[i];
    s->file = H5Dget_space(var);
    s->memory = H5Screate_simple((int)rank, part, NULL);
    return s->file < 0 || s->memory < 0 || H5Sget_simple_extent_ndims(s->file) != (int)rank ||
                   H5Sselect_hyperslab(s->file, H5S_SELECT_SET, start, NULL, part, NULL) < 0
               ? -1
               : 0;
}

void h5_slab_close(struct h5slab *s)
{
    if (s->memory > 0)
        H5Sclose(s->memory);
    if (s->file > 0)
        H5Sclose(s->file);
}

hid_t h5_memory(enum vtype t)
{
    const hid_t types[] = {
        [V_I1] = H5T_NATIVE_INT8,   [V_I4] = H5T_NATIVE_INT32,   [V_I8] = H5T_NATIVE_INT64,
        [V_F32] = H5T_NATIVE_FLOAT, [V_F64] = H5T_NATIVE_DOUBLE, [V_STR] = string_type(),
    };

    return types[t];
}

/* No times, so that equal content is equal bytes; links and attributes in their order of creation,
   as netCDF-4 wants it. */
hid_t h5_creation(hid_t class)
{
    const unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t p = H5Pcreate(class);

    if (p < 0)
        return p;
    H5Pset_obj_track_times(p, false);
    H5Pset_attr_creation_order(p, order);
    if (class != H5P_DATASET_CREATE)
        H5Pset_link_creation_order(p, order);
    return p;
}

/* What a variable is ----------------------------------------------------------------------- */

/* enum vtype; -1 for a type that is none of ours. */
static int kind_of(hid_t type)
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
    int rank = H5Sget_simple_extent_dims(space, size, NULL), kind = kind_of(type), code = 0;

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

/* Attributes ------------------------------------------------------------------------------- */

static const char *attr_text(hid_t a, hid_t type, struct arena *arena, struct err *err)
{
    hid_t memory = H5Tcopy(type);
    char *s = NULL, *out = NULL;

    if (H5Tis_variable_str(type) > 0) {
        if (H5Aread(a, memory, &s) < 0)
            h5_fail(err, "read", "attribute");
        else
            out = arena_strdup(arena, s ? s : "", err);
        H5free_memory(s);
    } else {
        out = arena_alloc(arena, H5Tget_size(type) + 1, 1, err);
        if (out && H5Aread(a, memory, out) < 0) {
            h5_fail(err, "read", "attribute");
            out = NULL;
        }
    }
    H5Tclose(memory);
    return out;
}

static const char *attr_number(hid_t a, hid_t type, struct arena *arena, struct err *err)
{
    bool whole = H5Tget_class(type) == H5T_INTEGER;
    int64_t i = 0;
    double x = 0;

    if (H5Aread(a, whole ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE, whole ? (void *)&i : &x) < 0) {
        h5_fail(err, "read", "attribute");
        return NULL;
    }
    return whole ? arena_printf(arena, err, "%" PRId64, i) : arena_printf(arena, err, "%.17g", x);
}

/* One string or one number; anything else is taken for absent. */
int h5_attr_text(hid_t object, const char *name, const char **value, enum vtype *type_is,
                 struct arena *arena, struct err *err)
{
    hid_t a = H5Aopen(object, name, H5P_DEFAULT), type, space;
    int kind, code = 0;

    if (a < 0)
        return h5_fail(err, "open attribute", name);
    type = H5Aget_type(a);
    space = H5Aget_space(a);
    kind = kind_of(type);
    if (kind >= 0 && H5Sget_simple_extent_npoints(space) == 1) {
        *type_is = (enum vtype)kind;
        *value = kind == V_STR ? attr_text(a, type, arena, err) : attr_number(a, type, arena, err);
        if (!*value)
            code = err_wrap(err, "%s", name);
    }
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(a);
    return code;
}
