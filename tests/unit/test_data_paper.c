/*
 * The released files themselves (LENSWEEP_PAPER_DATA): all lines load, and the flags are as often
 * as tests/reference/count_paper.py counts them.
 */
#include "data_helper.h"

struct counts {
    const char *model; /* folder in that of a dataset */
    size_t collision, generic, in_prompt, quote, space, counterfactual;
    int longest;
};

static const struct counts models[] = {
    {"meta-llama", 45, 66, 19, 123, 2, 239, 42},
    {"mistralai", 30, 85, 14, 111, 1, 220, 52},
};

static void check_query(const struct dataset *ds, size_t i)
{
    const struct query *q = &ds->query[i];
    int answer_1 = dataset_span(ds, "answer_1");

    if (q->status)
        fail_msg("%s:%zu: %s", ds->file[q->file], q->line, q->status);
    assert_int_equal(q->template, 1);
    assert_int_equal(q->right, q->step - 1);
    assert_int_equal(span_len(q->span[answer_1]) > 0, q->step > 1);
    assert_true(span_len(q->span[dataset_span(ds, "subject")]) > 0);
    assert_true(span_len(q->span[dataset_span(ds, "relation")]) > 0);
    assert_int_equal(q->ids[q->span[dataset_span(ds, "subject")].lo], target_of(ds, i, "subject"));
    if (q->step > 1)
        assert_int_equal(q->ids[q->span[answer_1].lo], target_of(ds, i, "answer_1"));
}

static void check_model(const char *data, const struct counts *want)
{
    static const char *const sets[] = {"actor_movies", "artist_songs", "country_cities"};
    struct counts got = {.model = want->model};
    char path[3][512];
    const char *paths[3];
    struct dataset ds;

    for (int i = 0; i < 3; i++) {
        snprintf(path[i], sizeof path[i], "%s/%s/%s", data, sets[i], want->model);
        paths[i] = path[i];
    }
    load_paths(&ds, paths, 3, (struct data_options){0}, NULL);
    assert_int_equal(problems.count, 0);
    assert_int_equal(ds.n_files, 9);
    assert_int_equal(ds.n, 360);
    assert_int_equal(ds.controls_min, 16);
    for (size_t i = 0; i < ds.n; i++) {
        const struct query *q = &ds.query[i];

        check_query(&ds, i);
        assert_string_equal(q->dataset, sets[i / 120]);
        got.collision += q->target_collision;
        got.generic += q->target_generic;
        got.in_prompt += q->target_in_prompt;
        got.quote += str_eq(q->answer_prefix, "quote");
        got.space += str_eq(q->answer_prefix, "space");
        got.counterfactual += q->cf_ids != NULL;
    }
    assert_int_equal(got.collision, want->collision);
    assert_int_equal(got.generic, want->generic);
    assert_int_equal(got.in_prompt, want->in_prompt);
    assert_int_equal(got.quote, want->quote);
    assert_int_equal(got.space, want->space);
    assert_int_equal(got.counterfactual, want->counterfactual);
    assert_int_equal(ds.max_tokens, want->longest);
    dataset_release(&ds);
}

static void released_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        check_model(getenv("LENSWEEP_PAPER_DATA"), &models[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(released_data)};
    const char *data = getenv("LENSWEEP_PAPER_DATA");

    if (!data || !*data) {
        puts("skip: LENSWEEP_PAPER_DATA is not set");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
