#define _XOPEN_SOURCE 700
#include "fuzz.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES = 12 };

static char folder[] = "/tmp/lensweep-fuzz-XXXXXX";
static char path[NAMES][96];
static size_t n_paths;

static void remove_folder(void)
{
    for (size_t i = 0; i < n_paths; i++)
        unlink(path[i]);
    rmdir(folder);
}

void fuzz_need(int promise)
{
    if (!promise)
        abort();
}

const char *fuzz_folder(void)
{
    static bool made;

    if (!made) {
        fuzz_need(mkdtemp(folder) != NULL);
        atexit(remove_folder);
    }
    made = true;
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
