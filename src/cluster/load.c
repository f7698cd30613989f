#define _GNU_SOURCE /* statfs */

#include "cluster/load.h"

#include "base/mem.h"
#include "cluster/comms.h"
#include "cluster/segment.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

enum { CHUNK = 16 << 20 }; /* bytes that are read and sent at a time */

struct load_comms {
    MPI_Comm leaders; /* the first rank of each node; MPI_COMM_NULL on others */
};

/* Where the files lie ----------------------------------------------------------------------- */

#ifdef __linux__
/* A file system that other machines see as well, by the number that the kernel knows it by. */
static bool is_remote(const char *path)
{
    static const struct {
        uint32_t magic;
        const char *name;
    } remote[] = {
        {0x6969, "NFS"},          {0xff534d42, "CIFS"},   {0xfe534d42, "SMB2"},
        {0x517b, "SMB"},          {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},
        {0x19830326, "BeeGFS"},   {0x00c36400, "Ceph"},   {0x5346414f, "AFS"},
        {0x20030528, "OrangeFS"}, {0xaad7aaea, "PanFS"},  {0x013111a8, "IBRIX"},
        {0x65735546, "FUSE"},     {0x01021997, "9P"},     {0x7461636f, "OCFS2"},
        {0x01161970, "GFS2"},
    };
    struct statfs fs;

    if (statfs(path, &fs))
        return false;
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
        if ((uint32_t)fs.f_type == remote[i].magic)
            return true;
    return false;
}
#else
static bool is_remote(const char *path)
{
    (void)path;
    return false;
}
#endif

static bool choose(enum load_how how, const char *path)
{
    return how == LOAD_BROADCAST ||
           (how == LOAD_AUTO && (is_remote(path) || segment_numa_nodes() > 1));
}

/* One file ---------------------------------------------------------------------------------- */

static bool is_leader(const struct cluster *c)
{
    return c->node_rank == 0;
}

static int agree(struct load *l, struct err *err)
{
    l->agreed = cluster_agree(l->cluster, err) != 0;
    return err->code;
}

/* How the others of a node find what its first rank has made. */
struct segment_place {
    int64_t pid;
    int fd;
};

/* The same bytes for all ranks of a node: made by the first one. After an error there are none. */
static int share_segment(struct load *l, struct segment *s, size_t size, struct err *err)
{
    struct cluster *c = l->cluster;
    struct segment_place place = {0, -1};
    MPI_Request request;

    *s = (struct segment){NULL, 0, -1};
    if (is_leader(c) && !segment_make(s, size, c->node_size > 1, err))
        place = (struct segment_place){(int64_t)getpid(), s->fd};
    if (!agree(l, err)) {
        comm_must(c, MPI_Ibcast(&place, (int)sizeof place, MPI_BYTE, 0, c->comms->node, &request));
        comm_wait(c, &request);
        if (!is_leader(c))
            segment_join(s, place.pid, place.fd, size, err);
        agree(l, err);
    }
    if (err->code)
        segment_drop(s);
    return err->code;
}

/* It has been filled, unless some rank has an error. */
static int end_segment(struct load *l, struct segment *s, struct mapping *m, struct err *err)
{
    if (agree(l, err))
        segment_drop(s);
    else
        segment_seal(s);
    m->data = s->data;
    return err->code;
}

/* Without naps: large messages make progress only while somebody asks. */
static void wait_busily(struct cluster *c, MPI_Request *request)
{
    enum { ASK = 4096 };

    for (long i = 1; !comm_done(c, request); i++) {
        sched_yield();
        if (i % ASK == 0)
            comm_ask(c);
    }
}

static int check_unchanged(const struct mapping *file, const char *path, struct err *err)
{
    struct file_stamp now;

    if (file_stamp_now(file, &now, err))
        return err_wrap(err, "%s", path);
    if (!file_stamp_eq(&now, &file->stamp))
        return err_set(err, ERR_IO, "%s was changed while it was read: run the same command again",
                       path);
    return 0;
}

/* Rank 0's file into the segment of each node, piece by piece. An error is known to the others when
   all is through. */
static void fill(struct load *l, struct segment *s, const struct mapping *file, const char *path,
                 struct err *err)
{
    struct cluster *c = l->cluster;
    MPI_Request request;

    for (size_t at = 0; at < s->size; at += CHUNK) {
        size_t n = s->size - at < CHUNK ? s->size - at : CHUNK;

        if (c->rank == 0 && !err->code && file_copy(file, at, s->data + at, n, err))
            err_wrap(err, "%s", path);
        if (!is_leader(c) || c->nodes == 1)
            continue;
        comm_must(c, MPI_Ibcast(s->data + at, (int)n, MPI_BYTE, 0, l->comms->leaders, &request));
        wait_busily(c, &request);
    }
    if (c->rank == 0 && !err->code)
        check_unchanged(file, path, err);
}

/* file: rank 0's own map of it. */
static int broadcast(struct load *l, struct mapping *m, const struct mapping *file,
                     const char *path, struct err *err)
{
    struct segment s;

    *m = *file;
    cluster_share(l->cluster, m, sizeof *m);
    m->data = NULL;
    m->handle = 0;
    if (share_segment(l, &s, m->size, err))
        return err->code;
    fill(l, &s, file, path, err);
    return end_segment(l, &s, m, err);
}

static int map(void *ctx, struct mapping *m, const char *path, struct err *err)
{
    struct load *l = ctx;
    struct mapping file = {0};

    memset(m, 0, sizeof *m);
    if (!l->broadcast)
        return file_map(m, path, err);
    if (l->cluster->rank == 0)
        file_map(&file, path, err);
    if (agree(l, err)) /* also of a rank that has left before */
        goto out;
    if (broadcast(l, m, &file, path, err) == ERR_MEMORY && l->strict)
        err_wrap(err, "model.load: broadcast (map needs none)");
    else if (err->code == ERR_MEMORY) { /* all ranks together */
        err_clear(err);
        l->broadcast = l->agreed = false;
        file_map(m, path, err);
    }
out:
    file_unmap(&file);
    return err->code;
}

int load_make(struct cluster *c, struct mapping *m, size_t size,
              int (*write)(void *ctx, unsigned char *room, struct err *err), void *ctx,
              struct err *err)
{
    struct load l = {.cluster = c};
    struct segment s;

    *m = (struct mapping){.size = size};
    if (share_segment(&l, &s, size, err))
        return err->code;
    if (is_leader(c))
        write(ctx, s.data, err);
    return end_segment(&l, &s, m, err);
}

/* All ---------------------------------------------------------------------------------------- */

int load_begin(struct load *l, struct cluster *c, enum load_how how, const char *path,
               struct err *err)
{
    bool chosen = c->rank == 0 && choose(how, path);
    int color = is_leader(c) ? 0 : MPI_UNDEFINED;

    *l = (struct load){.cluster = c, .strict = how == LOAD_BROADCAST};
    l->source = (struct file_source){map, l};
    l->comms = mem_alloc(1, sizeof *l->comms, err);
    if (cluster_agree(c, err))
        return err->code;
    l->comms->leaders = MPI_COMM_NULL;
    cluster_share(c, &chosen, sizeof chosen);
    if (chosen && c->nodes > 1)
        comm_check(MPI_Comm_split(c->comms->all, color, c->rank, &l->comms->leaders),
                   "cannot find the first rank of each node", err);
    l->broadcast = chosen;
    return cluster_agree(c, err);
}

int load_end(struct load *l, struct err *err)
{
    if (l->comms && l->comms->leaders != MPI_COMM_NULL)
        MPI_Comm_free(&l->comms->leaders);
    mem_free(l->comms);
    l->comms = NULL;
    return l->agreed ? err->code : cluster_agree(l->cluster, err);
}
