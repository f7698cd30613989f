/*
 * Counts the allocations of lensweep, as a measure of its work that no other process on the machine
 * changes: LD_PRELOAD it.
 *
 *     LENSWEEP_MALLOCS=FILE    gets the number at the program's end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t n); /* glibc's own: dlsym would itself allocate */

static atomic_long calls;

void *malloc(size_t n)
{
    atomic_fetch_add(&calls, 1);
    return __libc_malloc(n);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("LENSWEEP_MALLOCS");
    FILE *f = NULL;

    if (path && strcmp(program_invocation_short_name, "lensweep") == 0)
        f = fopen(path, "w");
    if (f) {
        fprintf(f, "%ld\n", atomic_load(&calls));
        fclose(f);
    }
}
