/*
 * Whose turn it is: the master's choice of who is handed the next unit.
 */
#ifndef LENSWEEP_CLUSTER_TURN_H
#define LENSWEEP_CLUSTER_TURN_H

#include <stddef.h>

enum { TURN_AHEAD = 2 }; /* units that a rank has at most: one that it does, one that waits */

/* The first rank that has no unit; where there are none, and `left` units are enough for all, the
   first that has only one. -1 = nobody now. in_flight: (size) units that each rank has. */
int turn_next(const int *in_flight, int size, size_t left);

#endif
