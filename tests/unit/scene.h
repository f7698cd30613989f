/* A random model with runs and random edits of every site, operation and range, for property tests
   of the engine. */
#ifndef LENSWEEP_TESTS_SCENE_H
#define LENSWEEP_TESTS_SCENE_H

#include "base/rng.h"
#include "engine/engine.h"

#include <stdbool.h>

enum { VOCAB = 37, VARIANTS = 20, EDITS = 4, RUNS = 3, TOKENS = 80 };

/* One variant's answer by one executor, with room for every token and layer. */
struct outcome {
    struct answer answer;
    float logit[VOCAB], logprob[VOCAB];
    int32_t rank[VOCAB];
};

struct scene {
    struct arena arena;
    struct rng rng;
    struct model model;
    struct engine forked, naive;
    int32_t ids[RUNS][TOKENS], targets[VOCAB];
    int n;
    struct run run[RUNS];       /* clean; made from it by edits; another prompt */
    struct run oracle[RUNS];    /* the same by the naive executor */
    struct edit made_by[EDITS]; /* what made run 1 */
    int n_made_by;
    struct variant variant[VARIANTS];
    struct edit edit[VARIANTS][EDITS];
    struct outcome a[VARIANTS], b[VARIANTS];
    struct err err;
};

/* The model, both engines and the runs of this round; fails the test if it cannot. */
void scene_open(struct scene *s, uint64_t round);
void scene_close(struct scene *s);

/* Variants of runs 0 and 1, with places for the answers of both executors, which the caller puts
   into each variant. */
void draw_variants(struct scene *s);
void outcome_init(struct scene *s, struct outcome *o);

/* The variant that makes run i once more; its rows go to `into`, which this shapes. */
struct variant making(struct scene *s, int i, struct run *into);

void *get(struct scene *s, size_t n, size_t size); /* from the scene's arena */
int below(struct scene *s, int n);
struct span random_range(struct scene *s, int n);

/* LENSWEEP_ROUNDS, 150 unless said: how many models are drawn. */
int rounds(void);

/* max |a - b| as a share of max |b| */
double distance(const float *a, const float *b, size_t n);

#endif
