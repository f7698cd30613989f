/* Types of several values: lists, selectors, and the `where` mapping. One value is a list of it. */
#include "config/node.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lists are alike, a number and that many elements one after the other: one parser and one printer
   serve them all, with those of the element's type. */
struct any_list {
    size_t n;
    void *v;
};

/* Of the elements of a type of lists. */
static const struct config_type *element_type(const struct config_type *list)
{
    if (list == &config_ints)
        return &config_int;
    if (list == &config_reals)
        return &config_real;
    return list == &config_choices || list == &config_subset ? &config_choice : &config_string;
}

static void *element(const struct any_list *list, size_t i, const struct config_type *of)
{
    return (char *)list->v + i * of->size;
}

static void said_twice(struct config_context *c, const struct config_node *node, const char *text)
{
    char said[EXCERPT_MAX];

    node_problem(c, node, "\"%s\" is listed twice", node_excerpt(said, text));
}

/* Does the element behind the list's last stand in it already? Only numbers may. */
static bool is_listed(const struct any_list *list, const struct config_type *of)
{
    const void *next = element(list, list->n, of);

    if (of == &config_string)
        return is_among(*(const char *const *)next, list->v, list->n);
    for (size_t i = 0; of != &config_real && i < list->n; i++)
        if (!memcmp(element(list, i, of), next, of->size))
            return true;
    return false;
}

/* A list may be empty only where that is what it is by default, or a set of choices. */
static bool is_missing(struct config_context *c, const struct config_node *node)
{
    if (node_count(node) || c->row->type == &config_subset ||
        (c->row->fallback && str_eq(c->row->fallback, "[]")))
        return false;
    node_problem(c, node, "the list is empty: it needs at least one element");
    return true;
}

static void parse_list(struct config_context *c, const struct config_node *node, void *field)
{
    const struct config_type *of = element_type(c->row->type);
    struct any_list list = {0};
    char what[64];

    if (node->kind == NODE_MAP) {
        snprintf(what, sizeof what, "a %s", c->row->type->name);
        node_expected(c, node, what);
        return;
    }
    if (is_missing(c, node))
        return;
    list.v = config_alloc(c, node_count(node), of->size);
    for (size_t i = 0; list.v && i < node_count(node); i++) {
        const struct config_node *item = node_item(node, i);
        const int problems = c->problems->count;

        of->parse(c, item, element(&list, list.n, of));
        if (c->problems->count > problems)
            continue;
        if (is_listed(&list, of))
            said_twice(c, item, item->text);
        else
            list.n++;
    }
    if (list.v)
        memcpy(field, &list, sizeof list);
}

static int print_list(struct config_value at, struct buf *out, struct err *err)
{
    const struct config_type *of = element_type(at.row->type);
    struct any_list list;

    memcpy(&list, at.field, sizeof list);
    for (size_t i = 0; i < list.n; i++) {
        const struct config_value value = {at.row, element(&list, i, of)};

        if (buf_puts(out, i ? ", " : "[", err) || of->print(value, out, err))
            return err->code;
    }
    return buf_puts(out, list.n ? "]" : "[]", err);
}

const struct config_type config_ints = {"list of integers", sizeof(struct int_list), parse_list,
                                        print_list, "one integer is a list of it"};
const struct config_type config_reals = {"list of numbers", sizeof(struct real_list), parse_list,
                                         print_list, "one number is a list of it"};
const struct config_type config_strings = {"list of strings", sizeof(struct string_list),
                                           parse_list, print_list, "one string is a list of it"};
const struct config_type config_choices = {"list of strings", sizeof(struct choice_list),
                                           parse_list, print_list, ""};
const struct config_type config_subset = {"list of strings", sizeof(struct choice_list), parse_list,
                                          print_list, ""};

unsigned choice_bits(const struct choice_list *list)
{
    unsigned bits = 0;

    for (size_t i = 0; i < list->n; i++)
        bits |= (unsigned)list->v[i];
    return bits;
}

const char **choice_words(const struct choice_list *list, const struct choice *choices,
                          struct arena *a, struct err *err)
{
    const char **word = arena_alloc(a, list->n, sizeof *word, err);

    for (size_t i = 0; word && i < list->n; i++)
        word[i] = choice_word(choices, list->v[i]);
    return word;
}

static void parse_paths(struct config_context *c, const struct config_node *node, void *field)
{
    struct string_list *list = field;

    if (node->kind == NODE_MAP) {
        node_expected(c, node, "a path or a list of paths");
        return;
    }
    parse_list(c, node, field);
    for (size_t i = 0; i < node_count(node); i++) {
        const struct config_node *item = node_item(node, i);

        const char *path;

        if (item->kind != NODE_SCALAR || node_is_null(item) || !*item->text)
            continue;
        path = take_path(c, item);
        if (path && path_exists(c, item, path) && i < list->n)
            list->v[i] = path;
    }
}

const struct config_type config_paths = {"list of paths", sizeof(struct string_list), parse_paths,
                                         print_list, "one path is a list of it; each as a path"};

/* Selectors */

/* The name inside {each_token: NAME} and its mark; NULL after a problem. */
static const char *take_each_token(struct config_context *c, const struct config_node *node)
{
    static const char *const known[] = {"each_token"};
    const struct config_node *span = node_get(node, known[0]);
    const char *text;

    if (!span) {
        node_problem(c, node,
                     "must be a number, a name or {each_token: NAME}: together, window and pairs "
                     "stand alone, not in a list");
        return NULL;
    }
    node_check_keys(c, node, known, 1);
    text = take_text(c, span, "the name of a span");
    if (!text)
        return NULL;
    return config_got(c, arena_printf(c->arena, c->err, "%s" EACH_TOKEN, text));
}

/* A number in its canonical form, or a name. */
static const char *take_element(struct config_context *c, const struct config_node *node)
{
    const char *text;
    int64_t v;

    if (node->kind == NODE_MAP)
        return take_each_token(c, node);
    text = take_text(c, node, "a number or a name");
    if (text && (str_eq(text, "each") || str_eq(text, "all"))) {
        node_problem(c, node, "\"%s\" cannot be one of several elements", text);
        return NULL;
    }
    if (!text || node->quoted || scan_int(text, &v) == SCAN_NO)
        return text;
    if (!take_int(c, node, "an integer", &v))
        return NULL;
    return config_got(c, arena_printf(c->arena, c->err, "%lld", (long long)v));
}

static void take_elements(struct config_context *c, const struct config_node *node,
                          struct selector *to)
{
    size_t n = node_count(node);

    if (!n) {
        node_problem(c, node, "the list is empty: it needs at least one element");
        return;
    }
    to->name = config_alloc(c, n, sizeof *to->name);
    for (size_t i = 0; to->name && i < n; i++) {
        const struct config_node *item = node_item(node, i);
        const char *name = take_element(c, item);

        if (name && is_among(name, to->name, to->n))
            said_twice(c, item, name);
        else if (name)
            to->name[to->n++] = name;
    }
}

static void take_together(struct config_context *c, const struct config_node *node,
                          struct selector *to)
{
    static const char *const known[] = {"together"};
    const struct config_node *list = node_get(node, known[0]);

    to->kind = SELECT_TOGETHER;
    node_check_keys(c, node, known, 1);
    for (size_t i = 0; i < node_count(list); i++) {
        const struct config_node *item = node_item(list, i);

        if (item->kind == NODE_SCALAR)
            continue;
        node_expected(c, item, "a number or a name");
        return;
    }
    take_elements(c, list, to);
}

/* An integer within bounds of its own. */
static void take_bounded(struct config_context *c, const struct config_node *node, double lo,
                         double hi, int64_t *v)
{
    const struct config_row bounded = {.key = c->row->key, .lo = lo, .hi = hi}, *row = c->row;

    c->row = &bounded;
    take_int(c, node, "an integer", v);
    c->row = row;
}

static void take_window(struct config_context *c, const struct config_node *node,
                        struct selector *to)
{
    static const char *const known[] = {"window", "stride"};
    const struct config_node *stride = node_get(node, "stride");
    int64_t width = 1, step = 1;

    node_check_keys(c, node, known, 2);
    take_bounded(c, node_get(node, "window"), 1, 65536, &width);
    if (stride)
        take_bounded(c, stride, 1, 65536, &step);
    to->kind = SELECT_WINDOW;
    to->window = (int)width;
    to->stride = (int)step;
}

/* The heads that a finished sweep ranks, by twos. */
static void take_ranked_pairs(struct config_context *c, const struct config_node *node,
                              struct selector *to)
{
    static const char *const known[] = {"pairs", "top", "group", "rank_by"};
    const struct config_node *from = node_get(node, "pairs"), *group = node_get(node, "group"),
                             *rank_by = node_get(node, "rank_by"), *top = node_get(node, "top");
    int64_t most = 10;

    node_check_keys(c, node, known, 4);
    *to = (struct selector){.kind = SELECT_PAIRS, .group = "", .rank_by = "logit"};
    to->name = config_alloc(c, 1, sizeof *to->name);
    if (!to->name || !take_text(c, from, "a result file or the folder of a run"))
        return;
    to->name[0] = take_path(c, from);
    to->n = to->name[0] && path_exists(c, from, to->name[0]);
    if (top)
        take_bounded(c, top, 2, 200, &most);
    if (group)
        to->group = take_text(c, group, "the name of a sweep");
    if (rank_by)
        to->rank_by = take_text(c, rank_by, "the name of a metric");
    to->top = (int)most;
}

/* {window: 1, together: [0]}: the second form is the problem. */
static bool has_two_forms(struct config_context *c, const struct config_node *node)
{
    static const char *const form[] = {"together", "window", "each_token", "pairs"};
    const char *first = NULL;

    for (size_t i = 0; i < node->n; i++) {
        const struct config_node *key = node->pair[i].key;

        if (key->kind != NODE_SCALAR || !is_among(key->text, form, 4))
            continue;
        if (first && !str_eq(first, key->text)) {
            node_problem(c, key, "%s and %s cannot be combined: choose one of them", first,
                         key->text);
            return true;
        }
        first = key->text;
    }
    return false;
}

static void take_selector_map(struct config_context *c, const struct config_node *node,
                              struct selector *to)
{
    static const char *const known[] = {"together", "window", "stride", "each_token", "pairs"};

    if (has_two_forms(c, node))
        return;
    if (node_get(node, "together"))
        take_together(c, node, to);
    else if (node_get(node, "window"))
        take_window(c, node, to);
    else if (node_get(node, "each_token"))
        take_elements(c, node, to);
    else if (node_get(node, "pairs"))
        take_ranked_pairs(c, node, to);
    else if (node->n)
        node_check_keys(c, node, known, 5);
    if (!node->n || (node->n == 1 && node_get(node, "stride")))
        node_problem(c, node,
                     "must be {together: [...]}, {window: W, stride: S} or {each_token: NAME}");
}

static void parse_selector(struct config_context *c, const struct config_node *node, void *field)
{
    struct selector s = {.kind = SELECT_LIST};

    if (node->kind == NODE_MAP)
        take_selector_map(c, node, &s);
    else if (node->kind == NODE_SCALAR && str_eq(node->text, "each"))
        s.kind = SELECT_EACH;
    else if (node->kind == NODE_SCALAR && str_eq(node->text, "all"))
        s.kind = SELECT_ALL;
    else
        take_elements(c, node, &s);
    *(struct selector *)field = s;
}

const char *each_token_name(const char *text, struct arena *a, struct err *err)
{
    size_t n = strlen(text), mark = strlen(EACH_TOKEN);

    return n > mark && str_ends_with(text, EACH_TOKEN) ? arena_strndup(a, text, n - mark, err)
                                                       : NULL;
}

static int print_element(const char *name, struct buf *out, struct err *err)
{
    struct arena a = {0};
    const char *span = each_token_name(name, &a, err);
    char number[24];
    int64_t v;

    if (span && !buf_puts(out, "{each_token: ", err) && !put_string(out, span, err))
        buf_puts(out, "}", err);
    arena_release(&a);
    if (span || err->code)
        return err->code;
    /* Numbers stand as such; a name that only looks like one ("007") was quoted and is so again. */
    snprintf(number, sizeof number, "%lld", scan_int(name, &v) == SCAN_OK ? (long long)v : 0);
    return str_eq(number, name) ? buf_puts(out, name, err) : put_string(out, name, err);
}

static int print_pairs(const struct selector *s, bool where, struct buf *out, struct err *err)
{
    if (buf_puts(out, "{pairs: ", err) || put_string(out, where ? s->name[0] : "", err) ||
        buf_printf(out, err, ", top: %d", s->top) ||
        (*s->group && (buf_puts(out, ", group: ", err) || put_string(out, s->group, err))) ||
        buf_puts(out, ", rank_by: ", err) || put_string(out, s->rank_by, err))
        return err->code;
    return buf_puts(out, "}", err);
}

static int print_selector(struct config_value at, struct buf *out, struct err *err)
{
    const struct selector *s = at.field;
    bool together = s->kind == SELECT_TOGETHER;

    if (s->kind == SELECT_PAIRS)
        return print_pairs(s, true, out, err);
    if (s->kind == SELECT_EACH || s->kind == SELECT_ALL)
        return buf_puts(out, s->kind == SELECT_EACH ? "each" : "all", err);
    if (s->kind == SELECT_WINDOW)
        return buf_printf(out, err, "{window: %d, stride: %d}", s->window, s->stride);
    if (buf_puts(out, together ? "{together: [" : "[", err))
        return err->code;
    for (size_t i = 0; i < s->n; i++)
        if ((i && buf_puts(out, ", ", err)) || print_element(s->name[i], out, err))
            return err->code;
    return buf_puts(out, together ? "]}" : "]", err);
}

int print_selector_counted(struct config_value at, struct buf *out, struct err *err)
{
    const struct selector *s = at.field;

    return s->kind == SELECT_PAIRS ? print_pairs(s, false, out, err) : print_selector(at, out, err);
}

const struct config_type config_selector = {
    "selector", sizeof(struct selector), parse_selector, print_selector,
    "each = one configuration for each; all = one of all together; [0, 3, 7] = one for each "
    "listed; {together: [0, 3]} = one; {window: 5, stride: 1} = one per whole window; "
    "{each_token: subject} = one per token of a span; {pairs: RESULT, top: 10, group: NAME, "
    "rank_by: "
    "logit} = the strongest heads of a finished sweep (of its only one of heads, or the one named) "
    "by their absolute mean effect on a metric: each alone and each two together"};

/* where: {KEY: VALUE}, sorted by key so that its order does not change what it prints */

struct where_pair {
    const char *key, *value;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct where_pair *)a)->key, ((const struct where_pair *)b)->key);
}

static size_t take_pairs(struct config_context *c, const struct config_node *node,
                         struct where_pair *pair)
{
    size_t n = 0;

    for (size_t i = 0; i < node->n; i++) {
        const struct config_node *key = node->pair[i].key, *value = node->pair[i].value;

        if (key->kind != NODE_SCALAR)
            continue;
        if (strlen(key->text) > CONFIG_NAME_MAX || !*key->text)
            node_problem(c, key, "a key must have 1 to 64 characters");
        else if (take_text(c, value, "a single value"))
            pair[n++] = (struct where_pair){key->text, value->text};
    }
    return n;
}

static void parse_where(struct config_context *c, const struct config_node *node, void *field)
{
    struct where_pair pair[CONFIG_MAP_MAX];
    struct where_list list = {0};

    if (node->kind != NODE_MAP) {
        node_expected(c, node, "a mapping such as {step: 2}");
        return;
    }
    node_check_keys(c, node, NULL, 0); /* which exist, the data says */
    list.n = take_pairs(c, node, pair);
    if (list.n)
        qsort(pair, list.n, sizeof *pair, by_key);
    list.key = config_alloc(c, list.n, sizeof *list.key);
    list.value = config_alloc(c, list.n, sizeof *list.value);
    if (c->failed)
        return;
    for (size_t i = 0; i < list.n; i++) {
        list.key[i] = pair[i].key;
        list.value[i] = pair[i].value;
    }
    *(struct where_list *)field = list;
}

static int print_where(struct config_value at, struct buf *out, struct err *err)
{
    const struct where_list *list = at.field;

    for (size_t i = 0; i < list->n; i++)
        if (buf_puts(out, i ? ", " : "{", err) || put_word(out, list->key[i], err) ||
            buf_puts(out, ": ", err) || put_word(out, list->value[i], err))
            return err->code;
    return buf_puts(out, list->n ? "}" : "{}", err);
}

const struct config_type config_where = {"filter", sizeof(struct where_list), parse_where,
                                         print_where,
                                         "{KEY: VALUE} pairs that a query must have, such as "
                                         "{target_collision: false, step: 2}"};
