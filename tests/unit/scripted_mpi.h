/*
 * The few calls of MPI that the master and a worker make, in place of a library's: messages that a
 * test has written. A test that links this one's definitions needs no mpirun, and says in which
 * order everything happens.
 */
#ifndef LENSWEEP_TESTS_SCRIPTED_MPI_H
#define LENSWEEP_TESTS_SCRIPTED_MPI_H

#include <stdint.h>

enum { SCRIPT_MESSAGES = 64, SCRIPT_BYTES = 2048 };

struct scripted_message {
    int rank, tag, n; /* of the sender, or of the receiver */
    char data[SCRIPT_BYTES];
};

/* Messages for the process under test, in the order in which they are received, and those that it
   has sent. */
struct scripted_mpi {
    struct scripted_message in[SCRIPT_MESSAGES], out[SCRIPT_MESSAGES];
    int n_in, n_read, n_out;
    void (*sent)(const struct scripted_message *m); /* answers to it, say; may be NULL */
};

extern struct scripted_mpi script;

void script_clear(void);
void script_put(int rank, int tag, const void *data, int n); /* one more for the process */

#endif
