/*
 * Averages over queries into a group: NAME, NAME_se, NAME_lo, NAME_hi and NAME_n of each aggregate;
 * those that are tested go on to output_effects.h.
 *
 * Values of each aggregate are taken query by query; those of large sweeps go to a file beside the
 * result, so that no more than a slab of them is held at once.
 */
#ifndef LENSWEEP_CAMPAIGN_OUTPUT_AVERAGES_H
#define LENSWEEP_CAMPAIGN_OUTPUT_AVERAGES_H

#include "campaign/output.h"

struct averages;
int averages_open(struct averages **v, struct output *o, const struct experiment *x,
                  struct err *err);

/* A query's padded arrays. Each query once; one that is not usable has no values. */
int averages_take(struct averages *v, const struct row *row, bool usable, struct err *err);

/* Estimates (elements, rows) under the name of var, and what stands beside it, tests as well. */
int write_estimates(struct output *o, struct h5group *g, const struct variable *var,
                    const struct estimate *e, size_t rows, size_t elements, struct err *err);

/* How templates are averaged: as the config says, for this experiment. */
enum template_mean template_way(const struct output *o, const struct experiment *x);

/* After all queries. */
int averages_write(struct averages *v, struct h5group *g, struct err *err);
void averages_close(struct averages *v); /* v may be NULL */

#endif
