#include "results/describe.h"

#include "base/buf.h"
#include "base/choice.h"
#include "base/json.h"
#include "base/str.h"
#include "results/h5read.h"
#include "results/h5write.h"

#include <stddef.h>
#include <string.h>

struct key {
    const char *name;
    size_t offset;
};

#define HEADLINE_KEY(key, doc) {#key, offsetof(struct headline, key)},
#define AUTHORS_KEY(key, doc)  {#key, offsetof(struct authors_layout, key)},
#define FIGURE_KEY(key, doc)   {#key, offsetof(struct figure, key)},
static const struct key headline_keys[] = {HEADLINE_KEYS(HEADLINE_KEY)};
static const struct key figure_keys[] = {FIGURE_KEYS(FIGURE_KEY)};
static const struct key authors_keys[] = {AUTHORS_KEYS(AUTHORS_KEY)};

/* A sort of description: its attribute, and the keys of one entry. */
struct sort {
    const char *attribute;
    const struct key *key;
    size_t n, size;
};

static const struct sort headline_sort = {"headlines", headline_keys,
                                          sizeof headline_keys / sizeof *headline_keys,
                                          sizeof(struct headline)};
static const struct sort figure_sort = {
    "figures", figure_keys, sizeof figure_keys / sizeof *figure_keys, sizeof(struct figure)};
static const struct sort authors_sort = {"authors", authors_keys,
                                         sizeof authors_keys / sizeof *authors_keys,
                                         sizeof(struct authors_layout)};

/* Writing ---------------------------------------------------------------------------------- */

static json_t *entry_json(const struct sort *s, const char *entry)
{
    json_t *o = json_object();

    for (size_t k = 0; o && k < s->n; k++) {
        const char *const *text = (const void *)(entry + s->key[k].offset);

        if (*text && json_object_set_new(o, s->key[k].name, json_string(*text))) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}

static int write_list(struct h5group *g, const struct sort *s, const void *v, size_t n,
                      struct err *err)
{
    json_t *list = n ? json_array() : NULL;
    struct buf b = {0};

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, entry_json(s, (const char *)v + i * s->size))) {
            json_decref(list);
            list = NULL;
        }
    if (n && !json_put(&b, list, JSON_COMPACT, err) && buf_str(&b, err))
        h5_attr_str(g, s->attribute, b.data, err);
    buf_release(&b);
    return err->code;
}

int headlines_write(struct h5group *g, const struct headline *v, size_t n, struct err *err)
{
    return write_list(g, &headline_sort, v, n, err);
}

int figures_write(struct h5group *g, const struct figure *v, size_t n, struct err *err)
{
    return write_list(g, &figure_sort, v, n, err);
}

int authors_layout_write(struct h5group *g, const struct authors_layout *v, struct err *err)
{
    return write_list(g, &authors_sort, v, v->analysis || v->left_out ? 1 : 0, err);
}

/* Reading ---------------------------------------------------------------------------------- */

static int read_entry(const struct sort *s, const json_t *o, const char *group, char *entry,
                      struct arena *a, struct err *err)
{
    for (size_t k = 0; k < s->n; k++) {
        const json_t *text = json_object_get(o, s->key[k].name);
        const char **into = (void *)(entry + s->key[k].offset);

        if (!text)
            continue;
        if (!json_is_string(text))
            return err_set(err, ERR_IO, "attribute %s of %s: %s must be a text", s->attribute,
                           group, s->key[k].name);
        *into = arena_strdup(a, json_string_value(text), err);
        if (!*into)
            return err->code;
    }
    return 0;
}

static int read_list(const struct sort *s, struct h5file *f, const char *group, void **v, size_t *n,
                     struct arena *a, struct err *err)
{
    const char *text;
    json_t *list = NULL;

    *v = NULL;
    *n = 0;
    if (h5_read_attr(f, group, s->attribute, &text, a, err) || !text)
        return err->code;
    list = json_parse(text, strlen(text), ERR_IO, s->attribute, 1, err);
    if (list && !json_is_array(list))
        err_set(err, ERR_IO, "attribute %s of %s must be a list", s->attribute, group);
    if (!err->code)
        *v = arena_alloc(a, json_array_size(list), s->size, err);
    for (size_t i = 0; *v && i < json_array_size(list) && !err->code; i++, ++*n)
        read_entry(s, json_array_get(list, i), group, (char *)*v + i * s->size, a, err);
    json_decref(list);
    return err->code;
}

static const struct choice tests[] = {
    {"t", TEST_T}, {"binomial", TEST_BINOMIAL}, {"stored", TEST_STORED}, {NULL, 0}};
static const struct choice places[] = {{"top", ONLY_TOP}, {"summary", ONLY_SUMMARY}, {NULL, 0}};
static const struct choice joins[] = {
    {"class", JOIN_CLASS}, {"score", JOIN_SCORE}, {"effect", JOIN_EFFECT}, {NULL, 0}};

static int value_of(const struct choice *list, const char *word)
{
    int value = word ? choice_value(list, word) : NO_CHOICE;

    return value == NO_CHOICE ? 0 : value;
}

int headlines_read(struct headline_list *h, struct h5file *f, const char *group, struct arena *a,
                   struct err *err)
{
    void *v;
    int code = read_list(&headline_sort, f, group, &v, &h->n, a, err);

    h->v = v;
    for (size_t i = 0; i < h->n; i++) {
        h->v[i].tested = (enum headline_test)value_of(tests, h->v[i].test);
        h->v[i].shown_in = (enum headline_only)value_of(places, h->v[i].only);
        h->v[i].joined = (enum headline_join)value_of(joins, h->v[i].join);
        if (!h->v[i].rate && h->v[i].unit && str_eq(h->v[i].unit, "share of queries"))
            h->v[i].rate = "yes"; /* in files that are older than this key */
    }
    return code;
}

int figures_read(struct figure_list *f, struct h5file *file, const char *group, struct arena *a,
                 struct err *err)
{
    void *v;
    int code = read_list(&figure_sort, file, group, &v, &f->n, a, err);

    f->v = v;
    return code;
}

int authors_layout_read(struct authors_layout *v, struct h5file *f, const char *group,
                        struct arena *a, struct err *err)
{
    void *list;
    size_t n;
    int code = read_list(&authors_sort, f, group, &list, &n, a, err);

    *v = !code && n ? *(struct authors_layout *)list : (struct authors_layout){0};
    return code;
}

/* Lists ------------------------------------------------------------------------------------ */

bool list_has(const char *list, const char *word)
{
    return list && *word && str_lists(list, strlen(list), " ", word);
}

const char *list_word(const char *list, size_t i, struct arena *a, struct err *err)
{
    for (const char *at = list; at && *at; at += strspn(at, " "), i--) {
        size_t length = strcspn(at, " ");

        if (i == 0)
            return arena_strndup(a, at, length, err);
        at += length;
    }
    return NULL;
}
