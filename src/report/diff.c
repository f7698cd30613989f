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

struct attrs {
    struct h5attr *item;
    size_t n, cap;
};

/* What a file holds ------------------------------------------------------------------------ */

struct listing {
    struct arena *arena;
    struct names *names; /* of groups, or */
    struct attrs *attrs;
};

static int take_group(void *ctx, const char *group, struct err *err)
{
    struct listing *l = ctx;
    struct names *g = l->names;

    if (arena_grow(l->arena, &g->name, g->n, &g->cap, sizeof *g->name, err))
        return err->code;
    g->name[g->n] = arena_strdup(l->arena, group, err);
    return g->name[g->n++] ? 0 : err->code;
}

static int take_attr(void *ctx, const struct h5attr *a, struct err *err)
{
    struct listing *l = ctx;
    struct attrs *s = l->attrs;
    struct h5attr *item;

    if (arena_grow(l->arena, &s->item, s->n, &s->cap, sizeof *s->item, err))
        return err->code;
    item = &s->item[s->n++];
    *item = (struct h5attr){.type = a->type,
                            .name = arena_strdup(l->arena, a->name, err),
                            .value = arena_strdup(l->arena, a->value, err)};
    return err->code;
}

static int open_side(struct diff *d, struct side *s, const char *arg, struct err *err)
{
    struct listing l = {.arena = &d->arena, .names = &s->groups};

    s->path = h5_find(&d->arena, arg, err);
    if (!s->path || h5_open(&s->file, s->path, err))
        return err->code;
    if (h5_each_group(s->file, take_group, &l, err) ||
        catalogue_read(&s->all, s->file, &d->arena, err))
        return err_wrap(err, "%s", s->path);
    return 0;
}

static bool has_group(const struct side *s, const char *group)
{
    return str_index(s->groups.name, s->groups.n, group) < s->groups.n;
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

    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        if (d->tolerant && str_eq(thing, builds[i]))
            return true;
    return false;
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
    if (err->code || buf_printf(b, err, "%s: ", thing) ||
        put_texts(d, b, x->value, y->value, err) || buf_puts(b, "\n", err))
        return err->code;
    return 0;
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
static int compare_attrs(struct diff *d, const char *group, const char *var, bool keys,
                         struct err *err)
{
    struct arena arena = {0};
    struct attrs x = {0}, y = {0};
    struct listing a = {.arena = &arena, .attrs = &x}, b = {.arena = &arena, .attrs = &y};
    int code = h5_each_attr(d->a.file, group, var, take_attr, &a, err) ||
               h5_each_attr(d->b.file, group, var, take_attr, &b, err);

    for (size_t i = 0; i < x.n + y.n && !code; i++) {
        const struct h5attr *one = i < x.n ? &x.item[i] : &y.item[i - x.n];
        const struct h5attr *other = find_attr(i < x.n ? &y : &x, one->name);
        const char *thing = arena_printf(&arena, err, "%s%s%s@%s", group, var && *group ? "/" : "",
                                         var ? var : "", one->name);

        if (!thing)
            code = err->code;
        else if (is_key(group, var, one->name) != keys)
            continue;
        else if (!other)
            code = tell_missing(d, "attribute", thing, i < x.n ? &d->a : &d->b,
                                i < x.n ? &d->b : &d->a, err);
        else if (i < x.n && attrs_differ(d, one, other))
            code = tell_attr(d, thing, one, other, err);
    }
    arena_release(&arena);
    return err_if(err, code);
}

/* Variables and groups --------------------------------------------------------------------- */

/* "f4 (query 24, layer 3)" */
static int put_shape(struct buf *b, const struct h5info *v, struct err *err)
{
    if (buf_puts(b, vtype_name(v->type), err))
        return err->code;
    for (size_t i = 0; i < v->rank; i++)
        if (buf_printf(b, err, "%s%s%s%zu", i ? ", " : " (", v->dim[i], *v->dim[i] ? " " : "",
                       v->size[i]))
            return err->code;
    return v->rank ? buf_puts(b, ")", err) : 0;
}

static int tell_shapes(struct diff *d, const char *thing, const struct h5info *v,
                       const struct h5info *w, struct err *err)
{
    struct buf *b = &d->first;

    if (!note_difference(d, thing, err) || buf_printf(b, err, "%s: ", thing) ||
        put_shape(b, v, err) || buf_printf(b, err, " in %s, ", d->a.path) || put_shape(b, w, err) ||
        buf_printf(b, err, " in %s\n", d->b.path))
        return err->code;
    return 0;
}

static char *full_name(struct diff *d, const struct h5info *v, struct err *err)
{
    return arena_printf(&d->arena, err, "%s%s%s", v->group, *v->group ? "/" : "", v->name);
}

static int compare_variable(struct diff *d, const struct h5info *v, struct err *err)
{
    const struct h5info *w = catalogue_find(&d->b.all, v->group, v->name);
    const char *thing = full_name(d, v, err);

    if (!thing)
        return err->code;
    if (!w)
        return tell_missing(d, "variable", thing, &d->a, &d->b, err);
    if (compare_attrs(d, v->group, v->name, false, err))
        return err->code;
    if (v->type != w->type || !column_same_dims(v, w))
        return tell_shapes(d, thing, v, w, err);
    return compare_values(d, thing, v, w, err);
}

static int compare_group(struct diff *d, const char *group, struct err *err)
{
    if (compare_attrs(d, group, NULL, false, err))
        return err->code;
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
    const struct names *a = &d->a.groups, *b = &d->b.groups;

    for (size_t i = 0; i < a->n; i++)
        if (has_group(&d->b, a->name[i]) && compare_attrs(d, a->name[i], NULL, true, err))
            return err->code;
    for (size_t i = 0; i < a->n; i++)
        if (has_group(&d->b, a->name[i]) ? compare_group(d, a->name[i], err)
                                         : tell_missing(d, "group", a->name[i], &d->a, &d->b, err))
            return err->code;
    for (size_t i = 0; i < b->n; i++)
        if (!has_group(&d->a, b->name[i]) &&
            tell_missing(d, "group", b->name[i], &d->b, &d->a, err))
            return err->code;
    return 0;
}

/* Telling ------------------------------------------------------------------------------------- */

static int put_difference(const struct diff *d, struct buf *out, struct err *err)
{
    if (buf_put(out, d->first.data, d->first.len, err))
        return err->code;
    if (d->n_others && (buf_printf(out, err, "%zu more %s: ", d->n_others,
                                   str_noun(d->n_others, "differs", "differ")) ||
                        buf_put(out, d->others.data, d->others.len, err) ||
                        buf_puts(out, d->n_others > NAMED_OTHERS ? ", ...\n" : "\n", err)))
        return err->code;
    if (d->notes.len && buf_put(out, d->notes.data, d->notes.len, err))
        return err->code;
    return d->n ? 0 : buf_puts(out, "equal\n", err);
}

int diff_text(struct diff *d, const char *a, const char *b, struct buf *out, struct err *err)
{
    if (!open_side(d, &d->a, a, err) && !open_side(d, &d->b, b, err) && !compare_groups(d, err))
        put_difference(d, out, err);
    h5_close(d->a.file);
    h5_close(d->b.file);
    buf_release(&d->first);
    buf_release(&d->others);
    buf_release(&d->notes);
    arena_release(&d->arena);
    return err->code;
}
