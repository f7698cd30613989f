/*
 * What has to be done before the libraries that the program is linked with are set up.
 *
 * OpenBLAS starts a thread for each core when it is loaded, and each takes 100 MiB and more of
 * address space; where that is limited (ulimit -v, as some batch systems set it) its threads ask
 * again and again for what they do not get, and never end. lensweep multiplies by threads of its
 * own and wants one of OpenBLAS: it starts itself anew with the environment that says so. The same
 * for the C library's arenas, of which each thread reserves 64 MiB.
 */
#define _GNU_SOURCE

#include <stddef.h>

#if defined(__linux__) && defined(__ELF__) && defined(__GNUC__)

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { VARIABLES = 4096 };

static char one_thread[] = "OPENBLAS_NUM_THREADS=1", one_arena[] = "MALLOC_ARENA_MAX=1";

static int has(char **env, const char *variable)
{
    while (*env && strcmp(*env, variable) != 0)
        env++;
    return *env != NULL;
}

static int same_name(const char *a, const char *b)
{
    size_t n = strcspn(a, "=") + 1;

    return strncmp(a, b, n) == 0;
}

static void start_anew(int argc, char **argv, char **env)
{
    static char *changed[VARIABLES];
    struct rlimit limit;
    size_t n = 0;

    (void)argc;
    if (getrlimit(RLIMIT_AS, &limit) || limit.rlim_cur == RLIM_INFINITY || has(env, one_thread))
        return;
    for (; *env; env++)
        if (!same_name(one_thread, *env) && !same_name(one_arena, *env) && n < VARIABLES - 3)
            changed[n++] = *env;
    changed[n++] = one_thread;
    changed[n++] = one_arena;
    execve("/proc/self/exe", argv, changed); /* if it fails, all goes on as it is */
}

/* Called before the constructors of all libraries. */
__attribute__((section(".preinit_array"),
               used)) static void (*const before_all)(int, char **, char **) = start_anew;

#else

/* A translation unit may not be empty. */
enum { NOTHING_TO_DO };

#endif
