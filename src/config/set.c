#include "base/utf8.h"
#include "config/node.h"

#include "base/str.h"

#include <string.h>

/* One "key.path=value" being applied. */
struct setting {
    struct config_context *c;
    const char *file; /* "--set key.path" */
    char *rest;       /* what of the path is still to be walked */
    struct config_node *value;
};

static struct config_node *new_node(const struct setting *s, enum yaml_kind kind, const char *text)
{
    struct config_node *node = config_alloc(s->c, 1, sizeof *node);

    if (!node)
        return NULL;
    node->kind = kind;
    node->file = s->file;
    node->text = text;
    return node;
}

/* The key's value becomes `value`, wherever it came from before; its place is this --set. */
static void put(const struct setting *s, struct config_node *map, const char *key,
                struct config_node *value)
{
    struct config_node *name = new_node(s, NODE_SCALAR, key);
    size_t cap = map->n;

    if (!name || !value)
        return;
    for (size_t i = 0; i < map->n; i++) {
        if (map->pair[i].key->kind != NODE_SCALAR || !str_eq(map->pair[i].key->text, key))
            continue;
        map->pair[i] = (struct config_pair){name, value};
        return;
    }
    if (arena_grow(s->c->arena, &map->pair, map->n, &cap, sizeof *map->pair, s->c->err))
        s->c->failed = true;
    else
        map->pair[map->n++] = (struct config_pair){name, value};
}

/* The next part of the path, NULL at its end. */
static char *next_part(struct setting *s)
{
    char *part = s->rest, *dot;

    if (!part)
        return NULL;
    dot = strchr(part, '.');
    if (dot)
        *dot++ = '\0';
    s->rest = dot;
    return part;
}

static struct config_node *step_into(const struct setting *s, struct config_node *map,
                                     const char *key)
{
    struct config_node *child = node_get(map, key);

    if (!child) {
        child = new_node(s, NODE_MAP, NULL);
        put(s, map, key, child);
        return s->c->failed ? NULL : child;
    }
    if (child->kind == NODE_MAP)
        return child;
    problems_add(s->c->problems, s->file, 0, 0, "%s must be a mapping, not %s", key,
                 node_kind_name(child));
    return NULL;
}

static struct config_node *find_experiment(const struct setting *s, const struct config_node *list,
                                           const char *name)
{
    const char *known[CONFIG_MAP_MAX];
    char hint[HINT_MAX] = "";
    size_t n = 0;

    for (size_t i = 0; list && list->kind == NODE_LIST && i < list->n; i++) {
        const struct config_node *node = node_scalar(list->item[i], "name");

        if (!node)
            continue;
        if (str_eq(node->text, name))
            return list->item[i];
        if (n < CONFIG_MAP_MAX)
            known[n++] = node->text;
    }
    if (n)
        node_hint(hint, name, known, n);
    problems_add(s->c->problems, s->file, 0, 0, "there is no experiment \"%s\"%s", name, hint);
    return NULL;
}

static void walk(struct setting *s, struct config_node *map)
{
    const char *part = next_part(s);

    if (str_eq(part, "experiments") && s->rest) {
        map = find_experiment(s, node_get(map, part), next_part(s));
        part = next_part(s);
        if (map && !part)
            problems_add(s->c->problems, s->file, 0, 0, "a key must follow the experiment's name");
    }
    while (map && part && s->rest) {
        map = step_into(s, map, part);
        part = next_part(s);
    }
    if (map && part)
        put(s, map, part, s->value);
}

static bool path_is_fine(const char *path)
{
    size_t n = strlen(path);

    return n && path[0] != '.' && path[n - 1] != '.' && !strstr(path, "..");
}

void set_apply(struct config_context *c, struct config_node *root, const char *set)
{
    struct setting s = {.c = c, .file = "--set"};
    const char *eq = strchr(set, '=');

    s.rest = arena_strndup(c->arena, set, eq ? (size_t)(eq - set) : strlen(set), c->err);
    s.file = config_got(c, s.rest ? arena_printf(c->arena, c->err, "--set %s", s.rest) : NULL);
    if (!s.file)
        return;
    if (!eq || !path_is_fine(s.rest) || !utf8_valid(s.rest, strlen(s.rest))) {
        problems_add(c->problems, s.file, 0, 0, "expected KEY=VALUE, such as run.rows=64");
        return;
    }
    s.value = yaml_read(c, s.file, eq + 1, strlen(eq + 1), false);
    /* A word of a command line has no comments: "run #2" is all of it. */
    if (s.value && s.value->kind == NODE_SCALAR && !s.value->quoted && strchr(eq + 1, '#'))
        s.value->text = config_got(c, arena_strdup(c->arena, eq + 1, c->err));
    if (s.value && !c->failed)
        walk(&s, root);
}
