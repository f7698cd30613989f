/* The format `relation`: a relation of the LRE data, its templates and its pairs. Each template
   makes a query of each pair. */
#include "data/fields.h"
#include "data/format.h"
#include "data/recast.h"

#include <string.h>

static const struct data_key keys[] = {
    {"samples", "array of {subject, object}", NULL,
     "the pairs: subject, which is the item, and right answer, target answer_1", false},
    {"prompt_templates", "array of texts with {}", NULL,
     "the prompts; {} stands for the subject. Their numbers are the templates", false},
    {"prompt_templates_zs", "array of texts with {}", "not looked at",
     "stands in for prompt_templates where these are missing", false},
    {"name", "string", "the file's name", "the dataset", false},
};

static int read_pair(struct loader *l, const json_t *relation, const json_t *pair,
                     const char *template, int number, struct err *err)
{
    const char *subject = need_text(l, pair, "subject"), *object = need_text(l, pair, "object");
    struct recast r;
    const char *text;
    size_t at;

    if (!subject || !object)
        return 0;
    err_clear(err);
    text = fill_template(l, template, "{}", subject, &at, err);
    if (!text)
        return err->code;
    recast_begin(&r, l, text);
    recast_string(&r, "subject", subject);
    recast_string(&r, "dataset", json_string_value(json_object_get(relation, "name")));
    recast_number(&r, "template", number);
    recast_span(&r, "subject", at, strlen(subject));
    recast_answer(&r, object, true);
    return recast_end(&r, err);
}

static bool check_templates(struct loader *l, const json_t *templates, const char *key)
{
    if (!json_is_array(templates) || !json_array_size(templates) ||
        json_array_size(templates) > LABEL_MAX) {
        line_problem(l, templates ? key : NULL, NULL, "%s is %s, expected 1 to %d templates", key,
                     json_is_array(templates) ? "of another length" : json_kind(templates),
                     LABEL_MAX);
        return false;
    }
    for (size_t i = 0; i < json_array_size(templates); i++) {
        const char *s = json_string_value(json_array_get(templates, i));

        if (!s || !strstr(s, "{}")) {
            line_problem(l, key, NULL, "template %zu does not have {} for the subject", i + 1);
            return false;
        }
    }
    return true;
}

static int read(struct loader *l, const json_t *record, struct err *err)
{
    static const char own[] = "prompt_templates", stands_in[] = "prompt_templates_zs";
    const char *key =
        json_object_get(record, own) || !json_object_get(record, stands_in) ? own : stands_in;
    const json_t *templates = json_object_get(record, key), *samples = need(l, record, "samples");

    if (samples && !json_is_array(samples))
        line_problem(l, "samples", NULL, "samples is %s, expected an array of pairs",
                     json_kind(samples));
    if (!check_templates(l, templates, key))
        return 0;
    for (size_t t = 0; t < json_array_size(templates); t++)
        for (size_t i = 0; i < json_array_size(samples); i++)
            if (read_pair(l, record, json_array_get(samples, i),
                          json_string_value(json_array_get(templates, t)), (int)t + 1, err))
                return err->code;
    return 0;
}

const struct format format_relation = {
    .name = "relation",
    .doc = "one relation of the LRE data; other keys are passed over",
    .ending = ".json",
    FORMAT_KEYS(keys),
    .marks = (const char *const[]){"samples+prompt_templates", "samples+prompt_templates_zs", NULL},
    .read = read,
};
