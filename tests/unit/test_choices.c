/* Words and their values; and that every list of them in the config's tables is one to one. */
#include "base/str.h"
#include "config/node.h"
#include "experiments/experiment.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct choice colours[] = {{"red", 4}, {"green", 0}, {"blue", 2}, {NULL, 0}};

static void test_words_and_values(void **state)
{
    char text[CHOICE_TEXT];

    (void)state;
    assert_int_equal(choice_value(colours, "green"), 0);
    assert_int_equal(choice_value(colours, "blue"), 2);
    assert_int_equal(choice_value(colours, "gren"), NO_CHOICE);
    assert_string_equal(choice_word(colours, 4), "red");
    assert_null(choice_word(colours, 1));
    assert_null(choice_word(colours, NO_CHOICE));
    assert_string_equal(choice_near(colours, "gren"), "green");
    assert_null(choice_near(colours, "yellow"));
    assert_string_equal(choice_text(text, colours), "red | green | blue");
    assert_string_equal(choice_text(text, &colours[3]), "");
}

static void test_lists(void **state)
{
    int v[] = {4, 2};
    struct choice_list list = {2, v}, none = {0, NULL};
    struct arena a = {0};
    struct err err = {0};
    const char **word = choice_words(&list, colours, &a, &err);

    (void)state;
    assert_int_equal(choice_bits(&list), 6);
    assert_int_equal(choice_bits(&none), 0);
    assert_string_equal(word[0], "red");
    assert_string_equal(word[1], "blue");
    arena_release(&a);
}

static bool has_choices(const struct config_type *t)
{
    return t == &config_choice || t == &config_choices || t == &config_subset ||
           t == &config_real_or_choice;
}

static void check_rows(const char *name, const struct config_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct choice *c = rows[i].choices;

        if (has_choices(rows[i].type) != (c != NULL))
            fail_msg("%s.%s: a list of words goes with a choice", name, rows[i].key);
        for (size_t k = 0; c && c[k].word; k++)
            if (choice_value(c, c[k].word) != c[k].value || c[k].value < 0 ||
                !str_eq(choice_word(c, c[k].value), c[k].word))
                fail_msg("%s.%s: \"%s\" is not one to one", name, rows[i].key, c[k].word);
    }
}

static void test_tables(void **state)
{
    size_t n;
    const struct experiment_schema *kind = kind_schemas(&n);

    (void)state;
    for (size_t i = 0; i < CONFIG_PARTS; i++)
        check_rows(config_parts[i].section.name, config_parts[i].section.rows,
                   config_parts[i].section.n_rows);
    for (size_t i = 0; i < n; i++)
        check_rows(kind[i].kind, kind[i].rows, kind[i].n_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_and_values),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
