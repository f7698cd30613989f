/* The line that says how far a run is. */
#include "cli/run/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What progress_show writes to stderr, which is no terminal. */
static const char *line_of(struct progress_view *v, const struct progress *p)
{
    static char line[256];
    FILE *f = tmpfile();
    int before = dup(STDERR_FILENO);
    size_t n;

    assert_non_null(f);
    dup2(fileno(f), STDERR_FILENO);
    progress_begin(v);
    progress_show(v, p);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(f);
    n = fread(line, 1, sizeof line - 1, f);
    line[n] = '\0';
    fclose(f);
    return line;
}

/* 100 GFLOP in all, 10 of them done before; of the 60 that are done now 30 were left out. */
static void work_is_what_was_executed(void **state)
{
    struct progress_view v = {.units = 10, .cost = 100e9, .units_before = 1, .cost_before = 10e9};
    struct progress p = {.cost = 90e9, .cost_done = 60e9, .did = 30e9, .seconds = 60};

    (void)state;
    v.units_done = 6;
    v.bad = 3;
    assert_string_equal(line_of(&v, &p), " 57.1 %  40.0 GFLOP of 70.0 GFLOP  7 of 10 units  "
                                         "500 MFLOP/s  ETA 30.0 s  3 bad\n");
    progress_end(&v);
    assert_true(v.did == 30e9 && v.seconds == 60 && v.done == 6);
}

static void all_is_done_where_all_is_left_out(void **state)
{
    struct progress_view v = {.units = 2, .cost = 5e9, .units_done = 2};
    struct progress p = {.cost = 5e9, .cost_done = 5e9, .seconds = 60};

    (void)state;
    assert_non_null(strstr(line_of(&v, &p), "100.0 %"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_what_was_executed),
        cmocka_unit_test(all_is_done_where_all_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
