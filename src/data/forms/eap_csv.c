/* The format `eap_csv`: prompts in pairs with a right and a wrong next token, as edge attribution
   patching reads them. */
#include "data/fields.h"
#include "data/format.h"
#include "data/recast.h"

#include <stdlib.h>
#include <string.h>

static const struct data_key keys[] = {
    {"clean", "text", NULL, "the prompt", false},
    {"corrupted", "text", "drawn", "the counterfactual prompt", false},
    {"correct_idx", "token id, or [id, ...]", "from correct",
     "the right token: target answer_1; of several the first counts", false},
    {"incorrect_idx", "token id, or [id, ...]", "from incorrect",
     "wrong tokens: targets and foils foil_1 ...", false},
    {"correct", "text", "none", "the right answer as text, in place of correct_idx", false},
    {"incorrect", "text", "none", "the wrong answer as text, in place of incorrect_idx", false},
};

static void not_ids(struct recast *r, const char *key, const char *s)
{
    line_problem(r->l, NULL, NULL, "%s is \"%.32s\", expected a token id or a list of them", key,
                 s);
}

/* Is a list that was begun ended, at the end, and no other? */
static bool is_bracketed(const char *s)
{
    size_t n = strlen(s);

    while (n && s[n - 1] == ' ')
        n--;
    return s[strspn(s, " ")] == '[' ? strcspn(s, "]") + 1 == n : !strchr(s, ']');
}

/* Ids as "12" or "[12, 34]". */
static void read_ids(struct recast *r, const char *key, const char *s, bool right)
{
    char *end;

    if (!is_bracketed(s)) {
        not_ids(r, key, s);
        return;
    }
    for (bool first = true;; first = false) {
        long long id;

        s += strspn(s, first ? " [" : " ,]");
        if (!first && !*s)
            return;
        id = strtoll(s, &end, 10);
        if (end == s || (*end && !strchr(" ,]", *end))) {
            not_ids(r, key, s);
            return;
        }
        if (first || !right)
            recast_token(r, id, right);
        s = end;
    }
}

static void read_answer(struct recast *r, const json_t *record, const char *by_id,
                        const char *by_text, bool right)
{
    const json_t *id = json_object_get(record, by_id), *text = json_object_get(record, by_text);

    if (json_is_integer(id))
        recast_token(r, json_integer_value(id), right);
    else if (json_is_string(id))
        read_ids(r, by_id, json_string_value(id), right);
    else if (json_is_string(text))
        recast_answer(r, json_string_value(text), right);
    else
        line_problem(r->l, NULL, NULL, "neither %s nor %s, expected one of them", by_id, by_text);
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    struct recast r;

    recast_begin(&r, l, need_text(l, record, "clean"));
    recast_counterfactual(&r, json_string_value(json_object_get(record, "corrupted")));
    read_answer(&r, record, "correct_idx", "correct", true);
    read_answer(&r, record, "incorrect_idx", "incorrect", false);
    return recast_end(&r, err);
}

const struct format format_eap_csv = {
    .name = "eap_csv",
    .doc = "rows of a CSV file, as edge attribution patching has them; other columns are passed "
           "over",
    .ending = ".csv",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"clean+corrupted", "clean+correct_idx", NULL},
    .read = read,
};
