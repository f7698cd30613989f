/*
 * Preloaded (LD_PRELOAD) it lets every write to a regular file take LENSWEEP_SLOW_WRITE
 * microseconds longer. So a run that appends many records to its journal lasts as long as a test
 * wants, on fast and on slow machines, and leaves the cores alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

ssize_t write(int fd, const void *data, size_t n)
{
    static ssize_t (*real)(int, const void *, size_t);
    static long pause;
    struct stat s;

    if (!real) {
        const char *text = getenv("LENSWEEP_SLOW_WRITE");

        pause = text ? strtol(text, NULL, 10) : 0;
        *(void **)&real = dlsym(RTLD_NEXT, "write");
    }
    if (pause > 0 && !fstat(fd, &s) && S_ISREG(s.st_mode))
        nanosleep(&(struct timespec){pause / 1000000, pause % 1000000 * 1000}, NULL);
    return real(fd, data, n);
}
