/* What a kind declares when it is opened, and where the numbers of a row lie. */
#include "experiments/experiment.h"

#include <string.h>

const char unit_logit[] = "1";

/* Declaring -------------------------------------------------------------------------------- */

int add_named_axis(struct experiment *x, const char *name, size_t size, const char *const *labels,
                   struct err *err)
{
    if (x->n_axes == AXES_MAX)
        return err_set(err, ERR_BUG, "experiment %s has more than %d axes", x->name, AXES_MAX);
    x->axis[x->n_axes++].dim = (struct dim){name, size, labels ? V_STR : V_I4, labels, NULL};
    return 0;
}

int add_axis(struct experiment *x, const char *name, size_t size, struct err *err)
{
    return add_named_axis(x, name, size, NULL, err);
}

int axis_named(const struct experiment *x, const char *name, size_t n)
{
    for (int i = 0; i < x->n_axes; i++)
        if (strlen(x->axis[i].dim.name) == n && memcmp(x->axis[i].dim.name, name, n) == 0)
            return i;
    return -1;
}

/* "query layer head? target" -> the axes after query; the dims without those that are not there. */
static int parse_dims(const struct experiment *x, struct field *f, struct err *err)
{
    const char *s = f->var.dims, *dims;
    size_t n = strcspn(s, " ");

    dims = arena_strndup(x->arena, s, n, err);
    for (s += n; dims && *s; s += n) {
        bool optional;
        int axis;

        n = strcspn(++s, " ");
        optional = s[n - 1] == '?';
        axis = axis_named(x, s, n - optional);
        if (axis < 0 && optional)
            continue;
        if (axis < 0 || f->n_axes == DIMS_MAX)
            return err_set(err, ERR_BUG, "field %s of %s: no axis \"%.*s\"", f->var.name, x->name,
                           (int)n, s);
        f->axis[f->n_axes++] = axis;
        f->cell |= x->axis[axis].cell;
        dims = arena_printf(x->arena, err, "%s %s", dims, x->axis[axis].dim.name);
    }
    f->var.dims = dims && x->of_model ? dims + strcspn(dims, " ") + 1 : dims;
    return dims ? 0 : err->code;
}

/* What it is, and of which logits where the model caps its own. */
static const char *long_name_of(struct experiment *x, const char *units, const char *text,
                                struct err *err)
{
    if (units != unit_logit || x->shape->logit_cap == 0)
        return text;
    return arena_printf(x->arena, err, "%s; logits before the model's cap", text);
}

int add_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
              const char *units, const char *long_name, struct err *err)
{
    struct field *f = &x->field[x->n_fields];

    if (x->n_fields == FIELDS_MAX)
        return err_set(err, ERR_BUG, "experiment %s has more than %d fields", x->name, FIELDS_MAX);
    memset(f, 0, sizeof *f);
    f->var = (struct variable){name, type, dims, long_name_of(x, units, long_name, err), units};
    x->n_fields++;
    return f->var.long_name ? parse_dims(x, f, err) : err->code;
}

int add_query_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
                    const char *units, const char *long_name, struct err *err)
{
    int code = add_field(x, name, type, dims, units, long_name, err);

    if (!code)
        x->field[x->n_fields - 1].cell = false;
    return code;
}

int add_late_field(struct experiment *x, const char *name, enum vtype type, const char *dims,
                   const char *units, const char *long_name, struct err *err)
{
    int code = add_query_field(x, name, type, dims, units, long_name, err);

    if (!code)
        x->field[x->n_fields - 1].late = true;
    return code;
}

int add_aggregate(struct experiment *x, const char *name, const char *dims, const char *units,
                  const char *long_name, void (*value)(const struct row *row, float *out),
                  struct err *err)
{
    struct aggregate *a = &x->aggregate[x->n_aggregates];

    if (x->n_aggregates == AGGREGATES_MAX)
        return err_set(err, ERR_BUG, "experiment %s has more than %d aggregates", x->name,
                       AGGREGATES_MAX);
    memset(a, 0, sizeof *a);
    a->field.var =
        (struct variable){name, V_F64, dims, long_name_of(x, units, long_name, err), units};
    a->value = value;
    x->n_aggregates++;
    return a->field.var.long_name ? parse_dims(x, &a->field, err) : err->code;
}

int add_one_of(struct experiment *x, const char *name, const char *dims, const char *units,
               const char *long_name, void (*value)(const struct row *row, float *out), int which,
               struct err *err)
{
    int code = add_aggregate(x, name, dims, units, long_name, value, err);

    if (!code)
        x->aggregate[x->n_aggregates - 1].which = which;
    return code;
}

int add_sum(struct experiment *x, const char *name, const char *dims, const char *units,
            const char *long_name, const char *of, struct err *err)
{
    int code = add_aggregate(x, name, dims, units, long_name, NULL, err);

    if (!code)
        x->aggregate[x->n_aggregates - 1].of = of;
    return code;
}

int add_mean(struct experiment *x, const char *name, const char *field, const char *units,
             const char *long_name, struct err *err)
{
    const struct field *f = field_named(x, field);
    const char *dims;

    if (!f || f->var.type != V_F32)
        return err_set(err, ERR_BUG, "%s: no field \"%s\" to average", x->name, field);
    dims = arena_printf(x->arena, err, "stratum%s", f->var.dims + strcspn(f->var.dims, " "));
    return dims ? add_sum(x, name, dims, units, long_name, field, err) : err->code;
}

int add_constant(struct experiment *x, const char *name, enum vtype type, const char *dim,
                 const char *units, const char *long_name, const void *data, struct err *err)
{
    int axis = axis_named(x, dim, strlen(dim));

    if (axis < 0 || x->n_constants == CONSTANTS_MAX)
        return err_set(err, ERR_BUG, "constant %s of %s: no axis \"%s\", or too many", name,
                       x->name, dim);
    x->constant[x->n_constants++] =
        (struct constant){{name, type, dim, long_name, units}, data, x->axis[axis].dim.size};
    return 0;
}

int problem_of_file(const struct experiment *x, const char *key, struct problems *problems,
                    const struct err *bad, struct err *err)
{
    if (bad->code == ERR_MEMORY)
        return *err = *bad, err->code;
    problem_at(x, key, problems, "%s", bad->msg);
    return 0;
}

/* The one of this name (of n bytes); NULL = there is none. */
static struct aggregate *aggregate_named(struct experiment *x, const char *name, size_t n)
{
    for (int i = 0; i < x->n_aggregates; i++) {
        const char *own = x->aggregate[i].field.var.name;

        if (strlen(own) == n && !memcmp(own, name, n))
            return &x->aggregate[i];
    }
    return NULL;
}

/* The field of this name (of n bytes); NULL = there is none. */
static const struct field *find_field(const struct experiment *x, const char *name, size_t n)
{
    for (int i = 0; i < x->n_fields; i++)
        if (strlen(x->field[i].var.name) == n && !memcmp(x->field[i].var.name, name, n))
            return &x->field[i];
    return NULL;
}

/* Every word of the list is an average of the group, or the model's own; what stands inside
   NAME/stats is made of the tested one. */
static int check_averages(struct experiment *x, const char *list, const char *inside,
                          struct err *err)
{
    for (const char *at = inside ? NULL : list; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");

        if (!aggregate_named(x, at, n) && !(x->of_model && find_field(x, at, n)))
            return err_set(err, ERR_BUG, "%s: no average \"%.*s\" to describe", x->name, (int)n,
                           at);
        at += n;
    }
    return 0;
}

/* What an average of NAME/stats is the sum of: all are made of the tested one. */
static const char *sum_of_tested(const struct experiment *x)
{
    for (int i = 0; i < x->n_aggregates; i++)
        if (x->aggregate[i].tested)
            return x->aggregate[i].of;
    return NULL;
}

/* A test that stands in the headline is made where the average is. */
static void have_judged(struct aggregate *a, const struct headline *h)
{
    bool mean = h->test && !strcmp(h->test, "t"), rate = h->test && !strcmp(h->test, "binomial");

    if (!a || !(mean || rate))
        return;
    a->judged = true;
    a->rate |= rate;
    a->chance = rate ? h->null : NULL;
}

int add_headline(struct experiment *x, const struct headline *h, struct err *err)
{
    struct aggregate *a = aggregate_named(x, h->variable, strlen(h->variable));

    if (x->n_headlines == HEADLINES_MAX)
        return err_set(err, ERR_BUG, "experiment %s has more than %d headlines", x->name,
                       HEADLINES_MAX);
    if ((!h->listed && check_averages(x, h->variable, h->inside, err)) ||
        check_averages(x, h->null, h->inside, err) ||
        check_averages(x, h->instead, h->inside, err) || check_averages(x, h->beside, NULL, err))
        return err->code;
    x->headline[x->n_headlines] = *h;
    x->headline[x->n_headlines++].of = h->inside ? sum_of_tested(x) : a ? a->of : NULL;
    have_judged(a, h);
    if (h->instead)
        have_judged(aggregate_named(x, h->instead, strlen(h->instead)), h);
    return 0;
}

int add_figure(struct experiment *x, const struct figure *f, struct err *err)
{
    if (x->n_figures == HEADLINES_MAX)
        return err_set(err, ERR_BUG, "experiment %s has more than %d figures", x->name,
                       HEADLINES_MAX);
    if (check_averages(x, f->values, f->inside, err) ||
        check_averages(x, f->beside, f->inside, err))
        return err->code;
    x->figure[x->n_figures++] = *f;
    return 0;
}

int add_input(struct experiment *x, const char *key, struct hash hash, struct err *err)
{
    if (x->n_inputs == INPUTS_MAX)
        return err_set(err, ERR_BUG, "experiment %s reads more than %d files", x->name, INPUTS_MAX);
    x->input[x->n_inputs++] = (struct input){key, hash};
    return 0;
}

const char *inputs_text(const struct experiment *x, struct arena *a, struct err *err)
{
    const char *text = "";

    for (int i = 0; text && i < x->n_inputs; i++) {
        char hex[HASH_HEX];

        text = arena_printf(a, err, "%s%s%s %s", text, *text ? ", " : "", x->input[i].key,
                            hash_hex(hex, x->input[i].hash));
    }
    return text;
}

/* Sizes and places -------------------------------------------------------------------------- */

const struct field *field_named(const struct experiment *x, const char *name)
{
    return find_field(x, name, strlen(name));
}

size_t axis_size(const struct axis *a, int n)
{
    return a->tokens ? (size_t)n : a->dim.size;
}

size_t field_elements(const struct experiment *x, const struct field *f, int n)
{
    size_t elements = 1;

    for (int i = 0; i < f->n_axes; i++)
        if (!f->cell || !x->axis[f->axis[i]].cell)
            elements *= axis_size(&x->axis[f->axis[i]], n);
    return elements;
}

size_t padded_elements(const struct experiment *x, const struct field *f)
{
    size_t n = 1;

    for (int i = 0; i < f->n_axes; i++)
        n *= x->axis[f->axis[i]].dim.size;
    return n;
}

uint64_t query_cells(const struct experiment *x, int n)
{
    uint64_t cells = 1;

    for (int i = 0; i < x->n_axes; i++) {
        size_t size = axis_size(&x->axis[i], n);

        if (x->axis[i].cell) /* twos: the axis before has its factor already */
            cells = x->axis[i].twos ? cells * (size + 1) / 2 : cells * size;
    }
    return cells;
}

/* (0, 0), (0, 1), ..., (1, 1), ...: n - i of the i-th. */
static void place_two(uint64_t at, uint64_t n, int64_t two[2])
{
    uint64_t i = 0;

    for (; at >= n - i; i++)
        at -= n - i;
    two[0] = (int64_t)i;
    two[1] = (int64_t)(i + at);
}

void cell_index(const struct experiment *x, int n, uint64_t cell, int64_t index[AXES_MAX])
{
    memset(index, 0, AXES_MAX * sizeof *index);
    for (int i = x->n_axes - 1; i >= 0; i--) {
        size_t size = axis_size(&x->axis[i], n);

        if (!x->axis[i].cell)
            continue;
        if (x->axis[i].twos) {
            place_two(cell % (size * (size + 1) / 2), size, &index[i - 1]);
            cell /= size * (size + 1) / 2;
            i--;
            continue;
        }
        index[i] = (int64_t)(cell % size);
        cell /= size;
    }
}

void *row_at(const struct row *row, const char *field, enum vtype type)
{
    const struct field *f = field_named(row->x, field);

    return f && f->var.type == type ? row->at[f - row->x->field] : NULL;
}
