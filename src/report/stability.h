/* How stable the ranking is that the strongest number of a sweep heads. */
#ifndef LENSWEEP_REPORT_STABILITY_H
#define LENSWEEP_REPORT_STABILITY_H

#include "report/findings.h"

struct steadiness {
    struct average first, correlation,
        top; /* first_candidates, ...; no elements: not in the file */
};

int steadiness_open(struct steadiness *s, struct result *r, const struct finding *f,
                    struct err *err);
void steadiness_close(struct steadiness *s);

/* Appends a line if others than this element, the strongest of its row in a stratum, could have
   come first; *said counts lines, and nothing is appended beyond a few. */
int steadiness_text(struct steadiness *s, const struct finding *f, size_t stratum, size_t element,
                    size_t *said, struct buf *out, struct err *err);

#endif
