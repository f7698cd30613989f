/* Lists of edits: neighbouring tokens share an edit, and a cut is the product of rows and keys. */
#include "experiments/kit/edit_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static struct err err;

static struct edit_list empty_list(void)
{
    err_clear(&err);
    return (struct edit_list){.a = &arena, .err = &err};
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void assert_range(struct span s, int lo, int hi)
{
    assert_int_equal(s.lo, lo);
    assert_int_equal(s.hi, hi);
}

static void neighbours_share_an_edit(void **state)
{
    static const int tok[] = {1, 2, 4, 5, 6};
    struct edit_list l = empty_list();

    (void)state;
    assert_int_equal(edit_list_push_tokens(&l, (struct edit){.op = OP_ZERO}, tok, NULL, 5), 0);
    assert_int_equal(l.n, 2);
    assert_range(l.v[0].tok, 1, 3);
    assert_range(l.v[1].tok, 4, 7);
    assert_int_equal(l.v[1].shift, 0);
}

/* Rows of a source that is not as far away are edits of their own. */
static void sources_part_edits(void **state)
{
    static const int tok[] = {1, 2, 3, 4}, src[] = {3, 4, 4, 5};
    struct edit_list l = empty_list();

    (void)state;
    assert_int_equal(edit_list_push_tokens(&l, (struct edit){.op = OP_SET}, tok, src, 4), 0);
    assert_int_equal(l.n, 2);
    assert_range(l.v[0].tok, 1, 3);
    assert_int_equal(l.v[0].shift, 2);
    assert_range(l.v[1].tok, 3, 5);
    assert_int_equal(l.v[1].shift, 1);
}

static void a_cut_is_rows_times_keys(void **state)
{
    static const int tok[] = {5, 6, 8}, key[] = {0, 1, 3};
    struct edit_list l = empty_list();

    (void)state;
    assert_int_equal(
        edit_list_push_cut(&l, (struct span){1, 2}, (struct span){0, 4}, false, tok, 3, key, 3), 0);
    assert_int_equal(l.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(l.v[i].site, SITE_PATTERN);
        assert_int_equal(l.v[i].op, OP_ZERO);
        assert_range(l.v[i].layer, 1, 2);
        assert_range(l.v[i].head, 0, 4);
        assert_range(l.v[i].key, i < 2 ? 0 : 3, i < 2 ? 2 : 4);
        assert_range(l.v[i].tok, i % 2 ? 8 : 5, i % 2 ? 9 : 7);
    }
    assert_int_equal(
        edit_list_push_cut(&l, (struct span){1, 2}, (struct span){0, 4}, true, tok, 1, key, 1), 0);
    assert_int_equal(l.v[4].op, OP_MASK);
}

static void memory_runs_out(void **state)
{
    struct edit_list l = empty_list();
    int tok = 0;

    (void)state;
    arena_release(&arena);
    mem_fail_nth(1);
    assert_int_equal(edit_list_push_tokens(&l, (struct edit){0}, &tok, NULL, 1), ERR_MEMORY);
    mem_fail_nth(0);
    assert_int_equal(l.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_share_an_edit),
        cmocka_unit_test(sources_part_edits),
        cmocka_unit_test(a_cut_is_rows_times_keys),
        cmocka_unit_test(memory_runs_out),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
