#include "results/h5read.h"

#include "base/file.h"
#include "base/outdir.h"
#include "results/column.h"
#include "results/h5private.h"
#include "results/probe.h"
#include "results/seal.h"

#include <hdf5_hl.h>
#include <stdint.h>
#include <string.h>

/* The first folder in `path`, by name, that has a result; NULL = none. */
static const char *folder_with_result(struct arena *a, const char *path, struct err *err)
{
    char **name;
    size_t n = 0;

    if (file_list(path, a, &name, &n, err))
        return NULL;
    for (size_t i = 0; i < n && !err->code; i++) {
        const char *folder = file_join(a, path, name[i], err);
        const char *file = folder ? file_join(a, folder, OUTDIR_RESULT, err) : NULL;

        if (file && file_exists(file))
            return folder;
    }
    return NULL;
}

/* What the folder is, if it does not hold a result, and what to do. */
static int no_result(struct arena *a, const char *path, struct err *err)
{
    const char *config = file_join(a, path, OUTDIR_CONFIG, err);
    const char *curated = config ? file_join(a, path, OUTDIR_ATTEMPTS, err) : NULL;
    const char *below = curated ? folder_with_result(a, path, err) : NULL;

    if (err->code)
        return err->code;
    if (below)
        return err_set(err, ERR_IO, "%s has no result.h5, but %s does: name that folder", path,
                       below);
    if (file_exists(curated))
        return err_set(err, ERR_IO,
                       "%s has no result.h5: it is the output of lensweep curate, data for a run",
                       path);
    if (file_exists(config))
        return err_set(err, ERR_IO,
                       "%s has no result.h5 yet: the same lensweep run again goes on to its end; "
                       "lensweep collect --partial makes a result of what is there",
                       path);
    return err_set(err, ERR_IO,
                   "%s has no result.h5: expected a result file, or the folder of a run", path);
}

char *h5_find(struct arena *a, const char *path, struct err *err)
{
    char *whole, *partial;

    if (!file_is_dir(path))
        return arena_strdup(a, path, err);
    whole = file_join(a, path, OUTDIR_RESULT, err);
    if (!whole || file_exists(whole))
        return whole;
    partial = file_join(a, path, OUTDIR_PARTIAL, err);
    if (!partial || file_exists(partial))
        return partial;
    no_result(a, path, err);
    return NULL;
}

/* Whatever else it is: HDF5 only says that it did not find its signature. */
static int check_kind(const char *path, struct err *err)
{
    char start[5];

    if (file_start(path, start, sizeof start) && strncmp(start, "\211HDF", 4) != 0)
        return err_set(err, ERR_IO,
                       "%s is not a result file: expected a result.h5, or the folder of a run",
                       path);
    return 0;
}

static int open_file(struct h5file **f, const char *path, struct err *err)
{
    struct h5file *new = h5_new(path, false, err);
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

/* Everything, once --------------------------------------------------------------------------- */

static int take_attribute(void *ctx, const struct h5attr *a, struct err *err)
{
    (void)ctx, (void)a, (void)err;
    return 0;
}

static int read_values(struct h5file *f, const struct h5info *v, struct err *err)
{
    struct column c;

    column_open(&c, f, v, err);
    for (size_t i = 0; i < c.n && !err->code; i++)
        column_seek(&c, i, err);
    column_close(&c);
    return err->code;
}

static int read_variable(void *ctx, const struct h5info *v, struct err *err)
{
    struct h5file *f = ctx;

    return err_if(err, h5_each_attr(f, v->group, v->name, take_attribute, NULL, err) ||
                           read_values(f, v, err));
}

static int read_group(void *ctx, const char *group, struct err *err)
{
    return h5_each_attr(ctx, group, NULL, take_attribute, NULL, err);
}

static int read_everything(const char *path, struct err *err)
{
    struct h5file *f;
    int code;

    if (open_file(&f, path, err))
        return err->code;
    code = h5_each(f, read_group, read_variable, f, err);
    h5_close(f);
    return code ? err_place(err, "%s", path) : 0;
}

static void (*tell_unsealed)(const char *path);

void h5_on_unsealed(void (*tell)(const char *path))
{
    tell_unsealed = tell;
}

int h5_open(struct h5file **f, const char *path, struct err *err)
{
    bool sealed;

    *f = NULL;
    if (seal_check(path, &sealed, err) ||
        (!sealed && (check_kind(path, err) || probe_file(path, read_everything, err))))
        return err->code;
    if (!sealed && tell_unsealed)
        tell_unsealed(path);
    return open_file(f, path, err);
}

void h5_close(struct h5file *f)
{
    if (!f)
        return;
    H5Fclose(f->id);
    H5Eclear2(H5E_DEFAULT);
    h5_delete(f);
}

/* Reading ---------------------------------------------------------------------------------- */

/* What could not be opened is not there, or cannot be read: a bad block is not a missing name. */
static int not_opened(struct h5file *f, const char *path, struct err *err)
{
    h5_fail(err, "open", path);
    if (H5LTpath_valid(f->id, path, false) == 0)
        err_set(err, ERR_IO, "the file has no group %s", path);
    H5Eclear2(H5E_DEFAULT);
    return err_place(err, "%s", f->path);
}

/* The variable may have another shape by now than v says: the selection is checked by HDF5. */
static int read_slab(hid_t var, const struct h5info *v, hid_t type, size_t first, size_t count,
                     void *data, struct err *err)
{
    struct h5slab s;
    int code = h5_slab_open(&s, var, v->rank, v->size, first, count);

    if (!code && H5Dread(var, type, s.memory, s.file, H5P_DEFAULT, data) < 0)
        code = -1;
    if (code) /* at once: the next call forgets the reason */
        h5_fail(err, "read variable", v->name);
    h5_slab_close(&s);
    return code;
}

static hid_t open_var(struct h5file *f, const struct h5info *v, struct err *err)
{
    hid_t group = H5Gopen2(f->id, *v->group ? v->group : "/", H5P_DEFAULT), var = -1;

    if (group >= 0)
        var = H5Dopen2(group, v->name, H5P_DEFAULT);
    if (var < 0)
        h5_fail(err, "read variable", v->name);
    if (group >= 0)
        H5Gclose(group);
    return var;
}

int h5_read_part(struct h5file *f, const struct h5info *v, enum vtype type, size_t first,
                 size_t count, void *data, struct err *err)
{
    hid_t var = open_var(f, v, err);

    if (var < 0 || read_slab(var, v, h5_memory(type), first, count, data, err))
        err_place(err, "%s: %s", f->path, v->group);
    if (var >= 0)
        H5Dclose(var);
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

static char **read_strings(hid_t id, hid_t is, const struct h5info *v, struct err *err)
{
    char **raw, **out = NULL;
    hid_t type = h5_memory(V_STR), space;
    size_t n;

    if (H5Tis_variable_str(is) <= 0)
        return err_set(err, ERR_IO, "%s contains text of a fixed length, expected variable",
                       v->name),
               NULL;
    if (!h5_count(v, 0, SIZE_MAX / sizeof *raw, &n))
        return err_set(err, ERR_IO, "%s is too large", v->name), NULL;
    raw = mem_alloc(n, sizeof *raw, err);
    if (!raw)
        return NULL;
    space = H5Dget_space(id);
    if (H5Sget_simple_extent_npoints(space) > (hssize_t)n) { /* as of read_slab */
        err_set(err, ERR_IO, "%s is larger than it was", v->name);
        n = 0;
    } else if (n == 0 || H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0)
        out = pack_strings(raw, n, err);
    else
        h5_fail(err, "read variable", v->name);
    if (n)
        H5Dvlen_reclaim(type, space, H5P_DEFAULT, raw);
    H5Sclose(space);
    mem_free(raw);
    return out;
}

int h5_read_str(struct h5file *f, const struct h5info *v, char ***data, struct err *err)
{
    hid_t id = open_var(f, v, err), type;

    *data = NULL;
    if (id >= 0) {
        type = H5Dget_type(id);
        *data = read_strings(id, type, v, err);
        H5Tclose(type);
        H5Dclose(id);
    }
    return *data ? 0 : err_place(err, "%s: %s", f->path, v->group);
}

/* Attributes ------------------------------------------------------------------------------- */

int h5_read_attr(struct h5file *f, const char *group, const char *name, const char **value,
                 struct arena *a, struct err *err)
{
    char *path = arena_printf(&f->arena, err, "/%s", group);
    hid_t object = path ? H5Oopen(f->id, path, H5P_DEFAULT) : H5I_INVALID_HID;
    enum vtype type;
    htri_t there;
    int code = 0;

    *value = NULL;
    if (!path)
        return err->code;
    if (object < 0)
        return not_opened(f, path, err);
    there = H5Aexists(object, name);
    if (there < 0)
        code = h5_fail(err, "read attribute", name);
    else if (there)
        code = h5_attr_text(object, name, value, &type, a, err);
    if (code)
        err_place(err, "%s: %s", f->path, group);
    H5Oclose(object);
    return code;
}
