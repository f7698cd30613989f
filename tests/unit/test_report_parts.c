/* What reports are made of: sums that averages name, intervals of differences, words, JSON. */
#include "base/json_write.h"
#include "report/compare.h"
#include "report/grid.h"
#include "report/words.h"
#include "results/average.h"
#include "results/signed_sum.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What averages say of themselves is read as it was written, or not at all. */
static void sums_are_read(void **state)
{
    static const char all[] = "logit.{target}: logit -clean_logit; kl: kl[set=a] unless odd";
    struct arena a = {0};
    struct signed_sum s;
    struct err err;

    (void)state;
    err_clear(&err);
    assert_int_equal(signed_sum_read(&s, "was -is[set!=last one]", NULL, &a, &err), ERR_IO);
    err_clear(&err);
    assert_int_equal(signed_sum_read(&s, "was -is[set!=last]", "any", &a, &err), 0);
    assert_true(s.n == 2 && s.v[0].sign == 1 && !s.v[0].dim && s.v[1].sign == -1);
    assert_string_equal(s.v[1].variable, "is");
    assert_string_equal(s.v[1].dim, "set");
    assert_string_equal(s.v[1].label, "last");
    assert_true(s.v[1].except && !s.unless && !s.dim);
    assert_int_equal(signed_sum_read(&s, all, "logit.x y; z", &a, &err), 0);
    assert_true(s.n == 2 && !s.unless);
    assert_string_equal(s.dim, "target");
    assert_string_equal(s.label, "x y; z");
    assert_int_equal(signed_sum_read(&s, all, "kl", &a, &err), 0);
    assert_true(s.n == 1 && !s.dim && !s.v[0].except);
    assert_string_equal(s.unless, "odd");
    assert_int_equal(signed_sum_read(&s, all, "k", &a, &err), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(signed_sum_read(&s, all, NULL, &a, &err), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(signed_sum_read(&s, NULL, NULL, &a, &err), 0);
    assert_int_equal(s.n, 0);
    arena_release(&a);
}

/* Intervals of the difference of two normal means are right; skewed ones keep their sides. */
static void a_difference_has_an_interval(void **state)
{
    struct bounded d =
        bounded_difference((struct bounded){1, 0.7, 1.3}, (struct bounded){3, 2.6, 3.4});

    (void)state;
    assert_true(fabs(d.mean - 2) < 1e-12 && fabs(d.lo - 1.5) < 1e-12 && fabs(d.hi - 2.5) < 1e-12);
    d = bounded_difference((struct bounded){0, 0, 3}, (struct bounded){0, -4, 0});
    assert_true(fabs(d.lo + 5) < 1e-12 && fabs(d.hi) < 1e-12);
}

static void layers_are_counted_from_one(void **state)
{
    static const char *const all[][3] = {{"layer", "23", "24"},       {"cut_layer", "0-5", "1-6"},
                                         {"layer", "0, 7", "1, 8"},   {"first", "23.4", "24.4"},
                                         {"second", "9.10", "10.10"}, {"head", "4", "4"}};
    struct arena a = {0};
    struct err err;

    (void)state;
    err_clear(&err);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_string_equal(label_raised(all[i][0], all[i][1], 1, &a, &err), all[i][2]);
        assert_string_equal(label_raised(all[i][0], all[i][1], 0, &a, &err), all[i][1]);
    }
    arena_release(&a);
}

static void json_is_escaped(void **state)
{
    struct buf text = {0};
    struct json_out j = {.out = &text};
    struct err err;

    (void)state;
    err_clear(&err);
    json_begin(&j, NULL, '{', &err);
    json_str(&j, "a\"b", "\\ \n\xff\xc3\xa4", &err);
    json_num(&j, "n", NAN, &err);
    json_begin(&j, "l", '[', &err);
    json_end(&j, ']', &err);
    json_flag(&j, "f", true, &err);
    json_end(&j, '}', &err);
    assert_string_equal(buf_str(&text, &err),
                        "{\n  \"a\\\"b\": \"\\\\ \\u000a\xef\xbf\xbd\xc3\xa4\",\n"
                        "  \"n\": null,\n  \"l\": [],\n  \"f\": true\n}\n");
    buf_release(&text);
}

static void labels_become_words(void **state)
{
    struct arena a = {0};
    struct err err = {0};

    (void)state;
    err_clear(&err);
    assert_string_equal(words_of(&a, "answer_1_first", &err), "answer 1: first token");
    assert_string_equal(words_of(&a, "before_answer_2", &err), "last before answer 2");
    assert_string_equal(words_of(&a, "mlp", &err), "MLP");
    assert_string_equal(words_of(&a, "subject", &err), "subject");
    arena_release(&a);
}

/* A table has some columns, and not too many: else it is a mistake in the program. */
static void a_table_has_columns(void **state)
{
    static const size_t columns[] = {0, GRID_COLUMNS_MAX + 1};
    struct grid g = {.columns = 2};
    struct buf out = {0};
    struct err err = {0};

    (void)state;
    grid_put(&g, &err, "layer");
    grid_put(&g, &err, "effect");
    grid_put(&g, &err, "10");
    grid_number(&g, 0.5, 2, true, &err);
    assert_int_equal(grid_text(&g, &out, &err), 0);
    assert_string_equal(buf_str(&out, &err), "  layer  effect\n     10   +0.50\n");
    for (size_t i = 0; i < 2; i++) {
        g.columns = columns[i];
        assert_int_equal(grid_text(&g, &out, &err), ERR_BUG);
        err_clear(&err);
    }
    grid_release(&g);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_read),
        cmocka_unit_test(a_difference_has_an_interval),
        cmocka_unit_test(layers_are_counted_from_one),
        cmocka_unit_test(json_is_escaped),
        cmocka_unit_test(labels_become_words),
        cmocka_unit_test(a_table_has_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
