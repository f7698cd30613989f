/*
 * Preloaded into a job, it lets every MPI_Send wait for a random while of up to 2 ms first, so that
 * rows reach the master in another order each time: for tests of "the same bytes, whatever arrives
 * when". LENSWEEP_SHUFFLE seeds it, with the rank.
 */
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

static unsigned next(void)
{
    static unsigned state;

    if (!state) {
        int rank;

        PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
        state = 1 + (unsigned)strtoul(getenv("LENSWEEP_SHUFFLE"), NULL, 10) * 64 + (unsigned)rank;
    }
    state = state * 1664525u + 1013904223u;
    return state >> 11;
}

int MPI_Send(const void *buf, int count, MPI_Datatype type, int dest, int tag, MPI_Comm comm)
{
    struct timespec pause = {0, (long)(next() % 2000) * 1000};

    nanosleep(&pause, NULL);
    return PMPI_Send(buf, count, type, dest, tag, comm);
}
