/* What a later start may change, what it is refused by name, and names that would forge lines. */
#include "campaign/manifest.h"
#include "campaign_helper.h"

#include "base/file.h"
#include "base/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char decode[] = "  - {name: d, kind: decode}\n";
static const char sweep[] =
    "  - {name: h, kind: ablation, site: head, operation: {kind: zero}, positions: [last]}\n";
static const char two[] =
    "  - {name: d, kind: decode}\n"
    "  - {name: h, kind: ablation, site: head, operation: {kind: zero}, positions: [last]}\n";

static struct err err;

/* Checks a campaign against the folder's manifest: the code; what is said in err. */
static int check(const char *data, const char *experiments, const char *set)
{
    struct campaign c;
    int code;

    open_text(&c, data, experiments, set);
    err_clear(&err);
    code = manifest_check(&c, in_folder("manifest"), true, &err);
    campaign_close(&c);
    return code;
}

static int begin_anew(void **state)
{
    (void)state;
    unlink(in_folder("manifest"));
    return 0;
}

static void refused(const char *data, const char *experiments, const char *set, const char *text)
{
    struct buf before = {0}, after = {0};
    struct err ignored;

    assert_int_equal(file_read(&before, in_folder("manifest"), 1 << 20, &ignored), 0);
    assert_int_equal(check(data, experiments, set), ERR_CONFIG);
    if (!strstr(err.msg, text))
        fail_msg("'%s' is missing from: %s", text, err.msg);
    for (const char *s = err.msg; *s; s++)
        assert_true((unsigned char)*s >= ' ');
    assert_int_equal(file_read(&after, in_folder("manifest"), 1 << 20, &ignored), 0);
    assert_true(before.len == after.len && memcmp(before.data, after.data, after.len) == 0);
    buf_release(&before);
    buf_release(&after);
}

static void what_may_change(void **state)
{
    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    assert_int_equal(check(three_queries, two, NULL), 0);
    assert_int_equal(check(three_queries, two, "run.threads=2"), 0);
    assert_int_equal(check(three_queries, two, "data.limit=2"), 0);
    assert_int_equal(check(four_queries, two, NULL), 0);     /* more queries */
    assert_int_equal(check(query_b, two, NULL), 0);          /* fewer */
    assert_int_equal(check(three_queries, decode, NULL), 0); /* fewer experiments */
    assert_int_equal(check(three_queries, sweep, NULL), 0);
}

static void what_may_not(void **state)
{
    char model[512];

    (void)state;
    snprintf(model, sizeof model, "model.path=%s/fixtures/models/mistral-mha-f16", TEST_DIR);
    assert_int_equal(check(three_queries, two, NULL), 0);
    refused(three_queries, two, model, "model changed");
    refused(three_queries, two, "data.seed=7", "data.seed changed: it was");
    refused(three_queries, two, "data.seed=7", "and is 7 now");
    refused(three_queries, two, "statistics.bootstrap=77", "statistics.bootstrap changed");
    refused(three_queries,
            "  - {name: h, kind: ablation, site: head, operation: {kind: resample}, positions: "
            "[last]}\n",
            NULL, "experiments.h.operation.kind changed: it was zero");
}

/* Also what was left out for a while is compared with what it was. */
static void left_out_and_back(void **state)
{
    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    assert_int_equal(check(query_a, decode, NULL), 0);
    refused(query_a,
            "  - {name: h, kind: ablation, site: head, operation: {kind: resample}, positions: "
            "[last]}\n",
            NULL, "experiments.h.operation.kind changed");
    assert_int_equal(check(three_queries, two, NULL), 0);
}

/* data with one text in place of another. */
static const char *with(const char *data, const char *old, const char *new)
{
    static char out[2][4096];
    static int turn;
    const char *at = strstr(data, old);
    char *p = out[turn = !turn];

    assert_non_null(at);
    snprintf(p, sizeof out[0], "%.*s%s%s", (int)(at - data), data, new, at + strlen(old));
    return p;
}

static void a_changed_query_is_named(void **state)
{
    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    refused(with(three_queries, "[70, 15", "[71, 15"), two, NULL,
            "the data changed: query lands, item B, template 1, step 1 is not what it was");
    refused(with(three_queries, "\"answer_1\": 6", "\"answer_1\": 9"), two, NULL, "item B");
}

/* An item "x\nmodel\t0000" was read back as the model's line; a query with a tab or a line break in
   its name was not compared at all. */
static void names_cannot_forge_lines(void **state)
{
    static const char *const names[] = {"\"x\\nmodel\\t0000\"",       "\"b\\tc\"", "\"b\\n\"",
                                        "\"\\u001b[2Jred\\r\"",       "\"\\\\n\"", "\"a, item b\"",
                                        "\"q\\nquery lands, item C\""};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *data = with(three_queries, "\"B\"", names[i]);
        char copy[4096];

        begin_anew(state);
        snprintf(copy, sizeof copy, "%s", data);
        assert_int_equal(check(copy, two, NULL), 0);
        assert_int_equal(check(copy, two, NULL), 0);
        refused(with(copy, "[70, 15", "[71, 15"), two, NULL, "the data changed: query lands, item");
        assert_int_equal(check(copy, two, NULL), 0);
    }
}

/* Names that would be alike if they were escaped carelessly are two. */
static void escaped_names_stay_apart(void **state)
{
    char both[4096];

    (void)state;
    snprintf(both, sizeof both, "%s%s", with(query_a, "\"A\"", "\"a\\nb\""),
             with(query_b, "\"B\"", "\"a\\\\nb\""));
    assert_int_equal(check(both, two, NULL), 0);
    refused(with(both, "[78, 105", "[79, 105"), two, NULL, "item a\\nb,");
    refused(with(both, "[70, 15", "[71, 15"), two, NULL, "item a\\\\nb,");
}

static int match(const char *data, const char *set)
{
    struct campaign c;
    int code;

    open_text(&c, data, two, set);
    err_clear(&err);
    code = manifest_match(&c, "here", in_folder("there"), &err);
    campaign_close(&c);
    return code;
}

/* Parts of one run: the other directory may have less, not more and nothing else. */
static void parts_of_one_run(void **state)
{
    struct campaign c;

    (void)state;
    assert_int_equal(match(three_queries, NULL), ERR_IO);
    assert_non_null(strstr(err.msg, "does not have a manifest"));
    err_clear(&err);
    assert_int_equal(file_make_dirs(in_folder("there"), &err), 0);
    open_text(&c, three_queries, two, NULL);
    assert_int_equal(manifest_check(&c, in_folder("there/manifest"), true, &err), 0);
    campaign_close(&c);
    assert_int_equal(match(three_queries, NULL), 0);
    assert_int_equal(match(four_queries, NULL), 0);
    assert_int_equal(match(query_a, NULL), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "query lands, item B"));
    assert_int_equal(match(three_queries, "data.seed=7"), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "data.seed is"));
    assert_int_equal(match(with(three_queries, "[70, 15", "[71, 15"), NULL), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "item B"));
}

/* Lines of another hand: without a tab, empty, cut off in the middle. */
/* A look leaves the file alone, also where a start would add to it. */
static void a_look(void **state)
{
    struct buf before = {0}, after = {0};
    struct campaign c;

    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    err_clear(&err);
    assert_int_equal(file_read(&before, in_folder("manifest"), 1 << 20, &err), 0);
    open_text(&c, four_queries, two, "data.seed=7");
    assert_int_equal(manifest_check(&c, in_folder("manifest"), false, &err), ERR_CONFIG);
    assert_non_null(strstr(err.msg, "data.seed changed"));
    campaign_close(&c);
    err_clear(&err);
    open_text(&c, four_queries, decode, "data.controls=0");
    manifest_check(&c, in_folder("manifest"), false, &err);
    campaign_close(&c);
    err_clear(&err);
    assert_int_equal(file_read(&after, in_folder("manifest"), 1 << 20, &err), 0);
    assert_true(before.len == after.len && memcmp(before.data, after.data, after.len) == 0);
    buf_release(&before);
    buf_release(&after);
}

/* Cut anywhere, or one byte of it another. */
static void a_damaged_manifest(void **state)
{
    static const size_t cut[] = {0, 5, 20, 42, 43, 100};
    struct buf whole = {0};

    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    assert_int_equal(file_read(&whole, in_folder("manifest"), 1 << 20, &err), 0);
    for (size_t i = 0; i <= sizeof cut / sizeof *cut; i++) {
        size_t n = i < sizeof cut / sizeof *cut ? cut[i] : whole.len - 1;

        assert_int_equal(file_replace(in_folder("manifest"), whole.data, n, &err), 0);
        assert_int_equal(check(three_queries, two, NULL), ERR_IO);
        assert_non_null(strstr(err.msg, "manifest is damaged"));
    }
    whole.data[whole.len / 2] ^= 1;
    assert_int_equal(file_replace(in_folder("manifest"), whole.data, whole.len, &err), 0);
    assert_int_equal(check(three_queries, two, NULL), ERR_IO);
    buf_release(&whole);
}

/* As lensweep 0.2 wrote it, without a checksum: it is read, and gets one. */
static void one_of_before(void **state)
{
    struct buf whole = {0};
    const size_t head = strlen("checksum\t") + HASH_HEX;

    (void)state;
    assert_int_equal(check(three_queries, two, NULL), 0);
    assert_int_equal(file_read(&whole, in_folder("manifest"), 1 << 20, &err), 0);
    assert_int_equal(file_replace(in_folder("manifest"), whole.data + head, whole.len - head, &err),
                     0);
    refused(three_queries, two, "data.seed=99", "data.seed changed: it was 1");
    assert_int_equal(check(three_queries, two, NULL), 0);
    buf_clear(&whole);
    assert_int_equal(file_read(&whole, in_folder("manifest"), 1 << 20, &err), 0);
    assert_memory_equal(whole.data, "checksum\t", 9);
    buf_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_may_change, begin_anew),
        cmocka_unit_test_setup(what_may_not, begin_anew),
        cmocka_unit_test_setup(left_out_and_back, begin_anew),
        cmocka_unit_test_setup(a_changed_query_is_named, begin_anew),
        cmocka_unit_test_setup(names_cannot_forge_lines, begin_anew),
        cmocka_unit_test_setup(escaped_names_stay_apart, begin_anew),
        cmocka_unit_test(parts_of_one_run),
        cmocka_unit_test_setup(a_look, begin_anew),
        cmocka_unit_test_setup(a_damaged_manifest, begin_anew),
        cmocka_unit_test_setup(one_of_before, begin_anew),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
