#include "experiments/kit/noise.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/str.h"
#include "model/tokenizer/tokenizer.h"

#include <math.h>
#include <string.h>

static json_t *find_model(json_t *models, const char *name)
{
    const char *key;
    json_t *value;

    json_object_foreach(models, key, value)
    {
        if (str_eq(str_last_part(key), str_last_part(name)))
            return value;
    }
    return NULL;
}

/* --- published --- */

struct published {
    const char *dataset;
    double subject, answers;
};

static bool is_answer(const char *span)
{
    return strncmp(span, "answer", 6) == 0;
}

static struct published *find(struct published *v, size_t n, const char *dataset)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].dataset, dataset))
            return &v[i];
    return NULL;
}

/* What the file has for one dataset; a problem if it has nothing. */
static struct published read_dataset(struct experiment *x, json_t *root, const char *file,
                                     const char *dataset, struct problems *problems)
{
    const char *model = x->scene->model->name;
    struct published out = {.dataset = dataset};
    json_t *entry = find_model(json_object_get(root, dataset), model);
    struct err bad = ERR_CLEAR;

    if (!entry)
        err_set(&bad, ERR_CONFIG, "%s does not have the noise for model %s and dataset %s", file,
                model, dataset);
    else if (!json_take_real(entry, "subject", true, &out.subject, &bad))
        json_take_real(entry, "answers", true, &out.answers, &bad);
    if (bad.code)
        problem_at(x, "noise_file", problems, "%s", bad.msg);
    return out;
}

static int take_published(struct noise_levels *n, struct experiment *x, json_t *root,
                          const char *file, const struct string_list *spans,
                          struct problems *problems, struct err *err)
{
    struct published *known = arena_alloc(x->arena, x->data->n, sizeof *known, err);
    size_t n_known = 0;

    if (!known)
        return err->code;
    for (size_t q = 0; q < x->data->n; q++) {
        const char *dataset = x->data->query[q].dataset;
        struct published *p = find(known, n_known, dataset);

        if (x->data->query[q].status)
            continue;
        if (!p) {
            p = &known[n_known++];
            *p = read_dataset(x, root, file, dataset, problems);
        }
        for (size_t i = 0; i < spans->n; i++)
            n->level[q * spans->n + i] = is_answer(spans->v[i]) ? p->answers : p->subject;
    }
    return 0;
}

static struct hash levels_hash(const struct noise_levels *n, const struct experiment *x)
{
    return hash_bytes(n->level, x->data->n * n->n_spans * sizeof *n->level);
}

static int open_published(struct noise_levels *n, struct experiment *x, const char *file,
                          const struct string_list *spans, struct problems *problems,
                          struct err *err)
{
    struct buf text = {0};
    json_t *root = NULL;
    struct err bad = ERR_CLEAR;
    int code = 0;

    for (size_t i = 0; i < spans->n; i++)
        if (!is_answer(spans->v[i]) && !str_eq(spans->v[i], "subject"))
            problem_at(x, "corrupt", problems,
                       "noise: published has a level for the subject and one for answers, none for "
                       "%s: say computed, or give a number",
                       spans->v[i]);
    if (!*file)
        err_set(&bad, ERR_CONFIG,
                "noise: published needs noise_file (or say computed, or give a number)");
    else if (!file_read(&text, file, 1 << 20, &bad))
        root = json_parse(text.data, text.len, ERR_CONFIG, file, 1, &bad);
    if (root)
        code = take_published(n, x, root, file, spans, problems, err);
    else
        code = problem_of_file(x, *file ? "noise_file" : "noise", problems, &bad, err);
    json_decref(root);
    buf_release(&text);
    return err_if(err, code || add_input(x, "noise_file", levels_hash(n, x), err));
}

/* --- computed --- */

static int add_tokens(struct ids *ids, const int32_t *v, int n, struct err *err)
{
    for (int i = 0; i < n; i++)
        if (ids_push(ids, v[i], err))
            return err->code;
    return 0;
}

/* The tokens whose embeddings count for one query and span. */
static int add_query(const struct experiment *x, const struct query *q, const char *span,
                     struct ids *ids, struct err *err)
{
    const struct tokenizer *t = x->scene->tokenizer;
    int at = dataset_span(x->data, span);
    struct span own = at < 0 ? (struct span){0, 0} : q->span[at];

    if (q->answer && str_eq(span, "subject"))
        return tokenizer_encode(t, q->subject, strlen(q->subject), false, ids, err);
    if (!q->answer || !is_answer(span))
        return add_tokens(ids, q->ids + own.lo, span_len(own), err);
    for (int i = 0; i < QUERY_ANSWERS; i++)
        if (tokenizer_encode(t, q->answer[i], strlen(q->answer[i]), false, ids, err))
            return err->code;
    return 0;
}

/* Standard deviation (n - 1) over all elements of the tokens' embeddings, summed in order. */
static int deviation(const struct model *m, const struct ids *ids, double *out, struct err *err)
{
    size_t d = (size_t)m->shape.d_model;
    struct arena a = {0};
    float *row = arena_alloc(&a, d, sizeof *row, err);
    double mean = 0, square = 0, n = (double)(ids->n * d);

    for (size_t i = 0; i < ids->n && !err->code; i++)
        if (ids->v[i] < 0 || ids->v[i] >= m->shape.vocab)
            err_set(err, ERR_CONFIG, "noise: the tokenizer gives id %d, the model has %d tokens",
                    (int)ids->v[i], m->shape.vocab);
    for (int pass = 0; row && !err->code && pass < 2; pass++) {
        for (size_t i = 0; i < ids->n; i++) {
            model_embed_token(m, ids->v[i], row);
            for (size_t j = 0; j < d; j++)
                if (pass)
                    square += ((double)row[j] - mean) * ((double)row[j] - mean);
                else
                    mean += (double)row[j];
        }
        if (!pass)
            mean /= n;
    }
    *out = n > 1 ? sqrt(square / (n - 1)) : 0;
    arena_release(&a);
    return err->code;
}

/* One span of the group of query `first`, the first of it; the others get the same level. */
static int compute_group(struct noise_levels *n, struct experiment *x, size_t first, size_t span,
                         const char *name, struct err *err)
{
    const struct dataset *ds = x->data;
    struct ids ids = {0};
    double level = 0;
    int code = 0;

    for (size_t q = first; q < ds->n && !code; q++)
        if (query_same_group(&ds->query[q], &ds->query[first]) && !query_skip(x, &ds->query[q]))
            code = add_query(x, &ds->query[q], name, &ids, err);
    if (!code)
        code = deviation(x->scene->model, &ids, &level, err);
    for (size_t q = first; q < ds->n; q++)
        if (query_same_group(&ds->query[q], &ds->query[first]))
            n->level[q * n->n_spans + span] = 3 * level;
    ids_release(&ids);
    return code;
}

static int open_computed(struct noise_levels *n, struct experiment *x,
                         const struct string_list *spans, struct problems *problems,
                         struct err *err)
{
    if (!x->scene->model->embed.data)
        return 0; /* a plan: it does not depend on the level */
    for (size_t i = 0; i < x->data->n * spans->n; i++)
        n->level[i] = -1; /* not computed yet */
    for (size_t q = 0; q < x->data->n; q++) {
        if (query_skip(x, &x->data->query[q]) || n->level[q * spans->n] >= 0)
            continue;
        if (x->data->query[q].answer && !x->scene->tokenizer) {
            problem_at(x, "noise", problems,
                       "computed needs the model's tokenizer, for the strings of subjects and "
                       "answers; give a number");
            return 0;
        }
        for (size_t i = 0; i < spans->n; i++)
            if (compute_group(n, x, q, i, spans->v[i], err))
                return err->code;
    }
    return 0;
}

/* --- what the experiment asks --- */

const struct choice noise_sources[] = {
    {"published", NOISE_PUBLISHED}, {"computed", NOISE_COMPUTED}, {NULL, 0}};

int noise_open(struct noise_levels *n, struct experiment *x, const struct real_or_choice *noise,
               const char *file, const struct string_list *spans, struct problems *problems,
               struct err *err)
{
    n->n_spans = spans->n;
    n->level = arena_alloc(x->arena, x->data->n * spans->n, sizeof *n->level, err);
    if (!n->level)
        return err->code;
    if (noise->choice == NOISE_PUBLISHED)
        return open_published(n, x, file, spans, problems, err);
    if (noise->choice == NOISE_COMPUTED)
        return open_computed(n, x, spans, problems, err);
    for (size_t i = 0; i < x->data->n * spans->n; i++)
        n->level[i] = noise->value;
    return 0;
}

double noise_level(const struct noise_levels *n, const struct experiment *x, const struct query *q,
                   size_t i)
{
    return n->level[(size_t)(q - x->data->query) * n->n_spans + i];
}

struct hash noise_fingerprint(const struct noise_levels *n, const struct experiment *x,
                              const struct query *q)
{
    return hash_bytes(n->level + (size_t)(q - x->data->query) * n->n_spans,
                      n->n_spans * sizeof *n->level);
}
