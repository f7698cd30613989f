/*
 * Means over queries with their bootstrap. Values are summed by cluster first; then the draws of
 * clusters are a matrix product, (draws, clusters) times (clusters, numbers), in double
 * precision and of fixed order (weighted_sums), a block of numbers at a time.
 */
#include "statistics/strata.h"

#include "base/kernels.h"

#include <math.h>
#include <string.h>

enum { DRAWS = WEIGHTED_SUMS_ROWS, BLOCK = 4 * WEIGHTED_SUMS_STEP }; /* draws, numbers at once */

/* Room for one block. */
struct resampling {
    const struct strata *s;
    enum template_mean way;
    size_t width;            /* numbers in use */
    double *sum, *count;     /* (clusters, BLOCK) of one base row */
    double *weight;          /* (clusters, DRAWS) of some draws */
    double *drawn, *drawn_n; /* (DRAWS, BLOCK) */
    double *replicate;       /* (n, draws, BLOCK) */
    double *column, *tail;   /* (draws + 1) of one number */
};

static int block_open(struct resampling *b, const struct strata *s, enum template_mean way,
                      struct arena *a, struct err *err)
{
    size_t rows = s->n_clusters * BLOCK, draws = (size_t)s->draws;
    double *f =
        arena_alloc(a, 2 * rows + s->n_clusters * DRAWS + 2 * DRAWS * BLOCK, sizeof *f, err);

    memset(b, 0, sizeof *b);
    b->s = s;
    b->way = way;
    b->replicate = arena_alloc(a, s->n * draws * BLOCK, sizeof *b->replicate, err);
    b->column = arena_alloc(a, 2 * (draws + 1), sizeof *b->column, err);
    if (!f || !b->replicate || !b->column)
        return err->code;
    b->sum = f;
    b->count = f + rows;
    b->weight = b->count + rows;
    b->drawn = b->weight + s->n_clusters * DRAWS;
    b->drawn_n = b->drawn + DRAWS * BLOCK;
    b->tail = b->column + draws + 1;
    return 0;
}

/* Sums and counts by cluster of a base row. Returns whether every query has every number. */
static bool sum_clusters(struct resampling *b, size_t row, const float *value, size_t elements)
{
    const struct strata *s = b->s;
    bool whole = true;

    memset(b->sum, 0, s->v[row].n_parts * BLOCK * sizeof *b->sum);
    memset(b->count, 0, s->v[row].n_parts * BLOCK * sizeof *b->count);
    for (size_t q = 0; q < s->n_queries; q++) {
        const float *v = value + q * elements;
        size_t at = (size_t)s->slot[q] * BLOCK;

        if (s->of_query[q] != (int)row)
            continue;
        for (size_t e = 0; e < b->width; e++) {
            bool has = !isnan(v[e]);

            b->sum[at + e] += has ? (double)v[e] : 0;
            b->count[at + e] += has;
            whole &= has;
        }
    }
    return whole;
}

static void base_means(struct resampling *b, size_t row, struct estimate *out)
{
    const struct strata *s = b->s;

    for (size_t e = 0; e < b->width; e++) {
        double sum = 0, n = 0;

        for (size_t c = 0; c < s->v[row].n_parts; c++) {
            sum += b->sum[c * BLOCK + e];
            n += b->count[c * BLOCK + e];
        }
        out[e * s->n + row].n = (int)n;
        out[e * s->n + row].mean = sum / n; /* 0 / 0 = NaN */
    }
}

/* How often each of DRAWS draws has each cluster of the row: (clusters, DRAWS); draws beyond the
   last have none. */
static void weigh(struct resampling *b, const struct stratum *row, int first)
{
    const struct strata *s = b->s;

    for (int d = 0; d < DRAWS; d++) {
        const unsigned short *times = s->times + (size_t)(first + d) * s->n_clusters;

        for (size_t c = 0; c < row->n_parts; c++)
            b->weight[c * DRAWS + (size_t)d] = first + d < s->draws ? times[row->part[c]] : 0;
    }
}

static void base_replicates(struct resampling *b, size_t row, bool whole)
{
    const struct strata *s = b->s;
    const struct stratum *v = &s->v[row];
    double *out = b->replicate + row * (size_t)s->draws * BLOCK;

    for (int d = 0; d < s->draws; d += DRAWS) {
        int n = s->draws - d < DRAWS ? s->draws - d : DRAWS;

        weigh(b, v, d);
        weighted_sums((int64_t)v->n_parts, b->weight, BLOCK, b->sum, BLOCK, b->drawn);
        weighted_sums((int64_t)v->n_parts, b->weight, whole ? WEIGHTED_SUMS_STEP : BLOCK, b->count,
                      BLOCK, b->drawn_n);
        for (size_t i = 0; i < (size_t)n; i++)
            for (size_t e = 0; e < BLOCK; e++)
                out[((size_t)d + i) * BLOCK + e] =
                    b->drawn[i * BLOCK + e] /
                    (whole ? b->drawn_n[i * WEIGHTED_SUMS_STEP] : b->drawn_n[i * BLOCK + e]);
    }
}

/* What part k of a macro-average row adds to its sum; every part that has a number counts once. */
static double times_added(const struct resampling *b, const struct stratum *row, size_t k)
{
    if (row->over != OVER_TEMPLATES || k)
        return row->over == OVER_TEMPLATES && b->way == TEMPLATES_FIRST_ONLY ? 0 : 1;
    return b->way == TEMPLATES_FIRST_TWICE ? 2 : 1;
}

/* Mean of a macro-average row's parts at `at`, row i of them at i * stride; those without are left
   out. */
static double macro_average_mean(const struct resampling *b, const struct stratum *row,
                                 const double *at, size_t stride)
{
    double sum = 0, n = 0;

    for (size_t k = 0; k < row->n_parts; k++) {
        double times = times_added(b, row, k), v = at[(size_t)row->part[k] * stride];

        if (times > 0 && !isnan(v)) {
            sum += times * v;
            n++;
        }
    }
    return sum / n;
}

static void macro_average_row(struct resampling *b, size_t row, struct estimate *out)
{
    const struct strata *s = b->s;
    const struct stratum *v = &s->v[row];
    size_t stride = (size_t)s->draws * BLOCK;

    for (size_t e = 0; e < b->width; e++) {
        struct estimate *of = out + e * s->n;

        of[row].mean = macro_average_mean(b, v, &of[0].mean, sizeof *of / sizeof of->mean);
        for (size_t k = 0; k < v->n_parts; k++)
            of[row].n += times_added(b, v, k) > 0 ? of[v->part[k]].n : 0;
    }
    for (size_t i = 0; i < stride; i++)
        if (i % BLOCK < b->width)
            b->replicate[row * stride + i] = macro_average_mean(b, v, b->replicate + i, stride);
}

/* --- intervals --- */

/* r[k] becomes what it would be if r were sorted, with nothing greater before it. */
static void put_in_place(double *r, int n, int k)
{
    int lo = 0, hi = n - 1;

    while (lo < hi) {
        double pivot = r[lo + (hi - lo) / 2];
        int i = lo, j = hi;

        while (i <= j) {
            while (r[i] < pivot)
                i++;
            while (r[j] > pivot)
                j--;
            if (i <= j) {
                double t = r[i];

                r[i++] = r[j];
                r[j--] = t;
            }
        }
        if (k > j && k < i)
            return;
        if (k <= j)
            hi = j;
        else
            lo = i;
    }
}

/* The values up to a bound, into tail, which has room for n + 1. */
static int take_tail(const double *r, int n, double sign, double bound, double *tail)
{
    int kept = 0;

    for (int i = 0; i < n; i++) {
        tail[kept] = sign * r[i];
        kept += sign * r[i] <= bound;
    }
    return kept;
}

/*
 * The 2.5 % quantile of sign * r, between two neighbours. Only the tail below `bound` is looked at,
 * some 7 % of the values where they are normal; if it is too short, all of them.
 */
static double tail_quantile(const double *r, int n, double sign, double bound, double *tail)
{
    double at = 0.025 * (n - 1), next;
    int k = (int)at, kept = take_tail(r, n, sign, bound, tail);

    if (kept < k + 2)
        kept = take_tail(r, n, sign, (double)INFINITY, tail);
    put_in_place(tail, kept, k);
    next = tail[k + 1]; /* n > 1, and k + 1 < n as k <= n / 40 */
    for (int i = k + 2; i < kept; i++)
        next = tail[i] < next ? tail[i] : next;
    return tail[k] + (at - k) * (next - tail[k]);
}

static void interval(struct resampling *b, size_t row, size_t e, struct estimate *out)
{
    const struct strata *s = b->s;
    const double *from = b->replicate + row * (size_t)s->draws * BLOCK + e;
    double mean = 0, square = 0, *r = b->column;
    int n = 0;

    for (int d = 0; d < s->draws; d++) {
        r[n] = from[(size_t)d * BLOCK];
        n += !isnan(r[n]);
    }
    if (n < 2)
        return;
    for (int i = 0; i < n; i++)
        mean += r[i] / n;
    for (int i = 0; i < n; i++)
        square += (r[i] - mean) * (r[i] - mean);
    out->se = sqrt(square / (n - 1));
    out->lo = tail_quantile(r, n, 1, mean - 1.5 * out->se, b->tail);
    out->hi = -tail_quantile(r, n, -1, -mean - 1.5 * out->se, b->tail);
}

/* Means, and their replicates, in all rows of the elements at `value`, (queries, stride) apart. */
static void average_block(struct resampling *b, const float *value, size_t stride,
                          struct estimate *out)
{
    const struct strata *s = b->s;

    for (size_t row = 0; row < s->n; row++) {
        if (row < s->n_base) {
            bool whole = sum_clusters(b, row, value, stride);

            base_means(b, row, out);
            base_replicates(b, row, whole);
        } else {
            macro_average_row(b, row, out);
        }
    }
}

static void add_intervals(struct resampling *b, struct estimate *out)
{
    for (size_t e = 0; e < b->width; e++)
        for (size_t row = 0; row < b->s->n; row++)
            interval(b, row, e, &out[e * b->s->n + row]);
}

static void nothing_known(struct estimate *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct estimate){(double)NAN, (double)NAN, (double)NAN, (double)NAN, 0};
}

int strata_estimate(const struct strata *s, enum template_mean way, const float *value,
                    size_t elements, struct estimate *out, struct arena *scratch, struct err *err)
{
    struct resampling b;

    arena_reset(scratch);
    nothing_known(out, elements * s->n);
    if (!block_open(&b, s, way, scratch, err))
        for (size_t e = 0; e < elements; e += BLOCK) {
            b.width = elements - e < BLOCK ? elements - e : BLOCK;
            average_block(&b, value + e, elements, out + e * s->n);
            add_intervals(&b, out + e * s->n);
        }
    arena_reset(scratch);
    return err->code;
}

/* Numerators, means and replicates, over denominators. */
static void divide_block(struct resampling *b, const struct resampling *by, struct estimate *out,
                         const struct estimate *out_by)
{
    for (size_t i = 0; i < b->width * b->s->n; i++)
        out[i].mean /= out_by[i].mean;
    for (size_t i = 0; i < b->s->n * (size_t)b->s->draws * BLOCK; i++)
        if (i % BLOCK < b->width)
            b->replicate[i] /= by->replicate[i];
}

int strata_ratio(const struct strata *s, enum template_mean way, const float *value,
                 size_t elements, struct estimate *out, struct arena *scratch, struct err *err)
{
    struct resampling b, by;
    struct estimate *out_by;

    arena_reset(scratch);
    out_by = arena_alloc(scratch, BLOCK * s->n, sizeof *out_by, err);
    nothing_known(out, elements * s->n);
    if (out_by && !block_open(&b, s, way, scratch, err) && !block_open(&by, s, way, scratch, err))
        for (size_t e = 0; e < elements; e += BLOCK) {
            b.width = by.width = elements - e < BLOCK ? elements - e : BLOCK;
            nothing_known(out_by, BLOCK * s->n);
            average_block(&b, value + e, 2 * elements, out + e * s->n);
            average_block(&by, value + elements + e, 2 * elements, out_by);
            divide_block(&b, &by, out + e * s->n, out_by);
            add_intervals(&b, out + e * s->n);
        }
    arena_reset(scratch);
    return err->code;
}
