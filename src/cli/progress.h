/* Progress for people: one live line on a terminal, a line a minute in a job's log. */
#ifndef LENSWEEP_CLI_PROGRESS_H
#define LENSWEEP_CLI_PROGRESS_H

#include "cluster/cluster.h"

struct progress_view {
    bool terminal;
    double next; /* seconds at which a line is due */
    struct progress last;
};

void progress_begin(struct progress_view *v);
void progress_show(struct progress_view *v, const struct progress *p);
void progress_end(struct progress_view *v);

#endif
