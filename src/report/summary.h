/* Private to the summary: reading groups of a result file. */
#ifndef LENSWEEP_REPORT_SUMMARY_H
#define LENSWEEP_REPORT_SUMMARY_H

#include "results/h5file.h"

#include <stdbool.h>

/* Queries of a group: which are usable, and their steps. */
struct members {
    char **status;
    double *step;
    size_t n;
};

int members_read(struct members *m, struct h5file *f, const char *group, struct err *err);
void members_free(struct members *m);
bool members_has(const struct members *m, size_t query, double step);

/* One printer per kind; each names only what passed the tests of findings.h. */
int summary_decode(struct h5file *f, const char *group, struct err *err);
int summary_knockout(struct h5file *f, const char *group, struct err *err);
int summary_lens(struct h5file *f, const char *group, struct err *err);
int summary_heads(struct h5file *f, const char *group, struct err *err);
int summary_trace(struct h5file *f, const char *group, struct err *err);
int summary_ablation(struct h5file *f, const char *group, struct err *err);

/* The summary of a finished result file, read back from it. */
int print_summary(const char *result, struct err *err);

#endif
