#include "data/keys.h"

#include "base/str.h"
#include "data/format.h"

const char *data_usual_key(const char *name)
{
    static const char *const names[][2] = {
        {"prompt", "text"},           {"question", "text"},    {"input", "text"},
        {"sentence", "text"},         {"query", "text"},       {"tokens", "ids"},
        {"input_ids", "ids"},         {"answer", "answers"},   {"completion", "answers"},
        {"label", "answers"},         {"output", "answers"},   {"correct", "answers"},
        {"object", "answers"},        {"expected", "answers"}, {"chat", "messages"},
        {"conversation", "messages"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(names[i][0], name))
            return names[i][1];
    return NULL;
}

static void put_key(const struct data_key *k, bool markdown, struct buf *out, struct err *err)
{
    const char *fallback = k->fallback ? k->fallback : "required";

    if (markdown)
        buf_printf(out, err, "| `%s` | %s | %s | %s%s |\n", k->name, k->type, fallback, k->meaning,
                   k->both ? "; also in counterfactual" : "");
    else
        buf_printf(out, err, "  %s\n      %s, %s%s\n      %s%s\n", k->name, k->type,
                   k->fallback ? "default: " : "", fallback, k->meaning,
                   k->both ? "; also in counterfactual" : "");
}

int data_reference(bool markdown, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < n_formats; i++) {
        const struct format *f = formats[i];

        buf_printf(out, err, markdown ? "%sFormat `%s`: %s.\n\n" : "%sformat %s: %s\n",
                   i ? "\n" : "", f->name, f->doc);
        if (markdown)
            buf_puts(out, "| key | value | default | meaning |\n|---|---|---|---|\n", err);
        for (size_t k = 0; k < f->n_keys; k++)
            put_key(&f->keys[k], markdown, out, err);
    }
    return err->code;
}
