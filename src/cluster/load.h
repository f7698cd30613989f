/*
 * Who reads the files of weights: each rank maps them by itself, or rank 0 reads each of them once
 * and every node gets one copy in its memory (broadcast). And memory for weights of no file.
 *
 *     #include "model/model.h"
 *
 *     int open_model(struct cluster *c, struct model **m, const char *path, struct err *err)
 *     {
 *         struct load load;
 *
 *         if (load_begin(&load, c, LOAD_BROADCAST, path, err))
 *             return err->code;
 *         model_open_as(m, path, &(struct model_options){.source = &load.source}, err);
 *         return load_end(&load, err);          // all ranks agree
 *     }
 *
 * A broadcast is collective: all ranks map the same files in the same order, as they do when they
 * read the same headers. A rank that cannot go on by itself calls load_end; the others learn of it
 * in their next map.
 */
#ifndef LENSWEEP_CLUSTER_LOAD_H
#define LENSWEEP_CLUSTER_LOAD_H

#include "base/file.h"
#include "cluster/cluster.h"

/* LOAD_AUTO: broadcast if rank 0 sees the files on a network file system, or has several NUMA
   nodes; where a node lacks the memory for it, or has no memory to share, the files are mapped. */
enum load_how { LOAD_AUTO, LOAD_MAP, LOAD_BROADCAST };

struct load {
    struct file_source source; /* for model_options */
    struct cluster *cluster;
    bool broadcast;           /* the same on all ranks */
    bool strict;              /* it was asked for: an error rather than maps */
    bool agreed;              /* the last error is that of all ranks */
    struct load_comms *comms; /* private */
};

/* Collective; path: of the model, for the choice. ERR_COMM, ERR_MEMORY. */
int load_begin(struct load *l, struct cluster *c, enum load_how how, const char *path,
               struct err *err);

/* Collective: the error of any rank. */
int load_end(struct load *l, struct err *err);

/* Collective: memory that all ranks of a node see, filled by one of them before anyone reads it.
   m: to be given back by file_unmap. ERR_MEMORY. */
int load_make(struct cluster *c, struct mapping *m, size_t size,
              int (*write)(void *ctx, unsigned char *room, struct err *err), void *ctx,
              struct err *err);

#endif
