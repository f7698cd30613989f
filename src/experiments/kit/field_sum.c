#include "experiments/kit/field_sum.h"

#include "base/str.h"
#include "results/signed_sum.h"

struct summand {
    float sign;
    int field;
    size_t stride[DIMS_MAX]; /* of the average's dimension d; 0 = the field does not have it */
    int dim;                 /* of the condition; -1 = there is none */
    size_t entry;
    bool except;
};

struct field_sum {
    struct summand *v; /* (n) */
    size_t n;
    int n_dims;
    size_t size[DIMS_MAX], elements;
};

static int no_term(const struct experiment *x, const struct aggregate *a, const char *term,
                   struct err *err)
{
    return err_set(err, ERR_BUG, "average %s of %s: \"%s\" cannot be a term of it",
                   a->field.var.name, x->name, term);
}

static int find_entry(struct summand *s, const struct experiment *x, const struct aggregate *a,
                      const struct signed_term *t, struct err *err)
{
    s->dim = -1;
    s->except = t->except;
    for (int d = 0; t->dim && d < a->field.n_axes; d++) {
        const struct dim *dim = &x->axis[a->field.axis[d]].dim;
        const char *const *label = dim->coord;

        if (!str_eq(dim->name, t->dim) || dim->type != V_STR)
            continue;
        s->dim = d;
        s->entry = str_index(label, dim->size, t->label);
    }
    return t->dim && s->dim < 0 ? no_term(x, a, t->dim, err) : 0;
}

static int find_field(struct summand *s, const struct experiment *x, const struct aggregate *a,
                      const struct signed_term *t, struct err *err)
{
    const struct field *f = field_named(x, t->variable);
    size_t stride = 1;
    int found = 0;

    if (!f || f->var.type != V_F32)
        return no_term(x, a, t->variable, err);
    s->sign = (float)t->sign;
    s->field = (int)(f - x->field);
    for (int i = f->n_axes; i-- > 0; stride *= x->axis[f->axis[i]].dim.size)
        for (int d = 0; d < a->field.n_axes; d++)
            if (a->field.axis[d] == f->axis[i]) {
                s->stride[d] = stride;
                found++;
            }
    return found == f->n_axes ? find_entry(s, x, a, t, err) : no_term(x, a, t->variable, err);
}

int field_sum_open(struct field_sum **sum, const struct experiment *x, const struct aggregate *a,
                   struct arena *arena, struct err *err)
{
    struct field_sum *s = *sum = arena_alloc(arena, 1, sizeof *s, err);
    struct signed_sum terms;

    if (!s || signed_sum_read(&terms, a->of, NULL, arena, err))
        return err->code;
    s->n = terms.n;
    s->v = arena_alloc(arena, s->n, sizeof *s->v, err);
    s->n_dims = a->field.n_axes;
    s->elements = padded_elements(x, &a->field);
    for (int d = 0; d < s->n_dims; d++)
        s->size[d] = x->axis[a->field.axis[d]].dim.size;
    for (size_t i = 0; s->v && i < s->n && !err->code; i++)
        find_field(&s->v[i], x, a, &terms.v[i], err);
    return err->code;
}

static float sum_at(const struct field_sum *s, const struct row *row, const size_t at[DIMS_MAX])
{
    float sum = 0, pair = 0, value;
    int n = 0;

    for (size_t k = 0; k < s->n; k++) {
        const struct summand *t = &s->v[k];
        size_t i = 0;

        if (t->dim >= 0 && (at[t->dim] == t->entry) == t->except)
            continue;
        for (int d = 0; d < s->n_dims; d++)
            i += at[d] * t->stride[d];
        value = t->sign * ((const float *)row->at[t->field])[i];
        pair = n % 2 ? pair + value : value;
        sum = n < 2 ? pair : n % 2 ? sum + pair : sum;
        n++;
    }
    return n > 2 && n % 2 ? sum + pair : sum;
}

void field_sum_value(const struct field_sum *s, const struct row *row, float *out)
{
    size_t at[DIMS_MAX] = {0};

    for (size_t i = 0; i < s->elements; i++) {
        out[i] = sum_at(s, row, at);
        for (int d = s->n_dims; d-- > 0 && ++at[d] == s->size[d];)
            at[d] = 0;
    }
}
