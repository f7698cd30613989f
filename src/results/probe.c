#include "results/probe.h"

#include "base/memory.h"
#include "base/process.h"
#include "base/writer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECONDS = 2,              /* of CPU time for a small file, and ... */
    BYTES_A_SECOND = 2 << 20, /* ... one more for each so many bytes */
    MEMORY = 512 << 20,       /* bytes for a small file, and ... */
    MEMORY_A_BYTE = 8         /* ... so many more for each of its own */
};

/* A size that is damaged may ask for all that the machine has. False: the limit there was, if any,
   is less than what we would set. */
static bool limit_memory(double file_size)
{
    double most = memory_mapped() + MEMORY + MEMORY_A_BYTE * file_size;
    struct rlimit space;

    if (memory_mapped() <= 0 || getrlimit(RLIMIT_AS, &space) || most >= (double)space.rlim_cur)
        return false;
    space.rlim_cur = (rlim_t)most;
    return !setrlimit(RLIMIT_AS, &space);
}

/* Is the limit of memory ours? */
static bool limit_child(const char *path)
{
    const struct sigaction ours = {.sa_handler = SIG_DFL};
    const struct rlimit no_core = {0, 0};
    struct rlimit cpu = {.rlim_cur = SECONDS};
    struct stat st = {0};

    if (!stat(path, &st))
        cpu.rlim_cur += (rlim_t)(st.st_size / BYTES_A_SECOND);
    cpu.rlim_max = cpu.rlim_cur + 1;
    setrlimit(RLIMIT_CPU, &cpu);
    setrlimit(RLIMIT_CORE, &no_core);
    for (int s = 1; s < 32; s++) /* our handlers speak for the parent */
        sigaction(s, &ours, NULL);
    return limit_memory((double)st.st_size);
}

struct probe_call {
    const char *path;
    int (*read)(const char *path, struct err *err);
};

/* What the child has to say goes through the pipe; a library's own words go nowhere. */
static void child(void *ctx, int out)
{
    const struct probe_call *r = ctx;
    int nowhere = open("/dev/null", O_WRONLY);
    struct err err = ERR_CLEAR;
    bool limited = limit_child(r->path);

    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
    if (r->read(r->path, &err) == ERR_MEMORY && limited)
        err_set(&err, ERR_IO,
                "%s is damaged: to read it takes more memory than a file of its size needs",
                r->path);
    _exit(file_write_all(out, (const char *)&err, sizeof err) ? 1 : 0);
}

static int died(const char *path, int status, struct err *err)
{
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    if (signal == SIGKILL) /* not by a limit of ours */
        return err_set(
            err, ERR_MEMORY,
            "cannot read %s: the process that reads it was killed, as the system does when "
            "memory runs out",
            path);
    return err_set(err, ERR_IO, "%s is damaged: HDF5 %s when it reads it", path,
                   signal == SIGXCPU ? "does not come to an end" : "crashes");
}

int probe_file(const char *path, int (*read)(const char *path, struct err *err), struct err *err)
{
    struct probe_call r = {path, read};
    struct err said;
    int status;
    size_t n;

    if (process_child(child, &r, &said, sizeof said, &n, &status, err))
        return err->code;
    if (n < sizeof said)
        return died(path, status, err);
    if (said.code)
        *err = said;
    return said.code;
}
