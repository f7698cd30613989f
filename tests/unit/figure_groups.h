/* Groups of a result file with averages that can be drawn, in two strata. */
#ifndef LENSWEEP_TESTS_FIGURE_GROUPS_H
#define LENSWEEP_TESTS_FIGURE_GROUPS_H

#include "results/describe.h"
#include "results/h5write.h"

#include <stdbool.h>

enum { STRATA = 2, LAYERS = 3, PARTS = 2, NAMES = 3, CELLS_MAX = STRATA * LAYERS * PARTS * NAMES };

/* A group of any kind with these figures. */
struct h5group *add_group(struct h5file *f, const char *name, const struct dim *dim, size_t n,
                          const struct figure *figure, size_t n_figures);

void put_strata(struct h5group *g, const char *const *dataset, const int32_t *step);

/* Number i of an average of n is i, halved, and `plus`; NaN where `missing` says so. */
void put_average(struct h5group *g, const char *name, const char *dimensions, size_t n, double plus,
                 bool (*missing)(size_t));

/* NAME, NAME_layer and NAME_head of each of n edges. */
void put_end(struct h5group *g, const char *name, const char *const *who, const int32_t *layer,
             const int32_t *head, size_t n);

#endif
