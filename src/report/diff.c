/*
 * Two result files compared: groups, attributes, shapes, values. The first difference is told in
 * full: of the keys that groups were made with, for they tell why the rest differs, then in the
 * order of the groups' names. Within a group attributes come before coordinates and those before
 * the rest.
 */
#include "report/diff.h"

#include "base/str.h"
#include "results/describe.h"
#include "results/h5read.h"
#include "results/h5visit.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED_OTHERS = 8 }; /* things beside the first that are told by name */

/* Of a group or variable, in one file. */
struct attrs {
    struct arena *arena;
    struct h5attr *item; /* (n) */
    size_t n, cap;
};

/* What a file holds ------------------------------------------------------------------------ */

static int take_attr(void *ctx, const struct h5attr *a, struct err *err)
{
    struct attrs *s = ctx;
    struct h5attr *item;

    if (arena_grow(s->arena, &s->item, s->n, &s->cap, sizeof *s->item, err))
        return err->code;
    item = &s->item[s->n++];
    *item = (struct h5attr){.type = a->type,
                            .name = arena_strdup(s->arena, a->name, err),
                            .value = arena_strdup(s->arena, a->value, err)};
    return err->code;
}

static int open_side(struct diff *d, struct side *s, const char *arg, struct err *err)
{
    s->path = h5_find(&d->arena, arg, err);
    if (!s->path || h5_open(&s->file, s->path, err))
        return err->code;
    return catalogue_read(&s->all, s->file, &d->arena, err) ? err_place(err, "%s", s->path) : 0;
}

static bool has_group(const struct side *s, const char *group)
{
    return str_index(s->all.group, s->all.n_groups, group) < s->all.n_groups;
}

/* both: in either file. */
static int read_attrs(struct diff *d, const char *group, const char *var, struct attrs both[2],
                      struct err *err)
{
    both[0] = both[1] = (struct attrs){.arena = &d->arena};
    return err_if(err, h5_each_attr(d->a.file, group, var, take_attr, &both[0], err) ||
                           h5_each_attr(d->b.file, group, var, take_attr, &both[1], err));
}

static const struct h5attr *find_attr(const struct attrs *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->item[i].name, name))
            return &s->item[i];
    return NULL;
}

/* Telling ---------------------------------------------------------------------------------- */

bool note_difference(struct diff *d, const char *thing, struct err *err)
{
    if (!d->n++)
        return true;
    if (d->n_others++ < NAMED_OTHERS)
        buf_printf(&d->others, err, "%s%s", d->n_others > 1 ? ", " : "", thing);
    return false;
}

static int tell_missing(struct diff *d, const char *what, const char *thing, const struct side *has,
                        const struct side *lacks, struct err *err)
{
    if (note_difference(d, thing, err))
        buf_printf(&d->first, err, "%s %s is in %s, but not in %s\n", what, thing, has->path,
                   lacks->path);
    return err->code;
}

/* Attributes ------------------------------------------------------------------------------- */

static bool attrs_differ(const struct diff *d, const struct h5attr *x, const struct h5attr *y)
{
    if ((x->type == V_STR) != (y->type == V_STR))
        return true;
    if (x->type != V_STR && d->tolerant)
        return numbers_differ(d, strtod(x->value, NULL), strtod(y->value, NULL));
    return !str_eq(x->value, y->value);
}

/* Who asks for tolerance compares builds or machines: that they differ is not news. */
static bool only_noted(const struct diff *d, const char *thing)
{
    static const char *const builds[] = {
        "provenance@lensweep_version",
        "provenance@git_commit",
        "provenance@hdf5_version",
        "provenance@blas",
    };

    return d->tolerant && str_index(builds, sizeof builds / sizeof *builds, thing) <
                              sizeof builds / sizeof *builds;
}

static int tell_attr(struct diff *d, const char *thing, const struct h5attr *x,
                     const struct h5attr *y, struct err *err)
{
    struct buf *b = &d->first;

    if (only_noted(d, thing)) {
        b = &d->notes;
        buf_puts(b, "note: ", err);
    } else if (!note_difference(d, thing, err)) {
        return err->code;
    }
    buf_printf(b, err, "%s: ", thing);
    put_texts(d, b, x->value, y->value, err);
    return buf_puts(b, "\n", err);
}

/* Is it a key of the config, and nothing that follows from others or from the build? Groups inside
   others have no keys: what they say follows from those of the group around them. */
static bool is_key(const char *group, const char *var, const char *name)
{
    return !var && *group && !strchr(group, '/') &&
           (str_eq(group, "provenance")
                ? strchr(name, '.') != NULL
                : !list_has("config headlines figures authors average intervals", name));
}

/* The keys, or the others. An attribute is written group@name, or group/variable@name. */
static int compare_attrs(struct diff *d, const char *group, const char *var,
                         const struct attrs both[2], bool keys, struct err *err)
{
    const struct attrs *x = &both[0], *y = &both[1];

    for (size_t i = 0; i < x->n + y->n && !err->code; i++) {
        bool first = i < x->n;
        const struct h5attr *one = first ? &x->item[i] : &y->item[i - x->n];
        const struct h5attr *other = find_attr(first ? y : x, one->name);
        const char *thing;

        if (is_key(group, var, one->name) != keys ||
            (other && (!first || !attrs_differ(d, one, other))))
            continue;
        thing = arena_printf(&d->arena, err, "%s%s%s@%s", group, var && *group ? "/" : "",
                             var ? var : "", one->name);
        if (thing && other)
            tell_attr(d, thing, one, other, err);
        else if (thing)
            tell_missing(d, "attribute", thing, first ? &d->a : &d->b, first ? &d->b : &d->a, err);
    }
    return err->code;
}

/* Variables and groups --------------------------------------------------------------------- */

/* "f4 (query 24, layer 3)" */
static void put_shape(struct buf *b, const struct h5info *v, struct err *err)
{
    buf_puts(b, vtype_name(v->type), err);
    for (size_t i = 0; i < v->rank; i++)
        buf_printf(b, err, "%s%s%s%zu", i ? ", " : " (", v->dim[i], *v->dim[i] ? " " : "",
                   v->size[i]);
    buf_puts(b, v->rank ? ")" : "", err);
}

static int tell_shapes(struct diff *d, const char *thing, const struct h5info *v,
                       const struct h5info *w, struct err *err)
{
    struct buf *b = &d->first;

    if (!note_difference(d, thing, err))
        return err->code;
    buf_printf(b, err, "%s: ", thing);
    put_shape(b, v, err);
    buf_printf(b, err, " in %s, ", d->a.path);
    put_shape(b, w, err);
    return buf_printf(b, err, " in %s\n", d->b.path);
}

static char *full_name(struct diff *d, const struct h5info *v, struct err *err)
{
    return arena_printf(&d->arena, err, "%s%s%s", v->group, *v->group ? "/" : "", v->name);
}

static int compare_variable(struct diff *d, const struct h5info *v, struct err *err)
{
    const struct h5info *w = catalogue_find(&d->b.all, v->group, v->name);
    const char *thing = full_name(d, v, err);
    struct attrs both[2];

    if (!thing)
        return err->code;
    if (!w)
        return tell_missing(d, "variable", thing, &d->a, &d->b, err);
    if (read_attrs(d, v->group, v->name, both, err) ||
        compare_attrs(d, v->group, v->name, both, false, err))
        return err->code;
    if (v->type != w->type || !column_same_dims(v, w))
        return tell_shapes(d, thing, v, w, err);
    return compare_values(d, thing, v, w, err);
}

static int compare_group(struct diff *d, const char *group, struct err *err)
{
    for (int scales = 1; scales >= 0; scales--)
        for (size_t i = 0; i < d->a.all.n; i++) {
            const struct h5info *v = &d->a.all.v[i];

            if (str_eq(v->group, group) && column_is_scale(v) == scales &&
                compare_variable(d, v, err))
                return err->code;
        }
    for (size_t i = 0; i < d->b.all.n; i++) {
        const struct h5info *v = &d->b.all.v[i];
        const char *thing;

        if (!str_eq(v->group, group) || catalogue_find(&d->a.all, group, v->name))
            continue;
        thing = full_name(d, v, err);
        if (!thing || tell_missing(d, "variable", thing, &d->b, &d->a, err))
            return err->code;
    }
    return 0;
}

/* A group that one file lacks counts as one thing, whatever is in it. */
static int compare_groups(struct diff *d, struct err *err)
{
    const struct catalogue *a = &d->a.all, *b = &d->b.all;
    struct attrs(*both)[2] = arena_alloc(&d->arena, a->n_groups, sizeof *both, err);

    for (size_t i = 0; i < a->n_groups && !err->code; i++)
        if (has_group(&d->b, a->group[i]) && !read_attrs(d, a->group[i], NULL, both[i], err))
            compare_attrs(d, a->group[i], NULL, both[i], true, err);
    for (size_t i = 0; i < a->n_groups && !err->code; i++)
        if (!has_group(&d->b, a->group[i]))
            tell_missing(d, "group", a->group[i], &d->a, &d->b, err);
        else if (!compare_attrs(d, a->group[i], NULL, both[i], false, err))
            compare_group(d, a->group[i], err);
    for (size_t i = 0; i < b->n_groups && !err->code; i++)
        if (!has_group(&d->a, b->group[i]))
            tell_missing(d, "group", b->group[i], &d->b, &d->a, err);
    return err->code;
}

/* Telling ------------------------------------------------------------------------------------- */

static int put_all(const struct diff *d, struct buf *out, struct err *err)
{
    buf_put(out, d->first.data, d->first.len, err);
    if (d->n_others) {
        buf_printf(out, err, "%zu more %s: ", d->n_others,
                   str_noun(d->n_others, "differs", "differ"));
        buf_put(out, d->others.data, d->others.len, err);
        buf_puts(out, d->n_others > NAMED_OTHERS ? ", ...\n" : "\n", err);
    }
    buf_put(out, d->notes.data, d->notes.len, err);
    return d->n ? err->code : buf_puts(out, "equal\n", err);
}

int diff_text(struct diff *d, const char *a, const char *b, struct buf *out, struct err *err)
{
    if (!open_side(d, &d->a, a, err) && !open_side(d, &d->b, b, err) && !compare_groups(d, err))
        put_all(d, out, err);
    h5_close(d->a.file);
    h5_close(d->b.file);
    buf_release(&d->first);
    buf_release(&d->others);
    buf_release(&d->notes);
    arena_release(&d->arena);
    return err->code;
}
