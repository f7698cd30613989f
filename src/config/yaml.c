#include "base/utf8.h"
#include "config/node.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* One text on its way from libyaml's document into the tree. */
struct reader {
    struct config_context *c;
    const char *file, *text;
    size_t size;
    bool places;
    yaml_document_t *doc;
    size_t nodes;
    bool stopped; /* a limit was met, and said */
};

static void problem_at(struct reader *r, size_t line, size_t column, const char *msg)
{
    problems_add(r->c->problems, r->file, r->places ? line : 0, column, "%s", msg);
}

static void stop(struct reader *r, const yaml_node_t *node, const char *msg)
{
    if (!r->stopped)
        problem_at(r, node->start_mark.line + 1, node->start_mark.column + 1, msg);
    r->stopped = true;
}

static const char too_deep[] = "nested deeper than 64 levels (does an alias contain itself?)";

static struct config_node *convert(struct reader *r, int id, int depth);

static bool convert_scalar(struct reader *r, const yaml_node_t *from, struct config_node *node)
{
    const char *text = (const char *)from->data.scalar.value;

    if (memchr(text, '\0', from->data.scalar.length)) {
        stop(r, from, "a string holds a NUL character");
        return false;
    }
    node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text =
        config_got(r->c, arena_strndup(r->c->arena, text, from->data.scalar.length, r->c->err));
    return node->text;
}

static bool convert_list(struct reader *r, const yaml_node_t *from, struct config_node *node,
                         int depth)
{
    const yaml_node_item_t *item = from->data.sequence.items.start;
    size_t n = (size_t)(from->data.sequence.items.top - item);

    if (n > CONFIG_LIST_MAX) {
        stop(r, from, "a list has more than 4096 elements");
        return false;
    }
    node->item = config_alloc(r->c, n, sizeof(void *));
    for (; node->item && node->n < n; node->n++) {
        node->item[node->n] = convert(r, item[node->n], depth + 1);
        if (!node->item[node->n])
            return false;
    }
    return node->item;
}

static bool convert_map(struct reader *r, const yaml_node_t *from, struct config_node *node,
                        int depth)
{
    const yaml_node_pair_t *pair = from->data.mapping.pairs.start;
    size_t n = (size_t)(from->data.mapping.pairs.top - pair);

    if (n > CONFIG_MAP_MAX) {
        stop(r, from, "a mapping has more than 256 keys");
        return false;
    }
    node->pair = config_alloc(r->c, n, sizeof *node->pair);
    for (; node->pair && node->n < n; node->n++) {
        struct config_pair *to = &node->pair[node->n];

        to->key = convert(r, pair[node->n].key, depth + 1);
        to->value = to->key ? convert(r, pair[node->n].value, depth + 1) : NULL;
        if (!to->value)
            return false;
    }
    return node->pair;
}

/* libyaml gives an untagged node the tag of its kind. */
static void check_tag(struct reader *r, const yaml_node_t *from)
{
    static const char *const fine[] = {YAML_DEFAULT_SCALAR_TAG, YAML_DEFAULT_SEQUENCE_TAG,
                                       YAML_DEFAULT_MAPPING_TAG};
    const char *tag = (const char *)from->tag;
    char msg[160];

    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        if (!tag || str_eq(tag, fine[i]))
            return;
    snprintf(msg, sizeof msg, "the tag \"%.100s\" is not supported, leave it out", tag);
    stop(r, from, msg);
}

/* Aliases are expanded by walking through them; the limits end what has no end. */
static struct config_node *convert(struct reader *r, int id, int depth)
{
    const yaml_node_t *from = yaml_document_get_node(r->doc, id);
    struct config_node *node;
    bool done = false;

    if (depth > CONFIG_DEPTH_MAX)
        stop(r, from, too_deep);
    else if (++r->nodes > CONFIG_NODES_MAX)
        stop(r, from, "more than 65536 values, aliases expanded");
    else
        check_tag(r, from);
    node = r->stopped ? NULL : config_alloc(r->c, 1, sizeof *node);
    if (!node)
        return NULL;
    node->file = r->file;
    node->line = r->places ? from->start_mark.line + 1 : 0;
    node->column = r->places ? from->start_mark.column + 1 : 0;
    if (from->type == YAML_SCALAR_NODE) {
        done = convert_scalar(r, from, node);
    } else if (from->type == YAML_SEQUENCE_NODE) {
        node->kind = NODE_LIST;
        done = convert_list(r, from, node, depth);
    } else {
        node->kind = NODE_MAP;
        done = convert_map(r, from, node, depth);
    }
    return done ? node : NULL;
}

/* Does a line (from 0) begin with blanks of which one is a tab? */
static bool tab_in_indent(const struct reader *r, size_t line)
{
    const char *s = r->text, *end = r->text + r->size;

    for (; line && s < end; s++)
        line -= *s == '\n';
    for (; s < end && (*s == ' ' || *s == '\t'); s++)
        if (*s == '\t')
            return true;
    return false;
}

static void syntax_problem(struct reader *r, const yaml_parser_t *p)
{
    char msg[ERR_MESSAGE], context[200] = "";

    /* libyaml forgets to say so where it cannot grow some of its stacks. */
    if (p->error == YAML_MEMORY_ERROR || p->error == YAML_NO_ERROR) {
        err_set(r->c->err, ERR_MEMORY, "out of memory while reading YAML");
        r->c->failed = true;
        return;
    }
    if (p->error == YAML_READER_ERROR) {
        snprintf(msg, sizeof msg, "invalid YAML: %s (character %#x)", p->problem,
                 (unsigned)p->problem_value);
        problem_at(r, str_lines(r->text, p->problem_offset), 0, msg);
        return;
    }
    if (p->context && r->places)
        snprintf(context, sizeof context, ", %s that begins on line %zu", p->context,
                 p->context_mark.line + 1);
    if (tab_in_indent(r, p->problem_mark.line))
        snprintf(context, sizeof context, " (a tab: indent with spaces)");
    snprintf(msg, sizeof msg, "invalid YAML: %s%s", p->problem ? p->problem : "unknown error",
             context);
    problem_at(r, p->problem_mark.line + 1, p->problem_mark.column + 1, msg);
}

/* libyaml would guess another encoding, and stop at a NUL in silence. */
static bool check_bytes(struct reader *r)
{
    size_t n;

    for (size_t line = 1, at = 0; at < r->size; at += n, line++) {
        const char *s = r->text + at, *end = memchr(s, '\n', r->size - at);

        n = end ? (size_t)(end - s) + 1 : r->size - at;
        if (!memchr(s, '\0', n) && utf8_valid(s, n))
            continue;
        problem_at(r, line, 0,
                   memchr(s, '\0', n) ? "a NUL byte: expected text in UTF-8"
                                      : "bytes that are not UTF-8: expected text in UTF-8");
        return false;
    }
    return true;
}

static struct config_node *nothing(struct reader *r)
{
    struct config_node *node = config_alloc(r->c, 1, sizeof *node);

    if (!node)
        return NULL;
    node->file = r->file;
    node->line = node->column = r->places ? 1 : 0;
    node->text = "";
    return node;
}

/* What follows the first document: nothing, or a problem. */
static bool check_end(struct reader *r, yaml_parser_t *p)
{
    yaml_document_t more;
    const yaml_node_t *root;

    if (!yaml_parser_load(p, &more)) {
        syntax_problem(r, p);
        return false;
    }
    root = yaml_document_get_root_node(&more);
    if (root)
        stop(r, root, "a second document begins here: expected one");
    yaml_document_delete(&more);
    return !root;
}

/* Before libyaml makes a document of it, whose time grows with the square of its depth. What is no
   YAML is told by the reading that follows. */
static bool check_depth(struct reader *r)
{
    yaml_event_type_t type = YAML_NO_EVENT;
    yaml_parser_t p;
    int depth = 0;

    if (!yaml_parser_initialize(&p))
        return true;
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)r->text, r->size);
    while (depth <= CONFIG_DEPTH_MAX && type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;

        if (!yaml_parser_parse(&p, &event))
            break;
        type = event.type;
        depth += type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT;
        depth -= type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
        if (depth > CONFIG_DEPTH_MAX)
            problem_at(r, event.start_mark.line + 1, event.start_mark.column + 1, too_deep);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&p);
    return depth <= CONFIG_DEPTH_MAX;
}

static struct config_node *read_document(struct reader *r, yaml_parser_t *p)
{
    yaml_document_t doc;
    struct config_node *tree = NULL;

    if (!yaml_parser_load(p, &doc)) {
        syntax_problem(r, p);
        return NULL;
    }
    r->doc = &doc;
    if (!yaml_document_get_root_node(&doc))
        tree = nothing(r);
    else if (check_end(r, p))
        tree = convert(r, 1, 1);
    r->doc = NULL;
    yaml_document_delete(&doc);
    return tree;
}

struct config_node *yaml_read(struct config_context *c, const char *file, const char *text,
                              size_t n, bool places)
{
    struct reader r = {.c = c, .file = file, .text = text, .size = n, .places = places};
    struct config_node *tree;
    yaml_parser_t p;

    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
        r.text += 3;
        r.size -= 3;
    }
    if (n > CONFIG_BYTES_MAX) {
        problem_at(&r, 0, 0, "larger than 1 MiB: is this a config?");
        return NULL;
    }
    if (!check_bytes(&r) || !check_depth(&r))
        return NULL;
    if (!yaml_parser_initialize(&p)) {
        err_set(c->err, ERR_MEMORY, "out of memory while reading YAML");
        c->failed = true;
        return NULL;
    }
    yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p, (const unsigned char *)r.text, r.size);
    tree = read_document(&r, &p);
    yaml_parser_delete(&p);
    return tree;
}
