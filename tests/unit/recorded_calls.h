/*
 * The calls that make files durable, in the order in which the program makes them: a test that
 * links this one's definitions has its own write, fsync, rename, ..., which note what is done below
 * a folder and then do it.
 *
 *     #include "results/journal.h"
 *
 *     int test(struct journal *j, struct err *err)
 *     {
 *         record_calls("/tmp/x");
 *         journal_sync(j, err);
 *         return last_call(CALL_SYNC, "/tmp/x/0001", recorded.n);
 *     }
 */
#ifndef LENSWEEP_TESTS_RECORDED_CALLS_H
#define LENSWEEP_TESTS_RECORDED_CALLS_H

enum call { CALL_CREATE, CALL_WRITE, CALL_SYNC, CALL_RENAME, CALL_REMOVE };

enum { CALLS_MAX = 4096, CALL_PATH = 256 };

struct recorded_call {
    enum call what;
    char path[CALL_PATH]; /* of a rename the new name; a directory without a slash at its end */
    char from[CALL_PATH]; /* of a rename the old name */
};

extern struct recorded_calls {
    struct recorded_call v[CALLS_MAX];
    int n;
} recorded;

/* Forgets what was recorded, and records what is done below this folder from now on. */
void record_calls(const char *folder);

/* The last call of that sort on path, before the i-th; -1 = none. */
int last_call(enum call what, const char *path, int before);

#endif
