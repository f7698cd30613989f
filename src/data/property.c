#include "data/property.h"

#include "base/str.h"

#define ROW(name, member, type, use, meaning)                    \
    {                                                            \
        name, type, use, offsetof(struct query, member), meaning \
    }

enum { LABELS = PROPERTY_COORDINATE | PROPERTY_SELECTS };

/* In the order of the result file. */
const struct property properties[] = {
    ROW("item", item, PROPERTY_TEXT, LABELS, "unit of statistics"),
    ROW("subject", subject, PROPERTY_TEXT, LABELS, "subject of the query"),
    ROW("dataset", dataset, PROPERTY_TEXT, LABELS, "dataset of the query"),
    ROW("template", template, PROPERTY_LABEL, LABELS, "prompt template, 0 = not known"),
    ROW("step", step, PROPERTY_LABEL, LABELS, "answer asked for, 0 = not known"),
    ROW("text", text, PROPERTY_TEXT, 0, "the prompt"),
    ROW("n_tokens", n, PROPERTY_COUNT, 0, "tokens in the prompt"),
    ROW("target_collision", target_collision, PROPERTY_FLAG, PROPERTY_SELECTS,
        "two targets are the same token"),
    ROW("target_generic", target_generic, PROPERTY_FLAG, PROPERTY_SELECTS,
        "the target starts many answers of the dataset"),
    ROW("target_in_prompt", target_in_prompt, PROPERTY_FLAG, PROPERTY_SELECTS,
        "the target stands in the prompt"),
    ROW("bos", bos, PROPERTY_FLAG, PROPERTY_SELECTS, "the prompt begins with the tokenizer's BOS"),
    ROW("answer_prefix", answer_prefix, PROPERTY_TEXT, PROPERTY_SELECTS,
        "what the prompt ends in: quote, space or nothing"),
};
const size_t n_properties = sizeof properties / sizeof *properties;

const struct property *property_find(const char *name)
{
    for (size_t i = 0; i < n_properties; i++)
        if (str_eq(properties[i].name, name))
            return &properties[i];
    return NULL;
}

static const void *value_of(const struct property *p, const struct query *q)
{
    return (const char *)q + p->offset;
}

const char *property_text(const struct property *p, const struct query *q)
{
    return *(const char *const *)value_of(p, q);
}

int property_number(const struct property *p, const struct query *q)
{
    return p->type == PROPERTY_FLAG ? *(const unsigned char *)value_of(p, q)
                                    : *(const int *)value_of(p, q);
}
