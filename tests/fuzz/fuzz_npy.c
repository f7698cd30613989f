/* A .npy file: what is read of it has the shape that it says. */
#include "fuzz.h"

#include "base/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file("vector.npy", data, size);
    struct arena a = {0};
    struct err err = {0};
    struct npy npy;
    volatile float last;

    if (npy_read(&npy, path, &a, &err)) {
        fuzz_need(err.code == ERR_CONFIG && err.msg[0]);
    } else {
        size_t n = npy.size[0] * npy.size[1];

        fuzz_need((npy.rank == 1 || npy.rank == 2) && (npy.rank == 2 || npy.size[1] == 1));
        fuzz_need(n <= size);
        if (n)
            last = npy.v[n - 1];
        (void)last;
    }
    arena_release(&a);
    return 0;
}
