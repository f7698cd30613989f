/* Private to the summary: reading groups of a result file, and means over a step's queries. */
#ifndef LENSWEEP_CLI_SUMMARY_H
#define LENSWEEP_CLI_SUMMARY_H

#include "results/h5file.h"

#include <stdbool.h>

struct mean {
    double mean, se;
    size_t n;
};

/* Adds a value; NaN is left out. `square` is the running sum of squared deviations. */
void mean_add(struct mean *m, double *square, double v);
void mean_end(struct mean *m, double square);

/* "  +1.23 ± 0.45"; a single value has no error to print. */
int mean_print(const struct mean *m, struct err *err);

/* Queries of a group: which are usable, and their steps. */
struct members {
    char **status;
    double *step;
    size_t n;
};

int members_read(struct members *m, struct h5file *f, const char *group, struct err *err);
void members_free(struct members *m);
bool members_has(const struct members *m, size_t query, double step);
bool members_any(const struct members *m, double step);

/* One printer per kind; each prints nothing that its numbers do not say. */
int summary_decode(struct h5file *f, const char *group, struct err *err);
int summary_knockout(struct h5file *f, const char *group, struct err *err);
int summary_trace(struct h5file *f, const char *group, struct err *err);

enum { STEPS_MAX = 128 };

#endif
