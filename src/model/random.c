#include "model/random.h"

#include "base/bits.h"
#include "base/mem.h"
#include "base/real.h"
#include "base/rng.h"

#include <math.h>

enum {
    QUANTILES = 1 << 16, /* equally likely deviates; four follow from a random number */
    ALIGNED = 64,
    CHUNK = 16,      /* rows that are measured at a time */
    LINES = 1 << 12, /* random numbers that a thread draws at a time */
    OUTSIDE = 3,
    INSIDE = 7 /* matrices of the model, and of a layer */
};

/* A matrix and its bias; w NULL: the model does not have it, or has it under another name. */
struct drawn_part {
    struct matrix *w;
    const float **b; /* NULL: it has no place for one */
};

static size_t parts_of(const struct model *m)
{
    return OUTSIDE + INSIDE * (size_t)m->shape.n_layers;
}

static struct drawn_part part_of_layer(struct layer *l, size_t i)
{
    struct linear *const of[INSIDE] = {&l->q, &l->k, &l->v, &l->o, &l->gate, &l->up, &l->down};

    return (struct drawn_part){of[i]->w.rows ? &of[i]->w : NULL, &of[i]->b};
}

static struct drawn_part part_of(const struct model *m, size_t i)
{
    struct model *own = (struct model *)(uintptr_t)m; /* random_bind alone writes to it */

    if (i == 0)
        return (struct drawn_part){&own->embed, NULL};
    if (i == 1)
        return (struct drawn_part){m->positions.rows ? &own->positions : NULL, NULL};
    if (i == 2)
        return (struct drawn_part){m->shape.tied ? NULL : &own->unembed.w, &own->unembed.b};
    return part_of_layer(&own->layers[(i - OUTSIDE) / INSIDE], (i - OUTSIDE) % INSIDE);
}

/* Numbers of a part's bias. */
static int64_t bias_of(const struct model *m, size_t i)
{
    struct drawn_part p = part_of(m, i);

    return !p.b || !*p.b ? 0 : p.w ? p.w->rows : m->shape.vocab;
}

static size_t padded(size_t bytes)
{
    return (bytes + ALIGNED - 1) / ALIGNED * ALIGNED;
}

static size_t matrix_bytes(const struct matrix *w)
{
    return w ? padded((size_t)(w->rows * w->cols) * sizeof(uint16_t)) : 0;
}

uint64_t random_bytes(const struct model *m)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < parts_of(m); i++)
        bytes += matrix_bytes(part_of(m, i).w) + padded((size_t)bias_of(m, i) * sizeof(float));
    return bytes;
}

/* Measuring -------------------------------------------------------------------------------- */

/* Of a part the matrix's, then the bias's. */
size_t random_spreads(const struct model *m)
{
    return 2 * parts_of(m);
}

struct power_sums {
    double first, second;
};

static void add(struct power_sums *s, const float *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        s->first += (double)v[i];
        s->second += (double)v[i] * (double)v[i];
    }
}

static struct weight_spread spread_of(struct power_sums s, double n)
{
    double mean = s.first / n, variance = s.second / n - mean * mean;

    return (struct weight_spread){mean, variance > 0 ? sqrt(variance) : 0};
}

/* sums: (chunks) of the matrix; room (threads, CHUNK cols) */
static struct weight_spread measure_matrix(const struct matrix *w, int threads,
                                           struct power_sums *sums, float *room)
{
    const int64_t chunks = (w->rows + CHUNK - 1) / CHUNK;
    struct power_sums all = {0, 0};

#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t t = 0; t < threads; t++)
        for (int64_t i = t; i < chunks; i += threads) {
            int64_t n = w->rows - i * CHUNK < CHUNK ? w->rows - i * CHUNK : CHUNK;
            float *rows = room + t * CHUNK * w->cols;

            matrix_rows(w, i * CHUNK, n, rows);
            sums[i] = (struct power_sums){0, 0};
            add(&sums[i], rows, n * w->cols);
        }
    for (int64_t i = 0; i < chunks; i++) {
        all.first += sums[i].first;
        all.second += sums[i].second;
    }
    return spread_of(all, (double)w->rows * (double)w->cols);
}

int random_measure(const struct model *m, int threads, struct weight_spread *of, struct err *err)
{
    struct arena a = {0};
    int64_t rows = 0, cols = 0;
    struct power_sums *sums;
    float *room;

    for (size_t i = 0; i < parts_of(m); i++) {
        const struct matrix *w = part_of(m, i).w;

        rows = w && w->rows > rows ? w->rows : rows;
        cols = w && w->cols > cols ? w->cols : cols;
    }
    sums = arena_alloc(&a, (size_t)rows / CHUNK + 1, sizeof *sums, err);
    room = arena_alloc(&a, (size_t)threads * CHUNK * (size_t)cols, sizeof *room, err);
    for (size_t i = 0; sums && room && i < parts_of(m); i++) {
        struct drawn_part p = part_of(m, i);
        struct power_sums bias = {0, 0};

        if (p.w)
            of[2 * i] = measure_matrix(p.w, threads, sums, room);
        if (bias_of(m, i)) {
            add(&bias, *p.b, bias_of(m, i));
            of[2 * i + 1] = spread_of(bias, (double)bias_of(m, i));
        }
    }
    arena_release(&a);
    return err->code;
}

/* Drawing ---------------------------------------------------------------------------------- */

/* One over the density of the standard normal distribution. */
static double sparsity(double z)
{
    return 2.5066282746310002 * real_exp(z * z / 2);
}

/* The quantile of a share `h` above that of z, by one step of Runge and Kutta's. */
static double next_quantile(double z, double h)
{
    double a = sparsity(z), b = sparsity(z + h / 2 * a), c = sparsity(z + h / 2 * b);

    return z + h / 6 * (a + 2 * b + 2 * c + sparsity(z + h * c));
}

/* The middles of QUANTILES equally likely parts of the distribution, of standard deviation 1. */
static void find_quantiles(double *z)
{
    double at = 0, square = 0;

    for (int i = 0; i < QUANTILES / 2; i++) {
        at = next_quantile(at, (i ? 1.0 : 0.5) / QUANTILES);
        z[QUANTILES / 2 + i] = at;
        z[QUANTILES / 2 - 1 - i] = -at;
        square += 2 * at * at;
    }
    for (int i = 0; i < QUANTILES; i++)
        z[i] /= sqrt(square / QUANTILES);
}

/* To nearest, of equally near ones the even. */
static uint16_t bfloat16(double x)
{
    uint32_t bits = bits_of_float((float)x);

    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* Place i of the stream has elements [4 i, 4 i + 4). */
static unsigned draw(const struct rng *stream, size_t element)
{
    struct rng r = {stream->key, element / 4};

    return rng_u64(&r) >> 16 * (element % 4) & (QUANTILES - 1);
}

static void fill_matrix(const struct rng *stream, const uint16_t *value, size_t n, int threads,
                        uint16_t *out)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t first = 0; first < n; first += 4 * LINES) {
        size_t end = n - first < 4 * LINES ? n : first + 4 * LINES;
        struct rng r = {stream->key, first / 4};

        for (size_t i = first; i < end; i += 4) {
            uint64_t drawn = rng_u64(&r);

            for (size_t k = i; k < i + 4 && k < end; k++, drawn >>= 16)
                out[k] = value[drawn & (QUANTILES - 1)];
        }
    }
}

int random_fill(const struct model *m, const struct weight_spread *of, int threads,
                unsigned char *room, struct err *err)
{
    struct arena a = {0};
    double *z = arena_alloc(&a, QUANTILES, sizeof *z, err);
    uint16_t *value = arena_alloc(&a, QUANTILES, sizeof *value, err);

    if (z && value)
        find_quantiles(z);
    for (size_t i = 0; z && value && i < parts_of(m); i++) {
        const struct matrix *w = part_of(m, i).w;
        struct rng weights = rng_for(m->random_seed, i, "random weights");
        struct rng biases = rng_for(m->random_seed, i, "random biases");
        size_t n = (size_t)bias_of(m, i);

        for (size_t k = 0; w && k < QUANTILES; k++)
            value[k] = bfloat16(of[2 * i].mean + of[2 * i].sd * z[k]);
        if (w)
            fill_matrix(&weights, value, (size_t)(w->rows * w->cols), threads,
                        (uint16_t *)(void *)room);
        room += matrix_bytes(w);
        for (size_t k = 0; k < n; k++)
            ((float *)(void *)room)[k] =
                (float)(of[2 * i + 1].mean + of[2 * i + 1].sd * z[draw(&biases, k)]);
        room += padded(n * sizeof(float));
    }
    arena_release(&a);
    return err->code;
}

void random_bind(struct model *m, const unsigned char *room)
{
    const unsigned char *at = room;

    for (size_t i = 0; i < parts_of(m); i++) {
        struct drawn_part p = part_of(m, i);
        size_t bias = (size_t)bias_of(m, i) * sizeof(float);

        if (p.w)
            *p.w = (struct matrix){
                .data = at, .dtype = DTYPE_BF16, .rows = p.w->rows, .cols = p.w->cols};
        at += matrix_bytes(p.w);
        if (bias)
            *p.b = (const float *)(const void *)at;
        at += padded(bias);
    }
    if (m->shape.tied)
        m->unembed.w = m->embed;
    m->drawn = true;
}

int random_make(struct model *m, int threads, struct err *err)
{
    struct arena a = {0};
    struct weight_spread *of = arena_alloc(&a, random_spreads(m), sizeof *of, err);
    unsigned char *room = mem_alloc(random_bytes(m), 1, err);

    m->random_own = room;
    if (of && room && !random_measure(m, threads, of, err) &&
        !random_fill(m, of, threads, room, err))
        random_bind(m, room);
    arena_release(&a);
    return err->code;
}
