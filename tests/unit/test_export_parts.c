/* What an export leans on: files that appear together or not at all, columns by blocks. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/writer.h"
#include "folder.h"
#include "report/export/export.h"
#include "results/h5file.h"
#include "results/h5read.h"
#include "results/h5write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static size_t count_files(void)
{
    struct arena a = {0};
    char **names;
    struct err err = {0};
    size_t n = 0;

    assert_int_equal(file_list(folder, &a, &names, &n, &err), 0);
    arena_release(&a);
    return n;
}

static void put(struct writer *w, const char *text)
{
    struct err err = {0};

    assert_int_equal(buf_puts(&w->buf, text, &err), 0);
    assert_int_equal(writer_turn(w, &err), 0);
}

static void files_appear_together(void **state)
{
    struct outputs o = {.dir = folder};
    struct writer *a, *b;
    struct err err = {0};

    (void)state;
    assert_int_equal(outputs_add(&o, &a, &err, "%s.csv", "x"), 0);
    assert_int_equal(outputs_add(&o, &b, &err, "y.csv"), 0);
    put(a, "first\n");
    put(b, "second\n");
    assert_int_equal(writer_finish(a, &err), 0);
    assert_false(file_exists(in_folder("x.csv")));
    assert_int_equal(outputs_commit(&o, &err), 0);
    assert_true(file_exists(in_folder("x.csv")) && file_exists(in_folder("y.csv")));
    outputs_release(&o);
    assert_int_equal(count_files(), 2);
}

static void nothing_is_left_of_what_is_not_committed(void **state)
{
    struct outputs o = {.dir = folder};
    struct writer *a;
    struct err err = {0};

    (void)state;
    assert_int_equal(outputs_add(&o, &a, &err, "x.csv"), 0);
    put(a, "first\n");
    outputs_release(&o);
    assert_int_equal(count_files(), 0);
}

/* An export that was killed leaves what it had begun: the next one takes it away. */
static void what_a_killed_export_left_goes(void **state)
{
    struct outputs o = {.dir = folder};
    struct writer *w, *other;
    struct err err = {0};
    pid_t killed = fork();

    (void)state;
    if (!killed) {
        outputs_add(&o, &w, &err, "x.csv");
        _exit(err.code);
    }
    waitpid(killed, NULL, 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(outputs_add(&o, &w, &err, "x.csv"), 0);
    assert_int_equal(outputs_add(&o, &other, &err, "y.csv"), 0);
    assert_int_equal(count_files(), 2); /* its own stay */
    assert_int_equal(outputs_commit(&o, &err), 0);
    outputs_release(&o);
    assert_int_equal(count_files(), 2);
}

static void a_name_that_is_taken_gets_a_number(void **state)
{
    struct outputs o = {.dir = folder};
    struct writer *a, *b, *c;
    struct err err = {0};

    (void)state;
    assert_int_equal(outputs_add(&o, &a, &err, "x.y.csv"), 0);
    assert_int_equal(outputs_add(&o, &b, &err, "x.y.csv"), 0);
    assert_int_equal(outputs_add(&o, &c, &err, "x.y.csv"), 0);
    assert_true(outputs_has(&o, "x.y.csv") && outputs_has(&o, "x.y_2.csv") &&
                outputs_has(&o, "x.y_3.csv") && !outputs_has(&o, "y.csv"));
    outputs_release(&o);
}

/* More than is gathered at once. */
static void a_writer_takes_large_pieces(void **state)
{
    static char large[700000];
    struct buf back = {0};
    struct writer w;
    struct err err = {0};

    (void)state;
    memset(large, 'a', sizeof large);
    assert_int_equal(writer_open(&w, in_folder("x"), &err), 0);
    assert_int_equal(writer_put(&w, "begin", 5, &err), 0);
    assert_int_equal(writer_put(&w, large, sizeof large, &err), 0);
    assert_int_equal(writer_put(&w, "end", 3, &err), 0);
    assert_int_equal(writer_finish(&w, &err), 0);
    assert_int_equal(writer_place(&w, &err), 0);
    writer_discard(&w);
    assert_int_equal(file_read(&back, in_folder("x"), 1 << 20, &err), 0);
    assert_int_equal(back.len, sizeof large + 8);
    assert_memory_equal(back.data, "beginaa", 7);
    assert_memory_equal(back.data + back.len - 4, "aend", 4);
    buf_release(&back);
}

static void unsafe_names_are_made_safe(void **state)
{
    char name[] = "../a b/\xc3\xa9.csv", plain[] = "decode-1_x.csv", option[] = "-x";

    (void)state;
    str_safe_name(name);
    assert_string_equal(name, "_._a_b___.csv");
    str_safe_name(plain);
    assert_string_equal(plain, "decode-1_x.csv");
    str_safe_name(option);
    assert_string_equal(option, "_x");
}

/* A result file of numbers and text; the variable `many` has more than one block. */
enum { ENTRIES = 3000, WIDE = 400 };

static void make_result(size_t entries)
{
    static const struct variable many = {"many", V_F32, "query wide", "many", "1"};
    static const struct variable item = {"item", V_STR, "query", "item", NULL};
    static const char *const texts[] = {"a", "\xc3\xa9,\"x\""};
    struct dim dims[] = {{"query", entries, V_I8, NULL, NULL}, {"wide", WIDE, V_I4, NULL, NULL}};
    const char **items = calloc(entries, sizeof *items);
    float *row = calloc(WIDE, sizeof *row);
    struct h5group *g;
    struct h5file *f;
    struct err err = {0};

    for (size_t i = 0; i < entries; i++)
        items[i] = texts[i % 2];
    assert_int_equal(h5_create(&f, in_folder("r.h5"), &err), 0);
    assert_int_equal(h5_group(f, "x", dims, 2, &g, &err), 0);
    assert_int_equal(h5_coordinate(g, &item, &err), 0);
    assert_int_equal(h5_define(g, &many, &err), 0);
    assert_int_equal(h5_write(g, "item", 0, entries, items, &err), 0);
    for (size_t i = 0; i < entries; i++) {
        for (size_t k = 0; k < WIDE; k++)
            row[k] = (float)(i * WIDE + k) / 3;
        assert_int_equal(h5_write(g, "many", i, 1, row, &err), 0);
    }
    assert_int_equal(h5_commit(f, NULL, NULL, &err), 0);
    free(items);
    free(row);
}

static void columns_are_read_by_blocks_in_any_order(void **state)
{
    static const size_t order[] = {0, 1, 2999, 5, 1310, 1309, 2000};
    struct catalogue all;
    struct arena a = {0};
    struct column c;
    struct h5file *f;
    struct err err = {0};

    (void)state;
    err_clear(&err);
    make_result(ENTRIES);
    assert_int_equal(h5_open(&f, in_folder("r.h5"), &err), 0);
    assert_int_equal(catalogue_read(&all, f, &a, &err), 0);
    assert_int_equal(all.n, 4);
    assert_non_null(catalogue_scale(&all, catalogue_find(&all, "x", "many"), 1));
    assert_int_equal(column_open(&c, f, catalogue_find(&all, "x", "many"), &err), 0);
    assert_true(c.most < ENTRIES); /* more than one block */
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        assert_int_equal(column_seek(&c, order[i], &err), 0);
        for (size_t k = 0; k < WIDE; k += 57)
            assert_true(c.f[k] == (double)((float)(order[i] * WIDE + k) / 3));
    }
    assert_int_equal(column_seek(&c, ENTRIES, &err), ERR_IO);
    column_close(&c);
    h5_close(f);
    arena_release(&a);
}

/* Each allocation fails once: an error, no leak (the sanitizers look), nothing left behind. */
static void memory_that_runs_out_leaves_nothing(void **state)
{
    int (*const formats[])(struct result *, struct outputs *, struct err *) = {export_csv,
                                                                               export_jsonl};
    struct result r;
    struct err err = {0};

    (void)state;
    make_result(10);
    for (size_t i = 0; i < 2; i++)
        for (long nth = 1; nth < 20; nth += 1 + nth / 8) {
            struct outputs o = {.dir = folder};

            err_clear(&err);
            assert_int_equal(result_open(&r, in_folder("r.h5"), &err), 0);
            mem_fail_nth(nth);
            assert_int_equal(formats[i](&r, &o, &err), ERR_MEMORY);
            mem_fail_nth(0);
            outputs_release(&o);
            result_close(&r);
            assert_int_equal(count_files(), 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_appear_together, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nothing_is_left_of_what_is_not_committed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_a_killed_export_left_goes, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_name_that_is_taken_gets_a_number, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(a_writer_takes_large_pieces, make_folder, remove_folder),
        cmocka_unit_test(unsafe_names_are_made_safe),
        cmocka_unit_test_setup_teardown(columns_are_read_by_blocks_in_any_order, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(memory_that_runs_out_leaves_nothing, make_folder,
                                        remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
