/* A result file with a variable of every sort, and what stands in it. */
#ifndef LENSWEEP_TESTS_H5_SAMPLE_H
#define LENSWEEP_TESTS_H5_SAMPLE_H

#include "results/h5write.h"

enum { QUERIES = 5, LAYERS = 30, TARGETS = 4, BIG = 5000, SEAL = 32 };

extern const struct variable logit, rank, status, none, wide, texts, flag, audit, item, step,
    kv_head, span, span_name, mean;

float logit_of(size_t q, size_t layer, size_t target);

extern const int64_t numbers[QUERIES];
extern const char *const items_read[QUERIES];

/* Writes the file; leaves none open, whatever happens. */
int write_sample(const char *to, struct err *err);

#endif
