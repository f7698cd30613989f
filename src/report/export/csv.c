/*
 * Long tables: one for each set of dimensions of a group, a row for each cell, its coordinates as
 * columns before the values.
 */
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/writer.h"
#include "report/export/export.h"
#include "results/describe.h"
#include "results/h5read.h"

#include <string.h>

enum { COORDINATES_MAX = 32 };

static const struct not_finite words = {"", "inf", "-inf"};

/* A dimension of the table: its columns as text, made anew when its index changes. */
struct csv_axis {
    size_t size, at;
    const char *name;                      /* of the index column */
    struct column column[COORDINATES_MAX]; /* the scale, if there is one, and the coordinates */
    size_t n;
    bool scale;
    struct buf text;
};

struct csv_table {
    struct result *source;
    struct outputs *out;
    const struct h5info *shape; /* a variable with the table's dimensions */
    struct csv_axis axis[DIMS_MAX];
    struct column *value; /* (n) */
    size_t n;
    struct writer *w;
    struct arena arena;
};

/* Fields ----------------------------------------------------------------------------------- */

static int put_text(struct buf *b, const char *s, struct err *err)
{
    bool quoted = s[strcspn(s, ",\"\r\n")] != '\0';
    size_t left = strlen(s), n;
    int code = buf_puts(b, quoted ? "\"" : "", err);
    int32_t c;

    for (; left && !code; s += n, left -= n) {
        n = utf8_next(s, left, &c);
        code = c == '"' ? buf_puts(b, "\"\"", err) : utf8_put(b, s, n, err);
    }
    return code ? code : buf_puts(b, quoted ? "\"" : "", err);
}

static int put_field(struct buf *b, const struct column *c, size_t k, struct err *err)
{
    return c->text ? put_text(b, c->text[k], err) : export_number(b, c, k, &words, err);
}

/* What is a table -------------------------------------------------------------------------- */

/* Coordinates are columns of the tables that have their dimension: scales, and what variables of
   the group name in their attribute `coordinates`. */
static int mark_coordinates(struct result *r, const struct section *g, bool *coordinate,
                            struct err *err)
{
    const struct h5info *v = r->all.v + g->first;
    const size_t n = g->end - g->first;

    for (size_t i = 0; i < n; i++) {
        const char *path = arena_printf(&r->arena, err, "%s/%s", v[i].group, v[i].name), *list;

        if (!path || result_attr(r, path, "coordinates", &list, err))
            return err->code;
        for (size_t k = 0; k < n; k++)
            coordinate[k] |=
                column_is_scale(&v[k]) || (v[k].rank == 1 && list_has(list, v[k].name));
    }
    return 0;
}

/* A coordinate whose dimension no variable has is a variable of a table of its own. */
static void keep_lonely(const struct result *r, const struct section *g, bool *coordinate)
{
    const struct h5info *v = r->all.v + g->first;

    for (size_t i = 0; i < g->end - g->first; i++) {
        bool lonely = coordinate[i];

        for (size_t k = 0; k < g->end - g->first && lonely; k++)
            for (size_t d = 0; d < v[k].rank && !coordinate[k]; d++)
                lonely &= !str_eq(v[k].dim[d], v[i].dim[0]);
        if (lonely && !column_is_scale(&v[i]))
            coordinate[i] = false;
    }
}

/* The table -------------------------------------------------------------------------------- */

static int add_coordinate(struct csv_table *t, struct csv_axis *a, const struct h5info *v,
                          struct err *err)
{
    if (a->n == COORDINATES_MAX)
        return err_set(err, ERR_IO, "%s has more than %d coordinates along %s", v->group,
                       COORDINATES_MAX, a->name);
    return column_open(&a->column[a->n++], t->source->file, v, err);
}

static int open_axis(struct csv_table *t, const struct section *g, const bool *coordinate, size_t i,
                     struct err *err)
{
    const struct h5info *scale = catalogue_scale(&t->source->all, t->shape, i);
    struct csv_axis *a = &t->axis[i];

    a->size = t->shape->size[i];
    a->at = SIZE_MAX;
    a->scale = scale != NULL;
    a->name =
        *t->shape->dim[i] ? t->shape->dim[i] : arena_printf(&t->arena, err, "dimension_%zu", i);
    if (!a->name || (scale && add_coordinate(t, a, scale, err)))
        return err->code;
    for (size_t k = g->first; k < g->end; k++) {
        const struct h5info *v = &t->source->all.v[k];

        if (coordinate[k - g->first] && !column_is_scale(v) &&
            str_eq(v->dim[0], t->shape->dim[i]) && v->size[0] == a->size &&
            add_coordinate(t, a, v, err))
            return err->code;
    }
    return 0;
}

static int put_heading(struct csv_table *t, struct err *err)
{
    struct buf *b = &t->w->buf;
    size_t n = 0;

    for (size_t i = 0; i < t->shape->rank; i++) {
        if (buf_puts(b, n++ ? "," : "", err) || put_text(b, t->axis[i].name, err))
            return err->code;
        for (size_t k = t->axis[i].scale; k < t->axis[i].n; k++)
            if (buf_puts(b, ",", err) || put_text(b, t->axis[i].column[k].info.name, err))
                return err->code;
    }
    for (size_t k = 0; k < t->n; k++) {
        const char *name = t->value[k].info.name;
        bool twice = false;

        for (size_t i = 0; i < t->shape->rank; i++)
            twice |= str_eq(t->axis[i].name, name);
        if (buf_puts(b, n++ ? "," : "", err) || put_text(b, name, err) ||
            buf_puts(b, twice ? "_value" : "", err))
            return err->code;
    }
    return buf_puts(b, "\n", err);
}

/* The columns of one dimension at index `at`, each followed by a comma. */
static int render_axis(struct csv_axis *a, size_t at, struct err *err)
{
    if (a->at == at)
        return 0;
    a->at = at;
    buf_clear(&a->text);
    if (!a->scale && buf_printf(&a->text, err, "%zu,", at))
        return err->code;
    for (size_t k = 0; k < a->n; k++)
        if (column_seek(&a->column[k], at, err) || put_field(&a->text, &a->column[k], 0, err) ||
            buf_puts(&a->text, ",", err))
            return err->code;
    return 0;
}

static int put_row(struct csv_table *t, const size_t at[DIMS_MAX], size_t cell, struct err *err)
{
    struct buf *b = &t->w->buf;

    for (size_t i = 0; i < t->shape->rank; i++)
        if (render_axis(&t->axis[i], at[i], err) ||
            buf_put(b, t->axis[i].text.data, t->axis[i].text.len, err))
            return err->code;
    for (size_t k = 0; k < t->n; k++)
        if (buf_puts(b, k ? "," : "", err) || put_field(b, &t->value[k], cell, err))
            return err->code;
    return err_if(err, buf_puts(b, "\n", err) || writer_turn(t->w, err));
}

/* The rows of one entry of the first dimension. */
static int put_rows(struct csv_table *t, size_t entry, struct err *err)
{
    size_t at[DIMS_MAX] = {entry};

    for (size_t k = 0; k < t->n; k++)
        if (column_seek(&t->value[k], entry, err))
            return err->code;
    for (size_t cell = 0; cell < t->value[0].entry; cell++) {
        size_t left = cell;

        for (size_t i = t->shape->rank; i-- > 1; left /= t->axis[i].size)
            at[i] = left % t->axis[i].size;
        if (put_row(t, at, cell, err))
            return err->code;
    }
    return 0;
}

static int name_table(struct csv_table *t, struct err *err)
{
    const char *dims = "", *name;

    for (size_t i = 0; i < t->shape->rank; i++) {
        dims = arena_printf(&t->arena, err, "%s%s%s", dims, i ? "." : "", t->axis[i].name);
        if (!dims)
            return err->code;
    }
    name = export_name(&t->source->arena, t->shape->group, dims, err);
    if (!name)
        return err->code;
    return outputs_add(t->out, &t->w, err, "%s.csv", name);
}

/* The variables of the table: those with the dimensions of t->shape. */
static int open_values(struct csv_table *t, const struct section *g, const bool *coordinate,
                       bool *done, struct err *err)
{
    t->value = arena_alloc(&t->arena, g->end - g->first, sizeof *t->value, err);
    if (!t->value)
        return err->code;
    for (size_t i = g->first; i < g->end; i++) {
        if (coordinate[i - g->first] || !column_same_dims(&t->source->all.v[i], t->shape))
            continue;
        done[i - g->first] = true;
        if (column_open(&t->value[t->n++], t->source->file, &t->source->all.v[i], err))
            return err->code;
    }
    return 0;
}

static int write_table(struct csv_table *t, const struct section *g, const bool *coordinate,
                       bool *done, struct err *err)
{
    for (size_t i = 0; i < t->shape->rank; i++)
        if (open_axis(t, g, coordinate, i, err))
            return err->code;
    if (open_values(t, g, coordinate, done, err) || name_table(t, err) || put_heading(t, err))
        return err->code;
    for (size_t i = 0; i < t->value[0].n; i++)
        if (put_rows(t, i, err))
            return err->code;
    return writer_finish(t->w, err);
}

static void close_table(struct csv_table *t)
{
    for (size_t i = 0; i < DIMS_MAX; i++) {
        for (size_t k = 0; k < t->axis[i].n; k++)
            column_close(&t->axis[i].column[k]);
        buf_release(&t->axis[i].text);
    }
    for (size_t k = 0; k < t->n; k++)
        column_close(&t->value[k]);
    arena_release(&t->arena);
}

/* The file ---------------------------------------------------------------------------------- */

static int write_section(struct result *r, const struct section *g, struct outputs *o,
                         struct err *err)
{
    size_t n = g->end - g->first;
    bool *coordinate = arena_alloc(&r->arena, n, sizeof *coordinate, err);
    bool *done = arena_alloc(&r->arena, n, sizeof *done, err);
    struct csv_table *t = arena_alloc(&r->arena, 1, sizeof *t, err); /* large for a stack */
    int code = 0;

    if (!coordinate || !done || !t || mark_coordinates(r, g, coordinate, err))
        return err->code;
    keep_lonely(r, g, coordinate);
    for (size_t i = 0; i < n && !code; i++) {
        if (coordinate[i] || done[i])
            continue;
        *t = (struct csv_table){.source = r, .out = o, .shape = &r->all.v[g->first + i]};
        code = write_table(t, g, coordinate, done, err);
        close_table(t);
    }
    return code;
}

int export_csv(struct result *r, struct outputs *o, struct err *err)
{
    return export_sections(r, o, write_section, err);
}
