/*
 * Private to the cluster floor: memory that the processes of a node share, for weights.
 *
 * One process makes it and writes; the others join it by the maker's process id and descriptor, and
 * read. It has no name in any file system: it is gone with the last process that maps it. Its pages
 * are dealt out over the NUMA nodes that the maker may use, and are huge ones where the system
 * gives them (for a segment that is not shared, as a rule it does).
 */
#ifndef LENSWEEP_CLUSTER_SEGMENT_H
#define LENSWEEP_CLUSTER_SEGMENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
    unsigned char *data; /* to be unmapped by file_unmap or segment_drop; NULL if size is 0 */
    size_t size;
    int fd; /* while others may join; -1 */
};

/* `shared`: others will join. ERR_MEMORY if the node does not have so much to spare. */
int segment_make(struct segment *s, size_t size, bool shared, struct err *err);

/* What process `pid` of this node has made, of this size, read-only. ERR_MEMORY. */
int segment_join(struct segment *s, int64_t pid, int fd, size_t size, struct err *err);

/* All have joined and the bytes are there: from now on it is read-only. */
void segment_seal(struct segment *s);
void segment_drop(struct segment *s);

/* NUMA nodes that this process may take memory from; 1 where that is not known. */
int segment_numa_nodes(void);

#endif
