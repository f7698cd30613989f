#include "report/sweep.h"

#include "base/mem.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands in the group's config behind `key`, up to the end of the line; "" = nothing. */
static const char *config_word(struct sweep *s, struct h5file *f, const char *group,
                               const char *key, struct err *err)
{
    const char *word = NULL, *at;
    char *config;

    if (h5_read_attr(f, group, "config", &config, err))
        return NULL;
    at = config ? strstr(config, key) : NULL;
    at = at ? at + strlen(key) : "";
    word = arena_printf(&s->arena, err, "%.*s", (int)strcspn(at, "\n"), at);
    mem_free(config);
    return word;
}

/* In words if the group of the experiment has them (layer_label), else its coordinates. */
static const char **labels_of(struct sweep *s, struct h5file *f, const char *group, size_t dim,
                              struct err *err)
{
    const char *name = arena_printf(&s->arena, err, "%s_label", s->shape.dim[dim]);
    const struct h5info *v = name ? catalogue_find(&s->all, group, name) : NULL;
    const char **label = arena_alloc(&s->arena, s->shape.size[dim], sizeof *label, err);
    struct column c = {0};

    if (!v || v->rank != 1 || v->size[0] != s->shape.size[dim])
        v = catalogue_scale(&s->all, &s->shape, dim);
    if (!label || (v && column_open(&c, f, v, err)))
        return NULL;
    for (size_t i = 0; i < s->shape.size[dim] && !err->code; i++) {
        if (v && column_seek(&c, i, err))
            break;
        if (v && c.strings)
            label[i] = arena_strdup(&s->arena, c.text[0], err);
        else
            label[i] = arena_printf(&s->arena, err, "%lld",
                                    v && c.whole ? (long long)c.whole[0] : (long long)i);
    }
    column_close(&c);
    return err->code ? NULL : label;
}

static int read_number(struct h5file *f, const char *group, const char *name, double *v,
                       struct err *err)
{
    char *text;

    if (h5_read_attr(f, group, name, &text, err))
        return err->code;
    *v = text ? strtod(text, NULL) : (double)NAN;
    mem_free(text);
    return 0;
}

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
            return true;
    return false;
}

static int read_tests(struct sweep *s, struct h5file *f, struct err *err)
{
    char *family;

    if (read_number(f, s->stats, "fdr", &s->fdr, err) ||
        read_number(f, s->stats, "min_effect", &s->min_effect, err) ||
        h5_read_attr(f, s->stats, "family", &family, err))
        return err->code;
    for (size_t i = 0; family && i < s->shape.rank; i++)
        s->family[i] = has_word(family, s->shape.dim[i]);
    mem_free(family);
    return 0;
}

static int read_stats(struct sweep *s, struct h5file *f, const char *group, struct err *err)
{
    const struct h5info *v = catalogue_find(&s->all, s->stats, "mean");
    size_t last;

    if (!v)
        return 0;
    last = v->rank - 1;
    if (v->rank < 3 || !str_eq(v->dim[0], "stratum") || !str_eq(v->dim[last], "metric"))
        return err_set(err, ERR_IO, "%s/mean is not (stratum, ..., metric)", s->stats);
    s->shape = *v;
    s->metrics = v->size[last];
    s->metric = labels_of(s, f, s->stats, last, err);
    for (size_t i = 1; i < last && !err->code; i++)
        s->label[i] = labels_of(s, f, group, i, err);
    s->cells = 1;
    for (size_t i = 1; i < last; i++)
        s->cells *= v->size[i];
    return err->code || read_tests(s, f, err) ? err->code : 0;
}

int sweep_read(struct sweep *s, struct h5file *f, const char *group, struct err *err)
{
    *s = (struct sweep){0};
    s->stats = arena_printf(&s->arena, err, "%s/stats", group);
    s->site = config_word(s, f, group, "\nsite: ", err);
    s->operation = s->site ? config_word(s, f, group, "\noperation:\n  kind: ", err) : NULL;
    if (!s->stats || !s->operation || catalogue_read(&s->all, f, &s->arena, err))
        return err->code;
    return read_stats(s, f, group, err);
}

void sweep_free(struct sweep *s)
{
    arena_release(&s->arena);
    *s = (struct sweep){0};
}

size_t sweep_dim(const struct sweep *s, const char *name)
{
    for (size_t i = 1; i + 1 < s->shape.rank; i++)
        if (str_eq(s->shape.dim[i], name))
            return i;
    return 0;
}

const char *sweep_where(const struct sweep *s, size_t cell, char out[WHERE_MAX])
{
    size_t at[DIMS_MAX], n = 0;

    for (size_t i = s->shape.rank - 1; i-- > 1; cell /= s->shape.size[i])
        at[i] = cell % s->shape.size[i];
    out[0] = '\0';
    for (size_t i = 1; i + 1 < s->shape.rank; i++) {
        bool head = str_eq(s->shape.dim[i], "head"), layer = str_eq(s->shape.dim[i], "layer");
        int more;

        if (!head && !layer && s->shape.size[i] == 1)
            continue;
        more = snprintf(out + n, WHERE_MAX - n, "%s%s",
                        !n     ? ""
                        : head ? "."
                               : " ",
                        s->label[i][at[i]]);
        n += more > 0 ? (size_t)more : 0;
        n = n < WHERE_MAX ? n : WHERE_MAX - 1;
    }
    return out;
}
