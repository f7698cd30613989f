/* Fingerprints of queries: equal exactly where the results are. */
#include "data_helper.h"

static const struct data_options plain = {.seed = 1};

static struct hash fingerprint_of(const char *line)
{
    struct dataset ds;
    struct hash h;

    load_text(&ds, "p.jsonl", line, plain, NULL);
    assert_null(ds.query[0].status);
    h = ds.query[0].fingerprint; /* its own and what was drawn for it, as one */
    h.hi ^= 3 * ds.query[0].draws.hi;
    h.lo ^= 3 * ds.query[0].draws.lo;
    dataset_release(&ds);
    return h;
}

#define F(ids, spans, targets, more) \
    "{\"ids\": " ids ", \"spans\": {" spans "}, \"targets\": {" targets "}" more "}\n"

static void fingerprints_tell_results_apart(void **state)
{
    static const char *const differ[] = {
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ""),
        F("[1, 3]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ""),
        F("[1, 2]", "\"s\": [0, 2]", "\"a\": 1, \"b\": 2", ""),
        F("[1, 2]", "\"t\": [0, 1]", "\"a\": 1, \"b\": 2", ""),
        F("[1, 2]", "", "\"a\": 1, \"b\": 2", ""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 3", ""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"c\": 2", ""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"target\": \"a\""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"foils\": [\"a\"]"),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"item\": \"i\""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"item\": \"i\", \"subject\": \"s\""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"dataset\": \"o\""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"template\": 1"),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"step\": 1"),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"controls\": [3]"),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2",
          ", \"counterfactual\": {\"ids\": [1, 3]}"),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2",
          ", \"counterfactual\": {\"ids\": [1, 3], \"spans\": {\"s\": [1, 2]}}"),
        /* what is drawn from the second line */
        F("[1, 2]", "", "\"a\": 1, \"subject\": 2", "")
            F("[1]", "", "\"a\": 7, \"subject\": 8", ""),
        F("[1, 2]", "", "\"a\": 1, \"subject\": 2", "")
            F("[1]", "", "\"a\": 7, \"subject\": 9", ""),
        F("[1, 2]", "", "\"a\": 1, \"subject\": 2", "")
            F("[1]", "", "\"a\": 6, \"subject\": 8", ""),
        F("[1, 2]", "", "\"a\": 1", "") F("[1, 3]", "", "\"a\": 1", ""),
        F("[1, 2]", "", "\"a\": 1", "") F("[1, 4]", "", "\"a\": 1", ""),
    };
    static const char *const same[] = {
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", ", \"text\": \"x\""),
        F("[1, 2]", "\"s\": [0, 1]", "\"b\": 2, \"a\": 1", ""),
        F("[1, 2]", "\"s\": [0, 1]", "\"a\": 1, \"b\": 2", "")
            F("[1, 9]", "\"u\": [0, 1]", "\"d\": 1", ", \"dataset\": \"o\""),
    };
    enum { N = sizeof differ / sizeof *differ };
    struct hash h[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        h[i] = fingerprint_of(differ[i]);
        for (size_t k = 0; k < i; k++)
            if (hash_eq(h[i], h[k]))
                fail_msg("fingerprints %zu and %zu are the same", i, k);
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!hash_eq(fingerprint_of(same[i]), h[0]))
            fail_msg("fingerprint %zu should be that of 0", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprints_tell_results_apart),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
