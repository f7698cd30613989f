/*
 * From selectors to configurations: `layers: each` of 30 is thirty configurations of one layer,
 * `{window: 5}` is twenty-six of five. And from a name to the tokens of a query.
 */
#ifndef LENSWEEP_EXPERIMENTS_KIT_SELECT_H
#define LENSWEEP_EXPERIMENTS_KIT_SELECT_H

#include "experiments/experiment.h"

/* One configuration: its elements as ranges, in order. */
struct selection {
    struct span *range; /* (n) */
    int n;
};

struct selections {
    struct selection *v;
    size_t n;
    int32_t *coordinate; /* (n) the element; a window's centre; -1 for several together */
    const char **label;  /* (n) in words: "3", "5-9", "all" */
};

/* Room for n, in the arena. */
int selections_alloc(struct selections *out, size_t n, struct arena *a, struct err *err);

/* Numbers in [0, n); mistakes go to problems under `key`. */
int selections_of(struct selections *out, const struct selector *s, int n, struct experiment *x,
                  const char *key, struct problems *problems, struct err *err);

/* Is each configuration of one element? */
bool selections_single(const struct selections *s);

/* The problem that a selector is of pairs where there can be none. */
void no_pairs(struct experiment *x, const char *key, struct problems *problems);

/* A dimension for a selector's configurations, with their elements and labels; *axis = its index.
 */
int add_selections_axis(struct experiment *x, const char *name, const struct selections *sel,
                        int *axis, struct err *err);

/*
 * Token sets of a query. A name is a span of the data, `first`, `last`, `other` (in no span,
 * neither first nor last), or `random_NAME` (as many tokens as NAME, drawn from `other` by seed).
 * tok gets the tokens in rising order, at most q->n. Returns how many; 0 = this query has none, or
 * too few.
 */
int token_set(const struct scene *s, const struct query *q, const char *name, int *tok);

/* The data's spans but first and last, as indices, in an order that its files do not change:
   subject, answers, relation, others by name. A token that several have belongs to the first of
   them. order has room for ds->n_spans; returns how many. */
size_t span_order(const struct dataset *ds, int *order);
/* The same in the arena; NULL and err on failure. */
const int *span_order_in(const struct dataset *ds, struct arena *a, struct err *err);

/* The span that a set random_SPAN or random_SPAN_2 is drawn for; NULL = the set is not drawn. */
enum { DRAWN_NAME = 128 };
const char *token_set_drawn(const struct scene *s, const char *name, char room[DRAWN_NAME]);

/* Could any query have it? near: what was perhaps meant, over the data's spans; may be NULL. */
bool token_set_known(const struct scene *s, const char *name, const char **near);

/* A problem at `key` if it is not known; the same of a span's name alone. */
void token_set_check(const struct experiment *x, const char *key, const char *name,
                     struct problems *problems);
void span_check(const struct experiment *x, const char *key, const char *name,
                struct problems *problems);

#endif
