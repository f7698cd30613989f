#include "data/format.h"

#include "base/str.h"

#include <string.h>

/* In the order in which a record is tried: what is known by fewer keys comes later. */
const struct format *const formats[] = {
    &format_native,  &format_one_to_many, &format_counterfact,
    &format_known,   &format_relation,    &format_eap_csv,
    &format_mib_ioi, &format_mib_mcqa,    &format_mib_arithmetic,
};
const size_t n_formats = sizeof formats / sizeof *formats;

const struct format *format_find(const char *name)
{
    for (size_t i = 0; i < n_formats; i++)
        if (str_eq(formats[i]->name, name))
            return formats[i];
    return NULL;
}

/* Has the record all keys of "a+b"? */
static bool has_all(const json_t *record, const char *mark)
{
    while (*mark) {
        size_t n = strcspn(mark, "+");

        if (!json_object_getn(record, mark, n))
            return false;
        mark += n + (mark[n] == '+');
    }
    return true;
}

const struct format *format_of(const json_t *record)
{
    for (size_t i = 0; i < n_formats; i++)
        for (const char *const *mark = formats[i]->marks; *mark; mark++)
            if (has_all(record, *mark))
                return formats[i];
    return NULL;
}

bool data_format_known(const char *name)
{
    return str_eq(name, "auto") || format_find(name);
}

const char *data_format_meant(const char *word)
{
    const char *names[16] = {"auto"};
    size_t n = 1;

    for (size_t i = 0; i < n_formats && n < sizeof names / sizeof *names; i++)
        names[n++] = formats[i]->name;
    return str_did_you_mean(word, names, n);
}

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
