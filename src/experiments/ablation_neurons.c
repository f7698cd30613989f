/* Sets of hidden units from a file. */
#include "experiments/ablation.h"

#include "base/file.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static struct neuron_set *set_named(struct ablation *b, const char *name, size_t n, struct arena *a,
                                    size_t *cap, struct err *err)
{
    for (size_t i = 0; i < b->parts.n; i++)
        if (strlen(b->set[i].name) == n && !memcmp(b->set[i].name, name, n))
            return &b->set[i];
    if (arena_grow(a, &b->set, b->parts.n, cap, sizeof *b->set, err))
        return NULL;
    b->set[b->parts.n] = (struct neuron_set){.name = arena_strndup(a, name, n, err)};
    return b->set[b->parts.n].name ? &b->set[b->parts.n++] : NULL;
}

/* "12 305 copying" */
static bool parse_line(const char *line, const struct shape *s, int *layer, int *unit,
                       const char **name, size_t *length)
{
    char *end;
    long l = strtol(line, &end, 10), u;

    if (end == line || l < 0 || l >= s->n_layers)
        return false;
    line = end;
    u = strtol(line, &end, 10);
    if (end == line || u < 0 || u >= s->d_ff)
        return false;
    *layer = (int)l;
    *unit = (int)u;
    *name = end + strspn(end, " \t");
    *length = strcspn(*name, " \t\r");
    if (!*length)
        *name = "all";
    return !*length || !(*name)[*length + strspn(*name + *length, " \t\r")];
}

static int by_place(const void *a, const void *b)
{
    const struct unit_range *p = a, *q = b;

    return p->layer != q->layer ? p->layer - q->layer : p->unit.lo - q->unit.lo;
}

/* In order; neighbours become one range, and what stands there twice counts once. */
static void settle(struct neuron_set *set)
{
    size_t n = 0;

    qsort(set->v, set->n, sizeof *set->v, by_place);
    for (size_t i = 0; i < set->n; i++) {
        struct unit_range *last = n ? &set->v[n - 1] : NULL;

        if (last && last->layer == set->v[i].layer && set->v[i].unit.lo <= last->unit.hi)
            last->unit.hi = set->v[i].unit.hi;
        else
            set->v[n++] = set->v[i];
    }
    set->n = n;
}

static int add_line(struct ablation *b, struct experiment *x, const char *line, size_t *cap,
                    bool *good, struct err *err)
{
    struct neuron_set *set;
    const char *name;
    size_t length;
    int layer, unit;

    *good = parse_line(line, x->shape, &layer, &unit, &name, &length);
    if (!*good)
        return 0;
    set = set_named(b, name, length ? length : strlen(name), x->arena, cap, err);
    if (!set || arena_grow(x->arena, &set->v, set->n, &set->cap, sizeof *set->v, err))
        return err->code;
    set->v[set->n++] = (struct unit_range){layer, {unit, unit + 1}};
    return 0;
}

/* The sets as a selector's configurations: for the axis. */
static int name_sets(struct ablation *b, struct arena *a, struct err *err)
{
    *b->layers.label = "several";
    if (selections_alloc(&b->parts, b->parts.n, a, err))
        return err->code;
    for (size_t i = 0; i < b->parts.n; i++) {
        settle(&b->set[i]);
        b->parts.coordinate[i] = -1;
        b->parts.label[i] = b->set[i].name;
    }
    return 0;
}

int neuron_sets_read(struct ablation *b, struct experiment *x, const char *path,
                     struct problems *problems, struct err *err)
{
    enum { MOST = 64 << 20 };
    const struct shape *s = x->shape;
    struct buf text = {0};
    struct err bad = ERR_CLEAR;
    size_t cap = 0;
    int number = 0;

    if (file_read(&text, path, MOST, &bad))
        problem_of_file(x, "neuron_file", problems, &bad, err);
    b->set_hash = hash_bytes(text.data, text.len);
    add_input(x, "neuron_file", b->set_hash, err);
    for (char *at = text.len ? text.data : NULL, *end; at && !err->code; at = end) {
        bool good = true;

        end = memchr(at, '\n', text.len - (size_t)(at - text.data));
        if (end)
            *end++ = '\0';
        number++;
        at[strcspn(at, "#")] = '\0';
        if (at[strspn(at, " \t\r")] && !add_line(b, x, at, &cap, &good, err) && !good) {
            problem_at(x, "neuron_file", problems,
                       "%s:%d: expected LAYER UNIT [SET], layers to %d and units to %d", path,
                       number, s->n_layers - 1, s->d_ff - 1);
            break;
        }
    }
    if (!b->parts.n && !problems->count && !err->code)
        problem_at(x, "neuron_file", problems, "%s names no unit", path);
    buf_release(&text);
    return err->code ? err->code : name_sets(b, x->arena, err);
}
