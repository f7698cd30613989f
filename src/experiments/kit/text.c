#include "experiments/kit/text.h"
#include "experiments/kit/whole.h"

#include "base/str.h"
#include "base/utf8.h"
#include "data/answers.h"
#include "model/tokenizer/fold.h"
#include "model/tokenizer/tokenizer.h"

#include <math.h>
#include <string.h>

static const char *const outcomes[] = {"correct", "repeats", "other"};
enum { CORRECT, REPEATS, OTHER };

/* Of each cell the share of its samples, or 1 or 0, whose outcome is row->which; NaN where nothing
   was written. Samples are the last axis. */
static void share(const struct row *row, float *out)
{
    const struct field *f = field_named(row->x, "outcome");
    const struct dim *last = &row->x->axis[f->axis[f->n_axes - 1]].dim;
    const char **is = row_str(row, "outcome");
    size_t n = padded_elements(row->x, f), samples = str_eq(last->name, "sample") ? last->size : 1;

    /* a cell without a text has NULL, or nothing, for its outcome */
    for (size_t i = 0; i < n / samples; i++) {
        int written = 0, such = 0;

        for (size_t s = i * samples; s < (i + 1) * samples; s++) {
            written += is[s] && *is[s];
            such += is[s] && str_eq(is[s], outcomes[row->which]);
        }
        out[i] = written ? (float)such / (float)written : NAN;
    }
}

static int add_share(struct experiment *x, int outcome, const char *dims, const char *text,
                     struct err *err)
{
    if (add_one_of(x, outcomes[outcome], dims, "1", text, share, outcome, err))
        return err->code;
    x->aggregate[x->n_aggregates - 1].rate = true;
    return 0;
}

/* The other two outcomes stand beside only where each row is one configuration. */
static int describe(struct experiment *x, const char *rows, struct err *err)
{
    const struct aggregate *last = &x->aggregate[x->n_aggregates - 1];
    int words = 1 + (strchr(rows, ' ') != NULL);
    const struct headline repeated = {
        .variable = "repeats",
        .title = "how often the model's next answer repeats an earlier one",
        .unit = "share of queries",
        .rate = "yes",
        .test = "none",
        .rows = rows,
        .beside = last->field.n_axes == words ? "correct other" : NULL,
    };

    return add_headline(x, &repeated, err);
}

int text_declare(struct experiment *x, int n, const char *dims, const char *averaged,
                 const char *rows, struct err *err)
{
    const char *each;

    if (!n)
        return 0;
    each = arena_printf(x->arena, err, "%s text_token", dims);
    x->written = n;
    return err_if(
        err,
        !each || add_axis(x, "text_token", (size_t)n, err) ||
            add_field(x, "text_id", V_I4, each, NULL,
                      "most probable tokens after the prompt, one by one, edited", err) ||
            add_late_field(x, "text", V_STR, dims, NULL,
                           "what the model writes, up to the end of its text", err) ||
            add_late_field(x, "outcome", V_STR, dims, NULL,
                           "its first answer: correct, repeats (an earlier one), other", err) ||
            add_share(x, CORRECT, averaged, "share whose first answer is right", err) ||
            add_share(x, REPEATS, averaged, "share whose first answer is an earlier one", err) ||
            add_share(x, OTHER, averaged, "share whose first answer is neither", err) ||
            describe(x, rows, err));
}

int text_ask(struct cell *cell, const struct edit *edit, int n_edits, int n, struct arena *a,
             struct err *err)
{
    int prompt = cell->q->n;

    if (!n)
        return 0;
    edit = n_edits ? edits_standing(edit, n_edits, prompt, prompt + n, a, err) : NULL;
    cell->text = (struct cell_text){.edit = edit, .n_edits = n_edits, .n = n};
    return err->code;
}

void text_cell(const struct cell *cell, struct row *row)
{
    if (cell->text.n)
        memcpy(row_i32(row, "text_id"), cell->text.ids,
               (size_t)cell->text.n * sizeof *cell->text.ids);
}

/* --- reading it --- */

const char *token_text(const struct scene *s, int32_t id, struct arena *a, struct err *err)
{
    const char *bytes = NULL;
    size_t n = 0;

    if (id >= 0 && s->tokenizer)
        bytes = tokenizer_bytes(s->tokenizer, id, &n);
    return bytes ? utf8_clean(a, bytes, n, err) : "";
}

/* Up to the token that ends a text; how many were written at all. */
static int text_length(const struct tokenizer *t, const int32_t *ids, int n)
{
    int i = 0;

    while (i < n && ids[i] >= 0 && ids[i] != tokenizer_eos(t))
        i++;
    return i;
}

static bool folds(struct buf *out, const char *s, size_t n, struct err *err)
{
    buf_clear(out);
    return !text_fold(s, n, out, err) && out->len && buf_str(out, err);
}

/* Does the folded answer name this target? All of a whole answer; of a token its beginning. */
static bool names(const struct tokenizer *t, const struct query *q, size_t target,
                  const char *answer, struct err *err)
{
    struct tokens whole = q->whole[target];
    struct buf text = {0}, folded = {0};
    bool same = false;

    if (!whole.n)
        whole = (struct tokens){&q->target[target], 1};
    if (whole.ids[0] >= 0 && !tokenizer_decode(t, whole.ids, (size_t)whole.n, &text, err) &&
        folds(&folded, text.data ? text.data : "", text.len, err))
        same = q->whole[target].n ? str_eq(answer, folded.data)
                                  : strncmp(answer, folded.data, folded.len) == 0;
    buf_release(&text);
    buf_release(&folded);
    return same;
}

static int outcome_of(const struct experiment *x, const struct query *q, const char *text, size_t n,
                      bool ended, struct err *err)
{
    struct answer_places found;
    struct buf answer = {0};
    int outcome = OTHER;

    answers_find(text, n, 1, ended, &found);
    if (found.n && folds(&answer, text + found.place[0].begin, found.place[0].n, err))
        for (size_t t = 0; t < x->data->n_targets && outcome == OTHER; t++)
            if (!str_eq(x->data->target_name[t], "subject") &&
                names(x->scene->tokenizer, q, t, answer.data, err))
                outcome = q->foil[t] ? REPEATS : CORRECT;
    buf_release(&answer);
    return outcome;
}

static void read_one(const struct row *row, const int32_t *ids, int most, const char **text,
                     const char **outcome, struct err *err)
{
    int n = text_length(row->x->scene->tokenizer, ids, most);
    struct buf b = {0};

    if (ids[0] >= 0 && !tokenizer_decode(row->x->scene->tokenizer, ids, (size_t)n, &b, err)) {
        const char *s = b.data ? b.data : "";

        *outcome = outcomes[outcome_of(row->x, row->q, s, b.len, n < most, err)];
        *text = utf8_clean(row->x->arena, s, b.len, err);
    }
    buf_release(&b);
}

void text_late(const struct row *row)
{
    const struct experiment *x = row->x;
    const struct field *f = field_named(x, "text_id");
    const int32_t *ids = row_i32(row, "text_id");
    const char **text = row_str(row, "text"), **outcome = row_str(row, "outcome");
    size_t most;
    struct err err = ERR_CLEAR;

    if (!f || !x->scene->tokenizer)
        return;
    most = x->axis[f->axis[f->n_axes - 1]].dim.size;
    for (size_t i = 0; i < padded_elements(x, f) / most; i++)
        read_one(row, ids + i * most, (int)most, &text[i], &outcome[i], &err);
}
