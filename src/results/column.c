#include "results/column.h"

#include "base/mem.h"
#include "base/str.h"
#include "results/h5read.h"
#include "results/h5visit.h"

#include <string.h>

enum { BLOCK = 1 << 19 }; /* elements in memory, or one entry if that is more */

static const size_t ENTRY_MAX = (size_t)1 << 31;

static int open_per(struct column *c, struct h5file *f, const struct h5info *v, bool whole,
                    struct err *err)
{
    size_t n = v->rank ? v->size[0] : 1;

    *c = (struct column){.file = f, .info = *v, .n = n, .per = 1};
    if (whole) {
        c->n = 1;
        c->per = n;
    }
    if (!h5_count(v, !whole, ENTRY_MAX, &c->entry))
        return err_set(err, ERR_IO, "%s/%s is too large", v->group, v->name);
    if (v->type == V_STR)
        return h5_read_str(f, v, &c->strings, err);
    c->most = c->entry && c->entry < BLOCK ? BLOCK / c->entry : 1;
    if (c->most > c->n)
        c->most = c->n;
    c->block = mem_alloc(c->most * c->entry, sizeof(double), err);
    return c->block ? 0 : err->code;
}

int column_open(struct column *c, struct h5file *f, const struct h5info *v, struct err *err)
{
    return open_per(c, f, v, false, err);
}

int column_open_whole(struct column *c, struct h5file *f, const struct h5info *v, struct err *err)
{
    return open_per(c, f, v, true, err);
}

static bool is_real(const struct column *c)
{
    return c->info.type == V_F32 || c->info.type == V_F64;
}

/* Reads the block that begins at entry i. */
static int read_block(struct column *c, size_t i, struct err *err)
{
    size_t count = c->n - i < c->most ? c->n - i : c->most;

    c->count = 0;
    if (c->entry && h5_read_part(c->file, &c->info, is_real(c) ? V_F64 : V_I8, i * c->per,
                                 count * c->per, c->block, err))
        return err->code;
    c->first = i;
    c->count = count;
    return 0;
}

int column_seek(struct column *c, size_t i, struct err *err)
{
    if (i >= c->n)
        return err_set(err, ERR_IO, "%s/%s has %zu entries, expected more than %zu", c->info.group,
                       c->info.name, c->n, i);
    if (c->strings) {
        c->text = c->strings + i * c->entry;
        return 0;
    }
    if ((i < c->first || i - c->first >= c->count) && read_block(c, i, err))
        return err->code;
    if (is_real(c))
        c->f = (const double *)c->block + (i - c->first) * c->entry;
    else
        c->whole = (const int64_t *)c->block + (i - c->first) * c->entry;
    return 0;
}

void column_close(struct column *c)
{
    mem_free(c->block);
    mem_free(c->strings);
    *c = (struct column){0};
}

/* The variables of a file ------------------------------------------------------------------ */

static int take_group(void *ctx, const char *group, struct err *err)
{
    struct catalogue *c = ctx;

    if (arena_grow(c->arena, &c->group, c->n_groups, &c->max_groups, sizeof *c->group, err))
        return err->code;
    c->group[c->n_groups++] = group;
    return 0;
}

static int take_variable(void *ctx, const struct h5info *v, struct err *err)
{
    struct catalogue *c = ctx;

    if (arena_grow(c->arena, &c->v, c->n, &c->cap, sizeof *c->v, err))
        return err->code;
    c->v[c->n++] = *v;
    return 0;
}

/* A group inside another comes between the other's variables: they are put together again. */
int catalogue_read(struct catalogue *c, struct h5file *f, struct arena *a, struct err *err)
{
    *c = (struct catalogue){.arena = a};
    if (h5_each(f, take_group, take_variable, c, err))
        return err->code;
    for (size_t i = 1; i < c->n; i++)
        for (size_t k = i; k > 0 && strcmp(c->v[k - 1].group, c->v[k].group) > 0; k--) {
            struct h5info swap = c->v[k];

            c->v[k] = c->v[k - 1];
            c->v[k - 1] = swap;
        }
    return 0;
}

static const struct h5info *find(const struct catalogue *c, const char *group, size_t n,
                                 const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strlen(c->v[i].group) == n && memcmp(c->v[i].group, group, n) == 0 &&
            str_eq(c->v[i].name, name))
            return &c->v[i];
    return NULL;
}

const struct h5info *catalogue_find(const struct catalogue *c, const char *group, const char *name)
{
    return find(c, group, strlen(group), name);
}

bool column_is_scale(const struct h5info *v)
{
    return v->rank == 1 && str_eq(v->dim[0], v->name);
}

bool column_same_dims(const struct h5info *v, const struct h5info *w)
{
    bool same = v->rank == w->rank;

    for (size_t i = 0; same && i < v->rank; i++)
        same = v->size[i] == w->size[i] && str_eq(v->dim[i], w->dim[i]);
    return same;
}

/* How much of a group's name is that of the group that it is in: of "a/b" 1, of "a" 0. */
static size_t parent_length(const char *group, size_t n)
{
    while (n > 0 && group[--n] != '/')
        ;
    return n;
}

const struct h5info *catalogue_scale(const struct catalogue *c, const struct h5info *v, size_t i)
{
    size_t n = strlen(v->group);

    while (*v->dim[i]) {
        const struct h5info *s = find(c, v->group, n, v->dim[i]);

        if (s && column_is_scale(s) && s->size[0] == v->size[i])
            return s;
        if (!n)
            break;
        n = parent_length(v->group, n);
    }
    return NULL;
}
