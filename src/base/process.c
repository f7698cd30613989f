#include "base/process.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *process_host(char out[PROCESS_HOST])
{
    memset(out, 0, PROCESS_HOST);
    gethostname(out, PROCESS_HOST - 1);
    return out;
}

char *process_place(char out[PROCESS_PLACE])
{
    char boot[9] = {0}, host[PROCESS_HOST];
    struct stat namespace;
    unsigned long long number = 0;

    file_start("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    if (!stat("/proc/self/ns/pid", &namespace))
        number = (unsigned long long)namespace.st_ino;
    snprintf(out, PROCESS_PLACE, "%s-%s-%llu", process_host(host), boot, number);
    return out;
}

/* A process that was killed is a zombie until its parent asks for it, and kill() finds it so long:
   in a container for ever, where nobody does. */
static bool is_zombie(long pid)
{
    struct buf text = {0};
    struct err ignored = ERR_CLEAR;
    char path[64], *state = NULL;
    bool zombie;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    if (!file_read(&text, path, 1 << 16, &ignored) && buf_str(&text, &ignored))
        state = strrchr(text.data, ')'); /* "PID (NAME) STATE ..." */
    zombie = state && state[1] == ' ' && (state[2] == 'Z' || state[2] == 'X');
    buf_release(&text);
    return zombie;
}

bool process_gone(long pid)
{
    return pid > 0 && ((kill((pid_t)pid, 0) && errno == ESRCH) || is_zombie(pid));
}

/* All that comes, of which the first `size` bytes are kept: how many. */
static size_t read_all(int fd, char *to, size_t size)
{
    char rest[512];
    size_t n = 0;
    ssize_t got;

    do {
        size_t room = size - n;

        got = read(fd, room ? to + n : rest, room ? room : sizeof rest);
        if (got > 0 && room)
            n += (size_t)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return n;
}

int process_child(void (*act)(void *ctx, int out), void *ctx, void *said, size_t size, size_t *n,
                  int *status, struct err *err)
{
    struct sigaction ended;
    int ends[2];
    pid_t child;

    *n = 0;
    if (!sigaction(SIGCHLD, NULL, &ended) && ended.sa_handler == SIG_IGN) {
        ended.sa_handler = SIG_DFL; /* whoever started us ignored it: none could be waited for */
        sigaction(SIGCHLD, &ended, NULL);
    }
    if (pipe(ends))
        return err_set(err, ERR_IO, "cannot make a pipe: %s", strerror(errno));
    child = fork();
    if (child == 0) {
        close(ends[0]);
        act(ctx, ends[1]);
    }
    if (child < 0)
        err_set(err, ERR_IO, "cannot make a process: %s", strerror(errno));
    close(ends[1]);
    if (child > 0)
        *n = read_all(ends[0], said, size);
    close(ends[0]);
    while (child > 0 && waitpid(child, status, 0) < 0)
        if (errno != EINTR)
            return err_set(err, ERR_IO, "cannot wait for a process: %s", strerror(errno));
    return err->code;
}
