/*
 * What a report may say: the test that a number of a headline must pass before it is put into
 * words. A number counts as found if its 95 % interval excludes what it is compared with and,
 * beyond that, its p in the file is below 5 % after correction for all the numbers of the headline
 * that were looked at (Bonferroni): so of twenty tables about nothing, one may name something. The
 * p of a sweep are corrected within their families (q). Numbers from one item have no p.
 */
#ifndef LENSWEEP_REPORT_FINDINGS_H
#define LENSWEEP_REPORT_FINDINGS_H

#include "results/average.h"

struct finding {
    const struct headline *headline;
    struct average value, null; /* null.elements == 0: compared with 0 */
    enum headline_test test;
    bool by_query;     /* one observation is a query, not an item */
    double tests;      /* numbers of the widest strata that are tested */
    double values;     /* numbers of the widest strata that there are */
    double most_items; /* clusters of the number that has most */
    size_t *order;     /* (n_order) the widest strata by step */
    size_t n_order;
    bool *dropped; /* (elements) has a label that the headline leaves out */
    /* TEST_STORED: of the file's tests */
    double fdr, min_effect;
    const char *family;  /* dimensions that are corrected over together */
    size_t *family_size; /* (elements) tests of each family of a stratum, by its number */
    bool any;            /* something stands correction over all families, too */
};

/* The headline's average, or what stands in its place; f->values == 0: there are no numbers. */
int finding_open(struct finding *f, struct result *r, const char *group, const struct headline *h,
                 struct err *err);
void finding_close(struct finding *f);

/* Goes to a stratum; the functions below are about it. */
int finding_seek(struct finding *f, size_t stratum, struct err *err);
/* Has element i a value that counts? */
bool finding_has(const struct finding *f, size_t i);
/* Value minus what it is compared with. */
double finding_effect(const struct finding *f, size_t i);
/* By which the strongest is found: its size, or where there is a null how far it is above that. */
double finding_strength(const struct finding *f, size_t i);
/* Is there a test of element i? */
bool finding_is_tested(const struct finding *f, size_t i);
/* Clusters that it is from. */
double finding_items(const struct finding *f, size_t i);
/* What n of them are called: "items". */
const char *finding_noun(const struct finding *f, double n);
/* TEST_STORED: goes to a stratum and counts its families, for finding_family. */
int finding_families(struct finding *f, size_t stratum, struct err *err);
/* Tests of the stratum that are corrected together with that of element i. */
double finding_family(const struct finding *f, size_t i);
/* Does it pass the test? */
bool finding_passes(const struct finding *f, size_t i);
/* Numbers of the widest strata that pass. */
int finding_count(struct finding *f, size_t *n, struct err *err);

#endif
