#include "config/node.h"

#include "base/file.h"

#include <string.h>

static bool is_wanted(const struct config_row *row, bool results_only)
{
    return !results_only || row->affects == RESULTS;
}

/* The mapping that a key "operation.kind" stands in: its length, 0 = none. */
static size_t group_length(const char *key)
{
    const char *dot = strchr(key, '.');

    return dot ? (size_t)(dot - key) : 0;
}

/* "    key: value\n" for each row that has a meaning; those of a mapping below its name. */
static int print_rows(const struct config_row *rows, size_t n, const void *from, bool results_only,
                      const char *indent, struct buf *out, struct err *err)
{
    const char *open = "";

    for (size_t i = 0; i < n; i++) {
        const char *key = rows[i].key;
        size_t group = group_length(key);

        if (!is_wanted(&rows[i], results_only) || !row_applies(&rows[i], rows, n, from, true))
            continue;
        if (group && (group_length(open) != group || strncmp(open, key, group) != 0) &&
            buf_printf(out, err, "%s%.*s:\n", indent, (int)group, key))
            return err->code;
        open = key;
        if (buf_printf(out, err, "%s%s%s: ", indent, group ? "  " : "",
                       group ? key + group + 1 : key) ||
            rows[i].type->print(row_value(&rows[i], from), out, err) || buf_puts(out, "\n", err))
            return err->code;
    }
    return 0;
}

static int print_section(const struct config *c, const struct config_part *part, bool results_only,
                         struct buf *out, struct err *err)
{
    const struct config_section *s = &part->section;
    const void *from = (const char *)c + part->offset;
    bool any = false;

    for (size_t i = 0; i < s->n_rows; i++)
        any = any || is_wanted(&s->rows[i], results_only);
    if (any && *s->name && buf_printf(out, err, "%s:\n", s->name))
        return err->code;
    return print_rows(s->rows, s->n_rows, from, results_only, *s->name ? "  " : "", out, err);
}

static int print_entries(const struct config *c, bool results_only, struct buf *out,
                         struct err *err)
{
    if (buf_puts(out, c->n_experiments ? "experiments:\n" : "experiments: []\n", err))
        return err->code;
    for (size_t i = 0; i < c->n_experiments; i++) {
        const struct experiment_entry *e = &c->experiment[i];

        if (buf_puts(out, "  - name: ", err) || put_string(out, e->name, err) ||
            buf_printf(out, err, "\n    kind: %s\n", e->schema->kind) ||
            print_rows(config_head_rows + CONFIG_HEAD_NAMES, CONFIG_HEAD_ROWS - CONFIG_HEAD_NAMES,
                       &e->head, results_only, "    ", out, err) ||
            print_rows(e->schema->rows, e->schema->n_rows, e->config, results_only, "    ", out,
                       err))
            return err->code;
    }
    return 0;
}

int config_print(const struct config *c, bool results_only, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < CONFIG_PARTS; i++)
        if (print_section(c, &config_parts[i], results_only, out, err) ||
            (i == CONFIG_PART_TOP && print_entries(c, results_only, out, err)))
            return err->code;
    return 0;
}

int config_print_anywhere(const struct config *c, struct buf *out, struct err *err)
{
    struct config copy = *c;
    struct string_list *data = &copy.data.path;
    struct arena a = {0};

    copy.output = file_absolute(&a, c->output, err);
    copy.model.path = file_absolute(&a, c->model.path, err);
    data->v = arena_alloc(&a, data->n, sizeof *data->v, err);
    for (size_t i = 0; data->v && i < data->n; i++)
        data->v[i] = file_absolute(&a, c->data.path.v[i], err);
    if (!err->code)
        config_print(&copy, false, out, err);
    arena_release(&a);
    return err->code;
}

int config_print_experiment(const struct experiment_entry *e, bool results_only, struct buf *out,
                            struct err *err)
{
    if (!results_only &&
        (buf_puts(out, "name: ", err) || put_string(out, e->name, err) || buf_puts(out, "\n", err)))
        return err->code;
    if (buf_printf(out, err, "kind: %s\n", e->schema->kind))
        return err->code;
    return print_rows(e->schema->rows, e->schema->n_rows, e->config, results_only, "", out, err);
}
