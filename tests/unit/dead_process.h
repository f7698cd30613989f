/* For tests of what a process leaves that is gone. */
#ifndef LENSWEEP_TESTS_DEAD_PROCESS_H
#define LENSWEEP_TESTS_DEAD_PROCESS_H

#include <sys/wait.h>
#include <unistd.h>

/* The id of a process that has ended. */
static inline long dead_process(void)
{
    pid_t pid = fork();

    if (!pid)
        _exit(0);
    waitpid(pid, NULL, 0);
    return (long)pid;
}

#endif
