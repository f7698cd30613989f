/* One way over the resolved keys: the printed config, the manifest and the attributes of the result
   file are made by it. */
#include "config/node.h"

/* What stays the same from key to key, and the text of the value at hand. */
struct key_walk {
    int (*visit)(void *to, const struct config_key *key, struct err *err);
    void *to;
    struct config_key key;
    struct buf text, counted;
};

static int visit_rows(struct key_walk *w, const struct config_row *rows, size_t n, const void *from,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct config_value at = row_value(&rows[i], from);

        if (!row_applies(&rows[i], rows, n, from, true))
            continue;
        buf_clear(&w->text);
        if (at.row->type->print(at, &w->text, err))
            return err->code;
        w->key.key = at.row->key;
        w->key.at = at;
        w->key.value = buf_str(&w->text, err);
        w->key.counted = w->key.value;
        if (at.row->type == &config_selector) {
            buf_clear(&w->counted);
            if (print_selector_counted(at, &w->counted, err))
                return err->code;
            w->key.counted = buf_str(&w->counted, err);
        }
        if (!w->key.value || !w->key.counted || w->visit(w->to, &w->key, err))
            return err->code;
    }
    return 0;
}

static int visit_entry(struct key_walk *w, const struct experiment_entry *e, struct err *err)
{
    w->key.section = "experiments";
    w->key.experiment = e;
    w->key.own = false;
    if (visit_rows(w, config_head_rows, CONFIG_HEAD_ROWS, &e->head, err))
        return err->code;
    w->key.own = true;
    return visit_rows(w, e->schema->rows, e->schema->n_rows, e->config, err);
}

static int visit_part(struct key_walk *w, const struct config *c, size_t part, struct err *err)
{
    const struct config_section *s = &config_parts[part].section;
    const void *from = (const char *)c + config_parts[part].offset;

    w->key.section = s->name;
    w->key.experiment = NULL;
    w->key.own = false;
    if (visit_rows(w, s->rows, s->n_rows, from, err))
        return err->code;
    for (size_t i = 0; part == CONFIG_PART_TOP && i < c->n_experiments; i++)
        if (visit_entry(w, &c->experiment[i], err))
            return err->code;
    return 0;
}

int config_each(const struct config *c,
                int (*visit)(void *to, const struct config_key *key, struct err *err), void *to,
                struct err *err)
{
    struct key_walk w = {.visit = visit, .to = to};
    int code = 0;

    for (size_t i = 0; i < CONFIG_PARTS && !code; i++)
        if (config_has_part(c, &config_parts[i]))
            code = visit_part(&w, c, i, err);
    buf_release(&w.text);
    buf_release(&w.counted);
    return code;
}

int config_each_of(const struct experiment_entry *e,
                   int (*visit)(void *to, const struct config_key *key, struct err *err), void *to,
                   struct err *err)
{
    struct key_walk w = {.visit = visit, .to = to};
    int code = visit_entry(&w, e, err);

    buf_release(&w.text);
    buf_release(&w.counted);
    return code;
}
