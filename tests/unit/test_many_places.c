/* Positions of a prompt as long as the models read: each is a configuration of its own, and the
   list of them takes memory in proportion to their number. */
#include "experiments/kit/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TOKENS = 8192, BYTES_PER_PLACE = 512 };

static struct arena arena;

static struct places list_places(const struct selector *s)
{
    static struct span span[] = {{0, 1}, {TOKENS - 1, TOKENS}, {0, TOKENS}};
    static const char *names[] = {"first", "last", "subject"};
    static struct query query = {.n = TOKENS, .span = span};
    static struct dataset data = {
        .query = &query, .n = 1, .span_name = names, .n_spans = 3, .max_tokens = TOKENS};
    static const struct scene scene = {.data = &data};
    struct experiment x = {.scene = &scene, .data = scene.data, .arena = &arena};
    struct problems problems = {0};
    struct places p;
    struct err err;

    err_clear(&err);
    assert_int_equal(places_of(&p, s, &x, "positions", &problems, &err), 0);
    assert_int_equal(problems.count, 0);
    return p;
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void each_token_is_a_place(void **state)
{
    struct places p = list_places(&(struct selector){.kind = SELECT_EACH});

    (void)state;
    assert_int_equal(p.n, TOKENS);
    assert_string_equal(p.label[TOKENS - 1], "8191");
    assert_int_equal(p.v[TOKENS - 1].range.lo, TOKENS - 1);
    assert_true(arena.used < (size_t)TOKENS * BYTES_PER_PLACE);
}

static void each_token_of_a_span_is_a_place(void **state)
{
    const char *name = "subject[*]"; /* as {each_token: subject} is read */
    struct places p = list_places(&(struct selector){.kind = SELECT_LIST, .name = &name, .n = 1});

    (void)state;
    assert_int_equal(p.n, TOKENS);
    assert_string_equal(p.label[TOKENS - 1], "subject[8191]");
    assert_int_equal(p.v[TOKENS - 1].nth, TOKENS - 1);
    assert_true(arena.used < (size_t)TOKENS * BYTES_PER_PLACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(each_token_is_a_place, release),
        cmocka_unit_test_teardown(each_token_of_a_span_is_a_place, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
