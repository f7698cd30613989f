/*
 * The layout of the authors' result files (docs/export.md): folders by analysis, dataset, model,
 * template and step, JSON Lines of a few keys each. What a result file does not know, the words of
 * an answer or of a token, is null.
 */
#include "report/export/authors.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/writer.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const target_names[TARGETS] = {"answer_1", "answer_2", "answer_3", "subject"};
static const char *const span_names[SPANS] = {"subject", "relation", "answer_1", "answer_2"};

/* The queries ------------------------------------------------------------------------------- */

/* The whole numbers of each query, in so many dimensions. */
static int open_numbers(const struct authors *a, const char *name, size_t rank, struct column *c,
                        struct err *err)
{
    const struct h5info *v = catalogue_find(&a->r->all, "queries", name);

    if (!v || v->rank != rank || v->size[0] != a->n || v->type > V_I8)
        return err_set(err, ERR_IO,
                       "it has no queries/%s of whole numbers in %zu dimensions for %zu queries",
                       name, rank, a->n);
    return column_open(c, a->r->file, v, err);
}

/* Where each of n names stands among the labels of a dimension of the group; SIZE_MAX = nowhere. */
static int find_labels(const struct authors *a, const char *group, const char *dim,
                       const char *const *name, size_t n, size_t *at, struct err *err)
{
    size_t labels = result_size(a->r, group, dim);
    const char **label;

    if (result_text(a->r, group, dim, labels, &label, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        at[i] = str_index(label, labels, name[i]);
        at[i] = at[i] < labels ? at[i] : SIZE_MAX;
    }
    return 0;
}

static int read_queries(struct authors *a, struct err *err)
{
    static const char group[] = "queries";
    size_t n = a->n = result_size(a->r, group, "query");

    if (result_text(a->r, group, "text", n, &a->text, err) ||
        result_text(a->r, group, "subject", n, &a->subject, err) ||
        result_text(a->r, group, "dataset", n, &a->dataset, err) ||
        result_numbers(a->r, group, "template", n, &a->template, err) ||
        result_numbers(a->r, group, "step", n, &a->step, err) ||
        result_numbers(a->r, group, "n_tokens", n, &a->n_tokens, err) ||
        open_numbers(a, "ids", 2, &a->ids, err) || open_numbers(a, "span", 3, &a->span, err) ||
        open_numbers(a, "target_id", 2, &a->target, err) ||
        find_labels(a, group, "span_name", span_names, SPANS, a->span_at, err) ||
        find_labels(a, group, "target", target_names, TARGETS, a->target_at, err))
        return err->code;
    if (a->span.info.size[2] != 2)
        return err_set(err, ERR_IO, "queries/span has %zu bounds, expected 2",
                       a->span.info.size[2]);
    for (size_t q = 0; q < n; q++)
        if (!(a->n_tokens[q] >= 0 && a->n_tokens[q] <= (double)a->ids.entry))
            a->n_tokens[q] = 0;
    return 0;
}

/* Queries by dataset, template and step; a template that is not known counts as the first. */
static int find_places(struct authors *a, struct err *err)
{
    a->place = arena_alloc(&a->r->arena, a->n, sizeof *a->place, err);
    a->place_of = arena_alloc(&a->r->arena, a->n, sizeof *a->place_of, err);
    if (!a->place || !a->place_of)
        return err->code;
    for (size_t q = 0; q < a->n; q++) {
        double template = a->template[q];
        struct authors_place p = {a->dataset[q], NULL,
                                  template >= 1 && template <INT_MAX ? (int)template : 1, 0};
        const char *dataset = export_name(&a->r->arena, a->dataset[q], "", err);
        size_t i = 0;

        if (!dataset)
            return err->code;
        p.dataset = *dataset ? dataset : "dataset";
        a->place_of[q] = -1;
        if (!(a->step[q] >= 1 && a->step[q] <= ANSWERS))
            continue;
        p.step = (int)a->step[q];
        for (; i < a->n_places; i++) {
            const struct authors_place *other = &a->place[i];

            if (!str_eq(other->dataset, p.dataset))
                continue;
            if (!str_eq(other->named, p.named))
                return err_set(
                    err, ERR_CONFIG,
                    "datasets \"%s\" and \"%s\" have one folder in the authors' layout: %s",
                    other->named, p.named, p.dataset);
            if (other->template == p.template && other->step == p.step)
                break;
        }
        if (i == a->n_places)
            a->place[a->n_places++] = p;
        a->place_of[q] = (int)i;
    }
    return 0;
}

/* Which files there are ---------------------------------------------------------------------- */

enum { AXES = 2, WINDOW = 10 /* of their traces */ };

/* An entry of one of our dimensions that has a file of its own; the rest as in struct part. */
struct part_label {
    const char *ours, *theirs;
    int since, span;
};

static const struct part_label sites[] = {{"attn", "attn", 1, 0}, {"mlp", "mlp", 1, 0}, {0}};
static const struct part_label sets[] = {{"subject", "subject", 1, 0},
                                         {"answer_1", "answer_1", 2, 0},
                                         {"answer_2", "answer_2", 3, 0},
                                         {"last", "last_token", 1, 0},
                                         {0}};
static const struct part_label corrupted[] = {{"subject", "", 1, SPAN_SUBJECT},
                                              {"answer_1", "", 2, SPAN_ANSWER_1},
                                              {"answer_2", "", 3, SPAN_ANSWER_2},
                                              {0}};

/* ROOT/DATASET/MODEL/prompt_template_T/FOLDER/FILE: one for each entry of the last of its axes,
   whose name or number is the star, in a folder for each step, or entry before that. */
static const struct form {
    const char *analysis;
    int lines;
    const char *root, *file;
    const char *dims[COLUMNS]; /* of the variables that it is from */
    struct {
        const char *dim;
        const struct part_label *label; /* NULL = all its entries */
    } axis[AXES];
} forms[] = {
    {"decode",
     DECODE,
     "outputs/decode_attn_mlp_outputs",
     "*_output.jsonl",
     {[VALUE] = "query layer component target", [LOGPROB] = "query layer component target"},
     {{"component", sites}}},
    {"token_lens",
     LENS,
     "outputs/analyze_critical_tokens",
     "token_lens_*_results.jsonl",
     {[VALUE] = "query layer token_set target"},
     {{"token_set", sets}}},
    {"attn_knockout",
     KNOCKOUT,
     "outputs/analyze_critical_tokens",
     "attn_knockout_*_results.jsonl",
     {[VALUE] = "query layer token_set target", [CLEAN] = "query layer target"},
     {{"token_set", sets}}},
    {"heads",
     HEADS,
     "outputs/examine_finegrained_attention_head",
     "layer_*_output.jsonl",
     {[VALUE] = "query layer head target"},
     {{"layer", NULL}}},
    {"trace",
     TRACE,
     "datasets",
     "*_result.jsonl",
     {[VALUE] = "query corruption site window token layer",
      [HIGH] = "query",
      [LOW] = "query corruption"},
     {{"corruption", corrupted}, {"site", sites}}},
};

/* Entries that their code does not know. */
static int note_others(const struct analysis *x, const char *dim, size_t size,
                       const struct part_label *label, struct err *err)
{
    const char **name;
    size_t n = 0;

    if (result_text(x->a->r, x->group, dim, size, &name, err))
        return err->code;
    for (size_t i = 0; i < size; i++) {
        size_t k = 0;

        while (label[k].ours && !str_eq(label[k].ours, name[i]))
            k++;
        if (label[k].ours)
            continue;
        if (n++)
            buf_puts(x->a->notes, ", ", err);
        else
            buf_printf(x->a->notes, err, "%s: left out, as their code has none: %s ", x->group,
                       dim);
        buf_escaped(x->a->notes, name[i], err);
    }
    return n ? buf_puts(x->a->notes, "\n", err) : 0;
}

/* Each part so far becomes one for each entry of a dimension that the group has of those named. */
static int split(struct analysis *x, const char *dim, const struct part_label *label,
                 struct err *err)
{
    struct arena *arena = &x->a->r->arena;
    size_t d = author_dim(&x->column[VALUE].info, dim), size = x->column[VALUE].info.size[d];
    size_t n = 0, entries = label ? 0 : size;
    struct part *whole = x->part;

    while (label && label[entries].ours)
        entries++;
    if (label && note_others(x, dim, size, label, err))
        return err->code;
    x->part = arena_alloc(arena, x->n_parts * entries, sizeof *x->part, err);
    for (size_t i = 0; i < x->n_parts; i++)
        for (size_t k = 0; k < entries && !err->code; k++) {
            struct part f = whole[i];

            f.at[d] = k;
            if (label && find_labels(x->a, x->group, dim, &label[k].ours, 1, &f.at[d], err))
                return err->code;
            if (f.at[d] >= size)
                continue;
            f.name = label ? label[k].theirs : arena_printf(arena, err, "%zu", k);
            if (label && label[k].since > f.since)
                f.since = label[k].since;
            if (label && label[k].span)
                f.span = label[k].span;
            x->part[n++] = f;
        }
    x->n_parts = n;
    return err->code;
}

/* Their window if the group has it, else its first. */
static int pick_window(struct analysis *x, struct part *f, struct err *err)
{
    size_t n = x->column[VALUE].info.size[3];
    double *window;

    if (result_numbers(x->a->r, x->group, "window", n, &window, err))
        return err->code;
    for (size_t i = 0; i < n; i++)
        if (!i || window[i] == WINDOW) {
            f->at[3] = i;
            x->window = window[i];
        }
    return x->window == WINDOW ? 0
                               : buf_printf(x->a->notes, err, "%s: its window is %.0f, theirs %d\n",
                                            x->group, x->window, WINDOW);
}

static int find_parts(struct analysis *x, const struct form *form, struct err *err)
{
    x->n_parts = 1;
    x->part = arena_alloc(&x->a->r->arena, 1, sizeof *x->part, err);
    if (!x->part || (form->lines == TRACE && pick_window(x, x->part, err)))
        return err->code;
    for (size_t i = 0; i < AXES && form->axis[i].dim; i++)
        if (split(x, form->axis[i].dim, form->axis[i].label, err))
            return err->code;
    x->moments = arena_alloc(&x->a->r->arena, x->a->n_places * x->n_parts, sizeof *x->moments, err);
    return err->code;
}

/* What they are from ------------------------------------------------------------------------- */

/* The column of a variable that has these dimensions, as numbers of each query. */
static int open_cells(const struct analysis *x, const char *name, const char *dims, bool need,
                      struct column *c, struct err *err)
{
    const struct h5info *v = name ? catalogue_find(&x->a->r->all, x->group, name) : NULL;
    const char *is = "";

    if (!v && !need)
        return 0;
    if (!v)
        return err_set(err, ERR_IO, "group %s has no variable %s", x->group,
                       name ? name : "for the authors' files");
    for (size_t i = 0; i < v->rank && is; i++)
        is = arena_printf(&x->a->r->arena, err, "%s%s%s", is, i ? " " : "", v->dim[i]);
    if (is &&
        (!str_eq(is, dims) || v->size[0] != x->a->n || (v->type != V_F32 && v->type != V_F64)))
        err_set(err, ERR_IO, "%s/%s is (%s), expected numbers (%s) of %zu queries", x->group, name,
                is, dims, x->a->n);
    return err->code ? err->code : column_open(c, x->a->r->file, v, err);
}

static bool same_sizes(const struct h5info *v, const struct h5info *values)
{
    for (size_t i = 0; i < v->rank; i++)
        if (v->size[i] != values->size[author_dim(values, v->dim[i])])
            return false;
    return true;
}

static int open_columns(struct analysis *x, const struct form *form, struct err *err)
{
    const char *const name[COLUMNS] = {x->layout.value, x->layout.logprob, x->layout.clean,
                                       x->layout.high, x->layout.low};

    for (int c = 0; c < COLUMNS; c++)
        if (form->dims[c] &&
            open_cells(x, name[c], form->dims[c], c != LOGPROB, &x->column[c], err))
            return err->code;
    for (int c = 0; c < COLUMNS; c++) {
        if (!x->column[c].file || same_sizes(&x->column[c].info, &x->column[VALUE].info))
            continue;
        if (form->lines == TRACE)
            return err_set(err, ERR_IO,
                           "%s: the scores and those of the corrupted run differ in shape",
                           x->group);
        return err_set(err, ERR_IO, "%s: %s and %s differ in shape", x->group, name[VALUE],
                       name[c]);
    }
    return 0;
}

/* The files of a place ----------------------------------------------------------------------- */

static bool has(const struct analysis *x, size_t place, size_t q)
{
    return x->a->place_of[q] == (int)place && str_eq(x->status[q], "ok");
}

static const char *folder_of(const struct analysis *x, const struct part *f, int step,
                             struct err *err)
{
    struct arena *arena = &x->a->r->arena;

    if (x->lines != TRACE)
        return arena_printf(arena, err, "%d", step);
    return f->span == SPAN_SUBJECT
               ? arena_printf(arena, err, "causal_tracing_noise_subject/noise_subject_step_%d",
                              step)
               : arena_printf(arena, err, "causal_tracing_noise_prev_ans/pred_%d_noise_%d", step,
                              f->span - SPAN_ANSWER_1 + 1);
}

/* Its file, unless an earlier group has written it, which is noted. */
static int open_file(struct analysis *x, const struct form *form, const struct authors_place *p,
                     struct part *f, struct err *err)
{
    struct authors *a = x->a;
    size_t star = strcspn(form->file, "*");
    const char *name;

    f->folder = folder_of(x, f, p->step, err);
    if (!f->folder)
        return err->code;
    name = arena_printf(&a->r->arena, err, "%s/%s/%s/prompt_template_%d/%s/%.*s%s%s", form->root,
                        p->dataset, a->model, p->template, f->folder, (int)star, form->file,
                        f->name, form->file + star + 1);
    if (!name)
        return err->code;
    if (!outputs_has(a->out, name))
        return outputs_add(a->out, &f->w, err, "%s", name);
    if (x->told)
        return 0;
    x->told = true;
    return buf_printf(a->notes, err,
                      "%s: left out where an earlier group has written the file: %s\n", x->group,
                      name);
}

static int write_query(struct analysis *x, size_t place, size_t q, struct err *err)
{
    struct authors *a = x->a;

    if (column_seek(&a->ids, q, err) || column_seek(&a->span, q, err) ||
        column_seek(&a->target, q, err))
        return err->code;
    for (int c = 0; c < COLUMNS; c++)
        if (x->column[c].file && column_seek(&x->column[c], q, err))
            return err->code;
    for (size_t i = 0; i < x->n_parts; i++)
        if (x->part[i].w &&
            author_lines(x, &x->part[i], q, &x->moments[place * x->n_parts + i], err))
            return err->code;
    return 0;
}

static int write_place(struct analysis *x, const struct form *form, size_t place, struct err *err)
{
    const struct authors_place *p = &x->a->place[place];
    size_t first = 0, files = 0;

    while (first < x->a->n && !has(x, place, first))
        first++;
    for (size_t i = 0; i < x->n_parts; i++) {
        x->part[i].w = NULL;
        if (first < x->a->n && p->step >= x->part[i].since &&
            open_file(x, form, p, &x->part[i], err))
            return err->code;
        files += x->part[i].w != NULL;
    }
    for (size_t q = first; q < x->a->n && files; q++)
        if (has(x, place, q) && write_query(x, place, q, err))
            return err->code;
    for (size_t i = 0; i < x->n_parts; i++)
        if (x->part[i].w && writer_finish(x->part[i].w, err))
            return err->code;
    return 0;
}

/* The file ----------------------------------------------------------------------------------- */

static int write_analysis(struct analysis *x, const struct form *form, struct err *err)
{
    x->lines = form->lines;
    if (result_text(x->a->r, x->group, "status", x->a->n, &x->status, err) ||
        find_labels(x->a, x->group, "target", target_names, TARGETS, x->target_at, err) ||
        open_columns(x, form, err) || find_parts(x, form, err))
        return err->code;
    for (size_t p = 0; p < x->a->n_places; p++)
        if (write_place(x, form, p, err))
            return err->code;
    return form->lines == HEADS ? author_thresholds(x, err) : 0;
}

static int write_group(struct authors *a, const char *group, struct err *err)
{
    struct analysis x = {.a = a, .group = group};

    if (authors_layout_read(&x.layout, a->r->file, group, &a->r->arena, err))
        return err->code;
    if (x.layout.left_out)
        return buf_printf(a->notes, err, "%s: left out: %s\n", group, x.layout.left_out);
    if (!x.layout.analysis && !str_eq(group, "queries"))
        return buf_printf(a->notes, err, "%s: left out: their code has no such files\n", group);
    for (size_t i = 0; x.layout.analysis && i < sizeof forms / sizeof *forms; i++)
        if (str_eq(x.layout.analysis, forms[i].analysis))
            write_analysis(&x, &forms[i], err);
    for (int c = 0; c < COLUMNS; c++)
        column_close(&x.column[c]);
    return err->code;
}

/* Its parts become names of folders. */
static int check_model(const char *model, struct err *err)
{
    bool safe = true;

    for (const char *s = model; s && safe; s = strchr(s, '/'), s = s ? s + 1 : NULL) {
        char part[256];

        safe = snprintf(part, sizeof part, "%.*s", (int)strcspn(s, "/"), s) < (int)sizeof part;
        str_safe_name(part);
        safe = safe && *part && str_begins(s, part);
    }
    return safe ? 0
                : err_set(err, ERR_CONFIG,
                          "--model is \"%s\", expected names of letters, digits, \".\", \"_\" and "
                          "\"-\" with \"/\" between them",
                          model);
}

int export_authors(struct result *r, const char *model, struct outputs *o, struct buf *notes,
                   struct err *err)
{
    struct authors a = {.r = r, .out = o, .notes = notes, .model = model ? model : "model"};
    int code = check_model(a.model, err) || read_queries(&a, err) || find_places(&a, err);

    for (size_t i = 0; i < r->n_groups && !code; i++)
        code = write_group(&a, r->group[i].name, err);
    if (!code && !o->n)
        code =
            err_set(err, ERR_CONFIG,
                    "nothing of it has a place in the authors' layout: expected one of the paper's "
                    "analyses with queries of steps 1 to 3 (docs/export.md), in a file of this "
                    "version");
    column_close(&a.ids);
    column_close(&a.span);
    column_close(&a.target);
    return err_if(err, code);
}
