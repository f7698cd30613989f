/* The format `counterfact`: ROME's counterfact.json, a list of edits that a model is asked for.
   What is true now is the right answer, what an edit would make of it the foil. */
#include "data/fields.h"
#include "data/format.h"
#include "data/recast.h"

#include <string.h>

static const struct data_key keys[] = {
    {"requested_rewrite", "object", NULL, "what follows", false},
    {"requested_rewrite.prompt", "text with {}", NULL, "the prompt; {} stands for the subject",
     false},
    {"requested_rewrite.subject", "string", NULL, "the subject, which is the item", false},
    {"requested_rewrite.target_true.str", "string", NULL, "the right answer: target answer_1",
     false},
    {"requested_rewrite.target_new.str", "string", "none", "the wrong one: target and foil foil_1",
     false},
    {"requested_rewrite.relation_id", "string", "the file's name", "the dataset", false},
};

/* The `str` of the object under key. */
static const char *string_of(struct loader *l, const json_t *rewrite, const char *key)
{
    const json_t *v = need(l, rewrite, key);

    if (v && !json_is_object(v))
        line_problem(l, "requested_rewrite", key, "%s is %s, expected an object", key,
                     json_kind(v));
    return json_is_object(v) ? need_text(l, v, "str") : NULL;
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    const json_t *rewrite = need(l, record, "requested_rewrite");
    const char *prompt, *subject, *text = NULL;
    struct recast r;
    size_t at = 0;

    if (rewrite && !json_is_object(rewrite))
        line_problem(l, "requested_rewrite", NULL, "requested_rewrite is %s, expected an object",
                     json_kind(rewrite));
    if (!json_is_object(rewrite))
        return 0;
    err_clear(err);
    prompt = need_text(l, rewrite, "prompt");
    subject = need_text(l, rewrite, "subject");
    if (prompt && subject)
        text = fill_template(l, prompt, "{}", subject, &at, err);
    if (err->code)
        return err->code;
    if (prompt && subject && !text)
        line_problem(l, "requested_rewrite", "prompt",
                     "the prompt does not have {} for the subject");
    recast_begin(&r, l, text);
    recast_string(&r, "subject", subject);
    recast_string(&r, "dataset", json_string_value(json_object_get(rewrite, "relation_id")));
    if (subject)
        recast_span(&r, "subject", at, strlen(subject));
    recast_answer(&r, string_of(l, rewrite, "target_true"), true);
    if (json_object_get(rewrite, "target_new"))
        recast_answer(&r, string_of(l, rewrite, "target_new"), false);
    return recast_end(&r, err);
}

const struct format format_counterfact = {
    .name = "counterfact",
    .doc = "the list of counterfact.json (ROME); other keys are passed over",
    .ending = ".json",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"requested_rewrite", NULL},
    .read = read,
};
