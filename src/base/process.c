#define _XOPEN_SOURCE 700
#include "base/process.h"

#include "base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *process_host(char out[PROCESS_HOST])
{
    memset(out, 0, PROCESS_HOST);
    gethostname(out, PROCESS_HOST - 1);
    return out;
}

/* A process that was killed is a zombie until its parent asks for it, and kill() finds it so long:
   in a container for ever, where nobody does. */
static bool is_zombie(long pid)
{
    struct buf text = {0};
    struct err ignored;
    char path[64], *state = NULL;
    bool zombie;

    err_clear(&ignored);
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
