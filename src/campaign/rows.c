#include "campaign/rows.h"

#include <math.h>
#include <string.h>

void row_fill(enum vtype type, void *p, size_t n)
{
    float *f = p;
    double *d = p;

    if (type == V_F32)
        for (size_t i = 0; i < n; i++)
            f[i] = NAN;
    else if (type == V_F64)
        for (size_t i = 0; i < n; i++)
            d[i] = (double)NAN;
    else if (type == V_STR)
        for (size_t i = 0; i < n; i++)
            ((const char **)p)[i] = "";
    else
        memset(p, 0xff, n * vtype_size(type)); /* -1 in every integer type */
}

int row_alloc(struct row *row, const struct experiment *x, const struct query *q, bool cell_fields,
              struct arena *a, struct err *err)
{
    *row = (struct row){.x = x, .q = q};
    for (int i = 0; i < x->n_fields; i++) {
        const struct field *f = &x->field[i];
        size_t elements = field_elements(x, f, q->n);

        if (!in_row(f, cell_fields))
            continue;
        row->at[i] = arena_alloc(a, elements, vtype_size(f->var.type), err);
        if (!row->at[i])
            return err->code;
        row_fill(f->var.type, row->at[i], elements);
    }
    return 0;
}

int row_put(const struct row *row, bool cell_fields, struct buf *out, struct err *err)
{
    for (int i = 0; i < row->x->n_fields; i++) {
        const struct field *f = &row->x->field[i];
        size_t bytes = field_elements(row->x, f, row->q->n) * vtype_size(f->var.type);

        if (in_row(f, cell_fields) && buf_put(out, row->at[i], bytes, err))
            return err->code;
    }
    return 0;
}

size_t element_place(const struct experiment *x, const struct field *f, size_t element, int i)
{
    for (int k = f->n_axes - 1; k > i; k--)
        element /= x->axis[f->axis[k]].dim.size;
    return element % x->axis[f->axis[i]].dim.size;
}

int fields_alloc(void *at[FIELDS_MAX], const struct experiment *x, struct arena *a, struct err *err)
{
    for (int i = 0; i < x->n_fields && !err->code; i++)
        if (!at[i])
            at[i] = arena_alloc(a, padded_elements(x, &x->field[i]),
                                vtype_size(x->field[i].var.type), err);
    return err->code;
}

/* Copies elements that lie dense in `from` to their places in the padded array: cell axes stand
   still at `index`, the others run, the last fastest. */
static void scatter(const struct experiment *x, const struct field *f, int n,
                    const int64_t index[AXES_MAX], const char *from, char *to)
{
    size_t size = vtype_size(f->var.type), count[DIMS_MAX] = {0};
    size_t elements = field_elements(x, f, n);

    for (size_t e = 0; e < elements; e++) {
        size_t at = 0;

        for (int i = 0; i < f->n_axes; i++) {
            const struct axis *axis = &x->axis[f->axis[i]];

            at = at * axis->dim.size +
                 (f->cell && axis->cell ? (size_t)index[f->axis[i]] : count[i]);
        }
        memcpy(to + at * size, from + e * size, size);
        for (int i = f->n_axes - 1; i >= 0; i--) {
            const struct axis *axis = &x->axis[f->axis[i]];

            if (f->cell && axis->cell)
                continue;
            if (++count[i] < (axis->tokens ? (size_t)n : axis->dim.size))
                break;
            count[i] = 0;
        }
    }
}

static void row_scatter(struct cursor *c, const struct experiment *x, int n, bool cell_fields,
                        const int64_t index[AXES_MAX], void *const at[FIELDS_MAX])
{
    for (int i = 0; i < x->n_fields; i++) {
        const struct field *f = &x->field[i];
        const char *bytes;

        if (!in_row(f, cell_fields))
            continue;
        bytes = cursor_take(c, field_elements(x, f, n) * vtype_size(f->var.type));
        if (!bytes)
            return;
        scatter(x, f, n, index, bytes, at[i]);
    }
}

void cells_scatter(struct cursor *c, const struct experiment *x, int tokens, uint64_t first,
                   uint64_t n, void *const at[FIELDS_MAX])
{
    int64_t index[AXES_MAX] = {0};

    if (first == 0 && x->kind->reduce_query)
        row_scatter(c, x, tokens, false, index, at);
    for (uint64_t i = 0; x->kind->reduce_cell && i < n && !c->bad; i++) {
        cell_index(x, tokens, first + i, index);
        row_scatter(c, x, tokens, true, index, at);
    }
}
