/* The format `known`: ROME's known_1000.json, facts that a model was seen to complete. */
#include "data/format.h"
#include "data/recast.h"

#include <string.h>

static const struct data_key keys[] = {
    {"prompt", "string", NULL, "the prompt, with the subject in it", false},
    {"subject", "string", NULL, "the subject, which is the item", false},
    {"attribute", "string", NULL, "the right answer: target answer_1", false},
    {"template", "text with {}", "not looked at",
     "where in the prompt the subject stands, if it stands there twice", false},
    {"relation_id", "string", "the file's name", "the dataset", false},
};

/* The subject as the template has it, or its first place. */
static void find_subject(struct recast *r, const char *template, const char *subject)
{
    const char *mark = template ? strstr(template, "{}") : NULL;
    size_t at = mark ? (size_t)(mark - template) : 0, n = strlen(subject);

    if (mark && !strncmp(r->text, template, at) && !strncmp(r->text + at, subject, n))
        recast_span(r, "subject", at, n);
    else if (!recast_find(r, "subject", subject, 1))
        recast_bad(r, "the subject \"%.64s\" does not stand in the prompt", subject);
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    const char *subject = need_text(l, record, "subject");
    struct recast r;

    recast_begin(&r, l, need_text(l, record, "prompt"));
    recast_string(&r, "subject", subject);
    recast_string(&r, "dataset", json_string_value(json_object_get(record, "relation_id")));
    recast_answer(&r, need_text(l, record, "attribute"), true);
    if (r.text && subject)
        find_subject(&r, json_string_value(json_object_get(record, "template")), subject);
    return recast_end(&r, err);
}

const struct format format_known = {
    .name = "known",
    .doc = "the list of known_1000.json (ROME); other keys are passed over",
    .ending = ".json",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"known_id", "attribute+prompt", NULL},
    .read = read,
};
