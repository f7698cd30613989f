/*
 * What the summary may say: averages of a result file, and the test that each must pass before it
 * is put into words. A number counts as found if its 95 % interval excludes the null and, beyond
 * that, a test corrected for all the numbers that were looked at (Bonferroni) rejects it at 5 %: so
 * of twenty tables about nothing, one may name something. A sweep has its own tests in the file,
 * with corrected p values (q); what counts there is said in summary_ablation.c.
 */
#ifndef LENSWEEP_REPORT_FINDINGS_H
#define LENSWEEP_REPORT_FINDINGS_H

#include "results/h5file.h"

#include <stdbool.h>

/* An average NAME over queries with what belongs to it, (stratum, ...). */
struct average {
    double *mean, *se, *lo, *hi, *n;
    struct h5info shape;
    size_t elements; /* of one stratum */
};

int average_read(struct average *a, struct h5file *f, const char *group, const char *name,
                 struct err *err);
void average_free(struct average *a);

/* For each step the row that averages over most: all datasets, else all templates, else the one. */
struct top {
    double step;
    size_t row;
    double items; /* clusters that it can have at most */
};

struct tops {
    struct top *v; /* (n), owned */
    size_t n;
};

/* strata: the group that has the averages, `group` itself or one inside it. */
int tops_read(struct tops *t, struct h5file *f, const char *group, const char *strata,
              struct err *err);
void tops_free(struct tops *t);

/* How many numbers of the top rows have a value: what a test is corrected for. */
double average_tests(const struct average *a, const struct tops *t);

/* Number i of a stratum differs from 0, by a t test over items. */
bool differs_from_zero(const struct average *a, const struct top *t, size_t i, double tests);

/* A rate is greater than its chance, by a binomial test over items. */
bool exceeds_chance(const struct average *rate, const struct average *chance, const struct top *t,
                    size_t i, double tests);

/* The number found that is greatest (sign 1) or least (-1) of i0, i0 + step, ... (count of them);
   -1 = nothing was found. Only those of that sign count. */
long find_extreme(const struct average *a, const struct top *t, size_t i0, size_t step,
                  size_t count, double sign, double tests);

/* "  +1.23 ± 0.45 @7" for number i, or "-", in a column of 19. */
int found_print(const struct average *a, const struct top *t, long i, const char *at,
                struct err *err);

/*
 * A table of rows (top, 0 .. n): has() says whether a row has something to say, print() prints it.
 * Without any such row the table is one line: nothing found, of so many tests none `what`.
 */
struct table_of {
    const char *header;
    size_t n;
    const struct tops *tops;
    double tests;
    const char *what;
    const void *table;
    bool (*has)(const void *table, const struct top *top, size_t row);
    int (*print)(const void *table, const struct top *top, size_t row, struct err *err);
};

int table_print(const struct table_of *t, struct err *err);

#endif
