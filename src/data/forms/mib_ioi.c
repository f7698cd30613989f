/* The format `mib_ioi`: rows of the MIB benchmark's indirect object identification. */
#include "data/format.h"
#include "data/forms/mib.h"

static const struct data_key keys[] = {
    {"prompt", "string", NULL, "the prompt", false},
    {"choices", "array of strings", NULL, "the answers: one right, the others foils", false},
    {"answerKey", "integer", NULL, "which of them is right, from 0: target answer_1", false},
    {"metadata", "object", "no spans",
     "indirect_object and subject: spans io, s1 and s2 (the first and second subject)", false},
    {"s2_io_flip_counterfactual.prompt", "string", "abc_counterfactual.prompt, or drawn",
     "the counterfactual prompt", false},
};

static int read(struct loader *l, const json_t *record, struct err *err)
{
    static const char *const counterfactuals[] = {"s2_io_flip_counterfactual", "abc_counterfactual",
                                                  NULL};
    const json_t *choices = need(l, record, "choices"),
                 *names = json_object_get(record, "metadata");
    const char *subject = json_string_value(json_object_get(names, "subject"));
    const json_t *other = mib_counterfactual(l, record, counterfactuals);
    int right = mib_answer_key(l, record, json_array_size(choices));
    struct recast r;

    err_clear(err);
    recast_begin(&r, l, need_text(l, record, "prompt"));
    for (size_t k = 0; k < json_array_size(choices); k++) {
        size_t i = mib_right_first(k, right);

        recast_answer(&r, mib_choice(l, json_array_get(choices, i), err), (int)i == right);
    }
    recast_find(&r, "io", json_string_value(json_object_get(names, "indirect_object")), 1);
    recast_find(&r, "s1", subject, 1);
    recast_find(&r, "s2", subject, 2);
    recast_counterfactual(&r, mib_prompt(l, other));
    return recast_end(&r, err);
}

const struct format format_mib_ioi = {
    .name = "mib_ioi",
    .doc = "rows of the MIB benchmark's ioi as JSON Lines; other keys are passed over",
    .ending = ".jsonl",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"choices+metadata+answerKey", NULL},
    .read = read,
};
