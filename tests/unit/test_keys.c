/* Keys of units change with what a unit computes and with nothing else. */
#include "base/file.h"
#include "base/writer.h"
#include "campaign/bundle.h"
#include "campaign/cut.h"
#include "campaign/unit.h"
#include "campaign_helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Does an experiment's work depend on all of the data: by a survey, or by controls drawn from it?
   */
static bool of_all_data(const struct experiment *x)
{
    return x->survey || x->needs & NEED_DRAWS;
}

static bool has_key(const struct campaign *c, struct hash key)
{
    for (size_t i = 0; i < c->n_units; i++)
        if (hash_eq(c->unit[i].key, key))
            return true;
    return false;
}

/* How many units of experiment x (-1: of all) and query q (-1: of all) in a have their key in b. */
static size_t kept(const struct campaign *a, int x, int q, const struct campaign *b, size_t *of)
{
    size_t n = 0;

    *of = 0;
    for (const struct unit *u = a->unit; u < units_end(a); u++) {
        if ((x >= 0 && u->experiment != (uint32_t)x) || (q >= 0 && u->query != (uint32_t)q))
            continue;
        ++*of;
        n += has_key(b, u->key);
    }
    assert_true(*of > 0);
    return n;
}

static void all_kept(const struct campaign *a, int x, int q, const struct campaign *b)
{
    size_t of, n = kept(a, x, q, b, &of);

    assert_int_equal(n, of);
}

static void none_kept(const struct campaign *a, int x, int q, const struct campaign *b)
{
    size_t of;

    assert_int_equal(kept(a, x, q, b, &of), 0);
}

static void keys_differ_within_a_campaign(void **state)
{
    struct campaign c;

    (void)state;
    open_text(&c, three_queries, kinds_of_work, NULL);
    for (size_t i = 0; i < c.n_units; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(hash_eq(c.unit[i].key, c.unit[k].key));
    campaign_close(&c);
}

/* Keys of the running, of the statistics and of the data's choice change no unit. */
static void what_does_not_matter(void **state)
{
    static const char *const sets[] = {
        "run.threads=3",     "run.memory=100000000", "run.max_time=5s",     "run.grace=5s",
        "statistics.seed=9", "statistics.fdr=0.01",  "run.fail_on_bad=true"};
    struct campaign was, is;

    (void)state;
    open_text(&was, three_queries, kinds_of_work, NULL);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        open_text(&is, three_queries, kinds_of_work, sets[i]);
        assert_int_equal(is.n_units, was.n_units);
        all_kept(&was, -1, -1, &is);
        campaign_close(&is);
    }
    campaign_close(&was);
}

static void what_changes_all(void **state)
{
    struct campaign was, is;
    char model[512];

    (void)state;
    snprintf(model, sizeof model, "model.path=%s/fixtures/models/mistral-mha-f16", TEST_DIR);
    open_text(&was, three_queries, kinds_of_work, NULL);
    for (int i = 0; i < 3; i++) {
        open_text(&is, three_queries, kinds_of_work,
                  i == 0   ? "run.executor=naive"
                  : i == 1 ? "data.seed=5"
                           : model);
        none_kept(&was, -1, -1, &is);
        campaign_close(&is);
    }
    campaign_close(&was);
}

/* A key of one experiment changes its units, and not those of its neighbours. */
static void an_experiments_own_key(void **state)
{
    struct campaign was, is;
    char changed[1024];
    const char *at = strstr(kinds_of_work, "zero");

    (void)state;
    snprintf(changed, sizeof changed, "%.*sresample%s", (int)(at - kinds_of_work), kinds_of_work,
             at + 4);
    open_text(&was, three_queries, kinds_of_work, NULL);
    open_text(&is, three_queries, changed, NULL);
    none_kept(&was, SWEEP, -1, &is);
    for (int x = 0; x < EXPERIMENTS; x++)
        if (x != SWEEP)
            all_kept(&was, x, -1, &is);
    campaign_close(&is);
    open_text(&is, three_queries, "  - {name: d, kind: decode}\n", NULL);
    all_kept(&is, -1, -1, &was); /* one experiment of four, and `queries` */
    campaign_close(&is);
    campaign_close(&was);
}

/* Appended queries keep the keys of the earlier ones, but for what is made of all of them: means,
   and controls drawn among other items. */
static void appended_queries(void **state)
{
    struct campaign was, is;

    (void)state;
    open_text(&was, three_queries, kinds_of_work, NULL);
    open_text(&is, four_queries, kinds_of_work, NULL);
    for (int x = 0; x < EXPERIMENTS; x++)
        if (of_all_data(&is.x[x]))
            none_kept(&was, x, -1, &is);
        else
            all_kept(&was, x, -1, &is);
    assert_true(of_all_data(&is.x[1]) && !of_all_data(&is.x[SWEEP]));
    campaign_close(&is);
    campaign_close(&was);
}

/* A query that changes takes only its own units with it, wherever it stands. */
static void a_changed_query(void **state)
{
    struct campaign was, is;
    char data[4096], *at;

    (void)state;
    snprintf(data, sizeof data, "%s%s%s", query_c, query_b, query_a); /* another order */
    at = strstr(data, "[70, 15");
    at[2] = '1';                                                     /* B's first token */
    open_text(&was, three_queries, kinds_of_work, "run.audit=none"); /* else the first is audited */
    open_text(&is, data, kinds_of_work, "run.audit=none");
    for (int x = 0; x < EXPERIMENTS; x++) {
        if (of_all_data(&is.x[x]))
            continue;
        all_kept(&was, x, 0, &is);
        none_kept(&was, x, 1, &is);
        all_kept(&was, x, 2, &is);
    }
    campaign_close(&is);
    campaign_close(&was);
}

static const char small_ids[] =
    "{\"ids\": [1, 2, 3], \"item\": \"A\", \"targets\": {\"t\": 5}, \"target\": \"t\"}\n"
    "{\"ids\": [4, 5, 6], \"item\": \"B\", \"targets\": {\"t\": 7}, \"target\": \"t\"}\n";

/* Rows that may be of other bytes than their key says are not rows. */
static void a_model_changed_under_a_unit(void **state)
{
    struct buf file = {0}, rows = {0};
    struct err err = {0};
    struct campaign c;
    struct work work;
    double did;
    char set[512];
    FILE *f;

    (void)state;
    assert_int_equal(
        file_read(&file, TEST_DIR "/fixtures/models/gguf-f32/model.gguf", 1 << 22, &err), 0);
    assert_int_equal(file_replace(in_folder("model.gguf"), file.data, file.len, &err), 0);
    snprintf(set, sizeof set, "model.path=%s/model.gguf", folder);
    open_whole(&c, small_ids, "  - {name: k, kind: knockout, sets: [last]}\n", set);
    assert_int_equal(campaign_bundle(&c, NULL, 1, &err), 0);
    assert_int_equal(campaign_start(&c, 1, &err), 0);
    work = campaign_work(&c);
    assert_int_equal(work.run(work.ctx, 0, &rows, &did, &err), 0);
    assert_true(did > 0);

    f = fopen(in_folder("model.gguf"), "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, -1, SEEK_END), 0);
    assert_int_equal(fputc(file.data[file.len - 1] ^ 1, f),
                     (unsigned char)file.data[file.len - 1] ^ 1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(work.run(work.ctx, 0, &rows, &did, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "was changed while it was read"));
    campaign_close(&c);
    buf_release(&file);
    buf_release(&rows);
}

/* What is the model's own is computed once whatever the data are. */
static void weights_are_no_querys(void **state)
{
    struct campaign was, is;

    (void)state;
    open_text(&was, three_queries, weights_alone, "run.audit=none");
    open_text(&is, query_d, weights_alone, "run.audit=none");
    none_kept(&was, 1, -1, &is);
    all_kept(&was, 2, -1, &is);
    for (const struct unit *u = is.unit; u < units_end(&is); u++)
        assert_true(u->experiment != 2 || (u->query == 0 && u->runs.clean == 0));
    campaign_close(&is);
    campaign_close(&was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_differ_within_a_campaign),
        cmocka_unit_test(what_does_not_matter),
        cmocka_unit_test(what_changes_all),
        cmocka_unit_test(an_experiments_own_key),
        cmocka_unit_test(appended_queries),
        cmocka_unit_test(a_changed_query),
        cmocka_unit_test(a_model_changed_under_a_unit),
        cmocka_unit_test(weights_are_no_querys),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
