#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 24 };

static char folder[96];
static char path[NAMES][128];
static size_t n_paths;

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(name);
}

void fuzz_remove(const char *name)
{
    nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
    fuzz_remove(folder);
}

void fuzz_need(int promise)
{
    if (!promise)
        abort();
}

const char *fuzz_folder(void)
{
    const char *in = getenv("TMPDIR");

    if (*folder)
        return folder;
    fuzz_need(snprintf(folder, sizeof folder, "%s/lensweep-fuzz-XXXXXX", in ? in : "/tmp") <
                  (int)sizeof folder &&
              mkdtemp(folder) != NULL);
    atexit(remove_folder);
    return folder;
}

const char *fuzz_path(const char *name)
{
    char text[sizeof path[0]];

    snprintf(text, sizeof text, "%s/%s", fuzz_folder(), name);
    for (size_t i = 0; i < n_paths; i++)
        if (strcmp(path[i], text) == 0)
            return path[i];
    fuzz_need(n_paths < NAMES);
    memcpy(path[n_paths], text, sizeof text);
    return path[n_paths++];
}

const char *fuzz_file(const char *name, const void *data, size_t size)
{
    const char *file = fuzz_path(name);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    fuzz_need(fd >= 0 && write(fd, size ? data : "", size) == (ssize_t)size);
    close(fd);
    return file;
}
