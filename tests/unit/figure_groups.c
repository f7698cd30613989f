#include "figure_groups.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

void put_average(struct h5group *g, const char *name, const char *dimensions, size_t n, double plus,
                 bool (*missing)(size_t))
{
    struct variable v = {name, V_F64, dimensions, "a mean", "1"};
    double *data = malloc(n * sizeof *data);
    struct err err = {0};

    err_clear(&err);
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = missing && missing(i) ? (double)NAN : 0.5 * (double)i + plus;
    assert_int_equal(h5_define(g, &v, &err), 0);
    assert_int_equal(h5_write(g, name, 0, STRATA, data, &err), 0);
    free(data);
}

void put_strata(struct h5group *g, const char *const *dataset, const int32_t *step)
{
    const int32_t template[STRATA] = {1, 1};
    struct err err = {0};

    err_clear(&err);
    assert_int_equal(
        h5_define(g, &(struct variable){"stratum_dataset", V_STR, "stratum", "", NULL}, &err), 0);
    assert_int_equal(
        h5_define(g, &(struct variable){"stratum_template", V_I4, "stratum", "", NULL}, &err), 0);
    assert_int_equal(
        h5_define(g, &(struct variable){"stratum_step", V_I4, "stratum", "", NULL}, &err), 0);
    assert_int_equal(h5_write(g, "stratum_dataset", 0, STRATA, dataset, &err), 0);
    assert_int_equal(h5_write(g, "stratum_template", 0, STRATA, template, &err), 0);
    assert_int_equal(h5_write(g, "stratum_step", 0, STRATA, step, &err), 0);
}

struct h5group *add_group(struct h5file *f, const char *name, const struct dim *dim, size_t n,
                          const struct figure *figure, size_t n_figures)
{
    struct h5group *g;
    struct err err = {0};

    err_clear(&err);
    assert_int_equal(h5_group(f, name, dim, n, &g, &err), 0);
    assert_int_equal(h5_attr_str(g, "kind", "anything", &err), 0);
    assert_int_equal(figures_write(g, figure, n_figures, &err), 0);
    return g;
}

void put_end(struct h5group *g, const char *name, const char *const *who, const int32_t *layer,
             const int32_t *head, size_t n)
{
    char of[2][32];
    const struct variable v[] = {{name, V_STR, "edge", "an end", NULL},
                                 {of[0], V_I4, "edge", "its layer", NULL},
                                 {of[1], V_I4, "edge", "its head", NULL}};
    const void *const data[] = {who, layer, head};
    struct err err = {0};

    snprintf(of[0], sizeof of[0], "%s_layer", name);
    snprintf(of[1], sizeof of[1], "%s_head", name);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(h5_define(g, &v[i], &err), 0);
        assert_int_equal(h5_write(g, v[i].name, 0, n, data[i], &err), 0);
    }
}
