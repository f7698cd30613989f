#include "config/node.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void *config_got(struct config_context *c, void *p)
{
    if (!p)
        c->failed = true;
    return p;
}

void *config_alloc(struct config_context *c, size_t n, size_t size)
{
    return config_got(c, arena_alloc(c->arena, n, size, c->err));
}

bool is_among(const char *word, const char *const *words, size_t n)
{
    return str_index(words, n, word) < n;
}

bool node_is_null(const struct config_node *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    return node->kind == NODE_SCALAR && !node->quoted &&
           is_among(node->text, words, sizeof words / sizeof *words);
}

struct config_node *node_get(const struct config_node *map, const char *key)
{
    for (size_t i = 0; i < map->n; i++)
        if (map->pair[i].key->kind == NODE_SCALAR && str_eq(map->pair[i].key->text, key))
            return map->pair[i].value;
    return NULL;
}

const struct config_node *node_scalar(const struct config_node *map, const char *key)
{
    const struct config_node *node = map->kind == NODE_MAP ? node_get(map, key) : NULL;

    return node && node->kind == NODE_SCALAR ? node : NULL;
}

size_t node_count(const struct config_node *node)
{
    return node->kind == NODE_LIST ? node->n : 1;
}

const struct config_node *node_item(const struct config_node *node, size_t i)
{
    return node->kind == NODE_LIST ? node->item[i] : node;
}

const char *node_kind_name(const struct config_node *node)
{
    if (node->kind == NODE_LIST)
        return "a list";
    if (node->kind == NODE_MAP)
        return "a mapping";
    return node_is_null(node) ? "nothing" : "a single value";
}

void node_problem(struct config_context *c, const struct config_node *node, const char *fmt, ...)
{
    char msg[ERR_MESSAGE], label[128] = "";
    const char *dot = *c->section && c->row ? "." : "";
    va_list ap;

    va_start(ap, fmt);
    str_vfit(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (*c->section || c->row)
        str_fit(label, sizeof label, "%s%s%s: ", c->section, dot, c->row ? c->row->key : "");
    problems_add(c->problems, node->file, node->line, node->column, "%s%s", label, msg);
}

char *node_excerpt(char out[EXCERPT_MAX], const char *text)
{
    str_fit(out, EXCERPT_MAX, "%s", text);
    return out;
}

void node_expected(struct config_context *c, const struct config_node *node, const char *what)
{
    char text[EXCERPT_MAX];

    if (node->kind != NODE_SCALAR || node_is_null(node)) {
        node_problem(c, node, "must be %s, not %s", what, node_kind_name(node));
        return;
    }
    node_problem(c, node, "must be %s, not %s\"%s\"", what,
                 node->quoted ? "the quoted string " : "", node_excerpt(text, node->text));
}

char *node_hint(char out[HINT_MAX], const char *word, const char *const *known, size_t n_known)
{
    const char *near = str_did_you_mean(word, known, n_known);
    size_t used;

    if (near) {
        snprintf(out, HINT_MAX, " (did you mean %s?)", near);
        return out;
    }
    used = (size_t)snprintf(out, HINT_MAX, " (known: ");
    for (size_t i = 0; i < n_known && used + strlen(known[i]) + 8 < HINT_MAX; i++)
        if (!i || !str_eq(known[i], known[i - 1])) /* "operation" has rows of its own */
            used += (size_t)snprintf(out + used, HINT_MAX - used, "%s%s", i ? ", " : "", known[i]);
    snprintf(out + used, HINT_MAX - used, ")");
    return out;
}

/* "run.rows" if that is where a key without a near match in its own mapping belongs. */
static bool lives_elsewhere(char *out, size_t size, const char *key)
{
    for (size_t i = 0; i < CONFIG_PARTS; i++) {
        const struct config_section *s = &config_parts[i].section;

        for (size_t k = 0; k < s->n_rows; k++) {
            if (!str_eq(s->rows[k].key, key))
                continue;
            snprintf(out, size, " (did you mean %s%s%s?)", s->name, *s->name ? "." : "", key);
            return true;
        }
    }
    return false;
}

static void unknown_key(struct config_context *c, const struct config_node *key,
                        const char *const *known, size_t n_known)
{
    char hint[HINT_MAX], text[EXCERPT_MAX];

    if (str_eq(key->text, "<<")) {
        node_problem(c, key,
                     "merge keys (<<) are not read: write the keys out, or use an alias "
                     "(*name) as a whole value");
        return;
    }
    if (is_among(key->text, c->beside, c->n_beside)) {
        node_problem(c, key, "unknown key \"%s\": it stands beside %s, not in it", key->text,
                     c->row->key);
        return;
    }
    if (str_did_you_mean(key->text, known, n_known) || c->row ||
        !lives_elsewhere(hint, sizeof hint, key->text))
        node_hint(hint, key->text, known, n_known);
    node_problem(c, key, "unknown key \"%s\"%s", node_excerpt(text, key->text), hint);
}

static const struct config_node *same_key_before(const struct config_node *map, size_t i)
{
    const char *text = map->pair[i].key->text;

    for (size_t k = 0; k < i; k++)
        if (map->pair[k].key->kind == NODE_SCALAR && str_eq(map->pair[k].key->text, text))
            return map->pair[k].key;
    return NULL;
}

void node_check_keys(struct config_context *c, const struct config_node *map,
                     const char *const *known, size_t n_known)
{
    char said[EXCERPT_MAX];

    for (size_t i = 0; i < map->n; i++) {
        const struct config_node *key = map->pair[i].key, *first;

        if (key->kind != NODE_SCALAR)
            node_problem(c, key, "a key must be a name, not %s", node_kind_name(key));
        else if ((first = same_key_before(map, i)))
            node_problem(c, key, "key \"%s\" is given twice, first on line %zu",
                         node_excerpt(said, key->text), first->line);
        else if (known && !is_among(key->text, known, n_known))
            unknown_key(c, key, known, n_known);
    }
}
