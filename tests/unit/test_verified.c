/* verify: a finished result is compared with what is computed anew, bit for bit: the sign of a zero
   and why a query was left out too. */
#include "campaign/bundle.h"
#include "campaign/verify.h"
#include "campaign_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char two[] = "  - {name: n, kind: noop, cells: 3, values: 2}\n"
                          "  - {name: d, kind: decode, where: {correct: true}}\n";

static void open_two(struct campaign *c)
{
    struct err err;

    err_clear(&err);
    open_whole(c, three_queries, two, "run.audit=none");
    assert_int_equal(campaign_bundle(c, NULL, 1, &err), 0);
}

/* Writes the result with the change in it, and verifies all of it. */
static void differ_by(row_change_fn *change, uint64_t differ, const char *variable,
                      const char *file, const char *anew)
{
    struct campaign_report report;
    struct buf rows = {0};
    struct campaign c;
    struct verified v;
    struct err err;

    err_clear(&err);
    open_two(&c);
    assert_int_equal(campaign_start(&c, 1, &err), 0);
    run_whole(&c, &rows, change, &report);
    campaign_close(&c);
    open_two(&c);
    if (verify_result(&v, &c, in_folder("result.h5"), 1000, 1, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(v.differ, differ);
    assert_true(v.values >= 3 * 3 * 2 + 3);
    if (differ) {
        assert_string_equal(v.difference[0].variable, variable);
        assert_string_equal(v.difference[0].file, file);
        assert_string_equal(v.difference[0].anew, anew);
    }
    verify_release(&v);
    buf_release(&rows);
    campaign_close(&c);
}

/* The first number of the first cell, behind an empty status, is 0. */
static void flip_sign(const struct campaign *c, uint64_t unit, unsigned char *rows, size_t n)
{
    const struct unit *u = &c->unit[unit];

    assert_true(n >= 8);
    if (u->experiment == 1 && u->query == 0 && u->first == 0)
        rows[4 + 3] ^= 0x80;
}

/* The text of the first query's status. */
static void change_status(const struct campaign *c, uint64_t unit, unsigned char *rows, size_t n)
{
    const struct unit *u = &c->unit[unit];

    if (u->experiment == 2 && u->query == 0) {
        assert_true(n > 4 && rows[4] == 'n');
        rows[4] = 'N';
    }
}

static void a_sign_and_a_status_are_values(void **state)
{
    (void)state;
    differ_by(NULL, 0, "", "", "");
    differ_by(flip_sign, 1, "n/number", "-0", "0");
    differ_by(change_status, 1, "d/status", "Not selected by where", "not selected by where");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_sign_and_a_status_are_values)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
