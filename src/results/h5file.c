#include "base/file.h"
#include "results/h5private.h"
#include "results/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

hid_t h5_string_type(void)
{
    hid_t t = H5Tcopy(H5T_C_S1);

    if (t >= 0 && (H5Tset_size(t, H5T_VARIABLE) < 0 || H5Tset_cset(t, H5T_CSET_UTF8) < 0)) {
        H5Tclose(t);
        return H5I_INVALID_HID;
    }
    return t;
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
        [V_F32] = H5T_NATIVE_FLOAT, [V_F64] = H5T_NATIVE_DOUBLE, [V_STR] = H5I_INVALID_HID,
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

int h5_create(struct h5file **f, const char *path, struct err *err)
{
    struct h5file *new;
    hid_t access, create;

    *f = NULL;
    if (file_check_target(path, err))
        return err->code;
    new = h5_new(path, true, err);
    if (!new)
        return err->code;
    access = h5_access();
    create = h5_creation(H5P_FILE_CREATE);
    new->id = H5Fcreate(new->beside, H5F_ACC_EXCL, create, access);
    if (new->id < 0)
        h5_fail(err, "create", path);
    H5Pclose(create);
    H5Pclose(access);
    if (new->id < 0) {
        unlink(new->beside); /* made, but its first bytes could not be written */
        h5_delete(new);
        return err->code;
    }
    *f = new;
    return 0;
}

/* Removes what was written. The handle of a broken file is left to the process, empty: the process
   is about to end, and its inode cannot come back as another file's meanwhile. */
static void discard(struct h5file *f)
{
    void *fd;

    if (!f->broken)
        H5Fclose(f->id);
    else if (H5Fget_vfd_handle(f->id, H5P_DEFAULT, &fd) >= 0 && ftruncate(*(int *)fd, 0))
        errno = 0; /* it is unlinked: space is all that could be lost until the process ends */
    H5Eclear2(H5E_DEFAULT);
    unlink(f->beside);
    h5_delete(f);
}

int h5_commit(struct h5file *f, int (*may)(void *ctx, struct err *err), void *ctx, struct err *err)
{
    const char *folder = file_folder(&f->arena, f->path, err);
    int code;

    if (f->broken || H5Fflush(f->id, H5F_SCOPE_GLOBAL) < 0) {
        code = h5_fail(err, "write", f->path);
        f->broken = true;
        discard(f);
        return code;
    }
    if (H5Fclose(f->id) < 0)
        code = h5_fail(err, "close", f->path);
    else
        code = seal_put(f->beside, err) || file_sync(f->beside, err) ? err->code : 0;
    if (!code && may)
        code = may(ctx, err);
    if (!code && !folder)
        code = err->code;
    if (!code && rename(f->beside, f->path))
        code = err_set(err, ERR_IO, "cannot rename to %s: %s", f->path, strerror(errno));
    if (code)
        unlink(f->beside);
    else /* the name is on the disk too */
        code = file_sync(folder, err);
    h5_delete(f);
    return code;
}

void h5_abandon(struct h5file *f)
{
    if (f)
        discard(f);
}

const char *h5_version(void)
{
    static char text[48];
    unsigned major = 0, minor = 0, release = 0;

    H5get_libversion(&major, &minor, &release);
    snprintf(text, sizeof text, "HDF5 %u.%u.%u", major, minor, release);
    return text;
}
