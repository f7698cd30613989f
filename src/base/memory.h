/*
 * How much memory there is to be had: of the node, of the control group (cgroup) in which a batch
 * system or a container keeps the process, and of its own address space (ulimit -v).
 *
 *     bool fits(double bytes)
 *     {
 *         return bytes <= memory_allowed() && bytes <= memory_address_space();
 *     }
 */
#ifndef LENSWEEP_BASE_MEMORY_H
#define LENSWEEP_BASE_MEMORY_H

#include "base/err.h"

#include <stddef.h>

/* Bytes that all processes here may have together: what the node has, or the control group allows,
   if that is less. */
double memory_allowed(void);

/* Of these, what is not in use now; pages that only cache files count as free. */
double memory_free(void);

/* Bytes of address space that this process has mapped; 0 = not known. */
double memory_mapped(void);

/* Bytes that this process may still map (RLIMIT_AS); INFINITY: there is no limit. */
double memory_address_space(void);

/* ERR_MEMORY if that is less than `bytes`, or the system does not give so much when asked: `what`
   needs them ("reading the model"). */
int memory_check_space(double bytes, const char *what, struct err *err);

/* For memory_allowed and tests: the least limit of the groups that `groups` (the text of
   /proc/self/cgroup) names, and of those above them, under `root` (/sys/fs/cgroup), version 2 or 1;
   INFINITY: none. *used, if not NULL: bytes in use where the limit is, without cached files. */
double memory_group_limit(const char *groups, const char *root, double *used);

#endif
