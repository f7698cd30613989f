#include "campaign/survey.h"

#include "campaign/campaign.h"
#include "campaign/cut.h"
#include "experiments/kit/match.h"

#include <math.h>
#include <string.h>

/* Of one stratum: (slots, roles, width) of means; (slots, 2) first and second moments of a spread.
   n counts tokens of a role, or queries. */
struct stratum_sums {
    int32_t *n; /* (roles) NULL = nothing yet */
    double *sum;
    double tokens; /* of a spread */
};

static size_t sum_size(const struct survey *s)
{
    return s->means ? s->mean_floats : 2 * s->n_slots;
}

static int sums_alloc(struct stratum_sums *t, const struct survey *s, struct arena *a,
                      struct err *err)
{
    t->n = arena_alloc(a, s->n_roles, sizeof *t->n, err);
    t->sum = arena_alloc(a, sum_size(s), sizeof *t->sum, err);
    if (!t->n || !t->sum)
        return err->code;
    return 0;
}

static void add_means(struct stratum_sums *t, const struct survey *s, const struct shape *shape,
                      const struct run *run, const int *role)
{
    for (int tok = 0; tok < run->n; tok++) {
        int slot = s->role_slot[role[tok]];

        if (slot < 0)
            continue;
        t->n[slot]++;
        for (size_t k = 0; k < s->n_slots; k++) {
            const struct survey_slot *of = &s->slot[k];
            const float *row = run_row(run, shape, of->site, of->layer, tok);
            double *sum = t->sum + of->first + (size_t)slot * of->width;

            for (size_t i = 0; i < of->width; i++)
                sum[i] += (double)row[i];
        }
    }
}

static void add_moments(struct stratum_sums *t, const struct survey *s, const struct shape *shape,
                        const struct run *run)
{
    t->n[0]++;
    t->tokens += (double)run->n;
    for (size_t k = 0; k < s->n_slots; k++) {
        const float *rows = run_row(run, shape, s->slot[k].site, s->slot[k].layer, 0);

        for (size_t i = 0; i < (size_t)run->n * s->slot[k].width; i++) {
            t->sum[2 * k] += (double)rows[i];
            t->sum[2 * k + 1] += (double)rows[i] * (double)rows[i];
        }
    }
}

static int add_query(struct stratum_sums *sums, const struct experiment *x, struct engine *e,
                     size_t q, struct arena *scratch, struct arena *a, struct err *err)
{
    const struct survey *s = x->survey;
    const struct query *query = &x->data->query[q];
    struct stratum_sums *t = &sums[s->stratum_of[q]];
    int *role = arena_alloc(scratch, (size_t)query->n, sizeof *role, err);
    struct run run;
    struct variant v = {.ids = query->ids, .n = query->n, .rows = {0, query->n}, .into = &run};

    if (!role || (!t->n && sums_alloc(t, s, a, err)) ||
        run_alloc(&run, &e->model->shape, query->n, survey_keep(s), scratch, err))
        return err->code;
    engine_run(e, &v, 1);
    if (!isfinite(run.rms) || !isfinite(run.log_z))
        return 0; /* the query itself will say so */
    match_roles(x->data, s->order, prompt_of(query), role);
    if (s->means)
        add_means(t, s, &e->model->shape, &run, role);
    else
        add_moments(t, s, &e->model->shape, &run);
    return 0;
}

static int put_sums(const struct stratum_sums *t, const struct survey *s, struct buf *out,
                    struct err *err)
{
    if (buf_u32(out, t->n != NULL, err))
        return err->code;
    for (size_t r = 0; t->n && r < s->n_roles; r++)
        if (buf_u32(out, (uint32_t)t->n[r], err))
            return err->code;
    if (t->n && buf_f64(out, t->tokens, err))
        return err->code;
    for (size_t i = 0; t->n && i < sum_size(s); i++)
        if (buf_f64(out, t->sum[i], err))
            return err->code;
    return 0;
}

int survey_run(const struct experiment *x, struct engine *e, size_t first, size_t n,
               struct arena *a, struct buf *out, struct err *err)
{
    const struct survey *s = x->survey;
    struct stratum_sums *sums = arena_alloc(a, s->n_strata, sizeof *sums, err);
    struct arena scratch = {0};

    if (!sums)
        return err->code;
    for (size_t q = first; q < first + n && !err->code; q++) {
        arena_reset(&scratch);
        if (s->stratum_of[q] >= 0)
            add_query(sums, x, e, q, &scratch, a, err);
    }
    arena_release(&scratch);
    for (size_t k = 0; k < s->n_strata && !err->code; k++)
        put_sums(&sums[k], s, out, err);
    return err->code;
}

uint64_t survey_flops(const struct experiment *x, size_t first, size_t n)
{
    uint64_t flops = 0;

    for (size_t q = first; q < first + n; q++) {
        const struct query *query = &x->data->query[q];
        struct run into;
        struct variant v = {.ids = query->ids, .n = query->n, .rows = {0, query->n}, .into = &into};

        if (!query->status)
            flops += variant_flops(&v, x->shape);
    }
    return flops;
}

/* --- all blocks together --- */

struct survey_sums {
    struct arena arena;
    struct stratum_sums *v; /* (n_strata) */
};

static int survey_begin(struct survey_sums *sums, const struct survey *s, struct err *err)
{
    sums->v = arena_alloc(&sums->arena, s->n_strata, sizeof *sums->v, err);
    for (size_t k = 0; sums->v && k < s->n_strata; k++)
        if (sums_alloc(&sums->v[k], s, &sums->arena, err))
            break;
    return err->code;
}

static int survey_add(struct survey_sums *sums, const struct survey *s, const struct buf *rows,
                      struct err *err)
{
    struct cursor c = {(const unsigned char *)rows->data, rows->len, 0, 0};

    cursor_u32(&c); /* the status of a unit: always ok */
    for (size_t k = 0; k < s->n_strata; k++) {
        struct stratum_sums *t = &sums->v[k];

        if (!cursor_u32(&c))
            continue;
        for (size_t r = 0; r < s->n_roles; r++)
            t->n[r] += (int32_t)cursor_u32(&c);
        t->tokens += cursor_f64(&c);
        for (size_t i = 0; i < sum_size(s); i++)
            t->sum[i] += cursor_f64(&c);
    }
    return c.bad || c.pos != c.size
               ? err_set(err, ERR_IO,
                         "the journal's rows of a survey are not those of their unit (%zu bytes): "
                         "another program wrote them",
                         rows->len)
               : 0;
}

static void settle_means(const struct stratum_sums *t, const struct survey *s, float *mean)
{
    for (size_t k = 0; k < s->n_slots; k++)
        for (size_t r = 0; r < s->n_roles; r++)
            for (size_t i = 0; i < s->slot[k].width; i++) {
                size_t at = s->slot[k].first + r * s->slot[k].width + i;

                mean[at] = (float)(t->sum[at] / t->n[r]); /* 0 / 0: NaN */
            }
}

/* Of all strata of the same dataset as `stratum`. */
static float settle_spread(const struct survey_sums *sums, const struct survey *s, size_t stratum,
                           size_t l, const struct hash *key)
{
    double n = 0, first = 0, second = 0;

    for (size_t k = 0; k < s->n_strata; k++) {
        if (!hash_eq(key[k], key[stratum]))
            continue;
        n += sums->v[k].tokens * (double)s->slot[l].width;
        first += sums->v[k].sum[2 * l];
        second += sums->v[k].sum[2 * l + 1];
    }
    first /= n;
    second = second / n - first * first;
    return (float)sqrt(second > 0 || isnan(second) ? second : 0);
}

static void survey_end(const struct survey_sums *sums, struct survey *s)
{
    for (size_t k = 0; k < s->n_strata; k++) {
        memcpy(s->n + k * s->n_roles, sums->v[k].n, s->n_roles * sizeof *s->n);
        if (s->means)
            settle_means(&sums->v[k], s, s->mean + k * s->mean_floats);
        for (size_t l = 0; !s->means && l < s->n_slots; l++)
            s->std[k * s->n_slots + l] = settle_spread(sums, s, k, l, s->key);
    }
    s->known = true;
}

/* --- of a campaign --- */

/* Is there a survey that is not known yet, and whose rows are all there? */
static bool is_due(const struct campaign *c, size_t experiment, const struct journal *j)
{
    const struct survey *s = c->x[experiment].survey;

    if (!s || s->known)
        return false;
    for (size_t u = 0; u < c->n_survey; u++)
        if (c->unit[u].experiment == experiment && !journal_has(j, c->unit[u].key))
            return false;
    return true;
}

int campaign_survey(struct campaign *c, struct journal *j, struct err *err)
{
    struct buf rows = {0};

    for (size_t i = 0; i < c->n && !err->code; i++) {
        struct survey_sums sums = {0};

        if (!is_due(c, i, j))
            continue;
        survey_begin(&sums, c->x[i].survey, err);
        for (size_t u = 0; u < c->n_survey && !err->code; u++) {
            buf_clear(&rows);
            if (c->unit[u].experiment == i && !journal_read(j, c->unit[u].key, &rows, err))
                survey_add(&sums, c->x[i].survey, &rows, err);
        }
        if (!err->code)
            survey_end(&sums, c->x[i].survey);
        arena_release(&sums.arena);
    }
    buf_release(&rows);
    return err->code;
}
