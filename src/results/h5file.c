#include "base/file.h"
#include "base/writer.h"
#include "results/h5private.h"
#include "results/seal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
