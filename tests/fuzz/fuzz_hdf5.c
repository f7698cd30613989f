/* Settings of the targets that read with HDF5: what libFuzzer and the sanitizers look for. */
#include "fuzz.h"

#include <hdf5.h>

#include <stdlib.h>
#include <string.h>

/* What HDF5 keeps for itself is lost only to the sanitizer. Each run keeps some, for which
   libFuzzer would run it twice: leaks are looked for at the end. HDF5 also allocates thousands of
   times to open a file: less is kept of where each was. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5\n";
}
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "malloc_context_size=4:quarantine_size_mb=8:allocator_release_to_os_interval_ms=-1:"
           "max_malloc_fill_size=0";
}
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char *args[64], leaks[] = "-detect_leaks=0";

    fuzz_need(*argc < 62);
    args[0] = (*argv)[0];
    args[1] = leaks;
    memcpy(args + 2, *argv + 1, (size_t)(*argc - 1) * sizeof *args);
    *argv = args;
    *argc += 1;
    setenv("OMP_WAIT_POLICY", "passive",
           0); /* threads that spin wait long where others work, too */
    H5set_free_list_limits(-1, -1, -1, -1, -1, -1); /* buffers of 1 MB are kept, too */
    return 0;
}
