/* Private: rows of fields in memory, as bytes, and in their place among a query's padded arrays. */
#ifndef LENSWEEP_CAMPAIGN_ROWS_H
#define LENSWEEP_CAMPAIGN_ROWS_H

#include "base/buf.h"
#include "experiments/experiment.h"

/* Does a field belong to the row of a cell (or of the query)? */
static inline bool in_row(const struct field *f, bool cell_fields)
{
    return !f->late && f->cell == cell_fields;
}

/* Every field of that sort for a query, filled with its fill value. */
int row_alloc(struct row *row, const struct experiment *x, const struct query *q, bool cell_fields,
              struct arena *a, struct err *err);
int row_put(const struct row *row, bool cell_fields, struct buf *out, struct err *err);

/* Fill value of a type in n elements: NaN, or -1. */
void row_fill(enum vtype type, void *p, size_t n);

/* Place of an element of a padded field on the i-th of its axes. */
size_t element_place(const struct experiment *x, const struct field *f, size_t element, int i);

/* A padded array of each field that at[] does not have yet, in the arena. */
int fields_alloc(void *at[FIELDS_MAX], const struct experiment *x, struct arena *a,
                 struct err *err);

/* Takes the bytes of n cells from the cursor, the query's own before its first cell, and puts them
   in their place: at[i] = the query's padded array of field i. c->bad if they are not such rows. */
void cells_scatter(struct cursor *c, const struct experiment *x, int tokens, uint64_t first,
                   uint64_t n, void *const at[FIELDS_MAX]);

#endif
