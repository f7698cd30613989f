#include "config/node.h"

#include "base/file.h"
#include "base/str.h"

#include <string.h>

/* The YAML that is being written, and where in it the last key stood. */
struct printer {
    struct buf *out;
    bool results_only, own_only; /* own_only: the kind and its own keys, at the margin */
    const char *section;         /* "" = top level */
    const char *mapping;         /* "operation.kind" of the last key that stood in one */
    size_t mapping_n;            /* characters of "operation"; 0 = the last key stood in none */
};

/* "section:", and "  mapping:" of a key "mapping.key", where they are not open. */
static int print_headings(struct printer *p, const struct config_key *k, const char *indent,
                          struct err *err)
{
    size_t n = strcspn(k->key, ".");
    bool inside = k->key[n] == '.';

    if (!str_eq(p->section, k->section) && *k->section &&
        buf_printf(p->out, err, "%s:\n", k->section))
        return err->code;
    p->section = k->section;
    if (inside && !(p->mapping_n == n && !strncmp(p->mapping, k->key, n)) &&
        buf_printf(p->out, err, "%s%.*s:\n", indent, (int)n, k->key))
        return err->code;
    p->mapping = k->key;
    p->mapping_n = inside ? n : 0;
    return 0;
}

static int print_key(void *to, const struct config_key *k, struct err *err)
{
    struct printer *p = to;
    const char *dot = strchr(k->key, '.');
    bool names = k->experiment && !k->own && str_eq(k->key, "name");
    const char *indent = p->own_only ? "" : k->experiment ? "    " : *k->section ? "  " : "";

    if ((p->results_only && k->at.row->affects != RESULTS) ||
        (p->own_only && !k->own && !str_eq(k->key, "kind")) || print_headings(p, k, indent, err))
        return err->code;
    return buf_printf(p->out, err, "%s%s%s: %s\n", names ? "  - " : indent, dot ? "  " : "",
                      dot ? dot + 1 : k->key, p->results_only ? k->counted : k->value);
}

int config_print(const struct config *c, bool results_only, struct buf *out, struct err *err)
{
    struct printer p = {.out = out, .results_only = results_only, .section = ""};

    return config_each(c, print_key, &p, err);
}

int config_print_anywhere(const struct config *c, struct buf *out, struct err *err)
{
    struct config copy = *c;
    struct string_list *data = &copy.data.path;
    struct arena a = {0};

    copy.output = file_absolute(&a, c->output, err);
    copy.model.paths.n = 0; /* it was chosen among them */
    copy.model.path = file_absolute(&a, c->model.path, err);
    if (c->curates)
        copy.curate.facts = file_absolute(&a, c->curate.facts, err);
    data->v = arena_alloc(&a, data->n, sizeof *data->v, err);
    for (size_t i = 0; data->v && i < data->n; i++)
        data->v[i] = file_absolute(&a, c->data.path.v[i], err);
    if (!err->code)
        config_print(&copy, false, out, err);
    arena_release(&a);
    return err->code;
}

int config_print_experiment(const struct experiment_entry *e, struct buf *out, struct err *err)
{
    struct printer p = {
        .out = out, .results_only = true, .own_only = true, .section = "experiments"};

    return config_each_of(e, print_key, &p, err);
}
