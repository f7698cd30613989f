#include "model/checkpoint/gguf_files.h"

#include <stdio.h>
#include <string.h>

enum { PARTS_MAX = 99999 };

/* What a file says of its place in a split model; count 1 for one that is whole. */
struct split_place {
    int64_t number, count; /* number from 1 */
    int64_t tensors;       /* of the whole model */
};

static int find_place(struct split_place *p, const struct gguf *g, const char *path,
                      struct err *err)
{
    int64_t number = 0, count = 1, tensors = -1;

    if (gguf_take_int(g, "split.count", false, 0, PARTS_MAX, &count, err) ||
        gguf_take_int(g, "split.no", count > 1, 0, PARTS_MAX - 1, &number, err) ||
        gguf_take_int(g, "split.tensors.count", false, 0, INT32_MAX, &tensors, err))
        return err_wrap(err, "%s", path);
    *p = (struct split_place){number + 1, count > 1 ? count : 1, tensors};
    return 0;
}

enum { ENDING = sizeof "-00001-of-00003.gguf" };

static char *ending(char out[ENDING], int64_t number, int64_t count)
{
    snprintf(out, ENDING, "-%05d-of-%05d.gguf", (int)number, (int)count);
    return out;
}

/* The path but for its end, which must be that of its place. */
static char *find_stem(struct arena *a, const char *path, const struct split_place *p,
                       struct err *err)
{
    char end[ENDING];
    size_t n = strlen(path), m = strlen(ending(end, p->number, p->count));

    if (n < m || strcmp(path + n - m, end) != 0) {
        err_set(err, ERR_FORMAT,
                "%s is part %lld of the %lld of a split model, but its name does not end in %s: "
                "the others cannot be found",
                path, (long long)p->number, (long long)p->count, end);
        return NULL;
    }
    return arena_strndup(a, path, n - m, err);
}

static int open_part(struct gguf_files *g, const char *stem, const struct split_place *want,
                     enum gguf_part part, const struct file_source *source, struct err *err)
{
    char end[ENDING];
    char *path = arena_printf(&g->arena, err, "%s%s", stem, ending(end, want->number, want->count));
    struct split_place has;
    bool there;

    if (!path || file_look(path, &there, err))
        return err->code;
    if (!there)
        return err_set(err, ERR_IO, "%s is missing: it is part %lld of the %lld of this model",
                       path, (long long)want->number, (long long)want->count);
    if (gguf_open(&g->v[g->n], path, part, source, err))
        return err->code;
    g->n++;
    if (find_place(&has, &g->v[g->n - 1], path, err))
        return err->code;
    if (has.number != want->number || has.count != want->count)
        return err_set(err, ERR_FORMAT, "%s says that it is part %lld of %lld", path,
                       (long long)has.number, (long long)has.count);
    return 0;
}

/* The tensors of all parts, as those of the first one. */
static int gather(struct gguf_files *g, int64_t expected, const char *stem, struct err *err)
{
    struct tensors all = {0};
    size_t total = 0;

    for (size_t i = 0; i < g->n; i++)
        total += g->v[i].tensors.n;
    if (expected >= 0 && (uint64_t)expected != total)
        return err_set(err, ERR_FORMAT, "%s: the parts have %zu tensors, the first one says %lld",
                       stem, total, (long long)expected);
    all.v = arena_alloc(&g->arena, total, sizeof *all.v, err);
    if (!all.v)
        return err->code;
    for (size_t i = 0; i < g->n; i++) {
        if (g->v[i].tensors.n)
            memcpy(all.v + all.n, g->v[i].tensors.v, g->v[i].tensors.n * sizeof *all.v);
        all.n += g->v[i].tensors.n;
    }
    g->v[0].tensors = all;
    return tensors_sort(&g->v[0].tensors, err) ? err_wrap(err, "%s", stem) : 0;
}

static int open_parts(struct gguf_files *g, const char *stem, int64_t count, enum gguf_part part,
                      const struct file_source *source, struct err *err)
{
    struct split_place first;

    g->v = arena_alloc(&g->arena, (size_t)count, sizeof *g->v, err);
    if (!g->v)
        return err->code;
    for (int64_t i = 1; i <= count; i++)
        if (open_part(g, stem, &(struct split_place){i, count, 0}, part, source, err))
            return err->code;
    return err_if(err,
                  find_place(&first, &g->v[0], stem, err) || gather(g, first.tensors, stem, err));
}

static int open_all(struct gguf_files *g, const char *path, enum gguf_part part,
                    const struct file_source *source, struct err *err)
{
    struct split_place place;
    char *stem;

    g->v = arena_alloc(&g->arena, 1, sizeof *g->v, err);
    if (!g->v || gguf_open(g->v, path, part, source, err))
        return err->code;
    g->n = 1;
    if (find_place(&place, g->v, path, err))
        return err->code;
    if (place.count == 1)
        return 0;
    stem = find_stem(&g->arena, path, &place, err);
    if (!stem)
        return err->code;
    gguf_close(g->v);
    g->n = 0;
    return open_parts(g, stem, place.count, part, source, err);
}

int gguf_files_open(struct gguf_files *g, const char *path, enum gguf_part part,
                    const struct file_source *source, struct err *err)
{
    memset(g, 0, sizeof *g);
    if (open_all(g, path, part, source, err))
        gguf_files_close(g);
    return err->code;
}

void gguf_files_close(struct gguf_files *g)
{
    for (size_t i = 0; i < g->n; i++)
        gguf_close(&g->v[i]);
    arena_release(&g->arena);
    memset(g, 0, sizeof *g);
}
