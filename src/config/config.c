#include "config/node.h"

#include "base/file.h"
#include "base/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROWS_MAX = 128 };

static const struct config_row *find_row(const struct config_row *rows, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(rows[i].key, key))
            return &rows[i];
    return NULL;
}

/* The value of c->row. */
static void parse_row(struct config_context *c, const struct config_node *node, void *to)
{
    if (c->failed)
        return;
    if (node_is_null(node))
        node_problem(c, node, "has no value: give one or leave the key out");
    else
        c->row->type->parse(c, node, (char *)to + c->row->offset);
}

/* A default goes the way of every value, so that there is one parser. */
static void parse_fallback(struct config_context *c, void *to)
{
    const char *text = c->row->fallback;
    const struct config_node *node = yaml_read(c, "default", text, strlen(text), false);

    if (node)
        parse_row(c, node, to);
}

/* The value of "a.b" below a mapping, or of as much of the path as there is; *key: what is left. */
static const struct config_node *descend(const struct config_node *map, const char **key)
{
    char part[CONFIG_NAME_MAX + 1];

    while (map && map->kind == NODE_MAP && **key) {
        size_t n = strcspn(*key, ".");
        const struct config_node *child;

        snprintf(part, sizeof part, "%.*s", (int)n, *key);
        child = node_get(map, part);
        if (!child)
            break;
        map = child;
        *key += n + ((*key)[n] == '.');
    }
    return map;
}

/* NULL if there is none. */
static const struct config_node *given(const struct config_node *map, const char *key)
{
    map = descend(map, &key);
    return *key ? NULL : map;
}

/* Values of a mapping in the order of the file, so that problems are; `prefix` = "" or "a.". */
static void fill_given(struct config_context *c, const struct config_row *rows, size_t n,
                       const struct config_node *map, const char *prefix, void *to)
{
    char key[2 * CONFIG_NAME_MAX + 2];

    for (size_t i = 0; i < map->n; i++) {
        const struct config_node *value = map->pair[i].value;

        if (map->pair[i].key->kind != NODE_SCALAR)
            continue;
        snprintf(key, sizeof key, "%s%s", prefix, map->pair[i].key->text);
        c->row = find_row(rows, n, key);
        if (c->row)
            parse_row(c, value, to);
        else if (value->kind == NODE_MAP && !*prefix && strlen(key) <= CONFIG_NAME_MAX) {
            snprintf(key, sizeof key, "%s.", map->pair[i].key->text);
            fill_given(c, rows, n, value, key, to);
        }
    }
}

/* The key that was probably meant to be c->row's, such as `Kind`; NULL = there is none. */
static const struct config_node *misspelt(const struct config_context *c,
                                          const struct config_node *map)
{
    for (size_t i = 0; map && i < map->n; i++) {
        const struct config_node *key = map->pair[i].key;

        if (key->kind == NODE_SCALAR && str_did_you_mean(key->text, &c->row->key, 1))
            return key;
    }
    return NULL;
}

/* Unless the list in the place of the one value has it: `paths` for `path`. */
static void say_missing(struct config_context *c, const struct config_node *map,
                        const struct config_node *place)
{
    const struct config_node *several, *near = misspelt(c, map);
    char key[CONFIG_NAME_MAX], needs[WHEN_MAX], said[EXCERPT_MAX];

    snprintf(key, sizeof key, "%ss", c->row->key);
    several = map ? given(map, key) : NULL;
    if (!several && near)
        node_problem(c, near, "required, but missing (did you mean %s by \"%s\"?)", c->row->key,
                     node_excerpt(said, near->text));
    else if (!several && c->row->when)
        node_problem(c, place, "required with %s, but missing", when_text(needs, c->row));
    else if (!several)
        node_problem(c, place, "required, but missing");
    else if (!node_count(several))
        node_problem(c, several, "required, but missing: the list %s, given in its place, is empty",
                     key);
}

static void fill_missing(struct config_context *c, const struct config_node *map,
                         const struct config_node *place, void *to, bool applies)
{
    if (c->failed || (map && given(map, c->row->key)))
        return;
    if (c->row->fallback)
        parse_fallback(c, to);
    else if (applies)
        say_missing(c, map, place);
}

void fill_rows(struct config_context *c, const struct config_row *rows, size_t n,
               const struct config_node *map, const struct config_node *place, void *to)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].type == &config_choice)
            *(int *)((char *)to + rows[i].offset) = NO_CHOICE;
    if (map)
        fill_given(c, rows, n, map, "", to);
    for (size_t i = 0; i < n; i++) {
        c->row = &rows[i];
        if (!rows[i].when)
            fill_missing(c, map, place, to, true);
    }
    for (size_t i = 0; i < n; i++) {
        const struct config_node *node = map ? given(map, rows[i].key) : NULL;
        char needs[WHEN_MAX];

        c->row = &rows[i];
        if (!c->row->when)
            continue;
        fill_missing(c, map, place, to, row_applies(c->row, rows, n, to, false));
        if (node && !row_applies(c->row, rows, n, to, true))
            node_problem(c, node, "does not apply here: only with %s", when_text(needs, c->row));
    }
    c->row = NULL;
}

/* First parts of the keys, or what follows "group." of those that begin so. */
static size_t key_names(const struct config_row *rows, size_t n, const char *group,
                        char name[ROWS_MAX][CONFIG_NAME_MAX + 1], size_t used)
{
    size_t skip = group ? strlen(group) + 1 : 0;

    for (size_t i = 0; i < n && used < ROWS_MAX; i++) {
        const char *key = rows[i].key;

        if (group && (strncmp(key, group, skip - 1) != 0 || key[skip - 1] != '.'))
            continue;
        key += skip;
        snprintf(name[used++], CONFIG_NAME_MAX + 1, "%.*s", (int)strcspn(key, "."), key);
    }
    return used;
}

static void check_names(struct config_context *c, const struct config_node *map,
                        char name[][CONFIG_NAME_MAX + 1], size_t n)
{
    const char *known[ROWS_MAX];

    for (size_t i = 0; i < n; i++)
        known[i] = name[i];
    node_check_keys(c, map, known, n);
}

static void check_keys(struct config_context *c, const struct config_node *map,
                       const struct config_row *rows, size_t n, const struct config_row *more,
                       size_t n_more)
{
    char name[ROWS_MAX][CONFIG_NAME_MAX + 1], inner[ROWS_MAX][CONFIG_NAME_MAX + 1];
    size_t k = key_names(more, n_more, NULL, name, key_names(rows, n, NULL, name, 0));
    const char *beside[ROWS_MAX];

    for (size_t i = 0; i < k; i++)
        beside[i] = name[i];
    node_check_keys(c, map, beside, k);
    for (size_t i = 0; i < k; i++) {
        const struct config_node *node = node_get(map, name[i]);
        const struct config_row group = {.key = name[i]};
        size_t n_inner = key_names(more, n_more, name[i], inner, 0);

        if (!node || !n_inner || (i && !strcmp(name[i], name[i - 1])))
            continue;
        c->row = &group;
        c->beside = beside;
        c->n_beside = k;
        if (node->kind == NODE_MAP)
            check_names(c, node, inner, n_inner);
        else
            node_expected(c, node, "a mapping of keys");
        c->row = NULL;
        c->n_beside = 0;
    }
}

static void load_section(struct config_context *c, const struct config_part *part,
                         const struct config_node *root, struct config *to)
{
    const struct config_section *s = &part->section;
    const struct config_node *map = node_get(root, s->name);

    c->section = s->name;
    if (map && node_is_null(map)) {
        node_problem(c, map, "has no value: give one or leave the key out");
    } else if (map && map->kind != NODE_MAP) {
        node_expected(c, map, "a mapping of keys");
    } else {
        if (map)
            check_keys(c, map, s->rows, s->n_rows, NULL, 0);
        fill_rows(c, s->rows, s->n_rows, map, map ? map : root, (char *)to + part->offset);
    }
    c->section = "";
}

/* The experiments being read: the kinds, and what is read so far. */
struct experiments {
    struct config_context *c;
    const struct experiment_schema *kinds;
    size_t n_kinds;
    struct config *to;
};

/* Letters alike, with no difference between '-', '_' and capitals. */
static bool same_name(const char *a, size_t n, const char *b)
{
    for (size_t i = 0; i < n; i++, b++) {
        char x = (char)tolower((unsigned char)*b);

        if ((x == '-' ? '_' : x) != a[i])
            return false;
    }
    return !*b;
}

/* A name that the literature has for a kind of ours: " (did you mean ablation with ...?)". */
static bool usual_name(const struct experiments *x, const char *name, char hint[HINT_MAX])
{
    for (size_t i = 0; i < x->n_kinds; i++)
        for (const char *s = x->kinds[i].also, *end; s && *s; s = *end ? end + 2 : end) {
            size_t n = strcspn(s, "=;");

            end = s + strcspn(s, ";");
            if (!same_name(s, n, name))
                continue;
            snprintf(hint, HINT_MAX, " (did you mean %s%s%.*s?)", x->kinds[i].kind,
                     s[n] == '=' ? " with " : "", s[n] == '=' ? (int)(end - s - n - 1) : 0,
                     s + n + 1);
            return true;
        }
    return false;
}

static const struct experiment_schema *find_kind(const struct experiments *x,
                                                 const struct config_node *entry)
{
    const char *known[ROWS_MAX];
    const struct config_node *node = node_scalar(entry, "kind");
    char hint[HINT_MAX], said[EXCERPT_MAX];
    size_t n = 0;

    if (!node || node_is_null(node))
        return NULL;
    for (size_t i = 0; i < x->n_kinds && n < ROWS_MAX; i++) {
        if (str_eq(x->kinds[i].kind, node->text))
            return &x->kinds[i];
        known[n++] = x->kinds[i].kind;
    }
    if (!usual_name(x, node->text, hint))
        node_hint(hint, node->text, known, n);
    node_problem(x->c, node, "unknown kind \"%s\"%s", node_excerpt(said, node->text), hint);
    return NULL;
}

static void check_name(const struct experiments *x, const struct config_node *entry)
{
    const struct config_node *node = node_scalar(entry, "name");
    char said[EXCERPT_MAX];

    if (!node || node_is_null(node))
        return;
    if (*node->text && !str_is_name(node->text))
        node_problem(x->c, node, "the name \"%s\" may hold only letters, digits, _ and -",
                     node_excerpt(said, node->text));
    if (strlen(node->text) > CONFIG_NAME_MAX)
        node_problem(x->c, node, "the name is longer than 64 characters");
    for (size_t i = 0; config_reserved_names[i]; i++)
        if (str_eq(node->text, config_reserved_names[i]))
            node_problem(x->c, node, "the name \"%s\" is reserved for the result file", node->text);
}

static void check_unique(const struct experiments *x, const struct config_node *list, size_t i)
{
    const struct config_node *name = node_scalar(list->item[i], "name");
    char said[EXCERPT_MAX];

    for (size_t k = 0; name && k < i; k++) {
        const struct config_node *other = node_scalar(list->item[k], "name");

        if (!other || !str_eq(other->text, name->text))
            continue;
        node_problem(x->c, name, "the name \"%s\" is taken by another experiment",
                     node_excerpt(said, name->text));
        return;
    }
}

/* "experiments.heads", or the entry's number while it has no name. */
static const char *entry_label(const struct experiments *x, const struct config_node *entry,
                               size_t i)
{
    const struct config_node *name = node_scalar(entry, "name");
    struct config_context *c = x->c;
    char *label, said[EXCERPT_MAX];

    if (name && *name->text)
        label = arena_printf(c->arena, c->err, "experiments.%s", node_excerpt(said, name->text));
    else
        label = arena_printf(c->arena, c->err, "experiments[%zu]", i);
    return config_got(c, label) ? label : "experiments";
}

static void load_entry(const struct experiments *x, const struct config_node *entry)
{
    struct config_context *c = x->c;
    struct experiment_head head = {0};
    const struct experiment_schema *kind;
    struct experiment_entry *to = &x->to->experiment[x->to->n_experiments];

    if (entry->kind != NODE_MAP) {
        node_expected(c, entry, "a mapping with name and kind");
        return;
    }
    fill_rows(c, config_head_rows, CONFIG_HEAD_ROWS, entry, entry, &head);
    check_name(x, entry);
    kind = find_kind(x, entry);
    if (!kind)
        return;
    check_keys(c, entry, config_head_rows, CONFIG_HEAD_ROWS, kind->rows, kind->n_rows);
    to->config = c->failed ? NULL : config_alloc(c, 1, kind->size);
    if (!to->config)
        return;
    fill_rows(c, kind->rows, kind->n_rows, entry, entry, to->config);
    to->head = head;
    to->name = head.name;
    to->schema = kind;
    to->line = entry->line;
    to->column = entry->column;
    to->node = entry;
    x->to->n_experiments++;
}

static void load_experiments(const struct experiments *x, const struct config_node *root)
{
    struct config_context *c = x->c;
    const struct config_node *list = node_get(root, "experiments");
    size_t n = list && list->kind == NODE_LIST ? list->n : 0;

    c->section = "experiments";
    if (!list)
        node_problem(c, root, "required, but missing");
    else if (list->kind != NODE_LIST)
        node_expected(c, list, "a list of mappings");
    else if (!n)
        node_problem(c, list, "the list is empty: it needs at least one experiment");
    x->to->experiment = config_alloc(c, n, sizeof *x->to->experiment);
    for (size_t i = 0; i < n && !c->failed; i++) {
        c->section = entry_label(x, list->item[i], i);
        load_entry(x, list->item[i]);
        check_unique(x, list, i);
    }
    c->section = "";
}

static void check_top_keys(struct config_context *c, const struct config_node *root)
{
    const char *known[CONFIG_PARTS + ROWS_MAX];
    const struct config_section *top = &config_parts[CONFIG_PART_TOP].section;
    size_t n = 0;

    for (size_t i = 0; i < CONFIG_PARTS; i++)
        if (i != CONFIG_PART_TOP)
            known[n++] = config_parts[i].section.name;
    for (size_t i = 0; i < top->n_rows; i++)
        known[n++] = top->rows[i].key;
    known[n++] = "experiments";
    node_check_keys(c, root, known, n);
}

static void load_part(const struct experiments *x, const struct config_node *root, const char *name)
{
    bool foreign = x->to->curates && str_eq(name, "experiments");

    if (!x->to->curates && str_eq(name, "experiments"))
        load_experiments(x, root);
    for (size_t i = 0; i < CONFIG_PARTS; i++) {
        if (i == CONFIG_PART_TOP || !str_eq(name, config_parts[i].section.name))
            continue;
        if (config_has_part(x->to, &config_parts[i]))
            load_section(x->c, &config_parts[i], root, x->to);
        else
            foreign = true;
    }
    if (foreign && node_get(root, name))
        node_problem(x->c, node_get(root, name),
                     "%s does not belong into a config with a section curate", name);
}

/* Queries are in files or made, and made unasked only where no experiment needs any. */
static void check_data(const struct experiments *x, const struct config_node *root)
{
    enum { SEQUENCES = 16 };
    const struct config_node *data = node_get(root, "data");
    const struct config_node *path = data && data->kind == NODE_MAP ? node_get(data, "path") : data;
    struct data_config *d = &x->to->data;
    bool needed = !x->to->n_experiments, is_given = path && (path->kind != NODE_LIST || path->n);

    for (size_t i = 0; i < x->to->n_experiments; i++)
        needed |= !x->to->experiment[i].schema->no_data;
    x->c->section = "data";
    x->c->row = is_given ? NULL : &config_parts[CONFIG_PART_DATA].section.rows[0];
    if (is_given && d->sequences)
        node_problem(x->c, data, "sequences stand in the place of path: not both");
    else if (!is_given && !d->sequences && needed)
        node_problem(x->c, data ? data : root,
                     "required, but missing (or data.sequences, for random tokens)");
    else if (!is_given && !d->sequences)
        d->sequences = SEQUENCES;
    x->c->row = NULL;
    x->c->section = "";
}

/* In the order of the file, so that problems are; then what the file leaves out. */
static void load_tree(const struct experiments *x, const struct config_node *root)
{
    const struct config_section *top = &config_parts[CONFIG_PART_TOP].section;

    x->to->curates = node_get(root, "curate") != NULL;
    check_top_keys(x->c, root);
    fill_rows(x->c, top->rows, top->n_rows, root, root, x->to);
    for (size_t i = 0; i < root->n; i++) {
        const struct config_node *key = root->pair[i].key;

        if (key->kind == NODE_SCALAR && node_get(root, key->text) == root->pair[i].value)
            load_part(x, root, key->text);
    }
    for (size_t i = 0; i < CONFIG_PARTS; i++)
        if (!node_get(root, config_parts[i].section.name))
            load_part(x, root, config_parts[i].section.name);
    if (!node_get(root, "experiments"))
        load_part(x, root, "experiments");
    if (!x->to->curates)
        check_data(x, root);
}

int config_parse(struct config *c, const char *path, const char *text, size_t n,
                 const char *const *set, size_t n_set, const struct experiment_schema *kinds,
                 size_t n_kinds, struct problems *problems, struct err *err)
{
    struct config_context context = {
        .arena = &c->arena, .problems = problems, .err = err, .section = ""};
    struct experiments x = {&context, kinds, n_kinds, c};
    struct config_node *root;

    c->path = arena_strdup(&c->arena, path, err);
    if (!c->path)
        return err->code;
    root = yaml_read(&context, c->path, text, n, true);
    if (root && node_is_null(root))
        problems_add(problems, c->path, 0, 0, "the file is empty: expected a config");
    else if (root && root->kind != NODE_MAP)
        node_expected(&context, root, "a mapping with model, data, output and experiments");
    if (root && root->kind == NODE_MAP) {
        c->root = root;
        for (size_t i = 0; i < n_set && !context.failed; i++)
            set_apply(&context, root, set[i]);
        if (!context.failed)
            load_tree(&x, root);
    }
    return err_if(err, context.failed);
}

int config_load(struct config *c, const char *path, const char *const *set, size_t n_set,
                const struct experiment_schema *kinds, size_t n_kinds, struct problems *problems,
                struct err *err)
{
    struct buf text = {0};
    struct stat st;
    int code;

    /* Far too large is a problem of the config, not of reading it. */
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > CONFIG_BYTES_MAX) {
        problems_add(problems, path, 0, 0, "larger than 1 MiB: is this a config?");
        return 0;
    }
    code = file_read(&text, path, CONFIG_BYTES_MAX, err);
    if (!code)
        code = config_parse(c, path, text.data ? text.data : "", text.len, set, n_set, kinds,
                            n_kinds, problems, err);
    buf_release(&text);
    return code;
}

bool config_curates(const char *path)
{
    struct arena arena = {0};
    struct problems problems = {0};
    struct buf text = {0};
    struct err err = {0};
    struct config_context context = {
        .arena = &arena, .problems = &problems, .err = &err, .section = ""};
    const struct config_node *root = NULL;

    if (!file_read(&text, path, CONFIG_BYTES_MAX, &err))
        root = yaml_read(&context, path, text.len ? text.data : "", text.len, false);
    buf_release(&text);
    err.code = root && root->kind == NODE_MAP && node_get(root, "curate");
    arena_release(&arena);
    return err.code;
}

void config_release(struct config *c)
{
    arena_release(&c->arena);
    memset(c, 0, sizeof *c);
}

bool config_given(const struct experiment_entry *e, const char *key)
{
    return given(e->node, key) != NULL;
}

void config_problem(const struct config *c, const struct experiment_entry *e, const char *key,
                    struct problems *problems, const char *fmt, ...)
{
    const struct config_node *from = e ? e->node : c->root;
    const char *rest = key ? key : "";
    const struct config_node *node = descend(from, &rest);
    char msg[ERR_MESSAGE], label[160] = "";
    va_list ap;

    va_start(ap, fmt);
    str_vfit(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (e || key)
        str_fit(label, sizeof label, "%s%s%s%s: ", e ? "experiments." : "", e ? e->name : "",
                e && key ? "." : "", key ? key : "");
    problems_add(problems, node ? node->file : c->path, node ? node->line : 0,
                 node ? node->column : 0, "%s%s", label, msg);
}

int config_place(const struct config *c, const char *key, struct err *err)
{
    const char *rest = key;
    const struct config_node *node = descend(c->root, &rest);
    struct problems place = {0};

    if (err->code != ERR_IO && err->code != ERR_FORMAT)
        return err->code;
    problems_add(&place, node ? node->file : c->path, node ? node->line : 0,
                 node ? node->column : 0, "%s", key);
    return err_place(err, "%s: %s", place.item[0].where, place.item[0].msg);
}
