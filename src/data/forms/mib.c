#include "data/forms/mib.h"

#include "data/fields.h"

const json_t *mib_counterfactual(struct loader *l, const json_t *record, const char *const *keys)
{
    for (; *keys; keys++) {
        const json_t *v = json_object_get(record, *keys);

        if (json_is_object(v))
            return v;
        if (v && !json_is_null(v))
            line_problem(l, *keys, NULL, "%s is %s, expected an object", *keys, json_kind(v));
    }
    return NULL;
}

const char *mib_prompt(struct loader *l, const json_t *row)
{
    const json_t *v = json_object_get(row, "prompt");

    if (v && !json_is_null(v) && !json_is_string(v))
        line_problem(l, NULL, NULL, "the counterfactual's prompt is %s, expected a string",
                     json_kind(v));
    return json_string_value(v);
}

const char *mib_choice(struct loader *l, const json_t *v, struct err *err)
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_integer(v))
        return arena_printf(&l->scratch, err, "%lld", (long long)json_integer_value(v));
    line_problem(l, NULL, NULL, "an answer is %s, expected a string or an integer", json_kind(v));
    return NULL;
}

size_t mib_right_first(size_t i, int right)
{
    return right < 0 || i > (size_t)right ? i : i ? i - 1 : (size_t)right;
}

int mib_answer_key(struct loader *l, const json_t *record, size_t n)
{
    const json_t *v = need(l, record, "answerKey");
    json_int_t i = json_integer_value(v);

    if (v && (!json_is_integer(v) || i < 0 || (size_t)i >= n)) {
        line_problem(l, "answerKey", NULL, "answerKey does not name one of %zu choices, from 0", n);
        return -1;
    }
    return v ? (int)i : -1;
}
