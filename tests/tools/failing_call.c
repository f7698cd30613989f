/*
 * Preloaded into a job, it lets calls of all ranks fail on rank 1, as a broken network does: those
 * that begin (LENSWEEP_FAIL=begin) or when they are asked for their end (LENSWEEP_FAIL=end). Or
 * rank 1 stands still before it comes to such a call (LENSWEEP_FAIL=hang), as on a node that hangs.
 */
#include "cluster/comms.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(const char *how)
{
    int rank;

    PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank == 1 && strcmp(getenv("LENSWEEP_FAIL"), how) == 0;
}

int MPI_Send(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
    while (tag == TAG_HERE && fails("hang"))
        pause();
    return PMPI_Send(data, count, type, to, tag, comm);
}

int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
{
    return fails("begin") ? MPI_ERR_OTHER : PMPI_Ibarrier(comm, request);
}

int MPI_Iallreduce(const void *from, void *to, int count, MPI_Datatype type, MPI_Op op,
                   MPI_Comm comm, MPI_Request *request)
{
    return fails("begin") ? MPI_ERR_OTHER
                          : PMPI_Iallreduce(from, to, count, type, op, comm, request);
}

int MPI_Ibcast(void *data, int count, MPI_Datatype type, int from, MPI_Comm comm,
               MPI_Request *request)
{
    return fails("begin") ? MPI_ERR_OTHER : PMPI_Ibcast(data, count, type, from, comm, request);
}

int MPI_Test(MPI_Request *request, int *done, MPI_Status *status)
{
    return fails("end") ? MPI_ERR_OTHER : PMPI_Test(request, done, status);
}
