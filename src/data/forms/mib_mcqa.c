/* The format `mib_mcqa`: rows of the MIB benchmark's questions with lettered choices. */
#include "base/str.h"
#include "data/fields.h"
#include "data/format.h"
#include "data/forms/mib.h"

#include <stdio.h>

static const struct data_key keys[] = {
    {"prompt", "string", NULL, "the prompt", false},
    {"choices.label", "array of strings or integers", NULL,
     "the letters: one right, the others foils", false},
    {"choices.text", "array of strings", "no spans",
     "what the letters stand for: spans choice_1 ... where \"LETTER. TEXT\" stands", false},
    {"answerKey", "integer", NULL, "which of them is right, from 0: target answer_1", false},
    {"symbol_counterfactual.prompt", "string",
     "randomLetter_counterfactual, answerPosition_counterfactual, "
     "answerPosition_randomLetter_counterfactual, or drawn",
     "the counterfactual prompt", false},
};

static void mark_choice(struct recast *r, size_t i, const char *label, const json_t *text,
                        struct err *err)
{
    const char *line = NULL;
    char name[32];

    if (json_is_string(text))
        line = arena_printf(&r->l->scratch, err, "%s. %s", label, json_string_value(text));
    snprintf(name, sizeof name, "choice_%zu", i + 1);
    recast_find(r, name, line, 1);
}

/* One text a label, where there are any. */
static void check_texts(struct loader *l, const json_t *texts, size_t n)
{
    if (!texts || json_is_null(texts))
        return;
    if (!json_is_array(texts))
        line_problem(l, "choices", "text", "choices.text is %s, expected an array of strings",
                     json_kind(texts));
    else if (json_array_size(texts) != n)
        line_problem(l, "choices", "text", "choices.text has %zu %s for %zu labels",
                     json_array_size(texts), str_noun(json_array_size(texts), "text", "texts"), n);
    for (size_t i = 0; i < json_array_size(texts); i++)
        if (!json_is_string(json_array_get(texts, i)))
            line_problem(l, "choices", "text", "choices.text has %s, expected strings",
                         json_kind(json_array_get(texts, i)));
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    static const char *const counterfactuals[] = {
        "symbol_counterfactual", "randomLetter_counterfactual", "answerPosition_counterfactual",
        "answerPosition_randomLetter_counterfactual", NULL};
    const json_t *choices = need(l, record, "choices"), *labels = json_object_get(choices, "label");
    const json_t *texts = json_object_get(choices, "text");
    const json_t *other = mib_counterfactual(l, record, counterfactuals);
    int right = mib_answer_key(l, record, json_array_size(labels));
    struct recast r;

    err_clear(err);
    recast_begin(&r, l, need_text(l, record, "prompt"));
    check_texts(l, texts, json_array_size(labels));
    for (size_t k = 0; k < json_array_size(labels); k++) {
        size_t i = mib_right_first(k, right);
        const char *label = mib_choice(l, json_array_get(labels, i), err);

        recast_answer(&r, label, (int)i == right);
        if (label)
            mark_choice(&r, i, label, json_array_get(texts, i), err);
    }
    recast_counterfactual(&r, mib_prompt(l, other));
    return recast_end(&r, err);
}

const struct format format_mib_mcqa = {
    .name = "mib_mcqa",
    .doc = "rows of the MIB benchmark's copycolors_mcqa (arc_easy, arc_challenge) as JSON Lines; "
           "other keys are passed over",
    .ending = ".jsonl",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"choices+answerKey", NULL},
    .read = read,
};
