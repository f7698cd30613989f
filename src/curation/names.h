/* Private to this floor: what the objects of facts are called, as names compare (text_fold). */
#ifndef LENSWEEP_CURATION_NAMES_H
#define LENSWEEP_CURATION_NAMES_H

#include "curation/curation.h"

struct names {
    const char **name; /* (n) objects and their aliases, folded; none empty */
    size_t *object;    /* (n) whose: index in the subject's objects */
    size_t n;
};

/* Fills c->names (facts.n). An object that is called like an earlier one of its subject is that
   object: it is taken out of the facts and counts as said twice. */
int names_make(struct curation *c, struct err *err);

/* The subject's object of this folded name; NULL = none has it. */
const struct fact_object *names_find(const struct curation *c, const struct fact_subject *s,
                                     const char *name);

/* Has a an object in common with b, of b's only this one (NULL: with any of b's)? */
bool names_meet(const struct curation *c, const struct fact_subject *a,
                const struct fact_subject *b, const struct fact_object *only);

#endif
