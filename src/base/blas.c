#include "base/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Told what it has already, OpenBLAS would start a thread, which yields for 0.1 s before it sleeps.
 */
void blas_one_thread(void)
{
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

/* OpenBLAS' largest BUFFER_SIZE on the processors that it knows, for each product under way. */
double blas_bytes(int threads)
{
    return threads * 0x1p27;
}

static char library[96];

/* The configuration line opens with "OpenBLAS 0.3.21"; the core type may stand anywhere behind. */
static void name_library(void)
{
    const char *line = openblas_get_config();
    size_t words = strcspn(line, " ");

    words += strspn(line + words, " ");
    words += strcspn(line + words, " ");
    snprintf(library, sizeof library, "%.*s %s", (int)words, line, openblas_get_corename());
}

const char *blas_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, name_library);
    return library;
}
