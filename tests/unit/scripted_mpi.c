#include "scripted_mpi.h"

#include <mpi.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka.h needs the headers above
#include <cmocka.h>

struct scripted_mpi script;

void script_clear(void)
{
    memset(&script, 0, sizeof script);
}

static void put(struct scripted_message *m, int rank, int tag, const void *data, int n)
{
    assert_in_range(n, 0, SCRIPT_BYTES);
    *m = (struct scripted_message){.rank = rank, .tag = tag, .n = n};
    memcpy(m->data, data, (size_t)n);
}

void script_put(int rank, int tag, const void *data, int n)
{
    assert_in_range(script.n_in, 0, SCRIPT_MESSAGES - 1);
    put(&script.in[script.n_in++], rank, tag, data, n);
}

int MPI_Send(const void *data, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm)
{
    int size = type == MPI_UINT64_T ? 8 : 1;

    (void)comm;
    assert_in_range(script.n_out, 0, SCRIPT_MESSAGES - 1);
    put(&script.out[script.n_out++], to, tag, data, count * size);
    if (script.sent)
        script.sent(&script.out[script.n_out - 1]);
    return MPI_SUCCESS;
}

int MPI_Iprobe(int from, int tag, MPI_Comm comm, int *there, MPI_Status *status)
{
    const struct scripted_message *m = &script.in[script.n_read];

    (void)from;
    (void)tag;
    (void)comm;
    *there = script.n_read < script.n_in;
    if (*there && status != MPI_STATUS_IGNORE) {
        status->MPI_SOURCE = m->rank;
        status->MPI_TAG = m->tag;
        status->MPI_ERROR = MPI_SUCCESS;
    }
    return MPI_SUCCESS;
}

int MPI_Get_count(const MPI_Status *status, MPI_Datatype type, int *count)
{
    (void)status;
    (void)type;
    *count = script.in[script.n_read].n;
    return MPI_SUCCESS;
}

int MPI_Recv(void *data, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm,
             MPI_Status *status)
{
    const struct scripted_message *m = &script.in[script.n_read++];

    (void)from;
    (void)tag;
    (void)comm;
    (void)status;
    assert_int_equal(m->n, type == MPI_UINT64_T ? 8 * count : count);
    memcpy(data, m->data, (size_t)m->n);
    return MPI_SUCCESS;
}
