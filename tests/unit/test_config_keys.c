/* The keys of a config that are in force, one by one, where some have a meaning with values of
   others only. */
#include "base/buf.h"
#include "config/config.h"
#include "config_choices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A kind with keys that only some values of others give a meaning. */
struct swept {
    enum place site;
    int64_t heads, draws;
    enum noise noise;
};

static const struct config_row swept_rows[] = {
    CONFIG_CHOICE(struct swept, site, "site", config_choice, NULL, places, RESULTS, "where"),
    CONFIG_ROW_WHEN(struct swept, heads, "heads", config_int, "4", 1, 9, RESULTS,
                    "site: attn | residual", "of attention"),
    CONFIG_CHOICE_WHEN(struct swept, noise, "operation.noise", config_choice, NULL, noises, RESULTS,
                       "site: mlp", "of the MLP"),
    CONFIG_ROW_WHEN(struct swept, draws, "operation.draws", config_int, "3", 1, 9, RUNNING,
                    "site: mlp | residual", "samples"),
};

static const struct experiment_schema sweeps[] = {{"swept", "has keys that go together", swept_rows,
                                                   sizeof swept_rows / sizeof *swept_rows,
                                                   sizeof(struct swept), NULL, false}};

static int list_key(void *to, const struct config_key *k, struct err *err)
{
    return buf_printf(to, err, "%s %s %s=%s %s %s%s\n", k->section,
                      k->experiment ? k->experiment->name : "-", k->key, k->value,
                      k->at.row->type->name, k->at.row->affects == RESULTS ? "results" : "running",
                      k->own ? " own" : "");
}

static int stop_at_second(void *to, const struct config_key *k, struct err *err)
{
    (void)k;
    return ++*(int *)to == 2 ? err_set(err, ERR_BUG, "enough") : 0;
}

/* Keys in force alone, each once, in the order of the tables; the first error ends it. */
static void test_each_key(void **state)
{
    static const char text[] =
        "model: {path: tests}\ndata: {path: tests}\noutput: out\n"
        "experiments:\n  - {name: a, kind: swept, site: attn}\n"
        "  - {name: b, kind: swept, site: mlp, operation: {noise: published}}\n";
    struct config c = {0};
    struct problems problems = {0};
    struct err err = {0};
    struct buf out = {0};
    const struct swept *a, *b;
    const char *got;
    int n = 0;

    (void)state;
    assert_int_equal(
        config_parse(&c, "x.yaml", text, strlen(text), NULL, 0, sweeps, 1, &problems, &err), 0);
    assert_int_equal(problems.count, 0);
    a = c.experiment[0].config;
    b = c.experiment[1].config;
    assert_int_equal(a->site, PLACE_ATTN);
    assert_int_equal((int)a->noise, NO_CHOICE);
    assert_int_equal(b->noise, NOISE_PUBLISHED);
    assert_int_equal(config_each(&c, list_key, &out, &err), 0);
    got = buf_str(&out, &err);
    assert_int_equal(strncmp(got, "model - path=tests path running\n", 32), 0);
    assert_non_null(strstr(got, "\n - output=out folder running\n"
                                "experiments a name=a string results\n"
                                "experiments a kind=swept string results\n"
                                "experiments a limit=0 integer results\n"
                                "experiments a where={} filter results\n"
                                "experiments a site=attn choice results own\n"
                                "experiments a heads=4 integer results own\n"
                                "experiments b name=b string results\n"
                                "experiments b kind=swept string results\n"
                                "experiments b limit=0 integer results\n"
                                "experiments b where={} filter results\n"
                                "experiments b site=mlp choice results own\n"
                                "experiments b operation.noise=published choice results own\n"
                                "experiments b operation.draws=3 integer running own\n"
                                "statistics - cluster=item choice results\n"));
    buf_clear(&out);
    assert_int_equal(config_print_experiment(&c.experiment[1], &out, &err), 0);
    assert_string_equal(buf_str(&out, &err), "kind: swept\nsite: mlp\noperation:\n"
                                             "  noise: published\n");
    assert_int_equal(config_each_of(&c.experiment[0], stop_at_second, &n, &err), ERR_BUG);
    assert_int_equal(n, 2);
    buf_release(&out);
    config_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key),
    };

    if (chdir(TEST_DIR "/.."))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
