/* Which attempts of a curation are kept, why the others are not, and what is picked for those that
   are: from texts that a model might have written. */
#include "curation/pick.h"
#include "folder.h"

#include "base/str.h"
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MODEL "tests/fixtures/tiny/model"

static const char facts[] = "subject,object,object_aliases\n"
                            "S1,Ada,Great Ada\nS1,Bel,\nS1,Cor,\n"
                            "S2,Dan,\nS2,Eve,\n"
                            "S3,Ada,\nS3,Fay,\n"
                            "S4,Cor,\nS4,Gus,\n"
                            "S5,Ada,Great Ada\nS5,Bel,\n"
                            "S6,Ada,\nS6,Bel,\n"
                            "S7,Ada,\nS7,Bel,\n"
                            "S8,Ada,\nS8,Bel,\n";

static const struct {
    const char *said, *reason; /* NULL = kept */
    bool ended;
} answers[] = {{" Ada\n2. Bel\n3.", NULL, false},
               {" Dan\n2. Eve\n3.", NULL, false},
               {" Ada\n2. Fay\n3.", NULL, false},
               {" Cor\n2. Gus", NULL, true},
               {" Ada\n2. Great Ada\n3.", "\"Ada\" is given twice", false},
               {" Ada\n2. Eve\n3.", "\"Eve\" is not among the facts", false},
               {" Ada\n2. Bel", "cut by the length limit", false},
               {" Ada", "1 of 2 answers found", true}};
enum { SUBJECTS = sizeof answers / sizeof *answers };

static void put(const char *name, const char *text)
{
    struct err err = {0};

    assert_int_equal(file_replace(in_folder(name), text, strlen(text), &err), 0);
}

static void open_curation(struct curation *c, const char *more)
{
    struct problems problems = {0};
    struct err err = {0};
    char text[1024];

    put("facts.csv", facts);
    snprintf(text, sizeof text,
             "model: {path: \"%s\"}\noutput: \"%s\"\ncurate:\n  {facts: \"%s\", dataset: d, "
             "templates: [\"Towns of {subject}: 1.\"], answers: 2%s}\n",
             MODEL, in_folder("out"), in_folder("facts.csv"), more);
    put("c.yaml", text);
    if (curation_open(c, in_folder("c.yaml"), NULL, 0, false, &problems, &err) || problems.count)
        fail_msg("%s", err.msg);
    assert_int_equal(c->n, SUBJECTS);
}

/* The model's answers, as a worker sends them. */
static void open_said(struct curation *c, const char *more)
{
    struct buf rows = {0};
    struct err err = {0};

    open_curation(c, more);
    assert_int_equal(c->n_units, 1);
    for (size_t i = 0; i < SUBJECTS; i++) {
        struct ids ids = {0};

        assert_int_equal(tokenizer_encode(c->tokenizer, answers[i].said, strlen(answers[i].said),
                                          false, &ids, &err),
                         0);
        buf_u32(&rows, answers[i].ended ? AT_END : AT_LIMIT, &err);
        buf_u32(&rows, (uint32_t)ids.n, &err);
        for (size_t k = 0; k < ids.n; k++)
            buf_u32(&rows, (uint32_t)ids.v[k], &err);
        ids_release(&ids);
    }
    assert_int_equal(curation_take(c, 0, rows.data, rows.len, &err), 0);
    assert_int_equal(curation_select(c, &err), 0);
    buf_release(&rows);
}

static void attempts_are_kept_or_say_why(void **state)
{
    struct curation c = {0};

    (void)state;
    open_said(&c, ", tokens: 60");
    for (size_t i = 0; i < SUBJECTS; i++) {
        const char *reason = c.attempt[i].reason, *want = answers[i].reason;

        if (want ? !reason || !strstr(reason, want) : reason != NULL)
            fail_msg("%s: \"%s\", expected \"%s\"", c.attempt[i].subject->name,
                     reason ? reason : "kept", want ? want : "kept");
    }
    assert_int_equal(c.kept, 4);
    assert_true(c.dropped[DROP_REPEATED] == 1 && c.dropped[DROP_WRONG] == 1 &&
                c.dropped[DROP_CUT] == 1 && c.dropped[DROP_PARSE] == 1);
    curation_close(&c);
}

static int32_t token_of(const struct attempt *a, int answer)
{
    return a->ids[a->answer[answer].lo];
}

/* S1's: not its own answers, Ada and Bel, nor Cor, which is right as well. */
static void what_is_picked_is_wrong_for_the_subject(void **state)
{
    struct curation c = {0};
    const struct attempt *a, *cf;
    struct err err = {0};
    int32_t control[16];
    int n;

    (void)state;
    open_said(&c, ", tokens: 60");
    a = c.attempt;
    n = pick_controls(&c, a, control, 16, &c.unit_arena, &err);
    assert_int_equal(n, 4);
    for (int i = 0; i < n; i++)
        assert_true(control[i] == token_of(&a[1], 0) || control[i] == token_of(&a[1], 1) ||
                    control[i] == token_of(&a[2], 1) || control[i] == token_of(&a[3], 1));
    for (int64_t seed = 1; seed < 9; seed++) {
        c.config.curate.seed = seed;
        cf = pick_counterfactual(&c, a, 1);
        assert_true(cf == &a[1] || cf == &a[3]);
    }
    curation_close(&c);
}

/* For how many subjects' second answers is it drawn, with ten seeds each? */
static int drawn(struct curation *c, const struct attempt *of)
{
    int n = 0;

    for (size_t i = 0; i < SUBJECTS; i++)
        for (int64_t seed = 1; seed <= 10; seed++) {
            c->config.curate.seed = seed;
            n += pick_counterfactual(c, &c->attempt[i], 2) == of;
        }
    return n;
}

/* A prompt that was dropped may serve, but not with an earlier answer that is wrong. */
static void no_counterfactual_says_a_wrong_answer(void **state)
{
    struct curation c = {0};
    struct attempt *b;

    (void)state;
    open_said(&c, ", tokens: 60");
    b = &c.attempt[1];
    assert_true(drawn(&c, b) > 0);
    b->reason = "its last answer is cut";
    assert_true(drawn(&c, b) > 0);
    b->object[0] = NULL;
    assert_int_equal(drawn(&c, b), 0);
    curation_close(&c);
}

/* S6's second answer, Eve, is none of its objects, and S2's, which is kept. */
static void no_control_is_an_answer_that_was_given(void **state)
{
    struct curation c = {0};
    const struct attempt *a;
    struct err err = {0};
    int32_t control[16];
    int n;

    (void)state;
    open_said(&c, ", tokens: 60, keep: all");
    a = &c.attempt[5];
    assert_true(!a->reason && token_of(a, 1) == token_of(&c.attempt[1], 1));
    n = pick_controls(&c, a, control, 16, &c.unit_arena, &err);
    assert_true(n > 0);
    for (int i = 0; i < n; i++)
        assert_int_not_equal(control[i], token_of(a, 1));
    curation_close(&c);
}

/* Of four kept subjects among eight, two in each. */
static void splits_share_what_is_kept(void **state)
{
    struct curation c = {0};
    struct err err = {0};

    (void)state;
    open_said(&c, ", tokens: 60, splits: {train: 0.5, test: 0.5}");
    for (int64_t seed = 1; seed < 9; seed++) {
        int second = 0;

        c.config.curate.seed = seed;
        assert_int_equal(pick_splits(&c, &err), 0);
        for (size_t i = 0; i < SUBJECTS; i++)
            second += !c.attempt[i].reason && c.attempt[i].split == 1;
        assert_int_equal(second, 2);
    }
    curation_close(&c);
}

/* As a tokenizer does that has a token of the subject's end and the answer's first letter. */
static void answers_begin_with_a_token_of_their_own(void **state)
{
    struct curation c = {0};
    struct err err = {0};

    (void)state;
    open_curation(&c, ", from: facts");
    c.attempt[0].at_subject.n = strlen("S1: 1. A");
    assert_int_equal(curation_select(&c, &err), 0);
    assert_true(c.attempt[0].reason && !c.attempt[1].reason);
    assert_int_equal(c.dropped[DROP_TOKENS], 1);
    curation_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_are_kept_or_say_why),
        cmocka_unit_test(what_is_picked_is_wrong_for_the_subject),
        cmocka_unit_test(no_counterfactual_says_a_wrong_answer),
        cmocka_unit_test(no_control_is_an_answer_that_was_given),
        cmocka_unit_test(splits_share_what_is_kept),
        cmocka_unit_test(answers_begin_with_a_token_of_their_own),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
