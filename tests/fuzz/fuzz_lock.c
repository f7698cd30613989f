/* A lock that somebody wrote: looking at it, and taking it, which is refused or works. */
#include "fuzz.h"

#include "results/lock.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct timespec old[2] = {{1000, 0}, {1000, 0}};
    const char *path = fuzz_file("lock", data, size);
    struct lock_holder h = {0};
    struct err err = {0};
    struct lock l;

    if (lock_read(&h, path))
        fuzz_need(memchr(h.host, 0, sizeof h.host) && memchr(h.job, 0, sizeof h.job) &&
                  memchr(h.since, 0, sizeof h.since) && memchr(h.place, 0, sizeof h.place));
    utimensat(AT_FDCWD, path, old, 0); /* nobody has touched it for long: it can be had */
    fuzz_need(!lock_take(&l, path, 1, &err));
    fuzz_need(!lock_check(&l, &err) && lock_read(&h, path) && h.alive);
    lock_release(&l);
    fuzz_need(access(path, F_OK) != 0);
    return 0;
}
