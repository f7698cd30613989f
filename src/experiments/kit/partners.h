/*
 * Other queries that a query is set beside: partners to resample from (another item's, alike in
 * dataset, template and step), and the same item's query of another step.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_PARTNERS_H
#define LENSWEEP_EXPERIMENTS_KIT_PARTNERS_H

#include "experiments/kit/places.h"

enum match { MATCH_TEMPLATE = 1, MATCH_STEP = 2 }; /* bits: what partners have in common */
extern const struct choice match_choices[];
enum { DRAWS_MAX = 100 };

struct partners {
    int draws;
    int64_t *of; /* (queries, draws) index of a query; -1 = there are no more */
};

/*
 * For each usable query `draws` others, drawn by seed without replacement: each candidate has a
 * number of its own, made from both queries' fingerprints, and the smallest are taken, so neither
 * their order nor the appending of others changes much. A candidate has every role that the query
 * has at one of the places.
 */
int partners_open(struct partners *p, const struct experiment *x, const struct places *places,
                  int draws, unsigned match, struct err *err);

/* For each usable query that of the same item, dataset and template at this step (draws = 1). */
int partners_at_step(struct partners *p, const struct experiment *x, int step, struct err *err);

/* Of a query's draws that of this number; NULL = there are no more. */
const struct query *partner_of(const struct partners *p, const struct dataset *ds,
                               const struct query *q, int draw);

/* The partners' clean runs, all rows of them, one after the other: returns how many; the n-th draw
   is the n-th of them, for where there are too few the last draws are none. */
int partners_runs(const struct partners *p, const struct dataset *ds, const struct query *q,
                  unsigned keep, struct run_spec *spec);

/* For query_derived: `from` and who the partners are. For query_likeness: how long they are, and
   which of them is the query itself. */
struct hash partners_hash(const struct partners *p, const struct dataset *ds, const struct query *q,
                          struct hash from);
int partners_likeness(const struct partners *p, const struct dataset *ds, const struct query *q,
                      struct buf *b, struct err *err);

/* Who they are, as the late field `partner` (query, sample): partners_late fills it with those of
   x->op, where x has declared it. */
int partners_declare(struct experiment *x, struct err *err);
void partners_late(const struct row *row);

#endif
